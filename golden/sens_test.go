package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// sensProgram has parameters, a trained start, a context, an initial value, an integral and a parameter
// that only an output reads, in a solve to the end and in one with output times; both run twice.
const sensProgram = `package sens

net f(x [2]real) [2]real {
	return x |> Linear(5) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	state l real = 0
	context c real
	param k real = 0.3
	param gain real = 0.5
	integral work = k * sqnorm(x) + 0.1*c
	der(x) = f(x) - c*k*x*sin(t) + 0.1*initial(x)
	der(l) = -div(f(x), x)
	output e = gain * x[0]
}

solver Fwd = SOLVER

model End(x [2]real, c real) (y [2]real, l real, w real) {
	end := solve(Flow{x: x, c: c*x[0]}, over: 0.2..1.4, with: Fwd)
	return end.x, end.l + end.e, end.work
}

model Path(x [2]real, c real) (y [4, 2]real, w [4]real) {
	end := solve(Flow{x: x, c: c}, from: 0, at: [0.0, 0.3, 0.7, 1.0], with: Fwd)
	return end.x, end.work
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 3
	optimizer: adam{lr: 0.01}
	y, l, w := End(x, c)
	ys, ws := Path(0.5*x, c)
	zs, vs := Path(y, c)
	minimize sum(sin(y)) + 0.3*l + 0.1*w + sum(ys^2) + ws[1]*ws[3] + sum(zs*ys) + vs[2]
	metric end = y[0]
}
`

// gradients are those of recipe Fit by parameters and by columns, for a row of data.
func gradients(t *testing.T, source string) (m *ir.Module, params, columns map[string][]float64) {
	t.Helper()
	res, ds := driver.Compile(map[string]string{"sens.nde": source}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m = res.Module
	weights := map[string][]float64{}
	for _, p := range m.Params {
		x := make([]float64, p.Type.Len())
		for i := range x {
			x[i] = 0.6 * math.Sin(float64(5*i*i+3*i+len(p.Name)+1))
		}
		weights[p.Name] = x
	}
	mc, err := interp.New(m, weights)
	if err != nil {
		t.Fatal(err)
	}
	r := m.Recipes[0]
	in := []interp.Tensor{interp.Of([]float64{0.7, -0.4}, 2), interp.Scalar(0.9)}
	call := func(f *ir.Func) []interp.Tensor {
		out, err := mc.Call(f, in...)
		if err != nil {
			t.Fatal(err)
		}
		if len(mc.Failed) > 0 {
			t.Fatalf("%s failed", mc.Failed[0].Solve.Name)
		}
		return out[len(r.Objective.Results):]
	}
	params, columns = map[string][]float64{}, map[string][]float64{}
	for k, g := range call(r.Grad) {
		params[r.Trained[k].Name] = g.Data
	}
	for k, g := range call(r.GradInputs) {
		columns[r.Columns[k].Name] = g.Data
	}
	return m, params, columns
}

// apart is the largest difference of two sets of gradients, relative to the largest element of a name.
func apart(t *testing.T, got, want map[string][]float64) float64 {
	t.Helper()
	worst := 0.0
	for name, w := range want {
		g := got[name]
		if len(g) != len(w) {
			t.Fatalf("%s: %d numbers, want %d", name, len(g), len(w))
		}
		var d, scale float64
		for i := range w {
			d, scale = max(d, math.Abs(g[i]-w[i])), max(scale, math.Abs(w[i]))
			if math.IsNaN(g[i]) {
				t.Fatalf("%s[%d] is NaN", name, i)
			}
		}
		if d > 0 {
			worst = max(worst, d/scale)
		}
	}
	return worst
}

// TestSensitivities compares every sensitivity with backprop, over fixed and adaptive methods: those
// that differentiate the steps agree to rounding, those that differentiate the equation to the
// accuracy of the solve.
func TestSensitivities(t *testing.T) {
	solver := func(s, sensitivity string) string {
		return strings.Replace(sensProgram, "SOLVER", strings.Replace(s, "}", ", sensitivity: "+sensitivity+"}", 1), 1)
	}
	for _, s := range []string{"dopri5{rtol: 1e-10, atol: 1e-10}", "dopri5{rtol: 1e-10, atol: 1e-10, compat: torchdiffeq}", "rk4{steps: 200}"} {
		_, wantParams, wantColumns := gradients(t, solver(s, "backprop"))
		for _, row := range []struct {
			sensitivity string
			tol         float64
		}{
			{"adjoint", 1e-7},
			{"adjoint{restart: solved}", 1e-7},
			{"adjoint{seminorm: false}", 1e-7},
			{"adjoint{with: tsit5{rtol: 1e-10, atol: 1e-10}}", 1e-7},
			{"adjoint{with: rk4{steps: 400}}", 1e-7},
			{"quadrature", 1e-7},
			{"quadrature{restart: solved, points: 6}", 1e-7},
			{"quadrature{with: vern7{rtol: 1e-10, atol: 1e-10}}", 1e-7},
			{"checkpoint{every: 3}", 1e-12},
			{"checkpoint{memory: 1e6}", 1e-12},
			{"interpolated", 1e-7},
			{"forward", 1e-12},
		} {
			t.Run(s+" "+row.sensitivity, func(t *testing.T) {
				_, params, columns := gradients(t, solver(s, row.sensitivity))
				if d := apart(t, params, wantParams); d > row.tol {
					t.Errorf("by parameters: %.2g from backprop, want at most %g", d, row.tol)
				}
				if d := apart(t, columns, wantColumns); d > row.tol {
					t.Errorf("by columns: %.2g from backprop, want at most %g", d, row.tol)
				}
			})
		}
	}
}

// nested has derivatives of solves in its model, which training differentiates again.
const nested = `package nested

net f(x [2]real) [2]real {
	return x |> Linear(4) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	context c real
	param k real = 0.3
	integral work = k * sqnorm(x)
	der(x) = f(x) - c*k*x*sin(t)
}

solver Fwd = SOLVER

model M(x, v [2]real, c, late real) (s real) {
	end := solve(Flow{x: x, c: c}, over: 0..1, with: Fwd)
	path := solve(Flow{x: x, c: c}, from: 0, at: [0.25, 0.6, 1], with: Fwd)
	e := sum(end.x^2) + end.work
	g := grad(e, x)
	j := jac(end.x, x)
	h := hess(e, x)
	p := jvp(path.x, x, v)
	d := div(end.x, x) + grad(e, c)
	return sqnorm(g) + sum(sin(j)) + h[0, 1]*h[1, 1] + sum(p^2) + d^2
}

data D {
	x, v [2]real
	c, late real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 3
	optimizer: adam{lr: 0.01}
	minimize M(x, v, c, late)
	metric m = c
}
`

// timed has inputs as times of solves.
var timed = strings.NewReplacer("over: 0..1", "over: c..2*late", "at: [0.25, 0.6, 1]", "at: concat(c, [0.7], late)", "from: 0", "from: 0.5*c",
	"jvp(path.x, x, v)", "path.x + jvp(path.x, c, 1)", "h[0, 1]*h[1, 1]", "0.1*h[0, 1]").Replace(nested)

// TestNestedThroughSolve compares gradients of objectives with derivatives of solves in them with central
// differences. rk4 has the same steps at every point, so that they are those of the discrete map; the
// derivative by times is that of the flow.
func TestNestedThroughSolve(t *testing.T) {
	for _, c := range []struct {
		name, source, solver string
		tol                  float64
	}{
		{"fixed", nested, "rk4{steps: 3}", 1e-7},
		{"adaptive", nested, "dopri5{rtol: 1e-10, atol: 1e-10}", 1e-6},
		{"times", timed, "rk4{steps: 60}", 1e-6},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, ds := driver.Compile(map[string]string{"nested.nde": strings.Replace(c.source, "SOLVER", c.solver, 1)}, driver.Options{Precision: "f64"})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			m, r := res.Module, res.Module.Recipes[0]
			weights := map[string][]float64{}
			for _, p := range m.Params {
				for i := range p.Type.Len() {
					weights[p.Name] = append(weights[p.Name], 0.6*math.Sin(float64(5*i*i+3*i+len(p.Name)+1)))
				}
			}
			in := []interp.Tensor{interp.Of([]float64{0.7, -0.4}, 2), interp.Of([]float64{0.3, 0.8}, 2), interp.Scalar(0.2), interp.Scalar(0.9)}
			call := func(f *ir.Func) []interp.Tensor {
				mc, err := interp.New(m, weights)
				if err != nil {
					t.Fatal(err)
				}
				out, err := mc.Call(f, in...)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			check := func(name string, x, got []float64) {
				scale := 0.0
				for i := range x {
					old := x[i]
					slope := func(h float64) float64 {
						x[i] = old + h
						up := call(r.Objective)[0].Data[0]
						x[i] = old - h
						down := call(r.Objective)[0].Data[0]
						x[i] = old
						return (up - down) / (2 * h)
					}
					want := (4*slope(5e-4) - slope(1e-3)) / 3
					scale = max(scale, math.Abs(want), 1)
					if d := math.Abs(got[i] - want); !(d <= c.tol*scale) {
						t.Errorf("d/d%s[%d] is %.12g, central differences give %.12g", name, i, got[i], want)
					}
				}
			}
			out := call(r.Grad)[len(r.Objective.Results):]
			for k, p := range r.Trained {
				check(p.Name, weights[p.Name][:1], out[k].Data)
			}
			for k, g := range call(r.GradInputs)[len(r.Objective.Results):] {
				check(r.Columns[k].Name, in[k].Data, g.Data)
			}
		})
	}
}

// TestGradientCost counts multiply-adds of a step forward and back: a field recomputed, and a derivative by
// states and parameters for each stage, are at most 4 times the field, since a stage's activations are made once for both.
func TestGradientCost(t *testing.T) {
	source := strings.NewReplacer("PACKAGE", "deep", "SOLVER", "rk4{steps: 10}", "FREEZE", "").Replace(deep)
	res, ds := driver.Compile(map[string]string{"deep.nde": source}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	for _, v := range res.Module.Recipes[0].Grad.Values {
		if v.Op != ir.OpRev {
			continue
		}
		rev := v.Attr.Rev
		step, back := res.Plan.Of(rev.Solve.Step).Cost.MulAdds, res.Plan.Of(rev.StepVJP).Cost.MulAdds
		t.Logf("%d multiply-adds forward, %d back: %.2f", step, back, float64(step+back)/float64(step))
		if ratio := float64(step+back) / float64(step); step == 0 || ratio > 4 {
			t.Errorf("forward and back take %.2f times the multiply-adds of forward", ratio)
		}
		return
	}
	t.Error("no reverse sweep")
}
