package lower

import (
	"slices"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// TestVariants replaces a solver in a model and in those that it calls, and asks for the ends of its solves.
func TestVariants(t *testing.T) {
	const nested = decay + `
model Outer(y real) (out real) {
	once := Chain(y)
	path := solve(Decay{y: once, c: 1}, from: 0, at: [0, 1], with: R)
	return path.y[1] + Back(y)
}
`
	f, ds := syntax.Parse("p.nde", []byte(nested))
	by, xs := syntax.ParseExpr("by", "heun{steps: 7}")
	p, cs := sema.Check([]*syntax.File{f}, sema.Options{Variants: []sema.Variant{
		{Name: "Counted", Model: "Outer", Slot: "R", By: by, Counted: true, Ends: true},
		{Name: "Given", Model: "Outer", Slot: "E", By: by},
		{Name: "Same", Model: "Chain"},
	}})
	for _, list := range []interface{ HasErrors() bool }{ds, xs, cs} {
		if list.HasErrors() {
			t.Fatal(ds, xs, cs)
		}
	}
	m, ls := Lower(p)
	if ls.HasErrors() {
		t.Fatal(ls)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	type solve struct {
		method string
		steps  int
		length float64
	}
	want := map[string][]solve{
		"Back":         {{"euler", 4, 0}},
		"CountedChain": {{"euler", 4, 0}, {"heun", 1, 0}},
		"Counted":      {{"euler", 4, 0}, {"heun", 1, 0}, {"heun", 1, 0}, {"euler", 4, 0}},
		"GivenChain":   {{"heun", 7, 0}, {"rk4", 0, 0.25}},
		"GivenBack":    {{"heun", 7, 0}},
		"Given":        {{"heun", 7, 0}, {"rk4", 0, 0.25}, {"rk4", 0, 0.25}, {"heun", 7, 0}},
		"Same":         {{"euler", 4, 0}, {"rk4", 0, 0.25}},
	}
	for _, md := range m.Models {
		var got []solve
		for _, s := range md.Solves {
			got = append(got, solve{s.Method, s.Steps, s.StepSize})
		}
		if !slices.Equal(got, want[md.Name]) {
			t.Errorf("%s solves with %v, want %v", md.Name, got, want[md.Name])
		}
		delete(want, md.Name)
		if md.Name == "Counted" {
			var names []string
			for _, o := range md.Outputs {
				names = append(names, o.Name)
			}
			if !slices.Equal(names, []string{"out", "end0.y", "end0.z", "along1.y", "along1.z"}) || len(md.Paths) > 0 {
				t.Errorf("outputs %v, %d paths", names, len(md.Paths))
			}
		}
	}
	if len(want) > 0 || len(m.Recipes) > 0 {
		t.Errorf("models %v are missing, and there are %d recipes", want, len(m.Recipes))
	}
}
