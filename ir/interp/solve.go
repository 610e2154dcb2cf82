package interp

import (
	"math"

	"ndec.dev/ndec/ir"
)

// tape is what a recorded solve keeps for its reverse sweep.
type tape struct {
	extras []datum
	steps  []Step
	ends   []float64 // theta up to which a step counts: below 1 where an event cut it
	saves  []save
	fired  []fired

	stretches []Step  // of a solve that keeps them, each a step back from its end
	since     float64 // start of the next one
}

// save says where an output time lies: at theta in a step. Step len(steps) is the end of a solve
// that did not get there.
type save struct {
	step  int
	theta float64
}

// run holds one solve while it runs. The loop is that of ir.Solve.
type run struct {
	m      *Machine
	s      *ir.Solve
	y      []datum
	c      []datum
	t      float64
	tape   *tape
	times  []float64
	stops  []float64 // that are still to come
	gap    float64   // what steps keep from them, signed
	begin  float64   // where the field is first evaluated
	next   int
	out    []datum
	nfe    int
	acc    int
	rej    int
	status int
	stop   float64
	why    *Origin // of the last step that was not finite, in a Trace
	events *events
	first  bool // the present step is made by Start
	anew   bool // memory has begun anew before the next step
	t1     float64

	ratio, ratioPrev, hPrev float64 // of steps, for Control
}

// group are the samples that take steps together with this one.
func (r *run) group() Group { return r.m.group(r.s.StepGroup != "") }

func (m *Machine) group(together bool) Group {
	if !together || m.Group == nil {
		return alone{}
	}
	return m.Group
}

// Group is a batch of samples whose steps have one length (ir.Solve.StepGroup), each run by a machine and a goroutine of its own. They meet at the
// start of a solve, at the end of a sweep back that solves (Await), and wherever one of them brings a number. One that leaves a solve that has failed
// goes on alone.
type Group interface {
	Enter()
	Leave(failed bool)
	Await()
	RMS(x float64) float64
	Most(x float64) float64
}

// alone is a batch of one sample.
type alone struct{}

func (alone) Enter()                 {}
func (alone) Leave(bool)             {}
func (alone) Await()                 {}
func (alone) RMS(x float64) float64  { return x }
func (alone) Most(x float64) float64 { return x }

func num(x float64) datum { return datum{data: []float64{x}} }

func (m *Machine) solve(s *ir.Solve, in []datum) datum {
	n := len(s.States)
	r := &run{m: m, s: s, nfe: s.BeginEvals, y: append([]datum(nil), in[s.Lead():s.Lead()+n]...), c: in[s.Lead()+n:], t: in[0].data[0], tape: &tape{extras: in[s.Lead()+n:], since: in[0].data[0]}}
	m.enter(Place{Solve: s, T: r.t})
	defer m.leave()
	t1 := in[1].data[0]
	if s.Times > 0 {
		r.times = in[1].data
		t1 = r.times[len(r.times)-1]
		r.out = make([]datum, n)
	}
	r.stop, r.begin, r.t1 = r.t, r.t, t1
	if s.Stops > 0 {
		r.halts(in[2].data, t1)
	}
	if len(s.Events) > 0 {
		r.arm(t1)
	}
	if !inOrder(r.t, r.times) {
		r.status = ir.StatusBadTimes
	} else if runs := m.Force[s]; len(runs) > 0 && r.events == nil { // events move with the states, and steps with them
		r.forced(runs[min(len(m.Taken[s]), len(runs)-1)], t1)
	} else if s.Adaptive {
		r.adaptive(t1)
	} else {
		r.fixed(t1)
	}
	for ; r.next < len(r.times); r.next++ {
		r.keep(r.y, save{len(r.tape.steps), 0})
	}
	if s.Stretches && s.Times == 0 {
		r.stretch(r.t, r.y)
	}
	m.Taken[s] = append(m.Taken[s], r.tape.steps)
	if r.failed() {
		m.Failed = append(m.Failed, Failure{s, r.status, r.stop, r.why})
	}
	parts := append([]datum(nil), r.y...)
	if s.Times > 0 {
		parts = r.out
	}
	parts = append(parts, num(float64(r.nfe)), num(float64(r.acc)), num(float64(r.rej)), num(float64(r.status)), num(r.stop))
	return datum{parts: parts, tape: r.tape}
}

func (r *run) failed() bool { return r.status != ir.StatusOK && r.status != ir.StatusEventStop }

// inOrder reports whether times go one way from t0 on.
func inOrder(t0 float64, times []float64) bool {
	up, down := true, true
	for _, t := range times {
		up, down = up && t >= t0, down && t <= t0
		t0 = t
	}
	return up || down
}

func (r *run) keep(y []datum, at save) {
	for i, d := range y {
		r.out[i].append(d)
	}
	if r.s.Stretches {
		at = r.between(y, at)
	}
	r.tape.saves = append(r.tape.saves, at)
}

func cat(lists ...[]datum) []datum {
	var out []datum
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// accept takes the step from r.t to t with the new states: records it and gives output times. Where events
// happen in it, the first of them end it, and cut is true.
func (r *run) accept(h, t, span float64, y1, dense []datum) (cut bool) {
	end, full := 1.0, y1
	if r.events != nil {
		if end, cut = r.look(h, t, y1, dense); cut && end < 1 {
			t, y1 = r.events.time, r.inside(end, h, y1, dense)
		}
		if r.endless() {
			r.status = ir.StatusMaxEvents
			return false
		}
	}
	past := r.s.Passes() && (t-r.t1)*span > 0
	if past {
		end = (r.t1 - r.t) / h
	}
	r.tape.steps = append(r.tape.steps, Step{T: r.t, H: h, Y: r.tensors(r.y), First: r.first, Anew: r.anew})
	r.anew = false
	r.tape.ends = append(r.tape.ends, end)
	k := len(r.tape.steps) - 1
	for ; r.next < len(r.times) && (r.times[r.next]-t)*span <= 0 && !(cut && r.times[r.next] == t); r.next++ {
		switch time := r.times[r.next]; time {
		case r.t:
			r.keep(r.y, save{k, 0})
		case t:
			r.keep(y1, save{k, 1})
		default:
			theta := (time - r.t) / h
			r.keep(r.inside(theta, h, full, dense), save{k, theta})
		}
	}
	if past {
		t, y1 = r.t1, r.inside(end, h, full, dense)
	}
	r.acc++
	if end < 1 && !allFinite(y1) { // between finite ends, a polynomial of numbers near the largest
		r.status, r.why = ir.StatusNonFinite, originOf(y1)
		return false
	}
	r.y, r.t, r.stop = y1, t, t
	if cut {
		r.happen(k, h)
	}
	return cut
}

// inside are the states at theta in a step to y1.
func (r *run) inside(theta, h float64, y1, dense []datum) []datum {
	if r.first {
		return r.m.run(r.s.StartDense, cat([]datum{num(theta), num(h)}, r.y, y1))
	}
	return r.m.run(r.s.Dense, cat([]datum{num(theta), num(h)}, r.y, y1, dense))
}

// step evaluates Step, or DenseStep when there are output times.
func (r *run) step(h float64, k []datum) []datum {
	if r.first {
		r.nfe += r.s.StartEvals
		return r.m.run(r.s.Start, cat([]datum{num(r.t), num(h)}, r.y, r.c))
	}
	f := r.s.Step
	if (len(r.times) > 0 || r.s.Cuts()) && r.s.DenseStep != nil {
		f = r.s.DenseStep
		r.nfe += r.s.DenseEvals
	}
	r.nfe += r.s.StepEvals
	r.m.move(r.acc, r.t, h)
	return r.m.run(f, cat([]datum{num(r.t), num(h)}, r.y, k, r.c))
}

func (r *run) fixed(t1 float64) {
	if r.t == t1 {
		return
	}
	slope := r.slope()
	if !r.s.PerSample {
		r.grid(r.t, t1, slope)
		return
	}
	for _, time := range r.times {
		if time != r.t && r.status == ir.StatusOK {
			slope = r.grid(r.t, time, slope)
		}
	}
}

// mostSteps is the largest number of steps of given length.
const mostSteps = 1e9

// grid takes the steps of a grid that begins where the last one has ended, and gives the field at its end.
func (r *run) grid(from, t1 float64, slope []datum) []datum {
	t0, n := from, r.s.Steps
	h := (t1 - t0) / float64(n)
	length := h
	if n == 0 {
		count := math.Ceil(math.Abs(t1-t0)/r.s.StepSize - 1e-9)
		length = math.Copysign(r.s.StepSize, t1-t0)
		switch h = length; {
		case math.IsNaN(count) || math.IsInf(t1-t0, 0):
			n, h = 16, math.NaN() // one fails, of methods of several steps the second
		case count > mostSteps:
			r.status = ir.StatusMaxSteps
			return slope
		default:
			n = max(1, int(count))
		}
	}
	pieces := false // of a step that holds a stop
	filled := false // the memory of several steps
	for k := 0; k < n && r.t != t1; k++ {
		if r.first = r.s.Start != nil && !filled; r.first && !pieces {
			k += min(r.s.StartSteps, n-k) - 1
		}
		whole := r.first && !pieces
		next := t0 + float64(k+1)*length
		if k == n-1 {
			next = t1
		}
		goal, stop := r.goal(next)
		step := h
		if stop || pieces || r.first || r.s.Steps == 0 && k == n-1 {
			step = goal - r.t // the rest, or what is left before a stop
			r.first = r.s.Start != nil
		}
		y1, next1, dense := r.split(r.step(step, slope))
		if !allFinite(y1) {
			r.status, r.why = ir.StatusNonFinite, originOf(y1)
			return slope
		}
		slope, pieces = next1, false
		filled = !stop && (whole || filled && !r.first)
		at := next
		if stop {
			at = r.stops[0]
		}
		if r.accept(step, at, t1-t0, y1, dense) {
			if r.status != ir.StatusOK {
				return slope
			}
			slope, pieces, filled = r.again(), true, false
			if (next-r.t)*(t1-t0) > 0 {
				k--
			}
			continue
		}
		if r.status != ir.StatusOK {
			return slope
		}
		if !stop {
			continue
		}
		slope, pieces = r.pass(), true
		if (next-r.gap-at)*(t1-t0) > 0 {
			k-- // the rest of the step
		}
	}
	return slope
}

// halts keeps the stop times between start and t1.
func (r *run) halts(stops []float64, t1 float64) {
	dir := math.Copysign(1, t1-r.t)
	r.gap = dir * 4 * epsilon * math.Max(math.Abs(r.t), math.Abs(t1))
	for _, s := range stops {
		switch {
		case math.Abs(s-r.t) <= math.Abs(2*r.gap):
			r.begin = r.t + r.gap
		case (s-2*r.gap-r.t)*dir > 0 && (t1-2*r.gap-s)*dir > 0:
			r.stops = append(r.stops, s)
		}
	}
}

// goal is the next time at which a step has to end, where the next stop lies before end.
func (r *run) goal(end float64) (goal float64, stop bool) {
	dir := math.Copysign(1, end-r.t)
	for len(r.stops) > 0 && (r.stops[0]-2*r.gap-r.t)*dir <= 0 {
		r.stops = r.stops[1:]
	}
	if len(r.stops) > 0 && (end+r.gap-r.stops[0])*dir >= 0 {
		return r.stops[0] - r.gap, true
	}
	return end, false
}

// pass goes on from a stop, on its other side.
func (r *run) pass() (slope []datum) {
	r.t += r.gap
	r.stops = r.stops[1:]
	r.begin = r.t
	r.rebegin()
	return r.slope()
}

// rebegin makes memory of the method anew at r.begin.
func (r *run) rebegin() {
	if r.s.Rebegins() {
		r.nfe += r.s.BeginEvals
		r.y, r.anew = r.m.run(r.s.Begin, cat([]datum{num(r.begin)}, r.y, r.c)), true
	}
}

// slope is the field at the start, which the first step of an FSAL method takes over; else nil.
func (r *run) slope() []datum {
	if !r.s.FSAL {
		return nil
	}
	r.nfe++
	return r.m.run(r.s.Field, cat([]datum{num(r.begin)}, r.x(), r.c))
}

// x are the states without memory of the method.
func (r *run) x() []datum { return ir.Pick(r.y, r.s.Plain()) }

func allFinite(ds []datum) bool {
	for _, d := range ds {
		if !finite(d.data) {
			return false
		}
	}
	return true
}

// forced takes given steps, those of a solve over the same span or another one.
func (r *run) forced(steps []Step, t1 float64) {
	t0 := r.t
	k := r.slope()
	// Where the span has moved, the steps move with it, evenly.
	scale, begin := 1.0, t0
	if n := len(steps); n > 0 && !r.s.Passes() {
		begin = steps[0].T
		if span := steps[n-1].T + steps[n-1].H - begin; math.Abs(t1-t0-span) > 16*epsilon*(math.Abs(t0)+math.Abs(t1)) {
			scale = (t1 - t0) / span
		}
	}
	moved := scale != 1 || begin != t0
	at := func(st Step) Step {
		if moved {
			st.T, st.H = t0+scale*(st.T-begin), scale*st.H
		}
		return st
	}
	for i, st := range steps {
		st = at(st)
		r.first = st.First
		out := r.step(st.H, k)
		y1, k1, dense := r.split(out)
		next := t1
		if i < len(steps)-1 {
			next = at(steps[i+1]).T
		} else if r.s.Passes() {
			next = st.T + st.H
		}
		r.accept(st.H, next, t1-t0, y1, dense)
		if k = k1; r.s.Stops > 0 { // there may have been one
			r.begin = r.t
			if i < len(steps)-1 && steps[i+1].Anew {
				r.rebegin()
			}
			k = r.slope()
		}
	}
}

// split takes the results of a step apart: new states, derivatives at the end (FSAL), dense data.
func (r *run) split(out []datum) (y1, k1, dense []datum) {
	n := len(r.s.Plain())
	y1, out = out[:len(r.y)], out[len(r.y):]
	if r.s.Adaptive {
		out = out[n:]
	}
	if r.s.FSAL {
		k1, out = out[:n], out[n:]
	}
	return y1, k1, out
}

func (r *run) adaptive(t1 float64) {
	s, m := r.s, r.m
	t0, n, plain := r.t, len(r.y), s.Plain()
	r.group().Enter()
	defer func() { r.group().Leave(r.failed()) }()
	if t0 == t1 {
		return
	}
	dir := math.Copysign(1, t1-t0)
	var k []datum
	if s.FSAL || s.FirstStep == 0 {
		k = m.run(s.Field, cat([]datum{num(r.begin)}, r.x(), r.c))
		r.nfe++
	}
	h := dir * s.FirstStep
	if s.FirstStep == 0 {
		first := r.firstLength(t0, t1-t0, k)
		r.nfe += s.FirstEvals
		h, r.why = dir*first.data[0], first.origin()
		if s.Compat == "" {
			h = dir * math.Min(dir*h, dir*(t1-t0))
		}
	}
	if !s.FSAL {
		k = nil
	}
	err, errPrev, errPrev2 := 1.0, 1.0, 1.0
	rejected := false
	r.forget()
	for r.t != t1 {
		if s.MaxStep > 0 {
			h = dir * math.Min(math.Abs(h), s.MaxStep)
		}
		if s.MinStep > 0 && !math.IsNaN(h) {
			h = dir * math.Max(math.Abs(h), s.MinStep)
		}
		goal, stop := r.goal(t1)
		var last bool
		switch s.Compat {
		case "torchdyn":
			last = (r.t+h-goal)*dir >= 0
		case "":
			last = (r.t+1.01*h-goal)*dir >= 0
		}
		cut := h
		if last {
			h = goal - r.t
		}
		switch {
		case r.acc+r.rej == s.MaxSteps:
			r.status = ir.StatusMaxSteps
			return
		case !(last || math.Abs(h) >= 16*epsilon*math.Max(math.Abs(r.t), math.Abs(t1))):
			r.status = ir.StatusStepTooSmall
			if math.IsNaN(err) || math.IsInf(err, 0) || math.IsNaN(h) {
				r.status = ir.StatusNonFinite
			}
			return
		}
		out := r.step(h, k)
		if r.hPrev != 0 {
			r.ratio = h / r.hPrev
		}
		norm := m.run(s.Norm, cat([]datum{num(s.RTol), num(s.ATol)}, r.x(), ir.Pick(out[:n], plain), out[n:n+len(plain)]))[0]
		err, r.why = norm.data[0], norm.origin()
		if !allFinite(out[:n]) {
			err, r.why = math.NaN(), originOf(out[:n]) // an error is nothing beside an infinite state
		}
		switch s.StepGroup {
		case "rms":
			err = r.group().RMS(err)
		case "max":
			err = r.group().Most(err)
		}
		if !(err <= 1) && !(math.Abs(h) <= s.MinStep && err-err == 0) {
			r.rej++
			rejected = true
			if math.IsNaN(err) || math.IsInf(err, 0) {
				h *= s.MinFactor
				continue
			}
			h *= math.Min(r.control(err, errPrev, errPrev2), 1)
			continue
		}
		next := r.t + h
		switch {
		case last && stop:
			next = r.stops[0]
		case last:
			next = t1
		}
		y1, k1, dense := r.split(out)
		cutShort := r.accept(h, next, t1-t0, y1, dense)
		if r.status != ir.StatusOK {
			return
		}
		factor := r.control(err, errPrev, errPrev2)
		r.hPrev, r.ratioPrev = h, r.ratio
		if rejected && s.Compat == "" {
			factor = math.Min(factor, 1)
		}
		rejected = false
		errPrev, errPrev2 = math.Max(err, 1e-4), errPrev
		h *= factor
		k = k1
		if cutShort {
			k = r.again()
			errPrev, errPrev2 = 1, 1
			r.forget()
			continue
		}
		if last && stop {
			k = r.pass()
			errPrev, errPrev2 = 1, 1
			r.forget()
			if math.Abs(cut) > math.Abs(h) {
				h = cut
			}
		}
	}
}

// firstLength is |h| of the first step, from the slopes k.
func (r *run) firstLength(t0, span float64, k []datum) datum {
	s, m, g := r.s, r.m, r.group()
	tols := []datum{num(s.RTol), num(s.ATol)}
	if s.StepGroup == "" {
		return m.run(s.First, cat([]datum{num(t0), num(span)}, tols, r.x(), k, r.c))[0]
	}
	met := func(d datum) datum { return datum{data: []float64{g.RMS(d.data[0])}, why: d.why} }
	norms := m.run(s.FirstNorms, cat(tols, r.x(), k))
	d0, d1 := met(norms[0]), met(norms[1])
	d2 := met(m.run(s.FirstBend, cat([]datum{num(t0), num(span)}, tols, []datum{d0, d1}, r.x(), k, r.c))[0])
	return m.run(s.FirstLength, []datum{num(span), d0, d1, d2})[0]
}

// forget makes the controller forget the lengths of steps.
func (r *run) forget() { r.ratio, r.ratioPrev, r.hPrev = 1, 1, 0 }

const epsilon = 0x1p-52

func (r *run) control(err, prev, prev2 float64) float64 {
	in := []datum{num(err), num(prev), num(prev2)}
	if r.s.Ratios() {
		in = append(in, num(r.ratio), num(r.ratioPrev))
	}
	return r.m.run(r.s.Control, in)[0].data[0]
}
