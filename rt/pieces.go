package rt

import "unsafe"

// Go stops no goroutine within clear, copy and the growth of a slice, so that its collector waits for megabytes of them, and for the pages of memory that
// nobody has touched before, which take longest. What may be long goes by pieces: between two of them a goroutine can stop.
const pieceBytes = 64 << 10

// piece is how many elements a piece has.
func piece[T any]() int {
	var t T
	return max(1, pieceBytes/max(1, int(unsafe.Sizeof(t))))
}

// Clear is clear, by pieces.
func Clear[T any](x []T) {
	for n := piece[T](); len(x) > n; x = x[n:] {
		clearPiece(x[:n])
	}
	clear(x)
}

// Copy is copy, by pieces.
func Copy[T any](dst, src []T) int {
	size := min(len(dst), len(src))
	dst, src = dst[:size], src[:size]
	n := piece[T]()
	if size <= n || uintptr(unsafe.Pointer(&dst[0]))-uintptr(unsafe.Pointer(&src[0])) < uintptr(size)*unsafe.Sizeof(dst[0]) {
		return copy(dst, src) // a piece would overwrite the next one
	}
	for len(src) > n {
		copyPiece(dst[:n], src[:n])
		dst, src = dst[n:], src[n:]
	}
	copy(dst, src)
	return size
}

// clearPiece and copyPiece are calls, at which a goroutine can stop.
//
//go:noinline
func clearPiece[T any](x []T) { clear(x) }

//go:noinline
func copyPiece[T any](dst, src []T) { copy(dst, src) }

// More is s with room for another element: it grows as append does, by pieces.
func More[E any](s []E) []E {
	if len(s) < cap(s) {
		return s
	}
	const small = 256 // up to which the room doubles
	grown := make([]E, len(s), cap(s)+max(4, min(cap(s), (cap(s)+3*small)/4)))
	Copy(grown, s)
	return grown
}

// Copied is a copy of src in the memory of dst, or in new memory where that is too short.
func Copied[E any](dst, src []E) []E {
	if cap(dst) < len(src) || dst == nil && src != nil {
		dst = make([]E, len(src))
	}
	dst = dst[:len(src)]
	Copy(dst, src)
	return dst
}

// joined is the elements of several slices, one after the other.
func joined[E any](parts ...[]E) []E {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := make([]E, n)
	rest := out
	for _, p := range parts {
		rest = rest[Copy(rest, p):]
	}
	return out
}
