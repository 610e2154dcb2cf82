package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// What a thread may hold. Above registerSums running sums of the gradient do not fit the 255 registers of a thread
// together with a step; they are in local memory then, which is correct and several times slower.
const (
	registerSums    = 120
	maxAccumulators = 2048
	localBytes      = 64 << 10 // of one array
	smRegisters     = 65536    // of a multiprocessor (sm_80 to sm_90)
	maxThreads      = 2048     // of a multiprocessor
	maxBlocks       = 32       // of a multiprocessor (sm_80 to sm_90)
)

// unfit says why a function does not fit a thread; "" if it does.
func unfit(f *plan.Func) string {
	for _, v := range f.IR.Values {
		p := f.Places[v]
		if p == nil || p.Kind != plan.Local && p.Kind != plan.Work {
			continue
		}
		if n := v.Type.Len() * v.Type.Elem.Bytes(); n > localBytes {
			return fmt.Sprintf("%s needs an array of %d bytes (%s, %s), and a thread has room for %d", f.IR.Name, n, v.Op, v.Span, localBytes)
		}
	}
	return ""
}

// Budget is how a kernel is launched and what a thread is expected to hold.
type Budget struct {
	Block     int // threads of a block
	Blocks    int // blocks that a multiprocessor holds at least, for __launch_bounds__
	Registers int // expected, of a thread
	Sums      int // numbers of the gradient that a thread keeps
	Local     bool
	TapeStep  int // bytes of device memory for a sample and accepted step
	// Clocks of a multiprocessor that an evaluation of the costliest field takes for a sample, if nothing else
	// bounds it, and what bounds it.
	Clocks float64
	Bound  string
}

// What a multiprocessor (sm_80 to sm_90) starts in a clock: multiply-adds in f32, and special functions, of which an
// accurate transcendental function takes two.
const (
	smMulAdds  = 128
	smSpecials = 16
)

// Warps is the number of warps that a multiprocessor holds of a kernel with so many registers a thread.
func (b Budget) Warps(registers int) int {
	perWarp := (32*registers + 255) / 256 * 256
	return min(smRegisters/perWarp/(b.Block/32), maxThreads/b.Block, maxBlocks) * (b.Block / 32)
}

// budget estimates the registers of a thread: what a loop over steps keeps (time, step, states and slopes), the largest
// number of values that a function keeps beside, and the gradient's sums. ptxas allots what it likes below the
// bound that the launch bounds give; the estimate chooses the bound so that nothing spills.
func (e *emitter) budget(k *kernel) Budget {
	b := Budget{Block: 128}
	regs := 40 // addresses, indices, statistics
	widest := 0
	seen := map[*ir.Func]bool{}
	word := func(t ir.Type) int { return t.Len() * max(t.Elem.Bytes(), 4) / 4 }
	e.visit(k.fn.IR, seen, func(f *ir.Func) {
		n := 0
		for _, v := range f.Values {
			switch p := e.plan.Of(f).Places[v]; {
			case p == nil:
			case p.Kind == plan.Local || p.Kind == plan.Work:
				n += word(v.Type)
			case p.Kind == plan.Scalars && !v.Type.IsScalar():
				n += word(v.Type)
			}
			if v.Op == ir.OpSolve {
				for _, s := range v.Attr.Solve.States {
					n += 3 * word(s.Type)
				}
				if v.Attr.Solve.Adaptive {
					n += 36 // time, step, tolerances and errors in f64, and a power
				}
				if e := len(v.Attr.Solve.Events); e > 0 {
					n += 48 + 16*e // the search, and what it knows of every guard, in f64
				}
			}
		}
		widest = max(widest, n)
	})
	b.Registers = regs + widest
	if k.kind == grad {
		b.Block = 64
		b.Registers += k.params() * e.m.Real.Bytes() / 4
		b.Local = k.params()*e.m.Real.Bytes()/4 > registerSums
	}
	b.Sums = k.params()
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	b.Registers = min((b.Registers+7)/8*8, 255)
	b.Blocks = max(1, min(smRegisters/b.Registers/b.Block, 16*64/b.Block))
	return b
}

// bound finds the field that takes longest.
func (b *Budget) bound(k *kernel, p *plan.Plan) {
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		c := p.Of(s.Field).Cost
		width := 1.0
		if p.Module.Real == ir.F64 {
			width = 2 // half the units
		}
		products, specials := width*float64(c.MulAdds+c.Elem)/smMulAdds, 2*float64(c.Trans)/smSpecials
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
	head := fmt.Sprintf("%s: %d threads a block, at least %d blocks a multiprocessor", k.name, b.Block, b.Blocks)
	lines := []string{head}
	if k.kind == grad {
		where := "in registers"
		if b.Local {
			where = "in local memory: it would be faster with at most 120 trained numbers"
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
