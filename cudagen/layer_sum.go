package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Gradients layer by layer: what a function adds to the running sum of a parameter's cotangent is a kernel of its own, over the samples of a
// batch. An outer product is a matrix product with samples as terms, in tiles by tensor cores; what is added element by element goes by a warp
// for each element. The batch is in parts, each of which has a row of sums in device memory, [parameter][part][element]; a block adds to its
// elements of one row, so that the order of sums is that of launches, and rows are added at the end in theirs.

// cutSums takes the steps of n that add to running sums for kernels after all others, and gives what is left of it. What is added is there
// until the function runs again.
func (l *layerFunc) cutSums(n *plan.Nest, real ir.Elem) *plan.Nest {
	rest := *n
	rest.Steps = nil
	for _, s := range n.Steps {
		if s.Sum == nil {
			rest.Steps = append(rest.Steps, s)
			continue
		}
		l.sums = append(l.sums, &piece{kind: bySum, sum: s, slices: slicesOf(s, real)})
	}
	return &rest
}

// summands are the values that a step adds to a running sum, or adds the products of.
func summands(s plan.Step) []*ir.Value {
	if s.Form == plan.AddTo && !overPlaces(s) {
		return []*ir.Value{s.V}
	}
	return s.V.Args
}

// largeOuter reports whether s stores an outer product that no thread holds.
func largeOuter(s plan.Step) bool {
	return (s.Form == plan.OuterRow || s.Form == plan.OuterCol) && s.V.Type.Len() > smallLen*smallLen
}

// layerSum prints the kernel of a sum over samples.
func (e *emitter) layerSum(l *layerFunc, pc *piece, params, find []string) {
	p, fn, v, q := e.p, l.fn, pc.sum.V, pc.sum.Sum
	name := clean(q.Name)
	places, folded, over, place := placesOf(pc.sum), overPlaces(pc.sum), "", ""
	if folded {
		over, place = "_over", "int place, "
	}
	part := func(rows int, doc string) {
		pc.rows = rows * pc.slices
		e.layerHead(pc.kernel, doc, params, false)
		if folded {
			p.line("ndec_part part(n, %d, %d);", rows, pc.slices)
		} else {
			p.line("ndec_part part(n, %d);", rows)
		}
		e.weights(fn.f, pc)
		p.source(v.Span)
	}
	element := func(i, x string, before ...string) {
		p.summand(fmt.Sprintf("int %s, %sint s", i, place), x, before, find)
	}
	total := func(elements int, doc string) {
		n := fmt.Sprint(elements)
		if folded {
			n += fmt.Sprintf(", %d", places)
		}
		part((elements+3)/4, fmt.Sprintf("the cotangent of %s, %s, a warp for each%s", name, plural(elements, "element"), doc))
		p.line("ndec_layer_total%s<%s>(part, %s, real(0),", over, n, l.counted)
	}
	n := v.Type.Len()
	switch {
	case folded && v.Op == ir.OpSum:
		total(n, fmt.Sprintf(", over %d places in %s", places, plural(pc.slices, "slice")))
		r := reductionOf(v)
		element("i", fn.elem(v.Args[0], index{expr: r.element("i", "place")}))
		p.line("\t%s);", l.total)
		return
	case folded && !oneGroup(v):
		total(n, fmt.Sprintf(", over %d places in %s", places, plural(pc.slices, "slice")))
		_, shape := convShape(v)
		x, y := fn.elem(v.Args[0], index{expr: "j"}), fn.elem(v.Args[1], index{expr: "k"})
		element("i", fmt.Sprintf("j < 0 ? real(0) : %s * %s", x, y), fmt.Sprintf("int j = ndec_conv_met(%s, i, place), k = i / %d * %d + place;", shape, n/v.Type.Shape[0], places))
		p.line("\t%s);", l.total)
		return
	case pc.sum.Form == plan.AddTo && !folded:
		total(n, "")
		element("i", fn.elem(v, index{expr: "i"}))
		p.line("\t%s);", l.total)
		return
	}
	o := e.outerOf(fn, pc)
	part(outerTiles(o.rows, o.columns, e.m.Real), o.doc)
	from := ""
	if folded {
		from = fmt.Sprintf(", %d", places)
	}
	if e.m.Real == ir.F32 {
		p.line("__shared__ unsigned parts[%d];", o.as.parts*8*layerColumns(o.columns))
		p.line("ndec_layer_outer%s<%s, %d, %d%s>(part, %s, parts,", over, o.as.name, o.rows, o.columns, from, l.counted)
	} else {
		p.line("ndec_layer_outer_sums%s<%d, %d%s>(part, %s, real(0),", over, o.rows, o.columns, from, l.counted)
	}
	element("i", o.a.x, o.a.before...)
	element("j", o.b.x, o.b.before...)
	p.line("\t%s", o.add(l))
}

// summand prints an element of what is summed, behind what it needs, as a lambda.
func (p *printer) summand(params, x string, before, find []string) {
	x = bare(x)
	p.depth++
	p.lambda(fmt.Sprintf("[&](%s) {", params), strings.Join(append(before, x), "\n"), find)
	for _, line := range before {
		p.line("%s", line)
	}
	p.line("return %s;", x)
	p.line("},")
	p.depth--
}

// layerOuter is a sum of outer products of a(i) and b(j), of which there are so many each, the more of a.
type layerOuter struct {
	rows, columns int
	as            operands
	a, b          factor
	at, doc       string // where element (i, j) lies among the sums
}

// factor is the element of one of both, behind what it needs.
type factor struct {
	x      string
	before []string
}

// add is what becomes of an element, as a lambda.
func (o layerOuter) add(l *layerFunc) string {
	return fmt.Sprintf("[&](int i, int j, real x) { %s[part.number * %d + %s] += x; });", l.total, o.rows*o.columns, o.at)
}

// outerOf is that of pc. Over places it is of what a place sees and what comes back there.
func (e *emitter) outerOf(fn *function, pc *piece) (o layerOuter) {
	v, name := pc.sum.V, clean(pc.sum.Sum.Name)
	a, b := v.Args[0], v.Args[1]
	o.rows, o.columns = a.Type.Len(), b.Type.Len()
	if overPlaces(pc.sum) {
		_, shape := convShape(v)
		places := placesOf(pc.sum)
		o.rows, o.columns = v.Type.Len()/v.Type.Shape[0], v.Type.Shape[0]
		o.doc = fmt.Sprintf("the cotangent of %s, %d by %d, outer products over samples and %d places in %s", name, o.columns, o.rows, places, plural(pc.slices, "slice"))
		seeing := func(i string) factor {
			return factor{fmt.Sprintf("k < 0 ? real(0) : %s", fn.elem(a, index{expr: "k"})), []string{fmt.Sprintf("int k = ndec_conv_seen(%s, %s, place);", shape, i)}}
		}
		back := func(i string) factor {
			return factor{x: fn.elem(b, index{expr: fmt.Sprintf("%s * %d + place", i, places)})}
		}
		o.a, o.b, o.at = seeing("i"), back("j"), fmt.Sprintf("j * %d + i", o.rows)
		if o.rows < o.columns {
			o.a, o.b, o.at = back("i"), seeing("j"), fmt.Sprintf("i * %d + j", o.rows)
		}
	} else {
		o.doc = fmt.Sprintf("the cotangent of %s, %d by %d, outer products over samples", name, o.rows, o.columns)
		o.at = fmt.Sprintf("i * %d + j", o.columns)
		if o.rows < o.columns { // the longer one has the threads of a block
			a, b = b, a
			o.at = fmt.Sprintf("j * %d + i", o.columns)
		}
		o.a, o.b = factor{x: fn.elem(a, index{expr: "i"})}, factor{x: fn.elem(b, index{expr: "j"})}
	}
	if o.as = operandsOf(e.m, v.Args[0], v.Args[1]); o.as == asHalf { // whose operands would need scales
		o.as = asFloat
	}
	o.rows, o.columns = max(o.rows, o.columns), min(o.rows, o.columns)
	return o
}

// outerTiles is the number of blocks that share out the rows and columns of a sum of outer products.
func outerTiles(rows, columns int, real ir.Elem) int {
	c := layerSums
	if real == ir.F32 {
		c = layerColumns(columns)
	}
	return outerTilesOf(rows, columns, c)
}

func outerTilesOf(rows, columns, each int) int {
	return (rows + layerGroup - 1) / layerGroup * ((columns + each - 1) / each)
}

// layerTotals are the numbers of the parameters whose cotangents k sums, their rows for a part of the batch (nil where all have one), and where
// each begins among them.
func (k *kernel) layerTotals(slices map[*ir.Param]int) (lengths, rows []int, from map[*ir.Param]int) {
	from = map[*ir.Param]int{}
	at, sliced := 0, false
	for _, q := range k.fn.Sums {
		if q != nil {
			n := max(1, slices[q])
			from[q] = at
			at += n * q.Type.Len()
			lengths, rows, sliced = append(lengths, q.Type.Len()), append(rows, n), sliced || n > 1
		}
	}
	if !sliced {
		rows = nil
	}
	return lengths, rows, from
}

// layerRecipe prints a loss or gradient layer by layer and tells the launcher of it.
func (e *emitter) layerRecipe(k *kernel) {
	p := e.p
	l := e.layerFuncs[k.fn.IR]
	p.line("// %s: recipe %s, layer by layer: its columns, the kernels of functions, and the sums over a batch.", k.name, k.of())
	e.layerKernels(l)
	r := &layerRun{e: e, frames: map[*layerFunc]map[place]int{}, kept: map[*ir.Value]map[string]int{}, tapes: map[*ir.Value]map[string]int{}}
	out := Layers{Together: k.fn.IR.InStep()}
	out.Totals, out.Slices, r.from = k.layerTotals(e.layerSlices(k.fn.IR))
	var args, results []int
	for _, in := range k.ports() {
		args = append(args, r.take(columnBytes(in.Type)))
	}
	if k.keyed() {
		args = append(args, r.take(keyBytes))
	}
	sums := LayerLaunch{Kernel: k.name}
	for i, res := range k.fn.IR.Results {
		at := -1
		if l.fn.res[i] != "" {
			at = r.take(columnBytes(res.Type))
			sums.Places = append(sums.Places, at)
		}
		results = append(results, at)
	}
	r.stats, r.counts = r.take(k.fn.Needs.Stats*statsBytes), r.take(8)
	r.counted = r.counts
	out.Stats = r.stats
	sums.Places = append(sums.Places, r.stats)
	r.run(l, args, results)
	out.Bytes, out.Parts = r.bytes, r.done()
	out.Gather = e.layerColumns(k)
	out.Gather.Places = append(args, r.stats, r.counts)
	out.Sums = sums
	if len(out.Totals) > 0 {
		out.Clear = k.name + "_clear"
		p.line("// %s: the rows of sums are zeros before the first samples.", out.Clear)
		p.line("NDEC_KERNEL void __launch_bounds__(%d) %s(long long count, real *sums) {", layerGroup, out.Clear)
		p.line("long long i = (long long)blockIdx.x * %d + threadIdx.x;", layerGroup)
		p.line("if (i < count) sums[i] = 0;")
		p.line("}")
		p.line("")
	}
	e.layerLoss(k)
	e.offerSums(k, SumKernel{Block: layerGroup, KernelTape: KernelTape{TapeStep: r.tape, TapeRoom: k.tape().TapeRoom}, Layers: out})
}

// layerColumns prints the kernel that takes rows of columns to where functions find them.
func (e *emitter) layerColumns(k *kernel) LayerLaunch {
	p := e.p
	launch := LayerLaunch{Kernel: k.name + "_columns", Rows: 1}
	params := append([]string{"long long count", "long long total", "const int *rows"}, e.columnArgs(k)...)
	if k.keyed() {
		params = append(params, "const double *key")
	}
	for i, in := range k.ports() {
		launch.Rows = max(launch.Rows, in.Type.Len())
		params = append(params, fmt.Sprintf("%s *to%d", e.elem(in.Type.Elem), i))
	}
	if k.keyed() {
		params = append(params, "double *key_at")
	}
	p.line("// %s: rows of columns [element][row of total], a thread an element of a sample.", launch.Kernel)
	p.head(launch.Kernel, append(params, "ndec_stats *st_at", "int *counts_at"))
	p.line("int n = (int)count;")
	p.line("ndec_at at(n);")
	p.line("int i = at.row, s = at.s;")
	p.line("if (s >= n) return;")
	p.line("int row = rows[s];")
	for c, in := range k.ports() {
		set := fmt.Sprintf("to%d[i * n + s] = in%d[i * total + row];", c, c)
		if in.Type.Len() < launch.Rows {
			set = fmt.Sprintf("if (i < %d) %s", in.Type.Len(), set)
		}
		p.line("%s", set)
	}
	p.line("if (i > 0) return;")
	if k.keyed() { // of the row
		p.line("for (int j = 0; j < %d; j++) key_at[j * n + s] = j == 2 ? (double)row : key[j];", ir.KeyWords)
	}
	if n := k.fn.Needs.Stats; n > 0 {
		p.line("for (int j = 0; j < %d; j++) st_at[j * n + s].start(0);", n)
	}
	p.line("counts_at[s] = true;")
	p.line("}")
	p.line("")
	return launch
}

// head prints the head of a kernel with blocks of 128 threads.
func (p *printer) head(name string, params []string) {
	p.line("NDEC_KERNEL void __launch_bounds__(%d) %s(%s) {", layerGroup, name, strings.Join(params, ", "))
}

// layerLoss prints the kernel that sums what samples have left.
func (e *emitter) layerLoss(k *kernel) {
	p, fn := e.p, e.layerFuncs[k.fn.IR].fn
	params := []string{"long long count"}
	var names, finds []string
	for i, r := range k.fn.IR.Results {
		if fn.res[i] == "" {
			continue
		}
		name := "loss_value"
		if len(names) > 0 {
			name = fmt.Sprintf("term%d", len(names))
		}
		params = append(params, fmt.Sprintf("const %s *%s_at", e.elem(r.Type.Elem), name))
		finds = append(finds, fmt.Sprintf("%s %s = %s_at[s];", e.elem(r.Type.Elem), name, name))
		names = append(names, name)
	}
	p.line("// %s: sums of what samples have left, a row for each block of %d.", k.name, layerGroup)
	p.head(k.name, append(params, "const ndec_stats *st_at", "double *sums", "real *losses"))
	p.line("__shared__ double shared_sums[%d];", layerGroup/32*k.sums())
	p.line("int n = (int)count;")
	p.line("int s = blockIdx.x * %d + threadIdx.x;", layerGroup)
	p.line("double sum[%d] = {};", k.sums())
	p.line("if (s < n) {")
	for _, f := range finds {
		p.line("%s", f)
	}
	if stats := k.fn.Needs.Stats; stats > 0 {
		p.line("ndec_stats st[%d];", stats)
		p.line("for (int i = 0; i < %d; i++) st[i] = st_at[i * n + s];", stats)
	}
	e.sampleSums(k, names)
	p.line("}")
	p.line("ndec_block_sum<%d>(sum, %d, shared_sums, sums + blockIdx.x * %d);", layerGroup/32, k.sums(), k.sums())
	p.line("}")
	p.line("")
}
