package lanes

import (
	"math"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// value is an element of the vectors of samples that are computed together. In a module of f32 an f64 has two
// vectors for each; a mask is kept in the width that it was made in, and widened or narrowed when it is
// wanted.
type value struct {
	v []asm.Vec
	w kind
}

// kind is the width of a value and the number of its vectors.
type kind uint8

const (
	single kind = iota // F32
	double             // F64 in a module of F64
	paired             // F64 in a module of F32
)

func (k kind) elem() asm.Elem {
	if k == single {
		return asm.F32
	}
	return asm.F64
}

func (k kind) count() int {
	if k == paired {
		return 2
	}
	return 1
}

// kind is how an element type is held.
func (c *compiler) kind(e ir.Elem) kind {
	if c.set.real() == ir.F64 {
		return double
	}
	if e == ir.F64 {
		return paired
	}
	return single
}

// count is the number of vectors of a value.
func (c *compiler) count(k kind) int { return c.wide * k.count() }

// same is a value that is v in all vectors.
func (c *compiler) same(k kind, v asm.Vec) value {
	x := newValue(k, c.count(k))
	for range c.count(k) {
		x.v = append(x.v, v)
	}
	return x
}

// newValue has room for some vectors.
func newValue(k kind, vectors int) value { return value{make([]asm.Vec, 0, vectors), k} }

// place is the address of row ix of a field, at the present vector; of few samples, that of one of them.
func (c *compiler) place(f *Field, ix index, part int) asm.Mem {
	k := c.kind(f.Elem)
	if c.set.few() > 0 {
		return c.placeFew(f, ix, part)
	}
	if c.set.alone != nil && !ix.vec {
		part = 0 // every lane has the same number
	}
	row := c.set.rowBytes(f.Elem)
	base := c.b.Arg(argFrame)
	if f.Kept {
		base = c.b.Record()
	}
	m := base.At(f.Off + ix.k*row + part*c.b.ISA.Bytes())
	m.Steps = make([]asm.Step, 0, 3+len(ix.steps))
	if f.Start != nil {
		m = c.inRow(m, f)
	}
	if c.col != nil {
		m.Steps = append(m.Steps, asm.Step{Loop: c.col, Bytes: c.count(k) * c.b.ISA.Bytes()})
	}
	for _, s := range ix.steps {
		if s.n != 0 {
			m.Steps = append(m.Steps, asm.Step{Loop: s.loop, Bytes: s.n * row})
		}
	}
	return m
}

func (c *compiler) loadField(f *Field, ix index) value {
	k := c.kind(f.Elem)
	if c.set.few() > 0 {
		return c.loadFew(f, ix)
	}
	if c.set.alone != nil && !ix.vec {
		return c.same(k, c.b.Broadcast(k.elem(), c.place(f, ix, 0)))
	}
	return value{c.b.Loads(k.elem(), c.place(f, ix, 0), c.count(k)), k}
}

func (c *compiler) storeField(f *Field, ix index, x value) {
	if f.Elem == ir.Bool {
		x = c.maskAs(x, c.kind(ir.Bool))
	}
	if c.set.few() > 0 {
		c.storeFew(f, ix, x)
		return
	}
	if c.set.alone != nil && !ix.vec {
		c.b.StoreOne(x.w.elem(), x.v[0], c.place(f, ix, 0))
		return
	}
	c.b.Stores(x.w.elem(), x.v, c.place(f, ix, 0))
}

// splat is a number in all lanes.
func (c *compiler) splat(e ir.Elem, x float64) value {
	k := c.kind(e)
	v := c.b.Const(k.elem(), x)
	switch {
	case e == ir.Bool:
		bits := uint64(0)
		if x != 0 {
			bits = math.MaxUint64 >> (64 - 8*k.elem().Bytes())
		}
		v = c.b.Bits(k.elem(), bits)
	case e == ir.I32 && k == single: // integers are floats beside F64, which holds them exactly
		v = c.b.Bits(asm.F32, uint64(uint32(int32(x))))
	}
	return c.same(k, v)
}

// memory is a number of the parameters or of what is computed from them, in all lanes.
func (c *compiler) broadcast(base asm.Base, off int, e ir.Elem, ix index) value {
	k := c.kind(e)
	if !e.IsFloat() || k == double && e == ir.F32 {
		c.unsupported(nil, "a parameter of %s", e)
	}
	n := e.Bytes()
	m := base.At(off + ix.k*n)
	for _, s := range ix.steps {
		m = m.Along(s.loop, s.n*n)
	}
	v := c.b.Broadcast(k.elem(), m)
	return c.same(k, v)
}

// elem is element ix of v.
func (c *compiler) elem(v *ir.Value, ix index) value {
	if v.Type.Len() == 1 {
		ix = at(0)
	}
	if c.k.alike[v] {
		return c.alikeElem(v)
	}
	if ix.rows {
		if x, ok := c.cur[cursor{v, ix.tile}]; ok {
			return x
		}
	}
	if ix.konst() {
		if x, ok := c.reg[element{v, ix.k}]; ok {
			return x
		}
	}
	if x, ok := c.arrive(v, ix); ok {
		return x
	}
	pl := c.pf.Places[v]
	switch pl.Kind {
	case plan.Literal:
		return c.splat(v.Type.Elem, v.Attr.Num)
	case plan.Table:
		if v.Attr.Data == nil {
			return c.splat(v.Type.Elem, v.Attr.Num)
		}
		if ix.konst() {
			return c.splat(v.Type.Elem, v.Attr.Data[ix.k])
		}
		return c.table(v.Type.Elem, v.Attr.Data, ix)
	case plan.Memory:
		p := v.Attr.Param
		if c.set.alone != nil {
			return c.weight(p, v.Type.Elem, ix)
		}
		if e, ok := c.set.inRecord[p]; ok {
			return c.broadcast(c.b.Record(), e.bytes(p.Type.Elem, c.b.ISA), p.Type.Elem, ix)
		}
		arg := argParams
		if p.Derived {
			arg = argPrepared
		}
		return c.broadcast(c.b.Arg(arg), c.set.params[p], p.Type.Elem, ix)
	case plan.Folded:
		return c.compute(v, ix)
	case plan.View:
		if pl.Offset == 0 && ix.rows {
			return c.elem(pl.Base, ix)
		}
		return c.elem(pl.Base, ix.plus(pl.Offset))
	}
	f := c.k.byVal[v]
	if f == nil {
		c.unsupported(v, "%s without a place", v.Op)
	}
	x := c.loadField(f, ix)
	if ix.konst() && v.Type.Len() <= plan.SmallLen {
		c.reg[element{v, ix.k}] = x
	}
	return x
}

// table is a constant that is given element by element, read in a loop.
func (c *compiler) table(e ir.Elem, data []float64, ix index) value {
	k := c.kind(e)
	bits := make([]uint64, len(data))
	for i, x := range data {
		switch {
		case e == ir.Bool:
			if x != 0 {
				bits[i] = math.MaxUint64 >> (64 - 8*k.elem().Bytes())
			}
		case e == ir.I32 && k == single:
			bits[i] = uint64(uint32(int32(x)))
		case k == single:
			bits[i] = uint64(math.Float32bits(float32(x)))
		default:
			bits[i] = math.Float64bits(x)
		}
	}
	n := k.elem().Bytes()
	for ix.vec && len(bits) < c.set.padded(len(data)) {
		bits = append(bits, 0)
	}
	m := c.b.Table(k.elem(), bits).At(ix.k * n)
	for _, s := range ix.steps {
		m = m.Along(s.loop, s.n*n)
	}
	if ix.vec {
		return c.loadVectors(k, m)
	}
	v := c.b.Broadcast(k.elem(), m)
	return c.same(k, v)
}

// set keeps element ix of v, in a register and, where v has a place, in memory.
func (c *compiler) keep(v *ir.Value, ix index, x value) {
	if f := c.k.byVal[v]; f != nil && v.Op != ir.OpArg {
		c.storeField(f, ix, x)
	}
	if ix.rows {
		c.cur[cursor{v, ix.tile}] = x
	}
	if ix.konst() && v.Type.Len() <= plan.SmallLen {
		c.reg[element{v, ix.k}] = x
	}
}

// maskAs is a mask in another width.
func (c *compiler) maskAs(m value, k kind) value {
	switch {
	case m.w == k:
		return m
	case k == paired:
		return value{c.pairs(m, c.b.WidenMask), paired}
	}
	at := element{nil, int(m.v[0])} // by its first vector, since several states may go by it
	x, ok := c.reg[at]
	if !ok || !c.straight {
		x = value{c.halves(m, c.b.NarrowMask), single}
	}
	if c.straight {
		c.reg[at] = x
	}
	return x
}

// halves joins the two vectors of each f64.
func (c *compiler) halves(x value, f func(lo, hi asm.Vec) asm.Vec) []asm.Vec {
	out := make([]asm.Vec, 0, len(x.v)/2)
	for i := 0; i < len(x.v); i += 2 {
		out = append(out, f(x.v[i], x.v[i+1]))
	}
	return out
}

// pairs makes two vectors of each.
func (c *compiler) pairs(x value, f func(v asm.Vec) (lo, hi asm.Vec)) []asm.Vec {
	out := make([]asm.Vec, 0, 2*len(x.v))
	for _, v := range x.v {
		lo, hi := f(v)
		out = append(out, lo, hi)
	}
	return out
}

// each1 applies f to each vector.
func each1(x value, f func(e asm.Elem, x asm.Vec) asm.Vec) value {
	out := newValue(x.w, len(x.v))
	for i, v := range x.v {
		if i > 0 && v == x.v[i-1] { // the same number in all lanes
			out.v = append(out.v, out.v[i-1])
			continue
		}
		out.v = append(out.v, f(x.w.elem(), v))
	}
	return out
}

func each2(x, y value, f func(e asm.Elem, x, y asm.Vec) asm.Vec) value {
	out := newValue(x.w, len(x.v))
	for i := range x.v {
		if i > 0 && x.v[i] == x.v[i-1] && y.v[i] == y.v[i-1] {
			out.v = append(out.v, out.v[i-1])
			continue
		}
		out.v = append(out.v, f(x.w.elem(), x.v[i], y.v[i]))
	}
	return out
}

func each3(x, y, z value, f func(e asm.Elem, x, y, z asm.Vec) asm.Vec) value {
	out := newValue(x.w, len(x.v))
	for i := range x.v {
		if i > 0 && x.v[i] == x.v[i-1] && y.v[i] == y.v[i-1] && z.v[i] == z.v[i-1] {
			out.v = append(out.v, out.v[i-1])
			continue
		}
		out.v = append(out.v, f(x.w.elem(), x.v[i], y.v[i], z.v[i]))
	}
	return out
}

// product gives the factors of v if it is a product that is computed only here, to be added at once.
func (c *compiler) product(v *ir.Value, ix index) (x, y value, ok bool) {
	if c.pf.Places[v].Kind != plan.Folded || !v.Type.Elem.IsFloat() {
		return
	}
	switch v.Op {
	case ir.OpMul:
		return c.elem(v.Args[0], ix), c.elem(v.Args[1], ix), true
	case ir.OpSquare:
		x = c.elem(v.Args[0], ix)
		return x, x, true
	}
	return
}

// compute is an element-wise operator at ix.
func (c *compiler) compute(v *ir.Value, ix index) value {
	b := c.b
	arg := func(i int) value { return c.elem(v.Args[i], ix) }
	e := v.Type.Elem
	integer := v.Op != ir.OpCast && v.Args[0].Type.Elem == ir.I32 && c.set.real() == ir.F32
	switch v.Op {
	case ir.OpExpand, ir.OpDetach:
		return arg(0)
	case ir.OpSelect:
		x, y := arg(1), arg(2)
		return each3(c.maskAs(arg(0), x.w), x, y, b.Select)
	case ir.OpCast:
		return c.cast(v, arg(0), ix)
	case ir.OpOneHot:
		i := ix.k
		want := value{}
		if ix.konst() {
			want = c.splat(ir.I32, float64(i))
		} else {
			all := make([]float64, v.Type.Len())
			for k := range all {
				all[k] = float64(k)
			}
			want = c.table(ir.I32, all, ix)
		}
		m := c.equal(arg(0), want, c.set.real() == ir.F32)
		return each2(c.maskAs(m, c.kind(e)), c.splat(e, 1), b.And)
	}
	if integer {
		return c.integer(v, arg)
	}
	switch v.Op {
	case ir.OpAdd:
		if x := c.biased[v]; x != nil { // it has the other one already
			return c.elem(x, ix)
		}
		if x, y, ok := c.product(v.Args[1], ix); ok {
			return each3(x, y, arg(0), b.FMA)
		}
		if x, y, ok := c.product(v.Args[0], ix); ok {
			return each3(x, y, arg(1), b.FMA)
		}
		return each2(arg(0), arg(1), b.Add)
	case ir.OpSub:
		if x, y, ok := c.product(v.Args[1], ix); ok {
			return each3(x, y, arg(0), b.FNMA)
		}
		return each2(arg(0), arg(1), b.Sub)
	case ir.OpMul:
		return each2(arg(0), arg(1), b.Mul)
	case ir.OpDiv:
		return each2(arg(0), arg(1), b.Div)
	case ir.OpRecip:
		x := arg(0)
		return each2(c.splat(e, 1), x, b.Div)
	case ir.OpNeg:
		return each1(arg(0), b.Neg)
	case ir.OpAbs:
		return each1(arg(0), b.Abs)
	case ir.OpSquare:
		x := arg(0)
		return each2(x, x, b.Mul)
	case ir.OpSqrt:
		return each1(arg(0), b.Sqrt)
	case ir.OpFloor:
		return each1(arg(0), func(e asm.Elem, x asm.Vec) asm.Vec { return b.Round(e, asm.Down, x) })
	case ir.OpMin, ir.OpMax:
		return c.extreme(v.Op == ir.OpMax, arg(0), arg(1))
	case ir.OpSign:
		return each1(arg(0), func(e asm.Elem, x asm.Vec) asm.Vec {
			one, zero := b.Const(e, 1), b.Const(e, 0)
			signed := b.Or(e, b.SignBit(e, x), one)
			other := b.Or(e, b.Cmp(e, asm.Equal, x, zero), b.Cmp(e, asm.Unordered, x, x))
			return b.Select(e, other, x, signed)
		})
	case ir.OpMod:
		x, y := arg(0), arg(1)
		return each2(x, y, func(e asm.Elem, x, y asm.Vec) asm.Vec {
			return b.Sub(e, x, b.Mul(e, y, b.Round(e, asm.Down, b.Div(e, x, y))))
		})
	case ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe:
		x, y := arg(0), arg(1)
		if v.Args[0].Type.Elem == ir.Bool {
			k := c.kind(ir.Bool)
			d := each2(c.maskAs(x, k), c.maskAs(y, k), b.Xor)
			switch v.Op {
			case ir.OpNe:
				return d
			case ir.OpEq:
				return each1(d, func(e asm.Elem, x asm.Vec) asm.Vec { return b.Xor(e, x, b.Ones(e)) })
			}
			c.unsupported(v, "an order of truth values")
		}
		p := map[ir.Op]asm.Predicate{ir.OpEq: asm.Equal, ir.OpNe: asm.NotEqual, ir.OpLt: asm.Less, ir.OpLe: asm.LessEqual}[v.Op]
		return each2(x, y, func(e asm.Elem, x, y asm.Vec) asm.Vec { return b.Cmp(e, p, x, y) })
	case ir.OpAnd, ir.OpOr:
		x, y := arg(0), arg(1)
		y = c.maskAs(y, x.w)
		if v.Op == ir.OpAnd {
			return each2(x, y, b.And)
		}
		return each2(x, y, b.Or)
	case ir.OpNot:
		return each1(arg(0), func(e asm.Elem, x asm.Vec) asm.Vec { return b.Xor(e, x, b.Ones(e)) })
	}
	return c.function(v, arg)
}

// extreme is the smaller or larger of two numbers; a constant that is no zero saves the care for zeros.
func (c *compiler) extreme(larger bool, x, y value) value {
	b := c.b
	if larger {
		return each2(x, y, b.Max)
	}
	return each2(x, y, b.Min)
}

func (c *compiler) equal(x, y value, integer bool) value {
	if integer {
		return each2(x, y, c.b.ICmpEqual)
	}
	return each2(x, y, func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Equal, x, y) })
}

// integer is an operator on integers of 32 bits, beside F32.
func (c *compiler) integer(v *ir.Value, arg func(int) value) value {
	b := c.b
	not := func(x value) value {
		return each1(x, func(e asm.Elem, x asm.Vec) asm.Vec { return b.Xor(e, x, b.Ones(e)) })
	}
	switch v.Op {
	case ir.OpAdd:
		return each2(arg(0), arg(1), b.IAdd)
	case ir.OpSub:
		return each2(arg(0), arg(1), b.ISub)
	case ir.OpEq:
		return each2(arg(0), arg(1), b.ICmpEqual)
	case ir.OpNe:
		return not(each2(arg(0), arg(1), b.ICmpEqual))
	case ir.OpLt:
		return each2(arg(1), arg(0), b.ICmpGreater)
	case ir.OpLe:
		return not(each2(arg(0), arg(1), b.ICmpGreater))
	}
	c.unsupported(v, "%s of integers", v.Op)
	return value{}
}

// cast converts to the element type of v.
func (c *compiler) cast(v *ir.Value, x value, ix index) value {
	from, to := v.Args[0].Type.Elem, v.Type.Elem
	b := c.b
	switch {
	case from == to:
		return x
	case from == ir.Bool && to.IsFloat():
		return each2(c.maskAs(x, c.kind(to)), c.splat(to, 1), b.And)
	case from == ir.Bool && to == ir.I32:
		return each2(c.maskAs(x, c.kind(to)), c.splat(to, 1), b.And)
	case to == ir.Bool && from.IsFloat():
		zero := c.splat(from, 0)
		return each2(x, zero, func(e asm.Elem, x, y asm.Vec) asm.Vec { return b.Cmp(e, asm.NotEqual, x, y) })
	case c.set.real() == ir.F64 && to.IsFloat() && from == ir.I32:
		return x
	case c.set.real() == ir.F64:
		c.unsupported(v, "a conversion from %s to %s", from, to)
	case from == ir.F32 && to == ir.F64:
		if c.set.alone != nil && !ix.vec && !c.k.packed { // the same number in all lanes, so that one vector is enough
			return c.lowerToF64(x)
		}
		return value{c.pairs(x, b.ToF64), paired}
	case from == ir.F64 && to == ir.F32:
		return value{c.halves(x, b.ToF32), single}
	case from == ir.I32 && to == ir.F32:
		return each1(x, func(_ asm.Elem, v asm.Vec) asm.Vec { return b.IntToF32(v) })
	case from == ir.I32 && to == ir.F64:
		return value{c.pairs(x, b.IntToF64), paired}
	}
	c.unsupported(v, "a conversion from %s to %s", from, to)
	return value{}
}
