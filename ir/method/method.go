package method

import (
	"math"
	"math/big"
	"slices"

	"ndec.dev/ndec/ir"
)

// Kind is what an option accepts.
type Kind uint8

// Kinds of options.
const (
	Real    Kind = iota
	Int          // a whole number
	Name         // an identifier among Choices
	Bool         // true or false: 1 or 0
	Choice       // a row of the group Group, with or without braces
	Any          // whatever; of what comes later only
	Numbers      // a list of numbers
)

// Option is a key with what it accepts. Min and Max bound numbers, both included unless Open.
type Option struct {
	Key      string
	Kind     Kind
	Default  float64  // of Real and Int; 0 with Optional means "not given"
	Name     string   // default of Name and Choice
	Min, Max float64  // of Real and Int
	Open     bool     // Min itself is not allowed
	Optional bool     // has no default: what is done without it is in Doc
	Choices  []string // of Name
	Group    Group    // of Choice
	OneOf    string   // exactly one option of the same OneOf has to be given, at most one if Instead
	Instead  bool     // may be given instead of those with Unless
	Unless   string   // not beside an option of this OneOf
	Later    bool     // known, not compiled yet
	Rare     bool     // not named where one of OneOf is missing
	Doc      string

	LaterChoices []string // of Choices, those that are not compiled yet
}

// Group is a set of rows that stand for each other.
type Group string

// Groups.
const (
	Solver      Group = "method"
	Controller  Group = "control"
	Sensitivity Group = "sensitivity"
	Estimator   Group = "estimator of div"
	Events      Group = "events"
)

// Family says what drives the steps of a method.
type Family uint8

// Families of methods.
const (
	NoFamily     Family = iota // controllers and sensitivities
	FixedStep                  // explicit Runge-Kutta, steps given
	AdaptiveStep               // explicit Runge-Kutta, steps by error control
	Implicit
	Multistep // steps given
	Symplectic
	Stochastic
	Shooting
)

var families = [...]string{"", "fixed-step", "adaptive", "implicit", "multistep", "symplectic", "stochastic", "multiple shooting"}

func (f Family) String() string { return families[f] }

// Row is a method, a controller or a sensitivity.
type Row struct {
	Own     []ir.Setting // of a row that With gave: options of the method itself
	Name    string
	Aliases []string // names of the same row in other libraries, for did-you-mean
	Group   Group
	Family  Family
	Options []Option
	Tableau *Tableau   // of explicit Runge-Kutta methods
	Split   *Splitting // of symplectic methods
	Nystrom *Nystrom   // of methods for second-order systems
	Memory  *Memory    // of methods that carry memory from step to step
	// Remember gives Memory for options of the method itself; tableau is that of another method, which an option names.
	Remember func(option func(key string) ir.Setting, tableau func(*ir.Choice) *Tableau) *Memory
	// Make gives the tableau for options of the method itself; Tableau is that of the defaults.
	Make   func(option func(key string) float64) *Tableau
	Later  bool   // known, not compiled yet
	Doc    string // one line
	Source string // where the formulas are from
}

// Lookup finds a solver method by name; nil if there is none.
func Lookup(name string) *Row { return Find(Solver, name) }

// Find finds a row of a group by name; nil if there is none.
func Find(g Group, name string) *Row {
	for _, r := range table() {
		if r.Group == g && r.Name == name {
			return r
		}
	}
	return nil
}

// ByAlias finds the row that another library calls name; nil if there is none.
func ByAlias(g Group, name string) *Row {
	for _, r := range table() {
		if r.Group == g && slices.Contains(r.Aliases, name) {
			return r
		}
	}
	return nil
}

// Names lists the solver methods in the order of the table, those that come later included.
func Names() []string { return NamesOf(Solver) }

// NamesOf lists the names of a group in the order of the table.
func NamesOf(g Group) []string {
	var out []string
	for _, r := range Rows(g) {
		out = append(out, r.Name)
	}
	return out
}

// Rows lists the rows of a group in the order of the table.
func Rows(g Group) []*Row {
	var out []*Row
	for _, r := range table() {
		if r.Group == g {
			out = append(out, r)
		}
	}
	return out
}

// With is the row of a method with checked options: its tableau follows those that are the method's
// own, and an embedded method with given steps is a fixed-step one.
func (r *Row) With(options []ir.Setting) *Row {
	given := *r
	for _, o := range options {
		if own := r.Option(o.Key); own != nil && own.OneOf == "steps" && r.Family == AdaptiveStep {
			given.Family = FixedStep
		}
	}
	if r.Make != nil || r.Remember != nil {
		given.Own = nil
	}
	option := func(key string) ir.Setting {
		for _, o := range options {
			if o.Key == key {
				given.Own = append(given.Own, compact(o))
				return o
			}
		}
		return ir.Setting{Key: key, Num: r.Option(key).Default}
	}
	if r.Make != nil {
		given.Tableau = r.Make(func(key string) float64 { return option(key).Num })
	}
	if r.Remember != nil {
		given.Memory = r.Remember(option, func(c *ir.Choice) *Tableau { return named(c.Row, c.Options).With(c.Options).Tableau })
	}
	return &given
}

// RowOf is the row of a method that a solve was built by, of the table or declared.
func RowOf(s *ir.Solve) *Row {
	row := named(s.Method, s.Own)
	if row == nil {
		return nil
	}
	row = row.With(s.Own)
	if !s.Adaptive && row.Family == AdaptiveStep {
		row.Family = FixedStep
	}
	return row
}

// named is the row of a name with options, which carry the tableau where it is declared; nil if there is none.
func named(name string, options []ir.Setting) *Row {
	if row := Lookup(name); row != nil {
		return row
	}
	return declaredBy(name, options)
}

// Option finds an option by key; nil if the row has none of that name.
func (r *Row) Option(key string) *Option {
	for i := range r.Options {
		if r.Options[i].Key == key {
			return &r.Options[i]
		}
	}
	return nil
}

// Allows reports whether x is in the option's range and whole where it has to be.
func (o *Option) Allows(x float64) bool {
	if math.IsNaN(x) || x < o.Min || x > o.Max || o.Open && x == o.Min {
		return false
	}
	return o.Kind != Int || x == math.Trunc(x)
}

// Adaptive reports whether steps are chosen by error control.
func (r *Row) Adaptive() bool { return r.Family == AdaptiveStep }

// Order is the order of the solution; 0 where the row has no tableau.
func (r *Row) Order() int {
	switch {
	case r.Split != nil:
		return r.Split.Order
	case r.Nystrom != nil:
		return r.Nystrom.Order
	case r.Memory != nil:
		return r.Memory.Order
	case r.Tableau == nil:
		return 0
	}
	return r.Tableau.Order
}

// DenseOrder is the order of the dense output; 0 where the row has none.
func (r *Row) DenseOrder() int {
	switch {
	case r.Split != nil:
		return min(r.Split.Order, 3)
	case r.Nystrom != nil:
		return r.Nystrom.DenseOrder()
	case r.Memory != nil && r.Memory.Start != nil:
		return r.Memory.Order
	case r.Memory != nil:
		return min(r.Memory.Order, 3)
	case r.Tableau == nil:
		return 0
	}
	return r.Tableau.DenseOrder
}

// Stages is the number of stages of the tableau.
func (r *Row) Stages() int {
	if r.Tableau == nil {
		return 0
	}
	return len(r.Tableau.B)
}

// FSAL reports whether steps hand the last stage to the next step as its first.
func (r *Row) FSAL() bool {
	return r.Split != nil || r.Nystrom != nil && r.Nystrom.FSAL() || r.Tableau != nil && r.Tableau.FSAL()
}

// Undoes reports whether a step is undone by the same step backwards, up to rounding: those of symmetric
// splittings, and of methods with memory that is not damped.
func (r *Row) Undoes() bool { return r.Split != nil || r.Memory != nil && r.Memory.Undoes }

// Evals is the number of field evaluations of an attempted step, without those of dense output.
func (r *Row) Evals() int {
	if r.Split != nil {
		return 2 * len(r.Split.Weights)
	}
	if r.Nystrom != nil {
		return r.Nystrom.Evals()
	}
	if r.Memory != nil {
		return r.Memory.Evals
	}
	if r.Tableau == nil {
		if r.Family == Stochastic {
			return 1 // of the drift
		}
		return 0
	}
	n := r.Tableau.Needed(r.Tableau.B)
	if r.Adaptive() {
		n = r.Tableau.Needed(r.Tableau.B, r.Tableau.BHat)
	}
	if r.Tableau.FSAL() {
		return r.Stages() - 1 // the first stage is there, and the last one is made for the next step
	}
	return n
}

// DenseEvals is the number of further evaluations of a step with dense output.
func (r *Row) DenseEvals() int {
	if r.Split != nil {
		return 2
	}
	if r.Nystrom != nil {
		return r.Nystrom.DenseEvals()
	}
	if r.Tableau == nil {
		return 0
	}
	t := r.Tableau
	n := t.Needed(append([][]*big.Rat{t.B}, t.DenseRows()...)...)
	if r.Adaptive() {
		n = t.Needed(append([][]*big.Rat{t.B, t.BHat}, t.DenseRows()...)...)
	}
	if t.FSAL() {
		return n - r.Stages()
	}
	return n - r.Evals()
}
