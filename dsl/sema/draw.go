package sema

import (
	"math"
	"strconv"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// draw is draw(dist) or draw(dist, [n, …]): numbers drawn anew for every sample and training step,
// written in terms of standard ones, so that gradients reach the parameters of the distribution.
func (c *checker) draw(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	plain := *x
	var size *syntax.ListExpr
	if n := len(x.Args); n == 2 && piped == nil || n == 1 && piped != nil {
		if l, ok := x.Args[n-1].Value.(*syntax.ListExpr); ok && x.Args[n-1].Key == nil {
			size = l
			plain.Args = x.Args[:n-1]
		}
	}
	args := c.args(&plain, piped, e, "draw")
	if args == nil {
		return invalid(at)
	}
	var d *dist
	if len(args) == 1 {
		d, _ = args[0].(*dist)
	}
	if d == nil {
		c.errorf("NDE0303", at, "draw wants a distribution, and a size if it has none: draw(normal(0, 1), [3])")
		return invalid(at)
	}
	if e.where != inModel && e.where != inRecipe {
		c.errorf("NDE0361", at, "draw stands in models and recipes, which know whom they draw for; draw there and pass the numbers on")
		return invalid(at)
	}
	var shape []int
	for _, a := range d.args {
		if s := a.Type().Shape; len(s) > 0 {
			shape = s
		}
	}
	if size != nil {
		given, ok := c.drawSize(size, e)
		if !ok {
			return invalid(at)
		}
		if len(shape) > 0 && !ir.SameShape(shape, given) {
			c.errorf("NDE0362", size.At(), "the parameters of the distribution have shape %s, and %s numbers are to be drawn", ShapeString(shape), ShapeString(given))
			return invalid(at)
		}
		shape = given
	}
	if !c.fits(shape, at) {
		return invalid(at)
	}
	c.draws[e.owner]++
	standard := &Draw{Node: Node{T: Tensor(Real, shape...), At: at}, Uniform: d.name != "normal",
		Place: e.owner + ".draw" + strconv.Itoa(c.draws[e.owner])}
	num := func(v float64) Expr { return number(v, Real, at) }
	scaled := func(scale, z Expr) Expr {
		if l := literal(scale); l != nil && l.Num == 1 {
			return z
		}
		return c.binary("*", scale, z, at)
	}
	shifted := func(shift, z Expr) Expr {
		if l := literal(shift); l != nil && l.Num == 0 {
			return z
		}
		return c.binary("+", shift, z, at)
	}
	switch d.name {
	case "normal":
		return shifted(d.args[0], scaled(d.args[1], standard))
	case "uniform":
		return shifted(d.args[0], scaled(c.binary("-", d.args[1], d.args[0], at), standard))
	case "laplace": // the inverse of the distribution function: -sign(v) ln(1 - 2|v|), v = u - 1/2
		v := c.binary("-", standard, num(0.5), at)
		tail := c.op(ir.OpLog1p, ir.Attr{}, at, c.binary("*", num(-2), c.op(ir.OpAbs, ir.Attr{}, at, v), at))
		return shifted(d.args[0], scaled(d.args[1], c.negate(c.binary("*", c.op(ir.OpSign, ir.Attr{}, at, v), tail, at), at)))
	}
	return c.signs(standard, at) // rademacher
}

// drawSize is the [n, …] of a draw.
func (c *checker) drawSize(l *syntax.ListExpr, e *env) ([]int, bool) {
	var shape []int
	for _, x := range l.Elems {
		n, ok := c.sizeOf(x, e)
		if !ok {
			return nil, false
		}
		shape = append(shape, n)
	}
	return shape, true
}

// mapOver is map(f, xs, …): f applied to slices along the leading axis. An argument that has one axis
// more than f wants is cut into slices, one that has what f wants is the same for all of them.
func (c *checker) mapOver(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	var id *syntax.Ident
	if piped == nil && len(x.Args) > 0 && x.Args[0].Key == nil {
		id, _ = x.Args[0].Value.(*syntax.Ident)
	}
	if id == nil || len(x.Args) < 2 {
		c.errorf("NDE0363", at, "map wants the name of a fn or net and what to apply it to: map(f, xs)")
		return invalid(at)
	}
	rest := *x
	rest.Args = x.Args[1:]
	args := c.args(&rest, nil, e, "map")
	if args == nil {
		return invalid(at)
	}
	var d *decl
	prefix := ""
	if l := e.layers[id.Name]; l != nil && l.net != nil && l.ok {
		d, prefix = l.net, e.owner+"."+id.Name
	} else if l == nil {
		d = c.decls[id.Name]
	}
	if d == nil || d.what != "fn" && d.what != "net" {
		remedy := ""
		if t := args[0].Type(); contains(callableNames(), id.Name) && len(t.Shape) == 2 {
			remedy = rowsRemedy(id.Name, t.Shape[1])
		}
		c.errorf("NDE0363", id.At(), "map applies a fn or net of the program, and %s is none%s", id.Name, remedy)
		return invalid(at)
	}
	n := d.node.(*syntax.FuncDecl)
	if want := countNames(n.Params); want != len(args) {
		c.errorf("NDE0303", at, "%s wants %s, got %d", d.name, countText(want, want), len(args))
		return invalid(at)
	}
	ranks := paramRanks(n)
	out := &Map{Node: Node{At: at}, Mapped: make([]bool, len(args))}
	slices := make([]Expr, len(args)) // one of each, for the sizes
	for i, a := range args {
		slices[i] = a
		shape := a.Type().Shape
		if a.Type().Kind != TensorKind || len(shape) != ranks[i]+1 {
			continue
		}
		if out.N != 0 && out.N != shape[0] {
			c.errorf("NDE0364", at, "map over axes of length %d and %d", out.N, shape[0])
			return invalid(at)
		}
		out.N, out.Mapped[i] = shape[0], true
		slices[i] = c.index(a, []Sub{{Index: true}}, at)
	}
	if out.N == 0 {
		c.errorf("NDE0364", at, "map has nothing to go along: no argument has one axis more than %s wants", d.name)
		return invalid(at)
	}
	call, ok := c.callFunc(d, slices, prefix, e, at).(*Call)
	if !ok {
		return invalid(at)
	}
	out.Func = call.Func
	for i, a := range args {
		want := call.Func.Args[i].Type
		if out.Mapped[i] {
			want.Shape = append([]int{out.N}, want.Shape...)
		}
		y, _ := coerce(a, want) // its slice has been coerced
		out.Args = append(out.Args, y)
	}
	out.T = call.T
	out.T.Shape = append([]int{out.N}, call.T.Shape...)
	if !c.fits(out.T.Shape, at) {
		return invalid(at)
	}
	return out
}

// paramRanks are the numbers of axes that a fn or net declares.
func paramRanks(n *syntax.FuncDecl) []int {
	var out []int
	for _, f := range n.Params.Fields {
		for range f.Names {
			rank := 0
			if f.Type != nil {
				rank = len(f.Type.Dims)
			}
			out = append(out, rank)
		}
	}
	return out
}

// anneal is anneal(from:, to:, steps:), a weight that changes with the training step.
func (c *checker) anneal(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if e.where != inRecipe {
		c.errorf("NDE0365", at, "anneal changes with the training step and stands in recipes only; make the weight an input of the model")
		return invalid(at)
	}
	got := map[string]*Lit{}
	keys := []string{"from", "to", "steps"}
	ok := piped == nil
	for _, a := range x.Args {
		if a.Key == nil || !contains(keys, a.Key.Name) || got[a.Key.Name] != nil {
			ok = false
			continue
		}
		v := c.expr(a.Value, e)
		if isInvalid(v) {
			return v
		}
		if got[a.Key.Name] = literal(v); got[a.Key.Name] == nil {
			c.errorf("NDE0309", a.Value.At(), "%s: of anneal must be constant", a.Key.Name)
			return invalid(at)
		}
	}
	if !ok || len(got) != 3 {
		c.errorf("NDE0303", at, "anneal wants from: a, to: b, steps: n")
		return invalid(at)
	}
	n := got["steps"].Num
	if n < 1 || n != math.Trunc(n) {
		c.errorf("NDE0309", at, "steps: of anneal must be a whole number from 1 on")
		return invalid(at)
	}
	return &Anneal{Node: Node{T: Scalar(Real), At: at}, From: number(got["from"].Num, Real, at), To: number(got["to"].Num, Real, at), Steps: n}
}
