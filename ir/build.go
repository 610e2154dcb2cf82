package ir

import (
	"fmt"

	"ndec.dev/ndec/ir/diag"
)

// Builder appends values to a function. It infers types by the operators' rows and does the
// local simplifications that need no other pass (constants folded by simplify are left alone).
// A mistake in the use of the builder is a compiler bug and panics with *BuildError, which the
// driver reports as such.
type Builder struct {
	Func *Func
	// Span and Real are used for values that are made: the source text, and the element type of
	// real numbers.
	Span diag.Span
	Real Elem
}

// BuildError is the panic value of the builder: an operator used against its row.
type BuildError struct {
	Op   Op
	Func string
	Text string
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("ir: function %s: %s: %s", e.Func, e.Op, e.Text)
}

// NewFunc starts a function.
func NewFunc(name string, span diag.Span, real Elem) *Builder {
	return &Builder{Func: &Func{Name: name, Span: span}, Span: span, Real: real}
}

// Extend continues a function, appending after its present values.
func Extend(f *Func, real Elem) *Builder { return &Builder{Func: f, Span: f.Span, Real: real} }

// Arg adds an argument. Arguments come before all other values.
func (b *Builder) Arg(name string, t Type) *Value {
	v := &Value{Op: OpArg, Type: t, Name: name, Span: b.Span, Attr: Attr{Index: len(b.Func.Args)}}
	v.ID = b.Func.newID()
	b.Func.Args = append(b.Func.Args, v)
	b.Func.Values = append(b.Func.Values, v)
	return v
}

// IDs is one more than the greatest Value.ID of f can be.
func (f *Func) IDs() int { return f.nextID }

func (f *Func) newID() int {
	f.nextID++
	return f.nextID - 1
}

// Return sets the results and gives the function.
func (b *Builder) Return(vs ...*Value) *Func {
	b.Func.Results = append([]*Value(nil), vs...)
	return b.Func
}

// Emit appends a value of the operator, its type inferred.
func (b *Builder) Emit(op Op, at Attr, args ...*Value) *Value {
	info := op.Info()
	ts := make([]Type, len(args))
	for i, a := range args {
		if a == nil {
			b.fail(op, "operand %d is missing", i)
		}
		ts[i] = a.Type
	}
	if info.Name == "" {
		b.fail(op, "operator %d has no row", op)
	}
	if info.Arity >= 0 && len(args) != info.Arity {
		b.fail(op, "%d operands instead of %d", len(args), info.Arity)
	}
	t, err := info.Shape(ts, &at)
	if err != nil {
		b.fail(op, "%v", err)
	}
	v := &Value{ID: b.Func.newID(), Op: op, Args: append([]*Value(nil), args...), Attr: at, Type: t, Span: b.Span}
	b.Func.Values = append(b.Func.Values, v)
	return v
}

func (b *Builder) fail(op Op, format string, args ...any) {
	panic(&BuildError{Op: op, Func: b.Func.Name, Text: fmt.Sprintf(format, args...)})
}

// Leaves.

// Const is a scalar constant of element type e.
func (b *Builder) Const(x float64, e Elem) *Value {
	return b.leaf(OpConst, Attr{Num: x}, Scalar(e))
}

// Num is a scalar real constant.
func (b *Builder) Num(x float64) *Value { return b.Const(x, b.Real) }

// Fill is a tensor of type t with every element x.
func (b *Builder) Fill(x float64, t Type) *Value { return b.leaf(OpConst, Attr{Num: x}, t) }

// Zeros is a tensor of zeros.
func (b *Builder) Zeros(t Type) *Value { return b.Fill(0, t) }

// Data is a constant tensor given element by element.
func (b *Builder) Data(data []float64, t Type) *Value {
	return b.leaf(OpConst, Attr{Data: data}, t)
}

// Param reads a module parameter.
func (b *Builder) Param(p *Param) *Value {
	v := b.leaf(OpParam, Attr{Param: p}, p.Type)
	v.Name = p.Name
	return v
}

func (b *Builder) leaf(op Op, at Attr, t Type) *Value {
	v := &Value{ID: b.Func.newID(), Op: op, Attr: at, Type: t, Span: b.Span}
	b.Func.Values = append(b.Func.Values, v)
	return v
}

// IsConst reports whether v is a constant with every element x.
func (v *Value) IsConst(x float64) bool {
	return v.Op == OpConst && v.Attr.Data == nil && v.Attr.Num == x
}

// Element-wise arithmetic. Zeros and ones vanish here, so that derivative rules may be written
// plainly; a result keeps the broadcast shape.

// Add is a + b.
func (b *Builder) Add(x, y *Value) *Value {
	switch {
	case x.IsConst(0) && covers(y, x):
		return y
	case y.IsConst(0) && covers(x, y):
		return x
	}
	return b.Emit(OpAdd, Attr{}, x, y)
}

// Sub is a - b.
func (b *Builder) Sub(x, y *Value) *Value {
	switch {
	case y.IsConst(0) && covers(x, y):
		return x
	case x.IsConst(0) && covers(y, x):
		return b.Neg(y)
	}
	return b.Emit(OpSub, Attr{}, x, y)
}

// Mul is a * b, element by element.
func (b *Builder) Mul(x, y *Value) *Value {
	switch {
	case x.IsConst(1) && covers(y, x):
		return y
	case y.IsConst(1) && covers(x, y):
		return x
	}
	return b.Emit(OpMul, Attr{}, x, y)
}

// covers reports whether x alone has the broadcast shape of x and y.
func covers(x, y *Value) bool { return y.Type.IsScalar() || SameShape(x.Type.Shape, y.Type.Shape) }

// Div is a / b.
func (b *Builder) Div(x, y *Value) *Value {
	if y.IsConst(1) && covers(x, y) {
		return x
	}
	return b.Emit(OpDiv, Attr{}, x, y)
}

// Neg is -x.
func (b *Builder) Neg(x *Value) *Value { return b.Emit(OpNeg, Attr{}, x) }

// Unary applies an element-wise operator of one operand.
func (b *Builder) Unary(op Op, x *Value) *Value { return b.Emit(op, Attr{}, x) }

// Binary applies an element-wise operator of two operands.
func (b *Builder) Binary(op Op, x, y *Value) *Value { return b.Emit(op, Attr{}, x, y) }

// Select is a where c holds, else x.
func (b *Builder) Select(c, a, x *Value) *Value { return b.Emit(OpSelect, Attr{}, c, a, x) }

// Cast converts to element type e; nothing where it already is.
func (b *Builder) Cast(x *Value, e Elem) *Value {
	if x.Type.Elem == e {
		return x
	}
	return b.Emit(OpCast, Attr{Elem: e}, x)
}

// Shape.

// Reshape changes the shape, keeping row-major order.
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	if SameShape(x.Type.Shape, shape) {
		return x
	}
	return b.Emit(OpReshape, Attr{Ints: shape}, x)
}

// Transpose permutes axes; no perm reverses them.
func (b *Builder) Transpose(x *Value, perm ...int) *Value {
	if len(perm) == 0 {
		for i := x.Type.Rank() - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	return b.Emit(OpTranspose, Attr{Ints: perm}, x)
}

// Slice cuts lo:hi of every axis: bounds = lo0, hi0, lo1, hi1, …
func (b *Builder) Slice(x *Value, bounds ...int) *Value {
	whole := true
	for i, d := range x.Type.Shape {
		whole = whole && bounds[2*i] == 0 && bounds[2*i+1] == d
	}
	if whole {
		return x
	}
	return b.Emit(OpSlice, Attr{Ints: bounds}, x)
}

// At is element i along the leading axis, which is dropped.
func (b *Builder) At(x *Value, i int) *Value {
	bounds := []int{i, i + 1}
	for _, d := range x.Type.Shape[1:] {
		bounds = append(bounds, 0, d)
	}
	return b.Reshape(b.Slice(x, bounds...), x.Type.Shape[1:]...)
}

// Concat joins along an axis.
func (b *Builder) Concat(axis int, xs ...*Value) *Value {
	if len(xs) == 1 {
		return xs[0]
	}
	return b.Emit(OpConcat, Attr{Index: axis}, xs...)
}

// Expand adds leading axes so that the result has the shape.
func (b *Builder) Expand(x *Value, shape ...int) *Value {
	if SameShape(x.Type.Shape, shape) {
		return x
	}
	return b.Emit(OpExpand, Attr{Ints: shape}, x)
}

// Take is the rows of x at the places.
func (b *Builder) Take(x *Value, places ...int) *Value {
	data := make([]float64, len(places))
	row := true // places follow one another
	for j, i := range places {
		data[j] = float64(i)
		row = row && i == places[0]+j
	}
	if row {
		bounds := []int{places[0], places[0] + len(places)}
		for _, d := range x.Type.Shape[1:] {
			bounds = append(bounds, 0, d)
		}
		return b.Slice(x, bounds...)
	}
	return b.Emit(OpTake, Attr{}, x, b.Data(data, Tensor(I32, len(data))))
}

// Sum adds over the axes, all of them when none is given.
func (b *Builder) Sum(x *Value, axes ...int) *Value {
	if x.Type.IsScalar() {
		return x
	}
	return b.Emit(OpSum, Attr{Ints: axes}, x)
}

// Linear algebra.

// MatVec is W x.
func (b *Builder) MatVec(w, x *Value) *Value { return b.Emit(OpMatVec, Attr{}, w, x) }

// VecMat is xᵀ W.
func (b *Builder) VecMat(x, w *Value) *Value { return b.Emit(OpVecMat, Attr{}, x, w) }

// MatMul is A B.
func (b *Builder) MatMul(x, y *Value) *Value { return b.Emit(OpMatMul, Attr{}, x, y) }

// Outer is x yᵀ.
func (b *Builder) Outer(x, y *Value) *Value { return b.Emit(OpOuter, Attr{}, x, y) }

// Nodes.

// Call calls f. With one result the value has that type; with several it is a tuple.
func (b *Builder) Call(f *Func, args ...*Value) *Value {
	return b.Emit(OpCall, Attr{Func: f}, args...)
}

// CallAll calls f and gives its results.
func (b *Builder) CallAll(f *Func, args ...*Value) []*Value {
	v := b.Call(f, args...)
	if len(f.Results) == 1 {
		return []*Value{v}
	}
	return b.Results(v)
}

// Results gives the components of a tuple.
func (b *Builder) Results(v *Value) []*Value {
	out := make([]*Value, len(v.Type.Parts))
	for i := range out {
		out[i] = b.Result(v, i)
	}
	return out
}

// Result is component i of a tuple.
func (b *Builder) Result(v *Value, i int) *Value { return b.Emit(OpResult, Attr{Index: i}, v) }

// Apply makes the value of any operator, through the simplifying methods where there is one. Passes
// use it to rebuild a value with other operands.
func (b *Builder) Apply(op Op, at Attr, args ...*Value) *Value {
	switch op {
	case OpAdd:
		return b.Add(args[0], args[1])
	case OpSub:
		return b.Sub(args[0], args[1])
	case OpMul:
		return b.Mul(args[0], args[1])
	case OpDiv:
		return b.Div(args[0], args[1])
	}
	return b.Emit(op, at, args...)
}

// Named sets the name of v for people and gives v.
func (v *Value) Named(name string) *Value {
	v.Name = name
	return v
}
