package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// aloneCode prints functions over one sample that have a kernel, with the sample's elements in the lanes of vectors.
// Where the processor has the instructions such a function hands its arguments to the kernel; loops over steps, and
// whoever else calls it, do not know.
type aloneCode struct {
	found   *lanes.Alone
	set     *lanes.Set
	entries map[*ir.Func]*lanes.Kernel
	paths   map[*lanes.Field]string // of a field, from the frame on
	packs   []string                // names of the copies of parameters
}

// keepAlone takes what has a kernel for one sample. The plan then says that such functions need a frame and the
// copies of parameters.
func (e *emitter) keepAlone(found *lanes.Alone) {
	set, entries := found.Set, found.Entries
	if len(entries) == 0 {
		return
	}
	e.alone = &aloneCode{found: found, set: set, entries: entries, paths: map[*lanes.Field]string{}}
	sc := newScope()
	for _, q := range set.Packs() {
		name := goName(q.Param.Name, false)
		switch {
		case q.Columns:
			name += "Columns"
		case q.Flat:
			name += "Flat"
		}
		e.alone.packs = append(e.alone.packs, sc.pick(name))
	}
	e.plan = e.plan.Needing(func(f *ir.Func) plan.Needs {
		if entries[f] == nil {
			return plan.Needs{}
		}
		return plan.Needs{Prepared: true, Work: true}
	})
}

// prepared reports whether something is computed whenever parameters have changed.
func (e *emitter) prepared() bool { return len(e.m.Derived) > 0 || e.alone != nil }

// frame prints the types of the memory of kernels for one sample, and the table of these.
func (a *aloneCode) frame(e *emitter, f *file) {
	p, s := e.p, a.set
	p.line("spill [%d]byte // vectors and pointers that found no register", s.MaskOff)
	off := s.MaskOff
	for _, k := range s.Kernels {
		if len(k.Fields) == 0 {
			continue
		}
		sc := newScope()
		p.line("%s struct { // %s", k.Name, clean(k.Func.Name))
		for _, fd := range k.Fields {
			name := sc.pick(goName(fd.Name, false))
			a.paths[fd] = k.Name + "." + name
			p.line("%s [%d]%s", name, fd.Rows, a.elem(e, fd.Elem))
			off = fd.Off + fd.Rows*s.ElemBytes(fd.Elem)
		}
		p.line("}")
	}
	text(f, "aloneFrame is the memory of kernels for one sample: for each function its arguments, results and other values, rounded up\nto whole vectors.", "type aloneFrame struct {\n"+p.text()+"\n}")
	text(f, "Kernels know the places in a frame as numbers.", fmt.Sprintf("var _ = [%d]byte([unsafe.Sizeof(aloneFrame{})]byte{})", off))
	for i, q := range s.Packs() {
		how := "by rows"
		switch {
		case q.Columns:
			how = "by columns"
		case q.Flat:
			how = "as it is"
		}
		p.line("%s [%d]%s // %s %s", a.packs[i], q.Len, e.elem(q.Param.Type.Elem), clean(q.Param.Name), how)
	}
	text(f, "aloneWeights are parameters as kernels for one sample read them.", "type aloneWeights struct {\n"+p.text()+"\n}")
	for i, q := range s.Packs() {
		rows, columns := q.Shape()
		from := e.memory(q.Param)
		if q.Columns {
			p.line("rt.PackColumns(a.%s[:], %s[:], %d, %d, %d, %d)", a.packs[i], from, rows, columns, s.Tile(), s.Padded(1))
		} else {
			p.line("rt.PackRows(a.%s[:], %s[:], %d, %d)", a.packs[i], from, columns, s.Padded(columns))
		}
	}
	text(f, "of fills them in.", "func (a *aloneWeights) of(w *Params, pre *prepared) {\n"+p.text()+"\n}")
	for _, k := range a.called(e) {
		p.line("%s func(%s)", k.Name, strings.Join(s.Args, ", "))
	}
	text(f, "aloneKernels are kernels for one sample.", "type aloneKernels struct {\n"+p.text()+"\n}")
	text(f, "alone holds them; nil where the processor has none of the instruction sets.", "var alone *aloneKernels")
	text(f, "", "func (ws *workspace) aloneFrame() *aloneFrame {\nif ws.alone == nil { ws.alone = rt.Aligned[aloneFrame]() }\nreturn ws.alone\n}")
}

// called are the kernels that Go calls, in the order of the plan.
func (a *aloneCode) called(e *emitter) []*lanes.Kernel {
	var out []*lanes.Kernel
	add := func(k *lanes.Kernel) {
		if k != nil && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	for _, fn := range e.plan.Funcs {
		add(a.entries[fn.IR])
	}
	for _, s := range e.plan.Solves {
		if r := a.found.Rows[s.IR]; r != nil {
			add(r.Kernel)
		}
	}
	return out
}

// elem is the Go type of an element in the frame: integers beside float64 are float64.
func (a *aloneCode) elem(e *emitter, t ir.Elem) string {
	switch {
	case t == ir.Bool && e.m.Real == ir.F64:
		return "uint64"
	case t == ir.Bool:
		return "uint32"
	case t == ir.I32 && e.m.Real == ir.F64:
		return "float64"
	}
	return e.elem(t)
}

// dispatch prints how a function hands its arguments to its kernel.
func (a *aloneCode) dispatch(fn *function) {
	k := a.entries[fn.f.IR]
	if k == nil {
		return
	}
	e, p := fn.e, fn.p
	name := func(f *lanes.Field) string { return "fr." + a.paths[f] }
	convert := func(to, from, x string) string {
		if to == from {
			return x
		}
		return to + "(" + x + ")"
	}
	array := func(f *lanes.Field, t ir.Type) string {
		return fmt.Sprintf("*(*[%d]%s)(%s[:%d])", t.Len(), e.elem(t.Elem), name(f), t.Len())
	}
	p.line("if alone != nil {")
	p.line("fr := ws.aloneFrame()")
	for i, v := range fn.f.IR.Args {
		f := k.Args[i]
		to, from := a.elem(e, v.Type.Elem), e.elem(v.Type.Elem)
		switch {
		case v.Type.IsScalar():
			p.line("%s[0] = %s", name(f), convert(to, from, fn.name[v]))
		case to == from:
			p.line("%s = *%s", array(f, v.Type), fn.name[v])
		default:
			p.line("for i, x := range %s { %s[i] = %s(x) }", fn.name[v], name(f), to)
		}
	}
	p.line("alone.%s(fr, pre.alone)", k.Name)
	var scalars []string
	for i, r := range fn.f.IR.Results {
		f := k.Results[i]
		if f == nil {
			continue
		}
		from, to := a.elem(e, r.Type.Elem), e.elem(r.Type.Elem)
		switch {
		case r.Type.IsScalar():
			scalars = append(scalars, convert(to, from, name(f)+"[0]"))
		case to == from:
			p.line("*%s = %s", fn.res[i], array(f, r.Type))
		default:
			p.line("for i := range %s { %s[i] = %s(%s[i]) }", fn.res[i], fn.res[i], to, name(f))
		}
	}
	p.line("%s", strings.TrimSpace("return "+strings.Join(scalars, ", ")))
	p.line("}")
}

// files are the choice of kernels for one sample and the assembly of each ISA.
func (a *aloneCode) files(e *emitter, base string) []textFile {
	f := &file{build: "!purego"}
	p := e.p
	called := a.called(e)
	p.line("switch rt.CPULevel() {")
	for _, isa := range slices.Backward(asm.ISAs[:]) {
		p.line("case rt.%s:", strings.ToUpper(isa.String()))
		p.line("alone = &aloneKernels{")
		for _, k := range called {
			p.line("%s: %s,", k.Name, asm.Symbol(k.Name, a.set.Quickest(k, isa)))
		}
		p.line("}")
	}
	p.line("}")
	doc := ""
	if slices.ContainsFunc(called, func(k *lanes.Kernel) bool { return a.set.Quickest(k, asm.AVX512) != asm.AVX512 }) {
		doc = "What has no more elements than a vector of AVX-512 holds waits less with AVX2: two short vectors divide, and add up their lanes, sooner."
	}
	text(f, doc, "func init() {\n"+p.text()+"\n}")
	own := func(isa asm.ISA) func(k *lanes.Kernel) bool {
		return func(k *lanes.Kernel) bool { return slices.Contains(called, k) && a.set.Quickest(k, isa) == isa }
	}
	for _, isa := range asm.ISAs {
		for _, k := range called {
			if !own(isa)(k) {
				continue
			}
			text(f, "", fmt.Sprintf("func %s(%s)", asm.Symbol(k.Name, isa), strings.Join(a.set.Args, ", ")))
		}
	}
	out := []textFile{e.goFile(base+"_alone_amd64.go", f)}
	for _, isa := range asm.ISAs {
		out = append(out, e.assemblyOf(isa, a.set, base+"_alone", a.set.Called(own(isa)), own(isa)))
	}
	return out
}
