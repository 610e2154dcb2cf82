package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// traced is a flow along FIELD, a function of t, z and c, with its exact divergence in the solve and outside of it.
const traced = `package p

NETS

system Flow {
	state z [3]real
	state l real = 0
	context c [2]real
	param s real = 0.7
	v := FIELD
	der(z) = v
	der(l) = -div(v, z)
}

model Density(x [3]real, c [2]real) real {
	end := solve(Flow{z: x, c: c}, over: 0..1, with: SOLVER)
	return sqnorm(end.z) - end.l
}

data D {
	x [3]real
	c [2]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	FREEZE
	minimize Density(x, c)
}
`

const (
	twoLayers   = "net f(t real, z [3]real, c [2]real) [3]real {\n\treturn concat(c[0:1], z, t, c[1:2]) |> Linear(7) |> ACT |> Linear(5) |> ACT |> Linear(3)\n}\n"
	oneLayer    = "net f(t real, z [3]real, c [2]real) [3]real {\n\treturn concat(z, c, t) |> Linear(7) |> ACT |> Linear(3)\n}\n"
	threeLayers = "net f(t real, z [3]real, c [2]real) [3]real {\n\treturn concat(z, c, t) |> Linear(7) |> ACT |> Linear(5) |> ACT |> Linear(4) |> ACT |> Linear(3)\n}\n"
)

// traces are fields, and how many values of parameters alone their divergence takes; none where columns take no more.
var traces = map[string]struct {
	nets, field, solver, freeze string
	made                        int
}{
	"two layers":        {strings.ReplaceAll(twoLayers, "ACT", "tanh"), "f(t, z, c)", "rk4{steps: 4}", "", 1},
	"adaptive":          {strings.ReplaceAll(twoLayers, "ACT", "softplus"), "f(t, z, c)", "dopri5{rtol: 1e-5, atol: 1e-5}", "", 1},
	"adjoint":           {strings.ReplaceAll(twoLayers, "ACT", "silu"), "f(t, z, c)", "rk4{steps: 4, sensitivity: adjoint}", "", 1},
	"frozen":            {strings.ReplaceAll(twoLayers, "ACT", "tanh") + "\n" + strings.ReplaceAll(strings.ReplaceAll(oneLayer, "ACT", "tanh"), "net f", "net g"), "f(t, z, c) + g(t, z, c)", "rk4{steps: 4}", "freeze: f", 2},
	"one layer":         {strings.ReplaceAll(oneLayer, "ACT", "gelu"), "f(t, z, c)", "rk4{steps: 4}", "", 1},
	"scaled":            {strings.ReplaceAll(twoLayers, "ACT", "sin"), "s * f(t, z, c) / (1 + t) - 0.5*z", "rk4{steps: 4}", "", 1},
	"residual":          {strings.ReplaceAll(twoLayers, "ACT", "tanh"), "tanh(z) + f(t, z, c)", "rk4{steps: 4}", "", 1},
	"linear":            {"net f(z [3]real) [3]real {\n\treturn z |> Linear(3)\n}\n", "sin(z) * 2 + f(z)", "rk4{steps: 4}", "", 1},
	"bent at both ends": {strings.ReplaceAll(oneLayer, "ACT", "tanh"), "tanh(f(t, sin(z), c))", "rk4{steps: 4}", "", 1},
	"without functions": {"net f(z [3]real) [3]real {\n\treturn z |> Linear(4) |> Linear(5) |> Linear(3)\n}\n", "f(z)", "rk4{steps: 4}", "", 1},
	"gates":             {"net f(z [3]real) [3]real {\n\ta := z |> Linear(6) |> tanh\n\tb := z |> Linear(6) |> sigmoid\n\treturn a * b |> Linear(3)\n}\n", "f(z)", "rk4{steps: 4}", "", 2},
	"shared layer":      {"net f(z [3]real) [5]real {\n\treturn z |> Linear(6) |> tanh |> Linear(5)\n}\n", "f(z)[1:4]", "rk4{steps: 4}", "", 1},
	"laplacian":         {"net E(z [3]real) real {\n\treturn z |> Linear(6) |> softplus |> Linear()\n}\n", "-grad(E(z), z)", "rk4{steps: 4}", "", 1},
	"three layers":      {strings.ReplaceAll(threeLayers, "ACT", "tanh"), "f(t, z, c)", "rk4{steps: 4}", "", 0},
	"two, bent at ends": {strings.ReplaceAll(twoLayers, "ACT", "tanh"), "tanh(f(t, z, c))", "rk4{steps: 4}", "", 0},
}

// TestTraces: values and gradients by way of what follows from parameters alone are those by columns of the Jacobian.
func TestTraces(t *testing.T) {
	t.Parallel()
	for name, c := range traces {
		source := strings.NewReplacer("NETS", c.nets, "FIELD", c.field, "SOLVER", c.solver, "FREEZE", c.freeze).Replace(traced)
		calls := func(columns bool) (*ir.Module, [][]float64) {
			res, ds := driver.Compile(map[string]string{"p.nde": source}, driver.Options{Precision: "f64", Until: "opt", Columns: columns})
			if ds.HasErrors() {
				t.Fatalf("%s: %v", name, ds)
			}
			params := map[string][]float64{}
			for i, p := range res.Module.Params {
				for k := range p.Type.Len() {
					params[p.Name] = append(params[p.Name], math.Sin(float64(1+5*i+3*k)))
				}
			}
			mc, err := interp.New(res.Module, params)
			if err != nil {
				t.Fatal(err)
			}
			r := res.Module.Recipes[0]
			var all [][]float64
			for _, f := range []*ir.Func{r.Objective, r.Grad, r.GradInputs} {
				out, err := mc.Call(f, interp.Of([]float64{0.3, -0.8, 0.5}, 3), interp.Of([]float64{0.2, -0.4}, 2))
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range out {
					all = append(all, x.Data)
				}
			}
			return res.Module, all
		}
		m, got := calls(false)
		plain, want := calls(true)
		made := 0
		for _, q := range m.Derived {
			if strings.Contains(q.Name, ".trace") {
				made++
			}
		}
		if made != c.made {
			t.Errorf("%s: the divergence takes %d values of parameters, want %d", name, made, c.made)
		}
		if len(plain.Recipes[0].Through) > 0 || (len(m.Recipes[0].Through) > 0) != (made > 0) {
			t.Errorf("%s: gradients go through %d values", name, len(m.Recipes[0].Through))
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d results, by columns %d", name, len(got), len(want))
		}
		for i := range want {
			scale := 1.0
			for _, x := range want[i] {
				scale = max(scale, math.Abs(x))
			}
			for k, x := range want[i] {
				if !(math.Abs(got[i][k]-x) <= 1e-12*scale) {
					t.Errorf("%s: result %d [%d] is %.17g, by columns %.17g", name, i, k, got[i][k], x)
					break
				}
			}
		}
	}
}

// TestTracesOfKernels: kernels of a GPU do not know gradients that go through derived parameters, and get none.
func TestTracesOfKernels(t *testing.T) {
	t.Parallel()
	c := traces["two layers"]
	source := strings.NewReplacer("NETS", c.nets, "FIELD", c.field, "SOLVER", c.solver, "FREEZE", "").Replace(traced)
	for _, kernels := range []bool{false, true} {
		res, ds := driver.Compile(map[string]string{"p.nde": source}, driver.Options{CUDA: kernels})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		if made := len(res.Module.Recipes[0].Through) > 0; made == kernels {
			t.Errorf("with kernels: %t; gradients through derived parameters: %t", kernels, made)
		}
		if kernels {
			if rs := res.CUDA.Kernels.Recipes; len(rs) != 1 || rs[0].Grad.Kernel == "" && len(rs[0].Grad.Layers.Parts) == 0 {
				t.Error("the gradient has no kernel")
			}
		}
	}
}
