package sim

import "fmt"

// onMasks holds the instructions on mask registers, of 16 bits: x and y are the operands in Go's order.
var onMasks = map[string]func(x, y uint64) uint64{
	"KMOVW":    func(x, _ uint64) uint64 { return x },
	"KNOTW":    func(x, _ uint64) uint64 { return ^x },
	"KANDW":    func(x, y uint64) uint64 { return x & y },
	"KANDNW":   func(x, y uint64) uint64 { return x &^ y },
	"KORW":     func(x, y uint64) uint64 { return x | y },
	"KXORW":    func(x, y uint64) uint64 { return x ^ y },
	"KUNPCKBW": func(x, y uint64) uint64 { return x&0xff | y&0xff<<8 },
	"KSHIFTRW": func(n, x uint64) uint64 { return x & 0xffff >> n },
}

// masks runs one of them.
func (m *Machine) masks(in *inst) error {
	var src [2]uint64
	n := len(in.args) - 1
	if n > len(src) {
		return fmt.Errorf("%d operands", n)
	}
	for i, a := range in.args[:n] {
		switch a.kind {
		case maskArg:
			src[i] = m.mask[a.n]
		case immArg:
			src[i] = uint64(a.n)
		default:
			return fmt.Errorf("operand is no mask")
		}
	}
	m.mask[in.args[n].n] = onMasks[in.op](src[0], src[1]) & 0xffff
	return nil
}

// none reports whether two operands, masks or vectors of AVX2, have no bit: in one of them, of masks, and in common, of vectors.
func (m *Machine) none(in *inst) (bool, error) {
	x, y := in.args[0], in.args[1]
	switch {
	case x.kind == maskArg && y.kind == maskArg:
		return (m.mask[x.n]|m.mask[y.n])&0xffff == 0, nil
	case x.kind == vecArg && y.kind == vecArg:
		for i := range x.width {
			if m.vec[x.n][i]&m.vec[y.n][i] != 0 {
				return false, nil
			}
		}
		return true, nil
	}
	return false, fmt.Errorf("operand is no mask")
}
