// Code generated from ir/vmath (go test ./ir/vmath -run Printed -update); DO NOT EDIT.

package rt

import "math"

// Tanh64 is the hyperbolic tangent within 8 ulp.
//
// x P(x²)/Q(x²), an odd rational of degree 9/8 (21/18 in float64), minimax and tuned after rounding; ±1 from 8.01
// (19.06) on, and never beyond.
func Tanh64(x float64) float64 {
	u := least64(363.37890625, float64(x*x))
	p := float64(-2.80495413088872e-27*u) + 1.0452596229047293e-22
	p = float64(p*u) + 1.665929474411886e-18
	p = float64(p*u) + 4.995791782646041e-15
	p = float64(p*u) + 5.606782895818217e-12
	p = float64(p*u) + 2.9041326068536178e-09
	p = float64(p*u) + 7.522694314001981e-07
	p = float64(p*u) + 9.824417809066052e-05
	p = float64(p*u) + 0.0060956250332741034
	p = float64(p*u) + 0.15260890342262193
	p = float64(p*u) + 1
	p = float64(x * p)
	q := float64(1.7950393851114536e-20*u) + 1.0547762990941685e-16
	q = float64(q*u) + 1.859671421408115e-13
	q = float64(q*u) + 1.395727386791502e-10
	q = float64(q*u) + 5.08689104174723e-08
	q = float64(q*u) + 9.383589267427852e-06
	q = float64(q*u) + 0.0008552123406369905
	q = float64(q*u) + 0.03474303728525919
	q = float64(q*u) + 0.48594223675595527
	q = float64(q*u) + 1
	return most64(-1, least64(1, p/q))
}

// Tanh64x4 is Tanh64 of four numbers, bit for bit.
func Tanh64x4(xA, xB, xC, xD float64) (_, _, _, _ float64) {
	k0 := float64(363.37890625)
	uA, uB, uC, uD := least64(k0, float64(xA*xA)), least64(k0, float64(xB*xB)), least64(k0, float64(xC*xC)), least64(k0, float64(xD*xD))
	k0 = -2.80495413088872e-27
	k1 := float64(1.0452596229047293e-22)
	pA, pB, pC, pD := float64(k0*uA)+k1, float64(k0*uB)+k1, float64(k0*uC)+k1, float64(k0*uD)+k1
	k0 = 1.665929474411886e-18
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 4.995791782646041e-15
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 5.606782895818217e-12
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 2.9041326068536178e-09
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 7.522694314001981e-07
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 9.824417809066052e-05
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.0060956250332741034
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.15260890342262193
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 1
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	pA, pB, pC, pD = float64(xA*pA), float64(xB*pB), float64(xC*pC), float64(xD*pD)
	k0 = 1.7950393851114536e-20
	k1 = 1.0547762990941685e-16
	qA, qB, qC, qD := float64(k0*uA)+k1, float64(k0*uB)+k1, float64(k0*uC)+k1, float64(k0*uD)+k1
	k0 = 1.859671421408115e-13
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 1.395727386791502e-10
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 5.08689104174723e-08
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 9.383589267427852e-06
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 0.0008552123406369905
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 0.03474303728525919
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 0.48594223675595527
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	k0 = 1
	qA, qB, qC, qD = float64(qA*uA)+k0, float64(qB*uB)+k0, float64(qC*uC)+k0, float64(qD*uD)+k0
	return most64(-1, least64(1, pA/qA)), most64(-1, least64(1, pB/qB)), most64(-1, least64(1, pC/qC)), most64(-1, least64(1, pD/qD))
}

// Exp64 is e^x within 1.5 ulp.
//
// x = n ln 2 + r with ln 2 in two parts (Cody, Waite 1980), a polynomial in r, 2^n in two exact
// factors, so that subnormal results are rounded once.
func Exp64(x float64) float64 {
	x = most64(-746, least64(711, x))
	t := float64(x*1.4426950408889634) + 6.755399441055744e+15
	n := t - 6.755399441055744e+15
	r := x - float64(n*0.6931471803691238)
	r = r - float64(n*1.9082149292705877e-10)
	p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
	p = float64(p*r) + 2.755762371570974e-06
	p = float64(p*r) + 2.4801486118697805e-05
	p = float64(p*r) + 0.0001984126943026517
	p = float64(p*r) + 0.0013888888951597734
	p = float64(p*r) + 0.008333333333561056
	p = float64(p*r) + 0.041666666666491374
	p = float64(p*r) + 0.16666666666666163
	p = float64(p*r) + 0.5000000000000018
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	half := float64(n*0.5) + 6.755399441055744e+15
	first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
	second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x3ff0000000000000
	return float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
}

// Exp64x4 is Exp64 of four numbers, bit for bit.
func Exp64x4(xA, xB, xC, xD float64) (_, _, _, _ float64) {
	k0 := float64(-746)
	k1 := float64(711)
	xA, xB, xC, xD = most64(k0, least64(k1, xA)), most64(k0, least64(k1, xB)), most64(k0, least64(k1, xC)), most64(k0, least64(k1, xD))
	k0 = 1.4426950408889634
	k1 = 6.755399441055744e+15
	tA, tB, tC, tD := float64(xA*k0)+k1, float64(xB*k0)+k1, float64(xC*k0)+k1, float64(xD*k0)+k1
	k0 = 6.755399441055744e+15
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6931471803691238
	rA, rB, rC, rD := xA-float64(nA*k0), xB-float64(nB*k0), xC-float64(nC*k0), xD-float64(nD*k0)
	k0 = 1.9082149292705877e-10
	rA, rB, rC, rD = rA-float64(nA*k0), rB-float64(nB*k0), rC-float64(nC*k0), rD-float64(nD*k0)
	k0 = 2.499419722006583e-08
	k1 = 2.763244306418575e-07
	pA, pB, pC, pD := float64(k0*rA)+k1, float64(k0*rB)+k1, float64(k0*rC)+k1, float64(k0*rD)+k1
	k0 = 2.755762371570974e-06
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 2.4801486118697805e-05
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0001984126943026517
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0013888888951597734
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.008333333333561056
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.041666666666491374
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.16666666666666163
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.5000000000000018
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.5
	k1 = 6.755399441055744e+15
	halfA, halfB, halfC, halfD := float64(nA*k0)+k1, float64(nB*k0)+k1, float64(nC*k0)+k1, float64(nD*k0)+k1
	firstA, firstB, firstC, firstD := (math.Float64bits(halfA)<<52)+0x3ff0000000000000, (math.Float64bits(halfB)<<52)+0x3ff0000000000000, (math.Float64bits(halfC)<<52)+0x3ff0000000000000, (math.Float64bits(halfD)<<52)+0x3ff0000000000000
	secondA, secondB, secondC, secondD := ((math.Float64bits(tA)-math.Float64bits(halfA))<<52)+0x3ff0000000000000, ((math.Float64bits(tB)-math.Float64bits(halfB))<<52)+0x3ff0000000000000, ((math.Float64bits(tC)-math.Float64bits(halfC))<<52)+0x3ff0000000000000, ((math.Float64bits(tD)-math.Float64bits(halfD))<<52)+0x3ff0000000000000
	return float64(float64(pA*math.Float64frombits(firstA)) * math.Float64frombits(secondA)), float64(float64(pB*math.Float64frombits(firstB)) * math.Float64frombits(secondB)), float64(float64(pC*math.Float64frombits(firstC)) * math.Float64frombits(secondC)), float64(float64(pD*math.Float64frombits(firstD)) * math.Float64frombits(secondD))
}

// Expm164 is e^x - 1 within 2.5 ulp.
//
// As Exp, 2^n (e^r - 1) + (2^n - 1).
func Expm164(x float64) float64 {
	var v float64
	if math.Float64frombits(math.Float64bits(x)&0x7fffffffffffffff) < 1e-17 {
		v = x
	} else {
		y := most64(-50, least64(709.79, x))
		t := float64(y*1.4426950408889634) + 6.755399441055744e+15
		n := t - 6.755399441055744e+15
		r := y - float64(n*0.6931471803691238)
		r = r - float64(n*1.9082149292705877e-10)
		q := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
		q = float64(q*r) + 2.755762371570974e-06
		q = float64(q*r) + 2.4801486118697805e-05
		q = float64(q*r) + 0.0001984126943026517
		q = float64(q*r) + 0.0013888888951597734
		q = float64(q*r) + 0.008333333333561056
		q = float64(q*r) + 0.041666666666491374
		q = float64(q*r) + 0.16666666666666163
		q = float64(q*r) + 0.5000000000000018
		q = float64(float64(r*r)*q) + r
		s := (math.Float64bits(t) << 52) + 0x3fe0000000000000
		z := float64(math.Float64frombits(s)*q) + (math.Float64frombits(s) - 0.5)
		v = z + z
	}
	return v
}

// Log64 is the natural logarithm within 1 ulp.
//
// x = 2^k (1+f) with √½ ≤ 1+f < √2; log(1+f) by the polynomial of Cephes' logf, in float64
// by f - f²/2 + s(f²/2 + R(s²)), s = f/(2+f), of FreeBSD's msun.
func Log64(x float64) float64 {
	var v float64
	if x < float64(math.Inf(1)) {
		var v2 float64
		if 0 < x {
			v3 := x < 2.2250738585072014e-308
			var y float64
			if v3 {
				y = float64(x * 1.8014398509481984e+16)
			} else {
				y = x
			}
			var shift float64 = 0
			if v3 {
				shift = -54
			}
			e := (math.Float64bits(y) + 0x95f619980c433) >> 52
			k := (math.Float64frombits(e|0x4330000000000000) - 4.503599627371519e+15) + shift
			f := math.Float64frombits((math.Float64bits(y)-(e<<52))+0x3ff0000000000000) - 1
			s := f / (f + 2)
			u := float64(s * s)
			r := float64(0.14798198605116586*u) + 0.15313837699209373
			r = float64(r*u) + 0.1818357216161805
			r = float64(r*u) + 0.22222198432149784
			r = float64(r*u) + 0.2857142874366239
			r = float64(r*u) + 0.3999999999940942
			r = float64(r*u) + 0.6666666666666735
			r = float64(r * u)
			h := float64(float64(0.5*f) * f)
			v2 = float64(k*0.6931471803691238) - ((h - (float64(k*1.9082149292705877e-10) + float64(s*(h+r)))) - f)
		} else {
			var v4 float64 = float64(math.NaN())
			if x == 0 {
				v4 = float64(math.Inf(-1))
			}
			v2 = v4
		}
		v = v2
	} else {
		v = x
	}
	return v
}

// Log1p64 is log(1+x) within 3 ulp.
//
// log(u) x/(u-1) with u = 1+x, which corrects the rounding of u (Kahan).
func Log1p64(x float64) float64 {
	u := x + 1
	var v float64
	if u < float64(math.Inf(1)) {
		var v2 float64
		if u == 1 {
			v2 = x
		} else {
			var v3 float64
			if u < float64(math.Inf(1)) {
				var v4 float64
				if 0 < u {
					v5 := u < 2.2250738585072014e-308
					var y float64
					if v5 {
						y = float64(u * 1.8014398509481984e+16)
					} else {
						y = u
					}
					var shift float64 = 0
					if v5 {
						shift = -54
					}
					e := (math.Float64bits(y) + 0x95f619980c433) >> 52
					k := (math.Float64frombits(e|0x4330000000000000) - 4.503599627371519e+15) + shift
					f := math.Float64frombits((math.Float64bits(y)-(e<<52))+0x3ff0000000000000) - 1
					s := f / (f + 2)
					u2 := float64(s * s)
					r := float64(0.14798198605116586*u2) + 0.15313837699209373
					r = float64(r*u2) + 0.1818357216161805
					r = float64(r*u2) + 0.22222198432149784
					r = float64(r*u2) + 0.2857142874366239
					r = float64(r*u2) + 0.3999999999940942
					r = float64(r*u2) + 0.6666666666666735
					r = float64(r * u2)
					h := float64(float64(0.5*f) * f)
					v4 = float64(k*0.6931471803691238) - ((h - (float64(k*1.9082149292705877e-10) + float64(s*(h+r)))) - f)
				} else {
					var v6 float64 = float64(math.NaN())
					if u == 0 {
						v6 = float64(math.Inf(-1))
					}
					v4 = v6
				}
				v3 = v4
			} else {
				v3 = u
			}
			v2 = float64(v3 * (x / (u - 1)))
		}
		v = v2
	} else {
		v = u
	}
	return v
}

// Sigmoid64 is 1/(1+e^-x) within 3 ulp.
//
// With t = e^-|x|, which does not overflow: 1/(1+t) or t/(1+t).
func Sigmoid64(x float64) float64 {
	x2 := most64(-746, least64(711, math.Float64frombits(math.Float64bits(x)|0x8000000000000000)))
	t := float64(x2*1.4426950408889634) + 6.755399441055744e+15
	n := t - 6.755399441055744e+15
	r := x2 - float64(n*0.6931471803691238)
	r = r - float64(n*1.9082149292705877e-10)
	p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
	p = float64(p*r) + 2.755762371570974e-06
	p = float64(p*r) + 2.4801486118697805e-05
	p = float64(p*r) + 0.0001984126943026517
	p = float64(p*r) + 0.0013888888951597734
	p = float64(p*r) + 0.008333333333561056
	p = float64(p*r) + 0.041666666666491374
	p = float64(p*r) + 0.16666666666666163
	p = float64(p*r) + 0.5000000000000018
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	half := float64(n*0.5) + 6.755399441055744e+15
	first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
	second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x3ff0000000000000
	t = float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
	var v float64 = 1
	if x < 0 {
		v = t
	}
	return v / (t + 1)
}

// Silu64 is x/(1+e^-x) within 4 ulp.
//
// As Sigmoid, times x.
func Silu64(x float64) float64 {
	y := most64(-1000, x)
	x = most64(-768.1807097779182, least64(711, math.Float64frombits(math.Float64bits(y)|0x8000000000000000)))
	t := float64(x*1.4426950408889634) + 6.755399441055744e+15
	n := t - 6.755399441055744e+15
	r := x - float64(n*0.6931471803691238)
	r = r - float64(n*1.9082149292705877e-10)
	p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
	p = float64(p*r) + 2.755762371570974e-06
	p = float64(p*r) + 2.4801486118697805e-05
	p = float64(p*r) + 0.0001984126943026517
	p = float64(p*r) + 0.0013888888951597734
	p = float64(p*r) + 0.008333333333561056
	p = float64(p*r) + 0.041666666666491374
	p = float64(p*r) + 0.16666666666666163
	p = float64(p*r) + 0.5000000000000018
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	half := float64(n*0.5) + 6.755399441055744e+15
	first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
	second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x41f0000000000000
	t = float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
	var v float64
	if y < 0 {
		v = float64(float64(y*t) * 2.3283064365386963e-10)
	} else {
		v = y
	}
	return v / (float64(t*2.3283064365386963e-10) + 1)
}

// Softplus64 is log(1+e^x) within 5 ulp.
//
// max(x,0) + 2 artanh(s) with s = t/(2+t), t = e^-|x|; minimax polynomial in s². Below -87 (-708 in
// float64) it stays where it is.
func Softplus64(x float64) float64 {
	a := most64(-708, math.Float64frombits(math.Float64bits(x)|0x8000000000000000))
	t := float64(a*1.4426950408889634) + 6.755399441055744e+15
	n := t - 6.755399441055744e+15
	r := a - float64(n*0.6931471803691238)
	r = r - float64(n*1.9082149292705877e-10)
	p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
	p = float64(p*r) + 2.755762371570974e-06
	p = float64(p*r) + 2.4801486118697805e-05
	p = float64(p*r) + 0.0001984126943026517
	p = float64(p*r) + 0.0013888888951597734
	p = float64(p*r) + 0.008333333333561056
	p = float64(p*r) + 0.041666666666491374
	p = float64(p*r) + 0.16666666666666163
	p = float64(p*r) + 0.5000000000000018
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	t2 := math.Float64bits(p) + (math.Float64bits(t) << 52)
	s := math.Float64frombits(t2) / (math.Float64frombits(t2) + 2)
	u := float64(s * s)
	p = float64(0.17060064369333502*u) + 0.08315683606642707
	p = float64(p*u) + 0.12112249048673213
	p = float64(p*u) + 0.13300102516595597
	p = float64(p*u) + 0.1538663545241282
	p = float64(p*u) + 0.18181739787908027
	p = float64(p*u) + 0.2222222411176354
	p = float64(p*u) + 0.28571428544925404
	p = float64(p*u) + 0.4000000000019032
	p = float64(p*u) + 0.6666666666666613
	p = float64(p*u) + 2
	return float64(s*p) + most64(0, x)
}

// Softplus64x4 is Softplus64 of four numbers, bit for bit.
func Softplus64x4(xA, xB, xC, xD float64) (_, _, _, _ float64) {
	k0 := float64(-708)
	aA, aB, aC, aD := most64(k0, math.Float64frombits(math.Float64bits(xA)|0x8000000000000000)), most64(k0, math.Float64frombits(math.Float64bits(xB)|0x8000000000000000)), most64(k0, math.Float64frombits(math.Float64bits(xC)|0x8000000000000000)), most64(k0, math.Float64frombits(math.Float64bits(xD)|0x8000000000000000))
	k0 = 1.4426950408889634
	k1 := float64(6.755399441055744e+15)
	tA, tB, tC, tD := float64(aA*k0)+k1, float64(aB*k0)+k1, float64(aC*k0)+k1, float64(aD*k0)+k1
	k0 = 6.755399441055744e+15
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6931471803691238
	rA, rB, rC, rD := aA-float64(nA*k0), aB-float64(nB*k0), aC-float64(nC*k0), aD-float64(nD*k0)
	k0 = 1.9082149292705877e-10
	rA, rB, rC, rD = rA-float64(nA*k0), rB-float64(nB*k0), rC-float64(nC*k0), rD-float64(nD*k0)
	k0 = 2.499419722006583e-08
	k1 = 2.763244306418575e-07
	pA, pB, pC, pD := float64(k0*rA)+k1, float64(k0*rB)+k1, float64(k0*rC)+k1, float64(k0*rD)+k1
	k0 = 2.755762371570974e-06
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 2.4801486118697805e-05
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0001984126943026517
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0013888888951597734
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.008333333333561056
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.041666666666491374
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.16666666666666163
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.5000000000000018
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	t2A, t2B, t2C, t2D := math.Float64bits(pA)+(math.Float64bits(tA)<<52), math.Float64bits(pB)+(math.Float64bits(tB)<<52), math.Float64bits(pC)+(math.Float64bits(tC)<<52), math.Float64bits(pD)+(math.Float64bits(tD)<<52)
	k0 = 2
	sA, sB, sC, sD := math.Float64frombits(t2A)/(math.Float64frombits(t2A)+k0), math.Float64frombits(t2B)/(math.Float64frombits(t2B)+k0), math.Float64frombits(t2C)/(math.Float64frombits(t2C)+k0), math.Float64frombits(t2D)/(math.Float64frombits(t2D)+k0)
	uA, uB, uC, uD := float64(sA*sA), float64(sB*sB), float64(sC*sC), float64(sD*sD)
	k0 = 0.17060064369333502
	k1 = 0.08315683606642707
	pA, pB, pC, pD = float64(k0*uA)+k1, float64(k0*uB)+k1, float64(k0*uC)+k1, float64(k0*uD)+k1
	k0 = 0.12112249048673213
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.13300102516595597
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.1538663545241282
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.18181739787908027
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.2222222411176354
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.28571428544925404
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.4000000000019032
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 0.6666666666666613
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	k0 = 2
	pA, pB, pC, pD = float64(pA*uA)+k0, float64(pB*uB)+k0, float64(pC*uC)+k0, float64(pD*uD)+k0
	return float64(sA*pA) + most64(0, xA), float64(sB*pB) + most64(0, xB), float64(sC*pC) + most64(0, xC), float64(sD*pD) + most64(0, xD)
}

// Sin64 is the sine within 1 ulp.
//
// x = k π/2 + r with π/2 in parts whose products with k are exact (Cody, Waite 1980); polynomials of
// Cephes' sinf, in float64 of FreeBSD's msun with a tail of r.
func Sin64(x float64) float64 {
	if !(Abs64(x) <= 524288) {
		return Sin64Far(x)
	}
	a := math.Float64bits(x) & 0x7fffffffffffffff
	t := float64(math.Float64frombits(a)*0.6366197723675814) + 6.755399441055744e+15
	k := t - 6.755399441055744e+15
	a2 := math.Float64frombits(a) - float64(k*1.5707963267341256)
	p := float64(k * 6.077100506303966e-11)
	c := float64(k*8.4784276603689e-32) + float64(k*2.0222662487111665e-21)
	first := a2 - p
	c = c - ((a2 - first) - p)
	r := first - c
	tail := (first - r) - c
	z := float64(r * r)
	var v float64
	if (math.Float64bits(t)<<63)>>63 != 0 {
		c2 := float64(-1.1359647557788195e-11*z) + 2.087572321298175e-09
		c2 = float64(c2*z) + -2.7557314351390663e-07
		c2 = float64(c2*z) + 2.480158728947673e-05
		c2 = float64(c2*z) + -0.001388888888887411
		c2 = float64(c2*z) + 0.0416666666666666
		h := float64(0.5 * z)
		w := 1 - h
		c2 = w + (((1 - w) - h) + (float64(z*float64(c2*z)) - float64(r*tail)))
		v = c2
	} else {
		v2 := float64(z * r)
		s := float64(1.58969099521155e-10*z) + -2.5050760253406863e-08
		s = float64(s*z) + 2.7557313707070068e-06
		s = float64(s*z) + -0.0001984126982985795
		s = float64(s*z) + 0.00833333333332249
		s = r - ((float64(z*(float64(0.5*tail)-float64(v2*s))) - tail) - float64(v2*-0.16666666666666632))
		v = s
	}
	return math.Float64frombits((math.Float64bits(v) ^ ((math.Float64bits(t) & 0x2) << 62)) ^ (math.Float64bits(x) & 0x8000000000000000))
}

// Cos64 is the cosine within 1 ulp.
//
// As Sin, a quarter turn further.
func Cos64(x float64) float64 {
	if !(Abs64(x) <= 524288) {
		return Cos64Far(x)
	}
	t := float64(x*0.6366197723675814) + 6.755399441055744e+15
	k := t - 6.755399441055744e+15
	a := x - float64(k*1.5707963267341256)
	p := float64(k * 6.077100506303966e-11)
	c := float64(k*8.4784276603689e-32) + float64(k*2.0222662487111665e-21)
	first := a - p
	c = c - ((a - first) - p)
	r := first - c
	tail := (first - r) - c
	t2 := math.Float64bits(t) + 0x1
	z := float64(r * r)
	var v float64
	if (t2<<63)>>63 != 0 {
		c2 := float64(-1.1359647557788195e-11*z) + 2.087572321298175e-09
		c2 = float64(c2*z) + -2.7557314351390663e-07
		c2 = float64(c2*z) + 2.480158728947673e-05
		c2 = float64(c2*z) + -0.001388888888887411
		c2 = float64(c2*z) + 0.0416666666666666
		h := float64(0.5 * z)
		w := 1 - h
		c2 = w + (((1 - w) - h) + (float64(z*float64(c2*z)) - float64(r*tail)))
		v = c2
	} else {
		v2 := float64(z * r)
		s := float64(1.58969099521155e-10*z) + -2.5050760253406863e-08
		s = float64(s*z) + 2.7557313707070068e-06
		s = float64(s*z) + -0.0001984126982985795
		s = float64(s*z) + 0.00833333333332249
		s = r - ((float64(z*(float64(0.5*tail)-float64(v2*s))) - tail) - float64(v2*-0.16666666666666632))
		v = s
	}
	return math.Float64frombits(math.Float64bits(v) ^ ((t2 & 0x2) << 62))
}

// Tan64 is the tangent within 3 ulp.
//
// The quotient of the polynomials of Sin and Cos.
func Tan64(x float64) float64 {
	if !(Abs64(x) <= 524288) {
		return Tan64Far(x)
	}
	a := math.Float64bits(x) & 0x7fffffffffffffff
	t := float64(math.Float64frombits(a)*0.6366197723675814) + 6.755399441055744e+15
	k := t - 6.755399441055744e+15
	a2 := math.Float64frombits(a) - float64(k*1.5707963267341256)
	p := float64(k * 6.077100506303966e-11)
	c := float64(k*8.4784276603689e-32) + float64(k*2.0222662487111665e-21)
	first := a2 - p
	c = c - ((a2 - first) - p)
	r := first - c
	tail := (first - r) - c
	z := float64(r * r)
	v := float64(z * r)
	s := float64(1.58969099521155e-10*z) + -2.5050760253406863e-08
	s = float64(s*z) + 2.7557313707070068e-06
	s = float64(s*z) + -0.0001984126982985795
	s = float64(s*z) + 0.00833333333332249
	s = r - ((float64(z*(float64(0.5*tail)-float64(v*s))) - tail) - float64(v*-0.16666666666666632))
	c = float64(-1.1359647557788195e-11*z) + 2.087572321298175e-09
	c = float64(c*z) + -2.7557314351390663e-07
	c = float64(c*z) + 2.480158728947673e-05
	c = float64(c*z) + -0.001388888888887411
	c = float64(c*z) + 0.0416666666666666
	h := float64(0.5 * z)
	w := 1 - h
	c = w + (((1 - w) - h) + (float64(z*float64(c*z)) - float64(r*tail)))
	swap := (math.Float64bits(t)<<63)>>63 != 0
	if swap {
		v = c
	} else {
		v = s
	}
	var v2 float64 = c
	if swap {
		v2 = s
	}
	y := v / v2
	return math.Float64frombits((math.Float64bits(y) ^ (math.Float64bits(t) << 63)) ^ (math.Float64bits(x) & 0x8000000000000000))
}

// Asin64 is the inverse sine within 4 ulp.
//
// Polynomial of Cephes' asinf on |x| ≤ ½, beyond π/2 - 2 asin √((1-|x|)/2); in float64 the angle of
// (√((1-x)(1+x)), x).
func Asin64(x float64) float64 {
	var r float64
	if x == x {
		root := Sqrt64(float64((1 - x) * (x + 1)))
		var r2 float64
		if root == root {
			ax := math.Float64bits(root) & 0x7fffffffffffffff
			ay := math.Float64bits(x) & 0x7fffffffffffffff
			steep := math.Float64frombits(ax) < math.Float64frombits(ay)
			var p float64 = math.Float64frombits(ay)
			if steep {
				p = math.Float64frombits(ax)
			}
			var d float64 = math.Float64frombits(ax)
			if steep {
				d = math.Float64frombits(ay)
			}
			v := p == float64(math.Inf(1))
			var d2 float64
			if d == 0 {
				d2 = 1
			} else {
				var v2 float64 = d
				if v {
					v2 = 1
				}
				d2 = v2
			}
			if v {
				p = 1
			}
			big := 1.0715086071862673e+301 < d2
			var v3 float64 = 1
			if big {
				v3 = 8.673617379884035e-19
			}
			v4 := float64(p * v3)
			v3 = float64(d2 * v3)
			upper := float64(v3*0.66) < v4
			var v5 float64
			if upper {
				v5 = v4 - v3
			} else {
				v5 = v4
			}
			var v6 float64
			if upper {
				v6 = v4 + v3
			} else {
				v6 = v3
			}
			var v7 float64 = 0
			if upper {
				v7 = 0.7853981633974483
			}
			var v8 float64 = 0
			if upper {
				v8 = 3.061616997868383e-17
			}
			q := v5 / v6
			z := float64(q * q)
			p = float64(-0.8750608600031904*z) + -16.157537187333652
			p = float64(p*z) + -75.00855792314705
			p = float64(p*z) + -122.88666844901361
			p = float64(p*z) + -64.85021904942025
			d2 = float64(1*z) + 24.858464901423062
			d2 = float64(d2*z) + 165.02700983169885
			d2 = float64(d2*z) + 432.88106049129027
			d2 = float64(d2*z) + 485.3903996359137
			d2 = float64(d2*z) + 194.5506571482614
			r3 := v7 + ((float64(q*float64(z*(p/d2))) + q) + v8)
			if steep {
				r3 = (1.5707963267948966 - r3) + 6.123233995736766e-17
			}
			if math.Float64bits(root)>>63 != 0 {
				r3 = (3.141592653589793 - r3) + 1.2246467991473532e-16
			}
			r2 = r3
		} else {
			r2 = root
		}
		r = r2
	} else {
		r = x
	}
	return math.Float64frombits((math.Float64bits(r) & 0x7fffffffffffffff) | (math.Float64bits(x) & 0x8000000000000000))
}

// Acos64 is the inverse cosine within 4 ulp.
//
// As Asin; in float64 2 atan √((1-x)/(1+x)).
func Acos64(x float64) float64 {
	up := Sqrt64(1 - x)
	var r float64
	if up == up {
		down := Sqrt64(x + 1)
		var r2 float64
		if down == down {
			ax := math.Float64bits(down) & 0x7fffffffffffffff
			ay := math.Float64bits(up) & 0x7fffffffffffffff
			steep := math.Float64frombits(ax) < math.Float64frombits(ay)
			var p float64 = math.Float64frombits(ay)
			if steep {
				p = math.Float64frombits(ax)
			}
			var d float64 = math.Float64frombits(ax)
			if steep {
				d = math.Float64frombits(ay)
			}
			v := p == float64(math.Inf(1))
			var d2 float64
			if d == 0 {
				d2 = 1
			} else {
				var v2 float64 = d
				if v {
					v2 = 1
				}
				d2 = v2
			}
			if v {
				p = 1
			}
			big := 1.0715086071862673e+301 < d2
			var v3 float64 = 1
			if big {
				v3 = 8.673617379884035e-19
			}
			v4 := float64(p * v3)
			v3 = float64(d2 * v3)
			upper := float64(v3*0.66) < v4
			var v5 float64
			if upper {
				v5 = v4 - v3
			} else {
				v5 = v4
			}
			var v6 float64
			if upper {
				v6 = v4 + v3
			} else {
				v6 = v3
			}
			var v7 float64 = 0
			if upper {
				v7 = 0.7853981633974483
			}
			var v8 float64 = 0
			if upper {
				v8 = 3.061616997868383e-17
			}
			q := v5 / v6
			z := float64(q * q)
			p = float64(-0.8750608600031904*z) + -16.157537187333652
			p = float64(p*z) + -75.00855792314705
			p = float64(p*z) + -122.88666844901361
			p = float64(p*z) + -64.85021904942025
			d2 = float64(1*z) + 24.858464901423062
			d2 = float64(d2*z) + 165.02700983169885
			d2 = float64(d2*z) + 432.88106049129027
			d2 = float64(d2*z) + 485.3903996359137
			d2 = float64(d2*z) + 194.5506571482614
			r3 := v7 + ((float64(q*float64(z*(p/d2))) + q) + v8)
			if steep {
				r3 = (1.5707963267948966 - r3) + 6.123233995736766e-17
			}
			if math.Float64bits(down)>>63 != 0 {
				r3 = (3.141592653589793 - r3) + 1.2246467991473532e-16
			}
			r2 = r3
		} else {
			r2 = down
		}
		r = r2
	} else {
		r = up
	}
	v9 := (math.Float64bits(r) & 0x7fffffffffffffff) | (math.Float64bits(up) & 0x8000000000000000)
	return math.Float64frombits(v9) + math.Float64frombits(v9)
}

// Atan64 is the inverse tangent within 2 ulp.
//
// Reduced by π/4 or π/2; polynomial of Cephes' atanf, in float64 the rational of Cephes' atan.
func Atan64(x float64) float64 {
	a := math.Float64bits(x) & 0x7fffffffffffffff
	far := 2.414213562373095 < math.Float64frombits(a)
	mid := 0.66 < math.Float64frombits(a)
	var v float64
	if far {
		v = -1
	} else {
		var v2 float64
		if mid {
			v2 = math.Float64frombits(a) - 1
		} else {
			v2 = math.Float64frombits(a)
		}
		v = v2
	}
	var v3 float64
	if far {
		v3 = math.Float64frombits(a)
	} else {
		var v4 float64
		if mid {
			v4 = math.Float64frombits(a) + 1
		} else {
			v4 = 1
		}
		v3 = v4
	}
	var v5 float64
	if far {
		v5 = 1.5707963267948966
	} else {
		var v6 float64 = 0
		if mid {
			v6 = 0.7853981633974483
		}
		v5 = v6
	}
	var v7 float64
	if far {
		v7 = 6.123233995736766e-17
	} else {
		var v8 float64 = 0
		if mid {
			v8 = 3.061616997868383e-17
		}
		v7 = v8
	}
	q := v / v3
	z := float64(q * q)
	p := float64(-0.8750608600031904*z) + -16.157537187333652
	p = float64(p*z) + -75.00855792314705
	p = float64(p*z) + -122.88666844901361
	p = float64(p*z) + -64.85021904942025
	d := float64(1*z) + 24.858464901423062
	d = float64(d*z) + 165.02700983169885
	d = float64(d*z) + 432.88106049129027
	d = float64(d*z) + 485.3903996359137
	d = float64(d*z) + 194.5506571482614
	return math.Float64frombits((math.Float64bits(v5+((float64(q*float64(z*(p/d)))+q)+v7)) & 0x7fffffffffffffff) | (math.Float64bits(x) & 0x8000000000000000))
}

// Atan264 is the angle of the point (x, y) in [-π, π] within 4 ulp.
//
// Atan of the smaller by the larger of |x| and |y|, turned into its octant.
func Atan264(y, x float64) float64 {
	var r float64
	if y == y {
		var r2 float64
		if x == x {
			ax := math.Float64bits(x) & 0x7fffffffffffffff
			ay := math.Float64bits(y) & 0x7fffffffffffffff
			steep := math.Float64frombits(ax) < math.Float64frombits(ay)
			var p float64 = math.Float64frombits(ay)
			if steep {
				p = math.Float64frombits(ax)
			}
			var d float64 = math.Float64frombits(ax)
			if steep {
				d = math.Float64frombits(ay)
			}
			v := p == float64(math.Inf(1))
			var d2 float64
			if d == 0 {
				d2 = 1
			} else {
				var v2 float64 = d
				if v {
					v2 = 1
				}
				d2 = v2
			}
			if v {
				p = 1
			}
			big := 1.0715086071862673e+301 < d2
			var v3 float64 = 1
			if big {
				v3 = 8.673617379884035e-19
			}
			v4 := float64(p * v3)
			v3 = float64(d2 * v3)
			upper := float64(v3*0.66) < v4
			var v5 float64
			if upper {
				v5 = v4 - v3
			} else {
				v5 = v4
			}
			var v6 float64
			if upper {
				v6 = v4 + v3
			} else {
				v6 = v3
			}
			var v7 float64 = 0
			if upper {
				v7 = 0.7853981633974483
			}
			var v8 float64 = 0
			if upper {
				v8 = 3.061616997868383e-17
			}
			q := v5 / v6
			z := float64(q * q)
			p = float64(-0.8750608600031904*z) + -16.157537187333652
			p = float64(p*z) + -75.00855792314705
			p = float64(p*z) + -122.88666844901361
			p = float64(p*z) + -64.85021904942025
			d2 = float64(1*z) + 24.858464901423062
			d2 = float64(d2*z) + 165.02700983169885
			d2 = float64(d2*z) + 432.88106049129027
			d2 = float64(d2*z) + 485.3903996359137
			d2 = float64(d2*z) + 194.5506571482614
			r3 := v7 + ((float64(q*float64(z*(p/d2))) + q) + v8)
			if steep {
				r3 = (1.5707963267948966 - r3) + 6.123233995736766e-17
			}
			if math.Float64bits(x)>>63 != 0 {
				r3 = (3.141592653589793 - r3) + 1.2246467991473532e-16
			}
			r2 = r3
		} else {
			r2 = x
		}
		r = r2
	} else {
		r = y
	}
	return math.Float64frombits((math.Float64bits(r) & 0x7fffffffffffffff) | (math.Float64bits(y) & 0x8000000000000000))
}

// Power64 is x^y within 1.5 ulp.
//
// 2^(y log2 x), the logarithm and the product as sums of two numbers (Dekker 1971), the first with half of the
// bits; log2 by the series of artanh.
func Power64(x, y float64) float64 {
	var v float64
	if y == 0 {
		v = 1
	} else {
		var v2 float64
		if x == 1 {
			v2 = 1
		} else {
			var v3 float64
			if y == y {
				var v4 float64
				if x == x {
					a := math.Float64bits(x) & 0x7fffffffffffffff
					v5 := y < 0
					var r float64
					if math.Float64frombits(a) == float64(math.Inf(1)) {
						var v6 float64 = float64(math.Inf(1))
						if v5 {
							v6 = 0
						}
						r = v6
					} else {
						var v7 float64
						if math.Float64frombits(a) == 0 {
							var v8 float64 = 0
							if v5 {
								v8 = float64(math.Inf(1))
							}
							v7 = v8
						} else {
							yb := most64(-7.378697629483821e+19, least64(7.378697629483821e+19, y))
							v9 := math.Float64frombits(a) < 2.2250738585072014e-308
							var y2 float64
							if v9 {
								y2 = float64(math.Float64frombits(a) * 1.8014398509481984e+16)
							} else {
								y2 = math.Float64frombits(a)
							}
							var shift float64 = 0
							if v9 {
								shift = -54
							}
							e := (math.Float64bits(y2) + 0x95f619980c433) >> 52
							k := (math.Float64frombits(e|0x4330000000000000) - 4.503599627371519e+15) + shift
							v10 := (math.Float64bits(y2) - (e << 52)) + 0x3ff0000000000000
							num := math.Float64frombits(v10) - 1
							den := math.Float64frombits(v10) + 1
							denh := math.Float64bits(den) & 0xfffffffff8000000
							denl := math.Float64frombits(v10) - (math.Float64frombits(denh) - 1)
							s := num / den
							sh := math.Float64bits(s) & 0xfffffffff8000000
							sl := ((num - float64(math.Float64frombits(sh)*math.Float64frombits(denh))) - float64(math.Float64frombits(sh)*denl)) / den
							uh := float64(math.Float64frombits(sh) * math.Float64frombits(sh))
							ul := float64(sl * (math.Float64frombits(sh) + s))
							u := uh + ul
							p := float64(0.12*u) + 0.13043478260869565
							p = float64(p*u) + 0.14285714285714285
							p = float64(p*u) + 0.15789473684210525
							p = float64(p*u) + 0.17647058823529413
							p = float64(p*u) + 0.2
							p = float64(p*u) + 0.23076923076923078
							p = float64(p*u) + 0.2727272727272727
							p = float64(p*u) + 0.3333333333333333
							p = float64(p*u) + 0.42857142857142855
							p = float64(p*u) + 0.6
							rest := float64(float64(u*u)*p) + ul
							ch := math.Float64bits((3+uh)+rest) & 0xfffffffff8000000
							cl := rest - ((math.Float64frombits(ch) - 3) - uh)
							vh := float64(math.Float64frombits(sh) * math.Float64frombits(ch))
							vl := float64(sl*math.Float64frombits(ch)) + float64(s*cl)
							qh := math.Float64bits(vh+vl) & 0xfffffffff8000000
							ql := vl - (math.Float64frombits(qh) - vh)
							gh := float64(math.Float64frombits(qh) * 0.9617966860532761)
							gl := float64(math.Float64frombits(qh)*7.872699542894897e-09) + float64(ql*0.9617966939259756)
							hi := math.Float64bits(k+(gh+gl)) & 0xfffffffff8000000
							lo := gl - ((math.Float64frombits(hi) - k) - gh)
							yh := math.Float64bits(yb) & 0xfffffffff8000000
							ph := float64(math.Float64frombits(yh) * math.Float64frombits(hi))
							pl := float64((yb-math.Float64frombits(yh))*math.Float64frombits(hi)) + float64(yb*lo)
							ph = most64(-1100, least64(1100, ph))
							pl = most64(-1, least64(1, pl))
							t := (ph + pl) + 6.755399441055744e+15
							n := t - 6.755399441055744e+15
							z := float64(((ph - n) + pl) * 0.6931471805599453)
							p = float64(2.499419722006583e-08*z) + 2.763244306418575e-07
							p = float64(p*z) + 2.755762371570974e-06
							p = float64(p*z) + 2.4801486118697805e-05
							p = float64(p*z) + 0.0001984126943026517
							p = float64(p*z) + 0.0013888888951597734
							p = float64(p*z) + 0.008333333333561056
							p = float64(p*z) + 0.041666666666491374
							p = float64(p*z) + 0.16666666666666163
							p = float64(p*z) + 0.5000000000000018
							p = float64(p*z) + 1
							p = float64(p*z) + 1
							half := float64(n*0.5) + 6.755399441055744e+15
							first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
							second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x3ff0000000000000
							r2 := float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
							v7 = r2
						}
						r = v7
					}
					v11 := math.Float64bits(y) & 0x7fffffffffffffff
					w := math.Float64frombits(v11) + 4.503599627370496e+15
					v12 := math.Float64frombits(v11) < 4.503599627370496e+15
					var whole float64
					if v12 {
						whole = w - 4.503599627370496e+15
					} else {
						whole = math.Float64frombits(v11)
					}
					v13 := whole == math.Float64frombits(math.Float64bits(y)&0x7fffffffffffffff)
					var v14 float64
					if v13 {
						v14 = r
					} else {
						var v15 float64
						if x < 0 {
							var v16 float64 = r
							if float64(math.Inf(-1)) < x {
								v16 = float64(math.NaN())
							}
							v15 = v16
						} else {
							v15 = r
						}
						v14 = v15
					}
					var v17 float64
					if v13 {
						var v18 float64
						if v12 {
							v18 = w
						} else {
							var v19 float64 = 0
							if math.Float64frombits(v11) < 9.007199254740992e+15 {
								v19 = math.Float64frombits(v11)
							}
							v18 = v19
						}
						odd := math.Float64bits(v18) << 63
						v17 = math.Float64frombits((math.Float64bits(x) & 0x8000000000000000) & odd)
					} else {
						v17 = 0
					}
					r3 := math.Float64bits(v14) | math.Float64bits(v17)
					v4 = math.Float64frombits(r3)
				} else {
					v4 = x
				}
				v3 = v4
			} else {
				v3 = y
			}
			v2 = v3
		}
		v = v2
	}
	return v
}

// Sinh64 is the hyperbolic sine within 4 ulp.
//
// (m + m/(m+1))/2 with m = e^|x| - 1 up to 1, beyond e^|x|/2 - e^-|x|/2.
func Sinh64(x float64) float64 {
	a := math.Float64bits(x) & 0x7fffffffffffffff
	var z float64
	if 1 < math.Float64frombits(a) {
		x2 := most64(-746, least64(711, math.Float64frombits(a)))
		t := float64(x2*1.4426950408889634) + 6.755399441055744e+15
		n := t - 6.755399441055744e+15
		r := x2 - float64(n*0.6931471803691238)
		r = r - float64(n*1.9082149292705877e-10)
		p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
		p = float64(p*r) + 2.755762371570974e-06
		p = float64(p*r) + 2.4801486118697805e-05
		p = float64(p*r) + 0.0001984126943026517
		p = float64(p*r) + 0.0013888888951597734
		p = float64(p*r) + 0.008333333333561056
		p = float64(p*r) + 0.041666666666491374
		p = float64(p*r) + 0.16666666666666163
		p = float64(p*r) + 0.5000000000000018
		p = float64(p*r) + 1
		p = float64(p*r) + 1
		half := float64(n*0.5) + 6.755399441055744e+15
		first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
		second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x3fe0000000000000
		h := float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
		z = h - (0.25 / h)
	} else {
		v := least64(1, math.Float64frombits(a))
		var m float64
		if math.Float64frombits(math.Float64bits(v)&0x7fffffffffffffff) < 1e-17 {
			m = v
		} else {
			y := most64(-50, least64(709.79, v))
			t2 := float64(y*1.4426950408889634) + 6.755399441055744e+15
			n2 := t2 - 6.755399441055744e+15
			r2 := y - float64(n2*0.6931471803691238)
			r2 = r2 - float64(n2*1.9082149292705877e-10)
			q := float64(2.499419722006583e-08*r2) + 2.763244306418575e-07
			q = float64(q*r2) + 2.755762371570974e-06
			q = float64(q*r2) + 2.4801486118697805e-05
			q = float64(q*r2) + 0.0001984126943026517
			q = float64(q*r2) + 0.0013888888951597734
			q = float64(q*r2) + 0.008333333333561056
			q = float64(q*r2) + 0.041666666666491374
			q = float64(q*r2) + 0.16666666666666163
			q = float64(q*r2) + 0.5000000000000018
			q = float64(float64(r2*r2)*q) + r2
			s := (math.Float64bits(t2) << 52) + 0x3fe0000000000000
			z2 := float64(math.Float64frombits(s)*q) + (math.Float64frombits(s) - 0.5)
			m = z2 + z2
		}
		z = float64(0.5 * (m + (m / (m + 1))))
	}
	return math.Float64frombits(math.Float64bits(z) | (math.Float64bits(x) & 0x8000000000000000))
}

// Cosh64 is the hyperbolic cosine within 3 ulp.
//
// e^|x|/2 + e^-|x|/2, the half in the factor 2^n, so that nothing overflows early.
func Cosh64(x float64) float64 {
	x = most64(-746, least64(711, math.Float64frombits(math.Float64bits(x)&0x7fffffffffffffff)))
	t := float64(x*1.4426950408889634) + 6.755399441055744e+15
	n := t - 6.755399441055744e+15
	r := x - float64(n*0.6931471803691238)
	r = r - float64(n*1.9082149292705877e-10)
	p := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
	p = float64(p*r) + 2.755762371570974e-06
	p = float64(p*r) + 2.4801486118697805e-05
	p = float64(p*r) + 0.0001984126943026517
	p = float64(p*r) + 0.0013888888951597734
	p = float64(p*r) + 0.008333333333561056
	p = float64(p*r) + 0.041666666666491374
	p = float64(p*r) + 0.16666666666666163
	p = float64(p*r) + 0.5000000000000018
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	half := float64(n*0.5) + 6.755399441055744e+15
	first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
	second := ((math.Float64bits(t) - math.Float64bits(half)) << 52) + 0x3fe0000000000000
	h := float64(float64(p*math.Float64frombits(first)) * math.Float64frombits(second))
	return h + (0.25 / h)
}

// Cosh64x4 is Cosh64 of four numbers, bit for bit.
func Cosh64x4(xA, xB, xC, xD float64) (_, _, _, _ float64) {
	k0 := float64(-746)
	k1 := float64(711)
	xA, xB, xC, xD = most64(k0, least64(k1, math.Float64frombits(math.Float64bits(xA)&0x7fffffffffffffff))), most64(k0, least64(k1, math.Float64frombits(math.Float64bits(xB)&0x7fffffffffffffff))), most64(k0, least64(k1, math.Float64frombits(math.Float64bits(xC)&0x7fffffffffffffff))), most64(k0, least64(k1, math.Float64frombits(math.Float64bits(xD)&0x7fffffffffffffff)))
	k0 = 1.4426950408889634
	k1 = 6.755399441055744e+15
	tA, tB, tC, tD := float64(xA*k0)+k1, float64(xB*k0)+k1, float64(xC*k0)+k1, float64(xD*k0)+k1
	k0 = 6.755399441055744e+15
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6931471803691238
	rA, rB, rC, rD := xA-float64(nA*k0), xB-float64(nB*k0), xC-float64(nC*k0), xD-float64(nD*k0)
	k0 = 1.9082149292705877e-10
	rA, rB, rC, rD = rA-float64(nA*k0), rB-float64(nB*k0), rC-float64(nC*k0), rD-float64(nD*k0)
	k0 = 2.499419722006583e-08
	k1 = 2.763244306418575e-07
	pA, pB, pC, pD := float64(k0*rA)+k1, float64(k0*rB)+k1, float64(k0*rC)+k1, float64(k0*rD)+k1
	k0 = 2.755762371570974e-06
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 2.4801486118697805e-05
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0001984126943026517
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.0013888888951597734
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.008333333333561056
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.041666666666491374
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.16666666666666163
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.5000000000000018
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	pA, pB, pC, pD = float64(pA*rA)+k0, float64(pB*rB)+k0, float64(pC*rC)+k0, float64(pD*rD)+k0
	k0 = 0.5
	k1 = 6.755399441055744e+15
	halfA, halfB, halfC, halfD := float64(nA*k0)+k1, float64(nB*k0)+k1, float64(nC*k0)+k1, float64(nD*k0)+k1
	firstA, firstB, firstC, firstD := (math.Float64bits(halfA)<<52)+0x3ff0000000000000, (math.Float64bits(halfB)<<52)+0x3ff0000000000000, (math.Float64bits(halfC)<<52)+0x3ff0000000000000, (math.Float64bits(halfD)<<52)+0x3ff0000000000000
	secondA, secondB, secondC, secondD := ((math.Float64bits(tA)-math.Float64bits(halfA))<<52)+0x3fe0000000000000, ((math.Float64bits(tB)-math.Float64bits(halfB))<<52)+0x3fe0000000000000, ((math.Float64bits(tC)-math.Float64bits(halfC))<<52)+0x3fe0000000000000, ((math.Float64bits(tD)-math.Float64bits(halfD))<<52)+0x3fe0000000000000
	hA, hB, hC, hD := float64(float64(pA*math.Float64frombits(firstA))*math.Float64frombits(secondA)), float64(float64(pB*math.Float64frombits(firstB))*math.Float64frombits(secondB)), float64(float64(pC*math.Float64frombits(firstC))*math.Float64frombits(secondC)), float64(float64(pD*math.Float64frombits(firstD))*math.Float64frombits(secondD))
	return hA + (0.25 / hA), hB + (0.25 / hB), hC + (0.25 / hC), hD + (0.25 / hD)
}

// Erf64 is the error function within 2 ulp.
//
// An odd polynomial on |x| ≤ 1, beyond 1 - e^-q(|x|), q a polynomial (fitted in fit_test.go); in float64 the
// rationals of FreeBSD's msun.
func Erf64(x float64) float64 {
	a := math.Float64bits(x) & 0x7fffffffffffffff
	var v float64
	if math.Float64frombits(a) < 0.84375 {
		z := float64(math.Float64frombits(a) * math.Float64frombits(a))
		p := float64(-2.3763016656650163e-05*z) + -0.005770270296489442
		p = float64(p*z) + -0.02848174957559851
		p = float64(p*z) + -0.3250421072470015
		p = float64(p*z) + 0.12837916709551256
		q := float64(-3.960228278775368e-06*z) + 0.00013249473800432164
		q = float64(q*z) + 0.005081306281875766
		q = float64(q*z) + 0.0650222499887673
		q = float64(q*z) + 0.39791722395915535
		q = float64(q*z) + 1
		v = float64(math.Float64frombits(a)*(p/q)) + math.Float64frombits(a)
	} else {
		var v2 float64
		if math.Float64frombits(a) < 1.25 {
			s := math.Float64frombits(a) - 1
			p2 := float64(-0.002166375594868791*s) + 0.035478304325618236
			p2 = float64(p2*s) + -0.11089469428239668
			p2 = float64(p2*s) + 0.31834661990116175
			p2 = float64(p2*s) + -0.3722078760357013
			p2 = float64(p2*s) + 0.41485611868374833
			p2 = float64(p2*s) + -0.0023621185607526594
			q2 := float64(0.011984499846799107*s) + 0.01363708391202905
			q2 = float64(q2*s) + 0.12617121980876164
			q2 = float64(q2*s) + 0.07182865441419627
			q2 = float64(q2*s) + 0.540397917702171
			q2 = float64(q2*s) + 0.10642088040084423
			q2 = float64(q2*s) + 1
			v2 = 0.8450629115104675 + (p2 / q2)
		} else {
			c := least64(6, math.Float64frombits(a))
			u := 1 / float64(c*c)
			var q3 float64
			if c < 2.857142857142857 {
				p3 := float64(-9.814329344169145*u) + -81.2874355063066
				p3 = float64(p3*u) + -184.60509290671104
				p3 = float64(p3*u) + -162.39666946257347
				p3 = float64(p3*u) + -62.375332450326006
				p3 = float64(p3*u) + -10.558626225323291
				p3 = float64(p3*u) + -0.6938585727071818
				p3 = float64(p3*u) + -0.009864944034847148
				q4 := float64(-0.0604244152148581*u) + 6.570249770319282
				q4 = float64(q4*u) + 108.63500554177944
				q4 = float64(q4*u) + 429.00814002756783
				q4 = float64(q4*u) + 645.3872717332679
				q4 = float64(q4*u) + 434.56587747522923
				q4 = float64(q4*u) + 137.65775414351904
				q4 = float64(q4*u) + 19.651271667439257
				q4 = float64(q4*u) + 1
				q3 = p3 / q4
			} else {
				p4 := float64(-483.5191916086514*u) + -1025.0951316110772
				p4 = float64(p4*u) + -637.5664433683896
				p4 = float64(p4*u) + -160.63638485582192
				p4 = float64(p4*u) + -17.757954917754752
				p4 = float64(p4*u) + -0.799283237680523
				p4 = float64(p4*u) + -0.0098649429247001
				q5 := float64(-22.44095244658582*u) + 474.52854120695537
				q5 = float64(q5*u) + 2553.0504064331644
				q5 = float64(q5*u) + 3199.8582195085955
				q5 = float64(q5*u) + 1536.729586084437
				q5 = float64(q5*u) + 325.7925129965739
				q5 = float64(q5*u) + 30.33806074348246
				q5 = float64(q5*u) + 1
				q3 = p4 / q5
			}
			h := math.Float64bits(c) & 0xffffffff00000000
			a2 := most64(-708, -0.5625-float64(math.Float64frombits(h)*math.Float64frombits(h)))
			t := float64(a2*1.4426950408889634) + 6.755399441055744e+15
			n := t - 6.755399441055744e+15
			r := a2 - float64(n*0.6931471803691238)
			r = r - float64(n*1.9082149292705877e-10)
			p5 := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
			p5 = float64(p5*r) + 2.755762371570974e-06
			p5 = float64(p5*r) + 2.4801486118697805e-05
			p5 = float64(p5*r) + 0.0001984126943026517
			p5 = float64(p5*r) + 0.0013888888951597734
			p5 = float64(p5*r) + 0.008333333333561056
			p5 = float64(p5*r) + 0.041666666666491374
			p5 = float64(p5*r) + 0.16666666666666163
			p5 = float64(p5*r) + 0.5000000000000018
			p5 = float64(p5*r) + 1
			p5 = float64(p5*r) + 1
			x2 := most64(-746, least64(711, float64((math.Float64frombits(h)-c)*(math.Float64frombits(h)+c))+q3))
			t2 := float64(x2*1.4426950408889634) + 6.755399441055744e+15
			n = t2 - 6.755399441055744e+15
			r = x2 - float64(n*0.6931471803691238)
			r = r - float64(n*1.9082149292705877e-10)
			p6 := float64(2.499419722006583e-08*r) + 2.763244306418575e-07
			p6 = float64(p6*r) + 2.755762371570974e-06
			p6 = float64(p6*r) + 2.4801486118697805e-05
			p6 = float64(p6*r) + 0.0001984126943026517
			p6 = float64(p6*r) + 0.0013888888951597734
			p6 = float64(p6*r) + 0.008333333333561056
			p6 = float64(p6*r) + 0.041666666666491374
			p6 = float64(p6*r) + 0.16666666666666163
			p6 = float64(p6*r) + 0.5000000000000018
			p6 = float64(p6*r) + 1
			p6 = float64(p6*r) + 1
			half := float64(n*0.5) + 6.755399441055744e+15
			first := (math.Float64bits(half) << 52) + 0x3ff0000000000000
			second := ((math.Float64bits(t2) - math.Float64bits(half)) << 52) + 0x3ff0000000000000
			v2 = 1 - (float64(math.Float64frombits(math.Float64bits(p5)+(math.Float64bits(t)<<52))*float64(float64(p6*math.Float64frombits(first))*math.Float64frombits(second))) / c)
		}
		v = v2
	}
	return math.Float64frombits(math.Float64bits(v) | (math.Float64bits(x) & 0x8000000000000000))
}

// Bfloat64 is the nearest number with 8 significant bits, even ones for ties, within 0 ulp.
//
// bfloat16 with the exponents of the type. Half of the last bit that stays, less one where that is 0, is added to
// the bits, which carries over into the exponent as it should.
func Bfloat64(x float64) float64 {
	var v float64
	if x == x {
		v = math.Float64frombits(((math.Float64bits(x) + 0xfffffffffff) + ((math.Float64bits(x) >> 45) & 0x1)) & 0xffffe00000000000)
	} else {
		v = x
	}
	return v
}

// Half64 is the nearest float16, even ones for ties, within 0 ulp.
//
// As Bfloat with 11 bits; below 2^-14 by adding and subtracting a number whose last bit is 2^-24.
func Half64(x float64) float64 {
	var v float64
	if x == x {
		size := math.Float64bits(x) & 0x7fffffffffffffff
		var v2 float64
		if math.Float64frombits(size) < 6.103515625e-05 {
			v2 = (math.Float64frombits(size) + 4.02653184e+08) - 4.02653184e+08
		} else {
			y := ((size + 0x1ffffffffff) + ((size >> 42) & 0x1)) & 0xfffffc0000000000
			var v3 float64 = float64(math.Inf(1))
			if math.Float64frombits(y) < 65536 {
				v3 = math.Float64frombits(y)
			}
			v2 = v3
		}
		v = math.Float64frombits(math.Float64bits(v2) | (math.Float64bits(x) & 0x8000000000000000))
	} else {
		v = x
	}
	return v
}

// Binade64 is the largest power of two up to |x|, within 0 ulp.
//
// The bits of the exponent, between 2^-126 and 2^126; 1 for smaller numbers and infinite ones.
func Binade64(x float64) float64 {
	var v float64
	if x == x {
		size := math.Float64bits(x) & 0x7fffffffffffffff
		var v2 float64
		if math.Float64frombits(size) < 1.1754943508222875e-38 {
			v2 = 1
		} else {
			var v3 float64
			if math.Float64frombits(size) < float64(math.Inf(1)) {
				v3 = least64(math.Float64frombits(size&0x7ff0000000000000), 8.507059173023462e+37)
			} else {
				v3 = 1
			}
			v2 = v3
		}
		v = v2
	} else {
		v = x
	}
	return v
}
