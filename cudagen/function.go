package cudagen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// function prints one planned function as a device function. Arrays are pointers to what the thread keeps: once
// everything is inlined and loops over them are unrolled, they are registers.
type function struct {
	e    *emitter
	f    *plan.Func
	p    *printer
	s    *scope
	name map[*ir.Value]string // values with a variable of their own
	res  []string             // names of results; "" of running sums
	accs map[*ir.Value]string // sums that are kept apart from the array they end in
	half *halved              // of nests with fragments
	far  map[*ir.Value]bool   // fragments that are there for both halves
	many map[product]int      // how often a tile multiplies operands in memory
	head string               // of a function that is called, but for how and as what

	placed map[*ir.Value]bool   // values of a piece that lie in device memory
	ahead  *[]string            // declarations before the loop over calls that is printed
	joined map[*ir.Value]bool   // arrays that are arguments and results of such calls
	regs   map[*ir.Value]string // elements i of arrays that the kernel of a piece has in registers
}

// index is an index expression: a constant when the loop is spelled out.
type index struct {
	expr  string
	k     int
	konst bool
	tile  bool   // the element of a fragment that a loop is at
	own   bool   // of a loop that the threads of a team share out: each has another
	slot  string // the variable of a loop over the slots of a lane, of which expr is the place in the whole array
}

// scalar is the index of a number in an expression at ix.
func (ix index) scalar() index {
	if ix.tile {
		return ix
	}
	return at(0)
}

func at(k int) index { return index{k: k, konst: true} }

// plus is the index expression off + ix.
func (ix index) plus(off int) string {
	switch {
	case ix.konst:
		return strconv.Itoa(ix.k + off)
	case off == 0:
		return ix.expr
	}
	return fmt.Sprintf("%s + %d", ix.expr, off)
}

// row is the flat index of element j of row ix in rows of length n.
func (ix index) row(n int, j string) string {
	jk, err := strconv.Atoi(j)
	switch {
	case ix.konst && err == nil:
		return strconv.Itoa(ix.k*n + jk)
	case ix.konst && ix.k == 0:
		return j
	case ix.konst:
		return fmt.Sprintf("%d + %s", ix.k*n, j)
	}
	i := ix.expr
	if strings.ContainsAny(i, "+-") {
		i = "(" + i + ")"
	}
	if n != 1 {
		i = fmt.Sprintf("%s * %d", i, n)
	}
	if err == nil && jk == 0 {
		return i
	}
	return i + " + " + j
}

func (e *emitter) newFunction(f *plan.Func) *function { return e.newFunctionIn(f, newScope()) }

// newFunctionIn is newFunction with names of a scope.
func (e *emitter) newFunctionIn(f *plan.Func, s *scope) *function {
	fn := &function{e: e, f: f, p: e.p, s: s, name: map[*ir.Value]string{}, accs: map[*ir.Value]string{}}
	for n := range e.global.used {
		fn.s.used[n] = true
	}
	if e.tile { // variables of loops over a fragment
		fn.s.used["q"], fn.s.used["e"] = true, true
	}
	for _, v := range f.IR.Args {
		fn.name[v] = fn.s.pick(localName(v))
	}
	fn.res = make([]string, len(f.IR.Results))
	for i, r := range f.IR.Results {
		if f.Sums[i] != nil || fn.isStat(r) {
			continue
		}
		base := "out"
		if i < len(f.IR.ResultNames) && f.IR.ResultNames[i] != "" {
			base = snake(f.IR.ResultNames[i])
		} else if r.Name != "" {
			base = snake(r.Name)
		}
		if r.Type.IsScalar() {
			base += "_out"
		}
		fn.res[i] = fn.s.pick(base)
	}
	return fn
}

// signature is the head of the function.
func (fn *function) signature() string {
	var ps []string
	n := fn.f.Needs
	var any []string
	if n.Accum {
		any = append(any, "G")
	}
	columns := fn.e.columns(fn.f)
	column := func(name string) {
		any = append(any, fmt.Sprintf("C%d", len(any)))
		ps = append(ps, any[len(any)-1]+" "+name)
	}
	ps = fn.e.common(n, fn.e.taped(fn.f.IR), true)
	for _, v := range fn.f.IR.Args {
		if columns[v] {
			column(fn.name[v])
			continue
		}
		ps = append(ps, fn.e.in(v.Type, fn.name[v]))
	}
	for i, r := range fn.f.IR.Results {
		switch {
		case fn.res[i] == "":
		case columns[r] && fn.f.Places[r].Index == i:
			column(fn.res[i])
		default:
			ps = append(ps, fn.e.out(r.Type, fn.res[i]))
		}
	}
	head := fn.e.templates(any...) + "NDEC_D void "
	if n.Accum {
		ps = append(ps, "G &g")
	}
	if fn.e.stepped[fn.f.IR] != nil {
		ps = append(ps, "const ndec_stepping *by")
	}
	if n.Stats > 0 {
		ps = append(ps, "ndec_stats *st")
	}
	return fmt.Sprintf("%s%s(%s) {", head, fn.e.funcName(fn.f.IR), strings.Join(ps, ", "))
}

// tileType is the type of a tile in functions, which may be those of groups.
func (e *emitter) tileType() string {
	if e.grouped() {
		return "Tile"
	}
	return "ndec_tile"
}

// common are the leading parameters of a function, or the arguments for them; tapes says whether it takes those of its sample.
func (e *emitter) common(n plan.Needs, tapes, declare bool) []string {
	var out []string
	if e.team != nil {
		out = append(out, map[bool]string{true: "Team team", false: "team"}[declare])
	}
	if e.tile {
		out = append(out, map[bool]string{true: e.tileType() + " tile", false: "tile"}[declare])
	}
	if e.split != nil {
		out = append(out, map[bool]string{true: "Split split", false: "split"}[declare])
	}
	add := func(need bool, typ, name string) {
		switch {
		case need && declare:
			out = append(out, typ+" &"+name)
		case need:
			out = append(out, name)
		}
	}
	add(n.Params, "const Params", "w")
	add(n.Prepared, "const Prepared", "pre")
	add(e.split != nil && (n.Params || n.Prepared), "const Own", "own")
	add(tapes, e.workspaceType(), "ws")
	return out
}

// in declares a parameter that is read.
func (e *emitter) in(t ir.Type, name string) string {
	if t.IsScalar() {
		return e.elem(t.Elem) + " " + name
	}
	if e.long(t) {
		return fmt.Sprintf("%s %s", e.kept(t), name)
	}
	return fmt.Sprintf("const %s *%s", e.elem(t.Elem), name)
}

// out declares a parameter that is written.
func (e *emitter) out(t ir.Type, name string) string {
	if t.IsScalar() {
		return fmt.Sprintf("%s &%s", e.elem(t.Elem), name)
	}
	if e.long(t) {
		return e.in(t, name)
	}
	return fmt.Sprintf("%s *%s", e.elem(t.Elem), name)
}

// variable declares a local that holds t.
func (e *emitter) variable(t ir.Type, name string) string {
	if t.IsScalar() {
		return fmt.Sprintf("%s %s = %s;", e.elem(t.Elem), name, zero(t.Elem))
	}
	if e.shared(t) {
		e.team.take(t)
		return fmt.Sprintf("%s *%s = team.take<%s>(%d);", e.elem(t.Elem), name, e.elem(t.Elem), t.Len())
	}
	if e.own(t) {
		return e.ownVariable(t, name)
	}
	if e.numbers != nil && t.Len() <= smallLen {
		return e.numbersVariable(t, name)
	}
	if e.long(t) {
		return e.keep(t, name)
	}
	return fmt.Sprintf("%s %s[%d];", e.elem(t.Elem), name, t.Len())
}

func zero(e ir.Elem) string {
	if e == ir.Bool {
		return "false"
	}
	return "0"
}

// isStat reports whether v is a statistic of a solve: these travel in st, not as results.
func (fn *function) isStat(v *ir.Value) bool {
	p := fn.f.Places[v]
	return p != nil && p.Kind == plan.Stat
}

// print prints the whole function.
func (fn *function) print() {
	called := fn.e.isCalled(fn.f)
	if called {
		if fn.e.tile && fn.e.callsOnly(fn.f) {
			fn.e.lanes = laneLen
			if fn.e.isAgain(fn.f.IR) { // what it calls needs the registers
				fn.e.lanes = 1
			}
		}
		defer func() { fn.e.lanes = 0 }()
		fn.callHead()
	} else {
		fn.p.line("%s", fn.signature())
	}
	if fn.f.Needs.Accum && fn.f.Needs.Stats > 0 {
		for i, r := range fn.f.IR.Results { // a failed solve ends the function before they are set
			if fn.res[i] != "" && r.Type.IsScalar() {
				fn.p.line("%s = %s;", fn.res[i], zero(r.Type.Elem))
			}
		}
	}
	if fn.e.tile {
		fn.tileBody()
	} else {
		for _, n := range fn.f.Nests {
			switch {
			case fn.e.team != nil:
				fn.teamNest(n)
			case fn.e.split != nil:
				fn.splitNest(n)
			default:
				fn.nest(n)
			}
		}
	}
	for _, i := range fn.f.Copies {
		fn.copyResult(i)
	}
	for i, r := range fn.f.IR.Results {
		if fn.res[i] != "" && r.Type.IsScalar() {
			fn.p.line("%s = %s;", fn.res[i], bare(fn.elem(r, at(0))))
		}
	}
	if called {
		fn.callEnd()
		return
	}
	fn.p.line("}")
}

func (fn *function) copyResult(i int) {
	r := fn.f.IR.Results[i]
	if fn.e.long(r.Type) {
		fn.p.line("#pragma unroll 1")
		fn.p.line("for (int half = 0; half < 2; half++) {")
		fn.over(r.Type.Len(), func() { fn.p.line("%s[half][q][e] = %s;", fn.res[i], bare(fn.tileElem(r, index{tile: true}))) })
		fn.p.line("}")
		return
	}
	if fn.e.split != nil && fn.e.split.results[fn.f.IR][i] {
		fn.overSlots(r.Type, func(ix index) { fn.p.line("%s[j] = %s;", fn.res[i], bare(fn.elem(r, ix))) })
		return
	}
	if fn.f.Places[r].Kind == plan.Literal && r.IsConst(0) {
		fn.e.clear(fn.res[i], r.Type)
		return
	}
	if fn.e.shared(r.Type) {
		fn.each1(r.Type.Len(), func() { fn.p.line("%s[i] = %s;", fn.res[i], bare(fn.elem(r, index{expr: "i"}))) })
		return
	}
	fn.p.line("#pragma unroll")
	fn.p.line("for (int i = 0; i < %d; i++) %s[i] = %s;", r.Type.Len(), fn.res[i], bare(fn.elem(r, index{expr: "i"})))
}

// elem is the C++ expression of an element of v.
func (fn *function) elem(v *ir.Value, ix index) string {
	if ix.tile {
		return fn.tileElem(v, ix)
	}
	pl := fn.f.Places[v]
	if ix.slot != "" {
		if x := fn.slotElem(v, ix); x != "" {
			return x
		}
	} else if fn.e.split != nil && fn.e.split.shared[v] {
		return fn.fetched(v, ix)
	}
	if name, ok := fn.regs[v]; ok && ix.expr == "i" {
		return name
	}
	if v.Type.Len() == 1 && !ix.konst {
		ix = at(0)
	}
	one := func(base string) string {
		switch {
		case v.Type.IsScalar():
			return base
		case ix.own && !fn.e.shared(v.Type): // registers are not indexed
			return fmt.Sprintf("ndec_pick<%d>(%s, %s)", v.Type.Len(), base, ix.plus(0))
		}
		return fmt.Sprintf("%s[%s]", base, ix.plus(0))
	}
	switch pl.Kind {
	case plan.Literal:
		return number(v.Attr.Num, v.Type.Elem)
	case plan.Table:
		if v.Attr.Data == nil { // all are one
			return number(v.Attr.Num, v.Type.Elem)
		}
		return fmt.Sprintf("%s[%s]", fn.e.table(v), ix.plus(0))
	case plan.Memory:
		return fmt.Sprintf("%s[%s]", fn.e.memory(v.Attr.Param), ix.plus(0))
	case plan.ArgScalar, plan.ArgArray:
		return one(fn.name[v])
	case plan.Folded:
		return fn.fold(v, ix)
	case plan.Register:
		if fn.perRun(v) && !ix.konst {
			return fn.local(v)
		}
		return one(fn.local(v))
	case plan.Scalars, plan.Local, plan.Work:
		return one(fn.local(v))
	case plan.Result:
		if v.Type.IsScalar() {
			return fmt.Sprintf("%s[%s]", fn.res[pl.Index], ix.plus(0))
		}
		return one(fn.res[pl.Index])
	case plan.View:
		if pl.Base.Type.IsScalar() {
			return fn.elem(pl.Base, at(0))
		}
		if ix.konst {
			return fn.elem(pl.Base, at(ix.k+pl.Offset))
		}
		if pl.Offset == 0 {
			return fn.elem(pl.Base, ix)
		}
		return fn.elem(pl.Base, index{expr: ix.plus(pl.Offset), own: ix.own})
	case plan.Stat:
		return statistic(pl, "st")
	}
	panic("cudagen: " + fn.f.IR.Name + ": value " + v.Op.String() + " has no place")
}

// statistic is a statistic of one of the solves whose statistics stand in st.
func statistic(p *plan.Place, st string) string {
	return fmt.Sprintf("%s[%d].%s", st, p.Solve, [...]string{"nfe", "accepted", "rejected", "status", "time"}[p.Index])
}

// local is the variable of v.
func (fn *function) local(v *ir.Value) string {
	n, ok := fn.name[v]
	if !ok {
		n = fn.s.pick(localName(v))
		fn.name[v] = n
	}
	return n
}

// fold spells v inside an expression.
func (fn *function) fold(v *ir.Value, ix index) string {
	x := fn.expr(v, ix)
	if isCall(x) {
		return x
	}
	if strings.ContainsAny(x, " !-") {
		return "(" + x + ")"
	}
	return x
}

// isCall reports whether x is one call, which binds tightly.
func isCall(x string) bool {
	i := strings.IndexByte(x, '(')
	return i > 0 && !strings.ContainsAny(x[:i], " !-") && bare(x[i:]) != x[i:]
}

// expr is the C++ expression of an element-wise value. Compilers may not contract products and sums: they are
// given --fmad=false.
func (fn *function) expr(v *ir.Value, ix index) string {
	switch v.Op {
	case ir.OpExpand:
		return fn.elem(v.Args[0], ix.scalar())
	case ir.OpOneHot:
		return fmt.Sprintf("%s(%s == %s)", fn.e.elem(v.Type.Elem), fn.elem(v.Args[0], at(0)), ix.plus(0))
	case ir.OpCast:
		return fn.cast(v, fn.operand(v, 0, ix))
	case ir.OpDiv:
		if fn.placed != nil && ix.konst && v.Type.Elem == ir.F64 { // several side by side keep a stack
			return fmt.Sprintf("ndec_quotient(%s, %s)", bare(fn.operand(v, 0, ix)), bare(fn.operand(v, 1, ix)))
		}
	}
	spell := spellings[v.Op]
	if spell == nil {
		panic("cudagen: operator " + v.Op.String() + " has no spelling")
	}
	args := make([]string, len(v.Args))
	for i, a := range v.Args {
		if (v.Op == ir.OpAdd || v.Op == ir.OpSub) && fn.f.Places[a].Kind == plan.Folded && (a.Op == ir.OpMul || a.Op == ir.OpDiv || a.Op == ir.OpSquare) {
			args[i] = fn.expr(a, ix) // binds tighter than the sum
			continue
		}
		args[i] = fn.operand(v, i, ix)
	}
	return spell(args)
}

func (fn *function) cast(v *ir.Value, x string) string {
	to, from := v.Type.Elem, v.Args[0].Type.Elem
	switch {
	case to == from:
		return x
	case to == ir.Bool:
		return "(" + x + " != 0)"
	case to == ir.I32 && from != ir.Bool:
		return "ndec_int(" + bare(x) + ")"
	}
	return fn.e.elem(to) + "(" + bare(x) + ")"
}

func (fn *function) operand(v *ir.Value, i int, ix index) string {
	if v.Args[i].Type.Len() == 1 {
		ix = ix.scalar()
	}
	return fn.elem(v.Args[i], ix)
}
