package diag

import "strings"

// codesTraining are the diagnostics of data, training and the command line.
func codesTraining() []Entry {
	return []Entry{
		{Code: "NDE0701", Title: "setting missing",
			Text:  "A recipe needs data, batch, minimize, an optimizer and epochs or steps; a data block needs a source.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\tminimize cross_entropy(f(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0702", Title: "unknown setting",
			Text:  "The block has only certain settings.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\toptimiser: adam\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0703", Title: "bad value of a setting",
			Text:  "The value is out of range or of the wrong kind.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam{lr: -1}\n\tminimize cross_entropy(f(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam{lr: 1}\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0704", Title: "unknown optimizer, schedule or source",
			Text:  "The message lists the choices where none is near; docs/reference.md describes them with their options and defaults, one table for optimizers, schedules, sources and so on.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adamm\n\tminimize cross_entropy(f(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0705", Title: "unknown option",
			Text:  "Which options there are depends on what has them: the noise of moons is none of annuli. docs/reference.md describes the options of each optimizer, schedule, source and split, with their defaults.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam{rate: 0.1}\n\tminimize cross_entropy(f(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam{lr: 0.1}\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0706", Title: "set twice",
			Text:  "A setting is given once.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tepochs: 4\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0707", Title: "objective is no scalar",
			Text:  "minimize takes one real number per sample; the batch mean is implied.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize f(x)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0708", Title: "two objectives",
			Text:  "A recipe has one objective.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tminimize sqnorm(x)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0709", Title: "unknown data",
			Text:  "data:, val: and test: name data blocks.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\ttest: E\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\ttest: D\n}\n"},
		{Code: "NDE0710", Title: "columns differ",
			Text:  "Validation and test data have the columns of the training data.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ndata E {\n\tx [2]real\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\ttest: E\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ndata E {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\ttest: E\n}\n"},
		{Code: "NDE0711", Title: "epochs and steps",
			Text:  "The length of training is given once.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tsteps: 10\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0712", Title: "metric is no scalar",
			Text:  "A metric is one number per sample, or made of avg(...).",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tmetric m = x\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tmetric m = norm(x)\n}\n"},
		{Code: "NDE0713", Title: "epochs: a..b without stop",
			Text:  "Between a and b epochs something must decide.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3..5\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0714", Title: "unknown net",
			Text:  "freeze and l2 name nets, systems or models.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tfreeze: g\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tfreeze: f\n}\n"},
		{Code: "NDE0715", Title: "avg out of place",
			Text:  "avg is the mean over the samples of a batch, in recipes only.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn avg(x[0])\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n\tmetric m = sqrt(avg(sqnorm(x)))\n}\n"},
		{Code: "NDE0716", Title: "no columns",
			Text:  "A data block declares what a sample has.",
			Bad:   "package p\n\ndata D {\n\tsource: moons{n: 8}\n}\n",
			Fixed: "package p\n\ndata D {\n\tx [2]real\n\tsource: moons{n: 8}\n}\n"},
		{Code: "NDE0717", Title: "adversary on what is no real column",
			Text:  "An adversary moves a real column of the training data a little, so as to raise the loss. A label has no neighbours.",
			Bad:   adversary("pgd{on: y, radius: 0.1}", "batch: 16"),
			Fixed: adversary("pgd{on: x, radius: 0.1}", "batch: 16")},
		{Code: "NDE0718", Title: "active without a batch to keep samples of",
			Text:  "adversary: active keeps the share `keep` of each batch, the samples of largest loss, for the next batch. It needs\nmini-batches, and at least one sample to keep.",
			Bad:   adversary("active{keep: 0.25}", "batch: full"),
			Fixed: adversary("active{keep: 0.25}", "batch: 16")},
		{Code: "NDE0719", Title: "adversary on a column that the objective does not depend on",
			Text:  "The ascent follows the gradient of the objective by the column, and here that is zero everywhere.",
			Bad:   strings.Replace(adversary("pgd{on: z, radius: 0.1}", "batch: 16"), "\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}", "\tx, z [2]real\n\ty label[2]\n\tsource: csv{path: \"d.csv\"}", 1),
			Fixed: adversary("pgd{on: x, radius: 0.1}", "batch: 16")},
		{Code: "NDE0720", Title: "bad --set",
			Text:  "--set names a constant or a setting of a recipe, with a number.",
			Flags: "--set M=4",
			Bad:   "package p\n\nconst N = 3\n\nnet f(x [2]real) [N]real {\n\treturn x |> Linear(N)\n}\n",
			Fixed: "package p\n\nconst M = 3\n\nnet f(x [2]real) [M]real {\n\treturn x |> Linear(M)\n}\n"},
		{Code: "NDE0721", Title: "bad --with",
			Text:  "--with names a declared solver.",
			Flags: "--with Fdw=rk4{steps: 4}",
			Bad:   flow + "solver Fwd = dopri5\n" + end,
			Fixed: flow + "solver Fdw = dopri5\n" + strings.Replace(end, "Fwd", "Fdw", 1)},
		{Code: "NDE0722", Title: "test without a check",
			Text:  "A test computes something and checks it: check norm(end.x - [0.3, 0.1]) < 1e-3.",
			Bad:   "package p\n\ntest T {\n\tx := 1.0\n}\n",
			Fixed: "package p\n\ntest T {\n\tx := 1.0\n\tcheck x < 2\n}\n"},
		{Code: "NDE0723", Title: "bad params of a test",
			Text:  "The parameters of a test start from a seed (seed 0 when nothing is said), or come from a weights file in the folder of the package.",
			Bad:   "package p\n\ntest T {\n\tparams: 3\n\tcheck 1 < 2\n}\n",
			Fixed: "package p\n\ntest T {\n\tparams: seed 3\n\tcheck 1 < 2\n}\n"},
		{Code: "NDE0724", Title: "check of something that is no condition",
			Text:  "check takes a condition: a comparison of scalars, or several joined by && and ||.",
			Bad:   "package p\n\ntest T {\n\tcheck 1 + 2\n}\n",
			Fixed: "package p\n\ntest T {\n\tcheck 1+2 == 3\n}\n"},
		{Code: "NDE0728", Title: "columns that the source does not have",
			Text: "A source of points has one column of reals for the points, of as many numbers as they have, and at most one of labels, of as many classes\nas there are; an npy file has one column.",
			Bad: `package p

data D {
	x [3]real
	y label[2]
	source: moons{n: 64}
}
`,
			Fixed: `package p

data D {
	x [2]real
	y label[2]
	source: moons{n: 64}
}
`},
		{Code: "NDE0729", Title: "stream of rows that are not made anew",
			Text: "stream: true makes new rows in every epoch. Sources that generate rows from a seed can do that, files cannot. Streamed rows are for training;\nvalidation and test have data blocks of their own, and adversary: active, which keeps rows, has data that stay.",
			Bad: `package p

data D {
	x [2]real
	stream: true
	source: csv{path: "points.csv"}
}
`,
			Fixed: `package p

data D {
	x [2]real
	stream: true
	source: pinwheel{n: 512}
}
`},
		{Code: "NDE0730", Title: "column to split by",
			Text: "split: by_column{of: c, train: 0.8, test: 0.2} keeps rows with the same number in column c together, so that no recording is in two parts. The\ncolumn has one number a row.",
			Bad: `package p

data D {
	x [2]real
	split: by_column{of: lap, train: 0.8, test: 0.2}
	source: csv{path: "log.csv"}
}
`,
			Fixed: `package p

data D {
	x [2]real
	lap real
	split: by_column{of: lap, train: 0.8, test: 0.2}
	source: csv{path: "log.csv"}
}
`},
		{Code: "NDE0731", Title: "what is present of a column",
			Text: "In files numbers may be missing where a column says which are there: seen [2]bool = present(x) is true where x has its number and false\nwhere the field is empty, NaN or NA, and x is 0 there. The column has the shape of x, and is bool, or real with 1 and 0.",
			Bad: `package p

data D {
	x [2]real
	seen bool = present(x)
	source: csv{path: "log.csv"}
}
`,
			Fixed: `package p

data D {
	x [2]real
	seen [2]bool = present(x)
	source: csv{path: "log.csv"}
}
`},
	}
}

// adversary is a recipe with the setting.
func adversary(how, batch string) string {
	return "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\t" + batch +
		"\n\tadversary: " + how + "\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"
}
