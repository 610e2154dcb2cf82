package diff

import (
	"math"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// quadrature is adjoint with another rule for the integrals that give the cotangents of extras and parameters: Gauss'
// formula on each step of the backward solve, along its dense output (as the quadrature and Gauss adjoints of
// Rackauckas et al. 2020 do). They are no part of the solve and need not be evaluated at each of its stages.

// nodes are the places in a step of the adjoint solve at which the integrals are evaluated, with their weights: those of
// the method, or of Gauss' formula.
func (a *adjointSolve) nodes(b *ir.Builder, row *method.Row, t, h *ir.Value, states, extras []*ir.Value) []method.Stage {
	c := a.solve
	if a.of.Sensitivity.Row != "quadrature" {
		stages, _ := method.Stages(b, c, row, t, h, states, extras)
		return stages
	}
	in := append([]*ir.Value{t, h}, states...)
	if c.FSAL {
		in = append(in, method.Evaluate(b, c, append(append([]*ir.Value{t}, states...), extras...), t, h)...)
	}
	outs := b.CallAll(c.DenseStep, append(in, extras...)...)
	n := len(c.States)
	data := len(outs) - (len(c.Dense.Args) - 2 - 2*n)
	fixed := append(append(append([]*ir.Value{h}, states...), outs[:n]...), outs[data:]...)
	points := int(optionNum(a.of.Sensitivity, "points", 0))
	if points == 0 {
		points = (max(c.Order, 1) + 1) / 2
	}
	var stages []method.Stage
	xs, ws := gauss(points)
	for i, x := range xs {
		theta := b.Const(x, ir.F64)
		stages = append(stages, method.Stage{T: b.Add(t, b.Mul(theta, h)), Weight: b.Mul(b.Const(ws[i], ir.F64), h),
			Y: b.CallAll(c.Dense, append([]*ir.Value{theta}, fixed...)...)})
	}
	return stages
}

// gauss gives nodes and weights of Gauss' formula with n points on [0, 1], which is exact for polynomials of degree 2n-1:
// the zeros x of the Legendre polynomial P_n, and 1/((1-x²) P'_n(x)²), by Newton's method (Golub, Welsch 1969 have the
// theory, Davis, Rabinowitz, Methods of Numerical Integration, 2.7 the iteration).
func gauss(n int) (nodes, weights []float64) {
	nodes, weights = make([]float64, n), make([]float64, n)
	for i := range (n + 1) / 2 {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		var slope float64
		for range 100 {
			p, q := 1.0, 0.0
			for k := range n {
				p, q = (float64(2*k+1)*x*p-float64(k)*q)/float64(k+1), p
			}
			slope = float64(n) * (x*p - q) / (x*x - 1)
			step := p / slope
			x -= step
			if math.Abs(step) < 1e-16 {
				break
			}
		}
		w := 1 / ((1 - x*x) * slope * slope)
		nodes[i], nodes[n-1-i] = (1-x)/2, (1+x)/2
		weights[i], weights[n-1-i] = w, w
	}
	return nodes, weights
}
