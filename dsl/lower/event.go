package lower

import (
	"fmt"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// happen gives a solve the events of its system. Each solve has functions of its own, since later passes change
// them to what that solve needs.
func (l *lowerer) happen(sys *system, solve *ir.Solve, by *sema.Solver) {
	solve.EventTol, solve.EventMax = by.EventTol, by.EventMax
	guards := l.systemFunc(sys, "guards", true)
	guards.b.Func.Name = solve.Name + ".guards"
	guards.b.Func.Doc = "numbers at whose change of sign events happen"
	var gs []*ir.Value
	for i, ev := range sys.Events {
		e := ir.Event{Kind: ev.Kind, Every: ev.Every, Stop: ev.Stop}
		if ev.Guard != nil {
			gs = append(gs, guards.b.Cast(guards.expr(ev.Guard), ir.F64))
			guards.b.Func.ResultNames = append(guards.b.Func.ResultNames, fmt.Sprintf("guard%d", i+1))
		}
		if len(ev.Resets) > 0 {
			e.Reset = l.reset(sys, ev, fmt.Sprintf("%s.event%d", solve.Name, i+1))
		}
		solve.Events = append(solve.Events, e)
	}
	if len(gs) > 0 {
		solve.Guard = l.add(guards.b.Return(gs...))
	}
}

// reset is the function of the states after an event.
func (l *lowerer) reset(sys *system, ev *sema.Event, name string) *ir.Func {
	s := l.systemFunc(sys, "event", true)
	s.b.Func.Name, s.b.Func.Span = name, ev.Span
	s.b.Func.Doc = "states after an event"
	after := append([]*ir.Value(nil), s.b.Func.Args[1:1+len(sys.States)+len(sys.Integrals)]...)
	for _, r := range ev.Resets {
		after[r.State] = s.expr(r.Expr)
	}
	for _, a := range s.b.Func.Args[1 : 1+len(after)] {
		s.b.Func.ResultNames = append(s.b.Func.ResultNames, a.Name+"_after")
	}
	return l.add(s.b.Return(after...))
}
