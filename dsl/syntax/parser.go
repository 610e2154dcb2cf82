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

	comments    []*Comment
	commentEnds map[int]int // line where a comment that stands alone ends → its index
	codeLines   map[int]bool
}

// bailout unwinds to the declaration after a syntax error.
type bailout struct{}

func newParser(name string, src []byte) *parser {
	lexemes, comments, errs := scan(name, src)
	p := &parser{lexemes: lexemes, comments: comments, errs: errs,
		commentEnds: map[int]int{}, codeLines: map[int]bool{}}
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

// declParser is the function that reads the declaration of a keyword, nil for others.
func declParser(keyword string) func(*parser, string) Decl {
	switch keyword {
	case "import":
		return (*parser).importDecl
	case "const":
		return (*parser).constDecl
	case "dim":
		return (*parser).dimDecl
	case "fn", "net":
		return (*parser).funcDecl
	case "model":
		return (*parser).modelDecl
	case "solver":
		return (*parser).solverDecl
	case "hypersolver":
		return (*parser).hyperDecl
	case "system", "method", "data", "train", "test":
		return (*parser).blockDecl
	case "target":
		return (*parser).targetDecl
	}
	return nil
}

// decl reads a declaration.
func (p *parser) decl() Decl {
	parse := declParser(p.keyword())
	if parse == nil {
		const want = "const, fn, net, system, solver, hypersolver, model, data, train, target, dim, method, test or import"
		switch {
		case p.tok() == RBrace:
			p.fail("NDE0113", p.cur().span, "this } closes nothing: delete it, or look for a } too many above")
		case p.keyword() == "package":
			p.fail("NDE0113", p.cur().span, "a file has one package clause: delete this one")
		case p.tok() == Name:
			if meant := diag.Suggest(p.cur().text, strings.FieldsFunc(want, func(r rune) bool { return r == ',' || r == ' ' })); meant != "" {
				p.fail("NDE0110", p.cur().span, "expected a declaration, found %s; did you mean %q?", p.cur().describe(), meant)
			}
		case p.keyword() == "func":
			p.fail("NDE0116", p.cur().span, "func is no keyword of this language: write net for a network with parameters, fn for a function without")
		}
		p.unexpected("a declaration (" + want + ")")
	}
	doc := p.doc()
	return parse(p, doc)
}

func (p *parser) importDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &ImportDecl{Doc: doc, Name: p.name("of the import")}
	if p.tok() != String {
		p.unexpected("the folder as a string, as in import phys \"../phys\"")
	}
	d.Path = p.basicLit()
	d.Range = p.from(start)
	return d
}

func (p *parser) constDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &ConstDecl{Doc: doc}
	if open := p.cur().span; p.accept(LParen) {
		d.Group = true
		for p.tok() != RParen {
			p.mustBeOpen(open, "group")
			d.Specs = append(d.Specs, p.constSpec())
			if !p.accept(Semi) && p.tok() != RParen {
				p.unexpected("a new line or \")\" after the constant")
			}
		}
		p.advance()
	} else {
		d.Specs = []*ConstSpec{p.constSpec()}
	}
	d.Range = p.from(start)
	return d
}

func (p *parser) constSpec() *ConstSpec {
	start := p.pos()
	s := &ConstSpec{Doc: p.doc(), Name: p.name("of the constant")}
	if p.tok() != Assign && (p.tok() == Name || p.tok() == LBrack) {
		s.Type = p.typ()
	}
	p.assign("the constant")
	s.Value = p.expr()
	s.Range = p.from(start)
	return s
}

// assign takes "=" and tells those off who wrote ":=" or ":".
func (p *parser) assign(what string) {
	if p.tok() == Define || p.tok() == Colon {
		p.fail("NDE0118", p.cur().span, "%s takes \"=\", found %q: write =", what, p.cur().text)
	}
	p.expect(Assign, "and a value for "+what)
}

func (p *parser) dimDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &DimDecl{Doc: doc, Name: p.name("of the dimension")}
	p.assign("the dimension")
	d.Value = p.expr()
	d.Range = p.from(start)
	return d
}

func (p *parser) funcDecl(doc string) Decl {
	word := p.advance()
	d := &FuncDecl{Doc: doc, Kind: Fn}
	if word.text == "net" {
		d.Kind = Net
	}
	d.Name = p.name("of the " + word.text)
	if p.accept(LBrack) {
		for {
			d.Dims = append(d.Dims, p.name("of a size"))
			if p.accept(Comma); p.tok() == RBrack {
				break
			}
			if p.lexemes[p.at-1].tok != Comma {
				p.unexpected("\",\" or \"]\" after a size parameter")
			}
		}
		d.DimsEnd = p.advance().span
	}
	d.Params = p.fieldList()
	if p.tok() == LParen {
		p.fail("NDE0110", p.cur().span, "a %s has one result, given as its type without a name: write the type alone; models have named results", word.text)
	}
	if p.tok() == LBrace {
		p.fail("NDE0110", p.cur().span, "the type of the result of %s is missing: write it before {", d.Name.Name)
	}
	d.Result = p.typ()
	d.Body = p.block(bodyBlock)
	d.Range = p.from(word.span.Start)
	return d
}

func (p *parser) modelDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &ModelDecl{Doc: doc, Name: p.name("of the model")}
	if p.accept(Assign) {
		lit, ok := p.expr().(*LitExpr)
		if !ok || lit.Name == nil {
			p.fail("NDE0110", p.from(start).Place, "expected a model with its solvers replaced, as in model %s = Other{Fwd: rk4{steps: 4}}", d.Name.Name)
		}
		d.Alias = lit
		d.Range = p.from(start)
		return d
	}
	d.Params = p.fieldList()
	switch p.tok() {
	case LParen:
		if d.Results = p.fieldList(); len(d.Results.Fields) == 0 {
			p.fail("NDE0110", d.Results.Place, "a model has at least one result: write its name and type")
		}
	case LBrace:
		p.fail("NDE0110", p.cur().span, "the results of %s are missing: write their names and types in parentheses before {", d.Name.Name)
	default:
		d.Result = p.typ()
	}
	d.Body = p.block(bodyBlock)
	d.Range = p.from(start)
	return d
}

func (p *parser) solverDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &SolverDecl{Doc: doc, Name: p.name("of the solver")}
	p.assign("the solver")
	d.Value = p.optionValue("the solver, as in dopri5{rtol: 1e-4}")
	d.Range = p.from(start)
	return d
}

func (p *parser) targetDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &TargetDecl{Doc: doc}
	d.Value = p.optionValue("the target, as in go{package: \"arm\"}")
	d.Range = p.from(start)
	return d
}

// optionValue reads a literal, or a name for one without options.
func (p *parser) optionValue(what string) Expr {
	at := p.cur()
	switch e := p.expr().(type) {
	case *Ident, *SelectorExpr:
		return e
	case *LitExpr:
		if e.Name != nil {
			return e
		}
	}
	p.fail("NDE0110", at.span, "expected %s, found %s", what, at.describe())
	return nil
}

func (p *parser) hyperDecl(doc string) Decl {
	start := p.advance().span.Start
	d := &HyperDecl{Doc: doc, Name: p.name("of the hypersolver")}
	if p.keyword() != "for" {
		p.unexpected("\"for\" and the system, as in hypersolver " + d.Name.Name + " for Flow")
	}
	p.advance()
	d.System = p.name("of the system")
	d.Body = p.block(hyperBlock)
	d.Range = p.from(start)
	return d
}

// blockDecl reads the declarations that are a keyword, a name and a block.
func (p *parser) blockDecl(doc string) Decl {
	word := p.advance()
	name := p.name("of the " + word.text)
	switch word.text {
	case "system":
		body := p.block(systemBlock)
		return &SystemDecl{Range: p.from(word.span.Start), Doc: doc, Name: name, Body: body}
	case "method":
		body := p.block(methodBlock)
		return &MethodDecl{Range: p.from(word.span.Start), Doc: doc, Name: name, Body: body}
	case "data":
		body := p.block(dataBlock)
		return &DataDecl{Range: p.from(word.span.Start), Doc: doc, Name: name, Body: body}
	case "train":
		body := p.block(trainBlock)
		return &TrainDecl{Range: p.from(word.span.Start), Doc: doc, Name: name, Body: body}
	}
	body := p.block(testBlock)
	return &TestDecl{Range: p.from(word.span.Start), Doc: doc, Name: name, Body: body}
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
	if p.tok() != Name {
		p.unexpected("a type (" + strings.Join(elems, ", ") + ", or a size in brackets and one of these)")
	}
	t.Elem = p.word()
	if !slices.Contains(elems, t.Elem.Name) {
		hint := "; the types are " + strings.Join(elems, ", ")
		if meant := diag.Suggest(t.Elem.Name, elems); meant != "" {
			hint = "; did you mean \"" + meant + "\"?"
		}
		p.fail("NDE0120", t.Elem.Place, "unknown type %q%s", t.Elem.Name, hint)
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
