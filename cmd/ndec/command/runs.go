package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

// newRunFolder makes the folder of a run with a copy of the sources in it: out, which must be empty if
// it is there, or the next runs/<package>-<n>.
func newRunFolder(out, pkg string, src *source) (string, error) {
	dir, err := out, error(nil)
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return "", ioError("run folder", err)
		}
		entries, err := os.ReadDir(out)
		if err != nil {
			return "", ioError("run folder", err)
		}
		if len(entries) > 0 {
			return "", problems(fmt.Errorf("run folder %s is not empty; choose another with --out", out))
		}
	} else if dir, err = nextRun("runs", pkg); err != nil {
		return "", err
	}
	for name, text := range src.files {
		to := filepath.Join(dir, insideName(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", ioError("run folder", err)
		}
		if err := replaceFile(to, []byte(text)); err != nil {
			return "", err
		}
	}
	return dir, rememberHome(dir, src.dir)
}

// dropRunFolder takes back what newRunFolder made, if a training that failed has left nothing beside it: the next one may have the folder.
// Folders that the user named stay.
func dropRunFolder(dir, out string, src *source) error {
	ours := map[string]bool{homeFile: true}
	for name := range src.files {
		ours[insideName(name)] = true
	}
	more := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		more = more || !d.IsDir() && !ours[rel]
		return err
	})
	if err != nil || more {
		return err
	}
	if out == "" {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// homeFile names, in a run folder, the folder of the package that was trained, from which paths of data start.
const homeFile = "package.txt"

func rememberHome(run, home string) error {
	from, err := filepath.Abs(run)
	if err != nil {
		return internal(err)
	}
	to, err := filepath.Abs(home)
	if err != nil {
		return internal(err)
	}
	if rel, err := filepath.Rel(from, to); err == nil {
		to = rel
	}
	return replaceFile(filepath.Join(run, homeFile), []byte(filepath.ToSlash(to)+"\n"))
}

// homeOf is the folder from which paths of data start that the copied sources in dir name: that of the package where it is known
// and still there, else dir.
func homeOf(dir string) string {
	text, err := driver.ReadFile(filepath.Join(dir, homeFile))
	if err != nil {
		return dir
	}
	home := filepath.FromSlash(strings.TrimSpace(string(text)))
	if !filepath.IsAbs(home) {
		home = filepath.Join(dir, home)
	}
	if info, err := os.Stat(home); err != nil || !info.IsDir() {
		return dir
	}
	return home
}

// insideName is where the copy of a source lies in a run folder: those of imported folders in a folder
// "imported", since their names lead out of the package.
func insideName(name string) string {
	if !strings.Contains(name, "/") {
		return name
	}
	return filepath.Join("imported", filepath.FromSlash(strings.ReplaceAll(name, "..", "up")))
}

// oldRunFolder finds the run to go on with: the newest of the package for "last", else the folder itself.
func oldRunFolder(which, pkg string) (string, error) {
	if which != "last" {
		if info, err := os.Stat(which); err != nil || !info.IsDir() {
			return "", problems(fmt.Errorf("--resume: there is no run folder %s", which))
		}
		if _, err := os.Stat(filepath.Join(which, homeFile)); err != nil && !anyCheckpoint(which) {
			return "", problems(fmt.Errorf("--resume: %s is no run folder: there are neither %s nor checkpoints of a recipe in it", which, homeFile))
		}
		return which, nil
	}
	newest := newestRun("runs", pkg)
	if newest == 0 {
		return "", problems(fmt.Errorf("--resume last: there is no run of package %s in runs; name its folder, or train without --resume", pkg))
	}
	return runName("runs", pkg, newest), nil
}

// anyCheckpoint reports whether a recipe has a checkpoint in a run folder, or in that of one of its seeds.
func anyCheckpoint(run string) bool {
	for _, pattern := range []string{"*", filepath.Join("seed-*", "*")} {
		recipes, _ := filepath.Glob(filepath.Join(escaped(run), pattern))
		for _, r := range recipes {
			if _, ok := rt.FindCheckpoint(r); ok {
				return true
			}
		}
	}
	return false
}

// escaped is a path as a pattern that fits nothing else.
func escaped(path string) string {
	if filepath.Separator == '\\' {
		return path // where patterns have no escapes
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func runName(parent, pkg string, n int) string {
	return filepath.Join(parent, fmt.Sprintf("%s-%d", pkg, n))
}

// newestRun is the largest n of the folders parent/<pkg>-<n>, 0 where there is none.
func newestRun(parent, pkg string) (newest int) {
	entries, _ := os.ReadDir(parent) // what cannot be read has none
	for _, e := range entries {
		if text, ok := strings.CutPrefix(e.Name(), pkg+"-"); ok {
			if n, err := strconv.Atoi(text); err == nil && fmt.Sprint(n) == text {
				newest = max(newest, n)
			}
		}
	}
	return newest
}

// nextRun makes parent/<pkg>-<n> with an n that follows all others. Mkdir decides between two commands
// at once.
func nextRun(parent, pkg string) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", ioError("run folder", err)
	}
	for n := newestRun(parent, pkg) + 1; ; n++ {
		dir := runName(parent, pkg, n)
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", ioError("run folder", err)
		}
	}
}
