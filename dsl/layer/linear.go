package layer

import (
	"fmt"
	"math"

	"ndec.dev/ndec/ir"
)

var biasOption = Option{Key: "bias", Kind: BoolOption, Bool: true, Doc: "add a bias"}

// initOption chooses the initialiser of weights; zeros also zeroes the bias, the others leave
// it at the default.
var initOption = Option{Key: "init", Kind: NameOption, Name: "default", Choices: initNames(), Doc: "how weights start"}

var linearRows = []Row{
	{
		Name:    "Linear",
		Doc:     "affine map of a vector: weight [out, in] times x, plus bias [out]; Linear() gives a scalar",
		Sizes:   SizeRule{0, 1},
		Options: append([]Option{biasOption, initOption}, movingOptions...),
		Check:   checkLinear,
		Build:   buildLinear,
	},
	{
		Name:  "MLP",
		Doc:   "Linear layers of the given widths with an activation between them; init is for the last one",
		Sizes: SizeRule{1, 64},
		Options: append([]Option{
			{Key: "act", Kind: NameOption, Name: "tanh", Choices: activationNames(), Doc: "activation between layers"},
			biasOption, initOption,
		}, movingOptions...),
		Chain: chainMLP,
	},
}

// initRow is an initialiser of a weight [out, in].
type initRow struct {
	name string
	make func(in, out int) ir.Init
}

// initRows are the initialisers of torch.nn.init, gain 1 (Glorot & Bengio 2010; He et al. 2015
// with gain √2). The default is that of nn.Linear: uniform ±1/√in.
var initRows = []initRow{
	{"default", func(in, out int) ir.Init { return ir.Init{Kind: ir.InitLinearDefault, FanIn: in} }},
	{"zeros", func(in, out int) ir.Init { return ir.Init{Kind: ir.InitZeros} }},
	{"xavier_uniform", func(in, out int) ir.Init { return uniform(math.Sqrt(6 / float64(in+out))) }},
	{"xavier_normal", func(in, out int) ir.Init { return normal(math.Sqrt(2 / float64(in+out))) }},
	{"kaiming_uniform", func(in, out int) ir.Init { return uniform(math.Sqrt(6 / float64(in))) }},
	{"kaiming_normal", func(in, out int) ir.Init { return normal(math.Sqrt(2 / float64(in))) }},
}

func uniform(a float64) ir.Init { return ir.Init{Kind: ir.InitUniform, A: -a, B: a} }

func normal(sd float64) ir.Init { return ir.Init{Kind: ir.InitNormal, B: sd} }

func initNames() []string {
	names := make([]string, len(initRows))
	for i, r := range initRows {
		names[i] = r.name
	}
	return names
}

// linearParams are weight and bias of a Linear from in to out, names prefixed.
func linearParams(prefix string, e ir.Elem, in, out int, bias bool, init string) []ParamSpec {
	weight := ParamSpec{Name: prefix + "weight", Type: ir.Tensor(e, out, in), Init: initOf(init, in, out)}
	params := []ParamSpec{weight}
	if bias {
		params = append(params, biasSpec(prefix, e, out, in, init))
	}
	return params
}

// weightParams are weight and bias of a layer with the options init and bias.
func weightParams(e ir.Elem, weight []int, bias, fanIn, fanOut int, o Options) []ParamSpec {
	init := o.Name["init"]
	params := []ParamSpec{{Name: "weight", Type: ir.Tensor(e, weight...), Init: initOf(init, fanIn, fanOut)}}
	if o.Bool["bias"] {
		params = append(params, biasSpec("", e, bias, fanIn, init))
	}
	return params
}

// initOf is a row of initialisers for weights with the numbers of inputs and outputs of a unit.
func initOf(name string, in, out int) ir.Init {
	for _, r := range initRows {
		if r.name == name {
			return r.make(in, out)
		}
	}
	return ir.Init{}
}

// biasSpec is a bias, which starts as in nn.Linear, and at zero with init: zeros.
func biasSpec(prefix string, e ir.Elem, n, fanIn int, init string) ParamSpec {
	b := ParamSpec{Name: prefix + "bias", Type: ir.Tensor(e, n), Init: ir.Init{Kind: ir.InitLinearDefault, FanIn: fanIn}}
	if init == "zeros" {
		b.Init = ir.Init{Kind: ir.InitZeros}
	}
	return b
}

func checkLinear(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
	if err := wantVector(in); err != nil {
		return ir.Type{}, nil, err
	}
	n, out := 1, ir.Scalar(in.Elem)
	if len(o.Sizes) == 1 {
		n, out = o.Sizes[0], ir.Tensor(in.Elem, o.Sizes[0])
	}
	return out, linearParams("", in.Elem, in.Shape[0], n, o.Bool["bias"], o.Name["init"]), nil
}

func buildLinear(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
	y := affine(b, x, params)
	if inst.Out.IsScalar() {
		return b.Emit(ir.OpReshape, ir.Attr{Ints: []int{}}, y)
	}
	return y
}

// affine is W x + b, where params are W and, if there is one, b.
func affine(b *ir.Builder, x *ir.Value, params []*ir.Value) *ir.Value {
	y := b.MatVec(params[0], x)
	if len(params) > 1 {
		y = b.Add(y, params[1])
	}
	return y
}

// chainMLP numbers the layers as nn.Sequential does, activations counted.
func chainMLP(o Options) []Link {
	var links []Link
	for i, n := range o.Sizes {
		l := Link{Prefix: fmt.Sprintf("%d.", 2*i), Layer: "Linear", Options: Options{
			Sizes: []int{n}, Bool: map[string]bool{"bias": o.Bool["bias"]}, Name: map[string]string{"init": "default"}}}
		if i > 0 {
			l.Before = LookupActivation(o.Name["act"])
		}
		if i == len(o.Sizes)-1 {
			l.Options.Name["init"] = o.Name["init"]
		}
		links = append(links, l)
	}
	return links
}
