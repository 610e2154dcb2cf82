package rt

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestOptimizersFollowPyTorch compares 50 steps with testdata/torch/optim.py.
func TestOptimizersFollowPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/torch/optim.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Start []float64
		Cases []struct {
			Name  string
			Trace [][]float64
		}
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	adam := DefaultAdam()
	adam.LR = 0.01
	adamw := DefaultAdamW()
	adamw.LR = 0.01
	rows := map[string]struct {
		opt  Optimizer
		clip Clip
	}{
		"sgd":              {opt: SGD{LR: 0.05}},
		"sgd momentum":     {opt: SGD{LR: 0.02, Momentum: 0.9, Dampening: 0.1, Decay: 0.01}},
		"sgd nesterov":     {opt: SGD{LR: 0.02, Momentum: 0.9, Nesterov: true}},
		"adam":             {opt: adam},
		"adam decay":       {opt: Adam{LR: 0.03, Beta1: 0.8, Beta2: 0.99, Eps: 1e-6, Decay: 0.1}},
		"adam beta1 small": {opt: Adam{LR: 0.01, Beta1: 0.3, Beta2: 0.4, Eps: 1e-8}},
		"adamw":            {opt: adamw},
		"rmsprop":          {opt: DefaultRMSprop()},
		"rmsprop centered": {opt: RMSprop{LR: 0.01, Alpha: 0.99, Eps: 1e-8, Decay: 0.01, Momentum: 0.5, Centered: true}},
		"lbfgs":            {opt: LBFGS{LR: 0.3, History: 10}},
		"lbfgs short":      {opt: LBFGS{LR: 0.1, History: 2}},
		"clip norm":        {adam, Clip{ClipNorm, 1}},
		"clip value":       {SGD{LR: 0.05}, Clip{ClipValue, 0.5}},
	}
	if len(rows) != len(ref.Cases) {
		t.Fatalf("%d rows, %d reference traces", len(rows), len(ref.Cases))
	}
	for _, c := range ref.Cases {
		w, g := append([]float64(nil), ref.Start...), make([]float64, len(ref.Start))
		spans := []span{{0, 2}, {2, len(w)}}
		m := newMoments[float64](rows[c.Name].opt, len(w), spans)
		for step, want := range c.Trace {
			for i := range g {
				g[i] = float64(1+i) * (w[i] - (float64((7*step+3*i)%11)/5 - 1))
			}
			clip(rows[c.Name].clip, g, spans)
			m.step(w, g, rows[c.Name].opt.Rate())
			for i := range w {
				if e := math.Abs(w[i] - want[i]); !(e <= 1e-12*max(1, math.Abs(want[i]))) {
					t.Fatalf("%s, step %d, weight %d: %v, want %v", c.Name, step, i, w[i], want[i])
				}
			}
		}
	}
}

// The rates of OneCycleLR of PyTorch, from its formulas in a few lines of Python.
func TestOneCycleFollowsPyTorch(t *testing.T) {
	for _, c := range []struct {
		cycle OneCycle
		want  []float64
	}{
		{OneCycle{Max: 0.1, Start: 0.3, Div: 25, FinalDiv: 1e4}, []float64{0.0040000000000000036, 0.052000000000000005, 0.1, 0.09504846320134738, 0.0811745653949763,
			0.06112620219362893, 0.03887419780637107, 0.0188258346050237, 0.004951936798652629, 4e-07}},
		{OneCycle{Max: 0.5, Start: 0.45, Div: 10, FinalDiv: 100}, []float64{0.05, 0.2503914781149782, 0.4946170724500836, 0.4422953937035057, 0.26552512479025525, 0.07913585668678093, 0.0005}},
	} {
		for step, want := range c.want {
			got := 0.02 * c.cycle.Factor(0.02, Progress{Step: step, Steps: len(c.want)})
			if math.Abs(got-want) > 1e-15 {
				t.Errorf("%+v, step %d: %v, want %v", c.cycle, step, got, want)
			}
		}
	}
	// Without a largest rate it is that of the optimiser; plans of any length end low and stay finite.
	for _, steps := range []int{1, 2, 3, 4, 1000} {
		for step := range steps {
			f := OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4}.Factor(0.02, Progress{Step: step, Steps: steps})
			if !(f > 0 && f <= 1) {
				t.Errorf("step %d of %d: factor %v", step, steps, f)
			}
		}
	}
}
