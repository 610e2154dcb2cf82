package lanes

import (
	"ndec.dev/ndec/ir"
)

// Few is what runs a few samples at a time.
type Few struct {
	Set    *Set
	Models map[*ir.Model]*Node
	// Small is how small batches of these run.
	Small map[*ir.Model]Small
	// Why says what keeps models from it whose samples have kernels.
	Why map[*ir.Model]error
}

// CompileFew finds the models whose small batches run so: those whose functions have kernels for one sample, and whose solves
// give nothing but their end.
func CompileFew(a *Alone, name func(*ir.Func) string) *Few {
	w := &Few{NewFew(a.Set, name), map[*ir.Model]*Node{}, map[*ir.Model]Small{}, map[*ir.Model]error{}}
	for _, m := range a.Set.Plan.Module.Models {
		s := a.Small(m, true)
		if s.Least == 0 || s.Rows == 0 {
			continue // nothing, or one by one, is as fast
		}
		w.Small[m] = s
		if err := plainSolves(m.Func); err != nil {
			w.Why[m] = err
		} else if n, err := w.Set.AddNode(m.Func); err != nil {
			w.Why[m] = err
		} else {
			w.Models[m] = n
		}
	}
	return w
}

// plainSolves says which solve of a function does more than to go to its end.
func plainSolves(f *ir.Func) error {
	for _, v := range f.Values {
		switch {
		case v.Op != ir.OpSolve && isBreak(v):
			return &Unsupported{v.Op.String() + " with solves", f, v}
		case v.Op != ir.OpSolve:
		case v.Attr.Solve.Times > 0:
			return &Unsupported{"output times", f, v}
		case v.Attr.Solve.StepGroup != "":
			return &Unsupported{"steps of one length for the whole batch", f, v}
		case cut(v.Attr.Solve):
			return &Unsupported{"events", f, v}
		}
	}
	return nil
}
