package sema

import (
	"fmt"
	"ndec.dev/ndec/dsl/syntax"
)

// checkModel is `model M(…) (…) { … }` or `model M = B{Fwd: S}`.
func (c *checker) checkModel(d *decl, n *syntax.ModelDecl) {
	if n.Alias != nil {
		c.checkAlias(d, n)
		return
	}
	m := &Model{Name: d.name, Doc: n.Doc, Span: n.At()}
	e := newEnv(inModel, d.name)
	m.Inputs = c.fields(n.Params, e)
	if countNames(n.Params) == 0 {
		c.errorf("NDE0346", n.At(), "model %s has no inputs; give it one, such as the start or the times of its solve", d.name)
	}
	switch {
	case n.Result != nil:
		m.Outputs = []Port{{Name: "y", Type: c.typeOf(n.Result, e), Span: n.Result.At()}}
	case n.Results != nil:
		seen := map[string]bool{}
		for _, f := range n.Results.Fields {
			t := c.typeOf(f.Type, e)
			for _, name := range f.Names {
				if seen[name.Name] {
					c.errorf("NDE0202", name.At(), "output %s is declared twice", name.Name)
				}
				seen[name.Name] = true
				m.Outputs = append(m.Outputs, Port{Name: name.Name, Type: t, Span: name.At()})
			}
		}
	}
	results := c.body(n.Body, e)
	m.Body, m.Params = e.defs, e.params
	switch {
	case results == nil:
		c.errorf("NDE0340", n.At(), "model %s has no return", d.name)
		return
	case len(results) == 1 && results[0].Type().Kind == TupleKind:
		// A model may return what another one returns.
		x := results[0]
		results = nil
		for i, t := range x.Type().Parts {
			results = append(results, &Part{Node: Node{T: t, At: x.Span()}, X: x, Index: i})
		}
	}
	if len(results) != len(m.Outputs) {
		c.errorf("NDE0308", n.At(), "model %s returns %d values, but declares %d", d.name, len(results), len(m.Outputs))
		return
	}
	ok := true
	for i, x := range results {
		y, fine := c.result(x, m.Outputs[i].Type)
		ok = ok && fine
		m.Results = append(m.Results, y)
	}
	if !ok {
		return
	}
	d.model = m
	c.prog.Models = append(c.prog.Models, m)
}

// checkAlias is a model with solvers replaced.
func (c *checker) checkAlias(d *decl, n *syntax.ModelDecl) {
	id, ok := n.Alias.Name.(*syntax.Ident)
	if !ok {
		c.errorf("NDE0528", n.Alias.At(), "a model with other solvers is written Model{Solver: Other}")
		return
	}
	base := c.find(id, "NDE0528", "model")
	if base == nil || !c.touch(base) || base.model == nil {
		return
	}
	b := base.model
	m := &Model{Name: d.name, Doc: n.Doc, Span: n.At(), Inputs: b.Inputs, Outputs: b.Outputs, Body: b.Body, Results: b.Results,
		Params: b.Params, Base: b, Replaces: map[string]*Solver{}}
	for k, v := range b.Replaces {
		m.Replaces[k] = v
	}
	used := solversOf(b)
	good := true
	for _, el := range n.Alias.Elems {
		if el.Key == nil {
			c.errorf("NDE0528", el.At(), "a replacement is written Solver: Other")
			good = false
			continue
		}
		if used[el.Key.Name] == nil {
			good = false
			if d := c.decls[el.Key.Name]; d != nil && d.what == "solver" && d.solver == nil {
				continue // complained about
			}
			c.errorf("NDE0528", el.Key.At(), "model %s has no solver %q%s", b.Name, el.Key.Name, didYouMean(el.Key.Name, sortedKeys(used)))
			continue
		}
		s := c.solverRef(el.Value)
		if s == nil {
			good = false
			continue
		}
		for _, x := range used[el.Key.Name] {
			good = c.hyperFits(s, x.System, el.Value.At()) && good
		}
		m.Replaces[el.Key.Name] = s
	}
	if !good {
		return
	}
	d.model = m
	c.prog.Models = append(c.prog.Models, m)
}

// solversOf are the solves of a model itself by the names of the declared solvers that they use.
func solversOf(m *Model) map[string][]*Solve {
	used := map[string][]*Solve{}
	seen := map[Expr]bool{}
	visit := func(x Expr) {
		if s, ok := x.(*Solve); ok && s.Solver != nil && s.Solver.Name != "" {
			used[s.Solver.Name] = append(used[s.Solver.Name], s)
		}
	}
	for _, v := range m.Body {
		walk(v.Def, seen, visit)
	}
	for _, x := range m.Results {
		walk(x, seen, visit)
	}
	return used
}

// callModel calls a model.
func (c *checker) callModel(d *decl, x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if !e.where.solves() {
		c.args(x, piped, e, d.name)
		c.maySolve(e, at)
		return invalid(at)
	}
	args := c.args(x, piped, e, d.name)
	if !c.touch(d) || d.model == nil || args == nil {
		return invalid(at)
	}
	m := d.model
	if len(args) != len(m.Inputs) {
		c.errorf("NDE0303", at, "%s wants %s, got %d", d.name, countText(len(m.Inputs), len(m.Inputs)), len(args))
		return invalid(at)
	}
	conv := make([]Expr, len(args))
	for i, a := range args {
		y, ok := coerce(a, m.Inputs[i].Type)
		if !ok {
			c.unfit("NDE0304", at, fmt.Sprintf("argument %s of %s", m.Inputs[i].Name, d.name), m.Inputs[i].Type, a.Type())
			return invalid(at)
		}
		conv[i] = y
	}
	t := m.Outputs[0].Type
	if len(m.Outputs) > 1 {
		t = Type{Kind: TupleKind}
		for _, o := range m.Outputs {
			t.Parts = append(t.Parts, o.Type)
		}
	}
	return &ModelCall{Node: Node{T: t, At: at}, Model: m, Args: conv}
}
