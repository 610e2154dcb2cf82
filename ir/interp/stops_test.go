package interp

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// A field that jumps at stops is integrated as if in pieces: no step sees both of its sides, whatever the
// method, forwards and backwards, and outputs at the stop are those of the left piece.
func TestStops(t *testing.T) {
	for _, name := range []string{"euler", "rk4", "dopri5", "cashkarp"} {
		for _, span := range [][2]float64{{-1, 2}, {2, -1}} {
			b := ir.NewFunc("f", diag.Span{}, ir.F64)
			at := b.Arg("t", ir.Scalar(ir.F64))
			b.Arg("x", ir.Scalar(ir.F64))
			rate := b.Select(b.Binary(ir.OpLt, at, b.Num(0)), b.Num(1), b.Num(3))
			rate = b.Select(b.Binary(ir.OpLt, at, b.Num(0.7)), rate, b.Num(-5))
			rate = b.Select(b.Binary(ir.OpEq, at, b.Num(0)), b.Num(1e9), rate) // nobody looks there
			m := &ir.Module{Real: ir.F64}
			s := &ir.Solve{Name: "M.0", States: []ir.SolveState{{Name: "x", Type: ir.Scalar(ir.F64), InNorm: true}}, Steps: 4,
				RTol: 1e-3, ATol: 1e-3, MaxSteps: 100, Times: 4, Stops: 3, Field: m.AddFunc(b.Return(rate))}
			if err := method.Build(m, s, method.Lookup(name), method.Config{}); err != nil {
				t.Fatal(err)
			}
			m.Solves = append(m.Solves, s)
			stops, times := []float64{-3, 0, 0.7}, []float64{-1, 0, 0.7, 2}
			exact := map[float64]float64{-1: 0, 0: 1, 0.7: 3.1, 2: -3.4}
			if span[0] > span[1] {
				stops, times = []float64{0.7, 0, -3}, []float64{2, 0.7, 0, -1}
			}
			mb := ir.NewFunc("M", diag.Span{}, ir.F64)
			in := []*ir.Value{mb.Num(span[0]), mb.Data(times, ir.Tensor(ir.F64, 4)), mb.Data(stops, ir.Tensor(ir.F64, 3)), mb.Num(exact[span[0]])}
			f := m.AddFunc(mb.Return(mb.Results(mb.Emit(ir.OpSolve, ir.Attr{Solve: s}, in...))...))
			mc, err := New(m, nil)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mc.Call(f)
			if err != nil {
				t.Fatal(err)
			}
			for i, at := range times {
				if d := math.Abs(out[0].Data[i] - exact[at]); d > 1e-13 {
					t.Errorf("%s over %v: at %g off by %g", name, span, at, d)
				}
			}
			if rejected := out[3].Data[0]; rejected != 0 {
				t.Errorf("%s over %v: %g rejected steps", name, span, rejected)
			}
		}
	}
}
