package method

import (
	"math"
	"slices"

	"ndec.dev/ndec/ir"
)

var inf = math.Inf(1)

// Options that several rows share.

func sensitivity() Option {
	return Option{Key: "sensitivity", Kind: Choice, Name: "backprop", Group: Sensitivity, Doc: "how gradients go through the solve"}
}

func events() Option {
	return Option{Key: "events", Kind: Choice, Name: "root", Group: Events, Doc: "how events are located"}
}

func rootOptions() []Option {
	return []Option{
		{Key: "tol", Kind: Real, Default: 1e-9, Min: 0, Max: inf, Open: true, Doc: "how close in time an event is located; also how long a guard rests after its event, twice"},
		{Key: "max", Kind: Int, Default: 1000, Min: 1, Max: 1e9, Doc: "times at which events happen, before the solve gives up"},
	}
}

func fixedOptions() []Option {
	return []Option{
		{Key: "steps", Kind: Int, Min: 1, Max: 1e9, Optional: true, OneOf: "steps", Doc: "number of steps over the whole span"},
		{Key: "step", Kind: Real, Min: 0, Max: inf, Open: true, Optional: true, OneOf: "steps", Doc: "length of a step; the last one is shortened"},
		{Key: "per_sample", Kind: Int, Min: 1, Max: 1e9, Optional: true, OneOf: "steps", Rare: true, Doc: "number of steps between output times, and up to the first; over the whole span where there are none"},
		{Key: "step_at", Kind: Numbers, Optional: true, Doc: "times at which a step ends, such as [0.5, 1]"},
		{Key: "jump_at", Kind: Numbers, Optional: true, Doc: "times at which the field jumps: a step ends at each, and the field is seen on both sides, as with step_at"},
		sensitivity(),
		events(),
	}
}

func stochasticOptions() []Option {
	return []Option{
		{Key: "steps", Kind: Int, Min: 1, Max: 1e9, Optional: true, OneOf: "steps", Doc: "number of steps over the whole span"},
		{Key: "step", Kind: Real, Min: 0, Max: inf, Open: true, Optional: true, OneOf: "steps", Doc: "length of a step; the last one is shortened"},
		sensitivity(),
		events(),
	}
}

func alphaOption() Option {
	return Option{Key: "a", Kind: Real, Default: 2.0 / 3, Min: 0, Max: 1, Open: true, Doc: "place of the second stage in the step"}
}

func adaptiveOptions() []Option {
	all := []Option{
		{Key: "rtol", Kind: Real, Default: 1e-3, Min: 0, Max: 1, Doc: "relative tolerance"},
		{Key: "atol", Kind: Real, Default: 1e-6, Min: 0, Max: inf, Open: true, Doc: "absolute tolerance"},
		{Key: "atols", Kind: Numbers, Optional: true, Doc: "absolute tolerances of the states, in the order of their declarations, instead of atol"},
		{Key: "rtols", Kind: Numbers, Optional: true, Doc: "relative tolerances of the states, in the order of their declarations, instead of rtol"},
		{Key: "control", Kind: Choice, Name: "i", Group: Controller, Doc: "how the error of a step gives the length of the next"},
		{Key: "norm", Kind: Name, Name: "rms", Choices: []string{"rms", "max"}, Doc: "size of the error of a step: root mean square over all elements, or the largest"},
		{Key: "max_steps", Kind: Int, Default: 10000, Min: 1, Max: 1e9, Doc: "attempted steps before the solve gives up"},
		{Key: "first_step", Kind: Real, Min: 0, Max: inf, Open: true, Optional: true, Doc: "length of the first step; chosen from the field if not given"},
		{Key: "min_step", Kind: Real, Min: 0, Max: inf, Optional: true, Doc: "shortest step, accepted whatever its error"},
		{Key: "max_step", Kind: Real, Min: 0, Max: inf, Open: true, Optional: true, Doc: "longest step"},
		{Key: "compat", Kind: Name, Name: "none", Choices: []string{"none", "torchdiffeq", "torchdyn"}, Doc: "takes the steps of another library, to compare with its results"},
		{Key: "step_group", Kind: Name, Name: "sample", Choices: []string{"sample", "batch"}, Doc: "whose error sets the step: each sample its own, or the batch together"},
	}
	for i := range all {
		all[i].Unless = "steps"
	}
	for _, o := range fixedOptions() {
		o.Instead = o.OneOf != ""
		all = append(all, o)
	}
	return all
}

// controlledBy are the options with another controller as the default.
func controlledBy(name string, options []Option) []Option {
	for i := range options {
		if options[i].Group == Controller {
			options[i].Name = name
		}
	}
	return options
}

func etaOption() Option {
	return Option{Key: "eta", Kind: Real, Default: 1, Min: 0.5, Max: 1, Open: true, Doc: "damping: below 1 the method is stable on a part of the left half plane, and has order 1"}
}

// memoryOptions are those of adaptive methods that carry memory over steps, which other libraries do not have.
func memoryOptions() []Option {
	return slices.DeleteFunc(adaptiveOptions(), func(o Option) bool {
		return o.Key == "compat"
	})
}

func adamsOrder() Option {
	return Option{Key: "order", Kind: Int, Default: 4, Min: 2, Max: 12, Doc: "order of the method"}
}

func correctionsOption() Option {
	return Option{Key: "corrections", Kind: Int, Default: 1, Min: 1, Max: 10, Doc: "how often the prediction is corrected, an evaluation each"}
}

// adamsDefaults are those of Adams methods.
func adamsDefaults(key string) ir.Setting {
	if key == "order" {
		return ir.Setting{Num: adamsOrder().Default}
	}
	return ir.Setting{Num: correctionsOption().Default}
}

func checkpointOptions() []Option {
	return []Option{
		{Key: "every", Kind: Int, Min: 1, Max: 1e9, Optional: true, OneOf: "kept", Doc: "keeps the state of every n-th step"},
		{Key: "memory", Kind: Int, Min: 1, Max: 1e15, Optional: true, OneOf: "kept", Doc: "keeps as many states as fit into so many bytes for each worker, time and length of every step included"},
	}
}

func adjointOptions() []Option {
	return []Option{
		{Key: "with", Kind: Choice, Group: Solver, Optional: true, Doc: "solver of the adjoint equation; that of the forward solve if not given"},
		{Key: "seminorm", Kind: Bool, Default: 1, Doc: "leaves the cotangents of parameters and contexts out of the error norm"},
		{Key: "restart", Kind: Name, Name: "stored", Choices: []string{"stored", "solved"}, Doc: "the state on the way back: started again from the outputs of the forward solve, or carried from its end"},
	}
}

func quadratureOptions() []Option {
	var out []Option
	for _, o := range adjointOptions() {
		if o.Key != "seminorm" { // there is nothing to leave out
			out = append(out, o)
		}
	}
	return append(out, Option{Key: "points", Kind: Int, Default: 0, Min: 0, Max: 16, Doc: "of Gauss' formula in a step; 0 takes half the order of the method, rounded up"})
}

func estimatorOptions(samples string) []Option {
	return []Option{
		{Key: "noise", Kind: Name, Name: "rademacher", Choices: []string{"rademacher", "normal"}, Doc: "what the numbers of a direction are: -1 and 1, or standard normal"},
		{Key: "samples", Kind: Int, Default: 1, Min: 1, Max: 64, Doc: "number of " + samples},
	}
}

func controlOptions(p, i, d float64, keys int) []Option {
	all := []Option{
		{Key: "safety", Kind: Real, Default: 0.9, Min: 0, Max: 1, Open: true, Doc: "aims at a smaller error than allowed"},
		{Key: "min", Kind: Real, Default: 0.2, Min: 0, Max: 1, Open: true, Doc: "smallest factor between steps"},
		{Key: "max", Kind: Real, Default: 10, Min: 1, Max: 1e6, Open: true, Doc: "largest factor between steps"},
		{Key: "p", Kind: Real, Default: p, Min: -2, Max: 2, Doc: "proportional coefficient, divided by the order"},
		{Key: "i", Kind: Real, Default: i, Min: 0, Max: 2, Open: true, Doc: "integral coefficient, divided by the order"},
		{Key: "d", Kind: Real, Default: d, Min: -2, Max: 2, Doc: "derivative coefficient, divided by the order"},
	}
	return all[:keys]
}

// ratioOptions are those of filters that look at ratios of steps, with b.
func ratioOptions(b float64) []Option {
	return append(controlOptions(0, 1, 0, 3), Option{Key: "b", Kind: Real, Default: b, Min: 1, Max: 100, Doc: "how strongly the filter smooths: larger is smoother"})
}

// Control is a controller with its numbers. See its row for the formula.
type Control struct {
	Row              *Row
	Safety, Min, Max float64
	P, I, D          float64
	R, R2            float64 // exponents of the ratios of steps
	Keeps            bool    // an accepted step does not make the next one shorter
}

// control is the controller of a method where none is chosen; that of other libraries is i.
func (r *Row) control(compat string) Control {
	if o := r.Option("control"); o != nil && compat == "" {
		return ControlOf(&ir.Choice{Row: o.Name})
	}
	return ControlOf(nil)
}

// ControlOf gives the controller of a checked `control:` choice; nil is i.
func ControlOf(c *ir.Choice) Control {
	name := "i"
	if c != nil && c.Row != "" {
		name = c.Row
	}
	row := Find(Controller, name)
	at := func(key string) float64 {
		if c != nil {
			if s, ok := c.Option(key); ok {
				return s.Num
			}
		}
		if row != nil {
			if o := row.Option(key); o != nil {
				return o.Default
			}
		}
		return 0
	}
	ctl := Control{Row: row, Safety: at("safety"), Min: at("min"), Max: at("max"), P: at("p"), I: at("i"), D: at("d")}
	if b := at("b"); b > 0 {
		// Söderlind 2003, table 1: exponents of the last errors, divided by the order, and of the ratios.
		switch name {
		case "h211b":
			ctl.P, ctl.I, ctl.R = -1/b, 2/b, -1/b
		case "h312b":
			ctl.P, ctl.I, ctl.D, ctl.R, ctl.R2 = -4/b, 4/b, 1/b, -3/b, -1/b
		}
		return ctl
	}
	if row != nil && row.Option("i") == nil {
		ctl.I, ctl.Keeps = 1, name == "i" // without memory
	}
	return ctl
}

// Configure sets on s what a checked choice of a solver says, and gives its row and what Build needs
// besides.
func Configure(s *ir.Solve, c *ir.Choice) (*Row, Config) {
	s.Steps, s.StepSize, s.FirstStep, s.MinStep, s.MaxStep = 0, 0, 0, 0, 0
	var cfg Config
	for _, o := range c.Options {
		switch o.Key {
		case "steps", "segments":
			s.Steps = int(o.Num)
		case "step":
			s.StepSize = o.Num
		case "rtol":
			s.RTol = o.Num
		case "atol":
			s.ATol = o.Num
		case "first_step":
			s.FirstStep = o.Num
		case "max_steps":
			s.MaxSteps = int(o.Num)
		case "min_step":
			s.MinStep = o.Num
		case "max_step":
			s.MaxStep = o.Num
		case "control":
			cfg.Control = ControlOf(o.Choice)
		case "norm":
			cfg.MaxNorm = o.Text == "max"
		case "step_group":
			if o.Text == "batch" {
				s.StepGroup = "rms"
			}
		case "compat":
			if s.Compat = o.Text; s.Compat == "none" {
				s.Compat = ""
			}
		case "atols":
			cfg.ATols = NumbersOf(o)
		case "rtols":
			cfg.RTols = NumbersOf(o)
		}
	}
	if s.StepGroup != "" && cfg.MaxNorm {
		s.StepGroup = "max"
	}
	return named(c.Row, c.Options).With(c.Options), cfg
}

// NumbersOf are the numbers of a list.
func NumbersOf(s ir.Setting) []float64 {
	var xs []float64
	for _, x := range s.List {
		xs = append(xs, x.Num)
	}
	return xs
}
