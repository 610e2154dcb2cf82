package cudagen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// The way back over a recorded solve, layer by layer: every sample has its own place on the tape and goes back from its last accepted step,
// all of them together; those that are at the start, or whose solve has failed, go on with the others and do not count. A round of the sweep is
// what goes back over events at the end of the step (layer_back.go), a kernel that loads the step, the kernels of its derivative, and one that
// carries cotangents on. Outputs inside a step are added up for its derivative where dense output is linear in its data (layer_times.go). Of
// other methods the derivative of the step up to a place inside runs beside that of the whole step: for one output in a round, so that samples
// stay at a step for as many rounds as they have outputs there.

// reverseKernels are the kernels around the derivative of a step.
type reverseKernels struct {
	x, c, inside       []operand // inside is what outputs within a step give, and its end where an event has cut it
	begin, load, carry *solveKernel
	events             []eventKernels
	anew               *solveKernel // where memory of the method has begun anew before the step
}

// backKey tells sweeps of the same solve apart.
type backKey struct {
	r    *ir.Rev
	slot int
}

// sweep prints the kernels of one.
type sweep struct {
	*reverseKernels
	e      *emitter
	r      *ir.Rev
	s      *ir.Solve
	lp     *loop
	rows   int
	name   func(what string) string
	dense  string    // the device function of what an output gives
	one    []operand // what it gives
	end    []operand // cotangents that the derivative of the step takes
	within bool      // the derivative up to a place inside runs beside it
}

// layerReverses reports whether the sweep v can be one over a batch.
func (e *emitter) layerReverses(v *ir.Value) bool {
	r := v.Attr.Rev
	fs := append([]*ir.Func{r.StepVJP, r.AtVJP, r.BeginVJP}, r.Events...)
	if r.DenseVJP != nil && !e.spreads(r.DenseVJP) || !e.layerSolves(r.Solve) {
		return false
	}
	return !slices.ContainsFunc(fs, func(f *ir.Func) bool { return f != nil && e.layersOf(e.plan.Of(f), false) == nil })
}

// layerReverse prints the kernels of the sweep v of l.
func (e *emitter) layerReverse(l *layerFunc, v *ir.Value) {
	r := v.Attr.Rev
	key := backKey{r, l.fn.f.Slots[v.Args[0]]}
	if e.layerBacks[key] != nil {
		return
	}
	again := false
	for other := range e.layerBacks {
		again = again || other.r == r
	}
	for _, f := range append([]*ir.Func{r.StepVJP, r.AtVJP, r.BeginVJP}, r.Events...) {
		if f != nil {
			e.layerKernels(e.layerFuncs[f])
		}
	}
	lp := e.newLoop(r.Solve)
	b := &sweep{reverseKernels: &reverseKernels{x: lp.x, c: lp.c}, e: e, r: r, s: r.Solve, lp: lp, rows: 1, within: r.AtVJP != nil}
	e.layerBacks[key] = b.reverseKernels
	b.name = func(what string) string {
		name := e.revs[r] + "_" + what
		if again {
			name = e.global.pick(name)
		}
		return name
	}
	if r.DenseVJP != nil {
		b.dense = e.spread(r.DenseVJP)
		b.inside, b.one = insideOf(r)
	}
	b.end = suffixed(lp.x, "_bar")
	if b.cutEnds() {
		b.end = suffixed(lp.x, "_end")
	}
	for _, o := range slices.Concat(lp.x, lp.c, b.inside) {
		b.rows = max(b.rows, o.t.Len())
	}
	b.printBegin()
	for i := range r.Events {
		b.events = append(b.events, b.printEvent(i))
	}
	b.printLoad()
	b.printCarry()
	if r.BeginVJP != nil {
		b.printAnew()
	}
}

// cutEnds reports whether steps that events have cut give what their end gives to data of dense output.
func (b *sweep) cutEnds() bool { return len(b.s.Events) > 0 && b.dense != "" }

func (b *sweep) open(what, doc string, refs ...[]address) *solveKernel {
	return b.e.openKernel(b.name(what), doc, b.rows, slices.Concat(refs...))
}

// first prints a line that one thread of a sample does; rest that the others end.
func (b *sweep) first(line string) {
	if b.rows > 1 {
		line = "if (i == 0) " + line
	}
	b.e.p.line("%s", line)
}

func (b *sweep) rest() {
	if b.rows > 1 {
		b.e.p.line("if (i > 0) return;")
	}
}

func (b *sweep) set(os []operand, by func(i int, at string) string) {
	b.e.p.eachElement(b.rows, os, by)
}

func (b *sweep) copy(to, from []operand, how string) {
	b.set(to, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] %s %s_at[%s];", to[i].name, at, how, from[i].name, at)
	})
}

func (b *sweep) zero(os []operand) {
	b.set(os, func(i int, at string) string { return fmt.Sprintf("%s_at[%s] = 0;", os[i].name, at) })
}

// outputAddresses are those of where outputs lie on the tape.
func (b *sweep) outputAddresses() []address {
	if b.s.Times == 0 {
		return nil
	}
	return append(number64("theta_tape"), address{param: "const int *step_tape_at", find: "step_tape"})
}

// withinAddresses are those of which outputs of a step a sample is at, where it takes one in a round.
func (b *sweep) withinAddresses() []address {
	if !b.within {
		return nil
	}
	refs := intAddress("taken")
	if b.s.Times > 0 {
		refs = append(refs, intAddress("fresh", "left", "picked")...)
	}
	return refs
}

func (b *sweep) printBegin() {
	p, s, x := b.e.p, b.s, b.x
	bar, out, sum := suffixed(x, "_bar"), suffixed(x, "_out_bar"), suffixed(b.c, "_sum")
	refs := slices.Concat(b.outputAddresses(), b.withinAddresses())
	if len(s.Events) > 0 {
		refs = append(refs, intAddress("fired", "events")...)
		if !s.MayStop() {
			refs = append(refs, number64("none")...)
		}
	}
	b.begin = b.open("begin", "the way back over "+clean(s.Name)+" begins: back is the number of steps before a sample", intAddress("back"),
		[]address{{param: "const ndec_stats *st_at", find: "st"}, {param: "const int *counts_at", find: "counts"}}, number64("t", "h"),
		b.e.arrayAddresses(slices.Concat(bar, out, x, sum)), refs)
	p.line("if (s >= n) return;")
	if s.Times > 0 {
		b.zero(bar)
		p.line("#pragma unroll 1")
		p.line("for (int m = %d; m >= 0 && step_tape_at[m * n + s] >= st_at[s].accepted; m--) {", s.Times-1)
		p.addOutputs(b.rows, x)
		p.line("}")
	} else {
		b.copy(bar, out, "=")
	}
	b.zero(slices.Concat(x, sum)) // states are numbers where there is no step
	b.rest()
	p.line("t_at[s] = h_at[s] = 0;")
	p.line("back_at[s] = counts_at[s] ? st_at[s].accepted : 0;")
	if len(s.Events) > 0 {
		p.line("events_at[s] = fired_at[s];")
		if !s.MayStop() {
			p.line("none_at[s] = 0;")
		}
	}
	if b.within && s.Times > 0 {
		p.line("fresh_at[s] = true;")
		p.line("left_at[s] = -1;")
	}
	p.line("}")
	p.line("")
}

func (b *sweep) printLoad() {
	p, s, x := b.e.p, b.s, b.x
	bar, out, tape := suffixed(x, "_bar"), suffixed(x, "_out_bar"), suffixed(x, "_tape")
	arrays := slices.Concat(x, tape)
	refs := slices.Concat(b.outputAddresses(), b.withinAddresses())
	if s.Times > 0 {
		arrays = slices.Concat(arrays, bar, out)
	}
	if b.dense != "" {
		arrays = slices.Concat(arrays, b.inside, b.one)
	}
	cuts := len(s.Events) > 0
	if cuts {
		refs = append(refs, number64("part_tape")...)
		if s.Times == 0 {
			arrays = slices.Concat(arrays, bar)
		}
	}
	if b.cutEnds() {
		arrays = slices.Concat(arrays, b.end)
	}
	given := suffixed(x, "_given")
	if b.within {
		arrays, refs = slices.Concat(arrays, given), append(refs, number64("place")...)
	}
	b.load = b.open("load", "the step before every sample", intAddress("back", "on", "stepped"), number64("t", "h", "t_tape", "h_tape"), b.e.arrayAddresses(arrays), refs)
	p.line("if (s >= n) return;")
	p.line("long long step = back_at[s] - 1;")
	idle := ""
	if b.within {
		idle = " = taken_at[s]"
	}
	p.line("if (step < 0) {")
	b.first("stepped_at[s] = -1;")
	b.first(fmt.Sprintf("on_at[s]%s = false;", idle))
	p.line("return;")
	p.line("}")
	b.set(x, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] = %s_at[%s];", x[i].name, at, tape[i].name, tapeRow(x[i].t, at))
	})
	on := "true"
	switch {
	case b.within:
		on = b.printPick(given)
	case b.dense != "":
		b.e.layerInside(b.r, b.dense, b.rows, x)
		if b.cutEnds() {
			b.set(b.end, func(i int, at string) string {
				return fmt.Sprintf("%s_at[%s] = part < 1 ? 0 : %s_at[%s];", b.end[i].name, at, bar[i].name, at)
			})
		}
	}
	b.rest()
	p.line("on_at[s] = %s;", on)
	p.line("stepped_at[s] = (int)step;")
	p.line("t_at[s] = t_tape_at[step * n + s];")
	p.line("h_at[s] = h_tape_at[step * n + s];")
	p.line("}")
	p.line("")
}

// printPick prints what the derivative up to a place inside the step is taken for: its end, where an event has cut it, or an output. It gives when the
// derivative of the whole step counts.
func (b *sweep) printPick(given []operand) string {
	p, s, x := b.e.p, b.s, b.x
	bar := suffixed(x, "_bar")
	on, cut := "true", ""
	if s.Times > 0 {
		p.line("bool fresh = fresh_at[s];")
		p.line("int m = left_at[s];")
		p.line("if (fresh) {")
		p.line("m = ndec_layer_outputs(step_tape_at + s, %d, n, step) - 1;", s.Times)
		p.line("#pragma unroll 1")
		p.line("for (int k = m; k >= 0 && step_tape_at[k * n + s] == step; k--) {")
		p.line("if (theta_tape_at[k * n + s] != 1) continue;")
		p.eachElement(b.rows, x, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] += %s_out_bar_at[%s];", bar[i].name, at, x[i].name, outputRowOf("k", x[i].t, at))
		})
		p.line("}")
		p.line("m = ndec_layer_within(step_tape_at + s, theta_tape_at + s, m, n, step);")
		p.line("}")
		on = "fresh"
	}
	if len(s.Events) > 0 {
		p.line("double part = part_tape_at[step * n + s];")
		cut = "part < 1"
		if s.Times > 0 {
			cut = "fresh && part < 1"
		}
		p.line("bool cut = %s;", cut)
		on = map[bool]string{true: "fresh && !cut", false: "!cut"}[s.Times > 0]
	}
	value := func(cutValue, output, none string) string {
		switch {
		case s.Times == 0:
			return fmt.Sprintf("cut ? %s : %s", cutValue, none)
		case cut == "":
			return fmt.Sprintf("m >= 0 ? %s : %s", output, none)
		}
		return fmt.Sprintf("cut ? %s : m >= 0 ? %s : %s", cutValue, output, none)
	}
	b.set(given, func(i int, at string) string {
		output := fmt.Sprintf("%s_out_bar_at[%s]", x[i].name, outputRow(x[i].t, at))
		return fmt.Sprintf("%s_at[%s] = %s;", given[i].name, at, value(fmt.Sprintf("%s_at[%s]", bar[i].name, at), output, "0"))
	})
	b.first(fmt.Sprintf("taken_at[s] = %s;", value("1", "2", "0")))
	b.first(fmt.Sprintf("place_at[s] = %s;", value("part", "theta_tape_at[m * n + s]", "1")))
	if s.Times > 0 {
		b.first("picked_at[s] = m;")
	}
	return on
}

func (b *sweep) printCarry() {
	p, s, x := b.e.p, b.s, b.x
	bar, out, in := suffixed(x, "_bar"), suffixed(x, "_out_bar"), suffixed(x, "_in")
	sum, step, inAt, stepAt := suffixed(b.c, "_sum"), suffixed(b.c, "_step"), suffixed(x, "_in_at"), suffixed(b.c, "_step_at")
	arrays := slices.Concat(bar, in, sum, step)
	refs := slices.Concat(b.outputAddresses(), b.withinAddresses())
	if s.Times > 0 {
		arrays = slices.Concat(arrays, out)
	}
	if b.within {
		arrays = slices.Concat(arrays, inAt, stepAt)
	}
	var start []operand
	if b.dense != "" {
		start = b.inside[:len(x)]
		arrays = slices.Concat(arrays, start)
	}
	if b.r.BeginVJP != nil {
		refs = append(refs, intAddress("begins", "begun_tape")...)
	}
	b.carry = b.open("carry", "cotangents are those before the step, and who goes on", intAddress("back", "on", "stepped"), b.e.arrayAddresses(arrays), refs,
		[]address{{param: "unsigned *running_at", find: "running"}})
	p.line("int step = s < n ? stepped_at[s] : -1;")
	p.line("bool on = step >= 0;")
	p.line("if (on) {")
	made := "on_at[s]" // a step, whole or in part
	if b.within {
		p.line("int taken = taken_at[s];")
		p.line("if (on_at[s]) {")
		b.copy(bar, in, "=")
		b.copy(sum, step, "+=")
		p.line("}")
		if len(s.Events) > 0 {
			made = "(on_at[s] || taken == 1)"
			p.line("if (taken == 1) {")
			b.copy(bar, inAt, "=")
			p.line("}")
		}
		if s.Times > 0 {
			p.line("if (taken == 2) {")
			b.copy(bar, inAt, "+=")
			p.line("}")
		}
		p.line("if (taken) {")
		b.copy(sum, stepAt, "+=")
		p.line("}")
	} else {
		b.copy(bar, in, "=")
		b.copy(sum, step, "+=")
	}
	b.copy(bar[:len(start)], start, "+=")
	if s.Times > 0 {
		also := ""
		if b.within {
			also = made + " && "
		}
		p.line("#pragma unroll 1")
		p.line("for (int m = ndec_layer_outputs(step_tape_at + s, %d, n, step) - 1; %sm >= 0 && step_tape_at[m * n + s] == step; m--) {", s.Times, also)
		p.line("if (theta_tape_at[m * n + s] == 0) {")
		p.addOutputs(b.rows, x)
		p.line("}")
		p.line("}")
	}
	p.line("}")
	b.rest()
	done := "on"
	if b.within && s.Times > 0 {
		p.line("bool more = false; // outputs inside the step")
		p.line("if (on) {")
		p.line("int m = ndec_layer_within(step_tape_at + s, theta_tape_at + s, picked_at[s] - (taken_at[s] == 2), n, step);")
		p.line("more = m >= 0;")
		p.line("left_at[s] = m;")
		p.line("fresh_at[s] = !more;")
		p.line("}")
		done = "on && !more"
	}
	if b.r.BeginVJP != nil {
		p.line("if (s < n) begins_at[s] = %s && begun_tape_at[(long long)step * n + s];", done)
	}
	p.line("if (%s) on = --back_at[s] > 0;", done)
	p.line("ndec_layer_running(running_at, n, s, on);")
	p.line("}")
	p.line("")
}

// reverse appends the launches of the sweep of v: before its steps, and those of a round.
func (r *layerRun) reverse(l *layerFunc, v *ir.Value, extras, outs, to []int) {
	e, rev := r.e, v.Attr.Rev
	solve := v.Args[0]
	slot := l.fn.f.Slots[solve]
	k := e.layerBacks[backKey{rev, slot}]
	at, take := r.named(v)
	at["st"], at["counts"] = r.stats+slot*statsBytes, r.counts
	take(8, "back", "on", "running", "t", "h", "stepped")
	if len(rev.Events) > 0 {
		take(8, "events", "happens", "none")
	}
	if rev.AtVJP != nil {
		take(8, "taken", "fresh", "left", "picked", "place")
	}
	if rev.BeginVJP != nil {
		take(8, "begins")
	}
	for name, pl := range r.tapes[solve] {
		at[name] = pl
	}
	for i, o := range k.x {
		at[o.name+"_bar"], at[o.name+"_out_bar"] = to[i], outs[i]
	}
	for i, o := range k.c {
		at[o.name+"_sum"] = to[len(k.x)+i]
	}
	places := func(os []operand) []int { return r.places(at, os) }
	launch := func(to *LayerPart, k *solveKernel) { to.Launches = append(to.Launches, k.launch(at)) }
	x, bar, in, step := places(k.x), places(suffixed(k.x, "_bar")), places(suffixed(k.x, "_in")), places(suffixed(k.c, "_step"))
	var data []int
	if k.inside != nil {
		data = places(k.inside)[len(k.x):]
		_, one := insideOf(rev)
		places(one)
	}
	end := bar
	if k.inside != nil && len(rev.Events) > 0 {
		end = places(suffixed(k.x, "_end"))
	}
	var given, inAt, stepAt []int
	if rev.AtVJP != nil {
		given, inAt, stepAt = places(suffixed(k.x, "_given")), places(suffixed(k.x, "_in_at")), places(suffixed(k.c, "_step_at"))
	}
	launch(r.part(), k.begin)
	back := LayerPart{Loop: true, By: -1, Steps: rounds(rev.Solve), Running: at["running"]}
	if rev.AtVJP != nil {
		back.Steps = 0
	}
	into := func(f *ir.Func, counted string, args []int, results ...[]int) {
		r.counted = at[counted]
		all := slices.Concat(results...)
		for range rev.Params { // sums
			all = append(all, -1)
		}
		r.into(&back, e.layerFuncs[f], args, all)
		r.counted = r.counts
	}
	for i := len(rev.Events) - 1; i >= 0; i-- {
		time := at["none"]
		if rev.Solve.MayStop() {
			time = outs[len(k.x)]
		}
		launch(&back, k.events[i].load)
		into(rev.Events[i], "happens", slices.Concat([]int{at["t"]}, x, extras, bar, []int{time}), in, step)
		launch(&back, k.events[i].carry)
	}
	launch(&back, k.load)
	into(rev.StepVJP, "on", slices.Concat([]int{at["t"], at["h"]}, x, extras, end, data), in, step)
	if rev.AtVJP != nil {
		into(rev.AtVJP, "taken", slices.Concat([]int{at["t"], at["h"], at["place"]}, x, extras, given), inAt, stepAt)
	}
	launch(&back, k.carry)
	if rev.BeginVJP != nil {
		into(rev.BeginVJP, "begins", slices.Concat([]int{at["t"]}, x, extras, bar), in, step)
		launch(&back, k.anew)
	}
	r.parts = append(r.parts, back)
}
