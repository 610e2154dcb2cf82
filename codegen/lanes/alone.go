package lanes

import (
	"fmt"
	"maps"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Kernels for one sample have its successive elements in the lanes of a vector: the neurons of a layer. A number, and
// each element of an array of a few, is the same in all lanes. A loop of the plan along more elements goes by vectors;
// all else is compiled as for blocks of samples, of which there is then one.
//
// Such kernels read parameters from a copy of their own, in which rows begin at vectors, and matrices that are
// multiplied from the left stand by columns; what is read element by element, such as the weights of convolutions, lies as it is.

// alone is what kernels for one sample, or for a few of them (few.go), read.
type alone struct {
	*packing
	samples int
}

// packing is where the copies of parameters lie.
type packing struct {
	packs []*Pack
	at    map[packKey]*Pack
	bytes int
}

// Pack is a copy of a parameter, or of a value computed from parameters.
type Pack struct {
	Param *ir.Param
	// Columns: a matrix by columns, in strips of Tile rows. Flat: all elements one after the other. Else its rows.
	Columns, Flat bool
	Off           int // bytes from the start
	Len           int // elements
}

// Shape is the number of rows and columns that are copied.
func (q *Pack) Shape() (rows, columns int) {
	if q.Flat {
		return 1, q.Param.Type.Len()
	}
	return matrixOf(q.Param.Type)
}

type packKey struct {
	p    *ir.Param
	form packForm
}

// packForm is how a copy of a parameter lies.
type packForm uint8

const (
	byRows packForm = iota
	byColumns
	flat
)

// NewAlone is an empty set of kernels for one sample.
func NewAlone(p *plan.Plan, name func(*ir.Func) string) *Set {
	s := New(p, name)
	s.alone = &alone{&packing{at: map[packKey]*Pack{}}, 1}
	s.Args = []string{"fr *aloneFrame", "w *aloneWeights"}
	s.Size = s.MaskOff // there is one sample, and it counts
	return s
}

// Packs are the parameters as kernels for one sample read them, in the order of their places.
func (s *Set) Packs() []*Pack { return s.alone.packs }

// Tile is the number of rows of a strip of a matrix that stands by columns.
func (s *Set) Tile() int { return tileBytes / s.real().Bytes() }

// tileBytes are what a strip has in a column: eight vectors of AVX2, whose sums fill half of the registers.
const tileBytes = 256

// padded is n elements, rounded up to the widest vector.
func (s *Set) padded(n int) int {
	w := 64 / s.real().Bytes()
	return (n + w - 1) / w * w
}

// Padded is the length of a row of n elements in the copy of a parameter.
func (s *Set) Padded(n int) int { return s.padded(n) }

// ElemBytes is the size of an element: integers and masks are as wide as real numbers.
func (s *Set) ElemBytes(e ir.Elem) int {
	if e == ir.F64 {
		return 8
	}
	return s.real().Bytes()
}

func (a *alone) mark() (undo func()) {
	if a == nil {
		return func() {}
	}
	n, at, bytes := len(a.packs), maps.Clone(a.at), a.bytes
	return func() { a.packs, a.at, a.bytes = a.packs[:n], at, bytes }
}

// matrix is the number of rows and columns of a parameter; a vector is one row.
func matrixOf(t ir.Type) (rows, columns int) {
	if t.Rank() < 2 {
		return 1, t.Len()
	}
	columns = t.Shape[t.Rank()-1]
	return t.Len() / columns, columns
}

// pack gives a parameter a place in the copy.
func (s *Set) pack(p *ir.Param, form packForm) *Pack {
	k := packKey{p, form}
	if q := s.alone.at[k]; q != nil {
		return q
	}
	q := &Pack{Param: p, Columns: form == byColumns, Flat: form == flat, Off: s.alone.bytes}
	m, n := q.Shape()
	q.Len = m * s.padded(n)
	if q.Columns {
		q.Len = (m/s.Tile()*s.Tile() + s.padded(m%s.Tile())) * n
	}
	s.alone.at[k] = q
	s.alone.packs = append(s.alone.packs, q)
	s.alone.bytes += q.Len * s.ElemBytes(p.Type.Elem)
	return q
}

// weight is an element of a parameter, or a vector of elements of one row.
func (c *compiler) weight(p *ir.Param, e ir.Elem, ix index) value {
	k := c.kind(e)
	if !e.IsFloat() || k == double && e == ir.F32 {
		c.unsupported(nil, "a parameter of %s", e)
	}
	form := byRows
	if _, n := matrixOf(p.Type); p.Type.Rank() > 1 && n != c.set.padded(n) {
		if p.Type.Rank() > 2 || !ix.konst() {
			form = flat
		} else {
			ix = at(ix.k/n*c.set.padded(n) + ix.k%n)
		}
	}
	m := c.weightAt(c.set.pack(p, form), ix)
	if ix.vec {
		return c.loadVectors(k, m)
	}
	return c.same(k, c.b.Broadcast(k.elem(), m))
}

// weightAt is the place of element ix of the copy of a parameter.
func (c *compiler) weightAt(q *Pack, ix index) asm.Mem {
	n := c.set.ElemBytes(q.Param.Type.Elem)
	m := c.b.Arg(argParams).At(q.Off + ix.k*n)
	for _, s := range ix.steps {
		m = m.Along(s.loop, s.n*n)
	}
	return m
}

// weightRow is the place of elements ix of row k of a matrix.
func (c *compiler) weightRow(v *ir.Value, k, ix index) asm.Mem {
	q := c.set.pack(c.matrixParam(v), byRows)
	_, n := matrixOf(q.Param.Type)
	return c.weightAt(q, add(k.times(c.set.padded(n)), ix))
}

// weightColumn is the place of elements ix of column k of a matrix. ix moves by strips, or within one.
func (c *compiler) weightColumn(v *ir.Value, ix, k index) asm.Mem {
	q := c.set.pack(c.matrixParam(v), byColumns)
	m, n := matrixOf(q.Param.Type)
	t := c.set.Tile()
	strip, width := ix.k/t, t
	if strip == m/t {
		width = c.set.padded(m % t)
	}
	place := index{k: strip*t*n + ix.k%t}
	for _, s := range ix.steps {
		if s.n%t == 0 {
			place = place.along(s.loop, s.n*n)
		} else { // within a strip
			place = place.along(s.loop, s.n)
		}
	}
	return c.weightAt(q, add(place, k.times(width)))
}

// matrixParam is the parameter that a matrix is.
func (c *compiler) matrixParam(v *ir.Value) *ir.Param {
	if c.pf.Places[v].Kind != plan.Memory || v.Type.Rank() != 2 || v.Attr.Param.Type.Elem != v.Type.Elem {
		c.unsupported(v, "a product with a matrix that is no parameter")
	}
	return v.Attr.Param
}

// loadVectors reads successive elements, which are the same in all samples.
func (c *compiler) loadVectors(k kind, m asm.Mem) value {
	x := value{w: k}
	for p := range k.count() {
		x.v = append(x.v, c.b.Load(k.elem(), m.At(p*c.b.ISA.Bytes())))
	}
	return c.everySample(x)
}

// vectorLen is the number of elements of a vector.
func (c *compiler) vectorLen() int { return c.b.ISA.Bytes() / c.set.real().Bytes() }

// vectors runs body for the vectors of n elements, some of a strip at a time, at most together of them.
func (c *compiler) vectors(n, together int, body func(ixs []index)) {
	l, t := c.vectorLen(), c.set.Tile()
	strip := func(from index, n int) {
		var ixs []index
		for k := 0; k < n; k += l {
			ix := from.plus(k)
			ix.vec = true
			if n-k < l {
				ix.tail = n - k
			}
			ix.rows, ix.tile = true, k/l
			ixs = append(ixs, ix)
		}
		body(ixs)
	}
	some := together * l // elements
	parts := func(from index, n int) {
		if full := n / some; full > 1 {
			c.b.Loop(full, func(lp *asm.Loop) { strip(from.along(lp.Over("vectors of a strip"), some), some) })
		} else if full == 1 {
			strip(from, some)
		}
		if rest := n % some; rest > 0 {
			strip(from.plus(n-rest), rest)
		}
	}
	if full := n / t; full > 1 {
		c.b.Loop(full, func(lp *asm.Loop) { parts(index{}.along(lp.Over("strips of elements"), t), t) })
	} else if full == 1 {
		parts(at(0), t)
	}
	if rest := n % t; rest > 0 {
		parts(at(n-rest), rest)
	}
}

// valid is x with zeros behind the last element of an array.
func (c *compiler) valid(x value, ix index) value {
	if ix.tail == 0 {
		return x
	}
	e := x.w.elem()
	bits := make([]uint64, c.vectorLen())
	for i := range bits {
		if i < ix.tail {
			bits[i] = uint64(1)<<(8*e.Bytes()-1)<<1 - 1
		}
	}
	mask := c.loadVectors(x.w, c.b.Table(e, bits).At(0))
	return each2(x, mask, c.b.And)
}

// nestAlone prints a loop of the plan by vectors.
func (c *compiler) nestAlone(n *plan.Nest) {
	c.preload(n)
	for _, s := range n.Steps {
		if r := c.summed(s); r > 0 {
			for j := range r {
				c.sum[element{s.V, j}] = c.partialSums(c.kind(s.V.Type.Elem), n.Extent)
			}
		}
	}
	c.vectors(n.Extent, c.vectorsTogether(n), func(ixs []index) {
		c.cur = map[cursor]value{}
		for i := 0; i < len(n.Steps); {
			if product(n.Steps[i]) {
				c.source(n.Steps[i].V)
				c.productAlone(n.Steps[i], ixs)
				i++
				continue
			}
			end := i
			for end < len(n.Steps) && !product(n.Steps[end]) {
				end++
			}
			for _, ix := range ixs {
				for _, s := range n.Steps[i:end] {
					c.source(s.V)
					c.stepAlone(s, ix)
				}
			}
			i = end
		}
	})
	c.cur = nil
	for _, s := range n.Steps {
		switch r := c.summed(s); {
		case r > 0:
			for j := range r {
				c.keep(s.V, at(j), c.total(c.sum[element{s.V, j}]))
			}
		case r == 0 && s.Form == plan.Scatter:
			c.source(s.V)
			c.vectors(s.V.Type.Len(), c.vectorsTogether(n), func(ixs []index) {
				c.cur = map[cursor]value{}
				c.productAlone(s, ixs)
			})
			c.cur = nil
		}
	}
}

// Quickest is the instruction set whose kernel for one sample is the fastest where the processor has isa: loops over no more
// elements than a vector of AVX-512 holds wait for divisions and sums over lanes, which shorter vectors have sooner.
func (s *Set) Quickest(k *Kernel, isa asm.ISA) asm.ISA {
	reached := map[*Kernel]bool{}
	s.reach(k, reached)
	for k := range reached {
		for _, n := range k.nests {
			if n.Extent > s.padded(1) {
				return isa
			}
			for _, st := range n.Steps {
				if v := st.V; !isNode(n) && v.Type.Elem != ir.Tuple && v.Type.Len() > s.padded(1) {
					return isa
				}
			}
		}
	}
	return min(isa, asm.AVX2)
}

// leastAlone is the work from which on a function is worth a kernel: multiply-adds, a transcendental function as
// eight of them.
const leastAlone = 64

// Alone is what runs by vectors of one sample's elements.
type Alone struct {
	Set     *Set
	Entries map[*ir.Func]*Kernel // functions that Go calls
	Rows    map[*ir.Solve]*InARow
	// Why says what keeps functions from it that have work enough.
	Why map[*ir.Func]error
}

// CompileAlone finds the functions that run faster so, of models and of recipes that do not run in lanes.
func CompileAlone(p *plan.Plan, inLanes func(*ir.Recipe) bool, name func(*ir.Func) string) *Alone {
	a := &Alone{NewAlone(p, name), map[*ir.Func]*Kernel{}, map[*ir.Solve]*InARow{}, map[*ir.Func]error{}}
	var from []*ir.Func
	for _, m := range p.Module.Models {
		from = append(append(from, m.Func), m.Paths...)
		for _, s := range m.Solves {
			from = append(from, p.OfSolve(s).Functions()...)
		}
	}
	for _, r := range p.Module.Recipes {
		if !inLanes(r) {
			from = append(from, r.Objective, r.Combine, r.Grad, r.GradInputs, r.Attack, r.Design)
		}
	}
	reached := p.Reached(from...)
	for _, pf := range p.Funcs {
		f := pf.IR
		if !reached[f] || pf.Cost.MulAdds+8*pf.Cost.Trans < leastAlone {
			continue
		}
		if !a.long(f) {
			continue
		}
		if !numbers(f) {
			a.Why[f] = &Unsupported{"truth values", f, nil}
		} else if k, err := a.Set.Add(f); err == nil {
			a.Entries[f] = k
		} else {
			a.Why[f] = err
		}
	}
	a.addRows()
	return a
}

// long reports whether a function has a loop that goes by vectors: a matrix or functions along more than a few elements.
func (a *Alone) long(f *ir.Func) bool {
	for _, n := range a.Set.Plan.Of(f).Nests {
		for _, s := range n.Steps {
			switch {
			case s.V.Op == ir.OpCall:
				if a.long(s.V.Attr.Func) {
					return true
				}
			case convolves(n) && s.V.Type.Len() > plan.SmallLen, n.Extent > plan.SmallLen && (s.Form != plan.Elem || rows[s.V.Op] != ""):
				return true
			}
		}
	}
	return false
}

// schedule says how one sample of a model runs, and a small batch.
func (a *Alone) schedule(m *ir.Model, few *Few) plan.Schedule {
	out := plan.Schedule{Name: "model " + m.Name + ", one sample", How: "scalar Go", Why: "its functions are too small for vectors"}
	if s := a.Small(m, few.Models[m] != nil); s.Rows > 0 {
		out.How, out.Why = fmt.Sprintf("vectors of its elements; with rt.FastSmall also %s", &s), ""
		if err := few.Why[m]; err != nil {
			out.How += "; not by fours: " + err.Error()
		}
		return out
	}
	reached := a.Set.Plan.Reached(m.Func)
	for _, pf := range a.Set.Plan.Funcs { // callees come first
		if err := a.Why[pf.IR]; err != nil && reached[pf.IR] {
			out.Why = "no vector code for " + err.Error()
			break
		}
	}
	return out
}

// numbers reports whether arguments and results of a function are numbers.
func numbers(f *ir.Func) bool {
	for _, v := range append(append([]*ir.Value(nil), f.Args...), f.Results...) {
		if e := v.Type.Elem; !e.IsFloat() && e != ir.I32 {
			return false
		}
	}
	return true
}
