package lanes

import (
	"math"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// whole prints an operator on whole arrays.
func (c *compiler) whole(v *ir.Value) {
	switch v.Op {
	case ir.OpTake, ir.OpScatter, ir.OpUniform, ir.OpLinSolve, ir.OpInv, ir.OpLogDet, ir.OpCumsum, ir.OpLocate:
		if c.set.alone != nil {
			c.unsupported(v, "%s of one sample", v.Op)
		}
	case ir.OpConv, ir.OpConvInput, ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows:
		if c.set.few() > 0 {
			c.unsupported(v, "%s of a few samples", v.Op)
		}
		if c.set.alone != nil && v.Type.Elem != c.set.real() {
			c.unsupported(v, "%s of one sample in %s", v.Op, v.Type.Elem)
		}
	}
	switch v.Op {
	case ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpPad, ir.OpConcat, ir.OpReverse, ir.OpExpand:
		c.copies(v, func(k int) (*ir.Value, int) { return plan.CopySource(v, k) })
	case ir.OpTake:
		c.take(v)
	case ir.OpScatter:
		c.scatterRows(v)
	case ir.OpUniform:
		c.uniform(v)
	case ir.OpLinSolve, ir.OpInv, ir.OpLogDet:
		c.system(v)
	case ir.OpCumsum:
		c.cumsum(v)
	case ir.OpLocate:
		c.locate(v)
	case ir.OpSum, ir.OpReduceMax, ir.OpReduceMin:
		c.reduce(v)
	case ir.OpArgmax:
		c.argmax(v)
	case ir.OpMatMul:
		c.matmul(v)
	case ir.OpConv, ir.OpConvInput:
		if c.set.alone != nil {
			c.convAlone(v)
		} else {
			c.conv(v)
		}
	case ir.OpConvWeight:
		c.convWeight(v)
	case ir.OpWindows:
		c.windows(v)
	case ir.OpUnwindows:
		c.unwindows(v)
	default:
		c.unsupported(v, "%s", v.Op)
	}
}

// run is a stretch of elements that are copied from equally spaced ones.
type run struct {
	dst, n   int
	src      *ir.Value // nil: zeros
	from, by int
}

// maxRuns bounds the loops that an operator may be spelled with.
const maxRuns = 256

// copies prints copies of elements, as loops over stretches; source gives that of each.
func (c *compiler) copies(v *ir.Value, source func(k int) (*ir.Value, int)) {
	var runs []run
	for k := range v.Type.Len() {
		src, from := source(k)
		if n := len(runs); n > 0 && runs[n-1].src == src {
			r := &runs[n-1]
			if r.n == 1 && src != nil {
				r.by = from - r.from
			}
			if src == nil || from == r.from+r.n*r.by {
				r.n++
				continue
			}
		}
		runs = append(runs, run{dst: k, n: 1, src: src, from: from})
	}
	text := 0
	for rest := runs; len(rest) > 0; {
		p := repeated(rest)
		text += p.n
		c.stretch(p.times, func(outer func(int) index) {
			for i, r := range rest[:p.n] {
				c.stretch(r.n, func(step func(n int) index) {
					x := c.splat(v.Type.Elem, 0)
					if r.src != nil {
						x = c.elem(r.src, add(outer(p.from[i]), step(r.by)).plus(r.from))
					}
					c.put(v, add(outer(p.dst), step(1)).plus(r.dst), x)
				})
			}
		})
		rest = rest[p.n*p.times:]
	}
	if text > maxRuns {
		c.unsupported(v, "%s of this shape", v.Op)
	}
}

// pattern is the first n of some runs, which come again and again: each time dst elements further, from others.
type pattern struct {
	n, times, dst int
	from          []int
}

// repeated is the pattern that the first of some runs make, the shortest that comes more than once.
func repeated(runs []run) pattern {
	for n := 1; n <= 4 && 2*n <= len(runs); n++ {
		p := pattern{n: n, times: 1, dst: runs[n].dst - runs[0].dst}
		for i := range n {
			p.from = append(p.from, runs[n+i].from-runs[i].from)
		}
		for fits := true; fits && (p.times+1)*n <= len(runs); {
			for i := range n {
				x, y := runs[(p.times-1)*n+i], runs[p.times*n+i]
				fits = fits && x.n == y.n && x.src == y.src && (x.by == y.by || x.n == 1) && y.dst-x.dst == p.dst && (x.src == nil || y.from-x.from == p.from[i])
			}
			if fits {
				p.times++
			}
		}
		if p.times > 1 {
			return p
		}
	}
	return pattern{n: 1, times: 1, from: []int{0}}
}

// stretch runs body for n indices; step gives them with a stride.
func (c *compiler) stretch(n int, body func(step func(n int) index)) {
	if n <= unrolled {
		for k := range n {
			body(func(by int) index { return at(k * by) })
		}
		return
	}
	c.b.Loop(n, func(l *asm.Loop) {
		l.Over("elements")
		body(func(by int) index { return index{}.along(l, by) })
	})
}

// reduce prints sums, minima and maxima over axes.
func (c *compiler) reduce(v *ir.Value) {
	x := v.Args[0]
	in := x.Type.Shape
	over := make([]bool, len(in))
	for _, ax := range v.Attr.Ints {
		over[ax] = true
	}
	for i := range over {
		over[i] = over[i] || len(v.Attr.Ints) == 0
	}
	var outer, inner []axis
	stride := 1
	for i := len(in) - 1; i >= 0; i-- {
		a := axis{n: in[i], from: stride}
		if over[i] {
			inner = append([]axis{a}, inner...)
		} else {
			outer = append([]axis{a}, outer...)
		}
		stride *= in[i]
	}
	e := v.Type.Elem
	if !e.IsFloat() {
		c.unsupported(v, "%s of %s", v.Op, e)
	}
	start := map[ir.Op]float64{ir.OpSum: 0, ir.OpReduceMax: math.Inf(-1), ir.OpReduceMin: math.Inf(1)}[v.Op]
	place := 1
	for i := len(outer) - 1; i >= 0; i-- {
		outer[i].to = place
		place *= outer[i].n
	}
	c.axes(outer, func(from, to index) {
		w := c.kind(e)
		sum := value{w: w}
		for range c.count(w) {
			sum.v = append(sum.v, c.b.Var(w.elem(), c.b.Const(w.elem(), start)))
		}
		c.axes(inner, func(more, _ index) {
			xi := c.elem(x, add(from, more))
			for p := range sum.v {
				switch v.Op {
				case ir.OpSum:
					c.b.AddTo(w.elem(), sum.v[p], xi.v[p])
				case ir.OpReduceMax:
					c.b.Set(sum.v[p], c.b.Max(w.elem(), sum.v[p], xi.v[p]))
				default:
					c.b.Set(sum.v[p], c.b.Min(w.elem(), sum.v[p], xi.v[p]))
				}
			}
		})
		c.put(v, to, sum)
	})
}

// axis is a loop over n elements, by strides in an operand and in the result.
type axis struct{ n, from, to int }

// axes runs body along nested loops.
func (c *compiler) axes(all []axis, body func(from, to index)) {
	var nest func(all []axis, from, to index)
	nest = func(all []axis, from, to index) {
		if len(all) == 0 {
			body(from, to)
			return
		}
		a := all[0]
		c.stretch(a.n, func(step func(int) index) { nest(all[1:], add(from, step(a.from)), add(to, step(a.to))) })
	}
	nest(all, at(0), at(0))
}

// argmax is the place of the largest element, the first among equals.
func (c *compiler) argmax(v *ir.Value) {
	x, k := v.Args[0], c.kind(ir.I32)
	first, zero := c.elem(x, at(0)), c.splat(ir.I32, 0)
	best, where := value{w: first.w}, value{w: k}
	for _, x := range first.v {
		best.v = append(best.v, c.b.Var(first.w.elem(), x))
	}
	for range c.count(k) {
		where.v = append(where.v, c.b.Var(k.elem(), zero.v[0]))
	}
	c.numbered(1, x.Type.Len(), func(number value, place func(int) index) {
		xk := c.elem(x, place(1))
		larger := each2(best, xk, func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Less, x, y) })
		m := c.maskAs(larger, k)
		for i, w := range where.v {
			c.b.Set(w, c.b.Select(k.elem(), m.v[i], number.v[i], w))
		}
		for i, w := range best.v {
			c.b.Set(w, c.b.Select(best.w.elem(), larger.v[i], xk.v[i], w))
		}
	})
	c.put(v, at(0), where)
}

// matmul is a product of two matrices of each sample.
func (c *compiler) matmul(v *ir.Value) {
	x, y := v.Args[0], v.Args[1]
	m, k, n := x.Type.Shape[0], x.Type.Shape[1], y.Type.Shape[1]
	w := c.kind(v.Type.Elem)
	c.stretch(m, func(i func(int) index) {
		c.stretch(n, func(j func(int) index) {
			sum := c.zeroSum(w)
			c.stretch(k, func(l func(int) index) {
				c.accumulate(sum, c.elem(x, add(i(k), l(1))), c.elem(y, add(l(n), j(1))))
			})
			c.put(v, add(i(n), j(1)), sum)
		})
	})
}
