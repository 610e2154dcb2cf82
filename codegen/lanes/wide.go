package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// Wide blocks. With AVX-512 a block is two vectors: what waits in an evaluation, for the last function of a layer and from one stage to the next, is
// waited for by two vectors, and eight rows of a product by two vectors read ten numbers for sixteen multiply-adds. Four vectors share these waits, and four
// rows by four vectors read eight. So batches by steps of given number have kernels for blocks of twice as many samples, beside those for the
// others: gradients keep their sums over the samples of a block, and the last rows of a batch theirs. A sample has the same bits in both.

// wideISA is the instruction set that has registers for wide blocks.
const wideISA = asm.AVX512

// wideText is how many lines the kernels of other blocks may have that a model runs: longer ones have much beside their products, which wide blocks
// do not make faster.
const wideText = 3000

// Wide is what runs in wide blocks.
type Wide struct {
	Set    *Set
	Models map[*ir.Model]*Node
}

// CompileWide finds the models whose batches do.
func CompileWide(c *Program, name func(*ir.Func) string) *Wide {
	s := newSet(c.Set.Plan, wideRow, name)
	s.Args[0] = "fr *wideFrame"
	w := &Wide{s, map[*ir.Model]*Node{}}
	for _, m := range s.Plan.Module.Models {
		if n := c.Models[m]; n == nil || !c.Set.worthWide(n) {
			continue
		}
		if n, err := s.AddNode(m.Func); err == nil {
			w.Models[m] = n
		}
	}
	return w
}

// worthWide reports whether a wide block is faster for a node: it does nothing but solves by a given number of steps, whose work is mostly products with matrices and what
// goes row by row with these.
func (s *Set) worthWide(n *Node) bool {
	if s.Tiles || n.Shares() || plainSolves(n.Func) != nil {
		return false
	}
	var w tiledWork
	for _, st := range n.Steps {
		switch {
		case st.Kernel != nil:
		case st.Solve == nil || st.Solve.IR.Adaptive || st.Solve.IR.Record:
			return false
		default:
			w.add(s.tiledWork(st.Solve.Step))
		}
	}
	lines := 0
	for _, k := range s.Reached(n) {
		if slices.ContainsFunc(k.nests, convolves) {
			return false
		}
		lines += k.code[wideISA].Lines()
	}
	return 2*w.tiled > w.all && lines <= wideText
}

// tiledWork is work by the plan: all, and that in loops with products that go over the whole block.
type tiledWork struct{ tiled, all int }

func (w *tiledWork) add(x tiledWork) { w.tiled, w.all = w.tiled+x.tiled, w.all+x.all }

// tiledWork is that of a kernel with what it calls.
func (s *Set) tiledWork(k *Kernel) (w tiledWork) {
	for _, q := range k.calls {
		w.add(s.tiledWork(q))
	}
	for _, n := range k.nests {
		if v := n.Steps[0].V; isNode(n) {
			q := s.callee(k, v)
			if isBreak(v) || q == nil {
				continue
			}
			times := 1
			if v.Op != ir.OpCall {
				times = loopOf(v).n
			}
			x := s.tiledWork(q)
			w.add(tiledWork{times * x.tiled, times * x.all})
			continue
		}
		own := 0
		for _, st := range n.Steps {
			own += s.workOfStep(k.pf, st)
		}
		w.all += own
		if s.multiplies(n) {
			w.tiled += own
		}
	}
	return w
}
