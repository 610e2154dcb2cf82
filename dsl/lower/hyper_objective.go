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

// reference solves once along the whole mesh, whatever the parts of an objective that ask for it.
func (s *scope) reference(x *sema.HyperError, m *mesh) *solution {
	return s.solveAt(x, x.Reference, m.times)
}

// rows are the rows of v, [T, shape], at the places, [len(places), shape].
func rows(b *ir.Builder, v *ir.Value, places []int) *ir.Value {
	var parts []*ir.Value
	for i := 0; i < len(places); {
		n := 1
		for i+n < len(places) && places[i+n] == places[i]+n {
			n++
		}
		bounds := []int{places[i], places[i] + n}
		for _, d := range v.Type.Shape[1:] {
			bounds = append(bounds, 0, d)
		}
		parts = append(parts, b.Slice(v, bounds...))
		i += n
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return b.Concat(0, parts...)
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
			d := s.b.Sub(own.results[i], rows(s.b, ref.results[i], places))
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

// residualRows are sqrt(weight) (g - delta) for every step of every mesh, [steps, elements].
func (s *scope) residualRows(x *sema.HyperError) *ir.Value {
	m := newMesh(x)
	ref := s.reference(x, m)
	f := s.deviation(x)
	var ts, hs, ws []float64
	var starts, ends []int
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		for k := range n {
			ts = append(ts, m.times[m.at(k, n)])
			hs = append(hs, (x.To-x.From)/float64(n))
			ws = append(ws, math.Sqrt(1/float64(n)/float64(x.MaxSteps-x.MinSteps+1)))
			starts, ends = append(starts, m.at(k, n)), append(ends, m.at(k+1, n))
		}
	}
	b := s.b
	b.Span = x.At
	column := ir.Tensor(ir.F64, len(ts))
	args := []*ir.Value{b.Data(ts, column), b.Data(hs, column), b.Data(ws, column)}
	for _, places := range [][]int{starts, ends} {
		for i := range x.System.States {
			args = append(args, rows(b, ref.results[i], places))
		}
	}
	mapped := len(args)
	args = append(args, ref.extras...)
	return b.Results(b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: f, N: len(ts), Mapped: mapped,
		Region: ir.SampleRegion.Inside(ir.RegionMap, f.Name)}}, args...))[0]
}

// deviation is (t, h, weight, start…, end…, extras…) -> [elements]: weight times the residual less what
// it should be, (end - base(start)) / h^(p+1), for the states that have a residual.
func (s *scope) deviation(x *sema.HyperError) *ir.Func {
	h, sys := x.Solver.Hyper, x.System
	name := fmt.Sprintf("%s.%s.%d", s.name, h.Name, len(s.solves))
	field := s.newField(s.system(sys))
	// The base alone, in a module of its own: nothing but a step from its start is needed of it.
	step := &ir.Solve{Name: name, Span: x.At, System: sys.Name, States: s.states(sys), Extras: s.extras(sys), Steps: 1, Field: field}
	row := x.Solver.Row
	if row == nil || row.Later {
		refuse(methodLater, x.At, "%s is not compiled yet; use euler, midpoint, heun or rk4", x.Solver.Method)
	}
	if err := method.Build(&ir.Module{Real: s.m.Real}, step, row, method.Config{}); err != nil {
		refuse(methodLater, x.At, "%v", err)
	}
	base := s.add(step.Replay)
	residual := s.residualFunc(h, name+".residual")

	b := ir.NewFunc(name+".deviation", x.At, s.m.Real)
	b.Func.Doc = "what a residual is off at one step"
	t, dt, weight := b.Arg("t", ir.Scalar(ir.F64)), b.Arg("h", ir.Scalar(ir.F64)), b.Arg("weight", ir.Scalar(ir.F64))
	states := func(suffix string) []*ir.Value {
		var out []*ir.Value
		for _, st := range step.States[:len(sys.States)] {
			out = append(out, b.Arg(st.Name+suffix, st.Type))
		}
		return out
	}
	start, end := states(""), states("_end")
	var extras []*ir.Value
	for i, typ := range step.Extras {
		extras = append(extras, b.Arg(fmt.Sprintf("c%d", i), typ))
	}
	for _, st := range step.States[len(sys.States):] {
		start = append(start, b.Zeros(st.Type)) // integrals start anywhere
	}
	k1 := b.CallAll(field, append(append([]*ir.Value{t}, start...), extras...)...)
	next := b.CallAll(base, append(append([]*ir.Value{t, dt}, start...), extras...)...)
	in := append(append([]*ir.Value{t, dt}, start...), k1...)
	g := b.CallAll(residual, append(in, extras...)...)
	scale := dt
	for range row.Order() {
		scale = b.Mul(scale, dt)
	}
	scale = b.Cast(scale, s.m.Real)
	var parts []*ir.Value
	for i, r := range h.Residuals {
		want := b.Div(b.Sub(end[r.State], next[r.State]), scale)
		d := b.Mul(b.Cast(weight, s.m.Real), b.Sub(g[i], want))
		parts = append(parts, b.Reshape(d, d.Type.Len()))
	}
	all := parts[0]
	if len(parts) > 1 {
		all = b.Concat(0, parts...)
	}
	return s.add(b.Return(all))
}
