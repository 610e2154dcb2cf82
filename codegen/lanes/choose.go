package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
	"ndec.dev/ndec/ir/plan"
)

// Program is what of a module runs in lanes. A model or recipe does so as a whole or not at all.
type Program struct {
	Set     *Set
	Models  map[*ir.Model]*Node
	Recipes map[*ir.Recipe]*Recipe
	// Why says what keeps a model or recipe from it.
	Why map[any]error
	// Singly says of models whose batches go one sample after the other although there is vector code, why (singly.go).
	Singly map[*ir.Model]string
}

// Recipe is a recipe in lanes: the objective, with its gradient, and the rows of its least squares problem, nil where there is none or no vector code
// for it.
type Recipe struct{ Objective, Grad, Design *Node }

// Compile finds what has vector code.
func Compile(p *plan.Plan, name func(*ir.Func) string) *Program { return CompileWith(p, false, name) }

// CompileWith is Compile, for tiles too if they are asked for.
func CompileWith(p *plan.Plan, tiles bool, name func(*ir.Func) string) *Program {
	return compile(p, tiles, true, name)
}

// compile finds what has vector code. Without singly all models go by blocks.
func compile(p *plan.Plan, tiles, singly bool, name func(*ir.Func) string) *Program {
	c := &Program{Set: New(p, name), Models: map[*ir.Model]*Node{}, Recipes: map[*ir.Recipe]*Recipe{}, Why: map[any]error{}, Singly: map[*ir.Model]string{}}
	c.Set.Tiles = tiles
	for _, m := range p.Module.Models {
		if why := c.Set.singly(m); singly && why != "" {
			c.Singly[m] = why
			continue
		}
		n, err := c.Set.AddNode(m.Func)
		if err != nil {
			c.Why[m] = err
			continue
		}
		c.Models[m] = n
	}
	for _, r := range p.Module.Recipes {
		if r.Grad == nil {
			c.Why[r] = &Unsupported{"a recipe without gradient", r.Objective, nil}
			continue
		}
		undo := c.Set.mark()
		l := &Recipe{}
		var err error
		if l.Objective, err = c.Set.AddNode(r.Objective); err == nil {
			l.Grad, err = c.Set.AddNode(r.Grad)
		}
		if err != nil {
			undo()
			c.Why[r] = err
			continue
		}
		if r.Design != nil && !r.Design.InStep() { // whose rows come one by one
			undo := c.Set.mark()
			if l.Design, err = c.Set.AddNode(r.Design); err != nil {
				undo()
				l.Design = nil
			}
		}
		c.Recipes[r] = l
	}
	return c
}

// CompileAll is Compile, for tiles too if they are asked for, with CompileWide, and, beside them, CompileAlone.
func CompileAll(p *plan.Plan, tiles bool, name, wide, alone func(*ir.Func) string) (c *Program, w *Wide, a *Alone) {
	likely, apart := func(r *ir.Recipe) bool { return r.Grad != nil }, p.Apart()
	parallel.Do(
		func() {
			c = CompileWith(p, tiles, name)
			w = CompileWide(c, wide)
		},
		func() { a = CompileAlone(apart, likely, alone) })
	if slices.ContainsFunc(p.Module.Recipes, func(r *ir.Recipe) bool { return likely(r) != c.runs(r) }) {
		a = CompileAlone(apart, c.runs, alone)
	}
	if !slices.ContainsFunc(p.Module.Models, func(m *ir.Model) bool { return c.Singly[m] != "" && !a.has(m) }) {
		return c, w, a
	}
	c = compile(p, tiles, false, name)
	return c, CompileWide(c, wide), a
}

// has reports whether the convolutions of a model have kernels for one sample.
func (a *Alone) has(m *ir.Model) bool {
	for f := range a.Set.Plan.Reached(m.Func) {
		if pf := a.Set.Plan.Of(f); pf != nil && a.Entries[f] == nil && slices.ContainsFunc(pf.Nests, convolves) {
			return false
		}
	}
	return true
}

// runs reports whether a recipe runs in lanes.
func (c *Program) runs(r *ir.Recipe) bool { return c.Recipes[r] != nil }

// Schedules says of each model and recipe how it runs, and why.
func Schedules(p *plan.Plan, tiles bool) []plan.Schedule {
	name := func(*ir.Func) string { return "kernel" }
	c, wide, alone := CompileAll(p, tiles, name, name, name)
	few := CompileFew(alone, name)
	var out []plan.Schedule
	add := func(name string, decl any, n, wide *Node) {
		s := plan.Schedule{Name: name, How: "one sample after the other"}
		if n != nil {
			s.How = fmt.Sprintf("blocks of %d samples, one in each lane", c.Set.Samples())
			if wide != nil {
				s.How = fmt.Sprintf("blocks of %d samples with %s, and of %d, one in each lane", 2*c.Set.Samples(), wideISA, c.Set.Samples())
			}
			if n.Refilled() != nil {
				s.How += " until it ends, then another"
			}
			if n.Shares() {
				s.How += "; what they share in a step is made once"
			}
			if slices.ContainsFunc(c.Set.Reached(n), c.Set.HasTiles) {
				s.How += "; products on tiles"
			}
			s.How += n.keeps()
		} else if m, ok := decl.(*ir.Model); ok && c.Singly[m] != "" {
			s.How, s.Why = "one sample after the other, in vectors of its elements", c.Singly[m]
		} else if err := c.Why[decl]; err != nil {
			s.Why = "no vector code for " + err.Error()
		}
		out = append(out, s)
	}
	for _, m := range c.Set.Plan.Module.Models {
		add("model "+m.Name, m, c.Models[m], wide.Models[m])
		out = append(out, alone.schedule(m, few))
	}
	for _, r := range c.Set.Plan.Module.Recipes {
		var n *Node
		if t := c.Recipes[r]; t != nil {
			n = t.Grad
		}
		add("train "+r.Name, r, n, nil)
	}
	return out
}
