package ivp

import "math"

const (
	hull         = "Hull, Enright, Fellen, Sedgwick 1972"
	extrapolated = "; end value by extrapolation of order 28 in 113-bit arithmetic, tolerances 1e-25 and 1e-28"
)

// DETEST are the problems A1 to E5 of Hull, Enright, Fellen and Sedgwick (SIAM J. Numer. Anal. 9, 1972)
// over [0, 20]. C5 has the planetary data of torchdiffeq's copy, in which one coordinate lacks its
// decimal point, so that results can be compared with the published ones.
func DETEST() []Problem {
	ps := []Problem{
		{Name: "A1", Y0: []float64{1}, F: func(_ float64, y, dy []float64) { dy[0] = -y[0] }},
		{Name: "A2", Y0: []float64{1}, F: func(_ float64, y, dy []float64) { dy[0] = -(y[0] * y[0] * y[0]) / 2 }},
		{Name: "A3", Y0: []float64{1}, F: func(t float64, y, dy []float64) { dy[0] = y[0] * math.Cos(t) }},
		{Name: "A4", Y0: []float64{1}, F: func(_ float64, y, dy []float64) { dy[0] = y[0] / 4 * (1 - y[0]/20) }},
		{Name: "A5", Y0: []float64{4}, F: func(t float64, y, dy []float64) { dy[0] = (y[0] - t) / (y[0] + t) }},
		{Name: "B1", Y0: []float64{1, 3}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1] = 2*(y[0]-float64(y[0]*y[1])), -(y[1] - float64(y[0]*y[1]))
		}},
		{Name: "B2", Y0: []float64{2, 0, 1}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1], dy[2] = -y[0]+y[1], y[0]-float64(2*y[1])+y[2], y[1]-y[2]
		}},
		{Name: "B3", Y0: []float64{1, 0, 0}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1], dy[2] = -y[0], y[0]-float64(y[1]*y[1]), y[1]*y[1]
		}},
		{Name: "B4", Y0: []float64{3, 0, 0}, F: func(_ float64, y, dy []float64) {
			a := math.Sqrt(float64(y[0]*y[0]) + float64(y[1]*y[1]))
			dy[0], dy[1], dy[2] = -y[1]-float64(y[0]*y[2])/a, y[0]-float64(y[1]*y[2])/a, y[0]/a
		}},
		{Name: "B5", Y0: []float64{0, 1, 1}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1], dy[2] = y[1]*y[2], -y[0]*y[2], -0.51*y[0]*y[1]
		}},
		{Name: "C1", Y0: unit(10), F: func(_ float64, y, dy []float64) { decay(y, dy, func(int) float64 { return 1 }) }},
		{Name: "C2", Y0: unit(10), F: func(_ float64, y, dy []float64) { decay(y, dy, func(i int) float64 { return float64(i + 1) }) }},
		{Name: "C3", Y0: unit(10), F: heat},
		{Name: "C4", Y0: unit(51), F: heat},
		{Name: "C5", Y0: planets(165699966404), F: fiveBodies, Positions: 15},
	}
	for i, e := range []float64{0.1, 0.3, 0.5, 0.7, 0.9} {
		ps = append(ps, Problem{Name: "D" + string(rune('1'+i)), Y0: []float64{1 - e, 0, 0, math.Sqrt((1 + e) / (1 - e))}, F: kepler})
	}
	ps = append(ps,
		Problem{Name: "E1", Y0: []float64{.671396707141803, .0954005144474744}, F: func(t float64, y, dy []float64) {
			dy[0], dy[1] = y[1], -(y[1]/(t+1) + float64((1-0.25/float64((t+1)*(t+1)))*y[0]))
		}},
		Problem{Name: "E2", Y0: []float64{2, 0}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1] = y[1], float64((1-float64(y[0]*y[0]))*y[1])-y[0]
		}},
		Problem{Name: "E3", Y0: []float64{0, 0}, F: func(t float64, y, dy []float64) {
			dy[0], dy[1] = y[1], y[0]*y[0]*y[0]/6-y[0]+float64(2*math.Sin(2.78535*t))
		}},
		Problem{Name: "E4", Y0: []float64{30, 0}, F: func(_ float64, y, dy []float64) {
			dy[0], dy[1] = y[1], .32-float64(.4*float64(y[1]*y[1]))
		}},
		Problem{Name: "E5", Y0: []float64{0, 0}, F: func(t float64, y, dy []float64) {
			dy[0], dy[1] = y[1], math.Sqrt(1+float64(y[1]*y[1]))/(25-t)
		}})
	for i := range ps {
		p := &ps[i]
		p.T1, p.End, p.Source = 20, detestEnds[p.Name], hull+extrapolated
		if p.Name[0] == 'D' {
			p.Positions = 2
		}
	}
	return ps
}

func unit(n int) []float64 {
	y := make([]float64, n)
	y[0] = 1
	return y
}

// decay is a chain of radioactive decays: rate(i) from element i to the next.
func decay(y, dy []float64, rate func(i int) float64) {
	last := len(y) - 1
	dy[0] = -rate(0) * y[0]
	for i := 1; i < last; i++ {
		dy[i] = float64(rate(i-1)*y[i-1]) - float64(rate(i)*y[i])
	}
	dy[last] = rate(last-1) * y[last-1]
}

// heat is the second difference with zeros at both ends.
func heat(_ float64, y, dy []float64) {
	for i := range y {
		sum := -2 * y[i]
		if i > 0 {
			sum = y[i-1] + sum
		}
		if i < len(y)-1 {
			sum += y[i+1]
		}
		dy[i] = sum
	}
}

// kepler is the two-body problem in the plane: y = (x, y, x', y').
func kepler(_ float64, y, dy []float64) {
	r := math.Pow(float64(y[0]*y[0])+float64(y[1]*y[1]), 1.5)
	dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0]/r, -y[1]/r
}

// planets are the start of C5: coordinates x of the five bodies, then y, then z, then velocities. y is that of
// Neptune.
func planets(y float64) []float64 {
	bodies := []float64{
		3.42947415189, 3.35386959711, 1.35494901715, 6.64145542550, 5.97156957878, 2.18231499728, 11.2630437207,
		14.6952576794, 6.27960525067, -30.1552268759, y, 1.43785752721, -21.1238353380, 28.4465098142,
		15.388265967,
		-.557160570446, .505696783289, .230578543901, -.415570776342, .365682722812, .169143213293, -.325325669158,
		.189706021964, .0877265322780, -.0240476254170, -.287659532608, -.117219543175, -.176860753121,
		-.216393453025, -.0148647893090}
	start := make([]float64, 30)
	for half := range 2 {
		for body := range 5 {
			for axis := range 3 {
				start[half*15+axis*5+body] = bodies[half*15+body*3+axis]
			}
		}
	}
	return start
}

// fiveBodies are five outer planets around the sun.
func fiveBodies(_ float64, y, dy []float64) {
	const k2, m0 = 2.95912208286, 1.00000597682
	m := [5]float64{0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778}
	at := func(axis, body int) float64 { return y[axis*5+body] }
	cube := func(x, y, z float64) float64 {
		r := math.Sqrt(float64(x*x) + float64(y*y) + float64(z*z))
		return r * r * r
	}
	var r3 [5]float64
	for j := range r3 {
		r3[j] = cube(at(0, j), at(1, j), at(2, j))
	}
	copy(dy[:15], y[15:])
	for j := range 5 {
		var f [3]float64
		for k := range 5 {
			if k == j {
				continue
			}
			d3 := cube(at(0, j)-at(0, k), at(1, j)-at(1, k), at(2, j)-at(2, k))
			for axis := range f {
				f[axis] += float64(m[k] * ((at(axis, k)-at(axis, j))/d3 + at(axis, k)/r3[k]))
			}
		}
		for axis := range f {
			dy[15+axis*5+j] = float64(k2*(-(m0+m[j])*at(axis, j)/r3[j])) + f[axis]
		}
	}
}
