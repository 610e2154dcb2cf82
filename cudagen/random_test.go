package cudagen_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
)

// seeds are those of the random modules that are compared, each in both precisions: NDEC_TEST_MODULES names more than a person waits
// for, by their number or by the first and the one behind the last.
func seeds(t *testing.T) (from, to uint64) {
	set := os.Getenv("NDEC_TEST_MODULES")
	if set == "" {
		set = "6"
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

// TestRandomModules compares random modules, their gradients included, with the interpreter. One row is the
// one at which the module is well conditioned.
func TestRandomModules(t *testing.T) { compare(t, randomSubjects(t)) }

// TestSplitModules is TestRandomModules with lanes that share a sample, and all vectors and matrices that can be.
func TestSplitModules(t *testing.T) {
	all := randomSubjects(t)
	for i, s := range all {
		s.split, s.short = []int{4, 8, 16}[i/2%3], 1+i/2%2
	}
	compare(t, all)
}

func randomSubjects(t *testing.T) (all []*subject) {
	from, to := seeds(t)
	for seed := from; seed < to; seed++ {
		for _, real := range []ir.Elem{ir.F64, ir.F32} {
			all = append(all, randomSubject(t, seed, real))
		}
	}
	return all
}

// TestRandomLayers compares those that can go layer by layer, which most can.
func TestRandomLayers(t *testing.T) {
	var all []*subject
	numbers := []uint64{700020} // a convolution to a single place
	from, to := seeds(t)
	for seed := from; seed < to; seed++ {
		if seed%3 == 0 && seed != numbers[0] { // as many again take minutes
			numbers = append(numbers, seed)
		}
	}
	for _, seed := range numbers {
		s := randomSubject(t, seed, ir.F64)
		s.name, s.layers = s.name+"_layers", true
		all = append(all, s)
	}
	compare(t, all)
}

func randomSubject(t *testing.T, seed uint64, real ir.Elem) *subject {
	t.Helper()
	c := irtest.Random(seed, real)
	opt.Prepare(c.Module)
	if ds := diff.Run(c.Module); ds.HasErrors() {
		t.Fatal(ds)
	}
	opt.Run(c.Module, opt.Options{})
	s := &subject{name: fmt.Sprintf("case%d%s", seed, real), m: c.Module, params: c.Params, rows: 1}
	for _, a := range c.Args {
		s.given = append(s.given, a.Data)
	}
	return s
}
