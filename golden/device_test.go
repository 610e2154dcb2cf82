package golden_test

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
	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/rt"
)

// moonsOnDevice is generated/moons with the kernels of its sources.
func moonsOnDevice(t *testing.T) (rt.Program[float32], *cudagen.Output) {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"moons.nde", "moons_hyper.nde"} {
		text, err := os.ReadFile("../generated/moons/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	res, ds := driver.Compile(files, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	p := moons.Program()
	p.Kernels = emutest.Kernels(t, res.CUDA)
	return p, res.CUDA
}

// efforts are what the rows of the first recipe take at w.
func efforts(t *testing.T, p *rt.Program[float32], w []float32) []int32 {
	t.Helper()
	e := &p.Recipes[0]
	tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]int, tables.Train.Rows)
	for i := range rows {
		rows[i] = len(rows) - 1 - i
	}
	out := rt.ShardResult{Metrics: make([]float64, 1), Efforts: make([]int32, len(rows))}
	grad := make([]float32, len(w))
	if e.Objective.NewBatch == nil {
		e.Objective.NewWorker().Shard(w, grad, tables.Train, rows, rt.Key{}, &out)
		return out.Efforts
	}
	b := e.Objective.NewBatch()
	if err := errors.Join(b.Batch(w, grad, tables.Train, rows, rt.Key{}, &out), b.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Efforts
}

// TestDeviceTraining trains on the emulated device and on the CPU: the first steps agree, a checkpoint of the one goes
// on on the other, and nothing is left in device memory.
func TestDeviceTraining(t *testing.T) {
	p, out := moonsOnDevice(t)
	server := emutest.Start(t, map[string]*cudagen.Output{"moons": out}, emutest.Options{})
	placed, left, closeAll, err := rt.OnDevice(p, server.Device("moons"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 { // least squares
		t.Errorf("left on the CPU: %v, want FitTiny", left)
	}
	ctx := context.Background()
	run := func(p *rt.Program[float32], opt rt.TrainOptions) ([]float32, *rt.TrainResult) {
		t.Helper()
		w := make([]float32, rt.LayoutLen(p.Layout))
		e := &p.Recipes[0]
		rt.InitParams(w, p.Layout, e.Recipe.Seed)
		tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
		if err != nil {
			t.Fatal(err)
		}
		tables.Test = nil
		res, err := rt.Train(ctx, w, p.Layout, &e.Recipe, &e.Objective, tables, opt)
		if err != nil {
			t.Fatal(err)
		}
		return w, res
	}
	const steps = 12
	device, onDevice := run(&placed, rt.TrainOptions{Steps: steps})
	cpu, onCPU := run(&p, rt.TrainOptions{Steps: steps})
	again, _ := run(&placed, rt.TrainOptions{Steps: steps})
	for i := range cpu {
		if math.Abs(float64(device[i]-cpu[i])) > 2e-4 {
			t.Fatalf("weight %d is %v on the device, %v on the CPU", i, device[i], cpu[i])
		}
		if device[i] != again[i] {
			t.Fatalf("weight %d is %v and then %v", i, device[i], again[i])
		}
	}
	alike := 0
	here, there := efforts(t, &p, cpu), efforts(t, &placed, cpu)
	for i, n := range here {
		if n == there[i] {
			alike++
		}
	}
	if alike < 480 || slices.Max(here) == slices.Min(here) { // the others have a step that is just accepted on one of the two
		t.Errorf("%d of 512 rows take as many evaluations on the device as on the CPU; %v", alike, here)
	}
	if math.Abs(onDevice.Loss-onCPU.Loss) > 1e-5 || math.Abs(onDevice.NFE-onCPU.NFE) > 0.1 || onDevice.BackwardNFE == 0 {
		t.Errorf("device loss %v nfe %v back %v, CPU loss %v nfe %v back %v", onDevice.Loss, onDevice.NFE, onDevice.BackwardNFE, onCPU.Loss, onCPU.NFE, onCPU.BackwardNFE)
	}

	// A checkpoint of the CPU goes on on the device, and back.
	dir := t.TempDir()
	run(&p, rt.TrainOptions{Steps: 4, RunDir: dir})
	path, ok := rt.FindCheckpoint(dir)
	if !ok {
		t.Fatal("no checkpoint")
	}
	run(&placed, rt.TrainOptions{Steps: 8, RunDir: dir, Resume: path})
	resumed, _ := run(&p, rt.TrainOptions{Steps: steps, RunDir: dir, Resume: path})
	for i := range cpu {
		if math.Abs(float64(resumed[i]-cpu[i])) > 2e-4 {
			t.Fatalf("weight %d is %v after both, %v on the CPU", i, resumed[i], cpu[i])
		}
	}

	// Models, of no row, of one and of many. Steps of the adaptive solve differ in their last digits, and near
	// the edge one is rejected here and accepted there: such rows agree to the solver's tolerance, times ten.
	m := &placed.Models[0]
	for i, tol := range []float64{1e-3, 1e-5} {
		m, host := &placed.Models[i], &p.Models[i]
		for _, n := range []int{0, 1, 300} {
			in, a, b := rt.NewTable(m.Inputs, n), rt.NewTable(m.Outputs, n), rt.NewTable(m.Outputs, n)
			for i := range in.Columns[0].Data {
				in.Columns[0].Data[i] = math.Sin(float64(i))
			}
			var stats, hostStats rt.BatchStats
			if err := m.Batch(ctx, cpu, in, a, &stats, 0); err != nil {
				t.Fatal(err)
			}
			if err := host.Batch(ctx, cpu, in, b, &hostStats, 0); err != nil {
				t.Fatal(err)
			}
			for i, x := range b.Columns[0].Data {
				if math.Abs(a.Columns[0].Data[i]-x) > tol {
					t.Fatalf("%s, %d rows: output %d is %v on the device, %v on the CPU", m.Name, n, i, a.Columns[0].Data[i], x)
				}
			}
		}
	}

	// Weights that are not numbers fail sample by sample, as on the CPU.
	bad := make([]float32, len(cpu))
	for i := range bad {
		bad[i] = float32(math.NaN())
	}
	in, o := rt.NewTable(m.Inputs, 3), rt.NewTable(m.Outputs, 3)
	err = m.Batch(ctx, bad, in, o, new(rt.BatchStats), 0)
	var failed *rt.SolveError
	if !errors.As(err, &failed) || failed.Status != rt.NonFinite || failed.Sample != 0 {
		t.Errorf("NaN weights give %v", err)
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
	if server.Live != 0 {
		t.Errorf("%d device allocations are not freed", server.Live)
	}
}

func TestNoDevice(t *testing.T) {
	for name, want := range map[string]string{"cuda:0": "-tags cuda", "abacus:1": "no device but the CPU"} {
		_, err := rt.Open(name)
		if !errors.Is(err, rt.ErrNoDevice) || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) gives %v, want %q in it", name, err, want)
		}
	}
	if _, _, _, err := rt.OnDevice(moons.Program(), nil); !errors.Is(err, rt.ErrNoDevice) {
		t.Errorf("a package without kernels gives %v", err)
	}
}
