package syntax

// Token is a lexical token.
type Token uint8

// The tokens. Keywords are one token, told apart by their text.
const (
	EOF Token = iota
	Bad       // the scanner has complained about it already

	Name
	Keyword
	Int
	Float
	String

	Pipe   // |>
	DotDot // ..
	LOr    // ||
	LAnd   // &&
	Eql    // ==
	Neq    // !=
	Lss    // <
	Leq    // <=
	Gtr    // >
	Geq    // >=
	Add    // +
	Sub    // -
	Mul    // *
	Quo    // /
	MatMul // @
	Pow    // ^
	Not    // !

	Tilde  // ~
	Assign // =
	Define // :=
	Colon  // :
	Comma  // ,
	Semi   // ;
	Dot    // .
	LParen // (
	RParen // )
	LBrack // [
	RBrack // ]
	LBrace // {
	RBrace // }
	tokenCount
)

// A tokenRow says how a token is written and, for binary operators, how tightly it binds.
type tokenRow struct {
	text string
	prec int // 0: not a binary operator
}

// Precedences, loosest first. Unary operators bind between "*" and "^".
const (
	precPipe = 1 + iota
	precRange
	precOr
	precAnd
	precCompare
	precAdd
	precMul
	precUnary
	precPow
	precPrimary
)

// tokenRows is the table of tokens.
func tokenRows() [tokenCount]tokenRow {
	return [tokenCount]tokenRow{
		EOF: {"end of file", 0}, Bad: {"bad character", 0}, Name: {"name", 0}, Keyword: {"keyword", 0},
		Int: {"integer", 0}, Float: {"number", 0}, String: {"string", 0},
		Pipe: {"|>", precPipe}, DotDot: {"..", precRange}, LOr: {"||", precOr}, LAnd: {"&&", precAnd},
		Eql: {"==", precCompare}, Neq: {"!=", precCompare}, Lss: {"<", precCompare},
		Leq: {"<=", precCompare}, Gtr: {">", precCompare}, Geq: {">=", precCompare},
		Add: {"+", precAdd}, Sub: {"-", precAdd},
		Mul: {"*", precMul}, Quo: {"/", precMul}, MatMul: {"@", precMul},
		Pow: {"^", precPow}, Not: {"!", 0},
		Tilde: {"~", 0}, Assign: {"=", 0}, Define: {":=", 0}, Colon: {":", 0}, Comma: {",", 0},
		Semi: {";", 0}, Dot: {".", 0}, LParen: {"(", 0}, RParen: {")", 0}, LBrack: {"[", 0},
		RBrack: {"]", 0}, LBrace: {"{", 0}, RBrace: {"}", 0},
	}
}

// String is the token as written, or a word for it.
func (t Token) String() string { return tokenRows()[t].text }

// IsKeyword reports whether name is reserved.
func IsKeyword(name string) bool {
	switch name {
	case "package", "const", "fn", "net", "system", "solver", "hypersolver", "model", "data", "train",
		"target", "layer", "param", "state", "input", "context", "integral", "output", "when", "return",
		"der", "noise", "residual", "minimize", "metric", "for", "where", "stop", "true", "false":
		return true
	case "dim", "method", "check", "import", "test":
		return true
	case "type", "func", "if", "else", "extern", "mode": // for later
		return true
	}
	return false
}
