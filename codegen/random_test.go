package codegen_test

import (
	"fmt"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/irtest"
)

// TestRandomModules compares random modules, their gradients included, with the interpreter.
func TestRandomModules(t *testing.T) {
	var es []*emitted
	for seed := range uint64(90) {
		for _, real := range []ir.Elem{ir.F64, ir.F32} {
			c := irtest.Random(seed, real)
			es = append(es, emit(t, fmt.Sprintf("case%d%s", seed, real), c.Module, c.Params, [][]interp.Tensor{c.Args}))
		}
	}
	compare(t, es)
}
