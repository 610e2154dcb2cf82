package rt

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every block of every region is done once, by workers that do not share their number, whatever helpers do: begin late, linger or have ended.
func TestCrew(t *testing.T) {
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for _, linger := range []time.Duration{0, time.Nanosecond, lingerTime} {
		for range 3 { // crews side by side
			wg.Go(func() {
				c := &Crew{Linger: linger}
				for region := range 400 {
					n, size, workers := region*7%50, 1+region%4, 1+region%5
					seen := make([]int32, n)
					busy := make([]atomic.Bool, workers)
					err := c.ForEach(t.Context(), workers, n, size, func(worker, lo, hi int) {
						if busy[worker].Swap(true) {
							t.Errorf("two goroutines are worker %d", worker)
						}
						if lo%size != 0 || hi != min(lo+size, n) {
							t.Errorf("block %d to %d of %d by %d", lo, hi, n, size)
						}
						for i := lo; i < hi; i++ {
							seen[i]++ // without a lock: the end of a region comes after all of it
						}
						if region%3 == 0 {
							runtime.Gosched()
						}
						busy[worker].Store(false)
					})
					if err != nil {
						t.Error(err)
					}
					for i, k := range seen {
						if k != 1 {
							t.Errorf("region %d: row %d was done %d times", region, i, k)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	for range 10000 { // helpers end by themselves
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines are left of %d crews", runtime.NumGoroutine()-before, 9)
}

// A region whose helpers get no processor ends all the same, and their goroutines serve the next one.
func TestCrewAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := new(Crew)
	for range 1000 {
		var sum atomic.Int32
		if err := c.ForEach(t.Context(), 4, 64, 1, func(_, lo, _ int) { sum.Add(int32(lo)) }); err != nil || sum.Load() != 2016 {
			t.Fatal(sum.Load(), err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = c.ForEach(t.Context(), 4, 64, 1, func(int, int, int) {}) }); n > 0 {
		t.Errorf("%v allocations of a region", n)
	}
}

// Who sleeps is left asleep where rows take too little to be worth the waking, and called where they take more.
func TestCrewShort(t *testing.T) {
	c := new(Crew)
	for _, at := range []struct {
		row, linger time.Duration
		alone       bool
	}{{time.Nanosecond, 0, true}, {time.Microsecond, 0, true}, {2 * time.Microsecond, 0, false}, {time.Hour, 0, false}, {time.Nanosecond, time.Nanosecond, false}} {
		if c.row, c.Linger = at.row, at.linger; len(c.helpers) > 0 {
			c.helpers[0].from = -1
		}
		var by [2]atomic.Int32
		if err := c.ForEach(t.Context(), 2, 128, 1, func(worker, _, _ int) {
			by[worker].Add(1)
			for !at.alone && by[1].Load() == 0 { // a helper that is called comes
				runtime.Gosched()
			}
		}); err != nil {
			t.Fatal(err)
		}
		if called := c.helpers[0].from > 0; called == at.alone || by[0].Load()+by[1].Load() != 128 {
			t.Errorf("rows of %v: helper called: %v; %d and %d rows", at.row, called, by[0].Load(), by[1].Load())
		}
		for len(c.helpers) > 0 && c.helpers[0].state.Load() != helperGone {
			runtime.Gosched()
		}
	}
}

// A context that ends stops a region between blocks.
func TestCrewEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &Crew{Linger: lingerTime}
	var done atomic.Int32
	err := c.ForEach(ctx, 3, 1000, 1, func(_, lo, _ int) {
		if done.Add(1) == 5 {
			cancel()
		}
	})
	if err != context.Canceled || done.Load() > 8 {
		t.Errorf("%d blocks, %v", done.Load(), err)
	}
	if err := c.ForEach(t.Context(), 3, 10, 1, func(int, int, int) { done.Add(-1) }); err != nil {
		t.Error(err)
	}
}
