package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

const (
	flowPoints = 200 // at most this many paths in a picture of the flow
	flowTimes  = 60  // points of each path
)

// drawRun draws the loss curves of a trial and, if it was trained to its end, the flow of models
// over the plane. It gives the files.
func (a *app) drawRun(s *session, t *trial, trained bool) ([]string, error) {
	var files []string
	var errs []error
	for _, r := range t.Recipes {
		plots := filepath.Join(r.RunDir, "plots")
		if err := os.MkdirAll(plots, 0o755); err != nil {
			return files, err
		}
		made, err := drawLoss(filepath.Join(r.RunDir, "metrics.jsonl"), filepath.Join(plots, "loss"), r.Recipe)
		files, errs = append(files, made...), append(errs, err)
		if recipe := recipeByName(s.res.Module, r.Recipe); trained && recipe != nil {
			made, err := drawFlow(s, t, recipe, filepath.Join(plots, "flow"))
			files, errs = append(files, made...), append(errs, err)
		}
	}
	return files, errors.Join(errs...)
}

// drawLoss draws the losses in a metrics.jsonl.
func drawLoss(metrics, path, recipe string) ([]string, error) {
	f, err := os.Open(metrics)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	train, val := picture.Series{Name: "training"}, picture.Series{Name: "validation"}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var m struct {
			Step float64  `json:"step"`
			Loss *float64 `json:"loss"`
			Val  *float64 `json:"val.loss"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s: %w", metrics, err)
		}
		for _, c := range []struct {
			to *picture.Series
			y  *float64
		}{{&train, m.Loss}, {&val, m.Val}} {
			if c.y != nil {
				c.to.X, c.to.Y = append(c.to.X, m.Step), append(c.to.Y, *c.y)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(train.X) == 0 {
		return nil, nil
	}
	series := []picture.Series{train}
	if len(val.X) > 0 {
		series = append(series, val)
	}
	return picture.Curves(path, recipe+": loss", "step", "loss", true, series...)
}

// drawFlow draws the way of test points through every solve over a state of two numbers, in models
// whose inputs the recipe's data has, coloured by the data's label.
func drawFlow(s *session, t *trial, recipe *ir.Recipe, path string) ([]string, error) {
	data := recipeData(s.res.Module, recipe)
	if data == nil {
		return nil, nil
	}
	label := slices.IndexFunc(data.Columns, func(p ir.Port) bool { return p.Classes > 0 })
	if label < 0 {
		return nil, nil
	}
	var files []string
	var columns map[string][]json.RawMessage
	var labels []int
	for _, m := range s.res.Module.Models {
		if !fedBy(m, data) {
			continue
		}
		for k, solve := range m.Solves {
			state := slices.IndexFunc(solve.States, func(x ir.SolveState) bool { return x.Type.Len() == 2 })
			if state < 0 {
				continue
			}
			if columns == nil {
				var err error
				if columns, err = dataSample(s, data.Name, flowPoints); err != nil {
					return files, err
				}
				for _, cell := range columns[data.Columns[label].Name] {
					var class int
					if err := json.Unmarshal(cell, &class); err != nil {
						return files, err
					}
					labels = append(labels, class)
				}
			}
			batch := map[string][]json.RawMessage{}
			for _, in := range m.Inputs {
				batch[in.Name] = columns[in.Name]
			}
			inline, err := json.Marshal(batch)
			if err != nil {
				return files, err
			}
			raw, err := s.ask(&rt.Request{Do: "path", Model: m.Name, Solve: k, Points: flowTimes, Batch: inline,
				Weights: filepath.Join(t.RunDir, recipe.Name, "weights.safetensors")}, nil)
			if err != nil {
				return files, err
			}
			var ways rt.PathResult
			if err := json.Unmarshal(raw, &ways); err != nil {
				return files, err
			}
			name := path
			if len(files) > 0 {
				name = fmt.Sprintf("%s-%s-%d", path, m.Name, k)
			}
			made, err := picture.Flow(name, fmt.Sprintf("%s: %s through depth", m.Name, solve.States[state].Name), nil, planePaths(&ways, state, labels))
			if err != nil {
				return files, err
			}
			files = append(files, made...)
		}
	}
	return files, nil
}

// dataSample is at most n rows of a data block, evenly spaced, since sources may be sorted by class.
func dataSample(s *session, name string, n int) (map[string][]json.RawMessage, error) {
	raw, err := s.ask(&rt.Request{Do: "data", Data: name}, nil)
	if err != nil {
		return nil, err
	}
	var columns map[string][]json.RawMessage
	if err := json.Unmarshal(raw, &columns); err != nil {
		return nil, err
	}
	for c, rows := range columns {
		if len(rows) <= n {
			continue
		}
		kept := make([]json.RawMessage, n)
		for i := range kept {
			kept[i] = rows[i*len(rows)/n]
		}
		columns[c] = kept
	}
	return columns, nil
}

// planePaths are the ways of one state of two numbers.
func planePaths(ways *rt.PathResult, state int, labels []int) []picture.Path {
	var out []picture.Path
	for row, states := range ways.X {
		p := picture.Path{Class: labels[row]}
		for k := 0; k+1 < len(states[state]); k += 2 {
			p.X, p.Y = append(p.X, states[state][k]), append(p.Y, states[state][k+1])
		}
		out = append(out, p)
	}
	return out
}

// recipeData is the test data of a recipe, or what it is trained on.
func recipeData(m *ir.Module, r *ir.Recipe) *ir.DataSet {
	for _, key := range []string{"test", "data"} {
		if set, ok := ir.FindSetting(r.Settings, key); ok {
			for _, d := range m.Data {
				if d.Name == set.Text {
					return d
				}
			}
		}
	}
	return nil
}

// fedBy reports whether the data has every input of the model.
func fedBy(m *ir.Model, d *ir.DataSet) bool {
	for _, in := range m.Inputs {
		if !slices.ContainsFunc(d.Columns, func(c ir.Port) bool { return c.Name == in.Name && c.Type.Len() == in.Type.Len() }) {
			return false
		}
	}
	return true
}
