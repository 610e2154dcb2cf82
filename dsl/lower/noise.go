package lower

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// A stochastic solve has two extras more, the key of its draws and the time of its start, and with
// several paths each of its states has a leading axis for them, along which field and noise are
// mapped.

// noisyOperands appends the extras to the operands of a solve, and repeats its start states.
func (s *scope) noisyOperands(operands []*ir.Value, lead, states, paths int) []*ir.Value {
	for i := lead; i < lead+states && paths > 0; i++ {
		operands[i] = s.b.Expand(operands[i], append([]int{paths}, operands[i].Type.Shape...)...)
	}
	return append(operands, s.key, operands[0])
}

// stochastic gives a solve its extras, paths and noise.
func (s *scope) stochastic(sys *system, solve *ir.Solve, cfg *method.Config, paths int) {
	n := len(solve.Extras)
	w := &method.Noise{Ito: sys.Ito, Paths: paths, Site: ir.Site(solve.Name + ".noise"), Key: n, Start: n + 1}
	noise := s.noiseFunc(sys, solve.Name+".noise")
	for _, q := range sys.Noise {
		w.States = append(w.States, q.State)
	}
	solve.Extras = append(solve.Extras, ir.KeyType, ir.Scalar(ir.F64))
	for i := range solve.States {
		if t := &solve.States[i].Type; paths > 0 {
			*t = ir.Tensor(t.Elem, append([]int{paths}, t.Shape...)...)
		}
	}
	solve.Field = s.overPaths(solve, solve.Field, solve.Name+".field", paths)
	if solve.Guard != nil {
		solve.Guard = s.overPaths(solve, solve.Guard, solve.Guard.Name+"_along", paths)
	}
	for i := range solve.Events {
		if e := &solve.Events[i]; e.Reset != nil {
			e.Reset = s.overPaths(solve, e.Reset, e.Reset.Name+"_along", paths)
		}
	}
	w.Fn = s.overPaths(solve, noise, solve.Name+".noises", paths)
	cfg.Noise = w
}

// noiseFunc is (t, states…, integrals…, contexts…, starts…) -> noises.
func (l *lowerer) noiseFunc(sys *system, name string) *ir.Func {
	s := l.systemFunc(sys, "noise", true)
	s.b.Func.Name = name
	var results []*ir.Value
	for _, q := range sys.Noise {
		results = append(results, s.expr(q.Expr))
		s.b.Func.ResultNames = append(s.b.Func.ResultNames, "g"+sys.States[q.State].Var.Name)
	}
	return l.add(s.b.Return(results...))
}

// overPaths is f with the extras of a stochastic solve, which it does not read, and mapped along the
// paths of the states.
func (l *lowerer) overPaths(solve *ir.Solve, f *ir.Func, name string, paths int) *ir.Func {
	b := ir.NewFunc(name, f.Span, l.m.Real)
	b.Func.Doc = f.Doc
	n := len(solve.States)
	args := []*ir.Value{b.Arg("t", ir.Scalar(ir.F64))}
	for _, st := range solve.States {
		args = append(args, b.Arg(st.Name, st.Type))
	}
	for _, a := range f.Args[1+n:] {
		args = append(args, b.Arg(a.Name, a.Type))
	}
	b.Arg(ir.KeyName, ir.KeyType)
	b.Arg("t_start", ir.Scalar(ir.F64))
	b.Func.ResultNames = f.ResultNames
	if paths == 0 {
		return l.add(b.Return(b.CallAll(f, args...)...))
	}
	order := make([]int, 0, len(args)) // states first, as a map wants them
	for i := 1; i <= n; i++ {
		order = append(order, i)
	}
	order = append(order, 0)
	for i := n + 1; i < len(args); i++ {
		order = append(order, i)
	}
	operands := make([]*ir.Value, len(order))
	for k, i := range order {
		operands[k] = args[i]
	}
	v := b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: l.reordered(f, order), N: paths, Mapped: n}}, operands...)
	return l.add(b.Return(b.Results(v)...))
}

// pathsFirst turns [times, paths, …] into [paths, times, …].
func (s *scope) pathsFirst(v *ir.Value) *ir.Value {
	perm := make([]int, v.Type.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[0], perm[1] = 1, 0
	return s.b.Transpose(v, perm...)
}
