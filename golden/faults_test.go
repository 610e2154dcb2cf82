package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// faulty has a solve to an end and one along times, a map with shared weights and two scans.
const faulty = `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net g(x, shift [2]real) [2]real {
	return sin(x + shift) |> Linear(2)
}

net r(xs [4, 2]real) [3]real {
	return xs |> GRU(3)
}

system Flow {
	state x [2]real
	context c real
	der(x) = f(x) - c*x*sin(t)
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Flow{x: x, c: c}, over: 0.2..1.4, with: rk4{steps: 3})
	path := solve(Flow{x: x, c: c}, from: 0, at: [0.0, 0.3, 0.7, 1.0], with: rk4{steps: 3, sensitivity: SENS})
	ys := map(g, path.x, end.x)
	minimize sqnorm(r(path.x)) + sum(sin(ys)) + sqnorm(end.x)
}
`

// TestFaultsInLoops breaks, one at a time, every result of every function by which solves, maps and scans are
// differentiated: its sign is turned. The gradient then differs by far more than the tests of gradients allow, which
// have to notice it.
func TestFaultsInLoops(t *testing.T) {
	broken := map[string]int{}
	for _, sensitivity := range []string{"backprop", "adjoint", "interpolated", "checkpoint{every: 2}"} {
		res, ds := driver.Compile(map[string]string{"a.nde": strings.ReplaceAll(faulty, "SENS", sensitivity)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		m := res.Module
		weights, _ := weightsOf(m)
		r := m.Recipes[0]
		gradient := func(f *ir.Func) []float64 {
			mc, err := interp.New(m, weights)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mc.Call(f, interp.Of([]float64{0.7, -0.4}, 2), interp.Scalar(0.9))
			if err != nil {
				t.Fatal(err)
			}
			var all []float64
			for _, o := range out[len(r.Objective.Results):] {
				all = append(all, o.Data...)
			}
			return all
		}
		both := func() []float64 { return append(gradient(r.Grad), gradient(r.GradInputs)...) }
		want := both()
		rules := map[*ir.Func]string{}
		unread := map[*ir.Func]map[int]bool{} // results of sweeps that nobody reads: all of them have those of the extras
		forward := map[*ir.Func]bool{}
		for _, v := range r.Objective.Values {
			for _, f := range v.Callees() {
				forward[f] = true
			}
		}
		for _, f := range m.Funcs {
			for _, v := range f.Values {
				switch {
				case v.Op == ir.OpRev:
					read := map[int]bool{}
					for _, w := range f.Values {
						if w.Op == ir.OpResult && w.Args[0] == v {
							read[w.Attr.Index] = true
						}
					}
					rules[v.Attr.Rev.StepVJP] = "step of a sweep"
					if v.Attr.Rev.AtVJP != nil {
						rules[v.Attr.Rev.AtVJP] = "output time of a sweep"
					}
					for _, g := range []*ir.Func{v.Attr.Rev.StepVJP, v.Attr.Rev.AtVJP} {
						if g == nil {
							continue
						}
						if unread[g] == nil {
							unread[g] = map[int]bool{}
							for i := range g.Results {
								unread[g][i] = true
							}
						}
						for i := range read {
							delete(unread[g], i)
						}
					}
				case v.Op == ir.OpMap && !forward[v.Attr.Map.Fn]:
					rules[v.Attr.Map.Fn] = "map"
				case v.Op == ir.OpScan && !forward[v.Attr.Scan.Fn]:
					rules[v.Attr.Scan.Fn] = "scan"
				}
			}
		}
		for f, what := range rules {
			for i, old := range f.Results {
				if !old.Type.Elem.IsFloat() || old.IsConst(0) {
					continue
				}
				b := ir.Extend(f, m.Real)
				f.Results[i] = b.Neg(old)
				got := both()
				f.Results[i] = old
				change, scale := 0.0, 0.0
				for k := range want {
					change, scale = max(change, math.Abs(got[k]-want[k])), max(scale, math.Abs(want[k]))
				}
				if change == 0 && unread[f][i] {
					continue
				}
				if !(change > 1e-4*scale) {
					t.Errorf("%s: the wrong sign of result %d of %s, a %s, changes the gradient by %.2g of %.2g", sensitivity, i, f.Name, what, change, scale)
				}
				broken[what]++
			}
		}
	}
	for _, what := range []string{"step of a sweep", "output time of a sweep", "scan"} {
		if broken[what] == 0 {
			t.Errorf("nothing was broken in a %s", what)
		}
	}
	t.Log(fmt.Sprint(broken))
}
