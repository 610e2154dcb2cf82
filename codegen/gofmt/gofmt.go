// Package gofmt lays out declarations as gofmt does, and those that functions of generated code mostly are without its
// syntax tree and its tables of columns. All declarations of arm one by one take go/format five times as long, and would take
// a third of a compilation: that is why this is not left to it.
//
// It is for functions of plain statements on lines of their own, and structs. What else a declaration may hold (other
// types, comments behind code where blocks begin and end, blank lines, lists of arguments that span lines) is left to go/format
// as a whole, so that the text does not depend on who has laid it out.
package gofmt

import (
	"bytes"
	"go/format"
	"slices"
	"strings"
	"unicode/utf8"
)

// Printer lays out declarations, one at a time. Its zero value is ready.
type Printer struct {
	nodes []node // memory
}

// Append appends a declaration with the comment above it to out. An error says that it is none.
func (p *Printer) Append(out []byte, decl string) ([]byte, error) {
	if out, ok := p.plain(out, decl); ok {
		return out, nil
	}
	text, err := format.Source([]byte(decl))
	return append(out, text...), err
}

// plain appends a function of plain statements; anything else is not ok.
func (p *Printer) plain(before []byte, decl string) (out []byte, ok bool) {
	l := &layout{scanner: scanner{src: decl}, out: before, nodes: p.nodes[:0]}
	defer func() {
		p.nodes = l.nodes
		switch r := recover(); r {
		case nil:
		case unknown:
			out, ok = before, false
		default:
			panic(r)
		}
	}()
	l.next()
	l.decl()
	return l.out, true
}

// layout reads tokens, and prints each statement when it is read.
type layout struct {
	scanner
	out    []byte
	indent int
	row    int    // lines that are begun
	start  int    // of the code of the last one
	noted  remark // the last comment behind code
	nodes  []node // of the expressions of a statement
	header bool   // before the block of a control clause, where no literal may stand
	funcs  int    // literals on several lines so far
	broken int    // the row on which the last of them ends
}

// remark is a comment behind code, and those that stand below each other up to it.
type remark struct {
	row, indent, funcs int
	opens              bool  // behind what begins or ends a block
	ends               []int // where the code of the lines ends
	width              int   // of the longest of them
}

// newline ends a line of code, with the comment behind it. Comments of statements on lines that follow each other stand below
// each other; after a line that begins a block they begin anew.
func (l *layout) newline() {
	if l.tok.kind == comment {
		if l.row == l.broken {
			panic(unknown)
		}
		code := string(l.out[l.start:])
		n := remark{row: l.row, indent: l.indent, funcs: l.funcs, width: utf8.RuneCountInString(code)}
		n.opens = code == "" || strings.HasPrefix(code, "}") || strings.HasPrefix(code, "case ") || strings.HasSuffix(code, "{") || strings.HasSuffix(code, ":")
		pad := 0
		if before := l.noted; before.row > 0 && before.row+1 >= l.row {
			if before.row == l.row || before.opens || n.opens || before.indent != n.indent || before.funcs != n.funcs {
				panic(unknown)
			}
			n.ends = before.ends
			if more := n.width - before.width; more > 0 {
				for i, at := range n.ends {
					at += i * more
					l.out = slices.Insert(l.out, at, blanks(more)...)
					n.ends[i] = at + more
				}
				l.start += len(n.ends) * more
			} else {
				pad, n.width = -more, before.width
			}
		}
		l.out = append(l.out, blanks(pad)...)
		n.ends = append(n.ends, len(l.out))
		l.noted = n
		l.text(" ")
		l.text(l.tok.text)
		l.next()
	}
	l.expect("\n")
}

func blanks(n int) []byte { return bytes.Repeat([]byte{' '}, n) }

func (l *layout) text(s string) { l.out = append(l.out, s...) }

// line begins a line.
func (l *layout) line() {
	l.row++
	l.out = append(l.out, '\n')
	for range l.indent {
		l.out = append(l.out, '\t')
	}
	l.start = len(l.out)
}

// decl is a comment and a function, variable or struct.
func (l *layout) decl() {
	for l.tok.kind == comment {
		if !l.plainDoc() {
			panic(unknown)
		}
		l.text(l.tok.text + "\n")
		l.next()
		l.expect("\n")
	}
	if l.is("var") || l.is("type") {
		if l.is("type") {
			l.structure()
			if l.is("\n") {
				l.next()
			}
		} else {
			l.statement()
		}
		if l.tok.kind != end {
			panic(unknown)
		}
		return
	}
	from := len(l.out)
	l.expect("func")
	l.text("func ")
	if l.is("(") {
		l.fields()
		l.text(" ")
	}
	l.text(l.take(word))
	l.signature()
	switch {
	case !l.is("{"):
	case l.spans():
		l.next()
		l.next()
		l.text(" {")
		l.rest()
	default:
		l.oneLine(len(l.out) - from)
	}
	if l.is("\n") {
		l.next()
	}
	if l.tok.kind != end {
		panic(unknown)
	}
}

// spans reports whether a line ends behind the token.
func (l *layout) spans() bool { return l.at < len(l.src) && l.src[l.at] == '\n' }

// A function stays on one line with this much text and no more statements.
const (
	oneLineText       = 100
	oneLineStatements = 5
)

// oneLine is the body of a function on the line of its head, which has so much text.
func (l *layout) oneLine(size int) {
	l.expect("{")
	l.text(" {")
	row, n := l.row, 0
	for ; !l.is("}"); n++ {
		if n > 0 {
			l.expect(";")
			l.text(";")
			size += 2
		}
		l.text(" ")
		from := len(l.out)
		l.statement()
		size += len(l.out) - from
	}
	if l.row > row || n > oneLineStatements || size > oneLineText {
		panic(unknown)
	}
	if n > 0 {
		l.text(" ")
	}
	l.next()
	l.text("}")
}

// plainDoc reports whether gofmt leaves a line of documentation as it is, whatever stands around it.
func (l *layout) plainDoc() bool {
	t := l.tok.text
	if len(t) < 4 || t[2] != ' ' || !letter(t[3]) {
		return false
	}
	return !strings.ContainsAny(t, "`[\t") && !strings.Contains(t, "''")
}

// signature is the parameters and results of a function.
func (l *layout) signature() {
	l.fields()
	switch {
	case l.is("("):
		l.text(" ")
		l.fields()
	case !l.is("{") && l.tok.kind != end:
		l.text(" ")
		l.printed(l.typ(), 1)
	}
}

// fields is a list of parameters or results in parentheses.
func (l *layout) fields() {
	l.expect("(")
	l.text("(")
	for i := 0; !l.is(")"); i++ {
		if i > 0 {
			l.expect(",")
			l.text(", ")
		}
		if l.tok.kind != word {
			l.printed(l.typ(), 1)
			continue
		}
		if isTypeWord(l.tok.text) {
			panic(unknown)
		}
		l.text(l.take(word)) // a name, or a type without one
		switch {
		case l.is("."):
			l.next()
			l.text(".")
			l.text(l.take(word))
		case !l.is(",") && !l.is(")"):
			l.text(" ")
			if l.is("...") {
				l.next()
				l.text("...")
			}
			l.printed(l.typ(), 1)
		}
	}
	l.next()
	l.text(")")
}

// block is a block, on more than one line.
func (l *layout) block() {
	l.expect("{")
	l.text("{")
	if l.is("\n") || l.tok.kind == comment {
		l.newline()
	}
	l.rest()
}

// rest is a block whose brace and line are read.
func (l *layout) rest() {
	l.indent++
	l.statements("}")
	l.indent--
	l.line()
	l.next()
	l.text("}")
}

// statements are those before a token.
func (l *layout) statements(until ...string) {
	for {
		for _, u := range until {
			if l.is(u) {
				return
			}
		}
		l.line()
		if l.tok.kind == comment {
			if l.behind {
				panic(unknown)
			}
			l.text(l.tok.text)
			l.next()
			l.expect("\n")
			if l.is("case") || l.is("default") {
				panic(unknown) // it may belong to either clause
			}
			continue
		}
		l.statement()
		switch {
		case l.is(";"):
			l.next()
		case l.is("\n"), l.tok.kind == comment:
			l.newline()
		case !l.is("}"):
			panic(unknown)
		}
	}
}

func (l *layout) statement() {
	if l.tok.kind != word {
		if l.is("{") {
			l.block()
		} else {
			l.simple()
		}
		return
	}
	switch t := l.tok.text; t {
	case "return":
		l.next()
		l.text(t)
		if !l.is("\n") && !l.is("}") && !l.is(";") {
			l.text(" ")
			funcs := l.funcs
			l.nodes = l.nodes[:0]
			xs := l.exprs()
			if xs.next != nil && l.funcs > funcs+1 {
				panic(unknown) // such a list may be indented
			}
			l.printedList(xs, 1)
		}
	case "break", "continue":
		l.next()
		l.text(t)
	case "defer", "go":
		l.next()
		l.text(t + " ")
		l.simple()
	case "var":
		l.next()
		l.text("var ")
		l.text(l.take(word))
		for l.is(",") {
			l.next()
			l.text(", ")
			l.text(l.take(word))
		}
		if !l.is("=") {
			l.text(" ")
			l.printed(l.typ(), 1)
		}
		if l.is("=") {
			l.next()
			l.text(" = ")
			l.list(1)
		}
	case "if":
		l.clause("if")
		for l.is("else") {
			l.next()
			l.text(" else ")
			if !l.is("if") {
				l.block()
				return
			}
			l.clause("if")
		}
	case "for":
		l.clause("for")
	case "switch":
		l.header = true
		l.next()
		l.text("switch ")
		if !l.is("{") {
			l.simple()
			l.text(" ")
		}
		l.header = false
		l.expect("{")
		l.text("{")
		l.expect("\n")
		for !l.is("}") {
			l.line()
			if l.is("default") {
				l.next()
				l.text("default")
			} else {
				l.expect("case")
				l.text("case ")
				l.list(1)
			}
			l.expect(":")
			l.text(":")
			if l.is("\n") || l.tok.kind == comment {
				l.newline()
			}
			l.indent++
			l.statements("case", "default", "}")
			l.indent--
		}
		l.next()
		l.line()
		l.text("}")
	case "const", "type", "func", "goto", "select", "fallthrough", "else", "case", "default", "struct", "map", "chan", "interface":
		panic(unknown)
	default:
		l.simple()
	}
}

// clause is an if or for with its block.
func (l *layout) clause(name string) {
	l.next()
	l.text(name + " ")
	l.header = true
	if !l.is("{") {
		if name == "for" && l.is("range") {
			l.ranged()
		} else if !l.is(";") {
			l.simple()
		}
		for n := 0; l.is(";"); n++ {
			l.next()
			l.text("; ")
			if n > 1 || l.is("{") {
				panic(unknown)
			}
			if !l.is(";") {
				l.simple()
			}
		}
		l.text(" ")
	}
	l.header = false
	l.block()
}

func (l *layout) ranged() {
	l.next()
	l.text("range ")
	l.printed(l.bare(l.expr()), 1)
}

// simple is an expression, an assignment, or what counts up or down.
func (l *layout) simple() {
	l.nodes = l.nodes[:0]
	left := l.exprs()
	op := l.tok.text
	switch {
	case l.tok.kind != sign:
	case op == "++" || op == "--":
		l.next()
		l.printed(left, 2)
		l.text(op)
		return
	case op == ":=" || op == "=" || len(op) > 1 && op[len(op)-1] == '=' && precedence(op) == 0:
		l.next()
		if l.is("range") {
			l.printedList(left, 1)
			l.text(" " + op + " ")
			l.ranged()
			return
		}
		right := l.exprs()
		depth := 1
		if left.next != nil && right.next != nil {
			depth = 2
		}
		l.printedList(left, depth)
		l.text(" " + op + " ")
		l.printedList(right, depth)
		return
	}
	if left.next != nil || l.header && left.kind == paren {
		panic(unknown) // in a clause parentheses around a condition fall
	}
	l.printed(left, 1)
}

// list reads and prints expressions.
func (l *layout) list(depth int) {
	l.nodes = l.nodes[:0]
	l.printedList(l.exprs(), depth)
}
