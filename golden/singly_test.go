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

// TestSingly compares batches of images that go one after the other in vectors of their elements with the scalar functions, as TestLanes does: bits are
// those of every instruction set, and no row depends on its neighbours.
func TestSingly(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	const pkg = "imagesf32"
	res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + singlyCase}, driver.Options{Precision: "f32", Package: pkg})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	if !slices.ContainsFunc(res.Schedules(), func(s plan.Schedule) bool {
		return s.Name == "model Flow" && strings.HasPrefix(s.How, "one sample after the other, in vectors") && strings.Contains(s.Why, "MiB")
	}) {
		t.Errorf("%s: Flow does not go one sample after the other: %v", pkg, res.Schedules())
	}
	run.add(pkg, res, 35, 1e-5)
	run.compare(t)
}
