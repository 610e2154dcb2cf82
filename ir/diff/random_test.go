package diff_test

import (
	"fmt"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
)

// randomFunc is a function of vectors and scalars with much sharing, and with derivative nodes
// inside: their variables are earlier values.
func randomFunc(m *ir.Module, rnd drawer, w *ir.Param) *ir.Func {
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	vecs := []*ir.Value{b.Arg("x", ir.Tensor(ir.F64, 3)), b.Arg("y", ir.Tensor(ir.F64, 3))}
	scalars := []*ir.Value{b.Arg("s", f64)}
	pick := func(vs []*ir.Value) *ir.Value { return vs[rnd.IntN(len(vs))] }
	nodes := 0
	for range 12 {
		u, v, s := pick(vecs), pick(vecs), pick(scalars)
		switch rnd.IntN(9) {
		case 0:
			vecs = append(vecs, b.Unary(ir.OpTanh, b.MatVec(b.Param(w), u)))
		case 1:
			vecs = append(vecs, b.Unary(ir.OpSin, b.Add(u, b.Mul(v, s))))
		case 2:
			vecs = append(vecs, b.Mul(b.Unary(ir.OpTanh, u), v))
		case 3:
			scalars = append(scalars, b.Unary(ir.OpTanh, b.Sum(b.Mul(u, v))))
		case 4:
			scalars = append(scalars, b.Mul(b.Unary(ir.OpSin, s), pick(scalars)))
		case 5:
			vecs = append(vecs, b.Concat(0, b.Slice(u, 0, 1), b.Slice(v, 1, 3)))
		case 6:
			vecs = append(vecs, b.Sub(b.VecMat(u, b.Param(w)), b.Mul(s, v)))
		default:
			if nodes == 2 {
				continue
			}
			nodes++
			e := b.Sum(b.Mul(b.Unary(ir.OpSquare, u), b.Unary(ir.OpTanh, v))) // depends on both
			if rnd.IntN(2) == 0 {
				vecs = append(vecs, b.Emit(ir.OpGrad, ir.Attr{}, e, u))
			} else {
				vecs = append(vecs, b.MatVec(b.Emit(ir.OpHess, ir.Attr{}, e, u), v))
			}
		}
	}
	return m.AddFunc(b.Return(b.Add(vecs[len(vecs)-1], vecs[len(vecs)-2]), scalars[len(scalars)-1]))
}

// TestRandom differentiates random functions.
func TestRandom(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := newDrawer(seed)
			m := &ir.Module{Real: ir.F64}
			w := m.AddParam(&ir.Param{Name: "w", Type: ir.Tensor(ir.F64, 3, 3)})
			f := randomFunc(m, rnd, w)
			if ds := diff.Run(m); ds != nil {
				t.Fatal(ds)
			}
			params := map[*ir.Param][]float64{w: rnd.uniform(9, -0.5, 0.5)}
			args := [][]float64{rnd.uniform(3, -1, 1), rnd.uniform(3, -1, 1), rnd.uniform(1, -1, 1)}
			checkFunc(t, m, f, args, params, 1e-7)
		})
	}
}
