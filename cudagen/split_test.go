package cudagen_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// splitNet trains a net with these hidden layers through adaptive steps, in batches of a given size.
func splitNet(layers string, batch int) string {
	return fmt.Sprintf(`package few

net f(x [2]real) [2]real {
	return x |> %s |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

data D {
	x, y [2]real
	source: csv{path: "pairs.csv"}
}

train T {
	data: D
	batch: %d
	epochs: 1
	optimizer: adam
	minimize sqnorm(solve(Flow{x}, over: 0..1, with: dopri5{rtol: 1e-4, atol: 1e-4}).x - y)
}
`, layers, batch)
}

// splitSubject is testdata/split.nde with so many lanes a sample, over more samples than a warp has.
func splitSubject(t *testing.T, lanes int, precision string) *subject {
	name := map[int]string{4: "four", 8: "eight", 16: "sixteen"}[lanes]
	s := programSubject(t, name, map[string]string{"split.nde": source(t, "testdata/split.nde")}, precision)
	s.split, s.rows = lanes, 11
	if lanes == 16 { // each of its warps has two or three rounds
		s.blocks = 2
	}
	return s
}

// TestSplit compares kernels whose samples are shared by lanes with the interpreter, with every number of lanes, also where a warp has one
// round of samples after the other. All of them
// have a warp for several samples.
func TestSplit(t *testing.T) {
	all := []*subject{splitSubject(t, 4, "f32"), splitSubject(t, 8, "f64"), splitSubject(t, 16, "f32")}
	compare(t, all)
	for _, s := range all {
		for _, m := range s.out.Kernels.Models {
			if m.Lanes != 32/s.split {
				t.Errorf("%s: model %s has %d samples a warp, want %d", s.name, m.Name, m.Lanes, 32/s.split)
			}
		}
		for _, r := range s.out.Kernels.Recipes {
			if r.Loss.Lanes != 32/s.split || r.Grad.Lanes != 32/s.split {
				t.Errorf("%s: recipe %s has %d and %d samples a warp, want %d", s.name, r.Name, r.Loss.Lanes, r.Grad.Lanes, 32/s.split)
			}
		}
	}
}

// TestSplitPrograms is TestPrograms with lanes that share a sample wherever there is anything to share.
func TestSplitPrograms(t *testing.T) {
	var all []*subject
	for name, text := range programs(t) {
		all = append(all, programSubject(t, name, map[string]string{name + ".nde": text}, "f32"))
	}
	for _, name := range []string{"methods", "events"} {
		text, err := os.ReadFile("testdata/" + name + ".nde")
		if err != nil {
			t.Fatal(err)
		}
		// More units than lanes. vern7 has another method's place: with as many units its errors are so near to rounding that any order of
		// a sum, also that of a thread a sample, has other steps, and another gradient in the twelfth digit.
		wider := strings.NewReplacer("Linear(4)", "Linear(12)", "Linear(5)", "Linear(12)", "vern7{rtol: 1e-7, atol: 1e-8, control: pid}", "dopri5{rtol: 1e-6, atol: 1e-7, control: pid}").Replace(string(text))
		all = append(all, programSubject(t, name, map[string]string{name + ".nde": wider}, "f64"))
	}
	for i, s := range all {
		s.split = []int{4, 8, 16}[i%3]
	}
	compare(t, all)
}

// TestSplitPays: lanes share a sample where a batch is small, and where no registers of a thread hold the sums of a gradient; large layers and
// models, whose batch is not known, have other kernels.
func TestSplitPays(t *testing.T) {
	for _, c := range []struct {
		layers     string
		batch      int
		loss, grad int // lanes
	}{
		{"Linear(16)", 64, 16, 16},
		{"Linear(16)", 512, 16, 16},
		{"Linear(16)", 6000, 8, 8},
		{"Linear(16)", 16384, 4, 4},
		{"Linear(16)", 1 << 20, 0, 0},
		{"Linear(32)", 1 << 20, 0, 8},
		{"Linear(16) |> tanh |> Linear(16)", 512, 16, 16},
		{"Linear(64) |> tanh |> Linear(64)", 512, 0, 0},
		{"Linear(8)", 512, 0, 0},
	} {
		res, ds := driver.Compile(map[string]string{"few.nde": splitNet(c.layers, c.batch)}, driver.Options{CUDA: true})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		b := res.CUDA.Budgets
		if l, g := b["t_loss_batch"].Split, b["t_grad_batch"].Split; l != c.loss || g != c.grad {
			t.Errorf("%s with a batch of %d: %d and %d lanes, want %d and %d", c.layers, c.batch, l, g, c.loss, c.grad)
		}
	}
}
