package plan_test

import (
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/plan"
)

// TestOrder plans random modules with their gradients and sees what every back end relies on: a value has
// a place, and is computed before it is read; a register is read in its own nest only; tiles fill a loop.
func TestOrder(t *testing.T) {
	for seed := range uint64(150) {
		c := irtest.Random(seed, ir.F32)
		opt.Prepare(c.Module)
		if ds := diff.Run(c.Module); ds.HasErrors() {
			t.Fatal(ds)
		}
		opt.Run(c.Module, opt.Options{})
		p, err := plan.Build(c.Module)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		known := map[*ir.Func]bool{}
		for _, f := range p.Funcs {
			checkOrder(t, seed, f)
			for _, v := range f.IR.Values {
				if v.Op == ir.OpCall && !known[v.Attr.Func] {
					t.Errorf("seed %d: %s stands before %s, which it calls", seed, f.IR.Name, v.Attr.Func.Name)
				}
			}
			known[f.IR] = true
		}
	}
}

// checkOrder walks the steps of a function.
func checkOrder(t *testing.T, seed uint64, f *plan.Func) {
	t.Helper()
	done := map[*ir.Value]int{} // nest that computed a value
	var reads func(step, v *ir.Value, nest int)
	reads = func(step, v *ir.Value, nest int) {
		p := f.Places[v]
		if p == nil {
			t.Errorf("seed %d: %s: %s reads %s, which has no place", seed, f.IR.Name, step.Op, v.Op)
			return
		}
		switch p.Kind {
		case plan.View:
			reads(step, p.Base, nest)
		case plan.Folded:
			for _, a := range v.Args {
				reads(step, a, nest)
			}
		case plan.Literal, plan.Table, plan.Memory, plan.ArgScalar, plan.ArgArray:
		default:
			node := v
			if v.Op == ir.OpResult {
				node = v.Args[0]
			}
			q, ok := done[node]
			if !ok {
				t.Errorf("seed %d: %s: %s reads %s before it is computed", seed, f.IR.Name, step.Op, v.Op)
			}
			if p.Kind == plan.Register && q != nest {
				t.Errorf("seed %d: %s: %s reads a register of %s outside its nest", seed, f.IR.Name, step.Op, v.Op)
			}
		}
	}
	for q, n := range f.Nests {
		if n.Extent < 1 || n.Tile < 1 || n.Extent%n.Tile != 0 || n.Unroll && n.Extent > plan.SmallLen {
			t.Errorf("seed %d: %s: nest of extent %d, tile %d, unrolled %t", seed, f.IR.Name, n.Extent, n.Tile, n.Unroll)
		}
		for _, s := range n.Steps {
			if s.Form == plan.AddTo {
				reads(s.V, s.V, q)
				continue
			}
			for _, a := range s.V.Args {
				reads(s.V, a, q)
			}
			done[s.V] = q
		}
	}
	for i, r := range f.IR.Results {
		if f.Sums[i] == nil {
			reads(r, r, -1)
		}
	}
}
