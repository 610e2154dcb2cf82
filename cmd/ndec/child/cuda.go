package child

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ndec.dev/ndec/cmd/ndec/nvcc"
)

// ErrNoCUDA says that a program with access to CUDA devices cannot be built here.
var ErrNoCUDA = errors.New("a program for --device cuda cannot be built")

// noCUDA is the error of a build: its cause, or all that it may be, and what the tools said.
func noCUDA(err error, out string) error {
	var said []string
	for line := range strings.Lines(strings.TrimSpace(out)) {
		if !strings.Contains(line, " -o $WORK/") { // the linker's command, which is very long
			said = append(said, line)
		}
	}
	out = strings.Join(said, "")
	cause := "it needs gcc, cuda.h (CUDA_HOME or CGO_CFLAGS=-I…), libcuda.so (the driver's, or CGO_LDFLAGS=-L… with the toolkit's stub) and the module gorgonia.org/cu"
	switch {
	case strings.Contains(out, "cuda.h: No such file"):
		cause = "cuda.h is not found; set CUDA_HOME to the folder of the CUDA toolkit, or CGO_CFLAGS=-I… to that of the header"
	case strings.Contains(out, "cannot find -lcuda") || strings.Contains(out, "unable to find library -lcuda"):
		cause = "libcuda.so is not found; it comes with NVIDIA's driver, and where there is none CGO_LDFLAGS=-L… may name the folder of the toolkit's stub (lib64/stubs)"
	case strings.Contains(out, "undefined reference to `cu"):
		cause = "libcuda.so lacks functions that ndec calls; the driver, or the stub that CGO_LDFLAGS names, is too old"
	case strings.Contains(out, "C compiler") && strings.Contains(out, "not found"):
		cause = "there is no C compiler; install gcc, or set CC"
	case strings.Contains(out, "gorgonia.org/cu@v0.9.6: ") || strings.Contains(out, "missing go.sum entry"):
		cause = "go could not download the module gorgonia.org/cu v0.9.6"
	}
	return fmt.Errorf("%w: %s; docs/gpu.md says more: %w\n%s", ErrNoCUDA, cause, err, out)
}

// noDriver reports whether what a program printed is that it cannot start without the driver.
func noDriver(printed string) bool {
	return strings.Contains(printed, "libcuda.so") && strings.Contains(printed, "cannot open shared object file")
}

// addCUDA changes the program so that it knows CUDA devices.
func addCUDA(files map[string][]byte) {
	files["go.mod"] = append(files["go.mod"], "\nrequire (\n\tgorgonia.org/cu v0.9.6\n\tgithub.com/google/uuid v1.1.1\n\tgithub.com/pkg/errors v0.9.1\n)\n"...)
	files["main.go"] = []byte(strings.Replace(mainText, "\"ndec.dev/ndec/rt\"\n", "\"ndec.dev/ndec/rt\"\n\t_ \"ndec.dev/ndec/rt/cuda\"\n", 1))
}

// cudaEnv is the environment of the build: our header first, then that of the toolkit. Modules come from the
// user's proxy if they are not in the cache; their sums are not kept in a folder that is made anew.
func cudaEnv(dir string) []string {
	include := "-I" + filepath.Join(dir, "rt", "cuda", "include")
	link := os.Getenv("CGO_LDFLAGS")
	if home := toolkit(); home != "" {
		include += " -I" + filepath.Join(home, "include")
		for _, lib := range []string{"lib64", "lib", "targets/x86_64-linux/lib"} { // of installers, wheels and conda
			link += " -L" + filepath.Join(home, lib, "stubs")
		}
	}
	return []string{"CGO_ENABLED=1", "CGO_CFLAGS=" + strings.TrimSpace(include+" "+os.Getenv("CGO_CFLAGS")), "CGO_LDFLAGS=" + strings.TrimSpace(link), "GONOSUMDB=*", "GONOSUMCHECK=1", "GOFLAGS=-mod=mod"}
}

// toolkit is the folder of the CUDA toolkit; "" where none is found.
func toolkit() string {
	if home := os.Getenv("CUDA_HOME"); home != "" {
		return home
	}
	if path := nvcc.Find(); path != "" {
		return filepath.Dir(filepath.Dir(path))
	}
	return ""
}
