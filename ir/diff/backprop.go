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
		Region:  region.Inside(ir.RegionRev, s.Name),
		StepVJP: d.vjp(s.Replay, after(s.Replay, 2, params), len(s.Replay.Args), true)}
	rev.Events = d.eventVJPs(s, params)
	if s.Rebegins() {
		rev.BeginVJP = d.vjp(s.Begin, after(s.Begin, 1, params), len(s.Begin.Args), true)
	}
	if s.Start != nil {
		rev.StartVJP = d.vjp(s.Start, after(s.Start, 2, params), len(s.Start.Args), true)
	}
	if s.Times > 0 || s.Cuts() {
		if s.StartAt != nil {
			rev.StartAtVJP = d.vjp(s.StartAt, after(s.StartAt, 3, params), len(s.StartAt.Args), true)
		}
		rev.AtVJP = d.vjp(s.ReplayAt, after(s.ReplayAt, 3, params), len(s.ReplayAt.Args), true)
	}
	d.ofSteps[rev] = true
	return d.sweepBack(rev, v, gs)
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
