package lanes_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/plan"
)

// checkAlone compares all functions of a module that have a kernel for one sample, or for a few, with the interpreter, on a
// sample or a few each, and gives their number.
func checkAlone(t *testing.T, m *ir.Module, p *plan.Plan, params map[string][]float64, rnd *rand.Rand, few bool) int {
	t.Helper()
	set := lanes.NewAlone(p, kernelName)
	samples := 1
	if few {
		set = lanes.NewFew(set, kernelName)
		samples = set.Few()
	}
	if len(p.Funcs)%2 == 0 {
		set.Hold = 100 // most pause
	}
	place := func(f *lanes.Field, sample, row int) int { // among the elements of a field
		switch {
		case f.Apart > 0:
			return sample*f.Apart + row
		case few:
			return row*set.Samples() + sample
		}
		return row
	}
	var funcs []*ir.Func
	for _, pf := range p.Funcs {
		funcs = append(funcs, pf.IR)
	}
	for _, f := range m.Funcs {
		if len(p.Funcs) == 0 { // those of a module without models, which the caller has planned
			funcs = append(funcs, f)
		}
	}
	for _, f := range funcs {
		if _, err := set.Add(f); err != nil {
			var u *lanes.Unsupported
			if !errors.As(err, &u) {
				t.Fatal(err)
			}
		}
	}
	machine, err := interp.New(m, params)
	if err != nil {
		t.Fatal(err)
	}
	values := map[*ir.Param][]float64{}
	for _, q := range m.Params {
		values[q] = params[q.Name]
	}
	if m.Prepare != nil {
		out, err := machine.Call(m.Prepare)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range m.Derived {
			values[d] = out[i].Data
		}
	}
	var weights []byte
	for _, q := range set.Packs() {
		at := len(weights)
		if at != q.Off {
			t.Fatalf("%s lies at %d, not at %d", q.Param.Name, at, q.Off)
		}
		size := max(m.Real.Bytes(), q.Param.Type.Elem.Bytes())
		weights = append(weights, make([]byte, q.Len*size)...)
		rows, columns := q.Shape()
		for i := range rows {
			for j := range columns {
				k := i*set.Padded(columns) + j
				if q.Columns {
					strip, width := i/set.Tile(), set.Tile()
					if strip == rows/set.Tile() {
						width = set.Padded(rows % set.Tile())
					}
					k = strip*set.Tile()*columns + j*width + i%set.Tile()
				}
				put(weights[at:], q.Param.Type.Elem, m.Real, k, values[q.Param][i*columns+j])
			}
		}
	}
	tol := 1e-5
	if m.Real == ir.F64 {
		tol = 1e-12
	}
	texts := map[asm.ISA]*sim.Program{}
	for _, isa := range asm.ISAs {
		text := string(set.Text(isa, "", set.Kernels, func(*lanes.Kernel) bool { return true }))
		var err error
		if texts[isa], err = sim.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range set.Kernels {
		args, want := make([][]interp.Tensor, samples), make([][]interp.Tensor, samples)
		for i := range args {
			for _, a := range k.Func.Args {
				x := interp.Tensor{Shape: a.Type.Shape}
				for range a.Type.Len() {
					v := float64(rnd.IntN(384)-192)/128 + 1.0/256
					if few { // with four samples one is ill-conditioned more often: steps of 1.5 are
						v /= 4
					}
					if isTolerance(a) {
						v = math.Abs(v)
					}
					if !a.Type.Elem.IsFloat() {
						v = float64(rnd.IntN(2))
					}
					x.Data = append(x.Data, v)
				}
				args[i] = append(args[i], x)
			}
			var err error
			if want[i], err = machine.Call(k.Func, args[i]...); err != nil {
				t.Fatal(err)
			}
		}
		for _, isa := range asm.ISAs {
			fr := make([]byte, set.Size)
			for i := range fr {
				fr[i] = 0xff // NaN where nobody has written
			}
			for i, f := range k.Args {
				for n := range samples {
					for r, x := range args[n][i].Data {
						put(fr[f.Off:], f.Elem, m.Real, place(f, n, r), x)
					}
				}
			}
			machine := texts[isa].Machine()
			if err := machine.Call(k.Name+"_"+isa.String(), machine.Map(fr), machine.Map(weights)); err != nil {
				t.Fatalf("%s: %v", k.Func.Name, err)
			}
			for i, f := range k.Results {
				for n := range samples {
					for r, w := range want[n][i].Data {
						g := get(fr[f.Off:], f.Elem, m.Real, place(f, n, r))
						if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= tol*max(1, math.Abs(w))) {
							t.Errorf("%s on %s: element %d of result %d of sample %d is %v, want %v", k.Func.Name, isa, r, i, n, g, w)
							return 0
						}
					}
				}
			}
		}
	}
	return len(set.Kernels)
}

// TestAlone compares kernels for one sample, and for a few, with the interpreter: random modules, and nets of widths around those of
// vectors and strips.
func TestAlone(t *testing.T) {
	n, few := 0, 0
	for seed := range uint64(30) {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			c := irtest.Random(seed, real)
			opt.Prepare(c.Module)
			opt.Run(c.Module, opt.Options{})
			p, err := plan.Build(c.Module)
			if err != nil {
				t.Fatal(err)
			}
			n += checkAlone(t, c.Module, p, c.Params, rand.New(rand.NewPCG(seed, 4)), false)
			few += checkAlone(t, c.Module, p, c.Params, rand.New(rand.NewPCG(seed, 5)), true)
		}
	}
	t.Logf("%d functions of random modules, %d for a few samples", n, few)
	for _, s := range [][3]int{{2, 16, 16}, {1, 17, 3}, {2, 64, 70}, {5, 130, 1}, {9, 33, 144}, {70, 6, 200}} {
		src := fmt.Sprintf(`package wide
net f(x [%d]real, t real) [%d]real {
	return concat(x, t) |> Linear(%d) |> tanh |> Linear(%d) |> softplus |> Linear(%d)
}
system S {
	state x [%d]real
	integral c = sqnorm(f(x, t)) + sum(exp(x))
	der(x) = f(x, t)
}
model M(x [%d]real) (y [%d]real, z real, h [%d]real) {
	end := solve(S{x}, over: 0..1, with: dopri5{rtol: 1e-3})
	return end.x, end.c, softmax(f(x, 0.5))
}
`, s[0], s[0], s[1], s[2], s[0], s[0], s[0], s[0], s[0])
		for _, precision := range []string{"f32", "f64"} {
			res, ds := driver.Compile(map[string]string{"wide.nde": src}, driver.Options{Until: "plan", Precision: precision})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			params, rnd := map[string][]float64{}, rand.New(rand.NewPCG(1, 2))
			for _, q := range res.Module.Params {
				for range q.Type.Len() {
					params[q.Name] = append(params[q.Name], (rnd.Float64()-0.5)/math.Sqrt(float64(s[1])))
				}
			}
			for _, few := range []bool{false, true} {
				if n := checkAlone(t, res.Module, res.Plan, params, rand.New(rand.NewPCG(3, 4)), few); n < 5 {
					t.Errorf("%v: %d functions have a kernel for one sample (or a few: %t)", s, n, few)
				}
			}
		}
	}
}
