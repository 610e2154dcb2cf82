//go:build cuda

package cuda_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/rt"
)

// instruction is some text of PTX with what it has to give, by the PTX ISA. Its operands are registers %r1 to %r7 of 32 bits, %d1 … of 64, %f1 … of float, %g1 … of
// double, %h1 … of 16 bits and predicates %p1 …, which all hold the same inputs; the result is that of them which ends in 0. Others are free, and so is %l, the
// number of the thread in its block, and shared memory s.
type instruction struct {
	text    string
	in      func(thread int) []uint64 // of every thread
	want    func(thread int) uint64
	threads int    // of the block; 0: 32
	near    bool   // the ISA leaves the last bits to the device
	fails   string // what is said instead of a result
}

// always is a text with the same inputs and result in every thread.
func always(text string, want uint64, in ...uint64) instruction {
	return instruction{text: text, in: func(int) []uint64 { return in }, want: func(int) uint64 { return want }}
}

// wrong is a text that ends with an error.
func wrong(text, why string, threads int) instruction {
	return instruction{text: text, in: func(int) []uint64 { return nil }, fails: why, threads: threads}
}

func f32(x float32) uint64 { return uint64(math.Float32bits(x)) }
func f64(x float64) uint64 { return math.Float64bits(x) }

const (
	inputs   = 8
	nan32    = 0x7fc00000
	ulp      = 0x3f800001 // 1 + 2⁻²³
	half     = 0x33800000 // 2⁻²⁴
	resultOf = `%([rdfghp])0\b`
)

var resultRegister = regexp.MustCompile(resultOf)

// kernel is the text as a kernel: it reads inputs of the thread, and writes a result of 64 bits.
func (x instruction) kernel(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `.visible .entry %[1]s(.param .u64 %[1]s_param_0, .param .u64 %[1]s_param_1)
{
	.reg .pred %%p<40>;
	.reg .b16 %%h<40>;
	.reg .b32 %%r<40>;
	.reg .b64 %%d<40>;
	.reg .f32 %%f<80>;
	.reg .f64 %%g<40>;
	.reg .b32 %%l;
	.reg .b64 %%in, %%out, %%at;
	.shared .align 128 .b8 s_%[1]s[4096];
	ld.param.u64 %%in, [%[1]s_param_0];
	ld.param.u64 %%out, [%[1]s_param_1];
	mov.u32 %%l, %%tid.x;
	mul.wide.u32 %%at, %%l, 8;
	add.s64 %%out, %%out, %%at;
	mul.wide.u32 %%at, %%l, %[2]d;
	add.s64 %%in, %%in, %%at;
`, name, 8*inputs)
	for i := 1; i < inputs; i++ {
		fmt.Fprintf(&b, "\tld.global.u64 %%d%[1]d, [%%in+%[2]d];\n\tcvt.u32.u64 %%r%[1]d, %%d%[1]d;\n\tmov.b32 %%f%[1]d, %%r%[1]d;\n\tmov.b64 %%g%[1]d, %%d%[1]d;\n\tcvt.u16.u32 %%h%[1]d, %%r%[1]d;\n\tsetp.ne.s64 %%p%[1]d, %%d%[1]d, 0;\n", i, 8*i)
	}
	b.WriteString(strings.ReplaceAll(x.text, "SHARED", "s_"+name))
	b.WriteString("\n")
	if m := resultRegister.FindStringSubmatch(x.text); m != nil {
		switch m[1] {
		case "r":
			b.WriteString("\tcvt.u64.u32 %d39, %r0;\n")
		case "d":
			b.WriteString("\tmov.u64 %d39, %d0;\n")
		case "f":
			b.WriteString("\tmov.b32 %r39, %f0;\n\tcvt.u64.u32 %d39, %r39;\n")
		case "g":
			b.WriteString("\tmov.b64 %d39, %g0;\n")
		case "h":
			b.WriteString("\tcvt.u64.u16 %d39, %h0;\n")
		case "p":
			b.WriteString("\tselp.u64 %d39, 1, 0, %p0;\n")
		}
		b.WriteString("\tst.global.u64 [%out], %d39;\n")
	}
	b.WriteString("\tret;\n}\n")
	return b.String()
}

// TestInstructions runs single instructions, by the stand-in as by a device. Where ptxas is there it has to take their text; with NDEC_TEST_FORM=ptx, as in
// CI, it has to be there.
func TestInstructions(t *testing.T) {
	const header = ".version 8.0\n.target %s\n.address_size 64\n"
	all := append(append([]instruction{}, scalars...), collectives()...)
	text := fmt.Sprintf(header, "sm_90a")
	for i, x := range all {
		text += x.kernel(fmt.Sprint("k", i))
	}
	if compiler := findPtxas(); compiler != "" {
		path := filepath.Join(t.TempDir(), "all.ptx")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(compiler, "-arch=sm_90a", "-o", path+".cubin", path).CombinedOutput(); err != nil {
			t.Errorf("ptxas does not take it: %v\n%s", err, said)
		}
	} else if emutest.PTX() { // what makes the PTX of the other tests has it beside it
		t.Error("there is no ptxas on the PATH or below CUDA_HOME")
	}
	std := emulated(t)
	for i, x := range all {
		name := fmt.Sprint("k", i)
		if x.near && !std {
			continue
		}
		got, err := run(t, name, fmt.Sprintf(header, "sm_90a")+x.kernel(name), x)
		if x.fails != "" {
			if std && (err == nil || !strings.Contains(err.Error(), x.fails)) {
				t.Errorf("%s\ngives %v, want %q", x.text, err, x.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s\n%v", x.text, err)
			continue
		}
		for thread, g := range got {
			if w := x.want(thread); g != w {
				t.Errorf("%s\nof %#x gives %#x in thread %d, want %#x", x.text, x.in(thread), g, thread, w)
				break
			}
		}
	}
}

func findPtxas() string {
	if path, err := exec.LookPath("ptxas"); err == nil {
		return path
	}
	if path := filepath.Join(os.Getenv("CUDA_HOME"), "bin", "ptxas"); os.Getenv("CUDA_HOME") != "" {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// run runs a kernel on a device of its own, which ends with what fails.
func run(t *testing.T, name, text string, x instruction) (got []uint64, err error) {
	t.Helper()
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	images := []rt.KernelImage{{Capability: 80, Text: ".version 7.8\n.target sm_80\n.address_size 64\n.visible .entry nothing()\n{\n\tret;\n}\n"}, {Capability: 90, Groups: true, Text: text}}
	mod, err := dev.Load(&rt.Kernels{Images: images, Groups: []rt.GroupKernel{{Kernel: name}}})
	if err != nil {
		return nil, err
	}
	defer mod.Close()
	threads := x.threads
	if threads == 0 {
		threads = 32
	}
	in := make([]byte, 8*inputs*threads)
	for i := range threads {
		for k, v := range x.in(i) {
			binary.LittleEndian.PutUint64(in[8*(inputs*i+k+1):], v)
		}
	}
	out := make([]byte, 8*threads)
	err = mod.Do(func(q rt.DeviceQueue) error {
		a, aerr := q.Alloc(len(in))
		b, berr := q.Alloc(len(out))
		return errors.Join(aerr, berr, q.Write(a, in), q.Launch(name, 1, threads, []uint64{uint64(a), uint64(b)}), q.Read(rt.DeviceRead{To: out, From: b}), q.Free(a), q.Free(b))
	})
	for i := range threads {
		got = append(got, binary.LittleEndian.Uint64(out[8*i:]))
	}
	return got, err
}

// scalars concern each thread by itself.
var scalars = []instruction{
	// directions of rounding
	always("add.rn.f32 %f0, %f1, %f2;", f32(1), f32(1), half), // to even
	always("add.rn.f32 %f0, %f1, %f2;", 0x3f800002, ulp, half),
	always("add.rp.f32 %f0, %f1, %f2;", ulp, f32(1), half),
	always("add.rm.f32 %f0, %f1, %f2;", f32(1), f32(1), half),
	always("add.rm.f32 %f0, %f1, %f2;", 0xbf800001, f32(-1), 0x80000000|half),
	always("add.rz.f32 %f0, %f1, %f2;", f32(-1), f32(-1), 0x80000000|half),
	always("sub.rn.f32 %f0, %f1, %f2;", f32(1), f32(1), 0x33000000),
	always("sub.rz.f32 %f0, %f1, %f2;", 0x3f7fffff, f32(1), 0x33000000),
	always("mul.rn.f32 %f0, %f1, %f2;", 0x3f800002, ulp, ulp),
	always("mul.rp.f32 %f0, %f1, %f2;", 0x3f800003, ulp, ulp),
	always("add.rz.f64 %g0, %g1, %g2;", f64(1), f64(1), f64(0x1p-53)),
	always("add.rp.f64 %g0, %g1, %g2;", f64(1+0x1p-52), f64(1), f64(0x1p-60)),
	always("fma.rn.f32 %f0, %f1, %f2, %f3;", 0x28800000, ulp, ulp, 0xbf800002), // 2⁻⁴⁶, which two roundings lose
	always("fma.rn.f64 %g0, %g1, %g2, %g3;", f64(0x1p-104), f64(1+0x1p-52), f64(1+0x1p-52), f64(-1-0x1p-51)),
	always("fma.rm.f32 %f0, %f1, %f2, %f3;", f32(1), f32(0x1p-20), f32(0x1p-20), f32(1)),
	always("fma.rp.f32 %f0, %f1, %f2, %f3;", ulp, f32(0x1p-20), f32(0x1p-20), f32(1)),
	always("div.rn.f32 %f0, %f1, %f2;", 0x3eaaaaab, f32(1), f32(3)),
	always("div.rz.f32 %f0, %f1, %f2;", 0x3eaaaaaa, f32(1), f32(3)),
	always("div.rn.f64 %g0, %g1, %g2;", 0x3fd5555555555555, f64(1), f64(3)),
	always("rcp.rn.f32 %f0, %f1;", 0x3eaaaaab, f32(3)),
	always("sqrt.rn.f32 %f0, %f1;", 0x3fb504f3, f32(2)),
	always("sqrt.rn.f64 %g0, %g1;", 0x3ff6a09e667f3bcd, f64(2)),
	// signs, and what is no number
	always("neg.f32 %f0, %f1;", 0x80000000, 0), always("abs.f64 %g0, %g1;", f64(2), f64(-2)),
	always("copysign.f32 %f0, %f1, %f2;", f32(-2), f32(-1), f32(2)), // the sign of the first
	always("copysign.f64 %g0, %g1, %g2;", f64(3), f64(1), f64(-3)),
	always("min.f32 %f0, %f1, %f2;", f32(1), nan32, f32(1)), always("max.f32 %f0, %f1, %f2;", f32(1), f32(1), nan32),
	always("min.f32 %f0, %f1, %f2;", 0x80000000, 0, 0x80000000), always("max.f32 %f0, %f1, %f2;", 0, 0x80000000, 0),
	always("setp.lt.f32 %p0, %f1, %f2;", 0, nan32, 0), always("setp.ltu.f32 %p0, %f1, %f2;", 1, nan32, 0), always("setp.ne.f32 %p0, %f1, %f2;", 0, nan32, 0),
	always("setp.neu.f32 %p0, %f1, %f2;", 1, nan32, 0), always("setp.equ.f32 %p0, %f1, %f2;", 1, nan32, 0), always("setp.nan.f32 %p0, %f1, %f2;", 1, 0, nan32),
	always("setp.num.f32 %p0, %f1, %f2;", 0, 0, nan32), always("setp.geu.f64 %p0, %g1, %g2;", 1, f64(2), f64(2)), always("setp.gt.f64 %p0, %g1, %g2;", 0, f64(2), f64(2)),
	// approximations of what they give exactly
	always("ex2.approx.ftz.f32 %f0, %f1;", f32(8), f32(3)), always("ex2.approx.ftz.f32 %f0, %f1;", f32(1), 0x000116c2),
	always("rcp.approx.ftz.f32 %f0, %f1;", f32(0.25), f32(4)), always("rcp.approx.ftz.f32 %f0, %f1;", 0, 0x7f000000),
	{text: "rcp.approx.ftz.f64 %g0, %g1;", in: func(int) []uint64 { return []uint64{f64(3)} }, want: func(int) uint64 { return 0x3fd5555500000000 }, near: true},
	// conversions
	always("cvt.rn.f32.f64 %f0, %g1;", f32(1), f64(1+0x1p-24)), always("cvt.rp.f32.f64 %f0, %g1;", ulp, f64(1+0x1p-30)), always("cvt.f64.f32 %g0, %f1;", 0x3fb99999a0000000, f32(0.1)),
	always("cvt.rni.f32.f32 %f0, %f1;", f32(2), f32(2.5)), always("cvt.rzi.f64.f64 %g0, %g1;", f64(-2), f64(-2.7)), always("cvt.rmi.f64.f64 %g0, %g1;", f64(-3), f64(-2.5)), always("cvt.rpi.f64.f64 %g0, %g1;", f64(3), f64(2.1)),
	always("cvt.rzi.s32.f64 %r0, %g1;", 0xfffffffe, f64(-2.7)), always("cvt.rzi.u64.f64 %d0, %g1;", 0, f64(-1)), always("cvt.rzi.s32.f32 %r0, %f1;", 0, nan32), always("cvt.rzi.s32.f32 %r0, %f1;", 0x7fffffff, f32(3e9)),
	always("cvt.sat.f32.f32 %f0, %f1;", f32(1), f32(1.5)), always("cvt.sat.f32.f32 %f0, %f1;", 0, f32(-1)), always("cvt.sat.f32.f32 %f0, %f1;", 0, nan32),
	always("cvt.s64.s32 %d0, %r1;", 0xfffffffffffffffb, 0xfffffffb), always("cvt.u64.u32 %d0, %r1;", 0xfffffffb, 0xfffffffb), always("cvt.u32.u64 %r0, %d1;", 0x89abcdef, 0x123456789abcdef), always("cvt.s16.s8 %h0, %h1;", 0xff80, 0x180),
	always("cvt.rn.f32.s16 %f0, %h1;", f32(-2), 0xfffe), always("cvt.rn.f64.u64 %g0, %d1;", 0x43f0000000000000, 0xffffffffffffffff), always("cvt.rn.f32.u32 %f0, %r1;", 0x4f800000, 0xffffffff), always("cvt.rn.f32.s32 %f0, %r1;", 0xcf000000, 0x80000000),
	always("cvt.rn.bf16x2.f32 %r0, %f1, %f2;", 0x3f804000, f32(1), f32(2)), always("cvt.rn.bf16x2.f32 %r0, %f1, %f2;", 0x3f803f82, 0x3f808000, 0x3f818000), // the first in the upper half; to even
	always("cvt.rn.f16x2.f32 %r0, %f1, %f2;", 0x3c007c00, f32(1), f32(65520)), always("cvt.rn.f16x2.f32 %r0, %f1, %f2;", 0x00017bff, half, f32(65519)), always("cvt.rn.f16x2.f32 %r0, %f1, %f2;", 0x04003c00, 0x387fffff, f32(1)),
	// integers
	always("add.s32 %r0, %r1, %r2;", 0x80000000, 0x7fffffff, 1), always("sub.s16 %h0, %h1, %h2;", 0xffff, 1, 2), always("mul.lo.s32 %r0, %r1, %r2;", 0xfffffffe, 0x7fffffff, 2), always("mul.lo.s64 %d0, %d1, %d2;", 1, 0xffffffffffffffff, 0xffffffffffffffff),
	always("mul.hi.s32 %r0, %r1, %r2;", 0xffffffff, 0x80000000, 2), always("mul.hi.u32 %r0, %r1, %r2;", 0xfffffffe, 0xffffffff, 0xffffffff), always("mul.wide.s32 %d0, %r1, %r2;", 0xfffffffffffffffd, 0xffffffff, 3),
	always("mul.wide.u32 %d0, %r1, %r2;", 0x2fffffffd, 0xffffffff, 3), always("mul.wide.u16 %r0, %h1, %h2;", 0xfffe0001, 0xffff, 0xffff), always("mul.hi.u64 %d0, %d1, %d2;", 0xfffffffffffffffe, 0xffffffffffffffff, 0xffffffffffffffff),
	always("mad.lo.s32 %r0, %r1, %r2, %r3;", 17, 3, 4, 5), always("div.s32 %r0, %r1, %r2;", 0xfffffffd, 0xfffffff9, 2), always("rem.s32 %r0, %r1, %r2;", 0xffffffff, 0xfffffff9, 2), always("div.u32 %r0, %r1, %r2;", 0x7ffffffc, 0xfffffff9, 2), always("rem.u32 %r0, %r1, %r2;", 1, 0xfffffff9, 2),
	always("min.s32 %r0, %r1, %r2;", 0xffffffff, 0xffffffff, 1), always("min.u32 %r0, %r1, %r2;", 1, 0xffffffff, 1), always("max.s64 %d0, %d1, %d2;", 1, 0xffffffffffffffff, 1), always("neg.s32 %r0, %r1;", 0x80000000, 0x80000000),
	always("shl.b32 %r0, %r1, %r2;", 0x80000000, 1, 31), always("shl.b32 %r0, %r1, %r2;", 0, 1, 32), always("shr.s32 %r0, %r1, %r2;", 0xffffffff, 0x80000000, 40), always("shr.u32 %r0, %r1, %r2;", 0, 0x80000000, 32), always("shr.s64 %d0, %d1, %r2;", 0xffffffffffffffff, 0x8000000000000000, 63), always("shr.u16 %h0, %h1, %r2;", 0x7fff, 0xffff, 1),
	always("not.b64 %d0, %d1;", 0xffffffffffffff00, 0xff), always("xor.b32 %r0, %r1, %r2;", 6, 5, 3), always("and.b16 %h0, %h1, %h2;", 1, 5, 3), always("or.b64 %d0, %d1, %d2;", 7, 5, 3),
	always("and.pred %p0, %p1, %p2;", 0, 1, 0), always("or.pred %p0, %p1, %p2;", 1, 1, 0), always("xor.pred %p0, %p1, %p2;", 0, 1, 1), always("not.pred %p0, %p1;", 0, 1), always("mov.pred %p0, -1;", 1),
	always("selp.b32 %r0, %r1, %r2, %p3;", 5, 5, 6, 1), always("selp.f64 %g0, %g1, %g2, %p3;", f64(6), f64(5), f64(6), 0), always("setp.lt.s32 %p0, %r1, %r2;", 1, 0xffffffff, 1), always("setp.lt.u32 %p0, %r1, %r2;", 0, 0xffffffff, 1), always("setp.ge.s64 %p0, %d1, %d2;", 0, 0xffffffffffffffff, 1), always("setp.eq.s16 %p0, %h1, %h2;", 1, 0x10001, 1),
	always("bfi.b32 %r0, %r1, %r2, 4, 8;", 0xabcde98f, 0x198, 0xabcdef1f), always("bfe.u32 %r0, %r1, 4, 8;", 0xb4, 0x12345b4f), always("bfe.s32 %r0, %r1, 4, 8;", 0xffffffb4, 0x12345b4f),
	always("prmt.b32 %r0, %r1, %r2, 30212;", 0x77660044, 0x33221100, 0x77665544), always("prmt.b32 %r0, %r1, %r2, 0x0098;", 0x0000ff00, 0x33229100, 0x77665544),
	always("popc.b32 %r0, %r1;", 4, 0xf0), always("clz.b32 %r0, %r1;", 24, 0xf0), always("brev.b32 %r0, %r1;", 0x0f000000, 0xf0), always("shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 0x23456789, 0x9abcdef0, 0x12345678, 4),
	always("mov.b64 %d0, {%r1, %r2};", 0x600000005, 5, 6), always("mov.b64 {%r9, %r0}, %d1;", 0x1234567, 0x123456789abcdef), always("mov.b32 {%h0, %h9}, %r1;", 0x4567, 0x1234567),
	// a lane that branches off comes back
	always("mov.u32 %r0, 1;\n\tsetp.lt.u32 %p9, %l, 7;\n\t@%p9 bra FAR;\n\tadd.s32 %r0, %r0, 4;\n\tbra.uni NEAR;\nFAR:\n\tadd.s32 %r0, %r0, 4;\nNEAR:\n\tadd.s32 %r0, %r0, 1;", 6),
	// memory: bytes of either sign, vectors, generic addresses
	always("mov.u32 %r9, SHARED;\n\tmad.lo.s32 %r9, %l, 16, %r9;\n\tst.shared.v4.u32 [%r9], {%r1, %r2, %r1, %r2};\n\tld.shared.s8 %r0, [%r9+7];", 0xffffff85, 1, 0x85000000),
	always("mov.u32 %r9, SHARED;\n\tmad.lo.s32 %r9, %l, 16, %r9;\n\tst.shared.v2.f64 [%r9], {%g1, %g2};\n\tcvt.u64.u32 %d9, %r9;\n\tcvta.shared.u64 %d9, %d9;\n\tld.f64 %g0, [%d9+8];", f64(7), f64(6), f64(7)),
	// what is wrong
	wrong("mov.u32 %r9, SHARED;\n\tld.shared.f32 %f0, [%r9+4096];", "a read of 4 bytes at 4096 in shared memory, of which the block has 4096", 32),
	wrong("mov.u32 %r9, SHARED;\n\tst.shared.v2.u32 [%r9+4], {%r1, %r2};", "which is no multiple", 32),
	wrong("ld.global.u64 %d0, [%in+8192];", "behind the end of an allocation", 32),
	wrong("mov.u64 %d9, 64;\n\tst.global.u32 [%d9], %l;", "where nothing is allocated", 32),
}
