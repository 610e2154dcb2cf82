package sema

import (
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// invalid is the expression of something that was complained about already.
func invalid(at diag.Span) Expr { return &Lit{Node: Node{At: at}} }

func isInvalid(xs ...Expr) bool {
	for _, x := range xs {
		if !x.Type().IsValid() {
			return true
		}
	}
	return false
}

func number(x float64, e Elem, at diag.Span) *Lit {
	return &Lit{Node: Node{T: Scalar(e), At: at}, Num: x}
}

// adopt gives an untyped number an element type; other expressions stay.
func adopt(x Expr, e Elem) Expr {
	l, ok := x.(*Lit)
	if !ok || l.T.Kind != TensorKind || !l.T.Elem.IsUntyped() || e.IsUntyped() {
		return x
	}
	c := *l
	c.T.Elem = e
	return &c
}

// settle makes untyped numbers real.
func settle(x Expr) Expr { return adopt(x, Real) }

// asReal makes x real where that is implicit: untyped numbers and times.
func asReal(x Expr) Expr {
	if t := x.Type(); t.Kind == TensorKind && t.Elem == Time {
		return convert(x, Real)
	}
	return settle(x)
}

func convert(x Expr, e Elem) Expr {
	t := x.Type()
	if t.Elem == e {
		return x
	}
	if t.Elem.IsUntyped() {
		return adopt(x, e)
	}
	t.Elem, t.Classes = e, 0
	return &Convert{Node: Node{T: t, At: x.Span()}, X: x}
}

// coerce gives x as a value of type want where the language converts by itself: numbers to any
// numeric type, time to real. ok is false where it does not.
func coerce(x Expr, want Type) (y Expr, ok bool) {
	t := x.Type()
	if t.Kind != TensorKind || want.Kind != TensorKind {
		return x, t.Equal(want)
	}
	if !ir.SameShape(t.Shape, want.Shape) || !dimsFit(t, want) {
		return x, false
	}
	switch {
	case t.Elem == want.Elem:
		return x, t.Classes == want.Classes
	case t.Elem == UntypedInt && (want.Elem.IsFloat() || want.Elem == I32):
		return adopt(x, want.Elem), true
	case t.Elem == Untyped && want.Elem.IsFloat():
		return adopt(x, want.Elem), true
	case t.Elem == Time && want.Elem == Real:
		return convert(x, Real), true
	case t.Elem == Real && want.Elem == Time:
		return convert(x, Time), true // a vet warning under f32
	}
	return x, false
}

// unify brings two operands to one element type.
func (c *checker) unify(x, y Expr, at diag.Span, op string) (Expr, Expr, bool) {
	a, b := x.Type().Elem, y.Type().Elem
	switch {
	case a.IsUntyped() && b.IsUntyped():
		if a != b {
			return adoptUntyped(x), adoptUntyped(y), true
		}
		return x, y, true
	case a.IsUntyped():
		x, _ = coerce2(x, b)
	case b.IsUntyped():
		y, _ = coerce2(y, a)
	case a == Time && b == Real:
		x = convert(x, Real)
	case a == Real && b == Time:
		y = convert(y, Real)
	}
	if x.Type().Elem != y.Type().Elem || x.Type().Classes != y.Type().Classes {
		how := "convert one of them"
		if x.Type().Elem == Label || y.Type().Elem == Label {
			how = "onehot(y) of a label y is a vector with 1 at its class, so that onehot(y)[k] says whether it is class k"
		}
		c.errorf("NDE0305", at, "%s mixes %s and %s; %s", op, x.Type(), y.Type(), how)
		return x, y, false
	}
	return x, y, true
}

func adoptUntyped(x Expr) Expr {
	l := *x.(*Lit)
	l.T.Elem = Untyped
	return &l
}

// coerce2 is coerce to an element type whatever the shape.
func coerce2(x Expr, e Elem) (Expr, bool) {
	t := x.Type()
	t.Elem = e
	return coerce(x, t)
}

// arithOps are the operators on numbers.
var arithOps = map[string]ir.Op{"+": ir.OpAdd, "-": ir.OpSub, "*": ir.OpMul, "/": ir.OpDiv, "^": ir.OpPow}

// compareOps are the comparisons; swap exchanges the operands.
var compareOps = map[string]struct {
	op   ir.Op
	swap bool
}{
	"==": {ir.OpEq, false}, "!=": {ir.OpNe, false}, "<": {ir.OpLt, false}, "<=": {ir.OpLe, false},
	">": {ir.OpLt, true}, ">=": {ir.OpLe, true},
}

var logicOps = map[string]ir.Op{"&&": ir.OpAnd, "||": ir.OpOr}

// binary is x op y.
func (c *checker) binary(op string, x, y Expr, at diag.Span) Expr {
	if isInvalid(x, y) {
		return invalid(at)
	}
	for _, e := range []Expr{x, y} {
		if !c.wantTensor(e, "operand of "+op, at) {
			return invalid(at)
		}
	}
	if op == "@" {
		return c.matrixProduct(x, y, at)
	}
	if o, ok := logicOps[op]; ok {
		if x.Type().Elem != Bool || y.Type().Elem != Bool {
			c.errorf("NDE0305", at, "%s wants conditions, got %s and %s", op, x.Type(), y.Type())
			return invalid(at)
		}
		return c.op(o, ir.Attr{}, at, x, y)
	}
	x, y, ok := c.unify(x, y, at, op)
	if !ok {
		return invalid(at)
	}
	a, b := x.Type(), y.Type()
	if !a.IsScalar() && !b.IsScalar() && !ir.SameShape(a.Shape, b.Shape) {
		c.errorf("NDE0301", at, "%s wants equal shapes or a scalar, got %s and %s", op, a, b)
		return invalid(at)
	}
	if !a.IsScalar() && !b.IsScalar() && !dimsFit(a, b) {
		c.mix(at, op, a, b)
		return invalid(at)
	}
	if cmp, ok := compareOps[op]; ok {
		x, y = settle(x), settle(y)
		if cmp.swap {
			x, y = y, x
		}
		return c.op(cmp.op, ir.Attr{}, at, x, y)
	}
	if a.Elem == Bool || a.Elem == Label {
		c.errorf("NDE0305", at, "%s wants numbers, got %s and %s", op, a, b)
		return invalid(at)
	}
	if l, r := literal(x), literal(y); l != nil && r != nil {
		return c.fold(op, l, r, at)
	}
	if op == "^" {
		return c.power(x, y, at)
	}
	return c.op(arithOps[op], ir.Attr{}, at, x, y)
}

// literal is x when it is one number, nil otherwise.
func literal(x Expr) *Lit {
	if l, ok := x.(*Lit); ok && l.T.IsScalar() && l.Data == nil {
		return l
	}
	return nil
}

func (c *checker) fold(op string, x, y *Lit, at diag.Span) Expr {
	a, b := x.Num, y.Num
	var r float64
	switch op {
	case "+":
		r = a + b
	case "-":
		r = a - b
	case "*":
		r = a * b
	case "/":
		r = a / b
		if x.T.Elem == UntypedInt && b == 0 {
			c.errorf("NDE0311", at, "%v/0 is a division by zero; infinity is inf", a)
			return invalid(at)
		}
		if x.T.Elem == UntypedInt && r != math.Trunc(r) {
			c.errorf("NDE0311", at, "%v/%v is not a whole number; write %v.0/%v for a fraction", a, b, a, b)
			return invalid(at)
		}
	case "^":
		r = math.Pow(a, b)
		if x.T.Elem == UntypedInt && r != math.Trunc(r) {
			return number(r, Untyped, at)
		}
	}
	var exponent *Lit
	if op == "^" {
		exponent = y
	}
	q := c.operator(arithOps[op], []quantity{quantityOfLit(x), quantityOfLit(y)}, exponent, at)
	return c.withUnit(number(r, x.T.Elem, at), q)
}

// mostFactors is the largest whole exponent that becomes products.
const mostFactors = 16

// power turns small whole exponents into products, which have plain derivatives: squares of squares, those of 1/x
// where the exponent is negative, so that none overflows before the result does.
func (c *checker) power(x, y Expr, at diag.Span) Expr {
	n := literal(y)
	switch {
	case n == nil:
	case n.Num == 0.5:
		return c.op(ir.OpSqrt, ir.Attr{}, at, x)
	case n.Num == math.Trunc(n.Num) && n.Num != 0 && math.Abs(n.Num) <= mostFactors:
		if n.Num < 0 {
			x = c.op(ir.OpRecip, ir.Attr{}, at, x)
		}
		return c.product(x, int(math.Abs(n.Num)), at)
	}
	return c.op(ir.OpPow, ir.Attr{}, at, x, y)
}

// product is x^n for n > 0.
func (c *checker) product(x Expr, n int, at diag.Span) Expr {
	switch {
	case n == 1:
		return x
	case n%2 == 1:
		return c.op(ir.OpMul, ir.Attr{}, at, c.product(x, n-1, at), x)
	}
	return c.op(ir.OpSquare, ir.Attr{}, at, c.product(x, n/2, at))
}

func (c *checker) matrixProduct(x, y Expr, at diag.Span) Expr {
	x, y, ok := c.unify(asReal(x), asReal(y), at, "@")
	if !ok {
		return invalid(at)
	}
	a, b := x.Type(), y.Type()
	var op ir.Op
	inner := -1
	switch {
	case len(a.Shape) == 2 && len(b.Shape) == 2:
		op, inner = ir.OpMatMul, a.Shape[1]
	case len(a.Shape) == 2 && len(b.Shape) == 1:
		op, inner = ir.OpMatVec, a.Shape[1]
	case len(a.Shape) == 1 && len(b.Shape) == 2:
		op, inner = ir.OpVecMat, a.Shape[0]
	}
	if inner < 0 || inner != b.Shape[0] {
		c.errorf("NDE0313", at, "@ wants [m, k] @ [k, n], [m, k] @ [k] or [k] @ [k, n], got %s and %s", a, b)
		return invalid(at)
	}
	return c.op(op, ir.Attr{}, at, x, y)
}

// negate is -x.
func (c *checker) negate(x Expr, at diag.Span) Expr {
	if isInvalid(x) || !c.wantNumbers(x, "operand of -", at) {
		return invalid(at)
	}
	if l := literal(x); l != nil {
		return c.withUnit(number(-l.Num, l.T.Elem, at), quantityOfLit(l))
	}
	return c.op(ir.OpNeg, ir.Attr{}, at, x)
}

func (c *checker) not(x Expr, at diag.Span) Expr {
	if isInvalid(x) {
		return x
	}
	if t := x.Type(); t.Kind != TensorKind || t.Elem != Bool {
		c.errorf("NDE0305", at, "! wants a condition, got %s", t)
		return invalid(at)
	}
	return c.op(ir.OpNot, ir.Attr{}, at, x)
}

// op applies an operator of the IR; its row gives the shape.
func (c *checker) op(op ir.Op, attr ir.Attr, at diag.Span, args ...Expr) Expr {
	if isInvalid(args...) {
		return invalid(at)
	}
	elem := Real
	types := make([]ir.Type, len(args))
	args = append([]Expr(nil), args...)
	for i := range args {
		args[i] = settle(args[i])
		if e := args[i].Type().Elem; e.IsFloat() && (i == 0 || elem == Real) {
			elem = e
		}
		types[i] = args[i].Type().IR(c.real)
	}
	t, err := op.Info().Shape(types, &attr)
	if err != nil {
		c.errorf("NDE0301", at, "%s: %s%s", op, inWords(err, types, args), c.byRows(op, types, &attr))
		return invalid(at)
	}
	if !c.fits(t.Shape, at) {
		return invalid(at)
	}
	switch t.Elem {
	case ir.Bool:
		elem = Bool
	case ir.I32:
		elem = I32
	}
	out, ok := c.opDims(op, attr, at, args, Tensor(elem, t.Shape...))
	if !ok {
		return invalid(at)
	}
	return &Op{Node: Node{T: out, At: at}, Op: op, Attr: attr, Args: args}
}

// fits complains about tensors that are too large.
func (c *checker) fits(shape []int, at diag.Span) bool {
	total := 1
	for _, d := range shape {
		if total *= d; total > maxElems {
			c.errorf("NDE0310", at, "a tensor of more than %d elements", maxElems)
			return false
		}
	}
	return true
}

func (c *checker) wantTensor(x Expr, what string, at diag.Span) bool {
	if t := x.Type(); t.Kind != TensorKind {
		c.errorf("NDE0318", at, "%s wants numbers, got a %s", what, t)
		return false
	}
	return true
}

func (c *checker) wantNumbers(x Expr, what string, at diag.Span) bool {
	if !c.wantTensor(x, what, at) {
		return false
	}
	if t := x.Type(); t.Elem == Bool || t.Elem == Label {
		c.errorf("NDE0305", at, "%s wants numbers, got %s", what, t)
		return false
	}
	return true
}

// inWords is what an operator of the IR complains of, with types as a program writes them.
func inWords(err error, types []ir.Type, args []Expr) string {
	var pairs []string
	for i, t := range types {
		pairs = append(pairs, t.String(), args[i].Type().String())
	}
	return strings.NewReplacer(pairs...).Replace(err.Error())
}

// byRows is the way out where an operator of vectors is given a matrix.
func (c *checker) byRows(op ir.Op, types []ir.Type, attr *ir.Attr) string {
	if len(types) != 1 || types[0].Rank() != 2 {
		return ""
	}
	if _, err := op.Info().Shape([]ir.Type{ir.Tensor(types[0].Elem, types[0].Shape[1])}, attr); err != nil {
		return ""
	}
	return rowsRemedy(op.String(), types[0].Shape[1])
}

func rowsRemedy(name string, n int) string {
	return fmt.Sprintf("; for each row of a matrix, declare fn rows(v [%d]real) that returns %s(v), and write map(rows, x)", n, name)
}
