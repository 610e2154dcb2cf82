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
// sweep over the record of that solve, or with those of Gauss' formula (quadrature). With seminorm: false they are
// states of it.
func adjoint(r *reverse, v *ir.Value, gs []*ir.Value) (starts []*ir.Value) {
	s := v.Attr.Solve
	if !r.equation(s, backwardMethod(s)) {
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
	if len(s.Events) > 0 {
		return a.throughEvents(r, v, gs)
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
		p.fail(noEquation, s.Span, "%s goes back with the weights of a Runge-Kutta method; use backprop, or adjoint{with: dopri5}", s.Sensitivity.Row)
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

// backwardMethod is the method of the backward solve of s; nil where s itself is no ordinary equation.
func backwardMethod(s *ir.Solve) *method.Row {
	row := method.RowOf(s)
	if row == nil || row.Family == method.Stochastic {
		return nil
	}
	if with, ok := s.Sensitivity.Option("with"); ok && with.Choice != nil {
		row, _ = method.Configure(&ir.Solve{}, with.Choice)
	}
	return row
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
		if read[s.Field.Args[1+i].ID] {
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
	if given = given && with.Choice != nil; !given {
		c.StepGroup = s.StepGroup
	} else {
		row, cfg = method.Configure(c, with.Choice)
	}
	if s.Times > 1 && c.Steps > 0 && !s.PerSample { // of the whole span
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
	s, c := a.of, a.solve
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
	back := p.within(s, wrt)
	taken := back.taken(b, method.Middle(b, t, h), extras[:len(s.Extras)])
	var sums []*ir.Value
	for _, st := range a.nodes(b, row, t, h, states, extras) {
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
		in := append(append([]*ir.Value{st.T}, y...), taken...)
		sums = addEach(b, sums, b.CallAll(back.Func, append(in, bars...)...))
	}
	sums = back.pulled(b, method.Middle(b, t, h), extras[:len(s.Extras)], sums)
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
	n := len(s.States)
	ends := results(b, v)[:n]
	extras := v.Args[s.Lead()+n:]
	in := &interval{extras: extras, bars: make([]*ir.Value, n), y: make([]*ir.Value, n)}
	for i, st := range s.States {
		in.bars[i] = b.Zeros(st.Type)
	}
	if a.inside { // the cotangents of extras and parameters so far
		for _, j := range a.extras {
			in.sums = append(in.sums, b.Zeros(s.Extras[j]))
		}
		for _, q := range a.params {
			in.sums = append(in.sums, b.Zeros(q.Type))
		}
	}
	if s.Stops > 0 {
		in.stops = b.Emit(ir.OpReverse, ir.Attr{}, v.Args[2])
	}
	var byExtra, byParam []*ir.Value
	switch {
	case a.solve == nil: // nothing moves: the cotangents add up
		for i, g := range gs[:n] {
			if g != nil && s.Times > 0 {
				g = b.Sum(g, 0)
			}
			in.bars[i] = orZero(b, g, s.States[i].Type)
		}
	case s.Times > 0:
		byExtra, byParam = a.alongTimes(r, v, gs, ends, in)
	default:
		in.from, in.to = v.Args[1], v.Args[0]
		copy(in.y, ends)
		for i, g := range gs[:n] {
			if g != nil {
				in.bars[i] = g
			}
		}
		byExtra, byParam = a.back(r.body, in)
	}
	if a.inside {
		byExtra, byParam = in.sums[:len(a.extras)], in.sums[len(a.extras):]
	}
	for i, x := range v.Args[s.Lead() : s.Lead()+n] {
		r.seed(x, in.bars[i])
	}
	for k, g := range byExtra {
		r.seed(extras[a.extras[k]], g)
	}
	for k, g := range byParam {
		r.addParam(a.params[k], g)
	}
	return in.bars
}

// interval is what one backward solve starts from, and afterwards what it ends with: y are the states of
// the forward solve, of which those that move are needed, bars their cotangents λ, and sums, with inside,
// the cotangents of extras and parameters.
type interval struct {
	from, to, stops *ir.Value
	y, bars, sums   []*ir.Value
	extras          []*ir.Value
}

// back solves over one interval. Unless sums has them, it gives what the interval adds to the cotangents
// of extras and of parameters.
func (a *adjointSolve) back(d *body, in *interval) (byExtra, byParam []*ir.Value) {
	b := d.b
	args := []*ir.Value{in.from, in.to}
	if in.stops != nil {
		args = append(args, in.stops)
	}
	for _, list := range [][]*ir.Value{in.y, in.bars} {
		for _, i := range a.moving {
			args = append(args, list[i])
		}
	}
	args = append(append(args, in.sums...), in.extras...)
	for _, i := range a.still {
		args = append(args, in.bars[i])
	}
	solved := b.Emit(ir.OpSolve, ir.Attr{Solve: a.solve}, args...)
	out := b.Results(solved)
	if a.sum != nil {
		out, byExtra, byParam = a.sweep(d, solved, out)
	}
	for _, list := range [][]*ir.Value{in.y, in.bars} {
		for _, i := range a.moving {
			list[i], out = out[0], out[1:]
		}
	}
	copy(in.sums, out)
	return byExtra, byParam
}

// sweep adds the cotangents of extras and parameters over the steps of one backward solve. Its results
// out go through the sweep.
func (a *adjointSolve) sweep(d *body, solved *ir.Value, out []*ir.Value) (ends, byExtra, byParam []*ir.Value) {
	n := len(a.solve.States)
	rev := &ir.Rev{Name: d.sweepName(a.solve), Solve: a.solve, Params: a.params, StepVJP: a.sum,
		Region: ir.SampleRegion.Inside(ir.RegionRev, a.solve.Name)}
	sums := d.b.Results(d.b.Emit(ir.OpRev, ir.Attr{Rev: rev}, append([]*ir.Value{solved}, out[:n]...)...))
	for _, j := range a.extras {
		byExtra = append(byExtra, sums[n+j])
	}
	return sums[:n], byExtra, sums[n+len(a.solve.Extras):]
}

// alongTimes runs back over the output times of v: a scan against their order, one solve in each run.
//
//	(λ…, y… if they are carried, sums…, cotangents of extras…; from, to, cotangents of what v gives…, y…
//	unless they are carried; stops, extras…) -> the same first ones, cotangents of params… (Accum)
func (a *adjointSolve) alongTimes(r *reverse, v *ir.Value, gs, ends []*ir.Value, in *interval) (byExtra, byParam []*ir.Value) {
	s, outer := a.of, r.b
	times := v.Args[1]
	var names []string
	var carry, slice, rest []*ir.Value // operands
	b := ir.NewFunc(r.fresh(a.solve.Name+".interval"), s.Span, r.m.Real)
	b.Func.Doc = "from one output time back to the one before it"
	arg := func(list *[]*ir.Value, name string, operand *ir.Value, t ir.Type) *ir.Value {
		*list = append(*list, operand)
		return b.Arg(name, t)
	}
	own := &interval{bars: make([]*ir.Value, len(s.States)), y: make([]*ir.Value, len(s.States))}
	for i, st := range s.States {
		names = append(names, st.Name+"_bar")
		own.bars[i] = arg(&carry, st.Name+"_bar", in.bars[i], st.Type)
	}
	if a.carry {
		for _, i := range a.moving {
			names = append(names, s.States[i].Name)
			own.y[i] = arg(&carry, s.States[i].Name, outer.At(ends[i], s.Times-1), s.States[i].Type)
		}
	}
	for k, x := range in.sums {
		name := a.solve.States[2*len(a.moving)+k].Name
		names = append(names, name)
		own.sums = append(own.sums, arg(&carry, name, x, x.Type))
	}
	var added []*ir.Value // cotangents of extras so far
	if !a.inside {
		for _, j := range a.extras {
			name := fmt.Sprintf("%s_sum", s.Field.Args[1+len(s.States)+j].Name)
			names = append(names, name)
			added = append(added, arg(&carry, name, outer.Zeros(s.Extras[j]), s.Extras[j]))
		}
	}
	scalar := ir.Scalar(ir.F64)
	before := outer.Reshape(v.Args[0], 1)
	if s.Times > 1 {
		before = outer.Concat(0, before, outer.Slice(times, 0, s.Times-1))
	}
	own.from, own.to = arg(&slice, "from", times, scalar), arg(&slice, "to", before, scalar)
	jump := make([]*ir.Value, len(gs))
	for i, g := range gs {
		if g != nil {
			jump[i] = arg(&slice, s.States[i].Name+"_jump", g, s.States[i].Type)
		}
	}
	if !a.carry {
		for _, i := range a.moving {
			own.y[i] = arg(&slice, s.States[i].Name, ends[i], s.States[i].Type)
		}
	}
	if in.stops != nil {
		own.stops = arg(&rest, "stops", in.stops, in.stops.Type)
	}
	for j, x := range in.extras {
		own.extras = append(own.extras, arg(&rest, s.Field.Args[1+len(s.States)+j].Name, x, x.Type))
	}

	for i, g := range jump {
		if g != nil {
			own.bars[i] = b.Add(own.bars[i], g)
		}
	}
	extra, param := a.back(r.pass.body(b), own)
	outs := append([]*ir.Value(nil), own.bars...)
	if a.carry {
		for _, i := range a.moving {
			outs = append(outs, own.y[i])
		}
	}
	outs = append(outs, own.sums...)
	for k, x := range added {
		outs = append(outs, b.Add(x, extra[k]))
	}
	b.Func.Accum = make([]bool, len(outs))
	for k, q := range a.params {
		if !a.inside {
			outs, names = append(outs, param[k]), append(names, q.Name+"_bar")
			b.Func.Accum = append(b.Func.Accum, r.accum)
		}
	}
	b.Func.ResultNames = names
	scan := &ir.Scan{Fn: r.m.AddFunc(b.Return(outs...)), N: s.Times, Carry: len(carry), Mapped: len(slice), Back: true,
		Region: ir.SampleRegion.Inside(ir.RegionScan, b.Func.Name)}
	back := outer.Emit(ir.OpScan, ir.Attr{Scan: scan}, append(append(carry, slice...), rest...)...).Named("interval")
	got := outer.Results(back)
	in.bars, got = got[:len(in.bars)], got[len(in.bars):]
	if a.carry {
		got = got[len(a.moving):]
	}
	in.sums, got = got[:len(in.sums)], got[len(in.sums):]
	byExtra, got = got[:len(added)], got[len(added):]
	for _, g := range got {
		if !r.accum {
			g = outer.Sum(g, 0)
		}
		byParam = append(byParam, g)
	}
	return byExtra, byParam
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
