package lanes_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// layer is a module of a matrix with a function of a vector of rows and one of columns.
func layer(t *testing.T, real ir.Elem, rows, cols int, body func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value) (*ir.Module, map[string][]float64) {
	t.Helper()
	m := &ir.Module{Real: real}
	w := &ir.Param{Name: "w", Type: ir.Tensor(real, rows, cols)}
	m.Params = []*ir.Param{w}
	b := ir.NewFunc("f", diag.Span{}, real)
	m.AddFunc(b.Return(body(b, b.Param(w), b.Arg("x", ir.Tensor(real, rows)), b.Arg("y", ir.Tensor(real, cols)))...))
	params := map[string][]float64{}
	rnd := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	for range rows * cols {
		params["w"] = append(params["w"], float64(float32(rnd.NormFloat64()/math.Sqrt(float64(cols)))))
	}
	return m, params
}

// layerForms are functions with layers: what follows a product row by row, sums over its rows, sums that are results themselves, functions that are
// longer, and a second product in the loop.
var layerForms = map[string]func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value{
	"a layer": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		return []*ir.Value{b.Unary(ir.OpTanh, b.Add(b.Binary(ir.OpMatVec, w, y), x))}
	},
	"sums": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		h := b.Unary(ir.OpSigmoid, b.Binary(ir.OpMatVec, w, y))
		return []*ir.Value{b.Sum(b.Mul(h, x)), b.Sum(b.Mul(h, h))}
	},
	"kept": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		h := b.Binary(ir.OpMatVec, w, y)
		return []*ir.Value{h, b.Sub(b.Mul(h, x), b.Unary(ir.OpSin, h))}
	},
	"long": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		h := b.Add(b.Binary(ir.OpMatVec, w, y), x)
		return []*ir.Value{b.Unary(ir.OpErf, h), b.Mul(x, h)}
	},
	"and back": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		h := b.Unary(ir.OpTanh, b.Binary(ir.OpMatVec, w, y))
		return []*ir.Value{b.Binary(ir.OpVecMat, b.Mul(h, x), w), b.Binary(ir.OpMatVec, w, b.Unary(ir.OpSin, y))}
	},
	"two products": func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
		u, v := b.Binary(ir.OpMatVec, w, y), b.Binary(ir.OpMatVec, w, b.Unary(ir.OpSin, y))
		return []*ir.Value{b.Mul(u, v)}
	},
}

// TestTall compares layers by tall tiles with the interpreter, and the bits of both ISAs.
func TestTall(t *testing.T) {
	machine := newProcessor(t)
	rnd := rand.New(rand.NewPCG(6, 7))
	for name, body := range layerForms {
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			for i, size := range [][2]int{{132, 64}, {129, 71}} {
				m, params := layer(t, real, size[0], size[1], body)
				b := newBench(t, m, planned(t, m), params, m.Funcs, i%2*500) // every second one pauses
				b.name, b.ran = name+": ", machine.add
				before := t.Failed()
				b.check(t, b.set.Of(m.Funcs[0]), m.Funcs[0], rnd)
				if t.Failed() && !before {
					t.Errorf("%s, %s, %v", name, real, size)
				}
			}
		}
	}
	machine.compare(t)
}

// TestTallText: with AVX-512 a layer goes by tall tiles, whose sums have registers, and its text does not grow with its width.
func TestTallText(t *testing.T) {
	for _, isa := range asm.ISAs {
		var lines []int
		for _, n := range []int{128, 200, 1024} {
			m, _ := layer(t, ir.F32, n, n, func(b *ir.Builder, w, x, y *ir.Value) []*ir.Value {
				h := b.Unary(ir.OpTanh, b.Add(b.Binary(ir.OpMatVec, w, y), x))
				return []*ir.Value{b.Sum(h), b.Sum(b.Mul(h, x))}
			})
			set := lanes.New(planned(t, m), kernelName)
			k, err := set.Add(m.Funcs[0])
			if err != nil {
				t.Fatal(err)
			}
			text := string(set.Text(isa, "", []*lanes.Kernel{k}, func(*lanes.Kernel) bool { return false }))
			lines = append(lines, strings.Count(text, "\n"))
			if isa == asm.AVX512 && strings.Contains(text, "want of registers") {
				t.Errorf("%s: vectors lie in the frame", isa)
			}
			if got, want := strings.Contains(text, "rows of the tile"), isa == asm.AVX512; got != want {
				t.Errorf("%s: tall tiles is %v", isa, got)
			}
		}
		if lines[2] > lines[0]+100 || lines[2] > 600 {
			t.Errorf("%s: lines by width: %d", isa, lines)
		}
	}
}
