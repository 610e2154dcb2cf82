package layer_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// apply settles a row with some options changed.
func apply(t *testing.T, name string, in ir.Type, change func(*layer.Options), sizes ...int) *layer.Instance {
	t.Helper()
	row := layer.Lookup(name)
	if row == nil {
		t.Fatalf("no layer %s", name)
	}
	o := row.Defaults(sizes...)
	if change != nil {
		change(&o)
	}
	inst, err := row.Apply(in, o)
	if err != nil {
		t.Fatalf("%s on %s: %v", name, in, err)
	}
	return inst
}

// TestShapes: names and shapes of parameters are PyTorch's, and what Build makes has the type
// that Check promised.
func TestShapes(t *testing.T) {
	vec := ir.Tensor(ir.F64, 3)
	for _, row := range []struct {
		name   string
		in     ir.Type
		sizes  []int
		change func(*layer.Options)
		out    string
		params []string
	}{
		{"Linear", vec, []int{4}, nil, "[4]f64", []string{"weight [4,3]f64", "bias [4]f64"}},
		{"Linear", vec, nil, nil, "f64", []string{"weight [1,3]f64", "bias [1]f64"}},
		{"Linear", vec, []int{4}, func(o *layer.Options) { o.Bool["bias"] = false }, "[4]f64", []string{"weight [4,3]f64"}},
		{"MLP", vec, []int{5, 2}, nil, "[2]f64", []string{"0.weight [5,3]f64", "0.bias [5]f64", "2.weight [2,5]f64", "2.bias [2]f64"}},
		{"PReLU", vec, nil, nil, "[3]f64", []string{"weight [1]f64"}},
		{"PReLU", vec, []int{3}, nil, "[3]f64", []string{"weight [3]f64"}},
		{"PReLU", ir.Tensor(ir.F64, 3, 2, 2), []int{3}, nil, "[3,2,2]f64", []string{"weight [3]f64"}},
		{"LayerNorm", vec, nil, nil, "[3]f64", []string{"weight [3]f64", "bias [3]f64"}},
		{"LayerNorm", ir.Tensor(ir.F64, 2, 4, 3), []int{3}, nil, "[2,4,3]f64", []string{"weight [3]f64", "bias [3]f64"}},
		{"Conv2d", ir.Tensor(ir.F64, 4, 8, 9), []int{6}, func(o *layer.Options) { o.Num["groups"], o.Num["stride"], o.Num["pad"] = 2, 2, 1 }, "[6,4,5]f64",
			[]string{"weight [6,2,3,3]f64", "bias [6]f64"}},
		{"Conv1d", ir.Tensor(ir.F64, 2, 9), []int{3}, func(o *layer.Options) { o.Num["dilation"] = 2 }, "[3,5]f64", []string{"weight [3,2,3]f64", "bias [3]f64"}},
		{"ConvTranspose2d", ir.Tensor(ir.F64, 4, 3, 3), []int{2}, func(o *layer.Options) { o.Num["stride"], o.Num["output_pad"] = 2, 1 }, "[2,8,8]f64",
			[]string{"weight [4,2,3,3]f64", "bias [2]f64"}},
		{"GRU", ir.Tensor(ir.F64, 7, 3), []int{4}, nil, "[4]f64", []string{"weight_ih_l0 [12,3]f64", "weight_hh_l0 [12,4]f64", "bias_ih_l0 [12]f64", "bias_hh_l0 [12]f64"}},
		{"LSTM", ir.Tensor(ir.F64, 7, 3), []int{4}, func(o *layer.Options) { o.Bool["bias"], o.Bool["sequence"] = false, true }, "[7,4]f64",
			[]string{"weight_ih_l0 [16,3]f64", "weight_hh_l0 [16,4]f64"}},
		{"AvgPool2d", ir.Tensor(ir.F64, 2, 5, 4), []int{2}, nil, "[2,2,2]f64", nil},
		{"MaxPool2d", ir.Tensor(ir.F64, 2, 5, 4), []int{2}, func(o *layer.Options) { o.Num["stride"] = 1 }, "[2,4,3]f64", nil},
		{"GroupNorm", ir.Tensor(ir.F64, 4, 3, 2), []int{2}, nil, "[4,3,2]f64", []string{"weight [4]f64", "bias [4]f64"}},
		{"LayerNorm", vec, nil, func(o *layer.Options) { o.Bool["affine"] = false }, "[3]f64", nil},
	} {
		inst := apply(t, row.name, row.in, row.change, row.sizes...)
		var params []string
		for _, p := range inst.Params {
			params = append(params, p.Name+" "+p.Type.String())
		}
		if d := cmp.Diff(row.params, params); d != "" {
			t.Errorf("%s: %s", row.name, d)
		}
		if inst.Out.String() != row.out {
			t.Errorf("%s: result %s, want %s", row.name, inst.Out, row.out)
		}
		if inst.Row.Cell != nil {
			continue // lowered slice by slice
		}
		if got := build(inst); !got.Type.Equal(inst.Out) {
			t.Errorf("%s builds %s, but promised %s", row.name, got.Type, inst.Out)
		}
	}
}

// build emits the layer on an argument; parameters are arguments too.
func build(inst *layer.Instance) *ir.Value {
	b := ir.NewFunc("layer", diag.Span{}, ir.F64)
	x := b.Arg("x", inst.In)
	var params []*ir.Value
	for _, p := range inst.Params {
		params = append(params, b.Arg(p.Name, p.Type))
	}
	return inst.Row.Build(b, x, params, inst)
}

// TestInit: initialisers are PyTorch's.
func TestInit(t *testing.T) {
	for _, row := range []struct {
		init string
		want ir.Init
	}{
		{"default", ir.Init{Kind: ir.InitLinearDefault, FanIn: 3}},
		{"zeros", ir.Init{Kind: ir.InitZeros}},
		{"xavier_uniform", ir.Init{Kind: ir.InitUniform, A: -math.Sqrt(6.0 / 7), B: math.Sqrt(6.0 / 7)}},
		{"kaiming_normal", ir.Init{Kind: ir.InitNormal, B: math.Sqrt(2.0 / 3)}},
	} {
		inst := apply(t, "Linear", ir.Tensor(ir.F32, 3), func(o *layer.Options) { o.Name["init"] = row.init }, 4)
		if d := cmp.Diff(row.want, inst.Params[0].Init); d != "" {
			t.Errorf("%s: %s", row.init, d)
		}
		bias := ir.Init{Kind: ir.InitLinearDefault, FanIn: 3}
		if row.init == "zeros" {
			bias = ir.Init{Kind: ir.InitZeros}
		}
		if d := cmp.Diff(bias, inst.Params[1].Init); d != "" {
			t.Errorf("%s, bias: %s", row.init, d)
		}
	}
}

// TestMismatch: a layer that does not fit says what it wants.
func TestMismatch(t *testing.T) {
	for _, row := range []struct {
		name  string
		in    ir.Type
		sizes []int
		want  string
	}{
		{"Linear", ir.Tensor(ir.F32, 2, 2), []int{1}, "wants a vector; flatten it first"},
		{"Linear", ir.Scalar(ir.F32), []int{1}, "wants a vector; write [x] to make it one"},
		{"PReLU", ir.Tensor(ir.F32, 3), []int{2}, "wants 2 channels"},
		{"LayerNorm", ir.Tensor(ir.F32, 3), []int{2}, "wants a last axis of length 2"},
		{"Conv2d", ir.Tensor(ir.F32, 3), []int{2}, "wants an image [channels, height, width]"},
	} {
		r := layer.Lookup(row.name)
		if _, err := r.Apply(row.in, r.Defaults(row.sizes...)); err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
}

// TestRows: every row is documented, and is built whole or slice by slice.
func TestRows(t *testing.T) {
	for _, name := range layer.Names() {
		r := layer.Lookup(name)
		if r.Doc == "" || r.Check == nil || (r.Build == nil) != (r.Cell != nil) {
			t.Errorf("row %s is incomplete", name)
		}
		for _, o := range r.Options {
			if o.Doc == "" {
				t.Errorf("option %s of %s has no documentation", o.Key, name)
			}
		}
	}
	for _, a := range layer.Activations() {
		if a.Op.Info().Name == "" {
			t.Errorf("activation %s has no operator", a.Name)
		}
	}
}
