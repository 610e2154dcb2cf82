package sema

import (
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// sampled is the distribution of a column of a sampler: normal or uniform, with constants.
func (c *checker) sampled(el *syntax.Elem, k *codes, e *env) (ir.Setting, bool) {
	s := ir.Setting{Key: el.Key.Name, Span: el.Key.At()}
	d, _ := c.expr(el.Value, e).(*dist)
	if d == nil || d.name != "normal" && d.name != "uniform" {
		c.errorf(k.badValue, el.Value.At(), "column %s wants a distribution: normal(m, s) or uniform(a, b)", el.Key.Name)
		return s, false
	}
	ch := &ir.Choice{Row: d.name, Span: el.Value.At()}
	for i, a := range d.args {
		l := literal(a)
		if l == nil {
			c.errorf(k.badValue, a.Span(), "the distribution of column %s wants constants", el.Key.Name)
			return s, false
		}
		ch.Options = append(ch.Options, ir.Setting{Key: []string{"a", "b"}[i], Num: l.Num})
	}
	s.Choice = ch
	return s, true
}

// columnSource is col("a", …) or first(col("a", …)): the fields of a file that a column is made of.
func (c *checker) columnSource(v *Var, x syntax.Expr) {
	call, _ := x.(*syntax.CallExpr)
	named := func(name string) bool {
		if call == nil {
			return false
		}
		id, _ := call.Fn.(*syntax.Ident)
		return id != nil && id.Name == name
	}
	if named("first") && len(call.Args) == 1 && call.Args[0].Key == nil {
		v.First = true
		call, _ = call.Args[0].Value.(*syntax.CallExpr)
	}
	if !named("col") || len(call.Args) == 0 {
		c.errorf("NDE0725", x.At(), "a column of a file is col(\"field\", ...), or first(col(\"field\")) for the first row of a window")
		return
	}
	for _, a := range call.Args {
		text, ok := stringLit(a.Value)
		if !ok || a.Key != nil {
			c.errorf("NDE0725", a.Value.At(), "col wants the names of fields as strings: col(\"q1\", \"q2\")")
			return
		}
		v.Fields = append(v.Fields, text)
	}
}

// checkSource compares the columns of a data block with its source.
func (c *checker) checkSource(d *Data, exprs map[*Var]syntax.Expr) {
	if d.Source.Row == "" {
		return // complained about
	}
	window := 0
	if o, ok := d.Source.Option("window"); ok {
		window = int(o.Num)
	}
	for _, v := range d.Columns {
		if !v.Type.IsValid() {
			continue
		}
		x, given := exprs[v]
		var at diag.Span
		if given {
			at = x.At()
		}
		switch {
		case given && d.Source.Row != "csv":
			c.errorf("NDE0725", at, "fields are named for csv files; %s has columns by their names", d.Source.Row)
			continue
		case given:
			c.columnSource(v, x)
		}
		switch {
		case v.First && window == 0:
			c.errorf("NDE0725", at, "first is for windows: give the csv source a window")
			continue
		}
		shape := v.Type.Shape
		if window > 0 && !v.First {
			if len(shape) == 0 || shape[0] != window {
				c.errorf("NDE0726", v.Span, "column %s is %s; with window: %d it begins with an axis of that length, or is first(col(...))", v.Name, v.Type, window)
				continue
			}
			shape = shape[1:]
		}
		if n := size(Tensor(Real, shape...)); given && len(v.Fields) > 0 && n != len(v.Fields) {
			c.errorf("NDE0726", at, "column %s has %d numbers in a row, and %d fields are named", v.Name, n, len(v.Fields))
		}
	}
	if d.Source.Row != "sampler" {
		return
	}
	columns := map[string]bool{"n": true, "seed": true}
	for _, v := range d.Columns {
		columns[v.Name] = true
		if _, ok := d.Source.Option(v.Name); !ok {
			c.errorf("NDE0727", d.Source.Span, "the sampler has no distribution for column %s", v.Name)
		}
	}
	for _, o := range d.Source.Options {
		if !columns[o.Key] {
			c.errorf("NDE0727", o.Span, "data %s has no column %s", d.Name, o.Key)
		}
	}
}
