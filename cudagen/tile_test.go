package cudagen_test

import (
	"testing"
)

// tileSubject is testdata/tiles.nde; a part of its rows make a warp that is not full, and its solves go forwards and backwards.
func tileSubject(t *testing.T, rows int) *subject {
	s := programSubject(t, "tiles", map[string]string{"tiles.nde": source(t, "testdata/tiles.nde")}, "f32")
	s.rows = rows
	return s
}

// TestTiles compares kernels with products of a warp with the interpreter, over more samples than one has lanes.
func TestTiles(t *testing.T) {
	s := tileSubject(t, 37)
	compare(t, []*subject{s})
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
