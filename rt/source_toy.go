package rt

import "math"

// Moons is torchdyn's: n/2 evenly spaced angles in [0, π] on an outer half
// circle (class 0) and the rest on an inner one (class 1); one uniform number
// from [0, Noise) per point is added to both coordinates.
type Moons struct {
	N     int
	Noise float64
	Seed  uint64
}

// Load makes the points.
func (m Moons) Load(_ string, cols []ColumnSpec) (*Table, error) {
	outer := m.N / 2
	return points("moons", cols, m.N, 2, 2, m.Seed, func(i int, s Stream, x []float64) int {
		label, k, n := 0, i, outer
		if i >= outer {
			label, k, n = 1, i-outer, m.N-outer
		}
		sin, cos := SinCos64(math.Pi * float64(k) / float64(max(n-1, 1)))
		if label == 1 {
			sin, cos = 0.5-sin, 1-cos
		}
		e := float64(s.Uniform(0) * m.Noise)
		x[0], x[1] = cos+e, sin+e
		return label
	})
}

// Pass is the source of another pass over the data.
func (m Moons) Pass(n int) Source {
	m.Seed = passSeed(m.Seed, n)
	return m
}

// Circles is scikit-learn's: evenly spaced angles on the unit circle (class 0)
// and on one of radius Factor (class 1), with Gaussian noise per coordinate.
type Circles struct {
	N             int
	Noise, Factor float64
	Seed          uint64
}

// Load makes the points.
func (c Circles) Load(_ string, cols []ColumnSpec) (*Table, error) {
	outer := c.N / 2
	return points("circles", cols, c.N, 2, 2, c.Seed, func(i int, s Stream, x []float64) int {
		label, k, n, r := 0, i, outer, 1.0
		if i >= outer {
			label, k, n, r = 1, i-outer, c.N-outer, c.Factor
		}
		sin, cos := SinCos64(2 * math.Pi * float64(k) / float64(n))
		x[0] = mad64(r, cos, float64(c.Noise*s.Normal(0)))
		x[1] = mad64(r, sin, float64(c.Noise*s.Normal(1)))
		return label
	})
}

// Pass is the source of another pass over the data.
func (c Circles) Pass(n int) Source {
	c.Seed = passSeed(c.Seed, n)
	return c
}

// Spirals is torchdyn's: angle a = √U 780°, point (-a cos a, a sin a) plus
// uniform noise [0, Noise) per coordinate; the second arm (class 1, the second
// half of the rows) is mirrored at the origin.
type Spirals struct {
	N     int
	Noise float64
	Seed  uint64
}

// Load makes the points.
func (p Spirals) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("spirals", cols, p.N, 2, 2, p.Seed, func(i int, s Stream, x []float64) int {
		a := math.Sqrt(s.Uniform(0)) * (780 * 2 * math.Pi / 360)
		sin, cos := SinCos64(a)
		x[0] = mad64(-cos, a, float64(p.Noise*s.Uniform(2)))
		x[1] = mad64(sin, a, float64(p.Noise*s.Uniform(3)))
		if i >= p.N/2 {
			x[0], x[1] = -x[0], -x[1]
			return 1
		}
		return 0
	})
}

// Pass is the source of another pass over the data.
func (p Spirals) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}

// Gaussians puts K clusters of standard deviation Std at evenly spaced angles
// on a circle of radius Radius, the first at angle 2π/K; row i is of class
// i mod K. Points of more than two numbers have the circle in the plane of the
// first two.
type Gaussians struct {
	N, K        int
	Radius, Std float64
	Seed        uint64
}

// Load makes the points.
func (g Gaussians) Load(_ string, cols []ColumnSpec) (*Table, error) {
	k := max(g.K, 1)
	return points("gaussians", cols, g.N, -2, k, g.Seed, func(i int, s Stream, x []float64) int {
		cluster(s, x, 2*math.Pi*float64(i%k+1)/float64(k), g.Radius, g.Std)
		return i % k
	})
}

// Pass is the source of another pass over the data.
func (g Gaussians) Pass(n int) Source {
	g.Seed = passSeed(g.Seed, n)
	return g
}

// Gaussians8 is FFJORD's: eight clusters on a circle of radius 4, standard
// deviation 0.5, everything divided by 1.414.
type Gaussians8 struct {
	N    int
	Seed uint64
}

// Load makes the points; the class is the cluster.
func (g Gaussians8) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("gaussians8", cols, g.N, 2, 8, g.Seed, func(_ int, s Stream, x []float64) int {
		k := s.Int(2, 8)
		sin, cos := SinCos64(math.Pi / 4 * float64(k))
		x[0] = mad64(4, cos, 0.5*s.Normal(0)) / 1.414
		x[1] = mad64(4, sin, 0.5*s.Normal(1)) / 1.414
		return k
	})
}

// Pass is the source of another pass over the data.
func (g Gaussians8) Pass(n int) Source {
	g.Seed = passSeed(g.Seed, n)
	return g
}

// Pinwheel is FFJORD's: five arms, radial deviation 0.3, tangential 0.1, rate
// 0.25, scaled by 2.
type Pinwheel struct {
	N    int
	Seed uint64
}

// Load makes the points; the class is the arm.
func (p Pinwheel) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("pinwheel", cols, p.N, 2, 5, p.Seed, func(i int, s Stream, x []float64) int {
		k := i % 5
		r, t := mad64(0.3, s.Normal(0), 1), 0.1*s.Normal(1)
		sin, cos := SinCos64(mad64(0.25, Exp64(r), 2*math.Pi/5*float64(k)))
		x[0] = 2 * (float64(r*cos) - float64(t*sin))
		x[1] = 2 * mad64(r, sin, float64(t*cos))
		return k
	})
}

// Pass is the source of another pass over the data.
func (p Pinwheel) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}

// Checkerboard is FFJORD's: x0 from U[-2, 2), x1 in the squares of one colour,
// scaled by 2.
type Checkerboard struct {
	N    int
	Seed uint64
}

// Load makes the points; there is one class.
func (c Checkerboard) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("checkerboard", cols, c.N, 2, 1, c.Seed, func(_ int, s Stream, x []float64) int {
		a := 4*s.Uniform(0) - 2
		f := math.Floor(a)
		b := s.Uniform(1) - 2*float64(s.Int(2, 2)) + (f - 2*math.Floor(f/2))
		x[0], x[1] = 2*a, 2*b
		return 0
	})
}

// Pass is the source of another pass over the data.
func (c Checkerboard) Pass(n int) Source {
	c.Seed = passSeed(c.Seed, n)
	return c
}

// Rings is FFJORD's: four circles of radius 3, 2.25, 1.5, 0.75 with Gaussian
// noise 0.08.
type Rings struct {
	N    int
	Seed uint64
}

// Load makes the points; the class is the ring, outermost first.
func (r Rings) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("rings", cols, r.N, 2, 4, r.Seed, func(i int, s Stream, x []float64) int {
		k := i % 4
		sin, cos := SinCos64(2 * math.Pi * s.Uniform(2))
		q := 3 - 0.75*float64(k)
		x[0] = mad64(q, cos, 0.08*s.Normal(0))
		x[1] = mad64(q, sin, 0.08*s.Normal(1))
		return k
	})
}

// Pass is the source of another pass over the data.
func (r Rings) Pass(n int) Source {
	r.Seed = passSeed(r.Seed, n)
	return r
}

// SwissRoll is FFJORD's: scikit-learn's roll with noise 1, its first and third
// coordinate divided by 5.
type SwissRoll struct {
	N    int
	Seed uint64
}

// Load makes the points; there is one class.
func (r SwissRoll) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("swiss_roll", cols, r.N, 2, 1, r.Seed, func(_ int, s Stream, x []float64) int {
		t := 1.5 * math.Pi * (1 + 2*s.Uniform(2))
		sin, cos := SinCos64(t)
		x[0] = mad64(t, cos, s.Normal(0)) / 5
		x[1] = mad64(t, sin, s.Normal(1)) / 5
		return 0
	})
}

// Pass is the source of another pass over the data.
func (r SwissRoll) Pass(n int) Source {
	r.Seed = passSeed(r.Seed, n)
	return r
}

// Spirals2 is FFJORD's: a = √U 540°, (-a cos a + U/2, a sin a + U/2)/3 and its
// mirror image, plus Gaussian noise 0.1.
type Spirals2 struct {
	N    int
	Seed uint64
}

// Load makes the points; the class is the arm.
func (p Spirals2) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("spirals2", cols, p.N, 2, 2, p.Seed, func(i int, s Stream, x []float64) int {
		a := math.Sqrt(s.Uniform(2)) * (540 * 2 * math.Pi / 360)
		sin, cos := SinCos64(a)
		sign, label := 1.0, 0
		if i >= p.N/2 {
			sign, label = -1, 1
		}
		x[0] = mad64(0.1, s.Normal(0), sign*mad64(-cos, a, 0.5*s.Uniform(4))/3)
		x[1] = mad64(0.1, s.Normal(1), sign*mad64(sin, a, 0.5*s.Uniform(5))/3)
		return label
	})
}

// Pass is the source of another pass over the data.
func (p Spirals2) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}
