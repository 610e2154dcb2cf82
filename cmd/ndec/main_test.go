package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ndec": main})
}

// tiny is the program that the scripts train; they make others from it with sed.
var tiny = filepath.Join("testdata", "tiny.nde")

// TestScripts runs the command as a user does: in an empty folder outside any module, and offline.
func TestScripts(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	// All scripts share the cache of built programs.
	home := t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", home)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
			e.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
			e.Setenv("NDEC", self(e.Getenv("PATH")))
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOFLAGS", "-mod=mod")
			return os.WriteFile(filepath.Join(e.WorkDir, "tiny.nde"), text, 0o666)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"replace": replaceText, "truncate": truncate, "waitfor": waitFor, "smalldisk": smallDisk,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "long":
				return os.Getenv("NDEC_TEST_EXAMPLES") != "", nil
			case "permissions":
				// The superuser may write everywhere.
				return os.Geteuid() != 0, nil
			case "mount":
				dir := t.TempDir()
				err := exec.Command("mount", "-t", "tmpfs", "tmpfs", dir).Run()
				return err == nil && exec.Command("umount", dir).Run() == nil, nil
			}
			return false, errors.New("unknown condition")
		},
	})
}

// replaceText is `replace FROM TO OLD NEW`: the file TO is FROM with OLD replaced.
func replaceText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: replace FROM TO OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[2]) {
		ts.Fatalf("%s does not hold %q", args[0], args[2])
	}
	to := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(to), 0o777))
	ts.Check(os.WriteFile(to, []byte(strings.ReplaceAll(text, args[2], args[3])), 0o666))
}

// truncate is `truncate FROM TO`: the file TO is the first two thirds of FROM.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate FROM TO")
	}
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:len(text)*2/3]), 0o666))
}

// smallDisk is `smalldisk DIR SIZE`: a file system of that size in memory.
func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).Run())
	ts.Defer(func() { ts.Check(exec.Command("umount", dir).Run()) })
}

// waitFor is `waitfor FILE`.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(ts.MkAbs(args[0])); err == nil && info.Size() > 0 {
			return
		}
	}
	ts.Fatalf("%s did not come", args[0])
}

// self is the full path of the ndec command in the PATH of a script.
func self(path string) string {
	for _, dir := range filepath.SplitList(path) {
		for _, name := range []string{"ndec", "ndec.exe"} {
			if file := filepath.Join(dir, name); fileExists(file) {
				return file
			}
		}
	}
	return "ndec"
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
