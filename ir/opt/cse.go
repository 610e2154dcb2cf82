package opt

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// cse merges equal values in every function.
func cse(m *ir.Module) {
	parallel.Each(len(m.Funcs), func(i int) { mergeEqual(m.Funcs[i]) })
}

// mergeEqual gives values of f that are computed by the same operator from the same operands one
// representative, the first (value numbering). There are no effects in the IR, so calls and
// solves merge as well.
//
// A value that a derivative node differentiates by is left alone: the node treats it as an
// independent variable, which another equal value is not.
func mergeEqual(f *ir.Func) {
	f.Renumber()
	leaf := independent(f)
	seen := newSeen(f)
	merged := make([]*ir.Value, len(f.Values)) // by ID: what stands for a value
	kept := f.Values[:0:0]
	for _, v := range f.Values {
		for i, a := range v.Args {
			if r := merged[a.ID]; r != nil {
				v.Args[i] = r
			}
		}
		if v.Op != ir.OpArg && !leaf[v] {
			if r := seen.equal(v); r != nil {
				merged[v.ID] = r
				if r.Name == "" {
					r.Name = v.Name
				}
				continue
			}
		}
		kept = append(kept, v)
	}
	for i, r := range f.Results {
		if s := merged[r.ID]; s != nil {
			f.Results[i] = s
		}
	}
	f.Values = kept
	f.Renumber()
}

// independent is the set of values that derivative nodes of f differentiate by.
func independent(f *ir.Func) map[*ir.Value]bool {
	set := map[*ir.Value]bool{}
	for _, v := range f.Values {
		if v.Op.Info().Class == ir.ClassDeriv {
			set[v.Args[1]] = true
		}
	}
	return set
}
