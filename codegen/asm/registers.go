package asm

import (
	"fmt"
	"slices"
)

// Numbers that go from kernel to kernel in registers. A kernel that Takes some has them in the first registers when it begins, and
// leaves in the first ones what it Gives; what is stored by one and read back by the other would wait for the memory.
//
// Such a kernel has two entries: NAMEIn, for kernels that hand it registers, and NAME, which reads them from where the others leave
// them.

// MostIn is the number of registers that a kernel takes or gives at most: half of those of AVX2.
const MostIn = 8

// Place is a number in memory.
type Place struct {
	Elem Elem
	At   Mem // at an argument, moving with no loop
}

// Takes has a kernel begin with numbers in registers, each in all lanes; from is where they lie if it is called in another way. It
// comes before all else.
func (b *Builder) Takes(from []Place) []Vec {
	if len(b.insts) > 0 || len(from) == 0 || len(from) > MostIn {
		b.fail("%d numbers in registers", len(from))
		return nil
	}
	b.from = from
	elems := make([]Elem, len(from))
	for i, p := range from {
		elems[i] = p.Elem
	}
	return b.take(elems)
}

// take are vectors that begin in the first registers.
func (b *Builder) take(elems []Elem) []Vec {
	out := make([]Vec, len(elems))
	for i, e := range elems {
		out[i] = b.new(e)
		b.add(inst{kind: takeInst, mem: -1, dst: vec(out[i])}, imm(i))
	}
	return out
}

// Gives leaves vectors in the first registers, for who has called. It comes after all else.
func (b *Builder) Gives(vs []Vec) {
	if len(vs) > MostIn {
		b.fail("%d results in registers", len(vs))
	}
	b.given = append(b.given, slices.Clone(vs))
	b.add(inst{kind: giveInst, mem: -1}, imm(len(b.given)-1))
}

// CallIn is Call of a kernel that Takes args, and what it Gives.
func (b *Builder) CallIn(name string, args []Vec, results []Elem) []Vec {
	b.Gives(args)
	b.call(name, name+"In", 0)
	return b.take(results)
}

// give prints the moves of vectors to the first registers: those from registers in an order in which none is overwritten
// before it is read, then the others.
func (p *printer) give(vs []Vec) {
	from := make([]int, len(vs)) // registers, -1 where the vector has the right one, or none
	for i, v := range vs {
		from[i] = int(p.a.reg[v])
		if from[i] == i {
			from[i] = -1
		}
	}
	move := func(e Elem, x, y int) {
		p.ins(e.pick("VMOVAPS", "VMOVAPD"), p.reg(x, wholePart), p.reg(y, wholePart))
	}
	for {
		left, done := -1, false
		for i, r := range from {
			if r < 0 {
				continue
			}
			if slices.Contains(from, i) {
				left = i
				continue
			}
			move(p.b.vecs[vs[i]].elem, r, i)
			from[i], done = -1, true
		}
		if left < 0 {
			break
		}
		if !done { // a circle: one of them steps aside
			aside := 0
			for aside < len(vs) || slices.Contains(from, aside) {
				aside++
			}
			r := from[left]
			move(p.b.vecs[vs[left]].elem, r, aside)
			for i := range from {
				if from[i] == r {
					from[i] = aside
				}
			}
		}
	}
	for i, v := range vs {
		if p.inMemory(v) {
			p.ins("VMOVUPS", p.memory(v), p.reg(i, wholePart))
		}
	}
}

// entry is the text of a kernel that reads from memory what name takes in registers.
func (b *Builder) entry(name string) []byte {
	if len(b.from) == 0 {
		return nil
	}
	p := printer{b: b}
	for i, m := range b.from {
		p.ins(m.Elem.pick("VBROADCASTSS", "VBROADCASTSD"), p.source(b.address(m.At), true, 0), p.reg(i, wholePart))
	}
	p.ins("CALL", word(fmt.Sprintf("%sIn_%s<>(SB)", name, b.file.ISA)))
	p.ins("RET")
	return p.out
}
