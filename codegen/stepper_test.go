package codegen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

// testModule writes a module with the runtime and the packages (folder to file to text) and runs its tests.
func testModule(t *testing.T, packages map[string]map[string]string) {
	t.Helper()
	dir := t.TempDir()
	put := func(path string, text []byte) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", []byte("module ndec.dev/ndec\n\ngo 1.26\n"))
	files, err := rt.SourceFiles.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := rt.SourceFiles.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		put("rt/"+f.Name(), text)
	}
	for folder, files := range packages {
		for name, text := range files {
			put(folder+"/"+name, []byte(text))
		}
	}
	cmd := exec.Command("go", "test", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// withTest compiles a program of one file and adds a test to it.
func withTest(t *testing.T, name, source, test string) map[string]string {
	t.Helper()
	res, ds := driver.Compile(map[string]string{name + ".nde": source}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	files := map[string]string{name + "_test.go": test}
	for _, f := range res.Out {
		files[f.Name] = string(f.Text)
	}
	return files
}

const spring = `package spring

net f(q [2]real) [2]real {
	return q |> Linear(4) |> tanh |> Linear(2)
}

system Spring {
	state q [2]real
	state v [2]real
	state e real
	state m [2, 2]real
	context c real
	context d [2]real
	der(q) = v + d
	der(v) = f(q) - c*v + t
	der(e) = c*e - v[0]
	der(m) = -0.5*m
}

solver Coarse = rk4{steps: 4}
solver Fine = tsit5{rtol: 1e-4, atol: 1e-5}

model Go(q [2]real, m [2, 2]real, c real) (qn, vn [2]real, e real, mn [2, 2]real) {
	end := solve(Spring{q: q, v: [0.5, -1], e: 1, m: m, c: c, d: [0.1, 0.2]}, over: 1..2, with: Coarse)
	return end.q, end.v, end.e, end.m
}

model Fine2(q [2]real, m [2, 2]real, c real) (qn [2]real) {
	end := solve(Spring{q: q, v: [0.5, -1], e: 1, m: m, c: c, d: [0.1, 0.2]}, over: 1..2, with: Fine)
	return end.q
}

solver Heun = heun{steps: 4}

model Placed(q [2]real) (a, b, c, d, e [2]real) {
	a := solve(Spring{q: q, v: [0.5, -1], e: 1, m: [[1, 2], [3, 4]], c: 1, d: [0.1, 0.2]}, over: 1..2, with: rk4{steps: 4})
	b := solve(Spring{q: q, v: [0.5, -1], e: 1, m: [[1, 2], [3, 4]], c: 1, d: [0.1, 0.2]}, over: 1..2, with: rk4{steps: 8})
	c := solve(Spring{q: q, v: [0.5, -1], e: 1, m: [[1, 2], [3, 4]], c: 2, d: [0.1, 0.2]}, over: 1..2, with: rk4{steps: 4})
	d := solve(Spring{q: q, v: [0.5, -1], e: 1, m: [[1, 2], [3, 4]], c: 1, d: [0.1, 0.2]}, over: 1..2, with: heun{steps: 4})
	e := solve(Spring{q: q, v: [0.5, -1], e: 1, m: [[1, 2], [3, 4]], c: 1, d: [0.1, 0.2]}, over: 1..2, with: shooting{segments: 4})
	return a.q, b.q, c.q, d.q, e.q
}

data Points {
	q [2]real
	y label[2]
	source: moons{n: 32}
}

train Fit {
	data: Points
	minimize mse(Fine2(q, [[1, 0], [0, 1]], 0.1), q)
	steps: 1
	optimizer: sgd
}
`

const springTest = `package spring

import (
	"errors"
	"math"
	"testing"

	"ndec.dev/ndec/rt"
)

func start() SpringState {
	return SpringState{Q: [2]Real{0.3, 0.7}, V: [2]Real{0.5, -1}, E: 1, M: [2][2]Real{{1, 2}, {3, 4}}}
}

func TestStepsAreThoseOfTheSolve(t *testing.T) {
	p := NewParams(3)
	x := start()
	want, err := NewGo(p).Forward(GoInput{Q: x.Q, M: x.M, C: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSpringCoarseStepper(p)
	for k := range 4 {
		if x, err = s.Step(1+float64(k)*0.25, 0.25, x, 0.25, [2]Real{0.1, 0.2}); err != nil {
			t.Fatal(err)
		}
	}
	if (GoOutput{Qn: x.Q, Vn: x.V, E: x.E, Mn: x.M}) != want {
		t.Errorf("%v, want %v", x, want)
	}
	y := start()
	fine := NewSpringFineStepper(p)
	for k := range 8 {
		if y, err = fine.Step(1+float64(k)*0.125, 0.125, y, 0.25, [2]Real{0.1, 0.2}); err != nil {
			t.Fatal(err)
		}
	}
	if math.Abs(float64(y.Q[0]-x.Q[0])) > 1e-4 || y == x {
		t.Errorf("%v, want nearly %v", y, x)
	}
}

// Solvers that are written in place have the name of their method, with a number from the second one on, and beside a declared one that is
// called so too; equal ones are one.
func TestPlaced(t *testing.T) {
	p := NewParams(3)
	x := start()
	want, err := NewPlaced(p).Forward(x.Q)
	if err != nil {
		t.Fatal(err)
	}
	type solve interface {
		Step() bool
		State() SpringState
	}
	d := [2]Real{0.1, 0.2}
	for i, c := range []struct {
		s    solve
		want [2]Real
	}{
		{StartSpringRk4Solve(p, 1, 2, x, 1, d), want.A}, {StartSpringRk4_2Solve(p, 1, 2, x, 1, d), want.B}, {StartSpringRk4Solve(p, 1, 2, x, 2, d), want.C},
		{StartSpringHeun2Solve(p, 1, 2, x, 1, d), want.D}, {StartSpringShootingSolve(p, 1, 2, x, 1, d), want.E},
	} {
		for c.s.Step() {
		}
		if c.s.State().Q != c.want {
			t.Errorf("%d: %v, want %v", i, c.s.State().Q, c.want)
		}
	}
	if one, err := NewSpringRk4_2Stepper(p).Step(1, 0.125, x, 1, d); err != nil || one == x {
		t.Errorf("%v, %v", one, err)
	}
}

func TestStepFails(t *testing.T) {
	s := NewSpringFineStepper(NewParams(3))
	x := start()
	x.E = 1e38
	next, err := s.Step(1, 1, x, 1e30, [2]Real{})
	var e *rt.SolveError
	if !errors.As(err, &e) || !errors.Is(err, rt.ErrNonFinite) || e.Time != 1 || e.H != 1 || next != x {
		t.Errorf("%v, %v", next, err)
	}
	if _, err := s.Step(1, math.NaN(), start(), 1, [2]Real{}); !errors.Is(err, rt.ErrNonFinite) {
		t.Error(err)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	p := NewParams(3)
	a, b := NewSpringCoarseStepper(p), NewSpringFineStepper(p)
	x := start()
	if n := testing.AllocsPerRun(100, func() {
		x, _ = a.Step(1, 0.01, x, 1, [2]Real{})
		x, _ = b.Step(1, 0.01, x, 1, [2]Real{})
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
`

// TestSteppers compiles programs and runs tests of their steppers.
func TestSteppers(t *testing.T) {
	moons, err := os.ReadFile("../generated/moons/moons.nde")
	if err != nil {
		t.Fatal(err)
	}
	testModule(t, map[string]map[string]string{
		"spring": withTest(t, "spring", spring, springTest),
		"moons": withTest(t, "moons", strings.Replace(string(moons), "dopri5{rtol: 1e-4, atol: 1e-4}", "midpoint{step: 0.3}", 1), `package moons

import "testing"

func TestStepsAreThoseOfTheSolve(t *testing.T) {
	p := NewParams(1)
	x := [2]Real{0.2, -0.4}
	var want [2]Real
	s := NewFlowFwdStepper(p)
	next, at, err := x, 0.0, error(nil)
	for k := range 4 {
		at = float64(k) * 0.3
		h := 0.3
		if k == 3 {
			h = 1 - at // the last one is shorter
		}
		if next, err = s.Step(at, h, next); err != nil {
			t.Fatal(err)
		}
	}
	q := NewMoons(p)
	path, err := q.Trajectory(t.Context(), x, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	want = path.X[0]
	if next != want {
		t.Errorf("%v, want %v", next, want)
	}
}
`),
	})
}

func TestStepperNamesDoNotCollide(t *testing.T) {
	for _, name := range []string{"SpringCoarseStepper", "SpringState", "NewSpringFineStepper", "SpringRk4Stepper", "StartSpringRk4_2Solve"} {
		_, ds := driver.Compile(map[string]string{"spring.nde": strings.Replace(spring, "model Go(", "model "+name+"(", 1)}, driver.Options{})
		if len(ds) == 0 || ds[0].Code != "NDE0801" {
			t.Errorf("%s: %v", name, ds)
		}
	}
}
