package diag

// flow is the smallest program that trains nothing and solves something; rows below vary it.
const flow = "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\nsystem Flow {\n\tstate x [2]real\n\tder(x) = f(x)\n}\n\n"

// end is a model that solves Flow with solver Fwd.
const end = "\nmodel M(x [2]real) (y [2]real) {\n\tend := solve(Flow{x: x}, over: 0..1, with: Fwd)\n\treturn end.x\n}\n"

// codesDesign are the rules of types, systems, solvers and hypersolvers that the language
// definition lists by example.
func codesDesign() []Entry {
	return []Entry{
		{Code: "NDE0302", Title: "result of the wrong type",
			Text:  "The value after return has another type than the declaration says. The place is where the value gets its type: the\nlast |> of a pipeline, the operator, the call.",
			Bad:   "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(3)\n}\n",
			Fixed: "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n"},
		{Code: "NDE0306", Title: "no such state, integral or output",
			Text:  "The result of a solve has the states, integrals and outputs of its system, and t, nfe, steps, status, accepted and\nrejected.",
			Bad:   flow + "solver Fwd = rk4{steps: 4}\n\nmodel M(x [2]real) (y [2]real) {\n\tend := solve(Flow{x: x}, over: 0..1, with: Fwd)\n\treturn end.y\n}\n",
			Fixed: flow + "solver Fwd = rk4{steps: 4}\n" + end},
		{Code: "NDE0317", Title: "slice out of range",
			Text:  "Indices are constants and are checked against the length of the axis; x[a:b] holds a up to but not including b.",
			Bad:   "package a\n\nfn f(x [4]real) [2]real {\n\treturn x[3:5]\n}\n",
			Fixed: "package a\n\nfn f(x [4]real) [2]real {\n\treturn x[2:4]\n}\n"},
		{Code: "NDE0320", Title: "layer on a tensor of the wrong rank",
			Text:  "Linear works on vectors, convolutions on images. flatten makes a vector of any tensor.",
			Bad:   "package a\n\nnet f(x [2, 2]real) [3]real {\n\treturn x |> Linear(3)\n}\n",
			Fixed: "package a\n\nnet f(x [2, 2]real) [3]real {\n\treturn x |> flatten |> Linear(3)\n}\n"},
		{Code: "NDE0331", Title: "derivative that is identically zero",
			Text:  "The expression does not depend on the variable, so the derivative is zero wherever it is taken. Usually a variable\nis missing in the energy or a wrong one is named.",
			Bad:   "package a\n\nsystem S {\n\tstate q, p real\n\tE := 0.5*p^2\n\tder(q) = grad(E, p)\n\tder(p) = -grad(E, q)\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate q, p real\n\tE := 0.5*p^2 + 0.5*q^2\n\tder(q) = grad(E, p)\n\tder(p) = -grad(E, q)\n}\n"},
		{Code: "NDE0333", Title: "objective without a gradient",
			Text:  "Training follows the gradient of minimize, and this one has none by any parameter: accuracy, argmax, floor, a comparison or detach stands between them\nand the loss. Such numbers are metrics; the loss has to have slopes.",
			Bad:   accuracyLoss("minimize accuracy(f(x), y)"),
			Fixed: accuracyLoss("minimize cross_entropy(f(x), y)\n\tmetric acc = accuracy(f(x), y)")},
		{Code: "NDE0336", Title: "scores and classes differ in number",
			Text:  "cross_entropy and accuracy take one score for each class of the label: [K]real with label[K].",
			Bad:   "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[3]\n\tsource: moons{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tminimize cross_entropy(f(x), y)\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n",
			Fixed: "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tminimize cross_entropy(f(x), y)\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n"},
		{Code: "NDE0402", Title: "state with two equations",
			Text:  "Each state has exactly one der(x) = ... of its own shape.",
			Bad:   "package a\n\nsystem S {\n\tstate v real\n\tder(v) = -v\n\tder(v) = 1.0\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate v real\n\tder(v) = 1.0 - v\n}\n"},
		{Code: "NDE0407", Title: "state without an equation",
			Text:  "Each state has exactly one der(x) = ... of its own shape. A value that stays the same during a solve is a context.",
			Bad:   "package a\n\nsystem S {\n\tstate q, p real\n\tder(q) = p\n}\n",
			Fixed: "package a\n\nsystem S {\n\tstate q, p real\n\tder(q) = p\n\tder(p) = -q\n}\n"},
		{Code: "NDE0502", Title: "unknown solver method",
			Text:  "Methods with a step of their own choice are dopri5 and tsit5; with a fixed step euler, midpoint, heun, rk4, alf and\nleapfrog; for noise euler_maruyama, euler_heun and milstein.",
			Bad:   flow + "solver Fwd = dopri6{rtol: 1e-4, atol: 1e-4}\n" + end,
			Fixed: flow + "solver Fwd = dopri5{rtol: 1e-4, atol: 1e-4}\n" + end},
		{Code: "NDE0504", Title: "option that the method does not have",
			Text:  "Options belong to methods: tolerances to those that choose their step, steps or step to those with a fixed one.",
			Bad:   flow + "solver Fwd = rk4{rtol: 1e-4}\n" + end,
			Fixed: flow + "solver Fwd = rk4{steps: 10}\n" + end},
		{Code: "NDE0524", Title: "state, input or context not set",
			Text:  "Sys{...} gives every state without a default start, every input and every context.",
			Bad:   flow + "solver Fwd = rk4{steps: 10}\n\nmodel M(x [2]real) (y [2]real) {\n\tend := solve(Flow{}, over: 0..1, with: Fwd)\n\treturn end.x\n}\n",
			Fixed: flow + "solver Fwd = rk4{steps: 10}\n" + end},
		{Code: "NDE0529", Title: "group that does not divide the samples",
			Text:  "multishoot cuts a trajectory into groups of one length, so the length of a group divides the number of samples.",
			Bad:   "package a\n\nconst N = 20\n\nsystem S {\n\tstate x real\n\tparam k real = 1.0\n\tder(x) = -k * x\n}\n\nsolver Seq = tsit5{rtol: 1e-6, atol: 1e-6}\n\ndata D {\n\tts [N]time\n\txs [N]real\n\tsource: npz{path: \"d.npz\"}\n}\n\ntrain T {\n\tdata: D\n\tshots := multishoot(S{x: xs}, at: ts, group: 3, with: Seq)\n\tminimize mse(shots.x, xs)\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n",
			Fixed: "package a\n\nconst N = 20\n\nsystem S {\n\tstate x real\n\tparam k real = 1.0\n\tder(x) = -k * x\n}\n\nsolver Seq = tsit5{rtol: 1e-6, atol: 1e-6}\n\ndata D {\n\tts [N]time\n\txs [N]real\n\tsource: npz{path: \"d.npz\"}\n}\n\ntrain T {\n\tdata: D\n\tshots := multishoot(S{x: xs}, at: ts, group: 4, with: Seq)\n\tminimize mse(shots.x, xs)\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n"},
		{Code: "NDE0530", Title: "system with noise and a solver without",
			Text:  "A system with noise(x) = ... is a stochastic differential equation and needs a method for those.",
			Bad:   "package a\n\nsystem Noisy {\n\tcalculus: ito\n\tstate x real\n\tder(x) = -x\n\tnoise(x) = 0.1\n}\n\nmodel M(x real) (y real) {\n\tend := solve(Noisy{x: x}, over: 0..1, with: rk4{steps: 10})\n\treturn end.x\n}\n",
			Fixed: "package a\n\nsystem Noisy {\n\tcalculus: ito\n\tstate x real\n\tder(x) = -x\n\tnoise(x) = 0.1\n}\n\nmodel M(x real) (y real) {\n\tend := solve(Noisy{x: x}, over: 0..1, with: euler_maruyama{steps: 10})\n\treturn end.x\n}\n"},
		{Code: "NDE0532", Title: "leapfrog on a system that is not separable",
			Text:  "leapfrog moves positions with momenta held and momenta with positions held. It needs two groups of states whose\nequations depend on the other group only. rk4 has no such condition.",
			Bad:   "package a\n\nsystem P {\n\tstate q, p real\n\tder(q) = p*q\n\tder(p) = -q\n}\n\nmodel M(x real) (y real) {\n\tend := solve(P{q: x, p: 0}, over: 0..1, with: leapfrog{step: 0.1})\n\treturn end.q\n}\n",
			Fixed: "package a\n\nsystem P {\n\tstate q, p real\n\tder(q) = p\n\tder(p) = -q\n}\n\nmodel M(x real) (y real) {\n\tend := solve(P{q: x, p: 0}, over: 0..1, with: leapfrog{step: 0.1})\n\treturn end.q\n}\n"},
		{Code: "NDE0554", Title: "Runge-Kutta-Nyström method on a system that is not of second order",
			Text:  "rkn4, rkn5, rkn43 and rkn64 solve second-order systems, q'' = f(t, q): for each position der(q) = v with a state v, and\nder(v) depends on positions and time, not on velocities (friction) or integrals. Other systems take dopri5 or rk4.",
			Bad:   "package a\n\nsystem P {\n\tstate q, v real\n\tder(q) = v\n\tder(v) = -q - 0.1*v\n}\n\nmodel M(x real) (y real) {\n\tend := solve(P{q: x, v: 0}, over: 0..1, with: rkn4{step: 0.1})\n\treturn end.q\n}\n",
			Fixed: "package a\n\nsystem P {\n\tstate q, v real\n\tder(q) = v\n\tder(v) = -q\n}\n\nmodel M(x real) (y real) {\n\tend := solve(P{q: x, v: 0}, over: 0..1, with: rkn4{step: 0.1})\n\treturn end.q\n}\n"},
		{Code: "NDE0564", Title: "output times on both sides of the start",
			Text:  "A solve goes from its start one way. Output times may be in any order and may repeat; the results are in the order of\nthe times. But none may lie before from: when others lie after it. Solve twice, once each way.",
			Bad:   "package a\n\nsystem P {\n\tstate q real\n\tder(q) = -q\n}\n\nmodel M(x real) (y [3]real) {\n\treturn solve(P{q: x}, from: 0, at: [1, -1, 2], with: dopri5).q\n}\n",
			Fixed: "package a\n\nsystem P {\n\tstate q real\n\tder(q) = -q\n}\n\nmodel M(x real) (y [3]real) {\n\treturn solve(P{q: x}, from: 0, at: [1, 0.5, 2], with: dopri5).q\n}\n"},
		{Code: "NDE0533", Title: "method that is not what it declares",
			Text:  "A method block gives the order and the tableau of an explicit Runge-Kutta method: nodes c, rows a, weights b, and e for the\nweights of an embedded solution. Rows have to add up to their nodes, and the order conditions have to hold to the declared order and\nnot beyond. The message names the condition by its tree: [] is the one of order 1, [[]] that of order 2. Numbers are exact.",
			Bad:   "package p\n\nmethod Mine {\n\torder: 3\n\tc: [0, 1/2, 1]\n\ta: [[], [1/2], [-1, 2]]\n\tb: [1/6, 1/3, 1/2]\n}\n\nsystem S {\n\tstate x real\n\tder(x) = -x\n}\n\nmodel M(x real) (y real) {\n\tend := solve(S{x: x}, over: 0..1, with: Mine{steps: 4})\n\treturn end.x\n}\n",
			Fixed: "package p\n\nmethod Mine {\n\torder: 3\n\tc: [0, 1/2, 1]\n\ta: [[], [1/2], [-1, 2]]\n\tb: [1/6, 2/3, 1/6]\n}\n\nsystem S {\n\tstate x real\n\tder(x) = -x\n}\n\nmodel M(x real) (y real) {\n\tend := solve(S{x: x}, over: 0..1, with: Mine{steps: 4})\n\treturn end.x\n}\n"},
		{Code: "NDE0601", Title: "hypersolver on an adaptive base",
			Text:  "The residual is h^(p+1) times a net for a base of order p with a fixed step. Methods that choose their step have no\nsuch residual.",
			Bad:   flow + "net g(h real, x [2]real, dx [2]real) [2]real {\n\treturn concat(x, dx, h) |> Linear(2)\n}\n\nhypersolver H for Flow {\n\tbase: tsit5{rtol: 1e-3, atol: 1e-3}\n\tresidual(x) = g(h, x, der(x))\n}\n",
			Fixed: flow + "net g(h real, x [2]real, dx [2]real) [2]real {\n\treturn concat(x, dx, h) |> Linear(2)\n}\n\nhypersolver H for Flow {\n\tbase: euler{steps: 10}\n\tresidual(x) = g(h, x, der(x))\n}\n"},
	}
}

// accuracyLoss is a classifier with a recipe.
func accuracyLoss(objective string) string {
	return "package a\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 8}\n}\n\n" +
		"train T {\n\tdata: D\n\t" + objective + "\n\tbatch: full\n\tepochs: 1\n\toptimizer: adam{lr: 0.01}\n}\n"
}
