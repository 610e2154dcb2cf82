package interp

import "ndec.dev/ndec/ir"

// stretch ends a stretch at t, for a solve that keeps them (ir.Solve.Stretches).
func (r *run) stretch(t float64, y []datum) (k int) {
	tp := r.tape
	tp.stretches = append(tp.stretches, Step{T: t, H: tp.since - t, Y: r.tensors(y)})
	tp.since = t
	return len(tp.stretches) - 1
}

// between ends a stretch at the next output time, where the states are y, and says which; times after the end have none.
func (r *run) between(y []datum, at save) save {
	if at.step == len(r.tape.steps) {
		return save{len(r.tape.stretches), 0}
	}
	return save{r.stretch(r.times[r.next], y), 1}
}

// tensors are states with their shapes.
func (r *run) tensors(y []datum) []Tensor {
	out := make([]Tensor, len(y))
	for i, d := range y {
		out[i] = Tensor{Data: d.data, Shape: r.s.States[i].Type.Shape}
	}
	return out
}

// back are the steps that a reverse sweep goes over, and how much of each counts.
func (tp *tape) back(s *ir.Solve) (steps []Step, ends []float64) {
	if !s.Stretches {
		return tp.steps, tp.ends
	}
	ends = make([]float64, len(tp.stretches))
	for k := range ends {
		ends[k] = 1
	}
	return tp.stretches, ends
}
