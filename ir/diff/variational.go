package diff

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// tooMany is the code of a gradient that has no business with forward sensitivities.
const tooMany diag.Code = "NDE0571"

// maxForward bounds the numbers that forward differentiates by: it solves once for each of them.
const maxForward = 256

// variational solves the variational equations (Hairer, Nørsett, Wanner I, I.14): for every number that
// a cotangent is wanted of, the solve runs with the tangent of that number, and the cotangent is the
// product of the tangents of its results with their cotangents gs. Nothing is recorded, so that memory
// does not depend on the number of steps.
func variational(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	n, lead := len(s.States), s.Lead()
	var by []*ir.Value // active operands
	count := 0
	for _, a := range v.Args[lead:] {
		if r.active[a] {
			by = append(by, a)
			count += a.Type.Len()
		}
	}
	params := selected(r.stepReads(s), r.params)
	if at := n + ir.StatTime; s.MayStop() && at < len(gs) && gs[at] != nil {
		r.fail(eventsThroughSteps, s.Span, "forward has no gradient by the time at which an event ends a solve; use backprop, checkpoint or interpolated")
		return nil
	}
	for _, q := range params {
		count += q.Type.Len()
	}
	if r.active[v.Args[0]] { // its derivative needs that of every start state
		by = nil
		count = 0
		for i, a := range v.Args[lead:] {
			if r.active[a] || i < n {
				by = append(by, a)
				count += a.Type.Len()
			}
		}
		for _, q := range params {
			count += q.Type.Len()
		}
	}
	if count > maxForward {
		r.fail(tooMany, s.Span, "forward solves once for each of %d numbers, at most %d; use backprop, or checkpoint where memory is short", count, maxForward)
		return nil
	}
	if count == 0 {
		return nil
	}

	// The function of one direction, by its number: the derivative of <g, results>.
	b := ir.NewFunc(r.fresh(s.Name+".direction"), s.Span, r.m.Real)
	number := b.Arg("direction", ir.Scalar(ir.I32))
	args := copyArgs(b, v.Args)
	for i, a := range args { // operands may have no name
		if a.Name == "" {
			a.Name = fmt.Sprintf("operand%d", i)
		}
	}
	var bars []*ir.Value
	for i := range s.States {
		if gs[i] != nil {
			bars = append(bars, b.Arg(s.States[i].Name+"_bar", gs[i].Type))
		} else {
			bars = append(bars, nil)
		}
	}
	one := b.Emit(ir.OpOneHot, ir.Attr{Index: count, Elem: r.m.Real}, number)
	at := 0
	take := func(t ir.Type) *ir.Value {
		u := b.Cast(b.Reshape(b.Slice(one, at, at+t.Len()), t.Shape...), t.Elem)
		at += t.Len()
		return u
	}
	dots := make([]*ir.Value, len(v.Args))
	for i, a := range v.Args {
		for _, x := range by {
			if i >= lead && x == a {
				dots[i] = take(a.Type)
				break
			}
		}
	}
	moved := map[*ir.Param]*ir.Value{}
	for _, q := range params {
		moved[q] = take(q.Type)
	}
	d := r.pass.body(b)
	plain := b.Copy(v, args) // what pushed reads; it falls as dead
	ends := results(b, d.pushed(plain, dots[lead:lead+n], dots[lead+n:], moved))
	var sum *ir.Value
	for i, g := range bars {
		if g != nil {
			p := b.Cast(b.Sum(b.Mul(g, ends[n+i])), r.m.Real)
			if sum == nil {
				sum = p
			} else {
				sum = b.Add(sum, p)
			}
		}
	}
	b.Func.ResultNames = []string{"slope"}
	f := b.Return(sum)
	f.DropDead()
	r.m.AddFunc(f)

	numbers := make([]float64, count)
	for k := range numbers {
		numbers[k] = float64(k)
	}
	in := append([]*ir.Value{r.b.Data(numbers, ir.Tensor(ir.I32, count))}, v.Args...)
	for i := range s.States {
		if gs[i] != nil {
			in = append(in, gs[i])
		}
	}
	mp := &ir.Map{Fn: f, N: count, Mapped: 1, Region: ir.SampleRegion.Inside(ir.RegionMap, f.Name)}
	slopes := results(r.b, r.b.Emit(ir.OpMap, ir.Attr{Map: mp}, in...).Named("direction"))[0]
	at = 0
	cut := func(t ir.Type) *ir.Value {
		g := r.b.Cast(r.b.Reshape(r.b.Slice(slopes, at, at+t.Len()), t.Shape...), t.Elem)
		at += t.Len()
		return g
	}
	starts = make([]*ir.Value, n)
	for i, a := range v.Args {
		if dots[i] == nil {
			continue
		}
		g := cut(a.Type)
		r.seed(a, g)
		if i < lead+n {
			starts[i-lead] = g
		}
	}
	for _, q := range params {
		r.addParam(q, cut(q.Type))
	}
	return starts
}
