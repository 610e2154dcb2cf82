package cudagen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// What a thread may hold, and a team. Above registerSums running sums of the gradient do not fit the 255 registers of a
// thread together with a step: a team keeps them in device memory, for each block.
const (
	registerSums = 120
	localBytes   = 64 << 10  // of one array of a thread
	straightCode = 8 << 10   // operations of a thread, spelled out: what an instruction cache of 128 KiB holds
	teamBytes    = 32 << 20  // of one array of a team
	sharedBytes  = 40 << 10  // of a team's or warp's arrays in shared memory that every kernel can have
	givenBytes   = 226 << 10 // of a team's arrays in shared memory that a launch gives to a block (sm_90); beyond they are in device memory
	sumBytes     = 256 << 20
	// What a call costs a thread: arguments and results lie side by side with what lives across it.
	callRegisters = 24
	smRegisters   = 65536 // of a multiprocessor (sm_80 to sm_90)
	maxThreads    = 2048  // of a multiprocessor
	maxBlocks     = 32    // of a multiprocessor (sm_80 to sm_90)
	smShared      = 164 << 10
)

// unfit says why a function does not fit a team; "" if it does.
func unfit(f *plan.Func) string {
	if v := tooLarge(f, teamBytes); v != nil {
		return fmt.Sprintf("%s needs an array of %d bytes (%s, %s), and there is room for %d", f.IR.Name, v.Type.Len()*v.Type.Elem.Bytes(), v.Op, v.Span, teamBytes)
	}
	return ""
}

// tooLarge is an array of f of more than so many bytes; nil if there is none.
func tooLarge(f *plan.Func, most int) *ir.Value {
	for _, v := range f.IR.Values {
		p := f.Places[v]
		if p == nil || p.Kind != plan.Local && p.Kind != plan.Work {
			continue
		}
		if v.Type.Len()*v.Type.Elem.Bytes() > most {
			return v
		}
	}
	return nil
}

// straight is the number of operations of f and of all that it calls, loops over steps, maps and scans taken once. With once that is so of what
// stands once, too: known has 0 for it when it is counted.
func (e *emitter) straight(f *ir.Func, once bool, known map[*ir.Func]int) int {
	if f == nil {
		return 0
	}
	if n, ok := known[f]; ok {
		return n
	}
	cost := func(f *ir.Func) int {
		c := e.plan.Of(f).Cost
		return c.MulAdds + c.Elem
	}
	n := cost(f)
	for _, v := range f.Values {
		times := 0 // as the cost of f counts what v calls
		switch v.Op {
		case ir.OpCall:
			times = 1
		case ir.OpMap:
			times = v.Attr.Map.N
		case ir.OpScan:
			times = v.Attr.Scan.N
		}
		for _, g := range callees(v) {
			if g != nil {
				n += e.straight(g, once, known) - times*cost(g)
			}
		}
	}
	known[f] = n
	if once && e.standsOnce(e.plan.Of(f)) {
		known[f] = 0
	}
	return n
}

// teamOf gives the teams of a package their size: threads for the longest array, within limits.
func (e *emitter) teamOf(kernels []*kernel) team {
	t := team{frames: frames{of: map[any]int{}, inGroup: map[any]int{}}}
	seen := map[*ir.Func]bool{}
	longest := func(f *ir.Func) {
		t.size = max(t.size, 32)
		e.visit(f, seen, func(f *ir.Func) {
			for _, v := range f.Values {
				if p := e.plan.Of(f).Places[v]; p == nil || v.Type.Elem == ir.Tuple || p.Kind == plan.Memory || p.Kind == plan.Sum || p.Kind == plan.Table || p.Kind == plan.Literal {
					continue
				}
				for t.size < 256 && v.Type.Len() > 2*t.size {
					t.size *= 2
				}
			}
		})
	}
	for _, k := range kernels {
		if k.form == teamed {
			longest(k.fn.IR)
		}
	}
	if t.size == 0 && slices.ContainsFunc(kernels, func(k *kernel) bool { return k.needs().Prepared }) && e.prepareForm() == teamed {
		longest(e.m.Prepare)
	}
	return t
}

// teamsOf is the number of blocks of a kernel of teams: of the batch alone, so that sums have an order of their own. It is bounded by
// what their sums take.
func teamsOf(params, real int) int { return max(32, min(1024, sumBytes/max(params*real, 1))) }

// Budget is how a kernel is launched and what a thread is expected to hold.
type Budget struct {
	Block     int    // threads of a block
	Blocks    int    // blocks that a multiprocessor holds at least, for __launch_bounds__
	Registers int    // expected, of a thread
	Sums      int    // numbers of the gradient that a thread or a team keeps
	Team      int    // blocks, each of which works on one sample after the other, or on 32; 0: a thread a sample
	Tile      bool   // 32 samples, with products of tensor cores
	Split     int    // lanes of a sample that several share; 0 of others
	LaneSums  int    // numbers of the gradient that each of these keeps
	Layers    int    // kernels of what goes layer by layer, 0 of others; Memory is what a sample takes then
	Why       string // not a thread has a sample
	Memory    int    // bytes of arrays of a block: of a team, or of a warp with tiles
	Shared    bool   // they are in shared memory
	Given     bool   // which the launch gives, if the device has so much; else in device memory
	TapeStep  int    // bytes of device memory for a sample and accepted step
	// Clocks of a multiprocessor that an evaluation of the costliest field takes for a sample, if nothing else
	// bounds it, and what bounds it.
	Clocks float64
	// Products are the tensor core instructions of a warp in that evaluation, for half of its samples.
	Products int
	Bound    string
	Group    *GroupBudget // of the kernel for devices that multiply for several warps at a time; nil where there is none
	Grouped  *LayerGroups // the same of what goes layer by layer
}

// What a multiprocessor (sm_80 to sm_90) starts in a clock: multiply-adds in f32, and special functions, of which an
// accurate transcendental function takes two.
const (
	smMulAdds  = 128
	smSpecials = 16
)

// Warps is the number of warps that a multiprocessor holds of a kernel with so many registers a thread. It has four parts, each with a
// quarter of the registers and of the warps.
func (b Budget) Warps(registers int) int {
	perWarp := (32*registers + 255) / 256 * 256
	return min(4*(smRegisters/4/perWarp)/(b.Block/32), maxThreads/b.Block, maxBlocks) * (b.Block / 32)
}

// budget estimates the registers of a thread: what a loop over steps keeps (time, step, states and slopes), the largest
// number of values that a function keeps beside, and the gradient's sums. ptxas allots what it likes below the
// bound that the launch bounds give; the estimate chooses the bound so that nothing spills.
func (e *emitter) budget(k *kernel) Budget {
	b := Budget{Block: 128, Registers: e.registers(k, nil)}
	switch k.form {
	case teamed:
		b = e.teamBudget(k)
	case tiled:
		b = e.tileBudget(k)
	case layered:
		b = e.layerBudget(k)
	case splitted:
		b = e.splitBudget(k)
	}
	if b.Why = k.why; k.form != thread {
		return b
	}
	if k.kind == grad {
		b.Block = 64
		b.Registers += k.params() * e.m.Real.Bytes() / 4
	}
	b.Registers += e.heldWeights(k)
	b.Sums = k.params()
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	b.Registers = min((b.Registers+7)/8*8, 255)
	b.Blocks = max(1, min(b.Warps(b.Registers)*32, 16*64)/b.Block)
	return b
}

// registers are those of a thread beside parameters and sums of the gradient; s is what the lanes of a sample share out, if several
// have it.
func (e *emitter) registers(k *kernel, s *split) int {
	regs := 40 // addresses, indices, statistics
	widest, sweep, calls := 0, 0, 0
	seen := map[*ir.Func]bool{}
	word := func(t ir.Type) int { return t.Len() * max(t.Elem.Bytes(), 4) / 4 }
	size := func(v *ir.Value) int {
		if s != nil && s.shared[v] {
			return s.slots(v.Type) * max(v.Type.Elem.Bytes(), 4) / 4
		}
		return word(v.Type)
	}
	e.visit(k.fn.IR, seen, func(f *ir.Func) {
		n := 0
		for _, v := range f.Values {
			switch p := e.plan.Of(f).Places[v]; {
			case p == nil:
			case p.Kind == plan.Local || p.Kind == plan.Work:
				n += size(v)
			case p.Kind == plan.Scalars && !v.Type.IsScalar():
				n += size(v)
			}
			if v.Op == ir.OpRev { // cotangents, and their sums over the stages, beside what its step keeps
				kept := 0
				for _, s := range v.Attr.Rev.Solve.States {
					kept += 3 * word(s.Type)
				}
				sweep = max(sweep, kept)
			}
			if v.Op == ir.OpSolve {
				for _, s := range v.Attr.Solve.States {
					n += 3 * word(s.Type)
				}
				if v.Attr.Solve.Adaptive {
					n += 36 // time, step, tolerances and errors in f64, and a power
				}
				if v.Attr.Solve.Ratios() {
					n += 6
				}
				if e := len(v.Attr.Solve.Events); e > 0 {
					n += 48 + 16*e // the search, and what it knows of every guard, in f64
				}
			}
		}
		widest = max(widest, n)
		if !e.roots[f] && e.calledByThreads(e.plan.Of(f)) {
			calls = callRegisters
		}
	})
	return regs + widest + sweep + calls
}

// teamBudget is the budget of a kernel of teams: threads for the elements of arrays, memory as the functions take it.
func (e *emitter) teamBudget(k *kernel) Budget {
	b := Budget{Block: e.teams.size, Registers: 128, Sums: k.params(), Team: teamsOf(k.params(), e.m.Real.Bytes()), Memory: e.teams.of[k]}
	b.Shared, b.Given = b.Memory <= givenBytes, b.Memory > sharedBytes && b.Memory <= givenBytes
	b.Blocks = max(1, smRegisters/b.Registers/b.Block)
	if b.Shared {
		b.Blocks = max(1, min(b.Blocks, smShared/(b.Memory+1024)))
	}
	b.Blocks = min(b.Blocks, maxBlocks)
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	return b
}

// What a multiprocessor reads of weights in a clock: from its first cache, where all weights of the field fit there, from the second
// cache that all share, or from device memory. Bytes are those of an A100 (sm_80; "NVIDIA A100 Tensor Core GPU Architecture",
// 2020): 5120 bytes a clock of the second cache and 1555 GB/s of device memory, for 108 multiprocessors at 1.41 GHz.
const (
	firstBytes, firstSpeed   = 128 << 10, 128.0
	secondBytes, secondSpeed = 40 << 20, 5120.0 / 108
	deviceSpeed              = 1555 / 1.41 / 108
)

// reading is the clocks in which a multiprocessor reads so many bytes of weights once, and from where.
func reading(bytes int) (clocks float64, from string) {
	switch n := float64(bytes); {
	case bytes <= firstBytes:
		return n / firstSpeed, "reading weights"
	case bytes <= secondBytes:
		return n / secondSpeed, "reading weights, which no first cache holds"
	default:
		return n / deviceSpeed, "reading weights, which no cache holds"
	}
}

// convCost is the clocks of tensor cores for the convolutions of f, for a sample: products at every place, and outer products over places.
func convCost(mod *ir.Module, f *plan.Func) (clocks float64) {
	for _, v := range f.IR.Values {
		n, terms, places := 0, 0, 0
		switch v.Op {
		case ir.OpConv, ir.OpConvInput:
			n = v.Type.Shape[0]
			terms, places = v.Args[0].Type.Len()/n, v.Type.Len()/n
		case ir.OpConvWeight:
			n = v.Type.Shape[0]
			terms, places = v.Type.Len()/n, v.Args[1].Type.Len()/n
		default:
			continue
		}
		clocks += float64(operandsOf(mod, v.Args[0], v.Args[1]).products()*places*((n+7)/8*8)*((terms+15)/16*16)) / smTensor
	}
	return clocks
}

// backCost is that of the way back, for an evaluation of the field: of what a step of the sweep calls.
func backCost(p *plan.Plan, r *ir.Rev) (clocks float64) {
	for _, v := range r.StepVJP.Values {
		if v.Op == ir.OpCall {
			clocks += convCost(p.Module, p.Of(v.Attr.Func))
		}
	}
	return clocks / float64(max(r.Solve.StepEvals, 1))
}

// bound finds the field that takes longest.
func (b *Budget) bound(k *kernel, p *plan.Plan) {
	reverses := reversesOf(k.fn.IR)
	if clocks := k.sumClocks(p.Module.Real.Bytes()); clocks > 0 && len(reverses) > 0 {
		b.Clocks, b.Bound = clocks, "sums of the gradient in device memory"
	}
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		c := p.Of(s.Field).Cost
		width := 1.0
		if p.Module.Real == ir.F64 {
			width = 2 // half the units
		}
		if weights, from := reading(c.MulAdds * p.Module.Real.Bytes()); k.form == teamed && weights > b.Clocks {
			b.Clocks, b.Bound = weights, from
		}
		products, specials := width*float64(c.MulAdds+c.Elem)/smMulAdds, 2*float64(c.Trans)/smSpecials
		if k.form == tiled {
			t := tileCost(p.Module, p.Of(s.Field))
			products = float64(c.Elem) / smMulAdds
			b.Products = max(b.Products, t.instructions)
			if t.tensor > b.Clocks {
				b.Clocks, b.Bound = t.tensor, "tensor cores"
			}
			// a warp reads them for 16 samples
			if weights, from := reading(t.weights); weights/16 > b.Clocks {
				b.Clocks, b.Bound = weights/16, from
			}
		}
		if k.form == layered {
			if p.Module.Real == ir.F32 {
				products = float64(c.Elem) / smMulAdds
				tensor := tileCost(p.Module, p.Of(s.Field)).tensor + convCost(p.Module, p.Of(s.Field))
				if back := reverses[s]; back != nil {
					tensor += backCost(p, back)
				}
				if tensor > b.Clocks {
					b.Clocks, b.Bound = tensor, "tensor cores"
				}
			}
			if arrays := layerBytes(p, s, reverses[s]) / deviceSpeed; arrays > b.Clocks {
				b.Clocks, b.Bound = arrays, "arrays in device memory"
			}
		}
		if products > b.Clocks {
			b.Clocks, b.Bound = products, "arithmetic"
		}
		if specials > b.Clocks {
			b.Clocks, b.Bound = specials, "special functions"
		}
	})
}

// visitSolves calls do for every solve that f reaches.
func visitSolves(f *ir.Func, seen map[*ir.Func]bool, do func(*ir.Solve)) {
	if f == nil || seen[f] {
		return
	}
	seen[f] = true
	for _, v := range f.Values {
		if v.Op == ir.OpSolve {
			do(v.Attr.Solve)
		}
		for _, g := range callees(v) {
			visitSolves(g, seen, do)
		}
	}
}

// describe lists what the head of the file says of a kernel.
func (k *kernel) describe(e *emitter) []string {
	b := e.budget(k)
	c := k.fn.Cost
	memory := "shared"
	switch {
	case b.Given:
		memory = "shared (or device)"
	case !b.Shared:
		memory = "device"
	}
	head := fmt.Sprintf("%s: %d threads a block, at least %d blocks a multiprocessor", k.name, b.Block, b.Blocks)
	switch k.form {
	case tiled:
		head = fmt.Sprintf("%s: a warp for 32 samples, at most %d of them, products of %s", k.name, b.Team, e.formats(k.fn.IR))
		if b.Memory > 0 {
			head += fmt.Sprintf(", %d bytes of %s memory each", b.Memory, memory)
		}
		if b.Group != nil {
			head += "; on sm_90a " + b.Group.What()
		}
	case layered:
		head = fmt.Sprintf("%s: layer by layer, %d kernels, %d bytes of device memory a sample", k.name, b.Layers, b.Memory)
		if b.Grouped != nil {
			head += "; on sm_90a " + b.Grouped.What()
		}
	case splitted:
		head = fmt.Sprintf("%s: %d lanes of a warp a sample, at most %d warps", k.name, b.Split, b.Team)
	case teamed:
		head = fmt.Sprintf("%s: a block of %d threads a sample, at most %d blocks, %d bytes of %s memory each", k.name, b.Block, b.Team, b.Memory, memory)
	}
	lines := []string{head}
	if k.kind == grad {
		where := "in registers"
		switch {
		case k.form == splitted:
			where = fmt.Sprintf("in registers, %d in those of a lane", b.LaneSums)
		case k.form != thread:
			where = "in device memory, for each block"
		}
		if k.form == layered {
			where = "in device memory, for each part of the batch"
		}
		lines = append(lines, fmt.Sprintf("  %s of the gradient, summed over all steps %s", plural(k.params(), "number"), where))
	}
	if step, fixed := k.tapeBytes(); step > 0 {
		lines = append(lines, fmt.Sprintf("  tapes: %d bytes a sample and step, and %d beside", step, fixed))
	}
	if c.MulAdds > 0 {
		lines = append(lines, fmt.Sprintf("  outside solves %s a sample", plural(c.MulAdds, "multiply-add")))
	}
	return lines
}
