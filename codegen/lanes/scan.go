package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// The looks at the fixed places of a step. Where guards are small they are one function: what is known of a sample stays in registers from look to look, and
// dense output is made for the guards alone. It is Search.Scan for lanes that no guard keeps waiting, operation by operation.

// mostScanned is the number of operations of guards at a place up to which the looks at all of them are one function.
const mostScanned = 64

// scansAtOnce reports whether they are, of guards that are spelled out without a loop.
func (s *Set) scansAtOnce(guards *Kernel) bool {
	size := 0
	for _, n := range guards.pf.Nests {
		if isNode(n) || n.Steps[0].Form == plan.Whole || !s.straight(guards.pf, n) {
			return false
		}
		k, _ := s.spelled(guards.pf, n)
		size += k
	}
	return size <= mostScanned
}

// addScan adds the function of these looks. What it takes and gives lies where the kernels around it have it: it reads a number before it writes it, since
// it has no loops.
func (s *Set) addScan(l *Solve, at lying) (*Kernel, error) {
	at = at.with(Own+"mode", Own+"before", Own+"theta")
	for i, r := range l.Guards.Func.ResultNames {
		at[r], at[r+changedName] = l.Guards.Results[i], l.Guards.Results[i]
	}
	for _, g := range l.IR.Guards() {
		at = at.with(guardRow("side", g), guardRow("value", g))
	}
	f := s.scan(l.IR)
	if err := s.Plan.Extra(f); err != nil {
		return nil, err
	}
	return s.addRunning(f, running{lies: at})
}

// changedName ends the names of results in the place of arguments.
const changedName = "_next"

// with is l where results, too, lie in the places of arguments.
func (l lying) with(names ...string) lying {
	for _, n := range names {
		l[n+changedName] = l[n]
	}
	return l
}

// scan is the function of these looks. Of each guard it finds the side, which is the sign of the last number that was not 0, the value at the last look without
// a change, and, after a change, the value there. Guards that are real numbers are compared as such, twice as many in a vector.
func (s *Set) scan(sv *ir.Solve) *ir.Func {
	x := s.inStep(sv, "lanescanned")
	b, events := x.b, sv.Guards()
	num := func(v float64) *ir.Value { return b.Const(v, s.real()) }
	num64 := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	row := func(name string) *ir.Value { return b.Arg(name, ir.Scalar(ir.F64)) }
	op := func(o ir.Op, p, q *ir.Value) *ir.Value { return b.Binary(o, p, q) }
	mode, before, theta := row(Own+"mode"), row(Own+"before"), x.arg["theta"]
	type guard struct{ side, value, now, zero *ir.Value }
	gs := make([]guard, len(events))
	rows := make([]guard, len(events))
	for i, g := range events {
		rows[i] = guard{side: row(guardRow("side", g)), value: row(guardRow("value", g)), now: row(Guard(g))}
	}
	lanes := op(ir.OpEq, b.Cast(mode, s.real()), num(seekScan))
	calm, place := lanes, num(0) // lanes that have seen no change, and the place of the last look
	for look := 1; look <= ir.EventLooks; look++ {
		at := float64(look) / ir.EventLooks
		now := x.guards(x.place(num64(at)))
		var changed *ir.Value
		for i, g := range events {
			if now[i].Op == ir.OpCast && now[i].Args[0].Type.Elem == s.real() {
				now[i] = now[i].Args[0]
			}
			e := now[i].Type.Elem
			if look == 1 {
				gs[i] = guard{b.Cast(rows[i].side, e), b.Cast(rows[i].value, e), b.Cast(rows[i].now, e), b.Const(0, e)}
			}
			side, zero := gs[i].side, gs[i].zero
			up := func() *ir.Value { return op(ir.OpAnd, op(ir.OpLt, side, zero), op(ir.OpLe, zero, now[i])) }
			down := func() *ir.Value { return op(ir.OpAnd, op(ir.OpLt, zero, side), op(ir.OpLe, now[i], zero)) }
			var crosses *ir.Value
			switch sv.Events[g].Kind {
			case ir.Rising:
				crosses = up()
			case ir.Falling:
				crosses = down()
			default:
				crosses = op(ir.OpOr, up(), down())
			}
			if changed == nil {
				changed = crosses
			} else {
				changed = op(ir.OpOr, changed, crosses)
			}
		}
		looking := calm
		calm = op(ir.OpAnd, calm, b.Unary(ir.OpNot, changed))
		place = b.Select(looking, num(at), place)
		for i := range gs {
			g := &gs[i]
			g.now = b.Select(looking, now[i], g.now)
			g.value = b.Select(calm, now[i], g.value)
			g.side = b.Select(op(ir.OpAnd, calm, op(ir.OpNe, now[i], g.zero)), now[i], g.side)
		}
	}
	changed := op(ir.OpAnd, lanes, b.Unary(ir.OpNot, calm))
	last := b.Cast(place, ir.F64)
	first := op(ir.OpEq, last, num64(1.0/ir.EventLooks)) // before which guards may have waited, and been looked at
	calmPlace := b.Select(changed, b.Select(first, before, b.Sub(last, num64(1.0/ir.EventLooks))), num64(1))
	names := []string{Own + "mode", Own + "before", Own + "theta"}
	vs := []*ir.Value{b.Select(changed, num64(seekChanged), mode), b.Select(lanes, calmPlace, before), b.Select(changed, last, theta)}
	for i, g := range events {
		side, zero := gs[i].side, gs[i].zero
		e := side.Type.Elem
		sign := b.Select(op(ir.OpLt, zero, side), b.Const(1, e), b.Select(op(ir.OpLt, side, zero), b.Const(-1, e), zero))
		names = append(names, guardRow("side", g), guardRow("value", g), Guard(g))
		vs = append(vs, b.Select(lanes, b.Cast(sign, ir.F64), rows[i].side), b.Select(lanes, b.Cast(gs[i].value, ir.F64), rows[i].value),
			b.Select(changed, b.Cast(gs[i].now, ir.F64), rows[i].now))
	}
	for i := range names {
		names[i] += changedName
	}
	return finish(b, names, vs)
}

// scanned prints what is left to be done when that function has looked for all lanes.
func (q *seek) scanned(by *Kernel) {
	q.b.Call(by.Name)
	q.counted([]string{SearchChanged}, func(sums []asm.Vec) { q.count(sums[0], q.mode(q.row("mode"), seekChanged)) })
}
