package cudagen_test

import (
	"strings"
	"testing"
)

// tileSubject is testdata/tiles.nde; a part of its rows make a warp that is not full, and its solves go forwards and backwards.
func tileSubject(t *testing.T, rows int) *subject {
	s := programSubject(t, "tiles", map[string]string{"tiles.nde": source(t, "testdata/tiles.nde")}, "f32")
	s.rows = rows
	return s
}

// mixedSubject is testdata/tiles.nde with recipes of mixed precision.
func mixedSubject(t *testing.T, precision string) *subject {
	text := strings.ReplaceAll(source(t, "testdata/tiles.nde"), "optimizer: adam", "optimizer: adam\n\tprecision: "+precision)
	s := programSubject(t, precision, map[string]string{"tiles.nde": text}, "f32")
	s.rows, s.mixed = 20, 3e-3
	return s
}

// TestTiles compares kernels with products of a warp with the interpreter, over more samples than one has lanes, in the precision of
// the program and in mixed ones.
func TestTiles(t *testing.T) {
	s := tileSubject(t, 37)
	bfloat := mixedSubject(t, "mixed_bf16")
	half := mixedSubject(t, "mixed_fp16")
	compare(t, []*subject{s, bfloat, half})
	for name, in := range map[string]*subject{"ndec_bf16<1>": bfloat, "ndec_f16": half} {
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
