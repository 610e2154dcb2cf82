//go:build cuda

package cuda

// Memory: device memory that is given and taken back in the order of the stream, where the driver knows that, and host memory that is pinned, which
// the device copies from and to while the host goes on. Package cu has neither. What drivers of CUDA 11.1 lack is looked for when it is needed and
// never linked.

/*
#include <cuda.h>
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

static __typeof__(&cuMemAllocAsync) ndec_alloc_async;
static __typeof__(&cuMemFreeAsync) ndec_free_async;
static __typeof__(&cuDeviceGetDefaultMemPool) ndec_default_pool;
static __typeof__(&cuMemPoolSetAttribute) ndec_pool_set;
static __typeof__(&cuMemPoolTrimTo) ndec_pool_trim;

static void *ndec_entry(const char *name) { return dlsym(RTLD_DEFAULT, name); }

// The pool of a device, which keeps what is freed until somebody trims it; 0 where the driver has none.
static void *ndec_pool(int device) {
	int has = 0;
	if (cuDeviceGetAttribute(&has, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, device) || !has) return 0;
	ndec_alloc_async = ndec_entry("cuMemAllocAsync");
	ndec_free_async = ndec_entry("cuMemFreeAsync");
	ndec_default_pool = ndec_entry("cuDeviceGetDefaultMemPool");
	ndec_pool_set = ndec_entry("cuMemPoolSetAttribute");
	ndec_pool_trim = ndec_entry("cuMemPoolTrimTo");
	if (!ndec_alloc_async || !ndec_free_async || !ndec_default_pool || !ndec_pool_set || !ndec_pool_trim) return 0;
	CUmemoryPool pool;
	cuuint64_t all = UINT64_MAX;
	if (ndec_default_pool(&pool, device) || ndec_pool_set(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &all)) return 0;
	return pool;
}
static int ndec_pool_alloc(unsigned long long *p, size_t n) {
	CUdeviceptr q = 0;
	int r = ndec_alloc_async(&q, n, 0);
	*p = q;
	return r;
}
static int ndec_pool_free(unsigned long long p) { return ndec_free_async(p, 0); }
static int ndec_trim(void *pool) { return ndec_pool_trim((CUmemoryPool)pool, 0); }

static int ndec_pin(void **p, size_t n) { return cuMemHostAlloc(p, n, 0); }
static int ndec_unpin(void *p) { return cuMemFreeHost(p); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"ndec.dev/ndec/rt"
)

// pinnedBytes is the size of the pinned memory of a device. Copies beyond go straight from and to the memory of the caller, for which the
// driver waits.
const pinnedBytes = 4 << 20

// pinned is host memory that goes round: pieces are given out one after the other, and all of them are free again when the device
// has done what was started.
type pinned struct {
	bytes []byte // nil: not asked for yet
	none  bool   // the system gives none
	at    int
}

// openMemory looks for the pool of device n.
func (d *device) openMemory(n int) { d.pool = C.ndec_pool(C.int(n)) }

// closeMemory gives back what the device itself holds.
func (d *device) closeMemory() error {
	var errs []error
	if d.host.bytes != nil {
		errs = append(errs, driverError("free of pinned memory", int(C.ndec_unpin(unsafe.Pointer(&d.host.bytes[0])))))
		d.host = pinned{}
	}
	if d.pool != nil {
		errs = append(errs, driverError("free of a pool", int(C.ndec_trim(d.pool))))
	}
	return errors.Join(errs...)
}

// piece gives n bytes of pinned memory; nil if that is too much, or there is none. It may wait for the device.
func (d *device) piece(n int) ([]byte, error) {
	h := &d.host
	if n > pinnedBytes/2 || h.none {
		return nil, nil
	}
	if h.bytes == nil {
		var p unsafe.Pointer
		if C.ndec_pin(&p, pinnedBytes) != 0 {
			h.none = true // copies wait, as they would for pageable memory
			return nil, nil
		}
		h.bytes = unsafe.Slice((*byte)(p), pinnedBytes)
	}
	if h.at+n > pinnedBytes {
		if err := d.wait(); err != nil {
			return nil, err
		}
	}
	b := h.bytes[h.at : h.at+n]
	h.at += (n + 63) / 64 * 64
	return b, nil
}

// wait waits for the device, which has no use for pinned memory then.
func (d *device) wait() error {
	d.host.at = 0
	return failed("wait", cu.Synchronize())
}

// Alloc implements rt.DeviceQueue.
func (q queue) Alloc(bytes int) (rt.DevicePtr, error) {
	d := q.m.d
	p, err := d.alloc(bytes)
	if err != nil && d.pool != nil { // what was freed may be in pieces
		if e := errors.Join(d.wait(), driverError("free of a pool", int(C.ndec_trim(d.pool)))); e != nil {
			return 0, e
		}
		p, err = d.alloc(bytes)
	}
	if err != nil {
		free, total, ierr := cu.MemInfo()
		if ierr != nil {
			return 0, fmt.Errorf("%d bytes on %s: %w: %w", bytes, d.name, err, rt.ErrDevice)
		}
		return 0, fmt.Errorf("%d bytes were asked of %s, and %d of %d are free: use a smaller batch: %w: %w", bytes, d.name, free, total, err, rt.ErrDevice)
	}
	d.live[p] = bytes
	return rt.DevicePtr(p), nil
}

func (d *device) alloc(bytes int) (cu.DevicePtr, error) {
	if d.pool == nil {
		return cu.MemAlloc(int64(bytes))
	}
	var p C.ulonglong
	if r := C.ndec_pool_alloc(&p, C.size_t(bytes)); r != 0 {
		return 0, like(cu.Success, int(r))
	}
	return cu.DevicePtr(p), nil
}

// Free implements rt.DeviceQueue.
func (q queue) Free(p rt.DevicePtr) error {
	delete(q.m.d.live, cu.DevicePtr(p))
	if q.m.d.pool == nil {
		return failed("free", cu.MemFree(cu.DevicePtr(p)))
	}
	return driverError("free", int(C.ndec_pool_free(C.ulonglong(p))))
}

// Write implements rt.DeviceQueue. The bytes are the caller's again when it returns; the copy itself comes when what was started before is done.
func (q queue) Write(to rt.DevicePtr, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	b, err := q.m.d.piece(len(from))
	if err != nil {
		return err
	}
	if b == nil {
		return failed("copy to the device", cu.MemcpyHtoD(cu.DevicePtr(to), unsafe.Pointer(&from[0]), int64(len(from))))
	}
	copy(b, from)
	return failed("copy to the device", cu.MemcpyHtoDAsync(cu.DevicePtr(to), unsafe.Pointer(&b[0]), int64(len(b)), cu.NoStream))
}

// Read implements rt.DeviceQueue.
func (q queue) Read(parts ...rt.DeviceRead) error {
	d := q.m.d
	type part struct{ to, from []byte }
	var held [8]part
	got := held[:0] // what waits in pinned memory
	finish := func() error {
		err := d.wait()
		for _, p := range got {
			copy(p.to, p.from)
		}
		got = got[:0]
		return err
	}
	for _, r := range parts {
		n := len(r.To)
		if n == 0 {
			continue
		}
		if d.host.at+n > pinnedBytes { // before piece waits
			if err := finish(); err != nil {
				return err
			}
		}
		b, err := d.piece(n)
		if err != nil {
			return err
		}
		if b == nil {
			if err := failed("copy from the device", cu.MemcpyDtoH(unsafe.Pointer(&r.To[0]), cu.DevicePtr(r.From), int64(n))); err != nil {
				return err
			}
			continue
		}
		if err := failed("copy from the device", cu.MemcpyDtoHAsync(unsafe.Pointer(&b[0]), cu.DevicePtr(r.From), int64(n), cu.NoStream)); err != nil {
			return err
		}
		got = append(got, part{r.To, b})
	}
	return finish()
}

// Copy implements rt.DeviceQueue.
func (q queue) Copy(to, from rt.DevicePtr, bytes int) error {
	return failed("copy", cu.MemcpyDtoDAsync(cu.DevicePtr(to), cu.DevicePtr(from), int64(bytes), cu.NoStream))
}
