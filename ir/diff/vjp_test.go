package diff_test

import (
	"fmt"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
)

// checkFunc compares VJP and JVP of f by all real arguments and parameters with central
// differences along random directions, and with each other.
func checkFunc(t *testing.T, m *ir.Module, f *ir.Func, args [][]float64, params map[*ir.Param][]float64, tol float64) {
	t.Helper()
	wrt := diff.Everything(f)
	vjp, ds := diff.VJP(m, f, wrt)
	if ds != nil {
		t.Fatal(ds)
	}
	jvp, ds := diff.JVP(m, f, wrt)
	if ds != nil {
		t.Fatal(ds)
	}
	rnd := newDrawer(7)
	for range 3 {
		dargs, dparams := make([][]float64, len(args)), map[*ir.Param][]float64{}
		jargs := append([][]float64(nil), args...)
		for _, i := range wrt.Args {
			dargs[i] = rnd.normal(len(args[i]))
			jargs = append(jargs, dargs[i])
		}
		for _, q := range wrt.Params {
			dparams[q] = rnd.normal(len(params[q]))
			jargs = append(jargs, dparams[q])
		}
		vargs := append([][]float64(nil), args...)
		weights := make([][]float64, len(f.Results))
		for i, r := range f.Results {
			if r.Type.Elem.IsFloat() {
				weights[i] = rnd.normal(r.Type.Len())
				vargs = append(vargs, weights[i])
			}
		}
		want := slope(func(h float64) float64 {
			as, ps := append([][]float64(nil), args...), map[*ir.Param][]float64{}
			for i := range as {
				if dargs[i] != nil {
					as[i] = moved(as[i], dargs[i], h)
				}
			}
			for q, x := range params {
				ps[q] = x
				if dparams[q] != nil {
					ps[q] = moved(x, dparams[q], h)
				}
			}
			var s float64
			for i, o := range eval(f, as, ps) {
				if weights[i] != nil {
					s += dot(weights[i], o)
				}
			}
			return s
		})
		var forward, back float64
		tangents := eval(jvp, jargs, params)
		for _, w := range weights {
			if w != nil {
				forward += dot(w, tangents[0])
				tangents = tangents[1:]
			}
		}
		cotangents := eval(vjp, vargs, params)
		for k, i := range wrt.Args {
			back += dot(dargs[i], cotangents[k])
		}
		for k, q := range wrt.Params {
			back += dot(dparams[q], cotangents[len(wrt.Args)+k])
		}
		near(t, "forward against differences", forward, want, tol)
		near(t, "reverse against forward", back, forward, 1e-11)
	}
}

// sample is an operator with operands to differentiate at.
type sample struct {
	op     ir.Op
	at     ir.Attr
	shapes [][]int
	lo, hi float64 // range of the operands; 0, 0 is -2..2
}

func samples() []sample {
	v, s, m23, m34, m33 := []int{3}, []int{}, []int{2, 3}, []int{3, 4}, []int{3, 3}
	list := []sample{
		{op: ir.OpSelect},
		{op: ir.OpReshape, at: ir.Attr{Ints: []int{3, 2}}, shapes: [][]int{m23}},
		{op: ir.OpTranspose, at: ir.Attr{Ints: []int{1, 0}}, shapes: [][]int{m23}},
		{op: ir.OpTranspose, at: ir.Attr{Ints: []int{2, 0, 1}}, shapes: [][]int{{2, 3, 4}}},
		{op: ir.OpSlice, at: ir.Attr{Ints: []int{1, 2, 0, 2}}, shapes: [][]int{m23}},
		{op: ir.OpPad, at: ir.Attr{Ints: []int{1, 2}}, shapes: [][]int{v}},
		{op: ir.OpConcat, at: ir.Attr{Index: 0}, shapes: [][]int{v, v, {2}}},
		{op: ir.OpConcat, at: ir.Attr{Index: 1}, shapes: [][]int{m23, {2, 1}}},
		{op: ir.OpReverse, at: ir.Attr{Index: 0}, shapes: [][]int{v}},
		{op: ir.OpExpand, at: ir.Attr{Ints: []int{2, 3}}, shapes: [][]int{v}},
		{op: ir.OpExpand, at: ir.Attr{Ints: []int{2, 3}}, shapes: [][]int{s}},
		{op: ir.OpSum, shapes: [][]int{m23}},
		{op: ir.OpSum, at: ir.Attr{Ints: []int{0}}, shapes: [][]int{m23}},
		{op: ir.OpSum, at: ir.Attr{Ints: []int{1}}, shapes: [][]int{m23}},
		{op: ir.OpReduceMax, shapes: [][]int{v}},
		{op: ir.OpReduceMax, at: ir.Attr{Ints: []int{1}}, shapes: [][]int{m23}},
		{op: ir.OpReduceMin, at: ir.Attr{Ints: []int{0}}, shapes: [][]int{m23}},
		{op: ir.OpCumsum, at: ir.Attr{Index: 0}, shapes: [][]int{v}},
		{op: ir.OpMatVec, shapes: [][]int{m23, v}},
		{op: ir.OpVecMat, shapes: [][]int{{2}, m23}},
		{op: ir.OpMatMul, shapes: [][]int{m23, m34}},
		{op: ir.OpOuter, shapes: [][]int{{2}, v}},
		{op: ir.OpLinSolve, shapes: [][]int{m33, v}},
		{op: ir.OpLogDet, shapes: [][]int{m33}},
		{op: ir.OpInv, shapes: [][]int{m33}},
		{op: ir.OpTake, shapes: [][]int{m23}},
		{op: ir.OpScatter, at: ir.Attr{Index: 4}, shapes: [][]int{m23}},
		{op: ir.OpClamp, shapes: [][]int{v, s, s}},
		{op: ir.OpLeakyRelu, at: ir.Attr{Num: 0.1}, shapes: [][]int{v}},
		{op: ir.OpMean, shapes: [][]int{m23}},
		{op: ir.OpMean, at: ir.Attr{Ints: []int{1}}, shapes: [][]int{m23}},
		{op: ir.OpDot, shapes: [][]int{v, v}},
		{op: ir.OpSqNorm, shapes: [][]int{v}},
		{op: ir.OpNorm, shapes: [][]int{v}},
		{op: ir.OpCross, shapes: [][]int{v, v}},
		{op: ir.OpSoftmax, shapes: [][]int{v}},
		{op: ir.OpLogSoftmax, shapes: [][]int{v}},
		{op: ir.OpLogSumExp, shapes: [][]int{v}},
		{op: ir.OpMSE, shapes: [][]int{v, v}},
		{op: ir.OpHuber, shapes: [][]int{v, v}},
		{op: ir.OpL1, shapes: [][]int{v, v}},
		{op: ir.OpCrossEntropy},
		{op: ir.OpAccuracy},
		{op: ir.OpConv, at: conv(2), shapes: [][]int{{2, 2, 3, 2}, {4, 5, 4}}},
		{op: ir.OpConvInput, at: conv(2), shapes: [][]int{{2, 2, 3, 2}, {2, 3, 2}}},
		{op: ir.OpConvWeight, at: conv(2), shapes: [][]int{{4, 5, 4}, {2, 3, 2}}},
		{op: ir.OpWindows, at: conv(1), shapes: [][]int{{4, 5, 4}}},
		{op: ir.OpUnwindows, at: conv(1), shapes: [][]int{{4, 6, 3, 2}}},
	}
	positive := map[ir.Op]bool{ir.OpSqrt: true, ir.OpLog: true, ir.OpLog1p: true, ir.OpPow: true, ir.OpRecip: true, ir.OpDiv: true, ir.OpMod: true}
	listed := map[ir.Op]bool{}
	for _, c := range list {
		listed[c.op] = true
	}
	for op := ir.OpInvalid + 1; op < ir.NumOps; op++ {
		info := op.Info()
		if op == ir.OpNot || op == ir.OpAnd || op == ir.OpOr || op == ir.OpDetach {
			continue // operands that are not real; a derivative that is not that of the value
		}
		if listed[op] || info.Class != ir.ClassElem && info.Class != ir.ClassDefined {
			continue
		}
		c := sample{op: op}
		switch {
		case positive[op]:
			c.lo, c.hi = 0.3, 3
		case op == ir.OpAsin || op == ir.OpAcos:
			c.lo, c.hi = -0.9, 0.9
		case op == ir.OpBfloat: // between two of its jumps
			c.lo, c.hi = 1.0005, 1.003
		case op == ir.OpHalf:
			c.lo, c.hi = 600.95, 601.05
		case op == ir.OpBinade:
			c.lo, c.hi = 1.1, 1.9
		case op == ir.OpTan:
			c.lo, c.hi = -1, 1
		}
		if op == ir.OpCast {
			c.at.Elem = ir.F64
		}
		switch info.Arity {
		case 1:
			c.shapes = [][]int{v}
			list = append(list, c)
		case 2:
			for _, sh := range [][][]int{{v, v}, {v, s}, {s, v}, {s, s}} {
				c.shapes = sh
				list = append(list, c)
			}
		}
	}
	return list
}

// conv is a convolution from [5, 4] to [3, 2] by windows of [3, 2]: a stride and a padding along the
// first axis, a dilation along the second.
func conv(groups int) ir.Attr {
	return ir.ConvAttr(groups, ir.ConvAxis{Stride: 2, Pad: 1, Dilation: 1, In: 5, Kernel: 3},
		ir.ConvAxis{Stride: 1, Dilation: 2, In: 4, Kernel: 2})
}

// TestOperators differentiates every operator as a function.
func TestOperators(t *testing.T) {
	seen := map[ir.Op]bool{}
	for i, c := range samples() {
		seen[c.op] = true
		t.Run(fmt.Sprintf("%s%v", c.op, c.shapes), func(t *testing.T) {
			m := &ir.Module{Real: ir.F64}
			b := ir.NewFunc("f", diag.Span{}, ir.F64)
			rnd := newDrawer(uint64(i))
			lo, hi := c.lo, c.hi
			if lo == hi {
				lo, hi = -2, 2
			}
			var args []*ir.Value
			var data [][]float64
			for k, sh := range c.shapes {
				ty := ir.Tensor(ir.F64, sh...)
				args = append(args, b.Arg(fmt.Sprintf("x%d", k), ty))
				x := rnd.uniform(ty.Len(), lo, hi)
				if len(sh) == 2 && sh[0] == sh[1] { // well-conditioned
					for d := range sh[0] {
						x[d*sh[0]+d] += 4
					}
				}
				data = append(data, x)
			}
			switch c.op {
			case ir.OpClamp:
				data[1], data[2] = []float64{-1}, []float64{0.9}
			case ir.OpSelect:
				x, y := b.Arg("x", ir.Tensor(ir.F64, 3)), b.Arg("y", ir.Tensor(ir.F64, 3))
				args = []*ir.Value{b.Binary(ir.OpLt, x, b.Num(0)), x, y}
				data = [][]float64{{-1, 2, -3}, {4, 5, 6}}
			case ir.OpTake, ir.OpScatter:
				args, data = append(args, b.Arg("i", ir.Tensor(ir.I32, 2))), append(data, []float64{1, 1})
			case ir.OpCrossEntropy, ir.OpAccuracy:
				args = []*ir.Value{b.Arg("z", ir.Tensor(ir.F64, 3)), b.Arg("y", ir.Scalar(ir.I32))}
				data = [][]float64{{-1, 2, 0.5}, {2}}
			}
			v := b.Emit(c.op, c.at, args...)
			if !v.Type.Elem.IsFloat() { // comparisons, argmax: nothing to differentiate
				return
			}
			f := m.AddFunc(b.Return(v))
			checkFunc(t, m, f, data, nil, 1e-7)
			for _, g := range m.Funcs { // so that it can be differentiated again
				for _, w := range g.Values {
					if w.Op.Info().Define != nil {
						t.Errorf("%s: a rule writes the defined operator %s", g.Name, w.Op)
					}
				}
			}
		})
	}
	for op := ir.OpInvalid + 1; op < ir.NumOps; op++ {
		info := op.Info()
		differentiable := info.Partial != nil || info.Linear || info.JVP != nil || info.VJP != nil
		if differentiable && !seen[op] {
			t.Errorf("no sample for operator %s", info.Name)
		}
	}
}
