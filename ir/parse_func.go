package ir

import (
	"slices"
	"strconv"

	"ndec.dev/ndec/ir/diag"
)

// funcParser reads one function.
type funcParser struct {
	*parser
	f      *Func
	named  map[string]*Value // arguments
	values map[string]*Value // by the text after %
	ids    map[int]bool      // that the text gives
	given  bool              // some value other than an argument has a given ID
	consts map[string]*Value // inline ones by their text
	params map[*Param]*Value // inline ones
	rated  bool
}

const noID = -1

func (p *parser) function(span diag.Span) {
	name := p.word("a name")
	p.once(p.defined[name], "function", name)
	f := p.funcNamed(name)
	f.Span = span
	fp := &funcParser{parser: p, f: f, named: map[string]*Value{}, values: map[string]*Value{}, ids: map[int]bool{},
		consts: map[string]*Value{}, params: map[*Param]*Value{}}
	args := within(p, "(", ")", fp.arg)
	fp.arguments(args)
	results := fp.header()
	p.want("{")
	if p.got("doc") {
		f.Doc = p.str()
	}
	for !p.got("return") {
		fp.value()
	}
	if !p.is("}") {
		f.Results = many(p, fp.operand)
	}
	if results != nil {
		if err := match(name, valueTypes(f.Results), results); err != nil {
			p.fail("results: %v", err)
		}
	}
	p.want("}")
	fp.finish()
	p.defined[name] = true
	p.m.Funcs = append(p.m.Funcs, f)
}

// argText is an argument whose rate is still to be read: it may name the function's region, which
// stands later.
type argText struct {
	v    *Value
	rate int // position of its rate, 0 if there is none
}

// arg reads one argument.
func (p *funcParser) arg() argText {
	v := &Value{Op: OpArg, ID: len(p.f.Args), Span: p.f.Span, Attr: Attr{Index: len(p.f.Args)}}
	if p.peek().kind == tokValue {
		v.ID = p.id(p.next().text)
		if v.ID == noID {
			p.fail("an argument needs a number after %%")
		}
	}
	v.Name = p.word("the name of an argument")
	p.want(":")
	v.Type = p.typ(0)
	if v.Type.Elem == Tuple {
		p.fail("an argument cannot be a tuple")
	}
	at := p.pos
	p.f.Args = append(p.f.Args, v)
	if p.got("@") {
		p.regionRef(nil)
		p.got("*")
		return argText{v, at}
	}
	return argText{v, 0}
}

// arguments notes the names of the arguments, and reads their rates.
func (p *funcParser) arguments(args []argText) {
	twice := map[string]bool{}
	for _, a := range args {
		v := a.v
		p.take(v.ID)
		p.values[strconv.Itoa(v.ID)] = v
		p.f.Values = append(p.f.Values, v)
		if p.named[v.Name] != nil {
			twice[v.Name] = true
		}
		p.named[v.Name] = v
	}
	for name := range twice {
		delete(p.named, name)
	}
	here := p.pos
	if p.got("->") {
		within(p.parser, "(", ")", p.result)
	}
	p.f.ResultNames, p.f.Accum = nil, nil
	if p.got("in") {
		p.f.Region = p.regionRef(nil)
	}
	for _, a := range args {
		if a.rate > 0 {
			p.pos = a.rate
			a.v.Rate = p.rate()
		}
	}
	p.pos = here
}

// header reads what stands between arguments and body: the result types, nil when not given.
func (p *funcParser) header() []Type {
	var results []Type
	if p.got("->") {
		results = append([]Type{}, within(p.parser, "(", ")", p.result)...)
	}
	trim(&p.f.ResultNames, "")
	trim(&p.f.Accum, false)
	if p.got("in") {
		p.regionRef(nil) // known from arguments
	}
	return results
}

// trim drops trailing entries that say nothing.
func trim[T comparable](xs *[]T, nothing T) {
	for len(*xs) > 0 && (*xs)[len(*xs)-1] == nothing {
		*xs = (*xs)[:len(*xs)-1]
	}
	if len(*xs) == 0 {
		*xs = nil
	}
}

func (p *funcParser) result() Type {
	name := ""
	if t := p.peek(); p.pos+1 < p.end && (t.kind == tokName || t.kind == tokString) && p.toks[p.pos+1].text == ":" {
		name = p.word("a name")
		p.want(":")
	}
	t := p.typ(0)
	p.f.ResultNames = append(p.f.ResultNames, name)
	p.f.Accum = append(p.f.Accum, p.got("accum"))
	return t
}

// rate reads @region*, if it is there.
func (p *funcParser) rate() Rate {
	if !p.got("@") {
		return Rate{}
	}
	p.rated = true
	return Rate{Region: p.regionRef(p.f.Region), PerSample: p.got("*")}
}

// id is the number that text is, or noID for a name.
func (p *funcParser) id(text string) int {
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		p.fail("a value needs a number or name after %%")
	case err != nil && '0' <= text[0] && text[0] <= '9' || n > maxInt || err == nil && strconv.Itoa(n) != text:
		p.fail("bad value %%%s", text)
	case err != nil:
		return noID
	}
	return n
}

func (p *funcParser) take(id int) {
	if p.ids[id] {
		p.fail("two values are called %%%d", id)
	}
	p.ids[id] = true
}

// value reads a line: %5 "name" = operator operands attribute : type @rate.
func (p *funcParser) value() {
	t := p.next()
	if t.kind != tokValue {
		p.pos--
		p.fail("%q instead of a value or return", t.text)
	}
	v := &Value{ID: p.id(t.text), Span: p.spans[t.line]}
	if v.ID == noID {
		v.Name = t.text
	} else {
		p.given = true
		p.take(v.ID)
	}
	if p.values[t.text] != nil {
		p.fail("two values are called %%%s", t.text)
	}
	if p.peek().kind == tokString {
		v.Name = p.str()
	}
	p.want("=")
	op := p.word("an operator")
	v.Op = OpByName(op)
	if v.Op == OpInvalid || v.Op == OpArg {
		p.pos--
		p.fail("no operator is called %q", op)
	}
	p.operands(v)
	var err error
	inferred := v.Op == OpParam
	if v.Op != OpConst && v.Op != OpParam {
		if v.Type, err = inferType(v.Op, &v.Attr, v.Args); err != nil {
			p.failAt(t.line, "%s: %v", v.Op, err)
		}
		inferred = true
	}
	if p.got(":") {
		written := p.typ(0)
		if inferred && !written.Equal(v.Type) {
			p.failAt(t.line, "%s: type %s, its row says %s", v.Op, written, v.Type)
		}
		v.Type = written
	}
	v.Rate = p.rate()
	if err := v.check(); err != nil {
		p.failAt(t.line, "%s: %v", v.Op, err)
	}
	p.values[t.text] = v
	p.f.Values = append(p.f.Values, v)
}

// operands reads operands and attribute.
func (p *funcParser) operands(v *Value) {
	at := &v.Attr
	form := v.Op.attrForm()
	switch {
	case v.Op == OpConst:
		if p.is("[") {
			at.Data = append([]float64{}, within(p.parser, "[", "]", p.num)...)
		} else {
			at.Num = p.num()
		}
		return
	case v.Op == OpParam:
		at.Param = p.paramRef()
		v.Type = at.Param.Type
		return
	case form == attrFunc:
		at.Func = p.callee()
	case form == attrSolve:
		at.Solve = p.solveRef()
	case form == attrRev:
		at.Rev = lookup(p.parser, "reverse sweep", p.revs)
	case form == attrMap:
		at.Map = &Map{Fn: p.callee(), N: p.int(), Mapped: p.int()}
		if at.Map.N < 1 || at.Map.Mapped < 0 {
			p.fail("map over %d operands of length %d", at.Map.Mapped, at.Map.N)
		}
		if p.got("in") {
			at.Map.Region = p.regionRef(nil)
		}
	case form == attrScan:
		at.Scan = &Scan{Fn: p.callee(), N: p.int(), Carry: p.int(), Mapped: p.int(), Back: p.got("back"), Guard: p.got("guard")}
		if p.got("in") {
			at.Scan.Region = p.regionRef(nil)
		}
	default:
		v.Args = many(p.parser, p.operand)
	}
	switch form {
	case attrFunc, attrSolve, attrRev, attrMap, attrScan:
		if p.got(",") {
			v.Args = many(p.parser, p.operand)
		}
	case attrShape:
		at.Ints = within(p.parser, "[", "]", p.int)
	case attrPairs:
		for _, lh := range within(p.parser, "[", "]", func() [2]int {
			lo := p.int()
			p.want(":")
			return [2]int{lo, p.int()}
		}) {
			at.Ints = append(at.Ints, lh[0], lh[1])
		}
	case attrAxis:
		p.want("axis")
		at.Index = p.int()
	case attrAxes:
		if p.got("axes") {
			at.Ints = within(p.parser, "[", "]", p.int)
		}
	case attrElem:
		at.Elem = p.elem()
	case attrClass:
		at.Index, at.Elem = p.int(), p.elem()
	case attrIndex:
		at.Index = p.int()
	case attrNum:
		at.Num = p.num()
	case attrSite:
		at.Index = p.int()
		at.Ints = within(p.parser, "[", "]", p.int)
	}
}

// callee is a function that has been read.
func (p *funcParser) callee() *Func {
	name := p.word("a function")
	if !p.defined[name] {
		p.pos--
		p.fail("no function %q before this one", name)
	}
	return p.funcs[name]
}

// operand reads %1, the name of an argument or parameter, or number:type.
func (p *funcParser) operand() *Value {
	if p.atNum() {
		x := p.num()
		p.want(":")
		t := p.typ(0)
		v := &Value{Op: OpConst, Attr: Attr{Num: x}, Type: t}
		if err := v.check(); err != nil {
			p.fail("%v", err)
		}
		key := num(x) + t.String()
		if p.consts[key] == nil {
			p.consts[key] = p.leaf(v)
		}
		return p.consts[key]
	}
	if p.peek().kind == tokValue {
		v := p.values[p.peek().text]
		if v == nil {
			p.fail("no value %%%s before this", p.peek().text)
		}
		p.pos++
		return v
	}
	explicit := p.peek().kind == tokName && p.got("param")
	name := p.word("an operand")
	if v := p.named[name]; v != nil && !explicit {
		return v
	}
	q := p.parser.params[name]
	if q == nil {
		p.pos--
		p.fail("no argument or parameter is called %q", name)
	}
	if p.params[q] == nil {
		p.params[q] = p.leaf(&Value{Op: OpParam, Attr: Attr{Param: q}, Type: q.Type, Name: q.Name})
	}
	return p.params[q]
}

// leaf adds a value that has no line.
func (p *funcParser) leaf(v *Value) *Value {
	v.ID, v.Span = noID, p.spans[p.toks[p.pos-1].line]
	p.f.Values = append(p.f.Values, v)
	return v
}

// finish numbers the values: as written where numbers are given, else in order. Leaves without a
// line have their natural rates where other rates are known.
func (p *funcParser) finish() {
	next := 0
	for id := range p.ids {
		next = max(next, id+1)
	}
	for _, v := range p.f.Values {
		if v.ID == noID {
			v.ID = next
			next++
		}
	}
	p.f.nextID = next
	inline := func(v *Value) bool { return slices.Contains([]Op{OpConst, OpParam}, v.Op) && v.Rate == Rate{} }
	for _, v := range p.f.Values {
		if p.rated && inline(v) && v.inline() {
			v.Rate.Region = ModuleRegion
			if v.Op == OpParam {
				v.Rate.Region = ParamsRegion
			}
		}
	}
	if !p.given && !slices.ContainsFunc(p.f.Args, func(a *Value) bool { return a.ID != a.Attr.Index }) {
		p.f.Renumber()
	}
}
