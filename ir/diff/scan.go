package diff

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// A scan is differentiated run by run. Its derivative needs what was handed on to each run, which the
// scan then gives as further results; the derivative is itself a scan: over the runs in their
// order for tangents, and against it for cotangents.

// handedOn gives what v, a scan, handed on to each run, stacked, one value for each of its carries.
// It changes v where v does not give them yet: results are added behind the others.
func (d *body) handedOn(v *ir.Value) []*ir.Value {
	s := v.Attr.Scan
	at := make([]int, s.Carry)
	missing := false
	for j := range at {
		at[j] = -1
		for i := s.Carry; i < len(s.Fn.Results); i++ {
			if s.Fn.Results[i] == s.Fn.Args[j] && !s.Sums(i) {
				at[j] = i
			}
		}
		missing = missing || at[j] < 0
	}
	if missing {
		wide := *s
		wide.Fn = d.givingCarries(s)
		v.Attr.Scan = &wide
		for j := range at {
			if at[j] < 0 {
				at[j] = len(v.Type.Parts)
				t := s.Fn.Args[j].Type
				v.Type.Parts = append(v.Type.Parts[:at[j]:at[j]], ir.Tensor(t.Elem, append([]int{s.N}, t.Shape...)...))
			}
		}
	}
	out := make([]*ir.Value, s.Carry)
	for j, i := range at {
		out[j] = d.b.Result(v, i)
	}
	return out
}

// givingCarries is the function of s with the carries that it takes and does not give as further
// results.
func (p *pass) givingCarries(s *ir.Scan) *ir.Func {
	p.expand(s.Fn)
	key := Wrt{}.key("carries", s.Fn, s.Carry)
	if g := p.made[key]; g != nil {
		return g
	}
	g := s.Fn.Clone(p.fresh(s.Fn.Name + ".rec"))
	for len(g.ResultNames) < len(g.Results) {
		g.ResultNames = append(g.ResultNames, "")
	}
	given := map[*ir.Value]bool{}
	for i, r := range g.Results {
		given[r] = given[r] || i >= s.Carry && !s.Sums(i)
	}
	for _, a := range g.Args[:s.Carry] {
		if !given[a] {
			g.Results = append(g.Results, a)
			g.ResultNames = append(g.ResultNames, a.Name)
		}
	}
	return p.add(key, g)
}

// through selects what a derivative through s goes by: the operands in on, the carries that come to
// depend on them or on the parameters, and the parameters that s reads. It completes on.
func (p *pass) through(s *ir.Scan, on []bool, params map[*ir.Param]bool) Wrt {
	f := s.Fn
	p.expand(f)
	w := Wrt{Params: selected(p.reads(f), params)}
	for changed := true; changed; {
		changed = false
		leaves := map[*ir.Value]bool{}
		for i, a := range f.Args {
			leaves[a] = on[i]
		}
		active := p.active(f.Values, leaves, params)
		for i, r := range f.Results[:s.Carry] {
			if active[r] && !on[i] {
				on[i], changed = true, true
			}
		}
	}
	for i := range f.Args {
		if on[i] {
			w.Args = append(w.Args, i)
		}
	}
	return w
}

// bars is what one run of a scan gives backwards.
type bars struct {
	carries, rest []int // arguments of the scan's function with cotangents: handed on, and summed
	slices        []int
	others        []int // results of the function with cotangents, but for the carries
}

func (r *reverse) scanned(v *ir.Value) {
	gs := r.cotangents(v)
	if gs == nil {
		return
	}
	on := make([]bool, len(v.Args))
	for i, a := range v.Args {
		on[i] = r.active[a]
	}
	wrt := r.through(v.Attr.Scan, on, r.params)
	carries := r.handedOn(v)
	r.runsBack(v, v.Attr.Scan, wrt, gs, carries)
}

// runsBack is a scan against the runs of s, which is what v does; carries are what it handed on.
func (r *reverse) runsBack(v *ir.Value, s *ir.Scan, wrt Wrt, gs, carries []*ir.Value) {
	var w bars
	for _, i := range wrt.Args {
		switch {
		case i < s.Carry:
			w.carries = append(w.carries, i)
		case i < s.Carry+s.Mapped:
			w.slices = append(w.slices, i)
		default:
			w.rest = append(w.rest, i)
		}
	}
	for i, t := range v.Type.Parts {
		if i >= s.Carry && i < len(gs) && gs[i] != nil && t.Elem.IsFloat() {
			w.others = append(w.others, i)
		}
	}
	back := &ir.Scan{Fn: r.scanBack(s, wrt, w, r.accum), N: s.N, Carry: len(w.carries) + len(w.rest), Back: !s.Back, Region: s.Region}

	var args []*ir.Value
	for _, i := range w.carries {
		args = append(args, orZero(r.b, gs[i], v.Type.Parts[i]))
	}
	for _, i := range w.rest {
		args = append(args, r.b.Zeros(v.Args[i].Type))
	}
	args = append(args, carries...)
	args = append(args, v.Args[s.Carry:s.Carry+s.Mapped]...)
	for _, i := range w.others {
		if !s.Sums(i) {
			args = append(args, gs[i])
		}
	}
	back.Mapped = len(args) - back.Carry
	args = append(args, v.Args[s.Carry+s.Mapped:]...)
	for _, i := range w.others {
		if s.Sums(i) {
			args = append(args, gs[i])
		}
	}
	outs := r.b.Results(r.b.Emit(ir.OpScan, ir.Attr{Scan: back}, args...))
	for _, list := range [][]int{w.carries, w.rest, w.slices} {
		for _, i := range list {
			r.seed(v.Args[i], outs[0])
			outs = outs[1:]
		}
	}
	for k, q := range wrt.Params {
		g := outs[k]
		if !r.accum {
			g = r.b.Sum(g, 0)
		}
		r.addParam(q, g)
	}
}

// scanBack is one run backwards:
//
//	(cotangents of carries…, sums for the rest…, carries…, slices…, cotangents of stacked results…,
//	rest…, cotangents of summed results…) -> (cotangents of carries…, sums for the rest…,
//	cotangents of slices…, cotangents of parameters…)
func (p *pass) scanBack(s *ir.Scan, wrt Wrt, w bars, accum bool) *ir.Func {
	f := s.Fn
	key := wrt.key("scan", f, s.Carry)
	for _, x := range []any{s.Mapped, w.others, accum} {
		key += fmt.Sprint(" ", x)
	}
	if g := p.made[key]; g != nil {
		return g
	}
	vjp := p.vjp(f, wrt, len(f.Args), accum)
	b := p.derived(f, ".back")
	b.Func.Region = nil
	bar := map[int]*ir.Value{} // of results of f
	for _, i := range w.carries {
		bar[i] = b.Arg(f.Args[i].Name+"_bar", f.Args[i].Type)
	}
	var sums []*ir.Value
	for _, i := range w.rest {
		sums = append(sums, b.Arg(f.Args[i].Name+"_bar", f.Args[i].Type))
	}
	args := copyArgs(b, f.Args[:s.Carry+s.Mapped])
	for _, i := range w.others {
		if !s.Sums(i) {
			bar[i] = b.Arg(resultName(f, i)+"_bar", f.Results[i].Type)
		}
	}
	args = append(args, copyArgs(b, f.Args[s.Carry+s.Mapped:])...)
	for _, i := range w.others {
		if s.Sums(i) {
			bar[i] = b.Arg(resultName(f, i)+"_bar", f.Results[i].Type)
		}
	}
	for i, r := range f.Results {
		if r.Type.Elem.IsFloat() {
			args = append(args, orZero(b, bar[i], r.Type))
		}
	}
	outs := b.Inline(vjp, args)
	given := map[int]*ir.Value{}
	for k, i := range wrt.Args {
		given[i] = outs[k]
	}
	for k, i := range w.rest {
		given[i] = b.Add(sums[k], given[i])
	}
	var results []*ir.Value
	for _, list := range [][]int{w.carries, w.rest, w.slices} {
		for _, i := range list {
			results = append(results, given[i])
			b.Func.ResultNames = append(b.Func.ResultNames, f.Args[i].Name+"_bar")
		}
	}
	b.Func.Accum = make([]bool, len(results))
	for k, q := range wrt.Params {
		results = append(results, outs[len(wrt.Args)+k])
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name+"_bar")
		b.Func.Accum = append(b.Func.Accum, accum)
	}
	b.Return(results...)
	b.Func.DropDead()
	return p.add(key, b.Func)
}

func (f *forward) scanned(v *ir.Value, dx []*ir.Value) *ir.Value {
	if wrt, _ := f.along(v, dx); len(wrt.Args)+len(wrt.Params) == 0 {
		return nil
	}
	on := make([]bool, len(dx))
	for i, d := range dx {
		on[i] = d != nil
	}
	wanted := map[*ir.Param]bool{}
	for q := range f.params {
		wanted[q] = f.params[q] != nil
	}
	wrt := f.through(v.Attr.Scan, on, wanted)
	carries := f.handedOn(v)
	s := v.Attr.Scan
	push := &ir.Scan{Fn: f.scanForward(s, wrt), N: s.N, Back: s.Back, Region: s.Region}
	var args []*ir.Value
	tangents := func(lo, hi int) {
		for _, i := range wrt.Args {
			if lo <= i && i < hi {
				args = append(args, orZero(f.b, dx[i], v.Args[i].Type))
			}
		}
	}
	slices := s.Carry + s.Mapped
	tangents(0, s.Carry)
	push.Carry = len(args)
	args = append(append(args, carries...), v.Args[s.Carry:slices]...)
	tangents(s.Carry, slices)
	push.Mapped = len(args) - push.Carry
	args = append(args, v.Args[slices:]...)
	tangents(slices, len(v.Args))
	for _, q := range wrt.Params {
		args = append(args, f.params[q])
	}
	outs := f.b.Results(f.b.Emit(ir.OpScan, ir.Attr{Scan: push}, args...))
	ps := make([]*ir.Value, len(v.Type.Parts))
	for i, t := range v.Type.Parts {
		switch {
		case !t.Elem.IsFloat() || i < s.Carry && !on[i]:
			continue
		case s.Sums(i):
			ps[i] = f.b.Sum(outs[0], 0)
		default:
			ps[i] = outs[0]
		}
		outs = outs[1:]
	}
	f.parts[v] = ps
	return nil
}

// scanForward is the tangent of one run:
//
//	(tangents of carries…, carries…, slices…, tangents of slices…, rest…, tangents of the rest…, of
//	parameters…) -> (tangents of carries…, of other real results…)
func (p *pass) scanForward(s *ir.Scan, wrt Wrt) *ir.Func {
	f := s.Fn
	key := wrt.key("scan jvp", f, s.Carry) + fmt.Sprint(" ", s.Mapped)
	if g := p.made[key]; g != nil {
		return g
	}
	jvp := p.jvp(f, wrt, len(f.Args))
	b := p.derived(f, ".push")
	b.Func.Region = nil
	var args []*ir.Value
	dots := map[int]*ir.Value{}
	tangents := func(lo, hi int) {
		for _, i := range wrt.Args {
			if lo <= i && i < hi {
				dots[i] = b.Arg(f.Args[i].Name+"_dot", f.Args[i].Type)
			}
		}
	}
	slices := s.Carry + s.Mapped
	tangents(0, s.Carry)
	args = copyArgs(b, f.Args[:slices])
	tangents(s.Carry, slices)
	args = append(args, copyArgs(b, f.Args[slices:])...)
	tangents(slices, len(f.Args))
	for _, i := range wrt.Args {
		args = append(args, dots[i])
	}
	for _, q := range wrt.Params {
		args = append(args, b.Arg(q.Name+"_dot", q.Type))
	}
	outs := b.Inline(jvp, args)
	var results []*ir.Value
	for i, r := range f.Results {
		if !r.Type.Elem.IsFloat() {
			continue
		}
		if i >= s.Carry || dots[i] != nil {
			results = append(results, outs[0])
			b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i)+"_dot")
		}
		outs = outs[1:]
	}
	b.Return(results...)
	b.Func.DropDead()
	return p.add(key, b.Func)
}
