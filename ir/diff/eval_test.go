package diff_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"ndec.dev/ndec/ir"
)

// eval computes f in float64 by the operators' rows: calls, maps and defined operators through
// their bodies, solves by the machine's steps.
func eval(f *ir.Func, args [][]float64, params map[*ir.Param][]float64) [][]float64 {
	return machine{params: params}.eval(f, args)
}

// machine evaluates functions; its solves take the steps that it is told.
type machine struct {
	params           map[*ir.Param][]float64
	mesh             []float64
	replay, replayAt *ir.Func
	halves           *int // counts steps back that were compared with those from what was kept
}

func (m machine) eval(f *ir.Func, args [][]float64) [][]float64 {
	vals := map[*ir.Value][]float64{}
	tuples := map[*ir.Value][][]float64{}
	steps := map[*ir.Value][]step{}
	set := func(v *ir.Value, outs [][]float64) {
		if v.Type.Elem == ir.Tuple {
			tuples[v] = outs
		} else {
			vals[v] = outs[0]
		}
	}
	for _, v := range f.Values {
		in := make([][]float64, len(v.Args))
		for i, a := range v.Args {
			in[i] = vals[a]
		}
		switch v.Op {
		case ir.OpArg:
			vals[v] = args[v.Attr.Index]
		case ir.OpParam:
			vals[v] = m.params[v.Attr.Param]
		case ir.OpConst:
			if v.Attr.Data != nil {
				vals[v] = v.Attr.Data
				continue
			}
			vals[v] = make([]float64, v.Type.Len())
			for i := range vals[v] {
				vals[v][i] = v.Attr.Num
			}
		case ir.OpResult:
			vals[v] = tuples[v.Args[0]][v.Attr.Index]
		case ir.OpCall:
			set(v, m.eval(v.Attr.Func, in))
		case ir.OpMap:
			mp := v.Attr.Map
			var outs [][]float64
			for k := range mp.N {
				slice := append([][]float64(nil), in...)
				for i := range mp.Mapped {
					n := len(in[i]) / mp.N
					slice[i] = in[i][k*n : (k+1)*n]
				}
				for i, o := range m.eval(mp.Fn, slice) {
					if k == 0 {
						outs = append(outs, nil)
					}
					outs[i] = append(outs[i], o...)
				}
			}
			set(v, outs)
		case ir.OpScan:
			set(v, m.scan(v.Attr.Scan, in))
		case ir.OpSolve:
			tuples[v], steps[v] = m.solve(v.Attr.Solve, in)
		case ir.OpRev:
			if !v.Args[0].Attr.Solve.Record || v.Attr.Rev.Solve != v.Args[0].Attr.Solve {
				panic("a reverse sweep over a solve that does not record")
			}
			var operands [][]float64
			for _, a := range v.Args[0].Args {
				operands = append(operands, vals[a])
			}
			set(v, m.rev(v.Attr.Rev, operands, steps[v.Args[0]], in[1:]))
		default:
			info := v.Op.Info()
			if info.Define != nil {
				b := ir.NewFunc("body", v.Span, ir.F64)
				var as []*ir.Value
				for _, a := range v.Args {
					as = append(as, b.Arg("", a.Type))
				}
				at := v.Attr
				vals[v] = m.eval(b.Return(info.Define(b, as, &at)), in)[0]
				continue
			}
			data := make([]ir.Datum, len(in))
			for i := range in {
				data[i] = ir.Datum{Type: v.Args[i].Type, Data: in[i]}
			}
			vals[v] = make([]float64, v.Type.Len())
			at := v.Attr
			info.Eval(data, &at, vals[v])
		}
	}
	outs := make([][]float64, len(f.Results))
	for i, r := range f.Results {
		outs[i] = vals[r]
	}
	return outs
}

// drawer makes numbers for tests.
type drawer struct{ *rand.Rand }

func newDrawer(seed uint64) drawer { return drawer{rand.New(rand.NewPCG(seed, 1))} }

func (d drawer) normal(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = d.NormFloat64()
	}
	return x
}

func (d drawer) uniform(n int, lo, hi float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*d.Float64()
	}
	return x
}

func dot(x, y []float64) float64 {
	var s float64
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}

func moved(x, dx []float64, h float64) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] + h*dx[i]
	}
	return y
}

// slope is the derivative of the scalar function at 0 by central differences of two widths
// (Richardson), good to about 1e-9.
func slope(f func(h float64) float64) float64 {
	const h = 1e-3
	d := func(h float64) float64 { return (f(h) - f(-h)) / (2 * h) }
	return (4*d(h/2) - d(h)) / 3
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tol*(1+math.Abs(want)) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// scan runs a function again and again.
func (m *machine) scan(s *ir.Scan, in [][]float64) [][]float64 {
	hand := in[:s.Carry:s.Carry]
	ys := make([][][]float64, s.N)
	for k := range s.N {
		n := k
		if s.Back {
			n = s.N - 1 - k
		}
		args := append([][]float64(nil), hand...)
		for _, x := range in[s.Carry : s.Carry+s.Mapped] {
			w := len(x) / s.N
			args = append(args, x[n*w:(n+1)*w])
		}
		outs := m.eval(s.Fn, append(args, in[s.Carry+s.Mapped:]...))
		hand, ys[n] = outs[:s.Carry], outs[s.Carry:]
	}
	outs := append([][]float64(nil), hand...)
	for i := range ys[0] {
		var all []float64
		for n := range s.N {
			if s.Sums(s.Carry+i) && n > 0 {
				for j, x := range ys[n][i] {
					all[j] += x
				}
				continue
			}
			all = append(all, ys[n][i]...)
		}
		outs = append(outs, all)
	}
	return outs
}
