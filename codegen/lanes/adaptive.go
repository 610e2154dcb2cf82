package lanes

import "ndec.dev/ndec/ir"

// adaptiveStart chooses the first step. In a StepGroup it gives what the samples of the batch bring for that.
func (s *Set) adaptiveStart(l *Solve) *ir.Func {
	sv := l.IR
	if !sv.FSAL && sv.FirstStep > 0 {
		return nil
	}
	b, x, y, _, c := s.lane(sv, ".lanestart", []string{"t", "t1", "dir", "rtol", "atol"}, false)
	all := y
	y = ir.Pick(y, sv.Plain())
	var k, kept []*ir.Value
	if l.First > 0 {
		k = b.Inline(l.StartKeep, cat([]*ir.Value{x["t"]}, all, c)) // its call keeps what it gives where it lies
		k, kept = k[:len(y)], k[len(y):]
	} else {
		k = b.CallAll(sv.Field, cat([]*ir.Value{x["t"]}, y, c)...)
	}
	names, vs := []string{Own + "h"}, []*ir.Value{b.Mul(x["dir"], b.Const(sv.FirstStep, ir.F64))}
	switch {
	case sv.FirstStep > 0:
	case sv.StepGroup != "":
		names, vs = []string{SizeState, SizeSlope}, b.Inline(sv.FirstNorms, cat([]*ir.Value{x["rtol"], x["atol"]}, y, k))
	default:
		span := b.Sub(x["t1"], x["t"])
		h := b.Inline(sv.First, cat([]*ir.Value{x["t"], span, x["rtol"], x["atol"]}, y, k, c))[0]
		vs[0] = b.Mul(x["dir"], b.Binary(ir.OpMin, h, b.Mul(x["dir"], span)))
	}
	if sv.FSAL || sv.StepGroup != "" {
		names, vs = append(names, named(plain(sv), ".k")...), append(vs, k...)
	}
	return finish(b, append(names, keptNames(kept)...), append(vs, kept...))
}

// attempted is an attempt: its error, the states and, where the method keeps it, the field after it, and what else the step gives.
type attempted struct {
	err          *ir.Value
	y1, k1, rest []*ir.Value
}

// clipped is the length of an attempt: no longer than to the end, and whether it is the last one and not too short.
type clipped struct{ h, last, long *ir.Value }

func clip(b *ir.Builder, sv *ir.Solve, x map[string]*ir.Value) (c clipped) {
	num := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	op := func(o ir.Op, p, q *ir.Value) *ir.Value { return b.Binary(o, p, q) }
	abs := func(v *ir.Value) *ir.Value { return b.Unary(ir.OpAbs, v) }
	t, h, t1, dir := x["t"], x["h"], x["t1"], x["dir"]
	if sv.MaxStep > 0 {
		h = b.Mul(dir, op(ir.OpMin, b.Mul(dir, h), num(sv.MaxStep)))
	}
	if sv.MinStep > 0 {
		h = b.Mul(dir, op(ir.OpMax, b.Mul(dir, h), num(sv.MinStep)))
	}
	c.last = op(ir.OpLe, num(0), b.Mul(b.Sub(b.Add(t, b.Mul(num(1.01), h)), t1), dir))
	c.h = b.Select(c.last, b.Sub(t1, t), h)
	resolution := b.Mul(num(16*0x1p-52), op(ir.OpMax, abs(t), abs(t1)))
	c.long = op(ir.OpOr, c.last, op(ir.OpLe, resolution, abs(c.h)))
	return c
}

// attempt tries a step of that length.
func (s *Set) attempt(b *ir.Builder, l *Solve, length clipped, x map[string]*ir.Value, y, k, c []*ir.Value) (a attempted) {
	sv := l.IR
	out := s.made(b, l, cat([]*ir.Value{x["t"], length.h}, y, k, c))
	at := sv.Plain()
	n, m := len(y), len(y)+len(at)
	a.y1, a.rest = out[:n], out[m:]
	if sv.FSAL {
		a.k1, a.rest = out[m:m+len(at)], out[m+len(at):]
	}
	a.err = b.Inline(sv.Norm, cat([]*ir.Value{x["rtol"], x["atol"]}, ir.Pick(y, at), ir.Pick(a.y1, at), out[n:m]))[0]
	for _, v := range a.y1 { // an error is nothing beside an infinite state
		d := b.Emit(ir.OpSub, ir.Attr{}, v, v) // 0, or NaN
		if !d.Type.IsScalar() {
			d = b.Sum(d)
		}
		a.err = b.Add(a.err, b.Cast(d, ir.F64))
	}
	return a
}

// adaptiveStep tries a step, and decides on it and on the next length.
func (s *Set) adaptiveStep(l *Solve) *ir.Func {
	sv := l.IR
	b, x, y, k, c := s.lane(sv, ".lanestep", append([]string{"t", "h"}, adaptiveLead(sv)...), sv.FSAL)
	num := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	op := func(o ir.Op, p, q *ir.Value) *ir.Value { return b.Binary(o, p, q) }
	t, t1, dir := x["t"], x["t1"], x["dir"]
	live := op(ir.OpLt, num(0), x["live"])
	length := clip(b, sv, x)
	h, last, long := length.h, length.last, length.long
	var made attempted
	if sv.StepGroup != "" {
		made = s.tried(b, sv)
	} else {
		made = s.attempt(b, l, length, x, y, k, c)
	}
	err := made.err
	good := op(ir.OpLe, err, num(1))
	if sv.MinStep > 0 {
		short := op(ir.OpLe, b.Mul(dir, h), num(sv.MinStep))
		good = op(ir.OpOr, good, op(ir.OpAnd, short, op(ir.OpEq, b.Emit(ir.OpSub, ir.Attr{}, err, err), num(0))))
	}
	errors := []*ir.Value{err, x["err_prev"], x["err_prev2"]}
	if sv.Ratios() {
		x["ratio"] = b.Select(op(ir.OpEq, x["h_prev"], num(0)), x["ratio"], b.Binary(ir.OpDiv, h, x["h_prev"]))
		errors = append(errors, x["ratio"], x["ratio_prev"])
	}
	factor := b.Inline(sv.Control, errors)[0]
	capped := op(ir.OpMin, factor, num(1))
	finite := op(ir.OpEq, b.Emit(ir.OpSub, ir.Attr{}, err, err), num(0))
	after := b.Select(op(ir.OpLt, num(0), x["rejected"]), capped, factor)
	scale := b.Select(good, after, b.Select(finite, capped, num(sv.MinFactor)))

	accept := op(ir.OpAnd, op(ir.OpAnd, good, long), live)
	code := b.Select(long, b.Select(good, num(CodeAccepted), num(CodeRejected)), num(CodeTooSmall))
	names := []string{Own + "rejected_next", Own + "err_prev_next", Own + "err_prev2_next", Own + "t_next", Own + "h_next"}
	vs := []*ir.Value{
		b.Select(accept, num(0), num(1)),
		b.Select(accept, op(ir.OpMax, err, num(1e-4)), x["err_prev"]),
		b.Select(accept, x["err_prev"], x["err_prev2"]),
		b.Select(accept, b.Select(last, t1, b.Add(t, h)), t),
		b.Mul(h, scale),
	}
	if sv.Ratios() {
		names = append(names, Own+"ratio_next", Own+"ratio_prev_next", Own+"h_prev_next")
		vs = append(vs, x["ratio"], b.Select(accept, x["ratio"], x["ratio_prev"]), b.Select(accept, h, x["h_prev"]))
	}
	names = append(names, named(sv.States, ".next")...)
	vs = append(vs, choose(b, accept, made.y1, y)...)
	if sv.FSAL {
		names = append(names, named(plain(sv), ".knext")...)
		vs = append(vs, choose(b, accept, made.k1, k)...)
	}
	names, vs = append(names, Own+"code", Own+"err", Own+"t_at", Own+"h_at"), append(vs, code, err, t, h)
	names, vs = append(names, named(sv.States, ".at")...), append(vs, y...)
	return finish(b, append(names, l.further(made.rest)...), append(vs, made.rest...))
}
