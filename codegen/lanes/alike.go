package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Numbers that are the same in all samples: time and length of steps that all samples take alike, and what is made of these,
// such as the products of the length with the coefficients of a method. A kernel computes them once for its block,
// before the loop over the vectors, from the first lane of their arguments; other lanes of such arguments are not read.

// alikeArgs says which arguments of a function are such numbers; nil: none is.
type alikeArgs []bool

// key tells kernels of a function apart, by what is alike in them, by what of them is kept for a way back and by what lies elsewhere.
type key struct {
	f                 *ir.Func
	alike, kept, lies string
}

func (a alikeArgs) key(f *ir.Func) key {
	if !slices.Contains(a, true) {
		return key{f: f}
	}
	b := make([]byte, len(a))
	for i, same := range a {
		b[i] = '.'
		if same {
			b[i] = '='
		}
	}
	return key{f: f, alike: string(b)}
}

// alike gives the values of a function that are such numbers.
func (s *Set) alike(pf *plan.Func, args alikeArgs) map[*ir.Value]bool {
	if !slices.Contains(args, true) {
		return nil
	}
	out := map[*ir.Value]bool{}
	for i, a := range pf.IR.Args {
		if i < len(args) && args[i] && a.Type.IsScalar() && a.Type.Elem.IsFloat() {
			out[a] = true
		}
	}
	for _, v := range pf.IR.Values {
		if len(v.Args) == 0 || !v.Type.IsScalar() || !v.Type.Elem.IsFloat() || !elementwise(v.Op) {
			continue
		}
		some, all := false, true
		for _, a := range v.Args {
			some = some || out[a]
			all = all && (out[a] || a.Type.IsScalar() && a.Type.Elem.IsFloat() && isConstant(pf, a))
		}
		if some && all {
			out[v] = true
		}
	}
	return out
}

// elementwise reports whether kernels have an operator on numbers for op.
func elementwise(op ir.Op) bool {
	switch op {
	case ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpDiv, ir.OpRecip, ir.OpNeg, ir.OpAbs, ir.OpSquare, ir.OpSqrt, ir.OpCast, ir.OpMin, ir.OpMax:
		return true
	}
	_, function := rows[op]
	return function
}

// isConstant reports whether v is a number of the text or of the parameters.
func isConstant(pf *plan.Func, v *ir.Value) bool {
	switch pl := pf.Places[v]; {
	case pl == nil:
		return false
	case pl.Kind == plan.Literal, pl.Kind == plan.Table, pl.Kind == plan.Memory:
		return true
	}
	return false
}

// passed says which operands of a call are alike in a kernel.
func (k *Kernel) passed(call *ir.Value) alikeArgs {
	out := make(alikeArgs, len(call.Args))
	for i, a := range call.Args {
		out[i] = k.alike[a]
	}
	return out
}

// alikeAhead computes the numbers that are the same in all samples and that a segment makes or reads, before its loop
// over the vectors: those that are wanted.
func (c *compiler) alikeAhead(seg []*plan.Nest, want func(v *ir.Value) bool) {
	if len(c.k.alike) == 0 {
		return
	}
	c.ahead, c.own = map[*ir.Value]value{}, map[*ir.Value]bool{}
	for _, n := range seg {
		for _, s := range n.Steps {
			c.own[s.V] = s.Form != plan.AddTo
		}
	}
	c.once(func() {
		var read func(v *ir.Value)
		read = func(v *ir.Value) {
			for _, a := range v.Args {
				pl := c.pf.Places[a]
				folded := pl != nil && pl.Kind == plan.Folded
				switch {
				case folded && (!c.k.alike[a] || a.Op == ir.OpMul || a.Op == ir.OpSquare): // a product may be added with one rounding, where it is used
					read(a)
				case c.k.alike[a] && want(a):
					c.elem(a, at(0))
				}
			}
		}
		for _, n := range seg {
			for _, s := range n.Steps {
				switch {
				case !c.k.alike[s.V]:
					read(s.V)
				case want(s.V):
					c.source(s.V)
					c.elem(s.V, at(0))
				}
			}
		}
	})
}

// once prints what is done once for a block.
func (c *compiler) once(body func()) {
	c.wide, c.reg, c.sum, c.note, c.early = 1, map[element]value{}, map[element]value{}, "", true
	body()
	c.early = false
	if c.set.few() > 0 { // those were numbers of one sample
		c.reg, c.sum = nil, nil
	}
}

// alikeElem is a number that is the same in all samples. Where it is read in a loop it comes from memory, so that it takes a
// register only there.
func (c *compiler) alikeElem(v *ir.Value) value {
	if x, ok := c.ahead[v]; ok && c.early {
		return x
	}
	if x, ok := c.reg[element{v, 0}]; ok {
		return x
	}
	pl := c.pf.Places[v]
	folded := pl != nil && pl.Kind == plan.Folded
	_, made := c.ahead[v]
	made = made || c.made[v]
	if !made && (folded || c.early && c.own[v]) {
		x := c.compute(v, at(0))
		if c.early && c.ahead != nil {
			c.b.StoreOne(x.w.elem(), x.v[0], c.first(v))
			c.ahead[v] = c.same(x.w, x.v[0])
		}
		return x
	}
	k := c.kind(v.Type.Elem)
	x := c.same(k, c.b.Broadcast(k.elem(), c.first(v)))
	c.reg[element{v, 0}] = x
	return x
}

// first is the place of a number that is the same in all samples: the first lane of an argument, or one of its own.
func (c *compiler) first(v *ir.Value) asm.Mem {
	if v.Op == ir.OpArg {
		return c.b.Arg(argFrame).At(c.k.byVal[v].Off)
	}
	return c.b.Arg(argFrame).At(c.k.first[v])
}

// layoutAlike gives places to numbers that are the same in all samples.
func (s *Set) layoutAlike(k *Kernel) {
	k.first = map[*ir.Value]int{}
	for _, v := range k.Func.Values {
		if k.alike[v] && v.Op != ir.OpArg {
			k.first[v] = s.Size + 8*len(k.first)
		}
	}
	s.Size += upTo(8*len(k.first), s.row) * s.row
}
