package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
)

// clocks reports whether the package can measure its kernels one by one.
func (e *emitter) clocks() bool { return e.opts.Clocks && e.vec != nil }

// clocks prints what puts a clock around every kernel that Go calls.
func (v *vectors) clocks(f *file, called []*lanes.Kernel) {
	p := v.p
	var pointers []string
	for _, a := range v.set.Pointers() {
		name, _, _ := strings.Cut(a, " ")
		pointers = append(pointers, name)
	}
	args := strings.Join(pointers, ", ")
	size := func(bytes, sums int) string {
		if v.form.wide {
			return fmt.Sprint(bytes) // no gradients
		}
		return fmt.Sprintf("%d + %d*kernel.width", bytes, sums*v.e.m.Real.Bytes())
	}
	p.line("k := %s()", v.form.pick)
	p.line("%s = %s()", v.form.kernel, v.form.pick)
	also := !v.form.wide && v.e.wide != nil
	switch {
	case v.form.wide:
		p.line("if !on || k == nil { return nil }")
	case also:
		p.line("wide := clockWide(on)")
		p.line("if !on { return nil }")
	default:
		p.line("if !on { return nil }")
	}
	p.line("clocks := []*rt.KernelClock{")
	for _, k := range called {
		w := v.set.WorkOf(k)
		p.line("{Name: %q, Of: %q, Samples: %d, MulAdds: %d, Slots: %d, FunctionSlots: %d, Bytes: %s, Room: %s},", k.Name, clean(k.Func.Name), v.set.Samples(),
			w.MulAdds, w.Slots, w.FunctionSlots, size(w.Bytes, w.Sums), size(w.Room, w.RoomSums))
	}
	p.line("}")
	for i, k := range called {
		p.line("%s.%s = func(%s) {", v.form.kernel, k.Name, strings.Join(v.set.Pointers(), ", "))
		taken, many := k.Again()
		if taken != nil {
			p.line("taken := %s[0]", v.at(taken))
		}
		p.line("begun := rt.ClockStart()")
		p.line("k.%s(%s)", k.Name, args)
		if taken != nil {
			p.line("clocks[%d].StopRow(begun, taken, %s[0], %s[0])", i, v.at(taken), v.at(many))
		} else {
			p.line("clocks[%d].Stop(begun)", i)
		}
		p.line("}")
	}
	p.line("return %s", ifElse(also, "append(clocks, wide...)", "clocks"))
	name, of := "clockKernels", "every kernel"
	if v.form.wide {
		name, of = "clockWide", "those of wide blocks"
	}
	text(f, fmt.Sprintf("%s puts a clock around %s, or takes it away.", name, of), fmt.Sprintf("func %s(on bool) []*rt.KernelClock {\n%s\n}", name, p.text()))
}
