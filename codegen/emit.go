package codegen

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/parallel"
	"ndec.dev/ndec/ir/plan"
)

// Options of the Go back end.
type Options struct {
	Version string            // of ndec, for the header line
	Package string            // name of the Go package; "" takes the module's
	Sources map[string][]byte // source files by name, for comments
	// SourceHash identifies the sources; it goes into the manifest and checkpoints.
	SourceHash string
	// Kernels says that another file of the package declares kernels for devices.
	Kernels bool
	// Runtime is the path by which the package imports rt; "" takes rt's own.
	Runtime string
	// Tiles gives the package kernels with products on tiles, too, which NDEC_CPU=amx asks for.
	Tiles bool
	// Clocks gives the package what measures its kernels one by one, for `ndec bench --roofline`.
	Clocks bool
	// Extra are further files of the package, which the manifest lists and Emit returns with the others.
	Extra []plan.File
}

const rtPath = "ndec.dev/ndec/rt"

// emitter prints one package.
type emitter struct {
	plan *plan.Plan
	m    *ir.Module
	opts Options
	p    *printer

	global *scope // package-level names
	funcs  map[*ir.Func]string
	solves map[*ir.Solve]string // base name: "moons0"
	revs   map[*ir.Rev]string
	fields map[*ir.Param]string
	tables map[*ir.Value]string
	tabTxt []string
	work   map[any]string       // of *ir.Value, scanBuffer: field of the workspace
	workTx []string             // fields of the workspace
	tapes  map[*ir.Value]string // of recorded solves: field of the workspace
	accs   map[*ir.Value]string
	meant  string // meaning of the module
	// stepped holds the functions with solves whose stepping comes from a model, in by: the model's own
	// function and those that look along its solves. Elsewhere the stepping is a literal.
	stepped map[*ir.Func]*ir.Model
	vec     *vectors             // of what runs many samples at a time; nil for nothing
	wide    *vectors             // of models whose batches go by wide blocks; nil for none
	few     *vectors             // of models that run a few samples at a time in small batches; nil for none
	singly  map[*ir.Model]string // models whose batches go one sample after the other, in kernels for one, and why
	alone   *aloneCode           // of functions that have a kernel for one sample; nil for none
	bases   map[any]string       // of *ir.Model, *ir.Recipe, *ir.DataSet: base of its names
}

// Emit prints the package. The same plan gives the same bytes.
func Emit(p *plan.Plan, opts Options) ([]plan.File, diag.List) {
	if opts.Package == "" {
		opts.Package = p.Module.Package
	}
	e := &emitter{plan: p, m: p.Module, opts: opts, p: &printer{sources: map[string][]string{}},
		funcs: map[*ir.Func]string{}, solves: map[*ir.Solve]string{}, revs: map[*ir.Rev]string{}, fields: map[*ir.Param]string{},
		tables: map[*ir.Value]string{}, work: map[any]string{}, tapes: map[*ir.Value]string{}, accs: map[*ir.Value]string{}, stepped: map[*ir.Func]*ir.Model{}, bases: map[any]string{}}
	for name, text := range opts.Sources {
		e.p.sources[name] = strings.Split(string(text), "\n")
	}
	e.findStepped()
	if ds := e.names(); len(ds) > 0 {
		return nil, ds
	}
	base := opts.Package
	e.findKernels()
	meant := parallel.Start(func() { e.meant = meaning(e.m) }) // vectors take all cores
	generic := e.genericFile()
	if e.vec != nil {
		e.vec.sharedFunctions()
	}
	solve := e.solveFile()
	meant()
	train := e.trainFile()
	api := e.apiFile()
	texts := []textFile{e.goFile(apiFileName(base), api), e.goFile(base+"_generic.go", generic), e.goFile(base+"_solve.go", solve), e.goFile(base+"_train.go", train)}
	if e.vec != nil {
		texts = append(texts, e.vec.files(base)...)
	}
	if f := e.allocFile(); f != nil {
		texts = append(texts, e.goFile(base+"_alloc_test.go", f))
	}
	if e.alone != nil {
		texts = append(texts, e.alone.files(e, base)...)
	}
	if e.wide != nil {
		texts = append(texts, e.wide.wideFiles(base)...)
	}
	if e.few != nil {
		texts = append(texts, e.few.fewFiles(base)...)
	}
	files, ds := printed(texts)
	if len(ds) > 0 {
		return nil, ds
	}
	files = append(files, opts.Extra...)
	files = append(files, e.manifest(files))
	return files, nil
}

// textFile is a file whose declarations are there: its text can be made beside that of others.
type textFile struct {
	name string
	text func() ([]byte, error)
}

func (e *emitter) goFile(name string, f *file) textFile {
	return textFile{name, func() ([]byte, error) { return e.render(f) }}
}

// printed makes the texts.
func printed(texts []textFile) (files []plan.File, ds diag.List) {
	files, errs := make([]plan.File, len(texts)), make([]error, len(texts))
	parallel.Each(len(texts), func(i int) {
		files[i].Name = texts[i].name
		files[i].Text, errs[i] = texts[i].text()
	})
	for i, err := range errs {
		if err != nil { // the text is ours: whatever gofmt rejects is a bug of the compiler
			ds.Errorf("NDE0899", diag.Span{}, "compiler bug: emitted file %s does not parse: %s", files[i].Name, firstLine(err.Error()))
		}
	}
	return files, ds
}

func firstLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i]
	}
	return s
}

// twins complains of two names that are one in Go, which has no x and X, or a_b and aB, for others to use.
func twins(at diag.Span, what, of string, ports []ir.Port) (ds diag.List) {
	seen := map[string]string{}
	for _, q := range ports {
		n := goName(q.Name, true)
		if old, ok := seen[n]; ok {
			ds.Errorf("NDE0240", at, "the %s %s and %s of %s would both be %s in Go; rename one", what, old, q.Name, of, n)
		}
		seen[n] = q.Name
	}
	return ds
}

// statePorts are the states that a program names.
func statePorts(s *ir.Solve) (out []ir.Port) {
	for _, x := range s.States {
		if !x.Memory {
			out = append(out, ir.Port{Name: x.Name})
		}
	}
	return out
}

// names fixes the package-level identifiers in the order of declaration.
func (e *emitter) names() diag.List {
	var ds diag.List
	e.global = newScope("workspace", "group", "slices", "prepared", "sums", "NewParams", "LoadParams", "Program", "tensors", "paramCount",
		"paramsOf", "dataSets", "version", "unsafe", "io", "iter", "sync",
		"lanes", "laneFrame", "tiled", "laneKernels", "kernel", "laneList", "pickKernels", "wide", "wideFrame", "wideKernels", "wideKernel", "wideList", "pickWideKernels", "clockWide", "few", "fewFrame", "fewKernels", "fewKernel", "fewList", "pickFewKernels", "alone", "aloneFrame", "aloneWeights", "aloneKernels")
	if e.opts.Kernels {
		for _, n := range []string{"kernels", "kernelSource", "kernelPrelude"} {
			e.global.used[n] = true
		}
	}
	exported := map[string]diag.Span{"Params": {}, "NewParams": {}, "LoadParams": {}, "Real": {}, "Program": {}}
	for _, m := range e.m.Models {
		ds = append(ds, twins(m.Span, "inputs", "model "+m.Name, m.Inputs)...)
		ds = append(ds, twins(m.Span, "outputs", "model "+m.Name, m.Outputs)...)
		for _, s := range m.Solves {
			ds = append(ds, twins(s.Span, "states", "system "+s.System, statePorts(s))...)
		}
		for _, n := range modelNames(m) {
			if _, taken := exported[n]; taken {
				ds.Errorf("NDE0240", m.Span, "model %s would collide with the generated name %s; rename it", m.Name, n)
			}
			exported[n] = m.Span
		}
	}
	for _, r := range e.m.Recipes {
		for _, n := range []string{"Train" + goName(r.Name, true), goName(r.Name, true) + "LossGrad"} {
			if _, taken := exported[n]; taken {
				ds.Errorf("NDE0240", r.Span, "recipe %s would collide with the generated name %s; rename one", r.Name, n)
			}
			exported[n] = r.Span
		}
	}
	for _, d := range e.m.Data {
		n := tableMaker(d)
		if _, taken := exported[n]; taken {
			ds.Errorf("NDE0240", d.Span, "data %s would collide with the generated name %s; rename one", d.Name, n)
		}
		exported[n] = d.Span
	}
	states := map[string]bool{} // several steppers of a system share its state
	for _, st := range findSteppers(e.m) {
		for _, n := range st.exported() {
			if _, taken := exported[n]; taken && !states[n] {
				ds.Errorf("NDE0801", st.solve.Span, "the steps of system %s with %s would collide with the generated name %s; rename one", st.solve.System, st.by(), n)
			}
			exported[n] = st.solve.Span
		}
		exported[goName(st.name, false)+"Site"] = st.solve.Span
		exported[goName(st.ongoing, false)+"Site"] = st.solve.Span
		states[st.state] = true
	}
	var taken []string
	for n := range exported {
		taken = append(taken, n)
	}
	sort.Strings(taken)
	for _, n := range taken {
		e.global.used[n] = true
	}
	for _, m := range e.m.Models {
		e.family(m, m.Name, "Job", "Sites", "Rows", "Batch", "Blocks", "Small", "TablePath", "TableField")
		e.global.used["new"+m.Name+"Job"] = true
	}
	for _, r := range e.m.Recipes {
		e.family(r, r.Name, "Worker", "Shard", "Block", "Sites", "GradSites", "InputSites", "Backward", "Objective", "Gradients", "Inputs", "Recipe", "Metrics")
	}
	for _, d := range e.m.Data {
		e.family(d, d.Name, "Data")
	}
	fieldScope := newScope("alone", "from")
	for _, p := range e.m.Params {
		e.fields[p] = fieldScope.pick(goName(p.Name, true))
	}
	for _, p := range e.m.Derived {
		e.fields[p] = fieldScope.pick(goName(p.Name, false))
	}
	for _, s := range e.plan.Solves {
		base := goName(s.IR.Name, false)
		for n := 2; ; n++ {
			e.solves[s.IR] = base
			names := []string{e.solveName(s.IR), e.pathName(s.IR), e.tapeType(s.IR)}
			if !slices.ContainsFunc(names, e.global.has) {
				for _, n := range names {
					e.global.used[n] = true
				}
				break
			}
			base = goName(s.IR.Name, false) + "_" + strconv.Itoa(n)
		}
	}
	for _, f := range e.plan.Funcs {
		name := goName(f.IR.Name, false)
		if len(words(f.IR.Name)) == 1 {
			name += "Sample" // a model or objective: its bare name may be that of a variable
		}
		e.funcs[f.IR] = e.global.pick(name)
	}
	for _, r := range e.plan.Revs {
		e.revs[r] = e.global.pick("reverse" + goName(r.Solve.Name, true))
	}
	return ds
}

// locals is the scope of a function: its variables do not hide what the package declares.
func (e *emitter) locals(taken ...string) *scope {
	return e.global.inner(taken...)
}

// family picks the base of the package-level names that belong to a declaration.
func (e *emitter) family(decl any, name string, suffixes ...string) {
	base := goName(name, false)
	taken := func(b string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return e.global.has(b + s) })
	}
	for n := 2; taken(base); n++ {
		base = goName(name, false) + strconv.Itoa(n)
	}
	for _, s := range suffixes {
		e.global.used[base+s] = true
	}
	e.bases[decl] = base
}

func (e *emitter) funcName(f *ir.Func) string { return e.funcs[f] }
func (e *emitter) field(p *ir.Param) string   { return e.fields[p] }

// memory is where a function finds a parameter, or a value derived from parameters.
func (e *emitter) memory(p *ir.Param) string {
	if p.Derived {
		return "pre." + e.fields[p]
	}
	return "w." + e.fields[p]
}

// capital makes the first letter of a Go name a capital.
func capital(name string) string {
	first, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[n:]
}

func (e *emitter) solveName(s *ir.Solve) string {
	return "solve" + capital(e.solves[s])
}
func (e *emitter) pathName(s *ir.Solve) string {
	return "path" + capital(e.solves[s])
}
func (e *emitter) revName(r *ir.Rev) string       { return e.revs[r] }
func (e *emitter) tapeType(s *ir.Solve) string    { return e.solves[s] + "Tape" }
func (e *emitter) solveOrPath(s *ir.Solve) string { return "solve " + s.Name }

// elem is the Go type of an element: Real for the module's precision.
func (e *emitter) elem(t ir.Elem) string {
	if t == e.m.Real {
		return "Real"
	}
	return goElem(t)
}

// passed is the Go type of a parameter: scalars by value, arrays by pointer.
func (e *emitter) passed(t ir.Type) string {
	if t.IsScalar() {
		return e.elem(t.Elem)
	}
	return fmt.Sprintf("*[%d]%s", t.Len(), e.elem(t.Elem))
}

// valueType is the Go type of a variable that holds t.
func (e *emitter) valueType(t ir.Type) string {
	if t.IsScalar() {
		return e.elem(t.Elem)
	}
	return fmt.Sprintf("[%d]%s", t.Len(), e.elem(t.Elem))
}

// table is the package-level array of a constant that is given element by element.
func (e *emitter) table(v *ir.Value) string {
	if n, ok := e.tables[v]; ok {
		return n
	}
	base := "table"
	if v.Name != "" {
		base = goName(v.Name, false) + "Table"
	}
	n := e.global.pick(base)
	e.tables[v] = n
	data := v.Attr.Data
	if data == nil && v.Attr.Num == 0 {
		e.tabTxt = append(e.tabTxt, fmt.Sprintf("var %s [%d]%s", n, v.Type.Len(), e.elem(v.Type.Elem)))
		return n
	}
	var xs []string
	for i := 0; i < v.Type.Len(); i++ {
		x := v.Attr.Num
		if data != nil {
			x = data[i]
		}
		xs = append(xs, strings.Trim(number(x, v.Type.Elem), "()"))
	}
	e.tabTxt = append(e.tabTxt, fmt.Sprintf("var %s = [%d]%s{%s}", n, v.Type.Len(), e.elem(v.Type.Elem), strings.Join(xs, ", ")))
	return n
}

// workArray is the field of the workspace that holds v.
func (e *emitter) workArray(f *plan.Func, v *ir.Value) string {
	return e.workBuffer(f, v, localName(v), v.Type)
}

// tapeOf is the field of the workspace that holds the tape of v, a recorded solve. Every value has one of
// its own: another run of the same solve may come before the reverse sweep.
func (e *emitter) tapeOf(v *ir.Value) string {
	if n, ok := e.tapes[v]; ok {
		return n
	}
	s := v.Attr.Solve
	n := e.tapeType(s)
	for _, other := range e.tapes {
		if other == n {
			n = e.global.pick(n)
			break
		}
	}
	e.tapes[v] = n
	e.workTx = append(e.workTx, fmt.Sprintf("%s %s", n, e.tapeType(s)))
	return n
}

// workBuffer is the field of the workspace that belongs to key, made when it is first asked for.
func (e *emitter) workBuffer(f *plan.Func, key any, name string, t ir.Type) string {
	if n, ok := e.work[key]; ok {
		return n
	}
	n := e.global.pick(e.funcName(f.IR) + goName(name, true))
	e.work[key] = n
	e.workTx = append(e.workTx, fmt.Sprintf("%s [%d]%s // of %s", n, t.Len(), e.elem(t.Elem), f.IR.Name))
	return n
}

func (e *emitter) header() string { return Header(e.opts.Version, e.m.Files) }

// Header is the first line of every emitted file.
func Header(version string, sources []string) string {
	names := make([]string, len(sources))
	for i, n := range sources {
		names[i] = clean(n)
	}
	return fmt.Sprintf("// Code generated by ndec %s from %s; DO NOT EDIT.", version, strings.Join(names, ", "))
}

// genericFile holds the functions over one sample: fields, steps, objectives and their derivatives.
func (e *emitter) genericFile() *file {
	f := new(file)
	if e.alone != nil {
		e.alone.frame(e, f)
	}
	for _, fn := range e.plan.Funcs {
		w := e.newFunction(fn)
		ps, rs := w.signature()
		if e.alone != nil {
			e.alone.dispatch(w)
		}
		w.body()
		body := e.p.text()
		text(f, e.funcDoc(fn), fmt.Sprintf("func %s(%s) %s {\n%s\n}", e.funcName(fn.IR), ps, rs, body))
	}
	e.putTables(f)
	return f
}

// putTables declares the tables that functions have read since the last time.
func (e *emitter) putTables(f *file) {
	for _, t := range e.tabTxt {
		text(f, "", t)
	}
	e.tabTxt = nil
}

// abi ties a package to the version of rt that it was made for: with another it does not compile.
func (e *emitter) abi(f *file) { text(f, "", "const _ = rt.ABI1") }

func (e *emitter) funcDoc(fn *plan.Func) string {
	name := e.funcName(fn.IR)
	doc := fmt.Sprintf("%s is %s of one sample", name, fn.IR.Name)
	if fn.IR.Span.IsValid() {
		doc += " (" + clean(fn.IR.Span.String()) + ")"
	}
	c := fn.Cost
	var parts []string
	if c.MulAdds > 0 {
		parts = append(parts, plural(c.MulAdds, "multiply-add"))
	}
	if c.Trans > 0 {
		parts = append(parts, plural(c.Trans, "transcendental function"))
	}
	if len(parts) > 0 {
		doc += ": " + strings.Join(parts, ", ")
	}
	return doc + "."
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// solveFile holds the loops over steps and the reverse sweeps.
func (e *emitter) solveFile() *file {
	f := new(file)
	for _, ps := range e.plan.Solves {
		s := ps.IR
		how := s.Method + ", adaptive"
		switch {
		case s.Steps > 0:
			how = s.Method + " in a number of steps"
		case s.StepSize > 0:
			how = s.Method + " in steps of a length"
		}
		if ps.End {
			l := e.newLoop(ps, false)
			prm, res := l.signature()
			l.body()
			text(f, fmt.Sprintf("%s solves system %s from t0 to t1 with %s (%s).", e.solveName(s), s.System, how, clean(s.Span.String())),
				fmt.Sprintf("func %s(%s) %s {\n%s\n}", e.solveName(s), prm, res, e.p.text()))
		}
		if ps.Path {
			l := e.newLoop(ps, true)
			prm, res := l.signature()
			l.body()
			text(f, fmt.Sprintf("%s solves system %s with %s and gives the states at the times ts, sorted from t0 on; the times do not change the steps (%s).", e.pathName(s), s.System, how, clean(s.Span.String())),
				fmt.Sprintf("func %s(%s) %s {\n%s\n}", e.pathName(s), prm, res, e.p.text()))
		}
		if s.Record {
			text(f, "", e.tape(s))
		}
	}
	for _, r := range e.plan.Revs {
		prm, res, body := e.reverse(r)
		text(f, fmt.Sprintf("%s carries cotangents back over the recorded %s of %s, last to first.", e.revName(r), map[bool]string{false: "steps", true: "stretches"}[r.Solve.Stretches], r.Solve.Name),
			fmt.Sprintf("func %s(%s) %s {\n%s\n}", e.revName(r), prm, res, body))
	}
	e.workspace(f)
	return f
}

// workspace prints the type that holds tapes and large arrays; one belongs to one goroutine.
func (e *emitter) workspace(f *file) {
	p := e.p
	p.line("type workspace struct {")
	if e.alone != nil {
		p.line("alone *aloneFrame")
	}
	if slices.ContainsFunc(e.plan.Solves, func(s *plan.Solve) bool { return s.IR.StepGroup != "" }) {
		p.line("group *rt.StepMember // of a sample whose batch takes steps of one length")
	}
	for _, t := range e.workTx {
		p.line("%s", t)
	}
	p.line("}")
	text(f, "workspace holds what one goroutine needs: the tapes of recorded solves and large arrays.", p.text())
}
