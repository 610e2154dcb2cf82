package rt

import "math"

// cluster puts x normally around the point of a circle of the plane of its first two numbers.
func cluster(s Stream, x []float64, angle, radius, std float64) {
	sin, cos := SinCos64(angle)
	for k := range x {
		x[k] = float64(std * s.Normal(uint64(k)))
	}
	x[0] = mad64(radius, cos, x[0])
	x[1] = mad64(radius, sin, x[1])
}

// direction makes x a uniformly distributed direction times r. Normal numbers use the draws below 2*len(x)+2.
func direction(s Stream, x []float64, r float64) {
	square := 0.0
	for k := range x {
		x[k] = s.Normal(uint64(k))
		square += float64(x[k] * x[k])
	}
	for k := range x {
		x[k] *= r / math.Sqrt(square)
	}
}

// GaussiansSpiral is torchdyn's: K clusters on a spiral with PerLoop of them in a turn, the first at angle
// 2π/PerLoop; radius and deviation go linearly from that of the first cluster to that of the last. Row i
// is of class i mod K. Points of more than two numbers have the spiral in the plane of the first two.
type GaussiansSpiral struct {
	N, K, PerLoop     int
	Radius, EndRadius float64
	Std, EndStd       float64
	Seed              uint64
}

// Load makes the points.
func (g GaussiansSpiral) Load(_ string, cols []ColumnSpec) (*Table, error) {
	k := max(g.K, 1)
	return points("gaussians_spiral", cols, g.N, -2, k, g.Seed, func(i int, s Stream, x []float64) int {
		c := i % k
		at := float64(c) / float64(max(k-1, 1))
		angle := 2 * math.Pi * float64(c+1) / float64(max(g.PerLoop, 1))
		cluster(s, x, angle, mad64(at, g.EndRadius-g.Radius, g.Radius), mad64(at, g.EndStd-g.Std, g.Std))
		return c
	})
}

// Pass is the source of another pass over the data.
func (g GaussiansSpiral) Pass(n int) Source {
	g.Seed = passSeed(g.Seed, n)
	return g
}

// Spheres is torchdyn's: uniform points on a sphere of radius Inner (class 1, the first half of the rows)
// and one of radius Outer (class 0), of as many dimensions as the column has numbers, with Gaussian noise
// per coordinate.
type Spheres struct {
	N                   int
	Inner, Outer, Noise float64
	Seed                uint64
}

// Load makes the points.
func (p Spheres) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("spheres", cols, p.N, -1, 2, p.Seed, func(i int, s Stream, x []float64) int {
		label, r := 1, p.Inner
		if i >= p.N/2 {
			label, r = 0, p.Outer
		}
		direction(s, x, r)
		for k := range x {
			x[k] = mad64(p.Noise, s.Normal(uint64(2*len(x)+2+k)), x[k])
		}
		return label
	})
}

// Pass is the source of another pass over the data.
func (p Spheres) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}

// Annuli is the set of Augmented Neural ODEs (Dupont, Doucet, Teh 2019): a ball of radius Inner (class 1,
// the first third of the rows) in a shell from From to To (class 0), of as many dimensions d as the column
// has numbers. The distance from the origin is a + (b - a) U^(1/d) between the radii a and b.
type Annuli struct {
	N               int
	Inner, From, To float64
	Seed            uint64
}

// Load makes the points.
func (p Annuli) Load(_ string, cols []ColumnSpec) (*Table, error) {
	return points("annuli", cols, p.N, -1, 2, p.Seed, func(i int, s Stream, x []float64) int {
		label, a, b := 1, 0.0, p.Inner
		if i >= p.N/3 {
			label, a, b = 0, p.From, p.To
		}
		u := s.Uniform(uint64(2*len(x) + 2))
		if d := len(x); d > 1 {
			u = Pow64(u, 1/float64(d))
		}
		direction(s, x, mad64(b-a, u, a))
		return label
	})
}

// Pass is the source of another pass over the data.
func (p Annuli) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}

// DiffEqML is torchdyn's logo: two fifths of the points on a circle of radius 2, one fifth on each of three
// orbits of r' = r (1 - r²), a' = 1 that start at (0, 2) and (∓1.6, -1.2) and last 3.2, every coordinate with
// Gaussian noise of deviation 0.01 (the kernel of a density estimate) and of deviation Noise.
type DiffEqML struct {
	N     int
	Noise float64
	Seed  uint64
}

// Load makes the points; there is one class.
func (p DiffEqML) Load(_ string, cols []ColumnSpec) (*Table, error) {
	starts := [3]float64{math.Pi / 2, math.Pi + Atan264(1.2, 1.6), -Atan264(1.2, 1.6)}
	return points("diffeqml", cols, p.N, 2, 1, p.Seed, func(_ int, s Stream, x []float64) int {
		r, angle := 2.0, 2*math.Pi*s.Uniform(4)
		if k := s.Int(5, 5); k < len(starts) {
			t := 3.2 * s.Uniform(4)
			r, angle = 1/math.Sqrt(mad64(-0.75, Exp64(-2*t), 1)), starts[k]+t
		}
		sin, cos := SinCos64(angle)
		std := math.Sqrt(mad64(p.Noise, p.Noise, 0.01*0.01))
		x[0] = mad64(r, cos, float64(std*s.Normal(0)))
		x[1] = mad64(r, sin, float64(std*s.Normal(1)))
		return 0
	})
}

// Pass is the source of another pass over the data.
func (p DiffEqML) Pass(n int) Source {
	p.Seed = passSeed(p.Seed, n)
	return p
}
