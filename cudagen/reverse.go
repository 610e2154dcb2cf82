package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// The tape of a recorded solve holds t and h of every accepted step and the states at their starts, in global
// memory: [step][element][sample], so that neighbouring threads read neighbouring numbers. It holds so many steps
// as the launcher gives room for. What a sensitivity would rather compute again is kept as well. Of a solve that keeps stretches (ir.Solve.Stretches)
// it holds these in place of steps: where each ends, the way back to its start, and the states at its end.

func (e *emitter) tapeType(s *ir.Solve) string { return e.solveName(s) + "_tape" }

// tapeBytes is the size of a tape: per step, and in all for output times.
func tapeBytes(s *ir.Solve) (step, times int) {
	step = 16
	for _, st := range s.States {
		step += st.Type.Len() * st.Type.Elem.Bytes()
	}
	switch {
	case s.Stretches: // number, stretch, time and states of an event
		step += step
	case len(s.Events) > 0: // the part of a step that counts, too
		step += step + 8
	case s.Passes():
		step += 8
	}
	if s.Start != nil && !s.Stretches {
		step += 4
	}
	if marked(s) {
		step += 4
	}
	switch {
	case s.Stretches:
		times = s.Times * 4
	case s.Times > 0:
		times = s.Times * 12
	}
	return step, times
}

// marked reports whether the tape says before which steps memory of the method has begun anew.
func marked(s *ir.Solve) bool { return s.Rebegins() && !s.Stretches }

// tape prints the type that keeps the accepted steps of a recorded solve.
func (e *emitter) tape(s *ir.Solve) {
	p := e.p
	l := e.newLoop(s)
	step, _ := tapeBytes(s)
	store := func(to string, x string) { p.line("%s%s = %s;", e.first(), to, x) }
	head, end := "", "steps++;"
	if typ, name := e.together(); name != "" {
		head, end = typ+" "+name+", ", "steps++, "+name+".sync();"
	}
	p.line("// The %s of %s for the reverse sweep, %d bytes each.", map[bool]string{true: "stretches", false: "accepted steps"}[s.Stretches], s.Name, step)
	p.line("struct %s {", e.tapeType(s))
	p.line("double *t;")
	p.line("double *h;")
	for _, o := range l.x {
		p.line("%s *%s;", e.elem(o.t.Elem), o.name)
	}
	part, first := s.Cuts() && !s.Stretches, s.Start != nil && !s.Stretches
	if s.Stretches {
		p.line("double since; // start of the next one")
	}
	if s.Times > 0 {
		if !s.Stretches {
			p.line("double *theta; // place of each output time in its step")
		}
		p.line("int *at; // the step of each output time")
		p.line("int saved;")
	}
	if part {
		p.line("double *part; // how much of each step counts: less than 1 where %s has cut it", map[bool]string{true: "the end", false: "an event"}[s.Passes()])
	}
	if first {
		p.line("int *first; // whether a step has filled the memory of the method")
	}
	if len(s.Events) > 0 {
		p.line("double *fired_t; // time of each event")
		p.line("int *fired_step; // the step that it ends")
		p.line("int *fired_event; // and its number")
		for _, o := range l.x {
			p.line("%s *%s_fired; // before it", e.elem(o.t.Elem), o.name)
		}
		p.line("int fired;")
	}
	if marked(s) {
		p.line("int *begun; // whether memory of the method has begun anew before a step")
		p.line("int anew; // and has before the next one")
	}
	p.line("int steps;")
	p.line("int room;")
	p.line("int samples;")
	p.line("")
	p.line("__device__ __forceinline__ void place(ndec_room &r, int capacity) {")
	p.line("room = capacity;")
	p.line("samples = r.samples;")
	p.line("t = r.take<double>(room);")
	p.line("h = r.take<double>(room);")
	for _, o := range l.x {
		p.line("%s = r.take<%s>(room * %dll);", o.name, e.elem(o.t.Elem), o.t.Len())
	}
	if s.Times > 0 {
		if !s.Stretches {
			p.line("theta = r.take<double>(%d);", s.Times)
		}
		p.line("at = r.take<int>(%d);", s.Times)
	}
	if part {
		p.line("part = r.take<double>(room);")
	}
	if first {
		p.line("first = r.take<int>(room);")
	}
	if len(s.Events) > 0 {
		p.line("fired_t = r.take<double>(room);")
		p.line("fired_step = r.take<int>(room);")
		p.line("fired_event = r.take<int>(room);")
		for _, o := range l.x {
			p.line("%s_fired = r.take<%s>(room * %dll);", o.name, e.elem(o.t.Elem), o.t.Len())
		}
	}
	if marked(s) {
		p.line("begun = r.take<int>(room);")
	}
	p.line("}")
	p.line("")
	var ps []string
	for _, o := range l.x {
		ps = append(ps, e.in(o.t, o.name+"_now"))
	}
	given := ""
	if part {
		given = "double part_now, "
	}
	if first {
		given += "bool first_now, "
	}
	p.line("__device__ __forceinline__ bool push(%sdouble t_now, double h_now, %s%s) {", head, given, strings.Join(ps, ", "))
	p.line("if (steps == room) return false;")
	store("t[(long long)steps * samples]", "t_now")
	store("h[(long long)steps * samples]", "h_now")
	if part {
		store("part[(long long)steps * samples]", "part_now")
	}
	if first {
		store("first[(long long)steps * samples]", "first_now")
	}
	if marked(s) {
		store("begun[(long long)steps * samples]", "anew")
		p.line("anew = 0;")
	}
	l.keep("", "steps")
	p.line("%s", end)
	p.line("return true;")
	p.line("}")
	if len(s.Events) > 0 {
		p.line("")
		p.line("__device__ __forceinline__ bool event(%sint number, double t_now, %s) {", head, strings.Join(ps, ", "))
		p.line("if (fired == room) return false;")
		store("fired_t[(long long)fired * samples]", "t_now")
		store("fired_step[(long long)fired * samples]", "steps - 1")
		store("fired_event[(long long)fired * samples]", "number")
		l.keep("_fired", "fired")
		p.line("%s", strings.ReplaceAll(end, "steps", "fired"))
		p.line("return true;")
		p.line("}")
	}
	if s.Times > 0 {
		p.line("")
		p.line("__device__ __forceinline__ void save(%sint step, double place) {", head)
		store("at[(long long)saved * samples]", "step")
		if !s.Stretches {
			store("theta[(long long)saved * samples]", "place")
		}
		p.line("%s", strings.ReplaceAll(end, "steps", "saved"))
		p.line("}")
	}
	p.line("};")
}

// keep prints how the states are stored as row at of the tape's arrays, whose names have a suffix.
func (l *loop) keep(suffix, at string) {
	for _, o := range l.x {
		if o.t.IsScalar() {
			l.p.line("%s%s%s[(long long)%s * samples] = %s_now;", l.e.first(), o.name, suffix, at, o.name)
			continue
		}
		if l.e.shared(o.t) {
			l.p.line("for (int i = team.lane; i < %d; i += Team::size) %s%s[%s * %dll + i] = %s_now[i];", o.t.Len(), o.name, suffix, at, o.t.Len(), o.name)
			continue
		}
		if l.e.team != nil {
			l.p.line("#pragma unroll")
			l.p.line("for (int i = 0; i < %d; i++)", o.t.Len())
			l.p.line("\tif (team.mine(i)) %s%s[%s * %dll + i] = %s_now[i];", o.name, suffix, at, o.t.Len(), o.name)
			continue
		}
		l.p.line("#pragma unroll")
		l.p.line("for (int i = 0; i < %d; i++) %s%s%s[(%s * %dll + i) * samples] = %s_now[i];", o.t.Len(), l.e.first(), o.name, suffix, at, o.t.Len(), o.name)
	}
}

// load declares os and reads row at of the tape's arrays of states, whose names have a suffix.
func (l *loop) load(os []operand, suffix, at string) {
	l.declare(os)
	for i, o := range os {
		from := l.x[i].name + suffix
		if o.t.IsScalar() {
			l.p.line("%s = tape.%s[(long long)%s * tape.samples];", o.name, from, at)
			continue
		}
		if l.e.shared(o.t) {
			l.e.assign(o, fmt.Sprintf("tape.%s + %s * %dll", from, at, o.t.Len()))
			continue
		}
		l.p.line("#pragma unroll")
		l.p.line("for (int i = 0; i < %d; i++) %s[i] = tape.%s[(%s * %dll + i) * tape.samples];", o.t.Len(), o.name, from, at, o.t.Len())
	}
}

// reverse prints the sweep over the recorded steps, last to first. Names: x is the recorded state, x_bar the
// cotangent that travels backwards.
func (e *emitter) reverse(r *ir.Rev) {
	p, s := e.p, r.Solve
	l := e.newLoop(s)
	needs := e.plan.RevNeeds(r)
	ps := append(e.common(needs, s.Stretches && e.taped(r.StepVJP), true), fmt.Sprintf("const %s &tape", e.tapeType(s)))
	ins := slices.Clone(l.c)
	for _, o := range l.c {
		ps = append(ps, e.in(o.t, o.name))
	}
	for i, o := range l.x {
		t := o.t
		if s.Times > 0 {
			if s.States[i].Memory {
				continue // nobody reads it along the way
			}
			t = ir.Tensor(t.Elem, s.Times, t.Len())
		}
		ps = append(ps, e.in(t, o.name+"_out_bar"))
		ins = append(ins, operand{o.name + "_out_bar", t})
	}
	if s.MayStop() {
		ps = append(ps, "double end_bar")
	}
	if s.TakesStops() {
		ps = append(ps, "const double *stops")
	}
	outs := append(suffixed(l.x, "_start_bar"), suffixed(l.c, "_bar")...)
	for _, o := range outs {
		ps = append(ps, e.out(o.t, o.name))
	}
	var any []string
	if needs.Accum {
		any, ps = append(any, "G"), append(ps, "G &g")
	}
	if e.plan.Of(r.StepVJP).Needs.Stats > 0 {
		ps = append(ps, "ndec_stats *st")
	}
	name, called := e.revName(r), !s.Stretches && e.isCalledLoop(r, sweepFuncs(r))
	suffix := ""
	if called {
		suffix = "_here"
	}
	p.line("%sNDEC_D void %s%s(%s) {", e.templates(any...), name, suffix, strings.Join(ps, ", "))
	bar, barIn := suffixed(l.x, "_bar"), suffixed(l.x, "_in")
	cSum, cStep := suffixed(l.c, "_sum"), suffixed(l.c, "_step")
	for _, list := range [][]operand{bar, cSum} {
		for _, o := range list {
			e.zeroed(o)
		}
	}
	l.declare(barIn)
	l.declare(cStep)
	if s.Times == 0 {
		for i, o := range bar {
			e.assign(o, l.x[i].name+"_out_bar")
		}
	}
	outBar := func(i int, m string) string {
		o := l.x[i]
		if o.t.IsScalar() {
			return fmt.Sprintf("%s_out_bar[%s]", o.name, m)
		}
		return fmt.Sprintf("%s_out_bar + %s * %d", o.name, m, o.t.Len())
	}
	addOut := func(m string) {
		for i, o := range bar {
			if !s.States[i].Memory {
				e.addInto(o, outBar(i, m))
			}
		}
	}
	addExtras := func() {
		for i, o := range cSum {
			e.addInto(o, cStep[i].name)
		}
	}
	stepOut := append(append([]operand(nil), barIn...), cStep...)
	if s.Times > 0 {
		p.line("int m = tape.saved - 1;")
		p.line("// Output times of the end of a solve that took no step.")
		p.line("for (; m >= 0 && tape.at[(long long)m * tape.samples] >= tape.steps; m--) {")
		addOut("m")
		p.line("}")
	}
	if len(s.Events) > 0 {
		p.line("int f = tape.fired - 1;")
	}
	row := "k"
	if e.tile { // lanes with fewer steps wait for the others: what they do does not count
		row = "row_k"
		typ := e.tileType()
		p.line("const %s all = tile;", typ)
		p.line("#pragma unroll 1")
		p.line("for (int k = tile.most(tape.steps) - 1; k >= 0; k--) {")
		p.line("bool on = k < tape.steps;")
		p.line("%s tile = all.only(on);", typ)
		p.line("int row_k = on ? k : 0;")
	} else {
		p.line("#pragma unroll 1")
		p.line("for (int k = tape.steps - 1; k >= 0; k--) {")
	}
	e.scope()
	p.line("double t = tape.t[(long long)%s * tape.samples];", row)
	p.line("double h = tape.h[(long long)%s * tape.samples];", row)
	l.load(l.x, "", row)
	switch {
	case s.Stretches && s.Times > 0:
		p.line("for (; m >= 0 && tape.at[(long long)m * tape.samples] == k; m--) {")
		addOut("m")
		p.line("}")
	case s.Times > 0:
		p.line("for (int j = m; j >= 0 && tape.at[(long long)j * tape.samples] == k; j--) {")
		p.line("if (tape.theta[(long long)j * tape.samples] == 1) {")
		addOut("j")
		p.line("}")
		p.line("}")
	}
	if len(s.Events) > 0 {
		l.backOverEvents(r, stepOut, bar, addExtras)
	}
	if s.Cuts() && !s.Stretches {
		p.line("double part = tape.part[(long long)k * tape.samples];")
	}
	data, start := l.insideStep(r, bar, outBar)
	cut := s.Cuts() && r.DenseVJP == nil && !s.Stretches
	// pull goes back over a step by the one function or, where it has filled the memory, the other.
	pull := func(step, first *ir.Func, in []string) {
		if first != nil {
			p.line("if (tape.first[(long long)k * tape.samples]) {")
			p.line("%s", e.apply(first, in, stepOut))
			p.line("} else {")
		}
		p.line("%s", e.apply(step, in, stepOut))
		if first != nil {
			p.line("}")
		}
	}
	if cut {
		p.line("if (part < 1) {")
		pull(r.AtVJP, r.StartAtVJP, append([]string{"t", "h", "part"}, names(l.x, l.c, bar)...))
		p.line("} else {")
	}
	if s.Stretches {
		l.backThroughStretch(r, bar, stepOut)
	} else {
		pull(r.StepVJP, r.StartVJP, append([]string{"t", "h"}, names(l.x, l.c, bar, data)...))
	}
	if cut {
		p.line("}")
	}
	if e.tile {
		p.line("if (!on) continue;")
	}
	l.copy(bar, barIn)
	for i, o := range start {
		e.addInto(bar[i], o.name)
	}
	addExtras()
	inside := s.Times > 0 && !s.Stretches
	if inside {
		p.line("for (; m >= 0 && tape.at[(long long)m * tape.samples] == k; m--) {")
		e.scope()
		p.line("double theta = tape.theta[(long long)m * tape.samples];")
		p.line("if (theta == 1) continue;")
		p.line("if (theta == 0) {")
		addOut("m")
		p.line("continue;")
		p.line("}")
	}
	if inside && r.DenseVJP == nil {
		in := append([]string{"t", "h", "theta"}, names(l.x, l.c)...)
		for i, o := range l.x {
			if s.States[i].Memory {
				none := "0"
				if !o.t.IsScalar() {
					none = o.name + "_none"
					e.zeroed(operand{none, o.t})
				}
				in = append(in, none)
				continue
			}
			in = append(in, outBar(i, "m"))
		}
		pull(r.AtVJP, r.StartAtVJP, in)
		for i, o := range bar {
			e.addInto(o, barIn[i].name)
		}
		addExtras()
	}
	if inside {
		p.line("}")
	}
	if marked(s) {
		p.line("if (tape.begun[(long long)k * tape.samples]) {")
		p.line("%s", e.apply(r.BeginVJP, append([]string{"t"}, names(l.x, l.c, bar)...), stepOut))
		l.copy(bar, barIn)
		addExtras()
		p.line("}")
	}
	p.line("}")
	l.copy(suffixed(l.x, "_start_bar"), bar)
	l.copy(suffixed(l.c, "_bar"), cSum)
	p.line("}")
	if called {
		e.callLoop(name, ps, ins, outs, nil)
	}
}

// insideStep prints how the outputs inside step k, and its end where an event has cut it, are added up for it (see
// ir.Rev.DenseVJP): cotangents of the data for dense output, and of the start of the step.
func (l *loop) insideStep(r *ir.Rev, bar []operand, outBar func(i int, m string) string) (data, start []operand) {
	if r.DenseVJP == nil {
		return nil, nil
	}
	e, p, s := l.e, l.p, l.s
	n := len(s.States)
	var sums, one []operand
	for i, v := range r.DenseVJP.Results {
		name := fmt.Sprintf("inside%d", i)
		sums, one = append(sums, operand{name + "_bar", v.Type}), append(one, operand{name + "_one", v.Type})
	}
	p.line("// Outputs inside the step give to its start and to the data of its dense output.")
	for _, o := range sums {
		e.zeroed(o)
	}
	take := func(theta string, bars []string) {
		l.declare(one)
		p.line("%s", e.apply(r.DenseVJP, append([]string{theta, "h"}, bars...), one))
		for i, o := range sums {
			e.addInto(o, one[i].name)
		}
	}
	if s.Cuts() {
		p.line("if (part < 1) {")
		e.scope()
		take("part", names(bar))
		for _, o := range bar {
			if o.t.IsScalar() {
				p.line("%s = 0;", o.name)
			} else {
				e.clear(o.name, o.t)
			}
		}
		p.line("}")
	}
	if s.Times > 0 {
		p.line("for (int j = m; j >= 0 && tape.at[(long long)j * tape.samples] == k; j--) {")
		e.scope()
		p.line("double theta = tape.theta[(long long)j * tape.samples];")
		p.line("if (theta == 0 || theta == 1) continue;")
		outs := make([]string, n)
		for i := range outs {
			outs[i] = outBar(i, "j")
		}
		take("theta", outs)
		p.line("}")
	}
	return sums[n:], sums[:n]
}
