package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// whole prints a statement over whole arrays: calls, solves, reverse sweeps, maps, scans, copies and
// reductions with loops of their own.
func (fn *function) whole(v *ir.Value) {
	switch v.Op {
	case ir.OpCall:
		callee := fn.e.plan.Of(v.Attr.Func)
		fn.call(callee, fn.arguments(v.Args), fn.destinations(v, len(v.Attr.Func.Results)), fn.statistics(v))
		fn.stopAfter(v)
	case ir.OpSolve:
		fn.solveCall(v)
	case ir.OpRev:
		fn.revCall(v)
	case ir.OpMap:
		fn.mapLoop(v)
	case ir.OpScan:
		fn.scanLoop(v)
	default:
		if fn.f.Places[v].Kind == plan.Local {
			fn.p.line("var %s [%d]%s", fn.variable(v), v.Type.Len(), fn.e.elem(v.Type.Elem))
		}
		fn.array(v)
	}
}

// array prints shape, reduction and linear algebra operators that fill whole arrays.
func (fn *function) array(v *ir.Value) {
	switch v.Op {
	case ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpPad, ir.OpConcat, ir.OpReverse, ir.OpExpand:
		fn.copyLoops(v)
	case ir.OpSum, ir.OpReduceMax, ir.OpReduceMin:
		fn.reduceLoops(v)
	case ir.OpCumsum:
		fn.p.line("rt.Cumsum(%s[:], %s, %d, %d)", fn.arrayExpr(v), fn.slice(v.Args[0]), v.Type.Shape[v.Attr.Index], stride(v.Type.Shape, v.Attr.Index))
	case ir.OpTake:
		fn.p.line("rt.Take(%s[:], %s, %s)", fn.arrayExpr(v), fn.slice(v.Args[0]), fn.slice(v.Args[1]))
	case ir.OpScatter:
		fn.p.line("rt.Scatter(%s[:], %s, %s)", fn.arrayExpr(v), fn.slice(v.Args[0]), fn.slice(v.Args[1]))
	case ir.OpLocate:
		fn.p.line("rt.Locate(%s[:], %s, %s, %d)", fn.arrayExpr(v), fn.slice(v.Args[0]), bare(fn.elem(v.Args[1], at(0))), v.Attr.Index)
	case ir.OpArgmax:
		fn.p.line("%s := int32(rt.Argmax(%s))", fn.elem(v, at(0)), fn.slice(v.Args[0]))
	case ir.OpMatMul:
		fn.matMul(v)
	case ir.OpConv, ir.OpConvInput, ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows:
		fn.convolution(v)
	case ir.OpUniform:
		fn.p.line("rt.Draw(%s[:], %s, %d, %s)", fn.arrayExpr(v), fn.pointer(v.Args[0]), v.Attr.Index, bare(fn.elem(v.Args[1], at(0))))
	case ir.OpLinSolve:
		fn.p.line("rt.LinSolve(%d, %s, %s, %s[:])", v.Type.Len(), fn.slice(v.Args[0]), fn.slice(v.Args[1]), fn.arrayExpr(v))
	case ir.OpInv:
		fn.p.line("rt.Inv(%d, %s, %s[:])", v.Type.Shape[0], fn.slice(v.Args[0]), fn.arrayExpr(v))
	case ir.OpLogDet:
		fn.p.line("%s := rt.LogDet(%d, %s)", fn.elem(v, at(0)), v.Args[0].Type.Shape[0], fn.slice(v.Args[0]))
	default:
		panic("codegen: operator " + v.Op.String() + " has no statement")
	}
}

func stride(shape []int, axis int) int { return plan.Strides(shape)[axis] }

// arrayExpr is an expression that can be indexed and sliced: an array, or a pointer to one.
func (fn *function) arrayExpr(v *ir.Value) string {
	pl := fn.f.Places[v]
	switch pl.Kind {
	case plan.Local:
		return fn.variable(v)
	case plan.Work:
		return "ws." + fn.e.workArray(fn.f, v)
	case plan.Result:
		return fn.res[pl.Index]
	case plan.ArgArray:
		return fn.name[v]
	case plan.Memory:
		return fn.e.memory(v.Attr.Param)
	case plan.Table:
		return fn.e.table(v)
	}
	panic("codegen: " + fn.f.IR.Name + ": " + v.Op.String() + " is no array")
}

// slice is v as a Go slice.
func (fn *function) slice(v *ir.Value) string {
	pl := fn.f.Places[v]
	if pl.Kind == plan.View {
		return fmt.Sprintf("%s[%d:%d]", fn.arrayExpr(pl.Base), pl.Offset, pl.Offset+v.Type.Len())
	}
	return fn.arrayExpr(v) + "[:]"
}

// pointer is v as a pointer to its array.
func (fn *function) pointer(v *ir.Value) string {
	pl := fn.f.Places[v]
	switch pl.Kind {
	case plan.View:
		if pl.Offset == 0 && pl.Base.Type.Len() == v.Type.Len() {
			return fn.pointer(pl.Base)
		}
		return fmt.Sprintf("(*[%d]%s)(%s)", v.Type.Len(), fn.e.elem(v.Type.Elem), fn.slice(v))
	case plan.ArgArray, plan.Result:
		return fn.arrayExpr(v)
	}
	return "&" + fn.arrayExpr(v)
}

// arguments are the Go arguments for operands: scalars by value, arrays by pointer.
func (fn *function) arguments(vs []*ir.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		if v.Type.IsScalar() {
			out[i] = fn.elem(v, at(0))
		} else {
			out[i] = fn.pointer(v)
		}
	}
	return out
}

// dest is where a result of a call goes: the name of a new scalar variable, or a pointer.
type dest struct {
	expr   string
	sum    bool // a running sum: the callee adds to g
	unused bool
}

// destinations finds the values that take the results of node v, declaring arrays.
func (fn *function) destinations(v *ir.Value, n int) []dest {
	out := make([]dest, n)
	for i := range out {
		out[i].unused = true
	}
	take := func(i int, r *ir.Value) {
		pl := fn.f.Places[r]
		switch {
		case pl.Kind == plan.Sum:
			out[i] = dest{sum: true}
		case r.Type.IsScalar():
			out[i] = dest{expr: fn.elem(r, at(0))}
		default:
			if pl.Kind == plan.Local {
				fn.p.line("var %s [%d]%s", fn.variable(r), r.Type.Len(), fn.e.elem(r.Type.Elem))
			}
			out[i] = dest{expr: fn.pointer(r)}
		}
	}
	if v.Type.Elem != ir.Tuple {
		take(0, v)
		return out
	}
	for _, u := range fn.f.IR.Values {
		if u.Op == ir.OpResult && u.Args[0] == v && fn.f.Places[u].Kind != plan.Stat {
			take(u.Attr.Index, u)
		}
	}
	return out
}

// call prints a call of a planned function; stats is where its solves leave their statistics.
func (fn *function) call(callee *plan.Func, args []string, to []dest, stats string) {
	var all, lhs []string
	n := callee.Needs
	if n.Params {
		all = append(all, "w")
	}
	if n.Prepared {
		all = append(all, "pre")
	}
	if n.Work {
		all = append(all, "ws")
	}
	all = append(all, args...)
	used := false
	for i, r := range callee.IR.Results {
		if callee.Sums[i] != nil {
			continue
		}
		switch {
		case r.Type.IsScalar():
			if p := callee.Places[r]; p.Kind == plan.Stat {
				continue
			}
			if to[i].unused {
				lhs = append(lhs, "_")
			} else {
				lhs = append(lhs, to[i].expr)
				used = true
			}
		case to[i].unused:
			all = append(all, fmt.Sprintf("new([%d]%s)", r.Type.Len(), fn.e.elem(r.Type.Elem)))
		default:
			all = append(all, to[i].expr)
		}
	}
	if n.Accum {
		all = append(all, "g")
	}
	if n.Stats > 0 {
		all = append(all, stats)
	}
	x := fmt.Sprintf("%s(%s)", fn.e.funcName(callee.IR), strings.Join(all, ", "))
	switch {
	case used:
		x = strings.Join(lhs, ", ") + " := " + x
	case len(lhs) > 0:
		x = strings.Join(lhs, ", ") + " = " + x
	}
	fn.p.line("%s", x)
}

// solveCall prints the call of a solve's loop.
func (fn *function) solveCall(v *ir.Value) {
	s := v.Attr.Solve
	ps := fn.e.plan.OfSolve(s)
	to := fn.destinations(v, len(s.States)+ir.NumStats)
	var all, lhs []string
	if ps.Needs.Params {
		all = append(all, "w")
	}
	if ps.Needs.Prepared {
		all = append(all, "pre")
	}
	if ps.Needs.Work {
		all = append(all, "ws")
	}
	if s.Record {
		all = append(all, "&ws."+fn.e.tapeOf(v))
	}
	args := fn.arguments(v.Args)
	if s.Times > 0 {
		args[1] = fn.slice(v.Args[1])
	}
	if s.Stops > 0 {
		args[2] = fn.slice(v.Args[2])
	}
	all = append(append(append(all, args[:s.Lead()]...), fn.stepping(s)), args[s.Lead():]...)
	scalars := false
	for i, st := range s.States {
		if s.Times > 0 {
			if st.Memory {
				continue
			}
			if to[i].unused {
				all = append(all, fmt.Sprintf("make([]%s, %d)", fn.e.elem(st.Type.Elem), s.Times*st.Type.Len()))
				continue
			}
			all = append(all, strings.TrimPrefix(to[i].expr, "&")+"[:]")
			continue
		}
		switch {
		case st.Type.IsScalar() && to[i].unused:
			lhs = append(lhs, "_")
		case st.Type.IsScalar():
			lhs = append(lhs, to[i].expr)
			scalars = true
		case to[i].unused:
			all = append(all, fmt.Sprintf("new([%d]%s)", st.Type.Len(), fn.e.elem(st.Type.Elem)))
		default:
			all = append(all, to[i].expr)
		}
	}
	all = append(all, fmt.Sprintf("&st[%d]", fn.f.Slots[v]))
	name := fn.e.solveName(s)
	if s.Times > 0 {
		name = fn.e.pathName(s)
	}
	x := fmt.Sprintf("%s(%s)", name, strings.Join(all, ", "))
	switch {
	case scalars:
		x = strings.Join(lhs, ", ") + " := " + x
	case len(lhs) > 0:
		x = strings.Join(lhs, ", ") + " = " + x
	}
	fn.p.line("%s", x)
	if fn.f.Needs.Accum {
		fn.stopFailed(fmt.Sprintf("st[%d].Status.Failed()", fn.f.Slots[v]))
	}
}

// stopFailed ends a function that adds to running sums where a solve has failed, before anything is
// added: a failed sample has no part in a gradient.
func (fn *function) stopFailed(condition string) {
	var zeros []string
	for i, r := range fn.f.IR.Results {
		if fn.f.Sums[i] == nil && r.Type.IsScalar() && !fn.isStat(r) {
			zeros = append(zeros, "0")
		}
	}
	fn.p.line("if %s {", condition)
	fn.p.line("return %s", strings.Join(zeros, ", "))
	fn.p.line("}")
}

// revCall prints the call of a reverse sweep.
func (fn *function) revCall(v *ir.Value) {
	r := v.Attr.Rev
	solve := v.Args[0]
	nStates := len(r.Solve.States)
	to := fn.destinations(v, nStates+len(r.Solve.Extras)+len(r.Params))
	needs := fn.e.plan.RevNeeds(r)
	var all, lhs []string
	if needs.Params {
		all = append(all, "w")
	}
	if needs.Prepared {
		all = append(all, "pre")
	}
	if needs.Work {
		all = append(all, "ws")
	}
	all = append(all, "&ws."+fn.e.tapeOf(solve))
	all = append(all, fn.arguments(solve.Args[solve.Attr.Solve.Lead()+nStates:])...)
	for i, c := range v.Args[1 : 1+nStates] {
		switch {
		case r.Solve.Times > 0 && r.Solve.States[i].Memory:
		case r.Solve.Times > 0:
			all = append(all, fn.slice(c))
		default:
			all = append(all, fn.arguments([]*ir.Value{v.Args[1+i]})...)
		}
	}
	all = append(all, fn.arguments(v.Args[1+nStates:])...) // the cotangent of the end, stops
	scalars := false
	types := append([]ir.Type(nil), stateTypes(r.Solve)...)
	types = append(types, r.Solve.Extras...)
	for i, t := range types {
		switch {
		case t.IsScalar() && to[i].unused:
			lhs = append(lhs, "_")
		case t.IsScalar():
			lhs = append(lhs, to[i].expr)
			scalars = true
		case to[i].unused:
			all = append(all, fmt.Sprintf("new([%d]%s)", t.Len(), fn.e.elem(t.Elem)))
		default:
			all = append(all, to[i].expr)
		}
	}
	if needs.Accum {
		all = append(all, "g")
	}
	if lo, hi := fn.slots(v); hi > lo {
		fn.clearStatistics(v)
		all = append(all, fn.statistics(v))
	}
	x := fmt.Sprintf("%s(%s)", fn.e.revName(r), strings.Join(all, ", "))
	switch {
	case scalars:
		x = strings.Join(lhs, ", ") + " := " + x
	case len(lhs) > 0:
		x = strings.Join(lhs, ", ") + " = " + x
	}
	fn.p.line("%s", x)
	fn.stopAfter(v)
}

func stateTypes(s *ir.Solve) []ir.Type {
	ts := make([]ir.Type, len(s.States))
	for i, st := range s.States {
		ts[i] = st.Type
	}
	return ts
}

// mapLoop prints a loop that applies a function to slices along the leading axis.
func (fn *function) mapLoop(v *ir.Value) {
	m := v.Attr.Map
	callee := fn.e.plan.Of(m.Fn)
	to := fn.destinations(v, len(m.Fn.Results))
	fn.clearStatistics(v)
	fn.p.line("for n := 0; n < %d; n++ {", m.N)
	args := make([]string, len(v.Args))
	for i, a := range v.Args {
		if i >= m.Mapped {
			args[i] = fn.arguments([]*ir.Value{a})[0]
			continue
		}
		args[i] = fn.sliceOf(a, m.N)
	}
	inner := make([]dest, len(to))
	var after []string
	for i, r := range m.Fn.Results {
		inner[i] = to[i]
		if to[i].unused || to[i].sum {
			continue
		}
		base := strings.TrimPrefix(to[i].expr, "&")
		if r.Type.IsScalar() {
			tmp := fmt.Sprintf("r%d", i)
			inner[i].expr = tmp
			after = append(after, fmt.Sprintf("%s[n] = %s", base, tmp))
			continue
		}
		inner[i].expr = fmt.Sprintf("(*[%d]%s)(%s[n*%d:])", r.Type.Len(), fn.e.elem(r.Type.Elem), base, r.Type.Len())
	}
	stats := fn.runStatistics(callee)
	fn.call(callee, args, inner, "&"+stats)
	for _, a := range after {
		fn.p.line("%s", a)
	}
	fn.joinStatistics(v, callee, stats, "n+1")
	fn.p.line("}")
	fn.stopAfter(v)
}
