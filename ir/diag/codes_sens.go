package diag

import "strings"

// gradOf is a program whose gradient goes through a solve of Flow with solver Fwd.
func gradOf(solver string) string {
	return flow + solver + end + "\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tminimize cross_entropy(M(x), y)\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n"
}

const correction = "net g(h real, x [2]real, dx [2]real) [2]real {\n\treturn concat(h, x, dx) |> Linear(2, init: zeros)\n}\n\nhypersolver H for Flow {\n\tbase: euler\n\tresidual(x) = g(h, x, der(x))\n}\n\n"

// codesSensitivity are the rules of sensitivities.
func codesSensitivity() []Entry {
	return []Entry{
		{Code: "NDE0570", Title: "sensitivity that knows the equation only",
			Text:  "adjoint differentiates the equation, in which the residual of a hypersolver does not stand: its parameters would\nget no gradient. backprop differentiates the steps that were taken, whatever their method.",
			Bad:   gradOf(correction + "solver Fwd = H{steps: 4, sensitivity: adjoint}\n"),
			Fixed: gradOf(correction + "solver Fwd = H{steps: 4}\n")},
		{Code: "NDE0571", Title: "forward by many numbers",
			Text:  "forward solves the variational equations once for every number that a gradient is wanted of, at most 256. backprop\nand its relatives give the gradient by all of them in one sweep.",
			Bad:   strings.Replace(gradOf("solver Fwd = rk4{steps: 4, sensitivity: forward}\n"), "|> Linear(2)", "|> Linear(80) |> tanh |> Linear(2)", 1),
			Fixed: gradOf("solver Fwd = rk4{steps: 4, sensitivity: forward}\n")},
		{Code: "NDE0572", Title: "memory that holds no step",
			Text:  "checkpoint{memory: n} keeps as many states as fit into n bytes, and time and length of every step beside them: 16\nbytes for each of steps, or of max_steps. Two states have to fit, or there is nothing to go back from.",
			Bad:   gradOf("solver Fwd = rk4{steps: 1000, sensitivity: checkpoint{memory: 16000}}\n"),
			Fixed: gradOf("solver Fwd = rk4{steps: 1000, sensitivity: checkpoint{memory: 20000}}\n")},
		{Code: "NDE0573", Title: "method whose steps cannot be undone",
			Text:  "reversible keeps no states: it goes back by undoing each step, which is the same step backwards for alf with eta 1,\nreversible_heun, leapfrog and its relatives. Steps of other methods lose what would be needed.",
			Bad:   gradOf("solver Fwd = rk4{steps: 4, sensitivity: reversible}\n"),
			Fixed: gradOf("solver Fwd = alf{steps: 4, sensitivity: reversible}\n")},
		{Code: "NDE0641", Title: "estimator of div by use",
			Text:  "by: of div names an estimator (exact, hutchinson, hutchpp), or one for training and one for everything else:\n{train: hutchinson, eval: exact}.",
			Bad:   "package p\n\nsystem S {\n\tstate x [2]real\n\tstate l real\n\tder(x) = -x\n\tder(l) = div(-x, x, by: {train: hutchinson})\n}\n",
			Fixed: "package p\n\nsystem S {\n\tstate x [2]real\n\tstate l real\n\tder(x) = -x\n\tder(l) = div(-x, x, by: {train: hutchinson, eval: exact})\n}\n"},
		{Code: "NDE0643", Title: "name of a Jacobian is taken",
			Text:  "jacobians: [M] makes a model MJacobian in the generated package; nothing else can have that name.",
			Bad:   "package p\n\nmodel M(x real) (y real) {\n\treturn x^2\n}\n\nmodel MJacobian(x real) (y real) {\n\treturn 2 * x\n}\n\ntarget go{jacobians: [M]}\n",
			Fixed: "package p\n\nmodel M(x real) (y real) {\n\treturn x^2\n}\n\nmodel Slope(x real) (y real) {\n\treturn 2 * x\n}\n\ntarget go{jacobians: [M]}\n"},
		{Code: "NDE0644", Title: "Jacobian of nothing",
			Text:  "jacobians: lists models with real inputs and real outputs. Derivatives by times, labels and whole numbers are not made.",
			Bad:   "package p\n\nmodel M(n i32) (y real) {\n\treturn real(n)\n}\n\ntarget go{jacobians: [M]}\n",
			Fixed: "package p\n\nmodel M(x real) (y real) {\n\treturn x^2\n}\n\ntarget go{jacobians: [M]}\n"},
		{Code: "NDE0642", Title: "estimator without anybody to draw for",
			Text:  "hutchinson and hutchpp draw random directions, for a sample and a training step. Systems have them drawn by\nevery solve, models and recipes draw them on the spot; functions, nets and residuals know no sample.",
			Bad:   "package p\n\nfn f(x [2]real) real {\n\treturn div(sin(x), x, by: hutchinson)\n}\n",
			Fixed: "package p\n\nfn f(x [2]real) real {\n\treturn div(sin(x), x, by: exact)\n}\n"},
	}
}
