
// Sums over samples have a fixed order: lanes of a warp in a tree, warps of a block, blocks. No atomics.

template <class T> NDEC_D T ndec_warp_sum(T v) {
#pragma unroll
	for (int d = 16; d > 0; d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
	return v;
}

// Sums n numbers of each thread over a block of WARPS warps; thread i < n writes sum i. Shared memory red holds
// WARPS rows of n. All threads of the block take part.
template <int WARPS, class T> NDEC_D void ndec_block_sum(const T *x, int n, T *red, T *out) {
#pragma unroll
	for (int i = 0; i < n; i++) {
		T v = ndec_warp_sum(x[i]);
		if ((threadIdx.x & 31) == 0) red[(threadIdx.x >> 5) * n + i] = v;
	}
	__syncthreads();
	for (int i = threadIdx.x; i < n; i += WARPS * 32) {
		T v = red[i];
#pragma unroll
		for (int k = 1; k < WARPS; k++) v += red[k * n + i];
		out[i] = v;
	}
	__syncthreads();
}

// Sums the rows of part [rows, n] into out [n]: 32 columns a block, 16 threads a column, each of which takes every
// 16th row; their sums are added in order. Blocks have 512 threads.
template <class T> NDEC_D void ndec_sum_rows(const T *part, T *out, long long rows, long long n, double *shared) {
	int column = threadIdx.x & 31, group = threadIdx.x >> 5;
	long long i = (long long)blockIdx.x * 32 + column;
	double v = 0; // thousands of terms
	if (i < n) {
#pragma unroll 8
		for (long long k = group; k < rows; k += 16) v += part[k * n + i];
	}
	shared[threadIdx.x] = v;
	__syncthreads();
	if (group == 0 && i < n) {
		for (int g = 1; g < 16; g++) v += shared[g * 32 + column];
		out[i] = (T)v;
	}
}
#ifndef NDEC_GROUPS_ONLY // these are in the image for all devices
NDEC_KERNEL void __launch_bounds__(512, 1) ndec_sum_rows_f64(const double *part, double *out, long long rows, long long n) {
	__shared__ double shared[512];
	ndec_sum_rows(part, out, rows, n, shared);
}
NDEC_KERNEL void __launch_bounds__(512, 1) ndec_sum_rows_f32(const float *part, float *out, long long rows, long long n) {
	__shared__ double shared[512];
	ndec_sum_rows(part, out, rows, n, shared);
}

// What the solves of n samples took (rt.ShardResult.Efforts): by has two factors for each of them, of evaluations and of accepted steps. A record of
// statistics begins with these and the rejected steps.
NDEC_KERNEL void __launch_bounds__(256, 1) ndec_efforts(const int *stats, const int *by, int *out, long long n, long long solves, long long most) {
	const int words = 10; // of a record, sizeof(ndec_stats)
	long long i = (long long)blockIdx.x * 256 + threadIdx.x, sum = 0;
	if (i >= n) return;
	for (long long s = 0; s < solves; s++) {
		const int *one = stats + (s * n + i) * words;
		sum += (long long)by[2 * s] * one[0] + (long long)by[2 * s + 1] * one[1];
	}
	out[i] = (int)(sum < most ? sum : most);
}
#endif
