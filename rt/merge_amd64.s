//go:build !purego

#include "textflag.h"

// Rows of 128 bytes, of each of which a mask selects what is copied.

// func mergeRowsAVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·mergeRowsAVX2(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	0(DX), Y0
	VMOVUPS	32(DX), Y1
	VMOVUPS	64(DX), Y2
	VMOVUPS	96(DX), Y3
row:
	VMOVUPS	0(DI), Y4
	VMOVUPS	32(DI), Y5
	VMOVUPS	64(DI), Y6
	VMOVUPS	96(DI), Y7
	VBLENDVPS	Y0, 0(SI), Y4, Y4
	VBLENDVPS	Y1, 32(SI), Y5, Y5
	VBLENDVPS	Y2, 64(SI), Y6, Y6
	VBLENDVPS	Y3, 96(SI), Y7, Y7
	VMOVUPS	Y4, 0(DI)
	VMOVUPS	Y5, 32(DI)
	VMOVUPS	Y6, 64(DI)
	VMOVUPS	Y7, 96(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET

// func mergeRowsAVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·mergeRowsAVX512(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	(DX), Z0
	VMOVUPS	64(DX), Z1
	VPTESTMD	Z0, Z0, K1
	VPTESTMD	Z1, Z1, K2
row:
	VMOVUPS	(SI), Z2
	VMOVUPS	64(SI), Z3
	VMOVUPS	Z2, K1, (DI)
	VMOVUPS	Z3, K2, 64(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET

// func fillRows32AVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·fillRows32AVX2(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	0(DX), Y0
	VMOVUPS	32(DX), Y1
	VMOVUPS	64(DX), Y2
	VMOVUPS	96(DX), Y3
row:
	VBROADCASTSS	(SI), Y4
	VMASKMOVPS	Y4, Y0, 0(DI)
	VMASKMOVPS	Y4, Y1, 32(DI)
	VMASKMOVPS	Y4, Y2, 64(DI)
	VMASKMOVPS	Y4, Y3, 96(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET

// func fillRows64AVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·fillRows64AVX2(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	0(DX), Y0
	VMOVUPS	32(DX), Y1
	VMOVUPS	64(DX), Y2
	VMOVUPS	96(DX), Y3
row:
	VBROADCASTSD	(SI), Y4
	VMASKMOVPS	Y4, Y0, 0(DI)
	VMASKMOVPS	Y4, Y1, 32(DI)
	VMASKMOVPS	Y4, Y2, 64(DI)
	VMASKMOVPS	Y4, Y3, 96(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET

// func fillRows32AVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·fillRows32AVX512(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	(DX), Z0
	VMOVUPS	64(DX), Z1
	VPTESTMD	Z0, Z0, K1
	VPTESTMD	Z1, Z1, K2
row:
	VBROADCASTSS	(SI), Z2
	VMOVUPS	Z2, K1, (DI)
	VMOVUPS	Z2, K2, 64(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET

// func fillRows64AVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)
TEXT ·fillRows64AVX512(SB), NOSPLIT, $0-32
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	rows+16(FP), CX
	MOVQ	mask+24(FP), DX
	VMOVUPS	(DX), Z0
	VMOVUPS	64(DX), Z1
	VPTESTMD	Z0, Z0, K1
	VPTESTMD	Z1, Z1, K2
row:
	VBROADCASTSD	(SI), Z2
	VMOVUPS	Z2, K1, (DI)
	VMOVUPS	Z2, K2, 64(DI)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	VZEROUPPER
	RET
