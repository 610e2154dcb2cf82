package lower

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

const jumping = `package p

system Follow {
	state x real
	input u real {
		interp: KIND
	}
	der(x) = u
	output now = u
}

// One step of a method of order 4 between knots is exact.
model Along(ts [N]time, us [N]real, a, b time) (x real) {
	return solve(Follow{x: 0, u: signal(ts, us)}, over: a..b, with: rk4{steps: 1}).x
}

model Point(ts [N]time, us [N]real, at time) (now real) {
	path := solve(Follow{x: 0, u: signal(ts, us)}, from: at, at: [at], with: rk4{steps: 1})
	return path.now[0]
}
`

// TestSignalJumps: knots of one time are a jump of a signal, which has its values from before until then and those from behind from then on, also
// at the first and at the last knots, and where all are one.
func TestSignalJumps(t *testing.T) {
	for _, c := range []struct {
		kind   string
		ts, us []float64
		area   float64      // from -1 to 4
		points [][2]float64 // time and value
	}{
		{"linear", []float64{1, 1, 1, 1}, []float64{2, 7, 8, 5}, 2*2 + 5*3, [][2]float64{{-1, 2}, {0.99999, 2}, {1, 5}, {1.00001, 5}, {4, 5}}},
		{"linear", []float64{1, 1}, []float64{2, 5}, 2*2 + 5*3, [][2]float64{{-1, 2}, {0, 2}, {0.99999, 2}, {1, 5}, {1.00001, 5}, {4, 5}}},
		{"linear", []float64{0, 0}, []float64{2, 5}, 2 + 5*4, [][2]float64{{-1, 2}, {-1e-307, 2}, {0, 5}, {1e-307, 5}, {4, 5}}},
		{"linear", []float64{0, 0, 2, 2, 2, 3, 3}, []float64{5, 1, 3, 9, 2, 4, 6}, 5 + 4 + 3 + 6, [][2]float64{{-1, 5}, {0, 1}, {1, 2}, {2, 2}, {2.5, 3}, {3, 6}, {4, 6}}},
		{"hold", []float64{1, 1, 1, 1}, []float64{2, 7, 8, 5}, 2*2 + 5*3, [][2]float64{{-1, 2}, {0.99999, 2}, {1, 5}, {4, 5}}},
		{"hold", []float64{0, 0, 2, 2, 2, 3, 3}, []float64{5, 1, 3, 9, 2, 4, 6}, 5 + 2 + 2 + 6, [][2]float64{{-1, 5}, {0, 1}, {1, 1}, {2, 2}, {2.5, 2}, {3, 6}, {4, 6}}},
		{"cubic", []float64{1, 1}, []float64{2, 5}, 2*2 + 5*3, [][2]float64{{-1, 2}, {0.99999, 2}, {1, 5}, {4, 5}}},
		{"cubic", []float64{1, 1, 1, 1}, []float64{2, 7, 8, 5}, 2*2 + 5*3, [][2]float64{{-1, 2}, {0.99999, 2}, {1, 5}, {4, 5}}},
		// A line on one side, a parabola on the other: 1 + t until 1, t² from there to 3, and 9 behind it.
		{"cubic", []float64{0, 1, 1, 2, 3}, []float64{1, 2, 1, 4, 9}, 1 + 1.5 + 26.0/3 + 9, [][2]float64{{-1, 1}, {0.25, 1.25}, {1, 1}, {1.5, 2.25}, {2.75, 7.5625}, {3, 9}}},
		// t² until 2, jumps to a line of slope 2 from 0, and from 2 to 7 at the end; three knots of one time make two jumps at once.
		{"cubic", []float64{0, 1, 2, 2, 2, 3, 3}, []float64{0, 1, 4, 77, 0, 2, 7}, 8.0/3 + 1 + 7, [][2]float64{{0.5, 0.25}, {1.75, 3.0625}, {2, 0}, {2.25, 0.5}, {3, 7}, {4, 7}}},
	} {
		src := jumping
		for key, to := range map[string]string{"KIND": c.kind, "[N]": fmt.Sprintf("[%d]", len(c.ts))} {
			src = strings.ReplaceAll(src, key, to)
		}
		m := compile(t, src)
		mc := newMachine(t, m, nil)
		name := fmt.Sprintf("%s %v", c.kind, c.ts)
		for _, span := range [][2]float64{{-1, 4}, {4, -1}} {
			want := math.Copysign(c.area, span[1]-span[0])
			if got := mc.call(m.FuncByName("Along"), [][]float64{c.ts, c.us, {span[0]}, {span[1]}})[0][0]; !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
				t.Errorf("%s: the integral over %v is %v, want %v", name, span, got, want)
			}
		}
		for _, p := range c.points {
			if got := mc.call(m.FuncByName("Point"), [][]float64{c.ts, c.us, {p[0]}})[0][0]; !(math.Abs(got-p[1]) <= 1e-14*(1+math.Abs(p[1]))) {
				t.Errorf("%s: %v at %v, want %v", name, got, p[0], p[1])
			}
		}
	}
}
