package golden

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
)

// TestUnreadIntegrals: an integral that nobody reads leaves the solve, and its memory with it, by every method that has integrals; what is left is
// that of the system without it.
func TestUnreadIntegrals(t *testing.T) {
	t.Parallel()
	const program = `package m

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

system S {
	state x [2]real
	context c, unused real
	der(x) = f(x) + c*x
	INTEGRAL
}

model E(x [2]real, c real) (e [3, 2]real, nfe i32) {
	path := solve(S{x, c, unused: 2*c}, from: 0, at: [0.5, 1, 1.3], with: METHOD)
	return path.x, path.nfe
}
`
	for _, row := range method.Rows(method.Solver) {
		if row.Later || row.Family == method.Stochastic || row.Family == method.Shooting || row.Split != nil || row.Nystrom != nil {
			continue
		}
		texts := []string{"steps: 9"}
		switch row.Name {
		case "adams_bashforth", "adams_moulton":
			texts = append(texts, "steps: 9, order: 2", "step: 0.11, order: 7", "steps: 9, jump_at: [0.7]")
		}
		for _, text := range texts {
			what := row.Name + "{" + text + "}"
			var states [2]int
			var ends [2]string
			for i, integral := range []string{"", "integral w = sqnorm(x) * c"} {
				res, ds := driver.Compile(map[string]string{"m.nde": strings.NewReplacer("METHOD", what, "INTEGRAL", integral).Replace(program)}, driver.Options{Precision: "f64", Until: "opt"})
				if ds.HasErrors() {
					t.Fatalf("%s: %v\n%s", what, ds, ds[0].Remedy)
				}
				params := map[string][]float64{}
				for k, p := range res.Module.Params {
					for e := range p.Type.Len() {
						params[p.Name] = append(params[p.Name], float64((7*e+3*k)%11-5)/8)
					}
				}
				mc, err := interp.New(res.Module, params)
				if err != nil {
					t.Fatal(err)
				}
				out, err := mc.Call(res.Module.Models[0].Func, interp.Of([]float64{1, 0.5}, 2), interp.Of([]float64{0.25}))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				s := res.Module.Solves[0]
				states[i], ends[i] = len(s.States)+len(s.Extras), fmt.Sprint(out)
			}
			if states[0] != states[1] || ends[0] != ends[1] {
				t.Errorf("%s: %d states and extras with the integral, %d without; %v and %v", what, states[1], states[0], ends[1], ends[0])
			}
		}
	}
}
