package ir

import (
	"fmt"
	"math"
)

// Element-wise operators: the result has the common shape of the operands, scalars fitting all.

func init() {
	register(
		anyNumber(unary(OpNeg, "neg", "-x", "negation", func(x float64) float64 { return -x },
			func(b *Builder, v *Value) *Value { return b.lit(v, -1) })),
		anyNumber(unary(OpAbs, "abs", "|x|", "absolute value; the derivative at 0 is 0", math.Abs,
			func(b *Builder, v *Value) *Value { return b.Unary(OpSign, v.Args[0]) })),
		anyNumber(unary(OpSign, "sign", "-1, 0 or 1", "sign; the derivative is 0", sign, nil)),
		anyNumber(unary(OpSquare, "square", "x^2", "square", func(x float64) float64 { return x * x },
			func(b *Builder, v *Value) *Value { return b.Mul(b.lit(v, 2), v.Args[0]) })),
		unary(OpSqrt, "sqrt", "√x", "square root", math.Sqrt,
			func(b *Builder, v *Value) *Value { return b.Div(b.lit(v, 0.5), v) }),
		unary(OpRecip, "recip", "1/x", "reciprocal", func(x float64) float64 { return 1 / x },
			func(b *Builder, v *Value) *Value { return b.Neg(b.Unary(OpSquare, v)) }),
		unary(OpExp, "exp", "e^x", "exponential", math.Exp, func(b *Builder, v *Value) *Value { return v }),
		unary(OpExpm1, "expm1", "e^x - 1", "exponential minus one, accurate near 0", math.Expm1,
			func(b *Builder, v *Value) *Value { return b.Add(v, b.lit(v, 1)) }),
		unary(OpLog, "log", "ln x", "natural logarithm", math.Log, func(b *Builder, v *Value) *Value { return b.Unary(OpRecip, v.Args[0]) }),
		unary(OpLog1p, "log1p", "ln(1+x)", "logarithm of one plus x, accurate near 0", math.Log1p,
			func(b *Builder, v *Value) *Value { return b.Unary(OpRecip, b.Add(b.lit(v, 1), v.Args[0])) }),
		unary(OpTanh, "tanh", "(e^x - e^-x)/(e^x + e^-x)", "hyperbolic tangent", math.Tanh,
			func(b *Builder, v *Value) *Value { return b.Sub(b.lit(v, 1), b.Unary(OpSquare, v)) }),
		unary(OpSigmoid, "sigmoid", "1/(1+e^-x)", "logistic function", sigmoid,
			func(b *Builder, v *Value) *Value { return b.Mul(v, b.Sub(b.lit(v, 1), v)) }),
		unary(OpSoftplus, "softplus", "ln(1+e^x)", "smooth rectifier", softplus,
			func(b *Builder, v *Value) *Value { return b.Unary(OpSigmoid, v.Args[0]) }),
		unary(OpErf, "erf", "2/√π ∫₀ˣ e^-s² ds", "error function", math.Erf,
			func(b *Builder, v *Value) *Value {
				return b.Mul(b.lit(v, 2/math.Sqrt(math.Pi)), b.Unary(OpExp, b.Neg(b.Unary(OpSquare, v.Args[0]))))
			}),
		unary(OpSin, "sin", "sin x", "sine", math.Sin, func(b *Builder, v *Value) *Value { return b.Unary(OpCos, v.Args[0]) }),
		unary(OpCos, "cos", "cos x", "cosine", math.Cos, func(b *Builder, v *Value) *Value { return b.Neg(b.Unary(OpSin, v.Args[0])) }),
		unary(OpTan, "tan", "tan x", "tangent", math.Tan, func(b *Builder, v *Value) *Value { return b.Add(b.lit(v, 1), b.Unary(OpSquare, v)) }),
		unary(OpAsin, "asin", "arcsin x", "inverse sine", math.Asin, func(b *Builder, v *Value) *Value {
			return b.Unary(OpRecip, b.Unary(OpSqrt, b.Sub(b.lit(v, 1), b.Unary(OpSquare, v.Args[0]))))
		}),
		unary(OpAcos, "acos", "arccos x", "inverse cosine", math.Acos, func(b *Builder, v *Value) *Value {
			return b.Neg(b.Unary(OpRecip, b.Unary(OpSqrt, b.Sub(b.lit(v, 1), b.Unary(OpSquare, v.Args[0])))))
		}),
		unary(OpAtan, "atan", "arctan x", "inverse tangent", math.Atan, func(b *Builder, v *Value) *Value {
			return b.Unary(OpRecip, b.Add(b.lit(v, 1), b.Unary(OpSquare, v.Args[0])))
		}),
		unary(OpSinh, "sinh", "(e^x - e^-x)/2", "hyperbolic sine", math.Sinh, func(b *Builder, v *Value) *Value { return b.Unary(OpCosh, v.Args[0]) }),
		unary(OpCosh, "cosh", "(e^x + e^-x)/2", "hyperbolic cosine", math.Cosh, func(b *Builder, v *Value) *Value { return b.Unary(OpSinh, v.Args[0]) }),
		unary(OpFloor, "floor", "⌊x⌋", "largest integer not above x; the derivative is 0", math.Floor, nil),
		unary(OpBfloat, "bf16", "x to 8 significant bits", "nearest number with 8 significant bits, even ones for ties: bfloat16, with the range of the element type; the derivative is 0", bfloat, nil),
		unary(OpHalf, "f16", "x to a float16", "nearest float16, even ones for ties: 11 significant bits, multiples of 2^-24, infinite from 65520 on; the derivative is 0", half, nil),
		unary(OpBinade, "binade", "2^⌊log₂ |x|⌋", "largest power of two up to |x|, at least 2^-126 and at most 2^126; 1 for smaller numbers and infinite ones; the derivative is 0", binade, nil),
		unary(OpDetach, "detach", "x", "x with no derivative", func(x float64) float64 { return x }, nil),
	)
}

func (b *Builder) lit(like *Value, x float64) *Value { return b.Const(x, like.Type.Elem) }
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// bfloat keeps 8 of the 53 significant bits.
func bfloat(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	b := math.Float64bits(x)
	return math.Float64frombits((b + 1<<44 - 1 + b>>45&1) &^ (1<<45 - 1))
}

// half is the nearest float16.
func half(x float64) float64 {
	const least = 0x1.8p28 // its last bit is 2^-24
	switch y := math.Abs(x); {
	case math.IsNaN(x):
		return x
	case y >= 65520:
		return math.Copysign(math.Inf(1), x)
	case y < 0x1p-14:
		return math.Copysign(y+least-least, x)
	}
	b := math.Float64bits(x)
	return math.Float64frombits((b + 1<<41 - 1 + b>>42&1) &^ (1<<42 - 1))
}

// binade is the largest power of two up to |x| that float32 can divide by.
func binade(x float64) float64 {
	y := math.Abs(x)
	switch {
	case y != y:
		return x
	case y < 0x1p-126 || math.IsInf(y, 1):
		return 1
	}
	_, e := math.Frexp(y)
	return math.Ldexp(1, min(e-1, 126))
}
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func unary(op Op, name, formula, doc string, f func(float64) float64, d func(b *Builder, v *Value) *Value) Info {
	r := Info{Op: op, Name: name, Arity: 1, Class: ClassElem, Doc: doc, Formula: formula,
		Shape: func(a []Type, _ *Attr) (Type, error) {
			if !a[0].Elem.IsFloat() {
				return Type{}, fmt.Errorf("wants real numbers, not %s", a[0])
			}
			return a[0], nil
		},
		Eval: func(a []Datum, _ *Attr, out []float64) {
			for i := range out {
				out[i] = f(a[0].Data[i])
			}
		}}
	if d != nil {
		r.Partial = func(b *Builder, v *Value, _ int) *Value { return d(b, v) }
	}
	return r
}

// anyNumber lets a row of one operand take integers too, as sums and products do.
func anyNumber(r Info) Info {
	reals := r.Shape
	r.Shape = func(a []Type, at *Attr) (Type, error) {
		if a[0].Elem == I32 {
			return a[0], nil
		}
		return reals(a, at)
	}
	return r
}
