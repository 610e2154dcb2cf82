package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// arguments are the C++ arguments for operands: scalars by value, arrays by address.
func (fn *function) arguments(vs []*ir.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		if v.Type.IsScalar() {
			out[i] = bare(fn.elem(v, at(0)))
		} else {
			out[i] = fn.array(v)
		}
	}
	return out
}

// destinations are where the results of node v go, in order; what nobody reads gets a variable all the same.
// Running sums have none: the callee adds to g.
func (fn *function) destinations(v *ir.Value, n int) []string {
	out := make([]string, n)
	take := func(i int, r *ir.Value) {
		switch pl := fn.f.Places[r]; pl.Kind {
		case plan.Sum, plan.Stat:
			return
		case plan.Local, plan.Work, plan.Scalars, plan.Register:
			if fn.joined[r] { // it is there
				return
			}
			fn.declaration(fn.variable(r, fn.local(r)))
			out[i] = fn.local(r)
		default:
			out[i] = fn.array(r)
		}
	}
	if v.Type.Elem != ir.Tuple {
		take(0, v)
		return out
	}
	for _, u := range fn.f.IR.Values {
		if u.Op == ir.OpResult && u.Args[0] == v {
			take(u.Attr.Index, u)
		}
	}
	return out
}

// unread declares a variable for a result that nobody reads.
func (fn *function) unread(t ir.Type) string {
	name := fn.s.pick("unread")
	fn.declaration(fn.e.variable(t, name))
	return name
}

// call prints a call of a planned function; stats is where its solves leave their statistics.
func (fn *function) call(callee *plan.Func, args, to []string, stats string) {
	n := callee.Needs
	all := append(fn.e.common(n, fn.e.taped(callee.IR), false), args...)
	for i, r := range callee.IR.Results {
		if p := callee.Places[r]; callee.Sums[i] != nil || p != nil && p.Kind == plan.Stat {
			continue
		}
		dst := to[i]
		if dst == "" {
			t := r.Type
			if sp := fn.e.split; sp != nil && sp.results[callee.IR][i] {
				t = ir.Tensor(t.Elem, sp.slots(t))
			}
			dst = fn.unread(t)
		}
		all = append(all, dst)
	}
	if n.Accum {
		all = append(all, "g")
	}
	if n.Stats > 0 {
		all = append(all, stats)
	}
	fn.e.calls(callee.IR)
	fn.p.line("%s(%s);", fn.e.funcName(callee.IR), strings.Join(all, ", "))
}

// solveCall prints the call of a solve's loop.
func (fn *function) solveCall(v *ir.Value) {
	s := v.Attr.Solve
	ps := fn.e.plan.OfSolve(s)
	to := fn.destinations(v, len(s.States)+ir.NumStats)
	all := fn.e.common(ps.Needs, fn.e.taped(solveFuncs(s)...), false)
	if s.Record {
		all = append(all, "ws."+fn.e.tapes[v])
	}
	args := fn.arguments(v.Args)
	all = append(append(append(all, args[:s.Lead()]...), fn.stepping(s)), args[s.Lead():]...)
	for i, st := range s.States {
		if s.Times > 0 && st.Memory {
			continue
		}
		if to[i] == "" {
			t := st.Type
			if s.Times > 0 {
				t = ir.Tensor(t.Elem, s.Times*t.Len())
			}
			to[i] = fn.unread(t)
		}
		all = append(all, to[i])
	}
	all = append(all, fmt.Sprintf("st[%d]", fn.f.Slots[v]))
	fn.e.calls(s)
	fn.p.line("%s(%s);", fn.e.solveName(s), strings.Join(all, ", "))
	if fn.f.Needs.Accum {
		fn.give(fmt.Sprintf("st[%d].failed()", fn.f.Slots[v]))
	}
}

// stepping is the stepping of a solve in this function: from the launcher for those of a model, else as written.
func (fn *function) stepping(s *ir.Solve) string {
	if m := fn.e.stepped[fn.f.IR]; m != nil {
		for i, o := range m.Solves {
			if o == s || o.Name+".rec" == s.Name {
				return fmt.Sprintf("by[%d]", i)
			}
		}
	}
	switch {
	case s.Adaptive:
		return fmt.Sprintf("ndec_stepping{0, %s, %s, 0, %d}", number(s.RTol, ir.F64), number(s.ATol, ir.F64), s.MaxSteps)
	case s.Steps > 0:
		return fmt.Sprintf("ndec_stepping{0, 0, 0, %d, 0}", s.Steps)
	}
	return fmt.Sprintf("ndec_stepping{%s, 0, 0, 0, 0}", number(s.StepSize, ir.F64))
}

// revCall prints the call of a reverse sweep.
func (fn *function) revCall(v *ir.Value) {
	r := v.Attr.Rev
	solve := v.Args[0]
	types := append(stateTypes(r.Solve), r.Solve.Extras...)
	to := fn.destinations(v, len(types)+len(r.Params))
	needs := fn.e.plan.RevNeeds(r)
	fn.clearStatistics(v)
	all := append(fn.e.common(needs, r.Solve.Stretches && fn.e.taped(r.StepVJP), false), "ws."+fn.e.tapes[solve])
	all = append(all, fn.arguments(solve.Args[solve.Attr.Solve.Lead()+len(r.Solve.States):])...)
	for i, bar := range v.Args[1:] { // of the states, and of the time of an event that ends the solve; stops
		if i >= len(r.Solve.States) || r.Solve.Times == 0 || !r.Solve.States[i].Memory {
			all = append(all, fn.arguments([]*ir.Value{bar})...)
		}
	}
	for i, t := range types {
		if to[i] == "" {
			to[i] = fn.unread(t)
		}
		all = append(all, to[i])
	}
	if needs.Accum {
		all = append(all, "g")
	}
	if fn.e.plan.Slots(v) > 0 {
		all = append(all, fn.statistics(v))
	}
	fn.e.calls(fn.e.sweepOf(r))
	fn.p.line("%s(%s);", fn.e.revName(fn.e.sweepOf(r)), strings.Join(all, ", "))
	fn.stopAfter(v)
}

func stateTypes(s *ir.Solve) []ir.Type {
	ts := make([]ir.Type, len(s.States))
	for i, st := range s.States {
		ts[i] = st.Type
	}
	return ts
}

// slices is slice n of a value with a leading axis of length rows.
func (fn *function) slice(a *ir.Value, rows int) string {
	per := a.Type.Len() / rows
	if a.Type.Rank() == 1 {
		return fn.elem(a, index{expr: "n"})
	}
	if fn.e.columns(fn.f)[whose(fn.f, a)] { // no array of a thread
		own := operand{fn.s.pick("run"), ir.Tensor(a.Type.Elem, per)}
		fn.p.line("%s", fn.e.variable(own.t, own.name))
		fn.e.assign(own, fmt.Sprintf("%s + n * %d", fn.array(a), per))
		return own.name
	}
	return fmt.Sprintf("%s + n * %d", fn.array(a), per)
}

// stacked is where run n leaves a result of a map or scan.
func stacked(base string, t ir.Type) string {
	if t.IsScalar() {
		return base + "[n]"
	}
	return fmt.Sprintf("%s + n * %d", base, t.Len())
}

// parts are where a run of a loop leaves its results from number first on, as parts of to; then stores those that the
// run gives every thread of a team, and arrays that belong into columns.
func (fn *function) parts(v *ir.Value, to []string, f *ir.Func, first int) (inner []string, then func()) {
	inner = make([]string, len(to))
	var after []func()
	columns := fn.e.columns(fn.f)
	column := func(i int) bool {
		return columns[v] || slices.ContainsFunc(fn.f.IR.Values, func(u *ir.Value) bool {
			return u.Op == ir.OpResult && u.Args[0] == v && u.Attr.Index == i && columns[u]
		})
	}
	for i := first; i < len(to); i++ {
		if to[i] == "" {
			continue
		}
		if t := f.Results[i].Type; !t.IsScalar() && column(i) {
			own := operand{fn.s.pick("part"), t}
			fn.p.line("%s", fn.e.variable(t, own.name))
			inner[i], after = own.name, append(after, func() { fn.e.assign(operand{stacked(to[i], t), t}, own.name) })
			continue
		}
		whole := v.Type
		if whole.Elem == ir.Tuple {
			whole = v.Type.Parts[i]
		}
		name, store := fn.part(whole, to[i], f.Results[i].Type)
		inner[i], after = name, append(after, store)
	}
	return inner, func() {
		for _, store := range after {
			store()
		}
	}
}

// mapLoop prints a loop that applies a function to slices along the leading axis.
func (fn *function) mapLoop(v *ir.Value) {
	m := v.Attr.Map
	callee := fn.e.plan.Of(m.Fn)
	to := fn.destinations(v, len(m.Fn.Results))
	fn.clearStatistics(v)
	if fn.e.team != nil && m.N > ownLen { // what it goes over is in memory
		fn.p.line("#pragma unroll 1")
	} else {
		fn.p.line("%s", unroll(m.N, m.N*(callee.Cost.MulAdds+callee.Cost.Elem)))
	}
	fn.p.line("for (int n = 0; n < %d; n++) {", m.N)
	fn.e.scope()
	args := fn.arguments(v.Args[m.Mapped:])
	lead := make([]string, m.Mapped)
	for i, a := range v.Args[:m.Mapped] {
		lead[i] = fn.slice(a, m.N)
	}
	inner, then := fn.parts(v, to, m.Fn, 0)
	stats := fn.runStatistics(callee)
	fn.call(callee, append(lead, args...), inner, stats)
	then()
	fn.stackStatistics(v, callee, m.Fn, stats, 0)
	fn.joinStatistics(v, callee, stats, "n + 1")
	fn.p.line("}")
	fn.stopAfter(v)
}

// scanLoop prints a loop that hands values on from run to run. An array that is handed on has two buffers: a run
// reads one and writes the other, and is copied back.
func (fn *function) scanLoop(v *ir.Value) {
	s := v.Attr.Scan
	callee := fn.e.plan.Of(s.Fn)
	to := fn.destinations(v, len(s.Fn.Results))
	args := make([]string, len(v.Args))
	inner := make([]string, len(to))
	var after []string
	for j, start := range v.Args[:s.Carry] {
		t := s.Fn.Results[j].Type
		if to[j] == "" {
			to[j] = fn.unread(t)
		}
		next := fn.s.pick(localName(s.Fn.Args[j]) + "_next")
		if t.IsScalar() {
			fn.p.line("%s = %s;", to[j], bare(fn.elem(start, at(0))))
			after = append(after, fmt.Sprintf("%s = %s;", to[j], next))
		} else {
			fn.loadArray(to[j], start)
			after = append(after, fmt.Sprintf("%s%s, %s, %d);", fn.e.whole("copy", t), to[j], next, t.Len()))
		}
		fn.p.line("%s", fn.e.variable(t, next))
		args[j], inner[j] = to[j], next
	}
	fn.clearStatistics(v)
	run := "n + 1"
	fn.p.line("#pragma unroll 1")
	if s.Back {
		run = fmt.Sprintf("%d - n", s.N)
		fn.p.line("for (int n = %d; n >= 0; n--) {", s.N-1)
	} else {
		fn.p.line("for (int n = 0; n < %d; n++) {", s.N)
	}
	fn.e.scope()
	for i, a := range v.Args[s.Carry:] {
		args[s.Carry+i] = fn.arguments([]*ir.Value{a})[0]
		if i < s.Mapped {
			args[s.Carry+i] = fn.slice(a, s.N)
		}
	}
	parts, then := fn.parts(v, to, s.Fn, s.Carry)
	copy(inner[s.Carry:], parts[s.Carry:])
	stats := fn.runStatistics(callee)
	fn.call(callee, args, inner, stats)
	then()
	for j := range s.Carry { // a carry that is a statistic of the run
		if p := callee.Places[s.Fn.Results[j]]; p.Kind == plan.Stat {
			fn.p.line("%s = %s;", inner[j], statistic(p, stats))
		}
	}
	fn.stackStatistics(v, callee, s.Fn, stats, s.Carry)
	for _, a := range after {
		fn.p.line("%s", a)
	}
	fn.joinStatistics(v, callee, stats, run)
	fn.p.line("}")
	if s.Guard {
		k := fn.f.Slots[v] + callee.Needs.Stats
		fn.p.line("if (%s != 0) st[%d].status = NDEC_NON_FINITE, st[%d].run = %s;", to[0], k, k, to[0])
	}
	fn.stopAfter(v)
}

// loadArray copies v to an array.
func (fn *function) loadArray(to string, v *ir.Value) {
	if v.IsConst(0) {
		fn.e.clear(to, v.Type)
		return
	}
	if fn.f.Places[v].Kind == plan.Literal {
		if fn.e.shared(v.Type) {
			fn.each1(v.Type.Len(), func() { fn.p.line("%s[i] = %s;", to, bare(fn.elem(v, at(0)))) })
			return
		}
		fn.p.line("for (int i = 0; i < %d; i++) %s[i] = %s;", v.Type.Len(), to, bare(fn.elem(v, at(0))))
		return
	}
	fn.e.assign(operand{to, v.Type}, fn.array(v))
}

// Statistics of solves travel in an array st of which every solve of a function has a place, and so has every
// solve of what it calls. Loops join those of their runs.

// statistics is the argument by which a call gets its places.
func (fn *function) statistics(v *ir.Value) string {
	if lo := fn.f.Slots[v]; lo > 0 {
		return fmt.Sprintf("st + %d", lo)
	}
	return "st"
}

// clearStatistics readies the places of a loop.
func (fn *function) clearStatistics(v *ir.Value) {
	if n := fn.e.plan.Slots(v); n > 0 {
		fn.p.line("for (int i = 0; i < %d; i++) st[%d + i].start(0);", n, fn.f.Slots[v])
	}
}

// runStatistics declares the statistics of one run of a loop, and gives their name; "" where there are none.
func (fn *function) runStatistics(callee *plan.Func) string {
	if callee.Needs.Stats == 0 {
		return ""
	}
	name := fn.s.pick("run")
	fn.p.line("ndec_stats %s[%d];", name, callee.Needs.Stats)
	return name
}

// stackStatistics stores results of a run that are statistics of its solves.
func (fn *function) stackStatistics(v *ir.Value, callee *plan.Func, f *ir.Func, stats string, from int) {
	for _, u := range fn.f.IR.Values {
		if u.Op != ir.OpResult || u.Args[0] != v || u.Attr.Index < from {
			continue
		}
		if p := callee.Places[f.Results[u.Attr.Index]]; p != nil && p.Kind == plan.Stat {
			fn.e.put(u.Type, fn.base(u)+"[n]", operand{statistic(p, stats), ir.Scalar(u.Type.Elem)})
		}
	}
}

// joinStatistics adds the statistics of a run, whose number from 1 is given, to those of loop v.
func (fn *function) joinStatistics(v *ir.Value, callee *plan.Func, stats, run string) {
	if stats != "" {
		fn.p.line("for (int i = 0; i < %d; i++) st[%d + i].join(%s[i], %s);", callee.Needs.Stats, fn.f.Slots[v], stats, run)
	}
}

// stopAfter ends a function that adds to running sums where a solve of v has failed, before anything is added: a
// failed sample has no part in a gradient.
func (fn *function) stopAfter(v *ir.Value) {
	if n := fn.e.plan.Slots(v); n > 0 && fn.f.Needs.Accum {
		fn.give(fmt.Sprintf("ndec_failed<%d>(%s)", n, fn.statistics(v)))
	}
}

// give prints how a sample that has failed has no part in what follows; the others of its warp go on.
func (fn *function) give(failed string) {
	if fn.e.tile {
		fn.p.line("tile = tile.only(!%s);", failed)
		return
	}
	fn.p.line("if (%s) return;", failed)
}
