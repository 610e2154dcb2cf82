package cudagen

import (
	"math"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// operands is how tensor cores get the operands of a product: as a number of parts of 16 bits, whose type the prelude knows by that name.
type operands struct {
	name  string // in the text
	doc   string // in descriptions
	parts int
}

// Operands that mixed precision has rounded are one part; all bits of a float are three.
var (
	asFloat  = operands{"ndec_bf16<3>", "float, in 3 parts of bfloat16", 3}
	asBfloat = operands{"ndec_bf16<1>", "bfloat16", 1}
	asHalf   = operands{"ndec_f16", "float16", 1}
)

// products is the number of products of parts that matter for one of floats.
func (o operands) products() int { return o.parts * (o.parts + 1) / 2 }

// operandsOf chooses them for the product of two values.
func operandsOf(m *ir.Module, a, b *ir.Value) operands {
	ra, rb := roundingOf(m, a), roundingOf(m, b)
	switch { // rounding a constant may have changed nothing
	case short(a):
		ra = rb
	case short(b):
		rb = ra
	}
	switch {
	case ra == ir.OpInvalid || ra != rb:
		return asFloat
	case ra == ir.OpHalf:
		return asHalf
	}
	return asBfloat
}

// short reports whether v is a constant that every format holds: 8 significant bits, in the range of float16.
func short(v *ir.Value) bool {
	for v.Op == ir.OpReshape || v.Op == ir.OpExpand {
		v = v.Args[0]
	}
	if v.Op != ir.OpConst || v.Attr.Data != nil {
		return false
	}
	f, e := math.Frexp(v.Attr.Num)
	return math.Ldexp(f, 8) == math.Trunc(math.Ldexp(f, 8)) && -13 <= e && e <= 15
}

// roundingOf is the operator that has rounded v, itself or where it is prepared from parameters; OpInvalid for none.
func roundingOf(m *ir.Module, v *ir.Value) ir.Op {
	switch v.Op {
	case ir.OpBfloat, ir.OpHalf:
		return v.Op
	case ir.OpMul:
		if within(v) != nil {
			return ir.OpHalf
		}
	case ir.OpReshape, ir.OpTranspose, ir.OpSlice:
		return roundingOf(m, v.Args[0])
	case ir.OpParam:
		for i, p := range m.Derived {
			if p == v.Attr.Param {
				return roundingOf(m, m.Prepare.Results[i])
			}
		}
	}
	return ir.OpInvalid
}

// within gives the values that make q = half(x/s) s for s = binade(max |x|), which products of float16 do themselves, q first and x last;
// nil if q is something else.
func within(q *ir.Value) []*ir.Value {
	is := func(v *ir.Value, op ir.Op) bool { return v.Op == op }
	if !is(q, ir.OpMul) {
		return nil
	}
	h, s := q.Args[0], q.Args[1]
	if is(s, ir.OpHalf) {
		h, s = s, h
	}
	if !is(h, ir.OpHalf) || !is(s, ir.OpBinade) {
		return nil
	}
	d, m := h.Args[0], s.Args[0]
	if !is(d, ir.OpDiv) || d.Args[1] != s || !is(m, ir.OpReduceMax) || len(m.Attr.Ints) > 0 || !is(m.Args[0], ir.OpAbs) {
		return nil
	}
	x, size := d.Args[0], m.Args[0]
	if y := size.Args[0]; y != x && !(is(x, ir.OpNeg) && x.Args[0] == y) { // |-y| has become |y|
		return nil
	}
	return []*ir.Value{q, h, s, d, m, size, x}
}

// matrix gives the matrix and the vector of a product, and the numbers of results and of terms of each.
func matrix(v *ir.Value) (w, x *ir.Value, results, terms int) {
	w, x = v.Args[0], v.Args[1]
	if v.Op == ir.OpVecMat {
		w, x = x, w
		return w, x, w.Type.Shape[1], w.Type.Shape[0]
	}
	return w, x, w.Type.Shape[0], w.Type.Shape[1]
}

// formats are the operands of the products of fragments that f reaches, in words.
func (e *emitter) formats(f *ir.Func) string {
	found := map[operands]bool{}
	e.visit(f, map[*ir.Func]bool{}, func(g *ir.Func) {
		for _, v := range g.Values {
			if v.Op == ir.OpMatVec || v.Op == ir.OpVecMat {
				if w, x, m, k := matrix(v); m > smallLen || k > smallLen {
					found[operandsOf(e.m, w, x)] = true
				}
			}
		}
	})
	var docs []string
	for _, o := range []operands{asFloat, asBfloat, asHalf} {
		if found[o] {
			docs = append(docs, o.doc)
		}
	}
	return strings.Join(docs, " and ")
}

// rounding reports whether v rounds a fragment for products of f alone, which round what they get themselves, or is needed for that.
func (e *emitter) rounding(f *plan.Func, v *ir.Value) bool { return e.roundings(f)[v] != nil }

// roundings are these values with what they round.
func (e *emitter) roundings(f *plan.Func) map[*ir.Value]*ir.Value {
	if known, ok := e.rounded[f]; ok {
		return known
	}
	known := map[*ir.Value]*ir.Value{}
	e.rounded[f] = known
	uses := map[*ir.Value][]*ir.Value{}
	for _, u := range f.IR.Values {
		for _, a := range u.Args {
			uses[a] = append(uses[a], u)
		}
	}
	for _, r := range f.IR.Results {
		uses[r] = append(uses[r], nil)
	}
	for _, q := range f.IR.Values {
		chain := within(q)
		if q.Op == ir.OpBfloat {
			chain = []*ir.Value{q, q.Args[0]}
		}
		if chain == nil || !stored(f, chain[len(chain)-1]) || !fragment(f, q) {
			continue
		}
		x, chain := chain[len(chain)-1], chain[:len(chain)-1]
		alone := true
		for _, u := range uses[q] {
			alone = alone && u != nil && e.roundsArgument(u, q)
		}
		for _, v := range chain[1:] {
			for _, u := range uses[v] {
				alone = alone && slices.Contains(chain, u)
			}
		}
		if alone {
			for _, v := range chain {
				known[v] = x
			}
		}
	}
	return known
}

// roundsArgument reports whether u is a product that rounds its operand q on its way.
func (e *emitter) roundsArgument(u, q *ir.Value) bool {
	switch u.Op {
	case ir.OpMatVec, ir.OpVecMat:
		w, x, _, _ := matrix(u)
		return q == x && operandsOf(e.m, w, x) != asFloat
	case ir.OpOuter:
		return operandsOf(e.m, u.Args[0], u.Args[1]) != asFloat
	}
	return false
}

// stored reports whether v is a fragment that is there as such.
func stored(f *plan.Func, v *ir.Value) bool {
	p := f.Places[v]
	return p != nil && p.Kind != plan.Folded && fragment(f, v)
}
