package sema

import (
	"math"
	"strconv"

	"ndec.dev/ndec/dsl/syntax"
)

// figureName spells loss, acc, val.loss or val.acc.
func figureName(x syntax.Expr) (string, bool) {
	switch x := x.(type) {
	case *syntax.Ident:
		return x.Name, true
	case *syntax.SelectorExpr:
		id, ok := x.X.(*syntax.Ident)
		return "val." + x.Name.Name, ok && id.Name == "val"
	}
	return "", false
}

func stringLit(x syntax.Expr) (string, bool) {
	b, ok := x.(*syntax.BasicLit)
	if !ok || b.Kind != syntax.StringLit {
		return "", false
	}
	text, err := strconv.Unquote(b.Text)
	return text, err == nil
}

func (o *option) allowsWhole(x float64) bool { return x == math.Trunc(x) && x >= o.min && x <= o.max }

func (o *option) allows(x float64) bool {
	if math.IsNaN(x) || x < o.min || x > o.max || o.open && x == o.min {
		return false
	}
	return o.kind != optInt || x == math.Trunc(x)
}

func (o *option) rangeText() string {
	num := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	what := "a number"
	if o.kind == optInt {
		num = func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
		what = "a whole number"
	}
	switch {
	case o.open && math.IsInf(o.max, 1):
		return what + " above " + num(o.min)
	case math.IsInf(o.max, 1):
		return what + " of at least " + num(o.min)
	case o.open:
		return what + " above " + num(o.min) + " and up to " + num(o.max)
	}
	return what + " from " + num(o.min) + " to " + num(o.max)
}
