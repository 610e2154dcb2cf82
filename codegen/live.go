package codegen

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// element is element k of v.
type element struct {
	v *ir.Value
	k int
}

// elements is a set of elements of the values of a function; of a large value there is only element 0.
type elements struct {
	first []int // by the ID of a value: the place of its element 0
	in    []bool
}

func newElements(f *ir.Func) *elements {
	s := &elements{first: make([]int, f.IDs())}
	n := 0
	for _, v := range f.Values {
		s.first[v.ID] = n
		if large(v) {
			n++
		} else {
			n += v.Type.Len()
		}
	}
	s.in = make([]bool, n)
	return s
}

func (s *elements) add(v *ir.Value, k int)      { s.in[s.first[v.ID]+k] = true }
func (s *elements) has(v *ir.Value, k int) bool { return s.in[s.first[v.ID]+k] }

// liveElements finds the elements that somebody reads, going back over the steps. A small array is
// one variable per element, and Go refuses a variable that nobody reads.
func (fn *function) liveElements() *elements {
	live := newElements(fn.f.IR)
	all := func(v *ir.Value) { fn.readAll(live, v) }
	for _, r := range fn.f.IR.Results {
		all(r)
	}
	for q := len(fn.f.Nests) - 1; q >= 0; q-- {
		steps := fn.f.Nests[q].Steps
		for i := len(steps) - 1; i >= 0; i-- {
			s := steps[i]
			switch s.Form {
			case plan.AddTo:
				all(s.V)
			case plan.Elem:
				if large(s.V) {
					if live.has(s.V, 0) {
						fn.readOperands(live, s.V, 0)
					}
					continue
				}
				for k := range s.V.Type.Len() {
					if live.has(s.V, k) {
						fn.readOperands(live, s.V, k)
					}
				}
			case plan.Copy:
				if large(s.V) {
					for _, a := range s.V.Args {
						if live.has(s.V, 0) {
							all(a)
						}
					}
					continue
				}
				for k := range s.V.Type.Len() {
					if src, j := plan.CopySource(s.V, k); src != nil && live.has(s.V, k) {
						fn.read(live, src, j)
					}
				}
			case plan.RowDot, plan.Gather, plan.OuterRow, plan.OuterCol:
				fn.readFactors(live, s)
			default:
				for _, a := range s.V.Args {
					all(a)
				}
			}
		}
	}
	return live
}

// readFactors marks what a product reads: of one with a variable for each element, of which unread ones are not computed, what
// the others take.
func (fn *function) readFactors(live *elements, s plan.Step) {
	v, a, b := s.V, s.V.Args[0], s.V.Args[1]
	if large(v) || s.Sum != nil {
		fn.readAll(live, a)
		fn.readAll(live, b)
		return
	}
	element := func(x *ir.Value, k int) {
		if large(x) {
			k = 0
		}
		fn.read(live, x, k)
	}
	n := b.Type.Len() // of a row of v, or of one of the matrix
	for k := range v.Type.Len() {
		if fn.isVariable(v) && !live.has(v, k) {
			continue
		}
		switch s.Form {
		case plan.RowDot:
			for j := range n {
				element(a, k*n+j)
				element(b, j)
			}
		case plan.Gather:
			for j := range a.Type.Len() {
				element(a, j)
				element(b, j*v.Type.Len()+k)
			}
		default:
			element(a, k/n)
			element(b, k%n)
		}
	}
}

func (fn *function) readAll(live *elements, v *ir.Value) {
	if v.Type.Elem == ir.Tuple {
		return
	}
	for k := range v.Type.Len() {
		fn.read(live, v, k)
		if large(v) {
			return
		}
	}
}

// large reports whether v is far too long for a variable per element: it is read as a whole, marked by its element 0, so that
// the time of this does not grow with the width of layers.
func large(v *ir.Value) bool { return v.Type.Len() > 16*plan.SmallLen }

// read marks element k of v, or what it is spelled as.
func (fn *function) read(live *elements, v *ir.Value, k int) {
	p := fn.f.Places[v]
	switch {
	case p != nil && p.Kind == plan.View:
		fn.read(live, p.Base, k+p.Offset)
	case p != nil && p.Kind == plan.Folded:
		fn.readOperands(live, v, k)
	case large(v):
		live.add(v, 0)
	default:
		live.add(v, k)
	}
}

// readOperands marks what element k of an element-wise value reads.
func (fn *function) readOperands(live *elements, v *ir.Value, k int) {
	for _, a := range v.Args {
		if a.Type.Len() == 1 {
			fn.read(live, a, 0)
		} else {
			fn.read(live, a, k)
		}
	}
}

// unread reports whether v is kept in a variable per element and nobody reads the one at ix.
func (fn *function) unread(v *ir.Value, ix index) bool {
	return ix.konst && fn.isVariable(v) && !fn.live.has(v, ix.k)
}
