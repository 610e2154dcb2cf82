package sema

import (
	"math"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
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
			c.errorf("NDE0316", s.At(), "index %d out of range for axis of length %d", i, n)
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
			c.limit("data column", x.At())
			return invalid(x.At())
		}
	}
	v := c.expr(x.X, e)
	if isInvalid(v) {
		return v
	}
	if v.Type().Kind != ResultKind {
		c.errorf("NDE0306", x.At(), "%s has no fields", v.Type())
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
		c.errorf("NDE0204", fn.At(), "%s is a value, not a function", name)
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
	if name == "multishoot" && !c.groupsFit(x, e) {
		return invalid(at)
	}
	if lim, ok := limitedFunctions[name]; ok {
		c.limit(lim, at)
		return invalid(at)
	}
	c.unknownFunction(name, fn.At())
	return invalid(at)
}

// groupsFit reports whether the groups of a multiple shooting have equal lengths.
func (c *checker) groupsFit(x *syntax.CallExpr, e *env) bool {
	samples, group := 0, 0
	for _, a := range x.Args {
		if a.Key == nil {
			continue
		}
		switch a.Key.Name {
		case "at":
			if t := c.expr(a.Value, e).Type(); t.Kind == TensorKind && len(t.Shape) == 1 {
				samples = t.Shape[0]
			}
		case "group":
			n, ok := c.sizeOf(a.Value, e)
			if !ok {
				return false
			}
			group = n
		}
	}
	if samples > 0 && group > 0 && samples%group != 0 {
		c.errorf("NDE0529", x.At(), "group %d does not divide %d samples", group, samples)
		return false
	}
	return true
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

// callLayer applies a layer constructor as a stage of a pipeline.
func (c *checker) callLayer(row *layer.Row, x *syntax.CallExpr, piped Expr, e *env, p *syntax.PipeExpr, stage int) Expr {
	opts, ok := c.layerOptions(row, x, e)
	if piped == nil {
		c.errorf("NDE0209", x.At(), "%s is a layer: write x |> %s(...), or declare it with layer name = %s(...)", row.Name, row.Name, row.Name)
		return invalid(x.At())
	}
	if !ok || isInvalid(piped) {
		return invalid(x.At())
	}
	n := len(c.diags)
	inst := c.makeLayer(row, opts, asReal(piped), x.At())
	if inst == nil {
		if p != nil && len(c.diags) > n && strings.HasSuffix(c.diags[n].Text, "; flatten it first") {
			before := p.Stages[stage].Pipe.Start
			c.diags[n].Fix = []diag.Edit{{Span: diag.Span{Start: before, End: before}, New: "|> flatten "}}
		}
		return invalid(x.At())
	}
	var params []*ir.Param
	if len(inst.Params) > 0 {
		prefix, ok := c.claim(p, e, row.Name, x.At())
		if !ok {
			return invalid(x.At())
		}
		params = c.layerParams(inst, stageName(prefix, stage), e, x.At())
	}
	return c.applyLayer(inst, params, asReal(piped), x.At())
}

// layerOptions checks the arguments of a constructor.
func (c *checker) layerOptions(row *layer.Row, x *syntax.CallExpr, e *env) (layer.Options, bool) {
	o := row.Defaults()
	ok := true
	for _, a := range x.Args {
		if a.Key == nil {
			n, fine := c.sizeOf(a.Value, e)
			ok = ok && fine
			o.Sizes = append(o.Sizes, n)
			continue
		}
		if row.Has("basis") && (a.Key.Name == "basis" || a.Key.Name == "at") {
			continue
		}
		ok = c.layerOption(row, a, o, e) && ok
	}
	if row.Has("basis") {
		var fine bool
		o.Basis, fine = c.basis(row, x, e)
		ok = ok && fine
	}
	if n := len(o.Sizes); n < row.Sizes.Min || n > row.Sizes.Max {
		c.errorf("NDE0323", x.At(), "%s wants %s, got %d", row.Name, strings.Replace(countText(row.Sizes.Min, row.Sizes.Max), "argument", "size", 1), n)
		ok = false
	}
	return o, ok
}

func (c *checker) layerOption(row *layer.Row, a *syntax.Arg, o layer.Options, e *env) bool {
	var opt *layer.Option
	var keys []string
	for i := range row.Options {
		keys = append(keys, row.Options[i].Key)
		if row.Options[i].Key == a.Key.Name {
			opt = &row.Options[i]
		}
	}
	if opt == nil {
		c.errorf("NDE0321", a.Key.At(), "%s has no option %q%s", row.Name, a.Key.Name, didYouMean(a.Key.Name, keys))
		return false
	}
	bad := func(want string) bool {
		c.errorf("NDE0322", a.Value.At(), "option %s of %s wants %s", opt.Key, row.Name, want)
		return false
	}
	switch opt.Kind {
	case layer.NameOption:
		id, ok := a.Value.(*syntax.Ident)
		if !ok || !contains(opt.Choices, id.Name) {
			if ok {
				if meant := didYouMean(id.Name, opt.Choices); meant != "" {
					c.errorf("NDE0322", a.Value.At(), "option %s of %s wants one of %s%s", opt.Key, row.Name, strings.Join(opt.Choices, ", "), meant)
					return false
				}
			}
			return bad("one of " + strings.Join(opt.Choices, ", "))
		}
		o.Name[opt.Key] = id.Name
	case layer.BoolOption:
		b, ok := a.Value.(*syntax.BasicLit)
		if !ok || b.Kind != syntax.BoolLit {
			return bad("true or false")
		}
		o.Bool[opt.Key] = b.Text == "true"
	default:
		v := c.expr(a.Value, e)
		if isInvalid(v) {
			return false
		}
		l := literal(v)
		if l == nil || l.Num < opt.Min || l.Num > opt.Max || opt.Kind == layer.IntOption && l.Num != math.Trunc(l.Num) {
			what := "a constant number"
			if opt.Kind == layer.IntOption {
				what = "a constant whole number"
			}
			return bad(what + " from " + strconv.FormatFloat(opt.Min, 'g', -1, 64) + " to " + strconv.FormatFloat(opt.Max, 'g', -1, 64))
		}
		o.Num[opt.Key] = l.Num
	}
	return true
}

// callNamedLayer applies a declared layer; its weights are made at the first use.
func (c *checker) callNamedLayer(l *namedLayer, x *syntax.CallExpr, piped Expr, e *env) Expr {
	args := c.args(x, piped, e, l.stmt.Name.Name)
	if args == nil || !l.ok {
		return invalid(x.At())
	}
	prefix := e.owner + "." + l.stmt.Name.Name
	if l.net != nil {
		return c.callFunc(l.net, args, prefix, e, x.At())
	}
	if len(args) != 1 {
		c.errorf("NDE0303", x.At(), "layer %s wants 1 argument, got %d", l.stmt.Name.Name, len(args))
		return invalid(x.At())
	}
	v := asReal(args[0])
	inst := c.makeLayer(l.row, l.opts, v, x.At())
	if inst == nil {
		return invalid(x.At())
	}
	if l.inst == nil {
		l.inst, l.params = inst, c.layerParams(inst, prefix, e, l.stmt.Name.At())
	} else if !l.inst.In.Equal(inst.In) {
		c.errorf("NDE0304", x.At(), "layer %s was used for %s before, and has weights of that size; declare another layer", l.stmt.Name.Name, l.inst.In)
		return invalid(x.At())
	}
	return c.applyLayer(l.inst, l.params, v, x.At())
}

// layerStmt is `layer name = Linear(3)` or `layer name = net`.
func (c *checker) layerStmt(s *syntax.LayerStmt, e *env) {
	l := &namedLayer{stmt: s}
	if !c.take(e, s.Name) {
		return
	}
	e.layers[s.Name.Name] = l
	call, _ := s.Value.(*syntax.CallExpr)
	var id *syntax.Ident
	if call != nil {
		id, _ = call.Fn.(*syntax.Ident)
	} else {
		id, _ = s.Value.(*syntax.Ident)
		if id != nil {
			call = &syntax.CallExpr{Range: id.Range, Fn: id, Open: id.At()}
		}
	}
	if id == nil {
		c.errorf("NDE0212", s.Value.At(), "layer %s wants a layer or the name of a net", s.Name.Name)
		return
	}
	if d := c.decls[id.Name]; d != nil && d.what == "net" {
		if len(call.Args) > 0 {
			c.errorf("NDE0212", call.At(), "layer %s = %s takes no arguments; it is an own copy of the net", s.Name.Name, id.Name)
			return
		}
		l.net, l.ok = d, true
		return
	}
	l.row = layer.Lookup(id.Name)
	if d := c.decls[id.Name]; d != nil && d.what == "missing" {
		return // said where it was linked
	}
	if l.row == nil {
		c.errorf("NDE0212", id.At(), "unknown layer %q%s", id.Name, didYouMean(id.Name, layer.Names()))
		return
	}
	l.opts, l.ok = c.layerOptions(l.row, call, e)
}
