package diff

import (
	"fmt"
	"slices"
	"sort"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Run replaces the derivative nodes of every function of m and gives every recipe its Grad and
// GradInputs. A derivative that is identically zero is an error (NDE0331), one that cannot be
// made yet a limitation (NDE083x). Calls of m's functions may remain; functions that nobody
// reaches afterwards are dropped and callees stand before callers.
func Run(m *ir.Module) diag.List { return RunFor(m, Target{}) }

// Target is what limits derivatives to what back ends know.
type Target struct {
	Kernels bool // kernels of a GPU are emitted, too
	Columns bool // a trace is that of the columns of the Jacobian, always
}

// RunFor is Run for a target.
func RunFor(m *ir.Module, to Target) diag.List {
	p := newPass(m)
	p.deriving = !to.Columns && derivable(m, to.Kernels)
	for _, f := range slices.Clone(m.Funcs) {
		p.expand(f)
	}
	for _, r := range m.Recipes {
		p.recipe(r)
		p.linear(r)
	}
	p.inOrderOfData()
	for _, s := range m.Solves { // their cotangents exist now
		s.ReplayAt, s.ReplayDense, s.StartAt = nil, nil, nil
		if !s.Remakes() {
			s.Replay = nil
		}
	}
	arrange(m)
	p.mixed()
	p.diags.Sort()
	return p.diags
}

// pass is what one run of differentiation shares.
type pass struct {
	m        *ir.Module
	deriving bool // values that follow from parameters become derived ones, through which gradients go
	diags    diag.List
	made     map[string]*ir.Func // functions made, by callee, kind and selection
	expanded map[*ir.Func]bool
	recorded map[*ir.Solve]*ir.Solve
	read     map[*ir.Func][]*ir.Param
	pairs    map[string]*pair         // by callee and selection; nil where there is none
	whole    map[*ir.Func]*ir.Func    // what a forward half is a half of
	sweeps   map[*ir.Solve]int        // reverse sweeps made, by recorded solve
	ofSteps  map[*ir.Rev]bool         // sweeps that are the derivative of the steps themselves
	tangents map[string]*ir.Solve     // by solve and selection
	adjoints map[string]*adjointSolve // by solve and selection
}

func newPass(m *ir.Module) *pass {
	return &pass{m: m, made: map[string]*ir.Func{}, expanded: map[*ir.Func]bool{},
		recorded: map[*ir.Solve]*ir.Solve{}, read: map[*ir.Func][]*ir.Param{}, sweeps: map[*ir.Solve]int{},
		ofSteps: map[*ir.Rev]bool{}, tangents: map[string]*ir.Solve{}, adjoints: map[string]*adjointSolve{}, pairs: map[string]*pair{}, whole: map[*ir.Func]*ir.Func{}}
}

// fresh makes a function name that m does not have.
func (p *pass) fresh(name string) string {
	unique := name
	for n := 2; p.m.FuncByName(unique) != nil; n++ {
		unique = fmt.Sprintf("%s%d", name, n)
	}
	return unique
}

// reads lists the parameters that running f reads, directly or through functions it runs, in the
// order of the module.
func (p *pass) reads(f *ir.Func) []*ir.Param {
	if ps, ok := p.read[f]; ok {
		return ps
	}
	set := map[*ir.Param]bool{}
	for _, v := range f.Values {
		for _, q := range p.readBy(v) {
			set[q] = true
		}
	}
	p.read[f] = inOrder(set)
	return p.read[f]
}

// readBy is reads for a single value.
func (p *pass) readBy(v *ir.Value) []*ir.Param {
	if v.Op == ir.OpParam {
		return []*ir.Param{v.Attr.Param}
	}
	set := map[*ir.Param]bool{}
	for _, g := range callees(v) {
		for _, q := range p.reads(g) {
			set[q] = true
		}
	}
	return inOrder(set)
}

func inOrder(set map[*ir.Param]bool) []*ir.Param {
	var ps []*ir.Param
	for q := range set {
		ps = append(ps, q)
	}
	sort.Slice(ps, func(i, j int) bool {
		if ps[i].Derived != ps[j].Derived {
			return ps[j].Derived
		}
		if ps[i].Index != ps[j].Index {
			return ps[i].Index < ps[j].Index
		}
		return ps[i].Name < ps[j].Name
	})
	return ps
}

// selected keeps those of ps that are in set.
func selected(ps []*ir.Param, set map[*ir.Param]bool) []*ir.Param {
	var out []*ir.Param
	for _, q := range ps {
		if set[q] {
			out = append(out, q)
		}
	}
	return out
}

// body is a function under differentiation: its builder, and what sweeps over it share.
type body struct {
	*pass
	b        *ir.Builder
	partials map[place]*ir.Value
	units    map[unitKey]*ir.Value
	grads    map[[2]*ir.Value]*ir.Value
}

// place is operand i of v.
type place struct {
	v *ir.Value
	i int
}

func (p *pass) body(b *ir.Builder) *body {
	return &body{pass: p, b: b, partials: map[place]*ir.Value{},
		units: map[unitKey]*ir.Value{}, grads: map[[2]*ir.Value]*ir.Value{}}
}

// begin readies the builder for values that derive from v.
func (d *body) begin(v *ir.Value) {
	d.b.Span = v.Span
	d.b.Real = d.m.Real
	if v.Type.Elem.IsFloat() {
		d.b.Real = v.Type.Elem // constants of a rule have the type of what it differentiates
	}
}

// partial is d(v)/d(operand i) of an element-wise operator, nil for zero. All sweeps over a body
// share it.
func (d *body) partial(v *ir.Value, i int) *ir.Value {
	at := place{v, i}
	if w, ok := d.partials[at]; ok {
		return w
	}
	w := v.Op.Info().Partial(d.b, v, i)
	d.partials[at] = w
	return w
}

// scale is g times the partial derivative w; nil is zero.
func (d *body) scale(g, w *ir.Value) *ir.Value {
	switch {
	case w == nil || w.IsConst(0):
		return nil
	case w.IsConst(-1):
		return d.b.Neg(g)
	}
	return d.b.Mul(g, w)
}

// active marks the values of order that depend on a leaf or on a wanted parameter through
// operators that have a derivative.
func (p *pass) active(order []*ir.Value, leaves map[*ir.Value]bool, params map[*ir.Param]bool) map[*ir.Value]bool {
	on := map[*ir.Value]bool{}
	for _, v := range order {
		if leaves[v] {
			on[v] = true
			continue
		}
		if !hasDerivative(v) {
			continue
		}
		for _, a := range v.Args {
			on[v] = on[v] || on[a]
		}
		on[v] = on[v] || len(params) > 0 && len(selected(p.readBy(v), params)) > 0
	}
	return on
}

// hasDerivative reports whether v may carry a tangent: it is real, and its operator has a rule or
// runs functions.
func hasDerivative(v *ir.Value) bool {
	if !v.Type.Elem.IsFloat() && v.Type.Elem != ir.Tuple {
		return false
	}
	info := v.Op.Info()
	switch info.Class {
	case ir.ClassNode:
		return true
	case ir.ClassLeaf:
		return v.Op == ir.OpParam
	}
	return info.Partial != nil || info.Linear || info.Transpose != nil || info.JVP != nil || info.VJP != nil
}

// parts are the types of v's results.
func parts(v *ir.Value) []ir.Type {
	if v.Type.Elem == ir.Tuple {
		return v.Type.Parts
	}
	return []ir.Type{v.Type}
}

// results are the components of a node, whether it is a tuple or not.
func results(b *ir.Builder, v *ir.Value) []*ir.Value {
	if v.Type.Elem == ir.Tuple {
		return b.Results(v)
	}
	return []*ir.Value{v}
}

// orZero writes a missing value out.
func orZero(b *ir.Builder, v *ir.Value, t ir.Type) *ir.Value {
	if v == nil {
		return b.Zeros(t)
	}
	return v
}

// fail adds an error once, however many sweeps meet it.
func (p *pass) fail(code diag.Code, at diag.Span, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, d := range p.diags {
		if d.Code == code && d.Span == at && d.Text == text {
			return
		}
	}
	p.diags.Errorf(code, at, "%s", text)
}
