package layer

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Activation is an element-wise function by its name in the language.
type Activation struct {
	Name string
	Op   ir.Op
	Attr ir.Attr
}

// activations are those that MLP takes; as functions they are in the table of built-ins.
var activations = []Activation{
	{Name: "tanh", Op: ir.OpTanh},
	{Name: "relu", Op: ir.OpRelu},
	{Name: "softplus", Op: ir.OpSoftplus},
	{Name: "sigmoid", Op: ir.OpSigmoid},
	{Name: "silu", Op: ir.OpSilu},
	{Name: "gelu", Op: ir.OpGelu},
	{Name: "gelu_tanh", Op: ir.OpGeluTanh},
	{Name: "elu", Op: ir.OpElu},
	{Name: "selu", Op: ir.OpSelu},
	{Name: "leaky_relu", Op: ir.OpLeakyRelu, Attr: ir.Attr{Num: 0.01}},
	{Name: "hardtanh", Op: ir.OpHardtanh},
	{Name: "softsign", Op: ir.OpSoftsign},
	{Name: "mish", Op: ir.OpMish},
	{Name: "snake", Op: ir.OpSnake},
	{Name: "sin", Op: ir.OpSin},
	{Name: "cos", Op: ir.OpCos},
}

func activationNames() []string {
	names := make([]string, len(activations))
	for i, a := range activations {
		names[i] = a.Name
	}
	return names
}

// Activations lists all activations.
func Activations() []Activation { return append([]Activation(nil), activations...) }

// LookupActivation finds an activation by name; nil if there is none.
func LookupActivation(name string) *Activation {
	for i := range activations {
		if activations[i].Name == name {
			return &activations[i]
		}
	}
	return nil
}

// Build emits the activation.
func (a *Activation) Build(b *ir.Builder, x *ir.Value) *ir.Value { return b.Emit(a.Op, a.Attr, x) }

var activationRows = []Row{{
	Name:  "PReLU",
	Doc:   "x where positive, else a learned slope times x; one slope, or one per channel (the leading axis) with PReLU(channels)",
	Sizes: SizeRule{0, 1},
	Options: append([]Option{
		{Key: "slope", Kind: NumberOption, Num: 0.25, Min: -1e6, Max: 1e6, Doc: "start of the slope"},
	}, basisOptions...),
	Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		n := 1
		if len(o.Sizes) == 1 {
			n = o.Sizes[0]
		}
		if n != 1 && (in.Rank() == 0 || in.Shape[0] != n) {
			return ir.Type{}, nil, &Mismatch{Want: fmt.Sprintf("%d channels", n)}
		}
		return in, []ParamSpec{{Name: "weight", Type: ir.Tensor(in.Elem, n),
			Init: ir.Init{Kind: ir.InitConst, A: o.Num["slope"]}}}, nil
	},
	Build: func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
		slope := params[0]
		switch {
		case slope.Type.Len() == 1:
			slope = b.Emit(ir.OpReshape, ir.Attr{Ints: []int{}}, slope)
		case x.Type.Rank() > 1:
			slope = alongLeading(b, slope, x.Type.Shape)
		}
		positive := b.Binary(ir.OpLt, b.Const(0, x.Type.Elem), x)
		return b.Select(positive, x, b.Mul(slope, x))
	},
}}

// alongLeading repeats v [d0] over the other axes of shape [d0, d1, …].
func alongLeading(b *ir.Builder, v *ir.Value, shape []int) *ir.Value {
	// Expand only adds leading axes, so the channel axis is moved to the front afterwards.
	last := append(append([]int{}, shape[1:]...), shape[0])
	perm := []int{len(shape) - 1}
	for i := range shape[1:] {
		perm = append(perm, i)
	}
	return b.Transpose(b.Expand(v, last...), perm...)
}
