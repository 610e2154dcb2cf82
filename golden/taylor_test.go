package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// TestTaylor: total derivatives of a solution, written by jvp as TayNODE's regularisers are, to order 5. Each
// order is the derivative of the one before it along the flow.
func TestTaylor(t *testing.T) {
	const program = `package p

net f(s real, x [2]real) [2]real {
	return concat(x, s) |> Linear(5) |> tanh |> Linear(2)
}

model M(s real, x [2]real) (d1, d2, d3, d4, d5 [2]real) {
	v := f(s, x)
	a := jvp(v, x, v) + jvp(v, s, 1)
	j := jvp(a, x, v) + jvp(a, s, 1)
	k := jvp(j, x, v) + jvp(j, s, 1)
	l := jvp(k, x, v) + jvp(k, s, 1)
	return v, a, j, k, l
}
`
	res, ds := driver.Compile(map[string]string{"a.nde": program}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	weights, _ := weightsOf(res.Module)
	mc, err := interp.New(res.Module, weights)
	if err != nil {
		t.Fatal(err)
	}
	at := func(s float64, x []float64) [][]float64 {
		out, err := mc.Call(res.Module.Models[0].Func, interp.Scalar(s), interp.Of(x, 2))
		if err != nil {
			t.Fatal(err)
		}
		var d [][]float64
		for _, o := range out {
			d = append(d, o.Data)
		}
		return d
	}
	s, x := 0.4, []float64{0.3, -0.7}
	d := at(s, x)
	// The Taylor polynomial of order 5 gives the solution around s to 1e-14.
	along := func(h float64) [][]float64 {
		y := []float64{x[0], x[1]}
		c := h
		for n := range 5 {
			for i := range y {
				y[i] += c * d[n][i]
			}
			c *= h / float64(n+2)
		}
		return at(s+h, y)
	}
	for n := range 4 {
		slope := func(h float64, i int) float64 { return (along(h)[n][i] - along(-h)[n][i]) / (2 * h) }
		for i := range 2 {
			want := (4*slope(2e-3, i) - slope(4e-3, i)) / 3
			if !(math.Abs(d[n+1][i]-want) <= 1e-7*(1+math.Abs(want))) {
				t.Errorf("derivative %d of x[%d] is %.12g, differences give %.12g", n+2, i, d[n+1][i], want)
			}
		}
	}
}

// TestSecondOrderCost counts multiply-adds of a 2-64-64-1 net: a Hessian by two inputs costs at most 12 nets, and a
// product with it 3 gradients.
func TestSecondOrderCost(t *testing.T) {
	const program = `package p

net V(x [2]real) real {
	return x |> Linear(64) |> tanh |> Linear(64) |> tanh |> Linear()
}

model Net(x [2]real) (y real) {
	return V(x)
}

model Gradient(x [2]real) (g [2]real) {
	return grad(V(x), x)
}

model Hessian(x [2]real) (h [2, 2]real) {
	return hess(V(x), x)
}

model Product(x, v [2]real) (hv [2]real) {
	return jvp(grad(V(x), x), x, v)
}
`
	res, ds := driver.Compile(map[string]string{"a.nde": program}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	cost := map[string]int{}
	for _, m := range res.Module.Models {
		cost[m.Name] = int(res.Plan.Of(m.Func).Cost.MulAdds)
	}
	t.Log(cost)
	if cost["Net"] == 0 || cost["Hessian"] > 12*cost["Net"] {
		t.Errorf("a Hessian takes %d multiply-adds, a net %d", cost["Hessian"], cost["Net"])
	}
	if cost["Gradient"] == 0 || cost["Product"] > 3*cost["Gradient"] {
		t.Errorf("a product with the Hessian takes %d multiply-adds, a gradient %d", cost["Product"], cost["Gradient"])
	}
}
