// Code generated from ir/vmath (go test ./ir/vmath -run Printed -update); DO NOT EDIT.

package rt

import "math"

// Tanh32 is the hyperbolic tangent within 6 ulp.
//
// x P(x²)/Q(x²), an odd rational of degree 9/8 (21/18 in float64), minimax and tuned after rounding; ±1 from 8.01
// (19.06) on, and never beyond.
func Tanh32(x float32) float32 {
	x = most32(-8.011216, least32(8.011216, x))
	u := float32(x * x)
	p := float32(1.3318516e-08*u) + 2.0603135e-05
	p = float32(p*u) + 0.003496249
	p = float32(p*u) + 0.1338194
	p = float32(p*u) + 1
	p = float32(x * p)
	q := float32(7.767424e-07*u) + 0.00032859732
	q = float32(q*u) + 0.025880614
	q = float32(q*u) + 0.46715263
	q = float32(q*u) + 1
	return p / q
}

// Tanh32x4 is Tanh32 of four numbers, bit for bit.
func Tanh32x4(xA, xB, xC, xD float32) (_, _, _, _ float32) {
	k0 := float32(-8.011216)
	k1 := float32(8.011216)
	xA, xB, xC, xD = most32(k0, least32(k1, xA)), most32(k0, least32(k1, xB)), most32(k0, least32(k1, xC)), most32(k0, least32(k1, xD))
	uA, uB, uC, uD := float32(xA*xA), float32(xB*xB), float32(xC*xC), float32(xD*xD)
	k0 = 1.3318516e-08
	k1 = 2.0603135e-05
	pA, pB, pC, pD := float32(k0*uA)+k1, float32(k0*uB)+k1, float32(k0*uC)+k1, float32(k0*uD)+k1
	k0 = 0.003496249
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	k0 = 0.1338194
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	k0 = 1
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	pA, pB, pC, pD = float32(xA*pA), float32(xB*pB), float32(xC*pC), float32(xD*pD)
	k0 = 7.767424e-07
	k1 = 0.00032859732
	qA, qB, qC, qD := float32(k0*uA)+k1, float32(k0*uB)+k1, float32(k0*uC)+k1, float32(k0*uD)+k1
	k0 = 0.025880614
	qA, qB, qC, qD = float32(qA*uA)+k0, float32(qB*uB)+k0, float32(qC*uC)+k0, float32(qD*uD)+k0
	k0 = 0.46715263
	qA, qB, qC, qD = float32(qA*uA)+k0, float32(qB*uB)+k0, float32(qC*uC)+k0, float32(qD*uD)+k0
	k0 = 1
	qA, qB, qC, qD = float32(qA*uA)+k0, float32(qB*uB)+k0, float32(qC*uC)+k0, float32(qD*uD)+k0
	return pA / qA, pB / qB, pC / qC, pD / qD
}

// Exp32 is e^x within 1.5 ulp.
//
// x = n ln 2 + r with ln 2 in two parts (Cody, Waite 1980), a polynomial in r, 2^n in two exact
// factors, so that subnormal results are rounded once.
func Exp32(x float32) float32 {
	x = most32(-104, least32(90, x))
	t := float32(x*1.442695) + 1.2582912e+07
	n := t - 1.2582912e+07
	r := x - float32(n*0.6933594)
	r = r - float32(n*-0.00021219444)
	p := float32(0.0013836755*r) + 0.008374899
	p = float32(p*r) + 0.041668233
	p = float32(p*r) + 0.1666642
	p = float32(p*r) + 0.4999999
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	half := float32(n*0.5) + 1.2582912e+07
	first := (math.Float32bits(half) << 23) + 0x3f800000
	second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x3f800000
	return float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
}

// Exp32x4 is Exp32 of four numbers, bit for bit.
func Exp32x4(xA, xB, xC, xD float32) (_, _, _, _ float32) {
	k0 := float32(-104)
	k1 := float32(90)
	xA, xB, xC, xD = most32(k0, least32(k1, xA)), most32(k0, least32(k1, xB)), most32(k0, least32(k1, xC)), most32(k0, least32(k1, xD))
	k0 = 1.442695
	k1 = 1.2582912e+07
	tA, tB, tC, tD := float32(xA*k0)+k1, float32(xB*k0)+k1, float32(xC*k0)+k1, float32(xD*k0)+k1
	k0 = 1.2582912e+07
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6933594
	rA, rB, rC, rD := xA-float32(nA*k0), xB-float32(nB*k0), xC-float32(nC*k0), xD-float32(nD*k0)
	k0 = -0.00021219444
	rA, rB, rC, rD = rA-float32(nA*k0), rB-float32(nB*k0), rC-float32(nC*k0), rD-float32(nD*k0)
	k0 = 0.0013836755
	k1 = 0.008374899
	pA, pB, pC, pD := float32(k0*rA)+k1, float32(k0*rB)+k1, float32(k0*rC)+k1, float32(k0*rD)+k1
	k0 = 0.041668233
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.1666642
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.4999999
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.5
	k1 = 1.2582912e+07
	halfA, halfB, halfC, halfD := float32(nA*k0)+k1, float32(nB*k0)+k1, float32(nC*k0)+k1, float32(nD*k0)+k1
	firstA, firstB, firstC, firstD := (math.Float32bits(halfA)<<23)+0x3f800000, (math.Float32bits(halfB)<<23)+0x3f800000, (math.Float32bits(halfC)<<23)+0x3f800000, (math.Float32bits(halfD)<<23)+0x3f800000
	secondA, secondB, secondC, secondD := ((math.Float32bits(tA)-math.Float32bits(halfA))<<23)+0x3f800000, ((math.Float32bits(tB)-math.Float32bits(halfB))<<23)+0x3f800000, ((math.Float32bits(tC)-math.Float32bits(halfC))<<23)+0x3f800000, ((math.Float32bits(tD)-math.Float32bits(halfD))<<23)+0x3f800000
	return float32(float32(pA*math.Float32frombits(firstA)) * math.Float32frombits(secondA)), float32(float32(pB*math.Float32frombits(firstB)) * math.Float32frombits(secondB)), float32(float32(pC*math.Float32frombits(firstC)) * math.Float32frombits(secondC)), float32(float32(pD*math.Float32frombits(firstD)) * math.Float32frombits(secondD))
}

// Expm132 is e^x - 1 within 2.5 ulp.
//
// As Exp, 2^n (e^r - 1) + (2^n - 1).
func Expm132(x float32) float32 {
	var v float32
	if math.Float32frombits(math.Float32bits(x)&0x7fffffff) < 1e-08 {
		v = x
	} else {
		y := most32(-25, least32(88.8, x))
		t := float32(y*1.442695) + 1.2582912e+07
		n := t - 1.2582912e+07
		r := y - float32(n*0.6933594)
		r = r - float32(n*-0.00021219444)
		q := float32(0.0013836755*r) + 0.008374899
		q = float32(q*r) + 0.041668233
		q = float32(q*r) + 0.1666642
		q = float32(q*r) + 0.4999999
		q = float32(float32(r*r)*q) + r
		s := (math.Float32bits(t) << 23) + 0x3f000000
		z := float32(math.Float32frombits(s)*q) + (math.Float32frombits(s) - 0.5)
		v = z + z
	}
	return v
}

// Log32 is the natural logarithm within 1 ulp.
//
// x = 2^k (1+f) with √½ ≤ 1+f < √2; log(1+f) by the polynomial of Cephes' logf, in float64
// by f - f²/2 + s(f²/2 + R(s²)), s = f/(2+f), of FreeBSD's msun.
func Log32(x float32) float32 {
	var v float32
	if x < float32(math.Inf(1)) {
		var v2 float32
		if 0 < x {
			v3 := x < 1.1754944e-38
			var y float32
			if v3 {
				y = float32(x * 3.3554432e+07)
			} else {
				y = x
			}
			var shift float32 = 0
			if v3 {
				shift = -25
			}
			e := (math.Float32bits(y) + 0x4afb0d) >> 23
			k := (math.Float32frombits(e|0x4b000000) - 8.388735e+06) + shift
			f := math.Float32frombits((math.Float32bits(y)-(e<<23))+0x3f800000) - 1
			z := float32(f * f)
			p := float32(0.070376836*f) + -0.1151461
			p = float32(p*f) + 0.116769984
			p = float32(p*f) + -0.12420141
			p = float32(p*f) + 0.14249323
			p = float32(p*f) + -0.16668057
			p = float32(p*f) + 0.20000714
			p = float32(p*f) + -0.24999994
			p = float32(p*f) + 0.3333333
			p = float32(float32(f*z) * p)
			p = float32(k*-0.00021219444) + p
			p = p - float32(0.5*z)
			v2 = float32(k*0.6933594) + (f + p)
		} else {
			var v4 float32 = float32(math.NaN())
			if x == 0 {
				v4 = float32(math.Inf(-1))
			}
			v2 = v4
		}
		v = v2
	} else {
		v = x
	}
	return v
}

// Log1p32 is log(1+x) within 3 ulp.
//
// log(u) x/(u-1) with u = 1+x, which corrects the rounding of u (Kahan).
func Log1p32(x float32) float32 {
	u := x + 1
	var v float32
	if u < float32(math.Inf(1)) {
		var v2 float32
		if u == 1 {
			v2 = x
		} else {
			var v3 float32
			if u < float32(math.Inf(1)) {
				var v4 float32
				if 0 < u {
					v5 := u < 1.1754944e-38
					var y float32
					if v5 {
						y = float32(u * 3.3554432e+07)
					} else {
						y = u
					}
					var shift float32 = 0
					if v5 {
						shift = -25
					}
					e := (math.Float32bits(y) + 0x4afb0d) >> 23
					k := (math.Float32frombits(e|0x4b000000) - 8.388735e+06) + shift
					f := math.Float32frombits((math.Float32bits(y)-(e<<23))+0x3f800000) - 1
					z := float32(f * f)
					p := float32(0.070376836*f) + -0.1151461
					p = float32(p*f) + 0.116769984
					p = float32(p*f) + -0.12420141
					p = float32(p*f) + 0.14249323
					p = float32(p*f) + -0.16668057
					p = float32(p*f) + 0.20000714
					p = float32(p*f) + -0.24999994
					p = float32(p*f) + 0.3333333
					p = float32(float32(f*z) * p)
					p = float32(k*-0.00021219444) + p
					p = p - float32(0.5*z)
					v4 = float32(k*0.6933594) + (f + p)
				} else {
					var v6 float32 = float32(math.NaN())
					if u == 0 {
						v6 = float32(math.Inf(-1))
					}
					v4 = v6
				}
				v3 = v4
			} else {
				v3 = u
			}
			v2 = float32(v3 * (x / (u - 1)))
		}
		v = v2
	} else {
		v = u
	}
	return v
}

// Sigmoid32 is 1/(1+e^-x) within 3 ulp.
//
// With t = e^-|x|, which does not overflow: 1/(1+t) or t/(1+t).
func Sigmoid32(x float32) float32 {
	x2 := most32(-104, least32(90, math.Float32frombits(math.Float32bits(x)|0x80000000)))
	t := float32(x2*1.442695) + 1.2582912e+07
	n := t - 1.2582912e+07
	r := x2 - float32(n*0.6933594)
	r = r - float32(n*-0.00021219444)
	p := float32(0.0013836755*r) + 0.008374899
	p = float32(p*r) + 0.041668233
	p = float32(p*r) + 0.1666642
	p = float32(p*r) + 0.4999999
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	half := float32(n*0.5) + 1.2582912e+07
	first := (math.Float32bits(half) << 23) + 0x3f800000
	second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x3f800000
	t = float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
	var v float32 = 1
	if x < 0 {
		v = t
	}
	return v / (t + 1)
}

// Silu32 is x/(1+e^-x) within 4 ulp.
//
// As Sigmoid, times x.
func Silu32(x float32) float32 {
	y := most32(-1000, x)
	x = most32(-126.18071, least32(90, math.Float32frombits(math.Float32bits(y)|0x80000000)))
	t := float32(x*1.442695) + 1.2582912e+07
	n := t - 1.2582912e+07
	r := x - float32(n*0.6933594)
	r = r - float32(n*-0.00021219444)
	p := float32(0.0013836755*r) + 0.008374899
	p = float32(p*r) + 0.041668233
	p = float32(p*r) + 0.1666642
	p = float32(p*r) + 0.4999999
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	half := float32(n*0.5) + 1.2582912e+07
	first := (math.Float32bits(half) << 23) + 0x3f800000
	second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x4f800000
	t = float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
	var v float32
	if y < 0 {
		v = float32(float32(y*t) * 2.3283064e-10)
	} else {
		v = y
	}
	return v / (float32(t*2.3283064e-10) + 1)
}

// Softplus32 is log(1+e^x) within 5 ulp.
//
// max(x,0) + 2 artanh(s) with s = t/(2+t), t = e^-|x|; minimax polynomial in s². Below -87 (-708 in
// float64) it stays where it is.
func Softplus32(x float32) float32 {
	a := most32(-87.3, math.Float32frombits(math.Float32bits(x)|0x80000000))
	t := float32(a*1.442695) + 1.2582912e+07
	n := t - 1.2582912e+07
	r := a - float32(n*0.6933594)
	r = r - float32(n*-0.00021219444)
	p := float32(0.0013836755*r) + 0.008374899
	p = float32(p*r) + 0.041668233
	p = float32(p*r) + 0.1666642
	p = float32(p*r) + 0.4999999
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	t2 := math.Float32bits(p) + (math.Float32bits(t) << 23)
	s := math.Float32frombits(t2) / (math.Float32frombits(t2) + 2)
	u := float32(s * s)
	p = float32(0.28178334*u) + 0.27960604
	p = float32(p*u) + 0.4002491
	p = float32(p*u) + 0.66666317
	p = float32(p*u) + 2
	return float32(s*p) + most32(0, x)
}

// Softplus32x4 is Softplus32 of four numbers, bit for bit.
func Softplus32x4(xA, xB, xC, xD float32) (_, _, _, _ float32) {
	k0 := float32(-87.3)
	aA, aB, aC, aD := most32(k0, math.Float32frombits(math.Float32bits(xA)|0x80000000)), most32(k0, math.Float32frombits(math.Float32bits(xB)|0x80000000)), most32(k0, math.Float32frombits(math.Float32bits(xC)|0x80000000)), most32(k0, math.Float32frombits(math.Float32bits(xD)|0x80000000))
	k0 = 1.442695
	k1 := float32(1.2582912e+07)
	tA, tB, tC, tD := float32(aA*k0)+k1, float32(aB*k0)+k1, float32(aC*k0)+k1, float32(aD*k0)+k1
	k0 = 1.2582912e+07
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6933594
	rA, rB, rC, rD := aA-float32(nA*k0), aB-float32(nB*k0), aC-float32(nC*k0), aD-float32(nD*k0)
	k0 = -0.00021219444
	rA, rB, rC, rD = rA-float32(nA*k0), rB-float32(nB*k0), rC-float32(nC*k0), rD-float32(nD*k0)
	k0 = 0.0013836755
	k1 = 0.008374899
	pA, pB, pC, pD := float32(k0*rA)+k1, float32(k0*rB)+k1, float32(k0*rC)+k1, float32(k0*rD)+k1
	k0 = 0.041668233
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.1666642
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.4999999
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	t2A, t2B, t2C, t2D := math.Float32bits(pA)+(math.Float32bits(tA)<<23), math.Float32bits(pB)+(math.Float32bits(tB)<<23), math.Float32bits(pC)+(math.Float32bits(tC)<<23), math.Float32bits(pD)+(math.Float32bits(tD)<<23)
	k0 = 2
	sA, sB, sC, sD := math.Float32frombits(t2A)/(math.Float32frombits(t2A)+k0), math.Float32frombits(t2B)/(math.Float32frombits(t2B)+k0), math.Float32frombits(t2C)/(math.Float32frombits(t2C)+k0), math.Float32frombits(t2D)/(math.Float32frombits(t2D)+k0)
	uA, uB, uC, uD := float32(sA*sA), float32(sB*sB), float32(sC*sC), float32(sD*sD)
	k0 = 0.28178334
	k1 = 0.27960604
	pA, pB, pC, pD = float32(k0*uA)+k1, float32(k0*uB)+k1, float32(k0*uC)+k1, float32(k0*uD)+k1
	k0 = 0.4002491
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	k0 = 0.66666317
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	k0 = 2
	pA, pB, pC, pD = float32(pA*uA)+k0, float32(pB*uB)+k0, float32(pC*uC)+k0, float32(pD*uD)+k0
	return float32(sA*pA) + most32(0, xA), float32(sB*pB) + most32(0, xB), float32(sC*pC) + most32(0, xC), float32(sD*pD) + most32(0, xD)
}

// Sin32 is the sine within 2 ulp.
//
// x = k π/2 + r with π/2 in parts whose products with k are exact (Cody, Waite 1980); polynomials of
// Cephes' sinf, in float64 of FreeBSD's msun with a tail of r.
func Sin32(x float32) float32 {
	if !(Abs32(x) <= 3000) {
		return Sin32Far(x)
	}
	a := math.Float32bits(x) & 0x7fffffff
	t := float32(math.Float32frombits(a)*0.63661975) + 1.2582912e+07
	k := t - 1.2582912e+07
	r := math.Float32frombits(a) - float32(k*1.5705566)
	r = r - float32(k*0.00023967028)
	r = r - float32(k*1.5890691e-08)
	r = r - float32(k*2.563344e-12)
	z := float32(r * r)
	var v float32
	if (math.Float32bits(t)<<31)>>31 != 0 {
		c := float32(2.4433157e-05*z) + -0.0013887316
		c = float32(c*z) + 0.041666646
		c = float32(float32(z*z)*c) + (1 - float32(0.5*z))
		v = c
	} else {
		s := float32(-0.00019515296*z) + 0.008332161
		s = float32(s*z) + -0.16666655
		s = float32(float32(z*r)*s) + r
		v = s
	}
	return math.Float32frombits((math.Float32bits(v) ^ ((math.Float32bits(t) & 0x2) << 30)) ^ (math.Float32bits(x) & 0x80000000))
}

// Cos32 is the cosine within 2 ulp.
//
// As Sin, a quarter turn further.
func Cos32(x float32) float32 {
	if !(Abs32(x) <= 3000) {
		return Cos32Far(x)
	}
	t := float32(x*0.63661975) + 1.2582912e+07
	k := t - 1.2582912e+07
	r := x - float32(k*1.5705566)
	r = r - float32(k*0.00023967028)
	r = r - float32(k*1.5890691e-08)
	r = r - float32(k*2.563344e-12)
	t2 := math.Float32bits(t) + 0x1
	z := float32(r * r)
	var v float32
	if (t2<<31)>>31 != 0 {
		c := float32(2.4433157e-05*z) + -0.0013887316
		c = float32(c*z) + 0.041666646
		c = float32(float32(z*z)*c) + (1 - float32(0.5*z))
		v = c
	} else {
		s := float32(-0.00019515296*z) + 0.008332161
		s = float32(s*z) + -0.16666655
		s = float32(float32(z*r)*s) + r
		v = s
	}
	return math.Float32frombits(math.Float32bits(v) ^ ((t2 & 0x2) << 30))
}

// Tan32 is the tangent within 4 ulp.
//
// The quotient of the polynomials of Sin and Cos.
func Tan32(x float32) float32 {
	if !(Abs32(x) <= 3000) {
		return Tan32Far(x)
	}
	a := math.Float32bits(x) & 0x7fffffff
	t := float32(math.Float32frombits(a)*0.63661975) + 1.2582912e+07
	k := t - 1.2582912e+07
	r := math.Float32frombits(a) - float32(k*1.5705566)
	r = r - float32(k*0.00023967028)
	r = r - float32(k*1.5890691e-08)
	r = r - float32(k*2.563344e-12)
	z := float32(r * r)
	s := float32(-0.00019515296*z) + 0.008332161
	s = float32(s*z) + -0.16666655
	s = float32(float32(z*r)*s) + r
	c := float32(2.4433157e-05*z) + -0.0013887316
	c = float32(c*z) + 0.041666646
	c = float32(float32(z*z)*c) + (1 - float32(0.5*z))
	swap := (math.Float32bits(t)<<31)>>31 != 0
	var v float32 = s
	if swap {
		v = c
	}
	var v2 float32 = c
	if swap {
		v2 = s
	}
	y := v / v2
	return math.Float32frombits((math.Float32bits(y) ^ (math.Float32bits(t) << 31)) ^ (math.Float32bits(x) & 0x80000000))
}

// Asin32 is the inverse sine within 4 ulp.
//
// Polynomial of Cephes' asinf on |x| ≤ ½, beyond π/2 - 2 asin √((1-|x|)/2); in float64 the angle of
// (√((1-x)(1+x)), x).
func Asin32(x float32) float32 {
	a := math.Float32bits(x) & 0x7fffffff
	far := 0.5 < math.Float32frombits(a)
	v := float32(0.5 * (1 - math.Float32frombits(a)))
	var z float32
	if far {
		z = v
	} else {
		z = float32(math.Float32frombits(a) * math.Float32frombits(a))
	}
	var s float32
	if far {
		s = Sqrt32(v)
	} else {
		s = math.Float32frombits(a)
	}
	p := float32(0.0421632*z) + 0.024181312
	p = float32(p*z) + 0.045470025
	p = float32(p*z) + 0.074953005
	p = float32(p*z) + 0.16666752
	y := float32(float32(z*p)*s) + s
	var v2 float32
	if far {
		v2 = (1.5707964 - (y + y)) + -4.371139e-08
	} else {
		v2 = y
	}
	return math.Float32frombits((math.Float32bits(v2) & 0x7fffffff) | (math.Float32bits(x) & 0x80000000))
}

// Acos32 is the inverse cosine within 4 ulp.
//
// As Asin; in float64 2 atan √((1-x)/(1+x)).
func Acos32(x float32) float32 {
	a := math.Float32bits(x) & 0x7fffffff
	far := 0.5 < math.Float32frombits(a)
	v := float32(0.5 * (1 - math.Float32frombits(a)))
	var z float32
	if far {
		z = v
	} else {
		z = float32(math.Float32frombits(a) * math.Float32frombits(a))
	}
	var s float32
	if far {
		s = Sqrt32(v)
	} else {
		s = x
	}
	p := float32(0.0421632*z) + 0.024181312
	p = float32(p*z) + 0.045470025
	p = float32(p*z) + 0.074953005
	p = float32(p*z) + 0.16666752
	y := float32(float32(z*p)*s) + s
	var v2 float32
	if far {
		twice := y + y
		var v3 float32
		if math.Float32bits(x)>>31 != 0 {
			v3 = (3.1415927 - twice) + -8.742278e-08
		} else {
			v3 = twice
		}
		v2 = v3
	} else {
		v2 = (1.5707964 - y) + -4.371139e-08
	}
	return v2
}

// Atan32 is the inverse tangent within 3 ulp.
//
// Reduced by π/4 or π/2; polynomial of Cephes' atanf, in float64 the rational of Cephes' atan.
func Atan32(x float32) float32 {
	a := math.Float32bits(x) & 0x7fffffff
	far := 2.4142137 < math.Float32frombits(a)
	mid := 0.41421357 < math.Float32frombits(a)
	var v float32
	if far {
		v = -1
	} else {
		var v2 float32
		if mid {
			v2 = math.Float32frombits(a) - 1
		} else {
			v2 = math.Float32frombits(a)
		}
		v = v2
	}
	var v3 float32
	if far {
		v3 = math.Float32frombits(a)
	} else {
		var v4 float32
		if mid {
			v4 = math.Float32frombits(a) + 1
		} else {
			v4 = 1
		}
		v3 = v4
	}
	var v5 float32
	if far {
		v5 = 1.5707964
	} else {
		var v6 float32 = 0
		if mid {
			v6 = 0.7853982
		}
		v5 = v6
	}
	var v7 float32
	if far {
		v7 = -4.371139e-08
	} else {
		var v8 float32 = 0
		if mid {
			v8 = -2.1855694e-08
		}
		v7 = v8
	}
	q := v / v3
	z := float32(q * q)
	p := float32(0.080537446*z) + -0.13877685
	p = float32(p*z) + 0.19977711
	p = float32(p*z) + -0.3333295
	return math.Float32frombits((math.Float32bits(v5+((float32(q*float32(p*z))+q)+v7)) & 0x7fffffff) | (math.Float32bits(x) & 0x80000000))
}

// Atan232 is the angle of the point (x, y) in [-π, π] within 4 ulp.
//
// Atan of the smaller by the larger of |x| and |y|, turned into its octant.
func Atan232(y, x float32) float32 {
	var r float32
	if y == y {
		var r2 float32
		if x == x {
			ax := math.Float32bits(x) & 0x7fffffff
			ay := math.Float32bits(y) & 0x7fffffff
			steep := math.Float32frombits(ax) < math.Float32frombits(ay)
			var p float32 = math.Float32frombits(ay)
			if steep {
				p = math.Float32frombits(ax)
			}
			var d float32 = math.Float32frombits(ax)
			if steep {
				d = math.Float32frombits(ay)
			}
			v := p == float32(math.Inf(1))
			var d2 float32
			if d == 0 {
				d2 = 1
			} else {
				var v2 float32 = d
				if v {
					v2 = 1
				}
				d2 = v2
			}
			if v {
				p = 1
			}
			big := 1.2676506e+30 < d2
			var v3 float32 = 1
			if big {
				v3 = 9.313226e-10
			}
			v4 := float32(p * v3)
			v3 = float32(d2 * v3)
			upper := float32(v3*0.41421357) < v4
			var v5 float32
			if upper {
				v5 = v4 - v3
			} else {
				v5 = v4
			}
			var v6 float32
			if upper {
				v6 = v4 + v3
			} else {
				v6 = v3
			}
			var v7 float32 = 0
			if upper {
				v7 = 0.7853982
			}
			var v8 float32 = 0
			if upper {
				v8 = -2.1855694e-08
			}
			q := v5 / v6
			z := float32(q * q)
			p = float32(0.080537446*z) + -0.13877685
			p = float32(p*z) + 0.19977711
			p = float32(p*z) + -0.3333295
			r3 := v7 + ((float32(q*float32(p*z)) + q) + v8)
			if steep {
				r3 = (1.5707964 - r3) + -4.371139e-08
			}
			if math.Float32bits(x)>>31 != 0 {
				r3 = (3.1415927 - r3) + -8.742278e-08
			}
			r2 = r3
		} else {
			r2 = x
		}
		r = r2
	} else {
		r = y
	}
	return math.Float32frombits((math.Float32bits(r) & 0x7fffffff) | (math.Float32bits(y) & 0x80000000))
}

// Power32 is x^y within 1.5 ulp.
//
// 2^(y log2 x), the logarithm and the product as sums of two numbers (Dekker 1971), the first with half of the
// bits; log2 by the series of artanh.
func Power32(x, y float32) float32 {
	var v float32
	if y == 0 {
		v = 1
	} else {
		var v2 float32
		if x == 1 {
			v2 = 1
		} else {
			var v3 float32
			if y == y {
				var v4 float32
				if x == x {
					a := math.Float32bits(x) & 0x7fffffff
					v5 := y < 0
					var r float32
					if math.Float32frombits(a) == float32(math.Inf(1)) {
						var v6 float32 = float32(math.Inf(1))
						if v5 {
							v6 = 0
						}
						r = v6
					} else {
						var v7 float32
						if math.Float32frombits(a) == 0 {
							var v8 float32 = 0
							if v5 {
								v8 = float32(math.Inf(1))
							}
							v7 = v8
						} else {
							yb := most32(-3.435974e+10, least32(3.435974e+10, y))
							v9 := math.Float32frombits(a) < 1.1754944e-38
							var y2 float32
							if v9 {
								y2 = float32(math.Float32frombits(a) * 3.3554432e+07)
							} else {
								y2 = math.Float32frombits(a)
							}
							var shift float32 = 0
							if v9 {
								shift = -25
							}
							e := (math.Float32bits(y2) + 0x4afb0d) >> 23
							k := (math.Float32frombits(e|0x4b000000) - 8.388735e+06) + shift
							v10 := (math.Float32bits(y2) - (e << 23)) + 0x3f800000
							num := math.Float32frombits(v10) - 1
							den := math.Float32frombits(v10) + 1
							denh := math.Float32bits(den) & 0xfffff000
							denl := math.Float32frombits(v10) - (math.Float32frombits(denh) - 1)
							s := num / den
							sh := math.Float32bits(s) & 0xfffff000
							sl := ((num - float32(math.Float32frombits(sh)*math.Float32frombits(denh))) - float32(math.Float32frombits(sh)*denl)) / den
							uh := float32(math.Float32frombits(sh) * math.Float32frombits(sh))
							ul := float32(sl * (math.Float32frombits(sh) + s))
							u := uh + ul
							p := float32(0.27272728*u) + 0.33333334
							p = float32(p*u) + 0.42857143
							p = float32(p*u) + 0.6
							rest := float32(float32(u*u)*p) + ul
							ch := math.Float32bits((3+uh)+rest) & 0xfffff000
							cl := rest - ((math.Float32frombits(ch) - 3) - uh)
							vh := float32(math.Float32frombits(sh) * math.Float32frombits(ch))
							vl := float32(sl*math.Float32frombits(ch)) + float32(s*cl)
							qh := math.Float32bits(vh+vl) & 0xfffff000
							ql := vl - (math.Float32frombits(qh) - vh)
							gh := float32(math.Float32frombits(qh) * 0.9616699)
							gl := float32(math.Float32frombits(qh)*0.00012677205) + float32(ql*0.9617967)
							hi := math.Float32bits(k+(gh+gl)) & 0xfffff000
							lo := gl - ((math.Float32frombits(hi) - k) - gh)
							yh := math.Float32bits(yb) & 0xfffff000
							ph := float32(math.Float32frombits(yh) * math.Float32frombits(hi))
							pl := float32((yb-math.Float32frombits(yh))*math.Float32frombits(hi)) + float32(yb*lo)
							ph = most32(-160, least32(160, ph))
							pl = most32(-1, least32(1, pl))
							t := (ph + pl) + 1.2582912e+07
							n := t - 1.2582912e+07
							z := float32(((ph - n) + pl) * 0.6931472)
							p = float32(0.0013836755*z) + 0.008374899
							p = float32(p*z) + 0.041668233
							p = float32(p*z) + 0.1666642
							p = float32(p*z) + 0.4999999
							p = float32(p*z) + 1
							p = float32(p*z) + 1
							half := float32(n*0.5) + 1.2582912e+07
							first := (math.Float32bits(half) << 23) + 0x3f800000
							second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x3f800000
							r2 := float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
							v7 = r2
						}
						r = v7
					}
					v11 := math.Float32bits(y) & 0x7fffffff
					w := math.Float32frombits(v11) + 8.388608e+06
					v12 := math.Float32frombits(v11) < 8.388608e+06
					var whole float32
					if v12 {
						whole = w - 8.388608e+06
					} else {
						whole = math.Float32frombits(v11)
					}
					v13 := whole == math.Float32frombits(math.Float32bits(y)&0x7fffffff)
					var v14 float32
					if v13 {
						v14 = r
					} else {
						var v15 float32
						if x < 0 {
							var v16 float32 = r
							if float32(math.Inf(-1)) < x {
								v16 = float32(math.NaN())
							}
							v15 = v16
						} else {
							v15 = r
						}
						v14 = v15
					}
					var v17 float32
					if v13 {
						var v18 float32
						if v12 {
							v18 = w
						} else {
							var v19 float32 = 0
							if math.Float32frombits(v11) < 1.6777216e+07 {
								v19 = math.Float32frombits(v11)
							}
							v18 = v19
						}
						odd := math.Float32bits(v18) << 31
						v17 = math.Float32frombits((math.Float32bits(x) & 0x80000000) & odd)
					} else {
						v17 = 0
					}
					r3 := math.Float32bits(v14) | math.Float32bits(v17)
					v4 = math.Float32frombits(r3)
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

// Sinh32 is the hyperbolic sine within 3 ulp.
//
// (m + m/(m+1))/2 with m = e^|x| - 1 up to 1, beyond e^|x|/2 - e^-|x|/2.
func Sinh32(x float32) float32 {
	a := math.Float32bits(x) & 0x7fffffff
	var z float32
	if 1 < math.Float32frombits(a) {
		x2 := most32(-104, least32(90, math.Float32frombits(a)))
		t := float32(x2*1.442695) + 1.2582912e+07
		n := t - 1.2582912e+07
		r := x2 - float32(n*0.6933594)
		r = r - float32(n*-0.00021219444)
		p := float32(0.0013836755*r) + 0.008374899
		p = float32(p*r) + 0.041668233
		p = float32(p*r) + 0.1666642
		p = float32(p*r) + 0.4999999
		p = float32(p*r) + 1
		p = float32(p*r) + 1
		half := float32(n*0.5) + 1.2582912e+07
		first := (math.Float32bits(half) << 23) + 0x3f800000
		second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x3f000000
		h := float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
		z = h - (0.25 / h)
	} else {
		u := float32(math.Float32frombits(a) * math.Float32frombits(a))
		p2 := float32(0.00020372191*u) + 0.008330284
		p2 = float32(p2*u) + 0.16666716
		z = float32(float32(u*p2)*math.Float32frombits(a)) + math.Float32frombits(a)
	}
	return math.Float32frombits(math.Float32bits(z) | (math.Float32bits(x) & 0x80000000))
}

// Cosh32 is the hyperbolic cosine within 3 ulp.
//
// e^|x|/2 + e^-|x|/2, the half in the factor 2^n, so that nothing overflows early.
func Cosh32(x float32) float32 {
	x = most32(-104, least32(90, math.Float32frombits(math.Float32bits(x)&0x7fffffff)))
	t := float32(x*1.442695) + 1.2582912e+07
	n := t - 1.2582912e+07
	r := x - float32(n*0.6933594)
	r = r - float32(n*-0.00021219444)
	p := float32(0.0013836755*r) + 0.008374899
	p = float32(p*r) + 0.041668233
	p = float32(p*r) + 0.1666642
	p = float32(p*r) + 0.4999999
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	half := float32(n*0.5) + 1.2582912e+07
	first := (math.Float32bits(half) << 23) + 0x3f800000
	second := ((math.Float32bits(t) - math.Float32bits(half)) << 23) + 0x3f000000
	h := float32(float32(p*math.Float32frombits(first)) * math.Float32frombits(second))
	return h + (0.25 / h)
}

// Cosh32x4 is Cosh32 of four numbers, bit for bit.
func Cosh32x4(xA, xB, xC, xD float32) (_, _, _, _ float32) {
	k0 := float32(-104)
	k1 := float32(90)
	xA, xB, xC, xD = most32(k0, least32(k1, math.Float32frombits(math.Float32bits(xA)&0x7fffffff))), most32(k0, least32(k1, math.Float32frombits(math.Float32bits(xB)&0x7fffffff))), most32(k0, least32(k1, math.Float32frombits(math.Float32bits(xC)&0x7fffffff))), most32(k0, least32(k1, math.Float32frombits(math.Float32bits(xD)&0x7fffffff)))
	k0 = 1.442695
	k1 = 1.2582912e+07
	tA, tB, tC, tD := float32(xA*k0)+k1, float32(xB*k0)+k1, float32(xC*k0)+k1, float32(xD*k0)+k1
	k0 = 1.2582912e+07
	nA, nB, nC, nD := tA-k0, tB-k0, tC-k0, tD-k0
	k0 = 0.6933594
	rA, rB, rC, rD := xA-float32(nA*k0), xB-float32(nB*k0), xC-float32(nC*k0), xD-float32(nD*k0)
	k0 = -0.00021219444
	rA, rB, rC, rD = rA-float32(nA*k0), rB-float32(nB*k0), rC-float32(nC*k0), rD-float32(nD*k0)
	k0 = 0.0013836755
	k1 = 0.008374899
	pA, pB, pC, pD := float32(k0*rA)+k1, float32(k0*rB)+k1, float32(k0*rC)+k1, float32(k0*rD)+k1
	k0 = 0.041668233
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.1666642
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.4999999
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 1
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	pA, pB, pC, pD = float32(pA*rA)+k0, float32(pB*rB)+k0, float32(pC*rC)+k0, float32(pD*rD)+k0
	k0 = 0.5
	k1 = 1.2582912e+07
	halfA, halfB, halfC, halfD := float32(nA*k0)+k1, float32(nB*k0)+k1, float32(nC*k0)+k1, float32(nD*k0)+k1
	firstA, firstB, firstC, firstD := (math.Float32bits(halfA)<<23)+0x3f800000, (math.Float32bits(halfB)<<23)+0x3f800000, (math.Float32bits(halfC)<<23)+0x3f800000, (math.Float32bits(halfD)<<23)+0x3f800000
	secondA, secondB, secondC, secondD := ((math.Float32bits(tA)-math.Float32bits(halfA))<<23)+0x3f000000, ((math.Float32bits(tB)-math.Float32bits(halfB))<<23)+0x3f000000, ((math.Float32bits(tC)-math.Float32bits(halfC))<<23)+0x3f000000, ((math.Float32bits(tD)-math.Float32bits(halfD))<<23)+0x3f000000
	hA, hB, hC, hD := float32(float32(pA*math.Float32frombits(firstA))*math.Float32frombits(secondA)), float32(float32(pB*math.Float32frombits(firstB))*math.Float32frombits(secondB)), float32(float32(pC*math.Float32frombits(firstC))*math.Float32frombits(secondC)), float32(float32(pD*math.Float32frombits(firstD))*math.Float32frombits(secondD))
	return hA + (0.25 / hA), hB + (0.25 / hB), hC + (0.25 / hC), hD + (0.25 / hD)
}

// Erf32 is the error function within 3 ulp.
//
// An odd polynomial on |x| ≤ 1, beyond 1 - e^-q(|x|), q a polynomial (fitted in fit_test.go); in float64 the
// rationals of FreeBSD's msun.
func Erf32(x float32) float32 {
	a := math.Float32bits(x) & 0x7fffffff
	var v float32
	if 1 < math.Float32frombits(a) {
		c := least32(4.2, math.Float32frombits(a))
		q := float32(1.8091485e-05*c) + -0.00039345806
		q = float32(q*c) + 0.003938066
		q = float32(q*c) + -0.024405193
		q = float32(q*c) + 0.10700453
		q = float32(q*c) + 0.6346744
		q = float32(q*c) + 1.1287692
		q = float32(c * q)
		a2 := most32(-87.3, 0-q)
		t := float32(a2*1.442695) + 1.2582912e+07
		n := t - 1.2582912e+07
		r := a2 - float32(n*0.6933594)
		r = r - float32(n*-0.00021219444)
		p := float32(0.0013836755*r) + 0.008374899
		p = float32(p*r) + 0.041668233
		p = float32(p*r) + 0.1666642
		p = float32(p*r) + 0.4999999
		p = float32(p*r) + 1
		p = float32(p*r) + 1
		v = 1 - math.Float32frombits(math.Float32bits(p)+(math.Float32bits(t)<<23))
	} else {
		z := float32(math.Float32frombits(a) * math.Float32frombits(a))
		p2 := float32(7.851919e-05*z) + -0.00080096704
		p2 = float32(p2*z) + 0.0051882775
		p2 = float32(p2*z) + -0.02685379
		p2 = float32(p2*z) + 0.11283585
		p2 = float32(p2*z) + -0.37612626
		p2 = float32(p2*z) + 0.12837917
		v = float32(math.Float32frombits(a)*p2) + math.Float32frombits(a)
	}
	return math.Float32frombits(math.Float32bits(v) | (math.Float32bits(x) & 0x80000000))
}

// Bfloat32 is the nearest number with 8 significant bits, even ones for ties, within 0 ulp.
//
// bfloat16 with the exponents of the type. Half of the last bit that stays, less one where that is 0, is added to
// the bits, which carries over into the exponent as it should.
func Bfloat32(x float32) float32 {
	var v float32
	if x == x {
		v = math.Float32frombits(((math.Float32bits(x) + 0x7fff) + ((math.Float32bits(x) >> 16) & 0x1)) & 0xffff0000)
	} else {
		v = x
	}
	return v
}

// Half32 is the nearest float16, even ones for ties, within 0 ulp.
//
// As Bfloat with 11 bits; below 2^-14 by adding and subtracting a number whose last bit is 2^-24.
func Half32(x float32) float32 {
	var v float32
	if x == x {
		size := math.Float32bits(x) & 0x7fffffff
		var v2 float32
		if math.Float32frombits(size) < 6.1035156e-05 {
			v2 = (math.Float32frombits(size) + 0.75) - 0.75
		} else {
			y := ((size + 0xfff) + ((size >> 13) & 0x1)) & 0xffffe000
			var v3 float32 = float32(math.Inf(1))
			if math.Float32frombits(y) < 65536 {
				v3 = math.Float32frombits(y)
			}
			v2 = v3
		}
		v = math.Float32frombits(math.Float32bits(v2) | (math.Float32bits(x) & 0x80000000))
	} else {
		v = x
	}
	return v
}

// Binade32 is the largest power of two up to |x|, within 0 ulp.
//
// The bits of the exponent, between 2^-126 and 2^126; 1 for smaller numbers and infinite ones.
func Binade32(x float32) float32 {
	var v float32
	if x == x {
		size := math.Float32bits(x) & 0x7fffffff
		var v2 float32
		if math.Float32frombits(size) < 1.1754944e-38 {
			v2 = 1
		} else {
			var v3 float32
			if math.Float32frombits(size) < float32(math.Inf(1)) {
				v3 = least32(math.Float32frombits(size&0x7f800000), 8.507059e+37)
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
