package codegen

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// spelling of an element-wise operator: operands are Go expressions that bind tightly.
type spelling func(a []string, e ir.Elem, at *ir.Attr) string

// product marks operators whose result must be rounded explicitly before it is added: Go may fuse
// x*y+z on some platforms, and results must not depend on the platform.
var product = map[ir.Op]bool{ir.OpMul: true, ir.OpSquare: true}

// spellings has a row per element-wise primitive; a test names a missing one.
var spellings = map[ir.Op]spelling{
	ir.OpNeg:      prefix("-"),
	ir.OpAbs:      call("Abs"),
	ir.OpSign:     call("Sign"),
	ir.OpSquare:   func(a []string, _ ir.Elem, _ *ir.Attr) string { return a[0] + " * " + a[0] },
	ir.OpSqrt:     call("Sqrt"),
	ir.OpRecip:    func(a []string, _ ir.Elem, _ *ir.Attr) string { return "1 / " + a[0] },
	ir.OpExp:      call("Exp"),
	ir.OpExpm1:    call("Expm1"),
	ir.OpLog:      call("Log"),
	ir.OpLog1p:    call("Log1p"),
	ir.OpTanh:     call("Tanh"),
	ir.OpSigmoid:  call("Sigmoid"),
	ir.OpSoftplus: call("Softplus"),
	ir.OpErf:      call("Erf"),
	ir.OpSin:      call("Sin"),
	ir.OpCos:      call("Cos"),
	ir.OpTan:      call("Tan"),
	ir.OpAsin:     call("Asin"),
	ir.OpAcos:     call("Acos"),
	ir.OpAtan:     call("Atan"),
	ir.OpSinh:     call("Sinh"),
	ir.OpCosh:     call("Cosh"),
	ir.OpFloor:    call("Floor"),
	ir.OpBfloat:   call("Bfloat"),
	ir.OpHalf:     call("Half"),
	ir.OpBinade:   call("Binade"),
	ir.OpNot:      prefix("!"),
	ir.OpCast:     spellCast,
	ir.OpDetach:   func(a []string, _ ir.Elem, _ *ir.Attr) string { return a[0] },
	ir.OpAdd:      infix("+"),
	ir.OpSub:      infix("-"),
	ir.OpMul:      infix("*"),
	ir.OpDiv:      infix("/"),
	ir.OpPow:      call("Power"), // Pow where the exponent is a constant fraction
	ir.OpMin:      builtin("min"),
	ir.OpMax:      builtin("max"),
	ir.OpAtan2:    call("Atan2"),
	ir.OpMod:      call("Mod"),
	ir.OpEq:       infix("=="),
	ir.OpNe:       infix("!="),
	ir.OpLt:       infix("<"),
	ir.OpLe:       infix("<="),
	ir.OpAnd:      infix("&&"),
	ir.OpOr:       infix("||"),
	ir.OpSelect:   nil, // a statement: see function.elem
}

func prefix(op string) spelling {
	return func(a []string, _ ir.Elem, _ *ir.Attr) string { return op + a[0] }
}

func infix(op string) spelling {
	return func(a []string, _ ir.Elem, _ *ir.Attr) string {
		if op == "+" || op == "-" {
			return bare(a[0]) + " " + op + " " + a[1] // sums associate to the left
		}
		return a[0] + " " + op + " " + a[1]
	}
}

func builtin(name string) spelling {
	return func(a []string, _ ir.Elem, _ *ir.Attr) string {
		return name + "(" + bare(a[0]) + ", " + bare(a[1]) + ")"
	}
}

// call spells a function of rt, which has one for each precision, and for integers where they have it.
func call(name string) spelling {
	return func(a []string, e ir.Elem, _ *ir.Attr) string {
		s := "rt." + name + bits(e) + "(" + bare(a[0])
		for _, x := range a[1:] {
			s += ", " + bare(x)
		}
		return s + ")"
	}
}

// bare drops parentheses around a whole expression, where the place has its own.
func bare(x string) string {
	if len(x) < 2 || x[0] != '(' || x[len(x)-1] != ')' {
		return x
	}
	depth := 0
	for i, r := range x {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(x)-1 {
			return x
		}
	}
	return x[1 : len(x)-1]
}

func bits(e ir.Elem) string {
	switch e {
	case ir.F64:
		return "64"
	case ir.I32:
		return "Int"
	}
	return "32"
}

func spellCast(a []string, _ ir.Elem, at *ir.Attr) string {
	return goElem(at.Elem) + "(" + bare(a[0]) + ")"
}

// goElem is the Go type of an element.
func goElem(e ir.Elem) string {
	switch e {
	case ir.F64:
		return "float64"
	case ir.I32:
		return "int32"
	case ir.Bool:
		return "bool"
	}
	return "float32"
}

// number spells a constant of element type e so that it has exactly its value.
func number(x float64, e ir.Elem) string {
	switch e {
	case ir.I32:
		return strconv.FormatInt(int64(x), 10)
	case ir.Bool:
		return strconv.FormatBool(x != 0)
	}
	if e == ir.F32 {
		x = float64(float32(x)) // infinite where a float32 ends
	}
	switch {
	case math.IsInf(x, 1):
		return fmt.Sprintf("%s(math.Inf(1))", goElem(e))
	case math.IsInf(x, -1):
		return fmt.Sprintf("%s(math.Inf(-1))", goElem(e))
	case math.IsNaN(x):
		return fmt.Sprintf("%s(math.NaN())", goElem(e))
	}
	size := 64
	if e == ir.F32 {
		size = 32
	}
	s := strconv.FormatFloat(x, 'g', -1, size)
	if !strings.ContainsAny(s, ".e") {
		s += ".0" // never an integer constant, whose division would truncate
	}
	if x < 0 || (x == 0 && math.Signbit(x)) {
		if x == 0 {
			return "0.0" // Go constants have no negative zero
		}
		return "(" + s + ")"
	}
	return s
}
