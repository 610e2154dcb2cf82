package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// backprop differentiates the steps that were taken: the solve records t, h and y of every
// accepted step, and a reverse sweep runs the step's VJP over them, last to first. Step sizes
// and times are constants (discretise, then differentiate).
func backprop(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	n := len(v.Attr.Solve.States)
	params := selected(r.stepReads(v.Attr.Solve), r.params)
	outs := r.backOver(v, gs, params)
	for i := range outs[:n+len(v.Attr.Solve.Extras)] {
		r.seed(v.Args[v.Attr.Solve.Lead()+i], outs[i])
	}
	for k, q := range params {
		r.addParam(q, outs[n+len(v.Attr.Solve.Extras)+k])
	}
	return outs[:n]
}

// backOver makes v record its steps and goes back over them with the cotangents gs of its states (nil
// for zero). It gives the cotangents of the start states, of extras and of params.
func (d *body) backOver(v *ir.Value, gs []*ir.Value, params []*ir.Param) []*ir.Value {
	s := d.recording(v.Attr.Solve)
	v.Attr.Solve = s
	region := ir.SampleRegion
	if s.Region != nil && s.Region.Parent != nil {
		region = s.Region.Parent
	}
	rev := &ir.Rev{Name: d.sweepName(s), Solve: s, Params: params,
		Region: region.Inside(ir.RegionRev, s.Name)}
	step := s.Replay
	if s.Inside() && s.ReplayDense != nil {
		if rev.DenseVJP = d.denseVJP(s); rev.DenseVJP != nil {
			step = s.ReplayDense
		}
	}
	rev.StepVJP = d.vjp(step, after(step, 2, params), len(step.Args), true)
	if onlySteps(s) {
		d.keeping(rev, after(s.Replay, 2, params))
	}
	rev.Events = d.eventVJPs(s, params)
	if s.Rebegins() {
		rev.BeginVJP = d.vjp(s.Begin, after(s.Begin, 1, params), len(s.Begin.Args), true)
	}
	if s.Start != nil {
		rev.StartVJP = d.vjp(s.Start, after(s.Start, 2, params), len(s.Start.Args), true)
	}
	if (s.Times > 0 || s.Cuts()) && rev.DenseVJP == nil {
		if s.StartAt != nil {
			rev.StartAtVJP = d.vjp(s.StartAt, after(s.StartAt, 3, params), len(s.StartAt.Args), true)
		}
		rev.AtVJP = d.vjp(s.ReplayAt, after(s.ReplayAt, 3, params), len(s.ReplayAt.Args), true)
	}
	d.ofSteps[rev] = true
	return d.sweepBack(rev, v, gs)
}

// onlySteps reports whether s takes steps from start to end and does nothing else. Its step, where the length is given, is then its replay.
func onlySteps(s *ir.Solve) bool {
	other := s.FSAL && !s.Adaptive || s.Times > 0 || s.Stops > 0 || s.Within != nil || s.Cuts() || s.Remakes() || s.Stretches || s.PerSample || s.Begin != nil || s.Start != nil
	return !other && (s.Adaptive || s.Steps > 0 || s.StepSize > 0) && s.Compat == "" && s.StepGroup == ""
}

// denseVJP is ir.Rev.DenseVJP, or nil where dense output is not linear in states and data, or takes the states after the step.
func (d *body) denseVJP(s *ir.Solve) *ir.Func {
	n, f := len(s.States), s.Dense
	key := "dense " + f.Name
	if g := d.made[key]; g != nil {
		return g
	}
	wrt := Wrt{}
	for i := 2; i < len(f.Args); i++ {
		wrt.Args = append(wrt.Args, i)
	}
	whole := d.sweepOf(f, wrt, len(f.Args), false)
	whole.fn.DropDead()
	g := whole.fn
	if readsAny(f, f.Args[2+n:2+2*n]) || readsAny(g, g.Args[2:len(f.Args)]) {
		return nil
	}
	b := d.derived(f, ".vjp")
	b.Func.Doc = "from cotangents inside a step to those of its start and of the data for dense output"
	args := copyArgs(b, g.Args[:2])
	for _, a := range g.Args[2:len(f.Args)] {
		args = append(args, b.Zeros(a.Type)) // nobody reads them
	}
	args = append(args, copyArgs(b, g.Args[len(f.Args):])...)
	out := b.Inline(g, args)
	b.Func.ResultNames = slices.Delete(slices.Clone(g.ResultNames), n, 2*n)
	b.Return(slices.Delete(slices.Clone(out), n, 2*n)...)
	b.Func.DropDead()
	return d.add(key, b.Func)
}

// readsAny reports whether a value or a result of f is one of args, or takes one.
func readsAny(f *ir.Func, args []*ir.Value) bool {
	takes := func(vs []*ir.Value) bool {
		return slices.ContainsFunc(vs, func(v *ir.Value) bool { return slices.Contains(args, v) })
	}
	return takes(f.Results) || slices.ContainsFunc(f.Values, func(v *ir.Value) bool { return takes(v.Args) })
}

// sweepBack runs a reverse sweep over v from the cotangents gs of what it gives (nil for zero).
func (d *body) sweepBack(rev *ir.Rev, v *ir.Value, gs []*ir.Value) []*ir.Value {
	s := rev.Solve
	args := []*ir.Value{v}
	types := parts(v)
	for i := range s.States {
		args = append(args, orZero(d.b, gs[i], types[i]))
	}
	if s.MayStop() {
		var end *ir.Value
		if at := len(s.States) + ir.StatTime; at < len(gs) {
			end = gs[at]
		}
		args = append(args, orZero(d.b, end, ir.Scalar(ir.F64)))
	}
	if s.TakesStops() {
		args = append(args, v.Args[2])
	}
	return results(d.b, d.b.Emit(ir.OpRev, ir.Attr{Rev: rev}, args...))
}

// sweepName is a name for a reverse sweep of s that no other one has.
func (p *pass) sweepName(s *ir.Solve) string {
	p.sweeps[s]++
	if n := p.sweeps[s]; n > 1 {
		return fmt.Sprintf("%s.rev%d", s.Name, n)
	}
	return s.Name + ".rev"
}

// after selects the arguments of a step, or of where memory begins, from the given one on: states and extras.
func after(f *ir.Func, first int, params []*ir.Param) Wrt {
	w := Wrt{Params: params}
	for i := first; i < len(f.Args); i++ {
		w.Args = append(w.Args, i)
	}
	return w
}

// recording is the solve that does what s does and keeps its accepted steps. The functions are
// shared with s.
func (p *pass) recording(s *ir.Solve) *ir.Solve {
	if s.Record {
		return s
	}
	if c := p.recorded[s]; c != nil {
		return c
	}
	c := *s
	c.Given = nil // nobody steps through it by himself
	c.Events = slices.Clone(s.Events)
	c.Name = s.Name + ".rec"
	c.Record = true
	p.recorded[s] = &c
	p.m.Solves = append(p.m.Solves, &c)
	return &c
}
