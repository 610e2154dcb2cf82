package diff

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// adjoint solves the adjoint equation backwards (Pontryagin 1962; Chen et al. 2018): with λ the
// cotangent of the state, λ' = -(∂f/∂y)ᵀ λ from the end to the start beside y' = f, and the
// cotangents of extras and parameters are the integrals of (∂f/∂c)ᵀ λ. λ jumps at output times by
// the cotangent there. It differentiates the equation, not the steps that were taken.
//
// The state y is started again from what the forward solve gave at each output time, or carried
// back from the end (restart: solved). The integrals do not count in the error norm (Kidger, Chen,
// Lyons 2021): they are summed over the accepted steps of (y, λ) with the weights of the method, in a
// sweep over the record of that solve. With seminorm: false they are states of it.
func adjoint(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	back := method.RowOf(s)
	if with, given := s.Sensitivity.Option("with"); given && with.Choice != nil {
		back = method.Lookup(with.Choice.Row)
	}
	if !r.equation(s, back) {
		return nil
	}
	var extras []int // whose cotangent is wanted
	for j := range s.Extras {
		if r.active[v.Args[s.Lead()+len(s.States)+j]] {
			extras = append(extras, j)
		}
	}
	a, err := r.adjointOf(s, extras, selected(r.reads(s.Field), r.params))
	if err != nil {
		r.fail("NDE0899", s.Span, "compiler bug: %v", err)
		return nil
	}
	return a.run(r, v, gs)
}

// equation reports whether a sensitivity that differentiates the equation fits the solve s, with row as the
// method of the way back, and complains otherwise.
func (p *pass) equation(s *ir.Solve, row *method.Row) bool {
	switch {
	case !p.onlyField(s):
		p.fail(noEquation, s.Span, "%s of a hypersolver has no gradient by its residual: it differentiates the equation; use backprop", s.Sensitivity.Row)
	case len(s.Plain()) < len(s.States):
		p.fail(noEquation, s.Span, "%s differentiates the equation, and %s carries more than its states from step to step; use backprop", s.Sensitivity.Row, s.Method)
	case row == nil || row.Tableau == nil:
		p.fail(noEquation, s.Span, "%s goes back with the weights of a Runge-Kutta method of the table; use backprop, or adjoint{with: dopri5}", s.Sensitivity.Row)
	default:
		return true
	}
	return false
}

// onlyField reports whether the step of s is that of a classical method: all that it reads, its
// field reads.
func (p *pass) onlyField(s *ir.Solve) bool {
	return len(p.reads(s.Step)) == len(p.reads(s.Field))
}

// adjointSolve is the solve of the adjoint equation of another one.
//
//	states: y… (that the field reads), their cotangents λ…; then, unless sum gives them, the
//	        cotangents of extras… and of params…
//	extras: the extras of of, then the cotangents of the states that the field does not read:
//	        they do not change between output times
type adjointSolve struct {
	of     *ir.Solve
	solve  *ir.Solve // nil where every cotangent is constant
	sum    *ir.Func  // what a step adds to the cotangents of extras and params, as ir.Rev.StepVJP
	moving []int     // states of of that its field reads
	still  []int     // the others
	extras []int     // extras of of whose cotangent is wanted
	params []*ir.Param
	inside bool // the cotangents of extras and params are states
	carry  bool // y is carried from interval to interval
}

func (p *pass) adjointOf(s *ir.Solve, extras []int, params []*ir.Param) (*adjointSolve, error) {
	a := &adjointSolve{of: s, extras: extras, params: params, carry: optionText(s.Sensitivity, "restart") == "solved"}
	key := fmt.Sprintf("adjoint %s %v", s.Name, extras)
	for _, q := range params {
		key += " " + q.Name
	}
	if made := p.adjoints[key]; made != nil {
		return made, nil
	}
	read := s.Field.Live()
	for i := range s.States {
		if read[s.Field.Args[1+i]] {
			a.moving = append(a.moving, i)
		} else {
			a.still = append(a.still, i)
		}
	}
	c := &ir.Solve{Name: p.freshSolve(s.Name + ".adjoint"), Span: s.Span, System: s.System + " (adjoint)", Solver: s.Solver,
		Method: s.Method, Steps: s.Steps, StepSize: s.StepSize, RTol: s.RTol, ATol: s.ATol, FirstStep: s.FirstStep, MaxSteps: s.MaxSteps,
		Stops: s.Stops, MinStep: s.MinStep, MaxStep: s.MaxStep}
	a.solve = c
	for _, i := range a.moving {
		c.States = append(c.States, s.States[i])
	}
	for _, i := range a.moving {
		c.States = append(c.States, ir.SolveState{Name: s.States[i].Name + "_bar", Type: s.States[i].Type, InNorm: true})
	}
	// Where f depends on time, extras and parameters alone, the integrals are all there is.
	a.inside = optionNum(s.Sensitivity, "seminorm", 1) == 0 || len(a.moving) == 0
	if a.inside {
		first := 1 + len(s.States)
		for _, j := range extras {
			c.States = append(c.States, ir.SolveState{Name: s.Field.Args[first+j].Name + "_bar", Type: s.Extras[j], InNorm: true})
		}
		for _, q := range params {
			c.States = append(c.States, ir.SolveState{Name: q.Name + "_bar", Type: q.Type, InNorm: true})
		}
	}
	c.Extras = append(c.Extras, s.Extras...)
	for _, i := range a.still {
		c.Extras = append(c.Extras, s.States[i].Type)
	}
	p.adjoints[key] = a
	if len(c.States) == 0 { // every cotangent is constant
		a.solve = nil
		return a, nil
	}
	c.Field = p.m.AddFunc(p.adjointField(a))
	row, cfg := method.RowOf(s), method.Config{}
	with, given := s.Sensitivity.Option("with")
	given = given && with.Choice != nil
	if given {
		row, cfg = method.Configure(c, with.Choice)
	}
	if s.Times > 1 && c.Steps > 0 { // of the whole span
		c.Steps = (c.Steps + s.Times - 1) / s.Times
	}
	if err := method.Build(p.m, c, row, cfg); err != nil {
		return nil, err
	}
	if !given && s.Adaptive {
		c.Control, c.MinFactor = s.Control, s.MinFactor
	}
	if !a.inside && len(extras)+len(params) > 0 {
		c.Record = true
		a.sum = p.m.AddFunc(p.adjointSum(a, row))
	}
	placeSolve(c)
	p.m.Solves = append(p.m.Solves, c)
	return a, nil
}

// adjointField is (t, y…, λ…, cotangents…, extras…, still cotangents…) -> slopes of the states.
func (p *pass) adjointField(a *adjointSolve) *ir.Func {
	s, f := a.of, a.of.Field
	p.expand(f)
	b := p.derived(f, ".adjoint")
	b.Func.Region = nil
	var bars []*ir.Value // cotangents of f's results
	in := copyArgs(b, f.Args[:1])
	y := make([]*ir.Value, len(s.States))
	for _, i := range a.moving {
		y[i] = b.Arg(f.Args[1+i].Name, s.States[i].Type)
	}
	bars = make([]*ir.Value, len(s.States))
	for _, i := range a.moving {
		bars[i] = b.Arg(s.States[i].Name+"_bar", s.States[i].Type)
	}
	for _, st := range a.solve.States[2*len(a.moving):] {
		b.Arg(st.Name, st.Type) // an integral
	}
	c := copyArgs(b, f.Args[1+len(s.States):])
	for _, i := range a.still {
		bars[i] = b.Arg(s.States[i].Name+"_bar", s.States[i].Type)
		y[i] = b.Zeros(s.States[i].Type) // f does not read it
	}
	in = append(append(in, y...), c...)
	leaves := map[*ir.Value]bool{}
	for _, i := range a.moving {
		leaves[y[i]] = true
	}
	var params []*ir.Param
	if a.inside {
		params = a.params
		for _, j := range a.extras {
			leaves[c[j]] = true
		}
	}
	outs := p.pairCalls(b, leaves, params, b.Inline(f, in))
	order := b.Func.Values
	r := p.body(b).reverse(leaves, params)
	for i, o := range outs {
		r.seed(o, bars[i])
	}
	r.sweep(order)
	var results []*ir.Value
	for _, i := range a.moving {
		results = append(results, outs[i])
	}
	slope := func(g *ir.Value, t ir.Type) {
		if g != nil {
			g = b.Neg(g)
		}
		results = append(results, orZero(b, g, t))
	}
	for _, i := range a.moving {
		slope(r.bar[y[i]], y[i].Type)
	}
	if a.inside {
		for _, j := range a.extras {
			slope(r.bar[c[j]], c[j].Type)
		}
		for _, q := range a.params {
			slope(r.sums[q], q.Type)
		}
	}
	for _, st := range a.solve.States {
		b.Func.ResultNames = append(b.Func.ResultNames, "d"+st.Name)
	}
	b.Return(results...)
	b.Func.DropDead()
	return b.Func
}

// adjointSum is, of a step of the adjoint solve,
//
//	(t, h, y…, λ…, extras…, still cotangents…, bars of y… and λ…) ->
//	the same bars, what the step adds to the cotangents of extras…, of params… (Accum)
//
// The bars pass through.
func (p *pass) adjointSum(a *adjointSolve, row *method.Row) *ir.Func {
	s, f, c := a.of, a.of.Field, a.solve
	b := ir.NewFunc(p.fresh(c.Name+".sum"), s.Span, p.m.Real)
	t, h := b.Arg("t", ir.Scalar(ir.F64)), b.Arg("h", ir.Scalar(ir.F64))
	states := make([]*ir.Value, len(c.States))
	for i, st := range c.States {
		states[i] = b.Arg(st.Name, st.Type)
	}
	extras := copyArgs(b, c.Field.Args[1+len(c.States):])
	outs := make([]*ir.Value, 0, len(c.States)+len(c.Extras)+len(a.params))
	for _, st := range c.States {
		outs = append(outs, b.Arg(st.Name+"_bar", st.Type))
		b.Func.ResultNames = append(b.Func.ResultNames, st.Name+"_bar")
	}
	n := len(s.States)
	wrt := Wrt{Params: a.params}
	for _, j := range a.extras {
		wrt.Args = append(wrt.Args, 1+n+j)
	}
	back := p.vjp(f, wrt, len(f.Args), true)
	sums := make([]*ir.Value, len(a.extras)+len(a.params))
	stages, _ := method.Stages(b, c, row, t, h, states, extras)
	for _, st := range stages {
		y, bars := make([]*ir.Value, n), make([]*ir.Value, n)
		weigh := func(g *ir.Value) *ir.Value { // backwards, h is negative
			return b.Mul(b.Cast(b.Neg(st.Weight), g.Type.Elem), g)
		}
		for k, i := range a.moving {
			y[i], bars[i] = st.Y[k], weigh(st.Y[len(a.moving)+k])
		}
		for k, i := range a.still {
			y[i], bars[i] = b.Zeros(s.States[i].Type), weigh(extras[len(s.Extras)+k])
		}
		in := append([]*ir.Value{st.T}, y...)
		in = append(append(in, extras[:len(s.Extras)]...), bars...)
		for k, g := range b.CallAll(back, in...) {
			if sums[k] == nil {
				sums[k] = g
			} else {
				sums[k] = b.Add(sums[k], g)
			}
		}
	}
	byExtra := map[int]*ir.Value{}
	for k, j := range a.extras {
		byExtra[j] = sums[k]
	}
	for j, t := range c.Extras {
		outs = append(outs, orZero(b, byExtra[j], t))
		b.Func.ResultNames = append(b.Func.ResultNames, c.Field.Args[1+len(c.States)+j].Name+"_sum")
	}
	b.Func.Accum = make([]bool, len(outs))
	for k, q := range a.params {
		outs = append(outs, sums[len(a.extras)+k])
		b.Func.ResultNames = append(b.Func.ResultNames, q.Name+"_bar")
		b.Func.Accum = append(b.Func.Accum, true)
	}
	b.Return(outs...)
	b.Func.DropDead()
	return b.Func
}

// run solves backwards from the end, or from output time to output time, and passes the cotangents
// on: v is the value of the forward solve, gs are the cotangents of its states. It gives those of the start states.
func (a *adjointSolve) run(r *reverse, v *ir.Value, gs []*ir.Value) []*ir.Value {
	b, s := r.b, a.of
	ends := results(b, v)[:len(s.States)]
	starts := v.Args[s.Lead() : s.Lead()+len(s.States)]
	extras := v.Args[s.Lead()+len(s.States):]
	bars := make([]*ir.Value, len(s.States)) // λ
	for i, st := range s.States {
		bars[i] = b.Zeros(st.Type)
	}
	// With inside, the cotangents of extras and parameters so far.
	var sums []*ir.Value
	if a.inside {
		for _, j := range a.extras {
			sums = append(sums, b.Zeros(s.Extras[j]))
		}
		for _, q := range a.params {
			sums = append(sums, b.Zeros(q.Type))
		}
	}
	y := make([]*ir.Value, len(s.States))
	interval := func(from, to *ir.Value, end, jump func(i int) *ir.Value) {
		for i := range bars {
			if gs[i] != nil {
				bars[i] = b.Add(bars[i], jump(i))
			}
			if y[i] == nil || !a.carry {
				y[i] = end(i)
			}
		}
		if a.solve == nil {
			return
		}
		in := []*ir.Value{from, to}
		if s.Stops > 0 {
			in = append(in, b.Emit(ir.OpReverse, ir.Attr{}, v.Args[2]))
		}
		for _, i := range a.moving {
			in = append(in, y[i])
		}
		for _, i := range a.moving {
			in = append(in, bars[i])
		}
		in = append(append(in, sums...), extras...)
		for _, i := range a.still {
			in = append(in, bars[i])
		}
		back := b.Emit(ir.OpSolve, ir.Attr{Solve: a.solve}, in...)
		out := b.Results(back)
		if a.sum != nil {
			a.sweep(r, v, back, out)
		}
		for _, i := range a.moving {
			y[i], out = out[0], out[1:]
		}
		for _, i := range a.moving {
			bars[i], out = out[0], out[1:]
		}
		copy(sums, out)
	}
	if s.Times == 0 {
		interval(v.Args[1], v.Args[0], func(i int) *ir.Value { return ends[i] }, func(i int) *ir.Value { return gs[i] })
	}
	for k := s.Times - 1; k >= 0; k-- {
		to := v.Args[0]
		if k > 0 {
			to = b.At(v.Args[1], k-1)
		}
		interval(b.At(v.Args[1], k), to, func(i int) *ir.Value { return b.At(ends[i], k) }, func(i int) *ir.Value { return b.At(gs[i], k) })
	}
	for i, x := range starts {
		r.seed(x, bars[i])
	}
	if a.inside {
		for k, j := range a.extras {
			r.seed(extras[j], sums[k])
		}
		for k, q := range a.params {
			r.addParam(q, sums[len(a.extras)+k])
		}
	}
	return bars
}

// sweep adds the cotangents of extras and parameters over the steps of one backward solve. Its results
// out go through the sweep.
func (a *adjointSolve) sweep(r *reverse, v, back *ir.Value, out []*ir.Value) {
	b, n := r.b, len(a.solve.States)
	rev := &ir.Rev{Name: r.sweepName(a.solve), Solve: a.solve, Params: a.params, StepVJP: a.sum,
		Region: ir.SampleRegion.Inside(ir.RegionRev, a.solve.Name)}
	sums := b.Results(b.Emit(ir.OpRev, ir.Attr{Rev: rev}, append([]*ir.Value{back}, out[:n]...)...))
	copy(out, sums[:n])
	for _, j := range a.extras {
		r.seed(v.Args[a.of.Lead()+len(a.of.States)+j], sums[n+j])
	}
	for k, q := range a.params {
		r.addParam(q, sums[n+len(a.solve.Extras)+k])
	}
}

// freshSolve makes a name that no solve of m has.
func (p *pass) freshSolve(name string) string {
	unique := name
	for n := 2; ; n++ {
		taken := false
		for _, s := range p.m.Solves {
			taken = taken || s.Name == unique
		}
		if !taken {
			return unique
		}
		unique = fmt.Sprintf("%s%d", name, n)
	}
}

// optionText and optionNum are options of a choice.
func optionText(c ir.Choice, key string) string {
	s, _ := c.Option(key)
	return s.Text
}

func optionNum(c ir.Choice, key string, otherwise float64) float64 {
	if s, ok := c.Option(key); ok {
		return s.Num
	}
	return otherwise
}

// Codes of what sensitivities refuse.
const noEquation diag.Code = "NDE0570"
