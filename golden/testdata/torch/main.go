// Command main trains and evaluates the emitted package torch.
package main

import (
	"context"
	"encoding/json"
	"os"

	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/torch"
)

// losses collects the loss of each step.
type losses struct{ of []float64 }

func (l *losses) OnStep(i *rt.StepInfo) { l.of = append(l.of, i.Loss) }
func (l *losses) OnEpoch(*rt.StepInfo)  {}
func (l *losses) OnEval(*rt.EvalInfo)   {}
func (l *losses) OnEnd(*rt.TrainResult) {}

// Fit is what a recipe did.
type Fit struct {
	Losses  []float64 `json:"losses"`
	Weights []float64 `json:"weights"`
}

func main() {
	var in struct {
		Folder, Start string
		Points        []float64
	}
	check(json.NewDecoder(os.Stdin).Decode(&in))
	p := torch.Program()
	ctx := context.Background()
	start := make([]torch.Real, rt.LayoutLen(p.Layout))
	check(rt.LoadFile(in.Start, start, p.Layout))
	out := struct {
		Models map[string][]float64 `json:"models"`
		Fits   map[string]Fit       `json:"fits"`
	}{map[string][]float64{}, map[string]Fit{}}
	for _, m := range p.Models {
		x := rt.NewTable(m.Inputs, len(in.Points)/2)
		copy(x.Columns[0].Data, in.Points)
		y := rt.NewTable(m.Outputs, x.Rows)
		var stats rt.BatchStats
		check(m.Batch(ctx, start, x, y, &stats, 0))
		out.Models[m.Name] = y.Columns[0].Data
	}
	for _, r := range p.Recipes {
		w := make([]torch.Real, len(start))
		tables, err := rt.LoadTables(in.Folder, &r.Recipe, p.Data, p.Layout)
		check(err)
		var l losses
		_, err = rt.Train(ctx, w, p.Layout, &r.Recipe, &r.Objective, tables, rt.TrainOptions{Events: &l, InitWeights: in.Start})
		check(err)
		out.Fits[r.Recipe.Name] = Fit{l.of, rt.Convert[float64](w)}
	}
	check(json.NewEncoder(os.Stdout).Encode(out))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
