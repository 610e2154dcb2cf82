package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// printer collects lines of C++, indented by their braces.
type printer struct {
	b       strings.Builder
	depth   int
	sources map[string][]string // lines of the source files
	last    string              // last source comment, so that none is repeated
}

func (p *printer) line(format string, args ...any) {
	s := format
	if len(args) > 0 {
		s = fmt.Sprintf(format, args...)
	}
	if strings.HasPrefix(s, "}") {
		p.depth--
	}
	if s != "" && !strings.HasPrefix(s, "#") {
		p.b.WriteString(strings.Repeat("\t", p.depth))
	}
	p.b.WriteString(s)
	p.b.WriteByte('\n')
	if code, _, _ := strings.Cut(s, "//"); strings.HasSuffix(strings.TrimRight(code, " "), "{") {
		p.depth++
	}
}

// text takes what was printed.
func (p *printer) text() string {
	s := p.b.String()
	p.b.Reset()
	p.last = ""
	return s
}

// source prints the source line that the following statements come from.
func (p *printer) source(at diag.Span) {
	if !at.IsValid() {
		return
	}
	text := ""
	if lines := p.sources[at.Start.File]; at.Start.Line-1 < len(lines) {
		text = "  " + clean(strings.TrimSpace(lines[at.Start.Line-1]))
	}
	c := strings.TrimRight(fmt.Sprintf("// %s:%d%s", clean(at.Start.File), at.Start.Line, text), ` \`)
	if c == p.last {
		return
	}
	p.last = c
	p.line("%s", c)
}

// clean drops what could end a comment line: control characters and line separators. A backslash at the end
// of a line would join the next one to the comment.
func clean(s string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, s), ` \`)
}
