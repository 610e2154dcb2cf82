package method

import (
	"math/big"
)

// Explicit Runge-Kutta tableaux. HNW is Hairer, Nørsett, Wanner: Solving Ordinary Differential
// Equations I, 2nd edition.

func euler() *Tableau {
	return &Tableau{A: lower(), B: rats("1"), C: rats("0"), Order: 1,
		Dense: powers("1"), DenseOrder: 1}
}

func midpoint() *Tableau {
	return &Tableau{A: lower("1/2"), B: rats("0 1"), C: rats("0 1/2"), Order: 2,
		Dense: powers("1 -1", "0 1"), DenseOrder: 2}
}

func heun() *Tableau {
	return &Tableau{A: lower("1"), B: rats("1/2 1/2"), C: rats("0 1"), Order: 2,
		Dense: powers("1 -1/2", "0 1/2"), DenseOrder: 2}
}

func ralston() *Tableau {
	return &Tableau{A: lower("2/3"), B: rats("1/4 3/4"), C: rats("0 2/3"), Order: 2,
		Dense: powers("1 -3/4", "0 3/4"), DenseOrder: 2}
}

// alpha is the family of methods of order 2 with two stages, the second one at t + a h; a is not 0.
func alpha(a *big.Rat) *Tableau {
	b2 := new(big.Rat).Quo(big.NewRat(1, 2), a)
	b1 := new(big.Rat).Sub(one, b2)
	return &Tableau{A: [][]*big.Rat{{}, {a}}, B: []*big.Rat{b1, b2}, C: []*big.Rat{new(big.Rat), a}, Order: 2,
		Dense: [][]*big.Rat{{one, new(big.Rat).Neg(b2)}, {new(big.Rat), b2}}, DenseOrder: 2}
}

func alphaOf(option func(key string) float64) *Tableau {
	return alpha(new(big.Rat).SetFloat64(option("a")))
}

func heun3() *Tableau {
	return &Tableau{A: lower("1/3", "0 2/3"), B: rats("1/4 0 3/4"), C: rats("0 1/3 2/3"), Order: 3,
		Dense: powers("1 -3/4", "0 0", "0 3/4"), DenseOrder: 2}
}

// yoshida4 is the triple jump.
func yoshida4() *Splitting {
	// w = 1/(2 - 2^(1/3)) is the root of 2 w³ + (1 - 2 w)³ = 0.
	return order4(big.NewRat(27, 20))
}

// mclachlan4 has weights a, b, 1 - 2(a + b), b, a.
func mclachlan4() *Splitting {
	// b is the paper's decimal 0.62546642846767004501, which solves the condition of order 4, to more digits.
	near := rats("0.62546642846767004501 0.28")
	return order4(near[0], near[1])
}

// order4 is the composition of order 4 with the outer weights given…, near, where near is moved to where the sum of cubes is zero.
func order4(near *big.Rat, given ...*big.Rat) *Splitting {
	with := func(x *big.Rat) *Splitting { return composed(4, append(given[:len(given):len(given)], x)...) }
	x := rootNear(near, func(x *big.Rat) *big.Rat { return with(x).cubes() }, func(x *big.Rat) *big.Rat {
		ws := with(x).Weights
		middle := ws[len(ws)/2]
		d := new(big.Rat).Sub(new(big.Rat).Mul(x, x), new(big.Rat).Mul(middle, middle))
		return d.Mul(d, big.NewRat(6, 1))
	})
	return with(x)
}

func ssprk33() *Tableau {
	return &Tableau{A: lower("1", "1/4 1/4"), B: rats("1/6 1/6 2/3"), C: rats("0 1 1/2"), Order: 3,
		Dense: powers("1 -5/6", "0 1/6", "0 2/3"), DenseOrder: 2}
}

func heunEuler() *Tableau {
	t := heun()
	t.BHat, t.Embedded = rats("1 0"), 1
	return t
}

// fehlberg2 has the quadratic weights that start in direction k1, as every method of order 2 has them.
func fehlberg2() *Tableau {
	return &Tableau{A: lower("1/2", "1/256 255/256"), B: rats("1/512 255/256 1/512"), BHat: rats("1/256 255/256 0"),
		C: rats("0 1/2 1"), Order: 2, Embedded: 1,
		Dense: powers("1 -511/512", "0 255/256", "0 1/512"), DenseOrder: 2}
}

// rk4 has the continuous weights of HNW section II.6 with b3 = b2.
func rk4() *Tableau {
	return &Tableau{A: lower("1/2", "0 1/2", "0 0 1"), B: rats("1/6 1/3 1/3 1/6"), C: rats("0 1/2 1/2 1"), Order: 4,
		Dense: powers("1 -3/2 2/3", "0 1 -2/3", "0 1 -2/3", "0 -1/2 2/3"), DenseOrder: 3}
}

// rk4_38 has continuous weights of order 3, which its nodes determine.
func rk4_38() *Tableau {
	return &Tableau{A: lower("1/3", "-1/3 1", "1 -1 1"), B: rats("1/8 3/8 3/8 1/8"), C: rats("0 1/3 2/3 1"), Order: 4,
		Dense: powers("1 -15/8 1", "0 15/8 -3/2", "0 3/8 0", "0 -3/8 1/2"), DenseOrder: 3}
}

// bosh3 has the cubic Hermite polynomial as its continuous weights: the field is known at both ends.
func bosh3() *Tableau {
	return &Tableau{A: lower("1/2", "0 3/4", "2/9 1/3 4/9"), B: rats("2/9 1/3 4/9 0"), BHat: rats("7/24 1/4 1/3 1/8"),
		C: rats("0 1/2 3/4 1"), Order: 3, Embedded: 2,
		Dense: powers("1 -4/3 5/9", "0 1 -2/3", "0 4/3 -8/9", "0 -1 1"), DenseOrder: 3}
}

// dopri5 has Shampine's embedded weights.
func dopri5() *Tableau {
	t := &Tableau{
		A: lower("1/5",
			"3/40 9/40",
			"44/45 -56/15 32/9",
			"19372/6561 -25360/2187 64448/6561 -212/729",
			"9017/3168 -355/33 46732/5247 49/176 -5103/18656",
			"35/384 0 500/1113 125/192 -2187/6784 11/84"),
		B:     rats("35/384 0 500/1113 125/192 -2187/6784 11/84 0"),
		BHat:  rats("1951/21600 0 22642/50085 451/720 -12231/42400 649/6300 1/60"),
		C:     rats("0 1/5 3/10 4/5 8/9 1 1"),
		Order: 5, Embedded: 4, DenseOrder: 4}
	t.Dense = shampine(t.B)
	return t
}

// shampine gives the quartic continuous weights of dopri5 (HNW II.6, dense output of DOPRI5),
//
//	y + theta (r2 + theta' (r3 + theta (r4 + theta' r5))),  theta' = 1-theta,
//
// with r2 = y1-y, r3 = h k1 - r2, r4 = r2 - h k7 - r3 and r5 = h Σ d_i k_i, in powers of theta.
func shampine(b []*big.Rat) [][]*big.Rat {
	d := rats("-12715105075/11282082432 0 87487479700/32700410799 -10690763975/1880347072 701980252875/199316789632 -1453857185/822651844 69997945/29380423")
	sub := func(x, y *big.Rat) *big.Rat { return new(big.Rat).Sub(x, y) }
	add := func(x, y *big.Rat) *big.Rat { return new(big.Rat).Add(x, y) }
	out := make([][]*big.Rat, len(b))
	for i := range b {
		first, last := new(big.Rat), new(big.Rat)
		switch i {
		case 0:
			first = one
		case len(b) - 1:
			last = one
		}
		r2 := b[i]
		r3 := sub(first, r2)
		r4 := sub(sub(r2, last), r3)
		r5 := d[i]
		out[i] = []*big.Rat{add(r2, r3), add(sub(r4, r3), r5), sub(sub(new(big.Rat), r4), add(r5, r5)), r5}
	}
	return out
}

// tsit5 has the interpolant of its paper, in the decimals that are in general use.
func tsit5() *Tableau {
	return &Tableau{
		A: lower("0.161",
			"-0.0084806554923569885444 0.33548065549235698854",
			"2.8971530571054934321 -6.3594484899750748431 4.3622954328695814110",
			"5.3258648284392566044 -11.748883564062827878 7.4955393428898362083 -0.092495066361755249257",
			"5.8614554429464200287 -12.920969317847109292 8.1593678985761586432 -0.071584973281400997225 -0.028269050394068382909",
			"0.096460766818065229518 0.01 0.47988965041449957478 1.3790085741037418932 -3.2900695154360806799 2.3247105240997739824"),
		B:     rats("0.096460766818065229518 0.01 0.47988965041449957478 1.3790085741037418932 -3.2900695154360806799 2.3247105240997739824 0"),
		Trust: big.NewRat(74, 100), // the leading coefficients of the error have the norm of dopri5's then: TestTrust
		BHat:  rats("0.094680755765839458075 0.0091835655403432530968 0.48777052842476157079 1.2342975669304789857 -2.7077123499835254549 1.8666284181705870358 1/66"),
		C:     rats("0 0.161 0.327 0.9 0.9800255409045096857 1 1"),
		Order: 5, Embedded: 4, Digits: 15,
		Dense: powers("1 -2.763706197274826 2.9132554618219126 -1.0530884977290216",
			"0 0.1317 -0.2234 0.1017",
			"0 3.9302962368947516 -5.941033872131505 2.490627285651253",
			"0 -12.411077166933676 30.33818863028232 -16.548102889244902",
			"0 37.50931341651104 -88.1789048947664 47.37952196281928",
			"0 -27.896526289197286 65.09189467479366 -34.87065786149661",
			"0 1.5 -4 2.5"),
		DenseOrder: 4, DenseDigits: 12}
}
