package lower

import (
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// An input that is a constant is an extra of a solve like a context. A signal of n knots is two of them, the times
// [n] and the values [n, …], and a third one for cubics, the slopes [n, …]; the functions of the
// system look the time up among the knots, and the knots are stops of the solve.

// inputTypes are the types of the extras for the inputs of a system.
func (l *lowerer) inputTypes(sys *system) []ir.Type {
	var out []ir.Type
	for i, in := range sys.Inputs {
		t, n := in.Var.Type.IR(l.m.Real), sys.knots[i]
		if n == 0 {
			out = append(out, t)
			continue
		}
		rows := ir.Tensor(t.Elem, append([]int{n}, t.Shape...)...)
		out = append(out, ir.Tensor(ir.F64, n), rows)
		if in.Interp == sema.Cubic {
			out = append(out, rows)
		}
	}
	return out
}

// inputArgs adds the arguments for the inputs. The function that it gives, to be called when there are no further
// arguments, makes the values at the time of the function.
func (s *scope) inputArgs(sys *system) func() {
	b, types := s.b, s.inputTypes(sys)
	var make []func()
	for i, in := range sys.Inputs {
		b.Span = in.Var.Span
		if sys.knots[i] == 0 {
			s.arg(in.Var)
			types = types[1:]
			continue
		}
		args := []*ir.Value{b.Arg(in.Var.Name+"_times", types[0]), b.Arg(in.Var.Name, types[1])}
		if in.Interp == sema.Cubic {
			args = append(args, b.Arg(in.Var.Name+"_slopes", types[2]))
		}
		types = types[len(args):]
		make = append(make, func() {
			b.Span = in.Var.Span
			s.vars[in.Var] = interpolate(b, in.Interp, args, s.vars[sys.Time]).Named(in.Var.Name)
		})
	}
	return func() {
		for _, f := range make {
			f()
		}
	}
}

// interpolate is the value of a signal at t: before the first knot that of the first, behind the last knot
// that of the last.
func interpolate(b *ir.Builder, kind sema.Interp, signal []*ir.Value, t *ir.Value) *ir.Value {
	ts, us := signal[0], signal[1]
	n, shape := ts.Type.Len(), us.Type.Shape[1:]
	locate := func(last int) *ir.Value { return b.Emit(ir.OpLocate, ir.Attr{Index: last}, ts, t) }
	row := func(x, place *ir.Value) *ir.Value {
		return b.Reshape(b.Emit(ir.OpTake, ir.Attr{}, x, place), x.Type.Shape[1:]...)
	}
	if kind == sema.Hold {
		return row(us, locate(n-1))
	}
	place := locate(n - 2)
	next := func(x *ir.Value) *ir.Value { return row(rowsOf(b, x, 1, n), place) }
	begin, end := row(ts, place), next(ts)
	length := b.Sub(end, begin)
	one := b.Const(1, ir.F64)
	// A piece of no length is looked up at or behind the last knots, or before the first of two: θ is 1 from its time on, and 0 before. It is
	// beyond 1, not 1, so that no derivative divides by its length.
	same := b.Cast(b.Binary(ir.OpEq, begin, end), ir.F64)
	part := b.Div(b.Sub(t, begin), b.Add(length, b.Mul(same, b.Const(0x1p-1022, ir.F64))))
	part = b.Add(part, b.Add(same, same))
	theta := b.Binary(ir.OpMin, b.Binary(ir.OpMax, part, b.Const(0, ir.F64)), one)
	u0, u1 := row(us, place), next(us)
	real := us.Type.Elem
	if kind == sema.Linear {
		return b.Add(u0, b.Mul(b.Cast(theta, real), b.Sub(u1, u0)))
	}
	// Hermite's cubic: u0 + θ²(3-2θ)(u1-u0) + lθ(1-θ)((1-θ) m0 - θ m1), with l the distance of the knots.
	rest := b.Sub(one, theta)
	blend := b.Mul(b.Mul(theta, theta), b.Sub(b.Const(3, ir.F64), b.Add(theta, theta)))
	bow := b.Mul(length, b.Mul(theta, rest))
	m0, m1 := row(signal[2], place), next(signal[2])
	chord := b.Add(u0, b.Mul(b.Cast(blend, real), b.Sub(u1, u0)))
	bend := b.Sub(b.Mul(b.Cast(rest, real), m0), b.Mul(b.Cast(theta, real), m1))
	return b.Reshape(b.Add(chord, b.Mul(b.Cast(bow, real), bend)), shape...)
}

// rowsOf is x[lo:hi].
func rowsOf(b *ir.Builder, x *ir.Value, lo, hi int) *ir.Value {
	bounds := []int{lo, hi}
	for _, d := range x.Type.Shape[1:] {
		bounds = append(bounds, 0, d)
	}
	return b.Slice(x, bounds...)
}

// slopesOf are the slopes of a cubic signal at its knots: those of the parabola through a knot and its neighbours, at the
// ends through the first or the last three knots (de Boor, A Practical Guide to Splines, 1978, chapter IV,
// Bessel's interpolation). A signal that jumps, at knots of one time, has an end on each side of them.
func slopesOf(b *ir.Builder, ts, us *ir.Value) *ir.Value {
	n, real := ts.Type.Len(), us.Type.Elem
	width := us.Type.Len() / n
	u := b.Transpose(b.Reshape(us, n, width), 1, 0) // [width, n], so that lengths repeat along new leading axes
	cut := func(x *ir.Value, lo, hi int) *ir.Value { return b.Slice(x, 0, width, lo, hi) }
	all := func(x float64, like *ir.Value) *ir.Value { return b.Fill(x, ir.Tensor(real, like.Type.Shape...)) }
	l := b.Expand(b.Cast(b.Sub(b.Slice(ts, 1, n), b.Slice(ts, 0, n-1)), real), width, n-1)
	jump := b.Binary(ir.OpEq, l, all(0, l))
	l = b.Select(jump, all(1, l), l)
	chords := b.Div(b.Sub(cut(u, 1, n), cut(u, 0, n-1)), l)
	chords = b.Select(jump, all(0, chords), chords)
	slopes := b.Concat(1, chords, chords)
	if n > 2 {
		weighted := func(c0, l0, c1, l1 *ir.Value) *ir.Value { // (l1 c0 + l0 c1)/(l0 + l1)
			return b.Div(b.Add(b.Mul(l1, c0), b.Mul(l0, c1)), b.Add(l0, l1))
		}
		before, behind := cut(jump, 0, n-2), cut(jump, 1, n-1)
		inner := weighted(cut(chords, 0, n-2), cut(l, 0, n-2), cut(chords, 1, n-1), cut(l, 1, n-1))
		ends := b.Binary(ir.OpOr, before, behind)
		// The slopes at the knot that begins a piece and at the one that ends it, from knots on the side of the piece alone.
		twice := b.Mul(all(2, chords), chords)
		begins := b.Sub(twice, b.Concat(1, b.Select(ends, cut(chords, 0, n-2), inner), cut(chords, n-2, n-1)))
		ended := b.Sub(twice, b.Concat(1, cut(chords, 0, 1), b.Select(ends, cut(chords, 1, n-1), inner)))
		begins, ended = b.Select(jump, all(0, begins), begins), b.Select(jump, all(0, ended), ended)
		inner = b.Select(before, cut(begins, 1, n-1), b.Select(behind, cut(ended, 0, n-2), inner))
		slopes = b.Concat(1, cut(begins, 0, 1), inner, cut(ended, n-2, n-1))
	}
	return b.Reshape(b.Transpose(slopes, 1, 0), us.Type.Shape...)
}

// extraValues are the extras of a solve but for the starts, and the times of its signals, each once.
func (s *scope) extraValues(sys *system, xs []sema.Expr) (values, knots []*ir.Value) {
	same := equality{}
	for i, x := range xs {
		if i < len(sys.Contexts) && sys.Contexts[i].Drawn != nil && !sys.Contexts[i].Drawn.Use.For(s.use) {
			continue // directions that only another use draws
		}
		signal, ok := x.(*sema.Signal)
		if !ok {
			values = append(values, s.expr(x))
			continue
		}
		ts, us := s.expr(signal.Times), s.expr(signal.Values)
		values = append(values, ts, us)
		s.knots = append(s.knots, ts)
		if sys.Inputs[i-len(sys.Contexts)].Interp == sema.Cubic {
			saved := s.b.Span
			s.b.Span = signal.Span()
			values = append(values, slopesOf(s.b, ts, us).Named("slopes"))
			s.b.Span = saved
		}
		if !slices.ContainsFunc(knots, func(k *ir.Value) bool { return same.values(k, ts) }) {
			knots = append(knots, ts)
		}
	}
	return values, knots
}

// ascend marks the ports, of the first arguments of the function, that are times of signals.
func (s *scope) ascend(ports []ir.Port) {
	for i := range ports {
		ports[i].Ascend = ports[i].Ascend || slices.Contains(s.knots, s.b.Func.Args[i])
	}
}

// ascending sorts times, by the number of those that have to stand before each.
func ascending(b *ir.Builder, ts *ir.Value) *ir.Value {
	n := ts.Type.Len()
	rows := b.Expand(ts, n, n) // [i, j] is t_j
	columns := b.Transpose(rows, 1, 0)
	earlier := make([]float64, n*n) // of equal times the first stays first
	for i := range n {
		for j := range i {
			earlier[i*n+j] = 1
		}
	}
	less := b.Cast(b.Binary(ir.OpLt, rows, columns), ir.F64)
	equal := b.Mul(b.Cast(b.Binary(ir.OpEq, rows, columns), ir.F64), b.Data(earlier, ir.Tensor(ir.F64, n, n)))
	place := b.Cast(b.Sum(b.Add(less, equal), 1), ir.I32)
	return b.Emit(ir.OpScatter, ir.Attr{Index: n}, ts, place)
}
