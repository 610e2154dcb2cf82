package diff

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// memoryShort is the code of a memory bound that holds nothing.
const memoryShort diag.Code = "NDE0572"

// checkpointed is backprop that keeps some of the states only and makes the steps between them again: every
// n-th, or as many as fit into the memory (Griewank, Walther 2000; Wang, Moin, Iaccarino 2009).
func checkpointed(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	every, bytes := int(optionNum(s.Sensitivity, "every", 0)), int(optionNum(s.Sensitivity, "memory", 0))
	steps := s.Steps
	if s.Adaptive {
		steps = s.MaxSteps
	}
	if s.PerSample {
		steps *= s.Times
	}
	size := 0
	for _, st := range s.States {
		size += st.Type.Len() * st.Type.Elem.Bytes()
	}
	if least := 16*steps + 2*(size+16); bytes > 0 && bytes < least {
		r.fail(memoryShort, s.Span, "memory of %d bytes is too small for one step: time and length of up to %d steps take %d, two states %d; give at least %d", bytes, steps, 16*steps, 2*(size+16), least)
		return nil
	}
	rec := r.recording(s)
	rec.KeepEvery, rec.KeepBytes = every, bytes
	return backprop(r, v, gs)
}
