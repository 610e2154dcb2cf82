package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/command"
	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/rt/ivp"
)

// lin is a package whose solutions are known: x' = -x, v' = -2v.
var lin = filepath.Join("testdata", "bench")

var starts = [][2]float64{{1, 0}, {0, 1}, {1, -1}, {-2, 0.5}}

type benchSpread struct {
	Median, Q1, Q3, Least float64
	Rounds                int
}

// benchJSON is what bench --pareto --json promises.
type benchJSON struct {
	Format                             int
	Package, Model, Precision, Weights string
	Sweeps                             []struct {
		Solver, Data string
		Samples      int
		Reference    struct {
			Method, Precision string
			Tolerance, NFE    float64
			Uncertainty       *float64
			Failed            []int
		}
		Points  []benchPoint
		Text    []string
		Files   []string
		LeftOut []string `json:"left_out"`
	}
}

type benchPoint struct {
	Solver, Kind, Setting string
	Steps                 int
	Tolerance             float64
	NFE                   float64
	MultiplyAdds          float64 `json:"multiply_adds"`
	Failed                []int
	Time                  benchSpread
	Error                 *struct {
		Median, Mean, Worst float64
		WorstRow            int `json:"worst_row"`
	}
	Metrics   map[string]*float64
	Agreement *float64
	Front     []string
}

// ownCache keeps the programs that commands build to the test; Go's own cache stays where it is.
func ownCache(t *testing.T) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

// runBench runs a command in this process.
func runBench(t *testing.T, code int, args ...string) (string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := command.Run(args, strings.NewReader(""), &out, &errs); got != code {
		t.Fatalf("ndec %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, &out, &errs)
	}
	return out.String(), errs.String()
}

// linWeights writes the matrix of the system.
func linWeights(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lin.safetensors")
	layout := []rt.Tensor{{Name: "f.0.weight", Shape: []int{2, 2}}}
	if err := rt.SaveFile(path, []float64{-1, 0, 0, -2}, layout, "test"); err != nil {
		t.Fatal(err)
	}
	return path
}

// growth is the polynomial by which a step of a method multiplies y of y' = z y / h: for the methods of order
// p with p stages the exponential series to order p.
func growth(method string, z float64) float64 {
	switch method {
	case "euler":
		return 1 + z
	case "midpoint":
		return 1 + z + z*z/2
	case "heun3":
		return 1 + z + z*z/2 + z*z*z/6
	}
	return 1 + z + z*z/2 + z*z*z/6 + z*z*z*z/24
}

// after is the error after a time that n steps of h make.
func after(method string, start [2]float64, h float64, n int) float64 {
	sum := 0.0
	for i, lambda := range []float64{-1, -2} {
		d := start[i] * (math.Pow(growth(method, lambda*h), float64(n)) - math.Exp(lambda*h*float64(n)))
		sum += d * d
	}
	return math.Sqrt(sum)
}

// summary is median, mean and greatest of four.
func summary(xs []float64) [3]float64 {
	xs = slices.Sorted(slices.Values(xs))
	return [3]float64{(xs[1] + xs[2]) / 2, (xs[0] + xs[1] + xs[2] + xs[3]) / 4, xs[3]}
}

// TestBenchPareto compares errors, evaluations, multiply-adds and metrics of a sweep with closed forms.
func TestBenchPareto(t *testing.T) {
	ownCache(t)
	picture := filepath.Join(t.TempDir(), "p")
	text, _ := runBench(t, 0, "bench", lin, "--model", "Run", "--pareto", "--json", "-q", "--precision", "f64", "--time", "0.01",
		"--weights", linWeights(t), "--data", "Starts", "-o", picture, "--with", "Fwd=alpha{a: 0.5, steps: 3}")
	var ans benchJSON
	if err := json.Unmarshal([]byte(text), &ans); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if ans.Format != 1 || ans.Package != "lin" || ans.Model != "Run" || ans.Precision != "f64" || len(ans.Sweeps) != 2 {
		t.Fatalf("format %d, package %s, model %s, %s, %d sweeps", ans.Format, ans.Package, ans.Model, ans.Precision, len(ans.Sweeps))
	}
	stages := map[string]int{"euler": 1, "midpoint": 2, "heun3": 3, "rk4": 4}
	for k, sweep := range ans.Sweeps {
		if want := []string{"Fwd", "lin.nde:"}[k]; !strings.HasPrefix(sweep.Solver, want) || sweep.Samples != 4 || sweep.Reference.Uncertainty == nil || *sweep.Reference.Uncertainty > 1e-10 {
			t.Fatalf("sweep %d is over %s, %d samples, reference %+v", k, sweep.Solver, sweep.Samples, sweep.Reference)
		}
		seen := 0
		for _, p := range sweep.Points {
			if p.Error == nil || len(p.Failed) > 0 || p.Time.Rounds < 5 || !(p.Time.Least > 0) || p.Time.Least > p.Time.Q1 || p.Time.Q1 > p.Time.Median || p.Time.Median > p.Time.Q3 {
				t.Fatalf("%+v", p)
			}
			if p.Solver == "Exact" && p.Setting != "" && k == 0 && p.Error.Worst > 1e-10 {
				t.Errorf("Exact with %s is off by %v", p.Setting, p.Error.Worst)
			}
			n := stages[p.Solver]
			if p.Kind != "classical" || n == 0 {
				continue
			}
			seen++
			if p.NFE != float64(p.Steps*n) {
				t.Errorf("%s{%s} makes %v evaluations", p.Solver, p.Setting, p.NFE)
			}
			// Four multiply-adds an evaluation; the other solve of the model has its own.
			if step := p.MultiplyAdds - 4*p.NFE; k == 1 && step != sweep.Points[0].MultiplyAdds-4*sweep.Points[0].NFE {
				t.Errorf("%s{%s} makes %v multiply-adds", p.Solver, p.Setting, p.MultiplyAdds)
			}
			var errors []float64
			for _, s := range starts {
				e := after(p.Solver, s, 1/float64(p.Steps), p.Steps)
				if k == 1 { // along 0, 1/2, 1
					e = max(e, after(p.Solver, s, 1/float64(p.Steps), p.Steps/2))
				}
				errors = append(errors, e)
			}
			if k == 1 && p.Steps%2 == 1 {
				continue // dense output inside a step
			}
			got, want := [3]float64{p.Error.Median, p.Error.Mean, p.Error.Worst}, summary(errors)
			for i := range got {
				if math.Abs(got[i]-want[i]) > 1e-10+1e-9*want[i] {
					t.Errorf("%s{%s} in %s: error %v, want %v", p.Solver, p.Setting, sweep.Solver, got, want)
					break
				}
			}
		}
		if seen != 80 {
			t.Errorf("%d settings of classical methods with fixed steps", seen)
		}
	}
	first := &ans.Sweeps[0]
	point := func(solver, setting string) *benchPoint {
		for i := range first.Points {
			if p := &first.Points[i]; p.Solver == solver && p.Setting == setting {
				return p
			}
		}
		t.Fatalf("no point %s %q", solver, setting)
		return nil
	}
	for _, p := range first.Points {
		if p.Solver != "euler" || p.Kind != "classical" {
			continue
		}
		moved, size := 0.0, 0.0
		for _, s := range starts {
			x := s[0] * math.Pow(growth("euler", -1/float64(p.Steps)), float64(p.Steps))
			v := s[1] * math.Pow(growth("euler", -2/float64(p.Steps)), float64(p.Steps))
			moved, size = moved+(s[0]-x)/4, size+(x*x+v*v)/4
		}
		if size = math.Sqrt(size); math.Abs(*p.Metrics["moved"]-moved) > 1e-12 || math.Abs(*p.Metrics["size"]-size) > 1e-12 {
			t.Errorf("euler{%s}: moved %v, size %v; want %v and %v", p.Setting, *p.Metrics["moved"], *p.Metrics["size"], moved, size)
		}
	}
	// What is declared stands for itself: steps of a length, a number above 20, tolerances.
	if p := point("Even", ""); p.NFE != 16 || math.Abs(p.Error.Worst-point("rk4", "steps: 4").Error.Worst) > 1e-12 {
		t.Errorf("Even is %+v", p)
	}
	if p := point("Slow", ""); p.NFE != 30 || p.Steps != 30 || p.Kind != "declared" {
		t.Errorf("Slow is %+v", p)
	}
	if p := point("Fwd", ""); p.Tolerance != 1e-3 || p.NFE != point("dopri5", "tol: 1e-3").NFE {
		t.Errorf("Fwd is %+v", p)
	}
	if p, m := point("alpha{a: 0.5, steps: 3}", ""), point("midpoint", "steps: 3"); p.NFE != 6 || math.Abs(p.Error.Worst-m.Error.Worst) > 1e-12 {
		t.Errorf("alpha{a: 0.5} is %+v, midpoint %+v", p, m)
	}
	if got := strings.Join(first.Text, "\n"); !strings.Contains(got, "Exact pays from 1 to 20 evaluations") || !strings.Contains(got, "On the front by time") {
		t.Errorf("the text is\n%s", got)
	}
	for _, sweep := range ans.Sweeps {
		for _, f := range sweep.Files {
			if info, err := os.Stat(f); err != nil || info.Size() < 1000 {
				t.Errorf("picture %s: %v", f, err)
			}
		}
		if len(sweep.Files) != 2 || strings.ContainsAny(filepath.Base(sweep.Files[0]), ":") {
			t.Errorf("pictures %v", sweep.Files)
		}
	}
}

// TestBenchFailures has y' = y² from above 1, which has no solution at 1: samples that fail are named, and on
// what cannot solve this the command says why.
func TestBenchFailures(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	batch := filepath.Join(dir, "in.json")
	if err := os.WriteFile(batch, []byte(`{"y": [0.5, 3, -1, 0.9]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"bench", lin, "--model", "Burst", "--pareto", "-q", "--time", "0.01", "--in", batch, "-o", filepath.Join(dir, "p.png")}
	text, _ := runBench(t, 0, append(args, "--json")...)
	var ans benchJSON
	if err := json.Unmarshal([]byte(text), &ans); err != nil {
		t.Fatal(err)
	}
	sweep := ans.Sweeps[0]
	if !slices.Equal(sweep.Reference.Failed, []int{1}) || sweep.Samples != 3 {
		t.Errorf("the reference fails on %v of %d", sweep.Reference.Failed, sweep.Samples)
	}
	if len(sweep.LeftOut) != 1 || !strings.Contains(sweep.LeftOut[0], "Exact: ") || !strings.Contains(ans.Weights, "untrained") {
		t.Errorf("left out: %v; %s", sweep.LeftOut, ans.Weights)
	}
	for _, p := range sweep.Points {
		if p.MultiplyAdds != 0 || slices.Contains(p.Front, "multiply_adds") && p.Error.Median > 1e-3 {
			t.Errorf("%s{%s} makes %v multiply-adds, and is on fronts %v", p.Solver, p.Setting, p.MultiplyAdds, p.Front)
		}
	}
	if text := strings.Join(sweep.Text, "\n"); !strings.Contains(text, "No solver needs any multiply-adds here") {
		t.Errorf("the text is\n%s", text)
	}
	// The same for people.
	text, _ = runBench(t, 0, args...)
	for _, want := range []string{
		"model Burst of package lin, f32; no weights given: untrained parameters of seed 0\n",
		"solver Fwd replaced; 3 samples of ", "errors against tsit5 at 1e-10 in float64 (",
		"the reference fails on 1 (rows 1), which are left out\n", "left out: Exact: hypersolver Exact is for system Decay",
		"more settings are on no front; -v shows them\n", "On the front by evaluations: euler (1", "picture: " + filepath.Join(dir, "p.png"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	// Which rows are on the front by time, and so how wide the columns are, is not the same in every run.
	if !regexp.MustCompile(`\nFwd +declared, rtol: 1e-3 `).MatchString(text) {
		t.Errorf("the text has no row of Fwd as declared:\n%s", text)
	}
}

// TestBenchRoofline: the figures agree with the time and the multiply-adds of their row.
func TestBenchRoofline(t *testing.T) {
	ownCache(t)
	args := []string{"bench", lin, "--model", "Step", "--roofline", "-q", "--time", "0.01", "--weights", linWeights(t), "--precision", "f64"}
	text, _ := runBench(t, 0, append(args, "--json")...)
	var ans struct {
		Rows []struct {
			Batch        benchSpread
			MultiplyAdds float64 `json:"multiply_adds"`
			Slots        float64
			Roofline     struct {
				Level, Limit string
				Ceiling      float64
				Batch, Alone struct{ Time, Flops, Peak, Share float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &ans); err != nil {
		t.Fatal(err)
	}
	r := ans.Rows[0]
	f := r.Roofline
	if want := 2 * r.MultiplyAdds / f.Batch.Time; math.Abs(f.Batch.Flops-want) > 1e-9*want {
		t.Errorf("%v operations a second, %v by time and multiply-adds", f.Batch.Flops, want)
	}
	if f.Level != rt.CPULevel().String() || f.Ceiling != r.MultiplyAdds/r.Slots || f.Limit != "other operations" {
		t.Errorf("ceiling %v of %s, limited by %s", f.Ceiling, f.Level, f.Limit)
	}
	if !(0 < f.Batch.Share && f.Batch.Share < 1 && f.Batch.Peak > f.Batch.Flops) {
		t.Errorf("share %v, peak %v", f.Batch.Share, f.Batch.Peak)
	}
	text, _ = runBench(t, 0, args...)
	if !strings.Contains(text, "of peak") || !strings.Contains(text, "GFLOP/s") {
		t.Errorf("no second table:\n%s", text)
	}
	lanes := rt.CPULevel() >= rt.AVX2
	if want := "kernels of Step in a batch"; lanes && !strings.Contains(text, want) || !lanes && !strings.Contains(text, "Step has no vector kernels") {
		t.Errorf("no third table:\n%s", text)
	}
	// The gradient of Fit, one of whose solves takes four steps of rk4 with a matrix of two by two.
	args = []string{"bench", lin, "--recipe", "Fit", "--roofline", "-q", "--weights", linWeights(t)}
	text, _ = runBench(t, 0, append(args, "--json")...)
	var grad struct {
		Samples int
		Time    float64
		Kernels []struct {
			Name, Of, Limit                            string
			Runs                                       int
			Time, Part, Flops, Share, Ceiling, Reached float64
		}
	}
	if err := json.Unmarshal([]byte(text), &grad); err != nil {
		t.Fatal(err)
	}
	if grad.Samples != 4 || !(grad.Time > 0) || (len(grad.Kernels) > 0) != lanes {
		t.Errorf("%d samples of %v seconds, %d kernels", grad.Samples, grad.Time, len(grad.Kernels))
	}
	parts, found := 0.0, map[string]bool{}
	for _, k := range grad.Kernels {
		parts += k.Part
		found[k.Of] = true
		if k.Of == "Run.0.lanestep" && (k.Runs != 4 || math.Abs(k.Flops*k.Time/(2*32*16)-1) > 0.5 || !(k.Ceiling > 0 && k.Ceiling < 1 && k.Reached > 0)) {
			t.Errorf("a run has not 16 multiply-adds of 32 samples, or there are not 4: %+v", k)
		}
	}
	if lanes && (!found["Run.0.lanestep"] || !found["Step.0.rec.lanerevkept"] || parts > 1) {
		t.Errorf("%g of the time is in kernels: %s", parts, text)
	}
	runBench(t, 2, "bench", lin, "--recipe", "Fit")
	runBench(t, 2, append(args, "--model", "Step")...)
	runBench(t, 2, "bench", lin, "--model", "Step", "--roofline", "--pareto")
}

// Work and precision of known problems: the error of each row is that of rt.Solve, it falls with the tolerance, and the fronts
// are what the rows say.
func TestBenchProblems(t *testing.T) {
	out, _ := runBench(t, 0, "bench", "-q", "--json", "--problems", "kepler", "--methods", "dopri5,vern7,yoshida4", "--time", "0.01", "-o", t.TempDir())
	var ans struct {
		Problems []struct {
			Name string
			Rows []struct {
				Method, Setting, Status        string
				Tolerance, Time                float64
				Steps, NFE, Accepted, Rejected int
				Error                          *float64
				Front                          []string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &ans); err != nil {
		t.Fatal(err)
	}
	p := ivp.ByName("kepler")
	last, before := math.Inf(1), ""
	seen := map[string]int{}
	for _, r := range ans.Problems[0].Rows {
		o := rt.SolveOptions{Method: r.Method, RTol: r.Tolerance, ATol: r.Tolerance, Steps: r.Steps}
		if r.Method == "yoshida4" {
			o.Positions = 2
		} else {
			o.MaxSteps = 1e6
		}
		s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, o)
		if err != nil || r.Error == nil || r.Status != "ok" || *r.Error != p.Error(s.End) || r.NFE != s.Stats.NFE || r.Accepted != s.Stats.Accepted || !(r.Time > 0) {
			t.Errorf("%+v: solved with %+v, %v", r, s.Stats, err)
			continue
		}
		if r.Method != before {
			last, before = math.Inf(1), r.Method
		}
		if *r.Error > 3*last && *r.Error > 1e-11 {
			t.Errorf("%s at %s: error %g after %g", r.Method, r.Setting, *r.Error, last)
		}
		last = *r.Error
		for _, q := range ans.Problems[0].Rows {
			if slices.Contains(r.Front, "nfe") && q.NFE <= r.NFE && *q.Error < *r.Error {
				t.Errorf("%s %s is on the front of evaluations, and %s %s beats it", r.Method, r.Setting, q.Method, q.Setting)
			}
		}
		seen[r.Method]++
	}
	if ans.Problems[0].Name != "kepler" || seen["dopri5"] != 12 || seen["vern7"] != 12 || seen["yoshida4"] < 8 {
		t.Errorf("rows by method: %v", seen)
	}
}
