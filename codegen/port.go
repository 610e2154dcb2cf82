package codegen

import (
	"fmt"
	"slices"

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

// rowsCheck is a statement that returns what is wrong with rows of a port; "" where nothing can be.
func rowsCheck(p ir.Port, rows string) string {
	switch {
	case isLabel(p):
		return fmt.Sprintf("if err := rt.CheckLabels(%q, %s, %d); err != nil { return err }", p.Name, rows, p.Classes)
	case p.Ascend:
		return fmt.Sprintf("if err := rt.CheckAscend(%q, %s, %d); err != nil { return err }", p.Name, rows, p.Type.Len())
	}
	return ""
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
