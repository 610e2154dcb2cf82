package diff_test

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
)

// net is a tanh net with parameters of its own.
type net struct {
	m      *ir.Module
	params map[*ir.Param][]float64
	layers [][2]*ir.Param
}

func newNet(m *ir.Module, rnd drawer, name string, sizes ...int) *net {
	n := &net{m: m, params: map[*ir.Param][]float64{}}
	for i := range len(sizes) - 1 {
		w := m.AddParam(&ir.Param{Name: name + ".w" + string(rune('0'+i)), Type: ir.Tensor(m.Real, sizes[i+1], sizes[i])})
		c := m.AddParam(&ir.Param{Name: name + ".b" + string(rune('0'+i)), Type: ir.Tensor(m.Real, sizes[i+1])})
		n.layers = append(n.layers, [2]*ir.Param{w, c})
		n.params[w], n.params[c] = rnd.uniform(w.Type.Len(), -0.7, 0.7), rnd.uniform(c.Type.Len(), -0.7, 0.7)
	}
	return n
}

func (n *net) apply(b *ir.Builder, x *ir.Value) *ir.Value {
	for i, l := range n.layers {
		x = b.Add(b.MatVec(b.Param(l[0]), x), b.Param(l[1]))
		if i < len(n.layers)-1 {
			x = b.Unary(ir.OpTanh, x)
		}
	}
	return x
}

// energy is the net's scalar output.
func (n *net) energy(b *ir.Builder, x *ir.Value) *ir.Value {
	return b.Reshape(n.apply(b, x))
}

// numericGrad is the gradient of a scalar function by differences.
func numericGrad(f func(x []float64) float64, x []float64) []float64 {
	g := make([]float64, len(x))
	for i := range x {
		e := make([]float64, len(x))
		e[i] = 1
		g[i] = slope(func(h float64) float64 { return f(moved(x, e, h)) })
	}
	return g
}

func nearAll(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		near(t, what, got[i], want[i], tol)
	}
}

// TestNodes compares each derivative node with differences of what it differentiates, and then
// differentiates the function that holds the node: second and third derivatives.
func TestNodes(t *testing.T) {
	const d = 3
	vec := ir.Tensor(ir.F64, d)
	x0 := newDrawer(3).normal(d)
	rows := []struct {
		name  string
		sizes []int // of the net: a scalar one is an energy
		node  func(b *ir.Builder, e, x *ir.Value) *ir.Value
		want  func(f func(x []float64) []float64, x []float64) []float64
		tol   float64
	}{
		{"grad", []int{d, 5, 1}, func(b *ir.Builder, e, x *ir.Value) *ir.Value { return b.Emit(ir.OpGrad, ir.Attr{}, e, x) },
			jacobian, 1e-8},
		{"jac forward", []int{d, 5, 4}, func(b *ir.Builder, e, x *ir.Value) *ir.Value { return b.Emit(ir.OpJac, ir.Attr{}, e, x) },
			jacobian, 1e-8},
		{"jac reverse", []int{d, 5, 2}, func(b *ir.Builder, e, x *ir.Value) *ir.Value { return b.Emit(ir.OpJac, ir.Attr{}, e, x) },
			jacobian, 1e-8},
		{"div", []int{d, 5, d}, func(b *ir.Builder, e, x *ir.Value) *ir.Value { return b.Emit(ir.OpDivg, ir.Attr{}, e, x) },
			func(f func([]float64) []float64, x []float64) []float64 {
				j, tr := jacobian(f, x), 0.0
				for i := range d {
					tr += j[i*d+i]
				}
				return []float64{tr}
			}, 1e-8},
		{"hess", []int{d, 5, 1}, func(b *ir.Builder, e, x *ir.Value) *ir.Value { return b.Emit(ir.OpHess, ir.Attr{}, e, x) },
			func(f func([]float64) []float64, x []float64) []float64 {
				return jacobian(func(x []float64) []float64 { return jacobian(f, x) }, x)
			}, 1e-6},
		{"jvp", []int{d, 5, 4}, func(b *ir.Builder, e, x *ir.Value) *ir.Value {
			return b.Emit(ir.OpJVP, ir.Attr{}, e, x, b.Data([]float64{1, -2, 3}, vec))
		}, func(f func([]float64) []float64, x []float64) []float64 {
			j := jacobian(f, x)
			out := make([]float64, 4)
			for i := range out {
				out[i] = dot(j[i*d:(i+1)*d], []float64{1, -2, 3})
			}
			return out
		}, 1e-8},
		{"vjp", []int{d, 5, 2}, func(b *ir.Builder, e, x *ir.Value) *ir.Value {
			return b.Emit(ir.OpVJP, ir.Attr{}, e, x, b.Data([]float64{2, -1}, ir.Tensor(ir.F64, 2)))
		}, func(f func([]float64) []float64, x []float64) []float64 {
			j := jacobian(f, x)
			out := make([]float64, d)
			for i := range out {
				out[i] = 2*j[i] - j[d+i]
			}
			return out
		}, 1e-8},
		{"grad of grad", []int{d, 5, 1}, func(b *ir.Builder, e, x *ir.Value) *ir.Value {
			g := b.Emit(ir.OpGrad, ir.Attr{}, e, x)
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Unary(ir.OpSquare, g)), x)
		}, func(f func([]float64) []float64, x []float64) []float64 {
			return numericGrad(func(x []float64) float64 { g := jacobian(f, x); return dot(g, g) }, x)
		}, 1e-6},
		{"div of grad", []int{d, 5, 1}, func(b *ir.Builder, e, x *ir.Value) *ir.Value {
			return b.Emit(ir.OpDivg, ir.Attr{}, b.Emit(ir.OpGrad, ir.Attr{}, e, x), x)
		}, func(f func([]float64) []float64, x []float64) []float64 {
			h, tr := jacobian(func(x []float64) []float64 { return jacobian(f, x) }, x), 0.0
			for i := range d {
				tr += h[i*d+i]
			}
			return []float64{tr}
		}, 1e-6},
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			m := &ir.Module{Real: ir.F64}
			n := newNet(m, newDrawer(5), "n", c.sizes...)
			output := func(b *ir.Builder, x *ir.Value) *ir.Value {
				if c.sizes[len(c.sizes)-1] == 1 {
					return n.energy(b, x)
				}
				return n.apply(b, x)
			}
			b := ir.NewFunc("plain", diag.Span{}, ir.F64)
			plain := b.Return(output(b, b.Arg("x", vec)))
			b = ir.NewFunc("f", diag.Span{}, ir.F64)
			x := b.Arg("x", vec)
			f := m.AddFunc(b.Return(c.node(b, output(b, x), x)))
			if ds := diff.Run(m); ds != nil {
				t.Fatal(ds)
			}
			for _, v := range f.Values {
				if v.Op.Info().Class == ir.ClassDeriv {
					t.Errorf("%s is left", v.Op)
				}
			}
			want := c.want(func(x []float64) []float64 { return eval(plain, [][]float64{x}, n.params)[0] }, x0)
			nearAll(t, "value", eval(f, [][]float64{x0}, n.params)[0], want, c.tol)
			checkFunc(t, m, f, [][]float64{x0}, n.params, 1e-7)
		})
	}
}

// jacobian of f by differences, row by row.
func jacobian(f func(x []float64) []float64, x []float64) []float64 {
	var j []float64
	for i := range f(x) {
		j = append(j, numericGrad(func(x []float64) float64 { return f(x)[i] }, x)...)
	}
	return j
}

// TestVariableIsIndependent: what the variable was computed from does not matter, and everything
// between it and the expression does.
func TestVariableIsIndependent(t *testing.T) {
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	q := b.Arg("q", ir.Scalar(ir.F64))
	p := b.Unary(ir.OpSquare, q).Named("p")
	e := b.Mul(b.Unary(ir.OpSin, p), q) // sin(p) q
	byP := b.Emit(ir.OpGrad, ir.Attr{}, e, p)
	byQ := b.Emit(ir.OpGrad, ir.Attr{}, e, q)
	m := &ir.Module{Real: ir.F64}
	f := m.AddFunc(b.Return(byP, byQ, e))
	if ds := diff.Run(m); ds != nil {
		t.Fatal(ds)
	}
	x := 0.7
	out := eval(f, [][]float64{{x}}, nil)
	near(t, "by p", out[0][0], slope(func(h float64) float64 { return math.Sin(x*x+h) * x }), 1e-9)
	near(t, "by q", out[1][0], slope(func(h float64) float64 { return math.Sin((x+h)*(x+h)) * (x + h) }), 1e-9)
}

// TestDiagnostics: what cannot be is said once, at the node.
func TestDiagnostics(t *testing.T) {
	at := diag.Span{Start: diag.Pos{File: "a.nde", Line: 17, Col: 16}}
	scalar := ir.Scalar(ir.F64)
	rows := []struct {
		name string
		make func(b *ir.Builder, q, p *ir.Value) *ir.Value
		want string
	}{
		{"grad", func(b *ir.Builder, q, p *ir.Value) *ir.Value {
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Unary(ir.OpSquare, p), q)
		}, "a.nde:17:16: the grad is identically zero: the expression does not depend on q [NDE0331]"},
		{"jac", func(b *ir.Builder, q, p *ir.Value) *ir.Value { return b.Emit(ir.OpJac, ir.Attr{}, p, q) },
			"the jac is identically zero: the expression does not depend on q [NDE0331]"},
		{"div", func(b *ir.Builder, q, p *ir.Value) *ir.Value { return b.Emit(ir.OpDivg, ir.Attr{}, p, q) },
			"the div is identically zero: the expression does not depend on q [NDE0331]"},
		{"hess", func(b *ir.Builder, q, p *ir.Value) *ir.Value { return b.Emit(ir.OpHess, ir.Attr{}, p, q) },
			"the hess is identically zero: the expression does not depend on q [NDE0331]"},
		{"hess of something affine", func(b *ir.Builder, q, p *ir.Value) *ir.Value { return b.Emit(ir.OpHess, ir.Attr{}, b.Mul(p, q), q) }, ""},
		{"detached", func(b *ir.Builder, q, p *ir.Value) *ir.Value {
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Unary(ir.OpDetach, q), q)
		}, "NDE0331"},
		{"partial with everything held", func(b *ir.Builder, q, p *ir.Value) *ir.Value {
			v := b.Mul(p, q)
			return b.Emit(ir.OpPartial, ir.Attr{}, b.Mul(v, p), q, v)
		}, "NDE0331"},
		{"partial without definitions", func(b *ir.Builder, q, p *ir.Value) *ir.Value {
			return b.Emit(ir.OpPartial, ir.Attr{}, b.Mul(p, q), q)
		}, ""},
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			b := ir.NewFunc("f", at, ir.F64)
			q, p := b.Arg("q", scalar), b.Arg("p", scalar)
			m := &ir.Module{Real: ir.F64}
			m.AddFunc(b.Return(c.make(b, q, p)))
			ds := diff.Run(m)
			switch {
			case c.want == "" && ds != nil:
				t.Errorf("unexpected: %v", ds)
			case c.want != "" && (len(ds) != 1 || !strings.Contains(ds[0].String(), c.want)):
				t.Errorf("got %v, want %q once", ds, c.want)
			}
		})
	}
}

// TestHessCost bounds what the Hessian of a 2-64-64-1 tanh net may cost: the gradient, and per
// column two products with the middle matrix.
func TestHessCost(t *testing.T) {
	m := &ir.Module{Real: ir.F64}
	n := newNet(m, newDrawer(1), "n", 2, 64, 64, 1)
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	x := b.Arg("x", ir.Tensor(ir.F64, 2))
	f := m.AddFunc(b.Return(b.Emit(ir.OpHess, ir.Attr{}, n.energy(b, x), x)))
	if ds := diff.Run(m); ds != nil {
		t.Fatal(ds)
	}
	products, values := 0, len(f.Values)
	for _, v := range f.Values {
		for _, a := range v.Args {
			if (v.Op == ir.OpMatVec || v.Op == ir.OpVecMat) && ir.SameShape(a.Type.Shape, []int{64, 64}) {
				products++
			}
		}
		if v.Op == ir.OpMatMul || v.Op == ir.OpOuter {
			t.Errorf("%s in the Hessian: a matrix is formed", v.Op)
		}
	}
	if products > 2+2*2 {
		t.Errorf("%d products with the middle matrix, want at most 6", products)
	}
	if values > 100 {
		t.Errorf("%d values, want at most 100", values)
	}
}

// TestMapAndCall differentiates through both.
func TestMapAndCall(t *testing.T) {
	m := &ir.Module{Real: ir.F64}
	n := newNet(m, newDrawer(2), "n", 2, 3, 2)
	b := ir.NewFunc("g", diag.Span{}, ir.F64)
	x, c := b.Arg("x", ir.Tensor(ir.F64, 2)), b.Arg("c", ir.Scalar(ir.F64))
	y := n.apply(b, b.Mul(x, c))
	g := m.AddFunc(b.Return(y, b.Sum(b.Mul(y, x))))

	b = ir.NewFunc("f", diag.Span{}, ir.F64)
	xs, cs := b.Arg("xs", ir.Tensor(ir.F64, 4, 2)), b.Arg("c", ir.Scalar(ir.F64))
	over := b.Results(b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: g, N: 4, Mapped: 1}}, xs, b.Unary(ir.OpSin, cs)))
	called := b.CallAll(g, b.At(xs, 1), cs)
	f := m.AddFunc(b.Return(b.Mul(b.Sum(over[0], 1), over[1]), called[1]))
	rnd := newDrawer(9)
	checkFunc(t, m, f, [][]float64{rnd.normal(8), {0.6}}, n.params, 1e-7)
}
