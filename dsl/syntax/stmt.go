package syntax

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// blockKind tells which statements a block may hold.
type blockKind uint8

const (
	bodyBlock blockKind = iota
	systemBlock
	hyperBlock
	methodBlock
	dataBlock
	trainBlock
	testBlock
	whenBlock
	inputBlock
)

// Statements that begin without a keyword.
const (
	settingStmt = ":"
	defineStmt  = ":="
	assignStmt  = "="
	columnStmt  = "type"
)

// A blockRow names a kind of block and the statements it holds: keywords, or the marks above.
type blockRow struct {
	name  string
	holds []string
}

func (k blockKind) row() blockRow {
	switch k {
	case bodyBlock:
		return blockRow{"a fn, net or model", []string{"layer", "param", "return", defineStmt}}
	case systemBlock:
		return blockRow{"a system", []string{"state", "input", "context", "der", "noise", "integral", "output", "when",
			"layer", "param", defineStmt, settingStmt}}
	case hyperBlock:
		return blockRow{"a hypersolver", []string{"residual", defineStmt, settingStmt}}
	case methodBlock:
		return blockRow{"a method", []string{settingStmt}}
	case dataBlock:
		return blockRow{"a data block", []string{columnStmt, settingStmt}}
	case trainBlock:
		return blockRow{"a train block", []string{"minimize", "metric", defineStmt, settingStmt}}
	case testBlock:
		return blockRow{"a test", []string{"check", defineStmt, settingStmt}}
	case whenBlock:
		return blockRow{"the body of when", []string{"stop", assignStmt}}
	}
	return blockRow{"the options of an input", []string{settingStmt}}
}

// block reads "{" { Stmt ";" } "}".
func (p *parser) block(kind blockKind) *Block {
	if p.tok() == Semi && p.cur().auto && p.peek() == LBrace {
		p.fail("NDE0110", p.cur().span, "expected \"{\" on this line, found the end of the line: write it here")
	}
	open := p.expect(LBrace, "and the block")
	b := &Block{}
	for p.tok() != RBrace {
		p.mustBeOpen(open, "block")
		if p.accept(Semi) {
			continue
		}
		b.Stmts = append(b.Stmts, p.stmt(kind))
		if !p.accept(Semi) && p.tok() != RBrace {
			p.mustBeOpen(open, "block")
			p.unexpected("a new line or \"}\" after the statement")
		}
	}
	p.advance()
	b.Range = p.from(open.Start)
	return b
}

// stmt reads a statement of a block of this kind.
func (p *parser) stmt(kind blockKind) Stmt {
	doc, start := p.doc(), p.pos()
	switch {
	case p.isKey():
		return p.settingStmt(kind, doc)
	case p.tok() == Keyword && p.peek() != Define && p.peek() != Comma && p.peek() != Assign:
		return p.keywordStmt(kind, doc)
	case p.tok() == Keyword && p.cur().text == "stop":
		return p.keywordStmt(kind, doc)
	case !p.isWord():
		p.unexpected("a statement of " + kind.row().name)
	}
	names := p.names("of a value")
	switch {
	case p.tok() == Define:
		p.allow(kind, defineStmt, names[0].Place, "a definition with :=")
		p.advance()
		v := p.expr()
		return &DefineStmt{Range: p.from(start), Doc: doc, Names: names, Value: v}
	case p.tok() == Assign && kind == whenBlock && len(names) == 1:
		p.advance()
		v := p.expr()
		return &AssignStmt{Range: p.from(start), Doc: doc, Name: names[0], Value: v}
	case p.tok() == Assign && kind == systemBlock:
		p.failFix("NDE0118", p.cur().span, ":=", "an equation is written der(x) = ...; to name a value, write %s := ...", names[0].Name)
	case p.tok() == Assign:
		p.failFix("NDE0118", p.cur().span, ":=", "values are named with :=, states are set in when only: write %s := ...", names[0].Name)
	case kind == dataBlock && (p.tok() == LBrack || p.tok() == Name):
		return p.columnStmt(doc, start, names)
	}
	p.noStmt(kind, names)
	return nil
}

// noStmt fails after a name that no statement begins with.
func (p *parser) noStmt(kind blockKind, names []*Ident) {
	name := names[len(names)-1]
	if meant := diag.Suggest(name.Name, kind.row().holds); meant != "" && p.tok() == Name {
		p.fail("NDE0110", name.Place, "expected a statement of %s, found %q%s", kind.row().name, name.Name, diag.Meant(meant))
	}
	switch {
	case kind == systemBlock && (p.tok() == Quo || p.tok() == LParen):
		p.fail("NDE0110", p.cur().span, "expected a statement of %s; an equation is written der(x) = ...", kind.row().name)
	case p.tok() == Name && slices.Contains([]string{"let", "var", "val", "auto"}, name.Name):
		p.fail("NDE0110", name.Place, "a value is named with := alone: write %s := ...", p.cur().text)
	}
	want := map[blockKind]string{
		methodBlock: "\":\" and a value", inputBlock: "\":\" and a value",
		dataBlock: "a type or \":\" and a value", whenBlock: "\"=\" and a value",
	}[kind]
	if want == "" {
		want = "\":=\" and a value"
	}
	p.unexpected(fmt.Sprintf("%s after %q", want, name.Name))
}

// allow fails unless blocks of this kind hold such statements.
func (p *parser) allow(kind blockKind, stmt string, at diag.Span, what string) {
	row := kind.row()
	if slices.Contains(row.holds, stmt) {
		return
	}
	var in []string
	for k := bodyBlock; k <= inputBlock; k++ {
		if slices.Contains(k.row().holds, stmt) {
			in = append(in, k.row().name)
		}
	}
	p.fail("NDE0113", at, "%s cannot stand in %s; it may stand in %s", what, row.name, strings.Join(in, ", "))
}

func (p *parser) settingStmt(kind blockKind, doc string) Stmt {
	start := p.pos()
	if kind == whenBlock {
		p.fail("NDE0117", p.cur().span, "after when and its guard { begins the body: put a literal with { } in the guard in parentheses")
	}
	p.allow(kind, settingStmt, p.cur().span, "the setting \""+p.cur().text+":\"")
	s := &SettingStmt{Doc: doc, Key: p.word()}
	p.advance()
	if t := p.peek(); p.tok() == Name && (t == Int || t == Float || t == String) {
		tagStart := p.pos()
		tag := p.word()
		lit := p.basicLit()
		s.Value = &TaggedExpr{Range: p.from(tagStart), Tag: tag, Value: lit}
	} else {
		s.Value = p.expr()
	}
	s.Range = p.from(start)
	return s
}

func (p *parser) columnStmt(doc string, start diag.Pos, names []*Ident) Stmt {
	s := &ColumnStmt{Doc: doc, Names: names, Type: p.typ()}
	if p.accept(Assign) {
		s.Value = p.expr()
	}
	if p.tok() == LBrace {
		p.fail("NDE0110", p.cur().span, "a column has no options: how rows are read stands in the braces of the source, as in source: csv{path: \"rows.csv\", window: 10}")
	}
	s.Range = p.from(start)
	return s
}

// keywordStmt reads the statements that begin with a keyword.
func (p *parser) keywordStmt(kind blockKind, doc string) Stmt {
	word := p.cur()
	start := word.span.Start
	parse := map[string]func(*parser) Stmt{
		"layer": (*parser).layerStmt, "param": (*parser).paramStmt, "return": (*parser).returnStmt,
		"state": (*parser).stateStmt, "input": (*parser).inputStmt, "context": (*parser).contextStmt,
		"der": (*parser).equationStmt, "noise": (*parser).equationStmt, "residual": (*parser).equationStmt,
		"integral": (*parser).quantityStmt, "output": (*parser).quantityStmt, "metric": (*parser).quantityStmt,
		"when": (*parser).whenStmt, "stop": (*parser).stopStmt,
		"minimize": (*parser).minimizeStmt, "check": (*parser).checkStmt,
	}[word.text]
	switch {
	case word.text == "if" || word.text == "else" || word.text == "for":
		p.fail("NDE0116", word.span, "%q is no statement of this language: choose values with select(c, a, b), apply a net along an axis with map", word.text)
	case parse == nil && declParser(word.text) != nil:
		p.fail("NDE0113", word.span, "%s is a declaration and cannot stand in %s: is a } missing above?", word.text, kind.row().name)
	case parse == nil:
		p.unexpected("a statement of " + kind.row().name)
	}
	p.allow(kind, word.text, word.span, word.text)
	s := parse(p)
	place := p.from(start)
	switch s := s.(type) {
	case *LayerStmt:
		s.Range, s.Doc = place, doc
	case *ParamStmt:
		s.Range, s.Doc = place, doc
	case *ReturnStmt:
		s.Range, s.Doc = place, doc
	case *StateStmt:
		s.Range, s.Doc = place, doc
	case *InputStmt:
		s.Range, s.Doc = place, doc
	case *ContextStmt:
		s.Range, s.Doc = place, doc
	case *EquationStmt:
		s.Range, s.Doc = place, doc
	case *QuantityStmt:
		s.Range, s.Doc = place, doc
	case *WhenStmt:
		s.Range, s.Doc = place, doc
	case *StopStmt:
		s.Range, s.Doc = place, doc
	case *MinimizeStmt:
		s.Range, s.Doc = place, doc
	case *CheckStmt:
		s.Range, s.Doc = place, doc
	}
	return s
}

func (p *parser) layerStmt() Stmt {
	p.advance()
	s := &LayerStmt{Name: p.name("of the layer")}
	p.assign("the layer")
	s.Value = p.expr()
	return s
}

func (p *parser) paramStmt() Stmt {
	p.advance()
	s := &ParamStmt{Name: p.name("of the parameter")}
	s.Type = p.typ()
	switch p.tok() {
	case Tilde:
		s.Random = true
		p.advance()
	case Semi:
		p.unexpected("\"=\" and a start value or \"~\" and a distribution")
	default:
		p.assign("the parameter")
	}
	s.Value = p.expr()
	if p.keyword() == "where" {
		p.advance()
		p.bounds = true
		s.Where = p.expr()
		p.bounds = false
	}
	return s
}

func (p *parser) returnStmt() Stmt {
	p.advance()
	s := &ReturnStmt{Values: []Expr{p.expr()}}
	for p.accept(Comma) {
		s.Values = append(s.Values, p.expr())
	}
	return s
}

func (p *parser) stateStmt() Stmt {
	p.advance()
	s := &StateStmt{Names: p.names("of the state")}
	s.Type = p.typ()
	if p.accept(Assign) {
		s.Value = p.expr()
	}
	return s
}

func (p *parser) inputStmt() Stmt {
	p.advance()
	s := &InputStmt{Names: p.names("of the input")}
	s.Type = p.typ()
	if p.tok() == LBrace {
		s.Config = p.block(inputBlock)
	}
	return s
}

func (p *parser) contextStmt() Stmt {
	p.advance()
	s := &ContextStmt{Names: p.names("of the context")}
	s.Type = p.typ()
	return s
}

func (p *parser) equationStmt() Stmt {
	word := p.advance()
	kind := map[string]EquationKind{"der": Der, "noise": Noise, "residual": Residual}[word.text]
	s := &EquationStmt{Kind: kind, State: p.stateInParens(word.text)}
	p.assign("the equation")
	s.Value = p.expr()
	return s
}

// stateInParens reads "(" ident ")" after a keyword.
func (p *parser) stateInParens(word string) *Ident {
	p.expect(LParen, "and a state after "+word)
	if p.keyword() == "der" {
		p.fail("NDE0110", p.cur().span, "an equation of second order is two of first order, with the velocity as a state: der(q) = v and der(v) = f(q, v)")
	}
	x := p.name("of a state")
	p.expect(RParen, "after the state")
	return x
}

func (p *parser) quantityStmt() Stmt {
	word := p.advance()
	kind := map[string]QuantityKind{"integral": Integral, "output": Output, "metric": Metric}[word.text]
	s := &QuantityStmt{Kind: kind, Name: p.name("of the " + word.text)}
	p.assign("the " + word.text)
	s.Value = p.expr()
	return s
}

func (p *parser) whenStmt() Stmt {
	p.advance()
	s := &WhenStmt{}
	p.noLit = true
	s.Guard = p.expr()
	p.noLit = false
	s.Body = p.block(whenBlock)
	return s
}

func (p *parser) stopStmt() Stmt {
	p.advance()
	return &StopStmt{}
}

func (p *parser) minimizeStmt() Stmt {
	p.advance()
	return &MinimizeStmt{Value: p.expr()}
}

func (p *parser) checkStmt() Stmt {
	p.advance()
	return &CheckStmt{Value: p.expr()}
}
