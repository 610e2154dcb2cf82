package golden

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/ir/method"
)

// grid is n places going down from first, in steps.
func grid(first, n int) []*big.Rat {
	var out []*big.Rat
	for i := range n {
		out = append(out, big.NewRat(int64(first-i), 1))
	}
	return out
}

// integrated gives for each place the integral from 0 to θ of the polynomial that is 1 there and 0 at the others, as coefficients of
// 1, u, u², … with u = θ - 1/2, in which it is emitted.
func integrated(at []*big.Rat) [][]*big.Rat {
	half := big.NewRat(1, 2)
	var out [][]*big.Rat
	for j, xj := range at {
		basis := []*big.Rat{big.NewRat(1, 1)} // of u
		for i, xi := range at {
			if i == j {
				continue
			}
			// times (u + 1/2 - x_i) / (x_j - x_i)
			scale := new(big.Rat).Inv(new(big.Rat).Sub(xj, xi))
			constant := new(big.Rat).Sub(half, xi)
			next := make([]*big.Rat, len(basis)+1)
			for k := range next {
				next[k] = new(big.Rat)
				if k > 0 {
					next[k].Add(next[k], basis[k-1])
				}
				if k < len(basis) {
					next[k].Add(next[k], new(big.Rat).Mul(constant, basis[k]))
				}
				next[k].Mul(next[k], scale)
			}
			basis = next
		}
		// The integral from u = -1/2 on.
		w := []*big.Rat{new(big.Rat)}
		for k, c := range basis {
			x := new(big.Rat).Mul(c, big.NewRat(1, int64(k+1)))
			w = append(w, x)
			w[0].Sub(w[0], new(big.Rat).Mul(x, power(big.NewRat(-1, 2), k+1)))
		}
		out = append(out, w)
	}
	return out
}

// polynomial is one in u.
func polynomial(c []*big.Rat, u *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for p, x := range c {
		sum.Add(sum, new(big.Rat).Mul(x, power(u, p)))
	}
	return sum
}

// adamsFamily is a method of several steps; bashforth, or moulton with one correction.
func adamsFamily(name string, p int, moulton bool) family {
	places, at := p, grid(0, p)
	if moulton {
		places, at = max(2, p-1), grid(1, p)
	}
	half := big.NewRat(1, 2)
	past, both := integrated(grid(0, places)), integrated(at)
	memory := func(before string) (out []string) {
		for i := range places {
			out = append(out, fmt.Sprintf("%s%d", before, i))
		}
		return out
	}
	atEnd := func(ws [][]*big.Rat) (out []*big.Rat) {
		for _, w := range ws {
			out = append(out, polynomial(w, half))
		}
		return out
	}
	weighted := func(f *formulas, w []*big.Rat, k []symbolic) symbolic {
		out := symbol("x")
		for j, c := range w {
			out = add(out, f.times(c, h0).times(k[j]))
		}
		return out
	}
	// through is dense output along the field at places.
	through := func(f *formulas, ws [][]*big.Rat, k []symbolic, memory []string) {
		u := minus(theta0, symbolic{"": half})
		out := symbol("x")
		for j, w := range ws {
			sum := symbolic{}
			for i := len(w) - 1; i >= 0; i-- {
				sum = add(f.times(w[i], symbolic{"": big.NewRat(1, 1)}), u.times(sum))
			}
			out = add(out, h0.times(sum).times(k[j]))
		}
		whole := weighted(f, atEnd(ws), k)
		f.results = []symbolic{add(out, theta0.times(minus(symbol("n_x"), whole)))}
		for _, m := range memory {
			f.results = append(f.results, line(symbol(m), symbol("n_"+m)))
		}
	}
	step := func(f *formulas) {
		fs := symbols(memory("f_")...)
		var x1, k symbolic
		if t1 := add(t0, h0); moulton {
			k = f.field(t1, []symbolic{weighted(f, atEnd(past), fs)})[0]
			x1 = weighted(f, atEnd(both), slices.Concat([]symbolic{k}, fs[:p-1]))
			k = f.field(t1, []symbolic{x1})[0]
		} else {
			x1 = weighted(f, atEnd(past), fs)
			k = f.field(t1, []symbolic{x1})[0]
		}
		f.results = slices.Concat([]symbolic{x1, k}, fs[:places-1])
	}
	n := places - 1
	// start makes the first n steps of the grid by Gragg's midpoint rule with 2, 4, … substeps, extrapolated to 0 (Hairer, Nørsett, Wanner
	// I, II.9), which is a Runge-Kutta method.
	start := func(f *formulas) {
		nodes, rows, weights := gragg((p + 1) / 2)
		short := h0.times(symbolic{"": big.NewRat(1, int64(n))})
		t, x := t0, symbol("x")
		var ks []symbolic // at the starts of substeps
		for range n {
			var k []symbolic
			for i, row := range rows {
				y := x
				for j, c := range row {
					if c.Sign() != 0 {
						y = add(y, f.times(c, short).times(k[j]))
					}
				}
				k = append(k, f.field(add(t, f.times(nodes[i], short)), []symbolic{y})[0])
			}
			ks = append(ks, k[0])
			for j, c := range weights {
				if c.Sign() != 0 {
					x = add(x, f.times(c, short).times(k[j]))
				}
			}
			t = add(t, short)
		}
		end := f.field(add(t0, h0), []symbolic{x})[0]
		slices.Reverse(ks)
		f.results = slices.Concat([]symbolic{x, end}, ks)
	}
	stepForm := form{args: slices.Concat([]string{"t", "h", "x"}, memory("f_"), []string{"a"}), results: 1 + places}
	denseForm := form{args: slices.Concat([]string{"theta", "h", "x"}, memory("f_"), []string{"n_x"}, memory("n_f_")), results: 1 + places}
	fam := family{name: fmt.Sprintf("%s of order %d", name, p), solver: fmt.Sprintf("%s{order: %d, steps: 30}", name, p),
		forms: map[string]form{"Step": stepForm, "DenseStep": stepForm, "Dense": denseForm, "StartDense": denseForm, "Start": stepForm},
		formulas: map[string]func(f *formulas){
			"Step": step, "DenseStep": step,
			"Dense": func(f *formulas) {
				k := symbols(memory("f_")...)
				if moulton {
					k = slices.Concat(symbols("n_f_0"), k[:p-1])
				}
				through(f, both, k, memory("f_"))
			},
			"StartDense": func(f *formulas) {
				var at []*big.Rat
				for i := range places {
					at = append(at, big.NewRat(int64(n-i), int64(n)))
				}
				through(f, integrated(at), symbols(memory("n_f_")...), memory("f_"))
			}}}
	if p <= 4 || p == 12 && !moulton { // between them it is the same method with another number of lines
		fam.formulas["Start"] = start
	} else {
		delete(fam.forms, "Start")
	}
	fam.conditions = func(steps map[string]*read) error {
		s := steps["ma0Step"]
		weights := func(v symbolic, names []string) (out []*big.Rat) {
			for _, k := range names {
				parts := []string{"h", k}
				slices.Sort(parts)
				out = append(out, v[strings.Join(parts, "*")])
			}
			return out
		}
		// exact: polynomials up to a degree are integrated exactly, and the next one is not.
		exact := func(what string, w, at []*big.Rat) error {
			for q := range len(at) + 1 {
				var terms []*big.Rat
				for j, c := range w {
					if c == nil {
						return fmt.Errorf("%s: no weight %d", what, j)
					}
					terms = append(terms, new(big.Rat).Mul(c, power(at[j], q)))
				}
				err := rounded(fmt.Sprintf("%s: the integral of power %d", what, q), big.NewRat(1, int64(q+1)), 1, terms...)
				switch {
				case q < len(at) && err != nil:
					return err
				case q == len(at) && err == nil:
					return fmt.Errorf("%s: power %d is integrated exactly too", what, q)
				}
			}
			return nil
		}
		if !moulton {
			return exact("step", weights(s.results[0], memory("f_")), at)
		}
		if err := exact("prediction", weights(s.y[0][0], memory("f_")), grid(0, places)); err != nil {
			return err
		}
		return exact("correction", weights(s.results[0], slices.Concat([]string{"k0"}, memory("f_")[:p-1])), at)
	}
	return fam
}

// gragg is the midpoint rule with 2, 4, …, 2n substeps, extrapolated, as nodes, rows and weights of a Runge-Kutta method.
func gragg(n int) (nodes []*big.Rat, rows [][]*big.Rat, weights []*big.Rat) {
	nodes, rows = []*big.Rat{new(big.Rat)}, [][]*big.Rat{nil}
	type line struct {
		of    []int // stages z_1, z_2, …
		share *big.Rat
		g     *big.Rat
	}
	var lines []line
	for j := 1; j <= n; j++ {
		g := big.NewRat(1, int64(2*j))
		l := line{g: g, share: big.NewRat(1, 1)}
		for k := 1; k <= n; k++ {
			if k != j {
				l.share.Mul(l.share, big.NewRat(int64(j*j), int64(j*j-k*k)))
			}
		}
		for m := 1; m < 2*j; m++ {
			row := make([]*big.Rat, len(rows))
			for i := range row {
				row[i] = new(big.Rat)
			}
			for i := m - 1; i >= 1; i -= 2 { // z_m = z_{m-2} + 2g f(z_{m-1})
				row[l.of[i-1]] = new(big.Rat).Mul(g, big.NewRat(2, 1))
			}
			if m%2 == 1 {
				row[0] = g
			}
			l.of = append(l.of, len(rows))
			nodes, rows = append(nodes, new(big.Rat).Mul(g, big.NewRat(int64(m), 1))), append(rows, row)
		}
		lines = append(lines, l)
	}
	weights = make([]*big.Rat, len(rows))
	for i := range weights {
		weights[i] = new(big.Rat)
	}
	for _, l := range lines {
		for m := 1; m <= len(l.of); m += 2 {
			w := new(big.Rat).Mul(l.share, new(big.Rat).Mul(l.g, big.NewRat(2, 1)))
			weights[l.of[m-1]].Add(weights[l.of[m-1]], w)
		}
	}
	return nodes, rows, weights
}

// program has a model to the end and one with output times for each solver, Ma and Mb for the first one.
func (f family) program() string {
	states, starts, outs := "x", "x: x", "x"
	if f.system != "" {
		states, starts, outs = "q, v", "q: q, v: v", "q, e.v"
	}
	system := f.system
	if system == "" {
		system = "der(x) = a*x*busy(x) + t"
	}
	names := strings.Split(strings.ReplaceAll(states, " ", ""), ",")
	var one, three []string
	for _, n := range names {
		one, three = append(one, n+"1"), append(three, n+"1")
	}
	return fmt.Sprintf(`package m

`+busy+`

system S {
	state %[1]s real
	context a real
	%[2]s
}

solver M = %[3]s

model Ma(%[1]s, a real) (%[4]s real) {
	e := solve(S{%[5]s, a: a}, over: 0..1, with: M)
	return e.%[6]s
}

model Mb(%[1]s, a real) (%[7]s [3]real) {
	e := solve(S{%[5]s, a: a}, at: [0.3, 0.5, 1], from: 0, with: M)
	return e.%[6]s
}
`, states, system, f.solver, strings.Join(one, ", "), starts, outs, strings.Join(three, ", "))
}

// compare reads the functions of a text and compares each with the formulas.
func (f family) compare(target, text string, single bool) (map[string]*read, error) {
	steps, err := readers[target](text, f.forms, single)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for name, r := range steps {
		kind := name[len("ma0"):]
		want := newFormulas(single)
		f.formulas[kind](want)
		if len(want.results) > f.forms[kind].results { // errors, where steps are fixed
			want.results = want.results[:f.forms[kind].results]
		}
		if err := r.same(want.read); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		seen[kind] = true
	}
	for kind := range f.forms {
		if strings.HasPrefix(target, "AVX") && (kind == "Dense" || f.inKernels != nil && !slices.Contains(f.inKernels, kind)) {
			continue // dense output of so few numbers is spelled out in the kernel of outputs
		}
		if target == "CUDA" && kind == "Start" {
			continue // a loop over substeps, which readers do not follow
		}
		if !seen[kind] && !(kind == "DenseStep" && f.forms[kind].results == f.forms["Step"].results && strings.HasPrefix(target, "AVX")) { // one kernel for both
			return nil, fmt.Errorf("no %s", kind)
		}
	}
	return steps, nil
}

// TestReadBackFamilies: what emitted steps of splittings, of methods for second-order systems, with memory and of several steps do are the
// formulas with coefficients rounded once, which satisfy their conditions.
func TestReadBackFamilies(t *testing.T) {
	t.Parallel()
	families := memoryFamilies()
	for _, row := range method.Rows(method.Solver) {
		switch {
		case row.Split != nil:
			families = append(families, splittingFamily(row))
		case row.Nystrom != nil:
			families = append(families, nystromFamily(row))
		}
	}
	several := len(families)
	for p := 2; p <= 12; p++ {
		for name, moulton := range map[string]bool{"adams_bashforth": false, "adams_moulton": true} {
			f := adamsFamily(name, p, moulton)
			f.inKernels = []string{"Step"}
			families = append(families, f)
		}
	}
	for i, f := range families {
		for _, precision := range []string{"f64", "f32"} {
			if precision == "f32" && i >= several+6 { // weights meet time in float64 in both
				continue
			}
			texts := emittedSteps(t, f.program(), precision, true)
			if len(texts) != len(stepTexts) {
				t.Errorf("%s in %s: %d texts instead of %d", f.name, precision, len(texts), len(stepTexts))
			}
			for target, text := range texts {
				what := fmt.Sprintf("%s, %s in %s", f.name, target, precision)
				steps, err := f.compare(target, text, precision == "f32")
				if err != nil {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if err := f.conditions(steps); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if faults(t, what, target, text, f.forms, precision == "f32", 2, func(wrong string) error {
					_, err := f.compare(target, wrong, precision == "f32")
					return err
				}) == 0 {
					t.Errorf("%s: no fault was tried", what)
				}
			}
		}
	}
}
