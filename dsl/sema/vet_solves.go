package sema

import (
	"math"
	"slices"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// rtolF32 is about eight units in the last place of f32: below it rounding, not the step, makes the
// error.
const rtolF32 = 1e-6

// rtolF64 is the same of f64.
const rtolF64 = 2e-15

// mostSteps is the largest number of steps of given length.
const mostSteps = 1e9

// looseRtol is a relative tolerance with which the error of a step hardly ever rejects it.
const looseRtol = 0.1

// tolerances warns of tolerances that the precision cannot deliver, or that mean nothing.
func (v *vetter) tolerances() {
	solvers := slices.Clone(v.p.Solvers)
	for _, x := range v.allSolves() { // and those that are written in place
		if x.Solver != nil && !slices.Contains(solvers, x.Solver) {
			solvers = append(solvers, x.Solver)
		}
	}
	for _, s := range solvers {
		switch {
		case s.RTol > 0 && s.RTol < rtolF64:
			v.warnf("W1204", s.Span, "rtol %g is below what f64 delivers; use %g or more", s.RTol, rtolF64)
		case s.RTol > 0 && s.RTol < rtolF32 && v.p.Real == ir.F32 && !v.onlyReference(s.Name):
			v.warnf("W1204", s.Span, "rtol %g is below what f32 delivers; use %g or more, or --precision f64", s.RTol, rtolF32)
		case s.RTol >= looseRtol:
			v.warnf("W1223", s.Span, "rtol %g lets errors of %.0f %% of the state pass; use 1e-2 or less, or a fixed-step method", s.RTol, 100*s.RTol)
		}
	}
}

// onlyReference reports whether a solver is named as reference of objectives and nowhere else: those
// are solved in float64 whatever the package's precision.
func (v *vetter) onlyReference(name string) bool {
	n := 0
	for _, f := range v.files {
		syntax.Inspect(f, func(node syntax.Node) bool {
			if a, ok := node.(*syntax.Arg); ok && a.Key != nil && a.Key.Name == "reference" {
				if id, ok := a.Value.(*syntax.Ident); ok && id.Name == name {
					n++
				}
			}
			return true
		})
	}
	return n > 0 && v.mentioned[name] == 1+n
}

// adaptive reports whether the error controls the steps of s.
func adaptive(s *Solver) bool {
	r := s.Row
	return r != nil && r.Adaptive()
}

// solves warns of solves that do nothing, or that fight their solver.
func (v *vetter) solves() {
	for _, x := range v.allSolves() {
		s := x.Solver
		if s == nil || x.System == nil {
			continue
		}
		from, to := literalOf(x.From), literalOf(x.To)
		length := math.NaN()
		if from != nil && to != nil {
			length = math.Abs(to.Num - from.Num)
			if length == 0 {
				v.warnf("W1226", x.Span(), "the solve begins and ends at %g, so it does nothing", from.Num)
			}
		}
		v.outputTimes(x)
		for _, t := range []Expr{x.From, x.To, x.At} {
			if c, ok := t.(*Convert); ok && c.X.Type().Elem == Real && v.p.Real == ir.F32 {
				v.warnf("W1215", c.X.Span(), "a real of 32 bits is used as a time, which has 64; declare it time")
			}
		}
		if s.StepSize > 0 && length/s.StepSize > mostSteps {
			v.warnf("W1214", x.Span(), "the solve needs %.3g steps of length %g, and fails, for at most %.0e are taken", math.Ceil(length/s.StepSize), s.StepSize, mostSteps)
		}
		if !adaptive(s) {
			continue
		}
		if s.MaxStep > 0 && s.MaxSteps > 0 && length/s.MaxStep > float64(s.MaxSteps) {
			v.warnf("W1214", x.Span(), "the solve needs at least %.0f steps of max_step %g, and max_steps is %d", math.Ceil(length/s.MaxStep), s.MaxStep, s.MaxSteps)
		}
		v.needsNoAdaptivity(x)
		v.kinks(x)
	}
}

// outputTimes warns of constant output times that are not in order from the start.
func (v *vetter) outputTimes(x *Solve) {
	at, ok := x.At.(*Lit)
	if !ok || at.Data == nil {
		return
	}
	times := at.Data
	if from := literalOf(x.From); from != nil {
		times = append([]float64{from.Num}, times...)
	}
	up, down := true, true
	for i := 1; i < len(times); i++ {
		up = up && times[i] >= times[i-1]
		down = down && times[i] <= times[i-1]
	}
	if !up && !down {
		v.warnf("W1227", at.Span(), "the output times are not in order, so the solve fails when it runs; sort them")
	}
}

// needsNoAdaptivity warns of an adaptive solve of a right-hand side that never changes: every step is
// exact, and all but the first evaluation is wasted.
func (v *vetter) needsNoAdaptivity(x *Solve) {
	for _, st := range x.System.States {
		if st.Der == nil || v.changes(st.Der, x.System) {
			return
		}
	}
	v.warnf("W1212", x.Span(), "the right-hand side of %s depends on neither its states nor t, so %s never needs its adaptivity; use euler{steps: 1}, which is exact", x.System.Name, x.Solver.Method)
}

// changes reports whether an expression of a system depends on its states or the time.
func (v *vetter) changes(x Expr, s *System) bool {
	found := false
	walk(x, map[Expr]bool{}, func(y Expr) {
		if r, ok := y.(*Ref); ok && (r.Var.Kind == StateVar || r.Var == s.Time || r.Var.Kind == InputVar) {
			found = true
		}
	})
	return found
}

// kinked are operators whose derivative jumps.
var kinked = map[ir.Op]string{ir.OpRelu: "relu", ir.OpLeakyRelu: "leaky_relu", ir.OpHardtanh: "hardtanh", ir.OpSelu: "selu"}

// kinks warns of activations with a kink in the right-hand side of an adaptive solve: at a kink the error
// estimate is large whatever the order of the method, and the steps become short.
func (v *vetter) kinks(x *Solve) {
	for _, st := range x.System.States {
		v.deep(st.Der, func(y Expr) {
			name := ""
			switch y := y.(type) {
			case *Op:
				name = kinked[y.Op]
			case *Layer:
				if act := y.Inst.Options.Name["act"]; act == "relu" || act == "leaky_relu" || act == "hardtanh" || act == "selu" {
					name = act
				}
				if y.Inst.Row.Name == "PReLU" {
					name = "PReLU"
				}
			}
			if name != "" {
				v.once("W1217", y.Span(), "%s has a kink, at each of which %s takes short steps (system %s); use softplus, silu or tanh, or a fixed-step method", name, x.Solver.Method, x.System.Name)
			}
		})
	}
}

// hypers warns of hypersolvers that cannot follow a time-dependent system.
func (v *vetter) hypers() {
	for _, h := range v.p.Hypers {
		timed := false
		for _, st := range h.System.States {
			timed = timed || st.Der != nil && dependsOn(st.Der, h.System.Time)
		}
		for _, r := range h.Residuals {
			if timed = timed && !dependsOn(r.Expr, h.System.Time); !timed {
				break
			}
		}
		if timed && len(h.Residuals) > 0 {
			v.warnf("W1213", h.Span, "system %s depends on t, and no residual of %s does, so it corrects all times alike; pass t to the residual", h.System.Name, h.Name)
		}
	}
}
