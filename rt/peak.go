package rt

import "time"

// peakFlops measures the floating point operations that one core does in a second at the level: nothing but
// multiply-adds, counted as two each, in pieces of some seven microseconds of which the fastest counts. A processor that
// has not used its widest vectors for a while runs them slowly for the first ten microseconds or more, and a thread that
// is stopped loses the piece that it is in.
func peakFlops[R Float](l Level) float64 {
	const rounds, pieces = 4000, 8
	best := 0.0
	for range pieces {
		begun := time.Now()
		ops := peakLoop[R](l, rounds)
		best = max(best, float64(ops)*rounds/time.Since(begun).Seconds())
	}
	return best
}

// memorySpeed measures the bytes in a second that one core goes over, reading and writing them, in memory of about so many. The
// goroutine has its thread for itself.
func memorySpeed(bytes int) float64 {
	const columns = 256
	sum, a, b := make([]float32, max(1, bytes/4/columns)*columns), make([]float32, max(1, bytes/4/columns)), make([]float32, columns)
	AddOuter32(sum, a, b)
	begun, n := busyTime(), 0
	for ; n == 0 || busyTime()-begun < 30*time.Microsecond; n++ {
		AddOuter32(sum, a, b)
	}
	return float64(n*4*len(sum)) / (busyTime() - begun).Seconds()
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
