package ir

import (
	"strconv"
)

// Elem is the element type of a tensor.
type Elem uint8

// Element types. Time is always F64, whatever the precision of the state. Tuple is the type of a
// node with several results; OpResult picks one.
const (
	InvalidElem Elem = iota
	F32
	F64
	BF16
	I32
	Bool
	Tuple
)

var elemNames = [...]string{InvalidElem: "invalid", F32: "f32", F64: "f64", BF16: "bf16", I32: "i32", Bool: "bool", Tuple: "tuple"}

func (e Elem) String() string { return elemNames[e] }

// IsFloat reports whether e is a floating-point type.
func (e Elem) IsFloat() bool { return e == F32 || e == F64 || e == BF16 }

// Bytes is the size of an element in memory.
func (e Elem) Bytes() int {
	switch e {
	case F64:
		return 8
	case BF16:
		return 2
	case Bool:
		return 1
	}
	return 4
}

// ElemByName finds an element type by its name in the text form.
func ElemByName(name string) (Elem, bool) {
	for e, n := range elemNames {
		if n == name && Elem(e) != InvalidElem {
			return Elem(e), true
		}
	}
	return InvalidElem, false
}

// Type is an element type with a static shape; a scalar has no axes. The type of a Tuple lists
// the types of its results.
type Type struct {
	Elem  Elem
	Shape []int
	Parts []Type
}

// Scalar is the type of a single element.
func Scalar(e Elem) Type { return Type{Elem: e} }

// Tensor is the type of an array, row-major.
func Tensor(e Elem, shape ...int) Type { return Type{Elem: e, Shape: shape} }

// TupleOf is the type of a node with several results.
func TupleOf(parts ...Type) Type { return Type{Elem: Tuple, Parts: parts} }

// Len is the number of elements.
func (t Type) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Rank is the number of axes.
func (t Type) Rank() int { return len(t.Shape) }

// IsScalar reports whether t has no axes.
func (t Type) IsScalar() bool { return len(t.Shape) == 0 && t.Elem != Tuple }

// With is t with another element type.
func (t Type) With(e Elem) Type { return Type{Elem: e, Shape: t.Shape} }

// Equal compares element type and shape.
func (t Type) Equal(u Type) bool {
	if t.Elem != u.Elem || len(t.Parts) != len(u.Parts) || !SameShape(t.Shape, u.Shape) {
		return false
	}
	for i := range t.Parts {
		if !t.Parts[i].Equal(u.Parts[i]) {
			return false
		}
	}
	return true
}

// SameShape compares two shapes.
func SameShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// String is "f32", "[16,2]f32" or "([2]f32, i32)".
func (t Type) String() string { return string(t.append(nil)) }

func (t Type) append(b []byte) []byte {
	if t.Elem == Tuple {
		b = append(b, '(')
		for i, p := range t.Parts {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = p.append(b)
		}
		return append(b, ')')
	}
	if len(t.Shape) > 0 {
		b = append(b, '[')
		for i, d := range t.Shape {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = append(b, ']')
	}
	return append(b, t.Elem.String()...)
}
