package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Functions stand where they are used: what is in a thread is then in its registers. Those of teams and tiles have their long arrays in
// memory, and where they are large they are called instead, so that a compiler reads them once; so are those of a thread that are
// very large and used in several places. What such a function has in registers comes and goes by value.

// calledSteps is the number of steps from which on a function of teams is called, and calledCode that of instructions for one of a
// thread, which is kernelCode where it stands in one place of several kernels: the step of a solve that a model, its loss and its gradient
// take. transCode is about what a transcendental function has of them, with its cases. Arrays of up to valueLen numbers come and go by value: ptxas
// passes some 32 in registers, others on the stack.
const (
	calledSteps = 4
	calledCode  = 1024
	kernelCode  = 2048
	transCode   = 20
	valueLen    = 64
)

// isCalled reports whether f is a function that is called in the present form.
func (e *emitter) isCalled(f *plan.Func) bool {
	if e.roots[f.IR] || f.Needs.Stats > 0 || e.taped(f.IR) { // statistics and tapes are registers of a kernel
		return false
	}
	switch e.form() {
	case teamed:
		steps := 0
		for _, n := range f.Nests {
			steps += len(n.Steps)
		}
		return steps >= calledSteps
	case tiled:
		return wide(f) || e.isAgain(f.IR)
	case splitted: // what is shared out are registers
		return false
	}
	return e.calledByThreads(f)
}

// calledByThreads is isCalled of a function of threads.
func (e *emitter) calledByThreads(f *plan.Func) bool {
	code := e.code(f)
	return (code >= calledCode && e.sites[f.IR] > 1 || code >= kernelCode && e.copies[f.IR] > 1) && !f.Needs.Accum && byValue(f)
}

// code is about the number of instructions of f for a thread.
func (e *emitter) code(f *plan.Func) int {
	return f.Cost.MulAdds + f.Cost.Elem + e.m.Real.Bytes()/4*transCode*f.Cost.Trans
}

// standsOnce reports whether the text of threads that use f in several places has it once.
func (e *emitter) standsOnce(f *plan.Func) bool {
	return e.code(f) >= calledCode && !f.Needs.Accum && f.Needs.Stats == 0 && !e.taped(f.IR) && byValue(f)
}

// byValue reports whether no argument and no result of f that is in registers is long: those that are read at places that vary are in memory.
func byValue(f *plan.Func) bool {
	for i, r := range f.IR.Results {
		if f.Sums[i] == nil && r.Type.Len() > valueLen {
			return false
		}
	}
	return !slices.ContainsFunc(f.IR.Args, func(a *ir.Value) bool { return a.Type.Len() > valueLen && !looked(f.IR, a) })
}

// looked reports whether f does nothing with its argument a but look for times and rows in it.
func looked(f *ir.Func, a *ir.Value) bool {
	some := false
	for _, v := range f.Values {
		for i, x := range v.Args {
			if x != a {
				continue
			}
			if i > 0 || v.Op != ir.OpLocate && v.Op != ir.OpTake {
				return false
			}
			some = true
		}
	}
	return some && !slices.Contains(f.Results, a)
}

// countSites counts the places where functions of threads stand in the text of others, and in kernels, where what is called stands once.
func (e *emitter) countSites(kernels []*kernel) {
	seen := map[*ir.Func]bool{}
	var order []*ir.Func // those that are used before those that use them
	for _, k := range kernels {
		if k.form != thread {
			continue
		}
		e.visit(k.fn.IR, seen, func(f *ir.Func) {
			for _, v := range f.Values {
				n := 1
				if v.Op == ir.OpMap {
					n = v.Attr.Map.N
				}
				for _, g := range callees(v) {
					if g != nil {
						e.sites[g] += n
					}
				}
			}
			order = append(order, f)
		})
		e.copies[k.fn.IR] = 1
	}
	for _, f := range slices.Backward(order) {
		n := e.copies[f]
		if e.isCalled(e.plan.Of(f)) {
			n = 1
		}
		for _, v := range f.Values {
			for _, g := range callees(v) {
				if g != nil {
					e.copies[g] += n
				}
			}
		}
	}
}

// byAddress reports whether an array of type t goes to functions by its address: it is not in registers.
func (e *emitter) byAddress(t ir.Type) bool { return e.long(t) || e.shared(t) }

// argumentByAddress is byAddress of an argument of the function.
func (fn *function) argumentByAddress(a *ir.Value) bool {
	return fn.e.byAddress(a.Type) || fn.e.form() == thread && a.Type.Len() > smallLen && looked(fn.f.IR, a)
}

// callHead prints the head of a function that is called: small arrays and numbers come and go by value. It has the name of the
// function with _call; callEnd prints the function itself, which calls it.
func (fn *function) callHead() {
	p, n, e := fn.p, fn.f.Needs, fn.e
	name := e.funcName(fn.f.IR)
	if fn.small() {
		p.line("struct %s_results {", name)
		for i, r := range fn.f.IR.Results {
			switch {
			case fn.res[i] == "" || e.byAddress(r.Type):
			case r.Type.IsScalar():
				p.line("%s %s;", e.elem(r.Type.Elem), fn.res[i])
			default:
				p.line("%s %s[%d];", e.elem(r.Type.Elem), fn.res[i], r.Type.Len())
			}
		}
		p.line("};")
	}
	ps := e.common(n, false, true)
	if e.form() == thread {
		for i, x := range ps {
			ps[i] = x + "_given"
		}
	}
	var unpack []string
	live := fn.f.IR.Live()
	for _, v := range fn.f.IR.Args {
		x := fn.name[v]
		if v.Type.IsScalar() || fn.argumentByAddress(v) {
			ps = append(ps, e.in(v.Type, x))
			continue
		}
		ps = append(ps, fmt.Sprintf("ndec_array<%s, %d> %s_value", e.elem(v.Type.Elem), v.Type.Len(), x))
		if !live[v.ID] {
			continue
		}
		if e.own(v.Type) {
			unpack = append(unpack, e.ownVariable(v.Type, x), fmt.Sprintf("ndec_copy(%s, %s_value.x, %d);", x, x, v.Type.Len()))
			continue
		}
		unpack = append(unpack, fmt.Sprintf("%s = %s_value.x;", e.in(v.Type, x), x))
	}
	result := "void"
	if fn.small() {
		result = name + "_results"
		unpack = append(unpack, result+" results;")
	}
	for i, r := range fn.f.IR.Results {
		switch {
		case fn.res[i] == "":
		case e.byAddress(r.Type):
			ps = append(ps, e.out(r.Type, fn.res[i]))
		default:
			unpack = append(unpack, fmt.Sprintf("%s = results.%s;", e.out(r.Type, fn.res[i]), fn.res[i]))
		}
	}
	var any []string
	if n.Accum {
		any, ps = append(any, "G"), append(ps, "G &g")
	}
	kind, suffix := "NDEC_CALL", "call"
	if e.stands(fn.f) != "" {
		kind, suffix = "NDEC_D", "body"
	}
	fn.head = fmt.Sprintf("%s%%s %s %s_%%s(%s) {", e.templates(any...), result, name, strings.Join(ps, ", "))
	p.line(fn.head, kind, suffix)
	if e.form() == thread {
		e.knows = true
		for _, x := range []struct {
			need      bool
			name, typ string
		}{{n.Params, "w", "Params"}, {n.Prepared, "pre", "Prepared"}} {
			if x.need {
				p.line("const %s &%s = ndec_known(%s_given);", x.typ, x.name, x.name)
			}
		}
	}
	for _, l := range unpack {
		p.line("%s", l)
	}
}

// small reports whether some result is passed by value.
func (fn *function) small() bool {
	for i, r := range fn.f.IR.Results {
		if fn.res[i] != "" && !fn.e.byAddress(r.Type) {
			return true
		}
	}
	return false
}

func (fn *function) callEnd() {
	p, n, e := fn.p, fn.f.Needs, fn.e
	name := e.funcName(fn.f.IR)
	if fn.small() {
		p.line("return results;")
	}
	p.line("}")
	ps, args, classes := e.common(n, false, true), e.common(n, false, false), []string(nil)
	array := func(name string) { // a pointer, or an array in memory
		class := fmt.Sprintf("A%d", len(classes))
		classes = append(classes, class)
		ps = append(ps, class+" "+name)
	}
	for _, v := range fn.f.IR.Args {
		x := fn.name[v]
		if v.Type.IsScalar() || fn.argumentByAddress(v) {
			ps, args = append(ps, e.in(v.Type, x)), append(args, x)
			continue
		}
		array(x)
		args = append(args, fmt.Sprintf("ndec_value<%s, %d>(%s)", e.elem(v.Type.Elem), v.Type.Len(), x))
	}
	for i, r := range fn.f.IR.Results {
		switch {
		case fn.res[i] == "":
		case r.Type.IsScalar() || e.byAddress(r.Type):
			ps = append(ps, e.out(r.Type, fn.res[i]))
		default:
			array(fn.res[i])
		}
	}
	var given []string
	stands := e.stands(fn.f)
	if stands != "" { // where it does not stand in a kernel, it is called
		p.line(fn.head, "NDEC_CALL", "call")
		given = e.common(n, false, false)
		for _, v := range fn.f.IR.Args {
			x := fn.name[v]
			if !v.Type.IsScalar() && !fn.argumentByAddress(v) {
				x += "_value"
			}
			given = append(given, x)
		}
		for i, r := range fn.f.IR.Results {
			if fn.res[i] != "" && e.byAddress(r.Type) {
				given = append(given, fn.res[i])
			}
		}
		if n.Accum {
			given = append(given, "g")
		}
		p.line("return %s_body(%s);", name, strings.Join(given, ", "))
		p.line("}")
	}
	if n.Accum {
		ps, classes = append(ps, "G &g"), append(classes, "G")
	}
	p.line("%sNDEC_D void %s(%s) {", e.templates(classes...), name, strings.Join(ps, ", "))
	for i, r := range fn.f.IR.Results {
		if fn.res[i] != "" && e.byAddress(r.Type) {
			args = append(args, fn.res[i])
		}
	}
	if n.Accum {
		args = append(args, "g")
	}
	if again := e.againIn(fn.f.IR); again != nil {
		ps := e.common(e.plan.Of(again).Needs, false, false)
		for _, v := range fn.f.IR.Args {
			ps = append(ps, fn.name[v])
		}
		for _, r := range fn.res {
			if r != "" {
				ps = append(ps, r)
			}
		}
		p.line("if constexpr (Tile::again) {")
		p.line("%s(%s);", e.funcName(again), strings.Join(append(ps, "g"), ", "))
		p.line("} else {")
		defer func() { p.line("}"); p.line("}") }()
	} else {
		defer func() { p.line("}") }()
	}
	to := ""
	if fn.small() {
		to = "results = "
	}
	switch {
	case stands != "":
		if fn.small() {
			p.line("%s_results results;", name)
		}
		p.line("if constexpr (%s) %s%s_body(%s);", stands, to, name, strings.Join(args, ", "))
		p.line("else %s%s_call(%s);", to, name, strings.Join(args, ", "))
	case fn.small():
		p.line("%s_results results = %[1]s_call(%s);", name, strings.Join(args, ", "))
	default:
		p.line("%s_call(%s);", name, strings.Join(args, ", "))
	}
	for i, r := range fn.f.IR.Results {
		switch {
		case fn.res[i] == "" || e.byAddress(r.Type):
		case r.Type.IsScalar():
			p.line("%s = results.%s;", fn.res[i], fn.res[i])
		default:
			p.line("ndec_copy(%s, results.%s, %d);", fn.res[i], fn.res[i], r.Type.Len())
		}
	}
}
