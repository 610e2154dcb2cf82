package syntax

import (
	"strconv"
	"strings"

	"ndec.dev/ndec/ir/diag"
)

// This file parses declarations; their blocks are in stmt.go.

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
				p.fail("NDE0110", p.cur().span, "expected a declaration, found %s%s", p.cur().describe(), diag.Meant(meant))
			}
		case p.keyword() == "func":
			p.failFix("NDE0116", p.cur().span, "fn", "func is no keyword of this language: write net for a network with parameters, fn for a function without")
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
		p.failFix("NDE0118", p.cur().span, "=", "%s takes \"=\", found %q: write =", what, p.cur().text)
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
	case *CallExpr:
		if fn, ok := e.Fn.(*Ident); ok {
			key := "option"
			if len(e.Args) > 0 && e.Args[0].Key != nil {
				key = e.Args[0].Key.Name
			}
			p.fail("NDE0110", at.span, "options are written in braces: %s{%s: ...}", fn.Name, key)
		}
	case *BasicLit:
		if name, err := strconv.Unquote(e.Text); err == nil && e.Kind == StringLit {
			p.fail("NDE0110", at.span, "a name is no string: write %s without quotes, with its options in braces", name)
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
	d.System = p.qualified("of the system")
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
