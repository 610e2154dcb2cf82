package vmath_test

import (
	"math"
	"math/big"
	"os"
	"strconv"
	"testing"

	"ndec.dev/ndec/ir/vmath"
	"ndec.dev/ndec/ir/vmath/reference"
	"ndec.dev/ndec/rt"
)

// compiled are the printed functions.
var compiled = map[string]struct {
	f32 func(float32) float32
	f64 func(float64) float64
}{
	"Tanh": {rt.Tanh32, rt.Tanh64}, "Exp": {rt.Exp32, rt.Exp64}, "Expm1": {rt.Expm132, rt.Expm164}, "Log": {rt.Log32, rt.Log64},
	"Log1p": {rt.Log1p32, rt.Log1p64}, "Sigmoid": {rt.Sigmoid32, rt.Sigmoid64}, "Silu": {rt.Silu32, rt.Silu64},
	"Softplus": {rt.Softplus32, rt.Softplus64}, "Sin": {rt.Sin32, rt.Sin64}, "Cos": {rt.Cos32, rt.Cos64}, "Tan": {rt.Tan32, rt.Tan64},
	"Asin": {rt.Asin32, rt.Asin64}, "Acos": {rt.Acos32, rt.Acos64}, "Atan": {rt.Atan32, rt.Atan64}, "Sinh": {rt.Sinh32, rt.Sinh64},
	"Cosh": {rt.Cosh32, rt.Cosh64}, "Erf": {rt.Erf32, rt.Erf64}, "Bfloat": {rt.Bfloat32, rt.Bfloat64},
	"Half": {rt.Half32, rt.Half64}, "Binade": {rt.Binade32, rt.Binade64},
}

// TestUlp32 sweeps the float32 numbers in steps of NDEC_TEST_STRIDE: 1 takes all of them, which is an hour of
// processor time. References are the float64 functions of package math.
func TestUlp32(t *testing.T) {
	stride := uint64(40009)
	if n, err := strconv.Atoi(os.Getenv("NDEC_TEST_STRIDE")); err == nil {
		stride = uint64(n)
	}
	for _, row := range vmath.Table() {
		if len(row.Args) > 1 {
			continue // TestAtan2, TestPower
		}
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			c, ok := compiled[row.Name]
			ref, ok2 := reference.Functions[row.Name]
			if !ok || !ok2 {
				t.Fatal("the function is not listed in the tests")
			}
			p := row.Build(32)
			worst, at, equal := 0.0, float32(0), 0
			for b := uint64(0); b < 1<<32; b += stride {
				x := math.Float32frombits(uint32(b))
				if row.Name == "Softplus" && x < -87.3 {
					continue
				}
				got := c.f32(x)
				if e := reference.Ulps32(got, ref.F64(float64(x))); e > worst || e != e {
					worst, at = e, x
				}
				if far := row.Far(32); b%7 == 0 && equal < 20000 && (far == 0 || math.Abs(float64(x)) <= far) {
					equal++
					if w := p.Eval32(x); math.Float32bits(w) != math.Float32bits(got) && w == w {
						t.Fatalf("the printed function gives %v at %v, the program %v", got, x, w)
					}
				}
			}
			if !(worst <= row.Ulp32) {
				t.Errorf("%.3f ulp at %v: %v instead of %v", worst, at, c.f32(at), ref.F64(float64(at)))
			}
			t.Logf("%.3f ulp at %v", worst, at)
		})
	}
}

// TestUlp64 compares with numbers of 480 bits.
func TestUlp64(t *testing.T) {
	n := 300
	if os.Getenv("NDEC_TEST_STRIDE") != "" {
		n = 5000
	}
	for _, row := range vmath.Table() {
		if len(row.Args) > 1 {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			c, ref := compiled[row.Name], reference.Functions[row.Name]
			p := row.Build(64)
			worst, at := 0.0, 0.0
			s := rt.Key{Seed: 3}.Stream()
			for i := range uint64(2 * n) {
				// Half of the numbers are uniform, the others in their logarithm.
				u := s.Uniform(2 * i)
				x := ref.Lo*(1-u) + ref.Hi*u
				if i%2 == 0 {
					big := math.Min(math.Max(math.Abs(ref.Lo), math.Abs(ref.Hi)), 1e300)
					x = math.Copysign(math.Exp(math.Log(1e-18)*(1-u)+math.Log(big)*u), s.Uniform(2*i+1)-0.5)
					if x < ref.Lo || x > ref.Hi {
						continue
					}
				}
				got := c.f64(x)
				if e := reference.Ulps(got, ref.Big(reference.Number(x))); e > worst || e != e {
					worst, at = e, x
				}
				if y := p.Eval64(x); math.Float64bits(y) != math.Float64bits(got) {
					t.Fatalf("the printed function gives %v at %v, the program %v", got, x, y)
				}
			}
			if !(worst <= row.Ulp64) {
				t.Errorf("%.3f ulp at %v: %v", worst, at, c.f64(at))
			}
			t.Logf("%.3f ulp at %v", worst, at)
		})
	}
}

// TestFar: sine, cosine and tangent of numbers of any size.
func TestFar(t *testing.T) {
	s := rt.Key{Seed: 5}.Stream()
	for i := range uint64(400) {
		x := math.Copysign(math.Exp(13+s.Uniform(2*i)*690), s.Uniform(2*i+1)-0.5)
		for _, name := range []string{"Sin", "Cos", "Tan"} {
			got := compiled[name].f64(x)
			want := reference.Functions[name].Big(reference.Number(x))
			if !(reference.Ulps(got, want) <= 4) {
				t.Errorf("%s(%v) = %v, want %v", name, x, got, want)
			}
		}
	}
}

func TestAtan2(t *testing.T) {
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e-40, -1e-40, 3e38, -3e38, 1e-310, 1e308}
	check := func(y, x float64) {
		t.Helper()
		if w := math.Atan2(y, x); math.Abs(rt.Atan264(y, x)-w) > 4*(math.Nextafter(math.Abs(w), 9)-math.Abs(w)) || math.Signbit(rt.Atan264(y, x)) != math.Signbit(w) && w == w || (w != w) != (rt.Atan264(y, x) != rt.Atan264(y, x)) {
			t.Errorf("Atan264(%v, %v) = %v, want %v", y, x, rt.Atan264(y, x), w)
		}
		y32, x32 := float32(y), float32(x)
		w := math.Atan2(float64(y32), float64(x32))
		if got := rt.Atan232(y32, x32); reference.Ulps32(got, w) > 4 || math.Signbit(float64(got)) != math.Signbit(w) && w == w {
			t.Errorf("Atan232(%v, %v) = %v, want %v (%.2f ulp)", y32, x32, got, w, reference.Ulps32(got, w))
		}
	}
	for _, y := range special {
		for _, x := range special {
			check(y, x)
		}
	}
	s := rt.Key{Seed: 9}.Stream()
	for i := range uint64(50000) {
		y, x := s.Normal(2*i), s.Normal(2*i+1)
		if i%3 == 0 {
			y *= math.Exp(40 * s.Normal(i+1<<40))
		}
		check(y, x)
	}
}

// TestSpecial: what is not finite, zeros with their signs, and small numbers.
func TestSpecial(t *testing.T) {
	inf, nan, zero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	for _, c := range []struct {
		name    string
		x, want float64
	}{
		{"Exp", -inf, 0}, {"Exp", inf, inf}, {"Exp", 1000, inf}, {"Exp", -1000, 0}, {"Log", 0, -inf}, {"Log", zero, -inf}, {"Log", -1, nan}, {"Log", -inf, nan}, {"Log", inf, inf},
		{"Log1p", -1, -inf}, {"Log1p", -2, nan}, {"Log1p", inf, inf}, {"Log1p", zero, zero}, {"Expm1", -inf, -1}, {"Expm1", inf, inf}, {"Expm1", zero, zero}, {"Expm1", 1e-30, 1e-30},
		{"Tanh", zero, zero}, {"Sigmoid", inf, 1}, {"Sigmoid", -inf, 0}, {"Silu", inf, inf}, {"Silu", -inf, zero}, {"Softplus", inf, inf},
		{"Sin", zero, zero}, {"Sin", inf, nan}, {"Cos", -inf, nan}, {"Tan", inf, nan}, {"Tan", zero, zero}, {"Asin", 1.5, nan}, {"Asin", zero, zero}, {"Acos", -1.5, nan}, {"Acos", 1, 0},
		{"Atan", inf, math.Pi / 2}, {"Atan", -inf, -math.Pi / 2}, {"Atan", zero, zero}, {"Sinh", -inf, -inf}, {"Sinh", zero, zero}, {"Cosh", -inf, inf}, {"Erf", inf, 1}, {"Erf", -inf, -1}, {"Erf", zero, zero}, {"Bfloat", inf, inf}, {"Bfloat", zero, zero}, {"Bfloat", 257, 256}, {"Bfloat", 259, 260}, {"Bfloat", -257.5, -258},
		{"Half", inf, inf}, {"Half", -inf, -inf}, {"Half", zero, zero}, {"Half", -0x1p-26, zero}, {"Half", 0x1p-24, 0x1p-24}, {"Half", 0x1.8p-24, 0x1p-23}, {"Half", 0x1.8p-25, 0x1p-24}, {"Half", 2049, 2048}, {"Half", -2051, -2052}, {"Half", 65519, 65504}, {"Half", -65520, -inf},
		{"Half", 0x1.fffp-15, 0x1p-14}, {"Binade", 0, 1}, {"Binade", inf, 1}, {"Binade", -3, 2}, {"Binade", 4, 4}, {"Binade", 0x1.8p-126, 0x1p-126}, {"Binade", 0x1p-130, 1}, {"Binade", 0x1.5p127, 0x1p126},
	} {
		f := compiled[c.name]
		if got := f.f64(c.x); got != c.want && (got == got || c.want == c.want) || math.Signbit(got) != math.Signbit(c.want) && c.want == c.want {
			t.Errorf("%s64(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
		if got := f.f32(float32(c.x)); got != float32(c.want) && (got == got || c.want == c.want) || math.Signbit(float64(got)) != math.Signbit(c.want) && c.want == c.want {
			t.Errorf("%s32(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
	for name, f := range compiled {
		if x := f.f64(nan); x == x {
			t.Errorf("%s64(NaN) = %v", name, x)
		}
		if x := f.f32(float32(nan)); x == x {
			t.Errorf("%s32(NaN) = %v", name, x)
		}
	}
}

// TestBounds: what is never beyond 1 in exact numbers is not by rounding either. All float32 numbers around the places where a
// function nears its bound are taken, and others in steps; float64 numbers are taken at random.
func TestBounds(t *testing.T) {
	near := map[string][4]float64{ // in float32, in float64
		"Tanh": {6, 8.1, 15, 20}, "Erf": {2.5, 4.5, 5, 6.5}, "Sigmoid": {12, 18, 33, 40}, "Sin": {1.57, 1.5716, 1.57079, 1.57081},
		"Cos": {3.1408, 3.1424, 3.14158, 3.14161},
	}
	s := rt.Key{Seed: 7}.Stream()
	for _, row := range vmath.Table() {
		if !row.Bounded {
			continue
		}
		name := row.Name
		at, f := near[name], compiled[name]
		look32 := func(x float32) {
			if y := f.f32(x); at[0] == 0 || !(y >= -1 && y <= 1) {
				t.Fatalf("%s32(%v) is %v", name, x, y)
			}
		}
		for b := math.Float32bits(float32(at[0])); b <= math.Float32bits(float32(at[1])); b++ {
			look32(math.Float32frombits(b))
			look32(-math.Float32frombits(b))
		}
		for b := uint32(0); b < 0x7f800000; b += 10007 {
			look32(math.Float32frombits(b))
		}
		for i := range uint64(1e6) {
			for _, x := range []float64{at[2] + (at[3]-at[2])*s.Uniform(2*i), math.Exp(1400*s.Uniform(2*i+1) - 700)} {
				if y := f.f64(x); !(y >= -1 && y <= 1) {
					t.Fatalf("%s64(%v) is %v", name, x, y)
				}
			}
		}
	}
	for _, x := range []float64{19.0625, 20, 700, math.MaxFloat64, math.Inf(1)} {
		for _, tanh := range []float64{rt.Tanh64(x), -rt.Tanh64(-x), float64(rt.Tanh32(float32(x))), -float64(rt.Tanh32(float32(-x))),
			vmath.OfSoon("Tanh", 64).Eval64(x), float64(vmath.OfSoon("Tanh", 32).Eval32(float32(x)))} {
			if tanh != 1 {
				t.Errorf("tanh(%v) is %v", x, tanh)
			}
		}
	}
}

// TestPower: special cases are those of package math; others are within the bound, results near the ends of the numbers too.
func TestPower(t *testing.T) {
	p32, p64 := vmath.Of("Power", 32), vmath.Of("Power", 64)
	exact := func(x, y float64) *big.Float {
		return reference.Functions["Exp"].Big(new(big.Float).SetPrec(480).Mul(reference.Number(y), reference.Functions["Log"].Big(reference.Number(x))))
	}
	calls := 0 // of which some are compared with big numbers, which take a millisecond
	check := func(x, y float64) {
		t.Helper()
		calls++
		got, want := rt.Power64(x, y), math.Pow(x, y)
		switch {
		case math.IsInf(want, 0) || want != want || want == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || x != x || y != y:
			if got != want && (got == got || want == want) || math.Signbit(got) != math.Signbit(want) && want == want {
				t.Errorf("Power64(%v, %v) = %v, want %v", x, y, got, want)
			}
		case math.Signbit(got) != math.Signbit(want) || math.Abs(got) != rt.Power64(math.Abs(x), y):
			t.Errorf("Power64(%v, %v) = %v, want the sign of %v and the bits without one", x, y, got, want)
		case x > 0 && math.Abs(want-1) > 1e-9 && calls%7 == 0:
			if u := reference.Ulps(got, exact(x, y)); !(u <= p64.Row.Ulp64) {
				t.Errorf("Power64(%v, %v) = %v, want about %v (%.2f ulp)", x, y, got, want, u)
			}
		}
		x32, y32 := float32(x), float32(y)
		if got, want := rt.Power32(x32, y32), math.Pow(float64(x32), float64(y32)); !(reference.Ulps32(got, want) <= p32.Row.Ulp32) || math.Signbit(float64(got)) != math.Signbit(want) && want == want {
			t.Errorf("Power32(%v, %v) = %v, want %v (%.2f ulp)", x32, y32, got, want, reference.Ulps32(got, want))
		}
	}
	inf := math.Inf(1)
	special := []float64{0, 1, 2, 3, 0.5, 1.5, 1 - 0x1p-53, 1 + 0x1p-52, 1 - 0x1p-24, 1 + 0x1p-23, 1e-300, 1e300, 1e-40, 1e38, 5e-324, 0x1p52, 0x1p52 + 1, 0x1p53 - 1, 0x1p53, 0x1p23, 0x1p23 + 1, 0x1p24 - 1, 0x1p51 + 0.5, math.MaxFloat64, inf, 1074, 1022, 1023.5, 149, 127}
	for _, x := range special {
		for _, y := range special {
			for _, s := range []float64{1, -1} {
				check(s*x, y)
				check(s*x, -y)
				check(s*x, math.NaN())
				check(math.NaN(), s*y)
			}
		}
	}
	s := rt.Key{Seed: 11}.Stream()
	worst32, worst64 := 0.0, 0.0
	n := uint64(200000)
	for i := range n {
		x := math.Exp(20 * s.Normal(2*i))
		if i%2 == 0 {
			x = math.Exp(s.Normal(2*i) / 50)
		}
		y := (2*s.Uniform(2*i+1) - 1) * 88 / math.Abs(math.Log(x)) // results over all float32 numbers
		x32, y32 := float32(x), float32(y)
		got := rt.Power32(x32, y32)
		worst32 = max(worst32, reference.Ulps32(got, math.Pow(float64(x32), float64(y32))))
		if w := p32.Eval32(x32, y32); math.Float32bits(w) != math.Float32bits(got) {
			t.Fatalf("the printed function gives %v at (%v, %v), the program %v", got, x32, y32, w)
		}
		if i >= n/100 {
			continue
		}
		y *= 8
		got64 := rt.Power64(x, y)
		worst64 = max(worst64, reference.Ulps(got64, exact(x, y)))
		if w := p64.Eval64(x, y); math.Float64bits(w) != math.Float64bits(got64) {
			t.Fatalf("the printed function gives %v at (%v, %v), the program %v", got64, x, y, w)
		}
	}
	t.Logf("%.3f ulp in float32, %.3f in float64", worst32, worst64)
	if !(worst32 <= p32.Row.Ulp32 && worst64 <= p64.Row.Ulp64) {
		t.Errorf("%.3f ulp in float32, %.3f in float64", worst32, worst64)
	}
}
