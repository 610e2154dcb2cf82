//go:build cuda

package cuda

// Package cu initialises the driver when the program starts and ends the program if that fails, so that it could not
// run on a machine without a GPU. This cuInit stands before the driver's when the program is linked: it remembers
// what the driver says and lets the program start. Open reports it.

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>

static int ndec_init_result = -1;

int cuInit(unsigned flags) {
	int (*driver)(unsigned) = (int (*)(unsigned))dlsym(RTLD_NEXT, "cuInit");
	ndec_init_result = driver ? driver(flags) : 100; // CUDA_ERROR_NO_DEVICE
	return 0;
}

static int ndec_initialised(void) { return ndec_init_result; }
*/
import "C"

// initialised is what the driver said when it was initialised; 0 is success.
func initialised() int { return int(C.ndec_initialised()) }
