package codegen

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// convolution prints the call of a kernel of rt: loops whose text does not grow with the sizes.
func (fn *function) convolution(v *ir.Value) {
	groups, axes, err := v.Attr.Conv()
	if err != nil {
		panic("codegen: " + err.Error())
	}
	var name string
	in, out := 0, 0 // channels
	switch v.Op {
	case ir.OpConv:
		name, in, out = "Conv", v.Args[1].Type.Shape[0], v.Type.Shape[0]
	case ir.OpConvInput:
		name, in, out = "ConvInput", v.Type.Shape[0], v.Args[1].Type.Shape[0]
	case ir.OpConvWeight:
		name, in, out = "ConvWeight", v.Args[0].Type.Shape[0], v.Args[1].Type.Shape[0]
	case ir.OpWindows:
		name, in, out = "Windows", v.Type.Shape[0], v.Type.Shape[0]
	case ir.OpUnwindows:
		name, in, out = "Unwindows", v.Type.Shape[0], v.Type.Shape[0]
	}
	axis := func(a ir.ConvAxis) string {
		return fmt.Sprintf("{Stride: %d, Pad: %d, Dilation: %d, In: %d, Kernel: %d, Out: %d}", a.Stride, a.Pad, a.Dilation, a.In, a.Kernel, a.Out())
	}
	h, w := ir.ConvAxis{Stride: 1, Dilation: 1, In: 1, Kernel: 1}, axes[len(axes)-1]
	if len(axes) == 2 {
		h = axes[0]
	}
	args := ""
	for _, a := range v.Args {
		args += ", " + fn.slice(a)
	}
	fn.p.line("rt.%s(rt.ConvShape{Out: %d, In: %d, Groups: %d, H: rt.ConvAxis%s, W: rt.ConvAxis%s}, %s[:]%s)",
		name, out, in, groups, axis(h), axis(w), fn.arrayExpr(v), args)
}
