package cuda

import (
	"slices"
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

// TestChoose has images with kernels of groups, which devices of one capability take beside another, and no others.
func TestChoose(t *testing.T) {
	groups := []rt.KernelImage{{Capability: 80}, {Capability: 90, Groups: true}, {Capability: 90}, {Capability: 75}}
	machine := []rt.KernelImage{{Capability: 80}, {Capability: 90, Text: "\x7fELF"}, {Capability: 90, Groups: true, Text: "\x7fELF"}}
	for _, c := range []struct {
		images             []rt.KernelImage
		capability, driver int
		want               []int
	}{
		{groups, 90, 13000, []int{2, 1}},
		{groups, 90, 12000, []int{2, 1}},
		{groups, 90, 11080, []int{2}}, // its PTX is of CUDA 12.0
		{groups, 100, 13000, []int{2}},
		{groups, 89, 13000, []int{0}},
		{groups, 75, 13000, []int{3}},
		{groups[:2], 100, 13000, []int{0}},
		{groups[:2], 90, 13000, []int{0, 1}},
		{groups[1:2], 90, 13000, nil}, // it has no other kernels
		{groups[1:2], 120, 13000, nil},
		{groups[:2], 70, 13000, nil},
		{groups[:1], 90, 13000, []int{0}},
		{nil, 90, 13000, nil},
		{machine, 90, 13000, []int{1, 2}},
		{machine[:2], 90, 13000, []int{1}},
		{machine, 100, 13000, []int{0}},
		{machine[1:], 100, 13000, nil},
		{machine, 86, 13000, []int{0}},
	} {
		var want []rt.KernelImage
		for _, i := range c.want {
			want = append(want, c.images[i])
		}
		if got := choose(c.images, c.capability, c.driver); !slices.Equal(got, want) {
			t.Errorf("a device of capability %d with driver %d takes %v of %v, want %v", c.capability, c.driver, got, c.images, want)
		}
	}
}
