package sema

import (
	"fmt"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Test is `test T { … }`. Its values are those of Model, which has one input that nobody reads, since a
// model has at least one, and three outputs for each check: whether it holds (1 or 0), and the two sides of
// a comparison of scalars (0 and 0 for others).
type Test struct {
	Name   string
	Doc    string
	Span   diag.Span
	Seed   uint64 // of the parameters, where File is ""
	File   string // weights, relative to the folder of the package
	Checks []Expectation
	Model  *Model
}

// Expectation is `check condition` of a test.
type Expectation struct {
	Span     diag.Span
	Text     string // as the program writes it
	Compares string // the operator where the sides are scalars, else ""
}

// checkTest is `test T { … }`.
func (c *checker) checkTest(d *decl, n *syntax.TestDecl) {
	if n.Body == nil {
		return
	}
	t := &Test{Name: d.name, Doc: n.Doc, Span: n.At()}
	e := newEnv(inTest, d.name)
	m := &Model{Name: capital(d.name), Doc: n.Doc, Span: n.At(), Inputs: []*Var{{Name: "sample", Kind: ArgVar, Type: Scalar(Real), Span: n.At()}}}
	given := false
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.SettingStmt:
			switch {
			case st.Key.Name != "params":
				c.errorf("NDE0702", st.Key.At(), "test %s has no setting %q%s", d.name, st.Key.Name, didYouMean(st.Key.Name, []string{"params"}))
			case given:
				c.errorf("NDE0706", st.Key.At(), "params is set twice")
			default:
				given = true
				c.testParams(t, st)
			}
		case *syntax.DefineStmt:
			c.define(st, e)
		case *syntax.CheckStmt:
			c.testCheck(t, m, st, e)
		default:
			c.stray(st.At())
		}
	}
	if len(t.Checks) == 0 && !d.bad {
		c.errorf("NDE0722", n.At(), "test %s checks nothing: add check a < b", d.name)
	}
	m.Body = e.defs
	t.Model = m
	d.test = t
}

// testParams is `params: seed n` or `params: file "weights.safetensors"`.
func (c *checker) testParams(t *Test, st *syntax.SettingStmt) {
	if tag, ok := st.Value.(*syntax.TaggedExpr); ok {
		switch tag.Tag.Name {
		case "seed":
			if n, err := tag.Value.Int(); err == nil && n >= 0 {
				t.Seed = uint64(n)
				return
			}
		case "file":
			if text, err := tag.Value.Str(); err == nil && text != "" {
				t.File = text
				return
			}
		}
	}
	c.errorf("NDE0723", st.Value.At(), "params of a test are written seed 1, or file \"weights.safetensors\"")
}

// testCheck is `check condition`.
func (c *checker) testCheck(t *Test, m *Model, st *syntax.CheckStmt, e *env) {
	x := c.expr(st.Value, e)
	if isInvalid(x) {
		t.Checks = append(t.Checks, Expectation{})
		return
	}
	if ty := x.Type(); !ty.IsScalar() || ty.Elem != Bool {
		c.errorf("NDE0724", st.Value.At(), "check wants a condition, got %s", ty)
		t.Checks = append(t.Checks, Expectation{})
		return
	}
	zero := func() Expr { return number(0, Real, st.At()) }
	out := []Expr{convert(x, Real), zero(), zero()}
	check := Expectation{Span: st.Span(), Text: syntax.ExprString(st.Value)}
	cond := st.Value
	for {
		p, ok := cond.(*syntax.ParenExpr)
		if !ok {
			break
		}
		cond = p.X
	}
	if b, ok := cond.(*syntax.BinaryExpr); ok {
		op, isOp := x.(*Op)
		if cmp, compares := compareOps[operatorText(b.Op)]; compares && isOp && op.Args[0].Type().IsScalar() && op.Args[1].Type().IsScalar() {
			l, r := op.Args[0], op.Args[1]
			if cmp.swap {
				l, r = r, l
			}
			check.Compares = operatorText(b.Op)
			out[1], out[2] = asFigure(l), asFigure(r)
		}
	}
	n := len(t.Checks)
	t.Checks = append(t.Checks, check)
	for i, name := range []string{"holds", "left", "right"} {
		m.Results = append(m.Results, out[i])
		m.Outputs = append(m.Outputs, Port{Name: fmt.Sprintf("%s%d", name, n), Type: Scalar(Real), Span: st.At()})
	}
}

// asFigure is a scalar as a real.
func asFigure(x Expr) Expr {
	x = asReal(x)
	if x.Type().Elem != Real {
		x = convert(x, Real)
	}
	return x
}

// Testing is the program whose models are the tests of p and the models that these call; nil when there
// are no tests. The parameters are all of p, so that weights fit.
func (p *Program) Testing() *Program {
	if len(p.Tests) == 0 {
		return nil
	}
	needed := map[*Model]bool{}
	var need func(m *Model)
	need = func(m *Model) {
		if needed[m] {
			return
		}
		needed[m] = true
		seen := map[Expr]bool{}
		for _, x := range m.Results {
			walk(x, seen, func(y Expr) {
				if call, ok := y.(*ModelCall); ok {
					need(call.Model)
				}
			})
		}
	}
	for _, t := range p.Tests {
		need(t.Model)
	}
	q := *p
	q.Models, q.Recipes, q.Data, q.Targets, q.Jacobians = nil, nil, nil, []ir.Choice(nil), nil
	for _, m := range p.Models {
		if needed[m] {
			q.Models = append(q.Models, m)
		}
	}
	for _, t := range p.Tests {
		q.Models = append(q.Models, t.Model)
	}
	return &q
}
