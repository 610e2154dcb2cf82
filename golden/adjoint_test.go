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
