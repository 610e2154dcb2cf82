package lanes_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// outer is a module of one matrix, and a function that adds to its gradient what body makes of a vector of rows and one of columns.
func outer(t *testing.T, real ir.Elem, rows, cols int, body func(b *ir.Builder, x, y *ir.Value) []*ir.Value) (*ir.Module, *plan.Plan) {
	t.Helper()
	m := &ir.Module{Real: real}
	w := &ir.Param{Name: "w", Type: ir.Tensor(real, rows, cols)}
	m.Params = []*ir.Param{w}
	b := ir.NewFunc("f", diag.Span{}, real)
	rs := body(b, b.Arg("x", ir.Tensor(real, rows)), b.Arg("y", ir.Tensor(real, cols)))
	f := b.Return(rs...)
	f.ResultNames, f.Accum = make([]string, len(rs)), make([]bool, len(rs))
	f.ResultNames[len(rs)-1], f.Accum[len(rs)-1] = "w_bar", true
	m.AddFunc(f)
	p, err := plan.Build(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Extra(f); err != nil {
		t.Fatal(err)
	}
	return m, p
}

// TestOuter compares sums of outer products with the interpreter, for matrices with and without tiles over the samples, and widths
// that leave something over. Samples that do not count add nothing.
func TestOuter(t *testing.T) {
	forms := map[string]func(b *ir.Builder, x, y *ir.Value) []*ir.Value{
		"arguments": func(b *ir.Builder, x, y *ir.Value) []*ir.Value { return []*ir.Value{b.Binary(ir.OpOuter, x, y)} },
		"made in the loop": func(b *ir.Builder, x, y *ir.Value) []*ir.Value {
			u, v := b.Unary(ir.OpTanh, x), b.Unary(ir.OpSin, y)
			return []*ir.Value{b.Sum(b.Mul(u, u)), b.Binary(ir.OpOuter, b.Mul(u, x), b.Add(v, y))}
		},
		"two of them": func(b *ir.Builder, x, y *ir.Value) []*ir.Value {
			return []*ir.Value{b.Add(b.Binary(ir.OpOuter, x, b.Unary(ir.OpTanh, y)), b.Binary(ir.OpOuter, b.Unary(ir.OpTanh, x), y))}
		},
		"and what is none": func(b *ir.Builder, x, y *ir.Value) []*ir.Value {
			d := b.Binary(ir.OpOuter, b.Unary(ir.OpTanh, x), y)
			return []*ir.Value{b.Sum(b.Mul(d, d)), b.Add(b.Binary(ir.OpOuter, x, y), b.Mul(d, d))}
		},
	}
	machine := newProcessor(t)
	rnd := rand.New(rand.NewPCG(6, 7))
	for name, body := range forms {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			for _, size := range [][2]int{{64, 64}, {37, 33}, {17, 70}, {70, 17}, {16, 64}, {64, 16}, {64, 15}, {20, 20}} {
				m, p := outer(t, real, size[0], size[1], body)
				for _, counts := range []int{0, 5} {
					b := newBench(t, m, p, nil, m.Funcs, 0)
					b.counts, b.ran = counts, machine.add
					k := b.set.Of(m.Funcs[0])
					if k == nil {
						_, err := b.set.Add(m.Funcs[0])
						t.Fatalf("%s is not in lanes: %v", name, err)
					}
					_, tiles := b.set.Sums(m.Params[0])
					if want := size[0]*size[1] >= 1024 && min(size[0], size[1]) >= 16; (tiles != nil) != want {
						t.Errorf("%s, %d by %d: in tiles is %v", name, size[0], size[1], tiles != nil)
					}
					before := t.Failed()
					b.check(t, k, m.Funcs[0], rnd)
					if t.Failed() && !before {
						t.Errorf("%s, %s, %d by %d, %d count", name, real, size[0], size[1], counts)
					}
				}
			}
		}
	}
	machine.compare(t)
}

// TestOuterText: the text of an outer product does not grow with the matrix, and its sums have registers.
func TestOuterText(t *testing.T) {
	for _, isa := range asm.ISAs {
		var lines []int
		for _, n := range []int{64, 128, 1024} {
			m, p := outer(t, ir.F32, n, n, func(b *ir.Builder, x, y *ir.Value) []*ir.Value {
				return []*ir.Value{b.Binary(ir.OpOuter, x, y)}
			})
			set := lanes.New(p, kernelName)
			set.Hold = 1000 // all pause
			k, err := set.Add(m.Funcs[0])
			if err != nil {
				t.Fatal(err)
			}
			text := string(set.Text(isa, "", []*lanes.Kernel{k}, func(*lanes.Kernel) bool { return false }))
			lines = append(lines, strings.Count(text, "\n"))
			if strings.Contains(text, "want of registers") {
				t.Errorf("%s: vectors lie in the frame", isa)
			}
		}
		if lines[2] > lines[0]+100 || lines[2] > 600 {
			t.Errorf("%s: lines by width: %d", isa, lines)
		}
	}
}

// TestSharedSums: with AVX-512 a sum is read and written once for the two vectors of a block, unless a parameter has two of them, whose
// terms would come in another order.
func TestSharedSums(t *testing.T) {
	for _, sums := range []int{1, 2} {
		m, p := outer(t, ir.F32, 12, 2, func(b *ir.Builder, x, y *ir.Value) []*ir.Value {
			d := b.Binary(ir.OpOuter, b.Unary(ir.OpTanh, x), y)
			if sums == 2 {
				d = b.Add(d, b.Binary(ir.OpOuter, x, b.Unary(ir.OpTanh, y)))
			}
			return []*ir.Value{d}
		})
		set := lanes.New(p, kernelName)
		k, err := set.Add(m.Funcs[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, isa := range asm.ISAs {
			text := string(set.Text(isa, "", []*lanes.Kernel{k}, func(*lanes.Kernel) bool { return false }))
			if got, want := !strings.Contains(text, "vectors of the block"), isa == asm.AVX512 && sums == 1; got != want {
				t.Errorf("%s, %d sums: both vectors together is %v", isa, sums, got)
			}
		}
	}
}
