package lower

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// mesh is the times at which an objective of a hypersolver looks at the reference, in the direction of the
// solve: those of every step count, each once, or those of a count that is drawn for every batch.
type mesh struct {
	x      *sema.HyperError
	points int       // number of times
	times  *ir.Value // [points] f64

	fixed []float64      // the times where they are constants
	place map[[2]int]int // of k/n in lowest terms

	count *ir.Value // the number of steps that is drawn, a whole number in f64; the last times are then all the end
	h     *ir.Value // length of these steps
}

// mesh gives the mesh of x. Objectives of one recipe over the same span and counts share it, and what is drawn.
func (s *scope) mesh(x *sema.HyperError) *mesh {
	for _, m := range s.meshes {
		if y := m.x; y.From == x.From && y.To == x.To && y.MinSteps == x.MinSteps && y.MaxSteps == x.MaxSteps {
			return m
		}
	}
	m := &mesh{x: x}
	s.b.Span = x.At
	if x.MinSteps == x.MaxSteps || s.everyCount {
		m.all(s.b)
	} else {
		m.draw(s)
	}
	s.meshes = append(s.meshes, m)
	return m
}

// all makes the mesh of all step counts.
func (m *mesh) all(b *ir.Builder) {
	x := m.x
	m.place = map[[2]int]int{}
	var parts [][2]int
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		for k := 0; k <= n; k++ {
			q := lowest(k, n)
			if _, ok := m.place[q]; !ok {
				m.place[q] = 0
				parts = append(parts, q)
			}
		}
	}
	slices.SortFunc(parts, func(a, b [2]int) int { return a[0]*b[1] - b[0]*a[1] })
	for i, q := range parts {
		m.place[q] = i
		t := x.From + (x.To-x.From)*float64(q[0])/float64(q[1])
		if n := x.MinSteps; n == x.MaxSteps {
			// As the loop of a solve in n steps has them, so that they are ends of its steps to the last bit.
			t = x.From + float64(float64(q[0]*n/q[1])*((x.To-x.From)/float64(n)))
		}
		m.fixed = append(m.fixed, t)
	}
	m.fixed[len(parts)-1] = x.To
	m.points = len(parts)
	m.times = b.Data(m.fixed, ir.Tensor(ir.F64, m.points))
}

// at is the place of step k of n.
func (m *mesh) at(k, n int) int { return m.place[lowest(k, n)] }

func lowest(k, n int) [2]int {
	a, b := k, n
	for b != 0 {
		a, b = b, a%b
	}
	return [2]int{k / a, n / a}
}

// draw makes the mesh of a step count that all samples of a batch share, drawn by seed and training step.
func (m *mesh) draw(s *scope) {
	x, b := m.x, s.b
	num := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	site := ir.Site(fmt.Sprintf("%s steps %d..%d", s.name, x.MinSteps, x.MaxSteps))
	u := b.At(b.Uniform(b.BatchKey(s.key), site, num(0), 1), 0)
	m.count = b.Add(num(float64(x.MinSteps)), b.Unary(ir.OpFloor, b.Mul(u, num(float64(x.MaxSteps-x.MinSteps+1))))).Named("steps")
	m.h = b.Div(num(x.To-x.From), m.count).Named("h")
	m.points = x.MaxSteps + 1
	k := m.numbers(b, m.points)
	m.times = b.Select(b.Binary(ir.OpLe, m.count, k), num(x.To), b.Add(num(x.From), b.Mul(k, m.h)))
}

// numbers are 0, 1, …, n-1.
func (m *mesh) numbers(b *ir.Builder, n int) *ir.Value {
	data := make([]float64, n)
	for k := range data {
		data[k] = float64(k)
	}
	return b.Data(data, ir.Tensor(ir.F64, n))
}

// stepping is the steps at which an objective looks, as columns of numbers with one row for each: from
// t to t + dt, which belong to steps of length h, and the share of the row in the mean over them. starts and ends
// are the places of both ends in the mesh. Of a drawn count the rows after the last step have no share and no
// length: they stay at the end, so that nothing is evaluated outside the span.
type stepping struct {
	t, dt, h, share *ir.Value
	starts, ends    []int
}

func (m *mesh) steps(b *ir.Builder) *stepping {
	x := m.x
	st := &stepping{}
	if m.count != nil {
		n := x.MaxSteps
		for k := range n {
			st.starts, st.ends = append(st.starts, k), append(st.ends, k+1)
		}
		zero := b.Const(0, ir.F64)
		live := b.Binary(ir.OpLt, m.numbers(b, n), m.count)
		st.t, st.h = b.Slice(m.times, 0, n), b.Expand(m.h, n)
		st.dt = b.Select(live, m.h, zero)
		st.share = b.Select(live, b.Div(b.Const(1, ir.F64), m.count), zero)
		return st
	}
	var ts, hs, shares []float64
	for n := x.MinSteps; n <= x.MaxSteps; n++ {
		for k := range n {
			ts = append(ts, m.fixed[m.at(k, n)])
			hs = append(hs, (x.To-x.From)/float64(n))
			shares = append(shares, 1/float64(n)/float64(x.MaxSteps-x.MinSteps+1))
			st.starts, st.ends = append(st.starts, m.at(k, n)), append(st.ends, m.at(k+1, n))
		}
	}
	column := ir.Tensor(ir.F64, len(ts))
	st.t, st.h, st.share = b.Data(ts, column), b.Data(hs, column), b.Data(shares, column)
	st.dt = st.h
	return st
}
