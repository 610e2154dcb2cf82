package cudagen_test

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
)

// layerSubject is testdata/batch.nde, all of whose models go layer by layer.
func layerSubject(t *testing.T, precision string, rows int) *subject {
	s := programSubject(t, "batch", map[string]string{"batch.nde": source(t, "testdata/batch.nde")}, precision)
	s.rows, s.fails, s.layers = rows, true, true
	s.initial(t)
	return s
}

// TestBatches compares models that go layer by layer with the interpreter, in both precisions and over more samples than a block has:
// results, statistics of every solve, those that fail among them. So it does with all programs of the golden texts that can.
func TestBatches(t *testing.T) {
	all := []*subject{layerSubject(t, "f32", 5), layerSubject(t, "f64", 130)}
	for name, text := range programs(t) {
		s := programSubject(t, name, map[string]string{name + ".nde": text}, "f32")
		s.layers = true
		all = append(all, s)
	}
	compare(t, all)
	for _, s := range all[:2] {
		for _, m := range s.out.Kernels.Models {
			if len(m.Layers.Parts) == 0 {
				t.Errorf("%s: model %s does not go layer by layer", s.name, m.Name)
			}
		}
	}
}

// TestLayersPay: a batch goes layer by layer where a block for each sample would read more weights than arrays.
func TestLayersPay(t *testing.T) {
	const text = `package choice

net wide(u [STATE]real) [STATE]real {
	return u |> Linear(WIDTH) |> tanh |> Linear(STATE)
}

system Flow {
	state u [STATE]real
	der(u) = wide(u)
}

model End(u [STATE]real) (y [STATE]real) {
	return solve(Flow{u: u}, over: 0..1, with: rk4{steps: 4}).u
}
`
	for _, c := range []struct {
		state, width string
		layers       bool
	}{{"32", "300", true}, {"200", "1000", true}, {"20", "24", false}, {"4", "300", false}} {
		program := strings.NewReplacer("STATE", c.state, "WIDTH", c.width).Replace(text)
		s := programSubject(t, "choice", map[string]string{"choice.nde": program}, "f32")
		s.emit(t)
		k := s.out.Kernels.Models[slices.IndexFunc(s.out.Kernels.Models, func(k cudagen.ModelKernel) bool { return k.Name == "End" })]
		if layers := len(k.Layers.Parts) > 0; layers != c.layers {
			t.Errorf("%s states and %s units: layer by layer %t", c.state, c.width, layers)
		}
	}
}
