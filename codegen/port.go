package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// port is an input or output of a model as Go sees it.
type port struct {
	name  string // parameter name
	field string // struct field name
	t     ir.Type
}

func (e *emitter) ports(in []ir.Port) []port {
	s := e.locals("m", "j", "st", "ws", "worker", "lo", "hi", "workers", "run", "each", "crew", "failed", "work", "x0", "err", "ctx", "ts", "stats", "opts", "in", "out", "p", "key")
	out := make([]port, len(in))
	for i, p := range in {
		out[i] = port{s.pick(goName(p.Name, false)), goName(p.Name, true), p.Type}
	}
	return out
}

// modelPorts are the inputs and outputs of a model, as its functions call them: names of outputs must not
// collide with those of inputs in one signature.
func (e *emitter) modelPorts(m *ir.Model) (ins, outs []port) {
	ins, outs = e.ports(m.Inputs), e.ports(m.Outputs)
	taken := e.locals("m", "j", "st", "ws", "worker", "lo", "hi", "workers", "run", "each", "crew", "failed", "work", "ctx", "ts", "stats", "opts", "err", "key")
	for _, p := range ins {
		taken.used[p.name] = true
	}
	for i := range outs {
		outs[i].name = taken.pick(outs[i].name)
	}
	return ins, outs
}

// modelNames are the exported names of a model and of what belongs to it.
func modelNames(m *ir.Model) []string {
	out := []string{m.Name, "New" + m.Name}
	if len(m.Inputs) != 1 {
		out = append(out, m.Name+"Input", m.Name+"BatchInput")
	}
	if len(m.Outputs) != 1 {
		out = append(out, m.Name+"Output", m.Name+"BatchOutput")
	}
	for k, path := range m.Paths {
		if path != nil {
			out = append(out, m.Name+"Path"+ifText(k > 0, fmt.Sprint(k+1)))
		}
	}
	return out
}

// note says what type and name of a port do not: the unit, or the number of classes of a label.
func note(p ir.Port) string {
	switch {
	case isLabel(p):
		return fmt.Sprintf("label 0..%d", p.Classes-1)
	case p.Ascend:
		return "ascending times"
	case p.Unit != "":
		return "[" + clean(p.Unit) + "]"
	}
	return ""
}

// isLabel reports whether a port takes a class.
func isLabel(p ir.Port) bool { return p.Classes > 0 && p.Type.Elem == ir.I32 && p.Type.IsScalar() }

// inputChecks are statements that return what is wrong with a sample, beside result.
func (e *emitter) inputChecks(m *ir.Model, args map[int]string, result string) []string {
	var out []string
	for i, p := range m.Inputs {
		switch {
		case isLabel(p):
			out = append(out, fmt.Sprintf("if err := rt.CheckLabel(%q, %s, %d); err != nil { return %s, err }", p.Name, args[i], p.Classes, result))
		case p.Ascend:
			out = append(out, fmt.Sprintf("if err := rt.CheckAscend(%q, %s[:], %d); err != nil { return %s, err }", p.Name, args[i], p.Type.Len(), result))
		}
	}
	return out
}

// refusals finds the rows of a port that no model can use; "" where all can be.
func refusals(p ir.Port, rows string) string {
	switch {
	case isLabel(p):
		return fmt.Sprintf("rt.RefuseLabels(%q, %s, %d)", p.Name, rows, p.Classes)
	case p.Ascend:
		return fmt.Sprintf("rt.RefuseTimes(%q, %s, %d)", p.Name, rows, p.Type.Len())
	}
	return ""
}

// batchArg is what Batch is given of inputs or outputs: rows, or a struct of them.
func batchArg(ps []port, kind string) string {
	if len(ps) == 1 {
		return ps[0].name
	}
	return kind
}

// others prints the batch without rows whose inputs cannot be used.
func (e *emitter) others(f *file, name, outSig, inSig string, outs, ins []port) {
	p := e.p
	rows := func(ps []port, kind, suffix string) string {
		if len(ps) == 1 {
			return fmt.Sprintf("rt.OtherRows(refused, %s, %d)", ps[0].name, ps[0].t.Len())
		}
		var fs []string
		for _, q := range ps {
			fs = append(fs, fmt.Sprintf("%s: rt.OtherRows(refused, %s.%s, %d)", q.field, kind, q.field, q.t.Len()))
		}
		return fmt.Sprintf("%s%s{%s}", name, suffix, strings.Join(fs, ", "))
	}
	p.line("some, st := %s, new(rt.BatchStats)", rows(outs, "out", "BatchOutput"))
	p.line("err := m.Batch(ctx, some, %s, st, opts...)", rows(ins, "in", "BatchInput"))
	if len(outs) == 1 {
		p.line("rt.PutRows(refused, %s, some, %d)", outs[0].name, outs[0].t.Len())
	} else {
		for _, q := range outs {
			p.line("rt.PutRows(refused, out.%s, some.%s, %d)", q.field, q.field, q.t.Len())
		}
	}
	p.line("return refused.Join(n, stats, st, err)")
	text(f, "others computes the rows that are not refused.", fmt.Sprintf("func (m *%s) others(ctx context.Context, refused *rt.Refused, n int, %s, %s, stats *rt.BatchStats, opts ...rt.BatchOption) error {\n%s\n}", name, outSig, inSig, p.text()))
}

// inputErrors says what inputChecks look for, each on a line of its own.
func inputErrors(m *ir.Model) (out string) {
	if slices.ContainsFunc(m.Inputs, isLabel) {
		out += "\nA label that is none is an error that wraps rt.ErrData."
	}
	if slices.ContainsFunc(m.Inputs, func(p ir.Port) bool { return p.Ascend }) {
		out += "\nTimes of a signal that do not ascend are an error that wraps rt.ErrBadTimes."
	}
	return out
}

// member is a field of the struct that holds a sample.
func (e *emitter) member(p port, of ir.Port) string {
	s := p.field + " " + e.apiType(p.t)
	if n := note(of); n != "" {
		s += " // " + n
	}
	return s
}

// rowsOf says what a slice of a batch holds.
func rowsOf(p ir.Port) string {
	s := fmt.Sprintf("rows of %d", p.Type.Len())
	if n := note(p); n != "" {
		s += ", " + n
	}
	return s
}
