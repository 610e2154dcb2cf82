//go:build !purego

#include "textflag.h"

// func combineAVX2(dst, base, stages *float64, groups int, ws *weight, n int, h float64)
//
// Sums of stages of one sample: a lane is a component. Products are rounded before they are added, in the order of the
// scalar loop, so that the bits are its own.
TEXT ·combineAVX2(SB), NOSPLIT, $0-56
	MOVQ	dst+0(FP), DI
	MOVQ	base+8(FP), SI
	MOVQ	stages+16(FP), DX
	MOVQ	groups+24(FP), R8
	MOVQ	ws+32(FP), R9
	MOVQ	n+40(FP), R10
	SHLQ	$4, R10
	ADDQ	R9, R10 // the end of the weights
	VBROADCASTSD	h+48(FP), Y3
group:
	VMOVUPD	(SI), Y0
	MOVQ	R9, BX
	CMPQ	BX, R10
	JEQ	write
add:
	MOVQ	(BX), AX // where the stage begins
	VBROADCASTSD	8(BX), Y1
	VMULPD	Y3, Y1, Y1 // h times the weight
	VMULPD	(DX)(AX*8), Y1, Y2
	VADDPD	Y2, Y0, Y0
	ADDQ	$16, BX
	CMPQ	BX, R10
	JNE	add
write:
	VMOVUPD	Y0, (DI)
	ADDQ	$32, SI
	ADDQ	$32, DI
	ADDQ	$32, DX
	DECQ	R8
	JNE	group
	VZEROUPPER
	RET
