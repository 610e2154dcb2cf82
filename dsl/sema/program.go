package sema

import (
	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// Program is a checked package: all names resolved, all shapes numbers, all conversions
// explicit. Everything in it can be lowered; what cannot be was a diagnostic.
type Program struct {
	Package string
	Doc     string
	Files   []string // in order
	Real    ir.Elem  // F32 or F64, what `real` means

	Consts []*Const
	// Params are the parameters of all nets, systems and models, in source order of their
	// owners and then of their stages. Names are those of the weights file ("f.0.weight").
	Params  []*ir.Param
	Funcs   []*Func // instances of fn and net at concrete sizes, callees before callers
	Systems []*System
	Solvers []*Solver
	Hypers  []*Hyper
	Models  []*Model // a model that another one calls comes first
	Data    []*Data
	Recipes []*Recipe
	Tests   []*Test
	Targets []ir.Choice
	// Jacobians are the models whose derivatives by inputs a target asks for.
	Jacobians []*Model
}

// Const is a declared constant.
type Const struct {
	Name  string
	Value float64
	Span  diag.Span
	Doc   string
}

// VarKind says what a name stands for.
type VarKind uint8

// Kinds of variables.
const (
	ArgVar     VarKind = iota // argument of a fn or net, input of a model
	DefVar                    // `name := expr`; Def is set
	StateVar                  // state of a system
	ContextVar                // context of a system
	TimeVar                   // t of a system
	StepVar                   // h of a hypersolver
	ColumnVar                 // column of a data block
	ParamVar                  // `param`; Param is set
	InputVar                  // time-varying input of a system
	SlopeVar                  // der(x) of a hypersolver
)

// Var is a named value. Two Refs to the same *Var are the same value.
type Var struct {
	Name    string
	Kind    VarKind
	Type    Type
	Def     Expr      // DefVar
	Param   *ir.Param // ParamVar
	Index   int       // place among the arguments, states, contexts or columns
	Fields  []string  // ColumnVar: fields of a file that it is made of; nil: by name
	First   bool      // ColumnVar: of the first row of a window
	Present *Var      // ColumnVar: the column of which it says what numbers are there
	Drawn   *Drawing  // ContextVar: drawn by every solve; nil where the program gives it
	Span    diag.Span
	Doc     string
}

// Func is a fn or net at concrete sizes. It owns no values but those in Body.
type Func struct {
	Name   string // "f"; instances of several sizes are "f_2_16"
	Net    bool
	Doc    string
	Span   diag.Span
	Args   []*Var
	Body   []*Var // definitions in order
	Result Expr
	Type   Type
	Params []*ir.Param // of this net itself, callees not counted
}

// System is dynamics. Extras of a solve of it are the contexts, in order, then the inputs, in order, and then the
// start values of Initials, in order.
type System struct {
	Name      string
	Doc       string
	Span      diag.Span
	States    []*State
	Contexts  []*Var
	Inputs    []*Input
	Params    []*ir.Param
	Defs      []*Var // definitions in order
	Integrals []*Named
	Outputs   []*Named
	Time      *Var   // t
	Initials  []*Var // StateVars whose initial(x) is used, in order of first use

	Noisy bool // has a noise equation

	Events []*Event // in the order of the text

	Noise []*Noise // equations of noise; in the order of the states
	Ito   bool     // how noise is meant; else Stratonovich
}

// Noise is the noise of a state: dx = … + Expr dW.
type Noise struct {
	State int
	Expr  Expr // of the state's shape, a scalar, or with one axis more
}

// Input is a value that may change during a solve: a constant, or a signal that is given at knots.
type Input struct {
	Var    *Var
	Interp Interp
}

// Interp says what an input is between the knots of a signal.
type Interp uint8

// Kinds of interpolation.
const (
	Linear Interp = iota // a line from knot to knot
	Hold                 // the value of the knot before
	Cubic                // the cubic with the slope of a parabola through three knots at each (de Boor 1978, chapter IV)
)

var interpNames = [...]string{Linear: "linear", Hold: "hold", Cubic: "cubic"}

func (i Interp) String() string { return interpNames[i] }

// State is a state with its equation.
type State struct {
	Var     *Var
	Default Expr // start value when a solve gives none; nil: must be given
	Der     Expr // same type as the state
	DerSpan diag.Span
	Doc     string
}

// Named is an integral or an output of a system, or a metric of a recipe.
type Named struct {
	Name string
	Expr Expr
	Span diag.Span
	Doc  string
}

// Solver is a method with its options. Defaults are filled in. A solver written in place has no
// Name.
type Solver struct {
	Name         string
	Doc          string
	Span         diag.Span
	Method       string       // name of the row of ir/method
	Row          *method.Row  // the row with the options of the method itself
	Options      []ir.Setting // all of them, for people
	Steps        int          // fixed steps: number over the whole span, or
	PerSample    int          // number between output times, or
	StepSize     float64      // length
	RTol, ATol   float64      // adaptive
	FirstStep    float64      // 0: chosen
	MinStep      float64      // 0: no bound
	MaxStep      float64      // 0: no bound
	Stops        []float64    // times at which a step ends, ascending
	MaxSteps     int
	ATols, RTols []float64 // by state, instead of ATol and RTol; nil: none
	Compat       string    // library whose steps are taken, "" for ours
	Together     bool      // samples of a batch take steps of one length
	MaxNorm      bool      // the largest error of a step counts, not the root mean square
	Control      ir.Choice // row `i`, `pi` or `pid` with all its options
	Sensitivity  ir.Choice // row `backprop`, …
	EventTol     float64   // how close in time events are located
	EventMax     int       // of them before a solve gives up
	Hyper        *Hyper    // the residual that the method gets; nil: none
	Unstepped    bool      // of a variant: the emitted package has no stepper
}

// Model is what a program calls. For `model A = B{Fwd: X}` Base is B and Replaces says which
// solver stands for which; Inputs, Outputs, Body and Results are those of B (the same pointers).
type Model struct {
	Name     string
	Doc      string
	Span     diag.Span
	Inputs   []*Var
	Outputs  []Port
	Body     []*Var // definitions in order
	Results  []Expr // one per output
	Params   []*ir.Param
	Base     *Model
	Replaces map[string]*Solver // by the slot of the solver in B

	// Of variants.
	Calls   map[*Model]*Model // what takes the place of a model that it calls
	Ends    string            // slot of the solves whose states are further outputs; "" for none
	Metrics *Recipe           // the outputs are its metric terms, the inputs its columns; nil: an ordinary model
}

// Solver gives the solver that takes the place of s in m.
func (m *Model) Solver(s *Solver) *Solver {
	if r, ok := m.Replaces[s.Slot()]; ok {
		return r
	}
	return s
}

// Port is a named output.
type Port struct {
	Name string
	Type Type
	Span diag.Span
}

// Data is a data block.
type Data struct {
	Name    string
	Doc     string
	Span    diag.Span
	Columns []*Var
	Params  []*ir.Param // statistics that standardize and its relatives use
	Source  ir.Choice   // all options present
	// Simulation, of the source simulate, gives the columns from what is drawn for a row; nil of others.
	Simulation *Model
	Split      *ir.Choice
	Settings   []ir.Setting // the same with everything else, for the module
}

// Recipe is a train block. Columns of Data are in scope of its expressions.
type Recipe struct {
	Name     string
	Doc      string
	Span     diag.Span
	Data     *Data
	Val      *Data // nil: the split of Data
	Test     *Data
	Batch    int    // 0: full
	Defs     []*Var // definitions in order
	Minimize Expr   // scalar real; Avg nodes may be inside
	Metrics  []*Named
	Settings []ir.Setting // checked, options complete
	Frozen   []*ir.Param
}

// Expr is a typed expression. Nodes may be shared: the same pointer is the same value, to be
// computed once.
type Expr interface {
	Type() Type
	Span() diag.Span
	expr()
}

// Node carries what all expressions have.
type Node struct {
	T  Type
	At diag.Span
}

// Type is the type of the expression.
func (n *Node) Type() Type { return n.T }

// Span is the source text: the place a diagnostic points at comes first.
func (n *Node) Span() diag.Span { return n.At }

func (n *Node) expr() {}

type (
	// Lit is a number, or a tensor of equal numbers, or one given element by element.
	Lit struct {
		Node
		Num  float64
		Data []float64 // row-major; nil: every element is Num

		dim   string // the dim that it names
		named bool   // comes from a declared constant without unit
	}

	// Ref is a variable.
	Ref struct {
		Node
		Var *Var
	}

	// ParamRef reads a parameter tensor (of l2(net), for instance).
	ParamRef struct {
		Node
		Param *ir.Param
	}

	// Op is an operator of the IR applied to expressions. Attr is complete for the operator.
	// Derivatives (OpGrad, OpJac, OpDivg, OpHess, OpJVP, OpVJP, OpPartial, OpHutchinson, OpHutchPP) have
	// the variable as second operand, a *Ref to a state, context, argument, t or definition.
	Op struct {
		Node
		Op   ir.Op
		Attr ir.Attr
		Args []Expr
	}

	// Convert changes the element type: time to real, integer to real, bool to real.
	Convert struct {
		Node
		X Expr
	}

	// Call calls a fn or net.
	Call struct {
		Node
		Func *Func
		Args []Expr
	}

	// Layer applies a layer; Params are those of Inst in order.
	Layer struct {
		Node
		Inst    *layer.Instance
		Params  []*ir.Param
		X       Expr
		MovesBy Expr // the number that the layer depends on; nil if on none
	}

	// Index is x[i, a:b, …]: Subs are for the leading axes, the other axes are kept whole.
	Index struct {
		Node
		X    Expr
		Subs []Sub
	}

	// Stack is [a, b, …]: operands of equal shape along a new leading axis.
	Stack struct {
		Node
		Xs []Expr
	}

	// Concat joins along an axis. Operands have the rank of the result.
	Concat struct {
		Node
		Axis int
		Xs   []Expr
	}

	// Initial is initial(x): the value of a state at the start of the solve.
	Initial struct {
		Node
		State *Var
	}

	// Solve integrates a system. Its type is a Result; Field reads it.
	Solve struct {
		Node
		System *System
		Solver *Solver
		With   diag.Span // where the solver is named
		Starts []Expr    // by state
		Extras []Expr    // by context, then by input
		From   Expr      // time scalar
		To     Expr      // time scalar; nil with At
		At     Expr      // [Times]time; nil with To
		Times  int
		Paths  int // sample paths, a leading axis of the results; 0: one path and no axis
	}

	// Rhs is rhs(Sys{…}): the derivatives at one point. Its type is a Result; Field reads it.
	Rhs struct {
		Node
		System *System
		Starts []Expr
		Extras []Expr
		Time   Expr
	}

	// Field reads one part of a Solve or Rhs: X is that node or a Ref to a definition of it.
	Field struct {
		Node
		X     Expr
		Kind  FieldKind
		Index int // of the state, integral, output or statistic (ir.StatNFE, …)
		Name  string
	}

	// ModelCall calls a model. With one output it has that type, else a Tuple.
	ModelCall struct {
		Node
		Model *Model
		Args  []Expr
	}

	// Part is one component of a tuple.
	Part struct {
		Node
		X     Expr
		Index int
	}

	// Draw is a tensor of standard random numbers of its shape, drawn anew for every sample and step:
	// standard normal, or uniform in [0, 1) if Uniform. Place names the site.
	Draw struct {
		Node
		Uniform bool
		Place   string
	}

	// ByUse is one value in training and another one in evaluations.
	ByUse struct {
		Node
		Train, Eval Expr
	}

	// Map applies Func to slices along the leading axis of those Args that are Mapped, which all have
	// length N there; the others are the same for every slice.
	Map struct {
		Node
		Func   *Func
		Args   []Expr
		Mapped []bool
		N      int
	}

	// Anneal goes from From to To in the first Steps training steps, linearly, and stays there.
	Anneal struct {
		Node
		From, To Expr
		Steps    float64
	}

	// Signal is signal(ts, us): an input of a system over time. It stands among the extras of a solve only.
	Signal struct {
		Node
		Times  Expr // [n]time, ascending
		Values Expr // [n, …]real
	}

	// Avg is the mean over the samples of the batch; in recipes only.
	Avg struct {
		Node
		X Expr
	}
)

// Sub is an index (Index set, Lo) or a slice Lo:Hi of one axis.
type Sub struct {
	Index  bool
	Lo, Hi int
}

// FieldKind is what a field of a solve result is.
type FieldKind uint8

// Kinds of fields. For Rhs only StateField (the derivative of the state) exists.
const (
	StateField FieldKind = iota
	IntegralField
	OutputField
	GapField  // of a multiple shooting
	StatField // of the solve: nfe, accepted, rejected, status as i32; t, the time at the end
)
