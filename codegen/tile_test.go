package codegen_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/ir/interp"
)

// TestTiles compares wide layers with the interpreter, gradients too: products and sums of columns
// go four rows at a time there.
func TestTiles(t *testing.T) {
	// The reverse of a step, and of a map, runs the layers forward and back in the same loops.
	solved := tiles(t, "solved", "[6]", `
	end := solve(Flow{x: x}, over: 0..0.5, with: euler{steps: 2})
	return end.x`, 6)
	mapped := tiles(t, "mapped", "[3, 6]", `
	return map(f, x)`, 3, 6)
	all := text(solved) + text(mapped)
	for _, want := range []string{"line3[j] * xj", "* line3[j]", "line3[j] += "} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q is emitted: nothing wide is compared", want)
		}
	}
	compare(t, []*emitted{solved, mapped})
}

// tiles emits a model of one input x with the given body, and a recipe that minimises its size.
func tiles(t *testing.T, name, shape, body string, of ...int) *emitted {
	m := program(t, strings.ReplaceAll(`package p

net f(x [6]real) [6]real {
	return x |> Linear(24) |> PReLU |> Linear(24) |> PReLU |> Linear(6)
}

system Flow {
	state x [6]real
	der(x) = f(x)
}

model M(x SHAPEreal) (y SHAPEreal) {`+body+`
}

data D {
	x SHAPEreal
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	minimize sqnorm(M(x))
	metric size = norm(M(x))
	epochs: 1
	optimizer: sgd
}
`, "SHAPE", shape))
	numbers := func(n, k int) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = float64((37*i+5*k)%41-20) / 64
		}
		return xs
	}
	params := map[string][]float64{}
	for k, p := range m.Params {
		params[p.Name] = numbers(p.Type.Len(), k)
	}
	var rows [][]interp.Tensor
	for r := range 2 {
		n := 1
		for _, d := range of {
			n *= d
		}
		rows = append(rows, []interp.Tensor{interp.Of(numbers(n, r+7), of...)})
	}
	return emit(t, name, m, params, rows)
}
