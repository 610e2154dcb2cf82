package golden

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// deep is a net of 2-64-64-2 in a solve of many steps; for forward, a start value and one parameter.
const deep = `package PACKAGE

net f(x [2]real) [2]real {
	return x |> Linear(64) |> tanh |> Linear(64) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	param k real = 0.3
	der(x) = f(x) - k*x
}

solver Fwd = SOLVER

model M(x [2]real) (y [2]real) {
	return solve(Flow{x: x}, over: 0..4, with: Fwd).x
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 16, noise: 0.1, seed: 1}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam{lr: 0.01}
	minimize sqnorm(M(x))
	FREEZE
}
`

// sensMain prints, for each package, the time of a sample's gradient as a multiple of that of its loss,
// the memory that a worker holds, and the distance from the gradient of the first package of its kind.
const sensMain = `package main

import (
	"fmt"
	"math"
	"runtime"
	"syscall"
	"time"

	"ndec.dev/ndec/rt"
IMPORTS)

// used is the processor time that this thread has used, which other programs do not lengthen much.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(1, &r); err != nil { // RUSAGE_THREAD
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func measure(name string, p rt.Program[float64], n int, weights []float64, t *rt.Table) []float64 {
	e := p.Recipes[0]
	rows := make([]int, t.Rows)
	for i := range rows {
		rows[i] = i
	}
	w := e.Objective.NewWorker()
	grad := make([]float64, n)
	run := func(g []float64) (time.Duration, *rt.ShardResult) {
		clear(grad)
		out := &rt.ShardResult{}
		start := used()
		w.Shard(weights, g, t, rows, rt.Key{}, out)
		return used() - start, out
	}
	_, out := run(grad)
	if out.Failed != nil {
		panic(out.Failed)
	}
	first := append([]float64(nil), grad...)
	loss, both := time.Hour, time.Hour
	for start, k := used(), 0; k < 3 || used()-start < time.Second; k++ {
		d, _ := run(nil)
		loss = min(loss, d)
		d, _ = run(grad)
		both = min(both, d)
	}
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	runtime.KeepAlive(w)
	w = nil
	runtime.GC()
	runtime.ReadMemStats(&without)
	steps := float64(out.Accepted) / float64(t.Rows)
	fmt.Printf("%s\t%.2f\t%d\t%.0f", name, float64(both)/float64(loss), int64(with.HeapAlloc)-int64(without.HeapAlloc), steps)
	return first
}

func apart(a, b []float64) float64 {
	d, s := 0.0, 0.0
	for i := range b {
		d, s = max(d, math.Abs(a[i]-b[i])), max(s, math.Abs(b[i]))
	}
	return d / s
}

func main() {
	runtime.LockOSThread()
	var want []float64
RUNS}
`

// BenchmarkSensitivities makes the table of docs/sensitivities.md: go test ./golden -run - -bench Sensitivities -benchtime 1x -v.
func BenchmarkSensitivities(b *testing.B) {
	rows := []struct{ solver, sensitivity string }{
		{"rk4{steps: 1000", "backprop"}, {"rk4{steps: 1000", "checkpoint{every: 32}"}, {"rk4{steps: 1000", "checkpoint{memory: 20000}"},
		{"rk4{steps: 1000", "adjoint"}, {"rk4{steps: 1000", "quadrature"}, {"rk4{steps: 1000", "interpolated"}, {"rk4{steps: 1000", "forward"},
		{"alf{steps: 1000", "backprop"}, {"alf{steps: 1000", "reversible"}, {"alf{steps: 8000", "reversible"},
		{"dopri5{rtol: 1e-6, atol: 1e-6", "backprop"}, {"dopri5{rtol: 1e-6, atol: 1e-6", "checkpoint{memory: 170000}"},
		{"dopri5{rtol: 1e-6, atol: 1e-6", "adjoint"}, {"dopri5{rtol: 1e-6, atol: 1e-6", "quadrature"}, {"dopri5{rtol: 1e-6, atol: 1e-6", "adjoint{seminorm: false}"},
		{"dopri5{rtol: 1e-6, atol: 1e-6", "adjoint{with: dopri5{rtol: 1e-3, atol: 1e-6}}"}, {"dopri5{rtol: 1e-6, atol: 1e-6", "interpolated"},
	}
	var imports, runs strings.Builder
	packages := map[string][]plan.File{}
	last := ""
	for i, r := range rows {
		name := fmt.Sprintf("p%d", i)
		freeze := ""
		if r.sensitivity == "forward" {
			freeze = "freeze: f"
		}
		text := strings.NewReplacer("PACKAGE", name, "SOLVER", r.solver+", sensitivity: "+r.sensitivity+"}", "FREEZE", freeze).Replace(deep)
		res, ds := driver.Compile(map[string]string{name + ".nde": text}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			b.Fatal(ds)
		}
		packages[name] = res.Out
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", name)
		n, data := "", "rt.NewTable([]rt.ColumnSpec{{Name: \"x\", Shape: []int{2}}, {Name: \"y\", Classes: 2}}, 16)"
		for _, p := range res.Module.Params {
			n += fmt.Sprintf(" + %d", p.Type.Len())
		}
		fmt.Fprintf(&runs, "\t{\n\t\tn := 0%s\n\t\tw := make([]float64, n)\n\t\tfor i := range w { w[i] = 0.2*math.Sin(float64(i*i+1)) }\n\t\tt := %s\n\t\tfor i := range 16 { t.Columns[0].Row(i)[0], t.Columns[0].Row(i)[1] = math.Sin(float64(i)), math.Cos(float64(2*i)) }\n\t\tgot := measure(%q, %s.Program(), n, w, t)\n", n, data, r.solver+"} "+r.sensitivity, name)
		switch {
		case r.sensitivity == "forward":
			runs.WriteString("\t\tgot = append(make([]float64, len(got)-1), got[len(got)-1])\n\t\tfmt.Printf(\"\\t%.1e\\n\", math.Abs(got[len(got)-1]/want[len(want)-1]-1))\n")
		case r.solver != last:
			runs.WriteString("\t\twant = got\n\t\tfmt.Println(\"\\t0\")\n")
		default:
			runs.WriteString("\t\tfmt.Printf(\"\\t%.1e\\n\", apart(got, want))\n")
		}
		runs.WriteString("\t}\n")
		last = r.solver
	}
	main := strings.NewReplacer("IMPORTS", imports.String(), "RUNS", runs.String()).Replace(sensMain)
	out := emittest.Program{Main: map[string][]byte{"main.go": []byte(main)}, Packages: packages}.Run(b, nil)
	b.Logf("sensitivity, gradient/loss, bytes, steps, distance\n%s", out)
}
