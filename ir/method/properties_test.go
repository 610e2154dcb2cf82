package method

import (
	"math"
	"testing"
)

// Every method that compiles says what it is good for.
func TestUses(t *testing.T) {
	for _, r := range Rows(Solver) {
		if !r.Later && r.Use() == "" {
			t.Errorf("%s: uses does not say what it is good for", r.Name)
		}
	}
}

// Properties that are known: stability of methods with as many stages as their order (Hairer, Wanner II, IV.2), of leapfrog's
// friend midpoint, and of dopri5; the constants of Ralston's method against midpoint's, and of dopri5 (HNW I, table II.5.4: 3.99e-4).
func TestProperties(t *testing.T) {
	for name, want := range map[string][2]float64{"euler": {2, 0}, "midpoint": {2, 0}, "heun3": {2.5127, math.Sqrt(3)}, "rk4": {2.7853, 2 * math.Sqrt2}, "dopri5": {3.3066, 0}} {
		decay, oscillation := Stability(Lookup(name).Tableau)
		if math.Abs(decay-want[0]) > 1e-3 || want[1] > 0 && math.Abs(oscillation-want[1]) > 2e-2 {
			t.Errorf("%s is stable to %g and %g, not to %g", name, decay, oscillation, want)
		}
	}
	for name, want := range map[string]float64{
		"euler":    0.5,
		"midpoint": math.Sqrt(1.0/24*1.0/24 + 1.0/36), // trees of order 3: (1/4 - 1/3)/2 and 0 - 1/6
		"dopri5":   3.99e-4,
	} {
		if got := ErrorConstant(Lookup(name).Tableau); math.Abs(got-want) > 2e-3*want {
			t.Errorf("%s has the constant %g, not %g", name, got, want)
		}
	}
	if ErrorConstant(ralston()) >= ErrorConstant(midpoint()) {
		t.Error("Ralston's bound is not smaller than midpoint's")
	}
}

// A tolerance means as much to tsit5 as to dopri5: the leading coefficients of their errors have the same norm.
func TestTrust(t *testing.T) {
	norm := func(name string) float64 {
		tab := Lookup(name).Tableau
		ts := trees(5)
		c := newConditions(floats80{}, tab.A[:len(tab.B)], ts)
		sum := 0.0
		for _, tr := range ts[5] {
			e := number(c.sum(tab.ErrorWeights(), tr)) / tr.symmetries()
			sum += float64(e * e)
		}
		return math.Sqrt(sum)
	}
	if a, b := norm("tsit5"), norm("dopri5"); math.Abs(a/b-1) > 1e-3 {
		t.Errorf("the error of tsit5 begins with %g, that of dopri5 with %g", a, b)
	}
}
