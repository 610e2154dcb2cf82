package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/rt"
)

// fault says what is found of a recipe of testdata/faults; the line has its mark.
type fault struct {
	recipe, operator, of, value, pass string
	sample, row                       int
	solve                             string // the innermost around it, "" for none
	back                              bool
	time                              [2]float64 // between which its step begins
	step                              [2]int
	unchecked                         bool // trained without --check-finite, which stops at the update that makes it
}

var faults = []fault{
	{recipe: "Field", operator: "log", value: "-Inf", pass: "forward", sample: 3, row: 3, solve: "Log", time: [2]float64{0.45, 0.456}, step: [2]int{3, 60}},
	{recipe: "FieldFixed", operator: "log", value: "NaN", pass: "forward", sample: 3, row: 3, solve: "Log", time: [2]float64{0.4, 0.4}, step: [2]int{4, 4}},
	{recipe: "FieldBatch", operator: "log", value: "NaN", pass: "forward", sample: 0, row: 3, solve: "Log", time: [2]float64{0.4, 0.4}, step: [2]int{4, 4}},
	{recipe: "Integral", operator: "div", value: "+Inf", pass: "forward", sample: 3, row: 3, solve: "Growth"},
	{recipe: "Loss", operator: "log", value: "NaN", pass: "forward", sample: 3, row: 3},
	{recipe: "Overflow", operator: "exp", value: "+Inf", pass: "forward", sample: 3, row: 3},
	{recipe: "Reset", operator: "sqrt", value: "NaN", pass: "forward", sample: 3, row: 3, solve: "Bounce", time: [2]float64{0, 0.775}, step: [2]int{1, 4}},
	{recipe: "Mapped", operator: "log", value: "NaN", pass: "forward", sample: 3, row: 3},
	{recipe: "ResetBack", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Soft", back: true, time: [2]float64{0, 0.775}, step: [2]int{1, 4}},
	{recipe: "LossBack", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3},
	{recipe: "FieldBack", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Root", back: true, time: [2]float64{0.5, 0.9}, step: [2]int{2, 2}},
	{recipe: "FieldBackFixed", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Root", back: true, time: [2]float64{0.9, 0.9}, step: [2]int{9, 9}},
	{recipe: "FieldBackKept", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Root", back: true, time: [2]float64{0.9, 0.9}, step: [2]int{9, 9}},
	{recipe: "AdjointBack", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Root (adjoint)", back: true, time: [2]float64{0, 1}, step: [2]int{0, 9}},
	{recipe: "IntegralBack", operator: "div", of: "sqrt", value: "+Inf", pass: "backward", sample: 3, row: 3, solve: "Cost", back: true, time: [2]float64{0.5, 0.9}, step: [2]int{2, 2}},
	{recipe: "SelectBack", operator: "recip", of: "log", value: "+Inf", pass: "backward", sample: 3, row: 3},
	{recipe: "Regulariser", operator: "div", of: "sqrt", value: "+Inf", pass: "backward"},
	{recipe: "Ascent", operator: "div", of: "sqrt", value: "+Inf", pass: "ascent", sample: 3, row: 3},
	{recipe: "Column", operator: "column x", value: "+Inf", pass: "forward"},
	{recipe: "Parameter", operator: "parameter plain.k", value: "-Inf", pass: "forward", unchecked: true},
	{recipe: "Metric", operator: "log", value: "NaN", pass: "forward", sample: 3, row: 3},
	{recipe: "MetricOfMeans", operator: "sqrt", value: "NaN", pass: "forward", sample: -1, row: -1},
	{recipe: "Validation", operator: "log", value: "NaN", pass: "forward", sample: 3, row: 3},
}

// TestCheckFinite trains with one number that is not finite, and demands that it is named.
func TestCheckFinite(t *testing.T) {
	dir := filepath.Join("testdata", "faults")
	text, err := os.ReadFile(filepath.Join(dir, "faults.nde"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var errs bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &errs, err: &errs, precision: "f32", quiet: true}
	src, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	o, err := a.options()
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.compile(src, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	s, err := a.open(src, res)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	train := func(recipe string, check bool) (*finding, string) {
		run := &trial{}
		err := a.trainOnce(s, &rt.Request{Do: "train", Recipes: []string{recipe}, CheckFinite: check}, run, true)
		if err == nil {
			t.Errorf("%s: trained to its end", recipe)
			return nil, ""
		}
		return run.Finding, err.Error()
	}
	for _, f := range faults {
		g, errs := train(f.recipe, !f.unchecked)
		if g == nil {
			t.Errorf("%s: nothing found\n%s", f.recipe, errs)
			continue
		}
		mark := "@" + f.recipe
		line := 1 + slices.IndexFunc(lines, func(l string) bool { return slices.Contains(strings.Fields(l), mark) })
		if want := fmt.Sprintf("faults.nde:%d:", line); !strings.HasPrefix(g.Where, want) {
			t.Errorf("%s: found at %s, want %s\n%s", f.recipe, g.Where, want, errs)
		}
		if g.Operator != f.operator || g.Of != f.of || g.Value != f.value || g.Pass != f.pass || g.Sample != f.sample || g.Row != f.row {
			t.Errorf("%s: found %+v, want %+v\n%s", f.recipe, *g, f, errs)
		}
		if !strings.Contains(errs, "recipe "+f.recipe) || !strings.Contains(errs, g.Where+": ") || !strings.Contains(errs, "that is not finite") {
			t.Errorf("%s: the message does not say what was found:\n%s", f.recipe, errs)
		}
		if f.solve == "" {
			for _, p := range g.Around {
				if p.Solve != "" {
					t.Errorf("%s: found in a solve of %s", f.recipe, p.Solve)
				}
			}
			continue
		}
		if len(g.Around) == 0 {
			t.Errorf("%s: found outside of solves", f.recipe)
			continue
		}
		p := g.Around[len(g.Around)-1]
		if p.Solve != f.solve || p.Back != f.back || p.Time < f.time[0]-1e-9 || p.Time > f.time[1]+1e-9 || p.Step < f.step[0] || p.Step > f.step[1] {
			t.Errorf("%s: found in %+v, want %+v", f.recipe, p, f)
		}
	}

	// An update has no operator; its parameter is named.
	_, update := train("Update", true)
	if want := "recipe Update, step 0: the update makes element 0 of plain.k -Inf, from a gradient of"; !strings.Contains(update, want) {
		t.Errorf("Update: want %q in\n%s", want, update)
	}
}
