package sema

import (
	"fmt"
	"slices"
	"strconv"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/recipe"
)

// columnOf is a key that names a column: what the column is drawn from, or the file that holds it.
func (c *checker) columnOf(r *row, el *syntax.Elem, k *codes, e *env) (ir.Setting, bool) {
	if r.columns == recipe.Sampled {
		return c.sampled(el, k, e)
	}
	s := ir.Setting{Key: el.Key.Name, Span: el.Key.At()}
	text, ok := stringLit(el.Value)
	if !ok {
		c.errorf(k.badValue, el.Value.At(), "column %s of %s wants the path of a file as a string", el.Key.Name, r.name)
	}
	s.Text = text
	return s, ok
}

// sampled is the distribution of a column of a sampler: normal or uniform, with constants.
func (c *checker) sampled(el *syntax.Elem, k *codes, e *env) (ir.Setting, bool) {
	s := ir.Setting{Key: el.Key.Name, Span: el.Key.At()}
	if _, ok := el.Value.(*syntax.LitExpr); ok {
		c.errorf(k.badValue, el.Value.At(), "columns of a sampler stand in its own braces, each with its distribution: sampler{x: normal(0, 1), n: 512}")
		return s, false
	}
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

// present is the call of present(q); nil of something else.
func present(x syntax.Expr) *syntax.CallExpr {
	call, _ := x.(*syntax.CallExpr)
	if call == nil {
		return nil
	}
	if id, _ := call.Fn.(*syntax.Ident); id == nil || id.Name != "present" {
		return nil
	}
	return call
}

// presentColumn is seen [T]bool = present(q): which numbers of another column the file has.
func (c *checker) presentColumn(d *Data, v *Var, call *syntax.CallExpr) {
	if row := recipe.Lookup(recipe.Source, d.Source.Row); !row.Gaps {
		c.errorf("NDE0731", call.At(), "%s has every number of its columns; leave %s out", row.Name, v.Name)
		return
	}
	var of *Var
	if len(call.Args) == 1 && call.Args[0].Key == nil {
		if id, _ := call.Args[0].Value.(*syntax.Ident); id != nil {
			for _, w := range d.Columns {
				if w.Name == id.Name && w != v {
					of = w
				}
			}
		}
	}
	if of == nil {
		c.errorf("NDE0731", call.At(), "present wants another column of data %s: seen [2]bool = present(x)", d.Name)
		return
	}
	for _, w := range d.Columns {
		if w != v && w.Present == of {
			c.errorf("NDE0731", call.At(), "%s says already which numbers of %s are there", w.Name, of.Name)
			return
		}
	}
	switch {
	case !of.Type.IsValid():
	case of.Type.Elem != Real && of.Type.Elem != Label:
		c.errorf("NDE0731", call.At(), "column %s is %s; numbers may be missing in real columns and labels", of.Name, of.Type)
	case v.Type.Elem != Real && v.Type.Elem != Bool || !ir.SameShape(v.Type.Shape, of.Type.Shape):
		want := of.Type
		want.Elem, want.Classes = Bool, 0
		c.errorf("NDE0731", v.Span, "column %s is %s, but what is present of %s is %s, or real with 1 and 0", v.Name, v.Type, of.Name, want)
	default:
		v.Present = of
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
		if call := present(x); call != nil {
			c.presentColumn(d, v, call)
			continue
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
			remedy := ""
			if window == 0 && len(shape) > 0 && n == shape[0]*len(v.Fields) {
				remedy = fmt.Sprintf("; where an axis runs along rows of the file, give the source a window: %d", shape[0])
			}
			c.errorf("NDE0726", at, "column %s has %d numbers in a row, and %d fields are named%s", v.Name, n, len(v.Fields), remedy)
		}
	}
	for _, v := range d.Columns {
		if v.Present != nil {
			v.First = v.Present.First
		}
	}
	row := recipe.Lookup(recipe.Source, d.Source.Row)
	c.namedColumns(d, row)
	c.pointColumns(d, row)
}

// namedColumns: a source whose keys are columns has every one of them, and no other.
func (c *checker) namedColumns(d *Data, row *recipe.Row) {
	if row.Columns == recipe.NoColumns {
		return
	}
	what := map[recipe.Columns]string{recipe.Sampled: "distribution", recipe.Files: "file"}[row.Columns]
	columns := map[string]bool{}
	for _, o := range row.Options {
		columns[o.Key] = true
	}
	for _, v := range d.Columns {
		columns[v.Name] = true
		if row.Columns == recipe.Sampled && v.Type.IsValid() && v.Type.Elem != Real && v.Type.Elem != Time {
			c.errorf("NDE0727", v.Span, "column %s is %s, and a distribution gives reals", v.Name, v.Type)
			continue
		}
		if _, ok := d.Source.Option(v.Name); !ok {
			c.errorf("NDE0727", d.Source.Span, "the %s has no %s for column %s", d.Source.Row, what, v.Name)
		}
	}
	for _, o := range d.Source.Options {
		if !columns[o.Key] {
			c.errorf("NDE0727", o.Span, "data %s has no column %s", d.Name, o.Key)
		}
	}
}

// pointColumns: a source of points has one column of them, and at most one of labels.
func (c *checker) pointColumns(d *Data, row *recipe.Row) {
	if arrays := slices.DeleteFunc(slices.Clone(d.Columns), func(v *Var) bool { return v.Present != nil }); row.Name == "npy" && len(arrays) > 1 {
		c.errorf("NDE0728", arrays[1].Span, "an npy file holds one array, for one column; use npz or safetensors")
		return
	}
	p := row.Points
	if p == nil {
		return
	}
	classes := p.Classes
	if o, ok := d.Source.Option(p.By); ok && p.By != "" {
		classes = int(o.Num)
	}
	numbers := strconv.Itoa(p.Dim)
	if p.Dim < 0 {
		numbers = strconv.Itoa(-p.Dim) + " or more"
	}
	var points, labels *Var
	for _, v := range d.Columns {
		if !v.Type.IsValid() {
			return
		}
		n := size(v.Type)
		switch {
		case v.Type.Elem == Label && labels == nil && v.Type.IsScalar():
			labels = v
			if v.Type.Classes < classes {
				c.errorf("NDE0728", v.Span, "%s gives labels of %d classes, but column %s has %d", row.Name, classes, v.Name, v.Type.Classes)
			}
		case v.Type.Elem == Real && points == nil:
			points = v
			if p.Dim > 0 && n != p.Dim || p.Dim < 0 && n < -p.Dim {
				c.errorf("NDE0728", v.Span, "%s gives points of %s numbers, but column %s has %d", row.Name, numbers, v.Name, n)
			}
		default:
			c.errorf("NDE0728", v.Span, "%s has nothing for column %s: it gives one column of points of %s numbers and one of labels", row.Name, v.Name, numbers)
		}
	}
	if points == nil {
		c.errorf("NDE0728", d.Span, "%s needs a column of points of %s numbers, such as x [%d]real", row.Name, numbers, max(p.Dim, -p.Dim))
	}
}

// streamed: new rows in every epoch are for sources that make them, and for training alone.
func (c *checker) streamed(d *Data) {
	s, ok := ir.FindSetting(d.Settings, "stream")
	if !ok || s.Num == 0 || d.Source.Row == "" {
		return
	}
	switch {
	case !recipe.Lookup(recipe.Source, d.Source.Row).Streams():
		c.errorf("NDE0729", s.Span, "%s reads the rows that there are, so it cannot stream new ones; leave stream: out", d.Source.Row)
	case d.Split != nil:
		c.errorf("NDE0729", s.Span, "data %s streams new rows and cannot be split; give the recipe another data block with val: or test:", d.Name)
	}
}

// splitColumn is the column that split: by_column goes by: one number a row.
func (c *checker) splitColumn(d *Data) {
	if d.Split == nil || d.Split.Row != "by_column" {
		return
	}
	o, ok := d.Split.Option("of")
	if !ok {
		return
	}
	for _, v := range d.Columns {
		if v.Name == o.Text {
			if v.Type.IsValid() && size(v.Type) != 1 {
				c.errorf("NDE0730", o.Span, "column %s has %d numbers a row, and rows are split by one", v.Name, size(v.Type))
			}
			return
		}
	}
	c.errorf("NDE0730", o.Span, "data %s has no column %s to split by", d.Name, o.Text)
}
