package lower

import (
	"math"
	"testing"
)

// hyper is y' = -k y with a context and an integral, and hypersolvers over several bases.
const hyper = `package p

system Decay {
	state y real
	state z real = 1
	context c real
	param k real = 2
	rate := k * c
	der(y) = -rate * y
	der(z) = y
	integral area = y
}

net zero(h real, y real, dy real) real {
	return [h, y, dy] |> Linear(init: zeros)
}

hypersolver Zero for Decay {
	base: euler{steps: 4}
	residual(y) = zero(h, y, der(y))
}

// Taylor adds the second term of the series: y'' / 2 = -rate y' / 2.
hypersolver Taylor for Decay {
	base: euler{steps: 4}
	residual(y) = -0.5 * rate * der(y)
	residual(z) = 0.5 * der(y)
}

hypersolver ZeroHeun for Decay {
	base: heun
	residual(y) = zero(h, y, der(y))
}

solver E = euler{steps: 4}

model Base(y, c real) (y1 real, z1 real, area real, n i32) {
	end := solve(Decay{y: y, c: c}, over: 0..1, with: E)
	return end.y, end.z, end.area, end.nfe
}

model Same = Base{E: Zero}
model Better = Base{E: Taylor}
model Two = Base{E: Taylor{steps: 2}}
model Heun = Base{E: heun{steps: 3}}
model SameHeun = Base{E: ZeroHeun{steps: 3}}

model Along(y, c real) [3]real {
	return solve(Decay{y: y, c: c}, from: 0, at: [0, 0.5, 1], with: Taylor{steps: 2}).y
}
`

func zeros(n int) []float64 { return make([]float64, n) }

// TestHypersolver: an untrained residual changes nothing, der(x) costs no evaluation, and the power
// of h is that of the base's local error.
func TestHypersolver(t *testing.T) {
	m := compile(t, hyper)
	mc := newMachine(t, m, map[string][]float64{"Decay.k": {2}, "zero.0.weight": zeros(3), "zero.0.bias": zeros(1)})
	run := func(name string) [][]float64 { return mc.call(m.FuncByName(name), [][]float64{{1.5}, {0.25}}) }
	for _, pair := range [][2]string{{"Base", "Same"}, {"Heun", "SameHeun"}} {
		want, got := run(pair[0]), run(pair[1])
		for i := range want {
			if math.Float64bits(want[i][0]) != math.Float64bits(got[i][0]) {
				t.Errorf("%s: result %d is %v, that of %s is %v", pair[1], i, got[i], pair[0], want[i])
			}
		}
	}
	const rate = 0.5
	step := func(h float64) float64 { return 1 - rate*h + rate*rate*h*h/2 }
	for _, row := range []struct {
		name  string
		steps int
	}{{"Better", 4}, {"Two", 2}} {
		got := run(row.name)
		h := 1 / float64(row.steps)
		y, z := 1.5, 1.0
		for range row.steps {
			z += h*y - h*h*rate*y/2
			y *= step(h)
		}
		for i, want := range []float64{y, z} {
			if math.Abs(got[i][0]-want) > 1e-14 {
				t.Errorf("%s: state %d is %v, want %v", row.name, i, got[i][0], want)
			}
		}
		if got[3][0] != float64(row.steps) {
			t.Errorf("%s: %v evaluations, want one per step", row.name, got[3][0])
		}
	}
	path := mc.call(m.FuncByName("Along"), [][]float64{{1.5}, {0.25}})[0]
	for i, want := range []float64{1.5, 1.5 * step(0.5), 1.5 * step(0.5) * step(0.5)} {
		if math.Abs(path[i]-want) > 1e-14 {
			t.Errorf("at time %d: %v, want %v", i, path[i], want)
		}
	}
}

// exactly has the residual that makes Euler's method exact for y' = -y/2.
const exactly = `package p

system Decay {
	state y real
	der(y) = -0.5 * y
}

hypersolver Exact for Decay {
	base: euler
	residual(y) = (exp(-0.5*h) - 1 + 0.5*h) * y / h^2
}

hypersolver Off for Decay {
	base: euler{steps: 3}
	residual(y) = (exp(-0.5*h) - 1 + 0.5*h) * y / h^2 + 0.25
}

data D {
	y real
	source: csv{path: "d.csv"}
}

train R {
	data: D
	minimize residual_error(Exact, Decay{y}, over: 0..1, steps: 2..5, reference: rk4{steps: 60})
	metric t = trajectory_error(Exact, Decay{y}, over: 0..1, steps: 2..5, reference: rk4{steps: 60})
	metric off = residual_error(Off, Decay{y}, over: 0..1, reference: rk4{steps: 60})
	metric half = trajectory_error(Off, Decay{y}, over: 0..1, steps: 1, reference: rk4{steps: 60})
	epochs: 1
	optimizer: adam{lr: 0.1}
}
`

// TestHyperObjectives: the exact residual has no error, one that is off by d has the error d²,
// whatever the mesh, and is off by h² d after one step.
func TestHyperObjectives(t *testing.T) {
	m := compile(t, exactly)
	mc := newMachine(t, m, nil)
	got := mc.call(m.Recipes[0].Objective, [][]float64{{1.5}})
	for i, row := range []struct {
		want, tol float64
	}{{0, 1e-12}, {0, 1e-16}, {0.0625, 1e-7}, {0.0625, 1e-7}} {
		if math.Abs(got[i][0]-row.want) > row.tol {
			t.Errorf("figure %d is %v, want %v", i, got[i][0], row.want)
		}
	}
}
