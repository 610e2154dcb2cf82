package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// eventsThroughSteps is the code of a derivative that events do not have yet.
const eventsThroughSteps diag.Code = "NDE0837"

// An event at time s with guard g sets y to R(s, y). Its time moves with the states: along the flow f before
// the event dg/ds = g_t + <g_y, f>, so that ds = -<g_y, dy> / (dg/ds). With λ the cotangent of the states after
// it, that of s is
//
//	a = R_tᵀλ + <R_yᵀλ, f(s, y)> - <λ, f(s, R(s, y))>
//
// where the last term, a later start of what follows, becomes the cotangent of the time of the end where the event
// ends the solve. So λ before the event is R_yᵀλ - a g_y / (dg/ds), and extras and parameters get theirs in the
// same way. An event at given times has ds = 0.

// eventVJPs are ir.Rev.Events of s, for the parameters.
func (p *pass) eventVJPs(s *ir.Solve, params []*ir.Param) []*ir.Func {
	var out []*ir.Func
	p.smooth(s)
	guard := 0
	for i := range s.Events {
		out = append(out, p.eventVJP(s, i, guard, params))
		if s.Events[i].Kind != ir.Every {
			guard++
		}
	}
	return out
}

// smooth complains of an event at a time that states decide where these have no slope in time.
func (p *pass) smooth(s *ir.Solve) {
	if row := method.RowOf(s); row != nil && row.Family == method.Stochastic && len(s.Guards()) > 0 {
		p.fail(eventsThroughSteps, s.Span, "the time at which an event of a system with noise happens has no derivative: a path has no slope; use every, or leave the gradient out")
	}
}

func (p *pass) eventVJP(s *ir.Solve, i, guard int, params []*ir.Param) *ir.Func {
	ev := &s.Events[i]
	n := len(s.Plain()) // the others, memory of the method, begin anew after an event
	b := ir.NewFunc(p.fresh(fmt.Sprintf("%s.event%d.vjp", s.Name, i)), s.Span, p.m.Real)
	args := copyArgs(b, s.Field.Args[:1+n])
	for _, st := range s.States[n:] {
		b.Arg(st.Name, st.Type)
	}
	args = append(args, copyArgs(b, s.Field.Args[1+n:])...)
	var bars []*ir.Value
	for _, st := range s.States {
		bars = append(bars, b.Arg(st.Name+"_bar", st.Type))
	}
	bars = bars[:n]
	end := b.Arg("t_bar", ir.Scalar(ir.F64))
	e := &eventSweep{pass: p, b: b, n: n, params: params, args: args}
	dot := func(xs, ys []*ir.Value) *ir.Value {
		sum := b.Const(0, ir.F64)
		for k, x := range xs {
			sum = b.Add(sum, b.Cast(b.Sum(b.Mul(x, ys[k])), ir.F64))
		}
		return sum
	}

	// Through the reset: cotangents of t, of the states before, of extras and parameters.
	after := args[1 : 1+n]
	back := append([]*ir.Value(nil), bars...)
	rate := b.Const(0, ir.F64)
	if ev.Reset != nil {
		after = b.CallAll(ev.Reset, args...)
		outs := e.through(ev.Reset, true, bars)
		rate, back = outs[0], outs[1:1+n]
		e.collect(outs[1+n:])
	}
	if ev.Kind != ir.Every {
		f := p.slope(s)
		before := b.CallAll(f, args...)
		rate = b.Add(rate, dot(back, before))
		if ev.Stop {
			rate = b.Add(rate, end)
		} else {
			later := append([]*ir.Value{args[0]}, after...)
			rate = b.Sub(rate, dot(bars, b.CallAll(f, append(later, args[1+n:]...)...)))
		}
		// Through the time: the guard along the flow.
		wrt := Wrt{}
		along := append(append([]*ir.Value(nil), args...), b.Const(1, ir.F64))
		for k := range n + 1 {
			wrt.Args = append(wrt.Args, k)
		}
		slope := b.CallAll(p.jvp(s.Guard, wrt, len(s.Guard.Args)), append(along, before...)...)[guard]
		seeds := make([]*ir.Value, len(s.Guard.Results))
		for k := range seeds {
			seeds[k] = b.Const(0, ir.F64)
		}
		seeds[guard] = b.Neg(b.Div(rate, slope))
		outs := e.through(s.Guard, false, seeds)
		for k := range back {
			back[k] = b.Add(back[k], outs[k])
		}
		e.collect(outs[n:])
	}
	results := append([]*ir.Value(nil), back...)
	for _, st := range s.States[n:] {
		results = append(results, b.Zeros(st.Type))
	}
	for k, a := range args[1+n:] {
		results = append(results, orZero(b, e.sum(k), a.Type))
	}
	b.Func.Accum = make([]bool, len(results))
	for k, q := range params {
		results = append(results, orZero(b, e.sum(len(args)-1-n+k), q.Type))
		b.Func.Accum = append(b.Func.Accum, true)
	}
	for _, st := range s.States {
		b.Func.ResultNames = append(b.Func.ResultNames, st.Name+"_bar")
	}
	for _, a := range args[1+n:] {
		b.Func.ResultNames = append(b.Func.ResultNames, a.Name+"_bar")
	}
	for _, q := range params {
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name+"_bar")
	}
	b.Return(results...)
	b.Func.DropDead()
	return p.m.AddFunc(b.Func)
}

// events gives c, the solve of m.s with tangents, its events. Guards do not see the tangents, so that the events are
// those of m.s; at one, with τ = -ġ / (dg/ds) the tangent of its time and ẏ that of the states before it,
//
//	ẏ becomes R_t τ + R_y (ẏ + f(s, y) τ) + R_c ċ - f(s, R(s, y)) τ
//
// without the last term where the event ends the solve.
func (m *paired) events(c *ir.Solve) {
	s := m.s
	if len(s.Events) == 0 {
		return
	}
	m.smooth(s)
	c.Guard = m.plain(s.Guard, 1, groups{len(s.Plain())}, true)
	c.Events = slices.Clone(s.Events)
	guard := 0
	for i := range c.Events {
		if e := &c.Events[i]; e.Reset != nil || e.Stop {
			e.Reset = m.event(&s.Events[i], guard)
		}
		if c.Events[i].Kind != ir.Every {
			guard++
		}
	}
}

// event is the reset of an event with tangents; guard is the place of its guard.
func (m *paired) event(ev *ir.Event, guard int) *ir.Func {
	s, n := m.s, len(m.s.Plain())
	b := ir.NewFunc(m.fresh(m.name+".event"), s.Span, m.m.Real)
	args, dots := m.args(b, s.Field, 1, groups{n}, true)
	wrt := Wrt{Params: m.params}
	for i := range n {
		wrt.Args = append(wrt.Args, 1+i)
	}
	for _, j := range m.extras {
		wrt.Args = append(wrt.Args, 1+n+j)
	}
	along := func(f *ir.Func, wrt Wrt, dots ...*ir.Value) []*ir.Value {
		return b.CallAll(m.jvp(f, wrt, len(f.Args)), append(slices.Clone(args), dots...)...)
	}
	var moved *ir.Value // the time
	shift := func(ds, rates []*ir.Value, by *ir.Value) {
		for i, k := range rates {
			ds[i] = b.Add(ds[i], b.Mul(b.Cast(by, k.Type.Elem), k))
		}
	}
	after, dots := args[1:1+n], slices.Clone(dots)
	if ev.Kind != ir.Every {
		before := b.CallAll(m.slope(s), args...)
		flow := Wrt{}
		for k := range n + 1 {
			flow.Args = append(flow.Args, k)
		}
		rate := along(s.Guard, flow, append([]*ir.Value{b.Const(1, ir.F64)}, before...)...)[guard]
		moved = b.Neg(b.Div(along(s.Guard, wrt, dots...)[guard], rate)).Named("t_dot")
		shift(dots[:n], before, moved)
	}
	if ev.Reset != nil {
		after = b.CallAll(ev.Reset, args...)
		in := dots
		if moved != nil {
			wrt.Args = append([]int{0}, wrt.Args...)
			in = append([]*ir.Value{moved}, dots...)
		}
		dots = along(ev.Reset, wrt, in...)
	}
	if moved != nil && !ev.Stop {
		later := append([]*ir.Value{args[0]}, after...)
		shift(dots[:n], b.CallAll(m.slope(s), append(later, args[1+n:]...)...), b.Neg(moved))
	}
	for _, suffix := range []string{"", "_dot"} {
		for _, st := range s.States[:n] {
			b.Func.ResultNames = append(b.Func.ResultNames, st.Name+suffix)
		}
	}
	b.Return(append(slices.Clone(after), dots[:n]...)...)
	b.Func.DropDead()
	return m.m.AddFunc(b.Func)
}

// eventSweep adds up what the two ways through an event give to extras and parameters.
type eventSweep struct {
	*pass
	b      *ir.Builder
	n      int
	params []*ir.Param
	args   []*ir.Value
	sums   []*ir.Value
}

// through gives the cotangents of the arguments of f, of t only if wanted, and of the parameters.
func (e *eventSweep) through(f *ir.Func, t bool, bars []*ir.Value) []*ir.Value {
	wrt := Wrt{Params: e.params}
	for k := range e.args {
		if k > 0 || t {
			wrt.Args = append(wrt.Args, k)
		}
	}
	return e.b.CallAll(e.vjp(f, wrt, len(f.Args), true), append(append([]*ir.Value(nil), e.args...), bars...)...)
}

func (e *eventSweep) collect(gs []*ir.Value) {
	for k, g := range gs {
		if k == len(e.sums) {
			e.sums = append(e.sums, g)
		} else {
			e.sums[k] = e.b.Add(e.sums[k], g)
		}
	}
}

func (e *eventSweep) sum(k int) *ir.Value {
	if k < len(e.sums) {
		return e.sums[k]
	}
	return nil
}

// stepReads lists the parameters that the steps and events of s read.
func (p *pass) stepReads(s *ir.Solve) []*ir.Param {
	set := map[*ir.Param]bool{}
	fs := []*ir.Func{s.Replay}
	if s.Guard != nil {
		fs = append(fs, s.Guard)
	}
	for _, e := range s.Events {
		if e.Reset != nil {
			fs = append(fs, e.Reset)
		}
	}
	for _, f := range fs {
		for _, q := range p.reads(f) {
			set[q] = true
		}
	}
	return inOrder(set)
}

// stopped is 1 where an event has ended the solve v, in the type of e.
func (d *body) stopped(v *ir.Value) *ir.Value {
	status := results(d.b, v)[len(v.Attr.Solve.States)+ir.StatStatus]
	return d.b.Binary(ir.OpEq, status, d.b.Const(ir.StatusEventStop, ir.I32))
}
