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
