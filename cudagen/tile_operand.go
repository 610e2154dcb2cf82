package cudagen

import (
	"fmt"

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
)

// products is the number of products of parts that matter for one of floats.
func (o operands) products() int { return o.parts * (o.parts + 1) / 2 }

// operandsOf chooses them for the product of two values.
func operandsOf(m *ir.Module, a, b *ir.Value) operands {
	if bfloat(m, a) && bfloat(m, b) {
		return asBfloat
	}
	return asFloat
}

// bfloat reports whether elements of v have 8 significant bits: they are rounded, or prepared from parameters by rounding.
func bfloat(m *ir.Module, v *ir.Value) bool {
	switch v.Op {
	case ir.OpBfloat:
		return true
	case ir.OpReshape, ir.OpTranspose, ir.OpSlice:
		return bfloat(m, v.Args[0])
	case ir.OpParam:
		for i, p := range m.Derived {
			if p == v.Attr.Param {
				return bfloat(m, m.Prepare.Results[i])
			}
		}
	}
	return false
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
	switch {
	case found[asFloat] && len(found) > 1:
		return fmt.Sprintf("%s and %s", asFloat.doc, asBfloat.doc)
	case found[asBfloat]:
		return asBfloat.doc
	}
	return asFloat.doc
}

// rounding reports whether v rounds a fragment for products of f alone, which round what they get themselves.
func (e *emitter) rounding(f *plan.Func, v *ir.Value) bool {
	known, ok := e.roundings[f]
	if !ok {
		known = map[*ir.Value]bool{}
		e.roundings[f] = known
		for _, x := range f.IR.Values {
			if x.Op == ir.OpBfloat && e.stored(f, x) && e.stored(f, x.Args[0]) {
				known[x] = true
			}
		}
		for _, u := range f.IR.Values {
			for i, a := range u.Args {
				if known[a] && !e.roundsArgument(u, i) {
					delete(known, a)
				}
			}
		}
		for _, r := range f.IR.Results {
			delete(known, r)
		}
	}
	return known[v]
}

// roundsArgument reports whether u is a product whose operands are rounded on their way.
func (e *emitter) roundsArgument(u *ir.Value, i int) bool {
	switch u.Op {
	case ir.OpMatVec, ir.OpVecMat:
		w, x, _, _ := matrix(u)
		return u.Args[i] == x && bfloat(e.m, w)
	case ir.OpOuter:
		return bfloat(e.m, u.Args[1-i])
	}
	return false
}

// stored reports whether v is a fragment that is there as such.
func (e *emitter) stored(f *plan.Func, v *ir.Value) bool {
	p := f.Places[v]
	return p != nil && p.Kind != plan.Folded && fragment(f, v)
}
