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
	index    int // among all trees, in order of size
	order    int // number of vertices
	gamma    int64
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
		for _, t := range all[n] {
			t.index = len(flat)
			flat = append(flat, t)
		}
	}
	return all
}

func newTree(children []*tree) *tree {
	t := &tree{children: children, order: 1, gamma: 1}
	for _, c := range children {
		t.order += c.order
		t.gamma *= c.gamma
	}
	t.gamma *= int64(t.order)
	return t
}

// String is what the condition of the tree sums, as in textbooks: "b_i c_i^2 a_ij c_j". Leaves give nodes of the
// method, since c_i = Σ_j a_ij.
func (t *tree) String() string {
	const letters = "ijklmnopqrs" // of vertices with children
	next := 0
	var product func(t *tree) string
	product = func(t *tree) string {
		i := letters[next]
		next++
		leaves, text := 0, ""
		for _, c := range t.children {
			if len(c.children) == 0 {
				leaves++
			}
		}
		switch {
		case leaves == 1:
			text = fmt.Sprintf(" c_%c", i)
		case leaves > 1:
			text = fmt.Sprintf(" c_%c^%d", i, leaves)
		}
		for _, c := range t.children {
			if len(c.children) > 0 {
				text += fmt.Sprintf(" a_%c%c", i, letters[next])
				text += product(c)
			}
		}
		return text
	}
	return "b_i" + product(t)
}

// figure is a number for a message.
func figure(x *big.Rat) string {
	if s := x.RatString(); len(s) <= 20 {
		return s
	}
	return x.FloatString(20)
}

// arithmetic is what the conditions are computed in: rationals, or floats of precision bits.
type arithmetic[T any] interface {
	of(x *big.Rat) T
	mul(x, y T) T
	add(x, y T) T
	rat(x T) *big.Rat
}

// rationals are exact.
type rationals struct{}

func (rationals) of(x *big.Rat) *big.Rat     { return x }
func (rationals) mul(x, y *big.Rat) *big.Rat { return new(big.Rat).Mul(x, y) }
func (rationals) add(x, y *big.Rat) *big.Rat { return new(big.Rat).Add(x, y) }
func (rationals) rat(x *big.Rat) *big.Rat    { return x }

// floats have about 80 digits, for coefficients that are decimals.
type floats80 struct{}

const floatBits = 266

func float() *big.Float { return new(big.Float).SetPrec(floatBits) }

func (floats80) of(x *big.Rat) *big.Float       { return float().SetRat(x) }
func (floats80) mul(x, y *big.Float) *big.Float { return float().Mul(x, y) }
func (floats80) add(x, y *big.Float) *big.Float { return float().Add(x, y) }
func (floats80) rat(x *big.Float) *big.Rat {
	r, _ := x.Rat(nil)
	return r
}

// conditions evaluates the order conditions of a tableau: at index i of trees the vector of internal
// weights of the tree,
//
//	phi_j(tree) = Π over children Σ_k a_jk phi_k(child).
type conditions[T any] struct {
	arithmetic[T]
	a    [][]T // without trailing zeros
	some [][]bool
	phi  [][]T
	aphi [][]T // Σ_k a_jk phi_k
}

func newConditions[T any](ar arithmetic[T], a [][]*big.Rat, trees [][]*tree) *conditions[T] {
	c := &conditions[T]{arithmetic: ar}
	for _, row := range a {
		var xs []T
		var some []bool
		for _, x := range row {
			xs, some = append(xs, ar.of(x)), append(some, x.Sign() != 0)
		}
		c.a, c.some = append(c.a, xs), append(c.some, some)
	}
	for _, ts := range trees {
		for _, tr := range ts {
			c.tree(tr)
		}
	}
	return c
}

func (c *conditions[T]) tree(tr *tree) {
	phi, aphi := make([]T, len(c.a)), make([]T, len(c.a))
	for j := range phi {
		phi[j] = c.of(one)
		for _, child := range tr.children {
			phi[j] = c.mul(phi[j], c.aphi[child.index][j])
		}
	}
	for j, row := range c.a {
		aphi[j] = c.of(new(big.Rat))
		for k, x := range row {
			if c.some[j][k] {
				aphi[j] = c.add(aphi[j], c.mul(x, phi[k]))
			}
		}
	}
	c.phi, c.aphi = append(c.phi, phi), append(c.aphi, aphi)
}

// sum is Σ_j b_j phi_j of a tree.
func (c *conditions[T]) sum(b []*big.Rat, tr *tree) *big.Rat {
	sum := c.of(new(big.Rat))
	for j, x := range b {
		if x.Sign() != 0 {
			sum = c.add(sum, c.mul(c.of(x), c.phi[tr.index][j]))
		}
	}
	return c.rat(sum)
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
	s, all := len(t.B), len(t.A)
	if s == 0 || all < s || len(t.C) != all || t.BHat != nil && len(t.BHat) != s || len(t.Dense) != all {
		return fmt.Errorf("%d weights, %d rows, %d nodes, %d embedded and %d continuous weights", s, all, len(t.C), len(t.BHat), len(t.Dense))
	}
	for i, row := range t.A {
		if len(row) > i {
			return fmt.Errorf("row %d has %d entries: not explicit", i+1, len(row))
		}
		digits := t.Digits
		if i >= s {
			digits = t.DenseDigits
		}
		sum := new(big.Rat)
		for _, a := range row {
			sum.Add(sum, a)
		}
		if !near(sum, t.C[i], digits) {
			return fmt.Errorf("row %d adds up to %s instead of %s", i+1, figure(sum), figure(t.C[i]))
		}
	}
	if t.Order < 1 || t.BHat != nil && t.Embedded < 1 || t.DenseOrder < 1 {
		return fmt.Errorf("orders %d, %d and %d are declared", t.Order, t.Embedded, t.DenseOrder)
	}
	ts := trees(max(t.Order, t.Embedded, t.DenseOrder) + 1)
	if t.Digits > 0 {
		return checkOrders(t, newConditions(floats80{}, t.A[:s], ts), ts)
	}
	return checkOrders(t, newConditions(rationals{}, t.A[:s], ts), ts)
}

func checkOrders[T any](t *Tableau, c *conditions[T], ts [][]*tree) error {
	if err := c.checkWeights("weights", t.B, t.Order, t.Digits, ts); err != nil {
		return err
	}
	if t.BHat != nil {
		if err := c.checkWeights("embedded weights", t.BHat, t.Embedded, t.Digits, ts); err != nil {
			return err
		}
	}
	if t.DenseDigits > 0 {
		return checkDense(t, newConditions(floats80{}, t.A, ts[:t.DenseOrder+1]), ts)
	}
	return checkDense(t, newConditions(rationals{}, t.A, ts[:t.DenseOrder+1]), ts)
}

func (c *conditions[T]) checkWeights(what string, b []*big.Rat, order, digits int, ts [][]*tree) error {
	higher := true
	for n, ts := range ts[:order+2] {
		for _, tr := range ts {
			got, want := c.sum(b, tr), big.NewRat(1, tr.gamma)
			switch ok := near(got, want, digits); {
			case n <= order && !ok:
				return fmt.Errorf("%s: the sum of %v is %s instead of %s, as order %d wants", what, tr, figure(got), figure(want), n)
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

func checkDense[T any](t *Tableau, c *conditions[T], ts [][]*tree) error {
	for i, row := range t.Dense {
		if len(row) != t.Degree() || len(row) == 0 {
			return fmt.Errorf("continuous weights: stage %d has degree %d instead of %d", i+1, len(row), t.Degree())
		}
		sum, end := new(big.Rat), new(big.Rat)
		for _, c := range row {
			sum.Add(sum, c)
		}
		if i < len(t.B) {
			end = t.B[i]
		}
		if !near(sum, end, t.DenseDigits) {
			return fmt.Errorf("continuous weights: stage %d ends at %s instead of %s", i+1, figure(sum), figure(end))
		}
		start := new(big.Rat)
		if i == 0 {
			start = one
		}
		if !near(row[0], start, t.DenseDigits) {
			return fmt.Errorf("continuous weights: stage %d starts with slope %s", i+1, figure(row[0]))
		}
	}
	rows := t.DenseRows()
	for n, ts := range ts[:t.DenseOrder+1] {
		for _, tr := range ts {
			for p := 1; p <= max(t.Degree(), n); p++ {
				want, got := new(big.Rat), new(big.Rat)
				if p == n {
					want = big.NewRat(1, tr.gamma)
				}
				if p <= t.Degree() {
					got = c.sum(rows[p-1], tr)
				}
				if !near(got, want, t.DenseDigits) {
					return fmt.Errorf("continuous weights: the coefficient of theta^%d of the sum of %v is %s instead of %s", p, tr, figure(got), figure(want))
				}
			}
		}
	}
	return nil
}
