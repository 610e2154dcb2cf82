package rt

import (
	"fmt"
	"math"
)

// TransformKind is a map from a free number to a constrained parameter.
type TransformKind uint8

// Maps from free numbers u to constrained parameters.
const (
	Identity TransformKind = iota
	Above                  // Lo + softplus(u)
	Below                  // Hi - softplus(u)
	Between                // Lo + (Hi-Lo) sigmoid(u)
)

// Transform ties the free number that training moves to the parameter in its own units. Weights,
// files and gradients that anyone sees are in own units; only Train holds free numbers.
type Transform struct {
	Kind   TransformKind
	Lo, Hi float64
}

// Value is the parameter that belongs to the free number u.
func (t Transform) Value(u float64) float64 {
	switch t.Kind {
	case Above:
		return t.Lo + Softplus64(u)
	case Below:
		return t.Hi - Softplus64(u)
	case Between:
		return mad64(t.Hi-t.Lo, Sigmoid64(u), t.Lo)
	}
	return u
}

// Slope is d Value/du at u.
func (t Transform) Slope(u float64) float64 {
	switch t.Kind {
	case Above:
		return Sigmoid64(u)
	case Below:
		return -Sigmoid64(u)
	case Between:
		return (t.Hi - t.Lo) * Sigmoid64(u) * Sigmoid64(-u)
	}
	return 1
}

// Free is the inverse of Value; outside the range, and on its border, it is not finite.
func (t Transform) Free(v float64) float64 {
	switch t.Kind {
	case Above:
		return inverseSoftplus(v - t.Lo)
	case Below:
		return inverseSoftplus(t.Hi - v)
	case Between:
		return Log64((v - t.Lo) / (t.Hi - v))
	}
	return v
}

// allows reports whether v is finite and lies inside the range.
func (t Transform) allows(v float64) bool {
	if !finite(v) {
		return false
	}
	above := t.Kind != Above && t.Kind != Between || v > t.Lo
	below := t.Kind != Below && t.Kind != Between || v < t.Hi
	return above && below
}

// inverseSoftplus is ln(e^y - 1), in the form that does not overflow.
func inverseSoftplus(y float64) float64 { return y + Log64(-Expm164(-y)) }

// constrained are the tensors of a layout with a constraint, among those that are trained.
func constrained(layout []Tensor, spans []span) []Tensor {
	var out []Tensor
	for _, t := range layout {
		for _, s := range spans {
			if t.Transform.Kind != Identity && s.lo <= t.Offset && t.Offset < s.hi {
				out = append(out, t)
			}
		}
	}
	return out
}

// freeNumbers are what an optimiser moves in place of w: w itself where nothing is constrained.
func freeNumbers[R Float](w []R, bound []Tensor) ([]R, error) {
	if len(bound) == 0 {
		return w, nil
	}
	free := Copied(nil, w)
	for _, t := range bound {
		for i := t.Offset; i < t.Offset+t.Len(); i++ {
			free[i] = R(t.Transform.Free(float64(w[i])))
			if !finite(float64(free[i])) {
				return nil, fmt.Errorf("parameter %s is %v, which its constraint does not allow: %w", t.Name, w[i], ErrWeights)
			}
		}
	}
	return free, nil
}

// toFree turns the gradient by parameters into the one by free numbers.
func toFree[R Float](grad, free []R, bound []Tensor) {
	for _, t := range bound {
		for i := t.Offset; i < t.Offset+t.Len(); i++ {
			grad[i] *= R(t.Transform.Slope(float64(free[i])))
		}
	}
}

// toOwn sets the parameters from the free numbers.
func toOwn[R Float](w, free []R, bound []Tensor) {
	if len(bound) == 0 {
		return // they are the same slice
	}
	Copy(w, free)
	for _, t := range bound {
		for i := t.Offset; i < t.Offset+t.Len(); i++ {
			w[i] = within(t.Transform, R(t.Transform.Value(float64(free[i]))))
		}
	}
}

// within moves a value that rounding has put on the border of its range to the next number inside.
func within[R Float](t Transform, v R) R {
	switch {
	case (t.Kind == Above || t.Kind == Between) && float64(v) <= t.Lo:
		return next(R(t.Lo), +1)
	case (t.Kind == Below || t.Kind == Between) && float64(v) >= t.Hi:
		return next(R(t.Hi), -1)
	}
	return v
}

// next is the neighbour of x in the direction.
func next[R Float](x R, direction int) R {
	if isF32[R]() {
		return R(math.Nextafter32(float32(x), float32(math.Inf(direction))))
	}
	return R(math.Nextafter(float64(x), math.Inf(direction)))
}
