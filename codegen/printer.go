package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// printer collects lines of Go. gofmt sets the indentation later.
type printer struct {
	b       strings.Builder
	sources map[string][]string // lines of the source files
	file    string              // of the last source comment, so that none is repeated
	number  int                 // of its line
}

func (p *printer) line(format string, args ...any) {
	if len(args) == 0 {
		p.b.WriteString(format)
	} else {
		fmt.Fprintf(&p.b, format, args...)
	}
	p.b.WriteByte('\n')
}

// words prints a line that is made of texts.
func (p *printer) words(ts ...string) {
	for _, t := range ts {
		p.b.WriteString(t)
	}
	p.b.WriteByte('\n')
}

// text takes what was printed.
func (p *printer) text() string {
	s := p.b.String()
	p.b.Reset()
	p.file = ""
	return strings.TrimRight(s, "\n")
}

// source prints the source line that the following statements come from.
func (p *printer) source(at diag.Span) {
	if !at.IsValid() || at.Start.File == p.file && at.Start.Line == p.number {
		return
	}
	p.file, p.number = at.Start.File, at.Start.Line
	p.line("%s", sourceComment(p.sources, at))
}

// sourceComment is "// moons.nde:6  text". The place comes first, so that no text of the program
// can turn the comment into a directive; control characters are dropped.
func sourceComment(sources map[string][]string, at diag.Span) string {
	if !at.IsValid() {
		return ""
	}
	text := ""
	if lines := sources[at.Start.File]; at.Start.Line-1 < len(lines) {
		text = "  " + clean(strings.TrimSpace(lines[at.Start.Line-1]))
	}
	return strings.TrimRight(fmt.Sprintf("// %s:%d%s", clean(at.Start.File), at.Start.Line, text), " ")
}

// clean drops what could end a comment line or look like something else in it: a comment that begins
// with +build is a constraint even after a space.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, apart.Replace(s))
}

var apart = strings.NewReplacer("*/", "* /", "+build", "+ build")
