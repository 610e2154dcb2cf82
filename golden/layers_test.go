package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// TestLayersOfTorch: layers have PyTorch's values and gradients, and so have layers that depend on time.
func TestLayersOfTorch(t *testing.T) {
	for _, name := range []string{"layers", "timed"} {
		t.Run(name, func(t *testing.T) { layersOfTorch(t, filepath.Join("testdata", "torch", name)) })
	}
}

func layersOfTorch(t *testing.T, base string) {
	text, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Params      map[string][]float64
		X, Y, G, Gt []float64
		T           float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(base + ".nde")
	if err != nil {
		t.Fatal(err)
	}
	res, ds := driver.Compile(map[string]string{filepath.Base(base) + ".nde": string(src)}, driver.Options{Precision: "f64", Until: "opt"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params := map[string][]float64{}
	for _, w := range want {
		for name, data := range w.Params {
			params[name] = data
		}
	}
	mc, err := interp.New(res.Module, params)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Module.Models) != len(want) {
		t.Errorf("%d models for %d layers", len(res.Module.Models), len(want))
	}
	for _, m := range res.Module.Models {
		w := want[m.Name]
		for name := range w.Params {
			if res.Module.ParamByName(name) == nil {
				t.Errorf("%s: there is no parameter %s", m.Name, name)
			}
		}
		args := []interp.Tensor{interp.Of(w.X, m.Inputs[0].Type.Shape...), interp.Of([]float64{w.T})}
		out, err := mc.Call(m.Func, args[:len(m.Inputs)]...)
		if err != nil {
			t.Fatal(err)
		}
		for i, list := range [][]float64{w.Y, w.G, w.Gt}[:len(out)] {
			if len(list) != len(out[i].Data) {
				t.Fatalf("%s: result %d has %d elements, PyTorch's %d", m.Name, i, len(out[i].Data), len(list))
			}
			for k, x := range list {
				if got := out[i].Data[k]; !(math.Abs(got-x) <= 1e-13*(1+math.Abs(x))) {
					t.Errorf("%s: result %d[%d] is %v, PyTorch's %v", m.Name, i, k, got, x)
				}
			}
		}
	}
}

// TestBasisRates: weights that depend on time are computed for a stage, the same for all samples; what
// differs between samples is the network itself: two products with two sums, and the activation.
func TestBasisRates(t *testing.T) {
	const src = `package p

net f(t real, x [2]real) [2]real {
	return x |> Linear(8, basis: fourier{deg: 5}, at: t) |> tanh |> Linear(2, basis: cheby{deg: 3}, at: t)
}

system S {
	state x [2]real
	der(x) = f(t, x)
}

model M(x [2]real) [2]real {
	return solve(S{x: x}, over: 0..1, with: rk4{steps: 2}).x
}
`
	res, ds := driver.Compile(map[string]string{"p.nde": src}, driver.Options{Until: "opt"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	var perSample []string
	stage := 0
	for _, v := range res.Module.FuncByName("S.field").Values {
		if v.Op == ir.OpArg {
			continue
		}
		if v.Rate.PerSample {
			perSample = append(perSample, v.Op.String())
		} else if v.Rate.Region.Kind == ir.RegionStage {
			stage++
		}
	}
	if d := cmp.Diff([]string{"matvec", "add", "tanh", "matvec", "add"}, perSample); d != "" || stage < 20 {
		t.Errorf("%d values of a stage; per sample: %s", stage, d)
	}
}
