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

// vectors prints what runs many samples at a time: kernels in assembly, and in Go the loops over steps that
// call them. Where the processor has the instructions, they take the place of the functions over one sample in
// batches and in training.
type vectors struct {
	e    *emitter
	p    *printer
	set  *lanes.Set
	form vectorForm

	models  map[*ir.Model]*lanes.Node
	small   map[*ir.Model]lanes.Small // of few samples
	recipes map[*ir.Recipe]*lanes.Recipe

	paths   map[*lanes.Field]string       // of a field, from the frame on
	names   map[any]string                // of *lanes.Node, *lanes.Solve, *lanes.Rev: their methods
	used    map[*lanes.Kernel]bool        // kernels that Go calls
	done    map[any]bool                  // printed methods
	apart   map[*lanes.Kernel]apartFields // parts of the frame that are kept apart from it
	loops   *file
	once    *file // what is made once for all samples
	records []recorded
	tapes   []string // fields of lanes
	keeps   bool     // some recipe keeps its sums until a block is through
}

// findKernels compiles what has vector code.
func (e *emitter) findKernels() {
	kernels := map[*ir.Func]string{}
	wideNames := newScope()
	prog, wide, alone := lanes.CompileAll(e.plan, e.opts.Tiles, func(f *ir.Func) string {
		if kernels[f] == "" {
			if kernels[f] = e.funcs[f]; kernels[f] == "" {
				kernels[f] = e.global.pick(goName(f.Name, false))
			}
		}
		return kernels[f]
	}, func(f *ir.Func) string {
		if e.funcs[f] == "" {
			return wideNames.pick(goName(f.Name, false)) + "Wide"
		}
		return e.funcs[f] + "Wide"
	}, func(f *ir.Func) string {
		if e.funcs[f] == "" { // steps in a row
			return goName(f.Name, false) + "Alone"
		}
		return e.funcs[f] + "Alone"
	})
	names := newScope()
	few := lanes.CompileFew(alone, func(f *ir.Func) string { // which may want further copies of parameters
		if kernels[f] == "" {
			kernels[f] = names.pick(goName(f.Name, false))
		}
		return kernels[f] + "Few"
	})
	e.singly = prog.Singly
	e.keepVectors(prog)
	e.keepWide(wide)
	e.keepAlone(alone)
	e.keepFew(few)
}

// keepVectors takes what runs many samples at a time.
func (e *emitter) keepVectors(prog *lanes.Program) {
	if len(prog.Models)+len(prog.Recipes) == 0 {
		return
	}
	e.vec = &vectors{e: e, p: e.p, set: prog.Set, models: prog.Models, recipes: prog.Recipes,
		form:  blocksOfLanes,
		paths: map[*lanes.Field]string{}, names: map[any]string{}, used: map[*lanes.Kernel]bool{}, done: map[any]bool{}, apart: map[*lanes.Kernel]apartFields{}, once: &file{held: true}}
	prog.Set.Args[0] = "fr *laneFrame"
}

// vectorForm are names of what is printed: of types, variables and the method of a batch, and what ends the names of solves.
type vectorForm struct {
	state, frame, kernels, kernel, list, pick, method, suffix string
	few                                                       bool // samples beside each other, see few.go
	wide                                                      bool // of more samples, see wide.go
}

var blocksOfLanes = vectorForm{"lanes", "laneFrame", "laneKernels", "kernel", "laneList", "pickKernels", "lanes", "Lanes", false, false}

// method prints a method of what a goroutine needs.
func (v *vectors) method(doc, name, params string) {
	text(v.loops, doc, fmt.Sprintf("func (l *%s) %s(%s) {\n%s\n}", v.form.state, name, params, v.p.text()))
}

// VectorFiles lists the ends of the names of files with vector code, which a package has or has not.
func VectorFiles() []string {
	var out []string
	for _, kind := range []string{"", "_alone", "_few", "_wide"} {
		out = append(out, ifElse(kind == "", "_lanes", kind)+"_amd64.go")
		for _, isa := range asm.ISAs {
			out = append(out, kind+"_"+isa.String()+"_amd64.s")
		}
	}
	return append(out, "_"+asm.AMX.String()+"_amd64.s")
}

// files are the Go file and the assembly of each ISA.
func (v *vectors) files(base string) []textFile {
	f := &file{build: "!purego"}
	v.loops = &file{held: true}
	for _, n := range v.models {
		v.keepApart(n)
	}
	v.frame(f)
	for _, m := range v.e.m.Models {
		if n := v.models[m]; n != nil {
			v.batch(m, n)
		}
	}
	for _, r := range v.e.m.Recipes {
		if t := v.recipes[r]; t != nil {
			v.shard(r, t)
			v.design(r, t.Design)
		}
	}
	v.state(f)
	v.recordMethods()
	v.dispatch(f)
	f.add(v.loops.decls...)
	f.add(v.once.decls...)
	out := []textFile{v.e.goFile(base+"_lanes_amd64.go", f)}
	used := func(k *lanes.Kernel) bool { return v.used[k] }
	out = append(out, v.e.assembly(v.set, base, v.set.Called(used), used)...)
	if v.tiled() {
		onTiles := func(k *lanes.Kernel) bool { return used(k) && v.set.HasTiles(k) }
		out = append(out, v.e.assemblyOf(asm.AMX, v.set, base, v.set.Called(onTiles), onTiles))
	}
	return out
}

// assembly is the files with kernels of a set; export says which ones Go calls.
func (e *emitter) assembly(s *lanes.Set, base string, kernels []*lanes.Kernel, export func(*lanes.Kernel) bool) (out []textFile) {
	for _, isa := range asm.ISAs {
		out = append(out, e.assemblyOf(isa, s, base, kernels, export))
	}
	return out
}

func (e *emitter) assemblyOf(isa asm.ISA, s *lanes.Set, base string, kernels []*lanes.Kernel, export func(*lanes.Kernel) bool) textFile {
	return textFile{fmt.Sprintf("%s_%s_amd64.s", base, isa), func() ([]byte, error) {
		return s.Text(isa, e.header()+"\n\n//go:build !purego\n", kernels, export), nil
	}}
}

// frame prints the type of the memory that kernels work in.
func (v *vectors) frame(f *file) {
	p, w := v.p, v.set.Samples()
	var groups []*lanes.Kernel
	for _, k := range v.set.Kernels {
		if len(k.Fields) > 0 {
			groups = append(groups, k)
		}
	}
	for _, n := range v.set.Nodes {
		if len(n.Frame.Fields) > 0 {
			groups = append(groups, n.Frame)
		}
	}
	slices.SortFunc(groups, func(a, b *lanes.Kernel) int { return a.Fields[0].Off - b.Fields[0].Off })
	p.line("spill [%d]byte // vectors and pointers that found no register", v.set.MaskOff)
	off := v.set.MaskOff
	if !v.form.few {
		p.line("mask [%d]%s // of the samples that count in sums over samples", w, v.maskType())
		off += w * v.e.m.Real.Bytes()
	}
	for _, k := range groups {
		if at := k.Fields[0].Off; at > off {
			p.line("_ [%d]byte", at-off)
			off = at
		}
		sc := newScope()
		p.line("%s struct { // %s", k.Name, clean(k.Func.Name))
		apart := v.apart[k].fields
		if apart > 0 {
			p.line("%s", v.apartType(k))
		}
		for i, fd := range k.Fields {
			name := sc.pick(goName(fd.Name, false))
			v.paths[fd] = k.Name + "." + name
			if i >= apart {
				v.gap(off, fd)
				p.line("%s %s", name, v.fieldType(fd))
			}
			off = fd.Off + v.set.FieldBytes(fd)
		}
		p.line("}")
	}
	if off < v.set.Size {
		p.line("_ [%d]byte", v.set.Size-off)
	}
	body := p.text()
	doc := fmt.Sprintf("%s is the memory of the kernels: for each function its arguments, results and other values, rows of %d\nsamples each", v.form.frame, w)
	if v.form.few {
		doc += fmt.Sprintf(", of which there are %d. Of an array of more than a few elements, a sample has all after another, rounded up to vectors", v.samples())
	}
	doc += "."
	text(f, doc, fmt.Sprintf("type %s struct {\n%s\n}", v.form.frame, body))
	v.apartTypes(f, groups)
	text(f, "Kernels know the places in a frame as numbers.", fmt.Sprintf("var _ = [%d]byte([unsafe.Sizeof(%s{})]byte{})", v.set.Size, v.form.frame))
	if v.form == blocksOfLanes && !v.e.prepared() {
		text(f, "", "type prepared struct{}")
	}
}

// fieldType is the type of a field of the frame.
func (v *vectors) fieldType(f *lanes.Field) string {
	n := fmt.Sprint(v.set.Samples())
	if f.Apart > 0 {
		n = fmt.Sprintf("%d * %d", v.samples(), f.Apart)
	} else if f.Rows > 1 {
		n = fmt.Sprintf("%d * %s", f.Rows, n)
	}
	return fmt.Sprintf("[%s]%s", n, v.elem(f.Elem))
}

// gap prints the bytes that lie free before a field.
func (v *vectors) gap(from int, f *lanes.Field) {
	if f.Off > from {
		v.p.line("_ [%d]byte", f.Off-from)
	}
}

// element is the place in a field of an element of sample i.
func (v *vectors) element(f *lanes.Field, elem, i string) string {
	if f.Apart > 0 {
		return fmt.Sprintf("%s[%s*%d+%s]", v.at(f), i, f.Apart, elem)
	}
	return fmt.Sprintf("%s[%s*%d+%s]", v.at(f), elem, v.set.Samples(), i)
}

// elem is the Go type of an element in the frame: integers beside float64 are float64.
func (v *vectors) elem(e ir.Elem) string {
	switch {
	case e == ir.Bool:
		return v.maskType()
	case e == ir.I32 && v.e.m.Real == ir.F64:
		return "float64"
	}
	return v.e.elem(e)
}

func (v *vectors) maskType() string {
	if v.e.m.Real == ir.F64 {
		return "uint64"
	}
	return "uint32"
}

// state prints the type of what a goroutine needs, and the list of those that are free.
func (v *vectors) state(f *file) {
	p := v.p
	p.line("fr *laneFrame")
	p.line("w *Params")
	p.line("pre *prepared")
	if v.inGroups() {
		p.line("group *rt.StepMember // of a block whose batch takes steps of one length")
	}
	p.line("sums []Real // gradients: a vector of sums for each parameter, or one number")
	if v.keeps {
		p.line("kept []Real // what they were before a block%s", ifText(v.backs(), ", and gradients to which records give back"))
	}
	for _, t := range v.tapes {
		p.line("%s", t)
	}
	v.recordFields()
	text(f, fmt.Sprintf("lanes runs %d samples at a time on one goroutine.", v.set.Samples()), "type lanes struct {\n"+p.text()+"\n}")
	end := v.set.SumsEnd()
	end.Vecs = max(end.Vecs, 1)
	text(f, "", fmt.Sprintf("var laneList = rt.FreeList[lanes]{New: func() *lanes { return &lanes{fr: rt.Aligned[laneFrame](), sums: make([]Real, %s)} }}", sumsAt(end)))
	p.line("for i := range l.fr.mask {")
	p.line("l.fr.mask[i] = 0")
	p.line("if i < n { l.fr.mask[i] = ^%s(0) }", v.maskType())
	p.line("}")
	text(f, "count makes the first n samples those that count.", "func (l *lanes) count(n int) {\n"+p.text()+"\n}")
}

// run is the statement that runs a kernel.
func (v *vectors) run(k *lanes.Kernel) string {
	return v.runWith(k, "nil")
}

// runWith is run with a record, if kernels take one.
func (v *vectors) runWith(k *lanes.Kernel, record string) string {
	v.used[k] = true
	if v.form.few {
		return fmt.Sprintf("%s.%s(l.fr, l.w)", v.form.kernel, k.Name)
	}
	if len(v.set.Pointers()) == len(v.set.Args) {
		record = ""
	}
	sums := "&l.sums[0]"
	if v.form.wide { // no gradients
		sums = "nil"
	}
	return fmt.Sprintf("%s.%s(l.fr, l.w, l.pre, %s%s)", v.form.kernel, k.Name, sums, ifText(record != "", ", "+record))
}

// at is a field of the frame.
func (v *vectors) at(f *lanes.Field) string { return "fr." + v.paths[f] }

// load prints how the values of a sample get into the frame: lane i of the rows of a field.
func (v *vectors) load(f *lanes.Field, x string, t ir.Type) {
	cast := v.elem(f.Elem)
	switch {
	case f.Elem == ir.Bool:
		cast = "rt.Mask[" + v.maskType() + "]"
	case cast == v.e.elem(t.Elem):
		cast = ""
	}
	if t.IsScalar() {
		if cast != "" {
			x = cast + "(" + x + ")"
		}
		v.p.line("%s[i] = %s", v.at(f), x)
		return
	}
	val := "num"
	if cast != "" {
		val = cast + "(num)"
	}
	v.p.line("for elem, num := range %s { %s = %s }", x, v.element(f, "elem", "i"), val)
}

// shard prints a shard of an objective in lanes.
func (v *vectors) shard(r *ir.Recipe, t *lanes.Recipe) {
	objective, grad := v.node(t.Objective), v.node(t.Grad)
	e, p, w := v.e, v.p, v.set.Samples()
	low := e.bases[r]
	obj, gr := e.plan.Of(r.Objective), e.plan.Of(r.Grad)
	together := inStep(r)
	if together {
		p.line("if !k.ws.group.InBlocks() {")
		p.line("k.rows(weights, gradient, t, rows, key, out)")
		p.line("return")
		p.line("}")
	}
	p.line("l := laneList.Get()")
	p.line("defer laneList.Put(l)")
	if together {
		p.line("l.group = k.ws.group")
	}
	p.line("l.w = paramsOf(weights)")
	// Not what kernels for one sample need.
	if v.set.Plan.Of(r.Objective).Needs.Prepared || v.set.Plan.Of(r.Grad).Needs.Prepared || e.pullNeeds(r).Prepared {
		of := "of"
		if e.alone != nil {
			of = "derive"
		}
		p.line("k.pre.%s(l.w)", of)
		p.line("l.pre = &k.pre")
	}
	v.pack(t.Grad, " && gradient != nil")
	v.pack(t.Objective, " && gradient == nil")
	v.fresh()
	apart := e.apart() && (r.Pull != nil || v.backs())
	switch {
	case apart:
		p.line("g, whole := &k.inLanes, gradient")
		p.line("if gradient != nil {")
		p.line("*g = sums{}")
		p.line("gradient = g.Flat()")
		if v.backs() {
			p.line("l.g = g")
		}
		p.line("}")
	case v.backs():
		p.line("if gradient != nil { l.g = paramsOf(gradient) }")
	}
	p.line("fr := l.fr")
	for _, x := range []struct {
		name string
		f    *plan.Func
	}{{"st", obj}, {"gst", gr}} {
		if x.f.Needs.Stats > 0 {
			p.line("var %s [%d][%d]rt.SolveStats", x.name, x.f.Needs.Stats, w)
			p.line("var %sOf [%d]rt.SolveStats", x.name, x.f.Needs.Stats)
		}
	}
	place := ""
	if activeOf(r) != nil {
		place = "place"
		p.line("place := 0")
	}
	// Where a sample is left to the scalar functions, what it had in lanes may be no number, and products of that with
	// cotangents that are zero are none either: the sums go back to what they were, in records as well and in gradients to
	// which a record was given back, and the whole block goes there.
	leaves := !together && gr.Needs.Stats > 0 && v.set.LeavesToScalar(t.Grad)
	shares := t.Grad.Shares() && v.backs()
	if leaves {
		v.keeps = true
		p.line("left := false // to the scalar functions")
	}
	p.line("for len(rows) > 0 {")
	p.line("n := min(%d, len(rows))", w)
	in := e.rowLoop(r, fmt.Sprintf("for i := range %d {\nrow := rows[min(i, n-1)] // the rest of a block is like its last sample", w),
		"place", "t", "elem", "num", "back", "rows", "key", "out", "weights", "gradient", "loss", "row", "r", "l", "fr", "st", "gst", "i", "n", "k", "left")
	load := func(n *lanes.Node) {
		for i, c := range r.Columns {
			v.load(n.Frame.Args[i], strings.TrimPrefix(in(i), "&"), c.Type)
		}
		if r.Keyed() {
			v.load(n.Frame.Args[len(r.Columns)], "words", ir.KeyType)
		}
	}
	p.line("if gradient != nil {")
	load(t.Grad)
	p.line("} else {")
	load(t.Objective)
	p.line("}")
	p.line("}")
	call := func(f *plan.Func, method, st string) {
		args := "n"
		if f.Needs.Stats > 0 {
			args += ", &" + st
		}
		p.line("l.%s(%s)", method, args)
	}
	p.line("if gradient != nil {")
	p.line("l.count(n)")
	if leaves {
		v.keepSums(shares)
	}
	call(gr, grad, "gst")
	if leaves {
		p.line("left = false")
		p.line("for i := range n { left = left || rt.FailedLane(gst[:], i) }")
		p.line("if left { // sums may be no numbers, and are made again")
		v.putBackSums(shares)
		p.line("}")
	}
	p.line("} else {")
	call(obj, objective, "st")
	p.line("}")
	p.line("for i, row := range rows[:n] {")
	results := func(n *lanes.Node) {
		k := 0
		for _, f := range n.Frame.Results {
			if f == nil || k > e.terms(r) {
				continue
			}
			if k == 0 {
				p.line("loss := float64(%s[i])", v.at(f))
				p.line("out.Loss += loss")
				if place != "" {
					p.line("if out.Losses != nil { out.Losses[place+i] = loss }")
				}
			} else {
				p.line("out.Metrics[%d] += float64(%s[i])", k-1, v.at(f))
			}
			k++
		}
	}
	count := func(f *plan.Func, st, sites, back string) {
		if f.Needs.Stats == 0 {
			p.line("_ = row")
			return
		}
		if leaves && st == "gst" {
			p.line("if left {")
		} else if together {
			p.line("if rt.FailedLane(%s[:], i) { // the whole batch is made again as without lanes", st)
			p.line("k.ws.group.Lose()")
			p.line("continue")
			p.line("}")
			p.line("for s := range %s { %sOf[s] = %s[s][i] }", st, st, st)
			p.line("out.Count(%sOf[:], %s, row, row, %s)", st, sites, back)
			return
		} else {
			p.line("if rt.FailedLane(%s[:], i) { // what happened is told as without lanes", st)
		}
		if place != "" {
			p.line("losses := out.Losses")
			p.line("if losses != nil { out.Losses = losses[place+i:] }")
		}
		p.line("k.rows(weights, gradient, t, rows[i:i+1], key, out)")
		if place != "" {
			p.line("out.Losses = losses")
		}
		p.line("continue")
		p.line("}")
		p.line("for s := range %s { %sOf[s] = %s[s][i] }", st, st, st)
		p.line("out.Count(%sOf[:], %s, row, row, %s)", st, sites, back)
	}
	gradSites := low + "Sites"
	if !slices.Equal(e.siteList(r.Ran(), obj), e.siteList(r.Ran(), gr)) {
		gradSites = low + "GradSites"
	}
	p.line("if gradient != nil {")
	count(gr, "gst", gradSites, low+"Backward")
	results(t.Grad)
	p.line("} else {")
	count(obj, "st", low+"Sites", "nil")
	results(t.Objective)
	p.line("}")
	p.line("}")
	if place != "" {
		p.line("place += n")
	}
	p.line("rows = rows[n:]")
	p.line("}")
	p.line("if gradient != nil {")
	v.giveBack()
	v.addSums(gr)
	if apart {
		e.pull(r, frame{w: "l.w", pre: "&k.pre", ws: "&k.ws"})
		p.line("rt.Add(whole, gradient)")
	}
	p.line("}")
	text(v.loops, "", fmt.Sprintf("func (k *%sWorker) lanes(weights, gradient []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult) {\n%s\n}", low, p.text()))
}
