package lower

import (
	"testing"

	"ndec.dev/ndec/ir"
)

const anyOrder = `package p

system Decay {
	state x, y real
	context c real
	integral w = x*x
	output e = x + t
	der(x) = -c*x
	der(y) = x
}

solver Free = tsit5{rtol: 1e-6, atol: 1e-8}

model Mixed(x real) (xs, ys, ws, es [5]real, n i32) {
	path := solve(Decay{x: x, y: 0, c: 1}, from: 0, at: [1, 0.25, 0.5, 0.25, 0], with: Free)
	return path.x, path.y, path.w, path.e, path.nfe
}

model Sorted(x real) (xs, ys, ws, es [5]real, n i32) {
	path := solve(Decay{x: x, y: 0, c: 1}, from: 0, at: [0, 0.25, 0.25, 0.5, 1], with: Free)
	return path.x, path.y, path.w, path.e, path.nfe
}

model Back(x real) (xs [3]real, n i32) {
	path := solve(Decay{x: x, y: 0, c: 1}, from: 2, at: [1.5, 2 - 0.125, 1], with: Free)
	return path.x, path.nfe
}

model BackSorted(x real) (xs [3]real, n i32) {
	path := solve(Decay{x: x, y: 0, c: 1}, from: 2, at: [1.875, 1.5, 1], with: Free)
	return path.x, path.nfe
}

model Given(x real, ts [4]time) (xs [4]real, n, status i32) {
	path := solve(Decay{x: x, y: 0, c: 1}, from: 0, at: ts, with: Free)
	return path.x, path.nfe, path.status
}
`

// Output times in any order give what sorted ones give, in their own order; those that are not known when compiling have to be in order.
func TestTimesInAnyOrder(t *testing.T) {
	m := compile(t, anyOrder)
	mc := newMachine(t, m, nil)
	both := func(mixed, sorted string, places []int) {
		a, b := mc.call(m.FuncByName(mixed), [][]float64{{2}}), mc.call(m.FuncByName(sorted), [][]float64{{2}})
		for i := range a {
			if len(a[i]) == 1 {
				if a[i][0] != b[i][0] {
					t.Errorf("%s: %v evaluations instead of %v", mixed, a[i], b[i])
				}
				continue
			}
			for k, p := range places {
				if a[i][k] != b[i][p] {
					t.Errorf("%s: output %d at time %d is %v instead of %v", mixed, i, k, a[i][k], b[i][p])
				}
			}
		}
	}
	both("Mixed", "Sorted", []int{4, 1, 3, 2, 0})
	both("Back", "BackSorted", []int{1, 0, 2})
	for _, c := range []struct {
		ts     []float64
		status float64
		none   bool // no evaluation
	}{
		{[]float64{0, 0.5, 0.5, 1}, ir.StatusOK, false}, {[]float64{0, -0.5, -0.5, -1}, ir.StatusOK, false}, {[]float64{0, 0, 0, 0}, ir.StatusOK, true},
		{[]float64{0, 0.5, 0.25, 1}, ir.StatusBadTimes, true}, {[]float64{-0.5, 0, 0.25, 1}, ir.StatusBadTimes, true}, {[]float64{0, 1, 0, 0}, ir.StatusBadTimes, true},
	} {
		out := mc.call(m.FuncByName("Given"), [][]float64{{2}, c.ts})
		if out[2][0] != c.status || (out[1][0] == 0) != c.none || c.status == ir.StatusBadTimes && out[0][3] != 2 {
			t.Errorf("%v: %v", c.ts, out)
		}
	}
}
