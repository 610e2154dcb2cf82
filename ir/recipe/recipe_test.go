package recipe_test

import (
	"testing"

	"ndec.dev/ndec/ir/recipe"
)

var groups = []recipe.Group{recipe.Optimizer, recipe.Schedule, recipe.Clip, recipe.Stop, recipe.Checkpoint,
	recipe.Adversary, recipe.Source, recipe.Split, recipe.Target}

// TestRows: rows are documented, defaults are in range, names are unique, and what can be
// compiled names its type in the runtime and a field for every option.
func TestRows(t *testing.T) {
	for _, g := range groups {
		seen := map[string]bool{}
		for _, r := range recipe.Rows(g) {
			if seen[r.Name] || r.Doc == "" {
				t.Errorf("%s %s is double or not documented", g, r.Name)
			}
			seen[r.Name] = true
			if !r.Later && (r.Make == "") != r.InIR && g != recipe.Split {
				t.Errorf("%s %s has no type in the runtime", g, r.Name)
			}
			checkOptions(t, r.Name, r.Options, r.Make != "")
			if recipe.Lookup(g, r.Name).Name != r.Name {
				t.Errorf("%s %s is not found", g, r.Name)
			}
		}
		if len(seen) == 0 {
			t.Errorf("group %s is empty", g)
		}
	}
	checkOptions(t, "train", recipe.TrainKeys(), false)
	checkOptions(t, "data", recipe.DataKeys(), false)
}

func checkOptions(t *testing.T, owner string, list []recipe.Option, fields bool) {
	t.Helper()
	keys := map[string]bool{}
	for _, o := range list {
		if keys[o.Key] || o.Doc == "" {
			t.Errorf("%s: option %s is double or not documented", owner, o.Key)
		}
		keys[o.Key] = true
		if fields && o.Field == "" && !o.Later && o.Kind != recipe.Any { // a construct is lowered
			t.Errorf("%s: option %s has no field in the runtime", owner, o.Key)
		}
		number := o.Kind == recipe.Number || o.Kind == recipe.Int
		unset := o.Required || o.Default == 0 // 0 may mean "not given"
		if number && !o.Later && !unset && (o.Default < o.Min || o.Default > o.Max || o.Open && o.Default == o.Min) {
			t.Errorf("%s: default %v of %s is out of range", owner, o.Default, o.Key)
		}
		if o.Kind == recipe.Choice && (len(recipe.Rows(o.Group)) == 0 || o.Name != "" && recipe.Lookup(o.Group, o.Name) == nil) {
			t.Errorf("%s: option %s has no group or no default", owner, o.Key)
		}
	}
}
