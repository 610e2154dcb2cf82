package lanes_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// TestFollowingConvolutions compares what is computed with the elements of a convolution with the interpreter: bias and
// activation, with other readers of the convolution and without, readers of other places, and derivatives by images.
func TestFollowingConvolutions(t *testing.T) {
	a := [2]ir.ConvAxis{{Stride: 1, Pad: 1, Dilation: 1, In: 5, Kernel: 3}, {Stride: 2, Pad: 1, Dilation: 1, In: 7, Kernel: 3}}
	for _, real := range []ir.Elem{ir.F32, ir.F64} {
		m := &ir.Module{Real: real}
		rnd := rand.New(rand.NewPCG(6, 7))
		params := map[string][]float64{}
		param := func(name string, shape ...int) *ir.Param {
			p := &ir.Param{Name: name, Type: ir.Tensor(real, shape...), Index: len(m.Params)}
			m.Params = append(m.Params, p)
			for range p.Type.Len() {
				params[name] = append(params[name], float64(rnd.IntN(384)-192)/256)
			}
			return p
		}
		w, bias := param("w", 7, 3, 3, 3), param("b", 7, 5, 4) // as parameters give it, once for all samples
		image, made := []int{3, 5, 7}, []int{7, 5, 4}
		passes := map[string]bool{} // whether the sums of a convolution stay in registers
		add := func(name string, pass bool, body func(b *ir.Builder, conv, y *ir.Value) []*ir.Value) {
			b := ir.NewFunc(name, diag.Span{}, real)
			x, y := b.Arg("x", ir.Tensor(real, image...)), b.Arg("y", ir.Tensor(real, made...))
			conv := b.Emit(ir.OpConv, ir.ConvAttr(1, a[0], a[1]), b.Param(w), x)
			passes[name] = pass
			m.AddFunc(b.Return(body(b, conv, y)...))
		}
		add("biased", true, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			return []*ir.Value{b.Unary(ir.OpAbs, b.Add(conv, b.Param(bias)))}
		})
		add("times", true, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			z := b.Add(conv, b.Param(bias))
			return []*ir.Value{b.Mul(z, y), b.Sub(y, b.Emit(ir.OpSquare, ir.Attr{}, z))}
		})
		add("both", false, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			return []*ir.Value{conv, b.Unary(ir.OpTanh, b.Mul(conv, y))}
		})
		add("later", false, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			z := b.Unary(ir.OpTanh, conv)
			return []*ir.Value{z, b.Emit(ir.OpConvInput, ir.ConvAttr(1, a[0], a[1]), b.Param(w), conv)}
		})
		add("elsewhere", false, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			z := b.Slice(conv, 1, 6, 0, 5, 0, 4)
			return []*ir.Value{b.Mul(z, b.Slice(y, 0, 5, 0, 5, 0, 4)), b.Mul(conv, y)}
		})
		add("first", false, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			return []*ir.Value{b.Mul(conv, b.Expand(b.Reshape(b.Slice(conv, 6, 7, 4, 5, 3, 4)), made...))}
		})
		add("reshaped", false, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			return []*ir.Value{b.Mul(b.Reshape(conv, 140), b.Reshape(y, 140)), b.Reshape(conv, 7, 20)}
		})
		add("back", true, func(b *ir.Builder, conv, y *ir.Value) []*ir.Value {
			g := b.Emit(ir.OpConvInput, ir.ConvAttr(1, a[0], a[1]), b.Param(w), b.Mul(conv, y))
			return []*ir.Value{b.Mul(g, g)}
		})
		p := planned(t, m)
		b := newBench(t, m, p, params, m.Funcs, 0)
		for _, f := range m.Funcs {
			k := b.set.Of(f)
			if k == nil {
				_, err := b.set.Add(f)
				t.Fatalf("%s is not in lanes: %v", f.Name, err)
			}
			b.check(t, k, f, rnd)
			conv := f.Values[slices.IndexFunc(f.Values, func(v *ir.Value) bool { return v.Op == ir.OpConv })]
			if placed := k.Placed(conv); placed == passes[f.Name] {
				t.Errorf("%s: has the convolution a place: %v", f.Name, placed)
			}
		}
	}
}
