package sema

import (
	"ndec.dev/ndec/dsl/syntax"
)

// MultiShoot is multishoot(Sys{x: xs}, at: ts, group: n, with: S): a solve along ts that starts again from the data
// at the first time of each group of n. Its type is that of a solve along ts; Field reads its states and the gap.
type MultiShoot struct {
	Node
	Solve *Solve // of all groups: Starts are along the times, or the default of a state
	Group int
}

// maxGroups bounds the groups, each of which is a solve of its own in emitted code.
const maxGroups = 1024

// multishoot checks a multiple shooting.
func (c *checker) multishoot(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	if !c.maySolve(e, at) {
		return invalid(at)
	}
	keys := []string{"at", "group", "with"}
	named := map[string]syntax.Expr{}
	var system syntax.Expr
	for _, a := range x.Args {
		switch {
		case a.Key == nil && system == nil && piped == nil:
			system = a.Value
		case a.Key == nil || !contains(keys, a.Key.Name) || named[a.Key.Name] != nil:
			c.errorf("NDE0303", a.At(), "multishoot is written multishoot(Sys{x: xs}, at: ts, group: n, with: S)")
			return invalid(at)
		default:
			named[a.Key.Name] = a.Value
		}
	}
	if system == nil || len(named) != len(keys) {
		c.errorf("NDE0303", at, "multishoot is written multishoot(Sys{x: xs}, at: ts, group: n, with: S)")
		return invalid(at)
	}
	times := c.expr(named["at"], e)
	if isInvalid(times) {
		return times
	}
	ts, ok := coerce(times, Tensor(Time, times.Type().Shape...))
	if times.Type().Kind != TensorKind || len(times.Type().Shape) != 1 || !ok {
		c.errorf("NDE0527", named["at"].At(), "at: wants a vector of times, got %s", times.Type())
		return invalid(at)
	}
	n := times.Type().Shape[0]
	group, ok := c.sizeOf(named["group"], e)
	switch {
	case !ok:
		return invalid(at)
	case group < 1 || n%group != 0:
		c.errorf("NDE0529", at, "group %d does not divide %d samples", group, n)
		return invalid(at)
	case n/group > maxGroups:
		c.errorf("NDE0529", at, "%d groups are more than %d; make them longer", n/group, maxGroups)
		return invalid(at)
	}
	sys, starts, extras, ok := c.systemRows(system, at, e, n)
	solver := c.solverRef(named["with"])
	if !ok || solver == nil || !c.hyperFits(solver, sys, named["with"].At()) || !c.solverFits(sys, solver, named["with"].Span()) {
		return invalid(at)
	}
	solve := &Solve{Node: Node{At: at}, System: sys, Solver: solver, With: named["with"].At(), Starts: starts, Extras: extras, At: ts, Times: n}
	solve.T = Type{Kind: ResultKind, System: sys, Times: n, TimeDim: times.Type().Dim(0)}
	return &MultiShoot{Node: Node{T: solve.T, At: at}, Solve: solve, Group: group}
}
