package rt

import (
	"bytes"
	"unsafe"
)

// Records keep what all samples of a batch share in the steps of a solve: a record for each step, as long as there is room.
type Records[R Float] struct{ steps []*Record[R] }

// Record is that of the step of length H from time T on.
type Record[R Float] struct {
	T, H  float64
	Made  bool // Data are those of the step
	Added bool // samples have added to its sums
	Data  []R
	kept  *Record[R] // what it was at the last Keep, if samples had added to its sums
}

// recordBytes are what the records of a solve take at most. What finds no room is made again.
const recordBytes = 32 << 20

// Of is the record of size numbers for step k, which may still be that of another one.
func (x *Records[R]) Of(k, size int) *Record[R] {
	var one R
	k %= max(1, recordBytes/(size*int(unsafe.Sizeof(one))))
	for len(x.steps) <= k {
		x.steps = append(x.steps, &Record[R]{Data: make([]R, size)})
	}
	return x.steps[k]
}

// Is reports whether the data are those of a step of length h from t on.
func (r *Record[R]) Is(t, h float64) bool { return r.Made && r.T == t && r.H == h }

// All are the records that there are.
func (x *Records[R]) All() []*Record[R] { return x.steps }

// Reset forgets all data.
func (x *Records[R]) Reset() {
	for _, r := range x.steps {
		r.Made = false
	}
}

// Keep remembers all sums.
func (x *Records[R]) Keep() {
	for _, r := range x.steps {
		if !r.Added {
			if r.kept != nil {
				r.kept.Added = false
			}
			continue
		}
		if r.kept == nil {
			r.kept = &Record[R]{}
		}
		r.kept.set(r)
	}
}

// PutBack makes all sums what they were at the last Keep. Records to which samples have added since, and had not before, are forgotten.
func (x *Records[R]) PutBack() {
	for _, r := range x.steps {
		switch {
		case r.kept != nil && r.kept.Added:
			r.set(r.kept)
		case r.Added:
			Clear(r.Data)
			r.Made, r.Added = false, false
		}
	}
}

// set makes r a copy of s.
func (r *Record[R]) set(s *Record[R]) {
	r.T, r.H, r.Made, r.Added = s.T, s.H, s.Made, s.Added
	r.Data = Copied(r.Data, s.Data)
}

// SameBits reports whether two slices hold the same bits.
func SameBits[R Float](a, b []R) bool {
	return bytes.Equal(bytesOf(a), bytesOf(b))
}
