package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// paused is a program with kernels that take long: wide layers, images, and a long sequence.
const paused = `package wide
net f(x [2]real) [2]real { return x |> Linear(WIDTH) |> tanh |> Linear(WIDTH) |> tanh |> Linear(2) }
system Flow { state x [2]real
	der(x) = f(x)
}
model End(x [2]real) [2]real { return solve(Flow{x}, over: 0..1, with: rk4{steps: 3}).x }
net h(x [2]real) [2]real { return x |> Linear(3*WIDTH) |> tanh |> Linear(3*WIDTH) |> tanh |> Linear(2) }
system Broad { state x [2]real
	der(x) = h(x)
}
model One(x [2]real) [2]real { return solve(Broad{x}, over: 0..1, with: rk4{steps: 2}).x }
net c(z [6, 20, 20]real) [6, 20, 20]real { return z |> Conv2d(6, kernel: 3, pad: 1) |> tanh }
system Images { state z [6, 20, 20]real
	der(z) = c(z)
}
model Picture(z [6, 20, 20]real) [6, 20, 20]real { return solve(Images{z}, over: 0..1, with: dopri5{rtol: 1e-3, atol: 1e-3}).z }
net g(u [LENGTH, 2]real) [3]real { return u |> GRU(5) |> Linear(3) }
model Long(u [LENGTH, 2]real) [3]real { return g(u) }
data Rows { x [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`

// pausing is that program with a width and a length.
func pausing(t testing.TB, width, length int) *driver.Result {
	text := strings.NewReplacer("WIDTH", fmt.Sprint(width), "LENGTH", fmt.Sprint(length)).Replace(paused)
	res, ds := driver.Compile(map[string]string{"m.nde": text}, driver.Options{Package: "wide"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return res
}

// TestPausesInText: what takes long pauses, in blocks, of few samples and of one, in as many kernels as without, whose text is as long for all widths; what is
// short does not.
func TestPausesInText(t *testing.T) {
	t.Parallel()
	type size struct{ kernels, lines, pauses int }
	sizes := func(width, length int) map[string]size {
		out := map[string]size{}
		for _, f := range pausing(t, width, length).Out {
			if strings.HasSuffix(f.Name, ".s") {
				text := string(f.Text)
				out[f.Name] = size{strings.Count(text, "\nTEXT ·"), strings.Count(text, "\n"), strings.Count(text, "CALL\tpause_")}
			}
		}
		return out
	}
	narrow, wide, wider := sizes(250, 5), sizes(2000, 3000), sizes(5000, 10_000)
	for name, n := range narrow {
		x, y := wide[name], wider[name]
		if n.kernels < x.kernels || x.kernels != y.kernels || x.lines > n.lines*5/4 || y.lines > x.lines*5/4 {
			t.Errorf("%s: kernels, lines and pauses are %d, %d and %d by width", name, n, x, y)
		}
		if short := !strings.Contains(name, "_alone_") && !strings.Contains(name, "_few_"); short && n.pauses >= x.pauses || !short && n.pauses > 0 || x.pauses == 0 {
			t.Errorf("%s: kernels, lines and pauses are %d, %d and %d by width", name, n, x, y)
		}
	}
}

// TestPauses: kernels that Go stops, as its collector wants, go on with the numbers that they had, wherever the stack is then, and these are those of the
// scalar functions.
func TestPauses(t *testing.T) {
	t.Parallel()
	main, err := os.ReadFile("testdata/pauses/main.go")
	if err != nil {
		t.Fatal(err)
	}
	program := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{"wide": pausing(t, 520, 3000).Out}}.Build(t)
	numbers := map[string]map[string][]float64{}
	for _, level := range []string{"generic", "avx2", "avx512"} {
		cmd := exec.Command(string(program))
		cmd.Env = append(os.Environ(), "NDEC_CPU="+level)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil && strings.Contains(said.String(), "NDEC_CPU") {
			t.Logf("NOT CHECKED: %s: %s", level, said.String())
			continue
		}
		var got map[string][]float64
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		if err != nil {
			t.Fatalf("%s: %v: %s", level, err, said.String())
		}
		t.Log(strings.TrimSpace(said.String()))
		numbers[level] = got
		for name, want := range numbers["generic"] {
			size := 0.0
			for _, x := range want {
				size = max(size, math.Abs(x))
			}
			for i, x := range want {
				// Sums of 520 rounded terms, in another order and with products that are not rounded.
				if math.Abs(got[name][i]-x) > 1e-5*size {
					t.Errorf("%s: number %d of %s is %v, %v of scalar functions", level, i, name, got[name][i], x)
					break
				}
			}
		}
	}
}
