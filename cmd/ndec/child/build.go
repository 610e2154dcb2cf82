// Package child compiles what the compiler emitted and runs it as a child process that speaks JSON
// lines. The program is built offline in the user's cache folder from the emitted package and the
// copy of rt that the ndec binary carries, and kept there by content hash.
package child

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
	rtcuda "ndec.dev/ndec/rt/cuda"
)

// ErrNoGo says that the go command is missing.
var ErrNoGo = errors.New("the go command is not on the PATH: install Go to train or run compiled models, or use --backend interp")

// ErrBuild says that the go command cannot build programs here, whatever the program.
var ErrBuild = errors.New("compiled models cannot be built here (--backend interp needs no Go)")

const mainText = `// Command main runs an emitted package for the ndec command.
package main

import (
	"os"

	model "ndec.dev/ndec/model"
	"ndec.dev/ndec/rt"
)

func main() { os.Exit(rt.ChildMain(model.Program())) }
`

// Build gives the path of the program that runs res, with access to CUDA devices if asked. A program
// that is in the cache is not built again.
func Build(ctx context.Context, res *driver.Result, cuda bool) (exe string, err error) {
	files := map[string][]byte{
		"go.mod":  []byte("module ndec.dev/ndec\n\ngo 1.26\n"),
		"main.go": []byte(mainText),
	}
	if cuda {
		addCUDA(files)
	}
	for _, f := range res.Out {
		if strings.Contains(f.Name, "/") {
			continue // tests are no part of what runs
		}
		switch filepath.Ext(f.Name) {
		case ".go", ".s", ".cu", ".cuh", ".ptx":
			files["model/"+f.Name] = f.Text
		}
	}
	if err := addRuntime(files, cuda); err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), "ndec-cache")
	}
	key := contentKey(files)
	dir := filepath.Join(cache, "ndec", key)
	exe = filepath.Join(dir, "program")
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	if info, err := os.Stat(exe); err == nil && info.Mode().IsRegular() {
		return exe, nil
	}
	gocmd, err := exec.LookPath("go")
	if err != nil {
		return "", ErrNoGo
	}
	// Build beside the final place and rename, so that two commands at once do not disturb each
	// other and an interrupted build leaves nothing that looks finished.
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return "", noCache(err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+key+".*")
	if err != nil {
		return "", noCache(err)
	}
	defer os.RemoveAll(tmp)
	for name, text := range files {
		path := filepath.Join(tmp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return "", err
		}
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Base(exe)}
	env := []string{"GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=on", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH, "PWD=" + tmp}
	if cuda {
		args, env = append(args, "-tags", "cuda"), append(env, cudaEnv(tmp)...)
	} else {
		env = append(env, "GOPROXY=off", "CGO_ENABLED=0")
	}
	cmd := exec.CommandContext(ctx, gocmd, append(args, ".")...)
	cmd.Dir = tmp
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if cuda {
			return "", noCUDA(err, string(out))
		}
		return "", noBuild(err, string(out))
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, serr := os.Stat(exe); serr == nil {
			return exe, nil // another command was faster
		}
		// The entry is damaged: its program is gone.
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		if err := os.Rename(tmp, dir); err != nil {
			return "", err
		}
	}
	return exe, nil
}

// noCache is the error where the folder of built programs cannot be written.
func noCache(err error) error {
	return fmt.Errorf("%w: programs are kept in a cache folder, which cannot be written: %w; set XDG_CACHE_HOME (on macOS HOME, on Windows LocalAppData) to one that can", ErrBuild, err)
}

// noBuild is the error of the go command: what it lacks, or a package that is not Go, which is a mistake of ndec.
func noBuild(err error, out string) error {
	out = strings.TrimSpace(out)
	cause := ""
	switch {
	case strings.HasPrefix(out, "# ") || strings.Contains(out, "\n# "): // what the compiler, assembler or linker says stands below the name of a package
		if strings.Contains(out, "no space left on device") {
			cause = "the disk is full"
			break
		}
		return fmt.Errorf("compiler bug: the emitted package does not compile: %w\n%s", err, out)
	case strings.Contains(out, "build cache") || strings.Contains(out, "GOCACHE"):
		cause = "its cache folder cannot be written; set GOCACHE, or HOME, to one that can"
	case strings.Contains(out, "invalid go version") || strings.Contains(out, "requires go >=") || strings.Contains(out, "toolchain"):
		cause = "it is too old; ndec needs Go 1.26 or later, and \"go version\" says which one the PATH has"
	default:
		cause = "it says why"
	}
	return fmt.Errorf("%w: the go command fails: %s: %w\n%s", ErrBuild, cause, err, out)
}

// addRuntime adds the sources of rt, and those of rt/cuda if asked.
func addRuntime(files map[string][]byte, cuda bool) error {
	if err := addSources(files, "rt/", rt.SourceFiles); err != nil || !cuda {
		return err
	}
	return addSources(files, "rt/cuda/", rtcuda.SourceFiles)
}

func addSources(files map[string][]byte, dir string, sources fs.FS) error {
	return fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(sources, path)
		if err != nil {
			return err
		}
		files[dir+path] = text
		return nil
	})
}

// contentKey names a cache entry: equal files, equal key.
func contentKey(files map[string][]byte) string {
	var names []string
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, n := range names {
		fmt.Fprintf(h, "%q %d\n", n, len(files[n]))
		h.Write(files[n])
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}
