package ir

import "slices"

// block reads { lines of the fields }.
func (p *parser) block(fs []field) {
	p.want("{")
	seen := map[string]bool{}
	for !p.got("}") {
		p.field(fs, seen)
	}
}

// field reads a key of fs and what belongs to it.
func (p *parser) field(fs []field, seen map[string]bool) {
	line := p.peek().line
	key := p.word("a key")
	i := slices.IndexFunc(fs, func(f field) bool { return f.key == key })
	if i < 0 {
		p.failAt(line, "no line is called %q here", key)
	}
	if x, ok := fs[i].at.(*[]Setting); ok {
		*x = append(*x, p.setting(0))
		return
	}
	if seen[key] {
		p.failAt(line, "%s again", key)
	}
	seen[key] = true
	switch x := fs[i].at.(type) {
	case *string:
		*x = p.word("a name or a string")
	case *bool:
		*x = true
	case *int:
		*x = p.int()
	case *float64:
		*x = p.num()
	case **Func:
		*x = p.funcRef()
	case **Solve:
		*x = p.solveRef()
	case **Region:
		*x = p.regionRef(nil)
	case *Choice:
		*x = p.choice(0)
	case *[]string:
		*x = many(p, func() string { return p.word("a name or a string") })
	case *[]*Func:
		*x = many(p, p.funcRef)
	case *[]*Solve:
		*x = many(p, p.solveRef)
	case *[]*Param:
		*x = many(p, p.paramRef)
	case *[]Type:
		*x = many(p, func() Type { return p.typ(0) })
	case *[]SolveState:
		*x = many(p, func() SolveState {
			s := SolveState{Name: p.word("a name")}
			p.want(":")
			s.Type = p.typ(0)
			s.Memory = p.got("memory")
			s.InNorm = !s.Memory && !p.got("integral")
			return s
		})
	case *[]Event:
		*x = many(p, p.event)
	case *[]Port:
		*x = many(p, func() Port {
			q := Port{Name: p.word("a name")}
			p.want(":")
			q.Type = p.typ(0)
			if p.got("classes") {
				q.Classes = p.int()
			}
			if p.got("fields") {
				q.Fields = within(p, "(", ")", func() string { return p.word("the name of a field") })
			}
			q.First = p.got("first")
			if p.got("present") {
				q.Present = p.word("the name of a column")
			}
			return q
		})
	}
}

// maxDepth bounds nesting, so that no text exhausts the stack.
const maxDepth = 50

func (p *parser) deeper(depth int) int {
	if depth > maxDepth {
		p.fail("nested too deeply")
	}
	return depth + 1
}

func (p *parser) setting(depth int) Setting {
	depth = p.deeper(depth)
	s := Setting{Span: p.spans[p.peek().line], Key: p.word("a key")}
	if p.atNum() {
		s.Num = p.num()
	}
	if p.peek().kind == tokString {
		s.Text = p.str()
	}
	if p.got("choice") {
		c := p.choice(depth)
		s.Choice = &c
	}
	if p.is("[") {
		s.List = within(p, "[", "]", func() Setting { return p.setting(depth) })
	}
	return s
}

func (p *parser) choice(depth int) Choice {
	depth = p.deeper(depth)
	span := p.spans[p.peek().line]
	return Choice{Row: p.word("a row"), Options: within(p, "(", ")", func() Setting { return p.setting(depth) }), Span: span}
}

// event reads a kind, the length of every, a reset and a stop.
func (p *parser) event() Event {
	name := p.word("a kind of event")
	kind := slices.Index(EventKinds[:], name)
	if kind < 0 {
		p.pos--
		p.fail("no kind of event is called %q", name)
	}
	e := Event{Kind: EventKind(kind)}
	if e.Kind == Every {
		e.Every = p.num()
	}
	if p.got("reset") {
		e.Reset = p.funcRef()
	}
	e.Stop = p.got("stop")
	return e
}

func (p *parser) elem() Elem {
	name := p.word("an element type")
	e, ok := ElemByName(name)
	if !ok || e == Tuple {
		p.pos--
		p.fail("no element type is called %q", name)
	}
	return e
}

func (p *parser) typ(depth int) Type {
	depth = p.deeper(depth)
	var t Type
	if p.is("(") {
		t = TupleOf(within(p, "(", ")", func() Type { return p.typ(depth) })...)
	} else {
		var shape []int
		if p.is("[") {
			shape = within(p, "[", "]", p.int)
		}
		t = Tensor(p.elem(), shape...)
	}
	if err := checkType(t); err != nil {
		p.fail("%v", err)
	}
	return t
}

// funcRef is a function that may be defined later; - is none.
func (p *parser) funcRef() *Func {
	if p.got("-") {
		return nil
	}
	line := p.peek().line
	name := p.word("a function")
	if _, ok := p.wanted[name]; !ok {
		p.wanted[name] = line
	}
	return p.funcNamed(name)
}

func (p *parser) funcNamed(name string) *Func {
	if p.funcs[name] == nil {
		p.funcs[name] = &Func{Name: name}
	}
	return p.funcs[name]
}

func lookup[T any](p *parser, kind string, in map[string]*T) *T {
	name := p.word("a " + kind)
	x := in[name]
	if x == nil {
		p.pos--
		p.fail("no %s is called %q", kind, name)
	}
	return x
}

func (p *parser) solveRef() *Solve { return lookup(p, "solve", p.solves) }
func (p *parser) paramRef() *Param { return lookup(p, "parameter", p.params) }

// regionRef reads a path. Where it is a single label, that is the nearest such region around, if
// there is one.
func (p *parser) regionRef(around *Region) *Region {
	r := p.regionLabel(nil)
	alone := !p.is("/")
	if alone {
		for a := around; a != nil; a = a.Parent {
			if a.label() == r.label() {
				return a
			}
		}
	}
	for p.got("/") {
		r = p.regionLabel(r)
	}
	return r
}

// regionLabel is a kind and perhaps a name, within parent.
func (p *parser) regionLabel(parent *Region) *Region {
	kind := slices.Index(regionNames[:], p.word("a region"))
	if kind < 0 {
		p.pos--
		p.fail("no region is called %q", p.peek().text)
	}
	r := &Region{Kind: RegionKind(kind), Parent: parent}
	if p.got("(") {
		r.Name = p.word("a name")
		p.want(")")
	}
	if g := globalRegion(r.Kind); parent == nil && r.Name == "" && g != nil {
		return g
	}
	path := regionPath(r)
	if p.regions[path] == nil {
		p.regions[path] = r
	}
	return p.regions[path]
}
