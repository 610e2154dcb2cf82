package ir

// Event is something that happens within a solve, at a time that the states decide, or at multiples of a
// length of time. It sets states anew, ends the solve, or both.
//
// An event with a condition fires where its guard, a number of (t, x…, c…), changes its sign along the dense
// output of an accepted step: from below 0 to 0 or above (Rising), from above 0 to 0 or below (Falling), or either
// (Crossing). The sign is looked at at eight places in a step, evenly spaced up to its end. Between the first two
// looks with the change, Chandrupatla's method (1997) narrows the place until it is known to EventTol in time; the
// event is at the later end, where the sign has changed. Every fires at the multiples of its length.
//
// The earliest place in a step counts. Events within EventTol of it are simultaneous: they happen together, at the
// last of their places, one after the other in their order, each seeing the states that the one before it has
// left. The step ends there; output times before it are dense output of the step, and an output time at an event
// shows the states after it. Then the solve goes on with a step that begins there (memory and FSAL
// stage anew, errors anew), adaptive with the length that it would have had next, fixed with the rest of the step.
// Events happen after the start of a solve, and up to its end, there included.
//
// A guard whose event has just fired, or that is exactly 0, is looked at again after 2*EventTol, and while it waits
// at twice the distance each time; its sign there counts as the one before. One that has turned back after its
// event, as EventTol/4 after it shows, waits until it is on the other side. If it is found beyond where it
// was right after its event instead, its events follow each other faster than EventTol: the solve
// fails with MaxEvents where the step began, as it does when events happen at more than EventMax times.
type Event struct {
	Kind  EventKind
	Every float64 // of Every: length of time
	Stop  bool    // ends the solve, with EventStop
	Reset *Func   // (t, x…, c…) -> x… after the event; nil: as they are
}

// EventKind says when an event fires.
type EventKind uint8

// Kinds of events.
const (
	Rising EventKind = iota
	Falling
	Crossing
	Every
)

// EventKinds are their names, as in the language.
var EventKinds = [...]string{"rising", "falling", "crossing", "every"}

func (k EventKind) String() string { return EventKinds[k] }

// Guards are the events of s that have a guard, in the order of the results of Guard.
func (s *Solve) Guards() []int {
	var at []int
	for i, e := range s.Events {
		if e.Kind != Every {
			at = append(at, i)
		}
	}
	return at
}

// MayStop reports whether an event may end s.
func (s *Solve) MayStop() bool {
	for _, e := range s.Events {
		if e.Stop {
			return true
		}
	}
	return false
}

// Resets reports whether an event of s sets states anew.
func (s *Solve) Resets() bool {
	for _, e := range s.Events {
		if e.Reset != nil {
			return true
		}
	}
	return false
}

// EventLooks is the number of places in a step at which signs are looked at.
const EventLooks = 8
