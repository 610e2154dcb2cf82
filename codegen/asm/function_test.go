package asm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
	"ndec.dev/ndec/ir/vmath"
	"ndec.dev/ndec/ir/vmath/reference"
	"ndec.dev/ndec/rt"
)

// A kernel for a function works on a frame of arguments: spilled vectors, then chunks of numbers, one for
// each argument, then as many for the results.
const (
	functionSlots = 24
	chunk         = 1024 // bytes
	peakRuns      = 1024 // of the loop of 16 multiply-adds that others are measured by
)

// functionKernels are the kernels of all functions and both widths for an ISA, each going over its chunk some times.
func functionKernels(tb testing.TB, isa asm.ISA, times int) string {
	tb.Helper()
	f := &asm.File{ISA: isa, Header: "//go:build !purego\n", Args: []string{"fr *byte"}, Slots: functionSlots}
	for _, row := range vmath.Table() {
		for _, e := range []asm.Elem{asm.F32, asm.F64} {
			p := row.Build(8 * e.Bytes())
			name := fmt.Sprintf("%s%d", strings.ToLower(row.Name), p.Width)
			k, err := f.Compile(name, func(b *asm.Builder) {
				b.Loop(times, func(*asm.Loop) {
					b.Loop(chunk/isa.Bytes(), func(l *asm.Loop) {
						var args []asm.Vec
						at := functionSlots * 64
						for range row.Args {
							args = append(args, b.Load(e, b.Arg(0).At(at).Along(l, isa.Bytes())))
							at += chunk
						}
						b.Store(e, b.Function(e, p, args...), b.Arg(0).At(at).Along(l, isa.Bytes()))
					})
				})
			})
			if err != nil {
				tb.Fatal(err)
			}
			f.Add(k, name+" is "+row.Doc+".")
			if k.Spills > 0 && isa == asm.AVX512 {
				tb.Logf("%s %s: %d vectors without a register", name, isa, k.Spills)
			}
			f.Export(name)
		}
	}
	k, err := f.Compile("peak", func(b *asm.Builder) {
		var acc []asm.Vec
		for range 16 {
			acc = append(acc, b.Var(asm.F32, b.Const(asm.F32, 0)))
		}
		x := b.Load(asm.F32, b.Arg(0).At(0))
		b.Loop(peakRuns, func(*asm.Loop) {
			for _, a := range acc {
				b.Accumulate(asm.F32, a, x, x)
			}
		})
		for _, a := range acc {
			b.Store(asm.F32, a, b.Arg(0).At(0))
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	f.Add(k, "peak is nothing but multiply-adds.")
	f.Export("peak")
	return f.String()
}

// machineOf builds a program that runs kernels on what it reads, chunk by chunk.
func machineOf(tb testing.TB, times int) func(in []byte, args ...string) []byte {
	tb.Helper()
	dir := tb.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write("go.mod", "module machine\n\ngo 1.26\n")
	stubs, table := "package main\n", ""
	add := func(name string, isa asm.ISA) {
		stubs += fmt.Sprintf("\n//go:noescape\nfunc %s(fr *byte)\n", asm.Symbol(name, isa))
		table += fmt.Sprintf("%q: %s,\n", name+"_"+isa.String(), asm.Symbol(name, isa))
	}
	for _, isa := range asm.ISAs {
		write("functions_"+isa.String()+"_amd64.s", functionKernels(tb, isa, times))
		for _, row := range vmath.Table() {
			add(fmt.Sprintf("%s32", strings.ToLower(row.Name)), isa)
			add(fmt.Sprintf("%s64", strings.ToLower(row.Name)), isa)
		}
		add("peak", isa)
	}
	write("stubs.go", stubs)
	write("main.go", fmt.Sprintf(`package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

const (
	slots    = %d
	chunk    = %d
	peakRuns = %d
)

var kernels = map[string]func(*byte){
%s}

func main() {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	f := kernels[os.Args[1]]
	n, _ := strconv.Atoi(os.Args[2])
	fr := make([]byte, 64+slots+(n+1)*chunk)
	fr = fr[-uintptr(unsafe.Pointer(&fr[0]))&63:] // as frames of kernels are
	body := fr[slots:][:(n+1)*chunk]
	if len(os.Args) > 3 {
		_, isa, _ := strings.Cut(os.Args[1], "_")
		copy(body, in)
		clock(f, kernels["peak_"+isa], &fr[0])
		return
	}
	for ; len(in) >= n*chunk; in = in[n*chunk:] {
		copy(body, in[:n*chunk])
		f(&fr[0])
		os.Stdout.Write(body[n*chunk:])
	}
}

// clock prints how many cycles f takes for a chunk, if the processor starts two multiply-adds a cycle. The least times of both, a short
// time apart, are compared, so that neither other work nor another clock frequency matters much.
func clock(f, peak func(*byte), fr *byte) {
	least := func(f func(*byte), best time.Duration) time.Duration {
		for range 20 {
			start := time.Now()
			f(fr)
			best = min(best, time.Since(start))
		}
		return best
	}
	var ratios []float64
	for range 9 {
		p, q := time.Hour, time.Hour
		for range 5 {
			p, q = least(peak, p), least(f, q)
		}
		ratios = append(ratios, float64(q)/float64(p))
	}
	for i := range ratios { // the median
		below := 0
		for j, r := range ratios {
			if r < ratios[i] || r == ratios[i] && j < i {
				below++
			}
		}
		if below == len(ratios)/2 {
			fmt.Println(ratios[i] * peakRuns * 8)
		}
	}
}
`, functionSlots*64, chunk, peakRuns, table))
	run := runIn(tb, dir)
	run(nil, "go", "vet", ".")
	run(nil, "go", "build", "-o", "machine", ".")
	return func(in []byte, args ...string) []byte {
		return run(in, filepath.Join(dir, "machine"), slices.Insert(args, 1, strconv.Itoa(arguments(args[0])))...)
	}
}

// arguments is the number of those of the function of a kernel.
func arguments(kernel string) int {
	for _, row := range vmath.Table() {
		if strings.HasPrefix(kernel, strings.ToLower(row.Name)+"32") || strings.HasPrefix(kernel, strings.ToLower(row.Name)+"64") {
			return len(row.Args)
		}
	}
	return 1
}

// ofTwo are the functions of two numbers: in float64, and of some float64 to many digits, nil where the former is what there is.
var ofTwo = map[string]struct {
	f64 func(x, y float64) float64
	big func(x, y float64) *big.Float
}{
	"Atan2": {f64: math.Atan2},
	"Power": {math.Pow, func(x, y float64) *big.Float {
		return reference.Functions["Exp"].Big(new(big.Float).SetPrec(480).Mul(reference.Number(y), reference.Functions["Log"].Big(reference.Number(x))))
	}},
}

// simulatorOf runs the kernels in the place of a machine that has AVX2.
func simulatorOf(t *testing.T) func(in []byte, args ...string) []byte {
	t.Helper()
	p, err := sim.Parse(functionKernels(t, asm.AVX2, 1))
	if err != nil {
		t.Fatal(err)
	}
	return func(in []byte, args ...string) (out []byte) {
		kernel := args[0]
		n := arguments(kernel) * chunk
		m := p.Machine()
		fr := make([]byte, functionSlots*64+n+chunk)
		body := fr[functionSlots*64:]
		at := m.Map(fr)
		for ; len(in) >= n; in = in[n:] {
			copy(body, in[:n])
			if err := m.Call(kernel, at); err != nil {
				t.Fatal(err)
			}
			out = append(out, body[n:]...)
		}
		return out
	}
}

// TestFunctions compares the functions with their references within the bounds of the table, on this machine
// in AVX2 (simulated where it lacks that), and AVX-512, simulated and where the machine has it, with AVX2 bit for bit. Kernels flush subnormal numbers to zero.
func TestFunctions(t *testing.T) {
	run := simulatorOf(t)
	if rt.CPULevel() >= rt.AVX2 {
		run = machineOf(t, 1)
	} else {
		t.Log("NOT RUN on a real machine: this one has no AVX2")
	}
	if rt.CPULevel() < rt.AVX512 {
		t.Log("NOT RUN on a real machine: avx512, which this one lacks")
	}
	p, err := sim.Parse(functionKernels(t, asm.AVX512, 1))
	if err != nil {
		t.Fatal(err)
	}
	stride := uint64(40009)
	if n, err := strconv.Atoi(os.Getenv("NDEC_TEST_STRIDE")); err == nil {
		stride = uint64(max(n, 257))
	}
	for _, row := range vmath.Table() {
		for _, width := range []int{32, 64} {
			name := fmt.Sprintf("%s%d", strings.ToLower(row.Name), width)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var in []byte
				if width == 32 {
					in = sweep32(row, stride)
				} else {
					in = sweep64(row)
				}
				out := run(in, name+"_avx2")
				check := check64
				if width == 32 {
					check = check32
				}
				check(t, row, in, out)
				if rt.CPULevel() >= rt.AVX512 {
					same(t, "avx512 of this machine", run(in, name+"_avx512"), out, width/8)
				}
				run := len(row.Args) * chunk
				few := max(run, len(in)/12/run*run) // between the chunks that are simulated
				m := p.Machine()
				fr := make([]byte, functionSlots*64+(len(row.Args)+1)*chunk)
				body := fr[functionSlots*64:]
				at := m.Map(fr)
				for k := 0; k < len(in); k += few {
					copy(body, in[k:][:run])
					if err := m.Call(name+"_avx512", at); err != nil {
						t.Fatal(err)
					}
					same(t, "avx512", body[run:], out[k/len(row.Args):][:chunk], width/8)
				}
			})
		}
	}
}

// same compares numbers with those of AVX2, bit for bit.
func same(t *testing.T, what string, got, want []byte, size int) {
	t.Helper()
	for i := 0; i < len(want); i += size {
		if g, w := got[i:][:size], want[i:][:size]; !bytes.Equal(g, w) && !(nan(g) && nan(w)) {
			t.Fatalf("number %d: %s %x, avx2 %x", i/size, what, g, w)
		}
	}
}

// pad fills up the last chunk with ones.
func pad(in []byte, row vmath.Row, one []byte) []byte {
	for len(in)%(chunk*len(row.Args)) != 0 {
		in = append(in, one...)
	}
	return in
}

func sweep32(row vmath.Row, stride uint64) []byte {
	var in []byte
	put := func(x float32) { in = binary.LittleEndian.AppendUint32(in, math.Float32bits(x)) }
	if len(row.Args) == 2 {
		s := rt.Key{Seed: 1}.Stream()
		for i := range uint64(40 * chunk / 4) {
			put(float32(s.Normal(i) * math.Exp(3*s.Normal(i+1<<30))))
		}
		return in
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1)} {
		put(float32(x))
	}
	if row.Name == "Tanh" { // where rounding could lead beyond 1
		for b := math.Float32bits(7.9); b < math.Float32bits(8.1); b += 5 {
			put(math.Float32frombits(b))
		}
	}
	for b := uint64(0x00800000); b < 1<<32; b += stride {
		if x := math.Float32frombits(uint32(b)); math.Abs(float64(x)) >= 0x1p-126 {
			put(x)
		}
	}
	return pad(in, row, []byte{0, 0, 0x80, 0x3f})
}

func sweep64(row vmath.Row) []byte {
	var in []byte
	put := func(x float64) { in = binary.LittleEndian.AppendUint64(in, math.Float64bits(x)) }
	s := rt.Key{Seed: 2}.Stream()
	if len(row.Args) == 2 {
		for i := range uint64(8 * chunk / 8) {
			put(s.Normal(i) * math.Exp(3*s.Normal(i+1<<30)))
		}
		return in
	}
	ref := reference.Functions[row.Name]
	for i := range uint64(3 * chunk / 8) {
		u := s.Uniform(2 * i)
		x := ref.Lo*(1-u) + ref.Hi*u
		if i%2 == 0 {
			big := math.Min(math.Max(math.Abs(ref.Lo), math.Abs(ref.Hi)), 1e300)
			x = math.Copysign(math.Exp(math.Log(1e-18)*(1-u)+math.Log(big)*u), s.Uniform(2*i+1)-0.5)
		}
		if x >= ref.Lo && x <= ref.Hi && math.Abs(x) >= 0x1p-1022 {
			put(x)
		}
	}
	return pad(in, row, binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.5)))
}

func check32(t *testing.T, row vmath.Row, in, out []byte) {
	t.Helper()
	get := func(b []byte, i int) float32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	worst, at := 0.0, ""
	for i := range len(out) / 4 {
		got := get(out, i)
		var want float64
		var x any
		if len(row.Args) == 2 {
			k := i/(chunk/4)*2*(chunk/4) + i%(chunk/4)
			y, z := get(in, k), get(in, k+chunk/4)
			x, want = [2]float32{y, z}, ofTwo[row.Name].f64(float64(y), float64(z))
		} else {
			x, want = get(in, i), reference.Functions[row.Name].F64(float64(get(in, i)))
			if row.Name == "Softplus" && get(in, i) < -87.3 {
				continue
			}
			if row.Far32 != 0 && math.Abs(float64(get(in, i))) > row.Far32 {
				want = math.NaN()
			}
		}
		if row.Bounded && math.Abs(float64(got)) > 1 {
			t.Fatalf("%v at %v is beyond 1", got, x)
		}
		if math.Abs(want) < 0x1p-125 && got == 0 {
			continue // flushed to zero, or made of halves that were
		}
		if e := reference.Ulps32(got, want); e > worst || e != e {
			worst, at = e, fmt.Sprintf("%v: %v instead of %v", x, got, want)
		}
	}
	if !(worst <= row.Ulp32) {
		t.Errorf("%.3f ulp at %s", worst, at)
	}
	t.Logf("%.3f ulp at %s", worst, at)
}

func check64(t *testing.T, row vmath.Row, in, out []byte) {
	t.Helper()
	get := func(b []byte, i int) float64 {
		return math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	worst, at := 0.0, ""
	for i := range len(out) / 8 {
		got := get(out, i)
		var e float64
		var x any
		if len(row.Args) == 2 {
			k := i/(chunk/8)*2*(chunk/8) + i%(chunk/8)
			y, z := get(in, k), get(in, k+chunk/8)
			x = [2]float64{y, z}
			f := ofTwo[row.Name]
			want := f.f64(y, z)
			switch {
			case want != want || math.IsInf(want, 0):
				if got != want && (got == got || want == want) {
					e = math.Inf(1)
				}
			case math.Abs(want) < 0x1p-1021 && got == 0: // flushed to zero
			case f.big != nil && y > 0:
				e = reference.Ulps(got, f.big(y, z))
			default:
				e = reference.Ulps(got, reference.Number(want))
			}
		} else {
			x = get(in, i)
			if row.Bounded && math.Abs(got) > 1 {
				t.Fatalf("%v at %v is beyond 1", got, x)
			}
			want := reference.Functions[row.Name].Big(reference.Number(get(in, i)))
			if w, _ := want.Float64(); math.Abs(w) < 0x1p-1021 && got == 0 {
				continue
			}
			e = reference.Ulps(got, want)
		}
		if e > worst || e != e {
			worst, at = e, fmt.Sprintf("%v: %v", x, got)
		}
	}
	if !(worst <= row.Ulp64) {
		t.Errorf("%.3f ulp at %s", worst, at)
	}
	t.Logf("%.3f ulp at %s", worst, at)
}
