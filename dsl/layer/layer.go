// Package layer is the table of layers: what a row accepts, which parameters it owns, how they
// start, and the IR that computes it.
package layer

import "ndec.dev/ndec/ir"

// ParamSpec is one parameter tensor of a layer. Name is the last part of the full name
// ("weight"); Type has the element type that the instance was made with.
type ParamSpec struct {
	Name string
	Type ir.Type
	Init ir.Init
}

// Options are the arguments of a layer constructor: the sizes given without a name
// (Linear(16), MLP(64, 64)) and the named ones after checking.
type Options struct {
	Sizes []int
	Num   map[string]float64
	Text  map[string]string
	Bool  map[string]bool
}

// Instance is a layer applied at one place: row, options, types and parameters are settled.
type Instance struct {
	Row     *Row
	Options Options
	In, Out ir.Type
	Params  []ParamSpec
}

// Row is a layer.
type Row struct {
	Name    string
	Doc     string
	Sizes   SizeRule
	Options []Option
	// Later marks a layer of the language that cannot be compiled yet.
	Later bool
	// Check gives the result type and the parameters for an operand of type in.
	Check func(in ir.Type, o Options) (out ir.Type, params []ParamSpec, err error)
	// Build emits the layer; params are in the order of inst.Params.
	Build func(b *ir.Builder, x *ir.Value, params []*ir.Value, inst *Instance) *ir.Value
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
	NameOption // one of Option.Choices
)

// Option is a named argument of a layer.
type Option struct {
	Name    string
	Kind    OptionKind
	Num     float64 // default
	Text    string  // default of a NameOption
	Bool    bool    // default
	Choices []string
	Min     float64
	Max     float64
	Doc     string
}
