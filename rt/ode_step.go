package rt

// scheme makes the steps of a method.
type scheme interface {
	// begin readies the first step from the state at s.t, at the start and where the field has jumped since the
	// last step. It gives the field there, nil where it was not evaluated.
	begin(s *Solver) []float64
	// step computes s.y1 from s.y, where steps are chosen s.e too, and where s.dense says so what inside needs.
	step(s *Solver, h float64)
	// handOn readies the next step, from s.y1 before it became s.y.
	handOn(s *Solver)
	// inside sets s.at to the state at the place theta of the step of length h from s.y.
	inside(s *Solver, theta, h float64)
	// memory lists what is handed on.
	memory() [][]float64
}

// rungeKutta makes the steps of a tableau.
type rungeKutta struct {
	m       *tableau
	k       [][]float64  // stages
	stages4 []float64    // all of them, each with room for whole groups of four
	small   [][4]float64 // the same, of systems of up to three components
	zeros   []float64    // as long as a state
	room    int          // of a stage
	stages  []stage      // that a step evaluates
	inner   []stage      // that dense output evaluates besides
	b, e    stageSum     // of the new state, of the error
}

// stage is one that a step evaluates.
type stage struct {
	at stageSum // where, in the states
	c  float64  // and in time
	k  []float64
}

// stageSum are the weights of a sum of stages without their zeros, in two forms.
type stageSum struct {
	weights []weight
	terms   []term // of systems of up to three components
}

// weight is that of the stage that begins at a place of rungeKutta.stages4.
type weight struct {
	at int
	x  float64
}

// term is the weight of a stage.
type term struct {
	k *[4]float64
	x float64
}

// sum is the sum with these weights.
func (r *rungeKutta) sum(xs []float64) (s stageSum) {
	if r.small != nil {
		s.terms = make([]term, 0, len(xs))
	} else {
		s.weights = make([]weight, 0, len(xs))
	}
	for j, x := range xs {
		switch {
		case x == 0:
		case r.small != nil:
			s.terms = append(s.terms, term{&r.small[j], x})
		default:
			s.weights = append(s.weights, weight{j * r.room, x})
		}
	}
	return s
}

func newRungeKutta(m *tableau, s *Solver) scheme {
	n := len(s.y)
	r := &rungeKutta{m: m, zeros: make([]float64, n, cap(s.y)), room: cap(s.y), k: make([][]float64, 0, len(m.a)), stages: make([]stage, 0, len(m.a))}
	if n <= 3 {
		r.small = make([][4]float64, len(m.a))
		for i := range r.small {
			r.k = append(r.k, r.small[i][:n])
		}
	} else {
		r.stages4 = make([]float64, r.room*len(m.a))
	}
	for i := len(r.k); i < len(m.a); i++ {
		r.k = append(r.k, r.stages4[i*r.room:i*r.room+n])
	}
	e := m.e
	if s.o.Compat != "" && m.whole != nil {
		e = m.whole
	}
	step := m.needed(m.b)
	if s.adaptive {
		step = m.needed(m.b, e)
	}
	inside := m.needed(m.dense...)
	for i, row := range m.a {
		st := stage{r.sum(row), m.c[i], r.k[i]}
		switch {
		case m.fsal && (i == 0 || i == len(m.b)-1):
		case step[i]:
			r.stages = append(r.stages, st)
		case inside[i]:
			r.inner = append(r.inner, st)
		}
	}
	r.b, r.e = r.sum(m.b), r.sum(e)
	return r
}

func (r *rungeKutta) begin(s *Solver) []float64 {
	if !r.m.fsal {
		return nil
	}
	s.eval(s.t, s.y, r.k[0])
	return r.k[0]
}

// Of FSAL methods the first stage is there already.
func (r *rungeKutta) step(s *Solver, h float64) {
	if r.small != nil {
		r.step3(s, h)
		return
	}
	r.evaluate(s, r.stages, h)
	r.combine(s.y1, s.y, h, r.b.weights)
	if r.m.fsal {
		s.eval(s.t+h, s.y1, r.k[len(r.m.b)-1])
	}
	if s.adaptive {
		r.combine(s.e, r.zeros, h, r.e.weights)
	}
	if s.dense {
		r.evaluate(s, r.inner, h)
	}
}

func (r *rungeKutta) evaluate(s *Solver, stages []stage, h float64) {
	for i := range stages {
		st := &stages[i]
		r.combine(s.at, s.y, h, st.at.weights)
		s.eval(s.t+float64(h*st.c), s.at, st.k)
	}
}

// step3 is step of up to three components.
func (r *rungeKutta) step3(s *Solver, h float64) {
	y, y1, at := (*[4]float64)(s.y[:4]), (*[4]float64)(s.y1[:4]), (*[4]float64)(s.at[:4])
	evaluate := func(stages []stage) {
		for i := range stages {
			st := &stages[i]
			combine3(at, y, h, st.at.terms)
			s.f(s.t+float64(h*st.c), s.at, st.k)
		}
		s.st.NFE += len(stages)
	}
	evaluate(r.stages)
	combine3(y1, y, h, r.b.terms)
	if r.m.fsal {
		s.eval(s.t+h, s.y1, r.k[len(r.m.b)-1])
	}
	if s.adaptive {
		combine3((*[4]float64)(s.e[:4]), &[4]float64{}, h, r.e.terms)
	}
	if s.dense && len(r.inner) > 0 {
		evaluate(r.inner)
	}
}

// combine sets dst to base + Σ (h w_j) k_j, from left to right, of more than three components: in groups of four.
func (r *rungeKutta) combine(dst, base []float64, h float64, ws []weight) {
	n := len(dst)
	full := n &^ 3
	if full < 8 || !combineKernel(dst[:full], base[:full], r.stages4, ws, h) {
		for i := 0; i < full; i += 4 {
			stages, b, d := r.stages4[i:], (*[4]float64)(base[i:]), (*[4]float64)(dst[i:])
			a0, a1, a2, a3 := b[0], b[1], b[2], b[3]
			for j := range ws {
				w := &ws[j]
				c, k := h*w.x, (*[4]float64)(stages[w.at:])
				a0 += float64(c * k[0])
				a1 += float64(c * k[1])
				a2 += float64(c * k[2])
				a3 += float64(c * k[3])
			}
			d[0], d[1], d[2], d[3] = a0, a1, a2, a3
		}
	}
	// What is left is less than four.
	stages := r.stages4[full:]
	switch n - full {
	case 1:
		a0 := base[full]
		for j := range ws {
			w := &ws[j]
			a0 += float64(h * w.x * stages[w.at])
		}
		dst[full] = a0
	case 2:
		b, d := (*[2]float64)(base[full:]), (*[2]float64)(dst[full:])
		a0, a1 := b[0], b[1]
		for j := range ws {
			w := &ws[j]
			c, k := h*w.x, (*[2]float64)(stages[w.at:])
			a0 += float64(c * k[0])
			a1 += float64(c * k[1])
		}
		d[0], d[1] = a0, a1
	case 3:
		b, d := (*[3]float64)(base[full:]), (*[3]float64)(dst[full:])
		a0, a1, a2 := b[0], b[1], b[2]
		for j := range ws {
			w := &ws[j]
			c, k := h*w.x, (*[3]float64)(stages[w.at:])
			a0 += float64(c * k[0])
			a1 += float64(c * k[1])
			a2 += float64(c * k[2])
		}
		d[0], d[1], d[2] = a0, a1, a2
	}
}

// combine3 is combine of up to three components, four terms at a time.
func combine3(dst, base *[4]float64, h float64, ts []term) {
	a0, a1, a2 := base[0], base[1], base[2]
	for ; len(ts) >= 4; ts = ts[4:] {
		c, d, e, f, k, l, m, n := h*ts[0].x, h*ts[1].x, h*ts[2].x, h*ts[3].x, ts[0].k, ts[1].k, ts[2].k, ts[3].k
		a0 = a0 + float64(c*k[0]) + float64(d*l[0]) + float64(e*m[0]) + float64(f*n[0])
		a1 = a1 + float64(c*k[1]) + float64(d*l[1]) + float64(e*m[1]) + float64(f*n[1])
		a2 = a2 + float64(c*k[2]) + float64(d*l[2]) + float64(e*m[2]) + float64(f*n[2])
	}
	if len(ts) >= 2 {
		c, d, k, l := h*ts[0].x, h*ts[1].x, ts[0].k, ts[1].k
		a0 = a0 + float64(c*k[0]) + float64(d*l[0])
		a1 = a1 + float64(c*k[1]) + float64(d*l[1])
		a2 = a2 + float64(c*k[2]) + float64(d*l[2])
		ts = ts[2:]
	}
	if len(ts) > 0 {
		c, k := h*ts[0].x, ts[0].k
		a0 += float64(c * k[0])
		a1 += float64(c * k[1])
		a2 += float64(c * k[2])
	}
	dst[0], dst[1], dst[2] = a0, a1, a2
}

// handOn makes the last stage of an FSAL method the first of the next step.
func (r *rungeKutta) handOn(*Solver) {
	switch {
	case !r.m.fsal:
	case r.small != nil:
		first, last := &r.small[0], &r.small[len(r.m.b)-1]
		first[0], first[1], first[2] = last[0], last[1], last[2]
	default:
		Copy(r.k[0], r.k[len(r.m.b)-1])
	}
}

func (r *rungeKutta) inside(s *Solver, theta, h float64) {
	Copy(s.at, s.y)
	scale := h * theta
	for _, w := range r.m.dense {
		for j, x := range w {
			c := scale * x
			for i, k := range r.k[j] {
				s.at[i] += float64(c * k)
			}
		}
		scale *= theta
	}
}

func (r *rungeKutta) memory() [][]float64 {
	if r.m.fsal {
		return r.k[:1]
	}
	return nil
}

// composition makes the steps of a splitting, of leapfrog steps. Positions are moved, the other
// components kicked.
type composition struct {
	leaps     []leap
	positions int
	k         []float64    // the field at the start of a step, of which what kicks counts
	next      []float64    // at its end
	ends      [2][]float64 // for dense output: the field at both ends
}

func newComposition(m *splitting, s *Solver) scheme {
	vector := vectors(len(s.y))
	return &composition{leaps: m.leaps, positions: s.o.Positions, k: vector(), next: vector(), ends: [2][]float64{vector(), vector()}}
}

func (l *composition) begin(s *Solver) []float64 {
	s.eval(s.t, s.y, l.k)
	return l.k
}

func (l *composition) step(s *Solver, h float64) {
	y, p := s.y1, l.positions
	Copy(y, s.y)
	k := l.k
	for _, w := range l.leaps {
		kick := h * (w.length / 2)
		for i := p; i < len(y); i++ {
			y[i] += float64(kick * k[i])
		}
		k = l.next
		s.eval(s.t+float64(h*w.middle), y, k)
		move := h * w.length
		for i := range p {
			y[i] += float64(move * k[i])
		}
		s.eval(s.t+float64(h*w.end), y, k)
		for i := p; i < len(y); i++ {
			y[i] += float64(kick * k[i])
		}
	}
	if s.dense {
		s.eval(s.t, s.y, l.ends[0])
		s.eval(s.t+h, y, l.ends[1])
	}
}

func (l *composition) handOn(*Solver) { l.k, l.next = l.next, l.k }

// inside is the cubic through the states and derivatives at both ends.
func (l *composition) inside(s *Solver, theta, h float64) {
	for i, y := range s.y {
		k0, k1 := l.ends[0][i], l.ends[1][i]
		slope, sum := (s.y1[i]-y)/h, k0+k1
		d2, d3 := float64(3*slope)-k0-sum, sum-float64(2*slope)
		d := k0 + float64(theta*(d2+float64(theta*d3)))
		s.at[i] = y + float64(h*theta*d)
	}
}

func (l *composition) memory() [][]float64 { return [][]float64{l.k} }

// leapfrogs makes the steps of the asynchronous leapfrog, damped by eta, with the velocity v as memory (Mutze 2013; Zhuang et
// al. 2021). The error is against Euler's step y + h v.
type leapfrogs struct {
	eta  float64
	v, u []float64 // at the start, at the end
}

func newLeapfrogs(s *Solver) scheme {
	vector := vectors(len(s.y))
	l := &leapfrogs{eta: s.o.Param, v: vector(), u: vector()}
	return l
}

func (l *leapfrogs) begin(s *Solver) []float64 {
	s.eval(s.t, s.y, l.v)
	return nil // a first step is chosen from the field, not from memory, as in compiled solves
}

func (l *leapfrogs) step(s *Solver, h float64) {
	half, damp := h*0.5, 2*l.eta
	for i, y := range s.y {
		s.at[i] = y + float64(half*l.v[i])
	}
	s.eval(s.t+half, s.at, l.u)
	for i, v := range l.v {
		v1 := v + float64(damp*(l.u[i]-v))
		l.u[i] = v1
		s.y1[i] = s.at[i] + float64(half*v1)
		s.e[i] = half * (v1 - v)
	}
}

func (l *leapfrogs) handOn(*Solver) { l.v, l.u = l.u, l.v }

func (l *leapfrogs) inside(s *Solver, theta, h float64) { slopes(s, l.v, l.u, theta, h) }

func (l *leapfrogs) memory() [][]float64 { return [][]float64{l.v} }

// slopes sets s.at to the quadratic that starts with slope m and ends with the mean of m and m1.
func slopes(s *Solver, m, m1 []float64, theta, h float64) {
	scale := h * theta
	for i, y := range s.y {
		d := m[i] + float64(theta*float64(0.5*(m1[i]-m[i])))
		s.at[i] = y + float64(scale*d)
	}
}

// reversibleHeun makes the steps of the reversible Heun method (Kidger, Foster, Li, Lyons 2021). Memory is a second
// solution z and the field k at it. The error is against Euler's step y + h k.
type reversibleHeun struct {
	z, k, z1, k1 []float64
}

func newReversibleHeun(s *Solver) scheme {
	vector := vectors(len(s.y))
	return &reversibleHeun{vector(), vector(), vector(), vector()}
}

func (r *reversibleHeun) begin(s *Solver) []float64 {
	Copy(r.z, s.y)
	s.eval(s.t, s.y, r.k)
	return nil
}

func (r *reversibleHeun) step(s *Solver, h float64) {
	for i, y := range s.y {
		r.z1[i] = float64(2*y) - r.z[i] + float64(h*r.k[i])
	}
	s.eval(s.t+h, r.z1, r.k1)
	half := h * 0.5
	for i, y := range s.y {
		s.y1[i] = y + float64(half*(r.k[i]+r.k1[i]))
		s.e[i] = half * (r.k1[i] - r.k[i])
	}
}

func (r *reversibleHeun) handOn(*Solver) {
	r.z, r.z1 = r.z1, r.z
	r.k, r.k1 = r.k1, r.k
}

func (r *reversibleHeun) inside(s *Solver, theta, h float64) { slopes(s, r.k, r.k1, theta, h) }

func (r *reversibleHeun) memory() [][]float64 { return [][]float64{r.z, r.k} }
