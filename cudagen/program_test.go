package cudagen_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// programSubject compiles sources and gives their parameters numbers.
func programSubject(t *testing.T, name string, files map[string]string, precision string) *subject {
	t.Helper()
	res, ds := driver.Compile(files, driver.Options{Precision: precision})
	if ds.HasErrors() {
		t.Fatalf("%s: %v", name, ds)
	}
	s := &subject{name: name + precision, m: res.Module, params: map[string][]float64{}, rows: 3, seed: 5}
	rnd := rand.New(rand.NewPCG(11, 3))
	for _, p := range res.Module.Params {
		xs := make([]float64, p.Type.Len())
		for i := range xs {
			switch p.Init.Kind {
			case ir.InitConst:
				xs[i] = p.Init.A
			case ir.InitData:
				xs[i] = p.Init.Data[i]
			default:
				xs[i] = float64(rnd.IntN(128)-64) / 128
			}
			xs[i] = float64(float32(xs[i]))
		}
		s.params[p.Name] = xs
	}
	return s
}

// programs are the sources of the golden texts, one feature each.
func programs(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../golden/testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden texts", err)
	}
	out := map[string]string{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name == "in.nde" {
				out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = string(f.Data)
			}
		}
	}
	return out
}

// TestPrograms compares the programs of the golden texts, in CI in both precisions.
func TestPrograms(t *testing.T) {
	precisions := []string{"f32"}
	if os.Getenv("NDEC_TEST_MODULES") != "" {
		precisions = append(precisions, "f64")
	}
	var all []*subject
	for name, text := range programs(t) {
		for _, precision := range precisions {
			all = append(all, programSubject(t, name, map[string]string{name + ".nde": text}, precision))
		}
	}
	compare(t, all)
}

// TestTeams is TestPrograms with a block of threads for each sample: programs and methods that kernels with a thread a
// sample run as well.
func TestTeams(t *testing.T) {
	var all []*subject
	for name, text := range programs(t) {
		all = append(all, programSubject(t, name, map[string]string{name + ".nde": text}, "f32"))
	}
	text, err := os.ReadFile("testdata/wide.nde")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, programSubject(t, "wide", map[string]string{"wide.nde": string(text)}, "f64"))
	for i, s := range all {
		s.teams, s.rows = true, 2+i%2
	}
	compare(t, all)
}

// TestCalledLoops has solves and sweeps that teams use from many places: each is printed once, and called.
func TestCalledLoops(t *testing.T) {
	s := programSubject(t, "shoots", map[string]string{"shoots.nde": source(t, "testdata/shoots.nde")}, "f64")
	s.teams, s.natural, s.rows = true, true, 2
	compare(t, []*subject{s})
	text := string(s.out.Files[0].Text)
	for _, name := range []string{"solve_shoot_0_team", "solve_shoot_0_rec_team", "reverse_shoot_0_rec_team", "solve_end_0_team", "solve_end_0_rec_team", "reverse_end_0_rec_team"} {
		if n := strings.Count(text, " "+name+"_call("); n != 2 || strings.Count(text, "\t"+name+"(") < 3 {
			t.Errorf("%s is not called, or printed more than once:\n%s", name, text)
			break
		}
	}
}

// TestGivenMemory has teams whose arrays take more shared memory than every kernel has, and more than any device has. What it is given is
// enough, and device memory serves as well: compare tries both.
func TestGivenMemory(t *testing.T) {
	s := programSubject(t, "given", map[string]string{"given.nde": source(t, "testdata/given.nde")}, "f32")
	s.teams, s.rows = true, 2
	compare(t, []*subject{s})
	for name, given := range map[string]bool{"end_forward_batch": true, "fit_grad_batch": true, "far_forward_batch": false} {
		b := s.out.Budgets[name]
		t.Log(name, b.Memory)
		at := slices.IndexFunc(s.out.Kernels.Shared, func(x cudagen.SharedMemory) bool { return x.Kernel == name && x.Bytes == b.Memory && x.Arrays })
		if b.Given != given || (at >= 0) != given {
			t.Errorf("%s: the budget is %+v, and the launcher knows %v", name, b, s.out.Kernels.Shared)
		}
	}
}

// TestEvents solves systems with events of every kind, by adaptive and fixed steps, forwards and backwards, to the end and
// along times, and takes gradients through them.
func TestEvents(t *testing.T) {
	text, err := os.ReadFile("testdata/events.nde")
	if err != nil {
		t.Fatal(err)
	}
	s := programSubject(t, "events", map[string]string{"events.nde": string(text)}, "f64")
	many := programSubject(t, "many", map[string]string{"many.nde": strings.ReplaceAll(string(text), "max: 60", "max: 2")}, "f64")
	many.fails = true
	compare(t, []*subject{s, many})
	for _, r := range s.out.Kernels.Recipes {
		if r.Grad.Kernel == "" {
			t.Errorf("recipe %s has no gradient kernel", r.Name)
		}
	}
	if n := len(s.out.Kernels.Recipes); n != 6 {
		t.Errorf("%d recipes have kernels, want 6", n)
	}
}

// TestStretches takes gradients through events by the sensitivities that solve backwards between them, a thread a sample and a block a sample: to
// the end, along output times, with stops of their own, and with more stretches than a tape holds at first. CI has all of both.
func TestStretches(t *testing.T) {
	var all []*subject
	for i, how := range []string{"adjoint", "quadrature", "adjoint{seminorm: false}", "interpolated"} {
		text := strings.ReplaceAll(source(t, "testdata/stretches.nde"), "SENSITIVITY", how)
		for k, teams := range []bool{false, true} {
			if os.Getenv("NDEC_TEST_MODULES") == "" && i != k {
				continue
			}
			s := programSubject(t, fmt.Sprintf("stretches%d%t", i, teams), map[string]string{"stretches.nde": text}, "f64")
			s.teams, s.natural = teams, true
			all = append(all, s)
		}
	}
	compare(t, all)
	for _, s := range all {
		for _, r := range s.out.Kernels.Recipes {
			if r.Grad.Kernel == "" {
				t.Errorf("%s: recipe %s has no gradient kernel", s.name, r.Name)
			}
		}
		if n := len(s.out.Kernels.Recipes); n != 6 {
			t.Errorf("%s: %d recipes have kernels, want 6", s.name, n)
		}
	}
}

// TestMethods solves one system by every kind of method, forwards and backwards, with output times, and takes
// gradients of it.
func TestMethods(t *testing.T) {
	text, err := os.ReadFile("testdata/methods.nde")
	if err != nil {
		t.Fatal(err)
	}
	large, shared := called(t), calledByKernels(t)
	compare(t, []*subject{programSubject(t, "methods", map[string]string{"methods.nde": string(text)}, "f64"), anyTimes(t), large, shared})
	if text := string(large.out.Files[0].Text); strings.Count(text, "NDEC_CALL flow_field_results flow_field_call(") != 1 {
		t.Errorf("the field is not called:\n%s", text)
	}
	if text := string(shared.out.Files[0].Text); !regexp.MustCompile(`NDEC_CALL track_0_dense_step_results track_0_dense_step_call\(.*const double \*u_times, const real \*u\)`).MatchString(text) || strings.Count(text, "\ttrack_0_dense_step(") != 1 {
		t.Errorf("the step is not called, or printed more than once:\n%s", text)
	}
}

// TestCalledFields has a field that a thread goes through where it stands once, and whose arrays no registers hold: a thread a sample is expected
// to be faster than a block, or than to go layer by layer.
func TestCalledFields(t *testing.T) {
	s := programSubject(t, "calls", map[string]string{"calls.nde": fmt.Sprintf(net, "calls", 40, 20)}, "f32")
	compare(t, []*subject{s})
	if b := s.out.Budgets["m_forward_batch"]; b.Block != 128 || b.Team > 0 || b.Layers > 0 {
		t.Errorf("a sample has no thread: %+v", b)
	}
	if text := string(s.out.Files[0].Text); strings.Count(text, "NDEC_CALL flow_field_results flow_field_call(") != 1 {
		t.Errorf("the field is not called:\n%s", text)
	}
}

// calledByKernels has a step that is large enough to be called though it stands in one place, of a solve of two kernels. It looks for times and
// rows in arrays that are too long for registers.
func calledByKernels(t *testing.T) *subject {
	s := programSubject(t, "shared", map[string]string{"shared.nde": `package shared

net f(x [2]real) [2]real {
	return x |> Linear(24) |> softplus |> Linear(2)
}

system Pushed {
	state x [2]real
	input u [2]real {
		interp: hold
	}
	der(x) = f(x) + sin(262144*u) // far from 0
}

model Track(x [2]real, ts [20]time, us [20, 2]real) (y [20, 2]real) {
	return solve(Pushed{x, u: signal(ts, us)}, from: ts[0], at: ts, with: rk4{steps: 4}).x
}

data D {
	x [2]real = first(col("x1", "x2"))
	ts [20]time = col("t")
	u [20, 2]real = col("u1", "u2")
	y [20, 2]real = col("y1", "y2")
	source: csv{path: "tracks.csv", window: 20}
}

train Fit {
	data: D
	epochs: 1
	optimizer: adam
	minimize mse(Track(x, ts, u), y)
}
`}, "f32")
	s.natural = true // times
	return s
}

// called has a field that is large enough for a function of a thread to be called from several places.
func called(t *testing.T) *subject {
	return programSubject(t, "called", map[string]string{"called.nde": `package called

net f(x [3]real) [3]real {
	return x |> Linear(56) |> tanh |> Linear(3)
}

system Flow {
	state x [3]real
	context push real
	der(x) = f(x) + push
}

model End(x [3]real, push real) (y [3]real) {
	return solve(Flow{x, push: push}, over: 0..1, with: rk4{steps: 2}).x
}
`}, "f32")
}

// anyTimes has output times in any order: rows of which they go to and fro end with bad_times. Steps of a length that are too many to be counted fail.
func anyTimes(t *testing.T) *subject {
	s := programSubject(t, "times", map[string]string{"times.nde": `package times

system Fall {
	state x real
	der(x) = -x
}

model Track(x real, ts [2]time) (y [2]real, n i32) {
	path := solve(Fall{x: x}, from: 0, at: ts, with: dopri5{rtol: 1e-6})
	return path.x, path.status
}

model Length(x real, to time) (y, z real, n, m i32) {
	end := solve(Fall{x: x}, over: 0..to, with: rk4{step: 0.3})
	short := solve(Fall{x: x}, over: 0..to, with: rk4{step: 1e-300})
	return end.x, short.x, end.accepted, short.status
}
`}, "f64")
	s.rows, s.fails = 40, true
	mc, err := interp.New(s.m, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, tab := s.m.Models[0].Func, s.table(s.m.Models[0].Inputs)
	seen := map[float64]int{}
	for row := range s.rows {
		out, err := mc.Call(f, args(f, tab, row, rt.Key{})...)
		if err != nil {
			t.Fatal(err)
		}
		seen[out[1].Data[0]]++
	}
	if seen[ir.StatusOK] == 0 || seen[ir.StatusBadTimes] == 0 {
		t.Errorf("statuses %v", seen)
	}
	return s
}
