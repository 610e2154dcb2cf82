package rt

import "sync"

// FirstFailure keeps the failure of the lowest sample of a batch, whichever goroutine sees it
// first.
type FirstFailure struct {
	mu sync.Mutex
	e  *SolveError
}

// Reset forgets.
func (f *FirstFailure) Reset() { f.e = nil }

// See looks at the statistics of one solve of a sample.
func (f *FirstFailure) See(st *SolveStats, site *Site, sample, row int) {
	if !st.Status.Failed() {
		return
	}
	e := st.err(site, sample, row)
	f.mu.Lock()
	if f.e == nil || e.Sample < f.e.Sample {
		f.e = e
	}
	f.mu.Unlock()
}

// Err is what was seen, a *SolveError or nil.
func (f *FirstFailure) Err() error {
	if f.e == nil {
		return nil
	}
	return f.e
}
