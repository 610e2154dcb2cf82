package sema

import (
	"fmt"
	"sort"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// statNames are the fields of a solve result that are no values of the system, with their place
// among the statistics.
var statNames = map[string]int{
	"nfe": ir.StatNFE, "accepted": ir.StatAccepted, "steps": ir.StatAccepted, "rejected": ir.StatRejected,
	"status": ir.StatStatus, "t": ir.StatTime,
}

// checkSystem is `system S { … }`. States, contexts and parameters are entered first; the other
// statements are checked in order, so a definition stands before its use.
func (c *checker) checkSystem(d *decl, n *syntax.SystemDecl) {
	s := &System{Name: d.name, Doc: n.Doc, Span: n.At()}
	e := newEnv(inSystem, d.name)
	e.sys, e.states = s, map[string]*Var{}
	s.Time = &Var{Name: "t", Kind: TimeVar, Type: Scalar(Time), Span: n.At()}
	e.vars["t"] = s.Time
	if n.Body == nil {
		return
	}
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.StateStmt:
			c.stateStmt(st, s, e)
		case *syntax.ContextStmt:
			t := c.typeOf(st.Type, e)
			for _, name := range st.Names {
				if c.notReserved(name) {
					s.Contexts = append(s.Contexts, c.bind(e, name, &Var{Kind: ContextVar, Type: t, Index: len(s.Contexts), Doc: st.Doc}))
				}
			}
		case *syntax.InputStmt:
			c.inputStmt(st, s, e)
		case *syntax.QuantityStmt:
			// Entered early so that reading one gives the right message.
			c.declareQuantity(st, s)
		}
	}
	equations := map[string]*syntax.EquationStmt{}
	stray := false // an equation of an unknown state is probably that of a state without one
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.ParamStmt:
			c.paramStmt(st, e)
		case *syntax.LayerStmt:
			c.layerStmt(st, e)
		case *syntax.DefineStmt:
			c.define(st, e)
		case *syntax.EquationStmt:
			c.equation(st, s, e, equations)
			stray = stray || e.states[identName(st.State)] == nil
		case *syntax.QuantityStmt:
			c.quantity(st, s, e)
		case *syntax.WhenStmt:
			c.when(st, s, e)
		case *syntax.SettingStmt:
			c.systemSetting(st, s)
		case *syntax.StateStmt, *syntax.ContextStmt, *syntax.InputStmt:
		default:
			c.stray(st.At())
		}
	}
	if len(s.States) == 0 {
		c.errorf("NDE0410", n.At(), "system %s has no state", d.name)
	}
	for _, st := range s.States {
		if equations[st.Var.Name] == nil && st.Var.Name != "" && !stray {
			c.errorf("NDE0407", n.At(), "state %s of system %s has no equation: add der(%s) = ...", st.Var.Name, d.name, st.Var.Name)
		}
	}
	c.checkNoise(s, n)
	s.Defs, s.Params = e.defs, e.params
	d.system = s
}

// notReserved complains about names that are fields of every solve result.
func (c *checker) notReserved(name *syntax.Ident) bool {
	if _, ok := statNames[name.Name]; ok {
		c.errorf("NDE0405", name.At(), "%s is a field of every solve result and cannot be a name of a system", name.Name)
		return false
	}
	return true
}

func (c *checker) stateStmt(st *syntax.StateStmt, s *System, e *env) {
	t := c.typeOf(st.Type, e)
	if t.IsValid() && t.Elem != Real {
		c.errorf("NDE0404", st.Type.At(), "a state must be real, got %s", t)
		t = Type{}
	}
	var def Expr
	if st.Value != nil {
		v := c.expr(st.Value, newEnv(inConst, ""))
		if x, ok := c.fill(v, t); ok {
			def = x
		} else if t.IsValid() && !isInvalid(v) {
			c.errorf("NDE0404", st.Value.At(), "state %s is declared %s, but its start has type %s", st.Names[0].Name, t, v.Type())
		}
	}
	for _, name := range st.Names {
		if !c.notReserved(name) {
			continue
		}
		v := c.bind(e, name, &Var{Kind: StateVar, Type: t, Index: len(s.States), Doc: st.Doc})
		if e.vars[name.Name] != v {
			continue // declared twice
		}
		e.states[name.Name] = v
		s.States = append(s.States, &State{Var: v, Default: def, Doc: st.Doc})
	}
}

// fill coerces v to t; a scalar number fills a tensor.
func (c *checker) fill(v Expr, t Type) (Expr, bool) {
	if isInvalid(v) || !t.IsValid() {
		return v, false
	}
	if l := literal(v); l != nil && len(t.Shape) > 0 {
		if _, ok := coerce(l, Scalar(t.Elem)); ok {
			return &Lit{Node: Node{T: t, At: l.At}, Num: l.Num}, true
		}
	}
	return coerce(v, t)
}

func (c *checker) equation(st *syntax.EquationStmt, s *System, e *env, seen map[string]*syntax.EquationStmt) {
	if st.Kind == syntax.Noise {
		s.Noisy = true
	}
	v := e.states[identName(st.State)]
	if v == nil {
		names := sortedKeys(e.states)
		c.errorf("NDE0401", st.State.At(), "system %s has no state %q%s", s.Name, st.State.Name, didYouMean(st.State.Name, names))
		return
	}
	if st.Kind != syntax.Der {
		c.noise(st, v, s, e)
		return
	}
	if seen[v.Name] != nil {
		c.errorf("NDE0402", st.Span(), "state %s has two equations", v.Name)
		return
	}
	seen[v.Name] = st
	x := c.expr(st.Value, e)
	y, ok := coerce(x, v.Type)
	if !ok && !isInvalid(x) && v.Type.IsValid() {
		c.errorf("NDE0403", st.Value.At(), "der(%s) has type %s, but state %s is %s", v.Name, x.Type(), v.Name, v.Type)
	}
	for _, state := range s.States {
		if state.Var == v {
			state.Der, state.DerSpan = y, st.Span()
		}
	}
}

// declareQuantity enters an integral or output.
func (c *checker) declareQuantity(st *syntax.QuantityStmt, s *System) {
	if !c.notReserved(st.Name) {
		return
	}
	q := &Named{Name: st.Name.Name, Span: st.Name.At(), Doc: st.Doc}
	for _, list := range [][]*Named{s.Integrals, s.Outputs} {
		for _, other := range list {
			if other.Name == q.Name {
				c.errorf("NDE0202", st.Name.At(), "%s is declared twice; the first one is at %d:%d", q.Name, other.Span.Start.Line, other.Span.Start.Col)
				return
			}
		}
	}
	for _, state := range s.States {
		if state.Var.Name == q.Name {
			c.errorf("NDE0202", st.Name.At(), "%s is a state already", q.Name)
			return
		}
	}
	switch st.Kind {
	case syntax.Integral:
		s.Integrals = append(s.Integrals, q)
	case syntax.Output:
		s.Outputs = append(s.Outputs, q)
	}
}

func (c *checker) quantity(st *syntax.QuantityStmt, s *System, e *env) {
	x := settle(c.expr(st.Value, e))
	t := x.Type()
	if st.Kind == syntax.Integral && t.IsValid() {
		x = asReal(x)
		if t = x.Type(); t.Kind != TensorKind || !t.IsScalar() || t.Elem != Real {
			c.errorf("NDE0408", st.Value.At(), "integral %s must be a real scalar, got %s", st.Name.Name, t)
			x = invalid(st.At())
		}
	} else if t.IsValid() && t.Kind != TensorKind {
		c.errorf("NDE0408", st.Value.At(), "output %s must be a number or tensor, got %s", st.Name.Name, t)
		x = invalid(st.At())
	}
	for _, list := range [][]*Named{s.Integrals, s.Outputs} {
		for _, q := range list {
			if q.Name == st.Name.Name && q.Span == st.Name.At() {
				q.Expr = x
			}
		}
	}
}

// initial is initial(x).
func (c *checker) initial(x *syntax.CallExpr, piped Expr, e *env) Expr {
	args := c.args(x, piped, e, "initial")
	if args == nil {
		return invalid(x.At())
	}
	var v *Var
	if len(args) == 1 {
		if r, ok := args[0].(*Ref); ok && r.Var.Kind == StateVar {
			v = r.Var
		}
	}
	if v == nil || e.where != inSystem {
		c.errorf("NDE0406", x.At(), "initial wants a state, and stands in systems only")
		return invalid(x.At())
	}
	found := false
	for _, i := range e.sys.Initials {
		found = found || i == v
	}
	if !found {
		e.sys.Initials = append(e.sys.Initials, v)
	}
	return &Initial{Node: Node{T: v.Type, At: x.At()}, State: v}
}

// fieldNames lists the fields of a result.
func fieldNames(s *System) []string {
	var names []string
	for _, st := range s.States {
		names = append(names, st.Var.Name)
	}
	for _, list := range [][]*Named{s.Integrals, s.Outputs} {
		for _, q := range list {
			names = append(names, q.Name)
		}
	}
	return names
}

// field is r.name of the result of a solve or of rhs.
func (c *checker) field(r Expr, name *syntax.Ident) Expr {
	s, times, paths := r.Type().System, r.Type().Times, r.Type().Paths
	make := func(kind FieldKind, index int, t Type) Expr {
		if !t.IsValid() {
			return invalid(name.At())
		}
		if times > 0 {
			row := t
			t.Shape = append([]int{times}, t.Shape...)
			t = t.under(r.Type().TimeDim, row)
		}
		if paths > 0 {
			row := t
			t.Shape = append([]int{paths}, t.Shape...)
			t = t.under("", row)
		}
		return &Field{Node: Node{T: t, At: name.At()}, X: r, Kind: kind, Index: index, Name: name.Name}
	}
	for i, st := range s.States {
		if st.Var.Name == name.Name {
			return make(StateField, i, st.Var.Type)
		}
	}
	node := r
	if ref, ok := r.(*Ref); ok {
		node = ref.Var.Def
	}
	solve, _ := node.(*Solve)
	names := fieldNames(s)
	if shots, ok := node.(*MultiShoot); ok {
		if name.Name == "gap" {
			return &Field{Node: Node{T: Scalar(Real), At: name.At()}, X: r, Kind: GapField, Name: "gap"}
		}
		solve, names = shots.Solve, append(names, "gap")
	}
	if solve != nil {
		for i, q := range s.Integrals {
			if q.Name == name.Name {
				return make(IntegralField, i, Scalar(Real))
			}
		}
		for i, q := range s.Outputs {
			if q.Name == name.Name {
				if q.Expr == nil {
					return invalid(name.At())
				}
				return make(OutputField, i, q.Expr.Type())
			}
		}
		if i, ok := statNames[name.Name]; ok {
			switch {
			case name.Name != "t":
				times, paths = 0, 0
				return make(StatField, i, Scalar(I32))
			case solve.At != nil:
				return solve.At
			}
			paths = 0
			return make(StatField, i, Scalar(Time))
		}
		d := diag.Diagnostic{Code: "NDE0306", Span: name.At(),
			Text: fmt.Sprintf("system %s has no state, integral or output %q (has %s)", s.Name, name.Name, orNothing(names))}
		if meant := didYouMean(name.Name, sortedCopy(names)); meant != "" {
			d.Fix = []diag.Edit{{Span: name.At(), New: string(meant)}}
		}
		c.report(d)
		return invalid(name.At())
	}
	var states []string
	for _, st := range s.States {
		states = append(states, st.Var.Name)
	}
	sort.Strings(states)
	c.errorf("NDE0306", name.At(), "system %s has no state %q (has %s)", s.Name, name.Name, orNothing(states))
	return invalid(name.At())
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
