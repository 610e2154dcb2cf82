package codegen_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/irtest"
)

// seeds is how many random modules are compared, each in both precisions: CI sets NDEC_TEST_MODULES
// for more than a person waits for.
func seeds(t *testing.T) uint64 {
	set := os.Getenv("NDEC_TEST_MODULES")
	if set == "" {
		return 25
	}
	n, err := strconv.ParseUint(set, 10, 16)
	if err != nil {
		t.Fatalf("NDEC_TEST_MODULES: %v", err)
	}
	return n
}

// TestRandomModules compares random modules, their gradients included, with the interpreter.
func TestRandomModules(t *testing.T) {
	var es []*emitted
	all := []uint64{33, 84} // a product of one term; a loop that read through a view what it was to compute
	for seed := range seeds(t) {
		all = append(all, seed)
	}
	slices.Sort(all)
	for _, seed := range slices.Compact(all) {
		for _, real := range []ir.Elem{ir.F64, ir.F32} {
			c := irtest.Random(seed, real)
			for i, f := range c.Module.Funcs {
				ir.ShuffleOrder(f, seed+uint64(i)) // no pass may depend on the order of values
			}
			es = append(es, emit(t, fmt.Sprintf("case%d%s", seed, real), c.Module, c.Params, [][]interp.Tensor{c.Args}))
		}
	}
	compare(t, es)
}
