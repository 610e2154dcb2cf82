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
			if _, list := a.Value.(*syntax.ListExpr); list && row.Sizes.Max > 1 {
				c.errorf("NDE0323", a.Value.At(), "the sizes of %s stand one after the other, without brackets: %s(64, 64, 2)", row.Name, row.Name)
				ok = false
				continue
			}
			n, fine := c.sizeOf(a.Value, e)
			ok = ok && fine
			o.Sizes = append(o.Sizes, n)
			continue
		}
		if isMoving(row, a.Key.Name) {
			continue
		}
		ok = c.layerOption(row, a, o, e) && ok
	}
	moving, fine := c.moving(row, x, e)
	o.Moving, ok = moving, ok && fine
	if n := len(o.Sizes); n < row.Sizes.Min || n > row.Sizes.Max {
		inferred := ""
		switch {
		case n <= row.Sizes.Max || !row.Has("bias"):
		case row.Has("kernel"):
			inferred = "; the channels of what goes in are inferred: write " + row.Name + "(n, kernel: k)"
		case n == 2 && o.Sizes[1] > 0:
			inferred = "; the size of what goes in is inferred: write " + row.Name + "(" + strconv.Itoa(o.Sizes[1]) + ")"
		}
		c.errorf("NDE0323", x.At(), "%s wants %s, got %d%s", row.Name, strings.Replace(countText(row.Sizes.Min, row.Sizes.Max), "argument", "size", 1), n, inferred)
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
		c.errorf("NDE0321", a.Key.At(), "%s has no option %q%s", row.Name, a.Key.Name, nearOrAll("layer option", a.Key.Name, keys))
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
