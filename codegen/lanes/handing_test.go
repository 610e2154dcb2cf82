package lanes_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// TestHandedOver compares functions that call another one, with few and with many numbers, with the interpreter: what only a call reads, what is
// read before the next call and after it, what two calls read, and results that go on to a call or are results. Copies that
// are not needed are not there.
func TestHandedOver(t *testing.T) {
	for _, n := range []int{3, 40} {
		for _, hold := range []int{0, 1} { // also with pauses
			for _, real := range []ir.Elem{ir.F32, ir.F64} {
				m := &ir.Module{Real: real}
				long := ir.Tensor(real, n)
				fb := ir.NewFunc("f", diag.Span{}, real)
				x, y := fb.Arg("x", long), fb.Arg("y", long)
				z := fb.Unary(ir.OpTanh, fb.Add(fb.Mul(x, y), fb.Num(0.25)))
				f := m.AddFunc(fb.Return(z, fb.Sub(z, fb.Mul(x, fb.Num(0.5)))))
				type values map[string]*ir.Value
				kept := map[string][]string{} // values with a place of the caller's own
				all := map[string]values{}
				add := func(name string, own []string, body func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value) {
					b := ir.NewFunc(name, diag.Span{}, real)
					v := values{}
					kept[name], all[name] = own, v
					m.AddFunc(b.Return(body(b, b.Arg("x", long), b.Arg("y", long), v)...))
				}
				call := func(b *ir.Builder, v values, name string, x, y *ir.Value) (p, q *ir.Value) {
					out := b.CallAll(f, x, y)
					v[name+"0"], v[name+"1"] = out[0], out[1]
					return out[0], out[1]
				}
				sum := func(b *ir.Builder, v values, name string, x, y *ir.Value, h float64) *ir.Value {
					v[name] = b.Add(x, b.Mul(b.Num(h), y))
					return v[name]
				}
				add("stages", []string{"k0", "l0"}, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					k, _ := call(b, v, "k", x, y)
					l, _ := call(b, v, "l", sum(b, v, "a", x, k, 0.5), y)
					o, _ := call(b, v, "o", sum(b, v, "b", x, l, 0.25), sum(b, v, "c", y, l, 0.5))
					return []*ir.Value{b.Add(b.Add(k, b.Mul(l, y)), o)}
				})
				add("twice", []string{"a", "k0"}, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					a := sum(b, v, "a", x, y, 0.5)
					k, _ := call(b, v, "k", a, y)
					_, l := call(b, v, "l", a, y)
					return []*ir.Value{b.Mul(k, l)}
				})
				add("both", []string{"a"}, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					a := sum(b, v, "a", x, y, 0.5)
					k, l := call(b, v, "k", a, a)
					return []*ir.Value{b.Mul(k, l)}
				})
				add("late", []string{"k1"}, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					k, late := call(b, v, "k", x, y) // another call comes before the one that takes it
					l, _ := call(b, v, "l", k, y)
					o, _ := call(b, v, "o", late, l)
					return []*ir.Value{b.Neg(o)}
				})
				add("along", nil, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					k, l := call(b, v, "l", x, y)
					o, p := call(b, v, "o", l, k) // places of arguments and results of one function change sides
					_, q := call(b, v, "p", o, p)
					return []*ir.Value{q, o, l}
				})
				// Halves: what the first gives lies between it and the call that takes it.
				gb := ir.NewFunc("g", diag.Span{}, real)
				given, slope := gb.Arg("given", long), gb.Arg("slope", long)
				g := m.AddFunc(gb.Return(gb.Mul(gb.Sub(gb.Num(1), gb.Unary(ir.OpSquare, given)), slope)))
				hb := ir.NewFunc("half", diag.Span{}, real)
				x, y = hb.Arg("x", long), hb.Arg("y", long)
				z = hb.Unary(ir.OpSin, hb.Mul(x, y))
				half := m.AddFunc(hb.Return(z, hb.Unary(ir.OpCos, z), hb.Add(z, x)))
				ob := ir.NewFunc("other", diag.Span{}, real)
				slope, moved, cos := ob.Arg("slope", long), ob.Arg("moved", long), ob.Arg("cos", long)
				other := m.AddFunc(ob.Return(ob.Mul(ob.Mul(cos, slope), ob.Sub(moved, ob.Num(0.5)))))
				own := []string{"k1", "k2", "l1", "l2"}
				if n <= 8 { // few numbers stay where the last call has put them
					own = own[:2]
				}
				add("halves", own, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					k := b.CallAll(half, x, y)
					l := b.CallAll(half, sum(b, v, "a", x, k[0], 0.5), y)
					v["k1"], v["k2"], v["l1"], v["l2"] = k[1], k[2], l[1], l[2]
					bar := b.Call(other, y, l[2], l[1])
					return []*ir.Value{b.Add(bar, b.Call(other, b.Mul(bar, x), k[2], k[1]))}
				})
				add("uneven", []string{"k1", "l1"}, func(b *ir.Builder, x, y *ir.Value, v values) []*ir.Value {
					k, forK := call(b, v, "k", x, y)
					_, forL := call(b, v, "l", sum(b, v, "a", x, k, 0.5), y)
					bar := b.Mul(b.Call(g, forK, y), forL) // two read what one gives
					return []*ir.Value{b.Add(bar, b.Call(g, forL, bar))}
				})
				p := planned(t, m)
				rnd := rand.New(rand.NewPCG(8, 9))
				b := newBench(t, m, p, map[string][]float64{}, m.Funcs, hold)
				for _, f := range m.Funcs {
					k := b.set.Of(f)
					if k == nil {
						_, err := b.set.Add(f)
						t.Fatalf("%s is not in lanes: %v", f.Name, err)
					}
					b.pauses = 0
					b.check(t, k, f, rnd)
					if hold > 0 && f.Name != "f" && b.pauses < 3*len(asm.ISAs) {
						t.Errorf("%s pauses %d times", f.Name, b.pauses)
					}
					if between := n > 8 && f.Name == "halves"; k.Between() != between {
						t.Errorf("%d numbers, %s: do results lie between calls: %v", n, f.Name, !between)
					}
					for name, v := range all[f.Name] {
						if own := k.Owns(v); own != slices.Contains(kept[f.Name], name) {
							t.Errorf("%s: has %s a place of its own: %v", f.Name, name, own)
						}
					}
				}
				checkAlone(t, m, p, map[string][]float64{}, rnd, false)
			}
		}
	}
}
