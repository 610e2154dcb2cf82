package ir

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sample is a use of an operator: types of its operands, with f64 for real numbers, and attribute.
type sample struct {
	types []Type
	at    Attr
}

var (
	s0, v3, v4   = Scalar(F64), Tensor(F64, 3), Tensor(F64, 4)
	m23, m34     = Tensor(F64, 2, 3), Tensor(F64, 3, 4)
	m33, t234    = Tensor(F64, 3, 3), Tensor(F64, 2, 3, 4)
	index, truth = Scalar(I32), Tensor(Bool, 3)
)

func one(at Attr, ts ...Type) []sample { return []sample{{ts, at}} }

// samples of operators that are not element-wise; those of the others follow from the arity.
func samples() map[Op][]sample {
	axes := []sample{{[]Type{v3}, Attr{}}, {[]Type{m23}, Attr{}}, {[]Type{m23}, Attr{Ints: []int{0}}}, {[]Type{t234}, Attr{Ints: []int{1}}},
		{[]Type{t234}, Attr{Ints: []int{0, 2}}}, {[]Type{t234}, Attr{Ints: []int{2, 1}}}}
	conv2 := ConvAttr(1, ConvAxis{1, 0, 1, 3, 2}, ConvAxis{2, 1, 2, 5, 3})
	along := []sample{{[]Type{v3}, Attr{}}, {[]Type{t234}, Attr{Index: 1}}, {[]Type{t234}, Attr{Index: 2}}}
	return map[Op][]sample{
		OpNot:    one(Attr{}, truth),
		OpAnd:    one(Attr{}, truth, truth),
		OpOr:     one(Attr{}, truth, Scalar(Bool)),
		OpSelect: {{[]Type{truth, v3, v3}, Attr{}}, {[]Type{Scalar(Bool), v3, s0}, Attr{}}, {[]Type{truth, s0, s0}, Attr{}}},
		OpCast: {{[]Type{v3}, Attr{Elem: F64}}, {[]Type{v3}, Attr{Elem: F32}}, {[]Type{v3}, Attr{Elem: I32}}, {[]Type{v3}, Attr{Elem: Bool}},
			{[]Type{truth}, Attr{Elem: F64}}, {[]Type{index}, Attr{Elem: F32}}},
		OpReshape:   one(Attr{Ints: []int{4, 6}}, t234),
		OpTranspose: {{[]Type{m23}, Attr{Ints: []int{1, 0}}}, {[]Type{t234}, Attr{Ints: []int{2, 0, 1}}}},
		OpSlice:     one(Attr{Ints: []int{0, 2, 1, 3, 2, 3}}, t234),
		OpPad:       one(Attr{Ints: []int{1, 0, 0, 2}}, m23),
		OpConcat:    {{[]Type{v3, v4, v3}, Attr{}}, {[]Type{m34, m33}, Attr{Index: 1}}},
		OpReverse:   along,
		OpExpand:    {{[]Type{s0}, Attr{Ints: []int{2, 2}}}, {[]Type{v3}, Attr{Ints: []int{2, 3}}}, {[]Type{v3}, Attr{Ints: []int{3}}}},
		OpOneHot:    one(Attr{Index: 4, Elem: F64}, index),
		OpTake:      {{[]Type{v3, Tensor(I32, 5)}, Attr{}}, {[]Type{t234, Tensor(I32, 1)}, Attr{}}},
		OpScatter:   {{[]Type{v3, Tensor(I32, 3)}, Attr{Index: 5}}, {[]Type{m23, Tensor(I32, 2)}, Attr{Index: 1}}},
		OpSum:       axes, OpReduceMax: axes, OpReduceMin: axes, OpMean: axes,
		OpCumsum:  along,
		OpLocate:  one(Attr{Index: 2}, v4, s0),
		OpArgmax:  one(Attr{}, v4),
		OpUniform: one(Attr{Index: 7, Ints: []int{2, 3}}, KeyType, s0),
		OpMatVec:  one(Attr{}, m34, v4), OpVecMat: one(Attr{}, v3, m34), OpMatMul: one(Attr{}, m23, m34), OpOuter: one(Attr{}, v3, v4),
		OpLinSolve: one(Attr{}, m33, v3), OpLogDet: one(Attr{}, m33), OpInv: one(Attr{}, m33),
		OpConv:       {{[]Type{Tensor(F64, 4, 1, 3), Tensor(F64, 2, 5)}, ConvAttr(2, ConvAxis{2, 1, 1, 5, 3})}, {[]Type{Tensor(F64, 2, 2, 2, 3), Tensor(F64, 2, 3, 5)}, conv2}},
		OpConvInput:  one(conv2, Tensor(F64, 2, 2, 2, 3), Tensor(F64, 2, 2, 2)),
		OpConvWeight: one(conv2, Tensor(F64, 2, 3, 5), Tensor(F64, 2, 2, 2)),
		OpWindows:    {{[]Type{Tensor(F64, 2, 3, 5)}, conv2}, {[]Type{Tensor(F64, 2, 4)}, ConvAttr(1, ConvAxis{2, 0, 1, 4, 2})}},
		OpUnwindows:  one(conv2, Tensor(F64, 2, 6, 2, 2)),
		OpLeakyRelu:  one(Attr{Num: 0.1}, v4),
		OpClamp:      {{[]Type{v4, s0, s0}, Attr{}}, {[]Type{v4, v4, v4}, Attr{}}},
		OpDot:        one(Attr{}, m23, m23), OpSqNorm: one(Attr{}, m23), OpNorm: one(Attr{}, v4), OpCross: one(Attr{}, v3, v3),
		OpCrossEntropy: one(Attr{}, v4, index), OpAccuracy: one(Attr{}, v4, index),
		OpMSE: {{[]Type{m23, m23}, Attr{}}, {[]Type{s0, s0}, Attr{}}}, OpHuber: one(Attr{}, v4, v4), OpL1: one(Attr{}, v4, v4),
		OpLogSumExp: one(Attr{}, v4),
	}
}

// domains of real operands where (-2, 2) is not it.
var domains = map[Op][2]float64{
	OpSqrt: {0.2, 2}, OpLog: {0.2, 2}, OpLog1p: {-0.8, 2}, OpRecip: {0.2, 2}, OpDiv: {0.2, 2}, OpPow: {0.2, 2}, OpMod: {0.5, 4},
	OpBfloat: {1.0005, 1.003}, OpHalf: {600.95, 601.05}, OpBinade: {1.1, 1.9}, // between two of their jumps
	OpAsin: {-0.9, 0.9}, OpAcos: {-0.9, 0.9}, OpTan: {-1.2, 1.2}, OpLogDet: {0, 2}, OpWrap: {-9, 9},
}

// uses calls do for every sample of every operator that computes something.
func uses(t *testing.T, do func(t *testing.T, op Op, s sample)) {
	table := samples()
	for op := OpInvalid + 1; op < NumOps; op++ {
		info := op.Info()
		if info.Class == ClassLeaf || info.Class == ClassDeriv || info.Class == ClassNode {
			continue
		}
		list := table[op]
		switch {
		case len(list) > 0:
		case info.Arity == 1:
			list = one(Attr{}, v4)
		case info.Arity == 2 && info.Class == ClassElem:
			list = []sample{{[]Type{v3, v3}, Attr{}}, {[]Type{s0, v3}, Attr{}}, {[]Type{v3, s0}, Attr{}}, {[]Type{s0, s0}, Attr{}}}
		default:
			t.Errorf("%s has no sample", info.Name)
		}
		for i, s := range list {
			t.Run(fmt.Sprintf("%s/%d", info.Name, i), func(t *testing.T) { do(t, op, s) })
		}
	}
}

// random gives operands from the domain of op; a square matrix stays away from singular ones.
func (s sample) random(op Op, rnd *rand.Rand) [][]float64 {
	d, ok := domains[op]
	if !ok {
		d = [2]float64{-2, 2}
	}
	var out [][]float64
	for _, t := range s.types {
		x := make([]float64, t.Len())
		for i := range x {
			switch t.Elem {
			case Bool:
				x[i] = float64(rnd.IntN(2))
			case I32:
				x[i] = float64(rnd.IntN(4))
			default:
				x[i] = d[0] + (d[1]-d[0])*rnd.Float64()
				if op.Info().Class == ClassLinalg && t.Rank() == 2 && t.Shape[0] == t.Shape[1] && i%(t.Shape[0]+1) == 0 {
					x[i] += 6
				}
			}
		}
		out = append(out, x)
	}
	return out
}

func (s sample) fn(op Op) *Func {
	b, xs := operandsOf(s.types)
	return b.Return(b.Emit(op, s.at, xs...))
}

// in gives the sample with real numbers of another type.
func (s sample) in(e Elem) sample {
	ts := append([]Type(nil), s.types...)
	for i, t := range ts {
		if t.Elem == F64 {
			ts[i] = t.With(e)
		}
	}
	if s.at.Elem == F64 {
		s.at.Elem = e
	}
	return sample{ts, s.at}
}

func TestRows(t *testing.T) {
	names := map[string]Op{}
	for op := OpInvalid + 1; op < NumOps; op++ {
		info := op.Info()
		if info.Op != op || info.Name == "" || info.Doc == "" || info.Formula == "" || info.Shape == nil {
			t.Errorf("operator %d (after %s): row %q lacks a name, doc, formula or shape rule", op, op-1, info.Name)
			continue
		}
		if other, ok := names[info.Name]; ok {
			t.Errorf("operators %d and %d are both called %s", other, op, info.Name)
		}
		names[info.Name] = op
		if OpByName(info.Name) != op {
			t.Errorf("%s is not found by its name", op)
		}
		noValue := info.Class == ClassLeaf || info.Class == ClassDeriv || info.Class == ClassNode
		for _, rule := range []struct {
			ok   bool
			text string
		}{
			{noValue == (info.Eval == nil && info.Define == nil), "a value, unless it is a leaf, derivative or node"},
			{info.Eval == nil || info.Define == nil, "one of value and body"},
			{(info.Define != nil) == (info.Class == ClassDefined), "a body, if its class says so"},
			{info.Linear == (info.Transpose != nil), "a transpose, if it is linear"},
			{(info.JVP != nil) == (info.VJP != nil), "both of tangent and cotangent"},
			{info.Partial == nil || info.Class == ClassElem, "partial derivatives only if element-wise"},
			{!info.Commutative || info.Arity == 2, "two operands to commute"},
		} {
			if !rule.ok {
				t.Errorf("%s should have %s", op, rule.text)
			}
		}
	}
	if OpByName("") != OpInvalid || OpByName("no such") != OpInvalid || NumOps.String() != "op?" {
		t.Error("an operator without a row has a name")
	}
}

func TestEvalFillsTheShape(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	uses(t, func(t *testing.T, op Op, s sample) {
		info := op.Info()
		x := s.random(op, rnd)
		f := s.fn(op)
		want, err := info.Shape(s.types, &s.at)
		if err != nil || !f.Results[0].Type.Equal(want) {
			t.Fatalf("type %s, row %s: %v", f.Results[0].Type, want, err)
		}
		got := evaluate(t, f, x...)[0]
		if info.Eval != nil { // every element is written
			in := make([]Datum, len(x))
			for i := range in {
				in[i] = Datum{s.types[i], x[i]}
			}
			for i := range got {
				got[i] = math.NaN()
			}
			info.Eval(in, &s.at, got)
		}
		if len(got) != want.Len() {
			t.Fatalf("%d elements for %s", len(got), want)
		}
		for i, y := range got {
			if math.IsNaN(y) || math.IsInf(y, 0) {
				t.Errorf("element %d is %g at %v", i, y, x)
			}
		}
		if info.Commutative {
			g := sample{[]Type{s.types[1], s.types[0]}, s.at}.fn(op)
			for i, y := range evaluate(t, g, x[1], x[0])[0] {
				if y != got[i] {
					t.Errorf("element %d: %g, and %g with the operands exchanged", i, got[i], y)
				}
			}
		}
		if info.Define != nil {
			b, xs := operandsOf(s.types)
			if r := info.Define(b, xs, &s.at); !r.Type.Equal(want) {
				t.Errorf("the body gives %s, the row says %s", r.Type, want)
			}
		}
	})
}

// The rules of an operator against central differences, and its cotangents against its tangents:
// <w, J v> = <Jᵀ w, v>.
func TestDerivatives(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	uses(t, func(t *testing.T, op Op, s sample) {
		f := s.fn(op)
		if !f.Results[0].Type.Elem.IsFloat() || op.Info().Class == ClassRandom { // draws have no derivative
			return
		}
		for _, e := range []Elem{F32, F64} { // F32: the rules' element types fit
			s := s.in(e)
			for i, ty := range s.types {
				if ty.Elem.IsFloat() {
					for _, fault := range derivativeFaults(t, op, s, i, rnd) {
						t.Error(fault)
					}
				}
			}
		}
	})
}

// derivativeFaults says what is wrong with the derivative of an operator by operand i.
func derivativeFaults(t *testing.T, op Op, s sample, i int, rnd *rand.Rand) (faults []string) {
	t.Helper()
	f := s.fn(op)
	out := f.Results[0].Type
	x := s.random(op, rnd)
	dx := randomLike(x[i], rnd)
	w := randomLike(make([]float64, out.Len()), rnd)

	b, vs := operandsOf(append(append([]Type(nil), s.types...), s.types[i], out))
	n := len(s.types)
	v := b.Emit(op, s.at, vs[:n]...)
	ds := make([]*Value, n)
	ds[i] = vs[n]
	jv, jtw := tangent(b, v, ds), cotangents(b, v, vs[n+1])[i]
	if jv == nil {
		jv = b.Zeros(out)
	}
	if jtw == nil {
		jtw = b.Zeros(s.types[i])
	}
	if !jv.Type.Equal(out) || !jtw.Type.Equal(s.types[i]) {
		t.Fatalf("operand %d: tangent %s of %s, cotangent %s of %s", i, jv.Type, out, jtw.Type, s.types[i])
	}
	r := evaluate(t, b.Return(jv, jtw), append(append([][]float64(nil), x...), dx, w)...)

	const h = 1e-5
	at := func(c float64) []float64 {
		moved := append([][]float64(nil), x...)
		moved[i] = make([]float64, len(x[i]))
		for k := range moved[i] {
			moved[i][k] = x[i][k] + c*dx[k]
		}
		return evaluate(t, f, moved...)[0]
	}
	hi, lo := at(h), at(-h)
	for k, got := range r[0] {
		want := (hi[k] - lo[k]) / (2 * h)
		if op == OpDetach {
			want = 0
		}
		if math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
			faults = append(faults, fmt.Sprintf("operand %d: tangent %g at element %d, by differences %g\nx = %v, dx = %v", i, got, k, want, x, dx))
		}
	}
	if p, q := inner(w, r[0]), inner(r[1], dx); math.Abs(p-q) > 1e-11*(1+math.Abs(p)) {
		faults = append(faults, fmt.Sprintf("operand %d: <w,Jv> = %.15g, <Jᵀw,v> = %.15g", i, p, q))
	}
	return faults
}

// TestSignFaults: the tests of derivatives are strict enough. With the sign of any rule of any row turned,
// they find it.
func TestSignFaults(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	found := map[string]bool{}
	uses(t, func(t *testing.T, op Op, s sample) {
		info := op.Info()
		if info.Define != nil || !s.fn(op).Results[0].Type.Elem.IsFloat() || info.Class == ClassRandom {
			return
		}
		plain := *info
		turned := func(v *Value, b *Builder, used *bool) *Value {
			if v == nil || v.IsConst(0) {
				return v
			}
			*used = true
			return b.Neg(v)
		}
		for rule, inject := range map[string]func(used *bool) bool{
			"Partial": func(used *bool) bool {
				info.Partial = func(b *Builder, v *Value, i int) *Value { return turned(plain.Partial(b, v, i), b, used) }
				return plain.Partial != nil
			},
			"JVP": func(used *bool) bool {
				info.JVP = func(b *Builder, v *Value, dx []*Value) *Value { return turned(plain.JVP(b, v, dx), b, used) }
				return plain.JVP != nil
			},
			"VJP": func(used *bool) bool {
				info.VJP = func(b *Builder, v *Value, i int, g *Value) *Value { return turned(plain.VJP(b, v, i, g), b, used) }
				return plain.VJP != nil
			},
			"Transpose": func(used *bool) bool {
				info.Transpose = func(b *Builder, v *Value, i int, g *Value) *Value {
					return turned(plain.Transpose(b, v, i, g), b, used)
				}
				return plain.Transpose != nil
			},
		} {
			used, caught := false, false
			if inject(&used) {
				for i, ty := range s.types {
					if ty.Elem.IsFloat() {
						caught = len(derivativeFaults(t, op, s, i, rnd)) > 0 || caught
					}
				}
			}
			*info = plain
			if used {
				found[info.Name+" "+rule] = found[info.Name+" "+rule] || caught
			}
		}
	})
	for rule, caught := range found {
		if !caught {
			t.Errorf("%s with the wrong sign is not found", rule)
		}
	}
	if len(found) < 50 {
		t.Errorf("%d rules only", len(found))
	}
}

func randomLike(x []float64, rnd *rand.Rand) []float64 {
	y := make([]float64, len(x))
	for i := range y {
		y[i] = 2*rnd.Float64() - 1
	}
	return y
}

func inner(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}

// A shape rule answers anything: a type that holds, or an error.
func TestShapeRulesRefuse(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	pool := []Type{s0, v3, v4, m23, m34, m33, t234, index, truth, Scalar(Bool), Scalar(F32), Tensor(F32, 3), TupleOf(v3, s0)}
	for op := OpInvalid + 1; op < NumOps; op++ {
		info := op.Info()
		bad := 0
		for range 400 {
			n := info.Arity
			if n < 0 {
				n = rnd.IntN(4)
			}
			b := &Builder{Func: &Func{}}
			var args []*Value
			for range n {
				args = append(args, b.Arg("", pool[rnd.IntN(len(pool))]))
			}
			at := Attr{Index: rnd.IntN(5) - 1, Elem: Elem(rnd.IntN(int(Tuple) + 1))}
			for range rnd.IntN(5) {
				at.Ints = append(at.Ints, rnd.IntN(6)-1)
			}
			ty, err := inferType(op, &at, args)
			switch {
			case err != nil && err.Error() == "":
				t.Errorf("%s: an error without a text", op)
			case err != nil:
				bad++
			case checkType(ty) != nil:
				t.Errorf("%s: type %v", op, ty)
			}
		}
		if bad == 0 {
			t.Errorf("%s takes anything", op)
		}
	}
}
