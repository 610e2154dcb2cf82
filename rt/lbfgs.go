package rt

import (
	"fmt"
	"math"
)

// LBFGS is the method of Nocedal (1980) and Liu and Nocedal (1989): a quasi-Newton direction from the last History pairs of
// moves and differences of gradients. A training step is one iteration, as of torch.optim.LBFGS with max_iter 1 and
// without line search, so the gradient should be that of all rows.
type LBFGS struct {
	LR      float64
	History int
}

// Rate is LR.
func (o LBFGS) Rate() float64 { return o.LR }

// DefaultLBFGS has lr 1 and a history of 10.
func DefaultLBFGS() LBFGS { return LBFGS{LR: 1, History: 10} }

// Bounds of torch.optim.LBFGS.
const (
	lbfgsFlat  = 1e-7  // largest component of a gradient from which nothing moves
	lbfgsLevel = 1e-9  // smallest descent along the direction
	lbfgsBent  = 1e-10 // smallest product of a move and a difference of gradients, which says that the curvature is positive
)

// slots are the names of what L-BFGS keeps: the last gradient and move, then pairs, differences of gradients first, the
// oldest pair first. Pairs that are not there yet are zero.
func (o LBFGS) slots() []string {
	names := []string{"prev_grad", "prev_move"}
	for _, kind := range []string{"old_dirs", "old_stps"} {
		for i := range o.History {
			names = append(names, fmt.Sprintf("%s.%d", kind, i))
		}
	}
	return names
}

// lbfgs is an iteration. Products of vectors are summed in float64, in the order of the weights.
func (m *moments[R]) lbfgs(o LBFGS, w, g []R, lr float64) {
	gradient, move := m.slot[0], m.slot[1]
	ys, ss := m.slot[2:2+o.History], m.slot[2+o.History:2+2*o.History]
	var flat, sum float64
	m.each(func(i int) {
		x := math.Abs(float64(g[i]))
		flat, sum = max(flat, x), sum+x
	})
	if flat <= lbfgsFlat {
		return
	}
	first := m.dot(gradient, gradient) == 0
	if !first {
		m.pair(ys, ss, gradient, move, g)
	}
	from := 0 // the first pair that is there
	for from < o.History && m.dot(ys[from], ys[from]) == 0 {
		from++
	}

	// The two loops of Nocedal, d in the place of the last move.
	d := move
	m.each(func(i int) { d[i] = -g[i] })
	rho, alpha := make([]float64, o.History), make([]float64, o.History)
	for k := o.History - 1; k >= from; k-- {
		rho[k] = 1 / m.dot(ys[k], ss[k])
		alpha[k] = m.dot(ss[k], d) * rho[k]
		m.add(d, -alpha[k], ys[k])
	}
	if last := o.History - 1; from <= last {
		scale := R(m.dot(ys[last], ss[last]) / m.dot(ys[last], ys[last]))
		m.each(func(i int) { d[i] *= scale })
	}
	for k := from; k < o.History; k++ {
		m.add(d, alpha[k]-m.dot(ys[k], d)*rho[k], ss[k])
	}

	length := lr
	if first {
		length *= min(1, 1/sum)
	}
	descent := m.dot(g, d)
	m.each(func(i int) {
		gradient[i] = g[i]
		if d[i] = R(R(length) * d[i]); descent > -lbfgsLevel {
			d[i] = 0
		}
		w[i] += d[i]
	})
}

// pair takes in what the last move has shown, unless it shows no positive curvature. The oldest pair makes room.
func (m *moments[R]) pair(ys, ss [][]R, gradient, move, g []R) {
	bent := 0.0
	m.each(func(i int) { bent += float64(float64(g[i]-gradient[i]) * float64(move[i])) })
	if !(bent > lbfgsBent) {
		return
	}
	last := len(ys) - 1
	for _, list := range [][][]R{ys, ss} {
		oldest := list[0]
		Copy(list, list[1:])
		list[last] = oldest
	}
	m.each(func(i int) { ys[last][i], ss[last][i] = g[i]-gradient[i], move[i] })
}

// each calls f for the trained weights.
func (m *moments[R]) each(f func(i int)) {
	for _, s := range m.spans {
		for i := s.lo; i < s.hi; i++ {
			f(i)
		}
	}
}

// dot is the product of x and y.
func (m *moments[R]) dot(x, y []R) float64 {
	sum := 0.0
	m.each(func(i int) { sum += float64(float64(x[i]) * float64(y[i])) })
	return sum
}

// add is x += a y.
func (m *moments[R]) add(x []R, a float64, y []R) {
	m.each(func(i int) { x[i] += R(R(a) * y[i]) })
}
