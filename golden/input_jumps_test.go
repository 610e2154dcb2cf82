package golden

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestInputJumps compares solves with signals that jump, at knots of one time, and with one that has no other knots: lanes with the scalar
// functions, and these with the interpreter, gradients included. Each sample has knots of its own, steps begin and end on them, and an output looks there.
func TestInputJumps(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	run.ownBits = true
	results := map[string]*driver.Result{}
	for name, solver := range map[string]string{"fixed": "rk4{steps: 3}", "adaptive": "dopri5{rtol: 1e-7, atol: 1e-7}", "back": "tsit5{rtol: 1e-7, atol: 1e-7, sensitivity: adjoint}"} {
		pkg := "jumps" + name
		res, ds := driver.Compile(map[string]string{"m.nde": `package ` + pkg + `

net f(x [2]real) [2]real { return x |> Linear(6) |> tanh |> Linear(2) }

system Pushed {
	state x [2]real
	input u [2]real
	input v real { interp: hold }
	input w real { interp: cubic }
	integral work = v*w
	der(x) = f(x) + u - w*x
	output now = v + w + u[1]
}

model Go(x [2]real, c real, us [3, 2]real, vs [4]real, ws [5]real) (xs [4, 2]real, now, work [4]real) {
	ts := [0.0, 0.5, 0.5, 1.2]*(1 + 0.1*c)
	path := solve(Pushed{x: x, u: signal([ts[1], ts[1], ts[1]], us), v: signal(ts, vs), w: signal([ts[0], ts[1], ts[1], ts[3], ts[3]], ws)},
		from: 0, at: [ts[0], ts[1], ts[3], 1.6], with: ` + solver + `)
	return path.x, path.now, path.work
}

data Rows {
	x [2]real
	c real
	us [3, 2]real
	vs [4]real
	ws [5]real
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	xs, now, work := Go(x, c, us, vs, ws)
	minimize sqnorm(xs) + 0.1*sum(now) + sqnorm(work)
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
`}, driver.Options{Precision: "f64", Package: pkg})
		if ds.HasErrors() {
			t.Fatalf("%s: %v", name, ds)
		}
		results[pkg] = res
		if name == "fixed" {
			run.add(pkg, res, 37, 1e-9)
		} else {
			run.addRounded(pkg, res, 37, 1e-9, 5e-6)
		}
	}
	scalar := run.compare(t)
	for pkg, res := range results {
		if err := scalar[pkg].Err; err != "" {
			t.Errorf("%s: %s", pkg, err)
		} else if err := againstInterpreter(res.Module, run.jobs[pkg], scalar[pkg]); err != nil {
			t.Errorf("%s: %v", pkg, err)
		}
	}
}
