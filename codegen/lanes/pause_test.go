package lanes_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// TestPausesAreClose: whatever the widths, no kernel runs for much longer without a pause than is meant, half a millisecond if nothing waits: gradients of nets, of
// convolutions and of long loops, with functions and linear systems in them.
func TestPausesAreClose(t *testing.T) {
	check := func(name string, p *plan.Plan, f *ir.Func, tiles, pauses bool) {
		t.Helper()
		set := lanes.New(p, kernelName)
		isas := asm.ISAs[:]
		if set.Tiles = tiles; tiles {
			isas = []asm.ISA{asm.AMX}
		}
		k, err := set.Add(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, isa := range isas {
			longest := 0
			for _, q := range set.Kernels {
				longest = max(longest, set.Longest(q, isa))
				// A pause comes after an eighth at the latest, and what is called has none within Hold.
				if n := set.Longest(q, isa); n > set.Hold*5/4 {
					t.Errorf("%s: %s on %s runs for %d half cycles without a pause", name, q.Name, isa, n)
				}
			}
			t.Logf("%s on %s: %d half cycles without a pause at most", name, isa, longest)
			if set.Pauses(k, isa) != pauses {
				t.Errorf("%s on %s pauses is %v", name, isa, !pauses)
			}
		}
	}
	for _, width := range []int{256, 1000, 8192} {
		res, ds := driver.Compile(twoLayers(width, width), driver.Options{Until: "plan"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, tiles := range []bool{false, true} {
			check(fmt.Sprintf("width %d", width), res.Plan, res.Module.Recipes[0].Grad, tiles, width > 256)
		}
	}
	module := func(params []*ir.Param, body func(b *ir.Builder) []*ir.Value) (*plan.Plan, *ir.Func) {
		b := ir.NewFunc("f", diag.Span{}, ir.F32)
		m := &ir.Module{Real: ir.F32, Params: params}
		f := m.AddFunc(b.Return(body(b)...))
		return planned(t, m), f
	}
	for _, size := range []int{8, 56} {
		w := &ir.Param{Name: "w", Type: ir.Tensor(ir.F32, 64, 64, 3, 3)}
		a := ir.ConvAxis{Stride: 1, Pad: 1, Dilation: 1, In: size, Kernel: 3}
		for _, op := range []ir.Op{ir.OpConv, ir.OpConvInput, ir.OpConvWeight} {
			p, f := module([]*ir.Param{w}, func(b *ir.Builder) []*ir.Value {
				x, left := b.Arg("x", ir.Tensor(ir.F32, 64, size, size)), b.Param(w)
				if op == ir.OpConvWeight {
					left = b.Arg("y", x.Type)
				}
				return []*ir.Value{b.Emit(op, ir.ConvAttr(1, a, a), left, x)}
			})
			check(fmt.Sprintf("%s of %d", op, size), p, f, false, true)
		}
	}
	for _, n := range []int{10, 10_000} {
		for name, call := range map[string]string{"map": "sum(map(f, x))", "map of systems": "sum(map(s, x))", "scan": "sqnorm(g(x))"} {
			res, ds := driver.Compile(map[string]string{"m.nde": fmt.Sprintf(`package long
net f(x [4]real) real { return x |> Linear(9) |> tanh |> Linear() }
net s(x [4]real) real { return logdet(outer(x, x) + eye(4)) }
net g(x [%[1]d, 4]real) [3]real { return x |> GRU(6) |> Linear(3) }
data Rows { x [%[1]d, 4]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize %[2]s
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`, n, call)}, driver.Options{Until: "plan"})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			for _, f := range []*ir.Func{res.Module.Recipes[0].Objective, res.Module.Recipes[0].Grad} {
				check(fmt.Sprintf("%s of a %s of %d", f.Name, name, n), res.Plan, f, false, n > 10)
			}
		}
	}
}

// TestPausesOnTiles: kernels pause where products go on tiles, too, among these as well.
func TestPausesOnTiles(t *testing.T) {
	res, ds := driver.Compile(twoLayers(96, 80), driver.Options{Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params, _ := drawn(res.Module)
	for _, ps := range params {
		for i := range ps {
			ps[i] = float64(float32(0.2 * ps[i]))
		}
	}
	grad := res.Module.Recipes[0].Grad
	machine := newProcessor(t)
	var numbers [][]byte
	for _, hold := range []int{0, 2000} {
		set := lanes.New(res.Plan, kernelName)
		if set.Tiles = true; hold > 0 {
			set.Hold = hold
		}
		b := benchOf(t, res.Module, set, params, []*ir.Func{grad}, []asm.ISA{asm.AMX})
		b.ran = func(r run) {
			machine.add(r)
			numbers = append(numbers, slices.Clone(r.after[3]))
		}
		k := b.set.Of(grad)
		if !set.HasTiles(k) {
			t.Fatal("nothing goes on tiles")
		}
		b.check(t, k, grad, rand.New(rand.NewPCG(3, 4)))
		if (b.pauses >= 50) != (hold > 0) {
			t.Errorf("%d pauses", b.pauses)
		}
	}
	if !slices.Equal(numbers[0], numbers[1]) {
		t.Error("pauses change sums")
	}
	machine.compare(t)
}

// TestPauses: kernels with pauses have the bits of those without, results and sums.
func TestPauses(t *testing.T) {
	machine := newProcessor(t)
	for _, precision := range []string{"f32", "f64"} {
		res, ds := driver.Compile(twoLayers(50, 37), driver.Options{Until: "plan", Precision: precision})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		params, _ := drawn(res.Module)
		grad := res.Module.Recipes[0].Grad
		type numbers [][]byte // results and sums, on each ISA
		left := func(hold int) (pauses int, all numbers) {
			b := newBench(t, res.Module, res.Plan, params, []*ir.Func{grad}, hold)
			b.ran = func(r run) {
				machine.add(r)
				for _, at := range r.results {
					all = append(all, r.after[0][at.from:at.to])
				}
				all = append(all, r.after[3])
			}
			b.check(t, b.set.Of(grad), grad, rand.New(rand.NewPCG(3, 4)))
			return b.pauses, all
		}
		pauses, whole := left(0)
		if pauses > 0 {
			t.Errorf("%s: a short kernel pauses", precision)
		}
		for _, hold := range []int{1, 4000} {
			pauses, parts := left(hold)
			if pauses < 100 {
				t.Errorf("%s: %d pauses where a kernel may take %d", precision, pauses, hold)
			}
			if !slices.EqualFunc(parts, whole, func(a, b []byte) bool { return slices.Equal(a, b) }) {
				t.Errorf("%s: pauses leave other bits where a kernel may take %d", precision, hold)
			}
		}
	}
	machine.compare(t)
}

// twoLayers is a program with the loss of a net with two hidden layers.
func twoLayers(first, second int) map[string]string {
	return map[string]string{"m.nde": fmt.Sprintf(`package pauses
net f(x [2]real) [2]real { return x |> Linear(%d) |> tanh |> Linear(%d) |> tanh |> Linear(2) }
data Rows { x [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(f(x))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`, first, second)}
}
