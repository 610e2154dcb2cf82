//go:build cuda

package cuda

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cudagen"
)

// TestNVRTC compiles kernels of threads, with parameters in constant memory, of tiles and of groups by NVRTC, which needs no device. It has neither
// the headers nor the macros that nvcc brings. With NDEC_TEST_NVRTC set, as CI does, its library has to be there.
func TestNVRTC(t *testing.T) {
	for _, c := range []struct {
		file, has string
		groups    bool
	}{
		{"updates", "ndec_params[", false},
		{"deep", "m_forward_batch(", false},
		{"deep", "wgmma.mma_async", true},
	} {
		t.Run(fmt.Sprint(c.file, c.groups), func(t *testing.T) {
			text, err := os.ReadFile("../../cudagen/testdata/" + c.file + ".nde")
			if err != nil {
				t.Fatal(err)
			}
			res, ds := driver.Compile(map[string]string{c.file + ".nde": string(text)}, driver.Options{CUDA: true})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			ptx, err := compile(string(res.CUDA.Files[0].Text), cudagen.Prelude(), 90, c.groups)
			if err != nil && strings.Contains(err.Error(), "there is no libnvrtc") && os.Getenv("NDEC_TEST_NVRTC") == "" {
				t.Skip("NOT CHECKED: " + err.Error())
			}
			if err != nil {
				t.Fatal(err)
			}
			if !ptxVersion.MatchString(ptx) || !strings.Contains(ptx, c.has) || ptxGroups.MatchString(ptx) != c.groups {
				t.Errorf("PTX without %s, or for another device:\n%.300s", c.has, ptx)
			}
		})
	}
}
