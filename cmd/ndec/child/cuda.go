package child

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"ndec.dev/ndec/cmd/ndec/nvcc"
)

// ErrNoCUDA says that a program with access to CUDA devices cannot be built here.
var ErrNoCUDA = errors.New("a program for --device cuda needs gcc, cuda.h (CUDA_HOME or CGO_CFLAGS=-I…), libcuda.so (the driver's, or CGO_LDFLAGS=-L… with the toolkit's stub) and the module gorgonia.org/cu; docs/gpu.md says more")

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
		link += " -L" + filepath.Join(home, "lib64", "stubs")
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
