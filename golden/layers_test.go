package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// TestLayersOfTorch: layers have PyTorch's values and gradients.
func TestLayersOfTorch(t *testing.T) {
	dir := filepath.Join("testdata", "torch")
	text, err := os.ReadFile(filepath.Join(dir, "layers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Params  map[string][]float64
		X, Y, G []float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(dir, "layers.nde"))
	if err != nil {
		t.Fatal(err)
	}
	res, ds := driver.Compile(map[string]string{"layers.nde": string(src)}, driver.Options{Precision: "f64", Verify: true, Until: "opt"})
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
		out, err := mc.Call(m.Func, interp.Of(w.X, m.Inputs[0].Type.Shape...))
		if err != nil {
			t.Fatal(err)
		}
		for i, list := range [][]float64{w.Y, w.G} {
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
