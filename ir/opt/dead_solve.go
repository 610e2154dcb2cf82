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
	scalars int  // leading arguments that are not states
	groups  int  // groups of one argument per state
	extras  bool // extras follow
	results int  // groups of one result per state; 0: a single scalar
	dense   bool // further results (DenseStep) or arguments (Dense) d… follow the groups
}

// layouts lists the functions of s that are set.
func layouts(s *ir.Solve) []layout {
	fsal, errs := 0, 0
	if s.FSAL {
		fsal = 1
	}
	if s.Adaptive {
		errs = 1
	}
	rows := []layout{
		{&s.Field, 1, 1, true, 1, false},
		{&s.Step, 2, 1 + fsal, true, 1 + errs + fsal, false},
		{&s.DenseStep, 2, 1 + fsal, true, 1 + errs + fsal, true},
		{&s.Dense, 2, 2, false, 1, true},
		{&s.Norm, 2, 3, false, 0, false},
		{&s.First, 4, 2, true, 0, false},
		{&s.Replay, 2, 1, true, 1, false},
		{&s.ReplayAt, 3, 1, true, 1, false},
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
	for g := 0; g < l.groups; g++ {
		copy(mask[l.scalars+g*len(states):], states)
	}
	if l.extras {
		copy(mask[l.scalars+l.groups*len(states):], extras)
	}
	return mask
}

// resultMask keeps the results of states whose mask is set, and all others.
func (l layout) resultMask(states []bool) []bool {
	mask := keepAll(len((*l.f).Results))
	for g := 0; g < l.results; g++ {
		copy(mask[g*len(states):], states)
	}
	return mask
}

// exclusive reports whether no other solve and no reverse sweep runs functions of s. Only then
// may their signatures change.
func exclusive(m *ir.Module, s *ir.Solve) bool {
	mine := map[*ir.Func]bool{}
	for _, f := range s.Funcs() {
		mine[f] = true
	}
	for _, o := range solves(m) {
		if o == s {
			continue
		}
		for _, f := range o.Funcs() {
			if mine[f] {
				return false
			}
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpRev && v.Attr.Rev.Solve == s {
				return false
			}
			if g, _, ok := loopOf(v); ok && mine[g] {
				return false
			}
		}
	}
	return true
}

// dropStates removes states of s that no reader of the solve can notice: the state's result is
// unread and neither another state nor the error norm nor the first step depends on it. A state
// in the norm of an adaptive solve therefore stays, for it decides about steps. So does a
// state of a solve that a model lets people look at along the way, except an integral.
func dropStates(m *ir.Module, s *ir.Solve) bool {
	if !runs(m, s) || !exclusive(m, s) {
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

// spreadNeed adds to keep the states that the kept ones, the norm or the first step depend on.
func spreadNeed(s *ir.Solve, keep []bool) {
	n := len(keep)
	d := newDeps(s.Funcs())
	for changed := true; changed; {
		changed = false
		for _, l := range layouts(s) {
			f := *l.f
			mask := l.resultMask(keep)
			for i := range f.Results {
				if !mask[i] || l.dense && l.results > 0 && i >= l.results*n {
					continue // data for Dense is judged by what Dense makes of it
				}
				for a := range d.result(f, i) {
					at := a - l.scalars
					if at < 0 || at >= l.groups*n {
						if l.f == &s.Dense && at >= 0 {
							changed = needDense(s, d, at-l.groups*n, keep) || changed
						}
						continue
					}
					if !keep[at%n] {
						keep[at%n], changed = true, true
					}
				}
			}
		}
	}
}

// needDense adds the states that datum k of the dense output depends on.
func needDense(s *ir.Solve, d *deps, k int, keep []bool) bool {
	n, changed := len(keep), false
	for _, l := range layouts(s) {
		if l.f != &s.DenseStep {
			continue
		}
		for a := range d.result(s.DenseStep, l.results*n+k) {
			at := a - l.scalars
			if at >= 0 && at < l.groups*n && !keep[at%n] {
				keep[at%n], changed = true, true
			}
		}
	}
	return changed
}

// dropExtras removes extras that no function of s depends on.
func dropExtras(m *ir.Module, s *ir.Solve) bool {
	if len(s.Extras) == 0 || !runs(m, s) || !exclusive(m, s) {
		return false
	}
	keep := make([]bool, len(s.Extras))
	d := newDeps(s.Funcs())
	for _, l := range layouts(s) {
		if !l.extras {
			continue
		}
		from := l.scalars + l.groups*len(s.States)
		for i := range (*l.f).Results {
			for a := range d.result(*l.f, i) {
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

// reshapeSolve removes states and extras of s: in its functions, in the values that run it, and
// in what models give for looking at it.
func reshapeSolve(m *ir.Module, s *ir.Solve, states, extras []bool) {
	n := len(s.States)
	ls := layouts(s)
	dense := []bool(nil) // data of the dense output that is still read
	for _, l := range ls {
		if l.f == &s.Dense {
			first := l.scalars + l.groups*n
			dense = make([]bool, len(s.Dense.Args)-first)
			d := newDeps(s.Funcs())
			for i := range s.Dense.Results {
				if !l.resultMask(states)[i] {
					continue
				}
				for a := range d.result(s.Dense, i) {
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
			if l.f == &s.DenseStep {
				copy(r[l.results*n:], dense)
			} else {
				copy(a[l.scalars+l.groups*n:], dense)
			}
		}
		args[*l.f], results[*l.f] = a, r
	}
	// Results fall in callers first, so that nobody reads them in the callee; then arguments in
	// callees first.
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
}
