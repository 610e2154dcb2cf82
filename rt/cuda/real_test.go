//go:build cuda

package cuda_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/rt"
)

// What tests of this package need of the machine: the stand-in for the driver (rt/cuda/fake) with a C++ compiler, or a GPU. There kernels are
// compiled by NVRTC, or, on a machine without any compiler, are machine code that NDEC_TEST_IMAGES has. The program of the tests, made by
// `go test -tags cuda -c`, makes that code over the stand-in with NDEC_TEST_DEVICE=images where nvcc is, and runs in this folder of the tree.

// emulated reports whether the driver is the stand-in.
func emulated(t testing.TB) bool {
	t.Helper()
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.HasPrefix(dev.Name(), "emulation")
}

// needsStandIn skips a test of what the stand-in can be told to do.
func needsStandIn(t testing.TB, why string) {
	t.Helper()
	if !emulated(t) {
		t.Skip("not for a real device: " + why)
	}
}

// needsDevice skips a test of what the stand-in does not know.
func needsDevice(t testing.TB, why string) {
	t.Helper()
	if emulated(t) {
		t.Skip("for a real device alone: " + why)
	}
}

// kernels are those of a program with what the driver loads, of a package with kernels of groups two images.
func kernels(t testing.TB, name string, out *cudagen.Output) *rt.Kernels {
	t.Helper()
	k := emutest.Kernels(t, out)
	if emutest.OnlyImages() {
		emutest.Images(t, out)
		t.Skip("only machine code is made")
	}
	if emulated(t) && !emutest.PTX() { // with NDEC_TEST_FORM=ptx it interprets
		text := func(groups bool) string {
			return "// ndec-cpu: " + emutest.Library(t, name, out, groups) + "\n.version 9.9\n"
		}
		k.Images = []rt.KernelImage{{Capability: 75, Text: text(false)}}
		if len(out.Kernels.Groups) > 0 {
			k.Images = append(k.Images, rt.KernelImage{Capability: 90, Groups: true, Text: text(true)})
		}
	} else {
		k.Images = emutest.Images(t, out)
	}
	return k
}

// TestFault leaves a kernel in memory that is not there. Whoever waits is told, closing ends, and a device that is opened again either works or says
// that it fails: the driver need let no one go on in such a process, so it is one of its own.
func TestFault(t *testing.T) {
	const variable = "NDEC_TEST_FAULT"
	if os.Getenv(variable) == "" {
		twice(t)            // for its machine code
		if !emutest.PTX() { // the interpreter knows what memory there is
			needsDevice(t, "TestLimits has the errors of kernels that the stand-in is told")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestFault$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		text, err := cmd.CombinedOutput()
		t.Logf("%s", text)
		if err != nil {
			t.Error(err)
		}
		return
	}
	mod, k, closeAll := loaded(t, nil)
	twoOf := func(mod rt.DeviceModule, bad bool) error {
		return mod.Do(func(q rt.DeviceQueue) error {
			p, err := q.Alloc(256)
			if err != nil {
				return err
			}
			at := uint64(p)
			if bad {
				at = 256 // nothing lies there
			}
			err = q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, []uint64{8, at, uint64(p) + 32})
			return errors.Join(err, q.Read(rt.DeviceRead{To: make([]byte, 8), From: p}), q.Free(p))
		})
	}
	if err := twoOf(mod, true); !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "left its memory") {
		t.Errorf("a kernel in memory that is not there gives %v", err)
	}
	t.Logf("closing gives %v", closeAll())
	dev, err := rt.Open("cuda:0")
	if err == nil {
		mod, err = dev.Load(k)
	}
	if err == nil {
		err = errors.Join(twoOf(mod, false), mod.Close(), dev.Close())
	}
	if t.Logf("a device that is opened again gives %v", err); err != nil && !errors.Is(err, rt.ErrDevice) && !errors.Is(err, rt.ErrNoDevice) {
		t.Error("which is no error of a device")
	}
}

// TestBadImage has PTX that no compiler takes: the error has what the driver's says.
func TestBadImage(t *testing.T) {
	t.Setenv("NDEC_FAKE_LIBRARY", "")
	os.Unsetenv("NDEC_FAKE_LIBRARY") // until the test ends
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = dev.Load(&rt.Kernels{Images: []rt.KernelImage{{Capability: 80, Text: ".version 7.8\n.target sm_80\n.address_size 64\nnonsense\n"}}})
	if !errors.Is(err, rt.ErrDevice) || !strings.Contains(err.Error(), "loading the kernels on") || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("PTX that is none gives %v", err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}
