package asm

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Instructions on tiles (Intel, Software Developer's Manual, volume 2, TDPBF16PS and others). A tile is a register of 16 rows of
// 64 bytes. Go's assembler does not know them, so that they are printed as bytes, with their text behind.
//
// All eight tiles have their full size from the beginning of a function that Go calls to its end, where they are given back: what the
// operating system would keep of them else is 8 KiB for every change of threads.

// Tile is one of the eight tile registers.
type Tile int

// TileRows and TileBytes are the size of a tile.
const (
	TileRows  = 16
	TileBytes = 64
)

// strideRegister holds the bytes from one row of a tile to the next, in kernels with tiles.
const strideRegister = "R13"

// ZeroTile makes all numbers of a tile zero.
func (b *Builder) ZeroTile(t Tile) { b.onTiles("TILEZERO", operand{}, imm(int(t))) }

// LoadTile reads a tile from memory, with some bytes from one row to the next.
func (b *Builder) LoadTile(t Tile, m Mem, stride int) {
	b.onTiles("TILELOADD", b.address(m), imm(int(t)), imm(stride))
}

// StoreTile writes a tile to memory, with some bytes from one row to the next.
func (b *Builder) StoreTile(t Tile, m Mem, stride int) {
	b.onTiles("TILESTORED", b.address(m), imm(int(t)), imm(stride))
}

// MultiplyTiles adds to sums, 16 rows of 16 numbers of 32 bits, the product of two matrices of bfloat16: left has 16 rows of 32 numbers;
// right has 32 rows of 16 numbers, of which two lie one beside the other, number for number. Of each number it adds up the products of
// even and of odd terms, both in float32, and then adds these; numbers below the normal range are zero. The three tiles differ.
func (b *Builder) MultiplyTiles(sums, left, right Tile) {
	if sums == left || sums == right || left == right {
		b.fail("a product of tiles that are the same")
	}
	b.onTiles("TDPBF16PS", operand{}, imm(int(sums)), imm(int(left)), imm(int(right)))
}

// Beside mixes the instructions of two functions evenly, since tiles and vectors multiply at the same time. Neither uses what the other one
// writes. Where one has loops or calls they follow each other.
func (b *Builder) Beside(x, y func()) {
	from := len(b.insts)
	x()
	middle := len(b.insts)
	y()
	all := slices.Clone(b.insts[from:])
	if slices.ContainsFunc(all, func(in inst) bool { return in.kind == loopMark || in.kind == endMark || in.kind == callInst }) {
		return
	}
	xs, ys := all[:middle-from], all[middle-from:]
	for i, k := from, 0; i < len(b.insts); i++ { // k of xs are there
		if n := i - from - k; k < len(xs) && (n == len(ys) || k*len(ys) <= n*len(xs)) {
			b.insts[i] = xs[k]
			k++
		} else {
			b.insts[i] = ys[n]
		}
	}
}

func (b *Builder) onTiles(op string, mem operand, src ...operand) {
	if !b.AMX {
		b.fail("%s without AMX", op)
	}
	b.tiles = true
	b.add(inst{kind: tileInst, op: op, mem: -1, dst: mem}, src...)
}

// tile prints an instruction on tiles.
func (p *printer) tile(in *inst) {
	n := func(i int) int { return int(in.src[i].num) }
	if in.dst.kind != memOperand {
		p.bytes(tileCode(in.op, n(0), n(1), n(2)), tileText(in.op, in.operands()))
		return
	}
	if stride := n(1); stride != p.stride {
		p.ins("MOVQ", number(stride), word(strideRegister))
		p.stride = stride
	}
	base, off := in.dst.ptr.reg, int(in.dst.num)
	at := fmt.Sprintf("[%s+%s", intelName(base), intelName(strideRegister))
	if off != 0 {
		at += fmt.Sprintf("+%d", off)
	}
	t := fmt.Sprintf("tmm%d", n(0))
	text := "tileloadd " + t + ", " + at + "]"
	if in.op == "TILESTORED" {
		text = "tilestored " + at + "], " + t
	}
	p.bytes(tileMemoryCode(in.op, n(0), base, off), text)
}

// tileText is the text of an instruction on registers alone.
func tileText(op string, tiles []operand) string {
	var names []string
	for _, t := range tiles {
		names = append(names, fmt.Sprintf("tmm%d", t.num))
	}
	return strings.ToLower(op) + " " + strings.Join(names, ", ")
}

// intelName is the name of a register in Intel's manuals.
func intelName(reg string) string {
	if reg[0] != 'R' {
		reg = "R" + reg
	}
	return strings.ToLower(reg)
}

// bytes prints an instruction that the assembler does not know.
func (p *printer) bytes(code []byte, text string) {
	p.text(bytesText(code, text))
}

func bytesText(code []byte, text string) string {
	var words []string
	for len(code) > 0 {
		switch {
		case len(code) >= 4:
			words, code = append(words, fmt.Sprintf("LONG $0x%08x", binary.LittleEndian.Uint32(code))), code[4:]
		case len(code) >= 2:
			words, code = append(words, fmt.Sprintf("WORD $0x%04x", binary.LittleEndian.Uint16(code))), code[2:]
		default:
			words, code = append(words, fmt.Sprintf("BYTE $0x%02x", code[0])), code[1:]
		}
	}
	return "\t" + strings.Join(words, "; ") + "\t// " + text + "\n"
}

// gprNumbers are the registers in the order of their codes.
var gprNumbers = [...]string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

func gprNumber(reg string) int {
	for n, r := range gprNumbers {
		if r == reg {
			return n
		}
	}
	return -1
}

// Prefixes of VEX, by their codes in it.
const (
	noPrefix = iota
	prefix66
	prefixF3
	prefixF2
)

// tileRows are prefix and opcode of the instructions, all of the map 0F 38.
var tileRows = map[string]struct{ prefix, opcode byte }{
	"LDTILECFG":   {noPrefix, 0x49},
	"TILERELEASE": {noPrefix, 0x49},
	"TILEZERO":    {prefixF2, 0x49},
	"TILELOADD":   {prefixF2, 0x4b},
	"TILESTORED":  {prefixF3, 0x4b},
	"TDPBF16PS":   {prefixF3, 0x5c},
}

// vex is the beginning of an instruction, up to its opcode: index and base are registers of a place in memory, third that of the operand
// which VEX holds.
func vex(op string, index, base, third int) []byte {
	r := tileRows[op]
	const fieldR, map0F38 = 0x80, 2
	b := byte(fieldR | map0F38)
	if index < 8 {
		b |= 0x40
	}
	if base < 8 {
		b |= 0x20
	}
	return []byte{0xc4, b, byte(^third)&15<<3 | r.prefix, r.opcode}
}

// tileCode is an instruction on registers; those that it has not are 0.
func tileCode(op string, reg, rm, third int) []byte {
	if op == "TILEZERO" {
		return append(vex(op, 0, 0, 0), byte(0xc0|reg<<3))
	}
	return append(vex(op, 0, 0, third), byte(0xc0|reg<<3|rm))
}

// tileMemoryCode is an instruction on a tile and memory: rows begin off bytes from a register, and as many bytes one after the other as
// the register of strides says.
func tileMemoryCode(op string, t int, base string, off int) []byte {
	i, b := gprNumber(strideRegister), gprNumber(base)
	const withOffset, withIndex = 0x80, 4
	code := append(vex(op, i, b, 0), byte(withOffset|t<<3|withIndex), byte(i&7<<3|b&7))
	return binary.LittleEndian.AppendUint32(code, uint32(off))
}

// tileShapes is the constant that says of what size the tiles are: all of 16 rows of 64 bytes.
const tileShapes = `// Eight tiles, of 64 bytes in each of 16 rows.
DATA tiles<>+0(SB)/8, $1
DATA tiles<>+8(SB)/8, $0
DATA tiles<>+16(SB)/8, $0x0040004000400040
DATA tiles<>+24(SB)/8, $0x0040004000400040
DATA tiles<>+32(SB)/8, $0
DATA tiles<>+40(SB)/8, $0
DATA tiles<>+48(SB)/8, $0x1010101010101010
DATA tiles<>+56(SB)/8, $0
GLOBL tiles<>(SB), RODATA|NOPTR, $64

`

// beginTiles gives the tiles their sizes, and endTiles gives them back.
func beginTiles() string {
	const inCX = 1
	return "\tLEAQ\ttiles<>(SB), CX\n" + bytesText(append(vex("LDTILECFG", 0, 0, 0), inCX), "ldtilecfg [rcx]")
}

func endTiles() string { return bytesText(append(vex("TILERELEASE", 0, 0, 0), 0xc0), "tilerelease") }
