package cudagen

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// Options of the CUDA back end.
type Options struct {
	Package string            // name of the Go package; "" takes the module's
	Sources map[string][]byte // source files by name, for comments
	Header  string            // first line of every file: who generated it from what
	Runtime string            // path by which the package imports rt; "" takes rt's own
	Teams   bool              // all kernels have teams, as large nets do
	Layers  bool              // all models go layer by layer that can
	Split   int               // so many lanes share a sample in all kernels that have something to share out
	Shared  int               // bytes of shared memory that a block of groups has; 0: those of compute capability 9.0
	// SplitShort is the length up to which arrays are in every lane; 0 takes that of the plan.
	SplitShort int
}

// Output is what the back end makes: NAME.cu and ndec.cuh, and what a launcher needs to know of them.
type Output struct {
	Files   []plan.File
	Kernels Kernels
	Budgets map[string]Budget // by kernel, and by model that has several
	Costs   []string          // names of budgets in order
	Arch    []int             // devices that the program names for Images: 80 is sm_80; set by whoever knows
	Images  []Image           // what a compiler made of them; set by whoever has one
	pkg     string
	header  string
	runtime string // import path of rt
}

// Image is PTX for devices of a compute capability and above: 80 is sm_80.
type Image struct {
	Capability int
	Groups     bool // for devices of this capability alone, with the kernels of groups and no others (OnlyGroups is defined): sm_90a
	Text       []byte
}

// Arch is the architecture of an image: 90, or 90a.
func (m Image) Arch() string {
	if m.Groups {
		return fmt.Sprint(m.Capability, "a")
	}
	return fmt.Sprint(m.Capability)
}

//go:embed prelude/*.cuh
var preludeFiles embed.FS

// preludeParts are the files of the prelude that emitted code stands on, in order.
var preludeParts = []string{"ndec.cuh", "trig.cuh", "conv.cuh", "draw.cuh", "solve.cuh", "event.cuh", "warp.cuh", "reduce.cuh", "optim.cuh", "team.cuh", "split.cuh", "tile.cuh", "group.cuh", "group_sum.cuh", "layer.cuh", "layer_group.cuh"}

// Prelude is the text of ndec.cuh.
func Prelude() string {
	var b strings.Builder
	for _, name := range preludeParts {
		b.WriteString(preludeFile(name))
	}
	return b.String()
}

// Emulation is the text of emulate.cuh, which stands in for CUDA when a C++ compiler gets the kernels with
// NDEC_EMULATE defined, and Server that of a program around them.
func Emulation() string { return preludeFile("emulate.cuh") }

// Server is the text of server.cuh: a process that holds memory and runs emulated kernels.
func Server() string { return preludeFile("server.cuh") }

func preludeFile(name string) string {
	text, err := preludeFiles.ReadFile("prelude/" + name)
	if err != nil {
		panic("cudagen: " + err.Error()) // embedded
	}
	return string(text)
}

// emitter prints the kernels of one package.
type emitter struct {
	plan *plan.Plan
	m    *ir.Module
	opts Options
	p    *printer

	global   *scope // file-level names
	funcs    map[*ir.Func]string
	solves   map[*ir.Solve]string
	revs     map[*ir.Rev]string
	fields   map[*ir.Param]string
	tables   map[*ir.Value]string
	tabTxt   []table
	tabLen   int                  // bytes of all tables
	tapes    map[*ir.Value]string // of recorded solves: field of the workspace
	stepped  map[*ir.Func]*ir.Model
	done     map[printed]bool
	team     *team // of the functions that are printed for a block a sample; nil for a thread a sample
	teams    team
	tile     bool                                   // functions are printed for a warp with a sample in each lane
	rounded  map[*plan.Func]map[*ir.Value]*ir.Value // what their products round themselves
	groups   map[*kernel]*group                     // those of kernels that have one
	apart    bool                                   // what is printed is not for the image with kernels of groups
	layering bool                                   // what goes layer by layer has kernels of groups
	standing map[*ir.Func]bool                      // functions of tiles that stand where they are used in kernels of groups
	backs    map[*ir.Func]bool                      // and in gradients of groups
	merging  map[*ir.Func]bool                      // functions of tiles whose calls of the same one are a loop
	numbers  *scope                                 // names of the function whose numbers gradients of groups keep in memory; nil if they do not
	again    map[*ir.Func]*ir.Func                  // of steps back, what the gradients of groups do in their place
	packed   map[packing]int                        // where matrices lie in the shared memory of their groups; -1: they are streamed
	samples  int                                    // of the kernel of a group that is printed, where it has tapes
	stage    int                                    // bytes through which they go, which come first
	tiles    frames
	lanes    int                   // arrays of the function that is printed that are longer lie in memory of the warp; 0: none do
	roots    map[*ir.Func]bool     // functions of kernels, which nobody else calls
	sites    map[*ir.Func]int      // places where functions of threads stand
	copies   map[*ir.Func]int      // and those in kernels
	loops    map[any]int           // places where solves and sweeps of teams stand
	sweeps   map[sweepText]*ir.Rev // the first of those that are alike
	knows    bool                  // some of them are called
	layer    bool                  // kernels are printed for a batch, layer by layer
	split    *split                // functions are printed for lanes that share a sample
	splits   *split                // the same; nil if there are no such kernels

	layerFuncs  map[*ir.Func]*layerFunc // in pieces; nil for those that cannot be
	layerLoops  map[loopKey]*solveKernels
	layerBacks  map[backKey]*reverseKernels
	layerRunsOf map[*ir.Value]*runKernels
	spreadFuncs map[*ir.Func]*layerFunc // in pieces, element by element
	guardFuncs  map[*ir.Func]string     // and of the guards of a sample
	k           Kernels
}

// constantBytes bounds what parameters, values prepared from them and tables may take of the 64 KiB of constant
// memory; the rest is for kernel arguments and the compiler's own constants.
const constantBytes = 56 << 10

// Emit prints kernels for the models and recipes of p. What does not fit a kernel is left out with a diagnostic; the Go
// back end runs it. The same plan gives the same bytes.
func Emit(p *plan.Plan, opts Options) (*Output, diag.List) {
	if opts.Package == "" {
		opts.Package = p.Module.Package
	}
	e := &emitter{plan: p.Copy(), m: p.Module, opts: opts, p: &printer{sources: map[string][]string{}}, global: newScope(append(strings.Fields(kernelWords), "Params", "Prepared", "Workspace", "Team", "TeamWorkspace", "TileWorkspace", "Tile", "SplitWorkspace", "Split", "Own", "half")...),
		funcs: map[*ir.Func]string{}, solves: map[*ir.Solve]string{}, revs: map[*ir.Rev]string{}, fields: map[*ir.Param]string{},
		tables: map[*ir.Value]string{}, tapes: map[*ir.Value]string{}, stepped: map[*ir.Func]*ir.Model{}, done: map[printed]bool{}, tiles: frames{of: map[any]int{}, inGroup: map[any]int{}}, roots: map[*ir.Func]bool{}, sites: map[*ir.Func]int{}, copies: map[*ir.Func]int{}, loops: map[any]int{}, sweeps: map[sweepText]*ir.Rev{}, rounded: map[*plan.Func]map[*ir.Value]*ir.Value{},
		layerFuncs: map[*ir.Func]*layerFunc{}, layerLoops: map[loopKey]*solveKernels{}, layerBacks: map[backKey]*reverseKernels{}, layerRunsOf: map[*ir.Value]*runKernels{}, spreadFuncs: map[*ir.Func]*layerFunc{}, guardFuncs: map[*ir.Func]string{}}
	for name, text := range opts.Sources {
		e.p.sources[name] = strings.Split(string(text), "\n")
	}
	kernels, ds := e.choose()
	e.names(kernels)
	e.teams = e.teamOf(kernels)
	e.splits = e.splitOfKernels(kernels)
	for _, k := range kernels {
		e.roots[k.fn.IR] = true
	}
	e.countSites(kernels)
	e.groupKernels(kernels)
	e.countLoops(kernels)
	for _, k := range kernels {
		if e.m.Prepare != nil && k.needs().Prepared {
			e.prepareFunction()
		}
		if k.form != layered {
			e.inForm(k, func() { e.function(k.fn.IR) })
		}
	}
	functions := e.p.text()
	e.k.Real = e.m.Real.Bytes()
	e.layout(kernels)
	for _, k := range kernels {
		e.inForm(k, func() { e.kernel(k) })
	}
	if e.k.Prepared > 0 {
		e.setApart(true)
		e.prepareKernel()
	}
	e.updateKernels(kernels)
	e.setApart(false)
	bodies := e.mergeAlike(e.p.text())
	e.declarations(kernels, functions+bodies)
	text := e.p.text() + functions + bodies
	base := opts.Package
	out := &Output{Kernels: e.k, Budgets: map[string]Budget{}, Costs: costs(kernels), pkg: base, header: opts.Header, runtime: cmp.Or(opts.Runtime, "ndec.dev/ndec/rt")}
	for _, k := range kernels {
		out.Budgets[k.name] = e.budget(k)
	}
	out.Files = []plan.File{
		{Name: base + ".cu", Text: []byte(text)},
		{Name: "ndec.cuh", Text: []byte(opts.Header + "\n\n" + Prelude())},
	}
	return out, ds
}

// costs are the names of kernels in order.
func costs(kernels []*kernel) (names []string) {
	for _, k := range kernels {
		names = append(names, k.name)
	}
	return names
}

// names fixes the file-level identifiers, kernels first: the launcher calls them by name.
func (e *emitter) names(kernels []*kernel) {
	scopeOf := newScope()
	for _, p := range e.m.Params {
		e.fields[p] = scopeOf.pick(snake(p.Name))
	}
	for _, p := range e.m.Derived {
		e.fields[p] = scopeOf.pick(snake(p.Name))
	}
	for _, k := range kernels {
		k.name = e.global.pick(snake(k.of()) + "_" + k.kind.String() + "_batch")
	}
	for _, m := range e.m.Models {
		if pf := e.plan.Of(m.Func); pf != nil && pf.Needs.Stats > 0 {
			e.stepped[m.Func] = m
		}
	}
	for _, f := range e.plan.Funcs {
		e.nameFunc(f.IR)
	}
	for _, s := range e.plan.Solves {
		e.solves[s.IR] = e.global.pickFamily("solve_"+snake(s.IR.Name), append(numbered("_jump", len(s.IR.Events)), "_team", "_tile", "_tape", "_team_tape", "_tile_tape", "_team_call", "_team_results", "_team_here", "_split", "_split_tape", "_begin", "_length", "_aim", "_decide", "_advance", "_end", "_outputs", "_rest", "_anew", "_settle", "_lost", "_ready", "_mean", "_most", "_share", "_leave")...)
	}
	for _, r := range e.plan.Revs {
		e.revs[r] = e.global.pickFamily("reverse_"+snake(r.Solve.Name), append(append(numbered("_event", len(r.Events)), numbered("_before", len(r.Events))...), "_team", "_tile", "_team_call", "_team_results", "_team_here", "_split", "_begin", "_load", "_carry", "_anew")...)
	}
	fields := newScope()
	seen := map[*ir.Func]bool{}
	for _, k := range kernels {
		e.visit(k.fn.IR, seen, func(f *ir.Func) {
			for _, v := range f.Values {
				// Every value has a tape of its own: another run of the same solve may come before the sweep.
				if v.Op == ir.OpSolve && v.Attr.Solve.Record {
					e.tapes[v] = fields.pick(snake(v.Attr.Solve.Name))
				}
			}
		})
	}
}

func (e *emitter) nameFunc(f *ir.Func) {
	e.funcs[f] = e.global.pickFamily(snake(f.Name), "_call", "_results", "_team", "_team_call", "_team_results", "_tile", "_tile_call", "_tile_results", "_split")
}

// numbered are so many names, from 0 on.
func numbered(name string, n int) (out []string) {
	for i := range n {
		out = append(out, name+strconv.Itoa(i))
	}
	return out
}

// visit calls do for f and every function that it reaches, each once, callees first.
func (e *emitter) visit(f *ir.Func, seen map[*ir.Func]bool, do func(*ir.Func)) {
	if f == nil || seen[f] {
		return
	}
	seen[f] = true
	for _, v := range f.Values {
		for _, g := range callees(v) {
			e.visit(g, seen, do)
		}
	}
	do(f)
}

// taped reports whether one of these functions writes or reads tapes.
func (e *emitter) taped(fs ...*ir.Func) bool {
	found := false
	for _, f := range fs {
		e.visit(f, map[*ir.Func]bool{}, func(g *ir.Func) {
			for _, v := range g.Values {
				found = found || v.Op == ir.OpRev || v.Op == ir.OpSolve && v.Attr.Solve.Record
			}
		})
	}
	return found
}

// callees are the functions that v runs.
func callees(v *ir.Value) []*ir.Func {
	switch v.Op {
	case ir.OpCall:
		return []*ir.Func{v.Attr.Func}
	case ir.OpMap:
		return []*ir.Func{v.Attr.Map.Fn}
	case ir.OpScan:
		return []*ir.Func{v.Attr.Scan.Fn}
	case ir.OpSolve:
		return solveFuncs(v.Attr.Solve)
	case ir.OpRev:
		return sweepFuncs(v.Attr.Rev)
	}
	return nil
}

// sweepFuncs are the functions that the sweep r calls.
func sweepFuncs(r *ir.Rev) []*ir.Func {
	return append([]*ir.Func{r.StepVJP, r.AtVJP, r.DenseVJP, r.StartVJP, r.StartAtVJP, r.BeginVJP}, r.Events...)
}

// solveFuncs are the functions that the loop of s calls.
func solveFuncs(s *ir.Solve) []*ir.Func {
	var fs []*ir.Func
	if fieldFirst(s) {
		fs = append(fs, s.Field)
	}
	if denseSteps(s) {
		fs = append(fs, s.DenseStep)
	} else {
		fs = append(fs, s.Step)
	}
	if s.Start != nil {
		fs = append(fs, s.Start)
	}
	if s.Inside() {
		fs = append(fs, s.Dense, s.StartDense, s.Guard)
	}
	for _, e := range s.Events {
		fs = append(fs, e.Reset)
	}
	if s.Rebegins() {
		fs = append(fs, s.Begin)
	}
	if s.Adaptive {
		fs = append(fs, s.Norm, s.Control)
		if s.FirstStep == 0 {
			fs = append(fs, s.Before()...)
		}
	}
	return fs
}

// function prints f after everything that it calls, each once.
func (e *emitter) function(f *ir.Func) {
	if f == nil || !e.begin(f) {
		return
	}
	for _, v := range f.Values {
		for _, g := range callees(v) {
			e.function(g)
		}
		switch v.Op {
		case ir.OpSolve:
			if s := v.Attr.Solve; e.begin(s) {
				e.p.line("// %s: system %s from t0 to t1 with %s (%s).", e.solveName(s), s.System, s.Method, clean(s.Span.String()))
				e.frame(s, func() { e.newLoop(s).print() })
				e.p.line("")
			}
		case ir.OpRev:
			if r := e.sweepOf(v.Attr.Rev); e.begin(r) {
				e.p.line("// %s carries cotangents back over the recorded steps of %s, last to first.", e.revName(r), r.Solve.Name)
				e.frame(r, func() { e.reverse(r) })
				e.p.line("")
			}
		}
	}
	again := e.againIn(f)
	e.function(again)
	pf := e.plan.Of(f)
	e.p.line("%s", e.funcDoc(pf))
	e.p.last = ""
	e.frame(f, func() { e.newFunction(pf).print() })
	if again != nil {
		e.tiles.inGroup[f] = e.tiles.inGroup[again]
	}
	e.p.line("")
}

func (e *emitter) funcDoc(fn *plan.Func) string {
	doc := fmt.Sprintf("// %s is %s of one sample", e.funcName(fn.IR), clean(fn.IR.Name))
	if fn.IR.Span.IsValid() {
		doc += " (" + clean(fn.IR.Span.String()) + ")"
	}
	var parts []string
	if n := fn.Cost.MulAdds; n > 0 {
		parts = append(parts, plural(n, "multiply-add"))
	}
	if n := fn.Cost.Trans; n > 0 {
		parts = append(parts, plural(n, "transcendental function"))
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

// elem is the C++ type of an element: real for the module's precision.
func (e *emitter) elem(t ir.Elem) string {
	if t == e.m.Real {
		return "real"
	}
	return elemNames[t]
}

// memory is where a function finds a parameter, or a value derived from parameters.
func (e *emitter) memory(p *ir.Param) string {
	if e.split != nil && p.Type.Len() <= shortLen && e.split.slots(p.Type) == 0 {
		return e.holds(p)
	}
	if p.Derived {
		return "pre." + e.fields[p]
	}
	return "w." + e.fields[p]
}

// layout gives parameters and prepared values their sizes, and constant memory where they fit.
func (e *emitter) layout(kernels []*kernel) {
	for _, k := range kernels {
		n := k.needs()
		if n.Params || n.Prepared {
			e.k.Params = paramBytes(e.m.Params)
		}
		if n.Prepared {
			e.k.Prepared = paramBytes(e.m.Derived)
		}
	}
	e.k.Constant = e.k.Params+e.k.Prepared+e.tabLen <= constantBytes
}

// paramBytes is the size of a struct of arrays, as C++ lays it out.
func paramBytes(ps []*ir.Param) int {
	n, widest := 0, 1
	for _, p := range ps {
		size := p.Type.Elem.Bytes()
		widest = max(widest, size)
		n = (n+size-1)/size*size + p.Type.Len()*size
	}
	return (n + widest - 1) / widest * widest
}

// declarations prints what stands before the functions.
func (e *emitter) declarations(kernels []*kernel, text string) {
	p := e.p
	p.line("%s", e.opts.Header)
	p.line("")
	what := "One thread is one sample"
	if slices.ContainsFunc(kernels, func(k *kernel) bool { return k.form == tiled }) {
		what += ", with products of a warp at a time (_tile)"
	}
	if slices.ContainsFunc(kernels, func(k *kernel) bool { return k.form == teamed }) {
		what += ", or one block is (_team)"
	}
	if slices.ContainsFunc(kernels, func(k *kernel) bool { return k.form == splitted }) {
		what += ", or some lanes of a warp are (_split)"
	}
	if slices.ContainsFunc(kernels, func(k *kernel) bool { return k.form == layered }) {
		what += ", or a batch goes layer by layer"
	}
	what += "."
	p.line("// %s Compile without contraction (nvcc --fmad=false): products are rounded before they are", what)
	p.line("// added unless ndec_fma says otherwise, so that results agree with the Go back end up to elementary functions.")
	for _, k := range kernels {
		p.line("//")
		for _, l := range k.describe(e) {
			p.line("//   %s", l)
		}
	}
	p.line("")
	p.line("typedef %s real;", elemNames[e.m.Real])
	p.line("")
	p.line(`#include "ndec.cuh"`)
	p.line("")
	e.paramStruct("Params", "The parameters of the package, row-major.", e.m.Params, e.k.Params)
	e.paramStruct("Prepared", "What is computed once whenever parameters have changed.", e.m.Derived, e.k.Prepared)
	e.tablesOf(text)
	if e.teams.size > 0 {
		p.line("typedef ndec_team<%d> Team;", e.teams.size)
		p.line("")
	}
	e.splitTypes()
	for _, f := range []form{thread, teamed, tiled, splitted} {
		e.workspace(kernels, f)
	}
}

func (e *emitter) paramStruct(name, doc string, ps []*ir.Param, bytes int) {
	if bytes == 0 {
		return
	}
	p := e.p
	p.line("// %s", doc)
	p.line("struct %s {", name)
	for _, q := range ps {
		p.line("%s %s[%d]; // %s %s", e.elem(q.Type.Elem), e.fields[q], q.Type.Len(), clean(q.Name), shapeText(q.Type.Shape))
	}
	p.line("};")
	p.line("static_assert(sizeof(%s) == %d, \"the launcher copies so many bytes\");", name, bytes)
	if e.k.Constant { // kernels of groups have no constants that others write, and their image none of that name
		e.setApart(true)
		p.line("__constant__ %s ndec_%s;", name, strings.ToLower(name))
		if e.knows {
			p.line("// Functions that are called know where it lies; a reference does not say it.")
			p.line("NDEC_D const %s &ndec_known(const %s &) { return ndec_%s; }", name, name, strings.ToLower(name))
		}
		if e.knows && e.images() {
			p.line("#else")
			p.line("NDEC_D const %s &ndec_known(const %s &x) { return x; }", name, name)
		}
		e.setApart(false)
	} else if e.knows {
		p.line("NDEC_D const %s &ndec_known(const %s &x) { return x; }", name, name)
	}
	p.line("")
}

func shapeText(s []int) string {
	if len(s) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(fmt.Sprint(s), " ", ",")
}

// workspace prints the tapes and the type that holds those of a sample.
func (e *emitter) workspace(kernels []*kernel, of form) {
	p := e.p
	done := map[*ir.Solve]bool{}
	var fields []string
	for _, k := range kernels {
		if k.form != of {
			continue
		}
		for _, v := range k.tapes {
			s := v.Attr.Solve
			e.inForm(k, func() {
				if !done[s] {
					done[s] = true
					e.tape(s)
					p.line("")
				}
				if f := fmt.Sprintf("%s %s;", e.tapeType(s), e.tapes[v]); !slices.Contains(fields, f) {
					fields = append(fields, f)
				}
			})
		}
	}
	named := func(k *kernel) bool { return k.form == of && e.taped(k.fn.IR) }
	if !slices.ContainsFunc(kernels, named) {
		return
	}
	p.line("struct %s {", workspaces[of])
	for _, f := range fields {
		p.line("%s", f)
	}
	p.line("};")
	p.line("")
}
