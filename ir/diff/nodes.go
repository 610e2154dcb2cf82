package diff

import "ndec.dev/ndec/ir"

// expand replaces the derivative nodes of f, inner ones first; defined operators become their
// bodies on the way. The variable of a node is independent: what it was computed from does not
// matter, and everything between it and the expression does.
func (p *pass) expand(f *ir.Func) {
	if p.expanded[f] {
		return
	}
	p.expanded[f] = true
	for has(f, func(info *ir.Info) bool { return info.Define != nil }) {
		ir.Rebuild(f, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
			if define := v.Op.Info().Define; define != nil {
				at := v.Attr
				return define(b, args, &at)
			}
			return nil
		})
	}
	if !has(f, func(info *ir.Info) bool { return info.Class == ir.ClassDeriv }) {
		return
	}
	var d *body
	ir.Rebuild(f, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
		if d == nil {
			d = p.body(b)
		}
		if v.Op.Info().Class != ir.ClassDeriv {
			return nil
		}
		known := len(p.diags)
		r := d.node(v, args)
		if r == nil && v.Op == ir.OpJacOrZero {
			return b.Zeros(v.Type)
		}
		if r == nil && len(p.diags) == known {
			name := args[1].Name
			if name == "" {
				name = "the variable"
			}
			p.fail(identicallyZero, v.Span, "the %s is identically zero: the expression does not depend on %s", verbs[v.Op], name)
		}
		return orZero(b, r, v.Type)
	})
	f.DropDead()
}

func has(f *ir.Func, is func(*ir.Info) bool) bool {
	for _, v := range f.Values {
		if is(v.Op.Info()) {
			return true
		}
	}
	return false
}

// verbs are the names of the derivative nodes in the language.
var verbs = map[ir.Op]string{ir.OpGrad: "grad", ir.OpJac: "jac", ir.OpJacOrZero: "jac", ir.OpDivg: "div", ir.OpHess: "hess",
	ir.OpJVP: "jvp", ir.OpVJP: "vjp", ir.OpPartial: "partial", ir.OpHutchinson: "div", ir.OpHutchPP: "div"}

// node is the replacement of a derivative node, nil if it is identically zero.
func (d *body) node(v *ir.Value, args []*ir.Value) *ir.Value {
	e, x := args[0], args[1]
	d.b.Span = v.Span
	switch v.Op {
	case ir.OpGrad:
		return d.grad(e, x)
	case ir.OpVJP:
		return d.back(e, x, args[2])
	case ir.OpJVP:
		return d.along(e, x, args[2])
	case ir.OpJac, ir.OpJacOrZero:
		return d.jac(e, x, v.Type.Shape)
	case ir.OpDivg:
		if t := d.trace(e, x); t != nil {
			return t
		}
		return d.div(e, x)
	case ir.OpHutchinson:
		return d.hutchinson(e, x, args[2])
	case ir.OpHutchPP:
		return d.hutchPP(e, x, args[2])
	case ir.OpHess:
		return d.hess(e, x)
	case ir.OpPartial:
		return d.explicit(e, x, args[2:])
	}
	panic("ir/diff: no rule for " + v.Op.String())
}

// variable splits x into what a sweep treats as independent: a parameter is read by several
// values, anything else is one value.
func variable(x *ir.Value) (leaves map[*ir.Value]bool, params []*ir.Param) {
	if x.Op == ir.OpParam {
		return nil, []*ir.Param{x.Attr.Param}
	}
	return map[*ir.Value]bool{x: true}, nil
}

// back is the cotangent of x when v has cotangent w.
func (d *body) back(v, x, w *ir.Value) *ir.Value {
	leaves, params := variable(x)
	order := d.b.Func.Values
	r := d.reverse(leaves, params)
	r.seed(v, w)
	r.sweep(order)
	if params != nil {
		return r.sums[params[0]]
	}
	return r.bar[x]
}

// along is the tangent of v when x has tangent dx.
func (d *body) along(v, x, dx *ir.Value) *ir.Value {
	leaves, params := map[*ir.Value]*ir.Value{}, map[*ir.Param]*ir.Value{}
	if x.Op == ir.OpParam {
		params[x.Attr.Param] = dx
	} else {
		leaves[x] = dx
	}
	f := d.forward(leaves, params)
	f.sweep(d.between(x, v))
	return f.dot[v]
}

// between lists the values that depend on x and on which v depends, in order, with x and v: only
// these can carry a tangent from one to the other.
func (d *body) between(x, v *ir.Value) []*ir.Value {
	leaves, params := variable(x)
	set := map[*ir.Param]bool{}
	for _, q := range params {
		set[q] = true
	}
	order := d.b.Func.Values
	on := d.active(order, leaves, set)
	used := map[*ir.Value]bool{v: true}
	for i := len(order) - 1; i >= 0; i-- {
		if used[order[i]] && !leaves[order[i]] {
			for _, a := range order[i].Args {
				used[a] = true
			}
		}
	}
	var path []*ir.Value
	for _, w := range order {
		if on[w] && used[w] {
			path = append(path, w)
		}
	}
	return path
}

// grad is the gradient of the scalar e by x. Several nodes with the same operands share it.
func (d *body) grad(e, x *ir.Value) *ir.Value {
	key := [2]*ir.Value{e, x}
	g, ok := d.grads[key]
	if !ok {
		g = d.back(e, x, d.b.Fill(1, e.Type))
		d.grads[key] = g
	}
	return g
}

// columns are the derivatives of v by each element of x, each of v's type, nil for zero.
func (d *body) columns(v, x *ir.Value) []*ir.Value {
	cols := make([]*ir.Value, x.Type.Len())
	for j := range cols {
		cols[j] = d.along(v, x, d.unit(x.Type, j))
	}
	return cols
}

// rows are the derivatives of each element of v by x, each of x's type, nil for zero.
func (d *body) rows(v, x *ir.Value) []*ir.Value {
	rows := make([]*ir.Value, v.Type.Len())
	for i := range rows {
		rows[i] = d.back(v, x, d.unit(v.Type, i))
	}
	return rows
}

type unitKey struct {
	t string
	i int
}

// unit is 1 at element i and 0 elsewhere.
func (d *body) unit(t ir.Type, i int) *ir.Value {
	key := unitKey{t.String(), i}
	if u := d.units[key]; u != nil {
		return u
	}
	var u *ir.Value
	if n := t.Len(); n == 1 {
		u = d.b.Fill(1, t)
	} else {
		data := make([]float64, n)
		data[i] = 1
		u = d.b.Data(data, t)
	}
	d.units[key] = u
	return u
}

// jac is the Jacobian, by as few sweeps as possible: one per element of v backwards, or of x
// forwards.
func (d *body) jac(v, x *ir.Value, shape []int) *ir.Value {
	nv, nx := v.Type.Len(), x.Type.Len()
	if nv < nx {
		return d.stack(d.rows(v, x), x.Type, shape)
	}
	s := d.stack(d.columns(v, x), v.Type, []int{nx, nv})
	if s == nil {
		return nil
	}
	if nv > 1 && nx > 1 {
		s = d.b.Transpose(s, 1, 0)
	}
	return d.b.Reshape(s, shape...)
}

// hess is forward over reverse: the columns of the Jacobian of the gradient. It is symmetric, so
// that columns may be stacked as rows.
func (d *body) hess(e, x *ir.Value) *ir.Value {
	g := d.grad(e, x)
	if g == nil {
		return nil
	}
	shape := append(append([]int(nil), x.Type.Shape...), x.Type.Shape...)
	if h := d.stack(d.columns(g, x), x.Type, shape); h != nil {
		return h
	}
	return d.b.Zeros(ir.Tensor(e.Type.Elem, shape...)) // e is affine in x
}

// div is the exact trace of the Jacobian, by forward columns.
func (d *body) div(v, x *ir.Value) *ir.Value {
	cols := d.columns(v, x)
	n := v.Type.Len()
	var trace, any *ir.Value
	for i, c := range cols {
		if c == nil {
			continue
		}
		any = c
		e := c
		if n > 1 || !c.Type.IsScalar() {
			e = d.b.At(d.b.Reshape(c, n), i)
		}
		if trace == nil {
			trace = e
		} else {
			trace = d.b.Add(trace, e)
		}
	}
	if any == nil {
		return nil
	}
	return trace
}

// stack puts values of type t (nil for zero) along a new leading axis and gives the result the
// shape; nil if all are zero.
func (d *body) stack(vs []*ir.Value, t ir.Type, shape []int) *ir.Value {
	row := append([]int{1}, t.Shape...)
	rows := make([]*ir.Value, len(vs))
	zero := true
	for i, v := range vs {
		if v != nil {
			zero = false
			rows[i] = d.b.Reshape(v, row...)
		} else {
			rows[i] = d.b.Zeros(ir.Tensor(t.Elem, row...))
		}
	}
	if zero {
		return nil
	}
	return d.b.Reshape(d.b.Concat(0, rows...), shape...)
}

// explicit is the gradient of the scalar e by x with the values of held as constants.
func (d *body) explicit(e, x *ir.Value, held []*ir.Value) *ir.Value {
	leaves, params := variable(x)
	if leaves == nil {
		leaves = map[*ir.Value]bool{}
	}
	for _, h := range held {
		if h != e {
			leaves[h] = true
		}
	}
	order := d.b.Func.Values
	r := d.reverse(leaves, params)
	r.seed(e, d.b.Fill(1, e.Type))
	r.sweep(order)
	if params != nil {
		return r.sums[params[0]]
	}
	return r.bar[x]
}
