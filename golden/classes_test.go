package golden

// byClass is a flow that depends on a class: a label as a vector, in a model, along a solve and in a recipe.
const byClass = `
net f(x [2]real, k [3]real) [2]real { return concat(x, k) |> Linear(7) |> tanh |> Linear(2) }
system Flow {
	state x [2]real
	context k [3]real
	der(x) = f(x, k) - 0.2*x
}
model End(x [2]real, kind label[3]) (y [2]real) {
	return solve(Flow{x: x, k: onehot(kind)}, over: 0..1, with: rk4{steps: 4}).x
}
data Rows {
	x, goal [2]real
	kind label[3]
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x, kind) - goal) * (1 + 0.5*onehot(kind)[1])
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`

func init() {
	bothWays["classes"] = "package p\n" + byClass
}
