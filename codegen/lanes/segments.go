package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// isNode reports whether a nest is a node that runs other functions.
func isNode(n *plan.Nest) bool {
	if n.Steps[0].Form != plan.Whole {
		return false
	}
	switch n.Steps[0].V.Op {
	case ir.OpCall, ir.OpMap, ir.OpScan, ir.OpSolve, ir.OpRev:
		return true
	}
	return false
}

// segments cuts nests at nodes and convolutions, which are segments of their own, with what follows an element of these. Products with matrices go over the whole block at
// once; what stands between them and is long, or has functions of numbers that take two vectors, is a segment of its
// own, since a vector at a time leaves it registers; most is what is long within a loop of products.
func (s *Set) segments(pf *plan.Func, nests []*plan.Nest, most int) [][]*plan.Nest {
	var out [][]*plan.Nest
	for len(nests) > 0 {
		if isNode(nests[0]) || convolves(nests[0]) {
			n := 1
			if s.followed(pf, nests) {
				n = 2
			}
			out, nests = append(out, nests[:n:n]), nests[n:]
			continue
		}
		n := count(nests, func(n *plan.Nest) bool { return !isNode(n) && !convolves(n) })
		var parts []*plan.Nest
		for _, q := range nests[:n] {
			parts = append(parts, s.part(pf, q, most)...)
		}
		out, nests = append(out, s.cut(pf, parts)...), nests[n:]
	}
	return out
}

// part cuts a loop before and after stretches of so many operations between its products with matrices: these go over the whole block, and
// would have the stretch spelled out for all vectors. A number then goes through memory, which is little beside so many operations.
func (s *Set) part(pf *plan.Func, n *plan.Nest, most int) []*plan.Nest {
	if !s.byTiles(n) {
		return []*plan.Nest{n}
	}
	var out []*plan.Nest
	whole := false // the last one may go on
	for rest := n.Steps; len(rest) > 0; {
		k, size := 0, 0
		for ; k < len(rest) && !matrix(rest[k]); k++ {
			size += s.operations(pf, rest[k].V)
		}
		own := size >= most
		if k == 0 {
			k = 1
		}
		if whole && !own {
			last := out[len(out)-1]
			last.Steps = append(last.Steps, rest[:k]...)
		} else {
			out = append(out, &plan.Nest{Extent: n.Extent, Tile: n.Tile, Steps: slices.Clone(rest[:k])})
		}
		whole, rest = !own, rest[k:]
	}
	return out
}

// count is the number of first nests that are so.
func count(nests []*plan.Nest, so func(*plan.Nest) bool) int {
	n := 0
	for n < len(nests) && so(nests[n]) {
		n++
	}
	return n
}

// long is the number of operations that are spelled out from which they are a segment of their own.
const long = 40

// cut makes segments of nests without nodes.
func (s *Set) cut(pf *plan.Func, nests []*plan.Nest) [][]*plan.Nest {
	if s.alone != nil || count(nests, func(n *plan.Nest) bool { return !s.multiplies(n) }) == len(nests) {
		return [][]*plan.Nest{nests}
	}
	var out [][]*plan.Nest
	open := false
	for len(nests) > 0 {
		n := max(1, count(nests, func(n *plan.Nest) bool { return !s.multiplies(n) }))
		size, wide := 0, false
		for _, q := range nests[:n] {
			k, w := s.spelled(pf, q)
			size, wide = size+k, wide || w
		}
		alone := !s.multiplies(nests[0]) && (size >= long || wide)
		if open && !alone {
			out[len(out)-1] = append(out[len(out)-1], nests[:n]...)
		} else {
			out = append(out, nests[:n:n])
		}
		open, nests = !alone, nests[n:]
	}
	return out
}

// double reports whether a step makes numbers that take two vectors.
func (s *Set) double(st plan.Step) bool { return s.real() == ir.F32 && st.V.Type.Elem == ir.F64 }

// multiplies reports whether a nest has products with a matrix that go over the whole block.
func (s *Set) multiplies(n *plan.Nest) bool {
	return slices.ContainsFunc(n.Steps, func(st plan.Step) bool { return matrix(st) && !s.double(st) })
}

// rolledBody is the number of operations from which on few elements are a loop, too.
const rolledBody = 20

// straight reports whether a loop is spelled out element by element.
func (s *Set) straight(pf *plan.Func, n *plan.Nest) bool {
	return n.Extent == 1 || n.Unroll && !s.rolled(pf, n)
}

// rolled reports whether a loop of few elements is not spelled out element by element, as the plan would have it. What it
// shares with others then lies in memory.
func (s *Set) rolled(pf *plan.Func, n *plan.Nest) bool {
	if s.alone != nil || !n.Unroll || n.Extent == 1 {
		return false
	}
	size := 0
	for _, st := range n.Steps {
		if st.Form == plan.Copy {
			if _, ok := copied(st.V, n.Extent); !ok {
				return false
			}
		} else if st.Form != plan.Elem {
			return false
		}
		size += s.operations(pf, st.V)
	}
	return size >= rolledBody
}

// spelled is the number of operations of a nest in the text, and whether it has functions of numbers that take two
// vectors.
func (s *Set) spelled(pf *plan.Func, n *plan.Nest) (size int, wide bool) {
	for _, st := range n.Steps {
		_, function := rows[st.V.Op]
		wide = wide || s.double(st) && (function || st.V.Op == ir.OpUniform)
		size += s.operations(pf, st.V)
	}
	if n.Unroll && !s.rolled(pf, n) {
		size *= n.Extent
	}
	return size, wide
}

// operations is the number of those that make an element of v, with operands that are spelled at their use.
func (s *Set) operations(pf *plan.Func, v *ir.Value) int {
	n := 1
	e, vectors := asm.F32, 1
	switch {
	case s.real() == ir.F64:
		e = asm.F64
	case v.Type.Elem == ir.F64:
		e, vectors = asm.F64, 2
	}
	length := func(name string) int {
		if p := program(name, e); p != nil {
			return len(p.Code)
		}
		return 1
	}
	switch v.Op {
	case ir.OpPow:
		n = length("Power")
		if _, ok := v.FixedFraction(); ok {
			n = length("Exp") + length("Log")
		}
	case ir.OpLinSolve, ir.OpInv, ir.OpLogDet:
		k := v.Args[0].Type.Shape[0]
		n = k * k * k
	default:
		if name := rows[v.Op]; name != "" {
			n = length(name)
		}
	}
	n *= vectors
	for _, a := range v.Args {
		if p := pf.Places[a]; p != nil && p.Kind == plan.Folded {
			n += s.operations(pf, a)
		}
	}
	return n
}
