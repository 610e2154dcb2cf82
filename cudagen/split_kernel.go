package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// splitOfKernels is what the functions of kernels with split samples share out; nil where there are none.
func (e *emitter) splitOfKernels(kernels []*kernel) *split {
	var roots []*ir.Func
	lanes := 0
	for _, k := range kernels {
		if k.form == splitted {
			roots, lanes = append(roots, k.fn.IR), max(lanes, k.lanes)
		}
	}
	if roots == nil {
		return nil
	}
	return e.splitOf(roots, lanes)
}

// splitTypes prints the types of kernels with split samples.
func (e *emitter) splitTypes() {
	if e.splits == nil {
		return
	}
	p, s := e.p, e.splits
	p.line("typedef ndec_split<%d> Split;", s.lanes)
	p.line("")
	var takes []string
	p.line("// What a lane has of the parameters in registers: its units, and all of what is short.")
	p.line("struct Own {")
	for _, list := range [][]*ir.Param{e.m.Params, e.m.Derived} {
		from := "w"
		if len(list) > 0 && list[0].Derived {
			from = "pre"
		}
		for _, q := range list {
			if !s.held[q] {
				continue
			}
			n, at := s.numbers(q.Type), "j"
			if s.slots(q.Type) > 0 {
				at = s.place(q.Type, "j")
			}
			f := e.fields[q]
			p.line("%s %s[%d]; // of %s %s", e.elem(q.Type.Elem), f, n, clean(q.Name), shapeText(q.Type.Shape))
			takes = append(takes, "#pragma unroll", fmt.Sprintf("for (int j = 0; j < %d; j++) %s[j] = %s->%s[%s];", n, f, from, f, at))
		}
	}
	p.line("")
	p.line("__device__ __forceinline__ void take(%s) {", strings.Join(append([]string{"Split split"}, e.memoryArgsAs("w", "pre")...), ", "))
	for _, t := range takes {
		p.line("%s", t)
	}
	p.line("}")
	p.line("};")
	p.line("")
}

// memoryArgsAs are the arguments of a kernel for parameters in device memory, by these names.
func (e *emitter) memoryArgsAs(params, prepared string) (out []string) {
	if e.k.Params > 0 {
		out = append(out, "const Params *"+params)
	}
	if e.k.Prepared > 0 {
		out = append(out, "const Prepared *"+prepared)
	}
	return out
}

// ownGradient prints the type of what a lane sums of a gradient, and gives its name.
func (e *emitter) ownGradient(k *kernel) string {
	p, g := e.p, e.global.pick(snake(k.of())+"_gradient")
	p.line("// What a lane sums of the gradient of recipe %s.", k.of())
	p.line("struct %s {", g)
	for _, q := range k.fn.Sums {
		if q != nil {
			p.line("real %s[%d]; // of %s %s", e.fields[q], e.split.numbers(q.Type), clean(q.Name), shapeText(q.Type.Shape))
		}
	}
	p.line("};")
	p.line("")
	return g
}

// numbers is how many a lane has of a parameter of type t.
func (s *split) numbers(t ir.Type) int {
	if n := s.slots(t); n > 0 {
		return n
	}
	return t.Len()
}

// splitKernel prints a kernel whose blocks are warps with a sample for every few lanes, one round of samples after the other: block b of
// B on those from S b, S (b + B), … on. Sums of the gradient stay in registers until the last; they are kept for each block, and
// added up by ndec_sum_rows.
func (e *emitter) splitKernel(k *kernel) {
	p := e.p
	b := e.budget(k)
	samples := 32 / e.split.lanes
	nSums, g := 0, ""
	if k.recipe != nil {
		nSums = k.sums()
		if k.kind == grad && k.params() > 0 {
			g = e.ownGradient(k)
		}
	}
	args := e.blockArgs(k, g != "", "")
	if k.model != nil {
		p.line("// %s: model %s for count samples, %d lanes for each; arrays are [element][sample].", k.name, k.of(), e.split.lanes)
	} else {
		p.line("// %s: recipe %s over count rows of columns [element][row of total], %d lanes for each. Every block leaves a row of sums", k.name, k.of(), e.split.lanes)
		p.line("// as other kernels do for 64 or 128 samples; losses of single rows go to losses unless it is null.")
	}
	e.head(k.name, b, args)
	p.line("int n = (int)count;")
	p.line("Split split = Split::of(threadIdx.x);")
	needs := k.needs()
	if needs.Params || needs.Prepared {
		p.line("Own own;")
		var from []string
		for _, a := range e.memoryArgsAs("", "") {
			from = append(from, "ndec_"+strings.ToLower(strings.Trim(strings.TrimPrefix(a, "const "), " *")))
		}
		p.line("own.take(%s);", strings.Join(append([]string{"split"}, from...), ", "))
	}
	if nSums > 0 {
		p.line("double sum[%d] = {};", nSums)
	}
	if g != "" {
		p.line("%s g = {};", g)
	}
	p.line("for (int chunk = blockIdx.x * %d; chunk < n; chunk += gridDim.x * %d) {", samples, samples)
	p.line("int s = chunk + (int)threadIdx.x / %d;", e.split.lanes)
	p.line("if (s < n) {")
	sc := e.kernelScope()
	at, stride := "s", "n"
	if k.recipe != nil {
		p.line("int row = rows[s];")
		at, stride = "row", "total"
	}
	outs, call := e.results(k, sc, e.sample(k, sc, stride, at))
	p.line("%s(%s);", e.funcName(k.fn.IR), strings.Join(call, ", "))
	if k.fn.Needs.Stats > 0 {
		p.line("if (split.lane == 0) {")
		e.storeStats(k)
		p.line("}")
	}
	if k.model != nil {
		e.splitOutputs(k, outs)
	} else {
		e.addSums(k, outs, "losses && split.lane == 0")
	}
	if len(k.tapes) > 0 {
		p.line("split.sync(); // the next sample has the same tapes")
	}
	p.line("}")
	p.line("}")
	if nSums > 0 {
		p.line("#pragma unroll")
		p.line("for (int i = 0; i < %d; i++) {", nSums)
		p.line("double all = ndec_split_join(split, sum[i]);")
		p.line("if (threadIdx.x == 0) sums[blockIdx.x * %d + i] = all;", nSums)
		p.line("}")
	}
	if g != "" {
		e.leaveSums(k)
	}
	p.line("}")
	p.line("")
	own := TeamShape{Teams: b.Team, Lanes: samples}
	if k.model != nil {
		e.offerModel(k, b, own)
	} else {
		e.offerSums(k, SumKernel{Block: b.Block, KernelTape: k.tape(), TeamShape: own})
	}
}

// splitOutputs prints how the first lane of a sample stores the outputs of a model.
func (e *emitter) splitOutputs(k *kernel, outs []string) {
	p := e.p
	p.line("if (split.lane == 0) {")
	for i, o := range k.model.Outputs {
		if o.Type.IsScalar() {
			p.line("out%d[s] = %s;", i, outs[i])
			continue
		}
		p.line("#pragma unroll")
		p.line("for (int i = 0; i < %d; i++) out%d[i * n + s] = %s[i];", o.Type.Len(), i, outs[i])
	}
	p.line("}")
}

// leaveSums prints how a warp adds up what its samples have given to the gradient, and leaves it in a row of its own.
func (e *emitter) leaveSums(k *kernel) {
	p, s, off := e.p, e.split, 0
	p.line("real *left = grads + blockIdx.x * %dll;", k.params())
	for _, q := range k.fn.Sums {
		if q == nil {
			continue
		}
		f := e.fields[q]
		conds, at := []string{"threadIdx.x == 0"}, "j"
		if s.slots(q.Type) > 0 {
			conds, at = []string{fmt.Sprintf("threadIdx.x < %d", s.lanes)}, s.place(q.Type, "j")
			if in := s.within(q.Type, "j"); in != "" {
				conds = append(conds, in)
			}
		}
		if off > 0 {
			at = fmt.Sprintf("%d + %s", off, at)
		}
		p.line("#pragma unroll")
		p.line("for (int j = 0; j < %d; j++) {", s.numbers(q.Type))
		p.line("real all = ndec_split_join(split, g.%s[j]);", f)
		p.line("if (%s) left[%s] = all;", strings.Join(conds, " && "), at)
		p.line("}")
		off += q.Type.Len()
	}
}

// callArguments are the arguments of a call whose callee has some of them shared out.
func (fn *function) callArguments(v *ir.Value) []string {
	sp := fn.e.split
	if sp == nil {
		return fn.arguments(v.Args)
	}
	out := make([]string, len(v.Args))
	for i, a := range v.Args {
		if !sp.shared[v.Attr.Func.Args[i]] {
			out[i] = fn.arguments(v.Args[i : i+1])[0]
			continue
		}
		own := fn.elem(a, fn.slot(a.Type, "j"))
		if name, ok := strings.CutSuffix(own, "[j]"); ok && !strings.ContainsAny(name, " ([") {
			out[i] = name // it lies so already
			continue
		}
		out[i] = fn.s.pick("part")
		fn.p.line("%s %s[%d];", fn.e.elem(a.Type.Elem), out[i], sp.slots(a.Type))
		fn.overSlots(a.Type, func(ix index) { fn.p.line("%s[j] = %s;", out[i], bare(fn.elem(a, ix))) })
	}
	return out
}
