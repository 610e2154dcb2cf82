package codegen_test

import (
	"strings"
	"testing"
)

// inRows has solves of fixed steps that kernels for one sample make in a row: states that are numbers, arrays and long, a number of each
// sample, slopes and memory that go from step to step, more steps than are made in a run, and one that ends early.
const inRows = `package rows

net f(x [3]real, t real) [3]real { return concat(x, t) |> Linear(24) |> tanh |> Linear(3) }

system Wide {
	state x [3]real
	state y real
	context c real
	der(x) = f(x, t) - c*x
	der(y) = sqnorm(x) - y
}

net g(x [6]real) [6]real { return x |> Linear(40) |> silu |> Linear(6) }

system Long {
	state x [6]real
	der(x) = g(x)
}

system Grown {
	state x [6]real
	der(x) = g(x) + 3e4*x*sqnorm(x)*sqnorm(x)
}

solver Many = rk4{steps: 150}
solver Kept = dopri5{steps: 5}
solver Memory = alf{steps: 6}
solver One = rk4{steps: 1}

model Wide1(x [3]real, y, c real) (a [3]real, b real, n i32) {
	end := solve(Wide{x, y, c}, over: 1..0.2, with: Many)
	return end.x, end.y, end.nfe
}
model Wide2(x [3]real, y, c real) (a [3]real, b real, n i32) {
	end := solve(Wide{x, y, c}, over: 0..1, with: Kept)
	return end.x, end.y, end.nfe
}
model Long1(x [6]real) (a [6]real, n i32) {
	end := solve(Long{x}, over: 0..1, with: Memory)
	return end.x, end.nfe
}
model Long2(x [6]real) (a [6]real, n i32) {
	end := solve(Long{x}, over: 0..1, with: One)
	return end.x, end.nfe
}
model Grown1(x [6]real) (a [6]real, n i32) {
	end := solve(Grown{x}, over: 0..1, with: Many)
	return end.x, end.nfe
}
`

const inRowsTest = `package rows

import (
	"errors"
	"fmt"
	"testing"

	"ndec.dev/ndec/rt"
)

type ongoing interface {
	Step() bool
	Stats() rt.SolveStats
	Err() error
}

// same compares a model with its solve taken step by step.
func same(t *testing.T, s ongoing, state func() string, end string, nfe int32, err error) {
	t.Helper()
	for s.Step() {
	}
	if got := state(); got != end || s.Stats().NFE != int(nfe) {
		t.Errorf("%s after %d evaluations, step by step %s after %d", end, nfe, got, s.Stats().NFE)
	}
	var a, b *rt.SolveError
	if errors.As(err, &a) != errors.As(s.Err(), &b) || a != nil && (a.Status != b.Status || a.Time != b.Time || a.Step != b.Step) {
		t.Errorf("%v, step by step %v", err, s.Err())
	}
}

func TestRows(t *testing.T) {
	p := NewParams(3)
	x := [3]Real{0.3, -1, 0.5}
	a, err := NewWide1(p).Forward(Wide1Input{X: x, Y: 2, C: 0.7})
	s := StartWideManySolve(p, 1, 0.2, WideState{X: x, Y: 2}, 0.7)
	same(t, s, func() string { return fmt.Sprint(s.State()) }, fmt.Sprint(WideState{a.A, a.B}), a.N, err)
	b, err := NewWide2(p).Forward(Wide2Input{X: x, Y: 2, C: 0.7})
	k := StartWideKeptSolve(p, 0, 1, WideState{X: x, Y: 2}, 0.7)
	same(t, k, func() string { return fmt.Sprint(k.State()) }, fmt.Sprint(WideState{b.A, b.B}), b.N, err)
	y := [6]Real{0.1, 0.2, -0.3, 0.4, -0.5, 0.6}
	c, err := NewLong1(p).Forward(y)
	m := StartLongMemorySolve(p, 0, 1, y)
	same(t, m, func() string { return fmt.Sprint(m.State()) }, fmt.Sprint(c.A), c.N, err)
	d, err := NewLong2(p).Forward(y)
	o := StartLongOneSolve(p, 0, 1, y)
	same(t, o, func() string { return fmt.Sprint(o.State()) }, fmt.Sprint(d.A), d.N, err)
	ends := map[int32]bool{}
	for _, scale := range []Real{0.02, 0.1, 0.2, 0.4, 1, 40} {
		z := y
		for i := range z {
			z[i] *= scale
		}
		e, err := NewGrown1(p).Forward(z)
		g := StartGrownManySolve(p, 0, 1, z)
		same(t, g, func() string { return fmt.Sprint(g.State()) }, fmt.Sprint(e.A), e.N, err)
		ends[e.N] = true
	}
	if len(ends) < 3 || !ends[4] {
		t.Errorf("solves fail after %v evaluations: none at once, or none in the middle", ends)
	}
}
`

// TestStepsInARow: steps of one sample that a kernel makes in a row have the bits, counts and failures of those that Go makes.
func TestStepsInARow(t *testing.T) {
	files := withTest(t, "rows", inRows, inRowsTest)
	if n := strings.Count(files["rows_solve.go"], "// steps in a row"); n != 5 {
		t.Errorf("%d solves have steps in a row", n)
	}
	testModule(t, map[string]map[string]string{"rows": files})
}
