package method

import (
	"fmt"
	"math/big"
	"slices"

	"ndec.dev/ndec/ir"
)

// Adams methods integrate the polynomial through the field at several places (Hairer, Nørsett, Wanner I,
// section III.1). The memory is the field at the last of them, newest first: f_n, f_{n-1}, …, one step apart.
//
// A solve begins with one step over as many steps of the grid as the method has places but one, made of steps of
// the extrapolated midpoint rule (Gragg 1965; Hairer, Nørsett, Wanner I, section II.9) of at least the order of
// the method, whose field fills the memory.

// adamsBashforth predicts: the polynomial through f_n, …, f_{n-p+1}, integrated over the next step.
func adamsBashforth(option func(key string) ir.Setting, _ func(*ir.Choice) *Tableau) *Memory {
	p := int(option("order").Num)
	nodes := grid(0, p)
	past := integrals(nodes)
	return multistep(p, p, 1, &Memory{
		Step: func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value) {
			next = r.weighted(r.y, atOne(past), r.memory)
			k := r.field(r.b.Add(r.t, r.h), next)
			return next, nil, shifted(k, r.memory)
		},
		Inside: func(b *ir.Builder, theta, h *ir.Value, y, y1 []*ir.Value, before, after [][]*ir.Value) []*ir.Value {
			return (&between{b, theta, h, y, y1}).through(past, before)
		},
	})
}

// adamsMoulton predicts by Adams-Bashforth and corrects by the polynomial through f_{n+1}, f_n, …, f_{n-p+2},
// f_{n+1} being the field at the prediction, or at the correction before; the field at the new state is evaluated
// last (PECE).
func adamsMoulton(option func(key string) ir.Setting, _ func(*ir.Choice) *Tableau) *Memory {
	p, corrections := int(option("order").Num), int(option("corrections").Num)
	places := max(2, p-1)
	past := integrals(grid(0, places))
	nodes := grid(1, p)
	both := integrals(nodes)
	return multistep(p, places, corrections+1, &Memory{
		Step: func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value) {
			t1 := r.b.Add(r.t, r.h)
			k := r.field(t1, r.weighted(r.y, atOne(past), r.memory))
			for range corrections {
				next = r.weighted(r.y, atOne(both), append([][]*ir.Value{k}, r.memory[:p-1]...))
				k = r.field(t1, next)
			}
			return next, nil, shifted(k, r.memory)
		},
		Inside: func(b *ir.Builder, theta, h *ir.Value, y, y1 []*ir.Value, before, after [][]*ir.Value) []*ir.Value {
			return (&between{b, theta, h, y, y1}).through(both, append([][]*ir.Value{after[0]}, before[:p-1]...))
		},
	})
}

// multistep completes a method of order p with memory of that many places.
func multistep(p, places, evals int, m *Memory) *Memory {
	m.Order, m.Evals = p, evals
	for i := range places {
		m.Suffixes = append(m.Suffixes, fmt.Sprintf("f%d", i))
	}
	m.Start = &starter{steps: places - 1, by: extrapolated((p + 1) / 2), weights: integrals(grid(1, places).scaled(places - 1))}
	return m
}

// starter says how a method with several places begins: by that many steps of a Runge-Kutta method.
type starter struct {
	steps   int
	by      *Tableau
	weights [][]*big.Rat // of dense output over all of them, from the memory at their end
}

// places are those of a polynomial, in steps from the start of one.
type places []*big.Rat

// grid is n places going down from first.
func grid(first, n int) places {
	var out places
	for i := range n {
		out = append(out, big.NewRat(int64(first-i), 1))
	}
	return out
}

// scaled moves places so that a step from 0 to 1 is n steps long.
func (ps places) scaled(n int) places {
	var out places
	for i := range ps {
		out = append(out, new(big.Rat).Sub(one, big.NewRat(int64(i), int64(n))))
	}
	return out
}

// integrals gives for each place the integral from 0 to θ of the polynomial that is 1 there and 0 at the others:
// coefficients of θ, θ², ….
func integrals(at places) [][]*big.Rat {
	var out [][]*big.Rat
	for j, xj := range at {
		basis := []*big.Rat{one}
		for i, xi := range at {
			if i == j {
				continue
			}
			// times (s - x_i) / (x_j - x_i)
			scale := new(big.Rat).Inv(new(big.Rat).Sub(xj, xi))
			next := make([]*big.Rat, len(basis)+1)
			for k := range next {
				next[k] = new(big.Rat)
				if k > 0 {
					next[k].Add(next[k], basis[k-1])
				}
				if k < len(basis) {
					next[k].Sub(next[k], new(big.Rat).Mul(xi, basis[k]))
				}
				next[k].Mul(next[k], scale)
			}
			basis = next
		}
		w := make([]*big.Rat, len(basis))
		for k, c := range basis {
			w[k] = new(big.Rat).Mul(c, big.NewRat(1, int64(k+1)))
		}
		out = append(out, w)
	}
	return out
}

// atOne are the weights at θ = 1.
func atOne(weights [][]*big.Rat) []*big.Rat {
	var out []*big.Rat
	for _, w := range weights {
		sum := new(big.Rat)
		for _, c := range w {
			sum.Add(sum, c)
		}
		out = append(out, sum)
	}
	return out
}

// shifted is the memory of the next step.
func shifted(k []*ir.Value, memory [][]*ir.Value) [][]*ir.Value {
	return append([][]*ir.Value{k}, memory[:len(memory)-1]...)
}

// weighted is y + Σ (h w_j) k_j per state.
func (r *remembered) weighted(y []*ir.Value, w []*big.Rat, k [][]*ir.Value) []*ir.Value {
	out := append([]*ir.Value(nil), y...)
	for j, x := range w {
		if x.Sign() != 0 {
			out = r.plus(out, number(x), k[j])
		}
	}
	return out
}

// extrapolated is the tableau of the midpoint rule with 2, 4, …, 2n steps, extrapolated to order 2n.
func extrapolated(n int) *Tableau {
	t := &Tableau{A: [][]*big.Rat{{}}, C: []*big.Rat{new(big.Rat)}, Order: 2 * n}
	t.B = []*big.Rat{new(big.Rat)}
	for j := 1; j <= n; j++ {
		steps := int64(2 * j)
		share := big.NewRat(1, 1) // Π m_j² / (m_j² - m_k²)
		for k := 1; k <= n; k++ {
			if k != j {
				share.Mul(share, big.NewRat(int64(j*j), int64(j*j-k*k)))
			}
		}
		g := big.NewRat(1, steps)
		two := big.NewRat(2, steps)
		// z_m = z_{m-2} + 2 g f(z_{m-1}), as sums over stages; even ones hold z_{m-2}, odd ones the other.
		sums := [2][]*big.Rat{nil, {new(big.Rat).Set(g)}} // of z_0 and z_1
		for m := int64(1); m < steps; m++ {
			row := sums[1]
			t.A = append(t.A, row)
			t.C = append(t.C, new(big.Rat).Mul(g, big.NewRat(m, 1)))
			next := make([]*big.Rat, len(t.A))
			for i := range next {
				next[i] = new(big.Rat)
				if i < len(sums[0]) {
					next[i].Set(sums[0][i])
				}
			}
			next[len(next)-1].Set(two)
			sums[0], sums[1] = sums[1], next
		}
		for i, x := range sums[1] {
			for len(t.B) <= i {
				t.B = append(t.B, new(big.Rat))
			}
			t.B[i].Add(t.B[i], new(big.Rat).Mul(share, x))
		}
	}
	return t
}

// between is a step that has been made, of which states inside are wanted.
type between struct {
	b        *ir.Builder
	theta, h *ir.Value
	y, y1    []*ir.Value
}

// through is the solution along a polynomial through the field, which ends at the new state: what that and the
// integral of the polynomial differ by is of higher order, and grows with θ. The weights of the field are
// polynomials in θ - 1/2, in f64, where those of the highest order lose least.
func (w *between) through(weights [][]*big.Rat, k [][]*ir.Value) []*ir.Value {
	b := w.b
	u := b.Sub(w.theta, b.Const(0.5, ir.F64))
	out := append([]*ir.Value(nil), w.y...)
	for j, row := range weights {
		row = aboutHalf(row)
		var at *ir.Value
		for p := len(row) - 1; p >= 0; p-- {
			c := b.Const(number(row[p]), ir.F64)
			if at == nil {
				at = c
			} else {
				at = b.Add(c, b.Mul(u, at))
			}
		}
		at = b.Mul(w.h, at)
		for i, y := range out {
			out[i] = b.Add(y, b.Mul(b.Cast(at, y.Type.Elem), k[j][i]))
		}
	}
	whole := (&remembered{b: b, h: w.h}).weighted(w.y, atOne(weights), k)
	for i, y := range out {
		out[i] = b.Add(y, b.Mul(b.Cast(w.theta, y.Type.Elem), b.Sub(w.y1[i], whole[i])))
	}
	return out
}

// aboutHalf gives the coefficients of 1, u, u², … with u = θ - 1/2 for those of θ, θ², ….
func aboutHalf(c []*big.Rat) []*big.Rat {
	out := []*big.Rat{new(big.Rat)}
	half := big.NewRat(1, 2)
	for p := len(c) - 1; p >= 0; p-- { // (out + c) (u + 1/2)
		out[0].Add(out[0], c[p])
		next := make([]*big.Rat, len(out)+1)
		for i := range next {
			next[i] = new(big.Rat)
			if i > 0 {
				next[i].Set(out[i-1])
			}
			if i < len(out) {
				next[i].Add(next[i], new(big.Rat).Mul(half, out[i]))
			}
		}
		out = next
	}
	return out
}

// starts builds the functions of the first step: a scan over steps of the Runge-Kutta method, whose field at their
// starts, and at the end of the last one, is the memory.
func (w *rememberer) starts(m *ir.Module) {
	s, by := w.s, w.by.Start
	sub := m.AddFunc(w.substep())
	s.StartSteps = by.steps
	s.StartEvals = by.steps*by.by.Needed(by.by.B) + 1
	s.Start = m.AddFunc(w.start(sub, false))
	s.StartAt = m.AddFunc(w.start(sub, true))
	b := w.newFunc("start_dense", "the states inside the first step, at t + theta*h")
	theta, h := scalar(b, "theta"), scalar(b, "h")
	start, end := w.states(b, ""), w.states(b, "_next")
	b.Func.ResultNames = w.resultNames("_at")
	s.StartDense = m.AddFunc(b.Return(w.inside(b, w.fromEnd, theta, h, start, end)...))
}

// fromEnd is the solution along the field in the memory at the end of the first step.
func (w *rememberer) fromEnd(b *ir.Builder, theta, h *ir.Value, y, y1 []*ir.Value, _, after [][]*ir.Value) []*ir.Value {
	return (&between{b, theta, h, y, y1}).through(w.by.Start.weights, after)
}

// substep is (t, x…, h, c…) -> t1, x1…, and the field at the start: a step of the Runge-Kutta method.
func (w *rememberer) substep() *ir.Func {
	b := w.newFunc("substep", "one of the steps that the first one is made of")
	plain := *w.s
	plain.States = plain.States[:w.plain]
	n := &maker{s: &plain, tab: w.by.Start.by, real: w.real}
	st := &stepper{maker: n, b: b, t: scalar(b, "t"), y: n.states(b, ""), h: scalar(b, "h")}
	st.c = n.extras(b)
	end := st.end()
	b.Func.ResultNames = append(append([]string{"t_next"}, n.resultNames("_next")...), n.resultNames("_k")...)
	return b.Return(append(append([]*ir.Value{b.Add(st.t, st.h)}, end...), st.stage(0)...)...)
}

// start builds Start, or StartAt with at.
func (w *rememberer) start(sub *ir.Func, at bool) *ir.Func {
	suffix, doc := "start", "the first step, which fills the memory of the method"
	if at {
		suffix, doc = "start_at", "the states inside the first step as a function of its start alone, for derivatives"
	}
	b := w.newFunc(suffix, doc)
	t, h := scalar(b, "t"), scalar(b, "h")
	var theta *ir.Value
	if at {
		theta = scalar(b, "theta")
	}
	start := w.states(b, "")
	y, _ := w.pieces(start)
	c := w.extras(b)
	n := w.by.Start.steps
	short := b.Div(h, b.Const(float64(n), ir.F64))
	in := slices.Concat([]*ir.Value{t}, y, []*ir.Value{short}, c)
	outs := b.Results(b.Emit(ir.OpScan, ir.Attr{Scan: &ir.Scan{Fn: sub, N: n, Carry: 1 + w.plain,
		Region: ir.SampleRegion.Inside(ir.RegionScan, sub.Name)}}, in...))
	end, past := outs[1:1+w.plain], outs[1+w.plain:]
	results := append(slices.Clone(end), Evaluate(b, w.s, slices.Concat([]*ir.Value{b.Add(t, h)}, end, c), t, h)...)
	for i := n - 1; i >= 0; i-- {
		for _, p := range past {
			results = append(results, b.At(p, i))
		}
	}
	if at {
		b.Func.ResultNames = w.resultNames("_at")
		return b.Return(w.inside(b, w.fromEnd, theta, h, start, results)...)
	}
	for i, st := range w.s.States {
		results[i].Named(st.Name + "_next")
	}
	b.Func.ResultNames = w.resultNames("_next")
	return b.Return(results...)
}
