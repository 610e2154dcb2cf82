//go:build cuda

package cuda

// Times of kernels, by events of the driver before and behind each launch.

/*
#include <cuda.h>

static int ndec_mark(void **event) {
	int r = cuEventCreate((CUevent *)event, CU_EVENT_DEFAULT);
	return r ? r : cuEventRecord((CUevent)*event, 0);
}

// Waits for the second event, gives the milliseconds between both, and frees them.
static int ndec_between(void *from, void *to, float *ms) {
	int r = cuEventSynchronize((CUevent)to);
	if (!r) r = cuEventElapsedTime(ms, (CUevent)from, (CUevent)to);
	cuEventDestroy((CUevent)from);
	cuEventDestroy((CUevent)to);
	return r;
}
*/
import "C"

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"

	"ndec.dev/ndec/rt"
)

// graphOfTimes is the name that launches of a graph have together.
const graphOfTimes = "graph"

// times are the marks around launches that are timed.
type times struct{ marks []mark }

type mark struct {
	kernel   string
	from, to unsafe.Pointer // events
}

// around runs a launch between two events.
func (t *times) around(kernel string, launch func() int) int {
	m := mark{kernel: kernel}
	if r := C.ndec_mark(&m.from); r != 0 {
		return int(r)
	}
	if r := launch(); r != 0 {
		return r
	}
	r := C.ndec_mark(&m.to)
	t.marks = append(t.marks, m)
	return int(r)
}

// Times implements rt.DeviceTimer.
func (m *module) Times(f func() error) ([]rt.KernelTime, error) {
	own := &times{}
	if err := m.d.do(func() error { m.times = own; return nil }); err != nil {
		return nil, err
	}
	err := f()
	sums := map[string]*rt.KernelTime{}
	err = errors.Join(err, m.d.do(func() (err error) {
		m.times = nil
		for _, x := range own.marks {
			var ms C.float
			if r := C.ndec_between(x.from, x.to, &ms); r != 0 {
				err = errors.Join(err, driverError("time of kernel "+x.kernel, int(r)))
			}
			if sums[x.kernel] == nil {
				sums[x.kernel] = &rt.KernelTime{Kernel: x.kernel}
			}
			sums[x.kernel].Launches++
			sums[x.kernel].Seconds += float64(ms) / 1e3
		}
		return err
	}))
	var all []rt.KernelTime
	for _, s := range sums {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b rt.KernelTime) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Kernel, b.Kernel))
	})
	return all, err
}
