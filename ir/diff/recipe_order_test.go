package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// TestOrderOfRecipes: what trains a parameter comes before what reads it, whatever the order of the source.
func TestOrderOfRecipes(t *testing.T) {
	m := &ir.Module{Package: "m", Real: ir.F64}
	a := m.AddParam(&ir.Param{Name: "a.w", Type: ir.Scalar(ir.F64), Net: "a"})
	c := m.AddParam(&ir.Param{Name: "c.w", Type: ir.Scalar(ir.F64), Net: "c"})
	recipe := func(name string, trains []*ir.Param, reads ...*ir.Param) {
		b := ir.NewFunc(name, diag.Span{}, ir.F64)
		loss := b.Arg("x", ir.Scalar(ir.F64))
		for _, p := range reads {
			loss = b.Mul(loss, b.Param(p))
		}
		m.Recipes = append(m.Recipes, &ir.Recipe{Name: name, Objective: m.AddFunc(b.Return(loss)), Trained: trains,
			Columns: []ir.Port{{Name: "x", Type: ir.Scalar(ir.F64)}}})
	}
	recipe("Last", []*ir.Param{c}, a, c)
	recipe("Alone", []*ir.Param{}, c)
	recipe("First", []*ir.Param{a}, a)
	if ds := Run(m); len(ds) > 0 {
		t.Fatal(ds)
	}
	var got []string
	for _, r := range m.Recipes {
		got = append(got, r.Name)
	}
	if d := cmp.Diff([]string{"First", "Last", "Alone"}, got); d != "" {
		t.Error(d)
	}
}
