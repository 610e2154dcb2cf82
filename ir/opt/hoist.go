package opt

import (
	"slices"
	"strconv"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// hoist moves values to the rate at which they change: those of parameters alone to
// Module.Prepare, those of a solve's extras alone to where the solve is run, those that are the same in
// all runs of a loop to where the loop is. Values of other slow
// rates stay where they are and carry their rate; back ends decide what they do once per stage or
// step.
func hoist(m *ir.Module) {
	hoistLoops(m) // first: an operand of a loop may depend on parameters alone
	hoistParams(m)
	hoistSolves(m)
	rates(m)
	hoistLoops(m)
}

// hoistParams computes values that depend on parameters alone once per parameter update: each
// becomes a derived parameter, which functions read like any other. It runs after
// differentiation, where the cotangents of the true parameters are explicit values, so that a
// derived parameter has none.
func hoistParams(m *ir.Module) {
	h := &hoister{m: m, solving: map[*ir.Value]bool{}, copies: map[*ir.Value]*ir.Value{}}
	for _, f := range m.Funcs {
		if f != m.Prepare {
			h.collect(f)
		}
	}
	if len(h.found) == 0 {
		return
	}
	h.prepare()
	parallel.Each(len(m.Funcs), func(i int) {
		f := m.Funcs[i]
		if f == m.Prepare {
			return
		}
		ir.Rebuild(f, m.Real, func(b *ir.Builder, v *ir.Value, _ []*ir.Value) *ir.Value {
			if p := h.derived[v]; p != nil {
				return b.Param(p)
			}
			return nil
		})
		f.DropDead()
	})
}

type hoister struct {
	m       *ir.Module
	solving map[*ir.Value]bool // whether a value is computed by a solve
	found   []*ir.Value        // to be hoisted, in the order of functions and values
	copies  map[*ir.Value]*ir.Value
	derived map[*ir.Value]*ir.Param
}

// collect finds the values at params rate that a faster value or a result reads.
func (h *hoister) collect(f *ir.Func) {
	read := map[*ir.Value]bool{}
	for _, v := range f.Values {
		if !prepared(v) {
			for _, a := range v.Args {
				read[a] = true
			}
		}
	}
	for _, r := range f.Results {
		read[r] = true
	}
	for _, v := range f.Values {
		if read[v] && prepared(v) && !alias(v) && !h.solved(v) {
			h.found = append(h.found, v)
		}
	}
}

// solved reports whether v is computed by a solve, by a function that runs one, or by a node that adds to
// running sums. These stay where their statistics are read, and where the sums are.
func (h *hoister) solved(v *ir.Value) bool {
	if is, known := h.solving[v]; known {
		return is
	}
	is := v.Op == ir.OpSolve || v.Op == ir.OpRev
	switch v.Op {
	case ir.OpScan:
		is = slices.Contains(v.Attr.Scan.Fn.Accum, true)
	case ir.OpCall:
		is = slices.Contains(v.Attr.Func.Accum, true)
		for _, w := range v.Attr.Func.Values {
			is = is || h.solved(w)
		}
	}
	for _, a := range v.Args {
		is = is || h.solved(a)
	}
	h.solving[v] = is
	return is
}

// prepared reports whether v can be computed from the parameters alone by a primitive. A truth value or whole number stays
// where it is read, for it takes no more than reading it, and derived parameters are real.
func prepared(v *ir.Value) bool {
	class := v.Op.Info().Class
	return v.Type.Elem.IsFloat() && v.Rate == at(ir.ParamsRegion, false) && class != ir.ClassNode && class != ir.ClassLeaf || v.Op == ir.OpParam
}

// alias reports whether v is a parameter in another shape, which costs nothing to compute.
func alias(v *ir.Value) bool {
	for v.Op == ir.OpReshape {
		v = v.Args[0]
	}
	return v.Op == ir.OpParam
}

// prepare makes or extends Module.Prepare and the derived parameters, one for each distinct value.
func (h *hoister) prepare() {
	m := h.m
	b := ir.NewFunc("params.prepare", h.found[0].Span, m.Real)
	if m.Prepare == nil {
		m.Prepare = b.Func
		m.Prepare.Region = ir.ParamsRegion
		m.Funcs = append(m.Funcs, m.Prepare) // last: it may run any function, and none runs it
	} else {
		b = ir.Extend(m.Prepare, m.Real)
	}
	for _, v := range h.found {
		m.Prepare.Results = append(m.Prepare.Results, h.copy(b, v))
	}
	mergeEqual(m.Prepare)

	params := map[*ir.Value]*ir.Param{}
	var results []*ir.Value
	old := len(m.Derived)
	for i, r := range m.Prepare.Results {
		if params[r] == nil || i < old {
			if i < old {
				params[r] = m.Derived[i]
			} else {
				params[r] = &ir.Param{Name: h.name(h.found[i-old]), Type: r.Type, Derived: true, Index: len(results), Span: r.Span}
				m.Derived = append(m.Derived, params[r])
			}
			results = append(results, r)
		}
	}
	h.derived = map[*ir.Value]*ir.Param{}
	for i, v := range h.found {
		h.derived[v] = params[m.Prepare.Results[old+i]]
	}
	m.Prepare.Results = results
	m.Prepare.ResultNames = nil
	for _, p := range m.Derived {
		m.Prepare.ResultNames = append(m.Prepare.ResultNames, p.Name)
	}
}

// copy gives the value in Module.Prepare that equals v.
func (h *hoister) copy(b *ir.Builder, v *ir.Value) *ir.Value {
	if c := h.copies[v]; c != nil {
		return c
	}
	var c *ir.Value
	if v.Op == ir.OpParam && v.Attr.Param.Derived {
		c = b.Func.Results[v.Attr.Param.Index]
	} else {
		args := make([]*ir.Value, len(v.Args))
		for i, a := range v.Args {
			args[i] = h.copy(b, a)
		}
		c = remake(b, v, args)
	}
	h.copies[v] = c
	return c
}

// name is that of the value, or of its first parameter and its operator; unique in the module.
func (h *hoister) name(v *ir.Value) string {
	name := v.Name
	if name == "" {
		p := v
		for len(p.Args) > 0 {
			p = p.Args[0]
		}
		shown := v
		for shown.Op == ir.OpReshape {
			shown = shown.Args[0]
		}
		name = shown.Op.String()
		if p.Op == ir.OpParam {
			name = p.Attr.Param.Name + "." + name
		}
	}
	unique := name
	for n := 2; h.taken(unique); n++ {
		unique = name + "." + strconv.Itoa(n)
	}
	return unique
}

func (h *hoister) taken(name string) bool {
	if h.m.ParamByName(name) != nil {
		return true
	}
	for _, p := range h.m.Derived {
		if p.Name == name {
			return true
		}
	}
	return false
}
