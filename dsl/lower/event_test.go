package lower

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/opt"
)

const ball = `package p

system Ball {
	state h, v real
	param e real = 0.5 where 0 < e < 1
	context g real
	der(h) = v
	der(v) = -g
	when falling(h) {
		v = -e * v
	}
	when rising(h - 100) {
		stop
	}
}

solver Fwd = dopri5{rtol: 1e-9, atol: 1e-9, events: root{tol: 1e-13, max: 50}}

model Fall(h, v, g real, t1 time) (h1, v1 real) {
	end := solve(Ball{h, v, g}, over: 0..t1, with: Fwd)
	return end.h, end.v
}

model Track(h, v, g real) (hs [4]real, n i32) {
	path := solve(Ball{h, v, g}, from: 0, at: [0.5, 1.5, 2.5, 3], with: Fwd)
	return path.h, path.status
}

model Up(h, v, g real) (t time, h1 real, n i32) {
	end := solve(Ball{h, v, g}, over: 0..60, with: Fwd)
	return end.t, end.h, end.status
}

model Late(h, v, g real) (n i32) {
	return solve(Ball{h, v, g}, over: 0..60, with: Fwd).status
}

model Steps(h, v, g real) (hs [4]real) {
	return solve(Ball{h, v, g}, from: 0, at: [0.5, 1.5, 2.5, 3], with: rk4{steps: 7, events: root{tol: 1e-13}}).h
}

data D {
	h, v, g real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: sgd
	end := solve(Ball{h, v, g}, over: 0..3, with: Fwd)
	path := solve(Ball{h, v, g}, from: 0, at: [0.5, 1.5, 2.5, 3], with: rk4{steps: 7, events: root{tol: 1e-13}})
	minimize 0.5*end.h^2 + end.h*end.v + dot(path.h, [1.0, 2.0, -1.0, 0.5])
}

train Rise {
	data: D
	batch: full
	epochs: 1
	optimizer: sgd
	end := solve(Ball{h, v, g}, over: 0..60, with: Fwd)
	minimize real(end.t) + 0.25*end.v
}
`

// bounce is the exact ball: height and velocity at t.
func bounce(h, v, g, e, t float64) (float64, float64) {
	for {
		impact := (v + math.Sqrt(v*v+2*g*h)) / g
		if t < impact {
			return h + v*t - g*t*t/2, v - g*t
		}
		t -= impact
		h, v = 0, e*(g*impact-v)
	}
}

// A bouncing ball is exact: between its bounces, and with an event that ends it.
func TestBall(t *testing.T) {
	m := compile(t, ball)
	mc := newMachine(t, m, map[string][]float64{"Ball.e": {0.5}})
	within := func(what string, got, want, tol float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tol) {
			t.Errorf("%s: %.15g, want %.15g", what, got, want)
		}
	}
	in := [][]float64{{10}, {0}, {9.81}}
	for _, t1 := range []float64{1.42, 1.43, 2, 2.9, 3.5, 4} {
		h, v := bounce(10, 0, 9.81, 0.5, t1)
		out := mc.call(m.FuncByName("Fall"), append(in, []float64{t1}))
		within("height", out[0][0], h, 1e-10)
		within("velocity", out[1][0], v, 1e-10)
	}
	for _, name := range []string{"Track", "Steps"} {
		out := mc.call(m.FuncByName(name), in)
		for i, at := range []float64{0.5, 1.5, 2.5, 3} {
			h, _ := bounce(10, 0, 9.81, 0.5, at)
			within(name, out[0][i], h, 1e-10)
		}
	}
	// Thrown up with 50 m/s from 10 m it passes 100 m.
	out := mc.call(m.FuncByName("Up"), [][]float64{{10}, {50}, {9.81}})
	within("time of the stop", out[0][0], (50-math.Sqrt(50*50-2*9.81*90))/9.81, 1e-11)
	within("height at the stop", out[1][0], 100, 1e-10)
	within("status", out[2][0], ir.StatusEventStop, 0)
	// Bounces pile up at 4.28 s.
	within("status", mc.call(m.FuncByName("Late"), in)[0][0], ir.StatusMaxEvents, 0)
}

// Gradients through bounces are those of the exact ball, by start, context and parameter; the time of a stop has
// one, too.
func TestBallGradient(t *testing.T) {
	for _, sensitivity := range []string{"", "checkpoint{every: 2}", "checkpoint{memory: 300_000}", "interpolated", "forward"} {
		t.Run(sensitivity, func(t *testing.T) { ballGradient(t, ball, sensitivity) })
	}
	// Methods with memory, which begins anew after every bounce.
	text := strings.ReplaceAll(strings.ReplaceAll(ball, "rk4{", "reversible_heun{"), "dopri5{rtol: 1e-9, atol: 1e-9,", "alf{steps: 40,")
	for _, sensitivity := range []string{"", "checkpoint{every: 2}", "forward"} {
		t.Run("memory "+sensitivity, func(t *testing.T) { ballGradient(t, text, sensitivity) })
	}
}

func ballGradient(t *testing.T, text, sensitivity string) {
	if sensitivity != "" {
		text = strings.ReplaceAll(text, "events: root", "sensitivity: "+sensitivity+", events: root")
	}
	if sensitivity == "forward" { // has no gradient by the time of a stop
		text = text[:strings.Index(text, "train Rise")]
	}
	m := compile(t, text)
	opt.Prepare(m)
	if ds := diff.Run(m); len(ds) > 0 {
		t.Fatal(ds)
	}
	loss := func(x []float64) float64 { // of h, v, g, e
		h, v := bounce(x[0], x[1], x[2], x[3], 3)
		sum := 0.5*h*h + h*v
		for i, at := range []float64{0.5, 1.5, 2.5, 3} {
			h, _ := bounce(x[0], x[1], x[2], x[3], at)
			sum += []float64{1, 2, -1, 0.5}[i] * h
		}
		return sum
	}
	rise := func(x []float64) float64 {
		root := math.Sqrt(x[1]*x[1] - 2*x[2]*(100-x[0]))
		return (x[1]-root)/x[2] + 0.25*root
	}
	for i, c := range []struct {
		f func([]float64) float64
		x []float64
	}{{loss, []float64{10, 0.5, 9.81, 0.55}}, {rise, []float64{10, 50, 9.81, 0.5}}} {
		if i == len(m.Recipes) {
			continue
		}
		mc := newMachine(t, m, map[string][]float64{"Ball.e": {c.x[3]}})
		r := m.Recipes[i]
		n := len(r.Objective.Results)
		in := [][]float64{{c.x[0]}, {c.x[1]}, {c.x[2]}}
		byInput, byParam := mc.call(r.GradInputs, in)[n:], mc.call(r.Grad, in)[n:]
		got := []float64{byInput[0][0], byInput[1][0], byInput[2][0], 0}
		if len(r.Trained) > 0 {
			got[3] = byParam[0][0]
		}
		if out := mc.call(r.Objective, in)[0][0]; math.Abs(out-c.f(c.x)) > 1e-9 {
			t.Errorf("%s: loss %v, want %v", r.Name, out, c.f(c.x))
		}
		for k := range c.x {
			h := 1e-6 * (1 + math.Abs(c.x[k]))
			up, down := append([]float64(nil), c.x...), append([]float64(nil), c.x...)
			up[k], down[k] = up[k]+h, down[k]-h
			want := (c.f(up) - c.f(down)) / (2 * h)
			if !(math.Abs(got[k]-want) <= 1e-7*(1+math.Abs(want))) {
				t.Errorf("%s: derivative %d is %.12g, want %.12g", r.Name, k, got[k], want)
			}
		}
	}
}

// Tangents go through bounces, and second derivatives; so do tangents to the state at which an event ends a solve.
func TestBallTangents(t *testing.T) {
	m := compile(t, `package p

system Drop {
	state h, v real
	param e real = 0.5 where 0 < e < 1
	context g real
	der(h) = v
	der(v) = -g
	when falling(h) {
		v = -e * v
	}
}

// Pass ends where h and time, not h alone, reach a line, and doubles the speed there.
system Pass {
	state h, v real
	context g real
	der(h) = v
	der(v) = -g
	when rising(h - 40 - real(t)) {
		v = v*v + real(t)
		stop
	}
}

solver Fwd = dopri5{rtol: 1e-9, atol: 1e-9, events: root{tol: 1e-13, max: 50}}

model Slopes(h, v, g real) (byH, byV, byG, twice, mixed real) {
	end := solve(Drop{h, v, g}, over: 0..3, with: Fwd)
	return jvp(end.h, h, 1), jvp(end.h, v, 1), jvp(end.v, g, 1), hess(end.h, h), grad(jvp(end.v, g, 1), h)
}

model Ends(h, v, g real) (h1, v1, byH, byV, byG real) {
	end := solve(Pass{h, v, g}, over: 0..60, with: Fwd)
	return end.h, end.v, jvp(end.h, h, 1), jvp(end.v, v, 1), jvp(end.v, g, 1)
}
`)
	opt.Prepare(m)
	if ds := diff.Run(m); len(ds) > 0 {
		t.Fatal(ds)
	}
	mc := newMachine(t, m, map[string][]float64{"Drop.e": {0.55}})
	slope := func(f func(x float64) float64, x, h float64) float64 { return (f(x+h) - f(x-h)) / (2 * h) }
	check := func(name string, got []float64, want ...float64) {
		t.Helper()
		for i, w := range want {
			if !(math.Abs(got[i]-w) <= 1e-6*(1+math.Abs(w))) {
				t.Errorf("%s %d: %.12g, want %.12g", name, i, got[i], w)
			}
		}
	}
	height := func(h, v, g float64) float64 { h, _ = bounce(h, v, g, 0.55, 3); return h }
	speed := func(h, v, g float64) float64 { _, v = bounce(h, v, g, 0.55, 3); return v }
	flat := func(out [][]float64) []float64 {
		var xs []float64
		for _, o := range out {
			xs = append(xs, o...)
		}
		return xs
	}
	byG := func(h float64) float64 {
		return slope(func(g float64) float64 { return speed(h, 0.5, g) }, 9.81, 1e-3)
	}
	check("slope", flat(mc.call(m.FuncByName("Slopes"), [][]float64{{10}, {0.5}, {9.81}})),
		slope(func(h float64) float64 { return height(h, 0.5, 9.81) }, 10, 1e-5),
		slope(func(v float64) float64 { return height(10, v, 9.81) }, 0.5, 1e-5),
		slope(func(g float64) float64 { return speed(10, 0.5, g) }, 9.81, 1e-5),
		slope(func(h float64) float64 {
			return slope(func(h float64) float64 { return height(h, 0.5, 9.81) }, h, 1e-3)
		}, 10, 1e-3),
		slope(byG, 10, 1e-3))

	// h + v t - g t²/2 = 40 + t
	pass := func(h, v, g float64) (float64, float64) {
		at := (v - 1 - math.Sqrt((v-1)*(v-1)-2*g*(40-h))) / g
		w := v - g*at
		return 40 + at, w*w + at
	}
	h1, v1 := pass(10, 50, 9.81)
	check("end", flat(mc.call(m.FuncByName("Ends"), [][]float64{{10}, {50}, {9.81}})), h1, v1,
		slope(func(h float64) float64 { h, _ = pass(h, 50, 9.81); return h }, 10, 1e-5),
		slope(func(v float64) float64 { _, v = pass(10, v, 9.81); return v }, 50, 1e-5),
		slope(func(g float64) float64 { _, v := pass(10, 50, g); return v }, 9.81, 1e-5))
}

// With norm: max the largest error sets the steps, and there are more of them.
func TestMaxNorm(t *testing.T) {
	m := compile(t, `package p

system Spin {
	state x, y, z real
	der(x) = -y
	der(y) = x
	der(z) = -z
}

model Mean(x real) (n i32) {
	return solve(Spin{x: x, y: 0, z: 0}, over: 0..10, with: dopri5{rtol: 1e-7, atol: 1e-7}).accepted
}

model Largest(x real) (n i32) {
	return solve(Spin{x: x, y: 0, z: 0}, over: 0..10, with: dopri5{rtol: 1e-7, atol: 1e-7, norm: max}).accepted
}
`)
	mc := newMachine(t, m, nil)
	mean, largest := mc.call(m.FuncByName("Mean"), [][]float64{{1}})[0][0], mc.call(m.FuncByName("Largest"), [][]float64{{1}})[0][0]
	if !(largest > mean) {
		t.Errorf("%v steps by the largest error, %v by the mean", largest, mean)
	}
}
