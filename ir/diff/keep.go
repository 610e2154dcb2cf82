package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// What the way back takes of a step may be kept when the step is made (ir.Rev.Keep and KeptVJP), so that it is not made again.

// maxKept bounds what a solve may keep of all its steps, in numbers of a sample: 4 MiB in a block of 32 samples. Of a solve
// that chooses its steps nobody knows how many there are: it keeps as many as fit, which have to be someKept.
const (
	maxKept  = 1 << 15
	someKept = 16
)

// keeping makes the halves of the derivative of a step of s: ir.Rev.Keep and KeptVJP. They are nil where nothing is worth keeping,
// or too much.
func (p *pass) keeping(s *ir.Solve, wrt Wrt) (fwd, bwd *ir.Func) {
	step := s.Replay
	at := len(step.Args)
	key := wrt.key("keeping", step, at)
	sw := p.sweepOf(step, wrt, at, true)
	sw.withHalves()
	steps, times := s.Steps, sw.args[:2]
	if s.Adaptive { // every sample has its own times
		steps, times = someKept, nil
	}
	saved, _ := sw.toSave(times...)
	if s.FSAL { // the first stage is that of the step before, and is made again
		moves := following(sw.order, sw.args[1])
		saved = slices.DeleteFunc(saved, func(v *ir.Value) bool { return !moves[v] })
	}
	size := 0
	for _, v := range saved {
		size += v.Type.Len()
	}
	if len(saved) == 0 || size*steps > maxKept {
		return nil, nil
	}
	if s.Adaptive {
		fwd = p.keptStep(s, sw, saved)
	} else {
		fwd = p.forwardHalf(step, sw, saved)
	}
	if bwd = p.made[key]; bwd == nil {
		bwd = p.add(key, p.backwardHalf(step, at, sw, saved))
	}
	return fwd, bwd
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
// are found among them.
func (p *pass) keptStep(s *ir.Solve, sw *swept, saved []*ir.Value) *ir.Func {
	key := "kept " + halfKey(s.Step, sw, saved)
	if g := p.made[key]; g != nil {
		return g
	}
	b := p.derived(s.Step, ".fwd")
	args := copyArgs(b, s.Step.Args)
	first, rest := 2+len(s.States), len(args)-len(s.Extras)
	slopes := args[first:rest]
	outs := b.Inline(s.Step, args)
	outs = append(outs, b.Inline(sw.fn.Part(sw.args, sw.order, saved), slices.Concat(args[:first], args[rest:]))...)
	for i := range s.Step.Results {
		b.Func.ResultNames = append(b.Func.ResultNames, resultName(s.Step, i))
	}
	b.Func.ResultNames = append(b.Func.ResultNames, savedNames(saved)...)
	b.Return(outs...)

	isField := func(v *ir.Value) bool {
		return v.Op == ir.OpCall && (v.Attr.Func == s.Field || p.whole[v.Attr.Func] == s.Field)
	}
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
		for _, st := range stages {
			if madeAlike(st.args, args) {
				return st.results[:len(v.Attr.Func.Results)]
			}
		}
		rs := b.CallAll(half, args...)
		stages = append(stages, stage{args, rs})
		return rs[:len(v.Attr.Func.Results)]
	})
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
