package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// What follows a convolution element by element, its bias and activation, is computed while the sums of a tile are in
// registers: images of a block are larger than the first cache, and each time over one of them costs about a tenth of what a
// convolution does.

// fewFollowing is the number of operations up to which they are spelled out for all sums of a tile.
const fewFollowing = 32

// followed reports whether the second of some nests is computed with the first one, which is a convolution: it goes over the
// same elements, one by one.
func (s *Set) followed(pf *plan.Func, nests []*plan.Nest) bool {
	if s.alone != nil || len(nests) < 2 || !convolves(nests[0]) || isNode(nests[1]) {
		return false
	}
	v, n := nests[0].Steps[0].V, nests[1]
	if v.Op == ir.OpConvWeight || n.Extent != v.Type.Len() || n.Unroll {
		return false
	}
	size, follows, shifted := 0, false, false
	for _, st := range n.Steps {
		if st.Form != plan.Elem || st.Sum != nil || s.double(st) {
			return false
		}
		size += s.operations(pf, st.V)
		reads(pf, st.V, func(a *ir.Value) {
			if base(pf, a) == v {
				follows = true
				shifted = shifted || a.Type.Len() != v.Type.Len()
			}
		})
	}
	return follows && !shifted && size <= fewFollowing
}

// passing are the convolutions of a kernel that only what follows them reads: they need no place.
func (s *Set) passing(k *Kernel) map[*ir.Value]bool {
	out := map[*ir.Value]bool{}
	by := map[*ir.Value]*plan.Nest{} // what follows each
	for i, n := range k.nests {
		if v := n.Steps[0].V; s.followed(k.pf, k.nests[i:]) {
			out[v], by[v] = true, k.nests[i+1]
		}
	}
	if len(out) == 0 {
		return out
	}
	for _, n := range k.nests {
		for _, st := range n.Steps {
			read := func(v *ir.Value) {
				if v = base(k.pf, v); by[v] != n {
					delete(out, v)
				}
			}
			readsOf(k.pf, st, read)
		}
	}
	for _, r := range k.Func.Results {
		delete(out, base(k.pf, r))
	}
	return out
}

// followers are the nests that are computed with a convolution, the first of a segment.
func followers(seg []*plan.Nest) []*plan.Nest {
	if convolves(seg[0]) {
		return seg[1:]
	}
	return nil
}

// convolved keeps an element of a convolution, which is in registers, and computes what follows it.
func (c *compiler) convolved(v *ir.Value, ix index, sum []asm.Vec) {
	ix.rows, ix.tile = true, 0
	c.cur = map[cursor]value{}
	c.keep(v, ix, value{sum, c.kind(v.Type.Elem)})
	for _, n := range c.following {
		for _, st := range n.Steps {
			c.source(st.V)
			c.step(st, []index{ix}, n.Extent)
		}
	}
	c.cur = nil
}

// apart runs body with no numbers in registers from before it, and leaves none: those that stand behind the loops of a tile
// would take registers from its sums.
func (c *compiler) apart(body func()) {
	before := c.reg
	c.reg = map[element]value{}
	body()
	c.reg = before
}
