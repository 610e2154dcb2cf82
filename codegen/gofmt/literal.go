package gofmt

import "unicode/utf8"

// mostKey is the longest key whose value is laid out here: with longer ones it depends on the lengths of others whether values
// stand below each other.
const mostKey = 40

// literal is a composite literal of a type, nil where it has none: on one line, or with a line for each element.
func (l *layout) literal(of *node) *node {
	if l.spans() {
		return l.new(node{kind: composite, of: of, text: l.elements()})
	}
	return l.new(node{kind: composite, of: of, args: l.enclosed("{", "}", l.element)})
}

// pair is an element of a literal; without a key it is a value alone.
type pair struct{ key, value string }

// elements are braces with a line for each element. Values of keys on lines that follow each other stand below each other.
func (l *layout) elements() string {
	out, header := l.out, l.header
	l.out, l.header = nil, false
	l.funcs++
	l.expect("{")
	l.expect("\n")
	l.text("{")
	l.indent++
	var below []pair // elements on lines of their own since the last one that spans lines
	keys, n := 0, 0
	for ; !l.is("}"); n++ {
		var p pair
		funcs := l.funcs
		x := l.part()
		if l.is(":") {
			if p.key = l.spelled(x); utf8.RuneCountInString(p.key) > mostKey || l.funcs > funcs {
				panic(unknown)
			}
			l.next()
			x = l.part()
			keys++
		}
		p.value = l.spelled(x)
		l.expect(",")
		l.expect("\n")
		if l.funcs == funcs {
			below = append(below, p)
			continue
		}
		l.below(below)
		l.below([]pair{p})
		below = below[:0]
	}
	if n == 0 || keys > 0 && keys < n {
		panic(unknown)
	}
	l.below(below)
	l.indent--
	l.line()
	l.next()
	l.text("}")
	text := string(l.out)
	l.out, l.header, l.broken = out, header, l.row
	return text
}

// spelled is the text of an expression.
func (l *layout) spelled(x *node) string {
	at := len(l.out)
	l.printed(x, 1)
	text := string(l.out[at:])
	l.out = l.out[:at]
	return text
}

// below prints elements whose values stand below each other.
func (l *layout) below(list []pair) {
	width := 0
	for _, p := range list {
		width = max(width, utf8.RuneCountInString(p.key))
	}
	for _, p := range list {
		l.line()
		if p.key != "" {
			l.text(p.key + ":")
			l.pad(width - utf8.RuneCountInString(p.key))
		}
		l.text(p.value)
		l.text(",")
	}
}
