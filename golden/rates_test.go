package golden

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
)

const rated = `package p

net f(x [2]real, c [3]real) [2]real {
	return concat(x, c) |> Linear(8) |> softplus |> Linear(2)
}

net embed(c real) [3]real {
	return [c] |> Linear(4) |> tanh |> Linear(3)
}

net deep(t real, x [2]real) [2]real {
	return depthcat(x, t) |> Linear(8) |> tanh |> Linear(2)
}

net g(h real, x, dx [2]real) [2]real {
	return concat(x, dx, h) |> Linear(4) |> sigmoid |> Linear(2)
}

net varying(t real, x [2]real) [2]real {
	return x |> Linear(8, basis: fourier{deg: 2}, at: t) |> tanh |> Linear(2)
}

system Conditioned {
	state x [2]real
	context c real
	der(x) = f(x, embed(c))
}

system Deep {
	state x [2]real
	der(x) = deep(t, x)
}

system Galerkin {
	state x [2]real
	der(x) = varying(t, x)
}

hypersolver H for Deep {
	base: heun
	residual(x) = g(h, x, der(x))
}

model Context(x [2]real, c real) [2]real {
	return solve(Conditioned{x: x, c: c}, over: 0..1, with: rk4{steps: 2}).x
}

model Depth(x [2]real) [2]real {
	return solve(Deep{x: x}, over: 0..1, with: rk4{steps: 2}).x
}

model Weights(x [2]real) [2]real {
	return solve(Galerkin{x: x}, over: 0..1, with: rk4{steps: 2}).x
}

model Corrected(x [2]real) [2]real {
	return solve(Deep{x: x}, over: 0..1, with: H{steps: 4}).x
}

data D {
	x, y [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	minimize mse(Context(x, c), y)
	epochs: 1
	optimizer: adam
}
`

// TestRates: a sub-network of a context is evaluated once for a solve, and gone back through once, the column of a depth-concatenated
// layer that belongs to time and weights that depend on time are the same for all samples at a stage, and a residual is evaluated once for a
// step, whose base evaluates the field as often as without it.
func TestRates(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"p.nde": rated}, driver.Options{Until: "opt"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m := res.Module
	// ops are the operators of f that differ between samples, by region; moves and results aside.
	ops := func(f *ir.Func) map[string][]string {
		out := map[string][]string{}
		for _, v := range f.Values {
			class := v.Op.Info().Class
			if v.Op == ir.OpArg || v.Op == ir.OpResult || class == ir.ClassShape || class == ir.ClassLeaf {
				continue
			}
			kind := "shared"
			if v.Rate.PerSample {
				kind = "own"
			}
			region := "params"
			if v.Rate.Region != nil {
				region = v.Rate.Region.Kind.String()
			}
			out[region+" "+kind] = append(out[region+" "+kind], v.Op.String())
		}
		return out
	}
	solve := func(model string) *ir.Solve {
		for _, x := range m.Models {
			if x.Name == model {
				return x.Solves[0]
			}
		}
		t.Fatalf("there is no model %s", model)
		return nil
	}
	own := []string{"matvec", "add", "softplus", "matvec", "add"}
	if d := cmp.Diff(own, ops(solve("Context").Field)["stage own"]); d != "" {
		t.Errorf("field with a context (-want +got):\n%s", d)
	}
	around := strings.Join(ops(m.FuncByName("Context"))["sample own"], " ")
	if strings.Count(around, "tanh") != 1 || strings.Count(around, "matvec") != 3 {
		t.Errorf("the context is worked on once before the solve, got %s", around)
	}
	deep := ops(solve("Depth").Field)
	if d := cmp.Diff([]string{"matvec", "add", "tanh", "matvec", "add"}, deep["stage own"]); d != "" {
		t.Errorf("field with depth (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"mul", "add"}, withoutCasts(deep["stage shared"])); d != "" {
		t.Errorf("time of a field with depth (-want +got):\n%s", d)
	}
	galerkin := ops(solve("Weights").Field)
	if d := cmp.Diff([]string{"matvec", "add", "tanh", "matvec", "add"}, galerkin["stage own"]); d != "" {
		t.Errorf("field with weights that depend on time (-want +got):\n%s", d)
	}
	if len(galerkin["stage shared"]) == 0 {
		t.Error("no operator makes weights for all samples")
	}
	// Back through the solve: the network of the context is the only one with tanh.
	fit := m.Recipes[0]
	within := map[string]int{}
	for _, f := range append(sweep(fit.Grad).Solve.Funcs(), sweep(fit.Grad).Funcs()...) {
		for _, v := range f.Values {
			within[v.Op.String()]++
		}
	}
	if within["softplus"] == 0 || within["tanh"] != 0 {
		t.Errorf("the network of a context is inside the steps: %v", within)
	}
	if n := strings.Count(strings.Join(ops(fit.Grad)["sample own"], " "), "tanh"); n != 1 {
		t.Errorf("the gradient evaluates the network of a context %d times", n)
	}
	step := solve("Corrected").Step
	n := map[string]int{}
	var count func(f *ir.Func)
	count = func(f *ir.Func) {
		for _, v := range f.Values {
			n[v.Op.String()]++
			for _, g := range v.Callees() {
				count(g)
			}
		}
	}
	count(step)
	if n["tanh"] != 2 || n["sigmoid"] != 1 {
		t.Errorf("a step of heun with a residual has %d fields and %d residuals, want 2 and 1", n["tanh"], n["sigmoid"])
	}
}

func withoutCasts(ops []string) []string {
	var out []string
	for _, op := range ops {
		if op != "cast" {
			out = append(out, op)
		}
	}
	return out
}

// sweep is the way back through the solve of a gradient.
func sweep(f *ir.Func) *ir.Rev {
	for _, v := range f.Values {
		if v.Op == ir.OpRev {
			return v.Attr.Rev
		}
	}
	return nil
}
