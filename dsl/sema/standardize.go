package sema

import (
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// Normalisation is part of a model: mean and deviation of a column over the training rows are
// parameters that are computed where training starts, stored with the weights and never trained.
const (
	standardize   = "standardize"   // (x - m)/s
	unstandardize = "unstandardize" // x s + m
	logscale      = "logscale"      // ln |det| of standardize: -Σ ln s
)

var perChoices = []string{ir.PerElement.String(), ir.PerChannel.String(), ir.PerAll.String()}

func normalisation(name string) special {
	return func(c *checker, x *syntax.CallExpr, piped Expr, e *env) Expr { return c.normalise(name, x, piped, e) }
}

func (c *checker) normalise(name string, x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	usage := "x |> " + name + "(Data.column)"
	if name == logscale {
		usage = "logscale(Data.column)"
	}
	per := ir.PerElement
	var plain []syntax.Expr
	for _, a := range x.Args {
		if a.Key == nil {
			plain = append(plain, a.Value)
			continue
		}
		id, ok := a.Value.(*syntax.Ident)
		if a.Key.Name != "per" || !ok || !contains(perChoices, id.Name) {
			c.errorf("NDE0366", a.Key.At(), "%s takes per: %s besides", name, orList(perChoices))
			return invalid(at)
		}
		for i, n := range perChoices {
			if n == id.Name {
				per = ir.Per(i)
			}
		}
	}
	value := piped
	if name != logscale && piped == nil && len(plain) == 2 {
		value, plain = c.expr(plain[0], e), plain[1:]
	}
	if len(plain) != 1 || (value == nil) != (name == logscale) {
		c.errorf("NDE0366", at, "%s is written %s", name, usage)
		return invalid(at)
	}
	d, col := c.column(plain[0])
	if col == nil {
		c.errorf("NDE0366", plain[0].At(), "%s wants a column of a data block: %s", name, usage)
		return invalid(at)
	}
	if !col.Type.IsValid() || value != nil && isInvalid(value) {
		return invalid(at)
	}
	if col.Type.Elem != Real {
		c.errorf("NDE0366", plain[0].At(), "%s wants a column of reals, and %s is %s", name, col.Name, col.Type)
		return invalid(at)
	}
	shape := statisticShape(col.Type.Shape, per)
	param := func(deviation bool) Expr {
		p := d.data.statistic(col, per, deviation, shape, c.real)
		return &ParamRef{Node: Node{T: Tensor(Real, shape...), At: at}, Param: p}
	}
	if name == logscale {
		each := c.op(ir.OpLog, ir.Attr{}, at, param(true))
		sum := c.negate(c.total(each, at), at)
		if n := size(col.Type) / size(Tensor(Real, shape...)); n > 1 {
			sum = c.binary("*", number(float64(n), Real, at), sum, at)
		}
		return sum
	}
	v := asReal(value)
	if v.Type().Kind != TensorKind || v.Type().Elem != Real {
		c.errorf("NDE0366", at, "%s wants reals, got %s", name, v.Type())
		return invalid(at)
	}
	along := func(p Expr) Expr { return c.alongChannels(p, v.Type().Shape) }
	m, s := along(param(false)), along(param(true))
	if m == nil {
		c.errorf("NDE0367", at, "column %s is %s, which does not fit %s per %s", col.Name, col.Type, v.Type(), per)
		return invalid(at)
	}
	if name == standardize {
		return c.binary("/", c.binary("-", v, m, at), s, at)
	}
	return c.binary("+", c.binary("*", v, s, at), m, at)
}

// column is Data.name.
func (c *checker) column(x syntax.Expr) (*decl, *Var) {
	sel, ok := x.(*syntax.SelectorExpr)
	if !ok {
		return nil, nil
	}
	id, ok := sel.X.(*syntax.Ident)
	if !ok {
		return nil, nil
	}
	d := c.decls[id.Name]
	if d == nil || d.what != "data" {
		return nil, nil
	}
	if c.touch(d); d.data == nil {
		return nil, nil
	}
	for _, v := range d.data.Columns {
		if v.Name == sel.Name.Name {
			return d, v
		}
	}
	return nil, nil
}

// channelAxis is the axis of channels: the leading one of images and volumes, else the last one.
func channelAxis(shape []int) int {
	if len(shape) >= 3 {
		return 0
	}
	return len(shape) - 1
}

func statisticShape(shape []int, per ir.Per) []int {
	switch {
	case per == ir.PerAll || len(shape) == 0:
		return nil
	case per == ir.PerChannel:
		return []int{shape[channelAxis(shape)]}
	}
	return shape
}

// alongChannels repeats a statistic over a value of the shape; nil if it does not fit.
func (c *checker) alongChannels(p Expr, shape []int) Expr {
	own := p.Type().Shape
	switch axis := channelAxis(shape); {
	case len(own) == 0 || ir.SameShape(own, shape):
		return p
	case len(own) != 1 || len(shape) == 0 || shape[axis] != own[0]:
		return nil
	case axis > 0:
		return c.op(ir.OpExpand, ir.Attr{Ints: shape}, p.Span(), p)
	}
	// Expand adds leading axes, so the channels are moved to the front afterwards.
	last := append(append([]int{}, shape[1:]...), shape[0])
	perm := []int{len(shape) - 1}
	for i := range shape[1:] {
		perm = append(perm, i)
	}
	return c.op(ir.OpTranspose, ir.Attr{Ints: perm}, p.Span(), c.op(ir.OpExpand, ir.Attr{Ints: last}, p.Span(), p))
}

// statistic is the parameter of a statistic, made when it is first used: Points.x.mean,
// Points.x.channel.std.
func (d *Data) statistic(col *Var, per ir.Per, deviation bool, shape []int, real ir.Elem) *ir.Param {
	parts := []string{d.Name, col.Name, "mean"}
	if deviation {
		parts[2] = "std"
	}
	if per != ir.PerElement {
		parts = []string{parts[0], parts[1], per.String(), parts[2]}
	}
	name := strings.Join(parts, ".")
	for _, p := range d.Params {
		if p.Name == name {
			return p
		}
	}
	p := &ir.Param{Name: name, Type: ir.Tensor(real, shape...), Net: d.Name, Span: col.Span,
		Of: &ir.Statistic{Data: d.Name, Column: col.Name, Deviation: deviation, Per: per}}
	if deviation {
		p.Init = ir.Init{Kind: ir.InitConst, A: 1}
	}
	d.Params = append(d.Params, p)
	return p
}
