//go:build !purego

package rt

//go:noescape
func vecMat32AVX2(dst, x, m *float32, k, n int)

//go:noescape
func addOuter32AVX2(sum, a, b *float32, k, n int)

//go:noescape
func matVec32AVX2(dst, m, x *float32, n, k, blocks int)

// matVecKernel32 adds up the first columns of the first rows.
func matVecKernel32(dst, m, x []float32) (rows, columns int) {
	if level < AVX2 || len(dst) < 8 || len(x) < 4 {
		return 0, 0
	}
	rows, columns = len(dst)/8*8, len(x)/4*4
	matVec32AVX2(&dst[0], &m[0], &x[0], rows, len(x), columns/4)
	return rows, columns
}

// vecMatKernel32 computes the first columns.
func vecMatKernel32(dst, x, m []float32) (columns int) {
	if level < AVX2 || len(dst) < 8 || len(x) == 0 {
		return 0
	}
	vecMat32AVX2(&dst[0], &x[0], &m[0], len(x), len(dst))
	return len(dst) / 8 * 8
}

// addOuterKernel32 adds the first columns.
func addOuterKernel32(sum, a, b []float32) (columns int) {
	if level < AVX2 || len(b) < 8 || len(a) == 0 {
		return 0
	}
	addOuter32AVX2(&sum[0], &a[0], &b[0], len(a), len(b))
	return len(b) / 8 * 8
}

//go:noescape
func vecMat64AVX2(dst, x, m *float64, k, n int)

//go:noescape
func addOuter64AVX2(sum, a, b *float64, k, n int)

//go:noescape
func matVec64AVX2(dst, m, x *float64, n, k, blocks int)

// matVecKernel64 adds up the first columns of the first rows.
func matVecKernel64(dst, m, x []float64) (rows, columns int) {
	if level < AVX2 || len(dst) < 4 || len(x) < 4 {
		return 0, 0
	}
	rows, columns = len(dst)/4*4, len(x)/4*4
	matVec64AVX2(&dst[0], &m[0], &x[0], rows, len(x), columns/4)
	return rows, columns
}

// vecMatKernel64 computes the first columns.
func vecMatKernel64(dst, x, m []float64) (columns int) {
	if level < AVX2 || len(dst) < 4 || len(x) == 0 {
		return 0
	}
	vecMat64AVX2(&dst[0], &x[0], &m[0], len(x), len(dst))
	return len(dst) / 4 * 4
}

// addOuterKernel64 adds the first columns.
func addOuterKernel64(sum, a, b []float64) (columns int) {
	if level < AVX2 || len(b) < 4 || len(a) == 0 {
		return 0
	}
	addOuter64AVX2(&sum[0], &a[0], &b[0], len(a), len(b))
	return len(b) / 4 * 4
}
