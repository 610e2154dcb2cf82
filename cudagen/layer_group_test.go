package cudagen_test

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
)

// wideLayers has matrices that are and are not multiples of a piece, more columns than an instruction takes, a product of what other threads have given, and
// samples that take other numbers of steps.
var wideLayers = strings.NewReplacer(`near := reshape(u, 2, 9) |> Conv1d(2, kernel: 3, pad: 1) |> flatten
	return near |> Linear(18) |> tanh`, `first := u |> Linear(20) |> tanh
	return first[3:20] |> Linear(140) |> tanh |> Linear(18)`).Replace(rowsOfSteps)

// TestLayerGroups compares models, losses and gradients whose products go by groups with the interpreter, over more samples than a block has, and with
// products by the warp.
func TestLayerGroups(t *testing.T) {
	s := programSubject(t, "wide", map[string]string{"wide.nde": wideLayers}, "f32")
	s.rows, s.layers, s.groups, s.heavy = 129, true, true, true
	compare(t, []*subject{s})
	var run, sums int
	for _, g := range s.out.Kernels.Groups {
		if g.Rows == 0 {
			t.Errorf("%s has the group %+v", g.Of, g)
		}
		if len(g.With) == 2 {
			run++
		}
		if strings.Contains(g.Of, "_sums") {
			sums++
		}
		if !slices.ContainsFunc(s.out.Kernels.Recipes[0].Grad.Layers.Parts, func(p cudagen.LayerPart) bool {
			return slices.ContainsFunc(p.Launches, func(l cudagen.LayerLaunch) bool { return l.Kernel == g.Of })
		}) && !strings.Contains(g.Of, "field_product") {
			t.Errorf("nobody launches %s", g.Of)
		}
	}
	if run < 2 || sums < 3 {
		t.Errorf("there are %d kernels of three products, and %d of sums", run, sums)
	}
}
