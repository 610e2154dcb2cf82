package sema

import (
	"slices"
	"strconv"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// Use is what a value is computed for. Training runs the objective of a recipe for its gradient; everything
// else is evaluation: models, validation, tests.
type Use uint8

// Uses. What is of AnyUse is the same in both.
const (
	AnyUse Use = iota
	Training
	Evaluation
)

// For reports whether what is of use u is there for the given one.
func (u Use) For(use Use) bool { return u == AnyUse || u == use }

// Drawing says that a context of a system is no value of the program: every solve draws it, and it stays the
// same during the solve.
type Drawing struct {
	Normal bool // standard normal, else -1 and 1 with equal chances
	Use    Use
}

// divergence is div(v, x, by: …): the node of the trace by an estimator, or of both traces by use.
func (c *checker) divergence(y Expr, ref *Ref, by syntax.Expr, e *env, at diag.Span) Expr {
	if lit, ok := by.(*syntax.LitExpr); ok && lit.Name == nil {
		return c.divergenceByUse(y, ref, lit, e, at)
	}
	return c.traced(y, ref, by, AnyUse, e, at)
}

// divergenceByUse is div(v, x, by: {train: …, eval: …}).
func (c *checker) divergenceByUse(y Expr, ref *Ref, lit *syntax.LitExpr, e *env, at diag.Span) Expr {
	given := map[string]syntax.Expr{}
	for _, el := range lit.Elems {
		if el.Key == nil || el.Key.Name != "train" && el.Key.Name != "eval" || given[el.Key.Name] != nil {
			c.errorf("NDE0641", el.At(), "by: of div by use is written {train: hutchinson, eval: exact}")
			return invalid(at)
		}
		given[el.Key.Name] = el.Value
	}
	if len(given) != 2 {
		c.errorf("NDE0641", lit.At(), "by: of div by use says both train: and eval:")
		return invalid(at)
	}
	train := c.traced(y, ref, given["train"], Training, e, at)
	eval := c.traced(y, ref, given["eval"], Evaluation, e, at)
	if isInvalid(train) || isInvalid(eval) {
		return invalid(at)
	}
	return &ByUse{Node: Node{T: Scalar(Real), At: at}, Train: train, Eval: eval}
}

// traced is the trace of the Jacobian by one estimator.
func (c *checker) traced(y Expr, ref *Ref, by syntax.Expr, use Use, e *env, at diag.Span) Expr {
	ch, ok := c.choice(by, methodGroup(method.Estimator), e)
	if !ok {
		return invalid(at)
	}
	out := &Op{Node: Node{T: Scalar(Real), At: at}, Op: ir.OpDivg, Args: []Expr{y, ref}}
	samples, _ := ch.Option("samples")
	n := int(samples.Num)
	switch ch.Row {
	case "hutchinson":
		out.Op = ir.OpHutchinson
	case "hutchpp":
		out.Op = ir.OpHutchPP
		n *= 2 // directions of the sketch, and probes
	}
	if out.Op == ir.OpDivg {
		return out
	}
	noise, _ := ch.Option("noise")
	z := c.directions(append([]int{n}, ref.T.Shape...), Drawing{Normal: noise.Text == "normal", Use: use}, e, at)
	out.Args = append(out.Args, z)
	if isInvalid(z) {
		return z
	}
	return out
}

// directions are the random directions of an estimator: drawn on the spot in models, recipes and tests, and
// by every solve in the equations of a system.
func (c *checker) directions(shape []int, d Drawing, e *env, at diag.Span) Expr {
	if !c.fits(shape, at) {
		return invalid(at)
	}
	t := Tensor(Real, shape...)
	switch {
	case e.where.solves():
		return c.drawn(t, d, e, at)
	case e.where != inSystem:
		c.errorf("NDE0642", at, "an estimator of div draws random directions, which systems, models and recipes can; here use by: exact")
		return invalid(at)
	}
	n := 1
	for _, v := range e.sys.Contexts {
		if v.Drawn != nil {
			n++
		}
	}
	v := &Var{Name: "directions" + strconv.Itoa(n), Kind: ContextVar, Type: t, Index: len(e.sys.Contexts), Span: at, Drawn: &d}
	e.sys.Contexts = append(e.sys.Contexts, v)
	return &Ref{Node: Node{T: t, At: at}, Var: v}
}

// drawn is a tensor of directions, at a site of its own.
func (c *checker) drawn(t Type, d Drawing, e *env, at diag.Span) Expr {
	site := e.owner + ".directions"
	c.draws[site]++
	z := &Draw{Node: Node{T: t, At: at}, Uniform: !d.Normal, Place: site + strconv.Itoa(c.draws[site])}
	if d.Normal {
		return z
	}
	return c.signs(z, at)
}

// signs is -1 where the uniform number u is below 1/2, and 1 elsewhere.
func (c *checker) signs(u Expr, at diag.Span) Expr {
	num := func(v float64) Expr { return number(v, Real, at) }
	below := c.op(ir.OpLt, ir.Attr{}, at, u, num(0.5))
	return c.op(ir.OpSelect, ir.Attr{}, at, below, num(-1), num(1))
}

// DiffersByUse reports whether the objective of r is another one in training than in evaluations.
func (r *Recipe) DiffersByUse() bool {
	xs := []Expr{r.Minimize}
	for _, m := range r.Metrics {
		xs = append(xs, m.Expr)
	}
	return r.Mixed() || differs(map[Expr]bool{}, xs...)
}

// Exact has all recipes train in the precision of the package.
func (p *Program) Exact() {
	for _, r := range p.Recipes {
		r.Settings = slices.DeleteFunc(slices.Clone(r.Settings), func(s ir.Setting) bool { return s.Key == "precision" })
	}
}

// Mixed reports whether products of what r trains have operands of 16 bits.
func (r *Recipe) Mixed() bool { return ir.Rounding(r.Settings) != ir.OpInvalid }

// DiffersByUse reports whether m has other results in training.
func (m *Model) DiffersByUse() bool { return differs(map[Expr]bool{}, m.Results...) }

// DiffersByUse reports whether an equation of s is another one in training.
func (s *System) DiffersByUse() bool { return differs(map[Expr]bool{}, s.expressions()...) }

// expressions are the equations, noises, integrals and outputs of s.
func (s *System) expressions() []Expr {
	var xs []Expr
	for _, st := range s.States {
		xs = append(xs, st.Der)
	}
	for _, n := range s.Noise {
		xs = append(xs, n.Expr)
	}
	for _, list := range [][]*Named{s.Integrals, s.Outputs} {
		for _, q := range list {
			xs = append(xs, q.Expr)
		}
	}
	return xs
}

// differs reports whether any of xs, the systems that they solve and the models that they call have a value
// that depends on the use.
func differs(seen map[Expr]bool, xs ...Expr) bool {
	found := false
	visit := func(x Expr) {
		switch x := x.(type) {
		case *ByUse:
			found = true
		case *Solve:
			found = found || differs(seen, x.System.expressions()...)
		case *Rhs:
			found = found || differs(seen, x.System.expressions()...)
		case *HyperError:
			found = found || differs(seen, x.System.expressions()...)
		case *ModelCall:
			found = found || differs(seen, x.Model.Results...)
		}
	}
	for _, x := range xs {
		walk(x, seen, visit)
	}
	return found
}
