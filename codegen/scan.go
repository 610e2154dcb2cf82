package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// scanLoop prints a loop that hands values on from run to run. An array that is handed on has two
// buffers: a run reads one and writes the other, and the last run writes the result. The number of runs
// says which of the two the first run has to write.
func (fn *function) scanLoop(v *ir.Value) {
	s := v.Attr.Scan
	callee := fn.e.plan.Of(s.Fn)
	to := fn.destinations(v, len(s.Fn.Results))
	args := make([]string, len(v.Args))
	inner := make([]dest, len(to))
	var after []func(stats string) string // statements of a run after the call
	for j, start := range v.Args[:s.Carry] {
		r := s.Fn.Results[j]
		name := localName(s.Fn.Args[j])
		if r.Type.IsScalar() {
			if to[j].unused {
				to[j].expr = fn.s.pick(name)
			}
			c, next := to[j].expr, fn.s.pick(name+"Next")
			fn.p.line("var %s %s = %s", c, fn.e.elem(r.Type.Elem), bare(fn.elem(start, at(0))))
			args[j], inner[j] = c, dest{expr: next}
			after = append(after, func(stats string) string { return fmt.Sprintf("%s = %s", c, scanned(callee, j, next, stats)) })
			continue
		}
		last := to[j].expr
		if to[j].unused {
			last = fn.buffer(v, j, 0, name)
		}
		cur, next := fn.s.pick(name+"Cur"), fn.s.pick(name+"Next")
		spare := fn.buffer(v, j, 1, name+"Spare")
		if s.N%2 == 0 {
			fn.p.line("%s, %s := %s, %s", cur, next, last, spare)
		} else {
			fn.p.line("%s, %s := %s, %s", cur, next, spare, last)
		}
		fn.fill(cur, start)
		args[j], inner[j] = cur, dest{expr: next}
		after = append(after, func(string) string { return fmt.Sprintf("%s, %s = %s, %s", cur, next, next, cur) })
	}
	fn.clearStatistics(v)
	run := "n+1"
	if s.Back {
		run = fmt.Sprintf("%d-n", s.N)
		fn.p.line("for n := %d; n >= 0; n-- {", s.N-1)
	} else {
		fn.p.line("for n := 0; n < %d; n++ {", s.N)
	}
	for i, a := range v.Args[s.Carry:] {
		args[s.Carry+i] = fn.arguments([]*ir.Value{a})[0]
		if i < s.Mapped {
			args[s.Carry+i] = fn.sliceOf(a, s.N)
		}
	}
	for i := s.Carry; i < len(to); i++ {
		inner[i] = to[i]
		if to[i].unused || to[i].sum {
			continue
		}
		r, base := s.Fn.Results[i], strings.TrimPrefix(to[i].expr, "&")
		if r.Type.IsScalar() {
			y := fn.s.pick(resultLocal(s.Fn, i))
			inner[i].expr = y
			after = append(after, func(stats string) string { return fmt.Sprintf("%s[n] = %s", base, scanned(callee, i, y, stats)) })
			continue
		}
		inner[i].expr = fmt.Sprintf("(*[%d]%s)(%s[n*%d:])", r.Type.Len(), fn.e.elem(r.Type.Elem), base, r.Type.Len())
	}
	stats := fn.runStatistics(callee)
	fn.call(callee, args, inner, "&"+stats)
	for _, a := range after {
		fn.p.line("%s", a(stats))
	}
	fn.joinStatistics(v, callee, stats, run)
	fn.p.line("}")
	if s.Guard {
		fn.p.line("if %s != 0 {", to[0].expr)
		fn.p.line("st[%d].FailRun(int(%s))", fn.f.Slots[v]+callee.Needs.Stats, to[0].expr)
		fn.p.line("}")
	}
	fn.stopAfter(v)
}

// scanned is scalar result i of a run: the variable that took it, or a statistic of its solves.
func scanned(callee *plan.Func, i int, variable, stats string) string {
	if p := callee.Places[callee.IR.Results[i]]; p.Kind == plan.Stat {
		return statistic(p, stats)
	}
	return variable
}

// buffer declares an array that carry j of scan v is kept in and gives a pointer to it.
func (fn *function) buffer(v *ir.Value, j, which int, name string) string {
	t := v.Type.Parts[j]
	if plan.OnStack(t) {
		name = fn.s.pick(name)
		fn.p.line("var %s [%d]%s", name, t.Len(), fn.e.elem(t.Elem))
		return "&" + name
	}
	return "&ws." + fn.e.workBuffer(fn.f, scanBuffer{v, j, which}, name, t)
}

// scanBuffer is one of the two buffers of what a scan hands on.
type scanBuffer struct {
	scan  *ir.Value
	carry int
	which int
}

// fill copies v to the array behind a pointer.
func (fn *function) fill(pointer string, v *ir.Value) {
	switch pl := fn.f.Places[v]; {
	case v.IsConst(0):
		fn.p.line("clear(%s[:])", pointer)
	case pl.Kind == plan.Scalars || pl.Kind == plan.Literal:
		for k := range v.Type.Len() {
			fn.p.line("%s[%d] = %s", pointer, k, fn.elem(v, at(k)))
		}
	default:
		fn.p.line("copy(%s[:], %s)", pointer, fn.slice(v))
	}
}

// sliceOf is slice n of a value with a leading axis of length rows: a scalar, or a pointer.
func (fn *function) sliceOf(a *ir.Value, rows int) string {
	per := a.Type.Len() / rows
	if a.Type.Rank() == 1 {
		return fn.elem(a, index{expr: "n"})
	}
	return fmt.Sprintf("(*[%d]%s)(%s[n*%d:])", per, fn.e.elem(a.Type.Elem), fn.slice(a), per)
}

// resultLocal is a name for a variable that takes result i of f.
func resultLocal(f *ir.Func, i int) string {
	if i < len(f.ResultNames) && f.ResultNames[i] != "" {
		return goName(f.ResultNames[i], false)
	}
	return localName(f.Results[i])
}
