package ir

import "fmt"

// Convolutions are one form that is linear in weights w, input x and output cotangent y,
//
//	Σ w[o,i,k] x[i, p·stride + k·dilation - pad] y[o,p]
//
// over output and input channels o and i, places p and places k of the kernel. Each of the three
// operators is its derivative by one of them, so that a derivative of one is another, to any order.

// ConvAxis is one spatial axis of a convolution.
type ConvAxis struct {
	Stride, Pad, Dilation int
	In, Kernel            int // lengths of input and kernel
}

// Out is the length of the output; below 1 where the kernel does not fit.
func (a ConvAxis) Out() int {
	rest := a.In + 2*a.Pad - a.Dilation*(a.Kernel-1) - 1
	if rest < 0 {
		return 0
	}
	return rest/a.Stride + 1
}

// ConvAttr is the attribute of the operators of a convolution, or of windows with one group.
func ConvAttr(groups int, axes ...ConvAxis) Attr {
	at := Attr{Ints: []int{groups}}
	for _, a := range axes {
		at.Ints = append(at.Ints, a.Stride, a.Pad, a.Dilation, a.In, a.Kernel)
	}
	return at
}

// Conv reads the attribute of a convolution.
func (at *Attr) Conv() (groups int, axes []ConvAxis, err error) {
	xs := at.Ints
	if len(xs) != 6 && len(xs) != 11 {
		return 0, nil, fmt.Errorf("%v is no convolution", xs)
	}
	for i := 1; i < len(xs); i += 5 {
		a := ConvAxis{xs[i], xs[i+1], xs[i+2], xs[i+3], xs[i+4]}
		const limit = 1 << 20
		if a.Stride < 1 || a.Pad < 0 || a.Dilation < 1 || a.In < 1 || a.Kernel < 1 ||
			max(a.Stride, a.Pad, a.Dilation, a.In, a.Kernel) > limit || a.Out() < 1 {
			return 0, nil, fmt.Errorf("%v is no axis of a convolution", a)
		}
		axes = append(axes, a)
	}
	if xs[0] < 1 {
		return 0, nil, fmt.Errorf("%d groups", xs[0])
	}
	return xs[0], axes, nil
}

// lengths are those of input, kernel and output along the axes.
func lengths(axes []ConvAxis) (in, kernel, out []int) {
	for _, a := range axes {
		in, kernel, out = append(in, a.In), append(kernel, a.Kernel), append(out, a.Out())
	}
	return in, kernel, out
}

// convRole is which of the three values an operator computes or reads.
type convRole int

const (
	convWeight convRole = iota
	convInput
	convOutput
)

// convOps says which operator computes a role; its operands are the other two, in their order.
var convOps = [...]Op{convWeight: OpConvWeight, convInput: OpConvInput, convOutput: OpConv}

func init() {
	register(
		convolution(OpConv, convOutput, "conv", "convolution of channels along one or two axes (cross-correlation, as in PyTorch)"),
		convolution(OpConvInput, convInput, "conv_input", "transposed convolution: the derivative of conv by its input"),
		convolution(OpConvWeight, convWeight, "conv_weight", "correlation of input and output: the derivative of conv by its weights"),
		windows(OpWindows, OpUnwindows, "windows", "y[c,k,p] = x[c, p·stride + k·dilation - pad]", "windows of channels, those of a place in its column; zeros outside", true),
		windows(OpUnwindows, OpWindows, "unwindows", "x[c,q] = Σ y[c,k,p] over windows that hold q", "windows added back to where they come from", false),
	)
}

func convolution(op Op, role convRole, name, doc string) Info {
	formulas := map[convRole]string{
		convOutput: "y[o,p] = Σ w[o,i,k] x[i, p·stride + k·dilation - pad]",
		convInput:  "x[i,q] = Σ w[o,i,k] y[o,p], q = p·stride + k·dilation - pad",
		convWeight: "w[o,i,k] = Σ x[i, p·stride + k·dilation - pad] y[o,p]",
	}
	roles := operandRoles(role)
	return Info{Op: op, Name: name, Arity: 2, Class: ClassLinalg, Linear: true, Formula: formulas[role], Doc: doc,
		Shape: func(a []Type, at *Attr) (Type, error) {
			groups, axes, err := at.Conv()
			if err == nil {
				err = floats(a, len(a[0].Shape), len(a[1].Shape))
			}
			if err != nil {
				return Type{}, err
			}
			shapes := map[convRole][]int{roles[0]: a[0].Shape, roles[1]: a[1].Shape}
			if shapes[role], err = convShape(role, groups, axes, shapes); err != nil {
				return Type{}, err
			}
			return Tensor(a[0].Elem, shapes[role]...), nil
		},
		Eval: func(a []Datum, at *Attr, out []float64) {
			groups, axes, _ := at.Conv()
			data := map[convRole][]float64{roles[0]: a[0].Data, roles[1]: a[1].Data, role: out}
			channels := map[convRole]int{roles[0]: a[0].Type.Shape[0], roles[1]: a[1].Type.Shape[0]}
			clear(out)
			evalConv(groups, axes, convChannels(channels, a, roles, groups), data, role)
		},
		Transpose: func(b *Builder, v *Value, i int, g *Value) *Value {
			// The operator of the operand's role takes the other operand and g, in the order of roles.
			have := map[convRole]*Value{role: g, roles[1-i]: v.Args[1-i]}
			want := operandRoles(roles[i])
			return b.Emit(convOps[roles[i]], v.Attr, have[want[0]], have[want[1]])
		}}
}

// operandRoles are the roles of the operands of the operator that computes a role.
func operandRoles(role convRole) [2]convRole {
	switch role {
	case convWeight:
		return [2]convRole{convInput, convOutput}
	case convInput:
		return [2]convRole{convWeight, convOutput}
	}
	return [2]convRole{convWeight, convInput}
}

// convShape is the shape of a role from those of the two others.
func convShape(role convRole, groups int, axes []ConvAxis, shapes map[convRole][]int) ([]int, error) {
	in, kernel, out := lengths(axes)
	spatial := map[convRole][]int{convWeight: kernel, convInput: in, convOutput: out}
	lead := map[convRole]int{convWeight: 2, convInput: 1, convOutput: 1}
	for r, s := range shapes {
		if len(s) != lead[r]+len(axes) || !SameShape(s[lead[r]:], spatial[r]) {
			return nil, fmt.Errorf("shape %v does not end in %v", s, spatial[r])
		}
	}
	var first []int
	w, x, y := shapes[convWeight], shapes[convInput], shapes[convOutput]
	switch role {
	case convWeight:
		if x[0]%groups != 0 || y[0]%groups != 0 {
			return nil, fmt.Errorf("%d groups do not divide %d and %d channels", groups, x[0], y[0])
		}
		first = []int{y[0], x[0] / groups}
	case convInput:
		if w[0] != y[0] || y[0]%groups != 0 {
			return nil, fmt.Errorf("weights %v in %d groups do not fit %d channels", w, groups, y[0])
		}
		first = []int{w[1] * groups}
	default:
		if w[1]*groups != x[0] || w[0]%groups != 0 {
			return nil, fmt.Errorf("weights %v in %d groups do not fit %d channels", w, groups, x[0])
		}
		first = []int{w[0]}
	}
	return append(first, spatial[role]...), nil
}

// convChannels gives the numbers of output and input channels.
func convChannels(lead map[convRole]int, a []Datum, roles [2]convRole, groups int) (channels [2]int) {
	for i, r := range roles {
		switch r {
		case convWeight:
			channels = [2]int{lead[r], a[i].Type.Shape[1] * groups}
		case convInput:
			channels[1] = lead[r]
		case convOutput:
			channels[0] = lead[r]
		}
	}
	return channels
}

// evalConv adds the products of the form to the value of a role. Terms of an element are added in the
// order o, i, places of the kernel, places of the output.
func evalConv(groups int, axes []ConvAxis, channels [2]int, data map[convRole][]float64, role convRole) {
	h, w := ConvAxis{1, 0, 1, 1, 1}, axes[len(axes)-1]
	if len(axes) == 2 {
		h = axes[0]
	}
	og, ig := channels[0]/groups, channels[1]/groups
	weight, x, y := data[convWeight], data[convInput], data[convOutput]
	for o := range channels[0] {
		for i := range ig {
			c := o/og*ig + i
			for a := range h.Kernel {
				for b := range w.Kernel {
					k := ((o*ig+i)*h.Kernel+a)*w.Kernel + b
					for p := range h.Out() {
						for q := range w.Out() {
							r, s := p*h.Stride+a*h.Dilation-h.Pad, q*w.Stride+b*w.Dilation-w.Pad
							if r < 0 || r >= h.In || s < 0 || s >= w.In {
								continue
							}
							at, to := (c*h.In+r)*w.In+s, (o*h.Out()+p)*w.Out()+q
							switch role {
							case convWeight:
								weight[k] += x[at] * y[to]
							case convInput:
								x[at] += weight[k] * y[to]
							default:
								y[to] += weight[k] * x[at]
							}
						}
					}
				}
			}
		}
	}
}

// windows is the row of an operator that copies windows out of channels, or adds them back.
func windows(op, back Op, name, formula, doc string, out bool) Info {
	return Info{Op: op, Name: name, Arity: 1, Class: ClassReduce, Linear: true, Formula: formula, Doc: doc,
		Shape: func(a []Type, at *Attr) (Type, error) {
			_, axes, err := at.Conv()
			if err == nil && !a[0].Elem.IsFloat() {
				err = fmt.Errorf("wants real numbers, not %s", a[0])
			}
			if err != nil {
				return Type{}, err
			}
			in, kernel, places := lengths(axes)
			lead := 1
			if !out {
				in, places, lead = places, in, 2
			}
			s := a[0].Shape
			n := Tensor(a[0].Elem, kernel...).Len()
			if len(s) != lead+len(in) || !SameShape(s[lead:], in) || !out && s[1] != n {
				return Type{}, fmt.Errorf("shape %v does not fit windows %v of %v", s, kernel, in)
			}
			shape := []int{s[0]}
			if out {
				shape = append(shape, n)
			}
			return Tensor(a[0].Elem, append(shape, places...)...), nil
		},
		Eval: func(a []Datum, at *Attr, result []float64) {
			_, axes, _ := at.Conv()
			h, w := ConvAxis{1, 0, 1, 1, 1}, axes[len(axes)-1]
			if len(axes) == 2 {
				h = axes[0]
			}
			clear(result)
			for c := range a[0].Type.Shape[0] {
				for k := range h.Kernel * w.Kernel {
					for p := range h.Out() {
						for q := range w.Out() {
							r, s := p*h.Stride+k/w.Kernel*h.Dilation-h.Pad, q*w.Stride+k%w.Kernel*w.Dilation-w.Pad
							if r < 0 || r >= h.In || s < 0 || s >= w.In {
								continue
							}
							at, to := (c*h.In+r)*w.In+s, ((c*h.Kernel*w.Kernel+k)*h.Out()+p)*w.Out()+q
							if out {
								result[to] = a[0].Data[at]
							} else {
								result[at] += a[0].Data[to]
							}
						}
					}
				}
			}
		},
		Transpose: func(b *Builder, v *Value, _ int, g *Value) *Value { return b.Emit(back, v.Attr, g) }}
}
