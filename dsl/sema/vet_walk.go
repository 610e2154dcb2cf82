package sema

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// once warns unless the same was said at that place.
func (v *vetter) once(code diag.Code, at diag.Span, format string, args ...any) {
	for _, d := range v.list {
		if d.Code == code && d.Span == at {
			return
		}
	}
	v.warnf(code, at, format, args...)
}

// roots are the expressions of the program that somebody reads: results, equations, objectives.
func (v *vetter) roots() []Expr {
	var out []Expr
	for _, f := range v.p.Funcs {
		out = append(out, f.Result)
	}
	for _, s := range v.p.Systems {
		for _, st := range s.States {
			out = append(out, st.Der)
		}
		for _, q := range slices.Concat(s.Integrals, s.Outputs) {
			out = append(out, q.Expr)
		}
		for _, n := range s.Noise {
			out = append(out, n.Expr)
		}
		for _, ev := range s.Events {
			out = append(out, ev.exprs()...)
		}
	}
	for _, h := range v.p.Hypers {
		for _, r := range h.Residuals {
			out = append(out, r.Expr)
		}
	}
	for _, m := range v.p.Models {
		if m.Base == nil {
			out = append(out, m.Results...)
		}
	}
	for _, r := range v.p.Recipes {
		out = append(out, r.Minimize)
		for _, m := range r.Metrics {
			out = append(out, m.Expr)
		}
	}
	return slices.DeleteFunc(out, func(x Expr) bool { return x == nil })
}

// each visits every expression of the program once.
func (v *vetter) each(visit func(Expr)) {
	seen := map[Expr]bool{}
	for _, x := range v.roots() {
		walk(x, seen, visit)
	}
}

// allSolves are the solves of the program in the order of the text.
func (v *vetter) allSolves() []*Solve {
	var out []*Solve
	v.each(func(x Expr) {
		if s, ok := x.(*Solve); ok {
			out = append(out, s)
		}
	})
	return out
}

// deep visits x and what it is computed from, within the functions that it calls, too.
func (v *vetter) deep(x Expr, visit func(Expr)) {
	seen := map[Expr]bool{}
	var into func(Expr)
	into = func(y Expr) {
		visit(y)
		if c, ok := y.(*Call); ok && c.Func.Result != nil {
			walk(c.Func.Result, seen, into)
		}
	}
	walk(x, seen, into)
}

// literalOf is x as a constant number; nil otherwise.
func literalOf(x Expr) *Lit {
	if x == nil {
		return nil
	}
	return literal(x)
}

// flat are operators whose derivative is zero everywhere, so that no gradient passes.
var flat = map[ir.Op]bool{ir.OpDetach: true, ir.OpAccuracy: true, ir.OpArgmax: true, ir.OpSign: true, ir.OpFloor: true,
	ir.OpEq: true, ir.OpNe: true, ir.OpLt: true, ir.OpLe: true, ir.OpNot: true, ir.OpAnd: true, ir.OpOr: true}

// reach collects the parameters that an expression is computed from. With gradient set, only those by which
// it can be differentiated count. Of a solve only the equations count that the part reaches which is read.
type reach struct {
	gradient bool
	params   map[*ir.Param]bool
	seen     map[Expr]bool
	fields   map[reachField]bool
	solves   map[*System]map[*Var]bool // states whose equation was read
}

// reachField is one part of one solve.
type reachField struct {
	of    Expr
	kind  FieldKind
	index int
}

func newReach(gradient bool) *reach {
	return &reach{gradient: gradient, params: map[*ir.Param]bool{}, seen: map[Expr]bool{}, fields: map[reachField]bool{}, solves: map[*System]map[*Var]bool{}}
}

func (r *reach) add(xs ...Expr) {
	for _, x := range xs {
		if x == nil || r.seen[x] {
			continue
		}
		r.seen[x] = true
		switch x := x.(type) {
		case *Ref:
			if x.Var.Param != nil {
				r.params[x.Var.Param] = true
			}
			r.add(x.Var.Def)
		case *ParamRef:
			r.params[x.Param] = true
		case *Op:
			if !r.gradient || !flat[x.Op] {
				r.add(x.Args...)
			}
		case *Layer:
			for _, p := range x.Params {
				r.params[p] = true
			}
			r.add(x.X)
		case *Call:
			r.add(x.Func.Result)
			r.add(x.Args...)
		case *ModelCall:
			if len(x.Model.Results) == 1 {
				r.add(x.Model.Results[0])
			}
			r.add(x.Args...)
		case *Part:
			if call, ok := defined(x.X).(*ModelCall); ok {
				r.add(call.Model.Results[x.Index])
				r.add(call.Args...)
				continue
			}
			r.add(x.X)
		case *Field:
			r.field(x)
		case *HyperError:
			for _, res := range x.Solver.Hyper.Residuals {
				r.add(res.Expr)
			}
			r.add(x.Starts...)
			r.add(x.Extras...)
			if !x.Residual || !r.gradient {
				r.states(x.System, x.System.States...)
			}
		default:
			r.add(children(x)...)
		}
	}
}

// defined looks through names to what they stand for.
func defined(x Expr) Expr {
	for {
		r, ok := x.(*Ref)
		if !ok || r.Var.Def == nil {
			return x
		}
		x = r.Var.Def
	}
}

// field adds what one part of a solve, or of a right-hand side, is computed from.
func (r *reach) field(x *Field) {
	of := defined(x.X)
	key := reachField{of, x.Kind, x.Index}
	if r.fields[key] {
		return
	}
	r.fields[key] = true
	switch of := of.(type) {
	case *Rhs:
		r.add(of.System.States[x.Index].Der)
		r.add(of.Starts...)
		r.add(of.Extras...)
	case *MultiShoot:
		r.add(of.Solve.Starts...)
		r.add(of.Solve.Extras...)
		r.add(of.Solve.At)
		r.events(of.Solve.System)
		r.states(of.Solve.System, of.Solve.System.States...)
	case *Solve:
		if x.Kind == StatField && x.T.Elem != Time {
			return // counts have no derivative
		}
		r.add(of.From, of.To, of.At)
		if x.Kind == StatField && !slices.ContainsFunc(of.System.Events, func(ev *Event) bool { return ev.Stop }) {
			return // the time at the end is that of the span
		}
		r.add(of.Starts...)
		r.add(of.Extras...)
		r.events(of.System)
		if h := of.Solver.Hyper; h != nil {
			for _, res := range h.Residuals {
				r.add(res.Expr)
			}
		}
		switch x.Kind {
		case StateField:
			r.states(of.System, of.System.States[x.Index])
		case IntegralField:
			r.equation(of.System, of.System.Integrals[x.Index].Expr)
		case OutputField:
			r.equation(of.System, of.System.Outputs[x.Index].Expr)
		}
	default:
		r.add(x.X)
	}
}

// events adds what events are computed from: they move the time from which every state goes on.
func (r *reach) events(s *System) {
	for _, ev := range s.Events {
		for _, x := range ev.exprs() {
			r.equation(s, x)
		}
	}
}

// states adds the equations of states, their noise, and what these read.
func (r *reach) states(s *System, list ...*State) {
	for _, st := range list {
		if r.solves[s] == nil {
			r.solves[s] = map[*Var]bool{}
		}
		if !r.solves[s][st.Var] && st.Der != nil {
			r.solves[s][st.Var] = true
			r.equation(s, st.Der)
			for _, n := range s.Noise {
				if n.State == st.Var.Index {
					r.equation(s, n.Expr)
				}
			}
		}
	}
}

func (r *reach) equation(s *System, x Expr) {
	if x == nil {
		return
	}
	r.add(x)
	for _, st := range s.States {
		if dependsOn(x, st.Var) {
			r.states(s, st)
		}
	}
}
