package sema

import "ndec.dev/ndec/ir/diag"

// foreign is what a name of another library is here: a name of this language, or advice in words (advice set). PyTorch, torchdyn, torchdiffeq, Diffrax, JAX, NumPy and Stan are where
// people come from.
type foreign struct {
	name   string
	advice string
}

var foreigners = map[string]foreign{ // functions and layers
	// Activations and layers as classes.
	"Tanh": {name: "tanh"}, "ReLU": {name: "relu"}, "Softplus": {name: "softplus"}, "Sigmoid": {name: "sigmoid"},
	"SiLU": {name: "silu"}, "GELU": {name: "gelu"}, "ELU": {name: "elu"}, "SELU": {name: "selu"}, "LeakyReLU": {name: "leaky_relu"},
	"Hardtanh": {name: "hardtanh"}, "Softsign": {name: "softsign"}, "Mish": {name: "mish"}, "Softmax": {name: "softmax"},
	"LogSoftmax": {name: "log_softmax"}, "swish": {name: "silu"}, "Swish": {name: "silu"}, "Flatten": {name: "flatten"}, "Dense": {name: "Linear"},
	"DepthCat": {advice: "write concat(x, t)"}, "Augmenter": {name: "augment"},
	"DataControl":        {advice: "write concat(x, initial(x))"},
	"GalLinear":          {advice: "write Linear(n, basis: fourier{deg: 5}, at: t)"},
	"ConcatLinear":       {advice: "write Linear(n, time: concat, at: t)"},
	"ConcatConv2d":       {advice: "write Conv2d(n, time: concat, at: t)"},
	"ConcatSquashLinear": {advice: "write Linear(n, time: concatsquash, at: t)"},
	"ConcatSquashConv2d": {advice: "write Conv2d(n, time: concatsquash, at: t)"},
	"SquashLinear":       {advice: "write Linear(n, time: squash, at: t)"},
	"SquashConv2d":       {advice: "write Conv2d(n, time: squash, at: t)"},
	"BlendLinear":        {advice: "write Linear(n, time: blend, at: t)"},
	"BlendConv2d":        {advice: "write Conv2d(n, time: blend, at: t)"},
	"HyperLinear":        {advice: "write Linear(n, time: hyper, at: t)"},
	"HyperConv2d":        {advice: "write Conv2d(n, time: hyper, at: t)"},
	"ConcatCoordConv2d":  {advice: "write Conv2d(n, time: concatcoord, at: t)"}, "IgnoreLinear": {name: "Linear"}, "IgnoreConv2d": {name: "Conv2d"},
	"Sequential":    {advice: "write a pipeline: x |> Linear(16) |> tanh |> Linear(2)"},
	"BatchNorm1d":   {advice: "a program describes one sample, so there is no batch to normalise over; use LayerNorm"},
	"BatchNorm2d":   {advice: "a program describes one sample, so there is no batch to normalise over; use GroupNorm"},
	"BatchNorm":     {advice: "a program describes one sample, so there is no batch to normalise over; use LayerNorm"},
	"Dropout":       {advice: "a field must give the same value when it is evaluated again; use decay: of the optimizer, or l2(net) in the objective"},
	"dropout":       {advice: "a field must give the same value when it is evaluated again; use decay: of the optimizer, or l2(net) in the objective"},
	"requires_grad": {advice: "write freeze: net in the recipe"},
	// Solving.
	"odeint":         {advice: "write solve(Sys{x: x}, from: a, at: times, with: S)"},
	"odeint_adjoint": {advice: "write solve(Sys{x: x}, from: a, at: times, with: S), and sensitivity: adjoint in the solver S"},
	"sdeint":         {advice: "write a system with noise(x) = ... and solve it by euler_maruyama, euler_heun or milstein"},
	"diffeqsolve":    {advice: "write solve(Sys{x: x}, over: a..b, with: S)"},
	"solve_ivp":      {advice: "write solve(Sys{x: x}, from: a, at: times, with: S)"},
	"ode_rk45":       {advice: "write solve(Sys{x: x}, from: a, at: times, with: dopri5{rtol: 1e-6, atol: 1e-6})"},
	"ode_bdf":        {advice: "write solve(Sys{x: x}, from: a, at: times, with: S)"},
	"integrate_ode":  {advice: "write solve(Sys{x: x}, from: a, at: times, with: S)"},
	"NeuralODE":      {advice: "write a system with der(x) = ... and solve it in a model"},
	"CNF":            {advice: "write state l real = 0 and der(l) = -div(v, x)"},
	// Arithmetic.
	"matmul": {advice: "write a @ b"}, "mm": {advice: "write a @ b"}, "bmm": {advice: "write a @ b: the batch axis is not written"},
	"multiply": {advice: "write a * b"}, "mul": {advice: "write a * b"}, "pow": {advice: "write x ^ y"}, "divide": {advice: "write a / b"},
	"einsum": {advice: "write products with @, dot, outer, transpose and sum"},
	"cat":    {name: "concat"}, "concatenate": {name: "concat"}, "hstack": {name: "concat"}, "vstack": {name: "stack"},
	"arcsin": {name: "asin"}, "arccos": {name: "acos"}, "arctan": {name: "atan"}, "arctan2": {name: "atan2"}, "ln": {name: "log"}, "fabs": {name: "abs"},
	"one_hot": {name: "onehot"}, "to_categorical": {name: "onehot"},
	"where": {name: "select"}, "clip": {name: "clamp"}, "maximum": {name: "max"}, "minimum": {name: "min"}, "solve_linear": {name: "linsolve"},
	"view": {name: "reshape"}, "squeeze": {name: "scalar"}, "permute": {name: "transpose"}, "flip": {name: "reverse"}, "std": {advice: "write sqrt(mean((x - mean(x))^2))"},
	"unsqueeze":     {advice: "write reshape(x, sizes...), or [x] for a scalar"},
	"zeros":         {advice: "write 0, which stands for a tensor where one is wanted, or expand(0.0, n)"},
	"ones":          {advice: "write 1, which stands for a tensor where one is wanted, or expand(1.0, n)"},
	"zeros_like":    {advice: "write 0 * x"},
	"ones_like":     {advice: "write 0 * x + 1"},
	"arange":        {name: "linspace"},
	"stop_gradient": {name: "detach"}, "jacobian": {name: "jac"}, "jacrev": {name: "jac"}, "jacfwd": {name: "jac"}, "hessian": {name: "hess"},
	"divergence": {name: "div"}, "gradient": {name: "grad"}, "trace": {advice: "write sum(diag of the matrix) by its entries, or div(v, x) for the trace of a Jacobian"},
	// Losses and random numbers.
	"MSELoss": {name: "mse"}, "mse_loss": {name: "mse"}, "CrossEntropyLoss": {name: "cross_entropy"}, "L1Loss": {name: "l1"}, "HuberLoss": {name: "huber"},
	"smooth_l1_loss": {name: "huber"}, "l1_loss": {name: "l1"},
	"nll_loss": {advice: "write cross_entropy(scores, y), which takes the scores before softmax"},
	"randn":    {advice: "write draw(normal(0, 1), [n])"}, "rand": {advice: "write draw(uniform(0, 1), [n])"},
	"normal_lpdf": {advice: "write log_prob(normal(m, s), x)"}, "normal_rng": {advice: "write draw(normal(m, s))"},
}

// elsewhere has the names of other libraries that are no functions, by what stands at their place: a group of choices, the
// options of one, the settings of a block, the arguments of a call.
var elsewhere = map[string]map[string]foreign{
	"solver method": {
		"rk45": {advice: "write dopri5{rtol: 1e-4, atol: 1e-4}"}, "RK45": {advice: "write dopri5{rtol: 1e-4, atol: 1e-4}"},
		"DOP853": {name: "dopri8"}, "RK23": {name: "bosh3"}, "Dopri5": {name: "dopri5"}, "Tsit5": {name: "tsit5"}, "Euler": {name: "euler"}, "Heun": {name: "heun"},
	},
	"source": {
		"concentric_spheres": {name: "spheres"}, "nested_annuli": {name: "annuli"}, "make_moons": {name: "moons"}, "make_circles": {name: "circles"},
		"two_moons": {name: "moons"}, "make_blobs": {name: "gaussians"}, "gaussian_spirals": {name: "gaussians_spiral"},
	},
	"basis": {
		"chebychev": {name: "cheby"}, "chebyshev": {name: "cheby"}, "Chebychev": {name: "cheby"}, "Chebyshev": {name: "cheby"}, "Fourier": {name: "fourier"},
		"Polynomial": {name: "poly"}, "polynomial": {name: "poly"}, "piecewise": {name: "steps"}, "PiecewiseConstant": {name: "steps"}, "GaussianRBF": {name: "rbf"},
	},
	"train": {
		"batch_size": {name: "batch"}, "optim": {name: "optimizer"}, "max_epochs": {name: "epochs"}, "n_epochs": {name: "epochs"}, "num_epochs": {name: "epochs"},
		"loss": {name: "minimize", advice: "write minimize and the loss, such as minimize cross_entropy(M(x), y)"}, "criterion": {name: "minimize", advice: "write minimize and the loss, such as minimize cross_entropy(M(x), y)"},
		"loss_fn": {name: "minimize", advice: "write minimize and the loss, such as minimize cross_entropy(M(x), y)"},
		"lr":      {advice: "lr belongs to the optimizer: adam{lr: 0.01}"}, "learning_rate": {advice: "it belongs to the optimizer: adam{lr: 0.01}"},
		"weight_decay": {advice: "it belongs to the optimizer: adamw{decay: 0.01}"}, "scheduler": {name: "schedule"}, "dataset": {name: "data"}, "metrics": {advice: "write metric name = ..."},
		"grad_clip": {advice: clipAdvice}, "gradient_clip": {advice: clipAdvice}, "gradient_clip_val": {advice: clipAdvice}, "clip_grad_norm": {advice: clipAdvice}, "max_grad_norm": {advice: clipAdvice},
		"early_stopping": {advice: "write stop: early{on: val.loss, patience: 10}"}, "accumulate_grad_batches": {name: "accumulate"},
	},
	"layer option": {
		"padding": {name: "pad"}, "kernel_size": {name: "kernel"}, "output_padding": {name: "output_pad"}, "strides": {name: "stride"}, "kernel_dilation": {name: "dilation"},
		"use_bias": {name: "bias"}, "with_bias": {name: "bias"}, "feature_group_count": {name: "groups"},
		"in_channels": {advice: inferredAdvice}, "in_features": {advice: inferredAdvice}, "input_size": {advice: inferredAdvice}, "in_size": {advice: inferredAdvice},
		"out_channels": {advice: sizeAdvice}, "out_features": {advice: sizeAdvice}, "out_size": {advice: sizeAdvice}, "hidden_size": {advice: sizeAdvice}, "features": {advice: sizeAdvice},
		"num_groups": {advice: sizeAdvice}, "padding_mode": {advice: "windows that reach over the edge read zeros"}, "activation": {name: "act"},
		"elementwise_affine": {name: "affine"}, "epsilon": {name: "eps"}, "batch_first": {advice: "a program describes one sample: leave it out"},
	},
	"solver method option": {"adjoint": {advice: "write sensitivity: adjoint"}, "adjoint_method": {advice: "write sensitivity: adjoint{with: ...}"}},
	"schedule option":      {"T_max": {advice: "a schedule goes over the whole training"}, "eta_min": {name: "to"}, "step_size": {name: "every"}, "max_lr": {name: "max"}},
	"optimizer option":     {"weight_decay": {name: "decay"}, "learning_rate": {name: "lr"}, "betas": {advice: "write beta1: and beta2:"}},
	"solve": {
		"t_span": {advice: spanAdvice}, "tspan": {advice: spanAdvice}, "t_eval": {advice: spanAdvice}, "t": {advice: spanAdvice}, "ts": {advice: spanAdvice}, "saveat": {advice: spanAdvice},
		"solver": {name: "with"}, "method": {name: "with"}, "sensitivity": {advice: "it belongs to the solver: with: dopri5{rtol: 1e-4, sensitivity: adjoint}"},
		"rtol": {advice: "it belongs to the solver: with: dopri5{rtol: 1e-4, atol: 1e-4}"}, "atol": {advice: "it belongs to the solver: with: dopri5{rtol: 1e-4, atol: 1e-4}"},
	},
}

const inferredAdvice = "the size of what goes in is inferred: leave it out"

const sizeAdvice = "write the number first, without a name"

const clipAdvice = "write clip: norm{max: 1}"

const spanAdvice = "write over: 0..1 for the end, or from: 0, at: linspace(0, 1, n) for the way"

// hint is what a name that there is not was meant to be, at a place of elsewhere: "" , a diag.Meant, or advice in words.
func hint(place, name string, candidates []string) any {
	switch f := elsewhere[place][name]; {
	case f.advice != "":
		return "; " + f.advice
	case contains(candidates, f.name):
		return diag.Meant(f.name)
	}
	return didYouMean(name, candidates)
}

// unknownFunction complains about a function that there is not, with what it is called here.
func (c *checker) unknownFunction(name string, at diag.Span) {
	f := foreigners[name]
	if f.advice != "" {
		c.errorf("NDE0207", at, "unknown function %q; %s", name, f.advice)
		return
	}
	meant := diag.Meant(f.name)
	if meant == "" {
		meant = didYouMean(name, c.functionNames())
	}
	c.errorf("NDE0207", at, "unknown function %q%s", name, meant)
}
