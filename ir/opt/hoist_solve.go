package opt

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// hoistSolves moves values of a field that depend on its extras alone (a network of a context,
// say) to where the solve is run, as further extras: once per solve instead of once per stage.
// It runs twice. In Prepare, before differentiation, so that a solve that is gone back through has them as extras, too,
// whose cotangents are summed over its steps before they go back through the network, once. And in Run, for what splitting
// has parted from faster values: then for solves that only go forward, since the functions of a sweep are fixed. A field shared
// with such a solve is copied.
func hoistSolves(m *ir.Module) {
	for _, s := range solves(m) {
		if recorded(m, s) || !runs(m, s) || s.Step != nil && !calls(s.Step, s.Stage()) || len(solveValues(s)) == 0 {
			continue
		}
		privatise(m, s)
		if callersWithin(m, s) {
			addExtras(m, s, solveValues(s))
		}
	}
}

// recorded reports whether a reverse sweep reads s.
func recorded(m *ir.Module, s *ir.Solve) bool {
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpRev && v.Attr.Rev.Solve == s {
				return true
			}
		}
	}
	return s.Record
}

// runs reports whether a value runs s.
func runs(m *ir.Module, s *ir.Solve) bool {
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpSolve && v.Attr.Solve == s {
				return true
			}
		}
	}
	return false
}

// solveValues lists the values of the field inside a step that are worth an extra: computed from extras by more
// than moves of elements, and read by a faster value.
func solveValues(s *ir.Solve) []*ir.Value {
	f, handed := s.Stage(), s.Handed()
	d := newDeps(nil).in(f)
	own := func(v *ir.Value) bool {
		set := d.of(v)
		for i := range set.all() {
			if !slices.Contains(handed, f.Args[i]) {
				return false
			}
		}
		return !set.empty() && v.Op.Info().Class != ir.ClassNode
	}
	work := map[*ir.Value]bool{}
	read := map[*ir.Value]bool{}
	held := bound(f)
	for _, v := range f.Values {
		class := v.Op.Info().Class
		work[v] = class == ir.ClassElem || class == ir.ClassReduce || class == ir.ClassLinalg || class == ir.ClassRandom
		for _, a := range v.Args {
			work[v] = work[v] || work[a]
			read[a] = read[a] || !own(v)
		}
	}
	for _, r := range f.Results {
		read[r] = true
	}
	var vs []*ir.Value
	for _, v := range f.Values {
		if own(v) && work[v] && read[v] && !held[v] {
			vs = append(vs, v)
		}
	}
	return vs
}

// bound are the values of f that depend on what it differentiates by, or on a derivative: elsewhere they would not be the
// same to the derivative.
func bound(f *ir.Func) map[*ir.Value]bool {
	leaf, set := independent(f), map[*ir.Value]bool{}
	for _, v := range f.Values {
		for _, a := range v.Args {
			set[v] = set[v] || set[a] || leaf[a] || a.Op.Info().Class == ir.ClassDeriv
		}
	}
	return set
}

// privatise copies the functions of s that others run too.
func privatise(m *ir.Module, s *ir.Solve) {
	if usersOf(m).exclusive(s) {
		return
	}
	shared := map[*ir.Func]bool{}
	for _, o := range solves(m) {
		if o != s {
			for _, f := range o.Funcs() {
				shared[f] = true
			}
		}
	}
	copies := map[*ir.Func]*ir.Func{}
	funcs := m.Funcs
	m.Funcs = nil
	mine := map[*ir.Func]bool{}
	for _, f := range s.Funcs() {
		mine[f] = true
	}
	for _, f := range funcs {
		m.Funcs = append(m.Funcs, f)
		if mine[f] && shared[f] {
			copies[f] = f.Clone(freeName(m, funcs, s.Name+"."+f.Name))
			for i, v := range copies[f].Args {
				v.Rate = f.Args[i].Rate
			}
			copies[f].Region = nil
			m.Funcs = append(m.Funcs, copies[f])
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if g := copies[v.Attr.Func]; v.Op == ir.OpCall && g != nil && (mine[f] && !shared[f] || isCopy(copies, f)) {
				v.Attr.Func = g
			}
		}
	}
	for _, f := range s.FuncRefs() {
		if g := copies[*f]; g != nil {
			*f = g
		}
	}
}

func isCopy(copies map[*ir.Func]*ir.Func, f *ir.Func) bool {
	for _, g := range copies {
		if g == f {
			return true
		}
	}
	return false
}

func freeName(m *ir.Module, funcs []*ir.Func, name string) string {
	for _, f := range append(append([]*ir.Func(nil), funcs...), m.Funcs...) {
		if f.Name == name {
			return freeName(m, funcs, name+"_")
		}
	}
	return name
}

// callersWithin reports whether only functions of s that have its extras call its field.
func callersWithin(m *ir.Module, s *ir.Solve) bool {
	have := map[*ir.Func]bool{}
	for _, l := range layouts(s) {
		have[*l.f] = l.extras
	}
	for _, f := range m.Funcs {
		if (calls(f, s.Field) || calls(f, s.Stage())) && !have[f] {
			return false
		}
	}
	return true
}

// addExtras makes vs, values of the field inside a step, extras of s.
func addExtras(m *ir.Module, s *ir.Solve, vs []*ir.Value) {
	n := len(s.Extras)
	given(m, s)
	field, extras := s.Stage(), s.Handed()
	for _, v := range vs {
		s.Extras = append(s.Extras, v.Type)
	}
	compute := func(b *ir.Builder, operands []*ir.Value) []*ir.Value {
		return copyValues(b, vs, extras, operands)
	}
	for _, f := range m.Funcs {
		if f == field {
			continue // vs are values of its present body
		}
		ir.RebuildMulti(f, m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
			if v.Op != ir.OpSolve || v.Attr.Solve != s {
				return nil
			}
			c := args[len(args)-n:]
			wide := append(append([]*ir.Value(nil), args...), compute(b, c)...)
			return b.Results(b.Emit(ir.OpSolve, v.Attr, wide...))
		})
	}
	for _, md := range m.Models {
		for i, o := range md.Solves {
			if o == s && i < len(md.Paths) {
				p := md.Paths[i]
				c := p.Results[len(p.Results)-n:]
				p.Results = append(p.Results, compute(ir.Extend(p, m.Real), c)...)
			}
		}
	}
	if s.Given != nil {
		s.Given.Results = append(s.Given.Results, compute(ir.Extend(s.Given, m.Real), s.Given.Results)...)
	}
	// The field, then whoever passes the new extras on to it.
	place := map[*ir.Value]*ir.Value{}
	for _, v := range vs {
		place[v] = addArg(field, nameOf(v), v.Type)
	}
	ir.Rebuild(field, m.Real, func(b *ir.Builder, v *ir.Value, _ []*ir.Value) *ir.Value { return place[v] })
	field.DropDead()
	if field != s.Field {
		takeExtras(s.Field, m.Real, vs, s.Field.Args[len(s.Field.Args)-n:], compute)
	}
	for _, l := range layouts(s) {
		f := *l.f
		if !l.extras || f == s.Field {
			continue
		}
		var more []*ir.Value
		for _, v := range vs {
			more = append(more, addArg(f, nameOf(v), v.Type))
		}
		ir.RebuildMulti(f, m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
			if v.Op != ir.OpCall || v.Attr.Func != s.Field && v.Attr.Func != field {
				return nil
			}
			return b.CallAll(v.Attr.Func, append(append([]*ir.Value(nil), args...), more...)...)
		})
		if f == s.Piece {
			f.Results = append(f.Results, more...)
		}
	}
	// Whoever runs the solve has its memory begun.
	for _, f := range m.Funcs {
		if s.Begin == nil || !calls(f, s.Begin) {
			continue
		}
		ir.RebuildMulti(f, m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
			if v.Op != ir.OpCall || v.Attr.Func != s.Begin {
				return nil
			}
			wide := append(append([]*ir.Value(nil), args...), compute(b, args[len(args)-n:])...)
			return b.CallAll(s.Begin, wide...)
		})
	}
}

// takeExtras makes f, which computes vs as the function that they are of does, take them as further extras; compute makes them of those that it has.
func takeExtras(f *ir.Func, real ir.Elem, vs, extras []*ir.Value, compute func(b *ir.Builder, operands []*ir.Value) []*ir.Value) {
	n := len(f.Results)
	f.Results = append(f.Results[:n:n], compute(ir.Extend(f, real), extras)...)
	mergeEqual(f)
	own := f.Results[n:]
	f.Results = f.Results[:n:n]
	place := map[*ir.Value]*ir.Value{}
	for i, v := range vs {
		place[own[i]] = addArg(f, nameOf(v), v.Type)
	}
	ir.Rebuild(f, real, func(b *ir.Builder, v *ir.Value, _ []*ir.Value) *ir.Value { return place[v] })
	f.DropDead()
}

// given makes Given of a solve that users of the package step through, before its extras change.
func given(m *ir.Module, s *ir.Solve) {
	if s.Given != nil || s.Solver == "" || !slices.ContainsFunc(m.Models, func(md *ir.Model) bool { return slices.Contains(md.Solves, s) }) {
		return
	}
	b := ir.NewFunc(s.Name+".given", s.Span, m.Real)
	b.Func.Doc = "what steps take, from what the source gives to the system"
	var out []*ir.Value
	for _, a := range s.Field.Args[len(s.Field.Args)-len(s.Extras):] {
		out = append(out, b.Arg(a.Name, a.Type))
	}
	s.Given = b.Return(out...)
	m.Funcs = slices.Insert(m.Funcs, slices.Index(m.Funcs, s.Field), s.Given)
}

// nameOf is the name of v for people: its own, or its operator's.
func nameOf(v *ir.Value) string {
	if v.Name != "" {
		return v.Name
	}
	return v.Op.String()
}

// addArg appends an argument to f.
func addArg(f *ir.Func, name string, t ir.Type) *ir.Value {
	a := &ir.Value{Op: ir.OpArg, Type: t, Name: name, Span: f.Span, Attr: ir.Attr{Index: len(f.Args)}}
	n := len(f.Args)
	f.Args = append(f.Args, a)
	f.Values = append(f.Values[:n:n], append([]*ir.Value{a}, f.Values[n:]...)...)
	f.Renumber()
	return a
}

// copyValues makes vs anew in b's function, with operands in place of args.
func copyValues(b *ir.Builder, vs, args, operands []*ir.Value) []*ir.Value {
	copies := map[*ir.Value]*ir.Value{}
	for i, a := range args {
		if a != nil { // vs need no others
			copies[a] = operands[i]
		}
	}
	var visit func(v *ir.Value) *ir.Value
	visit = func(v *ir.Value) *ir.Value {
		if c := copies[v]; c != nil {
			return c
		}
		ops := make([]*ir.Value, len(v.Args))
		for i, a := range v.Args {
			ops[i] = visit(a)
		}
		copies[v] = remake(b, v, ops)
		return copies[v]
	}
	out := make([]*ir.Value, len(vs))
	for i, v := range vs {
		out[i] = visit(v)
	}
	return out
}

// remake makes a value like v with the operands.
func remake(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
	saved := b.Span
	b.Span = v.Span
	defer func() { b.Span = saved }()
	switch {
	case v.Op == ir.OpParam:
		return b.Param(v.Attr.Param)
	case v.Op == ir.OpConst && v.Attr.Data != nil:
		return b.Data(v.Attr.Data, v.Type)
	case v.Op == ir.OpConst:
		return b.Fill(v.Attr.Num, v.Type)
	}
	return b.Emit(v.Op, v.Attr, args...).Named(v.Name)
}
