//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

const grouped = `package grouped

net f(x [2]real) [2]real {
	return x |> Linear(40) |> tanh |> Linear(32) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

model End(x [2]real) (y [2]real) {
	return solve(Flow{x}, over: 0..1, with: heun{steps: 2}).x
}

data Pairs {
	x, y [2]real
	source: csv{path: "pairs.csv"}
}

train Fit {
	data: Pairs
	epochs: 1
	optimizer: adam
	minimize sqnorm(End(x) - y)
}
`

// TestGroups runs a model and its recipe with the image that has kernels of groups beside that for all devices, which needs a kernel of that name with
// its shared memory, and with the latter alone: products are emulated in the same order, so that the model has the same bits; those of a device are close.
func TestGroups(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"grouped.nde": grouped}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	k := kernels(t, "grouped", res.CUDA)
	ports := []rt.ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Shape: []int{2}}}
	p := rt.Program[float32]{Package: "grouped", Kernels: k,
		Models:  []rt.Model[float32]{{Name: "End", Inputs: ports[:1], Outputs: ports[1:], Sites: make([]rt.Site, 1)}},
		Recipes: []rt.RecipeEntry[float32]{{Recipe: rt.Recipe{Name: "Fit"}, Objective: rt.Objective[float32]{Name: "Fit", Columns: []string{"x", "y"}, Sites: make([]rt.Site, 1), Backward: make([]int, 1)}}}}
	w := make([]float32, k.Params/4)
	for i := range w {
		w[i] = float32(math.Sin(float64(i))) / 2
	}
	const rows = 150
	tab := rt.NewTable(ports, rows)
	for c := range tab.Columns {
		for i := range tab.Columns[c].Data {
			tab.Columns[c].Data[i] = math.Cos(float64(i + c))
		}
	}
	run := func() (y, losses []float64, g []float32, err error) {
		dev, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, left, closeAll, err := rt.OnDevice(p, dev)
		if err != nil || len(left) > 0 {
			t.Fatal(err, left)
		}
		in, out := rt.NewTable(ports[:1], rows), rt.NewTable(ports[1:], rows)
		copy(in.Columns[0].Data, tab.Columns[0].Data)
		err = placed.Models[0].Batch(context.Background(), w, in, out, new(rt.BatchStats), 0)
		loss, e := rt.Evaluate(context.Background(), w, &placed.Recipes[0].Objective, tab, 0, 0)
		g = make([]float32, len(w))
		grad, e2 := rt.LossGrad(context.Background(), w, g, &placed.Recipes[0].Objective, tab, 0, 0)
		if err = errors.Join(err, e, e2, closeAll(), dev.Close()); err != nil {
			return nil, nil, nil, err
		}
		return out.Columns[0].Data, []float64{loss.Loss, grad.Loss}, g, nil
	}
	standIn := emulated(t)
	images := k.Images
	if len(images) != 2 {
		t.Skip("NOT CHECKED: there is no machine code with kernels of groups, which NDEC_TEST_IMAGES would have")
	}
	k.Images = images[:1]
	want, plain, slopes, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if len(k.Groups) != 3 || k.Groups[0].Of != k.Models[0].Kernel || k.Groups[0].Lanes != 128 {
		t.Fatalf("groups are %+v", k.Groups)
	}
	k.Images = images
	got, losses, grad, err := run()
	if err != nil || standIn && !slices.Equal(got, want) {
		t.Errorf("groups give other bits, or %v", err)
	}
	for i, x := range got { // tensor cores round the sums of both as they like
		if !(math.Abs(x-want[i]) <= 1e-5*max(1, math.Abs(want[i]))) {
			t.Fatalf("result %d of groups is %v, of tiles %v", i, x, want[i])
		}
	}
	for i := range losses {
		if math.Abs(losses[i]-plain[i]) > 1e-6*math.Abs(plain[i]) {
			t.Errorf("the losses of groups are %v, of tiles %v", losses, plain)
		}
	}
	most := slices.Max(slopes)
	for i, x := range grad {
		if !(math.Abs(float64(x-slopes[i])) <= 1e-5*float64(max(most, -slices.Min(slopes)))) {
			t.Fatalf("gradient %d of groups is %v, of tiles %v", i, x, slopes[i])
		}
	}
	k.Groups[0].Kernel = "none" // it is what runs
	if _, _, _, err := run(); !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "kernel none") {
		t.Errorf("a group without a kernel gives %v", err)
	}
	k.Images = k.Images[:1]
	if got, _, _, err := run(); err != nil || !slices.Equal(got, want) {
		t.Errorf("an image without groups takes their kernels, or %v", err)
	}
}
