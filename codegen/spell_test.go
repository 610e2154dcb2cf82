package codegen

import (
	"testing"

	"ndec.dev/ndec/ir"
)

// Every element-wise primitive has a spelling. Whole-array operators are covered by TestRandomModules,
// whose modules use every operator.
func TestSpellings(t *testing.T) {
	for op := ir.Op(1); op < ir.NumOps; op++ {
		_, spelled := spellings[op]
		if elem := op.Info().Class == ir.ClassElem; elem != spelled {
			t.Errorf("%s: element-wise %t, spelled %t", op, elem, spelled)
		}
	}
}
