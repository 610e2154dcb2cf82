// Package ivp holds initial value problems of ordinary differential equations with end values to many digits,
// for tests and comparisons of solvers. It imports nothing: a right-hand side has the form of rt.Field.
package ivp

// Problem is y' = F(t, y), y(T0) = Y0, over [T0, T1].
type Problem struct {
	Name   string
	T0, T1 float64
	Y0     []float64
	// F sets dy to the derivative at (t, y).
	F func(t float64, y, dy []float64)
	// End is the solution at T1, or its first components, correct to about Digits significant digits
	// relative to its largest component.
	End    []float64
	Digits int
	Source string // of the problem and of End
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
