package diag

import "fmt"

// codesBack are the codes of the phases after the checker.
func codesBack() []Entry {
	return []Entry{
		{Code: "NDE0240", Title: "name of a generated declaration",
			Text:  "A model or recipe would have the name of something that every generated package declares: Params, NewParams, LoadParams, Real, Program, or one made of a name of the program, such as NewX, XInput, XOutput and XPath of model X, TrainX and XLossGrad of recipe X, NewXTable of data X. Rename it. Inputs of one model, its outputs, and the states of one system are fields of a Go struct, so that x and X, or a_b and aB, are one name there.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\nmodel TrainT(x [2]real) (y [2]real) {\n\treturn f(x)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(TrainT(x), y)\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\nmodel Linear1(x [2]real) (y [2]real) {\n\treturn f(x)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(Linear1(x), y)\n}\n"},
		{Code: "NDE0736", Title: "avg that does not add up",
			Text:  "A batch is worked on in parts, on several cores and, with accumulate:, one after the other; what is minimised and measured adds up. So minimize is a mean over samples, in which\navg may be a term of a sum; the minimum of sqrt(avg(e)) is that of e. In a metric, values of one sample may stand beside avg where its mean follows from means: they may be added up, and multiplied with or divided by avg.",
			Bad:   "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize sqrt(avg(sqnorm(f(x))))\n}\n",
			Fixed: "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize sqnorm(f(x))\n\tmetric rms = sqrt(avg(sqnorm(f(x))))\n}\n"},
		{Code: "NDE0830", Title: "second derivative through a solve with another sensitivity",
			Text:  "A derivative of the gradient of a solve goes through the steps that it took. With a sensitivity that differentiates the equation, and for tangents of the times of the solve, it is not compiled yet: use backprop.",
			Bad:   secondDerivative("interpolated"),
			Fixed: secondDerivative("backprop")},
		{Code: "NDE0837", Title: "derivative through events not compiled yet",
			Text:  "Gradients go through a solve with events by every sensitivity, and so do jac, div, hess and jvp. Where an event ends the solve, the time of that end has a gradient by all of them but forward, and no tangent, and there is no second derivative. adjoint{restart: solved} carries the states back from the end, which does not work across the events and output times of one solve.",
			Bad:   stopping("adjoint{restart: solved}"),
			Fixed: stopping("adjoint")},
		{Code: "NDE0891", Title: "model or recipe without a kernel",
			Text:  "A warning of --target cuda: a model or recipe needs an array of more than 32 MiB for a sample, which no kernel has room for, or has a solve by steps of one length for the whole batch and something beside it that does not go layer by layer. The message says which. The package is whole: the Go back end runs it on the CPU, and the others run on the device. Make the net smaller or take another solver, or train on the CPU and run on the device.",
			Flags: "--target cuda", Bad: wide(9_000_000), Fixed: wide(600)},
		{Code: "NDE0899", Title: "bug of the compiler",
			Text: "Not a mistake of the program: a phase broke one of its own rules. The text names the phase. Please report it together with the program."},
	}
}

// secondDerivative is a recipe whose objective is a derivative of a solve.
func secondDerivative(sensitivity string) string {
	return flow + "solver Fwd = rk4{steps: 4, sensitivity: " + sensitivity + "}\n" + end +
		"\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 8}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 1\n\toptimizer: adam\n\ty := M(x)\n\tminimize sqnorm(grad(sum(y), x))\n}\n"
}

// stopping is a recipe whose solve an event may end.
func stopping(sensitivity string) string {
	return "package p\n\nsystem S {\n\tstate x real\n\tparam k real = 1.0\n\tder(x) = -k\n\twhen falling(x) {\n\t\tstop\n\t}\n}\n\n" +
		"data D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tbatch: full\n\tepochs: 1\n\toptimizer: adam\n" +
		"\tminimize sum(solve(S{x}, from: 0, at: [0.5, 1.0], with: rk4{steps: 4, sensitivity: " + sensitivity + "}).x)\n}\n"
}

// wide is a recipe for a net with n hidden neurons.
func wide(n int) string {
	return fmt.Sprintf("package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(%d) |> tanh |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n}\n\n"+
		"train T {\n\tdata: D\n\tbatch: full\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n", n)
}
