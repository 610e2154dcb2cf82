package sema_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
)

// TestDims: what has two names does not mix, what is plain fits, and results keep the names that they have.
func TestDims(t *testing.T) {
	const head = "package p\n\ndim Time = 4\ndim Feature = 4\nconst N = 4\n\n"
	for _, c := range []struct{ name, src, want string }{
		{"sum", "fn f(x [Time]real, y [Feature]real) [Time]real {\n\treturn x + y\n}", "NDE0345"},
		{"sum of one dim", "fn f(x, y [Time]real) [Time]real {\n\treturn x*y + 2\n}", ""},
		{"plain fits", "fn f(x [Time]real, y [4]real, z [N]real) [Time]real {\n\treturn x + y + z\n}", ""},
		{"result", "fn f(x [Time]real) [Feature]real {\n\treturn tanh(x)\n}", "returned value has type [Time]real, but the result is declared [Feature]real"},
		{"through activations", "fn f(x [Time]real) [Time]real {\n\treturn x |> tanh |> softmax |> reverse |> cumsum\n}", ""},
		{"argument", "fn g(x [Feature]real) real {\n\treturn sum(x)\n}\n\nfn f(x [Time]real) real {\n\treturn g(x)\n}", "argument x of g wants [Feature]real, got [Time]real"},
		{"slice is plain", "fn f(x [Time]real) [Feature]real {\n\treturn x[:]\n}", ""},
		{"concat is plain", "fn f(x [Time]real) [8]real {\n\treturn concat(x, x)\n}", ""},
		{"concat beside", "fn f(x, y [Time, 1]real) [Feature, 2]real {\n\treturn concat(x, y, axis: 1)\n}", "[Time, 2]real, but the result is declared [Feature, 2]real"},
		{"concat mixes", "fn f(x [Time, 1]real, y [Feature, 1]real) [4, 2]real {\n\treturn concat(x, y, axis: 1)\n}", "NDE0314"},
		{"transpose", "fn f(x [Time, Feature]real) [Time, Feature]real {\n\treturn transpose(x)\n}", "[Feature, Time]real, but the result is declared [Time, Feature]real"},
		{"transposed sum", "fn f(x [Time, Feature]real) [Time, Feature]real {\n\treturn x + transpose(x)\n}", "NDE0345"},
		{"product", "fn f(a [Time, Feature]real, x [Feature]real) [Time]real {\n\treturn a @ x\n}", ""},
		{"wrong product", "fn f(a [Time, Feature]real, x [Time]real) [Time]real {\n\treturn a @ x\n}", "matvec mixes the dims Feature and Time"},
		{"matrix product", "fn f(a [Time, Feature]real, b [Feature, Time]real) [Time, Time]real {\n\treturn a @ b\n}", ""},
		{"sum over an axis", "fn f(x [Time, Feature]real) [Feature]real {\n\treturn sum(x, axis: 0)\n}", ""},
		{"sum over the other", "fn f(x [Time, Feature]real) [Feature]real {\n\treturn sum(x, axis: 1)\n}", "[Time]real, but"},
		{"index", "fn f(x [Time, Feature]real) [Feature]real {\n\treturn x[0]\n}", ""},
		{"stack", "fn f(x, y [Time]real) [2, Feature]real {\n\treturn [x, y]\n}", "[2, Time]real, but"},
		{"dot", "fn f(x [Time]real, y [Feature]real) real {\n\treturn dot(x, y)\n}", "dot mixes the dims Time and Feature"},
		{"reshape", "fn f(x [4, 1]real) [Time]real {\n\treturn reshape(x, Feature)\n}", "[Feature]real, but"},
		{"expand", "fn f(x [Feature]real) [Time, Feature]real {\n\treturn expand(x, Time, Feature)\n}", ""},
		{"number", "fn f(x [Time]real) real {\n\treturn sum(x) / Time\n}", ""},
		{"grad", "fn f(x [Time]real) [Feature]real {\n\treturn grad(sqnorm(x), x)\n}", "[Time]real, but"},
		{"jac", "fn f(x [Time]real) [Time, Time]real {\n\treturn jac(tanh(x), x)\n}", ""},
		{"size parameter", "fn g[n](x [n]real) [n]real {\n\treturn x\n}\n\nfn f(x [Time]real) [Time]real {\n\treturn g(x)\n}", ""},
		{"output times", "system S {\n\tstate x [Feature]real\n\tder(x) = -x\n}\n\nmodel M(x [Feature]real, ts [Time]time) (y [Feature, Time]real) {\n\tpath := solve(S{x: x}, from: 0, at: ts, with: rk4{steps: 2})\n\treturn path.x\n}", "[Time, Feature]real, but the result is declared [Feature, Time]real"},
		{"start", "system S {\n\tstate x [Feature]real\n\tder(x) = -x\n}\n\nmodel M(x [Time]real) (y [Time]real) {\n\tend := solve(S{x: x}, over: 0..1, with: rk4{steps: 2})\n\treturn x\n}", "x of system S wants [Feature]real, got [Time]real"},
		{"equation", "system S {\n\tstate x [Feature]real\n\tcontext u [Time]real\n\tder(x) = u\n}", "der(x) has type [Time]real"},
		{"no number", "dim D = 2.5\n", "NDE0310"},
		{"itself", "dim D = D\n", "NDE0205"},
	} {
		_, l := check(t, "p.nde", head+c.src+"\n", sema.Options{})
		switch {
		case c.want == "" && len(l) > 0:
			t.Errorf("%s: %v", c.name, l)
		case c.want != "" && (len(l) != 1 || !strings.Contains(l[0].String(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, l, c.want)
		}
	}
	// --set changes a dim as it changes a constant.
	p, l := check(t, "p.nde", head+"fn f(x [Time]real) [Time]real {\n\treturn 2 * x\n}\n", sema.Options{Set: map[string]string{"Time": "7"}})
	if len(l) > 0 || p.Funcs[0].Type.Shape[0] != 7 || p.Funcs[0].Type.String() != "[Time]real" {
		t.Errorf("%v %v", l, p.Funcs)
	}
}
