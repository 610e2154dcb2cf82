package diff

import "ndec.dev/ndec/ir"

// throughEvents is run for a solve with events, which decide how many backward solves there are: the forward solve
// records its stretches, and a sweep over these solves each one back from its end. Between stretches, output times and events
// change the cotangents as they do for every other sensitivity.
func (a *adjointSolve) throughEvents(r *reverse, v *ir.Value, gs []*ir.Value) []*ir.Value {
	s := a.of
	n := len(s.States)
	if a.carry && s.Times > 0 {
		r.fail(eventsThroughSteps, s.Span, "%s{restart: solved} of a solve with events and output times is not compiled yet; use restart: stored", s.Sensitivity.Row)
		return nil
	}
	params := selected(r.stepReads(s), r.params)
	rec := r.recording(s)
	rec.Stretches = true
	v.Attr.Solve = rec
	rev := &ir.Rev{Name: r.sweepName(rec), Solve: rec, Params: params, Region: ir.SampleRegion.Inside(ir.RegionRev, rec.Name)}
	rev.StepVJP = r.stretchVJP(a, params)
	rev.Events = r.eventVJPs(rec, params)
	outs := r.sweepBack(rev, v, gs)
	for i, g := range outs[:n+len(s.Extras)] {
		r.seed(v.Args[s.Lead()+i], g)
	}
	for k, q := range params {
		r.addParam(q, outs[n+len(s.Extras)+k])
	}
	return outs[:n]
}

// stretchVJP is ir.Rev.StepVJP of a solve that keeps stretches: the adjoint equation from the end of one to its start.
func (p *pass) stretchVJP(a *adjointSolve, params []*ir.Param) *ir.Func {
	s, f := a.of, a.of.Field
	n := len(s.States)
	b := ir.NewFunc(p.fresh(s.Name+".stretch"), s.Span, p.m.Real)
	b.Func.Doc = "from the end of a stretch between events back to its start"
	scalar := ir.Scalar(ir.F64)
	t, h := b.Arg("t", scalar), b.Arg("h", scalar)
	in := &interval{from: t}
	var stops *ir.Value
	if s.Stops > 0 {
		stops = b.Arg("stops", ir.Tensor(ir.F64, s.Stops))
	}
	in.y = copyArgs(b, f.Args[1:1+n])
	in.extras = copyArgs(b, f.Args[1+n:])
	for _, st := range s.States {
		in.bars = append(in.bars, b.Arg(st.Name+"_bar", st.Type))
	}
	in.to = b.Add(t, h)
	if stops != nil {
		in.stops = b.Emit(ir.OpReverse, ir.Attr{}, stops)
	}
	var byExtra, byParam []*ir.Value
	if a.solve != nil {
		if a.inside {
			for _, st := range a.solve.States[2*len(a.moving):] {
				in.sums = append(in.sums, b.Zeros(st.Type))
			}
		}
		byExtra, byParam = a.back(p.body(b), in)
		if a.inside {
			byExtra, byParam = in.sums[:len(a.extras)], in.sums[len(a.extras):]
		}
	}
	extraBars, paramBars := map[int]*ir.Value{}, map[*ir.Param]*ir.Value{}
	for k, g := range byExtra {
		extraBars[a.extras[k]] = g
	}
	for k, g := range byParam {
		paramBars[a.params[k]] = g
	}
	outs := append([]*ir.Value(nil), in.bars...)
	for j, t := range s.Extras {
		outs = append(outs, orZero(b, extraBars[j], t))
	}
	for _, arg := range f.Args[1:] {
		b.Func.ResultNames = append(b.Func.ResultNames, arg.Name+"_bar")
	}
	b.Func.Accum = make([]bool, len(outs))
	for _, q := range params {
		outs = append(outs, orZero(b, paramBars[q], q.Type))
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name+"_bar")
		b.Func.Accum = append(b.Func.Accum, true)
	}
	b.Return(outs...)
	return p.m.AddFunc(b.Func)
}
