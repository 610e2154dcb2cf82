package golden

// Cases of lanes whose solves have stops or events.
const (
	stopsCase = `
net f(x, u [2]real) [2]real { return concat(x, u) |> Linear(7) |> tanh |> Linear(2) }
system Driven {
	state x [2]real
	input u [2]real { interp: hold }
	der(x) = f(x, u)
}
solver S = SOLVER
model Drive(x [2]real, us [5, 2]real) (xs [4, 2]real) {
	return solve(Driven{x: x, u: signal([0, 0.2, 0.5, 0.55, 1], us)}, from: 0, at: [0.1, 0.5, 0.9, 1], with: S).x
}
data Rows { x, goal [2]real
	us [5, 2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Drive(x, us)[3] - goal) + 0.5*sqnorm(Drive(x, us)[0])
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
	bouncesCase = `
net push(q [1]real) [1]real { return q |> Linear(5) |> tanh |> Linear(1) }
system Ball {
	state q, p [1]real
	context c real
	der(q) = p
	der(p) = push(q) - 3
	when falling(q[0]) {
		q = 0.05 - 0.01*p + c
		p = 0.5 - 0.8*p
	}
}
model Fall(q, p [1]real, c real) (path [3, 1]real, end [1]real) {
	path := solve(Ball{q: 0.1 + abs(q), p: p, c: 0}, from: 0, at: [0.4, 0.8, 1.1], with: leapfrog{steps: 20, sensitivity: reversible})
	return path.q, solve(Ball{q: 0.1 + abs(p), p: q, c: 0.05*c}, over: 0..0.7 + 0.3*c^2, with: leapfrog{step: 0.09, sensitivity: reversible}).p
}
data Rows {
	q, p [1]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	path, end := Fall(q, p, c)
	minimize sqnorm(path) + sqnorm(end)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
	fallsCase = `
system Ball { // small enough for a step with all that follows it in one kernel
	state h, v real
	param g real = 1
	param e real = 0.6
	der(h) = v
	der(v) = -2 - 0.1*g^2 - 0.2*v*abs(v)
	when falling(h) { v = 0.4 - (0.5 + 0.3*tanh(e))*v }
	when falling(v + 1.5) { v = v + 0.1 }
}
solver S = SOLVER
model Fall(x [2]real) (hs, vs [5]real, h, v real) {
	path := solve(Ball{h: 0.5 + x[0]^2, v: x[1]}, from: 0, at: [0.1, 0.5, 0.75, 1.4, 2], with: S)
	end := solve(Ball{h: 0.5 + x[0]^2, v: x[1]}, over: 0..1 + x[1]^2, with: S)
	return path.h, path.v, end.h, end.v
}
data Rows { x [2]real
	goal [5]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	hs, vs, h, v := Fall(x)
	minimize sqnorm(hs - goal) + 0.1*sqnorm(vs) + h^2
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
	eventsCase = `
net f(x [2]real) [2]real { return x |> Linear(7) |> tanh |> Linear(2) }
system Hop {
	state x [2]real
	context c real
	param e real = 0.6
	integral work = c*sqnorm(x)
	der(x) = [x[1], -3 + 0.2*c] + 0.3*f(x)
	when falling(x[0] + 0.1*c) { x = [-0.1*c, -e*x[1]] }
	when crossing(x[1] - 0.3*sin(5*real(t))) { x = [x[0] + 0.01 + 0.05*c, x[1]] }
	when every(0.4) { x = [x[0], x[1] - 0.1*x[0]^2] }
	when rising(x[0] - 1.3) { stop }
}
system Turn {
	state x [2]real
	input u [2]real { interp: hold }
	der(x) = [x[1], -x[0]] + 0.3*f(x) + 0.2*u
	when rising(x[0] + 0.4*u[1]) { x = [x[0], 0.8*x[1]] }
	when every(0.3) { x = x + 0.01*u }
}
solver S = SOLVER
model Path(x [2]real, c real) (xs [6, 2]real, work [6]real, why real) {
	way := solve(Hop{x: [abs(x[0]), 2*x[1]], c: c}, from: 0, at: [0, 0.2, 0.4, 0.45, 1, 1.2], with: S)
	return way.x, way.work, real(way.status)
}
model Ends(x [2]real, c real) (x1 [2]real, work, last real) {
	end := solve(Hop{x: [abs(x[0]), 1 + x[1]], c: c}, over: 1..1 + c^2, with: S)
	return end.x, end.work, real(end.t)
}
model Back(x [2]real, us [5, 2]real) (xs [4, 2]real) {
	return solve(Turn{x: 2*x, u: signal([0, 0.2, 0.5, 0.6, 2], us)}, from: 2, at: [1.7, 0.6, 0.5, 0], with: S).x
}
data Rows { x, goal [2]real
	c real
	us [5, 2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	xs, work, why := Path(x, c)
	x1, rest, last := Ends(x, c)
	minimize sqnorm(xs[5] - goal) + 0.5*sqnorm(xs[2]) + 0.1*sum(work) + why + sqnorm(x1) + rest + 0.2*last + 0.1*sqnorm(Back(goal, us)[3])
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
	seenCase = `
net f(x [2]real) [2]real { return x |> Linear(5) |> tanh |> Linear(2) }
net far(x [2]real) real { return x |> Linear(96) |> tanh |> Linear(96) |> tanh |> Linear() }
system Hop {
	state x [2]real
	context c real
	der(x) = [x[1], -3*x[0]] + 0.3*f(x)
	when rising(0.1*far(x) + x[0] - 0.1*c) { x = [x[0] + 0.2, 0.8*x[1]] }
	when falling(0.1*far(x) + x[1] - 0.3) { x = [x[0], x[1] - 0.2] }
}
solver S = rk4{steps: 6, events: root{tol: 1e-13}}
model Ends(x [2]real, c real) (x1 [2]real) { return solve(Hop{x: 2*x, c: c}, over: 0..2, with: S).x }
data Rows { x, goal [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(Ends(x, c) - goal)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
)
