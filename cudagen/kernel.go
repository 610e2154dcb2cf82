package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// kind is what a kernel computes.
type kind uint8

const (
	forward kind = iota // outputs of a model
	loss                // loss and metrics of a recipe
	grad                // the same, and the gradient
)

func (k kind) String() string { return [...]string{"forward", "loss", "grad"}[k] }

// kernel is one kernel to print.
type kernel struct {
	kind   kind
	name   string
	model  *ir.Model
	recipe *ir.Recipe
	fn     *plan.Func
	tapes  []*ir.Value // recorded solves that it reaches
	form   form
	why    string // it has not a thread a sample
	lanes  int    // of a sample that is split
	pl     *plan.Plan
}

func (k *kernel) needs() plan.Needs { return k.fn.Needs }

func (k *kernel) of() string {
	if k.model != nil {
		return k.model.Name
	}
	return k.recipe.Name
}

// where is the declaration that k computes.
func (k *kernel) where() diag.Span {
	if k.model != nil {
		return k.model.Span
	}
	return k.recipe.Span
}

func (k *kernel) ports() []ir.Port {
	if k.model != nil {
		return k.model.Inputs
	}
	return k.recipe.Columns
}

func (k *kernel) keyed() bool {
	if k.model != nil {
		return k.model.Keyed()
	}
	return k.recipe.Keyed()
}

// terms is the number of metric terms.
func (k *kernel) terms() int {
	n := 0
	for i, r := range k.fn.IR.Results {
		if p := k.fn.Places[r]; k.fn.Sums[i] == nil && !(p != nil && p.Kind == plan.Stat) {
			n++
		}
	}
	return n - 1
}

// sums is the number of sums beside the gradient: loss, terms, three numbers per solve, failed samples.
func (k *kernel) sums() int { return 1 + k.terms() + 3*k.fn.Needs.Stats + 1 }

// params is the number of elements of the gradient.
func (k *kernel) params() int {
	n := 0
	for _, p := range k.fn.Sums {
		if p != nil {
			n += p.Type.Len()
		}
	}
	return n
}

// tapeBytes is the room that a sample's tapes take: for every step that they can hold, and beside.
func (k *kernel) tapeBytes() (step, fixed int) {
	for _, v := range k.tapes {
		a, b := tapeBytes(v.Attr.Solve)
		step, fixed = step+a, fixed+b
	}
	return step, fixed
}

// choose lists the kernels that models and recipes get, and says which get none.
func (e *emitter) choose() (out []*kernel, ds diag.List) {
	add := func(k *kernel) {
		k.pl = e.plan
		if e.opts.Teams {
			k.why = "asked for"
		}
		because := func(it bool, format string, args ...any) {
			if it && k.why == "" {
				k.why = fmt.Sprintf(format, args...)
			}
		}
		seen := map[*ir.Func]bool{}
		var why string
		if k.kind == grad && k.recipe.Pull != nil {
			why = "its gradient goes through values that follow from parameters, which kernels do not know"
		}
		e.visit(k.fn.IR, seen, func(f *ir.Func) {
			for _, v := range f.Values {
				if v.Op == ir.OpSolve && v.Attr.Solve.Record {
					k.tapes = append(k.tapes, v)
				}
			}
			if v := tooLarge(e.plan.Of(f), localBytes); v != nil {
				because(true, "an array has %d bytes (%s), and a thread holds %d", v.Type.Len()*v.Type.Elem.Bytes(), v.Span, localBytes)
			}
			if w := unfit(e.plan.Of(f)); why == "" {
				why = w
			}
		})
		sums, straight := k.params()*e.m.Real.Bytes()/4, e.straight(k.fn.IR, false, map[*ir.Func]int{})
		called := straight > straightCode && e.straight(k.fn.IR, true, map[*ir.Func]int{}) <= straightCode && e.threadPays(k)
		other := k.why != ""
		because(k.kind == grad && sums > registerSums, "the gradient has %d numbers, and the registers of a thread hold %d", sums, registerSums)
		because(straight > straightCode && !called, "it has %d operations, and a thread goes through %d", straight, straightCode)
		switch fits, product := e.fitsTile(k); {
		case !other && !e.stretched(k.fn.IR) && e.splitPays(k, product, straight):
			k.form = splitted
		case fits && !e.opts.Teams && (product || k.why != "" && e.collective(k.fn.IR)):
			because(true, "layers are wider than %d", smallLen)
			k.form = tiled
		case k.why != "":
			k.form = teamed
		}
		together := k.fn.IR.Together()
		switch {
		case len(together) > 0 && e.layersFit(k):
			k.form, k.why = layered, "samples take steps of one length"
		case len(together) > 0 && why == "":
			s := together[0]
			why = fmt.Sprintf("the solve of %s (%s) has steps of one length for the whole batch, and something beside it does not go layer by layer", s.System, s.Span)
		}
		if e.opts.Layers && e.layersFit(k) || k.form != thread && k.form != splitted && !e.opts.Teams && e.layersFit(k) && e.layersPay(k) {
			k.form = layered
		}
		if why != "" {
			ds.Warnf("NDE0891", k.where(), "%s %s has no %s kernel: %s", map[bool]string{true: "model", false: "recipe"}[k.model != nil], k.of(), k.kind, why)
			return
		}
		out = append(out, k)
	}
	for _, m := range e.m.Models {
		add(&kernel{kind: forward, model: m, fn: e.plan.Of(m.Func)})
	}
	for _, r := range e.m.Recipes {
		if r.Design != nil {
			continue // least squares are those of the CPU
		}
		add(&kernel{kind: loss, recipe: r, fn: e.plan.Of(r.Objective)})
		if r.Grad != nil {
			add(&kernel{kind: grad, recipe: r, fn: e.plan.Of(r.Grad)})
		}
	}
	return out, ds
}

// kernel prints k: it loads a sample, runs it, and stores or sums what comes out.
func (e *emitter) kernel(k *kernel) {
	e.setApart(e.groups[k] == nil)
	switch {
	case k.form == teamed:
		e.frame(k, func() { e.teamKernel(k) })
	case k.form == tiled:
		e.tileKernel(k, nil)
		if e.groups[k] != nil {
			e.tileKernel(k, e.budget(k).Group)
		}
	case k.form == splitted:
		e.splitKernel(k)
	case k.form == layered && k.model != nil:
		e.layerModel(k)
	case k.form == layered:
		e.layerRecipe(k)
	case k.model != nil:
		e.forwardKernel(k)
	default:
		e.sumKernel(k)
	}
}

// memoryArgs are the kernel arguments for parameters that do not lie in constant memory. Teams get those that do as well:
// their threads read neighbouring weights, and constant memory gives all threads one.
func (e *emitter) memoryArgs() []string {
	var out []string
	if e.k.Params > 0 && (!e.k.Constant || e.form() != thread) {
		out = append(out, "const Params *ndec_params")
	}
	if e.k.Prepared > 0 && (!e.k.Constant || e.form() != thread) {
		out = append(out, "const Prepared *ndec_prepared")
	}
	return out
}

// sample prints how a thread loads its sample, and gives the arguments of the sample's function.
func (e *emitter) sample(k *kernel, sc *scope, stride, at string) []string {
	p := e.p
	n := k.fn.Needs
	var args []string
	deref := "*"
	if e.k.Constant && e.form() == thread {
		deref = ""
	}
	if e.team != nil {
		args = append(args, "team")
	}
	if e.tile {
		args = append(args, "tile")
	}
	if e.split != nil {
		args = append(args, "split")
	}
	if n.Params {
		args = append(args, deref+"ndec_params")
	}
	if n.Prepared {
		args = append(args, deref+"ndec_prepared")
	}
	if e.split != nil && (n.Params || n.Prepared) {
		args = append(args, "own")
	}
	if e.taped(k.fn.IR) {
		p.line("%s ws;", e.workspaceType())
		switch {
		case len(k.tapes) > 0 && e.team != nil:
			step, fixed := k.tapeBytes()
			p.line("ndec_room place = {tapes + blockIdx.x * ndec_tape_bytes(room, %d, %d), 1, 0};", step, fixed+8*k.tape().Tapes)
		case len(k.tapes) > 0 && e.tile:
			step, fixed := k.tapeBytes()
			if e.samples > 0 {
				p.line("ndec_room place = {tapes + blockIdx.x * ndec_tile_tape_bytes(room, %d, %d, %d, %d), %[4]d, thread};", step, fixed, k.tape().Tapes, e.samples)
				break
			}
			p.line("ndec_room place = {tapes + blockIdx.x * ndec_tile_tape_bytes(room, %d, %d, %d), 32, lane};", step, fixed, k.tape().Tapes)
		case len(k.tapes) > 0 && e.split != nil:
			step, fixed := k.tapeBytes()
			p.line("ndec_room place = {tapes + blockIdx.x * ndec_split_tape_bytes<Split>(room, %d, %d, %d), %d, (int)threadIdx.x / %d};", step, fixed, k.tape().Tapes, 32/e.split.lanes, e.split.lanes)
		case len(k.tapes) > 0:
			p.line("ndec_room place = {tapes, n, s};")
		}
		for _, v := range k.tapes {
			p.line("ws.%s.place(place, (int)room);", e.tapes[v])
		}
		args = append(args, "ws")
	}
	columns := e.columns(k.fn)
	for i, in := range k.ports() {
		from, t := e.column(k, i), in.Type
		name := sc.pick(snake(in.Name))
		if columns[k.fn.IR.Args[i]] {
			args = append(args, e.columnOf(t, from, at, stride, false))
			continue
		}
		if t.IsScalar() {
			p.line("%s %s = %s[%s];", e.elem(t.Elem), name, from, at)
		} else if e.shared(t) {
			p.line("%s", e.variable(t, name))
			p.line("for (int i = team.lane; i < %d; i += Team::size) %s[i] = %s[i * %s + %s];", t.Len(), name, from, stride, at)
			p.line("team.sync();")
		} else {
			p.line("%s %s[%d];", e.elem(t.Elem), name, t.Len())
			p.line("#pragma unroll")
			p.line("for (int i = 0; i < %d; i++) %s[i] = %s[i * %s + %s];", t.Len(), name, from, stride, at)
		}
		args = append(args, name)
	}
	if k.keyed() {
		p.line("double words[%d] = {key[0], key[1], (double)%s, key[3], key[4], key[5]};", ir.KeyWords, at)
		args = append(args, "words")
	}
	return args
}

// column is the kernel argument of input i.
func (e *emitter) column(k *kernel, i int) string { return fmt.Sprintf("in%d", i) }

func (e *emitter) columnArgs(k *kernel) []string {
	var out []string
	for i, in := range k.ports() {
		out = append(out, fmt.Sprintf("const %s *%s", e.elem(in.Type.Elem), e.column(k, i)))
	}
	return out
}

func (e *emitter) tailArgs(k *kernel) []string {
	var out []string
	if k.keyed() {
		out = append(out, "const double *key")
	}
	if k.fn.Needs.Stats > 0 {
		out = append(out, "ndec_stats *stats")
	}
	if len(k.tapes) > 0 {
		out = append(out, "char *tapes", "long long room")
	}
	return out
}

func (e *emitter) head(name string, b Budget, args []string) {
	e.p.line("NDEC_KERNEL void __launch_bounds__(%d, %d) %s(%s) {", b.Block, b.Blocks, name, strings.Join(args, ", "))
}

// stats prints how statistics of a sample are stored.
func (e *emitter) storeStats(k *kernel) {
	if n := k.fn.Needs.Stats; n > 0 {
		e.p.line("for (int i = 0; i < %d; i++) stats[i * n + s] = st[i];", n)
	}
}

func (e *emitter) forwardKernel(k *kernel) {
	p := e.p
	b := e.budget(k)
	args := append([]string{"long long count"}, e.memoryArgs()...)
	if e.stepped[k.fn.IR] != nil {
		args = append(args, "const ndec_stepping *by")
	}
	args = append(args, e.columnArgs(k)...)
	for i, o := range k.model.Outputs {
		args = append(args, fmt.Sprintf("%s *out%d", e.elem(o.Type.Elem), i))
	}
	args = append(args, e.tailArgs(k)...)
	p.line("// %s: model %s for count samples; arrays are [element][sample].", k.name, k.of())
	e.head(k.name, b, args)
	p.line("int n = (int)count; // 32 bits are enough, and take half the registers")
	p.line("int s = blockIdx.x * blockDim.x + threadIdx.x;")
	p.line("if (s >= n) return;")
	sc := e.kernelScope()
	call := e.sample(k, sc, "n", "s")
	columns := e.columns(k.fn)
	var outs []string
	for i, o := range k.model.Outputs {
		if pl := k.fn.Places[k.fn.IR.Results[i]]; pl != nil && pl.Kind == plan.Stat {
			outs = append(outs, statistic(pl, "st"))
			continue
		}
		name := sc.pick(snake(o.Name) + "_out")
		if r := k.fn.IR.Results[i]; columns[r] && k.fn.Places[r].Index == i {
			outs = append(outs, "")
			call = append(call, e.columnOf(o.Type, fmt.Sprintf("out%d", i), "s", "n", true))
			continue
		}
		p.line("%s", e.variable(o.Type, name))
		outs = append(outs, name)
		call = append(call, name)
	}
	if e.stepped[k.fn.IR] != nil {
		call = append(call, "by")
	}
	if n := k.fn.Needs.Stats; n > 0 {
		p.line("ndec_stats st[%d];", n)
		call = append(call, "st")
	}
	p.line("%s(%s);", e.funcs[k.fn.IR], strings.Join(call, ", "))
	for i, o := range k.model.Outputs {
		if outs[i] == "" { // is there
			continue
		}
		if o.Type.IsScalar() {
			p.line("out%d[s] = %s;", i, outs[i])
			continue
		}
		p.line("#pragma unroll")
		p.line("for (int i = 0; i < %d; i++) out%d[i * n + s] = %s[i];", o.Type.Len(), i, outs[i])
	}
	e.storeStats(k)
	p.line("}")
	p.line("")
	e.offerModel(k, b, TeamShape{})
}

// offerModel tells the launcher of the kernel of a model.
func (e *emitter) offerModel(k *kernel, b Budget, t TeamShape) {
	e.offer(k, ModelKernel{Kernel: k.name, Block: b.Block, Keyed: k.keyed(), KernelTape: k.tape(), TeamShape: t})
}

// offer tells the launcher of a model what its ports and solves are beside mk.
func (e *emitter) offer(k *kernel, mk ModelKernel) {
	mk.Name, mk.Inputs, mk.Outputs, mk.Stats = k.of(), portsOf(k.model.Inputs), portsOf(k.model.Outputs), k.fn.Needs.Stats
	if e.stepped[k.fn.IR] != nil {
		for _, s := range k.model.Solves {
			by := Stepping{Step: s.StepSize}
			switch {
			case s.Adaptive:
				by = Stepping{RTol: s.RTol, ATol: s.ATol, MaxSteps: s.MaxSteps}
			case s.Steps > 0:
				by = Stepping{Steps: s.Steps}
			}
			mk.By = append(mk.By, by)
		}
	}
	e.k.Models = append(e.k.Models, mk)
}

// firstRoom is the number of steps that tapes of adaptive solves have room for at first.
const firstRoom = 64

// tape is what the launcher needs to know of the tapes.
func (k *kernel) tape() (t KernelTape) {
	t.TapeStep, t.TapeFixed = k.tapeBytes()
	for _, v := range k.tapes {
		s := v.Attr.Solve
		t.Tapes += 4 + len(s.States)
		room := firstRoom
		if s.Steps > 0 {
			room = s.Steps + s.Stops
		}
		if s.PerSample {
			room = s.Steps*s.Times + s.Stops
		}
		if len(s.Events) > 0 {
			t.Tapes += 4 + len(s.States)
			room += firstRoom // they cut steps
		}
		if s.Passes() {
			t.Tapes++
		}
		if s.Start != nil {
			t.Tapes++
		}
		if s.Rebegins() {
			t.Tapes++
		}
		t.TapeRoom = max(t.TapeRoom, room)
	}
	return t
}

// gradientType prints the type that holds the sums of a gradient and gives its name; "" where there are none.
func (e *emitter) gradientType(k *kernel) string {
	if k.kind != grad || k.params() == 0 {
		return ""
	}
	p, g := e.p, e.global.pick(snake(k.of())+"_gradient")
	p.line("// The gradient of recipe %s: %s.", k.of(), plural(k.params(), "number"))
	p.line("struct %s {", g)
	for _, q := range k.fn.Sums {
		if q != nil {
			p.line("real %s[%d];", e.fields[q], q.Type.Len())
		}
	}
	p.line("};")
	p.line("")
	return g
}

// sumKernel prints a kernel that sums over the rows of a batch, a block of samples at a time.
func (e *emitter) sumKernel(k *kernel) {
	p := e.p
	b := e.budget(k)
	nSums, nParams := k.sums(), k.params()
	stats := k.fn.Needs.Stats
	g := e.gradientType(k)
	args := append([]string{"long long count", "long long total", "const int *rows"}, e.memoryArgs()...)
	args = append(args, e.columnArgs(k)...)
	args = append(args, "double *sums")
	if g != "" {
		args = append(args, "real *grads")
	}
	args = append(append(args, "real *losses"), e.tailArgs(k)...)
	p.line("// %s: recipe %s over count rows of columns [element][row of total]. Every block of %d samples leaves a row of sums (loss,", k.name, k.of(), b.Block)
	what := "evaluations, accepted and rejected steps per solve, failed samples)"
	if k.terms() > 0 {
		what = plural(k.terms(), "metric term") + ", " + what
	}
	if g != "" {
		what += " and one of the gradient"
	}
	p.line("// %s; losses of single rows go to losses unless it is null.", what)
	e.head(k.name, b, args)
	p.line("__shared__ double shared_sums[%d];", b.Block/32*nSums)
	if g != "" {
		p.line("__shared__ real shared_grads[%d];", b.Block/32*nParams)
	}
	p.line("int n = (int)count; // 32 bits are enough, and take half the registers")
	p.line("for (int chunk = blockIdx.x; chunk * %d < n; chunk += gridDim.x) {", b.Block)
	p.line("int s = chunk * %d + threadIdx.x;", b.Block)
	p.line("double sum[%d] = {};", nSums)
	if g != "" {
		p.line("%s g = {};", g)
	}
	p.line("if (s < n) {")
	p.line("int row = rows[s];")
	sc := e.kernelScope()
	call := e.sample(k, sc, "total", "row")
	res := []string{sc.pick("loss_value")}
	for range k.terms() {
		res = append(res, sc.pick("term"))
	}
	j := 0
	for i, r := range k.fn.IR.Results {
		if pl := k.fn.Places[r]; k.fn.Sums[i] == nil && !(pl != nil && pl.Kind == plan.Stat) {
			p.line("%s", e.variable(r.Type, res[j]))
			call = append(call, res[j])
			j++
		}
	}
	if k.fn.Needs.Accum {
		if g == "" {
			panic("cudagen: " + k.fn.IR.Name + " adds to running sums that are none of its results")
		}
		call = append(call, "g")
	}
	if stats > 0 {
		p.line("ndec_stats st[%d];", stats)
		call = append(call, "st")
	}
	p.line("%s(%s);", e.funcs[k.fn.IR], strings.Join(call, ", "))
	e.storeStats(k)
	e.sampleSums(k, res)
	p.line("}")
	warps := b.Block / 32
	p.line("ndec_block_sum<%d>(sum, %d, shared_sums, sums + chunk * %d);", warps, nSums, nSums)
	if g != "" {
		p.line("ndec_block_sum<%d>((const real *)&g, %d, shared_grads, grads + chunk * %d);", warps, nParams, nParams)
	}
	p.line("}")
	p.line("}")
	p.line("")
	e.offerSums(k, SumKernel{Block: b.Block, KernelTape: k.tape()})
}

// sampleSums prints how a thread readies the sums of its sample: loss and terms, of which names are given, counts of its solves st, and
// whether one has failed.
func (e *emitter) sampleSums(k *kernel, res []string) {
	p, stats, nSums := e.p, k.fn.Needs.Stats, k.sums()
	if stats > 0 {
		p.line("bool bad = ndec_failed<%d>(st);", stats)
		p.line("for (int i = 0; i < %d; i++) {", stats)
		p.line("sum[%d + 3 * i] = st[i].nfe;", len(res))
		p.line("sum[%d + 3 * i + 1] = st[i].accepted;", len(res))
		p.line("sum[%d + 3 * i + 2] = st[i].rejected;", len(res))
		p.line("}")
		p.line("sum[%d] = bad;", nSums-1)
		p.line("if (!bad) {")
	}
	for i, r := range res {
		p.line("sum[%d] = %s;", i, r)
	}
	p.line("if (losses) losses[s] = %s;", res[0])
	if stats > 0 {
		p.line("}")
	}
}

// offerSums tells the launcher of a kernel of a recipe.
func (e *emitter) offerSums(k *kernel, sk SumKernel) {
	var rk *RecipeKernel
	for i := range e.k.Recipes {
		if e.k.Recipes[i].Name == k.of() {
			rk = &e.k.Recipes[i]
		}
	}
	if rk == nil {
		e.k.Recipes = append(e.k.Recipes, RecipeKernel{Name: k.of(), Columns: portsOf(k.recipe.Columns), Terms: k.terms(), Keyed: k.keyed()})
		rk = &e.k.Recipes[len(e.k.Recipes)-1]
	}
	sk.Kernel, sk.Stats = k.name, k.fn.Needs.Stats
	for _, q := range k.fn.Sums {
		if q != nil {
			off := 0
			for _, o := range e.m.Params[:q.Index] {
				off += o.Type.Len()
			}
			if k := len(sk.Spans); k > 0 && sk.Spans[k-1].Hi == off {
				sk.Spans[k-1].Hi += q.Type.Len()
			} else {
				sk.Spans = append(sk.Spans, KernelSpan{off, off + q.Type.Len()})
			}
		}
	}
	if k.kind == grad {
		rk.Grad = sk
	} else {
		rk.Loss = sk
	}
}
