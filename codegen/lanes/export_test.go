package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Placed reports whether a value has a place in the frame.
func (k *Kernel) Placed(v *ir.Value) bool { return k.byVal[v] != nil }

// Owns reports whether a value that is no result has a place among those of its kernel.
func (k *Kernel) Owns(v *ir.Value) bool {
	f := k.byVal[v]
	return f != nil && slices.Contains(k.Fields, f) && !slices.Contains(k.Results, f)
}

// Between reports whether something lies between calls of a kernel.
func (k *Kernel) Between() bool { return len(k.between) > 0 }

// NewWide is an empty set of kernels for wide blocks.
func NewWide(p *plan.Plan, name func(*ir.Func) string) *Set { return newSet(p, wideRow, name) }

// Spills is the number of vectors of a kernel that have no register.
func (k *Kernel) Spills(isa asm.ISA) int { return k.code[isa].Spills }
