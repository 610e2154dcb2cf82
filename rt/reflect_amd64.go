//go:build !purego

package rt

//go:noescape
func reflectAVX2(u, w, head *float64, groups, columns int, v, beta float64)

// reflectKernel is reflectColumns where the processor has AVX2 and rows come in groups of four; it reports whether it was done.
func reflectKernel(u, w, head []float64, v, beta float64) bool {
	if len(head) == 0 || len(u) == 0 || len(u)%4 != 0 || level < AVX2 {
		return false
	}
	reflectAVX2(&u[0], &w[0], &head[0], len(u)/4, len(head), v, beta)
	return true
}
