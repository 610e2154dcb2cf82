package lanes

import (
	"maps"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// What happens at events: steps end inside, states are set anew, samples stop or go on. Where dense output, resets and field are small all of it is one
// function, and what is known of a sample stays in registers; else Go does it with a kernel for each.

// Happened is the result of Search.Happen that says what Go has to tell of a sample: HappenedNot, HappenedStop, or that its states are not finite.
const Happened = Own + "happened"

// What Happened says.
const (
	HappenedNot = iota
	HappenedNotFinite
	HappenedStop
)

// mostHappening is the number of operations of dense output, resets and field up to which they are one function.
const mostHappening = 160

// happensAtOnce reports whether they are.
func (s *Set) happensAtOnce(l *Solve) bool {
	sv := l.IR
	if !sv.Adaptive || sv.Record || sv.Stretches || sv.Start != nil || sv.Rebegins() || l.Keep != nil || l.Together != nil || s.alone != nil {
		return false
	}
	parts := []*plan.Func{l.Look.pf}
	for _, k := range l.Resets {
		if k != nil {
			parts = append(parts, k.pf)
		}
	}
	if sv.FSAL {
		parts = append(parts, s.Plan.Of(sv.Field))
	}
	size := 0
	for _, pf := range parts {
		k, ok := s.spelledOut(pf)
		size += k
		if !ok {
			return false
		}
	}
	return size <= mostHappening
}

// spelledOut is the number of operations of a function, and whether all are spelled out, without a loop.
func (s *Set) spelledOut(pf *plan.Func) (size int, ok bool) {
	if pf == nil {
		return 0, false
	}
	for _, n := range pf.Nests {
		if isNode(n) || s.multiplies(n) || n.Steps[0].Form == plan.Whole || !s.straight(pf, n) {
			return size, false
		}
		k, _ := s.spelled(pf, n)
		size += k
	}
	return size, true
}

// addHappen adds the function. What it takes lies where the kernels around it have it, and what it gives there, too: it has no loops, so that it reads a
// number before it writes it.
func (s *Set) addHappen(l *Solve, at lying) (*Kernel, error) {
	f, changes := s.happen(l)
	at = maps.Clone(at)
	at.put(Own+"now", l.Step.field(Own+"t"))
	for _, name := range changes {
		if at[name] == nil {
			at.put(name, l.Step.field(name))
		}
		if at[name] != nil {
			at[name+changedName] = at[name]
		}
	}
	if err := s.Plan.Extra(f); err != nil {
		return nil, err
	}
	return s.addRunning(f, running{lies: at})
}

// happen is the function, with the names of the arguments that it changes. It does what rt.Solver does at events, in that order.
func (s *Set) happen(l *Solve) (f *ir.Func, changes []string) {
	sv := l.IR
	x := s.inStep(sv, "lanehappens")
	b := x.b
	num := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	op := func(o ir.Op, p, q *ir.Value) *ir.Value { return b.Binary(o, p, q) }
	and := func(p, q *ir.Value) *ir.Value { return op(ir.OpAnd, p, q) }
	but := func(p, q *ir.Value) *ir.Value { return and(p, b.Unary(ir.OpNot, q)) }
	row := func(name string) *ir.Value { return b.Arg(name, ir.Scalar(ir.F64)) }
	now, end := row(Own+"now"), row(SearchEnd)
	hit := op(ir.OpLt, num(0), row(SearchHit))
	fires := make([]*ir.Value, len(sv.Events))
	for i := range sv.Events {
		fires[i] = op(ir.OpLe, row(SearchPlace(i)), num(1))
	}
	finite := func(states []*ir.Value) *ir.Value {
		var all *ir.Value
		for _, v := range states {
			d := b.Emit(ir.OpSub, ir.Attr{}, v, v) // 0, or NaN
			if !d.Type.IsScalar() {
				d = b.Sum(d)
			}
			is := op(ir.OpEq, d, b.Const(0, d.Type.Elem))
			if all != nil {
				is = and(all, is)
			}
			all = is
		}
		return all
	}

	inside := s.inside(b, sv, cat([]*ir.Value{end, x.arg["h"]}, x.all))
	cut := and(hit, op(ir.OpNe, end, num(1)))
	y := choose(b, cut, inside, x.after)
	failed := but(cut, finite(y)) // between finite ends, a polynomial of numbers near the largest
	hit = but(hit, failed)
	at := sv.Plain()
	for i, e := range sv.Events {
		if e.Reset == nil {
			continue
		}
		mine := and(hit, fires[i])
		for k, v := range b.Inline(e.Reset, cat([]*ir.Value{now}, ir.Pick(y, at), x.extras)) {
			y[at[k]] = b.Select(mine, v, y[at[k]])
		}
	}
	goes := hit
	tells := num(HappenedNot)
	for i, e := range sv.Events {
		if e.Stop {
			goes = but(goes, fires[i])
			tells = b.Select(and(hit, fires[i]), num(HappenedStop), tells)
		}
	}
	if sv.Resets() {
		bad := but(hit, finite(ir.Pick(y, at)))
		goes = but(goes, bad)
		failed = op(ir.OpOr, failed, bad)
	}
	results, vs := []string{Happened}, []*ir.Value{b.Select(failed, num(HappenedNotFinite), tells)}
	gives := func(name string, v *ir.Value) {
		changes, results, vs = append(changes, name), append(results, name+changedName), append(vs, v)
	}
	gives(SearchHit, b.Select(goes, num(1), num(0)))
	for i, st := range sv.States {
		gives(st.Name, y[i])
	}
	if sv.FSAL {
		field := b.Inline(sv.Field, cat([]*ir.Value{now}, ir.Pick(y, at), x.extras))
		for i, st := range plain(sv) {
			gives(st.Name+".k", b.Select(goes, field[i], b.Arg(st.Name+".k", st.Type)))
		}
	}
	fresh := func(names []string, to float64) { // the controller knows nothing of steps before
		for _, n := range names {
			gives(Own+n, b.Select(goes, num(to), row(Own+n)))
		}
	}
	fresh([]string{"err_prev", "err_prev2"}, 1)
	if sv.Ratios() {
		fresh([]string{"ratio", "ratio_prev"}, 1)
		fresh([]string{"h_prev"}, 0)
	}
	return finish(b, results, vs), changes
}
