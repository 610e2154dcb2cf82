package lower

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
)

// key is the key of a row at a step.
func key(seed, row, step int) []float64 {
	k := make([]float64, ir.KeyWords)
	k[ir.KeySeedLow], k[ir.KeyRow], k[ir.KeyStep] = float64(seed), float64(row), float64(step)
	return k
}

const draws = `package p

fn affine(m, s, z real) real {
	return m + s*z
}

model Draws(m real, s [2]real) (a [2]real, b [3]real, c, d [3]real, e real) {
	return draw(normal(m, s)), draw(uniform(-1, 3), [3]), draw(laplace(0, 2), [3]), draw(rademacher(), [3]), draw(normal(0, 1))
}

model Twice(m real, s [2]real) (a, b [2]real) {
	x, x2, x3, x4, x5 := Draws(m, s)
	y, y2, y3, y4, y5 := Draws(2*m, s)
	z, z2, z3, z4, z5 := Draws(m, s)
	return x - z, x - y
}

model Mapped(m real, s, z [2]real) [2]real {
	return map(affine, m, s, z)
}
`

// TestDraws: moments of the distributions, and numbers that depend on the key alone.
func TestDraws(t *testing.T) {
	m := compile(t, draws)
	mc := newMachine(t, m, nil)
	f := m.Models[0].Func
	const n = 4000
	var sum, square [12]float64
	for row := range n {
		out := mc.call(f, [][]float64{{0.5}, {1, 3}, key(1, row, 0)})
		k := 0
		for _, o := range out {
			for _, x := range o {
				sum[k] += x / n
				square[k] += x * x / n
				k++
			}
		}
	}
	mean := []float64{0.5, 0.5, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}
	variance := []float64{1, 9, 4. / 3, 4. / 3, 4. / 3, 8, 8, 8, 1, 1, 1, 1}
	for k := range sum {
		v := square[k] - sum[k]*sum[k]
		if d := math.Abs(sum[k]-mean[k]) / math.Sqrt(variance[k]/n); d > 4 {
			t.Errorf("mean of number %d is %v, want %v", k, sum[k], mean[k])
		}
		// The kurtosis of the Laplace distribution is 6, so that the variance has deviation √(5/n) at most.
		if d := math.Abs(v/variance[k]-1) / math.Sqrt(5./n); d > 4 {
			t.Errorf("variance of number %d is %v, want %v", k, v, variance[k])
		}
	}
	first := mc.call(f, [][]float64{{0}, {1, 1}, key(1, 7, 3)})
	near(t, "the same key", mc.call(f, [][]float64{{0}, {1, 1}, key(1, 7, 3)}), first)
	for _, k := range [][]float64{key(2, 7, 3), key(1, 8, 3), key(1, 7, 4)} {
		if other := mc.call(f, [][]float64{{0}, {1, 1}, k}); other[0][0] == first[0][0] || other[4][0] == first[4][0] {
			t.Errorf("key %v gives the numbers of another key", k)
		}
	}
}

// TestDrawsOfCalls: a model that is called again with other arguments draws other numbers; the same
// call is the same value.
func TestDrawsOfCalls(t *testing.T) {
	m := compile(t, draws)
	out := newMachine(t, m, nil).call(m.Models[1].Func, [][]float64{{0}, {1, 1}, key(1, 0, 0)})
	near(t, "the same call", out[:1], [][]float64{{0, 0}})
	if out[1][0] == 0 || out[1][1] == 0 {
		t.Errorf("another call draws the same numbers: %v", out[1])
	}
}

// TestMap: arguments that are cut and arguments that are passed whole, in any order.
func TestMap(t *testing.T) {
	m := compile(t, draws)
	f := m.Models[2].Func
	if m.Models[2].Keyed() {
		t.Error("a model without draws takes a key")
	}
	near(t, "map", newMachine(t, m, nil).call(f, [][]float64{{1}, {2, 3}, {10, 100}}), [][]float64{{21, 301}})
}
