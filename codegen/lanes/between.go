package lanes

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// The halves of a field's derivative are called in turn, all of the way forward and then all of the way back, so that what one gives and the
// other takes would be copied twice. It lies in the frame of who calls both, where they find it as what a step keeps: by the pointer that kernels have
// for their record. All calls of a function find it alike, so that they share a kernel.

// between is what lies between a call that gives it and one that takes it.
type between struct {
	places keptPlaces  // of this call, behind the first value
	values []*ir.Value // results of the call that gives it
}

// pairing is one call that gives something and one that takes it, as which of its arguments by which results.
type pairing struct {
	give, take *ir.Value
	args       map[int]int
}

// betweenCalls finds what lies between calls of k, by either of the calls.
func (s *Set) betweenCalls(k *Kernel) map[*ir.Value]*between {
	if s.alone != nil || k.record != nil || k.kept.any() {
		return nil
	}
	pairs, used := s.pairings(k)
	out := map[*ir.Value]*between{}
	for i, p := range pairs {
		if out[p.give] != nil || p.take == nil {
			continue
		}
		like := slices.DeleteFunc(slices.Clone(pairs[i:]), func(q *pairing) bool { return q.give.Attr.Func != p.give.Attr.Func })
		takes := map[*ir.Value]bool{}
		for _, q := range like {
			if q.take != nil && q.take.Attr.Func == p.take.Attr.Func {
				takes[q.take] = true
			}
		}
		if n := len(takes); n < len(like) || n < 2 || n < used[p.take.Attr.Func] {
			continue // others would need a kernel of their own
		}
		var rows []int
		for _, r := range sorted(p.args) {
			if !slices.ContainsFunc(like, func(q *pairing) bool { a, ok := q.args[r]; return !ok || a != p.args[r] }) {
				rows = append(rows, r)
			}
		}
		if len(rows) == 0 {
			continue
		}
		for _, q := range like {
			gives, takes := &between{places: keptPlaces{results: map[int]int{}}}, &between{places: keptPlaces{args: map[int]int{}}}
			at := 0
			for _, r := range rows {
				v := q.take.Args[q.args[r]]
				gives.places.results[r], takes.places.args[q.args[r]] = at, at
				gives.values = append(gives.values, v)
				at += v.Type.Len() * s.rowBytes(v.Type.Elem)
			}
			takes.values = gives.values
			out[q.give], out[q.take] = gives, takes
		}
	}
	return out
}

// pairings are all calls of k, each with a call that alone takes some long results of it, and how often functions are called.
func (s *Set) pairings(k *Kernel) (pairs []*pairing, used map[*ir.Func]int) {
	used = map[*ir.Func]int{}
	of, readers := map[*ir.Value]*pairing{}, map[*ir.Value]int{}
	for _, v := range k.Func.Values {
		for _, a := range v.Args {
			readers[a]++
		}
		if v.Op == ir.OpCall {
			of[v] = &pairing{give: v, args: map[int]int{}}
			pairs = append(pairs, of[v])
			used[v.Attr.Func]++
		}
	}
	for _, r := range k.Func.Results {
		readers[r]++
	}
	for _, v := range k.Func.Values {
		if v.Op != ir.OpCall {
			continue
		}
		for i, a := range v.Args {
			if a.Op != ir.OpResult || a.Args[0].Op != ir.OpCall || readers[a] != 1 || k.alike[a] || a.Type.Elem != s.real() || a.Type.Len() <= unrolled {
				continue
			}
			pl := k.pf.Places[a]
			if pl == nil || pl.Kind != plan.Local && pl.Kind != plan.Work && pl.Kind != plan.Register {
				continue
			}
			if p := of[a.Args[0]]; p.take == nil || p.take == v {
				p.take = v
				p.args[a.Attr.Index] = i
			}
		}
	}
	return pairs, used
}

// layoutBetween gives places to what lies between calls.
func (s *Set) layoutBetween(k *Kernel, names valueNames) {
	for _, call := range k.Func.Values {
		h := k.between[call]
		if h == nil || len(h.places.results) == 0 {
			continue
		}
		for _, v := range h.values {
			k.byVal[v] = s.field(k, names.of(v), v.Type)
		}
	}
}
