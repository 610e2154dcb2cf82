package sema

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// callFunc calls a fn or net; prefix is that of an own copy of a net's weights, or "".
func (c *checker) callFunc(d *decl, args []Expr, prefix string, e *env, at diag.Span) Expr {
	n := d.node.(*syntax.FuncDecl)
	if want := countNames(n.Params); want != len(args) {
		c.errorf("NDE0303", at, "%s wants %s%s, got %d", d.name, countText(want, want), parameterNames(n.Params), len(args))
		return invalid(at)
	}
	sizes, ok := c.inferSizes(n, args, at)
	if !ok {
		return invalid(at)
	}
	f := c.instantiate(d, sizes, prefix, at)
	if f == nil {
		return invalid(at)
	}
	conv := make([]Expr, len(args))
	for i, a := range args {
		x, ok := coerce(a, f.Args[i].Type)
		if !ok {
			if f.Args[i].Type.IsValid() {
				c.unfit("NDE0304", at, fmt.Sprintf("argument %s of %s", f.Args[i].Name, d.name), f.Args[i].Type, a.Type())
			}
			return invalid(at)
		}
		conv[i] = x
	}
	if !f.Type.IsValid() {
		return invalid(at)
	}
	return &Call{Node: Node{T: f.Type, At: at}, Func: f, Args: conv}
}

// parameterNames are the names of parameters as " (t, x)".
func parameterNames(l *syntax.FieldList) string {
	var names []string
	if l != nil {
		for _, f := range l.Fields {
			for _, n := range f.Names {
				names = append(names, n.Name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func countNames(l *syntax.FieldList) int {
	n := 0
	if l != nil {
		for _, f := range l.Fields {
			n += len(f.Names)
		}
	}
	return n
}

// inferSizes finds the size parameters from the shapes of the arguments: a dimension that is
// just the name of a size parameter binds it.
func (c *checker) inferSizes(n *syntax.FuncDecl, args []Expr, at diag.Span) (map[string]int, bool) {
	sizes := map[string]int{}
	if len(n.Dims) == 0 {
		return sizes, true
	}
	isSize := map[string]bool{}
	for _, d := range n.Dims {
		isSize[d.Name] = true
	}
	i := 0
	for _, f := range n.Params.Fields {
		for range f.Names {
			shape := args[i].Type().Shape
			i++
			if f.Type == nil || len(f.Type.Dims) != len(shape) {
				continue // the argument check says so
			}
			for k, d := range f.Type.Dims {
				id, ok := d.(*syntax.Ident)
				if !ok || !isSize[id.Name] {
					continue
				}
				if old, bound := sizes[id.Name]; bound && old != shape[k] {
					c.errorf("NDE0312", at, "size %s of %s is %d and %d", id.Name, n.Name.Name, old, shape[k])
					return nil, false
				}
				sizes[id.Name] = shape[k]
			}
		}
	}
	for _, d := range n.Dims {
		if _, ok := sizes[d.Name]; !ok {
			c.errorf("NDE0312", at, "size %s of %s does not follow from the arguments", d.Name, n.Name.Name)
			return nil, false
		}
	}
	return sizes, true
}

// instantiate checks a fn or net at concrete sizes, once; nil after a complaint.
func (c *checker) instantiate(d *decl, sizes map[string]int, prefix string, at diag.Span) *Func {
	n := d.node.(*syntax.FuncDecl)
	key := prefix
	name := d.name
	if prefix != "" {
		name = strings.ReplaceAll(prefix, ".", "_")
	}
	for _, dim := range n.Dims {
		key += "," + strconv.Itoa(sizes[dim.Name])
		name += "_" + strconv.Itoa(sizes[dim.Name])
	}
	if f, ok := d.instances[key]; ok {
		if f == nil {
			c.errorf("NDE0205", at, "%s %s calls itself", d.what, d.name)
		} else if !f.Type.IsValid() {
			return nil
		}
		return f
	}
	if len(d.instances) >= 1000 {
		c.errorf("NDE0312", at, "%s is used at too many sizes", d.name)
		return nil
	}
	d.instances[key] = nil
	defer c.within(d)()
	owner := d.name
	if prefix != "" {
		owner = prefix
	}
	f := &Func{Name: name, Net: n.Kind == syntax.Net, Doc: n.Doc, Span: n.At()}
	w := inFn
	if f.Net {
		w = inNet
	}
	e := newEnv(w, owner)
	for _, dim := range n.Dims {
		if c.take(e, dim) {
			e.sizes[dim.Name] = sizes[dim.Name]
		}
	}
	f.Args = c.fields(n.Params, e)
	want := c.typeOf(n.Result, e)
	results := c.body(n.Body, e)
	f.Body, f.Params = e.defs, e.params
	d.instances[key] = f
	switch {
	case results == nil && want.IsValid():
		c.errorf("NDE0340", n.At(), "%s %s has no return", d.what, d.name)
		return nil
	case results == nil || !want.IsValid():
		return nil
	case len(results) != 1:
		c.errorf("NDE0308", n.At(), "%s %s returns %d values; only models can return several", d.what, d.name, len(results))
		return nil
	}
	x, ok := c.result(results[0], want)
	if !ok {
		return nil
	}
	if len(f.Params) > 0 && prefix == "" {
		c.checkOneSize(d, f, key, at)
	}
	f.Result, f.Type = x, want
	c.prog.Funcs = append(c.prog.Funcs, f)
	return f
}

// checkOneSize complains about a net whose unnamed weights would have two sizes.
func (c *checker) checkOneSize(d *decl, f *Func, key string, at diag.Span) {
	keys := make([]string, 0, len(d.instances))
	for k := range d.instances {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if g := d.instances[k]; k != key && g != nil && len(g.Params) > 0 && !strings.Contains(k, ".") {
			c.errorf("NDE0213", at, "net %s is used at two sizes and cannot have one set of weights: give each use a name, layer %s1 = %s", d.name, d.name, d.name)
			return
		}
	}
}

// result checks a returned value against the declaration.
func (c *checker) result(x Expr, want Type) (Expr, bool) {
	if isInvalid(x) {
		return x, false
	}
	y, ok := coerce(x, want)
	if !ok && want.IsValid() {
		c.errorf("NDE0302", x.Span(), "returned value has type %s, but the result is declared %s", x.Type(), want)
	}
	return y, ok
}

// fields enters parameters.
func (c *checker) fields(l *syntax.FieldList, e *env) []*Var {
	var vars []*Var
	if l == nil {
		return nil
	}
	for _, f := range l.Fields {
		t := c.typeOf(f.Type, e)
		for _, n := range f.Names {
			vars = append(vars, c.bind(e, n, &Var{Kind: ArgVar, Type: t, Index: len(vars)}))
		}
	}
	return vars
}

// body checks the statements of a fn, net or model and gives the returned values; nil when
// there is no return.
func (c *checker) body(b *syntax.Block, e *env) []Expr {
	var results []Expr
	if b == nil {
		return nil
	}
	for _, s := range b.Stmts {
		if results != nil {
			c.errorf("NDE0340", s.At(), "statement after return")
			break
		}
		switch s := s.(type) {
		case *syntax.DefineStmt:
			c.define(s, e)
		case *syntax.LayerStmt:
			if e.where == inFn {
				c.errorf("NDE0210", s.At(), "a fn cannot own layers; make it a net")
				c.take(e, s.Name)
				continue
			}
			c.layerStmt(s, e)
		case *syntax.ParamStmt:
			c.paramStmt(s, e)
		case *syntax.ReturnStmt:
			if e.where != inFn {
				e.prefix = e.owner
			}
			results = []Expr{}
			for _, v := range s.Values {
				results = append(results, c.expr(v, e))
			}
			e.prefix = ""
		default:
			c.stray(s.At())
		}
	}
	return results
}

// unfit complains about a value of another type. One more leading axis is most often the batch.
func (c *checker) unfit(code diag.Code, at diag.Span, what string, want, got Type) {
	d := diag.Diagnostic{Code: code, Span: at, Text: fmt.Sprintf("%s wants %s, got %s", what, want, got)}
	if n := len(got.Shape); got.Kind == TensorKind && n == len(want.Shape)+1 && ir.SameShape(got.Shape[1:], want.Shape) {
		d.Remedy = "if the first axis is the batch, leave it out: a program describes one sample; map applies a net or fn along an axis"
	}
	c.report(d)
}
