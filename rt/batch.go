package rt

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
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

// FastSmall computes the rows of a small batch one by one where that is faster than a block of samples in lanes: their
// bits are then those of Forward, and depend on the size of the batch. Where a model does not run in lanes, or its
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

// Crew runs blocks of rows on goroutines. It belongs to one caller at a time;
// keep crews in a FreeList to share a model between goroutines. After the
// first call it does not allocate.
type Crew struct {
	starts []func()
	wg     sync.WaitGroup
	next   atomic.Int64
	ctx    context.Context
	n      int
	block  int
	f      func(worker, lo, hi int)
}

// ForEach calls f for the blocks [k blockRows, (k+1) blockRows) of 0..n-1, each
// once, from at most workers goroutines; worker identifies the goroutine. When
// ctx ends no further block is begun and its error is returned.
func (c *Crew) ForEach(ctx context.Context, workers, n, blockRows int, f func(worker, lo, hi int)) error {
	if n <= 0 {
		return ctx.Err()
	}
	blocks := (n + blockRows - 1) / blockRows
	workers = max(1, min(workers, blocks))
	for w := len(c.starts); w < workers; w++ {
		c.starts = append(c.starts, func() {
			defer c.wg.Done()
			c.pull(w)
		})
	}
	c.ctx, c.n, c.block, c.f = ctx, n, blockRows, f
	c.next.Store(0)
	c.wg.Add(workers - 1)
	for w := 1; w < workers; w++ {
		go c.starts[w]()
	}
	c.pull(0)
	c.wg.Wait()
	c.ctx, c.f = nil, nil
	if int(c.next.Load()) < blocks {
		return ctx.Err()
	}
	return nil
}

// pull takes blocks until there is none, or the context ends.
func (c *Crew) pull(worker int) {
	for c.ctx.Err() == nil {
		lo := (int(c.next.Add(1)) - 1) * c.block
		if lo >= c.n {
			return
		}
		c.f(worker, lo, min(lo+c.block, c.n))
	}
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
