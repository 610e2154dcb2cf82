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

// MergeLanes copies some lanes, a bit for each, of rows of 128 bytes.
func MergeLanes[R Float](to, from []R, lanes uint32) {
	var mask [32]uint32 // of a row
	words := int(unsafe.Sizeof(R(0))) / 4
	for i := range mask {
		mask[i] = -(lanes >> (i / words) & 1)
	}
	width := len(mask) / words
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
	width := 128 / int(unsafe.Sizeof(R(0)))
	from := bits.TrailingZeros32(^lanes)
	for row := 0; row < len(to); row += width {
		for i := range width {
			if lanes>>i&1 != 0 {
				to[row+i] = to[row+from]
			}
		}
	}
}
