package lower

import (
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// derivativeVariables are the definitions by which a program differentiates. Such a definition
// needs a value of its own, even where it only renames another one: in v := x, grad(v + x, v)
// is 1.
func derivativeVariables(p *sema.Program) map[*sema.Var]bool {
	vars, seen := map[*sema.Var]bool{}, map[sema.Expr]bool{}
	var visit func(xs ...sema.Expr)
	visit = func(xs ...sema.Expr) {
		for _, x := range xs {
			if x == nil || seen[x] {
				continue
			}
			seen[x] = true
			if op, ok := x.(*sema.Op); ok && op.Op.Info().Class == ir.ClassDeriv {
				held := op.Args[1:2]
				if op.Op == ir.OpPartial {
					held = op.Args[1:]
				}
				for _, x := range held {
					if r, ok := x.(*sema.Ref); ok && r.Var.Def != nil {
						vars[r.Var] = true
					}
				}
			}
			visit(operands(x)...)
			switch x := x.(type) {
			case *sema.Ref:
				visit(x.Var.Def)
			case *sema.Solve:
				visit(x.Starts...)
				visit(x.Extras...)
				visit(x.From, x.To, x.At)
			case *sema.MultiShoot:
				visit(x.Solve)
			case *sema.HyperError:
				visit(x.Starts...)
				visit(x.Extras...)
			case *sema.Rhs:
				visit(x.Starts...)
				visit(x.Extras...)
				visit(x.Time)
			case *sema.ModelCall:
				visit(x.Args...)
			}
		}
	}
	for _, f := range p.Funcs {
		visit(f.Result)
	}
	for _, s := range p.Systems {
		for _, st := range s.States {
			visit(st.Der)
		}
		for _, q := range append(append([]*sema.Named(nil), s.Integrals...), s.Outputs...) {
			visit(q.Expr)
		}
		for _, ev := range s.Events {
			visit(ev.Guard)
			for _, r := range ev.Resets {
				visit(r.Expr)
			}
		}
	}
	for _, h := range p.Hypers {
		for _, r := range h.Residuals {
			visit(r.Expr)
		}
	}
	for _, m := range p.Models {
		visit(m.Results...)
	}
	recipes := append([]*sema.Recipe(nil), p.Recipes...)
	for _, m := range p.Models {
		if m.Metrics != nil {
			recipes = append(recipes, m.Metrics)
		}
	}
	for _, r := range recipes {
		visit(r.Minimize)
		for _, m := range r.Metrics {
			visit(m.Expr)
		}
	}
	return vars
}
