package ir_test

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
)

// value evaluates one operator on operands of the types.
func value(t *testing.T, op ir.Op, at ir.Attr, types []ir.Type, data ...[]float64) []float64 {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	var args []*ir.Value
	var in []interp.Tensor
	for i, ty := range types {
		args = append(args, b.Arg("x", ty))
		in = append(in, interp.Of(data[i], ty.Shape...))
	}
	f := m.AddFunc(b.Return(b.Emit(op, at, args...)))
	return call(t, m, f, in...)[0]
}

func call(t *testing.T, m *ir.Module, f *ir.Func, in ...interp.Tensor) [][]float64 {
	t.Helper()
	mc, err := interp.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := mc.Call(f, in...)
	if err != nil {
		t.Fatal(err)
	}
	var data [][]float64
	for _, o := range out {
		data = append(data, o.Data)
	}
	return data
}

// A singular matrix has the log-determinant -∞ and no solution.
func TestSingular(t *testing.T) {
	mat, vec := ir.Tensor(ir.F64, 3, 3), ir.Tensor(ir.F64, 3)
	for _, a := range [][]float64{
		make([]float64, 9),
		{1, 2, 0, 2, 4, 0, 0, 0, 1},
		{1, 0, 0, 0, 0, 0, 0, 0, 1},
		{1, 1, 1, 1, 1, 1, 1, 1, 1},
	} {
		if d := value(t, ir.OpLogDet, ir.Attr{}, []ir.Type{mat}, a); !math.IsInf(d[0], -1) {
			t.Errorf("logdet %v = %v, want -Inf", a, d[0])
		}
		for _, x := range append(value(t, ir.OpLinSolve, ir.Attr{}, []ir.Type{mat, vec}, a, []float64{0, 1, 0}),
			value(t, ir.OpInv, ir.Attr{}, []ir.Type{mat}, a)...) {
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				t.Errorf("a solution with the singular %v has the element %v", a, x)
			}
		}
	}
}

// Values at the edges of what operators take.
func TestEdges(t *testing.T) {
	real, whole := ir.Scalar(ir.F64), ir.Scalar(ir.I32)
	toInt := ir.Attr{Elem: ir.I32}
	below := math.Nextafter(-math.Pi, -4)
	for _, c := range []struct {
		op   ir.Op
		at   ir.Attr
		in   ir.Type
		x    float64
		want float64
	}{
		{ir.OpCast, toInt, real, math.NaN(), 0},
		{ir.OpCast, toInt, real, math.Inf(1), math.MaxInt32},
		{ir.OpCast, toInt, real, -1e300, math.MinInt32},
		{ir.OpCast, toInt, real, -2.7, -2},
		{ir.OpWrap, ir.Attr{}, real, math.Pi, -math.Pi},
		{ir.OpWrap, ir.Attr{}, real, -math.Pi, -math.Pi},
		{ir.OpWrap, ir.Attr{}, real, below, -math.Pi},
		{ir.OpWrap, ir.Attr{}, real, 0.5, 0.5},
		{ir.OpNorm, ir.Attr{}, real, -3, 3},
		{ir.OpNorm, ir.Attr{}, real, 0, 0},
		{ir.OpNeg, ir.Attr{}, whole, 3, -3},
		{ir.OpAbs, ir.Attr{}, whole, -3, 3},
		{ir.OpSign, ir.Attr{}, whole, -3, -1},
		{ir.OpSquare, ir.Attr{}, whole, -3, 9},
	} {
		if got := value(t, c.op, c.at, []ir.Type{c.in}, []float64{c.x}); math.Abs(got[0]-c.want) > 1e-15*math.Abs(c.want) || math.Abs(got[0]) > 1e300 {
			t.Errorf("%s %v = %v, want %v", c.op, c.x, got[0], c.want)
		}
	}
	if got := value(t, ir.OpNorm, ir.Attr{}, []ir.Type{real}, []float64{math.NaN()}); !math.IsNaN(got[0]) {
		t.Errorf("norm of NaN is %v", got[0])
	}
}

// Gradients where a formula has a corner or a pole are PyTorch's.
func TestCorners(t *testing.T) {
	for _, c := range []struct {
		op   ir.Op
		args []float64
		want []float64
	}{
		{ir.OpPow, []float64{0, 0}, []float64{0, 0}},
		{ir.OpPow, []float64{0, 2}, []float64{0, 0}},
		{ir.OpPow, []float64{0, 1}, []float64{1, 0}},
		{ir.OpPow, []float64{2, 0}, []float64{0, math.Log(2)}},
		{ir.OpPow, []float64{2, 3}, []float64{12, 8 * math.Log(2)}},
		{ir.OpNorm, []float64{0}, []float64{0}},
		{ir.OpNorm, []float64{-2}, []float64{-1}},
		{ir.OpHardtanh, []float64{1}, []float64{0}},
		{ir.OpHardtanh, []float64{-1}, []float64{0}},
		{ir.OpHardtanh, []float64{0.5}, []float64{1}},
		{ir.OpClamp, []float64{1, 0, 1}, []float64{1, 0, 0}},
		{ir.OpRelu, []float64{0}, []float64{0}},
		{ir.OpElu, []float64{0}, []float64{1}},
		{ir.OpMin, []float64{1, 1}, []float64{1, 0}},
		{ir.OpMax, []float64{1, 1}, []float64{1, 0}},
		{ir.OpAbs, []float64{0}, []float64{0}},
	} {
		m := &ir.Module{Real: ir.F64}
		b := ir.NewFunc("f", diag.Span{}, ir.F64)
		in := []interp.Tensor{}
		var args []*ir.Value
		for _, x := range c.args {
			args = append(args, b.Arg("x", ir.Scalar(ir.F64)))
			in = append(in, interp.Scalar(x))
		}
		v := b.Emit(c.op, ir.Attr{}, args...)
		if define := c.op.Info().Define; define != nil {
			v = define(b, args, &ir.Attr{})
		}
		f := m.AddFunc(b.Return(v))
		g, list := diff.VJP(m, f, diff.Everything(f))
		if len(list) > 0 {
			t.Fatal(list)
		}
		for i, got := range call(t, m, g, append(in, interp.Scalar(1))...) {
			if !(math.Abs(got[0]-c.want[i]) <= 1e-15*math.Abs(c.want[i])) {
				t.Errorf("%s%v: derivative by operand %d is %v, want %v", c.op, c.args, i, got[0], c.want[i])
			}
		}
	}
}

// Rows refuse operands without a meaning.
func TestRefusals(t *testing.T) {
	whole, six := ir.Scalar(ir.I32), ir.Tensor(ir.F64, 6)
	for _, c := range []struct {
		op   ir.Op
		at   ir.Attr
		in   []ir.Type
		want string
	}{
		{ir.OpDiv, ir.Attr{}, []ir.Type{whole, whole}, "wants real numbers"},
		{ir.OpPow, ir.Attr{}, []ir.Type{whole, whole}, "wants real numbers"},
		{ir.OpMod, ir.Attr{}, []ir.Type{whole, whole}, "wants real numbers"},
		{ir.OpMean, ir.Attr{}, []ir.Type{ir.Tensor(ir.I32, 3)}, "wants real numbers"},
		{ir.OpReshape, ir.Attr{Ints: []int{-2, -3}}, []ir.Type{six}, "axis of length -2"},
		{ir.OpExpand, ir.Attr{Ints: []int{0, 6}}, []ir.Type{six}, "axis of length 0"},
	} {
		at := c.at
		if _, err := c.op.Info().Shape(c.in, &at); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %v: %v, want %q", c.op, c.in, err, c.want)
		}
	}
	if i := ir.OpMax.Info(); i.Commutative || ir.OpMin.Info().Commutative {
		t.Error("min and max commute, and their gradients at ties do not")
	}
}
