package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/rt"
)

const cubic = `package m

system S {
	state x, y real
	der(x) = y
	der(y) = -x*x*x + 0.25*real(t)
	EVENTS
}

solver M = SOLVER

model E(x, y real) (e [2]real) {
	end := solve(S{x: x, y: y}, over: FROM..TO, with: M)
	return [end.x, end.y]
}
`

// asOptions are the options of rt.Solve for those of a solver in the language.
func asOptions(row *method.Row) map[string]rt.SolveOptions {
	base := rt.SolveOptions{Method: row.Name}
	if row.Split != nil || row.Nystrom != nil {
		base.Positions = 1
	}
	with := func(change func(o *rt.SolveOptions)) rt.SolveOptions {
		o := base
		change(&o)
		return o
	}
	out := map[string]rt.SolveOptions{
		"steps: 23":  with(func(o *rt.SolveOptions) { o.Steps = 23 }),
		"step: 0.13": with(func(o *rt.SolveOptions) { o.Step = 0.13 }),
	}
	if row.Option("step_at") != nil {
		out["steps: 23, step_at: [0.7, 1.9]"] = with(func(o *rt.SolveOptions) { o.Steps, o.StepAt = 23, []float64{0.7, 1.9} })
		out["step: 0.13, step_at: [1.3, 1.9]"] = with(func(o *rt.SolveOptions) { o.Step, o.StepAt = 0.13, []float64{1.3, 1.9} })
	}
	switch row.Name {
	case "adams_bashforth", "adams_moulton":
		for _, order := range []int{2, 3, 7, 12} {
			out[fmt.Sprintf("steps: 31, order: %d", order)] = with(func(o *rt.SolveOptions) { o.Steps, o.Order = 31, order })
			out[fmt.Sprintf("step: 0.2, order: %d, step_at: [1.7]", order)] = with(func(o *rt.SolveOptions) { o.Step, o.Order, o.StepAt = 0.2, order, []float64{1.7} })
		}
		out["steps: 4, order: 9"] = with(func(o *rt.SolveOptions) { o.Steps, o.Order = 4, 9 })
		if row.Name == "adams_moulton" {
			out["steps: 23, corrections: 3"] = with(func(o *rt.SolveOptions) { o.Steps, o.Corrections = 23, 3 })
		}
	case "alpha":
		out["steps: 23, a: 0.75"] = with(func(o *rt.SolveOptions) { o.Steps, o.Param = 23, 0.75 })
	case "alf":
		out["steps: 23, eta: 0.875"] = with(func(o *rt.SolveOptions) { o.Steps, o.Param = 23, 0.875 })
	}
	if row.Adaptive() {
		adaptive := func(o *rt.SolveOptions) { o.RTol, o.ATol = 1e-4, 1e-5 }
		out["rtol: 1e-4, atol: 1e-5"] = with(adaptive)
		for _, c := range method.NamesOf(method.Controller) {
			out["rtol: 1e-4, atol: 1e-5, control: "+c] = with(func(o *rt.SolveOptions) { adaptive(o); o.Control = c })
		}
		out["rtol: 1e-4, atol: 1e-5, norm: max, first_step: 0.02, max_step: 0.3, control: pi{safety: 0.8, min: 0.5, max: 2}"] = with(func(o *rt.SolveOptions) {
			adaptive(o)
			o.MaxNorm, o.FirstStep, o.MaxStep = true, 0.02, 0.3
			o.Control, o.Safety, o.MinFactor, o.MaxFactor = "pi", 0.8, 0.5, 2
		})
		out["rtols: [1e-3, 1e-5], atols: [1e-5, 1e-4], min_step: 0.02"] = with(func(o *rt.SolveOptions) {
			o.RTols, o.ATols, o.MinStep = []float64{1e-3, 1e-5}, []float64{1e-5, 1e-4}, 0.02
		})
		if row.Option("step_at") != nil {
			out["rtol: 1e-4, atol: 1e-5, step_at: [0.7, 1.9], control: h312pid"] = with(func(o *rt.SolveOptions) {
				adaptive(o)
				o.StepAt, o.Control = []float64{0.7, 1.9}, "h312pid"
			})
		}
		if row.Option("compat") != nil {
			for _, c := range []string{"torchdiffeq", "torchdyn"} {
				out["rtol: 1e-4, atol: 1e-5, compat: "+c] = with(func(o *rt.SolveOptions) { adaptive(o); o.Compat = c })
			}
		}
	}
	return out
}

// TestRuntimeMethods: rt.Solve takes the steps that the interpreter takes, with every deterministic method, controller and
// option that both have, both ways in time.
func TestRuntimeMethods(t *testing.T) {
	t.Parallel()
	field := func(at float64, y, dy []float64) { dy[0], dy[1] = y[1], -y[0]*y[0]*y[0]+float64(0.25*at) }
	restart := []rt.When{{Kind: rt.Falling, Guard: func(_ float64, y []float64) float64 { return y[0] }, Reset: func(_ float64, y []float64) { y[1] = -0.5 * y[1] }}}
	for _, row := range method.Rows(method.Solver) {
		if row.Later || row.Family == method.Stochastic || row.Family == method.Shooting {
			continue
		}
		for text, o := range asOptions(row) {
			for _, events := range []bool{false, true} {
				if events && o.Compat != "" {
					continue
				}
				from, to, rule := 0.0, 2.6, ""
				if len(text)%2 == 0 {
					from, to = to, from
				}
				if o.Events = nil; events {
					o.Events, rule = restart, "when falling(x) { y = -0.5*y }"
				}
				what := fmt.Sprintf("%s{%s} from %g to %g, events %t", row.Name, text, from, to, events)
				program := strings.NewReplacer("SOLVER", row.Name+"{"+text+"}", "FROM", fmt.Sprint(from), "TO", fmt.Sprint(to), "EVENTS", rule).Replace(cubic)
				res, ds := driver.Compile(map[string]string{"m.nde": program}, driver.Options{Precision: "f64", Until: "opt"})
				if ds.HasErrors() {
					t.Fatalf("%s: %v", what, ds)
				}
				mc, err := interp.New(res.Module, nil)
				if err != nil {
					t.Fatal(err)
				}
				out, err := mc.Call(res.Module.Models[0].Func, interp.Of([]float64{1}), interp.Of([]float64{0.5}))
				if err != nil || len(mc.Failed) > 0 {
					t.Fatalf("%s: %v, %v", what, err, mc.Failed)
				}
				var steps []interp.Step
				for _, runs := range mc.Taken {
					steps = runs[0]
				}
				s, err := rt.Start(field, []float64{1, 0.5}, from, to, o)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				tol := 0.0 // steps of given length have the same bits
				if row.Adaptive() && o.Steps == 0 && o.Step == 0 {
					tol = 1e-6 // roots are rounded otherwise, and errors far below the tolerance are differences of nearly equal numbers
				}
				if row.Name == "alpha" {
					tol = 1e-15 // its weights are made of a rounded a
				}
				near := func(k int, thing string, a, b float64) {
					if !(math.Abs(a-b) <= tol*max(1, math.Abs(b))) {
						t.Fatalf("%s, step %d: %s is %v, of the interpreter %v", what, k, thing, a, b)
					}
				}
				for k, st := range steps {
					near(k, "time", s.Time(), st.T)
					for i, y := range s.State() {
						near(k, "state", y, st.Y[i].Data[0])
					}
					if !s.Step() {
						t.Fatalf("%s: %d steps of %d: %v", what, k, len(steps), s.Err())
					}
				}
				stats := s.Stats()
				if !s.Ended() || s.Err() != nil || stats.Accepted != len(steps) {
					t.Errorf("%s: %+v after %d steps", what, stats, len(steps))
				}
				for i, y := range s.State() {
					near(len(steps), "end", y, out[0].Data[i])
				}
				for i, got := range []int{stats.NFE, stats.Accepted, stats.Rejected} {
					if want := int(out[1+i].Data[0]); got != want {
						t.Errorf("%s: statistic %d is %d, of the interpreter %d", what, i, got, want)
					}
				}
			}
		}
	}
}
