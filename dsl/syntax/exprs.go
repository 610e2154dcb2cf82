package syntax

import "ndec.dev/ndec/ir/diag"

// Expr is an expression.
//
//	Expr    = Pipe .   (binary operators by the precedences in token.go)
//	Unary   = ( "-" | "!" ) Unary | Power .
//	Power   = Primary [ "^" Unary ] .
//	Primary = Operand { Call | Index | Selector | LitBody } .
//	Operand = number | string | ident | "true" | "false" | "(" Expr ")" | List | Der | LitBody .
type Expr interface {
	Node
	expr()
}

// Ident is a name; in keys and after a dot it may be a keyword. The name of a declaration of an imported
// package has that of the package before it: "phys.Pendulum".
//
//	ident = letter { letter | digit | "_" } .
type Ident struct {
	Range
	Name string
}

// LitKind is the kind of a basic literal.
type LitKind uint8

// The kinds of basic literals.
const (
	IntLit LitKind = iota
	FloatLit
	StringLit
	BoolLit
)

// BasicLit is a number, string or truth value. Text is the source text; Int, Float and Str give
// the value.
type BasicLit struct {
	Range
	Kind LitKind
	Text string
}

// ParenExpr is an expression in parentheses.
//
//	Paren = "(" Expr ")" .
type ParenExpr struct {
	Range
	X Expr
}

// UnaryExpr is -x or !x.
type UnaryExpr struct {
	Range
	Op    Token // Sub, Not
	OpPos diag.Span
	X     Expr
}

// BinaryExpr is x op y, for every binary operator except "|>" and "..".
type BinaryExpr struct {
	Range
	Op    Token
	OpPos diag.Span
	X, Y  Expr
}

// BoundsExpr is lo < x < hi (or <=), allowed as a constraint after "where".
type BoundsExpr struct {
	Range
	Lo           Expr
	LoOp         Token // Lss, Leq, Gtr or Geq
	X            Expr
	HiOp         Token // Lss, Leq, Gtr or Geq
	Hi           Expr
	LoPos, HiPos diag.Span // of the operators
}

// RangeExpr is lo..hi.
type RangeExpr struct {
	Range
	Lo, Hi Expr
	OpPos  diag.Span
}

// PipeExpr is a pipeline. The value of X, then of each stage, becomes the first argument of the
// next stage.
//
//	Pipe = Expr { "|>" Expr } .
type PipeExpr struct {
	Range
	X      Expr
	Stages []*Stage // at least one
}

// Stage is one step of a pipeline: a name, or a call that lacks its first argument.
type Stage struct {
	Range           // from "|>" on
	Pipe  diag.Span // of "|>"
	Fn    Expr
}

// CallExpr is a call.
//
//	Call = "(" [ Arg { "," Arg } ] ")" .
type CallExpr struct {
	Range
	Fn   Expr
	Open diag.Span // of "("
	Args []*Arg
	End  diag.Span // of ")"
}

// Arg is an argument; Key is nil for positional ones.
//
//	Arg = [ key ":" ] Expr .
type Arg struct {
	Range
	Key   *Ident
	Value Expr
}

// IndexExpr is x[i] or x[a:b], a subscript for each axis.
//
//	Index = "[" Sub { "," Sub } "]" .
type IndexExpr struct {
	Range
	X    Expr
	Open diag.Span // of "["
	Subs []*Subscript
	End  diag.Span // of "]"
}

// Subscript is an index (in Lo) or, with Slice, a:b, where Lo and Hi may be nil.
//
//	Sub = Expr | [ Expr ] ":" [ Expr ] .
type Subscript struct {
	Range
	Slice  bool
	Lo, Hi Expr
}

// SelectorExpr is x.name.
//
//	Selector = "." ident .
type SelectorExpr struct {
	Range
	X    Expr
	Name *Ident
}

// LitExpr is name{key: value, …}: solvers, systems with their starts, options. Name is an *Ident,
// a *SelectorExpr, or nil as in by: {train: a, eval: b}.
//
//	Literal = ident { "." ident } LitBody .
//	LitBody = "{" [ Elem { ( "," | ";" ) Elem } ] "}" .
type LitExpr struct {
	Range
	Name  Expr
	Open  diag.Span // of "{"
	Elems []*Elem
	End   diag.Span // of "}"
}

// Elem is an element of a literal. {x} is short for {x: x}: then Short is true and Key and Value
// are both x. Key is nil for other elements without one.
//
//	Elem = key ":" Expr | Expr .
type Elem struct {
	Range
	Key   *Ident
	Value Expr
	Short bool
}

// ListExpr is [a, b, …], possibly empty.
//
//	List = "[" [ Expr { "," Expr } ] "]" .
type ListExpr struct {
	Range
	Elems []Expr
	End   diag.Span // of "]"
}

// DerExpr is der(x) inside an expression: the derivative that the base of a hypersolver computed.
//
//	Der = "der" "(" ident ")" .
type DerExpr struct {
	Range
	State *Ident
}

// TaggedExpr is a word and a literal, as in params: seed 1.
//
//	Tagged = ident ( number | string ) .
type TaggedExpr struct {
	Range
	Tag   *Ident
	Value *BasicLit
}

func (*Ident) expr()        {}
func (*BasicLit) expr()     {}
func (*ParenExpr) expr()    {}
func (*UnaryExpr) expr()    {}
func (*BinaryExpr) expr()   {}
func (*BoundsExpr) expr()   {}
func (*RangeExpr) expr()    {}
func (*PipeExpr) expr()     {}
func (*CallExpr) expr()     {}
func (*IndexExpr) expr()    {}
func (*SelectorExpr) expr() {}
func (*LitExpr) expr()      {}
func (*ListExpr) expr()     {}
func (*DerExpr) expr()      {}
func (*TaggedExpr) expr()   {}

func (e *UnaryExpr) At() diag.Span    { return e.OpPos }                        // At is the operator.
func (e *BinaryExpr) At() diag.Span   { return e.OpPos }                        // At is the operator.
func (e *BoundsExpr) At() diag.Span   { return e.LoPos }                        // At is the first operator.
func (e *RangeExpr) At() diag.Span    { return e.OpPos }                        // At is the "..".
func (e *PipeExpr) At() diag.Span     { return e.Stages[len(e.Stages)-1].Pipe } // At is the last "|>".
func (s *Stage) At() diag.Span        { return s.Pipe }                         // At is the "|>".
func (e *CallExpr) At() diag.Span     { return e.Open }                         // At is the "(".
func (e *SelectorExpr) At() diag.Span { return e.Name.Span() }                  // At is the name after the dot.
func (e *LitExpr) At() diag.Span      { return e.Open }                         // At is the "{".
