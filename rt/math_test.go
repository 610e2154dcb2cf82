package rt

import (
	"math"
	"testing"
)

// TestPow: the other functions are tested in ir/vmath, from which they are printed.
func TestPow(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, want float64 }{
		{Pow64(-2, 3), -8}, {Pow64(0, -1), inf}, {Pow64(2, 1023), math.Ldexp(1, 1023)}, {Pow64(2, -1074), 5e-324}, {Pow64(0.5, inf), 0},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	for _, y := range []float64{2.5, -3, 0.5, 4} {
		for i := range 20001 {
			x := -9 + 109*float64(i)/20000
			if x < 0 && y != math.Trunc(y) {
				continue
			}
			got, want := Pow64(x, y), math.Pow(x, y)
			if ulp := math.Nextafter(math.Abs(want), inf) - math.Abs(want); !(math.Abs(got-want) <= 4*ulp) && got != want {
				t.Errorf("%v^%v = %v, want %v", x, y, got, want)
			}
		}
	}
}

// TestPowOfFraction: exponents below one have the bits of mantissa and exponent apart.
func TestPowOfFraction(t *testing.T) {
	for _, y := range []float64{-0.2, 0.2, -0.7, 0.5, -0.5, 0.9999} {
		for e := -1074.0; e < 1024; e += 0.37 {
			x := math.Exp2(e)
			r := Exp64(math.Abs(y) * Log64(x))
			if math.Abs(y) == 0.5 {
				r = math.Sqrt(x)
			}
			m, exp := math.Frexp(r)
			if y < 0 {
				m, exp = 1/m, -exp
			}
			if got, want := Pow64(x, y), math.Ldexp(m, exp); got != want {
				t.Errorf("%v^%v = %v, want %v", x, y, got, want)
			}
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
