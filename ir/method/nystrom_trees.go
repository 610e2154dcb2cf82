package method

import (
	"fmt"
	"math/big"
)

// nystromTree is an elementary differential of an acceleration f(t, q): derivatives by time and by the velocity of the position
// (leaves, c each), and by what accelerations have added to the position (children).
type nystromTree struct {
	leaves   int
	children []*nystromTree
	order    int      // of k
	exact    *big.Rat // the coefficient of s^(order-1) along the exact solution
}

// nystromTrees are those of order up to p, by order (Hairer, Nørsett, Wanner I, II.14: SN-trees without fat leaves).
func nystromTrees(p int) [][]*nystromTree {
	all := make([][]*nystromTree, p+1)
	var flat []*nystromTree
	for n := 1; n <= p; n++ {
		var grow func(left, from int, children []*nystromTree)
		grow = func(left, from int, children []*nystromTree) {
			t := &nystromTree{leaves: left, children: append([]*nystromTree(nil), children...), order: n, exact: big.NewRat(1, 1)}
			for _, c := range t.children { // ∫ (s-u) u^(m-1) du = s^(m+1) / (m (m+1))
				m := int64(c.order)
				t.exact.Mul(t.exact, new(big.Rat).Mul(c.exact, big.NewRat(1, m*(m+1))))
			}
			all[n] = append(all[n], t)
			for i := from; i < len(flat) && flat[i].order+1 <= left; i++ {
				grow(left-flat[i].order-1, i, append(children[:len(children):len(children)], flat[i]))
			}
		}
		grow(n-1, 0, nil)
		flat = append(flat, all[n]...)
	}
	return all
}

// weights are those of the tree at the stages.
func (t *nystromTree) weights(m *Nystrom) []*big.Rat {
	out := make([]*big.Rat, len(m.C))
	for i := range out {
		out[i] = big.NewRat(1, 1)
		for range t.leaves {
			out[i].Mul(out[i], m.C[i])
		}
	}
	for _, c := range t.children {
		w := c.weights(m)
		for i := range out {
			out[i].Mul(out[i], inner(m.A[i], w))
		}
	}
	return out
}

func inner(a, b []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for i, x := range a {
		sum.Add(sum, new(big.Rat).Mul(x, b[i]))
	}
	return sum
}

// nystromOrders gives the orders to which conditions hold, of weights of velocities and of positions; tol is 0 for exact ones.
func nystromOrders(m *Nystrom, b, bv []*big.Rat, tol *big.Rat) (positions, velocities int) {
	holds := func(got, want *big.Rat) bool {
		d := new(big.Rat).Sub(got, want)
		return d.Abs(d).Cmp(tol) <= 0
	}
	count := func(w []*big.Rat, want func(t *nystromTree) *big.Rat) int {
		for n, ts := range nystromTrees(8)[1:] {
			for _, t := range ts {
				if !holds(inner(w, t.weights(m)), want(t)) {
					return n
				}
			}
		}
		return 8
	}
	velocities = count(bv, func(t *nystromTree) *big.Rat { return new(big.Rat).Mul(t.exact, big.NewRat(1, int64(t.order))) })
	positions = 1 + count(b, func(t *nystromTree) *big.Rat {
		return new(big.Rat).Mul(t.exact, big.NewRat(1, int64(t.order*(t.order+1))))
	})
	return positions, velocities
}

func (t *Nystrom) tolerance() *big.Rat {
	if t.Digits == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Digits)), nil))
}

// CheckNystrom verifies the order conditions of a method and of its embedded solution over all its trees: they hold to the declared order and
// no further, exactly or to the declared digits. The error says what does not.
func CheckNystrom(m *Nystrom) error {
	tol := m.tolerance()
	for i, a := range m.A { // Σ a_ij = c_i²/2
		want := new(big.Rat).Mul(big.NewRat(1, 2), new(big.Rat).Mul(m.C[i], m.C[i]))
		ones := make([]*big.Rat, len(a))
		for j := range ones {
			ones[j] = one
		}
		if d := new(big.Rat).Sub(inner(a, ones), want); d.Abs(d).Cmp(tol) > 0 {
			return fmt.Errorf("row %d adds up to another place than its node", i)
		}
	}
	if q, v := nystromOrders(m, m.B, m.BV, tol); min(q, v) != m.Order {
		return fmt.Errorf("orders %d of positions and %d of velocities instead of %d", q, v, m.Order)
	}
	if m.BHat != nil {
		if q, v := nystromOrders(m, m.BHat, m.BVHat, tol); min(q, v) != m.Embedded {
			return fmt.Errorf("embedded orders %d and %d instead of %d", q, v, m.Embedded)
		}
	}
	return nil
}
