package rt

// adamsWeights are the weights of the field at some places in the integral of the polynomial through them: over a whole
// step, and up to a place theta of it, as coefficients of 1, u, u², … with u = theta - 1/2.
type adamsWeights struct {
	end    []float64
	inside [][]float64
}

// adams makes the steps of the methods of Adams (Hairer, Nørsett, Wanner I, section III.1). They remember the field at the last
// places of the grid. A first step, over all of these but one, fills the memory by steps of the extrapolated midpoint rule.
type adams struct {
	corrections int           // of the prediction
	past, ahead *adamsWeights // through the memory; of what is corrected, through the field at the end too
	first       *adamsWeights // through the memory at the end of a first step
	starter     *tableau
	field       [][]float64 // at the end of the present step, then the memory, newest first
	k           [][]float64 // stages of the starter
	from, to    []float64   // its states
	filled      bool        // the memory is that of steps of the present length
	starts      bool        // the present step is a first one
}

// newAdams is adams_bashforth of an order without corrections, else adams_moulton.
func newAdams(order, corrections int, s *Solver) *adams {
	a := &adams{corrections: corrections, starter: &adamsStarters[(order+1)/2-1]}
	places := order
	if corrections > 0 {
		places = max(2, order-1)
		a.ahead = &adamsAhead[order-2]
	}
	a.past, a.first = &adamsPast[places-2], &adamsFirst[places-2]
	vector := vectors(len(s.y))
	for range places + 1 {
		a.field = append(a.field, vector())
	}
	for range a.starter.a {
		a.k = append(a.k, vector())
	}
	a.from, a.to = vector(), vector()
	return a
}

// span is the number of steps of the grid that a first step goes over, where there are so many.
func (a *adams) span() int { return len(a.field) - 2 }

// begin forgets the memory.
func (a *adams) begin(*Solver) []float64 {
	a.filled = false
	return nil
}

func (a *adams) step(s *Solver, h float64) {
	if a.starts {
		a.start(s, h)
		return
	}
	end := s.t + h
	summed(s.y1, s.y, h, a.past.end, a.field[1:])
	s.eval(end, s.y1, a.field[0])
	for range a.corrections {
		summed(s.y1, s.y, h, a.ahead.end, a.field)
		s.eval(end, s.y1, a.field[0])
	}
}

// start makes a first step of length h.
func (a *adams) start(s *Solver, h float64) {
	n := a.span()
	short, t := h/float64(n), s.t
	Copy(a.from, s.y)
	for i := range n {
		for j, row := range a.starter.a {
			y := a.from
			if len(row) > 0 {
				y = s.at
				summed(y, a.from, short, row, a.k)
			}
			s.eval(t+float64(short*a.starter.c[j]), y, a.k[j])
		}
		Copy(a.field[n-i], a.k[0])
		summed(a.to, a.from, short, a.starter.b, a.k)
		a.from, a.to = a.to, a.from
		t += short
	}
	Copy(s.y1, a.from)
	s.eval(s.t+h, s.y1, a.field[0])
}

// handOn makes the field at the end the newest of the memory.
func (a *adams) handOn(*Solver) {
	last := len(a.field) - 1
	oldest := a.field[last]
	Copy(a.field[1:], a.field[:last])
	a.field[0] = oldest
}

// inside is the integral of the polynomial through the field, and theta times what that lacks of the new state at the end.
func (a *adams) inside(s *Solver, theta, h float64) {
	by, field := a.past, a.field[1:]
	switch {
	case a.starts:
		by, field = a.first, a.field
	case a.corrections > 0:
		by, field = a.ahead, a.field
	}
	u := theta - 0.5
	Copy(s.at, s.y)
	for j, row := range by.inside {
		w := row[len(row)-1]
		for p := len(row) - 2; p >= 0; p-- {
			w = row[p] + float64(u*w)
		}
		w *= h
		for i, k := range field[j] {
			s.at[i] += float64(w * k)
		}
	}
	whole := a.to
	summed(whole, s.y, h, by.end, field)
	for i, y1 := range s.y1 {
		s.at[i] += float64(theta * (y1 - whole[i]))
	}
}

func (a *adams) memory() [][]float64 { return a.field[1:] }

// summed sets dst to base + Σ (h w_j) k_j, from left to right, without weights that are zero.
func summed(dst, base []float64, h float64, w []float64, k [][]float64) {
	for i, y := range base {
		for j, x := range w {
			if x != 0 {
				y += float64(h * x * k[j][i])
			}
		}
		dst[i] = y
	}
}
