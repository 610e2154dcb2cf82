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
		return fmt.Sprintf("%d + %d*kernel.width", bytes, sums*v.e.m.Real.Bytes())
	}
	p.line("k := pickKernels()")
	p.line("kernel = pickKernels()")
	p.line("if !on { return nil }")
	p.line("clocks := []*rt.KernelClock{")
	for _, k := range called {
		w := v.set.WorkOf(k)
		p.line("{Name: %q, Of: %q, Samples: %d, MulAdds: %d, Slots: %d, FunctionSlots: %d, Bytes: %s, Room: %s},", k.Name, clean(k.Func.Name), v.set.Samples(),
			w.MulAdds, w.Slots, w.FunctionSlots, size(w.Bytes, w.Sums), size(w.Room, w.RoomSums))
	}
	p.line("}")
	for i, k := range called {
		p.line("kernel.%s = func(%s) {", k.Name, strings.Join(v.set.Pointers(), ", "))
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
	p.line("return clocks")
	text(f, "clockKernels puts a clock around every kernel, or takes it away.", "func clockKernels(on bool) []*rt.KernelClock {\n"+p.text()+"\n}")
}
