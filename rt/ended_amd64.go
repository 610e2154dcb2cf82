//go:build !purego

package rt

//go:noescape
func endedAVX2(accepted *int, code, t, t1, live *float64, n int) uint32

// ended is Ended. It reports whether the processor can; the number of samples is a multiple of four.
func ended(accepted []int, code, t, t1, live []float64) (lanes uint32, ok bool) {
	if level < AVX2 {
		return 0, false
	}
	return endedAVX2(&accepted[0], &code[0], &t[0], &t1[0], &live[0], len(accepted)), true
}
