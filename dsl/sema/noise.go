package sema

import (
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// noise is noise(x) = e: the factor of the increments of Wiener processes.
func (c *checker) noise(st *syntax.EquationStmt, v *Var, s *System, e *env) {
	for _, n := range s.Noise {
		if s.States[n.State].Var == v {
			c.errorf("NDE0402", st.Span(), "state %s has two equations of noise", v.Name)
			return
		}
	}
	x := asReal(c.expr(st.Value, e))
	if isInvalid(x) || !v.Type.IsValid() {
		return
	}
	if l := literal(x); l != nil && len(v.Type.Shape) > 0 {
		x, _ = c.fill(l, v.Type) // a number is the noise of every element
	}
	own, shape := v.Type.Shape, x.Type().Shape
	fits := ir.SameShape(shape, own) || len(shape) == 0 || len(shape) == len(own)+1 && ir.SameShape(shape[:len(own)], own)
	if x.Type().Kind != TensorKind || x.Type().Elem != Real || !fits {
		c.errorf("NDE0411", st.Value.At(), "noise(%s) has type %s; it has the shape %s (a process for each element), is a scalar (one process for all) or has one axis more (several processes)", v.Name, x.Type(), v.Type)
		return
	}
	s.Noise = append(s.Noise, &Noise{State: v.Index, Expr: x})
}

// checkNoise demands that a system with noise says how it is meant.
func (c *checker) checkNoise(s *System, n *syntax.SystemDecl) {
	calculus := false
	for _, st := range n.Body.Stmts {
		if set, ok := st.(*syntax.SettingStmt); ok && set.Key.Name == "calculus" {
			calculus = true
		}
	}
	if s.Noisy && !calculus {
		c.errorf("NDE0412", n.At(), "system %s has noise: say calculus: ito or calculus: stratonovich", s.Name)
	}
}

func (c *checker) systemSetting(st *syntax.SettingStmt, s *System) {
	if st.Key.Name != "calculus" {
		c.errorf("NDE0702", st.Key.At(), "system %s has no setting %q%s", s.Name, st.Key.Name, didYouMean(st.Key.Name, []string{"calculus"}))
		return
	}
	id, _ := st.Value.(*syntax.Ident)
	switch {
	case id != nil && id.Name == "ito":
		s.Ito = true
	case id == nil || id.Name != "stratonovich":
		c.errorf("NDE0412", st.Value.At(), "calculus is ito or stratonovich")
	}
}

// solverFits compares a system with a solver: its noise, its events, and what the solver says of its states.
func (c *checker) solverFits(s *System, by *Solver, at diag.Span) bool {
	r := by.Row
	if r == nil || s == nil {
		return true
	}
	if !c.tolerancesFit(s, by, at) {
		return false
	}
	stochastic := r.Family == method.Stochastic
	switch {
	case s.Noisy && !stochastic:
		c.errorf("NDE0530", at, "system %s has noise, and %s solves ordinary differential equations only; use %s",
			s.Name, r.Name, orList(stochasticMethods()))
	case !s.Noisy && stochastic:
		c.errorf("NDE0542", at, "system %s has no noise, and %s is for systems with noise; use rk4 or dopri5", s.Name, r.Name)
	case stochastic && (r.Name == "euler_maruyama" && !s.Ito || r.Name == "euler_heun" && s.Ito):
		meant, by := "stratonovich", "euler_heun or milstein"
		if s.Ito {
			meant, by = "ito", "euler_maruyama or milstein"
		}
		c.errorf("NDE0543", at, "the noise of system %s is meant as %s, which %s does not solve; use %s", s.Name, meant, r.Name, by)
	case r.Name == "milstein" && !diagonal(s):
		c.errorf("NDE0543", at, "milstein is for noise with a process for each element, and system %s has other noise; use euler_maruyama or euler_heun", s.Name)
	default:
		return true
	}
	return false
}

// diagonal reports whether every element has a Wiener process of its own.
func diagonal(s *System) bool {
	for _, n := range s.Noise {
		if !ir.SameShape(n.Expr.Type().Shape, s.States[n.State].Var.Type.Shape) {
			return false
		}
	}
	return true
}
