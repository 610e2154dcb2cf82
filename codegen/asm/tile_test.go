package asm_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
	_ "ndec.dev/ndec/rt" // which knows NDEC_CPU
)

// Places in the frame of the kernel with tiles: two left ones, a right one, and two of sums, one of which has something in it.
const (
	tileLeft  = 4096
	tileRight = tileLeft + 2*16*192
	tileSums  = tileRight + 16*64
	tileEnd   = tileSums + 16*128
)

// tileKernel multiplies two tiles from the left, whose rows lie 192 bytes apart, with one, into sums of which the second ones are added to.
func tileKernel(t *testing.T) string {
	t.Helper()
	f := &asm.File{ISA: asm.AMX, Header: "//go:build !purego\n", Args: []string{"fr *byte"}, Slots: 48, Words: 3500}
	k, err := f.Compile("product", func(b *asm.Builder) {
		fr := b.Arg(0)
		b.LoadTile(7, fr.At(tileRight), 64)
		b.ZeroTile(0)
		b.Loop(2, func(l *asm.Loop) {
			b.LoadTile(3, fr.At(tileLeft).Along(l, 16*192), 192)
			b.MultiplyTiles(0, 3, 7)
			b.StoreTile(0, fr.At(tileSums).Along(l, 64), 128)
			b.LoadTile(0, fr.At(tileSums+64), 128)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Add(k, "product multiplies tiles.")
	f.Export("product")
	return f.String()
}

func tileFrame(odd bool) []byte {
	fr := make([]byte, tileEnd)
	rnd := rand.New(rand.NewPCG(8, 9))
	for i := tileLeft; i < tileEnd; i += 4 {
		x := uint32(0)
		switch {
		case i >= tileSums:
			x = math.Float32bits(float32(rnd.NormFloat64()))
		case odd && rnd.IntN(6) == 0: // NaN, infinite, below the normal range
			x = rnd.Uint32()
		default:
			half := func() uint32 { return math.Float32bits(float32(rnd.NormFloat64())) >> 16 }
			x = half()<<16 | half()
		}
		binary.LittleEndian.PutUint32(fr[i:], x)
	}
	return fr
}

// TestTiles compares a product of tiles on the simulator with sums in float64, and on this machine with the simulator, bit for bit.
func TestTiles(t *testing.T) {
	text := tileKernel(t)
	p, err := sim.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	simulate := func(odd bool) []byte {
		fr := tileFrame(odd)
		m := p.Machine()
		if err := m.Call("product_amx", m.Map(fr)); err != nil {
			t.Fatal(err)
		}
		return fr
	}
	got, in := simulate(false), tileFrame(false)
	number := func(b []byte, at int) float64 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[at:])))
	}
	bfloat := func(at int) float64 {
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(in[at:])) << 16))
	}
	for half := range 2 {
		for i := range 16 {
			for j := range 16 {
				at := tileSums + half*64 + i*128 + j*4
				want := 0.0
				if half == 1 {
					want = number(in, at)
				}
				for k := range 32 {
					want += bfloat(tileLeft+half*16*192+i*192+2*k) * bfloat(tileRight+k/2*64+4*j+k%2*2)
				}
				if math.Abs(number(got, at)-want) > 1e-5 {
					t.Fatalf("tile %d: sum %d, %d: %v, want %v", half, i, j, number(got, at), want)
				}
			}
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.Command(exe, "-test.run", "^$") // which ends with an error where there are none
	ask.Env = append(os.Environ(), "NDEC_CPU=amx")
	if out, err := ask.CombinedOutput(); err != nil {
		t.Logf("NOT CHECKED: tiles on a processor: %s", out)
		return
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module machine\n\ngo 1.26\n", "product_amd64.s": text, "main.go": `package main

import (
	"io"
	"os"
	"syscall"
)

//go:noescape
func productAMX(fr *byte)

func main() {
	if _, _, errno := syscall.RawSyscall(158, 0x1023, 18, 0); errno != 0 {
		panic(errno)
	}
	fr, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	productAMX(&fr[0])
	os.Stdout.Write(fr)
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := runIn(t, dir)
	run(nil, "go", "vet", ".")
	run(nil, "go", "build", "-o", "machine", ".")
	for _, odd := range []bool{false, true} {
		got, want := run(tileFrame(odd), filepath.Join(dir, "machine")), simulate(odd)
		for at := tileSums; at < tileEnd; at += 4 {
			if g, w := got[at:at+4], want[at:at+4]; !bytes.Equal(g, w) && !(nan(g) && nan(w)) {
				t.Fatalf("odd numbers %v: byte %d: %x on this machine, %x on the simulator", odd, at, g, w)
			}
		}
	}
}

// TestTileCode compares instructions with those of other assemblers.
func TestTileCode(t *testing.T) {
	text := tileKernel(t)
	for _, line := range []string{
		"LONG $0x4b7ba2c4; LONG $0x280028bc; WORD $0x0000\t// tileloadd tmm7, [rax+r13+10240]",
		"LONG $0x4b7aa2c4; LONG $0x2c002f84; WORD $0x0000\t// tilestored [rdi+r13+11264], tmm0",
		"LONG $0x497be2c4; BYTE $0xc0\t// tilezero tmm0",
		"LONG $0x5c42e2c4; BYTE $0xc3\t// tdpbf16ps tmm0, tmm3, tmm7",
		"LONG $0x4978e2c4; BYTE $0x01\t// ldtilecfg [rcx]",
		"LONG $0x4978e2c4; BYTE $0xc0\t// tilerelease",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
}
