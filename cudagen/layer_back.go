package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// What the way back goes over beside steps, layer by layer: events at their ends, the last one first, and memory of the method that has begun
// anew before them. Samples that have none there are left out.

// eventKernels are those around the derivative of an event.
type eventKernels struct{ load, carry *solveKernel }

// printEvent prints the kernels of event i. At the end of a step it has happened once at most.
func (b *sweep) printEvent(i int) (k eventKernels) {
	p, x := b.e.p, b.x
	bar, in, fired := suffixed(x, "_bar"), suffixed(x, "_in"), suffixed(x, "_fired")
	sum, step := suffixed(b.c, "_sum"), suffixed(b.c, "_step")
	k.load = b.open(fmt.Sprintf("event%d", i), fmt.Sprintf("samples at whose step's end event %d has happened, last of those that are left", i), intAddress("back", "events", "happens"), number64("t"),
		firedAddresses(), b.e.arrayAddresses(x), b.e.arrayAddresses(fired))
	p.line("if (s >= n) return;")
	p.line("long long step = events_at[s] - 1; // on the tape")
	p.line("bool on = back_at[s] > 0 && step >= 0 && fired_step_at[step * n + s] == back_at[s] - 1 && fired_event_at[step * n + s] == %d;", i)
	b.first("happens_at[s] = on;")
	p.line("if (!on) return;")
	b.set(x, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] = %s_at[%s];", x[i].name, at, fired[i].name, tapeRow(x[i].t, at))
	})
	b.first("t_at[s] = fired_t_at[step * n + s];")
	p.line("}")
	p.line("")
	k.carry = b.open(fmt.Sprintf("before%d", i), fmt.Sprintf("cotangents are those before event %d", i), intAddress("events", "happens"), b.e.arrayAddresses(bar), b.e.arrayAddresses(in), b.e.arrayAddresses(sum), b.e.arrayAddresses(step))
	p.line("if (s >= n || !happens_at[s]) return;")
	b.copy(bar, in, "=")
	b.copy(sum, step, "+=")
	b.first("events_at[s]--;")
	p.line("}")
	p.line("")
	return k
}

// printAnew prints the kernel behind the derivative of memory that begins.
func (b *sweep) printAnew() {
	p := b.e.p
	bar, in, sum, step := suffixed(b.x, "_bar"), suffixed(b.x, "_in"), suffixed(b.c, "_sum"), suffixed(b.c, "_step")
	b.anew = b.open("anew", "cotangents are those before memory began anew", intAddress("begins"), b.e.arrayAddresses(bar), b.e.arrayAddresses(in), b.e.arrayAddresses(sum), b.e.arrayAddresses(step))
	p.line("if (s >= n || !begins_at[s]) return;")
	b.copy(bar, in, "=")
	b.copy(sum, step, "+=")
	p.line("}")
	p.line("")
}

// outputRowOf is where an element of a sample lies in output m.
func outputRowOf(m string, t ir.Type, at string) string {
	if t.Len() == 1 {
		return m + " * n + s"
	}
	return fmt.Sprintf("%s * n * %d + %s", m, t.Len(), at)
}
