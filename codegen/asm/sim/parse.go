// Package sim runs the assembly that package asm prints: the text itself, instruction by instruction, on
// memory that a test gives. It knows what asm uses of AVX2, AVX-512F and AMX, and stops at anything else.
package sim

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Program is parsed text.
type Program struct {
	texts map[string]*text
	data  map[string][]byte
}

// text is a function: its instructions and where its labels are.
type text struct {
	insts  []inst
	labels map[string]int
	// splits: Go may stop it where it begins, as those of its functions that are not NOSPLIT. noPointers: Go knows that it has none on the stack.
	splits, noPointers bool
	pauses             bool // it is what pauses call
}

type inst struct {
	op      string
	args    []arg
	line    int
	decoded *decoded
	tile    *tileInst // of those that are printed as bytes
}

// arg is an operand: an immediate, a register, a place relative to a register, or a symbol.
type arg struct {
	kind   argKind
	n      int64 // immediate; number of a vector or mask register; offset
	width  int   // bytes of a vector register
	reg    string
	symbol string
}

type argKind uint8

const (
	immArg argKind = iota
	vecArg
	maskArg
	gprArg
	memArg
	symArg
	labelArg
)

// Parse reads an assembly file.
func Parse(src string) (*Program, error) {
	p := &Program{texts: map[string]*text{}, data: map[string][]byte{}}
	var cur *text
	for i, l := range strings.Split(src, "\n") {
		l, _, _ = strings.Cut(l, "//")
		l = strings.TrimSpace(l)
		op, rest, _ := strings.Cut(l, "\t")
		if op == l {
			op, rest, _ = strings.Cut(l, " ")
		}
		var err error
		switch {
		case l == "" || l[0] == '#' || op == "GLOBL":
		case op == "TEXT":
			name, _, _ := strings.Cut(rest, "(SB)")
			name = strings.TrimSuffix(name, "<>")
			cur = &text{labels: map[string]int{}, splits: !strings.Contains(rest, "NOSPLIT"), pauses: strings.HasPrefix(name, "pause_")}
			p.texts[name] = cur
		case op == "NO_LOCAL_POINTERS" && cur != nil:
			cur.noPointers = true
		case op == "DATA":
			err = p.datum(rest)
		case cur != nil && (op == "LONG" || op == "WORD" || op == "BYTE"):
			in := inst{line: i + 1}
			if err = in.decodeBytes(l); err == nil {
				cur.insts = append(cur.insts, in)
			}
		case cur == nil:
			err = fmt.Errorf("outside of a function")
		case strings.HasSuffix(l, ":"):
			cur.labels[strings.TrimSuffix(l, ":")] = len(cur.insts)
		default:
			in := inst{op: op, line: i + 1}
			for _, s := range strings.Split(rest, ",") {
				if s = strings.TrimSpace(s); s == "" {
					continue
				}
				var a arg
				if a, err = parseArg(s); err != nil {
					break
				}
				in.args = append(in.args, a)
			}
			cur.insts = append(cur.insts, in)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", i+1, l, err)
		}
	}
	return p, nil
}

func (p *Program) datum(s string) error {
	name, rest, ok := strings.Cut(s, "<>+")
	off, rest, ok1 := strings.Cut(rest, "(SB)/")
	size, value, ok2 := strings.Cut(rest, ",")
	if !ok || !ok1 || !ok2 {
		return fmt.Errorf("no datum")
	}
	at, err := strconv.Atoi(off)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(value), "$"), 0, 64)
	if err != nil {
		return err
	}
	b := p.data[name]
	for len(b) < at+n {
		b = append(b, 0)
	}
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], v)
	copy(b[at:at+n], word[:])
	p.data[name] = b
	return nil
}

func parseArg(s string) (arg, error) {
	switch {
	case s[0] == '$':
		n, err := strconv.ParseInt(s[1:], 0, 64)
		return arg{kind: immArg, n: n}, err
	case strings.HasSuffix(s, "<>(SB)"):
		return arg{kind: symArg, symbol: strings.TrimSuffix(s, "<>(SB)")}, nil
	case strings.HasSuffix(s, "(SB)"):
		name, off, ok := strings.Cut(strings.TrimSuffix(s, "(SB)"), "<>+")
		if !ok {
			return arg{}, fmt.Errorf("no symbol of the file")
		}
		n, err := strconv.ParseInt(off, 0, 64)
		return arg{kind: symArg, symbol: name, n: n}, err
	case strings.HasSuffix(s, ")"):
		off, reg, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
		n := int64(0)
		if i := strings.LastIndexAny(off, "+-"); i > 0 { // a name before the offset
			off = off[i:]
		}
		if off != "" {
			var err error
			if n, err = strconv.ParseInt(off, 0, 64); err != nil {
				return arg{}, err
			}
		}
		return arg{kind: memArg, n: n, reg: reg}, nil
	}
	if w := map[byte]int{'X': 16, 'Y': 32, 'Z': 64}[s[0]]; w > 0 {
		n, err := strconv.Atoi(s[1:])
		return arg{kind: vecArg, n: int64(n), width: w}, err
	}
	if s[0] == 'K' {
		n, err := strconv.Atoi(s[1:])
		return arg{kind: maskArg, n: int64(n)}, err
	}
	if strings.HasPrefix(s, "loop") || strings.HasPrefix(s, "skip") || strings.HasPrefix(s, "on") {
		return arg{kind: labelArg, symbol: s}, nil
	}
	return arg{kind: gprArg, reg: s}, nil
}
