package sema

import "ndec.dev/ndec/dsl/syntax"

// interps are the kinds of interpolation by name.
var interps = map[string]Interp{"hold": Hold, "linear": Linear, "cubic": Cubic}

// inputStmt is `input u [2]real { interp: hold }`.
func (c *checker) inputStmt(st *syntax.InputStmt, s *System, e *env) {
	t := c.typeOf(st.Type, e)
	if t.IsValid() && (t.Kind != TensorKind || t.Elem != Real) {
		c.errorf("NDE0661", st.Type.At(), "an input is real, got %s", t)
		t = Type{}
	}
	interp := Linear
	if st.Config != nil {
		interp = c.interp(st.Config)
	}
	for _, name := range st.Names {
		if !c.notReserved(name) {
			continue
		}
		v := c.bind(e, name, &Var{Kind: InputVar, Type: t, Index: len(s.Inputs), Doc: st.Doc})
		if e.vars[name.Name] == v {
			s.Inputs = append(s.Inputs, &Input{Var: v, Interp: interp})
		}
	}
}

// interp reads the options of an input.
func (c *checker) interp(b *syntax.Block) Interp {
	out, given := Linear, false
	for _, st := range b.Stmts {
		set, ok := st.(*syntax.SettingStmt)
		if !ok {
			continue
		}
		id, _ := set.Value.(*syntax.Ident)
		switch {
		case set.Key.Name != "interp":
			c.errorf("NDE0661", set.Key.At(), "an input has no option %q%s", set.Key.Name, nearOrAll("input option", set.Key.Name, []string{"interp"}))
		case given:
			c.errorf("NDE0661", set.Key.At(), "interp is given twice")
		case id == nil:
			c.errorf("NDE0661", set.Value.At(), "interp: wants hold, linear or cubic")
		default:
			given = true
			if kind, known := interps[id.Name]; known {
				out = kind
			} else {
				c.errorf("NDE0661", id.At(), "interp: wants hold, linear or cubic, got %s%s", id.Name, didYouMean(id.Name, sortedKeys(interps)))
			}
		}
	}
	return out
}

// signal is signal(ts, us): the values us at the times ts.
func (c *checker) signal(x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	args := c.args(x, piped, e, "signal")
	if args == nil {
		return invalid(at)
	}
	if len(args) != 2 {
		c.errorf("NDE0303", at, "signal wants times and values: signal(ts, us)")
		return invalid(at)
	}
	times, values := args[0].Type(), asReal(args[1])
	ts, ok := coerce(args[0], Tensor(Time, times.Shape...))
	v := values.Type()
	if times.Kind != TensorKind || len(times.Shape) != 1 || !ok {
		c.errorf("NDE0662", at, "signal wants a vector of times first, got %s", times)
		return invalid(at)
	}
	if v.Kind != TensorKind || v.Elem != Real || len(v.Shape) == 0 || v.Shape[0] != times.Shape[0] {
		c.errorf("NDE0662", at, "signal wants a value for each of its %d times, got %s", times.Shape[0], v)
		return invalid(at)
	}
	if times.Shape[0] < 2 {
		c.errorf("NDE0662", at, "signal wants two times or more; a constant is given as it is")
		return invalid(at)
	}
	return &Signal{Node: Node{T: Type{Kind: SignalKind, Elem: Real, Shape: v.Shape[1:]}, At: at}, Times: ts, Values: values}
}

// driven are the contexts and inputs of s, in the order of the extras of a solve.
func (s *System) driven() []*Var {
	vars := append([]*Var(nil), s.Contexts...)
	for _, in := range s.Inputs {
		vars = append(vars, in.Var)
	}
	return vars
}

// knots are the numbers of knots of the signals among extras, by input: 0 for a constant.
func (s *System) Knots(extras []Expr) []int {
	var out []int
	for _, x := range extras[len(s.Contexts):] {
		n := 0
		if signal, ok := x.(*Signal); ok {
			n = signal.Times.Type().Shape[0]
		}
		out = append(out, n)
	}
	return out
}
