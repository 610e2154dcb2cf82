package lanes

import (
	"fmt"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A step of a block of large images has more arrays than a second cache holds: each stage then goes through memory that is slow, where a
// layer of a net, which goes over an image once or twice, hardly feels it. One sample after the other, in vectors of its elements, the
// images of a step stay in the caches. A batch goes so where this costs few more operations, and where all sums are those of
// convolutions, which kernels for one sample add up as blocks do, whatever the vectors' length: so a row has the same bits with
// every instruction set.

const (
	// secondCache is what those have of it that have much; many have half of it.
	secondCache = 2 << 20
	// moreSingly is how many times the operations of a block its samples one after the other may take: what the lanes of a block
	// wait for memory is more.
	moreSingly = 1.25
)

// singly says why a batch of a model goes one sample after the other; "" where it goes by blocks.
func (s *Set) singly(m *ir.Model) string {
	if m.Func.InStep() {
		return ""
	}
	convolved, bytes := false, 0
	for f := range s.Plan.Reached(m.Func) {
		pf := s.Plan.Of(f)
		if pf == nil || plainSolves(f) != nil {
			return ""
		}
		for _, n := range pf.Nests {
			if !s.sameSingly(pf, n) {
				return ""
			}
			convolved = convolved || convolves(n)
		}
		for _, v := range f.Values {
			if v.Op == ir.OpSolve {
				bytes = max(bytes, s.blockBytes(s.Plan.Of(stepOf(v.Attr.Solve))))
			}
		}
	}
	if !convolved || bytes <= secondCache {
		return ""
	}
	c := smallCost{set: s, known: map[*ir.Func]Small{}}
	if t := c.of(m.Func); t.one*float64(s.Samples()) > moreSingly*t.block {
		return ""
	}
	return fmt.Sprintf("a step of a block of %d has arrays of %.1f MiB", s.Samples(), float64(bytes)/(1<<20))
}

// sameSingly reports whether a kernel for one sample gives a nest the same bits with every instruction set.
func (s *Set) sameSingly(pf *plan.Func, n *plan.Nest) bool {
	if isNode(n) {
		v := n.Steps[0].V
		if v.Op == ir.OpSolve {
			sv := v.Attr.Solve
			return !sv.Adaptive && !sv.Record && !sv.PerSample && sv.Start == nil && sv.Compat == ""
		}
		return v.Op == ir.OpCall
	}
	for _, st := range n.Steps {
		v := st.V
		switch {
		case st.Form == plan.Whole:
			switch v.Op {
			case ir.OpConv, ir.OpConvInput, ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpPad, ir.OpConcat, ir.OpReverse, ir.OpExpand:
			default:
				return false
			}
		case st.Form != plan.Elem && st.Form != plan.Copy || v.Type.Elem == ir.Bool:
			return false
		}
		if !s.sameFunctions(pf, v, n.Extent) {
			return false
		}
	}
	return true
}

// sameFunctions reports whether a value's function, and those of what is computed at its use, are those of blocks.
func (s *Set) sameFunctions(pf *plan.Func, v *ir.Value, extent int) bool {
	if name, ok := rows[v.Op]; ok {
		if p := program(name, s.realElem()); p == nil || p.Row.Far(p.Width) > 0 || !s.outlasts(extent) {
			return false
		}
	}
	same := v.Op != ir.OpPow
	reads := func(a *ir.Value) bool {
		pl := pf.Places[a]
		return pl == nil || pl.Kind != plan.Folded || s.sameFunctions(pf, a, extent)
	}
	for _, a := range v.Args {
		same = same && reads(a)
	}
	return same
}

// realElem is the element of the program's real numbers.
func (s *Set) realElem() asm.Elem {
	if s.real() == ir.F64 {
		return asm.F64
	}
	return asm.F32
}

// blockBytes is what a block has of a function's arrays, but for what a convolution leaves in registers.
func (s *Set) blockBytes(pf *plan.Func) int {
	if pf == nil {
		return 0
	}
	n := 0
	for _, v := range pf.IR.Values {
		if pl := pf.Places[v]; pl == nil || v.Op == ir.OpConv || v.Op == ir.OpConvInput || v.Type.Elem == ir.Tuple || pl.Kind != plan.Local && pl.Kind != plan.Work {
			continue
		}
		n += v.Type.Len()
	}
	for _, v := range pf.IR.Args {
		n += v.Type.Len()
	}
	for _, v := range pf.IR.Results {
		n += v.Type.Len()
	}
	return n * s.row
}
