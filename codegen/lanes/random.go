package lanes

import (
	"math"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// Random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011) in the halves of 64-bit lanes, as package ir
// defines draws. Upper halves of words hold what multiplications left there, which nothing reads.

const f64 = asm.F64

// two52 added to a whole number below 2⁵² puts it into the lower bits.
const two52 = 1 << 52

// words is the whole number x, of at most 53 bits, in two words.
func (c *compiler) words(x asm.Vec) (lo, hi asm.Vec) {
	b := c.b
	h := b.Round(f64, asm.Down, b.Mul(f64, x, b.Const(f64, 0x1p-32)))
	return c.word(b.FNMA(f64, h, b.Const(f64, 0x1p32), x)), c.word(h)
}

// word is the whole number x as a word.
func (c *compiler) word(x asm.Vec) asm.Vec {
	return c.b.Xor(f64, c.b.Add(f64, x, c.b.Const(f64, two52)), c.b.Const(f64, two52))
}

// philox is the value of a counter at a key.
func (c *compiler) philox(x [4]asm.Vec, key [2]asm.Vec) [4]asm.Vec {
	b := c.b
	bits := func(u uint64) asm.Vec { return b.Bits(f64, u) }
	for i, v := range x {
		x[i] = b.Var(f64, v)
	}
	for i, v := range key {
		key[i] = b.Var(f64, v)
	}
	b.Loop(5, func(*asm.Loop) { // two rounds each
		y, k := x, key
		for range 2 {
			p0, p1 := b.MulWords(y[0], bits(0xd2511f53)), b.MulWords(y[2], bits(0xcd9e8d57))
			y = [4]asm.Vec{
				b.Xor(f64, b.Xor(f64, b.Shr(f64, p1, 32), y[1]), k[0]), p1,
				b.Xor(f64, b.Xor(f64, b.Shr(f64, p0, 32), y[3]), k[1]), p0,
			}
			k = [2]asm.Vec{b.IAdd(f64, k[0], bits(0x9e3779b9)), b.IAdd(f64, k[1], bits(0xbb67ae85))}
		}
		for i, v := range y {
			b.Set(x[i], v)
		}
		for i, v := range k {
			b.Set(key[i], v)
		}
	})
	return x
}

// unit is the number in [0, 1) that the 53 upper bits of two words say.
func (c *compiler) unit(hi, lo asm.Vec) asm.Vec {
	b := c.b
	number := func(word asm.Vec) asm.Vec {
		return b.Sub(f64, b.Or(f64, word, b.Const(f64, two52)), b.Const(f64, two52))
	}
	low := b.Bits(f64, math.MaxUint32)
	u := b.FMA(f64, number(b.And(f64, hi, low)), b.Const(f64, 1<<21), number(b.Shr(f64, b.And(f64, lo, low), 11)))
	return b.Mul(f64, u, b.Const(f64, 0x1p-53))
}

// uniform draws the numbers of v: two of each block of random bits.
func (c *compiler) uniform(v *ir.Value) {
	b, n := c.b, v.Type.Len()
	k := c.kind(ir.F64)
	parts := c.count(k)
	part := func(a *ir.Value, e, i int) asm.Vec { return c.elem(a, at(e)).v[i] }
	even := isEven(v.Args[1])
	var keys [][2]asm.Vec
	var rest [][2]asm.Vec // words of path and site, and of seed, row and step
	var place []asm.Vec   // of the next block, or of the next draw if one may begin in a block
	for i := range parts {
		key := v.Args[0]
		row, rowHigh := c.words(part(key, ir.KeyRow, i))
		step, stepHigh := c.words(part(key, ir.KeyStep, i))
		r := c.philox([4]asm.Vec{row, rowHigh, step, stepHigh}, [2]asm.Vec{c.word(part(key, ir.KeySeedLow, i)), c.word(part(key, ir.KeySeedHigh, i))})
		keys = append(keys, [2]asm.Vec{r[0], r[1]})
		site := b.Xor(f64, c.word(part(key, ir.KeyScope, i)), b.Bits(f64, uint64(uint32(v.Attr.Index))))
		path := c.word(part(key, ir.KeyPath, i))
		rest = append(rest, [2]asm.Vec{path, b.Or(f64, b.Shl(f64, r[2], 32), b.And(f64, site, b.Bits(f64, math.MaxUint32)))})
		lo, hi := c.words(part(v.Args[1], 0, i))
		p := b.Or(f64, lo, b.Shl(f64, hi, 32))
		if even {
			p = b.Shr(f64, p, 1)
		}
		place = append(place, b.Var(f64, p))
	}
	// block are four words of part i at a place, and that place moves on.
	block := func(i int, at asm.Vec) [4]asm.Vec {
		x := c.philox([4]asm.Vec{at, rest[i][0], rest[i][1], b.Shr(f64, rest[i][1], 32)}, keys[i])
		b.Set(place[i], b.IAdd(f64, place[i], b.Bits(f64, 1)))
		return x
	}
	if even {
		c.again(n/2, func(step func(int) index) {
			first, second := value{w: k}, value{w: k}
			for i := range parts {
				x := block(i, place[i])
				first.v = append(first.v, c.unit(x[0], x[1]))
				second.v = append(second.v, c.unit(x[2], x[3]))
			}
			c.put(v, step(2), first)
			c.put(v, step(2).plus(1), second)
		})
		if n%2 == 1 {
			last := value{w: k}
			for i := range parts {
				x := block(i, place[i])
				last.v = append(last.v, c.unit(x[0], x[1]))
			}
			c.put(v, at(n-1), last)
		}
		return
	}
	c.again(n, func(step func(int) index) {
		u := value{w: k}
		for i := range parts {
			at := b.Shr(f64, place[i], 1)
			odd := b.ICmpEqual(f64, b.And(f64, place[i], b.Bits(f64, 1)), b.Bits(f64, 1))
			x := block(i, at)
			u.v = append(u.v, c.unit(b.Select(f64, odd, x[2], x[0]), b.Select(f64, odd, x[3], x[1])))
		}
		c.put(v, step(1), u)
	})
}

// again runs body n times, in a loop if that is more than once: a block of random bits is long.
func (c *compiler) again(n int, body func(step func(n int) index)) {
	if n <= 1 {
		c.stretch(n, body)
		return
	}
	c.b.Loop(n, func(l *asm.Loop) { body(func(by int) index { return at(0).along(l, by) }) })
}

// isEven reports whether v, which is a whole number, is known to be even.
func isEven(v *ir.Value) bool {
	switch v.Op {
	case ir.OpConst:
		return v.Attr.Data == nil && math.Mod(v.Attr.Num, 2) == 0
	case ir.OpMul:
		return isEven(v.Args[0]) || isEven(v.Args[1])
	case ir.OpAdd, ir.OpSub:
		return isEven(v.Args[0]) && isEven(v.Args[1])
	case ir.OpCast, ir.OpDetach, ir.OpReshape:
		return isEven(v.Args[0])
	}
	return false
}

// bound is a number that no element of v exceeds in size; +∞ if none is known.
func bound(v *ir.Value) float64 {
	all := func() float64 {
		most := 0.0
		for _, a := range v.Args {
			most = max(most, bound(a))
		}
		return most
	}
	switch v.Op {
	case ir.OpConst:
		most := math.Abs(v.Attr.Num)
		for _, x := range v.Attr.Data {
			most = max(most, math.Abs(x))
		}
		return most
	case ir.OpUniform, ir.OpTanh, ir.OpSin, ir.OpCos, ir.OpSigmoid, ir.OpErf:
		return 1
	case ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpPad, ir.OpConcat, ir.OpReverse, ir.OpExpand, ir.OpDetach, ir.OpCast, ir.OpNeg, ir.OpAbs:
		return all()
	case ir.OpMul:
		return bound(v.Args[0]) * bound(v.Args[1])
	case ir.OpAdd, ir.OpSub:
		return bound(v.Args[0]) + bound(v.Args[1])
	}
	return math.Inf(1)
}
