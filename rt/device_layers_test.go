package rt

import (
	"errors"
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
