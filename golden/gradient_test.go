package golden

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// exampleOf are the committed packages that are examples: TestExamples has their gradients, with inputs that suit them.
var exampleOf = map[string]string{"arm": "06_arm.nde", "forecast": "07_forecast.nde", "lagrange": "13_lagrange.nde", "mnist": "03_mnist.nde"}

// TestGradients compares the gradient of each recipe of the other committed packages, in float64, with central
// differences on the same steps, by every weight.
func TestGradients(t *testing.T) {
	for _, dir := range packages(t) {
		if name := exampleOf[filepath.Base(dir)]; name != "" {
			if _, ok := examples[name]; !ok {
				t.Errorf("%s is no example", name)
			}
			continue
		}
		res, ds := driver.Compile(sources(t, dir), driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		m := res.Module
		params := map[string][]float64{}
		for _, p := range m.Params {
			x := make([]float64, p.Type.Len())
			for i := range x {
				x[i] = 0.7 * math.Sin(float64(5*i*i+3*i+len(p.Name)+1))
			}
			params[p.Name] = x
		}
		for _, r := range m.Recipes {
			for row := range 3 {
				checkGradient(t, m, r, params, inputs(r, row))
			}
		}
	}
}

// inputs are the columns of a row.
func inputs(r *ir.Recipe, row int) []interp.Tensor {
	var in []interp.Tensor
	for i, c := range r.Columns {
		x := make([]float64, c.Type.Len())
		for k := range x {
			x[k] = 1.5 * math.Cos(float64(7*row+3*i+2*k+1))
			if c.Classes > 0 {
				x[k] = float64(row % c.Classes)
			}
		}
		in = append(in, interp.Of(x, c.Type.Shape...))
	}
	return in
}

// elements is how many of a parameter are looked at, about.
const elements = 12

func checkGradient(t *testing.T, m *ir.Module, r *ir.Recipe, params map[string][]float64, in []interp.Tensor) {
	t.Helper()
	checkSome(t, m, r, params, in, look{elements, len(r.Trained), 1e-6})
}

// look is how much of a gradient is looked at: about so many elements of so many parameters, to a relative tolerance.
type look struct {
	elements, params int
	tol              float64
}

// checkSome is checkGradient with less to look at.
func checkSome(t *testing.T, m *ir.Module, r *ir.Recipe, params map[string][]float64, in []interp.Tensor, l look) {
	t.Helper()
	run := func(f *ir.Func, force map[*ir.Solve][][]interp.Step, in []interp.Tensor) ([]interp.Tensor, *interp.Machine) {
		mc, err := interp.New(m, params)
		if err != nil {
			t.Fatal(err)
		}
		mc.Force = force
		out, err := mc.Call(f, in...)
		if err != nil {
			t.Fatal(err)
		}
		return out, mc
	}
	grad, mc := run(r.Grad, nil, in)
	if r.Attack != nil { // the gradient is that at the worst place, which stays where it is
		delta, _ := run(r.Attack, nil, in)
		in = slices.Clone(in)
		near := slices.Clone(in[r.Attacked].Data)
		for i, d := range delta[0].Data {
			near[i] += d
		}
		in[r.Attacked] = interp.Of(near, r.Columns[r.Attacked].Type.Shape...)
	}
	// The solves of both are the same in the same order, of which some are recorded in the gradient.
	taken := solvesOf(r.Grad)
	force := map[*ir.Solve][][]interp.Step{}
	for i, s := range solvesOf(r.Fitted()) {
		force[s] = mc.Taken[taken[i]]
	}
	plain, _ := run(r.Fitted(), force, in)
	if d := math.Abs(plain[0].Data[0] - grad[0].Data[0]); d > 1e-13 {
		t.Errorf("%s: the losses of objective and gradient differ by %g", r.Name, d)
	}
	const h = 1e-5
	for k, p := range r.Trained[:min(l.params, len(r.Trained))] {
		got := grad[len(r.Objective.Results)+k].Data
		x := params[p.Name]
		for i := 0; i < len(x); i += 1 + len(x)/l.elements {
			old, want := x[i], 0.0
			for _, sign := range []float64{1, -1} {
				x[i] = old + sign*h
				out, _ := run(r.Fitted(), force, in)
				want += sign * out[0].Data[0] / (2 * h)
			}
			x[i] = old
			if d := math.Abs(got[i] - want); !(d <= l.tol*math.Max(math.Abs(want), 1e-2)) {
				t.Errorf("%s: d/d%s[%d] is %.12g, central differences give %.12g", r.Name, p.Name, i, got[i], want)
			}
		}
	}
}

// solvesOf lists the solves that f runs.
func solvesOf(f *ir.Func) []*ir.Solve {
	var out []*ir.Solve
	for _, v := range f.Values {
		switch v.Op {
		case ir.OpSolve:
			out = append(out, v.Attr.Solve)
		case ir.OpCall:
			out = append(out, solvesOf(v.Attr.Func)...)
		}
	}
	return out
}
