package lower

import (
	"fmt"
	"math"
	"testing"

	"ndec.dev/ndec/ir/method"
)

// TestSavePoints: the number of output times changes neither steps nor evaluations of an adaptive method, and states at them are
// within 10 tolerances of a solution that is a million times as exact. fehlberg2 is not even at the end: its estimate, h/512 of a difference
// of slopes, sees little; its outputs must not be worse than that end.
func TestSavePoints(t *testing.T) {
	const tol = 1e-4
	text := "package p\n\nsystem Swing {\n\tstate q, v real\n\tder(q) = v\n\tder(v) = -sin(q)\n}\n"
	counts := []int{2, 11, 101, 401}
	var rows []*method.Row
	add := func(name, with string, n int) {
		text += fmt.Sprintf("\nmodel %s(q0 real) (q [%d]real, nfe, accepted, rejected, status i32) {\n\tp := solve(Swing{q: q0, v: 0}, from: 0, at: linspace(0, 2, %d), with: %s)\n\treturn p.q, p.nfe, p.accepted, p.rejected, p.status\n}\n", name, n, n, with)
	}
	for _, row := range method.Rows(method.Solver) {
		if row.Later || !row.Adaptive() {
			continue
		}
		rows = append(rows, row)
		for _, n := range counts {
			add(fmt.Sprintf("M%d_%d", len(rows)-1, n), fmt.Sprintf("%s{rtol: %g, atol: %g}", row.Name, tol, tol), n)
		}
	}
	add("Fine", "vern9{rtol: 1e-10, atol: 1e-10}", 401)
	m := compile(t, text)
	mc := newMachine(t, m, nil)
	want := mc.call(m.FuncByName("Fine"), [][]float64{{1}})[0]
	for i, row := range rows {
		var first string
		for _, n := range counts {
			out := mc.call(m.FuncByName(fmt.Sprintf("M%d_%d", i, n)), [][]float64{{1}})
			stats := fmt.Sprint(out[1:])
			if first == "" {
				first = stats
			}
			if stats != first || out[4][0] != 0 {
				t.Errorf("%s: %s along %d times, %s along 2", row.Name, stats, n, first)
			}
			bound := 10 * tol
			if row.Name == "fehlberg2" {
				bound = math.Abs(out[0][n-1] - want[400])
			}
			for k, q := range out[0] {
				if off := math.Abs(q - want[400/(n-1)*k]); !(off <= bound) {
					t.Errorf("%s: output %d of %d is off by %.2e", row.Name, k, n, off)
					break
				}
			}
		}
	}
	if len(rows) < 12 {
		t.Errorf("%d methods", len(rows))
	}
}

// TestNeverInfinite: no method calls a solve ok that has run into the largest numbers, whatever its estimate of the error sees beside them.
func TestNeverInfinite(t *testing.T) {
	text := "package p\n\nsystem Far {\n\tstate q, v real\n\tder(q) = v\n\tder(v) = -5*sign(q)\n}\n"
	var rows []*method.Row
	for _, row := range method.Rows(method.Solver) {
		if row.Later || row.Family == method.Stochastic || row.Family == method.Shooting {
			continue
		}
		options := "steps: 25"
		if row.Adaptive() {
			options = "rtol: 1e-4"
		}
		text += fmt.Sprintf("\nmodel M%d(q, v real) (q1 real, n i32) {\n\tend := solve(Far{q: q, v: v}, over: 0..1, with: %s{%s})\n\treturn end.q, end.status\n}\n", len(rows), row.Name, options)
		rows = append(rows, row)
	}
	m := compile(t, text)
	mc := newMachine(t, m, nil)
	for i, row := range rows {
		out := mc.call(m.FuncByName(fmt.Sprintf("M%d", i)), [][]float64{{1.7e308}, {1e308}})
		if out[1][0] == 0 || out[0][0]-out[0][0] != 0 {
			t.Errorf("%s: status %v at %v", row.Name, out[1][0], out[0][0])
		}
	}
}
