package diff

import "ndec.dev/ndec/ir"

// The times of a solve have the derivatives of the flow, whatever the sensitivity: dy(t)/dt = f(t, y)
// where a state is given (stops are constants), and dy/dt0 = -J f(t0, y0) with J the derivative by the start.

// times passes on the cotangents of the times of the solve v, whose states have the cotangents gs and
// whose start states got the cotangents starts.
func (r *reverse) times(v *ir.Value, gs, starts []*ir.Value) {
	n, lead := len(v.Attr.Solve.States), v.Attr.Solve.Lead()
	if r.active[v.Args[0]] && starts != nil {
		for i, k := range r.slopes(v, v.Args[0], v.Args[lead:lead+n]) {
			if k != nil {
				r.seed(v.Args[0], r.b.Neg(r.b.Cast(r.b.Sum(r.b.Mul(starts[i], k)), ir.F64)))
			}
		}
	}
	if r.active[v.Args[1]] {
		r.endTime(v, gs)
		for i, k := range r.endSlopes(v, results(r.b, v)[:n]) {
			if gs[i] == nil || k == nil {
				continue
			}
			p := r.b.Mul(gs[i], k)
			if v.Attr.Solve.MayStop() {
				p = r.reached(v, p)
			}
			if v.Attr.Solve.Times > 0 {
				if p = r.b.Reshape(p, rows(p.Type)...); p.Type.Rank() > 1 {
					p = r.b.Sum(p, 1)
				}
			} else {
				p = r.b.Sum(p)
			}
			r.seed(v.Args[1], r.b.Cast(p, ir.F64))
		}
	}
}

// endTime passes on the cotangent of the time of the end, which is the last of the times unless an event has
// ended the solve.
func (r *reverse) endTime(v *ir.Value, gs []*ir.Value) {
	s := v.Attr.Solve
	at := len(s.States) + ir.StatTime
	if at >= len(gs) || gs[at] == nil {
		return
	}
	g := gs[at]
	if s.MayStop() {
		g = r.b.Select(r.stopped(v), r.b.Zeros(g.Type), g)
	}
	if s.Times > 0 {
		g = r.b.Emit(ir.OpPad, ir.Attr{Ints: []int{s.Times - 1, 0}}, r.b.Reshape(g, 1))
	}
	r.seed(v.Args[1], g)
}

// reached is p, products of cotangents and rates of one state at the end or along the output times, and zero
// where an event had ended the solve v by then.
func (r *reverse) reached(v, p *ir.Value) *ir.Value {
	s, b := v.Attr.Solve, r.b
	stopped := r.stopped(v)
	if s.Times == 0 {
		for len(p.Type.Shape) > 0 {
			p = b.Sum(p)
		}
		return b.Select(stopped, b.Zeros(p.Type), p)
	}
	end := results(b, v)[len(s.States)+ir.StatTime]
	late := b.Unary(ir.OpAbs, b.Sub(v.Args[1], b.Expand(v.Args[0], s.Times)))
	late = b.Binary(ir.OpLe, b.Expand(b.Unary(ir.OpAbs, b.Sub(end, v.Args[0])), s.Times), late)
	late = b.Binary(ir.OpAnd, late, b.Expand(stopped, s.Times))
	if p = b.Reshape(p, rows(p.Type)...); p.Type.Rank() > 1 {
		p = b.Sum(p, 1)
	}
	return b.Select(late, b.Zeros(p.Type), p)
}

// rows is the shape of t as a matrix of its slices along the leading axis; of scalars, a vector.
func rows(t ir.Type) []int {
	if n := t.Shape[0]; t.Len() > n {
		return []int{n, t.Len() / n}
	}
	return t.Shape[:1]
}

// timesRate is the rate k times the tangent dt of a time, or slice by slice of several times.
func (d *body) timesRate(dt, k *ir.Value) *ir.Value {
	b := d.b
	dt = b.Cast(dt, k.Type.Elem)
	if dt.Type.IsScalar() {
		return b.Mul(dt, k)
	}
	shape := rows(k.Type)
	if len(shape) == 1 {
		return b.Reshape(b.Mul(dt, b.Reshape(k, shape...)), k.Type.Shape...)
	}
	flat := b.Transpose(b.Reshape(k, shape...), 1, 0)
	return b.Reshape(b.Transpose(b.Mul(b.Expand(dt, flat.Type.Shape...), flat), 1, 0), k.Type.Shape...)
}

// slopes is f at (t, y…) with the extras of the solve v; nil for memory of the method.
func (d *body) slopes(v, t *ir.Value, y []*ir.Value) []*ir.Value {
	s := v.Attr.Solve
	in := append([]*ir.Value{t}, ir.Pick(y, s.Plain())...)
	return spread(s, d.b.CallAll(d.slope(s), append(in, v.Args[s.Lead()+len(s.States):]...)...))
}

// spread puts values of the plain states of s at their places among all states.
func spread(s *ir.Solve, xs []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(s.States))
	for k, i := range s.Plain() {
		out[i] = xs[k]
	}
	return out
}

// endSlopes is f at what the solve v gives: at its end, or stacked over its output times.
func (d *body) endSlopes(v *ir.Value, ends []*ir.Value) []*ir.Value {
	s := v.Attr.Solve
	if s.Times == 0 {
		return d.slopes(v, v.Args[1], ends)
	}
	f := d.slope(s)
	in := append([]*ir.Value{v.Args[1]}, ir.Pick(ends, s.Plain())...)
	mp := &ir.Map{Fn: f, N: s.Times, Mapped: len(in), Region: ir.SampleRegion.Inside(ir.RegionMap, f.Name)}
	return spread(s, results(d.b, d.b.Emit(ir.OpMap, ir.Attr{Map: mp}, append(in, v.Args[s.Lead()+len(s.States):]...)...)))
}

// slope is the field of s as a function of its own: that of a solve belongs to its loop.
func (p *pass) slope(s *ir.Solve) *ir.Func {
	key := "slope " + s.Field.Name
	if f := p.made[key]; f != nil {
		return f
	}
	p.expand(s.Field)
	f := s.Field.Clone(p.fresh(s.Field.Name + ".slope"))
	f.Region = nil
	return p.add(key, f)
}
