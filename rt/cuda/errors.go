//go:build cuda

package cuda

// Results of the driver as errors of package cu, which has names for those that it knew.

/*
#include <cuda.h>

static const char *ndec_said(int result) {
	const char *s = 0;
	return cuGetErrorString(result, &s) ? 0 : s;
}
*/
import "C"

import (
	"errors"

	"gorgonia.org/cu"
)

// driverError is the error of a result of the driver; nil for success.
func driverError(what string, result int) error {
	if result == 0 {
		return nil
	}
	return failed(what, like(cu.Success, result))
}

// like is a result of the driver as package cu has it, which does not export the type.
func like[R interface {
	~int
	error
}](_ R, result int) error {
	return R(result)
}

// said is what the driver itself says about one of its errors, in brackets; "" if it says nothing.
func said(err error) string {
	result, ok := resultOf(cu.Success, err)
	if !ok {
		return ""
	}
	s := C.ndec_said(C.int(result))
	if s == nil {
		return ""
	}
	return " (" + C.GoString(s) + ")"
}

func resultOf[R interface {
	~int
	error
}](_ R, err error) (int, bool) {
	var r R
	ok := errors.As(err, &r)
	return int(r), ok
}
