package cudagen_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// groupSubject is testdata/groups.nde on a device that multiplies for four warps at a time.
func groupSubject(t *testing.T, rows int) *subject {
	s := programSubject(t, "groups", map[string]string{"groups.nde": source(t, "testdata/groups.nde")}, "f32")
	s.rows, s.groups, s.heavy = rows, true, true
	return s
}

// TestGroups compares kernels of groups with the interpreter, over more samples than a block has, and models with those of tiles, bit by
// bit.
func TestGroups(t *testing.T) {
	s := groupSubject(t, 133)
	pieces := groupSubject(t, 40)
	pieces.name, pieces.shared = "pieces", 40<<10 // too little for the weights of both nets
	all := []*subject{s, pieces}
	if os.Getenv("NDEC_TEST_MODULES") != "" { // in CI
		more := tileSubject(t, 37) // adaptive steps, layers around a solve, a field that is a derivative
		more.groups = true
		all = append(all, more)
	}
	compare(t, all)
	text := string(s.out.Files[0].Text)
	for _, want := range []string{
		"ndec_tile_product<ndec_bf16<3>, 40, 48, 4608>(", // f is placed first in Both, which has both nets
		"ndec_group_pack<ndec_bf16<3>, 68, 136>(weights + 36864,",
		"template <class Tile> NDEC_CALL ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if text := string(pieces.out.Files[0].Text); !strings.Contains(text, "ndec_tile_product<ndec_bf16<3>, 68, 136, 0, true>(") || !strings.Contains(text, "ndec_tile_product<ndec_bf16<3>, 2, 40, 29184>(") {
		t.Errorf("weights do not go through a part of shared memory where they do not fit, or others do:\n%s", text)
	}
	if g := pieces.out.Budgets["both_forward_batch"].Group; g == nil || g.Streamed != 4 || g.Packed != 2 || g.Bytes > 40<<10 {
		t.Errorf("both_forward_batch has the group %+v", g)
	}
	for _, of := range []string{"ends_forward_batch", "both_forward_batch", "fit_loss_batch"} {
		g := s.out.Budgets[of].Group
		if g == nil || g.Left != 0 || g.Packed == 0 || g.Bytes > 227<<10 {
			t.Errorf("%s has the group %+v", of, g)
		}
	}
	if g := pieces.out.Budgets["fit_grad_batch"].Group; g != nil {
		t.Errorf("a gradient whose weights do not fit has the group %+v", g)
	}
}

// sumsSubject is a gradient whose sums are kept by warps of their own: adaptive steps, of which every sample has its own number.
func sumsSubject(t *testing.T, name string, width int, recipe string) *subject {
	s := programSubject(t, name, map[string]string{name + ".nde": "package " + name + `

net f(x [2]real) [2]real {
	return x |> Linear(20) |> tanh |> Linear(` + fmt.Sprint(width) + `) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	context load real
	der(x) = f(x) * load
}

model End(x [2]real, load real) (y [2]real) {
	return solve(Flow{x, load: load}, over: 0..1, with: dopri5{rtol: 1e-1, atol: 1e-1}).x
}

data Points {
	x, y [2]real
	load real
	source: csv{path: "points.csv"}
}

train Fit {
	data: Points
	epochs: 1
	optimizer: adam
	minimize sqnorm(End(x, load) - y)
	` + recipe + `
}
`}, "f32")
	s.rows, s.groups, s.heavy, s.blocks = 33, true, true, 1
	return s
}

// TestGroupSums compares such gradients with the interpreter, and in CI with more samples than the block has, which goes on with the same sums: of blocks with eight
// warps that evaluate fields again for the way back, and with four, for a small batch, that keep what it takes, since it is too long for registers.
func TestGroupSums(t *testing.T) {
	s, few := sumsSubject(t, "sums", 36, ""), sumsSubject(t, "few", 72, "batch: 64")
	if os.Getenv("NDEC_TEST_MODULES") != "" { // in CI
		s.rows, few.rows = 261, 133
		compare(t, []*subject{s, few})
	} else {
		compare(t, []*subject{s})
		few.emit(t)
	}
	if g := few.out.Budgets["fit_grad_batch"].Group; g == nil || g.Warps != 12 || g.Summing != 8 || g.Batch != 64 {
		t.Errorf("of a small batch fit_grad_batch has the group %+v", g)
	}
	g := s.out.Budgets["fit_grad_batch"].Group
	if g == nil || g.Warps != 12 || g.Summing != 4 || g.Left != 0 || g.Packed != 3 || g.Outer != 6+3+3 || g.Kept != 3*4+4+4 {
		t.Errorf("fit_grad_batch has the group %+v", g)
	}
	if text := string(few.out.Files[0].Text); strings.Contains(text, "Tile::again") {
		t.Errorf("fragments of 72 numbers are in registers twice")
	}
	text := string(s.out.Files[0].Text)
	for _, want := range []string{
		", false, true>(tile, vecmat", // weights read with rows and columns changed
		"ndec_group_sum_outer<ndec_bf16<3>, 256, 36, 20, true>(",
		"ndec_group_sum_outer<ndec_bf16<3>, 256, 2, 36, false>(",
		"ndec_group_leave_vector<256, 36, 20>(left.f_2_bias, sum2)", // a bias with its matrix
		"if constexpr (Tile::again) {",                              // nothing is kept for the way back
		"ndec_group_more<216>();",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
}
