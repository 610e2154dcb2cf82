package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

const secondDerivatives = `package second

net V(q [2]real) real {
	return q |> Linear(64) |> tanh |> Linear(64) |> tanh |> Linear()
}

model Slope(q [2]real) (g [2]real) {
	return grad(V(q), q)
}

model Hessian(q [2]real) (h [2, 2]real) {
	return hess(V(q), q)
}

model OfGradient(q [2]real) (h [2, 2]real) {
	return jac(grad(V(q), q), q)
}

model Twice(q, v [2]real) (hv [2]real) {
	return grad(dot(grad(V(q), q), v), q)
}

model Along(q, v [2]real) (hv [2]real) {
	return jvp(grad(V(q), q), q, v)
}
`

// TestSecondDerivatives: the gradient of a gradient is the Hessian to 1e-12 whichever way it is written, and a product of
// the Hessian with a vector takes at most three times the multiply-adds of a gradient.
func TestSecondDerivatives(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"second.nde": secondDerivatives}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	weights, _ := weightsOf(res.Module)
	mc, err := interp.New(res.Module, weights)
	if err != nil {
		t.Fatal(err)
	}
	q, v := []float64{0.7, -0.4}, []float64{0.3, 1.1}
	of, cost := map[string][]float64{}, map[string]int{}
	for _, m := range res.Module.Models {
		in := []interp.Tensor{interp.Of(q, 2), interp.Of(v, 2)}
		out, err := mc.Call(m.Func, in[:len(m.Inputs)]...)
		if err != nil {
			t.Fatal(err)
		}
		of[m.Name], cost[m.Name] = out[0].Data, int(res.Plan.Of(m.Func).Cost.MulAdds)
	}
	h := of["Hessian"]
	product := []float64{h[0]*v[0] + h[1]*v[1], h[2]*v[0] + h[3]*v[1]}
	for name, want := range map[string][]float64{"OfGradient": h, "Twice": product, "Along": product} {
		for i, w := range want {
			if got := of[name][i]; !(math.Abs(got-w) <= 1e-12*(math.Abs(h[0])+math.Abs(h[1])+math.Abs(h[3]))) {
				t.Errorf("%s[%d] is %.17g, by the Hessian %.17g", name, i, got, w)
			}
		}
	}
	for _, name := range []string{"Twice", "Along"} {
		t.Logf("%s: %d multiply-adds, a gradient %d: %.2f", name, cost[name], cost["Slope"], float64(cost[name])/float64(cost["Slope"]))
		if cost["Slope"] == 0 || cost[name] > 3*cost["Slope"] {
			t.Errorf("%s takes %d multiply-adds, a gradient %d", name, cost[name], cost["Slope"])
		}
	}
}
