package codegen_test

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/lower"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// TestScans compares scans of an even and an odd number of runs, in both directions, over scalars,
// arrays and arrays that lie in the workspace, with the interpreter; gradients too.
func TestScans(t *testing.T) {
	var es []*emitted
	for i, c := range []struct{ real, runs, size, way string }{
		{"f64", "1", "5", ""}, {"f64", "4", "5", ""}, {"f64", "3", "5", "back"}, {"f32", "4", "2", "back"}, {"f64", "3", "3000", ""},
	} {
		src := strings.NewReplacer("REAL", c.real, "RUNS", c.runs, "SIZE", c.size, "BACK", c.way).Replace(`
module m real REAL

param net.w [SIZE]REAL

func cell(h: [SIZE]REAL, k: i32, s: REAL, x: REAL, z: [SIZE]REAL, c: [SIZE]REAL) -> (h: [SIZE]REAL, k: i32, s: REAL, y: [SIZE]REAL, k2: i32) {
  %wz = mul net.w, z
  %hs = mul h, s
  %a = add %wz, %hs
  %b = mul c, x
  %sum = add %a, %b
  %h1 = tanh %sum
  %k1 = add k, 1:i32
  %kf = cast k REAL
  %ks = mul %kf, 0.125:REAL
  %t = add s, %ks
  %s1 = sin %t
  %y = mul %h1, z
  return %h1, %k1, %s1, %y, %k1
}

func net(h: [SIZE]REAL, xs: [RUNS]REAL, zs: [RUNS,SIZE]REAL) -> (end: [SIZE]REAL, k: REAL, ys: [RUNS,SIZE]REAL, ks: [RUNS]REAL) {
  %c = cos h
  %r = scan cell RUNS 3 2 BACK, h, 2:i32, 0.5:REAL, xs, zs, %c
  %end = result %r 0; %k = result %r 1; %ys = result %r 3; %ks = result %r 4
  %kf = cast %k REAL
  %ksf = cast %ks REAL
  return %end, %kf, %ys, %ksf
}

func objective(h: [SIZE]REAL, xs: [RUNS]REAL, zs: [RUNS,SIZE]REAL) -> (loss: REAL, size: REAL) {
  %r = call net, h, xs, zs
  %end = result %r 0; %ys = result %r 2
  %a = mean %end
  %b = square %ys
  %b1 = mean %b
  %loss = add %a, %b1
  return %loss, %a
}

model Net {
  func net
  inputs h: [SIZE]REAL, xs: [RUNS]REAL, zs: [RUNS,SIZE]REAL
  outputs end: [SIZE]REAL, k: REAL, ys: [RUNS,SIZE]REAL, ks: [RUNS]REAL
}

recipe Fit {
  columns h: [SIZE]REAL, xs: [RUNS]REAL, zs: [RUNS,SIZE]REAL
  objective objective
  metrics size
  set data "Rows"
  set epochs 1
  set optimizer choice sgd(lr 0.1)
}

data Rows {
  columns h: [SIZE]REAL, xs: [RUNS]REAL, zs: [RUNS,SIZE]REAL
}
`)
		m, err := ir.ParseModule("scan.ir", src)
		if err != nil {
			t.Fatal(err)
		}
		if err := ir.Verify(m); err != nil {
			t.Fatal(err)
		}
		numbers := func(n, seed int) []float64 {
			xs := make([]float64, n)
			for k := range xs {
				xs[k] = float64((k*7919+seed*104729)%255-127) / 128
			}
			return xs
		}
		n, size := m.Models[0].Inputs[1].Type.Len(), m.Params[0].Type.Len()
		var rows [][]interp.Tensor
		for r := range 3 {
			rows = append(rows, []interp.Tensor{interp.Of(numbers(size, r+1), size), interp.Of(numbers(n, r+5), n), interp.Of(numbers(n*size, r+9), n, size)})
		}
		e := emit(t, fmt.Sprint("scan", i), m, map[string][]float64{"net.w": numbers(size, 3)}, rows)
		if c.size == "3000" && !strings.Contains(text(e), "&ws.") {
			t.Error("large arrays that are handed on are not in the workspace")
		}
		es = append(es, e)
	}
	compare(t, es)
}

// text is all that was emitted.
func text(e *emitted) string {
	var b strings.Builder
	for _, f := range e.files {
		b.Write(f.Text)
	}
	return b.String()
}

// program lowers a source in double precision.
func program(t *testing.T, src string) *ir.Module {
	t.Helper()
	f, ds := syntax.Parse("prog.nde", []byte(src))
	p, more := sema.Check([]*syntax.File{f}, sema.Options{Precision: "f64"})
	if ds = append(ds, more...); ds.HasErrors() {
		t.Fatal(ds)
	}
	m, ds := lower.Lower(p)
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return m
}

// TestSolveTwice runs one solve from two starts in an objective: each run has a tape of its own.
func TestSolveTwice(t *testing.T) {
	m := program(t, `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

model M(x [2]real) (y [2]real) {
	end := solve(Flow{x: x}, over: 0..1, with: rk4{steps: 2})
	return end.x
}

model N(x [2]real) (y [2]real) {
	return M(M(x) - 1)
}

data D {
	x [2]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	minimize sqnorm(M(x)) + sqnorm(M(2*x) - x)
	metric gap = norm(M(x))
	epochs: 1
	optimizer: sgd
}
`)
	m.Models = []*ir.Model{m.Models[1]}
	params := map[string][]float64{}
	for k, p := range m.Params {
		for i := range p.Type.Len() {
			params[p.Name] = append(params[p.Name], float64((7*i+3*k)%11-5)/8)
		}
	}
	rows := [][]interp.Tensor{{interp.Of([]float64{0.5, -0.25}, 2)}, {interp.Of([]float64{-1, 0.75}, 2)}}
	compare(t, []*emitted{emit(t, "twice", m, params, rows)})
}
