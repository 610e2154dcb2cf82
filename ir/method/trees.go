package method

import (
	"fmt"
	"math"
	"math/big"
)

// tree is a rooted tree: it stands for one elementary differential of the field (Butcher 1963;
// Hairer, Nørsett, Wanner I, section II.2).
type tree struct {
	children []*tree
	order    int // number of vertices
	gamma    int64
	text     string // [] is one vertex, [[][]] a root with two leaves
}

// trees generates the rooted trees of orders 1…p, index 0 unused: 1, 1, 2, 4, 9, 20, … of them.
func trees(p int) [][]*tree {
	all := make([][]*tree, p+1)
	var flat []*tree // in order of size; children are taken from it in non-decreasing index
	for n := 1; n <= p; n++ {
		var grow func(left, from int, children []*tree)
		grow = func(left, from int, children []*tree) {
			if left == 0 {
				all[n] = append(all[n], newTree(children))
				return
			}
			for i := from; i < len(flat) && flat[i].order <= left; i++ {
				grow(left-flat[i].order, i, append(children[:len(children):len(children)], flat[i]))
			}
		}
		grow(n-1, 0, nil)
		flat = append(flat, all[n]...)
	}
	return all
}

func newTree(children []*tree) *tree {
	t := &tree{children: children, order: 1, gamma: 1, text: "["}
	for _, c := range children {
		t.order += c.order
		t.gamma *= c.gamma
		t.text += c.text
	}
	t.gamma *= int64(t.order)
	t.text += "]"
	return t
}

// phi is the vector of internal weights of a tree: phi_i = Π over children Σ_j a_ij phi_j(child).
func (t *Tableau) phi(tr *tree) []*big.Rat {
	out := make([]*big.Rat, len(t.B))
	for i := range out {
		out[i] = big.NewRat(1, 1)
	}
	for _, c := range tr.children {
		inner := t.phi(c)
		for i := range out {
			out[i].Mul(out[i], dot(t.A[i], inner))
		}
	}
	return out
}

// dot is the sum of products over the length of a.
func dot(a, b []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for i := range a {
		sum.Add(sum, new(big.Rat).Mul(a[i], b[i]))
	}
	return sum
}

// near compares x with y, exactly for digits = 0.
func near(x, y *big.Rat, digits int) bool {
	d := new(big.Rat).Sub(x, y)
	if digits == 0 {
		return d.Sign() == 0
	}
	return math.Abs(number(d)) <= math.Pow10(-digits)
}

// Check verifies a tableau: its shape, consistency of rows (c_i = Σ_j a_ij), and the order
// conditions Σ b_i phi_i(tree) = 1/gamma(tree) over all rooted trees up to the declared order of
// the solution, of the embedded solution, and, with theta^order/gamma on the right, of
// the continuous weights, which moreover are b at theta = 1 and start in direction k_1. Declared
// orders are exact: a condition of the next order has to fail. The error names the condition.
func Check(t *Tableau) error {
	s := len(t.B)
	if s == 0 || len(t.A) != s || len(t.C) != s || t.BHat != nil && len(t.BHat) != s || len(t.Dense) != s {
		return fmt.Errorf("%d weights, %d rows, %d nodes, %d embedded and %d continuous weights", s, len(t.A), len(t.C), len(t.BHat), len(t.Dense))
	}
	for i, row := range t.A {
		if len(row) != i {
			return fmt.Errorf("row %d has %d entries: not explicit", i+1, len(row))
		}
		sum := new(big.Rat)
		for _, a := range row {
			sum.Add(sum, a)
		}
		if !near(sum, t.C[i], t.Digits) {
			return fmt.Errorf("row %d adds up to %s instead of %s", i+1, sum.FloatString(20), t.C[i].FloatString(20))
		}
	}
	if err := t.checkWeights("weights", t.B, t.Order); err != nil {
		return err
	}
	if t.BHat != nil {
		if err := t.checkWeights("embedded weights", t.BHat, t.Embedded); err != nil {
			return err
		}
	}
	return t.checkDense()
}

func (t *Tableau) checkWeights(what string, b []*big.Rat, order int) error {
	if order < 1 {
		return fmt.Errorf("%s: order %d", what, order)
	}
	higher := true
	for n, ts := range trees(order + 1) {
		for _, tr := range ts {
			got, want := dot(b, t.phi(tr)), big.NewRat(1, tr.gamma)
			switch ok := near(got, want, t.Digits); {
			case n <= order && !ok:
				return fmt.Errorf("%s: condition %s of order %d: %s instead of %s", what, tr.text, n, got.FloatString(20), want.FloatString(20))
			case n > order:
				higher = higher && ok
			}
		}
	}
	if higher {
		return fmt.Errorf("%s: order %d is declared, conditions of order %d hold too", what, order, order+1)
	}
	return nil
}

func (t *Tableau) checkDense() error {
	for i, row := range t.Dense {
		if len(row) != t.Degree() || len(row) == 0 {
			return fmt.Errorf("continuous weights: stage %d has degree %d instead of %d", i+1, len(row), t.Degree())
		}
		sum := new(big.Rat)
		for _, c := range row {
			sum.Add(sum, c)
		}
		if !near(sum, t.B[i], t.DenseDigits) {
			return fmt.Errorf("continuous weights: stage %d ends at %s instead of %s", i+1, sum.FloatString(20), t.B[i].FloatString(20))
		}
		start := new(big.Rat)
		if i == 0 {
			start = one
		}
		if !near(row[0], start, t.DenseDigits) {
			return fmt.Errorf("continuous weights: stage %d starts with slope %s", i+1, row[0].FloatString(20))
		}
	}
	for n, ts := range trees(t.DenseOrder) {
		for _, tr := range ts {
			phi := t.phi(tr)
			for p := 1; p <= max(t.Degree(), n); p++ {
				want := new(big.Rat)
				if p == n {
					want = big.NewRat(1, tr.gamma)
				}
				got := new(big.Rat)
				if p <= t.Degree() {
					got = dot(t.DenseWeights(p), phi)
				}
				if !near(got, want, t.DenseDigits) {
					return fmt.Errorf("continuous weights: condition %s, coefficient of theta^%d: %s instead of %s", tr.text, p, got.FloatString(20), want.FloatString(20))
				}
			}
		}
	}
	return nil
}
