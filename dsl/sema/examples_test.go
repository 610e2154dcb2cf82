package sema_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

const examplesDir = "../../docs/examples/*/"

// withFlow are examples that extend another one.
var withFlow = map[string]string{"02_moons_hyper.nde": "01_moons.nde"}

// readExample is the text of an example.
func readExample(name string) ([]byte, error) {
	names, err := filepath.Glob(examplesDir + name)
	if err != nil || len(names) != 1 {
		return nil, fmt.Errorf("%d examples are called %s (%v)", len(names), name, err)
	}
	return os.ReadFile(names[0])
}

// example checks an example with a piece of it replaced.
func example(t testing.TB, name, old, new string, opts sema.Options) (*sema.Program, diag.List) {
	t.Helper()
	var files []*syntax.File
	for _, n := range []string{withFlow[name], name} {
		if n == "" {
			continue
		}
		src, err := readExample(n)
		if err != nil {
			t.Fatal(err)
		}
		text := string(src)
		if n == name && old != "" {
			if strings.Count(text, old) == 0 {
				t.Fatalf("%s does not contain %q", name, old)
			}
			text = strings.ReplaceAll(text, old, new)
		}
		f, errs := syntax.Parse(n, []byte(text))
		if len(errs) > 0 {
			return nil, errs
		}
		files = append(files, f)
	}
	return sema.Check(files, opts)
}

// TestExamples: all example programs check; what is left are limitations, and the programs that
// need none of the later constructs have not even those.
func TestExamples(t *testing.T) {
	names, err := filepath.Glob(examplesDir + "*.nde")
	if err != nil || len(names) < 14 {
		t.Fatalf("%d examples, error %v", len(names), err)
	}
	complete := map[string]bool{"01_moons.nde": true, "04_ffjord.nde": true, "13_lagrange.nde": true}
	for _, path := range names {
		name := filepath.Base(path)
		_, l := example(t, name, "", "", sema.Options{})
		for _, d := range l {
			if d.Code < "NDE08" || complete[name] {
				t.Errorf("%v", d)
			}
		}
	}
}

// TestDesignMessages are the texts of the language definition, on broken copies of the examples.
func TestDesignMessages(t *testing.T) {
	for _, row := range []struct{ name, old, new, want string }{
		{"01_moons.nde", "Linear(2)", "Linear(3)", `6:33: returned value has type [3]real, but the result is declared [2]real [NDE0302]`},
		{"01_moons.nde", "y label[2]", "y label[3]", `cross_entropy: 2 scores for 3 classes [NDE0336]`},
		{"01_moons.nde", "dopri5{", "dopri6{", `15:14: unknown solver method "dopri6"; did you mean "dopri5"? [NDE0502]`},
		{"03_mnist.nde", "rk4{steps: 4", "rk4{rtol: 4", `rk4 has no option "rtol"; rk4 is a fixed-step method: use steps or step [NDE0504]`},
		{"04_ffjord.nde", "0.01*ke", "1.*ke", `41:17: a decimal point must be followed by a digit: write 1.0 [NDE0103]`},
		{"01_moons.nde", "net f(", "net data(", `:5: "data" is a keyword and cannot be used as a name [NDE0111]`},
		{"05_pendulum.nde", "\tder(p) = -grad(E, q)\n", "", `state p of system Pendulum has no equation: add der(p) = ... [NDE0407]`},
		{"05_pendulum.nde", "V(q) + K(p)", "K(p)", `17:16: the grad is identically zero: the expression does not depend on q [NDE0331]`},
		{"06_arm.nde", "\tder(v) = linsolve", "\tder(v) = v\n\tder(v) = linsolve", `:2: state v has two equations [NDE0402]`},
		{"06_arm.nde", "u: signal(ts, us), load: load}", "u: signal(ts, us)}", `:19: Arm{...} does not set context load [NDE0524]`},
		{"08_sde.nde", "with: EM", "with: rk4{steps: 100}", `21:49: system Noisy has noise, and rk4 solves ordinary differential equations only; use euler_maruyama, euler_heun or milstein [NDE0530]`},
		{"03_mnist.nde", "Conv2d(1, kernel: 3, pad: 1) |> flatten", "Conv2d(1, kernel: 3)", `22:48: Linear wants a vector, got [1, 26, 26]real; flatten it first [NDE0320]`},
		{"01_moons.nde", "end.x", "end.y", `:13: system Flow has no state, integral or output "y" (has x) [NDE0306]`},
		{"02_moons_hyper.nde", "base: euler{steps: 8}", "base: tsit5", `:2: the base of a hypersolver must be a fixed-step method, and tsit5 is adaptive [NDE0601]`},
		{"09_lorenz.nde", "group: 20", "group: 30", `:21: group 30 does not divide 200 samples [NDE0529]`},
		{"07_forecast.nde", "w[Z:]", "w[8:20]", `:13: slice [8:20] out of range for axis of length 12 [NDE0317]`},
	} {
		_, l := example(t, row.name, row.old, row.new, sema.Options{})
		found := false
		var texts []string
		for _, d := range l {
			texts = append(texts, d.String())
			found = found || strings.HasSuffix(d.String(), row.want)
			if d.Code < "NDE08" && !strings.Contains(row.want, string(d.Code)) {
				t.Errorf("%s: unexpected %v", row.name, d)
			}
		}
		if !found {
			t.Errorf("%s: want %q, got\n%s", row.name, row.want, strings.Join(texts, "\n"))
		}
	}
}

// TestMoons looks at the typed program of the first example.
func TestMoons(t *testing.T) {
	p, l := example(t, "01_moons.nde", "", "", sema.Options{Precision: "f64", Set: map[string]string{"Fit.epochs": "10"}})
	if len(l) > 0 {
		t.Fatal(l)
	}
	var params []string
	for _, q := range p.Params {
		params = append(params, fmt.Sprint(q.Name, " ", q.Type, " ", q.Net))
	}
	want := []string{"f.0.weight [16,2]f64 f", "f.0.bias [16]f64 f", "f.2.weight [2,16]f64 f", "f.2.bias [2]f64 f"}
	if d := cmp.Diff(want, params); d != "" {
		t.Error(d)
	}
	s := p.Models[0].Body[0].Def.(*sema.Solve)
	if s.System != p.Systems[0] || s.Solver != p.Solvers[0] || s.Solver.RTol != 1e-4 || s.Solver.MaxSteps != 10000 ||
		s.Solver.Control.Row != "i" || s.Solver.Sensitivity.Row != "backprop" {
		t.Errorf("solve %+v", s.Solver)
	}
	r := p.Recipes[0]
	for _, set := range r.Settings {
		switch set.Key {
		case "epochs":
			if set.Num != 10 {
				t.Errorf("epochs %v", set.Num)
			}
		case "optimizer":
			lr, _ := set.Choice.Option("lr")
			beta, _ := set.Choice.Option("beta2")
			if set.Choice.Row != "adam" || lr.Num != 0.01 || beta.Num != 0.999 {
				t.Errorf("optimizer %+v", set.Choice)
			}
		}
	}
	if r.Data.Name != "Points" || r.Test.Name != "Fresh" || len(r.Metrics) != 1 || r.Batch != 0 {
		t.Errorf("recipe %+v", r)
	}
}

// TestWith replaces a solver as the command line does.
func TestWith(t *testing.T) {
	lit := func(src string) syntax.Expr {
		f, errs := syntax.Parse("with", []byte("package p\n\nsolver S = "+src+"\n"))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		return f.Decls[0].(*syntax.SolverDecl).Value
	}
	p, l := example(t, "01_moons.nde", "", "", sema.Options{With: map[string]syntax.Expr{"Fwd": lit("rk4{steps: 20}")}})
	if len(l) > 0 || p.Solvers[0].Method != "rk4" || p.Solvers[0].Steps != 20 || p.Solvers[0].Name != "Fwd" {
		t.Errorf("%v %+v", l, p.Solvers[0])
	}
	for name, opts := range map[string]sema.Options{
		"NDE0721": {With: map[string]syntax.Expr{"Fdw": lit("rk4{steps: 20}")}},
		"NDE0720": {Set: map[string]string{"N": "4"}},
		"NDE0502": {With: map[string]syntax.Expr{"Fwd": lit("rk5{steps: 20}")}},
	} {
		_, l := example(t, "01_moons.nde", "", "", opts)
		if !cmp.Equal(codes(l), []diag.Code{diag.Code(name)}) {
			t.Errorf("want %s, got %v", name, l)
		}
	}
}

// FuzzCheck: whatever parses is checked without a panic.
func FuzzCheck(f *testing.F) {
	names, _ := filepath.Glob(examplesDir + "*.nde")
	for _, n := range names {
		src, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	for _, e := range diag.All() {
		f.Add(e.Bad)
		f.Add(e.Fixed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file, _ := syntax.Parse("a.nde", []byte(src))
		if file != nil {
			files := []*syntax.File{file}
			p, l := sema.Check(files, sema.Options{Set: map[string]string{"a": "3"}})
			if !l.HasErrors() {
				sema.Vet(files, p)
				sema.Dump(io.Discard, p)
				p.Testing()
			}
		}
	})
}
