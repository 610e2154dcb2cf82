package lanes

import "ndec.dev/ndec/codegen/asm"

// How a search locates events of guards that have changed their sides: one of each sample at a time.

// locate begins to locate an event: the first one of those that guards have shown, or that is pending.
func (q *seek) locate(sums []asm.Vec) {
	mode, theta := q.row("mode"), q.field(q.look("theta"))
	fresh, lanes := q.mode(mode, seekChanged), q.mode(mode, seekPending)
	lanes = q.or(lanes, fresh)
	last := len(q.guards) - 1
	var which, after, value []asm.Vec
	for i, g := range q.guards {
		now := q.is(fresh, q.guard(g), q.of("after", g))
		after, value = append(after, now), append(value, q.of("value", g))
		place := q.place(g)
		place = q.is(q.and(fresh, q.crosses(g, q.of("side", g), now)), q.num(-1), place)
		q.putPlace(g, place)
		q.putOf("after", g, now)
		if i < last {
			which = append(which, q.equal(place, q.num(-1)))
		}
	}
	of, f1, f2 := q.num(float64(q.guards[last])), after[last], value[last]
	for i := last - 1; i >= 0; i-- {
		of, f1, f2 = q.is(which[i], q.num(float64(q.guards[i])), of), q.is(which[i], after[i], f1), q.is(which[i], value[i], f2)
	}
	put := func(name string, x asm.Vec) { q.put(name, q.is(lanes, x, q.row(name))) }
	at, before := q.is(fresh, theta, q.row("changed_at")), q.row("before")
	q.put("changed_at", at)
	put("of", of)
	put("x1", at)
	put("x2", before)
	put("f1", f1)
	put("f2", f2)
	put("fa", f2)
	put("rounds", q.num(0))
	put("tol", q.div(q.num(q.l.IR.EventTol), q.b.Abs(asm.F64, q.field(q.look("h")))))
	middle := q.add(at, q.mul(q.num(0.5), q.sub(before, at)))
	q.b.Store(asm.F64, q.is(lanes, middle, theta), q.at(q.look("theta")))
	q.put("mode", q.is(lanes, q.num(seekNarrow), mode))
	q.goOn(sums[0], lanes)
}

// goOn counts the lanes that go on with their event, and says of each vector whether it has any: as samples end one after the other, few have.
func (q *seek) goOn(sum, lanes asm.Vec) {
	some := q.and(lanes, q.num(1))
	q.b.AddTo(asm.F64, sum, some)
	q.b.StoreOne(asm.F64, q.b.SumLanes(asm.F64, some), q.busy())
}

// busy is the place that says whether a vector has lanes that locate an event.
func (q *seek) busy() asm.Mem { return q.at(q.rows[Own+"busy"]) }

// narrowing prints Narrow: rounds of a look, what it tells, and the next place. Lanes that are done want no next place, so that the last look is that of a
// round without one.
func (q *seek) narrowing() {
	counts := []string{SearchNarrowing, SearchChanged}
	see := func() {
		q.counted(counts, func(sums []asm.Vec) {
			q.b.If(q.busy(), func() { q.seen(sums[0]) })
			q.count(sums[1], q.mode(q.row("mode"), seekPending)) // of this round and of those before
		})
	}
	try := func() {
		q.columns(func() { q.b.If(q.busy(), q.try) })
	}
	if q.l.Search.Rounds {
		see()
		try()
		return
	}
	look := func() {
		q.b.Call(q.l.Guards.Name)
		see()
	}
	look()
	q.b.While(q.b.Arg(argFrame).At(q.rows[counts[0]].Off), func(*asm.Loop) {
		try()
		look()
	})
}

// seen takes a look at where an event may be: Chandrupatla's method.
func (q *seek) seen(sum asm.Vec) {
	one := q.num(1)
	mode, of := q.row("mode"), q.row("of")
	lanes := q.mode(mode, seekNarrow)
	x, f := q.field(q.look("theta")), q.guard(q.guards[0])
	for _, g := range q.guards[1:] {
		f = q.is(q.equal(of, q.num(float64(g))), q.guard(g), f)
	}
	x1, x2, f1, f2, fa := q.row("x1"), q.row("x2"), q.row("f1"), q.row("f2"), q.row("fa")
	positive := q.less(q.num(0), fa)
	changed := func(f asm.Vec) asm.Vec {
		other := q.b.Xor(asm.F64, q.less(q.num(0), f), positive)
		return q.or(q.equal(f, q.num(0)), other)
	}
	now := changed(f)
	apart := q.b.Xor(asm.F64, now, changed(f1))
	x3, f3 := q.is(apart, x2, x1), q.is(apart, f2, f1)
	x2, f2 = q.is(apart, x1, x2), q.is(apart, f1, f2)
	x1, f1 = x, f
	limit := q.div(q.row("tol"), q.b.Abs(asm.F64, q.sub(x2, x1)))
	rounds := q.add(q.row("rounds"), one)
	done := q.or(q.or(q.equal(f, q.num(0)), q.most(one, limit)), q.equal(rounds, q.num(narrowRounds)))

	put := func(name string, x asm.Vec) { q.put(name, q.is(lanes, x, q.row(name))) }
	put("x1", x1)
	put("x2", x2)
	put("f1", f1)
	put("f2", f2)
	put("rounds", rounds)
	q.put("x3", x3)
	q.put("f3", f3)
	q.put("limit", limit)
	ends := q.and(lanes, done)
	end, next := q.is(now, x1, x2), q.num(seekNothing)
	if len(q.guards) == 1 {
		q.putPlace(q.guards[0], q.is(ends, end, q.place(q.guards[0])))
	} else {
		var pending []asm.Vec
		for _, g := range q.guards {
			place := q.is(q.and(ends, q.equal(of, q.num(float64(g)))), end, q.place(g))
			q.putPlace(g, place)
			pending = append(pending, q.equal(place, q.num(-1)))
		}
		some := q.and(ends, q.any(len(pending), func(i int) asm.Vec { return pending[i] }))
		next = q.and(some, q.num(seekPending))
	}
	mode = q.is(ends, next, mode)
	q.put("mode", mode)
	q.goOn(sum, q.but(lanes, ends))
}

// try is the place of the next look of lanes that are not done.
func (q *seek) try() {
	one, half := q.num(1), q.num(0.5)
	lanes := q.mode(q.row("mode"), seekNarrow)
	x1, x2, x3 := q.row("x1"), q.row("x2"), q.row("x3")
	f1, f2, f3 := q.row("f1"), q.row("f2"), q.row("f3")
	width, far, rise := q.sub(x2, x1), q.sub(x3, x2), q.sub(f3, f2)
	xi, phi := q.div(q.sub(x1, x2), far), q.div(q.sub(f1, f2), rise)
	rest := q.sub(one, phi)
	curved := q.and(q.less(q.mul(phi, phi), xi), q.less(q.mul(rest, rest), q.sub(one, xi)))
	left := q.div(q.mul(q.div(f1, q.sub(f2, f1)), f3), q.sub(f2, f3))
	right := q.mul(q.div(q.sub(x3, x1), width), f1)
	right = q.div(q.mul(q.div(right, q.sub(f3, f1)), f2), rise)
	t := q.is(curved, q.add(left, right), half)
	least := q.mul(q.row("limit"), half)
	t = q.b.Min(asm.F64, q.sub(one, least), q.b.Max(asm.F64, least, t))
	next := q.add(x1, q.mul(t, width))
	q.b.Store(asm.F64, q.is(lanes, next, q.field(q.look("theta"))), q.at(q.look("theta")))
}
