// Package layer is the table of layers: what a row accepts, which parameters it owns, how they
// start, and the IR that computes it. Initialisers are PyTorch's.
package layer

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// ParamSpec is one parameter tensor of a layer. Name is the last part of the full name
// ("weight", or "0.weight" inside an MLP); Type has the element type of the operand.
type ParamSpec struct {
	Name string
	Type ir.Type
	Init ir.Init
}

// Options are the arguments of a layer constructor after checking: the sizes given without a
// name (Linear(16), MLP(64, 2)) and every option of the row, defaults filled in.
type Options struct {
	Sizes  []int
	Num    map[string]float64
	Name   map[string]string
	Bool   map[string]bool
	Moving Moving // how the layer depends on a number; nil: it does not
}

// Instance is a layer applied at one place: row, options, types and parameters are settled.
type Instance struct {
	Row     *Row
	Options Options
	In, Out ir.Type
	Params  []ParamSpec
	links   []*Instance // of a chain
}

// Row is a layer.
type Row struct {
	Name    string
	Doc     string
	Sizes   SizeRule
	Options []Option
	// Check gives the result type and the parameters for an operand of type in. A *Mismatch
	// error says what the layer wants instead; sizes are positive and within the row's rule.
	Check func(in ir.Type, o Options) (out ir.Type, params []ParamSpec, err error)
	// Build emits the layer; params are in the order of inst.Params. Nil for rows that go over a
	// window step by step.
	Build func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value
	// Carry and Cell make a layer over the leading axis of its operand: the types of the hidden states,
	// which start at zero, and the states after one more slice x. The first state is the result: the
	// last one, or with the option sequence those after every slice.
	Carry func(inst *Instance) []ir.Type
	Cell  func(b *ir.Builder, states []*ir.Value, x *ir.Value, params []*ir.Value) []*ir.Value
	// Chain makes a layer of others, one after the other; then there is neither Check nor Build.
	Chain func(o Options) []Link
}

// Link is a layer of a chain, by name, with every option. Prefix stands before the names of its parameters; Before, if any, is
// applied to what it gets.
type Link struct {
	Prefix  string
	Before  *Activation
	Layer   string
	Options Options
}

// SizeRule says how many unnamed sizes a layer takes.
type SizeRule struct{ Min, Max int }

// OptionKind is what an option accepts.
type OptionKind uint8

// Kinds of options.
const (
	BoolOption OptionKind = iota
	NumberOption
	IntOption
	NameOption // an identifier among Option.Choices
	ExprOption // basis, time and at, which have rules of their own
)

// Option is a named argument of a layer. Min and Max bound numbers, both included.
type Option struct {
	Key      string
	Kind     OptionKind
	Num      float64 // default of numbers
	Name     string  // default of a NameOption
	Bool     bool    // default of a BoolOption
	Choices  []string
	Min, Max float64
	Doc      string
}

// Mismatch is the error of a layer that does not fit its operand: the layer wants Want ("a
// vector"); Remedy, if any, is how to get it ("flatten it first").
type Mismatch struct{ Want, Remedy string }

func (m *Mismatch) Error() string {
	if m.Remedy == "" {
		return "wants " + m.Want
	}
	return fmt.Sprintf("wants %s; %s", m.Want, m.Remedy)
}

// wantVector is the error of layers over vectors.
func wantVector(in ir.Type) error {
	switch in.Rank() {
	case 0:
		return &Mismatch{"a vector", "write [x] to make it one"}
	case 1:
		return nil
	}
	return &Mismatch{"a vector", "flatten it first"}
}

var table = [][]Row{linearRows, activationRows, normRows, convRows, recurrentRows}

// Lookup finds a layer by name; nil if there is none.
func Lookup(name string) *Row {
	for _, rows := range table {
		for i := range rows {
			if rows[i].Name == name {
				return &rows[i]
			}
		}
	}
	return nil
}

// Names lists all layers in the order of the table.
func Names() []string {
	var names []string
	for _, rows := range table {
		for _, r := range rows {
			names = append(names, r.Name)
		}
	}
	return names
}

// Defaults are the options of the row when only the sizes are given.
func (r *Row) Defaults(sizes ...int) Options {
	o := Options{Sizes: sizes, Num: map[string]float64{}, Name: map[string]string{}, Bool: map[string]bool{}}
	for _, p := range r.Options {
		switch p.Kind {
		case BoolOption:
			o.Bool[p.Key] = p.Bool
		case NumberOption, IntOption:
			o.Num[p.Key] = p.Num
		case NameOption:
			o.Name[p.Key] = p.Name
		}
	}
	return o
}

// Apply settles the row for an operand type.
func (r *Row) Apply(in ir.Type, o Options) (*Instance, error) {
	if r.Chain != nil {
		return r.applyChain(in, o)
	}
	check := r.Check
	if o.Moving != nil {
		check = func(in ir.Type, o Options) (ir.Type, []ParamSpec, error) { return o.Moving.apply(r, in, o) }
	}
	out, params, err := check(in, o)
	if err != nil {
		return nil, err
	}
	return &Instance{Row: r, Options: o, In: in, Out: out, Params: params}, nil
}

// applyChain settles the layers of a chain; each of them depends on a number as the whole does.
func (r *Row) applyChain(in ir.Type, o Options) (*Instance, error) {
	whole := &Instance{Row: r, Options: o, In: in, Out: in}
	for _, l := range r.Chain(o) {
		l.Options.Moving = o.Moving
		inst, err := Lookup(l.Layer).Apply(whole.Out, l.Options)
		if err != nil {
			return nil, err
		}
		for _, s := range inst.Params {
			s.Name = l.Prefix + s.Name
			whole.Params = append(whole.Params, s)
		}
		whole.Out, whole.links = inst.Out, append(whole.links, inst)
	}
	return whole, nil
}

// buildChain emits the layers of a chain at t.
func (inst *Instance) buildChain(b *ir.Builder, x, t *ir.Value, params []*ir.Value) *ir.Value {
	for i, l := range inst.Row.Chain(inst.Options) {
		if l.Before != nil {
			x = l.Before.Build(b, x)
		}
		n := len(inst.links[i].Params)
		x = inst.links[i].Build(b, x, t, params[:n])
		params = params[n:]
	}
	return x
}
