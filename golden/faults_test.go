package golden

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// faulty has a solve to an end and one along times, a map with shared weights and two scans.
const faulty = `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net g(x, shift [2]real) [2]real {
	return sin(x + shift) |> Linear(2)
}

net r(xs [4, 2]real) [3]real {
	return xs |> GRU(3)
}

system Flow {
	state x [2]real
	context c real
	der(x) = f(x) - c*x*sin(t)
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Flow{x: x, c: c}, over: 0.2..1.4, with: midpoint{steps: 2})
	path := solve(Flow{x: x, c: c}, from: 0, at: [0.0, 0.3, 0.7, 1.0], with: SOLVER)
	minimize LOSS + sum(sin(path.x)) + sqnorm(end.x)
}
`

// byMaps is a loss on faulty's solves by a map and two scans.
const byMaps = "sqnorm(r(path.x)) + sum(sin(map(g, path.x, end.x)))"

// falling has events of several kinds, one of which ends the solve, and a loss on the time of that.
const falling = `package p

system Ball {
	state h, v real
	context wind real
	param e real = 0.5
	param g real = 2
	der(h) = v
	der(v) = -g - 0.1*v*abs(v) + wind*sin(real(t))
	when falling(h + 0.1*e*wind) {
		h = 0.05*wind
		v = -e*v + 0.1*g
	}
	when every(0.3) {
		v = v + 0.1*e*h
	}
	when rising(sin(real(t)*wind) + 0.1*v - 0.9) {
		h = h + e
		stop
	}
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Ball{h: x[0], v: x[1], wind: c}, over: 0..3, with: SOLVER)
	path := solve(Ball{h: x[0], v: 2*x[1], wind: c}, from: 0, at: [0.2, 0.5, 0.9, 1.6], with: SOLVER)
	minimize sin(end.h) + end.v^2 + sum(cos(path.h)) + sqnorm(path.v) ENDTIME
}
`

// runBy are the functions that running f runs.
func runBy(fs ...*ir.Func) map[*ir.Func]bool {
	set := map[*ir.Func]bool{}
	var add func(f *ir.Func)
	add = func(f *ir.Func) {
		if set[f] {
			return
		}
		set[f] = true
		for _, v := range f.Values {
			for _, g := range v.Callees() {
				add(g)
			}
		}
	}
	for _, f := range fs {
		add(f)
	}
	return set
}

// roles say what functions of solves, sweeps, maps and scans do for a derivative.
func roles(m *ir.Module) map[*ir.Func]string {
	out := map[*ir.Func]string{}
	set := func(role string, fs ...*ir.Func) {
		for _, f := range fs {
			if f != nil {
				out[f] = role
			}
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			switch {
			case v.Op == ir.OpRev:
				r := v.Attr.Rev
				set("step of a sweep", r.StepVJP)
				set("place in a step of a sweep", r.AtVJP, r.DenseVJP)
				set("event of a sweep", r.Events...)
				set("start of a method with memory", r.StartVJP, r.StartAtVJP)
			case v.Op == ir.OpMap:
				set("map", v.Attr.Map.Fn)
			case v.Op == ir.OpScan:
				set("scan", v.Attr.Scan.Fn)
			}
		}
	}
	for _, s := range m.Solves {
		set("field of a solve", s.Field)
		set("step of a solve", s.Step, s.DenseStep, s.Dense, s.Begin, s.Start, s.StartDense, s.Replay)
		for _, e := range s.Events {
			set("event of a solve", e.Reset)
		}
	}
	return out
}

// TestFaultsInLoops breaks, one at a time, every result of every function by which solves, maps, scans and events are
// differentiated: its sign is turned. The gradient then differs by far more than the tests of gradients allow, which
// have to notice it. A result without which the gradient is the same, as nobody reads it or it is zero, has no sign.
func TestFaultsInLoops(t *testing.T) {
	t.Parallel()
	broken := map[string]int{}
	mapping := strings.ReplaceAll(faulty, "LOSS", byMaps)
	faulty := strings.ReplaceAll(faulty, "LOSS", "sum(path.x)")
	type subject struct{ program, solver string }
	subjects := []subject{
		{mapping, "midpoint{steps: 2}"},
		{faulty, "midpoint{steps: 2, sensitivity: adjoint}"},
		{faulty, "midpoint{steps: 2, sensitivity: interpolated}"},
		{faulty, "midpoint{steps: 2, sensitivity: forward}"},
		{faulty, "alf{steps: 2, sensitivity: reversible}"},
		{faulty, "adams_bashforth{order: 3, steps: 4}"},
		{falling, "rk4{steps: 6}"},
		{falling, "rk4{steps: 6, sensitivity: forward}"},
	}
	if os.Getenv("NDEC_TEST_EXAMPLES") != "" {
		subjects = append(subjects, subject{falling, "rk4{steps: 6, sensitivity: checkpoint{every: 2}}"}, subject{falling, "rk4{steps: 6, sensitivity: interpolated}"},
			subject{falling, "rk4{steps: 3, sensitivity: quadrature}"}, subject{falling, "rk4{steps: 3, sensitivity: adjoint}"})
	}
	for _, c := range subjects {
		ofEnd := "+ real(end.t)"
		if strings.Contains(c.solver, "forward") {
			ofEnd = ""
		}
		res, ds := driver.Compile(map[string]string{"a.nde": strings.NewReplacer("SOLVER", c.solver, "ENDTIME", ofEnd).Replace(c.program)}, driver.Options{Precision: "f64", Until: "opt"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		m := res.Module
		weights, _ := weightsOf(m)
		if weights["Ball.e"] != nil {
			weights["Ball.e"], weights["Ball.g"] = []float64{0.6}, []float64{2.2}
		}
		r := m.Recipes[0]
		n := len(r.Objective.Results)
		// gradient is by weights and by columns, of those functions alone that run f.
		by := []*ir.Func{r.Grad, r.GradInputs}
		runs := []map[*ir.Func]bool{runBy(r.Grad), runBy(r.GradInputs)}
		gradient := func(f *ir.Func) []float64 {
			mc, err := interp.New(m, weights)
			if err != nil {
				t.Fatal(err)
			}
			var all []float64
			for i, g := range by {
				if f != nil && !runs[i][f] {
					continue
				}
				out, err := mc.Call(g, interp.Of([]float64{0.7, -0.4}, 2), interp.Scalar(0.9))
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range out[n:] {
					all = append(all, o.Data...)
				}
			}
			return all
		}
		want := gradient(nil)
		scale := 0.0
		for _, w := range want {
			scale = max(scale, math.Abs(w))
		}
		gradientOf := map[*ir.Func][]float64{}
		// with is how far the gradient moves where something else takes the place of a result of f.
		with := func(f *ir.Func, i int, other func(b *ir.Builder, old *ir.Value) *ir.Value) float64 {
			old, values := f.Results[i], len(f.Values)
			f.Results[i] = other(ir.Extend(f, m.Real), old)
			got := gradient(f)
			f.Results[i], f.Values = old, f.Values[:values]
			right := gradientOf[f]
			if right == nil {
				right = gradient(f)
				gradientOf[f] = right
			}
			change := 0.0
			for k := range right {
				if math.IsNaN(got[k]) {
					return math.Inf(1)
				}
				change = max(change, math.Abs(got[k]-right[k]))
			}
			return change
		}
		forward := runBy(r.Objective)
		role := roles(m)
		back := runBy(by...)
		for _, f := range m.Funcs {
			if !back[f] || forward[f] || role[f] == "" {
				continue
			}
			for i, old := range f.Results {
				if !old.Type.Elem.IsFloat() || old.IsConst(0) {
					continue
				}
				if with(f, i, func(b *ir.Builder, old *ir.Value) *ir.Value { return b.Zeros(old.Type) }) == 0 {
					continue
				}
				change := with(f, i, func(b *ir.Builder, old *ir.Value) *ir.Value { return b.Neg(old) })
				if !(change > 1e-6*scale) {
					t.Errorf("%s: the wrong sign of result %d of %s, a %s, changes the gradient by %.2g of %.2g", c.solver, i, f.Name, role[f], change, scale)
				}
				broken[role[f]]++
			}
		}
	}
	for _, role := range []string{"step of a sweep", "place in a step of a sweep", "event of a sweep", "start of a method with memory", "map", "scan",
		"field of a solve", "step of a solve", "event of a solve"} {
		if broken[role] == 0 {
			t.Errorf("nothing was broken in a %s", role)
		}
	}
	t.Log(fmt.Sprint(broken))
}
