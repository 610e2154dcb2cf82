package opt

import "ndec.dev/ndec/ir"

// dropDerived removes derived parameters that no function reads and no gradient goes through, with what computes them.
func dropDerived(m *ir.Module) {
	if m.Prepare == nil {
		return
	}
	read := make([]bool, len(m.Derived))
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpParam && v.Attr.Param.Derived && f != m.Prepare {
				read[v.Attr.Param.Index] = true
			}
		}
	}
	for _, r := range m.Recipes {
		for _, p := range r.Through {
			read[p.Index] = true
		}
	}
	m.Derived = filter(m.Derived, read)
	for i, p := range m.Derived {
		p.Index = i
	}
	narrowFunc(m.Prepare, nil, read)
	if len(m.Derived) > 0 {
		return
	}
	kept := m.Funcs[:0:0]
	for _, f := range m.Funcs {
		if f != m.Prepare {
			kept = append(kept, f)
		}
	}
	m.Funcs, m.Prepare = kept, nil
}
