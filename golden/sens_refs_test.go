package golden

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// references are gradients with 17 digits: variational equations in quadruple precision.
const references = `package refs

net f(y [2]real) [2]real {
	return y |> Linear(3) |> tanh |> Linear(2)
}

system Flow {
	state y [2]real
	state l real = 0
	der(y) = f(y)
	der(l) = div(f(y), y)
}

system Pol {
	state u, v real
	param mu real = 5
	der(u) = v
	der(v) = mu*(1-u^2)*v - u
}

system Lorenz {
	state x, y, z real
	param sigma real = 10
	param rho real = 28
	param beta real = 8.0/3
	der(x) = sigma*(y-x)
	der(y) = x*(rho-z) - y
	der(z) = x*y - beta*z
}

system Prey {
	state x, y real
	param a real = 1.5
	param b real = 1
	param c real = 3
	param d real = 1
	der(x) = a*x - b*x*y
	der(y) = d*x*y - c*y
}

solver Fwd = SOLVER

data D {
	y [2]real
	source: csv{path: "d.csv"}
}

train Net {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize sum(solve(Flow{y: y}, over: 0..1, with: Fwd).y)
}

train Trace {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Flow{y: y}, over: 0..1, with: Fwd).l
}

train TraceLater {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Flow{y: y}, over: 0..5, with: Fwd).l
}

model Now(y [2]real) (y1 [2]real, l real) {
	end := solve(Flow{y: y}, over: 0..1, with: Fwd)
	return end.y, end.l
}

model Late(y [2]real) (y1 [2]real, l real) {
	end := solve(Flow{y: y}, over: 0..5, with: Fwd)
	return end.y, end.l
}

train LorenzX {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Lorenz{x: y[0], y: y[0], z: y[0]}, over: 0..1, with: Fwd).x
}

train LorenzY {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Lorenz{x: y[0], y: y[0], z: y[0]}, over: 0..1, with: Fwd).y
}

train LorenzZ {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Lorenz{x: y[0], y: y[0], z: y[0]}, over: 0..1, with: Fwd).z
}

train PreyX {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Prey{x: y[0], y: y[1]}, over: 0..10, with: Fwd).x
}

train PreyY {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Prey{x: y[0], y: y[1]}, over: 0..10, with: Fwd).y
}

train PolV {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Pol{u: 2*y[0], v: 0*y[0]}, over: 0..20, with: Fwd).v
}

train Later {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize sum(solve(Flow{y: y}, over: 0..5, with: Fwd).y)
}

train PolU {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Pol{u: 2*y[0], v: 0*y[0]}, over: 0..20, with: Fwd).u
}
`

// netReference is what testdata/sens/reference.py says about the net 2-3-2.
type netReference struct {
	Y            []float64
	Trace        float64
	TraceByStart []float64 `json:"trace_by_start"`
	SumByStart   []float64 `json:"sum_by_start"`
	SumByWeights []float64 `json:"sum_by_weights"`
}

// inPieces are the solves whose states an adjoint equation that carries them back would lose: y' = f of Lorenz contracts by e^14 over the
// unit of time, and is unstable backwards by as much. Along output times the states start anew at each.
var inPieces = regexp.MustCompile(`solve\((Lorenz\{[^}]*\}), over: 0\.\.1, with: Fwd\)\.(\w)`)

// TestReferenceGradients: by parameters and starts, to 1e-10 at tight tolerance, by every sensitivity that goes with an explicit
// Runge-Kutta method of any order; in the long form all problems but Van der Pol's by those that differentiate the equation: it is unstable
// backwards by more than numbers hold. (reversible takes methods of order 2 and splittings of other systems.)
func TestReferenceGradients(t *testing.T) {
	var refs struct {
		Now  netReference `json:"1"`
		Late netReference `json:"5"`
	}
	text, err := os.ReadFile("testdata/sens/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &refs); err != nil {
		t.Fatal(err)
	}
	thorough := os.Getenv("NDEC_TEST_EXAMPLES") != ""
	sensitivities := []string{"backprop", "adjoint", "quadrature{points: 8}", "interpolated"}
	if thorough {
		sensitivities = append(sensitivities, "checkpoint{every: 20}", "forward")
	}
	for _, sensitivity := range sensitivities {
		text := references
		if strings.HasPrefix(sensitivity, "adjoint") || strings.HasPrefix(sensitivity, "quadrature") {
			text = inPieces.ReplaceAllString(text, "solve($1, from: 0, at: linspace(0, 1, 11), with: Fwd).$2[10]")
		}
		res, ds := driver.Compile(map[string]string{"refs.nde": strings.Replace(text, "SOLVER",
			"vern9{rtol: 1e-13, atol: 1e-14, max_steps: 100000, sensitivity: "+sensitivity+"}", 1)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		weights := map[string][]float64{"Lorenz.sigma": {10}, "Lorenz.rho": {28}, "Lorenz.beta": {8.0 / 3}, "Pol.mu": {5},
			"Prey.a": {1.5}, "Prey.b": {1}, "Prey.c": {3}, "Prey.d": {1}}
		k := 0
		for _, p := range res.Module.Params {
			if p.Net != "f" {
				continue
			}
			for range p.Type.Len() {
				k++
				weights[p.Name] = append(weights[p.Name], math.Sin(float64(k)))
			}
		}
		byNet := func(r netReference) map[string][]float64 {
			w := r.SumByWeights
			return map[string][]float64{"f.0.weight": w[:6], "f.0.bias": w[6:9], "f.2.weight": w[9:15], "f.2.bias": w[15:], "y": r.SumByStart}
		}
		want := map[string]map[string][]float64{
			"Net":        byNet(refs.Now),
			"Later":      byNet(refs.Late),
			"Trace":      {"y": refs.Now.TraceByStart},
			"TraceLater": {"y": refs.Late.TraceByStart},
			"LorenzX":    {"Lorenz.sigma": {-.168154518509197684}, "Lorenz.rho": {.309996417964985554}, "Lorenz.beta": {-1.71764318886623458}},
			"LorenzY":    {"Lorenz.sigma": {-.579273939481030141}, "Lorenz.rho": {.313137130273720007}, "Lorenz.beta": {3.53717838632480113}},
			"LorenzZ":    {"Lorenz.sigma": {-.264624404067514119}, "Lorenz.rho": {.446134892577680183}, "Lorenz.beta": {6.11060440326930458}},
			"PreyX": {"y": {1.96599605472816908, .188568777078059306}, "Prey.a": {2.16055752356261803}, "Prey.b": {.188568777078059306},
				"Prey.c": {.563182794168197720}, "Prey.d": {.939651287153079761}},
			"PreyY": {"y": {-2.74397915592018105, .211713489146683136}, "Prey.a": {-6.25677051722081600}, "Prey.b": {-.697977588989358481},
				"Prey.c": {-1.70901768059793483}, "Prey.d": {-2.74397915592018106}},
			"PolU": {"Pol.mu": {-.520387507765805189}},
			"PolV": {"Pol.mu": {-.169267309013038582}},
		}
		for _, m := range res.Module.Models {
			mc, err := interp.New(res.Module, weights)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mc.Call(m.Func, interp.Of([]float64{1, 0.5}, 2))
			if err != nil {
				t.Fatal(err)
			}
			ref := map[string]netReference{"Now": refs.Now, "Late": refs.Late}[m.Name]
			for i, w := range append(slices.Clone(ref.Y), ref.Trace) {
				if got := append(slices.Clone(out[0].Data), out[1].Data...)[i]; !(math.Abs(got-w) <= 1e-10*max(1, math.Abs(w))) {
					t.Errorf("%s: value %d is %.17g, reference %.17g", m.Name, i, got, w)
				}
			}
		}
		for _, r := range res.Module.Recipes {
			few := r.Name == "Net" || r.Name == "Later" || r.Name == "Trace" || r.Name == "LorenzX"
			if sensitivity != "backprop" && !few && (!thorough || strings.HasPrefix(r.Name, "Pol")) {
				continue
			}
			mc, err := interp.New(res.Module, weights)
			if err != nil {
				t.Fatal(err)
			}
			y := []float64{1, 0.5}
			switch r.Name {
			case "Net", "Later", "Trace", "TraceLater":
			default:
				y = []float64{1, 1}
			}
			got := map[string][]float64{}
			out, err := mc.Call(r.Grad, interp.Of(y, 2))
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range r.Trained {
				got[p.Name] = out[len(r.Objective.Results)+i].Data
			}
			if len(want[r.Name]["y"]) > 0 {
				if out, err = mc.Call(r.GradInputs, interp.Of(y, 2)); err != nil {
					t.Fatal(err)
				}
				got["y"] = out[len(r.Objective.Results)].Data
			}
			if len(want[r.Name]) == 0 {
				t.Errorf("%s has no reference", r.Name)
			}
			for name, w := range want[r.Name] {
				for i := range w {
					if d := math.Abs(got[name][i] - w[i]); !(d <= 1e-10*max(1, math.Abs(w[i]))) {
						t.Errorf("%s, %s: d/d%s[%d] = %.17g, reference %.17g", sensitivity, r.Name, name, i, got[name][i], w[i])
					}
				}
			}
		}
	}
}
