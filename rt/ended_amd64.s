//go:build !purego

#include "textflag.h"

// func endedAVX2(accepted *int, code, t, t1, live *float64, n int) uint32
TEXT ·endedAVX2(SB), NOSPLIT, $0-52
	MOVQ	accepted+0(FP), DI
	MOVQ	code+8(FP), SI
	MOVQ	t+16(FP), R8
	MOVQ	t1+24(FP), R9
	MOVQ	live+32(FP), R10
	MOVQ	n+40(FP), DX
	MOVQ	$0x3ff0000000000000, R11 // 1: accepted
	VMOVQ	R11, X8
	VPBROADCASTQ	X8, Y8
	VADDPD	Y8, Y8, Y9 // 2: too short to be taken
	VXORPD	Y10, Y10, Y10
	XORL	AX, AX
	XORL	CX, CX // lanes behind
four:
	VMOVUPD	(SI)(CX*8), Y0
	VCMPPD	$0, Y8, Y0, Y1
	VMOVDQU	(DI)(CX*8), Y2
	VPSUBQ	Y1, Y2, Y2
	VMOVDQU	Y2, (DI)(CX*8)
	VMOVUPD	(R8)(CX*8), Y3
	VCMPPD	$0, (R9)(CX*8), Y3, Y3
	VANDPD	Y3, Y1, Y1
	VCMPPD	$0, Y9, Y0, Y4
	VORPD	Y4, Y1, Y1
	VCMPPD	$4, (R10)(CX*8), Y10, Y5
	VANDPD	Y5, Y1, Y1
	VMOVMSKPD	Y1, R11
	SHLL	CL, R11
	ORL	R11, AX
	ADDQ	$4, CX
	CMPQ	CX, DX
	JLT	four
	VZEROUPPER
	MOVL	AX, ret+48(FP)
	RET
