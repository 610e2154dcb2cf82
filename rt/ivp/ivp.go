// Package ivp holds initial value problems of ordinary differential equations with end values to many digits,
// for tests and comparisons of solvers. It imports the standard library only: a right-hand side has the form of rt.Field.
package ivp

import "math"

// Problem is y' = F(t, y), y(T0) = Y0, over [T0, T1].
type Problem struct {
	Name   string
	T0, T1 float64
	Y0     []float64
	// F sets dy to the derivative at (t, y).
	F func(t float64, y, dy []float64)
	// Positions is the number of first components whose derivatives depend on the others alone, while those of the
	// others depend on the first ones alone, so that splittings such as leapfrog solve the problem; 0 where it does
	// not fall apart like this.
	Positions int
	// End is the solution at T1, the float64 nearest to numbers of at least 20 digits. Y0 and constants of F are rounded to
	// float64 as well: an exact solution of what a program sees differs from End by that, about a unit
	// in the 16th digit times how much the problem amplifies its start.
	End    []float64
	Source string // of the problem and of End
}

// Error is the largest difference of a component of y from End, relative to the largest component of Y0 and End.
func (p *Problem) Error(y []float64) float64 {
	size, off := 0.0, 0.0
	for _, x := range append(p.Y0[:len(p.Y0):len(p.Y0)], p.End...) {
		size = max(size, math.Abs(x))
	}
	for i, x := range p.End {
		off = max(off, math.Abs(y[i]-x))
	}
	return off / size
}

// All lists the problems: the 25 of DETEST under their names A1 to E5, then the others.
func All() []Problem { return append(DETEST(), others()...) }

// ByName finds a problem; nil if there is none.
func ByName(name string) *Problem {
	for _, p := range All() {
		if p.Name == name {
			return &p
		}
	}
	return nil
}
