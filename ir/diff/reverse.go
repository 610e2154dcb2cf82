package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// reverse is a reverse sweep: it pulls cotangents back from results to leaves and parameters.
// The cotangent of v has v's type; a missing one is zero.
type reverse struct {
	*body
	leaves map[*ir.Value]bool // treated as independent
	params map[*ir.Param]bool // wanted
	active map[*ir.Value]bool
	first  int // ID of the first value made by the sweep
	bar    map[*ir.Value]*ir.Value
	parts  map[*ir.Value][]*ir.Value // cotangents of the components of a tuple
	sums   map[*ir.Param]*ir.Value   // cotangents of parameters
	accum  bool                      // these become running sums of the function's callers
}

// reverse readies a sweep over the present values of the body.
func (d *body) reverse(leaves map[*ir.Value]bool, params []*ir.Param) *reverse {
	wanted := map[*ir.Param]bool{}
	for _, q := range params {
		wanted[q] = true
	}
	r := &reverse{body: d, leaves: leaves, params: wanted,
		bar: map[*ir.Value]*ir.Value{}, parts: map[*ir.Value][]*ir.Value{}, sums: map[*ir.Param]*ir.Value{}}
	r.active = d.active(d.b.Func.Values, leaves, wanted)
	for _, v := range d.b.Func.Values {
		r.first = max(r.first, v.ID+1)
	}
	return r
}

// seed adds g to the cotangent of v.
func (r *reverse) seed(v, g *ir.Value) {
	if g == nil || !r.active[v] {
		return
	}
	if v.Type.IsScalar() && !g.Type.IsScalar() {
		g = r.b.Sum(g) // v stood beside a tensor
	}
	if !g.Type.Equal(v.Type) {
		panic(fmt.Sprintf("ir/diff: function %s: cotangent of %%%d (%s %s) has type %s", r.b.Func.Name, v.ID, v.Op, v.Type, g.Type))
	}
	if old := r.bar[v]; old != nil {
		g = r.b.Add(old, g)
	}
	r.bar[v] = g
}

// sweep goes through order from its end, writing cotangents with the builder.
func (r *reverse) sweep(order []*ir.Value) {
	span, real := r.b.Span, r.b.Real
	for i := len(order) - 1; i >= 0; i-- {
		v := order[i]
		if !r.active[v] {
			continue
		}
		r.begin(v)
		r.name(v)
		if !r.leaves[v] {
			r.pull(v)
		}
	}
	r.b.Span, r.b.Real = span, real
}

// name calls the cotangent of x x_bar.
func (r *reverse) name(v *ir.Value) {
	g := r.bar[v]
	if g != nil && v.Name != "" && g.Name == "" && g.ID >= r.first && g.Op != ir.OpConst {
		g.Name = v.Name + "_bar"
	}
}

// pull passes the cotangent of v on to its operands.
func (r *reverse) pull(v *ir.Value) {
	switch v.Op {
	case ir.OpCall:
		r.call(v)
		return
	case ir.OpMap:
		r.mapped(v)
		return
	case ir.OpScan:
		r.scanned(v)
		return
	case ir.OpSolve:
		r.solve(v)
		return
	case ir.OpRev:
		r.swept(v)
		return
	}
	g := r.bar[v]
	if g == nil {
		return
	}
	switch v.Op {
	case ir.OpParam:
		r.addParam(v.Attr.Param, g)
	case ir.OpResult:
		t := v.Args[0]
		if r.parts[t] == nil {
			r.parts[t] = make([]*ir.Value, len(t.Type.Parts))
		}
		if old := r.parts[t][v.Attr.Index]; old != nil {
			g = r.b.Add(old, g)
		}
		r.parts[t][v.Attr.Index] = g
	default:
		for i, a := range v.Args {
			if r.active[a] {
				r.seed(a, r.operand(v, i, g))
			}
		}
	}
}

// operand is the cotangent of operand i of v from the cotangent g of v, by v's row.
func (r *reverse) operand(v *ir.Value, i int, g *ir.Value) *ir.Value {
	info := v.Op.Info()
	switch {
	case info.Transpose != nil:
		return info.Transpose(r.b, v, i, g)
	case info.VJP != nil:
		return info.VJP(r.b, v, i, g)
	case info.Partial != nil:
		return r.scale(g, r.partial(v, i))
	}
	panic("ir/diff: operator " + info.Name + " has no rule for cotangents")
}

// cotangents of the results of a node; nil when all are zero.
func (r *reverse) cotangents(v *ir.Value) []*ir.Value {
	if v.Type.Elem == ir.Tuple {
		return r.parts[v]
	}
	if g := r.bar[v]; g != nil {
		return []*ir.Value{g}
	}
	return nil
}

// activeArgs lists the operands of v that need cotangents.
func (r *reverse) activeArgs(v *ir.Value) []int {
	var at []int
	for i, a := range v.Args {
		if r.active[a] {
			at = append(at, i)
		}
	}
	return at
}

// addParam adds g to the cotangent of a parameter.
func (r *reverse) addParam(q *ir.Param, g *ir.Value) {
	if old := r.sums[q]; old != nil {
		g = r.b.Add(old, g).Named(q.Name + "_bar")
	}
	r.sums[q] = g
}

// call runs the backward half of the callee, or else its VJP, made on demand.
func (r *reverse) call(v *ir.Value) {
	gs := r.cotangents(v)
	if gs == nil {
		return
	}
	f := v.Attr.Func
	if c := r.pairOf(v, f, len(v.Args)); c != nil {
		r.spread(v, c.wrt, r.b.CallAll(c.bwd, slices.Concat(v.Args, r.kept(v, c), r.realOrZero(v, gs)[:c.bars])...))
		return
	}
	wrt := r.selection(v, f)
	fv := r.vjp(f, wrt, len(f.Args), true)
	outs := r.b.CallAll(fv, append(append([]*ir.Value(nil), v.Args...), r.realOrZero(v, gs)...)...)
	r.spread(v, wrt, outs)
}

// selection is what v, which runs f, is differentiated by.
func (r *reverse) selection(v *ir.Value, f *ir.Func) Wrt {
	return Wrt{Args: r.activeArgs(v), Params: selected(r.reads(f), r.params)}
}

// pairOf is the pair whose forward half f is, where v runs it; nil if there is none for this selection.
func (r *reverse) pairOf(v *ir.Value, f *ir.Func, at int) *pair {
	g := r.whole[f]
	if g == nil {
		return nil
	}
	if c := r.pairs[r.selection(v, g).pairKey(g, at)]; c != nil && c.fwd == f {
		return c
	}
	return nil
}

// kept is what v, a forward half, has saved.
func (r *reverse) kept(v *ir.Value, c *pair) []*ir.Value {
	parts := results(r.b, v)
	var out []*ir.Value
	for _, i := range c.saved {
		out = append(out, parts[i])
	}
	return out
}

// mapped runs the VJP of the mapped function over the same slices and the slices of the
// cotangents. Where slices share operands or parameters with cotangents, it is a scan that adds them up.
func (r *reverse) mapped(v *ir.Value) {
	gs := r.cotangents(v)
	if gs == nil {
		return
	}
	mp := v.Attr.Map
	wrt := r.selection(v, mp.Fn)
	if sharing(mp, wrt) {
		r.runsBack(v, &ir.Scan{Fn: mp.Fn, N: mp.N, Mapped: mp.Mapped, Back: true, Region: mp.Region}, wrt, gs, nil)
		return
	}
	back := &ir.Map{N: mp.N, Region: mp.Region}
	given := r.realOrZero(v, gs)
	if c := r.pairOf(v, mp.Fn, mp.Mapped); c != nil {
		back.Fn = c.bwd
		given = slices.Concat(r.kept(v, c), given[:c.bars])
	} else {
		back.Fn = r.vjp(mp.Fn, wrt, mp.Mapped, false)
	}
	back.Mapped = mp.Mapped + len(given)
	args := slices.Concat(v.Args[:mp.Mapped], given, v.Args[mp.Mapped:])
	r.spread(v, wrt, results(r.b, r.b.Emit(ir.OpMap, ir.Attr{Map: back}, args...)))
}

// realOrZero writes out the cotangents of the real results of a node.
func (r *reverse) realOrZero(v *ir.Value, gs []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for i, t := range parts(v) {
		if t.Elem.IsFloat() {
			out = append(out, orZero(r.b, gs[i], t))
		}
	}
	return out
}

// spread adds the results of a VJP to the operands and parameters that it was made for.
func (r *reverse) spread(v *ir.Value, wrt Wrt, outs []*ir.Value) {
	for k, i := range wrt.Args {
		r.seed(v.Args[i], outs[k])
	}
	for k, q := range wrt.Params {
		r.addParam(q, outs[len(wrt.Args)+k])
	}
}
