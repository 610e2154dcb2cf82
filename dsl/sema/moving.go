package sema

import (
	"math"
	"strings"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

const maxBasis = 1024 // functions of a basis

// isMoving reports whether a key says how a layer depends on a number.
func isMoving(row *layer.Row, key string) bool {
	return (key == "basis" || key == "time" || key == "at") && row.Has(key)
}

// moving reads basis: kind{…} or time: kind, with at: t, of a layer; nil without them.
func (c *checker) moving(row *layer.Row, x *syntax.CallExpr, e *env) (layer.Moving, bool) {
	given := map[string]*syntax.Arg{}
	for _, a := range x.Args {
		if a.Key != nil && isMoving(row, a.Key.Name) {
			given[a.Key.Name] = a
		}
	}
	basis, time, at := given["basis"], given["time"], given["at"]
	var m layer.Moving
	ok := true
	switch {
	case len(given) == 0:
		return nil, true
	case basis != nil && time != nil:
		c.errorf("NDE0368", time.Value.At(), "%s takes basis: or time:, not both", row.Name)
		return nil, false
	case basis == nil && time == nil, at == nil:
		example := "basis: and at: together: basis: fourier{deg: 5}, at: t"
		if row.Has("time") && basis == nil {
			example = "time: and at: together: time: concatsquash, at: t"
		}
		c.errorf("NDE0368", x.At(), "%s takes %s", row.Name, example)
		return nil, false
	case basis != nil:
		if m, ok = c.basis(basis, e); !ok {
			return nil, false
		}
	default:
		id, _ := time.Value.(*syntax.Ident)
		name := ""
		if id != nil {
			name = id.Name
		}
		k := layer.LookupTime(name)
		if k == nil {
			c.errorf("NDE0368", time.Value.At(), "time: says how a number enters the layer: %s%s", orList(layer.TimeNames()), didYouMean(name, layer.TimeNames()))
			return nil, false
		}
		m = &layer.Timed{Row: k}
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
	c.movesBy[m] = t
	return m, true
}

// basis reads kind{…}.
func (c *checker) basis(kind *syntax.Arg, e *env) (*layer.Basis, bool) {
	lit, _ := kind.Value.(*syntax.LitExpr)
	name := ""
	if lit != nil {
		name = literalName(lit)
	}
	p := &layer.Basis{Row: layer.LookupBasis(name), Kernel: layer.RBFKernels[0], Width: 0.5}
	if meant := hint("basis", name, layer.BasisNames()); p.Row == nil && name != "" && meant != diag.Meant("") {
		c.errorf("NDE0368", lit.Name.At(), "unknown basis %q%s", name, meant)
		return nil, false
	}
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
	return p, ok
}
