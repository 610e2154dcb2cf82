package diag

import "strings"

// driven is a system with an input, of options OPTIONS, that a model drives by VALUE.
const driven = "package p\n\nsystem S {\n\tstate x real\n\tinput u realOPTIONS\n\tder(x) = u - x\n}\n\nmodel M(x real, ts [3]time, us [3]real) (y real) {\n\treturn solve(S{x: x, u: VALUE}, over: 0..1, with: rk4{steps: 4}).x\n}\n"

func drive(options, value string) string {
	return strings.NewReplacer("OPTIONS", options, "VALUE", value).Replace(driven)
}

// codesInputs are the rules of time-varying inputs.
func codesInputs() []Entry {
	return []Entry{
		{Code: "NDE0661", Title: "bad input",
			Text:  "An input is real, and has one option: interp: says what it is between the knots of a signal, linear (the default), hold or cubic.",
			Bad:   drive(" {\n\t\tinterp: spline\n\t}", "signal(ts, us)"),
			Fixed: drive(" {\n\t\tinterp: cubic\n\t}", "signal(ts, us)")},
		{Code: "NDE0662", Title: "bad signal",
			Text:  "signal(ts, us) takes a vector of two or more times and a value for each of them. It stands for an input of a system.",
			Bad:   drive("", "signal(ts[0], us)"),
			Fixed: drive("", "signal(ts, us)")},
		{Code: "NDE0663", Title: "bad simulation",
			Text:  "The rows of a source simulate{} differ by what is drawn: normal(m, s) or uniform(a, b) for a state, a context or an input of the system. A column is a state, integral or output along the times at:, t, or what is drawn, by its name or by an expression: ys [T]real = x.",
			Bad:   simulate("y"),
			Fixed: simulate("x")},
	}
}

// simulate is a program with a data block of a column.
func simulate(column string) string {
	return "package p\n\nsystem S {\n\tstate x real\n\tder(x) = -x\n}\n\ndata D {\n\t" + column +
		" [3]real\n\tsource: simulate{of: S{x: normal(0, 1)}, at: linspace(0, 1, 3), with: rk4{steps: 4}}\n}\n"
}
