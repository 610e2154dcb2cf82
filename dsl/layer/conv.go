package layer

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Convolutions and pooling have PyTorch's formulas, parameter shapes and initialisers.

var convRows = []Row{
	convRow("Conv2d", 2, false, "convolution of an image [channels, height, width]: weight [out, in/groups, kernel, kernel], bias [out]"),
	convRow("Conv1d", 1, false, "convolution of a series [channels, length]: weight [out, in/groups, kernel], bias [out]"),
	convRow("ConvTranspose2d", 2, true, "transposed convolution of an image: weight [in, out/groups, kernel, kernel], bias [out]"),
	poolRow("AvgPool2d", "mean over square windows of an image; padding counts as zeros", true, func(b *ir.Builder, w *ir.Value) *ir.Value {
		return b.Emit(ir.OpMean, ir.Attr{Ints: []int{1}}, w)
	}),
	poolRow("MaxPool2d", "largest element of square windows of an image; the derivative is shared by equal ones", false, func(b *ir.Builder, w *ir.Value) *ir.Value {
		return b.Emit(ir.OpReduceMax, ir.Attr{Ints: []int{1}}, w)
	}),
}

const largest = 1 << 20 // of lengths and counts in options

var images = map[int]string{1: "a series [channels, length]", 2: "an image [channels, height, width]"}

func convRow(name string, axes int, transposed bool, doc string) Row {
	options := []Option{
		{Key: "kernel", Kind: IntOption, Num: 3, Min: 1, Max: largest, Doc: "width of the kernel"},
		{Key: "stride", Kind: IntOption, Num: 1, Min: 1, Max: largest, Doc: "distance of windows"},
		{Key: "pad", Kind: IntOption, Min: 0, Max: largest, Doc: "zeros around"},
		{Key: "dilation", Kind: IntOption, Num: 1, Min: 1, Max: largest, Doc: "distance of the kernel's elements"},
		{Key: "groups", Kind: IntOption, Num: 1, Min: 1, Max: largest, Doc: "groups of channels that do not see each other"},
		biasOption, initOption,
	}
	if transposed {
		options = append(options, Option{Key: "output_pad", Kind: IntOption, Min: 0, Max: largest, Doc: "rows and columns added at the end, less than stride"})
	}
	row := Row{Name: name, Doc: doc, Sizes: SizeRule{1, 1}, Options: append(options, movingOptions...)}
	row.Check = func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		if in.Rank() != axes+1 {
			return ir.Type{}, nil, &Mismatch{Want: images[axes]}
		}
		groups, out := int(o.Num["groups"]), o.Sizes[0]
		if in.Shape[0]%groups != 0 || out%groups != 0 {
			return ir.Type{}, nil, &Mismatch{Want: fmt.Sprintf("numbers of channels that its %d groups divide", groups)}
		}
		shape := []int{out}
		for _, a := range convAxes(in, o, transposed) {
			n := a.Out()
			if transposed {
				n = a.In
			}
			if n < 1 || a.Out() < 1 {
				return ir.Type{}, nil, &Mismatch{Want: images[axes] + " at least as large as the kernel"}
			}
			shape = append(shape, n)
		}
		kernel := int(o.Num["kernel"])
		weight := []int{out, in.Shape[0] / groups}
		if transposed {
			weight = []int{in.Shape[0], out / groups}
		}
		field := 1
		for range axes {
			weight = append(weight, kernel)
			field *= kernel
		}
		// Fan in and out are those of torch.nn.init: the second and first axis times the kernel.
		params := weightParams(in.Elem, weight, out, weight[1]*field, weight[0]*field, o)
		return ir.Tensor(in.Elem, shape...), params, nil
	}
	row.Build = func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value {
		op := ir.OpConv
		if transposed {
			op = ir.OpConvInput
		}
		y := b.Emit(op, ir.ConvAttr(int(inst.Options.Num["groups"]), convAxes(inst.In, inst.Options, transposed)...), params[0], x)
		if len(params) > 1 {
			y = b.Add(y, alongLeading(b, params[1], y.Type.Shape))
		}
		return y
	}
	return row
}

// convAxes are the spatial axes. A transposed convolution is that of its result, seen from the other end.
func convAxes(in ir.Type, o Options, transposed bool) []ir.ConvAxis {
	var axes []ir.ConvAxis
	for _, n := range in.Shape[1:] {
		a := ir.ConvAxis{Stride: int(o.Num["stride"]), Pad: int(o.Num["pad"]), Dilation: int(o.Num["dilation"]), In: n, Kernel: int(o.Num["kernel"])}
		if a.Dilation == 0 {
			a.Dilation = 1
		}
		if transposed {
			a.In = (n-1)*a.Stride - 2*a.Pad + a.Dilation*(a.Kernel-1) + int(o.Num["output_pad"]) + 1
		}
		axes = append(axes, a)
	}
	return axes
}

func poolRow(name, doc string, pad bool, reduce func(b *ir.Builder, windows *ir.Value) *ir.Value) Row {
	row := Row{Name: name, Doc: doc, Sizes: SizeRule{1, 1},
		Options: []Option{{Key: "stride", Kind: IntOption, Min: 0, Max: largest, Doc: "distance of windows; 0: their size"}}}
	if pad {
		row.Options = append(row.Options, Option{Key: "pad", Kind: IntOption, Min: 0, Max: largest, Doc: "zeros around"})
	}
	axes := func(in ir.Type, o Options) []ir.ConvAxis {
		stride := int(o.Num["stride"])
		if stride == 0 {
			stride = o.Sizes[0]
		}
		var out []ir.ConvAxis
		for _, n := range in.Shape[1:] {
			out = append(out, ir.ConvAxis{Stride: stride, Pad: int(o.Num["pad"]), Dilation: 1, In: n, Kernel: o.Sizes[0]})
		}
		return out
	}
	row.Check = func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		if in.Rank() != 3 {
			return ir.Type{}, nil, &Mismatch{Want: images[2]}
		}
		shape := []int{in.Shape[0]}
		for _, a := range axes(in, o) {
			if a.Out() < 1 {
				return ir.Type{}, nil, &Mismatch{Want: images[2] + " at least as large as the window"}
			}
			shape = append(shape, a.Out())
		}
		return ir.Tensor(in.Elem, shape...), nil, nil
	}
	row.Build = func(b *ir.Builder, x *ir.Value, _ []*ir.Value, inst *Instance) *ir.Value {
		return reduce(b, b.Emit(ir.OpWindows, ir.ConvAttr(1, axes(inst.In, inst.Options)...), x))
	}
	return row
}
