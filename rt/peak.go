package rt

import "time"

// peakFlops measures the floating point operations that one core does in a second at the level: nothing but
// multiply-adds for some ten microseconds, counted as two each.
func peakFlops[R Float](l Level) float64 {
	const rounds = 4000
	begun := time.Now()
	ops := peakLoop[R](l, rounds)
	return float64(ops) * rounds / time.Since(begun).Seconds()
}

// memorySpeed measures the bytes in a second that one core goes over, reading and writing them, in memory of about so many.
func memorySpeed(bytes int) float64 {
	const columns = 256
	sum, a, b := make([]float32, max(1, bytes/4/columns)*columns), make([]float32, max(1, bytes/4/columns)), make([]float32, columns)
	AddOuter32(sum, a, b)
	begun, n := time.Now(), 0
	for ; n == 0 || time.Since(begun) < 30*time.Microsecond; n++ {
		AddOuter32(sum, a, b)
	}
	return float64(n*4*len(sum)) / time.Since(begun).Seconds()
}

// peakGeneric is peakLoop in Go: chains of products that are rounded before they are added.
func peakGeneric[R Float](n int) (perRound int) {
	a, b, c, d, e, f := products[R](n, [6]R{}, 0)
	if a+b+c+d+e+f != 0 {
		return 0 // never: it keeps the compiler from dropping the loop
	}
	return 12
}

//go:noinline
func products[R Float](n int, x [6]R, y R) (a, b, c, d, e, f R) {
	p, q, r, s, t, u := x[0], x[1], x[2], x[3], x[4], x[5]
	for range n {
		a += R(p * y)
		b += R(q * y)
		c += R(r * y)
		d += R(s * y)
		e += R(t * y)
		f += R(u * y)
	}
	return
}
