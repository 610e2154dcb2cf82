package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir/plan"
)

// teamKernel prints a kernel whose blocks work on one sample after the other: block b of B on samples b, b + B, … So the
// sums of a batch have an order that depends on it alone; they are kept for each block, and added up by ndec_sum_rows.
func (e *emitter) teamKernel(k *kernel) {
	p := e.p
	nSums, nParams, stats := 0, 0, k.fn.Needs.Stats
	g := ""
	if k.recipe != nil {
		nSums, nParams = k.sums(), k.params()
		g = e.gradientType(k)
	}
	args := e.blockArgs(k, g != "", "memory")

	// The body first: it says how much memory it takes.
	head := p.text()
	p.depth++
	p.line("int n = (int)count;")
	if nSums > 0 {
		p.line("double sum[%d] = {};", nSums)
	}
	if g != "" {
		p.line("%s &g = ((%s *)grads)[blockIdx.x];", g, g)
		p.line("ndec_team_clear(team, (real *)&g, %d);", nParams)
	}
	p.line("for (int s = blockIdx.x; s < n; s += gridDim.x) {")
	e.scope()
	sc := e.kernelScope()
	at, stride := "s", "n"
	if k.recipe != nil {
		p.line("int row = rows[s];")
		at, stride = "row", "total"
	}
	outs, call := e.results(k, sc, e.sample(k, sc, stride, at))
	e.calls(k.fn.IR)
	p.line("%s(%s);", e.funcName(k.fn.IR), strings.Join(call, ", "))
	if stats > 0 {
		p.line("if (team.lane == 0) {")
		e.storeStats(k)
		p.line("}")
	}
	if k.model != nil {
		e.teamOutputs(k, outs)
	} else {
		e.addSums(k, outs, "losses && team.lane == 0")
	}
	p.line("team.sync();")
	p.line("}")
	if nSums > 0 {
		p.line("if (team.lane == 0)")
		p.line("\tfor (int i = 0; i < %d; i++) sums[blockIdx.x * %d + i] = sum[i];", nSums, nSums)
	}
	p.line("}")
	p.line("")
	body := p.text()

	e.team.of[k] = e.team.own + e.team.called
	b := e.budget(k)
	p.b.WriteString(head)
	if k.model != nil {
		p.line("// %s: model %s for count samples, a block for each; arrays are [element][sample].", k.name, k.of())
	} else {
		p.line("// %s: recipe %s over count rows of columns [element][row of total], a block for each. Every block leaves a row of sums", k.name, k.of())
		p.line("// as other kernels do for %s samples; losses of single rows go to losses unless it is null.", "64 or 128")
	}
	e.head(k.name, b, args)
	switch {
	case b.Given:
		p.line("memory = memory ? memory + blockIdx.x * %dll : ndec_shared_memory(); // device memory where a block cannot have so much of the other", b.Memory)
		e.k.Shared = append(e.k.Shared, SharedMemory{Kernel: k.name, Bytes: b.Memory, Blocks: b.Blocks, Arrays: true})
	case b.Shared:
		p.line("__shared__ double arrays[%d];", max(b.Memory/8, 1))
		p.line("memory = (char *)arrays;")
	default:
		p.line("memory += blockIdx.x * %dll;", b.Memory)
	}
	p.line("__shared__ double red[%d];", b.Block/32)
	p.line("Team team = {memory, (int)threadIdx.x, red};")
	p.depth--
	p.b.WriteString(body)

	own := TeamShape{Teams: b.Team}
	if !b.Shared || b.Given {
		own.Memory = b.Memory
	}
	if k.model != nil {
		e.offerModel(k, b, own)
	} else {
		e.offerSums(k, SumKernel{Block: b.Block, KernelTape: k.tape(), TeamShape: own})
	}
}

// teamOutputs prints how a team stores the outputs of a model.
func (e *emitter) teamOutputs(k *kernel, outs []string) {
	for i, o := range k.model.Outputs {
		switch {
		case o.Type.IsScalar():
			e.p.line("if (team.lane == 0) out%d[s] = %s;", i, outs[i])
		case e.shared(o.Type):
			e.p.line("for (int i = team.lane; i < %d; i += Team::size) out%d[i * n + s] = %s[i];", o.Type.Len(), i, outs[i])
		default:
			e.p.line("#pragma unroll")
			e.p.line("for (int i = 0; i < %d; i++)", o.Type.Len())
			e.p.line("\tif (team.mine(i)) out%d[i * n + s] = %s[i];", i, outs[i])
		}
	}
}

// addSums prints how what a sample gives is added to the sums of its block; its loss goes to losses where that is true.
func (e *emitter) addSums(k *kernel, res []string, losses string) {
	p := e.p
	stats, last := k.fn.Needs.Stats, k.sums()-1
	if stats > 0 {
		p.line("bool bad = ndec_failed<%d>(st);", stats)
		p.line("for (int i = 0; i < %d; i++) {", stats)
		for j, field := range []string{"nfe", "accepted", "rejected"} {
			p.line("sum[%d + 3 * i] += st[i].%s;", len(res)+j, field)
		}
		p.line("}")
		p.line("sum[%d] += bad;", last)
		p.line("if (!bad) {")
	}
	for i, r := range res {
		p.line("sum[%d] += %s;", i, r)
	}
	p.line("if (%s) losses[s] = %s;", losses, res[0])
	if stats > 0 {
		p.line("}")
	}
}

// results declares what a sample gives to a kernel of teams or tiles, and appends it, with all else that is passed on, to the
// arguments of the call.
func (e *emitter) results(k *kernel, sc *scope, call []string) (outs, args []string) {
	p, stats := e.p, k.fn.Needs.Stats
	for i, r := range k.fn.IR.Results {
		pl := k.fn.Places[r]
		if stat := pl != nil && pl.Kind == plan.Stat; stat || k.fn.Sums[i] != nil {
			if stat && k.model != nil && i < len(k.model.Outputs) {
				outs = append(outs, statistic(pl, "st"))
			}
			continue
		}
		base := "term"
		switch {
		case k.model != nil:
			base = snake(k.model.Outputs[i].Name) + "_out"
		case i == 0:
			base = "loss_value"
		}
		name := sc.pick(base)
		p.line("%s", e.variable(r.Type, name))
		outs, call = append(outs, name), append(call, name)
	}
	if k.fn.Needs.Accum {
		call = append(call, "g")
	}
	if e.stepped[k.fn.IR] != nil {
		call = append(call, "by")
	}
	if stats > 0 {
		p.line("ndec_stats st[%d];", stats)
		call = append(call, "st")
	}
	return outs, call
}

// blockArgs are the arguments of a kernel whose blocks leave a row of sums each; the last one is their memory, by the name that it has there.
func (e *emitter) blockArgs(k *kernel, gradient bool, memory string) []string {
	args := []string{"long long count"}
	if k.recipe != nil {
		args = append(args, "long long total", "const int *rows")
	}
	args = append(args, e.memoryArgs()...)
	if e.stepped[k.fn.IR] != nil {
		args = append(args, "const ndec_stepping *by")
	}
	args = append(args, e.columnArgs(k)...)
	if k.model != nil {
		for i, o := range k.model.Outputs {
			args = append(args, fmt.Sprintf("%s *out%d", e.elem(o.Type.Elem), i))
		}
	} else {
		args = append(args, "double *sums")
		if gradient {
			args = append(args, "real *grads")
		}
		args = append(args, "real *losses")
	}
	return append(append(args, e.tailArgs(k)...), "char *"+memory)
}
