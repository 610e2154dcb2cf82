package lanes

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel for one sample that calls no other takes its numbers and small arrays in registers, and leaves such results there: on
// their way through the frame an evaluation of a field would wait twice for what was just stored. Results are stored, too, as Go
// wants them; nobody waits for that.

// taken are the elements that a kernel takes, and those that it gives, in registers.
type taken struct{ args, results []element }

// inRegisters finds them. Kernels whose loops would read them by an index have none.
func (s *Set) inRegisters(k *Kernel) (t taken) {
	if s.alone == nil || s.few() > 0 || len(k.nests) == 0 {
		return t
	}
	for _, n := range k.nests {
		if n.Steps[0].Form == plan.Whole || n.Extent > 1 && n.Extent <= plan.SmallLen && !n.Unroll {
			return t
		}
	}
	small := func(es []element, v *ir.Value) []element {
		if n := v.Type.Len(); v.Type.Elem != ir.Bool && n <= plan.SmallLen && len(es)+n <= asm.MostIn {
			for i := range n {
				es = append(es, element{v, i})
			}
		}
		return es
	}
	for _, a := range k.Func.Args {
		if k.reads(a) {
			t.args = small(t.args, a)
		}
	}
	if len(t.args) == 0 {
		return taken{}
	}
	for i, r := range k.Func.Results {
		if k.Results[i] != nil && slices.Index(k.Func.Results, r) == i {
			t.results = small(t.results, r)
		}
	}
	return t
}

// reads reports whether a kernel reads an argument.
func (k *Kernel) reads(a *ir.Value) bool {
	return slices.Contains(k.Func.Results, a) || slices.ContainsFunc(k.Func.Values, func(v *ir.Value) bool { return slices.Contains(v.Args, a) })
}

// vectorOf is the vector of an element, which is the same in all lanes.
func (c *compiler) vectorOf(e element) asm.Vec { return c.elem(e.v, at(e.k)).v[0] }

// spell names elements of values that lie in fields.
func (k *Kernel) spell(es []element, vs []*ir.Value, fs []*Field) string {
	var out []string
	for _, e := range es {
		name := fs[slices.Index(vs, e.v)].Name
		if !e.v.Type.IsScalar() {
			name += fmt.Sprintf("[%d]", e.k)
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// begins starts a kernel that has its arguments in registers.
func (c *compiler) begins() {
	es := c.k.taken.args
	if len(es) == 0 {
		return
	}
	c.columns(func() {
		from := make([]asm.Place, len(es))
		for i, e := range es {
			from[i] = asm.Place{Elem: c.kind(e.v.Type.Elem).elem(), At: c.place(c.k.byVal[e.v], at(e.k), 0)}
		}
		for i, v := range c.b.Takes(from) {
			c.reg[es[i]] = c.same(c.kind(es[i].v.Type.Elem), v)
		}
		c.b.Note("in the first registers: " + c.k.spell(es, c.k.Func.Args, c.k.Args))
	})
}

// ends finishes a kernel that gives results in registers.
func (c *compiler) ends() {
	es := c.k.taken.results
	if len(es) == 0 {
		return
	}
	c.columns(func() {
		var vs []asm.Vec
		for _, e := range es {
			vs = append(vs, c.vectorOf(e))
		}
		c.b.Note("to the first registers: " + c.k.spell(es, c.k.Func.Results, c.k.Results))
		c.b.Gives(vs)
	})
}

// callTaken is a call of a kernel that takes arguments in registers.
func (c *compiler) callTaken(v *ir.Value, callee *Kernel) {
	has := func(es []element, v *ir.Value) bool {
		return slices.ContainsFunc(es, func(e element) bool { return e.v == v })
	}
	var in moves
	for i, a := range callee.Func.Args {
		if callee.reads(a) && !has(callee.taken.args, a) && c.k.byVal[v.Args[i]] != callee.Args[i] {
			in.value(callee.Args[i], v.Args[i])
		}
	}
	c.move(in)
	var vs []asm.Vec
	for _, e := range callee.taken.args {
		vs = append(vs, c.vectorOf(element{v.Args[slices.Index(callee.Func.Args, e.v)], e.k}))
	}
	var elems []asm.Elem
	for _, e := range callee.taken.results {
		elems = append(elems, c.kind(e.v.Type.Elem).elem())
	}
	vs = c.b.CallIn(callee.Name, vs, elems)
	c.reg = map[element]value{} // no other register is as it was
	var out moves
	for _, g := range given(c.k, v) {
		r, from := g.v, callee.Func.Results[g.index]
		if has(callee.taken.results, from) {
			for k, e := range callee.taken.results {
				if e.v == from {
					c.keep(r, at(e.k), c.same(c.kind(r.Type.Elem), vs[k]))
				}
			}
		} else if to := c.k.byVal[r]; to != nil && to != callee.Results[g.index] {
			out.field(to, callee.Results[g.index], r.Type.Len())
		}
	}
	c.move(out)
}
