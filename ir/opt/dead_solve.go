package opt

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// layout gives, for each function of a solve, where states and extras stand among its arguments
// and results. It follows the signatures of ir.Solve: n states in every group, fixed scalars
// first, extras last.
type layout struct {
	f       **ir.Func
	scalars int   // leading arguments that are not states
	args    []int // then arguments, by their state
	extras  bool  // extras follow
	results []int // results, by their state; nil: a single scalar
	dense   bool  // further results (DenseStep, ReplayDense) or arguments (Dense) d… follow
}

// layouts lists the functions of s that are set.
func layouts(s *ir.Solve) []layout {
	y, x := s.All(), s.Plain() // x without the memory of the method
	in, out := y, y            // of a step
	if s.Adaptive {
		out = slices.Concat(out, x)
	}
	if s.FSAL {
		in, out = slices.Concat(in, x), slices.Concat(out, x)
	}
	rows := []layout{
		{&s.Field, 1, x, true, x, false},
		{&s.Piece, 1, nil, true, nil, false},
		{&s.Within, 1, x, false, x, false},
		{&s.Begin, 1, y, true, y, false},
		{&s.Start, 2, y, true, y, false},
		{&s.StartDense, 2, slices.Concat(y, y), false, y, false},
		{&s.StartAt, 3, y, true, y, false},
		{&s.Step, 2, in, true, out, false},
		{&s.DenseStep, 2, in, true, out, true},
		{&s.Dense, 2, slices.Concat(y, y), false, y, true},
		{&s.Norm, 2, slices.Concat(x, x, x), false, nil, false},
		{&s.First, 4, slices.Concat(x, x), true, nil, false},
		{&s.FirstNorms, 2, slices.Concat(x, x), false, nil, false},
		{&s.FirstBend, 6, slices.Concat(x, x), true, nil, false},
		{&s.Replay, 2, y, true, y, false},
		{&s.ReplayAt, 3, y, true, y, false},
		{&s.ReplayDense, 2, y, true, y, true},
		{&s.Guard, 1, x, true, nil, false},
	}
	for i := range s.Events {
		rows = append(rows, layout{&s.Events[i].Reset, 1, x, true, x, false})
	}
	var set []layout
	for _, r := range rows {
		if *r.f != nil {
			set = append(set, r)
		}
	}
	return set
}

// argMask keeps the arguments of states and extras whose masks are set, and all others.
func (l layout) argMask(states, extras []bool) []bool {
	mask := keepAll(len((*l.f).Args))
	for k, i := range l.args {
		mask[l.scalars+k] = states[i]
	}
	if l.extras {
		copy(mask[l.scalars+len(l.args):], extras)
	}
	return mask
}

// resultMask keeps the results of states whose mask is set, and all others.
func (l layout) resultMask(states []bool) []bool {
	mask := keepAll(len((*l.f).Results))
	for k, i := range l.results {
		mask[k] = states[i]
	}
	return mask
}

// users says who runs the solves of a module and their functions. It stays true as long as nothing changes.
type users struct {
	run, back map[*ir.Solve]bool // by a value, by a reverse sweep
	of        map[*ir.Func]int   // number of solves with the function
	called    map[*ir.Func]bool
	loop      map[*ir.Func][]*ir.Func // the functions whose maps and scans run it
}

func usersOf(m *ir.Module) *users {
	u := &users{map[*ir.Solve]bool{}, map[*ir.Solve]bool{}, map[*ir.Func]int{}, map[*ir.Func]bool{}, map[*ir.Func][]*ir.Func{}}
	for _, s := range solves(m) {
		fs := s.Funcs()
		for i, f := range fs {
			if !slices.Contains(fs[:i], f) {
				u.of[f]++
			}
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			switch v.Op {
			case ir.OpSolve:
				u.run[v.Attr.Solve] = true
			case ir.OpRev:
				u.back[v.Attr.Rev.Solve] = true
			case ir.OpCall:
				u.called[v.Attr.Func] = true
			case ir.OpMap, ir.OpScan:
				g, _, _ := loopOf(v)
				u.loop[g] = append(u.loop[g], f)
			}
		}
	}
	return u
}

// exclusive reports whether no other solve, no reverse sweep and no loop but that of its first step (see ir.Solve.Start)
// runs functions of s. Only then may their signatures change.
func (u *users) exclusive(s *ir.Solve) bool {
	if u.back[s] || slices.ContainsFunc(s.Funcs(), func(f *ir.Func) bool { return u.of[f] > 1 || len(u.loop[f]) > 0 }) {
		return false
	}
	return !slices.ContainsFunc(startLoops(s), func(g *ir.Func) bool {
		return u.of[g] > 0 || u.called[g] || slices.ContainsFunc(u.loop[g], func(f *ir.Func) bool { return f != s.Start && f != s.StartAt })
	})
}

// startLoops are the functions of the loops that the first step of s goes over (see ir.Solve.Start).
func startLoops(s *ir.Solve) []*ir.Func {
	var out []*ir.Func
	for _, f := range []*ir.Func{s.Start, s.StartAt} {
		if f == nil {
			continue
		}
		for _, v := range f.Values {
			if g, _, ok := loopOf(v); ok && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// depsOf looks through all functions of s.
func depsOf(s *ir.Solve) *deps { return newDeps(append(s.Funcs(), startLoops(s)...)) }

// dropStates removes states of s that no reader of the solve can notice: the state's result is
// unread and neither another state nor the error norm nor the first step depends on it. A state
// in the norm of an adaptive solve therefore stays, for it decides about steps. So does a
// state of a solve that a model lets people look at along the way, except an integral.
func dropStates(m *ir.Module, s *ir.Solve, u *users) bool {
	if !u.run[s] || !u.exclusive(s) {
		return false
	}
	n := len(s.States)
	keep := make([]bool, n)
	for _, md := range m.Models {
		for i, o := range md.Solves {
			for j := range keep {
				keep[j] = keep[j] || o == s && i < len(md.Paths) && s.States[j].InNorm
			}
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpResult && v.Args[0].Attr.Solve == s && v.Attr.Index < n {
				keep[v.Attr.Index] = true
			}
		}
	}
	if all(keep) {
		return false
	}
	spreadNeed(s, keep)
	if all(keep) {
		return false
	}
	if !slices.Contains(keep, true) { // the statistics are still read: one state carries the solve
		keep[0] = true
		spreadNeed(s, keep)
		if all(keep) {
			return false
		}
	}
	reshapeSolve(m, s, keep, keepAll(len(s.Extras)))
	return true
}

// spreadNeed adds to keep the states that the kept ones, the norm or the first step depend on, and those that
// functions of s pass on to each other for kept ones.
func spreadNeed(s *ir.Solve, keep []bool) {
	d := depsOf(s)
	ls := layouts(s)
	of := map[*ir.Func]layout{}
	for _, l := range ls {
		of[*l.f] = l
	}
	for changed := true; changed; {
		changed = false
		// need takes what argument a of a function brings.
		need := func(l layout, a int) {
			at := a - l.scalars
			if at >= 0 && at < len(l.args) && !keep[l.args[at]] {
				keep[l.args[at]], changed = true, true
			} else if at >= len(l.args) && l.f == &s.Dense {
				changed = needDense(s, d, at-len(l.args), keep) || changed
			}
		}
		for _, l := range ls {
			f := *l.f
			mask := l.resultMask(keep)
			for i := range f.Results {
				if !mask[i] || l.dense && len(l.results) > 0 && i >= len(l.results) {
					continue // data for Dense is judged by what Dense makes of it
				}
				for a := range d.in(f).of(f.Results[i]).all() {
					need(l, a)
				}
			}
			for _, v := range f.Values {
				callee, known := of[v.Attr.Func]
				if v.Op != ir.OpCall || !known {
					continue
				}
				for k, i := range callee.args {
					if keep[i] {
						for a := range d.in(f).of(v.Args[callee.scalars+k]).all() {
							need(l, a)
						}
					}
				}
			}
		}
	}
}

// needDense adds the states that datum k of the dense output depends on.
func needDense(s *ir.Solve, d *deps, k int, keep []bool) bool {
	changed := false
	for _, l := range layouts(s) {
		if l.f != &s.DenseStep {
			continue
		}
		for a := range d.in(s.DenseStep).of(s.DenseStep.Results[len(l.results)+k]).all() {
			at := a - l.scalars
			if at >= 0 && at < len(l.args) && !keep[l.args[at]] {
				keep[l.args[at]], changed = true, true
			}
		}
	}
	return changed
}

// dropExtras removes extras that no function of s depends on.
func dropExtras(m *ir.Module, s *ir.Solve, u *users) bool {
	if len(s.Extras) == 0 || !u.run[s] || !u.exclusive(s) {
		return false
	}
	keep := make([]bool, len(s.Extras))
	d := depsOf(s)
	for _, l := range layouts(s) {
		if !l.extras {
			continue
		}
		from := l.scalars + len(l.args)
		for _, r := range (*l.f).Results {
			for a := range d.in(*l.f).of(r).all() {
				if a >= from {
					keep[a-from] = true
				}
			}
		}
	}
	if all(keep) {
		return false
	}
	reshapeSolve(m, s, keepAll(len(s.States)), keep)
	return true
}

// dropPiece removes what a step hands to its stages and they do not read.
func dropPiece(m *ir.Module, s *ir.Solve, _ *users) bool {
	if s.Within == nil {
		return false
	}
	live, args := s.Within.Live(), keepAll(len(s.Within.Args))
	first := 1 + len(s.Plain())
	for i, a := range s.Within.Args[first:] {
		args[first+i] = live[a.ID]
	}
	if all(args) {
		return false
	}
	narrowFunc(s.Piece, keepAll(len(s.Piece.Args)), args[first:])
	narrow(m, s.Within, args, keepAll(len(s.Within.Results)))
	return true
}

// reshapeSolve removes states and extras of s: in its functions, in the values that run it, and
// in what models give for looking at it.
func reshapeSolve(m *ir.Module, s *ir.Solve, states, extras []bool) {
	if !all(extras) {
		given(m, s)
	}
	ls := layouts(s)
	dense := []bool(nil) // data of the dense output that is still read
	for _, l := range ls {
		if l.f == &s.Dense {
			first := l.scalars + len(l.args)
			dense = make([]bool, len(s.Dense.Args)-first)
			d := depsOf(s)
			for i := range s.Dense.Results {
				if !l.resultMask(states)[i] {
					continue
				}
				for a := range d.in(s.Dense).of(s.Dense.Results[i]).all() {
					if a >= first {
						dense[a-first] = true
					}
				}
			}
		}
	}
	args, results := map[*ir.Func][]bool{}, map[*ir.Func][]bool{}
	for _, l := range ls {
		a, r := l.argMask(states, extras), l.resultMask(states)
		if l.dense && dense != nil {
			if l.f != &s.Dense {
				copy(r[len(l.results):], dense)
			} else {
				copy(a[l.scalars+len(l.args):], dense)
			}
		}
		args[*l.f], results[*l.f] = a, r
	}
	if s.Given != nil {
		args[s.Given], results[s.Given] = keepAll(len(s.Given.Args)), extras
	}
	s.States = filter(s.States, states)
	s.Extras = filter(s.Extras, extras)

	ends := append(append([]bool(nil), states...), keepAll(ir.NumStats)...)
	ops := append(append(keepAll(s.Lead()), states...), extras...) // t0, t1 or times, stops
	for _, f := range m.Funcs {
		f.DropDead()
		ir.RebuildMulti(f, m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
			if v.Op != ir.OpSolve || v.Attr.Solve != s {
				return nil
			}
			return spread(b.Results(b.Emit(ir.OpSolve, v.Attr, filter(args, ops)...)), ends)
		})
	}
	for _, md := range m.Models {
		for i, o := range md.Solves {
			if o == s && i < len(md.Paths) {
				narrowFunc(md.Paths[i], keepAll(len(md.Paths[i].Args)), ops)
			}
		}
	}
	narrowStart(m, s, args, results)
	// Whoever runs the solve reads nothing more of Begin. Results fall in callers first, so that nobody reads
	// them in the callee; then arguments in callees first.
	for i := len(m.Funcs) - 1; i >= 0; i-- {
		if f := m.Funcs[i]; results[f] != nil {
			narrow(m, f, keepAll(len(f.Args)), results[f])
		}
	}
	for _, f := range m.Funcs {
		if args[f] != nil {
			narrow(m, f, args[f], keepAll(len(f.Results)))
		}
	}
}

// narrowStart narrows the first step of s and its loops, ahead of the functions that these call, of which the masks keep arguments and results. What goes
// has no effect on what stays, but calls in the loops still take it: they take zeros instead, and then nobody reads what the loops make of it.
func narrowStart(m *ir.Module, s *ir.Solve, args, results map[*ir.Func][]bool) {
	starts := slices.DeleteFunc([]*ir.Func{s.Start, s.StartAt}, func(f *ir.Func) bool { return f == nil })
	if len(starts) == 0 {
		return
	}
	for _, f := range slices.Concat(startLoops(s), starts) {
		ir.RebuildMulti(f, m.Real, func(b *ir.Builder, v *ir.Value, in []*ir.Value) []*ir.Value {
			mask := args[v.Attr.Func]
			if v.Op != ir.OpCall || mask == nil {
				return nil
			}
			in = slices.Clone(in)
			for i, keep := range mask {
				if !keep {
					in[i] = b.Zeros(v.Attr.Func.Args[i].Type)
				}
			}
			return b.CallAll(v.Attr.Func, in...)
		})
	}
	for _, f := range starts {
		narrowFunc(f, keepAll(len(f.Args)), results[f])
		delete(results, f)
	}
	for narrowLoops(m) {
	}
}
