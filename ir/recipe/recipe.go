// Package recipe is the table of what training and data blocks may say: keys of `train` and
// `data`, optimisers, schedules, clipping, sources, splits. A row holds name, options with
// defaults and ranges, one line of documentation and the name of its type in the runtime, so
// that checker, code generator and manual read the same facts.
package recipe

import "math"

// Kind is what an option accepts.
type Kind uint8

// Kinds of options.
const (
	Number  Kind = iota
	Int          // a whole number
	Bool         // true or false
	Name         // an identifier among Choices
	Text         // a string
	Texts        // a list of strings
	Numbers      // a list of numbers
	Choice       // a row of the group Group, with or without braces
	BatchOf      // a whole number or `full`
	Range        // a whole number or a..b
	DataOf       // the name of a data block
	Nets         // names of nets, systems or models, one or a list
	Figure       // loss or a metric, of validation with val. before it
	Column       // the name of a real column of the training data
	Any          // a construct of the language, lowered by the compiler; or whatever comes later
)

// Option is a key with what it accepts. Min and Max bound numbers, both included unless Open.
type Option struct {
	Key      string
	Kind     Kind
	Required bool
	Default  float64 // of Number, Int and Bool (0 or 1)
	Name     string  // default of Name, Text and Choice; "" is none
	Min, Max float64
	Open     bool // Min itself is not allowed
	Choices  []string
	Group    Group  // of Choice
	Field    string // of the runtime's type; "" when it has none
	Later    bool
	Doc      string
}

// Group is a set of rows that stand for each other.
type Group string

// Groups.
const (
	Optimizer  Group = "optimizer"
	Schedule   Group = "schedule"
	Clip       Group = "clip"
	Stop       Group = "stop"
	Checkpoint Group = "checkpoint"
	Adversary  Group = "adversary"
	Average    Group = "average"
	Source     Group = "source"
	Split      Group = "split"
	Target     Group = "target"
)

// Row is one member of a group.
type Row struct {
	Name    string
	Options []Option
	Make    string // type in the runtime: rt.Adam
	InIR    bool   // a rewrite of functions (ir/diff), which leaves nothing to the runtime
	Later   bool   // known, but not compiled yet
	Gaps    bool   // of a source: numbers may be missing
	Columns Columns
	Points  *Points // what columns a source of points has; nil: any
	Doc     string
}

// Columns says what keys beside the options are.
type Columns uint8

// Kinds of further keys.
const (
	NoColumns Columns = iota
	Sampled           // columns, each with a distribution
	Files             // columns, each with the path of a file
)

// Points are the columns of a source: one of points, and perhaps one of labels.
type Points struct {
	Dim     int // numbers of a point; -n: n or more
	Classes int // of the label at least; 0: those of the option By
	By      string
}

// Path reports whether the option of a source is the path of a file or folder.
func (r *Row) Path(key string) bool {
	o := Find(r.Options, key)
	return o == nil && r.Columns == Files || o != nil && (o.Field == "File" || o.Field == "Dir")
}

// Streams reports whether the rows of a source are made from a seed, so that there are always others.
func (r *Row) Streams() bool { return Find(r.Options, "seed") != nil }

var groups = map[Group][]Row{
	Optimizer:  optimizers,
	Schedule:   schedules,
	Clip:       clips,
	Stop:       stops,
	Checkpoint: checkpoints,
	Adversary:  adversaries,
	Average:    averages,
	Source:     sources,
	Split:      splits,
	Target:     targets,
}

// Rows lists a group in the order of its table.
func Rows(g Group) []Row { return append([]Row(nil), groups[g]...) }

// Lookup finds a row; nil if there is none.
func Lookup(g Group, name string) *Row {
	for i := range groups[g] {
		if groups[g][i].Name == name {
			return &groups[g][i]
		}
	}
	return nil
}

// Names lists the names of a group.
func Names(g Group) []string {
	var names []string
	for _, r := range groups[g] {
		names = append(names, r.Name)
	}
	return names
}

// Find gives the option of a list by its key; nil if there is none.
func Find(options []Option, key string) *Option {
	for i := range options {
		if options[i].Key == key {
			return &options[i]
		}
	}
	return nil
}

// Keys lists the keys of options.
func Keys(options []Option) []string {
	var keys []string
	for _, o := range options {
		keys = append(keys, o.Key)
	}
	return keys
}

var inf = math.Inf(1)
