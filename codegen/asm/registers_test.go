package asm_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
)

// TestInRegisters hands numbers from kernel to kernel in registers, in all orders, with circles, constants and vectors that lie in the
// frame among them, and calls such a kernel from memory.
func TestInRegisters(t *testing.T) {
	const n = 5
	var orders [][]int
	var all func(rest, done []int)
	all = func(rest, done []int) {
		if len(rest) == 0 {
			orders = append(orders, append([]int(nil), done...))
		}
		for i := range rest {
			all(append(append([]int(nil), rest[:i]...), rest[i+1:]...), append(done, rest[i]))
		}
	}
	all([]int{0, 1, 2, 3, 4}, nil)
	orders = append(orders, []int{0, 0, 1, 1, 0}, []int{1, 0, 0, 3, 3}, []int{4, 4, 4, 4, 4})
	for _, isa := range asm.ISAs {
		f := &asm.File{ISA: isa, Args: []string{"fr *frame"}, Spill: spillAt, Slots: slots, Words: whileAt}
		add := func(name string, body func(b *asm.Builder)) {
			k, err := f.Compile(name, body)
			if err != nil {
				t.Fatal(err)
			}
			f.Add(k, name+" is a test.")
		}
		add("twice", func(b *asm.Builder) { // of five numbers, in the other order
			from := make([]asm.Place, n)
			for i := range from {
				from[i] = asm.Place{Elem: asm.F64, At: b.Arg(0).At(operandAt + 8*i)}
			}
			xs := b.Takes(from)
			var out []asm.Vec
			for i := range xs {
				out = append(out, b.Add(asm.F64, xs[n-1-i], xs[n-1-i]))
				b.StoreOne(asm.F64, out[i], b.Arg(0).At(resultAt+8*i))
			}
			b.Gives(out)
		})
		add("orders", func(b *asm.Builder) {
			for k, order := range orders {
				xs := make([]asm.Vec, n)
				for i := range xs {
					xs[i] = b.Broadcast(asm.F64, b.Arg(0).At(operandAt+8*i))
				}
				more := []asm.Vec{b.Const(asm.F64, 0)} // more than there are registers, so that numbers wait in the frame for the call
				for i := range 40 * (k % 2) {
					more = append(more, b.Broadcast(asm.F64, b.Arg(0).At(operandAt+8*(i%n))))
				}
				sum := more[0]
				for _, x := range slices.Backward(more[1:]) {
					sum = b.Add(asm.F64, sum, x)
				}
				b.StoreOne(asm.F64, sum, b.Arg(0).At(operandAt+8*n))
				var args []asm.Vec
				for _, i := range order {
					args = append(args, xs[i])
				}
				if k%3 == 0 {
					args[k%n] = b.Const(asm.F64, 100)
				}
				elems := []asm.Elem{asm.F64, asm.F64, asm.F64, asm.F64, asm.F64}
				for i, x := range b.CallIn("twice", args, elems) {
					b.StoreOne(asm.F64, x, b.Arg(0).At(resultAt+8*(n+n*k+i)))
				}
			}
		})
		p, err := sim.Parse(f.String())
		if err != nil {
			t.Fatal(err)
		}
		m := p.Machine()
		fr := make([]byte, frameSize)
		for i := range n {
			binary.LittleEndian.PutUint64(fr[operandAt+8*i:], math.Float64bits(float64(i+1)))
		}
		at := m.Map(fr)
		for _, name := range []string{"twice", "orders"} {
			if err := m.Call(name+"_"+isa.String(), at); err != nil {
				t.Fatal(err)
			}
			if name == "twice" {
				for i := range n {
					if got := math.Float64frombits(binary.LittleEndian.Uint64(fr[resultAt+8*i:])); got != float64(2*(n-i)) {
						t.Errorf("%s: from memory: result %d is %v", isa, i, got)
					}
				}
			}
		}
		for k, order := range orders {
			for i := range n {
				j := n - 1 - i
				want := float64(2 * (order[j] + 1))
				if k%3 == 0 && k%n == j {
					want = 200
				}
				if got := math.Float64frombits(binary.LittleEndian.Uint64(fr[resultAt+8*(n+n*k+i):])); math.Abs(got-want) > 1e-12 {
					t.Errorf("%s: order %v: result %d is %v, want %v", isa, order, i, got, want)
				}
			}
		}
	}
}
