//go:build cuda

package cuda

/*
#include <cuda.h>
#include <stdlib.h>

// Loads PTX or machine code; what the driver's compiler does not like of the former is in the log.
static int ndec_load(CUmodule *module, const char *image, char *log, size_t size) {
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {log, (void *)size};
	return cuModuleLoadDataEx(module, image, 2, options, values);
}
*/
import "C"

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"

	"gorgonia.org/cu"
)

// load makes a module of an image, which cu.LoadData would do without saying why not.
func load(image string) (mod cu.Module, err error) {
	text := C.CString(image)
	defer C.free(unsafe.Pointer(text))
	log := make([]byte, 4<<10)
	var m C.CUmodule
	if r := C.ndec_load(&m, text, (*C.char)(unsafe.Pointer(&log[0])), C.size_t(len(log))); r != 0 {
		err := like(cu.Success, int(r))
		end := bytes.IndexByte(log, 0)
		if why := strings.TrimSpace(string(log[:max(end, 0)])); why != "" {
			return mod, fmt.Errorf("%w%s: %s", err, said(err), why)
		}
		return mod, fmt.Errorf("%w%s", err, said(err))
	}
	return *(*cu.Module)(unsafe.Pointer(&m)), nil // its only field
}
