package golden

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/plan"
)

// wideCases are programs whose batches go by wide blocks with AVX-512; SOLVER is a method.
var wideCases = map[string]string{
	"plain": `net f(x [2]real) [2]real { return x |> Linear(16) |> tanh |> Linear(16) |> tanh |> Linear(2) }
system S { state x [2]real
	der(x) = f(x) }
model M(x [2]real) [2]real { return solve(S{x}, over: 0..1, with: SOLVER).x }`,
	// Many rows, spans and numbers of each sample, two solves, random numbers and what does not solve.
	"long": `net f(x [5]real) [5]real { return x |> Linear(131) |> silu |> Linear(33) |> tanh |> Linear(5) }
system S { state x [5]real
	context c real
	integral w = sqnorm(x)
	der(x) = f(x) - c*x }
model M(x [5]real, c real) (y [5]real, w real) {
	first := solve(S{x, c}, over: 0..0.5 + 0.3*c^2, with: SOLVER)
	second := solve(S{x: 0.5*first.x, c}, over: 0.2..1, with: SOLVER)
	return second.x, first.w + second.w
}
model Scores(x [5]real) [5]real { return softmax(f(x)) }`,
	// A solve of a function that another model has, too, and a recipe, whose gradients have other blocks.
	"trained": `net f(x [3]real) [3]real { return x |> Linear(24) |> tanh |> Linear(17) |> softplus |> Linear(3) }
system S { state x [3]real
	param k real = 0.5
	der(x) = f(x) - k*x }
model M(x [3]real) [3]real { return solve(S{x}, over: 1..0, with: SOLVER).x }
model Mean(x [3]real) real { return mean(M(x)) }
data Rows { x [3]real
	source: gaussians{n: 64, k: 1, radius: 0, std: 1, seed: 1} }
train Fit { data: Rows
	minimize sqnorm(M(x))
	optimizer: adam{lr: 1e-3}
	steps: 1 }`,
}

// TestWide compares batches by wide blocks with the scalar functions and with the blocks of AVX2, which they have the bits of, as TestLanes does: batches that
// end within a block, neighbours, goroutines and odd numbers.
func TestWide(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	for name, text := range wideCases {
		for _, s := range []struct{ name, text string }{{"rk4f", "rk4{steps: 6}"}, {"length", "midpoint{step: 0.15}"}} {
			for _, precision := range []string{"f64", "f32"} {
				if (s.name == "rk4f") == (name == "plain") == (precision == "f64") {
					continue
				}
				pkg := name + s.name + precision
				res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + "\n" + strings.ReplaceAll(text, "SOLVER", s.text)}, driver.Options{Precision: precision, Package: pkg})
				if ds.HasErrors() {
					t.Fatalf("%s: %v", pkg, ds)
				}
				if !slices.ContainsFunc(res.Schedules(), func(s plan.Schedule) bool {
					return s.Name == "model M" && strings.Contains(s.How, "samples with avx512, and of")
				}) {
					t.Errorf("%s: M has no wide blocks: %v", pkg, res.Schedules())
				}
				if precision == "f32" {
					run.addRounded(pkg, res, 150, shortRounding, 1e-4)
				} else {
					run.add(pkg, res, 150, 1e-12)
				}
			}
		}
	}
	run.compare(t)
}
