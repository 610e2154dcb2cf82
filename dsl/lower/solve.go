package lower

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// solution is a solve that was lowered in a function.
type solution struct {
	solve   *ir.Solve
	system  *system
	results []*ir.Value // states, integrals, statistics
	end     *ir.Value   // time of the end, or the output times
	extras  []*ir.Value
	outputs []*ir.Value // made when first read
	paths   int         // sample paths; 0: one without an axis
}

// solution lowers a solve where it is first read.
func (s *scope) solution(x *sema.Solve) *solution {
	if d := s.solves[x]; d != nil {
		return d
	}
	saved := s.b.Span
	sys := s.system(x.System, x.Extras)
	d := &solution{system: sys, paths: x.Paths}
	t0 := s.expr(x.From)
	if x.At != nil {
		d.end = s.expr(x.At)
	} else {
		d.end = s.expr(x.To)
	}
	starts := s.exprs(x.Starts)
	extras, knots := s.extraValues(sys, x.Extras)
	d.extras = append(extras, startsOf(x.System, starts)...)
	s.b.Span = x.Span()
	by := x.Solver
	if s.model != nil {
		by = s.model.Solver(by)
	}
	if x.System.Noisy {
		knots = nil // its steps have one length, and see an input as it is at their start
	}
	along, places := d.end, []int(nil)
	if x.At != nil {
		along, places = s.inOrder(t0, along, x.At.Span())
	}
	stops := s.stops(by, knots, t0, along)
	operands := append([]*ir.Value{t0, along}, stops...)
	operands = append(operands, starts...)
	for range x.System.Integrals {
		operands = append(operands, s.b.Zeros(ir.Scalar(s.m.Real)))
	}
	operands = append(operands, d.extras...)
	if x.System.Noisy {
		operands = s.noisyOperands(operands, 2+len(stops), len(starts)+len(x.System.Integrals), x.Paths)
	}

	d.solve = s.newSolve(x.Span(), x.With, sys, by, x.Times, x.Paths, number(stops), nil)
	v := s.b.Emit(ir.OpSolve, ir.Attr{Solve: d.solve}, method.Operands(s.b, d.solve, operands)...).Named(x.System.Name)
	d.results = s.b.Results(v)
	for i, st := range d.solve.States {
		if places != nil {
			d.results[i] = s.b.Take(d.results[i], places...)
		}
		if x.Paths > 0 && x.Times > 0 {
			d.results[i] = s.pathsFirst(d.results[i])
		}
		d.results[i].Named(st.Name)
	}
	s.runs = append(s.runs, run{solve: d.solve, stats: d.results[len(d.solve.States):], from: v})
	if s.model != nil && s.model.Ends == x.Solver.Slot() {
		s.keepEnds(d)
	}
	s.b.Span = saved
	s.solves[x] = d
	return d
}

// startsOf are the values of initial(x) among the starts.
func startsOf(sys *sema.System, starts []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for _, v := range sys.Initials {
		for i, st := range sys.States {
			if st.Var == v {
				out = append(out, starts[i])
			}
		}
	}
	return out
}

// stops are the times at which steps have to end, those of the solver and the knots of signals, in the direction of
// a solve from t0 to end (or along the times end); none where there are none.
func (s *scope) stops(by *sema.Solver, knots []*ir.Value, t0, end *ir.Value) []*ir.Value {
	b := s.b
	lists := slices.Clone(knots)
	if n := len(by.Stops); n > 0 {
		lists = append(lists, b.Data(by.Stops, ir.Tensor(ir.F64, n)))
	}
	if len(lists) == 0 {
		return nil
	}
	if end.Type.Rank() > 0 {
		end = b.At(end, end.Type.Len()-1)
	}
	ahead := b.Concat(0, lists...)
	if len(lists) > 1 {
		ahead = ascending(b, ahead)
	}
	forward := b.Expand(b.Binary(ir.OpLe, t0, end), ahead.Type.Len())
	return []*ir.Value{b.Select(forward, ahead, b.Emit(ir.OpReverse, ir.Attr{}, ahead)).Named("stops")}
}

// number is that of stop times.
func number(stops []*ir.Value) int {
	if len(stops) == 0 {
		return 0
	}
	return stops[0].Type.Len()
}

// newSolve makes the solve of a system by a solver as data, over wider numbers than the module's
// where wide is not nil, and has the method build its step. times is the number of output times, 0 for the
// end alone, stops that of stop times.
func (s *scope) newSolve(at, with diag.Span, sys *system, by *sema.Solver, times, paths, stops int, wide *ir.Widening) *ir.Solve {
	row := by.Row
	if row == nil || row.Later {
		refuse(methodLater, at, "%s is not compiled yet; use euler, midpoint, heun, rk4, dopri5 or tsit5", by.Method)
	}
	solve := &ir.Solve{
		Name: fmt.Sprintf("%s.%d", s.name, len(s.solves)+len(s.references)+len(s.shots)), Span: at, System: sys.Name, Solver: s.solverName(sys.Name, by), Method: by.Method,
		States: s.states(sys.System), Extras: s.extras(sys), Times: times,
		Steps: by.Steps, StepSize: by.StepSize, RTol: by.RTol, ATol: by.ATol, FirstStep: by.FirstStep, MaxSteps: by.MaxSteps,
		Stops: stops, MinStep: by.MinStep, MaxStep: by.MaxStep,
		Sensitivity: by.Sensitivity, Compat: by.Compat,
	}
	if by.Together {
		solve.StepGroup = "rms"
		if by.MaxNorm {
			solve.StepGroup = "max"
		}
	}
	if by.PerSample > 0 {
		solve.Steps, solve.PerSample = by.PerSample, times > 0
	}
	solve.Field = s.newField(sys)
	if len(sys.Events) > 0 {
		if paths > 0 {
			refuse(eventsLater, at, "events of system %s with paths: %d are not compiled yet, for each path has them at times of its own; leave paths out, and take a sample for each path", sys.Name, paths)
		}
		s.happen(sys, solve, by)
	}
	cfg := s.config(by, sys, solve)
	if sys.Noisy {
		s.stochastic(sys, solve, &cfg, paths)
	}
	if wide != nil {
		widen(solve, wide)
		solve.Field = wide.Func(solve.Field)
		if cfg.Residual != nil {
			cfg.Residual = wide.Func(cfg.Residual)
		}
		if len(sys.Events) > 0 {
			s.countEvents(solve, wide)
		}
	}
	if err := method.Build(s.m, solve, row, cfg); err != nil {
		if no := (*method.NotSeparable)(nil); errors.As(err, &no) {
			of := fmt.Sprintf("der(%s) of %s depends on %s", no.State, sys.Name, no.Of)
			if no.State == no.Of {
				of += " itself"
			} else {
				of += ", which moves together with it"
			}
			refuse(notSeparable, with, "%s needs a separable system, but %s", row.Name, of)
		}
		if no := (*method.NotSecondOrder)(nil); errors.As(err, &no) {
			refuse(notSecondOrder, with, "%s needs a second-order system, der(q) = v and der(v) = f(q), but %v of %s", row.Name, no, sys.Name)
		}
		refuse(methodLater, at, "%v", err)
	}
	placeSolve(solve)
	s.m.Solves = append(s.m.Solves, solve)
	return solve
}

// placed is a solver written in place, which solves a system in models.
type placed struct {
	system string
	by     *sema.Solver
	name   string
}

// solverName is what the steps of a system by a solver are called: the name of the solver, or, for one written in place, its method, with a number
// from the second one with other options on. It is "" where nobody steps through the solve: in recipes, and in variants.
func (s *scope) solverName(system string, by *sema.Solver) string {
	if by.Name != "" || by.Unstepped || s.model == nil {
		return by.Name
	}
	method := by.Method
	plain := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	taken := func(name string) bool {
		return slices.ContainsFunc(s.solvers, func(d *sema.Solver) bool { return plain(d.Name) == plain(name) })
	}
	name := method
	for n := 1; ; n++ {
		if n > 1 {
			name = fmt.Sprintf("%s.%d", method, n)
		}
		at := slices.IndexFunc(*s.placed, func(p placed) bool { return p.system == system && p.name == name })
		switch {
		case at >= 0 && sameSolver((*s.placed)[at].by, by):
			return name
		case at < 0 && !taken(name):
			*s.placed = append(*s.placed, placed{system, by, name})
			return name
		}
	}
}

// widen gives a solve states and extras over wider numbers.
func widen(s *ir.Solve, wide *ir.Widening) {
	for i := range s.States {
		s.States[i].Type = wide.Type(s.States[i].Type)
	}
	narrow := s.Extras
	s.Extras = nil
	for _, t := range narrow {
		s.Extras = append(s.Extras, wide.Type(t))
	}
}

// placeSolve says where the functions of a solve run: sample > solve > step > stage.
func placeSolve(s *ir.Solve) {
	s.Region = ir.SampleRegion.Inside(ir.RegionSolve, s.Name)
	step := s.Region.Inside(ir.RegionStep, "")
	for _, f := range s.Funcs() {
		f.Region = step
	}
	s.Field.Region = step.Inside(ir.RegionStage, "")
	if s.Within != nil {
		s.Within.Region = s.Field.Region
	}
	for _, f := range s.Before() {
		f.Region = s.Region
	}
}

// field is end.x: one part of a solve or of rhs.
func (s *scope) field(x *sema.Field) *ir.Value {
	switch of := definition(x.X).(type) {
	case *sema.Rhs:
		return s.rhs(of)[x.Index]
	case *sema.MultiShoot:
		m := s.multishoot(of)
		switch x.Kind {
		case sema.StateField:
			return m.states[x.Index]
		case sema.IntegralField:
			return m.integrals[x.Index]
		case sema.OutputField:
			return s.shotOutputs(m, x.Span())[x.Index]
		case sema.StatField:
			return m.stats[x.Index]
		case sema.GapField:
			return m.gap
		}
	case *sema.Solve:
		d := s.solution(of)
		switch x.Kind {
		case sema.StateField:
			return d.results[x.Index]
		case sema.IntegralField:
			return d.results[len(of.System.States)+x.Index]
		case sema.OutputField:
			return s.outputs(d, x.Span())[x.Index]
		case sema.StatField:
			return d.results[len(d.solve.States)+x.Index]
		}
	}
	refuse(compilerBug, x.Span(), "compiler bug: .%s of something that is no solve", x.Name)
	return nil
}

// outputs are the outputs of the system at the end of the solve, or at each of its output times; of several paths those
// of each.
func (s *scope) outputs(d *solution, at diag.Span) []*ir.Value {
	if d.outputs != nil {
		return d.outputs
	}
	s.b.Span = at
	states := d.results[:len(d.system.States)]
	if d.paths == 0 {
		d.outputs = s.outputsAt(s.b, d.system, d.end, states, d.extras)
	} else {
		d.outputs = mapOf(s.b, s.pathOutputs(d), d.paths, states, append([]*ir.Value{d.end}, d.extras...))
	}
	for i, q := range d.system.Outputs {
		d.outputs[i].Named(q.Name)
	}
	return d.outputs
}

// outputsAt are the outputs at a time with the states there, or at each of several times.
func (s *scope) outputsAt(b *ir.Builder, sys *system, t *ir.Value, states, extras []*ir.Value) []*ir.Value {
	f := s.outputFunc(sys)
	along := append([]*ir.Value{t}, states...)
	if t.Type.Rank() == 0 {
		return b.CallAll(f, append(along, extras...)...)
	}
	return mapOf(b, f, t.Type.Len(), along, extras)
}

// pathOutputs is (states…, time or times, extras…) -> outputs of one path.
func (s *scope) pathOutputs(d *solution) *ir.Func {
	b := ir.NewFunc(d.solve.Name+".outputs", s.b.Span, s.m.Real)
	var states, extras []*ir.Value
	for i, v := range d.results[:len(d.system.States)] {
		states = append(states, b.Arg(d.solve.States[i].Name, ir.Tensor(v.Type.Elem, v.Type.Shape[1:]...)))
	}
	t := b.Arg("t", d.end.Type)
	for i, v := range d.extras {
		extras = append(extras, b.Arg(fmt.Sprintf("c%d", i+1), v.Type))
	}
	for _, q := range d.system.Outputs {
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name)
	}
	return s.add(b.Return(s.outputsAt(b, d.system, t, states, extras)...))
}

// mapOf runs f over the slices of along; the others are the same for all of them.
func mapOf(b *ir.Builder, f *ir.Func, n int, along, others []*ir.Value) []*ir.Value {
	v := b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: f, N: n, Mapped: len(along),
		Region: ir.SampleRegion.Inside(ir.RegionMap, f.Name)}}, append(along[:len(along):len(along)], others...)...)
	if v.Type.Elem == ir.Tuple {
		return b.Results(v)
	}
	return []*ir.Value{v}
}

// rhs are the derivatives at one point, where initial(x) is x.
func (s *scope) rhs(x *sema.Rhs) []*ir.Value {
	if s.points[x] == nil {
		sys := s.system(x.System, x.Extras)
		f := s.rhsFunc(sys)
		starts := s.exprs(x.Starts)
		extras, _ := s.extraValues(sys, x.Extras)
		args := append([]*ir.Value{s.expr(x.Time)}, starts...)
		args = append(append(args, extras...), startsOf(x.System, starts)...)
		s.b.Span = x.Span()
		s.points[x] = s.b.CallAll(f, args...)
	}
	return s.points[x]
}
