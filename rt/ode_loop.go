package rt

import (
	"math"
	"slices"
)

// halts readies the times at which steps end.
func (s *Solver) halts() {
	if len(s.o.StepAt) == 0 {
		return
	}
	stops := Copied(nil, s.o.StepAt)
	slices.Sort(stops)
	if s.t1 < s.t0 {
		slices.Reverse(stops)
	}
	s.stops, s.gap, s.t = Stops(stops, s.t0, s.t1)
	switch s.by.(type) {
	case *leapfrogs, *reversibleHeun: // whose memory begins at the inner side of the start, as that of compiled solves does
		s.t = s.t0 + s.gap
	}
}

// goal is the time at which a step has to end, where the next stop lies before end.
func (s *Solver) goal(end float64) (goal float64, stop bool) {
	for len(s.stops) > 0 && (s.stops[0]-s.gap-s.gap-s.t)*s.dir <= 0 {
		s.stops = s.stops[1:]
	}
	if len(s.stops) > 0 && (end+s.gap-s.stops[0])*s.dir >= 0 {
		return s.stops[0] - s.gap, true
	}
	return end, false
}

// pass goes on at the other side of a stop.
func (s *Solver) pass() {
	s.t += s.gap
	s.stops = s.stops[1:]
	s.by.begin(s)
}

// march takes a step of given length, or a piece of one.
func (s *Solver) march() {
	a := s.multistep
	first := a != nil && !a.filled
	whole := first && !s.pieces
	if whole {
		s.k += min(a.span(), s.n-s.k) - 1
	}
	next := s.t0 + float64(float64(s.k+1)*s.length)
	if s.k == s.n-1 {
		next = s.t1
	}
	goal, stop := s.goal(next)
	h := s.length
	if stop || s.pieces || first || s.o.Steps == 0 && s.k == s.n-1 {
		h, first = goal-s.t, a != nil
	}
	if a != nil {
		a.starts = first
		a.filled = !stop && (whole || a.filled && !first)
	}
	s.by.step(s, h)
	if !Finite(s.y1) {
		s.st.Fail(NonFinite, s.t, h)
		return
	}
	end := next
	if stop {
		next = s.stops[0]
	}
	cut := s.accept(next, h)
	if s.st.Status != OK {
		return
	}
	s.pieces = cut || stop
	s.k++
	switch {
	case cut:
		if (end-s.t)*s.dir > 0 {
			s.k-- // the rest of the step
		}
		s.by.begin(s)
	case stop:
		if (end-s.gap-s.t)*s.dir > 0 {
			s.k--
		}
		s.pass()
	default:
		s.by.handOn(s)
	}
}

// adapt attempts steps until one has an error below the tolerances.
func (s *Solver) adapt() {
	o, c, dir := &s.o, &s.control, s.dir
	for {
		h := s.h
		if o.MaxStep > 0 {
			h = dir * min(dir*h, o.MaxStep)
		}
		if o.MinStep > 0 {
			h = dir * max(dir*h, o.MinStep)
		}
		goal, stop := s.t1, false
		if len(s.stops) > 0 {
			goal, stop = s.goal(s.t1)
		}
		var last bool
		switch o.Compat {
		case "torchdyn":
			last = (s.t+h-goal)*dir >= 0
		case "":
			last = (s.t+float64(1.01*h)-goal)*dir >= 0
		}
		uncut := h
		if last {
			h = goal - s.t
		}
		if s.st.Accepted+s.st.Rejected == o.MaxSteps {
			s.st.Fail(MaxSteps, s.t, h)
			return
		}
		if !(last || LongEnough(h, s.t, s.t1)) {
			s.st.Fail(TooSmall(s.err, h), s.t, h)
			return
		}
		s.by.step(s, h)
		err, square := s.norms(s.e, s.y, s.y1)
		if !Finite(s.y1) {
			err = math.NaN() // an error is nothing beside an infinite state
		}
		s.err = err
		factor := c.factor(err, square, h)
		if !(err <= 1) && !(dir*h <= o.MinStep && err-err == 0) { // also a NaN
			s.st.Rejected++
			s.rejected = true
			if !finite(err) {
				factor = c.min
			}
			s.h = h * min(factor, 1)
			if o.Context != nil && o.Context.Err() != nil {
				s.st.Fail(Stopped, s.t, h)
				return
			}
			continue
		}
		next := s.t + h
		switch {
		case last && stop:
			next = s.stops[0]
		case last:
			next = s.t1
		}
		cut := s.accept(next, h)
		if s.st.Status != OK {
			return
		}
		if s.rejected && o.Compat == "" {
			factor = min(factor, 1)
		}
		s.rejected = false
		s.h = h * factor
		c.accepted(err, h)
		switch {
		case cut:
			c.forget()
			s.by.begin(s)
		case last && stop:
			c.forget()
			s.pass()
			s.h = Longer(s.h, uncut)
		default:
			s.by.handOn(s)
		}
		return
	}
}

// first is the length of the first step (Hairer, Nørsett, Wanner I, section II.4), with exponent
// 1/order. k is the field at the start.
func (s *Solver) first(k []float64) float64 {
	d0, d1 := s.norm(s.y, s.y, s.y), s.norm(k, s.y, s.y)
	h0 := 0.01 * d0 / d1
	if d0 < 1e-5 || d1 < 1e-5 {
		h0 = 1e-6
	}
	if span := math.Abs(s.t1 - s.t0); 0 < span && span < h0 && s.o.Compat == "" {
		h0 = span // nobody says that the field is defined behind it
	}
	h := s.dir * h0
	for i, y := range s.y {
		s.at[i] = y + float64(h*k[i])
	}
	slope := s.spare[1]
	s.eval(s.t0+h, s.at, slope)
	for i, f := range slope {
		s.at[i] = f - k[i]
	}
	d := max(d1, s.norm(s.at, s.y, s.y)/h0)
	h1 := max(1e-6, 1e-3*h0)
	if d > 1e-15 || d != d {
		q := s.method.Order
		if s.o.Compat == "torchdyn" {
			q++
		}
		h1 = Pow64(0.01/d, 1/float64(q))
	}
	return min(100*h0, h1)
}

// norm is the root mean square, or the largest, of e / (atol + rtol max(|y|, |y1|)).
func (s *Solver) norm(e, y, y1 []float64) float64 {
	x, _ := s.norms(e, y, y1)
	return x
}

// norms are the norm and its square, to rounding.
func (s *Solver) norms(e, y, y1 []float64) (norm, square float64) {
	rtol, atol := s.o.RTol, s.o.ATol
	y, y1 = y[:len(e)], y1[:len(e)]
	sum, most := 0.0, 0.0
	if s.o.ATols == nil && s.o.RTols == nil && !s.o.MaxNorm {
		if len(e) == 3 {
			a, b, c := e[0]/(atol+float64(rtol*larger(y[0], y1[0]))), e[1]/(atol+float64(rtol*larger(y[1], y1[1]))), e[2]/(atol+float64(rtol*larger(y[2], y1[2])))
			sum = float64(a*a) + float64(b*b) + float64(c*c)
			return math.Sqrt(sum / 3), sum * (1.0 / 3)
		}
		for i, x := range e {
			r := x / (atol + float64(rtol*larger(y[i], y1[i])))
			sum += float64(r * r)
		}
		sum /= float64(len(e))
		return math.Sqrt(sum), sum
	}
	for i, x := range e {
		if s.o.ATols != nil {
			atol = s.o.ATols[i]
		}
		if s.o.RTols != nil {
			rtol = s.o.RTols[i]
		}
		r := x / (atol + float64(rtol*larger(y[i], y1[i])))
		sum += float64(r * r)
		most = max(most, math.Abs(r))
	}
	if s.o.MaxNorm {
		return most, most * most
	}
	sum /= float64(len(e))
	return math.Sqrt(sum), sum
}

// larger is the larger size of x and y, NaN if one of them is: without signs the order of floats is that of their bits, and a NaN
// is above all numbers.
func larger(x, y float64) float64 {
	const sign = 1 << 63
	return math.Float64frombits(max(math.Float64bits(x)&^sign, math.Float64bits(y)&^sign))
}

// armEvents readies the events at the start.
func (s *Solver) armEvents() {
	s.listEvents()
	s.guards(s.t0, s.y)
	s.ev.Start(s.es, s.t0, s.t1)
}

func (s *Solver) listEvents() {
	for _, e := range s.o.Events {
		s.es = append(s.es, SolveEvent{Kind: e.Kind, Length: e.Every})
	}
	s.ev = EventSearch{Tol: s.o.EventTol, Max: s.o.EventMax}
}

func (s *Solver) guards(t float64, y []float64) {
	for i := range s.es {
		if g := s.o.Events[i].Guard; s.es[i].Kind != Every {
			s.es[i].G = g(t, y)
		}
	}
}

// look finds the first events in the step to next.
func (s *Solver) look(next, h float64) {
	for s.ev.Step(s.es, s.t, h, next); s.ev.Next(s.es); {
		if s.ev.At == 1 {
			s.guards(next, s.y1)
			continue
		}
		s.by.inside(s, s.ev.At, h)
		s.guards(s.ev.Time, s.at)
	}
}

// happen makes the events that were found happen at t, in a step that was to be h long.
func (s *Solver) happen(h float64) {
	Copy(s.at, s.y)
	for i := range s.es {
		if !s.es[i].Fires() {
			continue
		}
		e := &s.o.Events[i]
		s.out.Events = append(s.out.Events, Fired{Step: s.st.Accepted - 1, Event: i, T: s.t})
		if e.Reset != nil {
			e.Reset(s.t, s.y)
		}
		if e.Stop {
			s.st.Status = EventStop
		}
	}
	if !Finite(s.y) {
		s.st.Fail(NonFinite, s.t, h)
		Copy(s.y, s.at)
		return
	}
	if s.all {
		s.save(s.t, s.y)
	}
	if s.st.Status != EventStop {
		s.guards(s.t, s.y)
		s.ev.Again(s.es, s.t)
	}
}
