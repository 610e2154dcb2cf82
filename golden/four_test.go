package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/plan"
)

// The problems of torchdiffeq's tests (tests/problems.py): three of one component, and a linear system that turns in five
// planes, whose matrix is random there. A method without error control solves the first one alone, as there.
const fourSystems = `package PACKAGE

system Scalar {
	state y real
	context kind real
	constant := 0.2 + (y - (0.2*real(t) + 3))^5
	sine := 2*y/real(t) + real(t)^4*sin(2*real(t)) - real(t)^2 + 4*real(t)^3
	der(y) = select(kind < 0.5, constant, select(kind < 1.5, sine, -0.1*exp(-0.1*real(t))))
}

system Turning {
	state p, q [5]real
	der(p) = -[0.3, 0.7, 0.1, 0.5, 0.2] * q
	der(q) = [0.3, 0.7, 0.1, 0.5, 0.2] * p
}
`

const fourScalar = `
model Scalar%[1]d(y, kind real, ts [10]time) (path [10]real) {
	return solve(Scalar{y: y, kind: kind}, from: ts[0], at: ts, with: By%[1]d).y
}
`

const fourTurning = `
solver By%[1]d = %[2]s

model Turning%[1]d(p, q [5]real, ts [10]time) (ps, qs [10, 5]real) {
	path := solve(Turning{p: p, q: q}, from: ts[0], at: ts, with: By%[1]d)
	return path.p, path.q
}
`

const fourMain = `package main

import (
	"encoding/json"
	"fmt"
	"os"

	p32 "ndec.dev/ndec/four32"
	p64 "ndec.dev/ndec/four64"
)

type job struct {
	Precision, Solver, Kind int
	Start                   []float64
	Ts                      [10]float64
}

type answer struct {
	Path []float64
	Err  string
}

func main() {
	var jobs []job
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	var out []answer
	for _, j := range jobs {
		path, err := solvers[[2]int{j.Precision, j.Solver}](j)
		a := answer{Path: path}
		if err != nil {
			a.Err = fmt.Sprint(err)
		}
		out = append(out, a)
	}
	json.NewEncoder(os.Stdout).Encode(out)
}

var solvers = map[[2]int]func(j job) ([]float64, error){
`

const fourEntry = `	{%[1]d, %[2]d}: func(j job) (path []float64, err error) {
SCALAR		in := p%[1]d.Turning%[2]dInput{Ts: j.Ts}
		for i := range in.P {
			in.P[i], in.Q[i] = p%[1]d.Real(j.Start[i]), p%[1]d.Real(j.Start[5+i])
		}
		out, err := p%[1]d.NewTurning%[2]d(p%[1]d.NewParams(0)).Forward(in)
		for k := range out.Ps {
			for i := range in.P {
				path = append(path, float64(out.Ps[k][i]))
			}
			for i := range in.P {
				path = append(path, float64(out.Qs[k][i]))
			}
		}
		return path, err
	},
`

const fourScalarEntry = `		if j.Kind < 3 {
			ys, err := p%[1]d.NewScalar%[2]d(p%[1]d.NewParams(0)).Forward(p%[1]d.Scalar%[2]dInput{Y: p%[1]d.Real(j.Start[0]), Kind: p%[1]d.Real(j.Kind), Ts: j.Ts})
			for _, y := range ys {
				path = append(path, float64(y))
			}
			return path, err
		}
`

// fourExact are the solutions at t.
func fourExact(kind int, t float64) []float64 {
	switch kind {
	case 0:
		return []float64{0.2*t + 3}
	case 1:
		return []float64{-t*t*t*t/2*math.Cos(2*t) + t*t*t/2*math.Sin(2*t) + t*t/4*math.Cos(2*t) - t*t*t + 2*t*t*t*t + (math.Pi-0.25)*t*t}
	case 2:
		return []float64{math.Exp(-0.1 * t)}
	}
	out := make([]float64, 10)
	for i, w := range []float64{0.3, 0.7, 0.1, 0.5, 0.2} {
		out[i], out[5+i] = math.Cos(w*t)-math.Sin(w*t), math.Sin(w*t)+math.Cos(w*t)
	}
	return out
}

// TestFourProblems: every deterministic solver, compiled in float32 and float64, solves the problems of torchdiffeq's tests
// along ten times, forwards and backwards, within the tolerances of these tests.
func TestFourProblems(t *testing.T) {
	t.Parallel()
	type job struct {
		Precision, Solver, Kind int
		Start                   []float64
		Ts                      [10]float64
	}
	type check struct {
		name string
		tol  float64
	}
	var jobs []job
	var checks []check
	var main strings.Builder
	main.WriteString(fourMain)
	packages := map[string][]plan.File{}
	for _, precision := range []int{32, 64} {
		name := fmt.Sprintf("four%d", precision)
		program := strings.Replace(fourSystems, "PACKAGE", name, 1)
		for i, row := range method.Rows(method.Solver) {
			if row.Later || row.Nystrom != nil || row.Family == method.Stochastic {
				continue
			}
			solver, first, kinds := row.Name+"{steps: 9}", 0, 1
			switch {
			case row.Split != nil: // the linear system falls apart into p and q; those of one component do not
				solver, first, kinds = row.Name+"{steps: 300}", 3, 4
			case row.Family == method.Shooting:
				solver = row.Name + "{segments: 9}"
			case row.Adaptive():
				solver, kinds = row.Name+"{rtol: 1e-7, atol: 1e-9, max_steps: 1000000}", 4
				switch {
				case row.Name == "dopri8" && precision == 64:
					solver = row.Name + "{rtol: 1e-12, atol: 1e-14}"
				case row.Memory != nil: // of order 2, and made for training: millions of steps for more digits
					solver = row.Name + "{rtol: 1e-5, atol: 1e-6, max_steps: 1000000}"
				}
			}
			program += fmt.Sprintf(fourTurning, i, solver)
			scalar := ""
			if first == 0 {
				program += fmt.Sprintf(fourScalar, i)
				scalar = fourScalarEntry
			}
			fmt.Fprintf(&main, strings.Replace(fourEntry, "SCALAR", scalar, 1), precision, i)
			for kind := first; kind < kinds; kind++ {
				tol := []float64{3e-4, 3e-4, 5e-2, 2e-3}[kind]
				switch {
				case slices.Contains([]string{"heun_euler", "fehlberg2", "bosh3"}, row.Name):
					tol = max(tol, 4e-3)
				case row.Name == "alf" && precision == 32: // thousands of steps, whose rounding the velocity hands on
					tol = max(tol, 1e-3)
				case row.Name == "vern9" && precision == 32: // which torchdiffeq has not: its output weights are too large for float32
					tol = max(tol, 1e-3)
				}
				for _, back := range []bool{false, true} {
					j := job{Precision: precision, Solver: i, Kind: kind}
					for k := range j.Ts {
						j.Ts[k] = 1 + 7*float64(k)/9
					}
					if back {
						slices.Reverse(j.Ts[:])
					}
					j.Start = fourExact(kind, j.Ts[0])
					jobs = append(jobs, j)
					checks = append(checks, check{fmt.Sprintf("%s in f%d, problem %d, back %t", row.Name, precision, kind, back), tol})
				}
			}
		}
		res, ds := driver.Compile(map[string]string{"m.nde": program}, driver.Options{Precision: fmt.Sprintf("f%d", precision)})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		packages[name] = res.Out
	}
	main.WriteString("}\n")
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	var answers []struct {
		Path []float64
		Err  string
	}
	text := emittest.Program{Main: map[string][]byte{"main.go": []byte(main.String())}, Packages: packages}.Run(t, in)
	if err := json.Unmarshal(text, &answers); err != nil || len(answers) != len(jobs) {
		t.Fatal(err, len(answers))
	}
	for k, a := range answers {
		if a.Err != "" {
			t.Errorf("%s: %s", checks[k].name, a.Err)
			continue
		}
		worst, n := 0.0, len(a.Path)/10
		for i, y := range a.Path {
			want := fourExact(jobs[k].Kind, jobs[k].Ts[i/n])[i%n]
			worst = max(worst, math.Abs(y-want)/math.Abs(want))
		}
		if !(worst <= checks[k].tol) {
			t.Errorf("%s: relative error %.2g, at most %g", checks[k].name, worst, checks[k].tol)
		}
	}
}
