package method

import (
	"fmt"
	"math/big"
	"slices"

	"ndec.dev/ndec/ir"
)

// Nystrom is an explicit Runge-Kutta-Nyström method for q” = f(t, q), written as q' = v, v' = f(t, q) (Nyström 1925;
// Hairer, Nørsett, Wanner I, II.14), in rationals:
//
//	k_i = f(t + c_i h, q + c_i h v + h² Σ_j a_ij k_j)
//	q1  = q + h v + h² Σ_i b_i k_i,   v1 = v + h Σ_i bv_i k_i
//
// BHat and BVHat are the weights of an embedded solution, nil where there is none.
//
// Dense output goes through positions, velocities and accelerations at both ends of the step, from order 6 on through the acceleration at
// its middle too. An integral is summed by Lobatto's formula along it.
type Nystrom struct {
	A               [][]*big.Rat // row i has i entries
	B, BV           []*big.Rat
	BHat, BVHat, C  []*big.Rat
	Order, Embedded int
	Digits          int // of the coefficients where they are rounded decimals, 0 where they are exact
}

// FSAL reports whether the last stage is the acceleration at the new position.
func (t *Nystrom) FSAL() bool {
	s := len(t.C)
	return s > 1 && t.C[s-1].Cmp(one) == 0 && equal(t.A[s-1], t.B)
}

// Evals is the number of evaluations of a step.
func (t *Nystrom) Evals() int {
	if t.FSAL() {
		return len(t.C) - 1
	}
	return len(t.C)
}

// middle reports whether dense output sees the acceleration at the middle of the step.
func (t *Nystrom) middle() bool { return t.Order >= 6 }

// DenseOrder is the order of dense output, that of velocities: they are slopes of positions, and an order less exact.
func (t *Nystrom) DenseOrder() int { return t.Order - 1 }

// DenseEvals is the number of further evaluations of a step with dense output.
func (t *Nystrom) DenseEvals() int {
	n := 0
	if !t.FSAL() {
		n++
	}
	if t.middle() {
		n++
	}
	return n
}

// curve are the weights of the stages, and of the acceleration at the end, in d0, d1 and d2 of dense output: see accelerations.
func (t *Nystrom) curve() [][]*big.Rat {
	var out [][]*big.Rat
	for _, r := range [][4]*big.Rat{
		{big.NewRat(10, 1), big.NewRat(-4, 1), big.NewRat(-3, 2), big.NewRat(1, 2)},
		{big.NewRat(-15, 1), big.NewRat(7, 1), big.NewRat(3, 2), big.NewRat(-1, 1)},
		{big.NewRat(6, 1), big.NewRat(-3, 1), big.NewRat(-1, 2), big.NewRat(1, 2)},
	} {
		var row []*big.Rat
		for j := range t.C {
			w := new(big.Rat).Add(new(big.Rat).Mul(r[0], t.B[j]), new(big.Rat).Mul(r[1], t.BV[j]))
			if j == 0 {
				w.Add(w, r[2])
			}
			row = append(row, w)
		}
		out = append(out, append(row, r[3]))
	}
	return out
}

// NotSecondOrder says why a system is no second-order one: der(State) is no other state, or depends on Of, a velocity or an
// integral.
type NotSecondOrder struct{ State, Of string }

func (e *NotSecondOrder) Error() string {
	if e.Of == "" {
		return fmt.Sprintf("der(%s) is not a state of its own", e.State)
	}
	return fmt.Sprintf("der(%s) depends on %s", e.State, e.Of)
}

// motion says of each state of a second-order system where its velocity is: the place of another state, or accelerated or summed.
type motion []int

const (
	accelerated = -1 // a velocity
	added       = -2 // an integral, which nothing depends on
)

// motionOf finds the positions and velocities of s.
func motionOf(s *ir.Solve) (motion, error) {
	n := len(s.States)
	deps := dependencies(s.Field)
	of := make(motion, n)
	taken := make([]bool, n)
	for i, st := range s.States {
		of[i] = accelerated
		if !st.InNorm {
			of[i] = added
		} else if r := s.Field.Results[i]; r.Op == ir.OpArg && r.Attr.Index > 0 && r.Attr.Index <= n {
			j := r.Attr.Index - 1
			if i == j || taken[j] || !s.States[j].InNorm {
				return nil, &NotSecondOrder{st.Name, s.States[j].Name}
			}
			of[i], taken[j] = j, true
		}
	}
	for i, st := range s.States {
		if of[i] != accelerated {
			continue
		}
		if !taken[i] {
			return nil, &NotSecondOrder{State: st.Name}
		}
		for j, dep := range deps[i][1 : 1+n] {
			if dep && of[j] < 0 {
				return nil, &NotSecondOrder{st.Name, s.States[j].Name}
			}
		}
	}
	for i, j := range of {
		if j >= 0 && of[j] >= 0 { // a position that is the velocity of another
			return nil, &NotSecondOrder{s.States[i].Name, s.States[j].Name}
		}
	}
	return of, nil
}

// buildNystrom is Build for a Runge-Kutta-Nyström method.
func (n *maker) buildNystrom(m *ir.Module, by *Nystrom) error {
	of, err := motionOf(n.s)
	if err != nil {
		return err
	}
	w := &nystromMaker{maker: n, by: by, of: of}
	s := n.s
	plain, evals := w.function("step", "one step", nystromStep)
	dense, denseEvals := w.function("dense_step", "one step with the data for dense output", nystromDense)
	s.Step, s.StepEvals = m.AddFunc(plain), evals
	s.DenseStep, s.DenseEvals = m.AddFunc(dense), denseEvals-evals
	s.Dense = m.AddFunc(w.dense())
	replay, _ := w.function("replay", "one step as a function of its start alone, for derivatives", nystromReplay)
	at, _ := w.function("replay_at", "the states inside one step as a function of its start alone, for derivatives", nystromReplayAt)
	s.Replay, s.ReplayAt = m.AddFunc(replay), m.AddFunc(at)
	return nil
}

// nystromMaker writes the functions of a solve.
type nystromMaker struct {
	*maker
	by *Nystrom
	of motion
}

// places are those of Lobatto's formula for integrals.
func (w *nystromMaker) places() places {
	if w.by.middle() {
		return places{new(big.Rat), lobatto(-1, 3, 7), big.NewRat(1, 2), lobatto(1, 3, 7), one}
	}
	return places{new(big.Rat), lobatto(-1, 1, 5), lobatto(1, 1, 5), one}
}

// lobatto is (1 + sign √(p/q))/2.
func lobatto(sign, p, q int64) *big.Rat {
	x := new(big.Float).SetPrec(400)
	r, _ := x.Sqrt(x.SetRat(big.NewRat(p, q))).Rat(nil)
	r.Mul(r, big.NewRat(sign, 2))
	return r.Add(r, big.NewRat(1, 2))
}

// kinds of functions of a step.
type nystromKind uint8

const (
	nystromStep nystromKind = iota
	nystromDense
	nystromReplay
	nystromReplayAt
)

// function builds a function of a step, and counts its evaluations.
func (w *nystromMaker) function(suffix, doc string, kind nystromKind) (*ir.Func, int) {
	b := w.newFunc(suffix, doc)
	st := &moving{nystromMaker: w, b: b, t: scalar(b, "t"), h: scalar(b, "h"), k: make([][]*ir.Value, len(w.by.C))}
	var theta *ir.Value
	if kind == nystromReplayAt {
		theta = scalar(b, "theta")
	}
	st.y = w.states(b, "")
	taken := w.s.FSAL && (kind == nystromStep || kind == nystromDense)
	if taken {
		st.k[0] = w.states(b, "_k")
	}
	st.c = w.extras(b)
	if kind == nystromReplayAt {
		b.Func.ResultNames = w.resultNames("_at")
		return b.Return(w.inside(b, theta, st.h, st.y, st.data())...), st.evals
	}
	results, labels := st.end(), w.resultNames("_next")
	results = results[:len(results):len(results)]
	if w.s.Adaptive && kind != nystromReplay {
		results, labels = append(results, st.errors()...), append(labels, w.resultNames("_err")...)
	}
	if taken {
		results, labels = append(results, st.last()...), append(labels, w.resultNames("_knext")...)
	}
	if kind == nystromDense {
		for _, d := range st.data() {
			labels = append(labels, fmt.Sprintf("d%d", len(results)))
			results = append(results, d)
		}
	}
	b.Func.ResultNames = labels
	return b.Return(results...), st.evals
}

// dense builds Dense.
func (w *nystromMaker) dense() *ir.Func {
	b := w.newFunc("dense", "the states inside a step, at t + theta*h")
	theta, h := scalar(b, "theta"), scalar(b, "h")
	y := w.states(b, "")
	w.states(b, "_next")
	var data []*ir.Value
	for i, st := range w.s.States {
		for p := range w.dataOf(i) {
			data = append(data, b.Arg(fmt.Sprintf("%s_d%d", st.Name, p), st.Type))
		}
	}
	b.Func.ResultNames = w.resultNames("_at")
	return b.Return(w.inside(b, theta, h, y, data)...)
}

// dataOf is the number of data of state i for dense output: of a velocity the coefficients of the acceleration, of an integral those of
// its rate.
func (w *nystromMaker) dataOf(i int) int {
	switch {
	case w.of[i] == added:
		return len(w.places())
	case w.of[i] == accelerated && w.by.middle():
		return 5
	case w.of[i] == accelerated:
		return 4
	}
	return 0
}

// inside are the states at theta. With the data a, d0, d1, … of a velocity, in units of h and h²,
//
//	q + h θ (v + h θ (a/2 + θ (d0 + θ (d1 + …))))        v + h θ (a + θ (3 d0 + θ (4 d1 + …)))
//
// and the integrals are polynomials with the data as coefficients.
func (w *nystromMaker) inside(b *ir.Builder, theta, h *ir.Value, y, data []*ir.Value) []*ir.Value {
	of := make([][]*ir.Value, len(y))
	for i := range y {
		n := w.dataOf(i)
		of[i], data = data[:n], data[n:]
	}
	return w.insideOf(b, theta, h, y, of)
}

// insideOf is inside with the data by state; integrals without data stay as they are.
func (w *nystromMaker) insideOf(b *ir.Builder, theta, h *ir.Value, y []*ir.Value, of [][]*ir.Value) []*ir.Value {
	scale := b.Mul(h, theta)
	out := make([]*ir.Value, len(y))
	for i, st := range w.s.States {
		e := st.Type.Elem
		th, sc := b.Cast(theta, e), b.Cast(scale, e)
		// horner is the polynomial in θ with coefficients times weights.
		horner := func(c []*ir.Value, weight func(p int) float64) *ir.Value {
			var sum *ir.Value
			for p := len(c) - 1; p >= 0; p-- {
				x := c[p]
				if f := weight(p); f != 1 {
					x = b.Mul(b.Const(f, e), x)
				}
				if sum != nil {
					x = b.Add(x, b.Mul(th, sum))
				}
				sum = x
			}
			return sum
		}
		switch j := w.of[i]; {
		case j == added && of[i] == nil:
			out[i] = y[i]
			continue
		case j == added:
			out[i] = b.Add(y[i], b.Mul(sc, horner(of[i], func(int) float64 { return 1 })))
		case j == accelerated:
			out[i] = b.Add(y[i], b.Mul(sc, horner(of[i], func(p int) float64 {
				if p == 0 {
					return 1
				}
				return float64(p + 2)
			})))
		default:
			rise := horner(of[j], func(p int) float64 {
				if p == 0 {
					return 0.5
				}
				return 1
			})
			out[i] = b.Add(y[i], b.Mul(sc, b.Add(y[j], b.Mul(sc, rise))))
		}
		out[i].Named(st.Name + "_at")
	}
	return out
}

// moving writes the body of a step. What several of its results need is made once.
type moving struct {
	*nystromMaker
	b     *ir.Builder
	t, h  *ir.Value
	y, c  []*ir.Value
	k     [][]*ir.Value // the field at the stages, of which velocities alone are read
	evals int

	y1, q1, slope []*ir.Value
	curve, sums   [][]*ir.Value // data of dense output, by velocity and by integral
}

func (m *moving) eval(t *ir.Value, y []*ir.Value) []*ir.Value {
	m.evals++
	return Evaluate(m.b, m.s, append(append([]*ir.Value{t}, y...), m.c...), m.t, m.h)
}

// length is h, or h² where square, times x in f64, in the type of a state.
func (m *moving) length(x *big.Rat, square bool, e ir.Elem) *ir.Value {
	h := m.h
	if square {
		h = m.b.Mul(h, h)
	}
	if x.Cmp(one) != 0 {
		h = m.b.Mul(h, m.b.Const(number(x), ir.F64))
	}
	return m.b.Cast(h, e)
}

func (m *moving) at(c *big.Rat) *ir.Value {
	if c.Sign() == 0 {
		return m.t
	}
	return m.b.Add(m.t, m.length(c, false, ir.F64))
}

// stage makes stage i and those before it that it needs.
func (m *moving) stage(i int) []*ir.Value {
	if m.k[i] != nil {
		return m.k[i]
	}
	y := m.y
	switch {
	case i > 0 && m.by.C[i].Cmp(one) == 0 && equal(m.by.A[i], m.by.B):
		y = m.positions()
	case i > 0:
		y = m.moved(m.by.C[i], m.by.A[i])
	}
	k := m.eval(m.at(m.by.C[i]), y)
	for x, st := range m.s.States {
		if m.of[x] == accelerated {
			k[x].Named(fmt.Sprintf("%s_k%d", st.Name, i+1))
		}
	}
	m.k[i] = k
	return k
}

// moved are the states with positions q + c h v + h² Σ a_j k_j, the others as they are.
func (m *moving) moved(c *big.Rat, a []*big.Rat) []*ir.Value {
	out := append([]*ir.Value(nil), m.y...)
	for i, j := range m.of {
		if j >= 0 {
			out[i] = m.b.Add(out[i], m.b.Mul(m.length(c, false, out[i].Type.Elem), m.y[j]))
			out[i] = m.sum(out[i], j, a, true)
		}
	}
	return out
}

// sum is x + h Σ w_j k_j, or with h², of the accelerations of state of; nil x is zero.
func (m *moving) sum(x *ir.Value, of int, w []*big.Rat, square bool) *ir.Value {
	for j, c := range w {
		if c.Sign() != 0 {
			k := m.stage(j)[of]
			x = add(m.b, x, m.b.Mul(m.length(c, square, k.Type.Elem), k))
		}
	}
	return x
}

// positions are the states with the new positions.
func (m *moving) positions() []*ir.Value {
	if m.q1 == nil {
		m.q1 = m.moved(one, m.by.B)
		for i, j := range m.of {
			if j >= 0 {
				m.q1[i].Named(m.s.States[i].Name + "_next")
			}
		}
	}
	return m.q1
}

// ends are the states with new positions and velocities.
func (m *moving) ends() []*ir.Value {
	if m.y1 == nil {
		m.y1 = append([]*ir.Value(nil), m.positions()...)
		for i, st := range m.s.States {
			if m.of[i] == accelerated {
				m.y1[i] = m.sum(m.y1[i], i, m.by.BV, false).Named(st.Name + "_next")
			}
		}
	}
	return m.y1
}

// end are the new states.
func (m *moving) end() []*ir.Value {
	out := append([]*ir.Value(nil), m.ends()...)
	for i, st := range m.s.States {
		if m.of[i] == added {
			var total *ir.Value
			for _, d := range m.rates()[i] {
				total = add(m.b, total, d)
			}
			out[i] = m.b.Add(m.y[i], m.b.Mul(m.length(one, false, st.Type.Elem), total)).Named(st.Name + "_next")
		}
	}
	return out
}

// errors are differences from the embedded solution.
func (m *moving) errors() []*ir.Value {
	minus := func(x, y []*big.Rat) []*big.Rat { return (&Tableau{B: x, BHat: y}).ErrorWeights() }
	out := make([]*ir.Value, len(m.y))
	for i, st := range m.s.States {
		switch j := m.of[i]; j {
		case added:
			out[i] = m.b.Zeros(st.Type)
		case accelerated:
			out[i] = m.sum(nil, i, minus(m.by.BV, m.by.BVHat), false).Named(st.Name + "_err")
		default:
			out[i] = m.sum(nil, j, minus(m.by.B, m.by.BHat), true).Named(st.Name + "_err")
		}
	}
	return out
}

// last is the field at the end of the step, which the next one takes over.
func (m *moving) last() []*ir.Value {
	if m.slope != nil {
		return m.slope
	}
	last := len(m.by.C) - 1
	if m.by.FSAL() && !slices.Contains(m.of, added) {
		m.slope = append([]*ir.Value(nil), m.stage(last)...)
	} else {
		m.slope = m.eval(m.at(one), m.ends())
	}
	for i, j := range m.of {
		switch {
		case j >= 0:
			m.slope[i] = m.ends()[j]
		case j == accelerated && m.by.FSAL():
			m.slope[i] = m.stage(last)[i]
		}
	}
	return m.slope
}

// accelerations are, for each velocity, a, d0, d1, … as inside has them: of the polynomial through position, velocity and acceleration at
// both ends of the step,
//
//	d0 = 10 Q - 4 V + E/2    d1 = -15 Q + 7 V - E    d2 = 6 Q - 3 V + E/2
//
// with Q = Σ b k - k_1/2, V = Σ bv k - k_1 and E = k_end - k_1. From order 6 on the acceleration in the middle counts too: with D 8/3 of what it
// is more than that of the polynomial, d0 - D, d1 + 3 D, d2 - 3 D, D.
func (m *moving) accelerations() [][]*ir.Value {
	if m.curve != nil {
		return m.curve
	}
	first, end := m.stage(0), m.last()
	curve := make([][]*ir.Value, len(m.y))
	for i, st := range m.s.States {
		if m.of[i] != accelerated {
			continue
		}
		curve[i] = []*ir.Value{first[i]}
		for _, w := range m.by.curve() {
			var sum *ir.Value
			for j, x := range w {
				if x.Sign() == 0 {
					continue
				}
				k := end[i]
				if j < len(m.by.C) {
					k = m.stage(j)[i]
				}
				sum = add(m.b, sum, m.b.Mul(m.b.Const(number(x), st.Type.Elem), k))
			}
			curve[i] = append(curve[i], sum)
		}
	}
	m.curve = curve
	if !m.by.middle() {
		return curve
	}
	half := big.NewRat(1, 2)
	k := m.eval(m.at(half), m.insideOf(m.b, m.b.Const(0.5, ir.F64), m.h, m.y, curve))
	for i, c := range curve {
		if c == nil {
			continue
		}
		b, e := m.b, c[0].Type.Elem
		times := func(x float64, v *ir.Value) *ir.Value { return b.Mul(b.Const(x, e), v) }
		there := b.Add(b.Add(c[0], times(3, b.Add(c[1], c[2]))), times(2.5, c[3]))
		more := times(8.0/3, b.Sub(k[i], there))
		curve[i] = []*ir.Value{c[0], b.Sub(c[1], more), b.Add(c[2], times(3, more)), b.Sub(c[3], times(3, more)), more}
	}
	return curve
}

// rates are, for each integral, the coefficients of the polynomial whose slope goes through its rates at the places of Lobatto's formula.
func (m *moving) rates() [][]*ir.Value {
	if m.sums != nil {
		return m.sums
	}
	at := m.places()
	var fields [][]*ir.Value
	for p, c := range at {
		switch p {
		case 0:
			fields = append(fields, m.stage(0))
		case len(at) - 1:
			fields = append(fields, m.last())
		default:
			fields = append(fields, m.eval(m.at(c), m.insideOf(m.b, m.b.Const(number(c), ir.F64), m.h, m.y, m.accelerations())))
		}
	}
	m.sums = make([][]*ir.Value, len(m.y))
	weights := integrals(at)
	for i, st := range m.s.States {
		if m.of[i] != added {
			continue
		}
		for power := range at {
			var sum *ir.Value
			for p, k := range fields {
				if w := number(weights[p][power]); w != 0 {
					sum = add(m.b, sum, m.b.Mul(m.b.Const(w, st.Type.Elem), k[i]))
				}
			}
			m.sums[i] = append(m.sums[i], sum)
		}
	}
	return m.sums
}

// data are those of dense output, state by state.
func (m *moving) data() []*ir.Value {
	var out []*ir.Value
	for i, j := range m.of {
		switch j {
		case added:
			out = append(out, m.rates()[i]...)
		case accelerated:
			out = append(out, m.accelerations()[i]...)
		}
	}
	return out
}
