package codegen_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/plan"
)

// Job is the work for one emitted package, and Answer what came out, as in testdata/compare/main.go.
type Job struct {
	Weights []float64
	Columns [][]float64 // of the model and of the recipe
	Rows    int
	Times   int // points along the first solve, 0 for none
	// Where the right-hand side of the first solve is evaluated for row 0: times, and states row-major.
	FieldT []float64
	FieldX [][]float64
}

type Answer struct {
	Outputs               [][]float64
	NFE, Accepted, Reject [][]int // by solve and row
	Status                [][]int
	Stop                  [][]float64 // times where solves ended
	Loss                  float64
	Metrics               []float64
	Grad                  []float64
	Inputs                [][]float64 // cotangents of the columns
	Path                  [][]float64
	Field                 [][]float64
	Err                   string
}

// emitted is a module taken through the passes to Go text, with what the interpreter says.
type emitted struct {
	name  string
	files []plan.File
	job   Job
	want  Answer
	tol   float64
	fails bool // some solve ends early: only statistics are compared
}

// tolerance is the largest relative difference between compiled and interpreted values.
func tolerance(e ir.Elem) float64 {
	if e == ir.F32 {
		return 1e-5
	}
	return 1e-12
}

// emit interprets a module before and after differentiation, and emits it.
func emit(t *testing.T, name string, m *ir.Module, params map[string][]float64, rows [][]interp.Tensor) *emitted {
	t.Helper()
	e := &emitted{name: name, tol: tolerance(m.Real), job: Job{Rows: len(rows), Columns: make([][]float64, len(m.Models[0].Inputs))}}
	m.Package = name
	for _, p := range m.Params {
		e.job.Weights = append(e.job.Weights, params[p.Name]...)
	}
	for _, row := range rows {
		for i, a := range row {
			e.job.Columns[i] = append(e.job.Columns[i], a.Data...)
		}
	}
	machine := func() *interp.Machine {
		mc, err := interp.New(m, params)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		mc.Round32 = true
		return mc
	}
	call := func(mc *interp.Machine, f *ir.Func, args []interp.Tensor) []interp.Tensor {
		out, err := mc.Call(f, args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return out
	}
	model := m.Models[0]
	e.want.Outputs = make([][]float64, len(model.Outputs))
	for _, stat := range []*[][]int{&e.want.NFE, &e.want.Accepted, &e.want.Reject, &e.want.Status} {
		*stat = make([][]int, len(model.Solves))
	}
	e.want.Stop = make([][]float64, len(model.Solves))
	mc := machine()
	for _, row := range rows {
		out := call(mc, model.Func, row)
		for i := range model.Outputs {
			e.want.Outputs[i] = append(e.want.Outputs[i], out[i].Data...)
		}
		for s := range model.Solves {
			at := len(model.Outputs) + s*ir.NumStats
			stat := func(k int) int { return int(out[at+k].Data[0]) }
			e.want.NFE[s] = append(e.want.NFE[s], stat(ir.StatNFE))
			e.want.Accepted[s] = append(e.want.Accepted[s], stat(ir.StatAccepted))
			e.want.Reject[s] = append(e.want.Reject[s], stat(ir.StatRejected))
			e.want.Status[s] = append(e.want.Status[s], stat(ir.StatStatus))
			e.want.Stop[s] = append(e.want.Stop[s], out[at+ir.StatTime].Data[0])
		}
	}

	opt.Prepare(m)
	if ds := diff.Run(m); ds.HasErrors() {
		t.Fatalf("%s: %v", name, ds)
	}
	if len(m.Recipes) > 0 {
		e.gradients(m, machine(), call, rows)
	}
	opt.Run(m, opt.Options{})
	if err := ir.Verify(m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(model.Paths) > 0 && model.Paths[0] != nil {
		e.field(model, machine(), call, rows[0])
	}
	p, err := plan.Build(m)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	files, ds := codegen.Emit(p, codegen.Options{Version: "v0.0.0", SourceHash: "none"})
	if ds.HasErrors() {
		t.Fatalf("%s: %v", name, ds)
	}
	e.files = files
	return e
}

// field fills in the right-hand side of the first solve at its start and at another time and state.
func (e *emitted) field(model *ir.Model, mc *interp.Machine, call func(*interp.Machine, *ir.Func, []interp.Tensor) []interp.Tensor, row []interp.Tensor) {
	s := model.Solves[0]
	start := call(mc, model.Paths[0], row)
	t0, t1 := start[0].Data[0], start[1].Data[0]
	start = start[s.Lead()-2:]
	states, extras := ir.Pick(start[2:], s.Plain()), start[2+len(s.States):]
	e.job.FieldT = []float64{t0, t0 + 0.75*(t1-t0)}
	e.job.FieldX, e.want.Field = make([][]float64, len(states)), make([][]float64, len(states))
	for _, t := range e.job.FieldT {
		args := []interp.Tensor{interp.Of([]float64{t})}
		for i, x := range states {
			x = interp.Of(slices.Clone(x.Data), x.Shape...)
			for k := range x.Data {
				x.Data[k] = float64(float32(x.Data[k] + 0.25*(t-t0)))
			}
			e.job.FieldX[i] = append(e.job.FieldX[i], x.Data...)
			args = append(args, x)
		}
		for i, dx := range call(mc, s.Field, append(args, extras...)) {
			e.want.Field[i] = append(e.want.Field[i], dx.Data...)
		}
	}
}

// gradients fills in what the recipe gives: means over the rows.
func (e *emitted) gradients(m *ir.Module, mc *interp.Machine, call func(*interp.Machine, *ir.Func, []interp.Tensor) []interp.Tensor, rows [][]interp.Tensor) {
	r := m.Recipes[0]
	n := float64(len(rows))
	at := map[*ir.Param]int{}
	k := 0
	for _, p := range m.Params {
		at[p] = k
		k += p.Type.Len()
	}
	e.want.Grad = make([]float64, k)
	e.want.Metrics = make([]float64, len(r.Metrics))
	e.want.Inputs = make([][]float64, len(r.Columns))
	for i, c := range r.Columns {
		e.want.Inputs[i] = append([]float64(nil), e.job.Columns[i]...) // a label keeps what was there
		if c.Type.Elem.IsFloat() {
			clear(e.want.Inputs[i])
		}
	}
	for row, args := range rows {
		out := call(mc, r.Grad, args)
		e.want.Loss += out[0].Data[0] / n
		for i := range r.Metrics {
			e.want.Metrics[i] += out[1+i].Data[0] / n
		}
		for i, p := range r.Trained {
			for j, x := range out[len(r.Objective.Results)+i].Data {
				e.want.Grad[at[p]+j] += x / n
			}
		}
		out = call(mc, r.GradInputs, args)[len(r.Objective.Results):]
		for i, c := range r.Columns {
			if !c.Type.Elem.IsFloat() {
				continue
			}
			for j, x := range out[0].Data {
				e.want.Inputs[i][row*c.Type.Len()+j] = x / n
			}
			out = out[1:]
		}
	}
}

// runAll builds all packages with one go command and runs them.
func runAll(t *testing.T, es []*emitted) map[string]Answer {
	t.Helper()
	main, err := os.ReadFile("testdata/compare/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var imports, table strings.Builder
	jobs := map[string]Job{}
	packages := map[string][]plan.File{}
	for _, e := range es {
		packages[e.name] = e.files
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", e.name)
		fmt.Fprintf(&table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", e.name, e.name)
		jobs[e.name] = e.job
	}
	list := "package main\n\nimport (\n" + imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + table.String() + "}\n"
	var in bytes.Buffer
	if err := gob.NewEncoder(&in).Encode(jobs); err != nil {
		t.Fatal(err)
	}
	p := emittest.Program{Main: map[string][]byte{"main.go": main, "packages.go": []byte(list)}, Packages: packages}
	answers := map[string]Answer{}
	if err := gob.NewDecoder(bytes.NewReader(p.Run(t, in.Bytes()))).Decode(&answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// check compares an answer with what the interpreter says.
func (e *emitted) check(t *testing.T, a Answer) {
	t.Helper()
	if (a.Err != "") != e.fails {
		t.Errorf("%s: error %q, should fail %t", e.name, a.Err, e.fails)
		return
	}
	near := func(what string, got, want []float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: %s: %d numbers, want %d", e.name, what, len(got), len(want))
			return
		}
		scale := 1.0 // differences are relative to the largest element, and absolute below 1
		for _, x := range want {
			scale = max(scale, math.Abs(x))
		}
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= e.tol*scale) {
				t.Errorf("%s: %s[%d] = %.17g, interpreter %.17g", e.name, what, i, got[i], want[i])
				return
			}
		}
	}
	for i := range e.want.Outputs {
		if e.fails {
			break
		}
		near(fmt.Sprint("output ", i), a.Outputs[i], e.want.Outputs[i])
	}
	for i := range e.want.Field {
		near(fmt.Sprint("right-hand side ", i), a.Field[i], e.want.Field[i])
	}
	for i := range e.want.Path {
		near(fmt.Sprint("path ", i), a.Path[i], e.want.Path[i])
	}
	for _, s := range []struct {
		what      string
		got, want [][]int
	}{{"nfe", a.NFE, e.want.NFE}, {"accepted", a.Accepted, e.want.Accepted}, {"rejected", a.Reject, e.want.Reject}, {"status", a.Status, e.want.Status}} {
		if !slices.EqualFunc(s.got, s.want, slices.Equal[[]int]) {
			t.Errorf("%s: %s %v, interpreter %v", e.name, s.what, s.got, s.want)
		}
	}
	for i := range e.want.Stop {
		near("time of the end", a.Stop[i], e.want.Stop[i])
	}
	if e.want.Grad == nil || e.fails {
		return
	}
	near("loss", []float64{a.Loss}, []float64{e.want.Loss})
	near("metrics", a.Metrics, e.want.Metrics)
	near("gradient", a.Grad, e.want.Grad)
	for i := range e.want.Inputs {
		near(fmt.Sprint("cotangent of column ", i), a.Inputs[i], e.want.Inputs[i])
	}
}

// compare emits, runs and checks.
func compare(t *testing.T, es []*emitted) {
	t.Helper()
	answers := runAll(t, es)
	for _, e := range es {
		e.check(t, answers[e.name])
	}
	if len(answers) != len(es) {
		t.Errorf("%d answers to %d packages", len(answers), len(es))
	}
}
