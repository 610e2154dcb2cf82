package rt

import (
	"math"
	"slices"
)

// halts readies the times at which steps end.
func (s *stepper) halts() {
	if len(s.o.StepAt) == 0 {
		return
	}
	stops := slices.Clone(s.o.StepAt)
	slices.Sort(stops)
	if s.t1 < s.t0 {
		slices.Reverse(stops)
	}
	var begin float64
	s.stops, s.gap, begin = Stops(stops, s.t0, s.t1)
	s.t = begin // only the field is seen there
}

// goal is the time at which a step has to end, where the next stop lies before end.
func (s *stepper) goal(end float64) (goal float64, stop bool) {
	dir := s.t1 - s.t0
	for len(s.stops) > 0 && (s.stops[0]-s.gap-s.gap-s.t)*dir <= 0 {
		s.stops = s.stops[1:]
	}
	if len(s.stops) > 0 && (end+s.gap-s.stops[0])*dir >= 0 {
		return s.stops[0] - s.gap, true
	}
	return end, false
}

// pass goes on at the other side of a stop.
func (s *stepper) pass() {
	s.t += s.gap
	s.stops = s.stops[1:]
	s.slope()
}

// march takes steps of given length.
func (s *stepper) march() {
	n, h := s.o.Steps, (s.t1-s.t0)/float64(max(s.o.Steps, 1))
	if n == 0 {
		h, n = FixedSteps(s.t0, s.t1, s.o.Step)
	}
	length := h
	if s.t0 == s.t1 {
		return
	}
	s.halts()
	s.slope()
	s.t = s.t0
	pieces := false // of a step that holds a stop or an event
	for k := 0; k < n && s.t != s.t1; k++ {
		next := s.t0 + float64(float64(k+1)*length)
		if k == n-1 {
			next = s.t1
		}
		goal, stop := s.goal(next)
		h = length
		if stop || pieces || s.o.Steps == 0 && k == n-1 {
			h = goal - s.t
		}
		s.step(h)
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
		pieces = cut || stop
		switch {
		case cut:
			if (end-s.t)*(s.t1-s.t0) > 0 {
				k-- // the rest of the step
			}
			s.slope()
		case stop:
			if (end-s.gap-s.t)*(s.t1-s.t0) > 0 {
				k--
			}
			s.pass()
		default:
			s.handOn()
		}
	}
}

// adapt takes steps whose error is below the tolerances.
func (s *stepper) adapt() {
	if s.t0 == s.t1 {
		return
	}
	const smallest, largest, safety = 0.2, 10, 0.9
	o, dir := s.o, Signed(1, s.t1-s.t0)
	s.halts()
	if s.m.fsal || o.FirstStep == 0 {
		s.eval(s.t, s.y, s.k[0])
	}
	s.t = s.t0
	h := dir * o.FirstStep
	if h == 0 {
		h = dir * s.first(dir)
		if o.Compat == "" {
			h = dir * min(dir*h, math.Abs(s.t1-s.t0))
		}
	}
	exponent := -1 / float64(s.m.order)
	err, rejected := 1.0, false
	for (s.t1-s.t)*dir > 0 {
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
			s.st.Fail(TooSmall(err, h), s.t, h)
			return
		}
		s.step(h)
		err = s.norm(s.e, s.y, s.y1)
		factor := largest * 1.0
		if err != 0 {
			factor = min(largest, max(smallest, safety*Pow64(err, exponent)))
		}
		if !(err <= 1) && !(dir*h <= o.MinStep && err-err == 0) { // also a NaN
			s.st.Rejected++
			rejected = true
			if !finite(err) {
				factor = smallest
			}
			h *= min(factor, 1)
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
		if err < 1 {
			factor = max(factor, 1) // an accepted step does not make the next one shorter
		}
		if rejected && o.Compat == "" {
			factor = min(factor, 1)
		}
		rejected = false
		h *= factor
		switch {
		case cut:
			s.slope()
		case last && stop:
			s.pass()
			h = Longer(h, uncut)
		default:
			s.handOn()
		}
	}
}

// armEvents readies the events.
func (s *stepper) armEvents() {
	if len(s.o.Events) == 0 {
		return
	}
	for _, e := range s.o.Events {
		s.es = append(s.es, SolveEvent{Kind: e.Kind, Length: e.Every})
	}
	s.ev = EventSearch{Tol: s.o.EventTol, Max: s.o.EventMax}
	s.guards(s.t0, s.y)
	s.ev.Start(s.es, s.t0, s.t1)
}

func (s *stepper) guards(t float64, y []float64) {
	for i := range s.es {
		if g := s.o.Events[i].Guard; s.es[i].Kind != Every {
			s.es[i].G = g(t, y)
		}
	}
}

// look finds the first events in the step to next.
func (s *stepper) look(next, h float64) {
	for s.ev.Step(s.es, s.t, h, next); s.ev.Next(s.es); {
		if s.ev.At == 1 {
			s.guards(next, s.y1)
			continue
		}
		s.inside(s.ev.At, h)
		s.guards(s.ev.Time, s.at)
	}
}

// happen makes the events that were found happen at t.
func (s *stepper) happen() {
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
	if s.all {
		s.save(s.t, s.y)
	}
	if s.st.Status != EventStop {
		s.guards(s.t, s.y)
		s.ev.Again(s.es, s.t)
	}
}
