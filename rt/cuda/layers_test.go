//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

// layered has models and losses that go layer by layer: with fixed steps, and with samples that end after other numbers of steps.
const layered = `package layered

net f(x [20]real) [20]real {
	return x |> Linear(300) |> tanh |> Linear(20)
}

system Flow {
	state x [20]real
	der(x) = f(x)
}

model Fixed(x [20]real, to time) (y [20]real) {
	return solve(Flow{x}, over: 0..to, with: midpoint{steps: 3}).x
}

model Adaptive(x [20]real, to time) (y [20]real) {
	return solve(Flow{x}, over: 0..to, with: bosh3{rtol: 1e-3, atol: 1e-3}).x
}

data Rows {
	x [20]real
	to time
	source: csv{path: "rows.csv"}
}

train FitFixed {
	data: Rows
	epochs: 1
	optimizer: adam
	minimize sqnorm(Fixed(x, to))
}

train FitAdaptive {
	data: Rows
	epochs: 1
	optimizer: adam
	minimize sqnorm(Adaptive(x, to))
}
`

// layeredProgram is that program with its kernels, and weights.
func layeredProgram(t *testing.T) (p rt.Program[float32], ports []rt.ColumnSpec, w []float32) {
	t.Helper()
	res, ds := driver.Compile(map[string]string{"layered.nde": layered}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	ports = []rt.ColumnSpec{{Name: "x", Shape: []int{20}}, {Name: "to"}}
	p = rt.Program[float32]{Package: "layered", Kernels: kernels(t, "layered", res.CUDA)}
	for _, name := range []string{"Fixed", "Adaptive"} {
		p.Models = append(p.Models, rt.Model[float32]{Name: name, Inputs: ports, Outputs: []rt.ColumnSpec{{Name: "y", Shape: []int{20}}}, Sites: make([]rt.Site, 1)})
		if k := p.Kernels.Model(name); k == nil || len(k.Layers.Parts) == 0 {
			t.Fatalf("model %s does not go layer by layer", name)
		}
	}
	for _, name := range []string{"FitFixed", "FitAdaptive"} {
		p.Recipes = append(p.Recipes, rt.RecipeEntry[float32]{Recipe: rt.Recipe{Name: name}, Objective: rt.Objective[float32]{Name: name, Columns: []string{"x", "to"}, Sites: make([]rt.Site, 1), Backward: make([]int, 1)}})
		if k := p.Kernels.Recipe(name); k == nil || len(k.Loss.Layers.Parts) == 0 || len(k.Grad.Layers.Parts) == 0 {
			t.Fatalf("recipe %s does not go layer by layer", name)
		}
	}
	w = make([]float32, p.Kernels.Params/4)
	for i := range w {
		w[i] = float32(math.Sin(float64(i))) / 4
	}
	return p, ports, w
}

// TestLayers runs models, losses and gradients layer by layer with graphs of their steps, without, and where the driver knows none: the same bits.
func TestLayers(t *testing.T) {
	p, ports, w := layeredProgram(t)
	run := func(ctx context.Context) (out []float64, err error) {
		dev, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, left, closeAll, err := rt.OnDevice(p, dev)
		if err != nil || len(left) > 0 {
			t.Fatal(err, left)
		}
		for i := range placed.Models {
			m := &placed.Models[i]
			in, y := rt.NewTable(m.Inputs, 140), rt.NewTable(m.Outputs, 140)
			for c := range in.Columns {
				for k := range in.Columns[c].Data {
					in.Columns[c].Data[k] = math.Cos(float64(k + c))
				}
			}
			if e := m.Batch(ctx, w, in, y, new(rt.BatchStats), 0); e != nil {
				err = e
			}
			out = append(out, y.Columns[0].Data...)
		}
		for i := range placed.Recipes {
			tab := rt.NewTable(ports, 20)
			for c := range tab.Columns {
				for k := range tab.Columns[c].Data {
					tab.Columns[c].Data[k] = math.Cos(float64(k + c))
				}
			}
			grad := make([]float32, len(w))
			ev, e := rt.LossGrad(ctx, w, grad, &placed.Recipes[i].Objective, tab, 0, 0)
			if e != nil {
				err = errors.Join(err, e)
				continue
			}
			out = append(out, ev.Loss)
			out = append(out, rt.Convert[float64](grad)...)
		}
		return out, errors.Join(err, closeAll(), dev.Close())
	}
	want, err := run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(want) == fmt.Sprint(make([]float64, len(want))) {
		t.Error("results are zeros")
	}
	for setting, value := range map[string]string{"NDEC_CUDA_GRAPHS": "off", "NDEC_FAKE_GRAPHS": "0"} {
		t.Run(setting, func(t *testing.T) {
			if strings.HasPrefix(setting, "NDEC_FAKE") {
				needsStandIn(t, "its driver knows graphs")
			}
			t.Setenv(setting, value)
			got, err := run(context.Background())
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("other results than with graphs, or %v", err)
			}
		})
	}
	t.Run("a graph that fails", func(t *testing.T) { // graphs are really what runs, and a failure of one leaves nothing behind
		needsStandIn(t, "its graphs do not fail")
		t.Setenv("NDEC_FAKE_GRAPHS", "2")
		if _, err := run(context.Background()); !errors.Is(err, rt.ErrDevice) || strings.Contains(err.Error(), "not freed") {
			t.Errorf("a graph that fails gives %v", err)
		}
	})
	// A batch that is cancelled gives its memory back.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := run(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, rt.ErrDevice) {
		t.Errorf("a batch that is cancelled gives %v", err)
	}
}

// TestGraphsKept takes gradients of batches of two sizes, in turn: each has a graph for the way there and one for the way back, which are made once. A batch
// that is larger than all before has other memory and other graphs. All have the bits of launches one by one.
func TestGraphsKept(t *testing.T) {
	p, ports, w := layeredProgram(t)
	gradients := func(made string) (all []float32, err error) {
		if made != "" {
			t.Setenv("NDEC_FAKE_MADE", made)
		}
		dev, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, _, closeAll, err := rt.OnDevice(p, dev)
		if err != nil {
			t.Fatal(err)
		}
		worker := placed.Recipes[1].Objective.NewBatch()
		tab := rt.NewTable(ports, 40)
		for c := range tab.Columns {
			for k := range tab.Columns[c].Data {
				tab.Columns[c].Data[k] = math.Cos(float64(k + c))
			}
		}
		for _, rows := range [][]int{{3, 1, 4, 15}, {9, 2}, {6, 5, 35, 8}, {9, 7}, {9, 3, 2, 38}, {4, 6, 2, 6, 4, 3}, {3, 8}} {
			grad := make([]float32, len(w))
			if err = worker.Batch(w, grad, tab, rows, rt.Key{}, new(rt.ShardResult)); err != nil {
				break
			}
			all = append(all, grad...)
		}
		return all, errors.Join(err, worker.Close(), closeAll(), dev.Close())
	}
	got, err := gradients("8") // two of four samples, of two, of six, and of two in the memory of six
	if err != nil {
		t.Error(err)
	}
	t.Setenv("NDEC_CUDA_GRAPHS", "off")
	want, err := gradients("")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("other gradients than without graphs, or %v", err)
	}
}
