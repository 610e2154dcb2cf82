package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// interpolated solves the adjoint equation along the dense output of the recorded steps (the
// interpolating adjoint of Rackauckas et al. 2020): back over each step with the method of the solve,
// its state being what the dense output gives there. The equation is linear in λ, so that a cotangent at
// an output time inside a step goes back to the start of the step on its own.
func interpolated(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	row := method.RowOf(s)
	if !r.equation(s, row) {
		return nil
	}
	n := len(s.States)
	params := selected(r.stepReads(s), r.params)
	rec := r.recording(s)
	v.Attr.Solve = rec
	rev := &ir.Rev{Name: r.sweepName(rec), Solve: rec, Params: params, Region: ir.SampleRegion.Inside(ir.RegionRev, rec.Name)}
	rev.StepVJP = r.adjointStep(s, row, params, false)
	if s.Times > 0 || s.Cuts() {
		rev.AtVJP = r.adjointStep(s, row, params, true)
	}
	rev.Events = r.eventVJPs(rec, params)
	outs := r.sweepBack(rev, v, gs)
	for i := range outs[:n+len(s.Extras)] {
		r.seed(v.Args[s.Lead()+i], outs[i])
	}
	for k, q := range params {
		r.addParam(q, outs[n+len(s.Extras)+k])
	}
	return outs[:n]
}

// adjointStep is ir.Rev.StepVJP, or AtVJP with at: one step of the adjoint equation from the end of a
// recorded step, or from theta in it, to its start.
func (p *pass) adjointStep(s *ir.Solve, row *method.Row, params []*ir.Param, at bool) *ir.Func {
	f, n := s.Field, len(s.States)
	name := s.Name + ".adjoint_step"
	if at {
		name = s.Name + ".adjoint_at"
	}
	b := ir.NewFunc(p.fresh(name), s.Span, p.m.Real)
	scalar := ir.Scalar(ir.F64)
	t, h := b.Arg("t", scalar), b.Arg("h", scalar)
	var theta *ir.Value
	if at {
		theta = b.Arg("theta", scalar)
	}
	y := copyArgs(b, f.Args[1:1+n])
	c := copyArgs(b, f.Args[1+n:])
	var bars []*ir.Value
	for _, st := range s.States {
		bars = append(bars, b.Arg(st.Name+"_bar", st.Type))
	}
	length := h
	if at {
		length = b.Mul(theta, h)
	}
	// The data of the dense output, from which the state anywhere in the step is made.
	in := append([]*ir.Value{t, h}, y...)
	middle := method.Middle(b, t, h)
	if s.FSAL {
		in = append(in, method.Evaluate(b, s, append(append([]*ir.Value{t}, y...), c...), t, h)...)
	}
	outs := b.CallAll(s.DenseStep, append(in, c...)...)
	data := len(outs) - (len(s.Dense.Args) - 2 - 2*n)
	fixed := append(append(append([]*ir.Value{t, h}, y...), outs[:n]...), outs[data:]...) // of the slope, after λ

	slope, held := p.adjointSlope(s)
	pseudo := &ir.Solve{Name: s.Name + ".adjoint", States: s.States, Field: slope}
	stages, ends := method.Stages(b, pseudo, row, b.Add(t, length), b.Neg(length), bars, append(slices.Clip(fixed), held.taken(b, middle, c)...))
	wrt := Wrt{Params: params}
	for j := range s.Extras {
		wrt.Args = append(wrt.Args, 1+n+j)
	}
	results := ends
	if len(wrt.Args)+len(params) > 0 {
		back := p.within(s, wrt)
		taken := back.taken(b, middle, c)
		var sums []*ir.Value
		for _, st := range stages {
			in := append([]*ir.Value{st.T}, p.denseAt(b, s, st.T, fixed)...)
			in = append(in, taken...)
			for _, g := range st.Y { // backwards, h is negative
				in = append(in, b.Mul(b.Cast(b.Neg(st.Weight), g.Type.Elem), g))
			}
			sums = addEach(b, sums, b.CallAll(back.Func, in...))
		}
		sums = back.pulled(b, middle, c, sums)
		results = append(results[:n:n], sums...)
	}
	for _, a := range append(append([]*ir.Value(nil), y...), c...) {
		b.Func.ResultNames = append(b.Func.ResultNames, a.Name+"_bar")
	}
	b.Func.Accum = make([]bool, n+len(s.Extras))
	for _, q := range params {
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name+"_bar")
		b.Func.Accum = append(b.Func.Accum, true)
	}
	b.Return(results...)
	b.Func.DropDead()
	return p.m.AddFunc(b.Func)
}

// denseAt gives the states at a time in a step; fixed is (t, h, y…, y1…, d…) of the step.
func (p *pass) denseAt(b *ir.Builder, s *ir.Solve, at *ir.Value, fixed []*ir.Value) []*ir.Value {
	// In lanes a sample that takes no part has a step of no length, and what it gives to sums has to be zero, not NaN.
	h := b.Select(b.Emit(ir.OpEq, ir.Attr{}, fixed[1], b.Fill(0, fixed[1].Type)), b.Fill(1, fixed[1].Type), fixed[1])
	theta := b.Div(b.Sub(at, fixed[0]), h)
	return b.CallAll(s.Dense, append([]*ir.Value{theta}, fixed[1:]...)...)
}

// adjointSlope is (t, λ…, t0, h, y…, y1…, d…, what taken of the derivative gives) -> λ'… along the dense output of a step.
func (p *pass) adjointSlope(s *ir.Solve) (*ir.Func, fieldVJP) {
	wrt := Wrt{}
	for i := range s.States {
		wrt.Args = append(wrt.Args, 1+i)
	}
	back := p.within(s, wrt)
	key := "adjoint slope " + s.Name
	if f := p.made[key]; f != nil {
		return f, back
	}
	n := len(s.States)
	b := ir.NewFunc(p.fresh(s.Name+".adjoint_slope"), s.Span, p.m.Real)
	at := b.Arg("at", ir.Scalar(ir.F64))
	var bars []*ir.Value
	for _, st := range s.States {
		bars = append(bars, b.Arg(st.Name+"_bar", st.Type))
	}
	fixed := []*ir.Value{b.Arg("t", ir.Scalar(ir.F64)), b.Arg("h", ir.Scalar(ir.F64))}
	fixed = append(fixed, copyArgs(b, s.Dense.Args[2:])...)
	taken := copyArgs(b, back.Args[1+n:len(back.Args)-n])
	in := append([]*ir.Value{at}, p.denseAt(b, s, at, fixed)...)
	in = append(in, taken...)
	var slopes []*ir.Value
	for i, g := range b.CallAll(back.Func, append(in, bars...)...) {
		slopes = append(slopes, b.Neg(g))
		b.Func.ResultNames = append(b.Func.ResultNames, "d"+s.States[i].Name+"_bar")
	}
	b.Return(slopes...)
	return p.add(key, b.Func), back
}
