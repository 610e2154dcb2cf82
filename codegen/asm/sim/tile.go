package sim

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Instructions on tiles are bytes in the text, since Go's assembler does not know them. They are decoded here, so that the bytes
// themselves are tested (Intel, Software Developer's Manual, volume 2, 2.3 and the pages of the instructions). All tiles have their full
// size.

// tile is 16 rows of 16 numbers of 32 bits, or of 32 of 16 bits.
type tile [16][64]byte

// tileInst is a decoded instruction.
type tileInst struct {
	op          string
	dst, x, y   int    // tiles
	base, index string // of a place in memory
	offset      int32
}

// tileOps are names by prefix and opcode of VEX, on registers and on memory.
var tileOps = map[[2]byte]struct{ registers, memory string }{
	{3, 0x49}: {registers: "TILEZERO"},
	{3, 0x4b}: {memory: "TILELOADD"},
	{2, 0x4b}: {memory: "TILESTORED"},
	{2, 0x5c}: {registers: "TDPBF16PS"},
	{0, 0x49}: {registers: "TILERELEASE", memory: "LDTILECFG"},
}

var gprs = [...]string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// decodeBytes reads an instruction from the bytes of a line.
func (in *inst) decodeBytes(line string) error {
	var code []byte
	for _, s := range strings.Split(line, ";") {
		what, number, _ := strings.Cut(strings.TrimSpace(s), " ")
		size := map[string]int{"LONG": 4, "WORD": 2, "BYTE": 1}[what]
		x, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(number), "$"), 0, 8*size)
		if err != nil || size == 0 {
			return fmt.Errorf("no bytes: %s", s)
		}
		code = append(code, binary.LittleEndian.AppendUint64(nil, x)[:size]...)
	}
	t, err := decodeTile(code)
	if err != nil {
		return err
	}
	in.op, in.tile = t.op, t
	return nil
}

func decodeTile(code []byte) (*tileInst, error) {
	bad := fmt.Errorf("unknown instruction % x", code)
	if len(code) < 5 || code[0] != 0xc4 || code[1]&0x1f != 2 || code[2]&0x84 != 0 {
		return nil, bad
	}
	high := func(bit byte) int { return int(^code[1] >> bit & 1 << 3) }
	third := int(^code[2] >> 3 & 15)
	modrm := code[4]
	mod, reg, rm := modrm>>6, int(modrm>>3&7)|high(7), int(modrm&7)|high(5)
	names := tileOps[[2]byte{code[2] & 3, code[3]}]
	t := &tileInst{op: names.memory, dst: reg}
	switch {
	case mod == 3 && len(code) == 5:
		t.op, t.x, t.y = names.registers, rm, third
		if t.op == "TILEZERO" && (rm != 0 || third != 0) || t.op == "TILERELEASE" && modrm != 0xc0 {
			return nil, bad
		}
	case mod == 0 && rm != 4 && rm != 5 && len(code) == 5 && t.op == "LDTILECFG":
		t.base = gprs[rm]
	case mod == 2 && modrm&7 == 4 && len(code) == 10 && code[5]>>6 == 0 && third == 0 && t.op != "LDTILECFG":
		t.base, t.index = gprs[int(code[5]&7)|high(5)], gprs[int(code[5]>>3&7)|high(6)]
		t.offset = int32(binary.LittleEndian.Uint32(code[6:]))
	default:
		return nil, bad
	}
	if t.op == "" || max(t.dst, t.x, t.y) > 7 {
		return nil, bad
	}
	return t, nil
}

func (m *Machine) onTiles(t *tileInst) error {
	switch t.op {
	case "TILEZERO":
		m.tiles[t.dst] = tile{}
	case "TILELOADD", "TILESTORED":
		for r := range m.tiles[t.dst] {
			b, err := m.bytes(m.gpr[t.base]+uint64(int64(t.offset))+uint64(r)*m.gpr[t.index], 64)
			if err != nil {
				return err
			}
			if row := m.tiles[t.dst][r][:]; t.op == "TILELOADD" {
				copy(row, b)
			} else {
				copy(b, row)
			}
		}
	case "TDPBF16PS":
		if t.dst == t.x || t.dst == t.y || t.x == t.y {
			return fmt.Errorf("tiles that are the same")
		}
		m.multiply(t)
	default: // where a function that Go calls begins and ends, and in pauses
		if !m.calls[len(m.calls)-1].pauses {
			return fmt.Errorf("in a kernel")
		}
		m.tiles = [8]tile{}
	}
	return nil
}

// multiply is TDPBF16PS: sums of products of even terms and of odd ones, which are added to each other and then to what is there.
func (m *Machine) multiply(t *tileInst) {
	for i := range m.tiles[t.dst] {
		for j := range 16 {
			var sums [2]uint64
			for k := range 16 {
				for odd := range sums {
					x := uint64(binary.LittleEndian.Uint16(m.tiles[t.x][i][4*k+2*odd:])) << 16
					y := uint64(binary.LittleEndian.Uint16(m.tiles[t.y][k][4*j+2*odd:])) << 16
					sums[odd] = fma(x, y, sums[odd], 4)
				}
			}
			row := m.tiles[t.dst][i][:]
			put(row, j, 4, addFlushed(get(row, j, 4), addFlushed(sums[0], sums[1])))
		}
	}
}

func addFlushed(x, y uint64) uint64 {
	return flush(uint64(math.Float32bits(f32(flush(x, 4))+f32(flush(y, 4)))), 4)
}
