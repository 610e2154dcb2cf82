package method

import (
	"math"
	"math/big"
	"math/cmplx"
)

// uses say what each method is good for, for its page.
var uses = map[string]string{
	"euler":           "The base of hypersolvers that learn most of the step; residual networks read as a flow. For accuracy nothing else: halving the error doubles the cost.",
	"midpoint":        "Cheap fixed steps, and the base of hypersolvers with two evaluations.",
	"heun":            "Cheap fixed steps whose stages lie at the ends of the step, where data given on a mesh are known.",
	"ralston":         "Fixed steps with two evaluations and the smallest bound of the error among them.",
	"alpha":           "Choosing the second node, as hypersolvers that learn the method itself do.",
	"heun3":           "Fixed steps of moderate accuracy with three evaluations.",
	"ssprk33":         "Discretised conservation laws: what Euler's method keeps (bounds, total variation), it keeps with the same step.",
	"rk4":             "Fixed steps of smooth fields: the most order for its evaluations, and the same cost for every sample.",
	"rk4_38":          "Comparing with torchdiffeq, whose rk4 it is; otherwise as rk4, with a slightly smaller error and more sums.",
	"heun_euler":      "Rough tolerances of fields that are not smooth, where a low order loses nothing.",
	"fehlberg2":       "Rough tolerances; its error estimate is finer than that of heun_euler for one evaluation more.",
	"bosh3":           "Tolerances from 1e-2 to 1e-3, and fields with many kinks: three evaluations a step and a cheap rejected step.",
	"fehlberg45":      "Comparing with codes that use it; dopri5 and tsit5 have smaller errors and an evaluation less for dense output.",
	"cashkarp":        "Comparing with codes that use it.",
	"dopri5":          "The default: tolerances from 1e-3 to 1e-7, dense output that costs no evaluation.",
	"tsit5":           "As dopri5: as many evaluations at a tolerance, and smaller errors where stability does not decide.",
	"vern7":           "Smooth fields at tolerances from 1e-6 to 1e-10.",
	"dopri8":          "Smooth fields at tolerances below 1e-8; the best here on two-body orbits.",
	"vern9":           "Smooth fields at tolerances below 1e-10, and reference solutions.",
	"alf":             "Training with memory that does not grow with the number of steps: each step can be undone, at one evaluation.",
	"reversible_heun": "As alf, without a velocity: the field itself is carried along a second solution.",
	"adams_bashforth": "Fields that are dear and smooth: one evaluation a step at any order, with fixed steps.",
	"adams_moulton":   "As adams_bashforth, with an error many times smaller for a few evaluations more.",
	"leapfrog":        "Mechanics over very many steps, where energy must not drift and accuracy of the phase matters less.",
	"yoshida4":        "Mechanics over long times at moderate accuracy.",
	"mclachlan4":      "As yoshida4 with an error many times smaller for 5 evaluations of the force instead of 3.",
	"rkn4":            "Mechanics without friction in fixed steps: the order of rk4 for 3 evaluations of the force instead of 4.",
	"rkn5":            "As rkn4, an order more for an evaluation more.",
	"rkn43":           "Mechanics without friction at tolerances from 1e-2 to 1e-5: 3 evaluations of the force a step.",
	"rkn64":           "Mechanics without friction at tolerances below 1e-5, orbits among it: 5 evaluations of the force a step.",
	"euler_maruyama":  "Noise in the sense of Itô, of any structure.",
	"euler_heun":      "Noise in the sense of Stratonovich.",
	"milstein":        "Diagonal noise that depends on the state, where paths and not only their distribution count.",
	"shooting":        "Studying parareal: the numbers are those of the corrections, the segments are computed one after the other. For a solution the fine method alone costs less.",
}

// Use says what the method is good for; "" where nothing was written.
func (r *Row) Use() string { return uses[r.Name] }

// ErrorConstant is the norm of the coefficients of the principal error, the square root of the sum of
// (Σ b_i phi_i - 1/gamma)²/sigma² over the trees of the next order, sigma the number of symmetries of a tree (Prince, Dormand
// 1981; Hairer, Nørsett, Wanner I, II.5): what methods of one order differ in.
func ErrorConstant(t *Tableau) float64 {
	ts := trees(t.Order + 1)
	c := newConditions(floats80{}, t.A[:len(t.B)], ts)
	sum := 0.0
	for _, tr := range ts[t.Order+1] {
		e := number(new(big.Rat).Sub(c.sum(t.B, tr), big.NewRat(1, tr.gamma))) / tr.symmetries()
		sum += float64(e * e)
	}
	return math.Sqrt(sum)
}

// symmetries is the number of ways in which a tree is mapped to itself.
func (t *tree) symmetries() float64 {
	s, same := 1.0, 0
	for i, c := range t.children { // equal ones stand beside each other
		s *= c.symmetries()
		if same++; i > 0 && t.children[i-1] == c {
			s *= float64(same)
		} else {
			same = 1
		}
	}
	return s
}

// StabilityPolynomial gives the coefficients of R(z): a step multiplies y of y' = z y / h by it.
func StabilityPolynomial(t *Tableau) []float64 {
	s := len(t.B)
	out := []float64{1}
	v := make([]*big.Rat, s) // A^k 1
	for i := range v {
		v[i] = one
	}
	for range s {
		sum := new(big.Rat)
		for i, b := range t.B {
			sum.Add(sum, new(big.Rat).Mul(b, v[i]))
		}
		out = append(out, number(sum))
		next := make([]*big.Rat, s)
		for i, row := range t.A[:s] {
			next[i] = new(big.Rat)
			for j, a := range row {
				next[i].Add(next[i], new(big.Rat).Mul(a, v[j]))
			}
		}
		v = next
	}
	return out
}

// Stability gives how far the method is stable along the negative real axis and along the imaginary axis: the largest h λ
// of a decay, of an oscillation. 0 where it is stable nowhere near the start of the axis.
func Stability(t *Tableau) (decay, oscillation float64) {
	r := StabilityPolynomial(t)
	size := func(z complex128) float64 {
		sum := complex(0, 0)
		for i := len(r) - 1; i >= 0; i-- {
			sum = sum*z + complex(r[i], 0)
		}
		return cmplx.Abs(sum)
	}
	along := func(direction complex128) float64 {
		const slack = 1e-12 // of rounding
		step := 1e-3
		x := 0.0
		for size(direction*complex(x+step, 0)) <= 1+slack && x < 100 {
			x += step
		}
		for lo, hi := x, x+step; ; {
			if x = (lo + hi) / 2; hi-lo < 1e-9 {
				return x
			}
			if size(direction*complex(x, 0)) <= 1+slack {
				lo = x
			} else {
				hi = x
			}
		}
	}
	if grows(r) {
		return along(-1), 0
	}
	return along(-1), along(1i)
}

// grows reports whether |R(iy)| is above 1 for small y: whether the first coefficient of |R(iy)|² - 1 that is not zero is above
// it.
func grows(r []float64) bool {
	e := make([]float64, 2*len(r))
	for i, x := range r {
		for j, y := range r {
			if (i+j)%2 == 0 { // i^i (-i)^j
				sign := 1 - 2*float64(((i-j)/2%2+2)%2)
				e[i+j] += float64(sign * x * y)
			}
		}
	}
	for _, x := range e[1:] {
		if math.Abs(x) > 1e-14 {
			return x > 0
		}
	}
	return false
}
