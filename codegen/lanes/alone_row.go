package lanes

import (
	"ndec.dev/ndec/ir"
)

// Steps of one sample in a row. A step of a small net takes 150 nanoseconds, of which a call from Go and what is copied for it are some
// 20. Where steps have one length and nothing is kept of them, a kernel makes all but the last, or as many as the collector may
// wait for. It does not look whether a state is finite: it adds up what tells so, and Go makes the steps again, one by one, where some was not.

// InARow is the steps of a solve of one sample that a kernel makes in a run.
type InARow struct {
	// Kernel takes time, length, start of the solve, steps taken, steps after which to go back, a place of its own, a sum that stays zero
	// while states are finite, states, slopes and extras. It leaves times, sum, states and slopes at the places of these.
	Kernel *Kernel
	Many   int // steps in a run
}

// rowArgs are arguments of it before the states.
var rowArgs = append([]string{"t", "h"}, append(againArgs, "bad")...)

// addRows compiles the rows of models whose steps have kernels.
func (a *Alone) addRows() {
	s := a.Set
	for _, m := range s.Plan.Module.Models {
		for _, sv := range m.Solves {
			if a.Rows[sv] != nil || a.Entries[sv.Step] == nil || !rowed(sv) {
				continue
			}
			one := smallCost{set: s, known: map[*ir.Func]Small{}}
			many := min(mostInARow, int(rowSlots/max(1, one.of(sv.Step).one)))
			if many < 2 {
				continue
			}
			f, carry := s.rowStep(sv)
			if s.planned(f) != nil {
				continue
			}
			if k, err := s.addRunning(f, running{carry: carry, again: true}); err == nil {
				a.Rows[sv] = &InARow{k, many}
			}
		}
	}
}

// rowed reports whether steps of a solve are of one length, the only thing that goes on from step to step beside its states.
func rowed(sv *ir.Solve) bool {
	return !sv.Adaptive && sv.StepSize == 0 && sv.Times == 0 && !cut(sv) && !sv.Record && !sv.PerSample && sv.Start == nil && sv.StepGroup == "" && sv.Compat == ""
}

// rowStep is a step with the sum that tells whether states are finite, and what of its results are arguments of the next one. The
// step is spelled out, so that the field has its arguments from it in registers.
func (s *Set) rowStep(sv *ir.Solve) (f *ir.Func, carry map[int]int) {
	b, x, y, k, c := s.lane(sv, ".row", rowArgs, sv.FSAL)
	out := b.Inline(sv.Step, cat([]*ir.Value{x["t"], x["h"]}, y, k, c))
	n := len(y)
	bad := x["bad"]
	for _, v := range out[:n] {
		d := b.Emit(ir.OpSub, ir.Attr{}, v, v) // 0, or NaN
		if !d.Type.IsScalar() {
			d = b.Sum(d)
		}
		if d.Type.Elem != ir.F64 {
			d = b.Cast(d, ir.F64)
		}
		bad = b.Add(bad, d)
	}
	names, vs := named(sv.States, ".next"), out[:n:n]
	if sv.FSAL {
		names, vs = append(names, named(plain(sv), ".knext")...), append(vs, out[n:n+len(k)]...)
	}
	carry = map[int]int{len(vs): len(rowArgs) - 1}
	for i := range vs {
		carry[i] = len(rowArgs) + i
	}
	return finish(b, append(names, Own+"bad_next"), append(vs, bad)), carry
}
