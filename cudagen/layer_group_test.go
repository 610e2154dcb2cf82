package cudagen_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/nvcc"
	"ndec.dev/ndec/cudagen"
)

// wideLayers has matrices that are and are not multiples of a piece, more columns than an instruction takes, a product of what other threads have given, and
// samples that take other numbers of steps.
var wideLayers = strings.NewReplacer(`near := reshape(u, 2, 9) |> Conv1d(2, kernel: 3, pad: 1) |> flatten
	return near |> Linear(18) |> tanh`, `first := u |> Linear(20) |> tanh
	return first[3:20] |> Linear(140) |> tanh |> Linear(18)`).Replace(rowsOfSteps)

// TestLayerGroups compares models, losses and gradients whose products go by groups with the interpreter, over more samples than a block has, and with
// products by the warp.
func TestLayerGroups(t *testing.T) {
	s := programSubject(t, "wide", map[string]string{"wide.nde": wideLayers}, "f32")
	s.rows, s.layers, s.groups, s.heavy = 129, true, true, true
	compare(t, []*subject{s})
	var run, sums int
	for _, g := range s.out.Kernels.Groups {
		if g.Rows == 0 {
			t.Errorf("%s has the group %+v", g.Of, g)
		}
		if len(g.With) == 2 {
			run++
		}
		if strings.Contains(g.Of, "_sums") {
			sums++
		}
		if !slices.ContainsFunc(s.out.Kernels.Recipes[0].Grad.Layers.Parts, func(p cudagen.LayerPart) bool {
			return slices.ContainsFunc(p.Launches, func(l cudagen.LayerLaunch) bool { return l.Kernel == g.Of })
		}) && !strings.Contains(g.Of, "field_product") {
			t.Errorf("nobody launches %s", g.Of)
		}
	}
	for _, p := range s.out.Kernels.Recipes[0].Grad.Layers.Parts {
		for _, l := range p.Launches {
			if places := slices.Sorted(slices.Values(l.Places)); len(slices.Compact(places)) < len(l.Places) {
				t.Errorf("%s has a place twice, which kernels of groups take to be two: %v", l.Kernel, l.Places)
			}
		}
	}
	if run < 1 || sums < 3 {
		t.Errorf("there are %d kernels of three products, and %d of sums", run, sums)
	}
}

// forces has products in a row of which the last reads what the first made: the layers of a potential on the way to its derivative.
const forces = `package forces

net V(q [18]real) real {
	return q |> Linear(24) |> tanh |> Linear(20) |> tanh |> Linear() |> scalar
}

system Fall {
	state q [18]real
	der(q) = -grad(V(q), q)
}

model End(q [18]real) (z [18]real) {
	return solve(Fall{q: q}, over: 0..1, with: rk4{steps: 2}).q
}
`

func TestLayerGroupForces(t *testing.T) {
	s := programSubject(t, "forces", map[string]string{"forces.nde": forces}, "f32")
	s.rows, s.layers, s.groups, s.heavy = 129, true, true, true
	compare(t, []*subject{s})
	if !slices.ContainsFunc(s.out.Kernels.Groups, func(g cudagen.GroupKernel) bool { return len(g.With) >= 3 }) {
		t.Errorf("no kernel has four products: %+v", s.out.Kernels.Groups)
	}
}

// TestLayerGroupCode counts instructions of tensor cores in what ptxas makes of these kernels: six products of two pieces of 16 terms for each loop over columns, and no others.
// It says nothing of products that it has to order, and stores no registers.
func TestLayerGroupCode(t *testing.T) {
	if os.Getenv("NDEC_TEST_NVCC") == "" {
		return // .ci/cuda sets it
	}
	compiler := nvcc.Find()
	s := programSubject(t, "wide", map[string]string{"wide.nde": wideLayers}, "f32")
	s.layers = true
	s.emit(t)
	text, said := disassembled(t, compiler, s.out, "-arch=sm_90a", "-D"+cudagen.OnlyGroups)
	if strings.Contains(said, "(C75") || regexp.MustCompile(`[1-9]\d* bytes (stack frame|spill)`).MatchString(said) {
		t.Errorf("ptxas orders products, or stores registers:\n%s", said)
	}
	want := map[string]int{ // 140 columns are 128 and 12; sums have pieces of 32 samples, and what is left
		"flow_field_product_group": 12 + 24 + 12,
		"flow_field_bwd_sums":      24,
	}
	found := map[string]int{}
	for _, part := range regexp.MustCompile(`(?m)^\s*\.section\s`).Split(text, -1) {
		head, _, _ := strings.Cut(part, ",")
		n := len(regexp.MustCompile(`\sHGMMA[. ]`).FindAllString(part, -1))
		for name, count := range want {
			if !strings.HasPrefix(head, ".text."+name) || !strings.HasSuffix(strings.Trim(head, `"`), "_group") {
				continue
			}
			found[name]++
			if n != count {
				t.Errorf("%s has %d HGMMA, want %d", head, n, count)
			}
		}
	}
	if found["flow_field_product_group"] != 1 || found["flow_field_bwd_sums"] != 3 {
		t.Errorf("there are %v", found)
	}
}
