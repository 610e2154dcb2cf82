package lower

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/ir/method"
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
	got := mc.call(m.Recipes[0].Objective, [][]float64{{1.5}, key(1, 0, 0)})
	for i, row := range []struct {
		want, tol float64
	}{{0, 1e-12}, {0, 1e-16}, {0.0625, 1e-7}, {0.0625, 1e-7}} {
		if math.Abs(got[i][0]-row.want) > row.tol {
			t.Errorf("figure %d is %v, want %v", i, got[i][0], row.want)
		}
	}
}

// TestHyperEvents: the steps in which an event happens in the reference, or after which it has ended, do not count; the others are those
// of the exact residual, or off by d in each.
func TestHyperEvents(t *testing.T) {
	text := strings.Replace(exactly, "der(y) = -0.5 * y\n", "der(y) = -0.5 * y\n\twhen every(0.35) { y = 1.1*y }\n\twhen falling(y - 1.12 - 0.1*real(t)) { stop }\n", 1)
	text = strings.Replace(text, "residual_error(Off, Decay{y}, over: 0..1,", "residual_error(Off, Decay{y}, over: 0..1, steps: 8,", 1)
	text = strings.Replace(text, "metric half", "metric fixed = trajectory_error(Exact, Decay{y}, over: 0..1, steps: 8, reference: rk4{steps: 60})\n\tmetric half", 1)
	m := compile(t, text)
	mc := newMachine(t, m, nil)
	// From 1.5 it falls to 1.5 e^-0.175, is multiplied, and reaches the line at 0.627, in the sixth of eight steps; the third has the first event.
	for seed := range 5 {
		got := mc.call(m.Recipes[0].Objective, [][]float64{{1.5}, key(seed, 0, 0)})
		for i, row := range []struct {
			want, tol float64
		}{{0, 1e-11}, {0, 1e-15}, {0.0625 * 4 / 8, 1e-7}, {0, 1e-15}, {0, 0}} {
			if math.Abs(got[i][0]-row.want) > row.tol {
				t.Errorf("figure %d is %v, want %v", i, got[i][0], row.want)
			}
		}
	}
}

// drawn has the objectives of a residual that is no good, over a drawn number of steps and over each.
const drawn = `package p

system Decay {
	state y real
	context c real
	der(y) = -c * y + t
}

hypersolver Off for Decay {
	base: midpoint
	residual(y) = 0.3*y + h*der(y) - c
}

data D {
	y, c real
	source: csv{path: "d.csv"}
}

train R {
	data: D
	minimize residual_error(Off, Decay{y, c}, over: 1..2, steps: 2..5, reference: rk4{steps: 60})
	metric t = trajectory_error(Off, Decay{y, c}, over: 1..2, steps: 2..5, reference: rk4{steps: 60})
	EACH
	epochs: 1
	optimizer: adam{lr: 0.1}
}
`

// TestDrawnSteps: at a key both objectives are those of one of the step counts, the same for both and for every row;
// every count occurs, and least squares takes all of them.
func TestDrawnSteps(t *testing.T) {
	each := ""
	for n := 2; n <= 5; n++ {
		for _, f := range []string{"residual", "trajectory"} {
			each += fmt.Sprintf("metric %s%d = %s_error(Off, Decay{y, c}, over: 1..2, steps: %d, reference: rk4{steps: 60})\n\t", f[:1], n, f, n)
		}
	}
	m := compile(t, strings.Replace(drawn, "EACH", each, 1))
	mc := newMachine(t, m, nil)
	f := m.Recipes[0].Objective
	seen := map[int]int{}
	for step := range 60 {
		at := -1
		for row, in := range [][]float64{{1.5, 0.5}, {-0.3, 2}, {4, 1}} {
			got := mc.call(f, [][]float64{in[:1], in[1:], key(7, row, step)})
			k := -1
			for i := range 4 {
				if math.Abs(got[0][0]-got[2+2*i][0]) < 1e-9 && math.Abs(got[1][0]-got[3+2*i][0]) < 1e-12 {
					k = i
				}
			}
			if k < 0 || row > 0 && k != at {
				t.Fatalf("step %d, row %d: %v are the objectives of no step count, or of another than in row 0", step, row, got[:10])
			}
			at = k
		}
		seen[at]++
	}
	if len(seen) != 4 {
		t.Errorf("step counts drawn in 60 steps: %v", seen)
	}
}

// decayOver is y' = -y/2 with a hypersolver over a base of order p whose residual is exact, but for off: one step of
// the base multiplies by the first terms of the exponential series.
const decayOver = `package p

system Decay {
	state y real
	der(y) = -0.5 * y
}

hypersolver H for Decay {
	base: BASE
	residual(y) = (exp(-0.5*h) - SERIES) * y / h^POWER + OFF
}

model Steps(y real) [5]real {
	return solve(Decay{y: y}, from: 0, at: [0.25, 0.5, 0.75, 1, 1.25], with: H{steps: 5}).y
}

model One(y real) real {
	return solve(Decay{y: y}, over: 0..1, with: H{steps: 1}).y
}

model Half(y real) real {
	return solve(Decay{y: y}, over: 0..0.5, with: H{steps: 1}).y
}
`

// TestExactResidual: over every base of order p a hypersolver with the exact residual hits every point of the mesh,
// and one whose residual is off by d is off by d h^(p+1) after a step.
func TestExactResidual(t *testing.T) {
	n := 0
	for _, row := range method.Rows(method.Solver) {
		if row.Family != method.FixedStep || row.Later || row.Tableau == nil { // a residual needs a tableau
			continue
		}
		n++
		p := row.Order()
		base, series, factor := row.Name, "1", 1.0
		if row.Name == "alpha" {
			base = "alpha{a: 0.3}"
		}
		for k := 1; k <= p; k++ {
			factor *= float64(k)
			series += fmt.Sprintf(" - (-1)^%d * (0.5*h)^%d / %g", k+1, k, factor)
		}
		run := func(off float64, model string) []float64 {
			src := strings.NewReplacer("BASE", base, "SERIES", "("+series+")", "POWER", fmt.Sprint(p+1), "OFF", fmt.Sprint(off)).Replace(decayOver)
			m := compile(t, src)
			return newMachine(t, m, nil).call(m.FuncByName(model), [][]float64{{1.5}})[0]
		}
		for k, y := range run(0, "Steps") {
			if want := 1.5 * math.Exp(-0.125*float64(k+1)); math.Abs(y-want) > 1e-12 {
				t.Errorf("%s: point %d is %v, want %v", base, k+1, y, want)
			}
		}
		for _, off := range []float64{0.01, 0.02} {
			one, half := run(off, "One")[0]-1.5*math.Exp(-0.5), run(off, "Half")[0]-1.5*math.Exp(-0.25)
			if math.Abs(one-off) > 1e-12 {
				t.Errorf("%s: a residual off by %g is off by %v after a step of 1", base, off, one)
			}
			if slope := math.Log2(one / half); math.Abs(slope-float64(p+1)) > 1e-9 {
				t.Errorf("%s: the local error grows as h^%v, want h^%d", base, slope, p+1)
			}
		}
	}
	if n < 8 {
		t.Errorf("%d bases", n)
	}
}

// single is y' = -y/2 with the exact residual of Euler's method as its series in h, which f32 holds to the last bits, and
// what the residual has to be, computed in the module's precision.
const single = `package p

system Decay {
	state y real
	der(y) = -0.5 * y
}

hypersolver Exact for Decay {
	base: euler{steps: 20}
	residual(y) = y * (0.125 - h/48*(1 - h/8*(1 - h/10)))
}

model Want(y real) real {
	end := solve(Decay{y: y}, over: 0..0.05, with: rk4{steps: 4})
	return (end.y - y - 0.05*rhs(Decay{y: y}).y) / 0.0025
}

data D {
	y real
	source: csv{path: "d.csv"}
}

train R {
	data: D
	minimize residual_error(Exact, Decay{y}, over: 0..1, reference: rk4{steps: 80})
	epochs: 1
	optimizer: adam{lr: 0.1}
}
`

// TestReferenceInF64: in a module of f32 what a residual has to be is right to the last bits of f32, where the same
// expression in f32 is off in the fourth digit.
func TestReferenceInF64(t *testing.T) {
	m := lowered(t, single, "f32")
	mc := newMachine(t, m, nil)
	mc.Round32 = true
	worst, naive := 0.0, 0.0
	for i := range 20 {
		y := float64(float32(0.7 + 0.1*float64(i)))
		worst = max(worst, math.Sqrt(mc.call(m.Recipes[0].Objective, [][]float64{{y}})[0][0])/y)
		naive = max(naive, math.Abs(mc.call(m.Models[0].Func, [][]float64{{y}})[0][0]/y-(math.Exp(-0.025)-1+0.025)/0.0025))
	}
	if worst > 0.125*0x1p-22 {
		t.Errorf("the residual is off by %.3g of the state", worst)
	}
	if naive < 100*worst {
		t.Errorf("in f32 it is off by %.3g, and with a reference in f64 by %.3g", naive, worst)
	}
}
