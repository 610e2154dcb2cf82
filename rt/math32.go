package rt

import "math"

// The functions of func32.go and func64.go are printed from ir/vmath; here is what they rest on, and what
// is not made of straight operations.

// least32 is the smaller of a and b, and b where one of them is a NaN.
func least32(a, b float32) float32 {
	if a < b {
		return a
	}
	return b
}

// most32 is the larger of a and b, and b where one of them is a NaN.
func most32(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

// Sqrt32 is the correctly rounded square root.
func Sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// Sin32Far is Sin32 of a number of any size, within 1 ulp.
func Sin32Far(x float32) float32 { return float32(Sin64(float64(x))) }

// Cos32Far is Cos32 of a number of any size, within 1 ulp.
func Cos32Far(x float32) float32 { return float32(Cos64(float64(x))) }

// Tan32Far is Tan32 of a number of any size, within 1 ulp.
func Tan32Far(x float32) float32 { return float32(Tan64(float64(x))) }

// Pow32 is x^y, the float64 power rounded.
func Pow32(x, y float32) float32 { return float32(Pow64(float64(x), float64(y))) }
