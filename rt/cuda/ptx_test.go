package cuda

import (
	"testing"

	"ndec.dev/ndec/rt"
)

func TestFitVersion(t *testing.T) {
	for _, c := range []struct {
		text   string
		driver int
		want   string
	}{
		{"// x\n.version 9.0\n.target sm_80\n", 13000, "// x\n.version 9.0\n.target sm_80\n"},
		{"// x\n.version 9.0\n.target sm_80\n", 12040, "// x\n.version 7.8\n.target sm_80\n"},
		{".version 8.4\n", 12040, ".version 8.4\n"},
		{".version 8.4\n", 12030, ".version 7.8\n"},
		{".version 9.5\n", 13000, ".version 7.8\n"},
		{".version 7.8\n", 11080, ".version 7.8\n"},
		{"no ptx", 13000, "no ptx"},
		{".version 9.0\n.target sm_90a\n", 13000, ".version 9.0\n.target sm_90a\n"},
		{".version 9.0\n.target sm_90a\n", 12040, ".version 8.0\n.target sm_90a\n"},
		{".version 8.3\n.target sm_90a, debug\n", 12000, ".version 8.0\n.target sm_90a, debug\n"},
	} {
		if got := fitVersion(c.text, c.driver); got != c.want {
			t.Errorf("driver %d: %q, want %q", c.driver, got, c.want)
		}
	}
}

// TestChoose has images with kernels of groups, which devices of one capability take, and no others.
func TestChoose(t *testing.T) {
	groups := []rt.KernelImage{{Capability: 80}, {Capability: 90, Groups: true}, {Capability: 90}, {Capability: 75}}
	machine := []rt.KernelImage{{Capability: 80}, {Capability: 90, Text: "\x7fELF"}}
	for _, c := range []struct {
		images             []rt.KernelImage
		capability, driver int
		want               int
	}{
		{groups, 90, 13000, 1},
		{groups, 90, 12000, 1},
		{groups, 90, 11080, 2}, // its PTX is of CUDA 12.0
		{groups, 100, 13000, 2},
		{groups, 89, 13000, 0},
		{groups, 75, 13000, 3},
		{groups[:2], 100, 13000, 0},
		{groups[:2], 90, 13000, 1},
		{groups[1:2], 120, 13000, -1},
		{groups[:2], 70, 13000, -1},
		{groups[:1], 90, 13000, 0},
		{nil, 90, 13000, -1},
		{machine, 90, 13000, 1},
		{machine, 100, 13000, 0},
		{machine[1:], 100, 13000, -1},
		{machine, 86, 13000, 0},
	} {
		if got := choose(c.images, c.capability, c.driver); got != c.want {
			t.Errorf("a device of capability %d with driver %d takes image %d of %v, want %d", c.capability, c.driver, got, c.images, c.want)
		}
	}
}
