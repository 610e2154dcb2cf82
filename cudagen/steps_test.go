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

// TestTogether has batches whose samples take steps of one length, in three rows and in more than a block has: they go layer by layer and meet as
// those of the interpreter do, those that end or fail before others among them.
func TestTogether(t *testing.T) {
	text := source(t, "testdata/together.nde")
	few, many := programSubject(t, "together_few", map[string]string{"together.nde": text}, "f64"), programSubject(t, "together_many", map[string]string{"together.nde": text}, "f64")
	few.fails, many.fails, many.rows = true, true, 131
	compare(t, []*subject{few, many})
	for _, m := range few.out.Kernels.Models {
		if !m.Layers.Together || len(m.Layers.Parts) == 0 {
			t.Errorf("samples of model %s do not take their steps together", m.Name)
		}
	}
	if n, m := len(few.out.Kernels.Models), len(few.out.Kernels.Recipes); n != len(few.m.Models) || m != len(few.m.Recipes) {
		t.Errorf("%d models and %d recipes have kernels", n, m)
	}
}

// TestTileSteps takes steps by ratios, between output times and as torchdyn does with products of a warp, whose lanes stay together.
func TestTileSteps(t *testing.T) {
	s := programSubject(t, "steps_tile", map[string]string{"steps.nde": `package steps

net f(x [2]real) [2]real {
	return x |> Linear(20) |> tanh |> Linear(20) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

model Counted(x [2]real) (y [4, 2]real, z [2, 2]real) {
	path := solve(Flow{x}, from: 0, at: [0, 0.4, 0.4, 1], with: rk4{per_sample: 2})
	return path.x, solve(Flow{x}, from: 1, at: [0.6, 0.2], with: bosh3{per_sample: 3}).x
}

data Rows {
	x [2]real
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	epochs: 1
	optimizer: adam
	end := solve(Flow{x}, over: 0..1, with: dopri5{rtol: 1e-3, atol: 1e-3, control: h211b})
	other := solve(Flow{x}, over: 0..1, with: dopri5{rtol: 1e-3, atol: 1e-3, compat: torchdyn})
	minimize sqnorm(end.x) + sqnorm(other.x)
}
`}, "f32")
	s.rows = 37
	compare(t, []*subject{s})
	for _, m := range s.out.Kernels.Models {
		if m.Lanes != 32 {
			t.Errorf("model %s has no tile", m.Name)
		}
	}
	if r := s.out.Kernels.Recipes[0]; r.Loss.Lanes != 32 || r.Grad.Lanes != 32 {
		t.Errorf("recipe %s has no tiles", r.Name)
	}
}
