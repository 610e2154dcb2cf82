package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Go's collector has to wait until a kernel is through. Where a run takes long by the plan, Go makes it in turns: pieces of the
// function one after the other, and what it calls between them, which may go in turns itself. They share the places of the
// kernel, so that the numbers are the same.

// holdSlots is what a turn takes at most (Set.Hold), if nothing waits and it can be cut: half cycles over all vectors of a block of AVX2,
// some half a millisecond. Of loops of the plan those of products are cut (portion.go).
const holdSlots = 3_000_000

// turn is the piece of a kernel that is one of its turns: what a call gave comes first, and what the next one takes last.
type turn struct {
	segs          [][]*plan.Nest
	after, before *ir.Value
	last          bool
	portions      map[*plan.Nest]portion // of loops that it does not make whole
}

// held is how long a run of something with these costs takes, as holdSlots counts.
func held(c plan.Cost) int { return c.Slots * (RowBytes / asm.AVX2.Bytes()) }

// takeTurns cuts a kernel that takes long.
func (s *Set) takeTurns(k *Kernel) {
	if s.alone != nil || k.again || k.record != nil || k.kept.any() || held(k.pf.Cost) <= s.Hold {
		return
	}
	var turns []*Kernel
	next, size := &turn{}, 0
	end := func(before *ir.Value) {
		p := *k
		p.Fields, p.also, p.turn, p.nests = nil, nil, next, nil
		p.Name = fmt.Sprintf("%sTurn%d", k.Name, len(turns))
		next.before, next.last = before, before == nil && next.last
		for _, seg := range next.segs {
			p.nests = append(p.nests, seg...)
		}
		turns = append(turns, &p)
		next, size = &turn{after: before}, 0
	}
	for _, seg := range s.segments(k.pf, k.nests, long) {
		v, callee := seg[0].Steps[0].V, (*Kernel)(nil)
		cost := 0
		switch {
		case !isNode(seg[0]):
			cost = held(s.costOf(seg))
		case v.Op == ir.OpCall:
			callee = s.callee(k, v)
			cost = held(callee.pf.Cost)
		default:
			l := loopOf(v)
			cost = l.n * held(s.Of(l.fn).pf.Cost)
		}
		if callee != nil && cost > s.Hold/8 {
			end(v)
			if callee.Turns != nil {
				turns = append(turns, callee.Turns...)
			} else {
				turns = append(turns, callee)
			}
			continue
		}
		if cuts, costs := s.portions(k, seg); cuts != nil {
			if size > 0 {
				end(nil)
			}
			for i, p := range cuts {
				if i > 0 {
					end(nil)
				}
				next.segs, next.portions, size = append(next.segs, seg), map[*plan.Nest]portion{seg[0]: p}, costs[i]
			}
			continue
		}
		if size > 0 && size+cost > s.Hold {
			end(nil)
		}
		next.segs = append(next.segs, seg)
		size += cost
	}
	next.last = true
	end(nil)
	if len(turns) == 1 {
		return
	}
	k.Turns = turns
	for _, p := range turns {
		if p.turn != nil && !slices.Contains(s.Kernels, p) {
			s.join(p)
		}
	}
}

// costOf is the work of loops of the plan that are no nodes.
func (s *Set) costOf(nests []*plan.Nest) plan.Cost {
	var steps []plan.Step
	for _, n := range nests {
		steps = append(steps, n.Steps...)
	}
	return s.costOfSteps(steps)
}

// Called lists those of the set's kernels that some of them run, these included.
func (s *Set) Called(by func(*Kernel) bool) []*Kernel {
	reached := map[*Kernel]bool{}
	for _, k := range s.Kernels {
		if by(k) {
			s.reach(k, reached)
		}
	}
	return slices.DeleteFunc(slices.Clone(s.Kernels), func(k *Kernel) bool { return !reached[k] })
}

// reach adds a kernel with what it calls to those that are reached.
func (s *Set) reach(k *Kernel, reached map[*Kernel]bool) {
	if k == nil || reached[k] {
		return
	}
	reached[k] = true
	for _, c := range k.calls {
		s.reach(c, reached)
	}
	for _, n := range k.nests {
		if v := n.Steps[0].V; isNode(n) && !isBreak(v) {
			s.reach(s.callee(k, v), reached)
		}
	}
}
