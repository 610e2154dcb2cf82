package diff_test

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
)

// twoStages is a step that evaluates a field of the width twice, with an activation.
func twoStages(width int, act func(b *ir.Builder, x *ir.Value) *ir.Value) (*ir.Module, *ir.Func) {
	m := &ir.Module{Real: ir.F64}
	in, hid := ir.Tensor(ir.F64, 2), ir.Tensor(ir.F64, width)
	w1 := m.AddParam(&ir.Param{Name: "w1", Type: ir.Tensor(ir.F64, width, 2)})
	w2 := m.AddParam(&ir.Param{Name: "w2", Type: ir.Tensor(ir.F64, 2, width)})
	c := m.AddParam(&ir.Param{Name: "c", Type: hid})
	b := ir.NewFunc("field", diag.Span{}, ir.F64)
	h := act(b, b.Add(b.MatVec(b.Param(w1), b.Arg("x", in)), b.Param(c)))
	field := m.AddFunc(b.Return(b.MatVec(b.Param(w2), h)))
	b = ir.NewFunc("step", diag.Span{}, ir.F64)
	x := b.Arg("x", in)
	k1 := b.Call(field, x)
	k2 := b.Call(field, b.Add(x, b.Mul(b.Num(0.5), k1)))
	return m, m.AddFunc(b.Return(b.Add(x, k2)))
}

// A reverse sweep computes the activations of each call once, unless they are too many to keep. A sine and a cosine are each other's slopes.
func TestActivationsOnce(t *testing.T) {
	tanh := func(b *ir.Builder, x *ir.Value) *ir.Value { return b.Unary(ir.OpTanh, x) }
	wave := func(b *ir.Builder, x *ir.Value) *ir.Value { return b.Mul(b.Unary(ir.OpSin, x), b.Unary(ir.OpCos, x)) }
	for _, c := range []struct {
		width, want int
		act         func(b *ir.Builder, x *ir.Value) *ir.Value
	}{
		{16, 2, tanh},
		{2000, 3, tanh}, // the result of the last call is not needed
		{16, 4, wave},
		{2000, 6, wave},
	} {
		m, step := twoStages(c.width, c.act)
		g, list := diff.VJP(m, step, diff.Everything(step))
		if len(list) > 0 {
			t.Fatal(list)
		}
		rnd := newDrawer(1)
		params := map[string][]float64{}
		for _, p := range m.Params {
			params[p.Name] = rnd.uniform(p.Type.Len(), -0.1, 0.1)
		}
		mc, err := interp.New(m, params)
		if err != nil {
			t.Fatal(err)
		}
		loss := func(x []float64) float64 {
			out, err := mc.Call(step, interp.Of(x, 2))
			if err != nil {
				t.Fatal(err)
			}
			return 2*out[0].Data[0] - out[0].Data[1]
		}
		x := []float64{0.3, -0.7}
		want := numericGrad(loss, x)
		n := 0
		mc.OnOp = func(_ *ir.Func, v *ir.Value) {
			if v.Op == ir.OpTanh || v.Op == ir.OpSin || v.Op == ir.OpCos {
				n++
			}
		}
		out, err := mc.Call(g, interp.Of(x, 2), interp.Of([]float64{2, -1}, 2))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !(math.Abs(out[0].Data[i]-want[i]) < 1e-7) {
				t.Errorf("width %d: gradient %v, differences give %v", c.width, out[0].Data, want)
			}
		}
		if n != c.want {
			t.Errorf("width %d: activations are computed %d times, want %d", c.width, n, c.want)
		}
	}
}
