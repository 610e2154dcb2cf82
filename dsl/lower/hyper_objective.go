package lower

import (
	"fmt"
	"math"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// mesh is the times at which an objective of a hypersolver looks at the reference: those of every
// step count, each once, in the direction of the solve.
type mesh struct {
	times []float64
	place map[[2]int]int // of k/n in lowest terms
}

func newMesh(x *sema.HyperError) *mesh {
	m := &mesh{place: map[[2]int]int{}}
	var parts [][2]int
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		for k := 0; k <= n; k++ {
			q := lowest(k, n)
			if _, ok := m.place[q]; !ok {
				m.place[q] = 0
				parts = append(parts, q)
			}
		}
	}
	slices.SortFunc(parts, func(a, b [2]int) int { return a[0]*b[1] - b[0]*a[1] })
	for i, q := range parts {
		m.place[q] = i
		m.times = append(m.times, x.From+(x.To-x.From)*float64(q[0])/float64(q[1]))
		if n := x.MinSteps; n == x.MaxSteps {
			// As the loop of a solve in n steps has them, so that they are ends of its steps to the last bit.
			m.times[i] = x.From + float64(float64(q[0]*n/q[1])*((x.To-x.From)/float64(n)))
		}
	}
	m.times[len(parts)-1] = x.To
	return m
}

// at is the place of step k of n.
func (m *mesh) at(k, n int) int { return m.place[lowest(k, n)] }

func lowest(k, n int) [2]int {
	a, b := k, n
	for b != 0 {
		a, b = b, a%b
	}
	return [2]int{k / a, n / a}
}

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
	times  []float64
	states []*ir.Value // along the times, in f64
	extras []*ir.Value // in f64
	own    []*ir.Value // extras as the module has them
}

// reference solves once along a mesh, whatever the parts of an objective that ask for it.
func (s *scope) reference(x *sema.HyperError, m *mesh) *reference {
	same := equality{}
	starts, extras := s.exprs(x.Starts), s.exprs(x.Extras)
	for _, r := range s.references {
		if y := r.of; y.System == x.System && y.Reference == x.Reference && y.From == x.From && slices.Equal(r.times, m.times) &&
			slices.EqualFunc(s.exprs(y.Starts), starts, same.values) && slices.EqualFunc(s.exprs(y.Extras), extras, same.values) {
			return r
		}
	}
	r := &reference{of: x, times: m.times}
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
	operands := append([]*ir.Value{s.b.Const(x.From, ir.F64), s.b.Data(m.times, ir.Tensor(ir.F64, len(m.times)))}, wide(starts)...)
	for range x.System.Integrals {
		operands = append(operands, s.b.Zeros(ir.Scalar(s.wide.To)))
	}
	solve := s.newSolve(x.At, s.system(x.System), x.Reference, len(m.times), s.wide)
	v := s.b.Emit(ir.OpSolve, ir.Attr{Solve: solve}, append(operands, r.extras...)...).Named(x.System.Name)
	results := s.b.Results(v)
	r.states = results[:len(x.System.States)]
	for i, y := range r.states {
		y.Named(solve.States[i].Name)
	}
	s.runs = append(s.runs, run{solve: solve, stats: results[len(solve.States):], from: v})
	s.references = append(s.references, r)
	return r
}

// trajectoryError solves once for each step count and compares on its mesh.
func (s *scope) trajectoryError(x *sema.HyperError) *ir.Value {
	m := newMesh(x)
	ref := s.reference(x, m)
	var sum *ir.Value
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		by := *x.Solver
		by.Steps = n
		var places []int
		times := []float64{}
		for k := 1; k <= n; k++ {
			places = append(places, m.at(k, n))
			times = append(times, m.times[m.at(k, n)])
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

// residualError is the sum of squares of the rows of residualRows.
func (s *scope) residualError(x *sema.HyperError) *ir.Value {
	r := s.residualRows(x)
	return s.b.Sum(s.b.Unary(ir.OpSquare, r))
}

// stepping is the steps at which an objective looks, as columns of numbers with one row for each: from
// t to t + dt, which belong to steps of length h, and the weight of the row. starts and ends are the
// places of both ends in the mesh.
type stepping struct {
	t, dt, h, weight *ir.Value
	starts, ends     []int
}

// all are the steps of every step count, each count with the same weight.
func (m *mesh) all(b *ir.Builder, x *sema.HyperError) *stepping {
	var ts, hs, ws []float64
	st := &stepping{}
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		for k := range n {
			ts = append(ts, m.times[m.at(k, n)])
			hs = append(hs, (x.To-x.From)/float64(n))
			ws = append(ws, math.Sqrt(1/float64(n)/float64(x.MaxSteps-x.MinSteps+1)))
			st.starts, st.ends = append(st.starts, m.at(k, n)), append(st.ends, m.at(k+1, n))
		}
	}
	column := ir.Tensor(ir.F64, len(ts))
	st.t, st.h, st.weight = b.Data(ts, column), b.Data(hs, column), b.Data(ws, column)
	st.dt = st.h
	return st
}

// residualRows are sqrt(weight) (g - delta) for every step, [steps, elements].
func (s *scope) residualRows(x *sema.HyperError) *ir.Value {
	m := newMesh(x)
	ref := s.reference(x, m)
	target, off := s.deviation(x)
	b := s.b
	b.Span = x.At
	st := m.all(b, x)
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
	wanted := over(target, at, ref.extras)
	return over(off, append([]*ir.Value{st.t, st.h, st.weight}, wanted...), ref.own)[0]
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
	h, sys := x.Solver.Hyper, x.System
	name := fmt.Sprintf("%s.%s.%d", s.name, h.Name, len(s.runs))
	// The base alone, in a module of its own: nothing but a step from its start is needed of it.
	step := &ir.Solve{Name: name, Span: x.At, System: sys.Name, States: s.states(sys), Extras: s.extras(sys), Steps: 1}
	step.Field = s.wide.Func(s.newField(s.system(sys)))
	narrow := step.Extras
	widen(step, s.wide)
	row := x.Solver.Row
	if row == nil || row.Later {
		refuse(methodLater, x.At, "%s is not compiled yet; use euler, midpoint, heun or rk4", x.Solver.Method)
	}
	if err := method.Build(&ir.Module{Real: s.wide.To}, step, row, method.Config{}); err != nil {
		refuse(methodLater, x.At, "%v", err)
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

	residual := s.residualFunc(h, name+".residual")
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
