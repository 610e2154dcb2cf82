package method

import "math/big"

// rkn4 is Nyström's method of order 4.
func rkn4() *Nystrom {
	return &Nystrom{
		A:     lower("1/8", "0 1/2"),
		B:     rats("1/6 1/3 0"),
		BV:    rats("1/6 2/3 1/6"),
		C:     rats("0 1/2 1"),
		Order: 4}
}

// rkn5 is Nyström's method of order 5.
func rkn5() *Nystrom {
	return &Nystrom{
		A:     lower("1/50", "-1/27 7/27", "3/10 -2/35 9/35"),
		B:     rats("1/24 25/84 9/56 0"),
		BV:    rats("1/24 125/336 27/56 5/48"),
		C:     rats("0 1/5 2/3 1"),
		Order: 5}
}

// rkn43 is RKN4(3)4FM.
func rkn43() *Nystrom {
	return &Nystrom{
		A:     lower("1/32", "7/1000 119/500", "1/14 8/27 25/189"),
		B:     rats("1/14 8/27 25/189 0"),
		BV:    rats("1/14 32/81 250/567 5/54"),
		BHat:  rats("-7/150 67/150 3/20 -1/20"),
		BVHat: rats("13/21 -20/27 275/189 -1/3"),
		C:     rats("0 1/4 7/10 1"),
		Order: 4, Embedded: 3}
}

// rkn64 is RKN6(4)6FD; its coefficients lie in the rationals with the root of 8581.
func rkn64() *Nystrom {
	root := new(big.Float).SetPrec(400)
	r, _ := root.Sqrt(root.SetInt64(8581)).Rat(nil)
	// of is (p + q √8581)/d.
	of := func(p, q, d int64) *big.Rat {
		x := new(big.Rat).Mul(big.NewRat(q, 1), r)
		return x.Mul(x.Add(x, big.NewRat(p, 1)), big.NewRat(1, d))
	}
	minus := func(x, y *big.Rat) *big.Rat { return new(big.Rat).Sub(x, y) }
	zero := new(big.Rat)
	b := []*big.Rat{big.NewRat(329, 4212), zero, of(84119543, 366727, 409622616), of(84119543, -366727, 409622616), big.NewRat(200, 17901), zero}
	return &Nystrom{
		A: [][]*big.Rat{{},
			{of(26131, -209, 810000)},
			{of(26131, -209, 607500), of(26131, -209, 303750)},
			{of(980403512254, 7781688431, 11694469921875), of(-1262884486208, -15385481287, 11694469921875), of(7166233891441, 78694563299, 46777879687500)},
			{of(-9*329260, -9*3181, 27040000), of(27*35129, 27*3331, 13520000), of(-27*554358343, -27*31040327, 464060480000), of(153*8555257, -153*67973, 2745920000)},
			b[:5]},
		B:     b,
		BV:    []*big.Rat{b[0], zero, of(389225579, 96856, 1024056540), of(389225579, -96856, 1024056540), big.NewRat(2000, 17901), big.NewRat(1, 20)},
		BHat:  []*big.Rat{of(2701, 23, 4563), minus(zero, of(9829, 131, 9126)), of(5*1798, 5*17, 9126), zero, zero, zero},
		BVHat: []*big.Rat{big.NewRat(115, 2106), zero, of(84119543, 366727, 256014135), of(84119543, -366727, 256014135), big.NewRat(6950, 17901), big.NewRat(-1, 10)},
		C:     []*big.Rat{zero, of(209, -1, 900), of(209, -1, 450), of(209, 1, 450), big.NewRat(9, 10), one},
		Order: 6, Embedded: 4, Digits: 100}
}
