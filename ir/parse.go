package ir

import (
	"fmt"
	"slices"
	"strconv"

	"ndec.dev/ndec/ir/diag"
)

// ParseModule reads the text form that Print writes; name stands in errors, which carry the line.
// Text written by hand may leave out the header (f64 then), result types of functions and of values
// whose operator gives them, and may call values by name (%h). Declarations may stand in any
// order, but for functions, callees first. Types are checked by the operators' rows; what
// else a module must satisfy is checked by Verify. IDs are kept, and scalar constants and
// parameters that stand where they are used become one value per function each.
func ParseModule(name, src string) (m *Module, err error) {
	toks, spans, err := lex(name, src)
	if err != nil {
		return nil, err
	}
	p := &parser{name: name, toks: toks, end: len(toks) - 1, spans: spans, m: &Module{Real: F64},
		funcs: map[string]*Func{}, defined: map[string]bool{}, wanted: map[string]int{},
		params: map[string]*Param{}, solves: map[string]*Solve{}, revs: map[string]*Rev{}, regions: map[string]*Region{}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *textError:
			m, err = nil, e
		default:
			panic(e)
		}
	}()
	p.module()
	return p.m, nil
}

// parser reads tokens from pos up to end. An error leaves it as a panic with *textError.
type parser struct {
	name     string
	toks     []token
	pos, end int
	spans    map[int]diag.Span // by line
	m        *Module

	funcs   map[string]*Func
	defined map[string]bool
	wanted  map[string]int // line of the first mention of a function
	params  map[string]*Param
	solves  map[string]*Solve
	revs    map[string]*Rev
	regions map[string]*Region // by path
}

func (p *parser) fail(format string, args ...any) {
	panic(&textError{p.name, p.peek().line, fmt.Sprintf(format, args...)})
}

func (p *parser) failAt(line int, format string, args ...any) {
	panic(&textError{p.name, line, fmt.Sprintf(format, args...)})
}

// peek is the next token; at the end of a declaration it is tokEOF at the last line.
func (p *parser) peek() token {
	if p.pos < p.end {
		return p.toks[p.pos]
	}
	line := 1
	if p.end > 0 {
		line = p.toks[p.end-1].line
	}
	return token{kind: tokEOF, text: "the end", line: line}
}

func (p *parser) next() token {
	t := p.peek()
	if t.kind == tokEOF {
		p.fail("unexpected end")
	}
	p.pos++
	return t
}

// is reports whether the next token is this punctuation or bare name.
func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.kind == tokPunct || t.kind == tokName) && t.text == text
}

// got consumes it.
func (p *parser) got(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) want(text string) {
	if !p.got(text) {
		p.fail("%q instead of %q", p.peek().text, text)
	}
}

// word is a name, quoted or not.
func (p *parser) word(what string) string {
	t := p.next()
	if t.kind != tokName && t.kind != tokString {
		p.pos--
		p.fail("%q instead of %s", t.text, what)
	}
	return t.text
}

func (p *parser) str() string {
	t := p.next()
	if t.kind != tokString {
		p.pos--
		p.fail("%q instead of a string", t.text)
	}
	return t.text
}

func (p *parser) atNum() bool {
	t := p.peek()
	return t.kind == tokNumber || t.kind == tokName && (t.text == "inf" || t.text == "nan")
}

func (p *parser) num() float64 {
	if !p.atNum() {
		p.fail("%q instead of a number", p.peek().text)
	}
	x, err := strconv.ParseFloat(p.peek().text, 64)
	if err != nil {
		p.fail("bad number %q", p.peek().text)
	}
	p.pos++
	return x
}

// maxInt bounds whole numbers in the text: lengths, indices, counts.
const maxInt = 1 << 31

func (p *parser) int() int {
	n, err := strconv.Atoi(p.peek().text)
	if err != nil || p.peek().kind != tokNumber || n > maxInt || n < -maxInt {
		p.fail("%q instead of a whole number", p.peek().text)
	}
	p.pos++
	return n
}

// many reads items with commas between them.
func many[T any](p *parser, item func() T) []T {
	xs := []T{item()}
	for p.got(",") {
		xs = append(xs, item())
	}
	return xs
}

// within reads items between two marks; there may be none.
func within[T any](p *parser, open, shut string, item func() T) []T {
	p.want(open)
	if p.got(shut) {
		return nil
	}
	xs := many(p, item)
	p.want(shut)
	return xs
}

// declarations are the words that start one, in the order in which they are read.
var declarations = [...]string{"module", "doc", "files", "param", "derived", "solve", "rev", "func", "prepare", "model", "recipe", "data", "target"}

// module cuts the text into declarations and reads them kind by kind.
func (p *parser) module() {
	type part struct{ from, to, kind int }
	var parts []part
	depth := 0
	for i, t := range p.toks[:p.end] {
		if first := i == 0 || p.toks[i-1].line != t.line; depth == 0 && first {
			kind := slices.Index(declarations[:], t.text)
			if t.kind != tokName || kind < 0 {
				p.failAt(t.line, "%q does not start a declaration", t.text)
			}
			parts = append(parts, part{from: i, kind: kind})
		}
		if t.kind == tokPunct {
			switch t.text {
			case "{", "(", "[":
				depth++
			case "}", ")", "]":
				depth--
			}
		}
		if depth < 0 {
			p.failAt(t.line, "unexpected %q", t.text)
		}
		parts[len(parts)-1].to = i + 1
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.kind - b.kind })
	seen := map[string]bool{}
	for _, d := range parts {
		p.pos, p.end = d.from, d.to
		p.declaration(p.next(), seen)
		if p.pos < p.end {
			p.fail("unexpected %q", p.peek().text)
		}
	}
	missing, at := "", 0
	for name, line := range p.wanted {
		if !p.defined[name] && (at == 0 || line < at || line == at && name < missing) {
			missing, at = name, line
		}
	}
	if at > 0 {
		p.failAt(at, "no function is called %q", missing)
	}
}

func (p *parser) declaration(t token, seen map[string]bool) {
	span := p.spans[t.line]
	switch t.text {
	case "module":
		if seen["module"] {
			p.fail("two headers")
		}
		seen["module"] = true
		p.m.Package = p.word("the name of the package")
		if p.got("real") {
			p.m.Real = p.elem()
		}
	case "param":
		q := p.m.AddParam(p.param())
		q.Span = span
	case "derived":
		q := p.param()
		q.Span, q.Derived, q.Index = span, true, len(p.m.Derived)
		p.m.Derived = append(p.m.Derived, q)
	case "solve":
		s := &Solve{Name: p.word("a name"), Span: span}
		p.block(s.fields())
		p.once(p.solves[s.Name] != nil, "solve", s.Name)
		p.solves[s.Name] = s
		p.m.Solves = append(p.m.Solves, s)
	case "rev":
		r := &Rev{Name: p.word("a name")}
		p.block(r.fields())
		p.once(p.revs[r.Name] != nil, "reverse sweep", r.Name)
		if r.Solve == nil {
			p.fail("reverse sweep %s has no solve", r.Name)
		}
		p.revs[r.Name] = r
	case "func":
		p.function(span)
	case "model":
		x := &Model{Name: p.word("a name"), Span: span}
		p.block(x.fields())
		p.m.Models = append(p.m.Models, x)
	case "recipe":
		x := &Recipe{Name: p.word("a name"), Span: span}
		p.block(x.fields())
		p.m.Recipes = append(p.m.Recipes, x)
	case "data":
		x := &DataSet{Name: p.word("a name"), Span: span}
		p.block(x.fields())
		p.m.Data = append(p.m.Data, x)
	case "target":
		c := p.choice(0)
		c.Span = span
		p.m.Target = append(p.m.Target, c)
	default:
		p.pos--
		p.field(p.m.fields(), seen)
	}
}

func (p *parser) once(twice bool, kind, name string) {
	if twice {
		p.fail("two %ss are called %s", kind, name)
	}
}

// statistic reads what a parameter is a statistic of.
func (p *parser) statistic() *Statistic {
	s := &Statistic{}
	switch what := p.word("mean or std"); what {
	case "mean":
	case "std":
		s.Deviation = true
	default:
		p.fail("no statistic is called %q", what)
	}
	per := p.word("element, channel or all")
	k := slices.Index(perNames[:], per)
	if k < 0 {
		p.fail("no kind of statistic is called %q", per)
	}
	s.Per, s.Data, s.Column = Per(k), p.word("a data block"), p.word("a column")
	return s
}

// param reads name, type, owner, initialiser, transform.
func (p *parser) param() *Param {
	q := &Param{Name: p.word("a name"), Type: p.typ(0)}
	p.once(p.params[q.Name] != nil, "parameter", q.Name)
	p.params[q.Name] = q
	if p.got("net") {
		q.Net = p.word("the name of a net")
	}
	// named reads a row of names and its numbers.
	named := func(names []string, counts []int) (int, []float64) {
		name := p.word("a name")
		kind := slices.Index(names, name)
		if kind < 0 {
			p.fail("no row is called %q", name)
		}
		xs := within(p, "(", ")", p.num)
		if n := counts[kind]; n >= 0 && n != len(xs) {
			p.fail("%s takes %d numbers", name, n)
		}
		return kind, append(xs, 0, 0)
	}
	if p.got("init") {
		kind, xs := named(initNames[:], []int{InitZeros: 0, InitConst: 1, InitUniform: 2, InitNormal: 2, InitLinearDefault: 1, InitData: -1, InitLaplace: 2, InitRademacher: 0})
		q.Init.Kind = InitKind(kind)
		switch q.Init.Kind {
		case InitData:
			q.Init.Data = xs[:len(xs)-2]
		case InitLinearDefault:
			q.Init.FanIn = int(xs[0])
			if float64(q.Init.FanIn) != xs[0] || q.Init.FanIn > maxInt || q.Init.FanIn < 0 {
				p.fail("linear(%v)", xs[0])
			}
		default:
			q.Init.A, q.Init.B = xs[0], xs[1]
		}
	}
	if p.got("where") {
		kind, xs := named(transformNames[:], []int{NoTransform: 0, Above: 1, Below: 1, Between: 2})
		q.Where = Transform{Kind: TransformKind(kind), A: xs[0], B: xs[1]}
	}
	if p.got("of") {
		q.Of = p.statistic()
	}
	return q
}
