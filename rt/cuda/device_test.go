//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
	_ "ndec.dev/ndec/rt/cuda"
)

// program is generated/moons with kernels: real ones for a GPU, emulated ones for the stand-in of the driver.
func program(t *testing.T) rt.Program[float32] {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"moons.nde", "moons_hyper.nde"} {
		text, err := os.ReadFile("../../generated/moons/" + name)
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
	p.Kernels = kernels(t, "moons", res.CUDA)
	return p
}

// TestTraining trains through the driver, looks for what is left in device memory, and compares with the CPU.
func TestTraining(t *testing.T) {
	p := program(t)
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(dev.Name())
	placed, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatal(err)
	}
	train := func(p *rt.Program[float32]) []float32 {
		w := make([]float32, rt.LayoutLen(p.Layout))
		e := &p.Recipes[0]
		rt.InitParams(w, p.Layout, e.Recipe.Seed)
		tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
		if err != nil {
			t.Fatal(err)
		}
		tables.Test = nil
		if _, err := rt.Train(context.Background(), w, p.Layout, &e.Recipe, &e.Objective, tables, rt.TrainOptions{Steps: 6}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	device, again, cpu := train(&placed), train(&placed), train(&p)
	worst := 0.0
	for i := range cpu {
		worst = max(worst, math.Abs(float64(device[i]-cpu[i])))
		if math.Abs(float64(device[i]-cpu[i])) > 2e-4 || device[i] != again[i] {
			t.Fatalf("weight %d: %v and %v on the device, %v on the CPU", i, device[i], again[i], cpu[i])
		}
	}
	t.Logf("weights of device and CPU differ by %.2g at most", worst)
	// Two goroutines on one model.
	m := &placed.Models[0]
	in := rt.NewTable(m.Inputs, 200)
	for i := range in.Columns[0].Data {
		in.Columns[0].Data[i] = math.Cos(float64(i))
	}
	outs := make(chan *rt.Table, 2)
	for range 2 {
		go func() {
			out := rt.NewTable(m.Outputs, in.Rows)
			if err := m.Batch(context.Background(), cpu, in, out, new(rt.BatchStats), 0); err != nil {
				t.Error(err)
			}
			outs <- out
		}()
	}
	a, b := <-outs, <-outs
	for i, x := range a.Columns[0].Data {
		if x != b.Columns[0].Data[i] {
			t.Fatalf("two goroutines give %v and %v", x, b.Columns[0].Data[i])
		}
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}

// TestMemory asks for more than there is.
func TestMemory(t *testing.T) {
	p := program(t)
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := dev.Load(p.Kernels)
	if err != nil {
		t.Fatal(err)
	}
	err = mod.Do(func(q rt.DeviceQueue) error {
		_, err := q.Alloc(1 << 50)
		return err
	})
	if !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "are free") || !strings.Contains(err.Error(), "1125899906842624 bytes") {
		t.Errorf("out of memory gives %v", err)
	}
	err = mod.Do(func(q rt.DeviceQueue) error { return q.Launch("none", 1, 32, nil) })
	if !errors.Is(err, rt.ErrDevice) {
		t.Errorf("a kernel that is not there gives %v", err)
	}
	var leak rt.DevicePtr
	if err := mod.Do(func(q rt.DeviceQueue) (err error) { leak, err = q.Alloc(100); return err }); err != nil {
		t.Fatal(err)
	}
	if err := mod.Close(); err != nil {
		t.Error(err)
	}
	if err := dev.Close(); err == nil || !strings.Contains(err.Error(), "100 bytes were not freed") {
		t.Errorf("a leak of %d gives %v", leak, err)
	}
	if err := mod.Do(func(rt.DeviceQueue) error { return nil }); !errors.Is(err, rt.ErrDevice) {
		t.Errorf("a closed device gives %v", err)
	}
}

func TestOpen(t *testing.T) {
	for _, name := range []string{"cuda:99", "cuda:x", "cuda:-1"} {
		if _, err := rt.Open(name); !errors.Is(err, rt.ErrNoDevice) {
			t.Errorf("%s gives %v", name, err)
		}
	}
}

// TestNoGPU is for a machine whose driver knows no device: the program starts, and Open says what to do.
func TestNoGPU(t *testing.T) {
	if os.Getenv("NDEC_TEST_NO_GPU") == "" {
		t.Skip("not for a machine with a device")
	}
	_, err := rt.Open("cuda:0")
	if !errors.Is(err, rt.ErrNoDevice) || !strings.Contains(err.Error(), "leave --device out") {
		t.Errorf("no device gives %v", err)
	}
}

// TestOldDriver is for a driver that is older than the PTX of the kernels.
func TestOldDriver(t *testing.T) {
	if os.Getenv("NDEC_TEST_OLD_DRIVER") == "" {
		t.Skip("for the stand-in as an old driver, as .ci/cuda has it")
	}
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	p := moons.Program()
	p.Kernels = &rt.Kernels{Images: []rt.KernelImage{{Capability: 80, Text: ".version 9.0\n"}}}
	if _, _, _, err := rt.OnDevice(p, dev); !errors.Is(err, rt.ErrNoDevice) || !strings.Contains(err.Error(), "knows CUDA 11.4") {
		t.Errorf("an old driver gives %v", err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}

// TestTwoPrograms has two programs on one device at a time, and asks a model for more memory than there is: it fails with what
// was asked, and leaves nothing behind.
func TestTwoPrograms(t *testing.T) {
	p := program(t)
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	one, _, closeOne, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatal(err)
	}
	two, _, closeTwo, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, rt.LayoutLen(p.Layout))
	rt.InitParams(w, p.Layout, 1)
	in := rt.NewTable(one.Models[0].Inputs, 40)
	for i := range in.Columns[0].Data {
		in.Columns[0].Data[i] = math.Sin(float64(i))
	}
	outs := [2]*rt.Table{}
	done := make(chan error)
	for i, m := range []*rt.Model[float32]{&one.Models[0], &two.Models[0]} {
		outs[i] = rt.NewTable(m.Outputs, in.Rows)
		go func() { done <- m.Batch(context.Background(), w, in, outs[i], new(rt.BatchStats), 0) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for i, x := range outs[0].Columns[0].Data {
		if x != outs[1].Columns[0].Data[i] {
			t.Fatalf("output %d of two programs is %v and %v", i, x, outs[1].Columns[0].Data[i])
		}
	}
	if err := closeOne(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := two.Models[0].Batch(ctx, w, in, outs[1], new(rt.BatchStats), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("a batch that is cancelled gives %v", err)
	}
	if err := closeTwo(); err != nil {
		t.Error(err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}
