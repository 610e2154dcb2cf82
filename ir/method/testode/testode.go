// Package testode holds initial value problems with known solutions, as fields in IR. Tests of
// methods, interpreter and back ends share them.
package testode

import (
	"math"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Problem is an initial value problem with one vector state x.
type Problem struct {
	Name   string
	T0, T1 float64
	Start  []float64
	// Exact is the solution at t; nil where only End, the state at T1, is known.
	Exact func(t float64) []float64
	End   []float64
	// Rate gives the derivatives of the components; t and x are f64 scalars.
	Rate func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value
}

// Want is the state at T1.
func (p *Problem) Want() []float64 {
	if p.Exact != nil {
		return p.Exact(p.T1)
	}
	return p.End
}

// Field is (t, x) -> dx in f64, with x a vector.
func (p *Problem) Field() *ir.Func {
	b := ir.NewFunc(p.Name+".field", diag.Span{}, ir.F64)
	t := b.Arg("t", ir.Scalar(ir.F64))
	x := b.Arg("x", ir.Tensor(ir.F64, len(p.Start)))
	var xs, ds []*ir.Value
	for i := range p.Start {
		xs = append(xs, b.At(x, i))
	}
	for _, d := range p.Rate(b, t, xs) {
		ds = append(ds, b.Reshape(d, 1))
	}
	return b.Return(b.Concat(0, ds...))
}

// Problems of all kinds: nonlinear, with time in the field, oscillating, chaotic. References with
// many digits are from integrations in extended precision.
var problems = []Problem{
	{Name: "blowup", T0: 0, T1: 2, Start: []float64{0.5}, // x = 1/(2 - sin t)
		Exact: func(t float64) []float64 { return []float64{1 / (2 - math.Sin(t))} },
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			return []*ir.Value{b.Mul(b.Unary(ir.OpCos, t), b.Mul(x[0], x[0]))}
		}},
	{Name: "constant", T0: 1, T1: 8, Start: []float64{3.2}, // the first of torchdiffeq's problems
		Exact: func(t float64) []float64 { return []float64{0.2*t + 3} },
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			d := b.Sub(x[0], b.Add(b.Mul(b.Num(0.2), t), b.Num(3)))
			d2 := b.Mul(d, d)
			return []*ir.Value{b.Add(b.Num(0.2), b.Mul(b.Mul(d2, d2), d))}
		}},
	{Name: "sine", T0: 1, T1: 8, Start: sine(1), Exact: sine,
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			t2 := b.Mul(t, t)
			v := b.Div(b.Mul(b.Num(2), x[0]), t)
			v = b.Add(v, b.Mul(b.Mul(t2, t2), b.Unary(ir.OpSin, b.Mul(b.Num(2), t))))
			v = b.Sub(v, t2)
			return []*ir.Value{b.Add(v, b.Mul(b.Num(4), b.Mul(t2, t)))}
		}},
	{Name: "exp", T0: 1, T1: 8, Start: []float64{math.Exp(-0.1)},
		Exact: func(t float64) []float64 { return []float64{math.Exp(-0.1 * t)} },
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			return []*ir.Value{b.Mul(b.Num(-0.1), b.Unary(ir.OpExp, b.Mul(b.Num(-0.1), t)))}
		}},
	{Name: "rotation", T0: 0, T1: 7, Start: []float64{1, 0}, // linear
		Exact: func(t float64) []float64 { return []float64{math.Cos(t), math.Sin(t)} },
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			return []*ir.Value{b.Neg(x[1]), x[0]}
		}},
	{Name: "lotka_volterra", T0: 0, T1: 10, Start: []float64{1, 1},
		End: []float64{1.02634476757508931914, .909691078136041617548},
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			xy := b.Mul(x[0], x[1])
			return []*ir.Value{b.Sub(b.Mul(b.Num(1.5), x[0]), xy), b.Sub(xy, b.Mul(b.Num(3), x[1]))}
		}},
	{Name: "brusselator", T0: 0, T1: 20, Start: []float64{1.5, 3},
		End: []float64{.498637071268347848650, 4.59678034945201118320},
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			xxy := b.Mul(b.Mul(x[0], x[0]), x[1])
			bx := b.Mul(b.Num(3), x[0])
			return []*ir.Value{b.Sub(b.Add(b.Num(1), xxy), b.Add(bx, x[0])), b.Sub(bx, xxy)}
		}},
	{Name: "euler_rigid_body", T0: 0, T1: 20, Start: []float64{1, 0, 0.9},
		End: []float64{.606203853964812221788, .628747210450177970375, .807385148575602575542},
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			product := func(c float64, y, z *ir.Value) *ir.Value { return b.Mul(b.Num(c), b.Mul(y, z)) }
			return []*ir.Value{product(-2, x[1], x[2]), product(1.25, x[0], x[2]), product(-0.5, x[0], x[1])}
		}},
	{Name: "lorenz", T0: 0, T1: 1, Start: []float64{1, 1, 1},
		End: []float64{-9.37857001092506236084, -8.35703378842664473290, 29.3623253373634281803},
		Rate: func(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
			return []*ir.Value{
				b.Mul(b.Num(10), b.Sub(x[1], x[0])),
				b.Sub(b.Mul(x[0], b.Sub(b.Num(28), x[2])), x[1]),
				b.Sub(b.Mul(x[0], x[1]), b.Mul(b.Num(8.0/3), x[2])),
			}
		}},
	{Name: "arenstorf", T0: 0, T1: 17.0652165601579625588917206249,
		Start: []float64{.994, 0, 0, -2.00158510637908252240537862224},
		End:   []float64{.994, 0, 0, -2.00158510637908252240537862224},
		Rate:  arenstorf},
}

// All gives the problems.
func All() []Problem { return append([]Problem(nil), problems...) }

// ByName finds a problem; nil if there is none.
func ByName(name string) *Problem {
	for _, p := range All() {
		if p.Name == name {
			return &p
		}
	}
	return nil
}

// sine is the second of torchdiffeq's problems.
func sine(t float64) []float64 {
	t2 := t * t
	return []float64{-t2*t2/2*math.Cos(2*t) + t2*t/2*math.Sin(2*t) + t2/4*math.Cos(2*t) - t2*t + 2*t2*t2 + (math.Pi-0.25)*t2}
}

// arenstorf is the restricted three-body problem (Hairer, Nørsett, Wanner I, section II.0).
func arenstorf(b *ir.Builder, t *ir.Value, x []*ir.Value) []*ir.Value {
	const mu = .012277471
	cube := func(d *ir.Value) *ir.Value { // (d² + y²)^(3/2)
		r2 := b.Add(b.Mul(d, d), b.Mul(x[1], x[1]))
		return b.Mul(r2, b.Unary(ir.OpSqrt, r2))
	}
	p, q := b.Add(x[0], b.Num(mu)), b.Sub(x[0], b.Num(1-mu))
	earth, moon := b.Div(b.Num(1-mu), cube(p)), b.Div(b.Num(mu), cube(q))
	ax := b.Add(x[0], b.Mul(b.Num(2), x[3]))
	ax = b.Sub(b.Sub(ax, b.Mul(earth, p)), b.Mul(moon, q))
	ay := b.Sub(x[1], b.Mul(b.Num(2), x[2]))
	ay = b.Sub(ay, b.Mul(b.Add(earth, moon), x[1]))
	return []*ir.Value{x[2], x[3], ax, ay}
}
