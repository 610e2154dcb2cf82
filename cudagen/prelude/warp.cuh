
// What kernels ask of a warp beyond C++: all instructions that are spelled in assembly stand here, each with its body in
// emulate.cuh. All of them need PTX 7.8 at most, and sm_80.
#ifndef NDEC_EMULATE
template <class T> NDEC_D T ndec_shuffle(T x, int from) { return __shfl_sync(0xffffffffu, x, from); }
NDEC_D unsigned ndec_ballot(bool x) { return __ballot_sync(0xffffffffu, x); }

// the largest of all lanes. The compiler knows that all have the same: it takes lanes that loop so often to be together.
NDEC_D int ndec_warp_most(int x) { return __reduce_max_sync(0xffffffffu, x); }

NDEC_D void ndec_warp_sync() { __syncwarp(); }

// shared memory that the launch gives to the block
NDEC_D char *ndec_shared_memory() {
	extern __shared__ __align__(128) char given[];
	return given;
}

// of some lanes alone, whichever the others are at
template <class T> NDEC_D T ndec_lanes_shuffle(unsigned mask, T x, int from) { return __shfl_sync(mask, x, from); }
NDEC_D void ndec_lanes_sync(unsigned mask) { __syncwarp(mask); }

// two bfloat16, the first in the lower half, rounded to nearest even
NDEC_D unsigned ndec_pack_bf16(float lo, float hi) {
	unsigned r;
	asm volatile("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
	return r;
}

// two float16
NDEC_D unsigned ndec_pack_f16(float lo, float hi) {
	unsigned r;
	asm volatile("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
	return r;
}

// a matrix of 8 by 8 halves, a row in four lanes, with rows and columns changed
NDEC_D unsigned ndec_transpose(unsigned x) {
	unsigned r;
	asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(r) : "r"(x));
	return r;
}

// c[16,8] += a[16,16] b[16,8] of bfloat16, sums in float
NDEC_D void ndec_mma_bf16(float *c, const unsigned *a, const unsigned *b) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		: "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// the same of float16
NDEC_D void ndec_mma_f16(float *c, const unsigned *a, const unsigned *b) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		: "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif
