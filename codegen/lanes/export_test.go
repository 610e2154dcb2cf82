package lanes

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// Placed reports whether a value has a place in the frame.
func (k *Kernel) Placed(v *ir.Value) bool { return k.byVal[v] != nil }

// Owns reports whether a value that is no result has a place among those of its kernel.
func (k *Kernel) Owns(v *ir.Value) bool {
	f := k.byVal[v]
	return f != nil && slices.Contains(k.Fields, f) && !slices.Contains(k.Results, f)
}
