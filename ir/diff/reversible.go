package diff

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// irreversible is the code of a method whose steps cannot be undone.
const irreversible diag.Code = "NDE0573"

// reversible is backprop that keeps no states: the way back undoes each step by the same step backwards,
// which gives the state before it up to rounding (Zhuang et al. 2021; Kidger et al. 2021).
func reversible(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	if row := method.RowOf(s); row == nil || !row.Undoes() || !r.onlyField(s) {
		r.fail(irreversible, s.Span, "reversible goes back by undoing steps, and a step of %s cannot be undone; use alf (eta 1), reversible_heun or leapfrog, or checkpoint where memory is short", s.Method)
		return nil
	}
	r.recording(s).Undo = true
	return backprop(r, v, gs)
}
