package sema

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

// A Unit is a product of powers of the seven SI base units times a factor. Angles count as numbers: rad is
// m/m, as in the SI.
type Unit struct {
	Powers [7]float64 // of unitBases
	Factor float64    // 1000 of km
	Text   string     // as written, "" where it was computed
}

var unitBases = [7]string{"m", "kg", "s", "A", "K", "mol", "cd"}

// one is the unit of pure numbers.
var one = Unit{Factor: 1}

// unitRow is a named unit.
type unitRow struct {
	name     string
	powers   [7]float64
	factor   float64
	prefixed bool // takes kilo, milli, …
}

var unitRows = []unitRow{
	{"m", [7]float64{1}, 1, true}, {"g", [7]float64{0, 1}, 1e-3, true}, {"s", [7]float64{0, 0, 1}, 1, true},
	{"A", [7]float64{0, 0, 0, 1}, 1, true}, {"K", [7]float64{0, 0, 0, 0, 1}, 1, true}, {"mol", [7]float64{0, 0, 0, 0, 0, 1}, 1, true},
	{"cd", [7]float64{0, 0, 0, 0, 0, 0, 1}, 1, true},
	{"rad", [7]float64{}, 1, true}, {"sr", [7]float64{}, 1, false}, {"deg", [7]float64{}, math.Pi / 180, false},
	{"Hz", [7]float64{0, 0, -1}, 1, true}, {"Bq", [7]float64{0, 0, -1}, 1, true},
	{"N", [7]float64{1, 1, -2}, 1, true}, {"Pa", [7]float64{-1, 1, -2}, 1, true}, {"J", [7]float64{2, 1, -2}, 1, true},
	{"W", [7]float64{2, 1, -3}, 1, true}, {"C", [7]float64{0, 0, 1, 1}, 1, true}, {"V", [7]float64{2, 1, -3, -1}, 1, true},
	{"F", [7]float64{-2, -1, 4, 2}, 1, true}, {"Ohm", [7]float64{2, 1, -3, -2}, 1, true}, {"Ω", [7]float64{2, 1, -3, -2}, 1, true},
	{"S", [7]float64{-2, -1, 3, 2}, 1, true}, {"Wb", [7]float64{2, 1, -2, -1}, 1, true}, {"T", [7]float64{0, 1, -2, -1}, 1, true},
	{"H", [7]float64{2, 1, -2, -2}, 1, true}, {"lm", [7]float64{0, 0, 0, 0, 0, 0, 1}, 1, true}, {"lx", [7]float64{-2, 0, 0, 0, 0, 0, 1}, 1, true},
	{"Gy", [7]float64{2, 0, -2}, 1, true}, {"Sv", [7]float64{2, 0, -2}, 1, true}, {"kat", [7]float64{0, 0, -1, 0, 0, 1}, 1, true},
	{"min", [7]float64{0, 0, 1}, 60, false}, {"h", [7]float64{0, 0, 1}, 3600, false}, {"d", [7]float64{0, 0, 1}, 86400, false},
	{"L", [7]float64{3}, 1e-3, true}, {"bar", [7]float64{-1, 1, -2}, 1e5, true}, {"t", [7]float64{0, 1}, 1e3, false},
	{"eV", [7]float64{2, 1, -2}, 1.602176634e-19, true},
}

var unitPrefixes = []struct {
	name   string
	factor float64
}{
	{"da", 1e1}, {"h", 1e2}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18}, {"Z", 1e21}, {"Y", 1e24},
	{"d", 1e-1}, {"c", 1e-2}, {"m", 1e-3}, {"u", 1e-6}, {"µ", 1e-6}, {"μ", 1e-6}, {"n", 1e-9}, {"p", 1e-12}, {"f", 1e-15}, {"a", 1e-18}, {"z", 1e-21}, {"y", 1e-24},
}

// namedUnit finds a unit, with or without a prefix. A name of its own comes first: min is a minute.
func namedUnit(name string) (Unit, bool) {
	find := func(name string, prefixed bool, factor float64) (Unit, bool) {
		for _, r := range unitRows {
			if r.name == name && (r.prefixed || !prefixed) {
				return Unit{Powers: r.powers, Factor: r.factor * factor, Text: name}, true
			}
		}
		return Unit{}, false
	}
	if u, ok := find(name, false, 1); ok {
		return u, true
	}
	for _, p := range unitPrefixes {
		if rest, ok := strings.CutPrefix(name, p.name); ok {
			if u, ok := find(rest, true, p.factor); ok {
				return u, true
			}
		}
	}
	return Unit{}, false
}

func unitNames() []string {
	var names []string
	for _, r := range unitRows {
		names = append(names, r.name)
	}
	return append(names, "kg")
}

func (u Unit) times(v Unit) Unit {
	out := Unit{Factor: u.Factor * v.Factor}
	for i := range u.Powers {
		out.Powers[i] = u.Powers[i] + v.Powers[i]
	}
	return out
}

func (u Unit) power(n float64) Unit {
	out := Unit{Factor: math.Pow(u.Factor, n)}
	for i := range u.Powers {
		out.Powers[i] = u.Powers[i] * n
	}
	return out
}

func (u Unit) over(v Unit) Unit { return u.times(v.power(-1)) }

// alike reports whether two units measure the same thing.
func (u Unit) alike(v Unit) bool {
	for i := range u.Powers {
		if math.Abs(u.Powers[i]-v.Powers[i]) > 1e-9 {
			return false
		}
	}
	return true
}

// equal reports whether a number in one unit means the same in the other.
func (u Unit) equal(v Unit) bool { return u.alike(v) && math.Abs(u.Factor/v.Factor-1) < 1e-9 }

// String is the unit as written, or as a product of base units.
func (u Unit) String() string {
	if u.Text != "" {
		return u.Text
	}
	var over, under []string
	for i, p := range u.Powers {
		text := unitBases[i]
		if a := math.Abs(p); math.Abs(a-1) > 1e-9 {
			text += "^" + strconv.FormatFloat(math.Round(a*1e6)/1e6, 'g', -1, 64)
		}
		switch {
		case p > 1e-9:
			over = append(over, text)
		case p < -1e-9:
			under = append(under, text)
		}
	}
	out := strings.Join(over, "*")
	if out == "" {
		out = "1"
	}
	if f := u.Factor; math.Abs(f-1) > 1e-9 {
		out = strings.TrimSuffix(strconv.FormatFloat(f, 'g', 6, 64)+" "+out, " 1")
	}
	if len(under) == 1 {
		return out + "/" + under[0]
	}
	if len(under) > 1 {
		return out + "/(" + strings.Join(under, "*") + ")"
	}
	return out
}

// unitOf is the unit that a program writes: a product, quotient or power of names. nil after a complaint.
func (c *checker) unitOf(x syntax.Expr) *Unit {
	u, ok := c.unitExpr(x)
	if !ok {
		return nil
	}
	u.Text = strings.ReplaceAll(syntax.ExprString(x), " ", "")
	return &u
}

func (c *checker) unitExpr(x syntax.Expr) (Unit, bool) {
	switch x := x.(type) {
	case *syntax.Ident:
		if u, ok := namedUnit(x.Name); ok {
			return u, true
		}
		names := unitNames()
		slices.Sort(names)
		c.errorf("NDE0351", x.At(), "unknown unit %q%s", x.Name, didYouMean(x.Name, names))
		return one, false
	case *syntax.ParenExpr:
		return c.unitExpr(x.X)
	case *syntax.BasicLit:
		if x.Text == "1" {
			return one, true
		}
	case *syntax.BinaryExpr:
		if x.Op == syntax.Pow {
			u, ok := c.unitExpr(x.X)
			n, fine := exponent(x.Y)
			if ok && !fine {
				break
			}
			return u.power(n), ok
		}
		if x.Op == syntax.Mul || x.Op == syntax.Quo {
			a, ok1 := c.unitExpr(x.X)
			b, ok2 := c.unitExpr(x.Y)
			if x.Op == syntax.Quo {
				b = b.power(-1)
			}
			return a.times(b), ok1 && ok2
		}
	}
	if b, ok := x.(*syntax.BasicLit); ok && b.Kind == syntax.IntLit {
		c.errorf("NDE0351", x.At(), "a unit is a product, quotient or power of units, as in kg*m/s^2; a size stands before the type: [%s]real", b.Text)
		return one, false
	}
	c.errorf("NDE0351", x.At(), "a unit is a product, quotient or power of units, as in kg*m/s^2")
	return one, false
}

// exponent is a whole number or fraction, perhaps negative.
func exponent(x syntax.Expr) (float64, bool) {
	switch x := x.(type) {
	case *syntax.BasicLit:
		n, err := strconv.ParseFloat(x.Text, 64)
		return n, err == nil && n <= 100
	case *syntax.ParenExpr:
		return exponent(x.X)
	case *syntax.UnaryExpr:
		n, ok := exponent(x.X)
		return -n, ok && x.Op == syntax.Sub
	case *syntax.BinaryExpr:
		a, ok1 := exponent(x.X)
		b, ok2 := exponent(x.Y)
		return a / b, ok1 && ok2 && x.Op == syntax.Quo && b != 0
	}
	return 0, false
}

// unitClash says that two values of different units meet; empty where they agree.
func unitClash(a, b Unit) string {
	switch {
	case a.equal(b):
		return ""
	case a.alike(b):
		return " (they differ by a factor of " + strconv.FormatFloat(a.Factor/b.Factor, 'g', 6, 64) + ")"
	}
	return " "
}

func (c *checker) clash(at diag.Span, a, b Unit, format string, args ...any) {
	if why := unitClash(a, b); why != "" {
		c.errorf("NDE0350", at, format+"%s", append(args, strings.TrimRight(why, " "))...)
	}
}
