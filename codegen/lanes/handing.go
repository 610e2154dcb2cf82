package lanes

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Values are not copied on their way into a call and out of it where they need not be: what only a call reads is made at
// the place of its argument; what is read before the next call stays where the callee has put it; and what has to be kept
// longer is copied by the loop that reads it first. A state of an image in each sample of a block is larger than the first
// cache, and each time over it takes a tenth of a convolution.

// handedOver gives values that calls take and give the places of arguments and results of callees. segs are the segments
// of k, and where says which of them makes a value.
func (s *Set) handedOver(k *Kernel, segs [][]*plan.Nest, where map[*ir.Value]int) {
	if s.few() > 0 {
		return
	}
	readers := map[*ir.Value][]int{} // segments, once for each time
	for i, seg := range segs {
		for _, n := range seg {
			for _, st := range n.Steps {
				read := func(v *ir.Value) { v = base(k.pf, v); readers[v] = append(readers[v], i) }
				readsOf(k.pf, st, read)
			}
		}
	}
	results := map[*ir.Value]bool{}
	for _, r := range k.Func.Results {
		results[base(k.pf, r)] = true
	}
	free := func(v *ir.Value) bool { // whether v wants a place of its own
		switch pl := k.pf.Places[v]; {
		case pl == nil || k.byVal[v] != nil || k.alike[v] || results[v] || v.Type.Elem == ir.Tuple || v.Type.IsScalar():
			return false
		case s.alone != nil && v.Type.Len() <= plan.SmallLen: // it goes in registers
			return false
		default:
			return pl.Kind == plan.Local || pl.Kind == plan.Work || pl.Kind == plan.Register
		}
	}
	for i, seg := range segs {
		call := seg[0].Steps[0].V
		if !isNode(seg[0]) || call.Op != ir.OpCall {
			continue
		}
		callee := s.callee(k, call)
		if callee == nil || callee.again || len(callee.carry) > 0 {
			continue
		}
		for j, a := range call.Args {
			from, made := where[a]
			if made && free(a) && len(readers[a]) == 1 && !callee.Args[j].Kept && nextNode(segs, from) == i {
				k.byVal[a] = callee.Args[j]
			}
		}
		next := nextNode(segs, i)
		for _, r := range given(k, call) {
			to := callee.Results[r.index]
			if to == nil || to.Kept || !free(r.v) || len(readers[r.v]) == 0 {
				continue
			}
			stays := true
			for _, at := range readers[r.v] {
				stays = stays && at > i && (at < next || at == next && segs[next][0].Steps[0].V.Op == ir.OpCall)
			}
			if stays {
				k.byVal[r.v] = to
			}
		}
	}
}

// nextNode is the first segment after one of them that runs other functions; their number if there is none.
func nextNode(segs [][]*plan.Nest, from int) int {
	for i := from + 1; i < len(segs); i++ {
		if isNode(segs[i][0]) {
			return i
		}
	}
	return len(segs)
}

// result is a value that is a result of a call.
type result struct {
	v     *ir.Value
	index int
}

// given are the results of a call that k has.
func given(k *Kernel, call *ir.Value) (out []result) {
	if call.Type.Elem != ir.Tuple {
		return []result{{call, 0}}
	}
	for _, u := range k.Func.Values {
		if u.Op == ir.OpResult && u.Args[0] == call {
			out = append(out, result{u, u.Attr.Index})
		}
	}
	return out
}

// arrival is a result of a call on its way from the place of the callee to its own: the nest that reads it first copies it.
type arrival struct {
	nest *plan.Nest
	from *Field
}

// arrives is the nest of the next segment that reads all of r first, one element after the other; nil where there is none.
func (c *compiler) arrives(r *ir.Value, next []*plan.Nest) *plan.Nest {
	if len(next) == 0 || c.set.few() > 0 || c.set.alone != nil && r.Type.Len() <= plan.SmallLen || r.Type.Len() <= unrolled || convolves(next[0]) || isNode(next[0]) {
		return nil
	}
	for _, n := range next {
		all, other := false, false
		for _, st := range n.Steps {
			if st.Form == plan.AddTo {
				other = other || base(c.pf, st.V) == r
				continue
			}
			reads(c.pf, st.V, func(a *ir.Value) {
				all = all || a == r && st.Form == plan.Elem
				other = other || base(c.pf, a) == r && (a != r || st.Form != plan.Elem)
			})
		}
		switch {
		case other || all && (n.Extent != r.Type.Len() || n.Unroll || c.tile(n) > 1):
			return nil
		case all:
			return n
		}
	}
	return nil
}

// arrive is element ix of a value that the present nest copies to its place.
func (c *compiler) arrive(v *ir.Value, ix index) (value, bool) {
	a, ok := c.arriving[v]
	if !ok || a.nest != c.present || !ix.rows {
		return value{}, false
	}
	x := c.loadField(a.from, ix)
	c.storeField(c.k.byVal[v], ix, x)
	c.cur[cursor{v, ix.tile}] = x
	return x, true
}

// shortResult is a result of a few numbers, on its way from the place of the callee to its own.
type shortResult struct {
	v    *ir.Value
	from *Field
}

// takesShort reports whether the next segment begins with the copy of r: a loop over the vectors less, and what the segment reads of r
// is in registers.
func (c *compiler) takesShort(r *ir.Value, next []*plan.Nest) bool {
	return c.set.alone == nil && r.Type.Len() <= unrolled && !c.k.alike[r] && len(next) > 0 && !convolves(next[0]) && !isNode(next[0])
}

// takeShort prints these copies.
func (c *compiler) takeShort() {
	for _, r := range c.short {
		for k := range r.v.Type.Len() {
			c.keep(r.v, at(k), c.loadField(r.from, at(k)))
		}
	}
}
