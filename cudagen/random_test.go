package cudagen_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
)

// seeds is how many random modules are compared, each in both precisions: CI sets NDEC_TEST_MODULES for more.
func seeds(t *testing.T) uint64 {
	set := os.Getenv("NDEC_TEST_MODULES")
	if set == "" {
		return 6
	}
	n, err := strconv.ParseUint(set, 10, 16)
	if err != nil {
		t.Fatalf("NDEC_TEST_MODULES: %v", err)
	}
	return n
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
	for seed := range seeds(t) {
		for _, real := range []ir.Elem{ir.F64, ir.F32} {
			all = append(all, randomSubject(t, seed, real))
		}
	}
	return all
}

// TestRandomLayers compares those that can go layer by layer, which most can.
func TestRandomLayers(t *testing.T) {
	var all []*subject
	for seed := range seeds(t) {
		if seed%3 > 0 {
			continue // as many again take minutes
		}
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
