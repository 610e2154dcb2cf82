package golden

import (
	"bytes"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// zeroHyper has models by a base and by untrained hypersolvers over it.
const zeroHyper = `package hyper

net f(x [2]real) [2]real {
	return x |> Linear(8) |> tanh |> Linear(2)
}

net g(h real, x [2]real, dx [2]real) [2]real {
	return concat(x, dx, h) |> Linear(4) |> tanh |> Linear(2, init: zeros)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

hypersolver Low for Flow {
	base: euler{steps: 7}
	residual(x) = g(h, x, der(x))
}

hypersolver High for Flow {
	base: heun
	residual(x) = g(h, x, der(x))
}

solver Fwd = euler{steps: 7}

model A(x [2]real) [2]real {
	return solve(Flow{x: x}, over: 0..1, with: Fwd).x
}

model B = A{Fwd: Low}
model C = A{Fwd: heun{steps: 3}}
model D = A{Fwd: High{steps: 3}}
`

const zeroHyperMain = `package main

import (
	"fmt"
	"math"

	"ndec.dev/ndec/hyper"
)

func main() {
	p := hyper.NewParams(3)
	a, b, c, d := hyper.NewA(p), hyper.NewB(p), hyper.NewC(p), hyper.NewD(p)
	for _, x := range [][2]hyper.Real{{0, 0}, {1, -1}, {0.3, 2}, {-5, 4}, {1e-3, 7}} {
		y, _ := a.Forward(x)
		z, _ := b.Forward(x)
		same(x, y, z)
		y, _ = c.Forward(x)
		z, _ = d.Forward(x)
		same(x, y, z)
	}
	fmt.Println("ok")
}

func same(x, y, z [2]hyper.Real) {
	for i := range y {
		if y[i] == x[i] || math.Float32bits(y[i]) != math.Float32bits(z[i]) {
			fmt.Println("at", x, "the base gives", y, "and the hypersolver", z)
		}
	}
}
`

// TestUntrainedHypersolver: the emitted solve by a hypersolver whose last layer is zero gives the bits
// of its base.
func TestUntrainedHypersolver(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"hyper.nde": zeroHyper}, driver.Options{Verify: true})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(zeroHyperMain)}, Packages: map[string][]plan.File{"hyper": res.Out}}
	if got := program.Run(t, nil); !bytes.Equal(got, []byte("ok\n")) {
		t.Errorf("%s", got)
	}
}
