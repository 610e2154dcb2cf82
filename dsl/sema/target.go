package sema

import (
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// checkTarget is `target go{…}`.
func (c *checker) checkTarget(n *syntax.TargetDecl) {
	var name string
	var elems []*syntax.Elem
	var at diag.Span
	switch v := n.Value.(type) {
	case *syntax.Ident:
		name, at = v.Name, v.At()
	case *syntax.LitExpr:
		name, elems, at = literalName(v), v.Elems, v.Span()
	}
	switch name {
	case "":
		c.errorf("NDE0703", n.At(), "a target is written go or cuda{options}")
		return
	case "go":
	default:
		c.limitNamed("target", name, at)
		return
	}
	for _, el := range elems {
		switch {
		case el.Key == nil:
			c.errorf("NDE0703", el.At(), "options of a target are written key: value")
		case el.Key.Name == "package":
			c.packageName(el.Value)
		case el.Key.Name == "jacobians":
			c.jacobians(el.Value)
		case contains(goTargetLater, el.Key.Name):
			c.limitNamed("target", "option "+el.Key.Name+" of go", el.Key.At())
		default:
			c.errorf("NDE0705", el.Key.At(), "target go has no option %q%s", el.Key.Name, didYouMean(el.Key.Name, append([]string{"package", "jacobians"}, goTargetLater...)))
		}
	}
	c.prog.Targets = append(c.prog.Targets, ir.Choice{Row: "go", Span: at})
}

// goTargetLater are the options of target go that are not compiled yet.
var goTargetLater = []string{"alloc", "runtime"}

// jacobians is `jacobians: [M, …]`: models whose derivatives by their inputs are models of the generated
// package too.
func (c *checker) jacobians(x syntax.Expr) {
	list, ok := x.(*syntax.ListExpr)
	if !ok {
		c.errorf("NDE0703", x.At(), "jacobians: wants a list of models: [Step]")
		return
	}
	for _, el := range list.Elems {
		id, ok := el.(*syntax.Ident)
		if !ok {
			c.errorf("NDE0703", el.At(), "jacobians: wants names of models")
			continue
		}
		d := c.find(id, "NDE0205", "model")
		if d == nil || !c.touch(d) || d.model == nil {
			continue
		}
		m := d.model
		switch {
		case contains(modelNames(c.prog.Jacobians), m.Name):
			c.errorf("NDE0525", id.At(), "%s is listed twice", id.Name)
			continue
		case c.decls[m.Name+"Jacobian"] != nil:
			c.errorf("NDE0643", id.At(), "the generated package would declare %sJacobian twice; rename the declaration of that name", m.Name)
			continue
		case !differentiable(m):
			c.errorf("NDE0644", id.At(), "%s has no real input or no real output, so that there is nothing to differentiate", id.Name)
			continue
		}
		c.prog.Jacobians = append(c.prog.Jacobians, m)
	}
}

func modelNames(ms []*Model) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Name)
	}
	return out
}

// differentiable reports whether m has a real input and a real output.
func differentiable(m *Model) bool {
	in, out := false, false
	for _, v := range m.Inputs {
		in = in || v.Type.Elem == Real
	}
	for _, p := range m.Outputs {
		out = out || p.Type.Elem == Real
	}
	return in && out
}

// packageName demands the name that the generated package has anyway.
func (c *checker) packageName(x syntax.Expr) {
	switch name, ok := stringLit(x); {
	case !ok:
		c.errorf("NDE0703", x.At(), "package: wants a string")
	case name != c.prog.Package:
		c.errorf("NDE0703", x.At(), "the generated package is named as the program is, %q; rename the program, or leave package: out", c.prog.Package)
	}
}

// precision demands that the precision of a recipe is that of the package.
func (c *checker) precision(s ir.Setting) {
	real := map[ir.Elem]string{ir.F32: "f32", ir.F64: "f64"}[c.prog.Real]
	switch s.Text {
	case "mixed_bf16":
		c.limitNamed("setting", "precision: mixed_bf16", s.Span)
	case "", real:
	default:
		c.errorf("NDE0703", s.Span, "the recipe wants %s, and the package is compiled in %s; compile it with --precision %s, or leave precision: out", s.Text, real, s.Text)
	}
}
