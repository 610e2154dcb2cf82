//go:build !amd64 || purego

package rt

func matVecKernel32(dst, m, x []float32) (rows, columns int) { return 0, 0 }
func vecMatKernel32(dst, x, m []float32) (columns int)       { return 0 }
func addOuterKernel32(sum, a, b []float32) (columns int)     { return 0 }
func matVecKernel64(dst, m, x []float64) (rows, columns int) { return 0, 0 }
func vecMatKernel64(dst, x, m []float64) (columns int)       { return 0 }
func addOuterKernel64(sum, a, b []float64) (columns int)     { return 0 }
