package cudagen

import (
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// whole prints a statement over whole arrays: calls, solves, reverse sweeps, maps, scans, copies and reductions
// with loops of their own.
func (fn *function) whole(v *ir.Value) {
	switch v.Op {
	case ir.OpCall:
		callee := fn.e.plan.Of(v.Attr.Func)
		fn.call(callee, fn.callArguments(v), fn.destinations(v, len(v.Attr.Func.Results)), fn.statistics(v))
		fn.stopAfter(v)
	case ir.OpSolve:
		fn.solveCall(v)
	case ir.OpRev:
		fn.revCall(v)
	case ir.OpMap:
		fn.mapLoop(v)
	case ir.OpScan:
		fn.scanLoop(v)
	default:
		if k := fn.f.Places[v].Kind; !v.Type.IsScalar() && (k == plan.Local || k == plan.Work || k == plan.Scalars) {
			fn.declaration(fn.e.variable(v.Type, fn.local(v)))
		}
		fn.fill(v)
	}
}

// array is an expression for the address of the elements of v.
func (fn *function) array(v *ir.Value) string {
	pl := fn.f.Places[v]
	switch pl.Kind {
	case plan.Local, plan.Work:
		return fn.local(v)
	case plan.Scalars, plan.Register:
		if v.Type.IsScalar() {
			return "&" + fn.local(v)
		}
		return fn.local(v)
	case plan.Result:
		return fn.res[pl.Index]
	case plan.ArgArray:
		return fn.name[v]
	case plan.Memory:
		return fn.e.memory(v.Attr.Param)
	case plan.Table:
		return fn.e.table(v)
	case plan.View:
		if pl.Offset == 0 {
			return fn.array(pl.Base)
		}
		return fmt.Sprintf("%s + %d", fn.array(pl.Base), pl.Offset)
	}
	panic("cudagen: " + fn.f.IR.Name + ": " + v.Op.String() + " is no array")
}

// fill prints shape, reduction and linear algebra operators that fill whole arrays.
func (fn *function) fill(v *ir.Value) {
	if fn.e.shared(v.Type) && fn.teamFill(v) {
		return
	}
	if loops, clear := plan.CopyLoops(v); loops != nil {
		if clear {
			fn.p.line("ndec_clear(%s, %d);", fn.array(v), v.Type.Len())
		}
		for _, c := range loops {
			fn.loops(c.Over, func() {
				fn.p.line("%s[%s] = %s;", fn.base(v), affine(c.To, c.ToBy), bare(fn.elem(c.Src, index{expr: affine(c.From, c.FromBy)})))
			})
		}
		return
	}
	args := make([]string, len(v.Args))
	for i, a := range v.Args {
		if !a.Type.IsScalar() {
			args[i] = fn.array(a)
		}
	}
	if one := fn.e.shared(v.Type); one && v.Op != ir.OpSum && v.Op != ir.OpReduceMax && v.Op != ir.OpReduceMin { // one thread does what teams do not know
		fn.p.line("if (team.lane == 0) {")
		defer fn.p.line("}")
	}
	shape := func(i int) []int { return v.Args[i].Type.Shape }
	switch v.Op {
	case ir.OpSum, ir.OpReduceMax, ir.OpReduceMin:
		fn.reduceLoops(v)
	case ir.OpCumsum:
		fn.p.line("ndec_cumsum(%s, %s, %d, %d, %d);", fn.array(v), args[0], v.Type.Len(), v.Type.Shape[v.Attr.Index], plan.Strides(v.Type.Shape)[v.Attr.Index])
	case ir.OpTake:
		k, rows := shape(1)[0], shape(0)[0]
		fn.p.line("ndec_take(%s, %s, %s, %d, %d, %d);", fn.array(v), args[0], args[1], k, v.Type.Len()/k, rows)
	case ir.OpScatter:
		k := shape(1)[0]
		fn.p.line("ndec_scatter(%s, %s, %s, %d, %d, %d);", fn.array(v), args[0], args[1], k, v.Args[0].Type.Len()/k, v.Attr.Index)
	case ir.OpLocate:
		fn.p.line("%s[0] = ndec_locate(%s, %s, %d);", fn.base(v), args[0], bare(fn.elem(v.Args[1], at(0))), v.Attr.Index)
	case ir.OpArgmax:
		fn.p.line("int %s = ndec_argmax(%s, %d);", fn.elem(v, at(0)), args[0], v.Args[0].Type.Len())
	case ir.OpMatMul:
		m, k, n := shape(0)[0], shape(0)[1], shape(1)[1]
		fn.p.line("ndec_clear(%s, %d);", fn.array(v), v.Type.Len())
		fn.loops([]int{m, k, n}, func() {
			dst := fmt.Sprintf("%s[%s]", fn.base(v), affine(0, []int{n, 0, 1}))
			fn.p.line("%s = ndec_fma(%s, %s, %s);", dst, bare(fn.elem(v.Args[0], index{expr: affine(0, []int{k, 1})})), bare(fn.elem(v.Args[1], index{expr: affine(0, []int{0, n, 1})})), dst)
		})
	case ir.OpConv, ir.OpConvInput, ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows:
		fn.convolution(v, args)
	case ir.OpUniform:
		fn.p.line("ndec_draw(%s, %d, %s, %du, %s);", fn.array(v), v.Type.Len(), args[0], v.Attr.Index, bare(fn.elem(v.Args[1], at(0))))
	case ir.OpLinSolve:
		fn.p.line("ndec_linsolve<%d>(%s, %s, %s);", v.Type.Len(), args[0], args[1], fn.array(v))
	case ir.OpInv:
		fn.p.line("ndec_inv<%d>(%s, %s);", v.Type.Shape[0], args[0], fn.array(v))
	case ir.OpLogDet:
		fn.p.line("%s %s = ndec_logdet<%d>(%s);", fn.e.elem(v.Type.Elem), fn.elem(v, at(0)), shape(0)[0], args[0])
	default:
		panic("cudagen: operator " + v.Op.String() + " has no statement")
	}
}

// base is array as something that can be indexed.
func (fn *function) base(v *ir.Value) string {
	a := fn.array(v)
	if strings.ContainsAny(a, "+& ") {
		return "(" + a + ")"
	}
	return a
}

// loops prints nested loops over shape with variables i0, i1, … around body.
func (fn *function) loops(shape []int, body func()) {
	work := 1
	for _, d := range shape {
		work *= d
	}
	for i, d := range shape {
		fn.p.line("%s", unroll(work, work))
		fn.p.line("for (int i%d = 0; i%d < %d; i%d++) {", i, i, d, i)
		work /= d
	}
	body()
	for range shape {
		fn.p.line("}")
	}
}

// reduceLoops prints sums, maxima and minima over axes.
func (fn *function) reduceLoops(v *ir.Value) {
	x := v.Args[0]
	in := x.Type.Shape
	over := map[int]bool{}
	for _, ax := range v.Attr.Ints {
		over[ax] = true
	}
	all := len(v.Attr.Ints) == 0
	ds := make([]int, len(in)) // stride in the result of each operand axis; 0 where reduced
	n := 1
	for i := len(in) - 1; i >= 0; i-- {
		if !all && !over[i] {
			ds[i] = n
			n *= in[i]
		}
	}
	start := reduceStart(v)
	if fn.e.team != nil && fn.teamReduce(v, over, bare(start)) {
		return
	}
	dst := ""
	if v.Type.IsScalar() {
		dst = fn.elem(v, at(0))
		fn.p.line("%s %s = %s;", fn.e.elem(v.Type.Elem), dst, bare(start))
	} else {
		dst = fmt.Sprintf("%s[%s]", fn.base(v), affine(0, ds))
		fn.p.line("for (int i = 0; i < %d; i++) %s[i] = %s;", v.Type.Len(), fn.base(v), bare(start))
	}
	fn.loops(in, func() {
		src := bare(fn.elem(x, index{expr: affine(0, plan.Strides(in))}))
		switch v.Op {
		case ir.OpSum:
			fn.p.line("%s += %s;", dst, src)
		case ir.OpReduceMax:
			fn.p.line("%s = ndec_max(%s, %s);", dst, dst, src)
		case ir.OpReduceMin:
			fn.p.line("%s = ndec_min(%s, %s);", dst, dst, src)
		}
	})
}

// reduceStart is what a sum, maximum or minimum begins with.
func reduceStart(v *ir.Value) string {
	integer := v.Type.Elem == ir.I32
	switch {
	case v.Op == ir.OpReduceMax && integer:
		return number(math.MinInt32, ir.I32)
	case v.Op == ir.OpReduceMin && integer:
		return number(math.MaxInt32, ir.I32)
	case v.Op == ir.OpReduceMax:
		return number(math.Inf(-1), v.Type.Elem)
	case v.Op == ir.OpReduceMin:
		return number(math.Inf(1), v.Type.Elem)
	}
	return zero(v.Type.Elem)
}

// convolution prints the call of a routine of the prelude: loops whose text does not grow with the sizes.
func (fn *function) convolution(v *ir.Value, args []string) {
	name, shape := convShape(v)
	fn.p.line("%s%s, %s, %d, %s);", fn.e.whole(name, v.Type), shape, fn.array(v), v.Type.Len(), strings.Join(args, ", "))
}

// convShape is the name of v in the prelude, and its sizes.
func convShape(v *ir.Value) (name, shape string) {
	groups, axes, err := v.Attr.Conv()
	if err != nil {
		panic("cudagen: " + err.Error())
	}
	in, out := 0, 0 // channels
	switch v.Op {
	case ir.OpConv:
		name, in, out = "conv", v.Args[1].Type.Shape[0], v.Type.Shape[0]
	case ir.OpConvInput:
		name, in, out = "conv_input", v.Type.Shape[0], v.Args[1].Type.Shape[0]
	case ir.OpConvWeight:
		name, in, out = "conv_weight", v.Args[0].Type.Shape[0], v.Args[1].Type.Shape[0]
	case ir.OpWindows:
		name, in, out = "windows", v.Type.Shape[0], v.Type.Shape[0]
	case ir.OpUnwindows:
		name, in, out = "unwindows", v.Type.Shape[0], v.Type.Shape[0]
	}
	axis := func(a ir.ConvAxis) string {
		return fmt.Sprintf("{%d, %d, %d, %d, %d, %d}", a.Stride, a.Pad, a.Dilation, a.In, a.Kernel, a.Out())
	}
	h, w := ir.ConvAxis{Stride: 1, Dilation: 1, In: 1, Kernel: 1}, axes[len(axes)-1]
	if len(axes) == 2 {
		h = axes[0]
	}
	return name, fmt.Sprintf("ndec_conv_shape{%d, %d, %d, %s, %s}", out, in, groups, axis(h), axis(w))
}
