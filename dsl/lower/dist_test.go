package lower

import (
	"math"
	"testing"
)

// Densities and divergences of every family have their values, numerically integrated ones for divergences.
func TestDistributions(t *testing.T) {
	m := compile(t, `package p

model M(x [2]real, m, s, a, b real) (u, r, n, l, d real) {
	return log_prob(uniform(m, s), x), log_prob(rademacher(), x), kl(normal(m, s), normal(a, b)), kl(laplace(m, s), laplace(a, b)), kl(uniform(m, s), uniform(a, b))
}
`)
	mc := newMachine(t, m, nil)
	call := func(x [2]float64, m1, s, a, b float64) []float64 {
		var out []float64
		for _, v := range mc.call(m.FuncByName("M"), [][]float64{x[:], {m1}, {s}, {a}, {b}}) {
			out = append(out, v[0])
		}
		return out
	}
	const m1, s, a, b = 0.25, 0.75, -0.5, 1.5
	integral := func(log func(x, m, s float64) float64) float64 {
		sum := 0.0
		const n, span = 400000, 30.0
		for i := range n {
			x := span * ((float64(i)+0.5)/n - 0.5)
			if p := log(x, m1, s); !math.IsInf(p, -1) {
				sum += math.Exp(p) * (p - log(x, a, b)) * span / n
			}
		}
		return sum
	}
	got := call([2]float64{0.25, 0.5}, m1, s, a, b)
	for i, want := range []float64{-2 * math.Log(s-m1), math.Inf(-1),
		integral(func(x, m, s float64) float64 { return -(x-m)*(x-m)/(2*s*s) - math.Log(s) - math.Log(2*math.Pi)/2 }),
		integral(func(x, m, s float64) float64 { return -math.Abs(x-m)/s - math.Log(2*s) }),
		math.Log((b - a) / (s - m1))} {
		if !(math.Abs(got[i]-want) <= 1e-7) && got[i] != want {
			t.Errorf("value %d is %v, want %v", i, got[i], want)
		}
	}
	if out := call([2]float64{0.75, 0.5}, m1, s, a, b); !math.IsInf(out[0], -1) {
		t.Errorf("a uniform density at its upper bound is %v", out[0])
	}
	if out := call([2]float64{-1, 1}, m1, s, 0.5, b); out[1] != -2*math.Ln2 || !math.IsInf(out[4], 1) {
		t.Errorf("signs have %v, and a uniform distribution that lies outside is %v away", out[1], out[4])
	}
}
