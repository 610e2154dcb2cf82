package sema

import (
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Dim is a nominal size: `dim Time = 50`. Two axes of different dims do not mix even when their sizes are
// equal; a size without a dim fits any dim of that size. Names live in types only, and the IR knows
// nothing of them.
type Dim struct {
	Name string
	Size int
}

// Dim is the name of axis i, "" for a plain size. A list that does not belong to the shape, as a
// type has one whose shape was changed, means plain sizes.
func (t Type) Dim(i int) string {
	if len(t.Dims) != len(t.Shape) || t.Dims[i].Size != t.Shape[i] {
		return ""
	}
	return t.Dims[i].Name
}

// named is t with names for its axes.
func (t Type) named(name func(axis int) string) Type {
	t.Dims = nil
	dims := make([]Dim, len(t.Shape))
	any := false
	for i := range t.Shape {
		dims[i] = Dim{name(i), t.Shape[i]}
		any = any || dims[i].Name != ""
	}
	if any {
		t.Dims = dims
	}
	return t
}

// dimsFit reports whether types of one shape have no axis with two names.
func dimsFit(a, b Type) bool {
	for i := range a.Shape {
		if i < len(b.Shape) && !dimFits(a.Dim(i), b.Dim(i)) {
			return false
		}
	}
	return true
}

func dimFits(a, b string) bool { return a == "" || b == "" || a == b }

// merged is t with the names of both where one has none.
func merged(t Type, others ...Type) Type {
	return t.named(func(i int) string {
		for _, o := range append([]Type{t}, others...) {
			if len(o.Shape) == len(t.Shape) && o.Dim(i) != "" {
				return o.Dim(i)
			}
		}
		return ""
	})
}

// under is t, a type of one more leading axis than row, with the name of that axis and those of row.
func (t Type) under(lead string, row Type) Type {
	return t.named(func(i int) string {
		if i == 0 {
			return lead
		}
		return row.Dim(i - 1)
	})
}

// withDims names the axes of x by the sizes that it was made with; a plain size keeps what is there.
func withDims(x Expr, sizes []Expr) Expr {
	t := x.Type()
	if len(sizes) != len(t.Shape) {
		return x
	}
	t = t.named(func(i int) string {
		if d := dimOf(sizes[i]); d != "" {
			return d
		}
		return x.Type().Dim(i)
	})
	switch y := x.(type) {
	case *Op:
		y.T = t
	case *Lit:
		y.T = t
	}
	return x
}

// shape is the sizes of t as a program writes them, dims by name.
func (t Type) shape() string {
	parts := make([]string, len(t.Shape))
	for i, n := range t.Shape {
		if parts[i] = t.Dim(i); parts[i] == "" {
			parts[i] = strconv.Itoa(n)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// checkDim is `dim D = size`.
func (c *checker) checkDim(d *decl, n *syntax.DimDecl) {
	e := &env{where: inConst}
	size, ok := 0, false
	if text, set := c.opts.Set[d.name]; set {
		c.setUsed[d.name] = true
		if l := literal(c.setNumber(d.name, text, n.At())); l != nil && l.T.IsValid() {
			size, ok = c.wholeSize(l.Num, n.At())
		}
	} else {
		size, ok = c.sizeOf(n.Value, e)
	}
	if !ok {
		d.bad = true
		return
	}
	d.value = number(float64(size), UntypedInt, n.At())
	d.value.(*Lit).dim = d.name
	c.prog.Consts = append(c.prog.Consts, &Const{Name: d.name, Value: float64(size), Span: n.At(), Doc: n.Doc})
}

// dimOf is the dim that a size was written by, "" for others.
func dimOf(x Expr) string {
	if l, ok := x.(*Lit); ok {
		return l.dim
	}
	return ""
}

// mix complains about two axes that are different dims.
func (c *checker) mix(at diag.Span, what string, a, b Type) {
	for i := range a.Shape {
		if i < len(b.Shape) && !dimFits(a.Dim(i), b.Dim(i)) {
			c.mixed(at, what, a.Dim(i), b.Dim(i))
			return
		}
	}
}

func (c *checker) mixed(at diag.Span, what, a, b string) {
	c.errorf("NDE0345", at, "%s mixes the dims %s and %s; a slice x[:] has a plain size, which fits any dim of that length", what, a, b)
}

// opDims checks the dims of the operands of an operator and names the axes of its result t.
func (c *checker) opDims(op ir.Op, attr ir.Attr, at diag.Span, args []Expr, t Type) (Type, bool) {
	in := func(k int) Type { return args[k].Type() }
	meet := func(a, b string) bool {
		if !dimFits(a, b) {
			c.mixed(at, op.String(), a, b)
			return false
		}
		return true
	}
	axes := func(names ...string) Type { return t.named(func(i int) string { return names[i] }) }
	none := true
	for _, a := range args {
		none = none && a.Type().Dims == nil
	}
	if none {
		return t, true
	}
	switch op {
	case ir.OpTranspose:
		return t.named(func(i int) string { return in(0).Dim(attr.Ints[i]) }), true
	case ir.OpMatVec:
		return axes(in(0).Dim(0)), meet(in(0).Dim(1), in(1).Dim(0))
	case ir.OpVecMat:
		return axes(in(1).Dim(1)), meet(in(0).Dim(0), in(1).Dim(0))
	case ir.OpMatMul:
		return axes(in(0).Dim(0), in(1).Dim(1)), meet(in(0).Dim(1), in(1).Dim(0))
	case ir.OpOuter:
		return axes(in(0).Dim(0), in(1).Dim(0)), true
	case ir.OpLinSolve:
		return axes(in(0).Dim(1)), meet(in(0).Dim(0), in(1).Dim(0))
	case ir.OpExpand:
		lead := len(t.Shape) - len(in(0).Shape)
		return t.named(func(i int) string {
			if i < lead {
				return ""
			}
			return in(0).Dim(i - lead)
		}), true
	case ir.OpSum, ir.OpReduceMax, ir.OpReduceMin, ir.OpMean:
		var left []string
		for i := range in(0).Shape {
			gone := len(attr.Ints) == 0
			for _, a := range attr.Ints {
				gone = gone || a == i
			}
			if !gone {
				left = append(left, in(0).Dim(i))
			}
		}
		if len(left) != len(t.Shape) {
			return t, true
		}
		return axes(left...), true
	}
	info := op.Info()
	if info.Class != ir.ClassElem && info.Class != ir.ClassDefined && op != ir.OpCumsum && op != ir.OpReverse {
		return t, true
	}
	// Operands of one rank meet axis by axis, and the result keeps the names if it has their shape.
	var first Type
	var same []Type
	for _, a := range args {
		at2 := a.Type()
		if at2.IsScalar() {
			continue
		}
		if first.IsValid() && len(first.Shape) == len(at2.Shape) && !dimsFit(first, at2) {
			c.mix(at, op.String(), first, at2)
			return t, false
		}
		if !first.IsValid() {
			first = at2
		}
		if ir.SameShape(at2.Shape, t.Shape) {
			same = append(same, at2)
		}
	}
	return merged(t, same...), true
}
