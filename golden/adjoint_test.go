package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
)

// mine is rk4 under another name.
const mine = `
method Mine {
	order: 4
	c: [0, 1/2, 1/2, 1]
	a: [[], [1/2], [0, 1/2], [0, 0, 1]]
	b: [1/6, 1/3, 1/3, 1/6]
}
`

func withSolver(solver string) string {
	return strings.NewReplacer("package sens\n", "package p\n"+mine, "SOLVER", solver).Replace(sensProgram)
}

func init() {
	for name, solver := range map[string]string{
		"adjointstored": "rk4{steps: 24, sensitivity: adjoint}",
		"adjointsolved": "heun3{steps: 24, sensitivity: adjoint{restart: solved, with: rk4{steps: 30}}}",
		"adjointinside": "rk4{steps: 24, sensitivity: adjoint{seminorm: false}}",
		"adjointmine":   "Mine{steps: 24, sensitivity: adjoint{with: Mine{steps: 30}}}",
	} {
		bothWays[name] = withSolver(solver)
	}
}

// TestAdjointOfDeclaredMethod: a declared tableau has an adjoint, and solves the adjoint equation of
// another method with the bits of the same tableau in the table.
func TestAdjointOfDeclaredMethod(t *testing.T) {
	for _, c := range [][2]string{
		{"Mine{steps: 12, sensitivity: adjoint}", "rk4{steps: 12, sensitivity: adjoint}"},
		{"Mine{steps: 12, sensitivity: interpolated}", "rk4{steps: 12, sensitivity: backprop}"},
		{"heun{steps: 12, sensitivity: adjoint{with: Mine{steps: 20}}}", "heun{steps: 12, sensitivity: adjoint{with: rk4{steps: 20}}}"},
	} {
		_, params, columns := gradients(t, withSolver(c[0]))
		_, wantParams, wantColumns := gradients(t, withSolver(c[1]))
		tol := 0.0
		if strings.HasPrefix(c[0], "Mine") {
			tol = 1e-4 // outputs inside steps, and all of interpolated, are by another dense output
		}
		if d := max(apart(t, params, wantParams), apart(t, columns, wantColumns)); d > tol {
			t.Errorf("%s is %g apart from %s", c[0], d, c[1])
		}
	}
}

// TestAdjointOfManyTimes: the way back over output times is a loop, so that a program does not grow with
// their number, and agrees with backprop at each of them.
func TestAdjointOfManyTimes(t *testing.T) {
	t.Parallel()
	const program = `package p

system Pendulum {
	state q, p real
	param k real = 2
	context g real
	integral work = k*p^2
	der(q) = p + 0.1*g
	der(p) = -k*sin(q) - g*p
}

data D {
	x, g real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	path := solve(Pendulum{q: x, p: 0, g: g}, from: 0, at: linspace(0, 3, TIMES), with: rk4{steps: 400, sensitivity: HOW})
	minimize sum(path.q * cos(path.p)) + path.work[TIMES-2]
}
`
	text := func(times int, how string) string {
		return strings.NewReplacer("TIMES", fmt.Sprint(times), "HOW", how).Replace(program)
	}
	size := func(times int) (n int) {
		res, ds := driver.Compile(map[string]string{"a.nde": text(times, "adjoint")}, driver.Options{})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, f := range res.Module.Funcs {
			for _, v := range f.Values {
				if v.Op == ir.OpSolve {
					n++
				}
			}
		}
		return n
	}
	if few, many := size(3), size(60); few != many {
		t.Errorf("%d solves along 3 times, %d along 60", few, many)
	}
	grads := func(how string) []float64 {
		res, ds := driver.Compile(map[string]string{"a.nde": text(41, how)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		_, a := interpreted(t, res.Module, 2, false)
		return append(append(a.Grad, a.Inputs["x"]...), a.Inputs["g"]...)
	}
	want := grads("backprop")
	for _, how := range []string{"adjoint", "adjoint{restart: solved}", "adjoint{seminorm: false}", "adjoint{with: dopri5{rtol: 1e-9, atol: 1e-10}}"} {
		for i, g := range grads(how) {
			if !(math.Abs(g-want[i]) <= 1e-5*(1+math.Abs(want[i]))) {
				t.Errorf("%s: number %d is %v, backprop %v", how, i, g, want[i])
			}
		}
	}
}

// TestAdjointOfStill: fields that read no state, whose cotangents stay what they are; some read nothing at all, some
// time, a context or parameters. Sensitivities that differentiate the equation agree with backprop.
func TestAdjointOfStill(t *testing.T) {
	t.Parallel()
	const program = `package p

net f(t, g real) real {
	return [t, g] |> Linear(3) |> tanh |> Linear(1) |> scalar
}

system S {
	state x, y real
	param k real = 2
	context g real
	integral area = INTEGRAL
	der(x) = FIELD
	der(y) = 0.5
	EVENT
}

data D {
	a, b real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	w := f(a, b)
	end := solve(S{x: a*w, y: b, g: b + w}, SPAN, with: rk4{steps: 64, sensitivity: HOW})
	minimize LOSS
}
`
	for _, c := range [][4]string{
		{"1.5", "1", "", "over: 0..1"},
		{"k", "k^2", "", "over: 0..1"},
		{"g*k", "g", "", "from: 0, at: [0.25, 1.0]"},
		{"f(real(t), g)", "cos(real(t))*k", "", "from: 0, at: [0.25, 1.0]"},
		{"f(real(t), 1)", "1", "", "over: 1..0"},
		{"-k", "g", "when falling(y - 5) {\n\t\tx = 2*x\n\t}", "from: 0, at: [0.5, 1.0]"},
	} {
		loss := "sqnorm([end.x, end.y]) + end.area*end.x"
		if strings.Contains(c[3], "at:") {
			loss = "sqnorm(end.x) + sum(end.y*end.area)"
		}
		grads := func(how string) []float64 {
			text := strings.NewReplacer("FIELD", c[0], "INTEGRAL", c[1], "EVENT", c[2], "SPAN", c[3], "LOSS", loss, "HOW", how).Replace(program)
			res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64"})
			if ds.HasErrors() {
				t.Fatalf("%v\n%s", ds, text)
			}
			_, a := interpreted(t, res.Module, 2, false)
			return append(append(a.Grad, a.Inputs["a"]...), a.Inputs["b"]...)
		}
		want := grads("backprop")
		for _, how := range []string{"adjoint", "adjoint{seminorm: false}", "adjoint{with: rk4{steps: 80}}", "quadrature", "interpolated"} {
			for i, g := range grads(how) {
				if !(math.Abs(g-want[i]) <= 1e-7*(1+math.Abs(want[i]))) {
					t.Errorf("%v by %s: number %d is %v, backprop %v", c, how, i, g, want[i])
				}
			}
		}
	}
}
