package cudagen_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/nvcc"
	"ndec.dev/ndec/cudagen"
)

// small are programs whose kernels fit registers: trained numbers up to 120, and nets of one layer.
var small = []string{"adaptive", "driven", "energy", "fixed", "regression", "spring"}

// net has two layers of the same width, in steps of a given number.
const net = `package %[1]s

net f(x [%[2]d]real) [%[2]d]real {
	return x |> Linear(%[3]d) |> tanh |> Linear(%[3]d) |> tanh |> Linear(%[2]d)
}

system Flow {
	state x [%[2]d]real
	der(x) = f(x)
}

model M(x [%[2]d]real) (y [%[2]d]real) {
	return solve(Flow{x}, over: 0..1, with: rk4{steps: 40}).x
}

data D {
	x, y [%[2]d]real
	source: csv{path: "pairs.csv"}
}

train T {
	data: D
	epochs: 1
	optimizer: adam
	minimize sqnorm(M(x) - y)
}
`

// TestAssembler compiles kernels with the real nvcc and ptxas of NVIDIA's wheels, which .ci/cuda installs: no spill and
// no stack, registers within what the launch bounds allow, and PTX that ptxas of CUDA 12.0 takes as well.
func TestAssembler(t *testing.T) {
	if os.Getenv("NDEC_TEST_NVCC") == "" {
		return // .ci/cuda sets it
	}
	compiler := nvcc.Find()
	if compiler == "" {
		t.Fatal("there is no nvcc on the PATH")
	}
	sources := programs(t)
	for name, path := range map[string]string{"spring": "../golden/testdata/cuda/spring.txtar", "layers": "../golden/testdata/cuda/layers.txtar", "moons": "../generated/moons/moons.nde", "deep": "testdata/deep.nde", "kicked": "testdata/kicked.nde", "mnist": "../generated/mnist/mnist.nde", "ball": "../docs/examples/11_ball/11_ball.nde",
		"pendulum": "../docs/examples/05_pendulum/05_pendulum.nde", "sde": "../docs/examples/08_sde/08_sde.nde", "porth": "../docs/examples/14_porth/14_porth.nde"} {
		sources[name] = source(t, path)
	}
	names := append([]string{"moons", "deep", "layers", "mnist", "ball", "kicked", "pendulum", "sde", "porth"}, small...)
	for _, wide := range []struct {
		states, width int
		precision     string
	}{{20, 20, ""}, {4, 64, ""}, {8, 128, ""}, {16, 256, ""}, {40, 300, ""}, {8, 128, "mixed_bf16"}, {4, 64, "mixed_fp16"}} {
		name := fmt.Sprintf("net%d%s", wide.width, strings.TrimPrefix(wide.precision, "mixed_"))
		names = append(names, name)
		sources[name] = fmt.Sprintf(net, name, wide.states, wide.width)
		if wide.precision != "" {
			sources[name] = strings.Replace(sources[name], "optimizer: adam", "optimizer: adam\n\tprecision: "+wide.precision, 1)
		}
	}
	shared := map[string]string{"one16": splitNet("Linear(16)", 512), "one24": splitNet("Linear(24)", 16384), "one32": splitNet("Linear(32)", 512), "two16": splitNet("Linear(16) |> tanh |> Linear(16)", 4096)}
	for name, text := range shared {
		names = append(names, name)
		sources[name] = text
	}
	precision := map[string]string{}
	for p, text := range heldPrograms() {
		name := "held" + p
		names, sources[name], precision[name] = append(names, name), text, p
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if sources[name] == "" {
				t.Fatalf("there is no program %s", name)
			}
			res, ds := driver.Compile(map[string]string{name + ".nde": sources[name]}, driver.Options{CUDA: true, Precision: precision[name]})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			out := res.CUDA
			archs := []string{"80", "90"}
			if len(out.Kernels.Groups) > 0 {
				archs = append(archs, "90a")
			}
			for _, arch := range archs {
				uses, err := nvcc.Measure(compiler, out, arch)
				if err != nil {
					t.Fatal(err)
				}
				for _, u := range uses {
					b, ok := out.Budgets[u.Kernel]
					for _, of := range out.Budgets {
						if g := of.Group; g != nil && g.Kernel == u.Kernel {
							b, ok = of, true
							b.Block, b.Blocks = 32*g.Warps, g.Blocks
						}
					}
					if !ok { // of the prelude, or of a model that goes layer by layer
						if slices.Contains(out.Kernels.Names(), u.Kernel) && (u.Spills > 0 || u.Stack > 0) {
							t.Errorf("%s sm_%s: %s spills %d bytes and has a stack of %d", name, arch, u.Kernel, u.Spills, u.Stack)
						}
						continue
					}
					if _, few := shared[name]; few && b.Split == 0 {
						t.Errorf("%s: the samples of %s are not split", name, u.Kernel)
					}
					warps := b.Warps(u.Registers)
					t.Logf("%-10s sm_%s %-28s %3d registers, %4d bytes shared, %2d warps; expected %3d and %2d", name, arch, u.Kernel, u.Registers, u.Shared, warps, b.Registers, b.Warps(b.Registers))
					if name == "sde" && b.Team > 0 {
						continue // its block a sample stores a few words at 128 registers
					}
					if u.Spills > 0 || u.Stack > 0 {
						t.Errorf("%s sm_%s: %s spills %d bytes and has a stack of %d", name, arch, u.Kernel, u.Spills, u.Stack)
					}
					if n := givenBack(out.Files[0].Text, u.Kernel); n > 0 && u.Registers != n {
						t.Errorf("%s sm_%s: %s starts with %d registers, and its warps give back and take those beyond and below %d: they would wait for ever", name, arch, u.Kernel, u.Registers, n)
					}
					if warps < b.Blocks*b.Block/32 {
						t.Errorf("%s sm_%s: %s has %d warps, planned %d", name, arch, u.Kernel, warps, b.Blocks*b.Block/32)
					}
				}
				if len(uses) < len(out.Budgets) {
					t.Errorf("%s sm_%s: %d kernels measured, there are %d", name, arch, len(uses), len(out.Budgets))
				}
			}
			if old := os.Getenv("NDEC_TEST_PTXAS12"); old != "" {
				oldAssembler(t, old, compiler, out)
			}
		})
	}
}

// givenBack is the number of registers from which warps of a kernel give some to others, 0 if they give none.
func givenBack(text []byte, kernel string) int {
	_, body, _ := strings.Cut(string(text), " "+kernel+"(")
	body, _, _ = strings.Cut(body, "NDEC_KERNEL")
	if m := regexp.MustCompile(`ndec_group_fewer<\d+>\(\); // of (\d+) registers`).FindStringSubmatch(body); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

var version = regexp.MustCompile(`(?m)^\.version .*$`)

// oldAssembler assembles the PTX, with the version that rt/cuda gives it for older drivers, by the ptxas of CUDA 12.0.
func oldAssembler(t *testing.T, ptxas, compiler string, out *cudagen.Output) {
	t.Helper()
	images, err := nvcc.Assemble(compiler)(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range images {
		path := filepath.Join(t.TempDir(), "old.ptx")
		least := ".version 7.8"
		if m.Groups {
			least = ".version 8.0"
		}
		if err := os.WriteFile(path, version.ReplaceAll(m.Text, []byte(least)), 0o666); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(ptxas, "-arch=sm_"+m.Arch(), "-o", path+".cubin", path).CombinedOutput(); err != nil {
			t.Errorf("ptxas 12.0: %v\n%s", err, text[:min(len(text), 2000)])
		}
	}
}

// source is a program of a file, or of the first section of an archive.
func source(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, ok := bytes.Cut(text, []byte("-- in.nde --\n")); ok {
		text, _, _ = bytes.Cut(rest, []byte("\n-- "))
		text = append(text, '\n')
	}
	return string(text)
}

// disassembled is the machine code that ptxas makes of the kernels, and what it says of them.
func disassembled(t *testing.T, compiler string, out *cudagen.Output, more ...string) (text, said string) {
	t.Helper()
	cubin, said, err := nvcc.Run(compiler, out, append(more, "-cubin", "-Xptxas", "-v")...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "k.cubin")
	if err := os.WriteFile(path, cubin, 0o666); err != nil {
		t.Fatal(err)
	}
	code, err := exec.Command(filepath.Join(filepath.Dir(compiler), "nvdisasm"), "-c", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(code), said
}

// TestInstructions counts the tensor core instructions and special functions of the field of a tile in what ptxas made of it: as many
// as the budget says, and two special functions for each hyperbolic tangent.
func TestInstructions(t *testing.T) {
	if os.Getenv("NDEC_TEST_NVCC") == "" {
		return // .ci/cuda sets it
	}
	compiler := nvcc.Find()
	res, ds := driver.Compile(map[string]string{"deep.nde": source(t, "testdata/deep.nde")}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	b := res.CUDA.Budgets["m_forward_batch"]
	var gradient *cudagen.GroupBudget
	for name, b := range res.CUDA.Budgets {
		if strings.HasSuffix(name, "_grad_batch") {
			gradient = b.Group
		}
	}
	if gradient == nil {
		t.Fatal("the gradient has no group")
	}
	for _, arch := range []string{"sm_80", "sm_90", "sm_90a"} {
		text, _ := disassembled(t, compiler, res.CUDA, "-arch="+arch)
		var field, group, sums []byte // of the forward kernels, and the gradient's own: from its name to the next one
		for _, part := range regexp.MustCompile(`(?m)^\s*\.(?:type|section)\s`).Split(text, -1) {
			switch name, _, _ := strings.Cut(part, ","); {
			case strings.Contains(name, gradient.Kernel) && !strings.Contains(name, "_tile") && strings.Contains(part, ".tnspA.tnspB"):
				sums = []byte(part)
			case strings.Contains(name, "m_forward_batch_group"): // its field stands where it is used
				group = append(group, part...)
			case strings.Contains(name, "flow_field_tile") && strings.Contains(name, "m_forward_batch"):
				field = []byte(part)
			}
		}
		if arch == "sm_90a" {
			n := len(regexp.MustCompile(`\sHGMMA[. ]`).FindAll(group, -1))
			if m := len(regexp.MustCompile(`\sHMMA[. ]`).FindAll(group, -1)); n != b.Group.Products || m != 0 {
				t.Errorf("%s: %d HGMMA and %d HMMA in %d bytes of the kernel of a group, which has it once in a loop over stages, want %d and none", arch, n, m, len(group), b.Group.Products)
			}
			t.Logf("%s: %d HGMMA", arch, n)
			turned := len(regexp.MustCompile(`\sHGMMA\S* R\d+, gdesc\[UR\d+\]\.tnspA\.tnspB, `).FindAll(sums, -1)) // both factors as they were laid down
			if turned != gradient.Outer {
				t.Errorf("%s: %d HGMMA for the sums of a gradient, want %d", arch, turned, gradient.Outer)
			}
		} else if len(group) > 0 {
			t.Errorf("%s has a kernel of groups", arch)
		}
		count := func(op string) int { return len(regexp.MustCompile(`\s`+op+`[. ]`).FindAll(field, -1)) }
		tanh := 48/8*4 + 40/8*4 + 1 // in tiles of 8; beyond 40 columns all are one
		if n, m := count("HMMA"), count("MUFU"); n != b.Products || m != 2*tanh {
			t.Errorf("%s: %d HMMA and %d MUFU in %d bytes of the field, want %d and %d", arch, n, m, len(field), b.Products, 2*tanh)
		}
		t.Logf("%s: %d HMMA, %d MUFU, %d LDG, %d FFMA", arch, count("HMMA"), count("MUFU"), count("LDG"), count("FFMA"))
	}
}

// TestSanitizers runs kernels under ThreadSanitizer, which knows of threads and barriers, and under Address- and
// UndefinedBehaviorSanitizer.
func TestSanitizers(t *testing.T) {
	if os.Getenv("NDEC_TEST_SANITIZERS") == "" {
		return // .ci/cuda sets it
	}
	for _, sanitizer := range []string{"thread", "address,undefined"} {
		sanitized(t, sanitizer)
	}
}

func sanitized(t *testing.T, sanitizer string) {
	t.Helper()
	var all []*subject
	sources := programs(t)
	for _, name := range []string{"classes", "regression", "times"} {
		all = append(all, programSubject(t, name, map[string]string{name + ".nde": sources[name]}, "f32"))
	}
	deep := programSubject(t, "deep", map[string]string{"deep.nde": source(t, "testdata/deep.nde")}, "f32") // products of a warp, and of four
	deep.rows, deep.groups = 2, true
	all = append(all, deep)
	few := splitSubject(t, 16, "f32") // lanes that share a sample
	few.rows = 3
	all = append(all, few)
	for _, name := range []string{"classes", "layers", "times", "wide"} { // a block a sample
		text := sources[name]
		if name == "wide" {
			text = source(t, "testdata/wide.nde")
		}
		s := programSubject(t, "team_"+name, map[string]string{name + ".nde": text}, "f32")
		s.teams, s.rows = true, 2
		all = append(all, s)
	}
	batch := programSubject(t, "rows", map[string]string{"rows.nde": rowsOfSteps}, "f32") // a batch layer by layer, and its gradient
	batch.layers, batch.rows = true, 5
	wide := programSubject(t, "wide", map[string]string{"wide.nde": wideLayers}, "f32") // the same by groups
	wide.layers, wide.groups, wide.rows = true, true, 2
	compareWith(t, append(all, batch, wide), sanitizer)
}

// TestTargets: what nvcc makes of a text for sm_80 and for sm_90 differs in the name of the device alone, so that one of both is made of the other.
func TestTargets(t *testing.T) {
	if os.Getenv("NDEC_TEST_NVCC") == "" {
		return // .ci/cuda sets it
	}
	res, ds := driver.Compile(map[string]string{"deep.nde": source(t, "testdata/deep.nde")}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	names := regexp.MustCompile(`_INTERNAL_[0-9a-f]{8}_|^\.target .*$`) // by the folder of the compilation
	var first []string
	for _, capability := range []int{80, 90} {
		text, err := nvcc.Compile(nvcc.Find(), res.CUDA, cudagen.Image{Capability: capability})
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, l := range lines {
			lines[i] = names.ReplaceAllString(l, "")
		}
		if first == nil {
			first = lines
		}
		if !slices.Equal(first, lines) {
			t.Errorf("sm_%d has other PTX than sm_80", capability)
		}
	}
}
