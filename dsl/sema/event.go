package sema

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Event is `when rising(e) { … }` of a system: what sets states anew, or ends a solve, where a number changes
// its sign; or `when every(dt)`, at multiples of a length of time.
type Event struct {
	Kind   ir.EventKind
	Guard  Expr    // a scalar, real or a time; nil of every
	Every  float64 // length of time
	Resets []Reset // in the order of the text; right-hand sides see the states before
	Stop   bool
	Span   diag.Span
}

// Reset sets a state.
type Reset struct {
	State int
	Expr  Expr // of the state's type
}

// when is an event of a system.
func (c *checker) when(st *syntax.WhenStmt, s *System, e *env) {
	ev := &Event{Span: st.At()}
	if !c.guard(st.Guard, ev, e) || st.Body == nil {
		return
	}
	seen := map[string]bool{}
	for _, b := range st.Body.Stmts {
		switch b := b.(type) {
		case *syntax.StopStmt:
			ev.Stop = true
		case *syntax.AssignStmt:
			v := e.states[b.Name.Name]
			switch {
			case v == nil:
				c.errorf("NDE0414", b.Name.At(), "an event sets states, and system %s has no state %q%s", s.Name, b.Name.Name, didYouMean(b.Name.Name, sortedKeys(e.states)))
				continue
			case seen[b.Name.Name]:
				c.errorf("NDE0414", b.Name.At(), "the event sets %s twice", b.Name.Name)
				continue
			}
			seen[b.Name.Name] = true
			x := c.expr(b.Value, e)
			y, ok := coerce(x, v.Type)
			if !ok && !isInvalid(x) && v.Type.IsValid() {
				c.errorf("NDE0414", b.Value.At(), "%s is set to type %s, but state %s is %s", v.Name, x.Type(), v.Name, v.Type)
				continue
			}
			ev.Resets = append(ev.Resets, Reset{v.Index, y})
		default:
			c.errorf("NDE0414", b.At(), "an event sets states (x = …) or says stop")
		}
	}
	if len(st.Body.Stmts) == 0 {
		c.errorf("NDE0414", st.At(), "the event does nothing; set a state (x = …), or say stop")
	}
	s.Events = append(s.Events, ev)
}

// guard is rising(e), falling(e), crossing(e) or every(dt).
func (c *checker) guard(x syntax.Expr, ev *Event, e *env) bool {
	call, _ := x.(*syntax.CallExpr)
	var name *syntax.Ident
	if call != nil {
		name, _ = call.Fn.(*syntax.Ident)
	}
	kind := -1
	if name != nil {
		kind = slices.Index(ir.EventKinds[:], name.Name)
	}
	if kind < 0 {
		hint := any("")
		if b, ok := x.(*syntax.BinaryExpr); ok {
			hint = begins(b)
		}
		if name != nil {
			hint = didYouMean(name.Name, ir.EventKinds[:])
		}
		c.errorf("NDE0413", x.At(), "an event happens when rising(e), falling(e), crossing(e) or every(dt)%s", hint)
		return false
	}
	ev.Kind = ir.EventKind(kind)
	if len(call.Args) != 1 || call.Args[0].Key != nil {
		c.errorf("NDE0413", x.At(), "%s takes one argument", name.Name)
		return false
	}
	arg := call.Args[0].Value
	if ev.Kind == ir.Every {
		l := literal(c.expr(arg, newEnv(inConst, "")))
		if l == nil || !(l.Num > 0) {
			c.errorf("NDE0413", arg.At(), "every takes a length of time above 0 that is known when compiling")
			return false
		}
		ev.Every = l.Num
		return true
	}
	g := settle(c.expr(arg, e))
	t := g.Type()
	if isInvalid(g) {
		return false
	}
	if t.Kind != TensorKind || !t.IsScalar() || t.Elem != Real && t.Elem != Time {
		c.errorf("NDE0413", arg.At(), "%s takes a number whose sign changes, got %s", name.Name, t)
		return false
	}
	if literal(g) != nil {
		c.errorf("NDE0413", arg.At(), "%s takes something that changes along a solve, and this is a constant", name.Name)
		return false
	}
	ev.Guard = g
	return true
}

// exprs are the guard, if there is one, and what states are set to.
func (ev *Event) exprs() []Expr {
	var out []Expr
	if ev.Guard != nil {
		out = append(out, ev.Guard)
	}
	for _, r := range ev.Resets {
		out = append(out, r.Expr)
	}
	return out
}

func (d *dumper) event(s *System, ev *Event) {
	if ev.Kind == ir.Every {
		d.block("when every(%g)", ev.Every)
	} else {
		d.block("when %s(%s)", ev.Kind, typed(ev.Guard))
	}
	for _, r := range ev.Resets {
		d.linef("%s = %s", s.States[r.State].Var.Name, typed(r.Expr))
	}
	if ev.Stop {
		d.linef("stop")
	}
	d.end()
}

// begins is the event at which a comparison begins to hold, as advice; "" for other operators.
func begins(b *syntax.BinaryExpr) string {
	way, ok := map[syntax.Token]string{syntax.Gtr: "rising", syntax.Geq: "rising", syntax.Lss: "falling", syntax.Leq: "falling"}[b.Op]
	if !ok {
		return ""
	}
	guard := syntax.ExprString(b.X)
	if y := syntax.ExprString(b.Y); y != "0" {
		guard += " - " + y
	}
	return fmt.Sprintf("; where %s begins, %s(%s)", syntax.ExprString(b), way, guard)
}
