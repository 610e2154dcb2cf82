package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// TestEventsBySensitivity: gradients through events of sensitivities that differentiate the equation are those of backprop: starts,
// contexts, parameters, and the time of an event that ends the solve.
func TestEventsBySensitivity(t *testing.T) {
	const fine = "dopri5{rtol: 1e-9, atol: 1e-10"
	gradients := func(solver, ofEnd string) []float64 {
		res, ds := driver.Compile(map[string]string{"a.nde": strings.NewReplacer("SOLVER", solver, "ENDTIME", ofEnd).Replace(falling)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(solver, ds)
		}
		weights, _ := weightsOf(res.Module)
		weights["Ball.e"], weights["Ball.g"] = []float64{0.6}, []float64{2.2}
		r := res.Module.Recipes[0]
		var all []float64
		for _, x := range [][]float64{{0.7, -0.4, 0.9}, {1.5, 0, -0.3}} {
			mc, err := interp.New(res.Module, weights)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []*ir.Func{r.Grad, r.GradInputs} {
				out, err := mc.Call(f, interp.Of(x[:2], 2), interp.Scalar(x[2]))
				if err != nil {
					t.Fatal(err)
				}
				if len(mc.Failed) > 0 {
					t.Fatalf("%s: %v", solver, mc.Failed)
				}
				for _, o := range out[len(r.Objective.Results):] {
					all = append(all, o.Data...)
				}
			}
		}
		return all
	}
	for _, ofEnd := range []string{"", "+ real(end.t)"} {
		want := gradients(fine+"}", ofEnd)
		for _, how := range []string{"adjoint", "adjoint{seminorm: false}", "quadrature", "interpolated"} {
			got := gradients(fine+", sensitivity: "+how+"}", ofEnd)
			worst := 0.0
			for i, w := range want {
				worst = max(worst, math.Abs(got[i]-w)/max(1, math.Abs(w)))
			}
			t.Log(how, ofEnd, fmt.Sprintf("%.2g", worst))
			if !(worst <= 1e-6) {
				t.Errorf("%s %s: %.2g from backprop\n%v\n%v", how, ofEnd, worst, got, want)
			}
		}
	}
}
