package recipe

// maxCount bounds whole numbers so that they fit an int on every platform.
const maxCount = 1<<31 - 1

// TrainKeys are the settings of a train block.
func TrainKeys() []Option { return trainKeys }

var trainKeys = []Option{
	{Key: "data", Kind: DataOf, Required: true, Doc: "the data block to train on"},
	{Key: "val", Kind: DataOf, Doc: "data for validation, instead of a split"},
	{Key: "test", Kind: DataOf, Doc: "data for the final judgement, instead of a split"},
	{Key: "batch", Kind: BatchOf, Name: "full", Min: 1, Max: maxCount, Doc: "samples per step, or full"},
	{Key: "epochs", Kind: Range, Min: 1, Max: maxCount, Doc: "passes over the data; a..b stops early"},
	{Key: "steps", Kind: Int, Min: 1, Max: maxCount, Doc: "optimiser steps, instead of epochs"},
	{Key: "optimizer", Kind: Choice, Required: true, Group: Optimizer, Doc: "how parameters move"},
	{Key: "schedule", Kind: Choice, Group: Schedule, Name: "constant", Doc: "how the learning rate changes"},
	{Key: "clip", Kind: Choice, Group: Clip, Doc: "bound of the gradient"},
	{Key: "accumulate", Kind: Int, Default: 1, Min: 1, Max: maxCount, Doc: "batches per optimiser step"},
	{Key: "freeze", Kind: Nets, Doc: "nets that are not trained"},
	{Key: "stop", Kind: Choice, Group: Stop, Doc: "when to end before the last epoch"},
	{Key: "checkpoint", Kind: Choice, Group: Checkpoint, Doc: "what is kept besides the last state"},
	{Key: "precision", Kind: Name, Choices: []string{"f32", "f64", "mixed_bf16", "mixed_fp16"}, Doc: "element type that this recipe is meant for, which has to be that of the package"},
	{Key: "adversary", Kind: Choice, Group: Adversary, Doc: "make training harder: raise the loss within a ball around each sample, or keep the worst samples"},
	{Key: "seed", Kind: Int, Min: 0, Max: 1 << 53, Doc: "of initial values and shuffling"},
	{Key: "deterministic", Kind: Bool, Default: 1, Doc: "the same bits whatever the number of threads; always so"},
	{Key: "log_every", Kind: Int, Default: 0, Min: 0, Max: maxCount, Doc: "steps between log lines; 0: every epoch"},
	{Key: "val_every", Kind: Int, Default: 1, Min: 1, Max: maxCount, Doc: "epochs between validations"},
	{Key: "average", Kind: Choice, Group: Average, Doc: "running average of the weights, which is what is judged and kept"},
}

var lr = Option{Key: "lr", Kind: Number, Max: inf, Open: true, Field: "LR", Doc: "learning rate"}

func withLR(x float64) Option {
	o := lr
	o.Default = x
	return o
}

func decay(x float64) Option {
	return Option{Key: "decay", Kind: Number, Default: x, Max: inf, Field: "Decay", Doc: "weight decay"}
}

var betas = []Option{
	{Key: "beta1", Kind: Number, Default: 0.9, Max: 1 - 1e-12, Field: "Beta1", Doc: "memory of the mean gradient"},
	{Key: "beta2", Kind: Number, Default: 0.999, Max: 1 - 1e-12, Field: "Beta2", Doc: "memory of the squared gradient"},
	{Key: "eps", Kind: Number, Default: 1e-8, Max: inf, Field: "Eps", Doc: "added to the denominator"},
}

// optimizers have the formulas and defaults of torch.optim.
var optimizers = []Row{
	{Name: "sgd", Make: "SGD", Doc: "stochastic gradient descent with momentum", Options: []Option{
		withLR(1e-3),
		{Key: "momentum", Kind: Number, Max: inf, Field: "Momentum", Doc: "memory of earlier steps"},
		{Key: "dampening", Kind: Number, Max: inf, Field: "Dampening", Doc: "share of the gradient left out of the momentum"},
		{Key: "nesterov", Kind: Bool, Field: "Nesterov", Doc: "look ahead along the momentum"},
		{Key: "decay", Kind: Number, Max: inf, Field: "Decay", Doc: "weight decay"},
	}},
	{Name: "adam", Make: "Adam", Doc: "Adam (Kingma & Ba 2015); decay is added to the gradient",
		Options: append([]Option{withLR(1e-3), decay(0)}, betas...)},
	{Name: "adamw", Make: "AdamW", Doc: "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
		Options: append([]Option{withLR(1e-3), decay(1e-2)}, betas...)},
	{Name: "rmsprop", Make: "RMSprop", Doc: "gradient over its running root mean square (Hinton 2012)", Options: []Option{
		withLR(1e-2),
		{Key: "alpha", Kind: Number, Default: 0.99, Max: 1, Field: "Alpha", Doc: "memory of the squared gradient"},
		{Key: "eps", Kind: Number, Default: 1e-8, Max: inf, Field: "Eps", Doc: "added to the denominator"},
		{Key: "momentum", Kind: Number, Max: inf, Field: "Momentum", Doc: "memory of earlier steps"},
		{Key: "centered", Kind: Bool, Field: "Centered", Doc: "divide by the standard deviation instead"},
		decay(0),
	}},
	{Name: "lbfgs", Make: "LBFGS", Doc: "limited-memory BFGS, an iteration a step without line search (Liu & Nocedal 1989); for `batch: full`", Options: []Option{
		withLR(1),
		{Key: "history", Kind: Int, Default: 10, Min: 1, Max: 100, Field: "History", Doc: "pairs of moves and differences of gradients"},
	}},
	{Name: "lstsq", Make: "LeastSquares", Doc: "least squares, for objectives whose residuals are affine in the parameters"},
}

var schedules = []Row{
	{Name: "constant", Make: "Constant", Doc: "the learning rate of the optimiser"},
	{Name: "cosine", Make: "Cosine", Doc: "half a cosine wave down to `to` (Loshchilov & Hutter 2017)", Options: []Option{
		{Key: "to", Kind: Number, Max: inf, Field: "To", Doc: "learning rate at the end"},
	}},
	{Name: "step", Make: "Step", Doc: "times gamma every so many epochs", Options: []Option{
		{Key: "every", Kind: Int, Required: true, Min: 1, Max: maxCount, Field: "Every", Doc: "epochs between changes"},
		{Key: "gamma", Kind: Number, Default: 0.1, Max: inf, Field: "Gamma", Doc: "factor"},
	}},
	{Name: "exponential", Make: "Exponential", Doc: "times gamma every epoch", Options: []Option{
		{Key: "gamma", Kind: Number, Required: true, Max: inf, Open: true, Field: "Gamma", Doc: "factor"},
	}},
	{Name: "warmup", Make: "Warmup", Doc: "a linear rise over some steps, then another schedule", Options: []Option{
		{Key: "steps", Kind: Int, Required: true, Min: 1, Max: maxCount, Field: "Steps", Doc: "length of the rise"},
		{Key: "then", Kind: Choice, Group: Schedule, Name: "constant", Field: "Then", Doc: "what follows"},
	}},
	{Name: "plateau", Make: "Plateau", Doc: "times factor when a figure no longer improves (ReduceLROnPlateau)", Options: append([]Option{
		{Key: "factor", Kind: Number, Default: 0.1, Max: 1, Open: true, Field: "Gamma", Doc: "factor"},
		{Key: "patience", Kind: Int, Default: 10, Max: maxCount, Field: "Patience", Doc: "epochs to wait"},
	}, monitor...)},
	{Name: "onecycle", Make: "OneCycle", Doc: "one rise and one fall over all steps (OneCycleLR)", Options: []Option{
		{Key: "max", Kind: Number, Max: inf, Field: "Max", Doc: "highest learning rate; 0: that of the optimiser"},
		{Key: "start", Kind: Number, Default: 0.3, Max: 1, Open: true, Field: "Start", Doc: "share of the steps that rise"},
		{Key: "div", Kind: Number, Default: 25, Max: inf, Open: true, Field: "Div", Doc: "highest over first rate"},
		{Key: "final_div", Kind: Number, Default: 1e4, Max: inf, Open: true, Field: "FinalDiv", Doc: "first over last rate"},
	}},
}

var clips = []Row{
	{Name: "norm", Make: "ClipNorm", Doc: "scales the whole gradient down to a Euclidean norm", Options: []Option{
		{Key: "max", Kind: Number, Required: true, Max: inf, Open: true, Field: "Max", Doc: "largest norm"},
	}},
	{Name: "value", Make: "ClipValue", Doc: "clamps each component", Options: []Option{
		{Key: "max", Kind: Number, Required: true, Max: inf, Open: true, Field: "Max", Doc: "largest magnitude"},
	}},
}

var monitor = []Option{
	{Key: "on", Kind: Figure, Required: true, Field: "On", Doc: "the figure: val.loss, val.acc, loss"},
	{Key: "mode", Kind: Name, Name: "min", Choices: []string{"min", "max"}, Field: "Mode", Doc: "which way is better"},
}

var stops = []Row{{Name: "early", Make: "Early", Doc: "when a figure no longer improves", Options: append([]Option{
	{Key: "patience", Kind: Int, Default: 10, Max: maxCount, Field: "Patience", Doc: "epochs to wait"},
	{Key: "min_delta", Kind: Number, Max: inf, Field: "MinDelta", Doc: "smallest change that counts"},
	{Key: "below", Kind: Number, Min: -inf, Max: inf, Field: "Below", Doc: "end as soon as the figure is below; 0 is none"},
	{Key: "above", Kind: Number, Min: -inf, Max: inf, Field: "Above", Doc: "end as soon as the figure is above; 0 is none"},
}, monitor...)}}

var checkpoints = []Row{
	{Name: "best", Make: "Keep", Doc: "the weights with the best figure are those of the run", Options: append([]Option{
		{Key: "keep", Kind: Int, Default: 1, Min: 1, Max: maxCount, Field: "Count", Doc: "how many are checkpoints too, if more than 1"},
	}, monitor...)},
	{Name: "every", Make: "Keep", Doc: "checkpoints at a distance", Options: []Option{
		{Key: "epochs", Kind: Int, Max: maxCount, Field: "Epochs", Doc: "distance in epochs; 0: none"},
		{Key: "steps", Kind: Int, Max: maxCount, Field: "Steps", Doc: "distance in steps; 0: none"},
	}},
}

var averages = []Row{{Name: "ema", Make: "EMA", Doc: "exponential moving average of the weights after each step (Polyak & Juditsky 1992)", Options: []Option{
	{Key: "decay", Kind: Number, Default: 0.999, Max: 1 - 1e-12, Field: "Decay", Doc: "share of the old average that stays"},
}}}

var adversaries = []Row{
	{Name: "pgd", InIR: true, Doc: "the loss at the worst place in a ball around each sample, found by projected gradient ascent (Madry et al. 2018)", Options: []Option{
		{Key: "on", Kind: Column, Required: true, Doc: "the column that is moved"},
		{Key: "radius", Kind: Number, Required: true, Max: inf, Open: true, Doc: "of the ball"},
		{Key: "steps", Kind: Int, Default: 5, Min: 1, Max: 1 << 16, Doc: "number of ascents"},
		{Key: "rate", Kind: Number, Max: inf, Doc: "length of an ascent; 0 is 2.5 radius/steps"},
		{Key: "norm", Kind: Name, Name: "linf", Choices: []string{"linf", "l2"}, Doc: "of the ball and of the ascent"},
	}},
	{Name: "active", Make: "Active", Doc: "a share of each batch, the samples of largest loss, stays for the next one", Options: []Option{
		{Key: "keep", Kind: Number, Required: true, Max: 1 - 1e-12, Open: true, Field: "Keep", Doc: "the share that stays"},
	}},
}
