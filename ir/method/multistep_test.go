package method

import (
	"fmt"
	"math"
	"testing"

	"ndec.dev/ndec/ir"
)

// adams are the Adams methods of all orders.
func adams() []*Row {
	var rows []*Row
	for _, name := range []string{"adams_bashforth", "adams_moulton"} {
		for order := 2; order <= 12; order++ {
			rows = append(rows, Lookup(name).With([]ir.Setting{{Key: "order", Num: float64(order)}}))
		}
	}
	return append(rows, Lookup("adams_moulton").With([]ir.Setting{{Key: "order", Num: 5}, {Key: "corrections", Num: 3}}))
}

// Adams methods have their order, both ways in time. Above order 6 rounding hides the slope.
func TestMultistepSlope(t *testing.T) {
	for _, r := range adams() {
		if r.Order() > 6 {
			continue
		}
		s, n := memorySolve(t, r)
		y0 := [][]float64{num(1), num(0.5), num(0)}
		for len(y0) < n {
			y0 = append(y0, num(math.NaN())) // nobody may read it
		}
		march := func(span float64, steps int) [][]float64 {
			h := span / float64(steps)
			y := call(s.Start, append([][]float64{num(0), num(float64(s.StartSteps) * h)}, y0...)...)
			for k := s.StartSteps; k < steps; k++ {
				y = call(s.Step, append([][]float64{num(float64(k) * h), num(h)}, y...)...)
			}
			return y
		}
		off := func(a, b [][]float64) float64 {
			return max(distance(a[0], b[0]), distance(a[1], b[1]), distance(a[2], b[2]))
		}
		steps := map[int]int{2: 100, 3: 100, 4: 100, 5: 80, 6: 80}[r.Order()]
		for _, span := range []float64{2, -2} {
			a, b, c := march(span, steps), march(span, 2*steps), march(span, 4*steps)
			near15(t, fmt.Sprintf("%s of order %d over %g", r.Name, r.Order(), span), math.Log2(off(a, b)/off(b, c)), float64(r.Order()))
		}
		if got := evaluations(s.Step, s.Field); got != s.StepEvals {
			t.Errorf("%s: %d evaluations, %d counted", r.Name, got, s.StepEvals)
		}
		if got := call(s.Replay, append([][]float64{num(0), num(0.1)}, march(1, 20)...)...); distance(got[0], call(s.Step, append([][]float64{num(0), num(0.1)}, march(1, 20)...)...)[0]) != 0 {
			t.Errorf("%s: the replay of a step is not the step", r.Name)
		}
	}
}

// A method of order p integrates polynomials in t of a degree below p exactly, and not those of degree p: at the
// end of steps, and inside them. Inside the first step of a method with q places those of a degree below q are exact.
func TestMultistepExact(t *testing.T) {
	const t0, h = 0.25, 0.5
	for _, r := range adams() {
		p, places := r.Order(), len(r.Memory.Suffixes)
		for degree := range p + 1 {
			s := powerSolve(t, r, degree)
			exact := func(at float64) float64 { return math.Pow(at-1, float64(degree+1)) / float64(degree+1) }
			size := 1.0
			off := func(what string, got, at float64, below int) {
				size = max(size, math.Abs(exact(at)))
				if d := math.Abs(got-exact(at)) / size; degree < below && d > 1e-12 || degree >= below && d < 1e-13 {
					t.Errorf("%s of order %d, degree %d: %s is off by %g", r.Name, p, degree, what, d)
				}
			}
			y := [][]float64{num(exact(t0))}
			for range places {
				y = append(y, num(math.NaN()))
			}
			long := h * float64(s.StartSteps)
			start := call(s.Start, append([][]float64{num(t0), num(long)}, y...)...)
			t1 := t0 + long
			if d := math.Abs(start[0][0]-exact(t1)) / (1 + math.Abs(exact(t1))); degree < p && d > 1e-12 {
				t.Errorf("%s of order %d, degree %d: the first step is off by %g", r.Name, p, degree, d)
			}
			next := call(s.Step, append([][]float64{num(t1), num(h)}, start...)...)
			off("a step", next[0][0], t1+h, p)
			for _, theta := range []float64{0.3, 0.8} {
				in := func(a, b [][]float64) [][]float64 { return append(append([][]float64{num(theta), num(h)}, a...), b...) }
				off("a place in a step", call(s.Dense, in(start, next)...)[0][0], t1+theta*h, p)
				first := append(append([][]float64{num(theta), num(long)}, y...), start...)
				off("a place in the first step", call(s.StartDense, first...)[0][0], t0+theta*long, places)
				again := call(s.StartAt, append([][]float64{num(t0), num(long), num(theta)}, y...)...)[0]
				if d := distance(again, call(s.StartDense, first...)[0]); d != 0 {
					t.Errorf("%s: the replay inside the first step is off by %g", r.Name, d)
				}
			}
		}
	}
}

// powerSolve is x' = (t - 1)^degree.
func powerSolve(t *testing.T, r *Row, degree int) *ir.Solve {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	b := ir.NewFunc("Power.field", ir.Solve{}.Span, ir.F64)
	at := b.Arg("t", ir.Scalar(ir.F64))
	b.Arg("x", ir.Scalar(ir.F64))
	v := b.Const(1, ir.F64)
	for range degree {
		v = b.Mul(v, b.Sub(at, b.Const(1, ir.F64)))
	}
	s := &ir.Solve{Name: "P.0", Field: m.AddFunc(b.Return(v)), Steps: 1, States: []ir.SolveState{{Name: "x", Type: ir.Scalar(ir.F64), InNorm: true}}}
	if err := Build(m, s, r, Config{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// The first steps are made by methods of the order that they are said to have.
func TestExtrapolated(t *testing.T) {
	ts := trees(11)
	for n := 1; n <= 5; n++ {
		m := extrapolated(n)
		cs := newConditions(rationals{}, m.A, ts)
		for order := 1; order <= 2*n+1; order++ {
			if got, want := cs.holds(m.B, ts[order]), order <= m.Order; got != want {
				t.Errorf("%d steps: the conditions of order %d hold: %t", n, order, got)
			}
		}
	}
}
