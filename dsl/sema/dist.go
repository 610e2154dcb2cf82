package sema

import (
	"math"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// logProb is log_prob(dist, x), summed over the elements of x.
func (c *checker) logProb(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	args := c.args(x, piped, e, "log_prob")
	if args == nil {
		return invalid(at)
	}
	var d *dist
	if len(args) == 2 {
		d, _ = args[0].(*dist)
	}
	if d == nil {
		c.errorf("NDE0303", at, "log_prob wants a distribution and a value: log_prob(normal(0, 1), x)")
		return invalid(at)
	}
	v := asReal(args[1])
	num := func(n float64) Expr { return number(n, Real, at) }
	m, s := Expr(nil), Expr(nil)
	if len(d.args) == 2 {
		m, s = d.args[0], d.args[1]
	}
	var each Expr
	switch d.name {
	case "normal": // -((x-m)/s)^2/2 - log s - log(2 pi)/2
		z := c.binary("/", c.binary("-", v, m, at), s, at)
		square := c.binary("*", num(-0.5), c.binary("^", z, number(2, UntypedInt, at), at), at)
		each = c.binary("-", square, c.logScale(s, 0.5*math.Log(2*math.Pi), at), at)
	case "laplace": // -|x-m|/b - log(2 b)
		z := c.binary("/", c.binary("-", v, m, at), s, at)
		if !isInvalid(z) {
			z = c.op(ir.OpAbs, ir.Attr{}, at, z)
		}
		each = c.binary("-", c.negate(z, at), c.logScale(s, math.Ln2, at), at)
	case "uniform": // -log(b - a) inside, log 0 outside
		if inside := c.between(m, v, s, at); inside != nil {
			each = c.op(ir.OpSelect, ir.Attr{}, at, inside, c.negate(c.logScale(c.binary("-", s, m, at), 0, at), at), num(math.Inf(-1)))
		}
	case "rademacher": // log(1/2) at -1 and 1
		if !isInvalid(v) {
			hit := c.op(ir.OpEq, ir.Attr{}, at, c.op(ir.OpAbs, ir.Attr{}, at, v), num(1))
			each = c.op(ir.OpSelect, ir.Attr{}, at, hit, num(-math.Ln2), num(math.Inf(-1)))
		}
	}
	if each == nil {
		return invalid(at)
	}
	return c.total(each, at)
}

// between is a <= x < b; nil after a complaint about shapes.
func (c *checker) between(a, x, b Expr, at diag.Span) Expr {
	if isInvalid(c.binary("-", x, a, at)) || isInvalid(c.binary("-", b, x, at)) {
		return nil
	}
	return c.op(ir.OpAnd, ir.Attr{}, at, c.op(ir.OpLe, ir.Attr{}, at, a, x), c.op(ir.OpLt, ir.Attr{}, at, x, b))
}

// logScale is log(s) + k.
func (c *checker) logScale(s Expr, k float64, at diag.Span) Expr {
	if l := literal(s); l != nil {
		return number(math.Log(l.Num)+k, Real, at)
	}
	return c.binary("+", c.op(ir.OpLog, ir.Attr{}, at, s), number(k, Real, at), at)
}

// total sums over the elements.
func (c *checker) total(each Expr, at diag.Span) Expr {
	if isInvalid(each) || each.Type().IsScalar() {
		return each
	}
	return c.op(ir.OpSum, ir.Attr{}, at, each)
}

// kl is the Kullback-Leibler divergence of two distributions of one family, summed over elements.
func (c *checker) kl(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	args := c.args(x, piped, e, "kl")
	if args == nil {
		return invalid(at)
	}
	if len(args) != 2 {
		c.errorf("NDE0303", at, "kl wants 2 arguments, got %d", len(args))
		return invalid(at)
	}
	p, ok1 := args[0].(*dist)
	q, ok2 := args[1].(*dist)
	if !ok1 || !ok2 {
		c.errorf("NDE0303", at, "kl wants two distributions: kl(normal(m, s), normal(0, 1))")
		return invalid(at)
	}
	of := divergences[p.name]
	if of == nil || p.name != q.name {
		c.errorf("NDE0371", at, "kl of %s and %s has no formula here: kl takes two of one family, normal, laplace or uniform; else average log_prob(p, z) - log_prob(q, z) over z := draw(p)", p.name, q.name)
		return invalid(at)
	}
	each := of(c, at, p.args[0], p.args[1], q.args[0], q.args[1])
	return c.total(each, at)
}

// divergences are the Kullback-Leibler divergences by family, of one element, in terms of the parameters.
var divergences = map[string]func(c *checker, at diag.Span, a1, b1, a2, b2 Expr) Expr{
	// log(s2/s1) + (s1^2 + (m1-m2)^2)/(2 s2^2) - 1/2
	"normal": func(c *checker, at diag.Span, m1, s1, m2, s2 Expr) Expr {
		square := func(v Expr) Expr { return c.binary("^", v, number(2, UntypedInt, at), at) }
		top := c.binary("+", square(s1), square(c.binary("-", m1, m2, at)), at)
		ratio := c.binary("/", top, c.binary("*", number(2, Real, at), square(s2), at), at)
		logs := c.binary("-", c.logScale(s2, -0.5, at), c.logScale(s1, 0, at), at)
		return c.binary("+", logs, ratio, at)
	},
	// log(b2/b1) + (b1 exp(-|m1-m2|/b1) + |m1-m2|)/b2 - 1
	"laplace": func(c *checker, at diag.Span, m1, b1, m2, b2 Expr) Expr {
		d := c.binary("-", m1, m2, at)
		if isInvalid(d) {
			return d
		}
		d = c.op(ir.OpAbs, ir.Attr{}, at, d)
		scaled := c.negate(c.binary("/", d, b1, at), at)
		if isInvalid(scaled) {
			return scaled
		}
		near := c.binary("*", b1, c.op(ir.OpExp, ir.Attr{}, at, scaled), at)
		ratio := c.binary("/", c.binary("+", near, d, at), b2, at)
		return c.binary("+", c.binary("-", c.logScale(b2, -1, at), c.logScale(b1, 0, at), at), ratio, at)
	},
	// log((d2-c2)/(d1-c1)) where the first lies within the second, else infinite
	"uniform": func(c *checker, at diag.Span, a1, b1, a2, b2 Expr) Expr {
		w1, w2 := c.binary("-", b1, a1, at), c.binary("-", b2, a2, at)
		logs := c.binary("-", c.logScale(w2, 0, at), c.logScale(w1, 0, at), at)
		if isInvalid(logs) {
			return logs
		}
		within := c.op(ir.OpAnd, ir.Attr{}, at, c.op(ir.OpLe, ir.Attr{}, at, a2, a1), c.op(ir.OpLe, ir.Attr{}, at, b1, b2))
		return c.op(ir.OpSelect, ir.Attr{}, at, within, logs, number(math.Inf(1), Real, at))
	},
}
