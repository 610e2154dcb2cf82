package vmath

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// GoText is the function of a program as Go text without formatting. What only one side of a choice needs
// stands in its branch, so that one number does not pay for both.
func (p *Program) GoText() string {
	g := newGoText(p, 1)
	var doc strings.Builder
	fmt.Fprintf(&doc, "// %s is %s within %g ulp", g.funcName(""), p.Row.Doc, p.Row.Ulp(p.Width))
	if far := p.Row.Far(p.Width); far != 0 {
		fmt.Fprintf(&doc, ".\n")
		g.line("if !(%s(%s) <= %s) {", g.typed("Abs"), p.Row.Args[0], strconv.FormatFloat(far, 'g', -1, 64))
		g.line("return %s(%s)", g.funcName("Far"), strings.Join(p.Row.Args, ", "))
		g.line("}")
	} else {
		doc.WriteString(".\n")
	}
	g.block(nil)
	g.line("return %s", g.number(p.Result).text)
	fmt.Fprintf(&doc, "//\n// %s.\n", strings.ReplaceAll(p.Row.Note, "\n", "\n// "))
	return fmt.Sprintf("%sfunc %s(%s %s) %s {\n%s}\n", doc.String(), g.funcName(""), strings.Join(p.Row.Args, ", "), g.real, g.real, g.out.String())
}

// GoText4 is the function for four numbers at once: they share the loads of coefficients, and their chains
// of operations overlap. It is for programs without choices; ok says whether this is one.
func (p *Program) GoText4() (text string, ok bool) {
	for _, v := range p.Code {
		if v.Op == Select || v.Op.IsMask() {
			return "", false
		}
	}
	g := newGoText(p, 4)
	g.block(nil)
	var results, args []string
	for c := range 4 {
		g.copy = c
		results = append(results, g.number(p.Result).text)
	}
	for _, a := range p.Row.Args {
		for c := range 4 {
			args = append(args, a+suffixes[c])
		}
	}
	g.line("return %s", strings.Join(results, ", "))
	r := g.real
	return fmt.Sprintf("// %s is %s of four numbers, bit for bit.\nfunc %s(%s %s) (_, _, _, _ %s) {\n%s}\n", g.funcName("x4"), g.funcName(""), g.funcName("x4"),
		strings.Join(args, ", "), r, r, g.out.String()), true
}

var suffixes = [4]string{"A", "B", "C", "D"}

// region is the branch of a choice that values stand in; nil is the body.
type region struct {
	parent *region
	choice *Value
	arm    int // 1 or 2
	depth  int
}

type goText struct {
	p      *Program
	out    strings.Builder
	real   string // float32
	word   string // uint32
	copies int
	copy   int // which is being printed

	region map[*Value]*region
	arms   map[*Value][3]*region // of choices
	uses   map[*Value][]*Value
	name   map[*Value]string
	holder map[string]*Value // of a name: who has it now
	consts []uint64          // shared by the copies of a statement, as k0, k1, …
	held   []uint64          // what these hold
}

func newGoText(p *Program, copies int) *goText {
	g := &goText{p: p, copies: copies, real: fmt.Sprintf("float%d", p.Width), word: fmt.Sprintf("uint%d", p.Width),
		region: map[*Value]*region{}, arms: map[*Value][3]*region{}, uses: map[*Value][]*Value{}, name: map[*Value]string{}, holder: map[string]*Value{}}
	for i := len(p.Code) - 1; i >= 0; i-- {
		v := p.Code[i]
		first := true
		for _, u := range g.uses[v] {
			for k, a := range u.Args {
				if a != v {
					continue
				}
				r := g.region[u]
				if u.Op == Select && k > 0 {
					r = g.arm(u, k)
				}
				if first {
					g.region[v], first = r, false
				} else {
					g.region[v] = common(g.region[v], r)
				}
			}
		}
		for _, a := range v.Args {
			g.uses[a] = append(g.uses[a], v)
		}
	}
	for _, a := range p.Args {
		g.region[a] = nil
		g.name[a], g.holder[a.Name] = a.Name, a
	}
	return g
}

func (g *goText) arm(u *Value, k int) *region {
	arms := g.arms[u]
	if arms[k] == nil {
		depth := 1
		if r := g.region[u]; r != nil {
			depth = r.depth + 1
		}
		arms[k] = &region{parent: g.region[u], choice: u, arm: k, depth: depth}
		g.arms[u] = arms
	}
	return arms[k]
}

func common(a, b *region) *region {
	for a != b {
		if a == nil || b == nil {
			return nil
		}
		if a.depth >= b.depth {
			a = a.parent
		} else {
			b = b.parent
		}
	}
	return a
}

func (g *goText) funcName(suffix string) string { return g.typed(g.p.Row.Name) + suffix }
func (g *goText) typed(name string) string      { return name + strconv.Itoa(g.p.Width) }

func (g *goText) line(format string, args ...any) {
	fmt.Fprintf(&g.out, format, args...)
	g.out.WriteByte('\n')
}

// inlined values are spelled where they are used.
func (g *goText) inlined(v *Value) bool {
	switch v.Op {
	case Const:
		return true
	case Arg, Select:
		return false
	}
	return v.Name == "" && len(g.uses[v]) == 1
}

// block prints the statements of a region.
func (g *goText) block(r *region) {
	for _, v := range g.p.Code {
		if v.Op == Arg || g.region[v] != r || g.inlined(v) || v == g.p.Result && v.Op != Select {
			continue
		}
		if v.Op == Select {
			g.choice(v)
		} else {
			g.statement(v)
		}
	}
}

// statement gives a value a variable.
func (g *goText) statement(v *Value) {
	if g.copies > 1 {
		g.consts = g.constsOf(v, nil)
		for i, c := range g.consts {
			op := "="
			if i == len(g.held) {
				g.held = append(g.held, c)
				op = ":="
			} else if g.held[i] == c {
				continue
			}
			g.held[i] = c
			text := g.constant(c)
			if op == ":=" {
				text = g.real + "(" + text + ")"
			}
			g.line("k%d %s %s", i, op, text)
		}
	}
	var texts []string
	for c := range g.copies {
		g.copy = c
		texts = append(texts, g.expr(v).text)
	}
	name, op := g.take(v)
	var names []string
	for c := range g.copies {
		names = append(names, g.suffixed(name, c))
	}
	g.line("%s %s %s", strings.Join(names, ", "), op, strings.Join(texts, ", "))
	g.consts = nil
}

// constsOf are the constants in the statement of v.
func (g *goText) constsOf(v *Value, to []uint64) []uint64 {
	if v.Op.IsBits() {
		return to
	}
next:
	for _, a := range v.Args {
		switch {
		case a.Op == Const:
			for _, c := range to {
				if c == a.Bits {
					continue next
				}
			}
			to = append(to, a.Bits)
		case g.inlined(a):
			to = g.constsOf(a, to)
		}
	}
	return to
}

func (g *goText) suffixed(name string, c int) string {
	if g.copies == 1 {
		return name
	}
	return name + suffixes[c]
}

// take finds the name of v and says whether it is declared or assigned. A name is taken over from a value
// that nobody needs any more.
func (g *goText) take(v *Value) (name, op string) {
	base := v.Name
	if base == "" {
		base = "v"
	}
	name = base
	for n := 2; ; n++ {
		old := g.holder[name]
		if old == nil {
			op = ":="
			break
		}
		if g.region[old] == g.region[v] && g.kind(old) == g.kind(v) && g.finished(old, v) {
			op = "="
			break
		}
		name = base + strconv.Itoa(n)
	}
	g.name[v], g.holder[name] = name, v
	return name, op
}

func (g *goText) kind(v *Value) string {
	switch {
	case v.Op.IsMask():
		return "bool"
	case v.Op.IsBits():
		return g.word
	}
	return g.real
}

// finished reports whether all uses of old are in its own region, up to the statement of v.
func (g *goText) finished(old, v *Value) bool {
	for _, u := range g.uses[old] {
		at := u
		for g.inlined(at) {
			at = g.uses[at][0]
		}
		if at.ID > v.ID || g.region[at] != g.region[old] || at == g.p.Result || at.Op == Select && at != v {
			return false
		}
	}
	return old != g.p.Result
}

// choice prints a Select.
func (g *goText) choice(v *Value) {
	mask := g.expr(v.Args[0])
	if n, ok := g.name[v.Args[0]]; ok {
		mask = expr{text: n}
	}
	name, op := g.take(v)
	filled := func(k int) bool {
		r := g.arms[v][k]
		for _, w := range g.p.Code {
			if r != nil && g.region[w] == r && w.Op != Const {
				return true
			}
		}
		return false
	}
	arm := func(k int) {
		if r := g.arms[v][k]; r != nil {
			g.block(r)
		}
		if text := g.number(v.Args[k]).text; text != name {
			g.line("%s = %s", name, text)
		}
	}
	text := func(k int) string { return g.number(v.Args[k]).text }
	switch {
	case op == "=" && !filled(2) && text(2) == name:
		g.line("if %s {", mask.text)
		arm(1)
	case op == ":=" && !filled(1) && !filled(2):
		g.line("var %s %s = %s", name, g.real, text(2))
		g.line("if %s {", mask.text)
		arm(1)
	default:
		if op == ":=" {
			g.line("var %s %s", name, g.real)
		}
		g.line("if %s {", mask.text)
		arm(1)
		g.line("} else {")
		arm(2)
	}
	g.line("}")
}

// expr is Go text; loose where it needs parentheses within another.
type expr struct {
	text  string
	loose bool
}

func (x expr) tight() string {
	if x.loose {
		return "(" + x.text + ")"
	}
	return x.text
}

// value is v where it is used, in its own kind.
func (g *goText) value(v *Value) expr {
	if n, ok := g.name[v]; ok {
		return expr{text: g.suffixed(n, g.copy)}
	}
	return g.expr(v)
}

// number is v as a floating point number.
func (g *goText) number(v *Value) expr {
	x := g.value(v)
	if v.Op.IsBits() {
		return expr{text: fmt.Sprintf("math.Float%dfrombits(%s)", g.p.Width, x.text)}
	}
	return x
}

// bits is v as an integer.
func (g *goText) bits(v *Value) expr {
	switch {
	case v.Op == Const:
		return expr{text: fmt.Sprintf("%#x", v.Bits)}
	case v.Op.IsBits():
		return g.value(v)
	}
	return expr{text: fmt.Sprintf("math.Float%dbits(%s)", g.p.Width, g.value(v).text)}
}

func (g *goText) constant(c uint64) string {
	x := math.Float64frombits(c)
	if g.p.Width == 32 {
		x = float64(math.Float32frombits(uint32(c)))
	}
	switch {
	case math.IsNaN(x):
		return g.real + "(math.NaN())"
	case math.IsInf(x, 1):
		return g.real + "(math.Inf(1))"
	case math.IsInf(x, -1):
		return g.real + "(math.Inf(-1))"
	}
	return strconv.FormatFloat(x, 'g', -1, g.p.Width)
}

// expr spells the operation of v.
func (g *goText) expr(v *Value) expr {
	n := func(k int) string { return g.number(v.Args[k]).tight() }
	w := func(k int) string { return g.bits(v.Args[k]).tight() }
	loose := func(format string, args ...any) expr { return expr{fmt.Sprintf(format, args...), true} }
	product := func() string { return fmt.Sprintf("%s(%s * %s)", g.real, n(0), n(1)) }
	switch v.Op {
	case Const:
		for i, c := range g.consts {
			if c == v.Bits {
				return expr{text: "k" + strconv.Itoa(i)}
			}
		}
		return expr{text: g.constant(v.Bits)}
	case Add:
		return loose("%s + %s", n(0), n(1))
	case Sub:
		return loose("%s - %s", n(0), n(1))
	case Mul:
		return expr{text: product()}
	case Div:
		return loose("%s / %s", n(0), n(1))
	case MulAdd:
		return loose("%s + %s", product(), n(2))
	case MulSub:
		return loose("%s - %s", n(2), product())
	case Sqrt:
		return expr{text: fmt.Sprintf("%s(%s)", g.typed("Sqrt"), g.number(v.Args[0]).text)}
	case Min, Max:
		name := map[Op]string{Min: "least", Max: "most"}[v.Op]
		return expr{text: fmt.Sprintf("%s(%s, %s)", g.typed(name), g.number(v.Args[0]).text, g.number(v.Args[1]).text)}
	case And, Or, Xor, AddBits, SubBits:
		return loose("%s %s %s", w(0), map[Op]string{And: "&", Or: "|", Xor: "^", AddBits: "+", SubBits: "-"}[v.Op], w(1))
	case ShiftL:
		return loose("%s << %d", w(0), v.Bits)
	case ShiftR:
		return loose("%s >> %d", w(0), v.Bits)
	case Less:
		return loose("%s < %s", n(0), n(1))
	case Equal:
		return loose("%s == %s", n(0), n(1))
	case Negative:
		return loose("%s >> %d != 0", w(0), g.p.Width-1)
	}
	panic("vmath: no Go text for " + v.Op.String())
}
