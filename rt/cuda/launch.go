//go:build cuda

package cuda

// Launches: package cu sets no attributes of functions, without which blocks have 48 KiB of shared memory, and allocates memory for every
// launch. It does not export what stands behind its functions and streams, which are read from their only field.

/*
#include <cuda.h>

enum { NDEC_MOST_ARGS = 512 }; // of eight bytes each: devices take 4 KiB of them

static int ndec_attribute(void *f, int which, int value) { return cuFuncSetAttribute((CUfunction)f, (CUfunction_attribute)which, value); }

// Starts a kernel with arguments of eight bytes each.
static int ndec_launch(void *f, unsigned grid, unsigned block, unsigned shared, void *stream, unsigned long long *args, int n) {
	void *at[NDEC_MOST_ARGS];
	if (n > NDEC_MOST_ARGS) return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < n; i++) at[i] = args + i;
	return cuLaunchKernel((CUfunction)f, grid, 1, 1, block, 1, 1, shared, (CUstream)stream, at, 0);
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"ndec.dev/ndec/rt"
)

// Attributes of a function that can be set, and of a device.
const (
	mostDynamicShared = C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
	sharedCarveOut    = C.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT

	sharedOfBlock          = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
	sharedOfMultiprocessor = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)
	reservedShared         = 1 << 10 // of each block, by the driver (sm_80 and later)
)

// kernel is a function that is ready to be launched.
type kernel struct {
	f      unsafe.Pointer // CUfunction
	shared int            // bytes that a launch gives to a block
	arrays bool           // which are those of its arrays
	lacks  error          // the device has less than the kernel needs
}

// kernel gives a function by its name, with the shared memory that the description has for it.
func (m *module) kernel(name string) (*kernel, error) {
	if k, ok := m.kernels[name]; ok {
		return k, nil
	}
	from := m.imageOf(name)
	f, err := from.mod.Function(name)
	if err != nil {
		return nil, failed("kernel "+name, err)
	}
	k := &kernel{f: *(*unsafe.Pointer)(unsafe.Pointer(&f))}
	if s := m.description.SharedOf(name, from.capability); s != nil {
		if err := m.share(k, name, s); err != nil {
			return nil, err
		}
	}
	m.kernels[name] = k
	return k, nil
}

// share lets the blocks of a kernel have more shared memory than those of others, if the device has as much.
func (m *module) share(k *kernel, name string, s *rt.SharedMemory) error {
	own, err := cu.Function.Attribute(*(*cu.Function)(unsafe.Pointer(&k.f)), cu.SharedSizeBytes)
	if err != nil {
		return failed("kernel "+name, err)
	}
	if need := s.Bytes + own; need > m.d.shared {
		if !s.Arrays {
			k.lacks = fmt.Errorf("kernel %s needs %d bytes of shared memory for a block, and %s has %d: take a smaller model, or --device cpu: %w", name, need, m.d.name, m.d.shared, rt.ErrDevice)
		}
		return nil
	}
	if r := C.ndec_attribute(k.f, mostDynamicShared, C.int(s.Bytes)); r != 0 {
		return driverError(fmt.Sprintf("%d bytes of shared memory for kernel %s", s.Bytes, name), int(r))
	}
	// The rest of a multiprocessor's memory is its first cache.
	part := min(100, (max(s.Blocks, 1)*(s.Bytes+own+reservedShared)*100+m.d.sharedAll-1)/max(m.d.sharedAll, 1))
	if r := C.ndec_attribute(k.f, sharedCarveOut, C.int(part)); r != 0 {
		return driverError("the part of shared memory for kernel "+name, int(r))
	}
	k.shared, k.arrays = s.Bytes, s.Arrays
	return nil
}

// Shares implements rt.DeviceQueue.
func (q queue) Shares(name string) (bool, error) {
	k, err := q.m.kernel(name)
	return err == nil && k.shared > 0 && k.arrays, err
}

// Launch implements rt.DeviceQueue.
func (q queue) Launch(name string, grid, block int, args []uint64) error {
	k, err := q.m.kernel(name)
	if err != nil {
		return err
	}
	if k.lacks != nil {
		return k.lacks
	}
	if q.m.recording != nil {
		q.m.recording.add(k, grid, block, args)
		return nil
	}
	start := func() int { return k.start(cu.NoStream, grid, block, args) }
	if q.m.times != nil {
		return driverError("kernel "+name, q.m.times.around(name, start))
	}
	if r := start(); r != 0 {
		return driverError("kernel "+name, r)
	}
	return nil
}

// start starts the kernel and gives the driver's result.
func (k *kernel) start(stream cu.Stream, grid, block int, args []uint64) int {
	var at *C.ulonglong
	if len(args) > 0 {
		at = (*C.ulonglong)(unsafe.Pointer(&args[0]))
	}
	return int(C.ndec_launch(k.f, C.uint(grid), C.uint(block), C.uint(k.shared), unsafe.Pointer(stream.C()), at, C.int(len(args))))
}
