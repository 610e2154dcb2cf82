package lanes

import "ndec.dev/ndec/ir"

// Placed reports whether a value has a place in the frame.
func (k *Kernel) Placed(v *ir.Value) bool { return k.byVal[v] != nil }
