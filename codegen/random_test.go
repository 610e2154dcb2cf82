package codegen_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/irtest"
)

// seeds are those of the random modules that are compared, each in both precisions: NDEC_TEST_MODULES names more than a person waits
// for, by their number or by the first and the one behind the last.
func seeds(t *testing.T) (from, to uint64) {
	set := os.Getenv("NDEC_TEST_MODULES")
	if set == "" {
		set = "25"
	}
	first, last, isRange := strings.Cut(set, "-")
	if !isRange {
		first, last = "0", first
	}
	from, err := strconv.ParseUint(first, 10, 32)
	to, err2 := strconv.ParseUint(last, 10, 32)
	if err = errors.Join(err, err2); err != nil {
		t.Fatalf("NDEC_TEST_MODULES wants a number, or two of them: %v", err)
	}
	return from, to
}

// TestRandomModules compares random modules, their gradients included, with the interpreter.
func TestRandomModules(t *testing.T) {
	var es []*emitted
	all := []uint64{33, 84} // a product of one term; a loop that read through a view what it was to compute
	from, to := seeds(t)
	for seed := from; seed < to; seed++ {
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
