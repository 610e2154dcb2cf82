package syntax

import "ndec.dev/ndec/ir/diag"

// Node is a piece of the syntax tree.
type Node interface {
	// Span is the whole source text of the node, without its doc comment.
	Span() diag.Span
	// At is where a diagnostic about the node points: names at their start, calls at "(",
	// literals at "{", binary operators at the operator, pipelines at the last "|>",
	// declarations at their name.
	At() diag.Span
}

// Decl is a top-level declaration.
type Decl interface {
	Node
	decl()
}

// Stmt is a line of a block. Which statements a block may hold depends on the declaration and is
// checked by the parser: see the productions of the declarations.
type Stmt interface {
	Node
	stmt()
}

// Range is embedded in every node and holds its place.
type Range struct{ Place diag.Span }

// Span is the whole source text.
func (r Range) Span() diag.Span { return r.Place }

// At is the place for diagnostics; nodes that point elsewhere override it.
func (r Range) At() diag.Span { return r.Place }

// Comment is one comment: Text begins with // or /* and has no newline at its end.
type Comment struct {
	Range
	Text string
}

// File is one source file.
//
//	File    = "package" ident ";" { TopDecl ";" } .
//	TopDecl = Import | Const | Dim | Fn | Net | Model | System | Solver | Hyper | Method
//	        | Data | Train | Test | Target .
type File struct {
	Range
	Name     string // as given to Parse
	Doc      string // comment above the package clause, without comment marks
	Package  *Ident
	Decls    []Decl
	Comments []*Comment // all of them, in source order
}

// ImportDecl makes the declarations of another folder known as Name.X.
//
//	Import = "import" ident string .
type ImportDecl struct {
	Range
	Doc  string
	Name *Ident
	Path *BasicLit
}

// Folder is the imported folder as written, relative to that of the file; "" where it is no string.
func (d *ImportDecl) Folder() string {
	if d.Path == nil {
		return ""
	}
	text, err := d.Path.Str()
	if err != nil {
		return ""
	}
	return text
}

// ConstDecl is one constant or a parenthesised group of them.
//
//	Const = "const" ( ConstSpec | "(" { ConstSpec ";" } ")" ) .
type ConstDecl struct {
	Range
	Doc   string
	Group bool // in parentheses
	Specs []*ConstSpec
}

// ConstSpec is a constant; Type may be nil.
//
//	ConstSpec = ident [ Type ] "=" Expr .
type ConstSpec struct {
	Range
	Doc   string
	Name  *Ident
	Type  *Type
	Value Expr
}

// DimDecl is a nominal size.
//
//	Dim = "dim" ident "=" Expr .
type DimDecl struct {
	Range
	Doc   string
	Name  *Ident
	Value Expr
}

// FuncKind tells the two kinds of function.
type FuncKind uint8

// A net owns parameters, a fn does not.
const (
	Fn FuncKind = iota
	Net
)

// FuncDecl is a function or a network.
//
//	Fn   = "fn"  ident [ Dims ] Params Type Body .
//	Net  = "net" ident [ Dims ] Params Type Body .
//	Dims = "[" ident { "," ident } "]" .
//	Body = "{" { ( Layer | Param | Define | Return ) ";" } "}" .
type FuncDecl struct {
	Range
	Doc     string
	Kind    FuncKind
	Name    *Ident
	Dims    []*Ident  // size parameters
	DimsEnd diag.Span // of "]"
	Params  *FieldList
	Result  *Type
	Body    *Block
}

// ModelDecl is what a program calls. Either Body is set, with Result or Results, or Alias is set.
//
//	Model = "model" ident ( Params ( Type | Params ) Body | "=" Literal ) .
type ModelDecl struct {
	Range
	Doc     string
	Name    *Ident
	Params  *FieldList
	Result  *Type      // one result without a name, else nil
	Results *FieldList // named results, else nil
	Body    *Block
	Alias   *LitExpr // Moons{Fwd: HyperEuler}
}

// FieldList is a list of parameters or of named results.
//
//	Params = "(" [ Field { "," Field } ] ")" .
type FieldList struct {
	Range
	Fields []*Field
}

// Field is one or more names of one type.
//
//	Field = ident { "," ident } Type .
type Field struct {
	Range
	Names []*Ident
	Type  *Type
}

// Type is the type of a tensor or scalar as written; Dims is empty for scalars.
//
//	Type = [ "[" Expr { "," Expr } "]" ] Elem [ "[" Unit "]" ] .
//	Elem = "real" | "f32" | "f64" | "bf16" | "i32" | "bool" | "time" | "label" "[" Expr "]" .
//	Unit = Expr .   (products, quotients and powers of unit names)
type Type struct {
	Range
	Dims    []Expr
	DimsEnd diag.Span // of "]"
	Elem    *Ident    // one of ElemNames
	Classes Expr      // K of label[K], else nil
	Unit    Expr      // m/s^2 of real [m/s^2], else nil
}

// ElemNames are the names of element types.
func ElemNames() []string {
	return []string{"real", "f32", "f64", "bf16", "i32", "bool", "time", "label"}
}

// Block is the text between two braces.
type Block struct {
	Range // from "{" to "}"
	Stmts []Stmt
}

// SystemDecl is dynamics.
//
//	System  = "system" ident "{" { SysStmt ";" } "}" .
//	SysStmt = State | Input | Context | Der | Noise | Integral | Output | When
//	        | Setting | Define | Layer | Param .
type SystemDecl struct {
	Range
	Doc  string
	Name *Ident
	Body *Block
}

// SolverDecl names a solver: Value is a *LitExpr, or an *Ident for a method without options.
//
//	Solver = "solver" ident "=" ( Literal | ident ) .
type SolverDecl struct {
	Range
	Doc   string
	Name  *Ident
	Value Expr
}

// HyperDecl is a hypersolver for one system.
//
//	Hyper = "hypersolver" ident "for" ident [ "." ident ] "{" { ( Residual | Setting | Define ) ";" } "}" .
type HyperDecl struct {
	Range
	Doc    string
	Name   *Ident
	System *Ident
	Body   *Block
}

// MethodDecl is a tableau of one's own.
//
//	Method = "method" ident "{" { Setting ";" } "}" .
type MethodDecl struct {
	Range
	Doc  string
	Name *Ident
	Body *Block
}

// DataDecl is a source of samples.
//
//	Data = "data" ident "{" { ( Column | Setting ) ";" } "}" .
type DataDecl struct {
	Range
	Doc  string
	Name *Ident
	Body *Block
}

// TrainDecl is a recipe.
//
//	Train = "train" ident "{" { ( Minimize | Metric | Define | Setting ) ";" } "}" .
type TrainDecl struct {
	Range
	Doc  string
	Name *Ident
	Body *Block
}

// TestDecl is a test with expected results.
//
//	Test = "test" ident "{" { ( Define | Check | Setting ) ";" } "}" .
type TestDecl struct {
	Range
	Doc  string
	Name *Ident
	Body *Block
}

// TargetDecl asks for a back end: Value is a *LitExpr, or an *Ident without options.
//
//	Target = "target" ( Literal | ident ) .
type TargetDecl struct {
	Range
	Doc   string
	Value Expr
}

// LayerStmt names a layer, so that its weights can be used more than once.
//
//	Layer = "layer" ident "=" Expr .
type LayerStmt struct {
	Range
	Doc   string
	Name  *Ident
	Value Expr
}

// ParamStmt is a parameter: a start value (Random false) or a distribution of start values
// (Random true), and a constraint or nil.
//
//	Param = "param" ident Type ( "=" Expr | "~" Expr ) [ "where" Expr ] .
type ParamStmt struct {
	Range
	Doc    string
	Name   *Ident
	Type   *Type
	Random bool
	Value  Expr
	Where  Expr
}

// DefineStmt names one or more values.
//
//	Define = ident { "," ident } ":=" Expr .
type DefineStmt struct {
	Range
	Doc   string
	Names []*Ident
	Value Expr
}

// ReturnStmt gives the results.
//
//	Return = "return" Expr { "," Expr } .
type ReturnStmt struct {
	Range
	Doc    string
	Values []Expr
}

// StateStmt declares states; Value is the default start or nil.
//
//	State = "state" Names Type [ "=" Expr ] .
type StateStmt struct {
	Range
	Doc   string
	Names []*Ident
	Type  *Type
	Value Expr
}

// InputStmt declares time-varying inputs; Config may be nil.
//
//	Input = "input" Names Type [ "{" { Setting ";" } "}" ] .
type InputStmt struct {
	Range
	Doc    string
	Names  []*Ident
	Type   *Type
	Config *Block
}

// ContextStmt declares values that are constant during a solve.
//
//	Context = "context" Names Type .
type ContextStmt struct {
	Range
	Doc   string
	Names []*Ident
	Type  *Type
}

// EquationKind tells what an equation defines.
type EquationKind uint8

// The kinds of equation, written as their lower-case names.
const (
	Der EquationKind = iota
	Noise
	Residual
)

// String is the keyword.
func (k EquationKind) String() string { return [...]string{"der", "noise", "residual"}[k] }

// EquationStmt gives the derivative, noise or residual of a state.
//
//	Der      = "der" "(" ident ")" "=" Expr .
//	Noise    = "noise" "(" ident ")" "=" Expr .
//	Residual = "residual" "(" ident ")" "=" Expr .
type EquationStmt struct {
	Range
	Doc   string
	Kind  EquationKind
	State *Ident
	Value Expr
}

// QuantityKind tells what a named quantity is for.
type QuantityKind uint8

// The kinds of quantity, written as their lower-case names.
const (
	Integral QuantityKind = iota
	Output
	Metric
)

// String is the keyword.
func (k QuantityKind) String() string { return [...]string{"integral", "output", "metric"}[k] }

// QuantityStmt names an integral or an output of a system, or a metric of a recipe.
//
//	Integral = "integral" ident "=" Expr .
//	Output   = "output" ident "=" Expr .
//	Metric   = "metric" ident "=" Expr .
type QuantityStmt struct {
	Range
	Doc   string
	Kind  QuantityKind
	Name  *Ident
	Value Expr
}

// WhenStmt is an event of a system; Body holds AssignStmt and StopStmt only.
//
//	When = "when" Expr "{" { ( Assign | Stop ) ";" } "}" .
type WhenStmt struct {
	Range
	Doc   string
	Guard Expr
	Body  *Block
}

// AssignStmt resets a state in an event.
//
//	Assign = ident "=" Expr .
type AssignStmt struct {
	Range
	Doc   string
	Name  *Ident
	Value Expr
}

// StopStmt ends the solve of a sample.
//
//	Stop = "stop" .
type StopStmt struct {
	Range
	Doc string
}

// ColumnStmt declares columns of a data block; Value may be nil.
//
//	Column = Names Type [ "=" Expr ] .
type ColumnStmt struct {
	Range
	Doc   string
	Names []*Ident
	Type  *Type
	Value Expr
}

// MinimizeStmt is the objective of a recipe, per sample.
//
//	Minimize = "minimize" Expr .
type MinimizeStmt struct {
	Range
	Doc   string
	Value Expr
}

// CheckStmt is an expectation of a test.
//
//	Check = "check" Expr .
type CheckStmt struct {
	Range
	Doc   string
	Value Expr
}

// SettingStmt sets an option of the block it stands in. Value may be a *TaggedExpr here and
// nowhere else.
//
//	Setting = key ":" ( Expr | Tagged ) .   (key = any identifier or keyword)
type SettingStmt struct {
	Range
	Doc   string
	Key   *Ident
	Value Expr
}

func (*ImportDecl) decl() {}
func (*ConstDecl) decl()  {}
func (*DimDecl) decl()    {}
func (*FuncDecl) decl()   {}
func (*ModelDecl) decl()  {}
func (*SystemDecl) decl() {}
func (*SolverDecl) decl() {}
func (*HyperDecl) decl()  {}
func (*MethodDecl) decl() {}
func (*DataDecl) decl()   {}
func (*TrainDecl) decl()  {}
func (*TestDecl) decl()   {}
func (*TargetDecl) decl() {}

func (*LayerStmt) stmt()    {}
func (*ParamStmt) stmt()    {}
func (*DefineStmt) stmt()   {}
func (*ReturnStmt) stmt()   {}
func (*StateStmt) stmt()    {}
func (*InputStmt) stmt()    {}
func (*ContextStmt) stmt()  {}
func (*EquationStmt) stmt() {}
func (*QuantityStmt) stmt() {}
func (*WhenStmt) stmt()     {}
func (*AssignStmt) stmt()   {}
func (*StopStmt) stmt()     {}
func (*ColumnStmt) stmt()   {}
func (*MinimizeStmt) stmt() {}
func (*CheckStmt) stmt()    {}
func (*SettingStmt) stmt()  {}

// Declarations are complained about at their name.

func (d *ImportDecl) At() diag.Span  { return d.Name.Span() } // At is the name.
func (d *ConstSpec) At() diag.Span   { return d.Name.Span() } // At is the name.
func (d *DimDecl) At() diag.Span     { return d.Name.Span() } // At is the name.
func (d *FuncDecl) At() diag.Span    { return d.Name.Span() } // At is the name.
func (d *ModelDecl) At() diag.Span   { return d.Name.Span() } // At is the name.
func (d *SystemDecl) At() diag.Span  { return d.Name.Span() } // At is the name.
func (d *SolverDecl) At() diag.Span  { return d.Name.Span() } // At is the name.
func (d *HyperDecl) At() diag.Span   { return d.Name.Span() } // At is the name.
func (d *MethodDecl) At() diag.Span  { return d.Name.Span() } // At is the name.
func (d *DataDecl) At() diag.Span    { return d.Name.Span() } // At is the name.
func (d *TrainDecl) At() diag.Span   { return d.Name.Span() } // At is the name.
func (d *TestDecl) At() diag.Span    { return d.Name.Span() } // At is the name.
func (s *SettingStmt) At() diag.Span { return s.Key.Span() }  // At is the key.
