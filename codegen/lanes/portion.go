package lanes

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A loop of products that takes longer than a turn goes in two portions: some of its rows in each, with the sums along it kept at their places in between.
// Rows do not depend on each other, and sums go on where they were, so that the bits are the same.

// mostPortions is the number of portions of a loop at most: each is a kernel, and the text of wide layers is no more than half as long again as that of narrow
// ones.
const mostPortions = 2

// part numbers: the loop of a nest, and then each of its steps that has a loop of its own behind that (see deferred).
const inLoop = -1

// portion is what of the parts of a nest a turn makes: rows from the first number up to the second one. It makes none of others.
type portion map[int][2]int

// rows are those of a part with n rows in all that the kernel makes.
func (c *compiler) rows(n *plan.Nest, part, rows int) (from, to int) {
	if t := c.k.turn; t != nil && t.portions[n] != nil {
		at := t.portions[n][part]
		return at[0], at[1]
	}
	return 0, rows
}

// rowsOfStep are the rows of the loop of a deferred step.
func rowsOfStep(st plan.Step) int {
	if st.Form == plan.Scatter {
		return st.V.Type.Len()
	}
	return st.V.Args[0].Type.Len()
}

// sums reports whether a step adds up along its loop, in registers.
func sums(st plan.Step) bool {
	switch st.Form {
	case plan.ColSum, plan.SumAll:
		return true
	case plan.Scatter:
		return !scattered(st)
	}
	return false
}

// longLoop reports whether a loop takes longer than a turn, and may go in portions.
func (s *Set) longLoop(n *plan.Nest) bool {
	return s.byTiles(n) && held(s.costOf([]*plan.Nest{n})) > s.Hold
}

// portions cuts a nest of a kernel into what turns make of it; nil where it stays whole.
func (s *Set) portions(k *Kernel, seg []*plan.Nest) (out []portion, costs []int) {
	if len(seg) > 1 || isNode(seg[0]) || !s.longLoop(seg[0]) {
		return nil, nil
	}
	n := seg[0]
	if slices.ContainsFunc(n.Steps, func(st plan.Step) bool { return sums(st) && k.byVal[st.V] == nil }) {
		return nil, nil
	}
	next, size := portion{}, 0
	end := func() {
		if len(next) > 0 {
			out, costs = append(out, next), append(costs, size)
		}
		next, size = portion{}, 0
	}
	add := func(part, rows, cost int) {
		pieces := min(max(1, (cost+s.Hold-1)/s.Hold), mostPortions)
		each := (rows + pieces - 1) / pieces
		each = (each + spelledRows - 1) / spelledRows * spelledRows // whole tiles
		for from := 0; from < rows; from += each {
			to := min(from+each, rows)
			c := cost * (to - from) / rows
			if size > 0 && size+c > s.Hold {
				end()
			}
			next[part] = [2]int{from, to}
			size += c
		}
	}
	var along []plan.Step
	for _, st := range n.Steps {
		if !s.deferred(st) {
			along = append(along, st)
		}
	}
	add(inLoop, n.Extent, held(s.costOfSteps(along)))
	for i, st := range n.Steps {
		if s.deferred(st) {
			add(i, rowsOfStep(st), held(s.costOfSteps([]plan.Step{st})))
		}
	}
	end()
	if len(out) < 2 || slices.Max(costs) > 2*s.Hold { // a turn as long as that is not worth the text
		return nil, nil
	}
	return out, costs
}

// resume begins the sums of a step, or goes on with what an earlier turn has left of them.
func (c *compiler) resume(s plan.Step, from int) {
	if from == 0 || !sums(s) {
		c.begin(s)
		return
	}
	v := s.V
	f := c.fieldOf(v)
	for r := range v.Type.Len() {
		x := c.loadField(f, at(r))
		sum := newValue(x.w, len(x.v))
		for _, y := range x.v {
			sum.v = append(sum.v, c.b.Var(x.w.elem(), y))
		}
		c.sum[element{v, r}] = sum
	}
}

// share is what of the work of a step a kernel does, as a fraction.
func (k *Kernel) share(s *Set, n *plan.Nest, step int) (num, den int) {
	if k.turn == nil || k.turn.portions[n] == nil {
		return 1, 1
	}
	st, part, rows := n.Steps[step], inLoop, n.Extent
	if s.deferred(st) {
		part, rows = step, rowsOfStep(st)
	}
	at := k.turn.portions[n][part]
	return at[1] - at[0], rows
}

// costOfSteps is the work of some steps of the plan.
func (s *Set) costOfSteps(steps []plan.Step) (c plan.Cost) {
	seen := map[*ir.Value]bool{}
	for _, st := range steps {
		if !seen[st.V] {
			seen[st.V] = true
			c.Add(s.Plan.CostOf(st.V), 1)
		}
	}
	return c
}
