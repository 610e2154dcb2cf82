package sema

import (
	"slices"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// simulation is `source: simulate{of: Sys{x: normal(0, 1)}, at: times, with: S}`: what is drawn for a row goes into a model
// that solves the system and gives the columns.
type simulation struct {
	c      *checker
	data   *Data
	model  *Model
	drawn  []ir.Setting // by input of the model: its distribution
	values *env         // of what a column may be: t, states, integrals, outputs, contexts and inputs
}

// simulate checks the options of the source that are no plain values, and the columns.
func (c *checker) simulate(d *Data, lit *syntax.LitExpr, exprs map[*Var]syntax.Expr) {
	options := map[string]syntax.Expr{}
	for _, el := range lit.Elems {
		if el.Key != nil {
			options[el.Key.Name] = el.Value
		}
	}
	if options["of"] == nil || options["at"] == nil || options["with"] == nil {
		return // complained about
	}
	s := &simulation{c: c, data: d, values: newEnv(inData, d.Name),
		model: &Model{Name: d.Name + "Simulation", Span: d.Span, Doc: d.Name + "Simulation gives the columns of data " + d.Name + ", without noise, from what is drawn for a row."}}
	times := c.expr(options["at"], newEnv(inConst, ""))
	if isInvalid(times) {
		return
	}
	at, ok := coerce(times, Tensor(Time, times.Type().Shape...))
	if times.Type().Kind != TensorKind || len(times.Type().Shape) != 1 || !ok {
		c.errorf("NDE0527", options["at"].At(), "at: wants a vector of times, got %s", times.Type())
		return
	}
	solve := s.solve(options["of"], at)
	if solve == nil {
		return
	}
	with := options["with"]
	solve.With, solve.Solver = with.At(), c.solverRef(with)
	if solve.Solver == nil || !c.hyperFits(solve.Solver, solve.System, with.At()) || !c.solverFits(solve.System, solve.Solver, with.Span()) {
		return
	}
	if len(s.drawn) == 0 {
		c.errorf("NDE0663", options["of"].At(), "nothing is drawn for a row of data %s, so that all would be the same; give a state or context as normal(m, s) or uniform(a, b)", d.Name)
		return
	}
	s.enter(solve)
	if s.columns(exprs, solve) {
		d.Simulation = s.model
		c.sourceOption(d, ir.Setting{Key: "model", Text: s.model.Name, Span: d.Span})
		c.sourceOption(d, ir.Setting{Key: "drawn", List: s.drawn, Span: d.Span})
	}
}

// sourceOption adds to the options of the source of d.
func (c *checker) sourceOption(d *Data, s ir.Setting) {
	d.Source.Options = append(d.Source.Options, s)
	for i := range d.Settings {
		if d.Settings[i].Key == "source" {
			source := d.Source
			d.Settings[i].Choice = &source
		}
	}
}

// solve is the solve of a system whose values are drawn or constant; nil after a complaint.
func (s *simulation) solve(of syntax.Expr, at Expr) *Solve {
	c := s.c
	lit, _ := of.(*syntax.LitExpr)
	if lit == nil {
		c.errorf("NDE0520", of.At(), "of: wants a system with its start values: Sys{x: normal(0, 1)}")
		return nil
	}
	name, _ := lit.Name.(*syntax.Ident)
	if name == nil {
		c.errorf("NDE0520", of.At(), "of: wants a system with its start values: Sys{x: normal(0, 1)}")
		return nil
	}
	d := c.find(name, "NDE0520", "system")
	if d == nil || !c.touch(d) || d.system == nil {
		return nil
	}
	sys, times := d.system, at.Type().Shape[0]
	e := newEnv(inData, s.data.Name)
	plain := *lit
	plain.Elems = nil
	for _, el := range lit.Elems {
		var want Type
		if el.Key != nil {
			_, want = startSlot(sys, el.Key.Name, make([]Expr, len(sys.States)), make([]Expr, len(sys.Contexts)+len(sys.Inputs)))
		}
		d, drawn := (*dist)(nil), false
		if want.IsValid() {
			d, drawn = c.expr(el.Value, newEnv(inConst, "")).(*dist)
		}
		if !drawn {
			plain.Elems = append(plain.Elems, el)
			continue
		}
		s.draw(el, d, want, sys, times, at, e)
		same := *el
		same.Value = &syntax.Ident{Range: syntax.Range{Place: el.Value.Span()}, Name: el.Key.Name}
		plain.Elems = append(plain.Elems, &same)
	}
	_, starts, extras, ok := c.systemLiteral(&plain, of.At(), e)
	if !ok {
		return nil
	}
	out := &Solve{Node: Node{At: of.At()}, System: sys, Starts: starts, Extras: extras, At: at, Times: times}
	out.From = c.index(at, []Sub{{Index: true}}, at.Span())
	out.T = Type{Kind: ResultKind, System: sys, Times: times, TimeDim: at.Type().Dim(0)}
	return out
}

// draw makes an input of the model for a value that is drawn. An input of the system has a value for every output time.
func (s *simulation) draw(el *syntax.Elem, d *dist, want Type, sys *System, times int, at Expr, e *env) {
	setting, ok := s.c.sampled(el, sourceCodes, newEnv(inConst, ""))
	if !ok {
		return
	}
	key := el.Key.Name
	v := &Var{Name: key, Kind: ArgVar, Type: want, Index: len(s.model.Inputs), Span: el.Key.At()}
	if isInput(sys, key) {
		v.Type.Shape = append([]int{times}, want.Shape...)
		v.Type.Dims = nil
	}
	s.model.Inputs = append(s.model.Inputs, v)
	s.drawn = append(s.drawn, setting)
	ref := &Ref{Node: Node{T: v.Type, At: el.Value.At()}, Var: v}
	s.values.vars[key] = v
	e.vars[key] = v
	if isInput(sys, key) {
		signal := &Signal{Node: Node{T: Type{Kind: SignalKind, Elem: Real, Shape: want.Shape}, At: el.Value.At()}, Times: at, Values: ref}
		e.vars[key] = &Var{Name: key, Kind: DefVar, Type: signal.T, Def: signal, Span: v.Span}
	}
}

// enter makes what the solve gives known to columns.
func (s *simulation) enter(solve *Solve) {
	run := &Var{Name: "run", Kind: DefVar, Type: solve.T, Def: solve, Span: solve.At.Span()}
	s.model.Body = append(s.model.Body, run)
	ref := &Ref{Node: Node{T: solve.T, At: solve.Span()}, Var: run}
	enter := func(name string, x Expr) {
		if !isInvalid(x) {
			s.values.vars[name] = &Var{Name: name, Kind: DefVar, Type: x.Type(), Def: x, Span: solve.Span()}
		}
	}
	for _, name := range fieldNames(solve.System) {
		enter(name, s.c.field(ref, &syntax.Ident{Range: syntax.Range{Place: solve.Span()}, Name: name}))
	}
	enter("t", solve.At)
}

// columns gives the model an output for every column. A column without an expression is the value of its name, and t if
// it is of times.
func (s *simulation) columns(exprs map[*Var]syntax.Expr, solve *Solve) bool {
	c, ok := s.c, true
	var noisy []ir.Setting
	for _, v := range s.data.Columns {
		if !v.Type.IsValid() {
			ok = false
			continue
		}
		name, x := v.Name, exprs[v]
		if x == nil {
			if s.values.vars[name] == nil && v.Type.Elem == Time {
				name = "t"
			}
			if s.values.vars[name] == nil {
				c.errorf("NDE0663", v.Span, "column %s is no value of system %s%s; it has %s, or say which: %s %s = ...", name, solve.System.Name,
					didYouMean(name, sortedKeys(s.values.vars)), orList(sortedKeys(s.values.vars)), name, v.Type)
				ok = false
				continue
			}
			x = &syntax.Ident{Range: syntax.Range{Place: v.Span}, Name: name}
		}
		value := c.expr(x, s.values)
		y, fits := coerce(value, v.Type)
		if !fits || isInvalid(value) {
			if !isInvalid(value) {
				c.errorf("NDE0663", v.Span, "column %s is %s, and the simulation gives %s", v.Name, v.Type, value.Type())
			}
			ok = false
			continue
		}
		s.model.Results = append(s.model.Results, y)
		s.model.Outputs = append(s.model.Outputs, Port{Name: v.Name, Type: v.Type, Span: v.Span})
		if v.Type.Elem == Real && uses(y, solve) {
			noisy = append(noisy, ir.Setting{Key: v.Name, Span: v.Span})
		}
	}
	c.sourceOption(s.data, ir.Setting{Key: "noisy", List: noisy, Span: s.data.Span})
	return ok
}

// uses reports whether x is computed from y.
func uses(x, y Expr) bool {
	found := false
	walk(x, map[Expr]bool{}, func(z Expr) { found = found || z == y })
	return found
}

// simulateLit is the literal of a source simulate{…}; nil of another one.
func simulateLit(st *syntax.SettingStmt) *syntax.LitExpr {
	lit, _ := st.Value.(*syntax.LitExpr)
	if lit == nil || st.Key.Name != "source" || literalName(lit) != "simulate" {
		return nil
	}
	return lit
}

// AllModels are those of the program and those that simulate data.
func (p *Program) AllModels() []*Model {
	all := slices.Clone(p.Models)
	for _, d := range p.Data {
		if d.Simulation != nil {
			all = append(all, d.Simulation)
		}
	}
	return all
}
