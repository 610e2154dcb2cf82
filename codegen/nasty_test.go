package codegen_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
)

// nastySystems blow up, jump, have poles, are not numbers from some time or state on, are stiff, or wriggle; which of it, k says. Both are of
// second order, so that every method takes them; the second has events, some at the start.
const nastySystems = `package nasty

fn force(q, t, k real) real {
	smooth := select(k < 1, 5*q*q, select(k < 2, -1e8*q, select(k < 3, 1e3*sin(1e4*q), exp(q))))
	edged := select(k < 5, -5*sign(q), select(k < 6, select(q < 0.5, 1, 1e300), 1/q))
	broken := select(k < 8, log(q), sqrt(0.3 - t))
	return select(k < 4, smooth, select(k < 7, edged, broken))
}

system Nasty {
	state q, v real
	context k real
	der(q) = v
	der(v) = force(q, real(t), k)
}

system Struck {
	state q, v real
	context k real
	der(q) = v
	der(v) = force(q, real(t), k)
	when crossing(q - 0.5) { q = 0.5 - 0.1*q }
	when rising(v - 3) { v = -v }
}
`

// nastyRow is a problem: start, kind, span.
type nastyRow struct{ Q, V, K, A, B float64 }

func (r nastyRow) MarshalJSON() ([]byte, error) { // NaN and infinities as text
	var out []string
	for _, x := range []float64{r.Q, r.V, r.K, r.A, r.B} {
		out = append(out, strconv.FormatFloat(x, 'g', -1, 64))
	}
	return json.Marshal(out)
}

func nastyRows(n int) []nastyRow {
	rng := rand.New(rand.NewPCG(7, 11))
	pick := func(xs ...float64) float64 { return xs[rng.IntN(len(xs))] }
	rows := []nastyRow{{Q: 1.7e308, V: 1e308, K: 4.5, B: 1}} // overflows, where many an error estimate sees nothing
	for i := range n - 1 {
		r := nastyRow{Q: pick(0.5, 0.5, 1, -0.7, 0, 3, 2*rng.Float64()-1), V: pick(0, 0, 1, -1, 3, 2*rng.Float64()), K: float64(i%9) + 0.5, B: pick(1, 1, 0.4, -1, 2)}
		switch rng.IntN(20) {
		case 0:
			r.Q = pick(math.NaN(), math.Inf(1), 1e300, 5e-324)
		case 1:
			r.A, r.B = pick(0, 1, 1e9), pick(0, 1, 1e9, 1e9+1e-6, -1e300)
		case 2:
			r.B = pick(math.NaN(), math.Inf(1), math.Inf(-1))
		case 3:
			r.A, r.B = r.B, r.A
		}
		rows = append(rows, r)
	}
	return rows
}

const nastyTest = `package nasty

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/rt"
)

type batch struct{ q, v, k, a, b, q1, v1 []float64 }

var cases = []struct {
	name   string
	budget int // of attempted steps
	exact  bool
	run    func(t *testing.T, p *Params, x *batch, stats *rt.BatchStats) error
	one    func(p *Params, x *batch, i int) (q1, v1 float64, err error)
}{CASES}

// tame are the problems whose end does not hang on the last bit of a number: 2.5 wriggles, 0.5 and 3.5 blow up, and 5.5 jumps where the events of
// Struck are, so that rounding says on which side of the jump a step goes on.
func tame(name, kind string) bool {
	return kind != "2.5" && kind != "0.5" && kind != "3.5" && !(kind == "5.5" && strings.HasSuffix(name, "Struck"))
}

type want struct{ Status, NFE, Accepted, Rejected int }

func TestNasty(t *testing.T) {
	var rows [][]string
	var wants [][]want
	if err := json.Unmarshal([]byte(rowText), &rows); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(wantText), &wants); err != nil {
		t.Fatal(err)
	}
	x := &batch{q1: make([]float64, len(rows)), v1: make([]float64, len(rows))}
	for _, r := range rows {
		for i, to := range []*[]float64{&x.q, &x.v, &x.k, &x.a, &x.b} {
			n, _ := strconv.ParseFloat(r[i], 64)
			*to = append(*to, n)
		}
	}
	p := NewParams(1)
	finite := func(x float64) bool { return x-x == 0 }
	seen := map[rt.Status]int{}
	for c, m := range cases {
		var stats rt.BatchStats
		err := m.run(t, p, x, &stats)
		s := stats.Sites[0]
		failed := false
		for i := range rows {
			status := s.Status[i]
			seen[status]++
			failed = failed || status.Failed()
			attempts := s.Accepted[i] + s.Rejected[i]
			q1, v1, one := m.one(p, x, i)
			same := func(a, b float64) bool { return a == b || a != a && b != b }
			switch {
			case status.Failed() != (one != nil), one != nil && !errors.Is(one, status.Err()):
				t.Errorf("%s, %v: status %v in a batch, %v alone", m.name, rows[i], status, one)
			case tame(m.name, rows[i][2]) && (!same(q1, x.q1[i]) && math.Abs(q1-x.q1[i]) > 1e-6*max(1, math.Abs(q1)) || !same(v1, x.v1[i]) && math.Abs(v1-x.v1[i]) > 1e-6*max(1, math.Abs(v1))):
				t.Errorf("%s, %v: %v %v in a batch, %v %v alone", m.name, rows[i], x.q1[i], x.v1[i], q1, v1)
			case status == rt.OK && !same(s.Time[i], x.b[i]):
				t.Errorf("%s, %v: ok at %v", m.name, rows[i], s.Time[i])
			case finite(x.q[i]) && !(finite(q1) && finite(v1)):
				t.Errorf("%s, %v: %v ends at %v, %v", m.name, rows[i], status, q1, v1)
			case attempts > m.budget:
				t.Errorf("%s, %v: %d steps", m.name, rows[i], attempts)
			}
			if i < len(wants[c]) {
				if w := wants[c][i]; int(status) != w.Status || m.exact && (s.NFE[i] != w.NFE || s.Accepted[i] != w.Accepted || s.Rejected[i] != w.Rejected) {
					t.Errorf("%s, %v: %v after %d evaluations, %d and %d steps; interpreted %+v", m.name, rows[i], status, s.NFE[i], s.Accepted[i], s.Rejected[i], w)
				}
			}
		}
		if failed != (err != nil) {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	for _, s := range []rt.Status{rt.OK, rt.MaxSteps, rt.NonFinite, rt.MaxEvents} {
		if seen[s] == 0 {
			t.Errorf("nothing ends with %v", s)
		}
	}
}
`

// TestNasty gives every method problems that go wrong, in Go, in lanes and interpreted: each sample has a status, within its budget. Beside it
// runs inPlaceTest.
func TestNasty(t *testing.T) {
	count := 60
	if n, err := strconv.Atoi(os.Getenv("NDEC_TEST_NASTY")); err == nil {
		count = n
	}
	rows := nastyRows(count)
	src, cases := nastySystems+exactModel, ""
	ones, alongs, more := "", "", "" // for inPlaceTest
	n := 0
	add := func(system string, row *method.Row, options string, budget int) {
		if system == "Struck" {
			options += ", events: root{tol: 1e-9, max: 60}"
		}
		src += fmt.Sprintf("\nmodel M%d(q, v, k real, a, b time) (q1, v1 real) {\n\tend := solve(%s{q: q, v: v, k: k}, over: a..b, with: %s{%s})\n\treturn end.q, end.v\n}\n", n, system, row.Name, options)
		cases += fmt.Sprintf(`
	{"%[2]s of %[3]s", %[4]d, %[5]t, func(t *testing.T, p *Params, x *batch, stats *rt.BatchStats) error {
		return NewM%[1]d(p).Batch(t.Context(), M%[1]dBatchOutput{Q1: x.q1, V1: x.v1}, M%[1]dBatchInput{Q: x.q, V: x.v, K: x.k, A: x.a, B: x.b}, stats)
	}, func(p *Params, x *batch, i int) (float64, float64, error) {
		out, err := NewM%[1]d(p).Forward(M%[1]dInput{Q: x.q[i], V: x.v[i], K: x.k[i], A: x.a[i], B: x.b[i]})
		return out.Q1, out.V1, err
	}},`, n, row.Name, system, budget, !strings.HasPrefix(options, "rtol") && system == "Nasty")
		if system == "Nasty" && !strings.HasPrefix(options, "step:") {
			o, a, m := inPlaceCases(row, n, options)
			ones, alongs, more = ones+o, alongs+a, more+m
		}
		n++
	}
	for _, row := range method.Rows(method.Solver) {
		if row.Later || row.Family == method.Stochastic || row.Family == method.Shooting {
			continue
		}
		options, budget := "steps: 25", 25+3*60
		if row.Adaptive() {
			options, budget = "rtol: 1e-4, atol: 1e-6, max_steps: 100", 100
		}
		add("Nasty", row, options, budget)
		if strings.Contains("dopri5 rk4 rkn64 leapfrog adams_moulton alf", row.Name) {
			add("Struck", row, options, budget)
		}
	}
	for _, name := range []string{"rk4", "bosh3", "leapfrog", "adams_moulton"} { // rows with spans of 2.5e10 steps
		add("Nasty", method.Lookup(name), "step: 0.04", 2/0.04+1)
		add("Struck", method.Lookup(name), "step: 0.04", 2/0.04+3*60)
	}
	res, ds := driver.Compile(map[string]string{"nasty.nde": src + more}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	var wants [][]map[string]int
	few := rows[:min(len(rows), 27)]
	for i := range n {
		m := res.Module.Models[slices.IndexFunc(res.Module.Models, func(m *ir.Model) bool { return m.Name == fmt.Sprintf("M%d", i) })]
		mc, err := interp.New(res.Module, nil)
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]int
		for _, r := range few {
			one := func(x float64) interp.Tensor { return interp.Of([]float64{x}) }
			out, err := mc.Call(m.Func, one(r.Q), one(r.V), one(r.K), one(r.A), one(r.B))
			if err != nil {
				t.Fatal(err)
			}
			out = out[len(m.Outputs):]
			list = append(list, map[string]int{"NFE": int(out[0].Data[0]), "Accepted": int(out[1].Data[0]), "Rejected": int(out[2].Data[0]), "Status": int(out[3].Data[0])})
		}
		wants = append(wants, list)
	}
	text := func(x any) string {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return "`" + string(b) + "`"
	}
	files := map[string]string{"nasty_test.go": strings.Replace(nastyTest, "CASES", cases+"\n", 1) + "\nconst rowText = " + text(rows) + "\n\nconst wantText = " + text(wants) + "\n",
		"inplace_test.go": strings.NewReplacer("{ONES}", "{"+ones+"\n}", "{ALONGS}", "{"+alongs+"\n}").Replace(inPlaceTest)}
	for _, f := range res.Out {
		files[f.Name] = string(f.Text)
	}
	testModule(t, map[string]map[string]string{"nasty": files})
}
