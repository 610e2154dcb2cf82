package rt

import "time"

// KernelClock measures the runs of a vector kernel of a package, on one goroutine, and says what a run over a block of samples
// does by the plan of the compiler.
type KernelClock struct {
	Name    string `json:"name"` // as in the assembly
	Of      string `json:"of"`   // the function
	Samples int    `json:"samples"`
	// Of a sample: multiply-adds of matrix products, the time of all operations in half cycles of a processor that starts
	// two vector operations a cycle, and that of functions.
	MulAdds       int `json:"multiply_adds"`
	Slots         int `json:"slots"`
	FunctionSlots int `json:"function_slots"`
	// Bytes are those that a run goes over; they lie in Room bytes.
	Bytes int `json:"bytes"`
	Room  int `json:"room"`

	runs int
	time time.Duration
}

// ClockStart is the beginning of a run.
func ClockStart() time.Time { return time.Now() }

// Stop counts a run that began then.
func (c *KernelClock) Stop(begun time.Time) {
	c.time += time.Since(begun)
	c.runs++
}

// StopRow counts runs of a kernel that repeats itself until so many have been made, or one has no good end.
func (c *KernelClock) StopRow(begun time.Time, before, after, many float64) {
	c.time += time.Since(begun)
	c.runs += int(after - before)
	if after < many {
		c.runs++
	}
}

// KernelFigures are the runs of a kernel in each round.
type KernelFigures struct {
	KernelClock
	Runs  []int     `json:"runs"`
	Times []float64 `json:"times"` // of all runs of a round, in seconds
	// Speeds are bytes in a second of memory of Room bytes, in each round; none where that is the first cache.
	Speeds []float64 `json:"speeds,omitempty"`
}

// firstCache is what kernels find without waiting.
const firstCache = 32 << 10

// clockRounds is the number of rounds of kernels.
const clockRounds = 7

// clocked runs a case in rounds, with clocks around its kernels. run computes the case once.
func (b *bench[R]) clocked(f *BenchFigures, run func()) {
	clocks := b.s.p.Clocks(true)
	defer b.s.p.Clocks(false)
	begun := time.Now()
	run() // brings the code and the data in
	each := time.Since(begun).Seconds()
	for _, c := range clocks {
		f.Kernels = append(f.Kernels, KernelFigures{KernelClock: *c})
	}
	call := clockCall()
	for range clockRounds {
		for _, c := range clocks {
			c.runs, c.time = 0, 0
		}
		n := 0
		before := peakFlops[R](CPULevel())
		begun := time.Now()
		for ; n == 0 || time.Since(begun) < benchLeast; n++ {
			run()
		}
		f.Calls = append(f.Calls, n)
		f.Whole = append(f.Whole, time.Since(begun).Seconds())
		f.WholePeaks = append(f.WholePeaks, (before+peakFlops[R](CPULevel()))/2)
		for i, c := range clocks {
			k := &f.Kernels[i]
			k.Runs = append(k.Runs, c.runs)
			k.Times = append(k.Times, max(0, (c.time-time.Duration(c.runs)*call).Seconds()))
			if c.Room > firstCache && c.runs > 0 {
				k.Speeds = append(k.Speeds, memorySpeed(c.Room))
			}
		}
		if each*clockRounds > 20 {
			break // of a long case one round
		}
	}
}

// clockCall is what a clock adds to a run that it measures.
func clockCall() time.Duration {
	const n = 1000
	c := new(KernelClock)
	for range n {
		c.Stop(ClockStart())
	}
	return c.time / n
}
