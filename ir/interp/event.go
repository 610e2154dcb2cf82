package interp

import (
	"math"

	"ndec.dev/ndec/ir"
)

// fired is an event that happened at time t, at the end of a step, with the states before it.
type fired struct {
	step, event int
	t           float64
	y           []datum
}

// events follows the events of a solve; see ir.Event.
type events struct {
	guards []int
	dir    float64
	side   []float64 // of each guard before the present look: -1, 1, or 0 where it waits
	value  []float64 // of each guard there
	since  float64   // when those that wait began to
	wait   float64   // how long they wait
	last   []float64 // direction in which those that wait have fired, 0 of others
	turned []bool    // they have turned back since
	begun  []float64 // their value when they began to wait
	count  int
	theta  []float64 // where each event fires in the step, above 1 if nowhere
	time   float64   // of the events that fire
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func (r *run) guard(t float64, y []datum) []float64 {
	if r.s.Guard == nil {
		return nil
	}
	var out []float64
	for _, d := range r.m.run(r.s.Guard, cat([]datum{num(t)}, ir.Pick(y, r.s.Plain()), r.c)) {
		out = append(out, d.data[0])
	}
	return out
}

// arm readies the events at the start.
func (r *run) arm(t1 float64) {
	g := r.s.Guards()
	e := &events{guards: g, dir: math.Copysign(1, t1-r.t), side: make([]float64, len(g)), last: make([]float64, len(g)), turned: make([]bool, len(g)), theta: make([]float64, len(r.s.Events))}
	r.events = e
	e.value = r.guard(r.t, r.y)
	e.begun = e.value
	for i, x := range e.value {
		e.side[i] = sign(x)
	}
	e.since, e.wait = r.t, 2*r.s.EventTol
}

// fires reports whether event i of the guards changes in its direction from side to x.
func (e *events) fires(s *ir.Solve, i int, x float64) bool {
	switch s.Events[e.guards[i]].Kind {
	case ir.Rising:
		return e.side[i] < 0 && x >= 0
	case ir.Falling:
		return e.side[i] > 0 && x <= 0
	}
	return e.side[i] < 0 && x >= 0 || e.side[i] > 0 && x <= 0
}

// look finds the first events in the accepted step from r.t to t, and the place in it up to which it counts.
func (r *run) look(h, t float64, y1, dense []datum) (end float64, found bool) {
	e, s := r.events, r.s
	const none = 2
	for i := range e.theta {
		e.theta[i] = none
	}
	at := func(theta float64) []float64 {
		if theta == 1 {
			return r.guard(t, y1)
		}
		return r.guard(r.t+theta*h, r.inside(theta, h, y1, dense))
	}
	for i, ev := range s.Events {
		if ev.Kind == ir.Every {
			k := math.Floor(r.t*e.dir/ev.Every) + 1
			when := e.dir * k * ev.Every
			if (when-r.t)*e.dir <= 0 {
				when = e.dir * (k + 1) * ev.Every
			}
			switch {
			case when == t:
				e.theta[i] = 1
			case (when-t)*e.dir < 0:
				e.theta[i] = (when - r.t) / h
			}
		}
	}
	if len(e.guards) > 0 {
		r.scan(h, t, at)
	}
	end = none
	for _, x := range e.theta {
		end = math.Min(end, x)
	}
	if end == none {
		return 1, false
	}
	near := math.Min(1, end+s.EventTol/math.Abs(h)) // what is nowhere in the step is not near either
	for i, x := range e.theta {
		if x <= near {
			end = math.Max(end, x)
		} else {
			e.theta[i] = none
		}
	}
	e.time = t
	e.count++
	if end < 1 {
		e.time = r.t + end*h
		for i, ev := range s.Events { // exactly at their multiples
			if ev.Kind == ir.Every && e.theta[i] == end {
				e.time = e.dir * math.Round(e.dir*e.time/ev.Every) * ev.Every
			}
		}
	}
	return end, true
}

// scan looks at the guards along the step and finds where those fire that change between the first two looks
// with a change.
func (r *run) scan(h, t float64, at func(theta float64) []float64) {
	e, s := r.events, r.s
	before := 0.0
	if e.waits() && e.since == r.t {
		for i, x := range at((e.since + e.dir*s.EventTol/4 - r.t) / h) {
			e.turned[i] = (x-e.begun[i])*e.last[i] < 0
		}
	}
	for j := 1; j <= ir.EventLooks; {
		theta := float64(j) / ir.EventLooks
		if e.waits() {
			if early := (e.since + e.dir*e.wait - r.t) / h; early < theta {
				theta = math.Max(early, before)
				e.wait *= 2
			}
		}
		if theta == float64(j)/ir.EventLooks {
			j++
		}
		g := at(theta)
		found := false
		for i, x := range g {
			if e.side[i] != 0 && e.fires(s, i, x) {
				found = true
				e.theta[e.guards[i]] = locate(before, theta, e.value[i], x, s.EventTol/math.Abs(h), func(x float64) float64 { return at(x)[i] })
			}
		}
		if found {
			return
		}
		for i, x := range g {
			switch {
			case e.side[i] != 0:
				if x != 0 {
					e.side[i] = sign(x)
				}
			case !e.turned[i] || x*e.last[i] < 0:
				e.side[i] = sign(x)
			case (x-e.begun[i])*e.last[i] > 0:
				e.count = s.EventMax + 1
				return
			}
		}
		e.value, before = g, theta
	}
}

// waits reports whether some guard is not looked at yet.
func (e *events) waits() bool {
	for _, x := range e.side {
		if x == 0 {
			return true
		}
	}
	return false
}

func (r *run) endless() bool { return r.events.count > r.s.EventMax }

// locate narrows [a, b], over which f changes its sign from that of fa, down to tol, and gives the end with the
// changed sign (Chandrupatla 1997).
func locate(a, b, fa, fb, tol float64, f func(float64) float64) float64 {
	changed := func(x float64) bool { return x == 0 || (x > 0) != (fa > 0) }
	x1, x2, f1, f2 := b, a, fb, fa
	t := 0.5
	for range 100 {
		x := x1 + t*(x2-x1)
		fx := f(x)
		x3, f3 := x2, f2
		if changed(fx) == changed(f1) {
			x3, f3 = x1, f1
		} else {
			x2, f2 = x1, f1
		}
		x1, f1 = x, fx
		limit := tol / math.Abs(x2-x1)
		if f1 == 0 || limit >= 1 {
			break
		}
		xi, phi := (x1-x2)/(x3-x2), (f1-f2)/(f3-f2)
		t = 0.5
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = f1/(f2-f1)*f3/(f2-f3) + (x3-x1)/(x2-x1)*f1/(f3-f1)*f2/(f3-f2)
		}
		t = math.Min(1-limit/2, math.Max(limit/2, t))
	}
	if changed(f1) {
		return x1
	}
	return x2
}

// happen makes the events that were found happen at r.t, the end of step k.
func (r *run) happen(k int, h float64) {
	e, s := r.events, r.s
	plain := s.Plain()
	if s.Stretches {
		k = r.stretch(r.t, r.y)
	}
	stop, before := false, r.y
	for i, ev := range s.Events {
		if e.theta[i] > 1 {
			continue
		}
		r.tape.fired = append(r.tape.fired, fired{k, i, r.t, append([]datum(nil), r.y...)})
		if ev.Reset != nil {
			out := r.m.run(ev.Reset, cat([]datum{num(r.t)}, r.x(), r.c))
			r.y = append([]datum(nil), r.y...)
			for j, at := range plain {
				r.y[at] = out[j]
			}
		}
		stop = stop || ev.Stop
	}
	if stop {
		r.status = ir.StatusEventStop
	}
	if !allFinite(r.y) {
		r.status, r.why = ir.StatusNonFinite, originOf(r.y)
		r.y = before
	}
}

// again readies events and method for what follows events, and gives the field there where a step takes it over.
func (r *run) again() (slope []datum) {
	e, s := r.events, r.s
	before := e.side
	e.side = make([]float64, len(before))
	g := r.guard(r.t, r.y)
	for i, x := range g {
		e.side[i], e.last[i], e.turned[i] = sign(x), 0, false
		if e.theta[e.guards[i]] <= 1 {
			e.side[i] = 0
			e.last[i] = -before[i]
		}
	}
	e.value, e.begun = g, g
	e.since, e.wait = r.t, 2*s.EventTol
	r.begin = r.t
	r.rebegin()
	return r.slope()
}
