package cudagen_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// odd are numbers that kernels may treat in another way than the interpreter, or hand on to neighbours.
var odd = []float64{math.NaN(), math.Inf(1), 1e-310, math.Inf(-1), math.Copysign(0, -1), 1e30, -1e-42, -1e300}

// beside runs the models of a subject with an odd number in every second row. The others have the bits that they had, and the odd ones end as they do in the
// interpreter, in float64: what overflows and what does not is another matter in float32.
func beside[R rt.Float](t *testing.T, s *subject, dev rt.Device, o outcome) {
	t.Helper()
	if s.rows < 2 {
		return
	}
	p, w := program[R](t, s)
	p, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	defer closeAll()
	mc, err := interp.New(s.m, s.params)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i := range p.Models {
		m, of := &p.Models[i], s.m.Models[i]
		k := p.Kernels.Model(m.Name)
		if k == nil {
			continue
		}
		m.Sites = m.Sites[:k.Stats]
		in, first, stats := s.table(of.Inputs), o.Models[at], o.Stats[at]
		if at++; of.Func.InStep() {
			continue
		}
		for row := 0; row < in.Rows; row += 2 {
			c := row / 2 % len(in.Columns)
			if xs := in.Columns[c].Row(row); of.Inputs[c].Type.Elem != ir.I32 {
				xs[row%len(xs)] = odd[(row/2+i)%len(odd)]
			}
		}
		rows, out := m.Rows(w, in), rt.NewTable(m.Outputs, in.Rows)
		var again rt.BatchStats
		_ = rows.Batch(context.Background(), &again, 0) // samples that fail are among the statistics
		rows.Store(out)
		for row := range in.Rows {
			if row%2 == 1 {
				for j, site := range again.Sites {
					if was := stats.Sites[j]; site.NFE[row] != was.NFE[row] || site.Status[row] != was.Status[row] || site.H[row] != was.H[row] {
						t.Errorf("%s: model %s row %d takes other steps beside an odd one", s.name, m.Name, row)
					}
				}
				for c := range out.Columns {
					if a, b := fmt.Sprint(out.Columns[c].Row(row)), fmt.Sprint(first.Columns[c].Row(row)); a != b {
						t.Errorf("%s: model %s row %d beside an odd one is %s, %s else", s.name, m.Name, row, a, b)
					}
				}
				continue
			}
			if s.m.Real == ir.F32 || row >= 2*len(odd)*len(in.Columns) {
				continue
			}
			want, err := mc.Call(of.Func, args(of.Func, in, row, rt.Key{Step: rt.EvalStep})...)
			if err != nil {
				t.Fatal(err)
			}
			failed := false
			for j := range of.Solves {
				st := rt.Status(want[len(of.Outputs)+j*ir.NumStats+ir.StatStatus].Data[0])
				failed = failed || st.Failed()
				if got := again.Sites[j].Status[row]; got != st {
					t.Errorf("%s: model %s row %d, which is odd, ends with %v, in the interpreter with %v", s.name, m.Name, row, got, st)
				}
			}
			for c := range of.Outputs {
				for e, x := range out.Columns[c].Row(row) {
					y := want[c].Data[e]
					if !failed && !(math.IsNaN(x) && math.IsNaN(y)) && x != y && !(math.Abs(x-y) <= 1e-9*max(1, math.Abs(y))) {
						t.Errorf("%s: model %s row %d, which is odd: output %d is %v, in the interpreter %v", s.name, m.Name, row, c, x, y)
					}
				}
			}
		}
	}
}
