package codegen_test

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/ir/interp"
)

// attackedProgram has a solve in objective and metric, a vector column and a scalar one.
const attackedProgram = `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net still(x [2]real) [2]real {
	return x |> Linear(2)
}

system Flow {
	state x [2]real
	context c real
	der(x) = f(x) + c * still(x)
}

model M(x [2]real, c real) (y [2]real) {
	end := solve(Flow{x: x, c: c}, over: 0..1, with: SOLVER)
	return end.x
}

// N has the columns as inputs.
model N(x [2]real, c real, y label[2]) (out [2]real) {
	return M(x, c)
}

data D {
	x [2]real
	c real
	y label[2]
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: 2
	freeze: still
	adversary: ADVERSARY
	minimize cross_entropy(M(x, c), y) + sqnorm(x)*c
	metric acc = norm(M(x, c))
	epochs: 1
	optimizer: sgd
}
`

// TestAdversaries compares losses, metrics and gradients at the worst place of a ball with the
// interpreter.
func TestAdversaries(t *testing.T) {
	var es []*emitted
	for i, c := range []struct{ solver, adversary string }{
		{"rk4{steps: 2}", "pgd{on: x, radius: 0.2, steps: 4, rate: 0.07}"},
		{"tsit5{rtol: 1e-5, atol: 1e-6}", "pgd{on: x, radius: 0.1, steps: 3, norm: l2}"},
		{"heun{steps: 3}", "pgd{on: c, radius: 0.25, steps: 2, norm: l2}"},
		{"heun{steps: 3}", "pgd{on: c, radius: 0.25, steps: 1}"},
		{"rk4{steps: 2}", "active{keep: 0.5}"},
	} {
		m := program(t, strings.NewReplacer("SOLVER", c.solver, "ADVERSARY", c.adversary).Replace(attackedProgram))
		m.Models = m.Models[1:]
		params := map[string][]float64{}
		for k, p := range m.Params {
			for i := range p.Type.Len() {
				params[p.Name] = append(params[p.Name], float64((7*i+3*k)%11-5)/8)
			}
		}
		rows := [][]interp.Tensor{
			{interp.Of([]float64{0.5, -0.25}, 2), interp.Scalar(0.75), interp.Scalar(1)},
			{interp.Of([]float64{-1, 0.75}, 2), interp.Scalar(-0.5), interp.Scalar(0)},
		}
		es = append(es, emit(t, fmt.Sprint("attacked", i), m, params, rows))
	}
	compare(t, es)
}

// TestAscentFails: x moves by 0.1 from 0.75 to 1.05, where the loss has no value, so that the fourth
// ascent fails; from -0.5 on it stays where the loss has one. A solve that fails says where it was.
func TestAscentFails(t *testing.T) {
	var es []*emitted
	for i, loss := range []string{"w(x) - sqrt(1 - x^2)", "w(x) + (x - 0.1)^2*M(x - 0.1)"} {
		m := program(t, `package p

net w(x real) real {
	param a real = 1
	return a * x
}

system S {
	state y real
	der(y) = exp(20 * y^9) * w(y)
}

model M(x real) (y real) {
	end := solve(S{y: x}, over: 0..2, with: euler{steps: 20})
	return end.y
}

data D {
	x real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	adversary: pgd{on: x, radius: 0.5, steps: 6, rate: 0.1}
	minimize `+loss+`
	epochs: 1
	optimizer: sgd
}
`)
		e := emit(t, fmt.Sprint("failing", i), m, map[string][]float64{"w.a": {1}}, [][]interp.Tensor{{interp.Scalar(-0.5)}, {interp.Scalar(0.75)}})
		es = append(es, e)
	}
	got := runAll(t, es)
	for i, want := range []string{
		"prog.nde:25: value is not finite: sample 1 (data row 1), ascent 4",
		"prog.nde:14: solve of S: value is not finite: sample 1 (data row 1), ascent 1, time 0.3, step 3, h 0.1",
	} {
		if text := got[fmt.Sprint("failing", i)].Err; !strings.Contains(text, want) {
			t.Errorf("error %q, want %q", text, want)
		}
	}
}
