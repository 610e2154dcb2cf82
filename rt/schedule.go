package rt

import "math"

// Schedule gives the factor on the learning rate. Epochs and steps count from
// zero; a recipe given in steps has epochs too (passes over the data).
type Schedule interface {
	// Factor is the multiple of the base rate lr for one step.
	Factor(lr float64, p Progress) float64
}

// Progress is where training stands.
type Progress struct {
	Step, Steps   int // optimiser steps done, and planned in all
	Epoch, Epochs int
}

// Constant keeps the rate.
type Constant struct{}

// Cosine falls from lr to To along half a cosine, per epoch:
// To + (lr-To)(1+cos(π epoch/epochs))/2; per step if the plan has one epoch.
type Cosine struct{ To float64 }

// Step multiplies the rate by Gamma every Every epochs.
type Step struct {
	Every int
	Gamma float64
}

// Exponential multiplies the rate by Gamma every epoch.
type Exponential struct{ Gamma float64 }

// Warmup rises linearly over Steps optimiser steps, (step+1)/Steps, and then
// follows Then, whose clock starts at zero there for steps only.
type Warmup struct {
	Steps int
	Then  Schedule
}

// OneCycle rises from Max/Div to Max along half a cosine over the share Start of all steps, and falls to
// Max/Div/FinalDiv until the last (Smith, Topin 2018; with the formulas of OneCycleLR of PyTorch, whose momentum
// it leaves alone). Max 0 is the rate of the optimiser.
type OneCycle struct{ Max, Start, Div, FinalDiv float64 }

// Factor is 1.
func (Constant) Factor(float64, Progress) float64 { return 1 }

// Factor follows the cosine.
func (c Cosine) Factor(lr float64, p Progress) float64 {
	at, all := p.Epoch, p.Epochs
	if all <= 1 {
		at, all = p.Step, p.Steps
	}
	if all == 0 || lr == 0 {
		return 1
	}
	to := c.To / lr
	return to + (1-to)*(1+Cos64(math.Pi*float64(at)/float64(all)))/2
}

// Factor is Gamma to the number of completed periods.
func (s Step) Factor(_ float64, p Progress) float64 {
	return Pow64(s.Gamma, float64(p.Epoch/max(s.Every, 1)))
}

// Factor is Gamma^epoch.
func (e Exponential) Factor(_ float64, p Progress) float64 {
	return Pow64(e.Gamma, float64(p.Epoch))
}

// Factor follows the cycle.
func (c OneCycle) Factor(lr float64, p Progress) float64 {
	if lr == 0 {
		return 1
	}
	top := c.Max
	if top == 0 {
		top = lr
	}
	low, end := top/c.Div, top/c.Div/c.FinalDiv
	peak, last := c.Start*float64(p.Steps)-1, float64(p.Steps-1)
	anneal := func(from, to, share float64) float64 {
		return (to + (from-to)/2*(1+Cos64(math.Pi*share))) / lr
	}
	at := float64(p.Step)
	switch {
	case at <= peak && peak > 0:
		return anneal(low, top, at/peak)
	case at <= peak || last <= peak:
		return anneal(low, top, 1)
	}
	return anneal(top, end, min((at-peak)/(last-peak), 1))
}

// Factor rises, then follows Then.
func (w Warmup) Factor(lr float64, p Progress) float64 {
	if p.Step < w.Steps {
		return float64(p.Step+1) / float64(w.Steps)
	}
	if w.Then == nil {
		return 1
	}
	p.Step -= w.Steps
	p.Steps -= w.Steps
	return w.Then.Factor(lr, p)
}

// ClipKind is a way to bound gradients.
type ClipKind uint8

// Ways to bound gradients, with the formulas of torch.nn.utils.
const (
	NoClip    ClipKind = iota
	ClipNorm           // g *= min(1, Max/(‖g‖+1e-6)), over all trained weights
	ClipValue          // each component to [-Max, Max]
)

// Clip bounds the gradient before the optimiser sees it.
type Clip struct {
	Kind ClipKind
	Max  float64
}

// clip bounds the trained parts of g and gives the norm from before. The norm
// is summed in float64 over blocks of fixed length.
func clip[R Float](c Clip, g []R, spans []span) float64 {
	const block = 256
	total := 0.0
	for _, s := range spans {
		for lo := s.lo; lo < s.hi; lo += block {
			part := 0.0
			for _, v := range g[lo:min(lo+block, s.hi)] {
				part += float64(float64(v) * float64(v))
			}
			total += part
		}
	}
	norm := math.Sqrt(total)
	switch c.Kind {
	case ClipNorm:
		if f := c.Max / (norm + 1e-6); f < 1 {
			for _, s := range spans {
				for i := s.lo; i < s.hi; i++ {
					g[i] *= R(f)
				}
			}
		}
	case ClipValue:
		for _, s := range spans {
			for i := s.lo; i < s.hi; i++ {
				g[i] = min(max(g[i], R(-c.Max)), R(c.Max))
			}
		}
	}
	return norm
}
