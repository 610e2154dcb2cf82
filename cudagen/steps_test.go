package cudagen_test

import "testing"

// TestSteps chooses, counts and remembers steps in every way that the loops know beside those of TestMethods, with events, stops and output times
// among them, and takes gradients: a thread a sample, a block, lanes that share one, and layer by layer what can go so.
func TestSteps(t *testing.T) {
	text := source(t, "testdata/steps.nde")
	var all []*subject
	for _, how := range []string{"thread", "team", "lanes", "layers"} {
		s := programSubject(t, "steps_"+how, map[string]string{"steps.nde": text}, "f64")
		s.teams, s.layers = how == "team", how == "layers"
		if how == "lanes" {
			s.split, s.short = 4, 1
		}
		s.rows = 2
		all = append(all, s)
	}
	compare(t, all)
	for _, s := range all {
		if n, m := len(s.out.Kernels.Models), len(s.out.Kernels.Recipes); n != len(s.m.Models) || m != len(s.m.Recipes) {
			t.Errorf("%s: %d models and %d recipes have kernels", s.name, n, m)
		}
		for _, r := range s.out.Kernels.Recipes {
			if r.Grad.Kernel == "" {
				t.Errorf("%s: recipe %s has no gradient kernel", s.name, r.Name)
			}
		}
	}
}
