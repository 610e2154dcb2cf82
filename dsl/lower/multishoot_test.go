package lower

import (
	"math"
	"testing"
)

const shooting = `package p

system Decay {
	state x [2]real
	state k real = 1
	context rate real
	der(x) = -rate*x
	der(k) = k
}

model Shoot(xs [6, 2]real, ts [6]time, rate real) (ys [6, 2]real, ks [6]real, gap real) {
	shots := multishoot(Decay{x: xs, rate: rate}, at: ts, group: 2, with: dopri5{rtol: 1e-12, atol: 1e-12})
	return shots.x, shots.k, shots.gap
}

model Whole(xs [6, 2]real, ts [6]time, rate real) (ys [6, 2]real, gap real) {
	shots := multishoot(Decay{x: xs, k: 0, rate: rate}, at: ts, group: 6, with: dopri5{rtol: 1e-12, atol: 1e-12})
	return shots.x, shots.gap
}
`

// Groups start from their data, and the gap is measured where one meets the next.
func TestMultishoot(t *testing.T) {
	m := compile(t, shooting)
	mc := newMachine(t, m, nil)
	xs := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	ts := []float64{0, 0.5, 0.75, 1, 2, 2.5}
	const rate = 0.7
	got := mc.call(m.FuncByName("Shoot"), [][]float64{xs, ts, {rate}})
	want := make([]float64, 12)
	gap := 0.0
	for i := range ts {
		from := i - i%2
		for j := range 2 {
			want[2*i+j] = xs[2*from+j] * math.Exp(-rate*(ts[i]-ts[from]))
			if i > 0 && i%2 == 0 {
				d := xs[2*(i-2)+j]*math.Exp(-rate*(ts[i]-ts[i-2])) - xs[2*i+j]
				gap += d * d / 2
			}
		}
		if i > 0 && i%2 == 0 { // k starts at 1 in every group
			d := math.Exp(ts[i]-ts[i-2]) - 1
			gap += d * d / 2
		}
	}
	for i, w := range append(want, gap) {
		g := append(append([]float64(nil), got[0]...), got[2][0])[i]
		if !(math.Abs(g-w) <= 1e-9*(1+math.Abs(w))) {
			t.Errorf("element %d: %v, want %v", i, g, w)
		}
	}
	if whole := mc.call(m.FuncByName("Whole"), [][]float64{xs, ts, {rate}}); whole[1][0] != 0 || math.Abs(whole[0][11]-2*math.Exp(-rate*2.5)) > 1e-9 {
		t.Errorf("one group: %v", whole)
	}
}
