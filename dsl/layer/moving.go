package layer

import "ndec.dev/ndec/ir"

// Moving makes a layer depend on a number t, most often the time of a system: its weights are a
// combination of functions of t (Basis), or t enters beside its operand (TimeRow).
type Moving interface {
	// apply is what Check is for the row alone.
	apply(r *Row, in ir.Type, o Options) (out ir.Type, params []ParamSpec, err error)
	// build emits the layer at t.
	build(b *ir.Builder, x, t *ir.Value, params []*ir.Value, inst *Instance) *ir.Value
}

var atOption = Option{Key: "at", Kind: ExprOption, Doc: "the number that `basis` or `time` depends on, most often t"}

// Build emits the layer; t is the number that it depends on, nil for one that depends on none.
func (inst *Instance) Build(b *ir.Builder, x, t *ir.Value, params []*ir.Value) *ir.Value {
	if inst.Row.Chain != nil {
		return inst.buildChain(b, x, t, params)
	}
	if m := inst.Options.Moving; m != nil {
		return m.build(b, x, t, params, inst)
	}
	return inst.Row.Build(b, x, params, inst)
}

// At gives the parameters that the row itself has, at t.
func (inst *Instance) At(b *ir.Builder, t *ir.Value, params []*ir.Value) []*ir.Value {
	if basis, ok := inst.Options.Moving.(*Basis); ok {
		return basis.combine(b, t, params)
	}
	return params
}

// Has reports whether the row has an option.
func (r *Row) Has(key string) bool {
	for _, o := range r.Options {
		if o.Key == key {
			return true
		}
	}
	return false
}
