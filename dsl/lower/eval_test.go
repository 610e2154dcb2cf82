package lower

import (
	"math"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// compile parses, checks and lowers a program in double precision.
func compile(t *testing.T, src string) *ir.Module {
	t.Helper()
	m, list := Lower(check(t, src, "f64"))
	if m == nil || len(list) > 0 {
		t.Fatalf("lower: %v", list)
	}
	return m
}

func check(t *testing.T, src, precision string) *sema.Program {
	t.Helper()
	f, list := syntax.Parse("prog.nde", []byte(src))
	if list.HasErrors() {
		t.Fatalf("parse: %v", list)
	}
	p, list := sema.Check([]*syntax.File{f}, sema.Options{Precision: precision})
	if list.HasErrors() {
		t.Fatalf("check: %v", list)
	}
	return p
}

// machine evaluates what lowering makes, by the operators' rows, with fixed-step solves only. It
// is here so that lowering is tested by itself: values come from the IR alone.
type machine struct {
	t      *testing.T
	params map[string][]float64
}

func (mc machine) call(f *ir.Func, args [][]float64) [][]float64 {
	val := map[*ir.Value][]float64{}
	tuples := map[*ir.Value][][]float64{}
	for _, v := range f.Values {
		var ops [][]float64
		var data []ir.Datum
		for _, a := range v.Args {
			ops = append(ops, val[a])
			data = append(data, ir.Datum{Type: a.Type, Data: val[a]})
		}
		info := v.Op.Info()
		switch {
		case v.Op == ir.OpArg:
			val[v] = args[v.Attr.Index]
			if len(val[v]) != v.Type.Len() {
				mc.t.Fatalf("%s: argument %s has %d elements, want %d", f.Name, v.Name, len(val[v]), v.Type.Len())
			}
		case v.Op == ir.OpConst:
			val[v] = v.Attr.Data
			if val[v] == nil {
				for range v.Type.Len() {
					val[v] = append(val[v], v.Attr.Num)
				}
			}
		case v.Op == ir.OpParam:
			val[v] = mc.params[v.Attr.Param.Name]
			if len(val[v]) != v.Type.Len() {
				mc.t.Fatalf("no value for parameter %s", v.Attr.Param.Name)
			}
		case v.Op == ir.OpCall:
			tuples[v] = mc.call(v.Attr.Func, ops)
		case v.Op == ir.OpSolve:
			tuples[v] = mc.solve(v.Attr.Solve, ops)
		case v.Op == ir.OpMap:
			tuples[v] = mc.each(v.Attr.Map, ops)
		case v.Op == ir.OpResult:
			val[v] = tuples[v.Args[0]][v.Attr.Index]
		case info.Define != nil:
			b := ir.NewFunc(info.Name, v.Span, ir.F64)
			var in []*ir.Value
			for _, a := range v.Args {
				in = append(in, b.Arg("x", a.Type))
			}
			at := v.Attr
			val[v] = mc.call(b.Return(info.Define(b, in, &at)), ops)[0]
		default:
			at, out := v.Attr, make([]float64, v.Type.Len())
			info.Eval(data, &at, out)
			val[v] = out
		}
		if len(tuples[v]) == 1 {
			val[v] = tuples[v][0]
		}
	}
	var out [][]float64
	for _, r := range f.Results {
		out = append(out, val[r])
	}
	return out
}

func (mc machine) each(m *ir.Map, ops [][]float64) [][]float64 {
	var out [][]float64
	for i := range m.N {
		args := append([][]float64(nil), ops...)
		for k := range m.Mapped {
			n := len(ops[k]) / m.N
			args[k] = ops[k][i*n : (i+1)*n]
		}
		for k, r := range mc.call(m.Fn, args) {
			if i == 0 {
				out = append(out, nil)
			}
			out[k] = append(out[k], r...)
		}
	}
	return out
}

// solve runs a fixed-step solve; output times have to lie on its steps.
func (mc machine) solve(s *ir.Solve, ops [][]float64) [][]float64 {
	if s.Adaptive {
		mc.t.Fatal("the machine has fixed steps only")
	}
	n := len(s.States)
	t0, times := ops[0][0], ops[1]
	t1 := times[len(times)-1]
	y, c := ops[2:2+n], ops[2+n:]
	steps := s.Steps
	if steps == 0 {
		steps = int(math.Ceil(math.Abs(t1-t0)/s.StepSize - 1e-9))
	}
	h := (t1 - t0) / float64(steps)
	out := make([][]float64, n)
	save := func(t float64) {
		for _, x := range times {
			if s.Times > 0 && math.Abs(x-t) < 1e-12 {
				for i := range y {
					out[i] = append(out[i], y[i]...)
				}
			}
		}
	}
	save(t0)
	for k := range steps {
		t := t0 + float64(k)*h
		y = mc.call(s.Step, append(append([][]float64{{t}, {h}}, y...), c...))
		save(t + h)
	}
	if s.Times == 0 {
		out = append([][]float64(nil), y...)
	}
	for _, x := range []float64{float64(steps * s.StepEvals), float64(steps), 0, ir.StatusOK, t1} {
		out = append(out, []float64{x})
	}
	return out
}

// near compares to 1e-12, relative to numbers of size 1.
func near(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d results, want %d", what, len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: result %d has %d elements, want %d", what, i, len(got[i]), len(want[i]))
		}
		for j, w := range want[i] {
			if g := got[i][j]; !(math.Abs(g-w) <= 1e-12*(1+math.Abs(w))) {
				t.Errorf("%s: result %d[%d] is %v, want %v", what, i, j, g, w)
			}
		}
	}
}
