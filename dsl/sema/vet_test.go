package sema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

// mixed is a recipe of mixed precision over an adaptive solve.
func mixed(tolerance string) string {
	return "package p\n\nnet g(x [1]real) [1]real {\n\treturn x |> Linear(1)\n}\n\nsystem F {\n\tstate x [1]real\n\tder(x) = g(x)\n}\n\n" +
		"model M(x [1]real) (y [1]real) {\n\treturn solve(F{x}, over: 0..1, with: dopri5{" + tolerance + ", atol: 1e-3}).x\n}\n\n" +
		"data D {\n\tx [1]real\n\tsource: csv{path: \"d.csv\"}\n}\n\n" +
		"train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tprecision: mixed_bf16\n\tminimize sqnorm(M(x))\n}\n"
}

// trained is a recipe that learns a parameter of a system by something of its solve.
func trained(body, read string) string {
	with := "rk4"
	if strings.Contains(body, "noise") {
		with = "euler_maruyama"
	}
	return "package p\n\nsystem S {\n" + body + "}\n\nmodel M(x real) real {\n\tend := solve(S{h: x}, over: 0..1, with: " + with + "{steps: 8})\n\treturn " + read + "\n}\n\n" +
		"data D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize M(x)^2\n}\n"
}

// vet checks and vets one file, which has no errors.
func vet(t testing.TB, src string) diag.List {
	t.Helper()
	f, list := syntax.Parse("p.nde", []byte(src))
	if len(list) > 0 {
		t.Fatalf("%v\n%s", list, src)
	}
	files := []*syntax.File{f}
	p, list := sema.Check(files, sema.Options{})
	if len(list) > 0 {
		t.Fatalf("%v\n%s", list, src)
	}
	return sema.Vet(files, p)
}

// TestWarningsHavePrograms: the program of every warning gives it and nothing else, its corrected form
// gives none.
func TestWarningsHavePrograms(t *testing.T) {
	n := 0
	for _, e := range diag.All() {
		if e.Code[0] != 'W' || e.Flags != "" {
			continue
		}
		n++
		if got := vet(t, e.Bad); !cmp.Equal(codes(got), []diag.Code{e.Code}) {
			t.Errorf("%s: %v\n%s", e.Code, got, e.Bad)
		}
		if got := vet(t, e.Fixed); len(got) > 0 {
			t.Errorf("%s, corrected: %v\n%s", e.Code, got, e.Fixed)
		}
	}
	if n < 20 {
		t.Errorf("%d warnings", n)
	}
}

// Warnings name what nobody reads, stay silent about the rest, and can be ignored with a reason.
func TestVet(t *testing.T) {
	system := func(body, read string) string {
		return "package p\n\nsystem S {\n" + body + "}\n\nmodel M(x real) real {\n\tend := solve(S{" + read + "\n\treturn end.x\n}\n"
	}
	data := "package p\n\nnet f(x real) real {\n\treturn [x] |> Linear()\n}\n\ndata D {\n\tx real\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\n"
	train := "train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize (f(x) - y) ^ 2\n}\n"
	for _, c := range []struct {
		name, src string
		want      []diag.Code
	}{
		{"argument", "package p\n\nfn f(x, y real) real {\n\treturn x\n}\n", []diag.Code{"W1201"}},
		{"ignored above", "package p\n\n//nde:ignore W1201 for later\nfn f(x, y real) real {\n\treturn x\n}\n", nil},
		{"ignored beside", "package p\n\nfn f(x, y real) real { //nde:ignore W1201 for later\n\treturn x\n}\n", nil},
		{"another ignored", "package p\n\n//nde:ignore W1202 wrong code\nfn f(x, y real) real {\n\treturn x\n}\n", []diag.Code{"W1224", "W1201"}},
		{"ignored without a reason", "package p\n\n//nde:ignore W1201\nfn f(x, y real) real {\n\treturn x\n}\n", []diag.Code{"W1224"}},
		{"param", "package p\n\nnet f(x real) real {\n\tparam a real = 1 where a > 0\n\treturn x\n}\n", []diag.Code{"W1201"}},
		{"all used", "package p\n\nnet f(x real) real {\n\tparam a real = 1 where a > 0\n\treturn a * x\n}\n", nil},
		{"state", system("\tstate x real\n\tstate z real = 0\n\tder(x) = -x\n\tder(z) = -z\n", "x: x}, over: 0..1, with: rk4{steps: 2})"), []diag.Code{"W1202"}},
		{"state read by an equation", system("\tstate x real\n\tstate z real = 0\n\tder(x) = -z\n\tder(z) = -z\n", "x: x}, over: 0..1, with: rk4{steps: 2})"), nil},
		{"context", system("\tstate x real\n\tcontext c real\n\tder(x) = -x\n", "x: x, c: x}, over: 0..1, with: rk4{steps: 2})"), []diag.Code{"W1201"}},
		{"tolerance", "package p\n\nsolver S = dopri5{rtol: 1e-9, atol: 1e-9}\n", []diag.Code{"W1204"}},
		{"tolerance of mixed precision", mixed("rtol: 1e-3"), []diag.Code{"W1204"}},
		{"tolerance that mixed precision delivers", mixed("rtol: 5e-3"), nil},
		{"tolerance of a reference", "package p\n\nnet g(x real) real {\n\treturn [x] |> Linear() \n}\n\nsystem F {\n\tstate x real\n\tder(x) = -x\n}\n\nsolver S = dopri5{rtol: 1e-9, atol: 1e-9}\n\n" +
			"hypersolver H for F {\n\tbase: euler{steps: 4}\n\tresidual(x) = g(x)\n}\n\ndata D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\n" +
			"train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize residual_error(H, F{x}, over: 0..1, reference: S)\n}\n", nil},
		{"tolerance of a reference below f64", "package p\n\nnet g(x real) real {\n\treturn [x] |> Linear() \n}\n\nsystem F {\n\tstate x real\n\tder(x) = -x\n}\n\nsolver S = dopri5{rtol: 1e-15, atol: 1e-15}\n\n" +
			"hypersolver H for F {\n\tbase: euler{steps: 4}\n\tresidual(x) = g(x)\n}\n\ndata D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\n" +
			"train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize residual_error(H, F{x}, over: 0..1, reference: S)\n}\n", []diag.Code{"W1204"}},
		{"restitution is trained through an event", trained("\tstate h real\n\tstate v real = 0\n\tparam e real = 0.8\n\tder(h) = v\n\tder(v) = -1\n\twhen falling(h) {\n\t\tv = -e * v\n\t}\n", "end.h"), nil},
		{"a threshold is trained through an event", trained("\tstate h real\n\tparam e real = 0.8\n\tder(h) = -1\n\twhen falling(h - e) {\n\t\th = 2\n\t}\n", "end.h"), nil},
		{"the time of a stop", trained("\tstate h real\n\tparam e real = 0.8\n\tder(h) = -e\n\twhen falling(h) {\n\t\tstop\n\t}\n", "real(end.t)"), nil},
		{"the time of an end without a stop", trained("\tstate h real\n\tparam e real = 0.8\n\tder(h) = -e\n", "real(end.t)"), []diag.Code{"W1202", "W1211"}},
		{"noise is trained", trained("\tstate h real\n\tparam e real = 0.8\n\tcalculus: ito\n\tder(h) = -h\n\tnoise(h) = e\n", "end.h"), nil},
		{"a result that is not wanted", "package p\n\nmodel A(x real) (a, b, c real) {\n\treturn x, 2*x, 3*x\n}\n\nmodel B(x real) (c real) {\n\t_, _, c := A(x)\n\treturn c\n}\n", nil},
		{"column", data + "train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize f(x) ^ 2\n}\n", []diag.Code{"W1203"}},
		{"columns used", data + train, nil},
		{"column of a split", strings.Replace(data, "\ty real\n", "\ty real\n\tlap real\n\tsplit: by_column{of: lap, train: 0.5, test: 0.5}\n", 1) + train, nil},
		{"no recipe", data, nil},
		{"state of a simulation", strings.NewReplacer("\ty real", "\ty [2]real", "csv{path: \"d.csv\"}", "simulate{of: S{y: normal(0, 1), x: uniform(1, 2)}, at: [0.0, 1.0], with: rk4{steps: 2}}", "- y)", "- y[1])").Replace(data+train) +
			"\nsystem S {\n\tstate y real\n\tcontext x real\n\tder(y) = -x*y\n}\n", nil},
	} {
		warnings := vet(t, c.src)
		if d := cmp.Diff(c.want, codes(warnings)); d != "" {
			t.Errorf("%s (-want +got):\n%s%v", c.name, d, warnings)
		}
		if warnings.HasErrors() {
			t.Errorf("%s: %v are errors", c.name, warnings)
		}
	}
}
