package cudagen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// The way back over a recorded solve, layer by layer: every sample has its own place on the tape and goes back from its last accepted step,
// all of them together; those that are at the start, or whose solve has failed, go on with the others and do not count. A step of the sweep is
// a kernel that loads the step, the kernels of its derivative, and one that carries cotangents on.

// reverseKernels are the kernels around the derivative of a step.
type reverseKernels struct {
	x, c, inside       []operand // inside is what outputs within a step give
	begin, load, carry *solveKernel
}

// backKey tells sweeps of the same solve apart.
type backKey struct {
	r    *ir.Rev
	slot int
}

// layerReverses reports whether the sweep v can be one over a batch.
func (e *emitter) layerReverses(v *ir.Value) bool {
	r := v.Attr.Rev
	if r.Solve.Times > 0 && (r.DenseVJP == nil || !e.spreads(r.DenseVJP)) {
		return false
	}
	return e.layerSolves(r.Solve) && e.layersOf(e.plan.Of(r.StepVJP), false) != nil
}

// layerReverse prints the kernels of the sweep v of l.
func (e *emitter) layerReverse(l *layerFunc, v *ir.Value) {
	r, p := v.Attr.Rev, e.p
	key := backKey{r, l.fn.f.Slots[v.Args[0]]}
	if e.layerBacks[key] != nil {
		return
	}
	again := false
	for other := range e.layerBacks {
		again = again || other.r == r
	}
	e.layerKernels(e.layerFuncs[r.StepVJP])
	lp := e.newLoop(r.Solve)
	k := &reverseKernels{x: lp.x, c: lp.c}
	e.layerBacks[key] = k
	times, dense := r.Solve.Times, ""
	inside, one := insideOf(r)
	var outputs, stepped []address
	if times > 0 {
		stepped = []address{nextAddress("stepped")}
		dense = e.spread(r.DenseVJP)
		outputs = append(number64("theta_tape"), address{param: "const int *step_tape_at", find: "step_tape"})
	} else {
		inside, one = nil, nil
	}
	k.inside = inside
	rows := 1
	for _, o := range slices.Concat(lp.x, lp.c, inside) {
		rows = max(rows, o.t.Len())
	}
	open := func(what, doc string, refs ...[]address) *solveKernel {
		name := e.revs[r] + "_" + what
		if again {
			name = e.global.pick(name)
		}
		return e.openKernel(name, doc, rows, slices.Concat(refs...))
	}
	state := []address{{param: "int *back_at", find: "back"}, {param: "int *on_at", find: "on"}}
	bar, out, in, tape := suffixed(lp.x, "_bar"), suffixed(lp.x, "_out_bar"), suffixed(lp.x, "_in"), suffixed(lp.x, "_tape")
	sum, step := suffixed(lp.c, "_sum"), suffixed(lp.c, "_step")
	first := func() {
		if rows > 1 {
			p.line("if (i > 0) return;")
		}
	}
	set := func(os []operand, by func(i int, at string) string) { p.eachElement(rows, os, by) }
	zero := func(os []operand) {
		set(os, func(i int, at string) string { return fmt.Sprintf("%s_at[%s] = 0;", os[i].name, at) })
	}

	k.begin = open("begin", "the way back over "+clean(r.Solve.Name)+" begins: back is the number of steps before a sample", state[:1],
		[]address{{param: "const ndec_stats *st_at", find: "st"}, {param: "const int *counts_at", find: "counts"}}, number64("t", "h"),
		e.arrayAddresses(slices.Concat(bar, out, lp.x, sum)), outputs)
	p.line("if (s >= n) return;")
	if times > 0 {
		zero(bar)
		p.line("for (int m = %d; m >= 0 && step_tape_at[m * n + s] >= st_at[s].accepted; m--) {", times-1)
		p.addOutputs(rows, lp.x)
		p.line("}")
	} else {
		set(bar, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", bar[i].name, at, out[i].name, at)
		})
	}
	zero(slices.Concat(lp.x, sum)) // states are numbers where there is no step
	first()
	p.line("t_at[s] = h_at[s] = 0;")
	p.line("back_at[s] = counts_at[s] ? st_at[s].accepted : 0;")
	p.line("}")
	p.line("")

	var ends []operand // what outputs give
	if times > 0 {
		ends = slices.Concat(bar, out, inside, one)
	}
	k.load = open("load", "the step before every sample", state, number64("t", "h", "t_tape", "h_tape"), e.arrayAddresses(slices.Concat(lp.x, tape, ends)), outputs, stepped)
	p.line("if (s >= n) return;")
	p.line("long long step = back_at[s] - 1;")
	if rows > 1 {
		p.line("if (i == 0) on_at[s] = step >= 0;")
	} else {
		p.line("on_at[s] = step >= 0;")
	}
	p.line("if (step < 0) return;")
	set(lp.x, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] = %s_at[%s];", lp.x[i].name, at, tape[i].name, tapeRow(lp.x[i].t, at))
	})
	if times > 0 {
		e.layerInside(r, dense, rows, lp.x)
	}
	first()
	if times > 0 {
		p.line("stepped_at[s] = (int)step;")
	}
	p.line("t_at[s] = t_tape_at[step * n + s];")
	p.line("h_at[s] = h_tape_at[step * n + s];")
	p.line("}")
	p.line("")

	var starts []operand // of the step, and its outputs
	if times > 0 {
		starts = slices.Concat(out, inside[:len(lp.x)])
	}
	k.carry = open("carry", "cotangents are those before the step, and who goes on", state, e.arrayAddresses(slices.Concat(bar, in, sum, step)),
		e.arrayAddresses(starts), outputs, stepped, []address{{param: "unsigned *running_at", find: "running"}})
	p.line("bool on = s < n && on_at[s];")
	p.line("if (on) {")
	set(bar, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] = %s_at[%s];", bar[i].name, at, in[i].name, at)
	})
	set(sum, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] += %s_at[%s];", sum[i].name, at, step[i].name, at)
	})
	if times > 0 {
		set(bar, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] += %s_at[%s];", bar[i].name, at, inside[i].name, at)
		})
		p.line("int step = stepped_at[s];")
		p.line("for (int m = ndec_layer_outputs(step_tape_at + s, %d, n, step) - 1; m >= 0 && step_tape_at[m * n + s] == step; m--) {", times)
		p.line("if (theta_tape_at[m * n + s] == 0) {")
		p.addOutputs(rows, lp.x)
		p.line("}")
		p.line("}")
	}
	p.line("}")
	first()
	p.line("if (on) on = --back_at[s] > 0;")
	p.line("ndec_layer_running(running_at, n, s, on);")
	p.line("}")
	p.line("")
}

// reverse appends the launches of the sweep of v: before its steps, and those of a step.
func (r *layerRun) reverse(l *layerFunc, v *ir.Value, extras, outs, to []int) {
	e, rev := r.e, v.Attr.Rev
	solve := v.Args[0]
	slot := l.fn.f.Slots[solve]
	k := e.layerBacks[backKey{rev, slot}]
	at := map[string]int{"st": r.stats + slot*statsBytes, "counts": r.counts, "back": r.take(8), "on": r.take(8), "running": r.take(8), "t": r.take(8), "h": r.take(8), "stepped": r.take(8)}
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
	launch(r.part(), k.begin)
	back := LayerPart{Loop: true, By: -1, Steps: rounds(rev.Solve), Running: at["running"]}
	launch(&back, k.load)
	r.counted = at["on"]
	args, results := slices.Concat([]int{at["t"], at["h"]}, x, extras, bar, data), slices.Concat(in, step)
	for range rev.Params { // sums
		results = append(results, -1)
	}
	r.into(&back, e.layerFuncs[rev.StepVJP], args, results)
	r.counted = r.counts
	launch(&back, k.carry)
	r.parts = append(r.parts, back)
}
