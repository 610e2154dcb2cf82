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

const counting = `package p

system Decay {
	state x real
	der(x) = -x
	integral area = x
	output lost = initial(x) - x
	output now = t
}

model Shoot(xs [6]real, ts [6]time) (area, lost, now [6]real, nfe, steps, status i32) {
	shots := multishoot(Decay{x: xs}, at: ts, group: 2, with: rk4{steps: 40})
	return shots.area, shots.lost, shots.now, shots.nfe, shots.steps, shots.status
}
`

// Integrals go on over the seams, outputs are those of each group, whose start is initial(x), and evaluations are counted over all groups.
func TestMultishootResults(t *testing.T) {
	m := compile(t, counting)
	xs, ts := []float64{1, 2, 3, 4, 5, 6}, []float64{0, 0.5, 0.75, 1, 2, 2.5}
	got := newMachine(t, m, nil).call(m.FuncByName("Shoot"), [][]float64{xs, ts})
	total := 0.0
	for g := 0; g < 6; g += 2 {
		for i := g; i < g+2; i++ {
			lost := xs[g] * -math.Expm1(ts[g]-ts[i])
			for k, want := range []float64{total + lost, lost, ts[i]} {
				if !(math.Abs(got[k][i]-want) <= 1e-7) {
					t.Errorf("result %d at %g is %v, want %v", k, ts[i], got[k][i], want)
				}
			}
		}
		if g < 4 {
			total += xs[g] * -math.Expm1(ts[g]-ts[g+2])
		}
	}
	if nfe, steps, status := got[3][0], got[4][0], got[5][0]; nfe != 480 || steps != 120 || status != 0 {
		t.Errorf("%v evaluations in %v steps, status %v; want 480, 120, 0", nfe, steps, status)
	}
}
