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
