package cudagen

import (
	"math"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// spelling of an element-wise operator: operands are C++ expressions that bind tightly.
type spelling func(a []string) string

// spellings has a row per element-wise primitive; a test names a missing one. Functions are those of the prelude,
// which has one for every precision.
var spellings = map[ir.Op]spelling{
	ir.OpNeg:      prefix("-"),
	ir.OpAbs:      call("ndec_abs"),
	ir.OpSign:     call("ndec_sign"),
	ir.OpSquare:   func(a []string) string { return a[0] + " * " + a[0] },
	ir.OpSqrt:     call("ndec_sqrt"),
	ir.OpRecip:    func(a []string) string { return "1 / " + a[0] },
	ir.OpExp:      call("ndec_exp"),
	ir.OpExpm1:    call("ndec_expm1"),
	ir.OpLog:      call("ndec_log"),
	ir.OpLog1p:    call("ndec_log1p"),
	ir.OpTanh:     call("ndec_tanh"),
	ir.OpSigmoid:  call("ndec_sigmoid"),
	ir.OpSoftplus: call("ndec_softplus"),
	ir.OpErf:      call("ndec_erf"),
	ir.OpSin:      call("ndec_sin"),
	ir.OpCos:      call("ndec_cos"),
	ir.OpTan:      call("ndec_tan"),
	ir.OpAsin:     call("ndec_asin"),
	ir.OpAcos:     call("ndec_acos"),
	ir.OpAtan:     call("ndec_atan"),
	ir.OpSinh:     call("ndec_sinh"),
	ir.OpCosh:     call("ndec_cosh"),
	ir.OpFloor:    call("ndec_floor"),
	ir.OpBfloat:   call("ndec_bfloat"),
	ir.OpHalf:     call("ndec_half"),
	ir.OpBinade:   call("ndec_binade"),
	ir.OpNot:      prefix("!"),
	ir.OpCast:     nil, // by its types: see function.cast
	ir.OpDetach:   func(a []string) string { return a[0] },
	ir.OpAdd:      infix("+"),
	ir.OpSub:      infix("-"),
	ir.OpMul:      infix("*"),
	ir.OpDiv:      infix("/"),
	ir.OpPow:      call("ndec_pow"),
	ir.OpMin:      call("ndec_min"),
	ir.OpMax:      call("ndec_max"),
	ir.OpAtan2:    call("ndec_atan2"),
	ir.OpMod:      call("ndec_mod"),
	ir.OpEq:       infix("=="),
	ir.OpNe:       infix("!="),
	ir.OpLt:       infix("<"),
	ir.OpLe:       infix("<="),
	ir.OpAnd:      infix("&&"),
	ir.OpOr:       infix("||"),
	ir.OpSelect:   func(a []string) string { return a[0] + " ? " + a[1] + " : " + a[2] },
}

func prefix(op string) spelling { return func(a []string) string { return op + a[0] } }

func infix(op string) spelling {
	return func(a []string) string {
		if op == "+" || op == "-" {
			return bare(a[0]) + " " + op + " " + a[1] // sums associate to the left
		}
		return a[0] + " " + op + " " + a[1]
	}
}

// call spells a function of the prelude.
func call(name string) spelling {
	return func(a []string) string {
		args := make([]string, len(a))
		for i, x := range a {
			args[i] = bare(x)
		}
		return name + "(" + strings.Join(args, ", ") + ")"
	}
}

// bare drops parentheses around a whole expression, where the place has its own.
func bare(x string) string {
	if len(x) < 2 || x[0] != '(' || x[len(x)-1] != ')' {
		return x
	}
	depth := 0
	for i := range len(x) {
		switch x[i] {
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

// number spells a constant of element type e so that it has exactly its value.
func number(x float64, e ir.Elem) string {
	switch e {
	case ir.I32:
		if x == math.MinInt32 {
			return "(-2147483647 - 1)"
		}
		if x < 0 {
			return "(" + strconv.FormatInt(int64(x), 10) + ")"
		}
		return strconv.FormatInt(int64(x), 10)
	case ir.Bool:
		return strconv.FormatBool(x != 0)
	}
	suffix, bits, kind := "", 64, "64"
	if e == ir.F32 {
		suffix, bits, kind = "f", 32, "32"
		x = float64(float32(x))
	}
	switch {
	case math.IsInf(x, 1):
		return "ndec_inf" + kind + "()"
	case math.IsInf(x, -1):
		return "(-ndec_inf" + kind + "())"
	case math.IsNaN(x):
		return "ndec_nan" + kind + "()"
	}
	s := strconv.FormatFloat(x, 'g', -1, bits)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	s += suffix
	if math.Signbit(x) {
		return "(" + s + ")"
	}
	return s
}
