package diag

import (
	"fmt"
	"strings"
)

// codesValues are the diagnostics of names, types and shapes.
func codesValues() []Entry {
	return []Entry{
		{Code: "NDE0201", Title: "undefined name",
			Text:  "A name must be declared in the block, or at the top of a file of the package.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn z\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn x[0]\n}\n"},
		{Code: "NDE0202", Title: "declared twice",
			Text:  "A name can be declared once in a package, and once in a block.",
			Bad:   "package p\n\nconst n = 1\nconst n = 2\n",
			Fixed: "package p\n\nconst n = 1\nconst m = 2\n"},
		{Code: "NDE0204", Title: "a name of another sort",
			Text:  "A system, solver or function is named where a value is wanted, or the other way round.",
			Bad:   "package p\n\nsolver S = rk4{steps: 4}\nconst n = S\n",
			Fixed: "package p\n\nconst n = 4\n"},
		{Code: "NDE0205", Title: "declaration refers to itself",
			Text:  "Constants cannot be defined by themselves, and functions cannot call themselves: everything has a fixed size and length.",
			Bad:   "package p\n\nconst n = n + 1\n",
			Fixed: "package p\n\nconst n = 1\n"},
		{Code: "NDE0206", Title: "expression nested too deeply",
			Text:  "Name parts of it with :=.",
			Bad:   "package p\n\n" + constants(1500) + "const a1500 = 1\n",
			Fixed: "package p\n\n" + constants(3) + "const a3 = 1\n"},
		{Code: "NDE0207", Title: "unknown function",
			Text:  "Only functions and layers of the language and those of the package can be called.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn tanhh(x[0])\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn tanh(x[0])\n}\n"},
		{Code: "NDE0208", Title: "name of the generated package",
			Text:  "Params, NewParams, LoadParams and Real are declared by the generated package.",
			Bad:   "package p\n\nconst Real = 1\n",
			Fixed: "package p\n\nconst real_part = 1\n"},
		{Code: "NDE0209", Title: "layer needs a name",
			Text:  "Parameters are named by their place in the returned pipeline or in a pipeline of a definition. A layer elsewhere needs a declared name.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x + (x |> Linear(2)) + (x |> Linear(2))\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\tlayer a = Linear(2)\n\treturn x + (x |> Linear(2)) + a(x)\n}\n"},
		{Code: "NDE0210", Title: "parameters outside a net",
			Text:  "Only nets, models and systems own parameters.",
			Bad:   "package p\n\nfn f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n"},
		{Code: "NDE0211", Title: "two packages in a folder",
			Text: "All .nde files of a folder are one package.",
			Bad: `-- a.nde --
package p

const g = 9.81
-- b.nde --
package q

const m = 2.0
`,
			Fixed: `-- a.nde --
package p

const g = 9.81
-- b.nde --
package p

const m = 2.0
`},
		{Code: "NDE0212", Title: "not a layer",
			Text:  "A layer declaration takes a layer constructor or the name of a net.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\tlayer a = Linaer(2)\n\treturn a(x)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\tlayer a = Linear(2)\n\treturn a(x)\n}\n"},
		{Code: "NDE0213", Title: "a net at two sizes",
			Text:  "A net has one set of weights however often it is called. Used at two sizes, each use needs a name and so its own weights.",
			Bad:   "package p\n\nnet g[n](x [n]real) real {\n\treturn x |> Linear()\n}\n\nfn f(x [2]real) real {\n\treturn g(x) + g(concat(x, x))\n}\n",
			Fixed: "package p\n\nnet g[n](x [n]real) real {\n\treturn x |> Linear()\n}\n\nnet f(x [2]real) real {\n\tlayer a = g\n\tlayer b = g\n\treturn a(x) + b(concat(x, x))\n}\n"},
		{Code: "NDE0220", Title: "package name that Go cannot have",
			Text:  "The generated Go package has the name of the program's package. Keywords of Go, main and _ are no names of packages that others can import, and Go builds files such as p_test.go or p_linux.go in some builds only.",
			Bad:   "package select\n\nconst x = 1\n",
			Fixed: "package selection\n\nconst x = 1\n"},
		{Code: "NDE0301", Title: "shapes do not fit",
			Text:  "Operators take equal shapes, or a scalar and any shape. There is no other broadcasting; expand is explicit.",
			Bad:   "package p\n\nfn f(x [2]real) [3]real {\n\treturn x + [1.0, 2.0, 3.0]\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [2]real {\n\treturn x + [1.0, 2.0]\n}\n"},
		{Code: "NDE0303", Title: "wrong number of arguments",
			Text:  "A function takes a fixed number of arguments.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn tanh(x[0], x[1])\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn tanh(x[0])\n}\n"},
		{Code: "NDE0304", Title: "argument of another type",
			Text:  "An argument must have the declared type; numbers and times convert to real by themselves.",
			Bad:   "package p\n\nfn g(a real) real {\n\treturn a\n}\n\nfn f(x [2]real) real {\n\treturn g(x)\n}\n",
			Fixed: "package p\n\nfn g(a real) real {\n\treturn a\n}\n\nfn f(x [2]real) real {\n\treturn g(x[0])\n}\n"},
		{Code: "NDE0305", Title: "mixed element types",
			Text:  "Element types are not mixed implicitly; real(x) converts.",
			Bad:   "package p\n\nfn f(x real, c bool) real {\n\treturn c + x\n}\n",
			Fixed: "package p\n\nfn f(x real, c bool) real {\n\treturn real(c) + x\n}\n"},
		{Code: "NDE0307", Title: "no such named argument",
			Text:  "A function has only certain named arguments.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn sum(x, axes: 0)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn sum(x, axis: 0)\n}\n"},
		{Code: "NDE0308", Title: "number of values",
			Text:  "The number of names must be the number of values.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\ta, b := x[0]\n\treturn a\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\ta := x[0]\n\treturn a\n}\n"},
		{Code: "NDE0309", Title: "not constant",
			Text:  "Sizes and indices are known when a program is compiled.",
			Bad:   "package p\n\nfn f(x [2]real, i i32) real {\n\treturn x[i]\n}\n",
			Fixed: "package p\n\nfn f(x [2]real, i i32) real {\n\treturn x[1]\n}\n"},
		{Code: "NDE0310", Title: "bad size",
			Text:  "A size is a positive whole number.",
			Bad:   "package p\n\nfn f(x [0]real) real {\n\treturn x[0]\n}\n",
			Fixed: "package p\n\nfn f(x [1]real) real {\n\treturn x[0]\n}\n"},
		{Code: "NDE0311", Title: "inexact division of integers",
			Text:  "A quotient of whole numbers must be whole; write a decimal point for a fraction.",
			Bad:   "package p\n\nconst a = 1/2\n",
			Fixed: "package p\n\nconst a = 1.0 / 2\n"},
		{Code: "NDE0312", Title: "size cannot be inferred",
			Text:  "Size parameters follow from the shapes of the arguments.",
			Bad:   "package p\n\nfn g[n](x [n + 1]real) real {\n\treturn x[0]\n}\n\nfn f(x [2]real) real {\n\treturn g(x)\n}\n",
			Fixed: "package p\n\nfn g[n](x [n]real) real {\n\treturn x[0]\n}\n\nfn f(x [2]real) real {\n\treturn g(x)\n}\n"},
		{Code: "NDE0313", Title: "matrix product of shapes that do not fit",
			Text:  "@ multiplies [m, k] by [k, n] or [k], and [k] by [k, n].",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn x @ x\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn dot(x, x)\n}\n"},
		{Code: "NDE0314", Title: "concat of shapes that do not fit",
			Text:  "All axes but the one that is joined must be equal.",
			Bad:   "package p\n\nfn f(x [2]real) [3, 2]real {\n\treturn concat(x, eye(2))\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [3, 2]real {\n\treturn concat(reshape(x, 1, 2), eye(2))\n}\n"},
		{Code: "NDE0315", Title: "elements of different shapes",
			Text:  "The elements of a list have one shape.",
			Bad:   "package p\n\nfn f(x [2]real) [2]real {\n\treturn [x, x[0]]\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [2]real {\n\treturn [x[1], x[0]]\n}\n"},
		{Code: "NDE0316", Title: "index out of range",
			Text:  "Indices count from 0.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn x[2]\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn x[1]\n}\n"},
		{Code: "NDE0318", Title: "wrong number of axes",
			Text:  "The function or index wants another number of axes.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn x[0, 0]\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn x[0]\n}\n"},
		{Code: "NDE0319", Title: "number of elements changes",
			Text:  "reshape keeps the number of elements; expand adds leading axes.",
			Bad:   "package p\n\nfn f(x [2]real) [3]real {\n\treturn reshape(x, 3)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [1, 2]real {\n\treturn reshape(x, 1, 2)\n}\n"},
		{Code: "NDE0321", Title: "unknown layer option",
			Text:  "A layer has only certain options.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2, biass: false)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2, bias: false)\n}\n"},
		{Code: "NDE0322", Title: "bad layer option",
			Text:  "The option takes other values.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2, init: zeroes)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2, init: zeros)\n}\n"},
		{Code: "NDE0323", Title: "number of sizes of a layer",
			Text:  "A layer takes a fixed number of sizes.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2, 2)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n"},
		{Code: "NDE0324", Title: "scalar wanted",
			Text:  "The function wants a single element.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn scalar(x)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn sum(x)\n}\n"},
		{Code: "NDE0325", Title: "axis out of range",
			Text:  "Axes count from 0; negative ones from the end.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn sum(x, axis: 1)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn sum(x, axis: 0)\n}\n"},
		{Code: "NDE0330", Title: "derivative by something that is no variable",
			Text:  "The second argument of a derivative is a state, context, argument, column or definition.",
			Bad:   "package p\n\nfn f(x [2]real) [2]real {\n\treturn grad(sqnorm(x), 2*x)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [2]real {\n\treturn grad(sqnorm(x), x)\n}\n"},
		{Code: "NDE0332", Title: "derivative of this shape does not exist",
			Text:  "grad and hess want a scalar, div a value of the shape of its variable.",
			Bad:   "package p\n\nfn f(x [2]real) [2]real {\n\treturn grad(2*x, x)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) [2, 2]real {\n\treturn jac(2*x, x)\n}\n"},
		{Code: "NDE0337", Title: "label wanted",
			Text:  "The function takes scores and a label.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), x)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"},
		{Code: "NDE0338", Title: "not a value",
			Text:  "Literals, ranges and strings are not values of expressions.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn 1..2\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn 1.0\n}\n"},
		{Code: "NDE0339", Title: "number too large",
			Text:  "The number does not fit a 64-bit floating-point number, or it is a value of f32, which real is by default, and too large for that.",
			Bad:   "package p\n\nconst a = 1e999\n",
			Fixed: "package p\n\nconst a = 1e300\n"},
		{Code: "NDE0340", Title: "return missing",
			Text:  "A function or model ends with one return.",
			Bad:   "package p\n\nfn f(x real) real {\n\ty := x\n}\n",
			Fixed: "package p\n\nfn f(x real) real {\n\treturn x\n}\n"},
		{Code: "NDE0342", Title: "constraint",
			Text:  "A constraint is name > a, name < b or a < name < b, and the start value satisfies it. Of a distribution after ~ a\nhundredth at least does: what is drawn outside is drawn again.",
			Bad:   "package p\n\nsystem S {\n\tstate x real\n\tparam k real = -1.0 where k > 0\n\tder(x) = k * x\n}\n",
			Fixed: "package p\n\nsystem S {\n\tstate x real\n\tparam k real = 1.0 where k > 0\n\tder(x) = k * x\n}\n"},
		{Code: "NDE0343", Title: "distribution wanted",
			Text:  "~ gives a random start value.",
			Bad:   "package p\n\nsystem S {\n\tstate x real\n\tparam k real ~ 1.0\n\tder(x) = k * x\n}\n",
			Fixed: "package p\n\nsystem S {\n\tstate x real\n\tparam k real ~ normal(0, 1)\n\tder(x) = k * x\n}\n"},
		{Code: "NDE0370", Title: "distribution without a spread",
			Text:  "A deviation or scale is positive, and uniform(a, b) has a below b.",
			Bad:   "package p\n\nnet f(x real) real {\n\tparam k real ~ normal(1, 0)\n\treturn k * x\n}\n",
			Fixed: "package p\n\nnet f(x real) real {\n\tparam k real ~ normal(1, 0.1)\n\treturn k * x\n}\n"},
		{Code: "NDE0371", Title: "divergence of two families",
			Text:  "kl has formulas for two distributions of one family: normal, laplace or uniform. Of others it is the mean of log_prob(p, z) -\nlog_prob(q, z) over draws z of p, which training takes when z := draw(p) stands in the model.",
			Bad:   "package p\n\nmodel M(x real) real {\n\treturn kl(laplace(x, 1), normal(0, 1))\n}\n",
			Fixed: "package p\n\nmodel M(x real) real {\n\tz := draw(laplace(x, 1))\n\treturn log_prob(laplace(x, 1), z) - log_prob(normal(0, 1), z)\n}\n"},
		{Code: "NDE0221", Title: "column outside its recipe",
			Text:  "A column has a value for each row, so it is one in recipes that train on its data, under its own name; a model gets it as an input. standardize,\nunstandardize and logscale take the column as a whole: x |> standardize(Points.x).",
			Bad:   "package p\n\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n}\n\nmodel M(x [2]real) (y [2]real) {\n\treturn x + D.x\n}\n",
			Fixed: "package p\n\nmodel M(x, z [2]real) (y [2]real) {\n\treturn x + z\n}\n"},
		{Code: "NDE0344", Title: "no parameters",
			Text:  "l2 sums the squares of parameters.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\nnet g(x [2]real) [2]real {\n\treturn x\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y) + l2(g)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y) + l2(f)\n}\n"},
		{Code: "NDE0346", Title: "model without inputs",
			Text:  "A model is evaluated for the samples of a batch, and its inputs say how many there are. What is always the same is a constant of the program, or a test.",
			Bad:   "package p\n\nsystem S {\n\tstate x real\n\tder(x) = -x\n}\n\nmodel M() (y real) {\n\treturn solve(S{x: 1}, over: 0..1, with: rk4{steps: 4}).x\n}\n",
			Fixed: "package p\n\nsystem S {\n\tstate x real\n\tder(x) = -x\n}\n\nmodel M(x real) (y real) {\n\treturn solve(S{x: x}, over: 0..1, with: rk4{steps: 4}).x\n}\n"},
		{Code: "NDE0345", Title: "two dims mixed",
			Text:  "Axes with the names of two dims do not go together, even where both are 50 long: one of them is probably transposed or\nmistaken. A slice or a concat has a plain size, which fits any dim of that length; so x[:] forgets the name.",
			Bad:   "package p\n\ndim Time = 50\n\ndim Feature = 50\n\nfn f(x [Time]real, y [Feature]real) [Time]real {\n\treturn x + y\n}\n",
			Fixed: "package p\n\ndim Time = 50\n\ndim Feature = 50\n\nfn f(x [Time]real, y [Feature]real) [Time]real {\n\treturn x + y[:]\n}\n"},
		{Code: "NDE0350", Title: "units that do not agree",
			Text:  "Units are written after types, as in real [m/s^2], and checked where they are written: sums, comparisons, equations,\narguments and results. What has none fits anywhere, and a number as written is a pure number as a factor. Angles are pure\nnumbers. Nothing is converted: km and m do not agree either.",
			Bad:   "package p\n\nconst g real [m/s^2] = 9.81\n\nsystem S {\n\tstate q real [m]\n\tder(q) = g\n}\n",
			Fixed: "package p\n\nconst g real [m/s^2] = 9.81\n\nsystem S {\n\tstate q real [m]\n\tstate v real [m/s]\n\tder(q) = v\n\tder(v) = -g\n}\n"},
		{Code: "NDE0351", Title: "unknown unit",
			Text:  "Units are those of the SI: m kg s A K mol cd, rad Hz N Pa J W C V F Ohm S Wb T H lm lx and more, with prefixes\n(km, ms, uN), and min h d L bar deg. They are joined by *, / and ^ with a constant exponent.",
			Bad:   "package p\n\nconst g real [meter/s^2] = 9.81\n",
			Fixed: "package p\n\nconst g real [m/s^2] = 9.81\n"},
		{Code: "NDE0352", Title: "function of a value with a unit",
			Text:  "sin, exp, log and their like take pure numbers: the argument is to be divided by a scale of its unit.",
			Bad:   "package p\n\nfn f(x real [m]) real {\n\treturn exp(x)\n}\n",
			Fixed: "package p\n\nfn f(x, scale real [m]) real {\n\treturn exp(x / scale)\n}\n"},
		{Code: "NDE0214", Title: "imported folder that is not there",
			Text:  "import name \"folder\" leads, from the folder of the file, to another folder with .nde files.",
			Bad:   "package p\n\nimport phys \"../phys\"\n",
			Fixed: "package p\n"},
		{Code: "NDE0215", Title: "import cycle",
			Text: "A package imports itself, or one that imports it. Put what both need into a third folder.",
			Bad: `-- a.nde --
package p

import phys "../phys"

const g = phys.k
-- ../phys/phys.nde --
package phys

import chem "../chem"

const k = 2.0

const _secret = 3.0
-- ../chem/chem.nde --
package chem

import phys "../phys"

const m = phys.k
`,
			Fixed: `-- a.nde --
package p

import phys "../phys"

const g = phys.k
-- ../phys/phys.nde --
package phys

const k = 2.0

const _secret = 3.0
`},
		{Code: "NDE0216", Title: "imported package without such a name",
			Text: "The imported package declares nothing of that name.",
			Bad: `-- a.nde --
package p

import phys "../phys"

const g = phys.j
-- ../phys/phys.nde --
package phys

const k = 2.0

const _secret = 3.0
`,
			Fixed: `-- a.nde --
package p

import phys "../phys"

const g = phys.k
-- ../phys/phys.nde --
package phys

const k = 2.0

const _secret = 3.0
`},
		{Code: "NDE0217", Title: "private name of an imported package",
			Text: "Names that begin with _ are for the files of their folder only.",
			Bad: `-- a.nde --
package p

import phys "../phys"

const g = phys._secret
-- ../phys/phys.nde --
package phys

const k = 2.0

const _secret = 3.0
`,
			Fixed: `-- a.nde --
package p

import phys "../phys"

const g = phys.k
-- ../phys/phys.nde --
package phys

const k = 2.0

const _secret = 3.0
`},
		{Code: "NDE0219", Title: "two imported packages of one name",
			Text: "Names in weights files and generated code begin with the name of the package, so the packages of a program differ in it.",
			Bad: `-- a.nde --
package p

import one "../one"

import two "../two"

const g = one.k * two.k
-- ../one/a.nde --
package phys

const k = 2.0
-- ../two/a.nde --
package phys

const k = 3.0
`,
			Fixed: `-- a.nde --
package p

import one "../one"

import two "../two"

const g = one.k * two.k
-- ../one/a.nde --
package phys

const k = 2.0
-- ../two/a.nde --
package moon

const k = 3.0
`},
	}
}

// constants are n constants, each of which needs the one after it.
func constants(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "const a%d = a%d + 1\n\n", i, i+1)
	}
	return b.String()
}
