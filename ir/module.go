package ir

import "ndec.dev/ndec/ir/diag"

// Value is one single-assignment value.
type Value struct {
	ID   int // unique in its function; %ID in the text form
	Op   Op
	Args []*Value
	Attr Attr
	Type Type
	Span diag.Span // the source text it came from
	Name string    // name from the source, for people; need not be unique
	Rate Rate      // set by ir/opt
}

// Attr holds what an operator needs beside its operands. Each operator's constant says which
// fields it uses; the others are zero.
type Attr struct {
	Num   float64
	Data  []float64
	Ints  []int
	Index int
	Elem  Elem
	Param *Param
	Func  *Func
	Solve *Solve
	Rev   *Rev
	Map   *Map
	Scan  *Scan
}

// Func is a function over one sample. Values are in an order in which operands come first;
// the arguments are the first values.
type Func struct {
	Name    string
	Doc     string // first line of the source comment
	Span    diag.Span
	Args    []*Value
	Results []*Value
	// ResultNames names results for people and emitted code; it may be shorter than Results.
	ResultNames []string
	// Accum[i] marks a result that callers only ever add to a running sum (the cotangent of a
	// parameter); a back end may pass a pointer to the sum instead. May be shorter than Results.
	Accum  []bool
	Values []*Value
	// Region is where the body runs: field and step functions belong to their solve.
	Region *Region
	nextID int
}

// Param is a parameter tensor of the module.
type Param struct {
	Name  string // "f.0.weight", as in PyTorch's nn.Sequential
	Type  Type
	Net   string // owner: net, system or model
	Init  Init
	Where Transform
	Index int // place in Module.Params, or in Module.Derived
	Span  diag.Span
	// Of says that this is a statistic of data: computed where training starts, never trained.
	Of *Statistic
	// Derived marks a value of the other parameters that Module.Prepare computes.
	Derived bool
}

// Statistic is the mean or standard deviation of a data column over its training rows.
type Statistic struct {
	Data, Column string
	Deviation    bool
	Per          Per
}

// Per is what a statistic has a number of its own for.
type Per uint8

// Kinds of statistics: a number for each element, for each channel (the leading axis of an image, else
// the last axis), or one for all.
const (
	PerElement Per = iota
	PerChannel
	PerAll
)

var perNames = [...]string{PerElement: "element", PerChannel: "channel", PerAll: "all"}

func (p Per) String() string { return perNames[p] }

// InitKind says how a parameter starts.
type InitKind uint8

// Initialisers. LinearDefault is PyTorch's for nn.Linear: uniform ±1/√FanIn.
const (
	InitZeros         InitKind = iota
	InitConst                  // A
	InitUniform                // U(A, B)
	InitNormal                 // mean A, standard deviation B
	InitLinearDefault          // FanIn
	InitData                   // Data
	InitLaplace                // mean A, scale B
	InitRademacher             // -1 or 1
)

// Init is an initialiser with its numbers.
type Init struct {
	Kind  InitKind
	A, B  float64
	FanIn int
	Data  []float64
}

// TransformKind maps an unconstrained number to a constrained parameter.
type TransformKind uint8

// Transforms of `param … where`.
const (
	NoTransform TransformKind = iota
	Above                     // A + softplus(u)
	Below                     // A - softplus(u)
	Between                   // A + (B-A)*sigmoid(u)
)

// Transform is a constraint of a parameter.
type Transform struct {
	Kind TransformKind
	A, B float64
}

// Module is a compiled program.
type Module struct {
	Package string
	Doc     string
	Files   []string // sources, in order
	Real    Elem     // F32 or F64: the module's precision
	Params  []*Param
	Funcs   []*Func // every function, callees before callers
	// Prepare, made by ir/opt, computes the derived parameters, one result each, from Params; nil
	// when there are none. It is run whenever parameters have changed, and its results lie beside
	// the weights; they are not trained, initialised or saved. ir/diff begins it with those through which gradients go.
	Prepare *Func
	Derived []*Param
	Solves  []*Solve
	Models  []*Model
	Recipes []*Recipe
	Data    []*DataSet
	Target  []Choice // target blocks
}

// Port is a named input or output of a model, or a column of data.
type Port struct {
	Name    string
	Type    Type
	Classes int    // of a label (Type is an i32 scalar), 2 of bools, else 0
	Unit    string // as it is written; "" where none is
	Ascend  bool   // times of a signal, which have to ascend
	// Of a data column: the fields of a file that it is made of (nil: by Name), whether they are those
	// of the first row of a window, and the column of which it says what numbers are there.
	Fields  []string
	First   bool
	Present string
}

// Model is what a program calls.
type Model struct {
	Name    string
	Doc     string
	Span    diag.Span
	Func    *Func // inputs to outputs, followed by five statistics per solve (see Solve) in the order of Solves
	Inputs  []Port
	Outputs []Port
	Solves  []*Solve
	// Paths holds, for each of Solves, what is needed to look at it along any times: a function
	// from the model's inputs to (t0, t1, start states, extras) of that solve.
	Paths []*Func
}

// Recipe is a training recipe.
type Recipe struct {
	Name    string
	Doc     string
	Span    diag.Span
	Columns []Port // of the data, in the order of Objective's arguments
	// Objective: one sample's columns to (loss, metric terms…, five statistics per solve…).
	// Combine, if not nil, turns the sample means of the metric terms into the metrics.
	Objective *Func
	Combine   *Func
	Metrics   []string
	Solves    []*Solve
	// Training is the objective that is differentiated, with the same signature and its own solves, where it
	// is not Objective itself: expressions may differ by use.
	Training       *Func
	TrainingSolves []*Solve
	// Grad, made by ir/diff: columns to (loss, metric terms…, statistics…, then one Accum cotangent
	// per entry of Trained and of Through). GradInputs likewise gives cotangents of the real columns instead.
	Grad       *Func
	GradInputs *Func
	// Through are derived parameters by way of which gradients go to trained ones, and Pull takes them on: cotangents of Through,
	// summed over samples, to those of Trained (Accum), which are added to the others. Nil where there are none.
	Through []*Param
	Pull    *Func
	// Attack, made by ir/diff where there is an adversary: columns to (what is added to column number
	// Attacked for the loss, the number from 1 of the first ascent that failed or 0).
	Attack   *Func
	Attacked int
	// Design, made by ir/diff where the optimiser is lstsq: columns to (D [n+1, rows], statistics…).
	// The loss of a sample is the sum of squares of rows that are affine in the n trained numbers,
	// those of Trained one after the other: row 0 of D is at zero, row i with number i at one.
	Design   *Func
	Trained  []*Param // parameters that the objective depends on and that are not frozen
	Frozen   []*Param
	Settings []Setting // data:, batch:, optimizer:, …, checked by dsl/sema
}

// Keyed reports whether the functions of the model take a key of random draws as last argument.
func (m *Model) Keyed() bool { return takesKey(m.Func, len(m.Inputs)) }

// Keyed reports whether the functions of the recipe take a key of random draws as last argument.
func (r *Recipe) Keyed() bool { return takesKey(r.Objective, len(r.Columns)) }

// Mixed reports whether products of what r trains have operands of 16 bits.
func (r *Recipe) Mixed() bool { return Rounding(r.Settings) != OpInvalid }

// Rounding is the operator by which a recipe with these settings rounds the operands of products; OpInvalid for none.
func Rounding(settings []Setting) Op {
	s, _ := FindSetting(settings, "precision")
	switch s.Text {
	case "mixed_bf16":
		return OpBfloat
	case "mixed_fp16":
		return OpHalf
	}
	return OpInvalid
}

// Fitted is the objective that training differentiates.
func (r *Recipe) Fitted() *Func {
	if r.Training != nil {
		return r.Training
	}
	return r.Objective
}

// Ran lists the solves of the objective, in evaluations and in training.
func (r *Recipe) Ran() []*Solve {
	return append(append([]*Solve(nil), r.Solves...), r.TrainingSolves...)
}

// takesKey reports whether f has a key after its n arguments.
func takesKey(f *Func, n int) bool {
	return f != nil && len(f.Args) > n && f.Args[len(f.Args)-1].Name == KeyName && f.Args[len(f.Args)-1].Type.Equal(KeyType)
}

// DataSet is a data block.
type DataSet struct {
	Name     string
	Doc      string
	Span     diag.Span
	Columns  []Port
	Settings []Setting
}

// Setting is `key: value` after checking: numbers are numbers, choices have their rows.
type Setting struct {
	Key    string
	Num    float64
	Text   string  // identifiers and strings
	Choice *Choice // method{options}
	List   []Setting
	Span   diag.Span
}

// Choice is `row{options}`: an optimiser, a schedule, a source, …
type Choice struct {
	Row     string
	Options []Setting
	Span    diag.Span
}

// TargetOf is the target block of a name; nil if there is none.
func (m *Module) TargetOf(name string) *Choice {
	for i := range m.Target {
		if m.Target[i].Row == name {
			return &m.Target[i]
		}
	}
	return nil
}

// Option finds an option by key.
func (c *Choice) Option(key string) (Setting, bool) { return FindSetting(c.Options, key) }

// Own are the models that the program declares; the others simulate data.
func (m *Module) Own() []*Model {
	made := map[string]bool{}
	for _, d := range m.Data {
		if s, ok := FindSetting(d.Settings, "source"); ok && s.Choice != nil {
			if model, ok := s.Choice.Option("model"); ok {
				made[model.Text] = true
			}
		}
	}
	var own []*Model
	for _, x := range m.Models {
		if !made[x.Name] {
			own = append(own, x)
		}
	}
	return own
}

// FindSetting finds a setting by key.
func FindSetting(list []Setting, key string) (Setting, bool) {
	for _, s := range list {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// ParamByName finds a parameter; nil if there is none.
func (m *Module) ParamByName(name string) *Param {
	for _, p := range m.Params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// FuncByName finds a function; nil if there is none.
func (m *Module) FuncByName(name string) *Func {
	for _, f := range m.Funcs {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// AddParam appends p and sets its index.
func (m *Module) AddParam(p *Param) *Param {
	p.Index = len(m.Params)
	m.Params = append(m.Params, p)
	return p
}

// AddFunc appends f.
func (m *Module) AddFunc(f *Func) *Func {
	m.Funcs = append(m.Funcs, f)
	return f
}
