package sema

import (
	"slices"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/recipe"
)

// checkTarget is `target go{…}` or `target cuda{…}`.
func (c *checker) checkTarget(n *syntax.TargetDecl) {
	ch, ok := c.choice(n.Value, recipeGroup(recipe.Target), newEnv(inConst, ""))
	if !ok {
		return
	}
	for _, t := range c.prog.Targets {
		if t.Row == ch.Row {
			c.errorf("NDE0706", ch.Span, "target %s is given twice; the first one is at %s", ch.Row, t.Span.Start)
			return
		}
	}
	if l, ok := n.Value.(*syntax.LitExpr); ok {
		for _, el := range l.Elems {
			switch el.Key.Name {
			case "package":
				c.packageName(el.Value)
			case "jacobians":
				c.jacobians(el.Value)
			}
		}
	}
	if arch, ok := ch.Option("arch"); ok {
		for _, a := range arch.List {
			if n, err := strconv.Atoi(strings.TrimPrefix(a.Text, "sm_")); err != nil || !strings.HasPrefix(a.Text, "sm_") || n < minArch || n > 999 {
				c.errorf("NDE0703", a.Span, "%q is no device that kernels can be made for; write sm_%d or a later one", a.Text, minArch)
			}
		}
	}
	ch.Options = slices.DeleteFunc(ch.Options, func(s ir.Setting) bool { return s.Text == "" && len(s.List) == 0 }) // not given, or kept elsewhere
	c.prog.Targets = append(c.prog.Targets, ch)
}

// minArch is the oldest compute capability that emitted kernels assemble for.
const minArch = 75

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
	case "", "mixed_bf16", "mixed_fp16", real:
	default:
		c.errorf("NDE0703", s.Span, "the recipe wants %s, and the package is compiled in %s; compile it with --precision %s, or leave precision: out", s.Text, real, s.Text)
	}
}
