package layer

import "ndec.dev/ndec/ir"

// Timed lets a number t enter an affine layer in the way of Row.
type Timed struct{ Row *TimeRow }

// TimeRow is a way in which t enters an affine layer A, with the names of parameters of FFJORD's code
// (Grathwohl et al. 2019): one or two copies of A beside linear functions of t with a number for each
// output channel, or weights that are a network of t.
type TimeRow struct {
	Name, Doc string
	copies    []string   // of A
	linear    []linearOf // functions of t
	// planes are put beside the channels of the operand, each of the shape of a channel; count is their
	// number, and rank what the operand has at least.
	planes func(b *ir.Builder, t *ir.Value, shape []int) (before, after []*ir.Value)
	count  func(in ir.Type) int
	rank   int
	// combine is the layer from the copies at x and the linear functions at t.
	combine func(b *ir.Builder, t *ir.Value, ys, gs []*ir.Value) *ir.Value
	// hyper gives the parameters of A by a network of t instead.
	hyper bool
}

// linearOf is a linear function of t.
type linearOf struct {
	name string
	bias bool
}

var single = []string{"_layer"}

var timeRows = []TimeRow{
	{Name: "concat", Doc: "t is one more channel, the first: A(t, x)", copies: single,
		planes: timePlane, count: func(ir.Type) int { return 1 }, combine: onlyCopy},
	{Name: "concat_v2", Doc: "A(x) + b t", copies: single, linear: []linearOf{{"_hyper_bias", false}},
		combine: func(b *ir.Builder, t *ir.Value, ys, gs []*ir.Value) *ir.Value { return b.Add(ys[0], gs[0]) }},
	{Name: "squash", Doc: "A(x) σ(w t + b)", copies: single, linear: []linearOf{{"_hyper", true}},
		combine: func(b *ir.Builder, t *ir.Value, ys, gs []*ir.Value) *ir.Value {
			return b.Mul(ys[0], b.Unary(ir.OpSigmoid, gs[0]))
		}},
	{Name: "concatsquash", Doc: "A(x) σ(w t + b) + c t", copies: single, linear: []linearOf{{"_hyper_bias", false}, {"_hyper_gate", true}},
		combine: func(b *ir.Builder, t *ir.Value, ys, gs []*ir.Value) *ir.Value {
			return b.Add(b.Mul(ys[0], b.Unary(ir.OpSigmoid, gs[1])), gs[0])
		}},
	{Name: "concatcoord", Doc: "t and the index along each axis are more channels, the last: A(x, t, i, …); of convolutions", copies: single,
		planes: coordinatePlanes, count: ir.Type.Rank, rank: 2, combine: onlyCopy},
	{Name: "blend", Doc: "A₀(x) + (A₁(x) - A₀(x)) t", copies: []string{"_layer0", "_layer1"},
		combine: func(b *ir.Builder, t *ir.Value, ys, gs []*ir.Value) *ir.Value {
			return b.Add(ys[0], b.Mul(b.Sub(ys[1], ys[0]), t))
		}},
	{Name: "hyper", Doc: "the numbers of A are a network of t: eight tanh units for vectors, affine for convolutions", hyper: true},
}

var movingOptions = append([]Option{{Key: "time", Kind: ExprOption,
	Doc: "how `at` enters, as in FFJORD: concat, concat_v2, squash, concatsquash, concatcoord, blend or hyper"}}, basisOptions...)

// TimeRows lists the ways in which a number enters a layer.
func TimeRows() []TimeRow { return append([]TimeRow(nil), timeRows...) }

// LookupTime finds a way; nil if there is none.
func LookupTime(name string) *TimeRow {
	for i := range timeRows {
		if timeRows[i].Name == name {
			return &timeRows[i]
		}
	}
	return nil
}

// TimeNames lists the ways.
func TimeNames() []string {
	var names []string
	for _, r := range timeRows {
		names = append(names, r.Name)
	}
	return names
}

func onlyCopy(_ *ir.Builder, _ *ir.Value, ys, _ []*ir.Value) *ir.Value { return ys[0] }

func timePlane(b *ir.Builder, t *ir.Value, shape []int) (before, after []*ir.Value) {
	return []*ir.Value{b.Expand(t, append([]int{1}, shape...)...)}, nil
}

func coordinatePlanes(b *ir.Builder, t *ir.Value, shape []int) (before, after []*ir.Value) {
	plane := append([]int{1}, shape...)
	after = []*ir.Value{b.Expand(t, plane...)}
	size := ir.Tensor(t.Type.Elem, plane...)
	for axis, n := range shape {
		inner := 1
		for _, m := range shape[axis+1:] {
			inner *= m
		}
		at := make([]float64, size.Len())
		for i := range at {
			at[i] = float64(i / inner % n)
		}
		after = append(after, b.Data(at, size))
	}
	return nil, after
}

// plain settles the row for the operand with its planes.
func (k *TimeRow) plain(r *Row, in ir.Type, o Options) (*Instance, error) {
	if in.Rank() < k.rank {
		return nil, &Mismatch{Want: "an image or a series for time: " + k.Name}
	}
	if k.planes != nil && in.Rank() > 0 {
		shape := append([]int(nil), in.Shape...)
		shape[0] += k.count(in)
		in = ir.Tensor(in.Elem, shape...)
	}
	o.Moving = nil
	inst, err := r.Apply(in, o)
	if m, ok := err.(*Mismatch); ok && k.planes != nil {
		return nil, &Mismatch{Want: m.Want + ", those of time: " + k.Name + " counted", Remedy: m.Remedy}
	}
	return inst, err
}

// channels is the number of output channels.
func channels(out ir.Type) int {
	if out.IsScalar() {
		return 1
	}
	return out.Shape[0]
}

func (p *Timed) apply(r *Row, in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
	k := p.Row
	inst, err := k.plain(r, in, o)
	if err != nil {
		return ir.Type{}, nil, err
	}
	if k.hyper {
		return inst.Out, hyperParams(inst), nil
	}
	var params []ParamSpec
	for _, prefix := range k.copies {
		for _, s := range inst.Params {
			params = append(params, ParamSpec{prefix + "." + s.Name, s.Type, s.Init})
		}
	}
	for _, g := range k.linear {
		// A layer that starts at zero starts at zero at every time.
		init := "default"
		if !g.bias && o.Name["init"] == "zeros" {
			init = "zeros"
		}
		params = append(params, linearParams(g.name+".", in.Elem, 1, channels(inst.Out), g.bias, init)...)
	}
	return inst.Out, params, nil
}

func (p *Timed) build(b *ir.Builder, x, t *ir.Value, params []*ir.Value, whole *Instance) *ir.Value {
	k := p.Row
	inst, err := k.plain(whole.Row, whole.In, whole.Options)
	if err != nil {
		return nil // apply has said so
	}
	if k.hyper {
		return inst.Row.Build(b, x, hyperWeights(b, t, params, inst), inst)
	}
	if k.planes != nil {
		before, after := k.planes(b, t, x.Type.Shape[1:])
		x = b.Concat(0, append(append(before, x), after...)...)
	}
	var ys, gs []*ir.Value
	for range k.copies {
		ys = append(ys, inst.Row.Build(b, x, params[:len(inst.Params)], inst))
		params = params[len(inst.Params):]
	}
	for _, g := range k.linear {
		v := b.Mul(b.Reshape(params[0], channels(inst.Out)), t)
		params = params[1:]
		if g.bias {
			v = b.Add(v, params[0])
			params = params[1:]
		}
		switch inst.Out.Rank() {
		case 0:
			v = b.Reshape(v)
		case 1:
		default:
			v = alongLeading(b, v, inst.Out.Shape)
		}
		gs = append(gs, v)
	}
	return k.combine(b, t, ys, gs)
}

const hyperUnits = 8 // of the network of a vector's layer

// hyperInit starts a network of t near zero, as FFJORD does.
func hyperInit(params []ParamSpec) []ParamSpec {
	for i := range params {
		params[i].Init = ir.Init{Kind: ir.InitZeros}
		if i%2 == 1 {
			params[i].Init = normal(0.01)
		}
	}
	return params
}

// hyperParams are those of the network that gives the numbers of inst.
func hyperParams(inst *Instance) []ParamSpec {
	n, e := 0, inst.In.Elem
	for _, s := range inst.Params {
		n += s.Type.Len()
	}
	if inst.In.Rank() > 1 {
		return hyperInit(linearParams("_hypernet.", e, 1, n, true, "default"))
	}
	return hyperInit(append(linearParams("_hypernet.0.", e, 1, hyperUnits, true, "default"),
		linearParams("_hypernet.2.", e, hyperUnits, n, true, "default")...))
}

// hyperWeights cuts the parameters of inst out of the network's numbers: the bias first.
func hyperWeights(b *ir.Builder, t *ir.Value, params []*ir.Value, inst *Instance) []*ir.Value {
	v := b.Reshape(t, 1)
	for i := 0; i < len(params); i += 2 {
		if i > 0 {
			v = b.Unary(ir.OpTanh, v)
		}
		v = affine(b, v, params[i:i+2])
	}
	bias := 0
	out := make([]*ir.Value, len(inst.Params))
	if len(out) > 1 {
		bias = inst.Params[1].Type.Len()
		out[1] = b.Slice(v, 0, bias)
	}
	out[0] = b.Reshape(b.Slice(v, bias, v.Type.Len()), inst.Params[0].Type.Shape...)
	return out
}
