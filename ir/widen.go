package ir

// Widening rewrites functions for wider numbers: values, arguments and results of element type From
// become those of To, and parameters, which keep their type, are converted where they are read. The
// functions that a widened one runs are widened with it. A constant keeps the number that the
// program gives it.
type Widening struct {
	Module   *Module
	From, To Elem
	Suffix   string // of the names of widened functions
	made     map[*Func]*Func
}

// Func is f over wider numbers, made once and appended to the module; f itself where nothing
// changes. It does not widen solves.
func (w *Widening) Func(f *Func) *Func {
	if w.From == w.To {
		return f
	}
	if g := w.made[f]; g != nil {
		return g
	}
	name := f.Name + w.Suffix
	for w.Module.FuncByName(name) != nil {
		name += "_"
	}
	b := NewFunc(name, f.Span, w.To)
	b.Func.Doc, b.Func.Region = f.Doc, f.Region
	b.Func.ResultNames = append([]string(nil), f.ResultNames...)
	to := make(map[*Value]*Value, len(f.Values))
	params := map[*Param]*Value{}
	for _, v := range f.Values {
		b.Span = v.Span
		args := make([]*Value, len(v.Args))
		for i, a := range v.Args {
			args[i] = to[a]
		}
		to[v] = w.value(b, v, args, params)
	}
	var results []*Value
	for _, r := range f.Results {
		results = append(results, to[r])
	}
	if w.made == nil {
		w.made = map[*Func]*Func{}
	}
	w.made[f] = w.Module.AddFunc(b.Return(results...))
	return b.Func
}

// value is v over wider numbers. A parameter is converted once in a function, so that it stays one
// variable for derivatives.
func (w *Widening) value(b *Builder, v *Value, args []*Value, params map[*Param]*Value) *Value {
	at := v.Attr
	switch v.Op {
	case OpArg:
		return b.Arg(v.Name, w.Type(v.Type))
	case OpConst:
		return b.leaf(OpConst, at, w.Type(v.Type)).Named(v.Name)
	case OpParam:
		if params[at.Param] == nil {
			params[at.Param] = b.Cast(b.Param(at.Param), w.Type(v.Type).Elem).Named(v.Name)
		}
		return params[at.Param]
	case OpCast:
		at.Elem = w.elem(at.Elem)
		if args[0].Type.Elem == at.Elem {
			return args[0]
		}
	case OpOneHot:
		at.Elem = w.elem(at.Elem)
	case OpCall:
		at.Func = w.Func(at.Func)
	case OpMap:
		m := *at.Map
		m.Fn = w.Func(m.Fn)
		m.Region = SampleRegion.Inside(RegionMap, m.Fn.Name)
		at.Map = &m
	case OpSolve, OpRev:
		b.fail(v.Op, "cannot be widened")
	}
	return b.Emit(v.Op, at, args...).Named(v.Name)
}

func (w *Widening) elem(e Elem) Elem {
	if e == w.From {
		return w.To
	}
	return e
}

// Type is t over wider numbers.
func (w *Widening) Type(t Type) Type {
	if len(t.Parts) > 0 {
		parts := make([]Type, len(t.Parts))
		for i, p := range t.Parts {
			parts[i] = w.Type(p)
		}
		return TupleOf(parts...)
	}
	return t.With(w.elem(t.Elem))
}
