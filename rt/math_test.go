package rt

import (
	"math"
	"math/big"
	"testing"
)

// bigRef is sin(x + quarter π/2), x reduced with 400 bits of π.
func bigRef(quarter int64) func(float64) float64 {
	const digits = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651328230664709384460955"
	half, _, err := big.ParseFloat(digits, 10, 400, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	half.Quo(half, big.NewFloat(2))
	return func(x float64) float64 {
		v := new(big.Float).SetPrec(400).SetFloat64(x)
		q := new(big.Float).SetPrec(400).Quo(v, half)
		n, _ := q.Add(q, big.NewFloat(0.5)).Int(nil)
		v.Sub(v, new(big.Float).SetPrec(400).Mul(new(big.Float).SetPrec(400).SetInt(n), half))
		r, _ := v.Float64()
		switch new(big.Int).Add(n, big.NewInt(quarter)).Int64() & 3 {
		case 0:
			return math.Sin(r)
		case 1:
			return math.Cos(r)
		case 2:
			return -math.Sin(r)
		}
		return -math.Cos(r)
	}
}

// unary lists every function with its reference, range and bound in ulp.
var unary64 = []struct {
	name   string
	f, ref func(float64) float64
	lo, hi float64
	ulp    float64
}{
	{"tanh", Tanh64, math.Tanh, -20, 20, 9},
	{"exp", Exp64, math.Exp, -708, 709, 2},
	{"expm1", Expm164, math.Expm1, -3, 3, 12},
	{"log", Log64, math.Log, 1e-9, 1e6, 2},
	{"log1p", Log1p64, math.Log1p, -0.9, 10, 4},
	{"sin", Sin64, math.Sin, -300, 300, 2},
	{"sin large", Sin64, bigRef(0), 1e6, 1e15, 2},
	{"cos large", Cos64, bigRef(1), 1e6, 1e15, 2},
	{"cos", Cos64, math.Cos, -300, 300, 2},
	{"tan", Tan64, math.Tan, -10, 10, 4},
	{"atan", Atan64, math.Atan, -20, 20, 2},
	{"asin", Asin64, func(x float64) float64 { return math.Atan2(x, math.Sqrt(math.FMA(-x, x, 1))) }, -1, 1, 4},
	{"acos", Acos64, func(x float64) float64 { return math.Atan2(math.Sqrt(math.FMA(-x, x, 1)), x) }, -1, 1, 4},
	{"erf", Erf64, math.Erf, -7, 7, 2},
	{"sinh", Sinh64, math.Sinh, -30, 30, 14},
	{"cosh", Cosh64, math.Cosh, -30, 30, 4},
	{"softplus", Softplus64, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, -50, 50, 5},
	{"sigmoid", Sigmoid64, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -50, 50, 4},
	{"silu", Silu64, func(x float64) float64 { return x / (1 + math.Exp(-x)) }, -50, 50, 5},
	{"pow 2.5", func(x float64) float64 { return Pow64(x, 2.5) }, func(x float64) float64 { return math.Pow(x, 2.5) }, 0, 100, 4},
	{"pow -3", func(x float64) float64 { return Pow64(x, -3) }, func(x float64) float64 { return math.Pow(x, -3) }, -9, 9, 4},
}

func TestFunctions64(t *testing.T) {
	for _, c := range unary64 {
		worst, at := 0.0, 0.0
		for i := range 20001 {
			x := c.lo + (c.hi-c.lo)*float64(i)/20000
			got, want := c.f(x), c.ref(x)
			if got == want {
				continue
			}
			ulp := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
			if e := math.Abs(got-want) / ulp; e > worst || e != e {
				worst, at = e, x
			}
		}
		if !(worst <= c.ulp) {
			t.Errorf("%s: %.1f ulp at %v (%v, want %v)", c.name, worst, at, c.f(at), c.ref(at))
		}
	}
}

func TestFunctions32(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      func(float32) float32
		ref    func(float64) float64
		lo, hi float64
		ulp    float64
	}{
		{"tanh", Tanh32, math.Tanh, -9.5, 9.5, 6},
		{"exp", Exp32, math.Exp, -87, 88, 2},
		{"sigmoid", Sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -87, 87, 4},
		{"silu", Silu32, func(x float64) float64 { return x / (1 + math.Exp(-x)) }, -87, 87, 5},
		{"softplus", Softplus32, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, -80, 80, 5},
		{"sin", Sin32, math.Sin, -300, 300, 1},
		{"erf", Erf32, math.Erf, -5, 5, 1},
	} {
		worst, at := 0.0, float32(0)
		for i := range 100001 {
			x := float32(c.lo + (c.hi-c.lo)*float64(i)/100000)
			want := c.ref(float64(x))
			w32 := float32(math.Abs(want))
			ulp := float64(math.Nextafter32(w32, float32(math.Inf(1))) - w32)
			if e := math.Abs(float64(c.f(x))-want) / ulp; e > worst || e != e {
				worst, at = e, x
			}
		}
		if !(worst <= c.ulp) {
			t.Errorf("%s: %.2f ulp at %v (%v)", c.name, worst, at, c.f(at))
		}
	}
}

func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range unary64 {
		if c.name != "pow 2.5" && !math.IsNaN(c.f(nan)) {
			t.Errorf("%s(NaN) = %v", c.name, c.f(nan))
		}
	}
	if Tanh32(float32(nan)) == Tanh32(float32(nan)) {
		t.Error("Tanh32 loses NaN")
	}
	for _, c := range []struct{ got, want float64 }{
		{Exp64(-inf), 0}, {Exp64(inf), inf}, {Exp64(-745), math.Exp(-745)}, {Exp64(709.7), math.Exp(709.7)},
		{Log64(0), -inf}, {Log64(inf), inf}, {Log64(5e-324), -744.4400719213812}, {Silu64(-inf), 0}, {Softplus64(inf), inf},
		{Pow64(-2, 3), -8}, {Pow64(0, -1), inf}, {Pow64(2, 1023), math.Ldexp(1, 1023)}, {Pow64(2, -1074), 5e-324}, {Pow64(0.5, inf), 0},
		{Atan264(1, -1), 3 * math.Pi / 4}, {Atan264(0, -1), math.Pi}, {Erf64(inf), 1}, {Tanh64(inf), math.Tanh(19.0625)},
		{float64(Exp32(-100)), float64(float32(math.Exp(-100)))}, {float64(Exp32(float32(inf)))*0 + 1, math.NaN()},
	} {
		if math.Abs(c.got-c.want) > 4e-16*math.Abs(c.want) && !(c.want != c.want && c.got != c.got) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

// TestPhilox uses the known answers published with Random123.
func TestPhilox(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox4x32(c.ctr, c.key); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.ctr, c.key, got, c.want)
		}
	}
}

func TestNormalMoments(t *testing.T) {
	s := Key{Seed: 7}.Stream()
	var m, v, q float64
	const n = 200000
	for i := range uint64(n) {
		x := s.Normal(i)
		m, v, q = m+x/n, v+x*x/n, q+x*x*x*x/n
	}
	if math.Abs(m) > 0.01 || math.Abs(v-1) > 0.015 || math.Abs(q-3) > 0.1 {
		t.Errorf("mean %v, variance %v, fourth moment %v", m, v, q)
	}
}

func BenchmarkTanh32(b *testing.B) {
	xs := [64]float32{}
	for i := range xs {
		xs[i] = float32(i)/16 - 2
	}
	var s float32
	for i := 0; b.Loop(); i++ {
		s += Tanh32(xs[i&63])
	}
	_ = s
}
