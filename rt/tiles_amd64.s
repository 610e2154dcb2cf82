//go:build !purego

#include "textflag.h"

DATA upper<>+0(SB)/4, $0xffff0000
GLOBL upper<>(SB), RODATA|NOPTR, $4

// part writes the upper halves of a row, and leaves what they leave.
#define part(off) \
	VPSRLD	$16, Z0, Z2 \
	VPSRLD	$16, Z1, Z3 \
	VPMOVDW	Z2, off(DI) \
	VPMOVDW	Z3, off+32(DI)

#define rest \
	VPANDD	Z31, Z0, Z2 \
	VPANDD	Z31, Z1, Z3 \
	VSUBPS	Z2, Z0, Z0 \
	VSUBPS	Z3, Z1, Z1

// func packBlockAVX512(to *[1536]float32, block *[1024]float32)
//
// Rows 0 to 15 go to every second row of 64 bytes, and then rows 16 to 31 between them.
TEXT ·packBlockAVX512(SB), NOSPLIT, $0-16
	MOVQ	to+0(FP), DX
	MOVQ	block+8(FP), SI
	VPBROADCASTD	upper<>(SB), Z31
	MOVQ	$2, BX
half:
	MOVQ	DX, DI
	MOVQ	$16, CX
row:
	VMOVUPS	(SI), Z0
	VMOVUPS	64(SI), Z1
	part(0)
	rest
	part(2048)
	rest
	part(4096)
	ADDQ	$128, SI
	ADDQ	$128, DI
	DECQ	CX
	JNE	row
	ADDQ	$64, DX
	DECQ	BX
	JNE	half
	VZEROUPPER
	RET
