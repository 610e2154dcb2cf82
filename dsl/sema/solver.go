package sema

import (
	"math"
	"slices"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// checkSolverDecl is `solver S = method{options}`.
func (c *checker) checkSolverDecl(d *decl, n *syntax.SolverDecl) {
	value := n.Value
	if w, ok := c.opts.With[d.name]; ok {
		value = w
		// The name of another solver stands for that one.
		if id, ok := w.(*syntax.Ident); ok {
			if other := c.decls[id.Name]; other != nil && other != d && other.what == "solver" {
				if c.touch(other) {
					s := *other.solver
					s.Name, s.Doc, s.Span = d.name, n.Doc, n.At()
					d.solver = &s
				}
				return
			}
		}
	}
	s, ok := c.hyperUse(value)
	if !ok {
		s = c.solverOf(value)
	}
	if s == nil {
		return
	}
	s.Name, s.Doc, s.Span = d.name, n.Doc, n.At()
	d.solver = s
}

// solverOf is a method with its options; nil after a complaint.
func (c *checker) solverOf(x syntax.Expr) *Solver {
	ch, ok := c.choice(x, c.solverMethods(), newEnv(inConst, ""))
	if !ok {
		return nil
	}
	for _, o := range ch.Options {
		if (o.Key == "coarse" || o.Key == "fine") && o.Choice != nil && o.Choice.Row != "" {
			if want := method.TakesSegments(o.Choice); want != "" {
				c.errorf("NDE0505", o.Span, "%s of %s wants %s, such as rk4{steps: 4}", o.Key, ch.Row, want)
				return nil
			}
		}
	}
	s := newSolver(ch, c.methodRow(ch.Row), x.At())
	if s.MaxStep > 0 && s.MinStep > s.MaxStep {
		c.errorf("NDE0505", x.At(), "min_step %g is above max_step %g: no step has such a length", s.MinStep, s.MaxStep)
		return nil
	}
	return s
}

// newSolver is a checked choice as a solver.
func newSolver(ch ir.Choice, row *method.Row, at diag.Span) *Solver {
	s := &Solver{Span: at, Method: ch.Row, Row: row.With(ch.Options), Options: ch.Options}
	for _, o := range ch.Options {
		switch o.Key {
		case "steps", "segments":
			s.Steps = int(o.Num)
		case "per_sample":
			s.PerSample = int(o.Num)
		case "step":
			s.StepSize = o.Num
		case "rtol":
			s.RTol = o.Num
		case "atol":
			s.ATol = o.Num
		case "first_step":
			s.FirstStep = o.Num
		case "min_step":
			s.MinStep = o.Num
		case "max_step":
			s.MaxStep = o.Num
		case "step_at", "jump_at":
			for _, at := range o.List {
				s.Stops = append(s.Stops, at.Num)
			}
			slices.Sort(s.Stops)
			s.Stops = slices.Compact(s.Stops)
		case "max_steps":
			s.MaxSteps = int(o.Num)
		case "atols":
			s.ATols = method.NumbersOf(o)
		case "rtols":
			s.RTols = method.NumbersOf(o)
		case "compat":
			if o.Text != "none" {
				s.Compat = o.Text
			}
		case "step_group":
			s.Together = o.Text == "batch"
		case "norm":
			s.MaxNorm = o.Text == "max"
		case "control":
			s.Control = choiceOf(o)
		case "events":
			by := choiceOf(o)
			tol, _ := by.Option("tol")
			most, _ := by.Option("max")
			s.EventTol, s.EventMax = tol.Num, int(most.Num)
		case "sensitivity":
			s.Sensitivity = choiceOf(o)
		}
	}
	return s
}

// tolerancesFit checks what an adaptive solver says of the states of s, and whether s can be solved with the steps of another
// library.
func (c *checker) tolerancesFit(s *System, by *Solver, at diag.Span) bool {
	for _, list := range []struct {
		key    string
		values []float64
		least  float64
	}{{"atols", by.ATols, math.SmallestNonzeroFloat64}, {"rtols", by.RTols, 0}} {
		if list.values == nil {
			continue
		}
		if len(list.values) != len(s.States) {
			c.errorf("NDE0534", at, "%s has %d tolerances, and system %s has %d states: give one for each, in the order of their declarations", list.key, len(list.values), s.Name, len(s.States))
			return false
		}
		for _, x := range list.values {
			if !(x >= list.least) || math.IsInf(x, 0) {
				c.errorf("NDE0534", at, "tolerance %g in %s is not above 0", x, list.key)
				return false
			}
		}
	}
	if by.Compat == "" {
		return true
	}
	with := ""
	switch {
	case by.MinStep > 0:
		with = "min_step"
	case by.MaxStep > 0:
		with = "max_step"
	case len(by.Stops) > 0:
		with = "step_at"
	case len(s.Events) > 0:
		with = "events, and system " + s.Name + " has some"
	case len(s.Inputs) > 0:
		with = "inputs, and system " + s.Name + " has some"
	default:
		return true
	}
	c.errorf("NDE0544", at, "the steps of %s know no %s; leave compat: out", by.Compat, with)
	return false
}

func choiceOf(s ir.Setting) ir.Choice {
	if s.Choice != nil {
		return *s.Choice
	}
	return ir.Choice{Row: s.Text}
}

// solverRef is what `with:` names: a declared solver or one written in place.
func (c *checker) solverRef(x syntax.Expr) *Solver {
	if s, ok := c.hyperUse(x); ok {
		return s
	}
	if id, ok := x.(*syntax.Ident); ok {
		d := c.decls[id.Name]
		switch {
		case d != nil && d.what == "solver":
			if !c.touch(d) {
				return nil
			}
			return d.solver
		case d != nil && d.what == "missing":
			return nil // said where it was linked
		case d != nil:
			c.errorf("NDE0204", id.At(), "%s is a %s, not a solver", id.Name, d.what)
			return nil
		case c.methodRow(id.Name) == nil:
			names := method.Names()
			for n, d := range c.decls {
				if d.what == "solver" {
					names = append(names, n)
				}
			}
			c.errorf("NDE0501", id.At(), "unknown solver %q%s", id.Name, didYouMean(id.Name, sortedCopy(names)))
			return nil
		}
	}
	return c.solverOf(x)
}

func sortedCopy(list []string) []string {
	m := map[string]bool{}
	for _, s := range list {
		m[s] = true
	}
	return sortedKeys(m)
}
