package rt

// Tanh32x4 is Tanh32 of four numbers, bit for bit. The four share the loads of the coefficients, and
// their chains of operations overlap.
func Tanh32x4(a, b, c, d float32) (float32, float32, float32, float32) {
	a, b, c, d = clamp9(a), clamp9(b), clamp9(c), clamp9(d)
	ua, ub, uc, ud := a*a, b*b, c*c, d*d

	k := float32(1.33185161e-08)
	pa, pb, pc, pd := float32(ua*k), float32(ub*k), float32(uc*k), float32(ud*k)
	k = 2.06031345e-05
	pa, pb, pc, pd = pa+k, pb+k, pc+k, pd+k
	k = 0.00349624897
	pa, pb, pc, pd = mad32(ua, pa, k), mad32(ub, pb, k), mad32(uc, pc, k), mad32(ud, pd, k)
	k = 0.133819401
	pa, pb, pc, pd = mad32(ua, pa, k), mad32(ub, pb, k), mad32(uc, pc, k), mad32(ud, pd, k)
	pa, pb, pc, pd = mad32(ua, pa, 1), mad32(ub, pb, 1), mad32(uc, pc, 1), mad32(ud, pd, 1)
	pa, pb, pc, pd = float32(a*pa), float32(b*pb), float32(c*pc), float32(d*pd)

	k = 7.76742411e-07
	qa, qb, qc, qd := float32(ua*k), float32(ub*k), float32(uc*k), float32(ud*k)
	k = 0.000328597322
	qa, qb, qc, qd = qa+k, qb+k, qc+k, qd+k
	k = 0.0258806143
	qa, qb, qc, qd = mad32(ua, qa, k), mad32(ub, qb, k), mad32(uc, qc, k), mad32(ud, qd, k)
	k = 0.467152625
	qa, qb, qc, qd = mad32(ua, qa, k), mad32(ub, qb, k), mad32(uc, qc, k), mad32(ud, qd, k)
	qa, qb, qc, qd = mad32(ua, qa, 1), mad32(ub, qb, 1), mad32(uc, qc, 1), mad32(ud, qd, 1)
	return pa / qa, pb / qb, pc / qc, pd / qd
}

// clamp9 holds x within ±9, where tanh is ±1 in float32; a NaN stays one.
func clamp9(x float32) float32 {
	if x > 9 {
		return 9
	}
	if x < -9 {
		return -9
	}
	return x
}
