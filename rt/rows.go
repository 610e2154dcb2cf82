package rt

import "unsafe"

// AddRows adds to dst the rows of n numbers of src, each of which is padded to a multiple of 64 bytes there, and clears them.
func AddRows[R Float](dst, src []R, n int) {
	line := 64 / int(unsafe.Sizeof(R(0)))
	padded := (n + line - 1) / line * line
	for ; len(dst) > 0; dst, src = dst[n:], src[padded:] {
		row := src[:n]
		for i, x := range row {
			dst[i] += x
		}
		Clear(row)
	}
}

// Add adds numbers to others.
func Add[R Float](dst, src []R) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] += x
	}
}
