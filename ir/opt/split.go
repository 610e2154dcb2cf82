package opt

import (
	"slices"
	"sort"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// split lets parts of a product that change less often be computed less often:
//
//	W concat(x, t)      = W[:, :n] x + W[:, n] t   when t changes less often than x
//	(x + a) + b         = x + (a + b)              when a and b change less often than x
//
// With time in a field, the second factor and the bias then form one vector per stage for the
// whole batch. Sums are rounded in another order than written. A product is split only where a
// part moves to a slower rate.
func split(m *ir.Module) {
	rates(m)
	parallel.Each(len(m.Funcs), func(i int) {
		known := map[*ir.Value]ir.Rate{}
		ir.Rebuild(m.Funcs[i], m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
			switch v.Op {
			case ir.OpMatVec:
				return splitProduct(b, known, args[0], args[1], false)
			case ir.OpVecMat:
				return splitProduct(b, known, args[1], args[0], true)
			case ir.OpAdd:
				return regroup(b, known, args[0], args[1])
			}
			return nil
		})
	})
}

// lookUp is the rate of a value in a function that is being built: only its arguments have one yet.
func lookUp(known map[*ir.Value]ir.Rate, v *ir.Value) ir.Rate {
	if v.Op == ir.OpArg {
		return v.Rate
	}
	if r, ok := known[v]; ok {
		return r
	}
	rate := rateOf(&ir.Value{Op: v.Op})
	for _, a := range v.Args {
		rate = rate.Join(lookUp(known, a))
	}
	known[v] = rate
	return rate
}

// slower reports whether a changes less often than b: its region is further out or it is shared
// by samples, and it is not faster in the other respect.
func slower(a, b ir.Rate) bool { return a != b && a.Join(b) == b }

// frequency orders rates for the order of a sum: what samples share first, outer regions first.
func frequency(r ir.Rate) int {
	n := r.Region.Depth()
	if r.PerSample {
		n += 1000
	}
	return n
}

// part is a run of neighbours in a concatenation that change at one rate.
type part struct {
	rate   ir.Rate
	lo, hi int
	values []*ir.Value
}

func splitProduct(b *ir.Builder, known map[*ir.Value]ir.Rate, w, x *ir.Value, transposed bool) *ir.Value {
	if x.Op != ir.OpConcat {
		return nil
	}
	var parts []part
	total := lookUp(known, w)
	pos := 0
	for _, p := range x.Args {
		rate := lookUp(known, p).Join(lookUp(known, w))
		total = total.Join(rate)
		n := p.Type.Shape[0]
		if k := len(parts); k > 0 && parts[k-1].rate == rate {
			parts[k-1].hi += n
			parts[k-1].values = append(parts[k-1].values, p)
		} else {
			parts = append(parts, part{rate, pos, pos + n, []*ir.Value{p}})
		}
		pos += n
	}
	gain := false
	for _, p := range parts {
		gain = gain || slower(p.rate, total)
	}
	if !gain {
		return nil
	}
	sort.SliceStable(parts, func(i, j int) bool { return frequency(parts[i].rate) < frequency(parts[j].rate) })
	// A term joins the first partial sum that changes no more often than itself, so that no sum is
	// computed more often than its terms demand.
	var sums []part
	for _, p := range parts {
		p.values = []*ir.Value{product(b, w, p, transposed)}
		i := slices.IndexFunc(sums, func(s part) bool { return s.rate.Join(p.rate) == p.rate })
		if i < 0 {
			sums = append(sums, p)
			continue
		}
		sums[i].values[0] = b.Add(p.values[0], sums[i].values[0])
		sums[i].rate = p.rate
	}
	sum := sums[0].values[0]
	for _, s := range sums[1:] {
		if slower(sums[0].rate, s.rate) {
			sum = b.Add(s.values[0], sum)
		} else {
			sum = b.Add(sum, s.values[0])
		}
	}
	return sum
}

// product is the columns (rows, when transposed) of w that belong to p, times p.
func product(b *ir.Builder, w *ir.Value, p part, transposed bool) *ir.Value {
	x := b.Concat(0, p.values...)
	rows, cols := w.Type.Shape[0], w.Type.Shape[1]
	if transposed {
		cut := b.Slice(w, p.lo, p.hi, 0, cols)
		if p.hi-p.lo == 1 {
			return b.Mul(b.Reshape(cut, cols), b.Reshape(x))
		}
		return b.VecMat(x, cut)
	}
	cut := b.Slice(w, 0, rows, p.lo, p.hi)
	if p.hi-p.lo == 1 {
		return b.Mul(b.Reshape(cut, rows), b.Reshape(x))
	}
	return b.MatVec(cut, x)
}

// regroup adds the slow terms of a sum of three to each other first.
func regroup(b *ir.Builder, known map[*ir.Value]ir.Rate, x, y *ir.Value) *ir.Value {
	for _, o := range [][2]*ir.Value{{x, y}, {y, x}} {
		sum, slow := o[0], o[1]
		total := lookUp(known, sum)
		if sum.Op != ir.OpAdd || !slower(lookUp(known, slow), total) {
			continue
		}
		for i, a := range sum.Args {
			fast := sum.Args[1-i]
			if slower(lookUp(known, a), total) && lookUp(known, fast) == total && ir.SameShape(fast.Type.Shape, sum.Type.Shape) {
				return b.Add(fast, b.Add(a, slow))
			}
		}
	}
	return nil
}
