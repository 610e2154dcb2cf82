package sema_test

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir/diag"
)

// apply makes the edits of a diagnostic, the last first, so that offsets stay right.
func apply(src string, fix []diag.Edit) string {
	fix = slices.Clone(fix)
	slices.SortFunc(fix, func(a, b diag.Edit) int { return b.Span.Start.Offset - a.Span.Start.Offset })
	for _, e := range fix {
		src = src[:e.Span.Start.Offset] + e.New + src[e.Span.End.Offset:]
	}
	return src
}

// noCure are codes of which a suggestion may lead to another mistake, and why.
var noCure = map[diag.Code]string{
	"NDE0702": "the setting that was meant is there already",
}

// TestFixesOfCodes: where the program of a code comes with a fix, the fixed program has no errors.
func TestFixesOfCodes(t *testing.T) {
	n := 0
	for _, e := range diag.All() {
		if len(diag.Files(e.Bad)) != 1 {
			continue
		}
		_, l := check(t, "a.nde", e.Bad, sema.Options{})
		for _, d := range l {
			if len(d.Fix) == 0 || noCure[d.Code] != "" {
				continue
			}
			n++
			fixed := apply(e.Bad, d.Fix)
			if _, l := check(t, "a.nde", fixed, sema.Options{}); l.HasErrors() {
				t.Errorf("%s: after the fix %q: %v\n%s", e.Code, d.Fix[0].New, l, fixed)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d programs come with a fix", n)
	}
	t.Logf("%d programs come with a fix", n)
}

// TestFixes: typical slips and the text after their fix.
func TestFixes(t *testing.T) {
	for _, c := range []struct{ bad, slip, want string }{
		{"const x = 1. + 2", "1.", "1.0"},
		{"const x = .5 + 2", ".5", "0.5"},
		{"const x = 3 − 1", "−", "-"},
		{"const x real = 1/3", "1/3", "1.0/3"},
		{"func f(x real) real {\n\treturn x\n}", "func", "fn"},
		{"fn f(x float) real {\n\treturn x\n}", "float", "real"},
		{"fn f(x real) real {\n\ty = x\n\treturn y\n}", "y =", "y :="},
		{"const x := 3", ":=", "="},
		{"sytem S {\n\tstate x real\n\tder(x) = -x\n}", "sytem", "system"},
		{"system S {\n\tstat x real\n\tder(x) = -x\n}", "stat ", "state "},
		{"system S {\n\tstate speed real\n\tder(sped) = -speed\n}", "(sped)", "(speed)"},
		{"solver S = rk4{stpes: 3}", "stpes", "steps"},
		{"solver S = RungeKutta4{steps: 3}", "RungeKutta4", "rk4"},
		{"solver S = dopri6{rtol: 1e-3}", "dopri6", "dopri5"},
		{"net f(x [2, 2]real) [2]real {\n\treturn x |> Linear(2)\n}", "x |> Linear", "x |> flatten |> Linear"},
		{"net f(x [2]real) [2]real {\n\treturn x |> Linear(2) |> Tanh\n}", "Tanh", "tanh"},
		{"net f(x [2]real) [2]real {\n\treturn x |> Linear(2, bais: false)\n}", "bais", "bias"},
		{"net f(x [2]real) [2]real {\n\treturn x |> MLP(4, 2, act: tahn)\n}", "tahn", "tanh"},
		{"fn f(x [2]real) [4]real {\n\treturn cat(x, x)\n}", "cat", "concat"},
		{"fn f(speed real) real {\n\treturn 2*sped\n}", "sped", "speed"},
	} {
		src := "package p\n\n" + c.bad + "\n"
		_, l := check(t, "p.nde", src, sema.Options{})
		want := strings.Replace(src, c.slip, c.want, 1)
		if len(l) == 0 || len(l[0].Fix) == 0 {
			t.Errorf("%s: no fix in %v", c.bad, l)
			continue
		}
		got := apply(src, l[0].Fix)
		if got != want {
			t.Errorf("%s: fixed to %q, want %q", c.bad, got, want)
		}
		if _, l := check(t, "p.nde", got, sema.Options{}); l.HasErrors() {
			t.Errorf("%s: %v", got, l)
		}
	}
}
