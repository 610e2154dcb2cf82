package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Gradients through derived parameters (ir.Recipe.Through): sums of a shard have room for what goes to them, and when the shard is
// through, that goes on to the parameters.

// through are the derived parameters of the module that gradients go through.
func (e *emitter) through() []*ir.Param {
	var qs []*ir.Param
	for _, q := range e.m.Derived {
		if slices.ContainsFunc(e.m.Recipes, func(r *ir.Recipe) bool { return slices.Contains(r.Through, q) }) {
			qs = append(qs, q)
		}
	}
	return qs
}

// sumsType is the type that functions add gradients to.
func (e *emitter) sumsType() string {
	if len(e.through()) > 0 {
		return "sums"
	}
	return "Params"
}

// apart reports whether a worker has such sums of its own.
func (e *emitter) apart() bool { return len(e.through()) > 0 }

// sumsDecl prints the type.
func (e *emitter) sumsDecl(f *file) {
	qs := e.through()
	if len(qs) == 0 {
		return
	}
	p := e.p
	p.line("type sums struct {")
	p.line("Params")
	for _, q := range qs {
		p.line("%s [%d]Real // %s", e.field(q), q.Type.Len(), clean(q.Name))
	}
	p.line("}")
	text(f, "sums is a gradient, and what goes on to it by way of values that follow from parameters.", p.text())
}

// pull prints that what g has of derived parameters goes on to parameters.
func (e *emitter) pull(r *ir.Recipe, fr frame) {
	if r.Pull == nil {
		return
	}
	e.p.line("%s", e.modelCall(e.plan.Of(r.Pull), fr, func(i int) string {
		q := r.Through[i]
		if q.Type.IsScalar() {
			return fmt.Sprintf("g.%s[0]", e.field(q))
		}
		return "&g." + e.field(q)
	}, nil))
}

// pullNeeds is what that takes.
func (e *emitter) pullNeeds(r *ir.Recipe) plan.Needs {
	if r.Pull == nil {
		return plan.Needs{}
	}
	return e.plan.Of(r.Pull).Needs
}
