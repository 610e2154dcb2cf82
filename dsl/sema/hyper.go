package sema

import (
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// Hyper is a hypersolver (Poli et al. 2020): a fixed-step method of order p, Base, whose step
// from (t, x) of length h has h^(p+1) times a residual added to it.
type Hyper struct {
	Name      string
	Doc       string
	Span      diag.Span
	System    *System
	Base      *Solver     // Steps and StepSize are 0 where the declaration leaves them to the use
	Step      *Var        // h
	Slopes    []*Var      // der(x) by state of System: the first stage of the base
	Residuals []*Residual // in order of the states
	Defs      []*Var      // definitions of its own, in order

	options []*syntax.Elem // of the base
}

// Residual is the residual of one state.
type Residual struct {
	State int  // place in System.States
	Expr  Expr // of the type of the state
	Span  diag.Span
}

// checkHyper is `hypersolver H for S { … }`. Its expressions see h, t, the states, contexts and
// definitions of S, and der(x).
func (c *checker) checkHyper(d *decl, n *syntax.HyperDecl) {
	if n.System == nil || n.Body == nil {
		return
	}
	sd := c.find(n.System, "NDE0520", "system")
	if sd == nil {
		return
	}
	if !c.touch(sd) || sd.system == nil {
		d.bad = true // said there
		return
	}
	h := &Hyper{Name: d.name, Doc: n.Doc, Span: n.At(), System: sd.system}
	e := c.hyperScope(h)
	based := false
	residuals := map[string]*Residual{}
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.SettingStmt:
			switch {
			case st.Key.Name != "base":
				c.errorf("NDE0702", st.Key.At(), "hypersolver %s has no setting %q%s", d.name, st.Key.Name, didYouMean(st.Key.Name, []string{"base"}))
			case based:
				c.errorf("NDE0706", st.Key.At(), "base is given twice")
			default:
				based = true
				c.base(h, st)
			}
		case *syntax.DefineStmt:
			c.define(st, e)
		case *syntax.EquationStmt:
			c.residual(h, st, e, residuals)
		default:
			c.stray(st.At())
		}
	}
	if !based {
		c.errorf("NDE0602", n.At(), "hypersolver %s needs a base: a fixed-step method, such as base: euler", d.name)
	}
	if len(residuals) == 0 {
		c.errorf("NDE0603", n.At(), "hypersolver %s has no residual: add residual(%s) = ...", d.name, h.System.States[0].Var.Name)
	}
	h.Defs = e.defs
	for _, st := range h.System.States {
		if r := residuals[st.Var.Name]; r != nil {
			h.Residuals = append(h.Residuals, r)
		}
	}
	if h.Base != nil {
		d.hyper = h
	}
}

// hyperScope is what the residuals of h see.
func (c *checker) hyperScope(h *Hyper) *env {
	s := h.System
	e := newEnv(inHyper, h.Name)
	e.states, e.slopes = map[string]*Var{}, map[string]*Var{}
	enter := func(v *Var) { e.vars[v.Name], e.taken[v.Name] = v, v.Span }
	enter(s.Time)
	for _, st := range s.States {
		enter(st.Var)
		e.states[st.Var.Name] = st.Var
		slope := &Var{Name: "d" + st.Var.Name, Kind: SlopeVar, Type: st.Var.Type, Index: st.Var.Index, Span: st.Var.Span}
		e.slopes[st.Var.Name] = slope
		h.Slopes = append(h.Slopes, slope)
	}
	for _, list := range [][]*Var{s.driven(), s.Defs} {
		for _, v := range list {
			if v.Drawn == nil {
				enter(v)
			}
		}
	}
	// A name of the system comes before the step: h(t, x) could be its own.
	h.Step = &Var{Name: "h", Kind: StepVar, Type: Scalar(Real), Span: h.Span}
	if e.vars["h"] != nil {
		c.errorf("NDE0604", h.Span, "h is the step in a hypersolver, and system %s has an h of its own; rename that one", s.Name)
	}
	enter(h.Step)
	return e
}

// base is `base: method{options}`. Steps may be left to the use.
func (c *checker) base(h *Hyper, st *syntax.SettingStmt) {
	var id *syntax.Ident
	var elems []*syntax.Elem
	switch x := st.Value.(type) {
	case *syntax.Ident:
		id = x
	case *syntax.LitExpr:
		id, _ = x.Name.(*syntax.Ident)
		elems = x.Elems
	}
	if id == nil {
		c.errorf("NDE0505", st.Value.At(), "a base is written method or method{steps: n}")
		return
	}
	switch r := c.methodRow(id.Name); {
	case r == nil && c.badMethod(id.Name):
		return
	case r == nil:
		c.errorf("NDE0502", id.At(), "unknown solver method %q%s", id.Name, didYouMean(id.Name, method.Names()))
		return
	case r.Family != method.FixedStep && !(r.Adaptive() && hasKey(elems, "steps", "step", "per_sample")):
		article := "a"
		if r.Adaptive() {
			article = ""
		}
		c.errorf("NDE0601", st.At(), "the base of a hypersolver must be a fixed-step method, and %s is %s", id.Name, strings.TrimSpace(article+" "+r.Family.String()))
		return
	case r.Later:
		c.limitNamed("solver method", id.Name, id.At())
		return
	}
	h.options = elems
	if s := c.baseWith(id.Name, elems, st.Value.At(), hasKey(elems, "steps", "step", "per_sample")); s != nil {
		s.Span = st.Value.At()
		h.Base = s
	}
}

func hasKey(elems []*syntax.Elem, keys ...string) bool {
	for _, el := range elems {
		if el.Key != nil && contains(keys, el.Key.Name) {
			return true
		}
	}
	return false
}

// baseWith is a fixed-step method with options; nil after a complaint. Without stepped the number
// of steps may be missing.
func (c *checker) baseWith(name string, elems []*syntax.Elem, at diag.Span, stepped bool) *Solver {
	g := c.solverMethods()
	r := g.find(name)
	if !stepped {
		for i := range r.options {
			r.options[i].oneOf = ""
		}
	}
	opts, ok := c.options(r, g, elems, at, newEnv(inConst, ""))
	if !ok {
		return nil
	}
	return newSolver(ir.Choice{Row: name, Options: opts}, c.methodRow(name), at)
}

// hyperUse is H or H{steps: n} where H is a hypersolver: its base with the options of the use over
// those of the declaration. found is false where x names none.
func (c *checker) hyperUse(x syntax.Expr) (s *Solver, found bool) {
	var d *decl
	var elems []*syntax.Elem
	switch x := x.(type) {
	case *syntax.Ident:
		d = c.decls[x.Name]
	case *syntax.LitExpr:
		d, elems = c.decls[literalName(x)], x.Elems
	}
	if d == nil || d.what != "hypersolver" {
		return nil, false
	}
	if !c.touch(d) || d.hyper == nil {
		return nil, true
	}
	h := d.hyper
	all := append([]*syntax.Elem(nil), elems...)
	steps := []string{"steps", "step", "per_sample"}
	for _, el := range h.options {
		if el.Key == nil || hasKey(elems, el.Key.Name) || contains(steps, el.Key.Name) && hasKey(elems, steps...) {
			continue
		}
		all = append(all, el)
	}
	if !hasKey(all, steps...) {
		c.errorf("NDE0605", x.At(), "hypersolver %s has no number of steps here: write %s{steps: n}, or a default in its base", h.Name, h.Name)
		return nil, true
	}
	if s = c.baseWith(h.Base.Method, all, x.At(), true); s != nil {
		s.Name, s.Doc, s.Hyper = h.Name, h.Doc, h
	}
	return s, true
}

// hyperFits complains about a hypersolver in a solve of a system that it is not for.
func (c *checker) hyperFits(s *Solver, sys *System, at diag.Span) bool {
	if s == nil || sys == nil || s.Hyper == nil || s.Hyper.System == sys {
		return true
	}
	c.errorf("NDE0606", at, "hypersolver %s is for system %s, and this solves %s", s.Hyper.Name, s.Hyper.System.Name, sys.Name)
	return false
}

// residual is `residual(x) = e`.
func (c *checker) residual(h *Hyper, st *syntax.EquationStmt, e *env, seen map[string]*Residual) {
	if st.Kind != syntax.Residual {
		c.stray(st.At())
		return
	}
	v := e.states[identName(st.State)]
	if v == nil {
		c.errorf("NDE0401", st.State.At(), "system %s has no state %q%s", h.System.Name, identName(st.State), didYouMean(identName(st.State), sortedKeys(e.states)))
		return
	}
	if seen[v.Name] != nil {
		c.errorf("NDE0607", st.Span(), "state %s has two residuals", v.Name)
		return
	}
	x := c.expr(st.Value, e)
	y, ok := coerce(x, v.Type)
	if !ok && !isInvalid(x) && v.Type.IsValid() {
		c.errorf("NDE0608", st.Value.At(), "residual(%s) has type %s, but state %s is %s", v.Name, x.Type(), v.Name, v.Type)
		y = invalid(st.At())
	}
	if h.Step != nil && scaledBy(y, h.Step) {
		c.errorf("NDE0609", st.Value.At(), "residual(%s) is multiplied by a power of h, which comes from the order of the base; leave it out", v.Name)
	}
	seen[v.Name] = &Residual{State: v.Index, Expr: y, Span: st.Span()}
}

// scaledBy reports whether v or a power of it is a factor of x.
func scaledBy(x Expr, v *Var) bool {
	switch x := x.(type) {
	case *Ref:
		if x.Var.Def != nil {
			return scaledBy(x.Var.Def, v)
		}
		return x.Var == v
	case *Convert:
		return scaledBy(x.X, v)
	case *Op:
		switch x.Op {
		case ir.OpMul:
			return scaledBy(x.Args[0], v) || scaledBy(x.Args[1], v)
		case ir.OpNeg, ir.OpDiv, ir.OpSquare, ir.OpPow, ir.OpExpand:
			return scaledBy(x.Args[0], v)
		}
	}
	return false
}

// derValue is der(x) as a value.
func (c *checker) derValue(x *syntax.DerExpr, e *env) Expr {
	if e.where != inHyper {
		c.errorf("NDE0406", x.At(), "der(%s) as a value exists in hypersolvers only; elsewhere rhs(S{x: x}).x is the right-hand side of system S", identName(x.State))
		return invalid(x.At())
	}
	v := e.slopes[identName(x.State)]
	if v == nil {
		c.errorf("NDE0401", x.State.At(), "the system has no state %q%s", identName(x.State), didYouMean(identName(x.State), sortedKeys(e.slopes)))
		return invalid(x.At())
	}
	return &Ref{Node: Node{T: v.Type, At: x.At()}, Var: v}
}
