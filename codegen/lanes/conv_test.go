package lanes_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// TestConvolutions compares convolutions of many forms, their derivatives and windows with the interpreter, with weights that
// are the same for all samples and with weights of each sample.
func TestConvolutions(t *testing.T) {
	axis := func(stride, pad, dilation, in, kernel int) ir.ConvAxis {
		return ir.ConvAxis{Stride: stride, Pad: pad, Dilation: dilation, In: in, Kernel: kernel}
	}
	cases := []struct {
		out, in, groups int
		axes            []ir.ConvAxis
	}{
		{7, 3, 1, []ir.ConvAxis{axis(1, 1, 1, 5, 3), axis(1, 1, 1, 7, 3)}},
		{1, 4, 1, []ir.ConvAxis{axis(1, 0, 1, 4, 3), axis(1, 2, 1, 9, 5)}},
		{4, 2, 2, []ir.ConvAxis{axis(2, 1, 1, 6, 3), axis(3, 2, 2, 8, 4)}},
		{6, 6, 6, []ir.ConvAxis{axis(2, 0, 3, 9, 2), axis(1, 1, 1, 4, 3)}},
		{13, 2, 1, []ir.ConvAxis{axis(1, 0, 1, 3, 1), axis(4, 0, 1, 9, 1)}},
		{2, 1, 1, []ir.ConvAxis{axis(3, 3, 2, 4, 4), axis(1, 5, 1, 3, 11)}},
		{3, 2, 1, []ir.ConvAxis{axis(1, 1, 1, 1, 3), axis(2, 2, 2, 5, 3)}},
		{9, 5, 1, []ir.ConvAxis{axis(1, 2, 1, 6, 4)}},
		{2, 4, 2, []ir.ConvAxis{axis(2, 1, 2, 11, 3)}},
		// The others are for one sample alone: rows of several vectors, of nearly one, planes of every second row and column.
		{3, 2, 1, []ir.ConvAxis{axis(1, 1, 1, 3, 3), axis(1, 1, 1, 33, 3)}},
		{5, 3, 1, []ir.ConvAxis{axis(1, 1, 1, 5, 3), axis(1, 1, 1, 14, 3)}},
		{3, 2, 1, []ir.ConvAxis{axis(2, 2, 1, 9, 5), axis(2, 2, 1, 21, 5)}},
	}
	for _, real := range []ir.Elem{ir.F32, ir.F64} {
		m := &ir.Module{Real: real}
		params := map[string][]float64{}
		rnd := rand.New(rand.NewPCG(4, 5))
		for i, k := range cases {
			w, x, y := []int{k.out, k.in / k.groups}, []int{k.in}, []int{k.out}
			taps := 1
			for _, a := range k.axes {
				w, x, y, taps = append(w, a.Kernel), append(x, a.In), append(y, a.Out()), taps*a.Kernel
			}
			at := ir.ConvAttr(k.groups, k.axes...)
			p := &ir.Param{Name: fmt.Sprintf("w%d", i), Type: ir.Tensor(real, w...), Index: i}
			m.Params = append(m.Params, p)
			for range p.Type.Len() {
				params[p.Name] = append(params[p.Name], float64(rnd.IntN(384)-192)/256)
			}
			add := func(op ir.Op, shapes ...[]int) {
				for _, own := range []bool{false, true} {
					b := ir.NewFunc(fmt.Sprintf("%s%d%v", strings.ToLower(op.String()), i, own), diag.Span{}, real)
					var args []*ir.Value
					for j, s := range shapes {
						if s == nil && !own {
							args = append(args, b.Param(p))
							continue
						}
						if s == nil {
							s = w
						}
						args = append(args, b.Arg(fmt.Sprintf("x%d", j), ir.Tensor(real, s...)))
					}
					m.AddFunc(b.Return(b.Emit(op, at, args...)))
				}
			}
			add(ir.OpConv, nil, x)
			add(ir.OpConvInput, nil, y)
			add(ir.OpConvWeight, x, y)
			add(ir.OpWindows, x)
			add(ir.OpUnwindows, append([]int{k.in, taps}, y[1:]...))
		}
		p := planned(t, m)
		blocks := m.Funcs[:9*len(m.Funcs)/len(cases)]
		b := newBench(t, m, p, params, blocks, 0)
		for _, f := range blocks {
			k := b.set.Of(f)
			if k == nil {
				_, err := b.set.Add(f)
				t.Fatalf("%s is not in lanes: %v", f.Name, err)
			}
			b.check(t, k, f, rnd)
		}
		if n, own := checkAlone(t, m, p, params, rnd, false), 7*len(cases); n != own { // those without weights are alike
			t.Errorf("%d kernels for one sample, want %d", n, own)
		}
	}
}

// TestConvText: text does not grow with images and channels, but for what remains beside whole tiles, and tiles find registers for their sums.
func TestConvText(t *testing.T) {
	kernel := func(isa asm.ISA, channels, size int) string {
		m := &ir.Module{Real: ir.F32}
		b := ir.NewFunc("f", diag.Span{}, ir.F32)
		p := &ir.Param{Name: "w", Type: ir.Tensor(ir.F32, channels, channels, 3, 3)}
		m.Params = []*ir.Param{p}
		x := b.Arg("x", ir.Tensor(ir.F32, channels, size, size))
		a := ir.ConvAxis{Stride: 1, Pad: 1, Dilation: 1, In: size, Kernel: 3}
		y := b.Emit(ir.OpConv, ir.ConvAttr(1, a, a), b.Param(p), x)
		back := b.Emit(ir.OpConvInput, ir.ConvAttr(1, a, a), b.Param(p), y)
		f := m.AddFunc(b.Return(y, back, b.Emit(ir.OpConvWeight, ir.ConvAttr(1, a, a), x, back)))
		pl, err := plan.Build(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := pl.Extra(f); err != nil {
			t.Fatal(err)
		}
		set := lanes.New(pl, kernelName)
		set.Hold = 1000 // both pause
		k, err := set.Add(f)
		if err != nil {
			t.Fatal(err)
		}
		runs := set.Called(func(q *lanes.Kernel) bool { return q == k })
		return string(set.Text(isa, "", runs, func(*lanes.Kernel) bool { return false }))
	}
	for _, isa := range asm.ISAs {
		small, large := kernel(isa, 12, 8), kernel(isa, 48, 56)
		if s, l := strings.Count(small, "\n"), strings.Count(large, "\n"); l > s*9/8 || l > 1500 {
			t.Errorf("%s: %d lines for a small image, %d for a large one", isa, s, l)
		}
		if strings.Contains(small+large, "want of registers") {
			t.Errorf("%s: vectors lie in the frame", isa)
		}
	}
}
