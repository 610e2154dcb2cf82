package interp

import "ndec.dev/ndec/ir"

// reverse carries cotangents back over the steps of a recorded solve. in[0] is the result of the
// solve and in[1:] are the cotangents of its states.
func (m *Machine) reverse(r *ir.Rev, in []datum) datum {
	s := r.Solve
	n := len(s.States)
	tp := in[0].tape
	if tp == nil {
		fail("reverse sweep %s of a solve that was not recorded", r.Name)
	}
	bars := in[1:]
	y := make([]datum, n)
	for i, st := range s.States {
		if s.Times == 0 {
			y[i] = bars[i].slice(0, len(bars[i].data))
			y[i].data = append([]float64(nil), y[i].data...)
		} else {
			y[i].data = make([]float64, st.Type.Len())
		}
	}
	m.enter(Place{Solve: s, Back: true})
	defer m.leave()
	defer m.group(r.InStep()).Await()
	rest := make([]datum, len(s.Extras)+len(r.Params))
	for i, t := range s.Extras {
		rest[i].data = make([]float64, t.Len())
	}
	for i, p := range r.Params {
		rest[len(s.Extras)+i].data = make([]float64, p.Type.Len())
	}
	at := func(k int) []datum { // cotangents of output k
		out := make([]datum, n)
		for i, st := range s.States {
			l := st.Type.Len()
			out[i] = bars[i].slice(k*l, (k+1)*l)
		}
		return out
	}
	add := func(to, from []datum) {
		for i := range to {
			to[i].add(from[i])
		}
	}
	steps, ends := tp.back(s)
	var stops []datum
	if s.TakesStops() {
		stops = in[len(in)-1:]
	}
	next, happened := len(tp.saves)-1, len(tp.fired)-1
	end := num(0)
	if s.MayStop() {
		end = bars[n]
	}
	for ; next >= 0 && tp.saves[next].step >= len(steps); next-- {
		add(y, at(next))
	}
	var before []datum // the states before the step after this one, with Undo
	anew := true       // that step does not begin where this one has ended
	for k := len(steps) - 1; k >= 0; k-- {
		st := steps[k]
		m.move(k, st.T, st.H)
		for j := next; j >= 0 && tp.saves[j].step == k; j-- {
			if tp.saves[j].theta == 1 {
				add(y, at(j))
			}
		}
		ys := make([]datum, n)
		for i := range ys {
			ys[i] = datum{data: st.Y[i].Data}
		}
		if s.Undo && !anew && (happened < 0 || tp.fired[happened].step != k) { // states before events are kept
			ys = m.run(s.Replay, cat([]datum{num(st.T + st.H), num(-st.H)}, before, tp.extras))
		}
		before, anew = ys, st.Anew
		for ; happened >= 0 && tp.fired[happened].step == k; happened-- {
			f := tp.fired[happened]
			out := m.run(r.Events[f.event], cat([]datum{num(f.t)}, f.y, tp.extras, y, []datum{end}))
			copyBars(y, out[:n])
			add(rest, out[n:])
		}
		var start, data []datum // cotangents that output times inside the step give to its start and its data
		if r.DenseVJP != nil {
			start, data = zeros(r.DenseVJP.Results[:n]), zeros(r.DenseVJP.Results[n:])
			take := func(theta float64, bars []datum) {
				out := m.run(r.DenseVJP, cat([]datum{num(theta), num(st.H)}, bars))
				add(start, out[:n])
				add(data, out[n:])
			}
			if ends[k] != 1 {
				take(ends[k], y)
				y = zeros(r.DenseVJP.Results[:n])
			}
			for j := next; j >= 0 && tp.saves[j].step == k; j-- {
				if theta := tp.saves[j].theta; theta != 0 && theta != 1 {
					take(theta, at(j))
				}
			}
		}
		whole, inside := r.StepVJP, r.AtVJP
		if st.First {
			whole, inside = r.StartVJP, r.StartAtVJP
		}
		var out []datum
		if ends[k] == 1 || r.DenseVJP != nil {
			out = m.run(whole, cat([]datum{num(st.T), num(st.H)}, stops, ys, tp.extras, y, data))
		} else {
			out = m.run(inside, cat([]datum{num(st.T), num(st.H), num(ends[k])}, ys, tp.extras, y))
		}
		copyBars(y, out[:n])
		add(rest, out[n:])
		if r.DenseVJP != nil {
			add(y, start)
		}
		for ; next >= 0 && tp.saves[next].step == k; next-- {
			switch theta := tp.saves[next].theta; {
			case theta == 1:
			case theta == 0:
				add(y, at(next))
			case r.DenseVJP == nil:
				out := m.run(inside, cat([]datum{num(st.T), num(st.H), num(theta)}, ys, tp.extras, at(next)))
				add(y, out[:n])
				add(rest, out[n:])
			}
		}
		if st.Anew {
			out := m.run(r.BeginVJP, cat([]datum{num(st.T)}, ys, tp.extras, y))
			copyBars(y, out[:n])
			add(rest, out[n:])
		}
	}
	return datum{parts: append(y, rest...)}
}

// zeros are zeros of the types of vs.
func zeros(vs []*ir.Value) []datum {
	out := make([]datum, len(vs))
	for i, v := range vs {
		out[i].data = make([]float64, v.Type.Len())
	}
	return out
}

func copyBars(to, from []datum) {
	for i := range to {
		to[i] = datum{data: append([]float64(nil), from[i].data...), why: from[i].why}
	}
}
