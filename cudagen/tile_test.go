package cudagen_test

import (
	"os"
	"strings"
	"testing"
)

// tileSubject is testdata/tiles.nde; a part of its rows make a warp that is not full, and its solves go forwards and backwards.
func tileSubject(t *testing.T, rows int) *subject {
	s := programSubject(t, "tiles", map[string]string{"tiles.nde": source(t, "testdata/tiles.nde")}, "f32")
	s.rows, s.seed = rows, offEdge
	return s
}

// offEdge is a seed of rows none of which has a step at the edge of being rejected, where sums of tensor cores, whose rounding is left to the device, decide.
const offEdge = 6

// mixedSubject is testdata/tiles.nde with recipes of mixed precision.
func mixedSubject(t *testing.T, precision string) *subject {
	text := strings.ReplaceAll(source(t, "testdata/tiles.nde"), "optimizer: adam", "optimizer: adam\n\tprecision: "+precision)
	s := programSubject(t, precision, map[string]string{"tiles.nde": text}, "f32")
	s.rows, s.mixed, s.seed = 20, 3e-3, offEdge
	return s
}

// TestTiles compares kernels with products of a warp with the interpreter, over more samples than one has lanes, in the precision of
// the program and in mixed ones.
func TestTiles(t *testing.T) {
	s := tileSubject(t, 37)
	bfloat := mixedSubject(t, "mixed_bf16")
	mixed := map[string]*subject{"ndec_bf16<1>": bfloat}
	all := []*subject{s, bfloat}
	if os.Getenv("NDEC_TEST_MODULES") != "" { // in CI
		half := mixedSubject(t, "mixed_fp16")
		mixed["ndec_f16"], all = half, append(all, half)
	}
	compare(t, all)
	for name, in := range mixed {
		for _, product := range []string{"ndec_tile_product<" + name + ",", "ndec_tile_outer<" + name + ","} {
			if !strings.Contains(string(in.out.Files[0].Text), product) {
				t.Errorf("%s has no %s", in.name, product)
			}
		}
		for _, r := range in.out.Kernels.Recipes {
			if r.Grad.Lanes != 32 {
				t.Errorf("%s: the gradient of %s has no tiles", in.name, r.Name)
			}
		}
	}
	for _, m := range s.out.Kernels.Models {
		if m.Lanes != 32 {
			t.Errorf("model %s has no tile", m.Name)
		}
	}
	for _, r := range s.out.Kernels.Recipes {
		if r.Loss.Lanes != 32 || r.Grad.Lanes != 32 {
			t.Errorf("recipe %s has no tiles", r.Name)
		}
	}
}

// TestTileCalls compares a loss whose field has second derivatives of a net: products of the same sizes are many there, so that they are called.
func TestTileCalls(t *testing.T) {
	s := programSubject(t, "second", map[string]string{"second.nde": `package second

net L(q, v [2]real) real {
	return concat(q, v) |> Linear(20) |> softplus |> Linear(20) |> softplus |> Linear(1) |> scalar
}

net force(q, v [2]real) [2]real {
	return concat(q, v) |> Linear(18) |> softplus |> Linear(2)
}

system Forced {
	state q, v [2]real
	E := L(q, v)
	p := grad(E, v)
	der(q) = v
	der(v) = linsolve(hess(E, v) + 3*eye(2), grad(E, q) - jac(p, q)@v + force(q, v))
}

data Accelerations {
	q, v, a [2]real
	source: csv{path: "a.csv"}
}

train Fit {
	data: Accelerations
	epochs: 1
	optimizer: adam
	minimize mse(rhs(Forced{q, v}).v, a) + 1e-2*l2(force)
}
`}, "f32")
	s.initial(t)
	s.rows = 20
	compare(t, []*subject{s})
	text := string(s.out.Files[0].Text)
	for _, call := range []string{"ndec_tile_product_far<ndec_bf16<3>, 20, 20, 1, 20>", "ndec_tile_product_far<ndec_bf16<3>, 20, 20, 20, 1>", "ndec_tile_outer_far<ndec_bf16<3>, 20, 20>",
		"ndec_tile_product_far<ndec_bf16<3>, 20, 4, 1, 4>", "ndec_tile_product_far<ndec_bf16<3>, 4, 20, 4, 1>", "ndec_tile_outer_far<ndec_bf16<3>, 20, 4>", "i < 36; i++) ndec_tile_add_own("} {
		if n := strings.Count(text, call); n == 0 {
			t.Errorf("there is no %s", call)
		}
	}
}

// TestWideTargets has wide nets in f32 whose target is made in f64, which no tile multiplies.
func TestWideTargets(t *testing.T) {
	text := strings.ReplaceAll(source(t, "testdata/wide.nde"), "1e-8", "1e-4") // f32 holds no 1e-8
	s := programSubject(t, "wide", map[string]string{"wide.nde": text}, "f32")
	compare(t, []*subject{s})
	for name, b := range s.out.Budgets {
		if strings.HasPrefix(name, "fit_fast") && (b.Products > 0 || b.Group != nil) {
			t.Errorf("%s has a tile", name)
		}
	}
}
