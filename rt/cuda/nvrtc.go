//go:build cuda

package cuda

// NVRTC compiles kernels where a package brings no image for a device. It is looked for when it is needed and
// never linked.

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef void *program;
static int (*create)(program *, const char *, const char *, int, const char *const *, const char *const *);
static int (*compile_)(program, int, const char *const *);
static int (*ptx_size)(program, size_t *);
static int (*ptx)(program, char *);
static int (*log_size)(program, size_t *);
static int (*get_log)(program, char *);
static int (*destroy)(program *);

// Opens the library; its builtins first, which older ones do not find beside themselves.
static int ndec_nvrtc_open(const char *name, const char *builtins) {
	if (create) return 1;
	dlopen(builtins, RTLD_NOW | RTLD_GLOBAL);
	void *h = dlopen(name, RTLD_NOW);
	if (!h) return 0;
	compile_ = dlsym(h, "nvrtcCompileProgram");
	ptx_size = dlsym(h, "nvrtcGetPTXSize");
	ptx = dlsym(h, "nvrtcGetPTX");
	log_size = dlsym(h, "nvrtcGetProgramLogSize");
	get_log = dlsym(h, "nvrtcGetProgramLog");
	destroy = dlsym(h, "nvrtcDestroyProgram");
	create = dlsym(h, "nvrtcCreateProgram");
	return create && compile_ && ptx_size && ptx && log_size && get_log && destroy;
}

// Compiles a text with one header; the result or the log is the caller's to free.
static int ndec_nvrtc(const char *text, const char *header, const char *header_name, int n, const char **options, char **out) {
	program p;
	*out = 0;
	int r = create(&p, text, "kernels.cu", 1, &header, &header_name);
	if (r) return r;
	r = compile_(p, n, options);
	size_t size = 0;
	if ((r ? log_size : ptx_size)(p, &size) == 0 && (*out = malloc(size + 1))) {
		(*out)[size] = 0;
		(r ? get_log : ptx)(p, *out);
	}
	destroy(&p);
	return r;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// libraries are the names that NVRTC has, with its builtins.
var libraries = [][2]string{{"libnvrtc.so.13", "libnvrtc-builtins.so.13.0"}, {"libnvrtc.so.12", "libnvrtc-builtins.so.12.9"}, {"libnvrtc.so", "libnvrtc-builtins.so"}}

// compile makes PTX of a text for a compute capability, with kernels of groups if the device has their instructions.
func compile(source, prelude string, capability int, groups bool) (string, error) {
	found := false
	for _, names := range libraries {
		lib, builtins := C.CString(names[0]), C.CString(names[1])
		found = found || C.ndec_nvrtc_open(lib, builtins) != 0
		C.free(unsafe.Pointer(lib))
		C.free(unsafe.Pointer(builtins))
	}
	if !found {
		return "", errors.New("there is no libnvrtc.so.13 or .12")
	}
	var keep []*C.char
	str := func(s string) *C.char {
		c := C.CString(s)
		keep = append(keep, c)
		return c
	}
	defer func() {
		for _, c := range keep {
			C.free(unsafe.Pointer(c))
		}
	}()
	arch := fmt.Sprint("compute_", capability)
	if groups {
		arch += "a"
	}
	options := []*C.char{str("--fmad=false"), str("-default-device"), str("--std=c++17"), str("--gpu-architecture=" + arch)}
	var out *C.char
	r := C.ndec_nvrtc(str(source), str(prelude), str("ndec.cuh"), C.int(len(options)), &options[0], &out)
	text := ""
	if out != nil {
		text = C.GoString(out)
		C.free(unsafe.Pointer(out))
	}
	if r != 0 {
		return "", fmt.Errorf("NVRTC error %d: %s", int(r), strings.TrimSpace(text))
	}
	return text, nil
}
