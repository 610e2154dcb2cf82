package rt

// Products of a matrix and a vector of one sample, for generated code. They have the bits of
//
//	for i … { var dot R; for j … { dot += R(m[i,j] * x[j]) } }
//
// on every machine: where there are vectors, a lane is an element of the result, and products are rounded
// before they are added. A kernel does a part, and the scalar loops the rest.

// MatVec32 is m x for a matrix of len(dst) rows of len(x) elements.
func MatVec32(dst, m, x []float32) {
	rows, columns := matVecKernel32(dst, m[:len(dst)*len(x)], x)
	matVecRest(dst, m, x, rows, columns)
}

// VecMat32 is x m for a matrix of len(x) rows of len(dst) elements.
func VecMat32(dst, x, m []float32) {
	vecMatRest(dst, x, m, vecMatKernel32(dst, x, m[:len(dst)*len(x)]))
}

// AddOuter32 adds the outer product of a and b to sum, which has len(a) rows of len(b) elements.
func AddOuter32(sum, a, b []float32) {
	addOuterRest(sum, a, b, addOuterKernel32(sum[:len(a)*len(b)], a, b))
}

// MatVec64 is m x for a matrix of len(dst) rows of len(x) elements.
func MatVec64(dst, m, x []float64) {
	rows, columns := matVecKernel64(dst, m[:len(dst)*len(x)], x)
	matVecRest(dst, m, x, rows, columns)
}

// VecMat64 is x m for a matrix of len(x) rows of len(dst) elements.
func VecMat64(dst, x, m []float64) {
	vecMatRest(dst, x, m, vecMatKernel64(dst, x, m[:len(dst)*len(x)]))
}

// AddOuter64 adds the outer product of a and b to sum, which has len(a) rows of len(b) elements.
func AddOuter64(sum, a, b []float64) {
	addOuterRest(sum, a, b, addOuterKernel64(sum[:len(a)*len(b)], a, b))
}

// matVecRest goes on where a kernel has added up the first columns of the first rows.
func matVecRest[R Float](dst, m, x []R, rows, columns int) {
	k := len(x)
	if columns < k {
		for i := range rows {
			dot := dst[i]
			for j, mj := range m[i*k+columns : (i+1)*k] {
				dot += R(mj * x[columns+j])
			}
			dst[i] = dot
		}
	}
	i := rows
	for ; i+4 <= len(dst); i += 4 { // four rows share the loads of x
		r0, r1, r2, r3 := m[i*k:][:k], m[(i+1)*k:][:k], m[(i+2)*k:][:k], m[(i+3)*k:][:k]
		var a, b, c, d R
		for j, xj := range x {
			a += R(r0[j] * xj)
			b += R(r1[j] * xj)
			c += R(r2[j] * xj)
			d += R(r3[j] * xj)
		}
		dst[i], dst[i+1], dst[i+2], dst[i+3] = a, b, c, d
	}
	for ; i < len(dst); i++ {
		var dot R
		for j, mj := range m[i*k:][:k] {
			dot += R(mj * x[j])
		}
		dst[i] = dot
	}
}

// vecMatRest computes the columns that a kernel has left.
func vecMatRest[R Float](dst, x, m []R, from int) {
	n := len(dst)
	rest := dst[from:]
	if len(rest) == 0 {
		return
	}
	clear(rest)
	i := 0
	for ; i+4 <= len(x); i += 4 {
		r0, r1, r2, r3 := m[i*n+from:][:len(rest)], m[(i+1)*n+from:][:len(rest)], m[(i+2)*n+from:][:len(rest)], m[(i+3)*n+from:][:len(rest)]
		a, b, c, d := x[i], x[i+1], x[i+2], x[i+3]
		for j, sum := range rest {
			sum += R(a * r0[j])
			sum += R(b * r1[j])
			sum += R(c * r2[j])
			rest[j] = sum + R(d*r3[j])
		}
	}
	for ; i < len(x); i++ {
		for j, mj := range m[i*n+from:][:len(rest)] {
			rest[j] += R(x[i] * mj)
		}
	}
}

// addOuterRest adds the columns that a kernel has left.
func addOuterRest[R Float](sum, a, b []R, from int) {
	n := len(b)
	rest := b[from:]
	if len(rest) == 0 {
		return
	}
	for i, ai := range a {
		row := sum[i*n+from:][:len(rest)]
		for j, bj := range rest {
			row[j] += R(ai * bj)
		}
	}
}
