package sema

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// solveKeys are the named arguments of solve.
var solveKeys = []string{"over", "from", "at", "with", "paths"}

// maySolve complains about a solve where none may stand.
func (c *checker) maySolve(e *env, at diag.Span) bool {
	switch {
	case e.where.solves():
		return true
	case e.where == inFn || e.where == inNet:
		c.errorf("NDE0536", at, "a %s is a function of one point and has no solves; write a model, which models, recipes and tests can call", map[where]string{inFn: "fn", inNet: "net"}[e.where])
	default:
		c.limit("nested solve", at)
	}
	return false
}

// solve is solve(Sys{…}, over: a..b, with: S) or solve(Sys{…}, from: a, at: times, with: S).
func (c *checker) solve(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if !c.maySolve(e, at) {
		return invalid(at)
	}
	var start syntax.Expr
	named := map[string]*syntax.Arg{}
	ok := piped == nil
	if !ok {
		c.errorf("NDE0520", at, "solve wants a system with its start values: solve(Sys{x: ...}, ...)")
	}
	for _, a := range x.Args {
		switch {
		case a.Key == nil && start == nil:
			start = a.Value
		case a.Key == nil:
			c.errorf("NDE0303", a.Value.At(), "solve wants one system; the other arguments are named")
			ok = false
		case !contains(solveKeys, a.Key.Name):
			c.errorf("NDE0307", a.Key.At(), "solve has no argument %q%s", a.Key.Name, hint("solve", a.Key.Name, solveKeys))
			ok = false
		case named[a.Key.Name] != nil:
			c.errorf("NDE0525", a.Key.At(), "%s is given twice", a.Key.Name)
			ok = false
		default:
			named[a.Key.Name] = a
		}
	}
	s, starts, extras, fine := c.systemLiteral(start, at, e)
	ok = ok && fine
	out := &Solve{Node: Node{At: at}, System: s, Starts: starts, Extras: extras}
	if p := named["paths"]; p != nil {
		n, fine := c.sizeOf(p.Value, e)
		if ok = ok && fine; fine && s != nil && !s.Noisy {
			c.errorf("NDE0542", p.Key.At(), "system %s has no noise, so all its paths are one; leave paths: out", s.Name)
			ok = false
		}
		out.Paths = n
	}
	known := c.span(out, named, at, e)
	ok = ok && known
	if w := named["with"]; w == nil {
		c.errorf("NDE0501", at, "solve needs with: a solver, such as dopri5{rtol: 1e-4, atol: 1e-6}")
		ok = false
	} else if out.With, out.Solver = w.Value.At(), c.solverRef(w.Value); out.Solver == nil {
		ok = false
	} else if !c.hyperFits(out.Solver, s, w.Value.At()) {
		ok = false
	} else if !c.solverFits(s, out.Solver, w.Value.Span()) {
		ok = false
	}
	if !ok && (s == nil || !known) {
		return invalid(at)
	}
	// After a complaint about a value the fields are still known, and checking goes on with them.
	out.T = Type{Kind: ResultKind, System: s, Times: out.Times, Paths: out.Paths}
	if out.At != nil {
		out.T.TimeDim = out.At.Type().Dim(0)
	}
	return out
}

// span checks over: or from: and at:.
func (c *checker) span(s *Solve, named map[string]*syntax.Arg, at diag.Span, e *env) bool {
	over, from, times := named["over"], named["from"], named["at"]
	switch {
	case over != nil && (from != nil || times != nil):
		c.errorf("NDE0526", over.Key.At(), "solve takes over: or from: and at:, not both")
		return false
	case over != nil:
		r, ok := over.Value.(*syntax.RangeExpr)
		if !ok {
			c.errorf("NDE0526", over.Value.At(), "over: wants a range a..b")
			return false
		}
		var ok1, ok2 bool
		s.From, ok1 = c.timeOf(r.Lo, e)
		s.To, ok2 = c.timeOf(r.Hi, e)
		return ok1 && ok2
	case times == nil:
		c.errorf("NDE0501", at, "solve needs over: a..b, or from: a and at: times")
		return false
	}
	v := c.expr(times.Value, e)
	if isInvalid(v) {
		return false
	}
	t := v.Type()
	if t.Kind != TensorKind || len(t.Shape) != 1 {
		c.errorf("NDE0527", times.Value.At(), "at: wants a vector of times, got %s", t)
		return false
	}
	y, ok := coerce(v, Tensor(Time, t.Shape...))
	if !ok {
		c.errorf("NDE0527", times.Value.At(), "at: wants a vector of times, got %s", t)
		return false
	}
	s.At, s.Times = y, t.Shape[0]
	if from == nil {
		c.errorf("NDE0501", at, "solve needs from: a, the time of the start values")
		return false
	}
	s.From, ok = c.timeOf(from.Value, e)
	return ok
}

// timeOf is a scalar time.
func (c *checker) timeOf(x syntax.Expr, e *env) (Expr, bool) {
	v := c.expr(x, e)
	if isInvalid(v) {
		return v, false
	}
	y, ok := coerce(v, Scalar(Time))
	if !ok {
		c.errorf("NDE0526", x.At(), "a time must be a scalar, got %s", v.Type())
	}
	return y, ok
}

// systemLiteral is Sys{x: …}: starts by state and extras by context.
func (c *checker) systemLiteral(x syntax.Expr, at diag.Span, e *env) (*System, []Expr, []Expr, bool) {
	return c.systemRows(x, at, e, 0)
}

// systemRows is systemLiteral whose states have a leading axis of that length, where it is not 0.
func (c *checker) systemRows(x syntax.Expr, at diag.Span, e *env, rows int) (*System, []Expr, []Expr, bool) {
	lit, _ := x.(*syntax.LitExpr)
	var name *syntax.Ident
	var elems []*syntax.Elem
	if lit != nil {
		name, _ = lit.Name.(*syntax.Ident)
		elems, at = lit.Elems, lit.At()
	} else if id, ok := x.(*syntax.Ident); ok {
		name = id
	}
	if name == nil {
		c.errorf("NDE0520", at, "a system with its start values is written Sys{x: ...}")
		return nil, nil, nil, false
	}
	d := c.find(name, "NDE0520", "system")
	if d == nil {
		return nil, nil, nil, false
	}
	if c.touch(d); d.system == nil || d.state == inProgress {
		for _, el := range elems {
			c.expr(el.Value, e)
		}
		return nil, nil, nil, false
	}
	s := d.system
	starts, extras := make([]Expr, len(s.States)), make([]Expr, len(s.Contexts)+len(s.Inputs))
	ok := true
	given := map[string]bool{}
	for _, el := range elems {
		v := c.expr(el.Value, e)
		if el.Key == nil {
			c.errorf("NDE0521", el.At(), "values of %s are written name: value", s.Name)
			ok = false
			continue
		}
		key := el.Key.Name
		if given[key] {
			c.errorf("NDE0525", el.Key.At(), "%s is given twice", key)
			ok = false
			continue
		}
		given[key] = true
		slot, want := startSlot(s, key, starts, extras)
		if slot == nil {
			c.errorf("NDE0521", el.Key.At(), "system %s has no state, context or input %q%s", s.Name, key, didYouMean(key, settable(s)))
			ok = false
			continue
		}
		if rows > 0 && slices.ContainsFunc(s.States, func(st *State) bool { return st.Var.Name == key }) {
			want = Tensor(Real, append([]int{rows}, want.Shape...)...)
		}
		y, fine := v, false
		if signal, is := v.(*Signal); is {
			fine = isInput(s, key) && ir.SameShape(signal.T.Shape, want.Shape)
		} else {
			y, fine = c.fill(v, want)
		}
		if !fine {
			ok = false
			if !isInvalid(v) && want.IsValid() {
				c.unfit("NDE0522", el.Value.At(), fmt.Sprintf("%s of system %s", key, s.Name), want, v.Type())
			}
			y = invalid(el.At())
		}
		*slot = y
	}
	for i, st := range s.States {
		if starts[i] == nil && st.Default != nil {
			starts[i] = st.Default
		}
		if starts[i] == nil {
			c.errorf("NDE0524", at, "%s{...} does not set state %s", s.Name, st.Var.Name)
			ok = false
		}
	}
	for i, v := range s.Contexts {
		switch {
		case v.Drawn != nil && e.where.solves():
			extras[i] = c.drawn(v.Type, *v.Drawn, e, at)
		case extras[i] == nil:
			c.errorf("NDE0524", at, "%s{...} does not set context %s", s.Name, v.Name)
			ok = false
		}
	}
	for i, v := range s.Inputs {
		if extras[len(s.Contexts)+i] == nil {
			c.errorf("NDE0524", at, "%s{...} does not set input %s", s.Name, v.Var.Name)
			ok = false
		}
	}
	return s, starts, extras, ok
}

func isInput(s *System, key string) bool {
	return slices.ContainsFunc(s.Inputs, func(v *Input) bool { return v.Var.Name == key })
}

func startSlot(s *System, key string, starts, extras []Expr) (*Expr, Type) {
	for i, st := range s.States {
		if st.Var.Name == key {
			return &starts[i], st.Var.Type
		}
	}
	for i, v := range s.Contexts {
		if v.Name == key && v.Drawn == nil {
			return &extras[i], v.Type
		}
	}
	for i, v := range s.Inputs {
		if v.Var.Name == key {
			return &extras[len(s.Contexts)+i], v.Var.Type
		}
	}
	return nil, Type{}
}

func settable(s *System) []string {
	var names []string
	for _, st := range s.States {
		names = append(names, st.Var.Name)
	}
	for _, v := range s.driven() {
		if v.Drawn == nil {
			names = append(names, v.Name)
		}
	}
	return names
}

// rhs is rhs(Sys{…}), with t: the time (0 when not given).
func (c *checker) rhs(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if piped != nil || len(x.Args) == 0 || x.Args[0].Key != nil {
		c.errorf("NDE0520", at, "rhs wants a system with its values: rhs(Sys{x: ...})")
		return invalid(at)
	}
	out := &Rhs{Node: Node{At: at}, Time: number(0, Time, at)}
	ok := true
	for _, a := range x.Args[1:] {
		if a.Key == nil || a.Key.Name != "t" {
			c.errorf("NDE0307", a.At(), "rhs takes a system and t: only")
			ok = false
			continue
		}
		var fine bool
		out.Time, fine = c.timeOf(a.Value, e)
		ok = ok && fine
	}
	s, starts, extras, fine := c.systemLiteral(x.Args[0].Value, at, e)
	if !ok || !fine {
		return invalid(at)
	}
	out.System, out.Starts, out.Extras = s, starts, extras
	out.T = Type{Kind: ResultKind, System: s}
	return out
}

// avg is the mean over the batch.
func (c *checker) avg(x *syntax.CallExpr, piped Expr, e *env) Expr {
	args := c.args(x, piped, e, "avg")
	if args == nil {
		return invalid(x.At())
	}
	if e.where != inRecipe {
		c.errorf("NDE0715", x.At(), "avg is the mean over a batch and stands in recipes only; use mean")
		return invalid(x.At())
	}
	if len(args) != 1 {
		c.errorf("NDE0303", x.At(), "avg wants 1 argument, got %d", len(args))
		return invalid(x.At())
	}
	v, ok := figure(args[0])
	if !ok {
		c.errorf("NDE0324", x.At(), "avg wants a scalar, got %s", args[0].Type())
		return invalid(x.At())
	}
	if hasAvg(v, map[Expr]bool{}) {
		c.errorf("NDE0715", x.At(), "avg inside avg")
		return invalid(x.At())
	}
	return &Avg{Node: Node{T: v.Type(), At: x.At()}, X: v}
}

// figure is a scalar as a real number: whole numbers and conditions are converted.
func figure(x Expr) (Expr, bool) {
	x = asReal(x)
	t := x.Type()
	if !t.IsScalar() {
		return x, false
	}
	if t.Elem == I32 || t.Elem == Bool {
		x = convert(x, Real)
	}
	return x, x.Type().Elem == Real
}

// hasAvg reports whether x contains a mean over the batch.
func hasAvg(x Expr, seen map[Expr]bool) bool {
	found := false
	walk(x, seen, func(y Expr) {
		if _, ok := y.(*Avg); ok {
			found = true
		}
	})
	return found
}

// children are the operands of an expression, through definitions.
func children(x Expr) []Expr {
	switch x := x.(type) {
	case *Ref:
		if x.Var.Def != nil {
			return []Expr{x.Var.Def}
		}
	case *Op:
		return x.Args
	case *Convert:
		return []Expr{x.X}
	case *Call:
		return x.Args
	case *Layer:
		if x.MovesBy != nil {
			return []Expr{x.X, x.MovesBy}
		}
		return []Expr{x.X}
	case *Index:
		return []Expr{x.X}
	case *Stack:
		return x.Xs
	case *Concat:
		return x.Xs
	case *Solve:
		out := append(append([]Expr{x.From}, x.Starts...), x.Extras...)
		for _, y := range []Expr{x.To, x.At} {
			if y != nil {
				out = append(out, y)
			}
		}
		return out
	case *HyperError:
		return append(append([]Expr(nil), x.Starts...), x.Extras...)
	case *Rhs:
		return append(append([]Expr{x.Time}, x.Starts...), x.Extras...)
	case *Field:
		return []Expr{x.X}
	case *ModelCall:
		return x.Args
	case *Part:
		return []Expr{x.X}
	case *Avg:
		return []Expr{x.X}
	case *ByUse:
		return []Expr{x.Train, x.Eval}
	case *Map:
		return x.Args
	case *Anneal:
		return []Expr{x.From, x.To}
	case *Signal:
		return []Expr{x.Times, x.Values}
	case *MultiShoot:
		return append(append([]Expr{x.Solve.At}, x.Solve.Starts...), x.Solve.Extras...)
	}
	return nil
}

// walk visits x and everything it is computed from, each node once.
func walk(x Expr, seen map[Expr]bool, visit func(Expr)) {
	if x == nil || seen[x] {
		return
	}
	seen[x] = true
	visit(x)
	for _, y := range children(x) {
		walk(y, seen, visit)
	}
}

// dependsOn reports whether x is computed from v.
func dependsOn(x Expr, v *Var) bool {
	found := false
	walk(x, map[Expr]bool{}, func(y Expr) {
		switch y := y.(type) {
		case *Ref:
			found = found || y.Var == v
		}
	})
	return found
}

// derivative forms: operator, whether the first operand is a scalar, extra operands.
type derivForm struct {
	name   string
	op     ir.Op
	scalar bool
	extra  int
}

var derivForms = []derivForm{
	{"grad", ir.OpGrad, true, 0},
	{"partial", ir.OpPartial, true, 0},
	{"jac", ir.OpJac, false, 0},
	{"div", ir.OpDivg, false, 0},
	{"hess", ir.OpHess, true, 0},
	{"jvp", ir.OpJVP, false, 1},
	{"vjp", ir.OpVJP, false, 1},
}

func stochasticMethods() []string {
	var names []string
	for _, r := range method.Rows(method.Solver) {
		if r.Family == method.Stochastic {
			names = append(names, r.Name)
		}
	}
	return names
}
