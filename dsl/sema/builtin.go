package sema

import (
	"fmt"
	"math"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// call is a checked call of a built-in function.
type call struct {
	*checker
	name  string
	at    diag.Span
	args  []Expr          // positional, all valid
	named map[string]Expr // by key, all valid
}

// builtin is a row of the table of functions. min and max count positional arguments (max -1:
// any number).
type builtin struct {
	name     string
	min, max int
	named    []string
	check    func(c *call) Expr
	// real: times and untyped numbers among the arguments become real first.
	real bool
}

// unaryOps are element-wise functions that are one operator of the IR.
var unaryOps = []struct {
	name string
	op   ir.Op
	attr ir.Attr
}{
	{"tanh", ir.OpTanh, ir.Attr{}}, {"relu", ir.OpRelu, ir.Attr{}}, {"softplus", ir.OpSoftplus, ir.Attr{}},
	{"sigmoid", ir.OpSigmoid, ir.Attr{}}, {"silu", ir.OpSilu, ir.Attr{}}, {"gelu", ir.OpGelu, ir.Attr{}},
	{"gelu_tanh", ir.OpGeluTanh, ir.Attr{}}, {"elu", ir.OpElu, ir.Attr{}}, {"selu", ir.OpSelu, ir.Attr{}},
	{"leaky_relu", ir.OpLeakyRelu, ir.Attr{Num: 0.01}}, {"hardtanh", ir.OpHardtanh, ir.Attr{}},
	{"softsign", ir.OpSoftsign, ir.Attr{}}, {"mish", ir.OpMish, ir.Attr{}}, {"snake", ir.OpSnake, ir.Attr{}},
	{"sin", ir.OpSin, ir.Attr{}}, {"cos", ir.OpCos, ir.Attr{}}, {"tan", ir.OpTan, ir.Attr{}},
	{"asin", ir.OpAsin, ir.Attr{}}, {"acos", ir.OpAcos, ir.Attr{}}, {"atan", ir.OpAtan, ir.Attr{}},
	{"sinh", ir.OpSinh, ir.Attr{}}, {"cosh", ir.OpCosh, ir.Attr{}}, {"exp", ir.OpExp, ir.Attr{}},
	{"expm1", ir.OpExpm1, ir.Attr{}}, {"log", ir.OpLog, ir.Attr{}}, {"log1p", ir.OpLog1p, ir.Attr{}},
	{"sqrt", ir.OpSqrt, ir.Attr{}}, {"abs", ir.OpAbs, ir.Attr{}}, {"sign", ir.OpSign, ir.Attr{}},
	{"square", ir.OpSquare, ir.Attr{}}, {"erf", ir.OpErf, ir.Attr{}}, {"floor", ir.OpFloor, ir.Attr{}},
	{"wrap", ir.OpWrap, ir.Attr{}}, {"detach", ir.OpDetach, ir.Attr{}},
}

// plainOps are functions whose arguments are the operands of one operator; the row of the
// operator checks the shapes.
var plainOps = []struct {
	name  string
	op    ir.Op
	arity int
}{
	{"softmax", ir.OpSoftmax, 1}, {"log_softmax", ir.OpLogSoftmax, 1}, {"logsumexp", ir.OpLogSumExp, 1},
	{"argmax", ir.OpArgmax, 1}, {"logdet", ir.OpLogDet, 1}, {"atan2", ir.OpAtan2, 2}, {"mod", ir.OpMod, 2},
	{"dot", ir.OpDot, 2}, {"cross", ir.OpCross, 2}, {"outer", ir.OpOuter, 2}, {"linsolve", ir.OpLinSolve, 2},
	{"sqnorm", ir.OpSqNorm, 1}, {"norm", ir.OpNorm, 1}, {"mse", ir.OpMSE, 2}, {"huber", ir.OpHuber, 2},
	{"l1", ir.OpL1, 2}, {"clamp", ir.OpClamp, 3},
}

// foldOps are functions of one number that are computed here when the number is constant.
var foldOps = map[string]func(float64) float64{
	"sqrt": math.Sqrt, "exp": math.Exp, "log": math.Log, "sin": math.Sin, "cos": math.Cos, "tanh": math.Tanh,
	"abs": math.Abs, "square": func(x float64) float64 { return x * x },
}

// builtins is the table of functions by name; special forms, whose arguments are not plain
// values, are in specials.
var builtins = makeBuiltins()

func makeBuiltins() map[string]*builtin {
	rows := []builtin{
		{name: "min", min: 1, max: 2, named: axisKey, real: true, check: reduceOrBinary(ir.OpReduceMin, ir.OpMin)},
		{name: "max", min: 1, max: 2, named: axisKey, real: true, check: reduceOrBinary(ir.OpReduceMax, ir.OpMax)},
		{name: "sum", min: 1, max: 1, named: axisKey, real: true, check: reduction(ir.OpSum)},
		{name: "mean", min: 1, max: 1, named: axisKey, real: true, check: reduction(ir.OpMean)},
		{name: "cumsum", min: 1, max: 1, named: axisKey, real: true, check: alongAxis(ir.OpCumsum)},
		{name: "reverse", min: 1, max: 1, named: axisKey, check: alongAxis(ir.OpReverse)},
		{name: "concat", min: 1, max: -1, named: axisKey, check: checkConcat},
		{name: "stack", min: 1, max: -1, check: func(c *call) Expr { return c.stack(c.args, c.at) }},
		{name: "flatten", min: 1, max: 1, check: func(c *call) Expr {
			return c.op(ir.OpReshape, ir.Attr{Ints: []int{size(c.args[0].Type())}}, c.at, c.args[0])
		}},
		{name: "reshape", min: 2, max: -1, check: checkReshape},
		{name: "expand", min: 2, max: -1, check: checkExpand},
		{name: "transpose", min: 1, max: 1, check: checkTranspose},
		{name: "scalar", min: 1, max: 1, check: checkScalar},
		{name: "augment", min: 2, max: 2, check: checkAugment},
		{name: "depthcat", min: 2, max: 2, check: checkDepthcat},
		{name: "eye", min: 1, max: 1, check: checkEye},
		{name: "diag", min: 1, max: 1, real: true, check: checkDiag},
		{name: "linspace", min: 3, max: 3, check: checkLinspace},
		{name: "select", min: 3, max: 3, check: checkSelect},
		{name: "real", min: 1, max: 1, check: checkReal},
		{name: "first", min: 1, max: 1, check: checkFirst},
		{name: "onehot", min: 1, max: 1, check: checkOneHot},
		{name: "cross_entropy", min: 2, max: 2, check: classScore(ir.OpCrossEntropy)},
		{name: "accuracy", min: 2, max: 2, check: classScore(ir.OpAccuracy)},
	}
	for _, u := range unaryOps {
		rows = append(rows, builtin{name: u.name, min: 1, max: 1, real: true, check: func(c *call) Expr {
			if l, f := literal(c.args[0]), foldOps[u.name]; l != nil && f != nil {
				return c.withUnit(number(f(l.Num), l.T.Elem, c.at), c.operator(u.op, []quantity{quantityOfLit(l)}, nil, c.at))
			}
			return c.op(u.op, u.attr, c.at, c.args[0])
		}})
	}
	for _, p := range plainOps {
		rows = append(rows, builtin{name: p.name, min: p.arity, max: p.arity, real: true, check: func(c *call) Expr {
			return c.op(p.op, ir.Attr{}, c.at, c.args...)
		}})
	}
	table := make(map[string]*builtin, len(rows))
	for i := range rows {
		table[rows[i].name] = &rows[i]
	}
	return table
}

var axisKey = []string{"axis"}

func size(t Type) int { return t.IR(ir.F32).Len() }

// axis is the value of axis:, def when it is not given; ok is false after a complaint.
func (c *call) axis(rank, def int) (axis int, given, ok bool) {
	x, given := c.named["axis"]
	if !given {
		return def, false, true
	}
	n, ok := c.whole(x, "axis")
	if !ok {
		return 0, true, false
	}
	if n < 0 {
		n += rank
	}
	if n < 0 || n >= rank {
		c.errorf("NDE0325", x.Span(), "%s: axis %v of %s", c.name, int(literal(x).Num), c.args[0].Type())
		return 0, true, false
	}
	return n, true, true
}

// whole is a constant whole number.
func (c *call) whole(x Expr, what string) (int, bool) {
	l := literal(x)
	if l == nil || l.Num != math.Trunc(l.Num) || math.Abs(l.Num) > maxSize {
		c.errorf("NDE0309", x.Span(), "%s: %s must be a constant whole number", c.name, what)
		return 0, false
	}
	return int(l.Num), true
}

func (c *call) fail(code diag.Code, format string, args ...any) Expr {
	c.errorf(code, c.at, "%s: %s", c.name, fmt.Sprintf(format, args...))
	return invalid(c.at)
}

func reduction(op ir.Op) func(*call) Expr {
	return func(c *call) Expr {
		axis, given, ok := c.axis(len(c.args[0].Type().Shape), 0)
		if !ok {
			return invalid(c.at)
		}
		var attr ir.Attr
		if given {
			attr.Ints = []int{axis}
		} else if c.args[0].Type().IsScalar() {
			return c.args[0]
		}
		return c.op(op, attr, c.at, c.args[0])
	}
}

func reduceOrBinary(reduce, binary ir.Op) func(*call) Expr {
	reduction := reduction(reduce)
	return func(c *call) Expr {
		if len(c.args) == 1 {
			return reduction(c)
		}
		if len(c.named) > 0 {
			return c.fail("NDE0307", "axis: is for one argument")
		}
		return c.op(binary, ir.Attr{}, c.at, c.args...)
	}
}

func alongAxis(op ir.Op) func(*call) Expr {
	return func(c *call) Expr {
		if c.args[0].Type().IsScalar() {
			return c.fail("NDE0318", "wants an axis, got %s", c.args[0].Type())
		}
		axis, _, ok := c.axis(len(c.args[0].Type().Shape), 0)
		if !ok {
			return invalid(c.at)
		}
		return c.op(op, ir.Attr{Index: axis}, c.at, c.args[0])
	}
}

func checkConcat(c *call) Expr {
	rank := 1
	for _, a := range c.args {
		rank = max(rank, len(a.Type().Shape))
	}
	axis := 0
	if x, given := c.named["axis"]; given {
		n, ok := c.whole(x, "axis")
		if !ok {
			return invalid(c.at)
		}
		if axis = n; axis < 0 {
			axis += rank
		}
		if axis < 0 || axis >= rank {
			c.errorf("NDE0325", x.Span(), "concat: axis %d of %d", n, rank)
			return invalid(c.at)
		}
	}
	return c.concat(c.args, axis, c.at)
}

// concat joins along an axis; among vectors a scalar counts as one of length 1.
func (c *checker) concat(args []Expr, axis int, at diag.Span) Expr {
	xs, ok := c.sameElems(args, at, "concat")
	if !ok {
		return invalid(at)
	}
	var shape []int
	var out Type // names the axes
	for i, x := range xs {
		t := x.Type()
		if t.IsScalar() {
			xs[i] = c.op(ir.OpReshape, ir.Attr{Ints: []int{1}}, x.Span(), x)
			t = xs[i].Type()
		}
		if shape == nil {
			shape, out = append(shape, t.Shape...), t
			continue
		}
		fits := len(t.Shape) == len(shape)
		for k := 0; fits && k < len(shape); k++ {
			fits = k == axis || shape[k] == t.Shape[k] && dimFits(out.Dim(k), t.Dim(k))
		}
		if !fits {
			c.errorf("NDE0314", at, "concat along axis %d: %s does not fit %s", axis, x.Type(), args[0].Type())
			return invalid(at)
		}
		shape[axis] += t.Shape[axis]
		out = merged(out, t)
	}
	t := xs[0].Type()
	t.Shape = shape
	t = t.named(func(i int) string {
		if i == axis && len(xs) > 1 {
			return ""
		}
		return out.Dim(i)
	})
	if !c.fits(shape, at) {
		return invalid(at)
	}
	return &Concat{Node: Node{T: t, At: at}, Axis: axis, Xs: xs}
}

// sameElems brings values to one element type: that of the first typed one, real if a time is
// among reals.
func (c *checker) sameElems(args []Expr, at diag.Span, what string) ([]Expr, bool) {
	elem, classes := Untyped, 0
	for _, a := range args {
		if !c.wantTensor(a, what, at) {
			return nil, false
		}
		e := a.Type().Elem
		if !e.IsUntyped() && (elem.IsUntyped() || elem == Time && e == Real) {
			elem, classes = e, a.Type().Classes
		}
	}
	if elem.IsUntyped() {
		elem = Real
	}
	out := make([]Expr, len(args))
	for i, a := range args {
		want := a.Type()
		want.Elem, want.Classes = elem, classes
		x, ok := coerce(a, want)
		if !ok {
			c.errorf("NDE0305", at, "%s mixes %s and %s; convert one of them", what, elem, a.Type())
			return nil, false
		}
		out[i] = x
	}
	return out, true
}

// stack is [a, b, …].
func (c *checker) stack(args []Expr, at diag.Span) Expr {
	if isInvalid(args...) {
		return invalid(at)
	}
	if lit := stackLiteral(args, at); lit != nil {
		return lit
	}
	xs, ok := c.sameElems(args, at, "[...]")
	if !ok {
		return invalid(at)
	}
	t := xs[0].Type()
	for _, x := range xs[1:] {
		if ir.SameShape(x.Type().Shape, t.Shape) && !dimsFit(x.Type(), t) {
			c.mix(at, "[...]", t, x.Type())
			return invalid(at)
		}
		if !ir.SameShape(x.Type().Shape, t.Shape) {
			c.errorf("NDE0315", at, "elements of [...] must have one shape, got %s and %s", t, x.Type())
			return invalid(at)
		}
	}
	row := t
	t.Shape = append([]int{len(xs)}, t.Shape...)
	if !c.fits(t.Shape, at) {
		return invalid(at)
	}
	t = t.under("", row)
	return &Stack{Node: Node{T: t, At: at}, Xs: xs}
}

// stackLiteral folds an array of numbers.
func stackLiteral(args []Expr, at diag.Span) Expr {
	var data []float64
	var first Type
	for i, a := range args {
		l, ok := a.(*Lit)
		if !ok {
			return nil
		}
		if i == 0 {
			first = l.T
		}
		if len(l.T.Shape) > 0 && l.Data == nil || !ir.SameShape(l.T.Shape, first.Shape) || l.T.Elem.IsUntyped() != first.Elem.IsUntyped() ||
			!l.T.Elem.IsUntyped() && l.T.Elem != first.Elem {
			return nil
		}
		if l.Data == nil {
			data = append(data, l.Num)
		}
		data = append(data, l.Data...)
	}
	if first.Elem.IsUntyped() {
		first.Elem = Untyped
	}
	first.Shape = append([]int{len(args)}, first.Shape...)
	return &Lit{Node: Node{T: first, At: at}, Data: data}
}

func (c *call) sizes(xs []Expr) ([]int, bool) {
	shape := make([]int, len(xs))
	for i, x := range xs {
		n, ok := c.whole(x, "a size")
		if !ok {
			return nil, false
		}
		if n < 1 {
			c.errorf("NDE0310", x.Span(), "a size must be positive, got %d", n)
			return nil, false
		}
		shape[i] = n
	}
	return shape, true
}

func checkReshape(c *call) Expr {
	shape, ok := c.sizes(c.args[1:])
	if !ok {
		return invalid(c.at)
	}
	t := c.args[0].Type()
	if want := size(Tensor(Real, shape...)); want != size(t) {
		return c.fail("NDE0319", "%s has %d elements, %s has %d", t, size(t), ShapeString(shape), want)
	}
	return withDims(c.op(ir.OpReshape, ir.Attr{Ints: shape}, c.at, c.args[0]), c.args[1:])
}

func checkExpand(c *call) Expr {
	shape, ok := c.sizes(c.args[1:])
	if !ok {
		return invalid(c.at)
	}
	t := c.args[0].Type()
	if n := len(shape) - len(t.Shape); n < 0 || !ir.SameShape(shape[n:], t.Shape) {
		remedy := "expand adds leading axes, and transpose(expand(v, n, m)) a trailing one"
		if !slices.Equal(shape[:min(len(shape), len(t.Shape))], t.Shape) {
			whole := ShapeString(slices.Concat(shape, t.Shape))
			remedy = fmt.Sprintf("expand is given the whole shape, the axes that are there included: expand(v, %s)", whole[1:len(whole)-1])
		}
		return c.fail("NDE0319", "%s does not end in the shape of %s; %s", ShapeString(shape), settle(c.args[0]).Type(), remedy)
	}
	return withDims(c.op(ir.OpExpand, ir.Attr{Ints: shape}, c.at, c.args[0]), c.args[1:])
}

func checkTranspose(c *call) Expr {
	var perm []int
	for i := len(c.args[0].Type().Shape) - 1; i >= 0; i-- {
		perm = append(perm, i)
	}
	if len(perm) < 2 {
		return c.fail("NDE0318", "wants a matrix, got %s", c.args[0].Type())
	}
	return c.op(ir.OpTranspose, ir.Attr{Ints: perm}, c.at, c.args[0])
}

func checkScalar(c *call) Expr {
	t := c.args[0].Type()
	if size(t) != 1 {
		return c.fail("NDE0324", "wants one element, got %s", t)
	}
	if t.IsScalar() {
		return c.args[0]
	}
	return c.op(ir.OpReshape, ir.Attr{Ints: []int{}}, c.at, c.args[0])
}

// checkAugment appends n zeros (channels of zeros) along the leading axis.
func checkAugment(c *call) Expr {
	n, ok := c.sizes(c.args[1:])
	if !ok {
		return invalid(c.at)
	}
	t := c.args[0].Type()
	if t.IsScalar() {
		return c.fail("NDE0318", "wants an axis to append to, got %s; write [x]", t)
	}
	t.Shape = append([]int{n[0]}, t.Shape[1:]...)
	if !c.fits(t.Shape, c.at) {
		return invalid(c.at)
	}
	zeros := &Lit{Node: Node{T: t, At: c.at}}
	return c.concat([]Expr{c.args[0], zeros}, 0, c.at)
}

// checkDepthcat appends t as a component, or as a channel filled with it.
func checkDepthcat(c *call) Expr {
	x, t := asReal(c.args[0]), asReal(c.args[1])
	if !t.Type().IsScalar() {
		return c.fail("NDE0324", "wants a scalar to append, got %s", t.Type())
	}
	if l := literal(t); l != nil {
		return c.fail("NDE0324", "appends a number that changes, such as the time, and this one is the constant %v; write concat(x, t), or concat(x, %v) where the constant is meant", l.Num, l.Num)
	}
	shape := x.Type().Shape
	if len(shape) == 0 {
		return c.fail("NDE0318", "wants an axis to append to, got %s; write [x]", x.Type())
	}
	if len(shape) > 1 {
		t = c.op(ir.OpExpand, ir.Attr{Ints: append([]int{1}, shape[1:]...)}, c.at, t)
	}
	return c.concat([]Expr{x, t}, 0, c.at)
}

func checkEye(c *call) Expr {
	n, ok := c.sizes(c.args)
	if !ok {
		return invalid(c.at)
	}
	if n[0] > 1024 {
		return c.fail("NDE0310", "%d is too large for a matrix that is written out", n[0])
	}
	data := make([]float64, n[0]*n[0])
	for i := range n[0] {
		data[i*n[0]+i] = 1
	}
	return &Lit{Node: Node{T: Tensor(Real, n[0], n[0]), At: c.at}, Data: data}
}

// checkDiag makes a diagonal matrix of a vector: eye times the vector repeated.
func checkDiag(c *call) Expr {
	t := c.args[0].Type()
	if len(t.Shape) != 1 {
		return c.fail("NDE0318", "wants a vector, got %s", t)
	}
	n := t.Shape[0]
	eye := &call{checker: c.checker, name: c.name, at: c.at, args: []Expr{number(float64(n), UntypedInt, c.at)}}
	rows := c.op(ir.OpExpand, ir.Attr{Ints: []int{n, n}}, c.at, c.args[0])
	return c.op(ir.OpMul, ir.Attr{}, c.at, checkEye(eye), rows)
}

// checkLinspace is n numbers from a to b; they are times, since that is what they are for.
func checkLinspace(c *call) Expr {
	a, b := literal(c.args[0]), literal(c.args[1])
	n, ok := c.sizes(c.args[2:])
	if !ok {
		return invalid(c.at)
	}
	if a == nil || b == nil {
		return c.fail("NDE0309", "bounds must be constant")
	}
	if n[0] > 1<<20 {
		return c.fail("NDE0310", "%d points are too many", n[0])
	}
	data := make([]float64, n[0])
	for i := range data {
		data[i] = a.Num
		if i > 0 {
			data[i] += (b.Num - a.Num) * float64(i) / float64(n[0]-1)
		}
	}
	return withDims(&Lit{Node: Node{T: Tensor(Time, n[0]), At: c.at}, Data: data}, c.args[2:])
}

func checkSelect(c *call) Expr {
	cond := c.args[0].Type()
	if cond.Elem != Bool {
		return c.fail("NDE0305", "wants a condition first, got %s", cond)
	}
	x, y, ok := c.unify(c.args[1], c.args[2], c.at, "select")
	if !ok {
		return invalid(c.at)
	}
	return c.op(ir.OpSelect, ir.Attr{}, c.at, c.args[0], x, y)
}

func checkReal(c *call) Expr {
	if t := c.args[0].Type(); t.Elem == Label {
		return c.fail("NDE0305", "a label is not a number, got %s; onehot(y) is a vector with 1 at its class", t)
	}
	return convert(c.args[0], Real)
}

func checkOneHot(c *call) Expr {
	t := c.args[0].Type()
	if t.Elem != Label || !t.IsScalar() {
		return c.fail("NDE0337", "wants a label, got %s", t)
	}
	return c.op(ir.OpOneHot, ir.Attr{Index: t.Classes, Elem: c.real}, c.at, c.args[0])
}

func checkFirst(c *call) Expr {
	t := c.args[0].Type()
	if t.IsScalar() {
		return c.fail("NDE0318", "wants an axis, got %s", t)
	}
	return c.index(c.args[0], []Sub{{Index: true}}, c.at)
}

// index is x[subs…]; bounds are checked already.
func (c *checker) index(x Expr, subs []Sub, at diag.Span) Expr {
	t := x.Type()
	shape, names := []int{}, []string{} // a slice has a plain size
	for i, d := range t.Shape {
		switch {
		case i >= len(subs):
			shape, names = append(shape, d), append(names, t.Dim(i))
		case !subs[i].Index:
			shape, names = append(shape, subs[i].Hi-subs[i].Lo), append(names, "")
		}
	}
	t.Shape = shape
	t = t.named(func(i int) string { return names[i] })
	return &Index{Node: Node{T: t, At: at}, X: settle(x), Subs: subs}
}

func classScore(op ir.Op) func(*call) Expr {
	return func(c *call) Expr {
		scores, label := asReal(c.args[0]), c.args[1]
		if label.Type().Elem != Label || !label.Type().IsScalar() {
			return c.fail("NDE0337", "wants a label second, got %s", label.Type())
		}
		t := scores.Type()
		if len(t.Shape) != 1 || !t.Elem.IsFloat() {
			return c.fail("NDE0318", "wants a vector of scores, got %s", t)
		}
		if t.Shape[0] != label.Type().Classes {
			return c.fail("NDE0336", "%d scores for %d classes", t.Shape[0], label.Type().Classes)
		}
		return c.op(op, ir.Attr{}, c.at, scores, label)
	}
}
