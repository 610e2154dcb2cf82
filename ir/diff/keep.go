package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// What the way back takes of a step may be kept when the step is made (ir.Rev.Keep and KeptVJP), so that it is not made again.

// maxKept bounds what a solve may keep of its steps, in numbers of a sample: 32 MiB in a block of 32 samples. It keeps as many as fit, which
// have to be all or someKept. A back end may keep less.
const (
	maxKept  = 1 << 18
	someKept = 16
)

// keeping makes the halves of the derivative of a step: ir.Rev.Keep, KeptVJP and StartKeep. They stay nil where nothing is worth
// keeping, or too much.
func (p *pass) keeping(rev *ir.Rev, wrt Wrt) {
	s := rev.Solve
	step := s.Replay
	at := len(step.Args)
	key := wrt.key("keeping", step, at)
	sw := p.sweepOf(step, wrt, at, true)
	sw.withHalves()
	steps, times := min(s.Steps, someKept), sw.args[:2]
	switch {
	case s.Adaptive: // every sample has its own times, and nobody knows how many
		steps, times = someKept, nil
	case s.StepSize > 0:
		steps = someKept
	}
	saved, _ := sw.toSave(times...)
	var first []*ir.Value
	if s.FSAL { // the first stage is the last one of the step before
		moves := following(sw.order, sw.args[1])
		ofFirst := func(v *ir.Value) bool { return !moves[v] }
		for _, v := range saved {
			if ofFirst(v) {
				first = append(first, v)
			}
		}
		saved = slices.DeleteFunc(saved, ofFirst)
		if !p.handedOn(s, first) { // it is made again
			first = nil
		}
	}
	size := 0
	for _, v := range slices.Concat(first, saved) {
		size += v.Type.Len()
	}
	if len(saved) == 0 || size*steps > maxKept {
		return
	}
	if s.Adaptive {
		rev.Keep = p.keptStep(s, sw, saved, first)
	} else {
		rev.Keep = p.forwardHalf(step, sw, saved)
	}
	if rev.First = len(first); rev.First > 0 {
		rev.StartKeep = p.startKeep(s, first)
	}
	if rev.KeptVJP = p.made[key]; rev.KeptVJP == nil {
		rev.KeptVJP = p.add(key, p.backwardHalf(step, at, sw, slices.Concat(first, saved)))
	}
}

// stageOf is the evaluation of the field of s that gives v, by itself or by its half; nil if none does.
func (p *pass) stageOf(s *ir.Solve, v *ir.Value) *ir.Value {
	if v.Op == ir.OpResult {
		v = v.Args[0]
	}
	if v.Op == ir.OpCall && (v.Attr.Func == s.Field || p.whole[v.Attr.Func] == s.Field) {
		return v
	}
	return nil
}

// handedOn reports whether values of the first stage are further results of a half of the field, and the stage that a step hands on is
// an evaluation of the field, whose half then gives the same.
func (p *pass) handedOn(s *ir.Solve, first []*ir.Value) bool {
	n := len(s.Plain())
	last := s.Step.Results[len(s.Step.Results)-n:]
	for _, v := range last {
		if p.stageOf(s, v) == nil || p.stageOf(s, v) != p.stageOf(s, last[0]) {
			return false
		}
	}
	for _, v := range first {
		if v.Op != ir.OpResult || v.Attr.Index < n || p.stageOf(s, v) == nil || p.stageOf(s, v) != p.stageOf(s, first[0]) {
			return false
		}
	}
	return len(first) > 0
}

// startKeep is ir.Rev.StartKeep: the field at the start of a solve, and what its half keeps.
func (p *pass) startKeep(s *ir.Solve, first []*ir.Value) *ir.Func {
	half := p.stageOf(s, first[0]).Attr.Func
	key := "start kept " + half.Name
	for _, v := range first {
		key += fmt.Sprintf(" %d", v.Attr.Index)
	}
	if g := p.made[key]; g != nil {
		return g
	}
	b := p.derived(s.Field, ".start")
	t := b.Arg("t", ir.Scalar(ir.F64))
	y := copyArgs(b, s.Step.Args[2:2+len(s.States)])
	c := copyArgs(b, s.Step.Args[len(s.Step.Args)-len(s.Extras):])
	in := slices.Concat([]*ir.Value{t}, ir.Pick(y, s.Plain()), c)
	all := b.CallAll(half, in...)
	out := slices.Clone(all[:len(s.Plain())])
	for i := range out {
		b.Func.ResultNames = append(b.Func.ResultNames, resultName(s.Field, i))
	}
	for _, v := range first {
		out = append(out, all[v.Attr.Index])
	}
	b.Func.ResultNames = append(b.Func.ResultNames, savedNames(first)...)
	b.Return(out...)
	b.Func.DropDead()
	return p.add(key, b.Func)
}

// withHalves makes what calls keep for their own way back a part of the way there.
func (s *swept) withHalves() {
	body := map[*ir.Value]bool{}
	for _, v := range s.order {
		body[v] = true
	}
	given := map[*ir.Value][]*ir.Value{}
	for _, v := range s.fn.Values {
		if v.Op == ir.OpResult && !body[v] && body[v.Args[0]] {
			given[v.Args[0]] = append(given[v.Args[0]], v)
		}
	}
	var order []*ir.Value
	for _, v := range s.order {
		order = append(append(order, v), given[v]...)
	}
	s.order = order
}

// following are those of some values, in their order, that depend on a.
func following(values []*ir.Value, a *ir.Value) map[*ir.Value]bool {
	set := map[*ir.Value]bool{a: true}
	for _, v := range values {
		set[v] = set[v] || slices.ContainsFunc(v.Args, func(x *ir.Value) bool { return set[x] })
	}
	return set
}

// keptStep is Step of an adaptive solve with saved values of its replay as further results. Both make the same stages: those of Step
// are made by the halves that the way back knows, and those of the replay, but for the slope that a step takes over from the one before,
// are found among them. The stage that a step hands on gives what the way back takes of the first stage, the last results.
func (p *pass) keptStep(s *ir.Solve, sw *swept, saved, first []*ir.Value) *ir.Func {
	key := "kept " + halfKey(s.Step, sw, saved)
	for _, v := range first {
		key += fmt.Sprintf(" %d", v.Attr.Index)
	}
	if g := p.made[key]; g != nil {
		return g
	}
	b := p.derived(s.Step, ".fwd")
	args := copyArgs(b, s.Step.Args)
	own, rest := 2+len(s.States), len(args)-len(s.Extras)
	slopes := args[own:rest]
	outs := b.Inline(s.Step, args)
	outs = append(outs, b.Inline(sw.fn.Part(sw.args, sw.order, saved), slices.Concat(args[:own], args[rest:]))...)
	for i := range s.Step.Results {
		b.Func.ResultNames = append(b.Func.ResultNames, resultName(s.Step, i))
	}
	b.Func.ResultNames = append(b.Func.ResultNames, savedNames(saved)...)
	b.Return(outs...)

	isField := func(v *ir.Value) bool { return v.Op == ir.OpCall && p.stageOf(s, v) != nil }
	var last *ir.Value
	if len(first) > 0 {
		last = p.stageOf(s, outs[len(s.Step.Results)-1])
	}
	var handed []*ir.Value
	half := s.Field
	for _, v := range sw.order {
		if isField(v) {
			half = v.Attr.Func
		}
	}
	type stage struct{ args, results []*ir.Value }
	var stages []stage
	moves := following(b.Func.Values, args[1])
	ir.RebuildMulti(b.Func, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		if !isField(v) {
			return nil
		}
		if len(slopes) > 0 && !moves[v] { // nobody reads what else it gives
			out := slices.Clone(slopes)
			for _, r := range v.Attr.Func.Results[len(slopes):] {
				out = append(out, b.Zeros(r.Type))
			}
			return out
		}
		var rs []*ir.Value
		for _, st := range stages {
			if rs == nil && madeAlike(st.args, args) {
				rs = st.results
			}
		}
		if rs == nil {
			rs = b.CallAll(half, args...)
			stages = append(stages, stage{args, rs})
		}
		if v == last {
			for _, x := range first {
				handed = append(handed, rs[x.Attr.Index])
			}
		}
		return rs[:len(v.Attr.Func.Results)]
	})
	b.Func.Results = append(b.Func.Results, handed...)
	b.Func.ResultNames = append(b.Func.ResultNames, savedNames(first)...)
	b.Func.DropDead()
	read := map[*ir.Value]bool{} // calls of whose further results some are read
	for _, v := range b.Func.Values {
		if v.Op == ir.OpResult && v.Attr.Index >= len(s.Field.Results) {
			read[v.Args[0]] = true
		}
	}
	ir.RebuildMulti(b.Func, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		if !isField(v) || v.Attr.Func == s.Field || read[v] {
			return nil
		}
		rs := b.CallAll(s.Field, args...)
		for _, r := range half.Results[len(rs):] {
			rs = append(rs, b.Zeros(r.Type))
		}
		return rs
	})
	b.Func.DropDead()
	return p.add(key, b.Func)
}

// madeAlike reports whether values are made by the same operators from the same ones, each the other's.
func madeAlike(xs, ys []*ir.Value) bool {
	if len(xs) != len(ys) {
		return false
	}
	for i, x := range xs {
		y := ys[i]
		if x == y {
			continue
		}
		a, c := &x.Attr, &y.Attr
		if x.Op != y.Op || len(x.Args) == 0 && x.Op != ir.OpConst && x.Op != ir.OpParam || !x.Type.Equal(y.Type) || a.Num != c.Num || a.Index != c.Index || a.Elem != c.Elem ||
			!slices.Equal(a.Data, c.Data) || !slices.Equal(a.Ints, c.Ints) || a.Param != c.Param || a.Func != c.Func || a.Solve != c.Solve || a.Rev != c.Rev || a.Map != c.Map || a.Scan != c.Scan ||
			!madeAlike(x.Args, y.Args) {
			return false
		}
	}
	return true
}
