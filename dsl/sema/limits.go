package sema

import "ndec.dev/ndec/ir/diag"

// limit is a construct of the language that is not compiled yet.
type limit struct {
	code   diag.Code
	text   string
	remedy string
}

// limits is the table of what the checker understands and the compiler does not, so that
// lowering sees only what it can do.
var limits = map[string]limit{
	"solver method": {"NDE0802", "this method is not compiled yet", "use euler, midpoint, heun, rk4, dopri5 or tsit5"},
	"solver option": {"NDE0803", "this solver option is not compiled yet", "leave it out"},
	"nested solve":  {"NDE0808", "a solve inside of a system is not compiled yet", "solve in a model or a recipe"},
	"element type":  {"NDE0818", "element types other than real, time, label and bool are not compiled yet", "use real, and --precision for all of them"},
}

// limit complains about a construct of the table.
func (c *checker) limit(construct string, at diag.Span) { c.limitNamed(construct, "", at) }

func (c *checker) limitNamed(construct, name string, at diag.Span) {
	l, ok := limits[construct]
	if !ok {
		panic("sema: no limit for " + construct)
	}
	text := l.text
	if name != "" {
		text = name + ": " + text
	}
	c.report(diag.Diagnostic{Code: l.code, Span: at, Text: text + "; " + l.remedy})
}
