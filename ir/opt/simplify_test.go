package opt

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// expr spells a value as a tree: tanh(add(x, 2)), slice[0 2](x).
func expr(v *ir.Value) string {
	switch v.Op {
	case ir.OpArg:
		return v.Name
	case ir.OpParam:
		return v.Attr.Param.Name
	case ir.OpConst:
		if v.Attr.Data != nil {
			return fmt.Sprint(v.Attr.Data)
		}
		if v.Type.IsScalar() {
			return fmt.Sprint(v.Attr.Num)
		}
		return fmt.Sprintf("%v:%s", v.Attr.Num, v.Type)
	}
	var args []string
	for _, a := range v.Args {
		args = append(args, expr(a))
	}
	s := v.Op.String()
	if v.Op.Info().Class == ir.ClassShape && v.Op != ir.OpConcat {
		s += strings.ReplaceAll(fmt.Sprint(v.Attr.Ints), " ", ",")
	}
	if v.Op == ir.OpCast {
		s += "." + v.Attr.Elem.String()
	}
	return s + "(" + strings.Join(args, ", ") + ")"
}

type operands struct {
	b    *ir.Builder
	x, y *ir.Value // [3]
	s    *ir.Value // scalar
	m    *ir.Value // [3,2]
	c    *ir.Value // bool
	f    *ir.Value // f32 scalar
	w1   *ir.Value // [1,3]
}

func (o operands) emit(op ir.Op, args ...*ir.Value) *ir.Value {
	return o.b.Emit(op, ir.Attr{}, args...)
}

func (o operands) fill(x float64) *ir.Value { return o.b.Fill(x, o.x.Type) }

func (o operands) f32(x float64) *ir.Value { return o.b.Const(x, ir.F32) }

func TestSimplify(t *testing.T) {
	for _, c := range []struct {
		want  string
		build func(o operands) *ir.Value
	}{
		// Sums and products.
		{"x", func(o operands) *ir.Value { return o.emit(ir.OpAdd, o.x, o.fill(0)) }},
		{"expand[3](s)", func(o operands) *ir.Value { return o.emit(ir.OpAdd, o.s, o.fill(0)) }},
		{"sub(x, y)", func(o operands) *ir.Value { return o.emit(ir.OpAdd, o.x, o.emit(ir.OpNeg, o.y)) }},
		{"sub(y, x)", func(o operands) *ir.Value { return o.emit(ir.OpAdd, o.emit(ir.OpNeg, o.x), o.y) }},
		{"add(x, y)", func(o operands) *ir.Value { return o.emit(ir.OpSub, o.x, o.emit(ir.OpNeg, o.y)) }},
		{"neg(x)", func(o operands) *ir.Value { return o.emit(ir.OpSub, o.fill(0), o.x) }},
		{"x", func(o operands) *ir.Value { return o.emit(ir.OpMul, o.fill(1), o.x) }},
		{"neg(x)", func(o operands) *ir.Value { return o.emit(ir.OpMul, o.x, o.b.Num(-1)) }},
		{"mul(x, y)", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.emit(ir.OpNeg, o.x), o.emit(ir.OpNeg, o.y))
		}},
		{"mul(x, 0.25)", func(o operands) *ir.Value { return o.emit(ir.OpDiv, o.x, o.b.Num(4)) }},
		{"div(x, 3)", func(o operands) *ir.Value { return o.emit(ir.OpDiv, o.x, o.b.Num(3)) }},
		{"x", func(o operands) *ir.Value { return o.emit(ir.OpNeg, o.emit(ir.OpNeg, o.x)) }},
		{"square(x)", func(o operands) *ir.Value { return o.emit(ir.OpPow, o.x, o.b.Num(2)) }},
		{"x", func(o operands) *ir.Value { return o.emit(ir.OpDetach, o.x) }},
		// What must stay: 0*x is NaN for an infinite x, x-x too.
		{"mul(x, 0)", func(o operands) *ir.Value { return o.emit(ir.OpMul, o.x, o.b.Num(0)) }},
		{"sub(x, x)", func(o operands) *ir.Value { return o.emit(ir.OpSub, o.x, o.x) }},
		// Constants: all in f64, only exact ones in f32.
		{"mul(x, 0.30000000000000004)", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.x, o.emit(ir.OpAdd, o.b.Num(0.1), o.b.Num(0.2)))
		}},
		{"mul(f, add(0.1, 0.2))", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.f, o.emit(ir.OpAdd, o.f32(0.1), o.f32(0.2)))
		}},
		{"mul(f, 0.75)", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.f, o.emit(ir.OpAdd, o.f32(0.5), o.f32(0.25)))
		}},
		{"mul(f, div(1, 3))", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.f, o.emit(ir.OpDiv, o.f32(1), o.f32(3)))
		}},
		{"mul(f, 0.1)", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.f, o.b.Cast(o.b.Num(0.1), ir.F32))
		}},
		{"mul(s, cast.f64(0.1))", func(o operands) *ir.Value {
			return o.emit(ir.OpMul, o.s, o.b.Cast(o.f32(0.1), ir.F64))
		}},
		// Conditions and conversions.
		{"x", func(o operands) *ir.Value { return o.b.Select(o.c, o.x, o.x) }},
		{"select(c, y, x)", func(o operands) *ir.Value { return o.b.Select(o.emit(ir.OpNot, o.c), o.x, o.y) }},
		{"y", func(o operands) *ir.Value { return o.b.Select(o.b.Const(0, ir.Bool), o.x, o.y) }},
		{"f", func(o operands) *ir.Value { return o.b.Cast(o.b.Cast(o.f, ir.F64), ir.F32) }},
		{"cast.f64(cast.f32(s))", func(o operands) *ir.Value { return o.b.Cast(o.b.Cast(o.s, ir.F32), ir.F64) }},
		// Moves.
		{"x", func(o operands) *ir.Value { return o.b.Reshape(o.b.Reshape(o.x, 1, 3), 3) }},
		{"m", func(o operands) *ir.Value { return o.b.Transpose(o.b.Transpose(o.m)) }},
		{"reshape[3,1](w1)", func(o operands) *ir.Value { return o.b.Transpose(o.w1) }},
		{"slice[2,3](x)", func(o operands) *ir.Value { return o.b.Slice(o.b.Slice(o.x, 1, 3), 1, 2) }},
		{"y", func(o operands) *ir.Value { return o.b.Slice(o.b.Concat(0, o.x, o.y), 3, 6) }},
		{"concat(slice[2,3](x), slice[0,1](y))", func(o operands) *ir.Value {
			return o.b.Slice(o.b.Concat(0, o.x, o.y), 2, 4)
		}},
		{"x", func(o operands) *ir.Value {
			return o.b.Concat(0, o.b.Slice(o.x, 0, 1), o.b.Slice(o.x, 1, 3))
		}},
		{"concat(x, y, x)", func(o operands) *ir.Value { return o.b.Concat(0, o.b.Concat(0, o.x, o.y), o.x) }},
		{"x", func(o operands) *ir.Value {
			return o.b.Slice(o.b.Emit(ir.OpPad, ir.Attr{Ints: []int{1, 2}}, o.x), 1, 4)
		}},
		{"add(x, s)", func(o operands) *ir.Value { return o.emit(ir.OpAdd, o.x, o.b.Expand(o.s, 3)) }},
		{"expand[3](tanh(add(s, 2)))", func(o operands) *ir.Value {
			return o.emit(ir.OpTanh, o.emit(ir.OpAdd, o.b.Expand(o.s, 3), o.fill(2)))
		}},
		// Reductions and products.
		{"mul(s, 3)", func(o operands) *ir.Value { return o.b.Sum(o.b.Expand(o.s, 3)) }},
		{"mul(x, 5)", func(o operands) *ir.Value { return o.b.Sum(o.b.Expand(o.x, 5, 3), 0) }},
		{"mul(sum(x), 5)", func(o operands) *ir.Value { return o.b.Sum(o.b.Expand(o.x, 5, 3)) }},
		{"mul(s, sum(x))", func(o operands) *ir.Value { return o.b.Sum(o.emit(ir.OpMul, o.s, o.x)) }},
		{"neg(sum(x))", func(o operands) *ir.Value { return o.b.Sum(o.emit(ir.OpNeg, o.x)) }},
		{"sum(m)", func(o operands) *ir.Value { return o.b.Sum(o.b.Transpose(o.m, 1, 0), 0) }},
		{"reshape[3](w1)", func(o operands) *ir.Value { return o.b.Sum(o.w1, 0) }},
		{"vecmat(x, m)", func(o operands) *ir.Value { return o.b.MatVec(o.b.Transpose(o.m), o.x) }},
		{"matvec(m, slice[0,2](x))", func(o operands) *ir.Value {
			return o.b.VecMat(o.b.Slice(o.x, 0, 2), o.b.Transpose(o.m))
		}},
	} {
		o := newOperands()
		f := o.b.Return(c.build(o))
		m := &ir.Module{Real: ir.F64, Funcs: []*ir.Func{f}}
		wantType := f.Results[0].Type
		simplify(m)
		got := f.Results[0]
		if expr(got) != c.want {
			t.Errorf("got %s, want %s", expr(got), c.want)
		}
		if !got.Type.Equal(wantType) {
			t.Errorf("%s: type %s, was %s", c.want, got.Type, wantType)
		}
		if err := ir.Verify(m); err != nil {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}

func newOperands() operands {
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	vec := ir.Tensor(ir.F64, 3)
	o := operands{b: b}
	o.x, o.y = b.Arg("x", vec), b.Arg("y", vec)
	o.s = b.Arg("s", ir.Scalar(ir.F64))
	o.m = b.Arg("m", ir.Tensor(ir.F64, 3, 2))
	o.c = b.Arg("c", ir.Scalar(ir.Bool))
	o.f = b.Arg("f", ir.Scalar(ir.F32))
	o.w1 = b.Arg("w1", ir.Tensor(ir.F64, 1, 3))
	return o
}
