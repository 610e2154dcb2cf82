package diff_test

import (
	"math"
	"reflect"

	"ndec.dev/ndec/ir"
)

// step is an accepted step of a solve that ran.
type step struct {
	t, h float64
	y    [][]float64
}

// solve takes the steps of the mesh and gives the results of s, and the steps.
func (m machine) solve(s *ir.Solve, in [][]float64) (outs [][]float64, steps []step) {
	n := len(s.States)
	y, c, times := in[2:2+n], in[2+n:], in[1]
	outs = make([][]float64, n)
	for k := range len(m.mesh) - 1 {
		t, h := m.mesh[k], m.mesh[k+1]-m.mesh[k]
		steps = append(steps, step{t, h, y})
		for _, at := range times {
			if s.Times > 0 && within(at, t, h, k == 0) {
				args := append(append([][]float64{{t}, {h}, {(at - t) / h}}, y...), c...)
				for i, o := range m.eval(m.replayAt, args) {
					outs[i] = append(outs[i], o...)
				}
			}
		}
		y = m.eval(m.replay, append(append([][]float64{{t}, {h}}, y...), c...))
	}
	if s.Times == 0 {
		copy(outs, y)
	}
	n1 := float64(len(steps))
	return append(outs, []float64{n1 * float64(s.StepEvals)}, []float64{n1}, []float64{0}, []float64{0}, times[len(times)-1:]), steps
}

// within reports whether a time is saved by the step from t: its end belongs to it, its start only
// at the first step.
func within(at, t, h float64, first bool) bool {
	theta := (at - t) / h
	return theta > 1e-12 && theta <= 1+1e-12 || first && theta == 0
}

// rev goes back over the recorded steps.
func (m machine) rev(r *ir.Rev, in [][]float64, steps []step, bars [][]float64) [][]float64 {
	s := r.Solve
	n := len(s.States)
	c, times := in[2+n:], in[1]
	lam := make([][]float64, n)
	rest := make([][]float64, len(c)+len(r.Params))
	for i := range lam {
		lam[i] = make([]float64, s.States[i].Type.Len())
		if s.Times == 0 {
			copy(lam[i], bars[i])
		}
	}
	add := func(to *[]float64, x []float64) {
		if *to == nil {
			*to = make([]float64, len(x))
		}
		for i := range x {
			(*to)[i] += x[i]
		}
	}
	for k := len(steps) - 1; k >= 0; k-- {
		st := steps[k]
		var start, data [][]float64 // what outputs inside give to the start of the step and to its data
		if r.DenseVJP != nil {
			for _, v := range r.DenseVJP.Results {
				start = append(start, make([]float64, v.Type.Len()))
			}
			start, data = start[:n], start[n:]
			for j := range times {
				if s.Times > 0 && within(times[j], st.t, st.h, k == 0) {
					out := m.eval(r.DenseVJP, append([][]float64{{(times[j] - st.t) / st.h}, {st.h}}, outputBars(s, bars, j)...))
					for i := range out {
						add(&append(start[:n:n], data...)[i], out[i])
					}
				}
			}
		}
		back := m.eval(r.StepVJP, append(append(append(append([][]float64{{st.t}, {st.h}}, st.y...), c...), lam...), data...))
		if r.Keep != nil {
			m.compareHalves(r, back, append(append([][]float64{{st.t}, {st.h}}, st.y...), c...), lam)
		}
		for i := range start {
			add(&back[i], start[i])
		}
		for j := range times {
			if s.Times == 0 || r.AtVJP == nil || !within(times[j], st.t, st.h, k == 0) {
				continue
			}
			args := append(append([][]float64{{st.t}, {st.h}, {(times[j] - st.t) / st.h}}, st.y...), c...)
			for i, g := range m.eval(r.AtVJP, append(args, outputBars(s, bars, j)...)) {
				add(&back[i], g)
			}
		}
		copy(lam, back[:n])
		for i, g := range back[n:] {
			add(&rest[i], g)
		}
	}
	return append(lam, rest...)
}

// compareHalves goes over a step by its halves. What differs from the step in one is made NaN, so that whoever looks at it fails.
func (m machine) compareHalves(r *ir.Rev, back, in, bars [][]float64) {
	s, at := r.Solve, in
	if s.FSAL { // a step takes over the slope at its start
		n := 2 + len(s.States)
		slope := m.eval(s.Field, append(in[:1:1], in[2:]...))
		at = append(append(in[:n:n], slope...), in[n:]...)
	}
	whole := m.eval(s.Step, at)
	there := m.eval(r.Keep, at)
	kept := there[len(whole):]
	wrong := !reflect.DeepEqual(there[:len(whole)], whole)
	if r.First > 0 { // what belongs to the first stage of this step, and what it hands on
		n := len(s.States)
		first := m.eval(r.StartKeep, append(in[:1:1], in[2:]...))[n:]
		handed := m.eval(r.StartKeep, append(append([][]float64{{in[0][0] + in[1][0]}}, whole[:n]...), in[2+n:]...))[n:]
		own := len(kept) - r.First
		wrong = wrong || !reflect.DeepEqual(kept[own:], handed)
		kept = append(first, kept[:own]...)
	}
	half := m.eval(r.KeptVJP, append(append(in[:len(in):len(in)], kept...), bars...))
	for i := range back {
		for k, x := range half[i] {
			if wrong || math.Abs(x-back[i][k]) > 1e-14*(1+math.Abs(x)) {
				back[i][k] = math.NaN()
			}
		}
	}
	*m.halves++
}

// outputBars are the cotangents of output j of s.
func outputBars(s *ir.Solve, bars [][]float64, j int) [][]float64 {
	var out [][]float64
	for i, st := range s.States {
		w := st.Type.Len()
		out = append(out, bars[i][j*w:(j+1)*w])
	}
	return out
}
