package layer_test

import (
	"fmt"
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

// build is the result of the layer on an argument.
func build(inst *layer.Instance) *ir.Value { return function(inst).Results[0] }

// function emits the layer on an argument; parameters are arguments too.
func function(inst *layer.Instance) *ir.Func {
	b := ir.NewFunc("layer", diag.Span{}, ir.F64)
	x := b.Arg("x", inst.In)
	var params []*ir.Value
	for _, p := range inst.Params {
		params = append(params, b.Arg(p.Name, p.Type))
	}
	var at *ir.Value
	if inst.Options.Moving != nil {
		at = b.Arg("t", ir.Scalar(ir.F64))
	}
	return b.Return(inst.Build(b, x, at, params))
}

// TestMoving: every layer that depends on a number is built in every way with the type that it
// promised, and knows what it does not fit.
func TestMoving(t *testing.T) {
	ins := map[string]ir.Type{"Conv1d": ir.Tensor(ir.F64, 4, 9), "GroupNorm": ir.Tensor(ir.F64, 4, 3, 2)}
	for _, n := range []string{"Conv2d", "ConvTranspose2d"} {
		ins[n] = ir.Tensor(ir.F64, 4, 8, 9)
	}
	built := 0
	for _, name := range layer.Names() {
		row := layer.Lookup(name)
		var ways []layer.Moving
		if row.Has("basis") {
			for _, b := range layer.BasisNames() {
				ways = append(ways, &layer.Basis{Row: layer.LookupBasis(b), Deg: 3, Width: 0.5})
			}
		}
		if row.Has("time") {
			for _, k := range layer.TimeRows() {
				ways = append(ways, &layer.Timed{Row: layer.LookupTime(k.Name)})
			}
		}
		in, ok := ins[name]
		if !ok {
			in = ir.Tensor(ir.F64, 3)
		}
		if row.Cell != nil {
			in = ir.Tensor(ir.F64, 7, 3)
		}
		for _, bias := range []bool{true, false} {
			for _, way := range ways {
				o := row.Defaults(make([]int, row.Sizes.Min)...)
				for i := range o.Sizes {
					o.Sizes[i] = 2
				}
				if row.Has("bias") {
					o.Bool["bias"] = bias
				}
				o.Moving = way
				inst, err := row.Apply(in, o)
				if timed, is := way.(*layer.Timed); is && timed.Row.Name == "concatcoord" && in.Rank() == 1 {
					if want := "wants an image or a series for time: concatcoord"; err == nil || err.Error() != want {
						t.Errorf("%s: %v, want %s", name, err, want)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if row.Cell != nil {
					continue
				}
				built++
				if got := build(inst); !got.Type.Equal(inst.Out) {
					t.Errorf("%s, %+v, builds %s, but promised %s", name, way, got.Type, inst.Out)
				}
			}
		}
	}
	if built < 80 {
		t.Errorf("only %d layers were built", built)
	}
	// The planes count among the channels that groups divide.
	conv := layer.Lookup("Conv2d")
	o := conv.Defaults(2)
	o.Num["groups"], o.Moving = 2, &layer.Timed{Row: layer.LookupTime("concat")}
	if _, err := conv.Apply(ir.Tensor(ir.F64, 4, 5, 5), o); err == nil || err.Error() != "wants numbers of channels that its 2 groups divide, those of time: concat counted" {
		t.Error(err)
	}
}

// TestChain: an MLP is its Linear layers with activations between them, in every way in which they may depend on a
// number.
func TestChain(t *testing.T) {
	ways := []layer.Moving{nil}
	for _, n := range layer.BasisNames() {
		ways = append(ways, &layer.Basis{Row: layer.LookupBasis(n), Deg: 3, Width: 0.5})
	}
	for _, k := range layer.TimeRows() {
		if k.Name != "concatcoord" {
			ways = append(ways, &layer.Timed{Row: layer.LookupTime(k.Name)})
		}
	}
	vec := ir.Tensor(ir.F64, 3)
	for _, way := range ways {
		mlp := apply(t, "MLP", vec, func(o *layer.Options) { o.Moving, o.Name["init"], o.Name["act"] = way, "zeros", "relu" }, 5, 4, 2)

		// The same by hand.
		b := ir.NewFunc("layer", diag.Span{}, ir.F64)
		x := b.Arg("x", vec)
		var args []*ir.Value
		var specs []layer.ParamSpec
		var insts []*layer.Instance
		in := vec
		for i, n := range []int{5, 4, 2} {
			inst := apply(t, "Linear", in, func(o *layer.Options) {
				o.Moving = way
				if n == 2 {
					o.Name["init"] = "zeros"
				}
			}, n)
			for _, s := range inst.Params {
				s.Name = fmt.Sprintf("%d.%s", 2*i, s.Name)
				specs, args = append(specs, s), append(args, b.Arg(s.Name, s.Type))
			}
			insts, in = append(insts, inst), inst.Out
		}
		var at *ir.Value
		if way != nil {
			at = b.Arg("t", ir.Scalar(ir.F64))
		}
		for i, inst := range insts {
			if i > 0 {
				x = b.Unary(ir.OpRelu, x)
			}
			x = inst.Build(b, x, at, args[:len(inst.Params)])
			args = args[len(inst.Params):]
		}
		if d := cmp.Diff(specs, mlp.Params); d != "" {
			t.Errorf("%+v: %s", way, d)
		}
		if d := cmp.Diff(b.Return(x).String(), function(mlp).String()); d != "" {
			t.Errorf("%+v: %s", way, d)
		}
	}
}

// TestMovingInit: init: zeros makes a layer that is zero at all times; networks that give weights start
// near zero, as in FFJORD.
func TestMovingInit(t *testing.T) {
	inits := func(kind, init string) map[string]ir.InitKind {
		inst := apply(t, "Linear", ir.Tensor(ir.F32, 3), func(o *layer.Options) {
			o.Name["init"], o.Moving = init, &layer.Timed{Row: layer.LookupTime(kind)}
		}, 4)
		out := map[string]ir.InitKind{}
		for _, p := range inst.Params {
			out[p.Name] = p.Init.Kind
		}
		return out
	}
	for _, row := range []struct {
		kind, init string
		want       map[string]ir.InitKind
	}{
		{"concatsquash", "zeros", map[string]ir.InitKind{"_layer.weight": ir.InitZeros, "_layer.bias": ir.InitZeros, "_hyper_bias.weight": ir.InitZeros,
			"_hyper_gate.weight": ir.InitLinearDefault, "_hyper_gate.bias": ir.InitLinearDefault}},
		{"blend", "xavier_normal", map[string]ir.InitKind{"_layer0.weight": ir.InitNormal, "_layer0.bias": ir.InitLinearDefault,
			"_layer1.weight": ir.InitNormal, "_layer1.bias": ir.InitLinearDefault}},
		{"hyper", "default", map[string]ir.InitKind{"_hypernet.0.weight": ir.InitZeros, "_hypernet.0.bias": ir.InitNormal,
			"_hypernet.2.weight": ir.InitZeros, "_hypernet.2.bias": ir.InitNormal}},
	} {
		if d := cmp.Diff(row.want, inits(row.kind, row.init)); d != "" {
			t.Errorf("%s: %s", row.kind, d)
		}
	}
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

// TestRows: every row is documented, and is built whole, slice by slice, or of others.
func TestRows(t *testing.T) {
	for _, name := range layer.Names() {
		r := layer.Lookup(name)
		ways := 0
		for _, has := range []bool{r.Build != nil, r.Cell != nil, r.Chain != nil} {
			if has {
				ways++
			}
		}
		if r.Doc == "" || (r.Check == nil) != (r.Chain != nil) || ways != 1 {
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
