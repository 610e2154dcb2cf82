package sema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Constraints become transforms, and start values satisfy them, component by component.
func TestConstraints(t *testing.T) {
	for _, c := range []struct {
		param string
		want  ir.Transform
		codes []diag.Code
	}{
		{"a real = 1 where a > 0.5", ir.Transform{Kind: ir.Above, A: 0.5}, nil},
		{"a real = -1 where a < 0", ir.Transform{Kind: ir.Below}, nil},
		{"a real = 1 where 0 < a", ir.Transform{Kind: ir.Above}, nil},
		{"a [2]real = [0.5, 0.25] where 0 < a < 1", ir.Transform{Kind: ir.Between, B: 1}, nil},
		{"a [2]real = [0.5, 2] where 0 < a < 1", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a real = 0 where a > 0", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a [3]real ~ laplace(0, 2) where a > 0", ir.Transform{Kind: ir.Above}, nil},
		{"a real ~ normal(0, 1) where 1 < a < 2", ir.Transform{Kind: ir.Between, A: 1, B: 2}, nil},
		{"a real ~ normal(0, 1) where a > 2", ir.Transform{Kind: ir.Above, A: 2}, nil},
		{"a real ~ normal(0, 1) where a > 3", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a real ~ laplace(1, 1) where a < -3", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a real ~ uniform(0, 100) where a < 0.5", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a real ~ rademacher() where a > 2", ir.Transform{}, []diag.Code{"NDE0342"}},
		{"a real ~ rademacher() where a > 0", ir.Transform{Kind: ir.Above}, nil},
		{"a real ~ normal(0, x)", ir.Transform{}, []diag.Code{"NDE0309"}},
		{"a real ~ uniform(1, 1)", ir.Transform{}, []diag.Code{"NDE0370"}},
	} {
		p, list := check(t, "p.nde", "package p\n\nnet f(x real) real {\n\tparam "+c.param+"\n\treturn x * sum(a)\n}\n", sema.Options{})
		if d := cmp.Diff(c.codes, codes(list)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.param, d)
		}
		if c.codes == nil {
			if d := cmp.Diff(c.want, p.Params[0].Where); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.param, d)
			}
		}
	}
}
