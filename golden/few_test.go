package golden

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/plan"
)

// fewCases are programs whose small batches run a few samples at a time; SOLVER is a method.
var fewCases = map[string]string{
	"plain": `net f(x [2]real) [2]real { return x |> Linear(64) |> tanh |> Linear(70) |> tanh |> Linear(2) }
system S { state x [2]real
	der(x) = f(x) }
model M(x [2]real) [2]real { return solve(S{x}, over: 0..1, with: SOLVER).x }
model Scores(x [2]real) (p [5]real, c i32) { return softmax(x |> Linear(33) |> silu |> Linear(5)), argmax(x) }`,
	// States that are longer than a few numbers, their integral, time, a span and a number of each sample, two solves.
	"long": `net f(x [7]real, t real) [7]real { return concat(x, exp(-3*t)) |> Linear(17) |> softplus |> Linear(7) |> tanh }
system S { state x [7]real
	context c real
	integral w = sqnorm(x)
	der(x) = f(x, t) - c*x }
model M(x [7]real, c real) (y [7]real, w real) {
	first := solve(S{x, c}, over: 0..0.5 + 0.3*c^2, with: SOLVER)
	second := solve(S{x: 0.5*first.x, c}, over: 0.2..1, with: SOLVER)
	return second.x, first.w + second.w
}`,
	// A force that is a derivative, a solve backwards, and states that wait for their turn.
	"swing": `net V(q [6]real) real { return q |> Linear(40) |> softplus |> Linear() }
system S { state q, p [6]real
	param k real = 1.3
	der(q) = p
	der(p) = -grad(V(q), q) - k*q*sqnorm(q) }
model M(q, p [6]real) (q1, p1 [6]real) {
	end := solve(S{q: 0.3*q, p: 0.3*p}, over: 1..0, with: SOLVER)
	return end.q, end.p
}`,
}

// everySize makes batches of every size run as small ones do, to the last row.
func everySize(files []plan.File) []plan.File {
	small := regexp.MustCompile(`if n < \d+ && alone != nil && rt.IsFastSmall\(opts...\)`)
	least := regexp.MustCompile(`if hi-lo < \d+ \{ // one after the other`)
	out := slices.Clone(files)
	for i, f := range out {
		f.Text = small.ReplaceAll(f.Text, []byte("if alone != nil"))
		out[i].Text = least.ReplaceAll(f.Text, []byte("if hi < lo { // one after the other"))
	}
	return out
}

// TestFew compares small batches, a few samples at a time, with the scalar functions: as TestLanes does, with batches that end
// within four samples, neighbours, goroutines and odd numbers.
func TestFew(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	run.ownBits = true
	for name, text := range fewCases {
		for _, s := range []struct {
			name, text string
			tol        float64
		}{
			{"rk4f", "rk4{steps: 6}", 1e-12},
			{"length", "midpoint{step: 0.15}", 1e-12},
			{"dopri5", "dopri5{rtol: 1e-6, atol: 1e-6, max_steps: 60}", 1e-9},
			{"ratios", "bosh3{rtol: 1e-5, atol: 1e-5, control: h211b}", 1e-9},
			{"alf", "alf{steps: 6}", 1e-12},
		} {
			for _, precision := range []string{"f64", "f32"} {
				if (s.name == "ratios" || s.name == "alf") && name != "long" || s.name == "length" && precision == "f64" {
					continue
				}
				pkg := name + s.name + precision
				res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + "\n" + strings.ReplaceAll(text, "SOLVER", s.text)}, driver.Options{Precision: precision, Package: pkg})
				if ds.HasErrors() {
					t.Fatalf("%s: %v", pkg, ds)
				}
				for _, m := range res.Module.Models {
					if name := fmt.Sprintf("model %s, one sample", m.Name); !slices.ContainsFunc(res.Schedules(), func(s plan.Schedule) bool {
						return s.Name == name && strings.Contains(s.How, "by fours") && !strings.Contains(s.How, "not by")
					}) {
						t.Errorf("%s: small batches of %s do not run by fours: %v", pkg, m.Name, res.Schedules())
					}
				}
				tol := s.tol
				if precision == "f32" {
					tol = 1e-4
				}
				res.Out = everySize(res.Out)
				run.add(pkg, res, 39, tol)
			}
		}
	}
	run.compare(t)
}
