package golden

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/interp"
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

solver Fwd = euler{steps: 7}

model A(x [2]real) [2]real {
	return solve(Flow{x: x}, over: 0..1, with: Fwd).x
}
`

const zeroHyperOver = `
hypersolver H# for Flow {
	base: BASE
	residual(x) = g(h, x, der(x))
}

model B# = A{Fwd: WITH}
model C# = A{Fwd: H#{steps: 3}}
`

const zeroHyperMain = `package main

import (
	"fmt"
	"math"

	"ndec.dev/ndec/hyper"
)

type model interface {
	Forward([2]hyper.Real) ([2]hyper.Real, error)
}

func main() {
	p := hyper.NewParams(3)
	pairs := [][2]model{
		PAIRS
	}
	for i, m := range pairs {
		for _, x := range [][2]hyper.Real{{0, 0}, {1, -1}, {0.3, 2}, {-5, 4}, {1e-3, 7}} {
			y, _ := m[0].Forward(x)
			z, _ := m[1].Forward(x)
			for k := range y {
				if y[k] == x[k] || math.Float32bits(y[k]) != math.Float32bits(z[k]) {
					fmt.Println("number", i, "at", x, "the base gives", y, "and the hypersolver", z)
				}
			}
		}
	}
	fmt.Println("ok")
}
`

// TestUntrainedHypersolver: a solve by a hypersolver whose last layer is zero gives the bits of its base,
// over every base, emitted and interpreted.
func TestUntrainedHypersolver(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"hyper.nde": zeroHyper + over(zeroHyperOver)}, driver.Options{})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	params := map[string][]float64{}
	for _, p := range res.Module.Params {
		x := make([]float64, p.Type.Len())
		for i := range x {
			if !strings.HasPrefix(p.Name, "g.2") {
				x[i] = math.Sin(float64(7*i*i + i + len(p.Name)))
			}
		}
		params[p.Name] = x
	}
	mc, err := interp.New(res.Module, params)
	if err != nil {
		t.Fatal(err)
	}
	models := map[string][]float64{}
	for _, m := range res.Module.Models {
		out, err := mc.Call(m.Func, interp.Of([]float64{0.3, -2}, 2))
		if err != nil {
			t.Fatal(err)
		}
		models[m.Name] = out[0].Data
	}
	var pairs []string
	for _, m := range res.Module.Models {
		i, ok := strings.CutPrefix(m.Name, "B")
		if !ok {
			continue
		}
		for k, y := range models["B"+i] {
			if math.Float64bits(y) != math.Float64bits(models["C"+i][k]) {
				t.Errorf("%s: the base gives %v, the hypersolver %v", bases[len(pairs)], models["B"+i], models["C"+i])
			}
		}
		pairs = append(pairs, "{hyper.NewB"+i+"(p), hyper.NewC"+i+"(p)},")
	}
	if len(pairs) != len(bases) {
		t.Fatalf("%d pairs for %d bases", len(pairs), len(bases))
	}
	main := strings.Replace(zeroHyperMain, "PAIRS", strings.Join(pairs, "\n\t\t"), 1)
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(main)}, Packages: map[string][]plan.File{"hyper": res.Out}}
	if got := program.Run(t, nil); !bytes.Equal(got, []byte("ok\n")) {
		t.Errorf("%s", got)
	}
}
