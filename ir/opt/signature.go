package opt

import "ndec.dev/ndec/ir"

// keepAll is a mask of n trues.
func keepAll(n int) []bool {
	k := make([]bool, n)
	for i := range k {
		k[i] = true
	}
	return k
}

func all(mask []bool) bool {
	for _, k := range mask {
		if !k {
			return false
		}
	}
	return true
}

// filter keeps the entries of list whose mask is set; entries past the mask stay away.
func filter[T any](list []T, mask []bool) []T {
	var out []T
	for i, x := range list {
		if mask[i] {
			out = append(out, x)
		}
	}
	return out
}

// narrow removes arguments and results of f, and the operands and components that belong to them
// from every call of f. A removed argument must have no reader in f, and a removed result none
// in any caller.
func narrow(m *ir.Module, f *ir.Func, args, results []bool) {
	if all(args) && all(results) {
		return
	}
	narrowFunc(f, args, results)
	for _, g := range m.Funcs {
		if calls(g, f) {
			g.DropDead()
			narrowCalls(g, m.Real, f, args, results)
		}
	}
}

func calls(g, f *ir.Func) bool {
	for _, v := range g.Values {
		if v.Op == ir.OpCall && v.Attr.Func == f {
			return true
		}
	}
	return false
}

// narrowFunc changes f alone.
func narrowFunc(f *ir.Func, args, results []bool) {
	if len(f.ResultNames) > 0 {
		f.ResultNames = filter(f.ResultNames, results)
	}
	if len(f.Accum) > 0 {
		f.Accum = filter(f.Accum, results)
	}
	f.Results = filter(f.Results, results)
	f.DropDead()
	gone := map[*ir.Value]bool{}
	for i, a := range f.Args {
		gone[a] = !args[i]
	}
	f.Args = filter(f.Args, args)
	for i, a := range f.Args {
		a.Attr.Index = i
	}
	kept := f.Values[:0:0]
	for _, v := range f.Values {
		if !gone[v] {
			kept = append(kept, v)
		}
	}
	f.Values = kept
	f.Renumber()
}

// narrowCalls makes the calls of f in g anew, f having been narrowed.
func narrowCalls(g *ir.Func, real ir.Elem, f *ir.Func, args, results []bool) {
	ir.RebuildMulti(g, real, func(b *ir.Builder, v *ir.Value, ops []*ir.Value) []*ir.Value {
		if v.Op != ir.OpCall || v.Attr.Func != f {
			return nil
		}
		return spread(b.CallAll(f, filter(ops, args)...), results)
	})
}

// spread puts values back to the places that the mask has kept; the others are nil and must have
// no reader.
func spread(vs []*ir.Value, mask []bool) []*ir.Value {
	out := make([]*ir.Value, len(mask))
	for i, k := range mask {
		if k {
			out[i], vs = vs[0], vs[1:]
		}
	}
	return out
}
