package diff

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Codes of this phase.
const (
	identicallyZero    diag.Code = "NDE0331"
	noGradient         diag.Code = "NDE0333"
	secondThroughSolve diag.Code = "NDE0830"
)

// sensitivity is a way to differentiate a solve: a rewrite of the OpSolve value v, whose state
// results have the cotangents gs (nil for zero), in the reverse sweep r. It passes on the cotangents of
// start states, extras and parameters, and gives those of the start states.
type sensitivity struct {
	Name    string
	Doc     string
	Rewrite func(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value)
}

// sensitivities is the table; the first row is the default.
func sensitivities() []sensitivity {
	return []sensitivity{
		{"backprop", "record the accepted steps and go back over them, recomputing each step", backprop},
		{"checkpoint", "backprop that makes steps between kept states again", checkpointed},
		{"reversible", "backprop that makes the state before each step again by undoing it", reversible},
		{"adjoint", "solve the adjoint equation backwards", adjoint},
		{"quadrature", "adjoint with the integrals of parameters by Gauss' formula along the dense output of the backward solve", adjoint},
		{"interpolated", "solve the adjoint equation along the dense output of the recorded steps", interpolated},
		{"forward", "solve the variational equations once for each number", variational},
	}
}

// solve passes the cotangents of a solve's results on, by the sensitivity that the solve names.
func (r *reverse) solve(v *ir.Value) {
	s := v.Attr.Solve
	gs := r.cotangents(v)
	moved := false // statistics have no cotangent
	for i := range s.States {
		moved = moved || gs != nil && gs[i] != nil
	}
	if gs != nil && gs[len(s.States)+ir.StatTime] != nil { // but the time of the end has one
		moved = true
	}
	if !moved {
		return
	}
	rows := sensitivities()
	row := rows[0]
	if name := s.Sensitivity.Row; name != "" && name != row.Name {
		found := false
		for _, c := range rows {
			if c.Name == name {
				row, found = c, true
			}
		}
		if !found {
			r.fail("NDE0899", s.Span, "compiler bug: no rule for sensitivity %s", name)
			return
		}
	}
	r.times(v, gs, row.Rewrite(r, v, gs))
}
