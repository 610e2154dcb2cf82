package rt

// nystrom is an explicit Runge-Kutta-Nyström method for q” = f(t, q), written as q' = v, v' = f(t, q):
//
//	k_i = f(t + c_i h, q + c_i h v + h² Σ_j a_ij k_j)
//	q1  = q + h v + h² Σ_i b_i k_i,   v1 = v + h Σ_i bv_i k_i
type nystrom struct {
	name   string
	order  int
	a      [][]float64
	b, bv  []float64
	e, ev  []float64 // of the errors of positions and velocities; nil of methods without
	c      []float64
	fsal   bool         // the last stage is the acceleration at the new position
	middle bool         // dense output sees the acceleration in the middle of a step
	curve  [3][]float64 // of the stages and the field at the end, in dense output
}

// motion makes the steps of such a method. States are positions and then velocities.
type motion struct {
	m    *nystrom
	n    int         // positions
	k    [][]float64 // the field at the stages, of which velocities alone are read
	end  []float64   // and at the end, for dense output
	data [][]float64 // of dense output: coefficients of the acceleration
}

func newMotion(m *nystrom, s *Solver) scheme {
	r := &motion{m: m, n: s.o.Positions}
	vector := vectors(len(s.y))
	for range m.c {
		r.k = append(r.k, vector())
	}
	r.end = vector()
	for range 5 {
		r.data = append(r.data, make([]float64, r.n))
	}
	return r
}

func (r *motion) begin(s *Solver) []float64 {
	if !r.m.fsal {
		return nil
	}
	s.eval(s.t, s.y, r.k[0])
	return r.k[0]
}

// move sets the positions of dst to q + c h v + h² Σ a_j k_j.
func (r *motion) move(s *Solver, dst []float64, h, c float64, a []float64) {
	ch, hh := h*c, h*h
	for i, q := range s.y[:r.n] {
		q += float64(ch * s.y[r.n+i])
		for j, x := range a {
			if x != 0 {
				q += float64(hh * x * r.k[j][r.n+i])
			}
		}
		dst[i] = q
	}
}

func (r *motion) step(s *Solver, h float64) {
	m, n := r.m, r.n
	Copy(s.at[n:], s.y[n:])
	for i := range m.c {
		switch {
		case i == 0 && m.fsal:
		case i == 0:
			s.eval(s.t, s.y, r.k[0])
		default:
			r.move(s, s.at, h, m.c[i], m.a[i])
			s.eval(s.t+float64(h*m.c[i]), s.at, r.k[i])
		}
	}
	r.move(s, s.y1, h, 1, m.b)
	for i := n; i < len(s.y); i++ {
		s.y1[i] = r.sum(s.y[i], i, h, m.bv)
	}
	if s.adaptive {
		for i := range n {
			s.e[i], s.e[n+i] = r.sum(0, n+i, h*h, m.e), r.sum(0, n+i, h, m.ev)
		}
	}
	if s.dense {
		r.bend(s, h)
	}
}

// sum is from + Σ (h w_j) k_j of component i.
func (r *motion) sum(from float64, i int, h float64, w []float64) float64 {
	sum := from
	for j, x := range w {
		if x != 0 {
			sum += float64(h * x * r.k[j][i])
		}
	}
	return sum
}

// bend makes the data of dense output: the polynomial through position, velocity and acceleration at both ends, and perhaps through the
// acceleration in the middle.
func (r *motion) bend(s *Solver, h float64) {
	m, n := r.m, r.n
	end := r.k[len(r.k)-1]
	if !m.fsal {
		end = r.end
		s.eval(s.t+h, s.y1, end)
	}
	for i := range n {
		r.data[0][i], r.data[4][i] = r.k[0][n+i], 0
		for p, w := range m.curve {
			last := len(w) - 1
			r.data[p+1][i] = r.sum(0, n+i, 1, w[:last]) + float64(w[last]*end[n+i])
		}
	}
	if !m.middle {
		return
	}
	r.along(s, 0.5, h, r.data[:4])
	s.eval(s.t+float64(h*0.5), s.at, r.end)
	for i := range n {
		d := r.data
		there := d[0][i] + float64(3*(d[1][i]+d[2][i])) + float64(2.5*d[3][i])
		more := float64(8.0 / 3 * (r.end[n+i] - there))
		d[1][i], d[2][i], d[3][i], d[4][i] = d[1][i]-more, d[2][i]+float64(3*more), d[3][i]-float64(3*more), more
	}
}

func (r *motion) handOn(s *Solver) {
	if r.m.fsal { // s.y is the new state already
		Copy(r.k[0], s.y[r.n:])
		Copy(r.k[0][r.n:], r.k[len(r.k)-1][r.n:])
	}
}

func (r *motion) inside(s *Solver, theta, h float64) {
	data := r.data
	if !r.m.middle {
		data = data[:4]
	}
	r.along(s, theta, h, data)
}

// along sets s.at to q + h θ (v + h θ (a/2 + θ (d0 + θ (d1 + …)))) and v + h θ (a + θ (3 d0 + θ (4 d1 + …))).
func (r *motion) along(s *Solver, theta, h float64, data [][]float64) {
	scale := h * theta
	for i := range r.n {
		last := len(data) - 1
		rise, slope := data[last][i], float64(float64(last+2)*data[last][i])
		for p := last - 1; p > 0; p-- {
			d := data[p][i]
			rise, slope = d+float64(theta*rise), float64(float64(p+2)*d)+float64(theta*slope)
		}
		a, v := data[0][i], s.y[r.n+i]
		rise, slope = float64(0.5*a)+float64(theta*rise), a+float64(theta*slope)
		s.at[i] = s.y[i] + float64(scale*(v+float64(scale*rise)))
		s.at[r.n+i] = v + float64(scale*slope)
	}
}

func (r *motion) memory() [][]float64 {
	if r.m.fsal {
		return r.k[:1]
	}
	return nil
}
