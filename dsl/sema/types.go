package sema

import (
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// Kind separates the sorts of values of the language.
type Kind uint8

// Kinds of types. An expression of Invalid type was complained about already.
const (
	Invalid Kind = iota
	TensorKind
	ResultKind // of a solve
	TupleKind  // of a model with several outputs
	DistKind   // a distribution; never left in a Program
	SignalKind // values over time, for an input of a system
)

// Elem is the element type of a tensor.
type Elem uint8

// Element types. Untyped numbers become real where nothing else is asked for; a Program has
// none. UntypedInt are those written without a decimal point.
const (
	Real Elem = iota
	Time
	F32
	F64
	BF16
	I32
	Bool
	Label
	Untyped
	UntypedInt
)

var elemNames = [...]string{Real: "real", Time: "time", F32: "f32", F64: "f64", BF16: "bf16", I32: "i32", Bool: "bool", Label: "label", Untyped: "number", UntypedInt: "number"}

func (e Elem) String() string { return elemNames[e] }

// Type is the type of an expression. A scalar is a tensor without axes.
type Type struct {
	Kind    Kind
	Elem    Elem
	Shape   []int
	Classes int     // of Label
	System  *System // of ResultKind
	Times   int     // of ResultKind: output times, 0 for the end state
	Paths   int     // of ResultKind: sample paths, 0 for one without an axis
	Parts   []Type  // of TupleKind
	Dims    []Dim   // names of the axes; nil: all sizes are plain. Equal does not look at them
	TimeDim string  // of ResultKind: the dim of the output times
	Unit    *Unit   // as declared; nil: free. Equal does not look at it, and only declarations and constants have one
}

// IsFloat reports whether e is a floating-point type or becomes one.
func (e Elem) IsFloat() bool {
	return e == Real || e == Time || e == F32 || e == F64 || e == BF16 || e.IsUntyped()
}

// IsUntyped reports whether e is that of a number without a type of its own.
func (e Elem) IsUntyped() bool { return e == Untyped || e == UntypedInt }

// Scalar is the type of one element.
func Scalar(e Elem) Type { return Type{Kind: TensorKind, Elem: e} }

// Tensor is the type of an array, row-major.
func Tensor(e Elem, shape ...int) Type { return Type{Kind: TensorKind, Elem: e, Shape: shape} }

// IsScalar reports whether t is a single element.
func (t Type) IsScalar() bool { return t.Kind == TensorKind && len(t.Shape) == 0 }

// IsValid reports whether t is a type at all.
func (t Type) IsValid() bool { return t.Kind != Invalid }

// Equal compares types.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Elem != u.Elem || t.Classes != u.Classes || t.System != u.System ||
		t.Times != u.Times || t.Paths != u.Paths || len(t.Parts) != len(u.Parts) || !ir.SameShape(t.Shape, u.Shape) {
		return false
	}
	for i := range t.Parts {
		if !t.Parts[i].Equal(u.Parts[i]) {
			return false
		}
	}
	return true
}

// IR is t in the IR, where real is the precision of the module.
func (t Type) IR(real ir.Elem) ir.Type {
	if t.Kind == TupleKind {
		parts := make([]ir.Type, len(t.Parts))
		for i, p := range t.Parts {
			parts[i] = p.IR(real)
		}
		return ir.TupleOf(parts...)
	}
	if t.Kind != TensorKind {
		return ir.Type{}
	}
	e := real
	switch t.Elem {
	case Time, F64:
		e = ir.F64
	case F32:
		e = ir.F32
	case BF16:
		e = ir.BF16
	case I32, Label:
		e = ir.I32
	case Bool:
		e = ir.Bool
	}
	return ir.Tensor(e, t.Shape...)
}

// String is the type as a program writes it: "[2, 3]real", "label[10]".
func (t Type) String() string {
	switch t.Kind {
	case Invalid:
		return "invalid"
	case ResultKind:
		return "result of a solve of " + t.System.Name
	case DistKind:
		return "distribution"
	case SignalKind:
		return "signal"
	case TupleKind:
		parts := make([]string, len(t.Parts))
		for i, p := range t.Parts {
			parts[i] = p.String()
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	var b strings.Builder
	if len(t.Shape) > 0 {
		b.WriteString(t.shape())
	}
	b.WriteString(t.Elem.String())
	if t.Elem == Label {
		b.WriteString("[" + strconv.Itoa(t.Classes) + "]")
	}
	return b.String()
}

// ShapeString is "[2, 3]".
func ShapeString(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
