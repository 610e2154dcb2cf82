package moons_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
)

// TestSlices: rows may begin at any place of memory, what lies beside results stays, and slices of lengths that do not fit are errors.
func TestSlices(t *testing.T) {
	m, ctx := moons.NewMoons(moons.NewParams(1)), context.Background()
	const n = 2 * 65
	x, _ := points(n / 2)
	want := make([]moons.Real, n)
	if err := m.Batch(ctx, want, x, nil, rt.Workers(1)); err != nil {
		t.Fatal(err)
	}
	for _, off := range []int{1, 3, 7} {
		in, out := append(make([]moons.Real, off), x...), make([]moons.Real, off+n+1)
		out[off-1], out[off+n] = 5, 6
		if err := m.Batch(ctx, out[off:off+n], in[off:], nil); err != nil || !slices.Equal(out[off:off+n], want) || out[off-1] != 5 || out[off+n] != 6 {
			t.Errorf("rows at place %d of a slice differ, %v", off, err)
		}
	}
	for _, n := range [][2]int{{3, 3}, {4, 2}, {2, 4}, {0, 2}} {
		if err := m.Batch(ctx, make([]moons.Real, n[0]), x[:n[1]], nil); !errors.Is(err, rt.ErrShape) {
			t.Errorf("%d numbers in and %d out: %v", n[1], n[0], err)
		}
	}
}
