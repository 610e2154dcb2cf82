package layer

import (
	"math"

	"ndec.dev/ndec/ir"
)

// Recurrent layers go over a window [length, channels] with hidden states that start at zero. Gates,
// parameter names and initialisers are those of torch.nn.GRU and torch.nn.LSTM with one layer.
var recurrentRows = []Row{
	recurrent("GRU", "gated recurrent unit (Cho et al. 2014) over a window [length, channels]; gives the last hidden state", 3, 1, gruCell),
	recurrent("LSTM", "long short-term memory (Hochreiter, Schmidhuber 1997) over a window [length, channels]; gives the last hidden state", 4, 2, lstmCell),
}

func recurrent(name, doc string, gates, states int, cell func(b *ir.Builder, states []*ir.Value, x *ir.Value, p []*ir.Value) []*ir.Value) Row {
	return Row{Name: name, Doc: doc, Sizes: SizeRule{1, 1},
		Options: append([]Option{biasOption, {Key: "sequence", Kind: BoolOption, Doc: "give the hidden states of all times, [length, size]"}}, basisOptions...),
		Check: func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) {
			if in.Rank() != 2 {
				return ir.Type{}, nil, &Mismatch{Want: "a window [length, channels]"}
			}
			n := o.Sizes[0]
			init := uniform(1 / math.Sqrt(float64(n)))
			params := []ParamSpec{
				{"weight_ih_l0", ir.Tensor(in.Elem, gates*n, in.Shape[1]), init},
				{"weight_hh_l0", ir.Tensor(in.Elem, gates*n, n), init},
			}
			if o.Bool["bias"] {
				t := ir.Tensor(in.Elem, gates*n)
				params = append(params, ParamSpec{"bias_ih_l0", t, init}, ParamSpec{"bias_hh_l0", t, init})
			}
			out := ir.Tensor(in.Elem, n)
			if o.Bool["sequence"] {
				out = ir.Tensor(in.Elem, in.Shape[0], n)
			}
			return out, params, nil
		},
		Carry: func(inst *Instance) []ir.Type {
			ts := make([]ir.Type, states)
			for i := range ts {
				ts[i] = ir.Tensor(inst.In.Elem, inst.Options.Sizes[0])
			}
			return ts
		},
		Cell: cell}
}

// gates are the parts of W_i x + b_i and of W_h h + b_h, each of h's length.
func gates(b *ir.Builder, x, h *ir.Value, p []*ir.Value) (fromInput, fromHidden []*ir.Value) {
	n := h.Type.Len()
	parts := func(w, v *ir.Value, bias int) []*ir.Value {
		y := b.MatVec(w, v)
		if len(p) > bias {
			y = b.Add(y, p[bias])
		}
		var out []*ir.Value
		for lo := 0; lo < y.Type.Len(); lo += n {
			out = append(out, b.Slice(y, lo, lo+n))
		}
		return out
	}
	return parts(p[0], x, 2), parts(p[1], h, 3)
}

// gruCell: r and z are σ of their sums, n = tanh(n_i + r n_h), h' = (1-z) n + z h.
func gruCell(b *ir.Builder, states []*ir.Value, x *ir.Value, p []*ir.Value) []*ir.Value {
	h := states[0]
	gi, gh := gates(b, x, h, p)
	r := b.Unary(ir.OpSigmoid, b.Add(gi[0], gh[0]))
	z := b.Unary(ir.OpSigmoid, b.Add(gi[1], gh[1]))
	n := b.Unary(ir.OpTanh, b.Add(gi[2], b.Mul(r, gh[2])))
	one := b.Const(1, h.Type.Elem)
	return []*ir.Value{b.Add(b.Mul(b.Sub(one, z), n), b.Mul(z, h))}
}

// lstmCell: i, f and o are σ of their sums, g is tanh, c' = f c + i g, h' = o tanh(c').
func lstmCell(b *ir.Builder, states []*ir.Value, x *ir.Value, p []*ir.Value) []*ir.Value {
	h, c := states[0], states[1]
	gi, gh := gates(b, x, h, p)
	gate := func(op ir.Op, k int) *ir.Value { return b.Unary(op, b.Add(gi[k], gh[k])) }
	i, f, g, o := gate(ir.OpSigmoid, 0), gate(ir.OpSigmoid, 1), gate(ir.OpTanh, 2), gate(ir.OpSigmoid, 3)
	next := b.Add(b.Mul(f, c), b.Mul(i, g))
	return []*ir.Value{b.Mul(o, b.Unary(ir.OpTanh, next)), next}
}
