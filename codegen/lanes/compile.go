package lanes

import (
	"fmt"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Places of the pointers among the arguments of a kernel.
const (
	argFrame = iota
	argParams
	argPrepared
	argSums
)

// compiler prints one kernel.
type compiler struct {
	set *Set
	k   *Kernel
	pf  *plan.Func
	b   *asm.Builder

	outputs rowLoops          // over rows of outputs
	col     *asm.Loop         // over the vectors of a block, wide of them at a time
	wide    int               // vectors that are computed together
	reg     map[element]value // elements that are in registers in this segment
	cur     map[cursor]value  // elements at the present index of a loop
	sum     map[element]value // running sums of a loop
	mask    value             // of the samples that count
	// straight: what is printed is in no loop but that over the vectors, so that it may be read later in the segment.
	straight bool

	present   *plan.Nest              // the nest that is printed
	next      *plan.Nest              // and the one after it; nil for none
	arriving  map[*ir.Value]arrival   // results of the last call that it copies
	short     []shortResult           // those that the next loop over the vectors begins with
	following []*plan.Nest            // what is computed with the elements of a convolution
	biased    map[*ir.Value]*ir.Value // sums that are made with the product that they add to

	// Numbers that are the same in all samples: those that this segment has, what it makes, and whether the place is
	// before its loop over vectors.
	ahead map[*ir.Value]value
	own   map[*ir.Value]bool
	made  map[*ir.Value]bool // what was made before the first of repeated steps
	early bool

	tanh []asm.Vec // the coefficients of quarterTanh in registers, in a loop that has use for them

	note string
}

// element is element k of v.
type element struct {
	v *ir.Value
	k int
}

// cursor is the element of v at row t of a loop's tile.
type cursor struct {
	v *ir.Value
	t int
}

// index is a place in a value: a constant, plus strides along loops.
type index struct {
	k     int
	steps []stride
	tile  int // which row of the tile; the present loop's index if rows is set
	rows  bool
	// vec: a vector of successive elements, of one sample. tail: how many of these there are, 0 for a whole vector.
	vec  bool
	tail int
}

type stride struct {
	loop *asm.Loop
	n    int // elements
}

func at(k int) index { return index{k: k} }

func (ix index) konst() bool { return len(ix.steps) == 0 && !ix.vec }

// plus is ix moved by k elements; it is no longer the index of the loop.
func (ix index) plus(k int) index {
	return index{k: ix.k + k, steps: ix.steps, vec: ix.vec, tail: ix.tail}
}

// times is the index of row ix in rows of n elements.
func (ix index) times(n int) index {
	out := index{k: ix.k * n, steps: ix.steps}
	if n != 1 && len(ix.steps) > 0 {
		out.steps = make([]stride, len(ix.steps))
		for i, s := range ix.steps {
			out.steps[i] = stride{s.loop, s.n * n}
		}
	}
	return out
}

// along is ix with a stride along another loop.
func (ix index) along(l *asm.Loop, n int) index {
	out := index{k: ix.k, steps: ix.steps}
	if n != 0 {
		out.steps = append(out.steps[:len(out.steps):len(out.steps)], stride{l, n})
	}
	return out
}

// unsupported is the panic value of a construct without vector code; run turns it into an error.
func (c *compiler) unsupported(v *ir.Value, format string, args ...any) {
	panic(&Unsupported{fmt.Sprintf(format, args...), c.k.Func, v})
}

func (c *compiler) run() (failed *Unsupported) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Unsupported:
			failed = r
		default:
			panic(r)
		}
	}()
	if c.k.written != nil {
		c.k.written(c)
		return nil
	}
	if c.k.from != nil {
		c.handOut(c.k.from)
	}
	switch {
	case c.k.again:
		c.inARow(c.body)
	case c.k.rows != nil:
		c.rowByRow(c.body)
	default:
		c.body()
	}
	return nil
}

// body prints what one run of the kernel does.
func (c *compiler) body() {
	c.begins()
	segs := c.set.segments(c.pf, c.k.nests, stays(c.b.ISA))
	for i, seg := range segs {
		if isNode(seg[0]) {
			if v := seg[0].Steps[0].V; v.Op == ir.OpCall {
				c.call(v, first(segs[i+1:]))
			} else {
				c.loop(v)
			}
			continue
		}
		c.alikeAhead(seg, func(v *ir.Value) bool { return !c.made[v] })
		c.columnsBy(c.together(seg), func() {
			c.loadMask(seg)
			c.takeShort()
			c.following = followers(seg)
			for k, n := range seg[:len(seg)-len(c.following)] {
				c.next = nil
				if k+1 < len(seg) {
					c.next = seg[k+1]
				} else if i+1 < len(segs) {
					c.next = segs[i+1][0]
				}
				c.nest(n)
			}
		})
		c.ahead, c.own, c.arriving, c.short = nil, nil, nil, nil
	}
	if c.k.to != nil {
		c.handIn(c.k.to)
	}
	if c.k.part && !c.k.last {
		return
	}
	if len(c.pf.Copies) > 0 {
		c.columns(func() {
			for _, i := range c.pf.Copies {
				c.copyResult(i)
			}
		})
	}
	c.scalarResults()
	c.carryOn()
	c.ends()
}

// carryOn makes results the arguments of the next run.
func (c *compiler) carryOn() {
	if len(c.k.carry) == 0 {
		return
	}
	var ms moves
	var quick []func() // from registers, when all of these are found
	for i, r := range c.k.Results {
		j, ok := c.k.carry[i]
		switch to, xs := c.k.Args[j], c.inRegister(c.k.Func.Results[i]); {
		case !ok || to == r:
		case xs != nil:
			quick = append(quick, func() {
				for k, x := range xs {
					c.storeField(to, at(k), x)
				}
			})
		default:
			ms.field(to, r, c.k.Func.Results[i].Type.Len())
		}
	}
	if len(ms)+len(quick) > 0 {
		c.b.Note("results that are the arguments of the next run")
	}
	c.move(ms)
	if len(quick) > 0 {
		c.columns(func() {
			for _, store := range quick {
				store()
			}
		})
	}
}

// inRegister are the elements of a value of one sample if all are in registers.
func (c *compiler) inRegister(v *ir.Value) (xs []value) {
	if c.set.alone == nil || c.set.few() > 0 || v.Type.Len() > plan.SmallLen {
		return nil
	}
	for k := range v.Type.Len() {
		x, ok := c.reg[element{v, k}]
		if !ok {
			return nil
		}
		xs = append(xs, x)
	}
	return xs
}

// columns runs body for each vector of the block.
func (c *compiler) columns(body func()) { c.columnsBy(1, body) }

// columnsBy runs body for each group of some vectors of the block.
func (c *compiler) columnsBy(wide int, body func()) {
	c.wide = wide
	runs := c.set.row / c.b.ISA.Bytes() / wide
	if c.set.alone != nil {
		c.wide, c.note = c.set.alone.samples, ""
		if c.k.packed {
			c.wide = 1
		}
		if c.reg == nil {
			c.reg, c.sum = map[element]value{}, map[element]value{}
		}
		body()
		return
	}
	if runs == 1 {
		c.col, c.reg, c.sum, c.note = nil, map[element]value{}, map[element]value{}, ""
		body()
		return
	}
	c.b.Loop(runs, func(l *asm.Loop) {
		l.Over("vectors of the block")
		if wide > 1 {
			l.Over(fmt.Sprintf("%d vectors of the block each", wide))
		}
		c.col, c.reg, c.sum, c.note = l, map[element]value{}, map[element]value{}, ""
		body()
	})
	c.col = nil
}

// scalarResults stores results that are scalars with a place elsewhere: arguments, constants, views.
func (c *compiler) scalarResults() {
	var todo []int
	for i, r := range c.k.Func.Results {
		if c.k.Results[i] != nil && r.Type.IsScalar() && c.k.byVal[r] != c.k.Results[i] {
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return
	}
	c.columns(func() {
		for _, i := range todo {
			c.storeField(c.k.Results[i], at(0), c.elem(c.k.Func.Results[i], at(0)))
		}
	})
}

func (c *compiler) copyResult(i int) {
	r := c.k.Func.Results[i]
	if r.Type.IsScalar() {
		return // see scalarResults
	}
	c.each(r.Type.Len(), func(ix index) { c.storeField(c.k.Results[i], ix, c.elem(r, ix)) })
}

// unrolled is the number of rows up to which loops are spelled out.
const unrolled = 8

// each runs body for the indices below n, in a loop if they are many.
func (c *compiler) each(n int, body func(ix index)) {
	if c.set.alone != nil && n > plan.SmallLen {
		c.vectors(n, c.vectorsTogether(nil), func(ixs []index) {
			for _, ix := range ixs {
				body(ix)
			}
		})
		return
	}
	if n <= unrolled {
		for k := range n {
			body(at(k))
		}
		return
	}
	c.b.Loop(n, func(l *asm.Loop) { body(index{}.along(l.Over("elements"), 1)) })
}

// source notes the line that the next instructions come from.
func (c *compiler) source(v *ir.Value) {
	if !v.Span.IsValid() {
		return
	}
	if s := v.Span.String(); s != c.note {
		c.note = s
		c.b.Note(s)
	}
}

// first is the first of some segments; nil where there is none.
func first(segs [][]*plan.Nest) []*plan.Nest {
	if len(segs) == 0 {
		return nil
	}
	return segs[0]
}

// call copies arguments to the places of the callee, runs it and copies its results. The next segment copies those that it reads.
func (c *compiler) call(v *ir.Value, next []*plan.Nest) {
	c.note = ""
	callee := c.set.callee(c.k, v)
	c.source(v)
	if len(callee.taken.args) > 0 {
		c.columns(func() { c.callTaken(v, callee) })
		return
	}
	c.give(v)
	switch k := c.k.record; {
	case k != nil && callee.record != nil:
		c.b.CallAt(callee.Name, k.calls[v].bytes(c.set.real(), c.b.ISA))
	case c.k.between[v] != nil:
		c.b.CallBehind(callee.Name, argFrame, c.k.byVal[c.k.between[v].values[0]].Off)
	case callee.kept.any():
		c.b.CallAt(callee.Name, c.k.keptAt(v))
	default:
		c.b.Call(callee.Name)
	}
	if c.set.alone != nil {
		c.reg = nil // no register is as it was
	}
	c.fetch(v, next)
}

// give gives a call what it takes.
func (c *compiler) give(v *ir.Value) {
	callee := c.set.callee(c.k, v)
	if len(c.k.alike) > 0 {
		c.once(func() {
			for i, a := range v.Args {
				if c.k.alike[a] {
					x := c.elem(a, at(0))
					c.b.StoreOne(x.w.elem(), x.v[0], c.b.Arg(argFrame).At(callee.Args[i].Off))
				}
			}
		})
	}
	var in moves
	for i, a := range v.Args {
		if !c.k.alike[a] && !callee.Args[i].Kept && c.k.byVal[a] != callee.Args[i] {
			in.value(callee.Args[i], a)
		}
	}
	c.move(in)
}

// fetch takes what a call has given.
func (c *compiler) fetch(v *ir.Value, next []*plan.Nest) {
	callee := c.set.callee(c.k, v)
	var out moves
	c.arriving, c.short = map[*ir.Value]arrival{}, nil
	for _, r := range given(c.k, v) {
		to, from := c.k.byVal[r.v], callee.Results[r.index]
		if to == nil || from == nil || from.Kept || to == from || c.pf.Places[r.v].Kind == plan.Sum {
			continue
		}
		if n := c.arrives(r.v, next); n != nil && !to.Kept {
			c.arriving[r.v] = arrival{n, from}
			continue
		}
		if c.takesShort(r.v, next) && !to.Kept {
			c.short = append(c.short, shortResult{r.v, from})
			continue
		}
		out.field(to, from, r.v.Type.Len())
	}
	c.move(out)
}
