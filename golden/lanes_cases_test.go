package golden

// laneCases are programs by name: each has something that kernels and the loops around them have to know.
var laneCases = map[string]string{
	"times": `
net f(x [2]real, t real) [2]real { return concat(x, t) |> Linear(7) |> tanh |> Linear(2) }
system Flow {
	state x [2]real
	context c real
	integral work = c*sqnorm(x)
	der(x) = c*f(x, t)
}
solver Fixed = rk4{steps: 5}
solver Free = SOLVER
model Path(x [2]real, c real) (xs [6, 2]real, work [6]real) {
	end := solve(Flow{x, c: c}, from: 0, at: [0, 0.1, 0.15, 0.2, 0.7, 1], with: Free)
	return end.x, end.work
}
model Grid(x [2]real, c real) (xs [4, 2]real) { return solve(Flow{x, c: c}, from: 0, at: [0.1, 0.2, 0.21, 1], with: Fixed).x }
data Rows { x, goal [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	xs, work := Path(x, c)
	minimize sqnorm(xs[5] - goal) + sqnorm(xs[1]) + 0.1*sum(work) + sqnorm(Grid(x, c)[2])
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"powers": `
net f(x [2]real) [2]real { return x |> Linear(7) |> tanh |> Linear(2) }
net steep(x [2]real) [2]real { return x |> Linear(2) |> tanh }
system Gene {
	state x [2]real
	context bent real
	param n real = 2.3
	param k real = 0.7
	der(x) = 1/(1 + ((0.1+x*x)/(0.1+k*k))^(1+0.1*n)) - x + 0.1*f(x) - 0.02*x^5 + 0.1*2^x + 0.1*(1+x*x)^-3 + 0.1*(1.5+tanh(x))^steep(x) + (-2.5)^bent*0.001 + 0.001*(1+x*x)^2.5
}
solver S = SOLVER
model Run(x [2]real, bent real) (y [2]real) { return solve(Gene{x, bent: floor(3*bent)}, over: 0..1, with: S).x }
data Rows { x, goal [2]real
	bent real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Run(x, bent) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"classes": byClass,
	"close":   closeEvents,
	"argmax": `
net f(x [2]real) [2]real { return x |> Linear(7) |> tanh |> Linear(2) }
net head(x [2]real) [100]real { return x |> Linear(100) }
system Flow {
	state x [2]real
	der(x) = f(x)
}
solver S = rk4{steps: 4}
model Pick(x [2]real) (z [100]real, best, least, few real) {
	z := head(solve(Flow{x}, over: 0..1, with: S).x)
	return z, real(argmax(z)), real(argmax(-z[0:7])), real(argmax(z[3:5]))
}
data Rows { x [2]real
	goal [100]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	z, best, least, few := Pick(x)
	minimize sqnorm(z - goal) * (1 + 0.01*best)
	metric place = least + few
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"loops": `
net f(x [3]real) [3]real { return x |> Linear(5) |> silu |> Linear(3) }
net enc(us [9, 2]real) [3]real { return us |> reverse |> GRU(5) |> Linear(3) }
net dec(x [3]real) [2]real { return x |> Linear(6) |> softplus |> Linear(2) }
system Flow {
	state x [3]real
	der(x) = f(x)
}
solver S = SOLVER
model Fold(us [9, 2]real) (ys [5, 2]real) {
	path := solve(Flow{x: enc(us)}, from: 0, at: [0, 0.3, 0.5, 0.6, 1], with: S)
	return map(dec, path.x)
}
data Rows { us [9, 2]real
	goal [5, 2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Fold(us) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"draws": `
net f(x [2]real) [2]real { return x |> Linear(7) |> tanh |> Linear(2) }
net sigma(x [2]real) [2]real { return x |> Linear(5) |> tanh |> Linear(2) |> sigmoid }
system Noisy {
	calculus: ito
	state x [2]real
	der(x) = f(x)
	noise(x) = 0.2 * sigma(x)
}
solver EM = euler_maruyama{steps: 7, sensitivity: backprop}
model Mean(x [2]real) [2]real {
	q := normal(x, exp(0.1*x))
	ends := solve(Noisy{x: draw(q)}, over: 0..0.1, with: EM, paths: 3)
	return mean(ends.x, axis: 0)
}
data Rows { x, goal [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Mean(x) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"stops": stopsCase,
	"mass": `
net L(q [2]real) [2, 2]real { return reshape(q |> Linear(4) |> tanh |> Linear(4), 2, 2) }
net V(q [2]real) real { return q |> Linear(6) |> softplus |> Linear() }
system Arm {
	state q, v [2]real
	der(q) = v
	der(v) = linsolve(L(q) + 3*eye(2), -grad(V(q), q) - 0.1*v)
}
solver S = SOLVER
model Swing(q [2]real) (q1, v1 [2]real) {
	end := solve(Arm{q: q, v: 0.5*q}, over: 0..1, with: S)
	return end.q, end.v
}
data Rows { q, goal [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	a, b := Swing(q)
	minimize sqnorm(a - goal) + 0.3*sqnorm(b)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Linear systems that do not fit into registers: the one has pivots that differ from sample to sample, the other is lost without.
	"systems": `
net L(q [7]real) [7, 7]real { return reshape(q |> Linear(4) |> tanh |> Linear(49), 7, 7) }
system Arm {
	state q [7]real
	context c real
	der(q) = linsolve(1e-9*L(q) + c*reverse(eye(7)), -q)
}
net M(x [2]real) [9, 9]real { return reshape(x |> Linear(81), 9, 9) }
model Swing(q [7]real, c real) (q1 [7]real, b real) { // the derivative of logdet takes an inverse
	return solve(Arm{q, c: 2 + c}, over: 0..0.3, with: rk4{steps: 3}).q, logdet(M(q[:2]))
}
data Rows {
	q, goal [7]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	x, b := Swing(q, c)
	minimize sqnorm(x - goal) + b
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Steps of a splitting, which has no memory, are undone between bounces.
	"bounces": bouncesCase,
	"refill": `
net f(x [2]real) [2]real { return x |> Linear(8) |> tanh |> Linear(2) }
system Flow {
	state x [2]real
	context c real
	der(x) = exp(min(c, 9)) * f(x)
}
solver S = SOLVER
model Reach(x [2]real, c real) (y [2]real, way real) { // some have no way to go, and odd numbers no end of steps
	end := solve(Flow{x, c: 0.01*c^2}, over: 0..3*relu(x[0]), with: S)
	return end.x - c*x, end.t*real(end.status == 0)
}
data Rows { x, goal [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	y, _ := Reach(x, 20*goal[0])
	minimize sqnorm(y - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Sines of large arguments are left to the scalar functions, with their sample.
	// Of some steps what the way back takes is kept, 16 of a net as wide as this, and samples are late where theirs are rejected.
	"many": `
net f(x [2]real) [2]real { return x |> Linear(400) |> tanh |> Linear(2) }
system Turn {
	state x [2]real
	context c real
	der(x) = 0.1*f(x) + [(6+c)*x[1] + tanh(4*x[0] - c), -(6+c)*x[0]]
}
solver S = SOLVER
model End(x [2]real, c real) (y [2]real) { return solve(Turn{x, c: c}, over: 0..2, with: S).x }
data Rows { x, goal [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x, c) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"far": `
net f(x [2]real) [2]real { return x |> Linear(7) |> tanh |> Linear(2) }
system Flow {
	state x [2]real
	context c real
	der(x) = sin(f(x) + x + 1e13*max(c - 0.5, 0))
}
model End(x [2]real, c real) (y [2]real) { return solve(Flow{x, c: c}, over: 0..1, with: SOLVER).x }
// Sums of what samples share in a step lie in records; few samples are far, so that blocks with and without them follow each other.
net galerkin(t real, x [2]real) [2]real { return x |> Linear(5, basis: fourier{deg: 2}, at: t) |> tanh |> Linear(2, basis: cheby{deg: 2}, at: t) }
system Gal {
	state x [2]real
	context c real
	der(x) = sin(galerkin(t, x) + x + 1e13*max(c - 0.85, 0))
}
model Same(x [2]real, c real) (y [2]real) { return solve(Gal{x, c: c}, over: 0..1, with: rk4{steps: 4}).x }
data Rows { x, goal [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x, c) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
train Fit2 {
	data: Rows
	minimize sqnorm(Same(x, c) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Samples have their events at times of their own, several at a time, and some end there.
	"falls":  fallsCase,
	"events": eventsCase,
	// A guard that takes long, at which kernels look one by one.
	"seen": seenCase,
	"small": `
system Spin {
	state x [3]real
	param p real = 0.7
	context c real
	integral w = c*x[0]*x[1]
	der(x) = [c*(x[1] - x[0]), x[0]*(2 - x[2]) - x[1] + t, x[0]*x[1] - p*x[2]]
}
solver S = SOLVER
model Turn(x [3]real, c real) (y [3]real, w real) {
	end := solve(Spin{x, c}, over: 0..1, with: S)
	return end.x, end.w
}
data Rows { x, goal [3]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	y, w := Turn(x, c)
	minimize sqnorm(y - goal) + w
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Steps of one length for all samples, whose times are not read sample by sample, and of the same field steps of one's own.
	"alike": `
net f(x [2]real, t real) [2]real { return concat(x, sin(2*t), t^2) |> Linear(9) |> tanh |> Linear(2) }
system Wave {
	state x [2]real
	context c real
	der(x) = c*exp(-t)*f(x, t) - 0.1*x
}
system Spring {
	state q [2]real
	param w real = 2
	der(q) = [q[1], sin(w*t) - q[0]*abs(q[0])]
}
// Burst fails at rows that begin with large numbers, at steps of their own.
system Burst {
	state x [2]real
	der(x) = [30*x[0] + t, 30*x[1] - x[0]]
}
model Even(x [2]real, c real) [2]real { return solve(Wave{x, c}, over: 0.2..1.3, with: rk4{steps: 5}).x }
model Own(x [2]real, c real) [2]real { return solve(Wave{x, c}, over: 0..1 + c^2, with: rk4{steps: 5}).x }
model Back(x [2]real) [2]real { return solve(Spring{q: x}, over: 1..0, with: tsit5{step: 0.3}).q }
model Many(x [2]real) [2]real { return solve(Spring{q: x}, over: 0..2, with: tsit5{steps: 9}).q }
model Long(x [2]real) [2]real { return solve(Burst{x}, over: 0..1, with: rk4{steps: 150}).x }
data Rows { x, goal [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Even(x, c) - goal) + sqnorm(Own(x, c)) + sqnorm(Back(x)) + sqnorm(Many(goal))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	// Weights that depend on time, of a basis and of nets, are made once for all samples where these take the same steps, and their
	// gradients go back once; with output times, in steps of a length, beside each other and for the steps of each sample.
	"shared": `
net galerkin(t real, x [2]real) [2]real { return x |> Linear(9, basis: fourier{deg: 2}, at: t) |> tanh |> Linear(2, basis: cheby{deg: 3}, at: t) }
net weights(t real) [18]real { return [t, t^2] |> Linear(7) |> tanh |> Linear(18) }
net hyper(t real, x [3]real) [3]real {
	w := weights(t)
	return tanh(reshape(w[:9], 3, 3) @ x + w[9:12]) * sigmoid(w[12:15]) + w[15:]
}
net gated(t real, x [2]real) [2]real { return x |> Linear(8, time: concatsquash, at: t) |> tanh |> Linear(2) }
system Gal {
	state x [2]real
	context c real
	der(x) = c*galerkin(t, x)
}
system Hyp {
	state x [3]real
	der(x) = hyper(t, x) - 0.1*initial(x)
}
system Gate {
	state x [2]real
	integral w = sqnorm(gated(t, x))
	der(x) = gated(t, x)
}
solver S = SOLVER
model Even(x [2]real, c real) [2]real { return solve(Gal{x, c}, over: 0.2..1.3, with: rk4{steps: 5}).x }
model Own(x [2]real, c real) [2]real { return solve(Gal{x, c}, over: 0..1 + c^2, with: rk4{steps: 5}).x }
model Grid(x [3]real) (xs [3, 3]real) { return solve(Hyp{x}, from: 0, at: [0.3, 0.5, 1], with: S).x }
model Back(x [2]real) (y [2]real, w real) {
	end := solve(Gate{x}, over: 1..0, with: tsit5{step: 0.3})
	return end.x, end.w
}
data Rows { x, goal [2]real
	z [3]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	y, w := Back(x)
	minimize sqnorm(Even(x, c) - goal) + sqnorm(Own(x, c)) + sqnorm(Grid(z)[2]) + sqnorm(Grid(z)[0]) + sqnorm(y) + 0.1*w + sqnorm(Even(y, 0.3))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"widths": `
net one(x [1]real) [1]real { return x |> Linear(1) |> tanh |> Linear(1) }
net three(x [3]real) [3]real { return x |> Linear(3) |> softplus |> Linear(3) }
net odd(x [5]real) [5]real { return x |> Linear(17) |> silu |> Linear(5) }
net thousand(x [2]real) [2]real { return 0.1*(x |> Linear(1000) |> tanh |> Linear(2)) }
net long(x [300]real) [300]real { return 0.1*(x |> Linear(3) |> sigmoid |> Linear(300)) }
system One { state x [1]real
	der(x) = one(x)
}
system Three { state x [3]real
	der(x) = three(x)
}
system Odd { state x [5]real
	der(x) = odd(x)
}
system Thousand { state x [2]real
	der(x) = thousand(x)
}
system Long { state x [300]real
	der(x) = long(x)
}
solver S = rk4{steps: 2}
model H1(x [1]real) [1]real { return solve(One{x}, over: 0..1, with: S).x }
model H3(x [3]real) [3]real { return solve(Three{x}, over: 0..1, with: S).x }
model H17(x [5]real) [5]real { return solve(Odd{x}, over: 0..1, with: S).x }
model H1000(x [2]real) [2]real { return solve(Thousand{x}, over: 0..1, with: S).x }
model D300(x [300]real) [300]real { return solve(Long{x}, over: 0..1, with: S).x }
data Rows { a [1]real
	b [3]real
	c [5]real
	d [2]real
	e [300]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(H1(a)) + sqnorm(H3(b)) + sqnorm(H17(c)) + sqnorm(H1000(d)) + 0.01*sqnorm(D300(e))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"images": `
net f(z [3, 6, 5]real) [3, 6, 5]real { return z |> Conv2d(7, kernel: 3, pad: 1) |> tanh |> Conv2d(3, kernel: 3, pad: 2, dilation: 2) }
net look(z [3, 6, 5]real) [4]real {
	return z |> Conv2d(6, kernel: 3, stride: 2, pad: 1, groups: 3) |> softplus |> ConvTranspose2d(2, kernel: 2, stride: 2) |> MaxPool2d(2) |> AvgPool2d(2, stride: 1, pad: 1) |> flatten |> Linear(4)
}
system Flow {
	state z [3, 6, 5]real
	der(z) = 0.3*f(z)
}
solver S = SOLVER
model See(img [1, 6, 5]real, s [3, 4]real) (y [4]real, w [2, 3]real) {
	end := solve(Flow{z: augment(img, 2)}, over: 0..1, with: S)
	return look(end.z), s |> Conv1d(2, kernel: 2)
}
data Rows { img [1, 6, 5]real
	s [3, 4]real
	goal [4]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	y, w := See(img, s)
	minimize sqnorm(y - goal) + 0.3*sqnorm(w)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"attack": `
net f(x [2]real) [2]real { return x |> Linear(9) |> tanh |> Linear(2) }
net g(h real, x, dx [2]real) [2]real { return concat(x, dx, h) |> Linear(6) |> PReLU |> Linear(2) }
system Flow {
	state x [2]real
	der(x) = f(x)
}
solver Tight = tsit5{rtol: 1e-6, atol: 1e-6}
hypersolver Hyper for Flow {
	base: euler{steps: 4}
	residual(x) = g(h, x, der(x))
}
model End(x [2]real) [2]real { return solve(Flow{x}, over: 0..1, with: Hyper).x }
data Rows { x [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	freeze: f
	minimize residual_error(Hyper, Flow{x}, over: 0..1, reference: Tight) + 0.1*trajectory_error(Hyper, Flow{x}, over: 0..1, reference: Tight)
	adversary: pgd{on: x, radius: 0.1, steps: 3, rate: 0.04}
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
	"traced": `
net f(t real, z [3]real) [3]real { return concat(t, z) |> Linear(33) |> softplus |> Linear(35) |> silu |> Linear(3) }
net g(z [3]real) [3]real { return z |> Linear(9) |> tanh |> Linear(3) }
system Flow {
	state z [3]real
	state l real = 0
	v := f(t, z) + g(z)
	der(z) = v
	der(l) = -div(v, z)
}
solver S = SOLVER
model Density(x [3]real) real {
	end := solve(Flow{z: x}, over: 0..1, with: S)
	return sqnorm(end.z) - 0.1*end.l
}
data Rows { x, goal [3]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize Density(x)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
train FitPart {
	data: Rows
	freeze: f
	minimize Density(x) + sqnorm(g(x) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
train FitNone {
	data: Rows
	minimize sqnorm(g(x) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`,
}
