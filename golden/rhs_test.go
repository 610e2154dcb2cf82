package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// TestRhsAnywhere: the right-hand side of a system in a fn, in a net and in the equations of another system is what these
// equations are when they are written there, values and gradients alike.
func TestRhsAnywhere(t *testing.T) {
	const before = `package p

net g(v real) real {
	return [v] |> Linear(4) |> tanh |> Linear(1) |> scalar
}

system Plant {
	state q, v real
	input u real
	context k real
	param c real = 0.3
	der(q) = v * (1 + t)
	der(v) = -k*q + g(v) + u - c*v
}

system Twin {
	state q, v, s real
	context k real
	%s
}

fn power(q, v, k, u, c real) real {
	%s
}

net scaled(q, v, k real) real {
	%s
}

model M(q, v, k real) (q1, p, n real) {
	end := solve(Twin{q: q, v: v, s: 0, k: k}, over: 0..1, with: rk4{steps: 6})
	plain := solve(Plant{q: q, v: v, k: k, u: 0}, over: 0..1, with: rk4{steps: 6})
	return end.q + end.s + plain.v, power(end.q, end.v, k, 0.1, 0), scaled(q, end.v, k)
}

data D {
	q, v, k, y real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	a, b, c := M(q, v, k)
	minimize (a - y)^2 + 0.1*b^2 + c
	epochs: 1
	optimizer: lbfgs
}
`
	called := fmt.Sprintf(before, "d := rhs(Plant{q: q, v: v, k: k, u: -s}, t: t)\n\tder(q) = d.q\n\tder(v) = d.v\n\tder(s) = d.v - s",
		"d := rhs(Plant{q: q, v: v, k: k, u: u})\n\treturn v*d.v + k*q*d.q",
		"param a real = 2\n\treturn a * rhs(Plant{q: q, v: v, k: k, u: 1}, t: 3).v")
	// The parameter of the plant is that of a net, since a system's own cannot be read outside of it.
	written := strings.NewReplacer("\tparam c real = 0.3\n", "", "- c*v", "- damping(v)").Replace(
		fmt.Sprintf(before, "f := -k*q + g(v) - s - damping(v)\n\tder(q) = v * (1 + t)\n\tder(v) = f\n\tder(s) = f - s",
			"return v*(-k*q + g(v) + u - damping(v)) + k*q*v",
			"param a real = 2\n\treturn a * (-k*q + g(v) + 1 - damping(v))")) + `
net damping(v real) real {
	param c real = 0.3
	return c * v
}
`
	results := func(src, c string) (out []float64) {
		res, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		params := map[string][]float64{}
		for _, p := range res.Module.Params {
			x := make([]float64, p.Type.Len())
			for i := range x {
				x[i] = math.Sin(float64(i + len(p.Name)))
				if p.Name == c {
					x[i] = 0.4
				}
			}
			params[p.Name] = x
		}
		mc, err := interp.New(res.Module, params)
		if err != nil {
			t.Fatal(err)
		}
		in := []interp.Tensor{interp.Scalar(0.7), interp.Scalar(-0.4), interp.Scalar(1.3)}
		values, err := mc.Call(res.Module.Models[0].Func, in...)
		if err != nil {
			t.Fatal(err)
		}
		r := res.Module.Recipes[0]
		grads, err := mc.Call(r.Grad, append(in, interp.Scalar(0.2))...)
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string][]float64{}
		for i, p := range r.Trained {
			byName[strings.Replace(p.Name, c, "c", 1)] = grads[len(grads)-len(r.Trained)+i].Data
		}
		for _, v := range values[:3] {
			out = append(out, v.Data...)
		}
		for _, name := range []string{"c", "g.0.weight", "g.0.bias", "g.2.weight", "g.2.bias", "scaled.a"} {
			if byName[name] == nil {
				t.Fatalf("no gradient of %s: %v", name, byName)
			}
			out = append(out, byName[name]...)
		}
		return out
	}
	got, want := results(called, "Plant.c"), results(written, "damping.c")
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= 1e-13*max(1, math.Abs(want[i]))) {
			t.Errorf("number %d is %v, want %v", i, got[i], want[i])
		}
	}
}
