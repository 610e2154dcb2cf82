package rt

import (
	"context"
	"sync/atomic"
	"time"
)

// Crew runs blocks of rows on goroutines: parallel regions, each of which ends before the next one begins. It belongs to one caller at a
// time; keep crews in a FreeList to share a model between goroutines. After the first call it does not allocate.
//
// The caller works too, and never waits for a helper that has not begun: where the machine is busy with other things, a helper that
// gets no processor in time has lost its part in the region, and its call is taken back.
type Crew struct {
	// Linger is how long a helper waits for the next region on its processor before its goroutine ends, for loops whose regions follow
	// one another closely: to wake a processor takes longer than a short region. It does not change after the first region.
	Linger time.Duration

	helpers []*helper
	row     time.Duration // that a row took of the caller in the last region, 0 before
	left    atomic.Int32  // of the region: helpers that may work still, and the caller
	done    chan struct{} // the last one wakes the caller
	next    atomic.Int64

	ctx   context.Context
	n     int
	block int
	f     func(worker, lo, hi int)
}

// helper is a goroutine of a crew, or the place for one.
type helper struct {
	state atomic.Int32
	from  int32 // state before the present call
	start func()
}

// States of a helper.
const (
	helperGone    int32 = iota // no goroutine
	helperQueued               // a goroutine that has not begun, for no region any more
	helperWaiting              // lingers
	helperCalled               // a region is there for it
	helperWorking              // it has taken it
)

const (
	lingerTime = 50 * time.Microsecond // between steps of a training
	joinTime   = 20 * time.Microsecond // for which a caller looks for the end before it sleeps
	wakeTime   = 70 * time.Microsecond // what a region loses by a helper whose processor sleeps
)

// ForEach calls f for the blocks [k blockRows, (k+1) blockRows) of 0..n-1, each
// once, from at most workers goroutines; worker identifies the goroutine. When
// ctx ends no further block is begun and its error is returned.
func (c *Crew) ForEach(ctx context.Context, workers, n, blockRows int, f func(worker, lo, hi int)) error {
	if n <= 0 {
		return ctx.Err()
	}
	blocks := (n + blockRows - 1) / blockRows
	workers = max(1, min(workers, blocks))
	c.ctx, c.n, c.block, c.f = ctx, n, blockRows, f
	c.next.Store(0)
	if workers == 1 {
		c.pull(0)
	} else {
		c.call(workers - 1)
		begun := time.Now()
		if rows := c.pull(0); rows > 0 {
			c.row = max(1, time.Since(begun)/time.Duration(rows))
		}
		c.join(workers - 1)
	}
	c.ctx, c.f = nil, nil
	if int(c.next.Load()) < blocks {
		return ctx.Err()
	}
	return nil
}

// call begins a region with so many helpers, or with those that wait where its rows would take, as long as those of the last region,
// less than what waking others costs. Who lingers is woken for the regions that follow, too.
func (c *Crew) call(helpers int) {
	if c.done == nil {
		c.done = make(chan struct{}, 1)
	}
	for w := len(c.helpers) + 1; w <= helpers; w++ {
		h := &helper{}
		h.start = func() { c.help(w, h) }
		c.helpers = append(c.helpers, h)
	}
	c.left.Store(int32(helpers) + 1)
	short := c.Linger == 0 && c.row > 0 && c.row*time.Duration(c.n)/time.Duration(helpers+1)*time.Duration(helpers) < wakeTime
	for _, h := range c.helpers[:helpers] {
		switch {
		case h.state.CompareAndSwap(helperWaiting, helperCalled):
			h.from = helperWaiting
		case short:
			c.left.Add(-1)
		case h.state.CompareAndSwap(helperQueued, helperCalled):
			h.from = helperQueued
		default:
			h.from = helperQueued
			h.state.Store(helperCalled)
			go h.start()
		}
	}
}

// join ends a region when there are no more blocks: it takes back the calls that nobody has taken and waits for the others.
func (c *Crew) join(helpers int) {
	alone := int32(1)
	for _, h := range c.helpers[:helpers] {
		if h.state.CompareAndSwap(helperCalled, h.from) {
			alone++
		}
	}
	for begun := time.Now(); c.left.Load() > alone && time.Since(begun) < joinTime; {
	}
	if c.left.Add(-alone) > 0 {
		<-c.done
	}
}

// help is the goroutine of a helper.
func (c *Crew) help(worker int, h *helper) {
	for !h.state.CompareAndSwap(helperCalled, helperWorking) {
		if h.state.CompareAndSwap(helperQueued, helperGone) {
			return
		}
	}
	for {
		c.pull(worker)
		after := helperGone
		if c.Linger > 0 {
			after = helperWaiting
		}
		h.state.Store(after)
		if c.left.Add(-1) == 0 {
			c.done <- struct{}{}
		}
		if after == helperGone || !h.wait(c.Linger) {
			return
		}
	}
}

// wait waits for the next region, and reports whether it came.
func (h *helper) wait(long time.Duration) bool {
	begun := time.Now()
	for {
		switch h.state.Load() {
		case helperCalled:
			if h.state.CompareAndSwap(helperCalled, helperWorking) {
				return true
			}
		case helperWaiting:
			if time.Since(begun) >= long && h.state.CompareAndSwap(helperWaiting, helperGone) {
				return false
			}
		}
	}
}

// pull takes blocks until there is none, or the context ends, and returns how many rows they had.
func (c *Crew) pull(worker int) (rows int) {
	for c.ctx.Err() == nil {
		lo := (int(c.next.Add(1)) - 1) * c.block
		if lo >= c.n {
			break
		}
		hi := min(lo+c.block, c.n)
		c.f(worker, lo, hi)
		rows += hi - lo
	}
	return rows
}
