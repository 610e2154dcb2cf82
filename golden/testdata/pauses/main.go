package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/wide"
)

// rows are two blocks of samples.
const rows = 64

func numbers(n int) []wide.Real {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]wide.Real, n)
	for i := range out {
		out[i] = wide.Real(r.NormFloat64())
	}
	return out
}

// works are what kernels do that take long: forward and back through wide layers, images, a long sequence, and one sample.
func works(p *wide.Params) map[string]func() []wide.Real {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	end, one, picture, long := wide.NewEnd(p), wide.NewOne(p), wide.NewPicture(p), wide.NewLong(p)
	x, z, u := numbers(rows*2), numbers(rows*6*400), numbers(rows*3000*2)
	batch := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}}, rows)
	for i, v := range x {
		batch.Columns[0].Data[i] = float64(v)
	}
	return map[string]func() []wide.Real{
		"batch": func() []wide.Real {
			out := make([]wide.Real, rows*2)
			check(end.Batch(ctx, out, x, nil))
			return out
		},
		"few": func() []wide.Real {
			out := make([]wide.Real, 3*2)
			check(one.Batch(ctx, out, x[:3*2], nil, rt.FastSmall()))
			return out
		},
		"one sample": func() []wide.Real {
			out, err := one.Forward([2]wide.Real{x[0], x[1]})
			check(err)
			return out[:]
		},
		"gradient": func() []wide.Real {
			g := new(wide.Params)
			loss, err := wide.FitLossGrad(ctx, p, batch, g)
			check(err)
			g.F4Bias[0] += wide.Real(loss)
			return g.Flat()
		},
		"images": func() []wide.Real {
			out := make([]wide.Real, rows*6*400)
			check(picture.Batch(ctx, out, z, nil))
			return out
		},
		"sequence": func() []wide.Real {
			out := make([]wide.Real, rows*3)
			check(long.Batch(ctx, out, u, nil))
			return out
		},
	}
}

// deep runs f some calls deep, where the stack is about to grow, or not.
func deep(n int, f func()) int {
	var room [200]int
	if n == 0 {
		f()
		return room[1]
	}
	room[n%len(room)] = deep(n-1, f)
	return room[3]
}

// pauses counts, by the bounds of Go's histogram, how often the collector has waited so long until all goroutines stood.
func pauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// report says how often the collector stopped all goroutines during a work, and which of its waits were a quarter of a millisecond and longer. Part of them are
// those of a machine that does something else.
func report(name string, from, to *metrics.Float64Histogram) {
	var times uint64
	var long strings.Builder
	for i, n := range to.Counts {
		n -= from.Counts[i]
		times += n
		if lower := to.Buckets[i]; n > 0 && lower >= 0.25e-3 {
			fmt.Fprintf(&long, ", %d from %.2g ms on", n, 1e3*lower)
		}
	}
	fmt.Fprintf(os.Stderr, "%s, %s: the collector stopped all goroutines %d times%s\n", rt.CPULevel(), name, times, long.String())
}

// main does the works, or that of its argument, writes their first numbers, and does them again beside a collector that always wants to begin: whether the
// numbers are the same then.
func main() {
	p := wide.NewParams(3)
	all := works(p)
	if len(os.Args) > 1 {
		maps.DeleteFunc(all, func(name string, _ func() []wide.Real) bool { return name != os.Args[1] })
	}
	want := map[string][]wide.Real{}
	for name, f := range all {
		want[name] = f()
	}
	first := map[string][]wide.Real{}
	for name, xs := range want {
		first[name] = xs[:min(len(xs), 2000)]
	}
	if err := json.NewEncoder(os.Stdout).Encode(first); err != nil {
		panic(err)
	}
	if rt.CPULevel() == rt.Generic { // which has no kernels
		return
	}
	var done atomic.Bool
	var collected sync.WaitGroup
	collected.Go(func() {
		for !done.Load() {
			runtime.GC()
		}
	})
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f, from := all[name], pauses()
		for i := range 3 {
			right := make(chan bool)
			go deep(7*i, func() { right <- slices.Equal(f(), want[name]) })
			if !<-right {
				panic(name + " has other numbers beside the collector")
			}
		}
		report(name, from, pauses())
	}
	done.Store(true)
	collected.Wait()
}
