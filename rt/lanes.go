package rt

import "unsafe"

// Aligned is a new value at an address that is a multiple of 64. T must not hold pointers.
func Aligned[T any]() *T {
	var t T
	buf := make([]byte, unsafe.Sizeof(t)+63)
	skip := -uintptr(unsafe.Pointer(&buf[0])) & 63
	return (*T)(unsafe.Pointer(&buf[skip]))
}

// Apart is how many bytes a place in the frame of kernels lies behind its start.
func Apart[F, P any](frame *F, place *P) float64 {
	return float64(int64(uintptr(unsafe.Pointer(place)) - uintptr(unsafe.Pointer(frame))))
}

// AddLanes adds to dst the sums over groups of n numbers of src, each from its first on, and clears src. Four groups go
// together, since the additions of one wait for each other.
func AddLanes[R Float](dst, src []R, n int) {
	done := addLanes(dst, src, n)
	dst, rest := dst[done:], src[done*n:]
	for len(dst) >= 4 {
		a, b, c, d := rest[:n], rest[n:2*n], rest[2*n:3*n], rest[3*n:4*n]
		b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
		var s, t, u, v R
		for k := range a {
			s += a[k]
			t += b[k]
			u += c[k]
			v += d[k]
		}
		dst[0] += s
		dst[1] += t
		dst[2] += u
		dst[3] += v
		dst, rest = dst[4:], rest[4*n:]
	}
	for i := range dst {
		var s R
		for _, x := range rest[i*n : (i+1)*n] {
			s += x
		}
		dst[i] += s
	}
	Clear(src)
}

// FailedLane reports whether one of the solves of sample i of a block has failed.
func FailedLane[B [8]SolveStats | [16]SolveStats | [32]SolveStats | [64]SolveStats](st []B, i int) bool {
	for s := range st {
		if st[s][i].Status.Failed() {
			return true
		}
	}
	return false
}

// LeftLane reports whether lane i is left to the scalar functions: a solve of it has failed, but not because its events do not end, which takes
// long enough once.
func LeftLane[B [16]SolveStats | [32]SolveStats](st []B, i int) bool {
	for s := range st {
		if status := st[s][i].Status; status.Failed() && status != MaxEvents {
			return true
		}
	}
	return false
}

// JoinLanes is JoinStats for every sample of a block.
func JoinLanes[B [16]SolveStats | [32]SolveStats](to, run []B, number int) {
	for s := range run {
		for i := range len(run[s]) {
			to[s][i].join(&run[s][i], number)
		}
	}
}

// PackRows copies rows of n numbers to places that are stride apart.
func PackRows[T float32 | float64](dst, src []T, n, stride int) {
	for i := 0; len(src) > 0; i++ {
		Copy(dst[i*stride:], src[:n])
		src = src[n:]
	}
}

// PackColumns copies a matrix of m rows and n columns by columns: strip after strip of tile rows, each column by
// column, and the rest of the rows in a strip that is a multiple of unit wide.
func PackColumns[T float32 | float64](dst, src []T, m, n, tile, unit int) {
	for i := range m {
		strip, width := i/tile, tile
		if strip == m/tile {
			width = (m%tile + unit - 1) / unit * unit
		}
		at := strip*tile*n + i%tile
		for j, x := range src[i*n : (i+1)*n] {
			dst[at+j*width] = x
		}
	}
}
