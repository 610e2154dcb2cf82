package rt

import (
	"runtime"
	"sync"
)

// BatchOption changes how a batch is run.
type BatchOption struct {
	workers   int
	fastSmall bool
}

// Workers bounds the number of goroutines; 0 means all cores.
func Workers(n int) BatchOption { return BatchOption{workers: n} }

// WorkerCount is what the options ask for, at least 1.
func WorkerCount(opts ...BatchOption) int {
	n := 0
	for _, o := range opts {
		if !o.fastSmall {
			n = o.workers
		}
	}
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return n
}

// FastSmall computes the rows of a small batch a few at a time, or one by one, where that is faster than a block of samples
// in lanes: their bits then depend on the size of the batch, within rounding. Where a model does not run in lanes, or its
// functions have no kernels for one sample, it changes nothing.
func FastSmall() BatchOption { return BatchOption{fastSmall: true} }

// IsFastSmall reports whether the options ask for FastSmall.
func IsFastSmall(opts ...BatchOption) bool {
	for _, o := range opts {
		if o.fastSmall {
			return true
		}
	}
	return false
}

// FreeList keeps values for reuse by several goroutines.
type FreeList[T any] struct {
	New  func() *T
	mu   sync.Mutex
	free []*T
}

// Get is a kept value or a new one.
func (l *FreeList[T]) Get() *T {
	l.mu.Lock()
	if k := len(l.free); k > 0 {
		v := l.free[k-1]
		l.free = l.free[:k-1]
		l.mu.Unlock()
		return v
	}
	l.mu.Unlock()
	return l.New()
}

// Put keeps v.
func (l *FreeList[T]) Put(v *T) {
	l.mu.Lock()
	l.free = append(l.free, v)
	l.mu.Unlock()
}
