package diff

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// A derivative of a solve in a direction is a solve itself: of the states together with their
// tangents. A step of the pair is the step with its derivative, for the methods commute with
// differentiation, and the tangents do not count in the error norm, so that the same steps are
// taken: the tangent is that of the discrete map. Derivatives of reverse sweeps are reverse sweeps
// over such solves, which nest to any order.

// solved gives the tangents of the states of v, a solve. Times of the solve are covered by the flow:
// dy(t1)/dt1 = f(t1, y1), and a later start is a start at y0 - f(t0, y0).
func (f *forward) solved(v *ir.Value, dx []*ir.Value) {
	s := v.Attr.Solve
	n, lead := len(s.States), s.Lead()
	starts := append([]*ir.Value(nil), dx[lead:lead+n]...)
	if dt := dx[0]; dt != nil {
		for i, k := range f.slopes(v, v.Args[0], v.Args[lead:lead+n]) {
			if k != nil {
				starts[i] = f.add(starts[i], f.b.Neg(f.timesRate(dt, k)))
			}
		}
	}
	a := f.pushed(v, starts, dx[lead+n:], f.params)
	ps := make([]*ir.Value, len(v.Type.Parts))
	if a != nil {
		copy(ps, results(f.b, a)[n:2*n])
	}
	if dt := dx[1]; dt != nil {
		if s.MayStop() {
			f.fail(eventsThroughSteps, s.Span, "a tangent of the end of a solve that an event may end is not compiled yet; use a gradient")
		}
		ends := results(f.b, v)[:n]
		for i, k := range f.endSlopes(v, ends) {
			if k == nil {
				continue
			}
			ps[i] = f.add(ps[i], f.timesRate(dt, k))
		}
	}
	f.parts[v] = ps
}

// pushed runs the solve v with tangents of its start states, extras and parameters (nil for zero); nil if
// all of them are.
func (d *body) pushed(v *ir.Value, starts, extras []*ir.Value, params map[*ir.Param]*ir.Value) *ir.Value {
	s := v.Attr.Solve
	n := len(s.States)
	moved := false
	for _, dx := range starts {
		moved = moved || dx != nil
	}
	var at []int
	for j, dx := range extras {
		if dx != nil {
			at = append(at, j)
		}
	}
	var by []*ir.Param
	for _, q := range d.stepReads(s) {
		if params[q] != nil {
			by = append(by, q)
		}
	}
	if !moved && len(at) == 0 && len(by) == 0 {
		return nil
	}
	in := append([]*ir.Value(nil), v.Args[:s.Lead()+n]...)
	for i, st := range s.States {
		in = append(in, orZero(d.b, starts[i], st.Type))
	}
	in = append(in, v.Args[s.Lead()+n:]...)
	for _, j := range at {
		in = append(in, extras[j])
	}
	for _, q := range by {
		in = append(in, params[q])
	}
	return d.b.Emit(ir.OpSolve, ir.Attr{Solve: d.tangentOf(s, at, by)}, in...)
}

// swept gives the tangents of the results of v, a reverse sweep: the sweep over the solve with
// tangents, from the tangents of the cotangents and the cotangents themselves.
func (f *forward) swept(v *ir.Value, dx []*ir.Value) {
	rev, solve := v.Attr.Rev, v.Args[0]
	s := rev.Solve
	n, m := len(s.States), len(s.Extras)
	of := make([]*ir.Value, len(solve.Args))
	for i, a := range solve.Args {
		of[i] = f.dot[a]
	}
	w, dw := v.Args[1:], dx[1:]
	moved := false
	for _, d := range dw {
		moved = moved || d != nil
	}
	if !f.differentiable(v, of[0] != nil || of[1] != nil) {
		return
	}
	a := f.pushed(solve, of[s.Lead():s.Lead()+n], of[s.Lead()+n:], f.params)
	ps := make([]*ir.Value, len(v.Type.Parts))
	switch {
	case a != nil:
		gs := append(append([]*ir.Value(nil), dw...), w...)
		outs := f.backOver(a, gs, rev.Params)
		copy(ps, outs[:n])
		copy(ps[n:], outs[2*n:2*n+m])
		copy(ps[n+m:], outs[len(outs)-len(rev.Params):])
	case moved: // linear in the cotangents
		copy(ps, f.backOver(solve, dw, rev.Params))
	}
	f.parts[v] = ps
}

// swept passes on the cotangents u of what v, a reverse sweep, gives. With J the derivative of the solve
// and w the operands of v it gives Jᵀ w, and <u, Jᵀ w> is <J u, w>: a solve with tangents u, whose
// own reverse sweep starts from w.
func (r *reverse) swept(v *ir.Value) {
	u := r.cotangents(v)
	if u == nil {
		return
	}
	rev, solve := v.Attr.Rev, v.Args[0]
	n, m := len(rev.Solve.States), len(rev.Solve.Extras)
	if !r.differentiable(v, false) {
		return
	}
	params := map[*ir.Param]*ir.Value{}
	for k, q := range rev.Params {
		params[q] = u[n+m+k]
	}
	a := r.pushed(solve, u[:n], u[n:n+m], params)
	if a == nil {
		return
	}
	ends := results(r.b, a)
	for i, w := range v.Args[1:] {
		r.seed(w, ends[n+i])
	}
	gs := append(make([]*ir.Value, n), v.Args[1:]...)
	r.times(a, gs, backprop(r, a, gs))
}

// differentiable reports whether the sweep v, with or without tangents of the times of its solve, can be
// differentiated, and complains otherwise.
func (d *body) differentiable(v *ir.Value, times bool) bool {
	if v.Attr.Rev.Solve.MayStop() {
		d.fail(eventsThroughSteps, v.Span, "a second derivative through a solve that an event may end is not compiled yet")
		return false
	}
	if !d.ofSteps[v.Attr.Rev] || times {
		d.fail(secondThroughSolve, v.Span, "a second derivative through a solve goes through its steps; use sensitivity backprop, and no tangent of its times")
		return false
	}
	return true
}

// tangentOf is the solve of s with tangents:
//
//	states: y…, their tangents…
//	extras: c…, tangents of those in extras…, of params…
func (p *pass) tangentOf(s *ir.Solve, extras []int, params []*ir.Param) *ir.Solve {
	name := strings.TrimSuffix(s.Name, ".rec") + ".tangent"
	key := fmt.Sprintf("%s %v", name, extras)
	for _, q := range params {
		key += " " + q.Name
	}
	if c := p.tangents[key]; c != nil {
		return c
	}
	c := *s
	c.Given = nil                // nobody steps through it by himself
	c.Piece, c.Within = nil, nil // of its own step nothing is evaluated anew
	c.Name, c.Record, c.Sensitivity, c.System = p.freshSolve(name), false, ir.Choice{}, strings.TrimSuffix(s.System, " (tangents)")+" (tangents)"
	c.States, c.Extras = append([]ir.SolveState(nil), s.States...), append([]ir.Type(nil), s.Extras...)
	for _, st := range s.States {
		c.States = append(c.States, ir.SolveState{Name: st.Name + "_dot", Type: st.Type, Memory: st.Memory})
	}
	for _, j := range extras {
		c.Extras = append(c.Extras, s.Extras[j])
	}
	for _, q := range params {
		c.Extras = append(c.Extras, q.Type)
	}
	p.tangents[key] = &c
	m := paired{pass: p, s: s, name: c.Name, extras: extras, params: params}
	y, x := len(s.States), len(s.Plain())
	in, out := groups{y}, groups{y} // of a step
	if s.Adaptive {
		out = append(out, x)
	}
	if s.FSAL {
		in, out = append(in, x), append(out, x)
	}
	c.Field = m.of(s.Field, 1, groups{x}, true, groups{x})
	c.Begin = m.of(s.Begin, 1, groups{y}, true, groups{y})
	c.Start = m.of(s.Start, 2, groups{y}, true, groups{y})
	c.StartDense = m.of(s.StartDense, 2, groups{y, y}, false, groups{y})
	c.StartAt = m.of(s.StartAt, 3, groups{y}, true, groups{y})
	c.Step = m.of(s.Step, 2, in, true, out)
	c.DenseStep = m.of(s.DenseStep, 2, in, true, out)
	c.Dense = m.of(s.Dense, 2, groups{y, y}, false, groups{y})
	c.Norm = m.plain(s.Norm, 2, groups{x, x, x}, false)
	c.First = m.plain(s.First, 4, groups{x, x}, true)
	c.FirstNorms = m.plain(s.FirstNorms, 2, groups{x, x}, false)
	c.FirstBend = m.plain(s.FirstBend, 6, groups{x, x}, true)
	c.Replay = m.of(s.Replay, 2, groups{y}, true, groups{y})
	c.ReplayAt = m.of(s.ReplayAt, 3, groups{y}, true, groups{y})
	c.ReplayDense = m.of(s.ReplayDense, 2, groups{y}, true, groups{y})
	m.events(&c)
	placeSolve(&c)
	p.m.Solves = append(p.m.Solves, &c)
	return &c
}

// placeSolve says where the functions of a solve of a sample run.
func placeSolve(s *ir.Solve) {
	s.Region = ir.SampleRegion.Inside(ir.RegionSolve, s.Name)
	step := s.Region.Inside(ir.RegionStep, "")
	for _, f := range s.Funcs() {
		f.Region = step
	}
	s.Field.Region = step.Inside(ir.RegionStage, "")
	if s.Within != nil {
		s.Within.Region = s.Field.Region
	}
	for _, f := range s.Before() {
		f.Region = s.Region
	}
}

// groups are the lengths of groups of one value per state, with or without the memory of the method.
type groups []int

func (g groups) sum() int {
	n := 0
	for _, k := range g {
		n += k
	}
	return n
}

// paired makes the functions of a solve with tangents from those of s. In their signatures, every group
// of one value per state becomes two: the values, then their tangents.
type paired struct {
	*pass
	s      *ir.Solve
	name   string
	extras []int
	params []*ir.Param
}

// args adds the arguments of f with tangents: leading scalars, groups of states, then extras, or the data
// of a dense output. It gives them in the order of f, and the tangents.
func (m *paired) args(b *ir.Builder, f *ir.Func, scalars int, states groups, extras bool) (args, dots []*ir.Value) {
	args = copyArgs(b, f.Args[:scalars])
	both := func(as []*ir.Value) {
		args = append(args, copyArgs(b, as)...)
		for _, a := range as {
			dots = append(dots, b.Arg(a.Name+"_dot", a.Type))
		}
	}
	rest := f.Args[scalars:]
	for _, n := range states {
		both(rest[:n])
		rest = rest[n:]
	}
	if !extras {
		both(rest)
		return args, dots
	}
	args = append(args, copyArgs(b, rest)...)
	for _, j := range m.extras {
		dots = append(dots, b.Arg(rest[j].Name+"_dot", rest[j].Type))
	}
	for _, q := range m.params {
		dots = append(dots, b.Arg(q.Name+"_dot", q.Type))
	}
	return args, dots
}

// of is f with tangents; its results come in groups, and perhaps data after them.
func (m *paired) of(f *ir.Func, scalars int, states groups, extras bool, outs groups) *ir.Func {
	if f == nil {
		return nil
	}
	n := states.sum()
	wrt := Wrt{}
	for i := scalars; i < len(f.Args); i++ {
		if j := i - scalars - n; j < 0 || !extras {
			wrt.Args = append(wrt.Args, i)
		}
	}
	if extras {
		for _, j := range m.extras {
			wrt.Args = append(wrt.Args, scalars+n+j)
		}
		wrt.Params = m.params
	}
	b := m.start(f)
	args, dots := m.args(b, f, scalars, states, extras)
	all := b.Inline(m.dual(f, wrt), append(args, dots...))
	values, tangents := all[:len(f.Results)], all[len(f.Results):]
	var results []*ir.Value
	both := func(lo, hi int) {
		results = append(append(results, values[lo:hi]...), tangents[lo:hi]...)
		for _, suffix := range []string{"", "_dot"} {
			for i := lo; i < hi; i++ {
				b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i)+suffix)
			}
		}
	}
	lo := 0
	for _, n := range outs {
		both(lo, lo+n)
		lo += n
	}
	if lo < len(values) {
		both(lo, len(values))
	}
	b.Return(results...)
	b.Func.DropDead()
	return m.m.AddFunc(b.Func)
}

// plain is f, which does not see the tangents.
func (m *paired) plain(f *ir.Func, scalars int, states groups, extras bool) *ir.Func {
	if f == nil {
		return nil
	}
	b := m.start(f)
	args, _ := m.args(b, f, scalars, states, extras)
	b.Return(b.Inline(f, args)...)
	return m.m.AddFunc(b.Func)
}

func (m *paired) start(f *ir.Func) *ir.Builder {
	name := strings.TrimPrefix(f.Name, strings.TrimSuffix(m.s.Name, ".rec")+".")
	b := ir.NewFunc(m.fresh(m.name+"."+name), f.Span, m.m.Real)
	b.Func.Doc = f.Doc
	return b
}

// dual is f with tangents, value and derivative in one body, in the functions that it calls too:
//
//	(args…, tangents of wrt.Args…, of wrt.Params…) -> (results…, tangents of the real results…)
func (p *pass) dual(f *ir.Func, wrt Wrt) *ir.Func {
	key := wrt.key("dual", f, len(f.Args))
	if g := p.made[key]; g != nil {
		return g
	}
	p.expand(f)
	b := p.derived(f, ".dual")
	b.Func.Region = nil
	args := copyArgs(b, f.Args)
	leaves, params := map[*ir.Value]*ir.Value{}, map[*ir.Param]*ir.Value{}
	for _, i := range wrt.Args {
		leaves[args[i]] = b.Arg(f.Args[i].Name+"_dot", f.Args[i].Type)
	}
	for _, q := range wrt.Params {
		params[q] = b.Arg(q.Name+"_dot", q.Type)
	}
	w := p.body(b).forward(leaves, params)
	copies := map[*ir.Value]*ir.Value{}
	parts := map[*ir.Value][]*ir.Value{} // of calls with several results
	for i, a := range f.Args {
		copies[a] = args[i]
	}
	for _, v := range f.Values {
		if v.Op == ir.OpArg {
			continue
		}
		if v.Op == ir.OpResult && parts[v.Args[0]] != nil {
			copies[v] = parts[v.Args[0]][v.Attr.Index]
			continue
		}
		in := make([]*ir.Value, len(v.Args))
		for i, a := range v.Args {
			in[i] = copies[a]
		}
		b.Span = v.Span
		if v.Op == ir.OpCall {
			if outs := w.pairCall(v, in); outs != nil {
				copies[v], parts[v] = outs[0].Named(v.Name), outs
				continue
			}
		}
		c := b.Copy(v, in)
		copies[v] = c
		w.advance(c)
		b.Real = p.m.Real
	}
	var outs, dots []*ir.Value
	for i, r := range f.Results {
		o := copies[r]
		outs = append(outs, o)
		b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i))
		if o.Type.Elem.IsFloat() {
			dots = append(dots, orZero(b, w.dot[o], o.Type))
		}
	}
	for i, r := range f.Results {
		if r.Type.Elem.IsFloat() {
			b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i)+"_dot")
		}
	}
	b.Return(append(outs, dots...)...)
	b.Func.DropDead()
	return p.add(key, b.Func)
}

// pairCall runs the callee of v with tangents and gives its results, whose tangents it notes; nil where no
// operand moves.
func (f *forward) pairCall(v *ir.Value, in []*ir.Value) []*ir.Value {
	g := v.Attr.Func
	wrt := Wrt{Params: f.wantedBy(v)}
	args := append([]*ir.Value(nil), in...)
	for i, a := range in {
		if f.dot[a] != nil {
			wrt.Args = append(wrt.Args, i)
			args = append(args, f.dot[a])
		}
	}
	if len(wrt.Args)+len(wrt.Params) == 0 {
		return nil
	}
	for _, q := range wrt.Params {
		args = append(args, f.params[q])
	}
	all := f.b.CallAll(f.dual(g, wrt), args...)
	outs, dots := all[:len(g.Results)], all[len(g.Results):]
	for _, o := range outs {
		if o.Type.Elem.IsFloat() {
			f.dot[o], dots = dots[0], dots[1:]
		}
	}
	return outs
}
