package method

import (
	"fmt"
	"math/big"
	"strings"
)

// Tableau is the Butcher tableau of an explicit Runge-Kutta method with s stages, in rationals:
//
//	k_i = f(t + c_i h, y + h Σ_j a_ij k_j)
//	y1  = y + h Σ_i b_i k_i,   error = h Σ_i (b_i - bhat_i) k_i
//	y(t + theta h) = y + h Σ_i b_i(theta) k_i,   b_i(theta) = Σ_j Dense[i][j] theta^(j+1)
//
// The continuous weights b_i(theta) use the step's own stages, so dense output needs no evaluation
// of the field beyond those of the step. They are one order below the solution in
// methods of order 3 and more: an output within a step then has the solution's global order.
type Tableau struct {
	A          [][]*big.Rat // row i has i entries
	B, BHat, C []*big.Rat   // BHat is nil where there is no embedded solution
	Dense      [][]*big.Rat // [stage][power-1]
	Order      int
	Embedded   int // order of the embedded solution
	DenseOrder int
	// Digits of the coefficients where they are rounded decimals, 0 where they are exact: the
	// conditions then hold to 10^-Digits. DenseDigits is the same for Dense.
	Digits, DenseDigits int
}

// FSAL reports whether the last stage is f(t+h, y1), the next step's first.
func (t *Tableau) FSAL() bool {
	s := len(t.B)
	if s < 2 || t.C[s-1].Cmp(one) != 0 || t.B[s-1].Sign() != 0 {
		return false
	}
	for j, a := range t.A[s-1] {
		if a.Cmp(t.B[j]) != 0 {
			return false
		}
	}
	return true
}

// ErrorWeights are b - bhat; nil where there is no embedded solution.
func (t *Tableau) ErrorWeights() []*big.Rat {
	if t.BHat == nil {
		return nil
	}
	e := make([]*big.Rat, len(t.B))
	for i := range e {
		e[i] = new(big.Rat).Sub(t.B[i], t.BHat[i])
	}
	return e
}

// Degree of the continuous weights in theta.
func (t *Tableau) Degree() int {
	if len(t.Dense) == 0 {
		return 0
	}
	return len(t.Dense[0])
}

// DenseWeights are the coefficients of theta^(power) for every stage.
func (t *Tableau) DenseWeights(power int) []*big.Rat {
	w := make([]*big.Rat, len(t.Dense))
	for i, row := range t.Dense {
		w[i] = row[power-1]
	}
	return w
}

// Coefficients of a row as numbers: A is square with zeros; bhat is nil where there is none; all
// are nil for a row without a tableau.
func Coefficients(r *Row) (a [][]float64, b, bhat, c []float64) {
	t := r.Tableau
	if t == nil {
		return nil, nil, nil, nil
	}
	for _, row := range t.A {
		a = append(a, append(floats(row), make([]float64, len(t.B)-len(row))...))
	}
	return a, floats(t.B), floats(t.BHat), floats(t.C)
}

func floats(v []*big.Rat) []float64 {
	var out []float64
	for _, x := range v {
		out = append(out, number(x))
	}
	return out
}

// number is the nearest float64.
func number(x *big.Rat) float64 {
	f, _ := x.Float64()
	return f
}

var one = big.NewRat(1, 1)

// rats reads rationals and decimals separated by spaces. Text comes from the table of this
// package only.
func rats(text string) []*big.Rat {
	var out []*big.Rat
	for _, f := range strings.Fields(text) {
		x, ok := new(big.Rat).SetString(f)
		if !ok {
			panic(fmt.Sprintf("method: %q is not a number", f))
		}
		out = append(out, x)
	}
	return out
}

// lower reads the rows of A below the first (empty) one; each has one entry more.
func lower(rows ...string) [][]*big.Rat {
	a := [][]*big.Rat{{}}
	for _, r := range rows {
		a = append(a, rats(r))
	}
	return a
}

// powers reads a row of continuous weights per stage: coefficients of theta, theta^2, …
func powers(rows ...string) [][]*big.Rat {
	var d [][]*big.Rat
	for _, r := range rows {
		d = append(d, rats(r))
	}
	return d
}
