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
	f := function{b: b, e: e, p: p, at: make([]Vec, len(p.Code))}
	if b.ISA == AVX512 {
		f.plan()
	}
	for i, v := range p.Code {
		switch {
		case v.Op == vmath.Arg:
			f.at[i], args = args[0], args[1:]
		case b.ISA == AVX2:
			f.at[i] = f.operation(v)
		case f.wanted[i]:
			f.at[i] = f.wide(v)
		}
	}
	y := f.at[p.Result.ID]
	far := p.Row.Far(p.Width)
	switch {
	case far == 0:
		return y
	case b.ISA == AVX512:
		b.compareK(e, notLessEqual, b.Abs(e, f.x(p.Args[0])), b.Const(e, far), 1)
		return b.blend(e, 1, b.Ones(e), y)
	}
	near := b.Cmp(e, LessEqual, b.Abs(e, f.x(p.Args[0])), b.Const(e, far))
	return b.Or(e, y, b.Xor(e, near, b.Ones(e)))
}

// function is a program that is being printed.
type function struct {
	b  *Builder
	e  Elem
	p  *vmath.Program
	at []Vec

	// Of AVX-512:
	wanted []bool // what the result needs, if it goes the short ways there are
	last   []int  // who reads a mask last; -1 of masks that something else than a choice reads
	masks  []int  // the mask register of a comparison; 0 of none
}

func (f *function) x(v *vmath.Value) Vec { return f.at[v.ID] }

// maskRegisters is the number of those for comparisons of a function: K2 and those after it. K0 is no mask, and K1 that of others.
const maskRegisters = 6

// plan finds out what is wanted, and gives comparisons their mask registers from the place where they are made up to the last choice by them.
func (f *function) plan() {
	n := len(f.p.Code)
	f.wanted, f.last, f.masks = make([]bool, n), make([]int, n), make([]int, n)
	f.wanted[f.p.Result.ID] = true
	for i := n - 1; i >= 0; i-- {
		if !f.wanted[i] {
			continue
		}
		v := f.p.Code[i]
		for k, a := range operandsOf(v) {
			f.wanted[a.ID] = true
			switch {
			case !a.Op.IsMask():
			case v.Op != vmath.Select || k > 0:
				f.last[a.ID] = -1
			case f.last[a.ID] == 0:
				f.last[a.ID] = i
			}
		}
	}
	var until [maskRegisters]int // when a register is free again
	for i := range f.p.Code {
		if !f.wanted[i] || f.last[i] <= 0 {
			continue
		}
		for k := range until {
			if until[k] <= i {
				until[k], f.masks[i] = f.last[i], k+2
				break
			}
		}
	}
}

// operandsOf are those of an operation, on the short way.
func operandsOf(v *vmath.Value) []*vmath.Value {
	if v.Scale != nil {
		return []*vmath.Value{v.Scale.X, v.Scale.N}
	}
	return v.Args
}

// wide is an operation of AVX-512, which has shorter ways to some.
func (f *function) wide(v *vmath.Value) Vec {
	b, e := f.b, f.e
	k := f.masks[v.ID]
	switch {
	case v.Scale != nil:
		n := f.x(v.Scale.N)
		if v.Scale.Extra != 0 {
			n = b.Add(e, n, b.Const(e, float64(v.Scale.Extra)))
		}
		return b.scale(e, f.x(v.Scale.X), n)
	case v.Op == vmath.Select && f.masks[v.Args[0].ID] > 0:
		return b.blend(e, f.masks[v.Args[0].ID], f.x(v.Args[1]), f.x(v.Args[2]))
	case k > 0 && v.Op == vmath.Negative:
		b.testK(e, f.x(v.Args[0]), b.signBit(e), k)
	case k > 0 && v.Op == vmath.Less:
		b.compareK(e, Less, f.x(v.Args[0]), f.x(v.Args[1]), k)
	case k > 0 && v.Op == vmath.Equal:
		b.compareK(e, Equal, f.x(v.Args[0]), f.x(v.Args[1]), k)
	default:
		return f.operation(v)
	}
	return 0
}

// operation is one of a program.
func (f *function) operation(v *vmath.Value) Vec {
	b, e := f.b, f.e
	x := func(k int) Vec { return f.x(v.Args[k]) }
	switch v.Op {
	case vmath.Const:
		return b.Bits(e, v.Bits)
	case vmath.Add:
		return b.Add(e, x(0), x(1))
	case vmath.Sub:
		return b.Sub(e, x(0), x(1))
	case vmath.Mul:
		return b.Mul(e, x(0), x(1))
	case vmath.Div:
		return b.Div(e, x(0), x(1))
	case vmath.MulAdd:
		return b.FMA(e, x(0), x(1), x(2))
	case vmath.MulSub:
		return b.FNMA(e, x(0), x(1), x(2))
	case vmath.Sqrt:
		return b.Sqrt(e, x(0))
	case vmath.Min: // the instruction gives its second operand for NaN, as the program wants
		return b.binary(rowMin, e, x(0), x(1))
	case vmath.Max:
		return b.binary(rowMax, e, x(0), x(1))
	case vmath.And:
		return b.And(e, x(0), x(1))
	case vmath.Or:
		return b.Or(e, x(0), x(1))
	case vmath.Xor:
		return b.Xor(e, x(0), x(1))
	case vmath.AddBits:
		return b.IAdd(e, x(0), x(1))
	case vmath.SubBits:
		return b.ISub(e, x(0), x(1))
	case vmath.ShiftL:
		return b.Shl(e, x(0), int(v.Bits))
	case vmath.ShiftR:
		return b.Shr(e, x(0), int(v.Bits))
	case vmath.Less:
		return b.Cmp(e, Less, x(0), x(1))
	case vmath.Equal:
		return b.Cmp(e, Equal, x(0), x(1))
	case vmath.Negative:
		return b.ICmpGreater(e, b.Bits(e, 0), x(0))
	case vmath.Select:
		return b.Select(e, x(0), x(1), x(2))
	}
	b.fail("%s: no instruction for %s", f.p.Row.Name, v.Op)
	return b.Const(e, 0)
}
