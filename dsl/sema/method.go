package sema

import (
	"math/big"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/method"
)

// methodKeys are the settings of a method block.
var methodKeys = []string{"order", "c", "a", "b", "e"}

// checkMethod is `method M { order: p; c: […]; a: [[…], …]; b: […]; e: […] }`: an explicit Runge-Kutta
// method, with the weights e of an embedded solution where it has one.
func (c *checker) checkMethod(d *decl, n *syntax.MethodDecl) {
	given := map[string]*syntax.SettingStmt{}
	ok := true
	for _, st := range n.Body.Stmts {
		s, fine := st.(*syntax.SettingStmt)
		switch {
		case !fine:
			c.stray(st.At())
			ok = false
		case !contains(methodKeys, s.Key.Name):
			c.errorf("NDE0702", s.Key.At(), "method %s has no setting %q%s", d.name, s.Key.Name, didYouMean(s.Key.Name, methodKeys))
			ok = false
		case given[s.Key.Name] != nil:
			c.errorf("NDE0525", s.Key.At(), "%s is given twice", s.Key.Name)
			ok = false
		default:
			given[s.Key.Name] = s
		}
	}
	for _, key := range methodKeys[:4] {
		if given[key] == nil && ok {
			c.errorf("NDE0533", n.At(), "method %s needs order, c, a and b; %s is missing", d.name, key)
			ok = false
		}
	}
	if !ok {
		return
	}
	order, fine := c.exact(given["order"].Value)
	if !fine || !order.IsInt() || order.Sign() <= 0 || order.Cmp(big.NewRat(10, 1)) > 0 {
		if fine {
			c.errorf("NDE0533", given["order"].Value.At(), "the order of a method is a whole number from 1 to 10")
		}
		return
	}
	nodes, ok1 := c.exactList(given["c"].Value)
	weights, ok2 := c.exactList(given["b"].Value)
	var rows [][]*big.Rat
	list, isList := given["a"].Value.(*syntax.ListExpr)
	if !isList {
		c.errorf("NDE0533", given["a"].Value.At(), "a is a list of rows: [[], [1/2], …]")
		return
	}
	ok3 := true
	for _, el := range list.Elems {
		row, fine := c.exactList(el)
		rows, ok3 = append(rows, row), ok3 && fine
	}
	var embedded []*big.Rat
	ok4 := true
	if e := given["e"]; e != nil {
		embedded, ok4 = c.exactList(e.Value)
	}
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return
	}
	row, err := method.Declared(d.name, int(order.Num().Int64()), nodes, rows, weights, embedded)
	if err != nil {
		c.errorf("NDE0533", n.At(), "method %s: %s", d.name, strings.TrimPrefix(err.Error(), "method: "))
		return
	}
	row.Doc = n.Doc
	d.method = row
}

func (c *checker) exactList(x syntax.Expr) (out []*big.Rat, ok bool) {
	l, ok := x.(*syntax.ListExpr)
	if !ok {
		c.errorf("NDE0533", x.At(), "a list of numbers is wanted, such as [1/6, 2/3, 1/6]")
		return nil, false
	}
	for _, el := range l.Elems {
		v, fine := c.exact(el)
		out, ok = append(out, v), ok && fine
	}
	return out, ok
}

// exact is an expression of numbers and constants as a rational: decimals are what they say, so that 0.1 is
// 1/10.
func (c *checker) exact(x syntax.Expr) (*big.Rat, bool) {
	switch x := x.(type) {
	case *syntax.ParenExpr:
		return c.exact(x.X)
	case *syntax.BasicLit:
		if v, ok := new(big.Rat).SetString(strings.ReplaceAll(x.Text, "_", "")); ok {
			return v, true
		}
	case *syntax.UnaryExpr:
		if v, ok := c.exact(x.X); ok && x.Op == syntax.Sub {
			return new(big.Rat).Neg(v), true
		} else if !ok {
			return nil, false
		}
	case *syntax.BinaryExpr:
		a, ok1 := c.exact(x.X)
		b, ok2 := c.exact(x.Y)
		if !ok1 || !ok2 {
			return nil, false
		}
		switch x.Op {
		case syntax.Add:
			return new(big.Rat).Add(a, b), true
		case syntax.Sub:
			return new(big.Rat).Sub(a, b), true
		case syntax.Mul:
			return new(big.Rat).Mul(a, b), true
		case syntax.Quo:
			if b.Sign() != 0 {
				return new(big.Rat).Quo(a, b), true
			}
		}
	case *syntax.Ident:
		if v := literal(c.expr(x, newEnv(inConst, ""))); v != nil && v.T.IsValid() {
			if r := new(big.Rat).SetFloat64(v.Num); r != nil {
				return r, true
			}
		}
		return nil, false
	}
	c.errorf("NDE0533", x.At(), "a coefficient is a number or a quotient of numbers")
	return nil, false
}

// methodRow finds a method of the table or of the package; nil if there is none.
func (c *checker) methodRow(name string) *method.Row {
	if r := method.Lookup(name); r != nil {
		return r
	}
	if d := c.decls[name]; d != nil && d.what == "method" && c.touch(d) {
		return d.method
	}
	return nil
}

// badMethod reports whether name is a method of the package that was complained about.
func (c *checker) badMethod(name string) bool {
	d := c.decls[name]
	return d != nil && d.what == "method" && d.method == nil
}

// solverMethods are the methods of the table and those of the package.
func (c *checker) solverMethods() *group {
	g := methodGroup(method.Solver)
	for name, d := range c.decls {
		if d.what == "method" {
			g.names = append(g.names, name)
		}
	}
	g.names = sortedCopy(g.names)
	g.find = func(name string) *row {
		if r := c.methodRow(name); r != nil {
			return optionRow(r)
		}
		return nil
	}
	return g
}
