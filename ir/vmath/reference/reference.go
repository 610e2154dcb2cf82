// Package reference has the functions of ir/vmath for tests: in float64 by package math, and by series of
// big numbers, good to far more than 53 bits.
package reference

import (
	"math"
	"math/big"
)

const prec = 480

func bnum(x float64) *big.Float           { return new(big.Float).SetPrec(prec).SetFloat64(x) }
func bnew() *big.Float                    { return new(big.Float).SetPrec(prec) }
func badd(a, b *big.Float) *big.Float     { return bnew().Add(a, b) }
func bsub(a, b *big.Float) *big.Float     { return bnew().Sub(a, b) }
func bmul(a, b *big.Float) *big.Float     { return bnew().Mul(a, b) }
func bdiv(a, b *big.Float) *big.Float     { return bnew().Quo(a, b) }
func btwo(a *big.Float, e int) *big.Float { return bnew().SetMantExp(a, e) }

// small reports whether a term no longer matters beside a sum.
func small(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-prec
}

// atanInverse is atan(1/n) with bits of precision.
func atanInverse(n int64, bits uint) *big.Float {
	x := new(big.Float).SetPrec(bits).SetInt64(1)
	x.Quo(x, new(big.Float).SetInt64(n))
	sq := new(big.Float).SetPrec(bits).SetInt64(n * n)
	sum := new(big.Float).SetPrec(bits)
	for k := int64(0); x.MantExp(nil) > -int(bits)-8; k++ {
		t := new(big.Float).SetPrec(bits).Quo(x, new(big.Float).SetInt64(2*k+1))
		if k%2 == 1 {
			t.Neg(t)
		}
		sum.Add(sum, t)
		x.Quo(x, sq)
	}
	return sum
}

// piBits is the precision of pi: an argument of 2^1023 leaves enough of it.
const piBits = 1600

var (
	pi = func() *big.Float { // Machin
		a := atanInverse(5, piBits)
		b := atanInverse(239, piBits)
		a.Mul(a, big.NewFloat(16))
		return a.Sub(a, b.Mul(b, big.NewFloat(4)))
	}()
	ln2 = func() *big.Float { // 2 artanh(1/3)
		sum, x := bnew(), bdiv(bnum(1), bnum(3))
		for k := 1.0; ; k += 2 {
			t := bdiv(x, bnum(k))
			if small(t, sum) {
				return btwo(sum, 1)
			}
			sum, x = badd(sum, t), bdiv(x, bnum(9))
		}
	}()
)

func bexp(x *big.Float) *big.Float {
	f, _ := x.Float64()
	n := math.Round(f / math.Ln2)
	r := btwo(bsub(x, bmul(bnum(n), ln2)), -16)
	sum, t := bnum(1), bnum(1)
	for k := 1.0; !small(t, sum); k++ {
		t = bdiv(bmul(t, r), bnum(k))
		sum = badd(sum, t)
	}
	for range 16 {
		sum = bmul(sum, sum)
	}
	return btwo(sum, int(n))
}

// blog improves the logarithm of package math by Halley's method.
func blog(x *big.Float) *big.Float {
	m := bnew()
	e := x.MantExp(m)
	f, _ := m.Float64()
	y := badd(bnum(math.Log(f)), bmul(bnum(float64(e)), ln2))
	for range 3 {
		w := bexp(y)
		y = badd(y, btwo(bdiv(bsub(x, w), badd(x, w)), 1))
	}
	return y
}

// bsincos is by Taylor's series after reduction by π/2.
func bsincos(x *big.Float) (sin, cos *big.Float) {
	half := new(big.Float).SetPrec(piBits).SetMantExp(pi, -1)
	wide := new(big.Float).SetPrec(piBits).Set(x)
	q := new(big.Float).SetPrec(piBits).Quo(wide, half)
	half2 := big.NewFloat(0.5)
	if q.Sign() < 0 {
		half2 = big.NewFloat(-0.5)
	}
	n, _ := q.Add(q, half2).Int(nil)
	r := bnew().Set(wide.Sub(wide, half.Mul(half, new(big.Float).SetPrec(piBits).SetInt(n))))
	s, c, t := bnew(), bnum(1), bnum(1)
	for k := 1.0; k < 200; k++ {
		t = bdiv(bmul(t, r), bnum(k))
		switch int(k) % 4 {
		case 0:
			c = badd(c, t)
		case 1:
			s = badd(s, t)
		case 2:
			c = bsub(c, t)
		case 3:
			s = bsub(s, t)
		}
	}
	switch new(big.Int).And(n, big.NewInt(3)).Int64() {
	case 0:
		return s, c
	case 1:
		return c, bnew().Neg(s)
	case 2:
		return bnew().Neg(s), bnew().Neg(c)
	}
	return bnew().Neg(c), s
}

func batan(x *big.Float) *big.Float {
	if x.Sign() < 0 {
		return bnew().Neg(batan(bnew().Neg(x)))
	}
	one := bnum(1)
	if x.Cmp(one) > 0 {
		return bsub(btwo(bnew().Set(pi), -1), batan(bdiv(one, x)))
	}
	for range 4 {
		x = bdiv(x, badd(one, bnew().Sqrt(badd(one, bmul(x, x)))))
	}
	sum, p, sq := bnew().Set(x), bnew().Set(x), bnew().Neg(bmul(x, x))
	for k := 3.0; ; k += 2 {
		p = bmul(p, sq)
		t := bdiv(p, bnum(k))
		if small(t, sum) {
			return btwo(sum, 4)
		}
		sum = badd(sum, t)
	}
}

// berf is by its series for |x| ≤ 7.
func berf(x *big.Float) *big.Float {
	sum, t, sq := bnew().Set(x), bnew().Set(x), bnew().Neg(bmul(x, x))
	for k := 1.0; k < 600; k++ {
		t = bdiv(bmul(t, sq), bnum(k))
		sum = badd(sum, bdiv(t, bnum(2*k+1)))
	}
	return bdiv(btwo(sum, 1), bnew().Sqrt(bnew().Set(pi)))
}

// Function is a reference.
type Function struct {
	F64 func(float64) float64 // within a few units in the last place of float64
	Big func(*big.Float) *big.Float
	// Lo and Hi bound the float64 numbers where the function is finite and the program is for them.
	Lo, Hi float64
}

// Number is x as a big number.
func Number(x float64) *big.Float { return bnum(x) }

// Ulps is the distance of got from want in units in the last place of a float64.
func Ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	unit := math.Max(math.Nextafter(math.Abs(w), math.Inf(1))-math.Abs(w), 5e-324)
	d, _ := bsub(bnum(got), want).Float64()
	return math.Abs(d) / unit
}

// Ulps32 is the distance of got from want in units in the last place of a float32; infinite where one is
// not a number or not finite and the other is not the same.
func Ulps32(got float32, want float64) float64 {
	w := float32(want)
	switch {
	case got == w || got != got && w != w:
		return 0
	case got != got || w != w || math.IsInf(float64(w), 0):
		return math.Inf(1)
	case math.IsInf(float64(got), 0):
		// Rounded up over the largest number: it counts as the next one.
		got, want = float32(math.Copysign(math.MaxFloat32, float64(got))), want*(1-0x1p-24)
	}
	a := float32(math.Abs(want))
	unit := float64(math.Nextafter32(a, math.MaxFloat32)) - float64(a)
	return math.Abs(float64(got)-want) / math.Max(unit, 0x1p-149)
}

// Functions are the functions of one argument of the table of ir/vmath.
var Functions = map[string]Function{
	"Tanh": {math.Tanh, func(x *big.Float) *big.Float {
		e := bexp(btwo(x, 1))
		return bdiv(bsub(e, bnum(1)), badd(e, bnum(1)))
	}, -40, 40},
	"Exp":   {math.Exp, bexp, -745, 709.7},
	"Expm1": {math.Expm1, func(x *big.Float) *big.Float { return bsub(bexp(x), bnum(1)) }, -60, 709.7},
	"Log":   {math.Log, blog, 5e-324, math.MaxFloat64},
	"Log1p": {math.Log1p, func(x *big.Float) *big.Float { return blog(badd(bnum(1), x)) }, -0.999999, math.MaxFloat64},
	"Sigmoid": {func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, func(x *big.Float) *big.Float {
		return bdiv(bnum(1), badd(bnum(1), bexp(bnew().Neg(x))))
	}, -740, 60},
	"Silu": {func(x float64) float64 {
		if x < -700 {
			return math.Copysign(0, -1)
		}
		return x / (1 + math.Exp(-x))
	}, func(x *big.Float) *big.Float {
		return bdiv(x, badd(bnum(1), bexp(bnew().Neg(x))))
	}, -740, 700},
	"Softplus": {func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, func(x *big.Float) *big.Float {
		e := bexp(x)
		if e.MantExp(nil) < -100 {
			return bsub(e, btwo(bmul(e, e), -1))
		}
		return blog(badd(bnum(1), e))
	}, -700, 700},
	"Sin": {math.Sin, func(x *big.Float) *big.Float { s, _ := bsincos(x); return s }, -1 << 19, 1 << 19},
	"Cos": {math.Cos, func(x *big.Float) *big.Float { _, c := bsincos(x); return c }, -1 << 19, 1 << 19},
	"Tan": {math.Tan, func(x *big.Float) *big.Float { s, c := bsincos(x); return bdiv(s, c) }, -1 << 19, 1 << 19},
	"Asin": {math.Asin, func(x *big.Float) *big.Float {
		return batan(bdiv(x, bnew().Sqrt(bsub(bnum(1), bmul(x, x)))))
	}, -0.99999999, 0.99999999},
	"Acos": {math.Acos, func(x *big.Float) *big.Float {
		return btwo(batan(bnew().Sqrt(bdiv(bsub(bnum(1), x), badd(bnum(1), x)))), 1)
	}, -0.99999999, 0.99999999},
	"Atan": {math.Atan, batan, -1e300, 1e300},
	"Sinh": {math.Sinh, func(x *big.Float) *big.Float { return btwo(bsub(bexp(x), bexp(bnew().Neg(x))), -1) }, -710, 710},
	"Cosh": {math.Cosh, func(x *big.Float) *big.Float { return btwo(badd(bexp(x), bexp(bnew().Neg(x))), -1) }, -710, 710},
	"Erf":  {math.Erf, berf, -7, 7},
	"Bfloat": {func(x float64) float64 { // of float32 numbers, the small ones included
		if x != x {
			return x
		}
		if math.Abs(x) < 0x1p-126 {
			return math.RoundToEven(x*0x1p133) * 0x1p-133
		}
		y, _ := new(big.Float).SetPrec(8).SetFloat64(x).Float64()
		return y
	}, func(x *big.Float) *big.Float { return new(big.Float).SetPrec(8).Set(x) }, -1e300, 1e300},
	"Half": {nearestHalf, func(x *big.Float) *big.Float {
		y, _ := x.Float64()
		return bnum(nearestHalf(y))
	}, -65000, 65000},
	"Binade": {func(x float64) float64 {
		if y := math.Abs(x); y < 0x1p-126 || math.IsInf(y, 1) {
			return 1
		}
		return math.Min(math.Exp2(math.Floor(math.Log2(math.Abs(x)))), 0x1p126)
	}, func(x *big.Float) *big.Float { return bnew().SetMantExp(bnum(0.5), x.MantExp(nil)) }, -1e37, 1e37},
}

func nearestHalf(x float64) float64 {
	switch y := math.Abs(x); {
	case y >= 65520:
		return math.Copysign(math.Inf(1), x)
	case y < 0x1p-14:
		return math.Copysign(math.RoundToEven(y*0x1p24)*0x1p-24, x)
	case x != x:
		return x
	}
	y, _ := new(big.Float).SetPrec(11).SetFloat64(x).Float64()
	return y
}
