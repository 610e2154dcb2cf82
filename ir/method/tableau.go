package method

import (
	"fmt"
	"math/big"
	"strings"
)

// Tableau is the Butcher tableau of an explicit Runge-Kutta method with s stages, s the length of B, in
// rationals:
//
//	k_i = f(t + c_i h, y + h Σ_j a_ij k_j)
//	y1  = y + h Σ_i b_i k_i,   error = h Σ_i (b_i - bhat_i) k_i
//	y(t + theta h) = y + h Σ_i b_i(theta) k_i,   b_i(theta) = Σ_j Dense[i][j] theta^(j+1)
//
// Rows of A and C after the s-th are stages for dense output only: they are evaluated where a solve has
// output times, in every step. Continuous weights are at most one order below the solution in methods of
// order 3 and more: an output within a step then has the solution's global order.
type Tableau struct {
	A          [][]*big.Rat // row i has i entries, or fewer with zeros after them
	B, BHat, C []*big.Rat   // BHat is nil where there is no embedded solution
	Dense      [][]*big.Rat // [stage][power-1]
	// Trust is the share of b - bhat that counts as the error, nil for all of it. Any share of the difference belongs to an
	// embedded solution of the same order.
	Trust      *big.Rat
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
	return s > 1 && t.C[s-1].Cmp(one) == 0 && equal(t.A[s-1], t.B)
}

// equal compares weights; the shorter ones end with zeros.
func equal(a, b []*big.Rat) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for i, x := range b {
		if i < len(a) && a[i].Cmp(x) != 0 || i >= len(a) && x.Sign() != 0 {
			return false
		}
	}
	return true
}

// Extra is the number of stages that only dense output has.
func (t *Tableau) Extra() int { return len(t.A) - len(t.B) }

// Needed is the number of stages that weights need, with the stages that those need.
func (t *Tableau) Needed(weights ...[]*big.Rat) int {
	need := make([]bool, len(t.A))
	for _, w := range weights {
		for i, x := range w {
			need[i] = need[i] || x.Sign() != 0
		}
	}
	n := 0
	for i := len(need) - 1; i >= 0; i-- {
		if !need[i] {
			continue
		}
		n++
		for j, a := range t.A[i] {
			need[j] = need[j] || a.Sign() != 0
		}
	}
	return n
}

// ErrorWeights are those of the error, the trusted share of b - bhat; nil where there is no embedded solution.
func (t *Tableau) ErrorWeights() []*big.Rat {
	e := t.Difference()
	for _, x := range e {
		if t.Trust != nil {
			x.Mul(x, t.Trust)
		}
	}
	return e
}

// Difference is b - bhat; nil where there is no embedded solution.
func (t *Tableau) Difference() []*big.Rat {
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

// DenseRows are the continuous weights by power of theta.
func (t *Tableau) DenseRows() [][]*big.Rat {
	var rows [][]*big.Rat
	for p := 1; p <= t.Degree(); p++ {
		rows = append(rows, t.DenseWeights(p))
	}
	return rows
}

// Coefficients of a row as numbers: A is square with zeros; bhat is nil where there is none; all
// are nil for a row without a tableau.
func Coefficients(r *Row) (a [][]float64, b, bhat, c []float64) {
	t := r.Tableau
	if t == nil {
		return nil, nil, nil, nil
	}
	for _, row := range t.A[:len(t.B)] {
		a = append(a, append(floats(row), make([]float64, len(t.B)-len(row))...))
	}
	return a, floats(t.B), floats(t.BHat), floats(t.C[:len(t.B)])
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
