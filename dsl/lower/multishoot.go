package lower

import (
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// shots is a multiple shooting that was lowered: the states along all times, and the mean squared gap.
type shots struct {
	states []*ir.Value
	gap    *ir.Value
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
	parts := make([][]*ir.Value, n)
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
		operands = append(append(operands, extras...), startsOf(of.System, starts)...)
		if of.System.Noisy {
			operands = s.noisyOperands(operands, 2+len(stops), n+len(of.System.Integrals), 0)
		}
		if solve == nil {
			solve = s.newSolve(x.Span(), of.With, sys, by, x.Group+1, 0, number(stops), nil)
		}
		v := b.Emit(ir.OpSolve, ir.Attr{Solve: solve}, method.Operands(b, solve, operands)...).Named(of.System.Name)
		results := b.Results(v)
		s.runs = append(s.runs, run{solve: solve, stats: results[len(solve.States):], from: v})
		for i := range data {
			parts[i] = append(parts[i], rowsOf(b, results[i], 0, x.Group))
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
	out := &shots{}
	for i, st := range of.System.States {
		out.states = append(out.states, b.Concat(0, parts[i]...).Named(st.Var.Name))
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
