package rt

import (
	"errors"
	"fmt"
	"strings"
)

// Status is how a solve of one sample ended.
type Status uint8

// The ends of a solve.
const (
	OK           Status = iota
	MaxSteps            // the step limit was reached
	StepTooSmall        // the step fell under the resolution of time
	NonFinite           // the state or the field is not finite
	EventStop           // an event ended the solve, as the program asks
	MaxEvents           // events do not end
	Stopped             // SolveOptions.Context is done
	BadTimes            // output times, or those of a signal, do not go one way
	BadData             // a label is none
)

var statusNames = [...]string{"ok", "max_steps", "step_too_small", "non_finite", "event_stop", "max_events", "stopped", "bad_times", "bad_data"}

// String is the spelling used in files: ok, max_steps, step_too_small,
// non_finite, event_stop, max_events, stopped, bad_times, bad_data.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Failed reports whether the sample has no result.
func (s Status) Failed() bool { return s != OK && s != EventStop }

// Sentinels; every error of this package that belongs to one wraps it.
var (
	ErrMaxSteps     = errors.New("step limit reached")
	ErrStepTooSmall = errors.New("step size too small")
	ErrNonFinite    = errors.New("value is not finite")
	ErrMaxEvents    = errors.New("events do not end")
	ErrBadTimes     = errors.New("times do not go one way")
	ErrStopped      = errors.New("stopped by its context")
	ErrShape        = errors.New("wrong shape")
	ErrWeights      = errors.New("bad weights")
	ErrData         = errors.New("bad data")
	ErrOption       = errors.New("bad option")
)

// Err is the sentinel of a failed status, or nil.
func (s Status) Err() error {
	switch s {
	case MaxSteps:
		return ErrMaxSteps
	case StepTooSmall:
		return ErrStepTooSmall
	case NonFinite:
		return ErrNonFinite
	case MaxEvents:
		return ErrMaxEvents
	case Stopped:
		return ErrStopped
	case BadTimes:
		return ErrBadTimes
	case BadData:
		return ErrData
	}
	return nil
}

// SolveError says where a solve failed; it wraps the sentinel of its status.
type SolveError struct {
	Sample int     // position in the batch, -1 if there is none
	Row    int     // row of the data table, -1 if there is none
	Time   float64 // independent variable at the last good state
	Step   int     // steps accepted so far
	H      float64 // step size that failed
	Status Status
	Where  string // position in the source, "moons.nde:24"
	Solve  string // name of the system, "Flow"; "" where a loop failed outside its solves
	Loop   string // what the runs are called of the loop that it stands in; "" outside loops
	Run    int    // of that loop, from 1; 0 outside loops
}

func (e *SolveError) Error() string {
	sample := ""
	if e.Sample >= 0 {
		sample = fmt.Sprintf("sample %d", e.Sample)
		if e.Row >= 0 {
			sample += fmt.Sprintf(" (data row %d)", e.Row)
		}
		sample += ", "
	}
	if e.Run > 0 {
		sample += fmt.Sprintf("%s %d, ", e.Loop, e.Run)
	}
	what := "failed"
	if err := e.Status.Err(); err != nil {
		what = err.Error()
	}
	if e.Solve == "" {
		return strings.TrimRight(fmt.Sprintf("%s: %s: %s", e.Where, what, sample), ":, ")
	}
	return fmt.Sprintf("%s: solve of %s: %s: %stime %.6g, step %d, h %.3g", e.Where, e.Solve, what, sample, e.Time, e.Step, e.H)
}

// Unwrap is the sentinel of the status.
func (e *SolveError) Unwrap() error { return e.Status.Err() }

// SolveStats is what one solve of one sample did.
type SolveStats struct {
	NFE, Accepted, Rejected int
	Status                  Status
	Time                    float64 // where it ended
	H                       float64 // length of the last step that was taken, or that failed
	Run, RunSteps           int     // in a loop: the run that failed, from 1, and its accepted steps
}

// BatchStats holds the statistics of every solve site for a batch.
type BatchStats struct {
	Sites   []SiteStats
	Refused map[int]error // rows whose inputs no model can use, and why
}

// SiteStats holds, for one solve in the source, a number per sample.
type SiteStats struct {
	Solve                   string // source position, "moons.nde:24"
	NFE, Accepted, Rejected []int
	Status                  []Status
	Time                    []float64 // where it ended
	H                       []float64 // length of the last step that was taken, or that failed
}

// Reset prepares b for n samples of the named sites, keeping its memory.
func (b *BatchStats) Reset(sites []string, n int) {
	if cap(b.Sites) < len(sites) {
		b.Sites = make([]SiteStats, len(sites))
	}
	b.Sites, b.Refused = b.Sites[:len(sites)], nil
	for i := range b.Sites {
		s := &b.Sites[i]
		s.Solve = sites[i]
		s.NFE, s.Accepted, s.Rejected = resize(s.NFE, n), resize(s.Accepted, n), resize(s.Rejected, n)
		s.Status, s.Time, s.H = resize(s.Status, n), resize(s.Time, n), resize(s.H, n)
	}
}

// Set stores the statistics of one sample at one site.
func (b *BatchStats) Set(site, sample int, s SolveStats) {
	d := &b.Sites[site]
	d.NFE[sample], d.Accepted[sample], d.Rejected[sample] = s.NFE, s.Accepted, s.Rejected
	d.Status[sample], d.Time[sample], d.H[sample] = s.Status, s.Time, s.H
}

// resize is s with length n and zero elements, in the same memory if it fits.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	Clear(s)
	return s
}

// StepFailure is the error of a single step of length h at t whose result is not finite.
func StepFailure(site *Site, t, h float64) error {
	st := SolveStats{}
	st.Fail(NonFinite, t, h)
	return st.err(site, -1, -1)
}
