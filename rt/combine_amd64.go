//go:build !purego

package rt

//go:noescape
func combineAVX2(dst, base, stages *float64, groups int, ws *weight, n int, h float64)

// combineKernel sets dst to base + Σ (h w_j) k_j, from left to right, in whole groups of four. It reports whether the
// processor can.
func combineKernel(dst, base, stages []float64, ws []weight, h float64) bool {
	if level < AVX2 || len(ws) == 0 {
		return false
	}
	for i, some := 0, inOneCall(len(ws)+2); i < len(dst); i += some {
		combineAVX2(&dst[i], &base[i], &stages[i], min(some, len(dst)-i)/4, &ws[0], len(ws), h)
	}
	return true
}
