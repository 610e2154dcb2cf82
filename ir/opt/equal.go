package opt

import (
	"math"
	"slices"

	"ndec.dev/ndec/ir"
)

// seen holds values of a function by what determines them: operator, operands, attributes and type.
type seen struct {
	values []*ir.Value    // of the function, by their IDs
	last   map[uint64]int // of those with a hash, the ID of the last one
	chain  []int          // by ID: that of the one before it with its hash; -1 for none
}

func newSeen(f *ir.Func) *seen {
	n := f.IDs()
	s := &seen{make([]*ir.Value, n), make(map[uint64]int, n), make([]int, n)}
	for _, v := range f.Values {
		s.values[v.ID] = v
	}
	return s
}

// equal is a value that was seen and is computed as v is; nil where there is none, and v is then seen.
func (s *seen) equal(v *ir.Value) *ir.Value {
	h := hashOf(v)
	last, ok := s.last[h]
	if !ok {
		last = -1
	}
	for i := last; i >= 0; i = s.chain[i] {
		if alike(s.values[i], v) {
			return s.values[i]
		}
	}
	s.chain[v.ID], s.last[h] = last, v.ID
	return nil
}

// hash mixes numbers (FNV-1a, by words).
type hash uint64

func (h *hash) add(x uint64) { *h = (*h ^ hash(x)) * 0x100000001b3; *h ^= *h >> 29 }

func (h *hash) text(t string) {
	for i := range len(t) {
		h.add(uint64(t[i]))
	}
}

// hashOf is equal for values that are computed alike. Of the objects that an attribute holds it takes names.
func hashOf(v *ir.Value) uint64 {
	h := hash(0xcbf29ce484222325)
	h.add(uint64(v.Op))
	if v.Op.Info().Commutative { // in any order
		sum := 0
		for _, a := range v.Args {
			sum += a.ID * a.ID
		}
		h.add(uint64(sum))
	} else {
		for _, a := range v.Args {
			h.add(uint64(a.ID))
		}
	}
	at := &v.Attr
	h.add(math.Float64bits(at.Num))
	h.add(uint64(at.Index)<<8 | uint64(at.Elem))
	for _, n := range at.Ints {
		h.add(uint64(n))
	}
	for _, x := range at.Data {
		h.add(math.Float64bits(x))
	}
	switch {
	case at.Param != nil:
		h.text(at.Param.Name)
	case at.Func != nil:
		h.text(at.Func.Name)
	case at.Solve != nil:
		h.text(at.Solve.Name)
	}
	for _, n := range v.Type.Shape {
		h.add(uint64(n))
	}
	return uint64(h)
}

// alike reports whether two values are computed by the same operator from the same operands. Functions, solves and
// parameters are objects: they are equal when they are the same.
func alike(v, w *ir.Value) bool {
	a, b := &v.Attr, &w.Attr
	return v.Op == w.Op && sameOperands(v, w) &&
		a.Index == b.Index && a.Elem == b.Elem && sameBits(a.Num, b.Num) &&
		slices.Equal(a.Ints, b.Ints) && (a.Data == nil) == (b.Data == nil) && slices.EqualFunc(a.Data, b.Data, sameBits) &&
		a.Param == b.Param && a.Func == b.Func && a.Solve == b.Solve && a.Rev == b.Rev &&
		sameMap(a.Map, b.Map) && sameScan(a.Scan, b.Scan) && v.Type.Equal(w.Type)
}

func sameOperands(v, w *ir.Value) bool {
	if slices.Equal(v.Args, w.Args) {
		return true
	}
	if !v.Op.Info().Commutative || len(v.Args) != len(w.Args) {
		return false
	}
	byID := func(x, y *ir.Value) int { return x.ID - y.ID }
	return slices.Equal(slices.SortedFunc(slices.Values(v.Args), byID), slices.SortedFunc(slices.Values(w.Args), byID))
}

// sameBits tells zeros apart, and takes a number that is none to be equal to itself.
func sameBits(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }

// sameMap and sameScan do not look at regions, which are the place of the node.
func sameMap(a, b *ir.Map) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Fn == b.Fn && a.N == b.N && a.Mapped == b.Mapped
}

func sameScan(a, b *ir.Scan) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Fn == b.Fn && a.N == b.N && a.Carry == b.Carry && a.Mapped == b.Mapped && a.Back == b.Back && a.Guard == b.Guard
}
