package rt

import (
	"context"
	"math"
	"sync"
)

// StepGroup is a batch whose samples take steps of one length, chosen by the errors of all of them (step_group: batch). Each sample runs in a
// goroutine of its own; they meet where a solve begins, for the first length and after every attempted step.
type StepGroup struct {
	mu     sync.Mutex
	cond   sync.Cond
	alive  int // samples that have not ended
	inside int // of them, those in the present solve

	entered, arrived int // at its start, and at the present meeting
	opened, met      int // solves begun and meetings held so far
	brought          []float64
	here             []bool
	how              func([]float64) float64 // of the present meeting
	result           float64
}

// StepMember is a sample of a group; a nil one is alone.
type StepMember struct {
	of *StepGroup
	i  int
}

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
			defer g.end()
			run(i, &StepMember{g, i})
		})
	}
	wait.Wait()
	return nil
}

// Enter begins a solve: it waits for all samples.
func (m *StepMember) Enter() {
	if m == nil {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entered++
	if g.open() {
		return
	}
	for round := g.opened; round == g.opened; {
		g.cond.Wait()
	}
}

// open begins a solve where all samples are at its start.
func (g *StepGroup) open() bool {
	if g.entered == 0 || g.entered < g.alive {
		return false
	}
	g.inside, g.entered = g.entered, 0
	g.opened++
	g.cond.Broadcast()
	return true
}

// end takes a sample that has ended out of the group.
func (g *StepGroup) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.alive--
	g.open()
}

// Leave ends the solve of this sample; the others go on without it.
func (m *StepMember) Leave() {
	if m == nil {
		return
	}
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.arrived > 0 && g.arrived == g.inside {
		g.settle()
	}
}

// RMS is the root of the mean square of what samples bring.
func (m *StepMember) RMS(x float64) float64 { return m.meet(x, meanSquare) }

// Most is the largest number that a sample brings; a NaN wins.
func (m *StepMember) Most(x float64) float64 { return m.meet(x, most) }

// meet brings x to a meeting of all samples in the solve, and gives what comes of it. The order of samples is that of the batch, whoever comes last.
func (m *StepMember) meet(x float64, how func([]float64) float64) float64 {
	if m == nil {
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
