package lower

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// decay is y' = -k y with everything that a system may have; with Euler's method each step
// multiplies by 1 - k h.
const decay = `package p

net k(x real) real {
	param w real = 2
	return w * x
}

system Decay {
	state y real
	state z [2]real = 0
	context c real
	param b real = 3
	double := 2 * y
	der(y) = -c * k(y) / 2
	der(z) = [real(t), initial(y)]
	integral area = y
	output twice = double
	output clock = t
	output shifted = y + b + initial(y) + c
}

solver E = euler{steps: 4}
solver R = rk4{step: 0.25}

model End(y, c real) (y1 real, z1 [2]real, area real, twice real, clock real, shifted real, n i32) {
	end := solve(Decay{y: y, c: c}, over: 0..1, with: E)
	return end.y, end.z, end.area, end.twice, real(end.clock), end.shifted, end.nfe
}

model Along(y, c real) (ys [3]real, twice [3]real, shifted [3]real) {
	path := solve(Decay{y: y, c: c}, from: 0, at: [0, 0.5, 1], with: E)
	return path.y, path.twice, path.shifted
}

model Back(y real) real {
	end := solve(Decay{y: y, c: 1}, over: 1..0, with: E)
	return end.y
}

model Chain(y real) (out real) {
	a := solve(Decay{y: y, c: 1}, over: 0..1, with: E)
	b := solve(Decay{y: a.y, c: 2, z: [y, 1]}, over: 0..0.5, with: R)
	return b.z[0]
}

model Fast = End{E: R}

model Twice(y real) (out real) {
	a, z, area, u, v, w, n := End(y, 1)
	b, z2, area2, u2, v2, w2, n2 := End(y, 1)
	return a + b + sum(z) + area2 + Back(y)
}

model Slope(y real) real {
	return rhs(Decay{y: y, c: 4}, t: 2).z |> sum
}
`

// Models compute what their source says.
func TestModels(t *testing.T) {
	m := compile(t, decay)
	mc := newMachine(t, m, map[string][]float64{"k.w": {2}, "Decay.b": {3}})
	q := 0.75 // 1 - c h with c = 1
	euler := func(y float64) []float64 {
		out := []float64{y}
		for range 4 {
			out = append(out, out[len(out)-1]*q)
		}
		return out
	}
	y := euler(2)
	area := 0.25 * (y[0] + y[1] + y[2] + y[3])
	one := func(xs ...float64) [][]float64 {
		var out [][]float64
		for _, x := range xs {
			out = append(out, []float64{x})
		}
		return out
	}
	stats := func(nfe, steps, end float64) [][]float64 { return one(nfe, steps, 0, 0, end) }
	z := []float64{0.25 * (0 + 0.25 + 0.5 + 0.75), 2}
	back := 2 * math.Pow(1.25, 4)

	// rk4 on a quarter: y' = -y multiplies by 1 - h + h²/2 - h³/6 + h⁴/24; the integral and the
	// time state come from the same stages.
	h := 0.25
	r4 := 1 - h + h*h/2 - h*h*h/6 + h*h*h*h/24
	fastY, fastArea := 2.0, 0.0
	for range 4 {
		fastArea += fastY * (1 - r4) // exactly: the integral of y is y0 - y1 for y' = -y
		fastY *= r4
	}

	for _, c := range []struct {
		model string
		args  [][]float64
		want  [][]float64
	}{
		{"End", one(2, 1), append([][]float64{{y[4]}, z, {area}, {2 * y[4]}, {1}, {y[4] + 3 + 2 + 1}, {4}}, stats(4, 4, 1)...)},
		{"Along", one(2, 1), append([][]float64{{y[0], y[2], y[4]}, {2 * y[0], 2 * y[2], 2 * y[4]}, {y[0] + 6, y[2] + 6, y[4] + 6}}, stats(4, 4, 1)...)},
		{"Back", one(2), append(one(back), stats(4, 4, 0)...)},
		{"Chain", one(2), append(append(one(2+0.125), stats(4, 4, 1)...), stats(8, 2, 0.5)...)},
		{"Fast", one(2, 1), append([][]float64{{fastY}, {0.5, 2}, {fastArea}, {2 * fastY}, {1}, {fastY + 6}, {16}}, stats(16, 4, 1)...)},
		{"Twice", one(2), append(append(one(2*y[4]+z[0]+z[1]+area+back), stats(4, 4, 1)...), stats(4, 4, 0)...)},
		{"Slope", one(5), one(2 + 5)},
	} {
		t.Run(c.model, func(t *testing.T) {
			mc.t = t
			for _, model := range m.Models {
				if model.Name == c.model {
					near(t, "result", mc.call(model.Func, c.args), c.want)
					if got, want := len(model.Func.Results), len(model.Outputs)+ir.NumStats*len(model.Solves); got != want {
						t.Errorf("%d results, want %d", got, want)
					}
					return
				}
			}
			t.Fatal("no such model")
		})
	}
}

// Paths give the start of each solve, of called models too.
func TestPaths(t *testing.T) {
	m := compile(t, decay)
	mc := newMachine(t, m, map[string][]float64{"k.w": {2}, "Decay.b": {3}})
	y1 := 2 * math.Pow(0.75, 4)
	// t0, t1, y, z, area, c, y_start
	for name, want := range map[string][][][]float64{
		"End":   {{{0}, {1}, {2}, {0, 0}, {0}, {7}, {2}}},
		"Along": {{{0}, {1}, {2}, {0, 0}, {0}, {7}, {2}}},
		"Back":  {{{1}, {0}, {2}, {0, 0}, {0}, {1}, {2}}},
		"Chain": {{{0}, {1}, {2}, {0, 0}, {0}, {1}, {2}}, {{0}, {0.5}, {y1}, {2, 1}, {0}, {2}, {y1}}},
		"Twice": {{{0}, {1}, {2}, {0, 0}, {0}, {1}, {2}}, {{1}, {0}, {2}, {0, 0}, {0}, {1}, {2}}},
	} {
		for _, model := range m.Models {
			if model.Name != name {
				continue
			}
			if len(model.Paths) != len(want) {
				t.Fatalf("%s: %d paths, want %d", name, len(model.Paths), len(want))
			}
			for i, p := range model.Paths {
				near(t, p.Name, mc.call(p, [][]float64{{2}, {7}}[:len(model.Inputs)]), want[i])
			}
		}
	}
}

// Solves are filled in from the solver, each with functions of its own.
func TestSolves(t *testing.T) {
	m := compile(t, decay)
	type row struct {
		Name, Solver, Method, Field string
		Steps                       int
		StepSize                    float64
		Times                       int
	}
	var got []row
	for _, s := range m.Solves {
		got = append(got, row{s.Name, s.Solver, s.Method, s.Field.Name, s.Steps, s.StepSize, s.Times})
		if s.Field.Region.Kind != ir.RegionStage || s.Field.Region.Parent != s.Step.Region || s.Step.Region.Parent != s.Region || s.Region.Parent != ir.SampleRegion {
			t.Errorf("%s: regions are not sample > solve > step > stage", s.Name)
		}
		var norm []bool
		for _, st := range s.States {
			norm = append(norm, st.InNorm)
		}
		if d := cmp.Diff([]bool{true, true, false}, norm); d != "" {
			t.Errorf("%s: states in the norm (-want +got):\n%s", s.Name, d)
		}
	}
	want := []row{
		{"End.0", "E", "euler", "Decay.field", 4, 0, 0},
		{"Along.0", "E", "euler", "Decay.field.1", 4, 0, 3},
		{"Back.0", "E", "euler", "Decay.field.2", 4, 0, 0},
		{"Chain.0", "E", "euler", "Decay.field.3", 4, 0, 0},
		{"Chain.1", "R", "rk4", "Decay.field.4", 0, 0.25, 0},
		{"Fast.0", "R", "rk4", "Decay.field.5", 0, 0.25, 0},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// Values of tensors, conversions and layers.
func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		name, body string
		result     string
		want       []float64
	}{
		{"index", "return x[1]", "real", []float64{2}},
		{"slice", "return x[1:3]", "[2]real", []float64{2, 3}},
		{"row and column", "m := [[1, 2, 3], x]\n\treturn m[1, 0:2]", "[2]real", []float64{1, 2}},
		{"stack", "return [x[2], x[0]]", "[2]real", []float64{3, 1}},
		{"concat", "return concat(x, 7)", "[4]real", []float64{1, 2, 3, 7}},
		{"power", "return x[1] ^ 3 - 1", "real", []float64{7}},
		{"matrix", "m := [[1, 2, 3], [0, 1, 0]]\n\treturn m @ x", "[2]real", []float64{14, 2}},
		{"select", "return select(x[0] > x[1], x[0], x[1])", "real", []float64{2}},
		{"definition", "y := x + x\n\tz := y * y\n\treturn sum(z)", "real", []float64{56}},
		{"linear", "return x |> Linear(2) |> relu", "[2]real", []float64{15, 0}},
		{"scalar", "return x |> Linear(2) |> tanh |> Linear()", "real", []float64{1 + math.Tanh(15) + math.Tanh(-5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := compile(t, "package p\n\nnet f(x [3]real) "+c.result+" {\n\t"+c.body+"\n}\n")
			all := map[string][]float64{"f.0.weight": {1, 2, 3, -1, -1, -1}, "f.0.bias": {1, 1}, "f.2.weight": {1, 1}, "f.2.bias": {1}}
			mc := newMachine(t, m, all)
			near(t, "f", mc.call(m.FuncByName("f"), [][]float64{{1, 2, 3}}), [][]float64{c.want})
		})
	}
}

const training = `package p

net f(x real) real {
	return [x] |> Linear()
}

system S {
	state x real
	der(x) = f(x)
}

model M(x real) (y real) {
	end := solve(S{x: x}, over: 0..1, with: euler{steps: 1})
	return end.x
}

data D {
	x real
	y real
	source: csv{path: "d.csv"}
}

train Plain {
	data: D
	batch: full
	minimize sqnorm([M(x) - y])
	metric err = abs(M(x) - y)
	epochs: 1
	optimizer: adam{lr: 0.01}
}

train Averages {
	data: D
	batch: full
	e := M(x) - y
	minimize 2 * avg(e * e) + x
	metric rmse = sqrt(avg(e * e)) / 2
	metric plain = e
	metric ratio = avg(x) / avg(y)
	metric share = (2*abs(e) - x) / avg(abs(y)) - avg(x)*e + 1
	epochs: 1
	optimizer: adam{lr: 0.01}
	freeze: f
}
`

// Objectives give the loss, the terms of the metrics and the statistics of one solve, however
// often the model is called.
func TestRecipes(t *testing.T) {
	m := compile(t, training)
	mc := newMachine(t, m, map[string][]float64{"f.0.weight": {2}, "f.0.bias": {1}})
	stats := [][]float64{{1}, {1}, {0}, {0}, {1}}
	in := [][]float64{{3}, {4}} // M(3) = 3 + (2*3 + 1) = 10

	plain, avg := m.Recipes[0], m.Recipes[1]
	near(t, "Plain", mc.call(plain.Objective, in), append([][]float64{{36}, {6}}, stats...))
	if plain.Combine != nil {
		t.Error("Plain has no avg, but a Combine")
	}
	near(t, "Averages", mc.call(avg.Objective, in), append([][]float64{{75}, {36}, {6}, {3}, {4}, {9}, {4}, {3}, {6}}, stats...))
	near(t, "Combine", mc.call(avg.Combine, [][]float64{{100}, {6}, {3}, {4}, {10}, {5}, {3}, {7}}), [][]float64{{5}, {6}, {0.75}, {2 - 21 + 1}})
	if d := cmp.Diff([]string{"rmse", "plain", "ratio", "share"}, avg.Metrics); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
	if len(plain.Frozen) != 0 || len(avg.Frozen) != 2 {
		t.Errorf("frozen: %d and %d parameters, want 0 and 2", len(plain.Frozen), len(avg.Frozen))
	}
	if len(m.Data) != 1 || len(m.Data[0].Columns) != 2 || len(avg.Settings) == 0 {
		t.Error("data or settings are missing")
	}
}

// What lowering refuses is a limitation with a place.
func TestRefused(t *testing.T) {
	head := "package p\n\ndata D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 1\n\toptimizer: adam{lr: 0.1}\n"
	for _, c := range []struct{ name, src string }{
		{"root of a mean", head + "\tminimize sqrt(avg(x * x))\n}\n"},
		{"product of means", head + "\tminimize avg(x) * avg(x)\n}\n"},
		{"sample beside mean", head + "\tminimize x\n\tmetric m = sqrt(avg(x) * x)\n}\n"},
	} {
		m, list := Lower(check(t, c.src, "f32"))
		if m != nil || len(list) != 1 || list[0].Code != unsharedMean || !list[0].Span.IsValid() {
			t.Errorf("%s: got %v", c.name, list)
		}
	}
}

// A mistake of an earlier phase is reported as a compiler bug, once, and does not stop others.
func TestCompilerBug(t *testing.T) {
	p := check(t, decay, "f32")
	real := sema.Scalar(sema.Real)
	p.Funcs[0].Result = &sema.Op{Node: sema.Node{T: real}, Op: ir.OpMatVec, Args: []sema.Expr{
		&sema.Lit{Node: sema.Node{T: real}}, &sema.Lit{Node: sema.Node{T: real}}}}
	m, list := Lower(p)
	if m != nil || len(list) != 1 || list[0].Code != compilerBug {
		t.Errorf("got %v", list)
	}
}

// The options of an adaptive solver arrive, those of its controller too.
func TestAdaptive(t *testing.T) {
	m := compile(t, `package p

system S {
	state x real
	der(x) = -x
}

solver A = dopri5{rtol: 1e-7, atol: 1e-8, max_steps: 77, first_step: 0.01, control: i{safety: 0.8, min: 0.3}}

model M(x real) real {
	end := solve(S{x: x}, over: 0..1, with: A)
	return end.x
}
`)
	s := m.Solves[0]
	got := []any{s.RTol, s.ATol, s.MaxSteps, s.FirstStep, s.MinFactor, s.Adaptive, s.Sensitivity.Row}
	if d := cmp.Diff([]any{1e-7, 1e-8, 77, 0.01, 0.3, true, "backprop"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	out := newMachine(t, m, nil).call(m.Models[0].Func, [][]float64{{1}})
	if d := out[0][0] - math.Exp(-1); !(math.Abs(d) < 1e-6) {
		t.Errorf("the solve is off by %g", d)
	}
	if out[1+ir.StatStatus][0] != ir.StatusOK || out[1+ir.StatTime][0] != 1 {
		t.Errorf("status %v at time %v", out[1+ir.StatStatus][0], out[1+ir.StatTime][0])
	}
}

// Functions have different names, and callees come before callers.
func TestFunctions(t *testing.T) {
	sizes := "package p\n\nfn f[n](x [n]real) real {\n\treturn sum(x)\n}\n\nfn f_3(x real) real {\n\treturn x\n}\n\n" +
		"fn g(x [3]real) real {\n\treturn f(x) + f(x[0:2]) + f_3(x[0])\n}\n"
	for _, src := range []string{sizes, decay, training} {
		m := compile(t, src)
		seen, names := map[*ir.Func]bool{}, map[string]bool{}
		for _, f := range m.Funcs {
			for _, v := range f.Values {
				if v.Op == ir.OpCall && !seen[v.Attr.Func] {
					t.Errorf("%s calls %s, which comes later or not at all", f.Name, v.Attr.Func.Name)
				}
			}
			if names[f.Name] {
				t.Errorf("two functions are called %s", f.Name)
			}
			seen[f], names[f.Name] = true, true
		}
	}
}
