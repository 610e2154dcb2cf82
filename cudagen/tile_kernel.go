package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// tileBlocks is the largest number of warps of a kernel of tiles: of the batch alone, so that sums have an order of their own.
const tileBlocks = 2048

// What a multiprocessor multiplies in a clock by tensor cores (mma.sync of 16 bits on sm_80; at least so many on sm_90).
const smTensor = 1024

// tileWork is what products of fragments take of a multiprocessor: clocks for a sample, bytes of weights, and the instructions of a
// warp for half of its samples.
type tileWork struct {
	tensor       float64
	weights      int
	instructions int
}

// tileCost is that of a function: products of parts, in tiles of 16 columns; every weight is read by each half of a warp.
func tileCost(mod *ir.Module, f *plan.Func) (t tileWork) {
	up := func(n int) int { return (n + 15) / 16 * 16 }
	for _, v := range f.IR.Values {
		if v.Op != ir.OpMatVec && v.Op != ir.OpVecMat {
			continue
		}
		w, x, m, n := matrix(v)
		if m <= smallLen && n <= smallLen {
			continue
		}
		mmas := operandsOf(mod, w, x).products() * ((m + 7) / 8) * (up(n) / 16) // of 16 samples, 8 results and 16 terms
		t.instructions += mmas
		t.tensor += float64(mmas*8*16) / smTensor
		t.weights += 4 * m * n
	}
	return t
}

// tileBudget is the budget of a kernel of tiles: blocks are warps; registers hold the fragments that live at a time, about three
// of the widest and the parts of one.
func (e *emitter) tileBudget(k *kernel) Budget {
	b := Budget{Block: 32, Sums: k.params(), Team: tileTeams(k.params(), e.m.Real.Bytes()), Tile: true, Memory: e.tiles.of[k.fn.IR]}
	b.Shared = b.Memory <= sharedBytes
	widest := 0 // of what is in registers
	e.visit(k.fn.IR, map[*ir.Func]bool{}, func(f *ir.Func) {
		pf := e.plan.Of(f)
		if !wide(pf) {
			return
		}
		for _, v := range f.Values {
			if !uniform(pf, v) && pf.Places[v].Kind != plan.Sum {
				widest = max(widest, min(v.Type.Len(), heldLen))
			}
		}
	})
	b.Registers = min(64+4*(widest+15)/16*16/2, 255)
	b.Registers = (b.Registers + 7) / 8 * 8
	b.Blocks = 8
	if b.Shared {
		b.Blocks = max(1, min(b.Blocks, smShared/(b.Memory+1024)))
	}
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	b.Group = e.groupBudget(k, b.Memory)
	return b
}

// tileTeams is the number of warps of a kernel with products by the warp: of the batch alone, as teamsOf.
func tileTeams(params, real int) int { return min(tileBlocks, teamsOf(params, real)*4) }

// tileKernel prints a kernel whose blocks are warps with a sample in each lane, one 32 samples after the other: block b of B on the
// samples from 32 b, 32 (b + B), … on. Sums are kept for each block, and added up by ndec_sum_rows.
// Of a group, blocks have several warps, and weights of products in shared memory; the launcher takes it where the device has the
// instructions.
func (e *emitter) tileKernel(k *kernel, group *GroupBudget) {
	p := e.p
	b := e.budget(k)
	name, warps := k.name, 1
	var sums *groupSums
	if group != nil {
		name, warps, b.Block, b.Blocks = group.Kernel, group.sampleWarps(), 32*group.Warps, group.Blocks
		b.Shared, b.Team, sums = group.Arrays || b.Memory == 0, b.Team/warps, e.groups[k].sums
		if sums != nil {
			b.Memory = e.tiles.inGroup[k.fn.IR]
			b.Shared = group.Arrays || b.Memory == 0
		}
	}
	nSums, nParams, g := 0, 0, ""
	if k.recipe != nil {
		nSums, nParams = k.sums(), k.params()
		if sums == nil {
			g = e.gradientType(k)
		} else {
			g = e.groups[k].gradient
		}
	}
	args := e.blockArgs(k, g != "", "memory")
	e.setApart(group == nil)
	if group != nil {
		p.line("#ifdef NDEC_GROUPS")
		if sums != nil {
			e.sumTypes(k, sums)
		}
	} else if e.groups[k] != nil {
		e.groups[k].gradient = g
	}
	if k.model != nil {
		p.line("// %s: model %s for count samples, a warp for 32; arrays are [element][sample].", name, k.of())
	} else {
		p.line("// %s: recipe %s over count rows of columns [element][row of total], a warp for 32. Every block leaves a row of sums", name, k.of())
		p.line("// as other kernels do for 64 or 128 samples; losses of single rows go to losses unless it is null.")
	}
	e.head(name, b, args)
	if group != nil {
		if b.Memory > 0 {
			p.line("int warp = threadIdx.x / 32;")
		}
		p.line("char *weights = ndec_shared_memory();")
		if sums != nil {
			e.beginSums(sums, nSums)
		}
		e.pack(k)
	}
	switch {
	case b.Memory == 0:
	case group != nil && b.Shared:
		at := group.Weights
		if sums != nil {
			at = sums.bytes
		}
		p.line("memory = weights + %d + warp * %d;", at, b.Memory)
	case group != nil:
		p.line("memory += (blockIdx.x * %d + warp) * %dll;", warps, b.Memory)
	case b.Shared:
		p.line("__shared__ double arrays[%d];", b.Memory/8)
		p.line("memory = (char *)arrays;")
	default:
		p.line("memory += blockIdx.x * %dll;", b.Memory)
	}
	p.line("int n = (int)count;")
	chunk, at := "blockIdx.x * 32", "chunk + lane"
	switch {
	case group == nil:
		p.line("int lane = threadIdx.x;")
	case sums == nil:
		p.line("int lane = threadIdx.x & 31;")
	}
	if group != nil {
		chunk, at = fmt.Sprintf("blockIdx.x * %d", 32*warps), "chunk + (int)threadIdx.x"
		if sums != nil {
			at = "chunk + thread"
		}
	}
	if nSums > 0 && sums == nil {
		p.line("double sum[%d] = {};", nSums)
	}
	if sums != nil {
		p.line("%s &left = ((%[1]s *)grads)[blockIdx.x];", g)
		e.addSumsUp(sums, "left")
		e.samples = sums.samples
	} else if g != "" {
		p.line("%s &g = ((%s *)grads)[blockIdx.x];", g, g)
		p.line("for (int i = lane; i < %d; i += 32) ((real *)&g)[i] = 0;", nParams)
		p.line("ndec_warp_sync();")
	}
	p.line("for (int chunk = %s; chunk < n; chunk += gridDim.x * %d) {", chunk, 32*warps)
	p.line("bool in = %s < n; // beyond the last sample, lanes repeat it for nothing", at)
	p.line("int s = ndec_min(%s, n - 1);", at)
	if sums != nil {
		p.line("%s tile = {{{lane, ndec_ballot(in), memory}}};", sums.tile())
	} else if group != nil {
		p.line("ndec_group tile = {{lane, ndec_ballot(in), memory}};")
	} else {
		p.line("ndec_tile tile = {lane, ndec_ballot(in), memory};")
	}
	sc := e.kernelScope()
	row, stride := "s", "n"
	if k.recipe != nil {
		p.line("int row = rows[s];")
		row, stride = "row", "total"
	}
	outs, call := e.results(k, sc, e.sample(k, sc, stride, row))
	p.line("%s(%s);", e.funcName(k.fn.IR), strings.Join(call, ", "))
	if group == nil {
		p.line("if (!in) continue;")
	} else { // neither is kept through the call
		p.line("s = chunk + ndec_thread();")
		p.line("if (s >= n) continue;")
	}
	if sums != nil {
		p.line("auto sum = ndec_group_own(losses_of);")
	}
	e.storeStats(k)
	if k.model != nil {
		for i, o := range k.model.Outputs {
			if o.Type.IsScalar() {
				p.line("out%d[s] = %s;", i, outs[i])
				continue
			}
			p.line("#pragma unroll")
			p.line("for (int i = 0; i < %d; i++) out%d[i * n + s] = %s[i];", o.Type.Len(), i, outs[i])
		}
	} else {
		e.addSums(k, outs, "losses")
	}
	p.line("}")
	if sums != nil {
		e.samples = 0
		e.endSums(sums, "left")
	}
	switch {
	case sums != nil:
		p.line("ndec_group_leave_lanes(sums + blockIdx.x * %d, losses_of);", nSums)
	case nSums > 0 && group != nil:
		p.line("ndec_block_sum<%d>(sum, %d, (double *)(weights + %d), sums + blockIdx.x * %d);", warps, nSums, group.Bytes-8*warps*nSums, nSums)
	case nSums > 0:
		p.line("#pragma unroll")
		p.line("for (int i = 0; i < %d; i++) {", nSums)
		p.line("double all = ndec_warp_sum(sum[i]);")
		p.line("if (lane == 0) sums[blockIdx.x * %d + i] = all;", nSums)
		p.line("}")
	}
	p.line("}")
	own := TeamShape{Teams: b.Team, Lanes: 32 * warps}
	if !b.Shared {
		own.Memory = warps * b.Memory
	}
	if group != nil {
		p.line("#endif")
		p.line("")
		e.k.Shared = append(e.k.Shared, SharedMemory{Kernel: name, Bytes: group.Bytes, Blocks: group.Blocks})
		e.k.Groups = append(e.k.Groups, GroupKernel{Of: k.name, Kernel: name, Block: b.Block, TeamShape: own})
		return
	}
	p.line("")
	if k.model != nil {
		e.offerModel(k, b, own)
	} else {
		e.offerSums(k, SumKernel{Block: b.Block, KernelTape: k.tape(), TeamShape: own})
	}
}

// pack prints how a block puts the weights of its products into shared memory.
func (e *emitter) pack(k *kernel) {
	p := e.p
	for _, m := range e.groups[k].matrices {
		object, field, _ := strings.Cut(m.Array, ".")
		array := map[string]string{"w": "ndec_params", "pre": "ndec_prepared"}[object] + "->" + field
		index := affineOf(m.ByK, m.ByN)
		if m.Offset > 0 {
			index += fmt.Sprintf(" + %d", m.Offset)
		}
		p.line("ndec_group_pack<%s, %d, %d>(weights + %d, [=](int k, int n) { return %s[%s]; });", m.As.name, m.Results, m.Terms, e.packed[m], array, index)
	}
	p.line("ndec_group_ready();")
}
