package golden

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// mistake is a mistake of a kind that the issue trackers and forums of torchdyn, torchdiffeq, Diffrax and Stan
// show, written in this language: a program with a piece replaced, and what the first message must hold.
type mistake struct {
	what     string // the mistake in words
	base     string // the right program
	old, new string // what is written instead
	fix      string // a part of the message that names the way out
}

const classifier = `package p

net f(x [2]real) [2]real {
	return x |> Linear(16) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

solver Fwd = dopri5{rtol: 1e-4, atol: 1e-4}

model Moons(x [2]real) (logits [2]real) {
	end := solve(Flow{x: x}, over: 0..1, with: Fwd)
	return end.x
}

data Points {
	x [2]real
	y label[2]
	source: moons{n: 512, noise: 0.1, seed: 1}
}

train Fit {
	data: Points
	batch: full
	minimize cross_entropy(Moons(x), y)
	metric acc = accuracy(Moons(x), y)
	epochs: 300
	optimizer: adam{lr: 0.01}
	seed: 42
}
`

const controlled = `package p

net force(q, v real) real {
	return [q, v] |> Linear(16) |> softplus |> Linear(1) |> scalar
}

net V(q real) real {
	return [q] |> Linear(16) |> softplus |> Linear()
}

system Arm {
	state q, v real
	context load real
	param m real = 1.0 where m > 0
	E := V(q)
	der(q) = v
	der(v) = (force(q, v) - grad(E, q)) / (m + load)
	integral effort = force(q, v)^2
}

solver Fine = rk4{steps: 20}

const N = 10

model Move(q, v, load real, ts [N]time) (qs [N]real, effort real) {
	path := solve(Arm{q: q, v: v, load: load}, from: 0, at: ts, with: Fine)
	end := solve(Arm{q: q, v: v, load: load}, over: 0..2, with: Fine)
	return path.q, end.effort
}

data Runs {
	q, v, load real
	ts [N]time
	goal [N]real
	source: npz{path: "runs.npz"}
}

train Learn {
	data: Runs
	batch: 32
	epochs: 10
	optimizer: adamw{lr: 1e-3}
	qs, effort := Move(q, v, load, ts)
	minimize mse(qs, goal) + 1e-3*effort
}
`

var mistakes = []mistake{
	// The field: shape, time, batch.
	{"the field has another width than the state", classifier, "tanh |> Linear(2)", "tanh |> Linear(3)", "returned value has type [3]real, but the result is declared [2]real"},
	{"the batch axis is written", classifier, "net f(x [2]real) [2]real", "net f(x [512, 2]real) [2]real", "if the first axis is the batch, leave it out"},
	{"the batch axis is written in the state", classifier, "state x [2]real", "state x [512, 2]real", "if the first axis is the batch, leave it out"},
	{"the time is forgotten in the call of the field", classifier, "net f(x [2]real)", "net f(t real, x [2]real)", "f wants 2 arguments (t, x), got 1"},
	{"the time is passed to a field that takes none", classifier, "der(x) = f(x)", "der(x) = f(t, x)", "f wants 1 argument (x), got 2"},
	{"the time is joined with a state of several axes", classifier, "der(x) = f(x)", "der(x) = f(concat([x], t))", "concat along axis 0"},
	{"the time is added to the width and the net not told", classifier, "der(x) = f(x)", "der(x) = f(concat(x, t))", "argument x of f wants [2]real, got [3]real"},
	{"an input of the field is forgotten", controlled, "der(v) = (force(q, v)", "der(v) = (force(q)", "force wants 2 arguments (q, v), got 1"},
	{"a field with two results", classifier, "return x |> Linear(16) |> tanh |> Linear(2)", "return x, x", "only models can return several"},
	{"the field returns nothing", classifier, "\treturn x |> Linear(16) |> tanh |> Linear(2)\n", "\ty := x |> Linear(16) |> tanh |> Linear(2)\n", "net f has no return"},
	{"an image goes into a linear layer", classifier, "net f(x [2]real) [2]real", "net f(x [1, 2, 2]real) [2]real", "flatten it first"},
	{"a scalar goes into a linear layer", controlled, "return [q] |> Linear(16)", "return q |> Linear(16)", "write [x] to make it one"},
	{"two vectors of different lengths are added", classifier, "der(x) = f(x)", "der(x) = f(x) + [1.0, 2.0, 3.0]", "+ wants equal shapes or a scalar, got [2]real and [3]real"},
	{"* is taken for the matrix product", classifier, "der(x) = f(x)", "der(x) = eye(2) * x", "* wants equal shapes or a scalar"},
	{"a matrix product with the wrong side", classifier, "der(x) = f(x)", "der(x) = [[1.0, 2.0, 3.0]] @ x", "@ wants [m, k] @ [k, n]"},
	{"softmax of a matrix", classifier, "der(x) = f(x)", "der(x) = softmax([x, x])[0]", "declare fn rows(v [2]real) that returns softmax(v), and write map(rows, x)"},
	{"a function of the language is given to map", classifier, "der(x) = f(x)", "der(x) = map(softmax, [x, x])[0]", "declare fn rows(v [2]real)"},
	{"expand without the axes that are there", classifier, "der(x) = f(x)", "der(x) = expand(x, 3)[0]", "expand(v, 3, 2)"},
	{"a value with the name of a function", classifier, "end := solve(Flow{x: x}, over: 0..1, with: Fwd)\n\treturn end.x", "norm := norm(x)\n\treturn x/norm(x)", "hides the function norm"},
	{"a constant divided by zero", classifier, "der(x) = f(x)", "der(x) = (1/0) * f(x)", "1/0 is a division by zero; infinity is inf"},
	{"Sequential as a class", classifier, "x |> Linear(16) |> tanh |> Linear(2)", "Sequential(x)", "write a pipeline: x |> Linear(16) |> tanh |> Linear(2)"},
	{"an activation by its class", classifier, "|> tanh |>", "|> Tanh |>", `did you mean "tanh"?`},
	{"batch normalisation in a field", classifier, "|> tanh |>", "|> BatchNorm1d |>", "use LayerNorm"},
	{"dropout in a field", classifier, "|> tanh |>", "|> Dropout |>", "a field must give the same value when it is evaluated again"},
	{"cat for concat", controlled, "[q, v] |>", "cat(q, v) |>", `did you mean "concat"?`},
	{"matmul as a function", classifier, "der(x) = f(x)", "der(x) = matmul(eye(2), x)", "write a @ b"},
	{"weights outside a net", classifier, "net f(", "fn f(", "put it in a net"},
	{"a second set of weights without a name", classifier, "\treturn x |> Linear(16) |> tanh |> Linear(2)", "\treturn (x |> Linear(2)) + (x |> Linear(2))", "declare"},
	// The system.
	{"a state without an equation", controlled, "\tder(q) = v\n", "", "add der(q) = ..."},
	{"two equations for a state", controlled, "der(q) = v\n", "der(q) = v\n\tder(q) = -v\n", "state q has two equations"},
	{"an equation for an unknown state", controlled, "der(q) = v\n", "der(p) = v\n", `system Arm has no state "p"`},
	{"the integral is read by an equation", controlled, "der(q) = v\n", "der(q) = v + effort\n", "make effort a state or a definition"},
	{"the running cost is a vector", controlled, "integral effort = force(q, v)^2", "integral effort = [q, v]", "integral effort must be a real scalar"},
	{"grad of a vector", controlled, "grad(E, q)", "grad([q, v], q)", "use jac for vectors"},
	{"grad of an energy that does not depend on the variable", controlled, "grad(E, q)", "grad(E, v)", "the expression does not depend on v"},
	{"the graph is cut before the gradient", controlled, "grad(E, q)", "grad(detach(E), q)", "does not depend on q"},
	{"the divergence of a field of another shape", classifier, "der(x) = f(x)", "der(x) = x * div(concat(x, t), x)", "div wants equal shapes"},
	{"a state with a name of the result", controlled, "context load real", "state nfe real", "nfe is a field of every solve result"},
	{"a parameter that starts outside its bounds", controlled, "param m real = 1.0 where m > 0", "param m real = -1.0 where m > 0", "does not satisfy the constraint of m"},
	{"if in a field", classifier, "\treturn x |> Linear(16)", "\tif x > 0 {\n\t}\n\treturn x |> Linear(16)", "select(c, a, b)"},
	{"assignment instead of a definition", controlled, "E := V(q)", "E = V(q)", "write E := ..."},
	{"a Python function", classifier, "net f(", "def f(", "expected a declaration"},
	{"a solve in the field", classifier, "der(x) = f(x)", "der(x) = f(solve(Flow{x: x}, over: 0..1, with: Fwd).x)", "solve in a model or a recipe"},
	// The solver.
	{"a tolerance on a fixed-step method", controlled, "rk4{steps: 20}", "rk4{rtol: 1e-4}", "rk4 is a fixed-step method: use steps or step"},
	{"one tolerance for both", classifier, "dopri5{rtol: 1e-4, atol: 1e-4}", "dopri5{tol: 1e-4}", `did you mean "rtol"?`},
	{"a fixed-step method without steps", controlled, "rk4{steps: 20}", "rk4", "steps or step"},
	{"a misspelt method", classifier, "dopri5{", "dopri6{", `did you mean "dopri5"?`},
	{"a method by the name of another library", controlled, "rk4{steps: 20}", "RungeKutta4{steps: 20}", `did you mean "rk4"?`},
	{"a misspelt option", classifier, "atol: 1e-4}", "atool: 1e-4}", `did you mean "atol"?`},
	{"zero tolerance", classifier, "rtol: 1e-4", "rtol: -1", "rtol of dopri5 wants a number from 0 to 1"},
	{"an unknown sensitivity", classifier, "atol: 1e-4}", "atol: 1e-4, sensitivity: autograd}", `did you mean "backprop"?`},
	{"odeint", classifier, "solve(Flow{x: x}, over: 0..1, with: Fwd)", "odeint(f, x)", "write solve(Sys{x: x}, from: a, at: times, with: S)"},
	{"diffeqsolve", classifier, "solve(Flow{x: x}, over: 0..1, with: Fwd)", "diffeqsolve(f, x)", "write solve(Sys{x: x}, over: a..b, with: S)"},
	{"a solve without a solver", classifier, "over: 0..1, with: Fwd", "over: 0..1", "solve needs with: a solver"},
	{"a solve without a time span", classifier, "over: 0..1, with: Fwd", "with: Fwd", "solve needs over: a..b, or from: a and at: times"},
	{"the span as a vector", classifier, "over: 0..1", "over: [0.0, 1.0]", "over: wants a range a..b"},
	{"output times without a start time", controlled, "from: 0, at: ts", "at: ts", "solve needs from: a"},
	{"a single number as output times", controlled, "at: ts", "at: 1.0", "at: wants a vector of times"},
	{"a context that is not given", controlled, "path := solve(Arm{q: q, v: v, load: load}", "path := solve(Arm{q: q, v: v}", "Arm{...} does not set context load"},
	{"a start of another shape", classifier, "Flow{x: x}", "Flow{x: [x, x]}", "x of system Flow wants [2]real, got [2, 2]real"},
	{"the network instead of the system", classifier, "solve(Flow{x: x}", "solve(f", "f is a net, not a system"},
	{"a part of the result that there is not", classifier, "return end.x", "return end.y", "(has x)"},
	{"the whole result is returned", classifier, "return end.x", "return end", "result of a solve of Flow"},
	{"the trajectory is taken for the end", controlled, "return path.q, end.effort", "return path.q[10], end.effort", "index 10 out of range for axis of length 10"},
	// Training.
	{"more classes than scores", classifier, "y label[2]", "y label[3]", "cross_entropy: 2 scores for 3 classes"},
	{"a label as a number", classifier, "cross_entropy(Moons(x), y)", "square(Moons(x)[0] - real(y))", "a label is not a number, got label[2]; onehot(y) is a vector with 1 at its class"},
	{"the power of Python", classifier, "return end.x", "return end.x ** 2", "a power is written x^y"},
	{"the remainder of Python", classifier, "return end.x", "return end.x % 2", "the remainder is mod(x, y)"},
	{"let before a definition", classifier, "end := solve", "let end = solve", "write end := ..."},
	{"an equation with dx", classifier, "der(x) = f(x)", "dx = f(x)", "an equation is written der(x) = ..."},
	{"an equation with dx/dt", classifier, "der(x) = f(x)", "dx/dt = f(x)", "an equation is written der(x) = ..."},
	{"an equation with a prime", classifier, "der(x) = f(x)", "x' = f(x)", "a derivative der(x)"},
	{"a colon before a type", classifier, "state x [2]real", "state x: [2]real", "without a colon, as in x [2]real"},
	{"a size behind its type", classifier, "state x [2]real", "state x real[2]", "a size stands before the type: [2]real"},
	{"an index from the end", classifier, "return end.x", "return end.x[-1] * x", "indices count from 0, so that the last one is 1"},
	{"T for the transpose", classifier, "return end.x", "return end.x.T", "write transpose(x)"},
	{"a method of a value", classifier, "return end.x", "return end.x.sum() * x", "write sum(end.x)"},
	{"the time in a model", classifier, "return end.x", "return end.x * t", "end.t is the time at which it ended"},
	{"the derivative outside of its system", classifier, "return end.x", "return der(x)", "rhs(S{x: x}).x is the right-hand side"},
	{"a condition as an event", classifier, "der(x) = f(x)", "der(x) = f(x)\n\twhen x[0] > 1 {\n\t\tstop\n\t}", "rising(x[0] - 1)"},
	{"adjoint as a switch", classifier, "rtol: 1e-4, atol: 1e-4", "rtol: 1e-4, adjoint: true", "write sensitivity: adjoint"},
	{"full as a string", classifier, "batch: full", "batch: \"full\"", "full without quotes"},
	{"a bound of the gradient by another name", classifier, "seed: 42", "grad_clip: 1.0", "write clip: norm{max: 1}"},
	{"a bound of the gradient as a number", classifier, "seed: 42", "clip: 1.0", "with one of the names norm or value"},
	{"an early stop that watches nothing", classifier, "seed: 42", "stop: early{patience: 3}", "such as on: loss"},
	{"one of several results by its place", controlled, "mse(qs, goal)", "mse(Move(q, v, load, ts)[0], goal)", "name them first, _ where one is not wanted"},
	{"the columns of a sampler in braces of their own", classifier, "y label[2]\n\tsource: moons{n: 512, noise: 0.1, seed: 1}", "source: sampler{of: {x: normal(0, 1)}}", "sampler{x: normal(0, 1), n: 512}"},
	{"options behind a column", classifier, "y label[2]\n\tsource", "y label[2] {window: 3}\n\tsource", "stands in the braces of the source"},
	{"rows of a file as an axis, without a window", controlled, "goal [N]real\n\tsource: npz{path: \"runs.npz\"}", "goal [N]real = col(\"goal\")\n\tsource: csv{path: \"runs.csv\"}", "give the source a window: 10"},
	{"a label against a number", classifier, "cross_entropy(Moons(x), y)", "square(Moons(x)[0] - real(y == 1))", "onehot(y)[k] says whether it is class k"},
	{"a regression loss on labels", classifier, "cross_entropy(Moons(x), y)", "mse(Moons(x), y)", "mse wants numbers, got label[2]"},
	{"labels and scores swapped", classifier, "cross_entropy(Moons(x), y)", "cross_entropy(y, Moons(x))", "wants a label second"},
	{"a loss that is not a number", classifier, "minimize cross_entropy(Moons(x), y)", "minimize Moons(x)", "the objective must be a scalar"},
	{"two objectives", classifier, "\tmetric acc", "\tminimize sqnorm(x)\n\tmetric acc", "add them up"},
	{"a loss by its class", classifier, "cross_entropy(Moons(x), y)", "CrossEntropyLoss(Moons(x), y)", `did you mean "cross_entropy"?`},
	{"a learning rate under another name", classifier, "adam{lr: 0.01}", "adam{learning_rate: 0.01}", `did you mean "lr"?`},
	{"weight_decay for decay", controlled, "adamw{lr: 1e-3}", "adamw{weight_decay: 1e-3}", `did you mean "decay"?`},
	{"a setting that there is not", classifier, "epochs: 300", "epoch: 300", `did you mean "epochs"?`},
	{"validation that does not exist", classifier, "seed: 42", "seed: 42\n\tstop: early{on: val.loss}", "give train Fit a val:"},
	// Names and forms of other libraries.
	{"the time joined by a module", classifier, "x |> Linear(16)", "x |> DepthCat(1) |> Linear(16)", "write concat(x, t)"},
	{"a constant for the time", classifier, "x |> Linear(16)", "x |> depthcat(1) |> Linear(16)", "appends a number that changes, such as the time"},
	{"a class as int", classifier, "y label[2]", "y int", "a class is label[K], a whole number i32"},
	{"the Runge-Kutta method of SciPy", classifier, "dopri5{rtol: 1e-4, atol: 1e-4}", "rk45{rtol: 1e-4, atol: 1e-4}", "write dopri5{rtol: 1e-4, atol: 1e-4}"},
	{"a data set by the name of torchdyn", classifier, "moons{n: 512, noise: 0.1, seed: 1}", "concentric_spheres{n: 512}", `did you mean "spheres"?`},
	{"another data set by the name of torchdyn", classifier, "moons{n: 512, noise: 0.1, seed: 1}", "nested_annuli{n: 512}", `did you mean "annuli"?`},
	{"a data set that there is not", classifier, "moons{n: 512, noise: 0.1, seed: 1}", "galaxies{n: 512}", "moons, circles"},
	{"the input size of a layer", classifier, "x |> Linear(16)", "x |> Linear(2, 16)", "the size of what goes in is inferred: write Linear(16)"},
	{"the input channels and the kernel of a convolution", classifier, "x |> Linear(16)", "x |> Conv1d(1, 16, 3)", "the channels of what goes in are inferred: write Conv1d(n, kernel: k)"},
	{"padding for pad", classifier, "x |> Linear(16)", "x |> reshape(1, 2) |> Conv1d(4, padding: 1)", `did you mean "pad"?`},
	{"kernel_size for kernel", classifier, "x |> Linear(16)", "x |> reshape(1, 2) |> Conv1d(4, kernel_size: 3)", `did you mean "kernel"?`},
	{"the channels of what goes in by name", classifier, "x |> Linear(16)", "x |> reshape(1, 2) |> Conv1d(4, in_channels: 1)", "the size of what goes in is inferred: leave it out"},
	{"the size of a layer by name", classifier, "x |> Linear(16)", "x |> Linear(out_features: 16)", "write the number first, without a name"},
	{"an option that a layer has not", classifier, "x |> Linear(16)", "x |> reshape(1, 2) |> Conv1d(4, transposed: true)", "its options are kernel, stride, pad"},
	{"the sizes of an MLP as a list", classifier, "x |> Linear(16) |> tanh |> Linear(2)", "x |> MLP([64, 64], 2)", "MLP(64, 64, 2)"},
	{"Sequential of modules", classifier, "x |> Linear(16) |> tanh |> Linear(2)", "Sequential(Linear(16), tanh, Linear(2))(x)", "write a pipeline: x |> Linear(16) |> tanh |> Linear(2)"},
	{"a layer with its package", classifier, "x |> Linear(16)", "x |> nn.Linear(16)", "a net is a pipeline: x |> Linear(64) |> tanh |> Linear(2)"},
	{"the time in a net", classifier, "x |> Linear(16)", "concat(x, t) |> Linear(16)", "give f an argument t real"},
	{"the options of an optimizer in parentheses", classifier, "adam{lr: 0.01}", "adam(lr: 0.01)", "options are written in braces: adam{lr: ...}"},
	{"the rate of an optimizer without its name", classifier, "adam{lr: 0.01}", "adam(0.01)", "options are written in braces: adam{lr: ...}"},
	{"the options of an optimizer as keywords of Python", classifier, "adam{lr: 0.01}", "adam(lr=0.01)", "options of solvers, optimizers and sources also stand in braces: adam{lr: 0.01}"},
	{"an option with =", classifier, "adam{lr: 0.01}", "adam{lr=0.01}", "options have a colon: write lr: ..."},
	{"the options of a solver in parentheses", classifier, "dopri5{rtol: 1e-4, atol: 1e-4}", "dopri5(rtol: 1e-4, atol: 1e-4)", "options are written in braces: dopri5{rtol: ...}"},
	{"a method as a string", classifier, "dopri5{rtol: 1e-4, atol: 1e-4}", "\"dopri5\"", "a name is no string: write dopri5 without quotes"},
	{"a method as a string where it is used", classifier, "with: Fwd", "with: \"dopri5\"", "a solver method is no string: write dopri5"},
	{"a sensitivity as a string", classifier, "atol: 1e-4}", "atol: 1e-4, sensitivity: \"adjoint\"}", "a sensitivity is no string: write adjoint"},
	{"batch_size", classifier, "batch: full", "batch_size: 64", `did you mean "batch"?`},
	{"the loss as a setting", classifier, "minimize cross_entropy(Moons(x), y)", "loss: cross_entropy(Moons(x), y)", "write minimize and the loss"},
	{"optim", classifier, "optimizer: adam", "optim: adam", `did you mean "optimizer"?`},
	{"the learning rate as a setting", classifier, "seed: 42", "lr: 0.01", "lr belongs to the optimizer: adam{lr: 0.01}"},
	{"the span by the name of torchdyn", classifier, "over: 0..1", "t_span: 0..1", "write over: 0..1 for the end"},
	{"a second derivative of a state", controlled, "\tder(q) = v\n", "\tder(der(q)) = v\n", "an equation of second order is two of first order"},
	{"a basis by the name of torchdyn", classifier, "Linear(16)", "Linear(16, basis: chebychev{deg: 5}, at: x[0])", `did you mean "cheby"?`},
	{"piecewise constant weights", classifier, "Linear(16)", "Linear(16, basis: piecewise{n: 4}, at: x[0])", `did you mean "steps"?`},
	{"a model with too few inputs", controlled, "Move(q, v, load, ts)", "Move(q, v, ts)", "Move wants 4 arguments, got 3"},
	{"a column that is not declared", controlled, "mse(qs, goal)", "mse(qs, goals)", `did you mean "goal"?`},
	{"training on a sample of another length", controlled, "goal [N]real", "goal [20]real", "mse"},
}

// threads are where users met a mistake, or asked what this language answers by its form.
var threads = map[string][]string{
	"the field has another width than the state":     {"rtqichen/torchdiffeq#42", "DiffEqML/torchdyn#120", "DiffEqML/torchdyn#125", "stan-dev/stan#2410", "stan-dev/math#559", "patrick-kidger/diffrax#446", "patrick-kidger/diffrax#621", "patrick-kidger/diffrax#719"},
	"the batch axis is written":                      {"rtqichen/torchdiffeq#177", "patrick-kidger/equinox#205", "patrick-kidger/equinox#212"},
	"the batch axis is written in the state":         {"rtqichen/torchdiffeq#43", "martenlienen/torchode#27"},
	"the time is forgotten in the call of the field": {"DiffEqML/torchdyn#40"},
	"the time is passed to a field that takes none":  {"rtqichen/torchdiffeq#220"},
	"a field with two results":                       {"patrick-kidger/diffrax#116", "DiffEqML/torchdyn#137"},
	"batch normalisation in a field":                 {"patrick-kidger/equinox#394"},
	"dropout in a field":                             {"patrick-kidger/equinox#394"},
	"weights outside a net":                          {"rtqichen/torchdiffeq#178", "rtqichen/torchdiffeq#216"},
	"a state without an equation":                    {"DiffEqML/torchdyn#47", "rtqichen/torchdiffeq#9"},
	"grad of a vector":                               {"rtqichen/torchdiffeq#154", "patrick-kidger/equinox#213"},
	"if in a field":                                  {"patrick-kidger/diffrax#363", "jax-ml/jax#1076"},
	"a tolerance on a fixed-step method":             {"patrick-kidger/diffrax#83"},
	"a fixed-step method without steps":              {"rtqichen/torchdiffeq#137", "patrick-kidger/diffrax#83", "ciemss/pyciemss#533"},
	"a solve without a time span":                    {"rtqichen/torchdiffeq#250"},
	"the span as a vector":                           {"patrick-kidger/diffrax#316"},
	"output times without a start time":              {"rtqichen/torchdiffeq#251"},
	"a single number as output times":                {"rtqichen/torchdiffeq#251"},
	"a context that is not given":                    {"DiffEqML/torchdyn#121", "DiffEqML/torchdyn#191", "rtqichen/torchdiffeq#128", "rtqichen/torchdiffeq#227", "SciML/DiffEqFlux.jl#844"},
	"training on a sample of another length":         {"DiffEqML/torchdyn#66"},
	"an image goes into a linear layer":              {"patrick-kidger/equinox#454", "patrick-kidger/equinox#56"},
	"a scalar goes into a linear layer":              {"patrick-kidger/diffrax#446"},
	"two vectors of different lengths are added":     {"patrick-kidger/equinox#662"},
	"a parameter that starts outside its bounds":     {"stan-dev/stan#1664", "stan-dev/rstan#583"},
	"cat for concat":                                 {"stan-dev/stan#2637", "stan-dev/stanc3#1401"},
	"the divergence of a field of another shape":     {"rtqichen/torchdiffeq#95"},
	"the whole result is returned":                   {"DiffEqML/torchdyn#129"},
	"diffeqsolve":                                    {"stan-dev/stan#2578"},
	"the graph is cut before the gradient":           {"rtqichen/torchdiffeq#226"},
}

// firstMessage is what the compiler says first about a mistake.
func firstMessage(m mistake) (diag.Diagnostic, string, error) {
	if strings.Count(m.base, m.old) == 0 {
		return diag.Diagnostic{}, "", fmt.Errorf("%q is not in the program", m.old)
	}
	src := strings.Replace(m.base, m.old, m.new, 1)
	_, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Until: "diff"})
	if len(ds) == 0 {
		return diag.Diagnostic{}, src, fmt.Errorf("nothing is said")
	}
	return ds[0], src, nil
}

// TestMistakes: the first message of each mistake names the way out.
func TestMistakes(t *testing.T) {
	for _, src := range []string{classifier, controlled} {
		if _, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Until: "diff"}); len(ds) > 0 {
			t.Fatal(ds)
		}
	}
	if len(mistakes) < 60 {
		t.Errorf("%d mistakes", len(mistakes))
	}
	known := map[string]bool{}
	for _, m := range mistakes {
		known[m.what] = true
		d, src, err := firstMessage(m)
		if err != nil {
			t.Errorf("%s: %v\n%s", m.what, err, src)
		} else if !strings.Contains(d.Text+"\n"+d.Remedy, m.fix) {
			t.Errorf("%s: %v, want %q", m.what, d, m.fix)
		}
	}
	for what, list := range threads {
		if !known[what] || len(list) == 0 {
			t.Errorf("threads of %q, which is no mistake of the list", what)
		}
	}
}

// mistakesPage lists the mistakes with what is said about them.
func mistakesPage() string {
	var b strings.Builder
	b.WriteString("# Mistakes and what the compiler says\n\n" + generated)
	b.WriteString("Mistakes of the kinds that the issue trackers and forums of torchdyn, torchdiffeq, Diffrax and Stan show, written in this language. For each, the line as it was\nwritten and the first message; a test demands that the message names the way out. Threads are of the projects' trackers: repository and number of one in which somebody met the\nmistake, or asked what the form of this language answers; the others are slips that every language has.\n\n| Mistake | Written | Message | Threads |\n|---|---|---|---|\n")
	cell := func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(s), "|", "\\|"), "\n", " ")
	}
	for _, m := range mistakes {
		d, src, err := firstMessage(m)
		if err != nil {
			continue // the test says so
		}
		at := strings.Index(m.base, m.old)
		line := src[strings.LastIndex(src[:at], "\n")+1:]
		line, _, _ = strings.Cut(line, "\n")
		if m.new == "" {
			line = "(left out) " + strings.TrimSpace(m.old)
		}
		text := fmt.Sprintf("%s [%s]", d.Text, d.Code)
		if d.Remedy != "" {
			text += "; " + d.Remedy
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", cell(m.what), cell(line), cell(text), strings.Join(threads[m.what], ", "))
	}
	return b.String()
}
