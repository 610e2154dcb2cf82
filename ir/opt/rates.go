package opt

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// rates finds the rate of every value: the innermost region that it depends on, and whether it
// differs between samples. It sets Value.Rate, and the regions of solves, reverse sweeps, maps
// and functions where they are not set.
//
// The rate of a result is the join of those of its operands; a node's results belong to the region
// around the node. Rates of arguments come from the place where a function runs:
//
//	models, objectives      sample*
//	Combine, Pull           batch
//	Field                   t stage, states stage*, extras solve
//	Begin                   as Step, and as around its call
//	Step, Start, Replay, …  t, h step, states step*, extras solve
//	Dense, Norm, Control    step*
//	First                   t0 solve, states solve*, extras solve
//	StepVJP, AtVJP, DenseVJP t, h rev, states and cotangents rev*, extras as around the sweep
//	Fn of a map             slices map, the others as around the map
//	Fn of a scan            values handed on and slices scan, the others as around the scan
//	called functions        the join over all calls
//
// t and h carry a star in an adaptive solve, which gives each sample steps of its own, and where t0
// or t1 differ between samples; an extra where its value does.
func rates(m *ir.Module) {
	r := &rater{m: m, args: map[*ir.Func][]ir.Rate{}, placed: map[*ir.Func]bool{}}
	for _, rc := range m.Recipes {
		if rc.Combine != nil {
			r.place(rc.Combine, nil, fill(len(rc.Combine.Args), at(ir.BatchRegion, false)))
		}
		if rc.Pull != nil {
			r.place(rc.Pull, nil, fill(len(rc.Pull.Args), at(ir.BatchRegion, false)))
		}
	}
	order := callersFirst(m)
	inRun := map[*ir.Solve]bool{}
	for _, f := range order {
		for _, v := range f.Values {
			if v.Op == ir.OpSolve {
				inRun[v.Attr.Solve] = true
			}
		}
	}
	for _, s := range solves(m) {
		if !inRun[s] { // made for callers outside: everything is theirs, sample by sample
			r.solve(s, nil, true, fill(len(s.Extras), at(ir.SampleRegion, true)))
		}
	}
	for _, f := range order {
		r.function(f)
	}
}

func at(region *ir.Region, perSample bool) ir.Rate {
	return ir.Rate{Region: region, PerSample: perSample}
}

func fill(n int, r ir.Rate) []ir.Rate {
	rs := make([]ir.Rate, n)
	for i := range rs {
		rs[i] = r
	}
	return rs
}

// callersFirst lists the functions of m such that everyone who runs a function comes before it.
func callersFirst(m *ir.Module) []*ir.Func {
	var post []*ir.Func
	seen := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			for _, g := range callees(v) {
				visit(g)
			}
		}
		post = append(post, f)
	}
	for _, f := range m.Funcs {
		visit(f)
	}
	for i, j := 0, len(post)-1; i < j; i, j = i+1, j-1 {
		post[i], post[j] = post[j], post[i]
	}
	return post
}

type rater struct {
	m      *ir.Module
	args   map[*ir.Func][]ir.Rate
	placed map[*ir.Func]bool // arguments fixed by a solve, a sweep or a recipe, not by calls
}

// place says where f runs. Several places join.
func (r *rater) place(f *ir.Func, region *ir.Region, args []ir.Rate) {
	if f == nil {
		return
	}
	if f.Region == nil {
		f.Region = region
	}
	if r.placed[f] {
		args = joined(r.args[f], args)
	}
	r.placed[f] = true
	r.args[f] = args
}

func joined(a, b []ir.Rate) []ir.Rate {
	out := append([]ir.Rate(nil), a...)
	for i := range out {
		out[i] = out[i].Join(b[i])
	}
	return out
}

func (r *rater) function(f *ir.Func) {
	args := r.args[f]
	for i, a := range f.Args {
		if args == nil {
			a.Rate = at(ir.SampleRegion, true)
		} else {
			a.Rate = args[i]
		}
	}
	for _, v := range f.Values {
		v.Rate = rateOf(v)
		switch v.Op {
		case ir.OpCall:
			r.called(v.Attr.Func, passedOn(f, v.Args))
		case ir.OpMap:
			r.mapped(f, v)
		case ir.OpScan:
			r.scanned(f, v)
		case ir.OpSolve:
			r.solveValue(f, v)
		case ir.OpRev:
			r.sweep(f, v)
		}
	}
}

// rateOf joins the rates of v's operands, which are known. A node also reads parameters.
func rateOf(v *ir.Value) ir.Rate {
	switch v.Op {
	case ir.OpArg:
		return v.Rate
	case ir.OpConst:
		return at(ir.ModuleRegion, false)
	case ir.OpParam:
		return at(ir.ParamsRegion, false)
	}
	rate := at(ir.ModuleRegion, false)
	if v.Op.Info().Class == ir.ClassNode {
		rate = at(ir.ParamsRegion, false)
	}
	for _, a := range v.Args {
		rate = rate.Join(a.Rate)
	}
	return rate
}

func ratesOf(vs []*ir.Value) []ir.Rate {
	rs := make([]ir.Rate, len(vs))
	for i, v := range vs {
		rs[i] = v.Rate
	}
	return rs
}

func (r *rater) called(f *ir.Func, args []ir.Rate) {
	if r.placed[f] {
		return
	}
	if old := r.args[f]; old != nil {
		args = joined(old, args)
	}
	r.args[f] = args
}

func (r *rater) mapped(f *ir.Func, v *ir.Value) {
	mp := v.Attr.Map
	if mp.Region == nil {
		mp.Region = around(f).Inside(ir.RegionMap, mp.Fn.Name)
	}
	args := passedOn(f, v.Args)
	for i := range args[:mp.Mapped] {
		args[i].Region = mp.Region
	}
	r.place(mp.Fn, mp.Region, args)
}

// passedOn are the rates of arguments that f passes to a function that it runs. There, an argument cannot be
// computed from parameters alone, so that it is at least at the rate of f.
func passedOn(f *ir.Func, operands []*ir.Value) []ir.Rate {
	rs := ratesOf(operands)
	for i := range rs {
		rs[i] = rs[i].Join(at(around(f), false))
	}
	return rs
}

// scanned places the function of a scan. What it hands on may depend on every operand.
func (r *rater) scanned(f *ir.Func, v *ir.Value) {
	s := v.Attr.Scan
	if s.Region == nil {
		s.Region = around(f).Inside(ir.RegionScan, s.Fn.Name)
	}
	args := passedOn(f, v.Args)
	for i := range args[:s.Carry+s.Mapped] {
		args[i].Region = s.Region
		if i < s.Carry {
			args[i].PerSample = v.Rate.PerSample
		}
	}
	r.place(s.Fn, s.Region, args)
}

// around is the region in which the body of f runs.
func around(f *ir.Func) *ir.Region {
	if f != nil && f.Region != nil {
		return f.Region
	}
	return ir.SampleRegion
}

// stars reports, for the operands of a solve, whether its times differ between samples, and gives
// the rates of its extras.
func stars(s *ir.Solve, operands []*ir.Value) (times bool, extras []ir.Rate) {
	for _, o := range operands[:s.Lead()] {
		times = times || o.Rate.PerSample
	}
	return times, ratesOf(operands[s.Lead()+len(s.States):])
}

func (r *rater) solveValue(f *ir.Func, v *ir.Value) {
	times, extras := stars(v.Attr.Solve, v.Args)
	r.solve(v.Attr.Solve, around(f), times, extras)
}

// solve places the functions of s, which runs within region.
func (r *rater) solve(s *ir.Solve, region *ir.Region, times bool, extras []ir.Rate) {
	if region == nil {
		region = ir.SampleRegion
	}
	if s.Region == nil {
		s.Region = region.Inside(ir.RegionSolve, s.Name)
	}
	step := regionOf(s.Step, ir.RegionStep, s.Region)
	stage := regionOf(s.Field, ir.RegionStage, step)

	n, x := len(s.States), len(s.Plain())
	own := s.Adaptive || times || len(s.Events) > 0
	c := make([]ir.Rate, len(extras))
	for i, e := range extras {
		c[i] = at(s.Region, e.PerSample)
	}
	states := func(region *ir.Region, n int) []ir.Rate { return fill(n, at(region, true)) }
	in := n // of a step
	if s.FSAL {
		in += x
	}
	rows := []struct {
		f      *ir.Func
		region *ir.Region
		args   []ir.Rate
	}{
		{s.Field, stage, list(fill(1, at(stage, own)), states(stage, x), c)},
		{s.Piece, step, list(fill(1, at(step, own)), c)},
		{s.Within, stage, list(fill(1, at(stage, own)), states(stage, x), pieceRates(s, step, own, c))},
		{s.Begin, step, list(fill(1, at(step, own)), states(step, n), c)},
		{s.Step, step, list(fill(2, at(step, own)), states(step, in), c)},
		{s.DenseStep, step, list(fill(2, at(step, own)), states(step, in), c)},
		{s.Replay, step, list(fill(2, at(step, own)), states(step, n), c)},
		{s.Start, step, list(fill(2, at(step, own)), states(step, n), c)},
		{s.StartAt, step, list(fill(3, at(step, own)), states(step, n), c)},
		{s.ReplayAt, step, list(fill(3, at(step, own)), states(step, n), c)},
		{s.ReplayDense, step, list(fill(2, at(step, own)), states(step, n), c)},
		{s.Guard, step, list(fill(1, at(step, own)), states(step, x), c)},
		{s.First, s.Region, list(fill(2, at(s.Region, times)), fill(2, at(s.Region, false)), states(s.Region, 2*x), c)},
		{s.FirstNorms, s.Region, list(fill(2, at(s.Region, false)), states(s.Region, 2*x))},
		{s.FirstBend, s.Region, list(fill(2, at(s.Region, times)), fill(4, at(s.Region, false)), states(s.Region, 2*x), c)},
		{s.Norm, step, list(fill(2, at(s.Region, false)), states(step, 3*x))},
	}
	for _, e := range s.Events {
		r.place(e.Reset, step, list(fill(1, at(step, own)), states(step, x), c))
	}
	for _, row := range rows {
		r.place(row.f, row.region, row.args)
	}
	if s.Given != nil {
		r.place(s.Given, s.Region, fill(len(s.Given.Args), at(s.Region, true)))
	}
	for _, f := range []*ir.Func{s.Dense, s.StartDense, s.Control} {
		if f != nil {
			r.place(f, step, fill(len(f.Args), at(step, true)))
		}
	}
}

// pieceRates are those of what a step of s hands to its stages: of extras their own, of what is looked up that of the step.
func pieceRates(s *ir.Solve, step *ir.Region, own bool, extras []ir.Rate) []ir.Rate {
	if s.Within == nil {
		return nil
	}
	own = own || slices.ContainsFunc(extras, func(r ir.Rate) bool { return r.PerSample })
	rs := fill(len(s.Piece.Results), at(step, own))
	for i, v := range s.Piece.Results {
		if v.Op == ir.OpArg && v.Attr.Index > 0 {
			rs[i] = extras[v.Attr.Index-1]
		}
	}
	return rs
}

func list(groups ...[]ir.Rate) []ir.Rate {
	var all []ir.Rate
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// regionOf is the region of f where that is of the kind, else a new one within parent.
func regionOf(f *ir.Func, kind ir.RegionKind, parent *ir.Region) *ir.Region {
	if f != nil && f.Region != nil && f.Region.Kind == kind {
		return f.Region
	}
	return parent.Inside(kind, "")
}

func (r *rater) sweep(f *ir.Func, v *ir.Value) {
	rev := v.Attr.Rev
	if rev.Region == nil {
		rev.Region = around(f).Inside(ir.RegionRev, rev.Name)
	}
	solve := v.Args[0]
	s := rev.Solve
	times, _ := stars(s, solve.Args)
	extras := passedOn(f, solve.Args[s.Lead()+len(s.States):])
	own := s.Adaptive || times
	for _, g := range rev.Events { // their times are those of the sample
		own = true
		r.place(g, rev.Region, list(fill(1, at(rev.Region, true)), fill(len(s.States), at(rev.Region, true)), extras, fill(len(s.States)+1, at(rev.Region, true))))
	}
	data := len(rev.DataTypes())
	r.place(rev.DenseVJP, rev.Region, list(fill(2, at(rev.Region, true)), fill(len(s.States), at(rev.Region, true))))
	for _, g := range rev.Funcs()[len(rev.Events):] {
		if g == rev.DenseVJP {
			continue
		}
		bars := len(s.States)
		switch g {
		case rev.StepVJP:
			bars += data
		case rev.Keep, rev.StartKeep:
			bars = 0
		case rev.KeptVJP:
			bars += len(rev.KeptTypes())
		}
		scalars := len(g.Args) - len(s.States) - len(extras) - bars
		r.place(g, rev.Region, list(
			fill(scalars, at(rev.Region, own)),
			fill(len(s.States), at(rev.Region, true)), extras,
			fill(bars, at(rev.Region, true))))
	}
}
