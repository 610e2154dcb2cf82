package cudagen

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Products of a tile stand where they are used, since what they take may be registers. A function that has many with the same sizes and all in
// memory, as derivatives of derivatives do, calls them instead: the compiler reads each once. Such a function calls those between memory and
// a short fragment as well, which goes by value.

// product is what products that can share a function have in common.
type product struct {
	as       string
	rows, of int
	byK, byN int
	outer    bool
}

// calledProducts is the number of products from which on they are called.
const calledProducts = 4

// inMemory reports whether v, as an operand, is a fragment in memory.
func (fn *function) inMemory(v *ir.Value) bool {
	return v.Type.Len() > smallLen && (fn.far[v] || !fn.held(v.Type))
}

// inCall reports whether products of a and b, as operands, can be called: both are in memory, or one is and the other is short.
func (fn *function) inCall(a, b *ir.Value) bool {
	short := func(v *ir.Value) bool { return v.Type.Len() <= smallLen }
	return fn.inMemory(a) && (fn.inMemory(b) || short(b)) || short(a) && fn.inMemory(b)
}

// large reports whether nothing of p is short.
func (p product) large() bool { return p.rows > smallLen && p.of > smallLen }

// calls reports whether products are called: there are many large ones.
func (fn *function) calls() bool {
	for p, n := range fn.many {
		if p.large() && n >= calledProducts {
			return true
		}
	}
	return false
}

// called reports whether p, which can be, is called.
func (fn *function) called(p product, can bool) bool {
	return can && fn.many[p] >= calledProducts && fn.calls()
}

// sharedProduct is what the product v = x B shares with others, with the steps of w's elements along x and v.
func (fn *function) sharedProduct(v, x, w *ir.Value, byK, byN int) (product, bool) {
	return product{as: operandsOf(fn.e.m, w, x).name, rows: v.Type.Len(), of: x.Type.Len(), byK: byK, byN: byN},
		fn.inCall(v, x) && fn.f.Places[w].Kind != plan.Literal && uniform(fn.f, w)
}

// sharedOuter is the same of an outer product that is added to the sums of a parameter.
func (fn *function) sharedOuter(s plan.Step) (product, bool) {
	a, b := s.V.Args[0], s.V.Args[1]
	return product{as: operandsOf(fn.e.m, a, b).name, rows: a.Type.Len(), of: b.Type.Len(), outer: true},
		s.Sum != nil && fn.inCall(a, b)
}

// countProducts counts those that could be called.
func (fn *function) countProducts() {
	fn.many = map[product]int{}
	count := func(p product, ok bool) {
		if ok {
			fn.many[p]++
		}
	}
	for _, n := range fn.f.Nests {
		for _, s := range n.Steps {
			v := s.V
			switch s.Form {
			case plan.RowDot, plan.ColSum:
				count(fn.sharedProduct(v, v.Args[1], v.Args[0], 1, v.Args[1].Type.Len()))
			case plan.Gather, plan.Scatter:
				count(fn.sharedProduct(v, v.Args[0], v.Args[1], v.Type.Len(), 1))
			case plan.OuterRow, plan.OuterCol:
				count(fn.sharedOuter(s))
			}
		}
	}
}
