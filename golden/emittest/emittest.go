// Package emittest compiles and runs emitted packages for tests: all of them with one go command, in a
// module of their own with a copy of the runtime, offline.
package emittest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// Program is a Go program around emitted packages.
type Program struct {
	Main     map[string][]byte      // files of package main
	Packages map[string][]plan.File // emitted files by package, imported as ndec.dev/ndec/NAME
}

// Run builds and runs p with the input and gives what it writes.
func (p Program) Run(t testing.TB, in []byte) []byte {
	t.Helper()
	return p.Build(t).Run(t, in)
}

// Binary is the path of a program that was built.
type Binary string

// Build builds p.
func (p Program) Build(t testing.TB) Binary {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", []byte("module ndec.dev/ndec\n\ngo 1.26\n"))
	names, err := fs.Glob(rt.SourceFiles, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := rt.SourceFiles.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(n, "_test.go") {
			write("rt/"+n, text)
		}
	}
	for name, text := range p.Main {
		write(name, text)
	}
	for pkg, files := range p.Packages {
		for _, f := range files {
			if strings.HasSuffix(f.Name, ".go") || strings.HasSuffix(f.Name, ".s") {
				write(pkg+"/"+f.Name, f.Text)
			}
		}
	}
	flags, cgo := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "program"}, "0"
	if os.Getenv("NDEC_TEST_RACE") != "" { // the detector needs a C compiler
		flags, cgo = append(flags, "-race"), "1"
	}
	cmd := exec.Command("go", append(flags, ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED="+cgo, "PWD="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("emitted packages do not build: %v\n%s\n%s", err, text, quote(dir, string(text)))
	}
	return Binary(filepath.Join(dir, "program"))
}

// Run runs a program with the input, and more of an environment, and gives what it writes.
func (b Binary) Run(t testing.TB, in []byte, env ...string) []byte {
	t.Helper()
	var out, msg bytes.Buffer
	cmd := exec.Command(string(b))
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &msg
	if err := cmd.Run(); err != nil {
		t.Fatalf("running emitted packages: %v\n%s", err, &msg)
	}
	return out.Bytes()
}

// quote shows the lines that a compiler complains about.
func quote(dir, msg string) string {
	var b strings.Builder
	for _, l := range strings.Split(msg, "\n") {
		var line, col int
		file, rest, _ := strings.Cut(l, ":")
		if n, _ := fmt.Sscanf(rest, "%d:%d", &line, &col); n != 2 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if lines := strings.Split(string(text), "\n"); err == nil && line <= len(lines) {
			fmt.Fprintf(&b, "%s:%d: %s\n", file, line, strings.TrimSpace(lines[line-1]))
		}
	}
	return b.String()
}
