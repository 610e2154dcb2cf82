package lower

import (
	"fmt"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// driven is a system with the numbers of knots of its inputs.
type driven struct {
	system *sema.System
	knots  string
}

// system holds the functions of a system that solves share.
type system struct {
	*sema.System
	knots   []int    // by input: of the signal that drives it; 0 for a constant
	field   *ir.Func // template of the fields of solves
	fields  int      // copies made
	rhs     *ir.Func // derivatives of the states alone
	outputs *ir.Func
}

// system lowers a system when it is first used. extras are those of a solve, which say what drives it.
func (l *lowerer) system(sys *sema.System, extras []sema.Expr) *system {
	if l.base != nil && !l.differs(sys) {
		return l.base.system(sys, extras)
	}
	knots := sys.Knots(extras)
	key := driven{sys, fmt.Sprint(knots)}
	if l.systems[key] == nil {
		l.systems[key] = &system{System: sys, knots: knots}
	}
	return l.systems[key]
}

// states are the states of a solve: those of the system, then its integrals.
func (l *lowerer) states(sys *sema.System) []ir.SolveState {
	var out []ir.SolveState
	for _, st := range sys.States {
		out = append(out, ir.SolveState{Name: st.Var.Name, Type: st.Var.Type.IR(l.m.Real), InNorm: true})
	}
	for _, q := range sys.Integrals {
		out = append(out, ir.SolveState{Name: q.Name, Type: ir.Scalar(l.m.Real)})
	}
	return out
}

// extras are the types of what a solve passes to its functions beside time and states: contexts,
// inputs, then starts.
func (l *lowerer) extras(sys *system) []ir.Type {
	var out []ir.Type
	for _, v := range l.contexts(sys.System) {
		out = append(out, v.Type.IR(l.m.Real))
	}
	out = append(out, l.inputTypes(sys)...)
	for _, v := range sys.Initials {
		out = append(out, v.Type.IR(l.m.Real))
	}
	return out
}

// nameOf is what functions of sys are called after.
func (l *lowerer) nameOf(sys *sema.System) string {
	if !l.differs(sys) {
		return sys.Name
	}
	return l.name(sys.Name)
}

// contexts are those of the present use: directions that only the other one draws are left out.
func (l *lowerer) contexts(sys *sema.System) []*sema.Var {
	var out []*sema.Var
	for _, v := range sys.Contexts {
		if v.Drawn == nil || v.Drawn.Use.For(l.use) {
			out = append(out, v)
		}
	}
	return out
}

// systemFunc starts a function of (t, states…, integrals… if wanted, contexts…, inputs…, starts…).
func (l *lowerer) systemFunc(sys *system, suffix string, integrals bool) *scope {
	s := l.scope(l.nameOf(sys.System)+"."+suffix, "", sys.Span)
	s.arg(sys.Time)
	for _, st := range sys.States {
		s.arg(st.Var)
	}
	if integrals {
		for _, q := range sys.Integrals {
			s.b.Span = q.Span
			s.b.Arg(q.Name, ir.Scalar(l.m.Real)) // never read: equations cannot see integrals
		}
	}
	s.extraArgs(sys)
	return s
}

// extraArgs adds the arguments for the extras of a solve, and what the inputs are at the time of the function.
func (s *scope) extraArgs(sys *system) {
	s.args(s.contexts(sys.System))
	inputs := s.inputArgs(sys)
	for _, v := range sys.Initials {
		s.b.Span = v.Span
		s.starts[v] = s.b.Arg(v.Name+"_start", v.Type.IR(s.m.Real))
	}
	inputs()
	s.b.Span = sys.Span
}

// equations lowers the derivatives of the states, and of the integrals if wanted.
func (l *lowerer) equations(sys *system, suffix string, integrals bool) *ir.Func {
	s := l.systemFunc(sys, suffix, integrals)
	var results []*ir.Value
	add := func(name string, x sema.Expr) {
		v := s.expr(x)
		if v.Name == "" {
			v.Named("d" + name)
		}
		results = append(results, v)
		s.b.Func.ResultNames = append(s.b.Func.ResultNames, "d"+name)
	}
	for _, st := range sys.States {
		add(st.Var.Name, st.Der)
	}
	if integrals {
		for _, q := range sys.Integrals {
			add(q.Name, q.Expr)
		}
	}
	return s.b.Return(results...)
}

// newField is the field function of one more solve. Each solve has its own, since later passes
// change it to what that solve needs.
func (l *lowerer) newField(sys *system) *ir.Func {
	if sys.field == nil {
		sys.field = l.equations(sys, "field", true)
	}
	name := sys.field.Name
	if sys.fields > 0 {
		name = fmt.Sprintf("%s.%d", name, sys.fields)
	}
	sys.fields++
	return l.add(sys.field.Clone(name))
}

// rhsFunc is (t, states…, contexts…, starts…) -> derivatives of the states.
func (l *lowerer) rhsFunc(sys *system) *ir.Func {
	if sys.rhs == nil {
		sys.rhs = l.add(l.equations(sys, "rhs", false))
	}
	return sys.rhs
}

// outputFunc is (t, states…, contexts…, starts…) -> outputs.
func (l *lowerer) outputFunc(sys *system) *ir.Func {
	if sys.outputs == nil {
		s := l.systemFunc(sys, "outputs", false)
		var results []*ir.Value
		for _, q := range sys.Outputs {
			v := s.expr(q.Expr)
			if v.Name == "" {
				v.Named(q.Name)
			}
			results = append(results, v)
			s.b.Func.ResultNames = append(s.b.Func.ResultNames, q.Name)
		}
		sys.outputs = l.add(s.b.Return(results...))
	}
	return sys.outputs
}
