package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
)

// cell is a small recurrent cell: (h [3], n counter, x [2], c) -> (h, n, y [2], s scalar), n a number
// that depends on nothing.
func cell(m *ir.Module, w, u *ir.Param) *ir.Func {
	b := ir.NewFunc("cell", diag.Span{}, ir.F64)
	h, n := b.Arg("h", ir.Tensor(ir.F64, 3)), b.Arg("n", f64)
	x, c := b.Arg("x", ir.Tensor(ir.F64, 2)), b.Arg("c", f64)
	in := b.Concat(0, h, x)
	next := b.Unary(ir.OpTanh, b.Add(b.MatVec(b.Param(w), in), b.Mul(h, b.Mul(c, b.Unary(ir.OpSin, n)))))
	y := b.Unary(ir.OpSin, b.MatVec(b.Param(u), next))
	return m.AddFunc(b.Return(next, b.Add(n, b.Num(1)), y, b.Mul(b.Sum(b.Mul(h, h)), c)))
}

// overScan is (h, xs, c) -> (last h, stacked results…) by a scan of the cell.
func overScan(m *ir.Module, g *ir.Func, back bool) *ir.Func {
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	h, xs, c := b.Arg("h", ir.Tensor(ir.F64, 3)), b.Arg("xs", ir.Tensor(ir.F64, 4, 2)), b.Arg("c", f64)
	s := &ir.Scan{Fn: g, N: 4, Carry: 2, Mapped: 1, Back: back}
	rs := b.Results(b.Emit(ir.OpScan, ir.Attr{Scan: s}, h, b.Num(0.25), xs, b.Unary(ir.OpTanh, c)))
	e := b.Add(b.Sum(b.Unary(ir.OpSquare, rs[2])), b.Add(b.Sum(b.Mul(rs[0], rs[0])), b.Mul(rs[1], b.Sum(rs[3]))))
	return m.AddFunc(b.Return(rs[0], rs[1], rs[2], rs[3], e))
}

// TestScan differentiates through scans in both directions, by what is handed on, slices, shared
// operands and parameters; and again through the derivatives.
func TestScan(t *testing.T) {
	for _, back := range []bool{false, true} {
		for _, level := range []string{"", "vjp", "jvp", "grad", "hess", "vjp of vjp"} {
			t.Run(fmt.Sprint(level, back), func(t *testing.T) {
				m := &ir.Module{Real: ir.F64}
				w := m.AddParam(&ir.Param{Name: "w", Type: ir.Tensor(ir.F64, 3, 5)})
				u := m.AddParam(&ir.Param{Name: "u", Type: ir.Tensor(ir.F64, 2, 3)})
				f := overScan(m, cell(m, w, u), back)
				rnd := newDrawer(5)
				params := map[*ir.Param][]float64{w: rnd.uniform(15, -0.6, 0.6), u: rnd.uniform(6, -1, 1)}
				args := [][]float64{rnd.uniform(3, -1, 1), rnd.uniform(8, -1, 1), {0.7}}
				derive := func(of func(*ir.Module, *ir.Func, diff.Wrt) (*ir.Func, diag.List)) {
					t.Helper()
					g, ds := of(m, f, diff.Everything(f))
					if ds != nil {
						t.Fatal(ds)
					}
					for _, a := range g.Args[len(args):] {
						args = append(args, rnd.uniform(a.Type.Len(), -1, 1))
					}
					f = g
				}
				switch level {
				case "vjp":
					derive(diff.VJP)
				case "jvp":
					derive(diff.JVP)
				case "vjp of vjp":
					derive(diff.VJP)
					derive(diff.VJP)
				case "grad", "hess":
					b := ir.NewFunc("g", diag.Span{}, ir.F64)
					h, xs, c := b.Arg("h", ir.Tensor(ir.F64, 3)), b.Arg("xs", ir.Tensor(ir.F64, 4, 2)), b.Arg("c", f64)
					s := &ir.Scan{Fn: f, N: 1, Carry: 0, Mapped: 0}
					e := b.Reshape(b.Results(b.Emit(ir.OpScan, ir.Attr{Scan: s}, h, xs, c))[4])
					op := ir.OpGrad
					if level == "hess" {
						op = ir.OpHess
					}
					f = m.AddFunc(b.Return(e, b.Emit(op, ir.Attr{}, e, xs), b.Emit(ir.OpGrad, ir.Attr{}, e, b.Param(w))))
				}
				checkFunc(t, m, f, args, params, 1e-6)
				if err := ir.Verify(m); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestScanAffine fits what a scan hands on by least squares where that is affine in the parameters.
func TestScanAffine(t *testing.T) {
	const program = `
param net.a f64

func cell(h: f64, x: f64) -> (h: f64) {
  %hf = mul h, FACTOR
  %ax = mul net.a, x
  %next = add %hf, %ax
  return %next
}

func objective(xs: [3]f64) -> (loss: f64) {
  %s = scan cell 3 1 1, 1:f64, xs
  %end = result %s 0
  %sq = square %end
  return %sq
}

recipe Fit {
  columns xs: [3]f64
  objective objective
  set optimizer choice lstsq()
}
`
	parse := func(factor string) *ir.Module {
		m, err := ir.ParseModule("t", strings.ReplaceAll(program, "FACTOR", factor))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := parse("0.5:f64")
	if ds := diff.Run(m); ds != nil {
		t.Fatal(ds)
	}
	// Row 0 is the end with a = 0, row 1 with a = 1.
	got := eval(m.Recipes[0].Design, [][]float64{{2, 3, 5}}, map[*ir.Param][]float64{m.Params[0]: {7}})[0]
	if d := cmp.Diff([]float64{0.125, 0.125 + 2*0.25 + 3*0.5 + 5}, got); d != "" {
		t.Error(d)
	}
	if ds := diff.Run(parse("net.a")); len(ds) != 1 || ds[0].Code != "NDE0612" {
		t.Errorf("a power of the parameter: %v", ds)
	}
}
