package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// loop is a map or scan: how it runs its function.
type loop struct {
	fn               *ir.Func
	n, carry, mapped int
	back             bool
}

func loopOf(v *ir.Value) loop {
	if v.Op == ir.OpMap {
		m := v.Attr.Map
		return loop{fn: m.Fn, n: m.N, mapped: m.Mapped}
	}
	s := v.Attr.Scan
	return loop{s.Fn, s.N, s.Carry, s.Mapped, s.Back}
}

// sliced reports whether operand i has a slice for each run.
func (l loop) sliced(i int) bool { return i >= l.carry && i < l.carry+l.mapped }

// slice is the first element of the slice of a run, of an operand or result with rows elements in all.
func (l loop) slice(run *asm.Loop, rows int) index {
	per := rows / l.n
	if l.back {
		return at(rows-per).along(run, -per)
	}
	return at(0).along(run, per)
}

// loop runs the kernel of a map or scan once for every slice: what is handed on goes from its results to its
// arguments.
func (c *compiler) loop(v *ir.Value) {
	c.note = ""
	c.source(v)
	l := loopOf(v)
	callee := c.set.callee(c.k, v)
	var in moves
	for i, a := range v.Args {
		if !l.sliced(i) {
			in.value(callee.Args[i], a)
		}
	}
	c.move(in)
	to := c.results(v)
	for i, f := range to {
		if f != nil && callee.Results[i] == nil {
			c.unsupported(v, "a statistic of a loop's run")
		}
	}
	c.b.Loop(l.n, func(run *asm.Loop) {
		run.Over("runs of " + l.fn.Name)
		if l.mapped > 0 {
			c.columns(func() {
				for i, a := range v.Args {
					if l.sliced(i) {
						from := l.slice(run, a.Type.Len())
						c.each(callee.Args[i].Rows, func(ix index) { c.storeField(callee.Args[i], ix, c.elem(a, add(from, ix))) })
					}
				}
			})
		}
		c.b.Call(callee.Name)
		c.columns(func() {
			for i, r := range callee.Results {
				switch {
				case i < l.carry:
					c.each(r.Rows, func(ix index) { c.storeField(callee.Args[i], ix, c.loadField(r, ix)) })
				case to[i] != nil:
					at := l.slice(run, to[i].Rows)
					c.each(r.Rows, func(ix index) { c.storeField(to[i], add(at, ix), c.loadField(r, ix)) })
				}
			}
		})
	})
	var out moves
	for i, f := range to {
		if f != nil && i < l.carry {
			out.field(f, callee.Args[i], f.Rows)
		}
	}
	c.move(out)
}

// results are the places of the results of a node; nil for sums, statistics and what nobody reads.
func (c *compiler) results(v *ir.Value) []*Field {
	out := make([]*Field, len(v.Type.Parts))
	for _, u := range c.k.Func.Values {
		if u.Op != ir.OpResult || u.Args[0] != v {
			continue
		}
		if kind := c.pf.Places[u].Kind; kind != plan.Sum && kind != plan.Stat {
			out[u.Attr.Index] = c.k.byVal[u]
		}
	}
	return out
}
