package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// pair is a function split for a reverse sweep, so that what both halves need is computed once:
//
//	fwd(args…) -> f's results…, saved… (those that are no results)
//	bwd(first args…, saved…, one cotangent per real result, other args…) -> as VJP
//
// The first arguments are all of them, but for a map, whose runs share the others.
type pair struct {
	fwd, bwd *ir.Func
	wrt      Wrt
	results  int   // of f
	saved    []int // as results of fwd
	size     int   // elements that fwd gives more than f
	bars     int   // cotangents that bwd takes
}

func (w Wrt) pairKey(f *ir.Func, at int) string { return w.key("pair", f, at) }

// maxSaved bounds the elements that a call keeps for its backward half, maxSavedRuns those that a map
// keeps in all its runs: they lie on the stack of whoever calls it. Above it the backward half
// computes them again.
const (
	maxSaved     = 1024
	maxSavedRuns = 4096
)

// pairCalls replaces the calls and maps that a sweep over b's function from outs to leaves and parameters
// pulls through by the forward halves of pairs. The successors of outs and of others are returned.
func (p *pass) pairCalls(b *ir.Builder, leaves map[*ir.Value]bool, params []*ir.Param, outs []*ir.Value, others ...*ir.Value) []*ir.Value {
	wanted := map[*ir.Param]bool{}
	for _, q := range params {
		wanted[q] = true
	}
	on := p.active(b.Func.Values, leaves, wanted)
	pulled := map[*ir.Value]bool{}
	for _, v := range outs {
		pulled[v] = true
	}
	for _, v := range slices.Backward(b.Func.Values) {
		for _, a := range v.Args {
			pulled[a] = pulled[a] || pulled[v] && on[v]
		}
	}
	outs = slices.Concat(outs, others)
	pairs := map[*ir.Value]*pair{}
	for _, v := range b.Func.Values {
		if !on[v] || !pulled[v] {
			continue
		}
		var f *ir.Func
		runs := 1
		first := len(v.Args)
		switch v.Op {
		case ir.OpCall:
			f = v.Attr.Func
		case ir.OpMap:
			f, runs, first = v.Attr.Map.Fn, v.Attr.Map.N, v.Attr.Map.Mapped
		default:
			continue
		}
		wrt := Wrt{Params: selected(p.reads(f), wanted)}
		for i, a := range v.Args {
			if on[a] {
				wrt.Args = append(wrt.Args, i)
			}
		}
		if v.Op == ir.OpMap && sharing(v.Attr.Map, wrt) {
			continue // its derivative is a scan
		}
		if c := p.split(f, wrt, first); c != nil && (v.Op == ir.OpCall || runs*c.size <= maxSavedRuns) {
			pairs[v] = c
		}
	}
	if len(pairs) == 0 {
		return outs
	}
	b.Func.Results = outs
	ir.RebuildMulti(b.Func, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		c := pairs[v]
		if c == nil {
			return nil
		}
		var rs []*ir.Value
		if v.Op == ir.OpMap {
			whole := *v.Attr.Map
			whole.Fn = c.fwd
			rs = results(b, b.Emit(ir.OpMap, ir.Attr{Map: &whole}, args...))
		} else {
			rs = b.CallAll(c.fwd, args...)
		}
		if c.results == 1 {
			rs[0].Name = v.Name
		}
		return rs[:c.results]
	})
	return b.Func.Results
}

// sharing reports whether the runs of a map share operands or parameters of a selection.
func sharing(mp *ir.Map, wrt Wrt) bool {
	return len(wrt.Params) > 0 || len(wrt.Args) > 0 && wrt.Args[len(wrt.Args)-1] >= mp.Mapped
}

// split makes the pair of f, whose backward half takes the arguments from at on last, or nil where there
// is nothing worth saving, or too much.
func (p *pass) split(f *ir.Func, wrt Wrt, at int) *pair {
	key := wrt.pairKey(f, at)
	if c, ok := p.pairs[key]; ok {
		return c
	}
	p.pairs[key] = nil
	s := p.sweepOf(f, wrt, at, true)
	var times []*ir.Value
	if p.steady(f) {
		times = s.args[:1]
	}
	saved, size := s.toSave(times...)
	if len(saved) == 0 || size > maxSaved {
		return nil
	}
	c := &pair{wrt: wrt, results: len(f.Results), bars: len(s.bars), size: size}
	extra := saved[:0:0]
	for _, v := range saved {
		i := slices.Index(s.outs, v)
		if i < 0 {
			i = len(s.outs) + len(extra)
			extra = append(extra, v)
		}
		c.saved = append(c.saved, i)
	}
	c.fwd = p.forwardHalf(f, s, extra)
	c.bwd = p.add(key+" bwd", p.backwardHalf(f, at, s, saved))
	p.pairs[key] = c
	return c
}

// backwardHalf is the way back of a swept function from saved values: (first args…, saved…, cotangents…, other args…).
func (p *pass) backwardHalf(f *ir.Func, at int, s *swept, saved []*ir.Value) *ir.Func {
	b := p.derived(f, ".bwd")
	args := copyArgs(b, f.Args[:at])
	names := savedNames(saved)
	for i, v := range saved {
		b.Span = v.Span
		args = append(args, b.Arg(names[i], v.Type))
	}
	args = append(args, copyArgs(b, s.bars)...)
	args = append(args, copyArgs(b, f.Args[at:])...)
	var rest []*ir.Value
	kept := map[*ir.Value]bool{}
	for _, v := range saved {
		kept[v] = true
	}
	for _, v := range s.fn.Values {
		if !kept[v] {
			rest = append(rest, v)
		}
	}
	backward := s.fn.Part(slices.Concat(s.args[:at], saved, s.bars, s.args[at:]), rest, s.fn.Results)
	b.Return(b.Inline(backward, args)...)
	b.Func.ResultNames, b.Func.Accum = s.fn.ResultNames, s.fn.Accum
	b.Func.DropDead()
	return b.Func
}

// steady reports whether f is the field of a solve in steps of given length, which all samples may take alike: what follows from
// the time alone is then made once for all of them, so that no sample should keep it.
func (p *pass) steady(f *ir.Func) bool {
	return slices.ContainsFunc(p.m.Solves, func(s *ir.Solve) bool {
		return s.Field == f && !s.Adaptive && s.Stops == 0 && len(s.Events) == 0
	})
}

// forwardHalf is f with saved values as further results: f itself where there are none. Selections
// that save the same share it.
func (p *pass) forwardHalf(f *ir.Func, s *swept, saved []*ir.Value) *ir.Func {
	if len(saved) == 0 {
		p.whole[f] = f
		return f
	}
	key := halfKey(f, s, saved)
	if g := p.made[key]; g != nil {
		return g
	}
	b := p.derived(f, ".fwd")
	forward := s.fn.Part(s.args, s.order, append(append([]*ir.Value(nil), s.outs...), saved...))
	b.Return(b.Inline(forward, copyArgs(b, f.Args))...)
	for i := range f.Results {
		b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i))
	}
	b.Func.ResultNames = append(b.Func.ResultNames, savedNames(saved)...)
	b.Func.DropDead()
	p.whole[b.Func] = f
	return p.add(key, b.Func)
}

// halfKey tells forward halves of f apart: by what they save, and what those of its calls do.
func halfKey(f *ir.Func, s *swept, saved []*ir.Value) string {
	key := "fwd " + f.Name
	kept := map[*ir.Value]bool{}
	for _, v := range saved {
		kept[v] = true
	}
	for i, v := range s.order[len(s.args)+len(s.bars):] {
		if v.Op == ir.OpCall { // its own half may save more or less
			key += " " + v.Attr.Func.Name
		}
		if kept[v] {
			key += fmt.Sprintf(" %d", i)
		}
	}
	return key
}

// savedNames names saved values for people: by the source, by the function that gives them, else by their operators.
func savedNames(saved []*ir.Value) []string {
	used := map[string]int{}
	var names []string
	for _, v := range saved {
		name := v.Name
		if v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall {
			name = resultName(v.Args[0].Attr.Func, v.Attr.Index)
		}
		if name == "" {
			name = v.Op.String()
		}
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s%d", name, used[name])
		}
		names = append(names, name)
	}
	return names
}

// toSave lists the values of the forward body that the sweep reads and that cost more than a few
// moves and sums of what it has anyway. What follows from times and parameters is not among them, nor are decisions such as that of relu: of
// it the number is saved on which it depends, from which its result follows, too.
func (s *swept) toSave(times ...*ir.Value) (saved []*ir.Value, size int) {
	timed, fixed := map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, v := range s.order {
		timed[v], fixed[v] = slices.Contains(times, v), v.Op == ir.OpConst || v.Op == ir.OpParam
		if len(v.Args) == 0 {
			continue
		}
		some, all := false, true
		for _, a := range v.Args {
			some = some || timed[a]
			all = all && (timed[a] || fixed[a])
		}
		timed[v], fixed[v] = some && all, all && !some
	}
	read := map[*ir.Value]bool{}
	body := map[*ir.Value]bool{}
	for _, v := range s.order {
		body[v] = true
	}
	live := s.fn.Live()
	for _, v := range s.fn.Values {
		if body[v] || !live[v.ID] {
			continue
		}
		for _, a := range v.Args {
			read[a] = true
		}
	}
	for _, r := range s.fn.Results {
		read[r] = true
	}
	for _, v := range slices.Backward(s.order) { // a decision is taken again, on the numbers that it was taken on
		if read[v] && v.Type.Elem == ir.Bool && !costs(v) {
			for _, a := range v.Args {
				read[a] = true
			}
		}
	}
	// work marks what costs something, given the values saved so far.
	work := map[*ir.Value]bool{}
	for _, v := range s.order {
		work[v] = costs(v)
		for _, a := range v.Args {
			work[v] = work[v] || work[a]
		}
		if timed[v] || fixed[v] {
			work[v] = false
			continue
		}
		if work[v] && read[v] && v.Type.Elem != ir.Tuple {
			saved = append(saved, v)
			size += v.Type.Len()
			work[v] = false
		}
	}
	return saved, size
}

// costs reports whether computing v again is worth avoiding.
func costs(v *ir.Value) bool {
	switch v.Op {
	case ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpNeg, ir.OpSquare, ir.OpAbs, ir.OpSign, ir.OpDetach, ir.OpCast, ir.OpSelect, ir.OpNot,
		ir.OpMin, ir.OpMax, ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe, ir.OpAnd, ir.OpOr:
		return false
	}
	switch v.Op.Info().Class {
	case ir.ClassLeaf, ir.ClassShape:
		return false
	}
	return v.Op != ir.OpResult
}
