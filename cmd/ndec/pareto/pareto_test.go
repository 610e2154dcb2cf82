package pareto

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// hand is a set whose fronts are known: A is cheap and rough, B in between, C dear and exact; D is beaten
// by B, E equals B, F fails, and H is a hypersolver that is best at 2 and 4 evaluations and beaten at 8.
func hand() []Point {
	at := func(solver string, kind Kind, nfe, macs, seconds, err float64) Point {
		return Point{Solver: solver, Setting: "steps: 1", Kind: kind, Cost: [NumAxes]float64{nfe, macs, seconds}, Error: err}
	}
	ps := []Point{
		at("A", Classical, 1, 100, 1e-6, 1),
		at("B", Classical, 4, 400, 4e-6, 1e-2),
		at("C", Declared, 8, 800, 8e-6, 1e-4),
		at("D", Classical, 4, 500, 5e-6, 2e-2),
		at("E", Classical, 4, 400, 4e-6, 1e-2),
		at("F", Classical, 1, 10, 1e-7, 1e-9),
		at("H", Hypersolver, 2, 300, 3e-6, 1e-1),
		at("H", Hypersolver, 4, 600, 6e-6, 5e-4),
		at("H", Hypersolver, 8, 1200, 9e-6, 4e-4),
		{Solver: "N", Cost: [NumAxes]float64{1, 1, 1e-9}, Error: math.NaN()},
	}
	ps[5].Failed = 1
	return ps
}

func TestFront(t *testing.T) {
	for axis, want := range [NumAxes][]int{{0, 6, 7, 2}, {0, 6, 1, 7, 2}, {0, 6, 1, 7, 2}} {
		if got := Front(hand(), Axis(axis)); !slices.Equal(got, want) {
			t.Errorf("front by %s is %v, want %v", Axis(axis), got, want)
		}
	}
	if got := Front(nil, Time); got != nil {
		t.Errorf("front of nothing is %v", got)
	}
}

// TestFrontBeatsAll compares with the definition on points in a grid with ties.
func TestFrontBeatsAll(t *testing.T) {
	var ps []Point
	for i := range 60 {
		ps = append(ps, Point{Cost: [NumAxes]float64{float64(i * 7 % 11), 0, 0}, Error: float64(i * 13 % 17), Failed: i % 5 / 4})
	}
	on := map[int]bool{}
	for _, i := range Front(ps, Evaluations) {
		on[i] = true
	}
	for i := range ps {
		beaten, twin := false, false
		for j := range ps {
			c, e := ps[j].Cost[0]-ps[i].Cost[0], ps[j].Error-ps[i].Error
			beaten = beaten || ps[j].Failed == 0 && c <= 0 && e <= 0 && c+e < 0
			twin = twin || on[j] && c == 0 && e == 0
		}
		if want := ps[i].Failed == 0 && !beaten; want && !twin || !want && on[i] {
			t.Errorf("point %d is on the front: %v, and no other beats it: %v", i, on[i], want)
		}
	}
}

func TestWords(t *testing.T) {
	got := strings.Join(Words(hand()), "\n")
	for _, want := range []string{
		"On the front by evaluations: A (1), H (2 to 4), C (8).",
		"H pays from 2 to 4 evaluations: at 4 evaluations its error is 20 times below that of the best other solver, B{steps: 1} (0.0005 against 0.01).",
		"H does not pay at 8 evaluations: C{steps: 1} is better than H{steps: 1} at 8 evaluations (error 0.0001 against 0.0004).",
		"On the front by multiply-adds: A (100), H (300), B (400), H (600), C (800).",
		"H does not pay at 1,200 multiply-adds: C{steps: 1} is better",
		"On the front by time: A (1 µs), H (3 µs), B (4 µs), H (6 µs), C (8 µs).",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	free := []Point{{Solver: "X", Cost: [NumAxes]float64{3, 0, 1e-6}, Error: 1}}
	if got := strings.Join(Words(free), "\n"); !strings.Contains(got, "No solver needs any multiply-adds here") {
		t.Errorf("nothing about the axis that costs nothing:\n%s", got)
	}
	alone := []Point{{Solver: "H", Kind: Hypersolver, Cost: [NumAxes]float64{3, 1, 1e-6}, Error: 1, Setting: "steps: 3"}}
	if got := strings.Join(Words(alone), "\n"); !strings.Contains(got, "H pays at 3 evaluations: no other solver is as cheap.") {
		t.Errorf("a hypersolver without a rival:\n%s", got)
	}
}

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		axis Axis
		x    float64
		want string
	}{{Evaluations, 47.875, "47.88"}, {MultiplyAdds, 1234.6, "1,235"}, {MultiplyAdds, 2.5e6, "2.5 million"}, {Time, 1.234e-5, "12.3 µs"}, {Time, 4.2e-7, "420 ns"}, {Time, 0.0021, "2.1 ms"}, {Time, 2, "2 s"}} {
		if got := Figure(c.axis, c.x); got != c.want {
			t.Errorf("%v of %s is %q, want %q", c.x, c.axis, got, c.want)
		}
	}
}
