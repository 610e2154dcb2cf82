package child

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/rt"
)

// TestNoCUDA: what a program for a device lacks is said first, whatever the tools print, and the tools' words follow.
func TestNoCUDA(t *testing.T) {
	failed := errors.New("exit status 1")
	for _, c := range []struct{ out, want, not string }{
		{"# gorgonia.org/cu\naddressing.go:3:\ncuda.h:3:15: fatal error: cuda.h: No such file or directory\n", "CUDA_HOME", "libcuda"},
		{"# ndec.dev/ndec\nlink: running gcc failed: exit status 1\n/usr/bin/gcc -m64 -o $WORK/b001/exe/a.out go.o -lcuda -no-pie\n/usr/bin/ld: cannot find -lcuda: No such file or directory\ncollect2: error", "driver", "no-pie"},
		{"/usr/bin/ld: in function `ndec_between':\ntimes.cgo2.c:(.text+0xb3): undefined reference to `cuEventElapsedTime'", "too old", "gcc"},
		{`cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH`, "install gcc", "CUDA_HOME"},
		{"go: gorgonia.org/cu@v0.9.6: Get \"https://x/gorgonia.org/cu\": dial tcp: lookup x: no such host", "download", "gcc"},
		{"something else", "gcc, cuda.h", "download"},
	} {
		err := noCUDA(failed, c.out)
		if !errors.Is(err, ErrNoCUDA) || !errors.Is(err, failed) {
			t.Errorf("%v wraps other errors", err)
		}
		first, rest, _ := strings.Cut(err.Error(), "\n")
		if !strings.Contains(first, c.want) || strings.Contains(err.Error(), c.not) || rest == "" {
			t.Errorf("of %q it says %q, want %q and not %q", c.out, err, c.want, c.not)
		}
	}
}

// TestNoDriver: a program that the loader does not start for want of the driver says so in words of the command.
func TestNoDriver(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "program")
	text := "#!/bin/sh\necho program: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such file or directory >&2\nexit 127\n"
	if err := os.WriteFile(exe, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
	p, err := Start(exe)
	if err != nil {
		t.Skip("there is no shell: ", err)
	}
	var said *Error
	if _, err := p.Do(&rt.Request{}, nil); !errors.As(err, &said) || said.Kind != "input" || !strings.Contains(said.Text, "no NVIDIA driver") {
		t.Errorf("it says %v", err)
	}
}
