package lanes

import (
	"fmt"
	"maps"
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// The search for events of a block: that of rt.EventSearch, operation by operation, with a sample in each lane and its numbers in rows
// of the frame, all in float64. Samples are at different points of it. Each kernel takes those that are where it goes on, by the row
// of modes, and leaves the others as they are; those that look at guards run Guards before each round, until none looks any more.

// Search is the search of a solve.
type Search struct {
	// Begin begins it in the steps that lanes have taken, by code and live of Step. Its arguments are all rows, of which theta, next and, if Step has them
	// elsewhere, t and h are those of Guards and Look.
	Begin *Kernel
	// Early looks after events, as long as guards wait for a side. Scan looks at the fixed places. Where guards have changed their sides
	// Locate begins to locate an event, and Narrow does so; there may be another one then. Again goes on after events, where Hit is not 0. All of
	// them are nil where no event has a guard.
	Early, Scan, Locate, Narrow, Again *Kernel
	// Found settles what happens in the steps.
	Found *Kernel
	// Settle says what becomes of the steps, where nothing is kept of them; nil where Go says so.
	Settle *Kernel
	// All is a whole search, from Begin to Found, and Settle, where that does not take long; else nil.
	All *Kernel
	// Whole is Step, All, Output and, if there is a Happen, this and Again, where Go has nothing to do between them; else nil.
	Whole *Kernel
	// Happen does what happens at events, from the places that Found gives to what Again begins with, but for what Go tells of samples (Happened). Nil where Go
	// does so with Look, Resets and Anew.
	Happen *Kernel
	// Rounds says that Early, Scan and Narrow are one round each, before which Go runs Guards, since that takes long, and which it repeats as long as they
	// leave lanes that go on; Again wants Guards before it, too. Else they do all rounds and run Guards themselves.
	Rounds bool
	// AtOnce says that Scan looks at all places in one round, see scan.go.
	AtOnce bool
}

// kernels are all of them.
func (s *Search) kernels() []*Kernel {
	if s == nil {
		return nil
	}
	return []*Kernel{s.Begin, s.Early, s.Scan, s.Locate, s.Narrow, s.Again, s.Found, s.Settle, s.All, s.Happen, s.Whole}
}

// Rows of a search that Go reads and writes. Of those that count lanes the first number counts.
const (
	SearchTook      = Own + "took"      // 1 in lanes that have taken a step
	SearchDir       = Own + "dir"       // of time, 1 or -1
	SearchCount     = Own + "count"     // of times at which events have happened
	SearchHit       = Own + "hit"       // 1 where events happen at the end of the step
	SearchEnd       = Own + "end"       // the place where they do, else 1
	SearchTime      = Own + "time"      // when they do
	SearchEarly     = Own + "early"     // how many lanes Early has to do with
	SearchScanning  = Own + "scanning"  // and Scan
	SearchChanged   = Own + "changed"   // and Locate
	SearchNarrowing = Own + "narrowing" // and Narrow
	SearchHits      = Own + "hits"      // how many lanes have events at the end of the step
	SearchCuts      = Own + "cuts"      // and how many of these before that of the step as it was tried
)

// searchRows are the others: for when guards are looked at that wait, the number of the next look at a fixed place, the place of the last look, what is to be
// done, and Chandrupatla's numbers.
var searchRows = []string{"since", "wait", "look", "before", "mode", "of", "changed_at", "tol", "x1", "x2", "x3", "f1", "f2", "f3", "fa", "limit", "rounds", "busy"}

// SearchFires is the row whose first number counts the lanes in which event i happens.
func SearchFires(i int) string { return fmt.Sprintf("%sfires%d", Own, i) }

// SearchPlace is the row with the place of event i in the step, above 1 where it does not fire.
func SearchPlace(i int) string { return fmt.Sprintf("%splace%d", Own, i) }

// guardRows are those of each guard: the side and value before the look, the value after the change and after the event, the direction in which one that
// waits has fired, and whether it has turned back.
var guardRows = []string{"side", "value", "after", "begun", "last", "turned"}

// What a lane does next.
const (
	seekNothing = iota
	seekTurned  // looks whether guards have turned back
	seekEarly   // looks while guards wait
	seekScan    // looks at fixed places
	seekChanged // guards have changed their sides at the last look
	seekPending // another event is to be located
	seekNarrow  // locates an event
)

const noPlace = 2 // where an event does not fire

// narrowRounds is the number of rounds after which an event counts as located.
const narrowRounds = 100

// beginSearch adds the rows of a search, with the kernel that begins it, and says where others have them.
func (s *Set) beginSearch(l *Solve, at lying) error {
	sv := l.IR
	names := []string{SearchTook, SearchDir, SearchCount, SearchHit, SearchEnd, SearchTime, SearchEarly, SearchScanning, SearchChanged, SearchNarrowing, SearchHits, SearchCuts}
	guards := sv.Guards()
	if len(guards) > 0 {
		for _, n := range searchRows {
			names = append(names, Own+n)
		}
	}
	for i := range sv.Events {
		names = append(names, SearchPlace(i), SearchFires(i))
	}
	for _, g := range guards {
		for _, n := range guardRows {
			names = append(names, guardRow(n, g))
		}
	}
	for _, n := range lookArgs {
		if at[Own+n] == nil {
			names = append(names, Own+n)
		}
	}
	l.Search = &Search{}
	rows := map[string]*Field{} // filled before the kernel is compiled
	return s.adding(func() error {
		begin, err := s.addWritten(sv.Name+".lanebegins", sv, names, nil, func(c *compiler) {
			(&seek{c: c, b: c.b, l: l, rows: rows, guards: guards}).begin()
		})
		if err != nil {
			return err
		}
		l.Search.Begin = begin
		for i, a := range begin.Func.Args {
			at[a.Name] = begin.Args[i]
			rows[a.Name] = begin.Args[i]
		}
		for _, n := range lookArgs {
			rows[Own+n] = at[Own+n]
		}
		return nil
	})
}

// addSearch adds the other kernels of a search.
func (s *Set) addSearch(l *Solve, at lying) error {
	sv, se := l.IR, l.Search
	guards := sv.Guards()
	rows := map[string]*Field{}
	for _, a := range se.Begin.Func.Args {
		rows[a.Name] = at[a.Name]
	}
	for _, n := range lookArgs {
		rows[Own+n] = at[Own+n]
	}
	var calls []*Kernel
	if l.Guards != nil {
		calls = []*Kernel{l.Guards}
	}
	add := func(name string, body func(q *seek)) (*Kernel, error) {
		return s.addWritten(sv.Name+"."+name, sv, nil, calls, func(c *compiler) {
			body(&seek{c: c, b: c.b, l: l, rows: rows, guards: guards})
		})
	}
	return s.adding(func() (err error) {
		if len(guards) > 0 {
			se.Rounds = s.held(l.Guards.pf.Cost)*narrowRounds > s.Hold
			scan := func(q *seek) { q.looking([]string{SearchScanning, SearchChanged}, q.scan) }
			if se.AtOnce = s.scansAtOnce(l.Guards); se.AtOnce {
				all, err := s.addScan(l, maps.Clone(at))
				if err != nil {
					return err
				}
				calls = append(calls, all)
				scan = func(q *seek) { q.scanned(all) }
			}
			for _, k := range []struct {
				to   **Kernel
				name string
				body func(q *seek)
			}{
				{&se.Early, "laneearly", func(q *seek) { q.looking([]string{SearchEarly}, q.early) }},
				{&se.Scan, "lanescan", scan},
				{&se.Locate, "lanelocate", func(q *seek) { q.counted([]string{SearchNarrowing}, q.locate) }},
				{&se.Narrow, "lanenarrow", (*seek).narrowing},
				{&se.Again, "laneagain", (*seek).again},
			} {
				if *k.to, err = add(k.name, k.body); err != nil {
					return err
				}
			}
		}
		se.Found, err = add("lanefound", (*seek).found)
		return err
	})
}

// addWholeSearch adds the kernel of a whole search, and what it ends with.
func (s *Set) addWholeSearch(l *Solve) error {
	if l.Search == nil || !s.searchesAtOnce(l) {
		return nil
	}
	if err := s.addSettle(l); err != nil {
		return err
	}
	se := l.Search
	calls := slices.DeleteFunc(slices.Concat(se.kernels(), []*Kernel{l.Guards}), func(k *Kernel) bool { return k == nil })
	return s.adding(func() (err error) {
		se.All, err = s.addWritten(l.IR.Name+".lanesearch", l.IR, nil, calls, func(c *compiler) {
			rows := map[string]*Field{}
			for i, a := range se.Begin.Func.Args {
				rows[a.Name] = se.Begin.Args[i]
			}
			(&seek{c: c, b: c.b, l: l, rows: rows, guards: l.IR.Guards()}).all()
		})
		if err != nil {
			return err
		}
		return s.addWhole(l)
	})
}

// searchesAtOnce reports whether a whole search is one kernel: where looks at guards take long, Go's collector would wait for as many as each guard may
// need to be located.
func (s *Set) searchesAtOnce(l *Solve) bool { return !l.Search.Rounds && s.longestSearch(l) <= s.Hold }

// longestSearch is how long a search may take, as Hold counts: its looks at guards.
func (s *Set) longestSearch(l *Solve) int {
	if l.Guards == nil {
		return 0
	}
	return s.held(l.Guards.pf.Cost) * narrowRounds * (1 + len(l.IR.Guards()))
}

// all prints a whole search.
func (q *seek) all() {
	se := q.l.Search
	call := func(k *Kernel) { q.b.Call(k.Name) }
	counted := func(name string) asm.Mem { return q.b.Arg(argFrame).At(q.rows[name].Off) }
	call(se.Begin)
	if len(q.guards) > 0 {
		q.b.Note("after events guards wait for a side")
		q.b.If(counted(SearchEarly), func() { call(se.Early) })
		call(se.Scan)
		q.b.If(counted(SearchChanged), func() {
			q.b.While(counted(SearchChanged), func(l *asm.Loop) {
				l.Over("events of which each sample locates one")
				call(se.Locate)
				q.b.If(counted(SearchNarrowing), func() { call(se.Narrow) })
			})
		})
	}
	call(se.Found)
	if se.Settle != nil {
		call(se.Settle)
	}
}

func guardRow(name string, guard int) string { return fmt.Sprintf("%s%s%d", Own, name, guard) }

// addWritten adds a kernel that is written here instead of planned; its arguments are rows of float64.
func (s *Set) addWritten(name string, sv *ir.Solve, args []string, calls []*Kernel, body func(c *compiler)) (*Kernel, error) {
	b := ir.NewFunc(name, sv.Span, s.real())
	for _, n := range args {
		b.Arg(n, ir.Scalar(ir.F64))
	}
	f := b.Return()
	if err := s.Plan.Extra(f); err != nil {
		return nil, err
	}
	k := &Kernel{Func: f, pf: s.Plan.Of(f), byVal: map[*ir.Value]*Field{}, calls: calls, written: body}
	k.Name = s.kernelName(f)
	for i, a := range f.Args {
		k.byVal[a] = s.field(k, args[i], a.Type)
		k.Args = append(k.Args, k.byVal[a])
	}
	s.join(k)
	s.byFunc[key{f: f}] = k
	return k, nil
}

// seek prints a kernel of a search.
type seek struct {
	c      *compiler
	b      *asm.Builder
	l      *Solve
	rows   map[string]*Field
	guards []int
	column *asm.Loop
}

// looking prints rounds: each looks, and goes on with what was seen. counts are the rows of the numbers of lanes that it counts, first of those that
// go on.
func (q *seek) looking(counts []string, round func(sums []asm.Vec)) {
	if q.l.Search.Rounds {
		q.counted(counts, round)
		return
	}
	q.b.While(q.b.Arg(argFrame).At(q.rows[counts[0]].Off), func(*asm.Loop) {
		q.b.Call(q.l.Guards.Name)
		q.counted(counts, round)
	})
}

// counted runs body for all columns, and stores how many lanes it has counted.
func (q *seek) counted(rows []string, body func(sums []asm.Vec)) {
	var sums []asm.Vec
	for range rows {
		sums = append(sums, q.b.Var(asm.F64, q.num(0)))
	}
	q.columns(func() { body(sums) })
	for i, row := range rows {
		q.b.StoreOne(asm.F64, q.b.SumLanes(asm.F64, sums[i]), q.b.Arg(argFrame).At(q.rows[row].Off))
	}
}

func (q *seek) columns(body func()) {
	q.b.Loop(8*q.c.set.Samples()/q.b.ISA.Bytes(), func(l *asm.Loop) {
		l.Over("vectors of the block")
		q.column = l
		body()
	})
}

func (q *seek) at(f *Field) asm.Mem {
	return q.b.Arg(argFrame).At(f.Off).Along(q.column, q.b.ISA.Bytes())
}

func (q *seek) field(f *Field) asm.Vec           { return q.b.Load(asm.F64, q.at(f)) }
func (q *seek) row(name string) asm.Vec          { return q.field(q.rows[Own+name]) }
func (q *seek) put(name string, x asm.Vec)       { q.b.Store(asm.F64, x, q.at(q.rows[Own+name])) }
func (q *seek) of(name string, g int) asm.Vec    { return q.field(q.rows[guardRow(name, g)]) }
func (q *seek) putOf(n string, g int, x asm.Vec) { q.b.Store(asm.F64, x, q.at(q.rows[guardRow(n, g)])) }
func (q *seek) place(i int) asm.Vec              { return q.field(q.rows[SearchPlace(i)]) }
func (q *seek) putPlace(i int, x asm.Vec)        { q.b.Store(asm.F64, x, q.at(q.rows[SearchPlace(i)])) }

// look is an argument of Guards, and guard a guard that it gives.
func (q *seek) look(name string) *Field { return q.rows[Own+name] }
func (q *seek) guard(g int) asm.Vec     { return q.field(q.l.Guards.field(Guard(g))) }

// field is an argument or result by its name.
func (k *Kernel) field(name string) *Field {
	for i, a := range k.Func.Args {
		if a.Name == name {
			return k.Args[i]
		}
	}
	for i, n := range k.Func.ResultNames {
		if n == name {
			return k.Results[i]
		}
	}
	return nil
}

func (q *seek) num(x float64) asm.Vec         { return q.b.Const(asm.F64, x) }
func (q *seek) add(x, y asm.Vec) asm.Vec      { return q.b.Add(asm.F64, x, y) }
func (q *seek) sub(x, y asm.Vec) asm.Vec      { return q.b.Sub(asm.F64, x, y) }
func (q *seek) mul(x, y asm.Vec) asm.Vec      { return q.b.Mul(asm.F64, x, y) }
func (q *seek) div(x, y asm.Vec) asm.Vec      { return q.b.Div(asm.F64, x, y) }
func (q *seek) less(x, y asm.Vec) asm.Vec     { return q.b.Cmp(asm.F64, asm.Less, x, y) }
func (q *seek) most(x, y asm.Vec) asm.Vec     { return q.b.Cmp(asm.F64, asm.LessEqual, x, y) }
func (q *seek) equal(x, y asm.Vec) asm.Vec    { return q.b.Cmp(asm.F64, asm.Equal, x, y) }
func (q *seek) and(x, y asm.Vec) asm.Vec      { return q.b.And(asm.F64, x, y) }
func (q *seek) but(x, not asm.Vec) asm.Vec    { return q.b.AndNot(asm.F64, not, x) }
func (q *seek) or(x, y asm.Vec) asm.Vec       { return q.b.Or(asm.F64, x, y) }
func (q *seek) is(m, x, y asm.Vec) asm.Vec    { return q.b.Select(asm.F64, m, x, y) }
func (q *seek) count(sum, mask asm.Vec)       { q.b.AddTo(asm.F64, sum, q.and(mask, q.num(1))) }
func (q *seek) mode(m asm.Vec, n int) asm.Vec { return q.equal(m, q.num(float64(n))) }

// any is where one of some masks is set.
func (q *seek) any(n int, mask func(i int) asm.Vec) asm.Vec {
	m := mask(0)
	for i := 1; i < n; i++ {
		m = q.or(m, mask(i))
	}
	return m
}

func (q *seek) sign(x asm.Vec) asm.Vec {
	return q.is(q.less(q.num(0), x), q.num(1), q.is(q.less(x, q.num(0)), q.num(-1), q.num(0)))
}

// crosses is where a guard has changed its side in the direction of its event.
func (q *seek) crosses(g int, side, now asm.Vec) asm.Vec {
	up := func() asm.Vec { return q.and(q.less(side, q.num(0)), q.most(q.num(0), now)) }
	down := func() asm.Vec { return q.and(q.less(q.num(0), side), q.most(now, q.num(0))) }
	switch q.l.IR.Events[g].Kind {
	case ir.Rising:
		return up()
	case ir.Falling:
		return down()
	}
	return q.or(up(), down())
}

// waiting is where some guard has no side.
func (q *seek) waiting(sides []asm.Vec) asm.Vec {
	return q.any(len(sides), func(i int) asm.Vec { return q.equal(sides[i], q.num(0)) })
}

// next is the place of the next look at guards, of which some wait; look is the number of the next fixed place, and before the place of the last look. Both
// numbers that change with it come with it.
func (q *seek) next(look, before, wait, waiting asm.Vec) (at, look1, wait1 asm.Vec) {
	fixed := q.mul(look, q.num(1.0/ir.EventLooks))
	early := q.div(q.sub(q.add(q.row("since"), q.mul(q.row("dir"), wait)), q.field(q.look("t"))), q.field(q.look("h")))
	soon := q.and(waiting, q.less(early, fixed))
	at = q.is(soon, q.b.Max(asm.F64, early, before), fixed)
	return at, q.is(q.equal(at, fixed), q.add(look, q.num(1)), look), q.is(soon, q.mul(wait, q.num(2)), wait)
}

// begin is Step and the first Next of rt.EventSearch.
func (q *seek) begin() {
	sv := q.l.IR
	body := func(early []asm.Vec) {
		live, code := q.field(q.l.Step.field(Own+"live")), q.field(q.l.Step.field(Own+"code"))
		took := q.and(q.less(q.num(0), live), q.equal(code, q.num(CodeAccepted)))
		q.put("took", q.and(took, q.num(1)))
		for i, e := range sv.Events {
			if e.Kind == ir.Every {
				q.putPlace(i, q.multiple(e.Every))
			} else {
				q.putPlace(i, q.num(noPlace))
			}
		}
		if len(q.guards) == 0 {
			return
		}
		var sides []asm.Vec
		for _, g := range q.guards {
			sides = append(sides, q.of("side", g))
		}
		waiting := q.waiting(sides)
		t, since, wait := q.field(q.look("t")), q.row("since"), q.row("wait")
		turned := q.and(waiting, q.equal(since, t))
		at, look, wait1 := q.next(q.num(1), q.num(0), wait, waiting)
		shown := q.div(q.sub(q.add(since, q.mul(q.row("dir"), q.num(sv.EventTol/4))), t), q.field(q.look("h")))
		q.b.Store(asm.F64, q.is(turned, shown, at), q.at(q.look("theta")))
		q.put("before", q.num(0))
		q.put("look", q.is(turned, q.num(1), look))
		q.put("wait", q.is(q.but(took, turned), wait1, wait))
		mode := q.is(waiting, q.is(turned, q.num(seekTurned), q.num(seekEarly)), q.num(seekScan))
		q.put("mode", q.and(took, mode))
		q.count(early[0], q.and(took, waiting))
	}
	q.counted([]string{SearchEarly}, body)
}

// multiple is the place of the next multiple of a length of time, noPlace if it is not in the step.
func (q *seek) multiple(length float64) asm.Vec {
	t, h, end, dir, n := q.field(q.look("t")), q.field(q.look("h")), q.field(q.look("next")), q.row("dir"), q.num(length)
	k := q.add(q.b.Round(asm.F64, asm.Down, q.div(q.mul(t, dir), n)), q.num(1))
	when := q.mul(q.mul(dir, k), n)
	late := q.mul(q.mul(dir, q.add(k, q.num(1))), n)
	when = q.is(q.most(q.mul(q.sub(when, t), dir), q.num(0)), late, when)
	inside := q.less(q.mul(q.sub(when, end), dir), q.num(0))
	return q.is(q.equal(when, end), q.num(1), q.is(inside, q.div(q.sub(when, t), h), q.num(noPlace)))
}

// early goes on after a look of lanes whose guards wait, or may have turned back.
func (q *seek) early(sums []asm.Vec) {
	mode := q.row("mode")
	turning, looking := q.mode(mode, seekTurned), q.mode(mode, seekEarly)
	theta, before, zero := q.field(q.look("theta")), q.row("before"), q.num(0)
	changed := q.changed(looking)
	calm := q.but(looking, changed)
	endless := q.but(calm, calm)
	var sides []asm.Vec
	for _, g := range q.guards {
		now, side, last, turned := q.guard(g), q.of("side", g), q.of("last", g), q.of("turned", g)
		beyond := q.mul(q.sub(now, q.of("begun", g)), last)
		q.putOf("turned", g, q.is(turning, q.and(q.less(beyond, zero), q.num(1)), turned))
		waits, sign := q.equal(side, zero), q.sign(now)
		free := q.or(q.equal(turned, zero), q.less(q.mul(now, last), zero))
		endless = q.or(endless, q.and(q.and(calm, waits), q.but(q.less(zero, beyond), free)))
		after := q.is(waits, q.is(free, sign, side), q.is(q.equal(now, zero), side, sign))
		side = q.is(calm, after, side)
		sides = append(sides, side)
		q.putOf("side", g, side)
		q.putOf("value", g, q.is(calm, now, q.of("value", g)))
	}
	before = q.is(calm, theta, before)
	q.put("before", before)
	look, wait, waiting := q.row("look"), q.row("wait"), q.waiting(sides)
	at, look1, wait1 := q.next(look, before, wait, waiting)
	further := q.but(q.or(turning, q.but(calm, q.less(q.num(ir.EventLooks), look))), endless)
	scans := q.but(q.and(q.equal(at, q.num(1.0/ir.EventLooks)), q.equal(look1, q.num(2))), waiting)
	q.b.Store(asm.F64, q.is(further, at, theta), q.at(q.look("theta")))
	q.put("look", q.is(further, look1, look))
	q.put("wait", q.is(further, wait1, wait))
	next := q.is(scans, q.num(seekScan), q.num(seekEarly))
	q.put("mode", q.is(further, next, q.is(changed, q.num(seekChanged), q.but(mode, q.or(turning, looking)))))
	q.put("count", q.is(endless, q.num(float64(q.l.IR.EventMax+1)), q.row("count")))
	q.count(sums[0], q.but(further, scans))
}

// changed is where some guard has crossed, among some lanes.
func (q *seek) changed(lanes asm.Vec) asm.Vec {
	return q.and(lanes, q.any(len(q.guards), func(i int) asm.Vec {
		g := q.guards[i]
		return q.crosses(g, q.of("side", g), q.guard(g))
	}))
}

// scan goes on after a look at a fixed place. Lanes that have seen a change stay there, so that Look gives them the same guards again.
func (q *seek) scan(sums []asm.Vec) {
	mode := q.row("mode")
	lanes := q.mode(mode, seekScan)
	changed := q.changed(lanes)
	calm := q.but(lanes, changed)
	for _, g := range q.guards {
		now, side := q.guard(g), q.of("side", g)
		q.putOf("side", g, q.is(q.but(calm, q.equal(now, q.num(0))), q.sign(now), side))
		q.putOf("value", g, q.is(calm, now, q.of("value", g)))
	}
	theta := q.field(q.look("theta"))
	q.put("before", q.is(calm, theta, q.row("before")))
	q.b.Store(asm.F64, q.is(calm, q.add(theta, q.num(1.0/ir.EventLooks)), theta), q.at(q.look("theta")))
	mode = q.is(changed, q.num(seekChanged), mode)
	q.put("mode", mode)
	q.count(sums[0], q.and(calm, q.less(theta, q.num(1))))
	q.count(sums[1], q.mode(mode, seekChanged))
}

// found settles what happens in the steps.
func (q *seek) found() {
	events := q.l.IR.Events
	counts := []string{SearchHits, SearchCuts}
	for i := range events {
		counts = append(counts, SearchFires(i))
	}
	q.counted(counts, func(sums []asm.Vec) {
		t, h, time := q.field(q.look("t")), q.field(q.look("h")), q.field(q.look("next"))
		took := q.less(q.num(0), q.row("took"))
		one, end := q.num(1), q.num(noPlace)
		for i := range events {
			end = q.b.Min(asm.F64, end, q.place(i))
		}
		hit := q.but(took, q.equal(end, q.num(noPlace)))
		near := q.b.Min(asm.F64, one, q.add(end, q.div(q.num(q.l.IR.EventTol), q.b.Abs(asm.F64, h)))) // what is nowhere in the step is not near either
		for i := range events {
			place := q.place(i)
			together := q.most(place, near)
			end = q.is(together, q.b.Max(asm.F64, end, place), end)
			q.putPlace(i, q.is(together, place, q.num(noPlace)))
			q.count(sums[2+i], q.and(hit, together))
		}
		inside := q.less(end, one)
		time = q.is(inside, q.add(t, q.mul(end, h)), time)
		for i, e := range events {
			if e.Kind == ir.Every { // exactly at its multiple
				dir, n := q.row("dir"), q.num(e.Every)
				k := q.b.Round(asm.F64, asm.Nearest, q.div(q.mul(dir, time), n))
				time = q.is(q.and(inside, q.equal(q.place(i), end)), q.mul(q.mul(dir, k), n), time)
			}
		}
		q.count(sums[0], hit)
		q.count(sums[1], q.and(hit, inside))
		q.put("hit", q.and(hit, one))
		q.put("end", q.is(hit, end, one))
		q.put("time", time)
		q.put("count", q.add(q.row("count"), q.and(hit, one)))
	})
}

// again goes on after events, from the guards after them.
func (q *seek) again() {
	if !q.l.Search.Rounds {
		q.columns(func() { q.b.Store(asm.F64, q.num(1), q.at(q.look("theta"))) })
		q.b.Call(q.l.Guards.Name)
	}
	q.columns(func() {
		hit := q.less(q.num(0), q.row("hit"))
		for _, g := range q.guards {
			now, side := q.guard(g), q.of("side", g)
			fired := q.most(q.place(g), q.num(1))
			put := func(name string, x asm.Vec) { q.putOf(name, g, q.is(hit, x, q.of(name, g))) }
			put("last", q.is(fired, q.b.Neg(asm.F64, side), q.num(0)))
			put("side", q.is(fired, q.num(0), q.sign(now)))
			put("turned", q.num(0))
			put("value", now)
			put("begun", now)
		}
		put := func(name string, x asm.Vec) { q.put(name, q.is(hit, x, q.row(name))) }
		put("since", q.field(q.look("next")))
		put("wait", q.num(2*q.l.IR.EventTol))
	})
}
