package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Output times of a solve, layer by layer: every sample has its own in its own steps. After a step has been decided on, a thread for each
// element of the states goes over those of its sample that lie in the step; dense output is a function of an element, since it only combines
// arrays element by element.

// spreads reports whether f makes numbers, and arrays element by element with no array between them.
func (e *emitter) spreads(f *ir.Func) bool {
	pf := e.plan.Of(f)
	l, known := e.spreadFuncs[f]
	if !known {
		l = e.inPieces(pf, false, true)
		e.spreadFuncs[f] = l
	}
	if l == nil || pf.Needs.Params || pf.Needs.Prepared {
		return false
	}
	for v := range l.placed {
		if l.placed[v] && !v.Type.IsScalar() {
			return false
		}
	}
	for _, p := range l.pieces {
		switch {
		case p.kind == byElement && p.copy == nil && p.whole == nil:
		case p.kind == bySample && !slices.ContainsFunc(p.nests, func(n *plan.Nest) bool { return n.Extent > 1 || n.Steps[0].Form != plan.Elem }):
		default:
			return false
		}
	}
	return true
}

// spread prints f, which spreads, as a device function of element i of a sample, and gives its name.
func (e *emitter) spread(f *ir.Func) string {
	l, p := e.spreadFuncs[f], e.p
	if l.element != "" {
		return l.element
	}
	fn := l.fn
	name := e.global.pick(e.funcs[f] + "_element")
	l.element = name
	params := []string{"int i"}
	for _, a := range f.Args {
		if a.Type.IsScalar() {
			params = append(params, e.elem(a.Type.Elem)+" "+fn.name[a])
		} else {
			params = append(params, fmt.Sprintf("ndec_column<const %s> %s", e.elem(a.Type.Elem), fn.name[a]))
		}
	}
	for i, r := range f.Results {
		params = append(params, fmt.Sprintf("ndec_column<%s> %s", e.elem(r.Type.Elem), fn.res[i]))
	}
	p.line("// %s is element i of %s of a sample; numbers are those of the first.", name, clean(f.Name))
	p.line("NDEC_D void %s(%s) {", name, strings.Join(params, ", "))
	fn.placed, fn.regs = map[*ir.Value]bool{}, map[*ir.Value]string{}
	for _, pc := range l.pieces {
		for _, n := range pc.nests {
			fn.nest(n)
		}
		if pc.kind == byElement {
			p.line("if (i < %d) {", pc.extent)
			fn.elements(l, pc.steps)
		}
		for _, g := range pc.gives {
			to := fn.res[g.place.result-1]
			if g.v.Type.IsScalar() {
				p.line("if (i == 0) %s[0] = %s;", to, bare(fn.elem(g.v, at(0))))
			} else if pc.kind == byElement {
				p.line("%s[i] = %s;", to, bare(fn.elem(g.v, index{expr: "i"})))
			}
		}
		if pc.kind == byElement {
			p.line("}")
		}
	}
	p.line("}")
	p.line("")
	fn.placed, fn.regs = nil, nil
	return name
}

// nextAddress is that of a number of output times.
func nextAddress(name string) address { return address{param: "int *" + name + "_at", find: name} }

// outputTypes are the types of the states that v gives.
func outputTypes(s *ir.Solve) []ir.Type {
	ts := stateTypes(s)
	if s.Times > 0 {
		for i, t := range ts {
			ts[i] = ir.Tensor(t.Elem, s.Times, t.Len())
		}
	}
	return ts
}

// layerOutputs prints the kernel of the output times in a step, and that of times which no step has reached.
func (e *emitter) layerOutputs(s *ir.Solve, lp *loop, open func(what, doc string, rows int, refs []address) *solveKernel, rows int) (outputs, rest *solveKernel) {
	p := e.p
	dense := e.spread(s.Dense)
	out := suffixed(lp.x, "_out")
	store := func(from []operand) {
		p.eachElement(rows, lp.x, func(k int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", out[k].name, outputRow(lp.x[k].t, at), from[k].name, at)
		})
	}
	walk := []address{{param: "const ndec_walk *walk_at", find: "walk"}}
	var tape []address
	if s.Record {
		tape = append(number64("theta_tape"), address{param: "int *step_tape_at", find: "step_tape"})
	}
	mark := func(step, theta string) {
		if s.Record && rows > 1 {
			p.line("if (i == 0) step_tape_at[m * n + s] = %s, theta_tape_at[m * n + s] = %s;", step, theta)
		} else if s.Record {
			p.line("step_tape_at[m * n + s] = %s, theta_tape_at[m * n + s] = %s;", step, theta)
		}
	}
	if s.Record {
		walk = append(walk, address{param: "const ndec_stats *st_at", find: "st"})
	}
	end := "t"
	if cutSteps(s) {
		end = "reached"
	}
	also := ""
	if len(s.Events) > 0 { // at an event the states are those after it
		also = " && !(walk_at[s].hit && ts_at[m * n + s] == t_next)"
	}
	outputs = open("outputs", "states at the output times of the step that samples have taken", rows, slices.Concat(walk, number64(end, "ts", "from", "taken"),
		[]address{nextAddress("next"), nextAddress("passed")}, e.arrayAddresses(slices.Concat(lp.x, suffixed(lp.x, "_1"), lp.d, out)), tape))
	element := "0"
	if rows > 1 {
		element = "i"
	}
	p.line("if (s >= n || !walk_at[s].take) return;")
	p.line("double t = from_at[s];")
	p.line("double h = taken_at[s];")
	p.line("double t_next = %s_at[s];", end)
	p.line("double span = walk_at[s].t1 - walk_at[s].t0;")
	p.line("int m = next_at[s];")
	p.line("#pragma unroll 1")
	p.line("for (; m < %d && (ts_at[m * n + s] - t_next) * span <= 0%s; m++) {", s.Times, also)
	p.line("double at_m = ts_at[m * n + s];")
	p.line("if (at_m == t) {")
	store(lp.x)
	mark("st_at[s].accepted - 1", "0")
	p.line("} else if (at_m == t_next) {")
	store(suffixed(lp.x, "_1"))
	mark("st_at[s].accepted - 1", "1")
	p.line("} else {")
	args := []string{element, "(at_m - t) / h", "h"}
	for _, o := range slices.Concat(lp.x, suffixed(lp.x, "_1"), lp.d) {
		if o.t.IsScalar() {
			args = append(args, o.name+"_at[s]")
		} else {
			args = append(args, fmt.Sprintf("{%s_at + s, n}", o.name))
		}
	}
	for k, o := range out {
		args = append(args, fmt.Sprintf("{%s_at + %s, n}", o.name, outputRow(lp.x[k].t, "s")))
	}
	p.line("%s(%s);", dense, strings.Join(args, ", "))
	mark("st_at[s].accepted - 1", "(at_m - t) / h")
	p.line("}")
	p.line("}")
	if rows > 1 {
		p.line("if (i == 0) passed_at[s] = m;")
	} else {
		p.line("passed_at[s] = m;")
	}
	p.line("}")
	p.line("")

	rest = open("rest", "output times that no step has reached have the last states", rows, slices.Concat([]address{nextAddress("next")}, walk[1:], e.arrayAddresses(slices.Concat(lp.x, out)), tape))
	p.line("if (s >= n) return;")
	p.line("#pragma unroll 1")
	p.line("for (int m = next_at[s]; m < %d; m++) {", s.Times)
	store(lp.x)
	mark("st_at[s].accepted", "0")
	p.line("}")
	p.line("}")
	p.line("")
	return outputs, rest
}

// outputRow is where an element of a sample lies in output m.
func outputRow(t ir.Type, at string) string {
	return outputRowOf("m", t, at)
}

// insideOf are the cotangents that outputs inside a step give to its start and to the data of its dense output.
func insideOf(r *ir.Rev) (sums, one []operand) {
	if r.DenseVJP == nil {
		return nil, nil
	}
	for i, v := range r.DenseVJP.Results {
		name := fmt.Sprintf("inside%d", i)
		sums, one = append(sums, operand{name + "_bar", v.Type}), append(one, operand{name + "_one", v.Type})
	}
	return sums, one
}

// addOutputs prints how the cotangents of output m are added to those of states.
func (p *printer) addOutputs(rows int, x []operand) {
	p.eachElement(rows, x, func(i int, at string) string {
		return fmt.Sprintf("%s_bar_at[%s] += %s_out_bar_at[%s];", x[i].name, at, x[i].name, outputRow(x[i].t, at))
	})
}

// layerInside prints, for step of a sample, what its outputs give: at its end to the cotangents of states, inside to sums for the derivative of
// the step. The end of a step that an event has cut is one inside.
func (e *emitter) layerInside(r *ir.Rev, dense string, rows int, x []operand) {
	p := e.p
	sums, one := insideOf(r)
	p.eachElement(rows, sums, func(i int, at string) string { return fmt.Sprintf("%s_at[%s] = 0;", sums[i].name, at) })
	p.line("double width = h_tape_at[step * n + s];")
	add := func(theta, of string, row func(t ir.Type) string) {
		args := []string{"0", theta, "width"}
		if rows > 1 {
			args[0] = "i"
		}
		for _, o := range x {
			if o.t.IsScalar() {
				args = append(args, fmt.Sprintf("%s%s_at[%s]", o.name, of, row(o.t)))
			} else {
				args = append(args, fmt.Sprintf("{%s%s_at + %s, n}", o.name, of, row(o.t)))
			}
		}
		for _, o := range one {
			args = append(args, fmt.Sprintf("{%s_at + s, n}", o.name))
		}
		p.line("%s(%s);", dense, strings.Join(args, ", "))
		p.eachElement(rows, sums, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] += %s_at[%s];", sums[i].name, at, one[i].name, at)
		})
	}
	if len(r.Solve.Events) > 0 {
		p.line("double part = part_tape_at[step * n + s];")
		p.line("if (part < 1) {")
		add("part", "_bar", func(ir.Type) string { return "s" })
		p.line("}")
	}
	if r.Solve.Times == 0 {
		return
	}
	p.line("#pragma unroll 1")
	p.line("for (int m = ndec_layer_outputs(step_tape_at + s, %d, n, step) - 1; m >= 0 && step_tape_at[m * n + s] == step; m--) {", r.Solve.Times)
	p.line("double theta = theta_tape_at[m * n + s];")
	p.line("if (theta == 1) {")
	p.addOutputs(rows, x)
	p.line("} else if (theta != 0) {")
	add("theta", "_out_bar", func(t ir.Type) string { return outputRow(t, "s") })
	p.line("}")
	p.line("}")
}
