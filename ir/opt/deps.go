package opt

import (
	"iter"
	"math/bits"

	"ndec.dev/ndec/ir"
)

// set is a set of small numbers: those below 64 by their bits, which few functions have more arguments than.
type set struct {
	low  uint64
	more []uint64 // bit i of word k is 64 (k + 1) + i
}

// add puts i into the set.
func (s *set) add(i int) {
	if i < 64 {
		s.low |= 1 << i
		return
	}
	k := i/64 - 1
	for len(s.more) <= k {
		s.more = append(s.more, 0)
	}
	s.more[k] |= 1 << (i % 64)
}

// join puts all of o into the set, which must not share its words with another one.
func (s *set) join(o set) {
	s.low |= o.low
	for len(s.more) < len(o.more) {
		s.more = append(s.more, 0)
	}
	for k, w := range o.more {
		s.more[k] |= w
	}
}

func (s set) empty() bool { return s.low == 0 && len(s.more) == 0 }

// all gives the numbers of the set in their order.
func (s set) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for k := range 1 + len(s.more) {
			w := s.low
			if k > 0 {
				w = s.more[k-1]
			}
			for ; w != 0; w &= w - 1 {
				if !yield(64*k + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// deps finds which arguments of its function a value depends on. It looks into calls and loops of the
// functions in through, result by result; any other node depends on all its operands. What it has found stays
// true as long as no function changes.
type deps struct {
	through map[*ir.Func]bool
	funcs   map[*ir.Func]*depsIn
}

// depsIn are those of the values of one function, by their IDs.
type depsIn struct {
	d     *deps
	found []bool
	sets  []set
}

func newDeps(through []*ir.Func) *deps {
	d := &deps{through: make(map[*ir.Func]bool, len(through)), funcs: map[*ir.Func]*depsIn{}}
	for _, f := range through {
		d.through[f] = true
	}
	return d
}

// in gives the dependences of the values of f.
func (d *deps) in(f *ir.Func) *depsIn {
	in := d.funcs[f]
	if in == nil {
		in = &depsIn{d, make([]bool, f.IDs()), make([]set, f.IDs())}
		d.funcs[f] = in
	}
	return in
}

// of is the set of indices of arguments that v depends on. It belongs to d.
func (in *depsIn) of(v *ir.Value) set {
	if in.found[v.ID] {
		return in.sets[v.ID]
	}
	var s set
	if f, args, i := calledResult(v); f != nil && in.d.through[f] {
		for a := range in.d.in(f).of(f.Results[i]).all() {
			s.join(in.of(args[a]))
		}
	} else if f, l, i := loopResult(v); f != nil && in.d.through[f] {
		for a := range in.d.ofRuns(f, l, i).all() {
			s.join(in.of(v.Args[0].Args[a]))
		}
	} else if v.Op == ir.OpArg {
		s.add(v.Attr.Index)
	} else if len(v.Args) == 1 {
		s = in.of(v.Args[0])
	} else {
		for _, a := range v.Args {
			s.join(in.of(a))
		}
	}
	in.found[v.ID], in.sets[v.ID] = true, s
	return s
}

// ofRuns is the set of arguments of f, which a loop runs, that its result i depends on over any number of runs.
func (d *deps) ofRuns(f *ir.Func, l loop, i int) set {
	args := make([]bool, len(f.Args))
	var need func(i int)
	need = func(i int) {
		for a := range d.in(f).of(f.Results[i]).all() {
			if !args[a] {
				if args[a] = true; a < l.carry {
					need(a)
				}
			}
		}
	}
	need(i)
	var s set
	for a, needed := range args {
		if needed || a == i && i < l.carry { // the start of a carry counts in any case
			s.add(a)
		}
	}
	return s
}

// loopResult gives the function that a map or scan runs, and how, where v is one of its results, and the index of that.
func loopResult(v *ir.Value) (f *ir.Func, l loop, i int) {
	if v.Op == ir.OpResult {
		if f, l, ok := loopOf(v.Args[0]); ok {
			return f, l, v.Attr.Index
		}
	}
	return nil, loop{}, 0
}

// calledResult gives the function, the operands and the index of the result when v is one result
// of a call, and a nil function otherwise.
func calledResult(v *ir.Value) (f *ir.Func, args []*ir.Value, i int) {
	if v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall {
		return v.Args[0].Attr.Func, v.Args[0].Args, v.Attr.Index
	}
	if v.Op == ir.OpCall && v.Type.Elem != ir.Tuple {
		return v.Attr.Func, v.Args, 0
	}
	return nil, nil, 0
}
