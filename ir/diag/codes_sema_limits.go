package diag

import "strings"

const spring = "package p\n\nsystem Spring {\n\tstate q, v real\n\tder(q) = v\n\tder(v) = -q\n}\n\nsolver Fine = rk4{steps: 4}\n\n" +
	"model M(q real) (y real) {\n\tend := solve(Spring{q: q, v: 0}, over: 0..1, with: Fine)\n\treturn end.q\n}\n"

// codesLimits are the diagnostics of what the language has and the compiler cannot translate yet.
func codesLimits() []Entry {
	return []Entry{
		{Code: "NDE0801", Title: "generated name taken",
			Text:  "The generated package would declare one name twice, for a system with a solver and for something else. Rename one of them.",
			Bad:   strings.Replace(spring, "model M", "model SpringState", 1),
			Fixed: spring},
		{Code: "NDE0802", Title: "method not compiled yet",
			Text:  "The implicit methods, implicit_euler and bdf, are known but cannot be compiled yet. dopri5 and tsit5 shorten their steps where a problem is stiff,\nand max_steps ends a solve that is too stiff for them.",
			Bad:   "package p\n\nsolver S = bdf{rtol: 1e-4}\n",
			Fixed: "package p\n\nsolver S = rk4{steps: 4}\n"},
		{Code: "NDE0803", Title: "solver option not compiled yet",
			Text:  "shooting{method: backward} and {method: forward} correct their iterates with derivatives of the flow, which cannot be compiled yet. The default,\nzero, is the parareal update.",
			Bad:   "package p\n\nsolver S = shooting{segments: 4, method: backward}\n",
			Fixed: "package p\n\nsolver S = dopri5{rtol: 1e-4}\n"},
		{Code: "NDE0805", Title: "events of several paths not compiled yet",
			Text:  "Events work with every method. With paths: n each of the paths has them at times of its own, and they take their steps\ntogether. Solve for one path, and give it a sample for each.",
			Bad:   "package p\n\nsystem S {\n\tstate x real\n\tcalculus: ito\n\tder(x) = -1\n\tnoise(x) = 0.1\n\twhen falling(x) {\n\t\tstop\n\t}\n}\n\nmodel M(x real) (y real) {\n\treturn sum(solve(S{x}, over: 0..1, paths: 4, with: euler_maruyama{steps: 10}).x)\n}\n",
			Fixed: "package p\n\nsystem S {\n\tstate x real\n\tcalculus: ito\n\tder(x) = -1\n\tnoise(x) = 0.1\n\twhen falling(x) {\n\t\tstop\n\t}\n}\n\nmodel M(x real) (y real) {\n\treturn solve(S{x}, over: 0..1, with: euler_maruyama{steps: 10}).x\n}\n"},
		{Code: "NDE0808", Title: "solve inside of a system",
			Text:  "The equations of a system are evaluated at every stage of every step; a solve at each of them is not compiled yet. Where the inner equation is as\nfast as the outer one, its states can be states of the same system; rhs(S{...}) gives its right-hand side at one point.",
			Bad:   "package p\n\nsystem Inner {\n\tstate x real\n\tder(x) = -x\n}\n\nsystem Outer {\n\tstate y real\n\tder(y) = solve(Inner{x: y}, over: 0..1, with: rk4{steps: 4}).x\n}\n",
			Fixed: "package p\n\nsystem Inner {\n\tstate x real\n\tder(x) = -x\n}\n\nsystem Outer {\n\tstate y real\n\tder(y) = rhs(Inner{x: y}).x\n}\n"},
		{Code: "NDE0818", Title: "element type not compiled yet",
			Text:  "Tensors are real, time, label, i32 or bool. real is f32 in all of a program, or f64 with --precision f64; time is f64 always. Tensors of f32, f64 or bf16\nbeside it cannot be compiled yet.",
			Bad:   "package p\n\nfn f(x f64) real {\n\treturn 1.0\n}\n",
			Fixed: "package p\n\nfn f(x real) real {\n\treturn x\n}\n"},
	}
}
