package sema

import (
	"fmt"
	"maps"
	"slices"

	"ndec.dev/ndec/dsl/syntax"
)

// Variant asks for a model beside the declared ones that solves with another solver, for measuring. The
// program that has variants is one for measuring: of the declared models it keeps those that variants call, and
// its recipes are checked and then left out.
type Variant struct {
	Name  string // of the new model
	Model string // what it is a variant of, a model of the program
	// Slot is the solver that By replaces, in the model and in those that it calls; see Solver.Slot. Nothing
	// is replaced where By is nil.
	Slot string
	By   syntax.Expr
	// Counted takes the number of steps from the caller of the model: By counts its steps, whatever it says.
	Counted bool
	// Ends adds outputs, and nobody looks along the solves of such a model: the states at the end of the solves with Slot, as end0.x, or along their output
	// times, as along0.x.
	Ends bool
	// Metrics is a recipe of the program whose metric terms are the outputs instead, the columns of its data the inputs. It
	// sees this variant, which has to be listed before under the name Of, in the place of Model.
	Metrics, Of string
}

// Slot is the name by which a solver can be replaced: its own, or where it is written.
func (s *Solver) Slot() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Span.String()
}

// Slots lists the solvers of m and of the models that it calls, by slot, in the order in which they are
// met, with the systems that they solve.
func (m *Model) Slots() (slots []string, solves map[string][]*Solve) {
	solves = map[string][]*Solve{}
	seen := map[*Model]bool{}
	var visit func(m *Model)
	visit = func(m *Model) {
		if seen[m] {
			return
		}
		seen[m] = true
		m.walk(func(x Expr) {
			switch x := x.(type) {
			case *Solve:
				slot := x.Solver.Slot()
				if solves[slot] == nil {
					slots = append(slots, slot)
				}
				solves[slot] = append(solves[slot], x)
			case *ModelCall:
				visit(x.Model)
			}
		})
	}
	visit(m)
	return slots, solves
}

// walk visits the expressions of a model's own body, each once.
func (m *Model) walk(visit func(Expr)) {
	seen := map[Expr]bool{}
	for _, v := range m.Body {
		walk(v.Def, seen, visit)
	}
	for _, x := range m.Results {
		walk(x, seen, visit)
	}
}

// Calls lists the models that the metrics of r call (or its objective, if it has no metrics).
func (r *Recipe) Calls() []*Model {
	var out []*Model
	seen := map[Expr]bool{}
	for _, x := range r.Figures() {
		walk(x.Expr, seen, func(x Expr) {
			if call, ok := x.(*ModelCall); ok {
				out = append(out, call.Model)
			}
		})
	}
	return out
}

// Figures are the metrics of r, or its objective as "loss" if it has none.
func (r *Recipe) Figures() []*Named {
	if len(r.Metrics) > 0 {
		return r.Metrics
	}
	return []*Named{{Name: "loss", Expr: r.Minimize, Span: r.Minimize.Span()}}
}

// variants adds the models that the options ask for to a program without errors.
func (c *checker) variants() {
	if len(c.opts.Variants) == 0 || c.diags.HasErrors() {
		return
	}
	declared := len(c.prog.Models)
	made := map[string]*Model{}
	for i := range c.opts.Variants {
		v := &c.opts.Variants[i]
		if v.Metrics != "" {
			made[v.Name] = c.metricsOf(v, made[v.Of])
			continue
		}
		base := c.prog.Models[slices.IndexFunc(c.prog.Models, func(m *Model) bool { return m.Name == v.Model })]
		var by *Solver
		if v.By != nil {
			if by = c.solverRef(v.By); by == nil {
				return
			}
			_, solves := base.Slots()
			for _, x := range solves[v.Slot] {
				if !c.hyperFits(by, x.System, v.By.At()) {
					return
				}
			}
			plain := *by
			plain.Name, plain.Unstepped = "", true
			by = &plain
			if v.Counted && (by.Steps > 0 || by.StepSize > 0) {
				counted := *by
				counted.Steps, counted.StepSize, counted.PerSample = 1, 0, 0
				by = &counted
			}
		}
		made[v.Name] = c.withSolver(base, v.Name, v, by)
	}
	called := map[*Model]bool{}
	for _, m := range made {
		m.reach(called)
	}
	kept := 0
	c.prog.Models = slices.DeleteFunc(c.prog.Models, func(m *Model) bool {
		kept++
		return kept <= declared && !called[m]
	})
	c.prog.Recipes, c.prog.Jacobians = nil, nil
}

// reach adds the models that m calls, and those that they call.
func (m *Model) reach(called map[*Model]bool) {
	visit := func(x Expr) {
		call, ok := x.(*ModelCall)
		if !ok {
			return
		}
		to := call.Model
		if other := m.Calls[to]; other != nil {
			to = other
		}
		if !called[to] {
			called[to] = true
			to.reach(called)
		}
	}
	m.walk(visit)
	if m.Metrics != nil {
		seen := map[Expr]bool{}
		for _, x := range m.Metrics.Figures() {
			walk(x.Expr, seen, visit)
		}
	}
}

// withSolver is m with by in a slot, in the models that it calls too.
func (c *checker) withSolver(m *Model, name string, v *Variant, by *Solver) *Model {
	out := *m
	out.Name, out.Base, out.Calls = name, m, map[*Model]*Model{}
	out.Replaces = maps.Clone(m.Replaces)
	if by != nil {
		if out.Replaces == nil {
			out.Replaces = map[string]*Solver{}
		}
		out.Replaces[v.Slot] = by
	}
	if v.Ends {
		out.Ends = v.Slot
	}
	m.walk(func(x Expr) {
		call, ok := x.(*ModelCall)
		if !ok || out.Calls[call.Model] != nil {
			return
		}
		if _, solves := call.Model.Slots(); solves[v.Slot] != nil {
			out.Calls[call.Model] = c.withSolver(call.Model, fmt.Sprintf("%s%s", name, call.Model.Name), v, by)
		}
	})
	c.prog.Models = append(c.prog.Models, &out)
	return &out
}

// metricsOf is the model that gives the metric terms of a recipe, in which `of` stands for its base.
func (c *checker) metricsOf(v *Variant, of *Model) *Model {
	r := c.prog.Recipes[slices.IndexFunc(c.prog.Recipes, func(r *Recipe) bool { return r.Name == v.Metrics })]
	out := &Model{Name: v.Name, Span: r.Span, Inputs: r.Data.Columns, Metrics: r, Calls: map[*Model]*Model{of.Base: of}}
	c.prog.Models = append(c.prog.Models, out)
	return out
}
