package rt

import (
	"math"
	"slices"
)

// EventKind says when an event fires.
type EventKind uint8

// Kinds of events.
const (
	Rising   EventKind = iota // where its guard comes from below 0
	Falling                   // where it comes from above 0
	Crossing                  // where it comes from either side
	Every                     // at multiples of a length of time
)

// SolveEvent is an event of a solve on its way.
type SolveEvent struct {
	Kind   EventKind
	Length float64 // of Every
	G      float64 // the guard where EventSearch looks; the loop of the solve sets it

	theta        float64 // where it fires in the step, noTheta if nowhere
	side         float64 // of the guard before the present look: -1, 1, or 0 where it waits
	value, begun float64 // of the guard there, and where it began to wait
	after        float64 // of the guard where its change has shown
	last         float64 // direction in which one that waits has fired, 0 of others
	turned       bool    // it has turned back since
}

// Fires reports whether the event happens at the end of the step.
func (e *SolveEvent) Fires() bool { return e.theta <= 1 }

// Fired is an event that happened at time T, at the end of a step.
type Fired struct {
	Step, Event int
	T           float64
}

// LastFired is the place of the last event at the end of the step, or -1. Events are in the order of their steps.
func LastFired(fired []Fired, step int) int {
	i, _ := slices.BinarySearchFunc(fired, step+1, func(f Fired, k int) int { return f.Step - k })
	if i > 0 && fired[i-1].Step == step {
		return i - 1
	}
	return -1
}

const (
	noTheta    = 2
	eventLooks = 8 // in a step
)

// EventSearch finds where events happen along the steps of a solve, as the compiler's ir.Event says. A step goes
//
//	for ev.Step(es, t, h, next); ev.Next(es); {
//		// set the guards es[i].G for time ev.Time and the states at place ev.At of the step
//	}
//
// and is cut at place End and time Time if Hit.
type EventSearch struct {
	Tol  float64 // how close in time events are located
	Max  int     // times at which events happen, before the solve gives up
	At   float64 // place of the look in the step, from 0 to 1
	Time float64 // of the look, and then of the events
	Hit  bool    // events happen in the step
	End  float64 // the place where they do

	dir, since, wait float64
	count            int
	t, h, next       float64
	phase            eventPhase
	look             int // of those at fixed places, the next one
	before           float64
	of               int // event that is located
	place            narrowing
}

type eventPhase uint8

const (
	phaseBegin  eventPhase = iota
	phaseTurned            // looks whether guards have turned back after their events
	phaseScan              // looks at places one after the other
	phaseNarrow            // locates what has changed
)

// Start readies the events of a solve from t0 to t1; the guards are set.
func (ev *EventSearch) Start(es []SolveEvent, t0, t1 float64) {
	ev.dir = Signed(1, t1-t0)
	for i := range es {
		es[i].theta, es[i].last = noTheta, 0
	}
	ev.Again(es, t0)
}

// Again goes on after events at t; the guards are set from the states after them.
func (ev *EventSearch) Again(es []SolveEvent, t float64) {
	for i := range es {
		e := &es[i]
		before := e.side
		e.side, e.last, e.turned = signOf(e.G), 0, false
		if e.theta <= 1 {
			e.side, e.last = 0, -before
		}
		e.value, e.begun = e.G, e.G
	}
	ev.since, ev.wait = t, 2*ev.Tol
}

// Step begins the step of length h from t to next.
func (ev *EventSearch) Step(es []SolveEvent, t, h, next float64) {
	ev.t, ev.h, ev.next, ev.phase, ev.Hit = t, h, next, phaseBegin, false
	for i := range es {
		e := &es[i]
		e.theta = noTheta
		if e.Kind != Every {
			continue
		}
		k := math.Floor(t*ev.dir/e.Length) + 1
		when := float64(ev.dir*k) * e.Length
		if (when-t)*ev.dir <= 0 {
			when = float64(ev.dir*(k+1)) * e.Length
		}
		switch {
		case when == next:
			e.theta = 1
		case (when-next)*ev.dir < 0:
			e.theta = (when - t) / h
		}
	}
}

// Next gives the next place to look at, or what was found.
func (ev *EventSearch) Next(es []SolveEvent) bool {
	switch ev.phase {
	case phaseBegin:
		ev.before, ev.look = 0, 1
		guards := false
		for i := range es {
			guards = guards || es[i].Kind != Every
		}
		if !guards {
			return ev.found(es)
		}
		if waiting(es) && ev.since == ev.t {
			ev.phase = phaseTurned
			return ev.at((ev.since + ev.dir*ev.Tol/4 - ev.t) / ev.h)
		}
	case phaseTurned:
		for i := range es {
			e := &es[i]
			e.turned = (e.G-e.begun)*e.last < 0
		}
	case phaseScan:
		if changed := ev.scan(es); changed {
			return ev.narrow(es, 0)
		}
		if ev.Endless() {
			return false
		}
	case phaseNarrow:
		if ev.place.see(es[ev.of].G) {
			return ev.at(ev.place.x)
		}
		es[ev.of].theta = ev.place.end()
		return ev.narrow(es, ev.of+1)
	}
	ev.phase = phaseScan
	if ev.look > eventLooks {
		return ev.found(es)
	}
	theta := float64(ev.look) / eventLooks
	if waiting(es) {
		if early := (ev.since + ev.dir*ev.wait - ev.t) / ev.h; early < theta {
			theta = max(early, ev.before)
			ev.wait *= 2
		}
	}
	if theta == float64(ev.look)/eventLooks {
		ev.look++
	}
	return ev.at(theta)
}

// at sets the place of the next look.
func (ev *EventSearch) at(theta float64) bool {
	ev.At, ev.Time = theta, ev.t+float64(theta*ev.h)
	if theta == 1 {
		ev.Time = ev.next
	}
	return true
}

// scan takes what a look has seen; changed says that some event fires before it.
func (ev *EventSearch) scan(es []SolveEvent) (changed bool) {
	for i := range es {
		e := &es[i]
		if e.Kind != Every && e.crosses() {
			e.theta = -1 // to be located
			changed = true
		}
	}
	if changed {
		return true
	}
	for i := range es {
		e := &es[i]
		switch {
		case e.Kind == Every:
		case e.side != 0:
			if e.G != 0 {
				e.side = signOf(e.G)
			}
		case !e.turned || e.G*e.last < 0:
			e.side = signOf(e.G)
		case (e.G-e.begun)*e.last > 0:
			ev.count = ev.Max + 1
			return false
		}
		e.value = e.G
	}
	ev.before = ev.At
	return false
}

// crosses reports whether the guard has changed its side in the direction of the event.
func (e *SolveEvent) crosses() bool {
	up, down := e.side < 0 && e.G >= 0, e.side > 0 && e.G <= 0
	return up && e.Kind != Falling || down && e.Kind != Rising
}

// narrow goes on to locate events from number i on.
func (ev *EventSearch) narrow(es []SolveEvent, i int) bool {
	if ev.phase == phaseScan { // the look that has shown them
		ev.phase = phaseNarrow
		ev.place.b = ev.At
		for k := range es {
			es[k].after = es[k].G
		}
	}
	for ; i < len(es); i++ {
		if es[i].theta == -1 {
			ev.of = i
			ev.place.start(ev.before, ev.place.b, es[i].value, es[i].after, ev.Tol/math.Abs(ev.h))
			return ev.at(ev.place.x)
		}
	}
	return ev.found(es)
}

// found settles what happens in the step.
func (ev *EventSearch) found(es []SolveEvent) bool {
	end := float64(noTheta)
	for i := range es {
		end = min(end, es[i].theta)
	}
	if end == noTheta {
		return false
	}
	near := min(1, end+ev.Tol/math.Abs(ev.h)) // what is nowhere in the step is not near either
	for i := range es {
		if e := &es[i]; e.theta <= near {
			end = max(end, e.theta)
		} else {
			e.theta = noTheta
		}
	}
	ev.Hit, ev.End, ev.Time = true, end, ev.next
	ev.count++
	if end < 1 {
		ev.Time = ev.t + float64(end*ev.h)
		for i := range es {
			if e := &es[i]; e.Kind == Every && e.theta == end { // exactly at its multiple
				ev.Time = float64(ev.dir*math.Round(ev.dir*ev.Time/e.Length)) * e.Length
			}
		}
	}
	return false
}

// Part is how much of the step counts: End where events happen, else 1.
func (ev *EventSearch) Part() float64 {
	if ev.Hit {
		return ev.End
	}
	return 1
}

// Endless reports whether too many events have happened.
func (ev *EventSearch) Endless() bool { return ev.count > ev.Max }

func waiting(es []SolveEvent) bool {
	for i := range es {
		if es[i].Kind != Every && es[i].side == 0 {
			return true
		}
	}
	return false
}

func signOf(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// narrowing is Chandrupatla's method (1997) on its way: it narrows [a, b], over which a function changes its sign
// from that of fa.
type narrowing struct {
	x              float64 // where the function is wanted
	b              float64
	fa, tol        float64
	x1, x2, f1, f2 float64
	rounds         int
}

func (n *narrowing) start(a, b, fa, fb, tol float64) {
	*n = narrowing{b: b, fa: fa, tol: tol, x1: b, x2: a, f1: fb, f2: fa}
	n.x = n.x1 + float64(0.5*(n.x2-n.x1))
}

func (n *narrowing) changed(f float64) bool { return f == 0 || (f > 0) != (n.fa > 0) }

// see takes the function at x; it reports whether it is wanted at another x.
func (n *narrowing) see(f float64) bool {
	x3, f3 := n.x2, n.f2
	if n.changed(f) == n.changed(n.f1) {
		x3, f3 = n.x1, n.f1
	} else {
		n.x2, n.f2 = n.x1, n.f1
	}
	n.x1, n.f1 = n.x, f
	limit := n.tol / math.Abs(n.x2-n.x1)
	if n.rounds++; f == 0 || limit >= 1 || n.rounds == 100 {
		return false
	}
	xi, phi := (n.x1-n.x2)/(x3-n.x2), (n.f1-n.f2)/(f3-n.f2)
	t := 0.5
	if float64(phi*phi) < xi && float64((1-phi)*(1-phi)) < 1-xi {
		t = float64(n.f1/(n.f2-n.f1)*f3/(n.f2-f3)) + float64((x3-n.x1)/(n.x2-n.x1)*n.f1/(f3-n.f1)*n.f2/(f3-n.f2))
	}
	t = min(1-limit/2, max(limit/2, t))
	n.x = n.x1 + float64(t*(n.x2-n.x1))
	return true
}

// end is the end of what is left at which the sign has changed.
func (n *narrowing) end() float64 {
	if n.changed(n.f1) {
		return n.x1
	}
	return n.x2
}
