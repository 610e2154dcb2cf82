//go:build cuda

package cuda_test

import (
	"fmt"
	"math"
	"strings"
)

// bf16s are two numbers that bfloat16 holds, the first in the lower half.
func bf16s(lo, hi float64) uint64 {
	return uint64(math.Float32bits(float32(lo))>>16) | uint64(math.Float32bits(float32(hi))&0xffff0000)
}

// f16s are two integers from 0 to 2048 as float16.
func f16s(lo, hi float64) uint64 {
	one := func(x float64) uint64 {
		if x == 0 {
			return 0
		}
		f, e := math.Frexp(x)
		return uint64(e+14)<<10 | uint64((2*f-1)*1024)
	}
	return one(lo) | one(hi)<<16
}

// Matrices that no other order of their numbers resembles: of A the only 1 of row i is in column turn(i).
func turn(i int) int { return (5*i + 3) % 16 }
func elementA(i, k int) (x float64) { // of 16 by 16, or 64 by 16
	if turn(i) == k {
		return 1 + float64(i/16)
	}
	return 0
}
func elementB(k, j int) float64 { return float64(8*k + j) } // of 16 by 8

// fragments are the registers of mma.m16n8k16 by the formulas of the PTX ISA: four of A, two of B, then an accumulator in each of the results.
func fragments(lane int, pack func(lo, hi float64) uint64) (in []uint64) {
	group, member := lane/4, lane%4
	for i := 0; i < 8; i += 2 { // a[i], a[i+1]
		row, column := group, member*2
		if i == 2 || i == 6 {
			row += 8
		}
		if i >= 4 {
			column += 8
		}
		in = append(in, pack(elementA(row, column), elementA(row, column+1)))
	}
	for i := 0; i < 4; i += 2 {
		row := member * 2
		if i >= 2 {
			row += 8
		}
		in = append(in, pack(elementB(row, group), elementB(row+1, group)))
	}
	return in
}

// product is d[i] of a lane for the warp's rows from first on.
func product(lane, i, first int) uint64 {
	row, column := lane/4, lane%4*2+i&1
	if i >= 2 {
		row += 8
	}
	row += first
	return f32(float32((1+float64(row/16))*elementB(turn(row), column)) + float32(i+1))
}

// collectives are what lanes and warps do together.
func collectives() (all []instruction) {
	warp := func(text string, want func(int) uint64) instruction {
		return instruction{text: text, in: func(l int) []uint64 { return []uint64{uint64(100 + l), uint64(l % 3), 3, 1 << l} }, want: want}
	}
	all = append(all,
		warp("shfl.sync.idx.b32 %r0|%p9, %r1, %r2, 31, -1;", func(l int) uint64 { return uint64(100 + l%3) }),
		warp("shfl.sync.bfly.b32 %r0|%p9, %r1, 5, 31, -1;", func(l int) uint64 { return uint64(100 + (l ^ 5)) }),
		warp("shfl.sync.up.b32 %r0|%p9, %r1, 2, 0, -1;", func(l int) uint64 { return uint64(100 + max(l-2, 0)*btoi(l >= 2) + l*btoi(l < 2)) }),
		warp("shfl.sync.down.b32 %r9|%p0, %r1, 2, 31, -1;", func(l int) uint64 { return uint64(btoi(l < 30)) }),
		warp("shfl.sync.idx.b32 %r0|%p9, %r1, 1, 0x1c1f, -1;", func(l int) uint64 { return uint64(100 + l&^3 + 1) }), // within four
		warp("shfl.sync.down.b32 %r0, %r1, 1, 0x1c1f, -1;", func(l int) uint64 { return uint64(100 + l + btoi(l%4 < 3)) }),
		// groups of lanes that go ways of their own meet among themselves
		warp("and.b32 %r9, %l, 1;\n\tsetp.eq.u32 %p9, %r9, 0;\n\t@%p9 bra EVEN;\n\tmov.u32 %r8, 0xaaaaaaaa;\n\tbra.uni SUM;\nEVEN:\n\tmov.u32 %r8, 0x55555555;\nSUM:\n\tshfl.sync.bfly.b32 %r0, %r1, 2, 31, %r8;", func(l int) uint64 { return uint64(100 + (l ^ 2)) }),
		warp("setp.eq.s32 %p9, %r2, 1;\n\tvote.sync.ballot.b32 %r0, %p9, -1;", func(int) uint64 { return 0x92492492 }),
		warp("setp.lt.s32 %p9, %r2, 3;\n\tvote.sync.all.pred %p0, %p9, -1;", func(int) uint64 { return 1 }),
		warp("redux.sync.max.s32 %r0, %r1, -1;", func(int) uint64 { return 131 }), warp("redux.sync.min.u32 %r0, %r1, -1;", func(int) uint64 { return 100 }),
		warp("redux.sync.add.u32 %r0, %r1, -1;", func(int) uint64 { return 3200 + 496 }), warp("redux.sync.or.b32 %r0, %r4, -1;", func(int) uint64 { return 0xffffffff }),
		// lanes that have ended are not waited for
		warp("mov.u32 %r0, 7;\n\tst.global.u64 [%out], 7;\n\tsetp.lt.u32 %p9, %l, 8;\n\t@%p9 ret;\n\tvote.sync.ballot.b32 %r0, %p9, -1;\n\tadd.u32 %r0, %r0, 9;", func(l int) uint64 { return uint64(7 + 2*btoi(l >= 8)) }),
	)
	// matrices: number 2 l of a matrix of 8 by 8 is in the lower half of lane l
	matrix := func(l int) uint64 { return uint64(2*l) | uint64(2*l+1)<<16 }
	turned := func(l int) uint64 {
		row, column := l/4, l%4*2
		return uint64(8*column+row) | uint64(8*(column+1)+row)<<16
	}
	of := func(text string, want func(int) uint64) instruction {
		return instruction{text: text, in: func(l int) []uint64 {
			return []uint64{matrix(l), matrix(l) + 0x400040, matrix(l) + 0x800080, matrix(l) + 0xc000c0}
		}, want: want}
	}
	const rows = "mov.u32 %r9, SHARED;\n\tmad.lo.s32 %r8, %l, 16, %r9;\n\tmad.lo.s32 %r10, %l, 4, %r9;\n\t"
	all = append(all,
		of("movmatrix.sync.aligned.m8n8.trans.b16 %r0, %r1;", turned),
		of(rows+"stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r8], {%r1, %r2, %r3, %r4};\n\tbar.warp.sync -1;\n\tld.shared.u32 %r0, [%r10+256];", func(l int) uint64 { return matrix(l) + 0x800080 }),
		of(rows+"stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%r8], {%r1, %r2};\n\tbar.warp.sync -1;\n\tld.shared.u32 %r0, [%r10+128];", func(l int) uint64 { return turned(l) + 0x400040 }),
		of(rows+"st.shared.u32 [%r10], %r1;\n\tst.shared.u32 [%r10+128], %r2;\n\tbar.warp.sync -1;\n\tldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r9, %r0}, [%r8];", func(l int) uint64 { return matrix(l) + 0x400040 }),
		of(rows+"st.shared.u32 [%r10], %r1;\n\tbar.warp.sync -1;\n\tldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r0}, [%r8];", turned),
	)
	// lanes hand each other memory at barriers of theirs
	all = append(all,
		of(rows+"setp.lt.u32 %p9, %l, 16;\n\tselp.b32 %r11, 0xffff, 0xffff0000, %p9;\n\txor.b32 %r12, %r10, 4;\n\tst.shared.u32 [%r10], %l;\n\tbar.warp.sync %r11;\n\tld.shared.u32 %r0, [%r12];", func(l int) uint64 { return uint64(l ^ 1) }),
		wrong(rows+"st.shared.u32 [%r10], %l;\n\tld.shared.u32 %r13, [%r9];", "lane 0 has written since they last met", 32),
		wrong(rows+"setp.lt.u32 %p9, %l, 16;\n\tselp.b32 %r11, 0xffff, 0xffff0000, %p9;\n\tst.shared.u32 [%r10], %l;\n\tbar.warp.sync %r11;\n\tld.shared.u32 %r13, [%r9+80];", "lane 20 has written since they last met", 32),
	)
	for i := range 4 {
		d := []string{"%f11", "%f12", "%f13", "%f14"}
		d[i] = "%f0"
		list := "{" + strings.Join(d, ", ") + "}"
		for name, pack := range map[string]func(lo, hi float64) uint64{"bf16": bf16s, "f16": f16s} {
			all = append(all, instruction{
				text: fmt.Sprintf("mov.f32 %s, 0f%08X;\n\tmma.sync.aligned.m16n8k16.row.col.f32.%s.%s.f32 %s, {%%r1, %%r2, %%r3, %%r4}, {%%r5, %%r6}, {%s, %s, %s, %s};",
					d[i], f32(float32(i+1)), name, name, list, d[0], d[1], d[2], d[3]),
				in:   func(l int) []uint64 { return fragments(l, pack) },
				want: func(l int) uint64 { return product(l, i, 0) },
			})
		}
	}
	all = append(all, groups()...)
	return append(all,
		// barriers of the block: a sum over warps, of those that arrive and of those that wait
		instruction{text: "setp.lt.u32 %p9, %l, 40;\n\tbar.red.popc.u32 %r0, 3, %p9;", in: func(int) []uint64 { return nil }, want: func(int) uint64 { return 40 }, threads: 96},
		instruction{text: "setp.eq.u32 %p9, %l, 40;\n\tbar.red.or.pred %p0, 0, 96, %p9;", in: func(int) []uint64 { return nil }, want: func(int) uint64 { return 1 }, threads: 96},
		instruction{text: "mov.u32 %r9, SHARED;\n\tmad.lo.s32 %r8, %l, 4, %r9;\n\tst.shared.u32 [%r8], %l;\n\tsetp.lt.u32 %p9, %l, 32;\n\t@%p9 bra FIRST;\n\tbar.arrive 1, 96;\n\tmov.u32 %r0, %l;\n\tbra.uni END;\nFIRST:\n\tbar.sync 1, 96;\n\tld.shared.u32 %r0, [%r8+128];\nEND:",
			in: func(int) []uint64 { return nil }, want: func(l int) uint64 { return uint64(l + 32*btoi(l < 32)) }, threads: 96},
		// what is wrong
		wrong("setp.lt.u32 %p9, %l, 8;\n\t@!%p9 bra END;\n\tmovmatrix.sync.aligned.m8n8.trans.b16 %r0, %l;\n\tbra.uni LAST;\nEND:\n\tbar.warp.sync -1;\nLAST:", "wait for each other at different places", 32),
		wrong("setp.lt.u32 %p9, %l, 8;\n\t@%p9 ret;\n\tshfl.sync.idx.b32 %r0, %l, 3, 31, -1;", "a shuffle that reads lane 3, which takes no part", 32),
		wrong("shfl.sync.idx.b32 %r0, %l, 3, 31, 0xff;", "a lane is none of those that it waits for", 32),
		wrong("setp.lt.u32 %p9, %l, 32;\n\t@%p9 bar.sync 1, 64;\n\t@!%p9 bar.sync 2, 64;", "warps of a block wait for each other", 64),
		wrong("bar.sync 1, 128;", "barrier 1 of 128 threads in a block of 64", 64),
		wrong("setp.lt.u32 %p9, %l, 32;\n\t@%p9 bar.sync 1, 64;\n\t@!%p9 bar.sync 1, 96;", "and others wait there for", 96),
	)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// groups are products by four warps: A from registers or from shared memory, of either order, with B of either order. In shared memory pieces of 8 by 8 numbers lie one
// after the other, those of A of the same columns side by side.
func groups() (all []instruction) {
	in := func(thread int) []uint64 {
		warp, lane := thread/32, thread%32
		var r []uint64
		for i := range 4 { // rows 16 warp to 16 warp + 15, as mma has them
			row, column := 16*warp+lane/4+8*(i&1), lane%4*2+8*(i>>1)
			r = append(r, bf16s(elementA(row, column), elementA(row, column+1)))
		}
		k, n := thread/8, thread%8
		r = append(r, bf16s(elementB(k, n), 0)) // each thread has a number of B
		return append(r, uint64(64*thread))
	}
	// places of B's number k, n: pieces 128 bytes apart along k
	const (
		kMajorB = "shr.u32 %r20, %l, 3;\n\tand.b32 %r21, %l, 7;\n\tshr.u32 %r22, %r20, 3;\n\tand.b32 %r23, %r20, 7;\n\tmul.lo.u32 %r24, %r22, 128;\n\tmad.lo.u32 %r24, %r21, 16, %r24;\n\tmad.lo.u32 %r24, %r23, 2, %r24;\n\t"
		nMajorB = "shr.u32 %r20, %l, 3;\n\tand.b32 %r21, %l, 7;\n\tshr.u32 %r22, %r20, 3;\n\tand.b32 %r23, %r20, 7;\n\tmul.lo.u32 %r24, %r22, 128;\n\tmad.lo.u32 %r24, %r23, 16, %r24;\n\tmad.lo.u32 %r24, %r21, 2, %r24;\n\t"
		storeB  = "mov.u32 %r9, SHARED;\n\tadd.u32 %r24, %r24, %r9;\n\tst.shared.u16 [%r24], %h5;\n\t"
		// where %r9 is, with steps of 128 bytes along k, and of 256 across
		matrix = "shr.u32 %r10, %r9, 4;\n\tcvt.u64.u32 %d10, %r10;\n\tor.b64 %d10, %d10, 0x1000080000;\n\t"
		ready  = "fence.proxy.async.shared::cta;\n\tbar.sync 0;\n\twgmma.fence.sync.aligned;\n\t"
		wait   = "\n\twgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;"
		a      = "{%r1, %r2, %r3, %r4}"
	)
	multiply := func(i int, turned int) (string, string) {
		d := []string{"%f11", "%f12", "%f13", "%f14"}
		d[i] = "%f0"
		text := ""
		for k, r := range d {
			text += fmt.Sprintf("mov.f32 %s, 0f%08X;\n\t", r, f32(float32(k+1)))
		}
		return text, fmt.Sprintf("wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%s}, %s, %%d10, %%p10, 1, 1, %d;", strings.Join(d, ", "), a, turned)
	}
	const on = "setp.eq.u32 %p10, 0, 0;\n\t"
	for i := range 4 {
		for turned, place := range []string{kMajorB, nMajorB} {
			set, product4 := multiply(i, turned)
			all = append(all, instruction{text: on + set + place + storeB + matrix + ready + product4 + wait, in: in, threads: 128,
				want: func(thread int) uint64 { return product(thread%32, i, thread/32*16) }})
		}
	}
	set, one := multiply(0, 0)
	end := func(text, why string) instruction {
		x := wrong(on+set+kMajorB+storeB+text, why, 128)
		x.in = in
		return x
	}
	return append(all,
		end(matrix+"bar.sync 0;\n\twgmma.fence.sync.aligned;\n\t"+one+wait, "has written without fence.proxy.async"),
		end(matrix+"fence.proxy.async;\n\tbar.sync 0;\n\t"+one+wait, "without a wgmma.fence before it"),
		end(matrix+ready+one+"\n\twgmma.commit_group.sync.aligned;\n\tadd.rn.f32 %f20, %f0, %f0;"+wait, "a register is read while wgmma.mma_async"),
		end(matrix+ready+one+"\n\twgmma.commit_group.sync.aligned;\n\tmov.u32 %r2, 0;"+wait, "a register is written while wgmma.mma_async"),
		end(matrix+ready+strings.ReplaceAll(one, "%f0,", "%f15,"), "a warp ends before its tensor cores do"),
		end(matrix+"or.b64 %d10, %d10, 0x4000000000000000;\n\t"+ready+one+wait, "has bits that are not known here"),
		end(matrix+"or.b64 %d10, %d10, 0x3fff0000;\n\t"+ready+one+wait, "in shared memory, of which the block has"),
		end(matrix+ready+"setp.lt.u32 %p11, %l, 96;\n\t@%p11 bra MOST;\n\tbar.sync 1, 128;\nMOST:\n\t"+one+wait, "warps of a block wait for each other"),
		wrong("setmaxnreg.dec.sync.aligned.u32 40;\n\tsetmaxnreg.dec.sync.aligned.u32 64;", "setmaxnreg: the warp has 40 registers", 128),
		wrong("setmaxnreg.inc.sync.aligned.u32 240;", "warps of a block wait for each other", 384),
	)
}
