//go:build !amd64 || purego

package rt

func reflectKernel(u, w, head []float64, v, beta float64) bool { return false }
