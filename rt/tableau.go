package rt

// tableau is an explicit Runge-Kutta method with s stages, s the length of b:
//
//	k_i = f(t + c_i h, y + h Σ_j a_ij k_j),  y1 = y + h Σ_i b_i k_i,  error = h Σ_i e_i k_i
//	y(t + theta h) = y + h Σ_p theta^p Σ_i dense_pi k_i
//
// Rows of a and c after the s-th are stages of dense output alone.
type tableau struct {
	name  string
	order int
	// control is the controller where none is chosen; "" is i.
	control string
	a       [][]float64 // row i has up to i entries
	b, c    []float64
	e       []float64   // of embedded methods, else nil
	whole   []float64   // e as it is in other libraries, where that differs
	fsal    bool        // the last of the s stages is the next step's first
	dense   [][]float64 // [p-1][stage], p the power of theta
}

// splitting is a composition of leapfrog steps of the lengths w h, for fields that fall apart into positions and
// the others.
type splitting struct {
	name  string
	order int
	leaps []leap
}

// leap is a leapfrog step, in units of h: its length, and where its middle and its end lie in the whole step.
type leap struct{ length, middle, end float64 }

// needed says which stages the sums with these weights are computed from.
func (m *tableau) needed(weights ...[]float64) []bool {
	need := make([]bool, len(m.a))
	for _, w := range weights {
		for i, x := range w {
			need[i] = need[i] || x != 0
		}
	}
	for i := len(need) - 1; i >= 0; i-- {
		for j, a := range m.a[i] {
			need[j] = need[j] || need[i] && a != 0
		}
	}
	return need
}
