package cudagen

import (
	"cmp"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Steps of a function whose fragments are registers are put in an order in which few of them live at a time: of an operation's operands, the one that follows from
// more products is made first, so that it lives alone while these go, and what is added to sums is laid down as soon as it is there. The sum with the most
// products is last: the warps that multiply for it do so while the others go on to the next evaluation.

// reorder orders the steps of f, if all of them are in one loop over halves.
func (e *emitter) reorder(f *plan.Func) {
	runs, halves := e.tileRuns(f)
	if len(runs) != 1 || !halves[0] {
		return
	}
	o := &order{e: e, f: f, makes: map[*ir.Value]int{}, depth: map[int]int{}, done: map[int]bool{}}
	for _, n := range f.Nests {
		for _, s := range n.Steps {
			one := *n
			one.Steps = []plan.Step{s}
			if !o.adds(s) {
				o.makes[s.V] = len(o.steps)
			}
			o.steps = append(o.steps, &one)
		}
	}
	for _, n := range o.steps {
		if s := n.Steps[0]; o.adds(s) && o.work(s) > 0 && (o.last == nil || o.work(s) >= o.work(o.last.Steps[0])) {
			o.last = n
		}
	}
	for _, r := range f.IR.Results {
		if at, ok := o.makes[r]; ok {
			o.emit(at)
		}
	}
	for at, n := range o.steps {
		if o.adds(n.Steps[0]) {
			for _, v := range o.reads(n.Steps[0]) {
				o.emit(o.makes[v])
			}
		} else {
			o.emit(at)
		}
	}
	o.sums(nil)
	if o.last != nil {
		o.out = append(o.out, o.last)
	}
	f.Nests = o.out
}

// order is what is known while steps are put in order.
type order struct {
	e     *emitter
	f     *plan.Func
	steps []*plan.Nest      // of one step each
	makes map[*ir.Value]int // the step that makes a value
	depth map[int]int       // products that a step follows from
	done  map[int]bool      // steps that are in the order
	out   []*plan.Nest
	last  *plan.Nest // the sum that waits for all others
}

// adds reports whether s does nothing but add to a sum.
func (o *order) adds(s plan.Step) bool { return s.Form == plan.AddTo || s.Sum != nil }

// reads are the values that s takes from other steps.
func (o *order) reads(s plan.Step) (out []*ir.Value) {
	var add func(v *ir.Value)
	add = func(v *ir.Value) {
		if p := o.f.Places[v]; p.Kind == plan.View {
			v = p.Base
		}
		if _, ok := o.makes[v]; ok {
			out = append(out, v)
			return
		}
		for _, a := range v.Args { // folded, or rounded where it is used
			add(a)
		}
	}
	if s.Form == plan.AddTo {
		add(s.V)
		return out
	}
	for _, a := range s.V.Args {
		add(a)
	}
	return out
}

// products is the number of those that step at follows from, one after the other.
func (o *order) products(at int) int {
	if d, ok := o.depth[at]; ok {
		return d
	}
	d, s := 0, o.steps[at].Steps[0]
	for _, v := range o.reads(s) {
		d = max(d, o.products(o.makes[v]))
	}
	switch s.Form {
	case plan.RowDot, plan.ColSum, plan.Gather, plan.Scatter:
		d++
	}
	o.depth[at] = d
	return d
}

// emit puts a step behind what it reads, and behind it the sums of what is there.
func (o *order) emit(at int) {
	if o.done[at] {
		return
	}
	o.done[at] = true
	var before []int
	for _, v := range o.reads(o.steps[at].Steps[0]) {
		before = append(before, o.makes[v])
	}
	slices.SortStableFunc(before, func(a, b int) int { return cmp.Compare(o.products(b), o.products(a)) })
	for _, b := range before {
		o.emit(b)
	}
	o.out = append(o.out, o.steps[at])
	o.sums(o.steps[at].Steps[0].V)
}

// sums puts sums into the order whose operands are in it, one of them made; nil is for those of what no step makes.
func (o *order) sums(made *ir.Value) {
	for at, n := range o.steps {
		s := n.Steps[0]
		if o.done[at] || !o.adds(s) {
			continue
		}
		reads := o.reads(s)
		if slices.ContainsFunc(reads, func(v *ir.Value) bool { return !o.there(v) }) || (made == nil) != (len(reads) == 0) {
			continue
		}
		o.done[at] = true
		if n != o.last {
			o.out = append(o.out, n)
		}
	}
}

// there reports whether the step that makes v is in the order.
func (o *order) there(v *ir.Value) bool { return slices.Contains(o.out, o.steps[o.makes[v]]) }

// work is what an outer product takes.
func (o *order) work(s plan.Step) int {
	if s.Form == plan.AddTo {
		return 0
	}
	return s.V.Args[0].Type.Len() * s.V.Args[1].Type.Len()
}
