package sema

import (
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/recipe"
)

// optKind is what an option accepts.
type optKind uint8

const (
	optNumber optKind = iota
	optInt
	optBool
	optName
	optText
	optTexts
	optNumbers
	optChoice
	optBatch
	optRange
	optData
	optNets
	optFigure
	optColumn
	optAny
)

// option is an option of a solver, a recipe or a data block: the rows of ir/method and
// ir/recipe in one form.
type option struct {
	key          string
	kind         optKind
	def          float64
	hasDef       bool
	name         string // default of names and choices
	min, max     float64
	open         bool
	choices      []string
	laterChoices []string
	group        *group
	required     bool
	oneOf        string
	instead      bool   // of oneOf: may be left out
	unless       string // not beside an option of this oneOf
	later        bool
	rare         bool // not named where one of oneOf is missing
}

// row is a choice with its options.
type row struct {
	name    string
	what    string // "fixed-step method", for messages; may be empty
	options []option
	own     []ir.Setting // what a declared method carries along
	later   bool
	columns recipe.Columns // what other keys are
}

// group is a set of rows; codes and limits are those of its messages.
type group struct {
	what     string // "solver method"
	declared bool   // the name of a declared solver stands for a row as well
	names    []string
	find     func(name string) *row
	alias    func(name string) string // the row that another library calls name, or ""
	codes    *codes
}

// meant is the row that name, which there is not, was meant to be; where nothing is near, a short list of the rows.
func (g *group) meant(name string) any {
	if g.alias != nil {
		if row := g.alias(name); row != "" {
			return diag.Meant(row)
		}
	}
	if h := hint(g.what, name, g.names); h != diag.Meant("") {
		return h
	}
	if g.alias != nil { // the methods are too many
		return ""
	}
	return "; there is " + orList(g.names)
}

// codes are the diagnostics of a family of options.
type codes struct {
	unknownRow, unknownOption, badValue, missing, duplicate diag.Code
	laterRow, laterOption                                   string // limits; "" where nothing is one
}

var solverCodes = &codes{"NDE0502", "NDE0504", "NDE0505", "NDE0506", "NDE0503", "solver method", "solver option"}

// choiceCodes are those of a control or sensitivity of a solver.
var choiceCodes = &codes{"NDE0507", "NDE0504", "NDE0505", "NDE0506", "NDE0503", "solver option", "solver option"}

var recipeCodes = &codes{"NDE0704", "NDE0705", "NDE0703", "NDE0701", "NDE0706", "", ""}

var targetCodes = &codes{"NDE0704", "NDE0705", "NDE0703", "NDE0701", "NDE0706", "", ""}

var sourceCodes = &codes{"NDE0704", "NDE0705", "NDE0703", "NDE0701", "NDE0706", "", ""}

var methodWhat = map[method.Group]string{method.Solver: "solver method", method.Controller: "step control", method.Sensitivity: "sensitivity", method.Estimator: "estimator of div", method.Events: "way to locate events"}

func methodGroup(g method.Group) *group {
	find := func(name string) *row {
		r := method.Find(g, name)
		if r == nil {
			return nil
		}
		return optionRow(r)
	}
	alias := func(name string) string {
		if r := method.ByAlias(g, name); r != nil {
			return r.Name
		}
		return ""
	}
	out := &group{what: methodWhat[g], declared: g == method.Solver, names: method.NamesOf(g), find: find, alias: alias, codes: solverCodes}
	if g != method.Solver {
		out.codes = choiceCodes
	}
	return out
}

func optionRow(r *method.Row) *row {
	out := &row{name: r.Name, later: r.Later, own: r.Own}
	if r.Family != method.NoFamily {
		out.what = r.Family.String() + " method"
	}
	for _, o := range r.Options {
		out.options = append(out.options, methodOption(o))
	}
	return out
}

func methodOption(o method.Option) option {
	kinds := map[method.Kind]optKind{method.Real: optNumber, method.Int: optInt, method.Name: optName, method.Bool: optBool,
		method.Choice: optChoice, method.Any: optAny, method.Numbers: optNumbers}
	out := option{key: o.Key, kind: kinds[o.Kind], def: o.Default, hasDef: !o.Optional, name: o.Name, min: o.Min, max: o.Max,
		open: o.Open, choices: o.Choices, laterChoices: o.LaterChoices, oneOf: o.OneOf, instead: o.Instead, unless: o.Unless, later: o.Later, rare: o.Rare}
	if o.Kind == method.Choice {
		out.group = methodGroup(o.Group)
	}
	return out
}

func recipeGroup(g recipe.Group) *group {
	find := func(name string) *row {
		r := recipe.Lookup(g, name)
		if r == nil {
			return nil
		}
		return &row{name: r.Name, later: r.Later, columns: r.Columns, options: recipeOptions(r.Options)}
	}
	out := &group{what: string(g), names: recipe.Names(g), find: find, codes: recipeCodes}
	switch g {
	case recipe.Source:
		out.codes = sourceCodes
	case recipe.Target:
		out.codes = targetCodes
	}
	return out
}

func recipeOptions(list []recipe.Option) []option {
	kinds := map[recipe.Kind]optKind{recipe.Number: optNumber, recipe.Int: optInt, recipe.Bool: optBool, recipe.Name: optName,
		recipe.Text: optText, recipe.Texts: optTexts, recipe.Numbers: optNumbers, recipe.Choice: optChoice, recipe.BatchOf: optBatch, recipe.Range: optRange,
		recipe.DataOf: optData, recipe.Nets: optNets, recipe.Figure: optFigure, recipe.Column: optColumn, recipe.Any: optAny}
	out := make([]option, len(list))
	for i, o := range list {
		out[i] = option{key: o.Key, kind: kinds[o.Kind], def: o.Default, hasDef: !o.Required, name: o.Name, min: o.Min, max: o.Max,
			open: o.Open, choices: o.Choices, required: o.Required, later: o.Later}
		if o.Kind == recipe.Choice {
			out[i].group = recipeGroup(o.Group)
		}
	}
	return out
}

func findOption(list []option, key string) *option {
	for i := range list {
		if list[i].key == key {
			return &list[i]
		}
	}
	return nil
}

func optionKeys(list []option) []string {
	var keys []string
	for _, o := range list {
		keys = append(keys, o.key)
	}
	return keys
}

// choice checks `name{options}` or `name` against a group. ok is false after a complaint.
func (c *checker) choice(x syntax.Expr, g *group, e *env) (ch ir.Choice, ok bool) {
	var elems []*syntax.Elem
	at := x.At()
	var id *syntax.Ident
	switch x := x.(type) {
	case *syntax.Ident:
		id = x
	case *syntax.LitExpr:
		id, _ = x.Name.(*syntax.Ident)
		elems = x.Elems
	}
	if id == nil {
		if called, ok := x.(*syntax.CallExpr); ok {
			if fn, ok := called.Fn.(*syntax.Ident); ok {
				c.errorf(g.codes.badValue, at, "options are written in braces: %s{%s: ...}", fn.Name, g.someOption(fn.Name, called.Args))
				return ch, false
			}
		}
		if text, ok := stringLit(x); ok {
			if g.find(text) == nil {
				text = "name{options}"
			}
			c.errorf(g.codes.badValue, at, "%s %s is no string: write %s", article(g.what), g.what, text)
			return ch, false
		}
		c.errorf(g.codes.badValue, at, "%s %s is written name{options}, with one of the names %s", article(g.what), g.what, orList(g.names))
		return ch, false
	}
	r := g.find(id.Name)
	if r == nil && c.badMethod(id.Name) {
		return ch, false
	}
	if r == nil {
		c.errorf(g.codes.unknownRow, id.At(), "unknown %s %q%s", g.what, id.Name, g.meant(id.Name))
		return ch, false
	}
	if r.later {
		c.limitNamed(g.codes.laterRow, id.Name, id.At())
		return ch, false
	}
	ch = ir.Choice{Row: r.name, Span: id.At()}
	ch.Options, ok = c.options(r, g, elems, at, e)
	ch.Options = append(ch.Options, r.own...)
	return ch, ok
}

// options checks the elements of a literal against a row and fills in defaults.
func (c *checker) options(r *row, g *group, elems []*syntax.Elem, at diag.Span, e *env) ([]ir.Setting, bool) {
	ok := true
	var out []ir.Setting
	given := map[string]bool{}
	oneOf := map[string]string{}
	unknown := false // the hint at an unknown option says what is missing
	for _, el := range elems {
		if el.Key == nil {
			c.errorf(g.codes.badValue, el.At(), "options of %s are written key: value", r.name)
			ok = false
			continue
		}
		key := el.Key.Name
		o := findOption(r.options, key)
		if o == nil && r.columns != recipe.NoColumns {
			if given[key] {
				c.errorf(g.codes.duplicate, el.Key.At(), "%s is given twice", key)
				ok = false
				continue
			}
			given[key] = true
			s, fine := c.columnOf(r, el, g.codes, e)
			ok = ok && fine
			out = append(out, s)
			continue
		}
		if o == nil {
			c.errorf(g.codes.unknownOption, el.Key.At(), "%s has no option %q%s", r.name, key, c.optionHint(r, g, key))
			ok, unknown = false, true
			continue
		}
		if given[key] {
			c.errorf(g.codes.duplicate, el.Key.At(), "option %s is given twice", key)
			ok = false
			continue
		}
		given[key] = true
		if o.later {
			c.limitNamed(g.codes.laterOption, key, el.Key.At())
			ok = false
			continue
		}
		if o.oneOf != "" {
			if other, dup := oneOf[o.oneOf]; dup {
				c.errorf(g.codes.duplicate, el.Key.At(), "%s has %s already; give one of them", r.name, other)
				ok = false
			}
			oneOf[o.oneOf] = key
		}
		s, fine := c.setting(o, r.name, el.Value, g.codes, e)
		s.Key, s.Span = key, el.Key.At()
		ok = ok && fine
		out = append(out, s)
	}
	for _, el := range elems {
		if el.Key == nil {
			continue
		}
		if o := findOption(r.options, el.Key.Name); o != nil && o.unless != "" && oneOf[o.unless] != "" {
			c.errorf(g.codes.unknownOption, el.Key.At(), "%s with %s has no option %q; with given steps there is no error control", r.name, oneOf[o.unless], o.key)
			ok = false
		}
	}
	missing := map[string][]string{}
	for i := range r.options {
		o := &r.options[i]
		switch {
		case given[o.key] || o.later || o.rare || unknown || o.instead || o.unless != "" && oneOf[o.unless] != "":
		case o.oneOf != "":
			if _, have := oneOf[o.oneOf]; !have {
				missing[o.oneOf] = append(missing[o.oneOf], o.key)
			}
		case o.required:
			example := ""
			if o.key == "on" {
				example = ": a figure, such as on: loss"
			}
			c.errorf(g.codes.missing, at, "%s needs %s%s", r.name, o.key, example)
			ok = false
		case o.hasDef:
			out = append(out, c.defaultOf(o))
		}
	}
	for _, k := range sortedKeys(missing) {
		c.errorf(g.codes.missing, at, "%s needs %s", r.name, strings.Join(missing[k], " or "))
		ok = false
	}
	return out, ok
}

// optionHint is advice about an option that a row lacks.
func (c *checker) optionHint(r *row, g *group, key string) any {
	keys := optionKeys(r.options)
	if strings.HasSuffix(r.what, "method") {
		var want []string
		for _, o := range r.options {
			if o.oneOf != "" && !o.instead && !o.later && !o.rare {
				want = append(want, o.key)
			}
		}
		if len(want) == 0 {
			want = []string{"rtol", "atol"}
		}
		for _, name := range g.names {
			if other := g.find(name); other != nil && other.what != r.what && findOption(other.options, key) != nil {
				return "; " + r.name + " is " + article(r.what) + " " + r.what + ": use " + orList(want)
			}
		}
	}
	return nearOrAll(g.what+" option", key, keys)
}

// nearOrAll is what an option that there is not was meant to be, at a place of elsewhere; where nothing is near, the options that there are.
func nearOrAll(place, key string, keys []string) any {
	if h := hint(place, key, keys); h != diag.Meant("") {
		return h
	}
	switch len(keys) {
	case 0:
		return "; it has none"
	case 1:
		return "; its option is " + keys[0]
	}
	return "; its options are " + strings.Join(keys, ", ")
}

// someOption is the key of an option of a row, of those given where they have keys.
func (g *group) someOption(name string, given []*syntax.Arg) string {
	if len(given) > 0 && given[0].Key != nil {
		return given[0].Key.Name
	}
	if r := g.find(name); r != nil {
		for i := range r.options {
			if o := &r.options[i]; !o.later && o.unless == "" {
				return o.key
			}
		}
	}
	return "option"
}

// article is that of a word.
func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an"
	}
	return "a"
}

func orList(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

// defaultOf is the setting of an option that was not given.
func (c *checker) defaultOf(o *option) ir.Setting {
	s := ir.Setting{Key: o.key, Num: o.def, Text: o.name}
	if o.kind == optChoice {
		if o.name == "" {
			return s
		}
		r := o.group.find(o.name)
		ch := ir.Choice{Row: o.name}
		for i := range r.options {
			if p := &r.options[i]; p.hasDef && !p.later {
				ch.Options = append(ch.Options, c.defaultOf(p))
			}
		}
		s.Choice = &ch
	}
	return s
}

// setting checks one value.
func (c *checker) setting(o *option, owner string, x syntax.Expr, k *codes, e *env) (ir.Setting, bool) {
	var s ir.Setting
	bad := func(want string) (ir.Setting, bool) {
		c.errorf(k.badValue, x.At(), "%s of %s wants %s", o.key, owner, want)
		return s, false
	}
	switch o.kind {
	case optNumber, optInt:
		v := c.expr(x, e)
		if isInvalid(v) {
			return s, false
		}
		l := literal(v)
		if l == nil || !l.T.Elem.IsFloat() || !o.allows(l.Num) {
			return bad(o.rangeText())
		}
		s.Num = l.Num
	case optBool:
		b, ok := x.(*syntax.BasicLit)
		if !ok || b.Kind != syntax.BoolLit {
			return bad("true or false")
		}
		if b.Text == "true" {
			s.Num = 1
		}
		s.Text = b.Text
	case optName:
		id, ok := x.(*syntax.Ident)
		if !ok || !contains(o.choices, id.Name) {
			if ok {
				if meant := didYouMean(id.Name, o.choices); meant != "" {
					c.errorf(k.badValue, x.At(), "%s of %s wants %s%s", o.key, owner, orList(o.choices), meant)
					return s, false
				}
			}
			return bad(orList(o.choices))
		}
		if contains(o.laterChoices, id.Name) {
			c.limitNamed(k.laterOption, o.key+": "+id.Name, id.At())
			return s, false
		}
		s.Text = id.Name
	case optText:
		text, ok := stringLit(x)
		if !ok {
			return bad("a string")
		}
		s.Text = text
	case optTexts:
		l, ok := x.(*syntax.ListExpr)
		if !ok {
			return bad("a list of strings")
		}
		for _, el := range l.Elems {
			text, ok := stringLit(el)
			if !ok {
				return bad("a list of strings")
			}
			s.List = append(s.List, ir.Setting{Text: text, Span: el.At()})
		}
	case optNumbers:
		l, ok := x.(*syntax.ListExpr)
		if !ok {
			return bad("a list of numbers")
		}
		for _, el := range l.Elems {
			v := literal(c.expr(el, e))
			if v == nil || !v.T.IsValid() {
				return bad("a list of numbers")
			}
			s.List = append(s.List, ir.Setting{Num: v.Num})
		}
	case optChoice:
		if id, ok := x.(*syntax.Ident); ok && o.group.declared {
			if d := c.decls[id.Name]; d != nil && d.what == "solver" {
				if !c.touch(d) || d.solver == nil {
					return s, false
				}
				if d.solver.Hyper != nil {
					return bad("a classical method; " + id.Name + " is a hypersolver")
				}
				s.Choice = &ir.Choice{Row: d.solver.Method, Options: d.solver.Options, Span: id.At()}
				return s, true
			}
		}
		g := o.group
		if g.declared {
			g = c.solverMethods()
		}
		ch, ok := c.choice(x, g, e)
		s.Choice = &ch
		return s, ok
	case optBatch:
		if _, ok := stringLit(x); ok {
			return bad("a positive whole number, or full without quotes")
		}
		if id, ok := x.(*syntax.Ident); ok && id.Name == "full" {
			s.Text = "full"
			return s, true
		}
		v := literal(c.expr(x, e))
		if v == nil || !v.T.IsValid() || !o.allowsWhole(v.Num) {
			return bad("a positive whole number or full")
		}
		s.Num = v.Num
	case optRange:
		r, ok := x.(*syntax.RangeExpr)
		if !ok {
			v := literal(c.expr(x, e))
			if v == nil || !v.T.IsValid() || !o.allowsWhole(v.Num) {
				return bad("a positive whole number or a range a..b")
			}
			s.Num = v.Num
			break
		}
		lo, hi := literal(c.expr(r.Lo, e)), literal(c.expr(r.Hi, e))
		if lo == nil || hi == nil || !lo.T.IsValid() || !hi.T.IsValid() || !o.allowsWhole(lo.Num) || !o.allowsWhole(hi.Num) || lo.Num > hi.Num {
			return bad("a positive whole number or a range a..b")
		}
		s.Num = hi.Num
		s.List = []ir.Setting{{Key: "min", Num: lo.Num}, {Key: "max", Num: hi.Num}}
	case optData:
		id, ok := x.(*syntax.Ident)
		if !ok {
			return bad("the name of a data block")
		}
		s.Text = id.Name
		return s, c.find(id, "NDE0709", "data") != nil
	case optNets:
		list := []syntax.Expr{x}
		if l, ok := x.(*syntax.ListExpr); ok {
			list = l.Elems
		}
		for _, el := range list {
			id, ok := el.(*syntax.Ident)
			if !ok {
				return bad("the names of nets, systems or models")
			}
			if c.find(id, "NDE0714", "net", "system", "model") == nil {
				return s, false
			}
			s.List = append(s.List, ir.Setting{Text: id.Name, Span: id.At()})
		}
	case optFigure:
		name, ok := figureName(x)
		if !ok {
			return bad("the name of a figure: loss, val.loss, a metric or val.metric")
		}
		s.Text = name
	case optColumn:
		id, ok := x.(*syntax.Ident)
		if !ok {
			return bad("the name of a column")
		}
		s.Text = id.Name // the data may not be known yet; see adversary
	}
	return s, true
}
