package rt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// SolvePoint is where a solve of a generated package is that is taken a step at a time: its span, how far it is, and what its
// steps depend on beside the states.
type SolvePoint struct {
	T0, T1, T              float64
	H                      float64 // of the next step, where steps are chosen
	Err, ErrPrev, ErrPrev2 float64 // of the last step and of accepted ones before, 1 at the start
	Ratio, RatioPrev       float64 // of the lengths of steps
	HPrev                  float64
	K                      int // steps of a grid that are done
	Begun, Rejected        bool
	Pieces, Filled         bool // of a step of the grid that is cut, of the memory of several steps
	Stats                  SolveStats
}

// StartSolve is the start of a solve from t0 to t1; evals are those that memory of the method has taken.
func StartSolve(t0, t1 float64, evals int) SolvePoint {
	return SolvePoint{T0: t0, T1: t1, T: t0, Err: 1, ErrPrev: 1, ErrPrev2: 1, Ratio: 1, RatioPrev: 1, Stats: SolveStats{NFE: evals, Time: t0}}
}

// Sorted fails a solve before it begins, with BadTimes, where its stops are not sorted in its direction.
func (p *SolvePoint) Sorted(stops []float64) {
	dir, last := Signed(1, p.T1-p.T0), math.Inf(-1)
	for _, t := range stops {
		if !(t*dir >= last) { // NaN is not
			p.Stats.Fail(BadTimes, p.T0, 0)
			return
		}
		last = t * dir
	}
}

// Ended reports whether no step is left: at the end, after an event that stops, or after a failure.
func (p *SolvePoint) Ended() bool { return p.Stats.Status != OK || p.T == p.T1 }

// Error is a *SolveError where the solve has failed, else nil.
func (p *SolvePoint) Error(site *Site) error {
	if e := p.Stats.err(site, -1, -1); e != nil {
		return e
	}
	return nil
}

// SavedSolve is a solve on its way to or from the bytes of a file. What is saved and what is restored go through the same calls, in the
// same order.
type SavedSolve struct {
	data []byte
	mode savedMode
	n    int // bytes that have been gone over
}

type savedMode uint8

const (
	saving savedMode = iota
	measuring
	restoring
)

// savedMagic begins a saved solve, and says its format.
const savedMagic = "ndec solve 1\n"

// SaveSolve gives the bytes of what keep goes over. What names it: only a solve of the same name is restored from them.
func SaveSolve(what string, keep func(*SavedSolve)) []byte {
	s := &SavedSolve{data: append([]byte(savedMagic), what+"\n"...)}
	keep(s)
	return binary.LittleEndian.AppendUint32(s.data, crc32.ChecksumIEEE(s.data))
}

// RestoreSolve sets what keep goes over. Bytes of another solve, or damaged ones, change nothing; the error wraps ErrData.
func RestoreSolve(what string, data []byte, keep func(*SavedSolve)) error {
	head := savedMagic + what + "\n"
	size := &SavedSolve{mode: measuring}
	keep(size)
	switch {
	case len(data) < len(head) || string(data[:len(head)]) != head:
		return fmt.Errorf("these bytes are no saved solve of %s: %w", what, ErrData)
	case len(data) != len(head)+size.n+4 || binary.LittleEndian.Uint32(data[len(data)-4:]) != crc32.ChecksumIEEE(data[:len(data)-4]):
		return fmt.Errorf("the saved solve of %s is damaged: %w", what, ErrData)
	}
	keep(&SavedSolve{data: data[len(head) : len(data)-4], mode: restoring})
	return nil
}

// word goes over n bytes of a number.
func (s *SavedSolve) word(x uint64, n int) uint64 {
	switch s.mode {
	case saving:
		s.data = append(s.data, binary.LittleEndian.AppendUint64(nil, x)[:n]...)
	case restoring:
		var b [8]byte
		Copy(b[:n], s.data[s.n:])
		x = binary.LittleEndian.Uint64(b[:])
	}
	s.n += n
	return x
}

func (s *SavedSolve) float(x *float64) { *x = math.Float64frombits(s.word(math.Float64bits(*x), 8)) }

func (s *SavedSolve) int(x *int) { *x = int(int64(s.word(uint64(int64(*x)), 8))) }

func (s *SavedSolve) bool(x *bool) {
	n := uint64(0)
	if *x {
		n = 1
	}
	*x = s.word(n, 1) == 1
}

// Point goes over where the solve is.
func (s *SavedSolve) Point(p *SolvePoint) {
	for _, x := range []*float64{&p.T0, &p.T1, &p.T, &p.H, &p.Err, &p.ErrPrev, &p.ErrPrev2, &p.Ratio, &p.RatioPrev, &p.HPrev, &p.Stats.Time, &p.Stats.H} {
		s.float(x)
	}
	for _, x := range []*int{&p.K, &p.Stats.NFE, &p.Stats.Accepted, &p.Stats.Rejected} {
		s.int(x)
	}
	for _, x := range []*bool{&p.Begun, &p.Rejected, &p.Pieces, &p.Filled} {
		s.bool(x)
	}
	p.Stats.Status = Status(s.word(uint64(p.Stats.Status), 1))
}

// Events goes over what is known of the events of a solve.
func (s *SavedSolve) Events(ev *EventSearch, es []SolveEvent) {
	for _, x := range []*float64{&ev.dir, &ev.since, &ev.wait} {
		s.float(x)
	}
	s.int(&ev.count)
	for i := range es {
		e := &es[i]
		for _, x := range []*float64{&e.side, &e.value, &e.begun, &e.last} {
			s.float(x)
		}
		s.bool(&e.turned)
	}
}

// KeepNumbers goes over floating-point numbers.
func KeepNumbers[R Float](s *SavedSolve, xs []R) {
	for i := range xs {
		switch x := any(&xs[i]).(type) {
		case *float32:
			*x = math.Float32frombits(uint32(s.word(uint64(math.Float32bits(*x)), 4)))
		case *float64:
			s.float(x)
		}
	}
}

// KeepInts goes over whole numbers.
func KeepInts(s *SavedSolve, xs []int32) {
	for i := range xs {
		xs[i] = int32(uint32(s.word(uint64(uint32(xs[i])), 4)))
	}
}

// KeepBools goes over conditions.
func KeepBools(s *SavedSolve, xs []bool) {
	for i := range xs {
		s.bool(&xs[i])
	}
}
