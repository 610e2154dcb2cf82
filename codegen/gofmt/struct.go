package gofmt

// field is a line of a struct: names, a type and a comment behind it. What is embedded has no name. That of a struct within goes up to its brace.
type field struct {
	names, typ, comment string
	within              []field
	nested              bool
}

// structure is a type that is a struct, with a field on each line.
func (l *layout) structure() {
	l.expect("type")
	l.text("type ")
	l.text(l.take(word))
	l.expect("struct")
	l.expect("{")
	l.expect("\n")
	l.text(" struct {")
	l.columns(l.structFields())
	l.line()
	l.text("}")
}

// structFields are those up to the closing brace, which is read, too.
func (l *layout) structFields() (list []field) {
	for !l.is("}") {
		f := field{names: l.take(word)}
		if l.is("\n") { // embedded
			l.next()
			list = append(list, field{typ: f.names})
			continue
		}
		for l.is(",") {
			l.next()
			f.names += ", " + l.take(word)
		}
		if f.nested = l.is("struct"); f.nested {
			l.next()
			l.expect("{")
			f.typ, f.comment = "struct {", l.remark()
			f.within = l.structFields()
			if l.tok.kind == comment {
				panic(unknown)
			}
			l.expect("\n")
		} else {
			at := len(l.out)
			l.nodes = l.nodes[:0]
			if l.is("func") {
				l.next()
				l.text("func")
				l.fields()
			} else {
				l.printed(l.typ(), 1)
			}
			f.typ, l.out = string(l.out[at:]), l.out[:at]
			f.comment = l.remark()
		}
		list = append(list, f)
	}
	l.next()
	if len(list) == 0 {
		panic(unknown)
	}
	return list
}

// remark ends a line and gives the comment behind its code; "" for none.
func (l *layout) remark() (text string) {
	if l.tok.kind == comment {
		text = l.take(comment)
	}
	l.expect("\n")
	return text
}

// columns prints fields. Types stand below each other up to the next struct within or type embedded, comments on lines that follow each
// other.
func (l *layout) columns(list []field) {
	l.indent++
	for len(list) > 0 {
		n := 1
		for n < len(list) && !list[n-1].nested && list[n-1].names != "" && list[n].names != "" {
			n++
		}
		names, typ := 0, 0
		for _, f := range list[:n] {
			names = max(names, len(f.names))
		}
		for i, f := range list[:n] {
			l.line()
			if f.names != "" {
				l.text(f.names)
				l.pad(names - len(f.names))
			}
			l.text(f.typ)
			if f.comment != "" {
				if i == 0 || list[i-1].comment == "" {
					typ = 0
					for k := i; k < n && list[k].comment != ""; k++ {
						typ = max(typ, len(list[k].typ))
					}
				}
				l.pad(typ - len(f.typ))
				l.text(f.comment)
			}
			if f.nested {
				l.columns(f.within)
				l.line()
				l.text("}")
			}
		}
		list = list[n:]
	}
	l.indent--
}

// pad is the blanks behind a cell that lacks n of the width of its column.
func (l *layout) pad(n int) {
	for range n + 1 {
		l.out = append(l.out, ' ')
	}
}
