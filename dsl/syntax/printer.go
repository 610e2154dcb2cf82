package syntax

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"ndec.dev/ndec/ir/diag"
)

// Format is the canonical form of a source file. A file with errors has none: then the result is
// nil and the list says why.
func Format(name string, src []byte) ([]byte, diag.List) {
	f, errs := Parse(name, src)
	if errs.HasErrors() {
		return nil, errs
	}
	var b bytes.Buffer
	if err := Print(&b, f); err != nil {
		errs.Errorf("NDE0110", f.Package.Place, "%v", err)
		return nil, errs
	}
	return b.Bytes(), errs
}

// Print writes a parsed file in canonical form: tabs, one blank line at most, spaces around
// operators by precedence as gofmt does. Line breaks in pipelines, lists and operators stay where
// the source has them. The error is that of w.
func Print(w io.Writer, f *File) error {
	p := &printer{comments: f.Comments, fresh: true}
	p.file(f)
	_, err := w.Write(alignComments(p.buf.Bytes(), p.trailing))
	return err
}

// ExprString is the canonical text of an expression on one line, without comments.
func ExprString(e Expr) string {
	p := &printer{flat: true}
	p.expr(e, 1)
	return p.buf.String()
}

// TypeString is the canonical text of a type on one line.
func TypeString(t *Type) string {
	p := &printer{flat: true}
	p.typ(t)
	return p.buf.String()
}

// printer writes the text of a tree and puts each comment before the first piece of text that
// stood after it. Spaces and line breaks are noted and written with the next text, so that no
// line ends with a space.
type printer struct {
	buf      bytes.Buffer
	comments []*Comment // not yet written
	flat     bool       // all on one line
	indent   int
	wrapped  bool  // the current line is continued with one more tab already
	space    bool  // due before the next text
	breaks   int   // newlines due before the next text
	fresh    bool  // at the beginning of a file or block, where no blank line is kept
	line     int   // of the source, where the last text or comment ended
	trailing []int // offsets in buf of the // comments that stand after text
}

// text writes s after the space or line breaks that are due.
func (p *printer) text(s string) {
	switch {
	case p.breaks > 0:
		p.buf.WriteString(strings.Repeat("\n", p.breaks))
		p.buf.WriteString(strings.Repeat("\t", p.indent))
	case p.space:
		p.buf.WriteByte(' ')
	}
	p.space, p.breaks, p.fresh = false, 0, false
	p.buf.WriteString(s)
}

// lead writes a word and asks for a space after it.
func (p *printer) lead(s string) {
	p.text(s)
	p.space = true
}

// spaced writes s with a space on both sides.
func (p *printer) spaced(s string) {
	p.space = true
	p.text(s)
	p.space = true
}

// word writes text that stood at a place of the source, after the comments before it.
func (p *printer) word(s string, at diag.Span) {
	p.flush(at.Start)
	p.text(s)
	if at.End.Line > p.line {
		p.line = at.End.Line
	}
}

// newline asks for a line break, and a blank line where one is wanted.
func (p *printer) newline(blank bool) {
	if p.flat {
		return
	}
	n := 1
	if blank && !p.fresh {
		n = 2
	}
	if p.buf.Len() > 0 {
		p.breaks = max(p.breaks, n)
	}
}

// wrap asks for a line break within a statement, whose further lines have one more tab.
func (p *printer) wrap() {
	if !p.wrapped && !p.flat {
		p.wrapped = true
		p.indent++
	}
	p.newline(false)
}

// unwrapped runs print with the continuation indent of its own, as items of lists have.
func (p *printer) unwrapped(print func()) {
	indent, wrapped := p.indent, p.wrapped
	p.wrapped = false
	print()
	p.indent, p.wrapped = indent, wrapped
}

// flush writes the comments that stand before pos: on the same line if they were, else on lines
// of their own.
func (p *printer) flush(pos diag.Pos) {
	for len(p.comments) > 0 && p.comments[0].Place.Start.Offset < pos.Offset {
		c := p.comments[0]
		p.comments = p.comments[1:]
		due := 0
		if c.Place.Start.Line > p.line {
			p.newline(c.Place.Start.Line > p.line+1)
		} else if p.buf.Len() > 0 {
			due, p.breaks = p.breaks, 0
			p.space = true
		}
		p.text(c.Text)
		if start := p.buf.Len() - len(c.Text); strings.HasPrefix(c.Text, "//") && start > 0 && p.buf.Bytes()[start-1] == ' ' {
			p.trailing = append(p.trailing, start)
		}
		p.breaks = due
		p.line = c.Place.End.Line
		if strings.HasPrefix(c.Text, "//") {
			p.newline(false)
		} else {
			p.space = true
		}
	}
}

// begin starts a line for something that stood at pos, after the comments before it. Blank lines
// of the source are kept, and one is made where force is true.
func (p *printer) begin(pos diag.Pos, force bool) {
	for len(p.comments) > 0 && p.comments[0].Place.Start.Line <= p.line && p.comments[0].Place.Start.Offset < pos.Offset {
		p.flush(p.comments[0].Place.End) // trailing comments of the line before
	}
	p.newline(force)
	p.flush(pos)
	p.newline(pos.Line > p.line+1)
	p.line = pos.Line
}

// end writes a closing bracket on a line of its own, one tab less than the lines before it.
func (p *printer) end(s string, at diag.Span) {
	p.flush(at.Start)
	p.indent--
	p.breaks = 0
	p.newline(false)
	p.fresh = false
	p.word(s, at)
}

func (p *printer) file(f *File) {
	p.begin(f.Package.Place.Start, false)
	p.lead("package")
	p.word(f.Package.Name, f.Package.Place)
	var last Decl
	for _, d := range f.Decls {
		force := last == nil || isBlock(last) || isBlock(d)
		p.begin(d.Span().Start, force)
		p.decl(d)
		last = d
	}
	p.flush(f.Place.End)
	p.breaks = 0
	p.buf.WriteByte('\n')
}

// alignComments puts the trailing comments of consecutive lines of one indentation below each
// other. at holds the offsets of the comments, each after one space.
func alignComments(text []byte, at []int) []byte {
	type line struct{ begin, comment, number, indent, width int }
	lines := make([]line, len(at))
	for i, offset := range at {
		begin := bytes.LastIndexByte(text[:offset], '\n') + 1
		code := bytes.TrimLeft(text[begin:offset], "\t")
		lines[i] = line{begin: begin, comment: offset, indent: offset - begin - len(code), width: utf8.RuneCount(code)}
		if i > 0 {
			lines[i].number = lines[i-1].number + bytes.Count(text[lines[i-1].begin:begin], []byte{'\n'})
		}
	}
	var out []byte
	done := 0
	for first := 0; first < len(lines); {
		last, width := first, lines[first].width
		for last+1 < len(lines) && lines[last+1].number == lines[last].number+1 && lines[last+1].indent == lines[first].indent {
			last++
			width = max(width, lines[last].width)
		}
		for _, l := range lines[first : last+1] {
			out = append(out, text[done:l.comment]...)
			out = append(out, bytes.Repeat([]byte{' '}, width-l.width)...)
			done = l.comment
		}
		first = last + 1
	}
	return append(out, text[done:]...)
}

// isBlock reports whether a declaration has a body, which blank lines set off.
func isBlock(d Decl) bool {
	switch d := d.(type) {
	case *FuncDecl, *SystemDecl, *HyperDecl, *MethodDecl, *DataDecl, *TrainDecl, *TestDecl:
		return true
	case *ModelDecl:
		return d.Body != nil
	case *ConstDecl:
		return d.Group
	}
	return false
}

func (p *printer) decl(d Decl) {
	switch d := d.(type) {
	case *ImportDecl:
		p.header("import", d.Name)
		p.space = true
		p.expr(d.Path, 1)
	case *ConstDecl:
		p.constDecl(d)
	case *DimDecl:
		p.header("dim", d.Name)
		p.value("=", d.Value)
	case *FuncDecl:
		p.funcDecl(d)
	case *ModelDecl:
		p.modelDecl(d)
	case *SystemDecl:
		p.header("system", d.Name)
		p.block(d.Body)
	case *SolverDecl:
		p.header("solver", d.Name)
		p.value("=", d.Value)
	case *HyperDecl:
		p.header("hypersolver", d.Name)
		p.spaced("for")
		p.expr(d.System, 1)
		p.block(d.Body)
	case *MethodDecl:
		p.header("method", d.Name)
		p.block(d.Body)
	case *DataDecl:
		p.header("data", d.Name)
		p.block(d.Body)
	case *TrainDecl:
		p.header("train", d.Name)
		p.block(d.Body)
	case *TestDecl:
		p.header("test", d.Name)
		p.block(d.Body)
	case *TargetDecl:
		p.unwrapped(func() {
			p.lead("target")
			p.expr(d.Value, 1)
		})
	}
}

// header writes a keyword and a name.
func (p *printer) header(word string, name *Ident) {
	p.lead(word)
	p.expr(name, 1)
}

// value writes an operator and an expression, which may be wrapped.
func (p *printer) value(op string, e Expr) {
	p.spaced(op)
	p.unwrapped(func() { p.expr(e, 1) })
}

func (p *printer) constDecl(d *ConstDecl) {
	p.lead("const")
	if !d.Group {
		p.constSpec(d.Specs[0])
		return
	}
	p.text("(")
	end := diag.Span{Start: d.Place.End, End: d.Place.End}
	end.Start.Offset--
	if len(d.Specs) == 0 && !p.commentBefore(end.Start) {
		p.word(")", end)
		return
	}
	p.indent++
	p.fresh = true
	for _, s := range d.Specs {
		p.begin(s.Place.Start, false)
		p.constSpec(s)
	}
	p.end(")", end)
}

// commentBefore reports whether a comment is still to be written before pos.
func (p *printer) commentBefore(pos diag.Pos) bool {
	return len(p.comments) > 0 && p.comments[0].Place.Start.Offset < pos.Offset
}

func (p *printer) constSpec(s *ConstSpec) {
	p.expr(s.Name, 1)
	if s.Type != nil {
		p.space = true
		p.typ(s.Type)
	}
	p.value("=", s.Value)
}

func (p *printer) funcDecl(d *FuncDecl) {
	word := "fn"
	if d.Kind == Net {
		word = "net"
	}
	p.header(word, d.Name)
	if len(d.Dims) > 0 {
		p.text("[")
		p.names(d.Dims)
		p.word("]", d.DimsEnd)
	}
	p.fieldList(d.Params)
	p.space = true
	p.typ(d.Result)
	p.block(d.Body)
}

func (p *printer) modelDecl(d *ModelDecl) {
	p.header("model", d.Name)
	if d.Alias != nil {
		p.value("=", d.Alias)
		return
	}
	p.fieldList(d.Params)
	p.space = true
	if d.Results != nil {
		p.fieldList(d.Results)
	} else {
		p.typ(d.Result)
	}
	p.block(d.Body)
}

func (p *printer) fieldList(l *FieldList) {
	p.unwrapped(func() {
		open := l.Place
		open.End = open.Start
		end := diag.Span{Start: l.Place.End, End: l.Place.End}
		end.Start.Offset--
		printList(p, "(", ")", open, end, l.Fields, func(f *Field) {
			p.names(f.Names)
			p.space = true
			p.typ(f.Type)
		})
	})
}

func (p *printer) names(names []*Ident) {
	for i, n := range names {
		if i > 0 {
			p.text(",")
			p.space = true
		}
		p.expr(n, 1)
	}
}

func (p *printer) typ(t *Type) {
	if len(t.Dims) > 0 {
		p.text("[")
		for i, d := range t.Dims {
			if i > 0 {
				p.text(",")
				p.space = true
			}
			p.expr(d, 2)
		}
		p.word("]", t.DimsEnd)
	}
	p.expr(t.Elem, 1)
	if t.Classes != nil {
		p.text("[")
		p.expr(t.Classes, 2)
		p.text("]")
	}
	if t.Unit != nil {
		p.space = true
		p.text("[")
		p.expr(t.Unit, 2)
		p.text("]")
	}
}

// block writes a block, each statement on a line.
func (p *printer) block(b *Block) {
	p.space = true
	p.word("{", diag.Span{Start: b.Place.Start, End: b.Place.Start})
	end := diag.Span{Start: b.Place.End, End: b.Place.End}
	end.Start.Offset--
	if len(b.Stmts) == 0 && !p.commentBefore(end.Start) {
		p.word("}", end)
		return
	}
	p.indent++
	p.fresh = true
	for _, s := range b.Stmts {
		p.begin(s.Span().Start, false)
		p.unwrapped(func() { p.stmt(s) })
	}
	p.end("}", end)
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *LayerStmt:
		p.header("layer", s.Name)
		p.value("=", s.Value)
	case *ParamStmt:
		p.header("param", s.Name)
		p.space = true
		p.typ(s.Type)
		op := "="
		if s.Random {
			op = "~"
		}
		p.value(op, s.Value)
		if s.Where != nil {
			p.spaced("where")
			p.expr(s.Where, 1)
		}
	case *DefineStmt:
		p.names(s.Names)
		p.value(":=", s.Value)
	case *ReturnStmt:
		p.lead("return")
		p.results(s.Values)
	case *StateStmt:
		p.columns("state", s.Names, s.Type, s.Value)
	case *InputStmt:
		p.columns("input", s.Names, s.Type, nil)
		if s.Config != nil {
			p.block(s.Config)
		}
	case *ContextStmt:
		p.columns("context", s.Names, s.Type, nil)
	case *ColumnStmt:
		p.columns("", s.Names, s.Type, s.Value)
	case *EquationStmt:
		p.text(s.Kind.String() + "(")
		p.expr(s.State, 1)
		p.text(")")
		p.value("=", s.Value)
	case *QuantityStmt:
		p.header(s.Kind.String(), s.Name)
		p.value("=", s.Value)
	case *WhenStmt:
		p.lead("when")
		p.unwrapped(func() { p.expr(s.Guard, 1) })
		p.block(s.Body)
	case *AssignStmt:
		p.expr(s.Name, 1)
		p.value("=", s.Value)
	case *StopStmt:
		p.text("stop")
	case *MinimizeStmt:
		p.lead("minimize")
		p.expr(s.Value, 1)
	case *CheckStmt:
		p.lead("check")
		p.expr(s.Value, 1)
	case *SettingStmt:
		p.expr(s.Key, 1)
		p.text(":")
		p.space = true
		p.expr(s.Value, 1)
	}
}

// columns writes names with their type and a value that may be missing.
func (p *printer) columns(word string, names []*Ident, t *Type, value Expr) {
	if word != "" {
		p.lead(word)
	}
	p.names(names)
	p.space = true
	p.typ(t)
	if value != nil {
		p.value("=", value)
	}
}

// results writes the expressions of a return, broken where the source breaks them.
func (p *printer) results(values []Expr) {
	for i, v := range values {
		if i > 0 {
			p.text(",")
			p.space = true
			if v.Span().Start.Line > values[i-1].Span().End.Line {
				p.wrap()
			}
		}
		p.expr(v, 1)
	}
}
