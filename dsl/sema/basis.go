package sema

import (
	"math"
	"strings"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
)

const maxBasis = 1024 // functions of a basis

// basis reads basis: kind{…} and at: t of a layer; nil without them.
func (c *checker) basis(row *layer.Row, x *syntax.CallExpr, e *env) (*layer.Basis, bool) {
	var kind, at *syntax.Arg
	for _, a := range x.Args {
		switch {
		case a.Key == nil:
		case a.Key.Name == "basis":
			kind = a
		case a.Key.Name == "at":
			at = a
		}
	}
	switch {
	case kind == nil && at == nil:
		return nil, true
	case kind == nil || at == nil:
		c.errorf("NDE0368", x.At(), "%s takes basis: and at: together: basis: fourier{deg: 5}, at: t", row.Name)
		return nil, false
	}
	lit, _ := kind.Value.(*syntax.LitExpr)
	name := ""
	if lit != nil {
		name = literalName(lit)
	}
	p := &layer.Basis{Row: layer.LookupBasis(name), Kernel: layer.RBFKernels[0], Width: 0.5}
	if p.Row == nil {
		c.errorf("NDE0368", kind.Value.At(), "a basis is written %s with its options: fourier{deg: 5}, steps{n: 4}", orList(layer.BasisNames()))
		return nil, false
	}
	ok := true
	bad := func(el *syntax.Elem, want string) {
		c.errorf("NDE0368", el.At(), "%s takes %s", name, want)
		ok = false
	}
	options := p.Row.Key + ": a whole number from 1 on"
	if name == "rbf" {
		options += ", kernel: " + orList(layer.RBFKernels) + ", width: a positive number"
	}
	for _, el := range lit.Elems {
		key := ""
		if el.Key != nil {
			key = el.Key.Name
		}
		switch {
		case key == p.Row.Key:
			l := literal(c.expr(el.Value, e))
			if l == nil || l.Num < 1 || l.Num > maxBasis || l.Num != math.Trunc(l.Num) {
				bad(el, options)
				continue
			}
			p.Deg = int(l.Num)
		case key == "width" && name == "rbf":
			l := literal(c.expr(el.Value, e))
			if l == nil || !(l.Num > 0) || math.IsInf(l.Num, 0) {
				bad(el, options)
				continue
			}
			p.Width = l.Num
		case key == "kernel" && name == "rbf":
			id, _ := el.Value.(*syntax.Ident)
			if id == nil || !contains(layer.RBFKernels, id.Name) {
				bad(el, options)
				continue
			}
			p.Kernel = id.Name
		default:
			bad(el, options)
		}
	}
	if ok && p.Deg == 0 {
		c.errorf("NDE0368", kind.Value.At(), "%s needs %s", name, strings.SplitN(options, ",", 2)[0])
		return nil, false
	}
	v := c.expr(at.Value, e)
	if isInvalid(v) {
		return nil, false
	}
	t := asReal(v)
	if !t.Type().IsScalar() || t.Type().Elem != Real {
		c.errorf("NDE0368", at.Value.At(), "at: wants a number, most often t, got %s", v.Type())
		return nil, false
	}
	c.basisAt[p] = t
	return p, ok
}
