package cudagen_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/ir"
)

// examples are the folders of docs/examples.
func examples(t testing.TB) map[string]map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../docs/examples/*/*.nde")
	if err != nil || len(paths) == 0 {
		t.Fatal("no examples", err)
	}
	out := map[string]map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Base(filepath.Dir(path))
		if out[dir] == nil {
			out[dir] = map[string]string{}
		}
		out[dir][filepath.Base(path)] = string(text)
	}
	return out
}

// shorter has 09_lorenz solve a tenth of its 199 segments: on emulated threads all of them take an hour.
var shorter = strings.NewReplacer("const N = 200", "const N = 20", "segments: 199", "segments: 19", "group: 20", "group: 5")

// TestExamples compares the kernels of every example with the interpreter, from the parameters with which training begins: results,
// statistics of every solve (evaluations, accepted and rejected steps), losses and gradients, in both precisions.
func TestExamples(t *testing.T) {
	if os.Getenv("NDEC_TEST_EXAMPLES") == "" {
		return // minutes; .ci/cuda sets it
	}
	for name, files := range examples(t) {
		for file, text := range files {
			files[file] = shorter.Replace(text)
		}
		for _, precision := range []string{"f32", "f64"} {
			t.Run(name+"/"+precision, func(t *testing.T) {
				t.Parallel()
				files := maps.Clone(files)
				for file, text := range files {
					files[file] = strings.ReplaceAll(text, "precision: f32", "precision: "+precision)
				}
				s := programSubject(t, "example_"+name, files, precision)
				s.rows, s.natural = 2, true
				s.initial(t)
				if emutest.Real() && strings.Contains(fmt.Sprint(files), "precision: mixed_") {
					s.mixed = 3e-3 // tensor cores sum in an order of their own
				}
				if name == "13_lagrange" {
					// Its mass matrix is the Hessian of a net, nearly singular at the start, so that solves go off to 1e199; these weights
					// make the net convex, as one is that has learned what masses are.
					s.positive("L.2.weight", "L.4.weight")
				}
				compare(t, []*subject{s})
			})
		}
	}
}

// TestLayers compares layers that fit no budget of a block, with small states (products by the warp) and wide ones (a block a sample),
// in steps of both kinds, with the interpreter. NDEC_TEST_WIDTH takes another width.
func TestLayers(t *testing.T) {
	if os.Getenv("NDEC_TEST_EXAMPLES") == "" {
		return // as TestExamples
	}
	t.Parallel()
	text := source(t, "testdata/layers.nde")
	if width := os.Getenv("NDEC_TEST_WIDTH"); width != "" {
		text = strings.Replace(text, "WIDTH = 300", "WIDTH = "+width, 1)
	}
	s := programSubject(t, "layers", map[string]string{"layers.nde": text}, "f32")
	s.rows = 2
	s.initial(t)
	compare(t, []*subject{s})
	for name, tile := range map[string]bool{"Fixed": true, "Adaptive": true, "Spread": false} {
		if k := s.out.Kernels.Models[slices.IndexFunc(s.out.Kernels.Models, func(k cudagen.ModelKernel) bool { return k.Name == name })]; (k.Lanes == 32) != tile {
			t.Errorf("model %s: %d lanes", name, k.Lanes)
		}
	}
}

// initial gives parameters the numbers with which training begins.
func (s *subject) initial(t *testing.T) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(s.seed, 13))
	for _, p := range s.m.Params {
		for i, xs := 0, s.params[p.Name]; i < len(xs); i++ {
			switch in := p.Init; in.Kind {
			case ir.InitUniform:
				xs[i] = in.A + (in.B-in.A)*rnd.Float64()
			case ir.InitLinearDefault:
				xs[i] = (2*rnd.Float64() - 1) / math.Sqrt(float64(in.FanIn))
			case ir.InitNormal:
				xs[i] = in.A + in.B*rnd.NormFloat64()
			case ir.InitZeros:
				xs[i] = 0.1 * (2*rnd.Float64() - 1) // not 0, so that what depends on them is seen
			}
			xs[i] = float64(float32(xs[i]))
		}
	}
}

// positive takes the absolute values of parameters.
func (s *subject) positive(params ...string) {
	for _, name := range params {
		for i, x := range s.params[name] {
			s.params[name][i] = math.Abs(x)
		}
	}
}
