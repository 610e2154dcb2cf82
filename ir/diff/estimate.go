package diff

import "ndec.dev/ndec/ir"

// Estimates of the divergence: the trace of the Jacobian J of v by x from products of J with random
// directions, which are forward sweeps. No matrix is formed.

// hutchinson is the mean of z·Jz over the directions z along the leading axis (Hutchinson 1990); it is
// unbiased where the elements of z are independent with mean 0 and variance 1.
func (d *body) hutchinson(v, x, z *ir.Value) *ir.Value {
	var sum *ir.Value
	m := z.Type.Shape[0]
	for s := range m {
		jz := d.product(v, x, d.direction(z, s))
		if jz == nil {
			return nil
		}
		sum = d.plus(sum, d.dot(d.direction(z, s), jz))
	}
	return d.share(sum, m)
}

// hutchPP is Hutch++ (Meyer, Musco, Musco, Woodruff 2021, algorithm 1): with Q an orthonormal basis of what
// J makes of the first half of the directions, tr J = tr QᵀJQ + tr (1-QQᵀ)J(1-QQᵀ), and the second half
// estimates the rest by Hutchinson. Each direction of the sketch and its probe take three products.
func (d *body) hutchPP(v, x, z *ir.Value) *ir.Value {
	k := z.Type.Shape[0] / 2
	var basis []*ir.Value
	var sum *ir.Value
	for s := range k {
		y := d.product(v, x, d.direction(z, s))
		if y == nil {
			return nil
		}
		q := d.orthonormal(y, basis)
		basis = append(basis, q)
		sum = d.plus(sum, d.dot(q, d.product(v, x, q)))
	}
	var rest *ir.Value
	for s := range k {
		g := d.without(d.direction(z, k+s), basis)
		rest = d.plus(rest, d.dot(g, d.product(v, x, g)))
	}
	return d.plus(sum, d.share(rest, k))
}

// direction is direction s of z as a vector.
func (d *body) direction(z *ir.Value, s int) *ir.Value {
	return d.b.Reshape(d.b.At(z, s), z.Type.Len()/z.Type.Shape[0])
}

// product is J times a vector, as a vector; nil for zero.
func (d *body) product(v, x, u *ir.Value) *ir.Value {
	u = d.b.Cast(d.b.Reshape(u, x.Type.Shape...), x.Type.Elem)
	if y := d.along(v, x, u); y != nil {
		return d.b.Reshape(y, v.Type.Len())
	}
	return nil
}

// without is y less its parts along an orthonormal basis.
func (d *body) without(y *ir.Value, basis []*ir.Value) *ir.Value {
	for _, q := range basis {
		y = d.b.Sub(y, d.b.Mul(d.dot(q, y), q))
	}
	return y
}

// orthonormal is the direction of y orthogonal to the basis, or zero where y lies in its span to rounding:
// modified Gram-Schmidt, done twice, which is enough (Giraud, Langou, Rozložník, van den Eshof 2005).
func (d *body) orthonormal(y *ir.Value, basis []*ir.Value) *ir.Value {
	b, t := d.b, y.Type
	was := d.dot(y, y)
	w := d.without(d.without(y, basis), basis)
	now := d.dot(w, w)
	eps := 0x1p-46 // 64 units in the last place
	if t.Elem == ir.F32 {
		eps = 0x1p-17
	}
	there := b.Binary(ir.OpLt, b.Mul(b.Const(eps*eps, t.Elem), was), now)
	// Where it is not there, the length is replaced before it divides, so that derivatives stay finite.
	one := b.Const(1, t.Elem)
	scale := b.Select(there, b.Div(one, b.Unary(ir.OpSqrt, b.Select(there, now, one))), b.Const(0, t.Elem))
	return b.Mul(scale, w)
}

// plus is a sum in which nil is zero.
func (d *body) plus(x, y *ir.Value) *ir.Value {
	if x == nil {
		return y
	}
	return d.b.Add(x, y)
}

// share is x over n.
func (d *body) share(x *ir.Value, n int) *ir.Value {
	if n == 1 {
		return x
	}
	return d.b.Mul(d.b.Const(1/float64(n), x.Type.Elem), x)
}

// dot is the inner product of two vectors.
func (d *body) dot(x, y *ir.Value) *ir.Value { return d.b.Sum(d.b.Mul(x, y)) }
