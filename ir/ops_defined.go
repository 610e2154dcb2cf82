package ir

import (
	"fmt"
	"math"
)

// Defined operators have a body. Formulas and constants are PyTorch's.

func init() {
	register(
		activation(OpRelu, "relu", "max(x, 0)", func(b *Builder, x *Value, _ *Attr) *Value {
			// By select, so that the derivative at 0 is 0 as in PyTorch, and a NaN stays one.
			return b.Select(b.Binary(OpLe, x, b.lit(x, 0)), b.lit(x, 0), x)
		}),
		activation(OpSilu, "silu", "x σ(x)", func(b *Builder, x *Value, _ *Attr) *Value { return b.Mul(x, b.Unary(OpSigmoid, x)) }),
		activation(OpGelu, "gelu", "x Φ(x)", func(b *Builder, x *Value, _ *Attr) *Value {
			phi := b.Add(b.lit(x, 1), b.Unary(OpErf, b.Mul(x, b.lit(x, math.Sqrt2/2))))
			return b.Mul(b.Mul(b.lit(x, 0.5), x), phi)
		}),
		activation(OpGeluTanh, "gelu_tanh", "x/2 (1 + tanh(√(2/π)(x + 0.044715 x³)))", func(b *Builder, x *Value, _ *Attr) *Value {
			cube := b.Mul(b.Unary(OpSquare, x), x)
			u := b.Mul(b.lit(x, math.Sqrt(2/math.Pi)), b.Add(x, b.Mul(b.lit(x, 0.044715), cube)))
			return b.Mul(b.Mul(b.lit(x, 0.5), x), b.Add(b.lit(x, 1), b.Unary(OpTanh, u)))
		}),
		activation(OpElu, "elu", "x if x > 0, else e^x - 1", func(b *Builder, x *Value, _ *Attr) *Value {
			return b.Select(b.positive(x), x, b.Unary(OpExpm1, b.Binary(OpMin, x, b.lit(x, 0))))
		}),
		activation(OpSelu, "selu", "λ (x if x > 0, else α (e^x - 1))", func(b *Builder, x *Value, _ *Attr) *Value {
			const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
			neg := b.Mul(b.lit(x, alpha), b.Unary(OpExpm1, b.Binary(OpMin, x, b.lit(x, 0))))
			return b.Mul(b.lit(x, scale), b.Select(b.positive(x), x, neg))
		}),
		activation(OpLeakyRelu, "leaky_relu", "x if x > 0, else s x", func(b *Builder, x *Value, at *Attr) *Value {
			return b.Select(b.positive(x), x, b.Mul(b.lit(x, at.Num), x))
		}),
		activation(OpHardtanh, "hardtanh", "min(max(x, -1), 1)", func(b *Builder, x *Value, _ *Attr) *Value {
			lo, hi := b.lit(x, -1), b.lit(x, 1) // the derivative at ±1 is 0, unlike clamp's
			x = b.Select(b.Binary(OpLe, x, lo), lo, x)
			return b.Select(b.Binary(OpLe, hi, x), hi, x)
		}),
		activation(OpSoftsign, "softsign", "x / (1 + |x|)", func(b *Builder, x *Value, _ *Attr) *Value {
			return b.Div(x, b.Add(b.lit(x, 1), b.Unary(OpAbs, x)))
		}),
		activation(OpMish, "mish", "x tanh(ln(1 + e^x))", func(b *Builder, x *Value, _ *Attr) *Value {
			return b.Mul(x, b.Unary(OpTanh, b.Unary(OpSoftplus, x)))
		}),
		activation(OpSnake, "snake", "x + sin²x", func(b *Builder, x *Value, _ *Attr) *Value {
			return b.Add(x, b.Unary(OpSquare, b.Unary(OpSin, x)))
		}),
		activation(OpWrap, "wrap", "x mod 2π in [-π, π)", func(b *Builder, x *Value, _ *Attr) *Value {
			pi, turn := b.lit(x, math.Pi), b.lit(x, 2*math.Pi)
			r := b.Sub(b.Binary(OpMod, b.Add(x, pi), turn), pi)
			return b.Select(b.Binary(OpLe, pi, r), b.Sub(r, turn), r) // the remainder may round to 2π
		}),
		defined(OpClamp, "clamp", "min(max(x, lo), hi)", "x held between two bounds; the derivative outside is 0", 3,
			func(a []Type, _ *Attr) (Type, error) {
				if err := sameElem(a); err != nil {
					return Type{}, err
				}
				return broadcast(a[0].Elem, a)
			},
			func(b *Builder, a []*Value, _ *Attr) *Value { return b.within(a[0], a[1], a[2]) }),
		defined(OpMean, "mean", "Σ x / n", "mean over axes", 1,
			func(a []Type, at *Attr) (Type, error) {
				if _, err := toScalar(a, at); err != nil {
					return Type{}, err
				}
				return OpSum.Info().Shape(a, at)
			},
			func(b *Builder, a []*Value, at *Attr) *Value {
				s := b.Sum(a[0], at.Ints...)
				return b.Mul(s, b.lit(s, float64(s.Type.Len())/float64(a[0].Type.Len())))
			}),
		defined(OpDot, "dot", "Σ x_i y_i", "sum of products", 2, pairwise, func(b *Builder, a []*Value, _ *Attr) *Value { return b.Sum(b.Mul(a[0], a[1])) }),
		defined(OpSqNorm, "sqnorm", "Σ x_i²", "squared Euclidean norm", 1, toScalar, func(b *Builder, a []*Value, _ *Attr) *Value {
			return b.Sum(b.Unary(OpSquare, a[0]))
		}),
		defined(OpNorm, "norm", "√Σ x_i²", "Euclidean norm; the derivative at 0 is 0", 1, toScalar, func(b *Builder, a []*Value, _ *Attr) *Value {
			s := b.Sum(b.Unary(OpSquare, a[0]))
			zero := b.Binary(OpLe, s, b.lit(s, 0)) // where √ has no slope
			return b.Select(zero, s, b.Unary(OpSqrt, b.Select(zero, b.lit(s, 1), s)))
		}),
		defined(OpCross, "cross", "x × y", "cross product of two vectors of length 3", 2,
			func(a []Type, _ *Attr) (Type, error) {
				if !a[0].Equal(a[1]) || !SameShape(a[0].Shape, []int{3}) {
					return Type{}, fmt.Errorf("wants two vectors of length 3, not %s and %s", a[0], a[1])
				}
				return a[0], nil
			},
			func(b *Builder, a []*Value, _ *Attr) *Value {
				turn := func(x *Value, k int) *Value { // x_{i+k}
					return b.Concat(0, b.Slice(x, k, 3), b.Slice(x, 0, k))
				}
				return b.Sub(b.Mul(turn(a[0], 1), turn(a[1], 2)), b.Mul(turn(a[0], 2), turn(a[1], 1)))
			}),
		vector(OpSoftmax, "softmax", "e^x_i / Σ e^x_j", "normalised exponentials", func(b *Builder, x *Value) *Value {
			e := b.Unary(OpExp, b.Sub(x, b.top(x)))
			return b.Div(e, b.Sum(e))
		}),
		vector(OpLogSoftmax, "log_softmax", "x_i - ln Σ e^x_j", "logarithm of softmax", func(b *Builder, x *Value) *Value {
			return b.Sub(x, b.logSumExp(x))
		}),
		defined(OpLogSumExp, "logsumexp", "ln Σ e^x_i", "logarithm of the sum of exponentials", 1, toScalar,
			func(b *Builder, a []*Value, _ *Attr) *Value { return b.logSumExp(a[0]) }),
		defined(OpCrossEntropy, "cross_entropy", "ln Σ e^z_k - z_y", "negative log-likelihood of class y under softmax(z)", 2, scores,
			func(b *Builder, a []*Value, _ *Attr) *Value {
				z := a[0]
				hit := b.Emit(OpOneHot, Attr{Index: z.Type.Len(), Elem: z.Type.Elem}, a[1])
				return b.Sub(b.logSumExp(z), b.Sum(b.Mul(hit, z)))
			}),
		defined(OpAccuracy, "accuracy", "1 if arg max z = y, else 0", "whether the largest score, the first among equals, is that of class y", 2, scores,
			func(b *Builder, a []*Value, _ *Attr) *Value {
				return b.Cast(b.Binary(OpEq, b.Emit(OpArgmax, Attr{}, a[0]), a[1]), a[0].Type.Elem)
			}),
		defined(OpMSE, "mse", "Σ (x_i - y_i)² / n", "mean squared error", 2, pairwise, func(b *Builder, a []*Value, _ *Attr) *Value {
			return b.average(b.Unary(OpSquare, b.Sub(a[0], a[1])))
		}),
		defined(OpL1, "l1", "Σ |x_i - y_i| / n", "mean absolute error", 2, pairwise, func(b *Builder, a []*Value, _ *Attr) *Value {
			return b.average(b.Unary(OpAbs, b.Sub(a[0], a[1])))
		}),
		defined(OpHuber, "huber", "mean of d²/2 if |d| < 1, else |d| - 1/2", "Huber loss with threshold 1", 2, pairwise,
			func(b *Builder, a []*Value, _ *Attr) *Value {
				d := b.Sub(a[0], a[1])
				m := b.Unary(OpAbs, d)
				half := b.lit(d, 0.5)
				return b.average(b.Select(b.Binary(OpLt, m, b.lit(d, 1)), b.Mul(half, b.Unary(OpSquare, d)), b.Sub(m, half)))
			}),
	)
}

func (b *Builder) positive(x *Value) *Value { return b.Binary(OpLt, b.lit(x, 0), x) }

// within holds x between lo and hi; a NaN stays one, and the derivative outside is 0.
func (b *Builder) within(x, lo, hi *Value) *Value {
	x = b.Select(b.Binary(OpLt, x, lo), lo, x)
	return b.Select(b.Binary(OpLt, hi, x), hi, x)
}

func (b *Builder) average(x *Value) *Value {
	if x.Type.IsScalar() {
		return x
	}
	return b.Mul(b.Sum(x), b.lit(x, 1/float64(x.Type.Len())))
}

// top is the largest element, as a constant for differentiation: it cancels.
func (b *Builder) top(x *Value) *Value {
	return b.Unary(OpDetach, b.Emit(OpReduceMax, Attr{}, x))
}

func (b *Builder) logSumExp(x *Value) *Value {
	m := b.top(x)
	return b.Add(m, b.Unary(OpLog, b.Sum(b.Unary(OpExp, b.Sub(x, m)))))
}

func defined(op Op, name, formula, doc string, arity int, shape func([]Type, *Attr) (Type, error), body func(b *Builder, a []*Value, at *Attr) *Value) Info {
	return Info{Op: op, Name: name, Arity: arity, Class: ClassDefined, Formula: formula, Doc: doc, Shape: shape, Define: body}
}

func activation(op Op, name, formula string, body func(b *Builder, x *Value, at *Attr) *Value) Info {
	return defined(op, name, formula, "activation "+name, 1,
		func(a []Type, _ *Attr) (Type, error) {
			if !a[0].Elem.IsFloat() {
				return Type{}, fmt.Errorf("wants real numbers, not %s", a[0])
			}
			return a[0], nil
		},
		func(b *Builder, a []*Value, at *Attr) *Value { return body(b, a[0], at) })
}

func vector(op Op, name, formula, doc string, body func(b *Builder, x *Value) *Value) Info {
	return defined(op, name, formula, doc, 1,
		func(a []Type, _ *Attr) (Type, error) {
			if a[0].Rank() != 1 || !a[0].Elem.IsFloat() {
				return Type{}, fmt.Errorf("wants a vector, not %s", a[0])
			}
			return a[0], nil
		},
		func(b *Builder, a []*Value, _ *Attr) *Value { return body(b, a[0]) })
}

func toScalar(a []Type, _ *Attr) (Type, error) {
	if !a[0].Elem.IsFloat() {
		return Type{}, fmt.Errorf("wants real numbers, not %s", a[0])
	}
	return Scalar(a[0].Elem), nil
}

func pairwise(a []Type, _ *Attr) (Type, error) {
	if !a[0].Equal(a[1]) || !a[0].Elem.IsFloat() {
		return Type{}, fmt.Errorf("wants two values of one shape, not %s and %s", a[0], a[1])
	}
	return Scalar(a[0].Elem), nil
}

// scores is the type of a number made from the scores of classes and the true class.
func scores(a []Type, _ *Attr) (Type, error) {
	if a[0].Rank() != 1 || !a[0].Elem.IsFloat() || !a[1].Equal(Scalar(I32)) {
		return Type{}, fmt.Errorf("wants scores and a class, not %s and %s", a[0], a[1])
	}
	return Scalar(a[0].Elem), nil
}
