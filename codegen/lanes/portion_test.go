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
)

// TestTurnsAreShort: by the plan no turn of the gradient of a net takes longer than it should, for layers that are not too wide, nor than half of a loop.
func TestTurnsAreShort(t *testing.T) {
	for _, width := range []int{700, 1000, 1600} {
		res, ds := driver.Compile(twoLayers(width, width), driver.Options{Until: "plan"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		set := lanes.New(res.Plan, kernelName)
		k, err := set.Add(res.Module.Recipes[0].Grad)
		if err != nil {
			t.Fatal(err)
		}
		vectors := lanes.RowBytes / asm.AVX2.Bytes()
		all := 0
		for _, turn := range k.Turns {
			slots := vectors * set.WorkOf(turn).Slots
			all += slots
			// A portion is no longer than a turn, or half of its loop; there are rows of a tile, and functions.
			if limit := max(set.Hold, width*(width+100)*vectors/2) + 8*width*vectors*3; slots > limit {
				t.Errorf("width %d: a turn takes %d, want at most %d", width, slots, limit)
			}
		}
		if whole := vectors * set.WorkOf(k).Slots; all < whole-len(k.Turns)*vectors*4 || all > whole {
			t.Errorf("width %d: turns are %d together, the whole is %d", width, all, whole)
		}
	}
}

// TestPortionsOnTiles: so they do where products go on tiles, which the first portion makes for all. A loop apart may have another hyperbolic tangent,
// so that only the interpreter says what is right.
func TestPortionsOnTiles(t *testing.T) {
	res, ds := driver.Compile(twoLayers(96, 80), driver.Options{Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params := map[string][]float64{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range res.Module.Params {
		for range p.Type.Len() {
			params[p.Name] = append(params[p.Name], float64(float32(0.2*(rnd.Float64()-0.5))))
		}
	}
	grad := res.Module.Recipes[0].Grad
	set := lanes.New(res.Plan, kernelName)
	set.Tiles, set.Hold = true, 8000
	b := benchOf(t, res.Module, set, params, []*ir.Func{grad}, []asm.ISA{asm.AMX})
	k := set.Of(grad)
	if !set.HasTiles(k) || len(k.Turns) < 9 {
		t.Fatalf("%d turns; with products on tiles: %v", len(k.Turns), set.HasTiles(k))
	}
	b.check(t, k, grad, rand.New(rand.NewPCG(3, 4)))
}

// TestPortions: loops of products that are longer than a turn go in portions, the products, the sums along them, those behind them and outer
// products, with the bits of the whole.
func TestPortions(t *testing.T) {
	for _, precision := range []string{"f32", "f64"} {
		res, ds := driver.Compile(twoLayers(50, 37), driver.Options{Until: "plan", Precision: precision})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		params, _ := drawn(res.Module)
		grad := res.Module.Recipes[0].Grad
		type numbers [][]byte // results and sums, on each ISA
		left := func(hold int) (turns int, all numbers) {
			b := newBench(t, res.Module, res.Plan, params, []*ir.Func{grad}, hold)
			b.ran = func(r run) {
				for _, at := range r.results {
					all = append(all, r.after[0][at.from:at.to])
				}
				all = append(all, r.after[3])
			}
			k := b.set.Of(grad)
			b.check(t, k, grad, rand.New(rand.NewPCG(3, 4)))
			return len(k.Turns), all
		}
		turns, whole := left(0)
		if turns > 0 {
			t.Errorf("%s: a short kernel goes in %d turns", precision, turns)
		}
		for _, hold := range []int{4000, 5000} {
			// Three products with 1,850 weights, of four vectors each.
			turns, parts := left(hold)
			if least := 3 * 4 * 1850 / hold; turns < least {
				t.Errorf("%s: %d turns of at most %d, want %d and more", precision, turns, hold, least)
			}
			if !slices.EqualFunc(parts, whole, func(a, b []byte) bool { return slices.Equal(a, b) }) {
				t.Errorf("%s: turns of at most %d leave other bits", precision, hold)
			}
		}
	}
}

// twoLayers is a program with the loss of a net with two hidden layers.
func twoLayers(first, second int) map[string]string {
	return map[string]string{"m.nde": fmt.Sprintf(`package portions
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
