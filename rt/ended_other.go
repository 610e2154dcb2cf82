//go:build !amd64 || purego

package rt

func ended(accepted []int, code, t, t1, live []float64) (lanes uint32, ok bool) { return 0, false }
