package cudagen_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/rt"
)

const trigonometry = `package trig

model M(x real) (s, c, t real) {
	return sin(x), cos(x), tan(x)
}
`

// exact are sine, cosine and tangent of x, rounded once.
func exact(x float64) [3]float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return [3]float64{math.NaN(), math.NaN(), math.NaN()}
	}
	left, _ := new(big.Float).SetMantExp(new(big.Float).SetPrec(wide+60).SetFloat64(x), wide).Int(nil)
	turn := new(big.Int) // so many times pi/2
	turn.Div(new(big.Int).Add(left, new(big.Int).Rsh(halfPi, 1)), halfPi)
	left.Sub(left, new(big.Int).Mul(turn, halfPi))
	r := new(big.Float).SetPrec(300).SetInt(left)
	r.SetMantExp(r, -wide)
	var sums [2]*big.Float // sine and cosine of what is left
	for odd := range sums {
		term := big.NewFloat(1).SetPrec(300)
		if odd == 0 {
			term.Set(r)
		}
		sum := new(big.Float).Set(term)
		for k := 2 - odd; k < 60; k += 2 {
			term.Quo(term.Mul(term, new(big.Float).Mul(r, r)), big.NewFloat(float64(-k*(k+1))))
			sum.Add(sum, term)
		}
		sums[odd] = sum
	}
	s, c := sums[0], sums[1]
	if turn.Bit(0) == 1 {
		s, c = c, new(big.Float).Neg(s)
	}
	if turn.Bit(1) == 1 {
		s, c = new(big.Float).Neg(s), new(big.Float).Neg(c)
	}
	var out [3]float64
	out[0], _ = s.Float64()
	out[1], _ = c.Float64()
	out[2], _ = new(big.Float).Quo(s, c).Float64()
	return out
}

// wide are the bits of pi/2 behind its point.
const wide = 1400

var halfPi = func() *big.Int { // 2 (4 atan(1/5) - atan(1/239)) (Machin, 1706)
	atan := func(n int64) *big.Int {
		power := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), wide+64), big.NewInt(n))
		sum := new(big.Int)
		for k := int64(1); power.Sign() > 0; k += 2 {
			term := new(big.Int).Div(power, big.NewInt(k))
			if k%4 == 3 {
				term.Neg(term)
			}
			sum.Add(sum, term)
			power.Div(power, big.NewInt(n*n))
		}
		return sum
	}
	pi := new(big.Int).Sub(new(big.Int).Lsh(atan(5), 2), atan(239))
	return pi.Rsh(pi, 63)
}()

// TestTrigonometry measures sine, cosine and tangent of the kernels, of numbers of every size, in units in the last place.
func TestTrigonometry(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 1))
	single := []float64{0, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32, 105615, 105616, 16367173 * 0x1p72} // the last is next to a multiple of pi/2
	double := []float64{0, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 1048576, 1048577, 1e-300, 6381956970095103 * 0x1p797}
	for i := range 1000 {
		single = append(single, math.Copysign(float64(float32(math.Ldexp(1+rnd.Float64(), rnd.IntN(140)-20))), rnd.Float64()-0.5))
		double = append(double, math.Copysign(math.Ldexp(1+rnd.Float64(), rnd.IntN(1050)-30), rnd.Float64()-0.5))
		single = append(single, float64(float32(float64(i)*math.Pi/2)))
		double = append(double, float64(i*i)*math.Pi/2)
	}
	all := map[string]*subject{}
	outs := map[string]*cudagen.Output{}
	for precision, xs := range map[string][]float64{"f32": single, "f64": double} {
		s := programSubject(t, "trig", map[string]string{"trig.nde": trigonometry}, precision)
		s.given, s.rows = [][]float64{xs}, len(xs)
		s.emit(t)
		text := string(s.out.Files[0].Text) // with what a device has; the emulation has the functions of the C library
		for name, own := range map[string]string{"ndec_sin(x)": "ndec_sine(x, 0)", "ndec_cos(x)": "ndec_sine(x, 1)", "ndec_tan(x)": "ndec_tangent(x)"} {
			if !strings.Contains(text, name) {
				t.Fatalf("there is no %s", name)
			}
			text = strings.ReplaceAll(text, name, own)
		}
		s.out.Files[0].Text = []byte(text)
		all[precision], outs[s.name] = s, s.out
	}
	server := emutest.Start(t, outs, emutest.Options{})
	for precision, s := range all {
		var got *rt.Table
		digits := 53
		if precision == "f32" {
			digits = 24
			got = &run[float32](t, s, server.Device(s.name)).Models[0]
		} else {
			got = &run[float64](t, s, server.Device(s.name)).Models[0]
		}
		for f, name := range []string{"sine", "cosine", "tangent"} {
			most, worst := 0.0, 0.0
			for i, x := range s.given[0] {
				y, want := got.Columns[f].Data[i], exact(x)[f]
				if math.IsNaN(y) && math.IsNaN(want) {
					continue
				}
				_, e := math.Frexp(want)
				if off := math.Abs(y-want) / math.Ldexp(1, e-digits); !(off <= most || math.IsNaN(most)) { // which stays
					most, worst = off, x
				}
			}
			t.Logf("%s of %s: %.2f units in the last place, of %g", name, precision, most, worst)
			if limit := []float64{2, 2, 4}[f]; !(most <= limit) {
				t.Errorf("%s of %s is off by %g units in the last place, of %g", name, precision, most, worst)
			}
		}
	}
}

// TestTanh measures the hyperbolic tangent of the kernels, with special instructions that are exact.
func TestTanh(t *testing.T) {
	s := programSubject(t, "tangent", map[string]string{"tangent.nde": "package tangent\n\nmodel M(x real) (y real) {\n\treturn tanh(x)\n}\n"}, "f32")
	xs := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32, 0x1p-149, 0.6, -0.6, 9.01, 44, 45, 90}
	rnd := rand.New(rand.NewPCG(5, 2))
	for range 20000 {
		xs = append(xs, math.Copysign(float64(float32(math.Ldexp(1+rnd.Float64(), rnd.IntN(30)-25))), rnd.Float64()-0.5), float64(float32(rnd.NormFloat64())))
	}
	s.given, s.rows = [][]float64{xs}, len(xs)
	s.emit(t)
	text := string(s.out.Files[0].Text)
	if !strings.Contains(text, "ndec_tanh(x)") {
		t.Fatal("there is no tanh")
	}
	s.out.Files[0].Text = []byte(strings.ReplaceAll(text, "ndec_tanh(x)", "ndec_hyperbolic(x)"))
	server := emutest.Start(t, map[string]*cudagen.Output{s.name: s.out}, emutest.Options{})
	got := run[float32](t, s, server.Device(s.name)).Models[0].Columns[0].Data
	most, worst := 0.0, 0.0
	for i, x := range xs {
		y, want := got[i], math.Tanh(x)
		if math.IsNaN(x) && math.IsNaN(y) || y == want && math.Signbit(y) == math.Signbit(want) {
			continue
		}
		_, e := math.Frexp(want)
		if off := math.Abs(y-want) / math.Ldexp(1, max(e-24, -149)); !(off <= most || math.IsNaN(most)) { // which stays
			most, worst = off, x
		}
	}
	t.Logf("%.2f units in the last place, of %g", most, worst)
	if !(most <= 2) {
		t.Errorf("off by %g units in the last place, of %g", most, worst)
	}
}

// TestSoftplus measures ln(1+e^x) of the kernels; infinities, zeros of either sign and numbers that are none have their own results.
func TestSoftplus(t *testing.T) {
	xs := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32, -math.MaxFloat32, 0x1p-149, 88, -88, -103, -104, 17, -17}
	rnd := rand.New(rand.NewPCG(5, 3))
	for range 2000 {
		xs = append(xs, math.Copysign(float64(float32(math.Ldexp(1+rnd.Float64(), rnd.IntN(30)-25))), rnd.Float64()-0.5), float64(float32(rnd.NormFloat64())))
	}
	all := map[string]*subject{}
	outs := map[string]*cudagen.Output{}
	for _, precision := range []string{"f32", "f64"} {
		s := programSubject(t, "soft", map[string]string{"soft.nde": "package soft\n\nmodel M(x real) (y real) {\n\treturn softplus(x)\n}\n"}, precision)
		s.given, s.rows = [][]float64{xs}, len(xs)
		s.emit(t)
		all[precision], outs[s.name] = s, s.out
	}
	server := emutest.Start(t, outs, emutest.Options{})
	for precision, s := range all {
		var got []float64
		digits, least := 53, -1074
		if precision == "f32" {
			digits, least = 24, -149
			got = run[float32](t, s, server.Device(s.name)).Models[0].Columns[0].Data
		} else {
			got = run[float64](t, s, server.Device(s.name)).Models[0].Columns[0].Data
		}
		most, worst := 0.0, 0.0
		for i, x := range xs {
			y, want := got[i], math.Max(x, 0)+math.Log1p(math.Exp(-math.Abs(x)))
			if math.IsNaN(x) && math.IsNaN(y) || y == want {
				continue
			}
			_, e := math.Frexp(want)
			if off := math.Abs(y-want) / math.Ldexp(1, max(e-digits, least)); !(off <= most || math.IsNaN(most)) { // which stays
				most, worst = off, x
			}
		}
		t.Logf("%s: %.2f units in the last place, of %g", precision, most, worst)
		if !(most <= 4) {
			t.Errorf("%s is off by %g units in the last place, of %g", precision, most, worst)
		}
	}
}
