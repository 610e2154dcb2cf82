package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// A step back evaluates the field at all stages and keeps what their ways back read, for both halves of a warp: in device memory, since nothing else is as
// large. A gradient of a group rather goes through the stages without keeping anything, and evaluates the field again where it goes back over it: forward
// and back are then one function for a half, whose fragments are registers. That is an evaluation more for most stages, of the same bits.

// againLen is the number of elements of a sample that a way back may take from its evaluation, so that registers of two threads a sample hold them beside a product.
const againLen = 128

// planAgain finds the steps back of a gradient that can be done so.
func (e *emitter) planAgain(k *kernel) {
	e.visit(k.fn.IR, map[*ir.Func]bool{}, func(f *ir.Func) {
		for _, v := range f.Values {
			if v.Op != ir.OpRev {
				continue
			}
			back := v.Attr.Rev.StepVJP
			if _, known := e.again[back]; known || back == nil {
				continue
			}
			a := &againStep{e: e, fused: map[string]*ir.Func{}}
			e.again[back] = a.of(back)
		}
	})
}

// againIn is what gradients of groups do in place of f in the present form; nil if it is nothing else.
func (e *emitter) againIn(f *ir.Func) *ir.Func {
	if e.form() != tiled {
		return nil
	}
	return e.again[f]
}

// isAgain reports whether f is such a function.
func (e *emitter) isAgain(f *ir.Func) bool {
	for _, g := range e.again {
		if g == f {
			return true
		}
	}
	return false
}

// againStep makes such a function.
type againStep struct {
	e       *emitter
	users   map[*ir.Value][]*ir.Value
	results map[*ir.Value]bool
	fused   map[string]*ir.Func
	made    []*ir.Func
}

// of is f with every evaluation that keeps fragments, and the way back that reads them, replaced; nil if there are none or others read them, too.
func (a *againStep) of(f *ir.Func) *ir.Func {
	b := ir.NewFunc(f.Name+".again", f.Span, a.e.m.Real)
	var args []*ir.Value
	for _, x := range f.Args {
		args = append(args, b.Arg(x.Name, x.Type))
	}
	b.Return(b.Inline(f, args)...)
	g := b.Func
	g.ResultNames, g.Accum = slices.Clone(f.ResultNames), slices.Clone(f.Accum)
	a.users, a.results = map[*ir.Value][]*ir.Value{}, map[*ir.Value]bool{}
	for _, r := range g.Results {
		a.results[r] = true
	}
	for _, v := range g.Values {
		for _, x := range v.Args {
			a.users[x] = append(a.users[x], v)
		}
	}
	back, forward := map[*ir.Value]*ir.Value{}, map[*ir.Value]bool{} // the evaluation that a way back belongs to
	for _, v := range g.Values {
		if v.Op != ir.OpCall {
			continue
		}
		switch from, ok := a.kept(v); {
		case !ok || from != nil && forward[from]:
			return nil
		case from != nil:
			back[v], forward[from] = from, true
		}
	}
	if len(back) == 0 {
		return nil
	}
	given := map[*ir.Value][]*ir.Value{}
	ir.RebuildMulti(g, a.e.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		switch from := back[v]; {
		case from != nil:
			both, own := a.both(from, v)
			call := slices.Clone(given[from])
			for _, i := range own {
				call = append(call, args[i])
			}
			return b.CallAll(both, call...)
		case forward[v]:
			given[v] = slices.Clone(args)
			return a.evaluate(b, v, args)
		}
		return nil
	})
	a.made = append(a.made, g)
	for _, f := range a.made { // callees first
		if a.e.plan.Include(f) != nil {
			return nil
		}
		a.e.nameFunc(f)
	}
	for _, f := range a.fused {
		if pf := a.e.plan.Of(f); len(a.e.far(pf)) > 0 {
			return nil
		}
		a.e.reorder(a.e.plan.Of(f))
	}
	return g
}

// kept is the evaluation whose fragments the call v in g takes, if it takes any: all of them, which nobody else reads, and no others.
func (a *againStep) kept(v *ir.Value) (from *ir.Value, ok bool) {
	for _, x := range v.Args {
		if x.Type.Len() <= smallLen {
			continue
		}
		if x.Op != ir.OpResult || x.Args[0].Op != ir.OpCall || from != nil && from != x.Args[0] {
			return nil, false
		}
		from = x.Args[0]
	}
	if from == nil {
		return nil, true
	}
	for _, r := range a.users[from] {
		if r.Op != ir.OpResult || a.results[r] && r.Type.Len() > smallLen {
			return nil, false
		}
		for _, u := range a.users[r] {
			if r.Type.Len() > smallLen && u != v {
				return nil, false
			}
		}
	}
	long := 0
	for _, x := range v.Args {
		if x.Type.Len() > smallLen {
			long += x.Type.Len()
		}
	}
	if long > againLen {
		return nil, false
	}
	for _, f := range []*ir.Func{from.Attr.Func, v.Attr.Func} { // registers hold no longer ones
		pf := a.e.plan.Of(f)
		if slices.ContainsFunc(f.Values, func(v *ir.Value) bool { return fragment(pf, v) && v.Type.Len() > heldLen }) {
			return nil, false
		}
	}
	return from, len(from.Attr.Func.Accum) == 0 || !slices.Contains(from.Attr.Func.Accum, true)
}

// both is the evaluation and the way back in one function. It takes the arguments of the former, and of the latter those that own lists.
func (a *againStep) both(from, v *ir.Value) (f *ir.Func, own []int) {
	forward, back := from.Attr.Func, v.Attr.Func
	key := forward.Name + " " + back.Name
	for i, x := range v.Args {
		switch at := slices.Index(from.Args, x); {
		case x.Op == ir.OpResult && x.Args[0] == from:
			key += fmt.Sprint(" r", x.Attr.Index)
		case at >= 0:
			key += fmt.Sprint(" a", at)
		default:
			key += " o"
			own = append(own, i)
		}
	}
	if f = a.fused[key]; f != nil {
		return f, own
	}
	b := ir.NewFunc(strings.TrimSuffix(back.Name, ".bwd")+".both", back.Span, a.e.m.Real)
	var first, second []*ir.Value
	for _, x := range forward.Args {
		first = append(first, b.Arg(x.Name, x.Type))
	}
	second = make([]*ir.Value, len(v.Args))
	for _, i := range own {
		second[i] = b.Arg(back.Args[i].Name, back.Args[i].Type)
	}
	outs := b.Inline(forward, first)
	for i, x := range v.Args {
		switch at := slices.Index(from.Args, x); {
		case x.Op == ir.OpResult && x.Args[0] == from:
			second[i] = outs[x.Attr.Index]
		case at >= 0:
			second[i] = first[at]
		}
	}
	b.Return(b.Inline(back, second)...)
	b.Func.ResultNames, b.Func.Accum = slices.Clone(back.ResultNames), slices.Clone(back.Accum)
	a.fused[key], a.made = b.Func, append(a.made, b.Func)
	return b.Func, own
}

// evaluate gives the short results of the evaluation v, if somebody reads one, and nothing for the others.
func (a *againStep) evaluate(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
	forward := v.Attr.Func
	out := make([]*ir.Value, len(forward.Results))
	read := slices.ContainsFunc(a.users[v], func(r *ir.Value) bool { return r.Type.Len() <= smallLen && (len(a.users[r]) > 0 || a.results[r]) })
	if !read {
		return out
	}
	var at []int
	for i, r := range forward.Results {
		if r.Type.Len() <= smallLen {
			at = append(at, i)
		}
	}
	f := a.fused[forward.Name]
	if f == nil {
		n := ir.NewFunc(strings.TrimSuffix(forward.Name, ".fwd")+".only", forward.Span, a.e.m.Real)
		var own []*ir.Value
		for _, x := range forward.Args {
			own = append(own, n.Arg(x.Name, x.Type))
		}
		rs := n.Inline(forward, own)
		var short []*ir.Value
		for _, i := range at {
			short = append(short, rs[i])
			n.Func.ResultNames = append(n.Func.ResultNames, forward.ResultNames[i])
		}
		f = n.Return(short...)
		a.fused[forward.Name], a.made = f, append(a.made, f)
	}
	for i, r := range b.CallAll(f, args...) {
		out[at[i]] = r
	}
	return out
}
