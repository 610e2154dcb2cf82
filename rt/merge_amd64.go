//go:build !purego

package rt

import "unsafe"

//go:noescape
func mergeRowsAVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)

//go:noescape
func mergeRowsAVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)

// mergeRows copies what a mask selects of rows of 128 bytes. It reports whether the processor can.
func mergeRows(to, from unsafe.Pointer, rows int, mask *[32]uint32) bool {
	switch {
	case rows == 0 || level < AVX2:
		return false
	case level < AVX512:
		mergeRowsAVX2(to, from, rows, mask)
	default:
		mergeRowsAVX512(to, from, rows, mask)
	}
	return true
}

//go:noescape
func fillRows32AVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)

//go:noescape
func fillRows64AVX2(to, from unsafe.Pointer, rows int, mask *[32]uint32)

//go:noescape
func fillRows32AVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)

//go:noescape
func fillRows64AVX512(to, from unsafe.Pointer, rows int, mask *[32]uint32)

// fillRows gives what a mask selects of rows of 128 bytes a number of each row, of some bytes, which lies at from in the first of them.
// It reports whether the processor can.
func fillRows(to, from unsafe.Pointer, rows, bytes int, mask *[32]uint32) bool {
	switch {
	case rows == 0 || level < AVX2:
		return false
	case level < AVX512 && bytes == 4:
		fillRows32AVX2(to, from, rows, mask)
	case level < AVX512:
		fillRows64AVX2(to, from, rows, mask)
	case bytes == 4:
		fillRows32AVX512(to, from, rows, mask)
	default:
		fillRows64AVX512(to, from, rows, mask)
	}
	return true
}
