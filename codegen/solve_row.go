package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
)

// rowOf is the kernel that makes steps of the solve in a row; nil where there is none.
func (l *loop) rowOf() *lanes.InARow {
	if l.e.alone == nil || l.path || l.ongoing || len(l.d) > 0 {
		return nil
	}
	return l.e.alone.found.Rows[l.s]
}

// row prints the steps that a kernel makes in a row: all but the last one, if none but that ends at t1.
func (l *loop) row() {
	r := l.rowOf()
	if r == nil {
		return
	}
	p, a, k := l.p, l.e.alone, r.Kernel
	place := map[string]string{}
	for i, arg := range k.Func.Args {
		place[arg.Name] = "s." + a.paths[k.Args[i]][len(k.Name)+1:]
	}
	own := func(name string) string { return place[lanes.Own+name] + "[0]" }
	// carried are the variables that go from step to step, with the names of their arguments.
	carried := func(each func(o operand, at string)) {
		for i, st := range l.s.States {
			each(l.x[i], place[st.Name])
		}
		if l.s.FSAL {
			for i, o := range suffixed(l.plain(l.x), "K") {
				each(o, place[l.s.States[l.s.Plain()[i]].Name+".k"])
			}
		}
	}
	array := func(o operand, at string) string {
		return fmt.Sprintf("*(*[%d]%s)(%s[:%d])", o.t.Len(), l.e.elem(o.t.Elem), at, o.t.Len())
	}
	in := func(value string) func(o operand, at string) {
		return func(o operand, at string) {
			switch to, from := a.elem(l.e, o.t.Elem), l.e.elem(o.t.Elem); {
			case to != from && o.t.IsScalar():
				p.line("%s[0] = %s(%s)", at, to, o.name)
			case to != from:
				p.line("for i, x := range %s { %s[i] = %s(x) }", o.name, at, to)
			case o.t.IsScalar():
				p.line("%s[0] = %s", at, o.name)
			default:
				p.line("%s = %s%s", array(o, at), value, o.name)
			}
		}
	}
	p.line("k := 0")
	p.line("if alone != nil && steps > 1 && t0+float64(float64(steps-1)*h) != t1 { // steps in a row, of which none ends at t1")
	p.line("fr := ws.aloneFrame()")
	p.line("s := &fr.%s", k.Name)
	p.line("%s, %s, %s, %s = t0, t0, h, 0", own("t"), own("t0"), own("h"), own("bad"))
	carried(in(""))
	for i, o := range l.c {
		in("*")(o, place[fmt.Sprintf("extra.%d", i)])
	}
	p.line("for k < steps-1 {")
	p.line("many := min(k+%d, steps-1)", r.Many)
	p.line("%s, %s = float64(k), float64(many)", own("taken"), own("many"))
	p.line("alone.%s(fr, pre.alone)", k.Name)
	p.line("k = many")
	p.line("}")
	p.line("if %s == 0 { // all states were finite", own("bad"))
	carried(func(o operand, at string) {
		if o.t.IsScalar() {
			p.line("%s = %s[0]", o.name, at)
		} else {
			p.line("%s = %s", o.name, array(o, at))
		}
	})
	p.line("t = %s", own("t"))
	p.line("st.NFE += k * %d", l.evals())
	p.line("st.Accepted, st.H, st.Time = k, h, t")
	p.line("} else {")
	p.line("k = 0 // again, to see which was not")
	p.line("}")
	p.line("}")
}
