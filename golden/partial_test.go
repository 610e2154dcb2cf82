package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// TestPartial: partial holds the definitions that an expression is written with, however they are computed,
// and looks into the one that it is given the name of.
func TestPartial(t *testing.T) {
	const program = `package p

fn f(x real) real {
	return x^3
}

system Decay {
	state y real
	der(y) = -y
}

model M(x, z real) (a, b, c, d, e, g, h real) {
	p := x^2
	q := f(x)
	r := p
	E := x*p*z + q
	end := solve(Decay{y: x}, over: 0..1, with: rk4{steps: 4})
	return partial(E, x), partial(x*p + f(x), x), partial(x*q + f(x), x), partial(E, p), partial(x*r + p*x, x), partial(x*end.y + x, x), grad(E, x)
}
`
	res, ds := driver.Compile(map[string]string{"a.nde": program}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	mc, err := interp.New(res.Module, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, z := 1.5, 0.7
	out, err := mc.Call(res.Module.Models[0].Func, interp.Scalar(x), interp.Scalar(z))
	if err != nil {
		t.Fatal(err)
	}
	step := 1 - 0.25 + 0.25*0.25/2 - 0.25*0.25*0.25/6 + 0.25*0.25*0.25*0.25/24
	y := x * math.Pow(step, 4)
	p, q := x*x, x*x*x
	for i, want := range []float64{p * z, p + 3*x*x, q + 3*x*x, x * z, 2 * p, y + 1, 3*x*x*z + 3*x*x} {
		if got := out[i].Data[0]; math.Abs(got-want) > 1e-12 {
			t.Errorf("number %d is %v, want %v", i, got, want)
		}
	}
}
