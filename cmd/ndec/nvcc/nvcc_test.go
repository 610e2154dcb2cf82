//go:build unix

package nvcc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/ir/plan"
)

// TestHeaders: kernels are compiled without the headers of the C++ library, with them where that fails, and what the compiler says at last is what
// the user reads.
func TestHeaders(t *testing.T) {
	out := &cudagen.Output{Files: []plan.File{{Name: "k.cu", Text: []byte("kernels\n")}, {Name: "ndec.cuh", Text: []byte("prelude\n")}}}
	const short = `case "$*" in *__CUDACC_RTC__*) `
	for _, c := range []struct{ name, compiler, want, fails string }{
		{"short", short + `test -f target && test -f nvrtc_device_runtime.h && cat k.cu >result;; *) exit 3;; esac`, "kernels\n", ""},
		{"long", short + `echo no header >&2; exit 2;; esac; cat ndec.cuh >result`, "prelude\n", ""},
		{"no body", short + `printf '.version\n.extern .func x\n' >result;; *) cat k.cu >result;; esac`, "kernels\n", ""},
		{"none", short + `echo no header >&2; exit 2;; esac; echo a bad kernel; exit 1`, "", "a bad kernel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "nvcc")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.compiler+"\n"), 0o777); err != nil {
				t.Fatal(err)
			}
			text, err := Compile(path, out, cudagen.Image{Capability: 80})
			if c.fails == "" && (err != nil || string(text) != c.want) {
				t.Errorf("%q, %v", text, err)
			}
			if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "no header")) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestImages: what nvcc makes the same of for several devices is compiled once, for the least of them.
func TestImages(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	path := filepath.Join(dir, "nvcc")
	script := `#!/bin/sh
for x; do case $x in -arch=compute_*) arch=${x#-arch=compute_};; esac; done
echo $arch >>"$(dirname "$0")/ran"
printf '.version 9.0\n.target sm_%s\n// .target sm_1 is no line of its own\n' $arch >result
`
	if err := os.WriteFile(path, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	out := &cudagen.Output{Files: []plan.File{{Name: "k.cu", Text: []byte("kernels\n")}}, Arch: []int{90, 75, 86, 80, 100}}
	out.Kernels.Groups = []cudagen.GroupKernel{{}}
	images, err := Assemble(path)(out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range images {
		got = append(got, m.Arch())
		if want := ".version 9.0\n.target sm_" + m.Arch() + "\n// .target sm_1 is no line of its own\n"; string(m.Text) != want {
			t.Errorf("sm_%s has %q", m.Arch(), m.Text)
		}
	}
	if want := []string{"90", "75", "86", "80", "100", "90a"}; !slices.Equal(got, want) {
		t.Errorf("images for %v, not %v", got, want)
	}
	ran, err := os.ReadFile(filepath.Join(dir, "ran"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(ran)); len(got) != 5 || slices.Contains(got, "90") {
		t.Errorf("compiled for %v", got)
	}
}
