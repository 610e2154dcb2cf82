package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

func init() {
	bothWays["shooting"] = withSolver("shooting{segments: 5, coarse: midpoint{steps: 1}, fine: rk4{steps: 2}, iterations: 2}")
}

// TestShooting compares with parareal as it is usually written, sweep after sweep over all segments; with as many corrections as
// segments the fine solution comes out.
func TestShooting(t *testing.T) {
	const src = `package p

system Swing {
	state x [2]real
	der(x) = [x[1], -sin(x[0])-0.1*x[1]]
}

solver Par = shooting{method: zero, segments: 6, coarse: euler{steps: 1}, fine: rk4{steps: 4}, iterations: 3}
solver All = shooting{segments: 6, iterations: 6}

model Few(x [2]real, ts [7]time) (y [7, 2]real, nfe real) {
	path := solve(Swing{x: x}, from: ts[0], at: ts, with: Par)
	return path.x, real(path.nfe)
}

model Whole(x [2]real) (y, fine [2]real) {
	return solve(Swing{x: x}, over: 0..3, with: All).x, solve(Swing{x: x}, over: 0..3, with: rk4{steps: 24}).x
}
`
	res, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	mc, err := interp.New(res.Module, nil)
	if err != nil {
		t.Fatal(err)
	}
	call := func(model string, in ...interp.Tensor) []interp.Tensor {
		t.Helper()
		for _, m := range res.Module.Models {
			if m.Name == model {
				out, err := mc.Call(m.Func, in...)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
		}
		t.Fatal(model)
		return nil
	}

	type state = [2]float64
	f := func(x state) state { return state{x[1], -math.Sin(x[0]) - 0.1*x[1]} }
	plus := func(x state, h float64, k state) state { return state{x[0] + h*k[0], x[1] + h*k[1]} }
	const segments, h = 6, 0.5
	coarse := func(x state) state { return plus(x, h, f(x)) }
	fine := func(x state) state {
		for range 4 {
			const h = h / 4
			k1 := f(x)
			k2 := f(plus(x, h/2, k1))
			k3 := f(plus(x, h/2, k2))
			k4 := f(plus(x, h, k3))
			x = plus(plus(plus(plus(x, h/6, k1), h/3, k2), h/3, k3), h/6, k4)
		}
		return x
	}
	b := [segments + 1]state{{1.2, -0.4}}
	for j := range segments {
		b[j+1] = coarse(b[j])
	}
	for range 3 {
		next := b
		for j := range segments {
			fj, gj, new := fine(b[j]), coarse(b[j]), coarse(next[j])
			next[j+1] = state{new[0] + fj[0] - gj[0], new[1] + fj[1] - gj[1]}
		}
		b = next
	}
	var want []float64
	for _, x := range b {
		want = append(want, x[0], x[1])
	}
	out := call("Few", interp.Of([]float64{1.2, -0.4}, 2), interp.Of([]float64{0, 0.5, 1, 1.5, 2, 2.5, 3}, 7))
	if d, at := farthest(out[0].Data, want); !(d <= 1e-13) {
		t.Errorf("number %d is %g off the sweeps", at, d)
	}
	// The start has one evaluation, each segment 3 fine solutions and 4 coarse ones.
	if got, want := out[1].Data[0], float64(1+segments*(3*16+4)); got != want {
		t.Errorf("%v evaluations, want %v", got, want)
	}
	out = call("Whole", interp.Of([]float64{1.2, -0.4}, 2))
	if d, _ := farthest(out[0].Data, out[1].Data); !(d <= 1e-13) {
		t.Errorf("6 corrections of 6 segments are %g off the fine solution", d)
	}
	if few := want[12:]; math.Abs(few[0]-out[1].Data[0]) < 1e-9 {
		t.Error("3 corrections are as good as 6, so that the test says nothing")
	}
}
