package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// node prints the method that runs a function with its solves, and gives its name.
func (v *vectors) node(n *lanes.Node) string {
	if name, ok := v.names[n]; ok {
		return name
	}
	name := n.Frame.Name
	v.names[n] = name
	for _, st := range n.Steps {
		switch {
		case st.Solve != nil:
			v.solve(st.Solve)
		case st.Rev != nil:
			v.rev(st.Rev)
		case st.Loop != nil:
			v.node(st.Loop.Body)
		}
	}
	p, pf := v.p, v.e.plan.Of(n.Func)
	fn := &function{e: v.e, f: pf}
	params := "n int"
	if m := v.e.stepped[n.Func]; m != nil {
		params = fmt.Sprintf("by *[%d]rt.Stepping, %s", len(m.Solves), params)
	}
	if pf.Needs.Stats > 0 {
		params += fmt.Sprintf(", st *[%d][%d]rt.SolveStats", pf.Needs.Stats, v.set.Samples())
	}
	if v.usesFrame(n) {
		p.line("fr := l.fr")
	}
	for _, st := range n.Steps {
		if st.Kernel != nil {
			p.line("%s", v.run(st.Kernel))
			continue
		}
		outs := ""
		for _, o := range st.Out {
			if o != nil {
				outs += ", &" + v.at(o)
			}
		}
		switch {
		case st.Solve != nil:
			tape := ""
			if st.Solve.IR.Record {
				tape = fmt.Sprintf("&l.%s, ", v.tapeOf(st.Value, st.Solve))
			}
			stops := ""
			if st.Stops != nil {
				stops = ", &" + v.at(st.Stops)
			}
			p.line("l.%s(%s&%s, &%s%s%s, %s, n, &st[%d])", v.names[st.Solve], tape, v.at(st.T0), v.at(st.T1), stops, outs, fn.stepping(st.Solve.IR), pf.Slots[st.Value])
		case st.Rev != nil:
			if outs != "" || st.Rev.Node != nil {
				outs += ", n"
			}
			if lo, hi := fn.slots(st.Value); hi > lo {
				outs += fmt.Sprintf(", (*[%d][%d]rt.SolveStats)(st[%d:%d])", hi-lo, v.set.Samples(), lo, hi)
			}
			p.line("l.%s(&l.%s%s)", v.names[st.Rev], v.tapeOf(st.Value.Args[0], st.Rev.Solve), outs)
		default:
			v.loop(fn, st)
		}
		v.afterStep(fn, st)
	}
	v.method(fmt.Sprintf("%s is %s of the first n samples (%s).", name, n.Func.Name, clean(n.Func.Span.String())), name, params)
	return name
}

// usesFrame reports whether the method of n reads the frame beside calling kernels.
func (v *vectors) usesFrame(n *lanes.Node) bool {
	accum := v.e.plan.Of(n.Func).Needs.Accum
	return slices.ContainsFunc(n.Steps, func(s lanes.NodeStep) bool {
		if s.Loop == nil {
			return s.Solve != nil || s.Out != nil
		}
		return s.Loop.Guard || s.Loop.Carry > 0 || slices.ContainsFunc(append(s.Loop.In, s.Loop.Out...), func(f *lanes.Field) bool { return f != nil }) ||
			len(s.Stats) > 0 || accum && v.e.plan.Slots(s.Value) > 0
	})
}

// afterStep prints what is done with the statistics of a node.
func (v *vectors) afterStep(fn *function, st lanes.NodeStep) {
	p := v.p
	lo, hi := fn.slots(st.Value)
	if hi == lo {
		return
	}
	if fn.f.Needs.Accum {
		p.line("for i := range n {")
		p.line("if rt.FailedLane(st[%d:%d], i) { fr.mask[i] = 0 } // a failed sample has no part in a gradient", lo, hi)
		p.line("}")
	}
	if len(st.Stats) == 0 {
		return
	}
	p.line("for i := range n {")
	for _, s := range st.Stats {
		field := []string{"NFE", "Accepted", "Rejected", "Status", "Time"}[s.Index]
		p.line("%s[i] = %s(st[%d][i].%s)", v.at(s.Field), v.elem(s.Field.Elem), s.Slot, field)
	}
	p.line("}")
}

// loop prints a call, map or scan of a function with solves, for all samples of a block.
func (v *vectors) loop(fn *function, st lanes.NodeStep) {
	p, l, w := v.p, st.Loop, v.set.Samples()
	body := v.e.plan.Of(l.Body.Func)
	lo, hi := fn.slots(st.Value)
	call := func(stats string) {
		args := "n"
		if body.Needs.Stats > 0 {
			args += ", " + stats
		}
		p.line("l.%s(%s)", v.names[l.Body], args)
	}
	if l.Call {
		call(fmt.Sprintf("(*[%d][%d]rt.SolveStats)(st[%d:%d])", hi-lo, w, lo, hi))
		return
	}
	if hi > lo {
		p.line("clear(st[%d:%d])", lo, hi)
	}
	run := "k+1"
	if l.Back {
		run = fmt.Sprintf("%d-k", l.N)
		p.line("for k := %d; k >= 0; k-- {", l.N-1)
	} else {
		numbered := body.Needs.Stats > 0 || slices.ContainsFunc(append(slices.Clone(l.In), l.Out...), func(f *lanes.Field) bool { return f != nil })
		p.line("for %srange %d {", ifText(numbered, "k := "), l.N)
	}
	slice := func(f *lanes.Field) string {
		size := f.Rows / l.N * w
		return fmt.Sprintf("%s[k*%d:(k+1)*%d]", v.at(f), size, size)
	}
	for i, f := range l.In {
		if f != nil {
			p.line("copy(%s[:], %s)", v.at(l.Body.Frame.Args[i]), slice(f))
		}
	}
	n := body.Needs.Stats
	if n > 0 {
		p.line("var run [%d][%d]rt.SolveStats", n, w)
	}
	call("&run")
	if n > 0 {
		p.line("rt.JoinLanes(st[%d:%d], run[:], %s)", lo, lo+n, run)
	}
	for i, f := range l.Body.Frame.Results {
		switch {
		case i < l.Carry:
			p.line("%s = %s", v.at(l.Body.Frame.Args[i]), v.at(f))
		case l.Out[i] != nil:
			p.line("copy(%s, %s[:])", slice(l.Out[i]), v.at(f))
		}
	}
	p.line("}")
	if l.Guard {
		p.line("for i := range n {")
		p.line("if number := int(%s[i]); number != 0 { st[%d][i].FailRun(number) }", v.at(l.Body.Frame.Args[0]), lo+n)
		p.line("}")
	}
}

// tapeOf is the field of lanes that holds the tape of a recorded solve.
func (v *vectors) tapeOf(val *ir.Value, l *lanes.Solve) string {
	if n, ok := v.names[val]; ok {
		return n
	}
	s := val.Attr.Solve
	n := v.e.global.pick(goName(s.Name, false) + "LaneTape")
	v.names[val] = n
	v.tapes = append(v.tapes, fmt.Sprintf("%s %s", n, v.tapeType(l)))
	return n
}
