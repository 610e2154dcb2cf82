package rt

// tableau is an explicit Runge-Kutta method with s stages:
//
//	k_i = f(t + c_i h, y + h Σ_j a_ij k_j),  y1 = y + h Σ_i b_i k_i,  error = h Σ_i e_i k_i
//	y(t + theta h) = y + h Σ_p theta^p Σ_i dense_pi k_i
//
// Adaptive methods here have the next step's first stage as their last one (FSAL).
type tableau struct {
	name  string
	order int
	a     [][]float64 // row i has i entries
	b, c  []float64
	e     []float64   // of adaptive methods, else nil
	dense [][]float64 // [p-1][stage], p the power of theta
}

// Methods lists the names of the methods of Solve.
func Methods() []string {
	var names []string
	for i := range tableaux {
		names = append(names, tableaux[i].name)
	}
	return names
}

func tableauOf(name string) *tableau {
	for i := range tableaux {
		if tableaux[i].name == name {
			return &tableaux[i]
		}
	}
	return nil
}

func (m *tableau) adaptive() bool { return m.e != nil }
