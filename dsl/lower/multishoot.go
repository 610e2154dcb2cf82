package lower

import (
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// shots is a multiple shooting that was lowered: what is known along all times, the mean squared gap, and the statistics of
// all groups together.
type shots struct {
	system            *system
	groups            []shot
	states, integrals []*ir.Value
	gap               *ir.Value
	stats             []*ir.Value
	outputs           []*ir.Value // made when first read
}

// shot is one group: its times, the states at them, and its extras.
type shot struct {
	times          *ir.Value
	states, extras []*ir.Value
}

// multishoot solves group by group, from the data at the first time of each to the first time of the next one; the
// last group stays at its end. The gap is the mean over the seams between groups of the squared distance between where a
// group ends and the data from which the next one starts, summed over the elements of all states.
func (s *scope) multishoot(x *sema.MultiShoot) *shots {
	if m := s.shots[x]; m != nil {
		return m
	}
	b, of := s.b, x.Solve
	sys := s.system(of.System, of.Extras)
	ts := s.expr(of.At)
	data := make([]*ir.Value, len(of.Starts)) // along the times
	for i, start := range of.Starts {
		data[i] = s.expr(start)
		if t := of.System.States[i].Var.Type; data[i].Type.Rank() == len(t.Shape) {
			data[i] = b.Expand(data[i], append([]int{of.Times}, t.Shape...)...)
		}
	}
	extras, knots := s.extraValues(sys, of.Extras)
	if of.System.Noisy {
		knots = nil
	}
	by := of.Solver
	if s.model != nil {
		by = s.model.Solver(by)
	}
	saved := b.Span
	b.Span = x.Span()
	groups, n := of.Times/x.Group, len(of.System.States)
	var solve *ir.Solve
	out := &shots{system: sys}
	parts := make([][]*ir.Value, n+len(of.System.Integrals))
	totals := make([]*ir.Value, len(of.System.Integrals)) // at the start of the group; nil: zero
	var gap *ir.Value
	for g := range groups {
		lo, hi := g*x.Group, (g+1)*x.Group
		at := rowsOf(b, ts, lo, min(hi+1, of.Times))
		if hi == of.Times { // nothing follows: a time twice, so that all groups are one solve
			at = b.Concat(0, at, rowsOf(b, ts, hi-1, hi))
		}
		t0 := b.At(ts, lo)
		stops := s.stops(by, knots, t0, at)
		operands := append([]*ir.Value{t0, at}, stops...)
		for i := range data {
			operands = append(operands, b.At(data[i], lo))
		}
		starts := operands[len(operands)-n:]
		for range of.System.Integrals {
			operands = append(operands, b.Zeros(ir.Scalar(s.m.Real)))
		}
		own := append(append([]*ir.Value(nil), extras...), startsOf(of.System, starts)...)
		operands = append(operands, own...)
		if of.System.Noisy {
			operands = s.noisyOperands(operands, 2+len(stops), n+len(of.System.Integrals), 0)
		}
		if solve == nil {
			solve = s.newSolve(x.Span(), of.With, sys, by, x.Group+1, 0, number(stops), nil)
		}
		v := b.Emit(ir.OpSolve, ir.Attr{Solve: solve}, method.Operands(b, solve, operands)...).Named(of.System.Name)
		results := b.Results(v)
		stats := results[len(solve.States):]
		s.runs = append(s.runs, run{solve: solve, stats: stats, from: v})
		if g == 0 {
			out.stats = slices.Clone(stats)
		}
		for i := range stats {
			switch {
			case g > 0 && i == ir.StatStatus:
				out.stats[i] = b.Binary(ir.OpMax, out.stats[i], stats[i])
			case g > 0:
				out.stats[i] = b.Add(out.stats[i], stats[i])
			}
		}
		for k := range totals {
			q := results[n+k]
			along := rowsOf(b, q, 0, x.Group)
			if totals[k] != nil {
				along = b.Add(along, totals[k])
			}
			parts[n+k] = append(parts[n+k], along)
			if totals[k] == nil {
				totals[k] = b.At(q, x.Group)
			} else {
				totals[k] = b.Add(totals[k], b.At(q, x.Group))
			}
		}
		here := shot{times: rowsOf(b, ts, lo, hi), extras: own}
		for i := range data {
			rows := rowsOf(b, results[i], 0, x.Group)
			parts[i], here.states = append(parts[i], rows), append(here.states, rows)
		}
		out.groups = append(out.groups, here)
		for i := range data {
			if hi == of.Times {
				continue
			}
			d := b.Sub(b.At(results[i], x.Group), b.At(data[i], hi))
			term := b.Sum(b.Unary(ir.OpSquare, d))
			if gap != nil {
				term = b.Add(gap, term)
			}
			gap = term
		}
	}
	for i, st := range of.System.States {
		out.states = append(out.states, b.Concat(0, parts[i]...).Named(st.Var.Name))
	}
	for k, q := range of.System.Integrals {
		out.integrals = append(out.integrals, b.Concat(0, parts[n+k]...).Named(q.Name))
	}
	if gap == nil {
		out.gap = b.Zeros(ir.Scalar(s.m.Real))
	} else {
		out.gap = b.Div(gap, b.Num(float64(groups-1))).Named("gap")
	}
	b.Span = saved
	s.shots[x] = out
	return out
}

// shotOutputs are the outputs along all times, group by group since initial(x) differs.
func (s *scope) shotOutputs(m *shots, at diag.Span) []*ir.Value {
	if m.outputs != nil {
		return m.outputs
	}
	s.b.Span = at
	parts := make([][]*ir.Value, len(m.system.Outputs))
	for _, g := range m.groups {
		for i, v := range s.outputsAt(s.b, m.system, g.times, g.states, g.extras) {
			parts[i] = append(parts[i], v)
		}
	}
	for i, q := range m.system.Outputs {
		m.outputs = append(m.outputs, s.b.Concat(0, parts[i]...).Named(q.Name))
	}
	return m.outputs
}
