package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// estimated has every estimator in a system, and in a model and a recipe, where it is drawn on the spot.
const estimated = `package p

net f(x [3]real) [3]real {
	return x |> Linear(5) |> tanh |> Linear(3)
}

system Flow {
	state x [3]real
	state a, b, c, l real = 0
	v := f(x)
	der(x) = v
	der(a) = div(v, x, by: hutchinson)
	der(b) = div(v, x, by: hutchinson{noise: normal, samples: 3})
	der(c) = div(v, x, by: hutchpp{samples: 2})
	der(l) = div(v, x, by: {train: hutchinson{samples: 2}, eval: exact})
}

model End(x [3]real) (a, b, c, l, here real) {
	end := solve(Flow{x: x}, over: 0..1, with: rk4{steps: 4})
	return end.a, end.b, end.c, end.l, div(f(x), x, by: hutchpp{noise: normal})
}

data D {
	x [3]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	a, b, c, l, here := End(x)
	minimize a^2 + b + sin(c) + l + here + div(sin(f(x)), x, by: hutchinson{samples: 2})
	metric l = l
	seed: 7
}
`

// ffjord is a small continuous normalising flow with the options of FFJORD.
const ffjord = `package p

net f(t real, z [2]real) [2]real {
	return concat(z, t) |> Linear(8) |> softplus |> Linear(2)
}

system CNF {
	state z [2]real
	state dlogp real = 0
	v := f(t, z)
	der(z) = v
	der(dlogp) = -div(v, z, by: {train: hutchinson{noise: rademacher}, eval: exact})
	integral kinetic = sqnorm(v)
}

solver Fwd = rk4{steps: 8, sensitivity: adjoint{with: rk4{steps: 12}}}

model Density(x [2]real) (logp real, energy real) {
	end := solve(CNF{z: x |> standardize(Points.x)}, over: 0..1, with: Fwd)
	return log_prob(normal(0, 1), end.z) - end.dlogp + logscale(Points.x), end.kinetic
}

model Generate(z [2]real) (x [2]real) {
	end := solve(CNF{z: z}, over: 1..0, with: Fwd)
	return end.z |> unstandardize(Points.x)
}

data Points {
	x [2]real
	source: moons{n: 64, noise: 0.05, seed: 3}
}

train Fit {
	data: Points
	batch: 16
	lp, ke := Density(x)
	minimize -lp + 0.01*ke
	epochs: 2
	optimizer: adamw{lr: 2e-3, decay: 1e-5}
	seed: 7
}
`

// trace is a program with one estimate of the divergence of a linear or of a rank-one field.
const trace = `package p

fn f(x [4]real) [4]real {
	return FIELD
}

model Trace(x [4]real) (estimate, exact real) {
	return div(f(x), x, by: ESTIMATOR), div(f(x), x)
}
`

// TestEstimators compares mean and variance over 20,000 keys with theory. With S the symmetric part of the
// Jacobian, z·Jz has mean tr J and variance 2(‖S‖² - Σ S_ii²) for signs, 2‖S‖² for normal numbers (Avron,
// Toledo 2011); the mean of m of them has a share 1/m of it.
func TestEstimators(t *testing.T) {
	t.Parallel()
	const linear = "[x[0] + 2*x[1] - x[3], 0.5*x[0] - x[1] + x[2], 3*x[2] + x[3] - 2*x[1], x[0] + 0.25*x[3]]"
	const rankOne = "(x[0] + 2*x[1] - x[2] + 0.5*x[3]) * [1.0, -1.0, 2.0, 0.5]"
	a := [4][4]float64{{1, 2, 0, -1}, {.5, -1, 1, 0}, {0, -2, 3, 1}, {1, 0, 0, .25}}
	all, off := 0.0, 0.0 // 2‖S‖² with and without the diagonal
	for i := range a {
		for j := range a {
			s := (a[i][j] + a[j][i]) / 2
			all += 2 * s * s
			if i != j {
				off += 2 * s * s
			}
		}
	}
	for _, c := range []struct {
		estimator, field string
		variance         float64 // < 0: only bounded by its opposite
	}{
		{"hutchinson", linear, off},
		{"hutchinson{noise: normal}", linear, all},
		{"hutchinson{samples: 4}", linear, off / 4},
		{"hutchinson{noise: normal, samples: 2}", linear, all / 2},
		{"hutchpp", linear, -all},
		{"hutchpp{noise: normal, samples: 2}", linear, -off / 2},
		{"hutchpp{noise: normal, samples: 4}", linear, 0}, // the sketch spans everything
		{"hutchpp", rankOne, 0},                           // the sketch spans the range of J
		{"hutchpp{samples: 2}", rankOne, 0},               // and its second direction is zero
		{"exact", linear, 0},
	} {
		t.Run(c.estimator, func(t *testing.T) {
			text := strings.NewReplacer("FIELD", c.field, "ESTIMATOR", c.estimator).Replace(trace)
			res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64"})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			m := res.Module.Models[0]
			mc, err := interp.New(res.Module, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := 20000
			if !m.Keyed() {
				n = 1
			}
			var sum, square, exact float64
			for row := range n {
				args := []interp.Tensor{interp.Of([]float64{1, -2, 0.5, 3}, 4)}
				if m.Keyed() {
					words := rt.Key{Seed: 3}.At(row).Words()
					args = append(args, interp.Of(words[:], len(words)))
				}
				out, err := mc.Call(m.Func, args...)
				if err != nil {
					t.Fatal(err)
				}
				exact = out[1].Data[0]
				d := out[0].Data[0] - exact
				sum += d / float64(n)
				square += d * d / float64(n)
			}
			if c.variance == 0 {
				if square > 1e-24 {
					t.Errorf("off by %g, and should be exact", math.Sqrt(square))
				}
				return
			}
			if d := math.Abs(sum) / math.Sqrt(square/float64(n)); d > 5 {
				t.Errorf("mean is off by %g, %g deviations", sum, d)
			}
			if c.variance > 0 && math.Abs(square/c.variance-1) > 0.1 || c.variance < 0 && square > -c.variance {
				t.Errorf("variance %g, theory %g", square, c.variance)
			}
		})
	}
}

// TestEstimatesOfSolve: directions stay the same during a solve and differ between samples, steps and
// solves; where training estimates and evaluation does not, each has its own.
func TestEstimatesOfSolve(t *testing.T) {
	source := strings.Replace(estimated, "\tder(x) = v\n", "\tder(x) = v\n\tstate e real = 0\n\tder(e) = div(v, x)\n", 1)
	source = strings.NewReplacer("(a, b, c, l, here real)", "(a, b, c, l, here, e real)", "by: hutchpp{noise: normal})\n", "by: hutchpp{noise: normal}), end.e\n",
		"here := End(x)", "here, e := End(x)", "metric l = l", "metric l = l\n\tmetric e = e\n\tmetric a = a").Replace(source)
	res, ds := driver.Compile(map[string]string{"a.nde": source}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m := res.Module
	weights, _ := weightsOf(m)
	mc, err := interp.New(m, weights)
	if err != nil {
		t.Fatal(err)
	}
	x := interp.Of([]float64{0.3, -0.2, 0.9}, 3)
	metrics := func(f *ir.Func, k rt.Key) (l, e, a float64) {
		words := k.Words()
		out, err := mc.Call(f, x, interp.Of(words[:], len(words)))
		if err != nil {
			t.Fatal(err)
		}
		return out[1].Data[0], out[2].Data[0], out[3].Data[0]
	}
	r := m.Recipes[0]
	l, e, a := metrics(r.Objective, rt.Key{Step: rt.EvalStep})
	if l != e {
		t.Errorf("evaluation gives %v, exact is %v", l, e)
	}
	if a == e {
		t.Error("an estimate is exact")
	}
	l1, e1, a1 := metrics(r.Grad, rt.Key{})
	if math.Abs(e1-e) > 1e-12 {
		t.Errorf("the exact divergence is %v in training and %v in evaluations", e1, e)
	}
	if l1 == e1 || a1 == l1 {
		t.Error("training does not estimate, or two estimates share directions")
	}
	for word, key := range map[string]func(n uint64) rt.Key{
		"row": func(n uint64) rt.Key { return rt.Key{Row: n} }, "step": func(n uint64) rt.Key { return rt.Key{Step: n} }, "seed": func(n uint64) rt.Key { return rt.Key{Seed: n} },
	} {
		seen := map[float64]bool{} // of four different estimates, z and -z giving the same
		for n := range uint64(32) {
			_, _, a := metrics(r.Grad, key(n))
			seen[a] = true
		}
		if len(seen) != 4 {
			t.Errorf("another %s gives %d different estimates, want 4", word, len(seen))
		}
	}
	if l2, _, a2 := metrics(r.Grad, rt.Key{}); l2 != l1 || a2 != a1 {
		t.Error("the same key gives other directions")
	}

	// During a solve: of a constant field the estimate of the integral is one estimate of the trace, times
	// the length of the solve, however many steps there are.
	constant := strings.NewReplacer("FIELD", "[x[0] + 2*x[1], 0.5*x[0] - x[1], 3*x[2] + x[3], x[0]]", "model Trace(x [4]real) (estimate, exact real) {\n\treturn div(f(x), x, by: ESTIMATOR), div(f(x), x)\n}",
		`system S {
	state x [4]real
	state l real = 0
	der(x) = f(x)
	der(l) = div(f(x), x, by: hutchinson)
}

model M(x [4]real) (l real) {
	return solve(S{x: x}, over: 0..3, with: rk4{steps: 7}).l
}`).Replace(trace)
	res, ds = driver.Compile(map[string]string{"a.nde": constant}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	if mc, err = interp.New(res.Module, nil); err != nil {
		t.Fatal(err)
	}
	for row := range 40 {
		words := rt.Key{Seed: 9}.At(row).Words()
		out, err := mc.Call(res.Module.Models[0].Func, interp.Of([]float64{1, 2, 3, 4}, 4), interp.Of(words[:], len(words)))
		if err != nil {
			t.Fatal(err)
		}
		// z·Jz = 3 + 2.5 z₀z₁ + z₂z₃ + z₀z₃, so that l is 3 times one of few values.
		if l := out[0].Data[0] / 3; math.Abs(2*l-math.Round(2*l)) > 1e-12 {
			t.Errorf("row %d: %v is not 3 times an estimate of the trace", row, l)
		}
	}
}
