package syntax

import (
	"fmt"

	"ndec.dev/ndec/ir/diag"
)

const (
	maxNesting = 250  // brackets and unary operators within each other
	maxChain   = 1000 // operators, calls or stages in a row
)

// nested runs parse one level deeper, so that no input can use up the stack.
func (p *parser) nested(parse func() Expr) Expr {
	p.depth++
	if p.depth > maxNesting {
		p.fail("NDE0109", p.cur().span, "expressions are nested more than %d deep: name parts of it with :=", maxNesting)
	}
	e := parse()
	p.depth--
	return e
}

// chained fails when an expression is too long for the recursion of later phases.
func (p *parser) chained(n int) {
	if n > maxChain {
		p.fail("NDE0109", p.cur().span, "more than %d operators in a row: name parts of the expression with :=", maxChain)
	}
}

// expr reads an expression.
func (p *parser) expr() Expr { return p.binary(precPipe) }

// inBrackets reads an expression within brackets, where "{" begins a literal again.
func (p *parser) inBrackets() Expr {
	noLit := p.noLit
	p.noLit = false
	e := p.expr()
	p.noLit = noLit
	return e
}

// binary reads operators that bind at least as tightly as prec, by precedence climbing.
func (p *parser) binary(prec int) Expr {
	start := p.pos()
	if prec == precUnary {
		return p.unary()
	}
	x := p.binary(prec + 1)
	rows := tokenRows()
	for n := 1; ; n++ {
		op := p.cur()
		if rows[op.tok].prec != prec {
			return x
		}
		p.chained(n)
		p.advance()
		y := p.nested(func() Expr { return p.binary(prec + 1) })
		switch {
		case prec == precPipe:
			x = p.pipe(x, op.span, y, start)
		case prec == precRange:
			if n > 1 {
				p.fail("NDE0115", op.span, "a range has two ends: put parentheses, or write a..b")
			}
			x = &RangeExpr{Range: p.from(start), Lo: x, Hi: y, OpPos: op.span}
		case prec == precCompare && n > 1:
			b := p.between(x, op, y, start)
			if b == nil {
				p.fail("NDE0115", op.span, "comparisons cannot be chained, except as bounds a < x < b after where: join two of them with &&")
			}
			x = b
		default:
			x = &BinaryExpr{Range: p.from(start), Op: op.tok, OpPos: op.span, X: x, Y: y}
		}
	}
}

// pipe adds a stage to a pipeline, or begins one.
func (p *parser) pipe(x Expr, at diag.Span, fn Expr, start diag.Pos) Expr {
	stage := &Stage{Range: p.from(at.Start), Pipe: at, Fn: fn}
	if pipe, ok := x.(*PipeExpr); ok {
		pipe.Stages = append(pipe.Stages, stage)
		pipe.Range = p.from(start)
		return pipe
	}
	return &PipeExpr{Range: p.from(start), X: x, Stages: []*Stage{stage}}
}

// between makes lo < x < hi of lo < x and what follows; nil where that is not allowed.
func (p *parser) between(x Expr, op lexeme, hi Expr, start diag.Pos) Expr {
	order := func(t Token) bool { return t == Lss || t == Leq || t == Gtr || t == Geq }
	first, ok := x.(*BinaryExpr)
	if !p.bounds || !ok || !order(first.Op) || !order(op.tok) {
		return nil
	}
	return &BoundsExpr{Range: p.from(start), Lo: first.X, LoOp: first.Op, LoPos: first.OpPos, X: first.Y,
		HiOp: op.tok, HiPos: op.span, Hi: hi}
}

// unary reads "-" and "!".
func (p *parser) unary() Expr {
	op := p.cur()
	if op.tok != Sub && op.tok != Not {
		return p.power()
	}
	p.advance()
	x := p.nested(p.unary)
	return &UnaryExpr{Range: p.from(op.span.Start), Op: op.tok, OpPos: op.span, X: x}
}

// power reads x^y, which binds to the right and tighter than unary minus on its left.
func (p *parser) power() Expr {
	start := p.pos()
	x := p.primary()
	if op := p.cur(); p.accept(Pow) {
		y := p.nested(p.unary)
		return &BinaryExpr{Range: p.from(start), Op: Pow, OpPos: op.span, X: x, Y: y}
	}
	return x
}

// primary reads an operand and the calls, indices, selectors and literal bodies after it.
func (p *parser) primary() Expr {
	start := p.pos()
	x := p.operand()
	for n := 1; ; n++ {
		p.chained(n)
		switch p.tok() {
		case LParen:
			x = p.call(x, start)
		case LBrack:
			x = p.index(x, start)
		case Dot:
			p.advance()
			if id, ok := x.(*Ident); ok && p.imports[id.Name] {
				x = p.within(id)
				continue
			}
			if !p.isWord() {
				p.unexpected("a name after \".\"")
			}
			name := p.word()
			x = &SelectorExpr{Range: p.from(start), X: x, Name: name}
		case LBrace:
			if p.noLit || !isName(x) {
				return x
			}
			x = p.literal(x, start)
		default:
			return x
		}
	}
}

// isName reports whether e is a name or a dotted one, after which "{" begins a literal.
func isName(e Expr) bool {
	for {
		switch x := e.(type) {
		case *Ident:
			return true
		case *SelectorExpr:
			e = x.X
		default:
			return false
		}
	}
}

// operand reads the smallest expressions.
func (p *parser) operand() Expr {
	l := p.cur()
	switch l.tok {
	case Int, Float, String:
		return p.basicLit()
	case Name:
		return p.word()
	case LParen:
		return p.nested(p.paren)
	case LBrack:
		return p.nested(p.list)
	case LBrace:
		if p.noLit {
			p.unexpected("an expression")
		}
		return p.literal(nil, l.span.Start)
	case Keyword:
		return p.keywordOperand()
	case Pipe:
		p.unexpected("an expression before \"|>\"")
	}
	if l.tok == Mul && p.at > 0 && p.lexemes[p.at-1].tok == Mul {
		p.fail("NDE0110", l.span, "expected an expression, found %s; a power is written x^y", l.describe())
	}
	p.unexpected("an expression")
	return nil
}

// keywordOperand reads true, false, der(x), and names like test.loss, where the dot tells that no
// statement is meant.
func (p *parser) keywordOperand() Expr {
	l := p.cur()
	switch {
	case l.text == "true" || l.text == "false":
		return p.basicLit()
	case p.peek() == Dot:
		return p.word()
	case l.text == "der":
		p.advance()
		x := p.stateInParens("der")
		return &DerExpr{Range: p.from(l.span.Start), State: x}
	case l.text == "if" || l.text == "func" || l.text == "for":
		p.fail("NDE0116", l.span, "%q is no expression of this language: choose values with select(c, a, b)", l.text)
	}
	p.keywordAsName()
	return p.word()
}

// basicLit takes a literal token, which the caller has seen.
func (p *parser) basicLit() *BasicLit {
	l := p.advance()
	kind := map[Token]LitKind{Int: IntLit, Float: FloatLit, String: StringLit, Keyword: BoolLit}[l.tok]
	return &BasicLit{Range: Range{l.span}, Kind: kind, Text: l.text}
}

func (p *parser) paren() Expr {
	open := p.advance().span
	x := p.inBrackets()
	p.accept(Semi)
	if p.tok() != RParen {
		p.mustBeOpen(open, "parenthesis")
		p.unexpected(fmt.Sprintf("%q to close the one opened at %d:%d", ")", open.Start.Line, open.Start.Col))
	}
	p.advance()
	return &ParenExpr{Range: p.from(open.Start), X: x}
}

func (p *parser) list() Expr {
	open := p.advance().span
	e := &ListExpr{}
	for p.tok() != RBrack {
		p.mustBeOpen(open, "bracket")
		e.Elems = append(e.Elems, p.inBrackets())
		p.separator(RBrack, "element")
	}
	e.End = p.advance().span
	e.Range = p.from(open.Start)
	return e
}

func (p *parser) call(fn Expr, start diag.Pos) Expr {
	e := &CallExpr{Fn: fn, Open: p.advance().span}
	for p.tok() != RParen {
		p.mustBeOpen(e.Open, "parenthesis")
		a := &Arg{}
		argStart := p.pos()
		if p.isKey() {
			a.Key = p.word()
			p.advance()
		}
		a.Value = p.nested(p.inBrackets)
		a.Range = p.from(argStart)
		e.Args = append(e.Args, a)
		if id, ok := a.Value.(*Ident); ok && p.tok() == Assign {
			p.fail("NDE0118", p.cur().span, "arguments have a colon: %s: ...; options of solvers, optimizers and sources also stand in braces: adam{lr: 0.01}, dopri5{rtol: 1e-4}", id.Name)
		}
		p.separator(RParen, "argument")
	}
	e.End = p.advance().span
	e.Range = p.from(start)
	return e
}

func (p *parser) index(x Expr, start diag.Pos) Expr {
	e := &IndexExpr{X: x, Open: p.advance().span}
	for p.tok() != RBrack {
		p.mustBeOpen(e.Open, "bracket")
		e.Subs = append(e.Subs, p.subscript())
		p.separator(RBrack, "index")
	}
	if len(e.Subs) == 0 {
		p.unexpected("an index")
	}
	e.End = p.advance().span
	e.Range = p.from(start)
	return e
}

func (p *parser) subscript() *Subscript {
	s := &Subscript{}
	start := p.pos()
	if p.tok() != Colon {
		s.Lo = p.nested(p.inBrackets)
	}
	if p.accept(Colon) {
		s.Slice = true
		if t := p.tok(); t != Comma && t != RBrack && t != Semi {
			s.Hi = p.nested(p.inBrackets)
		}
	}
	s.Range = p.from(start)
	return s
}

// literal reads the body of a literal; name is nil for one without.
func (p *parser) literal(name Expr, start diag.Pos) Expr {
	e := &LitExpr{Name: name, Open: p.advance().span}
	for p.tok() != RBrace {
		p.mustBeOpen(e.Open, "literal")
		e.Elems = append(e.Elems, p.elem())
		if el := e.Elems[len(e.Elems)-1]; el.Short && p.tok() == Assign {
			p.failFix("NDE0118", p.cur().span, ":", "options have a colon: write %s: ...", el.Key.Name)
		}
		if !p.accept(Comma) && !p.accept(Semi) && p.tok() != RBrace {
			p.mustBeOpen(e.Open, "literal")
			p.unexpected("\",\", a new line or \"}\" after the element")
		}
	}
	e.End = p.advance().span
	e.Range = p.from(start)
	return e
}

// wordAlone reports whether a value is a single keyword, as in part: test. Choices of options are names that no
// declaration has, so that keywords may be among them.
func (p *parser) wordAlone() bool {
	l := p.cur()
	if l.tok != Keyword || l.text == "true" || l.text == "false" {
		return false
	}
	next := p.peek()
	return next == Comma || next == Semi || next == RBrace
}

func (p *parser) elem() *Elem {
	e := &Elem{}
	start := p.pos()
	if p.isKey() {
		e.Key = p.word()
		p.advance()
		if p.wordAlone() {
			e.Value = p.word()
		} else {
			e.Value = p.nested(p.inBrackets)
		}
	} else {
		e.Value = p.nested(p.inBrackets)
		if id, ok := e.Value.(*Ident); ok {
			e.Key, e.Short = id, true
		}
	}
	e.Range = p.from(start)
	return e
}
