package layer

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

var normRows = []Row{groupNorm, {
	Name:  "LayerNorm",
	Doc:   "normalises along the last axis to mean 0 and variance 1 (Ba et al. 2016), then scales and shifts",
	Sizes: SizeRule{0, 1},
	Options: append([]Option{
		{Key: "eps", Kind: NumberOption, Num: 1e-5, Min: 0, Max: 1, Doc: "added to the variance"},
		{Key: "affine", Kind: BoolOption, Bool: true, Doc: "learn a scale"},
		{Key: "bias", Kind: BoolOption, Bool: true, Doc: "learn a shift, too"},
	}, basisOptions...),
	Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		if in.Rank() == 0 {
			return ir.Type{}, nil, wantVector(in)
		}
		n := in.Shape[in.Rank()-1]
		if len(o.Sizes) == 1 && o.Sizes[0] != n {
			return ir.Type{}, nil, &Mismatch{Want: fmt.Sprintf("a last axis of length %d", o.Sizes[0])}
		}
		var params []ParamSpec
		if o.Bool["affine"] {
			params = append(params, ParamSpec{"weight", ir.Tensor(in.Elem, n), ir.Init{Kind: ir.InitConst, A: 1}})
			if o.Bool["bias"] {
				params = append(params, ParamSpec{"bias", ir.Tensor(in.Elem, n), ir.Init{Kind: ir.InitZeros}})
			}
		}
		return in, params, nil
	},
	Build: func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
		shape := x.Type.Shape
		n := shape[len(shape)-1]
		vector := len(shape) == 1
		// Means are over axis 0 with the normalised axis in front, so that they broadcast.
		if !vector {
			x = b.Transpose(b.Reshape(x, x.Type.Len()/n, n))
		}
		mean := func(v *ir.Value) *ir.Value {
			m := b.Mul(b.Sum(v, 0), b.Const(1/float64(n), v.Type.Elem))
			if vector {
				return m
			}
			return b.Expand(m, v.Type.Shape...)
		}
		centred := b.Sub(x, mean(x))
		variance := mean(b.Unary(ir.OpSquare, centred)) // divided by n, as nn.LayerNorm does
		eps := b.Const(inst.Options.Num["eps"], x.Type.Elem)
		y := b.Div(centred, b.Unary(ir.OpSqrt, b.Add(variance, eps)))
		if !vector {
			y = b.Reshape(b.Transpose(y), shape...)
		}
		if len(params) > 0 {
			y = b.Mul(y, b.Expand(params[0], shape...))
		}
		if len(params) > 1 {
			y = b.Add(y, b.Expand(params[1], shape...))
		}
		return y
	},
}}

var groupNorm = Row{
	Name:  "GroupNorm",
	Doc:   "normalises groups of channels (the leading axis) to mean 0 and variance 1 (Wu, He 2018), then scales and shifts each channel",
	Sizes: SizeRule{1, 1},
	Options: append([]Option{
		{Key: "eps", Kind: NumberOption, Num: 1e-5, Min: 0, Max: 1, Doc: "added to the variance"},
		{Key: "affine", Kind: BoolOption, Bool: true, Doc: "learn scale and shift"},
	}, basisOptions...),
	Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		if in.Rank() == 0 || in.Shape[0]%o.Sizes[0] != 0 {
			return ir.Type{}, nil, &Mismatch{Want: fmt.Sprintf("channels that its %d groups divide", o.Sizes[0])}
		}
		var params []ParamSpec
		if o.Bool["affine"] {
			t := ir.Tensor(in.Elem, in.Shape[0])
			params = []ParamSpec{{"weight", t, ir.Init{Kind: ir.InitConst, A: 1}}, {"bias", t, ir.Init{Kind: ir.InitZeros}}}
		}
		return in, params, nil
	},
	Build: func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
		shape, groups := x.Type.Shape, inst.Options.Sizes[0]
		// Means are over axis 0 with the groups behind, so that they broadcast.
		g := b.Transpose(b.Reshape(x, groups, x.Type.Len()/groups))
		mean := func(v *ir.Value) *ir.Value {
			m := b.Mul(b.Sum(v, 0), b.Const(1/float64(v.Type.Shape[0]), v.Type.Elem))
			return b.Expand(m, v.Type.Shape...)
		}
		centred := b.Sub(g, mean(g))
		variance := mean(b.Unary(ir.OpSquare, centred))
		y := b.Div(centred, b.Unary(ir.OpSqrt, b.Add(variance, b.Const(inst.Options.Num["eps"], x.Type.Elem))))
		y = b.Reshape(b.Transpose(y), shape...)
		if len(params) > 0 {
			along := func(p *ir.Value) *ir.Value {
				if len(shape) == 1 {
					return p
				}
				return alongLeading(b, p, shape)
			}
			y = b.Add(b.Mul(y, along(params[0])), along(params[1]))
		}
		return y
	},
}
