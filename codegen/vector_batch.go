package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// batch prints the rows of a batch in lanes.
func (v *vectors) batch(m *ir.Model, n *lanes.Node) {
	e, p, w := v.e, v.p, v.set.Samples()
	pf := e.plan.Of(m.Func)
	low := e.bases[m]
	worker, together := "_", m.Func.InStep()
	if pf.Needs.Stats > 0 || v.form.few || v.form.wide {
		worker = "worker"
	}
	rows := v.rows(m, n)
	refill := n.Refilled()
	method := ""
	var waiting *waiting
	if refill != nil {
		waiting = v.waiting(m, refill)
	} else {
		method = v.node(n)
	}
	if v.form.few {
		v.leave(m, "lo")
	}
	p.line("l := %s.Get()", v.form.list)
	p.line("defer %s.Put(l)", v.form.list)
	if together {
		p.line("l.group = member")
	}
	switch {
	case v.form.few:
		p.line("l.w = j.m.pre.alone")
	case len(e.m.Derived) > 0:
		p.line("l.w = j.m.p")
		p.line("l.pre = &j.m.pre")
	default:
		p.line("l.w = j.m.p")
	}
	v.pack(n, "")
	v.fresh()
	if len(rows.ins)+len(rows.outs) > 0 {
		p.line("fr := l.fr")
	}
	if refill != nil {
		v.refill(m, n, waiting, rows)
	} else {
		if pf.Needs.Stats > 0 {
			p.line("var st [%d][%d]rt.SolveStats", pf.Needs.Stats, w)
		}
		p.line("for ; lo < hi; lo += %d {", v.samples())
		if v.form.few {
			v.leave(m, "lo")
		}
		if v.form.wide {
			p.line("if hi-lo <= %d { // no more than another block has", w/2)
			p.line("j.lanes(worker, lo, hi)")
			p.line("return")
			p.line("}")
		}
		p.line("n := min(%d, hi-lo)", v.samples())
		rows.load("lo")
		args := "n"
		if e.stepped[m.Func] != nil {
			args = "&j.m.by, n"
		}
		if pf.Needs.Stats > 0 {
			args += ", &st"
		}
		p.line("l.%s(%s)", method, args)
		rows.store("lo")
		p.line("}")
	}
	params := worker + ", lo, hi int"
	if together {
		params = "lo, hi int, member *rt.StepMember"
	}
	text(v.loops, "", fmt.Sprintf("func (j *%sJob) %s(%s) {\n%s\n}", low, v.form.method, params, p.text()))
}

// rows prints how a block of n rows of a batch gets into the frame and out of it.
type rows struct {
	v    *vectors
	m    *ir.Model
	n    *lanes.Node
	ins  []port
	outs []port
}

func (v *vectors) rows(m *ir.Model, n *lanes.Node) *rows {
	e := v.e
	ins, outs := e.modelPorts(m)
	return &rows{v, m, n, ins, outs}
}

func (r *rows) field(ps []port, i int, kind string) string {
	if len(ps) == 1 {
		return "j." + ps[0].name
	}
	return "j." + kind + "." + ps[i].field
}

// load prints how rows from one on get into the frame.
func (r *rows) load(from string) {
	v, p, w := r.v, r.v.p, r.v.set.Samples()
	few := r.m.Keyed()
	for i, q := range r.ins {
		if f := r.n.Frame.Args[i]; v.together(f, q.t) {
			p.line("rt.IntoLanes(%s[:], %s[%s*%d:], %d, %d, n)", v.at(f), r.field(r.ins, i, "in"), from, q.t.Len(), q.t.Len(), w)
		} else {
			few = true
		}
	}
	if !few {
		return
	}
	p.line("for i := range %d {", v.samples())
	p.line("row := %s + min(i, n-1) // the rest of a block is like its last sample", from)
	for i, q := range r.ins {
		x := r.field(r.ins, i, "in")
		if v.together(r.n.Frame.Args[i], q.t) {
			continue
		}
		if q.t.IsScalar() {
			v.load(r.n.Frame.Args[i], x+"[row]", q.t)
		} else {
			v.load(r.n.Frame.Args[i], fmt.Sprintf("%s[row*%d:(row+1)*%d]", x, q.t.Len(), q.t.Len()), q.t)
		}
	}
	if r.m.Keyed() {
		p.line("key := rt.Key{Seed: j.m.Seed, Row: uint64(row), Step: rt.EvalStep}.Words()")
		v.load(r.n.Frame.Args[len(r.ins)], "key", ir.KeyType)
	}
	p.line("}")
}

// tells reports whether a block itself tells of samples whose events do not end.
func (r *rows) tells() bool {
	events := slices.ContainsFunc(r.n.Steps, func(st lanes.NodeStep) bool { return st.Solve != nil && len(st.Solve.IR.Events) > 0 })
	return events && !r.m.Func.InStep() && !r.v.set.LeavesToScalar(r.n)
}

// store prints how results get from the frame to rows from one on.
func (r *rows) store(from string) {
	v, p, w := r.v, r.v.p, r.v.set.Samples()
	stats := v.e.plan.Of(r.m.Func).Needs.Stats > 0
	few := stats
	k := 0
	for _, f := range r.n.Frame.Results {
		if f == nil {
			continue
		}
		if q := r.outs[k]; v.together(f, q.t) {
			p.line("rt.FromLanes(%s[%s*%d:], %s[:], %d, %d, n)", r.field(r.outs, k, "out"), from, q.t.Len(), v.at(f), q.t.Len(), w)
		} else {
			few = true
		}
		k++
	}
	if !few {
		return
	}
	p.line("for i := range n {")
	if stats {
		left := "FailedLane"
		if r.tells() {
			left = "LeftLane"
		}
		p.line("if rt.%s(st[:], i) { // what happened is told as without lanes", left)
		if r.m.Func.InStep() {
			p.line("member.Lose()")
		} else {
			p.line("j.rows(worker, %s+i, %s+i+1)", from, from)
		}
		p.line("continue")
		p.line("}")
	}
	k = 0
	for _, f := range r.n.Frame.Results {
		if f == nil {
			continue
		}
		q, x := r.outs[k], r.field(r.outs, k, "out")
		k++
		if v.together(f, q.t) {
			continue
		}
		cast := v.e.elem(q.t.Elem)
		if cast == v.elem(f.Elem) {
			cast = ""
		}
		val := func(place string) string {
			if f.Elem == ir.Bool {
				return place + " != 0"
			}
			if cast != "" {
				return cast + "(" + place + ")"
			}
			return place
		}
		if q.t.IsScalar() {
			p.line("%s[%s+i] = %s", x, from, val(v.at(f)+"[i]"))
		} else {
			p.line("for elem := range %d { %s[(%s+i)*%d+elem] = %s }", q.t.Len(), x, from, q.t.Len(), val(v.element(f, "elem", "i")))
		}
	}
	if stats {
		p.line("for s := range st {")
		p.line("if j.stats != nil { j.stats.Set(s, %s+i, st[s][i]) }", from)
		if r.tells() {
			p.line("j.failed.See(&st[s][i], &%sSites[s], %s+i, -1)", v.e.bases[r.m], from)
		}
		p.line("}")
	}
	p.line("}")
}

// togetherFrom is the length of rows from which a call of rt turns those of a block over all at once.
const togetherFrom = 8

// together reports whether rows of a type, which are a field in the frame, go into lanes and back all at once: they are long and
// of the same numbers.
func (v *vectors) together(f *lanes.Field, t ir.Type) bool {
	return !v.form.few && t.Len() >= togetherFrom && f.Elem.IsFloat() && v.elem(f.Elem) == v.e.elem(t.Elem)
}
