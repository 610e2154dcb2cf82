package lanes_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/rt"
)

// pack writes the matrices that kernels with tiles read into the frame.
func (b *bench) pack(fr []byte) {
	for _, q := range b.set.TilePacks {
		shape := q.Param.Type.Shape
		x := make([]float32, q.Param.Type.Len())
		for i, v := range b.params[q.Param.Name] {
			x[i] = float32(v)
		}
		to := make([]float32, 32*q.Field.Rows)
		rt.PackTiles(to, x, shape[0], shape[1], q.Turned)
		copy(fr[q.Field.Off:], unsafe.Slice((*byte)(unsafe.Pointer(&to[0])), 4*len(to)))
	}
}

// tiled is a module of a matrix with a function of two vectors and of their samples, and a bench of it for tiles alone.
func tiled(t *testing.T, rows, cols int, body func(b *ir.Builder, w, x, y *ir.Value) (results []*ir.Value, sum *ir.Value)) *bench {
	t.Helper()
	m := &ir.Module{Real: ir.F32}
	w := &ir.Param{Name: "w", Type: ir.Tensor(ir.F32, rows, cols)}
	m.Params = []*ir.Param{w}
	b := ir.NewFunc("f", diag.Span{}, ir.F32)
	rs, sum := body(b, b.Param(w), b.Arg("x", ir.Tensor(ir.F32, rows)), b.Arg("y", ir.Tensor(ir.F32, cols)))
	names, accum := make([]string, len(rs)), make([]bool, len(rs))
	if sum != nil {
		rs, names, accum = append(rs, sum), append(names, "w_bar"), append(accum, true)
	}
	f := b.Return(rs...)
	f.ResultNames, f.Accum = names, accum
	m.AddFunc(f)
	set := lanes.New(planned(t, m), kernelName)
	set.Tiles = true
	params := map[string][]float64{}
	rnd := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	for range rows * cols {
		params["w"] = append(params["w"], float64(float32(rnd.NormFloat64()/math.Sqrt(float64(cols)))))
	}
	return benchOf(t, m, set, params, m.Funcs, []asm.ISA{asm.AMX})
}

// TestTiles compares products on tiles with the interpreter, sample by sample, and on this machine with the simulator, bit by bit: of a
// matrix, of a matrix that is turned over, and of samples, with sizes that leave something over.
func TestTiles(t *testing.T) {
	forms := map[string]func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value){
		"a layer": func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
			return []*ir.Value{b.Unary(ir.OpTanh, b.Add(b.Binary(ir.OpMatVec, w, y), x))}, nil
		},
		"two vectors in a loop": func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
			u, v := b.Binary(ir.OpMatVec, w, y), b.Binary(ir.OpMatVec, w, b.Unary(ir.OpSin, y))
			return []*ir.Value{b.Mul(u, v), b.Sum(b.Mul(u, x))}, nil
		},
		"way back": func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
			h := b.Unary(ir.OpTanh, b.Binary(ir.OpMatVec, w, y))
			d := b.Mul(x, b.Sub(b.Const(1, ir.F32), b.Mul(h, h)))
			return []*ir.Value{b.Add(y, b.Binary(ir.OpVecMat, d, w))}, b.Binary(ir.OpOuter, d, y)
		},
		"sums over samples": func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
			return nil, b.Binary(ir.OpOuter, b.Unary(ir.OpTanh, x), y)
		},
	}
	machine := newProcessor(t)
	rnd := rand.New(rand.NewPCG(6, 7))
	for name, body := range forms {
		for _, size := range [][2]int{{64, 64}, {96, 90}, {129, 101}} {
			for _, counts := range []int{0, 5} {
				b := tiled(t, size[0], size[1], body)
				b.name, b.counts, b.ran = name+": ", counts, machine.add
				k := b.set.Of(b.m.Funcs[0])
				if k == nil || !b.set.HasTiles(k) {
					t.Fatalf("%s, %v: not on tiles", name, size)
				}
				before := t.Failed()
				b.check(t, k, b.m.Funcs[0], rnd)
				if t.Failed() && !before {
					t.Errorf("%s, %v, %d count", name, size, counts)
				}
			}
		}
	}
	if !slices.Contains(machine.isas, asm.AMX) {
		t.Log("NOT CHECKED: tiles on a processor, which has none")
		return
	}
	machine.compare(t)
}

// TestTilesApart: small products have no tiles, and neither has a set that did not ask for them.
func TestTilesApart(t *testing.T) {
	body := func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
		return []*ir.Value{b.Binary(ir.OpMatVec, w, y)}, nil
	}
	b := tiled(t, 24, 24, body)
	if k := b.set.Of(b.m.Funcs[0]); b.set.HasTiles(k) {
		t.Error("a small matrix has tiles")
	}
	set := lanes.New(planned(t, tiled(t, 64, 64, body).m), kernelName)
	k, err := set.Add(set.Plan.Module.Funcs[0])
	if err != nil {
		t.Fatal(err)
	}
	if set.HasTiles(k) || strings.Contains(string(set.Text(asm.AVX512, "", set.Kernels, func(*lanes.Kernel) bool { return true })), "tmm") {
		t.Error("tiles that nobody has asked for")
	}
}

// TestQuarterTanh: the tanh of kernels with tiles is within its bounds, and keeps what is no number.
func TestQuarterTanh(t *testing.T) {
	b := tiled(t, 64, 64, func(b *ir.Builder, w, x, y *ir.Value) ([]*ir.Value, *ir.Value) {
		return []*ir.Value{b.Unary(ir.OpTanh, b.Add(b.Binary(ir.OpMatVec, w, y), x))}, nil
	})
	clear(b.params["w"])
	k := b.set.Of(b.m.Funcs[0])
	fr := make([]byte, b.set.Size)
	b.pack(fr)
	m := b.texts[asm.AMX].Machine()
	at := m.Map(fr)
	rnd := rand.New(rand.NewPCG(1, 9))
	odd := []float32{0, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0.125, -0.125, 7.874, 8, 1e-30}
	off, relative := 0.0, 0.0
	for range 12 {
		xs := make([]float32, 64*32)
		for i := range xs {
			if xs[i] = float32(math.Exp2(14*rnd.Float64()-10) * float64(1-2*(i%2))); i < len(odd) {
				xs[i] = odd[i]
			}
			put(fr[k.Args[0].Off:], ir.F32, ir.F32, i, float64(xs[i]))
		}
		if err := m.Call(k.Name+"_amx", at, at, at, at); err != nil {
			t.Fatal(err)
		}
		for i, x := range xs {
			got, want := get(fr[k.Results[0].Off:], ir.F32, ir.F32, i), math.Tanh(float64(x))
			if math.IsNaN(want) || want == 0 {
				if math.IsNaN(want) != math.IsNaN(got) || want == 0 && got != 0 {
					t.Errorf("tanh of %v is %v", x, got)
				}
				continue
			}
			off, relative = max(off, math.Abs(got-want)), max(relative, math.Abs(got-want)/math.Abs(want))
		}
	}
	if !(off <= 3e-7) || !(relative <= 1e-6) {
		t.Errorf("tanh is off by %.3g, and by %.3g of itself", off, relative)
	}
}
