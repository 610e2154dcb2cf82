package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// The trace of the Jacobian of layers, without its columns. Between products with matrices W stand element-wise functions, whose
// derivatives are diagonal matrices D, so that the Jacobian is a sum of chains such as W3 D2 W2 D1 W1, and
//
//	tr W2 D1 W1       = Σ_k d1_k q_k,           q_k  = Σ_i (W2)_ik (W1)_ki
//	tr W3 D2 W2 D1 W1 = Σ_jk d2_j M_jk d1_k,    M_jk = (W2)_jk Σ_i (W3)_ij (W1)_ki
//
// q and M follow from parameters alone: they are made once whenever these have changed (derived.go), and the trace of two hidden
// layers costs one product with a matrix of the size of W2 whatever the dimension, where its columns take one each.

// chain is a Jacobian by the variable: what its elements are scaled by first (nil: nothing), then layers. Before the first layer
// they stand from place at on in a vector of length of.
type chain struct {
	lead   *ir.Value
	at, of int
	layers []link
}

// link is a matrix that follows from parameters alone, and what its results are scaled by: a vector, a scalar, or nil.
type link struct{ w, d *ir.Value }

// maxChains bounds the terms of a Jacobian, maxLinks the matrices of one: a trace of longer chains takes as many products as columns.
const (
	maxChains = 4
	maxLinks  = 3
)

// trace is the trace of the Jacobian of v by x from its chains; nil where there is no rule for them, or columns take no more.
func (d *body) trace(v, x *ir.Value) *ir.Value {
	n := x.Type.Len()
	if !d.deriving || x.Op == ir.OpParam || x.Type.Rank() != 1 || v.Type.Rank() != 1 {
		return nil
	}
	span, real := d.b.Span, d.b.Real
	defer func() { d.b.Span, d.b.Real = span, real }()
	known := map[*ir.Value][]chain{}
	for _, w := range d.between(x, v) {
		if w == x {
			known[w] = []chain{{of: n}}
			continue
		}
		d.begin(w)
		cs, ok := d.chains(w, known, n)
		if !ok || len(cs) > maxChains || slices.ContainsFunc(cs, func(c chain) bool { return len(c.layers) > maxLinks }) {
			return nil
		}
		known[w] = cs
	}
	cs := known[v]
	if !slices.ContainsFunc(cs, func(c chain) bool { return len(c.layers) > 0 }) || slices.ContainsFunc(cs, func(c chain) bool { return !c.closes(n) }) {
		return nil
	}
	d.b.Span, d.b.Real = span, v.Type.Elem
	var sum *ir.Value
	for _, c := range cs {
		sum = d.plus(sum, d.close(c, n))
	}
	return sum
}

// chains is the Jacobian of w by n elements, from those of its operands; false where there is no rule.
func (d *body) chains(w *ir.Value, known map[*ir.Value][]chain, n int) ([]chain, bool) {
	b, info := d.b, w.Op.Info()
	switch {
	case w.Op == ir.OpMatVec || w.Op == ir.OpVecMat:
		m, x := w.Args[0], w.Args[1]
		if w.Op == ir.OpVecMat {
			m, x = x, m
		}
		if !fromParams(m, map[*ir.Value]bool{}) {
			return nil, false
		}
		if w.Op == ir.OpVecMat {
			m = b.Transpose(m)
		}
		return each(known[x], func(c chain) chain {
			m := m
			if len(c.layers) == 0 && c.of != n {
				m = b.Slice(m, 0, m.Type.Shape[0], c.at, c.at+n)
			}
			return chain{lead: c.lead, layers: append(slices.Clone(c.layers), link{w: m})}
		}), true
	case w.Op == ir.OpReshape && ir.SameShape(w.Type.Shape, w.Args[0].Type.Shape):
		return known[w.Args[0]], true
	case w.Op == ir.OpConcat && w.Type.Rank() == 1:
		var all []chain
		at, total := 0, w.Type.Len()
		for _, a := range w.Args {
			all = append(all, each(known[a], func(c chain) chain { return d.padded(c, at, total) })...)
			at += a.Type.Len()
		}
		return all, true
	case w.Op == ir.OpSlice && w.Type.Rank() == 1:
		lo, hi := w.Attr.Ints[0], w.Attr.Ints[1]
		cs := known[w.Args[0]]
		if slices.ContainsFunc(cs, func(c chain) bool { return len(c.layers) == 0 }) {
			return nil, false
		}
		return each(cs, func(c chain) chain {
			return c.ending(func(l link) link {
				if l.w = b.Slice(l.w, lo, hi, 0, l.w.Type.Shape[1]); uneven(l.d) {
					l.d = b.Slice(l.d, lo, hi)
				}
				return l
			})
		}), true
	case info.Class == ir.ClassElem && info.Partial != nil:
		var all []chain
		for i, a := range w.Args {
			cs := known[a]
			if len(cs) == 0 {
				continue
			}
			if !ir.SameShape(a.Type.Shape, w.Type.Shape) || !a.Type.Equal(w.Type) {
				return nil, false
			}
			p := d.partial(w, i)
			if p == nil || p.IsConst(0) {
				continue
			}
			all = append(all, each(cs, func(c chain) chain { return d.scaled(c, p, n) })...)
		}
		return all, true
	}
	return nil, false
}

func each(cs []chain, f func(chain) chain) []chain {
	out := make([]chain, len(cs))
	for i, c := range cs {
		out[i] = f(c)
	}
	return out
}

// ending is c with another last link.
func (c chain) ending(f func(link) link) chain {
	c.layers = slices.Clone(c.layers)
	last := len(c.layers) - 1
	c.layers[last] = f(c.layers[last])
	return c
}

// padded is c within a vector of length total, from place at on.
func (d *body) padded(c chain, at, total int) chain {
	if len(c.layers) == 0 {
		c.at, c.of = c.at+at, total
		return c
	}
	return c.ending(func(l link) link {
		after := total - at - l.w.Type.Shape[0]
		if l.w = d.b.Emit(ir.OpPad, ir.Attr{Ints: []int{at, after, 0, 0}}, l.w); uneven(l.d) {
			l.d = d.b.Emit(ir.OpPad, ir.Attr{Ints: []int{at, after}}, l.d)
		}
		return l
	})
}

// scaled is c times a partial derivative.
func (d *body) scaled(c chain, p *ir.Value, n int) chain {
	if p.Op == ir.OpConst && p.Attr.Data == nil {
		if p.Attr.Num == 1 {
			return c
		}
		p = d.b.Const(p.Attr.Num, p.Type.Elem)
	}
	if len(c.layers) == 0 {
		if uneven(p) && c.of != n {
			p = d.b.Slice(p, c.at, c.at+n)
		}
		c.lead = d.scaling(c.lead, p)
		return c
	}
	return c.ending(func(l link) link { return link{l.w, d.scaling(l.d, p)} })
}

// scaling is a product in which nil is one.
func (d *body) scaling(x, y *ir.Value) *ir.Value {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	case !uneven(x) && uneven(y):
		return d.b.Mul(y, x)
	}
	return d.b.Mul(x, y)
}

// uneven reports whether a scaling has a number for each element.
func uneven(d *ir.Value) bool { return d != nil && !d.Type.IsScalar() }

// around is what a chain from n elements to themselves scales each of them by, before its layers or after them.
func (c chain) around() (first, last *ir.Value) {
	if k := len(c.layers); k > 0 {
		last = c.layers[k-1].d
	}
	return c.lead, last
}

// closes reports whether the trace of c, from n elements to themselves, takes less than n columns.
func (c chain) closes(n int) bool {
	first, last := c.around()
	switch len(c.layers) {
	case 0:
		return c.of == n
	case maxLinks:
		return n > 1 && !uneven(first) && !uneven(last)
	}
	return true
}

// close is the trace of a chain that closes.
func (d *body) close(c chain, n int) *ir.Value {
	b := d.b
	e := d.scaling(c.around())
	if len(c.layers) == 0 {
		switch {
		case e == nil:
			return b.Const(float64(n), d.b.Real)
		case uneven(e):
			return b.Sum(e)
		}
		return b.Mul(e, b.Const(float64(n), e.Type.Elem))
	}
	var ws []*ir.Value
	for _, l := range c.layers {
		ws = append(ws, l.w)
	}
	// What follows from the matrices alone: rows for what the first layer is scaled by, with all scalings that are known to be even
	// added up.
	of := func(make func(b *ir.Builder, w []*ir.Value) *ir.Value) *ir.Value {
		return b.Param(d.derive("trace", ws, make))
	}
	var t *ir.Value
	switch len(c.layers) {
	case 1:
		diagonal := func(b *ir.Builder, w []*ir.Value) *ir.Value {
			places := make([]int, n)
			for i := range places {
				places[i] = i * (n + 1)
			}
			return b.Take(b.Reshape(w[0], n*n), places...)
		}
		if uneven(e) {
			return d.dot(of(diagonal), e)
		}
		t = of(func(b *ir.Builder, w []*ir.Value) *ir.Value { return b.Sum(diagonal(b, w)) })
	case 2:
		both := func(b *ir.Builder, w []*ir.Value) *ir.Value { return b.Mul(w[0], b.Transpose(w[1])) }
		d1 := c.layers[0].d
		if uneven(e) {
			r := b.MatVec(of(both), e)
			if !uneven(d1) {
				return d.scaling(b.Sum(r), d1)
			}
			return d.dot(d1, r)
		}
		q := func(b *ir.Builder, w []*ir.Value) *ir.Value { return b.Sum(both(b, w), 1) }
		if uneven(d1) {
			t = d.dot(of(q), d1)
		} else {
			t = d.scaling(of(func(b *ir.Builder, w []*ir.Value) *ir.Value { return b.Sum(both(b, w)) }), d1)
		}
	default:
		m := func(b *ir.Builder, w []*ir.Value) *ir.Value {
			return b.Mul(w[1], b.MatMul(b.Transpose(w[2]), b.Transpose(w[0])))
		}
		d1, d2 := c.layers[0].d, c.layers[1].d
		var r *ir.Value
		if uneven(d1) {
			r = b.MatVec(of(m), d1)
		} else {
			r = d.scaling(of(func(b *ir.Builder, w []*ir.Value) *ir.Value { return b.Sum(m(b, w), 1) }), d1)
		}
		if uneven(d2) {
			t = d.dot(d2, r)
		} else {
			t = d.scaling(b.Sum(r), d2)
		}
	}
	return d.scaling(t, e)
}
