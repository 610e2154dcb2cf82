package method

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
)

// What is derived from the rows.
func TestRows(t *testing.T) {
	type facts struct {
		order, stages, evals int
		fsal                 bool
		dense                int // further evaluations
	}
	want := map[string]facts{
		"euler": {1, 1, 1, false, 0}, "midpoint": {2, 2, 2, false, 0}, "heun": {2, 2, 2, false, 0}, "ralston": {2, 2, 2, false, 0},
		"alpha": {2, 2, 2, false, 0}, "heun3": {3, 3, 3, false, 0}, "ssprk33": {3, 3, 3, false, 0}, "rk4": {4, 4, 4, false, 0}, "rk4_38": {4, 4, 4, false, 0},
		"heun_euler": {2, 2, 2, false, 0}, "fehlberg2": {2, 3, 3, false, 0}, "bosh3": {3, 4, 3, true, 0},
		"fehlberg45": {5, 6, 6, false, 1}, "cashkarp": {5, 6, 6, false, 1}, "dopri5": {5, 7, 6, true, 0}, "tsit5": {5, 7, 6, true, 0},
		"vern7": {7, 10, 10, false, 3}, "dopri8": {8, 14, 13, true, 4}, "vern9": {9, 16, 16, false, 5},
	}
	for _, r := range compiled() {
		if got := (facts{r.Order(), r.Stages(), r.Evals(), r.FSAL(), r.DenseEvals()}); got != want[r.Name] {
			t.Errorf("%s: %+v instead of %+v", r.Name, got, want[r.Name])
		}
	}
	for _, g := range []Group{Solver, Controller, Sensitivity, Estimator} {
		for _, r := range Rows(g) {
			if Find(g, r.Name) != r || r.Doc == "" {
				t.Errorf("%s %s: named twice, or without a line of documentation", g, r.Name)
			}
			for _, o := range r.Options {
				if r.Option(o.Key).Doc != o.Doc || o.Doc == "" {
					t.Errorf("%s: option %s named twice or without documentation", r.Name, o.Key)
				}
				if !o.Optional && (o.Kind == Real || o.Kind == Int) && !o.Allows(o.Default) {
					t.Errorf("%s: default %g of %s is out of range", r.Name, o.Default, o.Key)
				}
				if o.Kind == Choice && !o.Optional && Find(o.Group, o.Name) == nil {
					t.Errorf("%s: default %s of %s has no row", r.Name, o.Name, o.Key)
				}
			}
		}
	}
}

// With given steps an embedded method has fixed ones, and stages for the error alone are left out.
func TestGivenSteps(t *testing.T) {
	steps := []ir.Setting{{Key: "steps", Num: 4}}
	for name, evals := range map[string]int{"dopri5": 6, "vern7": 9, "vern9": 15, "fehlberg45": 6, "cashkarp": 6, "rk4": 4} {
		if r := Lookup(name).With(steps); r.Adaptive() || r.Evals() != evals {
			t.Errorf("%s: adaptive %t, %d evaluations instead of %d", name, r.Adaptive(), r.Evals(), evals)
		}
	}
}

// The family of order 2 has midpoint, Ralston's and Heun's methods as members.
func TestAlpha(t *testing.T) {
	for _, c := range []struct {
		a    *big.Rat
		want *Tableau
	}{{big.NewRat(1, 2), midpoint()}, {big.NewRat(2, 3), ralston()}, {big.NewRat(1, 1), heun()}} {
		if d := cmp.Diff(fmt.Sprint(c.want), fmt.Sprint(alpha(c.a))); d != "" {
			t.Error(d)
		}
	}
	row := Lookup("alpha").With([]ir.Setting{{Key: "a", Num: 0.3}})
	if err := Check(row.Tableau); err != nil || row.Tableau.C[1].FloatString(3) != "0.300" || Lookup("alpha").Tableau.C[1].FloatString(3) != "0.667" {
		t.Error(err, row.Tableau.C, Lookup("alpha").Tableau.C)
	}
}

func TestBuildRefuses(t *testing.T) {
	field := ir.NewFunc("f", (&ir.Solve{}).Span, ir.F64).Func
	states := []ir.SolveState{{Name: "x", Type: ir.Scalar(ir.F64)}}
	counted := []ir.SolveState{{Name: "x", Type: ir.Scalar(ir.F64), InNorm: true}}
	for _, c := range []struct {
		what, row string
		s         ir.Solve
	}{
		{"a later method", "alf", ir.Solve{Field: field, States: states, Steps: 1}},
		{"an unknown method", "nonesuch", ir.Solve{Field: field, States: states, Steps: 1}},
		{"no steps", "rk4", ir.Solve{Field: field, States: states}},
		{"no tolerance", "dopri5", ir.Solve{Field: field, States: counted}},
		{"no state in the norm", "dopri5", ir.Solve{Field: field, States: states, RTol: 1, ATol: 1}},
		{"no field", "euler", ir.Solve{States: states, Steps: 1}},
	} {
		if Build(&ir.Module{Real: ir.F64}, &c.s, Lookup(c.row), Config{}) == nil {
			t.Errorf("%s was built", c.what)
		}
	}
}
