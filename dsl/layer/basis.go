package layer

import (
	"math"

	"ndec.dev/ndec/ir"
)

// basisOptions make weights depend on time (Galerkin and piecewise-constant weights: Massaroli et al.,
// Dissecting Neural ODEs, 2020).
var basisOptions = []Option{
	{Key: "basis", Kind: ExprOption, Doc: "weights as a combination of functions of `at`: fourier, cheby, poly, rbf or steps"},
	atOption,
}

// Basis is the basis of weights that depend on a number t, most often the time of a system.
type Basis struct {
	Row    *BasisRow
	Deg    int
	Kernel string  // of rbf
	Width  float64 // of rbf
}

// BasisRow is a kind of basis. All but steps add to constant weights; steps has weights for each step.
type BasisRow struct {
	Name  string
	Key   string // of the number: deg or n
	Doc   string
	Count func(deg int) int
	// Functions are the values at t, a scalar, of all but the constant one, whose weights are the plain ones.
	Functions func(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value
}

// RBFKernels are the kernels of rbf, of r = |t - centre|/width.
var RBFKernels = []string{"gaussian", "multiquadric", "vanilla"}

var basisRows = []BasisRow{
	{"fourier", "deg", "the constant 1, cos 2πkt and sin 2πkt, k = 1..deg", func(n int) int { return 2 * n },
		func(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value {
			var out []*ir.Value
			for k := 1; k <= p.Deg; k++ {
				a := b.Mul(b.Const(2*math.Pi*float64(k), t.Type.Elem), t)
				out = append(out, b.Unary(ir.OpCos, a), b.Unary(ir.OpSin, a))
			}
			return out
		}},
	{"cheby", "deg", "Chebyshev polynomials T_k(2t - 1), k = 0..deg; T_0 is 1", func(n int) int { return n },
		func(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value {
			one, two := b.Const(1, t.Type.Elem), b.Const(2, t.Type.Elem)
			s := b.Sub(b.Mul(two, t), one)
			before, last := one, s
			out := []*ir.Value{s}
			for len(out) < p.Deg {
				before, last = last, b.Sub(b.Mul(b.Mul(two, s), last), before)
				out = append(out, last)
			}
			return out
		}},
	{"poly", "deg", "powers t^k, k = 0..deg", func(n int) int { return n },
		func(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value {
			out := []*ir.Value{t}
			for len(out) < p.Deg {
				out = append(out, b.Mul(out[len(out)-1], t))
			}
			return out
		}},
	{"rbf", "deg", "the constant 1, and radial functions around deg centres from 0 to 1; kernel: gaussian exp(-r²), multiquadric 1 + √(1 + r²) or vanilla r, r = |t - centre|/width", func(n int) int { return n }, radial},
	{"steps", "n", "weights for each of n equal steps from 0 to 1; t outside counts as the nearest", func(n int) int { return n },
		func(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value {
			n := float64(p.Deg)
			at := b.Unary(ir.OpFloor, b.Mul(t, b.Const(n, t.Type.Elem)))
			at = b.Binary(ir.OpMin, b.Binary(ir.OpMax, at, b.Const(0, t.Type.Elem)), b.Const(n-1, t.Type.Elem))
			var out []*ir.Value
			for k := range p.Deg {
				out = append(out, b.Cast(b.Binary(ir.OpEq, at, b.Const(float64(k), t.Type.Elem)), t.Type.Elem))
			}
			return out
		}},
}

func radial(b *ir.Builder, t *ir.Value, p *Basis) []*ir.Value {
	one := b.Const(1, t.Type.Elem)
	var out []*ir.Value
	for k := range p.Deg {
		centre := 0.5
		if p.Deg > 1 {
			centre = float64(k) / float64(p.Deg-1)
		}
		d := b.Mul(b.Sub(t, b.Const(centre, t.Type.Elem)), b.Const(1/p.Width, t.Type.Elem))
		square := b.Unary(ir.OpSquare, d)
		switch p.Kernel {
		case "multiquadric":
			out = append(out, b.Add(one, b.Unary(ir.OpSqrt, b.Add(one, square))))
		case "vanilla":
			out = append(out, b.Unary(ir.OpAbs, d))
		default:
			out = append(out, b.Unary(ir.OpExp, b.Neg(square)))
		}
	}
	return out
}

// LookupBasis finds a kind of basis; nil if there is none.
func LookupBasis(name string) *BasisRow {
	for i := range basisRows {
		if basisRows[i].Name == name {
			return &basisRows[i]
		}
	}
	return nil
}

// BasisNames lists the kinds of bases.
func BasisNames() []string {
	var names []string
	for _, r := range basisRows {
		names = append(names, r.Name)
	}
	return names
}

func (p *Basis) steps() bool { return p.Row.Name == "steps" }

func (p *Basis) apply(r *Row, in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
	out, params, err := r.Check(in, o)
	return out, p.params(params), err
}

func (p *Basis) build(b *ir.Builder, x, t *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
	return inst.Row.Build(b, x, p.combine(b, t, params), inst)
}

// params are those of a layer whose plain parameters are given. A layer starts as the plain one: the
// parts that change with t start at zero. With steps each step starts like a layer of its own.
func (p *Basis) params(plain []ParamSpec) []ParamSpec {
	n := p.Row.Count(p.Deg)
	var out []ParamSpec
	for _, s := range plain {
		t := ir.Tensor(s.Type.Elem, append([]int{n}, s.Type.Shape...)...)
		if p.steps() {
			out = append(out, ParamSpec{s.Name, t, s.Init})
		} else {
			out = append(out, s, ParamSpec{s.Name + "_basis", t, ir.Init{Kind: ir.InitZeros}})
		}
	}
	return out
}

// combine gives the plain parameters at t: w + Σ_k f_k(t) w_basis[k], or the weights of a step.
func (p *Basis) combine(b *ir.Builder, t *ir.Value, params []*ir.Value) []*ir.Value {
	values := p.Row.Functions(b, t, p)
	rows := make([]*ir.Value, len(values))
	for i, v := range values {
		rows[i] = b.Reshape(v, 1)
	}
	f := b.Concat(0, rows...)
	moving := func(w *ir.Value) *ir.Value {
		n := w.Type.Shape[0]
		return b.Emit(ir.OpReshape, ir.Attr{Ints: append([]int{}, w.Type.Shape[1:]...)}, b.VecMat(f, b.Reshape(w, n, w.Type.Len()/n)))
	}
	var out []*ir.Value
	if p.steps() {
		for _, w := range params {
			out = append(out, moving(w))
		}
		return out
	}
	for i := 0; i+1 < len(params); i += 2 {
		out = append(out, b.Add(params[i], moving(params[i+1])))
	}
	return out
}
