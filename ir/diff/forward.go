package diff

import "ndec.dev/ndec/ir"

// forward is a forward sweep: it pushes tangents from leaves to results. The tangent of v has
// v's type; a missing one is zero.
type forward struct {
	*body
	dot    map[*ir.Value]*ir.Value
	parts  map[*ir.Value][]*ir.Value // tangents of the components of a tuple
	params map[*ir.Param]*ir.Value   // tangents of parameters
	first  int
}

// forward readies a sweep with the tangents of leaves, which are treated as independent.
func (d *body) forward(leaves map[*ir.Value]*ir.Value, params map[*ir.Param]*ir.Value) *forward {
	f := &forward{body: d, dot: map[*ir.Value]*ir.Value{}, parts: map[*ir.Value][]*ir.Value{}, params: params}
	for x, dx := range leaves {
		f.dot[x] = dx
	}
	for _, v := range d.b.Func.Values {
		f.first = max(f.first, v.ID+1)
	}
	return f
}

// sweep goes through order, writing tangents with the builder.
func (f *forward) sweep(order []*ir.Value) {
	span, real := f.b.Span, f.b.Real
	for _, v := range order {
		f.advance(v)
	}
	f.b.Span, f.b.Real = span, real
}

// advance finds the tangent of v, whose operands have theirs.
func (f *forward) advance(v *ir.Value) {
	if _, leaf := f.dot[v]; leaf || !hasDerivative(v) {
		return
	}
	f.begin(v)
	if dv := f.push(v); dv != nil {
		if !ir.SameShape(dv.Type.Shape, v.Type.Shape) { // the tangent of a scalar beside a tensor
			dv = f.b.Expand(dv, v.Type.Shape...)
		}
		if v.Name != "" && dv.Name == "" && dv.ID >= f.first && dv.Op != ir.OpConst {
			dv.Name = v.Name + "_dot"
		}
		f.dot[v] = dv
	}
}

// push is the tangent of v from those of its operands.
func (f *forward) push(v *ir.Value) *ir.Value {
	if v.Op == ir.OpParam {
		return f.params[v.Attr.Param]
	}
	dx := make([]*ir.Value, len(v.Args))
	zero := true
	for i, a := range v.Args {
		dx[i] = f.dot[a]
		zero = zero && dx[i] == nil
	}
	switch v.Op {
	case ir.OpResult:
		ps, of := f.parts[v.Args[0]], v.Args[0].Attr.Solve
		if ps == nil {
			return nil
		}
		if of != nil && of.MayStop() && v.Attr.Index == len(of.States)+ir.StatTime {
			f.fail(eventsThroughSteps, of.Span, "a tangent of the time at which an event ends a solve is not compiled yet; use a gradient by backprop, checkpoint or interpolated")
		}
		return ps[v.Attr.Index]
	case ir.OpCall:
		return f.call(v, dx)
	case ir.OpMap:
		return f.mapped(v, dx)
	case ir.OpScan:
		return f.scanned(v, dx)
	case ir.OpSolve:
		f.solved(v, dx)
		return nil
	case ir.OpRev:
		f.swept(v, dx)
		return nil
	}
	if zero {
		return nil
	}
	return f.row(v, dx)
}

// row applies the rule of v's operator.
func (f *forward) row(v *ir.Value, dx []*ir.Value) *ir.Value {
	info := v.Op.Info()
	switch {
	case info.JVP != nil:
		return info.JVP(f.b, v, dx)
	case info.Partial != nil:
		var sum *ir.Value
		for i, d := range dx {
			if d != nil {
				sum = f.add(sum, f.scale(d, f.partial(v, i)))
			}
		}
		return sum
	case info.Linear && info.Arity < 0: // in all operands together
		for i := range dx {
			dx[i] = orZero(f.b, dx[i], v.Args[i].Type)
		}
		return f.b.Apply(v.Op, v.Attr, dx...)
	case info.Linear: // in each operand: the product rule
		var sum *ir.Value
		for i, d := range dx {
			if d != nil {
				args := append([]*ir.Value(nil), v.Args...)
				args[i] = d
				sum = f.add(sum, f.b.Apply(v.Op, v.Attr, args...))
			}
		}
		return sum
	}
	panic("ir/diff: operator " + info.Name + " has no rule for tangents")
}

func (f *forward) add(x, y *ir.Value) *ir.Value {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return f.b.Add(x, y)
}

// wantedBy lists the parameters with a tangent that v reads.
func (f *forward) wantedBy(v *ir.Value) []*ir.Param {
	var ps []*ir.Param
	for _, q := range f.readBy(v) {
		if f.params[q] != nil {
			ps = append(ps, q)
		}
	}
	return ps
}

// along selects the operands and parameters with tangents, and gives these.
func (f *forward) along(v *ir.Value, dx []*ir.Value) (Wrt, []*ir.Value) {
	wrt := Wrt{Params: f.wantedBy(v)}
	var dots []*ir.Value
	for i, d := range dx {
		if d != nil {
			wrt.Args = append(wrt.Args, i)
			dots = append(dots, d)
		}
	}
	for _, q := range wrt.Params {
		dots = append(dots, f.params[q])
	}
	return wrt, dots
}

// call runs the callee's JVP, made on demand.
func (f *forward) call(v *ir.Value, dx []*ir.Value) *ir.Value {
	wrt, dots := f.along(v, dx)
	if len(dots) == 0 {
		return nil
	}
	fv := f.jvp(v.Attr.Func, wrt, len(v.Args))
	return f.components(v, f.b.CallAll(fv, append(append([]*ir.Value(nil), v.Args...), dots...)...))
}

// mapped runs the JVP of the mapped function over the same slices and the slices of the
// tangents of mapped operands; other tangents are passed whole.
func (f *forward) mapped(v *ir.Value, dx []*ir.Value) *ir.Value {
	wrt, dots := f.along(v, dx)
	if len(dots) == 0 {
		return nil
	}
	mp := v.Attr.Map
	slices := 0
	for _, i := range wrt.Args {
		if i < mp.Mapped {
			slices++
		}
	}
	args := append([]*ir.Value(nil), v.Args[:mp.Mapped]...)
	args = append(args, dots[:slices]...)
	args = append(args, v.Args[mp.Mapped:]...)
	args = append(args, dots[slices:]...)
	push := &ir.Map{Fn: f.jvp(mp.Fn, wrt, mp.Mapped), N: mp.N, Mapped: mp.Mapped + slices, Region: mp.Region}
	return f.components(v, results(f.b, f.b.Emit(ir.OpMap, ir.Attr{Map: push}, args...)))
}

// components spreads the tangents of the real results of a node.
func (f *forward) components(v *ir.Value, outs []*ir.Value) *ir.Value {
	if v.Type.Elem != ir.Tuple {
		return outs[0]
	}
	ps := make([]*ir.Value, len(v.Type.Parts))
	for i, t := range v.Type.Parts {
		if t.Elem.IsFloat() {
			ps[i], outs = outs[0], outs[1:]
		}
	}
	f.parts[v] = ps
	return nil
}
