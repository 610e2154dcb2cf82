//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// TestShared has kernels whose blocks are given more shared memory than every kernel has. A device that has less gives them device
// memory, with the same bits; where a kernel cannot do without, an error says what it needs.
func TestShared(t *testing.T) {
	text, err := os.ReadFile("../../cudagen/testdata/given.nde")
	if err != nil {
		t.Fatal(err)
	}
	res, ds := driver.Compile(map[string]string{"given.nde": string(text)}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	pl, err := plan.Build(res.Module)
	if err != nil {
		t.Fatal(err)
	}
	out, ds := cudagen.Emit(pl, cudagen.Options{Package: "given", Header: "// a test", Teams: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	k := kernels(t, "given", out)
	ports := []rt.ColumnSpec{{Name: "x", Shape: []int{1400}}, {Name: "y", Shape: []int{1400}}}
	p := rt.Program[float32]{Package: "given", Kernels: k,
		Models:  []rt.Model[float32]{{Name: "End", Inputs: ports[:1], Outputs: ports[1:], Sites: make([]rt.Site, 1)}},
		Recipes: []rt.RecipeEntry[float32]{{Recipe: rt.Recipe{Name: "Fit"}, Objective: rt.Objective[float32]{Name: "Fit", Columns: []string{"x", "y"}, Sites: make([]rt.Site, 1), Backward: make([]int, 1)}}}}
	w := make([]float32, k.Params/4)
	for i := range w {
		w[i] = float32(math.Sin(float64(i))) / 64
	}
	const rows = 3
	tab := rt.NewTable(ports, rows)
	for c := range tab.Columns {
		for i := range tab.Columns[c].Data {
			tab.Columns[c].Data[i] = math.Cos(float64(i + c))
		}
	}
	run := func() ([]float64, error) {
		dev, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, left, closeAll, err := rt.OnDevice(p, dev)
		if err != nil || len(left) > 0 {
			t.Fatal(err, left)
		}
		in, y := rt.NewTable(ports[:1], rows), rt.NewTable(ports[1:], rows)
		copy(in.Columns[0].Data, tab.Columns[0].Data)
		err = placed.Models[0].Batch(context.Background(), w, in, y, new(rt.BatchStats), 0)
		grad := make([]float32, len(w))
		ev, e := rt.LossGrad(context.Background(), w, grad, &placed.Recipes[0].Objective, tab, 0, 0)
		if err = errors.Join(err, e, closeAll(), dev.Close()); err != nil {
			return nil, err
		}
		return append(append(y.Columns[0].Data, ev.Loss), rt.Convert[float64](grad)...), nil
	}
	want, err := run()
	if err != nil {
		t.Fatal(err)
	}
	bytes := make([]int, len(k.Shared))
	for i := range k.Shared {
		bytes[i] = k.Shared[i].Bytes
		k.Shared[i].Bytes = 1 << 20 // no device has as much
	}
	if got, err := run(); err != nil || !slices.Equal(got, want) {
		t.Errorf("arrays in device memory give other bits, or %v", err)
	}
	for i := range k.Shared {
		k.Shared[i].Bytes = bytes[i]
	}
	needsStandIn(t, "it has the shared memory that it has")
	for _, most := range []string{"232448", "101376", "49152"} { // of sm_90, of sm_86, and what every kernel has
		t.Setenv("NDEC_FAKE_SHARED", most)
		if got, err := run(); err != nil || !slices.Equal(got, want) {
			t.Errorf("a device with %s bytes for a block gives other bits, or %v", most, err)
		}
	}
	for i := range k.Shared {
		k.Shared[i].Arrays = false
	}
	if _, err := run(); !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "kernel end_forward_batch needs") || !strings.Contains(err.Error(), "bytes of shared memory for a block, and emulation on the CPU has 49152") {
		t.Errorf("too little shared memory gives %v", err)
	}
	for i := range k.Shared { // of another image: the kernels of this one take none, and are launched with none
		k.Shared[i] = rt.SharedMemory{Kernel: k.Shared[i].Kernel, Bytes: k.Shared[i].Bytes, Arrays: true, Capability: 90}
	}
	if got, err := run(); err != nil || !slices.Equal(got, want) {
		t.Errorf("shared memory for another image changes bits, or %v", err)
	}
}
