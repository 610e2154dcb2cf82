package rt

import (
	"context"
	"math"
	"sync"
)

// StepGroup is a batch whose samples take steps of one length, chosen by the errors of all of them (step_group: batch). Each sample, or each block of
// samples, runs in a goroutine of its own; they meet where a solve begins, for the first length and after every attempted step. All samples run the same solves in the
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
	blocks                    bool // members are blocks of samples
	lost                      bool // a sample of a block has failed
}

// StepMember is a sample of a group, or a block of samples; a nil one is alone.
type StepMember struct {
	of  *StepGroup
	i   int  // its sample, or the first one
	out bool // a solve of it has failed, after which it goes on alone
}

// alone reports whether m waits for nobody.
func (m *StepMember) alone() bool { return m == nil || m.out }

// InGroup runs n samples as one group. It returns where ctx is done before they begin.
func InGroup(ctx context.Context, n int, run func(i int, member *StepMember)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	newStepGroup(n, n).run(1, run)
	return nil
}

// InBlocks runs n samples as one group by blocks of width of them. It reports whether none has failed; what happened in a group with failures is told by
// InGroup, since a sample that fails takes the others with it or goes on alone.
func InBlocks(ctx context.Context, n, width int, run func(lo, hi int, member *StepMember)) (whole bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	g := newStepGroup(n, (n+width-1)/width)
	g.blocks = true
	g.run(width, func(lo int, member *StepMember) { run(lo, min(lo+width, n), member) })
	return !g.lost, nil
}

func newStepGroup(samples, members int) *StepGroup {
	g := &StepGroup{alive: members, brought: make([]float64, samples), here: make([]bool, samples)}
	g.cond.L = &g.mu
	return g
}

// run runs the members of g, each of width samples but for the last one.
func (g *StepGroup) run(width int, run func(first int, member *StepMember)) {
	var wait sync.WaitGroup
	for i := range g.alive {
		wait.Go(func() {
			member := &StepMember{of: g, i: i * width}
			defer member.end()
			run(i*width, member)
		})
	}
	wait.Wait()
}

// InBlocks reports whether m is a block of samples.
func (m *StepMember) InBlocks() bool { return m != nil && m.of.blocks }

// Lose says that a sample of the block has failed.
func (m *StepMember) Lose() {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	m.of.lost = true
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
func (m *StepMember) RMS(x float64) float64 { return m.bring(x, meanSquare) }

// Most is the largest number that a sample brings; a NaN wins.
func (m *StepMember) Most(x float64) float64 { return m.bring(x, most) }

// RMSOfBlock is RMS for the samples of a block that are live, which are not 0 there.
func (m *StepMember) RMSOfBlock(xs, live []float64) { m.bringBlock(xs, live, meanSquare) }

// MostOfBlock is Most for the samples of a block that are live.
func (m *StepMember) MostOfBlock(xs, live []float64) { m.bringBlock(xs, live, most) }

func (m *StepMember) bring(x float64, how func([]float64) float64) float64 {
	if m.alone() {
		return x
	}
	return m.meet(how, func(g *StepGroup) { g.brought[m.i], g.here[m.i] = x, true })
}

func (m *StepMember) bringBlock(xs, live []float64, how func([]float64) float64) {
	if m.alone() {
		return
	}
	all := m.meet(how, func(g *StepGroup) {
		for i, x := range xs {
			if live[i] != 0 {
				g.brought[m.i+i], g.here[m.i+i] = x, true
			}
		}
	})
	for i := range xs {
		if live[i] != 0 {
			xs[i] = all
		}
	}
}

// meet brings something to a meeting of all samples in the solve, and gives what comes of it. The order of samples is that of the batch, whoever comes
// last.
func (m *StepMember) meet(how func([]float64) float64, bring func(g *StepGroup)) float64 {
	g := m.of
	g.mu.Lock()
	defer g.mu.Unlock()
	bring(g)
	g.how = how
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
	Clear(g.here)
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
