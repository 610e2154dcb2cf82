package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A few samples beside each other. Kernels for a batch that is much smaller than a block are those for one sample, with the
// successive elements of a sample in the lanes, for fewSamples of them at a time: a weight is read once for all of these, and
// while one sample waits for a sum or a function the others go on. They read the copies of parameters that kernels for one
// sample read. Loops over steps are those of blocks, of so many samples: each has its own decisions.
//
// In the frame a row of a number, or of an array of a few, begins with an element of each sample and is rounded up to a vector; of a
// longer array each sample has all its elements one after the other. A function without longer arrays, such as the step of a solve of
// two numbers with its control, has the samples in the lanes, as in a block: it is packed.

// fewSamples is what leaves registers of AVX-512 for the sums of four vectors of each, and of AVX2 for those of two.
const fewSamples = 4

// few is the number of samples that kernels have beside each other; 0 of other kernels.
func (s *Set) few() int {
	if s.alone == nil || s.alone.samples == 1 {
		return 0
	}
	return s.alone.samples
}

// Few is the number of samples that kernels have beside each other; 0 of other kernels.
func (s *Set) Few() int { return s.few() }

// packs reports whether the samples are in the lanes of a kernel for a few.
func (s *Set) packs(f *ir.Func) bool {
	if s.few() == 0 {
		return false
	}
	long := func(v *ir.Value) bool {
		return v.Type.Elem != ir.Tuple && v.Op != ir.OpParam && v.Type.Len() > plan.SmallLen
	}
	// A parameter may be long, unless it is a result, which each sample has one element after the other.
	given := func(v *ir.Value) bool { return v.Type.Elem != ir.Tuple && v.Type.Len() > plan.SmallLen }
	return !slices.ContainsFunc(f.Args, long) && !slices.ContainsFunc(f.Values, long) && !slices.ContainsFunc(f.Results, given)
}

// NewFew is an empty set of kernels for a few samples, which reads the copies of parameters of a.
func NewFew(a *Set, name func(*ir.Func) string) *Set {
	s := New(a.Plan, name)
	s.alone = &alone{a.alone.packing, fewSamples}
	s.Args = []string{"fr *fewFrame", "w *aloneWeights"}
	s.Size = s.MaskOff // nothing is added up over samples
	return s
}

// fieldOfFew gives a field its form.
func (s *Set) fieldOfFew(f *Field) {
	if f.Rows > plan.SmallLen {
		f.Apart = s.padded(f.Rows)
		f.Off = (f.Off + 63) / 64 * 64
	}
}

// FieldBytes is the size of a field of the frame.
func (s *Set) FieldBytes(f *Field) int {
	if f.Apart > 0 {
		return s.few() * f.Apart * s.ElemBytes(f.Elem)
	}
	return f.Rows * s.rowBytes(f.Elem)
}

// placeFew is the address of element ix of a sample.
func (c *compiler) placeFew(f *Field, ix index, sample int) asm.Mem {
	n := c.set.ElemBytes(f.Elem)
	row, off := n, sample*f.Apart*n
	if f.Apart == 0 {
		row, off = c.set.rowBytes(f.Elem), sample*n
	}
	m := c.b.Arg(argFrame).At(f.Off + off + ix.k*row)
	for _, s := range ix.steps {
		if s.n != 0 {
			m = m.Along(s.loop, s.n*row)
		}
	}
	return m
}

// loadFew reads element ix of each sample, or a vector of successive ones.
func (c *compiler) loadFew(f *Field, ix index) value {
	k := c.kind(f.Elem)
	if c.k.packed {
		return value{c.b.Loads(k.elem(), c.placeFew(f, ix, 0), k.count()), k}
	}
	x := newValue(k, c.count(k))
	for i := range c.set.few() {
		m := c.placeFew(f, ix, i)
		if ix.vec {
			x.v = append(x.v, c.b.Loads(k.elem(), m, k.count())...)
			continue
		}
		one := c.b.Broadcast(k.elem(), m)
		for range k.count() {
			x.v = append(x.v, one)
		}
	}
	return x
}

// storeFew stores element ix of each sample, or a vector of successive ones.
func (c *compiler) storeFew(f *Field, ix index, x value) {
	if c.k.packed {
		c.b.Stores(x.w.elem(), x.v, c.placeFew(f, ix, 0))
		return
	}
	n := x.w.count()
	for i := range c.set.few() {
		m, vs := c.placeFew(f, ix, i), x.v[i*n:(i+1)*n]
		if ix.vec {
			c.b.Stores(x.w.elem(), vs, m)
		} else {
			c.b.StoreOne(x.w.elem(), vs[0], m)
		}
	}
}

// everySample is a value that is the same in all samples that are computed together.
func (c *compiler) everySample(x value) value {
	out := newValue(x.w, c.count(x.w))
	for range c.wide {
		out.v = append(out.v, x.v...)
	}
	return out
}

// lowerToF64 converts numbers that are the same in all lanes of a vector.
func (c *compiler) lowerToF64(x value) value {
	out := newValue(paired, c.count(paired))
	for i, v := range x.v {
		if i == 0 || v != x.v[i-1] {
			v = c.b.LowerToF64(v)
		} else {
			v = out.v[len(out.v)-1]
		}
		out.v = append(out.v, v, v)
	}
	return out
}

// vectorsTogether is the number of vectors of elements that a run of a loop computes: of few samples those whose sums have
// registers, and one where there are no products; of one sample all of a strip.
func (c *compiler) vectorsTogether(n *plan.Nest) int {
	if c.set.few() == 0 {
		return c.set.Tile() / c.vectorLen()
	}
	if n != nil {
		for _, s := range n.Steps {
			if product(s) || s.Form == plan.Scatter {
				return c.b.ISA.Registers() / 2 / c.set.few()
			}
		}
	}
	return 1
}

// totals are sums over the elements of a loop, of each sample.
func (c *compiler) totals(s value) value {
	n := s.w.count()
	out := newValue(s.w, len(s.v))
	for i := 0; i < len(s.v); i += n {
		sum := s.v[i]
		for _, v := range s.v[i+1 : i+n] {
			sum = c.b.Add(s.w.elem(), sum, v)
		}
		sum = c.b.SumLanes(s.w.elem(), sum)
		for range n {
			out.v = append(out.v, sum)
		}
	}
	return out
}

// productFew prints a product with a matrix: sums over the elements of a vector of each sample, for vectors that read a weight
// once. Terms are added one after the other, since samples are enough that go on beside each other.
func (c *compiler) productFew(v, x *ir.Value, ixs []index, place func(ix, k index) asm.Mem) {
	w, n := c.kind(v.Type.Elem), x.Type.Len()
	sums := make([]value, len(ixs))
	bias := c.biasOf(v)
	for i, ix := range ixs {
		if bias == nil {
			sums[i] = c.zeroSum(w)
			continue
		}
		for _, b := range c.elem(bias, ix).v {
			sums[i].v = append(sums[i].v, c.b.Var(w.elem(), b))
		}
		sums[i].w = w
	}
	term := func(k index) {
		xk := c.elem(x, k)
		for i, ix := range ixs {
			c.accumulate(sums[i], xk, c.loadVectors(w, place(ix, k)))
		}
	}
	together := min(n, 2*termsTogether/len(ixs))
	if n <= 2*together {
		together = n
	}
	for k := range n % together {
		term(at(k))
	}
	if runs := n / together; runs > 1 {
		c.b.Loop(runs, func(l *asm.Loop) {
			for k := range together {
				term(at(n%together+k).along(l.Over("terms of the sums"), together))
			}
		})
	} else {
		for k := range together {
			term(at(n%together + k))
		}
	}
	for i, ix := range ixs {
		c.keep(v, ix, sums[i])
	}
}
