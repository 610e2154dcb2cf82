package rt

import (
	"runtime"
	"time"
)

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

	runs  int
	calls int // of the kernel: some make several runs
	time  time.Duration
}

// clockBase is what wallTime counts from.
var clockBase = time.Now()

func wallTime() time.Duration { return time.Since(clockBase) }

// ClockStart is the beginning of a run, by the processor time of the thread where the system tells it.
func ClockStart() time.Duration { return busyTime() }

// Stop counts a run that began then.
func (c *KernelClock) Stop(begun time.Duration) {
	c.time += busyTime() - begun
	c.runs++
	c.calls++
}

// StopRow counts runs of a kernel that repeats itself until so many have been made, or one has no good end.
func (c *KernelClock) StopRow(begun time.Duration, before, after, many float64) {
	c.time += busyTime() - begun
	c.runs += int(after - before)
	c.calls++
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

// Rounds of kernels: some, and more while they take little time together.
const (
	clockRounds = 7
	clockMost   = 31
	clockTime   = time.Second
)

// clocked runs a case in rounds, with clocks around its kernels. run computes the case once.
func (b *bench[R]) clocked(f *BenchFigures, run func()) {
	runtime.LockOSThread() // the clocks are those of a thread
	defer runtime.UnlockOSThread()
	var clocks []*KernelClock
	if b.s.p.Clocks != nil {
		clocks = b.s.p.Clocks(true)
		defer b.s.p.Clocks(false)
	}
	first := busyTime()
	run() // brings the code and the data in
	each := (busyTime() - first).Seconds()
	for _, c := range clocks {
		f.Kernels = append(f.Kernels, KernelFigures{KernelClock: *c})
	}
	inside, call := clockCall()
	begun := time.Now()
	for round := 0; round < clockRounds || round < clockMost && time.Since(begun) < clockTime; round++ {
		for _, c := range clocks {
			c.runs, c.calls, c.time = 0, 0, 0
		}
		n := 0
		before := peakFlops[R](CPULevel())
		whole := busyTime()
		for ; n == 0 || busyTime()-whole < benchLeast; n++ {
			run()
		}
		whole = busyTime() - whole
		peak := (before + peakFlops[R](CPULevel())) / 2
		for i, c := range clocks {
			k := &f.Kernels[i]
			whole -= time.Duration(c.calls) * call
			k.Runs = append(k.Runs, c.runs)
			k.Times = append(k.Times, max(0, (c.time-time.Duration(c.calls)*inside).Seconds()))
			if c.Room > firstCache {
				speed := 0.0 // of a kernel that has not run
				if c.runs > 0 {
					speed = memorySpeed(c.Room)
				}
				k.Speeds = append(k.Speeds, speed)
			}
		}
		f.Calls, f.Whole, f.WholePeaks = append(f.Calls, n), append(f.Whole, whole.Seconds()), append(f.WholePeaks, peak)
		if each*clockRounds > 20 {
			break // of a long case one round
		}
	}
}

// clockCall is what a clock adds to a run that it measures, and to the time of everything.
func clockCall() (inside, all time.Duration) {
	const n = 1000
	c := new(KernelClock)
	begun := busyTime()
	for range n {
		c.Stop(ClockStart())
	}
	return c.time / n, (busyTime() - begun) / n
}
