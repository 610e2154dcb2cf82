package irtest

import (
	"fmt"
	"math"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// domain is where an operator of one operand is smooth.
type domain int

const (
	anywhere domain = iota
	positive
	bounded // within (-1, 1)
)

// smooth says where an element-wise operator of one operand may be used: its domain, and the points
// where it or its derivative jumps, repeated with the period.
type smooth struct {
	on     domain
	period float64
	kinks  []float64
}

var unary = map[ir.Op]smooth{
	ir.OpNeg: {}, ir.OpAbs: {kinks: []float64{0}}, ir.OpSign: {kinks: []float64{0}}, ir.OpSquare: {}, ir.OpSqrt: {on: positive}, ir.OpRecip: {on: positive},
	ir.OpExp: {}, ir.OpExpm1: {}, ir.OpLog: {on: positive}, ir.OpLog1p: {on: positive}, ir.OpTanh: {}, ir.OpSigmoid: {}, ir.OpSoftplus: {}, ir.OpErf: {},
	ir.OpSin: {}, ir.OpCos: {}, ir.OpTan: {on: bounded}, ir.OpAsin: {on: bounded}, ir.OpAcos: {on: bounded}, ir.OpAtan: {}, ir.OpSinh: {}, ir.OpCosh: {},
	ir.OpFloor: {period: 1, kinks: []float64{0}}, ir.OpDetach: {},
	ir.OpRelu: {kinks: []float64{0}}, ir.OpSilu: {}, ir.OpGelu: {}, ir.OpGeluTanh: {}, ir.OpElu: {kinks: []float64{0}}, ir.OpSelu: {kinks: []float64{0}},
	ir.OpHardtanh: {kinks: []float64{-1, 1}}, ir.OpSoftsign: {kinks: []float64{0}}, ir.OpMish: {}, ir.OpSnake: {}, ir.OpWrap: {period: 2 * math.Pi, kinks: []float64{math.Pi}},
}

// maker adds a value of the operator to the function; nil where the operands drawn do not suit it.
type maker func(g *gen, op ir.Op) *ir.Value

// makers has a row for every operator but leaves, derivatives and solves.
var makers = map[ir.Op]maker{}

// operators lists the keys of makers in order.
var operators []ir.Op

func init() {
	for op := range unary {
		makers[op] = elem1
	}
	for op, f := range others {
		makers[op] = f
	}
	for op := ir.Op(0); op < ir.NumOps; op++ {
		if makers[op] != nil {
			operators = append(operators, op)
		}
	}
}

func elem1(g *gen, op ir.Op) *ir.Value {
	s := unary[op]
	x := g.tame(g.any(), s.on)
	if !g.clear(x, s.period, s.kinks...) {
		return nil
	}
	return g.b.Unary(op, x)
}

// elem2 is an arithmetic operator that is smooth everywhere.
func elem2(g *gen, op ir.Op) *ir.Value {
	x, y := g.pair()
	return g.b.Binary(op, x, y)
}

// choice is an operator that compares its operands.
func choice(g *gen, op ir.Op) *ir.Value {
	x, y := g.pair()
	if op == ir.OpEq && g.rnd.IntN(2) == 0 {
		return g.b.Binary(op, x, x)
	}
	if !g.distinct(x, y) {
		return nil
	}
	return g.b.Binary(op, x, y)
}

// condition is a bool value of a shape, or a scalar.
func (g *gen) condition(shape ...int) *ir.Value {
	for _, v := range g.bools {
		if g.rnd.IntN(2) == 0 && (ir.SameShape(v.Type.Shape, shape) || v.Type.IsScalar()) {
			return v
		}
	}
	x := g.shaped(shape...)
	half := g.b.Num(0.40625)
	if !g.distinct(x, half) {
		return g.b.Binary(ir.OpLe, g.b.Num(1), g.b.Num(2))
	}
	return g.b.Binary(ir.OpLt, half, x)
}

func logical(g *gen, op ir.Op) *ir.Value {
	shape := g.any().Type.Shape
	return g.b.Binary(op, g.condition(shape...), g.condition(shape...))
}

// axes is a subset of the axes, at times all of them.
func (g *gen) axes(rank int) []int {
	if g.rnd.IntN(3) == 0 {
		return nil
	}
	var at []int
	for i := range rank {
		if g.rnd.IntN(2) == 0 {
			at = append(at, i)
		}
	}
	return at
}

// places are k rows below n, at times one that an input decides.
func (g *gen) places(k, n int) *ir.Value {
	data := make([]float64, k)
	for i := range data {
		data[i] = float64(g.rnd.IntN(n))
	}
	fixed := g.b.Data(data, ir.Tensor(ir.I32, k))
	if n >= Labels && g.rnd.IntN(2) == 0 {
		return g.b.Select(g.condition(k), g.b.Expand(g.label, k), fixed)
	}
	return fixed
}

func reduction(g *gen, op ir.Op) *ir.Value {
	x := g.ranked(1)
	return g.b.Emit(op, ir.Attr{Ints: g.axes(x.Type.Rank())}, x)
}

// extremum reduces a value whose elements differ clearly.
func extremum(g *gen, op ir.Op) *ir.Value {
	x := g.ranked(1)
	if !g.spread(x) {
		return nil
	}
	return reductionOf(g, op, x)
}

func reductionOf(g *gen, op ir.Op, x *ir.Value) *ir.Value {
	return g.b.Emit(op, ir.Attr{Ints: g.axes(x.Type.Rank())}, x)
}

// spread reports whether all elements of x differ clearly from one another.
func (g *gen) spread(x *ir.Value) bool {
	xs, ok := g.eval(x)
	for i, a := range xs {
		for _, b := range xs[:i] {
			ok = ok && math.Abs(a-b) > margin
		}
	}
	return ok
}

func toFloat(g *gen, v *ir.Value) *ir.Value { return g.b.Cast(v, g.real) }

// small is a well-conditioned square matrix.
func (g *gen) small() *ir.Value {
	n := 1 + g.rnd.IntN(5)
	eye := make([]float64, n*n)
	for i := range n {
		eye[i*n+i] = 2
	}
	return g.b.Add(g.matrix(n, n), g.b.Data(eye, ir.Tensor(g.real, n, n)))
}

func vectors2(g *gen, op ir.Op) *ir.Value {
	x := g.any()
	y := g.shaped(x.Type.Shape...)
	switch op {
	case ir.OpL1:
		if !g.distinct(x, y) {
			return nil
		}
	case ir.OpHuber:
		if d := g.b.Sub(x, y); !g.clear(d, 0, -1, 0, 1) {
			return nil
		}
	}
	return g.b.Binary(op, x, y)
}

func onVector(g *gen, op ir.Op) *ir.Value {
	x := g.vector()
	if !g.spread(x) {
		return nil
	}
	return g.b.Unary(op, x)
}

// helper is a small function of two real values, one of them a scalar, with one or two results.
func (g *gen) helper(t ir.Type, results int) *ir.Func {
	m := g.c.Module
	b := ir.NewFunc(fmt.Sprintf("helper%d", len(m.Funcs)), diag.Span{}, g.real)
	x, s := b.Arg("x", t), b.Arg("s", ir.Scalar(g.real))
	u := b.Unary(ir.OpTanh, b.Add(b.Mul(x, s), b.Num(0.25)))
	if t.Rank() == 1 && g.rnd.IntN(2) == 0 {
		n := t.Len()
		p := m.AddParam(&ir.Param{Name: fmt.Sprintf("net.h%d", g.params), Net: "net", Type: ir.Tensor(g.real, n, n)})
		g.params++
		g.c.Params[p.Name] = g.numbers(n * n)
		u = b.Unary(ir.OpSin, b.MatVec(b.Param(p), u))
	}
	if results == 1 {
		return m.AddFunc(b.Return(u))
	}
	return m.AddFunc(b.Return(u, b.Emit(ir.OpMean, ir.Attr{}, b.Mul(u, x))))
}

// cell is a recurrent cell: (h, s, x, c) -> (h, s, two results), h of type t, x of type in, s and c
// scalars. Something in it depends on c alone.
func (g *gen) cell(t, in ir.Type) *ir.Func {
	m := g.c.Module
	b := ir.NewFunc(fmt.Sprintf("cell%d", len(m.Funcs)), diag.Span{}, g.real)
	h, s, x, c := b.Arg("h", t), b.Arg("s", ir.Scalar(g.real)), b.Arg("x", in), b.Arg("c", ir.Scalar(g.real))
	mean := func(v *ir.Value) *ir.Value { return b.Emit(ir.OpMean, ir.Attr{}, v) }
	own := b.Add(b.Mul(h, b.Unary(ir.OpTanh, c)), mean(x))
	if t.Rank() == 1 && g.rnd.IntN(2) == 0 {
		n := t.Len()
		p := m.AddParam(&ir.Param{Name: fmt.Sprintf("net.c%d", g.params), Net: "net", Type: ir.Tensor(g.real, n, n)})
		g.params++
		g.c.Params[p.Name] = g.numbers(n * n)
		own = b.Add(b.MatVec(b.Param(p), h), own)
	}
	next := b.Unary(ir.OpTanh, b.Add(own, s))
	sum := b.Add(b.Mul(s, b.Num(0.5)), mean(h))
	return m.AddFunc(b.Return(next, sum, b.Mul(x, b.Unary(ir.OpSin, s)), b.Mul(mean(next), c)))
}

// rounding is of numbers that are far from the middle of two.
func rounding(g *gen, op ir.Op) *ir.Value {
	steps := g.b.Mul(g.b.Unary(ir.OpTanh, g.any()), g.b.Num(4))
	if !g.clear(steps, 1, 0) {
		return nil
	}
	return g.b.Unary(op, g.b.Add(g.b.Unary(ir.OpFloor, steps), g.b.Num(6.3)))
}

var others = map[ir.Op]maker{
	ir.OpAdd: elem2, ir.OpSub: elem2, ir.OpMul: elem2,
	ir.OpBfloat: rounding, ir.OpHalf: rounding, ir.OpBinade: rounding,
	ir.OpDiv: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.pair()
		return g.b.Binary(op, x, g.tame(y, positive))
	},
	ir.OpPow: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.pair()
		return g.b.Binary(op, g.tame(x, positive), g.tame(y, bounded))
	},
	ir.OpAtan2: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.pair()
		return g.b.Binary(op, x, g.tame(y, positive))
	},
	ir.OpMod: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.pair()
		y = g.tame(y, positive)
		if !g.clear(g.b.Div(x, y), 1, 0) {
			return nil
		}
		return g.b.Binary(op, x, y)
	},
	ir.OpMin: choice, ir.OpMax: choice,
	ir.OpEq: choice, ir.OpNe: choice, ir.OpLt: choice, ir.OpLe: choice,
	ir.OpAnd: logical, ir.OpOr: logical,
	ir.OpNot: func(g *gen, op ir.Op) *ir.Value { return g.b.Unary(op, g.condition(g.any().Type.Shape...)) },
	ir.OpSelect: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.pair()
		shape := x.Type.Shape
		if x.Type.IsScalar() {
			shape = y.Type.Shape
		}
		return g.b.Select(g.condition(shape...), x, y)
	},
	ir.OpCast: func(g *gen, op ir.Op) *ir.Value {
		switch g.rnd.IntN(3) {
		case 0:
			return toFloat(g, g.condition(g.any().Type.Shape...))
		case 1:
			return toFloat(g, g.label)
		}
		// Through the precision of times, and back.
		return toFloat(g, g.b.Unary(ir.OpTanh, g.b.Cast(g.any(), ir.F64)))
	},
	ir.OpLeakyRelu: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		if !g.clear(x, 0, 0) {
			return nil
		}
		return g.b.Emit(op, ir.Attr{Num: 0.125}, x)
	},
	ir.OpClamp: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		if !g.clear(x, 0, -0.5, 0.75) {
			return nil
		}
		return g.b.Emit(op, ir.Attr{}, x, g.b.Num(-0.5), g.b.Num(0.75))
	},

	ir.OpReshape: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		n := x.Type.Len()
		for _, d := range []int{2, 3, 4, 5} {
			if n%d == 0 && g.rnd.IntN(2) == 0 {
				return g.b.Reshape(x, d, n/d)
			}
		}
		return g.b.Reshape(x, 1, n)
	},
	ir.OpTranspose: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(2)
		return g.b.Transpose(x, g.rnd.Perm(x.Type.Rank())...)
	},
	ir.OpSlice: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		var at []int
		for _, d := range x.Type.Shape {
			lo := g.rnd.IntN(d)
			at = append(at, lo, lo+1+g.rnd.IntN(d-lo))
		}
		return g.b.Slice(x, at...)
	},
	ir.OpPad: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		var at []int
		for range x.Type.Shape {
			at = append(at, g.rnd.IntN(3), g.rnd.IntN(2))
		}
		if x.Type.Len() > 40 {
			return nil
		}
		return g.b.Emit(op, ir.Attr{Ints: at}, x)
	},
	ir.OpConcat: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		axis := g.rnd.IntN(x.Type.Rank())
		xs := []*ir.Value{x}
		for range 1 + g.rnd.IntN(2) {
			shape := append([]int(nil), x.Type.Shape...)
			shape[axis] = 1 + g.rnd.IntN(3)
			xs = append(xs, g.shaped(shape...))
		}
		return g.b.Concat(axis, xs...)
	},
	ir.OpReverse: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		return g.b.Emit(op, ir.Attr{Index: g.rnd.IntN(x.Type.Rank())}, x)
	},
	ir.OpExpand: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		if x.Type.Rank() > 2 || x.Type.Len() > 30 {
			x = g.scalar()
		}
		return g.b.Expand(x, append([]int{1 + g.rnd.IntN(4)}, x.Type.Shape...)...)
	},
	ir.OpOneHot: func(g *gen, op ir.Op) *ir.Value {
		return g.b.Emit(op, ir.Attr{Index: Labels + g.rnd.IntN(3), Elem: g.real}, g.label)
	},

	ir.OpTake: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		return g.b.Emit(op, ir.Attr{}, x, g.places(1+g.rnd.IntN(5), x.Type.Shape[0]))
	},
	ir.OpScatter: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		n := 1 + g.rnd.IntN(5)
		v := g.b.Emit(op, ir.Attr{Index: n}, x, g.places(x.Type.Shape[0], n))
		return g.b.Mul(v, g.b.Num(0.125))
	},

	ir.OpLocate: func(g *gen, op ir.Op) *ir.Value {
		ts := []float64{-1, 0, 0.25, 0.5, 1}
		at := g.b.Emit(op, ir.Attr{Index: g.rnd.IntN(len(ts))}, g.b.Data(ts, ir.Tensor(ir.F64, len(ts))), g.b.Cast(g.scalar(), ir.F64))
		return g.b.Reshape(g.b.Cast(at, g.real))
	},

	ir.OpSum:  func(g *gen, op ir.Op) *ir.Value { return g.b.Mul(reduction(g, op), g.b.Num(0.125)) },
	ir.OpMean: reduction, ir.OpReduceMax: extremum, ir.OpReduceMin: extremum,
	ir.OpCumsum: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		return g.b.Mul(g.b.Emit(op, ir.Attr{Index: g.rnd.IntN(x.Type.Rank())}, x), g.b.Num(0.25))
	},
	ir.OpArgmax: func(g *gen, op ir.Op) *ir.Value {
		v := onVector(g, op)
		if v == nil {
			return nil
		}
		return toFloat(g, v)
	},

	ir.OpConv:       conv,
	ir.OpConvInput:  conv,
	ir.OpConvWeight: conv,
	ir.OpWindows:    conv,
	ir.OpUnwindows:  conv,

	ir.OpUniform: func(g *gen, op ir.Op) *ir.Value {
		words := make([]float64, ir.KeyWords)
		for i := range words {
			words[i] = float64(g.rnd.IntN(1 << 20))
		}
		key := g.b.Data(words, ir.KeyType)
		return toFloat(g, g.b.Uniform(key, g.rnd.IntN(1<<30), g.b.Const(float64(g.rnd.IntN(9)), ir.F64), 1+g.rnd.IntN(6)))
	},

	ir.OpMatVec: func(g *gen, op ir.Op) *ir.Value {
		x := g.vector()
		return g.b.MatVec(g.matrix(one(g, wide), x.Type.Len()), x)
	},
	ir.OpVecMat: func(g *gen, op ir.Op) *ir.Value {
		x := g.vector()
		return g.b.VecMat(x, g.matrix(x.Type.Len(), one(g, wide)))
	},
	ir.OpMatMul: func(g *gen, op ir.Op) *ir.Value {
		k := one(g, sizes)
		return g.b.MatMul(g.matrix(one(g, sizes), k), g.matrix(k, one(g, sizes)))
	},
	ir.OpOuter: func(g *gen, op ir.Op) *ir.Value {
		x, y := g.vector(), g.vector()
		if x.Type.Len()*y.Type.Len() > 150 {
			return nil
		}
		return g.b.Outer(x, y)
	},
	ir.OpLinSolve: func(g *gen, op ir.Op) *ir.Value {
		a := g.small()
		return g.b.Binary(op, a, g.shaped(a.Type.Shape[0]))
	},
	ir.OpLogDet: func(g *gen, op ir.Op) *ir.Value { return g.b.Unary(op, g.small()) },
	ir.OpInv:    func(g *gen, op ir.Op) *ir.Value { return g.b.Unary(op, g.small()) },

	ir.OpCall: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		return g.b.Call(g.helper(x.Type, 1), x, g.scalar())
	},
	ir.OpResult: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		v := g.b.Call(g.helper(x.Type, 2), x, g.scalar())
		return g.b.Result(v, g.rnd.IntN(2))
	},
	ir.OpMap: func(g *gen, op ir.Op) *ir.Value {
		x := g.ranked(1)
		n := x.Type.Shape[0]
		at := ir.Attr{Map: &ir.Map{Fn: g.helper(ir.Tensor(g.real, x.Type.Shape[1:]...), 2), N: n, Mapped: 1}}
		return g.b.Result(g.b.Emit(op, at, x, g.scalar()), g.rnd.IntN(2))
	},
	ir.OpScan: func(g *gen, op ir.Op) *ir.Value {
		x, h := g.ranked(1), g.any()
		n := x.Type.Shape[0]
		s := &ir.Scan{Fn: g.cell(h.Type, ir.Tensor(g.real, x.Type.Shape[1:]...)), N: n, Carry: 2, Mapped: 1, Back: g.rnd.IntN(2) == 0}
		return g.b.Result(g.b.Emit(op, ir.Attr{Scan: s}, h, g.scalar(), x, g.scalar()), g.rnd.IntN(4))
	},

	ir.OpDot: vectors2, ir.OpMSE: vectors2, ir.OpL1: vectors2, ir.OpHuber: vectors2,
	ir.OpSqNorm: func(g *gen, op ir.Op) *ir.Value { return g.b.Unary(op, g.any()) },
	ir.OpNorm: func(g *gen, op ir.Op) *ir.Value {
		x := g.any()
		if xs, _ := g.eval(x); math.Abs(xs[0]) < 0.1 {
			return nil
		}
		return g.b.Unary(op, x)
	},
	ir.OpCross:   func(g *gen, op ir.Op) *ir.Value { return g.b.Binary(op, g.shaped(3), g.shaped(3)) },
	ir.OpSoftmax: onVector, ir.OpLogSoftmax: onVector, ir.OpLogSumExp: onVector,
	ir.OpCrossEntropy: func(g *gen, op ir.Op) *ir.Value { return g.b.Binary(op, g.shaped(Labels), g.label) },
	ir.OpAccuracy: func(g *gen, op ir.Op) *ir.Value {
		x := g.shaped(Labels)
		if !g.spread(x) {
			return nil
		}
		return g.b.Binary(op, x, g.label)
	},
}

// conv is one of the operators of a small convolution.
func conv(g *gen, op ir.Op) *ir.Value {
	groups := 1 + g.rnd.IntN(2)
	var axes []ir.ConvAxis
	var in, kernel, out []int
	for range 1 + g.rnd.IntN(2) {
		a := ir.ConvAxis{Stride: 1 + g.rnd.IntN(2), Pad: g.rnd.IntN(2), Dilation: 1 + g.rnd.IntN(2), In: 2 + g.rnd.IntN(3), Kernel: 1 + g.rnd.IntN(2)}
		if a.Out() < 1 {
			return nil
		}
		axes = append(axes, a)
		in, kernel, out = append(in, a.In), append(kernel, a.Kernel), append(out, a.Out())
	}
	const perGroup = 2
	o, i := groups, groups*perGroup
	w := func() *ir.Value { return g.shaped(append([]int{o, perGroup}, kernel...)...) }
	x := func() *ir.Value { return g.shaped(append([]int{i}, in...)...) }
	y := func() *ir.Value { return g.shaped(append([]int{o}, out...)...) }
	at := ir.ConvAttr(groups, axes...)
	switch op {
	case ir.OpConv:
		return g.b.Emit(op, at, w(), x())
	case ir.OpConvInput:
		return g.b.Emit(op, at, w(), y())
	case ir.OpConvWeight:
		return g.b.Emit(op, at, x(), y())
	case ir.OpWindows:
		return g.b.Emit(op, at, x())
	}
	n := ir.Tensor(ir.F64, kernel...).Len()
	return g.b.Emit(op, at, g.shaped(append([]int{i, n}, out...)...))
}
