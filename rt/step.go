package rt

import (
	"fmt"
	"math"
)

// What the loops of generated solves call. The loops themselves are generated.

// BlockRows is the number of samples that a worker takes at a time in a batch.
const BlockRows = 32

// LongRows is that of rows that go one by one and take long.
const LongRows = 4

// WideRows is the number of samples that a worker takes at a time in a batch of n where blocks of two such turns are faster: two turns, if no
// worker waits longer for others.
func WideRows(n, workers int) int {
	turns := func(rows int) int {
		blocks := (n + rows - 1) / rows
		return (blocks + workers - 1) / workers * rows
	}
	if workers > 1 && turns(2*BlockRows) > turns(BlockRows) {
		return BlockRows
	}
	return 2 * BlockRows
}

// WaitingRows is the number of samples of a batch from which the lanes of an adaptive solve are refilled.
const WaitingRows = 512

// RefillRows is the number of samples that a worker takes at a time in a batch of n whose lanes are refilled: as many as
// can wait, but two turns for each worker.
func RefillRows(n, workers int) int {
	turns := 1
	if workers > 1 {
		turns = 2 * workers
	}
	rows := (n + turns*BlockRows - 1) / (turns * BlockRows) * BlockRows
	return max(BlockRows, min(rows, WaitingRows))
}

// Site is where a solve stands in the source.
type Site struct {
	Where string // "moons.nde:24"
	Solve string // name of the system; "" for a loop itself
	Back  bool   // a solve that a derivative has brought in: in a gradient its evaluations count as of the way back
	Loop  string // what a run is called of the loop that it stands in, "ascent"; "" outside loops
}

// Stepping says how finely a solve steps: for a method of fixed steps their number or their length, for an
// adaptive method its tolerances and the limit of attempted steps.
type Stepping struct {
	Steps      int
	Step       float64
	RTol, ATol float64
	MaxSteps   int
}

// SiteNames lists the places of sites, for BatchStats.
func SiteNames(sites []Site) []string {
	out := make([]string, len(sites))
	for i, s := range sites {
		out[i] = s.Where
	}
	return out
}

// Fail ends a solve at time t with the step h that failed.
func (s *SolveStats) Fail(st Status, t, h float64) {
	s.Status, s.Time, s.H = st, t, h
}

// Tried counts attempts of an adaptive solve, of so many evaluations each, and those that were accepted.
func (s *SolveStats) Tried(attempts, accepted, evals int) {
	s.NFE += attempts * evals
	s.Accepted += accepted
	s.Rejected += attempts - accepted
}

// FailRun ends a loop whose run of the number, from 1, gave something that is not finite.
func (s *SolveStats) FailRun(number int) {
	s.Status, s.Run = NonFinite, number
}

// JoinStats adds the statistics of a run of a loop, of the number from 1, to those of the runs before.
// The first failure stays.
func JoinStats(to, run []SolveStats, number int) {
	for i := range run {
		to[i].join(&run[i], number)
	}
}

func (s *SolveStats) join(r *SolveStats, number int) {
	s.NFE, s.Accepted, s.Rejected = s.NFE+r.NFE, s.Accepted+r.Accepted, s.Rejected+r.Rejected
	if !s.Status.Failed() {
		s.Status, s.Time, s.H = r.Status, r.Time, r.H
		if r.Status.Failed() {
			s.Run, s.RunSteps = number, r.Accepted
		}
	}
}

// Failed reports whether one of the solves has failed.
func Failed(st []SolveStats) bool {
	for i := range st {
		if st[i].Status.Failed() {
			return true
		}
	}
	return false
}

// err describes the failure of a sample; nil if it has not failed.
func (s *SolveStats) err(site *Site, sample, row int) *SolveError {
	if !s.Status.Failed() {
		return nil
	}
	steps := s.Accepted
	if s.Run > 0 {
		steps = s.RunSteps
	}
	return &SolveError{Sample: sample, Row: row, Time: s.Time, Step: steps, H: s.H, Status: s.Status, Where: site.Where, Solve: site.Solve, Loop: site.Loop, Run: s.Run}
}

// Failure is the error of the first failed solve of a sample (a *SolveError), or nil.
func Failure(st []SolveStats, sites []Site, sample, row int) error {
	for i := range st {
		if e := st[i].err(&sites[i], sample, row); e != nil {
			return e
		}
	}
	return nil
}

// Count adds the statistics of one sample's solves to a shard, and its failure if there is one. It
// reports whether every solve succeeded. backward holds, per solve, the evaluations of the
// reverse sweep for an accepted step; nil where there is none.
func (r *ShardResult) Count(st []SolveStats, sites []Site, sample, row int, backward []int) bool {
	if r.Record != nil {
		own := 0 // those of the program come first
		for own < len(sites) && !sites[own].Back && sites[own].Loop == "" {
			own++
		}
		r.Record(st[:own], sites[:own], row)
	}
	before := r.effort()
	ok := true
	for i := range st {
		if sites[i].Back && backward != nil {
			r.BackwardNFE += int64(st[i].NFE)
		} else {
			r.NFE += int64(st[i].NFE)
			r.Accepted += int64(st[i].Accepted)
			r.Rejected += int64(st[i].Rejected)
		}
		if backward != nil {
			r.BackwardNFE += int64(backward[i] * st[i].Accepted)
		}
		if ok && st[i].Status.Failed() {
			ok = false
			r.Fail(st[i].err(&sites[i], sample, row))
		}
	}
	if r.Efforts != nil {
		r.Efforts[row] = int32(min(r.effort()-before, mostEffort))
	}
	return ok
}

// Signed is x with the sign of s.
func Signed(x, s float64) float64 { return math.Copysign(x, s) }

// mostSteps is the largest number of steps of given length.
const mostSteps = 1e9

// FixedSteps is the signed step and the number of steps of length step from t0 to t1; the last one
// is shorter. A span that is a whole number of steps up to 1e-9 of one takes no extra step. Where they would be more than 1e9 there are none, and the
// solve ends with MaxSteps. Where the span is not finite, the step is NaN and the first of 16, of which one fails: a method of several steps begins
// with up to 11 as one.
func FixedSteps(t0, t1, step float64) (h float64, n int) {
	span := t1 - t0
	if span-span != 0 {
		return math.NaN(), 16
	}
	h = math.Copysign(step, span)
	count := math.Ceil(math.Abs(span)/step - 1e-9)
	if count > mostSteps {
		return h, 0
	}
	return h, max(int(count), 1)
}

// Stops are those of the stop times between t0 and t1, which a step has to end at, and the gap that steps
// keep from them on each side, signed as the direction of integration. ts is sorted in that direction. begin is where
// the field is first evaluated: t0, or beside it where a stop lies there.
func Stops(ts []float64, t0, t1 float64) (inside []float64, gap, begin float64) {
	gap = Signed(4*0x1p-52*max(math.Abs(t0), math.Abs(t1)), t1-t0)
	dir := Signed(1, t1-t0)
	begin = t0
	for len(ts) > 0 && !((ts[0]-gap-gap-t0)*dir > 0) {
		if math.Abs(ts[0]-t0) <= math.Abs(gap+gap) {
			begin = t0 + gap
		}
		ts = ts[1:]
	}
	n := len(ts)
	for n > 0 && !((t1-gap-gap-ts[n-1])*dir > 0) {
		n--
	}
	return ts[:n], gap, begin
}

// Longer is the longer of two steps.
func Longer(a, b float64) float64 {
	if math.Abs(a) >= math.Abs(b) {
		return a
	}
	return b
}

// LongEnough reports whether a step is above the resolution of time; a NaN is not.
func LongEnough(h, t, t1 float64) bool {
	return math.Abs(h) >= 16*0x1p-52*max(math.Abs(t), math.Abs(t1))
}

// TooSmall is the status of a step h that became too small: NonFinite if it or the last error norm
// is not finite.
func TooSmall(err, h float64) Status {
	if err-err != 0 || h-h != 0 {
		return NonFinite
	}
	return StepTooSmall
}

// NaN is the error norm of a step to a state that is not finite.
func NaN() float64 { return math.NaN() }

// Finite reports whether all elements are finite.
func Finite[R Float](xs []R) bool {
	var s, s1, s2, s3 R // four sums, of which none waits for another
	for ; len(xs) >= 4; xs = xs[4:] {
		x := (*[4]R)(xs)
		s += x[0] - x[0] // 0, or NaN for ever
		s1 += x[1] - x[1]
		s2 += x[2] - x[2]
		s3 += x[3] - x[3]
	}
	for _, x := range xs {
		s += x - x
	}
	return s+s1+s2+s3 == 0
}

// BatchRows is the number of rows in a slice of n numbers. Errors wrap ErrShape.
func BatchRows(name string, n, width int) (int, error) {
	if n%width != 0 {
		return 0, fmt.Errorf("%s: %d numbers are no rows of %d: %w", name, n, width, ErrShape)
	}
	return n / width, nil
}

// CheckRows compares the length of a slice with a number of rows. Errors wrap ErrShape.
func CheckRows(name string, n, width, rows int) error {
	if n != width*rows {
		return fmt.Errorf("%s: %d numbers instead of %d rows of %d: %w", name, n, rows, width, ErrShape)
	}
	return nil
}

// InOrder reports whether output times go from t0 on one way, that of the last of them, and are numbers.
func InOrder(t0 float64, ts []float64) bool { return InOrderEach(t0, ts, 0, 1) }

// InOrderEach is InOrder of the times at places i, i+stride, i+2*stride, … of ts.
func InOrderEach(t0 float64, ts []float64, i, stride int) bool {
	last, k := t0, i
	for ; k < len(ts) && ts[k]-last >= 0; k += stride { // NaN is not
		last = ts[k]
	}
	if k >= len(ts) {
		return true
	}
	last = t0
	for ; i < len(ts) && ts[i]-last <= 0; i += stride {
		last = ts[i]
	}
	return i >= len(ts)
}

// CheckTimes demands finite times that go from t0 on in the direction of t1. Errors wrap ErrBadTimes.
func CheckTimes(t0, t1 float64, ts []float64) error {
	dir := math.Copysign(1, t1-t0)
	last := t0
	for i, t := range ts {
		if t-t != 0 || (t-last)*dir < 0 {
			return fmt.Errorf("time %d is %v: times must be finite and go from %v on in the direction of %v: %w", i, t, t0, t1, ErrBadTimes)
		}
		last = t
	}
	return nil
}
