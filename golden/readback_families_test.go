package golden

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"ndec.dev/ndec/ir/method"
)

// Steps of the other families are compared as a whole: what the text does with its literals has to be what the formulas of docs/numerics.md
// make of the coefficients, each rounded once. The coefficients themselves, as the text has them, have to satisfy the order
// conditions as far as rounding them lets them.

// formulas writes the steps of a method with exact sums of rounded coefficients.
type formulas struct {
	*read
	single bool
}

func newFormulas(single bool) *formulas { return &formulas{&read{}, single} }

// times is a coefficient that meets time, times x.
func (f *formulas) times(c *big.Rat, x symbolic) symbolic {
	r, _ := c.Float64()
	return symbolic{"": new(big.Rat).SetFloat64(r)}.plus(nil, 1).times(x)
}

// of is a coefficient of the type of states, times x.
func (f *formulas) of(c *big.Rat, x symbolic) symbolic {
	if !f.single {
		return f.times(c, x)
	}
	r, _ := c.Float32()
	return symbolic{"": new(big.Rat).SetFloat64(float64(r))}.plus(nil, 1).times(x)
}

func add(xs ...symbolic) symbolic {
	out := symbolic{}
	for _, x := range xs {
		out = out.plus(x, 1)
	}
	return out
}

func minus(x, y symbolic) symbolic { return x.plus(y, -1) }

// line is y on the way from x to x1.
func line(x, x1 symbolic) symbolic { return add(x, symbol("theta").times(minus(x1, x))) }

func symbols(names ...string) []symbolic {
	var out []symbolic
	for _, n := range names {
		out = append(out, symbol(n))
	}
	return out
}

var t0, h0, theta0 = symbol("t"), symbol("h"), symbol("theta")

// same compares a step of a text with the formulas. The text may evaluate the field in another order.
func (r *read) same(want *read) error {
	of := map[string]string{} // evaluations of the text by what they are in the formulas
	rename := func(p symbolic) symbolic {
		out := symbolic{}
		for s, c := range p {
			parts := strings.Split(s, "*")
			for i, x := range parts {
				head, state, _ := strings.Cut(x, "_")
				if name := of[head]; name != "" {
					if parts[i] = name; state != "" {
						parts[i] += "_" + state
					}
				}
			}
			slices.Sort(parts)
			out[strings.Join(parts, "*")] = c
		}
		return out
	}
	taken := make([]bool, len(want.t))
	for i := range r.t {
		t, y := rename(r.t[i]), make([]symbolic, len(r.y[i]))
		for j := range y {
			y[j] = rename(r.y[i][j])
		}
		k := slices.IndexFunc(want.t, func(symbolic) bool { return false })
		for j := range want.t {
			if !taken[j] && t.equal(want.t[j]) && slices.EqualFunc(y, want.y[j], symbolic.equal) {
				k = j
				break
			}
		}
		if k < 0 {
			return fmt.Errorf("the field is evaluated at %v of %v", t, y)
		}
		taken[k] = true
		of[fmt.Sprintf("k%d", i)] = fmt.Sprintf("k%d", k)
	}
	if len(r.results) != len(want.results) {
		return fmt.Errorf("%d results instead of %d", len(r.results), len(want.results))
	}
	for i, v := range r.results {
		if d := minus(rename(v), want.results[i]); v == nil || len(d) > 0 {
			return fmt.Errorf("result %d is off by %v", i+1, d)
		}
	}
	return nil
}

// family is a method of another family: its forms, its formulas, its conditions.
type family struct {
	name, solver string
	system       string
	forms        map[string]form
	formulas     map[string]func(f *formulas)
	// inKernels are the forms that kernels have as functions of their own, where these are not all: the beginning of a method of several steps and
	// its dense output are within kernels that do more.
	inKernels []string
	// conditions looks at the coefficients that a text in float64 has.
	conditions func(steps map[string]*read) error
}

// rounded reports whether a sum of products of so many rounded numbers is what it should be, to what rounding them explains.
func rounded(what string, want *big.Rat, factors int64, terms ...*big.Rat) error {
	sum, most := new(big.Rat).Neg(want), new(big.Rat)
	for _, x := range terms {
		sum.Add(sum, x)
		most.Add(most, new(big.Rat).Abs(x))
	}
	most.Mul(most, new(big.Rat).SetFrac(big.NewInt(factors), new(big.Int).Lsh(big.NewInt(1), 53)))
	if sum.Abs(sum).Cmp(most) > 0 {
		return fmt.Errorf("%s is off by %s, of which rounding explains %s", what, sum.FloatString(60), most.FloatString(60))
	}
	return nil
}

func power(x *big.Rat, n int) *big.Rat {
	out := big.NewRat(1, 1)
	for range n {
		out.Mul(out, x)
	}
	return out
}

// splittingFamily is a composition of leapfrog steps.
func splittingFamily(row *method.Row) family {
	half := big.NewRat(1, 2)
	// step makes one from states x0, x1 and their slopes at the start.
	step := func(f *formulas, dense bool) {
		q, v, k := symbol("x0"), symbol("x1"), symbol("p1")
		at := new(big.Rat)
		var slopes []symbolic
		for _, w := range row.Split.Weights {
			kick := f.times(new(big.Rat).Mul(w, half), h0)
			middle := new(big.Rat).Add(at, new(big.Rat).Mul(w, half))
			at.Add(at, w)
			v = add(v, kick.times(k))
			slopes = f.field(add(t0, f.times(middle, h0)), []symbolic{q, v})
			q = add(q, f.times(w, h0).times(slopes[0]))
			slopes = f.field(add(t0, f.times(at, h0)), []symbolic{q, v})
			k = slopes[1]
			v = add(v, kick.times(k))
		}
		f.results = append([]symbolic{q, v}, slopes...)
		if !dense {
			return
		}
		k0 := f.field(t0, symbols("x0", "x1"))
		k1 := f.field(add(t0, h0), []symbolic{q, v})
		var d1, d2, d3 []symbolic
		for i, y := range []symbolic{q, v} {
			way, first, last := minus(y, symbol(fmt.Sprintf("x%d", i))), h0.times(k0[i]), h0.times(k1[i])
			d1 = append(d1, first)
			d2 = append(d2, minus(f.of(big.NewRat(3, 1), way), add(f.of(big.NewRat(2, 1), first), last)))
			d3 = append(d3, minus(add(first, last), f.of(big.NewRat(2, 1), way)))
		}
		f.results = slices.Concat(f.results, d1, d2, d3)
	}
	args := []string{"t", "h", "x0", "x1", "p0", "p1", "a"}
	return family{name: row.Name, solver: row.Name + "{steps: 4}", system: "der(q) = a*v*busy(v) + t\n\tder(v) = a*q*busy(q) - t",
		forms: map[string]form{"Step": {args: args, results: 4}, "DenseStep": {args: args, results: 10},
			"Dense": {args: []string{"theta", "h", "x0", "x1", "n_0", "n_1", "d1_0", "d1_1", "d2_0", "d2_1", "d3_0", "d3_1"}, results: 2}},
		formulas: map[string]func(f *formulas){
			"Step":      func(f *formulas) { step(f, false) },
			"DenseStep": func(f *formulas) { step(f, true) },
			"Dense": func(f *formulas) {
				for i := range 2 {
					d := func(p int) symbolic { return symbol(fmt.Sprintf("d%d_%d", p, i)) }
					f.results = append(f.results, add(symbol(fmt.Sprintf("x%d", i)), theta0.times(add(d(1), theta0.times(add(d(2), theta0.times(d(3))))))))
				}
			}},
		conditions: func(steps map[string]*read) error {
			// Positions move by w h with the slope in the middle of each leap; Σ w = 1, and of order 4 Σ w³ = 0 (Hairer, Lubich, Wanner 2006, II.4).
			var ws, cubes []*big.Rat
			for s, c := range steps["ma0Step"].results[0] {
				if strings.HasPrefix(s, "h*k") {
					ws, cubes = append(ws, c), append(cubes, power(c, 3))
				}
			}
			if len(ws) != len(row.Split.Weights) {
				return fmt.Errorf("%d leaps", len(ws))
			}
			if err := rounded("the sum of leaps", big.NewRat(1, 1), 1, ws...); err != nil || row.Order() == 2 {
				return err
			}
			return rounded("the sum of cubes", new(big.Rat), 3, cubes...)
		}}
}

// nystromFamily is a method for second-order systems.
func nystromFamily(row *method.Row) family {
	m := row.Nystrom
	one := big.NewRat(1, 1)
	hh := h0.times(h0)
	last := len(m.C) - 1
	taken := m.FSAL()
	middle := row.Order() >= 6
	step := func(f *formulas, dense bool) {
		x, v := symbol("x0"), symbol("x1")
		k := make([]symbolic, len(m.C))
		sum := func(w []*big.Rat, unit symbolic) symbolic {
			out := symbolic{}
			for j, c := range w {
				if c.Sign() != 0 {
					out = add(out, f.times(c, unit).times(k[j]))
				}
			}
			return out
		}
		for i, c := range m.C {
			if i == 0 && taken {
				k[0] = symbol("p1")
				continue
			}
			k[i] = f.field(add(t0, f.times(c, h0)), []symbolic{add(x, f.times(c, h0).times(v), sum(m.A[i], hh)), v})[1]
		}
		x1, v1 := add(x, h0.times(v), sum(m.B, hh)), add(v, sum(m.BV, h0))
		f.results = []symbolic{x1, v1}
		if row.Adaptive() {
			difference := func(x, y []*big.Rat) (out []*big.Rat) {
				for i := range x {
					out = append(out, new(big.Rat).Sub(x[i], y[i]))
				}
				return out
			}
			f.results = append(f.results, sum(difference(m.B, m.BHat), hh), sum(difference(m.BV, m.BVHat), h0))
		}
		end := k[last]
		if taken {
			f.results = append(f.results, v1, end)
		}
		if !dense {
			return
		}
		if !taken {
			end = f.field(add(t0, h0), []symbolic{x1, v1})[1]
		}
		// d0, d1, d2 from Q = Σ b k - k_1/2, V = Σ bv k - k_1, E = k_end - k_1, as weights of the k.
		var d []symbolic
		for _, r := range [][4]int64{{20, -8, -3, 1}, {-30, 14, 3, -2}, {12, -6, -1, 1}} {
			s := symbolic{}
			for j := range m.C {
				w := new(big.Rat).Add(new(big.Rat).Mul(big.NewRat(r[0], 2), m.B[j]), new(big.Rat).Mul(big.NewRat(r[1], 2), m.BV[j]))
				if j == 0 {
					w.Add(w, big.NewRat(r[2], 2))
				}
				s = add(s, f.of(w, k[j]))
			}
			d = append(d, add(s, f.of(big.NewRat(r[3], 2), end)))
		}
		if middle {
			half := big.NewRat(1, 2)
			there := within(f, []symbolic{x, v}, slices.Concat(k[:1], d), f.of(half, symbolic{"": one}), f.times(half, h0))
			km := f.field(add(t0, f.times(half, h0)), there)[1]
			slope := add(k[0], f.of(big.NewRat(3, 1), add(d[0], d[1])), f.of(big.NewRat(5, 2), d[2]))
			more := f.of(big.NewRat(8, 3), minus(km, slope))
			three := f.of(big.NewRat(3, 1), more)
			d = []symbolic{minus(d[0], more), add(d[1], three), minus(d[2], three), more}
		}
		f.results = slices.Concat(f.results, k[:1], d)
	}
	args := []string{"t", "h", "x0", "x1", "a"}
	results := 2
	if row.Adaptive() {
		results += 2
	}
	if taken {
		args = []string{"t", "h", "x0", "x1", "p0", "p1", "a"}
		results += 2
	}
	data := []string{"d_0", "d_1", "d_2", "d_3"}
	if middle {
		data = append(data, "d_4")
	}
	return family{name: row.Name, solver: row.Name + map[bool]string{true: "{rtol: 1e-3}", false: "{steps: 4}"}[row.Adaptive()], system: "der(q) = v\n\tder(v) = a*q*busy(q) + t",
		forms: map[string]form{"Step": {args: args, results: results}, "DenseStep": {args: args, results: results + len(data)},
			"Dense": {args: slices.Concat([]string{"theta", "h", "x0", "x1", "n_0", "n_1"}, data), results: 2}},
		formulas: map[string]func(f *formulas){
			"Step":      func(f *formulas) { step(f, false) },
			"DenseStep": func(f *formulas) { step(f, true) },
			"Dense": func(f *formulas) {
				f.results = within(f, symbols("x0", "x1"), symbols(data...), theta0, h0.times(theta0))
			}},
		conditions: func(steps map[string]*read) error {
			// The coefficients of the row satisfy the conditions over all trees; those of the text are these, rounded.
			got := *m
			step := steps["ma0Step"]
			stages := make([]string, len(m.C))
			for i := range stages {
				switch {
				case !taken:
					stages[i] = fmt.Sprintf("k%d_1", i)
				case i == 0:
					stages[i] = "p1"
				default:
					stages[i] = fmt.Sprintf("k%d_1", i-1)
				}
			}
			weights := func(v symbolic, unit string, n int) (out []*big.Rat) {
				for _, k := range stages[:n] {
					parts := append(strings.Split(unit, "*"), k)
					slices.Sort(parts)
					x := v[strings.Join(parts, "*")]
					if x == nil {
						x = new(big.Rat)
					}
					out = append(out, x)
				}
				return out
			}
			if got.A, got.C = nil, nil; taken {
				got.A, got.C = [][]*big.Rat{{}}, []*big.Rat{new(big.Rat)}
			}
			for i := range step.t {
				c := step.t[i]["h"]
				if c == nil {
					c = new(big.Rat)
				}
				got.C, got.A = append(got.C, c), append(got.A, weights(step.y[i][0], "h*h", len(got.A)))
			}
			got.B, got.BV = weights(step.results[0], "h*h", len(m.C)), weights(step.results[1], "h", len(m.C))
			if row.Adaptive() {
				eq, ev := weights(step.results[2], "h*h", len(m.C)), weights(step.results[3], "h", len(m.C))
				got.BHat, got.BVHat = nil, nil
				for i := range got.B {
					got.BHat, got.BVHat = append(got.BHat, new(big.Rat).Sub(got.B[i], eq[i])), append(got.BVHat, new(big.Rat).Sub(got.BV[i], ev[i]))
				}
			}
			got.Digits = 15
			return method.CheckNystrom(&got)
		}}
}

// within are position and velocity at theta from the data a, d0, d1, … of a Nyström method.
func within(f *formulas, y, d []symbolic, theta, scale symbolic) []symbolic {
	x, v := f.of(big.NewRat(1, 2), d[0]), d[0]
	power := theta
	for p, c := range d[1:] {
		x = add(x, power.times(c))
		v = add(v, power.times(f.of(big.NewRat(int64(p+3), 1), c)))
		power = power.times(theta)
	}
	return []symbolic{add(y[0], scale.times(add(y[1], scale.times(x)))), add(y[1], scale.times(v))}
}

// memoryFamilies are the methods that can be undone.
func memoryFamilies() []family {
	half, two := big.NewRat(1, 2), big.NewRat(2, 1)
	forms := func(memory ...string) map[string]form {
		step := form{args: slices.Concat([]string{"t", "h", "x"}, memory, []string{"a"}), results: 2 + len(memory)}
		dense := form{args: slices.Concat([]string{"theta", "h", "x"}, memory, []string{"n_x"}), results: 1 + len(memory)}
		for _, m := range memory {
			dense.args = append(dense.args, "n_"+m)
		}
		return map[string]form{"Step": step, "DenseStep": step, "Dense": dense}
	}
	// dense is the quadratic that starts with slope m; memory lies on the line between its ends.
	dense := func(m string, memory ...string) func(f *formulas) {
		return func(f *formulas) {
			m0, m1 := symbol(m), symbol("n_"+m)
			f.results = []symbolic{add(symbol("x"), h0.times(theta0).times(add(m0, theta0.times(f.of(half, minus(m1, m0))))))}
			for _, x := range memory {
				f.results = append(f.results, line(symbol(x), symbol("n_"+x)))
			}
		}
	}
	alf := func(f *formulas) {
		x, v := symbol("x"), symbol("m_v")
		part := f.times(half, h0)
		between := add(x, part.times(v))
		u := f.field(add(t0, part), []symbolic{between})[0]
		v1 := add(v, f.of(two, minus(u, v)))
		f.results = []symbolic{add(between, part.times(v1)), v1, part.times(minus(v1, v))}
	}
	heun := func(f *formulas) {
		x, z, k := symbol("x"), symbol("m_z"), symbol("m_k")
		z1 := add(minus(f.of(two, x), z), h0.times(k))
		k1 := f.field(add(t0, h0), []symbolic{z1})[0]
		part := f.times(half, h0)
		f.results = []symbolic{add(x, part.times(add(k, k1))), z1, k1, part.times(minus(k1, k))}
	}
	// From a start, where the memory is that of the state, a step is one of an explicit method of order 2.
	order2 := func(a, b1, b2 string) func(steps map[string]*read) error {
		return func(steps map[string]*read) error {
			s := steps["ma0Step"]
			t := &method.Tableau{Order: 2, DenseOrder: 2, A: [][]*big.Rat{{}, {new(big.Rat)}}, C: []*big.Rat{new(big.Rat), s.t[0]["h"]}, B: []*big.Rat{new(big.Rat), new(big.Rat)}}
			for place, key := range map[*big.Rat]string{t.A[1][0]: a, t.B[0]: b1, t.B[1]: b2} {
				v := s.results[0]
				if place == t.A[1][0] {
					v = s.y[0][0]
				}
				if c := v[key]; c != nil {
					place.Set(c)
				}
			}
			// Dense output is the quadratic that starts with slope k_1.
			t.Dense = [][]*big.Rat{{big.NewRat(1, 1), new(big.Rat).Sub(t.B[0], big.NewRat(1, 1))}, {new(big.Rat), t.B[1]}}
			return method.Check(t)
		}
	}
	return []family{
		{name: "alf", solver: "alf{rtol: 1e-3}", forms: forms("m_v"), formulas: map[string]func(f *formulas){"Step": alf, "DenseStep": alf, "Dense": dense("m_v", "m_v")},
			conditions: order2("h*m_v", "h*m_v", "h*k0")},
		{name: "reversible_heun", solver: "reversible_heun{rtol: 1e-3}", forms: forms("m_z", "m_k"),
			formulas:   map[string]func(f *formulas){"Step": heun, "DenseStep": heun, "Dense": dense("m_k", "m_z", "m_k")},
			conditions: order2("h*m_k", "h*m_k", "h*k0")},
	}
}
