package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// layerRun lays out the memory of a model's batch and lists its launches.
type layerRun struct {
	e      *emitter
	bytes  int // of a sample, so far
	stats  int
	frames map[*layerFunc]map[place]int
	kept   map[*ir.Value]map[string]int // places of nodes by name
	parts  []LayerPart

	// Of gradients: the bytes of a sample's step on all tapes, the places of each tape, where the sums of a parameter begin, and which samples
	// count, as a whole and in what is launched now.
	tape            int
	met             map[string]int // what all meetings of samples share, nil without any
	tapes           map[*ir.Value]map[string]int
	from            map[*ir.Param]int
	counts, counted int
}

// onTape is the place of what begins so many bytes into a tape, until the size of the memory before is known.
const onTape = 1 << 40

// done gives the parts with their places.
func (r *layerRun) done() []LayerPart {
	if n := len(r.parts); n > 0 && len(r.parts[n-1].Launches) == 0 {
		r.parts = r.parts[:n-1]
	}
	for _, p := range r.parts {
		for _, l := range p.Launches {
			for i := range l.Places {
				if l.Places[i] >= onTape {
					l.Places[i] += r.bytes - onTape
				}
			}
		}
	}
	return r.parts
}

func (r *layerRun) take(bytes int) int {
	at := r.bytes
	r.bytes += bytes
	return at
}

// layerModel prints a model layer by layer and tells the launcher of it.
func (e *emitter) layerModel(k *kernel) {
	l := e.layerFuncs[k.fn.IR]
	e.p.line("// %s: model %s, layer by layer: the kernels up to the next model and those of functions before.", k.name, k.of())
	e.layerKernels(l)
	r := &layerRun{e: e, frames: map[*layerFunc]map[place]int{}, kept: map[*ir.Value]map[string]int{}}
	out := Layers{Together: k.fn.IR.InStep()}
	var args, results []int
	for _, in := range k.model.Inputs {
		at := r.take(columnBytes(in.Type))
		args, out.Inputs = append(args, at), append(out.Inputs, at)
	}
	if k.keyed() {
		at := r.take(keyBytes)
		args, out.Inputs = append(args, at), append(out.Inputs, at)
	}
	for i := range k.fn.IR.Results {
		at := -1
		if i < len(k.model.Outputs) {
			at = r.take(columnBytes(k.model.Outputs[i].Type))
			out.Outputs = append(out.Outputs, at)
		}
		results = append(results, at)
	}
	r.stats = r.take(k.fn.Needs.Stats * statsBytes)
	r.run(l, args, results)
	out.Bytes, out.Stats, out.Parts = r.bytes, r.stats, r.done()
	e.offer(k, ModelKernel{Block: layerGroup, Keyed: k.keyed(), Layers: out})
}

// part is where launches go.
func (r *layerRun) part() *LayerPart {
	if n := len(r.parts); n > 0 && !r.parts[n-1].Loop {
		return &r.parts[n-1]
	}
	r.parts = append(r.parts, LayerPart{})
	return &r.parts[len(r.parts)-1]
}

// run appends the launches of l for arguments and results at these places.
func (r *layerRun) run(l *layerFunc, args, results []int) {
	r.into(r.part(), l, args, results)
}

// frame is the memory of l; it is the same wherever it is called.
func (r *layerRun) frame(l *layerFunc) map[place]int {
	f := r.frames[l]
	if f == nil {
		f = map[place]int{}
		for _, pl := range l.own {
			f[pl] = r.take(l.bytes[pl])
		}
		r.frames[l] = f
	}
	return f
}

// into appends them to a part; those of a solve to parts of their own. It gives the part where more go.
func (r *layerRun) into(to *LayerPart, l *layerFunc, args, results []int) *LayerPart {
	f, own := l.fn.f, r.frame(l)
	var find func(v *ir.Value) int
	find = func(v *ir.Value) int {
		switch pl := f.Places[v]; pl.Kind {
		case plan.View:
			return find(pl.Base) + pl.Offset*v.Type.Elem.Bytes()
		case plan.Result:
			return results[pl.Index]
		case plan.ArgScalar, plan.ArgArray:
			for i, a := range f.IR.Args {
				if a == v {
					return args[i]
				}
			}
		}
		if at, ok := own[place{v: v}]; ok {
			return at
		}
		panic(fmt.Sprintf("cudagen: %s: %s has no place in the memory of a batch", f.IR.Name, v.Op))
	}
	at := func(pl place) int {
		switch {
		case pl.stats:
			return r.stats
		case pl.result > 0:
			return results[pl.result-1]
		case pl.arg > 0:
			return own[pl]
		case pl.counts:
			return r.counted
		case pl.sum != nil:
			return -1 - r.from[pl.sum]
		}
		return find(pl.v)
	}
	operands := func(v *ir.Value) (out []int) {
		for i, a := range v.Args {
			if given, ok := own[place{v: v, arg: i + 1}]; ok {
				out = append(out, given)
			} else if a.Type.Elem != ir.Tuple {
				out = append(out, find(a))
			}
		}
		return out
	}
	// destinations are where the results of a node go; what nobody reads has a place all the same
	destinations := func(v *ir.Value, types []ir.Type) []int {
		out := make([]int, len(types))
		for i, t := range types {
			if t.Elem == ir.Tuple { // a running sum
				out[i] = -1
				continue
			}
			key := place{v: v, result: -i - 1}
			if _, ok := own[key]; !ok {
				own[key] = -1
			}
			out[i] = -1
			for _, u := range (&piece{kind: byCall, whole: v}).made(f) {
				if (u == v && i == 0 || u != v && u.Attr.Index == i) && f.Places[u].Kind != plan.Stat {
					out[i] = find(u)
				}
			}
			if out[i] < 0 {
				if own[key] < 0 {
					own[key] = r.take(columnBytes(t))
				}
				out[i] = own[key]
			}
		}
		return out
	}
	for _, pc := range l.pieces {
		switch pc.kind {
		case byCall:
			callee := r.e.layerFuncs[pc.whole.Attr.Func]
			var types []ir.Type
			for i, res := range callee.fn.f.IR.Results {
				if callee.fn.f.Sums[i] != nil {
					types = append(types, ir.Type{Elem: ir.Tuple})
				} else {
					types = append(types, res.Type)
				}
			}
			outer := r.stats
			r.stats += f.Slots[pc.whole] * statsBytes
			to = r.into(to, callee, operands(pc.whole), destinations(pc.whole, types))
			r.stats = outer
		case byLoop:
			lp := loopIn(pc.whole)
			callee := r.e.layerFuncs[lp.fn].fn.f
			var types []ir.Type
			for i, res := range lp.fn.Results {
				t := res.Type
				switch {
				case callee.Sums[i] != nil:
					t = ir.Type{Elem: ir.Tuple}
				case i >= lp.carry:
					t = ir.Tensor(t.Elem, lp.n, t.Len())
				}
				types = append(types, t)
			}
			to = r.loop(to, l, pc.whole, operands(pc.whole), destinations(pc.whole, types))
		case bySolve:
			s := pc.whole.Attr.Solve
			r.solve(l, pc.whole, operands(pc.whole), destinations(pc.whole, outputTypes(s)), r.e.layerBy(l, s))
			to = r.part()
		case byReverse:
			rev, solve := pc.whole.Attr.Rev, pc.whole.Args[0]
			extras := operands(solve)[rev.Solve.Lead()+len(rev.Solve.States):]
			r.reverse(l, pc.whole, extras, operands(pc.whole), destinations(pc.whole, append(stateTypes(rev.Solve), rev.Solve.Extras...)))
			to = r.part()
		default:
			launch := LayerLaunch{Kernel: pc.kernel, Rows: pc.rows, Summed: pc.kind == bySum}
			for _, pl := range pc.refs {
				launch.Places = append(launch.Places, at(pl))
			}
			to.Launches = append(to.Launches, launch)
		}
	}
	return to
}

// layerBy is the number of s among the steppings of the model, -1 if it has none.
func (e *emitter) layerBy(l *layerFunc, s *ir.Solve) int {
	if m := e.stepped[l.fn.f.IR]; m != nil {
		for i, o := range m.Solves {
			if o == s {
				return i
			}
		}
	}
	return -1
}

// solve appends the launches of a solve: before its steps, and those of a step.
func (r *layerRun) solve(l *layerFunc, v *ir.Value, in, out []int, by int) {
	e, s := r.e, v.Attr.Solve
	key := l.loopKey(v)
	k := e.layerLoops[key]
	lp := k.loop
	at, take := r.named(v)
	at["t0"], at["t1"], at["st"], at["counts"] = in[0], in[1], r.stats+key.slot*statsBytes, r.counts
	take(walkBytes, "walk")
	take(8, "running", "t", "h", "span", "rtol", "atol", "err", "err_prev", "err_prev2", "factor", "length")
	if s.Ratios() {
		take(8, "ratio", "ratio_prev", "h_prev")
	}
	if s.Record {
		r.record(v, lp, at)
	}
	places := func(os []operand) []int { return r.places(at, os) }
	numbers := func(names ...string) (ps []int) {
		for _, n := range names {
			ps = append(ps, at[n])
		}
		return ps
	}
	at["ts"] = in[1]
	if s.Stops > 0 {
		at["stops"] = in[2]
	}
	if len(s.Events) > 0 {
		take(eventsBytes(len(s.Events)), "ev")
		take(8, "part")
	}
	if begunAddresses(s) != nil {
		take(8, "anew")
	}
	if cutSteps(s) {
		take(8, "stop_at", "stop_end", "gap", "begin", "cut", "grid", "pieces", "width", "reached")
	}
	for i, o := range lp.x {
		at[o.name+"_start"] = in[s.Lead()+i]
		if s.Times > 0 {
			at[o.name+"_out"] = out[i]
		} else {
			at[o.name] = out[i]
		}
	}
	if s.Times > 0 {
		take(8, "next", "passed", "from", "taken")
	}
	extras := in[s.Lead()+len(lp.x):]
	for i, o := range lp.c {
		at[o.name] = extras[i]
	}
	plain := lp.plain(lp.x)
	x, x1, plainX := places(lp.x), places(suffixed(lp.x, "_1")), places(plain)
	var slopes, next []int
	if fieldFirst(s) {
		slopes = places(suffixed(plain, "_k"))
	}
	if s.FSAL {
		next = places(suffixed(plain, "_k1"))
	}
	join := func(lists ...[]int) (all []int) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	if len(s.Events) > 0 {
		places(suffixed(lp.x, "_cut"))
		places(suffixed(plain, "_before"))
	}
	launch := func(to *LayerPart, k *solveKernel) { to.Launches = append(to.Launches, k.launch(at)) }
	before := r.part()
	launch(before, k.begin)
	if slopes != nil {
		seen := "t"
		if s.Stops > 0 {
			seen = "begin"
		}
		r.into(before, e.layerFuncs[s.Field], join(numbers(seen), plainX, extras), slopes)
	}
	if k.meet != nil {
		r.joins(before, k, at)
	}
	switch {
	case k.length != nil && k.meet != nil:
		r.firstTogether(before, lp, k, at, join(plainX, slopes), extras)
		launch(before, k.length)
	case k.length != nil:
		r.into(before, e.layerFuncs[s.First], join(numbers("t", "span", "rtol", "atol"), plainX, slopes, extras), numbers("length"))
		launch(before, k.length)
	}
	if cutSteps(s) { // samples take as many as they need
		by = -1
	}
	step := LayerPart{Loop: true, By: by, Steps: rounds(s), Running: at["running"]}
	if k.aim != nil {
		launch(&step, k.aim)
	}
	results := x1
	var errs []int
	if s.Adaptive {
		errs = places(suffixed(plain, "_err"))
		results = join(results, errs)
	}
	results = join(results, next)
	advance := s.Step
	if denseSteps(s) {
		advance = s.DenseStep
		results = join(results, places(lp.d))
	}
	var given []int
	if s.FSAL {
		given = slopes
	}
	r.into(&step, e.layerFuncs[advance], join(numbers("t", "h"), x, given, extras), results)
	if s.Adaptive {
		r.into(&step, e.layerFuncs[s.Norm], join(numbers("rtol", "atol"), plainX, places(suffixed(plain, "_1")), errs), numbers("err"))
		if k.meet != nil {
			launch(&step, k.meet.ready)
			r.meet(&step, k, at, "err", s.StepGroup)
		}
		known := numbers("err", "err_prev", "err_prev2")
		if s.Ratios() {
			known = append(known, numbers("ratio", "ratio_prev")...)
		}
		r.into(&step, e.layerFuncs[s.Control], known, numbers("factor"))
	}
	launch(&step, k.decide)
	if k.outputs != nil {
		launch(&step, k.outputs)
	}
	launch(&step, k.advance)
	for i, jump := range k.jumps {
		if f := s.Events[i].Reset; f != nil {
			r.into(&step, e.layerFuncs[f], join(numbers("t"), plainX, extras), places(suffixed(plain, "_1")))
		}
		if jump != nil {
			launch(&step, jump)
		}
	}
	if k.settle != nil {
		launch(&step, k.settle)
	}
	if k.anew != nil && s.FSAL {
		r.into(&step, e.layerFuncs[s.Field], join(numbers("t"), plainX, extras), next)
	}
	if k.anew != nil && s.Rebegins() {
		r.into(&step, e.layerFuncs[s.Begin], join(numbers("t"), x, extras), x1)
	}
	if k.anew != nil {
		launch(&step, k.anew)
	}
	r.parts = append(r.parts, step)
	if k.rest != nil {
		launch(r.part(), k.rest)
	}
	if k.end != nil {
		launch(r.part(), k.end)
	}
	if k.meet != nil {
		launch(r.part(), k.meet.leave)
	}
}

// record gives the tape of v its places.
func (r *layerRun) record(v *ir.Value, lp *loop, at map[string]int) {
	if r.tapes[v] != nil { // of a run before
		return
	}
	tape := map[string]int{}
	take := func(name string, bytes int) {
		tape[name], at[name] = onTape+r.tape, onTape+r.tape
		r.tape += bytes
	}
	take("t_tape", 8)
	take("h_tape", 8)
	for _, o := range lp.x {
		take(o.name+"_tape", columnBytes(o.t))
	}
	s := v.Attr.Solve
	if len(s.Events) > 0 {
		for _, name := range []string{"part_tape", "fired_t", "fired_step", "fired_event"} {
			take(name, 8)
		}
		for _, o := range lp.x {
			take(o.name+"_fired", columnBytes(o.t))
		}
		tape["fired"] = r.take(8)
		at["fired"] = tape["fired"]
	}
	if s.Rebegins() {
		take("begun_tape", 8)
	}
	if s.Times > 0 { // the step of each output time, and its place there
		tape["step_tape"], tape["theta_tape"] = r.take(columnBytes(ir.Tensor(ir.I32, s.Times))), r.take(columnBytes(ir.Tensor(ir.F64, s.Times)))
		at["step_tape"], at["theta_tape"] = tape["step_tape"], tape["theta_tape"]
	}
	r.tapes[v] = tape
}

// places are those of operands by their names; what has none yet gets one.
func (r *layerRun) places(at map[string]int, os []operand) (ps []int) {
	for _, o := range os {
		if _, ok := at[o.name]; !ok {
			at[o.name] = r.take(columnBytes(o.t))
		}
		ps = append(ps, at[o.name])
	}
	return ps
}

// launch is that of k with places by name.
func (k *solveKernel) launch(at map[string]int) LayerLaunch {
	out := LayerLaunch{Kernel: k.name, Rows: k.rows, Single: k.single}
	for _, name := range k.refs {
		pl, ok := at[name]
		if !ok {
			panic(fmt.Sprintf("cudagen: %s: %s has no place in the memory of a batch", k.name, name))
		}
		out.Places = append(out.Places, pl)
	}
	return out
}
