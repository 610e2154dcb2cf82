//go:build cuda

package cuda_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/rt"
)

// stopAfter interrupts training after some steps.
type stopAfter struct {
	rt.Events
	steps int
	stop  func()
}

func (s stopAfter) OnStep(i *rt.StepInfo) {
	if i.Step == s.steps {
		s.stop()
	}
}
func (s stopAfter) OnEpoch(*rt.StepInfo)  {}
func (s stopAfter) OnEval(*rt.EvalInfo)   {}
func (s stopAfter) OnEnd(*rt.TrainResult) {}

// TestLimits asks what users ask by mistake: empty batches, weights that are no numbers, an interruption, a kernel that the driver
// ends. Nothing stays on the device.
func TestLimits(t *testing.T) {
	p := program(t)
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	placed, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatal(err)
	}
	m := &placed.Models[0]
	w := make([]float32, rt.LayoutLen(p.Layout))
	rt.InitParams(w, p.Layout, 1)
	table := func(rows int) *rt.Table {
		in := rt.NewTable(m.Inputs, rows)
		for i := range in.Columns[0].Data {
			in.Columns[0].Data[i] = math.Sin(float64(i))
		}
		return in
	}
	run := func(m *rt.Model[float32], w []float32, rows int) (*rt.Table, error) {
		out := rt.NewTable(m.Outputs, rows)
		return out, m.Batch(context.Background(), w, table(rows), out, new(rt.BatchStats), 0)
	}

	t.Run("batches", func(t *testing.T) {
		many, err := run(m, w, 130)
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{0, 1, 31, 129} {
			few, err := run(m, w, rows)
			if err != nil {
				t.Errorf("%d rows: %v", rows, err)
			}
			if a, b := few.Columns[0].Data, many.Columns[0].Data; !slices.Equal(a, b[:len(a)]) {
				t.Errorf("%d rows have other results than among 130", rows)
			}
		}
	})

	t.Run("weights that are no numbers", func(t *testing.T) {
		bad := slices.Clone(w)
		bad[0] = float32(math.NaN())
		_, err := run(m, bad, 5)
		_, want := run(&p.Models[0], bad, 5)
		var on, cpu *rt.SolveError
		if !errors.As(err, &on) || !errors.As(want, &cpu) || on.Row != cpu.Row || on.Status != cpu.Status {
			t.Errorf("%v on the device, %v on the CPU", err, want)
		}
	})

	t.Run("interrupted training", func(t *testing.T) {
		train := func(p *rt.Program[float32], ctx context.Context, opt rt.TrainOptions) ([]float32, *rt.TrainResult, error) {
			w := make([]float32, rt.LayoutLen(p.Layout))
			e := &p.Recipes[0]
			rt.InitParams(w, p.Layout, e.Recipe.Seed)
			tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
			if err != nil {
				t.Fatal(err)
			}
			tables.Test = nil
			opt.Steps = 4
			res, err := rt.Train(ctx, w, p.Layout, &e.Recipe, &e.Objective, tables, opt)
			return w, res, err
		}
		whole, _, err := train(&placed, context.Background(), rt.TrainOptions{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		_, res, err := train(&placed, ctx, rt.TrainOptions{RunDir: dir, Events: stopAfter{steps: 2, stop: cancel}})
		if !errors.Is(err, context.Canceled) || res.Stopped != "interrupted" || res.Steps != 2 {
			t.Fatalf("interrupted training ends with %v after %d steps: %v", res.Stopped, res.Steps, err)
		}
		again, _, err := train(&placed, context.Background(), rt.TrainOptions{Resume: filepath.Join(dir, "checkpoints", "last")})
		if err != nil || fmt.Sprint(again) != fmt.Sprint(whole) {
			t.Errorf("resumed training gives other weights: %v", err)
		}
	})

	if err := errors.Join(closeAll(), dev.Close()); err != nil {
		t.Error(err)
	}

	t.Run("a kernel that the driver ends", func(t *testing.T) {
		needsStandIn(t, "one that draws no screen ends no kernel")
		t.Setenv("NDEC_FAKE_LAUNCH", "702")
		other, err := rt.Open("cuda:0")
		if err != nil {
			t.Fatal(err)
		}
		placed, _, closeAll, err := rt.OnDevice(p, other)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run(&placed.Models[0], w, 3); !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "LaunchTimeout (the launch timed out and was terminated): a kernel ran longer") || !strings.Contains(err.Error(), "smaller batches") {
			t.Errorf("a kernel that is ended gives %v", err)
		}
		_ = closeAll() // the context is of no use, and says so
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})

	// A device that is opened again works.
	if dev, err = rt.Open("cuda:0"); err != nil {
		t.Fatal(err)
	}
	if placed, _, closeAll, err = rt.OnDevice(p, dev); err != nil {
		t.Fatal(err)
	}
	if _, err := run(&placed.Models[0], w, 3); err != nil {
		t.Error(err)
	}
	if err := errors.Join(closeAll(), dev.Close()); err != nil {
		t.Error(err)
	}
}
