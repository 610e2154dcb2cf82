package lower

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// model lowers a model: inputs -> outputs, then five statistics per solve. A model with solvers
// replaced is lowered from the same body with solves of its own.
func (l *lowerer) model(m *sema.Model) {
	s := l.scope(l.name(m.Name), m.Doc, m.Span)
	s.model = m
	s.args(m.Inputs)
	s.keyed()
	out := &ir.Model{Name: m.Name, Doc: m.Doc, Span: m.Span, Inputs: l.ports(m.Inputs)}
	if m.Metrics != nil {
		l.metrics(s, out)
		return
	}
	results := s.exprs(m.Results)
	for i, v := range results {
		results[i] = s.ownFigure(v)
	}
	for _, p := range m.Outputs {
		out.Outputs = append(out.Outputs, l.port(p.Name, p.Type))
	}
	for _, e := range s.ends {
		results = append(results, e.Value)
		out.Outputs = append(out.Outputs, e.Port)
	}
	for _, p := range out.Outputs {
		s.b.Func.ResultNames = append(s.b.Func.ResultNames, p.Name)
	}
	s.ascend(out.Inputs)
	out.Solves = s.solved()
	out.Func = l.add(s.b.Return(append(results, s.statistics()...)...))
	if !s.keyRead() {
		s.dropKey()
	}
	l.models[m] = out
	if l.use == sema.Training { // recipes call it, and nobody else
		return
	}
	if m.Ends == "" {
		for i := range s.runs {
			out.Paths = append(out.Paths, l.add(s.path(i)))
		}
	}
	l.m.Models = append(l.m.Models, out)
}

// modelOf is a model that is called; nil where it could not be lowered.
func (l *lowerer) modelOf(m *sema.Model) *ir.Model {
	if l.base == nil {
		return l.models[m]
	}
	if !l.differs(m) {
		return l.base.modelOf(m)
	}
	if l.models[m] == nil {
		l.model(m)
	}
	return l.models[m]
}

// ownFigure is v, as a value of its own where it is a statistic: statistics travel apart from the results of
// compiled functions. None is below 0, but for a time.
func (s *scope) ownFigure(v *ir.Value) *ir.Value {
	if v.Op != ir.OpResult || v.Args[0].Op != ir.OpSolve || v.Attr.Index < len(v.Args[0].Attr.Solve.States) {
		return v
	}
	low := 0.0
	if v.Type.Elem.IsFloat() {
		low = math.Inf(-1)
	}
	return s.b.Binary(ir.OpMax, v, s.b.Fill(low, v.Type))
}

// end is an output of a variant: a state at the end of a solve, as end0.x of the first one, or along its
// output times, as along0.x with the times as leading axis. Integrals are none.
type end struct {
	ir.Port
	Value *ir.Value
}

// keepEnds adds the ends of a solve.
func (s *scope) keepEnds(d *solution) {
	name := "end"
	if d.solve.Times > 0 {
		name = "along"
	}
	for i, st := range d.solve.States {
		if st.InNorm {
			s.ends = append(s.ends, end{ir.Port{Name: fmt.Sprintf("%s%d.%s", name, s.ended, st.Name), Type: d.results[i].Type}, d.results[i]})
		}
	}
	s.ended++
}

// takeEnds adds the ends of a model that is called, with numbers of this one.
func (s *scope) takeEnds(ports []ir.Port, values []*ir.Value) {
	last := ""
	for i, p := range ports {
		solve, state, _ := strings.Cut(p.Name, ".")
		if solve != last {
			last = solve
			s.ended++
		}
		p.Name = fmt.Sprintf("%s%d.%s", strings.TrimRight(solve, "0123456789"), s.ended-1, state)
		s.ends = append(s.ends, end{p, values[i]})
	}
}

// metrics makes out the model of the metric terms of a recipe.
func (l *lowerer) metrics(s *scope, out *ir.Model) {
	terms := s.terms(s.model.Metrics.Figures())
	for i, name := range terms.names {
		out.Outputs = append(out.Outputs, ir.Port{Name: name, Type: terms.values[i].Type})
	}
	s.b.Func.ResultNames = terms.names
	out.Solves = s.solved()
	out.Func = l.add(s.b.Return(append(terms.values, s.statistics()...)...))
	if !s.keyRead() {
		s.dropKey()
	}
	l.m.Models = append(l.m.Models, out)
}

func (s *scope) solved() []*ir.Solve {
	var out []*ir.Solve
	for _, r := range s.runs {
		out = append(out, r.solve)
	}
	return out
}

// statNames name the statistics of a solve, in the order of ir.StatNFE, ….
var statNames = [ir.NumStats]string{"nfe", "accepted", "rejected", "status", "tstop"}

// statistics are five values per solve that the function runs, in the order of solved.
func (s *scope) statistics() []*ir.Value {
	var out []*ir.Value
	for i, r := range s.runs {
		out = append(out, r.stats...)
		for _, name := range statNames {
			s.b.Func.ResultNames = append(s.b.Func.ResultNames, fmt.Sprintf("%s%d", name, i))
		}
	}
	return out
}

// path is the function from the inputs to (t0, t1, states…, extras…) of run i. Of a solve with
// output times t1 is the last one.
func (s *scope) path(i int) *ir.Func {
	r := s.runs[i]
	whole := s.b.Func
	saved := whole.Results
	whole.Results = r.from.Args
	f := whole.Clone(fmt.Sprintf("%s.path%d", s.name, i))
	whole.Results = saved
	b := ir.Extend(f, s.m.Real)
	b.Span = r.from.Span
	switch {
	case r.model != nil:
		b.Return(b.CallAll(r.model.Paths[r.inner], f.Results...)...)
	case r.solve.Times > 0:
		f.Results[1] = b.At(f.Results[1], r.solve.Times-1)
	}
	f.Doc = "start of solve " + r.solve.Name
	f.ResultNames = []string{"t0", "t1"}
	if r.solve.Stops > 0 {
		f.ResultNames = append(f.ResultNames, "stops")
	}
	for _, st := range r.solve.States {
		f.ResultNames = append(f.ResultNames, st.Name)
	}
	f.DropDead()
	return f
}

// modelCall is a call of a model in this function. Calls with the same arguments are one.
type modelCall struct {
	model   *ir.Model
	args    []*ir.Value
	outputs []*ir.Value
}

func (s *scope) call(x *sema.ModelCall) modelCall {
	of := x.Model
	if s.model != nil && s.model.Calls[of] != nil {
		of = s.model.Calls[of]
	}
	m := s.modelOf(of)
	if m == nil {
		panic(refusal{})
	}
	args := s.exprs(x.Args)
	for i, p := range m.Inputs {
		if p.Ascend {
			s.knots = append(s.knots, args[i])
		}
	}
	same := equality{}
	for _, c := range s.calls {
		if c.model == m && slices.EqualFunc(c.args, args, same.values) {
			return c
		}
	}
	s.b.Span = x.Span()
	operands := args
	if m.Keyed() {
		operands = append(slices.Clone(args), s.callKey(m))
	}
	results := s.b.CallAll(m.Func, operands...)
	n := len(m.Outputs)
	outputs := len(x.Model.Outputs)
	s.takeEnds(m.Outputs[outputs:], results[outputs:n])
	c := modelCall{m, args, results[:outputs]}
	for i, p := range m.Outputs[:outputs] {
		results[i].Named(p.Name)
	}
	for i, solve := range m.Solves {
		stats := results[n+i*ir.NumStats : n+(i+1)*ir.NumStats]
		from := results[0]
		if from.Op == ir.OpResult {
			from = from.Args[0]
		}
		s.runs = append(s.runs, run{solve: solve, stats: stats, from: from, model: m, inner: i})
	}
	s.calls = append(s.calls, c)
	return c
}

// equality remembers which pairs of values were compared, so that shared operands are compared once.
type equality map[[2]*ir.Value]bool

// values reports whether x and y are computed alike from the same arguments and parameters.
func (q equality) values(x, y *ir.Value) bool {
	if x == y {
		return true
	}
	if x.Op != y.Op || x.Op == ir.OpArg || !x.Type.Equal(y.Type) || !sameAttr(&x.Attr, &y.Attr) {
		return false
	}
	pair := [2]*ir.Value{x, y}
	same, known := q[pair]
	if !known {
		same = slices.EqualFunc(x.Args, y.Args, q.values)
		q[pair] = same
	}
	return same
}

// sameAttr compares bits, so that 0 and -0 differ.
func sameAttr(a, b *ir.Attr) bool {
	bits := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
	return bits(a.Num, b.Num) && slices.EqualFunc(a.Data, b.Data, bits) && slices.Equal(a.Ints, b.Ints) &&
		a.Index == b.Index && a.Elem == b.Elem && a.Param == b.Param && a.Func == b.Func &&
		a.Solve == b.Solve && a.Rev == b.Rev && a.Map == b.Map && a.Scan == b.Scan
}
