package diag

// codesConstructs are the diagnostics of draws, maps and weights that change during training.
func codesConstructs() []Entry {
	return []Entry{
		{Code: "NDE0361", Title: "draw outside a model or recipe",
			Text:  "A random number belongs to a sample and a training step, which only models and recipes know. Draw there, and pass the numbers on as arguments or contexts.",
			Bad:   "package p\n\nfn f(x real) real {\n\treturn x + draw(normal(0, 1))\n}\n",
			Fixed: "package p\n\nfn f(x, z real) real {\n\treturn x + z\n}\n\nmodel M(x real) (y real) {\n\treturn f(x, draw(normal(0, 1)))\n}\n"},
		{Code: "NDE0362", Title: "size of a draw does not fit",
			Text:  "Parameters of a distribution that are tensors say how many numbers are drawn. A size is for scalar parameters, or equal to theirs.",
			Bad:   "package p\n\nmodel M(m [2]real) (y [3]real) {\n\treturn draw(normal(m, 1), [3])\n}\n",
			Fixed: "package p\n\nmodel M(m [2]real) (y [2]real) {\n\treturn draw(normal(m, 1))\n}\n"},
		{Code: "NDE0363", Title: "map of something that is no function",
			Text:  "map takes the name of a fn, a net or a layer that is a net, and then what to apply it to.",
			Bad:   "package p\n\nfn f(xs [4]real) [4]real {\n\treturn map(tanh, xs)\n}\n",
			Fixed: "package p\n\nfn f(xs [4]real) [4]real {\n\treturn tanh(xs)\n}\n"},
		{Code: "NDE0364", Title: "map has no axis to go along",
			Text:  "An argument with one axis more than the function wants is cut into slices along its leading axis; all of these have one length. Arguments as the function wants them are the same for every slice.",
			Bad:   "package p\n\nfn g(x [2]real) real {\n\treturn x[0]\n}\n\nfn f(x [2]real) real {\n\treturn map(g, x)\n}\n",
			Fixed: "package p\n\nfn g(x [2]real) real {\n\treturn x[0]\n}\n\nfn f(xs [5, 2]real) [5]real {\n\treturn map(g, xs)\n}\n"},
		{Code: "NDE0365", Title: "anneal outside a recipe",
			Text:  "anneal(from:, to:, steps:) is a weight that changes with the training step, so it stands in train blocks. In evaluations it has its final value.",
			Bad:   "package p\n\nmodel M(x real) (y real) {\n\treturn anneal(from: 0, to: 1, steps: 10) * x\n}\n",
			Fixed: "package p\n\nmodel M(x, w real) (y real) {\n\treturn w * x\n}\n"},
		{Code: "NDE0366", Title: "what normalisation is by",
			Text:  "standardize, unstandardize and logscale take a column of reals of a data block; mean and standard deviation of its training rows are stored with the weights. per: says what has numbers of its own: element, channel or all.",
			Bad:   "package p\n\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n}\n\nmodel M(x [2]real) (y [2]real) {\n\treturn x |> standardize(D)\n}\n",
			Fixed: "package p\n\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n}\n\nmodel M(x [2]real) (y [2]real) {\n\treturn x |> standardize(D.x)\n}\n"},
		{Code: "NDE0367", Title: "normalisation of another shape",
			Text:  "Per element, a value has the shape of the column; per channel, the same number of channels: along the leading axis of images, along the last axis of other values.",
			Bad:   "package p\n\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n}\n\nmodel M(x [3]real) (y [3]real) {\n\treturn x |> standardize(D.x)\n}\n",
			Fixed: "package p\n\ndata D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n}\n\nmodel M(x [3]real) (y [3]real) {\n\treturn x |> standardize(D.x, per: all)\n}\n"},
		{Code: "NDE0368", Title: "basis of weights",
			Text:  "Weights that depend on time are a sum of basis functions: basis: fourier{deg: n}, cheby{deg: n}, poly{deg: n}, rbf{deg: n, kernel: gaussian, width: w} or steps{n: n}, evaluated at: t.",
			Bad:   "package p\n\nnet f(t real, x [2]real) [2]real {\n\treturn x |> Linear(2, basis: fourier{deg: 3})\n}\n",
			Fixed: "package p\n\nnet f(t real, x [2]real) [2]real {\n\treturn x |> Linear(2, basis: fourier{deg: 3}, at: t)\n}\n"},
	}
}
