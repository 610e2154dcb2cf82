package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

type weights map[string]any // nested lists by parameter name

// reference is testdata/torch/reference.json.
type reference struct {
	Start    weights                `json:"start"`
	X        [][]float64            `json:"x"`
	Y        []int                  `json:"y"`
	Points   [][]float64            `json:"points"`
	Net      [][]float64            `json:"net"`
	Jacobian [][][]float64          `json:"jacobian"`
	Solves   map[string][][]float64 `json:"solves"`
	Fits     map[string]struct {
		Losses  []float64 `json:"losses"`
		Weights weights   `json:"weights"`
	} `json:"fits"`
}

// flatten lists the numbers of nested lists.
func flatten(x any) []float64 {
	switch x := x.(type) {
	case float64:
		return []float64{x}
	case []any:
		var out []float64
		for _, y := range x {
			out = append(out, flatten(y)...)
		}
		return out
	case [][]float64:
		var out []float64
		for _, y := range x {
			out = append(out, y...)
		}
		return out
	case [][][]float64:
		var out []float64
		for _, y := range x {
			out = append(out, flatten(y)...)
		}
		return out
	}
	panic(fmt.Sprintf("no list: %T", x))
}

// of lists the numbers of all parameters in their order.
func (w weights) of(params []*ir.Param) []float64 {
	var out []float64
	for _, p := range params {
		out = append(out, flatten(w[p.Name])...)
	}
	return out
}

func readReference(t *testing.T) *reference {
	t.Helper()
	text, err := os.ReadFile("testdata/torch/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(text, &ref); err != nil {
		t.Fatal(err)
	}
	return &ref
}

// models are the values of PyTorch at the points, by the model's name.
func (r *reference) models() map[string][]float64 {
	out := map[string][]float64{"Net": flatten(r.Net), "Jacobian": flatten(r.Jacobian)}
	for model, solve := range map[string]string{"Euler": "euler", "Midpoint": "midpoint", "Heun": "heun", "RK4": "rk4"} {
		out[model] = flatten(r.Solves[solve])
	}
	return out
}

// closeTo compares with a relative tolerance; numbers below 1e-3 of the largest count as that.
func closeTo(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	top := 0.0
	for _, x := range want {
		top = max(top, math.Abs(x))
	}
	for i := range got {
		if d := math.Abs(got[i]-want[i]) / max(math.Abs(want[i]), 1e-3*top); !(d <= tol) {
			t.Errorf("%s[%d] = %.17g, PyTorch %.17g, relative difference %.2g", what, i, got[i], want[i], d)
			return
		}
	}
}

func compileTorch(t *testing.T) *driver.Result {
	t.Helper()
	text, err := os.ReadFile("testdata/torch/torch.nde")
	if err != nil {
		t.Fatal(err)
	}
	res, ds := driver.Compile(map[string]string{"torch.nde": string(text)}, driver.Options{Precision: "f64"})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	return res
}

// TestTorchInterpreted compares values of the interpreter with PyTorch.
func TestTorchInterpreted(t *testing.T) {
	ref := readReference(t)
	res := compileTorch(t)
	params := map[string][]float64{}
	for _, p := range res.Module.Params {
		params[p.Name] = flatten(ref.Start[p.Name])
	}
	mc, err := interp.New(res.Module, params)
	if err != nil {
		t.Fatal(err)
	}
	want := ref.models()
	for _, m := range res.Module.Models {
		var got []float64
		for _, x := range ref.Points {
			out, err := mc.Call(m.Func, interp.Of(x, 2))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, out[0].Data...)
		}
		closeTo(t, m.Name, got, want[m.Name], 1e-12)
	}
}

// TestTorchCompiled compares values and training runs of emitted code with PyTorch: 50 full-batch steps in
// float64 from the same weights.
func TestTorchCompiled(t *testing.T) {
	ref := readReference(t)
	res := compileTorch(t)
	params := res.Module.Params
	dir := t.TempDir()
	var csv strings.Builder
	csv.WriteString("x.0,x.1,y\n")
	for i, x := range ref.X {
		fmt.Fprintf(&csv, "%.17g,%.17g,%d\n", x[0], x[1], ref.Y[i])
	}
	if err := os.WriteFile(filepath.Join(dir, "points.csv"), []byte(csv.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	var layout []rt.Tensor
	off := 0
	for _, p := range params {
		layout = append(layout, rt.Tensor{Name: p.Name, Shape: p.Type.Shape, Offset: off})
		off += p.Type.Len()
	}
	start := filepath.Join(dir, "start.safetensors")
	if err := rt.SaveFile(start, ref.Start.of(params), layout, driver.Version); err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile("testdata/torch/main.go")
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]any{"Folder": dir, "Start": start, "Points": flatten(ref.Points)})
	if err != nil {
		t.Fatal(err)
	}
	program := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{"torch": res.Out}}
	var got struct {
		Models map[string][]float64
		Fits   map[string]struct{ Losses, Weights []float64 }
	}
	if err := json.Unmarshal(program.Run(t, in), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range ref.models() {
		closeTo(t, name, got.Models[name], want, 1e-12)
	}
	for name, want := range ref.Fits {
		closeTo(t, name+" losses", got.Fits[name].Losses, want.Losses, 1e-9)
		closeTo(t, name+" weights", got.Fits[name].Weights, want.Weights.of(params), 1e-9)
	}
}
