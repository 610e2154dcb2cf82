package syntax

import (
	"strconv"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// expr writes an expression. depth tells how deep it is within operators and arguments: at depth 1
// operators have spaces, further within only the loosest have, as in a*b + c and f(a+b, c).
func (p *printer) expr(e Expr, depth int) {
	switch e := e.(type) {
	case *Ident:
		p.word(e.Name, e.Place)
	case *BasicLit:
		p.word(p.literalText(e), e.Place)
	case *ParenExpr:
		p.word("(", diag.Span{Start: e.Place.Start, End: e.Place.Start})
		p.expr(e.X, max(depth-1, 1))
		p.word(")", lastByte(e.Place))
	case *UnaryExpr:
		p.word(e.Op.String(), e.OpPos)
		p.expr(e.X, depth)
	case *BinaryExpr:
		p.binary(e, depth, blanksBelow(e, depth))
	case *BoundsExpr:
		p.expr(e.Lo, depth+1)
		p.spaced(e.LoOp.String())
		p.broken(e.LoPos, e.X)
		p.expr(e.X, depth+1)
		p.spaced(e.HiOp.String())
		p.broken(e.HiPos, e.Hi)
		p.expr(e.Hi, depth+1)
	case *RangeExpr:
		p.expr(e.Lo, depth+1)
		p.word("..", e.OpPos)
		p.expr(e.Hi, depth+1)
	case *PipeExpr:
		p.pipe(e, depth)
	case *CallExpr:
		p.expr(e.Fn, depth)
		if len(e.Args) > 1 {
			depth++
		}
		printList(p, "(", ")", e.Open, e.End, e.Args, func(a *Arg) { p.keyed(a.Key, a.Value, depth) })
	case *IndexExpr:
		p.expr(e.X, 1)
		printList(p, "[", "]", e.Open, e.End, e.Subs, func(s *Subscript) { p.subscript(s, depth+1) })
	case *SelectorExpr:
		p.expr(e.X, 1)
		if _, ok := e.X.(*BasicLit); ok { // 0.x would be a number
			p.text(" ")
		}
		p.text(".")
		p.expr(e.Name, 1)
	case *LitExpr:
		if e.Name != nil {
			p.expr(e.Name, 1)
		}
		printList(p, "{", "}", e.Open, e.End, e.Elems, func(x *Elem) {
			if x.Short {
				p.expr(x.Value, 1)
			} else {
				p.keyed(x.Key, x.Value, 1)
			}
		})
	case *ListExpr:
		open := diag.Span{Start: e.Place.Start, End: e.Place.Start}
		printList(p, "[", "]", open, e.End, e.Elems, func(x Expr) {
			if x, ok := x.(*BinaryExpr); ok {
				p.binary(x, 1, precMul) // [a*b + c, 1/2]: elements should not fall apart
				return
			}
			p.expr(x, 1)
		})
	case *DerExpr:
		p.word("der", diag.Span{Start: e.Place.Start, End: e.Place.Start})
		p.text("(")
		p.expr(e.State, 1)
		p.text(")")
	case *TaggedExpr:
		p.expr(e.Tag, 1)
		p.space = true
		p.expr(e.Value, 1)
	}
}

// lastByte is the place of the closing bracket of something that ends with one.
func lastByte(s diag.Span) diag.Span {
	s.Start = s.End
	s.Start.Offset--
	s.Start.Col--
	return s
}

// literalText is the text of a literal; strings over several lines are quoted where one line is
// asked for.
func (p *printer) literalText(b *BasicLit) string {
	if b.Kind != StringLit || !strings.HasPrefix(b.Text, "`") {
		return b.Text
	}
	if s, err := b.Str(); p.flat && err == nil {
		return strconv.Quote(s)
	}
	return b.Text
}

// keyed writes an argument or element with its key, if it has one.
func (p *printer) keyed(key *Ident, value Expr, depth int) {
	if key != nil {
		p.expr(key, 1)
		p.text(":")
		p.space = true
	}
	p.expr(value, depth)
}

func (p *printer) subscript(s *Subscript, depth int) {
	if s.Lo != nil {
		p.expr(s.Lo, depth)
	}
	if s.Slice {
		p.text(":")
		if s.Hi != nil {
			p.expr(s.Hi, depth)
		}
	}
}

// broken keeps a line break of the source between an operator and the operand after it.
func (p *printer) broken(op diag.Span, y Expr) {
	if y.Span().Start.Line > op.End.Line {
		p.wrap()
	}
}

// binary writes x op y; operators of precedence below limit have spaces around them.
func (p *printer) binary(e *BinaryExpr, depth, limit int) {
	prec := tokenRows()[e.Op].prec
	if x, ok := e.X.(*BinaryExpr); ok && tokenRows()[x.Op].prec == prec {
		p.binary(x, depth, limit)
	} else {
		p.expr(e.X, depth+1)
	}
	blank := prec < limit
	p.space = p.space || blank
	p.word(e.Op.String(), e.OpPos)
	p.space = p.space || blank
	p.broken(e.OpPos, e.Y)
	p.expr(e.Y, depth+1)
}

// blanksBelow is the precedence below which the operators of e have spaces around them: all at
// depth 1, but only sums where sums and products meet; within, comparisons and looser ones.
func blanksBelow(e *BinaryExpr, depth int) int {
	sums, products, signs := operators(e)
	switch {
	case signs:
		return precMul // a - -b
	case depth > 1:
		return precAdd
	case sums && products:
		return precMul
	}
	return precUnary
}

// operators reports whether sums and products meet in e without brackets between, and whether
// "-" stands before a sign.
func operators(e *BinaryExpr) (sums, products, signs bool) {
	switch tokenRows()[e.Op].prec {
	case precAdd:
		sums = true
	case precMul:
		products = true
	}
	for _, side := range []Expr{e.X, e.Y} {
		switch x := side.(type) {
		case *BinaryExpr:
			s, pr, si := operators(x)
			sums, products, signs = sums || s, products || pr, signs || si
		case *UnaryExpr:
			signs = signs || side == e.Y && e.Op == Sub && x.Op == Sub
		}
	}
	return sums, products, signs
}

// pipe writes a pipeline; a stage begins a line where the source breaks before or after its "|>".
func (p *printer) pipe(e *PipeExpr, depth int) {
	p.expr(e.X, depth+1)
	end := e.X.Span().End.Line
	for _, s := range e.Stages {
		p.space = true
		if s.Fn.Span().Start.Line > end {
			p.wrap()
		}
		p.word("|>", s.Pipe)
		p.space = true
		p.expr(s.Fn, depth+1)
		end = s.Fn.Span().End.Line
	}
}

// printList writes items between brackets. Where the source breaks the line after the opening
// bracket, items stand one tab further in and the closing bracket on a line of its own; other
// breaks are kept as continued lines. Items of a literal on lines of their own need no commas.
func printList[N Node](p *printer, open, end string, openAt, endAt diag.Span, items []N, print func(N)) {
	p.word(open, openAt)
	block := len(items) > 0 && items[0].Span().Start.Line > openAt.End.Line && !p.flat
	if block {
		p.unwrapped(func() {
			p.indent++
			p.fresh = true
			printItems(p, items, open != "{", block, openAt.End.Line, print)
			p.flush(endAt.Start)
		})
		p.breaks = 0
		p.newline(false)
		p.fresh = false
	} else {
		printItems(p, items, true, block, openAt.End.Line, print)
	}
	p.word(end, endAt)
}

func printItems[N Node](p *printer, items []N, commas, block bool, line int, print func(N)) {
	for i, item := range items {
		at := item.Span()
		onNew := at.Start.Line > line && !p.flat
		if i > 0 {
			if commas || !onNew {
				p.text(",")
			}
			p.space = true
		}
		switch {
		case onNew && block:
			p.begin(at.Start, false)
		case onNew:
			p.wrap()
		}
		if block {
			p.unwrapped(func() { print(item) })
		} else {
			print(item)
		}
		line = at.End.Line
	}
	if block && commas {
		p.text(",")
	}
}
