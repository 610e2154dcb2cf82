package diff_test

import "ndec.dev/ndec/ir"

// step is an accepted step of a solve that ran.
type step struct {
	t, h float64
	y    [][]float64
}

// evalSolve runs a solve with fixed steps and gives its results, and the steps if it records.
func evalSolve(s *ir.Solve, in [][]float64, params map[*ir.Param][]float64) (outs [][]float64, steps []step) {
	n := len(s.States)
	y, c := in[2:2+n], in[2+n:]
	times := in[1]
	t0, t1 := in[0][0], times[len(times)-1]
	h := (t1 - t0) / float64(s.Steps)
	outs = make([][]float64, n)
	for k := range s.Steps {
		t := t0 + float64(k)*h
		steps = append(steps, step{t, h, y})
		args := append(append([][]float64{{t}, {h}}, y...), c...)
		y1 := eval(s.Step, args, params)
		for _, at := range times {
			if s.Times > 0 && within(at, t, h, k == 0) {
				ends := append(append([][]float64{{(at - t) / h}, {h}}, y...), y1...)
				for i, o := range eval(s.Dense, ends, params) {
					outs[i] = append(outs[i], o...)
				}
			}
		}
		y = y1
	}
	if s.Times == 0 {
		copy(outs, y)
	}
	stats := [][]float64{{float64(s.Steps * s.StepEvals)}, {float64(s.Steps)}, {0}, {0}, {t1}}
	return append(outs, stats...), steps
}

// within reports whether a time is saved by the step from t: its end belongs to it, its start only
// at the first step.
func within(at, t, h float64, first bool) bool {
	theta := (at - t) / h
	return theta > 1e-12 && theta <= 1+1e-12 || first && theta == 0
}

// evalRev goes back over the recorded steps.
func evalRev(r *ir.Rev, in [][]float64, steps []step, bars [][]float64, params map[*ir.Param][]float64) [][]float64 {
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
		back := eval(r.StepVJP, append(append(append([][]float64{{st.t}, {st.h}}, st.y...), c...), lam...), params)
		for j := range times {
			if s.Times == 0 || !within(times[j], st.t, st.h, k == 0) {
				continue
			}
			args := append(append([][]float64{{st.t}, {st.h}, {(times[j] - st.t) / st.h}}, st.y...), c...)
			for i := range s.States {
				w := s.States[i].Type.Len()
				args = append(args, bars[i][j*w:(j+1)*w])
			}
			for i, g := range eval(r.AtVJP, args, params) {
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
