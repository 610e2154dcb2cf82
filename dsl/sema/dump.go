package sema

import (
	"fmt"
	"io"
	"strings"
)

// Dump writes the typed program: what every name is, the type of every expression, options complete.
func Dump(w io.Writer, p *Program) {
	d := &dumper{w: w}
	d.linef("package %s, real is %s", p.Package, p.Real)
	for _, c := range p.Consts {
		d.linef("const %s = %v", c.Name, c.Value)
	}
	for _, q := range p.Params {
		d.linef("param %s %s of %s", q.Name, q.Type, q.Net)
	}
	for _, f := range p.Funcs {
		what := "fn"
		if f.Net {
			what = "net"
		}
		d.block("%s %s(%s) %s", what, f.Name, vars(f.Args), f.Type)
		d.defs(f.Body)
		d.linef("return %s", typed(f.Result))
		d.end()
	}
	for _, s := range p.Systems {
		d.block("system %s", s.Name)
		for _, st := range s.States {
			start := ""
			if st.Default != nil {
				start = " = " + typed(st.Default)
			}
			d.linef("state %s %s%s", st.Var.Name, st.Var.Type, start)
		}
		for _, v := range s.Contexts {
			d.linef("context %s %s", v.Name, v.Type)
		}
		for _, v := range s.Inputs {
			d.linef("input %s %s %s", v.Var.Name, v.Var.Type, v.Interp)
		}
		d.defs(s.Defs)
		for _, st := range s.States {
			d.linef("der(%s) = %s", st.Var.Name, typed(st.Der))
		}
		d.named("integral", s.Integrals)
		d.named("output", s.Outputs)
		for _, ev := range s.Events {
			d.event(s, ev)
		}
		d.end()
	}
	for _, s := range p.Solvers {
		d.linef("solver %s = %s", s.Name, solverText(s))
	}
	for _, h := range p.Hypers {
		d.block("hypersolver %s for %s", h.Name, h.System.Name)
		for _, r := range h.Residuals {
			d.linef("residual(%s) = %s", h.System.States[r.State].Var.Name, typed(r.Expr))
		}
		d.end()
	}
	for _, m := range p.Models {
		d.model(m)
	}
	for _, b := range p.Data {
		d.linef("data %s(%s) from %s", b.Name, vars(b.Columns), b.Source.Row)
	}
	for _, r := range p.Recipes {
		d.block("train %s on %s", r.Name, r.Data.Name)
		d.defs(r.Defs)
		d.linef("minimize %s", typed(r.Minimize))
		d.named("metric", r.Metrics)
		d.end()
	}
	for _, t := range p.Tests {
		d.block("test %s", t.Name)
		d.defs(t.Model.Body)
		for i, c := range t.Checks {
			d.linef("check %s as %s", c.Text, typed(t.Model.Results[3*i]))
		}
		d.end()
	}
}

type dumper struct {
	w      io.Writer
	indent string
}

func (d *dumper) linef(format string, args ...any) {
	fmt.Fprintf(d.w, "%s%s\n", d.indent, fmt.Sprintf(format, args...))
}

func (d *dumper) block(format string, args ...any) {
	d.linef(format+" {", args...)
	d.indent += "\t"
}

func (d *dumper) end() {
	d.indent = d.indent[1:]
	d.linef("}")
}

func (d *dumper) defs(list []*Var) {
	for _, v := range list {
		d.linef("%s := %s", v.Name, typed(v.Def))
	}
}

func (d *dumper) named(what string, list []*Named) {
	for _, n := range list {
		d.linef("%s %s = %s", what, n.Name, typed(n.Expr))
	}
}

func (d *dumper) model(m *Model) {
	if m.Base != nil {
		d.block("model %s = %s", m.Name, m.Base.Name)
		for _, name := range sortedKeys(m.Replaces) {
			d.linef("%s: %s", name, solverText(m.Replaces[name]))
		}
		d.end()
		return
	}
	var outs []string
	for _, o := range m.Outputs {
		outs = append(outs, o.Name+" "+o.Type.String())
	}
	d.block("model %s(%s) (%s)", m.Name, vars(m.Inputs), strings.Join(outs, ", "))
	d.defs(m.Body)
	var results []string
	for _, x := range m.Results {
		results = append(results, typed(x))
	}
	d.linef("return %s", strings.Join(results, ", "))
	d.end()
}

func vars(list []*Var) string {
	var out []string
	for _, v := range list {
		out = append(out, v.Name+" "+v.Type.String())
	}
	return strings.Join(out, ", ")
}

func solverText(s *Solver) string {
	var opts []string
	for _, o := range s.Options {
		value := o.Text
		switch {
		case o.Choice != nil:
			value = o.Choice.Row
		case value == "":
			value = fmt.Sprint(o.Num)
		}
		opts = append(opts, o.Key+": "+value)
	}
	return s.Method + "{" + strings.Join(opts, ", ") + "}"
}

// typed is an expression with its type.
func typed(x Expr) string {
	if x == nil {
		return "nothing"
	}
	return plainText(x) + " : " + x.Type().String()
}

// plainText is an expression without types, conversions as calls.
func plainText(x Expr) string {
	list := func(xs []Expr) string {
		var out []string
		for _, y := range xs {
			out = append(out, plainText(y))
		}
		return strings.Join(out, ", ")
	}
	switch x := x.(type) {
	case nil:
		return ""
	case *Lit:
		if x.Data != nil {
			return fmt.Sprint(x.Data)
		}
		return fmt.Sprint(x.Num)
	case *Ref:
		return x.Var.Name
	case *ParamRef:
		return x.Param.Name
	case *Op:
		return x.Op.String() + "(" + list(x.Args) + ")"
	case *Convert:
		return x.T.Elem.String() + "(" + plainText(x.X) + ")"
	case *Call:
		return x.Func.Name + "(" + list(x.Args) + ")"
	case *Layer:
		return x.Inst.Row.Name + "(" + plainText(x.X) + ")"
	case *Index:
		var subs []string
		for _, s := range x.Subs {
			if s.Index {
				subs = append(subs, fmt.Sprint(s.Lo))
			} else {
				subs = append(subs, fmt.Sprintf("%d:%d", s.Lo, s.Hi))
			}
		}
		return plainText(x.X) + "[" + strings.Join(subs, ", ") + "]"
	case *Stack:
		return "[" + list(x.Xs) + "]"
	case *Concat:
		return fmt.Sprintf("concat(%s, axis: %d)", list(x.Xs), x.Axis)
	case *Initial:
		return "initial(" + x.State.Name + ")"
	case *Field:
		return plainText(x.X) + "." + x.Name
	case *ModelCall:
		return x.Model.Name + "(" + list(x.Args) + ")"
	case *Part:
		return fmt.Sprintf("%s.%d", plainText(x.X), x.Index)
	case *Avg:
		return "avg(" + plainText(x.X) + ")"
	case *Solve:
		span := plainText(x.From) + ".." + plainText(x.To)
		if x.At != nil {
			span = plainText(x.From) + ", at: " + plainText(x.At)
		}
		return fmt.Sprintf("solve(%s{%s}, %s, with: %s)", x.System.Name, list(append(append([]Expr(nil), x.Starts...), x.Extras...)), span, solverText(x.Solver))
	case *Rhs:
		return fmt.Sprintf("rhs(%s{%s})", x.System.Name, list(append(append([]Expr(nil), x.Starts...), x.Extras...)))
	}
	return fmt.Sprintf("%s(%s)", strings.TrimPrefix(fmt.Sprintf("%T", x), "*sema."), list(children(x)))
}
