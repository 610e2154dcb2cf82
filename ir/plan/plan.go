package plan

import "ndec.dev/ndec/ir"

// File is one emitted file: its name in the package folder and its text.
type File struct {
	Name string
	Text []byte
}

// Plan is a module with every decision taken.
type Plan struct {
	Module *ir.Module
	Funcs  []*Func // callees before callers
	Solves []*Solve
	Revs   []*ir.Rev
	byIR   map[*ir.Func]*Func
	byS    map[*ir.Solve]*Solve
}

// Of is the plan of a function; nil if it is not emitted.
func (p *Plan) Of(f *ir.Func) *Func { return p.byIR[f] }

// OfSolve is the plan of a solve; nil if it is not emitted.
func (p *Plan) OfSolve(s *ir.Solve) *Solve { return p.byS[s] }

// Schedule says how a back end runs the samples of a model or recipe, and why not in another way.
type Schedule struct{ Name, How, Why string }

// Solve is a solve with the variants of its loop that are needed.
type Solve struct {
	IR    *ir.Solve
	End   bool // a loop that keeps the end state only
	Path  bool // a loop with dense output along given times
	Needs Needs
}

// Needs says what a function uses beside its arguments, itself or through callees.
type Needs struct {
	Params   bool // module parameters
	Prepared bool // values of the parameters that Module.Prepare computes
	Work     bool // the workspace: tapes of recorded solves, large arrays
	Accum    bool // running sums of parameter cotangents
	Stats    int  // solves in the body and in what it calls that report statistics: places for them
}

func (n *Needs) join(o Needs) {
	n.Params = n.Params || o.Params
	n.Prepared = n.Prepared || o.Prepared
	n.Work = n.Work || o.Work
	n.Accum = n.Accum || o.Accum
}

// PlaceKind says where a value is kept.
type PlaceKind uint8

// Places of values.
const (
	NoPlace   PlaceKind = iota
	Literal             // constant with equal elements: spelled at the use
	Table               // constant given element by element: a package-level array
	Memory              // parameter of the module
	ArgScalar           // scalar argument, passed by value
	ArgArray            // array argument, passed by pointer; copied to scalars if Small
	Folded              // spelled inside its only use
	Register            // one variable per iteration of its nest
	Scalars             // one variable per element (a scalar, or a small array)
	Local               // array on the stack
	Work                // array in the workspace
	Result              // array behind a result pointer
	View                // elements of Base from Offset on
	Sum                 // added to a running sum, never kept
	Stat                // statistic of a solve
	TupleOf             // node with several results: its components have places
)

// Place is where a value is kept.
type Place struct {
	Kind   PlaceKind
	Base   *ir.Value // of a View
	Offset int       // of a View
	Index  int       // of a Result: which; of a Stat: which statistic
	Solve  int       // of a Stat: which solve of the function
}

// Form is how a step computes its value.
type Form uint8

// Forms of steps. n is the extent of the nest and i its index.
const (
	Elem     Form = iota // v[i] = op(…[i])
	RowDot               // v[i] = sum_k W[i,k] x[k]
	ColSum               // v[r] += W[r,i] x[i]; v is small
	Gather               // v[i] = sum_k x[k] W[k,i]; x is small
	Scatter              // v[j] += x[i] W[i,j] for all j
	SumAll               // v += x[i]
	OuterRow             // v[i,j] = a[i] b[j] for all j
	OuterCol             // v[r,i] = a[r] b[i] for all r; a is small
	Copy                 // v[i] = operand at a mapped index
	AddTo                // running sum[i] += v[i]
	Whole                // a statement over whole arrays: calls, solves, small linear algebra
)

// Step is one computation in a nest.
type Step struct {
	Form Form
	V    *ir.Value
	Sum  *ir.Param // running sum that OuterRow or AddTo add to; nil for none
}

// RowLength is the number of elements of the matrix row that the step goes over at each index, 0 for
// steps of other forms.
func (s Step) RowLength() int {
	switch s.Form {
	case RowDot, OuterRow:
		return s.V.Args[1].Type.Len()
	case Scatter:
		return s.V.Type.Len()
	}
	return 0
}

// Nest is a loop over an extent; its steps run in order at each index.
type Nest struct {
	Extent int  // 1: straight-line code
	Unroll bool // spelled out index by index
	Tile   int  // indices per iteration, at least 1
	Steps  []Step
}

// Func is a planned function.
type Func struct {
	IR     *ir.Func
	Nests  []*Nest
	Places map[*ir.Value]*Place
	Needs  Needs
	// Slots gives solves, and nodes that run functions with solves, their first place among the
	// statistics that the function leaves.
	Slots map[*ir.Value]int
	// Sums[i] is the parameter whose running sum result i goes to; nil for ordinary results.
	Sums []*ir.Param
	// Copies lists results that are not computed in place: arguments, parameters, constants, or one
	// value returned twice.
	Copies []int
	Cost   Cost
}

// SmallLen is the length up to which an array is kept as separate variables and loops over it are
// spelled out.
const SmallLen = 4

// FourAtOnce holds the operators that back ends compute four at a time: the four share the loads of their
// coefficients, and their chains of operations overlap. Package rt has a function x4 for each.
var FourAtOnce = map[ir.Op]bool{ir.OpTanh: true, ir.OpExp: true, ir.OpSoftplus: true, ir.OpCosh: true}

// accumulators is the number of results that ColSum keeps in registers.
const accumulators = 8

// stackBytes is the size above which an array lives in the workspace instead of the stack.
const stackBytes = 16 << 10

// Cost counts the work of one evaluation, callees included.
type Cost struct {
	MulAdds int // multiply-adds of matrix products
	Elem    int // element-wise operations
	Trans   int // transcendental functions among them
	// Slots is the time for a vector of samples, in half cycles of a processor that starts two vector operations
	// a cycle, if nothing ever waits: a multiply-add or another operation takes one, a function what its program has.
	Slots         int
	FunctionSlots int // of these, in transcendental functions
}
