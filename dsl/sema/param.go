package sema

import (
	"math"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// paramStmt is `param name type = value where constraint`.
func (c *checker) paramStmt(s *syntax.ParamStmt, e *env) {
	t := c.typeOf(s.Type, e)
	v := &Var{Kind: ParamVar, Type: t, Doc: s.Doc}
	if e.where == inFn {
		c.errorf("NDE0210", s.At(), "a fn cannot own parameters; make it a net")
		v.Type = Type{}
	}
	if t.IsValid() && t.Elem != Real {
		c.errorf("NDE0304", s.Type.At(), "a parameter must be real, got %s", t)
		v.Type = Type{}
	}
	init, ok := c.paramInit(s, t, e)
	where, ok2 := c.constraint(s, e)
	c.bind(e, s.Name, v)
	if !ok || !ok2 || !v.Type.IsValid() {
		v.Type = Type{}
		return
	}
	v.Param = e.addParam(e.owner+"."+s.Name.Name, t.IR(c.real), init, s.Name.At())
	v.Param.Where = where
	given := init.Data
	if init.Kind == ir.InitConst {
		given = []float64{init.A}
	}
	for _, x := range given {
		if !inside(x, where) {
			c.errorf("NDE0342", s.Value.At(), "%v does not satisfy the constraint of %s", x, s.Name.Name)
			break
		}
	}
	const least = 0.01 // draws are repeated until one is inside
	if m := mass(init, where); m < least {
		c.errorf("NDE0342", s.Where.At(), "only %.2g %% of the distribution of %s satisfy its constraint; shift one of them", 100*m, s.Name.Name)
	}
}

func inside(x float64, w ir.Transform) bool {
	switch w.Kind {
	case ir.Above:
		return x > w.A
	case ir.Below:
		return x < w.A
	case ir.Between:
		return w.A < x && x < w.B
	}
	return true
}

// starts are the initialisers of the distributions.
var starts = map[string]ir.InitKind{"normal": ir.InitNormal, "uniform": ir.InitUniform, "laplace": ir.InitLaplace, "rademacher": ir.InitRademacher}

// mass is the share of a distribution that lies in the range of a constraint; 1 for what is not drawn.
func mass(in ir.Init, w ir.Transform) float64 {
	var below func(x float64) float64
	switch in.Kind {
	case ir.InitNormal:
		below = func(x float64) float64 { return math.Erfc(-(x-in.A)/(in.B*math.Sqrt2)) / 2 }
	case ir.InitUniform:
		below = func(x float64) float64 { return min(max((x-in.A)/(in.B-in.A), 0), 1) }
	case ir.InitLaplace:
		below = func(x float64) float64 {
			tail := math.Exp(-math.Abs(x-in.A)/in.B) / 2
			if x < in.A {
				return tail
			}
			return 1 - tail
		}
	case ir.InitRademacher:
		share := 0.0
		for _, x := range []float64{-1, 1} {
			if inside(x, w) {
				share += 0.5
			}
		}
		return share
	default:
		return 1
	}
	lo, hi := 0.0, 1.0
	if w.Kind == ir.Above || w.Kind == ir.Between {
		lo = below(w.A)
	}
	switch w.Kind {
	case ir.Below:
		hi = below(w.A)
	case ir.Between:
		hi = below(w.B)
	}
	return hi - lo
}

// drawnInit is the start of `~ normal(0, 1)`.
func (c *checker) drawnInit(s *syntax.ParamStmt, e *env) (ir.Init, bool) {
	v := c.expr(s.Value, e)
	if isInvalid(v) {
		return ir.Init{}, false
	}
	d, _ := v.(*dist)
	if d == nil {
		c.errorf("NDE0343", s.Value.At(), "~ wants a distribution: normal(mean, deviation), uniform(a, b), laplace(mean, scale) or rademacher()")
		return ir.Init{}, false
	}
	in := ir.Init{Kind: starts[d.name]}
	for i, a := range d.args {
		l := literal(a)
		if l == nil {
			c.errorf("NDE0309", a.Span(), "the distribution that a parameter starts from has constant numbers")
			return ir.Init{}, false
		}
		*[]*float64{&in.A, &in.B}[i] = l.Num
	}
	return in, true
}

// paramInit is how a parameter starts.
func (c *checker) paramInit(s *syntax.ParamStmt, t Type, e *env) (ir.Init, bool) {
	if s.Random {
		return c.drawnInit(s, e)
	}
	x := c.expr(s.Value, e)
	if isInvalid(x) || !t.IsValid() {
		return ir.Init{}, false
	}
	l, ok := x.(*Lit)
	if !ok {
		c.errorf("NDE0309", s.Value.At(), "the start value of a parameter must be constant")
		return ir.Init{}, false
	}
	if l.T.IsScalar() {
		if _, ok := coerce(l, Scalar(Real)); ok {
			return ir.Init{Kind: ir.InitConst, A: l.Num}, true
		}
	} else if y, ok := coerce(l, t); ok {
		if d := y.(*Lit).Data; d != nil {
			return ir.Init{Kind: ir.InitData, Data: d}, true
		}
		return ir.Init{Kind: ir.InitConst, A: l.Num}, true
	}
	c.errorf("NDE0304", s.Value.At(), "param %s is declared %s, but its start value has type %s", s.Name.Name, t, l.T)
	return ir.Init{}, false
}

// constraint is `where m > 0` or `where 0.1 < l < 0.6`.
func (c *checker) constraint(s *syntax.ParamStmt, e *env) (ir.Transform, bool) {
	num := func(x syntax.Expr) (float64, bool) {
		v := c.expr(x, e)
		l := literal(v)
		if l == nil && !isInvalid(v) {
			c.errorf("NDE0309", x.At(), "a bound must be constant")
		}
		if l == nil || isInvalid(v) {
			return 0, false
		}
		return l.Num, true
	}
	is := func(x syntax.Expr) bool {
		id, ok := x.(*syntax.Ident)
		return ok && id.Name == s.Name.Name
	}
	less := func(t syntax.Token) bool { return t == syntax.Lss || t == syntax.Leq }
	greater := func(t syntax.Token) bool { return t == syntax.Gtr || t == syntax.Geq }
	switch w := s.Where.(type) {
	case nil:
		return ir.Transform{}, true
	case *syntax.BoundsExpr:
		if !is(w.X) {
			break
		}
		lo, ok1 := num(w.Lo)
		hi, ok2 := num(w.Hi)
		if !ok1 || !ok2 {
			return ir.Transform{}, false
		}
		if greater(w.LoOp) && greater(w.HiOp) {
			lo, hi = hi, lo
		} else if !less(w.LoOp) || !less(w.HiOp) {
			break
		}
		if lo >= hi {
			c.errorf("NDE0342", w.At(), "no number is between %v and %v", lo, hi)
			return ir.Transform{}, false
		}
		return ir.Transform{Kind: ir.Between, A: lo, B: hi}, true
	case *syntax.BinaryExpr:
		op, x, y := w.Op, w.X, w.Y
		if is(y) {
			x, y = y, x
			if less(op) {
				op = syntax.Gtr
			} else if greater(op) {
				op = syntax.Lss
			}
		}
		if !is(x) || !less(op) && !greater(op) {
			break
		}
		a, ok := num(y)
		if !ok {
			return ir.Transform{}, false
		}
		if greater(op) {
			return ir.Transform{Kind: ir.Above, A: a}, true
		}
		return ir.Transform{Kind: ir.Below, A: a}, true
	}
	c.errorf("NDE0342", s.Where.At(), "a constraint of %s is %s > a, %s < b or a < %s < b", s.Name.Name, s.Name.Name, s.Name.Name, s.Name.Name)
	return ir.Transform{}, false
}
