package diag

// codesVet explains warnings: programs that compile and probably are not what was meant. The line
// //nde:ignore CODE reason silences one.
func codesVet() []Entry {
	const solver = "package p\n\nsolver S = dopri5{rtol: "
	const data = "package p\n\nnet f(x real) real {\n\treturn [x] |> Linear()\n}\n\ndata D {\n\tx real\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\n" +
		"train T {\n\tdata: D\n\tepochs: 1\n\toptimizer: adam\n\tminimize "
	const system = "package p\n\nsystem S {\n\tstate x real\n\tstate z real = 0\n\tder(x) = "
	return []Entry{
		{Code: "W1201", Title: "unused parameter",
			Text:  "An argument, a param or a context that nothing reads is either left over or a name mistyped elsewhere.",
			Bad:   "package p\n\nfn f(x, y real) real {\n\treturn x\n}\n",
			Fixed: "package p\n\nfn f(x, y real) real {\n\treturn x * y\n}\n"},
		{Code: "W1202", Title: "unused state",
			Text:  "A state that no other equation and no result reads changes nothing; it still counts in the error norm.",
			Bad:   system + "-x\n\tder(z) = -z\n}\n",
			Fixed: system + "-x + z\n\tder(z) = -z\n}\n"},
		{Code: "W1203", Title: "unused column",
			Text:  "A recipe trains on data of which it does not read a column.",
			Bad:   data + "f(x)^2\n}\n",
			Fixed: data + "(f(x) - y)^2\n}\n"},
		{Code: "W1204", Title: "tolerance below the precision",
			Text:  "Below 1e-6, about eight units in the last place of f32, rounding makes the error that the solver tries to remove with smaller steps.",
			Bad:   solver + "1e-9}\n",
			Fixed: solver + "1e-5}\n"},
	}
}
