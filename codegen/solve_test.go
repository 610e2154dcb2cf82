package codegen_test

import (
	"fmt"
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
)

// states is a kind of system: the states of a solve, its extras, and which states are integrals.
type states struct {
	name   string
	shapes [][]int
	extras [][]int
	sums   int // integrals after the states
}

var systems = []states{
	{name: "scalar", shapes: [][]int{{}}},
	{name: "pair", shapes: [][]int{{2}}, extras: [][]int{{}}},
	{name: "several", shapes: [][]int{{3}, {}, {2, 2}}, extras: [][]int{{5}, {}}, sums: 1},
	{name: "wide", shapes: [][]int{{9}}, extras: [][]int{{3}}, sums: 1},
}

// problem is a way to solve a system.
type problem struct {
	of     states
	method *method.Row
	real   ir.Elem
	times  int // output times, 0 for the end
	stops  []float64
	looks  int // points along the solve that the test looks at beside
	back   bool
	set    func(s *ir.Solve)
	config method.Config
	rate   func(b *ir.Builder, x *ir.Value) *ir.Value // another right-hand side, for one scalar state
	fails  bool                                       // some row does not get to the end
	apart  bool                                       // the first state and the others depend on each other alone
	second bool                                       // of second order: the second state is the velocity of the first
	events func(p *problem, m *ir.Module, s *ir.Solve, params map[string][]float64)
	twice  bool // the objective solves again from the end
}

const span = 1.5

func (p *problem) t0() float64 {
	if p.back {
		return span
	}
	return 0
}

func (p *problem) t1() float64 { return span - p.t0() }

// grid is n times over the span, as rt.Linspace has them.
func (p *problem) grid(n int) []float64 {
	ts := make([]float64, n)
	for i := range ts {
		ts[i] = p.t0() + (p.t1()-p.t0())*float64(i)/float64(n-1)
	}
	ts[n-1] = p.t1()
	return ts
}

// module has the model Net(states…, extras…) of the solve's states at the end or at times, and the
// recipe Fit with a loss of all of them.
func (p *problem) module(t *testing.T) (*ir.Module, map[string][]float64) {
	t.Helper()
	m := &ir.Module{Package: "solve", Real: p.real}
	s := &ir.Solve{Name: "Net.0", System: "S", Times: p.times, Stops: len(p.stops), Steps: 5, RTol: 1e-4, ATol: 1e-5, MaxSteps: 200}
	for i, shape := range p.of.shapes {
		s.States = append(s.States, ir.SolveState{Name: fmt.Sprintf("x%d", i), Type: ir.Tensor(p.real, shape...), InNorm: true})
	}
	for i := range p.of.sums {
		s.States = append(s.States, ir.SolveState{Name: fmt.Sprintf("q%d", i), Type: ir.Scalar(p.real)})
	}
	for _, shape := range p.of.extras {
		s.Extras = append(s.Extras, ir.Tensor(p.real, shape...))
	}
	params := map[string][]float64{}
	s.Field = m.AddFunc(p.field(m, s, params))
	if p.set != nil {
		p.set(s)
	}
	if p.events != nil {
		p.events(p, m, s, params)
	}
	if err := method.Build(m, s, p.method, p.config); err != nil {
		t.Fatal(err)
	}
	s.Region = ir.SampleRegion.Inside(ir.RegionSolve, s.Name)
	step := s.Region.Inside(ir.RegionStep, "")
	for _, f := range s.Funcs() {
		f.Region = step
	}
	s.Field.Region = step.Inside(ir.RegionStage, "")
	if s.First != nil {
		s.First.Region = s.Region
	}
	m.Solves = append(m.Solves, s)

	model := &ir.Model{Name: "Net", Solves: []*ir.Solve{s}}
	var columns []ir.Port
	for i, shape := range append(append([][]int(nil), p.of.shapes...), p.of.extras...) {
		columns = append(columns, ir.Port{Name: fmt.Sprintf("in%d", i), Type: ir.Tensor(p.real, shape...)})
	}
	model.Inputs = columns
	plain := len(s.Plain())
	run := func(b *ir.Builder) []*ir.Value {
		rs := b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, method.Operands(b, s, p.operands(b, s, columns))...))
		return append(rs[:plain:plain], rs[len(s.States):]...)
	}
	b := ir.NewFunc("Net.forward", diag.Span{}, p.real)
	model.Func = m.AddFunc(b.Return(run(b)...))
	for i, st := range ir.Pick(s.States, s.Plain()) {
		model.Outputs = append(model.Outputs, ir.Port{Name: "out" + st.Name, Type: s.ResultTypes()[i]})
	}
	b = ir.NewFunc("Net.path", diag.Span{}, p.real)
	at := method.Operands(b, s, p.operands(b, s, columns))
	at[1] = b.Const(p.t1(), ir.F64)
	model.Paths = []*ir.Func{m.AddFunc(b.Return(at...))}
	m.Models = append(m.Models, model)

	b = ir.NewFunc("Fit.objective", diag.Span{}, p.real)
	outs := run(b)
	solves := []*ir.Solve{s}
	var more []*ir.Value // statistics of the second solve
	if p.twice {
		again := append([]*ir.Value(nil), outs[0].Args[0].Args...)
		copy(again[2:], outs[:plain])
		solves = append(solves, s)
		second := b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, again...))
		for i := range plain {
			outs[i] = b.Add(outs[i], second[i])
		}
		more = second[len(s.States):]
	}
	loss := b.Num(0)
	for i := range s.Plain() {
		loss = b.Add(loss, b.Emit(ir.OpMean, ir.Attr{}, b.Unary(ir.OpSin, outs[i])))
	}
	results := append([]*ir.Value{loss, b.Emit(ir.OpMean, ir.Attr{}, outs[0])}, append(outs[plain:], more...)...)
	m.Recipes = append(m.Recipes, &ir.Recipe{Name: "Fit", Columns: columns, Metrics: []string{"mean"}, Objective: m.AddFunc(b.Return(results...)), Solves: solves,
		Settings: []ir.Setting{{Key: "epochs", Num: 1}, {Key: "optimizer", Choice: &ir.Choice{Row: "sgd", Options: []ir.Setting{{Key: "lr", Num: 0.1}}}}}})
	return m, params
}

// operands adds the columns as arguments and gives the operands of the solve.
func (p *problem) operands(b *ir.Builder, s *ir.Solve, columns []ir.Port) []*ir.Value {
	var in []*ir.Value
	for _, c := range columns {
		in = append(in, b.Arg(c.Name, c.Type))
	}
	end := b.Const(p.t1(), ir.F64)
	if p.times > 0 {
		end = b.Data(p.grid(p.times), ir.Tensor(ir.F64, p.times))
	}
	n := len(p.of.shapes)
	out := []*ir.Value{b.Const(p.t0(), ir.F64), end}
	if len(p.stops) > 0 {
		out = append(out, b.Data(p.stops, ir.Tensor(ir.F64, len(p.stops))))
	}
	out = append(out, in[:n]...)
	for range p.of.sums {
		out = append(out, b.Num(0))
	}
	return append(out, in[n:]...)
}

// field is dx = tanh(W [x…, c…, sin 3t] + b) - x/2 over all states as one vector, and dq = |x|².
func (p *problem) field(m *ir.Module, s *ir.Solve, params map[string][]float64) *ir.Func {
	b := ir.NewFunc("S.field", diag.Span{}, p.real)
	at := b.Arg("t", ir.Scalar(ir.F64))
	if p.rate != nil {
		return b.Return(p.rate(b, b.Arg("x", ir.Scalar(p.real))))
	}
	var flat, cs []*ir.Value
	n := 0
	for i, st := range s.States {
		a := b.Arg(st.Name, st.Type)
		if i < len(p.of.shapes) {
			flat = append(flat, b.Reshape(a, st.Type.Len()))
			n += st.Type.Len()
		}
	}
	for i, t := range s.Extras {
		cs = append(cs, b.Reshape(b.Arg(fmt.Sprintf("c%d", i), t), t.Len()))
	}
	x := b.Concat(0, flat...)
	wave := b.Reshape(b.Cast(b.Unary(ir.OpSin, b.Mul(b.Const(3, ir.F64), at)), p.real), 1)
	in := b.Concat(0, append(append([]*ir.Value{x}, cs...), wave)...)
	param := func(name string, shape ...int) *ir.Value {
		q := m.AddParam(&ir.Param{Name: "net." + name, Net: "net", Type: ir.Tensor(p.real, shape...)})
		for i := range q.Type.Len() {
			params[q.Name] = append(params[q.Name], math.Round(64*math.Sin(float64(7*i*i+3*i+len(name))))/64)
		}
		return b.Param(q)
	}
	var out []*ir.Value
	if p.second {
		place := b.Concat(0, append(append([]*ir.Value{flat[0]}, cs...), wave)...)
		force := b.Unary(ir.OpTanh, b.Add(b.MatVec(param("weight", flat[0].Type.Len(), place.Type.Len()), place), param("bias", flat[0].Type.Len())))
		out = append(out, b.Func.Args[2], b.Sub(b.Reshape(force, s.States[0].Type.Shape...), b.Func.Args[1]))
	} else if p.apart {
		first := flat[0].Type.Len()
		rest := b.Concat(0, append(append(append([]*ir.Value(nil), flat[1:]...), cs...), wave)...)
		lead := b.Concat(0, flat[0], wave)
		out = append(out, b.Reshape(b.Unary(ir.OpTanh, b.MatVec(param("first", first, rest.Type.Len()), rest)), s.States[0].Type.Shape...))
		x = b.Unary(ir.OpTanh, b.MatVec(param("rest", n-first, lead.Type.Len()), lead))
		k := 0
		for _, st := range s.States[1:len(p.of.shapes)] {
			out = append(out, b.Reshape(b.Slice(x, k, k+st.Type.Len()), st.Type.Shape...))
			k += st.Type.Len()
		}
	} else {
		v := b.Unary(ir.OpTanh, b.Add(b.MatVec(param("weight", n, in.Type.Len()), in), param("bias", n)))
		v = b.Sub(v, b.Mul(b.Num(0.5), x))
		k := 0
		for _, st := range s.States[:len(p.of.shapes)] {
			out = append(out, b.Reshape(b.Slice(v, k, k+st.Type.Len()), st.Type.Shape...))
			k += st.Type.Len()
		}
	}
	for range p.of.sums {
		out = append(out, b.Emit(ir.OpSqNorm, ir.Attr{}, x))
	}
	return b.Return(out...)
}

// rows are inputs of three samples.
func (p *problem) rows() [][]interp.Tensor {
	rows := make([][]interp.Tensor, 3)
	for r := range rows {
		for i, shape := range append(append([][]int(nil), p.of.shapes...), p.of.extras...) {
			x := make([]float64, ir.Tensor(p.real, shape...).Len())
			for k := range x {
				x[k] = math.Round(64*math.Cos(float64(11*r+5*i+3*k))) / 64
			}
			rows[r] = append(rows[r], interp.Of(x, shape...))
		}
	}
	return rows
}

// emit adds what the interpreter gives along the first row's solve.
func (p *problem) emit(t *testing.T, name string) *emitted {
	t.Helper()
	m, params := p.module(t)
	e := emit(t, name, m, params, p.rows())
	if p.method.Adaptive() && p.config.Control.Max != 1 {
		e.tol = chosenSteps
	}
	e.fails = p.fails
	if p.looks > 0 {
		along := *p
		along.times = p.looks
		lm, lparams := along.module(t)
		mc, err := interp.New(lm, lparams)
		if err != nil {
			t.Fatal(err)
		}
		mc.Round32 = true
		out, err := mc.Call(lm.Models[0].Func, p.rows()[0]...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range lm.Models[0].Outputs {
			e.want.Path = append(e.want.Path, out[i].Data)
		}
		e.job.Times = p.looks
	}
	return e
}

// chosenSteps is the tolerance where each side chooses its own steps: the error estimate is a small
// difference of large numbers, so that lengths agree to fewer digits than values on equal steps.
const chosenSteps = 1e-9

// steady makes the step control keep the first step, so that both sides take the same steps.
func steady(p problem) problem {
	p.config.Control = method.ControlOf(nil)
	p.config.Control.Max = 1
	p.set = func(s *ir.Solve) { s.RTol, s.ATol, s.FirstStep = 1, 1e3, 0.17 }
	return p
}

// TestSolves compares every method over all kinds of systems with the interpreter: values, output
// times, statistics and gradients.
func TestSolves(t *testing.T) {
	var es []*emitted
	n := 0
	add := func(p problem) {
		es = append(es, p.emit(t, fmt.Sprintf("solve%d_%s_%s", n, p.method.Name, p.of.name)))
		n++
	}
	every := map[string]bool{"euler": true, "rk4": true, "cashkarp": true, "dopri5": true}
	for i, row := range method.Rows(method.Solver) {
		if row.Later || row.Tableau == nil {
			continue // splittings and stochastic methods have tests of their own
		}
		for j, sys := range systems {
			if !every[row.Name] && j != i%4 {
				continue // another tableau in the same loop
			}
			times := 7 * ((i + j) % 2)
			p := problem{of: sys, method: row, real: ir.F64, times: times, back: j == 3}
			if times == 0 {
				p.looks = 6
			}
			if row.Adaptive() && row.Order() < 3 {
				p.set = func(s *ir.Solve) { s.RTol, s.ATol = 1e-2, 1e-3 }
			}
			add(p)
			if row.Adaptive() {
				p = steady(p)
				add(p)
			}
			if j == 2 && row.Order() <= 5 { // weights of the higher ones are too large for f32
				p.real = ir.F32
				add(p)
			}
		}
	}
	rk4, dopri5, bosh3 := method.Lookup("rk4"), method.Lookup("dopri5"), method.Lookup("bosh3")
	pair, several := systems[1], systems[2]
	add(problem{of: pair, method: rk4, real: ir.F64, set: func(s *ir.Solve) { s.Steps, s.StepSize = 0, 0.4 }, looks: 9})
	add(problem{of: pair, method: rk4, real: ir.F64, times: 5, back: true, set: func(s *ir.Solve) { s.Steps, s.StepSize = 0, 0.4 }})
	add(problem{of: pair, method: rk4, real: ir.F64, set: func(s *ir.Solve) { s.Steps, s.StepSize = 0, 1e-300 }, fails: true}) // which are too many
	add(problem{of: several, method: dopri5, real: ir.F64, set: func(s *ir.Solve) { s.FirstStep = 0.5 }, looks: 4})
	for _, c := range []string{"pi", "pid"} {
		add(problem{of: several, method: bosh3, real: ir.F64, config: method.Config{Control: method.ControlOf(&ir.Choice{Row: c}), MaxNorm: c == "pid"}})
	}
	explode := func(b *ir.Builder, x *ir.Value) *ir.Value { return b.Mul(x, x) }
	invalid := func(b *ir.Builder, x *ir.Value) *ir.Value {
		return b.Sub(b.Unary(ir.OpLog, x), b.Num(3))
	}
	tight := func(s *ir.Solve) { s.RTol, s.ATol = 1e-7, 1e-7 }
	short := func(s *ir.Solve) { tight(s); s.MaxSteps = 9 }
	add(problem{of: systems[0], method: dopri5, real: ir.F64, rate: explode, set: tight, fails: true})
	add(problem{of: systems[0], method: dopri5, real: ir.F64, rate: explode, set: short, fails: true})
	add(problem{of: systems[0], method: bosh3, real: ir.F64, rate: explode, set: short, fails: true, times: 4})
	add(problem{of: systems[0], method: bosh3, real: ir.F64, rate: invalid, set: tight, fails: true, times: 4})
	add(problem{of: systems[0], method: rk4, real: ir.F64, rate: invalid, fails: true})
	for _, p := range sensitivityProblems() {
		add(p)
	}
	compare(t, es)
}

// TestStepping compares steps that end at stops, embedded methods with given steps, and bounds of steps.
func TestStepping(t *testing.T) {
	var es []*emitted
	add := func(p problem) { es = append(es, p.emit(t, fmt.Sprintf("stepping%d_%s", len(es), p.method.Name))) }
	rk4, dopri5 := method.Lookup("rk4"), method.Lookup("dopri5")
	pair, several := systems[1], systems[2]
	ahead, back := []float64{-1, 0, 0.31, 0.9, 0.9, 1.2, 1.5, 4}, []float64{1.5, 1.2, 0.9, 0.31}
	add(problem{of: pair, method: dopri5, real: ir.F64, stops: ahead, looks: 9})
	add(problem{of: pair, method: method.Lookup("cashkarp"), real: ir.F64, stops: back, back: true, times: 7, set: func(s *ir.Solve) { s.MinStep, s.MaxStep = 0.05, 0.12 }})
	add(problem{of: several, method: rk4, real: ir.F64, stops: ahead, times: 7})
	add(problem{of: pair, method: rk4, real: ir.F64, stops: back, back: true, set: func(s *ir.Solve) { s.Steps, s.StepSize = 0, 0.4 }, looks: 9})
	steps := []ir.Setting{{Key: "steps", Num: 5}}
	add(problem{of: several, method: dopri5.With(steps), real: ir.F64, times: 7})
	add(problem{of: pair, method: method.Lookup("vern7").With(steps), real: ir.F64, looks: 6})
	add(problem{of: several, method: method.Lookup("leapfrog"), real: ir.F64, apart: true, times: 7})
	add(problem{of: several, method: method.Lookup("mclachlan4"), real: ir.F64, apart: true, looks: 6, back: true})
	motion := states{name: "motion", shapes: [][]int{{2, 2}, {2, 2}}, extras: [][]int{{3}}, sums: 1}
	for i, name := range []string{"rkn4", "rkn5", "rkn43", "rkn64"} {
		row := method.Lookup(name)
		add(problem{of: motion, method: row.With(steps), real: ir.F64, second: true, times: 7 * (i % 2), back: i == 2})
		if row.Adaptive() {
			add(steady(problem{of: motion, method: row, real: ir.F64, second: true, looks: 6}))
			add(problem{of: motion, method: row, real: ir.F64, second: true, times: 5, stops: ahead})
			add(steady(problem{of: motion, method: row, real: ir.F32, second: true, times: 5, back: true}))
		}
	}
	for i, name := range []string{"alf", "reversible_heun"} {
		row := method.Lookup(name)
		add(problem{of: several, method: row.With(steps), real: ir.F64, times: 7 * i})
		add(problem{of: several, method: row.With(steps), real: ir.F64, times: 7 - 7*i, back: true, twice: i == 1})
		add(problem{of: pair, method: row, real: ir.F64, looks: 6, set: func(s *ir.Solve) { s.RTol, s.ATol = 1e-2, 1e-3 }})
		add(steady(problem{of: several, method: row, real: ir.F32, times: 7}))
		// Memory begins anew at stops, of which the first is the start.
		undone := func(s *ir.Solve) {
			s.RTol, s.ATol, s.Sensitivity = 1e-2, 1e-3, ir.Choice{Row: "reversible"}
		}
		add(problem{of: pair, method: row, real: ir.F64, stops: append([]float64{0}, ahead...), times: 5, set: undone})
		add(problem{of: several, method: row.With(steps), real: ir.F64, stops: back, back: true, times: 7 * i})
	}
	compare(t, es)
}
