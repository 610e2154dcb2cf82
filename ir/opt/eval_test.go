package opt

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// machine evaluates functions by the operators' rows in float64: enough of ir/interp for a test,
// with fixed-step solves and derived parameters.
type machine struct {
	m       *ir.Module
	params  map[*ir.Param][]float64
	derived [][]float64
	evals   map[*ir.Func]int
}

// newMachine gives every parameter numbers that depend on its name and the seed alone.
func newMachine(m *ir.Module, seed uint64) *machine {
	mc := &machine{m: m, params: map[*ir.Param][]float64{}, evals: map[*ir.Func]int{}}
	for i, p := range m.Params {
		mc.params[p] = numbers(seed+uint64(i)+100, p.Type.Len())
	}
	if m.Prepare != nil {
		mc.derived = mc.call(m.Prepare, nil)
	}
	return mc
}

func numbers(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.Float64()*2 - 1
	}
	return out
}

func (mc *machine) call(f *ir.Func, args [][]float64) [][]float64 {
	mc.evals[f]++
	val := map[*ir.Value][]float64{}
	tuples := map[*ir.Value][][]float64{}
	for _, v := range f.Values {
		var ops [][]float64
		var data []ir.Datum
		for _, a := range v.Args {
			ops = append(ops, val[a])
			data = append(data, ir.Datum{Type: a.Type, Data: val[a]})
		}
		switch v.Op {
		case ir.OpArg:
			val[v] = args[v.Attr.Index]
		case ir.OpConst:
			val[v] = elements(v)
		case ir.OpParam:
			if p := v.Attr.Param; p.Derived {
				val[v] = mc.derived[p.Index]
			} else {
				val[v] = mc.params[p]
			}
		case ir.OpCall:
			tuples[v] = mc.call(v.Attr.Func, ops)
			val[v] = tuples[v][0]
		case ir.OpSolve:
			tuples[v] = mc.solve(v.Attr.Solve, ops)
		case ir.OpResult:
			val[v] = tuples[v.Args[0]][v.Attr.Index]
		default:
			at := v.Attr
			out := make([]float64, v.Type.Len())
			v.Op.Info().Eval(data, &at, out)
			val[v] = out
		}
	}
	var out [][]float64
	for _, r := range f.Results {
		out = append(out, val[r])
	}
	return out
}

// solve runs a fixed-step solve.
func (mc *machine) solve(s *ir.Solve, ops [][]float64) [][]float64 {
	n := len(s.States)
	t0, h := ops[0][0], (ops[1][0]-ops[0][0])/float64(s.Steps)
	y := ops[2 : 2+n]
	for k := range s.Steps {
		args := append([][]float64{{t0 + float64(k)*h}, {h}}, y...)
		y = mc.call(s.Step, append(args, ops[2+n:]...))
	}
	out := append([][]float64(nil), y...)
	for _, x := range []float64{float64(s.Steps * s.StepEvals), float64(s.Steps), 0, ir.StatusOK, ops[1][0]} {
		out = append(out, []float64{x})
	}
	return out
}

// same compares results to 1e-12, relative to numbers of size 1; NaN equals NaN.
func same(t *testing.T, what string, want, got [][]float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d results, want %d", what, len(got), len(want))
	}
	for i := range want {
		for j, w := range want[i] {
			if g := got[i][j]; !(math.Abs(g-w) <= 1e-12*(1+math.Abs(w))) && !(math.IsNaN(g) && math.IsNaN(w)) {
				t.Fatalf("%s: result %d[%d] is %v, want %v", what, i, j, g, w)
			}
		}
	}
}

// Every pass keeps the value of the model and its statistics, in any legal order of values.
func TestSolveValues(t *testing.T) {
	args := [][]float64{{0.3, -0.8}, {1.1, 0.4}}
	m, _ := contextModel(false)
	mc := newMachine(m, 1)
	want := mc.call(m.Models[0].Func, args)
	Prepare(m)
	same(t, "prepare", want, newMachine(m, 1).call(m.Models[0].Func, args))
	err := Run(m, Options{Check: true, After: func(pass string, m *ir.Module) {
		mc := newMachine(m, 1)
		same(t, pass, want, mc.call(m.Models[0].Func, args))
		if n := mc.evals[m.Solves[0].Field]; n != 8 {
			t.Errorf("%s: the field runs %d times, want 8", pass, n)
		}
		for _, f := range m.Funcs {
			shuffle(f, 3)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// shuffle puts the values of f into another order in which operands come first.
func shuffle(f *ir.Func, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 13))
	done := map[*ir.Value]bool{}
	var order []*ir.Value
	var place func(v *ir.Value)
	place = func(v *ir.Value) {
		if done[v] {
			return
		}
		done[v] = true
		for _, a := range v.Args {
			place(a)
		}
		order = append(order, v)
	}
	for _, a := range f.Args {
		place(a)
	}
	for _, i := range r.Perm(len(f.Values)) {
		place(f.Values[i])
	}
	f.Values = order
	f.Renumber()
}

// Random expressions keep their values under every pass, in any legal order of values.
func TestRandom(t *testing.T) {
	for seed := range uint64(150) {
		m := randomModule(seed)
		for _, f := range m.Funcs {
			expandDefined(f, m.Real) // the machine knows primitives only
		}
		f := m.Funcs[len(m.Funcs)-1]
		args := [][]float64{numbers(seed, 3), numbers(seed+1, 3), numbers(seed+2, 1), numbers(seed+3, 4)}
		want := newMachine(m, seed).call(f, args)
		Prepare(m)
		same(t, fmt.Sprintf("seed %d: prepare", seed), want, newMachine(m, seed).call(f, args))
		err := Run(m, Options{Check: true, After: func(pass string, m *ir.Module) {
			same(t, fmt.Sprintf("seed %d: %s", seed, pass), want, newMachine(m, seed).call(f, args))
			for _, g := range m.Funcs {
				shuffle(g, seed)
			}
		}})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := Run(m, Options{}); err != nil {
			t.Fatal(err)
		}
		once := fingerprint(m)
		if err := Run(m, Options{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(once, fingerprint(m)); d != "" {
			t.Fatalf("seed %d: a further run changes (-before +after):\n%s", seed, d)
		}
	}
}

// fingerprint lists what every value of m computes, and how often.
func fingerprint(m *ir.Module) []string {
	var lines []string
	for _, f := range m.Funcs {
		lines = append(lines, strings.Split(f.String(), "\n")...)
	}
	return lines
}

// randomModule is a function of a few arguments that calls another, made of operators that the
// identities look at, with constants that make them apply.
func randomModule(seed uint64) *ir.Module {
	r := rand.New(rand.NewPCG(seed, 11))
	m := &ir.Module{Real: ir.F64}
	w := m.AddParam(&ir.Param{Name: "w", Type: ir.Tensor(ir.F64, 3, 6)})
	p := m.AddParam(&ir.Param{Name: "p", Type: ir.Tensor(ir.F64, 3)})
	var inner *ir.Func
	for _, name := range []string{"inner", "outer"} {
		b := ir.NewFunc(name, diag.Span{}, ir.F64)
		v3, s4 := ir.Tensor(ir.F64, 3), ir.Tensor(ir.F64, 4)
		vecs := []*ir.Value{b.Arg("x", v3), b.Arg("y", v3)}
		nums := []*ir.Value{b.Arg("s", f64)}
		z := b.Arg("z", s4)
		vecs = append(vecs, b.Param(p), b.Slice(z, 1, 4))
		for _, c := range []float64{0, 1, -1, 2} {
			nums = append(nums, b.Num(c))
			vecs = append(vecs, b.Fill(c, v3))
		}
		vec := func() *ir.Value { return vecs[r.IntN(len(vecs))] }
		num := func() *ir.Value { return nums[r.IntN(len(nums))] }
		either := func() *ir.Value {
			if r.IntN(3) == 0 {
				return num()
			}
			return vec()
		}
		binary := []ir.Op{ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpMax, ir.OpMin}
		unary := []ir.Op{ir.OpNeg, ir.OpTanh, ir.OpSquare, ir.OpAbs, ir.OpSilu, ir.OpDetach}
		for range 25 {
			switch r.IntN(10) {
			case 0, 1, 2:
				v := b.Emit(binary[r.IntN(len(binary))], ir.Attr{}, vec(), either())
				vecs = append(vecs, v)
			case 3, 4:
				vecs = append(vecs, b.Emit(unary[r.IntN(len(unary))], ir.Attr{}, vec()))
			case 5:
				nums = append(nums, b.Emit(ir.OpTanh, ir.Attr{}, b.Emit(ir.OpSum, ir.Attr{}, vec())))
			case 6:
				c := b.Emit(ir.OpConcat, ir.Attr{}, vec(), vec())
				lo := r.IntN(4)
				vecs = append(vecs, b.Emit(ir.OpSlice, ir.Attr{Ints: []int{lo, lo + 3}}, c))
				vecs = append(vecs, b.Unary(ir.OpTanh, b.MatVec(b.Param(w), c)))
			case 7:
				vecs = append(vecs, b.Reshape(b.Transpose(b.Reshape(vec(), 3, 1)), 3))
			case 8:
				e := b.Expand(num(), 3)
				vecs = append(vecs, e, b.Sum(b.Expand(vec(), 2, 3), 0))
			case 9:
				if inner != nil {
					rs := b.CallAll(inner, vec(), vec(), num(), z)
					vecs, nums = append(vecs, rs[0]), append(nums, rs[1])
				}
			}
		}
		last := b.Unary(ir.OpTanh, vecs[len(vecs)-1])
		inner = m.AddFunc(b.Return(last, nums[len(nums)-1], vec()))
	}
	return m
}
