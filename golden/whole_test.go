package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// whole puts constructs together that do not meet elsewhere: a system of second order with an augmented state, an input, a context, its
// own start, an integral, an output, a bounded parameter and a gradient, along output times under an adaptive solver; nets with size
// parameters within a net; a flow with the density that it carries, whose context is what the first system has done.
const whole = `package whole

const g = 9.81

dim Knots = 5

fn drag(v [2]real) [2]real {
	return 0.1 * v * abs(v)
}

net lift[n](x [n]real) [n]real {
	return x |> Linear(6) |> tanh |> Linear(n)
}

net force(x [3]real, s [2]real) [2]real {
	layer place = lift
	layer speed = lift
	h := place(x)
	return h[:2] * sigmoid(speed(s)) + h[2]
}

system Body {
	state q, v [2]real
	state w real = 0
	input u real
	context m real
	param c real = 0.3 where 0 < c < 1
	F := force([q[0], q[1], w], v - initial(q))
	E := 0.5*c*sqnorm(q) + 0.1*q[0]*q[1]^2
	der(q) = v
	der(v) = (F - grad(E, q) - drag(v) + [u, -0.5*u]) / m - [0, 0.01*g]
	der(w) = dot(q, v) - w + 0.1*t
	integral work = dot(F, v)
	output energy = E + 0.5*m*sqnorm(v)
}

net field(t real, z [2]real, c [3]real) [2]real {
	return concat(z, c, t) |> Linear(5) |> tanh |> Linear(2)
}

system CNF {
	state z [2]real
	state l real = 0
	context c [3]real
	k := field(t, z, c)
	der(z) = k
	der(l) = -div(k, z)
	integral kinetic = sqnorm(k)
}

solver Fine = dopri8{rtol: 1e-12, atol: 1e-13, control: pi}

model Move(q, v [2]real, m real, ts [Knots]time, us [Knots]real, at [4]time) (qs [4, 2]real, energies [4]real, work [4]real) {
	path := solve(Body{q: q, v: v, m: m, u: signal(ts, us)}, from: ts[0], at: at, with: Fine)
	return path.q, path.energy, path.work
}

model Density(x [2]real, c [3]real) (logp, kinetic real) {
	end := solve(CNF{z: x, c: c}, over: 1..0, with: Fine)
	return log_prob(normal(0, 1), end.z) - end.l, end.kinetic
}

model Whole(q, v [2]real, m real, ts [Knots]time, us [Knots]real, at [4]time) (energies [4]real, logp, kinetic real) {
	qs, e, work := Move(q, v, m, ts, us, at)
	p, k := Density(qs[3], [work[3], m, e[0]])
	return e, p, k
}
`

// layerOf is an affine layer of a reference.
func layerOf(w map[string][]float64, name string, x ...float64) []float64 {
	weight, bias := w[name+".weight"], w[name+".bias"]
	out := make([]float64, len(bias))
	for i := range out {
		out[i] = bias[i]
		for j, v := range x {
			out[i] += weight[i*len(x)+j] * v
		}
	}
	return out
}

func mapped(f func(float64) float64, x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = f(v)
	}
	return out
}

// march solves y' = f(t, y) from t0 to t1 by n steps of the classical method.
func march(f func(t float64, y []float64) []float64, y []float64, t0, t1 float64, n int) []float64 {
	h := (t1 - t0) / float64(n)
	plus := func(y []float64, h float64, k []float64) []float64 {
		out := make([]float64, len(y))
		for i := range y {
			out[i] = y[i] + h*k[i]
		}
		return out
	}
	for i := range n {
		t := t0 + float64(i)*h
		k1 := f(t, y)
		k2 := f(t+h/2, plus(y, h/2, k1))
		k3 := f(t+h/2, plus(y, h/2, k2))
		k4 := f(t+h, plus(y, h, k3))
		y = plus(plus(plus(plus(y, h/6, k1), h/3, k2), h/3, k3), h/6, k4)
	}
	return y
}

// TestWhole compares whole with the same model written down in Go, to 1e-10.
func TestWhole(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"a.nde": whole}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	w, _ := weightsOf(res.Module)
	w["Body.c"] = []float64{0.4}
	mc, err := interp.New(res.Module, w)
	if err != nil {
		t.Fatal(err)
	}
	q0, v0, m := []float64{0.7, -0.3}, []float64{0.2, 0.5}, 1.3
	ts, us, at := []float64{0, 0.4, 0.9, 1.3, 2}, []float64{0.5, -1, 2, 0.3, -0.7}, []float64{0.4, 0.77, 1.3, 1.9}
	tensor := func(x ...float64) interp.Tensor { return interp.Of(x, len(x)) }
	var out []interp.Tensor
	for _, model := range res.Module.Models {
		if model.Name == "Whole" {
			if out, err = mc.Call(model.Func, tensor(q0...), tensor(v0...), interp.Of([]float64{m}), tensor(ts...), tensor(us...), tensor(at...)); err != nil {
				t.Fatal(err)
			}
		}
	}

	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	net := func(name string, x ...float64) []float64 {
		return layerOf(w, name+".2", mapped(math.Tanh, layerOf(w, name+".0", x...))...)
	}
	force := func(q, v []float64, aug float64) []float64 {
		h, s := net("force.place", q[0], q[1], aug), net("force.speed", v[0]-q0[0], v[1]-q0[1])
		return []float64{h[0]*sigmoid(s[0]) + h[2], h[1]*sigmoid(s[1]) + h[2]}
	}
	const c = 0.4
	potential := func(q []float64) float64 { return 0.5*c*(q[0]*q[0]+q[1]*q[1]) + 0.1*q[0]*q[1]*q[1] }
	body := func(piece int) func(t float64, y []float64) []float64 {
		return func(t float64, y []float64) []float64 { // q, v, w, work
			q, v := y[:2], y[2:4]
			u := us[piece] + (us[piece+1]-us[piece])*(t-ts[piece])/(ts[piece+1]-ts[piece])
			f := force(q, v, y[4])
			push := []float64{u, -0.5 * u}
			slope := []float64{c*q[0] + 0.1*q[1]*q[1], c*q[1] + 0.2*q[0]*q[1]}
			d := []float64{v[0], v[1], 0, 0, q[0]*v[0] + q[1]*v[1] - y[4] + 0.1*t, f[0]*v[0] + f[1]*v[1]}
			for i := range 2 {
				d[2+i] = (f[i] - slope[i] - 0.1*v[i]*math.Abs(v[i]) + push[i]) / m
			}
			d[3] -= 0.01 * 9.81
			return d
		}
	}
	y, now := []float64{q0[0], q0[1], v0[0], v0[1], 0, 0}, 0.0
	var want []float64
	for _, end := range at {
		for piece := range 4 { // up to the knots, where the input bends
			if stop := math.Min(end, ts[piece+1]); now < stop {
				y = march(body(piece), y, now, stop, 4000)
				now = stop
			}
		}
		want = append(want, potential(y)+0.5*m*(y[2]*y[2]+y[3]*y[3]))
	}
	context := []float64{y[5], m, want[0]}
	flow := func(t float64, y []float64) []float64 { // z, l, kinetic
		h := mapped(math.Tanh, layerOf(w, "field.0", y[0], y[1], context[0], context[1], context[2], t))
		k := layerOf(w, "field.2", h...)
		trace := 0.0
		for i := range 2 {
			for j, a := range h {
				trace += w["field.2.weight"][5*i+j] * (1 - a*a) * w["field.0.weight"][6*j+i]
			}
		}
		return []float64{k[0], k[1], -trace, k[0]*k[0] + k[1]*k[1]}
	}
	z := march(flow, []float64{y[0], y[1], 0, 0}, 1, 0, 4000)
	want = append(want, -(z[0]*z[0]+z[1]*z[1])/2-math.Log(2*math.Pi)-z[2], z[3])

	var got []float64
	for _, o := range out[:3] {
		got = append(got, o.Data...)
	}
	if d, i := farthest(got, want); !(d <= 1e-10) {
		t.Errorf("number %d is %.15g, want %.15g (four energies, log-density, kinetic energy)", i, got[i], want[i])
	}
}
