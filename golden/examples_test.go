package golden

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// example is one of the fourteen programs of the language's design.
type example struct {
	lacks   []diag.Code       // limitations that it runs into, and
	changes []string          // what takes the place of which pieces, in pairs, until they are lifted
	set     map[string]string // smaller sizes
	data    string            // file that its recipe reads
	rows    string            // smaller data, in pairs as changes
	// equation says that its gradient is that of the equation, solved with the tolerance 1e-5.
	equation bool
	// with are solvers for single precision, in which an adaptive one follows the rounding errors of its estimates to other steps.
	with map[string]string
	// convex is a net whose weights are not negative: with softplus it is a convex function then.
	convex string
}

// examples by file. A change goes when its limitation does.
var examples = map[string]example{
	"01_moons.nde":       {rows: "n: 512|n: 64|n: 4096|n: 64"},
	"02_moons_hyper.nde": {rows: "n: 512|n: 48|n: 4096|n: 48|steps: 2..20|steps: 2..5"},
	"03_mnist.nde":       {data: "mnist"},
	"04_ffjord.nde":      {rows: "n: 16384|n: 64", equation: true},
	"05_pendulum.nde":    {rows: "n: 1024|n: 32"},
	"06_arm.nde":         {data: "arm", rows: "\tprecision: f32\n|"},
	"07_forecast.nde":    {data: "series"},
	"08_sde.nde":         {rows: "n: 512|n: 32"},
	"09_lorenz.nde":      {rows: "n: 256|n: 8"},
	"10_control.nde":     {rows: "p0: uniform(-2*pi, 2*pi)}|p0: uniform(-2*pi, 2*pi), n: 64}"},
	"11_ball.nde":        {},
	"12_galerkin.nde":    {set: map[string]string{"H": "6"}, with: map[string]string{"Fwd": "rk4{steps: 6}"}},
	"13_lagrange.nde":    {data: "two_link", convex: "L"}, // so that the mass matrix is positive,
	"14_porth.nde":       {},
}

// sourceOf is an example with its changes, and those of its data if small.
func sourceOf(t testing.TB, name string, small bool) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, n := range append([]string{name}, map[string][]string{"02_moons_hyper.nde": {"01_moons.nde"}}[name]...) {
		found, err := filepath.Glob(filepath.Join("..", "docs", "examples", "*", n))
		if err != nil || len(found) != 1 {
			t.Fatalf("%d examples are called %s (%v)", len(found), n, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		files[n] = string(text)
	}
	e := examples[name]
	replace := func(pairs []string) {
		for i := 0; i+1 < len(pairs); i += 2 {
			found := false
			for n, text := range files {
				found = found || strings.Contains(text, pairs[i])
				files[n] = strings.ReplaceAll(text, pairs[i], pairs[i+1])
			}
			if !found {
				t.Fatalf("%s does not contain %q", name, pairs[i])
			}
		}
	}
	if small {
		replace(e.changes)
		if e.rows != "" {
			replace(strings.Split(e.rows, "|"))
		}
	}
	return files
}

// TestExamplesLack: the examples as they stand give the limitations that are known here, and no more.
func TestExamplesLack(t *testing.T) {
	for name, e := range examples {
		_, ds := driver.Compile(sourceOf(t, name, false), driver.Options{Set: e.set, Until: "check"})
		var got []diag.Code
		for _, d := range ds {
			got = append(got, d.Code)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, e.lacks) {
			t.Errorf("%s gives %v, want %v", name, got, e.lacks)
		}
	}
}

// exampleWeights are small numbers, and starts where a parameter has bounds.
func exampleWeights(m *ir.Module, convex string) (byName map[string][]float64, flat []float64) {
	byName = map[string][]float64{}
	for _, p := range m.Params {
		x := make([]float64, p.Type.Len())
		for i := range x {
			switch {
			case p.Of != nil && p.Of.Deviation, p.Init.Kind == ir.InitConst:
				x[i] = 1
				if p.Init.Kind == ir.InitConst {
					x[i] = p.Init.A
				}
			case p.Of == nil:
				x[i] = 0.3 * math.Sin(float64(5*i*i+3*i+len(p.Name)+1))
				if convex != "" && p.Net == convex {
					x[i] = math.Abs(x[i])
				}
			}
		}
		byName[p.Name] = x
		flat = append(flat, x...)
	}
	return byName, flat
}

// exampleInputs are values for ports: ascending times, classes, positive loads.
func exampleInputs(ports []ir.Port, row int) *rt.Table {
	t := &rt.Table{Rows: 1}
	for i, c := range ports {
		x := make([]float64, c.Type.Len())
		for k := range x {
			switch {
			case c.Classes > 0:
				x[k] = float64(row % c.Classes)
			case c.Name == "ts":
				x[k] = 0.02 * float64(k)
			case c.Name == "future":
				x[k] = 1.3 + 0.02*float64(k)
			case c.Name == "load":
				x[k] = 0.4
			default:
				x[k] = 0.8 * math.Cos(float64(7*row+3*i+2*k+1))
			}
		}
		t.Columns = append(t.Columns, rt.Column{Name: c.Name, Width: len(x), Classes: c.Classes, Data: x})
	}
	return t
}

// exampleArgs are exampleInputs as arguments of a function that may take a key.
func exampleArgs(ports []ir.Port, keyed bool, key rt.Key, row int) []interp.Tensor {
	var in []interp.Tensor
	for i, c := range exampleInputs(ports, row).Columns {
		in = append(in, interp.Of(c.Data, ports[i].Type.Shape...))
	}
	if keyed {
		words := key.Words()
		in = append(in, interp.Of(words[:], len(words)))
	}
	return in
}

type exampleJob struct {
	Weights []float64
	Inputs  map[string]*rt.Table
	Dir     string
	Steps   int
}

type exampleAnswer struct {
	Outputs map[string]*rt.Table
	Losses  map[string][]float64
	Starts  map[string]*rt.Evaluation
	Err     string
}

// withoutRecipes are sources without their train blocks.
func withoutRecipes(files map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[name] = trains.ReplaceAllString(text, "")
	}
	return out
}

var trains = regexp.MustCompile(`(?m)^train \w+ \{\n(.*\n)*?\}\n`)

// TestExamples: every example compiles, its models give compiled what the interpreter gives, in both precisions, its recipes have right gradients,
// and their losses fall in a few steps of training: six of them, and with NDEC_TEST_EXAMPLES, which has all parameters looked at, 20.
func TestExamples(t *testing.T) {
	t.Parallel()
	thorough := os.Getenv("NDEC_TEST_EXAMPLES") != ""
	main, err := os.ReadFile("testdata/examples/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var imports, table strings.Builder
	jobs, want := map[string]exampleJob{}, map[string]map[string][]interp.Tensor{}
	modules := map[string]*ir.Module{}
	program := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{}}
	add := func(pkg string, res *driver.Result) {
		program.Packages[pkg] = res.Out
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", pkg)
		fmt.Fprintf(&table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", pkg, pkg)
	}
	for name, e := range examples {
		pkg := "x" + name[:2]
		res, ds := driver.Compile(sourceOf(t, name, true), driver.Options{Precision: "f64", Set: e.set, Package: pkg})
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		m := res.Module
		modules[pkg] = m
		weights, flat := exampleWeights(m, e.convex)
		job := exampleJob{Weights: flat, Inputs: map[string]*rt.Table{}, Steps: 6}
		if thorough {
			job.Steps = 20
		}
		if len(m.Recipes) > 0 {
			job.Dir = exampleData(t, e.data)
		}
		want[pkg] = map[string][]interp.Tensor{}
		mc, err := interp.New(m, weights)
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range m.Own() {
			job.Inputs[model.Name] = exampleInputs(model.Inputs, 0)
			out, err := mc.Call(model.Func, exampleArgs(model.Inputs, model.Keyed(), rt.Key{Step: rt.EvalStep}, 0)...)
			if err != nil {
				t.Fatal(err)
			}
			want[pkg][model.Name] = out[:len(model.Outputs)]
		}
		for _, r := range m.Recipes {
			if r.Grad != nil {
				l := look{elements: 1, params: 2, tol: 1e-6}
				if e.equation {
					l.tol = 1e-4
				}
				if thorough {
					l.elements, l.params = 3, len(r.Trained)
				}
				m := m
				if r.Mixed() { // differences would see the steps of its rounding
					exact, ds := driver.Compile(sourceOf(t, name, true), driver.Options{Precision: "f64", Set: e.set, Exact: true})
					if ds.HasErrors() {
						t.Fatal(ds)
					}
					m = exact.Module
					r = m.Recipes[slices.IndexFunc(m.Recipes, func(x *ir.Recipe) bool { return x.Name == r.Name })]
				}
				checkSome(t, m, r, weights, exampleArgs(r.Columns, r.Keyed(), rt.Key{Seed: 7}, 1), l)
			}
		}
		jobs[pkg] = job
		add(pkg, res)

		// The models once more in single precision.
		single := "y" + name[:2]
		res, ds = driver.Compile(withoutRecipes(sourceOf(t, name, true)), driver.Options{Set: e.set, With: e.with, Package: single})
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		if mc, err = interp.New(res.Module, weights); err != nil {
			t.Fatal(err)
		}
		mc.Round32 = true
		modules[single], want[single] = res.Module, map[string][]interp.Tensor{}
		for _, model := range res.Module.Own() {
			out, err := mc.Call(model.Func, exampleArgs(model.Inputs, model.Keyed(), rt.Key{Step: rt.EvalStep}, 0)...)
			if err != nil {
				t.Fatal(err)
			}
			want[single][model.Name] = out[:len(model.Outputs)]
		}
		jobs[single] = exampleJob{Weights: flat, Inputs: job.Inputs}
		add(single, res)
	}
	program.Main["packages.go"] = []byte("package main\n\nimport (\n" + imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + table.String() + "}\n")
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]exampleAnswer
	if err := json.Unmarshal(program.Run(t, in), &got); err != nil {
		t.Fatal(err)
	}
	for pkg, m := range modules {
		g := got[pkg]
		tolerance := 1e-12
		if m.Real == ir.F32 {
			tolerance = 1e-5
		}
		if g.Err != "" {
			t.Errorf("%s: %s", pkg, g.Err)
			continue
		}
		for model, outs := range want[pkg] {
			for i, out := range outs {
				if d, at := farthest(g.Outputs[model].Columns[i].Data, out.Data); !(d <= tolerance) {
					t.Errorf("%s: %s of %s[%d] is %g off", pkg, g.Outputs[model].Columns[i].Name, model, at, d)
				}
			}
		}
		for _, r := range m.Recipes {
			l := g.Losses[r.Name]
			t.Logf("%s %s: %v", pkg, r.Name, l)
			if len(l) != 2 || !(l[1] < l[0]) && r.Name != "FitTiny" || math.IsNaN(l[1]) {
				t.Errorf("%s: the loss of %s goes %v", pkg, r.Name, l)
			}
		}
	}
}

// farthest is the largest difference, relative to the largest number above 1, and where it is.
func farthest(got, want []float64) (worst float64, at int) {
	if len(got) != len(want) {
		return math.Inf(1), -1
	}
	scale := 1.0
	for _, x := range want {
		scale = max(scale, math.Abs(x))
	}
	for i := range want {
		if d := math.Abs(got[i]-want[i]) / scale; !(d <= worst) {
			worst, at = d, i
		}
	}
	return worst, at
}

// exampleData makes the file that an example reads, in a folder that it gives: small, and as its field knows them.
func exampleData(t testing.TB, kind string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data", "mnist"), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "data", name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	switch kind {
	case "mnist": // a bright square in the place that the class says
		const n = 20
		images := binary.BigEndian.AppendUint32(nil, 0x803)
		labels := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), n)
		for _, d := range []uint32{n, 28, 28} {
			images = binary.BigEndian.AppendUint32(images, d)
		}
		for i := range n {
			img := make([]byte, 28*28)
			for k := range 36 {
				img[(4+2*(i%10)+k/6)*28+4+k%6] = byte(200 + k)
			}
			images, labels = append(images, img...), append(labels, byte(i%10))
		}
		write("mnist/train-images-idx3-ubyte", images)
		write("mnist/train-labels-idx1-ubyte", labels)
	case "arm": // two joints that swing with friction under torques that change every period
		text := "time,q1,q2,dq1,dq2,tau1,tau2,payload\n"
		q, v := [2]float64{0.3, -0.2}, [2]float64{}
		for i := range 400 {
			u := [2]float64{2 * math.Sin(float64(i/7)), math.Cos(float64(i / 5))}
			text += fmt.Sprintf("%.3f,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,0.2\n", 0.01*float64(i), q[0], q[1], v[0], v[1], u[0], u[1])
			for j := range q {
				q[j] += 0.01 * v[j]
				v[j] += 0.01 * (3*u[j] - 5*math.Sin(q[j]) - 0.8*v[j])
			}
		}
		write("arm.csv", []byte(text))
	case "series": // damped oscillations at uneven times
		const n = 12
		arrays := map[string]npArray{"ts": {shape: []int{n, 64}}, "ys": {shape: []int{n, 64, 3}}, "future": {shape: []int{n, 32}}, "target_ys": {shape: []int{n, 32, 3}}}
		put := func(name string, xs ...float64) {
			a := arrays[name]
			a.data = append(a.data, xs...)
			arrays[name] = a
		}
		for i := range n {
			time := 0.0
			for k := range 96 {
				time += 0.02 + 0.01*math.Sin(float64(i*k))
				at, to := "ts", "ys"
				if k >= 64 {
					at, to = "future", "target_ys"
				}
				put(at, time)
				for c := range 3 {
					put(to, math.Exp(-0.3*time)*math.Sin(4*time+float64(i+c)))
				}
			}
		}
		write("series.npz", npz(t, arrays))
	case "two_link":
		const n = 64
		arrays := map[string]npArray{}
		for _, name := range []string{"q", "v", "a"} {
			a := npArray{shape: []int{n, 2}}
			for i := range 2 * n {
				x := math.Sin(float64(3*i + 1))
				a.data = append(a.data, map[string]float64{"q": x, "v": math.Cos(float64(5 * i)), "a": -2*math.Sin(x) - 0.3*math.Cos(float64(5*i))}[name])
			}
			arrays[name] = a
		}
		write("two_link.npz", npz(t, arrays))
	}
	return dir
}

type npArray struct {
	shape []int
	data  []float64
}

// npz is a file of NumPy's with the arrays.
func npz(t testing.TB, arrays map[string]npArray) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, a := range arrays {
		w, err := z.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.shape), " ", ", "), "[]")
		header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }", shape)
		header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
		text := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		text = append(text, header...)
		for _, x := range a.data {
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(x))
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
