package opt

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// verify checks what a pass can most easily break: operands come before their readers, arguments
// stand first in their places, types are those of the operators' rows, callees are in the module.
func verify(m *ir.Module) error {
	in := map[*ir.Func]bool{}
	for _, f := range m.Funcs {
		in[f] = true
	}
	for _, f := range m.Funcs {
		if err := verifyFunc(f, in); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	return nil
}

func verifyFunc(f *ir.Func, in map[*ir.Func]bool) error {
	seen := map[*ir.Value]bool{}
	for i, v := range f.Values {
		if i < len(f.Args) && (v != f.Args[i] || v.Attr.Index != i) || i >= len(f.Args) && v.Op == ir.OpArg {
			return fmt.Errorf("value %d: an argument is out of place", i)
		}
		ts := make([]ir.Type, len(v.Args))
		for j, a := range v.Args {
			if !seen[a] {
				return fmt.Errorf("%%%d %s: operand %d does not come before it", v.ID, v.Op, j)
			}
			ts[j] = a.Type
		}
		for _, g := range callees(v) {
			if !in[g] {
				return fmt.Errorf("%%%d %s: %s is not in the module", v.ID, v.Op, g.Name)
			}
		}
		if v.Op.Info().Class != ir.ClassLeaf {
			at := v.Attr
			t, err := v.Op.Info().Shape(ts, &at)
			if err != nil {
				return fmt.Errorf("%%%d %s: %w", v.ID, v.Op, err)
			}
			if !t.Equal(v.Type) {
				return fmt.Errorf("%%%d %s: type %s, its row says %s", v.ID, v.Op, v.Type, t)
			}
		}
		seen[v] = true
	}
	for i, r := range f.Results {
		if !seen[r] {
			return fmt.Errorf("result %d is not a value of the function", i)
		}
	}
	return nil
}
