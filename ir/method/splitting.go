package method

import (
	"fmt"
	"math/big"

	"ndec.dev/ndec/ir"
)

// Splitting is a composition of leapfrog steps (velocity Verlet) of lengths w_i h, for systems of two groups
// of states whose derivatives depend on the other group alone: symplectic and reversible. A leapfrog
// step kicks the second group by half a step, moves the first one by a whole step and kicks again.
// Integrals, which nothing depends on, are summed by the trapezoidal rule over the same steps, and so
// have the order of the composition too (it is a symmetric base method with them).
type Splitting struct {
	Weights []*big.Rat // symmetric, with sum 1
	Order   int
}

// Leaps are the steps of a splitting, with the numbers that emitted code has: each is rounded once.
func (s *Splitting) Leaps() []Leap {
	var out []Leap
	at := new(big.Rat)
	for _, w := range s.Weights {
		half := new(big.Rat).Mul(w, big.NewRat(1, 2))
		l := Leap{Length: number(w), Half: number(half), Middle: number(at.Add(at, half))}
		l.End = number(at.Add(at, half))
		out = append(out, l)
	}
	return out
}

// Leap is a leapfrog step of a splitting, in units of h: its length and half of it, and where its middle and its end lie in the
// whole step.
type Leap struct{ Length, Half, Middle, End float64 }

// composed are the weights outer…, the one that makes their sum 1, and the outer ones again.
func composed(order int, outer ...*big.Rat) *Splitting {
	s := &Splitting{Order: order}
	middle := big.NewRat(1, 1)
	for _, w := range outer {
		s.Weights = append(s.Weights, w)
		middle.Sub(middle, new(big.Rat).Add(w, w))
	}
	s.Weights = append(s.Weights, middle)
	for i := len(outer) - 1; i >= 0; i-- {
		s.Weights = append(s.Weights, outer[i])
	}
	return s
}

// rootNear is the root of f near x, by Newton's method, to 100 digits.
func rootNear(x *big.Rat, f, slope func(x *big.Rat) *big.Rat) *big.Rat {
	for range 8 { // the number of digits doubles
		x = new(big.Rat).Sub(x, new(big.Rat).Quo(f(x), slope(x)))
		x, _ = new(big.Float).SetPrec(400).SetRat(x).Rat(nil)
	}
	return x
}

// cubes is the sum of the cubes of the weights, which composing methods of order 2 to one of order 4 makes zero.
func (s *Splitting) cubes() *big.Rat {
	sum := new(big.Rat)
	for _, w := range s.Weights {
		sum.Add(sum, new(big.Rat).Mul(w, new(big.Rat).Mul(w, w)))
	}
	return sum
}

// NotSeparable says why a system cannot be split: the derivative of State depends on Of, which would have to
// move with it.
type NotSeparable struct{ State, Of string }

func (e *NotSeparable) Error() string {
	if e.State == e.Of {
		return fmt.Sprintf("der(%s) depends on %s itself", e.State, e.Of)
	}
	return fmt.Sprintf("der(%s) depends on %s, which moves together with it", e.State, e.Of)
}

// groups of the states of a split solve.
const (
	moved  = iota // the group of the first state
	kicked        // the other one
	summed        // integrals
)

// split assigns states to groups by what the field's results depend on.
func split(s *ir.Solve) ([]int, error) {
	n := len(s.States)
	deps := dependencies(s.Field)
	group := make([]int, n)
	linked := make([][]int, n)
	for i, st := range s.States {
		group[i] = -1
		if !st.InNorm {
			group[i] = summed
			continue
		}
		for j := range n {
			if !deps[i][1+j] {
				continue
			}
			if i == j || !s.States[j].InNorm {
				return nil, &NotSeparable{st.Name, s.States[j].Name}
			}
			linked[i], linked[j] = append(linked[i], j), append(linked[j], i)
		}
	}
	for first := range n {
		if group[first] >= 0 {
			continue
		}
		group[first] = moved
		for todo := []int{first}; len(todo) > 0; todo = todo[1:] {
			for _, j := range linked[todo[0]] {
				switch group[j] {
				case -1:
					group[j] = moved + kicked - group[todo[0]]
					todo = append(todo, j)
				case group[todo[0]]:
					a, b := todo[0], j
					if !deps[a][1+b] {
						a, b = b, a
					}
					return nil, &NotSeparable{s.States[a].Name, s.States[b].Name}
				}
			}
		}
	}
	return group, nil
}

// dependencies says for each result of f on which of its arguments it depends.
func dependencies(f *ir.Func) [][]bool {
	d := &dependence{args: len(f.Args), of: map[*ir.Value][]bool{}}
	for _, v := range f.Values {
		d.of[v] = d.value(v)
	}
	var out [][]bool
	for _, r := range f.Results {
		out = append(out, d.of[r])
	}
	return out
}

type dependence struct {
	args int
	of   map[*ir.Value][]bool
}

func (d *dependence) union(vs ...*ir.Value) []bool {
	out := make([]bool, d.args)
	for _, v := range vs {
		for i, x := range d.of[v] {
			out[i] = out[i] || x
		}
	}
	return out
}

func (d *dependence) value(v *ir.Value) []bool {
	switch v.Op {
	case ir.OpArg:
		out := make([]bool, d.args)
		out[v.Attr.Index] = true
		return out
	case ir.OpGrad, ir.OpPartial:
		if out := d.slope(v.Args[0], v.Args[1]); out != nil {
			return out
		}
		return make([]bool, d.args)
	case ir.OpResult:
		if call := v.Args[0]; call.Op == ir.OpCall {
			return d.called(call, v.Attr.Index)
		}
	case ir.OpCall:
		if len(v.Attr.Func.Results) == 1 {
			return d.called(v, 0)
		}
	}
	return d.union(v.Args...)
}

func (d *dependence) called(call *ir.Value, result int) []bool {
	var read []*ir.Value
	for i, x := range dependencies(call.Attr.Func)[result] {
		if x {
			read = append(read, call.Args[i])
		}
	}
	return d.union(read...)
}

// slope is what the derivative of e by x depends on, nil where it is zero: of a sum it is what those of the
// terms depend on, so that the energies of positions and momenta fall apart.
func (d *dependence) slope(e, x *ir.Value) []bool {
	if e == x {
		return make([]bool, d.args)
	}
	if !d.reaches(e, x, map[*ir.Value]bool{}) {
		return nil
	}
	merge := func(lists ...[]bool) []bool {
		out := make([]bool, d.args)
		for _, l := range lists {
			for i, y := range l {
				out[i] = out[i] || y
			}
		}
		return out
	}
	switch e.Op {
	case ir.OpAdd, ir.OpSub:
		return merge(d.slope(e.Args[0], x), d.slope(e.Args[1], x))
	case ir.OpNeg, ir.OpSum, ir.OpReshape, ir.OpCast, ir.OpMean:
		return d.slope(e.Args[0], x)
	case ir.OpMul:
		a, b := e.Args[0], e.Args[1]
		if d.slope(a, x) == nil {
			return merge(d.of[a], d.slope(b, x))
		}
		if d.slope(b, x) == nil {
			return merge(d.of[b], d.slope(a, x))
		}
	}
	return d.union(e)
}

// reaches reports whether e is computed from x.
func (d *dependence) reaches(e, x *ir.Value, seen map[*ir.Value]bool) bool {
	if e == x {
		return true
	}
	if seen[e] {
		return false
	}
	seen[e] = true
	for _, a := range e.Args {
		if d.reaches(a, x, seen) {
			return true
		}
	}
	return false
}

// buildSplitting is Build for a splitting.
func (n *maker) buildSplitting(m *ir.Module, sp *Splitting) error {
	group, err := split(n.s)
	if err != nil {
		return err
	}
	w := &splitter{maker: n, by: sp, group: group}
	n.s.Step = m.AddFunc(w.function("step", "one step", false, false))
	n.s.DenseStep = m.AddFunc(w.function("dense_step", "one step with the data for dense output", true, false))
	n.s.Dense = m.AddFunc(w.dense())
	n.s.Replay = m.AddFunc(w.function("replay", "one step as a function of its start alone, for derivatives", false, true))
	n.s.ReplayAt = m.AddFunc(w.replayAt())
	for _, g := range group {
		if g == summed {
			n.s.StepEvals += len(sp.Weights) + 1
			break
		}
	}
	return nil
}

// splitter writes the steps of a splitting.
type splitter struct {
	*maker
	by    *Splitting
	group []int
}

// run is a step on its way.
type run struct {
	b    *ir.Builder
	t, h *ir.Value
	y, c []*ir.Value
	of   *ir.Solve
}

func (r *run) eval(t *ir.Value, y []*ir.Value) []*ir.Value {
	return Evaluate(r.b, r.of, append(append([]*ir.Value{t}, y...), r.c...), r.t, r.h)
}

// shift adds w h k to the states of a group.
func (w *splitter) shift(r *run, group int, weight float64, k []*ir.Value) {
	y := append([]*ir.Value(nil), r.y...)
	for i, st := range w.s.States {
		if w.group[i] == group {
			wh := r.b.Cast(r.b.Mul(r.h, r.b.Const(weight, ir.F64)), st.Type.Elem)
			y[i] = r.b.Add(y[i], r.b.Mul(wh, k[i]))
		}
	}
	r.y = y
}

// steps goes from r.y to the end of the step; k is the field there and it returns that of the end, of
// which only what kicks is up to date.
func (w *splitter) steps(r *run, k []*ir.Value) []*ir.Value {
	b, t := r.b, r.t
	sums := false
	for _, g := range w.group {
		sums = sums || g == summed
	}
	var rate []*ir.Value
	if sums {
		rate = r.eval(t, r.y)
	}
	for _, l := range w.by.Leaps() {
		if sums {
			w.shift(r, summed, l.Half, rate)
		}
		w.shift(r, kicked, l.Half, k)
		w.shift(r, moved, l.Length, r.eval(b.Add(t, b.Mul(r.h, b.Const(l.Middle, ir.F64))), r.y))
		end := b.Add(t, b.Mul(r.h, b.Const(l.End, ir.F64)))
		k = r.eval(end, r.y)
		w.shift(r, kicked, l.Half, k)
		if sums {
			rate = r.eval(end, r.y)
			w.shift(r, summed, l.Half, rate)
		}
	}
	return k
}

func (w *splitter) function(suffix, doc string, dense, replay bool) *ir.Func {
	b := w.newFunc(suffix, doc)
	r := &run{b: b, t: scalar(b, "t"), h: scalar(b, "h"), y: w.states(b, ""), of: w.s}
	start := r.y
	var k []*ir.Value
	if !replay {
		k = w.states(b, "_k")
	}
	r.c = w.extras(b)
	if replay {
		k = r.eval(r.t, r.y)
	}
	next := w.steps(r, k)
	results, names := append([]*ir.Value(nil), r.y...), w.resultNames("_next")
	if !replay {
		results, names = append(results, next...), append(names, w.resultNames("_knext")...)
	}
	if dense {
		for p, d := range w.hermite(r, start) {
			results = append(results, d...)
			names = append(names, w.resultNames(fmt.Sprintf("_d%d", p+1))...)
		}
	}
	b.Func.ResultNames = names
	return b.Return(results...)
}

// hermite is the data of the cubic through the states and derivatives at both ends: y + θ (d1 + θ (d2 + θ d3)). It has no division by h: in lanes a sample that
// takes no part has a step of no length.
func (w *splitter) hermite(r *run, start []*ir.Value) [][]*ir.Value {
	b := r.b
	k0, k1 := r.eval(r.t, start), r.eval(b.Add(r.t, r.h), r.y)
	out := make([][]*ir.Value, 3)
	for i, st := range w.s.States {
		num := func(x float64) *ir.Value { return b.Const(x, st.Type.Elem) }
		h := b.Cast(r.h, st.Type.Elem)
		way, first, last := b.Sub(r.y[i], start[i]), b.Mul(h, k0[i]), b.Mul(h, k1[i])
		out[0] = append(out[0], first)
		out[1] = append(out[1], b.Sub(b.Mul(num(3), way), b.Add(b.Mul(num(2), first), last)))
		out[2] = append(out[2], b.Sub(b.Add(first, last), b.Mul(num(2), way)))
	}
	return out
}

func (w *splitter) at(b *ir.Builder, theta *ir.Value, y []*ir.Value, data [][]*ir.Value) []*ir.Value {
	var out []*ir.Value
	for i, st := range w.s.States {
		th := b.Cast(theta, st.Type.Elem)
		sum := b.Add(data[0][i], b.Mul(th, b.Add(data[1][i], b.Mul(th, data[2][i]))))
		out = append(out, b.Add(y[i], b.Mul(th, sum)).Named(st.Name+"_at"))
	}
	return out
}

func (w *splitter) dense() *ir.Func {
	b := w.newFunc("dense", "the states inside a step, at t + theta*h")
	theta := scalar(b, "theta")
	scalar(b, "h")
	y := w.states(b, "")
	w.states(b, "_next")
	data := make([][]*ir.Value, 3)
	for p := range data {
		data[p] = w.states(b, fmt.Sprintf("_d%d", p+1))
	}
	b.Func.ResultNames = w.resultNames("_at")
	return b.Return(w.at(b, theta, y, data)...)
}

func (w *splitter) replayAt() *ir.Func {
	b := w.newFunc("replay_at", "the states inside one step as a function of its start alone, for derivatives")
	r := &run{b: b, t: scalar(b, "t"), h: scalar(b, "h"), of: w.s}
	theta := scalar(b, "theta")
	r.y, r.c = w.states(b, ""), w.extras(b)
	start := r.y
	w.steps(r, r.eval(r.t, r.y))
	b.Func.ResultNames = w.resultNames("_at")
	return b.Return(w.at(b, theta, start, w.hermite(r, start))...)
}
