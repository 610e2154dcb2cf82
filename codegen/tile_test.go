package codegen_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/ir/interp"
)

// TestTiles compares wide layers with the interpreter, gradients too: products and sums of columns
// go four rows at a time there.
func TestTiles(t *testing.T) {
	m := program(t, `package p

net f(x [6]real) [6]real {
	return x |> Linear(24) |> PReLU |> Linear(24) |> PReLU |> Linear(6)
}

// The derivative of a step runs its layers forward and back in the same loops.
system Flow {
	state x [6]real
	der(x) = f(x)
}

model M(x [6]real) (y [6]real) {
	end := solve(Flow{x: x}, over: 0..0.5, with: euler{steps: 2})
	return end.x
}

data D {
	x [6]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	minimize sqnorm(M(x))
	metric size = norm(M(x))
	epochs: 1
	optimizer: sgd
}
`)
	params := map[string][]float64{}
	for k, p := range m.Params {
		for i := range p.Type.Len() {
			params[p.Name] = append(params[p.Name], float64((37*i+5*k)%41-20)/64)
		}
	}
	rows := [][]interp.Tensor{{interp.Of([]float64{0.5, -0.25, 1, 0.75, -1, 0.125}, 6)}, {interp.Of([]float64{-1, 0.75, 0.25, -0.5, 0.375, 1}, 6)}}
	e := emit(t, "tiles", m, params, rows)
	for _, want := range []string{"line3[j] * xj", "* line3[j]"} {
		if !strings.Contains(text(e), want) {
			t.Errorf("no %q is emitted: nothing wide is compared", want)
		}
	}
	compare(t, []*emitted{e})
}
