package codegen_test

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// TestNamesAndNumbersOfModels: names of any letters give Go that parses; a number that no float32 holds, two names that are one in Go, and a
// model without inputs, are mistakes of the program.
func TestNamesAndNumbersOfModels(t *testing.T) {
	for _, c := range []struct {
		src  string
		want diag.Code
	}{
		{"fn φ(ξ real) real {\n\treturn sin(ξ)\n}\n\nsystem Σ {\n\tstate ω real\n\tder(ω) = φ(ω)\n}\n\nmodel Ψ(ω real) (Ω real) {\n\treturn solve(Σ{ω: ω}, over: 0..1, with: rk4{steps: 2}).ω\n}\n", ""},
		{"model M(x real) (y real) {\n\treturn x*1e39\n}\n", "NDE0339"},
		{"model M(x real) (y real) {\n\treturn x*-1e38\n}\n", ""},
		{"system S {\n\tstate x real\n\tparam c real = 1e39\n\tder(x) = c*x\n}\nmodel M(x real) (y real) {\n\treturn solve(S{x: x}, over: 0..1, with: rk4{steps: 2}).x\n}\n", "NDE0339"},
		{"model M(x, X real) (y real) {\n\treturn x + X\n}\n", "NDE0240"},
		{"model M(a_b, aB real) (y real) {\n\treturn a_b + aB\n}\n", "NDE0240"},
		{"model M(x real) (y, Y real) {\n\treturn x, x\n}\n", "NDE0240"},
		{"system S {\n\tstate x, X real\n\tder(x) = X\n\tder(X) = -x\n}\nmodel M(x real) (y real) {\n\treturn solve(S{x: x, X: x}, over: 0..1, with: rk4{steps: 2}).x\n}\n", "NDE0240"},
		{"model M() (y real) {\n\treturn 1\n}\n", "NDE0346"},
	} {
		_, ds := driver.Compile(map[string]string{"p.nde": "package p\n\n" + c.src}, driver.Options{})
		var got diag.Code
		if len(ds) > 0 {
			got = ds[0].Code
		}
		if got != c.want {
			t.Errorf("%v, want %q\n%s", ds, c.want, c.src)
		}
	}
}
