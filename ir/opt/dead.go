package opt

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// dead removes what nobody reads: values, functions, results and arguments of called functions
// and of those of maps and scans, extras and states of solves. It repeats until nothing more falls.
func dead(m *ir.Module) {
	for {
		parallel.Each(len(m.Funcs), func(i int) { m.Funcs[i].DropDead() })
		dropFuncs(m)
		dropDerived(m)
		changed := narrowCalled(m)
		changed = narrowLoops(m) || changed
		u := usersOf(m)
		for _, s := range solves(m) {
			for _, drop := range []func(*ir.Module, *ir.Solve, *users) bool{dropStates, dropExtras, dropPiece} {
				if drop(m, s, u) {
					changed, u = true, usersOf(m)
				}
			}
		}
		if !changed {
			return
		}
	}
}

// dropFuncs removes the functions that nothing needs.
func dropFuncs(m *ir.Module) {
	need := reachable(m)
	kept := m.Funcs[:0:0]
	for _, f := range m.Funcs {
		if need[f] {
			kept = append(kept, f)
		}
	}
	m.Funcs = kept
}

// narrowCalled removes unread results and arguments of functions that are only ever called.
func narrowCalled(m *ir.Module) bool {
	fixed := solveFuncs(m)
	fixed[m.Prepare] = true
	for _, f := range roots(m) {
		fixed[f] = true
	}
	read := map[*ir.Func][]bool{}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if g, _, ok := loopOf(v); ok {
				fixed[g] = true
			}
		}
		markReadResults(f, read)
	}
	changed := false
	for _, f := range m.Funcs {
		results := read[f]
		if fixed[f] || results == nil {
			continue
		}
		// The arguments that the results read depend on; the others fall with the results.
		args := make([]bool, len(f.Args))
		d := newDeps(nil).in(f)
		for i, r := range f.Results {
			if results[i] {
				for a := range d.of(r).all() {
					args[a] = true
				}
			}
		}
		if !all(args) || !all(results) {
			narrow(m, f, args, results)
			changed = true
		}
	}
	return changed
}

// markReadResults notes which results of called functions f reads.
func markReadResults(f *ir.Func, read map[*ir.Func][]bool) {
	mark := func(v *ir.Value, i int) {
		g := v.Attr.Func
		if read[g] == nil {
			read[g] = make([]bool, len(g.Results))
		}
		read[g][i] = true
	}
	for _, v := range f.Values {
		switch {
		case v.Op == ir.OpCall && v.Type.Elem != ir.Tuple:
			mark(v, 0)
		case v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall:
			mark(v.Args[0], v.Attr.Index)
		}
	}
}
