// Package nvcc makes PTX of emitted kernels with the CUDA compiler that it finds, and asks ptxas what they need. Nothing of
// it is linked: without a compiler, kernels are compiled where they run.
package nvcc

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"ndec.dev/ndec/cudagen"
)

// capabilities are those that PTX is made for where a program names none; drivers translate it for what they have.
var capabilities = []int{80}

// groupCapability is that of devices with the instructions of groups: their image is made beside the others, unless a program names
// others only.
const groupCapability = 90

// Find gives the compiler: on the PATH, or below CUDA_HOME. "" says that there is none.
func Find() string {
	if path, err := exec.LookPath("nvcc"); err == nil {
		return path
	}
	if home := os.Getenv("CUDA_HOME"); home != "" {
		path := filepath.Join(home, "bin", "nvcc")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// flags of every compilation: products are rounded before they are added unless the text says otherwise.
var flags = []string{"--fmad=false", "-diag-suppress", "177,550"}

// Every compilation reads CUDA's headers, and these those of the C++ library, which kernels do not need: for a small program that is half of the time. For
// NVRTC, which has no C++ library, they leave that out; short asks them for the same. What NVRTC then has built in are the files of own, and the
// bodies of some intrinsics.
var (
	short = []string{"-D__CUDACC_RTC__", "-Dsize_t=__SIZE_TYPE__", "-I.", "-include", "intrinsics.h"}
	own   = map[string]string{
		"nvrtc_device_runtime.h": "",
		"target":                 "typedef long clock_t;\nnamespace __gnu_cxx { template <class, class> struct __promote_2 { typedef double __type; }; }\n",
		"intrinsics.h": `#define __CUDA_INCLUDE_COMPILER_INTERNAL_HEADERS__
#include "sm_20_intrinsics.hpp"
#include "sm_30_intrinsics.hpp"
#include "crt/sm_80_rt.hpp"
`,
	}
)

// missing is what PTX says of a function without a body.
const missing = "\n.extern .func"

// long is for headers of CUDA that want something else. The macro is the guard of a header with Bessel functions and the like that libstdc++'s <cmath> brings.
var long = []string{"-D_GLIBCXX_BITS_SPECFUN_H"}

// Images are those that a package gets, without their text.
func Images(out *cudagen.Output) (images []cudagen.Image) {
	arch := out.Arch
	if len(arch) == 0 {
		arch = capabilities
	}
	for _, c := range arch {
		images = append(images, cudagen.Image{Capability: c})
	}
	if len(out.Kernels.Groups) > 0 && (len(out.Arch) == 0 || slices.Contains(arch, groupCapability)) {
		images = append(images, cudagen.Image{Capability: groupCapability, Groups: true})
	}
	return images
}

// Compile makes the text of an image.
func Compile(nvcc string, out *cudagen.Output, m cudagen.Image) ([]byte, error) {
	text, _, err := Run(nvcc, out, options(m)...)
	return text, err
}

// options are those of an image.
func options(m cudagen.Image) []string {
	some := []string{"-ptx", "-arch=compute_" + m.Arch()}
	if m.Groups {
		some = append(some, "-D"+cudagen.OnlyGroups)
	}
	return some
}

// First is the image whose PTX image i has but for the name of the device: for sm_80 and sm_90 nvcc makes the same of a text that does not ask for the
// device, as ours does for sm_90a alone (for sm_86 it is another one). It is compiled once, for the former; i itself if that is the one.
func First(images []cudagen.Image, i int) int {
	alike := func(m cudagen.Image) bool { return !m.Groups && (m.Capability == 80 || m.Capability == 90) }
	first := i
	for k, m := range images {
		if alike(m) && alike(images[i]) && m.Capability < images[first].Capability {
			first = k
		}
	}
	return first
}

// target is the line of PTX that names the device.
var target = regexp.MustCompile(`(?m)^\.target sm_\d+a?$`)

// Assemble makes the images of a package, those for several devices beside each other. It may be called for several packages at a time: of all
// their images as many are made as there are processors for Go. They are kept in the user's cache folder by the hash of their text.
func Assemble(nvcc string) func(out *cudagen.Output) ([]cudagen.Image, error) {
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	return func(out *cudagen.Output) ([]cudagen.Image, error) {
		images := Images(out)
		errs := make([]error, len(images))
		var all sync.WaitGroup
		for i := range images {
			if First(images, i) != i {
				continue
			}
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				images[i].Text, errs[i] = cached(nvcc, out, images[i])
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		for i, m := range images {
			if first := First(images, i); first != i {
				images[i].Text = target.ReplaceAll(images[first].Text, []byte(".target sm_"+m.Arch()))
			}
		}
		return images, nil
	}
}

func cached(nvcc string, out *cudagen.Output, m cudagen.Image) ([]byte, error) {
	info, err := os.Stat(nvcc)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %v %q %q %q %q\n", nvcc, info.Size(), info.ModTime().UnixNano(), options(m), flags, short, own)
	for _, f := range out.Files {
		fmt.Fprintf(h, "%d\n", len(f.Text))
		h.Write(f.Text)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = filepath.Join(os.TempDir(), "ndec-cache")
	}
	path := filepath.Join(dir, "ndec", "ptx", hex.EncodeToString(h.Sum(nil))[:32]+".ptx")
	if text, err := os.ReadFile(path); err == nil {
		return text, nil
	}
	text, err := Compile(nvcc, out, m)
	if err != nil {
		return nil, err
	}
	// A cache that cannot be written costs time only.
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
		if tmp, err := os.CreateTemp(filepath.Dir(path), ".ptx*"); err == nil {
			_, werr := tmp.Write(text)
			if cerr := tmp.Close(); werr == nil && cerr == nil {
				_ = os.Rename(tmp.Name(), path)
			}
			os.Remove(tmp.Name())
		}
	}
	return text, nil
}

// Run compiles a package with further flags, and gives the result and what the compiler said.
func Run(nvcc string, out *cudagen.Output, more ...string) (result []byte, said string, err error) {
	dir, err := os.MkdirTemp("", "ndec-nvcc")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	for _, f := range out.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Text, 0o666); err != nil {
			return nil, "", err
		}
	}
	for name, text := range own {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, "", err
		}
	}
	for _, headers := range [][]string{short, long} {
		args := slices.Concat(flags, headers, more, []string{"-o", "result", out.Files[0].Name})
		cmd := exec.Command(nvcc, args...)
		cmd.Dir = dir
		var msg bytes.Buffer
		cmd.Stdout, cmd.Stderr = &msg, &msg
		err = cmd.Run()
		said = msg.String()
		if err == nil {
			result, err = os.ReadFile(filepath.Join(dir, "result"))
		}
		if err == nil && !bytes.Contains(result, []byte(missing)) {
			return result, said, nil
		}
		if err == nil {
			err = errors.New("a function has no body")
		}
	}
	return nil, said, fmt.Errorf("%s: %w\n%s", nvcc, err, strings.TrimSpace(said))
}

// Use is what a kernel takes of a multiprocessor, as ptxas says.
type Use struct {
	Kernel                   string
	Registers, Stack, Spills int // spills in bytes, stores and loads together
	Shared                   int
}

var (
	entryLine = regexp.MustCompile(`Compiling entry function '([^']+)'`)
	stackLine = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	usedLine  = regexp.MustCompile(`Used (\d+) registers`)
	smemLine  = regexp.MustCompile(`(\d+) bytes smem`)
)

// Measure compiles a package for a device, "90" or "90a", and gives what its kernels take.
func Measure(nvcc string, out *cudagen.Output, arch string) ([]Use, error) {
	_, said, err := Run(nvcc, out, "-cubin", "-arch=sm_"+arch, "-Xptxas", "-v")
	if err != nil {
		return nil, err
	}
	return parseUse(said), nil
}

// parseUse reads what ptxas -v prints.
func parseUse(said string) []Use {
	var uses []Use
	for _, l := range strings.Split(said, "\n") {
		if m := entryLine.FindStringSubmatch(l); m != nil {
			uses = append(uses, Use{Kernel: m[1]})
		}
		if len(uses) == 0 {
			continue
		}
		u := &uses[len(uses)-1]
		if m := stackLine.FindStringSubmatch(l); m != nil && u.Registers == 0 { // of the kernel, or of what it calls
			u.Stack = max(u.Stack, number(m[1]))
			u.Spills += number(m[2]) + number(m[3])
		}
		if m := usedLine.FindStringSubmatch(l); m != nil && u.Registers == 0 {
			u.Registers = number(m[1])
			if m := smemLine.FindStringSubmatch(l); m != nil {
				u.Shared = number(m[1])
			}
		}
	}
	return uses
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // digits, by the pattern
	return n
}
