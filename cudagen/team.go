package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel whose gradient has too many numbers for the registers of a thread, or whose arrays are too large for it, has a
// team, a block of threads, for each sample; prelude/team.cuh says what its threads share. The functions, loops and sweeps are
// printed from the same plan. Every step of a nest is a loop of its own over elements that the threads share out; what
// would be a register of an iteration is an array.

// team is what is known of the functions that are printed for teams.
type team struct {
	size int // threads
	frames
}

// frames is what is known of the memory that the functions of a form take of their block.
type frames struct {
	of     map[any]int // bytes that a function, solve or sweep takes with all it calls
	own    int         // of the one that is printed
	called int         // the most of what it calls

	// The same in gradients of groups, which do some things in another way.
	inGroup       map[any]int
	ownInGroup    int // beside own
	calledInGroup int
}

// ownLen is NDEC_OWN of the prelude: arrays of so many elements are in every thread.
const ownLen = 8

// printed is a function, solve or sweep in one of its forms.
type printed struct {
	what any
	form form
}

// form is who works on a sample.
type form uint8

const (
	thread   form = iota // a thread
	teamed               // a block
	tiled                // a thread, and its warp on products
	layered              // threads of one kernel after the other, for all samples
	splitted             // some lanes of a warp
)

// workspaces are the types that hold the tapes of each form.
var workspaces = [...]string{thread: "Workspace", teamed: "TeamWorkspace", tiled: "TileWorkspace", layered: "", splitted: "SplitWorkspace"}

// form is the present one.
func (e *emitter) form() form {
	switch {
	case e.team != nil:
		return teamed
	case e.tile:
		return tiled
	case e.layer:
		return layered
	case e.split != nil:
		return splitted
	}
	return thread
}

// begin reports whether what has not been printed in the present form, and notes it.
func (e *emitter) begin(what any) bool {
	key := printed{what, e.form()}
	if e.done[key] {
		return false
	}
	e.done[key] = true
	return true
}

// inForm prints what belongs to a kernel in its form.
func (e *emitter) inForm(k *kernel, print func()) {
	if k.form == teamed {
		e.team = &e.teams
	}
	if k.form == splitted {
		e.split = e.splits
	}
	e.tile, e.layer = k.form == tiled, k.form == layered
	print()
	e.team, e.split, e.tile, e.layer = nil, nil, false, false
}

// block is the memory of the present form's blocks; nil where they have none.
func (e *emitter) block() *frames {
	switch e.form() {
	case teamed:
		return &e.team.frames
	case tiled:
		return &e.tiles
	}
	return nil
}

// frame prints the body of what and notes the memory that it takes.
func (e *emitter) frame(what any, body func()) {
	b := e.block()
	if b == nil {
		body()
		return
	}
	b.own, b.called, b.ownInGroup, b.calledInGroup = 0, 0, 0, 0
	body()
	b.of[what], b.inGroup[what] = b.own+b.called, b.own+b.ownInGroup+b.calledInGroup
}

// calls notes that what is printed calls another.
func (e *emitter) calls(what any) {
	if b := e.block(); b != nil {
		b.called, b.calledInGroup = max(b.called, b.of[what]), max(b.calledInGroup, b.inGroup[what])
	}
}

// take notes an array in the memory of a team.
func (t *team) take(typ ir.Type) { t.own += (typ.Len()*typ.Elem.Bytes() + 15) / 16 * 16 }

func (e *emitter) suffix() string {
	return [...]string{teamed: "_team", tiled: "_tile", layered: "", splitted: "_split"}[e.form()]
}

func (e *emitter) funcName(f *ir.Func) string   { return e.funcs[f] + e.suffix() }
func (e *emitter) solveName(s *ir.Solve) string { return e.solves[s] + e.suffix() }
func (e *emitter) revName(r *ir.Rev) string     { return e.revs[r] + e.suffix() }

func (e *emitter) workspaceType() string { return workspaces[e.form()] }

// shared reports whether there is one array of type t for the threads of a team.
func (e *emitter) shared(t ir.Type) bool {
	return e.team != nil && !t.IsScalar() && t.Elem != ir.Tuple && t.Len() > ownLen
}

// whole is the head of the call of a routine of the prelude over a whole array.
func (e *emitter) whole(name string, t ir.Type) string {
	if e.shared(t) {
		return "ndec_team_" + name + "(team, "
	}
	return "ndec_" + name + "("
}

// together is the type and the name of those that work on a sample together; "" where a thread has it.
func (e *emitter) together() (typ, name string) {
	switch {
	case e.team != nil:
		return "Team", "team"
	case e.split != nil:
		return "Split", "split"
	}
	return "", ""
}

// first is what stands before a statement that one of those does.
func (e *emitter) first() string {
	if _, name := e.together(); name != "" {
		return "if (" + name + ".lane == 0) "
	}
	return ""
}

// teamArg is the leading argument of methods that need them.
func (e *emitter) teamArg() string {
	if _, name := e.together(); name != "" {
		return name + ", "
	}
	return ""
}

// scope frees what a compound statement takes of the block's memory at its end.
func (e *emitter) scope() {
	switch e.form() {
	case teamed:
		e.p.line("ndec_scope<Team> scope(team);")
	case tiled:
		e.p.line("ndec_scope<%s> scope(tile);", e.tileType())
	}
}

// clear prints x = 0 for an array.
func (e *emitter) clear(x string, t ir.Type) {
	e.p.line("%s%s, %d);", e.whole("clear", t), x, t.Len())
}

// zeroed declares a variable that holds zeros.
func (e *emitter) zeroed(o operand) {
	switch {
	case o.t.IsScalar(), e.shared(o.t):
		e.p.line("%s", e.variable(o.t, o.name))
		if !o.t.IsScalar() {
			e.clear(o.name, o.t)
		}
	default:
		e.p.line("%s %s[%d] = {};", e.elem(o.t.Elem), o.name, o.t.Len())
	}
}

// put prints part = x, where part is a part of an array of type whole.
func (e *emitter) put(whole ir.Type, part string, x operand) {
	switch {
	case !e.shared(whole) || e.shared(x.t):
		e.assign(operand{part, x.t}, x.name)
	case x.t.IsScalar():
		e.p.line("if (team.lane == 0) %s = %s;", part, x.name)
		e.p.line("team.sync();")
	default:
		e.p.line("ndec_team_put<%d>(team, %s, %s);", x.t.Len(), part, x.name)
	}
}

// part is where a run of a loop leaves result t of itself, a part of base of type whole; then stores it there.
func (fn *function) part(whole ir.Type, base string, t ir.Type) (to string, then func()) {
	place := stacked(base, t)
	if !fn.e.shared(whole) || fn.e.shared(t) {
		return place, func() {}
	}
	own := operand{fn.s.pick("part"), t}
	fn.p.line("%s", fn.e.variable(t, own.name))
	return own.name, func() { fn.e.put(whole, place, own) }
}

// each1 prints a loop over n elements that the threads share out, and waits for its end.
func (fn *function) each1(n int, body func()) {
	fn.p.line("for (int i = team.lane; i < %d; i += Team::size) {", n)
	body()
	fn.p.line("}")
	fn.p.line("team.sync();")
}

// indices prints variables i0, i1, … of the place with the flat index i in a shape of n elements.
func (fn *function) indices(n int, shape []int) {
	for k, d := range shape {
		n /= d
		x := "i"
		if n > 1 {
			x = fmt.Sprintf("i / %d", n)
		}
		if k > 0 {
			x += fmt.Sprintf(" %% %d", d)
		}
		fn.p.line("int i%d = %s;", k, x)
	}
}

// teamLoops prints loops over shape that the threads share out, with the flat index i and variables i0, i1, … around body.
func (fn *function) teamLoops(shape []int, body func()) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	fn.p.line("for (int i = team.lane; i < %d; i += Team::size) {", n)
	fn.indices(n, shape)
	body()
	fn.p.line("}")
	fn.p.line("team.sync();")
}

// touches reports whether computing v reads or writes an array that is there once.
func (fn *function) touches(v *ir.Value) bool {
	if fn.e.shared(v.Type) {
		return true
	}
	for _, a := range v.Args {
		p := fn.f.Places[a]
		if fn.e.shared(a.Type) || p != nil && (p.Kind == plan.Folded && fn.touches(a) || p.Kind == plan.View && fn.e.shared(p.Base.Type)) {
			return true
		}
	}
	return false
}

// teamNest prints a nest: its steps one after the other.
func (fn *function) teamNest(n *plan.Nest) {
	if n.Steps[0].Form == plan.Whole {
		v := n.Steps[0].V
		fn.p.source(v.Span)
		fn.whole(v)
		if v.Op.Info().Class != ir.ClassNode && fn.touches(v) {
			fn.p.line("team.sync();")
		}
		return
	}
	for _, s := range n.Steps {
		fn.p.source(s.V.Span)
		fn.teamStep(s)
	}
}

// teamStep prints what a step does at all indices.
func (fn *function) teamStep(s plan.Step) {
	v, p := s.V, fn.p
	n := v.Type.Len()
	i := index{expr: "i"}
	lambda := func(x *ir.Value) string {
		return fmt.Sprintf("[&](int i) { return %s; }", bare(fn.elem(x, i)))
	}
	if k := fn.f.Places[v].Kind; s.Form != plan.AddTo && (k == plan.Local || k == plan.Work || k == plan.Register || k == plan.Scalars && !v.Type.IsScalar()) {
		p.line("%s", fn.e.variable(v.Type, fn.local(v)))
	}
	switch s.Form {
	case plan.Elem:
		switch {
		case fn.e.shared(v.Type):
			fn.each1(n, func() { fn.assign(v, i, bare(fn.expr(v, i))) })
			return
		case n == 1:
			fn.assign(v, at(0), bare(fn.expr(v, at(0))))
		default:
			p.line("#pragma unroll")
			p.line("for (int i = 0; i < %d; i++) %s = %s;", n, fn.elem(v, i), bare(fn.expr(v, i)))
		}
		if fn.touches(v) {
			p.line("team.sync();")
		}
	case plan.Copy:
		for k := range n {
			x := zero(v.Type.Elem)
			if src, from := plan.CopySource(v, k); src != nil {
				x = bare(fn.elem(src, at(from)))
			}
			if fn.e.shared(v.Type) {
				p.line("if (team.mine(%d)) %s = %s;", k, fn.elem(v, at(k)), x)
			} else {
				fn.assign(v, at(k), x)
			}
		}
		if fn.touches(v) {
			p.line("team.sync();")
		}
	case plan.RowDot, plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		p.line("ndec_team_matvec<%d, %d>(team, %s, %s, %s);", n, x.Type.Len(), fn.array(v), lambda(w), lambda(x))
	case plan.Gather, plan.Scatter:
		x, w := v.Args[0], v.Args[1]
		p.line("ndec_team_vecmat<%d, %d>(team, %s, %s, %s);", x.Type.Len(), n, fn.array(v), lambda(x), lambda(w))
	case plan.SumAll:
		x := v.Args[0]
		dst := fn.elem(v, at(0))
		if v.Type.IsScalar() {
			dst = fmt.Sprintf("%s %s", fn.e.elem(v.Type.Elem), dst)
		}
		sum := fn.s.pick("sum")
		p.line("%s %s = 0;", fn.e.elem(v.Type.Elem), sum)
		if fn.e.shared(x.Type) {
			p.line("for (int i = team.lane; i < %d; i += Team::size) %s += %s;", x.Type.Len(), sum, bare(fn.elem(x, i)))
			p.line("%s = team.sum(%s);", dst, sum)
		} else {
			p.line("#pragma unroll")
			p.line("for (int i = 0; i < %d; i++) %s += %s;", x.Type.Len(), sum, bare(fn.elem(x, i)))
			p.line("%s = %s;", dst, sum)
		}
		if fn.touches(v) {
			p.line("team.sync();")
		}
	case plan.OuterRow, plan.OuterCol:
		a, b := v.Args[0], v.Args[1]
		t := fn.e.elem(v.Type.Elem)
		var to string
		if s.Sum != nil {
			dst := fmt.Sprintf("g.%s[i]", fn.e.fields[s.Sum])
			to = fmt.Sprintf("%s = ndec_fma(lhs, rhs, %s);", dst, dst)
		} else {
			to = fmt.Sprintf("%s = lhs * rhs;", fn.elem(v, i))
		}
		p.line("ndec_team_outer<%t, %d, %d>(team, [&](int i, %s lhs, %s rhs) { %s }, %s, %s);", s.Sum != nil, a.Type.Len(), b.Type.Len(), t, t, to, lambda(a), lambda(b))
	case plan.AddTo:
		add := fmt.Sprintf("g.%s[i] += %s;", fn.e.fields[s.Sum], bare(fn.elem(v, i)))
		if fn.e.shared(v.Type) {
			fn.each1(n, func() { p.line("%s", add) })
			return
		}
		if n == 1 {
			p.line("if (team.lane == 0) g.%s[0] += %s;", fn.e.fields[s.Sum], bare(fn.elem(v, at(0))))
		} else {
			p.line("#pragma unroll")
			p.line("for (int i = 0; i < %d; i++)", n)
			p.line("\tif (team.mine(i)) %s", add)
		}
		p.line("team.sync();")
	default:
		panic("cudagen: step of unknown form")
	}
}

// teamFill prints an operator that fills a whole array that is there once, by all threads; it reports whether it knows how.
func (fn *function) teamFill(v *ir.Value) bool {
	if loops, clear := plan.CopyLoops(v); loops != nil {
		if clear {
			fn.e.clear(fn.array(v), v.Type)
		}
		for _, c := range loops {
			fn.teamLoops(c.Over, func() {
				fn.p.line("%s[%s] = %s;", fn.base(v), affine(c.To, c.ToBy), bare(fn.elem(c.Src, index{expr: affine(c.From, c.FromBy), own: true})))
			})
		}
		return true
	}
	switch v.Op {
	case ir.OpMatMul:
		a, b := v.Args[0], v.Args[1]
		m, k, n := a.Type.Shape[0], a.Type.Shape[1], b.Type.Shape[1]
		fn.teamLoops([]int{m, n}, func() {
			t := fn.e.elem(v.Type.Elem)
			fn.p.line("%s s = 0;", t)
			fn.p.line("for (int j = 0; j < %d; j++) s = ndec_fma(%s, %s, s);", k, bare(fn.elem(a, index{expr: fmt.Sprintf("i0 * %d + j", k), own: true})), bare(fn.elem(b, index{expr: fmt.Sprintf("j * %d + i1", n), own: true})))
			fn.p.line("%s[i] = s;", fn.base(v))
		})
		return true
	case ir.OpConv, ir.OpConvInput, ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows:
		var args []string
		for _, a := range v.Args {
			args = append(args, fn.array(a))
		}
		fn.convolution(v, args)
		return true
	}
	return false
}

// teamReduce prints sums, maxima and minima over axes by all threads: of everything, by terms, and of parts that are many,
// by parts. It reports whether it is one of these.
func (fn *function) teamReduce(v *ir.Value, over map[int]bool, start string) bool {
	x := v.Args[0]
	in := x.Type.Shape
	op := map[ir.Op]string{ir.OpSum: "sum", ir.OpReduceMax: "max", ir.OpReduceMin: "min"}[v.Op]
	take := func(dst, src string) string {
		if v.Op == ir.OpSum {
			return fmt.Sprintf("%s += %s;", dst, src)
		}
		return fmt.Sprintf("%s = ndec_%s(%s, %s);", dst, op, dst, src)
	}
	t := fn.e.elem(v.Type.Elem)
	if v.Type.IsScalar() && fn.e.shared(x.Type) {
		part := fn.s.pick("part")
		fn.p.line("%s %s = %s;", t, part, start)
		fn.p.line("for (int i = team.lane; i < %d; i += Team::size) %s", x.Type.Len(), take(part, bare(fn.elem(x, index{expr: "i"}))))
		fn.p.line("%s %s = team.%s(%s);", t, fn.elem(v, at(0)), op, part)
		return true
	}
	if !fn.e.shared(v.Type) {
		return false
	}
	strides := plan.Strides(in)
	var kept, keptBy, gone, goneBy []int
	for i, d := range in {
		if over[i] {
			gone, goneBy = append(gone, d), append(goneBy, strides[i])
		} else {
			kept, keptBy = append(kept, d), append(keptBy, strides[i])
		}
	}
	fn.teamLoops(kept, func() {
		fn.p.line("%s s = %s;", t, start)
		at := affine(0, keptBy)
		for i, d := range gone {
			j := fmt.Sprintf("i%d", len(kept)+i)
			fn.p.line("for (int %s = 0; %s < %d; %s++) {", j, j, d, j)
			at += fmt.Sprintf(" + %s * %d", j, goneBy[i])
		}
		fn.p.line("%s", take("s", bare(fn.elem(x, index{expr: at}))))
		for range gone {
			fn.p.line("}")
		}
		fn.p.line("%s[i] = s;", fn.base(v))
	})
	return true
}
