package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Sums of products in kernels for one sample: of a matrix and a vector, and along the elements of a loop.

// product reports whether a step makes elements that are sums of products: of a matrix and the whole of a vector.
func product(s plan.Step) bool { return s.Form == plan.RowDot || s.Form == plan.Gather }

// summed is the number of sums over the elements of a loop that a step makes.
func (c *compiler) summed(s plan.Step) int {
	n := s.V.Type.Len()
	if s.Form == plan.ColSum || s.Form == plan.SumAll || s.Form == plan.Scatter && n <= plan.SmallLen {
		return n
	}
	return 0
}

const (
	// chains is the number of sums that go on beside each other, so that none waits for another.
	chains = 8
	// termsTogether are those that a run of a loop adds to each sum: with more runs their end would not be foreseen.
	termsTogether = 8
	// partials is the number of vectors into which a sum over the elements of a loop is divided at most.
	partials = 2
)

// partialSums is a sum over the n elements of a loop.
func (c *compiler) partialSums(w kind, n int) value {
	s := c.zeroSum(w)
	if c.set.few() == 0 && n > c.vectorLen() { // of few samples one waits beside the other
		for range partials - 1 {
			s.v = append(s.v, c.zeroSum(w).v...)
		}
	}
	return s
}

// addProduct adds x y to one of the partial sums of s.
func (c *compiler) addProduct(s value, ix index, x, y value) {
	n := c.count(s.w)
	from := ix.tile % (len(s.v) / n) * n
	c.accumulate(value{s.v[from : from+n], s.w}, x, y)
}

// total is a sum over the elements of a loop, in all lanes.
func (c *compiler) total(s value) value {
	e := s.w.elem()
	if c.set.few() > 0 {
		return c.totals(s)
	}
	for len(s.v) > 1 {
		h := len(s.v) / 2
		var sums []asm.Vec
		for i := range h {
			sums = append(sums, c.b.Add(e, s.v[i], s.v[i+h]))
		}
		s.v = sums
	}
	return c.same(s.w, c.b.SumLanes(e, s.v[0]))
}

// stepAlone prints what a step does with a vector of elements.
func (c *compiler) stepAlone(s plan.Step, ix index) {
	v := s.V
	switch s.Form {
	case plan.Elem:
		c.keep(v, ix, c.compute(v, ix))
	case plan.ColSum:
		x := c.valid(c.elem(v.Args[1], ix), ix)
		for r := range v.Type.Len() {
			c.addProduct(c.sum[element{v, r}], ix, x, c.loadVectors(x.w, c.weightRow(v.Args[0], at(r), ix)))
		}
	case plan.Scatter:
		if c.summed(s) == 0 {
			return // after the loop
		}
		x := c.valid(c.elem(v.Args[0], ix), ix)
		for j := range v.Type.Len() {
			c.addProduct(c.sum[element{v, j}], ix, x, c.loadVectors(x.w, c.weightColumn(v.Args[1], ix, at(j))))
		}
	case plan.SumAll:
		x, y, ok := c.product(v.Args[0], ix)
		if !ok {
			x, y = c.elem(v.Args[0], ix), c.splat(v.Type.Elem, 1)
		}
		c.addProduct(c.sum[element{v, 0}], ix, c.valid(x, ix), c.valid(y, ix))
	default:
		c.unsupported(v, "a step of form %s of one sample", s.Form)
	}
}

// productAlone prints a product with a matrix: a strip of sums over the elements of a vector.
func (c *compiler) productAlone(s plan.Step, ixs []index) {
	v := s.V
	w := c.kind(v.Type.Elem)
	var x *ir.Value
	var place func(ix, k index) asm.Mem
	switch s.Form {
	case plan.RowDot:
		x, place = v.Args[1], func(ix, k index) asm.Mem { return c.weightColumn(v.Args[0], ix, k) }
	default: // Gather, Scatter
		x, place = v.Args[0], func(ix, k index) asm.Mem { return c.weightRow(v.Args[1], k, ix) }
	}
	n := x.Type.Len()
	if c.set.few() > 0 {
		c.productFew(v, x, ixs, place)
		return
	}
	p := max(1, min(chains/(len(ixs)*w.count()), n))
	sums := make([][]value, len(ixs)) // by vector, then by place of the term
	bias := c.biasOf(v)
	for i, ix := range ixs {
		sums[i] = make([]value, p)
		if bias != nil {
			sums[i][0] = each1(c.elem(bias, ix), c.b.Var)
		}
	}
	term := func(k index, chain int) {
		xk := c.elem(x, k)
		for i, ix := range ixs {
			m, sum := place(ix, k), &sums[i][chain]
			for j, xj := range xk.v {
				at := m.At(j * c.b.ISA.Bytes())
				if len(sum.v) == j {
					sum.w, sum.v = w, append(sum.v, c.b.MulAt(w.elem(), xj, at))
				} else {
					c.b.AccumulateAt(w.elem(), sum.v[j], xj, at)
				}
			}
		}
	}
	// The first terms begin the sums; as many of the others as there are in whole runs of a loop are in one.
	first := n
	if (n-p)*len(ixs) > 64 && n >= 3*termsTogether {
		first = p + (n-p)%termsTogether
	}
	for k := range first {
		term(at(k), k%p)
	}
	if first < n {
		c.b.Loop((n-first)/termsTogether, func(l *asm.Loop) {
			for k := range termsTogether {
				term(at(first+k).along(l.Over("terms of the sums"), termsTogether), (first+k)%p)
			}
		})
	}
	for i, ix := range ixs {
		for len(sums[i]) > 1 {
			h := (len(sums[i]) + 1) / 2
			for j := range len(sums[i]) - h {
				sums[i][j] = each2(sums[i][j], sums[i][j+h], c.b.Add)
			}
			sums[i] = sums[i][:h]
		}
		c.keep(v, ix, sums[i][0])
	}
}

// biasOf is the parameter that a product is added to and to nothing else, with which its sums then begin; nil if there is none.
// That sum is the product itself from then on.
func (c *compiler) biasOf(v *ir.Value) *ir.Value {
	var sum *ir.Value
	for _, u := range c.k.Func.Values {
		if slices.Contains(u.Args, v) {
			if sum != nil || u.Op != ir.OpAdd {
				return nil
			}
			sum = u
		}
	}
	if sum == nil || slices.Contains(c.k.Func.Results, v) || sum.Args[0] == sum.Args[1] {
		return nil
	}
	bias := sum.Args[0]
	if bias == v {
		bias = sum.Args[1]
	}
	if pl := c.pf.Places[bias]; pl.Kind != plan.Memory || bias.Type.Rank() != 1 || bias.Type.Elem != v.Type.Elem {
		return nil
	}
	if c.biased == nil {
		c.biased = map[*ir.Value]*ir.Value{}
	}
	c.biased[sum] = v
	return bias
}
