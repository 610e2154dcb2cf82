package sema_test

import (
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
)

// settled is a program in which the rules that the language settled after its review are kept; the rows of
// TestSettledRules break one each.
const settled = `package p

dim Time = 5

net f(x [2]real) [2]real {
	layer out = Linear(2)
	h := x |> Linear(4) |> tanh
	return h |> out
}

net any[n](x [n]real) [n]real {
	return x |> Linear(n)
}

net tiny(h real, x [2]real, dx [2]real) [2]real {
	return concat(x, dx, h) |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
	integral cost = sqnorm(x)
}

hypersolver H for Flow {
	base: euler
	residual(x) = tiny(h, x, der(x))
}

solver Fwd = rk4{steps: 8}

model End(x [2]real) [2]real {
	return solve(Flow{x}, over: 0..1, with: Fwd).x
}

model Fast = End{Fwd: H{steps: 4}}

model Way(x [2]real, ts [Time]time) [Time, 2]real {
	return solve(Flow{x}, from: 0, at: ts, with: Fwd).x
}

data Points {
	x [2]real
	source: gaussians{n: 64}
	split: random{train: 0.5, val: 0.5}
}

train Fit {
	data: Points
	epochs: 1..3
	stop: early{on: val.loss, patience: 2}
	optimizer: adam
	minimize sqnorm(End(x |> standardize(Points.x)) - any(x) - any(2*x))
	metric size = sqrt(avg(sqnorm(End(x))))
}

train Hyper {
	data: Points
	epochs: 1
	optimizer: adam
	freeze: f
	minimize residual_error(H, Flow{x}, over: 0..1, steps: 2..4, reference: dopri5{rtol: 1e-6, atol: 1e-6})
}
`

// TestSettledRules: the misuse of each rule that was settled after the review has its diagnostic.
func TestSettledRules(t *testing.T) {
	if _, l := check(t, "p.nde", settled, sema.Options{}); len(l) > 0 {
		t.Fatal(l)
	}
	for _, row := range []struct{ rule, old, new, want string }{
		// Syntax.
		{"type is reserved", "dim Time = 5", "dim Time = 5\n\nconst type = 1", `"type" is a keyword and cannot be used as a name [NDE0111]`},
		{"mode is reserved", "dim Time = 5", "dim Time = 5\n\nconst mode = 1", `"mode" is a keyword and cannot be used as a name [NDE0111]`},
		{"check is reserved", "dim Time = 5", "dim Time = 5\n\nconst check = 1", `"check" is a keyword and cannot be used as a name [NDE0111]`},
		{"names of a result are no states", "state x [2]real\n", "state x [2]real\n\tstate steps real\n", "steps is a field of every solve result and cannot be a name of a system [NDE0405]"},
		{"Linear() is a scalar", "return h |> out", "return h |> Linear()", "returned value has type real, but the result is declared [2]real [NDE0302]"},
		{"{x} is {x: x}", "Flow{x}, over: 0..1, with: Fwd", "Flow{y}, over: 0..1, with: Fwd", "33:20: undefined: y [NDE0201]"},
		// Models with other solvers, hypersolvers.
		{"a replaced solver is one of the model", "End{Fwd: H", "End{Bwd: H", "[NDE0528]"},
		{"steps of a hypersolver come from the use", "H{steps: 4}", "H", "[NDE0605]"},
		{"a base has fixed steps", "base: euler", "base: dopri5", "the base of a hypersolver must be a fixed-step method, and dopri5 is adaptive [NDE0601]"},
		{"the power of the step is the base's", "tiny(h, x, der(x))", "h^2 * tiny(h, x, der(x))", "[NDE0609]"},
		{"residual_error draws from a range", "steps: 2..4", "steps: 4..2", "steps: 4..2 is not a range of at most 4096 steps together [NDE0611]"},
		// Recipes.
		{"epochs: a..b needs a stop", "\tstop: early{on: val.loss, patience: 2}\n", "", "[NDE0713]"},
		{"avg stands in metrics and sums", "metric size = sqrt(avg(sqnorm(End(x))))", "metric size = sqrt(avg(avg(sqnorm(End(x)))))", "[NDE0715]"},
		{"a net does not draw", "h := x |> Linear(4) |> tanh\n", "h := x + draw(normal(0, 1), [2]) |> Linear(4) |> tanh\n", "[NDE0361]"},
		{"freeze names nets", "freeze: f\n", "freeze: g\n", "[NDE0714]"},
		{"val.loss needs validation rows", "\tsplit: random{train: 0.5, val: 0.5}\n", "", "[NDE0703]"},
		// Normalisation.
		{"standardize takes a column", "standardize(Points.x)", "standardize(2.0)", "[NDE0366]"},
		{"standardize fits its column", "x |> standardize(Points.x)", "concat(x, x) |> standardize(Points.x)", "[NDE0367]"},
		{"a number does not fit a column of vectors", "x |> standardize(Points.x)", "1.0 |> standardize(Points.x)", "[NDE0367]"},
		{"normalize: is gone", "\tsplit: random", "\tnormalize: true\n\tsplit: random", `data Points has no setting "normalize"`},
		// Time and steps.
		{"at: takes times", "at: ts, with: Fwd", "at: 2.0, with: Fwd", "at: wants a vector of times, got number [NDE0527]"},
		{"steps or step", "rk4{steps: 8}", "rk4{steps: 8, step: 0.1}", "rk4 has steps already; give one of them [NDE0503]"},
		{"min_step is not above max_step", "rk4{steps: 8}", "dopri5{min_step: 0.2, max_step: 0.1}", "min_step 0.2 is above max_step 0.1: no step has such a length [NDE0505]"},
		{"max_steps is for adaptive methods", "rk4{steps: 8}", "rk4{steps: 8, max_steps: 5}", "[NDE0504]"},
		// Names of parameters.
		{"a second pipeline has a name", "return h |> out", "return (h |> Linear(2)) + (h |> Linear(2))", "a second pipeline with parameters needs a name"},
		{"a layer belongs to a pipeline", "return h |> out", "return Linear(2)", "Linear is a layer: write x |> Linear(...)"},
		{"a net at two sizes has names", "any(2*x)", "any(concat(x, x))[:2]", "[NDE0213]"},
		// Derivatives.
		{"grad is by a variable", "der(x) = f(x)", "der(x) = grad(sqnorm(x), 2*x)", "[NDE0330]"},
		{"a solve in der", "der(x) = f(x)", "der(x) = solve(Flow{x}, over: 0..1, with: Fwd).x", "[NDE0808]"},
		{"an integral is not read", "der(x) = f(x)", "der(x) = f(x) * cost", "[NDE0409]"},
		{"estimators by use", "der(x) = f(x)", "der(x) = x * div(f(x), x, by: {learn: hutchinson, eval: exact})", "[NDE0641]"},
		{"rhs is of a system", "minimize sqnorm(End", "minimize sqnorm(rhs(f{x}).x) + sqnorm(End", "f is a net, not a system [NDE0204]"},
		// Sources and events.
		{"sources are identifiers", "source: gaussians{n: 64}", `source: "gaussians"`, "a source is no string: write gaussians [NDE0703]"},
		{"when sets states only", "integral cost = sqnorm(x)", "integral cost = sqnorm(x)\n\twhen rising(x[0]) {\n\t\tcost = 0\n\t}", "[NDE0414]"},
		{"a guard is rising, falling, crossing or every", "integral cost = sqnorm(x)", "integral cost = sqnorm(x)\n\twhen x[0] > 1 {\n\t\tstop\n\t}", "[NDE0413]"},
	} {
		src := strings.Replace(settled, row.old, row.new, 1)
		if src == settled {
			t.Errorf("%s: the program has no %q", row.rule, row.old)
			continue
		}
		_, l := check(t, "p.nde", src, sema.Options{})
		if len(l) != 1 || !strings.Contains(l[0].String(), row.want) {
			t.Errorf("%s: %v, want %s", row.rule, l, row.want)
		}
	}
	// A real as a time is a warning.
	f, errs := syntax.Parse("p.nde", []byte(strings.Replace(settled, "ts [Time]time", "ts [Time]real", 1)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	files := []*syntax.File{f}
	p, l := sema.Check(files, sema.Options{})
	if l.HasErrors() {
		t.Fatal(l)
	}
	if l := sema.Vet(files, p); !slices.Contains(codes(l), "W1215") {
		t.Errorf("a real as a time: %v", l)
	}
}
