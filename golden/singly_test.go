package golden

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/plan"
)

// singlyCase is a model whose batches go one image after the other. The first weights, some of which the test makes infinite, meet no zeros
// beyond an edge, which kernels multiply.
const singlyCase = `
net field(x [12, 14, 13]real) [12, 14, 13]real { return x |> Conv2d(12, kernel: 1) |> tanh |> Conv2d(12, kernel: 3, pad: 1) |> tanh }
system S { state x [12, 14, 13]real
	context c real
	der(x) = field(x) - c*x }
model Flow(x [12, 14, 13]real, c real) [12, 14, 13]real { return solve(S{x, c}, over: 0..1, with: rk4{steps: 2}).x }
`

// shortCase has a convolution behind the solve whose result is too short for vectors of one sample.
const shortCase = `
net field(x [12, 14, 13]real) [12, 14, 13]real { return x |> Conv2d(12, kernel: 1) |> tanh |> Conv2d(12, kernel: 3, pad: 1) |> tanh }
net read(x [12, 14, 13]real) [2]real { return x |> Conv2d(1, kernel: 13) |> flatten }
system S { state x [12, 14, 13]real
	der(x) = field(x) - x }
model Flow(x [12, 14, 13]real) [2]real { return read(solve(S{x}, over: 0..1, with: rk4{steps: 2}).x) }
`

// TestSingly compares batches of images that go one after the other in vectors of their elements with the scalar functions, as TestLanes does: bits are
// those of every instruction set, and no row depends on its neighbours. A model that has a convolution without a kernel for one sample goes by blocks.
func TestSingly(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	for _, c := range []struct {
		pkg, text, precision string
		singly               bool
		tol                  float64
	}{
		{"imagesf32", singlyCase, "f32", true, 1e-5},
		{"imagesf64", singlyCase, "f64", true, 1e-13},
		{"shortimages", shortCase, "f32", false, 1e-5},
	} {
		res, ds := driver.Compile(map[string]string{"m.nde": "package " + c.pkg + c.text}, driver.Options{Precision: c.precision, Package: c.pkg})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		if is := slices.ContainsFunc(res.Schedules(), func(s plan.Schedule) bool {
			return s.Name == "model Flow" && strings.HasPrefix(s.How, "one sample after the other, in vectors") && strings.Contains(s.Why, "MiB")
		}); is != c.singly {
			t.Errorf("%s: Flow goes one sample after the other: %t, want %t: %v", c.pkg, is, c.singly, res.Schedules())
		}
		run.add(c.pkg, res, 35, c.tol)
	}
	run.compare(t)
}
