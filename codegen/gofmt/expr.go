package gofmt

// node is an expression.
type node struct {
	kind nodeKind
	prec int    // of a binary operator
	text string // of a leaf, an operator, what is selected, the braces of a literal on several lines
	x, y *node  // operands; of a slice its bounds, nil for none
	of   *node  // what is called, indexed, sliced
	args *node  // the first of a list; nil for none
	next *node  // in the list that it is in
}

type nodeKind uint8

const (
	leaf nodeKind = iota
	unary
	binary
	paren
	selected
	indexed
	sliced
	called
	array     // [x]y
	composite // of{args}
	keyed     // x: y
	spread    // x...
)

func (l *layout) new(n node) *node {
	if len(l.nodes) == cap(l.nodes) {
		l.nodes = make([]node, 0, max(24, 2*cap(l.nodes))) // pointers into the old ones stay
	}
	l.nodes = append(l.nodes, n)
	return &l.nodes[len(l.nodes)-1]
}

// exprs are expressions with commas between them: the first one.
func (l *layout) exprs() *node {
	first := l.expr()
	for last := first; l.is(","); last = last.next {
		l.next()
		last.next = l.expr()
	}
	return first
}

func (l *layout) expr() *node { return l.binary(1) }

// binary is an expression whose operators bind at least as strongly as prec.
func (l *layout) binary(prec int) *node {
	x := l.unary()
	for l.tok.kind == sign {
		op := l.tok.text
		p := precedence(op)
		if p < prec {
			break
		}
		l.next()
		y := l.binary(p + 1)
		if y.kind == unary && (op == y.text || op == "/" && y.text == "*" || op == "&" && y.text == "^") {
			panic(unknown) // what would be another token without a space
		}
		x = l.new(node{kind: binary, prec: p, text: op, x: x, y: y})
	}
	return x
}

func (l *layout) unary() *node {
	if l.tok.kind == sign {
		switch op := l.tok.text; op {
		case "-", "+", "!", "&", "*", "^":
			l.next()
			x := l.unary()
			if x.kind == unary && (op == x.text || op == "&") {
				panic(unknown)
			}
			return l.new(node{kind: unary, text: op, x: x})
		}
	}
	return l.primary()
}

func (l *layout) primary() *node {
	var x *node
	switch {
	case l.tok.kind == word:
		switch l.tok.text {
		case "struct", "map", "chan", "interface", "range":
			panic(unknown)
		case "func":
			x = l.new(node{text: l.function()})
		default:
			x = l.new(node{text: l.tok.text})
			l.next()
		}
	case l.tok.kind == literal:
		x = l.new(node{text: l.tok.text})
		l.next()
	case l.is("("):
		header := l.header
		l.header = false
		l.next()
		x = l.new(node{kind: paren, x: l.expr()})
		l.expect(")")
		l.header = header
	case l.is("["):
		x = l.typ()
		if !l.is("{") && !l.is("(") {
			return x
		}
	default:
		panic(unknown)
	}
	for l.tok.kind == sign {
		switch l.tok.text {
		case ".":
			l.next()
			x = l.new(node{kind: selected, of: x, text: l.take(word)})
		case "(":
			x = l.new(node{kind: called, of: x, args: l.enclosed("(", ")", l.expr)})
		case "[":
			x = l.bracketed(x)
		case "{":
			if l.header || x.kind != leaf && x.kind != selected && x.kind != array && x.kind != indexed {
				return x
			}
			x = l.literal(x)
		default:
			return x
		}
	}
	return x
}

// function is the text of a function literal.
func (l *layout) function() string {
	out, nodes, header := l.out, l.nodes, l.header
	l.out, l.nodes, l.header = nil, nil, false
	l.next()
	l.text("func")
	l.signature()
	if l.spans() {
		l.funcs++
		l.expect("{")
		l.expect("\n")
		l.text(" {")
		l.rest()
		l.broken = l.row
	} else {
		l.oneLine(len(l.out))
	}
	text := string(l.out)
	l.out, l.nodes, l.header = out, nodes, header
	return text
}

// enclosed is a list in parentheses or braces: the first of it, nil for none.
func (l *layout) enclosed(open, shut string, one func() *node) (first *node) {
	var last *node
	header := l.header
	l.header = false
	l.expect(open)
	for !l.is(shut) {
		if last != nil {
			l.expect(",")
		}
		x := one()
		if l.is("...") {
			l.next()
			x = l.new(node{kind: spread, x: x})
		}
		if last == nil {
			first = x
		} else {
			last.next = x
		}
		last = x
	}
	l.header = header
	l.next()
	return first
}

// element is one of a composite literal.
func (l *layout) element() *node {
	x := l.part()
	if !l.is(":") {
		return x
	}
	l.next()
	return l.new(node{kind: keyed, x: x, y: l.part()})
}

// part is an expression, or a literal without its type.
func (l *layout) part() *node {
	if l.is("{") {
		return l.literal(nil)
	}
	return l.expr()
}

// bracketed is an index or a slice of x.
func (l *layout) bracketed(x *node) *node {
	header := l.header
	l.header = false
	l.expect("[")
	var lo, hi *node
	if !l.is(":") {
		lo = l.expr()
	}
	if l.is("]") {
		l.next()
		l.header = header
		return l.new(node{kind: indexed, of: x, x: lo})
	}
	l.expect(":")
	if !l.is("]") {
		hi = l.expr()
	}
	l.expect("]")
	l.header = header
	return l.new(node{kind: sliced, of: x, x: lo, y: hi})
}

// typ is a type: a name, a pointer, an array or a slice.
func (l *layout) typ() *node {
	switch {
	case l.is("*"):
		l.next()
		return l.new(node{kind: unary, text: "*", x: l.typ()})
	case l.is("["):
		l.next()
		var n *node
		if !l.is("]") {
			n = l.expr()
		}
		l.expect("]")
		return l.new(node{kind: array, x: n, y: l.typ()})
	}
	if isTypeWord(l.tok.text) {
		panic(unknown)
	}
	x := l.new(node{text: l.take(word)})
	for l.is(".") {
		l.next()
		x = l.new(node{kind: selected, of: x, text: l.take(word)})
	}
	if l.is("[") {
		x = l.bracketed(x)
	}
	return x
}

// isTypeWord reports whether a word begins a type that is not laid out here.
func isTypeWord(s string) bool {
	switch s {
	case "func", "struct", "map", "chan", "interface":
		return true
	}
	return false
}

// bare is x, around which gofmt would leave no parentheses.
func (l *layout) bare(x *node) *node {
	if x.kind == paren {
		panic(unknown)
	}
	return x
}

func (l *layout) printedList(first *node, depth int) {
	for x := first; x != nil; x = x.next {
		if x != first {
			l.text(", ")
		}
		l.printed(x, depth)
	}
}

// printed prints an expression. Depth says how deep in others it is: from 2 on there are no blanks around arithmetic. See
// binaryExpr of go/printer.
func (l *layout) printed(x *node, depth int) {
	switch x.kind {
	case leaf:
		l.text(x.text)
	case unary:
		l.text(x.text)
		if x.text == "*" {
			depth = 1
		}
		l.printed(x.x, depth)
	case binary:
		l.printedBinary(x, depth)
	case paren:
		if x.x.kind == paren {
			l.printed(x.x, depth)
			return
		}
		l.text("(")
		l.printed(x.x, max(depth-1, 1))
		l.text(")")
	case selected:
		l.printed(x.of, depth)
		l.text(".")
		l.text(x.text)
	case indexed:
		l.printed(x.of, 1)
		l.text("[")
		l.printed(x.x, depth+1)
		l.text("]")
	case sliced:
		l.printed(x.of, 1)
		l.text("[")
		blank := ""
		if depth <= 1 && x.x != nil && x.y != nil && (x.x.kind == binary || x.y.kind == binary) {
			blank = " "
		}
		if x.x != nil {
			l.printed(x.x, depth+1)
			l.text(blank)
		}
		l.text(":")
		if x.y != nil {
			l.text(blank)
			l.printed(x.y, depth+1)
		}
		l.text("]")
	case called:
		if x.args != nil && x.args.next != nil {
			depth++
		}
		l.printed(x.of, depth)
		l.text("(")
		l.printedList(x.args, depth)
		l.text(")")
	case array:
		l.text("[")
		if x.x != nil {
			l.printed(x.x, 1)
		}
		l.text("]")
		l.printed(x.y, 1)
	case spread:
		l.printed(x.x, depth)
		l.text("...")
	case composite:
		if x.of != nil {
			l.printed(x.of, depth)
		}
		if x.text != "" {
			l.text(x.text)
			return
		}
		l.text("{")
		l.printedList(x.args, 1)
		l.text("}")
	case keyed:
		l.printed(x.x, 1)
		l.text(": ")
		l.printed(x.y, 1)
	}
}

func (l *layout) printedBinary(x *node, depth int) {
	has4, has5 := levels(x)
	cutoff := 4
	switch {
	case depth > 1:
	case has4 && has5:
		cutoff = 5
	default:
		cutoff = 6
	}
	l.printedAt(x, cutoff, depth)
}

func (l *layout) printedAt(x *node, cutoff, depth int) {
	left := depth + 1
	if x.x.kind == binary && x.x.prec == x.prec {
		left = depth
	}
	l.printed(x.x, left)
	if x.prec < cutoff {
		l.text(" ")
		l.text(x.text)
		l.text(" ")
	} else {
		l.text(x.text)
	}
	l.printed(x.y, depth+1)
}

// levels reports which levels of arithmetic a binary expression has, outside of parentheses.
func levels(x *node) (has4, has5 bool) {
	has4, has5 = x.prec == 4, x.prec == 5
	for _, y := range []*node{x.x, x.y} {
		if y.kind == binary {
			h4, h5 := levels(y)
			has4, has5 = has4 || h4, has5 || h5
		}
	}
	return has4, has5
}
