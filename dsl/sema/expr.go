package sema

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

var constants = map[string]float64{"pi": math.Pi, "inf": math.Inf(1)}

// maxDepth bounds the nesting of expressions and of calls to size-parametric functions.
const maxDepth = 2000

// operatorText is how an operator is spelled.
func operatorText(t syntax.Token) string { return t.String() }

// expr checks an expression. The result is never nil; it is invalid after a complaint.
func (c *checker) expr(x syntax.Expr, e *env) Expr {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxDepth {
		c.errorf("NDE0206", x.At(), "expression is nested too deeply")
		return invalid(x.At())
	}
	switch x := x.(type) {
	case *syntax.Ident:
		return c.ident(x, e)
	case *syntax.BasicLit:
		return c.basic(x)
	case *syntax.ParenExpr:
		return c.expr(x.X, e)
	case *syntax.UnaryExpr:
		v := c.expr(x.X, e)
		if x.Op == syntax.Not {
			return c.not(v, x.At())
		}
		return c.negate(v, x.At())
	case *syntax.BinaryExpr:
		l, r := c.expr(x.X, e), c.expr(x.Y, e)
		n := len(c.diags)
		v := c.binary(operatorText(x.Op), l, r, x.At())
		if lit, ok := x.X.(*syntax.BasicLit); ok && len(c.diags) > n && c.diags[n].Code == "NDE0311" {
			c.diags[n].Fix = []diag.Edit{{Span: diag.Span{Start: lit.Place.End, End: lit.Place.End}, New: ".0"}}
		}
		return v
	case *syntax.ListExpr:
		if len(x.Elems) == 0 {
			c.errorf("NDE0315", x.At(), "an empty [] has no type")
			return invalid(x.At())
		}
		args := make([]Expr, len(x.Elems))
		for i, el := range x.Elems {
			args[i] = c.expr(el, e)
			if !isInvalid(args[i]) && !c.wantTensor(args[i], "[...]", el.At()) {
				args[i] = invalid(el.At())
			}
		}
		return c.stack(args, x.At())
	case *syntax.IndexExpr:
		return c.subscript(x, e)
	case *syntax.SelectorExpr:
		return c.selector(x, e)
	case *syntax.CallExpr:
		return c.call(x, nil, e, nil, 0)
	case *syntax.PipeExpr:
		return c.pipe(x, e)
	case *syntax.DerExpr:
		return c.derValue(x, e)
	case *syntax.LitExpr:
		c.errorf("NDE0338", x.At(), "a literal %s{...} is not a value here", literalName(x))
	case *syntax.RangeExpr:
		c.errorf("NDE0338", x.At(), "a range a..b is not a value here")
	case *syntax.BoundsExpr:
		c.errorf("NDE0338", x.At(), "comparisons cannot be chained; write lo < x && x < hi")
	case *syntax.TaggedExpr:
		c.errorf("NDE0338", x.At(), "two values without an operator between them")
	}
	return invalid(x.At())
}

func identName(x *syntax.Ident) string {
	if x == nil {
		return "_"
	}
	return x.Name
}

func literalName(x *syntax.LitExpr) string {
	if id, ok := x.Name.(*syntax.Ident); ok {
		return id.Name
	}
	return ""
}

func (c *checker) basic(x *syntax.BasicLit) Expr {
	text := strings.ReplaceAll(x.Text, "_", "")
	switch x.Kind {
	case syntax.IntLit, syntax.FloatLit:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil && math.IsInf(v, 0) {
			c.errorf("NDE0339", x.At(), "%s is too large", x.Text)
			return invalid(x.At())
		}
		if x.Kind == syntax.IntLit {
			return number(v, UntypedInt, x.At())
		}
		return number(v, Untyped, x.At())
	case syntax.BoolLit:
		v := 0.0
		if x.Text == "true" {
			v = 1
		}
		return number(v, Bool, x.At())
	}
	c.errorf("NDE0338", x.At(), "a string is not a value here")
	return invalid(x.At())
}

// subscript is x[i, a:b].
func (c *checker) subscript(x *syntax.IndexExpr, e *env) Expr {
	v := c.expr(x.X, e)
	if isInvalid(v) {
		for _, s := range x.Subs {
			c.bounds(s, math.MaxInt32, e)
		}
		return v
	}
	t := v.Type()
	if t.Kind == TupleKind {
		c.errorf("NDE0308", x.Open, "these are %d values, %s; name them first, _ where one is not wanted: a, _ := ...", len(t.Parts), t)
		return invalid(x.At())
	}
	if t.Kind != TensorKind || len(x.Subs) > len(t.Shape) {
		c.errorf("NDE0318", x.Open, "%s has %d axes, and %d are indexed", t, len(t.Shape), len(x.Subs))
		return invalid(x.At())
	}
	subs := make([]Sub, len(x.Subs))
	ok := true
	for i, s := range x.Subs {
		var fine bool
		subs[i], fine = c.bounds(s, t.Shape[i], e)
		ok = ok && fine
	}
	if !ok {
		return invalid(x.At())
	}
	return c.index(v, subs, x.At())
}

// bounds checks one subscript against the length of its axis.
func (c *checker) bounds(s *syntax.Subscript, n int, e *env) (Sub, bool) {
	get := func(x syntax.Expr, def int) (int, bool) {
		if x == nil {
			return def, true
		}
		v := c.expr(x, e)
		if isInvalid(v) {
			return 0, false
		}
		l := literal(v)
		if l == nil || l.Num != math.Trunc(l.Num) || math.Abs(l.Num) >= maxSize {
			c.errorf("NDE0309", x.At(), "an index must be a constant whole number")
			return 0, false
		}
		return int(l.Num), true
	}
	if !s.Slice {
		i, ok := get(s.Lo, 0)
		if ok && (i < 0 || i >= n) {
			from := ""
			if i < 0 {
				from = fmt.Sprintf("; indices count from 0, so that the last one is %d", n-1)
			}
			c.errorf("NDE0316", s.At(), "index %d out of range for axis of length %d%s", i, n, from)
			return Sub{}, false
		}
		return Sub{Index: true, Lo: i, Hi: i + 1}, ok
	}
	lo, ok1 := get(s.Lo, 0)
	hi, ok2 := get(s.Hi, n)
	if !ok1 || !ok2 {
		return Sub{}, false
	}
	if lo < 0 || hi > n || lo >= hi {
		c.errorf("NDE0317", s.At(), "slice [%d:%d] out of range for axis of length %d", lo, hi, n)
		return Sub{}, false
	}
	return Sub{Lo: lo, Hi: hi}, true
}

// selector is x.name: a field of the result of a solve.
func (c *checker) selector(x *syntax.SelectorExpr, e *env) Expr {
	if id, ok := x.X.(*syntax.Ident); ok && e.vars[id.Name] == nil && c.decls[id.Name] != nil {
		if c.decls[id.Name].what == "data" {
			c.errorf("NDE0221", x.At(), "column %s has a value for each row: name it in a recipe that trains on %s, or give it to the model as an input", x.Name.Name, id.Name)
			return invalid(x.At())
		}
	}
	v := c.expr(x.X, e)
	if isInvalid(v) {
		return v
	}
	if v.Type().Kind != ResultKind {
		remedy := ""
		if x.Name.Name == "T" {
			remedy = "; write transpose(x)"
		}
		c.errorf("NDE0306", x.At(), "%s has no fields%s", v.Type(), remedy)
		return invalid(x.At())
	}
	return c.field(v, x.Name)
}

// pipe is x |> a |> b(c).
func (c *checker) pipe(x *syntax.PipeExpr, e *env) Expr {
	v := c.expr(x.X, e)
	for i, s := range x.Stages {
		switch fn := s.Fn.(type) {
		case *syntax.CallExpr:
			v = c.call(fn, v, e, x, i)
		case *syntax.Ident:
			v = c.apply(&syntax.CallExpr{Range: fn.Range, Fn: fn, Open: fn.At()}, fn, v, e, x, i)
		default:
			c.errorf("NDE0303", s.At(), "|> wants a function or a layer")
			v = invalid(s.At())
		}
		if i == len(x.Stages)-1 && !isInvalid(v) {
			v = at(v, x.At())
		}
	}
	return v
}

// at is x complained about at another place.
func at(x Expr, p diag.Span) Expr {
	switch n := x.(type) {
	case *Op:
		m := *n
		m.At = p
		return &m
	case *Layer:
		m := *n
		m.At = p
		return &m
	case *Call:
		m := *n
		m.At = p
		return &m
	}
	return x
}

// call is f(args); piped, if not nil, is the first argument, which comes from stage i of p.
func (c *checker) call(x *syntax.CallExpr, piped Expr, e *env, p *syntax.PipeExpr, stage int) Expr {
	switch fn := x.Fn.(type) {
	case *syntax.Ident:
		return c.apply(x, fn, piped, e, p, stage)
	case *syntax.CallExpr:
		if id, ok := fn.Fn.(*syntax.Ident); ok && layer.Lookup(id.Name) != nil {
			c.errorf("NDE0209", x.At(), "%s has parameters that need a name here: declare it with layer name = %s(...)", id.Name, id.Name)
			return invalid(x.At())
		} else if ok && c.decls[id.Name] == nil && foreigners[id.Name].advice != "" {
			c.unknownFunction(id.Name, id.At())
			return invalid(x.At())
		}
	case *syntax.SelectorExpr:
		name := fn.Name.Name
		switch f := foreigners[name]; {
		case f.advice != "":
			c.unknownFunction(name, fn.At())
			return invalid(x.At())
		case f.name != "":
			name = f.name
		}
		if contains(callableNames(), name) && e.vars[rootName(fn.X)] != nil {
			c.errorf("NDE0303", fn.At(), "values have no methods: write %s(%s)", name, syntax.ExprString(fn.X))
			return invalid(x.At())
		}
		if contains(callableNames(), name) {
			c.errorf("NDE0303", fn.At(), "functions and layers have no package before their names: write %s; a net is a pipeline: x |> Linear(64) |> tanh |> Linear(2)", name)
			return invalid(x.At())
		}
	}
	c.errorf("NDE0303", x.At(), "only functions, nets, models and layers can be called")
	return invalid(x.At())
}

// apply calls a function by name.
func (c *checker) apply(x *syntax.CallExpr, fn *syntax.Ident, piped Expr, e *env, p *syntax.PipeExpr, stage int) Expr {
	name, at := fn.Name, x.At()
	if l := e.layers[name]; l != nil {
		return c.callNamedLayer(l, x, piped, e)
	}
	if e.vars[name] != nil || e.sizes[name] != 0 {
		hides := ""
		if v := e.vars[name]; v != nil && contains(callableNames(), name) {
			hides = fmt.Sprintf("; the name at %d:%d hides the function %s, so give the value another one", v.Span.Start.Line, v.Span.Start.Col, name)
		}
		c.errorf("NDE0204", fn.At(), "%s is a value, not a function%s", name, hides)
		return invalid(at)
	}
	if d := c.decls[name]; d != nil {
		switch d.what {
		case "fn", "net":
			args := c.args(x, piped, e, name)
			if args == nil {
				return invalid(at)
			}
			return c.callFunc(d, args, "", e, at)
		case "model":
			return c.callModel(d, x, piped, e)
		case "method", "missing":
			return invalid(at)
		}
		c.errorf("NDE0204", fn.At(), "%s is a %s, not a function", name, d.what)
		return invalid(at)
	}
	if row := layer.Lookup(name); row != nil {
		return c.callLayer(row, x, piped, e, p, stage)
	}
	if f := specialForms()[name]; f != nil {
		return f(c, x, piped, e)
	}
	if b := builtins[name]; b != nil {
		return c.callBuiltin(b, x, piped, e)
	}
	c.unknownFunction(name, fn.At())
	return invalid(at)
}

func (c *checker) functionNames() []string {
	names := callableNames()
	for _, n := range sortedKeys(c.decls) {
		if w := c.decls[n].what; w == "fn" || w == "net" || w == "model" {
			names = append(names, n)
		}
	}
	return names
}

// args checks positional arguments; nil after a complaint about one of them.
func (c *checker) args(x *syntax.CallExpr, piped Expr, e *env, name string) []Expr {
	args := []Expr{}
	ok := true
	if piped != nil {
		args = append(args, piped)
		ok = !isInvalid(piped)
	}
	for _, a := range x.Args {
		if a.Key != nil {
			c.errorf("NDE0307", a.Key.At(), "%s has no argument %q", name, a.Key.Name)
			ok = false
		}
		v := c.expr(a.Value, e)
		ok = ok && !isInvalid(v)
		args = append(args, v)
	}
	if !ok {
		return nil
	}
	return args
}

// callBuiltin calls a function of the table.
func (c *checker) callBuiltin(b *builtin, x *syntax.CallExpr, piped Expr, e *env) Expr {
	k := &call{checker: c, name: b.name, at: x.At(), named: map[string]Expr{}}
	ok := true
	add := func(v Expr, at diag.Span) Expr {
		if isInvalid(v) || !c.wantTensor(v, b.name, at) {
			ok = false
			return v
		}
		if b.real && v.Type().Elem == Time {
			v = asReal(v)
		}
		if b.real && (v.Type().Elem == Bool || v.Type().Elem == Label) {
			c.errorf("NDE0305", x.At(), "%s wants numbers, got %s", b.name, v.Type())
			ok = false
		}
		return v
	}
	if piped != nil {
		k.args = append(k.args, add(piped, x.At()))
	}
	for _, a := range x.Args {
		if a.Key == nil {
			k.args = append(k.args, add(c.expr(a.Value, e), a.Value.At()))
			continue
		}
		if !contains(b.named, a.Key.Name) {
			c.errorf("NDE0307", a.Key.At(), "%s has no argument %q%s", b.name, a.Key.Name, didYouMean(a.Key.Name, b.named))
			ok = false
		}
		k.named[a.Key.Name] = add(c.expr(a.Value, e), a.Value.At())
	}
	if n := len(k.args); n < b.min || b.max >= 0 && n > b.max {
		c.errorf("NDE0303", x.At(), "%s wants %s, got %d", b.name, countText(b.min, b.max), n)
		return invalid(x.At())
	}
	if !ok {
		return invalid(x.At())
	}
	if b.real {
		for i := 1; i < len(k.args); i++ {
			// Numbers among typed operands take their type; the rows then compare shapes.
			a, v, fine := c.unify(k.args[0], k.args[i], x.At(), b.name)
			if !fine {
				return invalid(x.At())
			}
			k.args[0], k.args[i] = a, v
		}
	}
	return b.check(k)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func countText(lo, hi int) string {
	plural := func(n int) string {
		if n == 1 {
			return "1 argument"
		}
		return strconv.Itoa(n) + " arguments"
	}
	switch {
	case hi < 0:
		return "at least " + plural(lo)
	case lo == hi:
		return plural(lo)
	case lo == 0:
		return "at most " + plural(hi)
	}
	return strconv.Itoa(lo) + " to " + plural(hi)
}

// rootName is the name that x.y[0].z begins with; "" where it begins with none.
func rootName(x syntax.Expr) string {
	for {
		switch y := x.(type) {
		case *syntax.Ident:
			return y.Name
		case *syntax.SelectorExpr:
			x = y.X
		case *syntax.IndexExpr:
			x = y.X
		default:
			return ""
		}
	}
}
