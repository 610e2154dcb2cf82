package sema

import (
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// special is a function whose arguments are not plain values.
type special func(c *checker, x *syntax.CallExpr, piped Expr, e *env) Expr

// specialForms is the table of special functions.
func specialForms() map[string]special {
	forms := map[string]special{
		"solve":    (*checker).solve,
		"rhs":      (*checker).rhs,
		"initial":  (*checker).initial,
		"avg":      (*checker).avg,
		"l2":       (*checker).l2,
		"log_prob": (*checker).logProb,
		"kl":       (*checker).kl,
		"draw":     (*checker).draw,
		"map":      (*checker).mapOver,
		"anneal":   (*checker).anneal,
		"signal":   (*checker).signal,

		"multishoot": (*checker).multishoot,

		"standardize":   normalisation(standardize),
		"unstandardize": normalisation(unstandardize),
		"logscale":      normalisation(logscale),
		"residual_error": func(c *checker, x *syntax.CallExpr, piped Expr, e *env) Expr {
			return c.hyperError(true, x, piped, e)
		},
		"trajectory_error": func(c *checker, x *syntax.CallExpr, piped Expr, e *env) Expr {
			return c.hyperError(false, x, piped, e)
		},
	}
	for _, f := range derivForms {
		forms[f.name] = func(c *checker, x *syntax.CallExpr, piped Expr, e *env) Expr {
			return c.derivative(f, x, piped, e)
		}
	}
	for name := range distributions {
		forms[name] = (*checker).distribution
	}
	return forms
}

// derivative is grad(E, x) and its relatives.
func (c *checker) derivative(f derivForm, x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	plain := *x
	plain.Args = nil
	var by syntax.Expr // estimator of div
	for _, a := range x.Args {
		if f.op == ir.OpDivg && a.Key != nil && a.Key.Name == "by" && by == nil {
			by = a.Value
			continue
		}
		plain.Args = append(plain.Args, a)
	}
	args := c.args(&plain, piped, e, f.name)
	if args == nil {
		return invalid(at)
	}
	if want := 2 + f.extra; len(args) != want {
		c.errorf("NDE0303", at, "%s wants %s, got %d", f.name, countText(want, want), len(args))
		return invalid(at)
	}
	for _, a := range args {
		if !c.wantNumbers(a, f.name, at) {
			return invalid(at)
		}
	}
	ref, ok := args[1].(*Ref)
	if !ok || ref.Var.Kind == ParamVar {
		c.errorf("NDE0330", at, "%s wants a variable second: a state, context, argument, column or definition", f.name)
		return invalid(at)
	}
	y, v := asReal(args[0]), ref.T
	if v.Elem != Real && v.Elem != Time || y.Type().Elem != Real {
		c.errorf("NDE0332", at, "%s wants reals, got %s and %s", f.name, y.Type(), v)
		return invalid(at)
	}
	if f.scalar && !y.Type().IsScalar() {
		c.errorf("NDE0332", at, "%s wants a scalar first, got %s; use jac for vectors", f.name, y.Type())
		return invalid(at)
	}
	if !dependsOn(y, ref.Var) {
		c.errorf("NDE0331", at, "the %s is identically zero: the expression does not depend on %s", f.name, ref.Var.Name)
		return invalid(at)
	}
	real := v
	real.Elem = Real
	shape := append([]int{}, v.Shape...)
	switch f.op {
	case ir.OpJac:
		shape = append(append([]int{}, y.Type().Shape...), v.Shape...)
	case ir.OpHess:
		shape = append(shape, v.Shape...)
	case ir.OpDivg:
		if !ir.SameShape(y.Type().Shape, v.Shape) {
			c.errorf("NDE0332", at, "div wants equal shapes, got %s and %s", y.Type(), v)
			return invalid(at)
		}
		if by != nil {
			return c.divergence(y, ref, by, e, at)
		}
		shape = nil
	case ir.OpJVP:
		shape = y.Type().Shape
	}
	if !c.fits(shape, at) {
		return invalid(at)
	}
	operands := []Expr{y, ref}
	if f.extra > 0 {
		want := real
		if f.op == ir.OpVJP {
			want = y.Type()
		}
		w, ok := coerce(args[2], want)
		if !ok {
			c.errorf("NDE0332", at, "%s wants a direction of type %s, got %s", f.name, want, args[2].Type())
			return invalid(at)
		}
		operands = append(operands, w)
	}
	if f.op == ir.OpPartial {
		operands = append(operands, heldBy(y, ref.Var)...)
	}
	t := Tensor(Real, shape...)
	switch f.op { // names of axes
	case ir.OpGrad, ir.OpPartial, ir.OpVJP:
		t = merged(t, v)
	case ir.OpJVP:
		t = merged(t, y.Type())
	case ir.OpJac:
		t = t.named(func(i int) string { return chosenDim(i, y.Type(), v) })
	case ir.OpHess:
		t = t.named(func(i int) string { return chosenDim(i, v, v) })
	}
	return &Op{Node: Node{T: t, At: at}, Op: f.op, Args: operands}
}

// heldBy are the definitions that y, or what it is the name of, is written with, but for v itself.
func heldBy(y Expr, v *Var) []Expr {
	var held []Expr
	seen := map[Expr]bool{}
	vars := map[*Var]bool{v: true}
	var visit func(x Expr, top bool)
	visit = func(x Expr, top bool) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		var of Expr // what x is a part of
		switch x := x.(type) {
		case *Field:
			of = x.X
		case *Part:
			of = x.X
		case *Ref:
			if x.Var.Def != nil && !top {
				if !vars[x.Var] && x.T.Kind == TensorKind && x.T.Elem == Real {
					vars[x.Var] = true
					held = append(held, x)
				}
				return
			}
		}
		if isRef(of) {
			if t := x.Type(); t.Kind == TensorKind && t.Elem == Real {
				held = append(held, x)
			}
			return
		}
		top = top && isRef(x)
		for _, z := range children(x) {
			visit(z, top)
		}
	}
	visit(y, true)
	return held
}

func isRef(x Expr) bool { _, ok := x.(*Ref); return ok }

// chosenDim is the name of axis i of shape(a) ++ shape(b).
func chosenDim(i int, a, b Type) string {
	if i < len(a.Shape) {
		return a.Dim(i)
	}
	return b.Dim(i - len(a.Shape))
}

// l2 is the sum of squares of all parameters of a net, system or model.
func (c *checker) l2(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if piped != nil || len(x.Args) != 1 || x.Args[0].Key != nil {
		c.errorf("NDE0303", at, "l2 wants the name of a net, system or model")
		return invalid(at)
	}
	id, ok := x.Args[0].Value.(*syntax.Ident)
	if !ok {
		c.errorf("NDE0303", at, "l2 wants the name of a net, system or model")
		return invalid(at)
	}
	d := c.find(id, "NDE0714", "net", "system", "model")
	if d == nil || !c.touch(d) {
		return invalid(at)
	}
	var sum Expr
	for _, p := range c.paramsOf(d) {
		term := c.op(ir.OpSqNorm, ir.Attr{}, at, &ParamRef{Node: Node{T: Tensor(Real, p.Type.Shape...), At: at}, Param: p})
		if sum == nil {
			sum = term
		} else {
			sum = c.op(ir.OpAdd, ir.Attr{}, at, sum, term)
		}
	}
	if sum == nil {
		c.errorf("NDE0344", at, "%s has no parameters", id.Name)
		return invalid(at)
	}
	return sum
}

// paramsOf are the parameters that a declaration owns.
func (c *checker) paramsOf(d *decl) []*ir.Param {
	switch {
	case d.system != nil:
		return d.system.Params
	case d.model != nil:
		return d.model.Params
	}
	var params []*ir.Param
	for _, k := range sortedKeys(d.instances) {
		if f := d.instances[k]; f != nil {
			params = append(params, f.Params...)
		}
	}
	return params
}

// distributions are the known ones with their number of arguments.
var distributions = map[string]int{"normal": 2, "uniform": 2, "laplace": 2, "rademacher": 0}

// dist is a distribution as a value. It exists during checking only: what uses it becomes
// arithmetic.
type dist struct {
	Node
	name string
	args []Expr
}

func (c *checker) distribution(x *syntax.CallExpr, piped Expr, e *env) Expr {
	name := x.Fn.(*syntax.Ident).Name
	args := c.args(x, piped, e, name)
	if args == nil {
		return invalid(x.At())
	}
	n := distributions[name]
	if len(args) != n {
		c.errorf("NDE0303", x.At(), "%s wants %s, got %d", name, countText(n, n), len(args))
		return invalid(x.At())
	}
	for i := range args {
		if !c.wantNumbers(args[i], name, x.At()) {
			return invalid(x.At())
		}
		args[i] = asReal(args[i])
	}
	if n == 2 {
		a, b := literal(args[0]), literal(args[1])
		switch {
		case name == "uniform" && a != nil && b != nil && !(a.Num < b.Num):
			c.errorf("NDE0370", x.At(), "uniform(%v, %v) has no numbers: the second bound is above the first", a.Num, b.Num)
			return invalid(x.At())
		case name != "uniform" && b != nil && !(b.Num > 0):
			c.errorf("NDE0370", x.At(), "the spread of %s is positive, got %v", name, b.Num)
			return invalid(x.At())
		}
	}
	return &dist{Node: Node{T: Type{Kind: DistKind}, At: x.At()}, name: name, args: args}
}
