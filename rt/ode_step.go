package rt

import "math"

// stepper is a solve on its way.
type stepper struct {
	m            *tableau
	f            Field
	o            *SolveOptions
	t, t0, t1    float64
	y, y1, e, at []float64   // as long as y0
	k            [][]float64 // stages, parts of stages
	stages4      []float64   // all stages, each with room for whole groups of four
	room         int         // of a stage
	adaptive     bool
	sums         stageSums
	st           SolveStats
	out          *Solution
	times        []float64 // output times that are still to come
	all          bool      // output at every step instead
	dense        bool      // steps have the stages of dense output

	stops []float64 // times that are still to come at which steps end
	gap   float64   // what steps keep from them
	es    []SolveEvent
	ev    EventSearch
}

// stageSums are the weights of a method without their zeros: of the stages, of the new state, of the error.
type stageSums struct {
	a    [][]weight
	b, e []weight
	need []bool // of the stages, what new state and perhaps error are computed from
}

// weight is that of the stage that begins at a place of stepper.stages4.
type weight struct {
	at int
	x  float64
}

func weights(xs []float64, room int) []weight {
	var ws []weight
	for j, x := range xs {
		if x != 0 {
			ws = append(ws, weight{j * room, x})
		}
	}
	return ws
}

func newStepper(m *tableau, f Field, y0 []float64, t0, t1 float64, o *SolveOptions) *stepper {
	n := len(y0)
	// Vectors have room for whole groups of four, in which sums are computed.
	room := (n + 3) &^ 3
	memory := make([]float64, room*(len(m.a)+4))
	stages := memory[:room*len(m.a)]
	memory = memory[len(stages):]
	vec := func() []float64 {
		v := memory[:n:room]
		memory = memory[room:]
		return v
	}
	s := &stepper{m: m, f: f, o: o, t: t0, t0: t0, t1: t1, y: vec(), y1: vec(), e: vec(), at: vec(),
		stages4: stages, room: room, st: SolveStats{Time: t0}, out: &Solution{}, times: o.At, all: o.At == nil}
	copy(s.y, y0)
	for i := range m.a {
		s.k = append(s.k, stages[i*room:i*room+n])
	}
	s.adaptive = o.adaptive(m)
	s.dense = !s.all || len(o.Events) > 0
	s.sums.need = m.needed(s.adaptive)
	for _, row := range m.a {
		s.sums.a = append(s.sums.a, weights(row, room))
	}
	s.sums.b, s.sums.e = weights(m.b, room), weights(m.e, room)
	if s.all {
		s.save(t0, y0)
	}
	for len(s.times) > 0 && s.times[0] == t0 {
		s.save(t0, y0)
		s.times = s.times[1:]
	}
	s.armEvents()
	return s
}

func (s *stepper) save(t float64, y []float64) {
	s.out.T = append(s.out.T, t)
	s.out.Y = append(s.out.Y, append([]float64(nil), y...))
}

func (s *stepper) eval(t float64, y, dy []float64) {
	s.f(t, y, dy)
	s.st.NFE++
}

// combine sets dst to base + Σ (h w_j) k_j; a nil base is zero.
func (s *stepper) combine(dst, base []float64, h float64, ws []weight) {
	dst, stages := dst[:s.room], s.stages4
	for i := 0; i+4 <= len(dst); i += 4 {
		var a0, a1, a2, a3 float64
		if base != nil {
			b := (*[4]float64)(base[i : i+4])
			a0, a1, a2, a3 = b[0], b[1], b[2], b[3]
		}
		for _, w := range ws {
			c := h * w.x
			r := (*[4]float64)(stages[w.at+i:])
			a0 += float64(c * r[0])
			a1 += float64(c * r[1])
			a2 += float64(c * r[2])
			a3 += float64(c * r[3])
		}
		d := (*[4]float64)(dst[i:])
		d[0], d[1], d[2], d[3] = a0, a1, a2, a3
	}
}

// step computes y1 from the stages, the error e where steps are chosen, and the stages of dense output
// where states inside of steps are asked for. Of FSAL methods the first stage is there already.
func (s *stepper) step(h float64) {
	m := s.m
	first, last := 0, len(m.b)
	if m.fsal {
		first, last = 1, last-1
	}
	s.stages(first, last, h)
	s.combine(s.y1, s.y, h, s.sums.b)
	if m.fsal {
		s.eval(s.t+h, s.y1, s.k[last])
	}
	if s.adaptive {
		s.combine(s.e, nil, h, s.sums.e)
	}
	if s.dense {
		s.stages(len(m.b), len(m.a), h)
	}
}

// stages evaluates the stages from first to last that are needed.
func (s *stepper) stages(first, last int, h float64) {
	for i := first; i < last; i++ {
		if i < len(s.sums.need) && !s.sums.need[i] {
			continue
		}
		s.combine(s.at, s.y, h, s.sums.a[i])
		s.eval(s.t+float64(h*s.m.c[i]), s.at, s.k[i])
	}
}

// handOn makes the last stage of an FSAL method the first of the next step.
func (s *stepper) handOn() {
	if s.m.fsal {
		copy(s.k[0], s.k[len(s.m.b)-1])
	}
}

// slope makes the first stage of an FSAL method anew.
func (s *stepper) slope() {
	if s.m.fsal {
		s.eval(s.t, s.y, s.k[0])
	}
}

// inside sets at to the state at t + theta h.
func (s *stepper) inside(theta, h float64) {
	copy(s.at, s.y)
	scale := h * theta
	for _, w := range s.m.dense {
		for j, x := range w {
			c := scale * x
			for i, k := range s.k[j] {
				s.at[i] += float64(c * k)
			}
		}
		scale *= theta
	}
}

// accept moves to y1 at time next, h after t, or to the first events in the step, and gives the output that lies
// between. It reports whether events have cut the step; when they do not end, the step is not taken.
func (s *stepper) accept(next, h float64) (cut bool) {
	if len(s.es) > 0 {
		s.look(next, h)
		if s.ev.Endless() {
			s.st.Fail(MaxEvents, s.t, h)
			return false
		}
		if cut = s.ev.Hit; cut {
			next = s.ev.Time
		}
	}
	s.st.Accepted++
	for len(s.times) > 0 && (s.times[0]-next)*(s.t1-s.t0) <= 0 && !(cut && s.times[0] == next) {
		switch s.times[0] {
		case next:
			s.save(next, s.y1)
		case s.t:
			s.save(s.t, s.y)
		default:
			s.inside((s.times[0]-s.t)/h, h)
			s.save(s.times[0], s.at)
		}
		s.times = s.times[1:]
	}
	switch {
	case cut && s.ev.End < 1:
		s.inside(s.ev.End, h)
		s.y1, s.at = s.at, s.y1
	case (next-s.t1)*(s.t1-s.t0) > 0: // past the end
		s.inside((s.t1-s.t)/h, h)
		next = s.t1
		s.y1, s.at = s.at, s.y1
	}
	s.y, s.y1 = s.y1, s.y
	s.t, s.st.Time = next, next
	if s.all {
		s.save(s.t, s.y)
	}
	if cut {
		s.happen()
	}
	return cut
}

// first is the length of the first step (Hairer, Nørsett, Wanner I, section II.4), with exponent
// 1/order; the stages but the first are free for its use.
func (s *stepper) first(dir float64) float64 {
	k := s.k[0]
	d0, d1 := s.norm(s.y, s.y, s.y), s.norm(k, s.y, s.y)
	h0 := 0.01 * d0 / d1
	if d0 < 1e-5 || d1 < 1e-5 {
		h0 = 1e-6
	}
	h := dir * h0
	for i, y := range s.y {
		s.at[i] = y + float64(h*k[i])
	}
	s.eval(s.t0+h, s.at, s.k[1])
	for i, f := range s.k[1] {
		s.at[i] = f - k[i]
	}
	d := max(d1, s.norm(s.at, s.y, s.y)/h0)
	h1 := max(1e-6, 1e-3*h0)
	if d > 1e-15 || d != d {
		q := s.m.order
		if s.o.Compat == "torchdyn" {
			q++
		}
		h1 = Pow64(0.01/d, 1/float64(q))
	}
	return min(100*h0, h1)
}

// norm is the root mean square, or the largest, of e / (atol + rtol max(|y|, |y1|)).
func (s *stepper) norm(e, y, y1 []float64) float64 {
	rtol, atol := s.o.RTol, s.o.ATol
	sum, most := 0.0, 0.0
	for i, x := range e {
		if s.o.ATols != nil {
			atol = s.o.ATols[i]
		}
		r := x / (atol + float64(rtol*max(math.Abs(y[i]), math.Abs(y1[i]))))
		sum += float64(r * r)
		most = max(most, math.Abs(r))
	}
	if s.o.MaxNorm {
		return most
	}
	return math.Sqrt(sum / float64(len(e)))
}
