package lanes

import (
	"fmt"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Small says how a batch runs that is much smaller than a block, where its bits need not be those of a large one.
type Small struct {
	// Rows is the number of rows from which on a block is faster; 0 where there is nothing else.
	Rows int
	// Least is the number of rows from which on kernels for a few samples are faster than as many runs of those for one; 0 where
	// there are none.
	Least int

	block, few, one float64 // times
}

// Small is how small batches of a model run, with kernels for a few samples or without. Its times are those of the plan: vector
// operations at two a cycle of AVX-512, and what waits.
func (a *Alone) Small(m *ir.Model, few bool) Small {
	reached := a.Set.Plan.Reached(m.Func)
	some := false
	for f := range a.Entries {
		some = some || reached[f]
	}
	if !some {
		return Small{}
	}
	c := smallCost{set: a.Set, known: map[*ir.Func]Small{}}
	s := c.of(m.Func)
	for n := 2; few && n <= fewSamples && s.Least == 0; n++ {
		if s.few < float64(n)*s.one {
			s.Least = n
		}
	}
	for s.Rows = 2; s.Rows <= a.Set.Samples() && s.time(s.Rows) < s.block; s.Rows++ {
	}
	if s.Rows == 2 {
		return Small{}
	}
	return s
}

// time is that of n rows without a block.
func (s *Small) time(n int) float64 {
	if s.Least == 0 {
		return float64(n) * s.one
	}
	t, rest := float64(n/fewSamples)*s.few, n%fewSamples
	if rest >= s.Least {
		return t + s.few
	}
	return t + float64(rest)*s.one
}

// String says it to people.
func (s *Small) String() string {
	how := "one by one"
	if s.Least > 0 {
		how = fmt.Sprintf("by fours, which take %.1f times as long as one,", s.few/s.one)
	}
	return fmt.Sprintf("batches of fewer than %d %s where a block takes %.0f times as long", s.Rows, how, s.block/s.one)
}

// smallCost finds times of functions.
type smallCost struct {
	set   *Set
	known map[*ir.Func]Small
}

const (
	// someSteps is the number of those of an adaptive solve, for its part beside what else a model does.
	someSteps = 10
	// waitsOne and waitsFew are half cycles for a loop over elements in which nothing overlaps: the last function and sum, and the
	// way to the next loop. waitsShort is that of one sample with no more elements than a vector (see Quickest).
	waitsOne, waitsFew, waitsShort = 130, 150, 95
	// nearBytes are those of weights that stay in the first cache; others come at farBytes in a half cycle.
	nearBytes, farBytes = 32 << 10, 21
)

// of is the time of f, in half cycles.
func (c *smallCost) of(f *ir.Func) Small {
	if t, ok := c.known[f]; ok {
		return t
	}
	var t Small
	pf := c.set.Plan.Of(f)
	if pf == nil {
		return t
	}
	bytes := 0
	own := 0.0 // vector operations of a sample, along elements
	lanes := float64(64 / c.set.real().Bytes())
	for _, n := range pf.Nests {
		if v := n.Steps[0].V; isNode(n) {
			c.run(&t, v)
			continue
		}
		if v := n.Steps[0].V; convolves(n) && v.Op != ir.OpConvWeight {
			t.block += float64(c.slots(pf, v, &bytes) * (RowBytes / asm.AVX512.Bytes()))
			t.one, t.few = t.one+c.set.convSlots(v), t.few+fewSamples*c.set.convSlots(v)
			continue
		}
		slots := 0
		for _, st := range n.Steps {
			if st.Form != plan.AddTo {
				slots += c.slots(pf, st.V, &bytes)
			}
		}
		t.block += float64(slots * (RowBytes / asm.AVX512.Bytes()))
		if n.Extent <= plan.SmallLen {
			t.one, t.few = t.one+float64(slots), t.few+float64(slots)
			continue
		}
		vectors := float64((n.Extent + int(lanes) - 1) / int(lanes))
		own += float64(slots) * vectors / float64(n.Extent)
		waits := float64(waitsOne)
		if vectors == 1 {
			waits = waitsShort
		}
		t.one, t.few = t.one+waits, t.few+waitsFew
	}
	t.few += fewSamples * own
	if bytes > nearBytes {
		own = max(own, float64(bytes)/farBytes)
	}
	t.one += own
	c.known[f] = t
	return t
}

// slots are those of v with what is computed at its use, and the bytes of parameters that it reads.
func (c *smallCost) slots(pf *plan.Func, v *ir.Value, bytes *int) int {
	n := c.set.Plan.CostOf(v).Slots
	for _, a := range v.Args {
		if q := a.Attr.Param; a.Op == ir.OpParam && q != nil {
			*bytes += q.Type.Len() * q.Type.Elem.Bytes()
		}
		if p := pf.Places[a]; p != nil && p.Kind == plan.Folded {
			n += c.slots(pf, a, bytes)
		}
	}
	return n
}

// run adds the time of what a node runs.
func (c *smallCost) run(t *Small, v *ir.Value) {
	add := func(f *ir.Func, times int) {
		x := c.of(f)
		t.block, t.few, t.one = t.block+float64(times)*x.block, t.few+float64(times)*x.few, t.one+float64(times)*x.one
	}
	switch v.Op {
	case ir.OpSolve:
		sv := v.Attr.Solve
		steps := someSteps
		if sv.Steps > 0 {
			steps = sv.Steps
		}
		add(stepOf(sv), steps)
	case ir.OpCall:
		add(v.Attr.Func, 1)
	case ir.OpMap, ir.OpScan:
		l := loopOf(v)
		add(l.fn, l.n)
	}
}
