package diag

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
	}
}
