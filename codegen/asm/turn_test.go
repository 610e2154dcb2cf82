package asm_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
)

// TestTurn turns a square of numbers over: row by row they come in, column by column they go out.
func TestTurn(t *testing.T) {
	for _, isa := range asm.ISAs {
		for _, e := range []asm.Elem{asm.F32, asm.F64} {
			t.Run(fmt.Sprint(isa, " ", 8*e.Bytes()), func(t *testing.T) {
				n := isa.Lanes(e)
				f := &asm.File{ISA: isa, Args: []string{"fr *byte"}, Spill: 2 * n * isa.Bytes(), Slots: 32}
				k, err := f.Compile("turn", func(b *asm.Builder) {
					var rows []asm.Vec
					for i := range n {
						rows = append(rows, b.Load(e, b.Arg(0).At(i*isa.Bytes())))
					}
					for i, v := range b.Turn(e, rows) {
						b.Store(e, v, b.Arg(0).At((n+i)*isa.Bytes()))
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if k.Spills > 0 {
					t.Errorf("%d vectors find no register", k.Spills)
				}
				f.Add(k, "turn turns a square over.")
				p, err := sim.Parse(f.String())
				if err != nil {
					t.Fatal(err)
				}
				square := n * isa.Bytes()
				fr := make([]byte, 2*square+32*isa.Bytes())
				number := func(i, k int) []byte { return fr[i*isa.Bytes()+k*e.Bytes():][:4] }
				for i := range n {
					for k := range n {
						binary.LittleEndian.PutUint32(number(i, k), uint32(100*i+k))
					}
				}
				m := p.Machine()
				if err := m.Call("turn_"+isa.String(), m.Map(fr)); err != nil {
					t.Fatal(err)
				}
				for i := range n {
					for k := range n {
						if got := binary.LittleEndian.Uint32(number(n+i, k)); got != uint32(100*k+i) {
							t.Fatalf("number %d of vector %d is number %d of vector %d", k, i, got%100, got/100)
						}
					}
				}
			})
		}
	}
}

// TestAlternate takes the even places of two vectors, and the odd ones.
func TestAlternate(t *testing.T) {
	for _, isa := range asm.ISAs {
		for _, e := range []asm.Elem{asm.F32, asm.F64} {
			n := isa.Lanes(e)
			f := &asm.File{ISA: isa, Args: []string{"fr *byte"}, Slots: 4}
			k, err := f.Compile("alternate", func(b *asm.Builder) {
				x, y := b.Load(e, b.Arg(0).At(0)), b.Load(e, b.Arg(0).At(isa.Bytes()))
				for odd := range 2 {
					b.Store(e, b.Alternate(e, x, y, odd), b.Arg(0).At((2+odd)*isa.Bytes()))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			f.Add(k, "alternate takes every second number.")
			p, err := sim.Parse(f.String())
			if err != nil {
				t.Fatal(err)
			}
			fr := make([]byte, 4*isa.Bytes())
			for i := range 2 * n {
				binary.LittleEndian.PutUint32(fr[i*e.Bytes():], uint32(100+i))
			}
			m := p.Machine()
			if err := m.Call("alternate_"+isa.String(), m.Map(fr)); err != nil {
				t.Fatal(err)
			}
			for i := range 2 * n {
				if got, want := binary.LittleEndian.Uint32(fr[2*isa.Bytes()+i*e.Bytes():]), uint32(100+2*(i%n)+i/n); got != want {
					t.Errorf("%s, %d bits: number %d is %d, want %d", isa, 8*e.Bytes(), i, got, want)
				}
			}
		}
	}
}
