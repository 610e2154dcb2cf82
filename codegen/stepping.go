package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// Step counts and tolerances are arguments of the loops, not constants in them, so that one build serves
// a sweep over them. The functions of a model get them from the model, which starts with those of the
// source; recipes have them as literals.

// findStepped fills stepped.
func (e *emitter) findStepped() {
	for _, m := range e.m.Models {
		for _, f := range append([]*ir.Func{m.Func}, m.Paths...) {
			if pf := e.plan.Of(f); pf != nil && pf.Needs.Stats > 0 {
				e.stepped[f] = m
			}
		}
	}
}

// steppingLit is the stepping of the source as a value of rt.
func steppingLit(s *ir.Solve) string { return "rt.Stepping" + steppingFields(s) }

func steppingFields(s *ir.Solve) string {
	switch {
	case s.Adaptive:
		return fmt.Sprintf("{RTol: %s, ATol: %s, MaxSteps: %d}", number(s.RTol, ir.F64), number(s.ATol, ir.F64), s.MaxSteps)
	case s.Steps > 0:
		return fmt.Sprintf("{Steps: %d}", s.Steps)
	}
	return fmt.Sprintf("{Step: %s}", number(s.StepSize, ir.F64))
}

// steppings is the array of a model's steppings.
func steppings(m *ir.Model) string {
	var all []string
	for _, s := range m.Solves {
		all = append(all, steppingFields(s))
	}
	return fmt.Sprintf("[%d]rt.Stepping{%s}", len(all), strings.Join(all, ", "))
}

// steppingOf is the place of a solve among the steppings of a model. A solve that runs several times has
// one; its recording copy, named after it, has the same. A solve of the way back of a gradient has none: -1.
func steppingOf(m *ir.Model, s *ir.Solve) int {
	return slices.IndexFunc(m.Solves, func(o *ir.Solve) bool { return o == s || o.Name+".rec" == s.Name })
}

// stepping is the stepping of a solve in this function.
func (fn *function) stepping(s *ir.Solve) string {
	if m := fn.e.stepped[fn.f.IR]; m != nil && steppingOf(m, s) >= 0 {
		return fmt.Sprintf("by[%d]", steppingOf(m, s))
	}
	return steppingLit(s)
}
