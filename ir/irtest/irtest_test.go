package irtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// TestCoverage sees that modules verify and that each operator is used, and reaches a result, over
// many seeds.
func TestCoverage(t *testing.T) {
	seen := map[ir.Op]bool{}
	for seed := range uint64(400) {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			c := Random(seed, real)
			if err := ir.Verify(c.Module); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, f := range c.Module.Funcs {
				for _, v := range f.Values {
					seen[v.Op] = true
				}
			}
		}
	}
	for op := ir.Op(1); op < ir.NumOps; op++ {
		switch {
		case op.Info().Class == ir.ClassDeriv, op == ir.OpSolve, op == ir.OpRev: // see Case
		case !seen[op]:
			t.Errorf("no module uses %s", op)
		}
	}
}

// A seed gives the same module each time.
func TestReplay(t *testing.T) {
	for seed := range uint64(20) {
		a, b := Random(seed, ir.F64), Random(seed, ir.F64)
		if d := cmp.Diff(a.Module.String(), b.Module.String()); d != "" {
			t.Fatal(d)
		}
		mc, err := interp.New(a.Module, a.Params)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mc.Call(a.Module.Models[0].Func, a.Args...); err != nil {
			t.Fatal(err)
		}
	}
}
