package vmath

var (
	// Fitted in fit_test.go.
	erfNear32 = []float64{7.8519185e-05, -0.000800967062, 0.00518827724, -0.0268537914, 0.112835848, -0.376126258, 0.128379166}
	erfFar32  = []float64{1.8091485e-05, -0.000393458051, 0.00393806597, -0.0244051934, 0.107004532, 0.634674347, 1.12876913}

	// FreeBSD's msun, s_erf.c.
	erfSmallP = []float64{-2.37630166566501626084e-05, -5.77027029648944159157e-03, -2.84817495755985104766e-02, -3.25042107247001499370e-01, 1.28379167095512558561e-01}
	erfSmallQ = []float64{-3.96022827877536812320e-06, 1.32494738004321644526e-04, 5.08130628187576562776e-03, 6.50222499887672944485e-02, 3.97917223959155352819e-01, 1}
	erfOneP   = []float64{-2.16637559486879084300e-03, 3.54783043256182359371e-02, -1.10894694282396677476e-01, 3.18346619901161753674e-01, -3.72207876035701323847e-01, 4.14856118683748331666e-01, -2.36211856075265944077e-03}
	erfOneQ   = []float64{1.19844998467991074170e-02, 1.36370839120290507362e-02, 1.26171219808761642112e-01, 7.18286544141962662868e-02, 5.40397917702171048937e-01, 1.06420880400844228286e-01, 1}
	erfMidP   = []float64{-9.81432934416914548592e+00, -8.12874355063065934246e+01, -1.84605092906711035994e+02, -1.62396669462573470355e+02, -6.23753324503260060396e+01, -1.05586262253232909814e+01, -6.93858572707181764372e-01, -9.86494403484714822705e-03}
	erfMidQ   = []float64{-6.04244152148580987438e-02, 6.57024977031928170135e+00, 1.08635005541779435134e+02, 4.29008140027567833386e+02, 6.45387271733267880336e+02, 4.34565877475229228821e+02, 1.37657754143519042600e+02, 1.96512716674392571292e+01, 1}
	erfTailP  = []float64{-4.83519191608651397019e+02, -1.02509513161107724954e+03, -6.37566443368389627722e+02, -1.60636384855821916062e+02, -1.77579549177547519889e+01, -7.99283237680523006574e-01, -9.86494292470009928597e-03}
	erfTailQ  = []float64{-2.24409524465858183362e+01, 4.74528541206955367215e+02, 2.55305040643316442583e+03, 3.19985821950859553908e+03, 1.53672958608443695994e+03, 3.25792512996573918826e+02, 3.03380607434824582924e+01, 1}
)

func erf(b *builder, x *Value) *Value {
	a := let("a", b.abs(x))
	var y *Value
	if b.p.Width == 32 {
		y = erfParts32(b, a)
	} else {
		y = erfParts64(b, a)
	}
	return b.withSign(y, b.signOf(x))
}

// erfParts32 is erf(a) for a ≥ 0.
func erfParts32(b *builder, a *Value) *Value {
	z := let("z", b.mul(a, a))
	near := b.mulAdd(a, b.poly("p", z, erfNear32), a)
	c := let("c", b.op(Min, b.num(4.2), a))
	q := let("q", b.mul(c, b.poly("q", c, erfFar32)))
	far := b.sub(b.num(1), expBelow(b, b.sub(b.num(0), q)))
	return b.selectOf(b.less(b.num(1), a), far, near)
}

// erfParts64 is erf(a) for a ≥ 0.
func erfParts64(b *builder, a *Value) *Value {
	z := let("z", b.mul(a, a))
	small := b.mulAdd(a, b.div(b.poly("p", z, erfSmallP), b.poly("q", z, erfSmallQ)), a)
	s := let("s", b.sub(a, b.num(1)))
	one := b.add(b.num(8.45062911510467529297e-01), b.div(b.poly("p", s, erfOneP), b.poly("q", s, erfOneQ)))

	c := let("c", b.op(Min, b.num(6), a))
	u := let("u", b.div(b.num(1), b.mul(c, c)))
	mid := b.div(b.poly("p", u, erfMidP), b.poly("q", u, erfMidQ))
	tail := b.div(b.poly("p", u, erfTailP), b.poly("q", u, erfTailQ))
	q := let("q", b.selectOf(b.less(c, b.num(1/0.35)), mid, tail))
	// The square of the leading half of a is exact, which keeps e^-a² accurate.
	h := let("h", b.op(And, c, b.bits(^uint64(1<<32-1))))
	first := expBelow(b, b.mulSub(h, h, b.num(-0.5625)))
	second := exp(b, b.mulAdd(b.sub(h, c), b.add(h, c), q))
	far := b.sub(b.num(1), b.div(b.mul(first, second), c))

	return b.selectOf(b.less(a, b.num(0.84375)), small, b.selectOf(b.less(a, b.num(1.25)), one, far))
}
