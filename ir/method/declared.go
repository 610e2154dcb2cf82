package method

import (
	"fmt"
	"math/big"
	"strings"

	"ndec.dev/ndec/ir"
)

// Declared is the row of a tableau that a program declares; bhat is nil where it has no embedded solution. The
// error names what is inconsistent or which order condition is violated. Of order 3 and more its dense
// output is the cubic Hermite polynomial, below that the quadratic one that starts in direction k1.
func Declared(name string, order int, c []*big.Rat, a [][]*big.Rat, b, bhat []*big.Rat) (*Row, error) {
	s := len(b)
	if s == 0 || len(c) != s || len(a) != s || bhat != nil && len(bhat) != s {
		return nil, fmt.Errorf("c, a and b must have one entry or row per stage, and %d, %d and %d do not agree", len(c), len(a), len(b))
	}
	t := &Tableau{A: a, B: b, C: c, BHat: bhat, Order: order}
	for i, row := range a {
		if len(row) > i {
			return nil, fmt.Errorf("row %d of a has %d entries: stage %d can only use those before it", i+1, len(row), i+1)
		}
	}
	if bhat != nil {
		// The order of the embedded solution is what its conditions say.
		ts := trees(order + 1)
		cs := newConditions(rationals{}, a, ts)
		for t.Embedded = 0; t.Embedded <= order && cs.holds(bhat, ts[t.Embedded+1]); t.Embedded++ {
		}
		if t.Embedded == 0 {
			return nil, fmt.Errorf("e: the weights of an embedded solution add up to 1")
		}
		if equal(b, bhat) {
			return nil, fmt.Errorf("e is b: the two solutions do not differ, so there is no error estimate")
		}
	}
	t.hermite()
	if err := Check(t); err != nil {
		return nil, err
	}
	r := &Row{Name: name, Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: t, Source: "declared",
		Own: []ir.Setting{declaration(order, c, a, b, bhat)}}
	if bhat != nil {
		r.Family, r.Options = AdaptiveStep, adaptiveOptions()
	}
	return r, nil
}

// tableauKey is the setting by which a solve carries the tableau of a declared method along.
const tableauKey = "tableau"

// declaration is a declared tableau as a setting.
func declaration(order int, c []*big.Rat, a [][]*big.Rat, b, bhat []*big.Rat) ir.Setting {
	text := func(xs []*big.Rat) string {
		var out []string
		for _, x := range xs {
			out = append(out, x.RatString())
		}
		return strings.Join(out, " ")
	}
	var rows []ir.Setting
	for _, row := range a {
		rows = append(rows, ir.Setting{Text: text(row)})
	}
	return ir.Setting{Key: tableauKey, Num: float64(order), List: []ir.Setting{
		{Key: "c", Text: text(c)}, {Key: "a", List: rows}, {Key: "b", Text: text(b)}, {Key: "e", Text: text(bhat)}}}
}

// declaredBy is the row of a declared method from the options that carry its tableau; nil where none does.
func declaredBy(name string, options []ir.Setting) *Row {
	s, ok := ir.FindSetting(options, tableauKey)
	if !ok {
		return nil
	}
	numbers := func(text string) []*big.Rat {
		var out []*big.Rat
		for _, f := range strings.Fields(text) {
			if x, ok := new(big.Rat).SetString(f); ok {
				out = append(out, x)
			}
		}
		return out
	}
	get := func(key string) ir.Setting {
		x, _ := ir.FindSetting(s.List, key)
		return x
	}
	var a [][]*big.Rat
	for _, row := range get("a").List {
		a = append(a, numbers(row.Text))
	}
	r, err := Declared(name, int(s.Num), numbers(get("c").Text), a, numbers(get("b").Text), numbers(get("e").Text))
	if err != nil {
		return nil
	}
	return r
}

// holds reports whether weights satisfy the conditions of some trees.
func (c *conditions[T]) holds(b []*big.Rat, ts []*tree) bool {
	for _, tr := range ts {
		if c.sum(b, tr).Cmp(big.NewRat(1, tr.gamma)) != 0 {
			return false
		}
	}
	return true
}

// hermite gives t continuous weights from what every method has: the states and, of order 3 and more, the
// field at both ends, for which a stage is added unless the last one is that.
func (t *Tableau) hermite() {
	s := len(t.B)
	t.DenseOrder = min(t.Order, 3)
	if t.Order > 2 && !t.FSAL() {
		t.A = append(t.A[:s:s], t.B)
		t.C = append(t.C[:s:s], one)
	}
	last := len(t.A) - 1
	for i := range t.A {
		b, first, end := new(big.Rat), new(big.Rat), new(big.Rat)
		if i < s {
			b.Set(t.B[i])
		}
		if i == 0 {
			first = one
		}
		if t.Order < 3 {
			t.Dense = append(t.Dense, []*big.Rat{first, new(big.Rat).Sub(b, first)})
			continue
		}
		if i == last {
			end = one
		}
		// y + h (θ k1 + θ² (3Δ - 2 k1 - k_end) + θ³ (-2Δ + k1 + k_end)), Δ = Σ b_i k_i
		square := new(big.Rat).Mul(big.NewRat(3, 1), b)
		square.Sub(square.Sub(square.Sub(square, first), first), end)
		cube := new(big.Rat).Mul(big.NewRat(-2, 1), b)
		cube.Add(cube.Add(cube, first), end)
		t.Dense = append(t.Dense, []*big.Rat{first, square, cube})
	}
}
