package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// sensMain measures packages in turn, round by round, and prints for each, as JSON, the times of loss and gradient, what its
// tapes hold, what a further gradient allocates, its steps and the gradient.
const sensMain = `package main

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"runtime"
	"syscall"
	"time"

	"ndec.dev/ndec/rt"
IMPORTS)

const rows, rounds = 2, 5

// used is the processor time that this thread has used, which other programs do not lengthen much.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(1, &r); err != nil { // RUSAGE_THREAD
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Measured is what is known of a package.
type Measured struct {
	Loss, Gradient time.Duration // of a batch, the least of the rounds
	Tapes          int           // bytes
	Allocated      int           // bytes
	Steps          int           // of a sample
	Values         []float64     // the gradient
}

type subject struct {
	Measured
	worker  rt.Worker[float64]
	weights []float64
	table   *rt.Table
}

func newSubject(p rt.Program[float64], n int) *subject {
	s := &subject{worker: p.Recipes[0].Objective.NewWorker(), weights: make([]float64, n)}
	s.Loss, s.Gradient = time.Hour, time.Hour
	for i := range s.weights {
		s.weights[i] = 0.2 * math.Sin(float64(i*i+1))
	}
	s.table = rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}}, rows)
	for i := range rows {
		s.table.Columns[0].Row(i)[0], s.table.Columns[0].Row(i)[1] = math.Sin(float64(i)), math.Cos(float64(2*i))
	}
	return s
}

func (s *subject) run(g []float64) {
	clear(g)
	out := &rt.ShardResult{}
	at := make([]int, rows)
	for i := range at {
		at[i] = i
	}
	s.worker.Shard(s.weights, g, s.table, at, rt.Key{}, out)
	if out.Failed != nil {
		panic(out.Failed)
	}
	s.Steps = int(out.Accepted) / rows
}

// timed is the time of a run, of as many as the grain of the clock needs.
func (s *subject) timed(g []float64) time.Duration {
	var sum time.Duration
	n := 0
	for start := used(); n == 0 || sum < 60*time.Millisecond; n++ {
		s.run(g)
		sum = used() - start
	}
	return sum / time.Duration(n)
}

func (s *subject) round() {
	s.Values = make([]float64, len(s.weights))
	s.Loss = min(s.Loss, s.timed(nil))
	s.Gradient = min(s.Gradient, s.timed(s.Values))
}

func (s *subject) finish() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.run(s.Values)
	runtime.ReadMemStats(&after)
	s.Allocated = int(after.TotalAlloc - before.TotalAlloc)
	var h Tapes
	h.add(reflect.ValueOf(s.worker), false)
	s.Tapes = h.Held
}

func main() {
	runtime.LockOSThread()
	subjects := []*subject{
SUBJECTS	}
	for range rounds {
		for _, s := range subjects {
			s.round()
		}
	}
	var out []Measured
	for _, s := range subjects {
		s.finish()
		out = append(out, s.Measured)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
`

// measured is Measured of sensMain.
type measured struct {
	Loss, Gradient          time.Duration
	Tapes, Allocated, Steps int
	Values                  []float64
}

const measuredStart, measuredEnd = "<!-- measured: written by go test ./golden -run - -bench Sensitivities -benchtime 1x -update -->\n", "<!-- end of measured -->\n"

// BenchmarkSensitivities makes the tables of docs/sensitivities.md, and writes them with -update.
func BenchmarkSensitivities(b *testing.B) {
	groups := []struct {
		solver        string
		sensitivities []string
	}{
		{"rk4{steps: 1000", []string{"backprop", "checkpoint{every: 32}", "checkpoint{memory: 20000}", "adjoint", "adjoint{seminorm: false}", "quadrature", "interpolated", "forward"}},
		{"alf{steps: 1000", []string{"backprop", "checkpoint{every: 32}", "reversible", "forward"}},
		{"alf{steps: 8000", []string{"backprop", "reversible"}},
		{"dopri5{rtol: 1e-6, atol: 1e-6", []string{"backprop", "checkpoint{every: 2}", "adjoint", "adjoint{seminorm: false}", "adjoint{with: dopri5{rtol: 1e-3, atol: 1e-6}}", "quadrature", "interpolated", "forward"}},
	}
	var imports, subjects strings.Builder
	packages := map[string][]plan.File{}
	for i, g := range groups {
		for k, s := range g.sensitivities {
			name, freeze := fmt.Sprintf("p%d_%d", i, k), ""
			if s == "forward" {
				freeze = "freeze: f"
			}
			text := strings.NewReplacer("PACKAGE", name, "SOLVER", g.solver+", sensitivity: "+s+"}", "FREEZE", freeze).Replace(deep)
			res, ds := driver.Compile(map[string]string{name + ".nde": text}, driver.Options{Precision: "f64"})
			if ds.HasErrors() {
				b.Fatal(ds)
			}
			packages[name] = res.Out
			n := 0
			for _, p := range res.Module.Params {
				n += p.Type.Len()
			}
			fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", name)
			fmt.Fprintf(&subjects, "\t\tnewSubject(%s.Program(), %d),\n", name, n)
		}
	}
	main := strings.NewReplacer("IMPORTS", imports.String(), "SUBJECTS", subjects.String()).Replace(sensMain)
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(main), "tapes.go": []byte(tapeWalker)}, Packages: packages}
	var got []measured
	if err := json.Unmarshal(program.Build(b).Run(b, nil, "NDEC_CPU=generic"), &got); err != nil {
		b.Fatal(err)
	}
	var page strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&page, "\n| `%s}`, %d steps | time | of backprop | tapes, bytes | distance |\n|---|---|---|---|---|\n", g.solver, got[0].Steps)
		first := got[0]
		for _, s := range g.sensitivities {
			m := got[0]
			got = got[1:]
			if m.Allocated > 10_000 {
				b.Errorf("%s, %s: a further gradient allocates %d bytes", g.solver, s, m.Allocated)
			}
			values, want := m.Values, first.Values
			if s == "forward" { // by the last number alone
				values, want = values[len(values)-1:], want[len(want)-1:]
			}
			distance := "0"
			if d := distant(values, want); d > 0 {
				distance = fmt.Sprintf("%.1e", d)
			}
			fmt.Fprintf(&page, "| `%s` | %.1f | %.2f | %d | %s |\n", s, float64(m.Gradient)/float64(m.Loss), float64(m.Gradient)/float64(first.Gradient), m.Tapes, distance)
		}
	}
	fmt.Println(page.String())
	if !updating() {
		return
	}
	file := filepath.Join("..", "docs", "sensitivities.md")
	old, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), measuredStart)
	_, tail, ok2 := strings.Cut(rest, measuredEnd)
	if !ok || !ok2 {
		b.Fatal("sensitivities.md has no place for the tables")
	}
	if err := os.WriteFile(file, []byte(head+measuredStart+page.String()+"\n"+measuredEnd+tail), 0o644); err != nil {
		b.Fatal(err)
	}
}

// distant is the largest difference, relative to the largest component.
func distant(got, want []float64) float64 {
	d, scale := 0.0, 0.0
	for i := range want {
		d, scale = max(d, math.Abs(got[i]-want[i])), max(scale, math.Abs(want[i]))
	}
	return d / scale
}
