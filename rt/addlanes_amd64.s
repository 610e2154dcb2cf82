//go:build !purego

#include "textflag.h"

// Sums over lanes: each of some rows of n numbers is added up from its first number on, for as many rows at once as a vector holds, so that
// the sum of each has the bits that it has by itself. The rows are turned over for it, as in transpose_amd64.s.

// func addLanes32AVX2(dst, src *float32, groups, n int)
//
// Groups of 8 rows; n is a multiple of 4.
TEXT ·addLanes32AVX2(SB), NOSPLIT, $0-32
	MOVQ	dst+0(FP), DI
	MOVQ	src+8(FP), SI
	MOVQ	groups+16(FP), CX
	MOVQ	n+24(FP), R9
	SHLQ	$2, R9 // bytes of a row
	LEAQ	(R9)(R9*2), R11 // three rows
group:
	LEAQ	(SI)(R9*4), BX // row 4
	MOVQ	n+24(FP), DX
	VXORPS	Y15, Y15, Y15
four:
	VMOVUPS	(SI), X0
	VMOVUPS	(SI)(R9*1), X1
	VMOVUPS	(SI)(R9*2), X2
	VMOVUPS	(SI)(R11*1), X3
	VINSERTF128	$1, (BX), Y0, Y0
	VINSERTF128	$1, (BX)(R9*1), Y1, Y1
	VINSERTF128	$1, (BX)(R9*2), Y2, Y2
	VINSERTF128	$1, (BX)(R11*1), Y3, Y3
	VUNPCKLPS	Y1, Y0, Y8
	VUNPCKHPS	Y1, Y0, Y9
	VUNPCKLPS	Y3, Y2, Y10
	VUNPCKHPS	Y3, Y2, Y11
	VUNPCKLPD	Y10, Y8, Y0
	VUNPCKHPD	Y10, Y8, Y1
	VUNPCKLPD	Y11, Y9, Y2
	VUNPCKHPD	Y11, Y9, Y3
	VADDPS	Y0, Y15, Y15
	VADDPS	Y1, Y15, Y15
	VADDPS	Y2, Y15, Y15
	VADDPS	Y3, Y15, Y15
	ADDQ	$16, SI
	ADDQ	$16, BX
	SUBQ	$4, DX
	JNE	four
	VMOVUPS	(DI), Y0
	VADDPS	Y15, Y0, Y0
	VMOVUPS	Y0, (DI)
	ADDQ	$32, DI
	LEAQ	(BX)(R11*1), SI // BX is at row 5
	DECQ	CX
	JNE	group
	VZEROUPPER
	RET

// func addLanes64AVX2(dst, src *float64, groups, n int)
//
// Groups of 4 rows; n is a multiple of 2.
TEXT ·addLanes64AVX2(SB), NOSPLIT, $0-32
	MOVQ	dst+0(FP), DI
	MOVQ	src+8(FP), SI
	MOVQ	groups+16(FP), CX
	MOVQ	n+24(FP), R9
	SHLQ	$3, R9 // bytes of a row
	LEAQ	(R9)(R9*2), R11 // three rows
group:
	MOVQ	n+24(FP), DX
	VXORPD	Y15, Y15, Y15
two:
	VMOVUPD	(SI), X0
	VMOVUPD	(SI)(R9*1), X1
	VINSERTF128	$1, (SI)(R9*2), Y0, Y0
	VINSERTF128	$1, (SI)(R11*1), Y1, Y1
	VUNPCKLPD	Y1, Y0, Y4
	VUNPCKHPD	Y1, Y0, Y5
	VADDPD	Y4, Y15, Y15
	VADDPD	Y5, Y15, Y15
	ADDQ	$16, SI
	SUBQ	$2, DX
	JNE	two
	VMOVUPD	(DI), Y0
	VADDPD	Y15, Y0, Y0
	VMOVUPD	Y0, (DI)
	ADDQ	$32, DI
	ADDQ	R11, SI // which is at row 1
	DECQ	CX
	JNE	group
	VZEROUPPER
	RET
