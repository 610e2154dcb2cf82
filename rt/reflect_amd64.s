//go:build !purego

#include "textflag.h"

// func reflectAVX2(u, w, head *float64, groups, columns int, v, beta float64)
//
// A reflection of columns of rowsPerBlock numbers, of which groups of four count, and of the numbers of R above them. Sums are in four parts and products are
// rounded before they are added, as in the scalar loop, so that the bits are its own.
TEXT ·reflectAVX2(SB), NOSPLIT, $0-56
	MOVQ	u+0(FP), SI
	MOVQ	w+8(FP), DI
	MOVQ	head+16(FP), DX
	MOVQ	groups+24(FP), R8
	MOVQ	columns+32(FP), R9
	VMOVSD	v+40(FP), X4
	VMOVSD	beta+48(FP), X5
column:
	VXORPD	Y0, Y0, Y0
	XORQ	AX, AX
	MOVQ	R8, CX
dot:
	VMOVUPD	(SI)(AX*1), Y1
	VMULPD	(DI)(AX*1), Y1, Y1
	VADDPD	Y1, Y0, Y0
	ADDQ	$32, AX
	DECQ	CX
	JNE	dot
	VEXTRACTF128	$1, Y0, X1
	VHADDPD	X0, X0, X0 // the first two parts
	VHADDPD	X1, X1, X1 // and the others
	VADDSD	X1, X0, X0
	VMOVSD	(DX), X2
	VMULSD	X4, X2, X3
	VADDSD	X0, X3, X3
	VMULSD	X5, X3, X3 // how much of u
	VMULSD	X4, X3, X1
	VADDSD	X1, X2, X2
	VMOVSD	X2, (DX)
	VBROADCASTSD	X3, Y3
	XORQ	AX, AX
	MOVQ	R8, CX
add:
	VMULPD	(SI)(AX*1), Y3, Y1
	VADDPD	(DI)(AX*1), Y1, Y1
	VMOVUPD	Y1, (DI)(AX*1)
	ADDQ	$32, AX
	DECQ	CX
	JNE	add
	ADDQ	$8, DX
	ADDQ	$512, DI
	DECQ	R9
	JNE	column
	VZEROUPPER
	RET
