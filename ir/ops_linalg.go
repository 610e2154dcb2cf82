package ir

import (
	"errors"
	"fmt"
	"math"
)

func init() {
	register(
		product(OpMatVec, "matvec", "y_i = Σ_k A_ik x_k", "matrix times vector", 2, 1,
			func(b *Builder, v *Value, i int, g *Value) *Value {
				if i == 0 {
					return b.Outer(g, v.Args[1])
				}
				return b.VecMat(g, v.Args[0])
			}),
		product(OpVecMat, "vecmat", "y_j = Σ_k x_k A_kj", "vector times matrix", 1, 2,
			func(b *Builder, v *Value, i int, g *Value) *Value {
				if i == 0 {
					return b.MatVec(v.Args[1], g)
				}
				return b.Outer(v.Args[0], g)
			}),
		product(OpMatMul, "matmul", "C_ij = Σ_k A_ik B_kj", "matrix product", 2, 2,
			func(b *Builder, v *Value, i int, g *Value) *Value {
				if i == 0 {
					return b.MatMul(g, b.Transpose(v.Args[1]))
				}
				return b.MatMul(b.Transpose(v.Args[0]), g)
			}),
		Info{Op: OpOuter, Name: "outer", Arity: 2, Class: ClassLinalg, Linear: true, Formula: "A_ij = x_i y_j", Doc: "outer product",
			Shape: func(a []Type, _ *Attr) (Type, error) {
				if err := floats(a, 1, 1); err != nil {
					return Type{}, err
				}
				return Tensor(a[0].Elem, a[0].Shape[0], a[1].Shape[0]), nil
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				n := len(a[1].Data)
				for i, x := range a[0].Data {
					for j, y := range a[1].Data {
						out[i*n+j] = x * y
					}
				}
			},
			Transpose: func(b *Builder, v *Value, i int, g *Value) *Value {
				if i == 0 {
					return b.MatVec(g, v.Args[1])
				}
				return b.VecMat(v.Args[0], g)
			}},
		Info{Op: OpLinSolve, Name: "linsolve", Arity: 2, Class: ClassLinalg, Formula: "A x = b", Doc: "solution of a small linear system",
			Shape: func(a []Type, _ *Attr) (Type, error) {
				if err := floats(a, 2, 1); err != nil {
					return Type{}, err
				}
				if a[0].Shape[0] != a[0].Shape[1] || a[0].Shape[1] != a[1].Shape[0] {
					return Type{}, fmt.Errorf("wants [n,n] and [n], not %s and %s", a[0], a[1])
				}
				return a[1], nil
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				n := len(out)
				copy(out, a[1].Data)
				lu := append([]float64(nil), a[0].Data...)
				factor(n, lu, out, 1)
			},
			// A x = b: dx = A⁻¹(db - dA x); b_bar = A⁻ᵀ g, A_bar = -b_bar xᵀ.
			JVP: func(b *Builder, v *Value, dx []*Value) *Value {
				var r *Value
				if dx[1] != nil {
					r = dx[1]
				}
				if dx[0] != nil {
					p := b.MatVec(dx[0], v)
					if r == nil {
						r = b.Neg(p)
					} else {
						r = b.Sub(r, p)
					}
				}
				return b.Emit(OpLinSolve, Attr{}, v.Args[0], r)
			},
			VJP: func(b *Builder, v *Value, i int, g *Value) *Value {
				bb := b.Emit(OpLinSolve, Attr{}, b.Transpose(v.Args[0]), g)
				if i == 1 {
					return bb
				}
				return b.Neg(b.Outer(bb, v))
			}},
		Info{Op: OpInv, Name: "inv", Arity: 1, Class: ClassLinalg, Formula: "A⁻¹", Doc: "inverse of a small matrix", Shape: square,
			Eval: func(a []Datum, _ *Attr, out []float64) {
				n := a[0].Type.Shape[0]
				for i := range out {
					out[i] = indicator(i/n == i%n)
				}
				factor(n, append([]float64(nil), a[0].Data...), out, n)
			},
			JVP: func(b *Builder, v *Value, dx []*Value) *Value { return b.Neg(b.MatMul(v, b.MatMul(dx[0], v))) },
			VJP: func(b *Builder, v *Value, _ int, g *Value) *Value {
				t := b.Transpose(v)
				return b.Neg(b.MatMul(t, b.MatMul(g, t)))
			}},
		Info{Op: OpLogDet, Name: "logdet", Arity: 1, Class: ClassLinalg, Formula: "ln |det A|", Doc: "logarithm of the absolute determinant",
			Shape: func(a []Type, at *Attr) (Type, error) {
				t, err := square(a, at)
				return Scalar(t.Elem), err
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				out[0] = factor(a[0].Type.Shape[0], append([]float64(nil), a[0].Data...), nil, 0)
			},
			JVP: func(b *Builder, v *Value, dx []*Value) *Value {
				return b.Sum(b.Mul(b.Transpose(b.Emit(OpInv, Attr{}, v.Args[0])), dx[0]))
			},
			VJP: func(b *Builder, v *Value, _ int, g *Value) *Value {
				return b.Mul(g, b.Transpose(b.Emit(OpInv, Attr{}, v.Args[0])))
			}},
	)
}

func floats(a []Type, ranks ...int) error {
	if err := sameElem(a); err != nil {
		return err
	}
	if !a[0].Elem.IsFloat() {
		return errors.New("wants real numbers")
	}
	for i, r := range ranks {
		if a[i].Rank() != r {
			return fmt.Errorf("operand %d has shape %s and not %d axes", i, a[i], r)
		}
	}
	return nil
}

func square(a []Type, _ *Attr) (Type, error) {
	if err := floats(a, 2); err != nil {
		return Type{}, err
	}
	if a[0].Shape[0] != a[0].Shape[1] {
		return Type{}, fmt.Errorf("wants a square matrix, not %s", a[0])
	}
	return a[0], nil
}

// product is the row of a contraction of the last axis of one operand with the first of the other.
func product(op Op, name, formula, doc string, r0, r1 int, transpose func(b *Builder, v *Value, i int, g *Value) *Value) Info {
	return Info{Op: op, Name: name, Arity: 2, Class: ClassLinalg, Linear: true, Formula: formula, Doc: doc, Transpose: transpose,
		Shape: func(a []Type, _ *Attr) (Type, error) {
			if err := floats(a, r0, r1); err != nil {
				return Type{}, err
			}
			if a[0].Shape[r0-1] != a[1].Shape[0] {
				return Type{}, fmt.Errorf("%s and %s do not fit", a[0], a[1])
			}
			return Tensor(a[0].Elem, append(append([]int(nil), a[0].Shape[:r0-1]...), a[1].Shape[1:]...)...), nil
		},
		Eval: func(a []Datum, _ *Attr, out []float64) {
			k := a[1].Type.Shape[0]
			n := a[1].Type.Len() / k
			for i := range out {
				s := 0.0
				for j := 0; j < k; j++ {
					s += a[0].Data[i/n*k+j] * a[1].Data[j*n+i%n]
				}
				out[i] = s
			}
		}}
}

// factor solves A X = B in place (B is n x m) by elimination with partial pivoting, and gives ln |det A|.
// A singular matrix has ln 0 = -∞, and X is NaN: there is no solution, or no single one.
func factor(n int, a, b []float64, m int) (logdet float64) {
	for c := 0; c < n; c++ {
		p := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r*n+c]) > math.Abs(a[p*n+c]) {
				p = r
			}
		}
		if p != c {
			for j := 0; j < n; j++ {
				a[c*n+j], a[p*n+j] = a[p*n+j], a[c*n+j]
			}
			for j := 0; j < m; j++ {
				b[c*m+j], b[p*m+j] = b[p*m+j], b[c*m+j]
			}
		}
		if a[c*n+c] == 0 {
			for i := range b {
				b[i] = math.NaN()
			}
			return math.Inf(-1)
		}
		logdet += math.Log(math.Abs(a[c*n+c]))
		for r := c + 1; r < n; r++ {
			f := a[r*n+c] / a[c*n+c]
			for j := c; j < n; j++ {
				a[r*n+j] -= f * a[c*n+j]
			}
			for j := 0; j < m; j++ {
				b[r*m+j] -= f * b[c*m+j]
			}
		}
	}
	for c := n - 1; c >= 0; c-- {
		for j := 0; j < m; j++ {
			s := b[c*m+j]
			for k := c + 1; k < n; k++ {
				s -= a[c*n+k] * b[k*m+j]
			}
			b[c*m+j] = s / a[c*n+c]
		}
	}
	return logdet
}
