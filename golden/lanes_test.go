package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// laneSolvers take the place of SOLVER in the cases, or in those that are named, with how far results may differ: decisions of an
// adaptive solve amplify the rounding of the last digit, and so do steps that are undone.
var laneSolvers = []struct {
	name, text string
	tol        float64
	only       []string // cases
}{
	{"rk4", "rk4{steps: 6}", 1e-12, nil},
	{"length", "rk4{step: 0.15}", 1e-12, nil},
	{"dopri5", "dopri5{rtol: 1e-6, atol: 1e-6}", 1e-9, nil},
	{"few", "dopri5{rtol: 1e-5, atol: 1e-6, max_steps: 60}", 1e-9, nil},
	{"kept", "rk4{steps: 7, sensitivity: checkpoint{every: 3}}", 1e-12, nil},
	{"bounded", "dopri5{rtol: 1e-6, atol: 1e-6, max_steps: 60, sensitivity: checkpoint{memory: 1080}}", 1e-9, nil},
	{"alf", "alf{steps: 6, sensitivity: backprop}", 1e-12, nil},
	{"adjoint", "tsit5{rtol: 1e-7, atol: 1e-7, sensitivity: adjoint}", 1e-9, nil},
	{"undone", "alf{steps: 6, sensitivity: reversible}", 1e-11, []string{"times", "stops", "events", "far"}},
	{"heun", "reversible_heun{rtol: 1e-4, atol: 1e-4, sensitivity: reversible}", 1e-7, []string{"times", "stops", "events"}},
	{"begun", "alf{steps: 6, sensitivity: backprop}", 1e-11, []string{"stops", "events"}},
	{"again", "alf{steps: 9, sensitivity: checkpoint{every: 3}}", 1e-11, []string{"stops", "events"}},
	{"stretch", "tsit5{rtol: 1e-7, atol: 1e-7, sensitivity: adjoint}", 1e-8, []string{"events"}},
	{"ratios", "dopri5{rtol: 1e-6, atol: 1e-6, control: h211b}", 1e-9, []string{"times", "stops", "events", "refill"}},
	{"gauss", "rk4{steps: 8, sensitivity: quadrature}", 1e-10, []string{"events"}},
	{"adams", "adams_bashforth{order: 3, steps: 9}", 1e-12, []string{"times", "events", "small", "refill"}}, // a weight of 1e30 in "stops" switches at zero, where sums of rounded products cancel and fused ones do not
	{"moulton", "adams_moulton{order: 5, step: 0.07}", 1e-11, []string{"times", "stops", "events", "refill"}},
	{"adamskept", "adams_moulton{order: 5, steps: 10, sensitivity: checkpoint{every: 3}}", 1e-11, []string{"times", "stops", "events", "small"}},
	{"group", "dopri5{rtol: 1e-6, atol: 1e-6, step_group: batch}", 1e-9, []string{"times", "stops", "events", "small"}},
	{"most", "tsit5{rtol: 1e-6, atol: 1e-6, first_step: 0.1, norm: max, control: pi, step_group: batch, sensitivity: adjoint}", 1e-9, []string{"times", "small"}},
	{"groupkept", "bosh3{rtol: 1e-4, atol: 1e-5, step_group: batch, sensitivity: checkpoint{every: 3}}", 1e-9, []string{"times"}},
	{"grid", "bosh3{per_sample: 4}", 1e-11, []string{"times", "stops", "events"}},
	{"gridkept", "rk4{per_sample: 3, sensitivity: checkpoint{every: 4}}", 1e-11, []string{"times", "stops", "events"}},
	{"gridback", "rk4{per_sample: 4, sensitivity: adjoint}", 1e-10, []string{"times", "stops", "events"}},
	{"between", "rk4{steps: 9, sensitivity: checkpoint{memory: 1080}}", 1e-11, []string{"events"}},
}

type laneJob struct {
	Weights         []float64
	Models, Recipes map[string]*rt.Table
	Sizes           []int
	Keyed           bool // results depend on the place in the batch
	Together        bool `json:"-"` // and on the others in it
}

type laneAnswer struct {
	Level   string
	Outputs map[string][][]float64
	Grads   map[string][]float64
	NFE     map[string][]int
	Steps   map[string][]int     // accepted and rejected ones of each sample
	Lengths map[string][]float64 // of the last step
	Odd     map[string][]string
	Spread  map[string][]float64 // how far odd numbers move where the last digit of others does: lanes may do as much
	Pause   float64
	// How far ordinary numbers do.
	Moves     map[string][][]float64
	GradMoves map[string][]float64
	Err       string
}

// TestLanes compares batches and gradients in lanes with those of the scalar functions, on batches that end within a
// block, and sees that rows do not depend on their neighbours nor sums on the number of goroutines.
func TestLanes(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	only := os.Getenv("NDEC_TEST_LANES") // a part of the names of packages
	for name, text := range laneCases {
		for _, s := range laneSolvers {
			switch {
			case s.only != nil:
				if !slices.Contains(s.only, name) {
					continue
				}
			case s.name == "rk4" && name != "refill":
			case s.name == "few" && name != "refill":
				continue
			case s.name == "kept" && (name == "mass" || name == "times" || name == "shared"), s.name == "bounded" && name == "times":
			case !strings.Contains(text, "SOLVER"), s.name == "kept", s.name == "bounded", (name == "mass" || name == "small" || name == "many" || name == "traced") && s.name != "dopri5", (name == "images" || name == "shared") && s.name != "length", name == "loops" && s.name == "length", name == "refill" && s.name != "few", name == "stops" && s.name == "alf", name == "events" && (s.name == "alf" || s.name == "adjoint"), name == "far" && s.name != "length" && s.name != "dopri5", name == "falls" && s.name != "dopri5":
				continue
			}
			precisions := []string{"f64", "f32"}
			if only == "" { // one of them, and the other one where races are looked for: CI does both
				k := (len(name) + len(s.name)) % 2
				if os.Getenv("NDEC_TEST_RACE") != "" {
					k = 1 - k
				}
				precisions = precisions[k : k+1]
			}
			for _, precision := range precisions {
				pkg, solver := name+s.name+precision, s.text
				if !strings.Contains(pkg, only) || pkg == "eventsheunf32" || pkg == "closerk4f32" { // whether numbers of 24 bits touch a guard is chance
					continue
				}
				if (name == "events" || name == "falls") && precision == "f64" { // where in their tolerance events are found is chance
					solver = strings.TrimSuffix(solver, "}") + ", events: root{tol: 1e-13}}"
				}
				res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + "\n" + strings.Replace(text, "SOLVER", solver, 1)}, driver.Options{Precision: precision, Package: pkg})
				if ds.HasErrors() {
					t.Fatalf("%s: %v", pkg, ds)
				}
				for _, sched := range res.Schedules() {
					if sched.Why != "" && !strings.HasSuffix(sched.Name, ", one sample") {
						t.Errorf("%s: %s runs %s: %s", pkg, sched.Name, sched.How, sched.Why)
					}
				}
				rows := 70
				if name == "refill" {
					rows = rt.WaitingRows + 70
				}
				if precision == "f32" {
					run.addRounded(pkg, res, rows, shortRounding, 1e-4)
				} else {
					run.add(pkg, res, rows, s.tol)
				}
			}
		}
	}
	run.compare(t)
}

// laneRun is a program of packages that are run with lanes and without.
type laneRun struct {
	program        emittest.Program
	imports, table strings.Builder
	jobs           map[string]laneJob
	tols           map[string]float64 // how far results may differ
	decided        map[string]float64 // and those of samples that take other steps, where rounding may decide about that
	lanes          map[string]bool    // those of which something runs in lanes
	mayFail        bool               // samples may fail, if they do so with lanes and without
	ownBits        bool               // rows have other bits with another instruction set
}

func newLaneRun(t *testing.T) *laneRun {
	main, err := os.ReadFile("testdata/lanes/main.go")
	if err != nil {
		t.Fatal(err)
	}
	return &laneRun{program: emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{}}, jobs: map[string]laneJob{}, tols: map[string]float64{}, decided: map[string]float64{}, lanes: map[string]bool{}}
}

// add adds a package, with random rows.
func (r *laneRun) add(pkg string, res *driver.Result, rows int, tol float64) {
	r.jobs[pkg], r.tols[pkg] = newLaneJob(res.Module, rows), tol
	r.program.Packages[pkg] = poisonFrames(res.Out)
	r.lanes[pkg] = slices.ContainsFunc(res.Schedules(), func(s plan.Schedule) bool { return s.Why == "" })
	fmt.Fprintf(&r.imports, "\t\"ndec.dev/ndec/%s\"\n", pkg)
	fmt.Fprintf(&r.table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", pkg, pkg)
}

// shortRounding is what the rounding of a float32 makes of results, relative to the largest of them: 32 units in the last place, and what the problem makes of
// its inputs' last digits comes on top.
const shortRounding = 4e-6

// addRounded adds a package whose results may differ by the rounding tol, and by ten times as much as they move where all inputs and weights move by two units in the last place at
// most. An error near 1 may be accepted in one way and not in the other: samples that take other steps, and gradients of batches with such, differ by decided as well, which follows from the tolerance of
// their solver.
func (r *laneRun) addRounded(pkg string, res *driver.Result, rows int, tol, decided float64) {
	r.add(pkg, res, rows, tol)
	r.decided[pkg] = decided
}

// limits are how far the numbers of an output may differ, of which each row has equally many, or those of a gradient.
func (r *laneRun) limits(pkg string, want, moves []float64, others []bool) []float64 {
	scale := 1.0
	for _, x := range want {
		scale = max(scale, math.Abs(x))
	}
	out := make([]float64, len(want))
	rows := max(1, len(others))
	width := len(want) / rows
	for row := range rows {
		most := r.tols[pkg] * scale
		if len(others) > 0 && others[row] {
			most += r.decided[pkg] * scale
		}
		if r.decided[pkg] > 0 {
			most += 10 * slices.Max(append(moves[row*width:(row+1)*width:(row+1)*width], 0))
		}
		for i := range width {
			out[row*width+i] = most
		}
	}
	return out
}

// otherSteps says which rows of a model take other steps: more or fewer, or as many of which the last one differs by a ten-thousandth. Where a solver has a tolerance that its
// numbers cannot hold, their rounding decides about the length of every step.
func otherSteps(want, got laneAnswer, model string, rows int) []bool {
	others := make([]bool, rows)
	for i, n := range want.Steps[model] {
		have := got.Steps[model]
		others[i/2%rows] = others[i/2%rows] || i >= len(have) || have[i] != n
	}
	for i, h := range want.Lengths[model] {
		have := got.Lengths[model]
		others[i%rows] = others[i%rows] || i >= len(have) || math.Abs(have[i]-h) > math.Abs(h)/10000
	}
	return others
}

// poisonFrames has the memory of kernels begin with NaN everywhere, so that a lane that reads what nobody has stored is seen.
func poisonFrames(files []plan.File) []plan.File {
	out := slices.Clone(files)
	for i, f := range out {
		frame := ""
		switch {
		case strings.HasSuffix(f.Name, "_lanes_amd64.go"):
			frame = "laneFrame"
		case strings.HasSuffix(f.Name, "_few_amd64.go"):
			frame = "fewFrame"
		case strings.HasSuffix(f.Name, "_wide_amd64.go"):
			frame = "wideFrame"
		default:
			continue
		}
		text := strings.Replace(string(f.Text), "fr: rt.Aligned["+frame+"]()", "fr: poisoned"+frame+"()", 1)
		if text == string(f.Text) {
			panic(f.Name + " makes the memory of kernels in another way")
		}
		out[i].Text = []byte(text + strings.ReplaceAll(`
func poisonedFRAME() *FRAME {
	fr := rt.Aligned[FRAME]()
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(fr)), unsafe.Sizeof(*fr))
	for i := range bytes {
		bytes[i] = 0xff
	}
	return fr
}
`, "FRAME", frame))
	}
	return out
}

// written completes the program, and gives what it reads.
func (r *laneRun) written(t *testing.T) (in []byte) {
	r.program.Main["packages.go"] = []byte("package main\n\nimport (\n" + r.imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + r.table.String() + "}\n")
	in, err := json.Marshal(r.jobs)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// compare compares results in lanes with those without, which it gives.
func (r *laneRun) compare(t *testing.T) map[string]laneAnswer {
	in := r.written(t)
	built := r.program.Build(t)
	answers := func(level string) (out map[string]laneAnswer) {
		if err := json.Unmarshal(built.Run(t, in, "NDEC_CPU="+level), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	scalar, vector := answers("generic"), answers("")
	worst := 0.0
	if other := otherLevel(vector); other != "" {
		r.compareLevels(t, vector, answers(other))
	} else {
		t.Log("AVX-512 HAS NOT RUN: this machine has none. Its kernels run simulated, in tests of codegen/lanes")
	}
	for pkg, want := range scalar {
		got := vector[pkg]
		if want.Err != "" || got.Err != "" {
			if want.Err != got.Err || !r.mayFail {
				t.Errorf("%s: scalar: %s; lanes: %s", pkg, want.Err, got.Err)
			}
			continue
		}
		same := true
		var calm []bool
		if r.mayFail {
			calm = calmRows(want)
		}
		check := func(what string, g, w, limits []float64) {
			if len(g) != len(w) {
				t.Errorf("%s: %d numbers of %s in lanes, %d without", pkg, len(g), what, len(w))
				return
			}
			for i, most := range limits {
				if d := math.Abs(g[i] - w[i]); !(d <= most) {
					t.Errorf("%s: number %d of %s is %v in lanes, %v without: %g off, at most %g", pkg, i, what, g[i], w[i], d, most)
					break
				}
			}
			same = same && slices.Equal(g, w)
		}
		rows := r.jobs[pkg].Sizes[len(r.jobs[pkg].Sizes)-1]
		for m, outs := range want.Outputs {
			others := otherSteps(want, got, m, rows)
			for i := range outs {
				limits := r.limits(pkg, outs[i], want.Moves[m][i], others)
				check(fmt.Sprintf("output %d of %s", i, m), only(got.Outputs[m][i], calm), only(outs[i], calm), only(limits, calm))
			}
		}
		if strings.Contains(pkg, "rk4f") || strings.Contains(pkg, "adamsf") || strings.Contains(pkg, "moultonf") { // steps of given length
			for m, evals := range want.NFE {
				if !slices.Equal(got.NFE[m], evals) {
					t.Errorf("%s: %s: %v evaluations in lanes, %v without", pkg, m, got.NFE[m], evals)
				}
			}
		}
		if strings.HasSuffix(pkg, "f64") && !r.mayFail && !slices.Contains(calm, false) { // rounding decides about no attempt
			for m, steps := range want.Steps {
				if !slices.Equal(got.Steps[m], steps) {
					t.Errorf("%s: %s: accepted and rejected %v in lanes, %v without", pkg, m, got.Steps[m], steps)
				}
				if d, at := farthest(got.Lengths[m], want.Lengths[m]); !(d <= 1e-5) { // the last one takes the rounding of all before
					t.Errorf("%s: %s: last step %d is %v in lanes, %v without", pkg, m, at, got.Lengths[m][at], want.Lengths[m][at])
				}
			}
		}
		for m, texts := range want.Odd {
			if texts[0] != got.Odd[m][0] {
				t.Errorf("%s: %s on odd numbers ends with %s in lanes, %s without", pkg, m, got.Odd[m][0], texts[0])
			}
			for i, text := range texts[1:] {
				w, _ := strconv.ParseFloat(text, 64)
				g, _ := strconv.ParseFloat(got.Odd[m][1+i], 64)
				if g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= 10*(r.tols[pkg]+r.decided[pkg])*max(1, math.Abs(w)) {
					continue
				}
				what := fmt.Sprintf("%s: number %d of %s on odd numbers is %v in lanes, %v without", pkg, i, m, g, w)
				if moves := want.Spread[m][i]; math.Abs(g-w) <= 10*moves {
					t.Logf("%s: rounding decides, last digits of inputs move it by %g without lanes", what, moves)
				} else {
					t.Error(what)
				}
			}
		}
		worst = max(worst, got.Pause)
		for recipe, g := range want.Grads {
			if slices.Contains(calm, false) {
				continue
			}
			limits := r.limits(pkg, g, want.GradMoves[recipe], nil)
			for i := range limits { // a mean over rows, of which few decide otherwise
				limits[i] += r.decided[pkg] / 10
			}
			check("the gradient of "+recipe, got.Grads[recipe], g, limits)
		}
		if same && got.Level != "generic" && r.lanes[pkg] {
			t.Errorf("%s: lanes have the bits of scalar functions: did they run?", pkg)
		}
	}
	t.Logf("the collector waited %g ms at most for batches in lanes", 1e3*worst)
	return scalar
}

// otherLevel is the instruction set that lanes may use beside the one of the answers; "" if there is none.
func otherLevel(answers map[string]laneAnswer) string {
	for _, a := range answers {
		if a.Level == rt.AVX512.String() {
			return rt.AVX2.String()
		}
	}
	return ""
}

// compareLevels compares answers with those of another instruction set: rows have the same bits, and gradients, which are added
// up in another order, differ by rounding.
func (r *laneRun) compareLevels(t *testing.T, want, got map[string]laneAnswer) {
	for pkg, w := range want {
		g := got[pkg]
		if w.Err != g.Err {
			t.Errorf("%s: %s: %s; %s: %s", pkg, w.Level, w.Err, g.Level, g.Err)
			continue
		}
		for m, outs := range w.Outputs {
			for i := range outs {
				if r.ownBits {
					if d, _ := farthest(g.Outputs[m][i], outs[i]); !(d <= r.tols[pkg]) {
						t.Errorf("%s: output %d of %s is %g off with %s from what it is with %s", pkg, i, m, d, g.Level, w.Level)
					}
				} else if !slices.Equal(g.Outputs[m][i], outs[i]) {
					t.Errorf("%s: output %d of %s has other bits with %s than with %s", pkg, i, m, g.Level, w.Level)
				}
			}
			if r.ownBits {
				continue
			}
			same := slices.Equal(g.Odd[m], w.Odd[m]) || r.jobs[pkg].Together // where a sample fails, the others are left to the functions over one sample, too
			if !same || !slices.Equal(g.NFE[m], w.NFE[m]) || !slices.Equal(g.Steps[m], w.Steps[m]) {
				t.Errorf("%s: %s has other odd numbers or evaluations with %s than with %s", pkg, m, g.Level, w.Level)
			}
		}
		for recipe, grad := range w.Grads {
			if d, at := farthest(g.Grads[recipe], grad); !(d <= r.tols[pkg]) {
				t.Errorf("%s: number %d of the gradient of %s is %v with %s, %v with %s", pkg, at, recipe, g.Grads[recipe][at], g.Level, grad[at], w.Level)
			}
		}
	}
}

// calmRows are the rows of the only solve of a package that take no more than four times the evaluations of most: events that
// follow each other closely amplify the rounding of each.
func calmRows(a laneAnswer) (calm []bool) {
	for _, evals := range a.NFE {
		most := slices.Sorted(slices.Values(evals))[len(evals)/2]
		for _, n := range evals {
			calm = append(calm, n <= 4*most)
		}
	}
	return calm
}

// only keeps the numbers of rows; none given are all.
func only(xs []float64, rows []bool) (kept []float64) {
	if !slices.Contains(rows, false) {
		return xs
	}
	n := len(xs) / len(rows)
	for i, keep := range rows {
		if keep {
			kept = append(kept, xs[i*n:(i+1)*n]...)
		}
	}
	return kept
}

// newLaneJob has random rows for what m has, and batches of up to most of them.
func newLaneJob(m *ir.Module, most int) laneJob {
	rnd := rand.New(rand.NewPCG(5, 6))
	j := laneJob{Models: map[string]*rt.Table{}, Recipes: map[string]*rt.Table{}, Sizes: []int{0, 1, 15, 16, 17, 31, 32, 33, most}}
	if slices.ContainsFunc(m.Funcs, (*ir.Func).InStep) { // a row depends on its batch
		j.Sizes, j.Together = j.Sizes[len(j.Sizes)-1:], true
	}
	for _, p := range m.Params {
		for range p.Type.Len() {
			j.Weights = append(j.Weights, 1.2*(rnd.Float64()-0.5))
		}
	}
	rows := func(ports []ir.Port) *rt.Table {
		t := &rt.Table{Rows: j.Sizes[len(j.Sizes)-1]}
		for _, q := range ports {
			c := rt.Column{Name: q.Name, Width: q.Type.Len(), Classes: q.Classes}
			for range t.Rows * c.Width {
				x := 2 * (rnd.Float64() - 0.5)
				if q.Classes > 0 {
					x = math.Floor(rnd.Float64() * float64(q.Classes))
				}
				c.Data = append(c.Data, x)
			}
			t.Columns = append(t.Columns, c)
		}
		return t
	}
	for _, model := range m.Own() {
		j.Keyed = j.Keyed || model.Keyed()
		j.Models[model.Name] = rows(model.Inputs)
	}
	for _, r := range m.Recipes {
		j.Recipes[r.Name] = rows(r.Columns)
	}
	return j
}
