package emutest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/nvcc"
	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/rt"
)

// Tests with NDEC_TEST_DEVICE=cuda:0 (and the tag cuda) run kernels on that device in place of the emulation. Machines with a GPU need not
// have a compiler: NDEC_TEST_DEVICE=images, on a machine with nvcc, makes the machine code of every program that tests run, in the folder
// NDEC_TEST_IMAGES, and skips the tests. With NDEC_TEST_FORM=ptx images are PTX, as packages have it, which the
// stand-in for the driver interprets.
const (
	deviceVariable = "NDEC_TEST_DEVICE"
	imagesVariable = "NDEC_TEST_IMAGES"
	formVariable   = "NDEC_TEST_FORM"
	onlyImages     = "images"
	ptxForm        = "ptx"
)

// machine is the capability of the devices that machine code is made for.
const machine = 90

// Real reports whether tests run on a device.
func Real() bool { return os.Getenv(deviceVariable) != "" }

// PTX reports whether images are PTX.
func PTX() bool { return os.Getenv(formVariable) == ptxForm }

// OnlyImages reports whether tests make machine code and run nothing.
func OnlyImages() bool { return os.Getenv(deviceVariable) == onlyImages }

// startReal is Start where the device is a real one.
func startReal(t testing.TB, outs map[string]*cudagen.Output) *Server {
	t.Helper()
	s := &Server{code: map[string][]rt.KernelImage{}, err: new(strings.Builder)}
	for ns, out := range outs {
		s.code[ns] = Images(t, out)
	}
	if OnlyImages() {
		t.Skip("only machine code is made")
	}
	dev, err := rt.Open(os.Getenv(deviceVariable))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	s.real = dev
	return s
}

// Images gives the machine code of a program that NDEC_TEST_IMAGES has, and makes it where nvcc is there: PTX as packages have it, and what
// ptxas makes of that, as the driver would. None where the folder or the compiler is missing.
func Images(t testing.TB, out *cudagen.Output) (images []rt.KernelImage) {
	t.Helper()
	dir := os.Getenv(imagesVariable)
	if dir == "" {
		return nil
	}
	h := sha256.New()
	for _, f := range out.Files {
		h.Write(f.Text)
	}
	h.Write([]byte(cudagen.Prelude()))
	for _, m := range nvcc.Images(out) {
		target := "sm_90"
		if m.Groups {
			target = "sm_90a"
		}
		capability := machine
		if PTX() {
			capability, target = m.Capability, "sm_"+m.Arch()+".ptx"
		}
		path := filepath.Join(dir, hex.EncodeToString(h.Sum(nil))[:32]+"."+target)
		text, err := os.ReadFile(path)
		if compiler := nvcc.Find(); err != nil && compiler != "" {
			if text, err = assemble(compiler, out, m, target); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(path+".new", text, 0o666), os.Rename(path+".new", path)); err != nil { // nothing half written is taken for machine code
				t.Fatal(err)
			}
		}
		if err == nil {
			images = append(images, rt.KernelImage{Capability: capability, Groups: m.Groups, Text: string(text)})
		}
	}
	return images
}

// assemble makes machine code of an image, or its PTX.
func assemble(compiler string, out *cudagen.Output, m cudagen.Image, target string) ([]byte, error) {
	ptx, err := nvcc.Compile(compiler, out, m)
	if err != nil || PTX() {
		return ptx, err
	}
	dir, err := os.MkdirTemp("", "ndec-images")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, code := filepath.Join(dir, "in.ptx"), filepath.Join(dir, "out.cubin")
	if err := os.WriteFile(in, ptx, 0o666); err != nil {
		return nil, err
	}
	if said, err := exec.Command(filepath.Join(filepath.Dir(compiler), "ptxas"), "-arch="+target, "-o", code, in).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ptxas: %w\n%s", err, said)
	}
	return os.ReadFile(code)
}

// realDevice is a device for the program of a namespace.
type realDevice struct {
	rt.Device
	code   []rt.KernelImage
	groups bool
}

// Load loads the program with its machine code; without any, the driver's compiler has to be there.
func (d realDevice) Load(k *rt.Kernels) (rt.DeviceModule, error) {
	with := *k
	with.Images = nil
	for _, m := range d.code {
		if !m.Groups || d.groups {
			with.Images = append(with.Images, m)
		}
	}
	return d.Device.Load(&with)
}

// Close leaves the device to the test.
func (d realDevice) Close() error { return nil }
