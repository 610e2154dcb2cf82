package lower

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/opt"
)

const noises = `package p

system Ito {
	calculus: ito
	state x real
	der(x) = 0.5*x
	noise(x) = 0.8*x
}

system Stratonovich {
	calculus: stratonovich
	state x real
	der(x) = 0.5*x
	noise(x) = 0.8*x
}

system Shared {
	calculus: ito
	state x [2]real
	der(x) = 0*x
	noise(x) = 1 + 0*sum(x)
}

system General {
	calculus: ito
	state x [2]real
	der(x) = -x
	noise(x) = [[1.0, 0.0, 2.0], [0.0, 1.0, 2.0]]
}

model EM(x real) [200]real {
	return solve(Ito{x: x}, over: 0..1, paths: 200, with: euler_maruyama{steps: 16}).x
}

model EMFine(x real) [200]real {
	return solve(Ito{x: x}, over: 0..1, paths: 200, with: euler_maruyama{steps: 64}).x
}

model Milstein(x real) [200]real {
	return solve(Ito{x: x}, over: 0..1, paths: 200, with: milstein{steps: 16}).x
}

model MilsteinFine(x real) [200]real {
	return solve(Ito{x: x}, over: 0..1, paths: 200, with: milstein{steps: 64}).x
}

model Heun(x real) [200]real {
	return solve(Stratonovich{x: x}, over: 0..1, paths: 200, with: euler_heun{steps: 16}).x
}

model HeunFine(x real) [200]real {
	return solve(Stratonovich{x: x}, over: 0..1, paths: 200, with: euler_heun{steps: 64}).x
}

model MilsteinS(x real) [200]real {
	return solve(Stratonovich{x: x}, over: 0..1, paths: 200, with: milstein{steps: 16}).x
}

model MilsteinSFine(x real) [200]real {
	return solve(Stratonovich{x: x}, over: 0..1, paths: 200, with: milstein{steps: 64}).x
}

model Same(x [2]real) [2]real {
	return solve(Shared{x: x}, over: 0..1, with: euler_maruyama{steps: 4}).x
}

model Many(x [2]real, ts [3]time) [400, 3, 2]real {
	return solve(General{x: x}, from: 0, at: ts, paths: 400, with: euler_maruyama{step: 0.02}).x
}
`

// wiener is W(1) of the paths of a solve with n steps, drawn again from the same key.
func wiener(t *testing.T, m *ir.Module, model string, n, paths int, key []float64) []float64 {
	t.Helper()
	b := ir.NewFunc("wiener", diag.Span{}, ir.F64)
	k, first := b.Arg("key", ir.KeyType), b.Arg("first", ir.Scalar(ir.F64))
	f := b.Return(b.Gauss(k, ir.Site(model+".0.noise"), first, paths))
	mc := newMachine(t, m, nil)
	w := make([]float64, paths)
	for step := range n {
		for i, z := range mc.call(f, [][]float64{key, {float64(step * paths)}})[0] {
			w[i] += math.Sqrt(1/float64(n)) * z
		}
	}
	return w
}

// TestStrongOrder: the relative error of a path against the exact one, x exp((a - b²/2) + b W) in the sense of
// Ito and x exp(a + b W) in that of Stratonovich, falls with the step as h^(1/2) or h.
func TestStrongOrder(t *testing.T) {
	m := compile(t, noises)
	const a, b, paths = 0.5, 0.8, 200
	for _, row := range []struct {
		model string
		ito   bool
		order float64
	}{{"EM", true, 0.5}, {"Milstein", true, 1}, {"Heun", false, 1}, {"MilsteinS", false, 1}} {
		var errs [2]float64
		for i, n := range []int{16, 64} {
			name := row.model + []string{"", "Fine"}[i]
			var model *ir.Model
			for _, q := range m.Models {
				if q.Name == name {
					model = q
				}
			}
			k := key(3, 0, 0)
			x := newMachine(t, m, nil).call(model.Func, [][]float64{{1}, k})[0]
			drift := a
			if row.ito {
				drift -= b * b / 2
			}
			for p, w := range wiener(t, m, name, n, paths, k) {
				errs[i] += math.Abs(x[p]/math.Exp(drift+b*w)-1) / paths
			}
		}
		if slope := math.Log(errs[0]/errs[1]) / math.Log(4); math.Abs(slope-row.order) > 0.15 {
			t.Errorf("%s: errors %.2e and %.2e have slope %.2f, want %v", row.model, errs[0], errs[1], slope, row.order)
		}
	}
}

// TestNoiseOfStates: one process for all elements moves them alike; several processes give the
// stationary covariance of an Ornstein-Uhlenbeck process, and paths start at the same point.
func TestNoiseOfStates(t *testing.T) {
	m := compile(t, noises)
	call := func(name string, args [][]float64) []float64 {
		for _, q := range m.Models {
			if q.Name == name {
				return newMachine(t, m, nil).call(q.Func, args)[0]
			}
		}
		t.Fatal(name)
		return nil
	}
	same := call("Same", [][]float64{{1, 3}, key(1, 0, 0)})
	if math.Abs(same[0]-1-(same[1]-3)) > 1e-12 || same[0] == 1 {
		t.Errorf("shared noise moves 1 and 3 to %v", same)
	}
	const paths = 400
	x := call("Many", [][]float64{{1, -1}, {0, 0.5, 3}, key(5, 0, 0)})
	var mean, cov [3]float64 // variance of x0, of x1, and their covariance
	for p := range paths {
		at := x[p*6:]
		if at[0] != 1 || at[1] != -1 {
			t.Fatalf("path %d starts at %v", p, at[:2])
		}
		mean[0] += at[4] / paths
		mean[1] += at[5] / paths
		cov[0] += at[4] * at[4] / paths
		cov[1] += at[5] * at[5] / paths
		cov[2] += at[4] * at[5] / paths
	}
	// σσᵀ = [[5, 4], [4, 5]], and the variance (1 - e⁻⁶)/2 of it; the deviation of an estimate is below 1.5 √(2/paths) of it.
	for i, want := range []float64{2.5, 2.5, 2} {
		if math.Abs(cov[i]-want) > 4*2.5*math.Sqrt(2./paths) {
			t.Errorf("covariance %d is %v, want %v", i, cov[i], want)
		}
	}
	if math.Abs(mean[0]-math.Exp(-3)) > 4*math.Sqrt(2.5/paths) {
		t.Errorf("mean %v, want %v", mean[0], math.Exp(-3))
	}
}

const observed = `package p

system Noisy {
	calculus: ito
	state x [2]real
	context c real
	der(x) = -x
	noise(x) = 0.5
	output y = c*x[0] + t
	output z = x - initial(x)
}

model End(x [2]real, c real) (x1 [5, 2]real, y [5]real, z [5, 2]real) {
	end := solve(Noisy{x: x, c: c}, over: 0..1, paths: 5, with: euler_maruyama{steps: 4})
	return end.x, end.y, end.z
}

model Along(x [2]real, c real) (xs [5, 3, 2]real, y [5, 3]real, z [5, 3, 2]real) {
	path := solve(Noisy{x: x, c: c}, from: 0, at: [0.25, 0.5, 1], paths: 5, with: euler_maruyama{steps: 4})
	return path.x, path.y, path.z
}
`

// Outputs of a system are those of each path, at its end or along the times.
func TestOutputsOfPaths(t *testing.T) {
	m := compile(t, observed)
	mc := newMachine(t, m, nil)
	const c = 3
	x0 := []float64{1, -2}
	for name, times := range map[string][]float64{"End": {1}, "Along": {0.25, 0.5, 1}} {
		f := m.FuncByName(name)
		var in []interp.Tensor
		for i, a := range [][]float64{x0, {c}, {1, 2, 3, 4}} {
			a = append(a, make([]float64, f.Args[i].Type.Len()-len(a))...)
			in = append(in, interp.Of(a, f.Args[i].Type.Shape...))
		}
		out, err := mc.Call(f, in...)
		if err != nil {
			t.Fatal(err)
		}
		xs, ys, zs := out[0].Data, out[1].Data, out[2].Data
		if xs[0] == xs[2*len(times)] {
			t.Errorf("%s: two paths are one", name)
		}
		for p := range 5 {
			for k, at := range times {
				i := p*len(times) + k
				if want := c*xs[2*i] + at; math.Abs(ys[i]-want) > 1e-12 {
					t.Errorf("%s: y of path %d at %g is %v, want %v", name, p, at, ys[i], want)
				}
				for j := range 2 {
					if want := xs[2*i+j] - x0[j]; math.Abs(zs[2*i+j]-want) > 1e-12 {
						t.Errorf("%s: z[%d] of path %d at %g is %v, want %v", name, j, p, at, zs[2*i+j], want)
					}
				}
			}
		}
	}
}

const struckNoise = `package p

system Cut {
	calculus: ito
	state x, n real
	param s real = 0.5
	der(x) = 0*x
	der(n) = 0*n
	noise(x) = s + 0*x
	when every(0.13) { n = n + 1 }
}

system Passage {
	calculus: ito
	state x real
	der(x) = -1 + 0*x
	noise(x) = 0.4 + 0*x
	when falling(x) { stop }
}

model Sum(x real) (x1, n, s real) {
	end := solve(Cut{x: x, n: 0}, over: 0..1, with: euler_maruyama{steps: 16})
	return end.x, end.n, end.x
}

model First(x real) (t time, x1 real, status i32) {
	end := solve(Passage{x: x}, over: 0..6, with: euler_maruyama{step: 0.02})
	return end.t, end.x, end.status
}

data D {
	x real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	epochs: 1
	optimizer: sgd{lr: 0.1}
	end := solve(Cut{x: x, n: 0}, over: 0..1, with: milstein{steps: 4})
	minimize 0.5*end.x^2*end.n
}
`

// What follows an event has increments of its own: of x' = s W, which events cut at places θ of seven of 16 steps, the
// variance at 1 is s² (1 - Σ θ (1 - θ)/16), since a step that is cut lies on its line. The mean time of the first passage of
// x - t + 0.4 W through 0 is x; a guard that is looked at along lines sees it late by 0.58 · 0.4 √h (Siegmund 1979).
func TestEventsWithNoise(t *testing.T) {
	m := compile(t, struckNoise)
	mc := newMachine(t, m, map[string][]float64{"Cut.s": {0.5}})
	const n = 1200
	var mean, square, first float64
	for k := range n {
		out := mc.call(m.FuncByName("Sum"), [][]float64{{1}, key(3, k, 0)})
		if out[1][0] != 7 {
			t.Fatalf("%v events", out[1][0])
		}
		d := (out[0][0] - 1) / 0.5
		mean, square = mean+d/n, square+d*d/n
		if k%3 == 0 {
			out = mc.call(m.FuncByName("First"), [][]float64{{0.5}, key(3, k, 0)})
			if out[2][0] != ir.StatusEventStop || math.Abs(out[1][0]) > 1e-7 {
				t.Fatalf("status %v at %v", out[2][0], out[1][0])
			}
			first += out[0][0] / (n / 3)
		}
	}
	want := 1.0
	for k := 1; k <= 7; k++ {
		_, theta := math.Modf(0.13 * float64(k) * 16)
		want -= theta * (1 - theta) / 16
	}
	if math.Abs(mean) > 4/math.Sqrt(n) || math.Abs(square-want) > 4*want*math.Sqrt(2./n) {
		t.Errorf("mean %v and variance %v, want 0 and %v", mean, square, want)
	}
	if late := 0.583 * 0.4 * math.Sqrt(0.02); math.Abs(first-0.5-late) > 4*math.Sqrt(0.5*0.16/(n/3)) {
		t.Errorf("first passage at %v, want %v", first, 0.5+late)
	}

	// With events at given times gradients go through; the path is x + s (W of its pieces).
	opt.Prepare(m)
	if ds := diff.Run(m); len(ds) > 0 {
		t.Fatal(ds)
	}
	in := [][]float64{{0.7}, key(4, 0, 0)}
	loss := func(x, s float64) float64 {
		return newMachine(t, m, map[string][]float64{"Cut.s": {s}}).call(m.Recipes[0].Objective, [][]float64{{x}, in[1]})[0][0]
	}
	r := m.Recipes[0]
	got := newMachine(t, m, map[string][]float64{"Cut.s": {0.5}}).call(r.Grad, in)[len(r.Objective.Results):]
	if want := (loss(0.7, 0.5+1e-5) - loss(0.7, 0.5-1e-5)) / 2e-5; math.Abs(got[0][0]-want) > 1e-7*math.Abs(want) || want == 0 {
		t.Errorf("gradient %v, want %v", got[0][0], want)
	}
}
