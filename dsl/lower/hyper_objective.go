package lower

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// solveAt is the solve of x by a solver along times.
func (s *scope) solveAt(x *sema.HyperError, by *sema.Solver, times []float64) *solution {
	at := sema.Node{T: sema.Tensor(sema.Time, len(times)), At: x.At}
	return s.solution(&sema.Solve{
		Node:   sema.Node{T: sema.Type{Kind: sema.ResultKind, System: x.System, Times: len(times)}, At: x.At},
		System: x.System, Solver: by, Starts: x.Starts, Extras: x.Extras,
		From: &sema.Lit{Node: sema.Node{T: sema.Scalar(sema.Time), At: x.At}, Num: x.From},
		At:   &sema.Lit{Node: at, Data: times}, Times: len(times),
	})
}

// reference is a solve in f64, whatever the precision of the module: what a residual has to be is a
// small difference divided by a power of the step, in which the rounding of an f32 solve would drown.
type reference struct {
	of     *sema.HyperError
	mesh   *mesh
	states []*ir.Value // along the times, in f64
	extras []*ir.Value // in f64
	own    []*ir.Value // extras as the module has them
	events *ir.Value   // how many there have been along the times, in f64; nil of a system without
	end    *ir.Value   // time at which the solve has ended
}

// reference solves once along a mesh, whatever the parts of an objective that ask for it.
func (s *scope) reference(x *sema.HyperError, m *mesh) *reference {
	same := equality{}
	sys := s.system(x.System, x.Extras)
	starts := s.exprs(x.Starts)
	extras, knots := s.extraValues(sys, x.Extras)
	others := func(y *sema.HyperError) []*ir.Value { vs, _ := s.extraValues(sys, y.Extras); return vs }
	for _, r := range s.references {
		if y := r.of; y.System == x.System && sameSolver(y.Reference, x.Reference) && r.mesh == m &&
			slices.EqualFunc(s.exprs(y.Starts), starts, same.values) && slices.Equal(x.System.Knots(x.Extras), x.System.Knots(y.Extras)) && slices.EqualFunc(others(y), extras, same.values) {
			return r
		}
	}
	r := &reference{of: x, mesh: m}
	s.b.Span = x.At
	wide := func(vs []*ir.Value) []*ir.Value {
		var out []*ir.Value
		for _, v := range vs {
			out = append(out, s.b.Cast(v, s.wide.Type(v.Type).Elem))
		}
		return out
	}
	r.own = append(extras, startsOf(x.System, starts)...)
	r.extras = wide(r.own)
	operands := []*ir.Value{s.b.Const(x.From, ir.F64), m.times}
	stops := s.stops(x.Reference, knots, operands[0], m.times)
	operands = append(operands, stops...)
	operands = append(operands, wide(starts)...)
	for range x.System.Integrals {
		operands = append(operands, s.b.Zeros(ir.Scalar(s.wide.To)))
	}
	solve := s.newSolve(x.At, x.At, sys, x.Reference, m.points, 0, number(stops), s.wide)
	if len(sys.Events) > 0 {
		operands = append(operands, s.b.Const(0, ir.F64)) // of what counts them
	}
	v := s.b.Emit(ir.OpSolve, ir.Attr{Solve: solve}, method.Operands(s.b, solve, append(operands, r.extras...))...).Named(x.System.Name)
	results := s.b.Results(v)
	r.states = results[:len(x.System.States)]
	for i, y := range r.states {
		y.Named(solve.States[i].Name)
	}
	if len(sys.Events) > 0 {
		r.events, r.end = results[len(x.System.States)+len(x.System.Integrals)], results[len(solve.States)+ir.StatTime]
	}
	s.runs = append(s.runs, run{solve: solve, stats: results[len(solve.States):], from: v})
	s.references = append(s.references, r)
	return r
}

// smooth is 1 for steps of the mesh in which no event has happened, and that lie before the end of the solve; nil where there are
// no events. starts and ends are the places of the ends of the steps.
func (r *reference) smooth(b *ir.Builder, starts, ends []int) *ir.Value {
	if r.events == nil {
		return nil
	}
	n := len(starts)
	from := b.Const(r.of.From, ir.F64)
	reach := func(t *ir.Value, n int) *ir.Value { return b.Unary(ir.OpAbs, b.Sub(t, b.Expand(from, n))) }
	still := b.Binary(ir.OpEq, b.Take(r.events, starts...), b.Take(r.events, ends...))
	before := b.Binary(ir.OpLe, reach(b.Take(r.mesh.times, ends...), n), b.Expand(b.Unary(ir.OpAbs, b.Sub(r.end, from)), n))
	return b.Binary(ir.OpAnd, still, before)
}

// sameSolver reports whether two solvers make the same steps, declared or written in place.
func sameSolver(a, b *sema.Solver) bool {
	return a == b || a.Method == b.Method && a.Hyper == b.Hyper && slices.EqualFunc(a.Options, b.Options, sameSetting)
}

func sameSetting(a, b ir.Setting) bool {
	same := a.Key == b.Key && a.Num == b.Num && a.Text == b.Text && (a.Choice == nil) == (b.Choice == nil) && slices.EqualFunc(a.List, b.List, sameSetting)
	if same && a.Choice != nil {
		same = a.Choice.Row == b.Choice.Row && slices.EqualFunc(a.Choice.Options, b.Choice.Options, sameSetting)
	}
	return same
}

// trajectoryError solves once for each step count and compares on its mesh.
func (s *scope) trajectoryError(x *sema.HyperError) *ir.Value {
	m := s.mesh(x)
	ref := s.reference(x, m)
	if m.count != nil || ref.events != nil {
		return s.steppedTrajectory(x, m, ref)
	}
	var sum *ir.Value
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		by := *x.Solver
		by.Steps, by.PerSample = n, 0
		var places []int
		times := []float64{}
		for k := 1; k <= n; k++ {
			places = append(places, m.at(k, n))
			times = append(times, m.fixed[m.at(k, n)])
		}
		own := s.solveAt(x, &by, times)
		s.b.Span = x.At
		weight := 1 / float64(n) / float64(x.MaxSteps-x.MinSteps+1)
		for i := range x.System.States {
			want := s.b.Take(ref.states[i], places...)
			d := s.b.Cast(s.b.Sub(s.b.Cast(own.results[i], want.Type.Elem), want), s.m.Real)
			term := s.b.Mul(s.b.Num(weight), s.b.Sum(s.b.Unary(ir.OpSquare, d)))
			if sum != nil {
				term = s.b.Add(sum, term)
			}
			sum = term
		}
	}
	return sum
}

// steppedTrajectory is trajectoryError as a loop over the steps: over a drawn number of them, which stands still after the last one, and
// of a system with events, where a step in which one happens in the reference leads to its states and has no error.
func (s *scope) steppedTrajectory(x *sema.HyperError, m *mesh, ref *reference) *ir.Value {
	sys := s.system(x.System, x.Extras)
	name := fmt.Sprintf("%s.%s.%d", s.name, x.Solver.Hyper.Name, len(s.runs))
	step := &ir.Solve{Name: name, Span: x.At, System: sys.Name, States: s.states(sys.System), Extras: s.extras(sys), Steps: 1}
	step.Field = s.newField(sys)
	if err := method.Build(&ir.Module{Real: s.m.Real}, step, s.baseRow(x), s.config(x.Solver, sys, step)); err != nil {
		refuse(methodLater, x.At, "%v", err)
	}
	if step.Within != nil {
		s.add(step.Within)
	}
	replay := s.add(step.Replay)

	b := ir.NewFunc(name+".advance", x.At, s.m.Real)
	b.Func.Doc = "one step of a trajectory, and its share of the mean squared distance from the reference"
	var now, want []*ir.Value
	for _, st := range step.States[:len(sys.States)] {
		now = append(now, b.Arg(st.Name, st.Type))
	}
	t, share := b.Arg("t", ir.Scalar(ir.F64)), b.Arg("share", ir.Scalar(ir.F64))
	for i, st := range step.States[:len(sys.States)] {
		want = append(want, b.Arg(st.Name+"_want", ir.Tensor(ir.F64, ref.states[i].Type.Shape[1:]...)))
	}
	var smooth *ir.Value
	if ref.events != nil {
		smooth = b.Arg("smooth", ir.Scalar(ir.F64))
	}
	h := b.Arg("h", ir.Scalar(ir.F64))
	extras := extraArgs(b, step.Extras)
	in := slices.Concat([]*ir.Value{t, h}, now)
	for _, st := range step.States[len(sys.States):] {
		in = append(in, b.Zeros(st.Type))
	}
	next := b.CallAll(replay, append(in, extras...)...)[:len(sys.States)]
	live := b.Binary(ir.OpLt, b.Const(0, ir.F64), share)
	var off *ir.Value
	for i := range next {
		if smooth != nil { // an event of the reference has its states
			next[i] = b.Select(b.Binary(ir.OpLt, b.Const(0, ir.F64), smooth), next[i], b.Cast(want[i], next[i].Type.Elem))
		}
		next[i] = b.Select(live, next[i], now[i]).Named(step.States[i].Name)
		d := b.Cast(b.Sub(b.Cast(next[i], ir.F64), want[i]), s.m.Real)
		square := b.Sum(b.Unary(ir.OpSquare, d))
		if off != nil {
			square = b.Add(off, square)
		}
		off = square
	}
	if smooth != nil {
		share = b.Mul(share, smooth)
	}
	fn := s.add(b.Return(append(next, b.Mul(b.Cast(share, s.m.Real), off))...))

	b = s.b
	b.Span = x.At
	st := m.steps(b)
	smoothly := ref.smooth(b, st.starts, st.ends)
	along := func(lo, n int, begin, h *ir.Value) *ir.Value { // n rows of st from lo on
		operands := append(s.exprs(x.Starts), begin, b.Slice(st.share, lo, lo+n))
		for _, y := range ref.states {
			operands = append(operands, b.Take(y, st.ends[lo:lo+n]...))
		}
		mapped := 2 + len(ref.states)
		if smoothly != nil {
			operands = append(operands, b.Cast(b.Slice(smoothly, lo, lo+n), ir.F64))
			mapped++
		}
		operands = append(append(operands, h), ref.own...)
		scan := &ir.Scan{Fn: fn, N: n, Carry: len(next), Mapped: mapped}
		return b.Sum(b.Results(b.Emit(ir.OpScan, ir.Attr{Scan: scan}, operands...))[len(next)])
	}
	if m.count != nil {
		n := x.MaxSteps
		// Steps after the last one begin where it did.
		last := b.Add(b.Const(x.From, ir.F64), b.Mul(b.Sub(m.count, b.Const(1, ir.F64)), m.h))
		return along(0, n, b.Select(b.Binary(ir.OpLt, m.numbers(b, n), m.count), st.t, last), m.h)
	}
	var sum *ir.Value
	for n, lo := x.MinSteps, 0; n <= x.MaxSteps; n++ {
		term := along(lo, n, b.Slice(st.t, lo, lo+n), b.Const((x.To-x.From)/float64(n), ir.F64))
		if sum != nil {
			term = b.Add(sum, term)
		}
		sum, lo = term, lo+n
	}
	return sum
}

// baseRow is the method of the base.
func (s *scope) baseRow(x *sema.HyperError) *method.Row {
	row := x.Solver.Row
	if row == nil || row.Later {
		refuse(methodLater, x.At, "%s is not compiled yet; use euler, midpoint, heun or rk4", x.Solver.Method)
	}
	return row
}

// residualError is the sum of squares of the rows of residualRows.
func (s *scope) residualError(x *sema.HyperError) *ir.Value {
	r := s.residualRows(x)
	return s.b.Sum(s.b.Unary(ir.OpSquare, r))
}

// residualRows are the square root of the share times (g - delta) for every step, [steps, elements].
func (s *scope) residualRows(x *sema.HyperError) *ir.Value {
	m := s.mesh(x)
	ref := s.reference(x, m)
	target, off := s.deviation(x)
	b := s.b
	b.Span = x.At
	st := m.steps(b)
	over := func(f *ir.Func, mapped, whole []*ir.Value) []*ir.Value {
		return b.Results(b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: f, N: len(st.starts), Mapped: len(mapped),
			Region: ir.SampleRegion.Inside(ir.RegionMap, f.Name)}}, slices.Concat(mapped, whole)...))
	}
	at := []*ir.Value{st.t, st.dt, st.h}
	for _, places := range [][]int{st.starts, st.ends} {
		for _, y := range ref.states {
			at = append(at, b.Take(y, places...))
		}
	}
	if smooth := ref.smooth(b, st.starts, st.ends); smooth != nil {
		st.share = b.Select(smooth, st.share, b.Zeros(st.share.Type))
	}
	wanted := over(target, at, ref.extras)
	return over(off, append([]*ir.Value{st.t, st.h, b.Unary(ir.OpSqrt, st.share)}, wanted...), ref.own)[0]
}

// deviation is what a hypersolver has to do in a step and what it is off, as two functions, since the first
// does not depend on what is trained:
//
//	target: (t, dt, h, start…, end…, extras…) -> start…, k1…, want…
//	off:    (t, h, weight, start…, k1…, want…, extras…) -> [elements]
//
// want is (end - base(start)) / h^(p+1) for the states that have a residual, base a step of length dt and k1
// its first stage, all computed in f64 and rounded at the end; off is weight times the residual less want.
func (s *scope) deviation(x *sema.HyperError) (target, off *ir.Func) {
	h, sys := x.Solver.Hyper, s.system(x.System, x.Extras)
	name := fmt.Sprintf("%s.%s.%d", s.name, h.Name, len(s.runs))
	// The base alone, in a module of its own: nothing but a step from its start is needed of it.
	step := &ir.Solve{Name: name, Span: x.At, System: sys.Name, States: s.states(sys.System), Extras: s.extras(sys), Steps: 1}
	step.Field = s.wide.Func(s.newField(sys))
	narrow := step.Extras
	widen(step, s.wide)
	row := s.baseRow(x)
	if err := method.Build(&ir.Module{Real: s.wide.To}, step, row, method.Config{}); err != nil {
		refuse(methodLater, x.At, "%v", err)
	}
	if step.Within != nil {
		s.add(step.Within)
	}
	base := s.add(step.Replay)
	states, integrals := step.States[:len(sys.States)], step.States[len(sys.States):]
	zeros := func(b *ir.Builder, real ir.Elem) []*ir.Value { // integrals start anywhere, and nobody reads them
		var out []*ir.Value
		for _, st := range integrals {
			out = append(out, b.Zeros(st.Type.With(real)))
		}
		return out
	}

	b := ir.NewFunc(name+".target", x.At, s.wide.To)
	b.Func.Doc = "what a residual has to be at one step"
	t, dt, length := b.Arg("t", ir.Scalar(ir.F64)), b.Arg("dt", ir.Scalar(ir.F64)), b.Arg("h", ir.Scalar(ir.F64))
	named := func(b *ir.Builder, suffix string, real ir.Elem) []*ir.Value {
		var out []*ir.Value
		for _, st := range states {
			out = append(out, b.Arg(st.Name+suffix, st.Type.With(real)))
		}
		return out
	}
	start, end := named(b, "", s.wide.To), named(b, "_end", s.wide.To)
	extras := extraArgs(b, step.Extras)
	at := slices.Concat(start, zeros(b, s.wide.To), extras)
	k1 := b.CallAll(step.Field, append([]*ir.Value{t}, at...)...)
	next := b.CallAll(base, append([]*ir.Value{t, dt}, at...)...)
	scale := length
	for range row.Order() {
		scale = b.Mul(scale, length)
	}
	var results []*ir.Value
	for _, v := range slices.Concat(start, k1[:len(states)]) {
		results = append(results, b.Cast(v, s.m.Real))
	}
	for _, r := range h.Residuals {
		want := b.Div(b.Sub(end[r.State], next[r.State]), scale)
		results = append(results, b.Cast(want, s.m.Real).Named(states[r.State].Name+"_want"))
	}
	target = s.add(b.Return(results...))

	residual := s.residualFunc(h, sys, name+".residual")
	b = ir.NewFunc(name+".off", x.At, s.m.Real)
	b.Func.Doc = "what a residual is off at one step"
	t, length = b.Arg("t", ir.Scalar(ir.F64)), b.Arg("h", ir.Scalar(ir.F64))
	weight := b.Arg("weight", ir.Scalar(ir.F64))
	start, k1 = named(b, "", s.m.Real), named(b, "_k1", s.m.Real)
	var want []*ir.Value
	for _, r := range h.Residuals {
		st := states[r.State]
		want = append(want, b.Arg(st.Name+"_want", st.Type.With(s.m.Real)))
	}
	extras = extraArgs(b, narrow)
	unread := zeros(b, s.m.Real)
	g := b.CallAll(residual, slices.Concat([]*ir.Value{t, length}, start, unread, k1, unread, extras)...)
	var parts []*ir.Value
	for i := range want {
		d := b.Mul(b.Cast(weight, s.m.Real), b.Sub(g[i], want[i]))
		parts = append(parts, b.Reshape(d, d.Type.Len()))
	}
	return target, s.add(b.Return(b.Concat(0, parts...)))
}

func extraArgs(b *ir.Builder, types []ir.Type) []*ir.Value {
	var out []*ir.Value
	for i, t := range types {
		out = append(out, b.Arg(fmt.Sprintf("c%d", i), t))
	}
	return out
}
