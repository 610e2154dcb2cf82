package golden

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	asmData = regexp.MustCompile(`(?m)^DATA (f(?:64|32)_([0-9a-f]+)<>)\+(\d+)\(SB\)/([48]), \$0x([0-9a-f]+)`)
	asmStep = regexp.MustCompile(`(?ms)^TEXT (m[a-z]0(\w+))_\w+<>\(SB\).*?\n(.*?)^\tRET$`)
)

// asmConstants are the constants of a text, which have to be alike in all lanes.
func asmConstants(text string) (map[string]symbolic, error) {
	data := map[string]symbolic{}
	for _, m := range asmData.FindAllStringSubmatch(text, -1) {
		bits, err := strconv.ParseUint(m[5], 16, 64)
		if err != nil {
			return nil, err
		}
		x := math.Float64frombits(bits)
		if strings.HasPrefix(m[1], "f32") {
			if m[4] == "8" && uint32(bits>>32) != uint32(bits) {
				return nil, fmt.Errorf("%s differs from lane to lane", m[1])
			}
			x = float64(math.Float32frombits(uint32(bits)))
		}
		if math.IsNaN(x) || math.IsInf(x, 0) { // masks
			continue
		}
		v := symbolic{"": new(big.Rat).SetFloat64(x)}
		if old := data[m[1]]; old != nil && !old.equal(v) {
			return nil, fmt.Errorf("%s differs from lane to lane", m[1])
		}
		data[m[1]] = v
	}
	return data, nil
}

// asmReader reads a kernel. All lanes and all vectors of a row of 128 bytes are computed alike, so a row is a
// symbol, and loops are gone through once. A row of float64 takes two places in packages of float32. Arguments, results and then local
// values of a function lie in the frame in this order, and those of the field that it calls likewise.
type asmReader struct {
	*read
	data      map[string]symbolic
	rows      map[int]symbolic
	written   map[int]bool // in this loop
	registers map[string]symbolic
	single    bool
}

// size is that of an argument in the frame.
func (r *asmReader) size(arg string) int {
	if r.single && double(arg) {
		return 256
	}
	return 128
}

// asmSpill is the size of the start of the frame, where single vectors lie for want of registers.
const asmSpill = 64 << 10

// asmRow is the row that an operand lies in, or the place of a number that all samples have alike.
func asmRow(arg string) (int, bool) {
	at, by, ok := strings.Cut(arg, "(")
	n, err := strconv.Atoi(at)
	if ok && err == nil && by == "AX)" {
		return n, n >= asmSpill
	}
	return n &^ 127, ok && err == nil
}

// asmNumber reports whether an instruction reads or writes one number, that all samples have alike.
func asmNumber(op string) bool { return op == "VMOVSD" || op == "VMOVSS" }

// asmRegister is a vector register under one name for its widths.
func asmRegister(arg string) string {
	if len(arg) > 1 && strings.Contains("XYZ", arg[:1]) && arg[1] >= '0' && arg[1] <= '9' {
		return "Z" + arg[1:]
	}
	return arg
}

func (r *asmReader) value(arg string) (symbolic, error) {
	if n, ok := asmRow(arg); ok {
		if r.rows[n] == nil {
			return nil, fmt.Errorf("row %d is read before it is written", n)
		}
		return r.rows[n], nil
	}
	if name, ok := strings.CutSuffix(arg, "(SB)"); ok {
		if r.data[name] == nil {
			return nil, fmt.Errorf("no constant %s", name)
		}
		return r.data[name], nil
	}
	if v := r.registers[asmRegister(arg)]; v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("%s is read before it is written", arg)
}

// store writes a register or a row, whose vectors have to be alike.
func (r *asmReader) store(arg string, v symbolic) error {
	n, ok := asmRow(arg)
	if strings.HasSuffix(arg, "(AX)") && ok { // written once for all vectors
		r.rows[n] = v
		return nil
	}
	if !ok {
		r.registers[asmRegister(arg)] = v
		return nil
	}
	if r.written[n] && !r.rows[n].equal(v) {
		return fmt.Errorf("vectors of row %d differ", n)
	}
	r.written[n] = true
	r.rows[n] = v
	return nil
}

// result is what an instruction makes of its operands, the last of which it writes.
func (r *asmReader) result(op string, args []string) (symbolic, error) {
	var in []symbolic
	reads := args[:len(args)-1]
	switch {
	case strings.HasPrefix(op, "VFMADD"), strings.HasPrefix(op, "VFNMADD"):
		reads = args
	case strings.HasPrefix(op, "VINSERTF"):
		reads = args[1:3]
	case strings.HasPrefix(op, "VXORP"), strings.HasPrefix(op, "VPXOR"):
		if args[0] != "f64_8000000000000000<>(SB)" && args[0] != "f32_80000000<>(SB)" {
			return nil, fmt.Errorf("%s of %s", op, args[0])
		}
		reads = args[1:2]
	}
	for _, a := range reads {
		v, err := r.value(a)
		if err != nil {
			return nil, err
		}
		in = append(in, v)
	}
	switch op {
	case "VMULPD", "VMULPS":
		return in[0].times(in[1]), nil
	case "VADDPD", "VADDPS":
		return in[0].plus(in[1], 1), nil
	case "VSUBPD", "VSUBPS":
		return in[1].plus(in[0], -1), nil // Go writes what is taken away first
	case "VDIVPD", "VDIVPS":
		return in[1].over(in[0])
	case "VFMADD132PD", "VFMADD132PS": // Go writes the operands from the last to the first
		return in[2].times(in[0]).plus(in[1], 1), nil
	case "VFMADD213PD", "VFMADD213PS":
		return in[1].times(in[2]).plus(in[0], 1), nil
	case "VFMADD231PD", "VFMADD231PS":
		return in[0].times(in[1]).plus(in[2], 1), nil
	case "VFNMADD231PD", "VFNMADD231PS":
		return in[2].plus(in[0].times(in[1]), -1), nil
	case "VXORPD", "VXORPS", "VPXORQ", "VPXORD":
		return symbolic{}.plus(in[0], -1), nil
	case "VINSERTF128", "VINSERTF64X4": // both halves of float32 from two vectors of float64
		if !in[0].equal(in[1]) {
			return nil, fmt.Errorf("halves differ")
		}
		return in[0], nil
	case "VMOVUPD", "VMOVUPS", "VCVTPD2PSY", "VCVTPD2PS", "VBROADCASTSD", "VBROADCASTSS", "VMOVSD", "VMOVSS":
		return in[0], nil
	}
	return nil, fmt.Errorf("instruction %s", op)
}

// kernel reads the lines of one.
func (r *asmReader) kernel(lines []string, f form) error {
	instruction := func(line string) (string, []string) {
		code, _, _ := strings.Cut(line, "\t//") // what is read or written stands behind
		op, rest, _ := strings.Cut(strings.TrimSpace(code), "\t")
		op = strings.TrimSuffix(op, ".BCST") // a constant that is one number, for all lanes
		return op, strings.Split(rest, ", ")
	}
	// The field has its arguments from the lowest row on that is written before it is called.
	base := math.MaxInt
	own := map[int]bool{}  // rows of the field's frame
	made := map[int]bool{} // numbers that all samples have alike
	var stored []int
	var fields []int // sizes of its arguments
	states := 0
	for _, a := range f.args {
		if strings.HasPrefix(a, "x") && !strings.Contains(a, "_") {
			states++
		}
	}
	fields = append(fields, r.size("t"))
	for range 2*states + 1 { // states, context, derivatives
		fields = append(fields, r.size(""))
	}
	for _, line := range lines {
		switch op, args := instruction(line); {
		case strings.HasPrefix(op, "loop"):
			stored = nil
		case op == "CALL":
			if base = slices.Min(stored); made[base-fields[0]] { // the time, once for all samples
				base -= fields[0]
			}
			at := base
			for _, size := range fields {
				own[at], own[at+size-128] = true, true
				at += size
			}
		case asmNumber(op):
			if n, ok := asmRow(args[len(args)-1]); ok {
				made[n] = true
			}
		case strings.HasPrefix(op, "VMOVUP"):
			if n, ok := asmRow(args[len(args)-1]); ok {
				stored = append(stored, n)
			}
		}
	}
	// The lowest other row that is used is the first argument.
	at := math.MaxInt
	for _, line := range lines {
		if op, args := instruction(line); strings.HasPrefix(op, "V") {
			for _, a := range args {
				if n, ok := asmRow(a); ok && !own[n] && !made[n] {
					at = min(at, n)
				}
			}
		}
	}
	for _, a := range f.args {
		r.rows[at] = symbol(a)
		at += r.size(a)
	}
	for _, line := range lines {
		switch op, args := instruction(line); {
		case op == "CALL":
			t, y := r.rows[base], make([]symbolic, states)
			for i := range y {
				y[i] = r.rows[base+fields[0]+128*i]
				if y[i] == nil || t == nil {
					return fmt.Errorf("a call without arguments")
				}
			}
			for i, k := range r.field(t, y) {
				r.rows[base+fields[0]+128*(states+1+i)] = k
			}
		case strings.HasPrefix(op, "loop"):
			r.written = map[int]bool{}
		case strings.HasPrefix(op, "V"):
			v, err := r.result(op, args)
			if err != nil {
				return err
			}
			if err := r.store(args[len(args)-1], v); err != nil {
				return err
			}
		case op == "MOVQ", op == "ADDQ", op == "DECQ", op == "JNE", op == "", strings.HasPrefix(op, "//"):
		default:
			return fmt.Errorf("instruction %s", op)
		}
	}
	for range f.results {
		r.results = append(r.results, r.rows[at])
		at += 128
	}
	return nil
}

// readAssembly reads the kernels that have a form.
func readAssembly(text string, forms map[string]form, single bool) (map[string]*read, error) {
	data, err := asmConstants(text)
	if err != nil {
		return nil, err
	}
	out := map[string]*read{}
	for _, fn := range asmStep.FindAllStringSubmatch(text, -1) {
		f := forms[fn[2]]
		if f.args == nil {
			continue
		}
		r := &asmReader{read: f.begin(), data: data, rows: map[int]symbolic{}, written: map[int]bool{}, registers: map[string]symbolic{}, single: single}
		if err := r.kernel(strings.Split(fn[3], "\n"), f); err != nil {
			return nil, fmt.Errorf("%s: %w", fn[1], err)
		}
		out[fn[1]] = r.read
	}
	return out, nil
}
