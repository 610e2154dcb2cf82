package asm

import "ndec.dev/ndec/ir/vmath"

// Function is the value of a program of ir/vmath, in all lanes. Products are added with one rounding. Where
// an argument is beyond the program's range (vmath.Row.Far) the value is NaN: such a sample fails, and has to
// be computed again by the functions of package rt, which have no such range.
func (b *Builder) Function(e Elem, p *vmath.Program, args ...Vec) Vec {
	if p.Width != 8*e.Bytes() {
		b.fail("%s for %d bits in vectors of another width", p.Row.Name, p.Width)
	}
	if len(args) != len(p.Args) {
		b.fail("%s of %d arguments", p.Row.Name, len(args))
		return b.Const(e, 0)
	}
	at := make([]Vec, len(p.Code))
	next := 0
	for i, v := range p.Code {
		x := func(k int) Vec { return at[v.Args[k].ID] }
		switch v.Op {
		case vmath.Arg:
			at[i] = args[next]
			next++
		case vmath.Const:
			at[i] = b.Bits(e, v.Bits)
		case vmath.Add:
			at[i] = b.Add(e, x(0), x(1))
		case vmath.Sub:
			at[i] = b.Sub(e, x(0), x(1))
		case vmath.Mul:
			at[i] = b.Mul(e, x(0), x(1))
		case vmath.Div:
			at[i] = b.Div(e, x(0), x(1))
		case vmath.MulAdd:
			at[i] = b.FMA(e, x(0), x(1), x(2))
		case vmath.MulSub:
			at[i] = b.FNMA(e, x(0), x(1), x(2))
		case vmath.Sqrt:
			at[i] = b.Sqrt(e, x(0))
		case vmath.Min: // the instruction gives its second operand for NaN, as the program wants
			at[i] = b.binary(rowMin, e, x(0), x(1))
		case vmath.Max:
			at[i] = b.binary(rowMax, e, x(0), x(1))
		case vmath.And:
			at[i] = b.And(e, x(0), x(1))
		case vmath.Or:
			at[i] = b.Or(e, x(0), x(1))
		case vmath.Xor:
			at[i] = b.Xor(e, x(0), x(1))
		case vmath.AddBits:
			at[i] = b.IAdd(e, x(0), x(1))
		case vmath.SubBits:
			at[i] = b.ISub(e, x(0), x(1))
		case vmath.ShiftL:
			at[i] = b.Shl(e, x(0), int(v.Bits))
		case vmath.ShiftR:
			at[i] = b.Shr(e, x(0), int(v.Bits))
		case vmath.Less:
			at[i] = b.Cmp(e, Less, x(0), x(1))
		case vmath.Equal:
			at[i] = b.Cmp(e, Equal, x(0), x(1))
		case vmath.Negative:
			at[i] = b.ICmpGreater(e, b.Bits(e, 0), x(0))
		case vmath.Select:
			at[i] = b.Select(e, x(0), x(1), x(2))
		default:
			b.fail("%s: no instruction for %s", p.Row.Name, v.Op)
			return b.Const(e, 0)
		}
	}
	y := at[p.Result.ID]
	if far := p.Row.Far(p.Width); far != 0 {
		near := b.Cmp(e, LessEqual, b.Abs(e, args[0]), b.Const(e, far))
		y = b.Or(e, y, b.Xor(e, near, b.Ones(e)))
	}
	return y
}
