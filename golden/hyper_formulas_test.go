package golden

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// hyperReference is testdata/hyper/reference.json.
type hyperReference struct {
	Weights  weights                `json:"weights"`
	X        [][]float64            `json:"x"`
	Torchdyn map[string][][]float64 `json:"torchdyn"`
	Research map[string][][]float64 `json:"research"`
	Residual map[string][]float64   `json:"residual"`
}

// hyperFormulas has, for a base, TorchDyn's step, that of the research code, and its residual loss.
const hyperFormulas = `
hypersolver Seen_NAME for Flow {
	base: BASE
	residual(x) = seen(x, real(t))
}

hypersolver Cat_NAME for Flow {
	base: BASE
	residual(x) = cat(x, der(x), h)
}

model Torchdyn_NAME(x [2]real) [2]real {
	return solve(Flow{x: x}, over: 0..1, with: Seen_NAME{steps: 6}).x
}

model Research_NAME(x [2]real) [2]real {
	return solve(Flow{x: x}, over: 0..1, with: Cat_NAME{steps: 6}).x
}

train Residual_NAME {
	data: Points
	minimize residual_error(Cat_NAME, Flow{x}, over: 0..1, steps: 6, reference: rk4{steps: 240})
	epochs: 1
	optimizer: adam{lr: 0.1}
}
`

const hyperFormulasHead = `package hyper

net f(x [2]real, t real) [2]real {
	return concat(x, t) |> Linear(16) |> tanh |> Linear(2)
}

net seen(x [2]real, t real) [2]real {
	return concat(x, t) |> Linear(16) |> tanh |> Linear(2)
}

net cat(x, dx [2]real, h real) [2]real {
	return concat(x, dx, h) |> Linear(16) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x, real(t))
}

data Points {
	x [2]real
	source: csv{path: "points.csv"}
}
`

// TestHyperFormulas: steps and residual loss are those of TorchDyn and of the research code, over every base.
func TestHyperFormulas(t *testing.T) {
	text, err := os.ReadFile("testdata/hyper/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref hyperReference
	if err := json.Unmarshal(text, &ref); err != nil {
		t.Fatal(err)
	}
	src := hyperFormulasHead
	for name := range ref.Torchdyn {
		base := name
		if name == "alpha" {
			base = "alpha{a: 0.7}"
		}
		src += strings.NewReplacer("NAME", name, "BASE", base).Replace(hyperFormulas)
	}
	res, ds := driver.Compile(map[string]string{"hyper.nde": src}, driver.Options{Precision: "f64", Until: "opt"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params := map[string][]float64{}
	for _, p := range res.Module.Params {
		params[p.Name] = flatten(ref.Weights[p.Name])
	}
	mc, err := interp.New(res.Module, params)
	if err != nil {
		t.Fatal(err)
	}
	call := func(f *ir.Func) []float64 {
		var got []float64
		for _, x := range ref.X {
			out, err := mc.Call(f, interp.Of(x, 2))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, out[0].Data...)
		}
		return got
	}
	if n := len(res.Module.Models) + len(res.Module.Recipes); n != 3*6 {
		t.Fatalf("%d models and recipes, want three for each of six bases", n)
	}
	for _, m := range res.Module.Models {
		kind, base, _ := strings.Cut(m.Name, "_")
		want := map[string]map[string][][]float64{"Torchdyn": ref.Torchdyn, "Research": ref.Research}[kind][base]
		closeTo(t, m.Name, call(m.Func), flatten(want), 1e-12)
	}
	for _, r := range res.Module.Recipes {
		// The rounding of a step of the reference is divided by h^(p+1), 7776 for rk4.
		closeTo(t, r.Name, call(r.Objective), ref.Residual[strings.TrimPrefix(r.Name, "Residual_")], 1e-10)
	}
}

// bases are the fixed-step methods over which hypersolvers stand.
var bases = []string{"euler", "midpoint", "heun", "ralston", "alpha{a: 0.3}", "heun3", "rk4", "rk4_38"}

// over writes text once for every base: # is its number, BASE the method and WITH the method with three steps.
func over(text string) string {
	var b strings.Builder
	for i, base := range bases {
		with := strings.TrimSuffix(base, "}") + ", steps: 3}"
		if !strings.Contains(base, "{") {
			with = base + "{steps: 3}"
		}
		b.WriteString(strings.NewReplacer("#", fmt.Sprint(i), "BASE", base, "WITH", with).Replace(text))
	}
	return b.String()
}
