package lower

import (
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// scope lowers the expressions of one function. Expressions, variables and parameters that were
// met before give the same value again.
type scope struct {
	*lowerer
	b      *ir.Builder
	values map[sema.Expr]*ir.Value
	vars   map[*sema.Var]*ir.Value
	params map[*ir.Param]*ir.Value
	starts map[*sema.Var]*ir.Value // of systems: initial(x) by state

	// Of models and recipes.
	name       string      // solves are name.0, name.1, …
	model      *sema.Model // says which solver stands for which; nil in recipes
	solves     map[*sema.Solve]*solution
	points     map[*sema.Rhs][]*ir.Value
	shots      map[*sema.MultiShoot]*shots
	references []*reference
	meshes     []*mesh
	everyCount bool // objectives of hypersolvers look at all step counts instead of one that is drawn
	calls      []modelCall
	knots      []*ir.Value // times of signals, here or in models that are called
	key        *ir.Value   // of random draws; nil in functions that cannot draw
	runs       []run
	ends       []end                     // of variants
	ended      int                       // number of solves with ends
	inBatch    func(*sema.Avg) *ir.Value // what a mean over the batch is here; nil: not allowed
}

// run is a solve that the function runs, itself or within a model that it calls.
type run struct {
	solve *ir.Solve
	stats []*ir.Value
	// from is the OpSolve value, or the OpCall of the model whose solve number inner it is.
	from  *ir.Value
	model *ir.Model
	inner int
}

func (l *lowerer) scope(name, doc string, at diag.Span) *scope {
	s := &scope{
		lowerer: l, name: name, b: ir.NewFunc(name, at, l.m.Real),
		values: map[sema.Expr]*ir.Value{}, vars: map[*sema.Var]*ir.Value{}, params: map[*ir.Param]*ir.Value{},
		starts: map[*sema.Var]*ir.Value{}, solves: map[*sema.Solve]*solution{}, points: map[*sema.Rhs][]*ir.Value{}, shots: map[*sema.MultiShoot]*shots{},
	}
	s.b.Func.Doc = doc
	return s
}

// arg adds an argument for v.
func (s *scope) arg(v *sema.Var) *ir.Value {
	saved := s.b.Span
	s.b.Span = v.Span
	s.vars[v] = s.b.Arg(v.Name, v.Type.IR(s.m.Real))
	s.b.Span = saved
	return s.vars[v]
}

func (s *scope) args(vars []*sema.Var) {
	for _, v := range vars {
		s.arg(v)
	}
}

// exprs lowers a list.
func (s *scope) exprs(xs []sema.Expr) []*ir.Value {
	out := make([]*ir.Value, len(xs))
	for i, x := range xs {
		out[i] = s.expr(x)
	}
	return out
}

// expr is the value of x, made once. Its type is that of x.
func (s *scope) expr(x sema.Expr) *ir.Value {
	if v := s.values[x]; v != nil {
		return v
	}
	saved := s.b.Span
	v := s.make(x)
	s.b.Span = x.Span()
	want := x.Type().IR(s.m.Real)
	if v.Type.Elem != want.Elem && v.Type.Elem.IsFloat() && want.Elem.IsFloat() {
		v = s.b.Cast(v, want.Elem) // a derivative by time is f64
	}
	s.b.Span = saved
	if !v.Type.Equal(want) {
		refuse(compilerBug, x.Span(), "compiler bug: %s became a value of type %s", x.Type(), v.Type)
	}
	s.values[x] = v
	return v
}

// make emits the value of x after those of its operands.
func (s *scope) make(x sema.Expr) *ir.Value {
	b, t := s.b, x.Type().IR(s.m.Real)
	at := func() { b.Span = x.Span() }
	at()
	switch x := x.(type) {
	case *sema.Lit:
		fits(t.Elem, x.At, x.Num)
		fits(t.Elem, x.At, x.Data...)
		if x.Data != nil {
			return b.Data(x.Data, t)
		}
		return b.Fill(x.Num, t)
	case *sema.Ref:
		return s.ref(x)
	case *sema.ParamRef:
		return s.param(x.Param)
	case *sema.Op:
		args := s.exprs(x.Args)
		at()
		return b.Apply(x.Op, x.Attr, args...)
	case *sema.Convert:
		v := s.expr(x.X)
		at()
		return b.Cast(v, t.Elem)
	case *sema.Call:
		f := s.function(x.Func)
		if f == nil {
			panic(refusal{})
		}
		args := s.exprs(x.Args)
		at()
		return b.Call(f, args...)
	case *sema.Layer:
		v := s.expr(x.X)
		var by *ir.Value
		if x.MovesBy != nil {
			by = s.expr(x.MovesBy)
		}
		at()
		if x.Inst.Row.Cell != nil {
			return s.recurrent(x, v, by)
		}
		var params []*ir.Value
		for _, p := range x.Params {
			params = append(params, s.param(p))
		}
		return x.Inst.Build(b, v, by, params)
	case *sema.Index:
		v := s.expr(x.X)
		at()
		return index(b, v, x.Subs, t.Shape)
	case *sema.Stack:
		rows := s.exprs(x.Xs)
		at()
		for i, r := range rows {
			rows[i] = b.Reshape(r, append([]int{1}, r.Type.Shape...)...)
		}
		return b.Concat(0, rows...)
	case *sema.Concat:
		parts := s.exprs(x.Xs)
		at()
		return b.Concat(x.Axis, parts...)
	case *sema.Initial:
		if v := s.starts[x.State]; v != nil {
			return v
		}
		refuse(compilerBug, x.Span(), "compiler bug: initial(%s) outside its system", x.State.Name)
	case *sema.Field:
		return s.field(x)
	case *sema.ModelCall:
		return s.call(x).outputs[0]
	case *sema.Part:
		if call, ok := definition(x.X).(*sema.ModelCall); ok {
			return s.call(call).outputs[x.Index]
		}
	case *sema.HyperError:
		if x.Residual {
			return s.residualError(x)
		}
		return s.trajectoryError(x)
	case *sema.Draw:
		return s.draw(x)
	case *sema.ByUse:
		if s.use == sema.Training {
			return s.expr(x.Train)
		}
		return s.expr(x.Eval)
	case *sema.Map:
		return s.mapOver(x)
	case *sema.Anneal:
		return s.anneal(x)
	case *sema.Avg:
		if s.inBatch != nil {
			return s.inBatch(x)
		}
		refuse(unsharedMean, x.Span(), "avg has no meaning here; use it in metrics, or as a term of minimize")
	}
	refuse(compilerBug, x.Span(), "compiler bug: no rule for %T of type %s", x, x.Type())
	return nil
}

// definition looks through names to what they stand for.
func definition(x sema.Expr) sema.Expr {
	for {
		r, ok := x.(*sema.Ref)
		if !ok || r.Var.Def == nil {
			return x
		}
		x = r.Var.Def
	}
}

// ref is the value of a variable; a definition is evaluated where it is first used.
func (s *scope) ref(x *sema.Ref) *ir.Value {
	v := x.Var
	if s.vars[v] != nil {
		return s.vars[v]
	}
	switch {
	case v.Param != nil:
		s.vars[v] = s.param(v.Param)
	case v.Def != nil:
		d := s.expr(v.Def)
		if s.apart[v] && (d.Name != "" || d.Op == ir.OpCall) { // equal calls become one value
			d = s.b.Emit(ir.OpReshape, ir.Attr{Ints: append([]int{}, d.Type.Shape...)}, d)
		}
		if d.Name == "" {
			d.Named(v.Name)
		}
		s.vars[v] = d
	default:
		refuse(compilerBug, x.Span(), "compiler bug: %s has no value here", v.Name)
	}
	return s.vars[v]
}

// param reads a parameter, once per function.
func (s *scope) param(p *ir.Param) *ir.Value {
	if s.params[p] == nil {
		s.params[p] = s.b.Param(p)
	}
	return s.params[p]
}

// index is v[i, lo:hi, …]: axes with an index are dropped by the reshape.
func index(b *ir.Builder, v *ir.Value, subs []sema.Sub, shape []int) *ir.Value {
	var bounds []int
	for axis, d := range v.Type.Shape {
		lo, hi := 0, d
		if axis < len(subs) {
			lo, hi = subs[axis].Lo, subs[axis].Hi
			if subs[axis].Index {
				hi = lo + 1
			}
		}
		bounds = append(bounds, lo, hi)
	}
	return b.Reshape(b.Slice(v, bounds...), shape...)
}
