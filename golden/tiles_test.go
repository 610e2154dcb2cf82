package golden

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// wideField is a system whose products are wide enough for tiles, forwards, backwards and in the divergence.
const wideField = `
const D = 3

net f(x [D]real) [D]real {
	return x |> Linear(64) |> tanh |> Linear(96) |> softplus |> Linear(D)
}

system S {
	state x [D]real
	state l real = 0
	der(x) = f(x)
	der(l) = -div(f(x), x)
}

model End(x [D]real) (y [D]real, l real) {
	end := solve(S{x: x}, over: 0..1, with: SOLVER)
	return end.x, end.l
}

data Rows {
	x [D]real
	source: gaussians{n: 64, k: 1, radius: 0, std: 1, seed: 1}
}

train Fit {
	data: Rows
	y, l := End(x)
	minimize sqnorm(y) + 0.1*l
	optimizer: adam{lr: 1e-3}
	steps: 1
}
`

// TestLanesOnTiles compares programs with products on tiles with their scalar functions, and on this machine sees that rows do not depend
// on their neighbours nor sums on the number of goroutines.
func TestLanesOnTiles(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	for name, solver := range map[string]string{"rk4": "rk4{steps: 3}", "dopri5": "dopri5{rtol: 1e-6, atol: 1e-6}", "adjoint": "rk4{steps: 4, sensitivity: adjoint}"} {
		text := strings.Replace(wideField, "SOLVER", solver, 1)
		pkg := "tiles" + name
		res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + "\n" + text}, driver.Options{Package: pkg, Tiles: true})
		if ds.HasErrors() {
			t.Fatalf("%s: %v", pkg, ds)
		}
		found := false
		for _, f := range res.Out {
			if strings.HasSuffix(f.Name, "_amx_amd64.s") {
				found = strings.Contains(string(f.Text), "tdpbf16ps")
			}
		}
		if !found {
			t.Errorf("%s has no tiles", pkg)
		}
		run.add(pkg, res, 70, 1e-4)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.Command(exe, "-test.run", "^$") // which ends with an error where there are none
	ask.Env = append(os.Environ(), "NDEC_CPU=amx")
	if out, err := ask.CombinedOutput(); err != nil {
		t.Logf("NOT CHECKED: tiles on a processor: %s", out)
		return
	}
	in := run.written(t)
	built := run.program.Build(t)
	answers := func(level string) (out map[string]laneAnswer) {
		if err := json.Unmarshal(built.Run(t, in, "NDEC_CPU="+level), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	scalar, tiles, vectors := answers("generic"), answers("amx"), answers("avx512")
	for pkg, want := range scalar {
		got := tiles[pkg]
		if want.Err != "" || got.Err != "" {
			t.Errorf("%s: scalar: %s; on tiles: %s", pkg, want.Err, got.Err)
			continue
		}
		same := true
		check := func(what string, g, w, v []float64) {
			if d, at := farthest(g, w); !(d <= run.tols[pkg]) {
				t.Errorf("%s: number %d of %s is %v on tiles, %v without: %g off", pkg, at, what, g[at], w[at], d)
			}
			d, _ := farthest(g, v)
			same = same && d == 0
		}
		for m, outs := range want.Outputs {
			for i := range outs {
				check(fmt.Sprintf("output %d of %s", i, m), got.Outputs[m][i], outs[i], vectors[pkg].Outputs[m][i])
			}
		}
		for recipe, g := range want.Grads {
			check("the gradient of "+recipe, got.Grads[recipe], g, vectors[pkg].Grads[recipe])
		}
		if same {
			t.Errorf("%s: tiles have the bits of vectors: did they run?", pkg)
		}
	}
}
