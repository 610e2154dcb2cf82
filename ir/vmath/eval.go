package vmath

import "math"

// Eval32 runs a program of 32 bits, products rounded before they are added.
func (p *Program) Eval32(args ...float32) float32 {
	in := make([]uint64, len(args))
	for i, x := range args {
		in[i] = uint64(math.Float32bits(x))
	}
	return math.Float32frombits(uint32(p.run(in, num32)))
}

// Eval64 runs a program of 64 bits, products rounded before they are added.
func (p *Program) Eval64(args ...float64) float64 {
	in := make([]uint64, len(args))
	for i, x := range args {
		in[i] = math.Float64bits(x)
	}
	return math.Float64frombits(p.run(in, num64))
}

// arithmetic is that of one precision, on bits.
type arithmetic struct {
	to   func(uint64) float64
	from func(float64) uint64
	mask uint64
}

// Sums, products, quotients and roots of float32 numbers are those of float64 rounded once more: 53 bits
// are more than twice 24 and two (Figueroa 1995).
var (
	num32 = arithmetic{func(x uint64) float64 { return float64(math.Float32frombits(uint32(x))) },
		func(x float64) uint64 { return uint64(math.Float32bits(float32(x))) }, 1<<32 - 1}
	num64 = arithmetic{math.Float64frombits, math.Float64bits, 1<<64 - 1}
)

func (p *Program) run(args []uint64, n arithmetic) uint64 {
	at := make([]uint64, len(p.Code))
	next := 0
	holds := func(c bool) uint64 {
		if c {
			return n.mask
		}
		return 0
	}
	for i, v := range p.Code {
		arg := func(k int) uint64 { return at[v.Args[k].ID] }
		num := func(k int) float64 { return n.to(arg(k)) }
		product := func() float64 { return n.to(n.from(num(0) * num(1))) }
		switch v.Op {
		case Arg:
			at[i] = args[next]
			next++
		case Const:
			at[i] = v.Bits
		case Add:
			at[i] = n.from(num(0) + num(1))
		case Sub:
			at[i] = n.from(num(0) - num(1))
		case Mul:
			at[i] = n.from(num(0) * num(1))
		case Div:
			at[i] = n.from(num(0) / num(1))
		case MulAdd:
			at[i] = n.from(product() + num(2))
		case MulSub:
			at[i] = n.from(num(2) - product())
		case Sqrt:
			at[i] = n.from(math.Sqrt(num(0)))
		case Min:
			at[i] = arg(1)
			if num(0) < num(1) {
				at[i] = arg(0)
			}
		case Max:
			at[i] = arg(1)
			if num(0) > num(1) {
				at[i] = arg(0)
			}
		case And:
			at[i] = arg(0) & arg(1)
		case Or:
			at[i] = arg(0) | arg(1)
		case Xor:
			at[i] = arg(0) ^ arg(1)
		case AddBits:
			at[i] = (arg(0) + arg(1)) & n.mask
		case SubBits:
			at[i] = (arg(0) - arg(1)) & n.mask
		case ShiftL:
			at[i] = arg(0) << v.Bits & n.mask
		case ShiftR:
			at[i] = arg(0) >> v.Bits
		case Less:
			at[i] = holds(num(0) < num(1))
		case Equal:
			at[i] = holds(num(0) == num(1))
		case Negative:
			at[i] = holds(arg(0)>>(p.Width-1) == 1)
		case Select:
			at[i] = arg(2)
			if arg(0) != 0 {
				at[i] = arg(1)
			}
		}
	}
	return at[p.Result.ID]
}
