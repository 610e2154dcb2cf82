package diff

import (
	"slices"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// Values that follow from parameters alone, and through which gradients go: they are derived parameters, made by Module.Prepare. A
// sweep treats them as parameters: their cotangents are summed over stages, steps and samples, and go back through what makes them
// once for all of these (ir.Recipe.Pull).

// derivable reports whether m may have such values. Not where something takes a derivative by a parameter, or fits parameters that
// values have to be affine in: these look at operators from parameters on. In mixed precision operands of products are rounded
// where they are used. Kernels of a GPU do not know them, and a collection of functions has nobody who takes gradients on.
func derivable(m *ir.Module, kernels bool) bool {
	if len(m.Models)+len(m.Recipes) == 0 {
		return false
	}
	for _, r := range m.Recipes {
		s, ok := ir.FindSetting(r.Settings, "optimizer")
		if kernels || r.Mixed() || ok && s.Choice != nil && s.Choice.Row == "lstsq" {
			return false
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op.Info().Class == ir.ClassDeriv && v.Args[1].Op == ir.OpParam {
				return false
			}
		}
	}
	return true
}

// fromParams reports whether v follows from parameters alone, by operators; seen are values that do.
func fromParams(v *ir.Value, seen map[*ir.Value]bool) bool {
	if seen[v] {
		return true
	}
	switch class := v.Op.Info().Class; class {
	case ir.ClassLeaf:
		seen[v] = v.Op != ir.OpArg
	case ir.ClassElem, ir.ClassShape, ir.ClassReduce, ir.ClassLinalg:
		seen[v] = !slices.ContainsFunc(v.Args, func(a *ir.Value) bool { return !fromParams(a, seen) })
	}
	return seen[v]
}

// derive is the derived parameter that make makes of values that follow from parameters. Equal ones are one.
func (d *body) derive(what string, from []*ir.Value, make func(b *ir.Builder, from []*ir.Value) *ir.Value) *ir.Param {
	m := d.m
	if m.Prepare == nil {
		m.Prepare = ir.NewFunc("params.prepare", d.b.Span, m.Real).Func
		m.Prepare.Region = ir.ParamsRegion
		m.AddFunc(m.Prepare)
	}
	f := m.Prepare
	b := ir.Extend(f, m.Real)
	b.Span = d.b.Span
	copies := map[*ir.Value]*ir.Value{}
	v := make(b, copyFrom(b, from, copies))
	for i, r := range f.Results {
		if madeAlike([]*ir.Value{r}, []*ir.Value{v}) {
			f.DropDead()
			return m.Derived[i]
		}
	}
	q := &ir.Param{Name: d.derivedName(from, what), Type: v.Type, Derived: true, Index: len(m.Derived), Span: d.b.Span}
	m.Derived = append(m.Derived, q)
	f.Results, f.ResultNames = append(f.Results, v), append(f.ResultNames, q.Name)
	return q
}

// copyFrom makes values anew that follow from parameters and from what has copies.
func copyFrom(b *ir.Builder, vs []*ir.Value, copies map[*ir.Value]*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(vs))
	for i, v := range vs {
		if copies[v] == nil {
			in := copyFrom(b, v.Args, copies)
			b.Span = v.Span
			copies[v] = b.Copy(v, in)
		}
		out[i] = copies[v]
	}
	return out
}

// derivedName is the owner of the first parameter, and what is made of it; unique in the module.
func (p *pass) derivedName(from []*ir.Value, what string) string {
	v := from[0]
	for len(v.Args) > 0 {
		v = v.Args[0]
	}
	name := what
	if v.Op == ir.OpParam {
		owner, _, _ := strings.Cut(v.Attr.Param.Name, ".")
		name = owner + "." + what
	}
	unique := name
	taken := func(q *ir.Param) bool { return q.Name == unique }
	for n := 2; slices.ContainsFunc(p.m.Params, taken) || slices.ContainsFunc(p.m.Derived, taken); n++ {
		unique = name + "." + strconv.Itoa(n)
	}
	return unique
}

// sources are the parameters that q, a derived one, follows from.
func (p *pass) sources(q *ir.Param) []*ir.Param {
	var ps []*ir.Param
	for v := range ancestors(p.m.Prepare.Results[q.Index]) {
		if v.Op == ir.OpParam {
			ps = append(ps, v.Attr.Param)
		}
	}
	return ps
}

// roots are parameters, with those that derived ones among them follow from in their place.
func (p *pass) roots(qs []*ir.Param) []*ir.Param {
	set := map[*ir.Param]bool{}
	for _, q := range qs {
		if !q.Derived {
			set[q] = true
			continue
		}
		for _, s := range p.sources(q) {
			set[s] = true
		}
	}
	return inOrder(set)
}

// ways are those of some parameters by which the gradient of trained ones goes: derived ones that follow from them.
func (p *pass) ways(read, trained []*ir.Param) []*ir.Param {
	return slices.DeleteFunc(slices.Clone(read), func(q *ir.Param) bool {
		return !q.Derived || !slices.ContainsFunc(p.sources(q), func(s *ir.Param) bool { return slices.Contains(trained, s) })
	})
}

// pull is ir.Recipe.Pull.
func (p *pass) pull(rc *ir.Recipe) *ir.Func {
	b := ir.NewFunc(p.fresh(rc.Name+".pull"), rc.Span, p.m.Real)
	b.Func.Doc = "from the cotangents of what follows from parameters to those of these"
	var bars, made []*ir.Value
	for _, q := range rc.Through {
		bars = append(bars, b.Arg(q.Name+"_bar", q.Type))
		made = append(made, p.m.Prepare.Results[q.Index])
	}
	outs := copyFrom(b, made, map[*ir.Value]*ir.Value{})
	order := b.Func.Values
	r := p.body(b).reverse(nil, rc.Trained)
	r.accum = true
	for i, o := range outs {
		r.seed(o, bars[i])
	}
	r.sweep(order)
	r.finish(nil, Wrt{Params: rc.Trained}, nil, nil)
	b.Func.DropDead()
	return p.m.AddFunc(b.Func)
}
