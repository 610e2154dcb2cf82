package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

func init() { bothWays["mixed"] = mixed }

// mixed trains with rounded operands in every kind of product: of vectors and matrices, of convolutions, in a map, a scan and the
// steps of a solve. A model that it calls is another one in evaluations.
const mixed = `package p

net f(x [3]real) [3]real {
	return x |> Linear(6) |> tanh |> Linear(3)
}

net image(x [1, 4, 4]real) [3]real {
	return x |> Conv2d(2, kernel: 3) |> softplus |> flatten |> Linear(3)
}

net series(x [5, 2]real) [3]real {
	return x |> GRU(3)
}

net row(x [2]real) [2]real {
	return x |> Linear(2) |> sin
}

system Flow {
	state x [3]real
	der(x) = f(x)
}

model End(x [3]real) (y [3]real) {
	return solve(Flow{x: x}, over: 0..1, with: rk4{steps: 3}).x
}

data D {
	a [3]real
	b [1, 4, 4]real
	c [5, 2]real
	d [3, 3]real
	source: sampler{a: normal(0, 1), b: normal(0, 1), c: normal(0, 1), d: normal(0, 1), n: 8}
}

train Fit {
	data: D
	batch: full
	y := d @ (End(a) + image(b)) + series(map(row, c))
	minimize sqnorm(y) + sqnorm(transpose(d) @ d)
	metric far = norm(y)
	epochs: 1
	optimizer: adam
	precision: mixed_bf16
	seed: 3
}

train FitHalf {
	data: D
	batch: full
	y := d @ (End(a) + image(b)) + series(map(row, c))
	minimize 1e-6 * (sqnorm(y) + sqnorm(transpose(d) @ d))
	epochs: 1
	optimizer: adam
	precision: mixed_fp16
	seed: 3
}
`

// TestMixedByHand compares the gradient of a net of two layers in mixed precision with one that is written down here. Cotangents are
// below the range of float16.
func TestMixedByHand(t *testing.T) {
	for precision, bits := range map[string]int{"mixed_bf16": 8, "mixed_fp16": 11} {
		t.Run(precision, func(t *testing.T) { mixedByHand(t, precision, bits) })
	}
}

func mixedByHand(t *testing.T, precision string, bits int) {
	src := strings.Replace(`package p

net f(x [3]real) [2]real {
	return x |> Linear(4) |> tanh |> Linear(2)
}

data D {
	x [3]real
	y [2]real
	source: sampler{x: normal(0, 1), y: normal(0, 1), n: 8}
}

train Fit {
	data: D
	batch: full
	minimize 9.313225746154785e-10 * sqnorm(f(x) - y)
	epochs: 1
	optimizer: adam
	precision: mixed_bf16
}
`, "mixed_bf16", precision, 1)
	w := map[string][]float64{}
	for name, n := range map[string]int{"f.0.weight": 12, "f.0.bias": 4, "f.2.weight": 8, "f.2.bias": 2} {
		for i := range n {
			w[name] = append(w[name], 0.7*math.Sin(float64(3*i+n)))
		}
	}
	x, y := []float64{0.3, -1.234567, 0.77}, []float64{0.1, -0.4}

	// r keeps so many significant bits, here by a sum whose last bit is worth that of x: no x is in the middle of two.
	r := func(x float64) float64 {
		_, e := math.Frexp(x)
		c := math.Ldexp(1.5, 52-bits+e)
		return (x + c) - c
	}
	product := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += r(a[i]) * r(b[i])
		}
		return sum
	}
	grad := map[string][]float64{"f.0.weight": make([]float64, 12), "f.0.bias": make([]float64, 4), "f.2.weight": make([]float64, 8), "f.2.bias": make([]float64, 2)}
	h := make([]float64, 4)
	for i := range h {
		h[i] = math.Tanh(product(w["f.0.weight"][3*i:3*i+3], x) + w["f.0.bias"][i])
	}
	loss := 0.0
	back := make([]float64, 4)
	for i := range y {
		d := product(w["f.2.weight"][4*i:4*i+4], h) + w["f.2.bias"][i] - y[i]
		loss += d * d
		grad["f.2.bias"][i] = 2 * d
		for k := range h {
			grad["f.2.weight"][4*i+k] = r(2*d) * r(h[k])
			back[k] += r(2*d) * r(w["f.2.weight"][4*i+k])
		}
	}
	for k := range h {
		g := back[k] * (1 - h[k]*h[k])
		grad["f.0.bias"][k] = g
		for j := range x {
			grad["f.0.weight"][3*k+j] = r(g) * r(x[j])
		}
	}

	const small = 0x1p-30 // of the objective
	of := func(exact bool) (loss float64, grads map[string][]float64) {
		res, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Precision: "f64", Exact: exact})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		mc, err := interp.New(res.Module, w)
		if err != nil {
			t.Fatal(err)
		}
		fit := res.Module.Recipes[0]
		out, err := mc.Call(fit.Grad, interp.Of(x, 3), interp.Of(y, 2))
		if err != nil {
			t.Fatal(err)
		}
		grads = map[string][]float64{}
		for i, p := range fit.Trained {
			for _, x := range out[1+i].Data {
				grads[p.Name] = append(grads[p.Name], x/small)
			}
		}
		if !exact { // evaluations are not rounded
			out, err := mc.Call(fit.Objective, interp.Of(x, 3), interp.Of(y, 2))
			if err != nil {
				t.Fatal(err)
			}
			if plain, _ := evaluated(w, x, y); math.Abs(out[0].Data[0]/small-plain) > 1e-14 {
				t.Errorf("the loss of an evaluation is %v, want %v", out[0].Data[0], plain)
			}
		}
		return out[0].Data[0] / small, grads
	}
	got, grads := of(false)
	if math.Abs(got-loss) > 1e-14 {
		t.Errorf("loss %.17g, want %.17g", got, loss)
	}
	_, exact := of(true)
	for name, g := range grad {
		if d, at := farthest(grads[name], g); !(d <= 1e-14) {
			t.Errorf("gradient by %s[%d] is %g off", name, at, d)
		}
		// Rounding is seen, and is no more than a few units of the last bit that is kept.
		if d, _ := farthest(exact[name], g); !(1e-6 < d && d < math.Ldexp(5, -bits)) {
			t.Errorf("gradient by %s: rounding changes %g of it", name, d)
		}
	}
}

// evaluated is the loss of TestMixedByHand without rounding.
func evaluated(w map[string][]float64, x, y []float64) (loss float64, h []float64) {
	for i := range 4 {
		s := w["f.0.bias"][i]
		for j := range x {
			s += w["f.0.weight"][3*i+j] * x[j]
		}
		h = append(h, math.Tanh(s))
	}
	for i := range y {
		s := w["f.2.bias"][i] - y[i]
		for k := range h {
			s += w["f.2.weight"][4*i+k] * h[k]
		}
		loss += s * s
	}
	return loss, h
}

// TestTargets: target cuda brings kernels for the devices that it names, and target go{alloc: none} a test.
func TestTargets(t *testing.T) {
	const src = `package p

model Twice(x [2]real, ts [3]time, k label[4]) (y [2]real) {
	return 2*x
}

target cuda{arch: ["sm_80", "sm_90"], fuse: step}
target go{package: "p", alloc: none}
`
	res, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Declared: true})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	files := map[string]bool{}
	for _, f := range res.Out {
		files[f.Name] = true
	}
	for _, name := range []string{"p.cu", "ndec.cuh", "p_cuda.go", "p_alloc_test.go", "p.go"} {
		if !files[name] {
			t.Errorf("%s is missing among %v", name, files)
		}
	}
	if a := res.CUDA.Arch; len(a) != 2 || a[0] != 80 || a[1] != 90 {
		t.Errorf("devices %v", a)
	}
	if res, _ := driver.Compile(map[string]string{"a.nde": src}, driver.Options{}); res.CUDA != nil {
		t.Error("kernels although nobody asks for what is declared")
	}
}
