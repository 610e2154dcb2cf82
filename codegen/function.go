package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// function prints one planned function.
type function struct {
	e      *emitter
	f      *plan.Func
	p      *printer
	s      *scope
	name   map[*ir.Value]string // base name of values with a variable of their own
	res    []string             // names of result pointers, by result; "" for others
	loads  map[*ir.Value]bool   // small array arguments whose elements are copied to variables
	loaded map[element]bool     // elements of these that are spelled
	live   *elements            // elements of all values that are read
	arrays map[*ir.Value]string // of values of loops that products read or make: see product
}

// index is an index expression: a constant when the loop is spelled out.
type index struct {
	expr  string // "i", "i+1"
	k     int
	konst bool
	tile  int // which of the tile's registers
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
	return ix.expr + "+" + strconv.Itoa(off)
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
		return fmt.Sprintf("%d+%s", ix.k*n, j)
	}
	i := ix.expr
	if strings.ContainsAny(i, "+-") {
		i = "(" + i + ")"
	}
	if n != 1 {
		i = fmt.Sprintf("%s*%d", i, n)
	}
	if err == nil && jk == 0 {
		return i
	}
	return i + "+" + j
}

func (e *emitter) newFunction(f *plan.Func) *function {
	fn := &function{e: e, f: f, p: e.p, s: e.locals(), name: make(map[*ir.Value]string, len(f.IR.Values)), loads: map[*ir.Value]bool{}, loaded: map[element]bool{}, arrays: map[*ir.Value]string{}}
	for _, v := range f.IR.Args {
		if !v.Type.IsScalar() && v.Type.Len() <= plan.SmallLen && fn.readByElement(v) {
			fn.name[v] = fn.s.pickGroup(localName(v), v.Type.Len())
			fn.loads[v] = true
		} else {
			fn.name[v] = fn.s.pick(localName(v))
		}
	}
	fn.res = make([]string, len(f.IR.Results))
	for i, r := range f.IR.Results {
		if f.Sums[i] != nil || r.Type.IsScalar() {
			continue
		}
		base := goName(r.Name, false)
		if i < len(f.IR.ResultNames) && f.IR.ResultNames[i] != "" {
			base = goName(f.IR.ResultNames[i], false)
		} else if r.Name == "" {
			base = "out"
		}
		fn.res[i] = fn.s.pick(base)
	}
	return fn
}

// readByElement reports whether elements of argument v are read, not only its address.
func (fn *function) readByElement(v *ir.Value) bool {
	reads := func(a *ir.Value) bool {
		if a == v {
			return true
		}
		p := fn.f.Places[a]
		return p != nil && p.Kind == plan.View && p.Base == v
	}
	for _, n := range fn.f.Nests {
		for _, s := range n.Steps {
			if s.Form == plan.Whole && s.V.Op.Info().Class == ir.ClassNode {
				for _, a := range s.V.Args {
					if reads(a) && a.Type.IsScalar() {
						return true
					}
				}
				continue
			}
			if s.Form == plan.AddTo && reads(s.V) {
				return true
			}
			if fn.treeReads(s.V, reads) {
				return true
			}
		}
	}
	for _, i := range fn.f.Copies {
		if reads(fn.f.IR.Results[i]) {
			return true
		}
	}
	for _, r := range fn.f.IR.Results {
		if r.Type.IsScalar() && reads(r) {
			return true
		}
	}
	return false
}

func (fn *function) treeReads(v *ir.Value, reads func(*ir.Value) bool) bool {
	for _, a := range v.Args {
		if reads(a) {
			return true
		}
		if p := fn.f.Places[a]; p != nil && p.Kind == plan.Folded && fn.treeReads(a, reads) {
			return true
		}
	}
	return false
}

// signature is the parameter list and the result list.
func (fn *function) signature() (params, results string) {
	var ps, rs []string
	n := fn.f.Needs
	if n.Params {
		ps = append(ps, "w *Params")
	}
	if n.Prepared {
		ps = append(ps, "pre *prepared")
	}
	if n.Work {
		ps = append(ps, "ws *workspace")
	}
	for _, v := range fn.f.IR.Args {
		ps = append(ps, fn.name[v]+" "+fn.e.passed(v.Type))
	}
	for i, r := range fn.f.IR.Results {
		switch {
		case fn.f.Sums[i] != nil:
		case fn.isStat(r):
		case r.Type.IsScalar():
			rs = append(rs, fn.e.elem(r.Type.Elem))
		default:
			ps = append(ps, fn.res[i]+" "+fn.e.passed(r.Type))
		}
	}
	if n.Accum {
		ps = append(ps, "g *"+fn.e.sumsType())
	}
	if m := fn.e.stepped[fn.f.IR]; m != nil {
		ps = append(ps, fmt.Sprintf("by *[%d]rt.Stepping", len(m.Solves)))
	}
	if n.Stats > 0 {
		ps = append(ps, fmt.Sprintf("st *[%d]rt.SolveStats", n.Stats))
	}
	results = strings.Join(rs, ", ")
	if len(rs) > 1 {
		results = "(" + results + ")"
	}
	return strings.Join(ps, ", "), results
}

// isStat reports whether v is a statistic of a solve: these travel in st, not as results.
func (fn *function) isStat(v *ir.Value) bool {
	p := fn.f.Places[v]
	return p != nil && p.Kind == plan.Stat
}

// body prints the statements of the function.
func (fn *function) body() {
	fn.live = fn.liveElements()
	before := fn.p.b.String()
	fn.p.b.Reset()
	for _, n := range fn.f.Nests {
		fn.nest(n)
	}
	for _, i := range fn.f.Copies {
		fn.copyResult(i)
	}
	var rs []string
	for i, r := range fn.f.IR.Results {
		if fn.f.Sums[i] == nil && r.Type.IsScalar() && !fn.isStat(r) {
			rs = append(rs, fn.typed(r, at(0)))
		}
	}
	if len(rs) > 0 {
		fn.p.line("return %s", strings.Join(rs, ", "))
	}
	statements := fn.p.b.String()
	fn.p.b.Reset()
	fn.p.b.WriteString(before)
	fn.load()
	fn.p.b.WriteString(statements)
}

// load copies the elements of small array arguments that the statements read.
func (fn *function) load() {
	for _, v := range fn.f.IR.Args {
		var l, r []string
		for k := 0; k < v.Type.Len() && fn.loads[v]; k++ {
			if fn.loaded[element{v, k}] {
				l = append(l, fn.name[v]+strconv.Itoa(k))
				r = append(r, fmt.Sprintf("%s[%d]", fn.name[v], k))
			}
		}
		if len(l) > 0 {
			fn.p.line("%s := %s", strings.Join(l, ", "), strings.Join(r, ", "))
		}
	}
}

func (fn *function) copyResult(i int) {
	r := fn.f.IR.Results[i]
	if fn.f.Places[r].Kind == plan.Literal && r.IsConst(0) {
		fn.p.line("*%s = [%d]%s{}", fn.res[i], r.Type.Len(), fn.e.elem(r.Type.Elem))
		return
	}
	if n := r.Type.Len(); n <= plan.SmallLen {
		for e := 0; e < n; e++ {
			fn.p.line("%s[%d] = %s", fn.res[i], e, fn.elem(r, at(e)))
		}
		return
	}
	fn.p.line("for i := range %s {", fn.res[i])
	fn.p.line("%s[i] = %s", fn.res[i], fn.elem(r, index{expr: "i"}))
	fn.p.line("}")
}

// elem is the Go expression of an element of v.
func (fn *function) elem(v *ir.Value, ix index) string {
	pl := fn.f.Places[v]
	if v.Type.Len() == 1 && !ix.konst {
		ix = at(0)
	}
	if name, ok := fn.arrays[v]; ok {
		return name + "[" + ix.plus(0) + "]"
	}
	switch pl.Kind {
	case plan.Literal:
		return number(v.Attr.Num, v.Type.Elem)
	case plan.Table:
		return fn.e.table(v) + "[" + ix.plus(0) + "]"
	case plan.Memory:
		return fn.e.memory(v.Attr.Param) + "[" + ix.plus(0) + "]"
	case plan.ArgScalar:
		return fn.name[v]
	case plan.ArgArray:
		if fn.loads[v] && ix.konst {
			fn.loaded[element{v, ix.k}] = true
			return fn.name[v] + strconv.Itoa(ix.k)
		}
		return fn.name[v] + "[" + ix.plus(0) + "]"
	case plan.Folded:
		return fn.fold(v, ix)
	case plan.Register:
		if ix.konst {
			return fn.variable(v) + strconv.Itoa(ix.k)
		}
		if ix.tile > 0 {
			return fn.variable(v) + "_" + strconv.Itoa(ix.tile)
		}
		return fn.variable(v)
	case plan.Scalars:
		if v.Type.Len() == 1 {
			return fn.variable(v)
		}
		if !ix.konst {
			panic("codegen: " + fn.f.IR.Name + ": variable index into separate variables of " + v.Op.String())
		}
		return fn.variable(v) + strconv.Itoa(ix.k)
	case plan.Local:
		return fn.variable(v) + "[" + ix.plus(0) + "]"
	case plan.Work:
		return "ws." + fn.e.workArray(fn.f, v) + "[" + ix.plus(0) + "]"
	case plan.Result:
		return fn.res[pl.Index] + "[" + ix.plus(0) + "]"
	case plan.View:
		if ix.konst {
			return fn.elem(pl.Base, at(ix.k+pl.Offset))
		}
		if pl.Offset == 0 {
			return fn.elem(pl.Base, ix)
		}
		return fn.elem(pl.Base, index{expr: ix.plus(pl.Offset), tile: ix.tile})
	case plan.Stat:
		return statistic(pl, "st")
	}
	panic("codegen: " + fn.f.IR.Name + ": value " + v.Op.String() + " has no place")
}

// statistic is a statistic of one of the solves whose statistics stand in st.
func statistic(p *plan.Place, st string) string {
	return fmt.Sprintf([]string{"int32(%s[%d].NFE)", "int32(%s[%d].Accepted)", "int32(%s[%d].Rejected)", "int32(%s[%d].Status)", "%s[%d].Time"}[p.Index], st, p.Solve)
}

// typed is elem where the type of the expression counts: a literal has none of its own.
func (fn *function) typed(v *ir.Value, ix index) string {
	x := fn.elem(v, ix)
	if fn.f.Places[v].Kind == plan.Literal && v.Type.Elem.IsFloat() {
		return fn.e.elem(v.Type.Elem) + "(" + bare(x) + ")"
	}
	return x
}

// variable is the base name of v's variable.
func (fn *function) variable(v *ir.Value) string {
	if n, ok := fn.name[v]; ok {
		return n
	}
	pl := fn.f.Places[v]
	n := ""
	if (pl.Kind == plan.Scalars || pl.Kind == plan.Register) && v.Type.Len() > 1 && v.Type.Len() <= plan.SmallLen {
		n = fn.s.pickGroup(localName(v), v.Type.Len())
	} else {
		n = fn.s.pick(localName(v))
	}
	fn.name[v] = n
	return n
}

// fold spells v inside an expression.
func (fn *function) fold(v *ir.Value, ix index) string {
	x := fn.expr(v, ix)
	switch v.Op {
	case ir.OpAdd, ir.OpSub, ir.OpDiv, ir.OpRecip, ir.OpNeg, ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe, ir.OpAnd, ir.OpOr, ir.OpNot:
		return "(" + x + ")"
	}
	return x
}

// expr is the Go expression of an element-wise value; products are rounded explicitly.
func (fn *function) expr(v *ir.Value, ix index) string {
	switch v.Op {
	case ir.OpExpand:
		return fn.elem(v.Args[0], at(0))
	}
	spell := spellings[v.Op]
	if v.Op == ir.OpPow {
		if _, ok := v.FixedFraction(); ok {
			spell = call("Pow")
		}
	}
	if spell == nil {
		panic("codegen: operator " + v.Op.String() + " has no spelling")
	}
	args := make([]string, len(v.Args))
	literal := true
	for i, a := range v.Args {
		aix := ix
		if a.Type.Len() == 1 {
			aix = at(0)
		}
		args[i] = fn.elem(a, aix)
		literal = literal && fn.f.Places[a].Kind == plan.Literal
	}
	e := v.Type.Elem
	if v.Op == ir.OpCast {
		switch from := v.Args[0].Type.Elem; {
		case e == from:
			return args[0]
		case from == ir.Bool:
			return fmt.Sprintf("rt.Indicator[%s](%s)", fn.e.elem(e), bare(args[0]))
		case e == ir.Bool:
			return "(" + args[0] + " != 0)"
		case e == ir.I32:
			return "rt.Int32(" + bare(args[0]) + ")"
		}
		return fn.e.elem(e) + "(" + bare(args[0]) + ")"
	}
	x := spell(args, e, &v.Attr)
	if (product[v.Op] || literal) && e.IsFloat() {
		x = fn.e.elem(e) + "(" + x + ")"
	}
	return x
}
