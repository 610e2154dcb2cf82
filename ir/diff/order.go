package diff

import "ndec.dev/ndec/ir"

// callees lists the functions that evaluating v may run, in a fixed order.
func callees(v *ir.Value) []*ir.Func {
	switch at := v.Attr; v.Op {
	case ir.OpCall:
		return []*ir.Func{at.Func}
	case ir.OpMap:
		return []*ir.Func{at.Map.Fn}
	case ir.OpScan:
		return []*ir.Func{at.Scan.Fn}
	case ir.OpSolve:
		return at.Solve.Funcs()
	case ir.OpRev:
		return append(at.Rev.Solve.Funcs(), at.Rev.Funcs()...)
	}
	return nil
}

// arrange puts callees before callers and drops functions that no model, recipe or solve
// reaches. In a module without models and recipes every function is wanted for itself.
func arrange(m *ir.Module) {
	var order []*ir.Func
	seen := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			for _, g := range callees(v) {
				visit(g)
			}
		}
		order = append(order, f)
	}
	wanted := wantedFuncs(m)
	for _, f := range m.Funcs { // the present order where callees allow it
		if wanted[f] && f != m.Prepare {
			visit(f)
		}
	}
	visit(m.Prepare)
	m.Funcs = order
}

func wantedFuncs(m *ir.Module) map[*ir.Func]bool {
	wanted := map[*ir.Func]bool{}
	var want func(f *ir.Func)
	want = func(f *ir.Func) {
		if f == nil || wanted[f] {
			return
		}
		wanted[f] = true
		for _, v := range f.Values {
			for _, g := range callees(v) {
				want(g)
			}
		}
	}
	for _, md := range m.Models {
		want(md.Func)
		for _, f := range md.Paths {
			want(f)
		}
	}
	for _, r := range m.Recipes {
		want(r.Objective)
		want(r.Training)
		want(r.Combine)
		want(r.Grad)
		want(r.Pull)
		want(r.GradInputs)
		want(r.Attack)
		want(r.Design)
	}
	if len(m.Models)+len(m.Recipes) == 0 {
		for _, f := range m.Funcs {
			want(f)
		}
	}
	for _, s := range m.Solves {
		for _, f := range s.Funcs() {
			want(f)
		}
	}
	want(m.Prepare)
	return wanted
}
