package ir

import (
	"errors"
	"fmt"
)

// Leaves, derivatives and structured nodes have a shape rule only: their meaning is not local.

func init() {
	register(
		Info{Op: OpArg, Name: "arg", Class: ClassLeaf, Doc: "argument of the function", Formula: "x", Shape: noShape},
		Info{Op: OpConst, Name: "const", Class: ClassLeaf, Doc: "constant", Formula: "c", Shape: noShape},
		Info{Op: OpParam, Name: "param", Class: ClassLeaf, Doc: "parameter of the module", Formula: "θ", Shape: noShape},

		deriv(OpGrad, "grad", "∂E/∂x", "gradient of a scalar", 2, func(a []Type) (Type, error) {
			if !a[0].IsScalar() {
				return Type{}, fmt.Errorf("wants a scalar, not %s", a[0])
			}
			return a[1], nil
		}),
		deriv(OpJac, "jac", "∂v_i/∂x_j", "Jacobian", 2, func(a []Type) (Type, error) {
			return Tensor(a[0].Elem, join(a[0].Shape, a[1].Shape)...), nil
		}),
		deriv(OpJacOrZero, "jac_or_zero", "∂v_i/∂x_j", "Jacobian, which may vanish", 2, func(a []Type) (Type, error) {
			return Tensor(a[0].Elem, join(a[0].Shape, a[1].Shape)...), nil
		}),
		deriv(OpDivg, "divg", "Σ_i ∂v_i/∂x_i", "divergence: trace of the Jacobian", 2, func(a []Type) (Type, error) {
			if !SameShape(a[0].Shape, a[1].Shape) {
				return Type{}, fmt.Errorf("wants two values of one shape, not %s and %s", a[0], a[1])
			}
			return Scalar(a[0].Elem), nil
		}),
		deriv(OpHutchinson, "hutchinson", "1/m Σ_s z_s·(∂v/∂x) z_s", "trace of the Jacobian by m directions", 3, directed),
		deriv(OpHutchPP, "hutchpp", "tr QᵀJQ + 1/k Σ_s g_s·(1-QQᵀ)J(1-QQᵀ) g_s", "trace of the Jacobian by a sketch and probes", 3, func(a []Type) (Type, error) {
			t, err := directed(a)
			if err == nil && a[2].Shape[0]%2 != 0 {
				err = fmt.Errorf("wants as many probes as directions of the sketch, not %d together", a[2].Shape[0])
			}
			return t, err
		}),
		deriv(OpHess, "hess", "∂²E/∂x_i∂x_j", "Hessian of a scalar", 2, func(a []Type) (Type, error) {
			if !a[0].IsScalar() {
				return Type{}, fmt.Errorf("wants a scalar, not %s", a[0])
			}
			return Tensor(a[0].Elem, join(a[1].Shape, a[1].Shape)...), nil
		}),
		deriv(OpJVP, "jvp", "Σ_j ∂v/∂x_j dx_j", "directional derivative", 3, func(a []Type) (Type, error) {
			if !SameShape(a[1].Shape, a[2].Shape) {
				return Type{}, fmt.Errorf("the direction %s does not have the shape of %s", a[2], a[1])
			}
			return a[0], nil
		}),
		deriv(OpVJP, "vjp", "Σ_i w_i ∂v_i/∂x", "transposed Jacobian times a vector", 3, func(a []Type) (Type, error) {
			if !SameShape(a[0].Shape, a[2].Shape) {
				return Type{}, fmt.Errorf("the cotangent %s does not have the shape of %s", a[2], a[0])
			}
			return a[1], nil
		}),
		deriv(OpPartial, "partial", "∂E/∂x, definitions held", "explicit partial derivative of a scalar", -1, func(a []Type) (Type, error) {
			if len(a) < 2 {
				return Type{}, errors.New("wants a scalar, a variable and what is held")
			}
			if !a[0].IsScalar() {
				return Type{}, fmt.Errorf("wants a scalar, not %s", a[0])
			}
			return a[1], nil
		}),

		Info{Op: OpCall, Name: "call", Arity: -1, Class: ClassNode, Doc: "call of a function", Formula: "f(x, …)",
			Shape: func(a []Type, at *Attr) (Type, error) {
				f := at.Func
				if f == nil {
					return Type{}, errors.New("calls no function")
				}
				if err := match(f.Name, a, valueTypes(f.Args)); err != nil {
					return Type{}, err
				}
				if len(f.Results) == 1 {
					return f.Results[0].Type, nil
				}
				return TupleOf(valueTypes(f.Results)...), nil
			}},
		Info{Op: OpSolve, Name: "solve", Arity: -1, Class: ClassNode, Doc: "initial value problem", Formula: "x(t₁), x' = f(t, x)",
			Shape: func(a []Type, at *Attr) (Type, error) {
				s := at.Solve
				if s == nil {
					return Type{}, errors.New("has no solve")
				}
				want := s.LeadTypes()
				for _, st := range s.States {
					want = append(want, st.Type)
				}
				if err := match(s.Name, a, append(want, s.Extras...)); err != nil {
					return Type{}, err
				}
				return TupleOf(s.ResultTypes()...), nil
			}},
		Info{Op: OpRev, Name: "rev", Arity: -1, Class: ClassNode, Doc: "reverse sweep of a recorded solve", Formula: "cotangents of the start, extras and parameters",
			Shape: func(a []Type, at *Attr) (Type, error) {
				r := at.Rev
				if r == nil {
					return Type{}, errors.New("has no sweep")
				}
				s := r.Solve
				rs := s.ResultTypes()
				want := append([]Type{TupleOf(rs...)}, rs[:len(s.States)]...)
				if s.MayStop() {
					want = append(want, Scalar(F64))
				}
				if s.TakesStops() {
					want = append(want, Tensor(F64, s.Stops))
				}
				if err := match(r.Name, a, want); err != nil {
					return Type{}, err
				}
				var out []Type
				for _, st := range s.States {
					out = append(out, st.Type)
				}
				out = append(out, s.Extras...)
				for _, p := range r.Params {
					out = append(out, p.Type)
				}
				return TupleOf(out...), nil
			}},
		Info{Op: OpMap, Name: "map", Arity: -1, Class: ClassNode, Doc: "function applied along the leading axis", Formula: "f(x_i)",
			Shape: func(a []Type, at *Attr) (Type, error) {
				m := at.Map
				if m == nil || m.Fn == nil {
					return Type{}, errors.New("maps no function")
				}
				want := valueTypes(m.Fn.Args)
				for i := range want {
					if i < m.Mapped {
						want[i] = Tensor(want[i].Elem, join([]int{m.N}, want[i].Shape)...)
					}
				}
				if err := match(m.Fn.Name, a, want); err != nil {
					return Type{}, err
				}
				out := valueTypes(m.Fn.Results)
				for i, t := range out {
					out[i] = Tensor(t.Elem, join([]int{m.N}, t.Shape)...)
				}
				return TupleOf(out...), nil
			}},
		Info{Op: OpScan, Name: "scan", Arity: -1, Class: ClassNode, Doc: "function applied again and again to what it gave", Formula: "c_{n+1}, y_n = f(c_n, x_n)",
			Shape: func(a []Type, at *Attr) (Type, error) {
				if at.Scan == nil {
					return Type{}, errors.New("runs no function")
				}
				return at.Scan.shape(a)
			}},
		Info{Op: OpResult, Name: "result", Arity: 1, Class: ClassNode, Doc: "one result of a node", Formula: "r_i",
			Shape: func(a []Type, at *Attr) (Type, error) {
				if at.Index < 0 || at.Index >= len(a[0].Parts) {
					return Type{}, fmt.Errorf("%s has no result %d", a[0], at.Index)
				}
				return a[0].Parts[at.Index], nil
			}},
	)
}

// shape is the type of a scan over operands of the types.
func (s *Scan) shape(a []Type) (Type, error) {
	f := s.Fn
	switch {
	case f == nil:
		return Type{}, errors.New("runs no function")
	case s.N < 1:
		return Type{}, fmt.Errorf("runs %s %d times", f.Name, s.N)
	case s.Carry < 0 || s.Mapped < 0 || s.Carry+s.Mapped > len(f.Args) || s.Carry > len(f.Results):
		return Type{}, fmt.Errorf("%s has not %d values to hand on and %d slices", f.Name, s.Carry, s.Mapped)
	}
	want, out := valueTypes(f.Args), valueTypes(f.Results)
	if s.Guard && (s.Carry == 0 || !want[0].Equal(Scalar(I32))) {
		return Type{}, fmt.Errorf("%s hands on no number of the run that failed", f.Name)
	}
	for i := range s.Carry {
		if !out[i].Equal(want[i]) {
			return Type{}, fmt.Errorf("%s takes %s as value %d to hand on and gives %s", f.Name, want[i], i, out[i])
		}
		if i < len(f.Accum) && f.Accum[i] {
			return Type{}, fmt.Errorf("result %d of %s is handed on and marked as a sum", i, f.Name)
		}
	}
	for i := s.Carry; i < s.Carry+s.Mapped; i++ {
		want[i] = Tensor(want[i].Elem, join([]int{s.N}, want[i].Shape)...)
	}
	if err := match(f.Name, a, want); err != nil {
		return Type{}, err
	}
	for i := s.Carry; i < len(out); i++ {
		if !s.Sums(i) {
			out[i] = Tensor(out[i].Elem, join([]int{s.N}, out[i].Shape)...)
		}
	}
	return TupleOf(out...), nil
}

func noShape([]Type, *Attr) (Type, error) {
	return Type{}, errors.New("is a leaf: its type is given")
}

func join(a, b []int) []int { return append(append([]int(nil), a...), b...) }

func valueTypes(vs []*Value) []Type {
	ts := make([]Type, len(vs))
	for i, v := range vs {
		ts[i] = v.Type
	}
	return ts
}

func match(name string, got, want []Type) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s takes %d operands and gets %d", name, len(want), len(got))
	}
	for i := range got {
		if !got[i].Equal(want[i]) {
			return fmt.Errorf("operand %d of %s is %s and should be %s", i, name, got[i], want[i])
		}
	}
	return nil
}

// directed is the type of an estimate of the trace of the Jacobian from directions along a leading axis.
func directed(a []Type) (Type, error) {
	if !SameShape(a[0].Shape, a[1].Shape) {
		return Type{}, fmt.Errorf("wants two values of one shape, not %s and %s", a[0], a[1])
	}
	if len(a[2].Shape) == 0 || !SameShape(a[2].Shape[1:], a[1].Shape) {
		return Type{}, fmt.Errorf("the directions %s are not a stack of %s", a[2], a[1])
	}
	return Scalar(a[0].Elem), nil
}

func deriv(op Op, name, formula, doc string, arity int, shape func(a []Type) (Type, error)) Info {
	return Info{Op: op, Name: name, Arity: arity, Class: ClassDeriv, Formula: formula, Doc: doc,
		Shape: func(a []Type, _ *Attr) (Type, error) { return shape(a) }}
}
