package rt

import "math"

// Optimizer is a row of a recipe: SGD, Adam, AdamW, RMSprop, LBFGS or LeastSquares, with values
// exactly as written (a zero is a zero; the Default functions give PyTorch's).
// The formulas and their order of operations are those of torch.optim.
type Optimizer interface {
	// Rate is the learning rate before the schedule.
	Rate() float64
}

// SGD is g += Decay w; b = Momentum b + (1-Dampening) g (b = g at the
// first step); w -= lr b, or lr (g + Momentum b) with Nesterov.
type SGD struct {
	LR, Momentum, Dampening float64
	Nesterov                bool
	Decay                   float64
}

// Adam is Kingma and Ba (2015) with the decay Decay w added to the gradient.
type Adam struct {
	LR, Beta1, Beta2, Eps, Decay float64
}

// AdamW is Loshchilov and Hutter (2019): w is scaled by 1 - lr Decay first.
type AdamW struct {
	LR, Beta1, Beta2, Eps, Decay float64
}

// RMSprop divides by √v + Eps, v = Alpha v + (1-Alpha) g²; Centered subtracts
// the squared mean of g.
type RMSprop struct {
	LR, Alpha, Eps, Decay, Momentum float64
	Centered                        bool
}

// Rate is LR.
func (o SGD) Rate() float64 { return o.LR }

// Rate is LR.
func (o Adam) Rate() float64 { return o.LR }

// Rate is LR.
func (o AdamW) Rate() float64 { return o.LR }

// Rate is LR.
func (o RMSprop) Rate() float64 { return o.LR }

// DefaultSGD has PyTorch's defaults: lr 1e-3 and nothing else.
func DefaultSGD() SGD { return SGD{LR: 1e-3} }

// DefaultAdam has lr 1e-3, betas 0.9 and 0.999, eps 1e-8.
func DefaultAdam() Adam { return Adam{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// DefaultAdamW has Adam's defaults and decay 0.01.
func DefaultAdamW() AdamW {
	return AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01}
}

// DefaultRMSprop has lr 0.01, alpha 0.99, eps 1e-8.
func DefaultRMSprop() RMSprop { return RMSprop{LR: 0.01, Alpha: 0.99, Eps: 1e-8} }

// span is a range of the flat weights that is trained.
type span struct{ lo, hi int }

// moments is the state of an optimiser: slots as long as the weights, whose
// names are those in train.safetensors.
type moments[R Float] struct {
	opt   Optimizer
	spans []span
	steps int
	names []string
	slot  [][]R // at least as many as kernels on a device are given
}

func newMoments[R Float](opt Optimizer, n int, spans []span) *moments[R] {
	m := &moments[R]{opt: opt, spans: spans}
	switch o := opt.(type) {
	case SGD:
		if o.Momentum != 0 {
			m.names = []string{"momentum"}
		}
	case Adam, AdamW:
		m.names = []string{"exp_avg", "exp_avg_sq"}
	case RMSprop:
		m.names = []string{"square_avg", "momentum", "grad_avg"}
	case LBFGS:
		m.names = o.slots()
	}
	m.slot = make([][]R, max(len(m.names), len(held[R]{}.slot)))
	for i := range m.names {
		m.slot[i] = make([]R, n)
	}
	return m
}

// step moves the trained weights; lr is the scheduled rate.
func (m *moments[R]) step(w, g []R, lr float64) {
	m.steps++
	if o, ok := m.opt.(LBFGS); ok {
		m.lbfgs(o, w, g, lr)
		return
	}
	for _, s := range m.spans {
		switch o := m.opt.(type) {
		case SGD:
			m.sgd(o, w, g, s, lr)
		case Adam:
			m.adam(o, 1, o.Decay, w, g, s, lr)
		case AdamW:
			m.adam(Adam(o), 1-lr*o.Decay, 0, w, g, s, lr)
		case RMSprop:
			m.rmsprop(o, w, g, s, lr)
		}
	}
}

func (m *moments[R]) sgd(o SGD, w, g []R, s span, lr float64) {
	b := m.slot[0]
	for i := s.lo; i < s.hi; i++ {
		d := g[i]
		if o.Decay != 0 {
			d += R(R(o.Decay) * w[i])
		}
		if o.Momentum != 0 {
			if m.steps == 1 {
				b[i] = d
			} else {
				b[i] = R(R(o.Momentum)*b[i]) + R(R(1-o.Dampening)*d)
			}
			if o.Nesterov {
				d += R(R(o.Momentum) * b[i])
			} else {
				d = b[i]
			}
		}
		w[i] -= R(R(lr) * d)
	}
}

// sizes are the length of step number k, from 1, at rate lr, and the root of what the squared gradients' mean is short of.
func (o Adam) sizes(k int, lr float64) (size, root float64) {
	return -lr / (1 - Pow64(o.Beta1, float64(k))), math.Sqrt(1 - Pow64(o.Beta2, float64(k)))
}

func (m *moments[R]) adam(o Adam, shrink, decay float64, w, g []R, s span, lr float64) {
	m1, m2 := m.slot[0], m.slot[1]
	step, norm := o.sizes(m.steps, lr)
	size, root := R(step), R(norm)
	for i := s.lo; i < s.hi; i++ {
		w[i] *= R(shrink)
		d := g[i]
		if decay != 0 {
			d += R(R(decay) * w[i])
		}
		m1[i] = lerp(m1[i], d, 1-o.Beta1)
		m2[i] = R(m2[i]*R(o.Beta2)) + R(R(R(1-o.Beta2)*d)*d)
		w[i] += R(size*m1[i]) / (sqrt(m2[i])/root + R(o.Eps))
	}
}

func (m *moments[R]) rmsprop(o RMSprop, w, g []R, s span, lr float64) {
	sq, mom, avg := m.slot[0], m.slot[1], m.slot[2]
	for i := s.lo; i < s.hi; i++ {
		d := g[i]
		if o.Decay != 0 {
			d += R(R(o.Decay) * w[i])
		}
		sq[i] = R(sq[i]*R(o.Alpha)) + R(R(R(1-o.Alpha)*d)*d)
		v := sq[i]
		if o.Centered {
			avg[i] = lerp(avg[i], d, 1-o.Alpha)
			v -= R(avg[i] * avg[i])
		}
		den := sqrt(v) + R(o.Eps)
		if o.Momentum > 0 {
			mom[i] = R(mom[i]*R(o.Momentum)) + d/den
			w[i] -= R(R(lr) * mom[i])
		} else {
			w[i] -= R(R(lr)*d) / den
		}
	}
}

// lerp is a + t(b-a), in the form that torch.lerp takes for either half of t.
func lerp[R Float](a, b R, t float64) R {
	if t < 0.5 {
		return a + R(R(t)*(b-a))
	}
	return b - R((b-a)*R(1-t))
}

func sqrt[R Float](x R) R { return R(math.Sqrt(float64(x))) }
