package rt

import (
	"context"
	"math"
	"sync"
)

// StepGroup is a batch whose samples take steps of one length, chosen by the errors of all of them (step_group: batch). Each sample runs in a
// goroutine of its own; they meet where a solve begins, for the first length and after every attempted step. All samples run the same solves in the
// same order, but for a sweep back that solves between events, of which a sample has as many solves as it has had events: those that have no more
// wait at the end of the sweep for the others.
type StepGroup struct {
	mu     sync.Mutex
	cond   sync.Cond
	alive  int // samples that have not ended
	inside int // of them, those in the present solve

	entered, waiting, arrived int // at its start, at the end of a sweep, and at the present meeting
	opened, passed, met       int // solves begun, sweeps ended and meetings held so far
	brought                   []float64
	here                      []bool
	how                       func([]float64) float64 // of the present meeting
	result                    float64
}

// StepMember is a sample of a group; a nil one is alone.
type StepMember struct {
	of  *StepGroup
	i   int
	out bool // a solve of it has failed, after which it goes on alone
}

// alone reports whether m waits for nobody.
func (m *StepMember) alone() bool { return m == nil || m.out }

// InGroup runs n samples as one group. It returns where ctx is done before they begin.
func InGroup(ctx context.Context, n int, run func(i int, member *StepMember)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := &StepGroup{alive: n, brought: make([]float64, n), here: make([]bool, n)}
	g.cond.L = &g.mu
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			member := &StepMember{of: g, i: i}
			defer member.end()
			run(i, member)
		})
	}
	wait.Wait()
	return nil
}

// Enter begins a solve: it waits for all samples.
func (m *StepMember) Enter() {
	if m.alone() {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	round := g.opened
	g.entered++
	for g.open(); round == g.opened; {
		g.cond.Wait()
	}
}

// Await ends a sweep of solves, of which samples have different numbers: it waits for all samples.
func (m *StepMember) Await() {
	if m.alone() {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	round := g.passed
	g.waiting++
	for g.open(); round == g.passed; {
		g.cond.Wait()
	}
}

// open lets samples go on where all of them wait: those at the start of a solve, or else those at the end of a sweep.
func (g *StepGroup) open() {
	switch {
	case g.inside > 0 || g.entered+g.waiting < g.alive:
		return
	case g.entered > 0:
		g.inside, g.entered = g.entered, 0
		g.opened++
	default:
		g.waiting = 0
		g.passed++
	}
	g.cond.Broadcast()
}

// end takes a sample that has ended out of the group.
func (m *StepMember) end() {
	if m.alone() {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	g.alive--
	g.open()
}

// Leave ends the solve of this sample; the others go on without it. Where the solve has failed they do so in all that follows.
func (m *StepMember) Leave(failed bool) {
	if m.alone() {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if m.out = failed; failed {
		g.alive--
	}
	if g.arrived > 0 && g.arrived == g.inside {
		g.settle()
	}
	g.open()
}

// RMS is the root of the mean square of what samples bring.
func (m *StepMember) RMS(x float64) float64 { return m.meet(x, meanSquare) }

// Most is the largest number that a sample brings; a NaN wins.
func (m *StepMember) Most(x float64) float64 { return m.meet(x, most) }

// meet brings x to a meeting of all samples in the solve, and gives what comes of it. The order of samples is that of the batch, whoever comes last.
func (m *StepMember) meet(x float64, how func([]float64) float64) float64 {
	if m.alone() {
		return x
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	g.brought[m.i], g.here[m.i], g.how = x, true, how
	g.arrived++
	if g.arrived == g.inside {
		g.settle()
		return g.result
	}
	for round := g.met; round == g.met; {
		g.cond.Wait()
	}
	return g.result
}

// settle ends a meeting.
func (g *StepGroup) settle() {
	var xs []float64
	for i, here := range g.here {
		if here {
			xs = append(xs, g.brought[i])
		}
	}
	clear(g.here)
	g.result, g.arrived = g.how(xs), 0
	g.met++
	g.cond.Broadcast()
}

func most(xs []float64) float64 {
	x := math.Inf(-1)
	for _, y := range xs {
		x = max(x, y)
	}
	return x
}

func meanSquare(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += float64(x * x)
	}
	return math.Sqrt(sum / float64(len(xs)))
}
