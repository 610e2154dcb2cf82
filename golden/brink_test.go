package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// brink has fields that end where the solve does, and change so little that the first step looks far ahead.
const brink = `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

system To {
	state x [2]real
	der(x) = sqrt(1-t) * 1e-3 * (x + f(x))
}

system Fro {
	state x [2]real
	der(x) = sqrt(t) * 1e-3 * x
}

solver A = dopri5{rtol: 1e-6, atol: 1e-6}

solver B = bosh3{rtol: 1e-5, atol: 1e-5}

solver Together = bosh3{rtol: 1e-5, atol: 1e-5, step_group: batch}

model M(x [2]real) [2]real {
	y := solve(To{x}, over: 0..1, with: A)
	return solve(Fro{x: y.x}, over: 1..0, with: B).x
}

model Back(x [2]real) [2]real {
	return solve(Fro{x}, over: 1..0, with: Together).x
}

data D {
	x [2]real
	source: gaussians{n: 8, k: 1, radius: 0, std: 1, seed: 1}
}

train Fit {
	data: D
	minimize sqnorm(M(x))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
`

func init() { bothWays["brink"] = brink }

// TestBrink: the first step of a solve is found without a look behind its end, where nobody says that the field is defined.
func TestBrink(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"a.nde": brink}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	weights, _ := weightsOf(res.Module)
	mc, err := interp.New(res.Module, weights)
	if err != nil {
		t.Fatal(err)
	}
	out, err := mc.Call(res.Module.Models[1].Func, interp.Of([]float64{1, -2}, 2))
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Exp(-2e-3 / 3); math.Abs(out[0].Data[0]-want) > 2e-5 || math.Abs(out[0].Data[1]+2*want) > 4e-5 {
		t.Errorf("%v, want %v and %v", out[0].Data, want, -2*want)
	}
}
