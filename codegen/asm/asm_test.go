package asm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
	"ndec.dev/ndec/rt"
)

// The tests run kernels on a block of 16 samples: a row is 64 bytes of float32, or 128 of float64.
const samples = 16

// Places in the frame: spilled vectors, then operands, then results.
const (
	spillAt   = 0
	slots     = 48
	operandAt = slots * 64
	resultAt  = operandAt + 8*128
	frameSize = resultAt + 128*128
	whileAt   = frameSize - 256
	whileRuns = 5
	chosenAt  = whileAt + 64
	ifAt      = whileAt + 16
)

// step is an operation under test on vectors of samples: x, y, z are finite floats, u and v any.
type step struct {
	name string
	e    asm.Elem
	f    func(b *asm.Builder, x, y, z asm.Vec) asm.Vec
}

// steps are all operations on elements of one width.
func steps() []step {
	var out []step
	for _, e := range []asm.Elem{asm.F32, asm.F64} {
		add := func(name string, f func(b *asm.Builder, x, y, z asm.Vec) asm.Vec) {
			out = append(out, step{name, e, f})
		}
		add("add", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Add(e, x, y) })
		add("sub", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Sub(e, x, y) })
		add("sub from constant", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Sub(e, b.Const(e, 1), y) })
		add("mul", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Mul(e, b.Const(e, 3), y) })
		add("div", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Div(e, x, y) })
		add("sqrt", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Sqrt(e, x) })
		add("fma", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.FMA(e, x, y, z) })
		add("fma of temporaries", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.FMA(e, b.Add(e, x, y), y, b.FMA(e, x, b.Add(e, y, z), b.Const(e, 0.5)))
		})
		add("fma with constants", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			p := b.FMA(e, x, b.Const(e, 0.25), b.Const(e, 1.5))
			return b.FMA(e, b.Add(e, p, y), b.Const(e, 3), p)
		})
		add("fnma", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.FNMA(e, x, y, z) })
		add("min", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Min(e, x, y) })
		add("max", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Max(e, x, y) })
		add("clamp", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.ClampBelow(e, b.ClampAbove(e, x, b.Const(e, 2)), b.Const(e, -1))
		})
		add("bits", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.Xor(e, b.And(e, x, y), b.AndNot(e, z, b.Or(e, x, z)))
		})
		add("integers", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.ISub(e, b.IAdd(e, x, y), b.Shr(e, b.Shl(e, z, 3), 5))
		})
		if e == asm.F64 {
			add("words", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
				return b.Xor(e, b.MulWords(x, y), b.MulWords(b.Bits(e, 0x9e3779b9), b.Shr(e, z, 17)))
			})
		}
		for _, p := range []asm.Predicate{asm.Equal, asm.NotEqual, asm.Less, asm.LessEqual, asm.Unordered} {
			add(fmt.Sprint("cmp ", p), func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Cmp(e, p, x, y) })
		}
		add("icmp", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.Or(e, b.ICmpEqual(e, x, z), b.ICmpGreater(e, x, y))
		})
		add("select", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.Select(e, b.Cmp(e, asm.Less, x, y), x, z)
		})
		add("selects", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			m := b.Cmp(e, asm.Less, y, z)
			s := b.Select(e, m, b.Const(e, 7), b.Add(e, x, y))
			return b.Select(e, m, b.Add(e, s, z), b.Select(e, b.Cmp(e, asm.Less, s, x), b.Mul(e, s, s), b.Const(e, 2)))
		})
		add("masks of masks", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			m, n, o := b.Cmp(e, asm.Less, x, y), b.Cmp(e, asm.Less, y, z), b.Cmp(e, asm.LessEqual, z, b.Const(e, 0.25))
			not := b.Xor(e, b.Or(e, m, o), b.Ones(e))
			p := b.And(e, b.AndNot(e, m, n), not)
			q := b.Select(e, b.Xor(e, n, o), x, b.Const(e, 2))
			return b.Add(e, b.Select(e, p, b.Const(e, 1), q), b.Add(e, b.And(e, not, b.Const(e, 3)), b.And(e, b.Abs(e, y), n)))
		})
		add("a mask as a number, too", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			m := b.Or(e, b.Cmp(e, asm.Less, x, y), b.Cmp(e, asm.Unordered, y, z))
			return b.IAdd(e, b.Select(e, m, x, z), b.AndNot(e, b.And(e, m, b.Cmp(e, asm.Less, y, z)), y))
		})
		add("more masks than registers", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			var all []asm.Vec
			for i := range 12 {
				all = append(all, b.Cmp(e, asm.Less, x, b.Mul(e, y, b.Const(e, float64(i-3)))))
			}
			sum := z
			for i, m := range all {
				sum = b.Add(e, b.Select(e, m, x, sum), b.And(e, all[len(all)-1-i], b.Const(e, float64(i))))
			}
			return sum
		})
		add("masks in a loop", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			m := b.Cmp(e, asm.Less, x, y)
			acc := b.Var(e, z)
			b.Loop(3, func(*asm.Loop) {
				n := b.Cmp(e, asm.Less, acc, y)
				b.Set(acc, b.Add(e, b.Select(e, b.And(e, m, n), x, acc), b.Select(e, n, b.Const(e, 1), y)))
			})
			return b.Select(e, m, acc, x)
		})
		add("while any", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			acc, end := b.Var(e, b.Const(e, 0)), b.ClampAbove(e, x, b.Const(e, 4))
			less := func() asm.Vec { return b.Cmp(e, asm.Less, acc, end) }
			b.WhileAny(func(*asm.Loop) asm.Vec {
				b.AddTo(e, acc, b.And(e, less(), b.Const(e, 0.5)))
				return less()
			})
			return acc
		})
		for _, r := range []asm.Rounding{asm.Nearest, asm.Down, asm.Up, asm.Zero} {
			add(fmt.Sprint("round ", r), func(b *asm.Builder, x, y, z asm.Vec) asm.Vec { return b.Round(e, r, x) })
		}
		add("signs", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			return b.Add(e, b.Neg(e, x), b.Or(e, b.Abs(e, y), b.SignBit(e, z)))
		})
		add("turned twice", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			var rows []asm.Vec
			for i := range b.ISA.Lanes(e) {
				rows = append(rows, b.FMA(e, x, b.Const(e, float64(i)), y))
			}
			rows = b.Turn(e, b.Turn(e, rows))
			return b.Add(e, rows[0], b.Sub(e, rows[3], rows[1]))
		})
		add("loop", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			acc := b.Var(e, b.Const(e, 0))
			one := b.Add(e, x, b.Const(e, 1))
			b.Loop(3, func(i *asm.Loop) {
				b.Loop(2, func(k *asm.Loop) {
					b.Accumulate(e, acc, one, b.Broadcast(e, b.Arg(0).At(operandAt).Along(i, 128).Along(k, 64)))
				})
				b.AddTo(e, acc, y)
			})
			return acc
		})
		add("more than registers", func(b *asm.Builder, x, y, z asm.Vec) asm.Vec {
			var all []asm.Vec
			for i := range 36 {
				all = append(all, b.FMA(e, x, b.Const(e, float64(i)), y))
			}
			sum := b.Const(e, 0)
			for i, v := range all {
				sum = b.FMA(e, all[len(all)-1-i], v, b.Select(e, b.Cmp(e, asm.Less, v, sum), z, sum))
			}
			return sum
		})
	}
	return out
}

// kernels builds the kernel "every" of both ISAs: operation by operation, a row of 128 bytes each, then the
// conversions between widths.
func kernels(t *testing.T, isa asm.ISA) string {
	t.Helper()
	f := &asm.File{ISA: isa, Header: "//go:build !purego\n", Args: []string{"fr *byte"}, Spill: spillAt, Slots: slots}
	one, err := f.Compile("one", func(b *asm.Builder) {
		b.Loop(samples/isa.Lanes(asm.F32), func(c *asm.Loop) {
			m := b.Arg(0).At(frameSize-128).Along(c, isa.Bytes())
			b.Store(asm.F32, b.Add(asm.F32, b.Load(asm.F32, m), b.Const(asm.F32, 1)), m)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Add(one, "one adds one to the last row.")
	k, err := f.Compile("every", func(b *asm.Builder) {
		fr := b.Arg(0)
		at := resultAt
		for _, s := range steps() {
			b.Note(s.name)
			b.Loop(samples/isa.Lanes(s.e), func(c *asm.Loop) {
				in := func(i int) asm.Vec { return b.Load(s.e, fr.At(operandAt+256*i+128*int(s.e)).Along(c, isa.Bytes())) }
				b.Store(s.e, s.f(b, in(0), in(1), in(2)), fr.At(at).Along(c, isa.Bytes()))
			})
			at += 128
		}
		b.Loop(samples/isa.Lanes(asm.F32), func(c *asm.Loop) {
			out := func(e asm.Elem, v asm.Vec, off int) {
				b.Store(e, v, fr.At(at+off).Along(c, isa.Bytes()*(1+int(e))))
			}
			two := func(lo, hi asm.Vec) {
				out(asm.F64, lo, 0)
				out(asm.F64, hi, isa.Bytes())
				at += 128
			}
			x := b.Load(asm.F32, fr.At(operandAt).Along(c, isa.Bytes()))
			lo := b.Load(asm.F64, fr.At(operandAt+128).Along(c, 2*isa.Bytes()))
			hi := b.Load(asm.F64, fr.At(operandAt+128+isa.Bytes()).Along(c, 2*isa.Bytes()))
			m := b.Cmp(asm.F32, asm.Less, x, b.Const(asm.F32, 0.25))
			n := b.F32ToInt(x)
			two(b.ToF64(x))
			two(b.WidenMask(m))
			two(b.IntToF64(n))
			for _, v := range []asm.Vec{n, b.IntToF32(n), b.ToF32(lo, hi), b.F64ToInt(lo, hi),
				b.NarrowMask(b.Cmp(asm.F64, asm.Less, lo, b.Const(asm.F64, 1)), b.Cmp(asm.F64, asm.Less, hi, b.Const(asm.F64, 1)))} {
				out(asm.F32, v, 0)
				at += 128
			}
			less, more := b.WidenMask(b.And(asm.F32, m, b.Cmp(asm.F32, asm.Less, b.Const(asm.F32, -2), x)))
			two(b.Select(asm.F64, less, lo, b.Const(asm.F64, 1)), b.Select(asm.F64, more, hi, b.Const(asm.F64, 1)))
			of := func(m, x asm.Vec) asm.Vec {
				return b.AndNot(asm.F64, m, b.Cmp(asm.F64, asm.Less, x, b.Const(asm.F64, 3)))
			}
			half := b.NarrowMask(of(less, lo), of(more, hi))
			out(asm.F32, b.Select(asm.F32, b.Or(asm.F32, half, m), x, b.Const(asm.F32, 1)), 0)
			at += 128
			acc := b.Var(asm.F32, x)
			b.AccumulateAt(asm.F32, acc, b.Const(asm.F32, 3), fr.At(operandAt+256).Along(c, isa.Bytes()))
			out(asm.F32, acc, 0)
			at += 128
			b.Store(asm.F32, b.Broadcast(asm.F32, fr.At(operandAt+4)), fr.At(at).Along(c, isa.Bytes()))
		})
		left, runs := fr.At(whileAt), fr.At(whileAt+8)
		b.StoreOne(asm.F64, b.Const(asm.F64, whileRuns), left)
		b.While(left, func(l *asm.Loop) {
			b.StoreOne(asm.F64, b.Sub(asm.F64, b.Broadcast(asm.F64, left), b.Const(asm.F64, 1)), left)
			b.Loop(2, func(*asm.Loop) {
				b.StoreOne(asm.F64, b.Add(asm.F64, b.Broadcast(asm.F64, runs), b.Const(asm.F64, 0.5)), runs)
				b.StoreOne(asm.F64, b.Broadcast(asm.F64, runs), fr.At(chosenAt).Chosen(l, 8, left))
				b.If(left, func() {
					b.StoreOne(asm.F64, b.Add(asm.F64, b.Broadcast(asm.F64, fr.At(ifAt)), b.Const(asm.F64, 0.5)), fr.At(ifAt))
				})
			})
		})
		least := b.Const(asm.F64, 2)
		for off := 0; off < 128; off += isa.Bytes() {
			x := b.Load(asm.F64, fr.At(operandAt+128+off))
			least = b.Min(asm.F64, least, b.Select(asm.F64, b.Cmp(asm.F64, asm.Less, x, least), x, least))
		}
		b.StoreOne(asm.F64, b.LeastLane(asm.F64, least), fr.At(chosenAt))
		b.Call("one")
		if at >= whileAt {
			t.Fatal("the frame is too small")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Add(k, "every runs all operations.")
	if k.Spills == 0 {
		t.Errorf("%s: nothing spilled, so that the test does not show what happens then", isa)
	}
	f.Export("every")
	return f.String()
}

// frame is the memory of a run: numbers of all kinds as operands.
func frame() []byte {
	fr := make([]byte, frameSize)
	special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e-42, -3e-310, 1e38, 2.5, -2.5, 0.1}
	for i := range 3 {
		for l := range samples {
			x := math.Sin(float64(17*l+5*i)) * math.Exp(float64(l%7))
			if k := l + 3*i; k%3 == 1 && l > 2 {
				x = special[(k*5)%len(special)]
			}
			binary.LittleEndian.PutUint32(fr[operandAt+256*i+4*l:], math.Float32bits(float32(x)))
			binary.LittleEndian.PutUint64(fr[operandAt+256*i+128+8*l:], math.Float64bits(x))
		}
	}
	return fr
}

func simulate(t *testing.T, isa asm.ISA, text string) []byte {
	t.Helper()
	p, err := sim.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	m := p.Machine()
	fr := frame()
	if err := m.Call("every_"+isa.String(), m.Map(fr)); err != nil {
		t.Fatal(err)
	}
	return fr[resultAt:]
}

// rows compares results row by row, NaN equal to NaN.
func rows(t *testing.T, what string, got, want []byte) {
	t.Helper()
	names := steps()
	for r := 0; r < len(want)/128; r++ {
		name, size := "conversions", 4
		if r < len(names) {
			name, size = fmt.Sprint(names[r].name, " ", names[r].e), names[r].e.Bytes()
		}
		for l := 0; l < 128/size; l++ {
			g, w := got[r*128+l*size:][:size], want[r*128+l*size:][:size]
			if !bytes.Equal(g, w) && !(nan(g) && nan(w)) {
				t.Errorf("%s: %s: row %d lane %d: %x, want %x", what, name, r, l, g, w)
				break
			}
		}
	}
}

func nan(b []byte) bool {
	if len(b) == 4 {
		x := math.Float32frombits(binary.LittleEndian.Uint32(b))
		return x != x
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(b))
	return x != x
}

// TestISAsAgree runs all operations on simulated machines: both ISAs give the same bits.
func TestISAsAgree(t *testing.T) {
	a := simulate(t, asm.AVX2, kernels(t, asm.AVX2))
	b := simulate(t, asm.AVX512, kernels(t, asm.AVX512))
	rows(t, "avx512 against avx2", b, a)
	if got := math.Float64frombits(binary.LittleEndian.Uint64(a[whileAt-resultAt+8:])); got != whileRuns {
		t.Errorf("a loop until %d are done did %v", whileRuns, got)
	}
	if got := math.Float64frombits(binary.LittleEndian.Uint64(a[ifAt-resultAt:])); got != whileRuns-1 {
		t.Errorf("what is not done in the last run is done %v times, want %d", got, whileRuns-1)
	}
	for left := 1; left <= whileRuns; left++ {
		if got := math.Float64frombits(binary.LittleEndian.Uint64(a[chosenAt-resultAt+8*left:])); got != float64(whileRuns+1-left) {
			t.Errorf("the place that the number %d chooses has %v, want that of run %d", left, got, whileRuns+1-left)
		}
	}
	if bytes.Equal(a, make([]byte, len(a))) {
		t.Error("there are no results")
	}
}

// TestMachine assembles the kernels and runs them on this machine: the simulator is right, bit for bit.
// AVX-512 is run where the machine has it; the assembler accepts its text everywhere.
func TestMachine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[asm.ISA]string{}
	write("go.mod", "module machine\n\ngo 1.26\n")
	stubs := "package main\n"
	for _, isa := range asm.ISAs {
		texts[isa] = kernels(t, isa)
		write("every_"+isa.String()+"_amd64.s", texts[isa])
		stubs += fmt.Sprintf("\n//go:noescape\nfunc %s(fr *byte)\n", asm.Symbol("every", isa))
	}
	write("stubs.go", stubs)
	write("main.go", `package main

import (
	"io"
	"os"
)

func main() {
	fr, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	map[string]func(*byte){"avx2": everyAVX2, "avx512": everyAVX512}[os.Args[1]](&fr[0])
	os.Stdout.Write(fr)
}
`)
	run := runIn(t, dir)
	run(nil, "go", "vet", ".")
	run(nil, "go", "build", "-o", "machine", ".")
	for isa, level := range map[asm.ISA]rt.Level{asm.AVX2: rt.AVX2, asm.AVX512: rt.AVX512} {
		if rt.CPULevel() < level {
			t.Logf("NOT RUN on a real machine: %s, which this one lacks", isa)
			continue
		}
		got := run(frame(), filepath.Join(dir, "machine"), isa.String())[resultAt:]
		rows(t, isa.String()+" of this machine against the simulator", got, simulate(t, isa, texts[isa]))
	}
}

// runIn runs commands in the folder of a module, and gives what they print.
func runIn(tb testing.TB, dir string) func(in []byte, name string, args ...string) []byte {
	return func(in []byte, name string, args ...string) []byte {
		c := exec.Command(name, args...)
		c.Dir, c.Stdin, c.Stderr = dir, bytes.NewReader(in), os.Stderr
		c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := c.Output()
		if err != nil {
			tb.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
		}
		return out
	}
}
