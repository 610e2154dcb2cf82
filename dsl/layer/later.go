package layer

import "ndec.dev/ndec/ir"

// laterRows are layers of the language that are checked for shape but not compiled yet.
var laterRows = []Row{
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
