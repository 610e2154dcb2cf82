package rt

import "sort"

// Steps are the times and lengths of the steps of a solve, in order. Steps of one length that follow each
// other by t + n h are kept as one, so that those of a fixed-step solve take no memory of their own.
type Steps struct {
	runs []stepRun
	n    int
}

// stepRun is a run of steps of length h from t on; its first step has the given number.
type stepRun struct {
	t, h  float64
	first int
}

// Reset forgets all steps.
func (s *Steps) Reset() { s.runs, s.n = s.runs[:0], 0 }

// Len is the number of steps.
func (s *Steps) Len() int { return s.n }

// Push adds a step from t of length h.
func (s *Steps) Push(t, h float64) {
	if n := len(s.runs); n > 0 {
		if r := &s.runs[n-1]; r.h == h && r.t+float64(float64(s.n-r.first)*h) == t {
			s.n++
			return
		}
	}
	s.runs = append(s.runs, stepRun{t, h, s.n})
	s.n++
}

// At gives time and length of step k, counted from 0.
func (s *Steps) At(k int) (t, h float64) {
	i := sort.Search(len(s.runs), func(i int) bool { return s.runs[i].first > k }) - 1
	r := &s.runs[i]
	return r.t + float64(float64(k-r.first)*r.h), r.h
}
