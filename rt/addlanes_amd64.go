//go:build !purego

package rt

import "unsafe"

//go:noescape
func addLanes32AVX2(dst, src *float32, groups, n int)

//go:noescape
func addLanes64AVX2(dst, src *float64, groups, n int)

// addLanes adds the first sums of AddLanes, those of groups that are 32 bytes wide, and says how many.
func addLanes[R Float](dst, src []R, n int) int {
	size := int(unsafe.Sizeof(R(0)))
	side := 32 / size
	groups := len(dst) / side
	if level < AVX2 || groups == 0 || n == 0 || n%(16/size) != 0 {
		return 0
	}
	_ = src[groups*side*n-1]
	for i, some := 0, max(1, numbersInOneCall/(side*n)); i < groups; i += some {
		addGroups(dst[i*side:], src[i*side*n:], min(some, groups-i), n)
	}
	return groups * side
}

// addGroups is what one call of a kernel adds.
func addGroups[R Float](dst, src []R, groups, n int) {
	switch unsafe.Sizeof(R(0)) {
	case 4:
		addLanes32AVX2((*float32)(unsafe.Pointer(&dst[0])), (*float32)(unsafe.Pointer(&src[0])), groups, n)
	case 8:
		addLanes64AVX2((*float64)(unsafe.Pointer(&dst[0])), (*float64)(unsafe.Pointer(&src[0])), groups, n)
	}
}
