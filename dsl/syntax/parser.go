package syntax

import (
	"slices"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// Parse reads a source file. It always returns a tree, which is partial when there are errors:
// declarations with a syntax error are left out. There is one syntax error per declaration.
func Parse(name string, src []byte) (*File, diag.List) {
	p := newParser(name, src)
	if len(src) > maxSource || inUTF16(src) { // nothing was read, so there is nothing more to say
		return &File{Name: name}, p.errs
	}
	f := p.file(name)
	p.errs.Sort()
	return f, p.errs
}

// ParseExpr reads one expression, as given on a command line; name stands for the file in
// positions.
func ParseExpr(name, src string) (Expr, diag.List) {
	p := newParser(name, []byte(src))
	var e Expr
	p.guarded(func() {
		e = p.expr()
		p.accept(Semi)
		if p.tok() != EOF {
			p.unexpected("the end of the expression")
		}
	})
	p.errs.Sort()
	return e, p.errs
}

// ParseLiteral reads a literal such as rk4{steps: 20}, or a name alone, which is a literal
// without elements.
func ParseLiteral(name, src string) (*LitExpr, diag.List) {
	e, errs := ParseExpr(name, src)
	switch e := e.(type) {
	case *LitExpr:
		return e, errs
	case *Ident, *SelectorExpr:
		end := diag.Span{Start: e.Span().End, End: e.Span().End}
		return &LitExpr{Range: Range{e.Span()}, Name: e, Open: end, End: end}, errs
	case nil:
		return nil, errs
	}
	errs.Errorf("NDE0110", e.Span(), "expected a literal such as rk4{steps: 20}, found %s", ExprString(e))
	return nil, errs
}

// parser reads the lexemes of one file by recursive descent, with one lexeme of look-ahead.
type parser struct {
	lexemes  []lexeme
	at       int
	errs     diag.List
	reported bool // an error in this declaration has been reported
	depth    int  // of nested expressions
	noLit    bool // in a guard: "{" begins a block, not a literal
	bounds   bool // after where: a < x < b is allowed

	imports map[string]bool // names of imported packages

	comments    []*Comment
	commentEnds map[int]int // line where a comment that stands alone ends → its index
	codeLines   map[int]bool
}

// bailout unwinds to the declaration after a syntax error.
type bailout struct{}

func newParser(name string, src []byte) *parser {
	lexemes, comments, errs := scan(name, src)
	p := &parser{lexemes: lexemes, comments: comments, errs: errs, imports: map[string]bool{},
		commentEnds: map[int]int{}, codeLines: map[int]bool{}}
	for i := 2; i < len(lexemes); i++ {
		if lexemes[i].tok == String && lexemes[i-1].tok == Name && lexemes[i-2].text == "import" && lexemes[i-2].tok == Keyword {
			p.imports[lexemes[i-1].text] = true
		}
	}
	for _, l := range lexemes {
		if !l.auto && l.tok != EOF {
			p.codeLines[l.span.Start.Line] = true
			p.codeLines[l.span.End.Line] = true
		}
	}
	for i, c := range comments {
		if !p.codeLines[c.Place.Start.Line] && !p.codeLines[c.Place.End.Line] {
			p.commentEnds[c.Place.End.Line] = i
		}
	}
	return p
}

func (p *parser) cur() lexeme   { return p.lexemes[p.at] }
func (p *parser) tok() Token    { return p.cur().tok }
func (p *parser) pos() diag.Pos { return p.cur().span.Start }
func (p *parser) isWord() bool  { return p.tok() == Name || p.tok() == Keyword }
func (p *parser) isKey() bool   { return p.isWord() && p.peek() == Colon }
func (p *parser) keyword() string {
	if p.tok() == Keyword {
		return p.cur().text
	}
	return ""
}

// peek is the token after the current one.
func (p *parser) peek() Token {
	if p.at+1 < len(p.lexemes) {
		return p.lexemes[p.at+1].tok
	}
	return EOF
}

// advance takes the current lexeme; the end of the file is never passed.
func (p *parser) advance() lexeme {
	l := p.cur()
	if l.tok != EOF {
		p.at++
	}
	return l
}

// accept takes the current lexeme if it is t.
func (p *parser) accept(t Token) bool {
	if p.tok() == t {
		p.advance()
		return true
	}
	return false
}

// expect takes a lexeme t or fails; after tells where it should stand.
func (p *parser) expect(t Token, after string) diag.Span {
	if p.tok() != t {
		p.unexpected("\"" + t.String() + "\" " + after)
	}
	return p.advance().span
}

// from is the range from start to the end of the last lexeme taken.
func (p *parser) from(start diag.Pos) Range {
	end := start
	if p.at > 0 {
		if e := p.lexemes[p.at-1].span.End; e.Offset > start.Offset {
			end = e
		}
	}
	return Range{diag.Span{Start: start, End: end}}
}

// report adds an error unless this declaration has one.
func (p *parser) report(code diag.Code, at diag.Span, format string, args ...any) {
	if !p.reported {
		p.errs.Errorf(code, at, format, args...)
	}
	p.reported = true
}

// fail reports an error and gives up the declaration.
func (p *parser) fail(code diag.Code, at diag.Span, format string, args ...any) {
	p.report(code, at, format, args...)
	panic(bailout{})
}

// failFix is fail with the text that should stand at the place.
func (p *parser) failFix(code diag.Code, at diag.Span, instead, format string, args ...any) {
	if !p.reported {
		p.errs.Errorf(code, at, format, args...)
		p.errs[len(p.errs)-1].Fix = []diag.Edit{{Span: at, New: instead}}
	}
	p.reported = true
	panic(bailout{})
}

// unexpected fails at the current lexeme. What the scanner complained about is not reported again.
func (p *parser) unexpected(want string) {
	if p.tok() == Bad {
		p.reported = true
	}
	p.fail("NDE0110", p.cur().span, "expected %s, found %s", want, p.cur().describe())
}

// describe is a lexeme in a message.
func (l lexeme) describe() string {
	switch {
	case l.auto:
		return "the end of the line"
	case l.tok == EOF:
		return "the end of the file"
	case l.tok == Keyword:
		return "the keyword \"" + l.text + "\""
	case len(l.text) > 40 || strings.Contains(l.text, "\n"):
		return "a " + l.tok.String()
	case l.tok == String:
		return l.text
	}
	return "\"" + l.text + "\""
}

// guarded runs parse and reports whether it came to its end.
func (p *parser) guarded(parse func()) (ok bool) {
	p.reported, p.depth, p.noLit, p.bounds = false, 0, false, false
	defer func() {
		if r := recover(); r != nil {
			if _, mine := r.(bailout); !mine {
				panic(r)
			}
			ok = false
		}
	}()
	parse()
	return true
}

// file reads the package clause and the declarations.
func (p *parser) file(name string) *File {
	f := &File{Name: name, Package: &Ident{}, Comments: p.comments}
	f.Place = diag.Span{Start: diag.Pos{File: name, Line: 1, Col: 1}, End: p.lexemes[len(p.lexemes)-1].span.End}
	if !p.guarded(func() {
		if p.keyword() != "package" {
			if p.tok() == Bad {
				p.reported = true
			}
			p.fail("NDE0112", p.cur().span, "a file begins with its package: write \"package name\" before %s", p.cur().describe())
		}
		f.Doc = p.doc()
		p.advance()
		f.Package = p.name("of the package")
		p.endOfLine("the package clause")
	}) {
		p.sync(p.at)
	}
	for p.tok() != EOF {
		start := p.at
		if p.accept(Semi) {
			continue
		}
		var d Decl
		if p.guarded(func() { d = p.decl(); p.endOfLine("the declaration") }) {
			f.Decls = append(f.Decls, d)
		} else {
			p.sync(start)
		}
	}
	return f
}

// atTop reports whether a declaration begins here: a keyword of one in column 1 that is no key.
func (p *parser) atTop() bool {
	return p.tok() == Keyword && p.pos().Col == 1 && p.peek() != Colon && declParser(p.cur().text) != nil
}

// sync skips to the next declaration after the one that began at lexeme start.
func (p *parser) sync(start int) {
	if p.at == start && p.lexemes[start].tok != EOF && !(start == 0 && p.atTop()) {
		p.at++
	}
	for p.tok() != EOF && !p.atTop() {
		p.at++
	}
}

// endOfLine takes the semicolon or newline after what.
func (p *parser) endOfLine(what string) {
	if !p.accept(Semi) && p.tok() != EOF {
		p.unexpected("a new line after " + what)
	}
}

// name takes a name; a keyword in its place is reported and taken as the name.
func (p *parser) name(what string) *Ident {
	switch p.tok() {
	case Keyword:
		p.keywordAsName()
	case Name:
	default:
		p.unexpected("the name " + what)
	}
	return p.word()
}

// keywordAsName reports the current keyword, which stands where a name should.
func (p *parser) keywordAsName() {
	p.mustNotBeTop()
	p.report("NDE0111", p.cur().span, "%q is a keyword and cannot be used as a name", p.cur().text)
}

// mustNotBeTop fails at the beginning of a declaration in column 1: the text before was cut off.
func (p *parser) mustNotBeTop() {
	if p.atTop() {
		p.unexpected("the rest of the declaration above")
	}
}

// qualified takes a name, or that of a declaration of an imported package, as in phys.Pendulum.
func (p *parser) qualified(what string) *Ident {
	x := p.name(what)
	if p.imports[x.Name] && p.accept(Dot) {
		return p.within(x)
	}
	return x
}

// within is the name after the dot of an imported package, with the name of the package before it.
func (p *parser) within(pkg *Ident) *Ident {
	if !p.isWord() {
		p.unexpected("a name after \".\"")
	}
	x := p.word()
	return &Ident{Range: p.from(pkg.Place.Start), Name: pkg.Name + "." + x.Name}
}

// word takes a name or keyword as a name.
func (p *parser) word() *Ident {
	l := p.advance()
	return &Ident{Range: Range{l.span}, Name: l.text}
}

// fieldList reads parameters or named results.
func (p *parser) fieldList() *FieldList {
	open := p.expect(LParen, "and the parameters")
	l := &FieldList{}
	for p.tok() != RParen {
		p.mustBeOpen(open, "parenthesis")
		start := p.pos()
		f := &Field{Names: p.names("of a parameter")}
		f.Type = p.typ()
		f.Range = p.from(start)
		l.Fields = append(l.Fields, f)
		p.separator(RParen, "parameter")
	}
	p.advance()
	l.Range = p.from(open.Start)
	return l
}

// names reads ident { "," ident }.
func (p *parser) names(what string) []*Ident {
	list := []*Ident{p.name(what)}
	for p.accept(Comma) {
		list = append(list, p.name(what))
	}
	return list
}

// separator takes the "," after an item, or leaves the parser at the closing token.
func (p *parser) separator(end Token, item string) {
	if p.accept(Comma) {
		return
	}
	p.accept(Semi)
	if p.tok() != end {
		p.mustNotBeTop()
		if last := p.lexemes[p.at-1]; last.tok == Semi {
			p.fail("NDE0110", last.span, "expected \",\" or \"%s\" after the %s, found %s", end, item, last.describe())
		}
		p.unexpected("\",\" or \"" + end.String() + "\" after the " + item)
	}
}

// mustBeOpen fails where a bracket can no longer be closed: at the end of the file or at the next
// declaration.
func (p *parser) mustBeOpen(open diag.Span, what string) {
	if p.tok() == EOF || p.atTop() {
		// A string that is not closed has swallowed what closes the block.
		p.reported = p.reported || slices.ContainsFunc(p.errs, func(d diag.Diagnostic) bool {
			return d.Code == "NDE0105" && d.Span.Start.Offset > open.Start.Offset
		})
		p.fail("NDE0114", p.cur().span, "%s opened at %d:%d is not closed", what, open.Start.Line, open.Start.Col)
	}
}

// typ reads a type.
func (p *parser) typ() *Type {
	start := p.pos()
	t := &Type{}
	if open := p.cur().span; p.accept(LBrack) {
		for p.tok() != RBrack {
			p.mustBeOpen(open, "bracket")
			t.Dims = append(t.Dims, p.inBrackets())
			p.separator(RBrack, "size")
		}
		if len(t.Dims) == 0 {
			p.fail("NDE0110", p.cur().span, "the size is missing: write [n]real, or real for a scalar")
		}
		t.DimsEnd = p.advance().span
	}
	elems := ElemNames()
	if p.tok() == Colon {
		p.fail("NDE0110", p.cur().span, "a name is followed by its type without a colon, as in x [2]real")
	}
	if p.tok() != Name {
		p.unexpected("a type (" + strings.Join(elems, ", ") + ", or a size in brackets and one of these)")
	}
	t.Elem = p.word()
	if !slices.Contains(elems, t.Elem.Name) {
		switch t.Elem.Name {
		case "int", "long", "integer":
			p.fail("NDE0120", t.Elem.Place, "unknown type %q; a class is label[K], a whole number i32", t.Elem.Name)
		}
		if meant := meantType(t.Elem.Name); meant != "" {
			p.fail("NDE0120", t.Elem.Place, "unknown type %q%s", t.Elem.Name, meant)
		}
		p.fail("NDE0120", t.Elem.Place, "unknown type %q; the types are %s", t.Elem.Name, strings.Join(elems, ", "))
	}
	if t.Elem.Name == "label" {
		if p.tok() != LBrack {
			p.unexpected("the number of classes, as in label[10]")
		}
		p.advance()
		t.Classes = p.inBrackets()
		p.expect(RBrack, "after the number of classes")
	}
	if p.accept(LBrack) {
		t.Unit = p.inBrackets()
		p.expect(RBrack, "after the unit")
	}
	t.Range = p.from(start)
	return t
}

// meantType is the element type that name was meant to be, or "".
func meantType(name string) diag.Meant {
	switch name {
	case "float", "float32", "float64", "float16", "double", "half", "number", "tensor", "Tensor":
		return "real"
	case "bfloat16":
		return "bf16"
	case "int32":
		return "i32"
	case "boolean":
		return "bool"
	}
	return diag.Meant(diag.Suggest(name, ElemNames()))
}
