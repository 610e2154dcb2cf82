package cudagen_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/ir"
)

// batchSubject is testdata/batch.nde, all of whose models go layer by layer.
func batchSubject(t *testing.T) *subject {
	s := programSubject(t, "batch", map[string]string{"batch.nde": source(t, "testdata/batch.nde")}, "f32")
	s.fails, s.layers = true, true
	s.initial(t)
	return s
}

// manySubject has more samples than a block.
func manySubject(t *testing.T, precision string) *subject {
	s := programSubject(t, "many", map[string]string{"many.nde": layered("18", "20")}, precision)
	s.rows, s.layers = 130, true
	return s
}

// TestBatches compares models that go layer by layer with the interpreter, in both precisions and over more samples than a block has:
// results, statistics of every solve, those that fail among them. In CI it does so with all programs of the golden texts that can.
func TestBatches(t *testing.T) {
	all := []*subject{batchSubject(t), manySubject(t, "f32"), manySubject(t, "f64")}
	for name, text := range programs(t) {
		if os.Getenv("NDEC_TEST_MODULES") == "" {
			break // half a minute
		}
		s := programSubject(t, name, map[string]string{name + ".nde": text}, "f32")
		s.layers, s.groups = true, true
		all = append(all, s)
	}
	all[0].heavy = true
	compare(t, all)
	for _, s := range all[:3] {
		for _, m := range s.out.Kernels.Models {
			if len(m.Layers.Parts) == 0 {
				t.Errorf("%s: model %s does not go layer by layer", s.name, m.Name)
			}
		}
	}
}

// gradientSubjects are testdata/gradients.nde and a small net with more rows than a part of a batch, all of whose losses and gradients go layer
// by layer; in CI alone both of them, in both precisions.
func gradientSubjects(t *testing.T) (all []*subject) {
	thorough := os.Getenv("NDEC_TEST_MODULES") != ""
	for _, precision := range []string{"f32", "f64"} {
		if thorough {
			s := programSubject(t, "gradients", map[string]string{"gradients.nde": source(t, "testdata/gradients.nde")}, precision)
			s.initial(t)
			all = append(all, s)
		}
		if thorough || precision == "f64" {
			few := programSubject(t, "rows", map[string]string{"rows.nde": rowsOfSteps}, precision)
			few.rows = 270
			all = append(all, few)
		}
	}
	for _, s := range all {
		s.layers = true
	}
	return all
}

// stopsSubject is testdata/stops.nde, whose solves go layer by layer.
func stopsSubject(t *testing.T, precision string) *subject {
	s := programSubject(t, "stops", map[string]string{"stops.nde": source(t, "testdata/stops.nde")}, precision)
	s.initial(t)
	s.rows, s.layers, s.natural = 5, true, true
	return s
}

// TestLayerStops compares solves that end steps at times of their samples, and their gradients, with the interpreter.
func TestLayerStops(t *testing.T) {
	s := stopsSubject(t, "f64")
	layerGradients(t, []*subject{s})
}

// rowsOfSteps has samples that take other numbers of steps, and sums over places of theirs.
const rowsOfSteps = `package rows

net f(u [18]real) [18]real {
	near := reshape(u, 2, 9) |> Conv1d(2, kernel: 3, pad: 1) |> flatten
	return near |> Linear(18) |> tanh
}

system Flow {
	state u [18]real
	der(u) = f(u)
}

model End(u [18]real, to time) (y [18]real) {
	return solve(Flow{u: u}, over: 0..to, with: euler{step: 0.5}).u
}

data Rows {
	u, goal [18]real
	to time
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	epochs: 1
	optimizer: adam
	minimize mse(End(u, to), goal)
}
`

// TestLayerGradients compares losses and gradients that go layer by layer with the interpreter.
func TestLayerGradients(t *testing.T) { layerGradients(t, gradientSubjects(t)) }

// TestLayerConvolutions compares those of the convolutions of testdata/images.nde, in CI in both precisions.
func TestLayerConvolutions(t *testing.T) {
	precisions := []string{"f32"}
	if os.Getenv("NDEC_TEST_MODULES") != "" {
		precisions = append(precisions, "f64")
	}
	var all []*subject
	for _, precision := range precisions {
		s := programSubject(t, "images", map[string]string{"images.nde": source(t, "testdata/images.nde")}, precision)
		s.initial(t)
		s.rows, s.layers, s.heavy = 19, true, true // beyond a multiple of 16
		all = append(all, s)
	}
	layerGradients(t, all)
}

// layerGradients compares subjects, and sees that all that they have goes layer by layer.
func layerGradients(t *testing.T, all []*subject) {
	t.Helper()
	compare(t, all)
	for _, s := range all {
		if n, want := len(s.out.Kernels.Recipes), len(s.m.Recipes); n != want {
			t.Errorf("%s: %d recipes have kernels, want %d", s.name, n, want)
		}
		for _, r := range s.out.Kernels.Recipes {
			if len(r.Loss.Layers.Parts) == 0 || len(r.Grad.Layers.Parts) == 0 {
				t.Errorf("%s: recipe %s does not go layer by layer", s.name, r.Name)
			}
		}
		for _, m := range s.out.Kernels.Models {
			if len(m.Layers.Parts) == 0 {
				t.Errorf("%s: model %s does not go layer by layer", s.name, m.Name)
			}
		}
	}
}

// layered is a program with a net that is so wide.
func layered(state, width string) string {
	return strings.NewReplacer("STATE", state, "WIDTH", width).Replace(`package choice

net wide(u [STATE]real) [STATE]real {
	return u |> Linear(WIDTH) |> tanh |> Linear(STATE)
}

system Flow {
	state u [STATE]real
	der(u) = wide(u)
}

model End(u [STATE]real) (y [STATE]real, n i32) {
	end := solve(Flow{u: u}, over: 0..1, with: bosh3{rtol: 1e-2, atol: 1e-2})
	return end.u, end.accepted
}
`)
}

// TestLayersPay: a batch goes layer by layer where a block for each sample would read more weights than arrays, and gradients where sums and
// launches say so.
func TestLayersPay(t *testing.T) {
	for _, c := range []struct {
		state, width string
		layers       bool
	}{{"32", "300", true}, {"200", "1000", true}, {"20", "24", false}, {"4", "300", false}} {
		s := programSubject(t, "choice", map[string]string{"choice.nde": layered(c.state, c.width)}, "f32")
		s.emit(t)
		k := s.out.Kernels.Models[slices.IndexFunc(s.out.Kernels.Models, func(k cudagen.ModelKernel) bool { return k.Name == "End" })]
		if layers := len(k.Layers.Parts) > 0; layers != c.layers {
			t.Errorf("%s states and %s units: layer by layer %t", c.state, c.width, layers)
		}
	}
	s := programSubject(t, "kicked", map[string]string{"kicked.nde": source(t, "testdata/kicked.nde")}, "f32")
	s.emit(t)
	for _, k := range s.out.Kernels.Models {
		if len(k.Layers.Parts) == 0 {
			t.Errorf("model %s, with events, does not go layer by layer", k.Name)
		}
	}
	for _, k := range s.out.Kernels.Recipes {
		if len(k.Loss.Layers.Parts) == 0 || len(k.Grad.Layers.Parts) == 0 {
			t.Errorf("recipe %s, with events, does not go layer by layer", k.Name)
		}
	}
	for _, c := range []struct {
		state, width, batch string
		layers              bool
	}{{"32", "300", "1024", true}, {"32", "100", "16", false}, {"4", "512", "256", true}, {"4", "64", "4096", false}, {"32", "1000", "full", true}} {
		text := layered(c.state, c.width) + strings.NewReplacer("STATE", c.state, "BATCH", c.batch).Replace(fitted)
		text = strings.Replace(text, "|> tanh |>", "|> tanh |> Linear("+c.width+") |> tanh |>", 1)
		s := programSubject(t, "choice", map[string]string{"choice.nde": text}, "f32")
		s.emit(t)
		if layers := len(s.out.Kernels.Recipes[0].Grad.Layers.Parts) > 0; layers != c.layers {
			t.Errorf("the gradient of %s states and two layers of %s units over %s samples: layer by layer %t", c.state, c.width, c.batch, layers)
		}
	}
}

// fitted is a recipe of layered.
const fitted = `
data Rows {
	u, goal [STATE]real
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	batch: BATCH
	epochs: 1
	optimizer: adam
	y, n := End(u)
	minimize mse(y, goal)
	metric steps = n
}
`

// eventsSubjects are testdata/events.nde, all of whose solves go layer by layer; in CI also with events that come too often.
func eventsSubjects(t *testing.T) []*subject {
	text := source(t, "testdata/events.nde")
	all := []*subject{programSubject(t, "events", map[string]string{"events.nde": text}, "f64")}
	if os.Getenv("NDEC_TEST_MODULES") != "" {
		many := programSubject(t, "many", map[string]string{"many.nde": strings.ReplaceAll(text, "max: 60", "max: 2")}, "f64")
		many.fails = true
		all = append(all, many)
	}
	for _, s := range all {
		s.layers = true
	}
	return all
}

// TestLayerEvents compares solves with events of every kind, and their gradients, with the interpreter.
func TestLayerEvents(t *testing.T) { layerGradients(t, eventsSubjects(t)) }

// TestLayerMethods compares methods with memory, and those whose dense output is not linear, with the interpreter, with stops and along output
// times; in CI more of the ways that a loop over steps knows.
func TestLayerMethods(t *testing.T) {
	s := programSubject(t, "methods", map[string]string{"methods.nde": source(t, "testdata/methods.nde")}, "f64")
	s.layers = true
	few := []string{"FitVern", "FitStopped", "FitMemory", "ByStopped", "AlongMemory"}
	if os.Getenv("NDEC_TEST_MODULES") != "" { // with all of them a compiler has ten minutes to do
		few = append(few, "ByFar", "ByLengths", "AlongRebegun", "FitSwing", "FitNystrom")
	}
	s.m.Recipes = slices.DeleteFunc(s.m.Recipes, func(r *ir.Recipe) bool { return !slices.Contains(few, r.Name) })
	s.m.Models = slices.DeleteFunc(s.m.Models, func(m *ir.Model) bool { return !slices.Contains(few, m.Name) })
	layerGradients(t, []*subject{s})
}

// TestLayerSensitivities compares gradients by every sensitivity with the interpreter.
func TestLayerSensitivities(t *testing.T) {
	s := programSubject(t, "backs", map[string]string{"backs.nde": source(t, "testdata/backs.nde")}, "f64")
	s.initial(t)
	s.layers = true
	layerGradients(t, []*subject{s})
}

// TestLayerLoops compares what runs a function several times, and draws, with the interpreter.
func TestLayerLoops(t *testing.T) {
	s := programSubject(t, "loops", map[string]string{"loops.nde": source(t, "testdata/loops.nde")}, "f64")
	s.initial(t)
	s.layers, s.natural = true, true
	layerGradients(t, []*subject{s})
}

// doubled has the reference of a hypersolver, whose field is in double precision in every program.
const doubled = `package doubled

net f(x [18]real) [18]real { return x |> Linear(20) |> tanh |> Linear(18) }
net g(h real, x, dx [18]real) [18]real { return concat(x, dx, h) |> Linear(18) }

system Flow {
	state x [18]real
	der(x) = f(x)
}

hypersolver H for Flow {
	base: euler
	residual(x) = g(h, x, der(x))
}

data D {
	x [18]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	freeze: f
	minimize residual_error(H, Flow{x}, over: 0..1, steps: 2, reference: rk4{steps: 4})
	epochs: 1
	optimizer: adam
}
`

// TestLayerDouble: products of double precision are that layer by layer, too, and none of groups.
func TestLayerDouble(t *testing.T) {
	s := programSubject(t, "doubled", map[string]string{"doubled.nde": doubled}, "f32")
	s.initial(t)
	s.layers, s.groups = true, true
	layerGradients(t, []*subject{s})
}
