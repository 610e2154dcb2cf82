package rt

import (
	"math/bits"
	"unsafe"
)

// LanesWith are the lanes whose count is n, a bit for each.
func LanesWith(n int, counts []int) (lanes uint32) {
	for i, c := range counts {
		if c == n {
			lanes |= 1 << i
		}
	}
	return lanes
}

// rowMask selects some lanes of a row of 128 bytes.
func rowMask[R Float](lanes uint32) (mask [32]uint32) {
	words := int(unsafe.Sizeof(R(0))) / 4
	for i := range mask {
		mask[i] = -(lanes >> (i / words) & 1)
	}
	return mask
}

// MergeLanes copies some lanes, a bit for each, of rows of 128 bytes.
func MergeLanes[R Float](to, from []R, lanes uint32) {
	mask := rowMask[R](lanes)
	width := 128 / int(unsafe.Sizeof(R(0)))
	if mergeRows(unsafe.Pointer(&to[0]), unsafe.Pointer(&from[0]), len(to)/width, &mask) {
		return
	}
	for i := range to {
		if lanes>>(i%width)&1 != 0 {
			to[i] = from[i]
		}
	}
}

// FillLanes gives some lanes, a bit for each, of rows of 128 bytes what the first of the others has; there is one.
func FillLanes[R Float](to []R, lanes uint32) {
	bytes := int(unsafe.Sizeof(R(0)))
	width := 128 / bytes
	from := bits.TrailingZeros32(^lanes)
	mask := rowMask[R](lanes)
	if fillRows(unsafe.Pointer(&to[0]), unsafe.Pointer(&to[from]), len(to)/width, bytes, &mask) {
		return
	}
	for row := 0; row < len(to); row += width {
		for i := range width {
			if lanes>>i&1 != 0 {
				to[row+i] = to[row+from]
			}
		}
	}
}
