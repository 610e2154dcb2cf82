package ir

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"ndec.dev/ndec/ir/diag"
)

// Print writes the text form of m: header, parameters, solves and reverse sweeps, functions with
// callees first, models, recipes, data. ParseModule reads it back; printing that gives the same
// text. Scalar constants and parameters stand where they are used.
func Print(w io.Writer, m *Module) error {
	p := &printer{w: w}
	p.module(m)
	return p.flush()
}

// PrintCode is Print without documentation and places in the source.
func PrintCode(w io.Writer, m *Module) error {
	p := &printer{w: w, code: true}
	p.module(m)
	return p.flush()
}

// PrintFunc writes the text form of one function.
func PrintFunc(w io.Writer, f *Func) error {
	m := Module{Funcs: []*Func{f}}
	p := &printer{w: w, revs: revNames(m.revs())}
	p.function(f)
	return p.flush()
}

// String is the text form of m.
func (m *Module) String() string {
	var b strings.Builder
	_ = Print(&b, m) // a strings.Builder takes everything
	return b.String()
}

// String is the text form of f.
func (f *Func) String() string {
	var b strings.Builder
	_ = PrintFunc(&b, f)
	return b.String()
}

type printer struct {
	w    io.Writer
	b    []byte // not yet written
	err  error
	revs map[*Rev]string
	code bool // without documentation and places

	rates  map[Rate]string // by what they are in a function whose region is around; see rate
	around *Region
}

func (p *printer) put(format string, args ...any) { p.b = fmt.Appendf(p.b, format, args...) }

// text is put of texts as they are.
func (p *printer) text(texts ...string) {
	for _, t := range texts {
		p.b = append(p.b, t...)
	}
}

func (p *printer) flush() error {
	if p.err == nil {
		_, p.err = p.w.Write(p.b)
	}
	p.b = p.b[:0]
	return p.err
}

// end finishes a line with the place in the source that it came from.
func (p *printer) end(s diag.Span) {
	if f := s.Start.File; !p.code && s.IsValid() && !strings.ContainsFunc(f, unicode.IsControl) && f == strings.TrimSpace(f) {
		p.text(" // ", s.String())
	}
	p.b = append(p.b, '\n')
	if len(p.b) > 1<<14 {
		p.flush()
	}
}

func (p *printer) module(m *Module) {
	p.revs = revNames(m.revs())
	p.put("module %s real %s\n", quoteName(m.Package), m.Real)
	p.fields("", m.fields())
	gap := func(n int) {
		if n > 0 {
			p.put("\n")
		}
	}
	gap(len(m.Params) + len(m.Derived))
	for _, q := range m.Params {
		p.param("param", q)
	}
	for _, q := range m.Derived {
		p.param("derived", q)
	}
	block := func(kind, name string, span diag.Span, fs []field) {
		p.put("\n%s %s {", kind, quoteName(name))
		p.end(span)
		p.fields("  ", fs)
		p.put("}\n")
	}
	for _, s := range m.Solves {
		block("solve", s.Name, s.Span, s.fields())
	}
	for _, r := range m.revs() {
		block("rev", p.revs[r], diag.Span{}, r.fields())
	}
	for _, f := range m.Funcs {
		p.put("\n")
		p.function(f)
	}
	for _, x := range m.Models {
		block("model", x.Name, x.Span, x.fields())
	}
	for _, x := range m.Recipes {
		block("recipe", x.Name, x.Span, x.fields())
	}
	for _, x := range m.Data {
		block("data", x.Name, x.Span, x.fields())
	}
	gap(len(m.Target))
	for _, c := range m.Target {
		p.put("target %s", choiceText(c))
		p.end(c.Span)
	}
}

// revs lists the reverse sweeps that the functions run, in the order of their first use.
func (m *Module) revs() []*Rev {
	var rs []*Rev
	seen := map[*Rev]bool{}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if r := v.Attr.Rev; r != nil && !seen[r] {
				seen[r] = true
				rs = append(rs, r)
			}
		}
	}
	return rs
}

// revNames tells sweeps of one name apart: a solve may have several, over different parameters.
func revNames(rs []*Rev) map[*Rev]string {
	names := map[*Rev]string{}
	taken := map[string]bool{}
	for _, r := range rs {
		name := r.Name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s.%d", r.Name, n)
		}
		taken[name] = true
		names[r] = name
	}
	return names
}

func (p *printer) param(kind string, q *Param) {
	p.put("%s %s %s", kind, quoteName(q.Name), q.Type)
	if q.Net != "" {
		p.put(" net %s", quoteName(q.Net))
	}
	in := q.Init
	switch in.Kind {
	case InitConst:
		p.put(" init const(%s)", num(in.A))
	case InitRademacher:
		p.put(" init %s()", initNames[in.Kind])
	case InitUniform, InitNormal, InitLaplace:
		p.put(" init %s(%s, %s)", initNames[in.Kind], num(in.A), num(in.B))
	case InitLinearDefault:
		p.put(" init linear(%d)", in.FanIn)
	case InitData:
		p.put(" init data(%s)", nums(in.Data))
	}
	switch w := q.Where; w.Kind {
	case Above, Below:
		p.put(" where %s(%s)", transformNames[w.Kind], num(w.A))
	case Between:
		p.put(" where between(%s, %s)", num(w.A), num(w.B))
	}
	if s := q.Of; s != nil {
		what := "mean"
		if s.Deviation {
			what = "std"
		}
		p.put(" of %s %s %s %s", what, s.Per, quoteName(s.Data), quoteName(s.Column))
	}
	p.end(q.Span)
}

// fields prints the lines of a block; what is empty has none.
func (p *printer) fields(indent string, fs []field) {
	for _, f := range fs {
		if p.code && f.key == "doc" {
			continue
		}
		text, ok := fieldText(f.at)
		switch {
		case !ok:
		case text == "":
			p.put("%s%s\n", indent, f.key)
		default:
			p.put("%s%s %s\n", indent, f.key, text)
		}
		if list, is := f.at.(*[]Setting); is {
			for _, s := range *list {
				p.put("%s%s %s", indent, f.key, settingText(s))
				p.end(s.Span)
			}
		}
	}
}

// fieldText is the text after the key, and whether the line is there at all.
func fieldText(at any) (string, bool) {
	switch x := at.(type) {
	case *string:
		return quoteName(*x), *x != ""
	case *bool:
		return "", *x
	case *int:
		return strconv.Itoa(*x), *x != 0
	case *float64:
		return num(*x), *x != 0
	case **Func:
		return funcName(*x), *x != nil
	case **Solve:
		return solveName(*x), *x != nil
	case **Region:
		if *x == nil {
			return "", false
		}
		return regionPath(*x), true
	case *Choice:
		return choiceText(*x), x.Row != ""
	case *[]string:
		return list(*x, quoteName), len(*x) > 0
	case *[]*Func:
		return list(*x, funcName), len(*x) > 0
	case *[]*Solve:
		return list(*x, solveName), len(*x) > 0
	case *[]*Param:
		return list(*x, func(q *Param) string { return quoteName(q.Name) }), len(*x) > 0
	case *[]Type:
		return list(*x, Type.String), len(*x) > 0
	case *[]SolveState:
		return list(*x, func(s SolveState) string {
			t := quoteName(s.Name) + ": " + s.Type.String()
			switch {
			case s.Memory:
				t += " memory"
			case !s.InNorm:
				t += " integral"
			}
			return t
		}), len(*x) > 0
	case *[]Event:
		return list(*x, func(e Event) string {
			t := e.Kind.String()
			if e.Kind == Every {
				t += " " + num(e.Every)
			}
			if e.Reset != nil {
				t += " reset " + funcName(e.Reset)
			}
			if e.Stop {
				t += " stop"
			}
			return t
		}), len(*x) > 0
	case *[]Port:
		return list(*x, func(q Port) string {
			t := quoteName(q.Name) + ": " + q.Type.String()
			if q.Classes != 0 {
				t += " classes " + strconv.Itoa(q.Classes)
			}
			if len(q.Fields) > 0 {
				t += " fields(" + list(q.Fields, quoteName) + ")"
			}
			if q.First {
				t += " first"
			}
			if q.Present != "" {
				t += " present " + quoteName(q.Present)
			}
			return t
		}), len(*x) > 0
	}
	return "", false
}

func list[T any](xs []T, text func(T) string) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = text(x)
	}
	return strings.Join(parts, ", ")
}

// settingText is key, number, "text", choice row(…) and [list], each where it is set.
func settingText(s Setting) string {
	t := quoteName(s.Key)
	if s.Num != 0 {
		t += " " + num(s.Num)
	}
	if s.Text != "" {
		t += " " + strconv.Quote(s.Text)
	}
	if s.Choice != nil {
		t += " choice " + choiceText(*s.Choice)
	}
	if len(s.List) > 0 {
		t += " [" + list(s.List, settingText) + "]"
	}
	return t
}

func choiceText(c Choice) string {
	return quoteName(c.Row) + "(" + list(c.Options, settingText) + ")"
}

func funcName(f *Func) string {
	if f == nil {
		return "-"
	}
	return quoteName(f.Name)
}

func solveName(s *Solve) string {
	if s == nil {
		return "-"
	}
	return quoteName(s.Name)
}

// regionPath names r from the outermost shared region on: sample/solve(Moons.0)/step.
func regionPath(r *Region) string {
	if r.Parent == nil || globalRegion(r.Kind) == r {
		return r.label()
	}
	return regionPath(r.Parent) + "/" + r.label()
}

// num is the shortest text that reads back as x.
func num(x float64) string {
	return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+"))
}

func nums(xs []float64) string { return list(xs, num) }

// quoteName is a name as it is, or in quotes where it is not letters, digits, _ and dots, or means
// something else where operands stand.
func quoteName(s string) string {
	if s == "" || s == "nan" || s == "inf" || s == "param" {
		return strconv.Quote(s)
	}
	for i, r := range s {
		if !isNameRune(r, i == 0) {
			return strconv.Quote(s)
		}
	}
	return s
}

func isNameRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && (r == '.' || unicode.IsDigit(r))
}
