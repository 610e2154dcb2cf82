package rt

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestWholeBatch: samples that take steps of one length are never in slices, and those that do not fit together are told of.
func TestWholeBatch(t *testing.T) {
	var apart, together Layers
	together.Together = true
	if n, err := apart.slice(3_000_000, layerGroup, 100); err != nil || n >= 3_000_000 {
		t.Errorf("a batch of samples with steps of their own goes in slices of %d: %v", n, err)
	}
	if n, err := together.slice(20_000, layerGroup, 100_000); err != nil || n != 20_000 {
		t.Errorf("a batch whose samples step together goes in slices of %d: %v", n, err)
	}
	for _, bytes := range []int{0, 100, 100_000} {
		n, err := together.slice(3_000_000, layerGroup, bytes)
		if !errors.Is(err, ErrDevice) || !strings.Contains(err.Error(), "3000000 samples take steps of one length together") {
			t.Errorf("%d samples of %d bytes: %v", n, bytes, err)
		}
	}
}

// TestGroupKernels: a kernel of groups takes the place of launches that follow each other, the one of most of them first, and only where what it has as one argument
// is one place, and what it has as two are two.
func TestGroupKernels(t *testing.T) {
	groups := []GroupKernel{
		{Of: "a", Kernel: "one", Block: 256, Rows: 2, Takes: []int{0, 1}},
		{Of: "a", Kernel: "both", Block: 256, Rows: 3, With: []string{"b"}, Takes: []int{0, 1, 1, 2}},
	}
	launches := []LayerLaunch{{Kernel: "a", Places: []int{8, 16}}, {Kernel: "b", Places: []int{16, 24}}, {Kernel: "a", Places: []int{8, 16}}, {Kernel: "b", Places: []int{32, 24}}, {Kernel: "a", Places: []int{8, 16}}, {Kernel: "b", Places: []int{16, 8}}, {Kernel: "c"}}
	l := Layers{Parts: []LayerPart{{Launches: launches}}}
	got := l.grouped(groups)
	want := []LayerLaunch{{Kernel: "both", Block: 256, Rows: 3, Places: []int{8, 16, 24}}, {Kernel: "one", Block: 256, Rows: 2, Places: []int{8, 16}}, launches[3],
		{Kernel: "one", Block: 256, Rows: 2, Places: []int{8, 16}}, launches[5], launches[6]}
	if !reflect.DeepEqual(got.Parts[0].Launches, want) {
		t.Errorf("launches are %+v, want %+v", got.Parts[0].Launches, want)
	}
}
