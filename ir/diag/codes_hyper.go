package diag

import "strings"

// hyperBefore is what a hypersolver needs around it: its system, a net for the residual and a use.
const hyperBefore = flow + "net g(h real, x [2]real, dx [2]real) [2]real {\n\treturn concat(x, dx, h) |> Linear(2, init: zeros)\n}\n\n"

const hyperPlain = hyperBefore + "hypersolver H for Flow {\n\tbase: euler{steps: 8}\n\tresidual(x) = g(h, x, der(x))\n}\n\nsolver Fwd = H{steps: 4}\n" + end

// codesHyper are the rules of hypersolvers beside that of their base.
func codesHyper() []Entry {
	change := func(old, new string) string { return strings.Replace(hyperPlain, old, new, 1) }
	fit := func(how string) string {
		return hyperPlain + "\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tfreeze: f\n\tminimize residual_error(H, Flow{x}, " +
			how + ", reference: rk4{steps: 40})\n\tepochs: 1\n\toptimizer: adam{lr: 1e-3}\n}\n"
	}
	// lstsq is a recipe that computes its minimum; the net, the objective and the reference vary.
	lstsq := func(layers, objective string) string {
		return flow + "net g(h real, x [2]real, dx [2]real) [2]real {\n\treturn concat(x, dx, h) |> " + layers + "\n}\n\nhypersolver H for Flow {\n\tbase: euler{steps: 8}\n\tresidual(x) = g(h, x, der(x))\n}\n" +
			"\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tfreeze: f\n\tminimize " + objective + "\n\toptimizer: lstsq\n}\n"
	}
	const plainError = "residual_error(H, Flow{x}, over: 0..1, reference: rk4{steps: 40})"
	return []Entry{
		{Code: "NDE0602", Title: "hypersolver without a base",
			Text:  "A hypersolver adds a residual to the step of another method. base: names it; the number of steps may follow at the use.",
			Bad:   change("\tbase: euler{steps: 8}\n", ""),
			Fixed: hyperPlain},
		{Code: "NDE0603", Title: "hypersolver without a residual",
			Text:  "residual(x) = e adds h^(p+1) e to the step of the base, whose order is p. States without a residual use the base alone,\nbut at least one state has one.",
			Bad:   change("\tresidual(x) = g(h, x, der(x))\n", ""),
			Fixed: hyperPlain},
		{Code: "NDE0604", Title: "system with a name that a hypersolver needs",
			Text:  "In a hypersolver h is the length of the step. A state, context or definition of the system with this name would be hidden.",
			Bad:   "package a\n\nsystem S {\n\tstate h real\n\tder(h) = -h\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(h) = 0.5*der(h)\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate y real\n\tder(y) = -y\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(y) = 0.5 * der(y)\n}\n"},
		{Code: "NDE0605", Title: "hypersolver without a number of steps",
			Text:  "A hypersolver is not tied to a number of steps: it stands at the use, H{steps: 4}, or as a default in the base.",
			Bad:   strings.Replace(change("euler{steps: 8}", "euler"), "H{steps: 4}", "H", 1),
			Fixed: change("euler{steps: 8}", "euler")},
		{Code: "NDE0606", Title: "hypersolver for another system",
			Text:  "The residual of a hypersolver has the shapes of the states of one system and is fitted to its flow, so it steps no other.",
			Bad:   hyperPlain + "\nsystem Other {\n\tstate x [2]real\n\tder(x) = -x\n}\n\nmodel N(x [2]real) (y [2]real) {\n\tend := solve(Other{x: x}, over: 0..1, with: H)\n\treturn end.x\n}\n",
			Fixed: hyperPlain + "\nsystem Other {\n\tstate x [2]real\n\tder(x) = -x\n}\n\nmodel N(x [2]real) (y [2]real) {\n\tend := solve(Other{x: x}, over: 0..1, with: euler{steps: 8})\n\treturn end.x\n}\n"},
		{Code: "NDE0607", Title: "state with two residuals",
			Text:  "Each state has at most one residual(x) = ... of its own shape.",
			Bad:   change("\tresidual(x) = g(h, x, der(x))\n", "\tresidual(x) = g(h, x, der(x))\n\tresidual(x) = der(x)\n"),
			Fixed: hyperPlain},
		{Code: "NDE0608", Title: "residual of the wrong type",
			Text:  "The residual is added to the state, so it has the same shape.",
			Bad:   change("residual(x) = g(h, x, der(x))", "residual(x) = sum(g(h, x, der(x)))"),
			Fixed: hyperPlain},
		{Code: "NDE0609", Title: "residual with a power of the step",
			Text:  "The residual is multiplied by h^(p+1), where p is the order of the base, so that it takes the place of the local error.\nA factor h in the residual itself would raise that power.",
			Bad:   change("residual(x) = g(h, x, der(x))", "residual(x) = h^2*g(h, x, der(x))"),
			Fixed: hyperPlain},
		{Code: "NDE0610", Title: "objective of a hypersolver over a span that is not constant",
			Text:  "residual_error and trajectory_error compare with a reference on a mesh over the span, which has to be known.",
			Bad:   fit("over: 0..x[0], steps: 4"),
			Fixed: fit("over: 0..1, steps: 4")},
		{Code: "NDE0611", Title: "objective of a hypersolver over too many steps",
			Text:  "steps: n..m stands for every number of steps from n to m. All of them together are at most 4096 steps.",
			Bad:   fit("over: 0..1, steps: 20..2"),
			Fixed: fit("over: 0..1, steps: 2..20")},
		{Code: "NDE0612", Title: "least squares of residuals that are not affine",
			Text:  "optimizer: lstsq computes the minimum at once, which needs residuals that are affine in the trained parameters: one\nlinear layer, and after it only sums, products with fixed values and the like. The place is the first value that is none.\nfreeze: keeps other nets fixed; adam has no such condition.",
			Bad:   lstsq("Linear(4) |> tanh |> Linear(2)", plainError),
			Fixed: lstsq("Linear(2, init: zeros)", plainError)},
		{Code: "NDE0613", Title: "least squares with too many parameters",
			Text:  "optimizer: lstsq fits at most 256 numbers. adam has no such bound.",
			Bad:   lstsq("Linear(64) |> Linear(2)", plainError),
			Fixed: lstsq("Linear(2, init: zeros)", plainError)},
		{Code: "NDE0614", Title: "least squares of an objective that is no sum of squares",
			Text:  "optimizer: lstsq minimises sums of residual_error(...), sqnorm(...), and these times positive constants.",
			Bad:   lstsq("Linear(2, init: zeros)", "sqrt("+plainError+")"),
			Fixed: lstsq("Linear(2, init: zeros)", plainError)},
		{Code: "NDE0615", Title: "least squares with a constrained parameter",
			Text:  "optimizer: lstsq takes the minimum over all numbers, so a parameter with a constraint cannot be fitted by it.",
			Bad:   "package a\n\nsystem S {\n\tstate y real\n\tder(y) = -y\n}\n\nnet k(y real) real {\n\tparam a real = 1 where a > 0\n\treturn a * y\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(y) = k(y)\n}\n\ndata D {\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tminimize residual_error(H, S{y}, over: 0..1, reference: rk4{steps: 40})\n\toptimizer: lstsq\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate y real\n\tder(y) = -y\n}\n\nnet k(y real) real {\n\tparam a real = 1\n\treturn a * y\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(y) = k(y)\n}\n\ndata D {\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tminimize residual_error(H, S{y}, over: 0..1, reference: rk4{steps: 40})\n\toptimizer: lstsq\n}\n"},
		{Code: "NDE0616", Title: "training length of least squares",
			Text:  "optimizer: lstsq finds the optimum at once: epochs, steps, schedule, clip, stop, checkpoint, accumulate, average and adversary have no meaning beside it.",
			Bad:   "package a\n\nsystem S {\n\tstate y real\n\tder(y) = -y\n}\n\nnet k(y real) real {\n\tparam a real = 1\n\treturn a * y\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(y) = k(y)\n}\n\ndata D {\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tminimize residual_error(H, S{y}, over: 0..1, reference: rk4{steps: 40})\n\toptimizer: lstsq\n\tsteps: 10\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate y real\n\tder(y) = -y\n}\n\nnet k(y real) real {\n\tparam a real = 1\n\treturn a * y\n}\n\nhypersolver H for S {\n\tbase: euler{steps: 8}\n\tresidual(y) = k(y)\n}\n\ndata D {\n\ty real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tminimize residual_error(H, S{y}, over: 0..1, reference: rk4{steps: 40})\n\toptimizer: lstsq\n}\n"},
		{Code: "NDE0617", Title: "mixed precision where a hypersolver is fitted",
			Text:  "precision: mixed_bf16 rounds operands to 8 significant bits, mixed_fp16 to 11: three digits. A hypersolver learns what a step of its base is short of, which is\nless than that, against a reference that is solved in float64.",
			Bad:   strings.Replace(fit("over: 0..1"), "epochs: 1", "precision: mixed_bf16\n\tepochs: 1", 1),
			Fixed: fit("over: 0..1")},
	}
}
