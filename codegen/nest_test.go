package codegen_test

import (
	"testing"

	"ndec.dev/ndec/ir/interp"
)

// TestProductsOfALoop: products of one matrix with several constants are made once, before the solve, in one loop over its rows. The exact trace
// behind three hidden layers has such.
func TestProductsOfALoop(t *testing.T) {
	m := program(t, `package p

system Flow {
	state x [32]real
	param w [32, 7]real ~ normal(0, 1)
	a := w @ [1.0, 2, 3, 4, 5, 6, 7]
	b := w @ [7.0, 6, 5, 4, 3, 2, 1]
	der(x) = tanh(a*x) - b
}

model End(x [32]real) (z [32]real) {
	return solve(Flow{x: x}, over: 0..1, with: rk4{steps: 2}).x
}
`)
	var weights, x []float64
	for i := range 32 * 7 {
		weights = append(weights, float64(7*i%11-5)/8)
	}
	for i := range 32 {
		x = append(x, float64(5*i%7-3)/4)
	}
	compare(t, []*emitted{emit(t, "products", m, map[string][]float64{"Flow.w": weights}, [][]interp.Tensor{{interp.Of(x, 32)}})})
}
