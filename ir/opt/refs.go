package opt

import "ndec.dev/ndec/ir"

// callees lists the functions that evaluating v may run, in a fixed order.
func callees(v *ir.Value) []*ir.Func {
	switch at := &v.Attr; v.Op {
	case ir.OpCall:
		return []*ir.Func{at.Func}
	case ir.OpMap:
		return []*ir.Func{at.Map.Fn}
	case ir.OpScan:
		return []*ir.Func{at.Scan.Fn}
	case ir.OpSolve:
		return at.Solve.Funcs()
	case ir.OpRev:
		return append(at.Rev.Funcs(), at.Rev.Solve.Funcs()...)
	}
	return nil
}

// solves lists every solve of m: those of the module, then those met only in values.
func solves(m *ir.Module) []*ir.Solve {
	var list []*ir.Solve
	seen := map[*ir.Solve]bool{}
	add := func(s *ir.Solve) {
		if s != nil && !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	for _, s := range m.Solves {
		add(s)
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			add(v.Attr.Solve)
			if v.Attr.Rev != nil {
				add(v.Attr.Rev.Solve)
			}
		}
	}
	return list
}

// solveFuncs is the set of functions that a solve or reverse sweep of m runs: their signatures
// are fixed by ir.Solve and ir.Rev.
func solveFuncs(m *ir.Module) map[*ir.Func]bool {
	set := map[*ir.Func]bool{}
	for _, s := range solves(m) {
		for _, f := range s.Funcs() {
			set[f] = true
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpRev {
				for _, g := range v.Attr.Rev.Funcs() {
					set[g] = true
				}
			}
		}
	}
	return set
}

// roots lists the functions that somebody outside the module calls: those of models and recipes.
// A module without either is a collection of functions, and all of them are roots.
func roots(m *ir.Module) []*ir.Func {
	var list []*ir.Func
	add := func(fs ...*ir.Func) {
		for _, f := range fs {
			if f != nil {
				list = append(list, f)
			}
		}
	}
	for _, md := range m.Models {
		add(md.Func)
		add(md.Paths...)
	}
	for _, r := range m.Recipes {
		add(r.Objective, r.Training, r.Combine, r.Grad, r.Pull, r.GradInputs, r.Attack, r.Design)
	}
	if len(m.Models)+len(m.Recipes) == 0 {
		held := solveFuncs(m)
		for _, f := range m.Funcs {
			if !held[f] && f != m.Prepare {
				add(f)
			}
		}
	}
	return list
}

// reachable is the set of functions that the roots and the solves of m need.
func reachable(m *ir.Module) map[*ir.Func]bool {
	set := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if set[f] {
			return
		}
		set[f] = true
		for _, v := range f.Values {
			for _, g := range callees(v) {
				visit(g)
			}
		}
	}
	if m.Prepare != nil {
		visit(m.Prepare)
	}
	for _, f := range roots(m) {
		visit(f)
	}
	for _, s := range m.Solves {
		for _, f := range s.Funcs() {
			visit(f)
		}
	}
	return set
}
