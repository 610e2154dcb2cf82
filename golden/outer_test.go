package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// TestOuterSolarSystem: the example of docs/solvers.md, 200,000 days of six bodies, as a program and as a Go function, against the numbers of
// docs/problems/outer/reference.py.
func TestOuterSolarSystem(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "docs", "problems", "outer")
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var want []float64 // positions, then velocities, by body
	for _, word := range strings.Fields(string(read("reference.txt"))) {
		if x, err := strconv.ParseFloat(word, 64); err == nil {
			want = append(want, x)
		}
	}
	start := map[string][][3]float64{}
	if err := json.Unmarshal(read("start.json"), &start); err != nil || len(want) != 36 {
		t.Fatal(err, len(want))
	}
	bodies := []string{"sun", "jup", "sat", "ura", "nep", "plu"}
	var y0 []float64
	for _, before := range []string{"", "v"} {
		for _, b := range bodies {
			y0 = append(y0, start[before+b][0][:]...)
		}
	}
	// off is the largest error of a coordinate, in astronomical units.
	off := func(y []float64) (worst float64) {
		for i, x := range y[:18] {
			worst = max(worst, math.Abs(x-want[i]))
		}
		return worst
	}

	masses := []float64{1.00000597682, 0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 1 / 1.3e8}
	field := func(_ float64, y, dy []float64) {
		copy(dy, y[18:])
		a := dy[18:]
		clear(a)
		for i := range 6 {
			for j := range i {
				d := [3]float64{y[3*j] - y[3*i], y[3*j+1] - y[3*i+1], y[3*j+2] - y[3*i+2]}
				r2 := d[0]*d[0] + d[1]*d[1] + d[2]*d[2]
				pull := 2.95912208286e-4 / (r2 * math.Sqrt(r2))
				for x := range 3 {
					a[3*i+x] += masses[j] * pull * d[x]
					a[3*j+x] -= masses[i] * pull * d[x]
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		o    rt.SolveOptions
		tol  float64
	}{
		{"dopri8", rt.SolveOptions{RTol: 1e-12, ATol: 1e-12}, 3e-7},
		{"vern9", rt.SolveOptions{RTol: 1e-12, ATol: 1e-12}, 6e-8},
		{"vern7", rt.SolveOptions{RTol: 1e-12, ATol: 1e-12}, 6e-8},
		{"tsit5", rt.SolveOptions{RTol: 1e-10, ATol: 1e-10}, 3e-4},
		{"dopri5", rt.SolveOptions{RTol: 1e-10, ATol: 1e-10}, 2e-4},
		{"rkn64", rt.SolveOptions{RTol: 1e-10, ATol: 1e-10, Positions: 18}, 1e-8},
		{"rkn5", rt.SolveOptions{Step: 40, Positions: 18}, 1e-3},
		{"mclachlan4", rt.SolveOptions{Step: 50, Positions: 18}, 3e-3},
		{"yoshida4", rt.SolveOptions{Step: 50, Positions: 18}, 0.1},
		{"leapfrog", rt.SolveOptions{Step: 20, Positions: 18}, 1},
		{"adams_moulton", rt.SolveOptions{Step: 40, Order: 10}, 6e-7},
	} {
		if c.o.Method = c.name; c.o.Step == 0 {
			c.o.MaxSteps = 1_000_000
		}
		s, err := rt.Solve(field, y0, 0, 200000, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		e := off(s.End)
		if !(e <= c.tol) {
			t.Errorf("%s: off by %.2g astronomical units after %d evaluations, at most %g", c.name, e, s.Stats.NFE, c.tol)
		}
	}

	program := strings.Replace(string(read("outer.nde")), "dopri8{rtol: 1e-12, atol: 1e-12,", "dopri8{rtol: 1e-10, atol: 1e-10,", 1)
	res, ds := driver.Compile(map[string]string{"outer.nde": program}, driver.Options{Precision: "f64", Until: "opt"})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	mc, err := interp.New(res.Module, nil)
	if err != nil {
		t.Fatal(err)
	}
	var in []interp.Tensor
	for i := range 12 {
		in = append(in, interp.Of(y0[3*i:3*i+3], 3))
	}
	out, err := mc.Call(res.Module.Models[0].Func, in...)
	if err != nil || len(mc.Failed) > 0 {
		t.Fatal(err, mc.Failed)
	}
	var end []float64
	for _, x := range out[:6] {
		end = append(end, x.Data...)
	}
	if e := off(end); !(e <= 5e-5) {
		t.Errorf("the program is off by %.2g", e)
	}
}
