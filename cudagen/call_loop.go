package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// The loop of a solve, and the sweep back over it, stand where they are used; those of teams that many places use are called, so that a compiler
// reads them once (09_lorenz shoots from ten places); where there are fewer, states stay in registers. What a thread has in registers goes there and comes back by value: small arrays,
// statistics, what a tape has counted.

// calledPlaces is the number of places from which on they are called.
const calledPlaces = 4

// sweepText is what distinguishes the text of one sweep from that of another.
type sweepText struct {
	solve         *ir.Solve
	funcs, params string // all of them
}

// sweepOf gives the first of the sweeps that have the text of r: what is printed is called by all of them.
func (e *emitter) sweepOf(r *ir.Rev) *ir.Rev {
	key := sweepText{solve: r.Solve}
	for _, f := range sweepFuncs(r) {
		key.funcs += fmt.Sprintf("%p ", f)
	}
	for _, q := range r.Params {
		key.params += fmt.Sprintf("%d ", q.Index)
	}
	if first, ok := e.sweeps[key]; ok {
		return first
	}
	e.sweeps[key] = r
	return r
}

// countLoops counts the places of teams where solves and sweeps are used.
func (e *emitter) countLoops(kernels []*kernel) {
	seen := map[*ir.Func]bool{}
	for _, k := range kernels {
		if k.form != teamed {
			continue
		}
		e.visit(k.fn.IR, seen, func(f *ir.Func) {
			for _, v := range f.Values {
				switch v.Op {
				case ir.OpSolve:
					e.loops[v.Attr.Solve]++
				case ir.OpRev:
					e.loops[e.sweepOf(v.Attr.Rev)]++
				}
			}
		})
	}
}

// isCalledLoop reports whether a solve or sweep is called in the present form, where the functions of its steps are inner.
func (e *emitter) isCalledLoop(what any, inner []*ir.Func) bool {
	return e.form() == teamed && e.loops[what] >= calledPlaces && !e.taped(inner...)
}

// counted are the fields of a tape that a solve changes.
func counted(s *ir.Solve) []string {
	fields := []string{"steps"}
	if s.Times > 0 {
		fields = append(fields, "saved")
	}
	if len(s.Events) > 0 {
		fields = append(fields, "fired")
	}
	if s.Rebegins() {
		fields = append(fields, "anew")
	}
	return fields
}

// callLoop prints what calls the loop NAME_here, which has been printed: NAME_call, which takes and gives by value what is in registers, and NAME, which has
// the parameters of the loop. By value go ins and outs, of the parameters, and for a solve what the tape counts.
func (e *emitter) callLoop(name string, ps []string, ins, outs []operand, tape []string) {
	p := e.p
	var given, args, here, unpack, back, fields []string
	head, own := "", slices.Clone(ps)
	for _, d := range ps {
		id := d[strings.LastIndexAny(d, " *&")+1:]
		in := slices.IndexFunc(ins, func(o operand) bool { return o.name == id && !o.t.IsScalar() && !e.byAddress(o.t) })
		out := slices.IndexFunc(outs, func(o operand) bool { return o.name == id && !e.byAddress(o.t) })
		here = append(here, id)
		switch {
		case in >= 0:
			t := ins[in].t
			given = append(given, fmt.Sprintf("ndec_array<%s, %d> %s_value", e.elem(t.Elem), t.Len(), id))
			args = append(args, fmt.Sprintf("ndec_value<%s, %d>(%s)", e.elem(t.Elem), t.Len(), id))
			here[len(here)-1] = id + "_value.x"
		case out >= 0:
			t := outs[out].t
			here[len(here)-1] = "results." + id
			if t.IsScalar() {
				fields = append(fields, e.in(t, id))
				back = append(back, fmt.Sprintf("%s = results.%s;", id, id))
				continue
			}
			fields = append(fields, fmt.Sprintf("%s %s[%d]", e.elem(t.Elem), id, t.Len()))
			back = append(back, fmt.Sprintf("ndec_copy(%s, results.%s, %d);", id, id, t.Len()))
		case id == "st":
			fields, back = append(fields, "ndec_stats st"), append(back, "st = results.st;")
			here[len(here)-1] = "results.st"
		case id == "g":
			head = "template <class G> "
			given, args = append(given, d), append(args, id)
		case id == "tape":
			given, args = append(given, strings.TrimPrefix(strings.Replace(d, "&", "", 1), "const ")), append(args, id)
			for _, f := range tape {
				fields, unpack, back = append(fields, "int "+f), append(unpack, fmt.Sprintf("results.%s = tape.%s;", f, f)), append(back, fmt.Sprintf("tape.%s = results.%s;", f, f))
			}
		case id == "by":
			given, args = append(given, "ndec_stepping by"), append(args, id)
		default:
			given, args = append(given, d), append(args, id)
		}
	}
	result := "void"
	if len(fields) > 0 {
		result = name + "_results"
		p.line("struct %s {", result)
		for _, f := range fields {
			p.line("%s;", f)
		}
		p.line("};")
	}
	p.line("%sNDEC_CALL %s %s_call(%s) {", head, result, name, strings.Join(given, ", "))
	if len(fields) > 0 {
		p.line("%s results;", result)
	}
	p.line("%s_here(%s);", name, strings.Join(here, ", "))
	for _, l := range unpack {
		p.line("%s", l)
	}
	if len(fields) > 0 {
		p.line("return results;")
	}
	p.line("}")
	p.line("%sNDEC_D void %s(%s) {", head, name, strings.Join(own, ", "))
	call := fmt.Sprintf("%s_call(%s);", name, strings.Join(args, ", "))
	if len(fields) > 0 {
		call = fmt.Sprintf("%s results = %s", result, call)
	}
	p.line("%s", call)
	for _, l := range back {
		p.line("%s", l)
	}
	p.line("}")
}
