package cudagen_test

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// held are models whose threads hold weights: nets with hidden layers of these widths, so many states and this solver.
var held = []struct {
	name, precision string
	states          int
	layers, solver  string
	blocks          int // of a multiprocessor, planned
}{
	{"Few", "f32", 2, "Linear(8) |> tanh", "rk4{steps: 40}", 8},
	{"Some", "f32", 2, "Linear(24) |> tanh", "rk4{steps: 40}", 4},
	{"Many", "f32", 2, "Linear(32) |> tanh", "dopri5{rtol: 1e-4, atol: 1e-4}", 2},
	{"Rolled", "f32", 2, "Linear(40) |> tanh", "rk4{steps: 40}", 6}, // a loop reads them anew
	{"Two", "f32", 2, "Linear(8) |> tanh |> Linear(8) |> tanh", "dopri5{rtol: 1e-4, atol: 1e-4}", 3},
	{"Four", "f32", 4, "Linear(16) |> tanh", "rk4{steps: 40}", 3},
	{"Called", "f32", 2, "Linear(16) |> tanh |> Linear(16) |> tanh", "rk4{steps: 40}", 5},
	{"Double", "f64", 2, "Linear(12) |> tanh", "rk4{steps: 40}", 3},
	{"Doubles", "f64", 2, "Linear(16) |> tanh", "dopri5{rtol: 1e-4, atol: 1e-4}", 2},
}

// heldPrograms are two packages with these models, by precision.
func heldPrograms() map[string]string {
	out := map[string]string{}
	for _, m := range held {
		name := strings.ToLower(m.name)
		out[m.precision] += fmt.Sprintf(`
net %[1]s(x [%[3]d]real) [%[3]d]real {
	return x |> %[4]s |> Linear(%[3]d)
}

system %[2]sFlow {
	state x [%[3]d]real
	der(x) = %[1]s(x)
}

model %[2]s(x [%[3]d]real) (y [%[3]d]real) {
	return solve(%[2]sFlow{x}, over: 0..1, with: %[5]s).x
}
`, name, m.name, m.states, m.layers, m.solver)
	}
	for p := range out {
		out[p] = "package held" + p + "\n" + out[p]
	}
	return out
}

// TestHeldWeights looks at the blocks that are planned for threads that hold weights; TestAssembler sees that nothing spills with them.
func TestHeldWeights(t *testing.T) {
	for precision, text := range heldPrograms() {
		res, ds := driver.Compile(map[string]string{"held.nde": text}, driver.Options{CUDA: true, Precision: precision})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, m := range held {
			if m.precision != precision {
				continue
			}
			if b := res.CUDA.Budgets[strings.ToLower(m.name)+"_forward_batch"]; b.Blocks != m.blocks || b.Block != 128 {
				t.Errorf("%s: %d blocks of %d threads with %d registers expected, want %d of 128", m.name, b.Blocks, b.Block, b.Registers, m.blocks)
			}
		}
	}
}
