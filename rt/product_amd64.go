//go:build !purego

package rt

// Go does not stop assembly, so that its collector waits for a kernel of this package: for so many numbers of a matrix at most, some 0.1 milliseconds.
const numbersInOneCall = 1 << 17

// inOneCall is the number of rows or columns with n numbers each that a kernel goes over, whole strips of it.
func inOneCall(n int) int {
	const strip = 32
	return max(1, numbersInOneCall/n/strip) * strip
}

//go:noescape
func vecMat32AVX2(dst, x, m *float32, k, n, columns int)

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
	for i, some := 0, inOneCall(len(x)); i < rows; i += some {
		matVec32AVX2(&dst[i], &m[i*len(x)], &x[0], min(some, rows-i), len(x), columns/4)
	}
	return rows, columns
}

// vecMatKernel32 computes the first columns.
func vecMatKernel32(dst, x, m []float32) (columns int) {
	if level < AVX2 || len(dst) < 8 || len(x) == 0 {
		return 0
	}
	columns = len(dst) / 8 * 8
	for i, some := 0, inOneCall(len(x)); i < columns; i += some {
		vecMat32AVX2(&dst[i], &x[0], &m[i], len(x), len(dst), min(some, columns-i))
	}
	return columns
}

// addOuterKernel32 adds the first columns.
func addOuterKernel32(sum, a, b []float32) (columns int) {
	if level < AVX2 || len(b) < 8 || len(a) == 0 {
		return 0
	}
	for i, some := 0, inOneCall(len(b)); i < len(a); i += some {
		addOuter32AVX2(&sum[i*len(b)], &a[i], &b[0], min(some, len(a)-i), len(b))
	}
	return len(b) / 8 * 8
}

//go:noescape
func vecMat64AVX2(dst, x, m *float64, k, n, columns int)

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
	for i, some := 0, inOneCall(len(x)); i < rows; i += some {
		matVec64AVX2(&dst[i], &m[i*len(x)], &x[0], min(some, rows-i), len(x), columns/4)
	}
	return rows, columns
}

// vecMatKernel64 computes the first columns.
func vecMatKernel64(dst, x, m []float64) (columns int) {
	if level < AVX2 || len(dst) < 4 || len(x) == 0 {
		return 0
	}
	columns = len(dst) / 4 * 4
	for i, some := 0, inOneCall(len(x)); i < columns; i += some {
		vecMat64AVX2(&dst[i], &x[0], &m[i], len(x), len(dst), min(some, columns-i))
	}
	return columns
}

// addOuterKernel64 adds the first columns.
func addOuterKernel64(sum, a, b []float64) (columns int) {
	if level < AVX2 || len(b) < 4 || len(a) == 0 {
		return 0
	}
	for i, some := 0, inOneCall(len(b)); i < len(a); i += some {
		addOuter64AVX2(&sum[i*len(b)], &a[i], &b[0], min(some, len(a)-i), len(b))
	}
	return len(b) / 4 * 4
}
