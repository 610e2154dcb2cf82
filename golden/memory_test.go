package golden

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// tapeWalker counts what the tapes of a worker hold.
const tapeWalker = `package main

import (
	"reflect"
	"strings"
)

// Tapes are bytes behind the tapes of a worker: in use, and set aside; Steps are the accepted steps.
type Tapes struct{ Used, Held, Steps int }

func (h *Tapes) add(v reflect.Value, tape bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			h.add(v.Elem(), tape)
		}
	case reflect.Struct:
		tape = tape || strings.HasSuffix(v.Type().Name(), "Tape")
		for i := range v.NumField() {
			h.add(v.Field(i), tape && v.Field(i).Kind() == reflect.Slice || tape && v.Field(i).Kind() == reflect.Struct)
		}
	case reflect.Slice:
		if tape {
			h.Used += v.Len() * int(v.Type().Elem().Size())
			h.Held += v.Cap() * int(v.Type().Elem().Size())
		}
	}
}
`

// tapesMain runs one gradient of each package and counts what the tapes of its worker hold.
const tapesMain = `package main

import (
	"encoding/json"
	"math"
	"os"
	"reflect"

	"ndec.dev/ndec/rt"
IMPORTS)

func count[R rt.Float](p rt.Program[R], n int) (h Tapes) {
	r := p.Recipes[0]
	w := r.Objective.NewWorker()
	weights, grad := make([]R, n), make([]R, n)
	for i := range weights {
		weights[i] = R(0.2 * math.Sin(float64(i*i+1)))
	}
	var specs []rt.ColumnSpec
	for _, d := range p.Data {
		if d.Name == r.Recipe.Data {
			specs = d.Columns
		}
	}
	t := rt.NewTable(specs, 1)
	for i := range t.Columns {
		for k := range t.Columns[i].Data {
			t.Columns[i].Data[k] = math.Sin(float64(k + 1))
		}
	}
	out := &rt.ShardResult{}
	w.Shard(weights, grad, t, []int{0}, rt.Key{}, out)
	if out.Failed != nil {
		panic(out.Failed)
	}
	h.add(reflect.ValueOf(w), false)
	h.Steps = int(out.Accepted)
	return h
}

func main() {
	counted := map[string]Tapes{}
COUNTS	if err := json.NewEncoder(os.Stdout).Encode(counted); err != nil {
		panic(err)
	}
}
`

// tapes are bytes of tapes after a gradient of one sample, as Tapes of tapesMain.
type tapes struct{ Used, Held, Steps int }

// held compiles programs, by name, runs a gradient of each and counts their tapes.
func held(t testing.TB, programs map[string]string, precision string) map[string]tapes {
	t.Helper()
	var imports, counts strings.Builder
	p := emittest.Program{Packages: map[string][]plan.File{}}
	for name, text := range programs {
		res, ds := driver.Compile(map[string]string{name + ".nde": text}, driver.Options{Precision: precision, Package: name})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		p.Packages[name] = res.Out
		n := 0
		for _, q := range res.Module.Params {
			n += q.Type.Len()
		}
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", name)
		fmt.Fprintf(&counts, "\tcounted[%q] = count(%s.Program(), %d)\n", name, name, n)
	}
	p.Main = map[string][]byte{"tapes.go": []byte(tapeWalker), "main.go": []byte(strings.NewReplacer("IMPORTS", imports.String(), "COUNTS", counts.String()).Replace(tapesMain))}
	var got map[string]tapes
	if err := json.Unmarshal(p.Build(t).Run(t, nil, "NDEC_CPU=generic"), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// broad is a state of many numbers in many steps, with a field that costs little.
const broad = `package p

system Flow {
	state x [64]real
	param k real = 0.3
	der(x) = -k*x
}

data D {
	x [64]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize sqnorm(solve(Flow{x: x}, over: 0..4, with: SOLVER).x)
}
`

// TestTapes counts what a gradient of one sample keeps: backprop of rk4 the inputs of its steps, at most four floats for a
// number of the state; checkpoint no more than its bound, whatever the solve; reversible the same for any number of steps.
func TestTapes(t *testing.T) {
	net := func(solver string) string {
		return strings.NewReplacer("PACKAGE", "p", "SOLVER", solver, "FREEZE", "").Replace(deep)
	}
	wide := func(solver string) string { return strings.ReplaceAll(broad, "SOLVER", solver) }
	programs := map[string]string{
		"short":      net("rk4{steps: 1000}"),
		"long":       net("rk4{steps: 2000}"),
		"undone":     net("alf{steps: 100, sensitivity: reversible}"),
		"undonelong": net("alf{steps: 3000, sensitivity: reversible}"),
		"everything": wide("rk4{steps: 20000}"),
		"megabyte":   wide("rk4{steps: 20000, sensitivity: checkpoint{memory: 1e6}}"),
		"adaptive":   wide("dopri5{rtol: 1e-6, atol: 1e-6, max_step: 0.0005, max_steps: 20000, sensitivity: checkpoint{memory: 1e6}}"),
		"tight":      wide("euler{steps: 5000, sensitivity: checkpoint{memory: 1e5}}"),
	}
	for _, precision := range []string{"f64", "f32"} {
		width := map[string]int{"f64": 8, "f32": 4}[precision]
		got := held(t, programs, precision)
		t.Logf("%s: %v", precision, got)
		if n := got["short"].Steps; n != 1000 {
			t.Errorf("%d steps, want 1000", n)
		}
		perStep := float64(got["long"].Used-got["short"].Used) / 1000
		if limit := 4 * 2 * width; !(perStep > 0 && perStep <= float64(limit)) {
			t.Errorf("%s: a step of backprop saves %v bytes, of at most %d", precision, perStep, limit)
		}
		if n := got["everything"].Held; n < 5_000_000*width/8 {
			t.Errorf("%s: backprop holds %d bytes only, so that a bound on them says nothing", precision, n)
		}
		for name, limit := range map[string]int{"megabyte": 1_000_000, "adaptive": 1_000_000, "tight": 100_000} {
			if n := got[name].Held; n > limit {
				t.Errorf("%s: %s holds %d bytes of %d", precision, name, n, limit)
			}
			if n := got[name].Held; n < limit*9/10 {
				t.Errorf("%s: %s holds %d bytes of %d only", precision, name, n, limit)
			}
		}
		if a, b := got["undone"], got["undonelong"]; a.Held != b.Held || a.Held > 100 || b.Steps != 3000 {
			t.Errorf("%s: reversible holds %d bytes for %d steps, %d for %d", precision, a.Held, a.Steps, b.Held, b.Steps)
		}
	}
}
