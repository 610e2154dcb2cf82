package sim

import (
	"math"
)

// operands of one lane, in Go's order; old is what the destination held.
type operands struct {
	x    [4]uint64
	old  uint64
	imm  int64
	size int
}

// flush is x with a number below the normal range made zero, as the kernels run with.
func flush(x uint64, size int) uint64 {
	if size == 4 {
		if x&0x7f800000 == 0 {
			return x & 0x80000000
		}
		return x
	}
	if x&0x7ff0000000000000 == 0 {
		return x & 0x8000000000000000
	}
	return x
}

func f32(x uint64) float32 { return math.Float32frombits(uint32(x)) }
func f64(x uint64) float64 { return math.Float64frombits(x) }

// arithmetic is an arithmetic instruction: y is the second operand, which Go writes first.
func arithmetic(s func(x, y float32) float32, d func(x, y float64) float64) func(operands) uint64 {
	return func(o operands) uint64 {
		x, y := flush(o.x[1], o.size), flush(o.x[0], o.size)
		if o.size == 4 {
			return flush(uint64(math.Float32bits(s(f32(x), f32(y)))), 4)
		}
		return flush(math.Float64bits(d(f64(x), f64(y))), 8)
	}
}

func unary(s func(x float32) float32, d func(x float64) float64) func(operands) uint64 {
	return func(o operands) uint64 {
		x := flush(o.x[0], o.size)
		if o.size == 4 {
			return flush(uint64(math.Float32bits(s(f32(x)))), 4)
		}
		return flush(math.Float64bits(d(f64(x))), 8)
	}
}

// fma is x y + z with one rounding.
func fma(x, y, z uint64, size int) uint64 {
	x, y, z = flush(x, size), flush(y, size), flush(z, size)
	if size == 8 {
		return flush(math.Float64bits(math.FMA(f64(x), f64(y), f64(z))), 8)
	}
	// The product is exact in float64. The sum is rounded to odd there, so that rounding it again gives what
	// rounding once does.
	p, c := float64(f32(x))*float64(f32(y)), float64(f32(z))
	s := p + c
	if t := s - p; s-s == 0 {
		if e := (p - (s - t)) + (c - t); e != 0 {
			if b := math.Float64bits(s); b&1 == 0 {
				if (e > 0) == (s > 0) {
					b++
				} else {
					b--
				}
				s = f64(b)
			}
		}
	}
	return flush(uint64(math.Float32bits(float32(s))), 4)
}

func sign(size int) uint64 { return 1 << (8*size - 1) }

func isNaN(x uint64, size int) bool {
	if size == 4 {
		return f32(x) != f32(x)
	}
	return f64(x) != f64(x)
}

func less(x, y uint64, size int) bool {
	if size == 4 {
		return f32(x) < f32(y)
	}
	return f64(x) < f64(y)
}

func equal(x, y uint64, size int) bool {
	if size == 4 {
		return f32(x) == f32(y)
	}
	return f64(x) == f64(y)
}

func ones(c bool, size int) uint64 {
	switch {
	case !c:
		return 0
	case size == 4:
		return 0xffffffff
	}
	return math.MaxUint64
}

func compare(o operands) uint64 {
	x, y := flush(o.x[1], o.size), flush(o.x[0], o.size)
	unordered := isNaN(x, o.size) || isNaN(y, o.size)
	var c bool
	switch o.imm {
	case 0x00:
		c = equal(x, y, o.size)
	case 0x04:
		c = !equal(x, y, o.size)
	case 0x03:
		c = unordered
	case 0x11:
		c = less(x, y, o.size)
	case 0x12, 0x16:
		c = (less(x, y, o.size) || equal(x, y, o.size)) == (o.imm == 0x12)
	default:
		panic("sim: predicate")
	}
	return ones(c, o.size)
}

func round(o operands) uint64 {
	x := flush(o.x[0], o.size)
	v := f64(x)
	if o.size == 4 {
		v = float64(f32(x))
	}
	switch o.imm &^ 8 {
	case 0:
		v = math.RoundToEven(v)
	case 1:
		v = math.Floor(v)
	case 2:
		v = math.Ceil(v)
	case 3:
		v = math.Trunc(v)
	default:
		panic("sim: rounding")
	}
	if o.size == 4 {
		return uint64(math.Float32bits(float32(v)))
	}
	return math.Float64bits(v)
}

func signed(x uint64, size int) int64 {
	if size == 4 {
		return int64(int32(x))
	}
	return int64(x)
}

// lanes holds the instructions that treat lanes alike.
var lanes = map[string]func(operands) uint64{}

func both(single, double string, f func(operands) uint64) { lanes[single], lanes[double] = f, f }

func init() {
	first := func(o operands) uint64 { return o.x[0] }
	both("VMOVUPS", "VMOVUPD", first)
	both("VMOVAPS", "VMOVAPD", first)
	both("VADDPS", "VADDPD", arithmetic(func(x, y float32) float32 { return x + y }, func(x, y float64) float64 { return x + y }))
	both("VSUBPS", "VSUBPD", arithmetic(func(x, y float32) float32 { return x - y }, func(x, y float64) float64 { return x - y }))
	both("VMULPS", "VMULPD", arithmetic(func(x, y float32) float32 { return x * y }, func(x, y float64) float64 { return x * y }))
	both("VDIVPS", "VDIVPD", arithmetic(func(x, y float32) float32 { return x / y }, func(x, y float64) float64 { return x / y }))
	both("VSQRTPS", "VSQRTPD", unary(func(x float32) float32 { return float32(math.Sqrt(float64(x))) }, math.Sqrt))
	// Second operand where the first is not smaller (larger): for NaN, and for equal zeros.
	both("VMINPS", "VMINPD", func(o operands) uint64 {
		x, y := flush(o.x[1], o.size), flush(o.x[0], o.size)
		if less(x, y, o.size) {
			return x
		}
		return y
	})
	both("VMAXPS", "VMAXPD", func(o operands) uint64 {
		x, y := flush(o.x[1], o.size), flush(o.x[0], o.size)
		if less(y, x, o.size) {
			return x
		}
		return y
	})
	for _, n := range []struct {
		stem   string
		negate bool
	}{{"VFMADD", false}, {"VFNMADD", true}} {
		neg := func(x uint64, size int) uint64 {
			if n.negate && !isNaN(x, size) {
				x ^= sign(size)
			}
			return x
		}
		both(n.stem+"231PS", n.stem+"231PD", func(o operands) uint64 { return fma(neg(o.x[1], o.size), o.x[0], o.old, o.size) })
		both(n.stem+"213PS", n.stem+"213PD", func(o operands) uint64 { return fma(neg(o.old, o.size), o.x[1], o.x[0], o.size) })
		both(n.stem+"132PS", n.stem+"132PD", func(o operands) uint64 { return fma(neg(o.old, o.size), o.x[0], o.x[1], o.size) })
	}
	and := func(o operands) uint64 { return o.x[0] & o.x[1] }
	andn := func(o operands) uint64 { return o.x[0] &^ o.x[1] }
	or := func(o operands) uint64 { return o.x[0] | o.x[1] }
	xor := func(o operands) uint64 { return o.x[0] ^ o.x[1] }
	both("VANDPS", "VANDPD", and)
	both("VPANDD", "VPANDQ", and)
	both("VANDNPS", "VANDNPD", andn)
	both("VPANDND", "VPANDNQ", andn)
	both("VORPS", "VORPD", or)
	both("VPORD", "VPORQ", or)
	both("VXORPS", "VXORPD", xor)
	both("VPXORD", "VPXORQ", xor)
	both("VPADDD", "VPADDQ", func(o operands) uint64 { return o.x[1] + o.x[0] })
	both("VPSUBD", "VPSUBQ", func(o operands) uint64 { return o.x[1] - o.x[0] })
	lanes["VPMULUDQ"] = func(o operands) uint64 { return o.x[1] & math.MaxUint32 * (o.x[0] & math.MaxUint32) }
	both("VPSLLD", "VPSLLQ", func(o operands) uint64 { return o.x[0] << o.imm })
	both("VPSRLD", "VPSRLQ", func(o operands) uint64 { return o.x[0] >> o.imm })
	both("VCMPPS", "VCMPPD", compare)
	both("VPCMPEQD", "VPCMPEQQ", func(o operands) uint64 { return ones(o.x[0] == o.x[1], o.size) })
	both("VPCMPGTD", "VPCMPGTQ", func(o operands) uint64 {
		return ones(signed(o.x[1], o.size) > signed(o.x[0], o.size), o.size)
	})
	both("VBROADCASTSS", "VBROADCASTSD", first) // under a mask
	both("VBLENDMPS", "VBLENDMPD", first)       // where the mask is set
	both("VPTESTMD", "VPTESTMQ", func(o operands) uint64 { return ones(o.x[0]&o.x[1] != 0, o.size) })
	both("VSCALEFPS", "VSCALEFPD", scale)
	both("VBLENDVPS", "VBLENDVPD", func(o operands) uint64 { // mask, x, y
		if o.x[0]&sign(o.size) != 0 {
			return o.x[1]
		}
		return o.x[2]
	})
	ternary := func(o operands) uint64 {
		var r uint64
		for i := 0; i < 8*o.size; i++ {
			k := o.old>>i&1<<2 | o.x[1]>>i&1<<1 | o.x[0]>>i&1
			r |= uint64(o.imm) >> k & 1 << i
		}
		return r
	}
	both("VPTERNLOGD", "VPTERNLOGQ", ternary)
	both("VROUNDPS", "VROUNDPD", round)
	both("VRNDSCALEPS", "VRNDSCALEPD", round)
	lanes["VCVTDQ2PS"] = func(o operands) uint64 { return uint64(math.Float32bits(float32(int32(o.x[0])))) }
	lanes["VCVTTPS2DQ"] = func(o operands) uint64 { return truncate(float64(f32(flush(o.x[0], 4)))) }
}

// scale is x times two to the power of y, a whole number.
func scale(o operands) uint64 {
	x, y := flush(o.x[1], o.size), flush(o.x[0], o.size)
	if isNaN(y, o.size) {
		return y
	}
	if o.size == 8 {
		return flush(math.Float64bits(math.Ldexp(f64(x), int(f64(y)))), 8)
	}
	z := math.Ldexp(float64(f32(x)), int(f32(y)))
	if math.Abs(z) < 0x1p-126 { // which rounding could make larger
		return x & sign(4)
	}
	return uint64(math.Float32bits(float32(z)))
}

// truncate is x as an integer of 32 bits; what does not fit is the smallest one.
func truncate(x float64) uint64 {
	x = math.Trunc(x)
	if !(x >= math.MinInt32 && x <= math.MaxInt32) {
		return 1 << 31
	}
	return uint64(uint32(int32(x)))
}

// shuffles holds the instructions that move lanes.
var shuffles = map[string]func(m *Machine, in *inst, w int) error{
	"VBROADCASTSS": broadcast(4),
	"VBROADCASTSD": broadcast(8),
	"VEXTRACTF128": extract, "VEXTRACTF64X4": extract,
	"VINSERTF128": insert, "VINSERTF64X4": insert,
	"VCVTPS2PD": widen(func(x uint64) uint64 { return math.Float64bits(float64(f32(flush(x, 4)))) }),
	"VCVTDQ2PD": widen(func(x uint64) uint64 { return math.Float64bits(float64(int32(x))) }),
	"VPMOVSXDQ": widen(func(x uint64) uint64 { return uint64(int64(int32(x))) }),
	"VCVTPD2PS": narrow(toF32), "VCVTPD2PSY": narrow(toF32),
	"VCVTTPD2DQ":  narrow(func(x uint64) uint64 { return truncate(f64(flush(x, 8))) }),
	"VCVTTPD2DQY": narrow(func(x uint64) uint64 { return truncate(f64(flush(x, 8))) }),
	"VPMOVQD":     narrow(func(x uint64) uint64 { return uint64(uint32(x)) }),
	"VUNPCKLPS":   interleave(4, 0), "VUNPCKHPS": interleave(4, 1), "VUNPCKLPD": interleave(8, 0), "VUNPCKHPD": interleave(8, 1),
	"VSHUFPS": shufflePS, "VSHUFPD": shufflePD, "VPERMPD": permutePD, "VPERM2F128": permute128,
	"VSHUFF32X4": shuffle128, "VSHUFF64X2": shuffle128,
	"VPERMI2PS": pickPS,
	"VMOVSS":    storeOne(4), "VMOVSD": storeOne(8),
	"VHADDPS": addPairs, "VHADDPD": addPairs,
}

func toF32(x uint64) uint64 {
	return flush(uint64(math.Float32bits(float32(f64(flush(x, 8))))), 4)
}

func broadcast(size int) func(m *Machine, in *inst, w int) error {
	return func(m *Machine, in *inst, w int) error {
		b, err := m.read(in.args[0], size)
		if err != nil {
			return err
		}
		out := make([]byte, w)
		for i := 0; i < w; i += size {
			copy(out[i:], b)
		}
		return m.write(in.args[1], out)
	}
}

func extract(m *Machine, in *inst, w int) error {
	b, err := m.read(in.args[1], w)
	if err != nil {
		return err
	}
	return m.write(in.args[2], b[int(in.args[0].n)*w/2:][:w/2])
}

func insert(m *Machine, in *inst, w int) error {
	half, err := m.read(in.args[1], w/2)
	if err != nil {
		return err
	}
	b, err := m.read(in.args[2], w)
	if err != nil {
		return err
	}
	out := append([]byte(nil), b...)
	copy(out[int(in.args[0].n)*w/2:], half)
	return m.write(in.args[3], out)
}

func widen(f func(uint64) uint64) func(m *Machine, in *inst, w int) error {
	return func(m *Machine, in *inst, w int) error {
		b, err := m.read(in.args[0], w/2)
		if err != nil {
			return err
		}
		out := make([]byte, w)
		for i := 0; i < w/8; i++ {
			put(out, i, 8, f(get(b, i, 4)))
		}
		return m.write(in.args[1], out)
	}
}

func narrow(f func(uint64) uint64) func(m *Machine, in *inst, w int) error {
	return func(m *Machine, in *inst, w int) error {
		b, err := m.read(in.args[0], w)
		if err != nil {
			return err
		}
		out := make([]byte, w/2)
		for i := 0; i < w/8; i++ {
			put(out, i, 4, f(get(b, i, 8)))
		}
		return m.write(in.args[1], out)
	}
}

// two reads the operands of a shuffle: x is Intel's first, y its second.
func two(m *Machine, in *inst, w int) (imm int, x, y []byte, err error) {
	a := in.args
	if a[0].kind == immArg {
		imm, a = int(a[0].n), a[1:]
	}
	if y, err = m.read(a[0], w); err != nil {
		return
	}
	x, err = m.read(a[1], w)
	return
}

func shufflePS(m *Machine, in *inst, w int) error {
	imm, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	out := make([]byte, w)
	for g := 0; g < w/16; g++ {
		for i, s := range [][]byte{x, x, y, y} {
			put(out, 4*g+i, 4, get(s, 4*g+imm>>(2*i)&3, 4))
		}
	}
	return m.write(in.args[len(in.args)-1], out)
}

func shufflePD(m *Machine, in *inst, w int) error {
	imm, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	out := make([]byte, w)
	for g := 0; g < w/16; g++ {
		for i, s := range [][]byte{x, y} {
			put(out, 2*g+i, 8, get(s, 2*g+imm>>(2*g+i)&1, 8))
		}
	}
	return m.write(in.args[len(in.args)-1], out)
}

// interleave takes numbers of the lower or upper halves of each 128 bits, of x and of y in turn.
func interleave(size, half int) func(m *Machine, in *inst, w int) error {
	return func(m *Machine, in *inst, w int) error {
		_, x, y, err := two(m, in, w)
		if err != nil {
			return err
		}
		out := make([]byte, w)
		n := 16 / size
		for i := range w / size {
			s := x
			if i%2 == 1 {
				s = y
			}
			put(out, i, size, get(s, i/n*n+half*n/2+i%n/2, size))
		}
		return m.write(in.args[len(in.args)-1], out)
	}
}

// shuffle128 takes quarters of a vector: two of x, then two of y.
func shuffle128(m *Machine, in *inst, w int) error {
	imm, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	var out []byte
	for i, s := range [][]byte{x, x, y, y} {
		out = append(out, s[imm>>(2*i)&3*16:][:16]...)
	}
	return m.write(in.args[len(in.args)-1], out)
}

// pickPS takes numbers of x, or behind these of y, by the places that the destination has.
func pickPS(m *Machine, in *inst, w int) error {
	_, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	to := in.args[len(in.args)-1]
	places, err := m.read(to, w)
	if err != nil {
		return err
	}
	out := make([]byte, w)
	n := w / 4
	for i := range n {
		k := int(get(places, i, 4)) % (2 * n)
		if k < n {
			put(out, i, 4, get(x, k, 4))
		} else {
			put(out, i, 4, get(y, k-n, 4))
		}
	}
	return m.write(to, out)
}

// storeOne writes the first number of a register to memory.
func storeOne(size int) func(m *Machine, in *inst, w int) error {
	return func(m *Machine, in *inst, _ int) error {
		b, err := m.read(in.args[0], size)
		if err != nil {
			return err
		}
		return m.write(in.args[1], b)
	}
}

func permutePD(m *Machine, in *inst, w int) error {
	b, err := m.read(in.args[1], w)
	if err != nil {
		return err
	}
	out := make([]byte, w)
	for i := 0; i < w/8; i++ {
		put(out, i, 8, get(b, i&^3+int(in.args[0].n)>>(2*(i&3))&3, 8))
	}
	return m.write(in.args[2], out)
}

func permute128(m *Machine, in *inst, w int) error {
	imm, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	all := append(append([]byte(nil), x...), y...)
	out := append(append([]byte(nil), all[imm&3*16:][:16]...), all[imm>>4&3*16:][:16]...)
	return m.write(in.args[len(in.args)-1], out)
}

// addPairs adds neighbours, 128 bits at a time: two of x, then two of y.
func addPairs(m *Machine, in *inst, w int) error {
	_, x, y, err := two(m, in, w)
	if err != nil {
		return err
	}
	size := 4
	if in.op == "VHADDPD" {
		size = 8
	}
	add := lanes[map[int]string{4: "VADDPS", 8: "VADDPD"}[size]]
	out := make([]byte, w)
	n := 16 / size
	for i := 0; i < w/size; i++ {
		s, k := x, i%n
		if k >= n/2 {
			s, k = y, k-n/2
		}
		at := i/n*n + 2*k
		put(out, i, size, add(operands{x: [4]uint64{get(s, at+1, size), get(s, at, size)}, size: size}))
	}
	return m.write(in.args[len(in.args)-1], out)
}
