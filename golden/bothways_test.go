package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// bothWays are programs whose first recipe is compiled and interpreted, in float64 and float32: loss in
// training and in evaluations, gradients by parameters and by columns agree. Tests of a subject add theirs.
var bothWays = map[string]string{
	"estimators": estimated,
	"ffjord":     ffjord,
	"traced":     strings.NewReplacer("NETS", strings.NewReplacer("ACT", "tanh", "(7)", "(33)", "(5)", "(35)").Replace(twoLayers), "FIELD", "s * f(t, z, c) - 0.5*z", "SOLVER", "rk4{steps: 3}", "FREEZE", "").Replace(traced),
}

// wide are those of them that are compared in float64 alone, because errors near rounding decide about steps.
var wide = map[string]bool{}

// job and answer are those of testdata/sens/main.go.
type job struct {
	Weights []float64
	Columns map[string][]float64
	Rows    int
	Seed    uint64
}

type answer struct {
	Loss, Eval float64
	NFE        float64
	Grad       []float64
	Inputs     map[string][]float64
	Err        string
}

// weightsOf are numbers between -0.6 and 0.6 for the parameters of m, and positive ones where it needs them.
func weightsOf(m *ir.Module) (byName map[string][]float64, flat []float64) {
	byName = map[string][]float64{}
	for _, p := range m.Params {
		x := make([]float64, p.Type.Len())
		for i := range x {
			x[i] = 0.6 * math.Sin(float64(5*i*i+3*i+len(p.Name)+1))
			if p.Of != nil && p.Of.Deviation {
				x[i] = 1 + x[i]*x[i]
			}
		}
		byName[p.Name] = x
		flat = append(flat, x...)
	}
	return byName, flat
}

// interpreted is what the interpreter says about the first recipe of m on rows of columns.
func interpreted(t *testing.T, m *ir.Module, rows int, round bool) (job, answer) {
	t.Helper()
	r := m.Recipes[0]
	weights, flat := weightsOf(m)
	mc, err := interp.New(m, weights)
	if err != nil {
		t.Fatal(err)
	}
	mc.Round32 = round
	j := job{Weights: flat, Columns: map[string][]float64{}, Rows: rows, Seed: 7}
	a := answer{Grad: make([]float64, len(flat)), Inputs: map[string][]float64{}}
	at := map[*ir.Param]int{}
	k := 0
	for _, p := range m.Params {
		at[p] = k
		k += p.Type.Len()
	}
	n := float64(rows)
	for row := range rows {
		var args []interp.Tensor
		for i, c := range r.Columns {
			x := make([]float64, c.Type.Len())
			for k := range x {
				x[k] = float64(float32(math.Sin(float64(1 + 7*row + 3*k + 5*i))))
				if c.Classes > 0 {
					x[k] = float64(row % c.Classes)
				}
			}
			j.Columns[c.Name] = append(j.Columns[c.Name], x...)
			args = append(args, interp.Of(x, c.Type.Shape...))
		}
		call := func(f *ir.Func, key rt.Key) []interp.Tensor {
			in := args
			if r.Keyed() {
				words := key.At(row).Words()
				in = append(args[:len(args):len(args)], interp.Of(words[:], len(words)))
			}
			out, err := mc.Call(f, in...)
			if err != nil {
				t.Fatal(err)
			}
			if len(mc.Failed) > 0 {
				t.Fatalf("%s failed", mc.Failed[0].Solve.Name)
			}
			return out
		}
		a.Eval += call(r.Objective, rt.Key{Seed: 7, Step: rt.EvalStep})[0].Data[0] / n
		out := call(r.Grad, rt.Key{Seed: 7})
		a.Loss += out[0].Data[0] / n
		for i, p := range r.Trained {
			for k, x := range out[len(r.Objective.Results)+i].Data {
				a.Grad[at[p]+k] += x / n
			}
		}
		out = call(r.GradInputs, rt.Key{Seed: 7})[len(r.Objective.Results):]
		for _, c := range r.Columns {
			if !c.Type.Elem.IsFloat() {
				a.Inputs[c.Name] = append(a.Inputs[c.Name], make([]float64, c.Type.Len())...)
				continue
			}
			for _, x := range out[0].Data {
				a.Inputs[c.Name] = append(a.Inputs[c.Name], x/n)
			}
			out = out[1:]
		}
	}
	return j, a
}

// TestBothWays builds all programs with one go command.
func TestBothWays(t *testing.T) {
	t.Parallel()
	main, err := os.ReadFile("testdata/sens/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var imports, table strings.Builder
	jobs, want := map[string]job{}, map[string]answer{}
	p := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{}}
	for name, source := range bothWays {
		for _, precision := range []string{"f64", "f32"} {
			if precision == "f32" && wide[name] {
				continue
			}
			name := name + precision
			text := strings.Replace(source, "package p\n", "package "+name+"\n", 1)
			res, ds := driver.Compile(map[string]string{name + ".nde": text}, driver.Options{Precision: precision})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			p.Packages[name] = res.Out
			jobs[name], want[name] = interpreted(t, res.Module, 5, precision == "f32")
			fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", name)
			fmt.Fprintf(&table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", name, name)
		}
	}
	p.Main["packages.go"] = []byte("package main\n\nimport (\n" + imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + table.String() + "}\n")
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]answer
	if err := json.Unmarshal(p.Run(t, in), &got); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		tol := 1e-12
		if strings.HasSuffix(name, "f32") {
			tol = 1e-5
		}
		g := got[name]
		if g.Err != "" {
			t.Errorf("%s: %s", name, g.Err)
			continue
		}
		near := func(what string, got, want []float64) {
			t.Helper()
			scale := 1.0
			for _, x := range want {
				scale = max(scale, math.Abs(x))
			}
			if len(got) != len(want) {
				t.Errorf("%s: %s: %d numbers, want %d", name, what, len(got), len(want))
				return
			}
			for i := range got {
				if !(math.Abs(got[i]-want[i]) <= tol*scale) {
					t.Errorf("%s: %s[%d] is %.17g compiled and %.17g interpreted", name, what, i, got[i], want[i])
					return
				}
			}
		}
		near("loss", []float64{g.Loss}, []float64{w.Loss})
		near("evaluation", []float64{g.Eval}, []float64{w.Eval})
		near("gradient", g.Grad, w.Grad)
		for c := range w.Inputs {
			near("cotangent of "+c, g.Inputs[c], w.Inputs[c])
		}
	}
}
