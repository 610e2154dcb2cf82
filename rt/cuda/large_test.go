//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

const long = `package long

net f(x [20]real) [20]real {
	return x |> Linear(300) |> tanh |> Linear(20)
}

system Flow {
	state x [20]real
	der(x) = f(x)
}

model Long(x [20]real) (y [20]real) {
	return solve(Flow{x}, over: 0..1, with: rk4{steps: 10000000}).x
}
`

// lastlyCancelled is cancelled when it has been asked so often.
type lastlyCancelled struct {
	context.Context
	left int
}

func (c *lastlyCancelled) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancel interrupts a solve of ten million steps layer by layer, with a graph of its step and without: it ends at once, nothing stays on the
// device, and what comes after works.
func TestCancel(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"long.nde": long}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	ports := []rt.ColumnSpec{{Name: "x", Shape: []int{20}}, {Name: "y", Shape: []int{20}}}
	p := rt.Program[float32]{Package: "long", Kernels: kernels(t, "long", res.CUDA),
		Models: []rt.Model[float32]{{Name: "Long", Inputs: ports[:1], Outputs: ports[1:], Sites: make([]rt.Site, 1)}}}
	if k := p.Kernels.Model("Long"); k == nil || len(k.Layers.Parts) == 0 {
		t.Fatal("the model does not go layer by layer")
	}
	for _, graphs := range []string{"on", "off"} {
		t.Setenv("NDEC_CUDA_GRAPHS", graphs)
		dev, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, _, closeAll, err := rt.OnDevice(p, dev)
		if err != nil {
			t.Fatal(err)
		}
		m := &placed.Models[0]
		in, out := rt.NewTable(m.Inputs, 3), rt.NewTable(m.Outputs, 3)
		w := make([]float32, p.Kernels.Params/4)
		for range 2 {
			if err := m.Batch(&lastlyCancelled{context.Background(), 3}, w, in, out, new(rt.BatchStats), 0); !errors.Is(err, context.Canceled) || errors.Is(err, rt.ErrDevice) {
				t.Errorf("graphs %s: a batch that is cancelled gives %v", graphs, err)
			}
		}
		if err := errors.Join(closeAll(), dev.Close()); err != nil {
			t.Errorf("graphs %s: %v", graphs, err)
		}
	}
}

// TestFull takes pieces of memory until there is no more. The error says what is free; what is given back can be had again as one.
func TestFull(t *testing.T) {
	k := twice(t)
	piece := 300_000
	if emulated(t) {
		t.Setenv("NDEC_FAKE_MEMORY", "1048576")
	} else {
		piece = 12 << 30
	}
	mod, _, closeAll := loaded(t, k)
	err := mod.Do(func(q rt.DeviceQueue) error {
		for range 2 {
			var all []rt.DevicePtr
			var full error
			for len(all) < 1000 {
				p, err := q.Alloc(piece)
				if full = err; err != nil {
					break
				}
				all = append(all, p)
			}
			t.Logf("%d pieces of %d bytes; then %v", len(all), piece, full)
			if !errors.Is(full, rt.ErrDevice) || !strings.Contains(full.Error(), strconv.Itoa(piece)+" bytes were asked of") || !strings.Contains(full.Error(), "are free") {
				t.Errorf("all memory and a piece more gives %v", full)
			}
			for _, p := range all {
				if err := q.Free(p); err != nil {
					return err
				}
			}
			one := piece * (len(all) - 1)
			p, err := q.Alloc(one)
			if err != nil {
				return err
			}
			end, got := p+rt.DevicePtr(one-8), make([]byte, 8)
			if err := errors.Join(q.Write(end, []byte("the last")), q.Read(rt.DeviceRead{To: got, From: end}), q.Free(p)); err != nil {
				return err
			}
			if string(got) != "the last" {
				t.Errorf("the end of %d bytes has %q", one, got)
			}
		}
		return nil
	})
	if err := errors.Join(err, closeAll()); err != nil {
		t.Error(err)
	}
}

// TestHuge has as many rows as NDEC_TEST_HUGE says: with 16777217 of them the number of a row is no float32, and they go in many slices. Rows around the
// ends of slices are compared with the CPU, and all of them with a small batch of the same rows; so is the gradient of a loss over all.
func TestHuge(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv("NDEC_TEST_HUGE"))
	if err != nil {
		t.Skip("NOT CHECKED: NDEC_TEST_HUGE says no number of rows")
	}
	p := program(t)
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	placed, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, rt.LayoutLen(p.Layout))
	rt.InitParams(w, p.Layout, 1)
	const slice, different = 1 << 20, 1009
	value := func(i int) float64 { return math.Sin(float64(i % (2 * different))) }
	table := func(rows []int) *rt.Table {
		in := rt.NewTable(p.Models[0].Inputs, len(rows))
		for i, r := range rows {
			in.Columns[0].Data[2*i], in.Columns[0].Data[2*i+1] = value(2*r), value(2*r+1)
		}
		return in
	}
	run := func(m *rt.Model[float32], in *rt.Table) ([]float64, *rt.BatchStats) {
		out, stats := rt.NewTable(m.Outputs, in.Rows), new(rt.BatchStats)
		if err := m.Batch(context.Background(), w, in, out, stats, 0); err != nil {
			t.Fatal(err)
		}
		return out.Columns[0].Data, stats
	}
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	got, stats := run(&placed.Models[0], table(all))
	few, fewStats := run(&placed.Models[0], table(all[:different]))
	for i := range rows {
		k := i % different
		if got[2*i] != few[2*k] || got[2*i+1] != few[2*k+1] || stats.Sites[0].NFE[i] != fewStats.Sites[0].NFE[k] {
			t.Fatalf("row %d is %v with %d evaluations, in a small batch %v with %d", i, got[2*i:2*i+2], stats.Sites[0].NFE[i], few[2*k:2*k+2], fewStats.Sites[0].NFE[k])
		}
	}
	var some []int
	for at := 0; at <= rows; at += slice {
		for _, i := range []int{at - 1, at, at + 1} {
			if i >= 0 && i < rows {
				some = append(some, i)
			}
		}
	}
	if last := rows - 1; !slices.Contains(some, last) {
		some = append(some, last)
	}
	want, _ := run(&p.Models[0], table(some))
	for k, i := range some {
		for e := range 2 {
			if x, y := got[2*i+e], want[2*k+e]; !(math.Abs(x-y) <= 1e-3*max(1, math.Abs(y))) { // of a solve with a tolerance of 1e-4
				t.Errorf("row %d has %v, on the CPU %v", i, x, y)
			}
		}
	}
	gradient := func(p *rt.Program[float32]) (loss float64, grad []float32) {
		o := &p.Recipes[0].Objective
		specs := slices.Clone(p.Models[0].Inputs)
		specs = append(specs, rt.ColumnSpec{Name: "y", Classes: 2})
		tab := rt.NewTable(specs, rows)
		copy(tab.Columns[0].Data, table(all).Columns[0].Data)
		for i := range rows {
			tab.Columns[1].Data[i] = float64(i % different % 2)
		}
		grad = make([]float32, len(w))
		ev, err := rt.LossGrad(context.Background(), w, grad, o, tab, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return ev.Loss, grad
	}
	loss, grad := gradient(&placed)
	cpu, exact := gradient(&p)
	scale := 0.0
	for _, x := range exact {
		scale = max(scale, math.Abs(float64(x)))
	}
	if !(math.Abs(loss-cpu) <= 1e-4*cpu) {
		t.Errorf("the loss is %v, on the CPU %v", loss, cpu)
	}
	for i := range grad {
		if !(math.Abs(float64(grad[i]-exact[i])) <= 1e-3*scale) { // adaptive steps may be others
			t.Errorf("gradient %d is %v, on the CPU %v", i, grad[i], exact[i])
		}
	}
	if err := errors.Join(closeAll(), dev.Close()); err != nil {
		t.Error(err)
	}
}
