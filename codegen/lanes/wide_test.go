package lanes_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/plan"
)

// wideBench runs kernels for wide blocks.
func wideBench(t *testing.T, m *ir.Module, p *plan.Plan, params map[string][]float64) *bench {
	return benchOf(t, m, lanes.NewWide(p, kernelName), params, m.Funcs, []asm.ISA{asm.AVX512})
}

// TestWide compares kernels for wide blocks with the interpreter: layers with few rows and many, and the functions of random modules.
func TestWide(t *testing.T) {
	machine := newProcessor(t)
	rnd := rand.New(rand.NewPCG(8, 9))
	for name, body := range layerForms {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			for _, size := range [][2]int{{5, 9}, {16, 17}, {131, 64}} {
				m, params := layer(t, real, size[0], size[1], body)
				b := wideBench(t, m, planned(t, m), params)
				b.name, b.ran = fmt.Sprintf("%s, %v: ", name, size), machine.add
				if got, want := b.set.Samples(), 256/real.Bytes(); got != want {
					t.Fatalf("a wide block has %d samples, want %d", got, want)
				}
				b.check(t, b.set.Of(m.Funcs[0]), m.Funcs[0], rnd)
			}
		}
	}
	from, to := seeds(t)
	for seed := from; seed < from+(to-from)/5; seed++ {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			c := irtest.Random(seed, real)
			opt.Prepare(c.Module)
			opt.Run(c.Module, opt.Options{})
			p, err := plan.Build(c.Module)
			if err != nil {
				t.Fatal(err)
			}
			b := wideBench(t, c.Module, p, c.Params)
			b.name, b.ran = fmt.Sprintf("seed %d: ", seed), machine.add
			for _, f := range c.Module.Funcs {
				if k := b.set.Of(f); k != nil {
					b.check(t, k, f, rand.New(rand.NewPCG(seed, 3)))
					b.checkOdd(t, k, f, rand.New(rand.NewPCG(seed, 4)))
				}
			}
		}
	}
	machine.compare(t)
}

// TestWideText: a layer goes over a wide block at once, four rows by four vectors, or six where they are many, and their sums have registers.
func TestWideText(t *testing.T) {
	for rows, tile := range map[int]string{64: "16 times: tiles of 4 elements", 132: "22 times: tiles of 6 elements"} {
		m, _ := layer(t, ir.F32, rows, 64, layerForms["a layer"])
		set := lanes.NewWide(planned(t, m), kernelName)
		k, err := set.Add(m.Funcs[0])
		if err != nil {
			t.Fatal(err)
		}
		if text := set.Text(asm.AVX512, "", set.Kernels, func(*lanes.Kernel) bool { return false }); !bytes.Contains(text, []byte(tile)) {
			t.Errorf("%d rows do not go so: %s", rows, tile)
		}
		if n := k.Spills(asm.AVX512); n > 0 {
			t.Errorf("%d rows: %d vectors have no register", rows, n)
		}
	}
}
