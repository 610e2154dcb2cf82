package layer

import "ndec.dev/ndec/ir"

// laterRows are layers of the language that are checked for shape but not compiled yet.
var laterRows = []Row{
	{
		Name: "Conv2d", Doc: "convolution of an image [channels, height, width]", Later: true, Sizes: SizeRule{1, 1},
		Options: append(convOptions(), basisOptions...),
		Check:   convolution(2),
	},
	{
		Name: "Conv1d", Doc: "convolution of a series [channels, length]", Later: true, Sizes: SizeRule{1, 1},
		Options: append(convOptions(), basisOptions...),
		Check:   convolution(1),
	},
	{
		Name: "AvgPool2d", Doc: "mean over square windows of an image", Later: true, Sizes: SizeRule{1, 1},
		Options: []Option{{Key: "stride", Kind: IntOption, Min: 0, Max: 1 << 20, Doc: "distance of windows; 0: their size"}},
		Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
			stride := int(o.Num["stride"])
			if stride == 0 {
				stride = o.Sizes[0]
			}
			if in.Rank() != 3 {
				return ir.Type{}, nil, &Mismatch{Want: "an image [channels, height, width]"}
			}
			return slide(in, in.Shape[0], 2, o.Sizes[0], stride, 0)
		},
	},
	{
		Name: "GroupNorm", Doc: "normalises groups of channels", Later: true, Sizes: SizeRule{1, 1},
		Options: []Option{{Key: "eps", Kind: NumberOption, Num: 1e-5, Min: 0, Max: 1, Doc: "added to the variance"}},
		Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
			if in.Rank() == 0 || in.Shape[0]%o.Sizes[0] != 0 {
				return ir.Type{}, nil, &Mismatch{Want: "channels that the groups divide"}
			}
			return in, nil, nil
		},
	},
	{
		Name: "GRU", Doc: "gated recurrent unit over a window [length, channels]; gives the last hidden state", Later: true, Sizes: SizeRule{1, 1},
		Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
			if in.Rank() != 2 {
				return ir.Type{}, nil, &Mismatch{Want: "a window [length, channels]"}
			}
			return ir.Tensor(in.Elem, o.Sizes[0]), nil, nil
		},
	},
}

func convOptions() []Option {
	return []Option{
		{Key: "kernel", Kind: IntOption, Num: 3, Min: 1, Max: 1 << 20, Doc: "width of the kernel"},
		{Key: "pad", Kind: IntOption, Min: 0, Max: 1 << 20, Doc: "zeros around"},
		{Key: "stride", Kind: IntOption, Num: 1, Min: 1, Max: 1 << 20, Doc: "distance of windows"},
		biasOption, initOption,
	}
}

func convolution(axes int) func(ir.Type, Options) (ir.Type, []ParamSpec, error) {
	want := map[int]string{1: "a series [channels, length]", 2: "an image [channels, height, width]"}[axes]
	return func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
		if in.Rank() != axes+1 {
			return ir.Type{}, nil, &Mismatch{Want: want}
		}
		return slide(in, o.Sizes[0], axes, int(o.Num["kernel"]), int(o.Num["stride"]), int(o.Num["pad"]))
	}
}

// slide is the shape of windows of size k moved by stride over the last axes.
func slide(in ir.Type, channels, axes, k, stride, pad int) (ir.Type, []ParamSpec, error) {
	shape := []int{channels}
	for _, d := range in.Shape[1 : axes+1] {
		n := (d+2*pad-k)/stride + 1
		if d+2*pad < k || n < 1 {
			return ir.Type{}, nil, &Mismatch{Want: "an image at least as large as the kernel"}
		}
		shape = append(shape, n)
	}
	return ir.Tensor(in.Elem, shape...), nil, nil
}
