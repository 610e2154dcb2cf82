//go:build !purego

#include "textflag.h"

// Squares of numbers are turned over on their way between rows of samples and lanes of a block: number k of row i becomes
// number i of row k. Upper halves of vectors take the second half of the rows, so that unpacking within halves is enough.

// func transpose32AVX2(to, from *float32, toRow, fromRow, squares, toStep, fromStep int)
//
// Squares of 8 by 8, whose rows lie toRow and fromRow bytes apart; the next ones begin toStep and fromStep bytes further on.
TEXT ·transpose32AVX2(SB), NOSPLIT, $0-56
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	toRow+16(FP), R8
	MOVQ	fromRow+24(FP), R9
	MOVQ	squares+32(FP), CX
	LEAQ	(R8)(R8*2), R10 // three rows
	LEAQ	(R9)(R9*2), R11
square:
	LEAQ	(SI)(R9*4), BX // row 4
	VMOVUPS	(SI), X0
	VMOVUPS	(SI)(R9*1), X1
	VMOVUPS	(SI)(R9*2), X2
	VMOVUPS	(SI)(R11*1), X3
	VMOVUPS	16(SI), X4
	VMOVUPS	16(SI)(R9*1), X5
	VMOVUPS	16(SI)(R9*2), X6
	VMOVUPS	16(SI)(R11*1), X7
	VINSERTF128	$1, (BX), Y0, Y0
	VINSERTF128	$1, (BX)(R9*1), Y1, Y1
	VINSERTF128	$1, (BX)(R9*2), Y2, Y2
	VINSERTF128	$1, (BX)(R11*1), Y3, Y3
	VINSERTF128	$1, 16(BX), Y4, Y4
	VINSERTF128	$1, 16(BX)(R9*1), Y5, Y5
	VINSERTF128	$1, 16(BX)(R9*2), Y6, Y6
	VINSERTF128	$1, 16(BX)(R11*1), Y7, Y7
	VUNPCKLPS	Y1, Y0, Y8
	VUNPCKHPS	Y1, Y0, Y9
	VUNPCKLPS	Y3, Y2, Y10
	VUNPCKHPS	Y3, Y2, Y11
	VUNPCKLPS	Y5, Y4, Y12
	VUNPCKHPS	Y5, Y4, Y13
	VUNPCKLPS	Y7, Y6, Y14
	VUNPCKHPS	Y7, Y6, Y15
	VUNPCKLPD	Y10, Y8, Y0
	VUNPCKHPD	Y10, Y8, Y1
	VUNPCKLPD	Y11, Y9, Y2
	VUNPCKHPD	Y11, Y9, Y3
	VUNPCKLPD	Y14, Y12, Y4
	VUNPCKHPD	Y14, Y12, Y5
	VUNPCKLPD	Y15, Y13, Y6
	VUNPCKHPD	Y15, Y13, Y7
	LEAQ	(DI)(R8*4), BX
	VMOVUPS	Y0, (DI)
	VMOVUPS	Y1, (DI)(R8*1)
	VMOVUPS	Y2, (DI)(R8*2)
	VMOVUPS	Y3, (DI)(R10*1)
	VMOVUPS	Y4, (BX)
	VMOVUPS	Y5, (BX)(R8*1)
	VMOVUPS	Y6, (BX)(R8*2)
	VMOVUPS	Y7, (BX)(R10*1)
	ADDQ	toStep+40(FP), DI
	ADDQ	fromStep+48(FP), SI
	DECQ	CX
	JNE	square
	VZEROUPPER
	RET

// func transpose64AVX2(to, from *float64, toRow, fromRow, squares, toStep, fromStep int)
//
// Squares of 4 by 4.
TEXT ·transpose64AVX2(SB), NOSPLIT, $0-56
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	toRow+16(FP), R8
	MOVQ	fromRow+24(FP), R9
	MOVQ	squares+32(FP), CX
	LEAQ	(R8)(R8*2), R10 // three rows
	LEAQ	(R9)(R9*2), R11
square:
	VMOVUPD	(SI), X0
	VMOVUPD	(SI)(R9*1), X1
	VMOVUPD	16(SI), X2
	VMOVUPD	16(SI)(R9*1), X3
	VINSERTF128	$1, (SI)(R9*2), Y0, Y0
	VINSERTF128	$1, (SI)(R11*1), Y1, Y1
	VINSERTF128	$1, 16(SI)(R9*2), Y2, Y2
	VINSERTF128	$1, 16(SI)(R11*1), Y3, Y3
	VUNPCKLPD	Y1, Y0, Y4
	VUNPCKHPD	Y1, Y0, Y5
	VUNPCKLPD	Y3, Y2, Y6
	VUNPCKHPD	Y3, Y2, Y7
	VMOVUPD	Y4, (DI)
	VMOVUPD	Y5, (DI)(R8*1)
	VMOVUPD	Y6, (DI)(R8*2)
	VMOVUPD	Y7, (DI)(R10*1)
	ADDQ	toStep+40(FP), DI
	ADDQ	fromStep+48(FP), SI
	DECQ	CX
	JNE	square
	VZEROUPPER
	RET
