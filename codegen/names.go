package codegen

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"

	"ndec.dev/ndec/ir"
)

// scope hands out Go identifiers, each once; collisions get a number in source order.
type scope struct {
	used  map[string]bool
	outer *scope // whose names are not given again; nil for none
}

func (s *scope) has(name string) bool {
	return s.used[name] || s.outer != nil && s.outer.has(name)
}

// reserved are names that emitted functions use themselves, and predeclared ones that they call.
var reserved = []string{
	"w", "ws", "pre", "g", "by", "st", "i", "j", "k", "n", "rt", "math", "context", "Real", "Params",
	"float32", "float64", "int", "int32", "bool", "string", "error", "nil", "true", "false", "any",
	"min", "max", "len", "cap", "copy", "append", "make", "new", "panic", "print", "println", "real", "imag", "complex", "iota", "init", "main", "clear",
	"acc", "aik", "bj", "xj", "dot", "dot0", "dot1", "dot2", "dot3", "row0", "row1", "row2", "row3", "line0", "line1", "line2", "line3", "i0", "i1", "i2", "i3",
}

var reservedScope = func() *scope {
	s := &scope{used: map[string]bool{}}
	for _, r := range reserved {
		s.used[r] = true
	}
	return s
}()

func newScope(taken ...string) *scope { return reservedScope.inner(taken...) }

// inner is a scope within s.
func (s *scope) inner(taken ...string) *scope {
	in := &scope{used: map[string]bool{}, outer: s}
	for _, t := range taken {
		in.used[t] = true
	}
	return in
}

// pick is base, or base with the first free number.
func (s *scope) pick(base string) string {
	if base == "" || base == "_" {
		base = "v"
	}
	name := base
	for n := 2; s.has(name) || token.IsKeyword(name); n++ {
		name = base + strconv.Itoa(n)
		if unicode.IsDigit(rune(base[len(base)-1])) {
			name = base + "_" + strconv.Itoa(n)
		}
	}
	s.used[name] = true
	return name
}

// take reserves base, base0, base1, … when a value is kept as separate variables.
func (s *scope) pickGroup(base string, n int) string {
	if base == "" {
		base = "v"
	}
	for try := 1; ; try++ {
		name := base
		if try > 1 {
			name = base + "_" + strconv.Itoa(try) + "_"
		}
		free := !s.has(name)
		for e := 0; e < n; e++ {
			free = free && !s.has(name+strconv.Itoa(e))
		}
		if free && !token.IsKeyword(name) {
			s.used[name] = true
			for e := 0; e < n; e++ {
				s.used[name+strconv.Itoa(e)] = true
			}
			return name
		}
	}
}

// words splits a dotted or underscored name of the IR.
func words(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// goName joins the words of an IR name in camel case: "Moons.0.step" is moons0Step.
func goName(name string, exported bool) string {
	var b strings.Builder
	for i, w := range words(name) {
		r := []rune(w)
		switch {
		case i > 0 || exported:
			r[0] = unicode.ToUpper(r[0])
		default:
			r[0] = unicode.ToLower(r[0])
		}
		b.WriteString(string(r))
	}
	s := b.String()
	if s == "" || unicode.IsDigit([]rune(s)[0]) {
		s = "V" + s
		if !exported {
			s = "v" + s[1:]
		}
	}
	return s
}

// localName is the name of a value inside a function: from the source, or from its operator.
func localName(v *ir.Value) string {
	if v.Name != "" && v.Op != ir.OpParam {
		return goName(v.Name, false)
	}
	return goName(v.Op.String(), false)
}
