package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// apiFile is what users of the package see: precision, parameters and models.
func (e *emitter) apiFile() *file {
	f := &file{doc: e.m.Doc}
	e.abi(f)
	text(f, "Real is the precision of the package. Times are float64 whatever it is.", "type Real = "+goElem(e.m.Real))
	e.paramsDecls(f)
	for _, m := range e.m.Models {
		e.model(f, m)
	}
	e.steppers(f)
	return f
}

// apiType is the Go type of a value in the API: nested arrays.
func (e *emitter) apiType(t ir.Type) string {
	s := ""
	for _, d := range t.Shape {
		s += fmt.Sprintf("[%d]", d)
	}
	return s + e.elem(t.Elem)
}

// flatPtr is a pointer to the flat array that variable name, of API type t, is.
func (e *emitter) flatPtr(name string, t ir.Type) string {
	if t.Rank() <= 1 {
		return "&" + name
	}
	return fmt.Sprintf("(*[%d]%s)(unsafe.Pointer(&%s))", t.Len(), e.elem(t.Elem), name)
}

// model prints the type, constructor and methods of a model.
func (e *emitter) model(f *file, m *ir.Model) {
	fn := e.plan.Of(m.Func)
	name := m.Name
	low := e.bases[m]
	ins, outs := e.modelPorts(m)
	doc := clean(strings.ReplaceAll(strings.TrimSpace(m.Doc), "\n", " "))
	if doc == "" {
		doc = fmt.Sprintf("%s is the model %s (%s).", name, name, clean(m.Span.String()))
	}
	seed := ""
	if m.Keyed() {
		doc += "\nRandom numbers are functions of Seed and of the place in a batch, which is 0 in Forward."
		seed = "\tSeed uint64 // of random draws\n"
	}
	text(f, doc+"\nIt is read-only and may be shared by goroutines.", fmt.Sprintf(`type %s struct {
%s	p *Params
%s%s	jobs rt.FreeList[%sJob]
%s}`, name, seed, ifText(e.prepared(), "	pre prepared\n"), ifText(len(m.Solves) > 0, fmt.Sprintf("	by [%d]rt.Stepping // of its solves\n", len(m.Solves))), low, ifText(fn.Needs.Work, "	work rt.FreeList[workspace]\n")))
	e.sites(f, low, m)

	refresh := ""
	if e.prepared() {
		refresh = "	m.Refresh()\n"
	}
	workNew := ifText(fn.Needs.Work, "	m.work.New = func() *workspace { return new(workspace) }\n")
	text(f, fmt.Sprintf("New%s gives the model with parameters p, which it keeps and does not change.", name), fmt.Sprintf(`func New%s(p *Params) *%s {
	m := &%s{p: p%s}
	m.jobs.New = func() *%sJob { return new%sJob(m) }
%s%s	return m
}`, name, name, name, ifText(len(m.Solves) > 0, ", by: "+steppings(m)), low, name, workNew, refresh))
	body := ""
	if e.prepared() {
		body = "\nm.pre.of(m.p)\n"
	}
	text(f, "Refresh makes changes of the parameters in place known to the model. While other goroutines call the model, neither may be: make a model of a\ncopy of the parameters there, and hand it over.", fmt.Sprintf("func (m *%s) Refresh() {%s}", name, body))

	// Forward.
	inType, outType := name+"Input", name+"Output"
	var sig, res string
	var pre, post []string
	args := map[int]string{}
	if len(ins) == 1 {
		sig = ins[0].name + " " + e.apiType(ins[0].t)
		args[0] = ins[0].name
	} else {
		var fs []string
		for i, p := range ins {
			fs = append(fs, e.member(p, m.Inputs[i]))
			args[i] = "in." + p.field
		}
		text(f, inType+" is the input of one sample.", fmt.Sprintf("type %s struct {\n%s\n}", inType, strings.Join(fs, "\n")))
		sig = "in " + inType
	}
	dst := map[int]string{}
	if len(outs) == 1 {
		res = fmt.Sprintf("(%s %s, err error)", outs[0].name, e.apiType(outs[0].t))
		dst[0] = outs[0].name
		post = append(post, outs[0].name)
	} else {
		var fs []string
		for i, p := range outs {
			fs = append(fs, e.member(p, m.Outputs[i]))
			dst[i] = "out." + p.field
		}
		text(f, outType+" is the output of one sample.", fmt.Sprintf("type %s struct {\n%s\n}", outType, strings.Join(fs, "\n")))
		res = fmt.Sprintf("(out %s, err error)", outType)
		post = append(post, "out")
	}
	st := ""
	if fn.Needs.Stats > 0 {
		pre = append(pre, fmt.Sprintf("var st [%d]rt.SolveStats", fn.Needs.Stats))
		st = fmt.Sprintf("return %s, rt.Failure(st[:], %sSites, 0, -1)", post[0], low)
	} else {
		st = "return " + post[0] + ", nil"
	}
	if fn.Needs.Work {
		pre = append(pre, "ws := m.work.Get()", "defer m.work.Put(ws)")
	}
	if m.Keyed() {
		pre = append(pre, forwardKey)
	}
	pre = append(e.inputChecks(m, args, post[0]), pre...)
	call := e.modelCall(fn, modelFrame, func(i int) string {
		if i == len(ins) {
			return "&key"
		}
		if ins[i].t.IsScalar() {
			return args[i]
		}
		return e.flatPtr(args[i], ins[i].t)
	}, func(i int) (string, bool) {
		if outs[i].t.IsScalar() {
			return dst[i], true
		}
		return e.flatPtr(dst[i], outs[i].t), false
	})
	forwardDoc := "Forward computes one sample without allocating."
	if len(m.Inputs) == 1 && note(m.Inputs[0]) != "" {
		forwardDoc += fmt.Sprintf(" %s is %s.", ins[0].name, note(m.Inputs[0]))
	}
	if fn.Needs.Stats > 0 {
		forwardDoc += " The error is a *rt.SolveError when a solve failed; the output then\nbelongs to the last good state."
	}
	forwardDoc += inputErrors(m)
	text(f, forwardDoc,
		fmt.Sprintf("func (m *%s) Forward(%s) %s {\n%s\n%s\n%s\n}", name, sig, res, strings.Join(pre, "\n"), call, st))
	e.batch(f, m, fn, ins, outs)
	for i := range m.Solves {
		e.trajectory(f, m, i, sig, ins, args)
	}
}

// forwardKey declares the key of random draws of a single sample.
const forwardKey = "key := rt.Key{Seed: m.Seed, Step: rt.EvalStep}.Words()"

func ifText(c bool, s string) string {
	if c {
		return s
	}
	return ""
}

// sites prints where the solves of a function stand in the source.
func (e *emitter) sites(f *file, low string, m *ir.Model) {
	if len(m.Solves) == 0 {
		return
	}
	text(f, "", fmt.Sprintf("var %sSites = []rt.Site{%s}", low, strings.Join(e.siteList(m.Solves, e.plan.Of(m.Func)), ", ")))
}

// frame is what a planned function may want beside its arguments, as its caller spells it.
type frame struct{ w, pre, ws, by, st string }

// modelFrame is that of a method of a model m.
var modelFrame = frame{w: "m.p", pre: "&m.pre", ws: "ws", by: "&m.by", st: "&st"}

// modelCall is a statement that calls a planned function from the API.
func (e *emitter) modelCall(fn *plan.Func, fr frame, in func(i int) string, out func(i int) (expr string, scalar bool)) string {
	var all, lhs []string
	if fn.Needs.Params {
		all = append(all, fr.w)
	}
	if fn.Needs.Prepared {
		all = append(all, fr.pre)
	}
	if fn.Needs.Work {
		all = append(all, fr.ws)
	}
	for i := range fn.IR.Args {
		all = append(all, in(i))
	}
	k := 0
	for i, r := range fn.IR.Results {
		if p := fn.Places[r]; p.Kind == plan.Stat || fn.Sums[i] != nil {
			continue
		}
		x, scalar := out(k)
		k++
		if scalar {
			lhs = append(lhs, x)
		} else {
			all = append(all, x)
		}
	}
	if fn.Needs.Accum {
		all = append(all, "g")
	}
	if e.stepped[fn.IR] != nil {
		all = append(all, fr.by)
	}
	if fn.Needs.Stats > 0 {
		all = append(all, fr.st)
	}
	x := fmt.Sprintf("%s(%s)", e.funcName(fn.IR), strings.Join(all, ", "))
	if len(lhs) > 0 {
		x = strings.Join(lhs, ", ") + " = " + x
	}
	return x
}

// prepareCall computes the derived parameters of w into pre.
func (e *emitter) prepareCall() string {
	fn := e.plan.Of(e.m.Prepare)
	return e.modelCall(fn, frame{w: "w", pre: "pre", ws: "new(workspace)"}, nil, func(i int) (string, bool) {
		d := e.m.Derived[i]
		if d.Type.IsScalar() {
			return fmt.Sprintf("pre.%s[0]", e.field(d)), true
		}
		return fmt.Sprintf("&pre.%s", e.field(d)), false
	})
}

// batch prints the batched evaluation: rows in fixed blocks over the cores.
func (e *emitter) batch(f *file, m *ir.Model, fn *plan.Func, ins, outs []port) {
	name, low := m.Name, e.bases[m]
	p := e.p
	var outSig, inSig string
	field := func(ps []port, i int, kind string) string {
		if len(ps) == 1 {
			return ps[0].name
		}
		return kind + "." + ps[i].field
	}
	batchOf := func(ps []port, of []ir.Port, kind, suffix string) string {
		if len(ps) == 1 {
			return ps[0].name + " []" + e.elem(ps[0].t.Elem)
		}
		var fs []string
		for i, q := range ps {
			fs = append(fs, fmt.Sprintf("%s []%s // %s", q.field, e.elem(q.t.Elem), rowsOf(of[i])))
		}
		text(f, fmt.Sprintf("%s%s holds the rows of a batch, row-major%s.", name, suffix, ifText(kind == "out", ", in slices that the caller makes")), fmt.Sprintf("type %s%s struct {\n%s\n}", name, suffix, strings.Join(fs, "\n")))
		return kind + " " + name + suffix
	}
	outSig, inSig = batchOf(outs, m.Outputs, "out", "BatchOutput"), batchOf(ins, m.Inputs, "in", "BatchInput")

	together := m.Func.InStep()
	p.line("type %sJob struct {", low)
	p.line("m *%s", name)
	if !together {
		p.line("crew rt.Crew")
		p.line("run func(worker, lo, hi int)")
	}
	small := e.smallBatch(m)
	few := small > 0 && e.few != nil && e.few.models[m] != nil
	if small > 0 {
		p.line("each func(worker, lo, hi int) // row by row%s, whatever run does", ifText(few, " or a few at a time"))
	}
	p.line("%s", inSig)
	p.line("%s", outSig)
	if fn.Needs.Stats > 0 {
		p.line("stats *rt.BatchStats")
		p.line("failed rt.FirstFailure")
	}
	if fn.Needs.Work && !together {
		p.line("work []*workspace")
	}
	p.line("}")
	text(f, fmt.Sprintf("%sJob is a batch while it runs.", low), p.text())

	run := "j.rows"
	vector := e.vec != nil && e.vec.models[m] != nil
	switch {
	case vector && together:
		text(f, fmt.Sprintf("%sBlocks computes a block of samples of a batch. Without vector instructions it is nil.", low),
			fmt.Sprintf("var %sBlocks func(j *%sJob, lo, hi int, member *rt.StepMember)", low, low))
	case vector:
		run = fmt.Sprintf("func(worker, lo, hi int) { %sBatch(j, worker, lo, hi) }", low)
		text(f, fmt.Sprintf("%sBatch computes rows of a batch. Where the processor has vector instructions, kernels take its place.", low),
			fmt.Sprintf("var %sBatch = (*%sJob).rows", low, low))
	}
	each := "j.rows"
	if few {
		each = fmt.Sprintf("func(worker, lo, hi int) { %sSmall(j, worker, lo, hi) }", low)
		text(f, fmt.Sprintf("%sSmall computes the rows of a small batch, if its bits need not be those of a large one. Where the processor has vector\ninstructions, kernels for a few samples take its place.", low),
			fmt.Sprintf("var %sSmall = (*%sJob).rows", low, low))
	}
	text(f, "", fmt.Sprintf("func new%sJob(m *%s) *%sJob {\nj := &%sJob{m: m}\n%s%sreturn j\n}", name, name, low, low, ifText(!together, "j.run = "+run+"\n"), ifText(small > 0, "j.each = "+each+"\n")))

	if together {
		p.line("// row computes a sample of a batch whose samples take steps of one length.")
		p.line("func (j *%sJob) row(i int, member *rt.StepMember) {", low)
		p.line("ws := &workspace{group: member}")
	} else {
		p.line("func (j *%sJob) rows(worker, lo, hi int) {", low)
		if fn.Needs.Work {
			p.line("ws := j.work[worker]")
		}
	}
	if fn.Needs.Stats > 0 {
		p.line("var st [%d]rt.SolveStats", fn.Needs.Stats)
	}
	if !together {
		p.line("for i := lo; i < hi; i++ {")
	}
	row := func(x string, t ir.Type) string {
		if t.IsScalar() {
			return fmt.Sprintf("%s[i]", x)
		}
		return fmt.Sprintf("(*[%d]%s)(%s[i*%d:])", t.Len(), e.elem(t.Elem), x, t.Len())
	}
	if m.Keyed() {
		p.line("key := rt.Key{Seed: j.m.Seed, Row: uint64(i), Step: rt.EvalStep}.Words()")
	}
	p.line("%s", e.modelCall(fn, frame{w: "j.m.p", pre: "&j.m.pre", ws: "ws", by: "&j.m.by", st: "&st"}, func(i int) string {
		if i == len(ins) {
			return "&key"
		}
		return row("j."+field(ins, i, "in"), ins[i].t)
	},
		func(i int) (string, bool) { return row("j."+field(outs, i, "out"), outs[i].t), outs[i].t.IsScalar() }))
	if fn.Needs.Stats > 0 {
		p.line("for s := range st {")
		p.line("if j.stats != nil { j.stats.Set(s, i, st[s]) }")
		p.line("j.failed.See(&st[s], &%sSites[s], i, -1)", low)
		p.line("}")
	}
	if !together {
		p.line("}")
	}
	p.line("}")
	text(f, "", p.text())

	p.line("func (m *%s) Batch(ctx context.Context, %s, %s, stats *rt.BatchStats, opts ...rt.BatchOption) error {", name, outSig, inSig)
	p.line("n, err := rt.BatchRows(%q, len(%s), %d)", m.Inputs[0].Name, field(ins, 0, "in"), ins[0].t.Len())
	p.line("if err != nil { return err }")
	for i, q := range ins[1:] {
		p.line("if err := rt.CheckRows(%q, len(%s), %d, n); err != nil { return err }", m.Inputs[i+1].Name, field(ins, i+1, "in"), q.t.Len())
	}
	for i, q := range outs {
		p.line("if err := rt.CheckRows(%q, len(%s), %d, n); err != nil { return err }", m.Outputs[i].Name, field(outs, i, "out"), q.t.Len())
	}
	var memory, refused []string
	for i, q := range m.Outputs {
		memory = append(memory, fmt.Sprintf("rt.MemoryOf(%q, %s)", q.Name, field(outs, i, "out")))
	}
	for i, q := range m.Inputs {
		memory = append(memory, fmt.Sprintf("rt.MemoryOf(%q, %s)", q.Name, field(ins, i, "in")))
		if c := refusals(q, field(ins, i, "in")); c != "" {
			refused = append(refused, c)
		}
	}
	p.line("if err := rt.CheckApart(%d, %s); err != nil { return err }", len(outs), strings.Join(memory, ", "))
	if len(refused) > 0 {
		p.line("if refused := rt.Refuse(%s); refused != nil { return m.others(ctx, refused, n, %s, %s, stats, opts...) }", strings.Join(refused, ", "), batchArg(outs, "out"), batchArg(ins, "in"))
	}
	p.line("j := m.jobs.Get()")
	p.line("defer m.jobs.Put(j)")
	if len(ins) == 1 {
		p.line("j.%s = %s", ins[0].name, ins[0].name)
	} else {
		p.line("j.in = in")
	}
	if len(outs) == 1 {
		p.line("j.%s = %s", outs[0].name, outs[0].name)
	} else {
		p.line("j.out = out")
	}
	if !together {
		p.line("workers := rt.WorkerCount(opts...)")
	}
	if fn.Needs.Stats > 0 {
		p.line("j.stats = stats")
		p.line("j.failed.Reset()")
		p.line("if stats != nil { stats.Reset(rt.SiteNames(%sSites), n) }", low)
	} else if len(refused) > 0 {
		p.line("if stats != nil { stats.Reset(nil, n) }")
	}
	if fn.Needs.Work && !together {
		p.line("for len(j.work) < workers { j.work = append(j.work, new(workspace)) }")
	}
	run = "j.run"
	if small > 0 {
		run = "run"
		p.line("run := j.run")
		p.line("if n < %d && alone != nil && rt.IsFastSmall(opts...) { run = j.each }", small)
	}
	if together {
		if vector {
			p.line("whole := false")
			p.line("if %sBlocks != nil {", low)
			p.line("var err error")
			p.line("whole, err = rt.InBlocks(ctx, n, %d, func(lo, hi int, member *rt.StepMember) { %sBlocks(j, lo, hi, member) })", e.vec.set.Samples(), low)
			p.line("if err != nil { return err }")
			p.line("}")
			p.line("if !whole { // sample by sample, which tells what happened")
		}
		p.line("if err := rt.InGroup(ctx, n, j.row); err != nil { return err }")
		if vector {
			p.line("}")
		}
	} else {
		rows := "rt.BlockRows"
		if e.vec != nil && e.vec.models[m] != nil && e.vec.models[m].Refilled() != nil {
			rows = "rt.RefillRows(n, workers)"
		}
		if e.wide != nil && e.wide.models[m] != nil {
			rows = "rt.WideRows(n, workers)"
		}
		if e.singly[m] != "" {
			rows = "rt.LongRows"
		}
		p.line("if err := j.crew.ForEach(ctx, workers, n, %s, %s); err != nil { return err }", rows, run)
	}
	if fn.Needs.Stats > 0 {
		p.line("return j.failed.Err()")
	} else {
		p.line("return nil")
	}
	p.line("}")
	var shapes []string
	if len(ins) == 1 {
		shapes = append(shapes, ins[0].name+" has "+rowsOf(m.Inputs[0]))
	}
	if len(outs) == 1 {
		shapes = append(shapes, outs[0].name+" has "+rowsOf(m.Outputs[0]))
	}
	rows := ifText(len(shapes) > 0, strings.Join(shapes, "; ")+". ") + "Lengths that do not fit, and results that share memory with each other or\nwith inputs, are an error that wraps rt.ErrShape." + inputErrors(m)
	ends := "stats may be nil. When ctx ends no further rows are begun, and the error is that of ctx."
	if fn.Needs.Stats > 0 {
		ends = "stats may be nil. When ctx ends no further rows are begun, and the error is that of ctx. Else it is\nthat of the first sample that failed, a *rt.SolveError" + ifText(len(refused) > 0, " or what is wrong with its inputs") + "; all other rows are there."
	} else if len(refused) > 0 {
		ends = "stats may be nil. When ctx ends no further rows are begun, and the error is that of ctx. Else it is\nwhat is wrong with the inputs of the first row that cannot be computed; all other rows are there."
	}
	if len(refused) > 0 {
		defer e.others(f, name, outSig, inSig, outs, ins)
	}
	if together {
		text(f, "Batch computes rows of samples, row-major, each, or each block of them, in a goroutine of its own: they take steps of one length, chosen by the errors of all of\nthem. "+rows+"\n"+ends, p.text())
		return
	}
	text(f, "Batch computes rows of samples, row-major, on all cores (or rt.Workers(n)). A row does not depend on its neighbours. It does\nnot allocate after its first calls. "+rows+"\n"+ends, p.text())
}

// smallBatch is the number of rows from which on a batch of a model runs in lanes in spite of rt.FastSmall; 0 where the
// option makes no difference.
func (e *emitter) smallBatch(m *ir.Model) int {
	if e.vec == nil || e.vec.models[m] == nil || e.alone == nil || m.Func.InStep() {
		return 0
	}
	return e.alone.found.Small(m, e.few != nil && e.few.models[m] != nil).Rows
}

// trajectory prints a look at one solve of a model along any times.
func (e *emitter) trajectory(f *file, m *ir.Model, k int, sig string, ins []port, args map[int]string) {
	if k >= len(m.Paths) || m.Paths[k] == nil {
		return
	}
	s := m.Solves[k]
	ps := e.plan.OfSolve(s)
	fn := e.plan.Of(m.Paths[k])
	suffix := ""
	if k > 0 {
		suffix = fmt.Sprint(k + 1)
	}
	p := e.p
	p.line("type %sPath%s struct {", m.Name, suffix)
	p.line("T []float64 // times")
	sc := newScope("T", "Stats")
	fields := make([]string, len(s.States))
	for i, st := range s.States {
		if st.Memory {
			continue
		}
		fields[i] = sc.pick(goName(st.Name, true))
		p.line("%s []%s // state %s at each time", fields[i], e.valueType(st.Type), clean(st.Name))
	}
	p.line("Stats rt.SolveStats")
	p.line("}")
	text(f, fmt.Sprintf("%sPath%s is the solve of %s at %s along times.", m.Name, suffix, s.System, clean(s.Span.String())), p.text())

	var vars []operand
	if s.Stops > 0 {
		vars = append(vars, operand{"stops", ir.Tensor(ir.F64, s.Stops)})
	}
	for i, st := range s.States {
		vars = append(vars, operand{fmt.Sprintf("start%d", i), st.Type})
	}
	for i, t := range s.Extras {
		vars = append(vars, operand{fmt.Sprintf("extra%d", i), t})
	}
	// begin computes span, start and extras of the solve.
	begin := func(work bool) {
		if work {
			p.line("ws := new(workspace)")
		}
		if fn.Needs.Stats > 0 {
			p.line("var st [%d]rt.SolveStats", fn.Needs.Stats)
		}
		(&loop{e: e, p: p}).declare(vars)
		if m.Keyed() {
			p.line(forwardKey)
		}
		p.line("%s", e.modelCall(fn, modelFrame, func(i int) string {
			if i == len(ins) {
				return "&key"
			}
			if ins[i].t.IsScalar() {
				return args[i]
			}
			return e.flatPtr(args[i], ins[i].t)
		}, func(i int) (string, bool) {
			switch i {
			case 0:
				return "t0", true
			case 1:
				return "t1", true
			}
			v := vars[i-2]
			return v.arg(), v.t.IsScalar()
		}))
	}
	begin(fn.Needs.Work)
	for _, v := range vars {
		p.line("_ = %s", v.name)
	}
	text(f, fmt.Sprintf("span%s is the time span of the solve at %s.", suffix, clean(s.Span.String())),
		fmt.Sprintf("func (m *%s) span%s(%s) (t0, t1 float64, err error) {\n%s\nreturn t0, t1, nil\n}", m.Name, suffix, sig, p.text()))

	p.line("func (m *%s) Trajectory%s(ctx context.Context, %s, ts []float64) (*%sPath%s, error) {", m.Name, suffix, sig, m.Name, suffix)
	p.line("if err := ctx.Err(); err != nil { return nil, err }")
	for _, c := range e.inputChecks(m, args, "nil") {
		p.line("%s", c)
	}
	p.line("var t0, t1 float64")
	begin(fn.Needs.Work || ps.Needs.Work)
	p.line("if err := rt.CheckTimes(t0, t1, ts); err != nil { return nil, err }")
	p.line("path := &%sPath%s{T: append([]float64(nil), ts...)}", m.Name, suffix)
	var all []string
	if ps.Needs.Params {
		all = append(all, "m.p")
	}
	if ps.Needs.Prepared {
		all = append(all, "&m.pre")
	}
	if ps.Needs.Work {
		all = append(all, "ws")
	}
	all = append(all, "t0", "path.T")
	if s.Stops > 0 {
		all = append(all, "stops[:]")
	}
	all = append(all, fmt.Sprintf("m.by[%d]", steppingOf(m, s)))
	for _, v := range vars[s.Lead()-2:] {
		all = append(all, v.arg())
	}
	for i, st := range s.States {
		if st.Memory {
			continue
		}
		if st.Type.IsScalar() {
			p.line("path.%s = make([]%s, len(ts))", fields[i], e.elem(st.Type.Elem))
			all = append(all, "path."+fields[i])
			continue
		}
		p.line("flat%d := make([]%s, len(ts)*%d)", i, e.elem(st.Type.Elem), st.Type.Len())
		all = append(all, fmt.Sprintf("flat%d", i))
	}
	all = append(all, "&path.Stats")
	p.line("%s(%s)", e.pathName(s), strings.Join(all, ", "))
	for i, st := range s.States {
		if !st.Type.IsScalar() && !st.Memory {
			p.line("path.%s = make([]%s, len(ts))", fields[i], e.valueType(st.Type))
			p.line("for i := range path.%s { copy(path.%s[i][:], flat%d[i*%d:]) }", fields[i], fields[i], i, st.Type.Len())
		}
	}
	p.line("return path, rt.Failure([]rt.SolveStats{path.Stats}, %sSites[%d:], 0, -1)", e.bases[m], k)
	p.line("}")
	text(f, fmt.Sprintf("Trajectory%s gives the states of the solve at %s at the times ts, sorted from its start on. They do not change the steps.\nTimes that are not are an error that wraps rt.ErrBadTimes. ctx is looked at before the solve begins.", suffix, clean(s.Span.String())), p.text())
}
