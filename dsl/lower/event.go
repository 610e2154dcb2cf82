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

// countEvents widens the events of a solve and has them counted in one more state, an integral of nothing.
func (l *lowerer) countEvents(solve *ir.Solve, wide *ir.Widening) {
	n := len(solve.States)
	count := ir.SolveState{Name: "events", Type: ir.Scalar(ir.F64)}
	// with is (scalars…, states…, events, extras…) -> what body makes of the values of f's arguments and of events.
	with := func(f *ir.Func, body func(b *ir.Builder, args []*ir.Value, events *ir.Value) []*ir.Value) *ir.Func {
		b := ir.NewFunc(f.Name+"_counted", f.Span, wide.To)
		b.Func.Doc = f.Doc
		var args []*ir.Value
		for _, a := range f.Args[:1+n] {
			args = append(args, b.Arg(a.Name, a.Type))
		}
		events := b.Arg(count.Name, count.Type)
		for _, a := range f.Args[1+n:] {
			args = append(args, b.Arg(a.Name, a.Type))
		}
		return l.add(b.Return(body(b, args, events)...))
	}
	if solve.Guard != nil {
		guard := wide.Func(solve.Guard)
		solve.Guard = with(guard, func(b *ir.Builder, args []*ir.Value, _ *ir.Value) []*ir.Value { return b.CallAll(guard, args...) })
	}
	for i := range solve.Events {
		e, like := &solve.Events[i], solve.Field
		if e.Reset != nil {
			e.Reset = wide.Func(e.Reset)
			like = e.Reset
		}
		reset := e.Reset
		e.Reset = with(like, func(b *ir.Builder, args []*ir.Value, events *ir.Value) []*ir.Value {
			after := args[1 : 1+n]
			if reset != nil {
				after = b.CallAll(reset, args...)
			}
			return append(after[:n:n], b.Add(events, b.Const(1, ir.F64)))
		})
		e.Reset.Name = fmt.Sprintf("%s.event%d_counted", solve.Name, i+1)
	}
	field := solve.Field
	solve.Field = with(field, func(b *ir.Builder, args []*ir.Value, _ *ir.Value) []*ir.Value {
		return append(b.CallAll(field, args...), b.Const(0, ir.F64))
	})
	solve.States = append(solve.States, count)
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
