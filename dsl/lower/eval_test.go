package lower

import (
	"math"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// compile parses, checks and lowers a program in double precision.
func compile(t *testing.T, src string) *ir.Module {
	t.Helper()
	return lowered(t, src, "f64")
}

func lowered(t *testing.T, src, precision string) *ir.Module {
	t.Helper()
	m, list := Lower(check(t, src, precision))
	if m == nil || len(list) > 0 {
		t.Fatalf("lower: %v", list)
	}
	return m
}

func check(t *testing.T, src, precision string) *sema.Program {
	t.Helper()
	f, list := syntax.Parse("prog.nde", []byte(src))
	if list.HasErrors() {
		t.Fatalf("parse: %v", list)
	}
	p, list := sema.Check([]*syntax.File{f}, sema.Options{Precision: precision})
	if list.HasErrors() {
		t.Fatalf("check: %v", list)
	}
	return p
}

// machine evaluates a module in float64.
type machine struct {
	t *testing.T
	*interp.Machine
}

func newMachine(t *testing.T, m *ir.Module, params map[string][]float64) machine {
	t.Helper()
	mc, err := interp.New(m, params)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, mc}
}

func (mc machine) call(f *ir.Func, args [][]float64) [][]float64 {
	mc.t.Helper()
	var in []interp.Tensor
	for i, a := range args {
		in = append(in, interp.Of(a, f.Args[i].Type.Shape...))
	}
	results, err := mc.Call(f, in...)
	if err != nil {
		mc.t.Fatal(err)
	}
	var out [][]float64
	for _, r := range results {
		out = append(out, r.Data)
	}
	return out
}

// near compares to 1e-12, relative to numbers of size 1.
func near(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d results, want %d", what, len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: result %d has %d elements, want %d", what, i, len(got[i]), len(want[i]))
		}
		for j, w := range want[i] {
			if g := got[i][j]; !(math.Abs(g-w) <= 1e-12*(1+math.Abs(w))) {
				t.Errorf("%s: result %d[%d] is %v, want %v", what, i, j, g, w)
			}
		}
	}
}
